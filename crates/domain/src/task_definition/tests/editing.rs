//! Only what is meant changes; what is not known goes through.

use super::{WEB, web, web_with};
use crate::document::Document;
use crate::task_definition::{
    DESCRIBE_ONLY, NoSuchContainer, platform_of, set_image, set_tags, strip_describe_only,
};

#[test]
fn the_nine_fields_go_and_nothing_else() {
    let mut described = web();
    for name in DESCRIBE_ONLY {
        described.set(name, "x");
    }
    assert_eq!(strip_describe_only(&mut described), DESCRIBE_ONLY);
    assert_eq!(described, web());
    assert!(strip_describe_only(&mut described).is_empty());
}

#[test]
fn the_image_is_set_on_the_named_containers_alone() {
    let mut definition = web();
    set_image(&mut definition, &["web"], "hello@sha256:1").unwrap();
    let wanted = WEB.replace("placeholder", "hello@sha256:1");
    assert_eq!(definition, Document::parse(&wanted).unwrap());
}

#[test]
fn a_container_that_does_not_exist_changes_nothing_and_is_told_with_those_that_do() {
    let mut definition = web();
    let error = set_image(&mut definition, &["web", "app"], "x").unwrap_err();
    assert_eq!(
        error,
        NoSuchContainer {
            wanted: "app".to_owned(),
            exist: vec!["web".to_owned(), "proxy".to_owned()]
        }
    );
    assert_eq!(
        error.to_string(),
        r#"no container is named "app"; there are web, proxy"#
    );
    assert_eq!(definition, web());
}

#[test]
fn tags_are_set_by_key_and_others_stay() {
    let mut definition = web();
    set_tags(
        &mut definition,
        &[("team", "shop"), ("shipway:release", "1000")],
    );
    set_tags(&mut definition, &[("shipway:release", "1001")]);
    assert_eq!(
        definition.get("tags").unwrap().to_string(),
        r#"[{"key":"team","value":"shop"},{"key":"shipway:release","value":"1001"}]"#
    );
}

#[test]
fn the_platform_is_linux_on_x86_unless_said_otherwise() {
    let with = |platform: &str| {
        web_with(
            r#""cpu": "512","#,
            &format!(r#""cpu": "512", "runtimePlatform": {platform},"#),
        )
    };
    assert_eq!(platform_of(&web()), "linux/amd64");
    assert_eq!(
        platform_of(&with(r#"{"cpuArchitecture": "ARM64"}"#)),
        "linux/arm64"
    );
    assert_eq!(
        platform_of(&with(
            r#"{"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}"#
        )),
        "windows/amd64"
    );
}
