//! What became of old revisions.

use shipway_domain::revisions::{Cleaned, Fate};

use crate::error::{ConversionError, Problem};
use crate::v1::cleaning;

impl From<&Cleaned> for cleaning::Cleaned {
    fn from(cleaned: &Cleaned) -> Self {
        Self {
            arn: cleaned.arn.clone(),
            fate: cleaned.fate.as_str().to_owned(),
            gone: cleaned.gone,
            problem: cleaned.problem.clone(),
        }
    }
}

impl TryFrom<cleaning::Cleaned> for Cleaned {
    type Error = ConversionError;

    fn try_from(message: cleaning::Cleaned) -> Result<Self, ConversionError> {
        Ok(Self {
            fate: Fate::parse(&message.fate).ok_or_else(|| {
                let problem = Problem::UnknownWord {
                    what: "fate",
                    given: message.fate,
                };
                ConversionError::field("fate", problem)
            })?,
            arn: message.arn,
            gone: message.gone,
            problem: message.problem,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fate_comes_as_it_was_sent_and_none_that_nobody_knows() {
        for fate in [Fate::Goes, Fate::NotOurs, Fate::InUse, Fate::Newest] {
            let sent = Cleaned {
                arn: "web:3".to_owned(),
                fate,
                gone: fate == Fate::Goes,
                problem: (fate == Fate::InUse).then(|| "it runs".to_owned()),
            };
            let heard = Cleaned::try_from(cleaning::Cleaned::from(&sent));
            assert_eq!(heard, Ok(sent));
        }
        let newer = cleaning::Cleaned {
            fate: "sleeps".to_owned(),
            ..cleaning::Cleaned::default()
        };
        let error = Cleaned::try_from(newer).expect_err("it is not known");
        assert!(error.to_string().contains("sleeps"), "{error}");
    }
}
