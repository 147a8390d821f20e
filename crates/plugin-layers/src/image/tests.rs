//! Whole images, by their digests.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use shipway_context::{IgnoreFile, PackOptions, pack};
use shipway_domain::spec::{BuildSettings, Builder, CopyFiles, LayersBuild};
use shipway_plugin::{BuildOrder, ErrorKind, Login, LoginSource, PlatformError};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::layer;

struct NoLogin;

#[async_trait]
impl LoginSource for NoLogin {
    async fn login(&self) -> Result<Login, PlatformError> {
        Err(PlatformError::new("login", ErrorKind::Other, "none here"))
    }
}

fn order(context: &Path) -> BuildOrder {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    let files = |(from, to): (&str, &str)| CopyFiles {
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let build = LayersBuild {
        files: [("bin", "/usr/bin"), ("README", "/doc/")]
            .map(files)
            .to_vec(),
        entrypoint: words(&["/usr/bin/app"]),
        env: vec![("A".to_owned(), "1".to_owned())],
        ports: words(&["8080/tcp"]),
        ..LayersBuild::default()
    };
    BuildOrder {
        trace_parent: String::new(),
        context: context.to_owned(),
        settings: BuildSettings {
            builder: Builder::Layers(build),
            platforms: Vec::new(),
            secrets: Vec::new(),
        },
        platforms: words(&["linux/amd64", "linux/arm64"]),
        image: "registry.example/app".to_owned(),
        tags: words(&["v1"]),
        labels: vec![
            ("b".to_owned(), "2".to_owned()),
            ("a".to_owned(), "1".to_owned()),
        ],
        source_date_epoch: 1_700_000_000,
        secrets: Vec::new(),
        login: Arc::new(NoLogin),
    }
}

/// Digests of the index and of its first manifest.
fn digests() -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("tree");
    std::fs::create_dir_all(root.join("bin")).unwrap();
    std::fs::write(root.join("bin/app"), "program ".repeat(40_000)).unwrap();
    std::fs::write(root.join("README"), "read me").unwrap();
    let context = folder.path().join("context.tar");
    let options = PackOptions {
        ignore: IgnoreFile::Auto,
        dockerfile: None,
        max_bytes: u64::MAX,
    };
    let out = std::fs::File::create(&context).unwrap();
    pack(&root, &options, out).unwrap();
    let plan = Plan::new(&order(&context)).unwrap();
    let stop = CancellationToken::new();
    let make = |copy| layer::make(&context, copy, &stop).unwrap();
    let layers: Vec<Layer> = plan.copies.iter().map(make).collect();
    let image = |platform| Image::new(&plan, platform, None, &layers).unwrap();
    let images: Vec<Image> = plan.platforms.iter().map(image).collect();
    let index = Descriptor::of(OCI_INDEX, &index(&images).unwrap());
    (index.digest, images[0].descriptor.digest.clone())
}

#[test]
fn the_same_order_gives_the_same_image_for_ever() {
    // Another digest means that every app is pushed and rolled out anew without a change.
    let known = (
        "sha256:aadceb69ae83568fbb15a322e823ef807356c3a81f18ebebafaeaa5449e0254c".to_owned(),
        "sha256:e2c330ada708eb1becf59c7931c688e12dadfeb107dfcf91a688aca0522321ec".to_owned(),
    );
    assert_eq!(digests(), known);
    assert_eq!(digests(), known);
}
