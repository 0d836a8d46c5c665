//! What the debug board asks for and is answered, and who adds how much of the errors. The panels
//! themselves are in [`panels`](super::panels).

use super::{
    differences::{Difference, DifferenceKind, Figure},
    origin::{PanelSource, ReadFrom},
    panels::{ErrorMap, Figures, Holdings, Latency, Range, Traffic},
};
use crate::domain::{
    change::ChangeCard,
    reading::{Readable, Reader},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// What the board is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardQuestion {
    /// What is drawn.
    pub range: Range,
    /// The part of it that is compared: from where it began to hurt on.
    pub compared: Range,
    /// With what it is compared.
    #[serde(default)]
    pub baseline: Option<Range>,
    #[serde(default)]
    pub service: Option<String>,
    #[serde(default)]
    pub operation: Option<String>,
    /// How wide a column is.
    pub step_s: u32,
    /// The data source that is asked; absent: what was sent to this server.
    #[serde(default)]
    pub source: Option<String>,
}

/// What the board draws for a question: the panels that share its columns, its callers and marks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardPage {
    pub asked_at: Timestamp,
    pub holdings: Holdings,
    /// Services that sent something in the range, by name.
    pub services: Vec<String>,
    pub latency: Latency,
    /// Of the part that is compared, where that is not all of it.
    pub compared: Option<Figures>,
    pub errors: ErrorMap,
    /// Who called in the part that is compared, against the baseline.
    pub callers: Vec<Traffic>,
    /// The last that happened first; at most as many as fit a picture.
    pub changes: Vec<ChangeCard>,
    pub objective: Option<Promise>,
    /// Data sources that could be asked instead, by name.
    pub sources: Vec<PanelSource>,
    /// Where one of them was asked.
    pub read_from: Option<ReadFrom>,
}

/// What an objective promises about latency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    pub objective: String,
    pub threshold_s: f64,
}

/// What sets the compared part apart from its baseline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// What stands out, most telling first.
    pub items: Vec<Difference>,
    /// Where nothing does: what came nearest.
    pub nearest: Option<Difference>,
}

/// A caller in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// `None`: nobody that sends spans.
    pub name: Option<String>,
    /// Whom it calls.
    pub service: String,
    pub per_second: f64,
    pub requests: u64,
    pub errors: u64,
    pub p95_s: Option<f64>,
    /// Of the errors that the baseline does not account for; `None` where there are none.
    pub share_of_added: Option<f64>,
    pub share_of_calls: f64,
}

/// The callers that add most of the errors, and one row for all others when there are more.
///
/// `all` are their calls in the range, `selected` those of the selection, against the baseline: it
/// expects as many errors as its own share of them would give. Who fails less than before adds
/// nothing, so that shares sum to one.
pub fn callers(all: &[Traffic], selected: &[Traffic], secs: f64, most: usize) -> (Vec<Caller>, Option<Caller>) {
    let added = |row: &Traffic| {
        let now = selected.iter().find(|other| other.service == row.service && other.caller == row.caller)?;
        let expected = now.before.as_ref().and_then(|before| before.error_ratio).unwrap_or(0.0) * now.now.requests as f64;
        Some((now.now.errors as f64 - expected).max(0.0))
    };
    let sum: f64 = all.iter().filter_map(added).sum();
    let calls: u64 = all.iter().map(|row| row.now.requests).sum();
    let of = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let row = |row: &Traffic| Caller {
        name: row.caller.clone(),
        service: row.service.clone(),
        per_second: of(row.now.requests as f64, secs),
        requests: row.now.requests,
        errors: row.now.errors,
        p95_s: row.now.p95_s,
        share_of_added: (sum >= 1.0).then(|| of(added(row).unwrap_or(0.0), sum)),
        share_of_calls: of(row.now.requests as f64, calls as f64),
    };
    let mut rows: Vec<Caller> = all.iter().filter(|row| row.now.requests > 0).map(row).collect();
    rows.sort_by(|a, b| {
        let worth = |caller: &Caller| (caller.share_of_added.unwrap_or(0.0), caller.requests as f64);
        worth(b).0.total_cmp(&worth(a).0).then(worth(b).1.total_cmp(&worth(a).1)).then_with(|| a.name.cmp(&b.name))
    });
    if rows.len() <= most {
        return (rows, None);
    }
    let rest = rows.split_off(most.saturating_sub(1));
    let total = |part: fn(&Caller) -> f64| rest.iter().map(part).sum::<f64>();
    let others = Caller {
        name: Some(format!("{} others", rest.len())),
        service: String::new(),
        per_second: total(|caller| caller.per_second),
        requests: rest.iter().map(|caller| caller.requests).sum(),
        errors: rest.iter().map(|caller| caller.errors).sum(),
        p95_s: None,
        share_of_added: (sum >= 1.0).then(|| total(|caller| caller.share_of_added.unwrap_or(0.0))),
        share_of_calls: total(|caller| caller.share_of_calls),
    };
    (rows, Some(others))
}

impl Readable for BoardPage {
    fn read(from: Reader<'_>) -> Self {
        Self {
            asked_at: from.get("asked_at"),
            holdings: from.get("holdings"),
            services: from.get("services"),
            latency: from.get("latency"),
            compared: from.get("compared"),
            errors: from.get("errors"),
            callers: from.get("callers"),
            changes: from.get("changes"),
            objective: from.get("objective"),
            sources: from.get("sources"),
            read_from: from.get("read_from"),
        }
    }
}

impl Readable for Promise {
    fn read(from: Reader<'_>) -> Self {
        Self { objective: from.get("objective"), threshold_s: from.get("threshold_s") }
    }
}

impl Readable for Told {
    fn read(from: Reader<'_>) -> Self {
        Self { items: from.get("items"), nearest: from.get("nearest") }
    }
}

impl Readable for Difference {
    fn read(from: Reader<'_>) -> Self {
        Self {
            kind: from.get("kind"),
            service: from.get("service"),
            operation: from.get("operation"),
            peer: from.get("peer"),
            attribute: from.get("attribute"),
            value: from.get("value"),
            instance: from.get("instance"),
            measure: from.get("measure"),
            now: from.get("now"),
            before: from.get("before"),
            text: from.get("text"),
        }
    }
}

impl Readable for DifferenceKind {
    fn read(from: Reader<'_>) -> Self {
        use DifferenceKind::{Attribute, Edge, Operation, Resource, Service};
        from.word(&[("service", Service), ("operation", Operation), ("edge", Edge), ("attribute", Attribute), ("resource", Resource)])
    }
}

impl Readable for Figure {
    fn read(from: Reader<'_>) -> Self {
        Self { n: from.get("n"), value: from.get("value") }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::panels::Figures, *};
    use crate::domain::reading::read;

    fn calls(caller: Option<&str>, now: (u64, u64), before: Option<(u64, u64)>) -> Traffic {
        let figures = |(requests, errors): (u64, u64)| Figures {
            requests,
            errors,
            error_ratio: (requests > 0).then(|| errors as f64 / requests as f64),
            ..Figures::default()
        };
        let (service, caller) = ("payments".to_owned(), caller.map(str::to_owned));
        Traffic { service, operation: None, caller, now: figures(now), last_seen: None, before: before.map(figures) }
    }

    #[test]
    fn shares_of_added_errors_sum_to_one_and_traffic_alone_adds_nothing() {
        let rows = [
            calls(Some("web"), (1000, 381), Some((1000, 1))),
            calls(Some("ios"), (500, 190), Some((400, 0))),
            // As before: it only calls more often.
            calls(Some("cron"), (2000, 20), Some((1000, 10))),
            calls(None, (100, 0), None),
        ];
        let (callers, others) = callers(&rows, &rows, 100.0, 5);
        let names: Vec<Option<&str>> = callers.iter().map(|caller| caller.name.as_deref()).collect();
        assert_eq!((names, others), (vec![Some("web"), Some("ios"), Some("cron"), None], None));
        let sum: f64 = callers.iter().filter_map(|caller| caller.share_of_added).sum();
        assert!((sum - 1.0).abs() < 1e-9 && callers[0].share_of_added.is_some_and(|share| (share - 2.0 / 3.0).abs() < 0.01));
        assert_eq!((callers[2].share_of_added, callers[0].per_second), (Some(0.0), 10.0));
    }

    #[test]
    fn what_is_cut_stands_in_one_row() {
        let rows: Vec<Traffic> = (0..9).map(|n| calls(Some(&format!("c{n}")), (100, 10 * n), None)).collect();
        let (shown, others) = callers(&rows, &rows, 10.0, 5);
        let others = others.expect("nine do not fit");
        assert_eq!((shown.len(), others.name.as_deref(), others.requests), (4, Some("5 others"), 500));
        let sum: f64 = shown.iter().chain([&others]).filter_map(|caller| caller.share_of_added).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }

    #[test]
    fn without_added_errors_nobody_has_a_share() {
        let rows = [calls(Some("web"), (1000, 1), Some((1000, 1)))];
        assert_eq!(callers(&rows, &rows, 60.0, 5).0[0].share_of_added, None);
        assert!(callers(&[], &[], 60.0, 5).0.is_empty());
    }

    #[test]
    fn what_the_board_is_answered_is_what_serde_writes() {
        let figure = |value| Figure { n: 15_767, value };
        let difference = |kind| Difference {
            kind,
            service: "provider-b".to_owned(),
            operation: Some("POST /charge".to_owned()),
            peer: Some("payments".to_owned()),
            attribute: None,
            value: None,
            instance: None,
            measure: "errors".to_owned(),
            now: figure(Some(0.38)),
            before: figure(None),
            text: "38 % fail".to_owned(),
        };
        use DifferenceKind::{Attribute, Edge, Operation, Resource, Service};
        let told = Told { items: [Service, Operation, Edge, Attribute, Resource].map(difference).to_vec(), nearest: Some(difference(Edge)) };
        assert_eq!(read::<Told>(serde_json::to_string(&told).expect("it serialises").as_bytes()), Some(told));
        let promise = Some(Promise { objective: "checkout/latency".to_owned(), threshold_s: 0.8 });
        let columns = vec![];
        let latency = Latency { bounds_s: vec![0.1], step_s: 60, columns, counts: vec![0, 0], now: Figures::default(), before: None };
        let errors = ErrorMap { step_s: 60, columns: vec![], rows: vec![] };
        let asked_at = Timestamp::from_micros(7_000_000);
        let (holdings, services) = (Holdings::default(), vec!["a".to_owned()]);
        let sources = vec![PanelSource { name: "prod".to_owned(), kind: "tempo".to_owned(), has_traces: true }];
        let read_from = Some(ReadFrom { source: "prod".to_owned(), traces: Some(200), ..ReadFrom::default() });
        let (callers, changes) = (vec![], vec![]);
        let compared = Some(Figures { requests: 3, ..Figures::default() });
        let page = BoardPage { asked_at, holdings, services, latency, compared, errors, callers, changes, objective: promise, sources, read_from };
        assert_eq!(read::<BoardPage>(serde_json::to_string(&page).expect("it serialises").as_bytes()), Some(page));
    }
}
