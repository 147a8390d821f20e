//! An agent that takes a job and is never heard of again.

use shipway_dev::REGION;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Say;
use shipway_proto::v1::agents_client::AgentsClient;
use shipway_proto::v1::coordinator_message::Message as Hear;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Connects to a coordinator as an agent with this account, accepts the first job that it is
/// offered, and dies. Answers with the job.
///
/// # Panics
/// When the coordinator does not offer one.
pub async fn lost_agent(server: &str, id: &str, account: &str) -> v1::JobAttempt {
    let (say, said) = mpsc::channel(16);
    let send = async |message| {
        let message = v1::AgentMessage {
            message: Some(message),
        };
        say.send(message).await.expect("the stream is there");
    };
    let account = v1::AgentAccount {
        id: account.to_owned(),
        name: "extra".to_owned(),
        regions: vec![REGION.to_owned()],
    };
    let agent = v1::AgentDescription {
        id: id.to_owned(),
        incarnation: 1,
        version: "0".to_owned(),
        accounts: vec![account],
        plugins: vec!["ecs".to_owned()],
        capacity: 1,
        labels: Vec::new(),
    };
    send(Say::Hello(v1::Hello {
        agent: Some(agent),
        ..v1::Hello::default()
    }))
    .await;
    let client = AgentsClient::connect(server.to_owned()).await;
    let mut client = client.expect("the coordinator answers");
    let stream = client.session(ReceiverStream::new(said)).await;
    let mut heard = stream.expect("a stream").into_inner();
    loop {
        let message = heard.message().await.expect("the stream holds");
        let message = message.expect("the stream goes on").message;
        if let Some(Hear::Offer(offer)) = message {
            let job = offer.job.expect("a job");
            send(Say::Accept(v1::Accept { job: Some(job) })).await;
            // The coordinator has heard it when it answers what came after it.
            send(Say::Renew(v1::Renew { jobs: vec![job] })).await;
            return loop {
                let message = heard.message().await.expect("the stream holds");
                let message = message.expect("the stream goes on").message;
                if let Some(Hear::Renewed(_)) = message {
                    break job;
                }
            };
        }
    }
}
