"""The simulator as these scripts see it: its address, its control API, and boto3 clients for it.

The address is in AWS_ENDPOINT_URL, where boto3, awscli and ecs-deploy find it by themselves.
"""

import json
import os
import time
import urllib.request

import boto3
import botocore.config
import botocore.exceptions
import botocore.session

from shapes import speak

URL = os.environ["AWS_ENDPOINT_URL"]
REGION = "eu-west-1"
ACCOUNT = "333333333333"
CLUSTER = "main"

# boto3's names of services, where they are not those in IAM actions.
CLIENT_NAMES = {"elasticloadbalancing": "elbv2", "servicequotas": "service-quotas"}

SUBNETS = {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d4e5f60718"], "assignPublicIp": "DISABLED"}}


def control(method, path, body=None):
    """A request to the control API; gives its answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}/_sim/{path}", data, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def session(checker=None, account=ACCOUNT, protocol=None):
    """A boto3 session that acts as an account, its answers seen by a checker.

    With `protocol` its clients speak that one, not the first of those that their service offers.
    """
    core = botocore.session.Session()
    core.set_credentials(account, "any")
    core.set_config_variable("region", REGION)
    # A refusal is a result here, not something to hide by trying again.
    core.set_default_client_config(botocore.config.Config(retries={"total_max_attempts": 1}))
    if protocol:
        speak(core, protocol)
    if checker:
        core.register("before-parse", checker.see)
    return boto3.Session(botocore_session=core)


def definition(family, **container):
    """Input of RegisterTaskDefinition: a Fargate task of one container."""
    app = {"name": "app", "image": "httpd:2", "essential": True}
    return {
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{**app, **container}],
    }


def service(name, count=1, **more):
    """Input of CreateService, in the cluster of these scripts."""
    return {
        "cluster": CLUSTER,
        "serviceName": name,
        "taskDefinition": name,
        "desiredCount": count,
        "launchType": "FARGATE",
        "networkConfiguration": SUBNETS,
        **more,
    }


def until(ready, what, patience=30):
    """Waits for a condition; gives what it gave once that is true."""
    end = time.monotonic() + patience
    while True:
        found = ready()
        if found:
            return found
        assert time.monotonic() < end, f"not within {patience} s: {what}"
        time.sleep(0.05)


def refused(operation, **parameters):
    """A call that must fail; gives its error code."""
    try:
        operation(**parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError(f"{operation.__name__} with {parameters} was not refused")
