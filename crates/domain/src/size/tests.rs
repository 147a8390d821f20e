//! Bounds hold to the byte, and what is cut says how much there was.

use super::*;
use crate::ids::Digest;
use crate::job::{BuiltImage, RolloutReport};
use crate::time::Timestamp;
use crate::verdict::Verdict;

fn finding(lines: usize) -> Finding {
    Finding {
        code: "c".repeat(3),
        cause: "c".repeat(5),
        evidence: (0..lines).map(|_| "e".repeat(7)).collect(),
        remedy: "r".repeat(11),
    }
}

fn report(findings: usize) -> RolloutReport {
    RolloutReport {
        verdict: Verdict::Failed,
        unchanged: false,
        summary: "s".repeat(13),
        image_digest: Some(Digest::of(b"image")),
        task_definition: Some("t".repeat(17)),
        serving: Some("s".repeat(19)),
        service_deployment: Some("d".repeat(23)),
        running: 1,
        desired: 1,
        findings: vec![finding(2); findings],
    }
}

#[test]
fn a_release_has_events_for_each_of_its_jobs_and_once_more() {
    assert_eq!(most_events(0), 20_000);
    assert_eq!(most_events(3), 80_000);
}

#[test]
fn the_bounds_are_those_that_are_documented() {
    assert_eq!((OUTCOME, NOTE, NOTES), (24_576, 2048, 24_576));
    assert_eq!((NOTES_BACK, TEXT), (4096, 4096));
}

#[test]
fn an_outcome_weighs_all_its_texts_and_what_lies_around_each() {
    let image = BuiltImage {
        name: "n".repeat(3),
        digest: Digest::of(b"image"),
        accepted: vec![Digest::of(b"image"), Digest::of(b"platform")],
        builder: "b".repeat(5),
        tags: vec!["t".repeat(7), "t".repeat(11)],
        bytes_pushed: 0,
        reused: false,
        scan: Some("s".repeat(13)),
    };
    let digest = image.digest.as_str().len();
    let one_finding = [3, 5, 7, 7, 11];
    let cancelled = StopReason::Cancelled {
        by: "b".repeat(3),
        reason: "r".repeat(5),
    };
    let rolled = [&[13, digest, 17, 19, 23][..], &one_finding, &one_finding].concat();
    let table = [
        (
            Outcome::Built(image),
            vec![3, 5, digest, digest, digest, 7, 11, 13],
        ),
        (Outcome::RolledOut(report(2)), rolled),
        (Outcome::Failed(finding(2)), one_finding.to_vec()),
        (
            Outcome::Settled {
                what: "w".repeat(3),
            },
            vec![3],
        ),
        (Outcome::Stopped(cancelled), vec![3, 5]),
    ];
    for (outcome, texts) in table {
        let expected = texts.iter().map(|text| text + AROUND).sum::<usize>() + 4 * AROUND;
        assert_eq!(weigh(&outcome), expected, "{outcome:?}");
    }
}

#[test]
fn entries_beyond_their_number_are_counted_and_those_that_fit_stay() {
    let mut outcome = Outcome::RolledOut(report(4));
    shrink(&mut outcome, 100, 4);
    assert_eq!(outcome, Outcome::RolledOut(report(4)));
    let mut outcome = Outcome::RolledOut(report(7));
    shrink(&mut outcome, 100, 4);
    let Outcome::RolledOut(cut) = outcome else {
        panic!("another outcome")
    };
    assert_eq!(cut.findings.len(), 4);
    assert!(
        cut.summary.ends_with(" [cut: 3 more findings]"),
        "{}",
        cut.summary
    );

    let mut whole = finding(4);
    shrink_finding(&mut whole, 100, 4);
    assert_eq!(whole, finding(4));
    let mut cut = finding(7);
    shrink_finding(&mut cut, 100, 4);
    assert_eq!(cut.evidence.len(), 4);
    assert_eq!(cut.evidence[3], "[cut: 4 more lines]");
}

#[test]
fn a_text_is_cut_between_two_characters() {
    let whole = "\u{e9}".repeat(100);
    let mut text = whole.clone();
    cut(&mut text, 200);
    assert_eq!(text, whole);
    cut(&mut text, 199);
    let kept = "\u{e9}".repeat((199 - MARK) / 2);
    assert_eq!(text, format!("{kept} [cut: it had 200 bytes]"));
}

#[test]
fn notes_fill_their_room_to_the_byte_and_those_of_a_way_back_a_little_more() {
    let family = |size: usize| Checkpoint::RegisterIntent {
        family: "f".repeat(size - AROUND_NOTE),
        at: Timestamp::ZERO,
    };
    assert_eq!(may_note(&[], &family(NOTE)), Ok(()));
    assert!(may_note(&[], &family(NOTE + 1)).is_err());
    let all = |size: usize| vec![family(NOTE); size / NOTE];
    let full = all(NOTES - NOTE);
    assert_eq!(may_note(&full, &family(NOTE)), Ok(()));
    assert!(may_note(&all(NOTES), &family(AROUND_NOTE)).is_err());
    let back = Checkpoint::StopAsked;
    let last = family(NOTE - AROUND_NOTE);
    let mut room = all(NOTES + NOTES_BACK - NOTE);
    room.push(last);
    assert_eq!(may_note(&room, &back), Ok(()));
    room.push(back.clone());
    let told = may_note(&room, &back).unwrap_err();
    assert!(told.contains("at most 28672 are possible"), "{told}");
}
