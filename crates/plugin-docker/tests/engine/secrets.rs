//! Secrets: where they get to, and where they must not.

use std::io::Read;
use std::sync::Arc;

use shipway_plugin::{LogStream, Secret};

use crate::support::{Context, Recorder, bench, build, nonce, order};

#[tokio::test]
async fn a_secret_reaches_its_step_and_neither_log_nor_image() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let secret = nonce();
    let context = Context::new(&format!(
        "FROM scratch\nCOPY tool /tool\nENV X={}\nRUN --mount=type=secret,id=token [\"/tool\", \"cat\", \"/run/secrets/token\"]\n",
        nonce()
    ));
    let mut order = order(&registry, &context);
    order.secrets = vec![("token".to_owned(), Secret::new(secret.as_str()))];
    let recorder = Arc::new(Recorder::default());
    build(&builder, &order, &recorder).await.unwrap();

    let line = format!("{} bytes: [redacted].", secret.len());
    assert!(
        recorder.lines().contains(&(LogStream::Out, line)),
        "{:?}",
        recorder.lines()
    );
    assert!(!format!("{:?}", recorder.events()).contains(&secret));

    let manifest = registry.manifest("team/app", "r-1");
    let config = registry.config_of("team/app", "r-1");
    assert!(!config.to_string().contains(&secret));
    for layer in manifest["layers"].as_array().unwrap() {
        let blob = registry.blob("team/app", layer["digest"].as_str().unwrap());
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(&blob[..])
            .read_to_end(&mut tar)
            .unwrap();
        let found = tar.windows(secret.len()).any(|w| w == secret.as_bytes());
        assert!(!found, "the secret is in {layer}");
    }
}

#[tokio::test]
async fn a_secret_in_a_failing_steps_words_is_not_in_the_error() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let secret = nonce();
    // Written into the Dockerfile by mistake: the engine repeats it in the name of the step.
    let context = Context::new(&format!(
        "FROM scratch\nCOPY tool /tool\nRUN [\"/tool\", \"fail\", \"1\", \"{secret}\"]\n"
    ));
    let mut order = order(&registry, &context);
    order.secrets = vec![("token".to_owned(), Secret::new(secret.as_str()))];
    let recorder = Arc::new(Recorder::default());
    let error = build(&builder, &order, &recorder).await.unwrap_err();
    let all = format!("{error} {error:?} {:?}", recorder.events());
    assert!(
        all.contains("[redacted]") && !all.contains(&secret),
        "{all}"
    );
}
