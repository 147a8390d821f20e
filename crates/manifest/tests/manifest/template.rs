//! The first manifest of an app is a good one.

use expect_test::expect;
use shipway_manifest::Template;

use crate::support::{context, resolve, revision, shelf, told};

#[test]
fn the_first_manifest_resolves_without_a_word() {
    let template = Template {
        app: "hello".to_owned(),
        image_account: "000000000000".to_owned(),
        env: "prod".to_owned(),
        account: "222222222222".to_owned(),
        region: "eu-west-1".to_owned(),
        cluster: "main".to_owned(),
        service: "hello".to_owned(),
        container: Some("web".to_owned()),
    };
    let mut files = shelf().change("task-definition.json", "${TTL}", "60");
    files
        .0
        .insert("shipway.toml".to_owned(), template.to_string());
    assert_eq!(told(&files), "");
    let resolved = resolve(&files, "prod", &context(Some(revision(false)))).unwrap();
    assert_eq!(resolved.warnings, []);
    expect![[r##"
        # How hello is built, and where it is rolled out. Check it with: shipway validate
        # All keys, with their defaults: shipway schema
        app = "hello"

        [build]
        builder = "docker"          # or "layers": files on a base image, without a Docker Engine
        context = "."
        dockerfile = "Dockerfile"

        [image]
        account = "000000000000"
        region = "eu-west-1"
        repository = "hello"
        tags = ["{sha}", "{env}-latest"]

        [image.create]              # when the repository does not exist yet
        mutability = "immutable"
        mutable_tags = ["*-latest"]
        keep_last = 50

        [task_definition]
        file = "task-definition.json"
        container = "web"

        [env.prod]
        strategy = "balanced"       # conservative 100/150, balanced 100/200, aggressive 50/200
        timeout = "20m"

        [[env.prod.targets]]
        account = "222222222222"
        region = "eu-west-1"
        cluster = "main"
        service = "hello"
    "##]]
    .assert_eq(&template.to_string());
}
