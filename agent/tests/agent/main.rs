//! An agent in this process, against a coordinator and a platform that do what each test says.

mod build;
mod drain;
mod images;
mod inspect;
mod lease;
mod rollout;
mod scan;
mod session;
mod settle;
mod support;
