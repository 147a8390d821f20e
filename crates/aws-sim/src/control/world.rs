//! Seeding, and what there is.

use serde_json::{Value, json};

use super::{Answer, Asked, done, parse, show};
use crate::seed::{self, Seed};
use crate::shared::Shared;

/// Answers when the simulator does.
pub(super) fn health(_: &Shared, _: &Asked) -> Answer {
    show(&json!({"status": "ok"}))
}

/// Account, region and address of every registry.
pub(super) fn registries(shared: &Shared, _: &Asked) -> Answer {
    let world = shared.world();
    let mut listed = Vec::new();
    for (account, state) in &world.accounts {
        for (region, state) in &state.regions {
            if let Some(port) = state.registry_port {
                let address = format!("127.0.0.1:{port}");
                listed.push(json!({"account": account, "region": region, "address": address}));
            }
        }
    }
    drop(world);
    show(&Value::from(listed))
}

/// Adds what a seed says.
pub(super) fn seed(shared: &Shared, asked: &Asked) -> Answer {
    plant(shared, &parse(&asked.body)?)
}

/// Adds the demo world.
pub(super) fn seed_demo(shared: &Shared, _: &Asked) -> Answer {
    plant(shared, &seed::demo())
}

fn plant(shared: &Shared, seed: &Seed) -> Answer {
    shared.seed(seed).map_err(|error| error.to_string())?;
    done()
}
