//! What is typed into the form of an objective, as text, and what it says as a whole: a draft, or
//! everything that is wrong with it, each beside its field.

use crate::domain::slo::{
    calendar::Window,
    objective::{Basis, Indicator, Method, ObjectiveDraft, Op, Part, Together},
    target::Target,
};

/// A place of the form where something can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Name,
    Title,
    Description,
    Service,
    Target,
    Windows,
    /// What is measured.
    Indicator,
    Source,
    Method,
    Slice,
    /// Beneath all of them.
    Whole,
}

/// Where a fault of [`ObjectiveDraft::parse`] and of the server is shown: by how its sentence begins.
const PLACES: [(&str, Field); 21] = [
    ("the name ", Field::Name),
    ("the title ", Field::Title),
    ("the description ", Field::Description),
    ("the service", Field::Service),
    ("there are 1 to ", Field::Windows),
    ("there is no time zone", Field::Windows),
    ("a slice ", Field::Slice),
    ("time slices of ", Field::Method),
    ("a value against ", Field::Method),
    ("an absent series ", Field::Method),
    ("name the data source", Field::Source),
    ("there is no data source", Field::Source),
    ("a target ", Field::Target),
    ("the query", Field::Indicator),
    ("the histogram", Field::Indicator),
    ("the threshold", Field::Indicator),
    ("a ratio ", Field::Indicator),
    ("a composite ", Field::Indicator),
    ("weights ", Field::Indicator),
    ("there is no objective", Field::Indicator),
    ("there is an objective", Field::Name),
];

/// Where a fault belongs.
pub fn place(fault: &str) -> Field {
    PLACES.iter().find(|(begin, _)| fault.starts_with(begin)).map_or(Field::Whole, |(_, field)| *field)
}

/// The kinds of what can be measured, as people choose among them.
pub const KINDS: [(&str, &str); 7] = [
    ("pushed", "Readings are sent to us"),
    ("telemetry", "Calls, as the traces tell that are sent to us"),
    ("ratio", "Good events of all events, from Prometheus"),
    ("latency", "Requests answered in time, from a histogram"),
    ("probe", "A probe that is 1 while all is well"),
    ("threshold", "A value on the right side of a limit"),
    ("composite", "Made from other objectives"),
];

pub const METHODS: [(Method, &str); 3] = [
    (Method::Occurrences, "Every event counts once"),
    (Method::Timeslices, "Every slice of time is good or bad"),
    (Method::RatioTimeslices, "The mean of every slice's share"),
];

pub const TOGETHER: [(Together, &str, &str); 3] = [
    (Together::Series, "series", "All are needed: their shares are multiplied"),
    (Together::AnyDown, "any_down", "Bad as soon as one of them is"),
    (Together::Weighted, "weighted", "Each counts as much as its weight"),
];

/// The fields as text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Typed {
    pub name: String,
    pub title: String,
    pub description: String,
    pub service: String,
    /// In percent.
    pub target: String,
    /// Separated by commas; the first is the one that boards show.
    pub windows: String,
    pub kind: String,
    /// Whether `events` are the good ones.
    pub counts_good: bool,
    pub events: String,
    pub total: String,
    pub histogram: String,
    pub native: bool,
    pub query: String,
    pub absent_is_bad: bool,
    pub op: String,
    /// Seconds of a latency, or the limit of a value.
    pub limit: String,
    pub together: String,
    /// One on each line: the name, and its weight behind it.
    pub parts: String,
    pub source: String,
    pub method: String,
    /// In percent.
    pub slice_target: String,
    pub slice_s: String,
    pub alerting: bool,
    pub fails_closed: bool,
    pub observed: bool,
}

fn percent(target: Target) -> String {
    target.percent_text().trim_end_matches(" %").to_owned()
}

impl Typed {
    /// An empty form.
    pub fn new() -> Self {
        Self {
            target: "99.9".to_owned(),
            windows: "30d".to_owned(),
            kind: "pushed".to_owned(),
            counts_good: true,
            op: Op::Lte.slug().to_owned(),
            together: "series".to_owned(),
            method: Method::Occurrences.slug().to_owned(),
            slice_s: "60".to_owned(),
            alerting: true,
            ..Self::default()
        }
    }

    pub fn of(draft: &ObjectiveDraft) -> Self {
        let mut typed = Self {
            name: draft.name.clone(),
            title: draft.title.clone().unwrap_or_default(),
            description: draft.description.clone(),
            service: draft.service.clone().unwrap_or_default(),
            target: percent(draft.target),
            windows: draft.windows.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            kind: draft.indicator.slug().to_owned(),
            source: draft.source.clone().unwrap_or_default(),
            method: draft.method.slug().to_owned(),
            slice_target: draft.slice_target.map(percent).unwrap_or_default(),
            slice_s: draft.slice_s.to_string(),
            alerting: draft.alerting.enabled,
            fails_closed: draft.gate_fails_closed,
            observed: draft.basis == Basis::Observed,
            ..Self::new()
        };
        match &draft.indicator {
            Indicator::Ratio { good, bad, total } => {
                typed.counts_good = good.is_some();
                typed.events = good.clone().or_else(|| bad.clone()).unwrap_or_default();
                typed.total.clone_from(total);
            }
            Indicator::Latency { histogram, threshold_s, native } => {
                typed.histogram.clone_from(histogram);
                typed.limit = threshold_s.to_string();
                typed.native = *native;
            }
            Indicator::Probe { query, absent_is_bad } => {
                typed.query.clone_from(query);
                typed.absent_is_bad = *absent_is_bad;
            }
            Indicator::Threshold { query, op, value, absent_is_bad } => {
                typed.query.clone_from(query);
                typed.absent_is_bad = *absent_is_bad;
                typed.op = op.slug().to_owned();
                typed.limit = value.to_string();
            }
            Indicator::Telemetry { service, operation, threshold_s } => {
                typed.events.clone_from(service);
                typed.query = operation.clone().unwrap_or_default();
                typed.limit = threshold_s.map(|limit| limit.to_string()).unwrap_or_default();
            }
            Indicator::Pushed => {}
            Indicator::Composite { how, of } => {
                typed.together = TOGETHER.iter().find(|(known, ..)| known == how).map(|(_, slug, _)| (*slug).to_owned()).unwrap_or_default();
                let is_plain = |part: &Part| (part.weight - 1.0).abs() < f64::EPSILON;
                let line = |part: &Part| if is_plain(part) { part.objective.clone() } else { format!("{} {}", part.objective, part.weight) };
                typed.parts = of.iter().map(line).collect::<Vec<_>>().join("\n");
            }
        }
        typed
    }

    /// What is measured; a number that is none is refused by whoever parses the draft.
    pub fn indicator(&self) -> Indicator {
        let limit = self.limit.trim().replace(',', ".").parse().unwrap_or(f64::NAN);
        let text = |text: &str| text.trim().to_owned();
        match self.kind.as_str() {
            "ratio" => {
                let events = Some(text(&self.events));
                let (good, bad) = if self.counts_good { (events, None) } else { (None, events) };
                Indicator::Ratio { good, bad, total: text(&self.total) }
            }
            "latency" => Indicator::Latency { histogram: text(&self.histogram), threshold_s: limit, native: self.native },
            "probe" => Indicator::Probe { query: text(&self.query), absent_is_bad: self.absent_is_bad },
            "threshold" => {
                let op = Op::ALL.into_iter().find(|op| op.slug() == self.op).unwrap_or(Op::Lte);
                Indicator::Threshold { query: text(&self.query), op, value: limit, absent_is_bad: self.absent_is_bad }
            }
            "telemetry" => {
                let said = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
                let threshold_s = said(&self.limit).map(|_| limit);
                Indicator::Telemetry { service: text(&self.events), operation: said(&self.query), threshold_s }
            }
            "composite" => {
                let how = TOGETHER.iter().find(|(_, slug, _)| *slug == self.together).map_or(Together::Series, |(how, ..)| *how);
                Indicator::Composite { how, of: self.parts.lines().filter_map(part).collect() }
            }
            _ => Indicator::Pushed,
        }
    }

    /// A method that fits what is measured: a value against a limit is only judged by slices.
    fn method(&self) -> Method {
        let chosen = Method::ALL.into_iter().find(|method| method.slug() == self.method).unwrap_or_default();
        match self.kind.as_str() {
            "threshold" => Method::Timeslices,
            "composite" if !chosen.counts_time() => Method::RatioTimeslices,
            _ => chosen,
        }
    }

    /// The whole draft. `before` is what is described anew: what the form does not show stays.
    pub fn read(&self, before: Option<&ObjectiveDraft>) -> Result<ObjectiveDraft, Vec<(Field, String)>> {
        let mut faults: Vec<(Field, String)> = vec![];
        let target = self.target(before).map_err(|fault| faults.push((Field::Target, fault))).ok();
        let mut windows = vec![];
        for text in self.windows.split(',').filter(|text| !text.trim().is_empty()) {
            match Window::parse(text) {
                Ok(window) => windows.push(window),
                Err(refusal) => faults.push((Field::Windows, refusal.to_string())),
            }
        }
        let slice_target = match self.slice_target.trim().trim_end_matches('%') {
            "" => None,
            text => Target::imported(&format!("{text}%")).map_err(|refusal| faults.push((Field::Method, refusal.to_string()))).ok(),
        };
        let indicator = self.indicator();
        let is_asked = indicator.is_asked();
        let mut alerting = before.map(|before| before.alerting.clone()).unwrap_or_default();
        alerting.enabled = self.alerting;
        let draft = ObjectiveDraft {
            name: self.name.clone(),
            title: Some(self.title.clone()),
            description: self.description.clone(),
            service: Some(self.service.clone()),
            // What was refused above stands in for nothing: the draft is not handed on.
            target: target.or_else(|| Target::from_percent_text("99").ok()).ok_or_else(|| faults.clone())?,
            windows: if windows.is_empty() && !faults.is_empty() { vec![Window::rolling_days(30)] } else { windows },
            method: self.method(),
            slice_target,
            indicator,
            source: Some(self.source.clone()).filter(|_| is_asked),
            slice_s: self.slice_s.parse().unwrap_or(0),
            alerting,
            gate_fails_closed: self.fails_closed,
            basis: if self.observed { Basis::Observed } else { Basis::LastPeriod },
        };
        match draft.parse() {
            Ok(draft) if faults.is_empty() => Ok(draft),
            Ok(_) => Err(faults),
            Err(found) => {
                faults.extend(found.into_iter().map(|fault| (place(&fault), fault)));
                Err(faults)
            }
        }
    }

    /// One of 100 % that was brought along from elsewhere may stay.
    fn target(&self, before: Option<&ObjectiveDraft>) -> Result<Target, String> {
        let text = self.target.trim().trim_end_matches('%').trim();
        let kept = before.map(|before| before.target).filter(|target| percent(*target) == text);
        kept.map_or_else(|| Target::from_percent_text(text).map_err(|refusal| refusal.to_string()), Ok)
    }
}

/// `checkout 2`.
fn part(line: &str) -> Option<Part> {
    let mut words = line.split_whitespace();
    let objective = words.next()?.to_owned();
    Some(Part { objective, weight: words.next().map_or(1.0, |weight| weight.parse().unwrap_or(f64::NAN)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(change: impl FnOnce(&mut Typed)) -> Vec<Field> {
        let mut typed = Typed { name: "checkout".into(), ..Typed::new() };
        change(&mut typed);
        typed.read(None).expect_err("it is refused").into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn every_fault_stands_beside_its_field() {
        assert_eq!(faults(|typed| typed.name = "-".into()), [Field::Name]);
        assert_eq!(faults(|typed| typed.target = "100".into()), [Field::Target]);
        assert_eq!(faults(|typed| typed.target = "much".into()), [Field::Target]);
        assert_eq!(faults(|typed| typed.windows = "30d, soon".into()), [Field::Windows]);
        assert_eq!(faults(|typed| typed.windows = " ".into()), [Field::Windows]);
        assert_eq!(faults(|typed| typed.slice_s = "7".into()), [Field::Slice]);
        assert_eq!(faults(|typed| typed.method = "timeslices".into()), [Field::Method]);
        assert_eq!(faults(|typed| typed.kind = "probe".into()), [Field::Indicator, Field::Source]);
        assert_eq!(faults(|typed| (typed.kind, typed.source) = ("latency".into(), "prom".into())), [Field::Indicator, Field::Indicator]);
        assert_eq!(faults(|typed| (typed.kind, typed.parts) = ("composite".into(), "checkout".into())), [Field::Indicator]);
        let silent = |typed: &mut Typed| (typed.kind, typed.query, typed.source, typed.absent_is_bad) = ("probe".into(), "up".into(), "prom".into(), true);
        assert_eq!(faults(silent), [Field::Method]);
        assert_eq!(faults(|typed| typed.title = "x".repeat(300)), [Field::Title]);
        assert_eq!(place("somebody changed it"), Field::Whole);
    }

    #[test]
    fn a_draft_becomes_text_and_a_draft_again() {
        let part = |objective: &str, weight| Part { objective: objective.into(), weight };
        let indicators = [
            Indicator::Pushed,
            Indicator::Telemetry { service: "pay".into(), operation: None, threshold_s: None },
            Indicator::Telemetry { service: "pay".into(), operation: Some("POST /pay".into()), threshold_s: Some(0.25) },
            Indicator::Ratio { good: None, bad: Some("errors{a=\"b\"}".into()), total: "all".into() },
            Indicator::Ratio { good: Some("good".into()), bad: None, total: "all".into() },
            Indicator::Latency { histogram: "took".into(), threshold_s: 0.25, native: true },
            Indicator::Probe { query: "up".into(), absent_is_bad: false },
            Indicator::Threshold { query: "lag".into(), op: Op::Lt, value: 30.5, absent_is_bad: true },
            Indicator::Composite { how: Together::Weighted, of: vec![part("a", 1.0), part("b", 2.5)] },
        ];
        for indicator in indicators {
            let slug = indicator.slug();
            let typed = Typed {
                name: "checkout".into(),
                kind: slug.into(),
                source: "prom".into(),
                windows: "28d, calendar month in Europe/Berlin".into(),
                ..Typed::new()
            };
            let typed = Typed { slice_target: "99.5".into(), ..typed };
            let mut draft = Typed { kind: "pushed".into(), ..typed.clone() }.read(None).expect("it is fine");
            draft.source = indicator.is_asked().then(|| "prom".to_owned());
            draft.indicator = indicator;
            draft.method = match slug {
                "threshold" => Method::Timeslices,
                "composite" => Method::RatioTimeslices,
                _ => draft.method,
            };
            draft.alerting.min_bad = 7.0;
            assert_eq!(Typed::of(&draft).read(Some(&draft)), Ok(draft), "{slug}");
        }
    }
}
