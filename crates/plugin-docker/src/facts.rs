//! What an engine says of itself: version and image store (build-facts 2).

use std::fmt;

use http::Method;
use serde_json::Value;

use crate::engine::{Engine, EngineError};

/// Where an engine keeps its images; it decides how a push works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// Docker's own. BuildKit cannot push from it, and knows the digest of the config only.
    Classic,
    /// containerd's, the default of fresh installs from 29 on.
    Containerd,
}

/// An engine, as far as builds care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) version: String,
    /// Newest API version it speaks, as (major, minor).
    pub(crate) api: (u32, u32),
    pub(crate) store: Store,
    pub(crate) driver: String,
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = match self.store {
            Store::Classic => "classic image store",
            Store::Containerd => "containerd image store",
        };
        write!(
            f,
            "Docker Engine {}, BuildKit, {store} ({})",
            self.version, self.driver
        )
    }
}

impl Engine {
    /// Asks the engine for its facts.
    pub(crate) async fn facts(&self) -> Result<Facts, EngineError> {
        let ping = self.call(Method::GET, "/_ping", None).await?;
        let api = ping.headers.get("Api-Version");
        let api = api.and_then(|value| parse_api(value.to_str().ok()?));
        let info = self.call(Method::GET, "/info", None).await?;
        let info = serde_json::from_slice(&info.body).map_err(|error| EngineError::BrokeOff {
            call: "GET /info".to_owned(),
            source: error.into(),
        })?;
        Ok(read_info(&info, api.unwrap_or((1, 0))))
    }
}

fn parse_api(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn read_info(info: &Value, api: (u32, u32)) -> Facts {
    let text = |key: &str| info[key].as_str().unwrap_or("unknown").to_owned();
    let snapshotter = info["DriverStatus"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|pair| pair[0] == "driver-type" && pair[1] == "io.containerd.snapshotter.v1");
    Facts {
        version: text("ServerVersion"),
        api,
        store: if snapshotter {
            Store::Containerd
        } else {
            Store::Classic
        },
        driver: text("Driver"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_stores_are_told_apart_by_the_driver_status() {
        let classic = json!({"ServerVersion": "20.10.24", "Driver": "overlay2",
            "DriverStatus": [["Backing Filesystem", "extfs"]]});
        let facts = read_info(&classic, (1, 41));
        assert_eq!(
            facts.to_string(),
            "Docker Engine 20.10.24, BuildKit, classic image store (overlay2)"
        );
        let containerd = json!({"ServerVersion": "29.0.0", "Driver": "overlayfs",
            "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]});
        assert_eq!(read_info(&containerd, (1, 52)).store, Store::Containerd);
        assert_eq!(read_info(&json!({}), (1, 0)).store, Store::Classic);
    }

    #[test]
    fn api_versions_are_numbers() {
        assert_eq!(parse_api("1.41"), Some((1, 41)));
        assert_eq!(parse_api("new"), None);
    }
}
