//! How many tasks a rolling update may stop and start (ecs-facts 1.1).

/// Lower and upper bound in percent of the desired count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentages {
    /// Healthy tasks that must stay, in percent of desired, 0 to 100.
    pub minimum_healthy: u32,
    /// Tasks that may run at once, in percent of desired, 100 to 400.
    pub maximum: u32,
}

/// The named strategies of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Never fewer than desired, and few more: 100/150.
    Conservative,
    /// Never fewer than desired, twice as many for a while: 100/200.
    Balanced,
    /// Half may be missing for a while: 50/200.
    Aggressive,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Conservative, Self::Balanced, Self::Aggressive];

    /// The name in the manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conservative => "conservative",
            Self::Balanced => "balanced",
            Self::Aggressive => "aggressive",
        }
    }

    /// What it means.
    #[must_use]
    pub const fn percentages(self) -> Percentages {
        let (minimum_healthy, maximum) = match self {
            Self::Conservative => (100, 150),
            Self::Balanced => (100, 200),
            Self::Aggressive => (50, 200),
        };
        Percentages {
            minimum_healthy,
            maximum,
        }
    }
}

/// Bounds in tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Healthy tasks that must stay.
    pub lower: u32,
    /// Tasks that may be pending, running or stopping at once.
    pub upper: u32,
}

impl Percentages {
    /// The bounds of a service that wants `desired` tasks: lower is rounded up, upper down.
    #[must_use]
    pub fn of(self, desired: u32) -> Bounds {
        let part = |percent: u32| u64::from(desired) * u64::from(percent);
        Bounds {
            lower: saturate(part(self.minimum_healthy).div_ceil(100)),
            upper: saturate(part(self.maximum) / 100),
        }
    }

    /// Whether a rolling update of `desired` healthy tasks could neither stop nor start one. ECS
    /// does not fail such a deployment, it waits for ever.
    #[must_use]
    pub fn is_stuck(self, desired: u32) -> bool {
        let Bounds { lower, upper } = self.of(desired);
        desired > 0 && lower >= desired && upper <= desired
    }

    /// The smallest desired count that is not stuck; every larger one is not stuck either. `None`
    /// when every count is (100/100).
    #[must_use]
    pub fn smallest_that_moves(self) -> Option<u32> {
        let room = self
            .maximum
            .saturating_sub(100)
            .max(100_u32.saturating_sub(self.minimum_healthy));
        (room > 0).then(|| 100_u32.div_ceil(room))
    }
}

fn saturate(tasks: u64) -> u32 {
    u32::try_from(tasks).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Bounds, Percentages, Strategy};

    #[test]
    fn strategies_are_called_as_in_the_manifest() {
        let names = Strategy::ALL.map(Strategy::name);
        assert_eq!(names, ["conservative", "balanced", "aggressive"]);
    }

    #[test]
    fn bounds_are_those_of_the_documentation() {
        let table = [
            (4, 100, 200, 4, 8, false),
            (4, 50, 100, 2, 4, false),
            (2, 75, 100, 2, 2, true),
            (3, 100, 125, 3, 3, true),
            (1, 100, 200, 1, 2, false),
            (1, 0, 100, 0, 1, false),
            (0, 100, 100, 0, 0, false),
        ];
        for (desired, minimum_healthy, maximum, lower, upper, stuck) in table {
            let percentages = Percentages {
                minimum_healthy,
                maximum,
            };
            assert_eq!(percentages.of(desired), Bounds { lower, upper });
            assert_eq!(
                percentages.is_stuck(desired),
                stuck,
                "{desired} {percentages:?}"
            );
        }
    }

    #[test]
    fn no_strategy_is_stuck_with_two_tasks_and_balanced_with_none() {
        for strategy in Strategy::ALL {
            assert!(!strategy.percentages().is_stuck(2), "{}", strategy.name());
        }
        assert_eq!(
            Strategy::Conservative.percentages().smallest_that_moves(),
            Some(2)
        );
        assert_eq!(
            Strategy::Balanced.percentages().smallest_that_moves(),
            Some(1)
        );
    }

    proptest! {
        #[test]
        fn from_the_smallest_that_moves_on_everything_moves(
            minimum_healthy in 0_u32..=100, maximum in 100_u32..=400, desired in 1_u32..300
        ) {
            let percentages = Percentages { minimum_healthy, maximum };
            let moves = percentages.smallest_that_moves().is_some_and(|smallest| desired >= smallest);
            prop_assert_eq!(moves, !percentages.is_stuck(desired));
        }
    }
}
