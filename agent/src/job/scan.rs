//! Holds what the scans of an image found against the gate of its release.

use std::collections::BTreeMap;
use std::time::Duration;

use shipway_domain::day::Day;
use shipway_domain::event::{NoteLevel, Step};
use shipway_domain::ids::Digest;
use shipway_domain::scan::{self, ImageScan, Judgement, ScanGate, ScanSeen};
use shipway_domain::time::Timestamp;
use shipway_plugin::{ImageFacts, PlatformError, RegistryApi, ScanStart};
use tokio_util::sync::CancellationToken;

use super::build::NoImage;
use super::{Short, Work};

/// First and longest pause between two looks (the waiter of ECR looks every 5 s).
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// Waits until the image passes the gate, if the release has one; gives the words with which it passed.
pub(super) async fn pass(
    work: &Work,
    registry: &dyn RegistryApi,
    image: &ImageFacts,
    stop: &CancellationToken,
) -> Result<Option<String>, NoImage> {
    let Some(gate) = &work.spec.scan else {
        return Ok(None);
    };
    work.steps.begin(Step::Scan);
    for text in scan::expired(gate, Day::of(work.now())) {
        work.steps.note(NoteLevel::Warning, text);
    }
    let mut looker = Looker {
        work,
        registry,
        manifests: manifests(image),
        asked: BTreeMap::new(),
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(NoImage::Stopped),
        passed = looker.until_judged(gate) => Ok(Some(passed?)),
    }
}

/// ECR scans the images of an index, not the index (ecs-facts 7.5).
pub(crate) fn manifests(image: &ImageFacts) -> Vec<(String, Digest)> {
    if image.manifests.is_empty() {
        vec![(String::new(), image.digest.clone())]
    } else {
        image.manifests.clone()
    }
}

/// What came of asking for a scan.
enum Asked {
    /// It began; what was seen of an older one, which ended then, counts no more.
    Began { older: Option<Timestamp> },
    /// What is there is all there is.
    Refused(String),
    /// There will be none.
    Unsupported(String),
}

struct Looker<'a> {
    work: &'a Work,
    registry: &'a dyn RegistryApi,
    /// Platforms and digests.
    manifests: Vec<(String, Digest)>,
    asked: BTreeMap<Digest, Asked>,
}

impl Looker<'_> {
    /// Looks again and again; gives the words with which the image passed.
    async fn until_judged(&mut self, gate: &ScanGate) -> Result<String, Short> {
        let began = self.work.clock.uptime();
        let mut pause = PAUSES.0;
        let mut told = None;
        loop {
            let seen = self.look().await?;
            let waited = self.work.clock.uptime().saturating_sub(began);
            let today = Day::of(self.work.now());
            let what = match scan::judge(gate, &seen, today, waited) {
                Judgement::Passed { text } => {
                    self.work.steps.detail(text.clone());
                    return Ok(text);
                }
                Judgement::Refused(refused) => {
                    self.work.steps.detail(refused.text);
                    return Err(refused.finding.into());
                }
                Judgement::Waiting { what } => what,
            };
            // Each reason once.
            if told.as_ref() != Some(&what) {
                let text = format!("waiting for {what}, at most {}", gate.patience());
                self.work.steps.note(NoteLevel::Info, text);
                told = Some(what);
            }
            tokio::time::sleep(pause.min(gate.timeout.saturating_sub(waited))).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    async fn look(&mut self) -> Result<Vec<ImageScan>, Short> {
        let mut all = Vec::new();
        for (platform, digest) in self.manifests.clone() {
            let seen = match self.scan(&digest).await {
                // It may be seen the next time.
                Err(error) if error.kind.is_passing() => ScanSeen::UnderWay {
                    status: format!("not seen: {error}"),
                },
                seen => seen?,
            };
            all.push(ImageScan { platform, seen });
        }
        Ok(all)
    }

    /// Looks at the scan of one image, and asks for one where that helps.
    async fn scan(&mut self, digest: &Digest) -> Result<ScanSeen, PlatformError> {
        let name = &self.work.spec.image.repository;
        let seen = self.registry.scan(name, digest).await?;
        let wanted = !self.asked.contains_key(digest) && scan::wants_scan(&seen, self.work.now());
        // Without a lease the next look asks.
        if wanted && self.work.running.is_clear() {
            let older = match &seen {
                ScanSeen::Ended(result) => result.ended_at,
                ScanSeen::Missing | ScanSeen::UnderWay { .. } | ScanSeen::Without { .. } => None,
            };
            let asked = match self.registry.start_scan(name, digest).await? {
                ScanStart::Started => Asked::Began { older },
                ScanStart::Refused { reason } => Asked::Refused(reason),
                ScanStart::Unsupported { reason } => Asked::Unsupported(reason),
            };
            self.asked.insert(digest.clone(), asked);
        }
        Ok(match (self.asked.get(digest), seen) {
            (Some(Asked::Unsupported(status)), ScanSeen::Missing) => ScanSeen::Without {
                status: status.clone(),
            },
            (Some(Asked::Refused(reason)), ScanSeen::Missing) => ScanSeen::UnderWay {
                status: format!("ECR knows of no scan, and begins none: {reason}"),
            },
            (Some(Asked::Began { older: Some(older) }), ScanSeen::Ended(result))
                if result.ended_at == Some(*older) =>
            {
                ScanSeen::UnderWay {
                    status: "scanned again".to_owned(),
                }
            }
            (Some(Asked::Began { .. }), ScanSeen::Missing) => ScanSeen::UnderWay {
                status: "asked for".to_owned(),
            },
            (_, seen) => seen,
        })
    }
}
