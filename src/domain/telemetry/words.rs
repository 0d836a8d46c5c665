//! The board's sentence: what sets a range apart in one line, and in a second what did not change.
//! It names what differs and how much it rests on, never a cause.

use super::{
    differences::{Comparison, Difference},
    facts::{Facts, Name},
};
use crate::domain::{
    reading::{Readable, Reader},
    time::Timestamp,
    wording::{count, grouped, list},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What stands on top of the board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sentence {
    pub title: String,
    pub second: String,
}

impl Sentence {
    /// Of a range from here to there against its baseline; `None` where there is no baseline.
    pub fn of(comparison: &Comparison, now: &Facts, before: Option<&Facts>, from: Timestamp, to: Timestamp) -> Self {
        let when = format!("{}–{} UTC", from.hour_minute(), to.hour_minute());
        let Some(before) = before.filter(|before| !is_empty(before)) else {
            return Self { title: format!("{when}: compared with nothing"), second: format!("{}, and no baseline to hold them against.", held(now)) };
        };
        if is_empty(now) {
            return Self { title: format!("{when}: no data"), second: format!("The baseline holds {}.", held(before)) };
        }
        let compared = format!("Compared {} with {}.", held(now), held(before));
        match (comparison.items.as_slice(), &comparison.nearest) {
            ([first, rest @ ..], _) => Self {
                title: format!("{when}: {}", first.text.trim_end_matches('.')),
                second: [also(first, rest), unchanged(&comparison.items, now), Some(compared)].into_iter().flatten().collect::<Vec<_>>().join(" "),
            },
            ([], Some(nearest)) => Self { title: format!("{when}: nothing stands out"), second: format!("What came nearest: {} {compared}", nearest.text) },
            ([], None) => Self { title: format!("{when}: nothing stands out"), second: compared },
        }
    }
}

fn is_empty(facts: &Facts) -> bool {
    facts.traces == 0 && facts.statements.is_empty() && facts.gauges.is_empty()
}

/// `1,284 traces of 12 services`.
fn held(facts: &Facts) -> String {
    let traces = usize::try_from(facts.traces).unwrap_or(usize::MAX);
    let traces = if traces == 1 { "1 trace".to_owned() } else { format!("{} traces", grouped(traces)) };
    format!("{traces} of {}", count(services(facts).len(), "service", "services"))
}

fn services(facts: &Facts) -> BTreeSet<Name> {
    facts
        .operations
        .keys()
        .map(|key| key.service)
        .chain(facts.statements.keys().map(|key| key.service))
        .chain(facts.gauges.keys().map(|key| key.service))
        .collect()
}

/// The first item about somebody else.
fn also(first: &Difference, rest: &[Difference]) -> Option<String> {
    rest.iter().find(|item| item.service != first.service).map(|item| format!("Also: {}", item.text))
}

/// The measures without any item, and how many services have none.
fn unchanged(items: &[Difference], now: &Facts) -> Option<String> {
    let differs = |measures: &[&str]| items.iter().any(|item| measures.contains(&item.measure.as_str()));
    let known = ["errors", "latency", "missing", "log", "traffic"];
    let mut same: Vec<&str> = [("errors", "errors"), ("latency", "latency"), ("missing", "calls"), ("log", "log statements"), ("traffic", "traffic")]
        .into_iter()
        .filter(|(measure, _)| !differs(&[measure]))
        .map(|(_, words)| words)
        .collect();
    if !now.gauges.is_empty() && items.iter().all(|item| known.contains(&item.measure.as_str())) {
        same.push("what instances measure");
    }
    let named: BTreeSet<&str> = items.iter().map(|item| item.service.as_str()).collect();
    let others = services(now).len().saturating_sub(named.len());
    (!same.is_empty()).then(|| format!("Nothing stands out in {}; {} as before.", and(&same), count(others, "other service is", "other services are")))
}

/// All of them: what did not change must not be cut.
fn and(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        words => list(words),
    }
}

impl Readable for Sentence {
    fn read(from: Reader<'_>) -> Self {
        Self { title: from.get("title"), second: from.get("second") }
    }
}

#[cfg(test)]
mod tests {
    use super::super::differences::{DifferenceKind, Figure};
    use super::*;

    fn item(service: &str, measure: &str, text: &str) -> Difference {
        Difference {
            kind: DifferenceKind::Service,
            service: service.to_owned(),
            operation: None,
            peer: None,
            attribute: None,
            value: None,
            instance: None,
            measure: measure.to_owned(),
            now: Figure { n: 1, value: Some(1.0) },
            before: Figure { n: 1, value: None },
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_sentence_says_what_differs_and_what_does_not() {
        let from = Timestamp::from_micros(1_786_450_000_000_000);
        let said = |comparison: &Comparison, now: u64, before: Option<u64>| {
            let facts = |traces| Facts { traces, ..Facts::default() };
            let sentence = Sentence::of(comparison, &facts(now), before.map(facts).as_ref(), from, from.plus_secs(600));
            let back = crate::domain::reading::read(serde_json::to_string(&sentence).expect("it serialises").as_bytes());
            assert_eq!(back.as_ref(), Some(&sentence));
            (sentence.title, sentence.second)
        };
        let found = Comparison {
            items: vec![item("pay", "errors", "pay fails."), item("pay", "log", "pay is silent."), item("web", "traffic", "web is busy.")],
            nearest: None,
        };
        let (title, second) = said(&found, 1200, Some(1));
        assert_eq!(title, "12:06–12:16 UTC: pay fails");
        assert_eq!(
            second,
            "Also: web is busy. Nothing stands out in latency and calls; 0 other services are as before. Compared 1,200 traces of 0 services with 1 trace of 0 services."
        );
        let nothing = Comparison { items: vec![], nearest: Some(item("pay", "latency", "pay takes longer.")) };
        assert_eq!(said(&nothing, 2, Some(2)).0, "12:06–12:16 UTC: nothing stands out");
        assert!(said(&nothing, 2, Some(2)).1.starts_with("What came nearest: pay takes longer. Compared 2 traces"));
        assert_eq!(said(&Comparison::default(), 2, None).0, "12:06–12:16 UTC: compared with nothing");
        assert_eq!(said(&Comparison::default(), 0, Some(2)).0, "12:06–12:16 UTC: no data");
    }
}
