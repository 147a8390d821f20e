//! Which members of ECS inputs are enums, and their values: by the service models of the AWS SDKs.

use super::{Rule, rule};

/// Amazon ECS.
pub(super) const ECS: &[Rule] = &[
    rule("ContinueServiceDeployment", "action", "ROLLBACK CONTINUE"),
    rule("CreateCluster", "settings[].name", "containerInsights"),
    rule(
        "CreateCluster",
        "configuration.executeCommandConfiguration.logging",
        "NONE DEFAULT OVERRIDE",
    ),
    rule(
        "CreateService UpdateService",
        "availabilityZoneRebalancing",
        "ENABLED DISABLED",
    ),
    rule(
        "CreateService ListServices ListTasks RunTask",
        "launchType",
        "EC2 FARGATE EXTERNAL MANAGED_INSTANCES",
    ),
    rule(
        "CreateService UpdateService",
        "deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration.type",
        "COUNT BOUNDED_PERCENT UNBOUNDED_PERCENT",
    ),
    rule(
        "CreateService UpdateService",
        "deploymentConfiguration.strategy",
        "ROLLING BLUE_GREEN LINEAR CANARY",
    ),
    rule(
        "CreateService UpdateService",
        "deploymentConfiguration.lifecycleHooks[].targetType",
        "AWS_LAMBDA PAUSE",
    ),
    rule(
        "CreateService UpdateService",
        "deploymentConfiguration.lifecycleHooks[].lifecycleStages[]",
        "RECONCILE_SERVICE PRE_SCALE_UP POST_SCALE_UP TEST_TRAFFIC_SHIFT \
         POST_TEST_TRAFFIC_SHIFT PRE_PRODUCTION_TRAFFIC_SHIFT PRODUCTION_TRAFFIC_SHIFT \
         POST_PRODUCTION_TRAFFIC_SHIFT",
    ),
    rule(
        "CreateService UpdateService",
        "deploymentConfiguration.lifecycleHooks[].timeoutConfiguration.action",
        "ROLLBACK CONTINUE",
    ),
    rule(
        "CreateService UpdateService",
        "deploymentConfiguration.earlySuccessCriteria.sourceServiceRevisionCleanup",
        "BLOCKING DEFERRED",
    ),
    rule(
        "CreateService RunTask UpdateService",
        "placementConstraints[].type",
        "distinctInstance memberOf",
    ),
    rule(
        "CreateService RunTask UpdateService",
        "placementStrategy[].type",
        "random spread binpack",
    ),
    rule(
        "CreateService RunTask UpdateService",
        "networkConfiguration.awsvpcConfiguration.assignPublicIp",
        "ENABLED DISABLED",
    ),
    rule(
        "CreateService ListServices",
        "schedulingStrategy",
        "REPLICA DAEMON",
    ),
    rule(
        "CreateService UpdateService",
        "deploymentController.type",
        "ECS CODE_DEPLOY EXTERNAL",
    ),
    rule(
        "CreateService RunTask UpdateService",
        "propagateTags",
        "TASK_DEFINITION SERVICE NONE",
    ),
    rule(
        "CreateService UpdateService",
        "serviceConnectConfiguration.logConfiguration.logDriver",
        "json-file syslog journald gelf fluentd awslogs splunk awsfirelens",
    ),
    rule(
        "CreateService UpdateService",
        "serviceConnectConfiguration.accessLogConfiguration.format",
        "TEXT JSON",
    ),
    rule(
        "CreateService UpdateService",
        "serviceConnectConfiguration.accessLogConfiguration.includeQueryParameters",
        "DISABLED ENABLED",
    ),
    rule(
        "CreateService UpdateService",
        "serviceConnectConfiguration.containerConfigurations[].logLevel",
        "debug info",
    ),
    rule(
        "CreateService RunTask UpdateService",
        "volumeConfigurations[].managedEBSVolume.tagSpecifications[].resourceType",
        "volume",
    ),
    rule(
        "CreateService RunTask UpdateService",
        "volumeConfigurations[].managedEBSVolume.tagSpecifications[].propagateTags",
        "TASK_DEFINITION SERVICE NONE",
    ),
    rule(
        "CreateService RunTask UpdateService",
        "volumeConfigurations[].managedEBSVolume.filesystemType",
        "ext3 ext4 xfs ntfs",
    ),
    rule(
        "CreateService UpdateService",
        "gatewayConnectors[].healthCheck.healthCheckProtocol",
        "HTTP HTTPS",
    ),
    rule(
        "CreateService UpdateService",
        "gatewayConnectors[].filters.accessTypes[]",
        "PUBLIC PRIVATE",
    ),
    rule(
        "DescribeClusters",
        "include[]",
        "ATTACHMENTS CONFIGURATIONS SETTINGS STATISTICS TAGS",
    ),
    rule(
        "DescribeServices DescribeTaskDefinition DescribeTasks",
        "include[]",
        "TAGS",
    ),
    rule(
        "ListServiceDeployments",
        "status[]",
        "PENDING SUCCESSFUL STOPPED STOP_REQUESTED IN_PROGRESS ROLLBACK_REQUESTED \
         ROLLBACK_IN_PROGRESS ROLLBACK_SUCCESSFUL ROLLBACK_FAILED",
    ),
    rule("ListServices", "resourceManagementType", "CUSTOMER ECS"),
    rule(
        "ListTaskDefinitionFamilies",
        "status",
        "ACTIVE INACTIVE ALL",
    ),
    rule(
        "ListTaskDefinitions",
        "status",
        "ACTIVE INACTIVE DELETE_IN_PROGRESS",
    ),
    rule("ListTaskDefinitions", "sort", "ASC DESC"),
    rule("ListTasks", "desiredStatus", "RUNNING PENDING STOPPED"),
    rule(
        "RegisterTaskDefinition",
        "networkMode",
        "bridge host awsvpc none",
    ),
    rule(
        "RegisterTaskDefinition",
        "containerDefinitions[].portMappings[].protocol",
        "tcp udp",
    ),
    rule(
        "RegisterTaskDefinition",
        "containerDefinitions[].portMappings[].appProtocol",
        "http http2 grpc",
    ),
    rule(
        "RegisterTaskDefinition",
        "containerDefinitions[].environmentFiles[].type",
        "s3",
    ),
    rule(
        "RegisterTaskDefinition",
        "containerDefinitions[].linuxParameters.devices[].permissions[]",
        "read write mknod",
    ),
    rule(
        "RegisterTaskDefinition",
        "containerDefinitions[].dependsOn[].condition",
        "START COMPLETE SUCCESS HEALTHY",
    ),
    rule(
        "RegisterTaskDefinition",
        "containerDefinitions[].versionConsistency",
        "enabled disabled",
    ),
    rule(
        "RegisterTaskDefinition",
        "containerDefinitions[].ulimits[].name",
        "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime \
         sigpending stack",
    ),
    rule(
        "RegisterTaskDefinition",
        "containerDefinitions[].logConfiguration.logDriver",
        "json-file syslog journald gelf fluentd awslogs splunk awsfirelens",
    ),
    rule(
        "RegisterTaskDefinition",
        "containerDefinitions[].resourceRequirements[].type",
        "GPU InferenceAccelerator NeuronDevice",
    ),
    rule(
        "RegisterTaskDefinition",
        "containerDefinitions[].firelensConfiguration.type",
        "fluentd fluentbit",
    ),
    rule(
        "RegisterTaskDefinition",
        "volumes[].dockerVolumeConfiguration.scope",
        "task shared",
    ),
    rule(
        "RegisterTaskDefinition",
        "volumes[].efsVolumeConfiguration.transitEncryption",
        "ENABLED DISABLED",
    ),
    rule(
        "RegisterTaskDefinition",
        "volumes[].efsVolumeConfiguration.authorizationConfig.iam",
        "ENABLED DISABLED",
    ),
    rule(
        "RegisterTaskDefinition",
        "placementConstraints[].type",
        "memberOf",
    ),
    rule(
        "RegisterTaskDefinition",
        "requiresCompatibilities[]",
        "EC2 FARGATE EXTERNAL MANAGED_INSTANCES",
    ),
    rule("RegisterTaskDefinition", "pidMode", "host task"),
    rule("RegisterTaskDefinition", "ipcMode", "host task none"),
    rule(
        "RegisterTaskDefinition",
        "proxyConfiguration.type",
        "APPMESH",
    ),
    rule(
        "RegisterTaskDefinition",
        "runtimePlatform.cpuArchitecture",
        "X86_64 ARM64",
    ),
    rule(
        "RegisterTaskDefinition",
        "runtimePlatform.operatingSystemFamily",
        "WINDOWS_SERVER_2019_FULL WINDOWS_SERVER_2019_CORE WINDOWS_SERVER_2016_FULL \
         WINDOWS_SERVER_2004_CORE WINDOWS_SERVER_2022_CORE WINDOWS_SERVER_2022_FULL \
         WINDOWS_SERVER_2025_CORE WINDOWS_SERVER_2025_FULL WINDOWS_SERVER_20H2_CORE LINUX",
    ),
    rule(
        "RegisterTaskDefinition",
        "trustedExecutionConfiguration.isolationMode",
        "SHARED ISOLATED_SANDBOX CONFIDENTIAL_SANDBOX",
    ),
    rule(
        "RunTask",
        "overrides.containerOverrides[].environmentFiles[].type",
        "s3",
    ),
    rule(
        "RunTask",
        "overrides.containerOverrides[].resourceRequirements[].type",
        "GPU InferenceAccelerator NeuronDevice",
    ),
    rule("StopServiceDeployment", "stopType", "ABORT ROLLBACK"),
];
