//! The loopback ports of the image registries: opened under the world's lock, served by a task.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use tokio::sync::Notify;

use crate::world::World;

/// Registries that listen, and those that wait for their server.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    /// Account and region of each open registry.
    open: BTreeSet<(String, String)>,
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
        if !self.sockets.open.contains(&key) {
            let wanted = self.region(account, region).registry_port.unwrap_or(0);
            let listener = bind(wanted).or_else(|_| bind(0))?;
            listener.set_nonblocking(true)?;
            self.region(account, region).registry_port = Some(listener.local_addr()?.port());
            self.sockets.fresh.push(Opened {
                account: key.0.clone(),
                region: key.1.clone(),
                listener,
            });
            self.sockets.open.insert(key);
            self.sockets.opened.notify_one();
        }
        let port = self.region(account, region).registry_port.unwrap_or(0);
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
