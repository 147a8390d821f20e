//! Where an image lies when it lies in ECR.

use super::split_reference;
use crate::ids::{AccountId, Region, RepositoryName};

/// A repository of ECR: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME` (ecs-facts 7.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcrRepository {
    /// The account that it belongs to.
    pub account: AccountId,
    /// Its region.
    pub region: Region,
    /// Its name.
    pub name: RepositoryName,
    /// `aws`, `aws-cn` or another partition.
    pub partition: &'static str,
}

impl EcrRepository {
    /// That of an image reference; `None` when it lies in another registry.
    #[must_use]
    pub fn of(reference: &str) -> Option<Self> {
        let (name, _) = split_reference(reference);
        let (host, name) = name.split_once('/')?;
        let (account, rest) = host.split_once('.')?;
        let rest = rest
            .strip_prefix("dkr.ecr.")
            .or_else(|| rest.strip_prefix("dkr.ecr-fips."))?;
        let (region, suffix) = rest.split_once('.')?;
        let partition = match suffix {
            "amazonaws.com" if region.starts_with("us-gov-") => "aws-us-gov",
            "amazonaws.com" => "aws",
            "amazonaws.com.cn" => "aws-cn",
            _ => return None,
        };
        Some(Self {
            account: AccountId::new(account).ok()?,
            region: Region::new(region).ok()?,
            name: RepositoryName::new(name).ok()?,
            partition,
        })
    }

    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        let Self {
            account,
            region,
            name,
            partition,
        } = self;
        format!("arn:{partition}:ecr:{region}:{account}:repository/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_of_ecr_are_known_by_their_host() {
        for (reference, arn) in [
            (
                "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web@sha256:00",
                Some("arn:aws:ecr:eu-west-1:111122223333:repository/team/web"),
            ),
            (
                "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/web:1",
                Some("arn:aws-cn:ecr:cn-north-1:111122223333:repository/web"),
            ),
            (
                "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com/web",
                Some("arn:aws-us-gov:ecr:us-gov-west-1:111122223333:repository/web"),
            ),
            ("1.dkr.ecr.eu-west-1.amazonaws.com/web", None),
            ("111122223333.dkr.ecr.eu-west-1.example.org/web", None),
            ("public.ecr.aws/nginx/nginx:1", None),
            ("nginx", None),
        ] {
            let found = EcrRepository::of(reference).map(|repository| repository.arn());
            assert_eq!(found.as_deref(), arn, "{reference}");
        }
    }
}
