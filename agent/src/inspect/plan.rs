//! What a deploy would do to a service: facts from AWS, rules from the domain, the course by the model of ECS.

use std::time::Duration;

use anyhow::Context as _;
use ecs_model::{BreakerConfig, Checks, Config, Outcome, Percents, Phases, Plan, TimelineEnd};
use shipway_domain::document::Document;
use shipway_domain::ids::Target;
use shipway_domain::observe::ServiceSeen;
use shipway_domain::plan::{self, Course, CourseEnd, Facts, Pace, Point, TargetPlan, Wish};
use shipway_domain::spec::Breaker;
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Finding;
use shipway_plugin::{ObserveTasks, Platform, RegionApi};
use shipway_proto::v1::inspection;

use super::around;

/// The plan for the service of a target.
pub(super) async fn plan(
    platform: &dyn Platform,
    region: &dyn RegionApi,
    target: &Target,
    service: ServiceSeen,
    asked: inspection::Plan,
    now: Timestamp,
) -> anyhow::Result<TargetPlan> {
    let definition = Document::parse(&asked.task_definition);
    let wish = Wish {
        definition: definition.context("the task definition that came is no JSON")?,
        containers: asked.containers,
        image: asked.image,
        settings: asked.rollout.context("no settings came")?.try_into()?,
        home: asked.home.map(TryInto::try_into).transpose()?,
        gate: asked.scan.map(TryInto::try_into).transpose()?,
    };
    let (cluster, name) = (&target.cluster, &target.service);
    // Together: a person waits.
    let running = async {
        let found = region.task_definition(&service.task_definition).await?;
        let running = found.map(|found| Document::parse(&found.json)).transpose();
        let running = running
            .context("AWS sent no JSON")?
            .unwrap_or(Document::Null);
        let after = plan::after(&wish, &running).map_err(refused)?;
        let asked = plan::questions(target, &service, &running, &after, &wish);
        let around = around::look(platform, region, &asked, now).await;
        anyhow::Ok((running, around))
    };
    let (running, tasks, scaling) = tokio::join!(
        running,
        region.tasks(cluster, name, ObserveTasks::Running),
        region.scaling(cluster, name),
    );
    let (running, around) = running?;
    let facts = Facts {
        running,
        tasks: tasks?,
        scaling: scaling?,
        around,
        service,
    };
    let plan = plan::target(&wish, &facts).map_err(refused)?;
    // The model's course is that of a rolling deployment.
    if facts.service.desired == 0 || plan.staged.is_some() {
        return Ok(plan);
    }
    let course = course(&wish, &facts);
    Ok(plan.with(course, &facts))
}

fn refused(finding: Finding) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", finding.cause, finding.evidence.join("; "))
}

/// The rollout as ECS would carry it out.
fn course(wish: &Wish, facts: &Facts) -> Course {
    let pace = Pace::of(wish, facts);
    let breaker = (wish.settings.breaker == Breaker::On).then(BreakerConfig::default);
    let config = Config {
        percents: Percents {
            minimum_healthy: wish.settings.minimum_healthy_percent,
            maximum: wish.settings.maximum_percent,
        },
        breaker,
        ..Config::default()
    };
    let checks = Checks {
        container: pace.container.is_some(),
        target: pace.target.is_some(),
    };
    let phases = Phases {
        provisioning: Duration::ZERO,
        pulling: pace.start,
        activating: Duration::ZERO,
        settling: pace.settling,
        container_passing: pace.container.unwrap_or_default(),
        target_passing: pace.target.unwrap_or_default(),
        draining: pace.draining,
        ..Phases::default()
    };
    let task = Plan {
        phases,
        checks,
        outcome: Outcome::Runs,
    };
    let desired = facts.service.desired;
    let timeline = ecs_model::timeline(config, desired, &task, wish.settings.timeout);
    let points = timeline.points.iter();
    let points = points.map(|point| Point {
        at: point.at,
        old: point.old,
        new: point.new,
    });
    let end = match timeline.end {
        TimelineEnd::Completed(after) => CourseEnd::Completed(after),
        TimelineEnd::Stalled(after, _) => CourseEnd::Stalled(after),
        TimelineEnd::RolledBack(_) | TimelineEnd::Open => CourseEnd::Open,
    };
    let failures = breaker.map(|breaker| breaker.threshold.failures(desired));
    plan::course(wish, facts, points.collect(), end, failures)
}
