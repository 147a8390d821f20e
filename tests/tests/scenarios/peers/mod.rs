//! The same scenarios, deployed with Shipway and with what others use: who says what, in `deploy/peers.md`.

mod programs;
mod rows;
mod scene;
mod table;

use std::sync::Arc;

use programs::Programs;
use rows::{ROWS, Row};
use scene::Scene;
use table::Line;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Runs at the same time: they mostly wait.
const AT_ONCE: usize = 10;

/// Who deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Shipway,
    EcsDeploy,
    AwsCli,
}

/// What somebody says at the end.
#[derive(Clone, Debug)]
struct Said {
    code: i32,
    words: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_what_is_as_the_table_of_the_documents_has_it() {
    let found = tokio::task::spawn_blocking(programs::find).await;
    let Some(programs) = found.expect("no panic") else {
        return;
    };
    let programs = Arc::new(programs);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut runs = JoinSet::new();
    for (index, row) in ROWS.iter().enumerate() {
        for who in [Who::Shipway, Who::EcsDeploy, Who::AwsCli] {
            let (programs, places) = (Arc::clone(&programs), Arc::clone(&places));
            runs.spawn(async move {
                let _place = places.acquire().await.expect("it is open");
                (index, who, run(row, who, &programs).await)
            });
        }
    }
    let mut lines: Vec<Line> = ROWS.iter().map(Line::new).collect();
    while let Some(ended) = runs.join_next().await {
        let (index, who, said) = ended.expect("no panic");
        lines[index].say(who, said);
    }
    for line in &lines {
        assert!(line.shipway_is_right(), "{line:?}");
    }
    table::compare(&lines);
}

async fn run(row: &Row, who: Who, programs: &Programs) -> Said {
    let scene = Scene::start(row, who).await;
    let deploy = async {
        match who {
            Who::Shipway => scene.shipway().await,
            Who::EcsDeploy => programs.ecs_deploy(scene.aws_url()).await,
            Who::AwsCli => programs.awscli(scene.aws_url()).await,
        }
    };
    let (said, ()) = tokio::join!(deploy, scene.meanwhile(row));
    scene.truth_is(row).await;
    scene.stop().await;
    said
}
