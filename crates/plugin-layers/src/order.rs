//! Reads a build order and refuses what cannot be carried out, before anything is done.

use oci_client::Reference;
use shipway_domain::spec::{self, LayersBuild};
use shipway_plugin::BuildOrder;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::copy::Copy;
use crate::platform::Platform;

/// An order, checked.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) build: LayersBuild,
    pub(crate) base: Option<Reference>,
    pub(crate) copies: Vec<Copy>,
    /// At least one, none twice.
    pub(crate) platforms: Vec<Platform>,
    /// Registry host with port.
    pub(crate) host: String,
    pub(crate) repository: String,
    /// At least one.
    pub(crate) tags: Vec<String>,
    /// Of the order; they go on top of the build's.
    pub(crate) labels: Vec<(String, String)>,
    /// Time that goes into the image, as RFC 3339.
    pub(crate) created: String,
}

impl Plan {
    /// Checks the order; the error is a sentence for people.
    pub(crate) fn new(order: &BuildOrder) -> Result<Self, String> {
        let spec::Builder::Layers(build) = &order.settings.builder else {
            return Err("the layers builder got a build for another builder".to_owned());
        };
        if !order.secrets.is_empty() || !order.settings.secrets.is_empty() {
            return Err(
                "the layers builder runs no steps that could read a secret; \
                        use the docker builder or leave the secrets away"
                    .to_owned(),
            );
        }
        let base = build.base.as_deref().map(reference).transpose()?;
        let copies: Result<Vec<_>, _> = build
            .files
            .iter()
            .map(|files| Copy::new(files, base.is_some()))
            .collect();
        let copies = copies?;
        if copies.is_empty() && base.is_none() {
            return Err("an image from scratch needs at least one entry in files".to_owned());
        }
        let target = reference(&order.image)?;
        let (_, name) = order.image.rsplit_once('/').unwrap_or_default();
        if name.contains([':', '@']) {
            return Err(format!(
                "{:?} must be a repository, without a tag",
                order.image
            ));
        }
        if order.tags.is_empty() {
            return Err("the image needs at least one tag".to_owned());
        }
        for tag in &order.tags {
            check_tag(tag)?;
        }
        for port in &build.ports {
            check_port(port)?;
        }
        for (name, _) in &build.env {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(format!("{name:?} is no name of an environment variable"));
            }
        }
        Ok(Self {
            base,
            copies,
            platforms: platforms(&order.platforms)?,
            host: target.registry().to_owned(),
            repository: target.repository().to_owned(),
            tags: order.tags.clone(),
            labels: order.labels.clone(),
            created: rfc3339(order.source_date_epoch)?,
            build: build.clone(),
        })
    }

    /// The image under a tag. A digest passes for a tag too: it ends up in the same place of the
    /// URL, and the client panics on a manifest pushed by digest when the registry names no
    /// location, as ECR does (build-facts 8).
    pub(crate) fn at(&self, tag: &str) -> Reference {
        Reference::with_tag(self.host.clone(), self.repository.clone(), tag.to_owned())
    }
}

fn reference(text: &str) -> Result<Reference, String> {
    Reference::try_from(text).map_err(|error| {
        format!("{text:?} is no image name ({error}); it should look like host/repository:tag")
    })
}

fn platforms(texts: &[String]) -> Result<Vec<Platform>, String> {
    let mut platforms: Vec<Platform> = Vec::new();
    for text in texts {
        let platform: Platform = text.parse()?;
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    if platforms.is_empty() {
        return Err("the image needs a platform, such as linux/amd64".to_owned());
    }
    Ok(platforms)
}

fn check_tag(tag: &str) -> Result<(), String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if (1..=128).contains(&tag.len())
        && tag.starts_with(word)
        && tag.chars().all(|c| word(c) || c == '.' || c == '-')
    {
        return Ok(());
    }
    Err(format!(
        "{tag:?} is no tag; it must be 1 to 128 letters, digits, '_', '.' and '-', and not start with the last two"
    ))
}

fn check_port(port: &str) -> Result<(), String> {
    let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let known = ["tcp", "udp", "sctp"].contains(&protocol);
    if known && number.parse::<u16>().is_ok_and(|number| number > 0) {
        return Ok(());
    }
    Err(format!("{port:?} is no port; it should look like 8080/tcp"))
}

fn rfc3339(epoch: u64) -> Result<String, String> {
    let time = i64::try_from(epoch).ok().and_then(|seconds| {
        let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        time.format(&Rfc3339).ok()
    });
    time.ok_or_else(|| format!("{epoch} is too late a time for an image"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_ports_and_times_are_checked() {
        for tag in ["v1", "_x", "1.0-rc.1", "prod-latest"] {
            check_tag(tag).unwrap();
        }
        for tag in ["", "-x", ".x", "a b", "a/b", "a:b", &"x".repeat(129)] {
            check_tag(tag).unwrap_err();
        }
        for port in ["80", "8080/tcp", "53/udp"] {
            check_port(port).unwrap();
        }
        for port in ["", "0", "http", "65536", "80/http", "80-90"] {
            check_port(port).unwrap_err();
        }
        assert_eq!(rfc3339(1_700_000_000).unwrap(), "2023-11-14T22:13:20Z");
        rfc3339(u64::MAX).unwrap_err();
    }
}
