//! What the Trends screen is asked, as it stands in the address: the range, the filters, the
//! groups, and which number is open. Everybody with the link sees the same.

use crate::{
    domain::{
        alert::Labels,
        incident::Kind,
        metrics::{Filter, GroupBy, Range},
        severity::Severity,
        time::Timestamp,
    },
    ui::{address::Query, routes::Route},
};

const DAY_SECS: i64 = 86_400;

/// Ranges that one press chooses, in days up to now.
pub const DAYS: [i64; 4] = [7, 30, 90, 365];
const DEFAULT_DAYS: i64 = 90;

/// Which time is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Up to now.
    Days(i64),
    /// From the beginning of one day to the end of another, as dates of UTC: `2026-08-01`.
    Dates { from: String, to: String },
}

/// A number that is open: its metric, and the group it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub metric: String,
    pub by: GroupBy,
    pub key: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    pub span: Span,
    pub filter: Filter,
    pub by: GroupBy,
}

impl Question {
    pub fn read(query: &Query) -> Self {
        let date = |name: &str| query.get(name).filter(|text| midnight(text).is_some()).map(str::to_owned);
        let days = query.get("days").and_then(|text| text.parse().ok()).filter(|days| (1..=3650).contains(days));
        let span = match (date("from"), date("to")) {
            (Some(from), Some(to)) if from <= to => Span::Dates { from, to },
            _ => Span::Days(days.unwrap_or(DEFAULT_DAYS)),
        };
        let words = |name: &str| query.all(name).flat_map(|text| text.split(',')).map(str::to_owned).collect::<Vec<_>>();
        let filter = Filter {
            severity: words("severity").iter().filter_map(|text| Severity::from_slug(text)).collect(),
            service: query.get("service").filter(|name| !name.is_empty()).map(str::to_owned),
            services: vec![],
            labels: query.all("label").filter_map(|text| text.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            origin: None,
            kinds: words("kind").iter().filter_map(|text| Kind::from_slug(text)).collect(),
        };
        Self { span, filter, by: query.get("group").and_then(GroupBy::from_slug).unwrap_or_default() }
    }

    /// How many are set of the filters that a phone shows only on request: all but range and severity.
    pub fn more_filters(&self) -> usize {
        let Filter { service, labels, kinds, .. } = &self.filter;
        [service.is_some(), !labels.is_empty(), !kinds.is_empty(), self.by != GroupBy::None].into_iter().filter(|is_set| *is_set).count()
    }

    /// The address of the screen with this question, and perhaps a number opened.
    pub fn address(&self, shown: Option<&Shown>) -> String {
        let mut parts: Vec<(&str, String)> = match &self.span {
            Span::Days(DEFAULT_DAYS) => vec![],
            Span::Days(days) => vec![("days", days.to_string())],
            Span::Dates { from, to } => vec![("from", from.clone()), ("to", to.clone())],
        };
        parts.extend(self.filter_parts("label", |name, value| format!("{name}={value}")));
        if self.by != GroupBy::None {
            parts.push(("group", self.by.slug().to_owned()));
        }
        if let Some(shown) = shown {
            parts.push(("show", shown.metric.clone()));
            if shown.by != GroupBy::None {
                parts.push(("of", format!("{}:{}", shown.by.slug(), shown.key.as_deref().unwrap_or_default())));
            }
        }
        joined(Route::Trends.path(), &parts)
    }

    /// The address of a table from the REST door: the same filters over exactly the range on screen.
    pub fn table(&self, path: &str, range: &Range, more: &[(&str, &str)]) -> String {
        let mut parts = vec![("format", "csv".to_owned()), ("from", range.from.to_string()), ("to", range.to.to_string())];
        parts.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        parts.extend(self.filter_parts("", |_, _| String::new()).into_iter().filter(|(name, _)| !name.is_empty()));
        let mut address = joined(path.to_owned(), &parts);
        for (name, value) in &self.filter.labels {
            address.push_str(&format!("&label.{}={}", encoded(name), encoded(value)));
        }
        address
    }

    fn filter_parts(&self, label: &'static str, write: impl Fn(&str, &str) -> String) -> Vec<(&'static str, String)> {
        let Filter { severity, service, labels, kinds, .. } = &self.filter;
        let mut parts = Vec::new();
        if !severity.is_empty() {
            parts.push(("severity", severity.iter().map(|severity| severity.label()).collect::<Vec<_>>().join(",")));
        }
        parts.extend(service.iter().map(|service| ("service", service.clone())));
        parts.extend(labels.iter().map(|(name, value)| (label, write(name, value))));
        if !kinds.is_empty() {
            parts.push(("kind", kinds.iter().map(|kind| kind.slug()).collect::<Vec<_>>().join(",")));
        }
        parts
    }

    /// The range, given what time it is.
    pub fn range(&self, now: Timestamp) -> Range {
        let of_days = |days: i64| Range { from: now.plus_secs(-days * DAY_SECS), to: now };
        match &self.span {
            Span::Days(days) => of_days(*days),
            Span::Dates { from, to } => {
                let ends = midnight(from).zip(midnight(to)).and_then(|(from, to)| Range::new(from, to.plus_secs(DAY_SECS)));
                ends.unwrap_or_else(|| of_days(DEFAULT_DAYS))
            }
        }
    }

    pub fn set_label(&mut self, text: &str) {
        self.filter.labels = text.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).into_iter().collect::<Labels>();
    }
}

impl Shown {
    pub fn read(query: &Query) -> Option<Self> {
        let metric = query.get("show")?.to_owned();
        let (by, key) = query.get("of").and_then(|of| of.split_once(':')).unwrap_or(("none", ""));
        Some(Self { metric, by: GroupBy::from_slug(by).unwrap_or_default(), key: (!key.is_empty()).then(|| key.to_owned()) })
    }
}

/// The beginning of a date of UTC.
fn midnight(date: &str) -> Option<Timestamp> {
    Timestamp::parse(&format!("{date}T00:00:00Z"))
}

fn joined(path: String, parts: &[(&str, String)]) -> String {
    let query: Vec<String> = parts.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

/// A value as it may stand in an address.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~,:".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    fn query(pairs: &[(&str, &str)]) -> Query {
        Query(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn nothing_asked_is_the_last_ninety_days_of_incidents() {
        let question = Question::read(&query(&[]));
        assert_eq!((question.address(None).as_str(), question.span.clone()), ("/trends", Span::Days(90)));
        assert_eq!(question.range(NOW).micros(), 90 * 86_400 * 1_000_000);
        assert_eq!(Question::read(&query(&[("days", "0"), ("from", "2026-02-30"), ("to", "x"), ("group", "mood"), ("severity", "SEV9")])), question);
    }

    #[test]
    fn every_question_reads_back_from_its_address() {
        let asked = query(&[
            ("from", "2026-08-01"),
            ("to", "2026-08-31"),
            ("severity", "SEV1,SEV2"),
            ("service", "a b&c"),
            ("label", "team=pay=ments"),
            ("kind", "incident,drill"),
            ("group", "service"),
            ("show", "mtta"),
            ("of", "service:a b&c"),
        ]);
        let (question, shown) = (Question::read(&asked), Shown::read(&asked));
        assert_eq!((question.more_filters(), Question::read(&query(&[("severity", "SEV1"), ("days", "7")])).more_filters()), (4, 0));
        assert_eq!(
            question.address(shown.as_ref()),
            "/trends?from=2026-08-01&to=2026-08-31&severity=SEV1,SEV2&service=a%20b%26c&label=team%3Dpay%3Dments&kind=incident,drill&group=service&show=mtta&of=service:a%20b%26c"
        );
        assert_eq!(question.filter.labels["team"], "pay=ments");
        let range = question.range(NOW);
        assert_eq!((range.from.to_string(), range.to.to_string()), ("2026-08-01T00:00:00Z".to_owned(), "2026-09-01T00:00:00Z".to_owned()));
        assert_eq!(
            question.table("/api/v1/x", &range, &[("metric", "mtta")]),
            "/api/v1/x?format=csv&from=2026-08-01T00:00:00Z&to=2026-09-01T00:00:00Z&metric=mtta&severity=SEV1,SEV2&service=a%20b%26c&kind=incident,drill&label.team=pay%3Dments"
        );
        assert_eq!(Shown::read(&query(&[("show", "mttr"), ("of", "severity:")])), Some(Shown { metric: "mttr".to_owned(), by: GroupBy::Severity, key: None }));
    }
}
