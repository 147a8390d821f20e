//! The part of the control API that is about alarms.
//!
//! | request | body | answer |
//! | --- | --- | --- |
//! | `GET /_sim/alarms` | | all alarms that were set |
//! | `PUT /_sim/alarms` | account, region, name, state (OK, ALARM, INSUFFICIENT_DATA), perhaps reason | `{}` |
//! | `DELETE /_sim/alarms` | account, region, name | `{}` |

use serde::Deserialize;
use serde_json::{Value, json};

use super::alarms::AlarmState;
use crate::control::{Answer, Verb, done, parse, show};
use crate::shared::Shared;
use crate::world::is_account_id;

/// The methods of `/_sim/alarms`.
pub(crate) const ALARMS: &[Verb] = &[
    Verb::plain("GET", |shared, _| alarms(shared)),
    Verb::with_body("PUT", |shared, asked| set(shared, parse(&asked.body)?)),
    Verb::with_body("DELETE", |shared, asked| {
        remove(shared, &parse(&asked.body)?)
    }),
];

/// An alarm to set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    account: String,
    region: String,
    name: String,
    state: AlarmState,
    reason: Option<String>,
}

/// An alarm to take away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    account: String,
    region: String,
    name: String,
}

fn alarms(shared: &Shared) -> Answer {
    let world = shared.world();
    let mut listed = Vec::new();
    for (account, state) in &world.accounts {
        for (region, state) in &state.regions {
            listed.extend(state.cloudwatch.list().map(|(name, state, since)| {
                json!({"account": account, "region": region, "name": name, "state": state,
                    "since": since.json()})
            }));
        }
    }
    drop(world);
    show(&Value::from(listed))
}

fn set(shared: &Shared, setting: Setting) -> Answer {
    let Setting {
        account,
        region,
        name,
        state,
        reason,
    } = setting;
    check(&account, &name)?;
    let mut world = shared.world();
    let now = shared.clock.now();
    // What came before happens under the state that was.
    world.catch_up(now);
    let alarms = &mut world.region(&account, &region).cloudwatch;
    alarms.set(&name, state, reason, now);
    world.wake = Some(now);
    drop(world);
    shared.changed();
    done()
}

fn remove(shared: &Shared, alarm: &Name) -> Answer {
    let Name {
        account,
        region,
        name,
    } = alarm;
    check(account, name)?;
    let alarms = &mut shared.world();
    let alarms = &mut alarms.region(account, region).cloudwatch;
    if !alarms.remove(name) {
        return Err(format!("there is no alarm `{name}`"));
    }
    shared.changed();
    done()
}

fn check(account: &str, name: &str) -> Result<(), String> {
    if !is_account_id(account) {
        return Err(format!("account `{account}` is not twelve digits"));
    }
    if !(1..=255).contains(&name.chars().count()) {
        return Err("`name` must have 1 to 255 characters".to_owned());
    }
    Ok(())
}
