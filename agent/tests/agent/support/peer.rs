//! One stream of an agent, from the coordinator's side.

use shipway_domain::checkpoint::Checkpoint;
use shipway_domain::event::{Progress, Step, TaskCounts};
use shipway_domain::job::Outcome;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as In;
use shipway_proto::v1::coordinator_message::Message as Out;
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use super::patiently;

/// A stream; dropping it breaks it off.
pub(crate) struct Peer {
    pub(crate) hello: v1::Hello,
    inbound: Streaming<v1::AgentMessage>,
    outbound: mpsc::Sender<Result<v1::CoordinatorMessage, Status>>,
    /// Whether renewals are answered.
    pub(crate) renews: bool,
    /// Whether checkpoints are acknowledged.
    pub(crate) keeps: bool,
    /// Whether outcomes are acknowledged.
    pub(crate) ends: bool,
    /// The jobs of the last renewal.
    pub(crate) held: Vec<v1::JobAttempt>,
    /// What was heard.
    pub(crate) heard: Vec<In>,
}

/// What a job told until its end.
#[derive(Debug)]
pub(crate) struct Walked {
    pub(crate) checkpoints: Vec<Checkpoint>,
    pub(crate) progress: Vec<Progress>,
    pub(crate) log: String,
    pub(crate) outcome: Outcome,
}

impl Walked {
    /// The steps that were told to begin.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let begun = |item: &Progress| match item {
            Progress::StepStarted { step, .. } => Some(*step),
            _ => None,
        };
        self.progress.iter().filter_map(begun).collect()
    }

    /// The code of the finding that it failed with.
    #[track_caller]
    pub(crate) fn failed_with(&self) -> &str {
        match &self.outcome {
            Outcome::Failed(finding) => &finding.code,
            other => panic!("{other:?} is no failure"),
        }
    }
}

impl Peer {
    pub(super) const fn new(
        hello: v1::Hello,
        inbound: Streaming<v1::AgentMessage>,
        outbound: mpsc::Sender<Result<v1::CoordinatorMessage, Status>>,
    ) -> Self {
        Self {
            hello,
            inbound,
            outbound,
            renews: true,
            keeps: true,
            ends: true,
            held: Vec::new(),
            heard: Vec::new(),
        }
    }

    pub(crate) async fn say(&self, message: Out) {
        let message = v1::CoordinatorMessage {
            message: Some(message),
        };
        self.outbound
            .send(Ok(message))
            .await
            .expect("the agent is there");
    }

    /// Says something of a kind that only a newer version knows.
    pub(crate) async fn say_something_new(&self) {
        let message = v1::CoordinatorMessage { message: None };
        let said = self.outbound.send(Ok(message)).await;
        said.expect("the agent is there");
    }

    pub(crate) async fn say_welcome(&mut self, keep: Vec<v1::JobAttempt>) {
        self.say(Out::Welcome(v1::Welcome {
            lease_ms: 60_000,
            renew_ms: 20,
            margin_ms: 15_000,
            keep,
            now_ms: 0,
        }))
        .await;
    }

    /// The next message; `None` when the agent closed its side.
    pub(crate) async fn next(&mut self) -> Option<In> {
        let message = self.inbound.message().await.ok().flatten()?.message?;
        self.answer(&message).await;
        self.heard.push(message.clone());
        Some(message)
    }

    async fn answer(&mut self, message: &In) {
        match message {
            In::Renew(renew) => {
                self.held.clone_from(&renew.jobs);
                if self.renews {
                    self.say(Out::Renewed(v1::Renewed {
                        jobs: renew.jobs.clone(),
                    }))
                    .await;
                }
            }
            In::Checkpoint(note) if self.keeps => {
                let kept = v1::CheckpointKept {
                    job: note.job,
                    number: note.number,
                };
                self.say(Out::CheckpointKept(kept)).await;
            }
            In::Finished(finished) if self.ends => {
                let job = finished.job;
                self.say(Out::FinishedKept(v1::FinishedKept { job })).await;
            }
            _ => {}
        }
    }

    /// Hears on until a message that `wanted` finds something in.
    pub(crate) async fn until<T>(&mut self, what: &str, wanted: impl Fn(&In) -> Option<T>) -> T {
        // Renewals keep coming whatever happens, so the whole wait is what has an end.
        patiently(what, async {
            loop {
                let Some(message) = self.next().await else {
                    panic!("{what}: the stream ended before");
                };
                if let Some(found) = wanted(&message) {
                    return found;
                }
            }
        })
        .await
    }

    /// Hears on until this step has begun.
    pub(crate) async fn until_step(&mut self, step: Step) {
        self.until(step.as_str(), |message| {
            let begun = progress(message).iter().any(
                |said| matches!(said, Progress::StepStarted { step: begun, .. } if *begun == step),
            );
            begun.then_some(())
        })
        .await;
    }

    /// Hears on until a note that contains this.
    pub(crate) async fn until_note(&mut self, part: &str) {
        let noted =
            |item: &Progress| matches!(item, Progress::Note { text, .. } if text.contains(part));
        self.until(part, |message| {
            progress(message).iter().any(noted).then_some(())
        })
        .await;
    }

    /// Hears on until such counts of tasks are told.
    pub(crate) async fn until_counts(&mut self, wanted: impl Fn(&TaskCounts) -> bool) {
        self.until("counts of tasks", |message| {
            let counts =
                |item: &Progress| matches!(item, Progress::Tasks(counts) if wanted(counts));
            progress(message).iter().any(counts).then_some(())
        })
        .await;
    }

    /// Hears on until so many further renewals.
    pub(crate) async fn until_renewals(&mut self, count: usize) {
        for _ in 0..count {
            self.until("a renewal", |message| {
                matches!(message, In::Renew(_)).then_some(())
            })
            .await;
        }
    }

    /// Hears a job of this stream to its end, and until the agent knows that its outcome was heard.
    pub(crate) async fn finished(&mut self) -> Walked {
        let (job, outcome) = self
            .until("the outcome", |message| match message {
                In::Finished(finished) => Some((finished.job?, finished.outcome.clone()?)),
                _ => None,
            })
            .await;
        let knows = |message: &In| match message {
            In::Renew(renew) => !renew.jobs.contains(&job),
            message => matches!(message, In::Goodbye(_)),
        };
        while self.ends && self.next().await.is_some() {
            if self.heard.last().is_some_and(knows) {
                break;
            }
        }
        let checkpoints = self.heard.iter().filter_map(|message| match message {
            In::Checkpoint(note) => note.checkpoint.clone(),
            _ => None,
        });
        let checkpoints: Result<_, _> = checkpoints.map(TryInto::try_into).collect();
        let log = self.heard.iter().filter_map(|message| match message {
            In::Progress(batch) => Some(String::from_utf8_lossy(&batch.log)),
            _ => None,
        });
        Walked {
            checkpoints: checkpoints.expect("checkpoints"),
            progress: self.heard.iter().flat_map(progress).collect(),
            log: log.collect(),
            outcome: outcome.try_into().expect("an outcome"),
        }
    }
}

fn progress(message: &In) -> Vec<Progress> {
    let In::Progress(batch) = message else {
        return Vec::new();
    };
    let items = batch.progress.iter().cloned().map(TryInto::try_into);
    items.collect::<Result<_, _>>().expect("progress")
}
