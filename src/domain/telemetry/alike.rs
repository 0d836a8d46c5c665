//! What the calls that fail or are slow have in common: how often they carry the attributes of one
//! of them, against the calls of the same operation that go well. Counting and judging only; it
//! names what differs, never a cause.

use super::{
    differences::chance,
    panels::{Attribute, Range},
};
use crate::domain::{
    reading::{Readable, Reader},
    sorting,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The share of answers without anything over-represented in which something is named all the same.
const FALSE_ALARMS: f64 = 0.01;
/// Fewer calls on either side say nothing.
const FEWEST: u64 = 5;
/// The two shares lie apart by at least so much.
const APART: f64 = 0.1;
/// Without a failure, the slowest are those beyond this share of all.
const SLOW_FROM: f64 = 0.95;

/// Which calls are counted, and for which attributes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlikeQuestion {
    /// When the call began that is looked at.
    pub at: Timestamp,
    pub service: String,
    pub operation: String,
    /// It failed: those that fail are held against the rest, otherwise the slowest.
    pub failed: bool,
    pub attributes: Vec<Attribute>,
}

/// How often calls of one operation carry some attributes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alike {
    pub range: Range,
    /// From so many seconds on a call is one of the slowest; `None`: those that fail are told apart.
    pub slow_from_s: Option<f64>,
    /// So many failed, or were slow.
    pub marked: u64,
    pub rest: u64,
    /// Some calls of the range are not kept any more, and not counted here.
    pub partial: bool,
    /// Those that are over-represented first, the furthest apart on top.
    pub shares: Vec<Share>,
}

/// How often one value of an attribute is carried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    pub name: String,
    pub value: String,
    /// By those that failed or were slow.
    pub marked: u64,
    pub rest: u64,
    /// More often than chance and than a small difference explain.
    pub over: bool,
}

impl Alike {
    /// Says which of the counted attributes are over-represented, and brings them to the top.
    pub fn judged(mut self) -> Self {
        let (marked, rest) = (self.marked, self.rest);
        if marked < FEWEST || rest < FEWEST {
            return self;
        }
        let chances: Vec<f64> =
            self.shares.iter().map(|share| chance::higher_share(share.marked as f64, marked as f64, share.rest as f64, rest as f64, 1.0)).collect();
        let limit = chance::passing(chances.clone(), FALSE_ALARMS);
        for (share, chance) in self.shares.iter_mut().zip(chances) {
            share.over = chance <= limit && share.marked >= FEWEST && share.of_marked(marked) - share.of_rest(rest) >= APART;
        }
        #[allow(clippy::cast_possible_truncation)] // thousandths of a share
        let apart = |share: &Share| ((share.of_marked(marked) - share.of_rest(rest)) * 1e3) as i64;
        sorting::sort_by_key(&mut self.shares, |share| (!share.over, std::cmp::Reverse(if share.over { apart(share) } else { 0 })));
        self
    }

    /// What is known of an attribute, where it is over-represented.
    pub fn over(&self, attribute: &Attribute) -> Option<&Share> {
        self.shares.iter().find(|share| share.over && share.name == attribute.name && share.value == attribute.value)
    }
}

impl Share {
    pub fn of_marked(&self, marked: u64) -> f64 {
        self.marked as f64 / marked.max(1) as f64
    }

    pub fn of_rest(&self, rest: u64) -> f64 {
        self.rest as f64 / rest.max(1) as f64
    }
}

/// From which of these durations on a call is one of the slowest; `None` of nothing.
pub fn slow_from(mut durations_ns: Vec<u64>) -> Option<u64> {
    durations_ns.sort_unstable();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a place in a list
    let place = (durations_ns.len() as f64 * SLOW_FROM) as usize;
    durations_ns.get(place.min(durations_ns.len().checked_sub(1)?)).copied()
}

impl Readable for Alike {
    fn read(from: Reader<'_>) -> Self {
        Self {
            range: from.get("range"),
            slow_from_s: from.get("slow_from_s"),
            marked: from.get("marked"),
            rest: from.get("rest"),
            partial: from.get("partial"),
            shares: from.get("shares"),
        }
    }
}

impl Readable for Share {
    fn read(from: Reader<'_>) -> Self {
        Self { name: from.get("name"), value: from.get("value"), marked: from.get("marked"), rest: from.get("rest"), over: from.get("over") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::read;

    fn share(name: &str, marked: u64, rest: u64) -> Share {
        Share { name: name.to_owned(), value: "v".to_owned(), marked, rest, over: false }
    }

    fn of(marked: u64, rest: u64, shares: Vec<Share>) -> Alike {
        let range = Range { from: Timestamp::from_micros(0), to: Timestamp::from_micros(1) };
        Alike { range, slow_from_s: None, marked, rest, partial: false, shares }.judged()
    }

    #[test]
    fn what_failing_calls_carry_more_often_stands_first() {
        let judged = of(412, 2_310, vec![share("zone", 140, 780), share("version", 380, 900), share("region", 400, 785), share("rare", 1, 0)]);
        let names: Vec<(&str, bool)> = judged.shares.iter().map(|share| (share.name.as_str(), share.over)).collect();
        assert_eq!(names, [("region", true), ("version", true), ("zone", false), ("rare", false)]);
        let region = Attribute { name: "region".to_owned(), value: "v".to_owned() };
        assert_eq!(judged.over(&region).map(|share| (share.marked, share.rest)), Some((400, 785)));
        assert_eq!(judged.over(&Attribute { value: "other".to_owned(), ..region }), None);
    }

    #[test]
    fn few_calls_say_nothing() {
        assert!(of(4, 900, vec![share("region", 4, 0)]).shares.iter().all(|share| !share.over));
        assert!(of(900, 4, vec![share("region", 900, 0)]).shares.iter().all(|share| !share.over));
    }

    #[test]
    fn many_calls_do_not_make_a_small_difference_a_large_one() {
        assert!(!of(100_000, 100_000, vec![share("region", 52_000, 50_000)]).shares[0].over);
    }

    #[test]
    fn the_slowest_are_the_last_twentieth() {
        assert_eq!(slow_from((1..=100).collect()), Some(96));
        assert_eq!((slow_from(vec![7]), slow_from(vec![])), (Some(7), None));
    }

    #[test]
    fn the_browser_reads_it_as_serde_wrote_it() {
        let known = of(412, 2_310, vec![share("region", 400, 785)]);
        assert_eq!(read(serde_json::to_string(&known).expect("it serialises").as_bytes()), Some(known));
    }
}
