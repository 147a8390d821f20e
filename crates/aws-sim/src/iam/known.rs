//! Which roles there are: those of the seed, and all others unless the seed says that those are all.

use std::borrow::Cow;

use super::Role;
use crate::digest;
use crate::world::World;

impl World {
    /// A role of an account. One that nobody has seeded exists and may do everything, as it does for tasks,
    /// unless the seeded ones are all that there are.
    pub(crate) fn role(&self, account: &str, name: &str) -> Option<Cow<'_, Role>> {
        let known = self.accounts.get(account);
        if let Some(role) = known.and_then(|known| known.roles.get(name)) {
            return Some(Cow::Borrowed(role));
        }
        if known.is_some_and(|known| known.roles_are_complete) {
            return None;
        }
        let regions = known.map(|known| known.regions.values());
        let mut named = regions.into_iter().flatten();
        let path = named.find_map(|region| region.ecs.path_of_role(account, name));
        Some(Cow::Owned(Role {
            path: path.unwrap_or("/").to_owned(),
            id: made_id(account, name),
            ..Role::open(name)
        }))
    }

    /// Whether a role comes from a seed.
    pub(crate) fn is_seeded(&self, account: &str, name: &str) -> bool {
        let known = self.accounts.get(account);
        known.is_some_and(|known| known.roles.contains_key(name))
    }
}

/// The id of a role that nobody has seeded: always the same one.
fn made_id(account: &str, name: &str) -> String {
    let digest = digest::of(format!("{account}/{name}").as_bytes());
    let digits = digest.trim_start_matches("sha256:").get(..17);
    format!("AROA{}", digits.unwrap_or_default().to_ascii_uppercase())
}
