//! Requests that would do, one for each operation at least: what the mutations start from.

/// An awsJson call: prefix of the target, operation, input.
pub(crate) type Json = (&'static str, &'static str, &'static str);

pub(crate) const ECS: &str = "AmazonEC2ContainerServiceV20141113.";
pub(crate) const ECR: &str = "AmazonEC2ContainerRegistry_V20150921.";
pub(crate) const SCALING: &str = "AnyScaleFrontendService.";
pub(crate) const LOGS: &str = "Logs_20140328.";
pub(crate) const CLOUDWATCH: &str = "GraniteServiceVersion20100801.";

/// The calls of the services that speak JSON.
pub(crate) const JSON: &[Json] = &[
    (
        ECS,
        "CreateCluster",
        r#"{"clusterName":"c1","tags":[{"key":"a","value":"b"}],"settings":[{"name":"containerInsights","value":"enabled"}]}"#,
    ),
    (
        ECS,
        "DescribeClusters",
        r#"{"clusters":["main","c1"],"include":["TAGS","STATISTICS"]}"#,
    ),
    (ECS, "ListClusters", r#"{"maxResults":10}"#),
    (ECS, "DeleteCluster", r#"{"cluster":"c1"}"#),
    (
        ECS,
        "RegisterTaskDefinition",
        r#"{"family":"hello","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512","executionRoleArn":"arn:aws:iam::111111111111:role/shipway-deploy","containerDefinitions":[{"name":"app","image":"public.ecr.aws/x/y:v1","cpu":10,"memory":64,"essential":true,"stopTimeout":30,"portMappings":[{"containerPort":8080,"protocol":"tcp"}],"environment":[{"name":"A","value":"b"}],"healthCheck":{"command":["CMD","true"],"interval":30,"timeout":5,"retries":3,"startPeriod":10},"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/hello","awslogs-region":"eu-west-1","awslogs-stream-prefix":"ecs"}},"dependsOn":[]}],"tags":[{"key":"k","value":"v"}],"runtimePlatform":{"cpuArchitecture":"ARM64","operatingSystemFamily":"LINUX"},"ephemeralStorage":{"sizeInGiB":30},"volumes":[{"name":"v","host":{}}]}"#,
    ),
    (
        ECS,
        "RegisterTaskDefinition",
        r#"{"family":"ec2","containerDefinitions":[{"name":"app","image":"x","memory":64,"cpu":128},{"name":"b","image":"111111111111.dkr.ecr.eu-west-1.amazonaws.com/app:v1","memoryReservation":32,"links":["app"],"essential":false}]}"#,
    ),
    (
        ECS,
        "DescribeTaskDefinition",
        r#"{"taskDefinition":"hello:1","include":["TAGS"]}"#,
    ),
    (
        ECS,
        "DeregisterTaskDefinition",
        r#"{"taskDefinition":"hello:2"}"#,
    ),
    (
        ECS,
        "DeleteTaskDefinitions",
        r#"{"taskDefinitions":["hello:2","ec2:1"]}"#,
    ),
    (
        ECS,
        "ListTaskDefinitions",
        r#"{"familyPrefix":"hello","status":"ACTIVE","sort":"DESC","maxResults":5}"#,
    ),
    (
        ECS,
        "ListTaskDefinitionFamilies",
        r#"{"familyPrefix":"h","status":"ALL","maxResults":5}"#,
    ),
    (
        ECS,
        "CreateService",
        r#"{"cluster":"main","serviceName":"s1","taskDefinition":"hello","desiredCount":3,"launchType":"FARGATE","networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"],"securityGroups":["sg-1"]}},"loadBalancers":[{"targetGroupArn":"arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/web/0123456789abcdef","containerName":"app","containerPort":8080}],"deploymentConfiguration":{"minimumHealthyPercent":50,"maximumPercent":150,"bakeTimeInMinutes":2,"deploymentCircuitBreaker":{"enable":true,"rollback":true},"alarms":{"enable":true,"rollback":true,"alarmNames":["errors"]}},"healthCheckGracePeriodSeconds":20,"propagateTags":"SERVICE","tags":[{"key":"a","value":"b"}]}"#,
    ),
    (
        ECS,
        "CreateService",
        r#"{"cluster":"main","serviceName":"s2","taskDefinition":"ec2:1","desiredCount":2,"deploymentConfiguration":{"strategy":"ROLLING","deploymentCircuitBreaker":{"enable":true,"rollback":false,"resetOnHealthyTask":true,"thresholdConfiguration":{"type":"COUNT","value":3}},"lifecycleHooks":[{"targetType":"PAUSE","lifecycleStages":["PRE_SCALE_UP"],"timeoutConfiguration":{"timeoutInMinutes":5,"action":"CONTINUE"}}]}}"#,
    ),
    (
        ECS,
        "CreateService",
        r#"{"cluster":"main","serviceName":"s3","taskDefinition":"hello","desiredCount":2,"launchType":"FARGATE","networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"]}},"loadBalancers":[{"targetGroupArn":"arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/web/0123456789abcdef","containerName":"app","containerPort":8080,"advancedConfiguration":{"alternateTargetGroupArn":"arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/alt/0123456789abcdef","productionListenerRule":"arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener-rule/app/a/b/c/d","roleArn":"arn:aws:iam::111111111111:role/shipway-deploy"}}],"deploymentConfiguration":{"strategy":"CANARY","canaryConfiguration":{"canaryPercent":10.5,"canaryBakeTimeInMinutes":1},"linearConfiguration":{"stepPercent":25.0,"stepBakeTimeInMinutes":1},"bakeTimeInMinutes":1}}"#,
    ),
    (
        ECS,
        "UpdateService",
        r#"{"cluster":"main","service":"hello","taskDefinition":"hello","desiredCount":4,"forceNewDeployment":true,"deploymentConfiguration":{"minimumHealthyPercent":100,"maximumPercent":200,"deploymentCircuitBreaker":{"enable":true,"rollback":true}}}"#,
    ),
    (
        ECS,
        "UpdateService",
        r#"{"cluster":"main","service":"s2","desiredCount":1,"enableExecuteCommand":true,"healthCheckGracePeriodSeconds":5,"platformVersion":"LATEST"}"#,
    ),
    (
        ECS,
        "DeleteService",
        r#"{"cluster":"main","service":"s1","force":true}"#,
    ),
    (
        ECS,
        "DescribeServices",
        r#"{"cluster":"main","services":["hello","s1","s2","s3"],"include":["TAGS"]}"#,
    ),
    (
        ECS,
        "ListServices",
        r#"{"cluster":"main","launchType":"FARGATE","maxResults":2}"#,
    ),
    (
        ECS,
        "ListServiceDeployments",
        r#"{"service":"hello","cluster":"main","status":["IN_PROGRESS","SUCCESSFUL"],"createdAt":{"after":1.5,"before":4000000000},"maxResults":5}"#,
    ),
    (
        ECS,
        "DescribeServiceDeployments",
        r#"{"serviceDeploymentArns":["arn:aws:ecs:eu-west-1:111111111111:service-deployment/main/hello/abcdefghijklmnopqrstu"]}"#,
    ),
    (
        ECS,
        "DescribeServiceRevisions",
        r#"{"serviceRevisionArns":["arn:aws:ecs:eu-west-1:111111111111:service-revision/main/hello/1234567890123456789"]}"#,
    ),
    (
        ECS,
        "StopServiceDeployment",
        r#"{"serviceDeploymentArn":"arn:aws:ecs:eu-west-1:111111111111:service-deployment/main/hello/abcdefghijklmnopqrstu","stopType":"ROLLBACK"}"#,
    ),
    (
        ECS,
        "ContinueServiceDeployment",
        r#"{"serviceDeploymentArn":"arn:aws:ecs:eu-west-1:111111111111:service-deployment/main/s2/abcdefghijklmnopqrstu","hookId":"h","action":"CONTINUE"}"#,
    ),
    (
        ECS,
        "RunTask",
        r#"{"cluster":"main","taskDefinition":"hello","count":2,"launchType":"FARGATE","networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"]}},"overrides":{"cpu":"512","containerOverrides":[{"name":"app","command":["x"],"environment":[{"name":"A","value":"b"}],"memory":100}]},"startedBy":"me","group":"g","tags":[{"key":"a","value":"b"}]}"#,
    ),
    (
        ECS,
        "StopTask",
        r#"{"cluster":"main","task":"0123456789abcdef0123456789abcdef","reason":"x"}"#,
    ),
    (
        ECS,
        "ListTasks",
        r#"{"cluster":"main","serviceName":"hello","desiredStatus":"RUNNING","maxResults":5}"#,
    ),
    (
        ECS,
        "ListTasks",
        r#"{"cluster":"main","family":"hello","startedBy":"me"}"#,
    ),
    (
        ECS,
        "DescribeTasks",
        r#"{"cluster":"main","tasks":["0123456789abcdef0123456789abcdef"],"include":["TAGS"]}"#,
    ),
    (
        ECS,
        "TagResource",
        r#"{"resourceArn":"arn:aws:ecs:eu-west-1:111111111111:service/main/hello","tags":[{"key":"a","value":"b"}]}"#,
    ),
    (
        ECS,
        "UntagResource",
        r#"{"resourceArn":"arn:aws:ecs:eu-west-1:111111111111:service/main/hello","tagKeys":["a"]}"#,
    ),
    (
        ECS,
        "ListTagsForResource",
        r#"{"resourceArn":"arn:aws:ecs:eu-west-1:111111111111:service/main/hello"}"#,
    ),
    (
        ECR,
        "GetAuthorizationToken",
        r#"{"registryIds":["111111111111"]}"#,
    ),
    (
        ECR,
        "CreateRepository",
        r#"{"repositoryName":"app","imageTagMutability":"IMMUTABLE_WITH_EXCLUSION","imageTagMutabilityExclusionFilters":[{"filterType":"WILDCARD","filter":"dev*"}],"imageScanningConfiguration":{"scanOnPush":true},"tags":[{"Key":"a","Value":"b"}],"encryptionConfiguration":{"encryptionType":"AES256"}}"#,
    ),
    (
        ECR,
        "DescribeRepositories",
        r#"{"repositoryNames":["app"],"maxResults":5,"registryId":"111111111111"}"#,
    ),
    (
        ECR,
        "DeleteRepository",
        r#"{"repositoryName":"app","force":true}"#,
    ),
    (
        ECR,
        "PutImageTagMutability",
        r#"{"repositoryName":"app","imageTagMutability":"MUTABLE"}"#,
    ),
    (
        ECR,
        "PutImageScanningConfiguration",
        r#"{"repositoryName":"app","imageScanningConfiguration":{"scanOnPush":true}}"#,
    ),
    (
        ECR,
        "SetRepositoryPolicy",
        r#"{"repositoryName":"app","policyText":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::222222222222:root\"},\"Action\":[\"ecr:BatchGetImage\"],\"Condition\":{\"StringLike\":{\"aws:PrincipalArn\":[\"*\"]}}}]}"}"#,
    ),
    (ECR, "GetRepositoryPolicy", r#"{"repositoryName":"app"}"#),
    (ECR, "DeleteRepositoryPolicy", r#"{"repositoryName":"app"}"#),
    (
        ECR,
        "PutLifecyclePolicy",
        r#"{"repositoryName":"app","lifecyclePolicyText":"{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"tagged\",\"tagPatternList\":[\"v*\"],\"countType\":\"sinceImagePushed\",\"countUnit\":\"days\",\"countNumber\":14},\"action\":{\"type\":\"expire\"}}]}"}"#,
    ),
    (ECR, "GetLifecyclePolicy", r#"{"repositoryName":"app"}"#),
    (ECR, "DeleteLifecyclePolicy", r#"{"repositoryName":"app"}"#),
    (
        ECR,
        "StartLifecyclePolicyPreview",
        r#"{"repositoryName":"app","lifecyclePolicyText":"{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"any\",\"countType\":\"imageCountMoreThan\",\"countNumber\":1},\"action\":{\"type\":\"expire\"}}]}"}"#,
    ),
    (
        ECR,
        "GetLifecyclePolicyPreview",
        r#"{"repositoryName":"app","filter":{"tagStatus":"TAGGED"},"imageIds":[{"imageTag":"v1"}],"maxResults":5}"#,
    ),
    (
        ECR,
        "UpdateImageStorageClass",
        r#"{"repositoryName":"app","imageId":{"imageTag":"v1"},"targetStorageClass":"ARCHIVE"}"#,
    ),
    (ECR, "InitiateLayerUpload", r#"{"repositoryName":"app"}"#),
    (
        ECR,
        "UploadLayerPart",
        r#"{"repositoryName":"app","uploadId":"u","partFirstByte":0,"partLastByte":4,"layerPartBlob":"aGVsbG8="}"#,
    ),
    (
        ECR,
        "CompleteLayerUpload",
        r#"{"repositoryName":"app","uploadId":"u","layerDigests":["sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"]}"#,
    ),
    (
        ECR,
        "GetDownloadUrlForLayer",
        r#"{"repositoryName":"app","layerDigest":"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}"#,
    ),
    (
        ECR,
        "ListImageReferrers",
        r#"{"repositoryName":"app","subjectId":{"imageDigest":"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"},"filter":{"artifactTypes":["x"],"artifactStatus":"ANY"},"maxResults":5}"#,
    ),
    (
        ECR,
        "CreateRepositoryCreationTemplate",
        r#"{"prefix":"team","appliedFor":["CREATE_ON_PUSH"],"description":"d","imageTagMutability":"MUTABLE","resourceTags":[{"Key":"a","Value":"b"}]}"#,
    ),
    (
        ECR,
        "DescribeRepositoryCreationTemplates",
        r#"{"prefixes":["team"],"maxResults":5}"#,
    ),
    (
        ECR,
        "DeleteRepositoryCreationTemplate",
        r#"{"prefix":"team"}"#,
    ),
    (ECR, "DescribeRegistry", "{}"),
    (ECR, "GetRegistryScanningConfiguration", "{}"),
    (
        ECR,
        "PutRegistryScanningConfiguration",
        r#"{"scanType":"BASIC","rules":[{"scanFrequency":"SCAN_ON_PUSH","repositoryFilters":[{"filter":"*","filterType":"WILDCARD"}]}]}"#,
    ),
    (
        ECR,
        "BatchGetRepositoryScanningConfiguration",
        r#"{"repositoryNames":["app"]}"#,
    ),
    (
        ECR,
        "DescribeImages",
        r#"{"repositoryName":"app","imageIds":[{"imageTag":"v1"}],"maxResults":5}"#,
    ),
    (
        ECR,
        "DescribeImages",
        r#"{"repositoryName":"app","filter":{"tagStatus":"ANY","imageStatus":"ACTIVE"}}"#,
    ),
    (
        ECR,
        "ListImages",
        r#"{"repositoryName":"app","filter":{"tagStatus":"TAGGED"},"maxResults":5}"#,
    ),
    (
        ECR,
        "BatchGetImage",
        r#"{"repositoryName":"app","imageIds":[{"imageTag":"v1"}],"acceptedMediaTypes":["application/vnd.oci.image.manifest.v1+json"]}"#,
    ),
    (
        ECR,
        "BatchCheckLayerAvailability",
        r#"{"repositoryName":"app","layerDigests":["sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"]}"#,
    ),
    (
        ECR,
        "PutImage",
        r#"{"repositoryName":"app","imageTag":"v1","imageManifestMediaType":"application/vnd.oci.image.manifest.v1+json","imageManifest":"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\",\"size\":5},\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\",\"size\":5}]}"}"#,
    ),
    (
        ECR,
        "PutImage",
        r#"{"repositoryName":"app","imageTag":"i","imageManifest":"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}"}"#,
    ),
    (
        ECR,
        "BatchDeleteImage",
        r#"{"repositoryName":"app","imageIds":[{"imageTag":"v1"}]}"#,
    ),
    (
        ECR,
        "StartImageScan",
        r#"{"repositoryName":"app","imageId":{"imageTag":"v1"}}"#,
    ),
    (
        ECR,
        "DescribeImageScanFindings",
        r#"{"repositoryName":"app","imageId":{"imageTag":"v1"},"maxResults":5}"#,
    ),
    (
        ECR,
        "TagResource",
        r#"{"resourceArn":"arn:aws:ecr:eu-west-1:111111111111:repository/app","tags":[{"Key":"a","Value":"b"}]}"#,
    ),
    (
        ECR,
        "UntagResource",
        r#"{"resourceArn":"arn:aws:ecr:eu-west-1:111111111111:repository/app","tagKeys":["a"]}"#,
    ),
    (
        ECR,
        "ListTagsForResource",
        r#"{"resourceArn":"arn:aws:ecr:eu-west-1:111111111111:repository/app"}"#,
    ),
    (ECR, "GetAccountSetting", r#"{"name":"BLOB_MOUNTING"}"#),
    (
        ECR,
        "PutAccountSetting",
        r#"{"name":"BLOB_MOUNTING","value":"ENABLED"}"#,
    ),
    (
        SCALING,
        "RegisterScalableTarget",
        r#"{"ServiceNamespace":"ecs","ResourceId":"service/main/hello","ScalableDimension":"ecs:service:DesiredCount","MinCapacity":1,"MaxCapacity":8,"SuspendedState":{"DynamicScalingInSuspended":true},"Tags":{"a":"b"}}"#,
    ),
    (
        SCALING,
        "RegisterScalableTarget",
        r#"{"ServiceNamespace":"ecs","ResourceId":"service/main/hello","ScalableDimension":"ecs:service:DesiredCount","MinCapacity":2,"MaxCapacity":5,"SuspendedState":{}}"#,
    ),
    (
        SCALING,
        "DescribeScalableTargets",
        r#"{"ServiceNamespace":"ecs","ResourceIds":["service/main/hello"],"MaxResults":5}"#,
    ),
    (
        SCALING,
        "DeregisterScalableTarget",
        r#"{"ServiceNamespace":"ecs","ResourceId":"service/main/s1","ScalableDimension":"ecs:service:DesiredCount"}"#,
    ),
    (
        SCALING,
        "PutScalingPolicy",
        r#"{"ServiceNamespace":"ecs","ResourceId":"service/main/hello","ScalableDimension":"ecs:service:DesiredCount","PolicyName":"cpu","PolicyType":"TargetTrackingScaling","TargetTrackingScalingPolicyConfiguration":{"TargetValue":50.0,"PredefinedMetricSpecification":{"PredefinedMetricType":"ECSServiceAverageCPUUtilization"},"ScaleOutCooldown":60,"ScaleInCooldown":60,"DisableScaleIn":false}}"#,
    ),
    (
        SCALING,
        "DescribeScalingPolicies",
        r#"{"ServiceNamespace":"ecs","PolicyNames":["cpu"],"ResourceId":"service/main/hello","MaxResults":5}"#,
    ),
    (
        SCALING,
        "DeleteScalingPolicy",
        r#"{"ServiceNamespace":"ecs","ResourceId":"service/main/hello","ScalableDimension":"ecs:service:DesiredCount","PolicyName":"mem"}"#,
    ),
    (
        SCALING,
        "PutScheduledAction",
        r#"{"ServiceNamespace":"ecs","ResourceId":"service/main/hello","ScalableDimension":"ecs:service:DesiredCount","ScheduledActionName":"evening","Schedule":"cron(0 18 ? * MON-FRI *)","Timezone":"UTC","StartTime":1800000000,"EndTime":1900000000,"ScalableTargetAction":{"MinCapacity":1,"MaxCapacity":3}}"#,
    ),
    (
        SCALING,
        "PutScheduledAction",
        r#"{"ServiceNamespace":"ecs","ResourceId":"service/main/hello","ScalableDimension":"ecs:service:DesiredCount","ScheduledActionName":"often","Schedule":"rate(5 minutes)","ScalableTargetAction":{"MinCapacity":2}}"#,
    ),
    (
        SCALING,
        "PutScheduledAction",
        r#"{"ServiceNamespace":"ecs","ResourceId":"service/main/hello","ScalableDimension":"ecs:service:DesiredCount","ScheduledActionName":"once","Schedule":"at(2099-01-01T00:00:00)","ScalableTargetAction":{"MaxCapacity":4}}"#,
    ),
    (
        SCALING,
        "DescribeScheduledActions",
        r#"{"ServiceNamespace":"ecs","ScheduledActionNames":["evening"],"ResourceId":"service/main/hello","MaxResults":5}"#,
    ),
    (
        SCALING,
        "DeleteScheduledAction",
        r#"{"ServiceNamespace":"ecs","ResourceId":"service/main/hello","ScalableDimension":"ecs:service:DesiredCount","ScheduledActionName":"often"}"#,
    ),
    (
        SCALING,
        "DescribeScalingActivities",
        r#"{"ServiceNamespace":"ecs","ResourceId":"service/main/hello","IncludeNotScaledActivities":true,"MaxResults":5}"#,
    ),
    (
        SCALING,
        "TagResource",
        r#"{"ResourceARN":"arn:aws:application-autoscaling:eu-west-1:111111111111:scalable-target/x","Tags":{"a":"b"}}"#,
    ),
    (
        SCALING,
        "UntagResource",
        r#"{"ResourceARN":"arn:aws:application-autoscaling:eu-west-1:111111111111:scalable-target/x","TagKeys":["a"]}"#,
    ),
    (
        SCALING,
        "ListTagsForResource",
        r#"{"ResourceARN":"arn:aws:application-autoscaling:eu-west-1:111111111111:scalable-target/x"}"#,
    ),
    (
        LOGS,
        "GetLogEvents",
        r#"{"logGroupName":"/ecs/hello","logStreamName":"ecs/app/1","startFromHead":true,"limit":10,"startTime":0,"endTime":4000000000000}"#,
    ),
    (
        LOGS,
        "FilterLogEvents",
        r#"{"logGroupName":"/ecs/hello","logStreamNamePrefix":"ecs/","filterPattern":"error -\"a b\" ?x","limit":10,"startTime":1,"endTime":2}"#,
    ),
    (
        LOGS,
        "DescribeLogGroups",
        r#"{"logGroupNamePrefix":"/ecs","limit":5}"#,
    ),
    (
        LOGS,
        "DescribeLogStreams",
        r#"{"logGroupName":"/ecs/hello","orderBy":"LastEventTime","descending":true,"limit":5}"#,
    ),
    (
        CLOUDWATCH,
        "DescribeAlarms",
        r#"{"AlarmNames":["errors"],"AlarmTypes":["MetricAlarm"],"StateValue":"ALARM","MaxRecords":5}"#,
    ),
    (
        CLOUDWATCH,
        "DescribeAlarms",
        r#"{"AlarmNamePrefix":"Target","ActionPrefix":"arn"}"#,
    ),
    (
        "secretsmanager.",
        "GetSecretValue",
        r#"{"SecretId":"npm/token","VersionStage":"AWSCURRENT"}"#,
    ),
    (
        "AmazonSSM.",
        "GetParameter",
        r#"{"Name":"/build/key","WithDecryption":true}"#,
    ),
];

/// The calls of the services that speak awsQuery.
pub(crate) const QUERY: &[&str] = &[
    "Action=GetCallerIdentity&Version=2011-06-15",
    "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2Fshipway-deploy&RoleSessionName=job&DurationSeconds=900&ExternalId=x&Tags.member.1.Key=a&Tags.member.1.Value=b&TransitiveTagKeys.member.1=a&SourceIdentity=me",
    "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2Fshipway-deploy&RoleSessionName=job&Policy=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22ecs%3A*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess",
    "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2Fshipway-deploy&RoleSessionName=job&WebIdentityToken=eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL3giLCJzdWIiOiJ5IiwiYXVkIjoieiIsImV4cCI6NDAwMDAwMDAwMH0.e30&DurationSeconds=900",
    "Action=GetSessionToken&Version=2011-06-15&DurationSeconds=900",
    "Action=GetAccessKeyInfo&Version=2011-06-15&AccessKeyId=ASIA0123456789ABCDEF",
    "Action=DescribeTargetGroups&Version=2015-12-01&TargetGroupArns.member.1=arn%3Aaws%3Aelasticloadbalancing%3Aeu-west-1%3A111111111111%3Atargetgroup%2Fweb%2F0123456789abcdef&PageSize=5",
    "Action=DescribeTargetGroups&Version=2015-12-01&Names.member.1=web&LoadBalancerArn=x",
    "Action=DescribeTargetHealth&Version=2015-12-01&TargetGroupArn=arn%3Aaws%3Aelasticloadbalancing%3Aeu-west-1%3A111111111111%3Atargetgroup%2Fweb%2F0123456789abcdef&Targets.member.1.Id=10.0.0.1&Targets.member.1.Port=8080",
    "Action=DescribeTargetGroupAttributes&Version=2015-12-01&TargetGroupArn=arn%3Aaws%3Aelasticloadbalancing%3Aeu-west-1%3A111111111111%3Atargetgroup%2Fweb%2F0123456789abcdef",
    "Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=errors&StateValue=ALARM&MaxRecords=5",
];

/// Requests to the control API: method, path, body.
pub(crate) const CONTROL: &[(&str, &str, &str)] = &[
    ("GET", "/_sim/health", ""),
    ("GET", "/_sim/calls?since=0", ""),
    ("GET", "/_sim/calls?since=4000000000", ""),
    ("GET", "/_sim/state", ""),
    ("GET", "/_sim/registries", ""),
    (
        "POST",
        "/_sim/seed",
        r#"{"accounts":[{"id":"333333333333","name":"dev","roles":[{"name":"deploy","allow":["ecs:*","ecr:Describe*"],"max_session_seconds":3600,"trust":{"principals":["000000000000"],"external_id":"s3cret"}}],"identity_providers":[{"url":"token.actions.githubusercontent.com","audiences":["sts.amazonaws.com"]}],"regions":[{"name":"eu-west-1","secrets":{"npm/token":"s3cret"},"parameters":{"/build/key":"k3y"},"target_groups":[{"arn":"arn:aws:elasticloadbalancing:eu-west-1:333333333333:targetgroup/web/0123456789abcdef","deregistration_delay_seconds":30}],"clusters":[{"name":"main","services":[{"task_definition":{"family":"web","containerDefinitions":[{"name":"app","image":"httpd","memory":64}]},"service":{"serviceName":"web","desiredCount":2},"steady":true}]}]}]}]}"#,
    ),
    ("POST", "/_sim/seed/demo", ""),
    ("GET", "/_sim/scripts", ""),
    (
        "POST",
        "/_sim/scripts",
        r#"{"match":"x","kind":"exit","exit_code":3,"after_seconds":5,"log":["error a b"]}"#,
    ),
    (
        "POST",
        "/_sim/scripts",
        r#"{"family":"hello","kind":"cannot-pull","reason":"because"}"#,
    ),
    ("DELETE", "/_sim/scripts", ""),
    ("GET", "/_sim/faults", ""),
    (
        "POST",
        "/_sim/faults",
        r#"{"service":"ecs","action":"UpdateService","account":"999999999999","kind":"throttle","count":3}"#,
    ),
    ("DELETE", "/_sim/faults", ""),
    ("GET", "/_sim/limits", ""),
    ("PUT", "/_sim/limits", r#"{"enabled":false}"#),
    (
        "POST",
        "/_sim/findings",
        r#"{"match":"app:v1","counts":{"HIGH":2},"findings":[{"name":"CVE-2026-1","severity":"HIGH","description":"","uri":""}]}"#,
    ),
    ("GET", "/_sim/alarms", ""),
    (
        "PUT",
        "/_sim/alarms",
        r#"{"account":"111111111111","region":"eu-west-1","name":"errors","state":"ALARM","reason":"r"}"#,
    ),
    (
        "DELETE",
        "/_sim/alarms",
        r#"{"account":"111111111111","region":"eu-west-1","name":"errors"}"#,
    ),
    ("GET", "/_sim/metrics", ""),
    (
        "PUT",
        "/_sim/metrics",
        r#"{"account":"111111111111","region":"eu-west-1","resource":"service/main/hello","metric":"ECSServiceAverageCPUUtilization","value":75}"#,
    ),
    ("GET", "/_sim/ecs/phases", ""),
    (
        "PUT",
        "/_sim/ecs/phases",
        r#"{"provisioning":0.5,"pulling":0.5,"activating":0.2,"settling":2,"terminating":0.2,"deprovisioning":0.2,"pending":0,"requested":0.2,"stale_reads":1,"backoff_base":1,"backoff_longest":10,"one_off":5}"#,
    ),
    ("PUT", "/_sim/ecs/phases", "{}"),
    ("GET", "/_sim/clock", ""),
    ("POST", "/_sim/clock", r#"{"advance_seconds":30}"#),
    (
        "POST",
        "/_sim/clock",
        r#"{"scale":0,"advance_seconds":3600}"#,
    ),
];

/// Requests to a registry: method, path, content type, body.
pub(crate) const REGISTRY: &[(&str, &str, &str, &str)] = &[
    ("GET", "/v2/", "", ""),
    ("GET", "/v2/app/tags/list?n=3&last=a", "", ""),
    (
        "POST",
        "/v2/app/blobs/uploads/",
        "application/octet-stream",
        "",
    ),
    (
        "POST",
        "/v2/app/blobs/uploads/?digest=sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "application/octet-stream",
        "hello",
    ),
    (
        "POST",
        "/v2/app/blobs/uploads/?mount=sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824&from=other",
        "",
        "",
    ),
    (
        "PATCH",
        "/v2/app/blobs/uploads/LOCATION",
        "application/octet-stream",
        "hello",
    ),
    (
        "PUT",
        "/v2/app/blobs/uploads/LOCATION?digest=sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "application/octet-stream",
        "",
    ),
    ("GET", "/v2/app/blobs/uploads/LOCATION", "", ""),
    ("DELETE", "/v2/app/blobs/uploads/LOCATION", "", ""),
    (
        "HEAD",
        "/v2/app/blobs/sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "",
        "",
    ),
    (
        "GET",
        "/v2/app/blobs/sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "",
        "",
    ),
    (
        "PUT",
        "/v2/app/manifests/v1",
        "application/vnd.oci.image.manifest.v1+json",
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824","size":5},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824","size":5}]}"#,
    ),
    (
        "PUT",
        "/v2/app/manifests/index",
        "application/vnd.oci.image.index.v1+json",
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#,
    ),
    ("GET", "/v2/app/manifests/v1", "", ""),
    ("HEAD", "/v2/app/manifests/v1", "", ""),
    ("DELETE", "/v2/app/manifests/v1", "", ""),
    (
        "GET",
        "/v2/app/referrers/sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "",
        "",
    ),
    ("GET", "/v2/_catalog", "", ""),
];
