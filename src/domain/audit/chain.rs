//! Whether the log holds: its entries are followed one by one from the first.

use super::AuditEntry;
use crate::domain::{
    timeline::{Broken, Head},
    verification::Fault,
};
use serde::{Deserialize, Serialize};

/// A walk along the log.
#[derive(Clone, Debug)]
pub struct Chain {
    head: Head,
    fault: Option<Fault>,
    entries: i64,
}

impl Default for Chain {
    fn default() -> Self {
        Self { head: Head::genesis(), fault: None, entries: 0 }
    }
}

impl Chain {
    /// Goes on to the next entry. The first that does not fit is remembered, and then the walk
    /// only counts.
    pub fn follow(&mut self, entry: &AuditEntry) {
        let broken = if entry.seq != self.head.seq + 1 {
            Some(Broken::Gap { expected: self.head.seq + 1, found: entry.seq })
        } else if entry.prev_hash != self.head.hash {
            Some(Broken::Link { seq: entry.seq })
        } else if entry.hash != entry.expected_hash() {
            Some(Broken::Content { seq: entry.seq })
        } else {
            None
        };
        if let Some(broken) = broken
            && self.fault.is_none()
        {
            self.fault = Some(Fault::of_chain(&broken, &[]));
        }
        self.entries += 1;
        self.head = Head { seq: entry.seq, hash: entry.hash.clone() };
    }

    /// Goes past an entry that is there and cannot be read.
    pub fn unreadable(&mut self, seq: i64) {
        self.fault.get_or_insert_with(|| Fault { seq, what: format!("entry {seq} cannot be read any more") });
        self.entries += 1;
        self.head.seq = seq;
    }

    /// Where it stands.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The end of the walk; `written` is how many entries were ever written.
    pub fn end(mut self, written: i64) -> AuditState {
        if self.head.seq != written && self.fault.is_none() {
            let what = format!("the log ends at entry {}, and {written} were written", self.head.seq);
            self.fault = Some(Fault { seq: self.head.seq.min(written) + 1, what });
        }
        let words = match &self.fault {
            None if self.entries == 0 => "The audit log is empty.".to_owned(),
            None => format!("The audit log holds: {}, unbroken.", counted(self.entries)),
            Some(Fault { seq, what }) => format!("The audit log does not hold from entry {seq} on: {what}."),
        };
        AuditState { entries: self.entries, head_hash: self.head.hash, holds: self.fault.is_none(), fault: self.fault, words }
    }
}

/// What a walk along the whole log found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditState {
    pub entries: i64,
    /// The hash of the last entry. Kept elsewhere, it also proves that nothing was cut off since.
    pub head_hash: String,
    pub holds: bool,
    /// The first place that does not hold.
    pub fault: Option<Fault>,
    /// The finding in one sentence.
    pub words: String,
}

/// `1 entry`, `1,204 entries`.
fn counted(entries: i64) -> String {
    let digits = entries.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if entries == 1 { format!("{grouped} entry") } else { format!("{grouped} entries") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        for (entries, expected) in [(1, "1 entry"), (12, "12 entries"), (1_204, "1,204 entries"), (1_000_000, "1,000,000 entries")] {
            assert_eq!(counted(entries), expected);
        }
    }
}
