//! Overrides of the release gate as they are kept: whose service, until when, by whom.

use super::gate::Override;
use crate::domain::{
    ids::OverrideId,
    reading::{Readable, Reader},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A person's decision that a service may release although the gate says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateOverride {
    pub id: OverrideId,
    pub service: String,
    pub by: String,
    pub reason: String,
    pub until: Timestamp,
    /// When it was decided.
    pub at: Timestamp,
}

impl GateOverride {
    /// As the gate tells it.
    pub fn decision(&self) -> Override {
        Override { by: self.by.clone(), reason: self.reason.clone(), until: self.until, at: self.at }
    }
}

impl Readable for GateOverride {
    fn read(from: Reader<'_>) -> Self {
        Self { id: from.get("id"), service: from.get("service"), by: from.get("by"), reason: from.get("reason"), until: from.get("until"), at: from.get("at") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_reads_back_as_it_was_written() {
        let at = Timestamp::from_micros(1_786_450_000_000_000);
        let made = GateOverride {
            id: OverrideId(uuid::Uuid::from_u128(7)),
            service: "pay".into(),
            by: "Mara".into(),
            reason: "a fix".into(),
            until: at.plus_secs(60),
            at,
        };
        assert_eq!(crate::domain::reading::read(serde_json::to_string(&made).expect("it serialises").as_bytes()), Some(made));
    }
}
