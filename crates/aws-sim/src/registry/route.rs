//! Paths of the distribution protocol; repository names may contain slashes.

use http::Method;

/// What a path under `/v2/` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/v2/`
    Ping,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/<name>/...`
    In {
        /// Repository.
        name: String,
        /// What in it.
        what: What,
    },
}

/// What in a repository a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// `blobs/<digest>`
    Blob(String),
    /// `blobs/uploads/`
    Uploads,
    /// `blobs/uploads/<id>`
    Upload(String),
    /// `manifests/<tag or digest>`
    Manifest(String),
    /// `tags/list`
    Tags,
    /// `referrers/<digest>`
    Referrers(String),
}

/// Reads a path.
pub(super) fn parse(path: &str) -> Option<Route> {
    let rest = path.strip_prefix("/v2")?;
    if rest.is_empty() || rest == "/" {
        return Some(Route::Ping);
    }
    let rest = rest.strip_prefix('/')?;
    if rest == "_catalog" {
        return Some(Route::Catalog);
    }
    let split = |marker: &str| {
        let at = rest.rfind(marker).filter(|at| *at > 0)?;
        Some((&rest[..at], rest[at + marker.len()..].to_owned()))
    };
    let found = if let Some((name, id)) = split("/blobs/uploads/") {
        let upload = if id.is_empty() {
            What::Uploads
        } else {
            What::Upload(id)
        };
        (name, upload)
    } else if let Some(name) = rest.strip_suffix("/blobs/uploads") {
        (name, What::Uploads)
    } else if let Some((name, digest)) = split("/blobs/") {
        (name, What::Blob(digest))
    } else if let Some((name, reference)) = split("/manifests/") {
        (name, What::Manifest(reference))
    } else if let Some(name) = rest.strip_suffix("/tags/list") {
        (name, What::Tags)
    } else {
        let (name, digest) = split("/referrers/")?;
        (name, What::Referrers(digest))
    };
    Some(Route::In {
        name: found.0.to_owned(),
        what: found.1,
    })
}

impl What {
    /// The name of a request among the operations of the protocol.
    pub(super) fn operation(&self, method: &Method) -> &'static str {
        match (self, method.as_str()) {
            (Self::Blob(_), "HEAD") => "head-blob",
            (Self::Blob(_), _) => "get-blob",
            (Self::Uploads, _) => "start-upload",
            (Self::Upload(_), "PATCH") => "upload-chunk",
            (Self::Upload(_), "PUT") => "finish-upload",
            (Self::Upload(_), "DELETE") => "cancel-upload",
            (Self::Upload(_), _) => "upload-status",
            (Self::Manifest(_), "PUT") => "put-manifest",
            (Self::Manifest(_), "DELETE") => "delete-manifest",
            (Self::Manifest(_), "HEAD") => "head-manifest",
            (Self::Manifest(_), _) => "get-manifest",
            (Self::Tags, _) => "list-tags",
            (Self::Referrers(_), _) => "list-referrers",
        }
    }

    /// The IAM action behind a request (ecs-facts 7.8), without `ecr:`.
    pub(super) fn action(&self, method: &Method) -> Option<&'static str> {
        Some(match (self, method.as_str()) {
            (Self::Blob(_), "HEAD") => "BatchCheckLayerAvailability",
            (Self::Blob(_), "GET") => "GetDownloadUrlForLayer",
            (Self::Uploads, "POST") => "InitiateLayerUpload",
            (Self::Upload(_), "PATCH" | "GET" | "DELETE") => "UploadLayerPart",
            (Self::Upload(_), "PUT") => "CompleteLayerUpload",
            (Self::Manifest(_), "GET" | "HEAD") => "BatchGetImage",
            (Self::Manifest(_), "PUT") => "PutImage",
            (Self::Manifest(_), "DELETE") => "BatchDeleteImage",
            (Self::Tags, "GET") => "ListImages",
            (Self::Referrers(_), "GET") => "ListImageReferrers",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_slashes_are_told_from_the_rest_of_the_path() {
        for (path, name, what) in [
            ("/v2/a/b/blobs/uploads/", "a/b", What::Uploads),
            ("/v2/a/blobs/uploads", "a", What::Uploads),
            ("/v2/a/blobs/uploads/x", "a", What::Upload("x".into())),
            ("/v2/a/blobs/sha256:0", "a", What::Blob("sha256:0".into())),
            (
                "/v2/team/app/manifests/v1",
                "team/app",
                What::Manifest("v1".into()),
            ),
            ("/v2/a/tags/list", "a", What::Tags),
            (
                "/v2/a/referrers/sha256:0",
                "a",
                What::Referrers("sha256:0".into()),
            ),
        ] {
            let name = name.to_owned();
            assert_eq!(parse(path), Some(Route::In { name, what }), "{path}");
        }
        assert_eq!(parse("/v2/"), Some(Route::Ping));
        assert_eq!(parse("/v2/_catalog"), Some(Route::Catalog));
        for path in ["/", "/v1/", "/v2//manifests/x", "/v2x"] {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}
