//! The sentences of several engines, and what they mean.

use super::*;

fn failure(message: &str, step: Option<(&str, &str, &[&str])>) -> Failure {
    let step = step.map(|(name, error, output)| FailedStep {
        name: name.to_owned(),
        error: error.to_owned(),
        output: output.iter().map(|line| (*line).to_owned()).collect(),
    });
    Failure::new(&Status::unknown(message), message.to_owned(), step)
}

fn error(message: &str, step: Option<(&str, &str, &[&str])>) -> BuildError {
    failure(message, step).into_build_error("Dockerfile")
}

#[test]
fn a_failing_run_gives_step_words_and_exit_code() {
    let message = "failed to solve with frontend dockerfile.v0: failed to build LLB: executor failed running [/bin/tool fail 3]: exit code: 3";
    let vertex = "executor failed running [/bin/tool fail 3]: exit code: 3";
    let step = (
        "[build 2/3] RUN [\"/bin/tool\"]",
        vertex,
        &["no such thing"][..],
    );
    let BuildError::Failed {
        step,
        message,
        exit_code,
    } = error(message, Some(step))
    else {
        panic!("not a failed step");
    };
    assert_eq!(step, "RUN [\"/bin/tool\"]");
    assert_eq!(message, "no such thing");
    assert_eq!(exit_code, Some(3));
}

#[test]
fn newer_engines_add_the_line() {
    let message =
        "failed to solve: process \"/bin/tool\" did not complete successfully: exit code: 3";
    let mut failure = failure(message, Some(("[2/2] RUN tool", message, &[])));
    failure.details.line = Some(7);
    failure.details.exit_code = Some(4);
    let BuildError::Failed {
        step,
        message,
        exit_code,
    } = failure.into_build_error("deploy/Dockerfile")
    else {
        panic!("not a failed step");
    };
    assert_eq!(step, "RUN tool (deploy/Dockerfile line 7)");
    assert_eq!(
        message,
        "process \"/bin/tool\" did not complete successfully: exit code: 3"
    );
    assert_eq!(exit_code, Some(4));
}

#[test]
fn a_missing_dockerfile_or_stage_is_the_orders_fault() {
    let message = "failed to solve with frontend dockerfile.v0: failed to read dockerfile: open /var/lib/docker/tmp/buildkit-mount1/Dockerfile: no such file or directory";
    let text = error(message, None).to_string();
    assert!(
        text.contains("the context holds no file Dockerfile"),
        "{text}"
    );
    let message = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: target stage nosuch could not be found";
    assert!(matches!(error(message, None), BuildError::Invalid(_)));
}

#[test]
fn a_refused_base_image_is_named() {
    let message = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: pull access denied, repository does not exist or may require authorization: authorization failed";
    let step = (
        "[internal] load metadata for 127.0.0.1:5000/base:1",
        "authorization failed",
        &[][..],
    );
    let BuildError::Invalid(text) = error(message, Some(step)) else {
        panic!("not refused");
    };
    assert!(
        text.starts_with("the base image 127.0.0.1:5000/base:1 was refused: pull access denied"),
        "{text}"
    );
}

#[test]
fn an_unreachable_base_image_may_come_back() {
    let message = "failed to solve: x:1: failed to do request: Head \"https://h/v2/\": dial tcp: lookup h: no such host";
    let step = ("[internal] load metadata for h/x:1", message, &[][..]);
    assert!(matches!(
        error(message, Some(step)),
        BuildError::Interrupted(_)
    ));
}

#[test]
fn a_bad_dockerfile_is_the_apps_fault() {
    let message = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 2: unknown instruction: RUM";
    let BuildError::Failed { step, message, .. } = error(message, None) else {
        panic!("not failed");
    };
    assert_eq!(step, "Dockerfile");
    assert_eq!(
        message,
        "dockerfile parse error line 2: unknown instruction: RUM"
    );
}

#[test]
fn a_broken_stream_is_not_a_failed_build() {
    for status in [
        Status::unavailable("x"),
        Status::internal("h2 protocol error"),
        Status::cancelled("x"),
    ] {
        let error = Failure::new(&status, "x".to_owned(), None).into_build_error("Dockerfile");
        assert!(matches!(error, BuildError::Interrupted(_)), "{error}");
    }
    let status = Status::from_error(Box::new(std::io::Error::other("gone")));
    assert!(Failure::new(&status, String::new(), None).broken);
}

#[test]
fn a_refused_push_inside_the_solve_is_told_apart() {
    assert!(
        failure(
            "failed to solve: failed to push h/app:1: 401 Unauthorized",
            None
        )
        .is_push()
    );
    assert!(!failure("failed to solve: exit code: 1", None).is_push());
}
