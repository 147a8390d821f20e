//! Pull-through cache rules: what is kept, what is refused, and what becomes of a pull when nothing is upstream.

mod support;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use support::{Answer, REGION, STAGING, TOOLS, World};

const RULE: &str = "PullThroughCacheRule";

async fn create(world: &World, prefix: &str, url: &str, more: Value) -> Answer {
    let mut input = json!({"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": url});
    for (member, value) in more.as_object().expect("members") {
        input[member] = value.clone();
    }
    world.ecr(TOOLS, &format!("Create{RULE}"), input).await
}

async fn about(world: &World, verb: &str, prefix: &str) -> Answer {
    let input = json!({"ecrRepositoryPrefix": prefix});
    world.ecr(TOOLS, &format!("{verb}{RULE}"), input).await
}

async fn list(world: &World, input: Value) -> Answer {
    world.ecr(TOOLS, &format!("Describe{RULE}s"), input).await
}

/// A secret of the tools account, and its ARN.
async fn secret(world: &World, name: &str) -> String {
    let seed = json!({"accounts": [{"id": TOOLS, "regions": [{"name": REGION,
        "secrets": {name: "{\"username\":\"me\",\"accessToken\":\"s3cret\"}"}}]}]});
    world.control(Method::POST, "/_sim/seed", seed).await.ok();
    format!("arn:aws:secretsmanager:{REGION}:{TOOLS}:secret:{name}")
}

#[tokio::test]
async fn a_rule_is_shown_as_it_was_given_and_changed_and_goes() {
    let world = World::demo().await;
    let made = create(&world, "ecr-public/", "public.ecr.aws", json!({})).await;
    let made = made.ok();
    assert_eq!(made["ecrRepositoryPrefix"], "ecr-public/");
    assert_eq!(made["upstreamRegistry"], "ecr-public");
    assert_eq!(made["upstreamRepositoryPrefix"], "ROOT");
    assert_eq!(made["registryId"], TOOLS);
    assert_eq!(made["credentialArn"], Value::Null);
    let again = create(&world, "ecr-public", "quay.io", json!({})).await;
    assert_eq!(again.error(), "PullThroughCacheRuleAlreadyExistsException");

    world.sim.clock().advance(Duration::from_secs(60));
    let role = format!("arn:aws:iam::{TOOLS}:role/pull");
    let other = json!({"ecrRepositoryPrefix": "ecr-public", "customRoleArn": role});
    let other = world.ecr(TOOLS, "UpdatePullThroughCacheRule", other).await;
    let other = other.ok();
    assert_eq!(other["customRoleArn"], role);
    let all = list(&world, json!({})).await.ok();
    let rule = &all["pullThroughCacheRules"][0];
    assert_eq!(rule["customRoleArn"], role);
    assert_eq!(rule["createdAt"], made["createdAt"]);
    assert_eq!(rule["updatedAt"], other["updatedAt"]);
    assert_ne!(rule["updatedAt"], rule["createdAt"]);

    let gone = about(&world, "Delete", "ecr-public").await.ok();
    assert_eq!(gone["upstreamRegistryUrl"], "public.ecr.aws");
    for verb in ["Delete", "Update", "Validate"] {
        let missing = about(&world, verb, "ecr-public").await;
        assert_eq!(missing.error(), "PullThroughCacheRuleNotFoundException");
    }
    let missing = list(&world, json!({"ecrRepositoryPrefixes": ["ecr-public"]})).await;
    assert_eq!(missing.error(), "PullThroughCacheRuleNotFoundException");
}

#[tokio::test]
async fn prefix_address_and_registry_must_fit_each_other_and_the_documents() {
    let world = World::demo().await;
    let foreign = format!("{STAGING}.dkr.ecr.{REGION}.amazonaws.com");
    let own = format!("{TOOLS}.dkr.ecr.us-east-1.amazonaws.com");
    let (parameter, validation) = ("InvalidParameterException", "ValidationException");
    for (prefix, url, more, refusal) in [
        ("q", "quay.io", json!({}), parameter),
        ("Quay", "quay.io", json!({}), parameter),
        (
            "quay",
            "docker.io",
            json!({}),
            "UnsupportedUpstreamRegistryException",
        ),
        (
            "quay",
            "quay.io",
            json!({"upstreamRegistry": "k8s"}),
            validation,
        ),
        (
            "quay",
            "quay.io",
            json!({"upstreamRegistry": "jfrog"}),
            parameter,
        ),
        (
            "quay",
            "quay.io",
            json!({"upstreamRepositoryPrefix": "-"}),
            parameter,
        ),
        (
            "quay",
            "quay.io",
            json!({"customRoleArn": "pull"}),
            parameter,
        ),
        (
            "quay",
            "quay.io",
            json!({"registryId": STAGING}),
            "AccessDeniedException",
        ),
        ("staging", foreign.as_str(), json!({}), validation),
        ("staging", &own, json!({}), ""),
        ("chain", "cgr.dev", json!({}), validation),
        ("azure", "contoso.azurecr.io", json!({}), validation),
    ] {
        let answer = create(&world, prefix, url, more.clone()).await;
        let code = answer.json()["__type"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert_eq!(code, refusal, "{prefix} {url} {more}: {}", answer.text());
    }
    let kept = list(&world, json!({})).await.ok();
    assert_eq!(kept["pullThroughCacheRules"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_upstream_that_wants_credentials_gets_a_secret_that_is_there() {
    let world = World::demo().await;
    let arn = secret(&world, "ecr-pullthroughcache/hub").await;
    let elsewhere = arn.replace(TOOLS, STAGING);
    for (given, refusal) in [
        (arn.replace("/hub", "/none"), "SecretNotFoundException"),
        (elsewhere, "UnableToAccessSecretException"),
        (
            arn.replace("ecr-pullthroughcache", "other-credentials-than-these"),
            "InvalidParameterException",
        ),
        ("arn".to_owned(), "InvalidParameterException"),
    ] {
        let given = json!({"credentialArn": given});
        let refused = create(&world, "hub", "registry-1.docker.io", given).await;
        assert_eq!(refused.error(), refusal);
    }
    let given = json!({"credentialArn": arn});
    let made = create(&world, "hub", "registry-1.docker.io", given)
        .await
        .ok();
    assert_eq!(made["credentialArn"], arn);
    let other = secret(&world, "ecr-pullthroughcache/other").await;
    let update = json!({"ecrRepositoryPrefix": "hub", "credentialArn": other});
    let update = world.ecr(TOOLS, "UpdatePullThroughCacheRule", update).await;
    assert_eq!(update.ok()["credentialArn"], other);
}

#[tokio::test]
async fn rules_come_in_pages_and_a_registry_has_fifty() {
    let world = World::demo().await;
    for number in 0..50 {
        let made = create(&world, &format!("r{number}"), "quay.io", json!({})).await;
        made.ok();
    }
    let full = create(&world, "r50", "quay.io", json!({})).await;
    assert_eq!(full.error(), "LimitExceededException");
    let (mut seen, mut token) = (0, Value::Null);
    loop {
        let page = list(&world, json!({"maxResults": 20, "nextToken": token}))
            .await
            .ok();
        seen += page["pullThroughCacheRules"].as_array().unwrap().len();
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, 50);
    for bad in [
        json!({"maxResults": 0}),
        json!({"maxResults": 1001}),
        json!({"nextToken": "x"}),
    ] {
        assert_eq!(list(&world, bad).await.error(), "InvalidParameterException");
    }
    about(&world, "Delete", "r7").await.ok();
    create(&world, "r50", "quay.io", json!({})).await.ok();
}

#[tokio::test]
async fn nothing_is_upstream_and_every_answer_says_so() {
    let world = World::demo().await;
    let registry = world.registry(TOOLS).await;
    let path = "/v2/quay/team/app/manifests/v1";
    let before = registry.get(path).await;
    assert_eq!(before.json()["errors"][0]["code"], "NAME_UNKNOWN");
    create(&world, "quay", "quay.io", json!({})).await.ok();

    let valid = about(&world, "Validate", "quay").await.ok();
    assert_eq!(valid["isValid"], false);
    let why =
        "The upstream registry quay.io of the pull through cache rule 'quay' cannot be reached";
    assert!(
        valid["failure"].as_str().unwrap().starts_with(why),
        "{valid}"
    );
    let pulled = registry.get(path).await;
    assert_eq!(pulled.status, 404);
    assert_eq!(pulled.json()["errors"][0]["code"], "MANIFEST_UNKNOWN");
    assert!(pulled.text().contains(why), "{}", pulled.text());
    let ids = json!({"repositoryName": "quay/team/app", "imageIds": [{"imageTag": "v1"}]});
    let got = world.ecr(TOOLS, "BatchGetImage", ids.clone()).await.ok();
    assert_eq!(got["images"], json!([]));
    assert_eq!(got["failures"][0]["failureCode"], "UpstreamUnavailable");
    assert_eq!(got["failures"][0]["imageId"], json!({"imageTag": "v1"}));
    let none = world
        .ecr(TOOLS, "DescribeRepositories", json!({}))
        .await
        .ok();
    assert_eq!(none["repositories"], json!([]), "nothing was made");

    let manifest = registry.send(Method::PUT, path, &[], "{}").await;
    assert_eq!(
        manifest.json()["errors"][0]["code"],
        "NAME_UNKNOWN",
        "a push is no pull"
    );

    // What was pushed there is there, beside what would have to come from upstream.
    let registry = world.repository("quay/team/app", json!({})).await;
    registry.push_image("quay/team/app", "v1", b"layer").await;
    registry.get(path).await.ok();
    let got = world.ecr(TOOLS, "BatchGetImage", ids).await.ok();
    assert_eq!(got["failures"], json!([]));
    let other = registry.get("/v2/quay/team/app/manifests/v2").await;
    assert!(other.text().contains(why), "{}", other.text());
    let outside = registry.get("/v2/quays/app/manifests/v2").await;
    assert_eq!(outside.json()["errors"][0]["code"], "NAME_UNKNOWN");
}

#[tokio::test]
async fn who_may_not_import_never_hears_of_upstream() {
    let world = World::demo().await;
    let allow = |name: &str, actions: Value| json!({"name": name, "allow": actions});
    let seed = json!({"accounts": [{"id": TOOLS, "roles": [
        allow("reader", json!(["ecr:GetAuthorizationToken", "ecr:BatchGetImage"])),
        allow("importer", json!(["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:CreateRepository",
            "ecr:BatchImportUpstreamImage"])),
    ]}]});
    world.control(Method::POST, "/_sim/seed", seed).await.ok();
    create(&world, "quay", "quay.io", json!({})).await.ok();
    let ids = json!({"repositoryName": "quay/app", "imageIds": [{"imageTag": "v1"}]});
    let get = async |role: &str| {
        let keys = world.assume(TOOLS, TOOLS, role).await;
        let code = world.ecr(keys.clone(), "BatchGetImage", ids.clone()).await;
        let pulled = world.registry(keys).await;
        let pulled = pulled.get("/v2/quay/app/manifests/v1").await;
        let heard = pulled.text().contains("cannot be reached");
        let code = code.json()["__type"].as_str().unwrap_or("").to_owned();
        (code, heard)
    };
    let missing = "RepositoryNotFoundException".to_owned();
    assert_eq!(get("reader").await, (missing.clone(), false));
    assert_eq!(get("importer").await, (String::new(), true));

    // The registry's policy can give the right, and take it.
    let policy = |effect: &str, role: &str| {
        let text = json!({"Statement": [{"Effect": effect, "Resource": "*",
            "Principal": {"AWS": format!("arn:aws:iam::{TOOLS}:role/{role}")},
            "Action": ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"]}]});
        json!({"policyText": text.to_string()})
    };
    let put = async |policy: Value| {
        world.ecr(TOOLS, "PutRegistryPolicy", policy).await.ok();
    };
    put(policy("Allow", "reader")).await;
    assert_eq!(get("reader").await, (String::new(), true));
    put(policy("Deny", "importer")).await;
    assert_eq!(get("importer").await, (missing, false));
}
