//! `shipway-dev demo`: the main job on the app in `deploy/examples/hello`, from source to proven,
//! serving tasks, and back.

mod app;
mod report;

use std::process::ExitCode;

use anyhow::Context as _;
use shipway_cli::Io;
use shipway_domain::verdict::Verdict;
use shipway_proto::v1;
use shipway_proto::v1::shipway_client::ShipwayClient;

use crate::stack::{Stack, StackConfig};
use app::App;
use report::{Act, Report};

/// What the demo is told.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Print one JSON document instead of the screens.
    pub(crate) json: bool,
    /// Builder; without it docker when an engine answers, else layers.
    pub(crate) builder: Option<String>,
    /// Simulated seconds per second.
    pub(crate) time_scale: f64,
}

/// Plays all acts; succeeds when each ended as it should.
pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let folder = tempfile::tempdir().context("could not make a folder")?;
    let docker = if options.builder.as_deref() == Some("layers") {
        "off"
    } else {
        "auto"
    };
    let stack = Stack::start(StackConfig {
        grpc: ([127, 0, 0, 1], 0).into(),
        aws: ([127, 0, 0, 1], 0).into(),
        time_scale: options.time_scale,
        data: folder.path().join("data"),
        docker: docker.to_owned(),
    })
    .await?;
    let builder = choose(&stack, options.builder.as_deref())?;
    let mut stage = Stage {
        stack,
        options,
        report: Report::new(&builder),
    };
    stage.say(&format!(
        "AWS is simulated at {}, where time runs {} times as fast; images are built by {}",
        stage.stack.aws,
        stage.options.time_scale,
        if builder == "docker" {
            "a Docker Engine"
        } else {
            "the layers builder"
        },
    ));
    stage.say("building deploy/examples/hello as a static binary");
    let app = App::make(&folder.path().join("hello"), &builder).await?;
    stage.play(&app).await?;
    stage.close().await
}

/// Docker when an engine answers, else layers; or what was asked for.
fn choose(stack: &Stack, wanted: Option<&str>) -> anyhow::Result<String> {
    let found = |name: &str| stack.builders.iter().any(|builder| builder == name);
    match wanted {
        Some(name) if found(name) => Ok(name.to_owned()),
        Some(name) => anyhow::bail!("there is no builder {name} here: no Docker Engine answers"),
        None if found("docker") => Ok("docker".to_owned()),
        None => Ok("layers".to_owned()),
    }
}

struct Stage {
    stack: Stack,
    options: Options,
    report: Report,
}

impl Stage {
    async fn play(&mut self, app: &App) -> anyhow::Result<()> {
        app.release("1.0.0", "First release").await?;
        self.act(
            app,
            "a first release, to staging",
            &["deploy", "staging"],
            Verdict::Live,
        )
        .await?;
        self.act(
            app,
            "the same, to prod: the image is there already",
            &["deploy", "prod"],
            Verdict::Live,
        )
        .await?;
        app.release("2.0.0", "A second release").await?;
        self.act(
            app,
            "a second release, to prod",
            &["deploy", "prod"],
            Verdict::Live,
        )
        .await?;
        let said = app.break_it().await?;
        self.say(&format!("a broken release: its program ends with {said}"));
        self.say("(the simulator runs no containers: it is told by a label of the image to end its tasks so)");
        self.act(
            app,
            "the broken release, to prod",
            &["deploy", "prod"],
            Verdict::RolledBack,
        )
        .await?;
        self.act(
            app,
            "back to the release before",
            &["rollback", "prod"],
            Verdict::Live,
        )
        .await
    }

    /// Runs one command of the CLI and keeps what came of it.
    async fn act(
        &mut self,
        app: &App,
        title: &str,
        words: &[&str],
        expected: Verdict,
    ) -> anyhow::Result<()> {
        let line = format!("shipway {}", words.join(" "));
        self.say(&format!("\n── {title}\n$ {line}"));
        let args = std::iter::once("shipway")
            .chain(words.iter().copied())
            .map(Into::into);
        let code = if self.options.json {
            let (io, captured) = Io::captured(app.folder());
            let mut io = io.var("SHIPWAY_SERVER", self.stack.grpc.as_str());
            let code = shipway_cli::run(args, &mut io).await;
            if code != expected.exit_code() {
                self.say(&captured.err.text());
            }
            code
        } else {
            let mut io = Io::of_process().var("SHIPWAY_SERVER", self.stack.grpc.as_str());
            io.folder = app.folder().to_owned();
            shipway_cli::run(args, &mut io).await
        };
        let release = self.newest().await?;
        self.report.add(Act {
            command: line,
            expected,
            code,
            release,
        });
        Ok(())
    }

    async fn newest(&self) -> anyhow::Result<Option<v1::ReleaseView>> {
        let mut client = ShipwayClient::connect(self.stack.grpc.clone()).await?;
        let request = v1::ListReleasesRequest {
            limit: 1,
            ..v1::ListReleasesRequest::default()
        };
        Ok(client
            .list_releases(request)
            .await?
            .into_inner()
            .releases
            .pop())
    }

    #[expect(clippy::print_stdout, reason = "the table is what was asked for")]
    async fn close(self) -> anyhow::Result<ExitCode> {
        let Self {
            stack,
            options,
            report,
        } = self;
        stack.stop().await?;
        if options.json {
            println!("{}", report.json());
        } else {
            println!("\n{}", report.table());
        }
        Ok(if report.as_expected() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    #[expect(clippy::print_stderr, reason = "a word between the acts")]
    fn say(&self, line: &str) {
        eprintln!("{line}");
    }
}
