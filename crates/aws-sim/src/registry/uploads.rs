//! Pushing blobs: uploads in one piece or in chunks, streamed to a file, checked by digest.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use axum::body::Body;
use axum::response::Response;
use futures::StreamExt;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::Registry;
use super::error::RegistryError;
use super::handle::Answer;
use crate::digest;
use crate::ecr::LAYER_BYTES;
use crate::wire::form;

/// An upload under way; it is taken out of the table while a request works on it.
#[derive(Debug)]
pub(super) struct Upload {
    id: String,
    repository: String,
    size: u64,
    hasher: Sha256,
}

impl Registry {
    /// `POST uploads/`: begins, mounts (`mount=&from=`), or takes all at once (`digest=`).
    pub(super) async fn start_upload(&self, name: &str, parts: &Parts, body: Body) -> Answer {
        let query = query(parts);
        if let (Some(digest), Some(from)) = (text(&query, "mount"), text(&query, "from"))
            && self.mount(name, digest, from)
        {
            return Ok(self.created(name, digest));
        }
        let id = self.shared.world().ids.uuid();
        let upload = Upload {
            id,
            repository: name.to_owned(),
            size: 0,
            hasher: Sha256::new(),
        };
        if let Some(digest) = text(&query, "digest") {
            return self.finish(upload, body, digest).await;
        }
        let response = accepted(&upload, StatusCode::ACCEPTED);
        self.uploads().insert(upload.id.clone(), upload);
        Ok(response)
    }

    /// `PATCH`: the next chunk.
    pub(super) async fn continue_upload(
        &self,
        name: &str,
        id: &str,
        parts: &Parts,
        body: Body,
    ) -> Answer {
        let mut upload = self.take(name, id)?;
        let start = chunk_start(&parts.headers).unwrap_or(upload.size);
        let written = if start == upload.size {
            self.append(&mut upload, body).await
        } else {
            Err(RegistryError::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "BLOB_UPLOAD_INVALID",
                format!(
                    "The chunk starts at {start} but the upload has {}",
                    upload.size
                ),
            ))
        };
        let response = accepted(&upload, self.chunk_status());
        // A client that lost its connection may go on from where it was.
        self.uploads().insert(upload.id.clone(), upload);
        written.map(|()| response)
    }

    /// 202 in the protocol, and 201 as it was seen (ecs-facts 7.8).
    fn chunk_status(&self) -> StatusCode {
        let chosen = self.shared.world().choices.upload_chunk_status;
        StatusCode::from_u16(chosen).unwrap_or(StatusCode::ACCEPTED)
    }

    /// `PUT ?digest=`: the last chunk, if any, and the end.
    pub(super) async fn finish_upload(
        &self,
        name: &str,
        id: &str,
        parts: &Parts,
        body: Body,
    ) -> Answer {
        let query = query(parts);
        let digest = text(&query, "digest")
            .ok_or_else(|| RegistryError::bad("DIGEST_INVALID", "The digest is missing"))?;
        self.finish(self.take(name, id)?, body, digest).await
    }

    /// `GET`: how far it is.
    pub(super) fn upload_status(&self, name: &str, id: &str) -> Answer {
        let uploads = self.uploads();
        let upload = uploads.get(id).filter(|upload| upload.repository == name);
        let upload = upload.ok_or_else(|| RegistryError::upload_unknown(id))?;
        Ok(accepted(upload, StatusCode::NO_CONTENT))
    }

    /// `DELETE`: forget it.
    pub(super) async fn cancel_upload(&self, name: &str, id: &str) -> Answer {
        let upload = self.take(name, id)?;
        self.discard(&upload).await;
        let response = Response::builder().status(StatusCode::NO_CONTENT);
        Ok(response.body(Body::empty()).unwrap_or_default())
    }

    async fn finish(&self, mut upload: Upload, body: Body, expected: &str) -> Answer {
        if let Err(error) = self.append(&mut upload, body).await {
            self.discard(&upload).await;
            return Err(error);
        }
        let computed = digest::finish(upload.hasher.clone());
        if computed != expected {
            self.discard(&upload).await;
            return Err(RegistryError::bad(
                "DIGEST_INVALID",
                format!("The digest is {computed}, not {expected}"),
            ));
        }
        let (from, to) = {
            let files = &self.shared.world().files;
            (files.upload(&upload.id), files.blob(&computed))
        };
        tokio::fs::rename(from, to).await?;
        let name = &upload.repository;
        {
            let mut world = self.shared.world();
            let repository = world.repository(&self.account, &self.region, name);
            let repository =
                repository.ok_or_else(|| RegistryError::name_unknown(&self.account, name))?;
            repository.blobs.insert(computed.clone(), upload.size);
        }
        self.shared.save.notify_one();
        Ok(self.created(name, &computed))
    }

    /// Writes a body to the end of an upload's file.
    async fn append(&self, upload: &mut Upload, body: Body) -> Result<(), RegistryError> {
        let path = self.shared.world().files.upload(&upload.id);
        let mut options = tokio::fs::OpenOptions::new();
        let mut file = options.create(true).append(true).open(path).await?;
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| {
                RegistryError::bad(
                    "BLOB_UPLOAD_INVALID",
                    format!("The body broke off: {error}"),
                )
            })?;
            if upload.size + chunk.len() as u64 > LAYER_BYTES {
                return Err(RegistryError::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "SIZE_INVALID",
                    format!("A layer has at most {LAYER_BYTES} bytes"),
                ));
            }
            file.write_all(&chunk).await?;
            upload.hasher.update(&chunk);
            upload.size += chunk.len() as u64;
        }
        file.flush().await?;
        Ok(())
    }

    /// Gives `name` a blob that `from` has, where the account setting lets it.
    fn mount(&self, name: &str, digest: &str, from: &str) -> bool {
        let mut world = self.shared.world();
        let registry = &mut world.region(&self.account, &self.region).ecr;
        if !registry.blob_mounting {
            return false;
        }
        let source = registry.repositories.get(from);
        let size = source.and_then(|source| source.blobs.get(digest).copied());
        match (size, registry.repositories.get_mut(name)) {
            (Some(size), Some(repository)) => {
                repository.blobs.insert(digest.to_owned(), size);
                true
            }
            _ => false,
        }
    }

    fn created(&self, name: &str, digest: &str) -> Response {
        Response::builder()
            .status(StatusCode::CREATED)
            .header(header::LOCATION, format!("/v2/{name}/blobs/{digest}"))
            .header("docker-content-digest", digest)
            .body(Body::empty())
            .unwrap_or_default()
    }

    /// Takes an upload out of the table: nobody else works on it meanwhile.
    fn take(&self, name: &str, id: &str) -> Result<Upload, RegistryError> {
        let mut uploads = self.uploads();
        if uploads
            .get(id)
            .is_some_and(|upload| upload.repository == name)
            && let Some(upload) = uploads.remove(id)
        {
            return Ok(upload);
        }
        Err(RegistryError::upload_unknown(id))
    }

    async fn discard(&self, upload: &Upload) {
        let path = self.shared.world().files.upload(&upload.id);
        // It may never have had a file; what is left over goes at the next start.
        drop(tokio::fs::remove_file(path).await);
    }

    fn uploads(&self) -> MutexGuard<'_, HashMap<String, Upload>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accepted(upload: &Upload, status: StatusCode) -> Response {
    let Upload {
        id,
        repository,
        size,
        ..
    } = upload;
    Response::builder()
        .status(status)
        .header(
            header::LOCATION,
            format!("/v2/{repository}/blobs/uploads/{id}"),
        )
        .header(header::RANGE, format!("0-{}", size.saturating_sub(1)))
        .header("docker-upload-uuid", id)
        .body(Body::empty())
        .unwrap_or_default()
}

/// Where a chunk says it starts: `Content-Range: <start>-<end>`, with or without `bytes `.
fn chunk_start(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let range = range.strip_prefix("bytes ").unwrap_or(range);
    range.split('-').next()?.trim().parse().ok()
}

fn query(parts: &Parts) -> Map<String, Value> {
    form::parse(parts.uri.query().unwrap_or_default())
}

fn text<'a>(query: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    query.get(name).and_then(Value::as_str)
}
