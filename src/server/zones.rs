//! The world's time zones, for the rules that ask for one. The browser does not have them.

use crate::domain::{
    slo::zone::{Utc, Zone},
    time::Timestamp,
};
use chrono::{Offset, TimeZone};
use chrono_tz::Tz;

/// A zone of the IANA database by its name: `Europe/Berlin`. `None` for a name it does not know.
pub fn find(name: &str) -> Option<Box<dyn Zone + Send + Sync>> {
    if name == "UTC" {
        return Some(Box::new(Utc));
    }
    name.parse().ok().map(|zone| Box::new(Named(zone)) as Box<dyn Zone + Send + Sync>)
}

struct Named(Tz);

impl Zone for Named {
    fn offset_secs(&self, at: Timestamp) -> i64 {
        i64::from(self.0.offset_from_utc_datetime(&at.to_utc().naive_utc()).fix().local_minus_utc())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        metrics::Range,
        slo::{
            calendar::{Unit, Window},
            recurrence::Recurrence,
            rule::Rule,
            zone::LocalTime,
        },
    };
    use chrono::{Days, LocalResult, NaiveDate, NaiveTime};
    use proptest::prelude::*;

    const FIVE: [&str; 5] = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"];

    fn zone(name: &str) -> Box<dyn Zone + Send + Sync> {
        find(name).expect("it is a zone")
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("it is a time")
    }

    fn days_from_2005() -> impl Strategy<Value = NaiveDate> {
        (0_u64..14_000).prop_map(|days| NaiveDate::from_ymd_opt(2005, 1, 1).expect("a day of the calendar") + Days::new(days))
    }

    fn local_times() -> impl Strategy<Value = LocalTime> {
        // The hours in which clocks change, and all others.
        let time = prop_oneof![0_u32..14_400, 0_u32..86_400];
        (days_from_2005(), time).prop_map(|(day, secs)| LocalTime::new(day, NaiveTime::from_num_seconds_from_midnight_opt(secs, 0).expect("a time of day")))
    }

    fn calendar_windows() -> impl Strategy<Value = Window> {
        (prop::sample::select(&Unit::ALL[..]), 1_u32..4, local_times(), prop::sample::select(&FIVE[..]))
            .prop_map(|(unit, count, anchor_local, zone)| Window::Calendar { unit, count, anchor_local, zone: zone.to_owned() })
    }

    #[test]
    fn only_real_zones_are_found() {
        assert!(find("Europe/Berlin").is_some() && find("UTC").is_some());
        for name in ["", "Mitte", "europe/berlin", "../etc/passwd"] {
            assert!(find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn days_with_a_change_of_clocks_have_another_length() {
        for (name, when, hours) in [
            ("Europe/Berlin", "2026-03-29T12:00:00Z", 23.0),
            ("Europe/Berlin", "2026-10-25T12:00:00Z", 25.0),
            ("America/New_York", "2026-03-08T15:00:00Z", 23.0),
            ("Australia/Lord_Howe", "2026-04-05T03:00:00Z", 24.5),
            ("Asia/Kathmandu", "2026-03-29T12:00:00Z", 24.0),
        ] {
            let day = Window::calendar(Unit::Day, 1, name).bounds(at(when), &*zone(name));
            assert_eq!(day.micros() as f64 / 3.6e9, hours, "{name} {when}");
        }
        // A spring quarter has an hour less.
        let quarter = Window::calendar(Unit::Quarter, 1, "Europe/Berlin").bounds(at("2026-02-01T00:00:00Z"), &*zone("Europe/Berlin"));
        assert_eq!(quarter.micros() / 3_600_000_000, 2159);
    }

    #[test]
    fn where_a_day_was_skipped_its_neighbours_still_meet() {
        let apia = zone("Pacific/Apia");
        let day = Window::calendar(Unit::Day, 1, "Pacific/Apia");
        let before = day.bounds(at("2011-12-30T09:59:59Z"), &*apia);
        let after = day.bounds(at("2011-12-30T10:00:00Z"), &*apia);
        assert_eq!((before.to, after.from), (at("2011-12-30T10:00:00Z"), at("2011-12-30T10:00:00Z")));
        assert_eq!(after.micros(), 86_400_000_000);
    }

    fn recurrence(rule: &str, start: LocalTime, zone: &str, duration_s: i64) -> Recurrence {
        Recurrence { rule: Rule::parse(rule).expect("it is a rule"), start, zone: zone.to_owned(), duration_s }
    }

    #[test]
    fn what_comes_back_begins_on_the_clocks_of_its_zone() {
        let nightly = recurrence("FREQ=DAILY", LocalTime::parse("2026-01-01T02:30").expect("it is a local time"), "Europe/Berlin", 3600);
        let begins = |from: &str, to: &str| {
            let range = Range { from: at(from), to: at(to) };
            nightly.within(&range, &*zone("Europe/Berlin"), 9).occurrences.iter().map(|occurrence| occurrence.from.to_string()).collect::<Vec<_>>()
        };
        // 02:30 does not exist on the 29th, so it is 03:30 then, which is the same instant.
        assert_eq!(begins("2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z"), ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]);
        // And twice on the 25th, of which the first counts.
        assert_eq!(begins("2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z"), ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn every_zone_reads_its_clocks_as_chrono_does() {
        for tz in chrono_tz::TZ_VARIANTS {
            let zone = Named(tz);
            let offset_on = |day: NaiveDate| tz.offset_from_utc_datetime(&day.and_time(NaiveTime::MIN)).fix();
            let begin = NaiveDate::from_ymd_opt(2000, 1, 3).expect("a day of the calendar");
            let weeks = (0..38 * 52).map(|week| begin + Days::new(week * 7)).filter(|week| offset_on(*week) != offset_on(*week + Days::new(7)));
            for week in weeks {
                let days = (0..7).map(|day| week + Days::new(day)).filter(|day| offset_on(*day) != offset_on(*day + Days::new(1)));
                for day in days {
                    // Every half hour from the day before a change of clocks to the day after it.
                    for half_hour in -48..96 {
                        let local = day.and_time(NaiveTime::MIN) + chrono::TimeDelta::minutes(half_hour * 30);
                        // What chrono has no answer for is shifted, which other tests look at.
                        let expected = match tz.from_local_datetime(&local) {
                            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.timestamp(),
                            LocalResult::None => continue,
                        };
                        let got = zone.utc(LocalTime::new(local.date(), local.time()));
                        assert_eq!(got.epoch_secs(), expected, "{tz} {local}");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn clocks_show_what_was_asked_for_unless_it_never_was(local in local_times(), name in prop::sample::select(&FIVE[..])) {
            let zone = zone(name);
            let when = zone.utc(local);
            let shown = zone.local(when);
            prop_assert!(shown >= local, "{} became {}", local, shown);
            if shown == local {
                // It is the first time that they show it.
                for earlier in [1800, 3600, 7200] {
                    prop_assert_ne!(zone.local(when.plus_secs(-earlier)), local);
                }
            }
        }

        #[test]
        fn calendar_windows_tile_time(window in calendar_windows(), day in days_from_2005(), secs in 0_i64..86_400) {
            let zone = zone(window.zone_name());
            let when = at(&format!("{day}T00:00:00Z")).plus_secs(secs);
            let here = window.bounds(when, &*zone);
            prop_assert!(here.contains(when));
            // Every instant of it, first and last ones too, finds the same window.
            for inside in [here.from, Timestamp::from_micros(here.to.micros() - 1), Timestamp::from_micros(here.from.micros().midpoint(here.to.micros()))] {
                prop_assert_eq!(window.bounds(inside, &*zone), here);
            }
            let next: Range = window.bounds(here.to, &*zone);
            prop_assert_eq!(next.from, here.to);
            let before = window.before(when, &*zone).expect("there is one");
            prop_assert_eq!(before.to, here.from);
        }

        #[test]
        fn however_a_range_is_cut_the_same_comes_back(
            rule in prop::sample::select(&["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SA,SU", "FREQ=MONTHLY;BYDAY=-1SU", "FREQ=DAILY;COUNT=90", "FREQ=DAILY;UNTIL=20200601"][..]),
            name in prop::sample::select(&FIVE[..]),
            secs in 0_u32..14_400,
            lasts in 1_i64..2_000,
            day in 0_i64..700,
            cut in 0_i64..60 * 24,
        ) {
            let start = LocalTime::new(NaiveDate::from_ymd_opt(2019, 9, 30).expect("a day of the calendar"), NaiveTime::from_num_seconds_from_midnight_opt(secs, 0).expect("a time of day"));
            let (it, zone) = (recurrence(rule, start, name, lasts * 60), zone(name));
            let from = at("2019-09-01T00:00:00Z").plus_secs(day * 86_400);
            let (cut, to) = (from.plus_secs(cut * 3600 + 1), from.plus_secs(60 * 86_400 + 2));
            let all = it.within(&Range { from, to }, &*zone, 1000).occurrences;
            let mut parts = it.within(&Range { from, to: cut }, &*zone, 1000).occurrences;
            for occurrence in it.within(&Range { from: cut, to }, &*zone, 1000).occurrences {
                if !parts.contains(&occurrence) {
                    parts.push(occurrence);
                }
            }
            prop_assert!(all.is_sorted_by_key(|occurrence| occurrence.from));
            prop_assert_eq!(parts, all);
        }
    }
}
