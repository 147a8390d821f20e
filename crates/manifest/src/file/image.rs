//! `[image]`: where the image is pushed to.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where the image is pushed to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageFile {
    /// Name of the ECR repository. Default: the name of the app.
    pub(crate) repository: Option<String>,
    /// Account that owns the repository: 12 digits, or a name of [accounts].
    pub(crate) account: String,
    /// Region of the repository, such as "eu-west-1".
    pub(crate) region: String,
    /// Tags for what is pushed: text with {sha}, {short-sha}, {env} and {version}. Default: ["{sha}"].
    pub(crate) tags: Option<Vec<String>>,
    /// Whether Shipway sets the repository policy so that the accounts of all targets can pull; otherwise it only checks. Default: true.
    pub(crate) set_policy: Option<bool>,
    /// What the repository is created with when it does not exist. Without this it must exist.
    pub(crate) create: Option<CreateFile>,
}

/// What a repository is created with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CreateFile {
    /// Scan each image when it is pushed. Default: true.
    pub(crate) scan_on_push: Option<bool>,
    /// Whether tags may move from image to image. Default: "immutable".
    pub(crate) mutability: Mutability,
    /// Wildcards of tags that may move although the repository is immutable, at most 5, such as "*-latest".
    #[schemars(length(max = 5))]
    pub(crate) mutable_tags: Vec<String>,
    /// Expire all but the newest so many images. Default: all are kept.
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) keep_last: Option<u32>,
}

/// Whether tags may move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mutability {
    /// Every tag may move.
    Mutable,
    /// No tag may move, but those of mutable_tags.
    #[default]
    Immutable,
}
