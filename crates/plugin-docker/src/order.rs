//! Looks at an order before the engine does: what cannot be done is refused with a reason.

use shipway_domain::spec::{self, DockerBuild};
use shipway_plugin::{BuildError, BuildOrder};

use crate::facts::{Facts, Store};

/// First API version whose inspect lists the manifests of an index (Docker Engine 28).
const MANIFESTS_API: (u32, u32) = (1, 48);

/// The settings of a Docker build, when the order is one.
pub(crate) fn settings(order: &BuildOrder) -> Result<&DockerBuild, BuildError> {
    let spec::Builder::Docker(settings) = &order.settings.builder else {
        return Err(invalid(format!(
            "the order is for the {} builder, this is docker",
            order.settings.builder_name()
        )));
    };
    if host(&order.image).is_none_or(|host| !order.image.chars().all(is_name) || host.is_empty()) {
        return Err(invalid(format!(
            "{:?} is no image name: it must be a registry host, '/', and a repository",
            order.image
        )));
    }
    if order.tags.is_empty() {
        return Err(invalid("there is no tag to push".to_owned()));
    }
    if let Some(tag) = order.tags.iter().find(|tag| !is_tag(tag)) {
        return Err(invalid(format!(
            "{tag:?} is no tag: it must be 1 to 128 letters, digits, '_', '.' and '-', starting with none of the last two"
        )));
    }
    Ok(settings)
}

/// Whether the engine can build for all the platforms in one go (build-facts 2).
pub(crate) fn check_platforms(order: &BuildOrder, facts: &Facts) -> Result<(), BuildError> {
    if order.platforms.len() < 2 {
        return Ok(());
    }
    let wanted = order.platforms.join(", ");
    if facts.store == Store::Classic {
        return Err(invalid(format!(
            "{wanted} in one image needs an engine with the containerd image store; this one (Docker Engine {}) builds for one platform at a time",
            facts.version
        )));
    }
    if facts.api < MANIFESTS_API {
        return Err(invalid(format!(
            "{wanted} in one image needs Docker Engine 28 or newer; this is {}",
            facts.version
        )));
    }
    Ok(())
}

/// The registry host of an image name, with its port.
pub(crate) fn host(image: &str) -> Option<&str> {
    image.split_once('/').map(|(host, _)| host)
}

/// Whether a registry is on this machine: the only kind that may speak plain http.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.starts_with("localhost:")
        || host.starts_with("127.")
        || host.starts_with("[::1]")
}

fn is_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || "./:_-[]".contains(c)
}

fn is_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

const fn invalid(why: String) -> BuildError {
    BuildError::Invalid(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::order;

    fn refusal(change: impl FnOnce(&mut BuildOrder)) -> String {
        let mut order = order();
        change(&mut order);
        settings(&order).unwrap_err().to_string()
    }

    #[test]
    fn a_good_order_passes() {
        assert!(settings(&order()).is_ok());
    }

    #[test]
    fn a_bad_name_or_tag_is_refused_with_the_rule() {
        assert!(refusal(|o| o.image = "app".to_owned()).contains("registry host"));
        assert!(refusal(|o| o.image = "host/App name".to_owned()).contains("registry host"));
        assert!(refusal(|o| o.tags.clear()).contains("no tag"));
        assert!(refusal(|o| o.tags.push("a b".to_owned())).contains("\"a b\" is no tag"));
    }

    #[test]
    fn an_order_for_another_builder_is_refused() {
        let text = refusal(|o| {
            o.settings.builder = spec::Builder::Layers(spec::LayersBuild::default());
        });
        assert!(text.contains("for the layers builder"), "{text}");
    }

    #[test]
    fn several_platforms_need_the_containerd_store_and_a_new_engine() {
        let mut facts = Facts {
            version: "20.10.24".to_owned(),
            api: (1, 41),
            store: Store::Classic,
            driver: "overlay2".to_owned(),
        };
        let mut order = order();
        assert!(check_platforms(&order, &facts).is_ok());
        order.platforms = vec!["linux/amd64".to_owned(), "linux/arm64".to_owned()];
        let text = check_platforms(&order, &facts).unwrap_err().to_string();
        assert!(text.contains("linux/amd64, linux/arm64"), "{text}");
        facts.store = Store::Containerd;
        assert!(check_platforms(&order, &facts).is_err());
        facts.api = (1, 48);
        assert!(check_platforms(&order, &facts).is_ok());
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        assert!(is_loopback("127.0.0.1:5000") && is_loopback("localhost:5000"));
        assert!(!is_loopback("123456789012.dkr.ecr.eu-west-1.amazonaws.com"));
        assert!(!is_loopback("localhost.example.org"));
    }
}
