//! One request to a registry: authenticate, authorise, answer, log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, Method};

use super::Registry;
use super::error::RegistryError;
use super::presigned;
use super::route::{self, Route, What};
use crate::calls::{Call, milliseconds};
use crate::faults::{Strike, Struck, broken};
use crate::iam::Principal;

/// What a handler gives.
pub(super) type Answer = Result<Response, RegistryError>;

/// A request as the log of calls will have it.
struct Entry<'a> {
    begin: Instant,
    request_id: &'a str,
    caller: Option<&'a Principal>,
    action: &'static str,
    resource: String,
}

/// Answers a request to a registry.
pub(super) async fn handle(State(registry): State<Arc<Registry>>, request: Request) -> Response {
    let begin = Instant::now();
    let (parts, body) = request.into_parts();
    let request_id = registry.shared.request_id();
    let mut response = registry.answer(&parts, body, begin, &request_id).await;
    let headers = response.headers_mut();
    let version = HeaderValue::from_static("registry/2.0");
    headers.insert("docker-distribution-api-version", version);
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

impl Registry {
    async fn answer(&self, parts: &Parts, body: Body, begin: Instant, id: &str) -> Response {
        if let Some(layer) = presigned::layer(parts.uri.path()) {
            return self.presigned(layer, parts, begin, id).await;
        }
        let Some(route) = route::parse(parts.uri.path()) else {
            return RegistryError::unsupported().response();
        };
        let (name, what) = match route {
            Route::Ping => return self.ping(parts).await,
            Route::Catalog => return self.catalog(parts, begin, id),
            Route::In { name, what } => (name, what),
        };
        let Some(action) = what.action(&parts.method) else {
            return RegistryError::unsupported().response();
        };
        if action == "BatchDeleteImage" && !self.shared.world().choices.registry_delete {
            return RegistryError::unsupported().response();
        }
        let caller = self.caller(parts);
        let entry = Entry {
            begin,
            request_id: id,
            caller: caller.as_ref().ok(),
            action,
            resource: self.resource(&name, &what),
        };
        let strike = self.strike(&entry, &[action, what.operation(&parts.method)]);
        let answer = match strike {
            Some(Strike::DropBefore) => {
                self.log(entry, Some(RegistryError::dropped().code), None, None);
                return broken();
            }
            Some(Strike::Refuse(refused)) => Err(RegistryError::injected(refused, &self.host)),
            Some(Strike::DropAfter | Strike::Late(_)) | None => {
                let admitted = caller.as_ref().map_err(Clone::clone).and_then(|caller| {
                    self.within_limits(caller, action)?;
                    self.authorise(&mut self.shared.world(), caller, &name, action)
                });
                let answer = match admitted {
                    Ok(()) => self.serve(&name, &what, parts, body).await,
                    Err(refusal) => Err(refusal),
                };
                match (answer, &caller, &what) {
                    (Err(refusal), Ok(caller), What::Manifest(reference))
                        if action == "BatchGetImage" =>
                    {
                        Err(self.or_upstream(refusal, caller, &name, reference))
                    }
                    (answer, ..) => answer,
                }
            }
        };
        let error = answer.as_ref().err().map(|error| error.code);
        let response = answer.unwrap_or_else(|refusal| refusal.response());
        let status = Some(response.status().as_u16());
        match strike {
            Some(Strike::DropAfter) => {
                self.log(entry, error, None, None);
                broken()
            }
            Some(Strike::Late(late)) => {
                self.log(entry, error, status, Some(late));
                tokio::time::sleep(late).await;
                response
            }
            _ => {
                self.log(entry, error, status, None);
                response
            }
        }
    }

    /// Refuses what comes faster than the rates of ECR, where they are switched on (ecs-facts 7.7).
    fn within_limits(&self, caller: &Principal, action: &str) -> Result<(), RegistryError> {
        let place = (caller.account.as_str(), self.region.as_str());
        let now = self.shared.clock.now();
        let taken = self.shared.limits.take(place, ("ecr", action), now);
        taken.then_some(()).ok_or_else(RegistryError::throttled)
    }

    /// The refusal of a manifest that is not here: another where a pull-through cache rule says it is upstream.
    fn or_upstream(
        &self,
        refusal: RegistryError,
        caller: &Principal,
        name: &str,
        reference: &str,
    ) -> RegistryError {
        if !["NAME_UNKNOWN", "MANIFEST_UNKNOWN"].contains(&refusal.code) {
            return refusal;
        }
        let mut world = self.shared.world();
        let repository = world.repository(&self.account, &self.region, name);
        if repository.is_some_and(|found| found.digest_of(reference).is_some()) {
            return refusal;
        }
        let why = world.nothing_upstream(caller, self.place(name));
        why.map_or(refusal, RegistryError::manifest_unknown)
    }

    /// `GET /v2/_catalog`: the names of the repositories, where the choice is that there is a catalogue.
    fn catalog(&self, parts: &Parts, begin: Instant, id: &str) -> Response {
        if parts.method != Method::GET || !self.shared.world().choices.registry_catalog {
            return RegistryError::unsupported().response();
        }
        let caller = self.caller(parts);
        let entry = Entry {
            begin,
            request_id: id,
            caller: caller.as_ref().ok(),
            action: "DescribeRepositories",
            resource: format!("arn:aws:ecr:{}:{}:repository/*", self.region, self.account),
        };
        let answer = match &caller {
            Ok(caller) => self.repositories(caller, parts),
            Err(refusal) => Err(refusal.clone()),
        };
        let error = answer.as_ref().err().map(|error| error.code);
        let response = answer.unwrap_or_else(|refusal| refusal.response());
        let status = Some(response.status().as_u16());
        self.log(entry, error, status, None);
        response
    }

    /// `GET /v2/`: whether the caller is known. No IAM action stands behind it, and the log leaves it out.
    async fn ping(&self, parts: &Parts) -> Response {
        let caller = self.caller(parts);
        let entry = Entry {
            begin: Instant::now(),
            request_id: "",
            caller: caller.as_ref().ok(),
            action: "ping",
            resource: String::new(),
        };
        let strike = self.strike(&entry, &["ping"]);
        match strike {
            Some(Strike::DropBefore | Strike::DropAfter) => return broken(),
            Some(Strike::Refuse(refused)) => {
                return RegistryError::injected(refused, &self.host).response();
            }
            Some(Strike::Late(late)) => tokio::time::sleep(late).await,
            None => {}
        }
        match caller {
            Ok(_) => Response::new(Body::from("{}")),
            Err(refusal) => refusal.response(),
        }
    }

    /// What an injected fault does to a request of a known caller.
    fn strike(&self, entry: &Entry<'_>, actions: &[&str]) -> Option<Strike> {
        let call = Struck {
            service: "registry",
            actions,
            account: &entry.caller?.account,
            resource: Some(&entry.resource),
        };
        self.shared
            .faults
            .strike(&call, &mut self.shared.world().ids)
    }

    fn caller(&self, parts: &Parts) -> Result<Principal, RegistryError> {
        let mut world = self.shared.world();
        let now = self.shared.clock.now();
        world.catch_up(now);
        self.authenticate(&world, &parts.headers, now)
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
            (What::Manifest(reference), &Method::DELETE) => self.delete_manifest(name, reference),
            (What::Manifest(reference), _) => self.manifest(name, reference, parts),
            (What::Tags, _) => self.tags(name, parts),
            (What::Referrers(digest), _) => self.referrers(name, digest),
        }
    }

    /// ARN of the repository, and what in it.
    fn resource(&self, name: &str, what: &What) -> String {
        let (account, region) = (&self.account, &self.region);
        let detail = match what {
            What::Manifest(reference) if reference.contains(':') => format!("@{reference}"),
            What::Manifest(tag) => format!(":{tag}"),
            What::Blob(digest) | What::Referrers(digest) => format!("@{digest}"),
            What::Uploads | What::Upload(_) | What::Tags => String::new(),
        };
        format!("arn:aws:ecr:{region}:{account}:repository/{name}{detail}")
    }

    fn log(
        &self,
        entry: Entry<'_>,
        error: Option<&str>,
        status: Option<u16>,
        late: Option<Duration>,
    ) {
        self.shared.calls.push(Call {
            time: self.shared.clock.now().epoch_seconds(),
            account: entry.caller.map(|caller| caller.account.clone()),
            principal: entry.caller.map(|caller| caller.arn.clone()),
            service: "registry".to_owned(),
            action: entry.action.to_owned(),
            resource: Some(entry.resource),
            error: error.map(str::to_owned),
            status,
            request_id: entry.request_id.to_owned(),
            duration_ms: milliseconds(entry.begin.elapsed() + late.unwrap_or_default()),
        });
    }
}
