//! The AWS wire: which service a request is for, who sends it, and how answers and errors look.

mod authorise;
mod cbor;
mod credentials;
mod dispatch;
mod enums;
mod error;
pub(crate) mod form;
mod input;
mod operation;
mod page;
mod protocol;
mod resource;
mod service;
mod xml;

pub(crate) use credentials::Refusals;
pub(crate) use dispatch::handle;
pub(crate) use error::ApiError;
pub(crate) use input::Input;
pub(crate) use operation::{Operation, find};
pub(crate) use page::{page, page_after};
pub(crate) use service::Service;

use crate::choices::RevisionDigits;
use crate::clock::{Clock, SimTime};
use crate::iam::Principal;

/// The circumstances of one call.
#[derive(Clone, Debug)]
pub(crate) struct Ctx {
    /// The account it acts in, twelve digits.
    pub(crate) account: String,
    /// The region it is signed for.
    pub(crate) region: String,
    /// Who calls.
    pub(crate) principal: Principal,
    /// When its session ends; none for the root of an account.
    pub(crate) session_ends: Option<SimTime>,
    /// Simulated time of the call.
    pub(crate) now: SimTime,
    /// For expiries that clients compare with their own clock.
    pub(crate) clock: Clock,
    /// How service revisions are numbered.
    pub(crate) revision_digits: RevisionDigits,
}

impl Ctx {
    /// `arn:aws:<service>:<region>:<account>:<rest>` in the caller's account and region.
    pub(crate) fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{rest}", self.region, self.account)
    }
}
