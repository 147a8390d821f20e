//! What a builder and a platform can be asked to do and to observe.
//!
//! Plugins answer *what is*, never *what now*: every decision is `shipway-domain`'s.

pub mod around;
pub mod builder;
#[cfg(feature = "contract")]
pub mod contract;
pub mod error;
pub mod pace;
pub mod platform;
pub mod registry;
pub mod secret;
pub mod urls;
pub mod usage;

pub use around::AroundApi;
pub use builder::{BuildError, BuildOrder, BuildProgress, Builder, Built, LogStream, Took};
pub use error::{ErrorKind, PlatformError};
pub use pace::Pace;
pub use platform::{
    LogPage, NewTaskDefinition, Observation, ObserveTasks, Place, Platform, RegionApi, RunTask,
    Session, TaskDefinitionSeen, TaskStarted, UpdateService, Watch,
};
pub use registry::{ImageFacts, Login, LoginSource, RegistryApi, RepositorySeen, ScanStart};
pub use secret::Secret;
pub use urls::without_queries;
pub use usage::{BudgetLeft, CallOutcome, Calls, Usage};
