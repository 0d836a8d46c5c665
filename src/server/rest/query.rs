//! What a list is asked for: how much, from where, and which filters. Parameters nobody knows are
//! passed over, so that a caller's cache-buster or a newer client does no harm.

use super::{List, problem::Problem};
use crate::domain::{failure::FailureKind, time::Timestamp};
use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};

/// How many items a page holds when nobody says, and at most.
const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 500;

/// The parameters of a list.
pub struct Asked(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(pairs) = pairs.map_err(|_| unreadable())?;
        // No text that is kept holds it, and PostgreSQL refuses to be asked for it.
        if pairs.iter().any(|(_, value)| value.contains('\0')) { Err(unreadable()) } else { Ok(Self(pairs)) }
    }
}

impl Asked {
    /// The value of a parameter; an empty one counts as absent.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The parameters whose names begin with `prefix`, without it.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// Apart: what is asked for, and, behind a `!`, what is not wanted (without the `!`).
    pub fn split(self) -> (Self, Self) {
        let (not, asked): (Vec<_>, Vec<_>) = self.0.into_iter().partition(|(_, value)| value.len() > 1 && value.starts_with('!'));
        (Self(asked), Self(not.into_iter().map(|(name, value)| (name, value[1..].to_owned())).collect()))
    }

    pub fn limit(&self) -> Result<i64, Problem> {
        let Some(text) = self.text("limit") else { return Ok(DEFAULT_LIMIT) };
        let limit = text.parse::<i64>().ok().filter(|limit| *limit >= 1);
        limit.map(|limit| limit.min(MAX_LIMIT)).ok_or_else(|| bad("limit", &format!("a number from 1 to {MAX_LIMIT}")))
    }

    /// Where the page begins; `is_one` knows a cursor of this list.
    pub fn cursor(&self, is_one: impl Fn(&str) -> bool) -> Result<Option<&str>, Problem> {
        match self.text("cursor") {
            Some(cursor) if !is_one(cursor) => Err(bad("cursor", "the next_cursor of the page before")),
            cursor => Ok(cursor),
        }
    }

    /// One page of a list that is held whole, in the order of where its items stand. Two never stand
    /// in one place, so that what comes and goes between pages lets none be missed or told twice.
    pub fn cut<T>(&self, mut items: Vec<T>, place: impl Fn(&T) -> (i64, String)) -> Result<List<T>, Problem> {
        let limit = usize::try_from(self.limit()?).unwrap_or(usize::MAX);
        let read = |text: &str| text.split_once('.').and_then(|(number, name)| Some((number.parse::<i64>().ok()?, name.to_owned())));
        let after = self.one("cursor", "the next_cursor of the page before", read)?;
        items.sort_by_cached_key(&place);
        items.retain(|item| after.as_ref().is_none_or(|after| place(item) > *after));
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let (number, name) = place(last);
            format!("{number}.{name}")
        });
        Ok(List { items, next_cursor })
    }

    /// One value, read by `read`.
    pub fn one<T>(&self, name: &'static str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        self.text(name).map(|text| read(text).ok_or_else(|| bad(name, expected))).transpose()
    }

    /// Several values, separated by commas or given several times.
    pub fn many<T>(&self, name: &'static str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Problem> {
        let values = self.0.iter().filter(|(known, _)| known == name).flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|text| !text.is_empty());
        values.map(|text| read(text).ok_or_else(|| bad(name, expected))).collect()
    }

    /// An instant. The plus of an offset that was not written as `%2B` has become a space.
    pub fn time(&self, name: &'static str) -> Result<Option<Timestamp>, Problem> {
        let with_plus = |text: &str| text.rsplit_once(' ').and_then(|(at, offset)| Timestamp::parse(&format!("{at}+{offset}")));
        let read = |text: &str| Timestamp::parse(text).or_else(|| with_plus(text));
        self.one(name, "a time as 2026-08-11T11:06:25Z (RFC 3339)", read)
    }

    pub fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        self.one(name, "true or false", |text| text.parse().ok())
    }
}

fn unreadable() -> Problem {
    Problem::new(FailureKind::Malformed, "bad_parameter", "the query cannot be read")
}

pub fn bad(name: &str, expected: &str) -> Problem {
    Problem::new(FailureKind::Malformed, "bad_parameter", format!("{name}: {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&str, &str)]) -> Asked {
        Asked(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_limit_keeps_to_its_bounds() {
        assert_eq!(asked(&[]).limit().ok(), Some(100));
        assert_eq!(asked(&[("limit", "500")]).limit().ok(), Some(500));
        assert_eq!(asked(&[("limit", "501")]).limit().ok(), Some(500));
        for bad in ["0", "-1", "x", "1.5", "99999999999999999999"] {
            assert!(asked(&[("limit", bad)]).limit().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_not_wanted_stands_behind_its_mark() {
        let (wanted, not) = asked(&[("severity", "!SEV5,SEV4"), ("service", "pay"), ("label.team", "!x"), ("q", "!")]).split();
        assert_eq!((wanted.text("service"), wanted.text("severity"), wanted.text("q")), (Some("pay"), None, Some("!")));
        assert_eq!(not.text("severity"), Some("SEV5,SEV4"));
        assert_eq!(not.under("label.").collect::<Vec<_>>(), [("team", "x")]);
    }

    #[test]
    fn a_list_that_is_held_whole_is_cut_into_pages() {
        let place = |item: &(i64, &str)| (-item.0, item.1.to_owned());
        let (mut told, mut cursor): (Vec<(i64, &str)>, String) = (vec![], String::new());
        for nth in 0..3 {
            // What was at the end of the page before is gone meanwhile.
            let mut all = vec![(7, "c.d"), (9, "a"), (7, "b"), (1, "e"), (-2, "f")];
            all.retain(|item| !told.contains(item) || nth < 2);
            let page = asked(&[("limit", "2"), ("cursor", cursor.as_str())]).cut(all, place).unwrap_or_else(|problem| panic!("{problem:?}"));
            told.extend(page.items);
            cursor = page.next_cursor.unwrap_or_default();
            assert_eq!(cursor.is_empty(), nth == 2, "{cursor}");
        }
        assert_eq!(told, [(9, "a"), (7, "b"), (7, "c.d"), (1, "e"), (-2, "f")]);
        assert!(asked(&[("cursor", "x")]).cut(vec![(1, "a")], place).is_err());
        assert!(asked(&[("limit", "0")]).cut(vec![(1, "a")], place).is_err());
    }

    #[test]
    fn several_values_come_in_one_or_more_parameters() {
        let asked = asked(&[("n", "1,2"), ("n", "3"), ("n", "")]);
        assert_eq!(asked.many("n", "numbers", |text| text.parse::<u8>().ok()).ok(), Some(vec![1, 2, 3]));
        assert!(asked.many("n", "small numbers", |text| text.parse::<u8>().ok().filter(|n| *n < 3)).is_err());
    }

    #[test]
    fn a_plus_that_became_a_space_is_read_and_a_bad_time_is_refused() {
        let read = |text: &str| asked(&[("t", text)]).time("t").ok().flatten();
        let at = read("2026-08-11T11:06:25Z");
        assert!(at.is_some());
        for same in ["2026-08-11T13:06:25+02:00", "2026-08-11T13:06:25 02:00", "2026-08-11 13:06:25 02:00"] {
            assert_eq!(read(same), at, "{same}");
        }
        for bad in ["yesterday", "2026-08-11 11:06:25", "2026-08-11T11:06:25 Z"] {
            assert!(asked(&[("t", bad)]).time("t").is_err(), "{bad}");
        }
    }
}
