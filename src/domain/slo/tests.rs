//! Objectives and readings to test with, and the shapes that the browser reads.

use super::{
    assess,
    calendar::{Unit, Window},
    cost::{self, Span},
    exclusion::{Exclusion, ExclusionDraft},
    explain,
    frame::{Frame, at},
    gate::{Gate, Level, Override, Reason},
    headline, line,
    objective::*,
    page::{Around, page},
    report::*,
    series::{Packed, Series, Slice},
    target::Target,
    whatif::{Ground, Outcome, WhatIf},
    words,
    zone::Utc,
};
use crate::domain::{
    ids::{ExclusionId, IncidentRef, ObjectiveId},
    reading::{self, Readable},
    severity::Severity,
    time::Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use uuid::Uuid;

pub const HOUR: i64 = 3_600;
pub const DAY: i64 = 86_400;
/// Friday 20 November 2026, 02:30 UTC.
pub const NOW_S: i64 = 1_795_141_800;

pub fn now() -> Timestamp {
    at(NOW_S)
}

/// 99.9 % of a checkout's requests over rolling 30 days, a slice every five minutes.
pub fn an_objective() -> Objective {
    Objective {
        id: ObjectiveId(Uuid::from_u128(7)),
        draft: ObjectiveDraft {
            name: "checkout".into(),
            title: Some("Checkout".into()),
            description: String::new(),
            service: Some("shop".into()),
            target: Target::parse("99.9 %").expect("it is a target"),
            windows: vec![Window::rolling_days(30)],
            method: Method::Occurrences,
            slice_target: None,
            indicator: Indicator::Pushed,
            source: None,
            slice_s: 300,
            alerting: Alerting::default(),
            gate_fails_closed: false,
            basis: Basis::LastPeriod,
        },
        generation: 1,
        generation_at: at(0),
        revision: 14,
        created_at: at(0),
        updated_at: at(0),
        updated_by: "Noor".into(),
    }
}

pub fn with(change: impl FnOnce(&mut ObjectiveDraft)) -> Objective {
    let mut objective = an_objective();
    change(&mut objective.draft);
    objective
}

/// Slices of five minutes between two instants, with 2,000 events each; `bad` says how many of
/// them are bad in the slice that begins then.
pub fn slices(from_s: i64, to_s: i64, bad: impl Fn(i64) -> f64) -> Vec<Slice> {
    (0..(to_s - from_s) / 300).map(|n| from_s + n * 300).map(|start_s| Slice { start_s, width_s: 300, good: 2_000.0 - bad(start_s), total: 2_000.0 }).collect()
}

pub fn a_series(objective: &Objective, slices: &[Slice]) -> Series {
    let mut series = Series::new(objective.draft.method, objective.draft.slice_s);
    series.upsert(slices);
    series
}

/// 30 days up to now in which only one span was bad.
pub fn with_outage(from_s: i64, to_s: i64, bad: f64) -> Series {
    a_series(&an_objective(), &slices(NOW_S - 30 * DAY, NOW_S, |start| if (from_s..to_s).contains(&start) { bad } else { 0.0 }))
}

pub fn an_incident(number: i64, from_s: i64, to_s: Option<i64>) -> Span {
    Span {
        reference: IncidentRef(number),
        title: "payments".into(),
        severity: Some(Severity::Sev1),
        from: at(from_s),
        detected_at: Some(at(from_s + 600)),
        to: to_s.map(at),
        services: vec!["shop".into()],
    }
}

pub fn report_of(objective: &Objective, series: &Series) -> BudgetReport {
    assess::report(objective, series, 0, now(), &Utc, &[])
}

pub fn frame_of(objective: &Objective, series: &Series) -> Frame {
    Frame::of(objective, series, objective.window(), now(), &Utc)
}

pub fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{found} is not {wanted}");
}

/// The browser's reader and serde's read the same; the last digit of a fraction is the parser's.
fn reads_back<T: Readable + Serialize + DeserializeOwned + PartialEq + Debug>(whole: &T) {
    let text = serde_json::to_string(whole).expect("it serialises");
    let by_serde: T = serde_json::from_str(&text).expect("it is what serde wrote");
    assert!(reading::read(text.as_bytes()).as_ref() == Some(&by_serde), "{}", &text[..text.len().min(2_000)]);
    let again = serde_json::to_string(&by_serde).expect("it serialises");
    assert_eq!(again.matches(['{', ',']).count(), text.matches(['{', ',']).count());
}

// 30 days of 8,640 slices with 2,000 events each are 17,280,000; a thousandth is 17,280.

#[test]
fn a_spent_budget_is_told_in_ratio_and_in_minutes() {
    // 1,000 bad in each of 18 slices are 18,000: 1 − 18,000 / 17,280 = −0.041666…, of 43.2 min
    // that is 1.8 min over.
    let series = with_outage(NOW_S - 10 * DAY, NOW_S - 10 * DAY + 5_400, 1_000.0);
    let report = report_of(&an_objective(), &series);
    near(report.tally.total, 17_280_000.0);
    near(report.tally.allowed_bad, 17_280.0);
    near(report.tally.bad, 18_000.0);
    near(report.tally.consumed_ratio.expect("there is a budget"), 18_000.0 / 17_280.0);
    near(report.tally.remaining_ratio.expect("there is a budget"), -720.0 / 17_280.0);
    near(report.budget_minutes, 43.2);
    near(report.remaining_minutes.expect("there is a budget"), -1.8);
    assert_eq!((report.state, words::left(&report).as_str(), report.coverage), (Standing::Overspent, "1.8 min over", 1.0));
    assert_eq!((report.best_remaining_ratio, report.worst_remaining_ratio), (report.tally.remaining_ratio, report.tally.remaining_ratio));
    // The outage leaves the window 20 days from now, within its second slice: 720 of 1,000 are over.
    let back = report.exhaustion.recovers_at.expect("it comes back").epoch_secs();
    assert!((NOW_S + 20 * DAY..NOW_S + 20 * DAY + HOUR).contains(&back), "{back}");
    assert_eq!(report.words, "1.8 min over; back above zero on 10 December if no more errors came.");
    assert_eq!(report.exhaustion.forecast_at, None);
    assert_eq!(report.watermark, Some(now()));
    assert_eq!(report.window.name, "30d");
}

#[test]
fn under_a_fifth_is_low_and_above_it_is_within() {
    // 14,000 of 17,280 are 81 %; 13,000 are 75 %.
    for (bad, state, left) in [(1_400.0, Standing::Low, "8.2 min left"), (1_300.0, Standing::Within, "11 min left")] {
        let report = report_of(&an_objective(), &with_outage(NOW_S - 10 * DAY, NOW_S - 10 * DAY + 3_000, bad));
        assert_eq!((report.state, words::left(&report).as_str()), (state, left));
    }
}

#[test]
fn burning_through_makes_a_budget_low_however_much_is_left() {
    // Nothing was bad until six hours ago; since then 8 of 2,000, which is four times the budget.
    let series = with_outage(NOW_S - 6 * HOUR, NOW_S, 8.0);
    let report = report_of(&an_objective(), &series);
    // 72 slices spent 576 of 17,280; 16,704 are left. Each hour spends 96 and old hours leave
    // nothing, so after 174 hours it is gone: seven days and six hours.
    let gone = report.exhaustion.forecast_at.expect("it runs out").epoch_secs();
    assert!((gone - NOW_S - 174 * HOUR).abs() < 5, "{}", (gone - NOW_S) as f64 / 3_600.0);
    assert_eq!(report.state, Standing::Low);
    near(report.exhaustion.full_budget_s.expect("it burns"), 30.0 * 86_400.0 / 4.0);
    near(report.exhaustion.remaining_budget_s.expect("it burns"), 30.0 * 86_400.0 / 4.0 * (16_704.0 / 17_280.0));
    // Over three days it burned a twelfth of that, which lasts.
    assert_eq!((report.exhaustion.earliest_at, report.exhaustion.latest_at), (report.exhaustion.forecast_at, None));
    assert_eq!(report.words, "42 min left; runs out on 27 November at this pace.");
}

#[test]
fn the_forecast_takes_last_weeks_traffic() {
    // By day 3,000 events a slice, at night 1,000; one bad in two hundred for six hours of day.
    let traffic = |start: i64| if start.rem_euclid(DAY) < 12 * HOUR { 1_000.0 } else { 3_000.0 };
    let noon = NOW_S - NOW_S.rem_euclid(DAY) - 6 * HOUR;
    let bad = |start: i64| if start >= noon { traffic(start) / 200.0 } else { 0.0 };
    let all: Vec<Slice> = slices(NOW_S - 30 * DAY, NOW_S, |_| 0.0)
        .into_iter()
        .map(|slice| Slice { good: traffic(slice.start_s) - bad(slice.start_s), total: traffic(slice.start_s), ..slice })
        .collect();
    let report = report_of(&an_objective(), &a_series(&an_objective(), &all));
    // Step by step with the same rule: what is left after hour h, every hour counted alone.
    let spent: f64 = all.iter().map(|slice| slice.total - slice.good).sum();
    let (mut bad_by, mut total) = (spent, all.iter().map(|slice| slice.total).sum::<f64>());
    let mut hours = 0;
    while 1.0 - bad_by / (0.001 * total) > 0.0 {
        let hour = |from: i64| (0..12).map(|n| traffic(from + n * 300)).sum::<f64>();
        let came = hour(NOW_S + hours * HOUR);
        bad_by += came / 200.0;
        total += came - hour(NOW_S - 30 * DAY + hours * HOUR);
        hours += 1;
    }
    let found = report.exhaustion.forecast_at.expect("it runs out").epoch_secs();
    assert!(found > NOW_S + (hours - 1) * HOUR && found <= NOW_S + hours * HOUR, "{} and {hours}", (found - NOW_S) / HOUR);
}

#[test]
fn nothing_is_forecast_from_less_than_three_days() {
    let objective = with(|draft| draft.windows = vec![Window::Rolling { seconds: 2 * DAY }]);
    let series = a_series(&objective, &slices(NOW_S - 2 * DAY, NOW_S, |_| 4.0));
    let report = report_of(&objective, &series);
    assert_eq!((report.state, report.exhaustion.forecast_at, report.exhaustion.recovers_at), (Standing::Overspent, None, None));
    assert_eq!(report.words, "2.9 min over.");
}

#[test]
fn a_window_under_the_floor_is_not_measured_whatever_it_says() {
    // 26 of 30 days are 86.7 %.
    let series = a_series(&an_objective(), &slices(NOW_S - 26 * DAY, NOW_S, |_| 0.0));
    let report = report_of(&an_objective(), &series);
    assert_eq!(report.state, Standing::NotMeasured);
    near(report.coverage, 26.0 / 30.0);
    assert_eq!(report.words, "Too young: 87 % of the window was measured so far; 90 % are needed.");
    assert_eq!(report.exhaustion, Exhaustion::default());
    assert_eq!(report.flags, [Flag::PartialWindow]);
    // Best: nothing bad at all. Worst: 4 of 30 days wholly bad are 133 budgets.
    near(report.best_remaining_ratio.expect("it was measured"), 1.0);
    near(report.worst_remaining_ratio.expect("it was measured"), 1.0 - 4.0 / 30.0 / 0.001);
    let nothing = report_of(&an_objective(), &Series::new(Method::Occurrences, 300));
    assert_eq!((nothing.state, nothing.words.as_str(), nothing.tally.sli, nothing.watermark), (Standing::NotMeasured, "Nothing was measured yet.", None, None));
    assert!(nothing.alerts.is_empty() && nothing.burn.is_empty());
}

#[test]
fn a_gap_is_neither_good_nor_bad() {
    // Two hours are missing; the rest is 5 bad of 2,000 for a day.
    let (from, to) = (NOW_S - 5 * DAY, NOW_S - 5 * DAY + 2 * HOUR);
    let all = slices(NOW_S - 30 * DAY, NOW_S, |start| if start >= NOW_S - DAY { 5.0 } else { 0.0 });
    let kept: Vec<Slice> = all.into_iter().filter(|slice| !(from..to).contains(&slice.start_s)).collect();
    let series = a_series(&an_objective(), &kept);
    let report = report_of(&an_objective(), &series);
    near(report.tally.total, 17_280_000.0 - 48_000.0);
    near(report.coverage, 1.0 - 2.0 / 720.0);
    // Best: 1,440 of 17,280. Worst: 48,000 more.
    near(report.best_remaining_ratio.expect("it was measured"), 1.0 - 1_440.0 / 17_280.0);
    near(report.worst_remaining_ratio.expect("it was measured"), 1.0 - 49_440.0 / 17_280.0);
    let frame = frame_of(&an_objective(), &series);
    assert_eq!(line::gaps(&series, &frame), [Gap { from: at(from), to: at(to) }]);
    let line = line::left_line(&an_objective(), &series, &frame, 400);
    assert_eq!(line.iter().filter(|left| left.ratio.is_none()).count(), 1);
    assert_eq!(line.last().and_then(|left| left.ratio), report.tally.remaining_ratio);
    let spark = line::spark(&an_objective(), &series, &frame, 60);
    assert_eq!((spark.len(), spark.last().copied().flatten()), (60, report.tally.remaining_ratio));
}

#[test]
fn readings_that_stay_away_make_it_unknown_and_freeze_its_alerts() {
    let objective = an_objective();
    // The last hour before they stayed away was bad enough to page.
    let until = NOW_S - 1_200;
    let series = a_series(&objective, &slices(NOW_S - 30 * DAY, until, |start| if start >= until - HOUR { 100.0 } else { 0.0 }));
    let fresh = assess::report(&objective, &series, 0, at(until + 60), &Utc, &[]);
    assert!(fresh.alerts.iter().all(|alert| !alert.frozen));
    let stale = assess::report(&objective, &series, 0, now(), &Utc, &[true, false, false, false]);
    assert_eq!((stale.state, stale.flags.as_slice()), (Standing::NotMeasured, &[Flag::Stale][..]));
    assert_eq!(stale.words, "No reading since 02:10.");
    assert!(stale.alerts.iter().all(|alert| alert.frozen));
    assert_eq!(
        stale.alerts.iter().map(|alert| alert.firing).collect::<Vec<_>>(),
        vec![true].into_iter().chain(vec![false; stale.alerts.len() - 1]).collect::<Vec<_>>()
    );
    // The window goes on to now, so what is missing is missing.
    near(stale.coverage, 1.0 - 1_200.0 / (30.0 * 86_400.0));
    // What is surely spent stays spent.
    let spent = a_series(&objective, &slices(NOW_S - 30 * DAY, until, |start| if start >= until - HOUR { 2_000.0 } else { 0.0 }));
    assert_eq!(report_of(&objective, &spent).state, Standing::Overspent);
}

#[test]
fn a_pair_fires_above_its_factor_with_enough_bad_events() {
    // 30 days, 99.9 %, slices of a minute: 1 h and 5 min at 14.4.
    let objective = with(|draft| draft.slice_s = 60);
    let fine = |bad: f64| -> Vec<Slice> {
        let mut all = slices(NOW_S - 30 * DAY, NOW_S - 4 * DAY, |_| 0.0);
        all.extend((0..4 * 1_440).map(|n| NOW_S - 4 * DAY + n * 60).map(|start_s| {
            let total = 400.0;
            Slice { start_s, width_s: 60, good: if start_s >= NOW_S - HOUR { total - bad } else { total }, total }
        }));
        all
    };
    // 6 of 400 are 1.5 %, a burn of 15; 5.76 of 400 are exactly 14.4, which is not above.
    for (bad, fires) in [(6.0, true), (5.76, false)] {
        let report = report_of(&objective, &a_series(&objective, &fine(bad)));
        let page = &report.alerts[0];
        assert_eq!((page.severity, page.long_s, page.short_s, page.factor, page.firing, page.frozen), (Urgency::Page, HOUR, 300, 14.4, fires, false), "{bad}");
        near(page.long_burn.expect("it counted"), bad / 400.0 / 0.001);
        near(page.governing_burn.expect("it counted"), bad / 400.0 / 0.001);
        near(page.spent_at_firing, 0.02);
    }
    let off = with(|draft| {
        draft.slice_s = 60;
        draft.alerting.enabled = false;
    });
    assert!(report_of(&off, &a_series(&off, &fine(100.0))).alerts.iter().all(|alert| !alert.firing));
    // Ten requests an hour, one of them fails: a burn of 100, and nobody is woken.
    let quiet: Vec<Slice> = fine(0.0).into_iter().map(|slice| Slice { good: 0.0, total: 0.0, ..slice }).collect();
    let mut lone = a_series(&objective, &quiet);
    let failed = |n: i64, good: f64| Slice { start_s: NOW_S - 60 * n, width_s: 60, good, total: 1.0 };
    lone.upsert(&(1..=9).map(|n| failed(20 + n * 4, 1.0)).chain([failed(2, 0.0)]).collect::<Vec<_>>());
    let report = report_of(&objective, &lone);
    assert_eq!((report.alerts[0].state, report.alerts[0].firing), (super::burn::BurnState::Critical, false));
    near(report.alerts[0].long_burn.expect("it counted"), 100.0);
}

#[test]
fn too_little_measured_in_a_pairs_own_spans_freezes_it_alone() {
    let objective = an_objective();
    // 40 minutes of the last day are missing: 2.8 % of a day, a ninth of six hours, which are
    // also the short span of three days.
    let all = slices(NOW_S - 30 * DAY, NOW_S, |_| 0.0);
    let kept: Vec<Slice> = all.into_iter().filter(|slice| !(NOW_S - 3 * HOUR..NOW_S - 3 * HOUR + 2_400).contains(&slice.start_s)).collect();
    let report = report_of(&objective, &a_series(&objective, &kept));
    let frozen: Vec<(i64, bool)> = report.alerts.iter().map(|alert| (alert.long_s, alert.frozen)).collect();
    assert_eq!(frozen, [(6 * HOUR, true), (DAY, false), (3 * DAY, true)]);
}

#[test]
fn what_was_never_good_is_suspect_and_no_outage() {
    let objective = an_objective();
    let never = a_series(&objective, &slices(NOW_S - 30 * DAY, NOW_S, |_| 2_000.0));
    let report = report_of(&objective, &never);
    assert_eq!((report.state, report.flags.as_slice()), (Standing::NotMeasured, &[Flag::ConstantZero][..]));
    assert!(report.alerts.iter().all(|alert| alert.frozen && !alert.firing));
    // Once good, it is an outage.
    let mut once = never;
    once.upsert(&slices(NOW_S - 30 * DAY, NOW_S - 30 * DAY + 300, |_| 0.0));
    assert_eq!(report_of(&objective, &once).state, Standing::Overspent);
    let mut odd = with_outage(0, 0, 0.0);
    odd.upsert(&[Slice { start_s: NOW_S - DAY, width_s: 300, good: 2_100.0, total: 2_000.0 }]);
    let report = report_of(&objective, &odd);
    assert_eq!((report.flags.as_slice(), report.tally.bad), (&[Flag::GoodOverTotal][..], 0.0));
    // Seven requests a slice allow 60 failures; one allows nine.
    let quiet =
        a_series(&objective, &slices(NOW_S - 30 * DAY, NOW_S, |_| 0.0).iter().map(|slice| Slice { good: 1.0, total: 1.0, ..*slice }).collect::<Vec<_>>());
    assert_eq!(report_of(&objective, &quiet).flags, [Flag::LittleTraffic]);
}

#[test]
fn a_hundred_percent_has_no_budget_and_breaks_by_one() {
    let strict = with(|draft| draft.target = Target::imported("1").expect("imports may have it"));
    let kept = report_of(&strict, &with_outage(0, 0, 0.0));
    assert_eq!((kept.state, kept.tally.remaining_ratio, words::left(&kept).as_str()), (Standing::Within, None, "none bad"));
    let broken = report_of(&strict, &with_outage(NOW_S - DAY, NOW_S - DAY + 300, 1.0));
    assert_eq!((broken.state, broken.words.as_str()), (Standing::Overspent, "1 bad, none allowed."));
}

#[test]
fn slices_of_time_cost_what_they_last() {
    // 99 % over 7 days in slices of five minutes: 20.16 of 2,016 may be bad.
    let objective = with(|draft| {
        draft.method = Method::Timeslices;
        draft.slice_target = Some(Target::parse("95 %").expect("it is a target"));
        draft.target = Target::parse("99 %").expect("it is a target");
        draft.windows = vec![Window::rolling_days(7)];
    });
    let reading = |bad: f64| move |start: i64| if start >= NOW_S - 1_500 { bad } else { 0.0 };
    let read = |bad: f64| {
        let read = slices(NOW_S - 7 * DAY, NOW_S, reading(bad)).into_iter();
        let judged: Vec<Slice> = read.filter_map(|slice| super::series::to_slice(Method::Timeslices, Some(0.95), slice)).collect();
        report_of(&objective, &a_series(&objective, &judged))
    };
    let report = read(101.0);
    near(report.tally.bad, 5.0);
    near(report.tally.allowed_bad, 20.16);
    near(report.budget_minutes, 100.8);
    near(report.remaining_minutes.expect("there is a budget"), 75.8);
    assert_eq!(report.unit, "slices");
    // 5 % of 2,000 are 100: exactly the slice's target, which is good.
    near(read(100.0).tally.bad, 0.0);
}

#[test]
fn a_calendar_month_is_measured_against_the_last_one() {
    // November 2026 UTC: 19 days and 2.5 hours of 30 have passed. October has 31 days of twice the
    // traffic, so 30/31 of its 17,856,000 × 2 … are expected: 288 × 30 × 4,000 = 34,560,000.
    let objective = with(|draft| draft.windows = vec![Window::calendar(Unit::Month, 1, "UTC")]);
    let month = 1_793_491_200; // 1 November 2026
    let mut all: Vec<Slice> = slices(month - 31 * DAY, month, |_| 0.0).into_iter().map(|slice| Slice { good: 4_000.0, total: 4_000.0, ..slice }).collect();
    all.extend(slices(month, NOW_S, |start| if start < month + 5 * DAY { 1.0 } else { 0.0 }));
    let series = a_series(&objective, &all);
    let report = report_of(&objective, &series);
    assert_eq!((report.window.from, report.window.to, report.window.kind.as_str()), (at(month), at(month + 30 * DAY), "calendar"));
    near(report.tally.allowed_bad, 34_560.0);
    near(report.tally.bad, 1_440.0);
    near(report.tally.remaining_ratio.expect("there is a budget"), 1.0 - 1_440.0 / 34_560.0);
    let elapsed = (NOW_S - month) as f64 / (30.0 * 86_400.0);
    near(report.exhaustion.projected_end_ratio.expect("it is old enough"), 1.0 - 1_440.0 / 34_560.0 / elapsed);
    let observed = with(|draft| {
        draft.windows = vec![Window::calendar(Unit::Month, 1, "UTC")];
        draft.basis = Basis::Observed;
    });
    let seen = report_of(&observed, &series);
    near(seen.tally.allowed_bad, seen.tally.total * 0.001);
    // With a fixed basis the line only falls.
    let frame = frame_of(&objective, &series);
    let line: Vec<f64> = line::left_line(&objective, &series, &frame, 10_000).iter().filter_map(|left| left.ratio).collect();
    assert!(line.windows(2).all(|two| two[1] <= two[0]));
    let days = line::days(&objective, &series, &frame, &Utc);
    assert_eq!(days.len(), 20);
    near(days.iter().filter_map(|day| day.spent_ratio).sum(), 1_440.0 / 34_560.0);
    assert_eq!(Frame::of_report(&report, 0.001), frame);
}

#[test]
fn the_line_rises_when_an_old_incident_leaves() {
    let objective = with(|draft| draft.windows = vec![Window::rolling_days(7)]);
    // 4,032 are allowed in a week. 2,016 were bad ten days ago, so they left three days ago.
    let bad = |start: i64| if (NOW_S - 10 * DAY..NOW_S - 10 * DAY + 300).contains(&start) { 2_000.0 } else { 0.0 };
    let series = a_series(&objective, &slices(NOW_S - 30 * DAY, NOW_S, bad));
    let line = line::left_line(&objective, &series, &frame_of(&objective, &series), 4_000);
    let left = |at_s: i64| line.iter().rev().find(|left| left.at <= at(at_s)).and_then(|left| left.ratio).expect("it was measured");
    near(left(NOW_S - 4 * DAY), 1.0 - 2_000.0 / 4_032.0);
    near(left(NOW_S - 2 * DAY), 1.0);
}

#[test]
fn exclusions_are_taken_out_and_stay_visible() {
    let mut series = with_outage(NOW_S - DAY, NOW_S - DAY + HOUR, 1_000.0);
    series.exclude(&[(NOW_S - DAY, NOW_S - DAY + HOUR)]);
    let report = report_of(&an_objective(), &series);
    near(report.tally.bad, 0.0);
    near(report.tally.total, 17_280_000.0 - 24_000.0);
    near(report.raw.bad, 12_000.0);
    near(report.raw.total, 17_280_000.0);
    near(report.coverage, 1.0);
}

#[test]
fn incidents_are_charged_with_what_is_unusual() {
    // Always one bad in a slice; during the incident 201, for an hour: 12 × 200 beyond usual.
    let (from, to) = (NOW_S - 5 * DAY, NOW_S - 5 * DAY + HOUR);
    let series = a_series(&an_objective(), &slices(NOW_S - 30 * DAY, NOW_S, |start| if (from..to).contains(&start) { 201.0 } else { 1.0 }));
    let objective = an_objective();
    let (report, frame) = (report_of(&objective, &series), frame_of(&objective, &series));
    let elsewhere = Span { services: vec!["mail".into()], ..an_incident(3, from, Some(to)) };
    let small = an_incident(4, NOW_S - 9 * DAY, Some(NOW_S - 9 * DAY + 600));
    let (spenders, beside) = cost::spenders(&objective, &series, &frame, &report, &[an_incident(1, from, Some(to)), elsewhere.clone(), small]);
    let [one] = spenders.as_slice() else { panic!("{spenders:?}") };
    near(one.bad, 2_400.0);
    near(one.ratio, 2_400.0 / 17_280.0);
    near(one.minutes, 6.0);
    assert_eq!((one.reference, one.shared, one.duration_s), (IncidentRef(1), false, HOUR));
    // What is beside: 8,640 of the usual.
    near(beside, 8_640.0 / 17_280.0);
    // Two that overlap in the second half hour.
    let two = [an_incident(1, from, Some(to)), an_incident(2, from + 1_800, Some(to))];
    let (spenders, _) = cost::spenders(&objective, &series, &frame, &report, &two);
    assert_eq!(
        spenders.iter().map(|spender| (spender.reference.0, spender.bad.round(), spender.shared)).collect::<Vec<_>>(),
        [(1, 1_800.0, true), (2, 600.0, true)]
    );
    // For an objective without a service every incident counts.
    let all = with(|draft| draft.service = None);
    assert_eq!(cost::spenders(&all, &series, &frame, &report, &[elsewhere]).0.len(), 1);
    let cost = cost::cost(&objective, &series, &frame, &report, &two, IncidentRef(2)).expect("it cost something");
    assert_eq!((cost.bad.round(), cost.shared, cost.points_per_hour), (600.0, true, None));
}

#[test]
fn an_open_incident_is_charged_up_to_the_last_reading() {
    let from = NOW_S - 1_800;
    let series = with_outage(from, NOW_S, 200.0);
    let (objective, incident) = (an_objective(), an_incident(1, from, None));
    let (report, frame) = (report_of(&objective, &series), frame_of(&objective, &series));
    let cost = cost::cost(&objective, &series, &frame, &report, &[incident], IncidentRef(1)).expect("it costs something");
    near(cost.bad, 1_200.0);
    // 10 % bad is a burn of 100; an hour of it is a 720th of the window: 13.9 points.
    near(cost.points_per_hour.expect("it is open"), 100.0 * 100.0 / 720.0);
}

#[test]
fn what_if_shortens_removes_and_prolongs() {
    // 2,000 bad in each of twelve slices: 24,000 of 17,280.
    let (from, to) = (NOW_S - 5 * DAY, NOW_S - 5 * DAY + HOUR);
    let series = with_outage(from, to, 2_000.0);
    let (objective, report) = (an_objective(), report_of(&an_objective(), &with_outage(from, to, 2_000.0)));
    let incidents = [an_incident(1, from, Some(to))];
    let ground = Ground::new(&objective, &series, &report, &incidents, &Utc);
    let ask = |asked: WhatIf| ground.answer(&asked);
    let bad = |outcome: &Outcome| ((1.0 - outcome.remaining_ratio.expect("there is a budget")) * 17_280.0).round();
    // It was noticed after ten minutes, and an hour earlier is not before that.
    for (detected, mitigated, left) in [(300, 0, 22_000.0), (3_600, 0, 20_000.0), (0, 600, 20_000.0), (0, 7_200, 4_000.0), (450, 0, 21_000.0)] {
        let outcomes = ask(WhatIf { detected_earlier_s: detected, mitigated_earlier_s: mitigated, ..WhatIf::default() });
        assert_eq!((outcomes.len(), bad(&outcomes[1])), (2, left), "{detected} {mitigated}");
    }
    let outcomes = ask(WhatIf { detected_earlier_s: 600, mitigated_earlier_s: 3_000, ..WhatIf::default() });
    assert_eq!(
        outcomes.iter().map(|outcome| (outcome.what.as_str(), bad(outcome))).collect::<Vec<_>>(),
        [("As it is", 24_000.0), ("Detected 10 min earlier", 20_000.0), ("Mitigated 50 min earlier", 4_000.0), ("Both, as set", 0.0),]
    );
    let outcomes = ask(WhatIf { without: vec![IncidentRef(1)], ..WhatIf::default() });
    assert_eq!((outcomes[1].what.as_str(), outcomes[1].remaining_ratio, outcomes[1].at), ("Without INC-1", Some(1.0), None));
    // Half the target's budget again: 99.95 % allows 8,640.
    let stricter = Target::parse("99.95 %").expect("it is a target");
    let outcomes = ask(WhatIf { target: Some(stricter), ..WhatIf::default() });
    near(outcomes[1].remaining_ratio.expect("there is a budget"), 1.0 - 24_000.0 / 8_640.0);
    assert_eq!(outcomes[1].left, "38 min over");
    // An hour left out takes its traffic with it.
    let outcomes = ask(WhatIf { exclusion: Some(Gap { from: at(from), to: at(to) }), without: vec![IncidentRef(1)], ..WhatIf::default() });
    assert!(outcomes.iter().skip(1).all(|outcome| outcome.remaining_ratio == Some(1.0)), "{outcomes:?}");
    // The last three days saw nothing of it.
    let outcomes = ask(WhatIf { window: Some(Window::rolling_days(4)), ..WhatIf::default() });
    assert_eq!((outcomes[1].what.as_str(), outcomes[1].remaining_ratio), ("Over 4d", Some(1.0)));
    // All of this at once.
    let all = WhatIf { detected_earlier_s: 60, mitigated_earlier_s: 60, target: Some(stricter), ..WhatIf::default() };
    assert_eq!(ask(all).last().map(|outcome| outcome.what.clone()), Some("All together".to_owned()));
}

#[test]
fn what_if_it_lasted_longer() {
    let series = with_outage(NOW_S - 300, NOW_S, 2_000.0);
    let (objective, report) = (an_objective(), report_of(&an_objective(), &with_outage(NOW_S - 300, NOW_S, 2_000.0)));
    let ground = Ground::new(&objective, &series, &report, &[], &Utc);
    let outcomes = ground.answer(&WhatIf { lasts_longer_s: 2_400, ..WhatIf::default() });
    // 2,000 so far and eight slices of 2,000 more.
    assert_eq!(outcomes[1].what, "40 min more of this");
    near(outcomes[1].remaining_ratio.expect("there is a budget"), 1.0 - 18_000.0 / 17_280.0);
}

#[test]
fn the_headline_counts_names_and_dates() {
    let row = |title: &str, state: Standing, left: f64, out: Option<i64>| {
        let mut report = report_of(&an_objective(), &with_outage(0, 0, 0.0));
        report.objective.title = title.into();
        report.objective.name = title.to_lowercase();
        report.state = state;
        report.tally.remaining_ratio = Some(left);
        report.exhaustion.forecast_at = out.map(at);
        ObjectiveRow { report, spark: vec![None, Some(left)] }
    };
    let mut rows = vec![
        row("Billing", Standing::Within, 0.9, None),
        row("Media", Standing::NotMeasured, 0.5, None),
        row("Gateway", Standing::Low, 0.1, Some(NOW_S + 12 * DAY)),
        row("Search", Standing::Low, 0.4, Some(NOW_S + 6 * DAY)),
        row("Mail", Standing::Low, 0.05, None),
        row("Pay", Standing::Within, 0.41, None),
        row("Checkout", Standing::Overspent, -0.07, None),
    ];
    headline::order(&mut rows);
    let order: Vec<&str> = rows.iter().map(|row| row.report.objective.title.as_str()).collect();
    assert_eq!(order, ["Checkout", "Search", "Gateway", "Mail", "Pay", "Media", "Billing"]);
    let said = headline::headline(&rows, now(), &Utc);
    assert_eq!(said.words, "4 of 7 objectives need attention.");
    assert_eq!(said.worst.as_deref(), Some("Checkout is over budget."));
    assert_eq!(said.next.as_deref(), Some("Search runs out on Thursday."));
    assert_eq!(headline::within(&rows).as_deref(), Some("2 within budget, 41 to 90 % left"));
    let well = [row("Pay", Standing::Within, 0.4, None), row("Billing", Standing::Within, 0.9, None)];
    assert_eq!(headline::headline(&well, now(), &Utc), Headline { words: "All 2 objectives are within budget.".into(), worst: None, next: None });
    let mut some = well.to_vec();
    some.push(row("Media", Standing::NotMeasured, 0.5, None));
    assert_eq!(headline::headline(&some, now(), &Utc).words, "All 2 measured objectives are within budget; 1 is not measured.");
    assert!(headline::headline(&[], now(), &Utc).words.starts_with("No objective is set yet."));
    reads_back(&said);
    rows.iter().for_each(reads_back);
}

#[test]
fn a_derivation_holds_every_figure_that_leads_to_it() {
    let (from, to) = (NOW_S - 5 * DAY, NOW_S - 5 * DAY + HOUR);
    let mut series = with_outage(from, to, 1_544.0);
    series.exclude(&[(NOW_S - 9 * DAY, NOW_S - 9 * DAY + HOUR)]);
    let objective = an_objective();
    let (report, frame) = (report_of(&objective, &series), frame_of(&objective, &series));
    let (spenders, beside) = cost::spenders(&objective, &series, &frame, &report, &[an_incident(418, from, Some(to))]);
    let exclusion = Exclusion {
        id: ExclusionId(Uuid::from_u128(3)),
        draft: ExclusionDraft {
            objective: None,
            service: Some("shop".into()),
            from: at(NOW_S - 9 * DAY),
            to: at(NOW_S - 9 * DAY + HOUR),
            recurrence: None,
            reason: "maintenance".into(),
            category: "maintenance".into(),
        },
        author: "Mara".into(),
        created_at: now(),
    };
    let times = exclusion.draft.times(&crate::domain::metrics::Range { from: report.window.from, to: report.window.to }, &Utc);
    let derivation = explain::explain(&objective, &report, &line::gaps(&series, &frame), &[(&exclusion, times)], (&spenders, beside), &Utc);
    let text = explain::text(&derivation);
    // 12 × 1,544 = 18,528 bad; 17,280,000 − 24,000 = 17,256,000 in all.
    for part in [
        "−7 %",
        "3.2 min over",
        "18,528",
        "17,256,000",
        "1 − 18,528 / 17,256",
        "−0.074",
        "maintenance, Wed 11 Nov",
        "1 h",
        "INC-418 payments",
        "107 %",
        "tocsin slo explain checkout --at 2026-11-20T02:30:00Z",
        "Everything was measured.",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    reads_back(&derivation);
    let around = Around {
        incidents: &[an_incident(418, from, Some(to))],
        deploys: vec![Deploy { at: now(), title: "v2".into() }],
        exclusions: vec![exclusion],
        gate: None,
        generations: vec![now()],
        backfilled: Some(0.5),
        previous: &[],
    };
    let page = page(&objective, &series, 0, around, now(), &Utc);
    assert_eq!((page.spenders.len(), page.days.len(), page.report.tally), (1, 31, report.tally));
    assert_eq!(page.forecast.first().and_then(|left| left.ratio), report.tally.remaining_ratio);
    assert!(page.left.len() < 1_700 && page.forecast.len() <= 242);
    reads_back(&page);
    reads_back(&report);
}

#[test]
fn what_the_browser_gets_reads_back() {
    reads_back(&an_objective());
    for indicator in [
        Indicator::Ratio { good: None, bad: Some("b".into()), total: "t".into() },
        Indicator::Latency { histogram: "h".into(), threshold_s: 0.3, native: true },
        Indicator::Probe { query: "up".into() },
        Indicator::Threshold { query: "q".into(), op: Op::Lte, value: 3.0 },
        Indicator::Composite { how: Together::AnyDown, of: vec![Part { objective: "a".into(), weight: 2.0 }] },
    ] {
        let pairs = vec![PairDraft { severity: Urgency::Page, factor: 14.4, long_s: HOUR, short_s: 300 }];
        reads_back(&with(|draft| {
            draft.indicator = indicator;
            draft.slice_target = Some(Target::parse("0.95").expect("it is a target"));
            draft.windows = vec![Window::calendar(Unit::Quarter, 1, "Europe/Berlin"), Window::rolling_days(7)];
            draft.alerting = Alerting { enabled: false, pairs: Some(pairs), min_bad: 3.0 };
            draft.basis = Basis::Observed;
            draft.method = Method::RatioTimeslices;
        }));
    }
    Method::ALL.iter().for_each(reads_back);
    Op::ALL.iter().for_each(reads_back);
    [Together::Series, Together::AnyDown, Together::Weighted].iter().for_each(reads_back);
    [Standing::Overspent, Standing::Low, Standing::Within, Standing::NotMeasured].iter().for_each(reads_back);
    Flag::ALL.iter().for_each(|(_, flag)| reads_back(flag));
    Level::ALL.iter().for_each(reads_back);
    reads_back(&an_incident(1, NOW_S, None));
    reads_back(&Gate {
        service: Some("shop".into()),
        level: Level::Frozen,
        may_release: true,
        exit_code: 0,
        words: "w".into(),
        reasons: vec![Reason { objective: "a".into(), level: Level::Ok, words: "w".into() }],
        overridden: Some(Override { by: "Mara".into(), reason: "r".into(), until: now(), at: now() }),
    });
    reads_back(&WhatIf {
        without: vec![IncidentRef(3)],
        exclusion: Some(Gap { from: now(), to: now() }),
        window: Some(Window::rolling_days(7)),
        target: Some(an_objective().draft.target),
        ..WhatIf::default()
    });
    reads_back(&Outcome { what: "w".into(), remaining_ratio: Some(-0.5), minutes: None, left: "l".into(), at: Some(now()) });
    let mut series = with_outage(NOW_S - DAY, NOW_S - HOUR, 3.5);
    series.exclude(&[(NOW_S - DAY, NOW_S - DAY + 450)]);
    let packed: Packed = series.packed(0, NOW_S);
    assert_eq!((packed.runs.len(), packed.series() == series), (1, true));
    reads_back(&packed);
    let cost =
        Cost { objective: assess::brief(&an_objective()), window: "30d".into(), bad: 1.0, ratio: 0.5, minutes: 2.0, shared: true, points_per_hour: Some(3.0) };
    let text = serde_json::to_string(&cost).expect("it serialises");
    assert_eq!(reading::read(text.as_bytes()), Some(cost));
}

#[test]
fn drafts_name_everything_that_is_wrong_with_them() {
    assert_eq!(an_objective().draft.parse(), Ok(an_objective().draft));
    let wrong = with(|draft| {
        draft.name = "two words".into();
        draft.windows = vec![];
        draft.slice_s = 61;
        draft.indicator = Indicator::Threshold { query: " ".into(), op: Op::Lt, value: f64::NAN };
    });
    assert_eq!(wrong.draft.parse().expect_err("it is wrong").len(), 7);
    let impossible = with(|draft| draft.alerting.pairs = Some(vec![PairDraft { severity: Urgency::Page, factor: 1_001.0, long_s: HOUR, short_s: 300 }]));
    let faults = impossible.draft.parse().expect_err("it can never fire");
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(with(|draft| draft.slice_s = 60).draft.begins_anew_as(&an_objective().draft));
    assert!(!with(|draft| draft.target = Target::parse("0.5").expect("it is a target")).draft.begins_anew_as(&an_objective().draft));
}
