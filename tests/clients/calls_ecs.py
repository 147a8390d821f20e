"""Calls of ECS that together touch every operation, with as many members in the answers as they can have."""

import sim
from sim import CLUSTER, until

GROUP = f"arn:aws:elasticloadbalancing:{sim.REGION}:{sim.ACCOUNT}:targetgroup"
RULE = f"arn:aws:elasticloadbalancing:{sim.REGION}:{sim.ACCOUNT}:listener-rule/app/web/1/2"


def call(session):
    ecs = session.client("ecs")
    clusters(ecs)
    definitions(ecs)
    plain_service(ecs)
    failing_service(ecs)
    blue_green(ecs)
    paused(ecs)
    tasks(ecs)
    endings(ecs)
    refusals(ecs)


def clusters(ecs):
    ecs.create_cluster(
        clusterName=CLUSTER,
        settings=[{"name": "containerInsights", "value": "enabled"}],
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1, "base": 1}],
        configuration={"executeCommandConfiguration": {"logging": "DEFAULT"}},
        tags=[{"key": "team", "value": "a"}],
    )
    ecs.create_cluster(clusterName="spare")
    ecs.list_clusters()
    ecs.describe_clusters(clusters=[CLUSTER, "missing"], include=["TAGS", "SETTINGS", "STATISTICS", "CONFIGURATIONS"])
    ecs.delete_cluster(cluster="spare")


def definitions(ecs):
    """One task definition with nearly everything in it, and several revisions that end in each way."""
    ecs.register_task_definition(
        family="rich",
        taskRoleArn=f"arn:aws:iam::{sim.ACCOUNT}:role/task",
        executionRoleArn=f"arn:aws:iam::{sim.ACCOUNT}:role/execution",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="1024",
        memory="2 GB",
        ephemeralStorage={"sizeInGiB": 30},
        runtimePlatform={"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        volumes=[
            {"name": "scratch"},
            {
                "name": "shared",
                "efsVolumeConfiguration": {
                    "fileSystemId": "fs-0123456789abcdef0",
                    "rootDirectory": "/",
                    "transitEncryption": "ENABLED",
                    "authorizationConfig": {"iam": "ENABLED"},
                },
            },
        ],
        containerDefinitions=[
            {
                "name": "app",
                "image": "httpd:2",
                "cpu": 256,
                "memory": 512,
                "memoryReservation": 256,
                "essential": True,
                "portMappings": [{"containerPort": 8080, "protocol": "tcp", "name": "web", "appProtocol": "http"}],
                "entryPoint": ["sh", "-c"],
                "command": ["serve"],
                "environment": [{"name": "MODE", "value": "test"}],
                "secrets": [{"name": "TOKEN", "valueFrom": "npm/token"}],
                "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/tmp", "readOnly": False}],
                "dependsOn": [{"containerName": "side", "condition": "START"}],
                "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
                "healthCheck": {"command": ["CMD", "true"], "interval": 5, "timeout": 2, "retries": 2, "startPeriod": 1},
                "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}],
                "startTimeout": 30,
                "stopTimeout": 5,
                "dockerLabels": {"team": "a"},
                "readonlyRootFilesystem": True,
                "user": "1000",
                "workingDirectory": "/srv",
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": "/ecs/rich",
                        "awslogs-region": sim.REGION,
                        "awslogs-stream-prefix": "ecs",
                    },
                },
            },
            {"name": "side", "image": "busybox", "essential": False, "volumesFrom": []},
        ],
        tags=[{"key": "team", "value": "a"}],
    )
    ecs.describe_task_definition(taskDefinition="rich", include=["TAGS"])
    for family in ("plain", "once"):
        ecs.register_task_definition(**sim.definition(family))
    ecs.register_task_definition(
        family="on-hosts", containerDefinitions=[{"name": "app", "image": "httpd", "memory": 128}]
    )
    ecs.deregister_task_definition(taskDefinition="once:1")
    ecs.describe_task_definition(taskDefinition="once:1")
    ecs.delete_task_definitions(taskDefinitions=["once:1", "plain:1"])
    for status in ("ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"):
        ecs.list_task_definitions(status=status)
    for status in ("ACTIVE", "INACTIVE", "ALL"):
        ecs.list_task_definition_families(status=status)


def deployments(ecs, name):
    """Looks at a service from all sides; gives its service deployments, newest first."""
    ecs.describe_services(cluster=CLUSTER, services=[name, "missing"], include=["TAGS"])
    listed = ecs.list_service_deployments(cluster=CLUSTER, service=name)["serviceDeployments"]
    arns = [deployment["serviceDeploymentArn"] for deployment in listed]
    found = ecs.describe_service_deployments(serviceDeploymentArns=[*arns, arns[0][:-22] + "A" * 22])["serviceDeployments"]
    revisions = {deployment["targetServiceRevision"]["arn"] for deployment in found}
    revisions |= {revision["arn"] for deployment in found for revision in deployment.get("sourceServiceRevisions", [])}
    revisions = sorted(revisions)
    ecs.describe_service_revisions(serviceRevisionArns=[*revisions, revisions[0][:-19] + "1" * 19])
    tasks = ecs.list_tasks(cluster=CLUSTER, serviceName=name)["taskArns"]
    if tasks:
        ecs.describe_tasks(cluster=CLUSTER, tasks=tasks, include=["TAGS"])
    return sorted(found, key=lambda deployment: deployment["createdAt"], reverse=True)


def ended(ecs, name):
    """Waits for the newest service deployment to end; gives how."""
    final = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
    return until(
        lambda: next((found["status"] for found in deployments(ecs, name)[:1] if found["status"] in final), None),
        f"the deployment of {name} ends",
    )


def plain_service(ecs):
    """A service with what can be kept and shown, behind a target group; then one more revision of it."""
    group = f"{GROUP}/web/0123456789abcdef"
    ecs.create_service(
        **{
            **sim.service("web", 2, taskDefinition="rich"),
            "loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}],
            "healthCheckGracePeriodSeconds": 10,
            "platformVersion": "LATEST",
            "deploymentConfiguration": {
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                "alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True},
                "minimumHealthyPercent": 50,
                "maximumPercent": 200,
            },
            "propagateTags": "SERVICE",
            "enableECSManagedTags": True,
            "enableExecuteCommand": True,
            "tags": [{"key": "team", "value": "a"}],
        }
    )
    deployments(ecs, "web")
    assert ended(ecs, "web") == "SUCCESSFUL"
    ecs.update_service(cluster=CLUSTER, service="web", forceNewDeployment=True)
    assert ended(ecs, "web") == "SUCCESSFUL"
    ecs.list_services(cluster=CLUSTER, launchType="FARGATE", schedulingStrategy="REPLICA")


def failing_service(ecs):
    """A deployment that the breaker rolls back, and one that is stopped by hand."""
    sim.control("POST", "scripts", {"match": "broken:1", "kind": "exit", "exit_code": 3, "log": ["no config"]})
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    ecs.register_task_definition(**sim.definition("flaky"))
    ecs.create_service(**sim.service("flaky", deploymentConfiguration=breaker))
    assert ended(ecs, "flaky") == "SUCCESSFUL"
    ecs.register_task_definition(**sim.definition("flaky", image="broken:1"))
    ecs.update_service(cluster=CLUSTER, service="flaky", taskDefinition="flaky")
    assert ended(ecs, "flaky") == "ROLLBACK_SUCCESSFUL"
    stopped = ecs.list_tasks(cluster=CLUSTER, serviceName="flaky", desiredStatus="STOPPED")["taskArns"]
    assert stopped, "tasks that failed are still to be seen"
    ecs.describe_tasks(cluster=CLUSTER, tasks=stopped)

    ecs.update_service(cluster=CLUSTER, service="flaky", forceNewDeployment=True)
    newest = until(lambda: ecs.list_service_deployments(cluster=CLUSTER, service="flaky", status=["PENDING", "IN_PROGRESS"])["serviceDeployments"], "it starts")
    ecs.stop_service_deployment(serviceDeploymentArn=newest[0]["serviceDeploymentArn"], stopType="ROLLBACK")
    ended(ecs, "flaky")


def blue_green(ecs):
    """A canary: stages, traffic weights, target groups and rules of both sides."""
    canary = {
        "targetGroupArn": f"{GROUP}/blue/0123456789abcdef",
        "containerName": "app",
        "containerPort": 8080,
        "advancedConfiguration": {
            "alternateTargetGroupArn": f"{GROUP}/green/0123456789abcdef",
            "productionListenerRule": f"{RULE}/3",
            "testListenerRule": f"{RULE}/4",
            "roleArn": f"arn:aws:iam::{sim.ACCOUNT}:role/elb",
        },
    }
    configuration = {
        "strategy": "CANARY",
        "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 1},
        "bakeTimeInMinutes": 1,
    }
    ecs.create_service(
        **sim.service("canary", taskDefinition="rich", loadBalancers=[canary], deploymentConfiguration=configuration)
    )
    assert ended(ecs, "canary") == "SUCCESSFUL"
    ecs.update_service(cluster=CLUSTER, service="canary", forceNewDeployment=True)
    assert ended(ecs, "canary") == "SUCCESSFUL"


def paused(ecs):
    """A hook that waits, and is told to go on."""
    hook = {"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"], "timeoutConfiguration": {"timeoutInMinutes": 600}}
    ecs.register_task_definition(**sim.definition("held"))
    ecs.create_service(**sim.service("held", deploymentConfiguration={"lifecycleHooks": [hook]}))

    def waiting():
        for found in deployments(ecs, "held"):
            for details in found.get("lifecycleHookDetails", []):
                if details["status"] == "AWAITING_ACTION":
                    return found["serviceDeploymentArn"], details["hookId"]
        return None

    arn, hook_id = until(waiting, "the hook waits")
    ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook_id, action="CONTINUE")
    assert ended(ecs, "held") == "SUCCESSFUL"


def tasks(ecs):
    """Single tasks: one that ends by itself, one that is stopped, one that cannot start."""
    sim.control("POST", "scripts", {"family": "rich", "kind": "exit", "exit_code": 0, "log": ["ready", "bye"]})
    run = {"cluster": CLUSTER, "launchType": "FARGATE", "networkConfiguration": sim.SUBNETS}
    started = ecs.run_task(
        **run,
        taskDefinition="rich",
        count=2,
        startedBy="a test",
        group="family:rich",
        overrides={
            "containerOverrides": [
                {"name": "app", "command": ["once"], "environment": [{"name": "A", "value": "b"}], "cpu": 128}
            ],
            "cpu": "512",
            "memory": "1024",
        },
        tags=[{"key": "team", "value": "a"}],
        enableECSManagedTags=True,
    )["tasks"]
    arns = [task["taskArn"] for task in started]
    ecs.list_tasks(cluster=CLUSTER, startedBy="a test")
    ecs.stop_task(cluster=CLUSTER, task=arns[0], reason="enough")
    states = set()

    def done():
        found = ecs.describe_tasks(cluster=CLUSTER, tasks=[*arns, arns[0][:-32] + "0" * 32], include=["TAGS"])["tasks"]
        states.update(task["lastStatus"] for task in found)
        return all(task["lastStatus"] == "STOPPED" for task in found)

    until(done, "the tasks end")
    sim.control("POST", "scripts", {"family": "on-hosts", "kind": "cannot-pull"})
    ecs.run_task(cluster=CLUSTER, taskDefinition="on-hosts")
    until(lambda: ecs.list_tasks(cluster=CLUSTER, family="on-hosts", desiredStatus="STOPPED")["taskArns"], "it fails")
    sim.control("DELETE", "scripts")


def endings(ecs):
    """Tags, and the end of a service."""
    arn = f"arn:aws:ecs:{sim.REGION}:{sim.ACCOUNT}:service/{CLUSTER}/web"
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "stage", "value": "test"}])
    ecs.list_tags_for_resource(resourceArn=arn)
    ecs.untag_resource(resourceArn=arn, tagKeys=["stage"])
    ecs.update_service(cluster=CLUSTER, service="held", desiredCount=0)
    ecs.delete_service(cluster=CLUSTER, service="held", force=True)
    ecs.describe_services(cluster=CLUSTER, services=["held"])


def refusals(ecs):
    """Errors have shapes too."""
    fail = sim.refused
    fail(ecs.describe_services, cluster="missing", services=["web"])
    fail(ecs.update_service, cluster=CLUSTER, service="missing")
    fail(ecs.describe_task_definition, taskDefinition="missing")
    fail(ecs.delete_cluster, cluster=CLUSTER)
    fail(ecs.stop_task, cluster=CLUSTER, task="0" * 32)
    fail(ecs.describe_services, cluster=CLUSTER, services=[f"s{number}" for number in range(11)])
    fail(ecs.stop_service_deployment, serviceDeploymentArn=f"arn:aws:ecs:{sim.REGION}:{sim.ACCOUNT}:service-deployment/{CLUSTER}/web/{'A' * 22}")
    fail(ecs.register_task_definition, family="none", containerDefinitions=[])
