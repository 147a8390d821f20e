//! The waterfall as people see it.

use expect_test::{Expect, expect};
use shipway_domain::time::Timestamp;
use shipway_domain::trace::{
    Context, Moment, Span, SpanId, Status, Trace, TraceId, Value, What, keys,
};

use super::lines;
use crate::text::shown_in_the_readme;

/// A trace in the making: spans by depth, as they are read.
struct Drawn {
    spans: Vec<Span>,
    above: Vec<SpanId>,
}

impl Drawn {
    fn new() -> Self {
        Self {
            spans: Vec::new(),
            above: Vec::new(),
        }
    }

    /// A span below the last one of the depth before, from and until in milliseconds.
    fn span(&mut self, depth: usize, what: What, name: &str, from: u64, until: u64) -> &mut Span {
        let number = u8::try_from(self.spans.len() + 1).unwrap();
        let id = SpanId([number; 8]);
        self.above.truncate(depth);
        let parent = self.above.last().copied();
        self.above.push(id);
        let at = |millis: u64| Timestamp::from_millis(1_767_268_800_000 + millis);
        self.spans.push(Span {
            id,
            parent,
            what,
            name: name.to_owned(),
            from: at(from),
            until: Some(at(until)),
            attributes: Vec::new(),
            moments: Vec::new(),
            links: Vec::new(),
            status: Status::Unset,
            settled: None,
        });
        self.spans.last_mut().unwrap()
    }

    fn attempt(&mut self, depth: usize, agent: &str, from: u64, until: u64) {
        let span = self.span(depth, What::Attempt, "attempt 1", from, until);
        know(span, keys::AGENT, agent);
    }

    fn steps(&mut self, depth: usize, steps: &[(&str, u64, u64)]) {
        for (name, from, until) in steps {
            self.span(depth, What::Step, name, *from, *until);
        }
    }

    /// A task: its parts, each from where the one before ended.
    fn task(&mut self, name: &str, what: What, from: u64, parts: &[(&str, u64)]) -> &mut Span {
        let until = parts.last().map_or(from, |(_, until)| *until);
        self.span(2, what, name, from, until);
        let place = self.spans.len() - 1;
        let mut from = from;
        for (part, until) in parts {
            self.span(3, What::Part, part, from, *until);
            from = *until;
        }
        &mut self.spans[place]
    }

    fn shows(self, expected: &Expect) {
        let trace = Trace {
            context: Context::fresh(TraceId([7; 16])),
            spans: self.spans,
        };
        let lines = lines(&trace, false, Timestamp::ZERO, 110);
        let lines: Vec<String> = lines.iter().map(|line| line.render(false)).collect();
        let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
        let screen = lines.join("\n");
        expected.assert_eq(&screen);
        shown_in_the_readme(&screen);
    }
}

fn know(span: &mut Span, key: &str, value: &str) {
    span.attributes.push((key.to_owned(), value.into()));
}

#[test]
fn a_good_rollout() {
    let mut drawn = Drawn::new();
    drawn.span(0, What::Release, "deploy web → prod", 0, 231_000);
    drawn.span(1, What::Submit, "submit", 0, 412);
    drawn.span(1, What::Job, "build", 420, 39_420);
    drawn.attempt(2, "agent-tools-2", 420, 39_420);
    drawn.steps(
        3,
        &[
            ("identity", 430, 510),
            ("source", 510, 1_300),
            ("build", 1_300, 26_900),
        ],
    );
    drawn.span(4, What::Work, "[build 4/6] RUN npm ci", 2_000, 21_300);
    drawn.steps(
        3,
        &[("push", 26_900, 38_900), ("check-image", 38_900, 39_400)],
    );
    let queue = drawn.span(1, What::Queue, "queue", 39_420, 74_420);
    know(queue, keys::JOB_KIND, "rollout");
    know(queue, keys::QUEUE_REASON, "slot");
    know(queue, keys::QUEUE_TEXT, "slot held by 1006 (ci-web)");
    drawn.span(1, What::Job, "rollout eu-west-1 main/web", 74_430, 231_000);
    let old = [
        ("serving", 134_000),
        ("draining", 194_000),
        ("stopping", 199_000),
    ];
    drawn.task("task 1d0a77c2 (old)", What::OldTask, 74_430, &old);
    let new = [
        ("provisioning", 85_000),
        ("pull", 97_000),
        ("start", 103_000),
        ("until healthy", 131_000),
        ("serving", 231_000),
    ];
    drawn.attempt(2, "agent-prod-1", 74_430, 231_000);
    drawn.steps(
        3,
        &[("register", 74_600, 74_910), ("update", 74_910, 75_300)],
    );
    drawn.span(4, What::Call, "ecs:DescribeServices", 74_920, 75_000);
    drawn.span(4, What::Call, "ecs:UpdateService", 75_010, 75_220);
    drawn.task("task 8c1f02ab", What::NewTask, 76_000, &new);
    let mut spans = drawn.spans.iter();
    let attempt = spans
        .rfind(|span| span.what == What::Attempt)
        .map(|span| span.id);
    drawn.above = vec![drawn.spans[0].id, attempt.unwrap()];
    drawn.steps(
        2,
        &[("follow", 75_300, 229_800), ("verify", 229_800, 230_200)],
    );
    drawn.shows(&expect![[r#"
        deploy web → prod                                                     3 m 51 s  ██████████████████████████████
        ├ submit                                                                412 ms  ▏
        ├ build (agent-tools-2)                                                   39 s  █████
        │ ├ identity                                                             80 ms  ▏
        │ ├ source                                                              790 ms  ▏
        │ ├ build                                                                 25 s  ███▍
        │ │ └ [build 4/6] RUN npm ci                                              19 s  ██▊
        │ ├ push                                                                  12 s     ██
        │ └ check-image                                                         500 ms       ▏
        ├ queue (rollout)  slot held by 1006 (ci-web)                             35 s       ░░░░
        └ rollout eu-west-1 main/web (agent-prod-1)                           2 m 36 s           █████████████████████
          ├ task 1d0a77c2 (old)  serving 59 s, draining 1 m, stopping 5 s      2 m 4 s           ████████░░░░░░░░
          ├ register                                                            310 ms           ▏
          ├ update                                                              390 ms           ▏
          │ └ ecs:UpdateService                                                 210 ms           ▏
          ├ follow                                                            2 m 34 s           ████████████████████▊
          ├ task 8c1f02ab  provision 9 s, pull 12 s, start 6 s, healthy 28 s  2 m 35 s           ░░▒▓▓▓▓▓█████████████
          └ verify                                                              400 ms                               ▏"#]]);
}

#[test]
fn a_failed_rollout() {
    let mut drawn = Drawn::new();
    let bad = || Status::Error("the new container exits with code 1".to_owned());
    drawn
        .span(0, What::Release, "deploy web → prod", 0, 88_000)
        .status = bad();
    drawn.span(1, What::Submit, "submit", 0, 380);
    drawn.span(1, What::Job, "build", 390, 2_400);
    drawn.attempt(2, "agent-tools-2", 390, 2_400);
    drawn.steps(3, &[("check-image", 400, 2_390)]);
    drawn
        .span(1, What::Job, "rollout eu-west-1 main/web", 2_420, 88_000)
        .status = bad();
    drawn.task(
        "task 1d0a77c2 (old)",
        What::OldTask,
        2_420,
        &[("serving", 88_000)],
    );
    for (name, from) in [("task 8c1f02ab", 4_000), ("task 9d2e41bb", 32_000)] {
        let parts = [
            ("provisioning", from + 9_000),
            ("pull", from + 14_000),
            ("start", from + 19_000),
            ("until healthy", from + 21_000),
            ("stopping", from + 23_000),
        ];
        let task = drawn.task(name, What::NewTask, from, &parts);
        task.status = Status::Error("Essential container in task exited".to_owned());
        if from == 4_000 {
            task.moments.push(Moment {
                at: task.from,
                name: "finding".to_owned(),
                attributes: [
                    (keys::CAUSE, "the new container exits with code 1 about 2 s after it starts"),
                    (keys::EVIDENCE, "task 8c1f02ab, container web, exit 1, 12:05:02\n| Error: DATABASE_URL is not set"),
                ]
                .map(|(key, value)| (key.to_owned(), Value::from(value)))
                .into(),
            });
        }
    }
    drawn.attempt(2, "agent-prod-1", 2_420, 88_000);
    drawn.steps(
        3,
        &[
            ("register", 2_600, 2_900),
            ("update", 2_900, 3_300),
            ("follow", 3_300, 87_500),
            ("verify", 87_500, 87_900),
        ],
    );
    drawn.shows(&expect![[r#"
        deploy web → prod                                                       1 m 28 s  ████████████████████████████
        ├ submit                                                                  380 ms  ▏
        ├ build (agent-tools-2)                                                      2 s  ▊
        │ └ check-image                                                              1 s  ▋
        └ rollout eu-west-1 main/web (agent-prod-1)                             1 m 25 s  ████████████████████████████
          ├ task 1d0a77c2 (old)  serving 1 m 25 s                               1 m 25 s  ████████████████████████████
          ├ register                                                              300 ms  ▏
          ├ update                                                                400 ms  ▏
          ├ follow                                                              1 m 24 s   ██████████████████████████▊
          ├ task 8c1f02ab  provision 9 s, pull 5 s, start 5 s, ran 2 s, stopp…      23 s   ░░░▒▓▓▒
          │   ✗ the new container exits with code 1 about 2 s after it starts
          │     task 8c1f02ab, container web, exit 1, 12:05:02
          │     | Error: DATABASE_URL is not set
          ├ task 9d2e41bb  provision 9 s, pull 5 s, start 5 s, ran 2 s, stopp…      23 s            ░░░▒▓▓▒
          └ verify                                                                400 ms                             ▏"#]]);
}

#[test]
fn one_that_goes_on_says_so_and_a_narrow_terminal_has_no_bars() {
    let mut drawn = Drawn::new();
    drawn
        .span(0, What::Release, "deploy web → prod", 0, 60_000)
        .until = None;
    drawn.span(1, What::Queue, "queue", 400, 60_000).until = None;
    let queue = drawn.spans.last_mut().unwrap();
    know(queue, keys::JOB_KIND, "build");
    know(queue, keys::QUEUE_REASON, "no-agent");
    know(
        queue,
        keys::QUEUE_TEXT,
        "no agent with account 000000000000 is connected",
    );
    let trace = Trace {
        context: Context::fresh(TraceId([7; 16])),
        spans: drawn.spans,
    };
    let now = Timestamp::from_millis(1_767_268_860_000);
    let told = |width: usize| {
        let lines = lines(&trace, false, now, width);
        let lines: Vec<String> = lines.iter().map(|line| line.render(false)).collect();
        lines.join("\n")
    };
    expect![[r#"
        deploy web → prod                   1 m…
        └ queue (build)  no agent wit…     59 s…"#]]
    .assert_eq(&told(40));
}
