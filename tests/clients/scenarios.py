"""boto3's waiters and paginators: they end as they should, and pages hold what one answer holds."""

import sys

import botocore.exceptions

import calls_ecr
import calls_ecs
import calls_others
import sim
from shapes import Checker
from sim import CLUSTER

# A waiter of boto3 looks every 5 to 15 s; simulated time is faster.
OFTEN = {"Delay": 0.1, "MaxAttempts": 300}

MANY = 7


def main():
    checker = Checker()
    session = sim.session(checker)
    fill(session)
    for check in (service_waiters, task_waiters, image_waiters, alarm_waiters, paginators):
        count = check(session)
        print(f"{check.__name__}: {count} ended as they should")
    for problem in checker.problems:
        print(problem)
    return 1 if checker.problems else 0


def fill(session):
    """Enough of everything for several pages."""
    ecs, ecr = session.client("ecs"), session.client("ecr")
    scaling = session.client("application-autoscaling")
    sim.control("POST", "scripts", {"family": "s*", "kind": "exit", "after_seconds": 10**7, "log": ["line"] * MANY})
    ecs.create_cluster(clusterName=CLUSTER)
    ecr.create_repository(repositoryName="app")
    subnets = [{"id": f"subnet-{number}"} for number in range(MANY)]
    region = {"name": sim.REGION, "subnets": subnets}
    sim.control("POST", "seed", {"accounts": [{"id": sim.ACCOUNT, "regions": [region]}]})
    for number in range(MANY):
        name = f"s{number}"
        ecs.create_cluster(clusterName=name)
        log = {"awslogs-group": f"/ecs/{name}", "awslogs-region": sim.REGION, "awslogs-stream-prefix": "ecs"}
        logging = {"logConfiguration": {"logDriver": "awslogs", "options": log}}
        ecs.register_task_definition(**sim.definition(name, **logging))
        group = f"{calls_ecs.GROUP}/{name}/0123456789abcdef"
        balancer = {"targetGroupArn": group, "containerName": "app", "containerPort": 80}
        ecs.create_service(**sim.service(name, loadBalancers=[balancer]))
        ecr.create_repository(repositoryName=f"repository-{number}")
        ecr.create_repository_creation_template(prefix=f"t{number}", appliedFor=["CREATE_ON_PUSH"])
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=f"r{number}", upstreamRegistryUrl="quay.io")
        calls_ecr.put_image(ecr, "app", name, name.encode())
        target = {**calls_others.TARGET, "ResourceId": f"service/{CLUSTER}/{name}"}
        # The minimum asks for one task more: an activity for each.
        scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=4)
        scaling.put_scheduled_action(
            **target, ScheduledActionName="often", Schedule="rate(1 day)", ScalableTargetAction={"MinCapacity": 2}
        )
        scaling.put_scaling_policy(
            **target,
            PolicyName="cpu",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 50.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            },
        )


def service_waiters(session):
    ecs = session.client("ecs")
    names = {"cluster": CLUSTER, "services": [f"s{number}" for number in range(MANY)]}
    ecs.get_waiter("services_stable").wait(**names, WaiterConfig=OFTEN)
    for service in ecs.describe_services(**names)["services"]:
        assert service["runningCount"] == service["desiredCount"] == 2, service
        assert len(service["deployments"]) == 1, service
    ecs.create_service(**sim.service("gone", taskDefinition="s0", desiredCount=1))
    ecs.delete_service(cluster=CLUSTER, service="gone", force=True)
    ecs.get_waiter("services_inactive").wait(cluster=CLUSTER, services=["gone"], WaiterConfig=OFTEN)
    fails(ecs.get_waiter("services_stable"), cluster=CLUSTER, services=["gone"])
    fails(ecs.get_waiter("services_stable"), cluster=CLUSTER, services=["missing"])
    return 4


def task_waiters(session):
    ecs = session.client("ecs")
    run = {"cluster": CLUSTER, "taskDefinition": "s0", "networkConfiguration": sim.SUBNETS}
    task = {"cluster": CLUSTER, "tasks": [ecs.run_task(**run)["tasks"][0]["taskArn"]]}
    ecs.get_waiter("tasks_running").wait(**task, WaiterConfig=OFTEN)
    ecs.stop_task(cluster=CLUSTER, task=task["tasks"][0])
    ecs.get_waiter("tasks_stopped").wait(**task, WaiterConfig=OFTEN)
    stopped = ecs.describe_tasks(**task)["tasks"][0]
    assert stopped["stopCode"] == "UserInitiated", stopped
    fails(ecs.get_waiter("tasks_running"), **task)
    return 3


def image_waiters(session):
    ecr = session.client("ecr")
    sim.control("POST", "findings", {"match": "app:s0", "counts": {"HIGH": 1}})
    sim.control("POST", "findings", {"match": "app:s1", "status": "FAILED"})
    scan = {"repositoryName": "app", "imageId": {"imageTag": "s0"}}
    ecr.start_image_scan(**scan)
    ecr.get_waiter("image_scan_complete").wait(**scan, WaiterConfig=OFTEN)
    found = ecr.describe_image_scan_findings(**scan)["imageScanFindings"]
    assert found["findingSeverityCounts"] == {"HIGH": 1}, found
    scan["imageId"] = {"imageTag": "s1"}
    ecr.start_image_scan(**scan)
    fails(ecr.get_waiter("image_scan_complete"), **scan)
    ecr.start_lifecycle_policy_preview(repositoryName="app", lifecyclePolicyText=calls_ecr.KEEP_ONE)
    ecr.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName="app", WaiterConfig=OFTEN)
    preview = ecr.get_lifecycle_policy_preview(repositoryName="app")
    assert preview["summary"]["expiringImageTotalCount"] == MANY - 1, preview
    return 3


def alarm_waiters(session):
    for number in range(MANY):
        alarm = {"account": sim.ACCOUNT, "region": sim.REGION, "name": f"a{number}", "state": "OK"}
        sim.control("PUT", "alarms", alarm)
    session.client("cloudwatch").get_waiter("alarm_exists").wait(AlarmNames=["a0"], WaiterConfig=OFTEN)
    elb = session.client("elbv2")
    group = f"{calls_ecs.GROUP}/s0/0123456789abcdef"
    targets = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    target = {"TargetGroupArn": group, "Targets": [targets[0]["Target"]]}
    elb.get_waiter("target_in_service").wait(**target, WaiterConfig=OFTEN)
    session.client("ecs").delete_service(cluster=CLUSTER, service="s0", force=True)
    elb.get_waiter("target_deregistered").wait(**target, WaiterConfig=OFTEN)
    return 3


def fails(waiter, **parameters):
    """The waiter gives up at once, because of what it sees."""
    try:
        waiter.wait(**parameters, WaiterConfig=OFTEN)
    except botocore.exceptions.WaiterError as error:
        assert "terminal failure state" in str(error), error
    else:
        raise AssertionError(f"{waiter.name} did not fail for {parameters}")


def paginators(session):
    """Every paginator of the operations offered: small pages hold the same items as one answer with all."""
    arguments = {
        "ListServices": {"cluster": CLUSTER},
        "ListTasks": {"cluster": CLUSTER},
        "DescribeImages": {"repositoryName": "app"},
        "ListImages": {"repositoryName": "app"},
        "GetLifecyclePolicyPreview": {"repositoryName": "app"},
        "DescribeImageScanFindings": {"repositoryName": "app", "imageId": {"imageTag": "s2"}},
        "DescribeLogStreams": {"logGroupName": "/ecs/s1"},
        "FilterLogEvents": {"logGroupName": "/ecs/s1"},
        "SimulatePrincipalPolicy": {
            "PolicySourceArn": f"arn:aws:iam::{sim.ACCOUNT}:role/any",
            "ActionNames": [f"ecs:Action{number}" for number in range(MANY)],
        },
    }
    findings = [{"name": f"CVE-2026-{number}", "severity": "LOW"} for number in range(MANY)]
    sim.control("POST", "findings", {"match": "app:s2", "findings": findings})
    scan = arguments["DescribeImageScanFindings"]
    ecr = session.client("ecr")
    ecr.start_image_scan(**scan)
    ecr.get_waiter("image_scan_complete").wait(**scan, WaiterConfig=OFTEN)
    # Their lines are streams of one group.
    run = {"cluster": CLUSTER, "taskDefinition": "s1", "networkConfiguration": sim.SUBNETS}
    tasks = [task["taskArn"] for task in session.client("ecs").run_task(**run, count=3)["tasks"]]
    session.client("ecs").get_waiter("tasks_running").wait(cluster=CLUSTER, tasks=tasks, WaiterConfig=OFTEN)
    count = 0
    for service, operations in sim.control("GET", "operations").items():
        client = session.client(sim.CLIENT_NAMES.get(service, service))
        for method, operation in client.meta.method_to_api_mapping.items():
            if operation not in operations or not client.can_paginate(method):
                continue
            parameters = arguments.get(operation, {})
            if service == "application-autoscaling":
                parameters = {"ServiceNamespace": "ecs"}
            # EC2 has no smaller pages.
            compare(client, method, parameters, 5 if service == "ec2" else 2)
            count += 1
    assert count == 23, f"{count} paginators"
    return count


def compare(client, method, parameters, size):
    """Pages of this size against one answer."""
    paginator = client.get_paginator(method)
    keys = [key.expression for key in paginator.result_keys]
    whole = getattr(client, method)(**parameters)
    pages = list(paginator.paginate(**parameters, PaginationConfig={"PageSize": size}))
    for key in keys:
        expected = items(whole, key)
        found = [item for page in pages for item in items(page, key)]
        assert found == expected, f"{method} {key}: {found} in pages, {expected} at once"
    sizes = [max(len(items(page, key)) for key in keys) for page in pages]
    assert max(sizes) <= size and len(pages) > 1, f"{method}: pages of {sizes}"


def items(answer, key):
    for part in key.split("."):
        answer = answer.get(part, []) if isinstance(answer, dict) else []
    return answer


if __name__ == "__main__":
    sys.exit(main())
