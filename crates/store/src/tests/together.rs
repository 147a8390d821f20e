//! What may be kept of a commit that a crash cuts off.

use shipway_domain::change::Change;

use super::support::*;
use crate::encode::encode;
use crate::engine::Writes;
use crate::key::Key;

fn encoded(changes: &[Change]) -> Writes {
    let mut writes = Writes::new();
    encode(changes, &mut writes).expect("it fits");
    writes
}

#[test]
fn new_releases_stand_by_themselves_and_the_newest_is_written_first() {
    let changes = [submission(7), submission(8), submission(9)].concat();
    let writes = encoded(&changes);
    let keys: Vec<&[u8]> = writes.iter().map(|(key, _)| key).collect();
    let wanted = [9, 8, 7].map(|number| Key::birth(id(number)));
    assert_eq!(keys, wanted.each_ref().map(AsRef::as_ref));
    assert!(writes.stand_by_themselves());
}

#[test]
fn a_new_release_with_any_other_change_is_kept_with_it_or_not_at_all() {
    let born = [submission(7), submission(8)].concat();
    for other in [
        Change::Target(slot("web", Some(job_id(7, 1)))),
        Change::Release(release(3).into()),
        Change::Job(job(3, 0).into()),
        Change::Event {
            release: id(3),
            event: event(2),
        },
    ] {
        let writes = encoded(&[born.clone(), vec![other.clone()]].concat());
        assert_eq!(writes.len(), 3);
        assert!(!writes.stand_by_themselves(), "{other:?}");
    }
}

#[test]
fn a_release_that_comes_in_pieces_is_kept_with_them_or_not_at_all() {
    let mut changes = submission(7);
    changes.extend((0..2000).map(|index| Change::Job(job(7, index).into())));
    let writes = encoded(&[changes, submission(8)].concat());
    assert!(writes.len() > 2, "{}", writes.len());
    assert!(!writes.stand_by_themselves());
}
