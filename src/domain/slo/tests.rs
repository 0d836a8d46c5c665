//! Objectives and readings to test with, and the shapes that the browser reads.

use super::{
    assess,
    calendar::{Unit, Window},
    cost::Span,
    frame::{Frame, at},
    gate::{Gate, Level, Override, Reason},
    line,
    objective::*,
    report::*,
    series::{Packed, Series, Slice},
    target::Target,
    whatif::{Outcome, WhatIf},
    words,
    zone::Utc,
};
use crate::domain::{
    ids::{IncidentRef, ObjectiveId},
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
pub fn reads_back<T: Readable + Serialize + DeserializeOwned + PartialEq + Debug>(whole: &T) {
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
fn tickets_fire_behind_the_page_and_are_held_back() {
    let objective = an_objective();
    // Six hours at a burn of 30: 7.5 over a day and 2.5 over three, all above their factors.
    let bad =
        |percent: f64| a_series(&objective, &slices(NOW_S - 30 * DAY, NOW_S, |start| if start >= NOW_S - 6 * HOUR { 2_000.0 * percent / 100.0 } else { 0.0 }));
    let told = |series: &Series| -> Vec<(bool, bool, bool)> {
        report_of(&objective, series).alerts.iter().map(|alert| (alert.firing, alert.held_back, alert.is_raised())).collect()
    };
    assert_eq!(told(&bad(3.0)), [(true, false, true), (true, false, true), (true, true, false), (true, true, false)]);
    // At a burn of 5 nobody is woken, and the ticket of three days does not fire.
    assert_eq!(told(&bad(0.5)), [(false, false, false); 4]);
    let slowly = a_series(&objective, &slices(NOW_S - 30 * DAY, NOW_S, |start| if start >= NOW_S - 2 * DAY { 8.0 } else { 0.0 }));
    assert_eq!(told(&slowly), [(false, false, false), (false, false, false), (true, false, true), (true, false, true)]);
}

#[test]
fn what_fired_at_a_past_moment_is_reckoned_from_the_slices() {
    let objective = an_objective();
    let until = NOW_S - DAY;
    let bad_hour = |start: i64| if (until - HOUR..until).contains(&start) { 100.0 } else { 0.0 };
    let mut kept = slices(NOW_S - 30 * DAY, until, bad_hour);
    assert_eq!(assess::fired_at(&objective, &a_series(&objective, &kept), until), [true, true, false, false]);
    assert_eq!(assess::fired_at(&objective, &a_series(&objective, &kept), until - HOUR), [false; 4]);
    // Two hours of silence, then half an hour of calm: too little is measured of either page's long
    // span, so they kept their level.
    kept.extend(slices(until + 2 * HOUR, until + 9 * HOUR, |_| 0.0));
    let series = a_series(&objective, &kept);
    let calm = until + 2 * HOUR + 1_800;
    assert_eq!(assess::fired_at(&objective, &series, calm), [true, true, false, false]);
    let report = assess::report(&objective, &series, 0, at(calm), &Utc, &assess::fired_at(&objective, &series, calm));
    assert_eq!((report.alerts[0].frozen, report.alerts[0].firing), (true, true));
    // Once enough is measured it is decided anew.
    assert_eq!(assess::fired_at(&objective, &series, until + 9 * HOUR), [false; 4]);
    assert_eq!(assess::fired_at(&objective, &a_series(&objective, &[]), NOW_S), [false; 4]);
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
    assert_eq!(frozen, [(2 * HOUR, false), (6 * HOUR, true), (DAY, false), (3 * DAY, true)]);
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
fn what_the_browser_gets_reads_back() {
    reads_back(&an_objective());
    for indicator in [
        Indicator::Ratio { good: None, bad: Some("b".into()), total: "t".into() },
        Indicator::Latency { histogram: "h".into(), threshold_s: 0.3, native: true },
        Indicator::Probe { query: "up".into(), absent_is_bad: false },
        Indicator::Threshold { query: "q".into(), op: Op::Lte, value: 3.0, absent_is_bad: true },
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
        draft.indicator = Indicator::Threshold { query: " ".into(), op: Op::Lt, value: f64::NAN, absent_is_bad: false };
    });
    assert_eq!(wrong.draft.parse().expect_err("it is wrong").len(), 7);
    let impossible = with(|draft| draft.alerting.pairs = Some(vec![PairDraft { severity: Urgency::Page, factor: 3_000.0, long_s: HOUR, short_s: 300 }]));
    let faults = impossible.draft.parse().expect_err("it can never fire");
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(with(|draft| draft.slice_s = 60).draft.begins_anew_as(&an_objective().draft));
    assert!(!with(|draft| draft.target = Target::parse("0.5").expect("it is a target")).draft.begins_anew_as(&an_objective().draft));
}

#[test]
fn what_burns_began_with_its_first_bad_slice() {
    let since = |series: &Series| assess::burning_since(&an_objective(), series, NOW_S, 6 * HOUR, HOUR / 2);
    assert_eq!(since(&with_outage(NOW_S - 2 * HOUR, NOW_S, 1_544.0)), Some(NOW_S - 2 * HOUR));
    assert_eq!(since(&with_outage(NOW_S - 2 * HOUR, NOW_S - HOUR, 1_544.0)), None, "it is over");
    assert_eq!(since(&with_outage(NOW_S - DAY, NOW_S, 1_544.0)), Some(NOW_S - 6 * HOUR), "no further back than it is decided by");
}

#[test]
fn an_alert_is_inherited_only_while_none_of_those_that_took_its_place_can_decide() {
    let objective = an_objective();
    let windows: Vec<(Urgency, i64)> = assess::pairs_of(&objective).iter().map(|pair| (pair.urgency, pair.long_s)).collect();
    assert_eq!(windows, [(Urgency::Page, 2 * HOUR), (Urgency::Page, 6 * HOUR), (Urgency::Ticket, DAY), (Urgency::Ticket, 3 * DAY)]);
    // Of three hours only the fast page can say anything.
    let young = |bad: f64| a_series(&objective, &slices(NOW_S - 3 * HOUR, NOW_S, |_| bad));
    let inherited = |series: &Series, own: [bool; 4], left: &[Urgency]| assess::inherited(&objective, series, &own, left);
    assert_eq!(inherited(&young(0.0), [false; 4], &[Urgency::Page]), [false; 4], "it does not burn, and the other never fired");
    assert_eq!(inherited(&young(1_000.0), [false; 4], &[Urgency::Page]), [true, false, false, false]);
    assert_eq!(inherited(&young(0.0), [false, true, false, false], &[Urgency::Page]), [false, true, false, false], "its own level it keeps");
    assert_eq!(inherited(&young(0.0), [false; 4], &[Urgency::Ticket]), [false, false, true, true], "no ticket can decide");
    assert_eq!(inherited(&a_series(&objective, &[]), [false; 4], &[Urgency::Page]), [true, true, false, false], "nothing is measured yet");
    assert_eq!(inherited(&young(1_000.0), [false; 4], &[]), [false; 4]);
}
