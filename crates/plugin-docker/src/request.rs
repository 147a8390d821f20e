//! An order in BuildKit's words: frontend attributes, exporter, cache.

use std::collections::HashMap;

use bollard_buildkit_proto::moby::buildkit::v1::{CacheOptions, CacheOptionsEntry, SolveRequest};
use serde_json::json;
use shipway_domain::spec::DockerBuild;
use shipway_plugin::BuildOrder;

use crate::session::Session;

/// Build argument by which BuildKit fixes the times in an image.
const EPOCH: &str = "SOURCE_DATE_EPOCH";
/// Build argument that asks for the cache to be written into the image. The engine's own client
/// turns it into a cache export, so we do too.
const INLINE_CACHE: &str = "BUILDKIT_INLINE_CACHE";

/// What becomes of the result: an exporter and its attributes.
pub(crate) struct Export {
    pub(crate) exporter: &'static str,
    pub(crate) attrs: HashMap<String, String>,
}

/// The request for one solve; `id` names the solve and its session.
pub(crate) fn solve(
    order: &BuildOrder,
    settings: &DockerBuild,
    id: &str,
    export: Export,
) -> SolveRequest {
    SolveRequest {
        r#ref: id.to_owned(),
        session: id.to_owned(),
        frontend: "dockerfile.v0".to_owned(),
        frontend_attrs: frontend_attrs(order, settings, id),
        // The older fields: 20.10 knows no others, and every engine reads them.
        exporter_deprecated: export.exporter.to_owned(),
        exporter_attrs_deprecated: export.attrs,
        cache: Some(CacheOptions {
            exports: inline_cache(settings),
            ..CacheOptions::default()
        }),
        ..SolveRequest::default()
    }
}

/// The Dockerfile of the settings, or the usual one.
pub(crate) fn dockerfile(settings: &DockerBuild) -> &str {
    if settings.dockerfile.is_empty() {
        "Dockerfile"
    } else {
        &settings.dockerfile
    }
}

fn frontend_attrs(order: &BuildOrder, settings: &DockerBuild, id: &str) -> HashMap<String, String> {
    let mut attrs = HashMap::new();
    let mut set = |key: &str, value: &str| attrs.insert(key.to_owned(), value.to_owned());
    set("context", &Session::context_url(id));
    set("filename", dockerfile(settings));
    if let Some(target) = &settings.target {
        set("target", target);
    }
    if !order.platforms.is_empty() {
        set("platform", &order.platforms.join(","));
    }
    for (key, value) in &order.labels {
        set(&format!("label:{key}"), value);
    }
    set(
        &format!("build-arg:{EPOCH}"),
        &order.source_date_epoch.to_string(),
    );
    for (key, value) in &settings.args {
        set(&format!("build-arg:{key}"), value);
    }
    // Base images are asked for at their registry each time. Otherwise an engine would use what
    // another job has pulled, without asking whether this one may (build-facts 3, "Context").
    set("image-resolve-mode", "pull");
    if !settings.cache.enabled {
        set("no-cache", "");
    } else if !settings.cache.from.is_empty() {
        // As attribute of the frontend: the field of the request that looks right is ignored
        // (build-facts 3, "Cache").
        let imports: Vec<_> = settings
            .cache
            .from
            .iter()
            .map(|image| json!({"Type": "registry", "Attrs": {"ref": image}}))
            .collect();
        set("cache-imports", &json!(imports).to_string());
    }
    attrs
}

/// Whoever imports a cache leaves one for the next build.
fn inline_cache(settings: &DockerBuild) -> Vec<CacheOptionsEntry> {
    let asked = settings
        .args
        .iter()
        .any(|(key, value)| key == INLINE_CACHE && (value == "1" || value == "true"));
    if asked || (settings.cache.enabled && !settings.cache.from.is_empty()) {
        vec![CacheOptionsEntry {
            r#type: "inline".to_owned(),
            attrs: HashMap::new(),
        }]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use async_trait::async_trait;
    use shipway_domain::spec::{BuildCache, BuildSettings, Builder};
    use shipway_plugin::{ErrorKind, Login, LoginSource, PlatformError};

    use super::*;

    struct NoLogin;

    #[async_trait]
    impl LoginSource for NoLogin {
        async fn login(&self) -> Result<Login, PlatformError> {
            Err(PlatformError::new("login", ErrorKind::Denied, "no"))
        }
    }

    /// A small order.
    pub(crate) fn order() -> BuildOrder {
        BuildOrder {
            trace_parent: String::new(),
            context: PathBuf::from("/nowhere"),
            settings: BuildSettings {
                builder: Builder::Docker(DockerBuild::default()),
                platforms: Vec::new(),
                secrets: Vec::new(),
            },
            platforms: vec!["linux/amd64".to_owned()],
            image: "127.0.0.1:5000/app".to_owned(),
            tags: vec!["r-1".to_owned()],
            labels: vec![(
                "org.opencontainers.image.revision".to_owned(),
                "abc".to_owned(),
            )],
            source_date_epoch: 1_700_000_000,
            secrets: Vec::new(),
            login: Arc::new(NoLogin),
        }
    }

    fn attrs(settings: &DockerBuild) -> HashMap<String, String> {
        frontend_attrs(&order(), settings, "id")
    }

    #[test]
    fn an_order_becomes_attributes_of_the_frontend() {
        let attrs = attrs(&DockerBuild {
            dockerfile: "deploy/Dockerfile".to_owned(),
            target: Some("final".to_owned()),
            args: vec![("VERSION".to_owned(), "1".to_owned())],
            cache: BuildCache::default(),
        });
        assert_eq!(attrs["context"], "http://buildkit-session/id");
        assert_eq!(attrs["filename"], "deploy/Dockerfile");
        assert_eq!(attrs["target"], "final");
        assert_eq!(attrs["platform"], "linux/amd64");
        assert_eq!(attrs["build-arg:VERSION"], "1");
        assert_eq!(attrs["build-arg:SOURCE_DATE_EPOCH"], "1700000000");
        assert_eq!(attrs["label:org.opencontainers.image.revision"], "abc");
        assert!(!attrs.contains_key("no-cache"));
    }

    #[test]
    fn an_own_epoch_wins_and_the_dockerfile_has_a_usual_name() {
        let attrs = attrs(&DockerBuild {
            args: vec![(EPOCH.to_owned(), "0".to_owned())],
            ..DockerBuild::default()
        });
        assert_eq!(attrs["build-arg:SOURCE_DATE_EPOCH"], "0");
        assert_eq!(attrs["filename"], "Dockerfile");
    }

    #[test]
    fn a_build_without_cache_imports_none() {
        let settings = DockerBuild {
            cache: BuildCache {
                enabled: false,
                from: vec!["host/app:cache".to_owned()],
            },
            ..DockerBuild::default()
        };
        let attrs = attrs(&settings);
        assert!(attrs.contains_key("no-cache") && !attrs.contains_key("cache-imports"));
        assert!(inline_cache(&settings).is_empty());
    }

    #[test]
    fn who_imports_a_cache_leaves_one() {
        let settings = DockerBuild {
            cache: BuildCache {
                enabled: true,
                from: vec!["host/app:cache".to_owned()],
            },
            ..DockerBuild::default()
        };
        let imports: serde_json::Value =
            serde_json::from_str(&attrs(&settings)["cache-imports"]).unwrap();
        assert_eq!(imports[0]["Attrs"]["ref"], "host/app:cache");
        assert_eq!(inline_cache(&settings)[0].r#type, "inline");
    }
}
