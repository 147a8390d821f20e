//! An app with a manifest, whose image is built from one file.

use std::fs;
use std::path::Path;

use serde_json::json;
use shipway_domain::spec::Source;
use shipway_manifest::{Facts, Folder, Manifest, Resolved};
use tempfile::TempDir;

const MANIFEST: &str = r#"
app = "APP"
[build]
builder = "layers"
[build.layers]
files = [{ from = "program", to = "/program" }]
entrypoint = ["/program"]
[image]
account = "000000000000"
region = "eu-west-1"
repository = "REPOSITORY"
[image.create]
mutability = "mutable"
[task_definition]
file = "task-definition.json"
container = "app"
"#;

/// An app in a folder of its own, which goes with it.
#[derive(Debug)]
pub struct App {
    folder: TempDir,
    name: String,
}

impl App {
    /// An app that has no environment yet; its images go to a repository of its name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let app = Self {
            folder,
            name: name.to_owned(),
        };
        let manifest = MANIFEST.replace("APP", name).replace("REPOSITORY", name);
        app.write("shipway.toml", &manifest);
        app.write_definition("256");
        app.release("1");
        app
    }

    /// The same with an environment: its name, its account, and further lines of the manifest.
    #[must_use]
    pub fn env(self, name: &str, account: &str, more: &str) -> Self {
        self.env_on(name, account, "hello", more)
    }

    /// The same for another service than `hello`.
    #[must_use]
    pub fn env_on(self, name: &str, account: &str, service: &str, more: &str) -> Self {
        let path = self.folder().join("shipway.toml");
        let before = fs::read_to_string(path).expect("the manifest");
        let env = format!(
            "[env.{name}]\nstrategy = \"balanced\"\ntimeout = \"20m\"\n{more}\n\
             [[env.{name}.targets]]\naccount = \"{account}\"\nregion = \"eu-west-1\"\n\
             cluster = \"main\"\nservice = \"{service}\"\n"
        );
        self.write("shipway.toml", &format!("{before}{env}"));
        self
    }

    /// One more target of the environment added last: `hello` of this account, in a later wave.
    #[must_use]
    pub fn then(self, env: &str, account: &str) -> Self {
        let path = self.folder().join("shipway.toml");
        let before = fs::read_to_string(path).expect("the manifest");
        let target = format!(
            "[[env.{env}.targets]]\naccount = \"{account}\"\nregion = \"eu-west-1\"\n\
             cluster = \"main\"\nservice = \"hello\"\nwave = 1\n"
        );
        self.write("shipway.toml", &format!("{before}{target}"));
        self
    }

    /// Writes the manifest anew, with this piece of it replaced by another.
    pub fn change_manifest(&self, old: &str, new: &str) {
        let path = self.folder().join("shipway.toml");
        let before = fs::read_to_string(path).expect("the manifest");
        assert!(before.contains(old), "no {old:?} in {before}");
        self.write("shipway.toml", &before.replacen(old, new, 1));
    }

    /// Makes the content of the image that of another version.
    pub fn release(&self, version: &str) {
        self.write("program", &format!("{} {version}\n", self.name));
    }

    /// Writes the task definition, with this much `cpu`.
    pub fn write_definition(&self, cpu: &str) {
        let definition = json!({
            "family": self.name,
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": cpu,
            "memory": "1024",
            "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
            "containerDefinitions": [{"name": "app", "image": "x", "essential": true}],
        });
        self.write("task-definition.json", &definition.to_string());
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What `shipway deploy ENV --image IMAGE` would submit.
    #[must_use]
    pub fn resolve(&self, env: &str, image: &str) -> Resolved {
        let files = Folder(self.folder().to_owned());
        let manifest = Manifest::read("shipway.toml", &files).expect("the manifest is right");
        let source = Source::Image {
            reference: image.to_owned(),
        };
        let facts = Facts {
            source: &source,
            git_tags: &[],
        };
        manifest.resolve(env, &facts, &files).expect("it resolves")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder().join(name), text).expect("the folder can be written");
    }
}
