//! Addresses that carry their own right to read a layer, as those of S3 that ECR gives out (ecs-facts 7.8).

use std::time::Duration;

use super::Place;
use crate::clock::SimTime;
use crate::digest;
use crate::world::World;

/// How long an address is good for.
const GOOD_FOR: Duration = Duration::from_secs(3600);

/// What an address says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presigned<'a> {
    /// Digest of the layer.
    pub(crate) digest: &'a str,
    /// Microseconds of simulated time.
    pub(crate) expires: &'a str,
    pub(crate) signature: &'a str,
}

/// Why an address is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadAddress {
    /// It was not made here, or not for this layer.
    Unknown,
    /// Older than an hour.
    Expired,
}

impl World {
    /// An address (path and query) of a layer.
    pub(crate) fn presign(&self, place: Place<'_>, digest: &str, now: SimTime) -> String {
        let expires = (now + GOOD_FOR).micros().to_string();
        let signature = self.sign(place, digest, &expires);
        let name = place.name;
        format!("/layers/{name}/{digest}?Expires={expires}&Signature={signature}")
    }

    /// Whether an address is good.
    pub(crate) fn check_presigned(
        &self,
        place: Place<'_>,
        address: Presigned<'_>,
        now: SimTime,
    ) -> Result<(), BadAddress> {
        let signature = self.sign(place, address.digest, address.expires);
        let expires = address.expires.parse().map(SimTime::from_micros);
        match expires {
            Ok(expires) if signature == address.signature => {
                (now < expires).then_some(()).ok_or(BadAddress::Expired)
            }
            _ => Err(BadAddress::Unknown),
        }
    }

    fn sign(&self, place: Place<'_>, digest: &str, expires: &str) -> String {
        let (key, arn) = (&self.token_key, place.arn());
        let sealed = digest::of(format!("{key}/{arn}/{digest}/{expires}").as_bytes());
        sealed.trim_start_matches("sha256:").to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Ids;

    const APP: Place<'_> = Place {
        owner: "111111111111",
        region: "eu-west-1",
        name: "app",
    };

    #[test]
    fn an_address_is_good_for_one_layer_and_an_hour() {
        let (world, start) = (World::with_ids(Ids::seeded(1)), SimTime::from_micros(5));
        let address = world.presign(APP, "sha256:1", start);
        let (_, query) = address.split_once("?Expires=").unwrap();
        let (expires, signature) = query.split_once("&Signature=").unwrap();
        let asked = Presigned {
            digest: "sha256:1",
            expires,
            signature,
        };
        assert_eq!(world.check_presigned(APP, asked, start), Ok(()));
        let later = start + GOOD_FOR;
        assert_eq!(
            world.check_presigned(APP, asked, later),
            Err(BadAddress::Expired)
        );
        let other = Presigned {
            digest: "sha256:2",
            ..asked
        };
        let longer = Presigned {
            expires: "9000000000000",
            ..asked
        };
        let elsewhere = Place { name: "b", ..APP };
        for (place, address) in [(APP, other), (APP, longer), (elsewhere, asked)] {
            assert_eq!(
                world.check_presigned(place, address, start),
                Err(BadAddress::Unknown)
            );
        }
    }
}
