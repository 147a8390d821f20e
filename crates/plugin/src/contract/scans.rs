//! Claims: scans of images.

use std::sync::Arc;
use std::time::Duration;

use shipway_domain::ids::Digest;
use shipway_domain::scan::{Fix, ScanResult, ScanSeen, Severity, Vulnerability, VulnerablePackage};
use shipway_domain::spec::{RepositorySettings, TagMutability};

use super::World;
use super::repositories::{registry, repository};
use crate::{ErrorKind, RegistryApi, ScanStart};

/// Longer than any scan of a platform under test takes.
const LONG: Duration = Duration::from_secs(60);

async fn with_repository(world: &dyn World, scan_on_push: bool) -> Arc<dyn RegistryApi> {
    let registry = registry(world).await;
    let settings = RepositorySettings {
        scan_on_push,
        mutability: TagMutability::Mutable,
        keep_last: None,
    };
    let made = registry.create_repository(&repository(), &settings).await;
    made.expect("made");
    registry
}

async fn seen(registry: &dyn RegistryApi, digest: &Digest) -> ScanSeen {
    let seen = registry.scan(&repository(), digest).await;
    seen.expect("asked")
}

#[track_caller]
fn result(seen: ScanSeen) -> ScanResult {
    match seen {
        ScanSeen::Ended(result) => result,
        other => panic!("{other:?} is no result"),
    }
}

fn vulnerability() -> Vulnerability {
    Vulnerability {
        id: "CVE-2026-1".to_owned(),
        severity: Severity::High,
        packages: vec![VulnerablePackage {
            name: "openssl".to_owned(),
            version: "3.0.1".to_owned(),
            fixed_in: None,
        }],
        fix: Fix::NotSaid,
        link: "https://nvd.nist.gov/vuln/detail/CVE-2026-1".to_owned(),
    }
}

/// That is an answer.
pub async fn an_image_that_nobody_scanned_has_no_scan(world: &dyn World) {
    let registry = with_repository(world, false).await;
    let digest = world.push(&repository(), "v1", b"content").await;
    world.pass(LONG).await;
    assert_eq!(seen(&*registry, &digest).await, ScanSeen::Missing);
}

/// With id, severity, package and link; and when that was.
pub async fn a_scan_that_was_asked_for_ends_with_what_it_found(world: &dyn World) {
    let registry = with_repository(world, false).await;
    let digest = world.push(&repository(), "v1", b"content").await;
    let clean = world.push(&repository(), "v2", b"clean").await;
    world.scan_finds(&digest, &vulnerability()).await;
    let before = world.now();
    for digest in [&digest, &clean] {
        let started = registry.start_scan(&repository(), digest).await;
        assert_eq!(started.expect("asked"), ScanStart::Started);
    }
    world.pass(LONG).await;
    let found = result(seen(&*registry, &digest).await);
    assert_eq!(found.found, [vulnerability()]);
    assert_eq!(found.unlisted, []);
    assert!(
        found
            .ended_at
            .is_some_and(|at| at >= before && at <= world.now())
    );
    assert_eq!(result(seen(&*registry, &clean).await).found, []);
}

/// What is there stays to be seen.
pub async fn an_image_is_not_scanned_twice_in_a_row(world: &dyn World) {
    let registry = with_repository(world, false).await;
    let digest = world.push(&repository(), "v1", b"content").await;
    let started = registry.start_scan(&repository(), &digest).await;
    assert_eq!(started.expect("asked"), ScanStart::Started);
    world.pass(LONG).await;
    let before = seen(&*registry, &digest).await;
    let again = registry.start_scan(&repository(), &digest).await;
    let again = again.expect("asked");
    assert!(matches!(again, ScanStart::Refused { .. }), "{again:?}");
    assert_eq!(seen(&*registry, &digest).await, before);
}

/// Nobody has to ask.
pub async fn a_repository_that_scans_on_push_does_so(world: &dyn World) {
    let registry = with_repository(world, true).await;
    let digest = world.push(&repository(), "v1", b"content").await;
    world.pass(LONG).await;
    assert_eq!(result(seen(&*registry, &digest).await).found, []);
}

/// Neither an image nor a repository.
pub async fn what_does_not_exist_is_not_scanned(world: &dyn World) {
    let nothing = Digest::of(b"nothing");
    let bare = registry(world).await;
    let kinds = async |registry: &dyn RegistryApi| {
        let seen = registry.scan(&repository(), &nothing).await;
        let started = registry.start_scan(&repository(), &nothing).await;
        [
            seen.expect_err("there is nothing").kind,
            started.expect_err("there is nothing").kind,
        ]
    };
    assert_eq!(kinds(&*bare).await, [ErrorKind::NotFound; 2]);
    let registry = with_repository(world, false).await;
    assert_eq!(kinds(&*registry).await, [ErrorKind::NotFound; 2]);
}
