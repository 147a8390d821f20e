//! What matters of a message: its kind, whom it is about, what it says. Times, traces and random ids do not.

use prost::Message;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Said;
use shipway_proto::v1::coordinator_message::Message as Heard;

/// A message of this type.
pub(crate) fn read<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).expect("a message that today's version reads")
}

/// What an agent said.
pub(crate) fn said(bytes: &[u8]) -> Said {
    let message: v1::AgentMessage = read(bytes);
    message.message.expect("a message that is known")
}

/// What a coordinator said.
pub(crate) fn heard(bytes: &[u8]) -> Heard {
    let message: v1::CoordinatorMessage = read(bytes);
    message.message.expect("a message that is known")
}

/// A number that no field has.
const UNKNOWN: u32 = 18_999;

/// The message as a newer version would say it: with a field that nobody knows.
pub(crate) fn newer(bytes: &[u8]) -> Vec<u8> {
    let mut newer = bytes.to_vec();
    prost::encoding::string::encode(UNKNOWN, &"of a newer version".to_owned(), &mut newer);
    newer
}

fn job(job: Option<v1::JobAttempt>) -> String {
    let job = job.expect("it names the job");
    format!("{}.{}-{}", job.release, job.index, job.attempt)
}

/// Whether it comes when it comes: renewals, progress in batches of any size, what was measured, and that it drains,
/// which an agent without jobs may leave without saying.
pub(crate) const fn is_rhythm(said: &Said) -> bool {
    matches!(
        said,
        Said::Renew(_) | Said::Progress(_) | Said::Metrics(_) | Said::Draining(_)
    )
}

/// What matters of what an agent said.
pub(crate) fn of_agent(said: &Said) -> String {
    match said {
        Said::Hello(hello) => {
            let agent = hello.agent.clone().unwrap_or_default();
            let accounts: Vec<String> = agent.accounts.into_iter().map(|a| a.id).collect();
            format!(
                "hello from {} with {accounts:?}, {:?} and {:?}",
                agent.id, agent.plugins, hello.holds
            )
        }
        Said::Accept(accept) => format!("accepts {}", job(accept.job)),
        Said::Decline(decline) => format!("declines {}", job(decline.job)),
        Said::Checkpoint(note) => {
            let checkpoint = note.checkpoint.clone().and_then(|note| note.checkpoint);
            let text = format!("{checkpoint:?}");
            // The variant; ids and times in it are another AWS's.
            let kind = text.split(['{', '(']).nth(1).unwrap_or_default();
            format!("notes {} {kind} for {}", note.number, job(note.job))
        }
        Said::Finished(finished) => {
            let outcome = finished.outcome.clone().and_then(|it| it.outcome);
            let outcome = match outcome.expect("an outcome") {
                v1::outcome::Outcome::Built(image) => format!("built {}", image.digest),
                v1::outcome::Outcome::RolledOut(report) => {
                    format!("{:?} with {:?}", report.verdict(), report.image_digest)
                }
                other => format!("{other:?}"),
            };
            format!("finishes {}: {outcome}", job(finished.job))
        }
        Said::InspectAnswer(answer) => format!("answers {}", answer.number),
        Said::Renew(_) | Said::Progress(_) => "goes on".to_owned(),
        Said::Metrics(_) => "tells what it measured".to_owned(),
        Said::Draining(_) => "drains".to_owned(),
        Said::Goodbye(_) => "goodbye".to_owned(),
    }
}

/// What matters of what a coordinator said to an agent.
pub(crate) fn of_coordinator(heard: &Heard) -> String {
    match heard {
        Heard::Welcome(welcome) => format!("welcome, keep {:?}", welcome.keep),
        Heard::Offer(offer) => {
            let offer = v1::Offer {
                trace_parent: String::new(),
                started_ms: 0,
                ..offer.clone()
            };
            format!("{offer:?}")
        }
        Heard::Renewed(renewed) => format!("renewed {:?}", renewed.jobs),
        Heard::CheckpointKept(kept) => format!("kept {} of {}", kept.number, job(kept.job)),
        Heard::FinishedKept(kept) => format!("kept the end of {}", job(kept.job)),
        Heard::Stop(stop) => format!("stop {}", job(stop.job)),
        Heard::Gone(gone) => format!("gone {}", job(gone.job)),
        Heard::Inspect(order) => format!("look {}", order.number),
        Heard::Drain(_) => "drain".to_owned(),
        Heard::Answer(answer) => format!("answer of {}: {:?}", job(answer.job), answer.answer),
    }
}

/// What matters of the messages of a call of people, all together: a stream may come in other pieces.
pub(crate) fn of_replies(path: &str, replies: &[Vec<u8>]) -> Vec<String> {
    match path {
        "shipway.v1.Shipway/Watch" => of_watch(replies),
        "shipway.v1.Agents/GetBlob" => {
            let parts = replies.iter().map(|bytes| read::<v1::BlobData>(bytes).data);
            vec![format!("{:?}", parts.collect::<Vec<_>>().concat())]
        }
        "shipway.v1.Shipway/HasBlobs" => each::<v1::HasBlobsReply>(replies),
        "shipway.v1.Shipway/PutBlob" => each::<v1::PutBlobReply>(replies),
        "shipway.v1.Shipway/Submit" => replies
            .iter()
            .map(|bytes| {
                // Which trace it is, and when the command began.
                let reply = v1::SubmitReply {
                    trace_parent: String::new(),
                    began_ms: 0,
                    ..read(bytes)
                };
                format!("{reply:?}")
            })
            .collect(),
        other => panic!("calls of {other} have no meaning yet: say here what matters of them"),
    }
}

fn each<M: Message + Default + std::fmt::Debug>(replies: &[Vec<u8>]) -> Vec<String> {
    let read = replies.iter().map(|bytes| read::<M>(bytes));
    read.map(|message| format!("{message:?}")).collect()
}

/// Every event, and how the release stands at the end.
fn of_watch(replies: &[Vec<u8>]) -> Vec<String> {
    let mut meaning = Vec::new();
    let mut last = None;
    for reply in replies {
        let reply: v1::WatchReply = read(reply);
        for event in reply.events {
            meaning.push(format!("{:?}", v1::Event { at_ms: 0, ..event }));
        }
        last = reply.release.or(last);
    }
    let view = last.expect("the release is told");
    let jobs: Vec<String> = view
        .jobs
        .iter()
        .map(|job| format!("{} {} {:?}", job.kind, job.attempt, job.outcome))
        .collect();
    meaning.push(format!(
        "{} {} {} {:?} {} {} {jobs:?}",
        view.id, view.app, view.env, view.verdict, view.r#final, view.last_seq
    ));
    meaning
}
