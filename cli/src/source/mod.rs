//! Where the source of a release comes from: a working tree, a commit, and how it travels.

pub(crate) mod checkout;
pub(crate) mod git;
pub(crate) mod mistakes;
pub(crate) mod pack;
pub(crate) mod upload;
