//! One run of a seed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shipway_domain::planted::{self, Bug};
use shipway_runtime::Clock;
use tempfile::TempDir;

use crate::agents::{AgentHost, Life};
use crate::ambush::Ambush;
use crate::aws;
use crate::coordinator::Coordinator;
use crate::diary::Diary;
use crate::facts::Facts;
use crate::ground::Disk;
use crate::lots::Lots;
use crate::people::{Manner, People};
use crate::plan::{AGENTS, Act, NEAR, Plan};
use crate::watch::AwsWatch;

/// How far a step takes the world.
const TICK: Duration = Duration::from_millis(100);
/// Steps between two looks at deployments, and between two checks of the promises.
const LOOK: u32 = 10;
const CHECK: u32 = 300;
/// Everything comes to rest so long after it is calm, or a promise is broken.
const REST: Duration = Duration::from_secs(3_000);

std::thread_local! {
    /// What panicked on this thread: tasks that panic do not end their process.
    static PANICS: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn note_panics() {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.with_borrow_mut(|panics| panics.push(panic.to_string()));
            before(panic);
        }));
    });
}

/// What came of a run.
pub(crate) struct Ended {
    pub(crate) seed: u64,
    pub(crate) broken: Vec<String>,
    pub(crate) diary: String,
    pub(crate) simulated: Duration,
}

struct World<'a> {
    sim: turmoil::Sim<'a>,
    diary: Diary,
    facts: Facts,
    server_stop: Arc<Mutex<tokio_util::sync::CancellationToken>>,
    server_clock: Arc<Mutex<Option<Clock>>>,
    lives: [Arc<Mutex<Life>>; 2],
    aws: AwsWatch,
    /// Until when auto scaling refuses changes.
    storm: Arc<Mutex<Duration>>,
    /// Until when changes are long on their way.
    lull: Arc<Mutex<Duration>>,
}

/// Runs a seed to its end.
pub(crate) fn run(seed: u64, bug: Option<Bug>) -> Ended {
    run_with(seed, bug, false)
}

/// The same, with tasks before and after each rollout.
pub(crate) fn run_with_tasks(seed: u64) -> Ended {
    run_with(seed, None, true)
}

fn run_with(seed: u64, bug: Option<Bug>, tasks: bool) -> Ended {
    note_panics();
    planted::plant(bug);
    let lots = Lots::new(seed);
    let plan = Plan::new(&lots.apart());
    let diary = Diary::default();
    diary.note("seed", format_args!("{seed}: {plan:?}"));
    let facts = Facts::default();
    let flags = aws::flags(&lots.apart());
    let platform = aws::build(seed, &lots.apart(), &diary, &flags);
    let calm = Arc::new(AtomicBool::new(false));
    let (storm, lull) = (Arc::default(), Arc::default());
    aws::set_weather(
        &platform,
        aws::Sky {
            weather: plan.weather.clone(),
            storm: Arc::clone(&storm),
            lull: Arc::clone(&lull),
            calm: Arc::clone(&calm),
        },
        &lots.apart(),
        &diary,
    );
    let folder = || Arc::new(TempDir::new().expect("a folder"));
    let mut sim = turmoil::Builder::new()
        .tick_duration(TICK)
        .simulation_duration(Duration::from_secs(24 * 3600))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(NEAR)
        .tcp_capacity(1 << 16)
        .rng_seed(seed)
        .build();
    let (server_stop, server_clock) = (Arc::default(), Arc::default());
    let coordinator = Coordinator {
        disk: Disk::default(),
        folder: folder(),
        lease: plan.lease.clone(),
        diary: diary.clone(),
        facts: facts.clone(),
        lots: lots.apart(),
        stop: Arc::clone(&server_stop),
        clock: Arc::clone(&server_clock),
    };
    sim.host("server", move || coordinator.clone().run());
    let lives = [(); 2].map(|()| Arc::default());
    for (id, life) in AGENTS.into_iter().zip(&lives) {
        let agent = AgentHost {
            id,
            folder: folder(),
            platform: platform.clone(),
            capacity: plan.capacity,
            diary: diary.clone(),
            lots: lots.apart(),
            life: Arc::clone(life),
        };
        sim.host(id, move || agent.clone().run());
    }
    let (people, wishes) = (
        (diary.clone(), facts.clone(), lots.apart()),
        plan.wishes.clone(),
    );
    sim.client("people", async move {
        let (diary, facts, lots) = people;
        let staged = aws::is_staged(seed);
        let manner = Manner { staged, tasks };
        People::new(diary, facts, lots, manner).run(wishes).await
    });
    let aws = AwsWatch::new(platform, diary.clone(), facts.clone(), &flags);
    let mut world = World {
        sim,
        diary,
        facts,
        aws,
        server_stop,
        server_clock,
        lives,
        storm,
        lull,
    };
    world.live(&plan, &calm);
    world.aws.tasks();
    for panic in PANICS.take() {
        world.facts.broken(format!("somebody panicked: {panic}"));
    }
    let broken = world.facts.all_broken();
    for line in &broken {
        world.diary.note("broken", line);
    }
    let simulated = world.sim.elapsed();
    drop(world.sim);
    Ended {
        seed,
        broken,
        diary: world.diary.text(),
        simulated,
    }
}

impl World<'_> {
    fn live(&mut self, plan: &Plan, calm: &AtomicBool) {
        let mut steps: u32 = 0;
        let mut acts = plan.acts.clone();
        let mut ambushes = plan.ambushes.clone();
        loop {
            let now = self.sim.elapsed();
            self.spring(&mut ambushes, &mut acts);
            let due = acts.partition_point(|(at, _)| *at <= now);
            for (_, act) in acts.drain(..due) {
                if now < plan.calm_at {
                    self.act(&act);
                }
            }
            if now >= plan.calm_at {
                if !calm.swap(true, Ordering::Relaxed) {
                    self.calm();
                }
                self.start_all();
            }
            let people_saw_it = match self.sim.step() {
                Ok(done) => done,
                Err(error) => {
                    self.facts.broken(format!("a host ended badly: {error}"));
                    return;
                }
            };
            self.diary.outside_is(self.sim.elapsed());
            if self.aws.calls() || steps.is_multiple_of(LOOK) {
                self.aws.deployments();
            }
            steps += 1;
            if steps.is_multiple_of(CHECK) && !self.facts.check(false) {
                return;
            }
            let still = calm.load(Ordering::Relaxed) && people_saw_it && self.facts.at_rest();
            if still && self.aws.is_at_rest() {
                self.facts.check(true);
                return;
            }
            if now > plan.calm_at + REST {
                self.facts
                    .broken(format!("nothing ends within {REST:?} of calm weather"));
                return;
            }
        }
    }

    /// Adds what comes now that a moment has come.
    fn spring(&self, ambushes: &mut Vec<Ambush>, acts: &mut Vec<(Duration, Act)>) {
        let now = self.sim.elapsed();
        for (moment, agent) in self.facts.moments() {
            ambushes.retain_mut(|ambush| match ambush.spring(moment, &agent) {
                Some(more) => {
                    acts.extend(more.into_iter().map(|(after, act)| (now + after, act)));
                    false
                }
                None => true,
            });
        }
        acts.sort_by_key(|(at, _)| *at);
    }

    fn act(&mut self, act: &Act) {
        self.diary.note("fault", format_args!("{act:?}"));
        match act {
            Act::Partition(a, b) => self.sim.partition(*a, *b),
            Act::OneWay(from, to) => self.sim.partition_oneway(*from, *to),
            Act::Repair(a, b) => self.sim.repair(*a, *b),
            Act::Hold(a, b) => self.sim.hold(*a, *b),
            Act::Release(a, b) => self.sim.release(*a, *b),
            Act::Crash(host) => self.sim.crash(*host),
            Act::Start(host) => {
                if !self.sim.is_host_running(*host) {
                    self.sim.bounce(*host);
                }
            }
            Act::Stop("server") => self.server_stop.lock().expect("no panic").cancel(),
            Act::Stop(agent) => self.life(agent, |life| life.stop.cancel()),
            Act::Jump("server", millis) => {
                if let Some(clock) = &*self.server_clock.lock().expect("no panic") {
                    clock.jump(*millis);
                }
            }
            Act::Jump(agent, millis) => self.life(agent, |life| {
                if let Some(clock) = &life.clock {
                    clock.jump(*millis);
                }
            }),
            Act::Storm(time) => {
                let until = self.sim.elapsed() + *time;
                *self.storm.lock().expect("no panic") = until;
            }
            Act::Lull(time) => {
                let until = self.sim.elapsed() + *time;
                *self.lull.lock().expect("no panic") = until;
            }
            Act::Latency(longest) => self.sim.set_max_message_latency(*longest),
        }
    }

    fn life(&self, agent: &str, work: impl FnOnce(&Life)) {
        for (id, life) in AGENTS.iter().zip(&self.lives) {
            if *id == agent {
                work(&life.lock().expect("no panic"));
                return;
            }
        }
    }

    /// Everything that was broken from outside works again.
    fn calm(&mut self) {
        self.diary.note("fault", "it is calm from now on");
        self.sim.set_max_message_latency(NEAR);
        for other in ["agent-a", "agent-b", "people"] {
            self.sim.release("server", other);
            self.sim.repair("server", other);
        }
    }

    /// What has ended is started again, as a supervisor would.
    fn start_all(&mut self) {
        for host in ["server", "agent-a", "agent-b"] {
            if !self.sim.is_host_running(host) {
                self.sim.bounce(host);
            }
        }
    }
}
