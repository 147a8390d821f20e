//! What can go wrong with a call.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use shipway_plugin::{ErrorKind, PlatformError};

use crate::call::Call;

/// What goes wrong with a call, as its caller meets it: whatever a plugin tries again by itself has been tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails so, and nothing has happened: throttled, denied, not reached, credentials expired.
    Refused(ErrorKind),
    /// It happens, but the answer is lost on its way; the caller hears of this failure instead.
    AnswerLost(ErrorKind),
    /// The caller gives it up as timed out; it happens all the same, so much later.
    LandsLate(Duration),
}

impl Fault {
    /// What the caller hears.
    pub(crate) fn error(self, call: &str) -> PlatformError {
        let kind = match self {
            Self::Refused(kind) | Self::AnswerLost(kind) => kind,
            Self::LandsLate(_) => ErrorKind::TimedOut,
        };
        let (code, message) = match kind {
            ErrorKind::Throttled => ("ThrottlingException", "Rate exceeded"),
            ErrorKind::Unreachable => ("", "the connection was cut off"),
            ErrorKind::TimedOut => ("", "no answer in time"),
            ErrorKind::Credentials => (
                "ExpiredTokenException",
                "The security token included in the request is expired",
            ),
            ErrorKind::Denied => (
                "AccessDeniedException",
                "User is not authorized to perform this action",
            ),
            ErrorKind::NotFound => ("ResourceNotFoundException", "there is no such thing"),
            ErrorKind::AlreadyExists => ("AlreadyExistsException", "it is there already"),
            ErrorKind::Conflict => ("ConflictException", "another change is under way"),
            ErrorKind::Invalid => ("InvalidParameterException", "the request is wrong"),
            ErrorKind::Other => ("", "something unheard of"),
        };
        PlatformError {
            code: code.to_owned(),
            ..PlatformError::new(call, kind, message)
        }
    }
}

/// Decides for each call what goes wrong with it, if anything.
pub(crate) type Weather = Box<dyn FnMut(&Call) -> Option<Fault> + Send>;

/// Says how long a call is on its way to AWS, and its answer on the way back.
pub(crate) type Journeys = Box<dyn FnMut(&Call) -> (Duration, Duration) + Send>;

/// What will go wrong.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) next: HashMap<String, VecDeque<Fault>>,
    pub(crate) weather: Option<Weather>,
    pub(crate) journeys: Option<Journeys>,
}

impl Faults {
    /// What goes wrong with this call: what was ordered for it, else what the weather says.
    pub(crate) fn of(&mut self, call: &Call) -> Option<Fault> {
        let ordered = self.next.get_mut(&call.name).and_then(VecDeque::pop_front);
        ordered.or_else(|| self.weather.as_mut()?(call))
    }
}
