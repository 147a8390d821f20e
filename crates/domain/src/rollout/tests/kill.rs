//! Attempts die at any point; together they send one update.

use std::time::Duration;

use proptest::prelude::*;

use super::fixtures::{CALL_TIMEOUT, cancelled};
use super::world::Fault;
use super::{Checkpoint, Next, Verdict, Walk, word};
use crate::observe::ServiceDeploymentStatus as Status;
use crate::rollout::FailureKind;
use crate::time::Timestamp;

/// How an attempt dies: after how many steps, whether its last call goes out, when that lands, and
/// how long it takes until the next attempt begins.
#[derive(Clone, Copy, Debug)]
struct Death {
    steps: usize,
    sent: bool,
    lands: Duration,
    pause: Duration,
    /// How far its clock is ahead of the next one's, in ms.
    ahead: i64,
}

fn death() -> impl Strategy<Value = Death> {
    let clocks = -90_000_i64..90_000;
    (
        0_usize..30,
        any::<bool>(),
        0_u64..10_000,
        0_u64..90_000,
        clocks,
    )
        .prop_map(|(steps, sent, lands, pause, ahead)| Death {
            steps,
            sent,
            lands: Duration::from_millis(lands),
            pause: Duration::from_millis(pause),
            ahead,
        })
}

impl Walk {
    /// Takes the attempt some steps, then kills it in the middle of a call. What came of the call
    /// nobody hears.
    fn dies(&mut self, death: Death) -> bool {
        for _ in 0..death.steps {
            if self.step().is_some() {
                return false;
            }
        }
        if let Next::Do(action) = self.rollout.next(self.world.now)
            && death.sent
        {
            let name = word(&action);
            if name == "Update" {
                self.world.faults.push(Fault {
                    action: "Update",
                    kind: FailureKind::Uncertain,
                    times: 1,
                    lands: Some(death.lands.min(CALL_TIMEOUT)),
                });
            }
            drop(self.world.perform(&name, &action));
        }
        self.world.pass(death.pause);
        self.by_another_clock(death.ahead);
        self.again();
        true
    }

    /// What was noted was noted by a clock that is so many ms ahead of the one that goes on.
    pub(super) fn by_another_clock(&mut self, ahead: i64) {
        for note in &mut self.noted {
            if let Checkpoint::RegisterIntent { at, .. } | Checkpoint::UpdateIntent { at, .. } =
                note
            {
                *at = Timestamp::from_millis(at.millis().saturating_add_signed(ahead));
            }
        }
    }
}

proptest! {
    #[test]
    fn however_often_attempts_die_after_a_cancel_they_end_and_owe_nothing(
        deaths in prop::collection::vec(death(), 1..6), at in 0_usize..6
    ) {
        let mut walk = Walk::usual();
        walk.world.script = vec![Status::InProgress];
        for (index, death) in deaths.into_iter().enumerate() {
            if index == at {
                walk.stop(cancelled());
            }
            // Under way for ever: a walk without a cancel ends with the timeout.
            if !walk.dies(death) {
                break;
            }
        }
        walk.stop(cancelled());
        walk.again();
        prop_assert_eq!(walk.end().verdict(), Verdict::Cancelled);
        prop_assert!(walk.world.updates.len() <= 1);
        let flags = walk.world.scaling.map(|scaling| scaling.suspended);
        prop_assert_eq!(flags, Some(crate::checkpoint::ScalingFlags::default()));
    }

    #[test]
    fn however_often_attempts_die_one_update_is_sent(
        deaths in prop::collection::vec(death(), 1..6), throttled in 0_u32..6
    ) {
        let mut walk = Walk::usual();
        walk.world.fails("Update", FailureKind::Passing, throttled);
        walk.world.fails("Register", FailureKind::Passing, throttled);
        for death in deaths {
            if !walk.dies(death) {
                break;
            }
        }
        walk.again();
        prop_assert_eq!(walk.verdict(), Verdict::Live);
        prop_assert_eq!(walk.world.updates.len(), 1);
        prop_assert_eq!(walk.world.registered.len(), 1);
        let flags = walk.world.scaling.map(|scaling| scaling.suspended);
        prop_assert_eq!(flags, Some(crate::checkpoint::ScalingFlags::default()));
    }
}
