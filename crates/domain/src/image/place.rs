//! Where an image lies when it lies in ECR.

use super::split_reference;
use crate::ids::{AccountId, Region, RepositoryName};
use crate::spec::ImageSettings;

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
    /// That of an image reference, by its host or because it is the one in which images of the app are kept.
    #[must_use]
    pub fn known(reference: &str, home: Option<&ImageSettings>) -> Option<Self> {
        let (path, _) = split_reference(reference);
        let is_home = |home: &&ImageSettings| {
            let host = path.strip_suffix(home.repository.as_str());
            host.is_some_and(|host| host.ends_with('/'))
        };
        Self::of(reference).or_else(|| {
            let home = home.filter(is_home)?;
            Some(Self {
                account: home.account.clone(),
                region: home.region.clone(),
                name: home.repository.clone(),
                partition: "aws",
            })
        })
    }

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
    fn the_home_of_an_app_is_known_whatever_host_it_has() {
        let home = ImageSettings {
            account: AccountId::new("000000000000").expect("an account"),
            region: Region::new("eu-west-1").expect("a region"),
            repository: RepositoryName::new("team/web").expect("a name"),
            tags: Vec::new(),
            create: None,
            set_policy: false,
        };
        let arn = |reference: &str| {
            let found = EcrRepository::known(reference, Some(&home));
            found.map(|repository| repository.arn())
        };
        let at_home = Some("arn:aws:ecr:eu-west-1:000000000000:repository/team/web".to_owned());
        assert_eq!(arn("127.0.0.1:5000/team/web@sha256:00"), at_home);
        assert_eq!(arn("127.0.0.1:5000/myteam/web"), None);
        assert_eq!(arn("team/web"), None, "of another registry");
        assert_eq!(EcrRepository::known("h/team/web", None), None);
    }

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
