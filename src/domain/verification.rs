//! Whether one incident's record holds, told to people: what was looked at, what was found, and
//! one sentence that explains it. How a chain is checked is [`timeline`](super::timeline)'s.

use super::{
    ids::{IncidentId, IncidentRef},
    timeline::Broken,
    wording,
};
use serde::{Deserialize, Serialize};

/// What a verification of one incident's record found, in the shape that the REST door answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    pub incident_id: IncidentId,
    #[serde(rename = "ref")]
    pub reference: IncidentRef,
    /// How many events its log holds.
    pub events: i64,
    /// The hash of the last event, as the incident's head names it.
    pub head_hash: String,
    pub holds: bool,
    /// The first place that does not hold.
    pub fault: Option<Fault>,
    /// The finding in one sentence.
    pub words: String,
}

/// One place where a record does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The first entry that is wrong; 0 where no entry is to blame.
    pub seq: i64,
    pub what: String,
}

impl Verification {
    pub fn new(incident_id: IncidentId, reference: IncidentRef, events: i64, head_hash: String, fault: Option<Fault>) -> Self {
        let words = match &fault {
            None => format!(
                "{} as recorded: each entry carries the hash of the one before it, every hash was recomputed and agrees, and the incident and its alerts are what they say.",
                wording::count(usize::try_from(events).unwrap_or_default(), "entry stands", "entries stand")
            ),
            Some(Fault { seq: 0, what }) => format!("The record does not hold: {what}."),
            Some(Fault { seq, what }) => format!("The record does not hold from entry {seq} on: {what}."),
        };
        Self { incident_id, reference, events, head_hash, holds: fault.is_none(), fault, words }
    }
}

impl Fault {
    /// Says what happened to a chain that is broken there: `found` are the sequence numbers in the
    /// order in which they stand, by which what is missing is told from what only moved.
    pub fn of_chain(broken: &Broken, found: &[i64]) -> Self {
        let what = match broken {
            Broken::Gap { expected, found: other } if found.contains(expected) && other > expected => {
                format!("the entries were reordered: entry {other} stands before entry {expected}")
            }
            Broken::Gap { expected, found: other } if other < expected => format!("entry {other} stands a second time, where entry {expected} belongs"),
            Broken::Gap { expected, found: other } => format!("entry {expected} is missing; entry {other} stands in its place"),
            Broken::Link { seq } => format!("entry {seq} does not follow the one before it: one of the two was changed or replaced"),
            Broken::Content { seq } => {
                format!("entry {seq} was changed after it was recorded: what it says, its author or one of its times is not what its hash was made from")
            }
        };
        Self { seq: broken.seq(), what }
    }

    /// The log is whole as far as it goes, and ends elsewhere than the incident says.
    pub fn of_end(log: i64, incident: i64) -> Self {
        let what = if log < incident {
            format!("the entries after {log} are missing: the incident stands at entry {incident}")
        } else if log > incident {
            format!("the log goes on to entry {log}, the incident stands at entry {incident}")
        } else {
            format!("the hash of entry {log} is not the one that the incident names as its last")
        };
        Self { seq: log.min(incident) + i64::from(log != incident), what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_from_what_moved() {
        let gap = Broken::Gap { expected: 2, found: 3 };
        assert!(Fault::of_chain(&gap, &[1, 3, 2]).what.contains("reordered"));
        assert!(Fault::of_chain(&gap, &[1, 3, 4]).what.contains("entry 2 is missing"));
        assert!(Fault::of_chain(&Broken::Gap { expected: 2, found: 1 }, &[1, 1, 2]).what.contains("a second time"));
    }

    #[test]
    fn an_end_that_differs_names_the_first_entry_in_question() {
        let seqs = [Fault::of_end(3, 5), Fault::of_end(5, 3), Fault::of_end(4, 4)].map(|fault| fault.seq);
        assert_eq!(seqs, [4, 4, 4]);
    }
}
