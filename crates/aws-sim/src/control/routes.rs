//! The one table of the control API: which path takes which methods, query keys and bodies.
//!
//! The router, the refusals and the test that holds the README's table to the code all read it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use http::header;
use serde_json::{Map, Value, json};

use super::{calls, faults, operations, scripts, state, time, world};
use crate::shared::Shared;
use crate::wire::form;
use crate::{autoscaling, choices, cloudwatch, ecs};

/// The largest body. What is kept of it is shown and saved again and again.
const BODY_LIMIT: usize = 2 << 20;
/// The largest body that says what a world is made of.
const WORLD_LIMIT: usize = 1 << 30;

/// What an endpoint answers: the JSON text, or what was wrong with the request.
pub(crate) type Answer = Result<Vec<u8>, String>;

/// What a handler gets of a request: keys of the query are known ones, and there is a body only where the
/// table says so.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Decoded.
    pub(crate) query: Map<String, Value>,
    /// As it came.
    pub(crate) body: Bytes,
}

type Handler = fn(&Shared, &Asked) -> Answer;

/// One method of a path.
#[derive(Debug)]
pub(crate) struct Verb {
    method: &'static str,
    query: &'static [&'static str],
    takes_body: bool,
    handler: Handler,
}

impl Verb {
    /// A method that takes neither query nor body.
    pub(crate) const fn plain(method: &'static str, handler: Handler) -> Self {
        Self {
            method,
            query: &[],
            takes_body: false,
            handler,
        }
    }

    /// A method that takes a body.
    pub(crate) const fn with_body(method: &'static str, handler: Handler) -> Self {
        Self {
            takes_body: true,
            ..Self::plain(method, handler)
        }
    }

    /// A method that takes these query keys.
    const fn with_query(
        method: &'static str,
        query: &'static [&'static str],
        handler: Handler,
    ) -> Self {
        Self {
            query,
            ..Self::plain(method, handler)
        }
    }
}

/// A path and its methods.
#[derive(Debug)]
pub(crate) struct Route {
    path: &'static str,
    verbs: &'static [Verb],
}

const fn route(path: &'static str, verbs: &'static [Verb]) -> Route {
    Route { path, verbs }
}

/// Everything under `/_sim/`.
const ROUTES: &[Route] = &[
    route("/_sim/health", &[Verb::plain("GET", world::health)]),
    route(
        "/_sim/calls",
        &[Verb::with_query("GET", calls::KEYS, calls::list)],
    ),
    route(
        "/_sim/state",
        &[
            Verb::plain("GET", state::save),
            Verb::with_body("PUT", state::load),
        ],
    ),
    route("/_sim/operations", &[Verb::plain("GET", operations::list)]),
    route("/_sim/registries", &[Verb::plain("GET", world::registries)]),
    route("/_sim/seed", &[Verb::with_body("POST", world::seed)]),
    route("/_sim/seed/demo", &[Verb::plain("POST", world::seed_demo)]),
    route(
        "/_sim/scripts",
        &[
            Verb::plain("GET", scripts::list),
            Verb::with_body("POST", scripts::add),
            Verb::plain("DELETE", scripts::forget),
        ],
    ),
    route(
        "/_sim/faults",
        &[
            Verb::plain("GET", faults::list),
            Verb::with_body("POST", faults::add),
            Verb::plain("DELETE", faults::forget),
        ],
    ),
    route(
        "/_sim/limits",
        &[
            Verb::plain("GET", faults::limits),
            Verb::with_body("PUT", faults::set_limits),
        ],
    ),
    route(
        "/_sim/findings",
        &[Verb::with_body("POST", scripts::add_findings)],
    ),
    route("/_sim/alarms", cloudwatch::ALARMS),
    route("/_sim/metrics", autoscaling::METRICS),
    route("/_sim/ecs/phases", ecs::PHASES),
    route("/_sim/choices", choices::CHOICES),
    route(
        "/_sim/clock",
        &[
            Verb::plain("GET", time::show),
            Verb::with_body("POST", time::change),
        ],
    ),
];

/// The router.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/_sim/{*path}", any(handle))
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(route) = ROUTES.iter().find(|route| route.path == parts.uri.path()) else {
        let paths: Vec<&str> = ROUTES.iter().map(|route| route.path).collect();
        let problem = format!(
            "there is no {}, only {}",
            parts.uri.path(),
            paths.join(", ")
        );
        return refuse(404, &problem);
    };
    let asked = match parts.method.as_str() {
        // The body of the answer is dropped on the way.
        "HEAD" => "GET",
        other => other,
    };
    let Some(verb) = route.verbs.iter().find(|verb| verb.method == asked) else {
        let methods: Vec<&str> = route.verbs.iter().map(|verb| verb.method).collect();
        let methods = methods.join(", ");
        let mut refused = refuse(405, &format!("{} takes {methods}", route.path));
        if let Ok(allow) = methods.parse() {
            refused.headers_mut().insert(header::ALLOW, allow);
        }
        return refused;
    };
    let limit = match parts.uri.path() {
        "/_sim/state" | "/_sim/seed" => WORLD_LIMIT,
        _ => BODY_LIMIT,
    };
    let Ok(body) = to_bytes(body, limit).await else {
        return refuse(413, "the body is too large, or did not come whole");
    };
    let query = form::parse(parts.uri.query().unwrap_or_default());
    if let Err(problem) = check(verb, &query, &body) {
        return refuse(400, &problem);
    }
    let asked = Asked { query, body };
    let handler = verb.handler;
    // A whole world takes its time to be written or read.
    let answered = tokio::task::spawn_blocking(move || handler(&shared, &asked)).await;
    match answered {
        Ok(Ok(body)) => reply(200, body),
        Ok(Err(problem)) => refuse(400, &problem),
        Err(error) => refuse(500, &format!("the request was not carried out: {error}")),
    }
}

/// Refuses query keys that the method does not know, and a body where it takes none. `{}` says nothing, and is
/// let through.
fn check(verb: &Verb, query: &Map<String, Value>, body: &Bytes) -> Result<(), String> {
    if let Some(key) = query.keys().find(|key| !verb.query.contains(&key.as_str())) {
        return Err(match verb.query {
            [] => format!("unknown query key `{key}`: there are none here"),
            known => format!(
                "unknown query key `{key}`, expected one of {}",
                known.join(", ")
            ),
        });
    }
    if !verb.takes_body && !matches!(body.trim_ascii(), b"" | b"{}") {
        return Err("this request takes no body".to_owned());
    }
    Ok(())
}

fn refuse(status: u16, problem: &str) -> Response {
    reply(status, json!({ "error": problem }).to_string().into_bytes())
}

fn reply(status: u16, body: Vec<u8>) -> Response {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ROUTES;

    /// Methods and paths of the table in the README: those named in its first column.
    fn documented() -> BTreeSet<(String, String)> {
        let readme = include_str!("../../README.md");
        let (_, table) = readme.split_once("## Control API").unwrap();
        let rows = table.lines().filter(|line| line.starts_with("| `"));
        let rows = rows.take_while(|line| !line.starts_with("| operation"));
        let mut found = BTreeSet::new();
        for row in rows {
            let named = row
                .split(" | ")
                .next()
                .unwrap()
                .replace(['`', '|', ','], " ");
            let words: Vec<&str> = named.split_whitespace().collect();
            let Some((path, methods)) = words
                .split_last()
                .filter(|(path, _)| path.starts_with("/_sim/"))
            else {
                continue;
            };
            let path = path.split('?').next().unwrap();
            found.extend(
                methods
                    .iter()
                    .map(|method| ((*method).to_owned(), path.to_owned())),
            );
        }
        found
    }

    #[test]
    fn the_readme_names_each_route_and_no_other() {
        let real: BTreeSet<(String, String)> = ROUTES
            .iter()
            .flat_map(|route| {
                let verbs = route.verbs.iter();
                verbs.map(|verb| (verb.method.to_owned(), route.path.to_owned()))
            })
            .collect();
        assert!(!real.is_empty());
        assert_eq!(documented(), real);
    }
}
