//! What holds for any readings, incidents and questions.

use super::{
    assess, cost,
    frame::Frame,
    line,
    objective::Method,
    report::Standing,
    series::{Series, Slice},
    tests::*,
    whatif::{Ground, Sums, WhatIf},
    zone::Utc,
};
use proptest::prelude::*;

/// Slices that do not overlap: five fine ones or one coarse one, some missing.
fn readings() -> impl Strategy<Value = Vec<Slice>> {
    let one = (0..4_u8, 0.0..50.0_f64, 0.0..1.0_f64);
    prop::collection::vec(one, 1..150).prop_map(|parts| {
        let mut slices = Vec::new();
        for (n, (kind, total, bad)) in parts.into_iter().enumerate() {
            let start_s = NOW_S - (n as i64 + 1) * 300;
            let slice = |start_s: i64, width_s: i64, total: f64| Slice { start_s, width_s, good: total - (total * bad), total };
            match kind {
                0 => {}
                1 => slices.extend((0..5).map(|minute| slice(start_s + minute * 60, 60, total / 5.0))),
                _ => slices.push(slice(start_s, 300, total.floor())),
            }
        }
        slices
    })
}

fn spans(most: usize) -> impl Strategy<Value = Vec<(i64, i64)>> {
    let one = (0..45_000_i64, 1..9_000_i64).prop_map(|(before, lasts)| (NOW_S - before, NOW_S - before + lasts));
    prop::collection::vec(one, 0..most)
}

fn methods() -> impl Strategy<Value = Method> {
    (0..3_usize).prop_map(|at| Method::ALL[at])
}

/// Thirty days in which every slice may be bad.
fn month() -> impl Strategy<Value = Vec<Slice>> {
    let outages = prop::collection::vec((0..8_640_i64, 1..60_i64, 1.0..2_000.0_f64), 0..6);
    (outages, 0.0..3.0_f64).prop_map(|(outages, usual)| {
        let bad = move |start: i64| {
            let slice = (NOW_S - start) / 300;
            outages.iter().filter(|(from, lasts, _)| (from - lasts..*from).contains(&slice)).map(|(.., bad)| *bad).fold(usual, f64::max)
        };
        slices(NOW_S - 30 * DAY, NOW_S, bad)
    })
}

fn incidents() -> impl Strategy<Value = Vec<cost::Span>> {
    let one = (0..30 * DAY, 60..2 * DAY, any::<bool>());
    prop::collection::vec(one, 0..6).prop_map(|all| {
        let span = |(n, (before, lasts, open)): (usize, (i64, i64, bool))| an_incident(n as i64 + 1, NOW_S - before, (!open).then_some(NOW_S - before + lasts));
        all.into_iter().enumerate().map(span).collect()
    })
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-7 * a.abs().max(b.abs()).max(1.0)
}

proptest! {
    #[test]
    fn any_split_of_a_span_adds_up(readings in readings(), left_out in spans(5), method in methods(), cuts in prop::collection::vec(0..50_000_i64, 0..6)) {
        let objective = with(|draft| draft.method = method);
        let mut series = a_series(&objective, &readings);
        series.exclude(&left_out);
        let (from, to) = (NOW_S - 50_000, NOW_S);
        let mut edges: Vec<i64> = cuts.into_iter().map(|cut| from + cut).chain([from, to]).collect();
        edges.sort_unstable();
        let whole = series.sum(from, to);
        let parts: Vec<_> = edges.windows(2).map(|two| series.sum(two[0], two[1])).collect();
        let figures: [fn(&super::series::Sum) -> f64; 6] =
            [|sum| sum.bad, |sum| sum.total, |sum| sum.bad_raw, |sum| sum.total_raw, |sum| sum.measured_s as f64, |sum| sum.excluded_s as f64];
        for of in figures {
            prop_assert!(close(parts.iter().map(of).sum(), of(&whole)));
        }
        // And each is what its slices say, one by one.
        let (bad, total) = series.pieces(from, to).fold((0.0, 0.0), |(bad, total), piece| (bad + piece.bad, total + piece.total));
        prop_assert!(close(bad, whole.bad) && close(total, whole.total));
        prop_assert!(whole.bad <= whole.bad_raw + 1e-9 && whole.total <= whole.total_raw + 1e-9);
    }

    #[test]
    fn exclusions_and_readings_in_any_order_make_one_series(
        readings in readings().prop_flat_map(|slices| (Just(slices.clone()), Just(slices).prop_shuffle())),
        left_out in spans(5),
        pieces in 1..20_usize,
        before in any::<bool>(),
    ) {
        let (sorted, shuffled) = readings;
        let mut whole = a_series(&an_objective(), &sorted);
        whole.exclude(&left_out);
        let mut other = Series::new(Method::Occurrences, 300);
        if before {
            other.exclude(&left_out);
        }
        for some in shuffled.chunks(pieces) {
            other.upsert(some);
        }
        if !before {
            other.exclude(&left_out);
        }
        // Read again, it is the same.
        other.upsert(&shuffled[..shuffled.len().min(pieces)]);
        prop_assert_eq!(&other, &whole);
        // What travels is the same but for the last digits of what is good.
        let (sent, kept) = (whole.packed(0, NOW_S).series().sum(0, NOW_S), whole.sum(0, NOW_S));
        prop_assert!(close(sent.bad, kept.bad) && close(sent.total, kept.total) && sent.excluded_s == kept.excluded_s);
    }

    #[test]
    fn gaps_and_slices_fill_a_span(readings in readings()) {
        let series = a_series(&an_objective(), &readings);
        let (from, to) = (NOW_S - 45_300, NOW_S);
        let missing: i64 = series.gaps(from, to).iter().map(|(from, to)| to - from).sum();
        prop_assert_eq!(missing + series.sum(from, to).measured_s, to - from);
        prop_assert!(close(series.coverage(from, to), 1.0 - missing as f64 / (to - from) as f64));
    }
}

proptest! {
    // A month of slices each time.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_left_is_a_ratio_of_sums_and_never_clamped(readings in month()) {
        let objective = an_objective();
        let report = report_of(&objective, &a_series(&objective, &readings));
        let (good, total) = readings.iter().fold((0.0, 0.0), |(good, total), slice| (good + slice.good, total + slice.total));
        let left = 1.0 - (total - good) / (total * 0.001);
        prop_assert!(close(report.tally.remaining_ratio.expect("there is a budget"), left));
        prop_assert!(close(report.remaining_minutes.expect("there is a budget"), left * 43.2));
        prop_assert_eq!(report.state == Standing::Overspent, left <= 0.0);
    }

    #[test]
    fn a_forecast_is_never_before_now(readings in month(), late in 0..500_i64) {
        let objective = an_objective();
        let now = super::frame::at(NOW_S + late);
        let report = assess::report(&objective, &a_series(&objective, &readings), 0, now, &Utc, &[]);
        let ahead = report.exhaustion;
        for at in [ahead.forecast_at, ahead.earliest_at, ahead.latest_at, ahead.recovers_at].into_iter().flatten() {
            prop_assert!(at >= now && at <= now.plus_secs(30 * DAY + 3_600));
        }
        prop_assert!(ahead.recovers_at.is_none() || ahead.forecast_at.is_none());
        if let (Some(earliest), Some(forecast)) = (ahead.earliest_at, ahead.forecast_at) {
            prop_assert!(earliest <= forecast && ahead.latest_at.is_none_or(|latest| latest >= forecast));
        }
    }

    #[test]
    fn what_incidents_share_adds_up_to_what_their_time_cost(readings in month(), incidents in incidents()) {
        let objective = an_objective();
        let series = a_series(&objective, &readings);
        let frame = frame_of(&objective, &series);
        let charges = cost::Charges::of(&series, &frame, &incidents);
        let shares: f64 = (0..incidents.len()).map(|place| charges.share(place).0).sum();
        prop_assert!(close(shares, charges.all()), "{} {}", shares, charges.all());
        let spent = series.sum(frame.from_s, frame.until_s).bad;
        prop_assert!(charges.all() <= spent + 1e-6);
        let report = report_of(&objective, &series);
        let (listed, beside) = cost::spenders(&objective, &series, &frame, &report, &incidents);
        let named: f64 = listed.iter().map(|spender| spender.ratio).sum();
        prop_assert!(close(named + beside, report.tally.consumed_ratio.expect("there is a budget")));
    }

    #[test]
    fn what_if_without_a_change_is_the_report(readings in month(), incidents in incidents()) {
        let objective = an_objective();
        let series = a_series(&objective, &readings);
        let report = report_of(&objective, &series);
        let sums = Sums::of(&objective, &series, &report, &incidents);
        let ground = Ground { objective: &objective, series: &series, zone: &Utc, sums: &sums };
        let outcomes = ground.answer(&WhatIf::default());
        prop_assert_eq!(outcomes.len(), 1);
        prop_assert_eq!(outcomes[0].remaining_ratio, report.tally.remaining_ratio);
        prop_assert_eq!(outcomes[0].minutes, report.remaining_minutes);
        prop_assert_eq!(outcomes[0].at, report.exhaustion.recovers_at.or(report.exhaustion.forecast_at));
        // Fewer and shorter incidents never spend more.
        let asked = WhatIf { detected_earlier_s: 300, mitigated_earlier_s: 900, without: incidents.iter().take(1).map(|span| span.reference).collect(), ..WhatIf::default() };
        for outcome in ground.answer(&asked) {
            prop_assert!(outcome.remaining_ratio >= report.tally.remaining_ratio);
        }
    }

    #[test]
    fn the_lines_end_and_the_days_sum_are_the_report(readings in month(), gap in spans(2)) {
        let objective = an_objective();
        let kept: Vec<Slice> = readings.into_iter().filter(|slice| gap.iter().all(|(from, to)| slice.start_s < *from || slice.start_s >= *to.min(&(NOW_S - 300)))).collect();
        let series = a_series(&objective, &kept);
        let (report, frame) = (report_of(&objective, &series), frame_of(&objective, &series));
        prop_assert_eq!(Frame::of_report(&report, 0.001), frame);
        let line = line::left_line(&objective, &series, &frame, 400);
        prop_assert!(line.windows(2).all(|two| two[0].at <= two[1].at));
        prop_assert!(line.len() <= 420, "{}", line.len());
        prop_assert_eq!(line.last().and_then(|left| left.ratio), report.tally.remaining_ratio);
        let spent: f64 = line::days(&objective, &series, &frame, &Utc).iter().filter_map(|day| day.spent_ratio).sum();
        prop_assert!(close(spent, report.tally.consumed_ratio.expect("there is a budget")));
    }
}
