"""awscli and ecs-deploy, run as people run them: by their commands, with their exit codes."""

import base64
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import sim
from sim import CLUSTER, until

BIN = pathlib.Path(sys.executable).parent
ENVIRONMENT = {
    **os.environ,
    "AWS_ACCESS_KEY_ID": sim.ACCOUNT,
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": sim.REGION,
    # Nothing of whoever runs this has a say.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_PAGER": "",
}


def run(program, *arguments, code=0, **environment):
    """Runs a command that must end with this exit code; gives what it wrote."""
    done = subprocess.run(
        [sys.executable, BIN / program, *map(str, arguments)],
        env={**ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    wrote = f"{program} {' '.join(map(str, arguments))}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == code, f"exit code {done.returncode}, not {code}: {wrote}"
    return done.stdout if code == 0 else done.stdout + done.stderr


def aws(*arguments, **more):
    """An answer of awscli."""
    written = run("aws", *arguments, **more)
    return json.loads(written) if written.strip().startswith(("{", "[")) else written


# Phases of tasks at real speed, in seconds: ecs-deploy compares the times of events with its own clock, so
# simulated time must be real time for it.
QUICK = {
    "provisioning": 0.1,
    "pulling": 0.1,
    "activating": 0.1,
    "settling": 1,
    "terminating": 0.1,
    "deprovisioning": 0.1,
    "pending": 0.2,
    "requested": 0.1,
    "backoff_base": 0.2,
    "backoff_longest": 0.5,
}


def world(phases):
    """A service of one task."""
    sim.control("POST", "seed", {"accounts": [{"id": sim.ACCOUNT, "roles": [{"name": "deploy"}]}]})
    sim.control("POST", "scripts", {"match": "broken*", "kind": "exit", "exit_code": 3, "after_seconds": 0.2})
    sim.control("POST", "scripts", {"match": "away*", "kind": "no-capacity"})
    if phases:
        sim.control("PUT", "ecs/phases", phases)
    ecs = sim.session().client("ecs")
    ecs.create_cluster(clusterName=CLUSTER)
    ecs.register_task_definition(**sim.definition("web", image="web:1"))
    ecs.create_service(**sim.service("web"))
    return ecs


def steady(ecs):
    """Waits until one revision runs all tasks of the service; gives the service."""

    def look():
        service = ecs.describe_services(cluster=CLUSTER, services=["web"])["services"][0]
        alone = len(service["deployments"]) == 1 and service["deployments"][0]["rolloutState"] == "COMPLETED"
        return service if alone and service["runningCount"] == service["desiredCount"] else None

    return until(look, "the service is steady")


def image(ecs, service):
    """The image that a service's task definition names."""
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    return definition["containerDefinitions"][0]["image"]


def looks():
    """How often services were looked at."""
    return sum(call["action"] == "DescribeServices" for call in sim.control("GET", "calls"))


def awscli(ecs):
    web = ["--cluster", CLUSTER, "--service", "web"]
    steady(ecs)
    # Slow enough that the first look of the waiter comes too early.
    sim.control("POST", "clock", {"scale": 30})
    updated = aws("ecs", "update-service", *web, "--force-new-deployment", "--desired-count", 2)
    assert updated["service"]["desiredCount"] == 2, updated
    assert len(updated["service"]["deployments"]) == 2, updated
    before = looks()
    aws("ecs", "wait", "services-stable", "--cluster", CLUSTER, "--services", "web")
    assert looks() - before >= 2, "it had to wait"
    service = aws("ecs", "describe-services", "--cluster", CLUSTER, "--services", "web")["services"][0]
    assert service["runningCount"] == 2 and len(service["deployments"]) == 1, service
    tasks = aws("ecs", "list-tasks", "--cluster", CLUSTER, "--page-size", 1, "--query", "taskArns")
    assert len(tasks) == 2, tasks

    refused = run("aws", "ecs", "update-service", "--cluster", CLUSTER, "--service", "missing", code=255)
    assert "ServiceNotFoundException" in refused, refused

    aws("ecr", "create-repository", "--repository-name", "app")
    password = aws("ecr", "get-login-password").strip()
    uri = aws("ecr", "describe-repositories")["repositories"][0]["repositoryUri"]
    login = base64.b64encode(f"AWS:{password}".encode()).decode()
    request = urllib.request.Request(f"http://{uri.split('/')[0]}/v2/", headers={"Authorization": f"Basic {login}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200, "the password opens the registry"

    role = f"arn:aws:iam::{sim.ACCOUNT}:role/deploy"
    keys = aws("sts", "assume-role", "--role-arn", role, "--role-session-name", "cli")["Credentials"]
    session = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    who = json.loads(run("aws", "sts", "get-caller-identity", **session))
    assert who["Arn"].endswith(":assumed-role/deploy/cli"), who
    alarms = aws("cloudwatch", "describe-alarms")
    assert alarms == {"MetricAlarms": [], "CompositeAlarms": []}, alarms


def ecs_deploy(ecs):
    steady(ecs)
    deploy = ["ecs", "deploy", "--region", sim.REGION, CLUSTER, "web", "--timeout", 20]
    written = run(*deploy, "--image", "app", "web:2", "--env", "app", "MODE", "test")
    assert "Deployment successful" in written, written
    good = steady(ecs)
    assert image(ecs, good) == "web:2", good

    # No task of the new revision finds a place: the tool reads it in the service's events.
    written = run(*deploy, "--image", "app", "away:1", "--rollback", code=1)
    assert "is unable to consistently start tasks" in written and "rolled back" in written, written
    back = steady(ecs)
    assert back["taskDefinition"] == good["taskDefinition"], back

    # Tasks exit soon after they start: nothing ends that but the patience of the tool.
    written = run(*deploy, "--image", "app", "broken:1", "--rollback", "--timeout", 5, code=1)
    assert "due to timeout" in written and "rolled back" in written, written
    assert steady(ecs)["taskDefinition"] == good["taskDefinition"], written

    # A circuit breaker ends it; the tool reads that in the deployment's entry.
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    ecs.update_service(cluster=CLUSTER, service="web", deploymentConfiguration=breaker)
    written = run(*deploy, "--image", "app", "broken:2", code=1)
    assert "Deployment Failed! ECS deployment circuit breaker" in written, written

    run("ecs", "deploy", "--region", sim.REGION, CLUSTER, "missing", code=1)

    run(*deploy, "--image", "app", "web:3")
    written = run("ecs", "scale", "--region", sim.REGION, CLUSTER, "web", 3)
    assert "Scaling successful" in written, written
    assert steady(ecs)["runningCount"] == 3

    network = ["--launchtype", "FARGATE", "--subnet", "subnet-0a1b2c3d4e5f60718"]
    network += ["--securitygroup", "sg-0a1b2c3d4e5f60718"]
    written = run("ecs", "run", "--region", sim.REGION, CLUSTER, "web", 2, *network, "--command", "app", "once")
    assert "Successfully started 2 instances" in written, written


def main():
    part, phases = {"awscli": (awscli, None), "ecs-deploy": (ecs_deploy, QUICK)}[sys.argv[1]]
    part(world(phases))
    print(f"{sys.argv[1]}: all ended as they should")


if __name__ == "__main__":
    main()
