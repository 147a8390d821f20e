//! Where an image goes.

use shipway_domain::ids::{AccountId, Region, RepositoryName};
use shipway_domain::spec::{ImageSettings, ImageTag, RepositorySettings, TagMutability};

use crate::error::{ConversionError, Problem};
use crate::fields::{name, optional};
use crate::v1;

impl From<&ImageSettings> for v1::ImageSettings {
    fn from(image: &ImageSettings) -> Self {
        let tag = |ImageTag { tag, moving }: &ImageTag| v1::ImageTag {
            tag: tag.clone(),
            moving: *moving,
        };
        Self {
            account: image.account.as_str().to_owned(),
            region: image.region.as_str().to_owned(),
            repository: image.repository.as_str().to_owned(),
            tags: image.tags.iter().map(tag).collect(),
            create: image.create.as_ref().map(Into::into),
            set_policy: image.set_policy,
        }
    }
}

impl TryFrom<v1::ImageSettings> for ImageSettings {
    type Error = ConversionError;

    fn try_from(message: v1::ImageSettings) -> Result<Self, ConversionError> {
        let tag = |v1::ImageTag { tag, moving }| ImageTag { tag, moving };
        Ok(Self {
            account: name("account", message.account, AccountId::new)?,
            region: name("region", message.region, Region::new)?,
            repository: name("repository", message.repository, RepositoryName::new)?,
            tags: message.tags.into_iter().map(tag).collect(),
            create: optional("create", message.create)?,
            set_policy: message.set_policy,
        })
    }
}

impl From<&RepositorySettings> for v1::RepositorySettings {
    fn from(settings: &RepositorySettings) -> Self {
        let (immutable, mutable_tags) = match &settings.mutability {
            TagMutability::Mutable => (false, Vec::new()),
            TagMutability::Immutable { except } => (true, except.clone()),
        };
        Self {
            scan_on_push: settings.scan_on_push,
            immutable,
            mutable_tags,
            keep_last: settings.keep_last,
        }
    }
}

impl TryFrom<v1::RepositorySettings> for RepositorySettings {
    type Error = ConversionError;

    fn try_from(message: v1::RepositorySettings) -> Result<Self, ConversionError> {
        let mutability = if message.immutable {
            TagMutability::Immutable {
                except: message.mutable_tags,
            }
        } else if message.mutable_tags.is_empty() {
            TagMutability::Mutable
        } else {
            let problem = Problem::Contradiction("must be empty unless immutable is set");
            return Err(ConversionError::field("mutable_tags", problem));
        };
        Ok(Self {
            scan_on_push: message.scan_on_push,
            mutability,
            keep_last: message.keep_last,
        })
    }
}
