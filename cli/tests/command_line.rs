//! What the command line takes and refuses, and what it says then; no coordinator is needed.

use std::ffi::OsString;
use std::path::Path;

use expect_test::{Expect, expect};
use shipway_cli::{Captured, Io, run};

/// Runs a command line in `folder` and gives its exit code and what it wrote.
async fn shipway(folder: &Path, vars: &[(&str, &str)], line: &str) -> (u8, Captured) {
    let (mut io, captured) = Io::captured(folder);
    for (name, value) in vars {
        io = io.var(name, *value);
    }
    let args = ["shipway"].into_iter().chain(line.split_whitespace());
    let code = run(args.map(OsString::from), &mut io).await;
    (code, captured)
}

/// Runs a line that must be refused, and compares what stderr says.
async fn refused(line: &str, expected_code: u8, expected: Expect) {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, captured) = shipway(folder.path(), &[], line).await;
    expected.assert_eq(&captured.err.text());
    assert_eq!(code, expected_code, "{line}");
    assert_eq!(
        captured.out.text(),
        "",
        "data goes to stdout, errors do not"
    );
}

#[tokio::test]
async fn a_command_without_a_coordinator_says_how_to_name_one() {
    refused(
        "status",
        2,
        expect![[r#"
        usage error: which coordinator? neither --server nor SHIPWAY_SERVER is given
        hint: export SHIPWAY_SERVER=http://HOST:PORT
        hint: to try it out here: shipway-dev up
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_coordinator_that_is_not_there_is_a_connection_error() {
    // Port 1 needs no listener to be refused.
    refused("queue --server http://127.0.0.1:1", 1, expect![[r#"
        connection error: cannot reach the coordinator at http://127.0.0.1:1: transport error: tcp connect error: Connection refused (os error 111)
        hint: is it running, and is this its address? see --server and SHIPWAY_SERVER
        hint: to try it out here: shipway-dev up
    "#]]).await;
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    refused("queue --server localhost:7433", 2, expect![[r#"
        usage error: "localhost:7433" is no address of a coordinator: it must look like http://127.0.0.1:7433 or https://HOST:PORT
    "#]]).await;
}

#[tokio::test]
async fn https_needs_a_certificate_to_trust() {
    refused(
        "queue --server https://localhost:7433",
        2,
        expect![[r#"
        usage error: https needs --ca FILE or SHIPWAY_CA
        hint: the file holds the certificate, as PEM, that signs the coordinator's
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_token_file_that_is_not_there_is_named() {
    let line = "queue --server http://127.0.0.1:1 --token-file nowhere";
    refused(
        line,
        2,
        expect![[r#"
        usage error: cannot read the token from nowhere: No such file or directory (os error 2)
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_release_id_that_is_none_is_refused_with_the_rule() {
    refused("watch web!", 2, expect![[r#"
        error: invalid value 'web!' for '<RELEASE>': "web!" is not a valid release id: it must be 4 to 12 letters and digits as printed by shipway (without i, l, o, u)

        For more information, try '--help'.
    "#]]).await;
}

#[tokio::test]
async fn a_commit_needs_its_repository() {
    let line = "deploy prod --commit 4f1c2d9000000000000000000000000000000000";
    refused(
        line,
        2,
        expect![[r#"
        error: the following required arguments were not provided:
          --repo <URL>

        Usage: shipway deploy --commit <SHA> --repo <URL> <ENV>

        For more information, try '--help'.
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_priority_beyond_100_is_refused() {
    refused(
        "deploy prod --priority 101",
        2,
        expect![[r#"
        error: invalid value '101' for '--priority <PRIORITY>': 101 is not in 0..=100

        For more information, try '--help'.
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_folder_without_manifest_says_how_to_get_one() {
    refused(
        "deploy prod",
        2,
        expect![[r#"
        usage error: cannot read the manifest shipway.toml: No such file or directory (os error 2)
        hint: --file names another one, -C another folder
        hint: shipway init writes a first one
    "#]],
    )
    .await;
}

#[tokio::test]
async fn init_asks_nobody_who_cannot_answer() {
    refused(
        "init --account 222222222222",
        2,
        expect![[r#"
        usage error: --region is missing
        hint: the service is named by --account, --region, --cluster and --service
    "#]],
    )
    .await;
}

#[tokio::test]
async fn init_does_not_write_over_files() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("shipway.toml"), "mine").expect("written");
    let (code, captured) = shipway(folder.path(), &[], "init").await;
    assert_eq!(code, 2);
    assert!(
        captured
            .err
            .text()
            .contains("exists already\nhint: --force")
    );
    let text = std::fs::read_to_string(folder.path().join("shipway.toml"));
    assert_eq!(text.expect("read"), "mine");
}

#[tokio::test]
async fn help_names_the_exit_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    for line in ["--help", "exit-codes", "help exit-codes"] {
        let (code, captured) = shipway(folder.path(), &[], line).await;
        assert_eq!(code, 0, "{line}");
        assert!(
            captured.out.text().contains(&shipway_cli::exit::table()),
            "{line}"
        );
        assert_eq!(captured.err.text(), "");
    }
}

#[tokio::test]
async fn completions_know_the_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, captured) = shipway(folder.path(), &[], "completions bash").await;
    assert_eq!(code, 0);
    assert!(captured.out.text().contains("rollback"));
}

#[tokio::test]
async fn the_server_may_come_from_the_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    let vars = [("SHIPWAY_SERVER", "http://127.0.0.1:1")];
    let (code, captured) = shipway(folder.path(), &vars, "agents").await;
    assert_eq!(code, 1);
    assert!(captured.err.text().starts_with("connection error: "));
}

#[test]
fn a_run_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let (mut io, _captured) = Io::captured(".");
    is_send(&run(std::iter::empty::<OsString>(), &mut io));
}
