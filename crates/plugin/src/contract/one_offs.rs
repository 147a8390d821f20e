//! Claims: tasks beside a service, run once.

use std::time::Duration;

use shipway_domain::observe::TaskSeen;

use super::World;
use super::scene::{BEFORE, SERVICE, Scene, cluster};
use crate::{ErrorKind, RunTask};

/// Time between two looks.
const STEP: Duration = Duration::from_secs(2);
/// More looks than such a task takes.
const LOOKS: u32 = 300;
const TOKEN: &str = "shipway-1000-1-r1";

impl Scene<'_> {
    async fn one_off(&self, token: &str) -> RunTask {
        RunTask {
            cluster: cluster(),
            task_definition: self.register(SERVICE, BEFORE).await,
            launch: self.service().await.launch,
            token: token.to_owned(),
            container: "app".to_owned(),
            command: vec!["./migrate".to_owned()],
            environment: vec![("STEP".to_owned(), "1".to_owned())],
        }
    }

    async fn start(&self, run: &RunTask) -> String {
        let started = self.region.run_task(run).await.expect("it is run");
        assert_eq!(started.refused, Vec::<String>::new());
        started.task.expect("a task")
    }

    async fn until_stopped(&self, arn: &str) -> TaskSeen {
        for _ in 0..LOOKS {
            let seen = self.region.task(&cluster(), arn).await.expect("described");
            if let Some(task) = seen.filter(|task| task.last_status == "STOPPED") {
                return task;
            }
            self.world.pass(STEP).await;
        }
        panic!("the task does not stop");
    }
}

/// With the definition that was asked for, and under the name that was given.
pub async fn a_task_beside_a_service_runs_to_its_end_and_leaves_its_exit_code(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let run = scene.one_off(TOKEN).await;
    let arn = scene.start(&run).await;
    let task = scene.until_stopped(&arn).await;
    assert_eq!(task.task_definition, run.task_definition);
    assert_eq!(task.started_by, TOKEN);
    assert_eq!(task.containers[0].exit_code, Some(0));
    assert!(task.started_at.is_some() && task.stopped_at >= task.started_at);
    // The service has none of it.
    let service = scene.service().await;
    assert_eq!((service.desired, service.running), (1, 1));
}

/// As long as it runs, and after its end.
pub async fn said_again_with_its_token_nothing_is_run_a_second_time(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let run = scene.one_off(TOKEN).await;
    let arn = scene.start(&run).await;
    assert_eq!(scene.start(&run).await, arn);
    scene.until_stopped(&arn).await;
    assert_eq!(scene.start(&run).await, arn);
}

/// It names another task then.
pub async fn a_token_with_another_content_is_a_conflict(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let run = scene.one_off(TOKEN).await;
    scene.start(&run).await;
    let other = RunTask {
        command: vec!["./other".to_owned()],
        ..run
    };
    let refused = scene.region.run_task(&other).await.expect_err("a conflict");
    assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
}

/// While it runs and when it has stopped; none under another name.
pub async fn a_task_is_found_by_the_name_it_was_started_under(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let run = scene.one_off(TOKEN).await;
    let arn = scene.start(&run).await;
    let found = async |name: &str| {
        let found = scene
            .region
            .task_started_by(&cluster(), name, SERVICE)
            .await;
        found.expect("listed").map(|task| task.arn)
    };
    assert_eq!(found(TOKEN).await.as_ref(), Some(&arn));
    scene.until_stopped(&arn).await;
    assert_eq!(found(TOKEN).await.as_ref(), Some(&arn));
    assert_eq!(found("shipway-1000-1-r2").await, None);
}

/// With the reason that was given.
pub async fn a_task_that_is_stopped_says_why(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let run = scene.one_off(TOKEN).await;
    let arn = scene.start(&run).await;
    let stopped = scene.region.stop_task(&cluster(), &arn, "enough").await;
    stopped.expect("it is told to stop");
    let task = scene.until_stopped(&arn).await;
    assert_eq!(task.stop_code.as_deref(), Some("UserInitiated"));
    assert_eq!(task.stopped_reason.as_deref(), Some("enough"));
    // Nothing happens to what has stopped.
    let again = scene.region.stop_task(&cluster(), &arn, "again").await;
    again.expect("no harm");
}

/// Neither a task nor its output.
pub async fn a_task_that_does_not_exist_is_none(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let run = scene.one_off(TOKEN).await;
    let arn = scene.start(&run).await;
    let other = format!("{}{}", &arn[..arn.len() - 4], "0000");
    let seen = scene.region.task(&cluster(), &other).await;
    assert_eq!(seen.expect("described"), None);
    let stream = shipway_domain::observe::LogStream {
        task: String::new(),
        group: "/ecs/none".to_owned(),
        region: None,
        stream: "none".to_owned(),
    };
    let page = scene.region.read_log(&stream, None).await;
    assert_eq!(page.expect("read").lines, Vec::<String>::new());
}
