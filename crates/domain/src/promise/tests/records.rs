//! What records, answers and events show by themselves.

use super::*;

#[test]
fn an_answer_before_the_release_is_durable_breaks_the_first_promise() {
    breaks(
        Promise::Submissions,
        [acknowledged("other", b"spec", 9)],
        "before it was durable",
    );
}

#[test]
fn a_key_that_is_two_releases_breaks_the_first_promise() {
    let mut twin = release(0, None);
    twin.id = ReleaseId::from_number(1);
    breaks(
        Promise::Submissions,
        [Fact::Committed(vec![changed(twin)])],
        "a key is one release",
    );
}

#[test]
fn a_key_is_free_again_seven_days_after_the_end_of_its_release() {
    let week = Duration::from_secs(7 * 86_400);
    let twin = |submitted_at| {
        let mut twin = release(0, None);
        twin.id = ReleaseId::from_number(RELEASE.number() + 1);
        twin.content = Digest::of(b"other");
        twin.submitted_at = submitted_at;
        let committed = Fact::Committed(vec![changed(twin)]);
        let mut told = acknowledged("key", b"other", 0);
        if let Fact::Acknowledged { release, .. } = &mut told {
            *release = ReleaseId::from_number(RELEASE.number() + 1);
        }
        let facts = whole().into_iter().chain([committed, told]);
        submissions(&history(facts), Moment::Any)
    };
    let ended = at(60);
    assert_eq!(twin(ended.plus(week).plus(Duration::from_millis(1))), []);
    let early = twin(ended.plus(week));
    only(Promise::Submissions, &early, "a key is one release");
    only(Promise::Submissions, &early, "were told of releases");
}

#[test]
fn a_key_is_free_again_after_as_many_later_ends_as_are_remembered() {
    let most = crate::board::KeyWindow::default().most;
    let mut history = history(whole());
    let mut twin = release(0, None);
    twin.id = ReleaseId::from_number(1_000_000);
    twin.submitted_at = at(100);
    let mut later = release(0, Some(Verdict::Live));
    later.key = "later".parse().unwrap();
    later.ended_at = Some(at(61));
    for number in 1..=most {
        later.id = ReleaseId::from_number(number as u64);
        if number == most {
            assert_eq!(submission::committed(&history, &twin).len(), 1);
        }
        let id = later.id;
        history.releases.insert(id, Arc::new(later.clone()));
    }
    assert_eq!(submission::committed(&history, &twin), []);
}

#[test]
fn answers_that_name_another_release_or_content_break_the_first_promise() {
    breaks(
        Promise::Submissions,
        [acknowledged("key", b"other", 0)],
        "two different submissions",
    );
    breaks(
        Promise::Submissions,
        [acknowledged("another", b"spec", 0)],
        "which is another submission",
    );
    let mut second = release(0, None);
    second.id = ReleaseId::from_number(1);
    second.key = "second".parse().unwrap();
    breaks(
        Promise::Submissions,
        [
            Fact::Committed(vec![changed(second)]),
            acknowledged("key", b"spec", 1),
        ],
        "were told of releases 1000 and 1001",
    );
}

#[test]
fn a_number_given_twice_breaks_the_first_promise() {
    let mut other = release(3, None);
    other.key = "other".parse().unwrap();
    let history = history(
        begun()
            .into_iter()
            .chain([Fact::Committed(vec![changed(other)])]),
    );
    let broken = submissions(&history, Moment::Any);
    only(Promise::Submissions, &broken, "a number was given twice");
}

#[test]
fn a_release_that_a_store_does_not_give_back_breaks_the_first_promise() {
    breaks(
        Promise::Submissions,
        [Fact::Reopened(Vec::new())],
        "is gone since the coordinator came back",
    );
}

#[test]
fn a_store_may_be_ahead_of_what_was_told_but_not_behind() {
    let ahead = Fact::Reopened(vec![
        slot(None, None),
        changed(release(5, Some(Verdict::Live))),
    ]);
    let mut facts = begun();
    facts.push(ahead);
    // What is told of jobs that ended with their release, unseen, can no more be compared.
    facts.extend([
        Fact::NoteKept {
            held: held(1, 1),
            note: Checkpoint::Resumed,
        },
        Fact::EndKept { held: held(1, 1) },
        mutation(9, held(1, 1), Operation::CreateRepository),
    ]);
    assert_eq!(at_every_moment(&history(facts)), []);
    let behind = Fact::Reopened(vec![
        changed(release(3, None)),
        kept(job(1, 0, queued())),
        slot(Some(1), Some(ScalingFlags::default())),
    ]);
    let broken = at_every_moment(&history(begun().into_iter().chain([behind])));
    let text = format!("{broken:?}");
    assert!(
        text.contains("went from attempt 1 back to attempt 0"),
        "{text}"
    );
    assert!(text.contains("notes are never taken back"), "{text}");
}

#[test]
fn an_intent_may_be_renewed_in_its_place_but_not_replaced_by_another() {
    let with = |later: u64, primary: &str| {
        let intent = Checkpoint::UpdateIntent {
            task_definition: "web:2".to_owned(),
            primary_before: primary.to_owned(),
            deployment_before: None,
            serving_before: String::new(),
            at: at(later),
        };
        let notes = [suspend_intent(), intent];
        Fact::Committed(vec![noted(job(1, 1, granted(1)), &notes)])
    };
    let broken = |fact| at_every_moment(&history(begun().into_iter().chain([fact])));
    assert_eq!(broken(with(9, "")), []);
    for other in [with(9, "ecs-svc/1"), with(1, "")] {
        let text = format!("{:?}", broken(other));
        assert!(text.contains("notes are never taken back"), "{text}");
    }
}

#[test]
fn a_slot_that_is_freed_before_its_job_has_ended_breaks_the_second_promise() {
    let freed = Fact::Committed(vec![slot(None, Some(ScalingFlags::default()))]);
    let history = history(begun().into_iter().chain([freed]));
    let broken = attempts(&history, Moment::Any);
    only(Promise::Attempts, &broken, "which has not ended, to nobody");
    only(Promise::Attempts, &broken, "but its slot is held by nobody");
}

#[test]
fn a_grant_that_changes_hands_without_a_new_number_breaks_the_second_promise() {
    let notes = [suspend_intent(), update_intent()];
    breaks(
        Promise::Attempts,
        [Fact::Committed(vec![noted(job(1, 1, granted(2)), &notes)])],
        "without a new number",
    );
    breaks(
        Promise::Attempts,
        [
            Fact::Committed(vec![noted(job(1, 1, queued()), &notes)]),
            Fact::Committed(vec![noted(job(1, 1, granted(1)), &notes)]),
        ],
        "after attempt 1 had been given back",
    );
}

#[test]
fn a_note_that_is_told_as_durable_and_is_not_breaks_the_second_promise() {
    breaks(
        Promise::Attempts,
        [Fact::NoteKept {
            held: held(1, 1),
            note: Checkpoint::Suspended,
        }],
        "which it is not",
    );
    let unknown = Fact::NoteKept {
        held: held(7, 1),
        note: update_intent(),
    };
    breaks(Promise::Attempts, [unknown], "which it is not");
}

#[test]
fn a_gap_in_the_events_breaks_the_sixth_promise() {
    breaks(
        Promise::Events,
        [Fact::Committed(vec![
            grant(5, 9, 1),
            changed(release(5, None)),
        ])],
        "those between are missing",
    );
    breaks(
        Promise::Events,
        [Fact::Committed(vec![grant(3, 9, 1)])],
        "written twice, and differently",
    );
    breaks(
        Promise::Events,
        [Fact::Committed(vec![changed(release(4, None))])],
        "says that its newest event is 4, which is 3",
    );
}

#[test]
fn an_event_told_again_alike_is_no_second_one() {
    let again = Fact::Committed(vec![grant(3, 2, 1)]);
    let history = history(begun().into_iter().chain([again]));
    assert_eq!(at_every_moment(&history), []);
    assert_eq!(history.events_of(RELEASE).len(), 3);
}

#[test]
fn watchers_that_miss_repeat_or_foresee_an_event_break_the_sixth_promise() {
    breaks(Promise::Events, [seen(3)], "saw it twice");
    breaks(Promise::Events, [seen(5)], "missed what is between");
    breaks(Promise::Events, [seen(4)], "before it was durable");
}

#[test]
fn a_watcher_that_stays_sees_the_rest_and_one_that_leaves_need_not() {
    let mut facts = whole();
    facts.pop();
    let late = history(facts.clone());
    assert_eq!(at_every_moment(&late), []);
    only(
        Promise::Events,
        &at_rest(&late),
        "saw events up to 4 of 5, and no more came",
    );
    facts.push(Fact::Unwatched {
        watcher: "w".to_owned(),
        release: RELEASE,
    });
    assert_eq!(at_rest(&history(facts)), []);
}

#[test]
fn a_rest_and_an_end_without_words_break_the_seventh_promise() {
    let silent = |state: JobState| {
        let mut state = state;
        match &mut state {
            JobState::Queued {
                resting: Some(report),
                ..
            } => report.summary.clear(),
            JobState::Ended(Outcome::RolledOut(report)) => report.summary.clear(),
            _ => {}
        }
        reason::says_why(&job(1, 1, state)).map(|broken| broken.what)
    };
    assert!(
        silent(resting(Verdict::Stuck))
            .unwrap()
            .contains("rests as stuck")
    );
    assert!(
        silent(rolled(Verdict::RolledBack))
            .unwrap()
            .contains("does not say why")
    );
    assert_eq!(silent(rolled(Verdict::Live)), None);
    assert!(
        silent(rolled(Verdict::Unknown))
            .unwrap()
            .contains("which is no end")
    );
    let failed = |cause: &str| {
        let finding = crate::verdict::Finding {
            cause: cause.to_owned(),
            ..crate::verdict::Finding::default()
        };
        reason::says_why(&job(1, 1, JobState::Ended(Outcome::Failed(finding))))
    };
    assert!(failed(" ").is_some());
    assert_eq!(failed("no memory"), None);
    assert_eq!(reason::says_why(&job(1, 1, resting(Verdict::Stuck))), None);
}

#[test]
fn at_rest_only_what_is_stuck_and_what_it_blocks_may_wait() {
    let notes = [suspend_intent(), update_intent()];
    let rest = |state: JobState| {
        let fact = Fact::Committed(vec![noted(job(1, 1, state), &notes)]);
        reasons(&history(begun().into_iter().chain([fact])), Moment::Rest)
    };
    only(
        Promise::Reasons,
        &rest(granted(1)),
        "job 1000.1 is held by agent a",
    );
    only(Promise::Reasons, &rest(queued()), "job 1000.1 is queued");
    only(
        Promise::Reasons,
        &rest(resting(Verdict::Unknown)),
        "job 1000.1 rests as unknown",
    );
    assert_eq!(rest(resting(Verdict::Stuck)), []);
    let mut other = job(0, 0, queued());
    other.id.release = ReleaseId::from_number(1);
    other.kind = job(1, 0, queued()).kind;
    let both = Fact::Committed(vec![
        noted(job(1, 1, resting(Verdict::Stuck)), &notes),
        kept(other),
    ]);
    let both = history(begun().into_iter().chain([both]));
    assert_eq!(reasons(&both, Moment::Rest), []);
}

#[test]
fn what_waits_for_one_that_is_blocked_may_wait_too() {
    let notes = [suspend_intent(), update_intent()];
    // Job 1001.0 is in line behind a rollout of another release, and 1001.2 needs it.
    let rest = |holder: JobState, attempt| {
        let of = |index, attempt| {
            let mut other = job(index, attempt, queued());
            other.id.release = ReleaseId::from_number(1);
            other
        };
        let mut first = of(0, attempt);
        first.kind = job(1, 0, queued()).kind;
        let mut second = of(2, 0);
        second.kind = JobKind::Build;
        second.needs = vec![0];
        let all = vec![noted(job(1, 1, holder), &notes), kept(first), kept(second)];
        let facts = begun().into_iter().chain([Fact::Committed(all)]);
        let broken = reasons(&history(facts), Moment::Rest);
        let of_second = broken
            .iter()
            .filter(|b| b.what.contains("job 1001.2 is queued"));
        of_second.count()
    };
    assert_eq!(rest(resting(Verdict::Stuck), 0), 0);
    assert_eq!(rest(resting(Verdict::Stuck), 1), 1, "it was granted once");
    assert_eq!(rest(resting(Verdict::Unknown), 0), 1);
}

#[test]
fn parts_of_a_trace_outside_of_their_whole_or_without_an_end_break_the_eighth_promise() {
    let told = |change| {
        let facts = whole().into_iter().chain([Fact::Committed(vec![change])]);
        traces(&history(facts), Moment::Rest)
    };
    let mut early = release(5, Some(Verdict::Live));
    early.ended_at = Some(at(50));
    only(Promise::Traces, &told(changed(early)), "lies outside");
    only(Promise::Traces, &told(grant(6, 60, 2)), "has no end");
}
