//! `shipway-dev demo`: the main job on the app in `deploy/examples/hello`, from source to proven,
//! serving tasks, and back.

mod app;
mod report;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use shipway_cli::Io;
use shipway_domain::verdict::Verdict;
use shipway_proto::v1;
use shipway_proto::v1::shipway_client::ShipwayClient;
use shipway_runtime::{Tasks, shutdown};
use shipway_server::config::LeaseConfig;

use crate::stack::{Stack, StackConfig};
use app::App;
use report::{Act, Report};
use tokio_util::sync::CancellationToken;

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
    let signals = Tasks::new();
    let interrupted = shutdown::on_signal(&signals).context("could not listen for signals")?;
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
        tasks: aws_sim::Tasks::Modelled,
        lease: LeaseConfig::default(),
    })
    .await?;
    let builder = choose(&stack, options.builder.as_deref())?;
    let mut stage = Stage {
        stack,
        options,
        report: Report::new(&builder),
        interrupted,
    };
    let played = stage.play(&folder.path().join("hello"), &builder).await;
    stage.close(played).await
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
    interrupted: CancellationToken,
}

impl Stage {
    async fn play(&mut self, folder: &Path, builder: &str) -> anyhow::Result<()> {
        self.say(&format!(
            "AWS is simulated at {}, where time runs {} times as fast; images are built by {}",
            self.stack.aws,
            self.options.time_scale,
            if builder == "docker" {
                "a Docker Engine"
            } else {
                "the layers builder"
            },
        ));
        self.say(
            "building deploy/examples/hello as a static binary; the first time takes a minute",
        );
        let app = &tokio::select! {
            app = App::make(folder, builder) => app?,
            () = self.interrupted.cancelled() => anyhow::bail!("interrupted"),
        };
        app.release("1.0.0", "First release").await?;
        let staging = ["deploy", "staging"];
        let prod = ["deploy", "prod"];
        let title = "a first release, to staging";
        self.act(app, title, &staging, Verdict::Live, None).await?;
        let title = "the same, to prod: the image is there already";
        self.act(app, title, &prod, Verdict::Live, Some(0)).await?;
        app.release("2.0.0", "A second release").await?;
        let title = "a second release, to prod";
        self.act(app, title, &prod, Verdict::Live, None).await?;
        let said = app.break_it().await?;
        self.say(&format!(
            "\n── a broken release: run here, its program ends with {said}\n   \
             (the simulator runs no containers: a label of the image tells it to end the tasks so)"
        ));
        let title = "the broken release, to prod";
        self.act(app, title, &prod, Verdict::RolledBack, None)
            .await?;
        let title = "back to the release before";
        self.act(app, title, &["rollback", "prod"], Verdict::Live, Some(1))
            .await
    }

    /// Runs one command of the CLI and keeps what came of it.
    async fn act(
        &mut self,
        app: &App,
        title: &str,
        words: &[&str],
        expected: Verdict,
        same_image_as: Option<usize>,
    ) -> anyhow::Result<()> {
        let line = format!("shipway {}", words.join(" "));
        self.say(&format!("\n── {title}\n$ {line}"));
        let code = self.shipway(app, words, expected).await;
        anyhow::ensure!(!self.interrupted.is_cancelled(), "interrupted");
        let release = self.newest().await?;
        self.report.add(Act {
            command: line,
            expected,
            code,
            same_image_as,
            release,
        });
        Ok(())
    }

    /// The CLI as a user runs it, or in silence for `--json`.
    async fn shipway(&self, app: &App, words: &[&str], expected: Verdict) -> u8 {
        let args = std::iter::once("shipway").chain(words.iter().copied());
        let args = args.map(Into::into);
        if self.options.json {
            let (io, captured) = Io::captured(app.folder());
            let mut io = io.var("SHIPWAY_SERVER", self.stack.grpc.as_str());
            let code = shipway_cli::run(args, &mut io).await;
            if code != expected.exit_code() {
                self.say(&captured.out.text());
                self.say(&captured.err.text());
            }
            return code;
        }
        let mut io = Io::of_process();
        // The user's own coordinator and token are none of the demo's business.
        io.vars.retain(|name, _| !name.starts_with("SHIPWAY_"));
        let mut io = io.var("SHIPWAY_SERVER", self.stack.grpc.as_str());
        io.folder = app.folder().to_owned();
        shipway_cli::run(args, &mut io).await
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
    async fn close(self, played: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
        let Self {
            stack,
            options,
            report,
            ..
        } = self;
        let stopped = stack.stop().await;
        played?;
        stopped?;
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
