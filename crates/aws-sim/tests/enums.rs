//! A word that is none of an enum is refused, wherever an input has one, in the words of the service.

mod support;

use http::StatusCode;
use serde_json::{Value, json};
use support::{Answer, STAGING, World};

/// Service, operations, where (as the error spells it), and one word that is right there.
const ENUMS: &str = "
ecs ContinueServiceDeployment action CONTINUE
ecs CreateCluster settings.1.member.name containerInsights
ecs CreateCluster configuration.executeCommandConfiguration.logging OVERRIDE
ecs CreateService,UpdateService availabilityZoneRebalancing DISABLED
ecs CreateService,ListServices,ListTasks,RunTask launchType MANAGED_INSTANCES
ecs CreateService,UpdateService deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration.type UNBOUNDED_PERCENT
ecs CreateService,UpdateService deploymentConfiguration.strategy CANARY
ecs CreateService,UpdateService deploymentConfiguration.lifecycleHooks.1.member.targetType PAUSE
ecs CreateService,UpdateService deploymentConfiguration.lifecycleHooks.1.member.lifecycleStages.1.member POST_PRODUCTION_TRAFFIC_SHIFT
ecs CreateService,UpdateService deploymentConfiguration.lifecycleHooks.1.member.timeoutConfiguration.action CONTINUE
ecs CreateService,UpdateService deploymentConfiguration.earlySuccessCriteria.sourceServiceRevisionCleanup DEFERRED
ecs CreateService,RegisterTaskDefinition,RunTask,UpdateService placementConstraints.1.member.type memberOf
ecs CreateService,RunTask,UpdateService placementStrategy.1.member.type binpack
ecs CreateService,RunTask,UpdateService networkConfiguration.awsvpcConfiguration.assignPublicIp DISABLED
ecs CreateService,ListServices schedulingStrategy DAEMON
ecs CreateService,UpdateService deploymentController.type EXTERNAL
ecs CreateService,RunTask,UpdateService propagateTags NONE
ecs CreateService,UpdateService serviceConnectConfiguration.logConfiguration.logDriver awsfirelens
ecs CreateService,UpdateService serviceConnectConfiguration.accessLogConfiguration.format JSON
ecs CreateService,UpdateService serviceConnectConfiguration.accessLogConfiguration.includeQueryParameters ENABLED
ecs CreateService,UpdateService serviceConnectConfiguration.containerConfigurations.1.member.logLevel info
ecs CreateService,RunTask,UpdateService volumeConfigurations.1.member.managedEBSVolume.tagSpecifications.1.member.resourceType volume
ecs CreateService,RunTask,UpdateService volumeConfigurations.1.member.managedEBSVolume.tagSpecifications.1.member.propagateTags NONE
ecs CreateService,RunTask,UpdateService volumeConfigurations.1.member.managedEBSVolume.filesystemType ntfs
ecs CreateService,UpdateService gatewayConnectors.1.member.healthCheck.healthCheckProtocol HTTPS
ecs CreateService,UpdateService gatewayConnectors.1.member.filters.accessTypes.1.member PRIVATE
ecs DescribeClusters,DescribeServices,DescribeTaskDefinition,DescribeTasks include.1.member TAGS
ecs ListServiceDeployments status.1.member ROLLBACK_FAILED
ecs ListServices resourceManagementType ECS
ecs ListTaskDefinitionFamilies status ALL
ecs ListTaskDefinitions status DELETE_IN_PROGRESS
ecs ListTaskDefinitions sort DESC
ecs ListTasks desiredStatus STOPPED
ecs RegisterTaskDefinition networkMode none
ecs RegisterTaskDefinition containerDefinitions.1.member.portMappings.1.member.protocol udp
ecs RegisterTaskDefinition containerDefinitions.1.member.portMappings.1.member.appProtocol grpc
ecs RegisterTaskDefinition containerDefinitions.1.member.environmentFiles.1.member.type s3
ecs RegisterTaskDefinition containerDefinitions.1.member.linuxParameters.devices.1.member.permissions.1.member mknod
ecs RegisterTaskDefinition containerDefinitions.1.member.dependsOn.1.member.condition HEALTHY
ecs RegisterTaskDefinition containerDefinitions.1.member.versionConsistency disabled
ecs RegisterTaskDefinition containerDefinitions.1.member.ulimits.1.member.name stack
ecs RegisterTaskDefinition containerDefinitions.1.member.logConfiguration.logDriver awsfirelens
ecs RegisterTaskDefinition containerDefinitions.1.member.resourceRequirements.1.member.type NeuronDevice
ecs RegisterTaskDefinition containerDefinitions.1.member.firelensConfiguration.type fluentbit
ecs RegisterTaskDefinition volumes.1.member.dockerVolumeConfiguration.scope shared
ecs RegisterTaskDefinition volumes.1.member.efsVolumeConfiguration.transitEncryption DISABLED
ecs RegisterTaskDefinition volumes.1.member.efsVolumeConfiguration.authorizationConfig.iam DISABLED
ecs RegisterTaskDefinition requiresCompatibilities.1.member MANAGED_INSTANCES
ecs RegisterTaskDefinition pidMode task
ecs RegisterTaskDefinition ipcMode none
ecs RegisterTaskDefinition proxyConfiguration.type APPMESH
ecs RegisterTaskDefinition runtimePlatform.cpuArchitecture ARM64
ecs RegisterTaskDefinition runtimePlatform.operatingSystemFamily LINUX
ecs RegisterTaskDefinition trustedExecutionConfiguration.isolationMode CONFIDENTIAL_SANDBOX
ecs RunTask overrides.containerOverrides.1.member.environmentFiles.1.member.type s3
ecs RunTask overrides.containerOverrides.1.member.resourceRequirements.1.member.type NeuronDevice
ecs StopServiceDeployment stopType ROLLBACK
ecr CreateRepository,CreateRepositoryCreationTemplate,UpdateRepositoryCreationTemplate,PutImageTagMutability imageTagMutability MUTABLE_WITH_EXCLUSION
ecr CreateRepository,CreateRepositoryCreationTemplate,UpdateRepositoryCreationTemplate,PutImageTagMutability imageTagMutabilityExclusionFilters.1.member.filterType WILDCARD
ecr CreateRepository,CreateRepositoryCreationTemplate,UpdateRepositoryCreationTemplate encryptionConfiguration.encryptionType KMS_DSSE
ecr CreateRepositoryCreationTemplate,UpdateRepositoryCreationTemplate appliedFor.1.member CREATE_ON_PUSH
ecr CreatePullThroughCacheRule upstreamRegistry chainguard
ecr DescribeImages,GetLifecyclePolicyPreview,ListImages filter.tagStatus ANY
ecr DescribeImages,ListImages filter.imageStatus ANY
ecr ListImageReferrers filter.artifactStatus ANY
ecr PutRegistryScanningConfiguration scanType ENHANCED
ecr PutRegistryScanningConfiguration rules.1.member.scanFrequency MANUAL
ecr PutRegistryScanningConfiguration rules.1.member.repositoryFilters.1.member.filterType WILDCARD
ecr UpdateImageStorageClass targetStorageClass ARCHIVE
application-autoscaling DeleteScalingPolicy,DeleteScheduledAction,DeregisterScalableTarget,DescribeScalableTargets,DescribeScalingActivities,DescribeScalingPolicies,DescribeScheduledActions,PutScalingPolicy,PutScheduledAction,RegisterScalableTarget ServiceNamespace workspaces
application-autoscaling DeleteScalingPolicy,DeleteScheduledAction,DeregisterScalableTarget,DescribeScalableTargets,DescribeScalingActivities,DescribeScalingPolicies,DescribeScheduledActions,PutScalingPolicy,PutScheduledAction,RegisterScalableTarget ScalableDimension workspaces:workspacespool:DesiredUserSessions
application-autoscaling PutScalingPolicy PolicyType PredictiveScaling
application-autoscaling PutScalingPolicy StepScalingPolicyConfiguration.AdjustmentType ExactCapacity
application-autoscaling PutScalingPolicy StepScalingPolicyConfiguration.MetricAggregationType Maximum
application-autoscaling PutScalingPolicy TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType ECSServiceAverageMemoryUtilizationHighResolution
application-autoscaling PutScalingPolicy TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Statistic Sum
application-autoscaling PutScalingPolicy PredictiveScalingPolicyConfiguration.Mode ForecastAndScale
application-autoscaling PutScalingPolicy PredictiveScalingPolicyConfiguration.MaxCapacityBreachBehavior IncreaseMaxCapacity
logs DescribeLogGroups logGroupClass ESSENTIALS
logs DescribeLogStreams orderBy LastEventTime
elbv2 DescribeTargetHealth Include.1.member All
iam SimulatePrincipalPolicy ContextEntries.1.member.ContextKeyType stringList
cloudwatch DescribeAlarms AlarmTypes.1.member LogAlarm
cloudwatch DescribeAlarms StateValue INSUFFICIENT_DATA
cloudwatch GetMetricStatistics Statistics.1.member SampleCount
cloudwatch GetMetricStatistics Unit Count/Second
";

const PREFIXES: [(&str, &str); 6] = [
    ("ecs", "AmazonEC2ContainerServiceV20141113"),
    ("ecr", "AmazonEC2ContainerRegistry_V20150921"),
    ("application-autoscaling", "AnyScaleFrontendService"),
    ("logs", "Logs_20140328"),
    ("cloudwatch", "GraniteServiceVersion20100801"),
    ("elbv2", ""),
];

/// The input that has this word at this place, and nothing else.
fn input(place: &[&str], word: &str) -> Value {
    match place {
        [] => word.into(),
        ["1", "member", rest @ ..] => json!([input(rest, word)]),
        [name, rest @ ..] => json!({*name: input(rest, word)}),
    }
}

/// How an error names a member: Auto Scaling and CloudWatch begin its name with a small letter.
fn spelt(service: &str, place: &str) -> String {
    if !["application-autoscaling", "cloudwatch", "elbv2", "iam"].contains(&service) {
        return place.to_owned();
    }
    let names = place.split('.').map(|name| {
        let (first, rest) = name.split_at(1);
        first.to_ascii_lowercase() + rest
    });
    names.collect::<Vec<_>>().join(".")
}

async fn ask(world: &World, service: &str, action: &str, place: &str, word: &str) -> Answer {
    let names: Vec<&str> = place.split('.').collect();
    if let "elbv2" | "iam" = service {
        let place = place.replace("1.member", "member.1");
        let version = if service == "iam" {
            "2010-05-08"
        } else {
            "2015-12-01"
        };
        let form = format!("Action={action}&Version={version}&{place}={word}");
        return world.sts(STAGING, &form).await;
    }
    let prefix = PREFIXES.iter().find(|(name, _)| *name == service);
    let target = format!("{}.{action}", prefix.expect("a known service").1);
    world.call(STAGING, &target, input(&names, word)).await
}

#[tokio::test]
async fn a_word_that_no_enum_has_is_refused_and_one_that_it_has_is_not() {
    let world = World::demo().await;
    let before = world
        .control(http::Method::GET, "/_sim/state", Value::Null)
        .await;
    let mut asked = 0;
    for row in ENUMS.lines().filter(|row| !row.is_empty()) {
        let columns: Vec<&str> = row.split(' ').collect();
        let &[service, actions, place, right] = columns.as_slice() else {
            panic!("{row}");
        };
        for action in actions.split(',') {
            let answer = ask(&world, service, action, place, "WRONG").await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{action} {place}");
            let text = answer.text();
            let code = match service {
                "application-autoscaling" => "ValidationException",
                "cloudwatch" | "elbv2" | "iam" => "ValidationError",
                _ => "InvalidParameterException",
            };
            assert!(text.contains(code), "{action} {place}: {text}");
            let at = spelt(service, place);
            let says = match service {
                "ecr" => {
                    format!("Invalid parameter at '{at}' failed to satisfy constraint: 'Member")
                }
                _ => format!(
                    "1 validation error detected: Value 'WRONG' at '{at}' failed to satisfy"
                ),
            };
            // An apostrophe in XML.
            let text = text.replace("&apos;", "'").replace("&#39;", "'");
            assert!(text.contains(&says), "{action} {place}: {text}");
            assert!(
                text.contains("enum value set: ["),
                "{action} {place}: {text}"
            );
            assert!(text.contains(right), "{action} {place}: {text}");

            let answer = ask(&world, service, action, place, &right.to_ascii_lowercase()).await;
            let other_case = right.chars().any(|letter| letter.is_ascii_uppercase());
            let refused = answer.text().contains("enum value set");
            assert_eq!(refused, other_case, "{action} {place}: {}", answer.text());
            asked += 1;
        }
    }
    assert!(asked > 120, "{asked}");
    let after = world
        .control(http::Method::GET, "/_sim/state", Value::Null)
        .await;
    // Only the ids that were drawn for the requests differ.
    let (mut before, mut after) = (before.json(), after.json());
    for state in [&mut before, &mut after] {
        state["ids"] = Value::Null;
    }
    assert_eq!(before, after);
}

#[tokio::test]
async fn each_word_that_an_enum_has_is_taken() {
    let world = World::demo().await;
    for row in ENUMS.lines().filter(|row| !row.is_empty()) {
        let columns: Vec<&str> = row.split(' ').collect();
        for action in columns[1].split(',') {
            let answer = ask(&world, columns[0], action, columns[2], columns[3]).await;
            let text = answer.text();
            assert!(!text.contains("enum value set"), "{row}: {text}");
        }
    }
}
