//! The waterfall as people see it.

use expect_test::{Expect, expect};
use shipway_domain::time::Timestamp;
use shipway_domain::trace::{Context, Moment, Span, SpanId, Status, Trace, Value, What, keys};

use super::{ending, lines};
use crate::text::line::Line;
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

    /// The verdict of all of it.
    fn ended(mut self, verdict: &str) -> Self {
        know(&mut self.spans[0], keys::VERDICT, verdict);
        self
    }

    /// The screen at the end of this second, and below it how the release ended.
    fn screen(self, second: u64, width: usize) -> String {
        let trace = Trace {
            context: Context::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                .unwrap(),
            spans: self.spans,
        };
        let now = at(second * 1000);
        let mut lines = lines(&trace, false, now, width);
        lines.extend([Line::default(), ending(&trace, now)]);
        let lines: Vec<String> = lines.iter().map(|line| line.render(false)).collect();
        lines.join("\n")
    }

    fn shows(self, expected: &Expect) {
        let screen = self.screen(0, 110);
        expected.assert_eq(&screen);
        shown_in_the_readme(&screen);
    }
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(1_767_268_800_000 + millis)
}

fn bad(cause: &str) -> Status {
    Status::Error(cause.to_owned())
}

fn moment(span: &mut Span, name: &str, attributes: &[(&str, &str)]) {
    let known = attributes.iter();
    let known = known.map(|(key, value)| ((*key).to_owned(), Value::from(*value)));
    span.moments.push(Moment {
        at: span.from,
        name: name.to_owned(),
        attributes: known.collect(),
    });
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
    drawn.ended("live").shows(&expect![[r#"
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
          └ verify                                                              400 ms                               ▏

        live in 3 m 51 s   trace 0af7651916cd43dd8448eb211c80319c"#]]);
}

#[test]
fn a_failed_rollout() {
    let mut drawn = Drawn::new();
    let cause = "the new container exits with code 1 about 2 s after it starts";
    drawn
        .span(0, What::Release, "deploy web → prod", 0, 88_000)
        .status = bad(cause);
    drawn.span(1, What::Submit, "submit", 0, 380);
    drawn.span(1, What::Job, "build", 390, 2_400);
    drawn.attempt(2, "agent-tools-2", 390, 2_400);
    drawn.steps(3, &[("check-image", 400, 2_390)]);
    drawn
        .span(1, What::Job, "rollout eu-west-1 main/web", 2_420, 88_000)
        .status = bad(cause);
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
        task.status = bad("Essential container in task exited");
        if from == 4_000 {
            let evidence =
                "task 8c1f02ab, container web, exit 1, 12:05:02\n| Error: DATABASE_URL is not set";
            let known = [(keys::CAUSE, cause), (keys::EVIDENCE, evidence)];
            moment(task, "finding", &known);
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
    drawn.ended("rolled-back").shows(&expect![[r#"
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
          │   ✗ Essential container in task exited
          ├ task 9d2e41bb  provision 9 s, pull 5 s, start 5 s, ran 2 s, stopp…      23 s            ░░░▒▓▓▒
          │   ✗ Essential container in task exited
          └ verify                                                                400 ms                             ▏

        rolled-back in 1 m 28 s   trace 0af7651916cd43dd8448eb211c80319c"#]]);
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
    expect![[r#"
        deploy web → prod                   1 m…
        └ queue (build)                    59 s…
            no agent with account 000000000000
              is connected

        not ended after 1 m   trace 0af7651916cd43dd8448eb211c80319c"#]]
    .assert_eq(&drawn.screen(60, 40));
}

/// Columns at which the bars of these lines begin.
fn bars(screen: &str) -> Vec<usize> {
    let lines = screen.lines();
    let begin = |line: &str| line.chars().position(|c| "█▏▎▍▌▋▊▉░▒▓".contains(c));
    lines.filter_map(begin).collect()
}

#[test]
fn bars_begin_in_one_column_however_long_things_took() {
    for open in [false, true] {
        let mut drawn = Drawn::new();
        let whole = 750_000;
        drawn.span(0, What::Release, "deploy web → prod", 0, whole);
        drawn.span(1, What::Submit, "submit", 0, 14);
        drawn.span(1, What::Job, "rollout eu-west-1 main/web", 0, whole);
        drawn.attempt(2, "agent-prod-1", 0, whole);
        drawn.steps(3, &[("update", 0, 90_000), ("follow", 0, whole)]);
        // What begins with the end has the last column.
        drawn.steps(3, &[("verify", whole, whole)]);
        drawn.span(3, What::NewTask, "task 8c1f02ab", whole, whole);
        drawn.span(4, What::Part, "provisioning", whole, whole);
        if open {
            drawn.spans.iter_mut().for_each(|span| span.until = None);
        }
        let screen = drawn.screen(750, 80);
        let widest = screen.lines().map(|line| line.chars().count()).max();
        assert_eq!(widest, Some(80), "{screen}");
        assert!(screen.contains(if open {
            "12 m 30 s…  █"
        } else {
            "12 m 30 s  █"
        }));
        let (last, first) = (79, bars(&screen)[0]);
        let expected = [first, first, first, first, first, last, last];
        assert_eq!(bars(&screen), expected, "{screen}");
    }
}

#[test]
fn what_failed_says_so_without_colour() {
    let mut drawn = Drawn::new();
    let lost = "the lease of agent-prod-1 ended";
    let denied = "AccessDeniedException: User: arn:aws:sts::222222222222:assumed-role/shipway-deploy/agent-prod-2 is \
                  not authorized to perform: ecs:UpdateService on this resource";
    let root = drawn.span(0, What::Release, "deploy web → prod", 0, 190_000);
    root.status = bad("cancelled");
    let asked = [(keys::MESSAGE, "cancel asked for by anna: wrong commit")];
    moment(root, "cancel", &asked);
    let job = drawn.span(1, What::Job, "rollout eu-west-1 main/web", 2_000, 190_000);
    job.status = bad("cancelled by anna: wrong commit");
    drawn.attempt(2, "agent-prod-1", 2_000, 62_000);
    drawn.spans.last_mut().unwrap().status = bad(lost);
    drawn.steps(3, &[("register", 2_000, 62_000)]);
    drawn.spans.last_mut().unwrap().status = bad("the attempt did not end it");
    drawn.attempt(2, "agent-prod-2", 70_000, 190_000);
    drawn.spans.last_mut().unwrap().status = bad(denied);
    drawn.steps(
        3,
        &[("register", 70_000, 80_000), ("update", 80_000, 190_000)],
    );
    drawn.spans.last_mut().unwrap().status = bad("");
    drawn
        .span(4, What::Call, "ecs:UpdateService", 80_100, 80_300)
        .status = bad(denied);
    expect![[r#"
        deploy web → prod             3 m 10 s  ████████████████████████████████████████████████████████████
        │ – cancel asked for by anna: wrong commit
        └ rollout eu-west-1 main/web   3 m 8 s  ████████████████████████████████████████████████████████████
          │ ✗ cancelled by anna: wrong commit
          ├ attempt 1 (agent-prod-1)       1 m  ███████████████████▌
          │ │ ✗ the lease of agent-prod-1 ended
          │ └ register                     1 m  ███████████████████▌
          │     ✗ the attempt did not end it
          └ attempt 1 (agent-prod-2)       2 m                        ██████████████████████████████████████
            ├ register                    10 s                        ███▎
            └ update                  1 m 50 s                           ███████████████████████████████████
              │ ✗ failed
              └ ecs:UpdateService       200 ms                           ▏
                  ✗ AccessDeniedException: User:
                      arn:aws:sts::222222222222:assumed-role/shipway-deploy/agent-prod-2 is not authorized
                      to perform: ecs:UpdateService on this resource

        cancelled in 3 m 10 s   trace 0af7651916cd43dd8448eb211c80319c"#]].assert_eq(&drawn.ended("cancelled").screen(0, 100));
}

#[test]
fn an_attempt_that_its_job_outlived_is_told_apart_from_it() {
    let mut drawn = Drawn::new();
    drawn
        .span(0, What::Release, "deploy web → prod", 0, 0)
        .until = None;
    drawn.span(1, What::Job, "build", 2_000, 2_000).until = None;
    drawn.attempt(2, "agent-tools-2", 2_000, 62_000);
    drawn.spans.last_mut().unwrap().status = bad("the lease of agent-tools-2 ended");
    expect![[r#"
        deploy web → prod              1 m 30 s…  ██████████████████████████████████████████████████████████
        └ build                        1 m 28 s…   █████████████████████████████████████████████████████████
          └ attempt 1 (agent-tools-2)        1 m   ██████████████████████████████████████▉
              ✗ the lease of agent-tools-2 ended

        not ended after 1 m 30 s   trace 0af7651916cd43dd8448eb211c80319c"#]].assert_eq(&drawn.screen(90, 100));
}

#[test]
fn evidence_hangs_and_long_words_stay_whole() {
    let mut drawn = Drawn::new();
    drawn.span(0, What::Release, "deploy web → prod", 0, 9_000);
    let job = drawn.span(1, What::Job, "build", 2_000, 9_000);
    job.status = bad("the image does not build");
    let evidence = "| npm error network request to https://registry.npmjs.org/left-pad failed, reason: getaddrinfo\n\
                    |     at https://registry.npmjs.org/a/very/long/address/that/has/no/blank/in/it";
    let cause = [
        (keys::CAUSE, "the image does not build"),
        (keys::EVIDENCE, evidence),
    ];
    moment(job, "finding", &cause);
    drawn.attempt(2, "agent-tools-2", 2_000, 9_000);
    drawn.spans.last_mut().unwrap().status = bad("the image does not build");
    drawn.steps(3, &[("build", 2_000, 9_000)]);
    drawn.spans.last_mut().unwrap().status = bad("");
    know(
        drawn.spans.last_mut().unwrap(),
        keys::DETAIL,
        "4 of 6 stages",
    );
    expect![[r#"
        deploy web → prod             9 s  █████████████████████████
        └ build (agent-tools-2)       7 s       ████████████████████
          │ ✗ the image does not build
          │   | npm error network request to
          │     https://registry.npmjs.org/left-pad failed, reason:
          │     getaddrinfo
          │   |     at
          │     https://registry.npmjs.org/a/very/long/address/that/has/no/blank/in/it
          └ build                     7 s       ████████████████████
              ✗ failed: 4 of 6 stages

        failed in 9 s   trace 0af7651916cd43dd8448eb211c80319c"#]]
    .assert_eq(&drawn.ended("failed").screen(0, 60));
}

#[test]
fn every_verdict_is_said_in_words_and_one_that_is_not_final_too() {
    let said = |verdict: Option<&str>| {
        let mut drawn = Drawn::new();
        drawn.span(0, What::Release, "deploy web → prod", 0, 9_000);
        let drawn = match verdict {
            Some(verdict) => drawn.ended(verdict),
            None => drawn,
        };
        let screen = drawn.screen(0, 100);
        let last = screen.lines().last().unwrap().to_owned();
        last.split("   trace").next().unwrap().to_owned()
    };
    let verdicts = [
        Some("superseded"),
        Some("stuck"),
        Some("from-tomorrow"),
        None,
    ];
    expect![[r#"
        superseded in 9 s
        stuck after 9 s, not final
        from-tomorrow after 9 s
        not ended after 9 s"#]]
    .assert_eq(&verdicts.map(said).join("\n"));
}
