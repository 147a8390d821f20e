//! What means the same is the same, and every difference is told with its place.

use expect_test::expect;
use proptest::prelude::*;

use super::{web, web_with};
use crate::document::Document;
use crate::task_definition::{cpu_units, differences, normalise, same};

/// The web task definition as DescribeTaskDefinition answers it.
fn described() -> Document {
    Document::parse(
        r#"{
  "taskDefinitionArn": "arn:aws:ecs:eu-west-1:222222222222:task-definition/web:42",
  "containerDefinitions": [
    {"name": "proxy", "image": "envoy:1", "cpu": 128, "portMappings": [], "essential": false,
     "environment": [], "mountPoints": [], "volumesFrom": [], "systemControls": []},
    {"name": "web", "image": "placeholder", "cpu": 0,
     "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
     "essential": true, "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
     "secrets": [{"name": "S", "valueFrom": "arn:aws:ssm:eu-west-1:222222222222:parameter/s"}],
     "mountPoints": [], "volumesFrom": [], "systemControls": []}
  ],
  "family": "web", "revision": 42, "volumes": [], "status": "ACTIVE",
  "networkMode": "awsvpc", "placementConstraints": [], "compatibilities": ["EC2", "FARGATE"],
  "requiresCompatibilities": ["FARGATE"], "cpu": "512", "memory": "1024", "aNewField": {"kept": 1.5e0},
  "executionRoleArn": "arn:aws:iam::222222222222:role/execution",
  "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
  "registeredAt": 1700000000.5, "tags": [{"key": "a", "value": "b"}]
}"#
        .replace("1.5e0", "1.50").as_str(),
    )
    .unwrap()
}

#[test]
fn what_ecs_fills_in_is_no_difference() {
    assert!(
        same(&web(), &described()),
        "{:#?}",
        differences(&web(), &described())
    );
}

#[test]
fn sizes_are_the_same_however_they_are_spelled() {
    assert!(same(
        &web(),
        &web_with(r#""cpu": "512""#, r#""cpu": "0.5 vCPU""#)
    ));
    assert!(same(
        &web(),
        &web_with(r#""memory": "1024""#, r#""memory": "1GB""#)
    ));
    assert!(!same(
        &web(),
        &web_with(r#""memory": "1024""#, r#""memory": "2GB""#)
    ));
    for (text, units) in [
        ("256", Some(256)),
        (" .25 vCPU", Some(256)),
        ("0.3 vcpu", None),
        ("-1 vCPU", None),
        ("4194304 vCPU", None),
    ] {
        assert_eq!(cpu_units(text), units, "{text}");
    }
}

#[test]
fn an_unknown_field_that_changes_is_a_difference() {
    assert!(!same(&web(), &web_with("1.50", "2")));
}

#[test]
fn an_app_variable_named_like_a_default_is_not_taken_for_one() {
    let with = |name: &str, value: &str| {
        web_with(
            r#"{"name": "A", "value": "1"}"#,
            &format!(r#"{{"name": "{name}", "value": "{value}"}}"#),
        )
    };
    assert!(!same(&with("protocol", "tcp"), &with("protocol", "udp")));
    let without = web_with(r#"{"name": "A", "value": "1"}, "#, "");
    assert!(!same(&with("protocol", "tcp"), &without));
    assert!(!same(&with("EMPTY", ""), &without));
}

#[test]
fn the_order_of_a_command_matters() {
    let with = |command: &str| {
        web_with(
            r#""image": "envoy:1""#,
            &format!(r#""image": "envoy:1", "command": {command}"#),
        )
    };
    assert!(!same(&with(r#"["a", "b"]"#), &with(r#"["b", "a"]"#)));
}

#[test]
fn the_order_of_what_has_names_of_its_own_does_not_matter() {
    let with =
        |list: &str, items: &str| Document::parse(&format!(r#"{{"{list}": [{items}]}}"#)).unwrap();
    let table = [
        ("dependsOn", "containerName", true),
        ("mountPoints", "containerPath", true),
        ("systemControls", "namespace", true),
        ("ulimits", "name", true),
        ("aNewList", "name", false),
    ];
    for (list, key, is_same) in table {
        let [a, b] = ["a", "b"].map(|name| format!(r#"{{"{key}": "{name}", "x": 1}}"#));
        let one = with(list, &format!("{a}, {b}"));
        let other = with(list, &format!("{b}, {a}"));
        assert_eq!(same(&one, &other), is_same, "{list}");
    }
}

#[test]
fn a_member_that_is_null_is_as_good_as_none() {
    let with = web_with(r#""cpu": "512","#, r#""cpu": "512", "pidMode": null,"#);
    assert!(same(&web(), &with));
}

#[test]
fn a_volume_with_nothing_but_a_name_is_not_lost() {
    let with = web_with(
        r#""cpu": "512","#,
        r#""cpu": "512", "volumes": [{"name": "data", "host": {}}],"#,
    );
    assert!(!same(&web(), &with));
}

#[test]
fn a_host_port_that_ecs_may_choose_is_no_difference_but_a_fixed_one_is() {
    let with = |port: &str| {
        Document::parse(&format!(
            r#"{{"networkMode": "bridge", "containerDefinitions": [{{"portMappings": [{{"containerPort": 80{port}}}]}}]}}"#
        ))
        .unwrap()
    };
    assert!(same(&with(""), &with(r#", "hostPort": 0"#)));
    assert!(!same(&with(""), &with(r#", "hostPort": 80"#)));
}

#[test]
fn differences_are_told_by_name() {
    let mut after = described();
    let containers = after
        .get_mut("containerDefinitions")
        .unwrap()
        .as_array_mut()
        .unwrap();
    containers[1].set("image", "hello@sha256:1");
    containers[1].set("command", vec![Document::from("serve")]);
    let variables =
        Document::parse(r#"[{"name":"A","value":"1"},{"name":"CACHE_TTL","value":"60"}]"#);
    containers[1].set("environment", variables.unwrap());
    containers[1].remove("secrets");
    containers.remove(0);
    after.set("memory", "2 GB");
    let told: Vec<String> = differences(&web(), &after)
        .iter()
        .map(ToString::to_string)
        .collect();
    expect![[r#"
        containers.proxy: - {"cpu":128,"essential":false,"image":"envoy:1","name":"proxy"}
        containers.web.command: + ["serve"]
        containers.web.environment.B: - 2
        containers.web.environment.CACHE_TTL: + 60
        containers.web.image: placeholder → hello@sha256:1
        containers.web.secrets.S: - arn:aws:ssm:eu-west-1:222222222222:parameter/s
        memory: 1024 → 2048"#]]
    .assert_eq(&told.join("\n"));
}

proptest! {
    #[test]
    fn the_order_of_containers_and_variables_never_matters(
        variables in prop::collection::hash_map("[A-Z]{1,3}", "[a-z]{0,3}", 0..5), swap: bool
    ) {
        let list = |reversed: bool| {
            let mut all: Vec<Document> = variables.iter().map(|(name, value)| {
                let mut item = Document::object();
                item.set("name", name.as_str());
                item.set("value", value.as_str());
                item
            }).collect();
            if reversed { all.reverse(); }
            all
        };
        let build = |reversed: bool| {
            let mut definition = web();
            let containers = definition.get_mut("containerDefinitions").unwrap().as_array_mut().unwrap();
            containers[0].set("environment", list(reversed));
            if reversed && swap { containers.reverse(); }
            definition
        };
        prop_assert!(same(&build(false), &build(true)));
        prop_assert!(differences(&build(false), &build(true)).is_empty());
    }

    #[test]
    fn same_means_without_differences(a in "[01]{4}", b in "[01]{4}") {
        let build = |bits: &str| {
            let mut definition = web();
            for (place, bit) in bits.chars().enumerate() {
                if bit == '1' { definition.set(&format!("field{place}"), "x"); }
            }
            definition
        };
        let (a, b) = (build(&a), build(&b));
        prop_assert_eq!(same(&a, &b), differences(&a, &b).is_empty());
        prop_assert_eq!(normalise(&a) == normalise(&b), same(&a, &b));
    }
}
