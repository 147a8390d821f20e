//! Requests that would do, of what speaks no JSON of AWS: queries, the control API, registries.

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
    "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-*&Filter.2.Name=state&Filter.2.Value.1=available&MaxResults=5&DryRun=false",
    "Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS%2FUsage&MetricName=ResourceCount&StartTime=2026-01-01T00%3A00%3A00Z&EndTime=2026-01-01T01%3A00%3A00Z&Period=60&Statistics.member.1=Maximum&Dimensions.member.1.Name=Class&Dimensions.member.1.Value=Standard%2FOnDemand",
    "Action=GetRole&Version=2010-05-08&RoleName=shipway-deploy",
    "Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2Fshipway-deploy&ActionNames.member.1=ecr%3ABatchGetImage&ActionNames.member.2=ecs%3ARunTask&ResourceArns.member.1=%2A&ContextEntries.member.1.ContextKeyName=ecs%3Acluster&ContextEntries.member.1.ContextKeyType=string&ContextEntries.member.1.ContextKeyValues.member.1=a&PolicyInputList.member.1=%7B%22Statement%22%3A%5B%5D%7D&MaxItems=1",
    "Action=DescribeSubnets&Version=2016-11-15&SubnetId.1=subnet-0a1b2c3d4e5f60718&SubnetId.2=subnet-1",
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
        r#"{"accounts":[{"id":"333333333333","name":"dev","roles":[{"name":"deploy","path":"/a/","allow":["ecs:*","ecr:Describe*"],"max_session_seconds":3600,"trust":{"principals":["000000000000"],"external_id":"s3cret"}}],"roles_are_complete":true,"identity_providers":[{"url":"token.actions.githubusercontent.com","audiences":["sts.amazonaws.com"]}],"regions":[{"name":"eu-west-1","subnets":[{"id":"subnet-1","vpc":"vpc-1","cidr":"10.0.0.0/24","zone":"eu-west-1a","available_ip_addresses":3}],"quotas":{"fargate/L-3032A538":8},"log_groups":["/ecs/web"],"log_groups_are_complete":true,"secrets":{"npm/token":"s3cret"},"parameters":{"/build/key":"k3y"},"target_groups":[{"arn":"arn:aws:elasticloadbalancing:eu-west-1:333333333333:targetgroup/web/0123456789abcdef","deregistration_delay_seconds":30,"health_check_interval_seconds":10,"healthy_threshold_count":2}],"clusters":[{"name":"main","services":[{"task_definition":{"family":"web","containerDefinitions":[{"name":"app","image":"httpd","memory":64}]},"service":{"serviceName":"web","desiredCount":2},"steady":true}]}]}]}]}"#,
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
    (
        "GET",
        "/layers/app/sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824?Expires=1&Signature=x",
        "",
        "",
    ),
];
