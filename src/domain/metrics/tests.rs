//! Worked examples, and every figure against a slow and simple oracle.

use super::{availability::Availability, *};
use crate::domain::{alert::Labels, ids::IncidentRef, incident::Kind, severity::Severity, time::Timestamp};
use proptest::prelude::*;

/// 2026-02-01T00:00:00Z.
const FEBRUARY: Timestamp = Timestamp::from_micros(1_769_904_000_000_000);
const DAY: i64 = 86_400;
const NOW: Timestamp = FEBRUARY.plus_secs(400 * DAY);

fn february() -> Range {
    Range { from: FEBRUARY, to: FEBRUARY.plus_secs(28 * DAY) }
}

/// Resolved, with impact on one service from `start` for `lasts` seconds.
fn an_incident(number: i64, start: i64, lasts: i64) -> Facts {
    let (from, to) = (FEBRUARY.plus_secs(start), FEBRUARY.plus_secs(start + lasts));
    Facts {
        reference: IncidentRef(number),
        severity: Some(Severity::Sev2),
        kind: Kind::Incident,
        open: false,
        origin: None,
        services: vec!["checkout".to_owned()],
        labels: Labels::new(),
        started_at: from,
        detected_at: Some(from.plus_secs(60)),
        acknowledged_at: Some(from.plus_secs(120)),
        acknowledged_by_program: false,
        mitigated_at: Some(from.plus_secs(lasts / 2)),
        restored_at: Some(to),
        resolved_at: Some(to),
        impact: vec![Window { service: Some("checkout".to_owned()), from, to: Some(to) }],
        cause: format!("cause {number}"),
    }
}

fn all(facts: &[Facts]) -> Group {
    figures(facts, &february(), &Filter::default(), GroupBy::None, NOW).remove(0)
}

fn excluded(summary: &Summary) -> Vec<(&str, u64)> {
    summary.excluded.iter().map(|excluded| (excluded.reason.as_str(), excluded.n)).collect()
}

#[test]
fn ten_values_give_the_figures_worked_out_by_hand() {
    let facts: Vec<Facts> = [100, 200, 300, 400, 500, 600, 700, 800, 900, 10_000].iter().zip(1..).map(|(lasts, n)| an_incident(n, n * DAY, *lasts)).collect();
    let group = all(&facts);
    let mttr = &group.metrics["mttr"];
    let spread = mttr.spread.clone().expect("each incident has a value");
    assert_eq!((mttr.n, mttr.mean), (10, Some(1450.0)));
    // The two in the middle are 500 and 600; the ninth of ten is the 90th percentile, the tenth the 95th.
    assert_eq!((spread.median, spread.p90, spread.p95), (Some(550.0), Some(900.0), Some(10_000.0)));
    assert_eq!((spread.min, spread.max), (Some(100.0), Some(10_000.0)));
    assert_eq!(group.metrics["mttd"].mean, Some(60.0));
    assert_eq!(group.metrics["mtta"].mean, Some(60.0));
    let mtbf = &group.metrics["mtbf"];
    assert_eq!((mtbf.n, mtbf.mean), (10, Some((28 * DAY - 14_500) as f64 / 10.0)));
    assert_eq!(mtbf.spread, None);
    assert_eq!(group.metrics["frequency"].mean, Some(10.0 * 30.0 / 28.0));
}

#[test]
fn missing_and_negative_times_are_left_out_with_their_reason() {
    let mut early = an_incident(1, DAY, 600);
    early.detected_at = Some(early.started_at.plus_secs(-1));
    early.acknowledged_at = Some(early.started_at.plus_secs(-2));
    early.mitigated_at = Some(early.started_at.plus_secs(-3));
    early.restored_at = Some(early.started_at.plus_secs(-4));
    let mut unknown = an_incident(2, DAY, 600);
    (unknown.detected_at, unknown.acknowledged_at, unknown.mitigated_at) = (None, None, None);
    let mut open = an_incident(3, DAY, 600);
    (open.open, open.mitigated_at, open.restored_at, open.resolved_at) = (true, None, None, None);
    let mut undetected = an_incident(4, DAY, 600);
    undetected.detected_at = None;
    let group = all(&[early, unknown, open, undetected]);
    assert_eq!(group.incidents, 4);
    assert_eq!(excluded(&group.metrics["mttd"]), [("detected before start", 1), ("not detected", 2)]);
    assert_eq!(excluded(&group.metrics["mtta"]), [("acknowledged before detection", 1), ("not acknowledged", 1), ("not detected", 1)]);
    assert_eq!(excluded(&group.metrics["mttm"]), [("mitigated before start", 1), ("not mitigated", 1), ("still open", 1)]);
    assert_eq!(excluded(&group.metrics["mttr"]), [("restored before start", 1), ("still open", 1)]);
}

#[test]
fn what_only_a_program_acknowledged_has_no_time_to_acknowledge() {
    let by_program = Facts { acknowledged_by_program: true, ..an_incident(1, DAY, 600) };
    let group = all(&[by_program.clone(), an_incident(2, 2 * DAY, 600)]);
    let mtta = &group.metrics["mtta"];
    assert_eq!((mtta.n, mtta.mean, excluded(mtta)), (1, Some(60.0), vec![("acknowledged by a program", 1)]));
    // It is kept, and rows of before say nothing of it.
    let row = serde_json::to_string(&by_program).expect("it serialises");
    assert_eq!(serde_json::from_str::<Facts>(&row).ok(), Some(by_program.clone()));
    let before = row.replace(",true]", "]");
    assert_eq!(serde_json::from_str::<Facts>(&before).ok(), Some(Facts { acknowledged_by_program: false, ..by_program }));
}

#[test]
fn nothing_at_all_is_one_group_without_figures() {
    let group = all(&[]);
    assert_eq!((group.key, group.incidents), (None, 0));
    for metric in ALL.iter().filter(|metric| metric.id != "frequency") {
        assert_eq!((group.metrics[metric.id].n, group.metrics[metric.id].mean), (0, None), "{}", metric.id);
    }
    assert_eq!(group.metrics["frequency"].mean, Some(0.0));
    assert!(figures(&[], &february(), &Filter::default(), GroupBy::Severity, NOW).is_empty());
}

#[test]
fn one_value_is_its_own_median_and_percentile() {
    let spread = all(&[an_incident(1, DAY, 600)]).metrics["mttr"].spread.clone().expect("it has a value");
    assert_eq!((spread.median, spread.p90, spread.p95, spread.min, spread.max), (Some(600.0), Some(600.0), Some(600.0), Some(600.0), Some(600.0)));
}

#[test]
fn an_incident_belongs_to_the_range_by_its_impact_start_and_the_end_is_not_in_it() {
    let before = an_incident(1, -1, 600);
    let first = an_incident(2, 0, 600);
    let last = an_incident(3, 28 * DAY - 1, 600);
    let after = an_incident(4, 28 * DAY, 600);
    let group = all(&[before, first, last, after]);
    assert_eq!(group.incidents, 2);
    // What reaches in from before still takes time away: 599 s, 600 s overlapping it by 599 s, and 1 s.
    assert_eq!(group.metrics["mtbf"].mean, Some((28 * DAY - 601) as f64 / 2.0));
}

#[test]
fn an_incident_with_two_services_counts_once_in_each_and_one_without_under_none() {
    let mut both = an_incident(1, DAY, 600);
    both.services = vec!["gateway".to_owned(), "checkout".to_owned()];
    both.impact.push(Window { service: Some("gateway".to_owned()), from: both.started_at, to: Some(both.started_at.plus_secs(60)) });
    let mut nothing = an_incident(2, DAY, 600);
    nothing.services.clear();
    let groups = figures(&[both, nothing], &february(), &Filter::default(), GroupBy::Service, NOW);
    let keys: Vec<_> = groups.iter().map(|group| (group.key.as_deref(), group.incidents)).collect();
    assert_eq!(keys, [(Some("checkout"), 1), (Some("gateway"), 1), (None, 1)]);
    assert_eq!(groups[1].metrics["mtbf"].mean, Some((28 * DAY - 60) as f64), "only the service's own impact");
}

#[test]
fn severities_stand_in_order_with_the_unset_last() {
    let mut facts: Vec<Facts> = (1..=3).map(|n| an_incident(n, n * DAY, 600)).collect();
    (facts[0].severity, facts[1].severity, facts[2].severity) = (None, Some(Severity::Sev4), Some(Severity::Sev1));
    let groups = figures(&facts, &february(), &Filter::default(), GroupBy::Severity, NOW);
    assert_eq!(groups.iter().map(|group| group.key.as_deref()).collect::<Vec<_>>(), [Some("SEV1"), Some("SEV4"), None]);
}

#[test]
fn months_are_counted_over_their_own_days() {
    let facts = [an_incident(1, DAY, 3600), an_incident(2, 30 * DAY, 7200)];
    let range = Range { from: FEBRUARY.plus_secs(-10 * DAY), to: FEBRUARY.plus_secs(38 * DAY) };
    let groups = figures(&facts, &range, &Filter::default(), GroupBy::Month, NOW);
    assert_eq!(groups.iter().map(|group| group.key.as_deref()).collect::<Vec<_>>(), [Some("2026-02"), Some("2026-03")]);
    assert_eq!(groups[0].metrics["mtbf"].mean, Some((28 * DAY - 3600) as f64));
    assert_eq!(groups[1].metrics["mtbf"].mean, Some((10 * DAY - 7200) as f64), "only the ten days of March that were asked for");
}

#[test]
fn maintenance_and_drills_are_out_unless_asked_for() {
    let mut facts: Vec<Facts> = (1..=3).map(|n| an_incident(n, n * DAY, 600)).collect();
    (facts[1].kind, facts[2].kind) = (Kind::Maintenance, Kind::Drill);
    assert_eq!(all(&facts).incidents, 1);
    let drills = Filter { kinds: vec![Kind::Drill], ..Filter::default() };
    assert_eq!(figures(&facts, &february(), &drills, GroupBy::None, NOW)[0].incidents, 1);
}

#[test]
fn that_our_own_eyes_failed_is_nobodys_downtime() {
    let mut facts: Vec<Facts> = (1..=3).map(|n| an_incident(n, n * DAY, 600)).collect();
    for facts in &mut facts[1..] {
        facts.labels.insert("about".to_owned(), "monitoring".to_owned());
    }
    facts[1].impact.clear();
    let group = all(&facts);
    assert_eq!((group.incidents, group.metrics["frequency"].n), (2, 2), "one of them hurt somebody all the same");
    let asked = Filter { labels: facts[1].labels.clone(), ..Filter::default() };
    assert_eq!(figures(&facts, &february(), &asked, GroupBy::None, NOW)[0].incidents, 2);
    let of_a_kind = Filter { kinds: vec![Kind::Incident], ..Filter::default() };
    assert_eq!(figures(&facts, &february(), &of_a_kind, GroupBy::None, NOW)[0].incidents, 2, "saying the kind that counts anyway changes nothing");
    for facts in &mut facts {
        facts.labels.insert("team".to_owned(), "a".to_owned());
    }
    let of_a_team = Filter { labels: facts[0].labels.clone(), ..Filter::default() };
    assert_eq!(figures(&facts, &february(), &of_a_team, GroupBy::None, NOW)[0].incidents, 2, "another label asks for nothing of the kind");
}

#[test]
fn the_same_cause_within_thirty_days_is_a_repeat() {
    let mut facts = [an_incident(1, -30 * DAY, 600), an_incident(2, DAY, 600), an_incident(3, 2 * DAY, 600), an_incident(4, 3 * DAY, 600)];
    for facts in &mut facts {
        facts.cause = "disk".to_owned();
    }
    facts[3].cause = "other".to_owned();
    // The first is more than thirty days before the second, the second a day before the third.
    let repeats = &all(&facts).metrics["repeats"];
    assert_eq!((repeats.n, repeats.mean), (3, Some(1.0 / 3.0)));
}

#[test]
fn what_comes_back_as_another_severity_is_a_repeat_in_every_group_and_drills_are_not() {
    let mut facts = [an_incident(1, -10 * DAY, 600), an_incident(2, DAY, 600), an_incident(3, 2 * DAY, 600), an_incident(4, -2 * DAY, 600)];
    for facts in &mut facts {
        facts.cause = "disk".to_owned();
    }
    (facts[0].severity, facts[0].services) = (Some(Severity::Sev4), vec!["search".to_owned()]);
    facts[2].cause = "drilled".to_owned();
    (facts[3].kind, facts[3].cause) = (Kind::Drill, "drilled".to_owned());
    for by in [GroupBy::None, GroupBy::Severity, GroupBy::Service, GroupBy::Month] {
        let group = figures(&facts, &february(), &Filter::default(), by, NOW).remove(0);
        assert_eq!(group.metrics["repeats"].mean, Some(0.5), "{by:?}");
    }
    let severe = Filter { severity: vec![Severity::Sev2], service: Some("checkout".to_owned()), ..Filter::default() };
    assert_eq!(figures(&facts, &february(), &severe, GroupBy::None, NOW)[0].metrics["repeats"].mean, Some(0.5));
}

#[test]
fn thirty_days_run_from_when_the_earlier_one_was_resolved() {
    let mut facts = [an_incident(1, -31 * DAY, 600), an_incident(2, 0, 600)];
    (facts[0].cause, facts[1].cause) = ("disk".to_owned(), "disk".to_owned());
    assert_eq!(all(&facts).metrics["repeats"].mean, Some(0.0));
    facts[0].resolved_at = Some(FEBRUARY.plus_secs(-30 * DAY));
    assert_eq!(all(&facts).metrics["repeats"].mean, Some(1.0), "the service was back a day before it was resolved");
    assert!(facts[0].reaches(&february()));
    // What is not over cannot come back.
    (facts[0].open, facts[0].resolved_at, facts[0].restored_at) = (true, None, None);
    assert_eq!(all(&facts).metrics["repeats"].mean, Some(0.0));
}

#[test]
fn time_to_resolve_runs_from_detection() {
    let mut facts: Vec<Facts> = (1..=5).map(|n| an_incident(n, n * DAY, 600)).collect();
    facts[0].resolved_at = Some(facts[0].started_at.plus_secs(3660));
    (facts[1].open, facts[1].resolved_at, facts[1].restored_at) = (true, None, None);
    facts[2].detected_at = None;
    facts[3].resolved_at = Some(facts[3].started_at);
    facts[4].resolved_at = None;
    let resolution = &all(&facts).metrics["resolution"];
    assert_eq!((resolution.n, resolution.mean), (1, Some(3600.0)));
    assert_eq!(excluded(resolution), [("not detected", 1), ("not resolved", 1), ("resolved before detection", 1), ("still open", 1)]);
    let range = february();
    let (filter, about) = (Filter::default(), About::from_id("resolution").expect("it is a metric"));
    let listed = behind(&facts, &range, &filter, GroupBy::None, None, about, facts[1].started_at.plus_secs(100));
    let least: Vec<_> = listed.expect("the group is there").iter().filter_map(|behind| behind.at_least_s).collect();
    assert_eq!(least, [40.0], "an open one takes at least as long as it is known");
}

#[test]
fn a_frequency_has_the_interval_of_its_count_and_is_compared_by_the_exact_test() {
    let month = Range { from: FEBRUARY, to: FEBRUARY.plus_secs(30 * DAY) };
    let facts = |now: i64, before: i64| -> Vec<Facts> {
        let first = an_incident(200, -31 * DAY, 60);
        (1..=now).map(|n| an_incident(n, n * 3600, 60)).chain((1..=before).map(|n| an_incident(100 + n, -n * 3600, 60))).chain([first]).collect()
    };
    let frequency = |now, before, by| {
        let seen = trends(&facts(now, before), &month, &Filter::default(), by, NOW);
        let group = seen.groups.first().unwrap_or(&seen.all);
        group.figures.iter().find(|figure| figure.metric == "frequency").cloned().expect("every metric is there")
    };
    let ten = frequency(10, 20, GroupBy::None);
    let [low, high] = [ten.low, ten.high].map(|limit| limit.expect("a rate has an interval"));
    assert!((low - 4.795).abs() < 0.01 && (high - 18.39).abs() < 0.01, "{low} {high}");
    let change = ten.change.expect("a month against the month before");
    assert_eq!((change.n, change.median, change.is_clear()), (20, 20.0, false), "10 after 20 may be chance: {change:?}");
    for (now, before, clear) in [(10, 24, true), (12, 3, true), (11, 3, false), (1, 0, false), (6, 0, true), (5, 0, false)] {
        let change = frequency(now, before, GroupBy::Severity).change.expect("a group without earlier incidents is compared with none");
        assert_eq!(change.is_clear(), clear, "{now} after {before}: {change:?}");
        assert!(change.low <= change.high && (change.low..=change.high).contains(&((now - before) as f64)));
    }
    assert_eq!(frequency(0, 0, GroupBy::None).change.map(|change| (change.low, change.high)), Some((0.0, 0.0)));
    assert_eq!(frequency(10, 20, GroupBy::Month).change, None, "months are of different lengths");
    assert_eq!(all(&facts(1, 0)).metrics["mttr"].low, None);
}

#[test]
fn downtime_is_the_union_of_windows_clipped_to_the_range() {
    let mut open = an_incident(3, 10 * DAY, 0);
    open.impact[0].to = None;
    (open.open, open.resolved_at, open.restored_at) = (true, None, None);
    let facts = [an_incident(1, -100, 200), an_incident(2, 50, 100), open, an_incident(4, 28 * DAY, 100), an_incident(5, -100, 100)];
    let refs: Vec<&Facts> = facts.iter().collect();
    let now = FEBRUARY.plus_secs(10 * DAY + 30);
    let seen = Availability::of(&refs, &february(), None, now);
    assert_eq!((seen.incidents, seen.downtime_s, seen.total_s), (3, 180.0, (28 * DAY) as f64));
    assert_eq!(seen.availability, 1.0 - 180.0 / (28 * DAY) as f64);
    assert_eq!(Availability::of(&refs, &february(), Some("gateway"), now).incidents, 0);
}

#[test]
fn facts_survive_the_store() {
    let mut facts = an_incident(7, 5, 60);
    facts.labels.insert("team".into(), "a\"b".into());
    facts.impact.push(Window { service: None, from: FEBRUARY, to: None });
    let text = serde_json::to_string(&facts).expect("facts serialise");
    assert_eq!(serde_json::from_str::<Facts>(&text).expect("and read back"), facts);
}

#[test]
fn every_metric_is_complete_and_found_by_its_id() {
    for metric in ALL {
        assert_eq!(find(metric.id).map(|found| found.title), Some(metric.title));
        assert!(metric.question.ends_with('?') && !metric.definition.is_empty(), "{}", metric.id);
    }
    assert!(find("mttx").is_none());
}

#[test]
fn a_range_is_cut_into_weeks_from_monday_and_empty_ones_are_told() {
    // February 2026 begins on a Sunday and ends on a Saturday.
    let mut second = an_incident(2, 10 * DAY, 300);
    second.severity = None;
    let facts = [an_incident(1, 0, 600), second, an_incident(3, 10 * DAY + 1, 900), an_incident(4, 28 * DAY, 60)];
    assert_eq!(Step::for_range(&february()), Step::Week);
    let steps = series(&facts, &february(), &Filter::default(), Step::Week);
    let told: Vec<_> = steps.iter().map(|step| (words::day(step.from, false), step.partial, step.incidents(), step.values_s.clone())).collect();
    let week = |from: &str, partial, n, values: &[f64]| (from.to_owned(), partial, n, values.to_vec());
    assert_eq!(
        told,
        [
            week("1 Feb", true, 1, &[600.0]),
            week("2 Feb", false, 0, &[]),
            week("9 Feb", false, 2, &[300.0, 900.0]),
            week("16 Feb", false, 0, &[]),
            week("23 Feb", true, 0, &[]),
        ]
    );
    assert_eq!(steps[2].by_severity, [0, 1, 0, 0, 0, 1]);
    assert_eq!(steps[0].cells()[..4], ["2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z", "true", "1"].map(str::to_owned));
    assert_eq!(steps[0].cells().len(), Bucket::HEADER.len());
}

#[test]
fn centuries_are_told_only_where_something_happened() {
    let centuries = Range { from: Timestamp::MIN, to: Timestamp::MAX };
    assert_eq!(Step::for_range(&centuries), Step::Year);
    let steps = series(&[an_incident(1, 0, 60), an_incident(2, -800 * DAY, 60)], &centuries, &Filter::default(), Step::Year);
    // November 2023 to February 2026: four years begin.
    assert_eq!(steps.iter().map(Bucket::incidents).collect::<Vec<_>>(), [1, 0, 0, 1]);
    assert!(series(&[], &centuries, &Filter::default(), Step::Year).len() <= 1);
    assert!(!Step::Month.suits(&centuries) && Step::Year.suits(&centuries));
    assert_eq!(centuries.before(), None, "there is nothing of equal length before everything");
}

#[test]
fn how_often_is_compared_only_where_both_ranges_were_counted_for_as_long() {
    let few = |range: &Range, first: i64, now: Timestamp| {
        let facts: Vec<Facts> = (1..=8).map(|n| an_incident(n, n * DAY, 600)).chain([an_incident(9, first, 60)]).collect();
        let seen = trends(&facts, range, &Filter::default(), GroupBy::None, now);
        seen.all.figures.into_iter().find(|figure| figure.metric == "frequency").expect("every metric is there")
    };
    let (range, first) = (february(), -29 * DAY);
    assert!(few(&range, first, range.to).change.is_some_and(|change| change.is_clear()), "eight after none");
    assert!(few(&range, first, range.to.plus_secs(-1)).change.is_some(), "a clock may be a second ahead");
    let ahead = few(&range, first, FEBRUARY.plus_secs(10 * DAY));
    assert_eq!((ahead.n, ahead.change), (8, None), "most of the range is still to come");
    assert_eq!(few(&range, -27 * DAY, NOW).change, None, "the record began within the range before");
}

#[test]
fn a_range_is_compared_with_the_one_before_it_where_both_have_five_values() {
    let lasting = |from: i64, lasts: i64| (0..8).map(move |n| an_incident(from + n, (from + n) * DAY, lasts + n));
    let facts: Vec<Facts> = lasting(1, 600).chain(lasting(-20, 6000)).collect();
    let seen = trends(&facts, &february(), &Filter::default(), GroupBy::Severity, NOW);
    let figure = |group: &TrendGroup, id: &str| group.figures.iter().find(|figure| figure.metric == id).cloned().expect("every metric is there");
    for group in [&seen.all, &seen.groups[0]] {
        let change = figure(group, "mttr").change.expect("eight against eight");
        assert_eq!((change.n, change.median), (8, 6003.5));
        assert!(change.is_clear() && change.high < 0.0 && change.low < -5400.0);
        assert!(!figure(group, "mttd").change.expect("they have it too").is_clear());
        assert_eq!(figure(group, "mtbf").change, None);
    }
    let few = trends(&facts[..4], &february(), &Filter::default(), GroupBy::None, NOW);
    let mttr = figure(&few.all, "mttr");
    assert_eq!((mttr.value, mttr.p90, mttr.values, mttr.change), (None, None, vec![600.0, 601.0, 602.0, 603.0], None));
    assert!(few.groups.is_empty());
}

#[test]
fn services_are_told_by_their_own_windows_the_worst_first() {
    let mut wide = an_incident(1, DAY, 600);
    wide.impact.push(Window { service: Some("search".to_owned()), from: wide.started_at, to: Some(wide.started_at.plus_secs(900)) });
    let mut nobody = an_incident(2, 2 * DAY, 600);
    nobody.impact = vec![Window { service: None, ..nobody.impact[0].clone() }];
    let seen = trends(&[wide, nobody], &february(), &Filter::default(), GroupBy::None, NOW);
    let told: Vec<_> =
        seen.services.iter().map(|service| (service.service.as_str(), service.availability.downtime_s, service.availability.incidents)).collect();
    assert_eq!(told, [("search", 900.0, 1), ("checkout", 600.0, 1)]);
    assert_eq!(seen.all.availability.as_ref().map(|whole| whole.downtime_s), Some(1500.0));
    assert_eq!(words::headline(&seen), "2 incidents in 28 days, all SEV2; some were acknowledged, too few for a median (n = 2).");
}

fn optional(range: std::ops::Range<i64>) -> impl Strategy<Value = Option<i64>> {
    prop_oneof![1 => Just(None), 3 => range.prop_map(Some)]
}

fn some_facts() -> impl Strategy<Value = Facts> {
    let windows = prop::collection::vec((0..3_usize, -50..150_i64, optional(-20..90)), 0..4);
    let times = (optional(-50..150), optional(-50..150), optional(-50..150), optional(-50..150));
    (1..1_000_000_i64, optional(0..5), -50..150_i64, times, windows, prop::collection::btree_set(0..3_usize, 0..3), any::<bool>()).prop_map(
        |(number, severity, start, (detected, acknowledged, mitigated, restored), windows, services, open)| {
            let name = |at: usize| ["a", "b", "c"][at].to_owned();
            let at = |secs: Option<i64>| secs.map(|secs| FEBRUARY.plus_secs(secs));
            Facts {
                reference: IncidentRef(number),
                severity: severity.map(|at| Severity::ALL[usize::try_from(at).unwrap_or(0)]),
                kind: Kind::Incident,
                open,
                origin: None,
                services: services.into_iter().map(name).collect(),
                labels: Labels::new(),
                started_at: FEBRUARY.plus_secs(start),
                detected_at: at(detected),
                acknowledged_at: at(acknowledged),
                acknowledged_by_program: false,
                mitigated_at: at(mitigated),
                restored_at: at(restored).filter(|_| !open),
                resolved_at: None,
                impact: windows
                    .into_iter()
                    .map(|(service, from, lasts)| Window {
                        service: Some(name(service)),
                        from: FEBRUARY.plus_secs(from),
                        to: lasts.map(|lasts| FEBRUARY.plus_secs(from + lasts)),
                    })
                    .collect(),
                cause: "x".to_owned(),
            }
        },
    )
}

/// Second by second: is anybody hurt in it?
fn downtime_by_counting(facts: &[Facts], range: &Range, service: Option<&str>, now: Timestamp) -> i64 {
    let hurt = |second: &i64| {
        let at = range.from.plus_secs(*second);
        let windows = facts.iter().flat_map(|facts| &facts.impact).filter(|window| service.is_none() || window.service.as_deref() == service);
        windows.clone().any(|window| window.from <= at && at < window.to.unwrap_or(now))
    };
    (0..range.micros() / 1_000_000).filter(hurt).count() as i64
}

proptest! {
    #[test]
    fn n_and_excluded_are_always_all_incidents(facts in prop::collection::vec(some_facts(), 0..30), by in 0..4_usize) {
        let range = Range { from: FEBRUARY, to: FEBRUARY.plus_secs(100) };
        let groups = figures(&facts, &range, &Filter::default(), GroupBy::ALL[by], NOW);
        for group in &groups {
            for summary in group.metrics.values() {
                prop_assert_eq!(summary.n + summary.excluded.iter().map(|excluded| excluded.n).sum::<u64>(), group.incidents);
            }
        }
        let members = facts.iter().filter(|facts| range.contains(facts.started_at));
        let expected: usize = match GroupBy::ALL[by] {
            GroupBy::Service => members.map(|facts| facts.services.len().max(1)).sum(),
            _ => members.count(),
        };
        prop_assert_eq!(groups.iter().map(|group| group.incidents).sum::<u64>(), expected as u64);
    }

    #[test]
    fn the_figures_are_those_of_the_sorted_list(facts in prop::collection::vec(some_facts(), 0..40)) {
        let range = Range { from: FEBRUARY, to: FEBRUARY.plus_secs(100) };
        let group = figures(&facts, &range, &Filter::default(), GroupBy::None, NOW).remove(0);
        let mttr = &group.metrics["mttr"];
        let mut values: Vec<i64> = vec![];
        for facts in facts.iter().filter(|facts| range.contains(facts.started_at)) {
            if let Some(restored) = facts.restored_at && restored >= facts.started_at {
                values.push(restored.secs_since(facts.started_at));
            }
        }
        values.sort_unstable();
        let spread = mttr.spread.clone().unwrap_or_default();
        prop_assert_eq!(mttr.n as usize, values.len());
        if values.is_empty() {
            prop_assert_eq!((mttr.mean, spread), (None, Spread::default()));
        } else {
            let n = values.len();
            let at_least = |percent: usize| values.iter().copied().find(|value| values.iter().filter(|other| *other <= value).count() * 100 >= percent * n);
            let median = (values[(n - 1) / 2] + values[n / 2]) as f64 / 2.0;
            prop_assert_eq!(spread.median, Some(median));
            prop_assert_eq!(spread.p90, at_least(90).map(|value| value as f64));
            prop_assert_eq!(spread.p95, at_least(95).map(|value| value as f64));
            prop_assert!((mttr.mean.unwrap_or_default() - values.iter().sum::<i64>() as f64 / n as f64).abs() < 1e-6);
        }
    }

    #[test]
    fn downtime_is_what_counting_the_seconds_gives(facts in prop::collection::vec(some_facts(), 0..12), service in 0..4_usize, now in 0..200_i64) {
        let range = Range { from: FEBRUARY, to: FEBRUARY.plus_secs(100) };
        let (service, now) = ([None, Some("a"), Some("b"), Some("c")][service], FEBRUARY.plus_secs(now));
        let refs: Vec<&Facts> = facts.iter().collect();
        let seen = Availability::of(&refs, &range, service, now);
        prop_assert_eq!(seen.downtime_s, downtime_by_counting(&facts, &range, service, now) as f64);
        let touching = facts.iter().filter(|facts| downtime_by_counting(std::slice::from_ref(*facts), &range, service, now) > 0).count();
        prop_assert_eq!(seen.incidents, touching as u64);
        prop_assert!((0.0..=1.0).contains(&seen.availability));
    }
}
