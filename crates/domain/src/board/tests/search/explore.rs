//! Breadth first over everything that can happen, and back from the ends.

use std::collections::{HashMap, VecDeque};

use super::canon::canon;
use super::moves::{Move, moves, stale};
use super::state::{State, World};
use crate::board::{Input, Refusal};
use crate::promise::{Broken, board as promised};

/// What a search found.
pub(super) struct Found {
    /// Different boards.
    pub(super) states: usize,
    /// Moves that were tried and not refused.
    pub(super) transitions: usize,
    /// Cooperative moves from the board that is farthest from the end of all jobs.
    pub(super) farthest: usize,
}

#[derive(Default)]
struct Graph {
    known: HashMap<Box<[u8]>, u32>,
    /// How each state was first reached.
    parents: Vec<(u32, Option<Move>)>,
    /// Cooperative moves, backwards: to, from.
    back: Vec<(u32, u32)>,
    /// States in which nothing is left to be done.
    ends: Vec<u32>,
}

impl Graph {
    /// The moves from the start to a state.
    fn path(&self, mut to: u32) -> Vec<Move> {
        let mut path = Vec::new();
        while let (from, Some(step)) = self.parents[to as usize] {
            path.push(step);
            to = from;
        }
        path.reverse();
        path
    }

    /// The number of a state, and whether it is new.
    fn number(&mut self, state: &State, from: u32, step: Option<Move>) -> (u32, bool) {
        let next = u32::try_from(self.parents.len()).unwrap();
        let number = *self.known.entry(canon(state)).or_insert(next);
        if number == next {
            self.parents.push((from, step));
            if state.board.open_releases().next().is_none() {
                self.ends.push(number);
            }
        }
        (number, number == next)
    }

    /// The longest way to an end, or a state without one.
    fn farthest(&self) -> Result<usize, u32> {
        let count = self.parents.len();
        let mut before: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (to, from) in &self.back {
            before[*to as usize].push(*from);
        }
        let mut far: Vec<Option<usize>> = vec![None; count];
        let mut queue: VecDeque<u32> = self.ends.iter().copied().collect();
        for end in &self.ends {
            far[*end as usize] = Some(0);
        }
        while let Some(to) = queue.pop_front() {
            for from in &before[to as usize] {
                if far[*from as usize].is_none() {
                    far[*from as usize] = far[to as usize].map(|steps| steps + 1);
                    queue.push_back(*from);
                }
            }
        }
        match far.iter().position(Option::is_none) {
            Some(lost) => Err(u32::try_from(lost).unwrap()),
            None => Ok(far.into_iter().flatten().max().unwrap_or(0)),
        }
    }
}

pub(super) fn explore(world: &World) -> Found {
    let mut graph = Graph::default();
    let start = State::start(world);
    graph.number(&start, 0, None);
    let mut queue = VecDeque::from([(0, start)]);
    let mut transitions = 0;
    while let Some((number, state)) = queue.pop_front() {
        let fail = |graph: &Graph, step: Option<Move>, broken: &[Broken]| {
            let told: Vec<String> = broken.iter().map(ToString::to_string).collect();
            let path: Vec<Move> = graph.path(number).into_iter().chain(step).collect();
            panic!("{}: after {path:?}\n{}", world.name, told.join("\n"));
        };
        let broken = alone(&state, world);
        if !broken.is_empty() {
            fail(&graph, None, &broken);
        }
        for step in moves(&state, world) {
            let (next, broken) = state.after(world, step);
            if !broken.is_empty() {
                fail(&graph, Some(step), &broken);
            }
            let Some(next) = next else { continue };
            transitions += 1;
            let (to, new) = graph.number(&next, number, Some(step));
            if to != number && step.is_cooperative(&state) {
                graph.back.push((to, number));
            }
            if new {
                queue.push_back((to, next));
            }
        }
    }
    let farthest = graph.farthest().unwrap_or_else(|lost| {
        panic!(
            "{}: no way leads to the end of all jobs after {:?}",
            world.name,
            graph.path(lost)
        )
    });
    Found {
        states: graph.parents.len(),
        transitions,
        farthest,
    }
}

/// What is wrong with a state by itself: the promises of a board, and inputs that must change nothing.
fn alone(state: &State, world: &World) -> Vec<Broken> {
    let mut broken = promised::settled(&state.board);
    for input in stale(state) {
        let decision = state.board.decide(state.now, input).unwrap();
        broken.extend(promised::ignored(&decision));
    }
    for number in 0..state.submitted {
        let again = |other| Input::Submit(State::submission(world, number, other));
        let known = state.board.decide(state.now, again(false)).unwrap();
        let same = known.release.as_ref().is_some_and(|found| found.existed);
        assert!(same && known.changes.is_empty(), "a key is one release");
        let refused = state.board.decide(state.now, again(true));
        assert!(
            matches!(refused, Err(Refusal::KeyTaken { .. })),
            "a key is one content"
        );
    }
    for seat in state.board.agents().filter(|seat| seat.connected) {
        let twin = crate::agent::AgentDescription {
            incarnation: crate::ids::Incarnation(98),
            ..seat.description.clone()
        };
        let hello = Input::Hello {
            agent: twin,
            holds: Vec::new(),
            predecessor: None,
        };
        let refused = state.board.decide(state.now, hello);
        assert!(
            matches!(refused, Err(Refusal::SecondLife(_))),
            "a second living agent of an id is refused"
        );
    }
    let granted = state.held(|_| true);
    let leased: Vec<_> = state.board.leases.keys().collect();
    assert_eq!(
        granted.iter().map(|held| &held.job).collect::<Vec<_>>(),
        leased
    );
    broken
}
