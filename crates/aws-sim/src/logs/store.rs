//! What is kept of each log stream: its last lines.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::clock::SimTime;

/// Lines kept of a stream.
const LINES: usize = 1_000;
/// Bytes kept of a line.
const LINE: usize = 8 << 10;
/// Streams kept in a region; the one that has been silent for longest goes first.
const STREAMS: usize = 2_000;

/// The log streams of one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    /// By group, then by stream.
    groups: BTreeMap<String, Streams>,
    /// Groups of the seed.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) listed: BTreeSet<String>,
    /// Whether there are no others but those that tasks make themselves.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) complete: bool,
}

/// The streams of one group, by name; oldest lines first.
pub(super) type Streams = BTreeMap<String, VecDeque<Line>>;

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// When it was written.
    pub(crate) at: SimTime,
    /// Without its line break.
    pub(crate) text: String,
}

/// The stream that the log driver `awslogs` writes for a container of a task.
pub(crate) fn stream_name(prefix: &str, container: &str, task: &str) -> String {
    format!("{prefix}/{container}/{task}")
}

impl Store {
    /// Adds a line to a stream; group and stream come into being with their first line.
    pub(crate) fn write(&mut self, group: &str, stream: &str, at: SimTime, text: &str) {
        let known = self.groups.entry(group.to_owned()).or_default();
        let is_new = !known.contains_key(stream);
        let lines = known.entry(stream.to_owned()).or_default();
        let end = text.floor_char_boundary(LINE);
        let text = text[..end].to_owned();
        lines.push_back(Line { at, text });
        if lines.len() > LINES {
            lines.pop_front();
        }
        if is_new {
            self.forget_silent();
        }
    }

    /// Whether a group was seeded or written to.
    pub(super) fn has(&self, group: &str) -> bool {
        self.listed.contains(group) || self.groups.contains_key(group)
    }

    /// The groups that were ever written to, by name.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&str, &Streams)> {
        let each = self.groups.iter();
        each.map(|(name, streams)| (name.as_str(), streams))
    }

    /// The streams of a group; `None` when nothing was ever written to it.
    pub(super) fn group(&self, name: &str) -> Option<&Streams> {
        self.groups.get(name)
    }

    fn forget_silent(&mut self) {
        let all = || self.groups.iter();
        if all().map(|(_, streams)| streams.len()).sum::<usize>() <= STREAMS {
            return;
        }
        let last = |lines: &VecDeque<Line>| lines.back().map(|line| line.at);
        let silent = all()
            .flat_map(|(group, streams)| {
                let each = streams.iter();
                each.map(move |(stream, lines)| (last(lines), group, stream))
            })
            .min()
            .map(|(_, group, stream)| (group.clone(), stream.clone()));
        if let Some((group, stream)) = silent
            && let Some(streams) = self.groups.get_mut(&group)
        {
            streams.remove(&stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines<'s>(store: &'s Store, group: &str, stream: &str) -> Option<&'s VecDeque<Line>> {
        store.group(group)?.get(stream)
    }

    fn at(second: u64) -> SimTime {
        SimTime::from_micros(second * 1_000_000)
    }

    #[test]
    fn a_stream_keeps_its_last_lines() {
        let mut store = Store::default();
        for second in 0..1_500 {
            store.write(
                "/ecs/web",
                "ecs/app/1",
                at(second),
                &format!("line {second}"),
            );
        }
        let kept = lines(&store, "/ecs/web", "ecs/app/1").unwrap();
        assert_eq!(kept.len(), LINES);
        let ends: Vec<&str> = kept.iter().map(|line| line.text.as_str()).collect();
        assert_eq!((ends[0], ends[LINES - 1]), ("line 500", "line 1499"));
        assert!(lines(&store, "/ecs/web", "ecs/app/2").is_none());
    }

    #[test]
    fn the_most_silent_stream_is_forgotten_first() {
        let mut store = Store::default();
        for number in 0..=STREAMS as u64 {
            store.write(
                "/ecs/web",
                &format!("ecs/app/{number}"),
                at(number),
                "hello",
            );
        }
        assert!(lines(&store, "/ecs/web", "ecs/app/0").is_none());
        assert!(lines(&store, "/ecs/web", "ecs/app/1").is_some());
        assert!(store.group("/ecs/web").is_some() && store.group("/ecs/other").is_none());
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let mut store = Store::default();
        store.write("g", "s", at(0), &"ä".repeat(LINE));
        let line = lines(&store, "g", "s").and_then(VecDeque::front).unwrap();
        assert_eq!(line.text.len(), LINE);
    }
}
