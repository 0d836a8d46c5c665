//! What the board is asked, as it stands in the address: the time, the baseline, the filters and
//! the selection. Everybody with the link sees the same.

use crate::{
    charts::heat::brush::Brush,
    domain::{
        incident::{Incident, State},
        telemetry::{board::BoardQuestion, panels::Range},
        time::Timestamp,
    },
    ui::{
        address::{Query, address_of},
        routes::Route,
    },
};

const DAY_SECS: i64 = 86_400;
/// How much is shown before it began to hurt.
const LEAD_SECS: i64 = 30 * 60;
/// Ranges up to now that one press chooses: their word and their minutes.
pub const LAST: [(&str, i64); 6] = [("15 min", 15), ("1 h", 60), ("3 h", 180), ("6 h", 360), ("24 h", 1440), ("2 d", 2880)];
const USUAL_MINUTES: i64 = 60;

/// Which time is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Time {
    /// That of an incident, by its reference.
    Incident(String),
    /// So many minutes up to now.
    Last(i64),
    Between(Timestamp, Timestamp),
}

/// With what it is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Baseline {
    /// What lies right before: for an incident the time before it began to hurt.
    #[default]
    Before,
    Yesterday,
    LastWeek,
    Nothing,
}

impl Baseline {
    pub const ALL: [Baseline; 4] = [Baseline::Before, Baseline::Yesterday, Baseline::LastWeek, Baseline::Nothing];

    fn slug(self) -> &'static str {
        match self {
            Baseline::Before => "before",
            Baseline::Yesterday => "yesterday",
            Baseline::LastWeek => "last-week",
            Baseline::Nothing => "none",
        }
    }

    /// As it stands in the time bar.
    pub fn words(self, locked: bool) -> &'static str {
        match self {
            Baseline::Before if locked => "30 min before",
            Baseline::Before => "the time before",
            Baseline::Yesterday => "same time yesterday",
            Baseline::LastWeek => "same time last week",
            Baseline::Nothing => "none",
        }
    }

    /// As it stands beside the dashed line.
    pub fn short(self) -> &'static str {
        match self {
            Baseline::Before => "before",
            Baseline::Yesterday => "yesterday",
            Baseline::LastWeek => "last week",
            Baseline::Nothing => "no baseline",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    pub time: Time,
    pub baseline: Baseline,
    pub service: Option<String>,
    pub operation: Option<String>,
    pub brush: Option<Brush>,
    /// Lines of percentiles over the latency.
    pub lines: bool,
    /// The data source that is read; nothing: what was sent to this server.
    pub source: Option<String>,
}

/// The instants that a question comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spans {
    pub drawn: Range,
    /// The part that is compared.
    pub compared: Range,
    pub baseline: Option<Range>,
    /// It ends now, so it goes on.
    pub live: bool,
    pub impact: Option<Timestamp>,
}

impl Question {
    pub fn read(query: &Query) -> Self {
        let text = |name: &str| query.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let at = |name: &str| query.get(name).and_then(Timestamp::parse);
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<f64>().ok()).filter(|secs| secs.is_finite() && *secs > 0.0);
        let minutes = query.get("last").and_then(|text| text.parse().ok()).filter(|minutes| (1..=31 * 1440).contains(minutes));
        let time = match (text("incident"), at("from"), at("to")) {
            (Some(incident), ..) => Time::Incident(incident),
            (None, Some(from), Some(to)) if from < to => Time::Between(from, to),
            _ => Time::Last(minutes.unwrap_or(USUAL_MINUTES)),
        };
        let ends = at("sel_from").zip(at("sel_to")).filter(|(from, to)| from < to);
        let brush = ends.map(|(from, to)| Brush { from, to, min_s: number("sel_min"), max_s: number("sel_max") });
        let baseline = query.get("baseline").and_then(|slug| Baseline::ALL.into_iter().find(|known| known.slug() == slug)).unwrap_or_default();
        Self { time, baseline, service: text("service"), operation: text("operation"), brush, lines: query.get("lines").is_some(), source: text("source") }
    }

    /// The address of the board with this question.
    pub fn address(&self) -> String {
        let (mut incident, mut last, mut from, mut to) = (String::new(), String::new(), String::new(), String::new());
        match &self.time {
            Time::Incident(reference) => incident.clone_from(reference),
            Time::Last(USUAL_MINUTES) => {}
            Time::Last(minutes) => last = minutes.to_string(),
            Time::Between(start, end) => (from, to) = (start.to_string(), end.to_string()),
        }
        let brush = |part: fn(&Brush) -> Option<String>| self.brush.as_ref().and_then(part).unwrap_or_default();
        address_of(
            &Route::Debug.path(),
            &[
                ("incident", &incident),
                ("last", &last),
                ("from", &from),
                ("to", &to),
                ("baseline", if self.baseline == Baseline::default() { "" } else { self.baseline.slug() }),
                ("service", self.service.as_deref().unwrap_or_default()),
                ("operation", self.operation.as_deref().unwrap_or_default()),
                ("sel_from", &brush(|brush| Some(brush.from.to_string()))),
                ("sel_to", &brush(|brush| Some(brush.to.to_string()))),
                ("sel_min", &brush(|brush| brush.min_s.map(short))),
                ("sel_max", &brush(|brush| brush.max_s.map(short))),
                ("lines", if self.lines { "1" } else { "" }),
                ("source", self.source.as_deref().unwrap_or_default()),
            ],
        )
    }

    /// The instants, given what time it is and the incident it is locked to. `None`: that incident
    /// is not known (yet).
    pub fn spans(&self, now: Timestamp, incident: Option<&Incident>) -> Option<Spans> {
        // The minute that goes on belongs to it.
        let this_minute = minute(now).plus_secs(60);
        let (drawn, impact, live) = match &self.time {
            Time::Last(minutes) => (Range { from: this_minute.plus_secs(-minutes * 60), to: this_minute }, None, true),
            Time::Between(from, to) => (Range { from: minute(*from), to: *to }, None, *to > now),
            Time::Incident(_) => {
                let incident = incident?;
                let impact = minute(incident.impact_started_at().min(now));
                let over = incident.resolved_at.filter(|_| matches!(incident.state, State::Resolved | State::Closed | State::Cancelled | State::Merged));
                let to = over.map_or(this_minute, |at| minute(at).plus_secs(60)).max(impact.plus_secs(60));
                (Range { from: impact.plus_secs(-LEAD_SECS), to }, Some(impact), over.is_none())
            }
        };
        let compared = Range { from: impact.unwrap_or(drawn.from), to: drawn.to };
        let moved = |secs: i64| Range { from: compared.from.plus_secs(-secs), to: compared.to.plus_secs(-secs) };
        let baseline = match self.baseline {
            Baseline::Before if impact.is_some() => Some(Range { from: drawn.from, to: compared.from }),
            Baseline::Before => Some(moved(compared.to.secs_since(compared.from))),
            Baseline::Yesterday => Some(moved(DAY_SECS)),
            Baseline::LastWeek => Some(moved(7 * DAY_SECS)),
            Baseline::Nothing => None,
        };
        Some(Spans { drawn, compared, baseline, live, impact })
    }

    pub fn board(&self, spans: &Spans, step_s: i64) -> BoardQuestion {
        BoardQuestion {
            range: spans.drawn,
            compared: spans.compared,
            baseline: spans.baseline,
            service: self.service.clone(),
            operation: self.operation.clone(),
            step_s: u32::try_from(step_s).unwrap_or(60),
            source: self.source.clone(),
        }
    }

    /// What is asked, without what is only a matter of looking.
    pub fn to_the_point(&self) -> Self {
        Self { brush: None, lines: false, ..self.clone() }
    }

    /// The same, with another time and without what was selected in the one before.
    pub fn at(self, time: Time) -> Self {
        Self { time, brush: None, ..self }
    }

    /// What is selected becomes the whole range.
    pub fn zoomed(self) -> Self {
        match &self.brush {
            Some(brush) => {
                let time = Time::Between(brush.from, brush.to);
                self.at(time)
            }
            None => self,
        }
    }

    pub fn is_locked(&self) -> bool {
        matches!(self.time, Time::Incident(_))
    }
}

/// A number of seconds with as many digits as tell the edges of rows apart.
fn short(secs: f64) -> String {
    let digits = (4.0 - secs.log10().ceil()).clamp(0.0, 9.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // at most nine
    let text = format!("{secs:.*}", digits as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn minute(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.epoch_secs().div_euclid(60) * 60_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("it is RFC 3339")
    }

    fn read_back(question: &Question) -> Question {
        let address = question.address();
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let decoded = |text: &str| text.replace("%3A", ":").replace("%20", " ").replace("%2F", "/");
        Question::read(&Query(query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.to_owned(), decoded(value))).collect()))
    }

    #[test]
    fn every_question_reads_back_from_its_address() {
        let brush = Brush { from: at("2026-11-21T02:04:00Z"), to: at("2026-11-21T02:31:00Z"), min_s: Some(1.333), max_s: None };
        let plain = Question { time: Time::Last(60), baseline: Baseline::Before, service: None, operation: None, brush: None, lines: false, source: None };
        assert_eq!((plain.address(), read_back(&plain)), ("/debug".to_owned(), plain.clone()));
        for time in [Time::Incident("INC-418".to_owned()), Time::Last(180), Time::Between(brush.from, brush.to)] {
            for baseline in Baseline::ALL {
                let service = Some("pay ments".to_owned());
                let operation = Some("GET /x".to_owned());
                let source = Some("prod".to_owned());
                let question = Question { time: time.clone(), baseline, service, operation, brush: Some(brush), lines: true, source };
                assert_eq!(read_back(&question), question);
            }
        }
    }

    #[test]
    fn edges_of_rows_survive_the_address() {
        assert_eq!([0.01, 1.333_521_432, 3.162_277_66, 10.0, 0.000_133_352].map(short), ["0.01", "1.334", "3.162", "10", "0.0001334"].map(str::to_owned));
    }

    #[test]
    fn the_time_before_is_as_long_and_ends_where_the_range_begins() {
        let now = at("2026-11-21T02:30:40Z");
        let question = Question { time: Time::Last(60), baseline: Baseline::Before, service: None, operation: None, brush: None, lines: false, source: None };
        let spans = question.spans(now, None).expect("it needs no incident");
        assert_eq!((spans.drawn.from, spans.drawn.to), (at("2026-11-21T01:31:00Z"), at("2026-11-21T02:31:00Z")));
        assert_eq!(spans.baseline, Some(Range { from: at("2026-11-21T00:31:00Z"), to: spans.drawn.from }));
        let yesterday = Question { baseline: Baseline::Yesterday, ..question.clone() }.spans(now, None).and_then(|spans| spans.baseline);
        assert_eq!(yesterday.map(|range| range.to), Some(at("2026-11-20T02:31:00Z")));
        assert_eq!(Question { time: Time::Incident("INC-1".to_owned()), ..question }.spans(now, None), None);
    }

    #[test]
    fn zooming_looks_at_what_was_selected() {
        let brush = Brush { from: at("2026-11-21T02:04:00Z"), to: at("2026-11-21T02:31:00Z"), min_s: Some(1.3), max_s: None };
        let question =
            Question { time: Time::Last(60), baseline: Baseline::Before, service: None, operation: None, brush: Some(brush), lines: false, source: None };
        let zoomed = question.zoomed();
        assert_eq!((zoomed.time.clone(), zoomed.brush), (Time::Between(brush.from, brush.to), None));
        assert_eq!(zoomed.clone().zoomed(), zoomed);
    }
}
