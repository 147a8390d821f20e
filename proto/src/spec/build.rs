//! How an image is built.

use shipway_domain::spec::{
    BuildCache, BuildSecret, BuildSettings, Builder, CopyFiles, DockerBuild, LayersBuild,
    SecretSource,
};

use crate::error::{ConversionError, Problem};
use crate::fields::{alternative, each};
use crate::v1;
use crate::v1::build_secret::From as SecretFrom;
use crate::v1::build_settings::Builder as Kind;

impl From<&BuildSettings> for v1::BuildSettings {
    fn from(build: &BuildSettings) -> Self {
        let builder = match &build.builder {
            Builder::Docker(docker) => Kind::Docker(docker.into()),
            Builder::Layers(layers) => Kind::Layers(layers.into()),
        };
        Self {
            builder: Some(builder),
            platforms: build.platforms.clone(),
            secrets: build.secrets.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::BuildSettings> for BuildSettings {
    type Error = ConversionError;

    fn try_from(message: v1::BuildSettings) -> Result<Self, ConversionError> {
        let builder = match alternative(message.builder)? {
            Kind::Docker(docker) => Builder::Docker(docker.into()),
            Kind::Layers(layers) => Builder::Layers(layers.into()),
        };
        Ok(Self {
            builder,
            platforms: message.platforms,
            secrets: each("secrets", message.secrets)?,
        })
    }
}

impl From<&DockerBuild> for v1::DockerBuild {
    fn from(docker: &DockerBuild) -> Self {
        Self {
            dockerfile: docker.dockerfile.clone(),
            target: docker.target.clone(),
            args: docker.args.iter().map(Into::into).collect(),
            cache: docker.cache.enabled,
            cache_from: docker.cache.from.clone(),
        }
    }
}

impl From<v1::DockerBuild> for DockerBuild {
    fn from(message: v1::DockerBuild) -> Self {
        Self {
            dockerfile: message.dockerfile,
            target: message.target,
            args: message.args.into_iter().map(Into::into).collect(),
            cache: BuildCache {
                enabled: message.cache,
                from: message.cache_from,
            },
        }
    }
}

impl From<&LayersBuild> for v1::LayersBuild {
    fn from(layers: &LayersBuild) -> Self {
        let copy = |CopyFiles { from, to }: &CopyFiles| v1::CopyFiles {
            from: from.clone(),
            to: to.clone(),
        };
        Self {
            base: layers.base.clone(),
            files: layers.files.iter().map(copy).collect(),
            entrypoint: layers.entrypoint.clone(),
            command: layers.command.clone(),
            env: layers.env.iter().map(Into::into).collect(),
            labels: layers.labels.iter().map(Into::into).collect(),
            user: layers.user.clone(),
            workdir: layers.workdir.clone(),
            ports: layers.ports.clone(),
        }
    }
}

impl From<v1::LayersBuild> for LayersBuild {
    fn from(message: v1::LayersBuild) -> Self {
        let copy = |v1::CopyFiles { from, to }| CopyFiles { from, to };
        Self {
            base: message.base,
            files: message.files.into_iter().map(copy).collect(),
            entrypoint: message.entrypoint,
            command: message.command,
            env: message.env.into_iter().map(Into::into).collect(),
            labels: message.labels.into_iter().map(Into::into).collect(),
            user: message.user,
            workdir: message.workdir,
            ports: message.ports,
        }
    }
}

impl From<&BuildSecret> for v1::BuildSecret {
    fn from(secret: &BuildSecret) -> Self {
        let from = match &secret.from {
            SecretSource::Env(name) => SecretFrom::Env(name.clone()),
            SecretSource::File(path) => SecretFrom::File(path.clone()),
            SecretSource::SecretsManager(name) => SecretFrom::SecretsManager(name.clone()),
            SecretSource::Ssm(name) => SecretFrom::Ssm(name.clone()),
        };
        Self {
            id: secret.id.clone(),
            from: Some(from),
        }
    }
}

impl TryFrom<v1::BuildSecret> for BuildSecret {
    type Error = ConversionError;

    fn try_from(message: v1::BuildSecret) -> Result<Self, ConversionError> {
        let from = message
            .from
            .ok_or_else(|| ConversionError::field("from", Problem::NoAlternative))?;
        Ok(Self {
            id: message.id,
            from: match from {
                SecretFrom::Env(name) => SecretSource::Env(name),
                SecretFrom::File(path) => SecretSource::File(path),
                SecretFrom::SecretsManager(name) => SecretSource::SecretsManager(name),
                SecretFrom::Ssm(name) => SecretSource::Ssm(name),
            },
        })
    }
}
