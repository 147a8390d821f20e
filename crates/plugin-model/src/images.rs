//! Images as tasks meet them: what a reference stands for, and what becomes of it.

use std::collections::BTreeMap;

use ecs_model::Outcome;
use shipway_domain::ids::Digest;
use shipway_plugin::Place;

use crate::repository::Repository;

/// All images there are.
#[derive(Debug, Default)]
pub(crate) struct Images {
    outcomes: BTreeMap<String, Outcome>,
    pub(crate) repositories: BTreeMap<(Place, String), Repository>,
}

impl Images {
    /// What becomes of tasks with this image.
    pub(crate) fn decide(&mut self, image: &str, outcome: Outcome) {
        self.outcomes.insert(image.to_owned(), outcome);
    }

    /// What was decided about this reference, or about the digest that it stands for.
    pub(crate) fn outcome(&self, image: &str, digest: &Digest) -> Option<&Outcome> {
        let by_name = self.outcomes.get(image);
        by_name.or_else(|| self.outcomes.get(digest.as_str()))
    }

    /// The digest that a task runs. `bound` is what its revision was bound to before (ecs-facts 3.7). An
    /// image of a registry that is not modelled can always be pulled.
    ///
    /// # Errors
    /// The words of the task that cannot pull it.
    pub(crate) fn pull(&self, image: &str, bound: Option<&Digest>) -> Result<Digest, String> {
        let (name, tag, digest) = split(image);
        let digest = bound.cloned().or(digest);
        let (host, path) = name.split_once('/').unwrap_or_default();
        let ours = self
            .repositories
            .keys()
            .any(|(place, _)| crate::repository::host(place) == host);
        if !ours {
            return Ok(digest.unwrap_or_else(|| Digest::of(image.as_bytes())));
        }
        let found = self
            .repositories
            .iter()
            .find(|((place, known), _)| known == path && crate::repository::host(place) == host);
        let pulled = found.and_then(|(_, repository)| match &digest {
            Some(digest) => repository.image(digest.as_str()),
            None => repository.image(tag),
        });
        pulled.map(|facts| facts.digest.clone()).ok_or_else(|| {
            format!(
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to \
                 resolve ref {image}: {image}: not found"
            )
        })
    }
}

/// Name, tag and digest of a reference.
fn split(image: &str) -> (&str, &str, Option<Digest>) {
    let (rest, digest) = match image.split_once('@') {
        Some((rest, digest)) => (rest, Digest::new(digest).ok()),
        None => (image, None),
    };
    // A colon before the last slash belongs to a port.
    match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag, digest),
        _ => (rest, "latest", digest),
    }
}
