//! Turns one environment of a manifest into a submission, and finds all mistakes on the way.

mod accounts;
mod build;
mod definition;
mod gates;
mod image;
mod layers;
mod rollout;
mod scan;
mod secrets;
mod tags;
mod targets;

use shipway_domain::document::Pointer;
use shipway_domain::ids::{AppName, BadName, Digest, EnvName};
use shipway_domain::spec::{Priority, ReleaseKind, ReleaseSpec, Source};
use shipway_domain::task_definition::platform_of;

use crate::file::{EnvironmentFile, ManifestFile};
use crate::files::Files;
use crate::manifest::{Facts, Manifest, Resolved};
use crate::mistake::{Level, Mistake, Mistakes};
use crate::{path, suggest};

/// Resolves one environment.
pub(crate) fn release(
    manifest: &Manifest,
    env: &str,
    facts: &Facts<'_>,
    files: &dyn Files,
) -> Result<Resolved, Mistakes> {
    let Some(environment) = manifest.file.env.get(env) else {
        return Err(Mistakes(vec![no_environment(manifest, env)]));
    };
    let mut resolver = Resolver {
        manifest,
        env,
        environment,
        facts,
        files,
        found: Vec::new(),
    };
    let resolved = resolver.release();
    // Errors first; whatever is only odd may be because of them.
    resolver.found.sort_by_key(|mistake| mistake.level);
    match resolved {
        Some((spec, task_definition)) if !resolver.has_errors() => Ok(Resolved {
            spec,
            task_definition,
            warnings: resolver.found,
        }),
        _ => Err(Mistakes(resolver.found)),
    }
}

fn no_environment(manifest: &Manifest, env: &str) -> Mistake {
    let all: Vec<&str> = manifest.environments().collect();
    let message = format!("there is no environment {env:?}");
    let mut help = suggest::help(env, &all);
    if all.is_empty() {
        help.push(format!("add [[env.{env}.targets]]"));
    }
    manifest
        .source
        .mistake(&Pointer::root().name("env"), message, help)
}

/// One environment on its way to a submission.
struct Resolver<'r> {
    manifest: &'r Manifest,
    env: &'r str,
    environment: &'r EnvironmentFile,
    facts: &'r Facts<'r>,
    files: &'r dyn Files,
    found: Vec<Mistake>,
}

impl<'r> Resolver<'r> {
    /// Every part is looked at, also after a mistake in another; then they are put together.
    fn release(&mut self) -> Option<(ReleaseSpec, String)> {
        let root = Pointer::root();
        let app = self.named(&root.name("app"), AppName::new(self.file().app.as_str()));
        let env = self.named_key(&root.name("env").name(self.env), EnvName::new(self.env));
        self.accounts();
        let image = self.image();
        let targets = self.targets();
        let rollout = self.rollout();
        let scan = self.scan();
        let source = self.source();
        let definition = self.definition(image.as_ref());
        let platform = definition
            .as_ref()
            .map(|definition| platform_of(&definition.document));
        let build = match self.facts.source {
            Source::Image { .. } => None,
            Source::Context { .. } | Source::Commit { .. } => Some(self.build(platform)?),
        };
        let definition = definition?;
        let gates = self.gates(&definition);
        let task_definition = definition.document.to_string();
        let spec = ReleaseSpec {
            app: app?,
            env: env?,
            kind: ReleaseKind::Deploy,
            source,
            build,
            image: image?,
            task_definition: Digest::of(task_definition.as_bytes()),
            containers: definition.containers,
            targets: targets?,
            rollout: rollout?,
            priority: self
                .environment
                .priority
                .and_then(Priority::new)
                .unwrap_or_default(),
            scan: scan?,
            gates: gates?,
        };
        Some((spec, task_definition))
    }

    /// The source, with the folder that the agent finds the context in.
    fn source(&mut self) -> Source {
        let mut source = self.facts.source.clone();
        if let Source::Commit { folder, .. } = &mut source {
            *folder = self.manifest.context_folder();
            if path::leads_out(folder) {
                let message = format!("the context {folder} is outside of the repository");
                let help = "an agent that fetches a commit has nothing else";
                self.error(
                    &Pointer::root().name("build").name("context"),
                    message,
                    [help],
                );
            }
        }
        source
    }

    const fn file(&self) -> &'r ManifestFile {
        &self.manifest.file
    }

    /// The place of the environment in the manifest.
    fn at(&self) -> Pointer {
        Pointer::root().name("env").name(self.env)
    }

    fn has_errors(&self) -> bool {
        self.found
            .iter()
            .any(|mistake| mistake.level == Level::Error)
    }

    /// Notes a mistake about a value of the manifest.
    fn error<H: Into<String>>(
        &mut self,
        at: &Pointer,
        message: impl Into<String>,
        help: impl IntoIterator<Item = H>,
    ) {
        let help = help.into_iter().map(Into::into);
        self.found
            .push(self.manifest.source.mistake(at, message, help));
    }

    /// Notes a mistake about a key of the manifest.
    fn error_in_name(&mut self, at: &Pointer, message: impl Into<String>, help: impl Into<String>) {
        let source = &self.manifest.source;
        self.found
            .push(source.mistake_in_name(at, message, [help.into()]));
    }

    /// Notes something odd about a value of the manifest.
    fn warning(&mut self, at: &Pointer, message: impl Into<String>, help: impl Into<String>) {
        let mistake = self.manifest.source.mistake(at, message, [help.into()]);
        self.found.push(Mistake {
            level: Level::Warning,
            ..mistake
        });
    }

    /// A name of the domain, or the rule that it breaks.
    fn named<T>(&mut self, at: &Pointer, name: Result<T, BadName>) -> Option<T> {
        name.map_err(|bad| {
            let message = format!("{:?} is not a valid {}", bad.given, bad.what);
            self.error(at, message, [format!("it {}", bad.rule)]);
        })
        .ok()
    }

    /// The same for a name that is a key of the manifest.
    fn named_key<T>(&mut self, at: &Pointer, name: Result<T, BadName>) -> Option<T> {
        name.map_err(|bad| {
            let message = format!("{:?} is not a valid {}", bad.given, bad.what);
            self.error_in_name(at, message, format!("it {}", bad.rule));
        })
        .ok()
    }
}
