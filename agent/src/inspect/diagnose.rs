//! What is wrong with a service, whoever deployed it.

use futures::future::try_join_all;
use shipway_domain::diagnose::{self, Diagnosis};
use shipway_domain::document::Document;
use shipway_domain::ids::Target;
use shipway_domain::observe::{ServiceSeen, TaskSeen};
use shipway_domain::surroundings::TargetHealth;
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
    let (seen, targets) = tokio::join!(
        async { tokio::try_join!(newest, stopped) },
        targets(region, service),
    );
    let ((deployment, revision), stopped) = seen?;
    let diagnosis = Diagnosis::of(service, deployment.as_ref(), revision.as_ref(), &stopped);
    let mut diagnosis = match targets {
        Ok(targets) => diagnosis.with_targets(&targets),
        Err(error) => diagnosis.without_targets(&error.to_string()),
    };
    let brings = revision.map_or_else(
        || service.task_definition.clone(),
        |revision| revision.task_definition,
    );
    quote(region, &mut diagnosis, &stopped, &brings).await;
    Ok(diagnosis)
}

/// What is in the target groups of the service.
async fn targets(
    region: &dyn RegionApi,
    service: &ServiceSeen,
) -> Result<Vec<(String, Vec<TargetHealth>)>, PlatformError> {
    let around = &*region.around();
    let groups = service.target_groups.iter().map(|group| async move {
        let targets = around.target_health(group).await?;
        Ok((group.clone(), targets))
    });
    try_join_all(groups).await
}

/// Adds what the container that failed has said last. It explains more; without it the diagnosis stands, too.
async fn quote(
    region: &dyn RegionApi,
    diagnosis: &mut Diagnosis,
    stopped: &[TaskSeen],
    task_definition: &str,
) {
    if diagnosis.findings.is_empty() {
        return;
    }
    let Ok(Some(definition)) = region.task_definition(task_definition).await else {
        return;
    };
    let Ok(definition) = Document::parse(&definition.json) else {
        return;
    };
    let Some(stream) = diagnose::last_words(stopped, task_definition, &definition) else {
        return;
    };
    let lines = match region.last_lines(&stream, diagnose::LINES).await {
        Ok(lines) => lines,
        Err(error) => vec![format!("(the log could not be read: {error})")],
    };
    diagnose::quote(&mut diagnosis.findings, &stream.task, &lines);
}
