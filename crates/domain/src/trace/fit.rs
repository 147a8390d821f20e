//! Fits times of AWS into those of a job. Where both clocks agree they stay as they are; else they are laid between what
//! is known to have come before and after.

use crate::time::Timestamp;

/// How far clocks may be apart and still agree, in milliseconds.
const AGREE: u64 = 1_000;

/// Turns times of AWS into the coordinator's.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fit {
    /// First and last time of AWS, and those of ours that they belong to; `None` while the clocks agree.
    between: Option<[(u64, u64); 2]>,
}

impl Fit {
    /// Of a job whose first new task can have been made at `begin` at the earliest, and of looks: what of AWS was seen
    /// last, and when it was heard of. `made` is when AWS says that the first new task was.
    pub(super) fn of(
        begin: Timestamp,
        made: Option<Timestamp>,
        looks: impl Iterator<Item = (Timestamp, Timestamp)>,
    ) -> Self {
        let (mut last, mut ahead) = (None, 0);
        for (theirs, ours) in looks {
            ahead = ahead.max(theirs.millis().saturating_sub(ours.millis()));
            last = last.max(Some((theirs.millis(), ours.millis())));
        }
        let Some((theirs, ours)) = last else {
            return Self::default();
        };
        let first = made.map_or(theirs, Timestamp::millis);
        // Old tasks are from before: only a new one shows that a clock is behind.
        let behind = made.map_or(0, |made| begin.millis().saturating_sub(made.millis()));
        if ahead <= AGREE && behind <= AGREE {
            return Self::default();
        }
        let begin = begin.millis().min(ours);
        Self {
            between: Some([(first, begin), (theirs, ours)]),
        }
    }

    /// Whether the clocks do not agree.
    pub(super) const fn is_needed(self) -> bool {
        self.between.is_some()
    }

    /// A time of AWS in ours.
    pub(super) fn place(self, theirs: Timestamp) -> Timestamp {
        let Some([(first, begin), (last, end)]) = self.between else {
            return theirs;
        };
        let at = theirs.millis();
        if last <= first {
            let ahead = i128::from(last) - i128::from(end);
            return shifted(at, -ahead);
        }
        let (span, ours) = (i128::from(last - first), i128::from(end - begin));
        let past = (i128::from(at) - i128::from(first)) * ours / span;
        shifted(begin, past)
    }
}

fn shifted(at: u64, by: i128) -> Timestamp {
    let at = (i128::from(at) + by).clamp(0, i128::from(u64::MAX));
    Timestamp::from_millis(u64::try_from(at).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::Fit;
    use crate::time::Timestamp;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn where_clocks_agree_nothing_is_changed() {
        let looks = [(at(105_000), at(106_000)), (at(110_900), at(110_000))];
        let fit = Fit::of(at(100_000), Some(at(101_000)), looks.into_iter());
        assert!(!fit.is_needed());
        assert_eq!(fit.place(at(103_123)), at(103_123));
        assert!(!Fit::of(at(5), None, [].into_iter()).is_needed(), "no look");
    }

    #[test]
    fn a_clock_that_is_minutes_ahead_or_behind_is_set_right() {
        for off in [-840_000_i64, 840_000] {
            let theirs = |millis: u64| at(millis.saturating_add_signed(off));
            let looks = [
                (theirs(1_004_000), at(1_004_000)),
                (theirs(1_060_000), at(1_060_000)),
            ];
            let fit = Fit::of(at(1_000_000), Some(theirs(1_000_000)), looks.into_iter());
            assert!(fit.is_needed());
            for millis in [1_000_000, 1_030_000, 1_060_000] {
                assert_eq!(fit.place(theirs(millis)), at(millis), "{off}");
            }
        }
    }

    #[test]
    fn a_clock_that_runs_faster_is_laid_between_begin_and_end() {
        // Sixty times as fast: a minute of theirs is a second of ours.
        let looks = [(at(160_000), at(101_000)), (at(400_000), at(105_000))];
        let fit = Fit::of(at(100_000), Some(at(100_000)), looks.into_iter());
        assert_eq!(fit.place(at(100_000)), at(100_000));
        assert_eq!(fit.place(at(220_000)), at(102_000));
        assert_eq!(fit.place(at(400_000)), at(105_000));
    }

    #[test]
    fn of_a_single_look_the_difference_is_taken() {
        let fit = Fit::of(at(50_000), None, [(at(90_000), at(60_000))].into_iter());
        assert_eq!(fit.place(at(88_000)), at(58_000));
    }
}
