//! Instants as people read them: in UTC or where the viewer is, with the day where it is not today's.

use super::browser;
use crate::{
    charts::wall::Wall,
    domain::{slo::zone, time::Timestamp},
};

/// In which zone times are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// What a log says and colleagues elsewhere can compare.
    #[default]
    Utc,
    Local,
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Zone {
    pub fn slug(self) -> &'static str {
        match self {
            Zone::Utc => "utc",
            Zone::Local => "local",
        }
    }

    /// `UTC`, or the viewer's zone.
    pub fn name(self) -> String {
        match self {
            Zone::Utc => "UTC".to_owned(),
            Zone::Local => browser::zone_name(),
        }
    }

    /// As the IANA database names it.
    pub fn id(self) -> String {
        match self {
            Zone::Utc => "UTC".to_owned(),
            Zone::Local => browser::zone_id(),
        }
    }

    /// The clock that charts are drawn by.
    pub fn wall(self) -> Wall {
        match self {
            Zone::Utc => Wall::utc(),
            Zone::Local => Wall::new(browser::zone_name(), browser::offset_secs),
        }
    }

    /// Day, month from 0, hour, minute.
    fn parts(self, at: Timestamp) -> (u32, u32, u32, u32) {
        match self {
            Zone::Utc => {
                let text = at.to_string();
                let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse().ok()).unwrap_or(0);
                (number(8, 10), number(5, 7).max(1) - 1, number(11, 13), number(14, 16))
            }
            Zone::Local => browser::local_parts(at),
        }
    }

    /// `02:13`.
    pub fn hour_minute(self, at: Timestamp) -> String {
        let (.., hour, minute) = self.parts(at);
        format!("{hour:02}:{minute:02}")
    }

    /// `02:13`, or `20 Nov 02:13` when that is not the day of `now`.
    pub fn clock(self, at: Timestamp, now: Timestamp) -> String {
        let (day, month, hour, minute) = self.parts(at);
        let (today, this_month, ..) = self.parts(now);
        if (day, month) == (today, this_month) && now.secs_since(at).abs() < 7 * 86_400 {
            format!("{hour:02}:{minute:02}")
        } else {
            format!("{day} {} {hour:02}:{minute:02}", MONTHS.get(month as usize).unwrap_or(&"?"))
        }
    }

    /// What a `datetime-local` field shows.
    pub fn field(self, at: Timestamp) -> String {
        match self {
            Zone::Utc => at.to_string().chars().take(16).collect(),
            Zone::Local => browser::local_field(at),
        }
    }

    /// Reads a `datetime-local` field.
    pub fn read(self, field: &str) -> Option<Timestamp> {
        match self {
            Zone::Utc => Timestamp::parse(&format!("{}:00Z", field.get(..16)?)),
            Zone::Local => browser::parse_local(field),
        }
    }

    /// The latest instant not after `now` at which the clock said `hour:minute`.
    pub fn latest(self, clock: &str, now: Timestamp) -> Option<Timestamp> {
        let (hour, minute) = clock.split_once(':')?;
        let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.get(..2)?.parse().ok()?);
        let (.., now_hour, now_minute) = self.parts(now);
        let back = (i64::from(now_hour) - hour) * 60 + i64::from(now_minute) - minute;
        let start_of_minute = now.plus_secs(-now.epoch_secs().rem_euclid(60));
        Some(start_of_minute.plus_secs(-back.rem_euclid(24 * 60) * 60))
    }
}

/// For words that are made where zones are not known.
impl zone::Zone for Zone {
    fn offset_secs(&self, at: Timestamp) -> i64 {
        match self {
            Zone::Utc => 0,
            Zone::Local => browser::offset_secs(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIGHT: &str = "2026-11-20T00:10:30Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("it is RFC 3339")
    }

    #[test]
    fn a_clock_time_is_the_latest_one_that_has_been() {
        assert_eq!(Zone::Utc.latest("00:05", at(NIGHT)), Some(at("2026-11-20T00:05:00Z")));
        assert_eq!(Zone::Utc.latest("23:50", at(NIGHT)), Some(at("2026-11-19T23:50:00Z")));
        assert_eq!(Zone::Utc.latest("00:10", at(NIGHT)), Some(at("2026-11-20T00:10:00Z")));
        assert_eq!(Zone::Utc.latest("soon", at(NIGHT)), None);
    }

    #[test]
    fn another_day_is_named() {
        assert_eq!(Zone::Utc.clock(at("2026-11-20T00:04:00Z"), at(NIGHT)), "00:04");
        assert_eq!(Zone::Utc.clock(at("2026-11-19T23:04:00Z"), at(NIGHT)), "19 Nov 23:04");
    }

    #[test]
    fn a_field_reads_back() {
        let field = Zone::Utc.field(at(NIGHT));
        assert_eq!(field, "2026-11-20T00:10");
        assert_eq!(Zone::Utc.read(&field), Some(at("2026-11-20T00:10:00Z")));
        assert_eq!(Zone::Utc.read("tomorrow"), None);
    }
}
