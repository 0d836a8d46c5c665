//! What the board is asked, as it stands in the address: which time, and whose services. Everybody
//! with the link sees the same.

use crate::domain::metrics::Range;
use crate::domain::{lists::encode, time::Timestamp};
use chrono::{Datelike, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

const DAY_SECS: i64 = 86_400;

/// Which time the incidents' figures are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Span {
    Week,
    #[default]
    Month,
    Season,
    /// From its first day, in UTC.
    Quarter,
}

impl Span {
    pub const ALL: [Span; 4] = [Span::Week, Span::Month, Span::Season, Span::Quarter];

    /// As the address says it.
    pub fn slug(self) -> &'static str {
        match self {
            Span::Week => "7d",
            Span::Month => "30d",
            Span::Season => "90d",
            Span::Quarter => "quarter",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Span::Week => "7 days",
            Span::Month => "30 days",
            Span::Season => "90 days",
            Span::Quarter => "Quarter",
        }
    }

    pub fn range(self, now: Timestamp) -> Range {
        let days = |days: i64| Range { from: now.plus_secs(-days * DAY_SECS), to: now };
        match self {
            Span::Week => days(7),
            Span::Month => days(30),
            Span::Season => days(90),
            Span::Quarter => quarter(now).unwrap_or_else(|| days(90)),
        }
    }
}

fn quarter(now: Timestamp) -> Option<Range> {
    let today = now.to_utc().date_naive();
    let first = NaiveDate::from_ymd_opt(today.year(), today.month0() / 3 * 3 + 1, 1)?;
    Range::new(Timestamp::from_micros(first.and_time(NaiveTime::MIN).and_utc().timestamp_micros()), now)
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    pub span: Span,
    pub service: Option<String>,
    /// Only services of this owner.
    pub owner: Option<String>,
}

impl Question {
    /// Reads what stands behind the `?`; what it does not know is passed over.
    pub fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut question = Self::default();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            match name {
                "range" => question.span = Span::ALL.into_iter().find(|span| span.slug() == value).unwrap_or_default(),
                "service" => question.service = Some(value.to_owned()),
                "owner" => question.owner = Some(value.to_owned()),
                _ => {}
            }
        }
        question
    }

    /// The same behind `path`.
    pub fn address(&self, path: &str) -> String {
        let range = (self.span != Span::default()).then(|| format!("range={}", self.span.slug()));
        let named = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name}={}", encode(value)));
        let parts: Vec<String> = [range, named("service", &self.service), named("owner", &self.owner)].into_iter().flatten().collect();
        if parts.is_empty() { path.to_owned() } else { format!("{path}?{}", parts.join("&")) }
    }

    /// `30 days · all services`, `90 days · checkout · of Payments`.
    pub fn words(&self) -> String {
        let service = self.service.as_deref().unwrap_or("all services");
        let owner = self.owner.as_ref().map(|owner| format!(" · of {owner}")).unwrap_or_default();
        format!("{} · {service}{owner}", self.span.label())
    }

    /// Whether it is about some services alone.
    pub fn is_narrowed(&self) -> bool {
        self.service.is_some() || self.owner.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_reads_back_from_its_address() {
        let question = Question { span: Span::Quarter, service: Some("a b&c".to_owned()), owner: Some("Team Käse".to_owned()) };
        assert_eq!(question.address("/executive"), "/executive?range=quarter&service=a%20b%26c&owner=Team%20K%C3%A4se");
        assert_eq!(Question::read([("range", "quarter"), ("service", "a b&c"), ("owner", "Team Käse"), ("x", "y")]), question);
        assert_eq!(Question::read([("range", "ages"), ("service", "")]), Question::default());
        assert_eq!(Question::default().address("/executive"), "/executive");
        assert_eq!((question.words().as_str(), Question::default().words().as_str()), ("Quarter · a b&c · of Team Käse", "30 days · all services"));
    }

    #[test]
    fn a_quarter_begins_on_its_first_day() {
        let range = Span::Quarter.range(Timestamp::parse("2026-11-20T02:31:00Z").expect("it is a time"));
        assert_eq!((range.from.to_string().as_str(), range.to.to_string().as_str()), ("2026-10-01T00:00:00Z", "2026-11-20T02:31:00Z"));
        let first = Timestamp::parse("2026-10-01T00:00:00Z").expect("it is a time");
        assert!(Span::Quarter.range(first).micros() > 0, "never nothing");
    }
}
