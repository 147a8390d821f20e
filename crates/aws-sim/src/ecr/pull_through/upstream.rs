//! The registries that can be upstream of ECR, by address.

use crate::wire::ApiError;
use crate::world::is_account_id;

/// Names, addresses (with `*` for what is one's own), and whether a secret is wanted.
const KNOWN: [(&str, &str, bool); 8] = [
    ("ecr-public", "public.ecr.aws", false),
    ("quay", "quay.io", false),
    ("k8s", "registry.k8s.io", false),
    ("docker-hub", "registry-1.docker.io", true),
    ("github-container-registry", "ghcr.io", true),
    ("gitlab-container-registry", "registry.gitlab.com", true),
    ("azure-container-registry", "*.azurecr.io", true),
    ("chainguard", "cgr.dev", true),
];

/// A registry upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upstream<'a> {
    /// `upstreamRegistry`.
    pub(super) name: &'static str,
    /// Whether it wants a secret.
    pub(super) wants_secret: bool,
    /// The account that it is the registry of, if it is one of ECR.
    pub(super) account: Option<&'a str>,
}

impl<'a> Upstream<'a> {
    /// The registry of an address, which must be the one that is named, if one is.
    pub(super) fn of(url: &'a str, named: Option<&str>) -> Result<Self, ApiError> {
        let upstream = Self::at(url).ok_or_else(|| {
            ApiError::client(
                "UnsupportedUpstreamRegistryException",
                format!("The upstream registry '{url}' is not supported"),
            )
        })?;
        match named.filter(|named| *named != upstream.name) {
            Some(named) => Err(ApiError::validation(format!(
                "upstreamRegistryUrl '{url}' is an address of {}, not of {named}",
                upstream.name
            ))),
            None => Ok(upstream),
        }
    }

    fn at(url: &'a str) -> Option<Self> {
        if let Some(account) = ecr_account(url) {
            return Some(Self {
                name: "ecr",
                wants_secret: false,
                account: Some(account),
            });
        }
        let (name, _, wants_secret) = KNOWN.into_iter().find(|(_, known, _)| fits(known, url))?;
        Some(Self {
            name,
            wants_secret,
            account: None,
        })
    }
}

fn fits(known: &str, url: &str) -> bool {
    match known.strip_prefix('*') {
        Some(rest) => url.strip_suffix(rest).is_some_and(|own| {
            !own.is_empty() && own.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }),
        None => known == url,
    }
}

/// The account of `<account>.dkr.ecr.<region>.amazonaws.com`.
fn ecr_account(url: &str) -> Option<&str> {
    let (account, rest) = url.split_once(".dkr.ecr.")?;
    let region = rest
        .strip_suffix(".amazonaws.com")
        .or_else(|| rest.strip_suffix(".amazonaws.com.cn"))?;
    let in_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (is_account_id(account) && !region.is_empty() && region.bytes().all(in_region))
        .then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_which_registry_it_is() {
        for (url, name) in [
            ("public.ecr.aws", Some("ecr-public")),
            ("contoso.azurecr.io", Some("azure-container-registry")),
            ("cgr.dev", Some("chainguard")),
            ("111111111111.dkr.ecr.eu-west-1.amazonaws.com", Some("ecr")),
            (
                "111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn",
                Some("ecr"),
            ),
            ("1.dkr.ecr.eu-west-1.amazonaws.com", None),
            ("111111111111.dkr.ecr..amazonaws.com", None),
            (".azurecr.io", None),
            ("a.b.azurecr.io", None),
            ("https://quay.io", None),
            ("docker.io", None),
            ("", None),
        ] {
            let found = Upstream::of(url, None).ok().map(|upstream| upstream.name);
            assert_eq!(found, name, "{url}");
        }
        assert!(Upstream::of("quay.io", Some("quay")).is_ok());
        assert_eq!(
            Upstream::of("quay.io", Some("k8s")).unwrap_err().code,
            "ValidationException"
        );
    }
}
