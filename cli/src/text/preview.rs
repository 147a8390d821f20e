//! The plan of a deploy for people: differences, a chart of the rollout, warnings with what to do.

use shipway_domain::gate::{Gates, When};
use shipway_domain::hook::HookAction;
use shipway_domain::ids::Target;
use shipway_domain::plan::{
    Change, Course, CourseEnd, Extra, Point, Room, Staged, TargetPlan, Warning,
};
use shipway_domain::strategy::{SetHook, Strategy};

use crate::text::line::{Line, Tone};
use crate::text::words::{self, count, short_arn, short_ids, span};

/// Squares of a bar at most; of larger services each stands for several tasks.
const WIDEST: u32 = 24;
/// Moments of a chart at most.
const MOMENTS: usize = 12;
/// Columns that paths of differences are given at most; a longer one moves its own values only.
const PATHS: usize = 60;
/// Where the commands of tasks begin.
const TASKS: usize = 28;

/// What runs before and after each rollout.
pub(crate) fn tasks(gates: &Gates) -> Vec<Line> {
    let lines = When::ALL.into_iter().filter_map(|when| {
        let gate = gates.at(when)?;
        let where_and_how_long = format!(
            "   in container {}, at most {}",
            gate.container,
            span(gate.timeout)
        );
        let line = Line::plain(format!("task {} each rollout", when.as_str()));
        let line = line.until(TASKS).and(Tone::Strong, gate.command.join(" "));
        Some(line.and(Tone::Faint, where_and_how_long))
    });
    let mut lines: Vec<Line> = lines.collect();
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines
}

/// The plan of one target.
pub(crate) fn lines(target: &Target, account: Option<&str>, plan: &TargetPlan) -> Vec<Line> {
    let serving = short_arn(&plan.serving);
    let mut lines = vec![Line::default().and(Tone::Strong, words::target(target, account))];
    if let Some(refused) = &plan.refused {
        let why = format!("{}  [{}]", refused.cause, refused.code);
        let line = Line::plain("  ").and(Tone::Bad, "a deploy would be refused: ");
        lines.push(line.and_hanging(Tone::Plain, why));
        let remedy = Line::plain("  → ").and_hanging(Tone::Plain, refused.remedy.as_str());
        lines.push(remedy);
    }
    if !plan.changes() {
        let text = format!("nothing would change: {serving} is what is asked for");
        lines.push(Line::plain("  ").and(Tone::Good, text));
    }
    if plan.forced {
        lines.push(Line::plain(
            "  a deployment is started whatever differs (force = true)",
        ));
    }
    if !plan.definition.is_empty() || !plan.image_known {
        lines.push(Line::plain(format!(
            "  task definition {serving} → a new revision"
        )));
        if !plan.image_known {
            let text = "its image is built or looked up by the deploy, and not compared here";
            lines.push(Line::plain("    ").and(Tone::Faint, text));
        }
        lines.extend(changes(&plan.definition));
    }
    if !plan.settings.is_empty() {
        lines.push(Line::plain("  service"));
        lines.extend(changes(&plan.settings));
    }
    if let Some(course) = plan.course.as_ref().filter(|_| plan.changes()) {
        lines.push(Line::default());
        lines.extend(chart(course, serving));
    }
    if let Some(staged) = plan.staged.as_ref().filter(|_| plan.changes()) {
        lines.push(Line::default());
        lines.extend(stages(staged));
    }
    if plan.course.is_none() && plan.staged.is_none() {
        lines.push(Line::plain(
            "  the desired count is 0: nothing runs, and nothing will",
        ));
    }
    if !plan.warnings.is_empty() {
        lines.push(Line::default());
        lines.extend(plan.warnings.iter().flat_map(warning));
    }
    if !plan.unread.is_empty() {
        lines.push(Line::default());
        lines.extend(
            plan.unread.iter().map(|line| {
                Line::plain("  not looked at  ").and_hanging(Tone::Faint, line.as_str())
            }),
        );
    }
    lines.push(Line::default());
    lines
}

/// What stands in the place of a plan that could not be made.
pub(crate) fn problem(target: &Target, account: Option<&str>, problem: &str) -> Vec<Line> {
    let head = Line::default().and(Tone::Strong, words::target(target, account));
    let line = Line::plain("  not planned: ").and_hanging(Tone::Bad, problem);
    vec![head, line, Line::default()]
}

fn changes(changes: &[Change]) -> impl Iterator<Item = Line> {
    let widths = changes.iter().map(|change| change.path.chars().count());
    let column = 4 + widths.filter(|width| *width <= PATHS).max().unwrap_or(0) + 2;
    changes.iter().map(move |one| change(one, column))
}

fn change(change: &Change, column: usize) -> Line {
    let line = Line::plain(format!("    {}", change.path)).until(column);
    let short = |text: &Option<String>| text.as_deref().map(short_ids);
    match (short(&change.before), short(&change.after)) {
        (Some(before), Some(after)) => line
            .and(Tone::Bad, before)
            .and(Tone::Plain, " → ")
            .and_hanging(Tone::Good, after),
        (None, Some(after)) => line.and_hanging(Tone::Good, format!("+ {after}")),
        (before, None) => line.and_hanging(Tone::Bad, format!("- {}", before.unwrap_or_default())),
    }
}

fn chart(course: &Course, serving: &str) -> Vec<Line> {
    let breaker = course.breaker.map_or_else(
        || "no circuit breaker".to_owned(),
        |failures| {
            format!(
                "circuit breaker after {}, then back to {serving}",
                count(failures as usize, "failure")
            )
        },
    );
    let text = format!(
        "rollout: desired {}, between {} healthy and {} running; {breaker}",
        course.desired, course.lower, course.upper
    );
    let mut lines = vec![Line::plain("  ").and_hanging(Tone::Plain, text)];
    let largest = course
        .points
        .iter()
        .map(|point| point.old + point.new)
        .max();
    let square = largest.unwrap_or(1).div_ceil(WIDEST).max(1);
    let shown = thinned(&course.points);
    lines.extend(shown.iter().map(|point| moment(point, square)));
    if square > 1 {
        lines.push(
            Line::plain("         ").and(Tone::Faint, format!("□ and ■ stand for {square} tasks")),
        );
    }
    lines.push(match course.end {
        CourseEnd::Completed(after) => {
            Line::plain("  ").and(Tone::Good, format!("done after about {}", span(after)))
        }
        CourseEnd::Stalled(after) => Line::plain("  ").and(
            Tone::Bad,
            format!("after {} nothing moves any more", span(after)),
        ),
        CourseEnd::Open => Line::plain("  ").and(
            Tone::Warn,
            "it takes longer than the rollout is watched (timeout)",
        ),
    });
    lines.extend(needs(course.extra, course.room));
    let by = course.assumptions.join("; ");
    lines.push(Line::plain("  by this: ").and_hanging(Tone::Faint, by));
    lines
}

/// The way of a deployment by stages. ECS tells no pace of it beforehand: there is no chart.
fn stages(staged: &Staged) -> Vec<Line> {
    let Strategy {
        name,
        bake,
        step,
        hooks,
    } = &staged.strategy;
    let text = format!(
        "rollout: {name}; {} come up beside the old ones, at most {} running; ECS applies neither percentages nor \
         circuit breaker",
        count(staged.desired as usize, "new task"),
        staged.upper
    );
    let mut lines = vec![Line::plain("  ").and_hanging(Tone::Plain, text)];
    let mut way = match step {
        Some(step) if name == "CANARY" => vec![format!(
            "production traffic moves by {} first, bakes {}, then the rest moves",
            step.share,
            span(step.bake)
        )],
        Some(step) => vec![format!(
            "production traffic moves by {} at a time, each step bakes {}",
            step.share,
            span(step.bake)
        )],
        None => vec!["production traffic moves at once".to_owned()],
    };
    way.extend(bake.map(|bake| {
        format!(
            "then the old tasks are kept for a bake time of {}",
            span(bake)
        )
    }));
    way.extend(hooks.iter().map(hook));
    let way = way.into_iter();
    lines.extend(way.map(|text| Line::plain("    ").and_hanging(Tone::Plain, text)));
    lines.extend(needs(staged.extra, staged.room));
    lines
}

fn hook(hook: &SetHook) -> String {
    let stages = hook.stages.join(", ");
    match hook.timeout {
        Some(timeout) => {
            let then = match hook.on_timeout {
                HookAction::Continue => "goes on",
                HookAction::Rollback => "rolls back",
            };
            format!(
                "it waits for shipway approve at {stages}; without an answer ECS {then} after {}",
                span(timeout)
            )
        }
        None => format!("a function is called at {stages}"),
    }
}

fn moment(point: &Point, square: u32) -> Line {
    let bar = |square_of: &str, tasks: u32| square_of.repeat(tasks.div_ceil(square) as usize);
    let seconds = point.at.as_secs();
    Line::plain(format!("  {:>3}:{:02}  ", seconds / 60, seconds % 60))
        .and(Tone::Faint, bar("□", point.old))
        .and(Tone::Good, bar("■", point.new))
        .until(11 + WIDEST as usize + 2)
        .and(Tone::Plain, format!("{} old, {} new", point.old, point.new))
}

/// Some of many, the first and the last among them.
fn thinned(points: &[Point]) -> Vec<Point> {
    if points.len() <= MOMENTS {
        return points.to_vec();
    }
    let last = points.len() - 1;
    (0..MOMENTS)
        .map(|nth| points[nth * last / (MOMENTS - 1)])
        .collect()
}

fn needs(extra: Extra, room: Room) -> Option<Line> {
    if extra.tasks == 0 {
        return None;
    }
    let mut parts = vec![count(extra.tasks as usize, "more task")];
    if extra.cpu_units > 0 {
        let vcpu = |units: u32| f64::from(units) / 1024.0;
        let left = room
            .cpu_units
            .map(|units| format!(" ({} left in the Fargate quota)", vcpu(units)));
        let left = left.unwrap_or_default();
        parts.push(format!("{} vCPU{left}", vcpu(extra.cpu_units)));
    }
    if extra.memory_mib > 0 {
        parts.push(format!("{} MiB", extra.memory_mib));
    }
    if extra.addresses > 0 {
        let noun = if extra.addresses == 1 {
            "address"
        } else {
            "addresses"
        };
        let free = room.addresses.map(|free| format!(" ({free} are free)"));
        let free = free.unwrap_or_default();
        parts.push(format!("{} {noun} in the subnets{free}", extra.addresses));
    }
    Some(Line::plain("  needs for a while ").and_hanging(Tone::Plain, parts.join(", ")))
}

fn warning(warning: &Warning) -> [Line; 2] {
    let Warning { code, text, remedy } = warning;
    [
        Line::plain("  ")
            .and(Tone::Warn, format!("warning {code}  "))
            .and_hanging(Tone::Plain, text.as_str()),
        Line::plain("             → ").and_hanging(Tone::Plain, remedy.as_str()),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use expect_test::expect;
    use shipway_domain::ids::{AccountId, ClusterName, Region, ServiceName};

    use super::*;

    fn target() -> Target {
        Target {
            account: AccountId::new("111122223333").expect("an account"),
            region: Region::new("eu-west-1").expect("a region"),
            cluster: ClusterName::new("main").expect("a cluster"),
            service: ServiceName::new("web").expect("a service"),
        }
    }

    fn text(plan: &TargetPlan) -> String {
        let lines = lines(&target(), Some("prod"), plan);
        let lines = lines.into_iter().flat_map(|line| line.fit(100));
        lines
            .map(|line| format!("{}\n", line.render(false).trim_end()))
            .collect()
    }

    fn row(path: &str, before: Option<&str>, after: Option<&str>) -> Change {
        Change {
            path: path.to_owned(),
            before: before.map(ToOwned::to_owned),
            after: after.map(ToOwned::to_owned),
        }
    }

    fn plan() -> TargetPlan {
        let point = |at, old, new| Point {
            at: Duration::from_secs(at),
            old,
            new,
        };
        TargetPlan {
            serving: "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:41".to_owned(),
            definition: vec![
                row("containers.web.environment.CACHE_TTL", None, Some("60")),
                row("containers.web.environment.OLD", Some("1"), None),
                row("memory", Some("512"), Some("1024")),
            ],
            settings: vec![row("maximum_percent", Some("150%"), Some("200%"))],
            forced: false,
            image_known: true,
            course: Some(Course {
                desired: 3,
                lower: 3,
                upper: 6,
                breaker: Some(3),
                points: vec![point(0, 3, 0), point(35, 3, 3), point(75, 0, 3)],
                end: CourseEnd::Completed(Duration::from_secs(375)),
                extra: Extra {
                    tasks: 3,
                    cpu_units: 768,
                    memory_mib: 3072,
                    addresses: 3,
                },
                room: Room {
                    cpu_units: Some(1024 * 12),
                    addresses: Some(200),
                },
                assumptions: vec!["a task starts in 28 s, as its 3 running tasks did".to_owned()],
            }),
            warnings: vec![Warning {
                code: "W07".to_owned(),
                text: "grace period 10 s is shorter than twice the usual start (28 s, by 3 tasks): the rollout may loop"
                    .to_owned(),
                remedy: "health_check_grace_period = \"56s\"".to_owned(),
            }],
            refused: None,
            unread: vec!["alarms: cloudwatch:DescribeAlarms was denied".to_owned()],
            staged: None,
        }
    }

    #[test]
    fn a_plan_shows_differences_course_and_warnings() {
        expect![[r#"
            prod eu-west-1 main/web
              task definition web:41 → a new revision
                containers.web.environment.CACHE_TTL  + 60
                containers.web.environment.OLD        - 1
                memory                                512 → 1024
              service
                maximum_percent  150% → 200%

              rollout: desired 3, between 3 healthy and 6 running; circuit breaker after 3 failures, then back
              to web:41
                0:00  □□□                        3 old, 0 new
                0:35  □□□■■■                     3 old, 3 new
                1:15  ■■■                        0 old, 3 new
              done after about 6 m 15 s
              needs for a while 3 more tasks, 0.75 vCPU (12 left in the Fargate quota), 3072 MiB, 3 addresses in
                                the subnets (200 are free)
              by this: a task starts in 28 s, as its 3 running tasks did

              warning W07  grace period 10 s is shorter than twice the usual start (28 s, by 3 tasks): the
                           rollout may loop
                         → health_check_grace_period = "56s"

              not looked at  alarms: cloudwatch:DescribeAlarms was denied

        "#]].assert_eq(&text(&plan()));
        crate::text::shown_in_the_readme(&text(&plan()));
    }

    #[test]
    fn a_plan_without_changes_says_so_and_shows_no_course() {
        let plan = TargetPlan {
            definition: Vec::new(),
            settings: Vec::new(),
            warnings: Vec::new(),
            unread: Vec::new(),
            staged: None,
            ..plan()
        };
        expect![[r#"
            prod eu-west-1 main/web
              nothing would change: web:41 is what is asked for

        "#]]
        .assert_eq(&text(&plan));
    }

    #[test]
    fn a_way_by_stages_is_told_in_the_place_of_a_course() {
        let configuration = r#"{"strategy":"CANARY","bakeTimeInMinutes":5,
            "canaryConfiguration":{"canaryPercent":12.5,"canaryBakeTimeInMinutes":10},
            "lifecycleHooks":[{"targetType":"PAUSE","lifecycleStages":["POST_SCALE_UP"],
                "timeoutConfiguration":{"timeoutInMinutes":30}},
                {"lifecycleStages":["PRE_SCALE_UP"]}]}"#;
        let mut plan = plan();
        let course = plan.course.take().expect("a course");
        plan.warnings.clear();
        plan.unread.clear();
        plan.staged = Some(Staged {
            strategy: Strategy::of(configuration),
            desired: 3,
            upper: 6,
            extra: course.extra,
            room: course.room,
        });
        expect![[r#"
            prod eu-west-1 main/web
              task definition web:41 → a new revision
                containers.web.environment.CACHE_TTL  + 60
                containers.web.environment.OLD        - 1
                memory                                512 → 1024
              service
                maximum_percent  150% → 200%

              rollout: CANARY; 3 new tasks come up beside the old ones, at most 6 running; ECS applies neither
              percentages nor circuit breaker
                production traffic moves by 12.5 % first, bakes 10 m, then the rest moves
                then the old tasks are kept for a bake time of 5 m
                it waits for shipway approve at POST_SCALE_UP; without an answer ECS rolls back after 30 m
                a function is called at PRE_SCALE_UP
              needs for a while 3 more tasks, 0.75 vCPU (12 left in the Fargate quota), 3072 MiB, 3 addresses in
                                the subnets (200 are free)

        "#]].assert_eq(&text(&plan));
    }

    #[test]
    fn many_tasks_and_moments_fit_on_a_screen() {
        let mut plan = plan();
        let course = plan.course.as_mut().expect("a course");
        course.points = (0..=200)
            .map(|n| Point {
                at: Duration::from_secs(u64::from(n)),
                old: 200 - n,
                new: n,
            })
            .collect();
        course.end = CourseEnd::Open;
        let text = text(&plan);
        let moments = text.lines().filter(|line| line.contains(" old, "));
        assert_eq!(moments.clone().count(), MOMENTS);
        assert!(text.contains("0 old, 200 new") && text.contains("200 old, 0 new"));
        assert!(text.contains("□ and ■ stand for 9 tasks"), "{text}");
        assert!(
            moments.clone().all(|line| line.chars().count() < 80),
            "{text}"
        );
    }
}
