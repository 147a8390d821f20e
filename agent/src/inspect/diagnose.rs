//! What is wrong with a service, whoever deployed it.

use shipway_domain::diagnose::Diagnosis;
use shipway_domain::ids::Target;
use shipway_domain::observe::ServiceSeen;
use shipway_plugin::{ObserveTasks, PlatformError, RegionApi, Watch};

/// Looks at the newest service deployment and at what has stopped, while ECS still remembers it (about an hour).
pub(super) async fn diagnose(
    region: &dyn RegionApi,
    target: &Target,
    service: &ServiceSeen,
) -> Result<Diagnosis, PlatformError> {
    let (cluster, name) = (&target.cluster, &target.service);
    let newest = async {
        let Some(arn) = &service.current_service_deployment else {
            return Ok((None, None));
        };
        let watch = Watch {
            cluster: cluster.clone(),
            service: name.clone(),
            service_deployment: Some(arn.clone()),
            with_service: false,
        };
        let deployment = region.observe(&watch).await?.service_deployment;
        let revision = match &deployment {
            Some(deployment) => region.revision(&deployment.target_revision.arn).await?,
            None => None,
        };
        Ok::<_, PlatformError>((deployment, revision))
    };
    let stopped = region.tasks(cluster, name, ObserveTasks::Stopped);
    let ((deployment, revision), stopped) = tokio::try_join!(newest, stopped)?;
    Ok(Diagnosis::of(
        service,
        deployment.as_ref(),
        revision.as_ref(),
        &stopped,
    ))
}
