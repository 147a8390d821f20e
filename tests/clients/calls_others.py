"""Calls of the smaller services that together touch every operation of theirs."""

import base64
import datetime
import json

import sim
from sim import CLUSTER, until

ISSUER = "token.actions.githubusercontent.com"
SUBJECT = "repo:acme/hello:ref:refs/heads/main"

# What a role says that a workflow of one repository may become it.
TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": f"arn:aws:iam::{sim.ACCOUNT}:oidc-provider/{ISSUER}"},
            "Condition": {"StringEquals": {f"{ISSUER}:sub": SUBJECT}},
        }
    ]
}

TARGET = {
    "ServiceNamespace": "ecs",
    "ResourceId": f"service/{CLUSTER}/web",
    "ScalableDimension": "ecs:service:DesiredCount",
}


def call(session):
    """After the calls of ECS: services, target groups and lines of logs are there."""
    sts(session.client("sts"))
    scaling(session.client("application-autoscaling"))
    load_balancing(session.client("elbv2"))
    logs(session.client("logs"))
    alarms(session.client("cloudwatch"))
    subnets(session.client("ec2"))
    roles(session.client("iam"))
    quota = quotas(session.client("service-quotas"))
    usage(session.client("cloudwatch"), quota)
    secrets = session.client("secretsmanager")
    secrets.get_secret_value(SecretId="npm/token")
    sim.refused(secrets.get_secret_value, SecretId="missing")
    parameters = session.client("ssm")
    parameters.get_parameter(Name="/build/key", WithDecryption=True)
    sim.refused(parameters.get_parameter, Name="/missing")


def call_in_other_protocols(checker):
    """CloudWatch speaks three protocols; which one a client takes depends on the client."""
    quota = quotas(sim.session(checker).client("service-quotas"))
    for protocol in ("smithy-rpc-v2-cbor", "json", "query"):
        cloudwatch = sim.session(checker, protocol=protocol).client("cloudwatch")
        alarms(cloudwatch)
        usage(cloudwatch, quota)


def token():
    """A token of an identity provider; nobody checks its signature."""
    claims = {
        "iss": f"https://{ISSUER}",
        "aud": "sts.amazonaws.com",
        "sub": SUBJECT,
        "exp": sim.control("GET", "clock")["now"] + 3600,
    }
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
    parts.append(b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def sts(sts):
    identity = sts.get_caller_identity()
    assert identity["Account"] == sim.ACCOUNT, identity
    role = {"RoleArn": f"arn:aws:iam::{sim.ACCOUNT}:role/deploy", "RoleSessionName": "test"}
    policy = {"Statement": [{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}]}
    session = sts.assume_role(
        **role, Policy=json.dumps(policy), SourceIdentity="a-person", Tags=[{"Key": "team", "Value": "a"}]
    )
    sts.get_access_key_info(AccessKeyId=session["Credentials"]["AccessKeyId"])
    sts.get_session_token()
    sts.assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{sim.ACCOUNT}:role/ci", RoleSessionName="run-1", WebIdentityToken=token()
    )
    sim.refused(sts.assume_role, **{**role, "RoleArn": f"arn:aws:iam::{sim.ACCOUNT}:role/missing"})
    sim.refused(sts.assume_role, **role, DurationSeconds=43200)


def scaling(scaling):
    suspended = {"DynamicScalingInSuspended": True, "ScheduledScalingSuspended": False}
    arn = scaling.register_scalable_target(
        **TARGET, MinCapacity=1, MaxCapacity=6, SuspendedState=suspended, Tags={"team": "a"}
    )["ScalableTargetARN"]
    scaling.describe_scalable_targets(ServiceNamespace="ecs")
    metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    scaling.put_scaling_policy(
        **TARGET,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 50.0,
            "PredefinedMetricSpecification": metric,
            "ScaleOutCooldown": 10,
            "ScaleInCooldown": 60,
            "DisableScaleIn": True,
        },
    )
    scaling.describe_scaling_policies(ServiceNamespace="ecs")
    scaling.put_scheduled_action(
        **TARGET,
        ScheduledActionName="often",
        Schedule="rate(1 minute)",
        ScalableTargetAction={"MinCapacity": 3},
    )
    scaling.describe_scheduled_actions(ServiceNamespace="ecs")
    until(lambda: activities(scaling), "the scheduled action scales the service")
    scaling.tag_resource(ResourceARN=arn, Tags={"stage": "test"})
    scaling.list_tags_for_resource(ResourceARN=arn)
    scaling.untag_resource(ResourceARN=arn, TagKeys=["stage"])
    scaling.delete_scheduled_action(**TARGET, ScheduledActionName="often")
    sim.refused(scaling.delete_scaling_policy, **TARGET, PolicyName="missing")
    sim.refused(scaling.list_tags_for_resource, ResourceARN=arn[:-4] + "0000")


def activities(scaling):
    found = scaling.describe_scaling_activities(ServiceNamespace="ecs", IncludeNotScaledActivities=True)
    return found["ScalingActivities"]


def load_balancing(elb):
    groups = elb.describe_target_groups()["TargetGroups"]
    assert groups, "services mentioned target groups"
    for group in groups:
        arn = group["TargetGroupArn"]
        elb.describe_target_health(TargetGroupArn=arn)
        elb.describe_target_group_attributes(TargetGroupArn=arn)
    targets = [{"Id": "10.9.9.9", "Port": 80}]
    elb.describe_target_health(TargetGroupArn=groups[0]["TargetGroupArn"], Targets=targets)
    sim.refused(elb.describe_target_groups, Names=["missing"])


def logs(logs):
    groups = logs.describe_log_groups()["logGroups"]
    assert groups, "containers wrote lines"
    name = groups[0]["logGroupName"]
    streams = logs.describe_log_streams(logGroupName=name)["logStreams"]
    stream = streams[0]["logStreamName"]
    logs.get_log_events(logGroupName=name, logStreamName=stream, startFromHead=True)
    found = logs.filter_log_events(logGroupName=name, filterPattern="ready")["events"]
    assert found, "the pattern finds a line"
    sim.refused(logs.get_log_events, logGroupName=name, logStreamName="missing")


def alarms(cloudwatch):
    alarm = {"account": sim.ACCOUNT, "region": sim.REGION, "name": "errors", "state": "ALARM", "reason": "too many"}
    sim.control("PUT", "alarms", alarm)
    found = cloudwatch.describe_alarms()["MetricAlarms"]
    assert {alarm["StateValue"] for alarm in found} >= {"ALARM"}, found
    cloudwatch.describe_alarms(AlarmNames=["errors"], StateValue="ALARM")
    sim.refused(cloudwatch.describe_alarms, NextToken="not one of these")


def subnets(ec2):
    found = ec2.describe_subnets()["Subnets"]
    ids = [subnet["SubnetId"] for subnet in found]
    ours = sim.SUBNETS["awsvpcConfiguration"]["subnets"]
    assert ids == ours, "the services mentioned it"
    assert 0 < found[0]["AvailableIpAddressCount"] < 251, found
    assert ec2.describe_subnets(SubnetIds=ours)["Subnets"] == found
    filters = [{"Name": "vpc-id", "Values": ["vpc-*"]}, {"Name": "subnet-id", "Values": ["subnet-9", *ours]}]
    assert ec2.describe_subnets(Filters=filters)["Subnets"] == found
    assert sim.refused(ec2.describe_subnets, SubnetIds=["subnet-9"]) == "InvalidSubnetID.NotFound"
    assert sim.refused(ec2.describe_subnets, DryRun=True) == "DryRunOperation"


def roles(iam):
    found = iam.get_role(RoleName="ci")["Role"]
    assert found["AssumeRolePolicyDocument"] == TRUST, found
    asked = {
        "PolicySourceArn": found["Arn"],
        "ActionNames": ["ecr:BatchGetImage", "secretsmanager:GetSecretValue"],
        "ResourceArns": ["*"],
        "ContextEntries": [
            {"ContextKeyName": "ecs:cluster", "ContextKeyType": "string", "ContextKeyValues": [CLUSTER]}
        ],
    }
    results = iam.simulate_principal_policy(**asked)["EvaluationResults"]
    assert [result["EvalDecision"] for result in results] == ["allowed", "allowed"], results
    missing = f"arn:aws:iam::{sim.ACCOUNT}:user/missing"
    assert sim.refused(iam.simulate_principal_policy, **{**asked, "PolicySourceArn": missing}) == "NoSuchEntity"
    sim.control("POST", "seed", {"accounts": [{"id": sim.ACCOUNT, "roles_are_complete": True}]})
    assert sim.refused(iam.get_role, RoleName="missing") == "NoSuchEntity"


def quotas(quotas):
    """Gives the quota of vCPUs that tasks of Fargate may have."""
    asked = {"ServiceCode": "fargate", "QuotaCode": "L-3032A538"}
    assert quotas.get_aws_default_service_quota(**asked)["Quota"]["Value"] == 6
    assert sim.refused(quotas.get_service_quota, **{**asked, "QuotaCode": "L-0"}) == "NoSuchResourceException"
    quota = quotas.get_service_quota(**asked)["Quota"]
    assert quota["QuotaName"] == "Fargate On-Demand vCPU resource count", quota
    return quota


def usage(cloudwatch, quota):
    """Looks at the metric that a quota names."""
    metric = quota["UsageMetric"]
    now = datetime.datetime.now(datetime.timezone.utc)
    asked = {
        "Namespace": metric["MetricNamespace"],
        "MetricName": metric["MetricName"],
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric["MetricDimensions"].items()],
        "StartTime": now - datetime.timedelta(minutes=15),
        "EndTime": now,
        "Period": 300,
        "Statistics": [metric["MetricStatisticRecommendation"]],
    }
    points = cloudwatch.get_metric_statistics(**asked)["Datapoints"]
    assert len(points) == 1 and 0 < points[0]["Maximum"] < quota["Value"], points
    assert asked["StartTime"] < points[0]["Timestamp"] < now, points
    assert not cloudwatch.get_metric_statistics(**{**asked, "Namespace": "AWS/ECS"})["Datapoints"]
    refused = sim.refused(cloudwatch.get_metric_statistics, **{**asked, "Period": 90})
    assert refused == "InvalidParameterValue", refused


def endings(session):
    """What other calls need until then."""
    scaling = session.client("application-autoscaling")
    scaling.delete_scaling_policy(**TARGET, PolicyName="cpu")
    scaling.deregister_scalable_target(**TARGET)
