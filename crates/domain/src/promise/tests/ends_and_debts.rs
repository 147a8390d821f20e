//! What records and events show of ends and of debts.

use super::*;

#[test]
fn attempts_that_shrink_and_ends_that_change_break_the_third_promise() {
    let notes = [suspend_intent(), update_intent()];
    let back = Fact::Committed(vec![
        noted(job(1, 0, queued()), &notes),
        noted(job(1, 1, granted(1)), &notes),
    ]);
    breaks(Promise::Ends, [back], "from attempt 1 back to attempt 0");
    breaks(
        Promise::Ends,
        [Fact::Committed(vec![kept(job(0, 1, queued()))])],
        "had ended as live and has changed since",
    );
}

#[test]
fn a_release_ends_with_its_last_job_and_stays_as_it_ended() {
    let early = Fact::Committed(vec![changed(release(3, Some(Verdict::Live)))]);
    let early = history(begun().into_iter().chain([early]));
    only(
        Promise::Ends,
        &ends(&early, Moment::Any),
        "has ended, but 1000.1 not",
    );
    let facts = || whole().into_iter();
    let wrong = facts().chain([Fact::Committed(vec![changed(release(
        5,
        Some(Verdict::Failed),
    ))])]);
    let broken = ends(&history(wrong), Moment::Any);
    only(
        Promise::Ends,
        &broken,
        "had ended as live and became failed",
    );
    only(
        Promise::Ends,
        &broken,
        "ended as failed, though its jobs come to live",
    );
    let open = facts().chain([Fact::Committed(vec![changed(release(5, None))])]);
    let broken = ends(&history(open), Moment::Any);
    only(
        Promise::Ends,
        &broken,
        "all jobs of release 1000 have ended, but the release has not",
    );
}

#[test]
fn an_end_that_is_told_twice_or_not_kept_breaks_the_third_promise() {
    let twice = [
        event(
            6,
            61,
            Some(1),
            EventKind::JobEnded(outcome(rolled(Verdict::Live))),
        ),
        event(7, 61, None, EventKind::Submitted { by: String::new() }),
        changed(release(7, Some(Verdict::Live))),
    ];
    let facts = whole().into_iter().chain([Fact::Committed(twice.to_vec())]);
    let broken = at_every_moment(&history(facts));
    only(
        Promise::Ends,
        &broken,
        "2 events say that job 1000.1 ended; it did 1 times",
    );
    only(Promise::Ends, &broken, "had events after its end");
    breaks(
        Promise::Ends,
        [Fact::EndKept { held: held(1, 1) }],
        "the job goes on in that attempt",
    );
}

#[test]
fn an_end_is_kept_by_a_job_that_rests_or_has_gone_on_in_a_later_attempt() {
    let told = |index, attempt, state| {
        let notes = [suspend_intent(), update_intent()];
        let facts = [
            Fact::Committed(vec![noted(job(1, attempt, state), &notes)]),
            Fact::EndKept {
                held: held(index, 1),
            },
        ];
        let all = ends(&history(begun().into_iter().chain(facts)), Moment::Any);
        all.iter().any(|broken| broken.what.contains("goes on"))
    };
    assert!(!told(1, 1, resting(Verdict::Stuck)));
    assert!(!told(1, 2, queued()));
    assert!(!told(1, 2, granted(2)));
    assert!(told(1, 1, queued()));
    assert!(told(1, 1, granted(1)));
    assert!(told(7, 1, queued()), "a job that does not exist");
}

#[test]
fn ends_are_counted_as_far_as_the_events_are_known() {
    let end = || EventKind::JobEnded(outcome(built()));
    let over = || EventKind::Ended {
        verdict: Verdict::Live,
    };
    let told = |last_seq, changes: &[Change]| {
        let known = [changes, &[changed(release(last_seq, None))]].concat();
        let facts = begun().into_iter().chain([Fact::Committed(known)]);
        let all = ends(&history(facts), Moment::Any);
        all.into_iter().map(|broken| broken.what).collect()
    };
    let none: [&str; 0] = [];
    let silent = |last_seq| {
        let done = noted(
            job(1, 1, rolled(Verdict::Live)),
            &[suspend_intent(), update_intent()],
        );
        let facts = begun().into_iter().chain([Fact::Committed(vec![
            done,
            changed(release(last_seq, Some(Verdict::Live))),
        ])]);
        ends(&history(facts), Moment::Any).len()
    };
    let many: Vec<String> = told(9, &[event(4, 3, Some(0), end())]);
    assert_eq!(many, ["2 events say that job 1000.0 ended; it did 1 times"]);
    let many: Vec<String> = told(9, &[event(4, 3, None, over())]);
    assert_eq!(
        many,
        ["1 events say that release 1000 ended; it did 0 times"]
    );
    assert_eq!(told(9, &[]), none);
    assert_eq!(silent(9), 0, "they may be among those that are not known");
    assert_eq!(silent(3), 2, "neither the job's end nor the release's");
}

#[test]
fn a_debt_that_is_forgotten_or_rewritten_breaks_the_fourth_promise() {
    breaks(
        Promise::Debts,
        [Fact::Committed(vec![slot(Some(1), None)])],
        "gone without a note that it was paid",
    );
    breaks(
        Promise::Debts,
        [Fact::Committed(vec![slot(
            Some(1),
            Some(ScalingFlags::ALL),
        )])],
        "was rewritten",
    );
}

#[test]
fn a_debt_that_nobody_will_pay_breaks_the_fourth_promise() {
    let left = Fact::Committed(vec![
        noted(
            job(1, 1, rolled(Verdict::RolledBack)),
            &[suspend_intent(), update_intent()],
        ),
        slot(None, Some(ScalingFlags::default())),
    ]);
    let history = history(begun().into_iter().chain([left]));
    let broken = debts(&history, Moment::Any);
    only(Promise::Debts, &broken, "no settle is queued");
    let broken = debts(&history, Moment::Rest);
    only(Promise::Debts, &broken, "is still owed its auto scaling");
}

#[test]
fn a_debt_is_paid_by_who_holds_the_slot_or_by_a_settle_in_line() {
    let Change::Target(mut owed) = slot(None, Some(ScalingFlags::default())) else {
        unreachable!()
    };
    let settle = |service: &str, state: JobState| {
        let mut of = target();
        of.service = service.parse().unwrap();
        let kind = JobKind::Settle { target: of };
        Job {
            kind,
            ..job(2, 0, state)
        }
    };
    let unpaid =
        |owed: &TargetRecord, job: &Job| debt::has_payer(owed, [job].into_iter()).is_some();
    assert!(!unpaid(&owed, &settle("s", queued())));
    assert!(unpaid(&owed, &settle("other", queued())));
    assert!(unpaid(&owed, &settle("s", built())), "it has ended");
    let rollout = job(1, 1, queued());
    assert!(unpaid(&owed, &rollout), "it is in line");
    owed.slot = Some(rollout.id);
    assert!(!unpaid(&owed, &rollout));
    assert!(unpaid(&owed, &job(1, 1, rolled(Verdict::Live))));
}
