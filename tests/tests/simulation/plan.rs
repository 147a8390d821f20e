//! What a seed means: who wants what when, and what goes wrong.

use std::time::Duration;

use shipway_server::config::LeaseConfig;

use crate::ambush::Ambush;
use crate::aws;
use crate::lots::Lots;

pub(crate) const AGENTS: [&str; 2] = ["agent-a", "agent-b"];
/// Longer than anything that comes to an end by itself.
const LONG: Duration = Duration::from_secs(600);
const HOSTS: [&str; 4] = ["server", "agent-a", "agent-b", "people"];

/// All that a seed decides ahead.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) lease: LeaseConfig,
    pub(crate) capacity: u32,
    pub(crate) wishes: Vec<Wish>,
    /// In the order of their times.
    pub(crate) acts: Vec<(Duration, Act)>,
    /// What waits for its moment.
    pub(crate) ambushes: Vec<Ambush>,
    pub(crate) weather: Weather,
    /// Nothing goes wrong any more from then on.
    pub(crate) calm_at: Duration,
}

/// What somebody wants.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) at: Duration,
    pub(crate) app: usize,
    pub(crate) want: Want,
    /// Asked for once more with the same key, so much later.
    pub(crate) again: Option<Duration>,
    pub(crate) cancel: Option<Cancel>,
}

/// When somebody wants the end of a release.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cancel {
    /// So long after it was taken in.
    After(Duration),
    /// So long after ECS has taken its first update.
    OnceUpdated(Duration),
}

#[derive(Clone, Debug)]
pub(crate) enum Want {
    Deploy {
        image: &'static str,
        suspend: bool,
        force: bool,
        breaker: bool,
        priority: u8,
        timeout: Duration,
    },
    Rollback,
}

/// What is done to hosts and to the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Partition(&'static str, &'static str),
    OneWay(&'static str, &'static str),
    Repair(&'static str, &'static str),
    Hold(&'static str, &'static str),
    Release(&'static str, &'static str),
    Crash(&'static str),
    Stop(&'static str),
    Start(&'static str),
    Jump(&'static str, i64),
    Latency(Duration),
    /// For so long, hardly any change of auto scaling is taken.
    Storm(Duration),
    /// For so long, every change is taken late.
    Lull(Duration),
}

/// How calls of AWS fare, in percent of the calls.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    pub(crate) failing: u64,
    pub(crate) lost: u64,
    pub(crate) late: u64,
    /// How late at most, in milliseconds.
    pub(crate) latest: u64,
    pub(crate) slow: u64,
    /// Calls of auto scaling that fail.
    pub(crate) scaling: u64,
    /// Account, from when, until when.
    pub(crate) expired: Vec<(&'static str, Duration, Duration)>,
}

impl Plan {
    pub(crate) fn new(lots: &Lots) -> Self {
        let calm_at = lots.millis(120_000, 300_000);
        let calm = u64::try_from(calm_at.as_millis()).expect("a short time");
        let wishes = 2 + lots.below(6);
        let wishes: Vec<Wish> = (0..wishes).map(|_| wish(lots, calm)).collect();
        let mut acts: Vec<(Duration, Act)> = Vec::new();
        for _ in 0..lots.below(9) {
            acts.extend(trouble(lots, calm));
        }
        let lease = *lots.pick(&[(60, 20, 15), (36, 12, 15), (30, 10, 15)]);
        if lots.chance(75) {
            acts.extend(silence(lots, calm, lease.0));
        }
        let mut ambushes: Vec<Ambush> = (0..lots.below(4))
            .map(|_| Ambush::new(lots, lease.0))
            .collect();
        // Somebody wants the end of what its agent has just begun, and cannot tell the agent.
        if wishes.iter().any(Wish::is_endless) && lots.chance(60) {
            ambushes.push(Ambush::deaf(lots, lease.0));
        }
        acts.sort_by_key(|(at, _)| *at);
        let mut plan = Self {
            lease: LeaseConfig {
                seconds: lease.0,
                renew_seconds: lease.1,
                margin_seconds: lease.2,
                ..LeaseConfig::default()
            },
            capacity: *lots.pick(&[1, 2, 4]),
            wishes,
            acts,
            ambushes,
            weather: weather(lots, calm),
            calm_at,
        };
        if lots.chance(30) {
            plan.ambushes.push(Ambush::overtaken(lots));
        }
        plan
    }
}

impl Wish {
    /// Whether nothing ends it but somebody who wants its end.
    fn is_endless(&self) -> bool {
        let lasts = matches!(
            self.want,
            Want::Deploy { image, breaker: false, timeout: LONG, .. } if image.starts_with("bad")
        );
        lasts && self.cancel.is_some()
    }
}

fn wish(lots: &Lots, calm: u64) -> Wish {
    let broken = lots.chance(20);
    let endless = broken && lots.chance(50);
    let images = if broken { 6..8 } else { 0..6 };
    let want = if lots.chance(15) {
        Want::Rollback
    } else {
        Want::Deploy {
            image: lots.pick::<&str>(&aws::IMAGES[images]),
            suspend: lots.chance(60),
            force: lots.chance(10),
            breaker: !endless && lots.chance(85),
            priority: *lots.pick(&[50, 50, 50, 10, 90]),
            timeout: if endless {
                LONG
            } else {
                *lots.pick(&[Duration::from_secs(120), LONG])
            },
        }
    };
    Wish {
        at: lots.millis(0, calm * 3 / 4),
        app: usize::try_from(lots.below(3)).expect("small"),
        want,
        again: lots.chance(50).then(|| lots.millis(0, 200_000)),
        cancel: cancel(lots, endless),
    }
}

fn cancel(lots: &Lots, endless: bool) -> Option<Cancel> {
    if endless || lots.chance(15) {
        let soon = if lots.chance(60) { 3_000 } else { 15_000 };
        return Some(Cancel::OnceUpdated(lots.millis(0, soon)));
    }
    let after = || Cancel::After(lots.millis(0, 120_000));
    lots.chance(25).then(after)
}

fn weather(lots: &Lots, calm: u64) -> Weather {
    let mild = lots.chance(30);
    let percent = |most: u64| if mild { 0 } else { lots.below(most + 1) };
    let expired = (0..lots.below(3)).map(|_| {
        let from = lots.millis(0, calm);
        let until = from + lots.millis(2_000, 60_000);
        (*lots.pick(&aws::ACCOUNTS), from, until)
    });
    Weather {
        failing: percent(10),
        lost: percent(15),
        late: percent(15),
        latest: *lots.pick(&[2_000, 9_000, 9_000]),
        slow: percent(10),
        scaling: if lots.chance(25) { lots.below(70) } else { 0 },
        expired: if mild { Vec::new() } else { expired.collect() },
    }
}

/// An agent is not heard for a lease or so; the coordinator may come back from a crash meanwhile.
fn silence(lots: &Lots, calm: u64, lease: u64) -> Vec<(Duration, Act)> {
    let agent = *lots.pick::<&str>(&AGENTS);
    let from = lots.millis(20_000, calm / 2);
    let until = from + lots.millis(lease * 300, lease * 2_500);
    let mut acts = vec![
        (from, Act::Partition("server", agent)),
        (until, Act::Repair("server", agent)),
    ];
    if lots.chance(50) {
        let crash = from + lots.millis(100, 3_000);
        let start = crash + lots.millis(100, 2_000);
        acts.extend([(crash, Act::Crash("server")), (start, Act::Start("server"))]);
    }
    acts
}

/// One thing that goes wrong, and its end.
fn trouble(lots: &Lots, calm: u64) -> Vec<(Duration, Act)> {
    let from = lots.millis(1_000, calm);
    let until = from + lots.millis(500, if lots.chance(30) { 100_000 } else { 25_000 });
    let other = *lots.pick(&HOSTS[1..]);
    match lots.below(12) {
        0 | 1 => vec![
            (from, Act::Partition("server", other)),
            (until, Act::Repair("server", other)),
        ],
        2 => vec![
            (from, Act::OneWay("server", other)),
            (until, Act::Repair("server", other)),
        ],
        3 => vec![
            (from, Act::OneWay(other, "server")),
            (until, Act::Repair("server", other)),
        ],
        4 => vec![
            (from, Act::Hold("server", other)),
            (until, Act::Release("server", other)),
        ],
        5 => vec![
            (from, Act::Latency(lots.millis(300, 3_000))),
            (until, Act::Latency(NEAR)),
        ],
        6 | 7 => {
            let host = *lots.pick(&HOSTS[..3]);
            vec![(from, Act::Crash(host)), (until, Act::Start(host))]
        }
        8 => {
            // All at once.
            let hosts = &HOSTS[..3];
            let crashes = hosts.iter().map(|host| (from, Act::Crash(host)));
            let starts = hosts.iter().map(|host| {
                let at = from + lots.millis(500, 30_000);
                (at, Act::Start(host))
            });
            crashes.chain(starts).collect()
        }
        9 => {
            let host = *lots.pick(&HOSTS[..3]);
            vec![(from, Act::Stop(host)), (until, Act::Start(host))]
        }
        _ => {
            let sign = if lots.chance(70) { 1 } else { -1 };
            let millis = i64::try_from(lots.below(90_000)).expect("small");
            let host = *lots.pick::<&str>(&HOSTS[..3]);
            vec![(from, Act::Jump(host, sign * millis))]
        }
    }
}

/// The longest way of a message when nothing slows it.
pub(crate) const NEAR: Duration = Duration::from_millis(150);
