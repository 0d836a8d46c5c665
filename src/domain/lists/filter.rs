//! Which rows are looked at: a list of terms, each a field with a value that rows must have, or
//! must not have. Terms of one field are alternatives; terms that say "not" hold all at once.

use super::row::IncidentRow;
use crate::domain::{
    incident::{Kind, State},
    people::Actor,
    severity::Severity,
    time::Timestamp,
};

/// What a term looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    State,
    Severity,
    Service,
    /// Who has it.
    Lead,
    Kind,
    Started,
    /// How many alerts, at least.
    Alerts,
    /// A label of this name.
    Label(String),
}

impl Field {
    /// Those without a name of their own.
    pub const PLAIN: [Field; 7] = [Field::State, Field::Severity, Field::Service, Field::Lead, Field::Kind, Field::Started, Field::Alerts];

    /// Its name in an address.
    pub fn key(&self) -> String {
        match self {
            Field::State => "state".to_owned(),
            Field::Severity => "severity".to_owned(),
            Field::Service => "service".to_owned(),
            Field::Lead => "lead".to_owned(),
            Field::Kind => "kind".to_owned(),
            Field::Started => "started".to_owned(),
            Field::Alerts => "alerts".to_owned(),
            Field::Label(name) => format!("label.{name}"),
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        match key.strip_prefix("label.") {
            Some(name) => (!name.is_empty()).then(|| Field::Label(name.to_owned())),
            None => Self::PLAIN.into_iter().find(|field| field.key() == key),
        }
    }

    pub fn label(&self) -> String {
        match self {
            Field::State => "State".to_owned(),
            Field::Severity => "Severity".to_owned(),
            Field::Service => "Service".to_owned(),
            Field::Lead => "Who has it".to_owned(),
            Field::Kind => "Kind".to_owned(),
            Field::Started => "Started".to_owned(),
            Field::Alerts => "Alerts, at least".to_owned(),
            Field::Label(name) => name.clone(),
        }
    }

    /// Whether its values are a closed set of words, which an address joins with commas.
    fn is_closed(&self) -> bool {
        matches!(self, Field::State | Field::Severity | Field::Kind)
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    pub field: Field,
    pub not: bool,
    /// As the address says it.
    pub value: String,
}

/// What is looked at: terms, and words that must (or, behind a `-`, must not) be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub terms: Vec<Term>,
    pub text: String,
}

/// The value of a term, read.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    Open,
    State(State),
    Severity(Option<Severity>),
    /// SEV1 or SEV2.
    Major,
    Kind(Kind),
    Service(String),
    Me,
    Nobody,
    Lead(String),
    /// From, included, to, not included.
    Started(Timestamp, Timestamp),
    Alerts(u32),
    Label(String, String),
}

/// Who looks is written like this.
pub const ME: &str = "@me";
pub const NOBODY: &str = "@nobody";
/// The severities that leaders want to hear of are written like this.
pub const MAJOR: &str = "major";

impl Term {
    pub fn new(field: Field, not: bool, value: impl Into<String>) -> Self {
        Self { field, not, value: value.into() }
    }

    /// What its value means; `None` where it means nothing.
    pub fn test(&self, now: Timestamp) -> Option<Test> {
        let value = self.value.as_str();
        Some(match &self.field {
            Field::State if value == "open" => Test::Open,
            Field::State => Test::State(State::from_slug(value)?),
            Field::Severity if value == MAJOR => Test::Major,
            Field::Severity if value == "unsure" => Test::Severity(None),
            Field::Severity => Test::Severity(Some(Severity::ALL.into_iter().find(|known| known.slug().eq_ignore_ascii_case(value))?)),
            Field::Kind => Test::Kind(Kind::from_slug(value)?),
            Field::Service => Test::Service(value.to_owned()),
            Field::Lead if value == ME => Test::Me,
            Field::Lead if value == NOBODY => Test::Nobody,
            Field::Lead => Test::Lead(value.to_owned()),
            Field::Started => {
                let (from, to) = range(value, now)?;
                Test::Started(from, to)
            }
            Field::Alerts => Test::Alerts(value.parse().ok()?),
            Field::Label(name) => Test::Label(name.clone(), value.to_owned()),
        })
    }

    /// The value as people read it.
    pub fn words(&self) -> String {
        match (&self.field, self.value.as_str()) {
            (Field::Severity, "unsure") => "not sure".to_owned(),
            (Field::Severity, MAJOR) => "major (SEV1 or SEV2)".to_owned(),
            (Field::Severity, level) => level.to_uppercase(),
            (Field::Lead, ME) => "me".to_owned(),
            (Field::Lead, NOBODY) => "nobody".to_owned(),
            (Field::State, state) => State::from_slug(state).map_or(state, |state| state.label()).to_lowercase(),
            (Field::Started, range) => match (range.split_once(".."), range.strip_suffix('d')) {
                (Some((from, "")), _) => format!("from {from}"),
                (Some(("", to)), _) => format!("before {to}"),
                (Some((from, to)), _) => format!("{from} to {to}"),
                (None, Some(days)) => format!("in the last {days} d"),
                (None, None) => range.to_owned(),
            },
            (_, value) => value.to_owned(),
        }
    }
}

/// `2026-01-01..2026-02-01`, either end open, or `7d` for the last seven days.
fn range(text: &str, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    if let Some(days) = text.strip_suffix('d') {
        let days: u16 = days.parse().ok()?;
        return Some((now.plus_secs(-i64::from(days) * 86_400), Timestamp::MAX));
    }
    let (from, to) = text.split_once("..")?;
    let day = |text: &str, open: Timestamp| match text {
        "" => Some(open),
        day if day.len() == 10 => Timestamp::parse(&format!("{day}T00:00:00Z")),
        instant => Timestamp::parse(instant),
    };
    Some((day(from, Timestamp::MIN)?, day(to, Timestamp::MAX)?))
}

impl Test {
    fn holds(&self, row: &IncidentRow, me: Option<&Actor>, now: Timestamp) -> bool {
        match self {
            Test::Open => row.state.is_open(),
            Test::State(state) => row.state == *state,
            Test::Severity(severity) => row.shown_severity() == *severity,
            Test::Major => row.shown_severity().is_some_and(Severity::is_major),
            Test::Kind(kind) => row.kind == *kind,
            Test::Service(service) => row.services.iter().any(|known| **known == **service),
            Test::Me => me.is_some_and(|me| row.is_of(me)),
            Test::Nobody => row.who_has_it(now).is_none(),
            Test::Lead(name) => row.who_has_it(now).is_some_and(|who| **who == **name),
            Test::Started(from, to) => row.started_at >= *from && row.started_at < *to,
            Test::Alerts(least) => row.alerts >= *least,
            Test::Label(name, value) => row.labels.iter().any(|(known, held)| **known == **name && **held == **value),
        }
    }
}

impl Filter {
    /// Reads the pairs of an address; what means nothing is passed over.
    pub fn read(pairs: &[(String, String)]) -> Self {
        let mut filter = Self::default();
        for (key, value) in pairs {
            if key == "q" {
                filter.text.clone_from(value);
            }
            let Some(field) = Field::from_key(key) else { continue };
            let (not, value) = match (value.strip_prefix('!'), value.strip_prefix('=')) {
                (Some(value), _) => (true, value),
                (None, Some(value)) => (false, value),
                (None, None) => (false, value.as_str()),
            };
            let values: Vec<&str> = if field.is_closed() { value.split(',').collect() } else { vec![value] };
            for value in values {
                let term = Term::new(field.clone(), not, value);
                if term.test(Timestamp::from_micros(0)).is_some() && !value.is_empty() && !filter.terms.contains(&term) {
                    filter.terms.push(term);
                }
            }
        }
        filter
    }

    /// The pairs of its address, in its order.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (field, not, values) in self.chips() {
            let write = |value: &str| match (not, value.starts_with(['!', '='])) {
                (true, _) => format!("!{value}"),
                (false, true) => format!("={value}"),
                (false, false) => value.to_owned(),
            };
            if field.is_closed() {
                pairs.push((field.key(), write(&values.join(","))));
            } else {
                pairs.extend(values.iter().map(|value| (field.key(), write(value))));
            }
        }
        if !self.text.is_empty() {
            pairs.push(("q".to_owned(), self.text.clone()));
        }
        pairs
    }

    /// Its terms as chips show them: those of one field together, apart from what it must not be.
    pub fn chips(&self) -> Vec<(Field, bool, Vec<String>)> {
        let mut chips: Vec<(Field, bool, Vec<String>)> = Vec::new();
        for term in &self.terms {
            match chips.iter_mut().find(|(field, not, _)| *field == term.field && *not == term.not) {
                Some((.., values)) => values.push(term.value.clone()),
                None => chips.push((term.field.clone(), term.not, vec![term.value.clone()])),
            }
        }
        chips
    }

    /// The rows it holds, by their places.
    pub fn select(&self, rows: &[std::sync::Arc<IncidentRow>], me: Option<&Actor>, now: Timestamp) -> Vec<u32> {
        let holds = self.holds(me, now);
        (0_u32..).zip(rows).filter(|(_, row)| holds(row)).map(|(place, _)| place).collect()
    }

    /// Whether it holds a row. Its terms are read once for all that are asked about.
    pub fn holds<'a>(&'a self, me: Option<&'a Actor>, now: Timestamp) -> impl Fn(&IncidentRow) -> bool + 'a {
        let mut wanted: Vec<(&Field, Vec<Test>)> = Vec::new();
        let mut unwanted: Vec<Test> = Vec::new();
        for term in &self.terms {
            let Some(test) = term.test(now) else { continue };
            if term.not {
                unwanted.push(test);
            } else if let Some((_, tests)) = wanted.iter_mut().find(|(field, _)| **field == term.field) {
                tests.push(test);
            } else {
                wanted.push((&term.field, vec![test]));
            }
        }
        let text = self.text.to_lowercase();
        let (absent, present): (Vec<String>, Vec<String>) =
            text.split_whitespace().filter(|word| *word != "-").map(str::to_owned).partition(|word| word.starts_with('-'));
        move |row| {
            wanted.iter().all(|(_, tests)| tests.iter().any(|test| test.holds(row, me, now)))
                && !unwanted.iter().any(|test| test.holds(row, me, now))
                && present.iter().all(|word| row.text.contains(word.as_str()))
                && !absent.iter().any(|word| row.text.contains(&word[1..]))
        }
    }

    /// Whether it comes to hold other rows although none has changed: acknowledgements run out, and
    /// the last days are others tomorrow.
    pub fn depends_on_time(&self) -> bool {
        self.terms.iter().any(|term| match term.field {
            Field::Lead => term.value != ME,
            Field::Started => !term.value.contains(".."),
            Field::State | Field::Severity | Field::Service | Field::Kind | Field::Alerts | Field::Label(_) => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::tests::{NOON, an_incident, mara};
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn rows() -> Vec<Arc<IncidentRow>> {
        let mut third = an_incident(3, None, &["search"]);
        third.labels.insert("team".into(), "discovery".into());
        (third.state, third.kind) = (State::Closed, Kind::Drill);
        [an_incident(1, Some(Severity::Sev1), &["checkout", "payments"]), an_incident(2, Some(Severity::Sev3), &["checkout"]), third]
            .iter()
            .map(|incident| Arc::new(IncidentRow::of(incident)))
            .collect()
    }

    fn held(asked: &[(&str, &str)]) -> Vec<i64> {
        let rows = rows();
        let places = Filter::read(&pairs(asked)).select(&rows, Some(&mara()), NOON);
        places.iter().map(|place| rows[*place as usize].reference.0).collect()
    }

    #[test]
    fn values_of_one_field_are_alternatives_and_fields_hold_together() {
        assert_eq!(held(&[]), [1, 2, 3]);
        assert_eq!(held(&[("severity", "SEV1,sev3")]), [1, 2]);
        assert_eq!(held(&[("severity", "unsure")]), [3]);
        assert_eq!((held(&[("severity", "major")]), held(&[("severity", "!major")])), (vec![1], vec![2, 3]));
        assert_eq!(held(&[("service", "payments"), ("service", "search")]), [1, 3]);
        assert_eq!(held(&[("service", "checkout"), ("severity", "SEV3")]), [2]);
        assert_eq!(held(&[("state", "open")]), [1, 2]);
        assert_eq!(held(&[("label.team", "discovery")]), [3]);
    }

    #[test]
    fn every_field_can_be_asked_for_what_it_is_not() {
        assert_eq!(held(&[("severity", "!SEV1,SEV3")]), [3]);
        assert_eq!(held(&[("service", "checkout"), ("service", "!payments")]), [2]);
        assert_eq!(held(&[("kind", "!drill")]), [1, 2]);
        assert_eq!(held(&[("label.team", "!discovery")]), [1, 2]);
        assert_eq!(held(&[("lead", "!@nobody")]), Vec::<i64>::new());
        assert_eq!(held(&[("started", "!7d")]), Vec::<i64>::new());
        assert_eq!(held(&[("started", "..2020-01-01")]), Vec::<i64>::new());
        assert_eq!(held(&[("started", "!..2020-01-01")]), [1, 2, 3]);
    }

    #[test]
    fn words_are_found_anywhere_and_can_be_kept_out() {
        assert_eq!(held(&[("q", "CHECK")]), [1, 2]);
        assert_eq!(held(&[("q", "checkout -pay")]), [2]);
        assert_eq!(held(&[("q", "inc-3")]), [3]);
        assert_eq!(held(&[("q", "-")]), [1, 2, 3]);
    }

    #[test]
    fn what_means_nothing_is_passed_over() {
        let filter = Filter::read(&pairs(&[("state", "opne"), ("severity", "SEV9"), ("started", "soon"), ("utm", "x"), ("label.", "x"), ("service", "")]));
        assert_eq!(filter, Filter::default());
    }

    proptest! {
        #[test]
        fn an_address_says_the_whole_filter(
            services in prop::collection::vec(("[!=a-c,& ]{1,6}", any::<bool>()), 0..4),
            states in prop::collection::vec((0..7_usize, any::<bool>()), 0..4),
            text in "[a-z -]{0,12}",
        ) {
            let mut filter = Filter { text, ..Filter::default() };
            let services = services.into_iter().map(|(name, not)| Term::new(Field::Service, not, name));
            let states = states.into_iter().map(|(at, not)| Term::new(Field::State, not, State::ALL[at].slug()));
            for term in services.chain(states) {
                if !filter.terms.contains(&term) {
                    filter.terms.push(term);
                }
            }
            let read = Filter::read(&filter.pairs());
            prop_assert_eq!(read.chips().len(), filter.chips().len());
            prop_assert_eq!(read.pairs(), filter.pairs());
            prop_assert!(filter.terms.iter().all(|term| read.terms.contains(term)) && read.terms.len() == filter.terms.len());
        }
    }
}
