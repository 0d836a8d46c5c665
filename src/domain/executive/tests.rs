//! Tests of the board's figures and words.

use super::{
    lines::{Asked, Sort, lines},
    *,
};
use crate::domain::metrics::{Facts, Filter, Step, series};
use crate::domain::{
    ids::ObjectiveId,
    incident::Kind,
    severity::Severity,
    slo::{
        report::{BudgetReport, Burn, Exhaustion, Flag, Standing, Tally, WindowAt},
        zone::Utc,
    },
};

const NOW: Timestamp = Timestamp::from_micros(1_795_142_000_000_000);
const DAY: i64 = 86_400;

fn row(name: &str, state: Standing, left: Option<f64>, total: f64, bad: f64) -> ObjectiveRow {
    let from = NOW.plus_secs(-30 * DAY);
    let sli = (total > 0.0).then(|| 1.0 - bad / total);
    let tally = Tally { good: total - bad, bad, total, sli, allowed_bad: total * 0.001, consumed_ratio: left.map(|left| 1.0 - left), remaining_ratio: left };
    let objective = Brief {
        id: ObjectiveId(uuid::Uuid::nil()),
        name: name.to_owned(),
        title: name.to_owned(),
        service: Some("pay".to_owned()),
        target: 0.999,
        method: "events".to_owned(),
        generation: 1,
        revision: 1,
    };
    let report = BudgetReport {
        objective,
        at: NOW,
        watermark: Some(NOW.plus_secs(-40)),
        window: WindowAt { name: "30d".to_owned(), kind: "rolling".to_owned(), from, to: NOW, length_s: 30 * DAY },
        state,
        words: String::new(),
        tally,
        raw: tally,
        unit: "events".to_owned(),
        remaining_minutes: left.map(|left| left * 43.2),
        budget_minutes: 43.2,
        coverage: 0.986,
        best_remaining_ratio: left,
        worst_remaining_ratio: left,
        burn: vec![Burn { window_s: 3_600, error_ratio: Some(0.001), burn_rate: Some(1.0), coverage: 1.0 }],
        alerts: vec![],
        exhaustion: Exhaustion::default(),
        flags: vec![],
    };
    ObjectiveRow { report, spark: vec![left; 3] }
}

fn incident(n: i64, severity: Severity, restored_min: Option<i64>, service: &str) -> Facts {
    let started_at = NOW.plus_secs(-n * DAY);
    Facts {
        reference: IncidentRef(n),
        severity: Some(severity),
        kind: Kind::Incident,
        open: restored_min.is_none(),
        origin: None,
        services: vec![service.to_owned()],
        labels: Default::default(),
        started_at,
        detected_at: Some(started_at.plus_secs(120)),
        acknowledged_at: None,
        acknowledged_by_program: false,
        mitigated_at: None,
        restored_at: restored_min.map(|minutes| started_at.plus_secs(minutes * 60)),
        resolved_at: None,
        impact: vec![],
        cause: String::new(),
    }
}

fn table(objectives: &[(ObjectiveRow, Sort)], facts: &[Facts]) -> (Vec<Line>, u64, u64) {
    let range = Range { from: NOW.plus_secs(-30 * DAY), to: NOW };
    let services = ["pay".to_owned(), "search".to_owned()];
    lines(&Asked { facts, range: &range, filter: &Filter::default(), objectives, services: &services, targets: &Targets::new(vec![]), now: NOW })
}

fn line(lines: &[Line], measure: Measure, severity: Option<Severity>) -> Line {
    lines.iter().find(|line| line.measure == measure && line.severity == severity).expect("the line is there").clone()
}

#[test]
fn shares_are_ratios_of_sums_over_those_that_count_events() {
    let within = |name, total, bad| row(name, Standing::Within, Some(0.5), total, bad);
    let objectives = [
        (within("busy", 990_000.0, 990.0), Sort::Events),
        (within("quiet", 10_000.0, 510.0), Sort::Events),
        (within("slow", 1_000.0, 10.0), Sort::Latency { within_s: 0.3 }),
        (within("minutes", 8_640.0, 8_640.0), Sort::Time),
        (within("all", 1_000_000.0, 500_000.0), Sort::Composite),
    ];
    let (lines, ..) = table(&objectives, &[]);
    let availability = line(&lines, Measure::Availability, None);
    assert_eq!(
        (words::middle(&availability), words::ninth(&availability), words::many(availability.n)),
        (vec![("99.85 %".to_owned(), true)], "share".to_owned(), "1 M".to_owned())
    );
    assert_eq!(availability.members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["quiet", "busy"]);
    let latency = line(&lines, Measure::Latency, None);
    assert_eq!((words::middle(&latency), latency.missed), (vec![("99.0 %".to_owned(), false)], false));
    // How long each took is not kept: the percentile has a side, and no number of its own.
    let slowest = line(&lines, Measure::Slowest, None);
    assert_eq!((words::middle(&slowest), slowest.value, words::ninth(&slowest)), (vec![("≤ 300 ms".to_owned(), false)], None, "bound".to_owned()));
    assert_eq!(words::beneath_member(Measure::Slowest, &slowest.members[0]), "99.0 % of 1,000 within 300 ms");
    assert_eq!(words::judgement(&slowest).as_deref(), Some("The target is < 300 ms: 1 meets it."));
    // Two objectives are too few for a median: both are listed, and each is judged.
    let errors = line(&lines, Measure::Errors, None);
    assert_eq!(words::middle(&errors), [("0.1 %".to_owned(), false), ("5.1 %".to_owned(), true)]);
    assert_eq!((errors.value, errors.missed, words::ninth(&errors)), (None, true, "each".to_owned()));
    let burn = line(&lines, Measure::Burn, None);
    assert_eq!((burn.n, words::middle(&burn)), (5, vec![("1×".to_owned(), false)]));
}

#[test]
fn percentiles_above_their_threshold_miss_the_target_that_it_reaches() {
    let slow = |name, within_s, bad| (row(name, Standing::Within, Some(0.5), 1_000.0, bad), Sort::Latency { within_s });
    let (lines, ..) = table(&[slow("a", 0.3, 60.0), slow("b", 1.5, 10.0), slow("c", 0.1, 100.0)], &[]);
    let slowest = line(&lines, Measure::Slowest, None);
    let said = [("> 100 ms".to_owned(), false), ("> 300 ms".to_owned(), true), ("≤ 1.5 s".to_owned(), false)];
    assert_eq!((words::middle(&slowest), slowest.missed), (said.to_vec(), true));
    assert_eq!(words::judgement(&slowest).as_deref(), Some("The target is < 300 ms: 1 misses it, 2 cannot be told by their thresholds."));
    let many: Vec<_> = (0..6).map(|n| slow(["d", "e", "f", "g", "h", "i"][n], 0.3, if n < 2 { 90.0 } else { 1.0 })).collect();
    assert_eq!(words::middle(&line(&table(&many, &[]).0, Measure::Slowest, None)), [("4 of 6 in time".to_owned(), true)]);
}

#[test]
fn what_is_not_kept_has_no_figure_and_says_why() {
    let (lines, ..) = table(&[], &[]);
    for measure in [Measure::Pages, Measure::Runbooks, Measure::Actions] {
        let line = line(&lines, measure, None);
        assert!(words::lacking(measure).is_some_and(|words| words.starts_with("no data: ")), "{measure:?}");
        assert_eq!((line.n, line.value, words::middle(&line), line.missed), (0, None, vec![], false));
        assert!(words::judgement(&line).is_some_and(|words| words.ends_with("there is nothing to judge.")));
    }
    assert_eq!(words::lacking(Measure::Slowest), None);
}

#[test]
fn each_severity_is_judged_by_its_own_target() {
    let facts: Vec<Facts> = [40, 20, 50, 45, 70]
        .into_iter()
        .enumerate()
        .map(|(n, minutes)| incident(n as i64 + 1, Severity::Sev2, Some(minutes), "pay"))
        .chain([incident(9, Severity::Sev1, Some(45), "pay"), incident(10, Severity::Sev1, None, "pay")])
        .collect();
    let (lines, incidents, without) = table(&[], &facts);
    assert_eq!((incidents, without), (7, 7), "none was acknowledged");
    let all = line(&lines, Measure::Restore, None);
    assert_eq!((all.n, words::middle(&all), all.missed), (6, vec![("45 min".to_owned(), false)], false));
    let worst = line(&lines, Measure::Restore, Some(Severity::Sev1));
    assert_eq!((words::name(&worst), words::middle(&worst)), ("Restore, SEV1".to_owned(), vec![("45 min".to_owned(), true)]));
    assert_eq!(words::judgement(&worst).as_deref(), Some("The target is < 30 min: 1 of 1 missed it. Under 5 values there is no median."));
    let often = line(&lines, Measure::Frequency, None);
    assert_eq!((often.values.as_slice(), often.missed), ([0.0, 7.0].as_slice(), true));
    assert!(words::changes(&lines, &Range { from: NOW.plus_secs(-30 * DAY), to: NOW }).starts_with("Too few values"));
}

#[test]
fn targets_are_said_as_they_were_set() {
    let said: Vec<String> = targets::STARTING.iter().map(|(measure, _, value)| words::target(*measure, *value)).collect();
    assert_eq!(
        said,
        ["> 99.9 %", "> 95 %", "< 300 ms", "< 0.1 %", "< 5 min", "< 15 min", "< 1 h", "< 30 min", "< 1", "< 2×", "< 3", "> 70 %", "< 2 min", "> 90 %"]
    );
    assert_eq!((words::many(9_999), words::many(17_280), words::many(17_280_000)), ("9,999".to_owned(), "17 k".to_owned(), "17 M".to_owned()));
}

#[test]
fn the_line_beneath_the_sentence_names_the_window_and_how_much_is_known() {
    let mut rows = vec![
        row("a", Standing::Low, Some(0.1), 10.0, 1.0),
        row("b", Standing::Within, Some(0.71), 10.0, 0.0),
        row("c", Standing::Within, Some(0.96), 10.0, 0.0),
    ];
    assert_eq!(
        words::lead(&rows, NOW, &Utc, "UTC").as_deref(),
        Some("Last 30 days, 21 Oct 02:33 to 20 Nov 02:33 UTC · 98.6 % measured · readings up to 40 s ago")
    );
    assert_eq!(words::rest(&rows[1..]), "2 more within budget, 71 to 96 % left");
    assert_eq!(words::standstill(&rows, NOW, &Utc), None);
    rows[1].report.flags.push(Flag::Stale);
    rows[1].report.watermark = Some(NOW.plus_secs(-3_600));
    assert_eq!(words::standstill(&rows, NOW, &Utc).as_deref(), Some("No readings of b since 01:33. The other objectives are current."));
    rows[2].report.window.name = "7d".to_owned();
    assert!(words::lead(&rows, NOW, &Utc, "UTC").is_some_and(|lead| lead.starts_with("Each over its own window")));
    assert_eq!(
        (words::measured(1.0), words::measured(0.999_9), words::measured(0.9), words::lead(&[], NOW, &Utc, "UTC")),
        ("100 %".to_owned(), "99.9 %".to_owned(), "90 %".to_owned(), None)
    );
}

#[test]
fn what_needs_attention_stands_above_the_fold() {
    let many = |over: usize, within: usize| -> Vec<ObjectiveRow> {
        (0..over)
            .map(|n| row(&format!("o{n}"), Standing::Overspent, Some(-0.1), 1.0, 1.0))
            .chain((0..within).map(|n| row(&format!("w{n}"), Standing::Within, Some(0.5), 1.0, 0.0)))
            .collect()
    };
    assert_eq!((words::shown(&many(3, 14), 8, 0), words::shown(&many(3, 14), 0, 2), words::shown(&many(12, 5), 8, 0)), (8, 5, 12));
    assert_eq!((words::shown(&many(0, 9), 8, 0), words::shown(&many(0, 10), 8, 0)), (9, 8));
    let mut rows = many(1, 10);
    rows[4].report.state = Standing::NotMeasured;
    assert_eq!(words::shown(&rows, 0, 2), 5);
}

#[test]
fn where_there_is_little_room_no_more_than_four_stand_above_the_fold_and_the_rest_is_counted() {
    let rows: Vec<ObjectiveRow> = [(Standing::Overspent, 1), (Standing::Low, 5), (Standing::Within, 6)]
        .into_iter()
        .flat_map(|(standing, n)| (0..n).map(move |n| row(&format!("{}{n}", standing.slug()), standing, Some(0.5), 1.0, 0.0)))
        .collect();
    let shown = words::shown_at_most(&rows, 2, 4);
    assert_eq!((shown, words::rest(&rows[shown..]).as_str()), (4, "8 more: 2 low, 6 within"));
    assert_eq!(words::shown_at_most(&rows[..5], 2, 4), 5, "a line that says one more takes as much room as the row");
    assert_eq!(words::shown_at_most(&rows[6..], 2, 4), 2);
}

#[test]
fn the_board_reads_back_in_the_browser() {
    let rows = vec![row("a", Standing::Overspent, Some(-0.07), 1e6, 1_070.0)];
    let facts: Vec<Facts> = (1..9).map(|n| incident(n, Severity::Sev1, Some(n * 10), "pay")).collect();
    let (lines, incidents, without_a_time) = table(&[(rows[0].clone(), Sort::Events)], &facts);
    let range = weeks::range(NOW);
    let board = Executive {
        at: NOW,
        from: NOW.plus_secs(-30 * DAY),
        to: NOW,
        headline: crate::domain::slo::headline::headline(&rows, NOW, &Utc),
        gates: vec![GateRow {
            service: "pay".to_owned(),
            level: Level::Frozen,
            may_release: false,
            overridden: false,
            reason: Some("pay: 3 min over".to_owned()),
            words: "No.".to_owned(),
        }],
        updates: vec![UpdateDue { reference: IncidentRef(4), at: NOW }],
        weeks: series(&facts, &range, &Filter::default(), Step::Week),
        lines,
        incidents,
        without_a_time,
        spent: Some(Spent {
            objective: rows[0].report.objective.clone(),
            window: "in the last 30 days".into(),
            spenders: vec![],
            else_ratio: 0.11,
            consumed_ratio: Some(1.07),
            budget_minutes: 43.2,
        }),
        services: vec!["pay".to_owned()],
        owners: vec![],
        of: vec![],
        rows,
    };
    assert_eq!(words::table_note(&board), "30 days · 8 of 8 incidents lack a time");
    let text = serde_json::to_string(&board).expect("it serialises");
    assert_eq!(crate::domain::reading::read(text.as_bytes()), Some(board));
}
