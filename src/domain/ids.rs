//! Identifiers. Each kind of thing has its own type, so one cannot stand where another belongs.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// One incident, from declaration to close; people say its [`IncidentRef`] instead.
    IncidentId
);
id!(
    /// One alert episode: from first firing to its resolve.
    AlertId
);
id!(
    /// One integration: a sender of alerts with its own key and settings.
    IntegrationId
);
id!(
    /// One person with an account.
    PersonId
);
id!(
    /// One API token.
    TokenId
);
id!(
    /// One command, made by whoever sends it; sending it again changes nothing.
    CommandId
);

id!(
    /// One service level objective.
    ObjectiveId
);
id!(
    /// One span of time that is left out of objectives.
    ExclusionId
);
id!(
    /// One system that is asked for readings.
    DataSourceId
);
id!(
    /// One override of the release gate.
    OverrideId
);

/// The number people say aloud: `INC-12`. Counted per installation, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentRef(pub i64);

impl fmt::Display for IncidentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INC-{}", self.0)
    }
}

impl FromStr for IncidentRef {
    type Err = ();

    /// Reads `INC-12` in any case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.get(..4).filter(|prefix| prefix.eq_ignore_ascii_case("INC-")).and_then(|_| text.get(4..));
        digits.and_then(|digits| digits.parse().ok()).filter(|number| *number > 0).map(Self).ok_or(())
    }
}

impl Serialize for IncidentRef {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IncidentRef {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|()| serde::de::Error::custom("an incident's reference reads INC-12"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_back_as_it_is_written() {
        assert_eq!("INC-12".parse(), Ok(IncidentRef(12)));
        assert_eq!("inc-7".parse(), Ok(IncidentRef(7)));
        assert_eq!(IncidentRef(12).to_string(), "INC-12");
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in ["", "12", "INC-", "INC-0", "INC--1", "INCé12", "SEV-1"] {
            assert_eq!(text.parse::<IncidentRef>(), Err(()), "{text}");
        }
    }
}
