//! What lies around a service: all questions of a plan at once, and for each that got no answer, why.

use std::future::Future;
use std::sync::Arc;

use crate::job::scan;
use futures::future::join_all;
use shipway_domain::image::EcrRepository;
use shipway_domain::plan::Questions;
use shipway_domain::scan::ImageScan;
use shipway_domain::surroundings::{ImagePlatforms, Surroundings};
use shipway_domain::time::Timestamp;
use shipway_plugin::{AroundApi, Place, Platform, PlatformError, RegionApi, Session};

/// Asks. An agent that may not read something still has a plan to give: what is missing is told.
pub(super) async fn look(
    platform: &dyn Platform,
    region: &dyn RegionApi,
    asked: &Questions,
    now: Timestamp,
) -> Surroundings {
    let around = &*region.around();
    let (groups, alarms, subnets, fargate, role, logs, images, scans, repository) = tokio::join!(
        unless(
            asked.target_groups.is_empty(),
            around.target_groups(&asked.target_groups)
        ),
        unless(asked.alarms.is_empty(), around.alarms(&asked.alarms)),
        unless(asked.subnets.is_empty(), around.subnets(&asked.subnets)),
        async {
            match asked.fargate {
                true => around.fargate(now).await.map(Some),
                false => Ok(None),
            }
        },
        async {
            match &asked.role {
                Some((role, needed)) => around.denied(role, needed).await.map(Some),
                None => Ok(None),
            }
        },
        missing_logs(around, asked),
        platforms(platform, asked),
        scans(platform, asked),
        async {
            let Some(repository) = &asked.repository else {
                return Ok(None);
            };
            let region = home(platform, repository).await?;
            region.around().contents(&repository.name, now).await
        },
    );
    let mut unread = Unread::default();
    Surroundings {
        target_groups: unread.or("target groups", groups),
        alarms: unread.or("alarms", alarms),
        subnets: unread.or("subnets", subnets),
        fargate: unread.or("the Fargate quota", fargate),
        missing_log_groups: unread.or("log groups", logs),
        denied: unread.or(
            "what the execution role may do",
            role.map(Option::unwrap_or_default),
        ),
        images: unread.or("what images run on", images),
        scans: unread.or("scans of the image", scans),
        at: now,
        repository: unread.or("the lifecycle policy", repository),
        unread: unread.0,
    }
}

#[derive(Default)]
struct Unread(Vec<String>);

impl Unread {
    /// The answer; without one, nothing, and a line that says why.
    fn or<T: Default>(&mut self, what: &str, answer: Result<T, PlatformError>) -> T {
        answer.unwrap_or_else(|error| {
            self.0.push(format!("{what}: {error}"));
            T::default()
        })
    }
}

async fn unless<T: Default>(
    nothing_to_ask: bool,
    ask: impl Future<Output = Result<T, PlatformError>>,
) -> Result<T, PlatformError> {
    if nothing_to_ask {
        return Ok(T::default());
    }
    ask.await
}

async fn missing_logs(
    around: &dyn AroundApi,
    asked: &Questions,
) -> Result<Vec<String>, PlatformError> {
    let groups = asked.log_groups.iter().map(|group| async {
        let there = around
            .log_group(group.region.as_deref(), &group.name)
            .await?;
        Ok((!there).then(|| group.name.clone()))
    });
    let missing: Result<Vec<Option<String>>, _> = join_all(groups).await.into_iter().collect();
    Ok(missing?.into_iter().flatten().collect())
}

/// Each in the account that its registry belongs to.
async fn platforms(
    platform: &dyn Platform,
    asked: &Questions,
) -> Result<Vec<ImagePlatforms>, PlatformError> {
    let images = asked
        .images
        .iter()
        .map(|(image, repository, digest)| async move {
            let region = home(platform, repository).await?;
            let platforms = region.around().platforms(&repository.name, digest).await?;
            Ok(ImagePlatforms {
                image: image.clone(),
                platforms,
            })
        });
    join_all(images).await.into_iter().collect()
}

/// The account and region of a repository.
async fn home(
    platform: &dyn Platform,
    repository: &EcrRepository,
) -> Result<Arc<dyn RegionApi>, PlatformError> {
    let place = Place {
        account: repository.account.clone(),
        region: repository.region.clone(),
    };
    platform.open(&place, &Session::Agent).await
}

/// Of an index each image has its own.
async fn scans(
    platform: &dyn Platform,
    asked: &Questions,
) -> Result<Vec<ImageScan>, PlatformError> {
    let Some((repository, digest)) = &asked.scan else {
        return Ok(Vec::new());
    };
    let registry = home(platform, repository).await?.registry();
    let facts = registry
        .image(&repository.name, digest.as_str(), false)
        .await?;
    let manifests = facts.map_or_else(Vec::new, |facts| scan::manifests(&facts));
    let looks = manifests.into_iter().map(|(platform, digest)| {
        let registry = Arc::clone(&registry);
        async move {
            let seen = registry.scan(&repository.name, &digest).await?;
            Ok(ImageScan { platform, seen })
        }
    });
    join_all(looks).await.into_iter().collect()
}
