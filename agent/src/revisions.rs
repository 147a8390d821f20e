//! Revisions of a family, with what tells whose they are.

use shipway_domain::revisions::TaggedRevision;
use shipway_plugin::{PlatformError, RegionApi};

/// The newest active revisions of a family, newest first.
pub(crate) async fn of_family(
    region: &dyn RegionApi,
    family: &str,
    limit: u32,
) -> Result<Vec<TaggedRevision>, PlatformError> {
    let mut revisions = Vec::new();
    for arn in region.newest_revisions(family, limit).await? {
        let found = region.task_definition(&arn).await?;
        revisions.extend(found.map(|found| TaggedRevision {
            arn,
            tags: found.tags,
        }));
    }
    Ok(revisions)
}
