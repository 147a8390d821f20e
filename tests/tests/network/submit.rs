//! Submissions, as a client makes them.

use shipway_domain::ids::Digest;
use shipway_proto::v1;
use shipway_proto::v1::put_blob_request::Part;
use shipway_proto::v1::shipway_client::ShipwayClient;
use shipway_tests::App;
use tonic::transport::Channel;

/// The account of all targets here.
pub(crate) const ACCOUNT: &str = "111111111111";

pub(crate) async fn client(url: &str) -> ShipwayClient<Channel> {
    ShipwayClient::connect(url.to_owned()).await.unwrap()
}

/// A deploy of an image that exists to one service; its task definition is stored.
pub(crate) async fn request(url: &str, app: &str) -> v1::SubmitRequest {
    let image = format!(
        "000000000000.dkr.ecr.eu-west-1.amazonaws.com/{app}@{}",
        Digest::of(b"image")
    );
    let resolved = App::new(app)
        .env_on("prod", ACCOUNT, app, "")
        .resolve("prod", &image);
    let part = |part| v1::PutBlobRequest { part: Some(part) };
    let digest = resolved.spec.task_definition.to_string();
    let parts = [
        part(Part::Digest(digest)),
        part(Part::Data(resolved.task_definition.into_bytes())),
    ];
    let put = client(url).await.put_blob(tokio_stream::iter(parts)).await;
    drop(put.unwrap());
    v1::SubmitRequest {
        spec: Some((&resolved.spec).into()),
        key: format!("key-{app}"),
        title: String::new(),
    }
}

/// Submits it and answers with the number of the release.
pub(crate) async fn submit(url: &str, app: &str) -> u64 {
    let request = request(url, app).await;
    let reply = client(url).await.submit(request).await.unwrap();
    reply.into_inner().release
}
