//! Images of ours in a real engine.

use std::process::Command;

use crate::support::{Registry, Tree, bench, built, docker, engine, layers, order, skopeo};

const PROGRAM: &str = r#"
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  char text[64] = ""; FILE *file = fopen("/etc/app/motto", "r");
  if (file) fgets(text, sizeof text, file);
  printf("%s %s %s", getenv("WHO"), argc > 1 ? argv[1] : "-", text);
  return 0;
}
"#;

fn program() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (source, program) = (folder.path().join("main.c"), folder.path().join("main"));
    std::fs::write(&source, PROGRAM).unwrap();
    let compiled = Command::new("cc")
        .args(["-static", "-Os", "-w", "-o"])
        .args([&program, &source])
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{compiled:?}");
    std::fs::read(program).unwrap()
}

fn run(image: &str) -> String {
    docker(&["pull", "-q", image]);
    let said = docker(&["run", "--rm", "--network=none", image]);
    docker(&["rmi", image]);
    said
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test]
async fn an_image_of_ours_runs() {
    let Some(registry) = bench().filter(|_| engine()) else {
        return;
    };
    let tree = Tree::new(&[("main*", &program()), ("motto", b"onward")]);
    let mut order = order(&registry.host(), &tree);
    let build = layers(&mut order);
    build.files[0].to = "/etc/app".to_owned();
    build.entrypoint = words(&["/etc/app/main"]);
    build.command = words(&["serve"]);
    build.env = vec![("WHO".to_owned(), "we".to_owned())];
    let (built, _) = built(&order).await;
    assert_eq!(
        run(&format!("{}@{}", order.image, built.digest)),
        "we serve onward"
    );
}

/// A base made by docker itself, with its own media types.
fn dockers_base(registry: &Registry) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main"), program()).unwrap();
    let dockerfile = "FROM scratch\nCOPY main /sbin/main\nENV WHO=docker\nENTRYPOINT [\"/sbin/main\"]\nCMD [\"theirs\"]\n";
    std::fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path().join("main"), executable).unwrap();
    let image = format!("{}/base/docker:1", registry.host());
    docker(&["build", "-q", "-t", &image, folder.path().to_str().unwrap()]);
    docker(&["push", "-q", &image]);
    docker(&["rmi", &image]);
    image
}

#[tokio::test]
async fn a_base_made_by_docker_is_carried_over_and_runs() {
    let Some(registry) = bench().filter(|_| engine()) else {
        return;
    };
    let base = dockers_base(&registry);
    let tree = Tree::new(&[("motto", b"ours")]);
    let mut order = order(&registry.host(), &tree);
    let build = layers(&mut order);
    build.base = Some(base.clone());
    build.files[0].to = "/etc/app".to_owned();
    let (built, _) = built(&order).await;
    let image = format!("{}@{}", order.image, built.digest);
    let manifest = skopeo::manifest(&image);
    for layer in manifest["layers"].as_array().unwrap() {
        assert_eq!(
            layer["mediaType"],
            "application/vnd.oci.image.layer.v1.tar+gzip"
        );
    }
    assert_eq!(run(&image), "docker theirs ours");
}
