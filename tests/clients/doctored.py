"""Shows that the shape checks find what they are for: good answers are let through, spoilt ones are not."""

import sys

import botocore.session
from botocore.awsrequest import HeadersDict

from shapes import Checker, speak

CBOR = {"content-type": "application/cbor", "x-amzn-requestid": "1"}
JSON = {"content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "1"}
XML = {"content-type": "text/xml", "x-amzn-requestid": "1"}

SPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
END = "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>"
EC2 = "http://ec2.amazonaws.com/doc/2016-11-15/"
START = f'<AssumeRoleResponse xmlns="{SPACE}"><AssumeRoleResult>'
KEYS = "<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"


def role(inner):
    """An answer of AssumeRole with these members."""
    return f"{START}{inner}</AssumeRoleResult>{END}".encode()


def subnets(inner):
    """An answer of DescribeSubnets with these members."""
    return f'<DescribeSubnetsResponse xmlns="{EC2}">{inner}</DescribeSubnetsResponse>'.encode()


def alarms(inner):
    """An answer of DescribeAlarms in CBOR: a map whose one member is a list of one alarm, a map of one member."""
    return b"\xa1\x6cMetricAlarms\x81\xa1" + inner


GOOD_SUBNET = "<requestId>1</requestId><subnetSet><item><subnetId>s</subnetId></item></subnetSet>"
GOOD_ROLE = f"<Credentials>{KEYS}<Expiration>2026-01-01T00:00:00Z</Expiration></Credentials>"

# Service, operation, headers, status, body, and a part of the problem that must be found; None: there is none.
CASES = [
    ("ecs", "DescribeClusters", JSON, 200, b'{"clusters": [{"clusterName": "a"}]}', None),
    ("ecs", "DescribeClusters", XML, 200, b"{}", "content type"),
    ("ecs", "DescribeClusters", JSON, 200, b"{", "cannot be read"),
    ("ecs", "DescribeClusters", JSON, 200, b'{"cluster": []}', "unknown member cluster"),
    ("ecs", "DescribeClusters", JSON, 200, b'{"clusters": [{"ClusterName": "a"}]}', "unknown member ClusterName"),
    ("ecs", "DescribeClusters", JSON, 200, b'{"clusters": null}', "null"),
    ("ecs", "DescribeClusters", JSON, 200, b'{"clusters": {}}', "is no list"),
    ("ecs", "DescribeClusters", JSON, 200, b'{"clusters": [{"runningTasksCount": "1"}]}', "is no integer"),
    ("ecs", "DescribeClusters", JSON, 200, b'{"clusters": [{"runningTasksCount": 1.5}]}', "is no integer"),
    ("ecs", "DescribeTasks", JSON, 200, b'{"tasks": [{"createdAt": 1.5, "launchType": "FARGATE"}]}', None),
    ("ecs", "DescribeTasks", JSON, 200, b'{"tasks": [{"createdAt": "2026-01-01T00:00:00Z"}]}', "is no timestamp"),
    ("ecs", "DescribeTasks", JSON, 200, b'{"tasks": [{"launchType": "MOON"}]}', "not in the enum LaunchType"),
    ("ecs", "DescribeTasks", JSON, 400, b'{"__type": "ClusterNotFoundException", "message": "no"}', None),
    ("ecs", "DescribeTasks", JSON, 400, b'{"__type": "NoSuchException", "message": "no"}', "is in no model"),
    ("ecs", "DescribeTasks", JSON, 400, b'{"__type": "ThrottlingException"}', "has no message"),
    ("ecr", "UploadLayerPart", JSON, 200, b'{"lastByteReceived": 9}', None),
    ("application-autoscaling", "DescribeScalableTargets", JSON, 200, b'{"ScalableTargets": [{}]}', "required member"),
    ("sts", "AssumeRole", XML, 200, role(GOOD_ROLE), None),
    ("sts", "AssumeRole", XML, 200, role(f"<Credentials>{KEYS}</Credentials>"), "required member Expiration"),
    ("sts", "AssumeRole", XML, 200, role(GOOD_ROLE.replace("2026-01-01T00:00:00Z", "1767225600")), "is no timestamp"),
    ("sts", "AssumeRole", XML, 200, role("<PackedPolicySize>some</PackedPolicySize>"), "is no integer"),
    ("sts", "AssumeRole", XML, 200, role("<Account>1</Account>"), "unknown member Account"),
    ("sts", "AssumeRole", XML, 200, role("").replace(b"sts.", b"sns."), "in another namespace"),
    ("sts", "GetCallerIdentity", XML, 200, role(""), "the root is"),
    ("ec2", "DescribeSubnets", XML, 200, subnets(GOOD_SUBNET), None),
    ("ec2", "DescribeSubnets", XML, 200, subnets("<subnetSet/>"), "no requestId"),
    ("ec2", "DescribeSubnets", XML, 200, subnets(GOOD_SUBNET.replace("item", "member")), "in a list of item"),
    ("ec2", "DescribeSubnets", XML, 200, subnets(GOOD_SUBNET.replace("subnetId", "SubnetId")), "unknown member"),
    ("ec2", "DescribeSubnets", XML, 400, b"<ErrorResponse/>", "no Response"),
    ("cloudwatch", "DescribeAlarms", CBOR, 200, alarms(b"\x6aStateValue\x62OK"), None),
    ("cloudwatch", "DescribeAlarms", CBOR, 200, alarms(b"\x6aStateValue\x63BAD"), "not in the enum StateValue"),
    ("cloudwatch", "DescribeAlarms", CBOR, 200, alarms(b"\x6aStateValue\xf6"), "null"),
    ("cloudwatch", "DescribeAlarms", CBOR, 200, alarms(b"\x70StateUpdatedTime\x01"), "unknown member"),
    ("cloudwatch", "DescribeAlarms", CBOR, 200, alarms(b"\x75StateUpdatedTimestamp\x01"), "is no timestamp"),
    ("cloudwatch", "DescribeAlarms", CBOR, 200, alarms(b"\x75StateUpdatedTimestamp\xc1\x01"), None),
]


def main():
    wrong = 0
    for service, operation, headers, status, body, problem in CASES:
        checker = Checker()
        session = botocore.session.Session()
        if headers is CBOR:
            speak(session, "smithy-rpc-v2-cbor")
        model = session.get_service_model(service).operation_model(operation)
        response = {"headers": HeadersDict(headers), "status_code": status, "body": body}
        checker.see(operation_model=model, response_dict=response)
        found = " / ".join(checker.problems)
        if (problem is None and found) or (problem and problem not in found):
            wrong += 1
            print(f"{service}.{operation} {body!r}: expected {problem}, found {found or None}")
    print(f"{len(CASES)} answers, {wrong} of them not judged as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
