//! One request to a registry: authenticate, authorise, answer, log.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, Method};
use serde_json::Value;

use super::Registry;
use super::error::RegistryError;
use super::route::{self, Route, What};
use crate::calls::Call;
use crate::iam::Principal;
use crate::wire::form;

/// What a handler gives.
pub(super) type Answer = Result<Response, RegistryError>;

/// Answers a request to a registry.
pub(super) async fn handle(State(registry): State<Arc<Registry>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut response = match registry.answer(&parts, body).await {
        Ok(response) => response,
        Err(refusal) => refusal.response(),
    };
    let version = HeaderValue::from_static("registry/2.0");
    response
        .headers_mut()
        .insert("docker-distribution-api-version", version);
    response
}

impl Registry {
    async fn answer(&self, parts: &Parts, body: Body) -> Answer {
        let Some(route) = route::parse(parts.uri.path()) else {
            return Err(RegistryError::unsupported());
        };
        let Route::In { name, what } = route else {
            self.caller(parts)?;
            return Ok(Response::new(Body::from("{}")));
        };
        let Some(action) = what.action(&parts.method) else {
            return Err(RegistryError::unsupported());
        };
        let caller = self.caller(parts);
        let admitted = caller.as_ref().map_err(Clone::clone);
        let admitted = admitted
            .and_then(|caller| self.authorise(&mut self.shared.world(), caller, &name, action));
        let answer = match admitted {
            Ok(()) => self.serve(&name, &what, parts, body).await,
            Err(refusal) => Err(refusal),
        };
        self.log(
            caller.as_ref().ok(),
            action,
            &name,
            &what,
            answer.as_ref().err(),
        );
        answer
    }

    fn caller(&self, parts: &Parts) -> Result<Principal, RegistryError> {
        let now = self.shared.clock.now();
        let mut world = self.shared.world();
        world.catch_up(now);
        let query = form::parse(parts.uri.query().unwrap_or_default());
        match query.get("token").and_then(Value::as_str) {
            Some(token) if parts.method == Method::GET => self.accept(&world, token, now),
            _ => self.authenticate(&world, &parts.headers, now),
        }
    }

    async fn serve(&self, name: &str, what: &What, parts: &Parts, body: Body) -> Answer {
        match (what, &parts.method) {
            (What::Blob(digest), _) => self.blob(name, digest, parts).await,
            (What::Uploads, _) => self.start_upload(name, parts, body).await,
            (What::Upload(id), &Method::PATCH) => self.continue_upload(name, id, parts, body).await,
            (What::Upload(id), &Method::PUT) => self.finish_upload(name, id, parts, body).await,
            (What::Upload(id), &Method::DELETE) => self.cancel_upload(name, id).await,
            (What::Upload(id), _) => self.upload_status(name, id),
            (What::Manifest(reference), &Method::PUT) => {
                self.put_manifest(name, reference, parts, body).await
            }
            (What::Manifest(reference), _) => self.manifest(name, reference, parts),
            (What::Tags, _) => self.tags(name, parts),
            (What::Referrers(digest), _) => self.referrers(name, digest),
        }
    }

    fn log(
        &self,
        caller: Option<&Principal>,
        action: &str,
        name: &str,
        what: &What,
        error: Option<&RegistryError>,
    ) {
        let (account, region) = (&self.account, &self.region);
        let detail = match what {
            What::Manifest(reference) if reference.contains(':') => format!("@{reference}"),
            What::Manifest(tag) => format!(":{tag}"),
            What::Blob(digest) | What::Referrers(digest) => format!("@{digest}"),
            What::Uploads | What::Upload(_) | What::Tags => String::new(),
        };
        self.shared.calls.push(Call {
            time: self.shared.clock.now().epoch_seconds(),
            account: caller.map(|caller| caller.account.clone()),
            principal: caller.map(|caller| caller.arn.clone()),
            service: "registry".to_owned(),
            action: action.to_owned(),
            resource: Some(format!(
                "arn:aws:ecr:{region}:{account}:repository/{name}{detail}"
            )),
            error: error.map(|error| error.code.to_owned()),
        });
    }
}
