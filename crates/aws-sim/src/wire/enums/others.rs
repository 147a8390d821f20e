//! Which members of other inputs are enums, and their values: by the service models of the AWS SDKs.

use super::{Rule, rule};

/// Amazon ECR.
pub(super) const ECR: &[Rule] = &[
    rule(
        "CreateRepository CreateRepositoryCreationTemplate UpdateRepositoryCreationTemplate \
         PutImageTagMutability",
        "imageTagMutability",
        "MUTABLE IMMUTABLE IMMUTABLE_WITH_EXCLUSION MUTABLE_WITH_EXCLUSION",
    ),
    rule(
        "CreateRepository CreateRepositoryCreationTemplate UpdateRepositoryCreationTemplate \
         PutImageTagMutability",
        "imageTagMutabilityExclusionFilters[].filterType",
        "WILDCARD",
    ),
    rule(
        "CreateRepository CreateRepositoryCreationTemplate UpdateRepositoryCreationTemplate",
        "encryptionConfiguration.encryptionType",
        "AES256 KMS KMS_DSSE",
    ),
    rule(
        "CreateRepositoryCreationTemplate UpdateRepositoryCreationTemplate",
        "appliedFor[]",
        "REPLICATION PULL_THROUGH_CACHE CREATE_ON_PUSH",
    ),
    rule(
        "DescribeImages GetLifecyclePolicyPreview ListImages",
        "filter.tagStatus",
        "TAGGED UNTAGGED ANY",
    ),
    rule(
        "DescribeImages ListImages",
        "filter.imageStatus",
        "ACTIVE ARCHIVED ACTIVATING ANY",
    ),
    rule(
        "ListImageReferrers",
        "filter.artifactStatus",
        "ACTIVE ARCHIVED ACTIVATING ANY",
    ),
    rule(
        "PutRegistryScanningConfiguration",
        "scanType",
        "BASIC ENHANCED",
    ),
    rule(
        "PutRegistryScanningConfiguration",
        "rules[].scanFrequency",
        "SCAN_ON_PUSH CONTINUOUS_SCAN MANUAL",
    ),
    rule(
        "PutRegistryScanningConfiguration",
        "rules[].repositoryFilters[].filterType",
        "WILDCARD",
    ),
    rule(
        "CreatePullThroughCacheRule",
        "upstreamRegistry",
        "ecr ecr-public quay k8s docker-hub github-container-registry azure-container-registry \
         gitlab-container-registry chainguard",
    ),
    rule(
        "UpdateImageStorageClass",
        "targetStorageClass",
        "STANDARD ARCHIVE",
    ),
];

/// Application Auto Scaling.
pub(super) const AUTO_SCALING: &[Rule] = &[
    rule(
        "*",
        "ServiceNamespace",
        "ecs elasticmapreduce ec2 appstream dynamodb rds sagemaker custom-resource \
         comprehend lambda cassandra kafka elasticache neptune workspaces",
    ),
    rule(
        "*",
        "ScalableDimension",
        "ecs:service:DesiredCount ec2:spot-fleet-request:TargetCapacity \
         elasticmapreduce:instancegroup:InstanceCount appstream:fleet:DesiredCapacity \
         dynamodb:table:ReadCapacityUnits dynamodb:table:WriteCapacityUnits \
         dynamodb:index:ReadCapacityUnits dynamodb:index:WriteCapacityUnits \
         rds:cluster:ReadReplicaCount sagemaker:variant:DesiredInstanceCount \
         custom-resource:ResourceType:Property \
         comprehend:document-classifier-endpoint:DesiredInferenceUnits \
         comprehend:entity-recognizer-endpoint:DesiredInferenceUnits \
         lambda:function:ProvisionedConcurrency cassandra:table:ReadCapacityUnits \
         cassandra:table:WriteCapacityUnits kafka:broker-storage:VolumeSize \
         elasticache:cache-cluster:Nodes elasticache:replication-group:NodeGroups \
         elasticache:replication-group:Replicas neptune:cluster:ReadReplicaCount \
         sagemaker:variant:DesiredProvisionedConcurrency \
         sagemaker:inference-component:DesiredCopyCount \
         workspaces:workspacespool:DesiredUserSessions",
    ),
    rule(
        "PutScalingPolicy",
        "PolicyType",
        "StepScaling TargetTrackingScaling PredictiveScaling",
    ),
    rule(
        "PutScalingPolicy",
        "StepScalingPolicyConfiguration.AdjustmentType",
        "ChangeInCapacity PercentChangeInCapacity ExactCapacity",
    ),
    rule(
        "PutScalingPolicy",
        "StepScalingPolicyConfiguration.MetricAggregationType",
        "Average Minimum Maximum",
    ),
    rule(
        "PutScalingPolicy",
        "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType",
        "DynamoDBReadCapacityUtilization DynamoDBWriteCapacityUtilization \
         ALBRequestCountPerTarget RDSReaderAverageCPUUtilization \
         RDSReaderAverageDatabaseConnections EC2SpotFleetRequestAverageCPUUtilization \
         EC2SpotFleetRequestAverageNetworkIn EC2SpotFleetRequestAverageNetworkOut \
         SageMakerVariantInvocationsPerInstance ECSServiceAverageCPUUtilization \
         ECSServiceAverageMemoryUtilization AppStreamAverageCapacityUtilization \
         ComprehendInferenceUtilization LambdaProvisionedConcurrencyUtilization \
         CassandraReadCapacityUtilization CassandraWriteCapacityUtilization \
         KafkaBrokerStorageUtilization ElastiCacheEngineCPUUtilization \
         ElastiCacheDatabaseMemoryUsagePercentage ElastiCachePrimaryEngineCPUUtilization \
         ElastiCacheReplicaEngineCPUUtilization \
         ElastiCacheDatabaseMemoryUsageCountedForEvictPercentage \
         NeptuneReaderAverageCPUUtilization \
         SageMakerVariantProvisionedConcurrencyUtilization \
         ElastiCacheDatabaseCapacityUsageCountedForEvictPercentage \
         SageMakerInferenceComponentInvocationsPerCopy \
         WorkSpacesAverageUserSessionsCapacityUtilization \
         SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution \
         SageMakerVariantConcurrentRequestsPerModelHighResolution \
         ECSServiceAverageCPUUtilizationHighResolution \
         ECSServiceAverageMemoryUtilizationHighResolution",
    ),
    rule(
        "PutScalingPolicy",
        "TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Statistic",
        "Average Minimum Maximum SampleCount Sum",
    ),
    rule(
        "PutScalingPolicy",
        "PredictiveScalingPolicyConfiguration.Mode",
        "ForecastOnly ForecastAndScale",
    ),
    rule(
        "PutScalingPolicy",
        "PredictiveScalingPolicyConfiguration.MaxCapacityBreachBehavior",
        "HonorMaxCapacity IncreaseMaxCapacity",
    ),
];

/// CloudWatch Logs.
pub(super) const LOGS: &[Rule] = &[
    rule(
        "DescribeLogGroups",
        "logGroupClass",
        "STANDARD INFREQUENT_ACCESS DELIVERY ESSENTIALS",
    ),
    rule(
        "DescribeLogStreams",
        "orderBy",
        "LogStreamName LastEventTime",
    ),
];

/// Elastic Load Balancing.
pub(super) const LOAD_BALANCING: &[Rule] = &[rule(
    "DescribeTargetHealth",
    "Include[]",
    "AnomalyDetection All",
)];

/// IAM.
pub(super) const IAM: &[Rule] = &[rule(
    "SimulatePrincipalPolicy",
    "ContextEntries[].ContextKeyType",
    "string stringList numeric numericList boolean booleanList ip ipList binary binaryList date dateList",
)];

/// CloudWatch.
pub(super) const CLOUD_WATCH: &[Rule] = &[
    rule(
        "DescribeAlarms",
        "AlarmTypes[]",
        "CompositeAlarm MetricAlarm LogAlarm",
    ),
    rule("DescribeAlarms", "StateValue", "OK ALARM INSUFFICIENT_DATA"),
    rule(
        "GetMetricStatistics",
        "Statistics[]",
        "SampleCount Average Sum Minimum Maximum",
    ),
    rule(
        "GetMetricStatistics",
        "Unit",
        "Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes Bits \
         Kilobits Megabits Gigabits Terabits Percent Count Bytes/Second Kilobytes/Second \
         Megabytes/Second Gigabytes/Second Terabytes/Second Bits/Second Kilobits/Second \
         Megabits/Second Gigabits/Second Terabits/Second Count/Second None",
    ),
];
