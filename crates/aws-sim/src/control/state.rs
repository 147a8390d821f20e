//! Saving the whole world, and going on from a saved one.

use std::time::Duration;

use serde_json::{Value, json};

use super::strict::unknown_member;
use super::{Answer, Asked, show};
use crate::clock::SimTime;
use crate::ecs;
use crate::shared::Shared;
use crate::tasks::Tasks;
use crate::world::{World, is_account_id};

/// The last instant that a world can be saved at: the end of the year 9999.
const LATEST: SimTime = SimTime::from_micros(253_402_300_799_000_000);

/// So much later than it was due, at the most, something may happen in a loaded world: else years are gone through.
const LATE: Duration = Duration::from_secs(24 * 3600);

/// The world as it is now, as `--data` keeps it.
pub(super) fn save(shared: &Shared, _: &Asked) -> Answer {
    shared.write_world().map_err(|error| error.to_string())
}

/// Puts a saved world in the place of the present one; the clock stands where it was saved, and goes on from
/// there at its present speed. Nothing is changed when the document is not as expected.
pub(super) fn load(shared: &Shared, asked: &Asked) -> Answer {
    let loaded = read(&asked.body)?;
    let saved_at = loaded.saved_at;
    shared.replace_world(loaded)?;
    show(&json!({"now": saved_at.json()}))
}

fn read(body: &[u8]) -> Result<World, String> {
    let bad = |error| format!("the body is no saved world: {error}");
    let given: Value = serde_json::from_slice(body).map_err(bad)?;
    for member in ["saved_at", "accounts", "token_key", "ids"] {
        if given.get(member).is_none() {
            return Err(format!("the body is no saved world: `{member}` is missing"));
        }
    }
    let mut world: World = serde_json::from_slice(body).map_err(bad)?;
    let written = serde_json::to_value(&world).map_err(bad)?;
    if let Some(path) = unknown_member(&given, &written) {
        return Err(format!("unknown member `{path}`"));
    }
    if !(SimTime::default()..=LATEST).contains(&world.saved_at) {
        return Err("`saved_at` is after the year 9999".to_owned());
    }
    // Whoever has saved a world has let everything happen that was due then.
    if let Some(due) = world.earliest().filter(|due| *due + LATE < world.saved_at) {
        return Err(format!(
            "something is to happen at {}, long before `saved_at`, {}",
            due.iso8601(),
            world.saved_at.iso8601()
        ));
    }
    if let Some(id) = world.accounts.keys().find(|id| !is_account_id(id)) {
        return Err(format!("account `{id}` is not twelve digits"));
    }
    Ok(world)
}

impl Shared {
    /// The world as JSON, with everything done that is due now. It is written of a copy, outside of the lock.
    pub(crate) fn write_world(&self) -> serde_json::Result<Vec<u8>> {
        let snapshot = {
            let mut world = self.world();
            let now = self.clock.now();
            world.catch_up(now);
            world.saved_at = now;
            world.snapshot()
        };
        serde_json::to_vec(&snapshot)
    }

    /// Goes on from another world. Files, and registries that listen, stay as they are.
    fn replace_world(&self, mut loaded: World) -> Result<(), String> {
        let mut world = self.world();
        if world.tasks != Tasks::Modelled {
            return Err("a world cannot be loaded while tasks are containers".to_owned());
        }
        loaded.tasks = world.tasks;
        loaded.files = world.files.clone();
        loaded.sockets = std::mem::take(&mut world.sockets);
        if let Err(error) = loaded.reopen_registries() {
            world.sockets = loaded.sockets;
            return Err(format!("a registry cannot be opened: {error}"));
        }
        let saved_at = loaded.saved_at;
        // A task that was a container when the world was saved.
        ecs::external::lose_all(&mut loaded, saved_at);
        loaded.wake = Some(saved_at);
        *world = loaded;
        self.clock.set(saved_at);
        self.limits.choose(&world.choices);
        drop(world);
        self.changed();
        self.engine.notify_one();
        Ok(())
    }
}
