//! What a submission asks for.

mod build;
mod gate;
mod image;
mod rollout;
mod scan;
mod source;

use shipway_domain::gate::Gates;
use shipway_domain::ids::{AppName, Digest, EnvName, ReleaseId};
use shipway_domain::spec::{Priority, ReleaseKind, ReleaseSpec};

use crate::error::{ConversionError, Problem};
use crate::fields::{alternative, each, name, optional, required};
use crate::v1;
use crate::v1::release_kind::{Deploy, Kind, Rollback, Settle};

impl From<&ReleaseSpec> for v1::ReleaseSpec {
    fn from(spec: &ReleaseSpec) -> Self {
        Self {
            app: spec.app.as_str().to_owned(),
            env: spec.env.as_str().to_owned(),
            kind: Some(spec.kind.into()),
            source: Some((&spec.source).into()),
            build: spec.build.as_ref().map(Into::into),
            image: Some((&spec.image).into()),
            task_definition: spec.task_definition.as_str().to_owned(),
            containers: spec.containers.clone(),
            targets: spec.targets.iter().map(Into::into).collect(),
            rollout: Some((&spec.rollout).into()),
            priority: spec.priority.level().into(),
            scan: spec.scan.as_ref().map(Into::into),
            before: spec.gates.before.as_ref().map(Into::into),
            after: spec.gates.after.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<v1::ReleaseSpec> for ReleaseSpec {
    type Error = ConversionError;

    fn try_from(message: v1::ReleaseSpec) -> Result<Self, ConversionError> {
        Ok(Self {
            app: name("app", message.app, AppName::new)?,
            env: name("env", message.env, EnvName::new)?,
            kind: required("kind", message.kind)?,
            source: required("source", message.source)?,
            build: optional("build", message.build)?,
            image: required("image", message.image)?,
            task_definition: name("task_definition", message.task_definition, Digest::new)?,
            containers: message.containers,
            targets: each("targets", message.targets)?,
            rollout: required("rollout", message.rollout)?,
            priority: priority(message.priority)?,
            scan: optional("scan", message.scan)?,
            gates: Gates {
                before: message.before.map(Into::into),
                after: message.after.map(Into::into),
            },
        })
    }
}

/// The priority in a field of that name.
pub(crate) fn priority(level: u32) -> Result<Priority, ConversionError> {
    let out_of_range = Problem::Range {
        given: level.into(),
        range: "0 to 100",
    };
    u8::try_from(level)
        .ok()
        .and_then(Priority::new)
        .ok_or_else(|| ConversionError::field("priority", out_of_range))
}

impl From<ReleaseKind> for v1::ReleaseKind {
    fn from(kind: ReleaseKind) -> Self {
        let kind = match kind {
            ReleaseKind::Deploy => Kind::Deploy(Deploy {}),
            ReleaseKind::Rollback { undoes, to } => Kind::Rollback(Rollback {
                undoes: undoes.number(),
                to: to.number(),
            }),
            ReleaseKind::Settle => Kind::Settle(Settle {}),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<v1::ReleaseKind> for ReleaseKind {
    type Error = ConversionError;

    fn try_from(message: v1::ReleaseKind) -> Result<Self, ConversionError> {
        Ok(match alternative(message.kind)? {
            Kind::Deploy(Deploy {}) => Self::Deploy,
            Kind::Rollback(Rollback { undoes, to }) => Self::Rollback {
                undoes: ReleaseId::from_number(undoes),
                to: ReleaseId::from_number(to),
            },
            Kind::Settle(Settle {}) => Self::Settle,
        })
    }
}
