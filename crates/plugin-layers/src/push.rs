//! Pushes images: first what they are made of, then manifests, then tags; proven at the end.

use oci_client::Reference;
use shipway_context::HumanBytes;
use shipway_domain::ids::Digest;
use shipway_plugin::{BuildProgress, Built, LogStream};

use crate::base::Base;
use crate::fault::Fault;
use crate::image::{Image, index};
use crate::layer::Layer;
use crate::model::{Descriptor, OCI_INDEX, OCI_MANIFEST};
use crate::order::Plan;
use crate::session::Session;

/// A push under way.
pub(crate) struct Push<'a> {
    pub(crate) session: &'a Session,
    pub(crate) plan: &'a Plan,
    pub(crate) progress: &'a dyn BuildProgress,
    /// Repository that is pushed to; its tag is of no account.
    pub(crate) at: Reference,
    /// Layers seen so far, those there already, and bytes sent.
    pub(crate) stages: u32,
    pub(crate) cached: u32,
    pub(crate) bytes: u64,
}

impl Push<'_> {
    /// Pushes all and proves it. What is there already is not sent again.
    pub(crate) async fn run(mut self, images: &[Image], layers: &[Layer]) -> Result<Built, Fault> {
        let broken = |error| Fault::Refused(format!("the manifest cannot be written: {error}"));
        let (top, media_type) = match images {
            [one] => (one.manifest.clone(), OCI_MANIFEST),
            several => (index(several).map_err(broken)?, OCI_INDEX),
        };
        let digest = Digest::of(&top);
        self.check_content_tag(&digest).await?;
        for base in images.iter().filter_map(|image| image.base.as_ref()) {
            self.base_layers(base).await?;
        }
        for layer in layers {
            self.layer(layer).await?;
        }
        for image in images {
            self.config(image).await?;
        }
        if images.len() > 1 {
            for image in images {
                let Descriptor { digest, .. } = &image.descriptor;
                self.manifest(digest, digest, &image.manifest, OCI_MANIFEST)
                    .await?;
            }
        }
        for tag in &self.plan.tags {
            self.manifest(tag, digest.as_str(), &top, media_type)
                .await?;
        }
        self.prove(&digest).await?;
        let manifests: Result<Vec<_>, _> = match images {
            [_] => Ok(Vec::new()),
            several => several
                .iter()
                .map(|i| Digest::new(&i.descriptor.digest))
                .collect(),
        };
        Ok(Built {
            digest,
            manifests: manifests.map_err(|bad| Fault::Refused(bad.to_string()))?,
            stages: self.stages,
            cached: self.cached,
            bytes_pushed: self.bytes,
        })
    }

    /// The first tag names the content: it may be there, but only with this very content.
    async fn check_content_tag(&self, digest: &Digest) -> Result<(), Fault> {
        let Some(tag) = self.plan.tags.first() else {
            return Ok(());
        };
        match self.session.manifest_digest(&self.plan.at(tag)).await? {
            Some(other) if other != digest.as_str() => Err(Fault::Refused(format!(
                "the tag {tag} already names {other}, not {digest}, and a tag that names content is never moved; \
                 did the base image change?"
            ))),
            _ => Ok(()),
        }
    }

    async fn base_layers(&mut self, base: &Base) -> Result<(), Fault> {
        let count = base.layers.len();
        for (number, layer) in base.layers.iter().enumerate() {
            let name = format!("base layer {} of {count}", number + 1);
            let Descriptor { digest, size, .. } = layer;
            let how = if self.session.has_blob(&self.at, digest).await? {
                How::There
            } else if self
                .session
                .mount(&self.at, &base.reference, digest)
                .await?
            {
                How::Mounted
            } else {
                self.session
                    .carry(&self.at, &base.reference, digest, *size)
                    .await?;
                How::Pushed
            };
            self.note(&name, *size, how);
        }
        Ok(())
    }

    async fn layer(&mut self, layer: &Layer) -> Result<(), Fault> {
        let (digest, size) = (layer.sums.digest.as_str(), layer.sums.bytes);
        let how = if self.session.has_blob(&self.at, digest).await? {
            How::There
        } else {
            self.session
                .upload_file(&self.at, digest, size, &layer.file)
                .await?;
            How::Pushed
        };
        self.note(&layer.name, size, how);
        Ok(())
    }

    async fn config(&mut self, image: &Image) -> Result<(), Fault> {
        let digest = &image.config_digest;
        if !self.session.has_blob(&self.at, digest).await? {
            self.session.upload(&self.at, digest, &image.config).await?;
            self.bytes += image.config.len() as u64;
        }
        Ok(())
    }

    /// Puts a manifest under a tag (or under its digest), unless it is there.
    async fn manifest(
        &mut self,
        tag: &str,
        digest: &str,
        bytes: &[u8],
        media_type: &'static str,
    ) -> Result<(), Fault> {
        let at = self.plan.at(tag);
        if self.session.manifest_digest(&at).await?.as_deref() == Some(digest) {
            self.say(&format!("{tag} is there already"));
            return Ok(());
        }
        self.session.put_manifest(&at, bytes, media_type).await?;
        self.bytes += bytes.len() as u64;
        self.say(&format!("{tag} pushed"));
        Ok(())
    }

    /// Asks the registry for what was pushed, by digest and by each tag.
    async fn prove(&self, digest: &Digest) -> Result<(), Fault> {
        let tags = self.plan.tags.iter().map(String::as_str);
        for name in std::iter::once(digest.as_str()).chain(tags) {
            let seen = self.session.manifest_digest(&self.plan.at(name)).await?;
            if seen.as_deref() != Some(digest.as_str()) {
                let seen = seen.unwrap_or_else(|| "nothing".to_owned());
                return Err(Fault::Refused(format!(
                    "the registry took {digest}, but has {seen} under {name}"
                )));
            }
        }
        Ok(())
    }

    fn note(&mut self, name: &str, size: u64, how: How) {
        self.stages += 1;
        let cached = how != How::Pushed;
        if cached {
            self.cached += 1;
        } else {
            self.bytes += size;
        }
        self.progress.stage(name, cached, true);
        self.say(&format!("{name}: {}, {}", HumanBytes(size), how.word()));
    }

    fn say(&self, line: &str) {
        self.progress.line(LogStream::Builder, line);
    }
}

/// How a layer came into the repository.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    There,
    Mounted,
    Pushed,
}

impl How {
    const fn word(self) -> &'static str {
        match self {
            Self::There => "there already",
            Self::Mounted => "mounted from the base's repository",
            Self::Pushed => "pushed",
        }
    }
}
