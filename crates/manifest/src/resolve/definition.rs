//! The task definition of an environment: its file, its variables, its containers, its rules.

use std::collections::BTreeMap;
use std::io;

use shipway_domain::document::{Document, Pointer};
use shipway_domain::image::is_by_digest;
use shipway_domain::spec::{ImageSettings, Source};
use shipway_domain::task_definition::{container_names, set_image, strip_describe_only, validate};

use super::Resolver;
use crate::definition::{DefinitionFile, NoDefinition};
use crate::mistake::{Level, Mistake};
use crate::suggest;
use crate::text_file::TextFile;
use crate::variables::{self, Why};

/// Variables that every task definition has.
const BUILT_IN: [&str; 2] = ["app", "env"];

/// A task definition, ready to be stored.
pub(super) struct Definition {
    pub(super) document: Document,
    pub(super) containers: Vec<String>,
}

impl Resolver<'_> {
    pub(super) fn definition(&mut self, image: Option<&ImageSettings>) -> Option<Definition> {
        let variables = self.variables();
        let DefinitionFile { file, mut document } = self.definition_file()?;
        let stripped = strip_describe_only(&mut document);
        if let [first, ..] = stripped.as_slice() {
            let message = format!(
                "left out, because it cannot be registered: {}",
                stripped.join(", ")
            );
            let help = "describe-task-definition adds what register-task-definition refuses";
            let at = Pointer::root().name(*first);
            let mistake = file.mistake_in_name(&at, message, [help.to_owned()]);
            self.found.push(Mistake {
                level: Level::Warning,
                ..mistake
            });
        }
        self.fill(&mut document, &file, &variables);
        let containers = self.containers(&document)?;
        let reference = self.reference(image);
        let mut with_image = document.clone();
        set_image(&mut with_image, &containers, &reference).ok()?;
        for problem in validate(&with_image) {
            self.found
                .push(file.mistake(&problem.pointer, problem.message, [problem.hint]));
        }
        self.moving_images(&document, &containers, &file);
        Some(Definition {
            document,
            containers,
        })
    }

    /// Images of the other containers that are named by a tag: `W08` of `shipway plan`.
    fn moving_images(&mut self, document: &Document, ours: &[String], file: &TextFile) {
        let containers = document.get("containerDefinitions");
        let containers = containers.map_or(&[][..], Document::items);
        for (index, container) in containers.iter().enumerate() {
            let text = |name: &str| container.get(name).and_then(Document::as_str);
            let (Some(name), Some(image)) = (text("name"), text("image")) else {
                continue;
            };
            if ours.iter().any(|one| one == name) || is_by_digest(image) {
                continue;
            }
            let at = Pointer::root()
                .name("containerDefinitions")
                .index(index)
                .name("image");
            let message =
                format!("container {name} runs {image}, which may change during a rollout [W08]");
            let help = "name it by its digest: image@sha256:...".to_owned();
            self.found.push(Mistake {
                level: Level::Warning,
                ..file.mistake(&at, message, [help])
            });
        }
    }

    fn definition_file(&mut self) -> Option<DefinitionFile> {
        let own = self.environment.task_definition.as_deref();
        let at = match own {
            Some(_) => self.at().name("task_definition"),
            None => Pointer::root().name("task_definition").name("file"),
        };
        let shared = self.file().task_definition.file.as_deref();
        let path = self
            .manifest
            .beside(own.or(shared).unwrap_or("task-definition.json"));
        match DefinitionFile::read(&path, self.files) {
            Ok(file) => return Some(file),
            Err(NoDefinition::NoJson(mistake)) => self.found.push(*mistake),
            Err(NoDefinition::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => {
                let message = format!("there is no task definition file {path}");
                let help = "shipway init writes one from a running service";
                self.error(&at, message, [help]);
            }
            Err(NoDefinition::Unreadable(error)) => {
                let message = format!("the task definition file {path} cannot be read");
                self.error(&at, message, [error.to_string()]);
            }
        }
        None
    }

    /// The variables of the manifest, those of the environment first, and the built-in ones.
    fn variables(&mut self) -> BTreeMap<String, String> {
        let shared = Pointer::root().name("task_definition").name("variables");
        let own = self.at().name("variables");
        let mut all = BTreeMap::new();
        let (shared_values, own_values) = (
            &self.file().task_definition.variables,
            &self.environment.variables,
        );
        for (at, values) in [(shared, shared_values), (own, own_values)] {
            for (name, value) in values {
                let at = at.name(name.as_str());
                if BUILT_IN.contains(&name.as_str()) {
                    let message = format!("${{{name}}} is always there and cannot be set");
                    self.error_in_name(&at, message, "take another name");
                } else if !variables::is_name(name) {
                    let message = format!("{name:?} is no name of a variable");
                    let help = "a name has letters, digits and '_', and starts with no digit";
                    self.error_in_name(&at, message, help);
                }
                all.insert(name.clone(), value.clone());
            }
        }
        all.insert("app".to_owned(), self.file().app.clone());
        all.insert("env".to_owned(), self.env.to_owned());
        all
    }

    fn fill(
        &mut self,
        document: &mut Document,
        file: &TextFile,
        variables: &BTreeMap<String, String>,
    ) {
        let replaced = variables::replace(document, variables);
        let known: Vec<&str> = variables.keys().map(String::as_str).collect();
        for unresolved in &replaced.unresolved {
            let (message, mut help) = match &unresolved.why {
                Why::Unknown(name) => {
                    let message =
                        format!("there is no variable {name:?} in environment {}", self.env);
                    (message, suggest::help(name, &known))
                }
                Why::Unclosed => ("\"${\" has no \"}\"".to_owned(), Vec::new()),
            };
            help.push("write $${ where ECS is to see ${".to_owned());
            self.found.push(file.mistake(&unresolved.at, message, help));
        }
        for name in self.environment.variables.keys() {
            if !replaced.used.contains(name) {
                let message = format!("the task definition does not use ${{{name}}}");
                let at = self.at().name("variables").name(name.as_str());
                self.warning(&at, message, format!("{} is read without it", file.path));
            }
        }
    }

    /// The containers that get the image.
    fn containers(&mut self, document: &Document) -> Option<Vec<String>> {
        let at = Pointer::root().name("task_definition");
        let file = &self.file().task_definition;
        let exist: Vec<&str> = container_names(document).collect();
        let (at, wanted) = match (&file.container, &file.containers) {
            (Some(_), Some(_)) => {
                let help = "keep one of them";
                self.error(
                    &at.name("containers"),
                    "container and containers exclude each other",
                    [help],
                );
                return None;
            }
            (Some(one), None) => (at.name("container"), vec![one.clone()]),
            (None, Some(several)) => (at.name("containers"), several.clone()),
            (None, None) => {
                let named = exist.iter().find(|name| **name == self.file().app);
                match (exist.as_slice(), named) {
                    // What is wrong with the containers is told by the rules of task definitions.
                    ([], _) => return Some(Vec::new()),
                    ([one], _) => return Some(vec![(*one).to_owned()]),
                    (_, Some(named)) => return Some(vec![(*named).to_owned()]),
                    _ => {}
                }
                let help = format!("set container to one of {}", exist.join(", "));
                let message = "it is not said which container gets the image";
                self.error(&at.name("container"), message, [help]);
                return None;
            }
        };
        if wanted.is_empty() {
            let help = format!("permitted: {}", exist.join(", "));
            self.error(&at, "no container gets the image", [help]);
            return None;
        }
        let mut missing = wanted
            .iter()
            .filter(|name| !exist.contains(&name.as_str()))
            .peekable();
        if missing.peek().is_none() {
            return Some(wanted);
        }
        for name in missing {
            let message = format!("the task definition has no container {name:?}");
            self.error(&at, message, suggest::help(name, &exist));
        }
        None
    }

    /// An image as the containers will get it; only its form matters.
    fn reference(&self, image: Option<&ImageSettings>) -> String {
        match (self.facts.source, image) {
            (Source::Image { reference }, _) => reference.clone(),
            (
                _,
                Some(ImageSettings {
                    account,
                    region,
                    repository,
                    ..
                }),
            ) => {
                let digest = "0".repeat(64);
                format!("{account}.dkr.ecr.{region}.amazonaws.com/{repository}@sha256:{digest}")
            }
            (_, None) => "image".to_owned(),
        }
    }
}
