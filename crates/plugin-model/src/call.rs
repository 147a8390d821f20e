//! The log of calls.

use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::time::Timestamp;
use shipway_plugin::{ErrorKind, Place, Session};

/// A call that was made through the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it was made.
    pub at: Timestamp,
    /// Under whose name.
    pub session: Session,
    /// Where.
    pub place: Place,
    /// Service and operation (`ecs:UpdateService`); a common poll is `observe`.
    pub name: String,
    /// What it is about: a service, a deployment, a definition, a repository.
    pub about: String,
    /// What it asks for, where its name does not say it.
    pub asks: Asks,
    /// What its caller has heard.
    pub answered: Answered,
}

/// What a call asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// What its name says.
    Plain,
    /// These flags of auto scaling.
    Flags(ScalingFlags),
    /// That this task definition serves.
    TaskDefinition(String),
}

/// A call that has changed something, whether its caller has heard of it or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// When it did.
    pub at: Timestamp,
    /// The call, as it was then.
    pub call: Call,
}

/// What the caller of a call has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Nothing yet, or the caller has gone.
    NotYet,
    /// It did what it should.
    Done,
    /// It failed.
    Failed(ErrorKind),
}
