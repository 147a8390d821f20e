//! The tag that names what an image is made of, so that nothing is built twice.

use crate::ids::Digest;
use crate::spec::{BuildSettings, Builder};

/// Tag of the image that these settings make of this context: `shipway-` and 40 hexadecimal
/// digits. Everything that decides the image's content goes in; secrets only by their names
/// (build-facts section 3: their values are not part of the cache key either).
#[must_use]
pub fn content_tag(context: &Digest, settings: &BuildSettings, platforms: &[String]) -> String {
    let mut text = Text::default();
    text.field("context", [context.as_str()]);
    text.field("platforms", platforms.iter().map(String::as_str));
    match &settings.builder {
        Builder::Docker(docker) => {
            text.field("builder", ["docker"]);
            text.field("dockerfile", [docker.dockerfile.as_str()]);
            text.field("target", docker.target.as_deref());
            text.pairs("args", &docker.args);
        }
        Builder::Layers(layers) => {
            text.field("builder", ["layers"]);
            text.field("base", layers.base.as_deref());
            for copy in &layers.files {
                text.field("copy", [copy.from.as_str(), copy.to.as_str()]);
            }
            text.field("entrypoint", layers.entrypoint.iter().map(String::as_str));
            text.field("command", layers.command.iter().map(String::as_str));
            text.pairs("env", &layers.env);
            text.pairs("labels", &layers.labels);
            text.field("user", layers.user.as_deref());
            text.field("workdir", layers.workdir.as_deref());
            text.field("ports", layers.ports.iter().map(String::as_str));
        }
    }
    text.field(
        "secrets",
        settings.secrets.iter().map(|secret| secret.id.as_str()),
    );
    let digest = Digest::of(text.0.as_bytes());
    format!("shipway-{}", &digest.hex()[..40])
}

/// Fields with their lengths, so that no two lists of values look alike.
#[derive(Default)]
struct Text(String);

impl Text {
    fn field<'a>(&mut self, name: &str, values: impl IntoIterator<Item = &'a str>) {
        self.0.push_str(name);
        for value in values {
            self.0.push_str(&format!(" {}:{value}", value.len()));
        }
        self.0.push('\n');
    }

    fn pairs(&mut self, name: &str, pairs: &[(String, String)]) {
        for (key, value) in pairs {
            self.field(name, [key.as_str(), value.as_str()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{BuildSecret, DockerBuild, SecretSource};

    fn settings(args: &[(&str, &str)]) -> BuildSettings {
        let args = args
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        BuildSettings {
            builder: Builder::Docker(DockerBuild {
                args,
                ..DockerBuild::default()
            }),
            platforms: Vec::new(),
            secrets: Vec::new(),
        }
    }

    #[test]
    fn whatever_decides_the_content_changes_the_tag() {
        let context = Digest::of(b"a");
        let platforms = ["linux/amd64".to_owned()];
        let base = content_tag(&context, &settings(&[("a", "1")]), &platforms);
        assert_eq!(
            base,
            content_tag(&context, &settings(&[("a", "1")]), &platforms)
        );
        assert_ne!(
            base,
            content_tag(&Digest::of(b"b"), &settings(&[("a", "1")]), &platforms)
        );
        assert_ne!(
            base,
            content_tag(&context, &settings(&[("a", "2")]), &platforms)
        );
        assert_ne!(base, content_tag(&context, &settings(&[("a", "1")]), &[]));
    }

    #[test]
    fn where_a_secret_comes_from_does_not_change_the_tag() {
        let mut one = settings(&[]);
        let mut two = settings(&[]);
        one.secrets.push(BuildSecret {
            id: "n".to_owned(),
            from: SecretSource::Env("A".to_owned()),
        });
        two.secrets.push(BuildSecret {
            id: "n".to_owned(),
            from: SecretSource::Ssm("B".to_owned()),
        });
        let context = Digest::of(b"a");
        assert_eq!(
            content_tag(&context, &one, &[]),
            content_tag(&context, &two, &[])
        );
    }
}
