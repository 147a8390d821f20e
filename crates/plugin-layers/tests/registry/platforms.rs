//! Several platforms: one index of images.

use crate::support::{Tree, bench, built, layers, order, skopeo};

fn two() -> Vec<String> {
    vec![
        "linux/amd64".to_owned(),
        "linux/arm64".to_owned(),
        "linux/amd64".to_owned(),
    ]
}

#[tokio::test]
async fn several_platforms_make_an_index_with_shared_layers() {
    let Some(registry) = bench() else { return };
    let tree = Tree::new(&[("page.html", b"<p>")]);
    let mut order = order(&registry.host(), &tree);
    order.platforms = two();
    let (first, _) = built(&order).await;
    let image = format!("{}:r-1", order.image);
    let index = skopeo::manifest(&image);
    assert_eq!(
        index["mediaType"],
        "application/vnd.oci.image.index.v1+json"
    );
    let entries = index["manifests"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    for (entry, (platform, digest)) in entries
        .iter()
        .zip(["amd64", "arm64"].iter().zip(&first.manifests))
    {
        assert_eq!(entry["platform"]["architecture"], *platform);
        assert_eq!(entry["digest"], digest.as_str());
        let config = skopeo::config(&format!("{}@{digest}", order.image));
        assert_eq!(config["architecture"], *platform);
    }
    assert_eq!((first.stages, first.cached), (1, 0));
    let writes = registry.writes();
    let (second, _) = built(&order).await;
    assert_eq!((second.digest, second.bytes_pushed), (first.digest, 0));
    assert_eq!(registry.writes(), writes);
}

#[tokio::test]
async fn a_base_of_several_platforms_gives_each_its_own() {
    let Some(registry) = bench() else { return };
    let tree = Tree::new(&[("page.html", b"<p>")]);
    let mut base = order(&registry.host(), &tree);
    base.image = format!("{}/base/both", registry.host());
    base.platforms = two();
    let (base_built, _) = built(&base).await;

    let mut app = order(&registry.host(), &tree);
    app.platforms = two();
    layers(&mut app).base = Some(format!("{}:r-1", base.image));
    let (app_built, _) = built(&app).await;
    assert_eq!(app_built.manifests.len(), 2);
    for (ours, below) in app_built.manifests.iter().zip(&base_built.manifests) {
        let ours = skopeo::manifest(&format!("{}@{ours}", app.image));
        let below = skopeo::manifest(&format!("{}@{below}", base.image));
        assert_eq!(ours["layers"][0], below["layers"][0]);
        assert_eq!(ours["layers"].as_array().unwrap().len(), 2);
    }
}
