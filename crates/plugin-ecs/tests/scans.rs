//! Scans as ECR words them: what the contract leaves out.

mod common;

use std::sync::Arc;

use common::{Server, repository};
use serde_json::{Value, json};
use shipway_domain::ids::Digest;
use shipway_domain::scan::{Fix, ScanSeen, Severity, Vulnerability, VulnerablePackage};
use shipway_plugin::{ErrorKind, RegistryApi, ScanStart};

async fn answering(
    answer: impl Fn(usize) -> (u16, Value) + Send + Sync + 'static,
) -> (Server, Arc<dyn RegistryApi>) {
    let server = Server::start(move |_, before| {
        let (status, body) = answer(before);
        (status, body.to_string())
    })
    .await;
    let registry = server.open().await.registry();
    (server, registry)
}

async fn seen(answer: Value) -> ScanSeen {
    let (_server, registry) = answering(move |_| (200, answer.clone())).await;
    let seen = registry.scan(&repository(), &Digest::of(b"x")).await;
    seen.expect("asked")
}

#[track_caller]
fn found(seen: ScanSeen) -> Vec<Vulnerability> {
    match seen {
        ScanSeen::Ended(result) => result.found,
        other => panic!("{other:?} is no result"),
    }
}

fn status(word: &str) -> Value {
    json!({"imageScanStatus": {"status": word}})
}

#[tokio::test]
async fn every_status_means_what_the_facts_say() {
    let under_way = |status: &str| ScanSeen::UnderWay {
        status: status.to_owned(),
    };
    for word in ["IN_PROGRESS", "PENDING"] {
        assert_eq!(seen(status(word)).await, under_way(word));
    }
    // An end without findings, be it none, is not yet one.
    for word in ["COMPLETE", "ACTIVE"] {
        assert_eq!(seen(status(word)).await, under_way(word));
        let mut clean = status(word);
        clean["imageScanFindings"] = json!({"findingSeverityCounts": {}});
        assert_eq!(found(seen(clean).await), []);
    }
    for word in [
        "FAILED",
        "UNSUPPORTED_IMAGE",
        "SCAN_ELIGIBILITY_EXPIRED",
        "FINDINGS_UNAVAILABLE",
        "LIMIT_EXCEEDED",
        "IMAGE_ARCHIVED",
        "IMAGE_SIZE_EXCEEDED",
        "SOMETHING_NEW",
    ] {
        let mut answer = status(word);
        answer["imageScanStatus"]["description"] = json!("why");
        let status = format!("{word}: why");
        assert_eq!(seen(answer).await, ScanSeen::Without { status });
    }
}

#[tokio::test]
async fn enhanced_findings_tell_packages_and_fixes_under_either_status() {
    let finding = |id: &str, fix: Value, fixed_in: &str, status: &str| {
        json!({
            "title": format!("{id} - openssl"),
            "severity": "HIGH",
            "status": status,
            "fixAvailable": fix,
            "packageVulnerabilityDetails": {
                "vulnerabilityId": id,
                "sourceUrl": "https://example.com/cve",
                "vulnerablePackages": [{
                    "name": "openssl", "version": "3.0.1", "release": "4.el9",
                    "fixedInVersion": fixed_in,
                }],
            },
        })
    };
    let wanted = |id: &str, fix, fixed_in: Option<&str>| Vulnerability {
        id: id.to_owned(),
        severity: Severity::High,
        packages: vec![VulnerablePackage {
            name: "openssl".to_owned(),
            version: "3.0.1-4.el9".to_owned(),
            fixed_in: fixed_in.map(str::to_owned),
        }],
        fix,
        link: "https://example.com/cve".to_owned(),
    };
    for word in ["ACTIVE", "COMPLETE"] {
        let mut answer = status(word);
        answer["imageScanFindings"] = json!({
            "imageScanCompletedAt": 1_795_000_000,
            "findingSeverityCounts": {"HIGH": 6},
            "enhancedFindings": [
                finding("CVE-1", json!("YES"), "3.0.2", "ACTIVE"),
                finding("CVE-2", json!("NO"), "NotAvailable", "ACTIVE"),
                finding("CVE-3", json!("PARTIAL"), "", "ACTIVE"),
                finding("CVE-4", Value::Null, "3.0.3", "ACTIVE"),
                finding("CVE-5", json!("YES"), "3.0.2", "SUPPRESSED"),
                finding("CVE-6", json!("YES"), "3.0.2", "CLOSED"),
            ],
        });
        let ScanSeen::Ended(result) = seen(answer).await else {
            panic!("it has a result");
        };
        assert_eq!(
            result.found,
            [
                wanted("CVE-1", Fix::Exists, Some("3.0.2")),
                wanted("CVE-2", Fix::None, None),
                wanted("CVE-3", Fix::Exists, None),
                wanted("CVE-4", Fix::Exists, Some("3.0.3")),
            ]
        );
        assert_eq!(result.unlisted, [], "what is set aside is listed");
        assert_eq!(result.ended_at, None, "it is renewed by itself");
    }
}

#[tokio::test]
async fn all_pages_are_read_and_what_is_counted_only_is_told() {
    let page = |name: &str, severity: &str, next: Option<&str>| {
        let mut page = status("COMPLETE");
        page["imageScanFindings"] = json!({
            "imageScanCompletedAt": 1_795_000_000,
            "findingSeverityCounts": {"HIGH": 1, "CRITICAL": 3, "UNDEFINED": 1},
            "findings": [{"name": name, "severity": severity}],
        });
        if let Some(next) = next {
            page["nextToken"] = json!(next);
        }
        page
    };
    let pages = [
        page("CVE-1", "HIGH", Some("one")),
        page("CVE-2", "CRITICAL", Some("two")),
        page("CVE-3", "UNDEFINED", None),
    ];
    let (server, registry) = answering(move |before| (200, pages[before].clone())).await;
    let seen = registry.scan(&repository(), &Digest::of(b"x")).await;
    let ScanSeen::Ended(result) = seen.expect("asked") else {
        panic!("it has a result");
    };
    let ids: Vec<&str> = result.found.iter().map(|found| found.id.as_str()).collect();
    assert_eq!(ids, ["CVE-1", "CVE-2", "CVE-3"]);
    assert_eq!(result.found[2].severity, Severity::Unrated);
    assert_eq!(result.unlisted, [(Severity::Critical, 2)]);
    assert_eq!(
        result.ended_at.map(|at| at.millis()),
        Some(1_795_000_000_000)
    );
    let asked = server.asked("DescribeImageScanFindings");
    assert_eq!(asked.len(), 3);
    assert!(
        asked[2].body.contains(r#""nextToken":"two""#),
        "{}",
        asked[2].body
    );
    assert!(asked[0].body.contains(r#""registryId":"111111111111""#));
}

#[tokio::test]
async fn a_severity_that_is_none_is_no_result() {
    let mut answer = status("COMPLETE");
    answer["imageScanFindings"] = json!({"findings": [{"name": "CVE-1", "severity": "DIRE"}]});
    let seen = seen(answer).await;
    assert!(
        matches!(&seen, ScanSeen::Without { status } if status.contains("DIRE")),
        "{seen:?}"
    );
}

#[tokio::test]
async fn refused_scans_are_answers_and_failed_calls_are_errors() {
    let name = repository();
    let digest = Digest::of(b"x");
    for (code, wanted) in [
        ("LimitExceededException", Ok("refused")),
        ("ValidationException", Ok("refused")),
        ("UnsupportedImageTypeException", Ok("unsupported")),
        ("AccessDeniedException", Err(ErrorKind::Denied)),
        ("ThrottlingException", Err(ErrorKind::Throttled)),
        ("ImageNotFoundException", Err(ErrorKind::NotFound)),
    ] {
        let refusal = json!({"__type": code, "message": "why"});
        let (server, registry) = answering(move |_| (400, refusal.clone())).await;
        let started = registry.start_scan(&name, &digest).await;
        let said = started
            .map_err(|error| error.kind)
            .map(|start| match start {
                ScanStart::Started => "started",
                ScanStart::Refused { .. } => "refused",
                ScanStart::Unsupported { .. } => "unsupported",
            });
        assert_eq!(said, wanted, "{code}");
        assert_eq!(server.asked("StartImageScan").len(), 1, "{code}: sent once");
    }
    let missing = json!({"__type": "ScanNotFoundException", "message": "none"});
    let (_server, registry) = answering(move |_| (400, missing.clone())).await;
    assert_eq!(
        registry.scan(&name, &digest).await.expect("asked"),
        ScanSeen::Missing
    );
}
