"""Calls of ECR that together touch every operation."""

import hashlib
import json
import urllib.request

import sim
from sim import until

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"

# A lifecycle policy.
SELECTION = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}
RULE = {"rulePriority": 1, "description": "keep one", "selection": SELECTION, "action": {"type": "expire"}}
KEEP_ONE = json.dumps({"rules": [RULE]})


def call(session):
    ecr = session.client("ecr")
    repositories(ecr)
    digest = images(ecr)
    scans(ecr, digest)
    lifecycle(ecr)
    registry(ecr)
    pull_through(ecr)
    endings(ecr, digest)
    refusals(ecr)


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def upload(ecr, repository, data):
    """A layer, in parts as the API has it; gives what a manifest says of it."""
    upload_id = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    ecr.upload_layer_part(
        repositoryName=repository,
        uploadId=upload_id,
        partFirstByte=0,
        partLastByte=len(data) - 1,
        layerPartBlob=data,
    )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload_id, layerDigests=[sha(data)])
    return {"digest": sha(data), "size": len(data)}


def put_image(ecr, repository, tag, layer, **more):
    """Uploads and puts an image; gives its digest."""
    config = {"mediaType": "application/vnd.oci.image.config.v1+json"}
    config.update(upload(ecr, repository, json.dumps({"os": "linux", "architecture": "amd64", "for": tag}).encode()))
    kind = {"mediaType": "application/vnd.oci.image.layer.v1.tar"}
    layers = [{**kind, **upload(ecr, repository, layer)}]
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers, **more}
    tagged = {"imageTag": tag} if tag else {}
    put = ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), **tagged)
    return put["image"]["imageId"]["imageDigest"]


def repositories(ecr):
    ecr.create_repository(
        repositoryName="team/app",
        tags=[{"Key": "team", "Value": "a"}],
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest*"}],
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "KMS"},
    )
    for name in ("plain", "spare"):
        ecr.create_repository(repositoryName=name)
    ecr.describe_repositories()
    ecr.describe_repositories(repositoryNames=["team/app"])
    ecr.put_image_tag_mutability(repositoryName="plain", imageTagMutability="IMMUTABLE")
    ecr.put_image_scanning_configuration(repositoryName="plain", imageScanningConfiguration={"scanOnPush": True})
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}
    ecr.set_repository_policy(repositoryName="plain", policyText=json.dumps(policy))
    ecr.get_repository_policy(repositoryName="plain")
    ecr.delete_repository_policy(repositoryName="plain")
    arn = f"arn:aws:ecr:{sim.REGION}:{sim.ACCOUNT}:repository/plain"
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "stage", "Value": "test"}])
    ecr.list_tags_for_resource(resourceArn=arn)
    ecr.untag_resource(resourceArn=arn, tagKeys=["stage"])
    ecr.get_authorization_token()


def images(ecr):
    """Images, an index and a signature; gives the digest of the first image."""
    sim.control(
        "POST",
        "findings",
        {
            "match": "team/app",
            "findings": [
                {"name": "CVE-2026-1", "severity": "HIGH", "description": "bad", "uri": "https://example.com/1"},
                {"name": "CVE-2026-2", "severity": "LOW"},
            ],
        },
    )
    name = "team/app"
    digest = put_image(ecr, name, "v1", b"layer of v1")
    put_image(ecr, name, "v2", b"layer of v2")
    ecr.describe_images(repositoryName=name, imageIds=[{"imageDigest": digest}])
    docker = "application/vnd.docker.distribution.manifest.v2+json"
    ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "v1"}], acceptedMediaTypes=[docker])
    found = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "v1"}, {"imageTag": "missing"}])
    size = len(found["images"][0]["imageManifest"])
    entry = {"mediaType": MANIFEST, "digest": digest, "size": size}
    platform = {"platform": {"os": "linux", "architecture": "amd64"}}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{**entry, **platform}]}
    ecr.put_image(repositoryName=name, imageManifest=json.dumps(index), imageTag="latest", imageManifestMediaType=INDEX)
    put_image(ecr, name, None, b"signature", artifactType="application/vnd.signature", subject=entry)
    ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": digest})
    ecr.describe_images(repositoryName=name)
    ecr.describe_images(repositoryName=name, filter={"tagStatus": "TAGGED"})
    ecr.list_images(repositoryName=name)
    layer = sha(b"layer of v1")
    ecr.batch_check_layer_availability(repositoryName=name, layerDigests=[layer, sha(b"other")])
    url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=layer)["downloadUrl"]
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.read() == b"layer of v1", "the address serves the layer"
    return digest


def scans(ecr, digest):
    """A basic scan with findings, one by hand, and an enhanced one."""
    image = {"repositoryName": "team/app", "imageId": {"imageDigest": digest}}

    def status():
        return ecr.describe_image_scan_findings(**image)["imageScanStatus"]["status"]

    until(lambda: status() == "COMPLETE", "the scan ends")
    put_image(ecr, "spare", "v1", b"not scanned by itself")
    ecr.start_image_scan(repositoryName="spare", imageId={"imageTag": "v1"})
    ecr.get_registry_scanning_configuration()
    rule = {"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule])
    ecr.get_registry_scanning_configuration()
    ecr.batch_get_repository_scanning_configuration(repositoryNames=["team/app", "missing"])
    put_image(ecr, "team/app", "v3", b"scanned while scanning is enhanced")
    enhanced = {"repositoryName": "team/app", "imageId": {"imageTag": "v3"}}

    def active():
        try:
            return ecr.describe_image_scan_findings(**enhanced)["imageScanStatus"]["status"] == "ACTIVE"
        except ecr.exceptions.ScanNotFoundException:
            return False

    until(active, "the image is watched")
    ecr.describe_images(repositoryName="team/app")
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])


def lifecycle(ecr):
    """Policies, and what they would do."""
    name = {"repositoryName": "team/app"}
    ecr.put_lifecycle_policy(**name, lifecyclePolicyText=KEEP_ONE)
    ecr.get_lifecycle_policy(**name)
    ecr.start_lifecycle_policy_preview(**name)
    until(lambda: ecr.get_lifecycle_policy_preview(**name)["status"] == "COMPLETE", "the preview ends")
    ecr.delete_lifecycle_policy(**name)


def registry(ecr):
    """What is set for all repositories."""
    ecr.describe_registry()
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    ecr.get_account_setting(name="BLOB_MOUNTING")
    ecr.create_repository_creation_template(
        prefix="made",
        description="made by a push",
        appliedFor=["CREATE_ON_PUSH"],
        imageTagMutability="IMMUTABLE",
        resourceTags=[{"Key": "team", "Value": "a"}],
        encryptionConfiguration={"encryptionType": "AES256"},
        customRoleArn=f"arn:aws:iam::{sim.ACCOUNT}:role/template",
    )
    ecr.describe_repository_creation_templates()
    ecr.update_repository_creation_template(
        prefix="made", appliedFor=["CREATE_ON_PUSH", "PULL_THROUGH_CACHE"], imageTagMutability="MUTABLE"
    )
    ecr.delete_repository_creation_template(prefix="made")
    every = f"arn:aws:ecr:{sim.REGION}:{sim.ACCOUNT}:repository/*"
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:ReplicateImage", "Resource": every}
    ecr.put_registry_policy(policyText=json.dumps({"Statement": [statement]}))
    ecr.get_registry_policy()
    ecr.delete_registry_policy()


def pull_through(ecr):
    """Rules with and without credentials, and what they do not bring."""
    name = "ecr-pullthroughcache/hub"
    region = {"name": sim.REGION, "secrets": {name: "s3cret"}}
    sim.control("POST", "seed", {"accounts": [{"id": sim.ACCOUNT, "regions": [region]}]})
    secret = f"arn:aws:secretsmanager:{sim.REGION}:{sim.ACCOUNT}:secret:{name}"
    ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix="hub",
        upstreamRegistryUrl="registry-1.docker.io",
        upstreamRegistry="docker-hub",
        credentialArn=secret,
        customRoleArn=f"arn:aws:iam::{sim.ACCOUNT}:role/pull",
    )
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")
    ecr.describe_pull_through_cache_rules()
    ecr.update_pull_through_cache_rule(ecrRepositoryPrefix="hub", credentialArn=secret)
    valid = ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="hub")
    assert not valid["isValid"] and valid["failure"], "nothing is upstream"
    missing = ecr.batch_get_image(repositoryName="quay/app", imageIds=[{"imageTag": "v1"}])
    assert missing["failures"][0]["failureCode"] == "UpstreamUnavailable", missing
    ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="hub")
    fail = sim.refused
    fail(ecr.delete_pull_through_cache_rule, ecrRepositoryPrefix="hub")
    fail(ecr.create_pull_through_cache_rule, ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")
    fail(ecr.create_pull_through_cache_rule, ecrRepositoryPrefix="hub", upstreamRegistryUrl="docker.io")
    gone = secret.replace("hub", "gone")
    fail(ecr.create_pull_through_cache_rule, ecrRepositoryPrefix="hub", upstreamRegistryUrl="ghcr.io", credentialArn=gone)
    fail(ecr.get_registry_policy)
    fail(ecr.update_repository_creation_template, prefix="none")


def endings(ecr, digest):
    """Images into the archive and out of the repository, and a repository that goes."""
    name = {"repositoryName": "team/app"}
    ecr.update_image_storage_class(**name, imageId={"imageTag": "v2"}, targetStorageClass="ARCHIVE")
    ecr.describe_images(**name, filter={"imageStatus": "ANY"})
    ecr.batch_get_image(**name, imageIds=[{"imageTag": "v2"}])
    ecr.update_image_storage_class(**name, imageId={"imageTag": "v2"}, targetStorageClass="STANDARD")
    ecr.describe_images(**name, filter={"imageStatus": "ANY"})
    gone = [{"imageTag": "v3"}, {"imageTag": "missing"}, {"imageDigest": digest}]
    ecr.batch_delete_image(**name, imageIds=gone)
    ecr.delete_repository(repositoryName="spare", force=True)


def refusals(ecr):
    """Errors have shapes too."""
    fail = sim.refused
    fail(ecr.describe_repositories, repositoryNames=["missing"])
    fail(ecr.create_repository, repositoryName="plain")
    fail(ecr.get_repository_policy, repositoryName="plain")
    fail(ecr.get_lifecycle_policy, repositoryName="plain")
    fail(ecr.delete_repository, repositoryName="team/app")
    fail(ecr.describe_images, repositoryName="plain", imageIds=[{"imageTag": "missing"}])
    fail(ecr.put_image, repositoryName="plain", imageManifest="{}", imageTag="v1")
    fail(ecr.initiate_layer_upload, repositoryName="missing")
