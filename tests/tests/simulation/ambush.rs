//! Trouble that waits for its moment: what chance alone would hardly ever hit.

use std::time::Duration;

use shipway_domain::checkpoint::Checkpoint;

use crate::lots::Lots;
use crate::plan::{AGENTS, Act};

/// Something that became durable of a job that an agent has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Granted,
    SuspendMeant,
    Suspended,
    UpdateMeant,
    Updated,
    StopMeant,
    /// Its flags were put back.
    Resumed,
    /// Somebody wants its end.
    Unwanted,
}

const MOMENTS: [Moment; 8] = [
    Moment::Granted,
    Moment::SuspendMeant,
    Moment::Suspended,
    Moment::UpdateMeant,
    Moment::Updated,
    Moment::StopMeant,
    Moment::Resumed,
    Moment::Unwanted,
];

impl Moment {
    /// The moment that this note is.
    pub(crate) const fn of(note: &Checkpoint) -> Option<Self> {
        match note {
            Checkpoint::SuspendIntent { .. } => Some(Self::SuspendMeant),
            Checkpoint::Suspended => Some(Self::Suspended),
            Checkpoint::UpdateIntent { .. } => Some(Self::UpdateMeant),
            Checkpoint::Updated { .. } => Some(Self::Updated),
            Checkpoint::StopIntent { .. } => Some(Self::StopMeant),
            Checkpoint::Resumed => Some(Self::Resumed),
            _ => None,
        }
    }
}

/// What happens once a moment has come.
#[derive(Clone, Debug)]
pub(crate) struct Ambush {
    at: Moment,
    /// Moments of the kind that are let pass.
    skip: u64,
    surprise: Surprise,
}

#[derive(Clone, Debug)]
enum Surprise {
    /// The agent is not heard for so long.
    Silence(Duration),
    /// The agent's process dies, and comes back after so long.
    Death(Duration),
    /// The coordinator's dies.
    Restart(Duration),
    /// Both die; the agent comes back this much later.
    Both(Duration, Duration),
    /// The agent dies so soon, with its call on its way, and is back before that lands.
    Overtaken(Duration, Duration),
    /// Auto scaling refuses changes for so long.
    Storm(Duration),
}

impl Ambush {
    /// One by chance; leases have so many seconds.
    pub(crate) fn new(lots: &Lots, lease: u64) -> Self {
        let at = *lots.pick(&MOMENTS);
        let surprise = match lots.below(8) {
            // Within a lease, and beyond it.
            0 => Surprise::Silence(lots.millis(1_000, lease * 800)),
            1 | 2 => Surprise::Silence(lots.millis(lease * 800, lease * 5_000)),
            3 => Surprise::Death(lots.millis(200, lease * 1_500)),
            4 => Surprise::Restart(lots.millis(200, 10_000)),
            5 => Surprise::Both(lots.millis(200, 10_000), lots.millis(0, lease * 1_500)),
            _ => Surprise::Storm(lots.millis(20_000, 300_000)),
        };
        Self {
            at,
            skip: lots.below(2),
            surprise,
        }
    }

    /// The agent hears nothing right after its first update, and is back within its lease.
    pub(crate) fn deaf(lots: &Lots, lease: u64) -> Self {
        Self {
            at: Moment::Updated,
            skip: 0,
            surprise: Surprise::Silence(lots.millis(lease * 100, lease * 700)),
        }
    }

    /// The agent is replaced while its update is on its way.
    pub(crate) fn overtaken(lots: &Lots) -> Self {
        let (dies, back) = (lots.millis(400, 900), lots.millis(100, 900));
        Self {
            at: Moment::UpdateMeant,
            skip: lots.below(2),
            surprise: Surprise::Overtaken(dies, back),
        }
    }

    /// What is done, and how long from now, when this moment of a job of that agent is the one.
    pub(crate) fn spring(&mut self, at: Moment, agent: &str) -> Option<Vec<(Duration, Act)>> {
        if at != self.at {
            return None;
        }
        let Some(skip) = self.skip.checked_sub(1) else {
            let agent = AGENTS.into_iter().find(|known| *known == agent)?;
            return Some(self.surprise.acts(agent));
        };
        self.skip = skip;
        None
    }
}

impl Surprise {
    fn acts(&self, agent: &'static str) -> Vec<(Duration, Act)> {
        let now = Duration::ZERO;
        match *self {
            Self::Silence(time) => vec![
                (now, Act::Partition("server", agent)),
                (time, Act::Repair("server", agent)),
            ],
            Self::Death(time) => vec![(now, Act::Crash(agent)), (time, Act::Start(agent))],
            Self::Restart(time) => {
                vec![(now, Act::Crash("server")), (time, Act::Start("server"))]
            }
            Self::Both(time, more) => vec![
                (now, Act::Crash("server")),
                (now, Act::Crash(agent)),
                (time, Act::Start("server")),
                (time + more, Act::Start(agent)),
            ],
            Self::Overtaken(dies, back) => vec![
                (now, Act::Lull(Duration::from_secs(3))),
                (dies, Act::Crash(agent)),
                (dies + back, Act::Start(agent)),
            ],
            Self::Storm(time) => vec![(now, Act::Storm(time))],
        }
    }
}
