//! Where the image goes.

use shipway_domain::document::Pointer;
use shipway_domain::ids::{AppName, Region, RepositoryName};
use shipway_domain::spec::{ImageSettings, RepositorySettings, TagMutability};
use shipway_domain::tags::is_wildcard;

use super::Resolver;
use crate::file::{CreateFile, Mutability};

impl Resolver<'_> {
    pub(super) fn image(&mut self) -> Option<ImageSettings> {
        let at = Pointer::root().name("image");
        let file = &self.file().image;
        let account = self.account(&at.name("account"), &file.account);
        let region = self.named(&at.name("region"), Region::new(file.region.as_str()));
        let repository = self.repository(&at.name("repository"));
        let create = file
            .create
            .as_ref()
            .map(|create| self.create(&at.name("create"), create));
        let tags = self.tags(create.as_ref());
        Some(ImageSettings {
            account: account?,
            region: region?,
            repository: repository?,
            tags: tags?,
            create,
            set_policy: file.set_policy.unwrap_or(true),
        })
    }

    /// The repository; without a name it has that of the app, whose mistakes are told elsewhere.
    fn repository(&mut self, at: &Pointer) -> Option<RepositoryName> {
        let app = &self.file().app;
        match &self.file().image.repository {
            Some(name) => self.named(at, RepositoryName::new(name.as_str())),
            None if AppName::new(app.as_str()).is_err() => None,
            None => self.named(at, RepositoryName::new(app.as_str())),
        }
    }

    fn create(&mut self, at: &Pointer, file: &CreateFile) -> RepositorySettings {
        let at = at.name("mutable_tags");
        for (place, wildcard) in file.mutable_tags.iter().enumerate() {
            if !is_wildcard(wildcard) {
                let message = format!("{wildcard:?} is no wildcard for tags");
                let help = "1 to 128 of letters, digits, '.', '_', '-' and '*' for any text";
                self.error(&at.index(place), message, [help]);
            }
        }
        let mutability = match file.mutability {
            Mutability::Mutable => {
                if !file.mutable_tags.is_empty() {
                    let message = "mutable_tags without an immutable repository mean nothing";
                    self.error(
                        &at,
                        message,
                        ["remove them, or set mutability = \"immutable\""],
                    );
                }
                TagMutability::Mutable
            }
            Mutability::Immutable => TagMutability::Immutable {
                except: file.mutable_tags.clone(),
            },
        };
        RepositorySettings {
            scan_on_push: file.scan_on_push.unwrap_or(true),
            mutability,
            keep_last: file.keep_last,
        }
    }
}
