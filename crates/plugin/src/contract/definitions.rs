//! Claims: task definitions are registered and described without loss.

use shipway_domain::document::Document;

use super::World;
use super::scene::{BEFORE, Scene, definition};
use crate::{ErrorKind, NewTaskDefinition, TaskDefinitionSeen};

fn read(json: &str) -> Document {
    Document::parse(json).expect("JSON")
}

fn container(document: &Document) -> &Document {
    let containers = document.get("containerDefinitions").expect("containers");
    &containers.items()[0]
}

async fn registered(scene: &Scene<'_>, document: &Document) -> TaskDefinitionSeen {
    let new = NewTaskDefinition {
        json: document.to_string(),
    };
    let arn = scene.region.register_task_definition(&new).await;
    scene.definition(&arn.expect("registered")).await
}

/// Members that this version of us has never heard of come back as they were sent.
pub async fn members_that_nobody_knows_are_kept(world: &dyn World) {
    let scene = Scene::of(world).await;
    let mut sent = read(&definition("web", BEFORE));
    let unheard_of = read(r#"{"deep":[1,{"er":null}],"ratio":0.25}"#);
    sent.set("somethingNew", unheard_of.clone());
    if let Some(Document::Array(containers)) = sent.get_mut("containerDefinitions") {
        containers[0].set("somethingElse", "kept");
    }
    let seen = registered(&scene, &sent).await;
    let json = read(&seen.json);
    assert_eq!(json.get("somethingNew"), Some(&unheard_of));
    let other = container(&json).get("somethingElse");
    assert_eq!(other.and_then(Document::as_str), Some("kept"));
    let image = container(&json).get("image");
    assert_eq!(image.and_then(Document::as_str), Some(BEFORE));
    assert_eq!(json.get("cpu").and_then(Document::as_str), Some("256"));
}

/// Tags are of the revision that they were sent with, and of no other.
pub async fn tags_come_back(world: &dyn World) {
    let scene = Scene::of(world).await;
    let bare = read(&definition("web", BEFORE));
    let mut tagged = bare.clone();
    let tags = r#"[{"key":"shipway:job","value":"1000.2"},{"key":"team","value":""}]"#;
    tagged.set("tags", read(tags));
    let seen = registered(&scene, &tagged).await;
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let mut found = seen.tags;
    found.sort();
    assert_eq!(found, [pair("shipway:job", "1000.2"), pair("team", "")]);
    assert_eq!(read(&seen.json).get("tags"), None, "they lie beside it");
    assert_eq!(registered(&scene, &bare).await.tags, []);
}

/// The number grows by one, even without a difference, and each family has its own.
pub async fn each_registration_is_a_new_revision(world: &dyn World) {
    let scene = Scene::of(world).await;
    for revision in 1..=3 {
        let arn = scene.register("web", BEFORE).await;
        let end = format!(":task-definition/web:{revision}");
        assert!(arn.ends_with(&end), "{arn} is not {end}");
        let seen = scene.definition(&arn).await;
        assert_eq!((seen.arn, seen.status.as_str()), (arn, "ACTIVE"));
        let number = read(&seen.json).get("revision").and_then(Document::as_i64);
        assert_eq!(number, Some(revision));
    }
    let other = scene.register("worker", BEFORE).await;
    assert!(other.ends_with(":task-definition/worker:1"), "{other}");
}

/// A family alone stands for its newest revision.
pub async fn a_definition_is_found_by_arn_revision_and_family(world: &dyn World) {
    let scene = Scene::of(world).await;
    let first = scene.register("web", BEFORE).await;
    let second = scene.register("web", BEFORE).await;
    for (reference, arn) in [
        (first.as_str(), &first),
        (second.as_str(), &second),
        ("web:1", &first),
        ("web:2", &second),
        ("web", &second),
    ] {
        assert_eq!(
            &scene.definition(reference).await.arn,
            arn,
            "by {reference}"
        );
    }
}

/// Neither a family nor a revision that is not there is an error.
pub async fn a_definition_that_does_not_exist_is_none(world: &dyn World) {
    let scene = Scene::of(world).await;
    let arn = scene.register("web", BEFORE).await;
    for reference in ["nothing", "nothing:1", "web:9", &arn.replace(":1", ":9")] {
        let seen = scene.region.task_definition(reference).await;
        assert_eq!(seen.expect("asked"), None, "{reference}");
    }
}

/// By number, not by letters, and of this very family.
pub async fn the_newest_revisions_come_first_and_no_more_than_asked_for(world: &dyn World) {
    let scene = Scene::of(world).await;
    let mut newest_first = Vec::new();
    for _ in 0..12 {
        newest_first.insert(0, scene.register("web", BEFORE).await);
        scene.register("web-worker", BEFORE).await;
    }
    for limit in [1, 5, 50] {
        let listed = scene.region.newest_revisions("web", limit).await;
        let most = newest_first.len().min(limit as usize);
        assert_eq!(listed.expect("listed"), newest_first[..most]);
    }
    let none = scene.region.newest_revisions("nothing", 5).await;
    assert_eq!(none.expect("listed"), Vec::<String>::new());
}

/// What ECS would refuse is refused, and leaves no revision behind.
pub async fn what_is_no_definition_is_refused(world: &dyn World) {
    let scene = Scene::of(world).await;
    for json in [
        "",
        "[]",
        "{}",
        r#"{"family":"web"}"#,
        r#"{"family":"web","containerDefinitions":[]}"#,
        r#"{"family":"no such name!","containerDefinitions":[{"name":"a","image":"b"}]}"#,
    ] {
        let new = NewTaskDefinition {
            json: json.to_owned(),
        };
        let error = scene.region.register_task_definition(&new).await;
        let error = error.expect_err(json);
        assert_eq!(error.kind, ErrorKind::Invalid, "{json}: {error}");
    }
    let left = scene.region.newest_revisions("web", 5).await;
    assert_eq!(left.expect("listed"), Vec::<String>::new());
}

/// What names it goes on; its number is not given again.
pub async fn a_deregistered_revision_is_listed_no_more_and_still_described(world: &dyn World) {
    let scene = Scene::of(world).await;
    let first = scene.register("web", BEFORE).await;
    let second = scene.register("web", BEFORE).await;
    let gone = scene.region.deregister_task_definition(&second).await;
    gone.expect("deregistered");
    let listed = scene.region.newest_revisions("web", 5).await;
    assert_eq!(listed.expect("listed"), std::slice::from_ref(&first));
    let seen = scene.definition(&second).await;
    assert_eq!((seen.arn.as_str(), &*seen.status), (&*second, "INACTIVE"));
    assert_eq!(
        scene.definition("web").await.arn,
        first,
        "the newest active one"
    );
    let third = scene.register("web", BEFORE).await;
    assert!(third.ends_with("web:3"), "{third}");
    let missing = first.replace("web:1", "web:9");
    let missing = scene.region.deregister_task_definition(&missing).await;
    assert_eq!(
        missing.expect_err("there is none").kind,
        ErrorKind::NotFound
    );
}
