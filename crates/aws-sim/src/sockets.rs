//! The loopback ports of the image registries: opened under the world's lock, served by a task.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use tokio::sync::Notify;

use crate::world::World;

/// Registries that listen, and those that wait for their server.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    /// Ports by account and region. A registry has a second one when a world was loaded that knew it by another.
    open: BTreeMap<(String, String), Vec<u16>>,
    /// Opened and not yet served.
    fresh: Vec<Opened>,
    /// Wakes the task that serves.
    pub(crate) opened: Arc<Notify>,
}

/// A registry that listens (clients may connect already) but is not served yet.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Account id.
    pub(crate) account: String,
    /// Region name.
    pub(crate) region: String,
    /// Bound and non-blocking.
    pub(crate) listener: TcpListener,
}

impl Sockets {
    /// Hands over what was opened since the last time.
    pub(crate) fn take_fresh(&mut self) -> Vec<Opened> {
        std::mem::take(&mut self.fresh)
    }
}

impl World {
    /// `host:port` of the registry of an account and region, opened at first use on the port it
    /// had before, if that is free.
    ///
    /// # Errors
    /// When no loopback port can be bound.
    pub(crate) fn registry(&mut self, account: &str, region: &str) -> std::io::Result<String> {
        let key = (account.to_owned(), region.to_owned());
        let wanted = self.region(account, region).registry_port;
        let open = self.sockets.open.entry(key.clone()).or_default();
        let port = match (wanted, open.first()) {
            (Some(wanted), _) if open.contains(&wanted) => wanted,
            (None, Some(first)) => *first,
            (wanted, first) => match (bind(wanted.unwrap_or(0)), first) {
                (Err(_), Some(first)) => *first,
                (bound, _) => {
                    let listener = bound.or_else(|_| bind(0))?;
                    listener.set_nonblocking(true)?;
                    let port = listener.local_addr()?.port();
                    open.push(port);
                    self.sockets.fresh.push(Opened {
                        account: key.0,
                        region: key.1,
                        listener,
                    });
                    self.sockets.opened.notify_one();
                    port
                }
            },
        };
        self.region(account, region).registry_port = Some(port);
        Ok(format!("{}:{port}", Ipv4Addr::LOCALHOST))
    }

    /// Opens again every registry of a loaded world.
    ///
    /// # Errors
    /// When no loopback port can be bound.
    pub(crate) fn reopen_registries(&mut self) -> std::io::Result<()> {
        let mut known = Vec::new();
        for (account, state) in &self.accounts {
            for (region, state) in &state.regions {
                if state.registry_port.is_some() {
                    known.push((account.clone(), region.clone()));
                }
            }
        }
        for (account, region) in known {
            self.registry(&account, &region)?;
        }
        Ok(())
    }
}

fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}
