//! Each call of AWS is a span with what a reader of traces needs.

mod common;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use common::Server;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Subscriber, subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

type Fields = BTreeMap<String, String>;

/// Collects the fields of the spans around calls.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Vec<(u64, Fields)>>>);

struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(
            field.name().to_owned(),
            format!("{value:?}").replace('"', ""),
        );
    }
}

impl<S: Subscriber> Layer<S> for Calls {
    fn on_new_span(&self, span: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        if span.metadata().name() == shipway_plugin_ecs::SPAN {
            let mut fields = Fields::new();
            span.record(&mut Reader(&mut fields));
            self.0
                .lock()
                .expect("unpoisoned")
                .push((id.into_u64(), fields));
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, _: Context<'_, S>) {
        let mut calls = self.0.lock().expect("unpoisoned");
        if let Some((_, fields)) = calls
            .iter_mut()
            .rev()
            .find(|(span, _)| *span == id.into_u64())
        {
            record.record(&mut Reader(fields));
        }
    }
}

#[tokio::test]
async fn a_call_says_what_it_was_and_how_it_went() {
    let server = Server::start(|_, before| match before {
        0 => (
            400,
            json!({"__type": "ThrottlingException", "message": "Rate exceeded"}).to_string(),
        ),
        1 => (200, json!({"taskDefinitionArns": []}).to_string()),
        _ => (
            400,
            json!({"__type": "InvalidParameterException", "message": "no"}).to_string(),
        ),
    })
    .await;
    let region = server.open().await;
    let calls = Calls::default();
    let _guard = subscriber::set_default(tracing_subscriber::registry().with(calls.clone()));
    region.newest_revisions("hello", 1).await.expect("listed");
    region
        .newest_revisions("hello", 1)
        .await
        .expect_err("refused");

    let calls = calls.0.lock().expect("unpoisoned");
    let [(_, good), (_, bad)] = &calls[..] else {
        panic!("two calls: {calls:?}");
    };
    for (field, value) in [
        ("otel.name", "ecs:ListTaskDefinitions"),
        ("rpc.system", "aws-api"),
        ("rpc.service", "ecs"),
        ("rpc.method", "ListTaskDefinitions"),
        ("cloud.account.id", "111111111111"),
        ("cloud.region", "eu-west-1"),
        ("http.request.resend_count", "1"),
        ("shipway.aws.throttled", "1"),
    ] {
        assert_eq!(
            good.get(field).map(String::as_str),
            Some(value),
            "{field}: {good:?}"
        );
    }
    assert!(!good.contains_key("otel.status_code"));
    assert_eq!(bad["http.request.resend_count"], "0");
    assert_eq!(
        bad["otel.status_description"],
        "ecs:ListTaskDefinitions: no"
    );
    assert_eq!(bad["error.type"], "invalid");
}
