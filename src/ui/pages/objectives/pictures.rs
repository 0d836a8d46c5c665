//! What the charts of an objective are drawn from: its page, as `charts` wants it.

use crate::{
    charts::{
        burn::Burn,
        burn_down::{BurnDown, Deploy, Flag, Forecast, Last, Return, Span, Turn},
        daily::{Daily, Day},
        thin,
        view::View,
        wall::Wall,
    },
    domain::{
        metrics::words::two_digits,
        slo::{
            frame, headline, line,
            objective::COVERAGE_FLOOR,
            report::{BudgetReport, BurnAlert, Departed, ObjectivePage, Spender, Standing},
            series::Series,
            words,
        },
        time::Timestamp,
        wording,
    },
    ui::times::Zone,
};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// A deploy this long before an incident is drawn thick.
const RIGHT_BEFORE_S: i64 = 30 * 60;
/// What comes back in one step and in all, to be named.
const STEP: f64 = 0.01;
const RETURN: f64 = 0.05;
/// Steps of a return are not further apart than this.
const TOGETHER_S: i64 = 6 * HOUR;
/// How many points a closer look has at most.
const FINE_POINTS: usize = 1_600;
/// How many steps a chart of burn rates has at most.
const BURN_STEPS: i64 = 720;

fn is_rolling(report: &BudgetReport) -> bool {
    report.window.kind == frame::ROLLING
}

/// `last 30 days`, `this month (UTC)`.
pub fn window(report: &BudgetReport) -> String {
    words::window(&report.window)
}

/// The budget over the window, what spent it, and what may come.
pub fn budget_left(page: &ObjectivePage, zone: Zone) -> BurnDown {
    let report = &page.report;
    let (from, now) = (report.window.from, report.at);
    let until = if is_rolling(report) { now.plus_secs(report.window.length_s / 3) } else { report.window.to.max(now) };
    let left = thin::Series::new(page.left.iter().map(|left| (left.at, left.ratio)).collect());
    let is_unmeasured = report.state == Standing::NotMeasured;
    let range = report.worst_remaining_ratio.zip(report.best_remaining_ratio).filter(|_| is_unmeasured && words::range(report).is_some());
    let share = if is_unmeasured { words::range(report) } else { None };
    let last = report.tally.remaining_ratio.map(|ratio| Last { share: share.unwrap_or_else(|| words::percent(ratio)), amount: amount(report) });
    BurnDown {
        title: headline::one(report, now, &zone).whole(),
        window: window(report),
        until,
        even: even(page, &left),
        left,
        gaps: page.gaps.iter().map(|gap| Span { from: gap.from, to: gap.to }).collect(),
        forecast: forecast(page, until, zone),
        last,
        range,
        flags: flags(page),
        returns: returns(page, &zone.wall()),
        deploys: deploys(page),
        anew: anew(page),
        daily: daily(page),
        ..BurnDown::new(from, now, zone.wall())
    }
}

/// The same from closer by: with the readings themselves there are more points than a whole window
/// shows.
pub fn closer(picture: BurnDown, view: View, page: &ObjectivePage, series: Option<&Series>) -> BurnDown {
    let budget = page.objective.draft.target.budget();
    let fine = |series: &Series| {
        let frame = frame::Frame::of_report(&page.report, budget);
        // From one slice before, so that the line comes in from the edge.
        let span = (view.from.epoch_secs() - series.slice_s(), view.until.epoch_secs());
        let line = line::left_between(&page.objective, series, &frame, span, FINE_POINTS);
        thin::Series::new(line.iter().map(|left| (left.at, left.ratio)).collect())
    };
    let left = series.map(fine).filter(|left| !left.is_empty());
    let picture = picture.between(view.from, view.until);
    match left {
        // What is left now, and what is expected from there, is known from the whole.
        Some(left) if view.until < picture.now => BurnDown { left, ..picture },
        _ => picture,
    }
}

/// `3.1 min over`; with a share alone where there are no minutes.
fn amount(report: &BudgetReport) -> String {
    match report.remaining_minutes {
        Some(minutes) => words::minutes_left(minutes),
        None => if report.tally.remaining_ratio.is_some_and(|ratio| ratio < 0.0) { "over" } else { "left" }.to_owned(),
    }
}

/// `last 30 days, 10 ahead if INC-418 ended now · 96 % measured`.
pub fn note(page: &ObjectivePage, zone: Zone) -> String {
    let report = &page.report;
    let ahead = match forecast(page, report.window.to.max(report.at), zone) {
        Forecast::Expected { assumption, .. } if is_rolling(report) => format!(", {} ahead {assumption}", wording::span(report.window.length_s / 3)),
        Forecast::Expected { assumption, .. } => format!(", the rest {assumption}"),
        Forecast::Unknown { why } => format!(", no forecast: {why}"),
    };
    format!("{}{ahead} · {} measured", window(report), words::percent(report.coverage))
}

fn forecast(page: &ObjectivePage, until: Timestamp, zone: Zone) -> Forecast {
    let report = &page.report;
    if page.forecast.is_empty() {
        let why = if report.coverage < COVERAGE_FLOOR { "too little is measured" } else { "measured for less than 3 days" };
        return Forecast::Unknown { why: why.to_owned() };
    }
    let mut line: Vec<(Timestamp, f64)> = page.forecast.iter().filter(|left| left.at <= until).filter_map(|left| Some((left.at, left.ratio?))).collect();
    let turns = turns(page, zone);
    let mut bounds = vec![];
    if let ([earliest, latest], Some(ratio)) = (turns.as_slice(), report.tally.remaining_ratio) {
        bounds = [earliest, latest].map(|turn| vec![(report.at, ratio), (turn.at, 0.0)]).to_vec();
    } else if let [turn] = turns.as_slice() {
        // The date that is named is a point of the line.
        let place = line.partition_point(|(at, _)| *at < turn.at);
        line.insert(place, (turn.at, 0.0));
    }
    Forecast::Expected { assumption: assumption(page), line, bounds, turns }
}

/// What the forecast takes for granted.
fn assumption(page: &ObjectivePage) -> String {
    let open = page.spenders.iter().rev().find(|spender| spender.to.is_none());
    match (page.report.state, open) {
        (Standing::Overspent, Some(open)) => format!("if {} ended now", open.reference),
        (Standing::Overspent, None) => "if no more errors came".to_owned(),
        (Standing::Low | Standing::Within | Standing::NotMeasured, _) => "at the pace of the last 6 h".to_owned(),
    }
}

fn turns(page: &ObjectivePage, zone: Zone) -> Vec<Turn> {
    let (report, ahead) = (&page.report, &page.report.exhaustion);
    let day = |at: Timestamp| words::short_day(at, &zone);
    let turn = |at: Timestamp, what: &str| Turn { at, lines: vec![what.to_owned(), day(at)] };
    match (report.state, ahead.recovers_at, ahead.forecast_at, ahead.earliest_at.zip(ahead.latest_at)) {
        (Standing::Overspent, Some(at), ..) => {
            let mut turn = turn(at, "above zero again");
            turn.lines.extend(leaves(page, at).map(|number| format!("when {number} leaves")));
            vec![turn]
        }
        (Standing::Overspent, None, ..) => vec![],
        (_, _, Some(_), Some((earliest, latest))) if day(earliest) != day(latest) => vec![turn(earliest, "runs out"), turn(latest, "or as late as")],
        (_, _, Some(at), _) => vec![turn(at, "runs out")],
        (_, _, None, _) => vec![],
    }
}

/// The number of the incident whose errors leave the window at an instant.
fn leaves(page: &ObjectivePage, at: Timestamp) -> Option<usize> {
    let then = at.plus_secs(-page.report.window.length_s);
    let slice_s = page.objective.draft.slice_s.max(300);
    let left = |spender: &Spender| spender.from <= then && spender.to.is_some_and(|to| then <= to.plus_secs(slice_s));
    is_rolling(&page.report).then(|| page.spenders.iter().position(left))?.map(|place| place + 1)
}

/// The same numbers as in the list.
fn flags(page: &ObjectivePage) -> Vec<Flag> {
    let begin = page.report.window.from;
    let numbered = (1..).zip(&page.spenders);
    numbered.map(|(number, spender)| Flag { number, at: spender.from.max(begin), words: spender.title.clone() }).collect()
}

/// Spending at an even pace. In a fixed period from all to nothing; in a rolling one what older
/// spending does not occupy, less the share of the window that has passed, so that both meet at
/// zero now.
fn even(page: &ObjectivePage, left: &thin::Series) -> Vec<(Timestamp, f64)> {
    let window = &page.report.window;
    if !is_rolling(&page.report) {
        return vec![(window.from, 1.0), (window.to, 0.0)];
    }
    let Some(first) = page.left.iter().find_map(|left| left.ratio) else { return vec![] };
    let mut spent = 0.0;
    let mut line = vec![(window.from, first)];
    for day in &page.days {
        spent += day.spent_ratio.unwrap_or(0.0);
        #[allow(clippy::cast_precision_loss)] // seconds
        let passed = day.to.secs_since(window.from) as f64 / window.length_s.max(1) as f64;
        if let Some((_, left)) = left.last_at(day.to) {
            line.push((day.to, (left + spent - passed).min(1.0)));
        }
    }
    line
}

/// What comes back at once because old spending leaves the window.
fn returns(page: &ObjectivePage, wall: &Wall) -> Vec<Return> {
    if !is_rolling(&page.report) {
        return vec![];
    }
    let mut found: Vec<(Timestamp, f64)> = vec![];
    for pair in page.left.windows(2) {
        let [before, after] = pair else { continue };
        let Some(rise) = before.ratio.zip(after.ratio).map(|(before, after)| after - before).filter(|rise| *rise >= STEP) else { continue };
        match found.last_mut() {
            Some((at, all)) if after.at.secs_since(*at) <= TOGETHER_S => (*at, *all) = (after.at, *all + rise),
            _ => found.push((after.at, rise)),
        }
    }
    let named = found.into_iter().filter(|(_, rise)| *rise >= RETURN);
    let why = |at: Timestamp| {
        let then = at.plus_secs(-page.report.window.length_s);
        // The steps of one return are told as one: its incident may begin a little later.
        let slice_s = page.objective.draft.slice_s.max(300);
        let left = |gone: &&Departed| gone.from <= then.plus_secs(TOGETHER_S) && then <= gone.to.plus_secs(slice_s);
        let nearest = page.departed.iter().filter(left).min_by_key(|gone| gone.from.micros_since(then).abs());
        match nearest {
            Some(gone) => format!("{} of {} left", gone.reference, wall.day(gone.from)),
            None => format!("what {} spent left", wall.day(then)),
        }
    };
    named.map(|(at, rise)| Return { at, points: format!("+{:.0} points", rise * 100.0), why: why(at) }).collect()
}

/// When each generation after the first one began.
fn anew(page: &ObjectivePage) -> Vec<Timestamp> {
    page.generations.iter().skip(1).copied().collect()
}

fn deploys(page: &ObjectivePage) -> Vec<Deploy> {
    let before = |at: Timestamp| page.spenders.iter().any(|spender| (0..=RIGHT_BEFORE_S).contains(&spender.from.secs_since(at)));
    page.deploys.iter().map(|deploy| Deploy { at: deploy.at, before_incident: before(deploy.at) }).collect()
}

/// In minutes; without a budget in time, in hundredths of the budget.
fn daily(page: &ObjectivePage) -> Option<Daily> {
    let report = &page.report;
    let in_minutes = report.budget_minutes > 0.0;
    let whole = if in_minutes { report.budget_minutes } else { 100.0 };
    let day = |day: &crate::domain::slo::report::Day| Day { from: day.from, to: day.to, spent: day.spent_ratio.map(|ratio| ratio * whole) };
    #[allow(clippy::cast_precision_loss)] // seconds
    let pace = whole * DAY as f64 / report.window.length_s.max(1) as f64;
    (!page.days.is_empty()).then(|| Daily {
        heading: if in_minutes { "Spent each day, minutes" } else { "Spent each day, points" }.to_owned(),
        column: if in_minutes { "Spent, minutes" } else { "Spent, points" },
        days: page.days.iter().map(day).collect(),
        pace,
        pace_words: format!("even: {} a day", two_digits(pace)),
    })
}

/// What a pair of windows is called: the first is the fastest.
pub fn pair_name(place: usize, count: usize) -> String {
    match place {
        0 => "Fast".to_owned(),
        1 => "Slow".to_owned(),
        place if place + 1 == count => "Trickle".to_owned(),
        2 => "Steady".to_owned(),
        place => format!("Pair {}", place + 1),
    }
}

/// How fast it burned, over both windows of a pair: the last day, or longer for long windows.
pub fn burning(page: &ObjectivePage, series: &Series, name: &str, pair: &BurnAlert, wall: Wall) -> Option<Burn> {
    let budget = page.objective.draft.target.budget();
    let until_s = page.report.watermark?.epoch_secs();
    let slice_s = page.objective.draft.slice_s;
    let length_s = (pair.long_s * 8).clamp(DAY, page.report.window.length_s.max(DAY));
    let step_s = ((length_s / BURN_STEPS) / slice_s + 1) * slice_s;
    let steps = length_s / step_s;
    let rate = |at_s: i64, long_s: i64| series.sum(at_s - long_s, at_s).error_ratio().filter(|_| budget > 0.0).map(|errors| errors / budget);
    let over = |long_s: i64| {
        let at = (0..=steps).map(|n| until_s - (steps - n) * step_s);
        thin::Series::new(at.map(|at_s| (frame::at(at_s), rate(at_s, long_s))).collect())
    };
    let from = frame::at(until_s - steps * step_s);
    let named = |secs: i64| (wording::span(secs), over(secs));
    Some(Burn {
        title: format!("{name}: {}", verdict(pair, page.objective.draft.alerting.enabled)),
        from,
        until: frame::at(until_s),
        long: named(pair.long_s),
        short: named(pair.short_s),
        threshold: pair.factor,
        gaps: page.gaps.iter().map(|gap| Span { from: gap.from, to: gap.to }).collect(),
        anew: anew(page),
        wall,
    })
}

/// How a pair stands, in a word or two; why nothing is raised where both rates are above.
pub fn verdict(pair: &BurnAlert, is_enabled: bool) -> &'static str {
    use crate::domain::slo::burn::BurnState;
    match pair.state {
        _ if pair.held_back => "held back by the page alert",
        _ if pair.frozen => "frozen, too little is measured",
        _ if pair.firing => "fires",
        BurnState::Recovering => "calming down",
        BurnState::Increasing => "rising",
        BurnState::Critical if !is_enabled => "above both, raises nothing: alerting is off",
        BurnState::Critical => "above both, raises nothing: too few are bad",
        BurnState::Acceptable => "quiet",
    }
}

/// `180× and 300×`.
pub fn rates(pair: &BurnAlert) -> String {
    let rate = |rate: Option<f64>| rate.map_or_else(|| "not measured".to_owned(), |rate| format!("{}×", two_digits(rate)));
    format!("{} and {}", rate(pair.long_burn), rate(pair.short_burn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        charts::{Role, Shape, burn, burn_down},
        domain::slo::{
            calendar::{Unit, Window},
            cost::Span as Incident,
            objective::Objective,
            page::{self, Around},
            report::Deploy as Change,
            tests::{DAY, HOUR, NOW_S, a_series, an_incident, an_objective, now, slices, with},
            zone::Utc,
        },
    };

    fn a_page(objective: &Objective, series: &Series, incidents: &[Incident]) -> ObjectivePage {
        let deploys = incidents.iter().map(|incident| Change { at: incident.from.plus_secs(-600), title: "v2".into() }).collect();
        let around = Around { incidents, deploys, exclusions: vec![], gate: None, generations: vec![now()], backfilled: None, trouble: None, previous: &[] };
        page::page(objective, series, 0, around, now(), &Utc)
    }

    /// Half of the budget in an hour twenty-two days ago, more than the other half in the last one; one
    /// of two weeks before the window has left meanwhile.
    fn overspent() -> (ObjectivePage, Series) {
        let objective = an_objective();
        let spans = [(NOW_S - 22 * DAY, 800.0), (NOW_S - HOUR, 900.0), (NOW_S - 36 * DAY, 400.0)];
        let bad = |start: i64| spans.iter().find(|(from, _)| (*from..from + HOUR).contains(&start)).map_or(0.0, |(_, bad)| *bad);
        let series = a_series(&objective, &slices(NOW_S - 60 * DAY, NOW_S, bad));
        let incidents = [an_incident(1, NOW_S - 22 * DAY, Some(NOW_S - 22 * DAY + HOUR)), an_incident(2, NOW_S - HOUR, None)];
        (a_page(&objective, &series, &incidents), series)
    }

    #[test]
    fn what_is_overspent_comes_back_when_its_incident_leaves() {
        let (page, _) = overspent();
        let picture = budget_left(&page, Zone::Utc);
        assert!(picture.title.starts_with("Checkout is ") && picture.title.contains(" over budget. Back above zero on "), "{}", picture.title);
        assert_eq!(picture.flags.iter().map(|flag| flag.number).collect::<Vec<_>>(), [1, 2]);
        let Forecast::Expected { assumption, line, turns, .. } = &picture.forecast else { panic!("it has a forecast") };
        assert_eq!(assumption, "if INC-2 ended now");
        assert_eq!(turns.iter().map(|turn| turn.lines.join(" ")).collect::<Vec<_>>(), ["above zero again Sat 28 Nov when 1 leaves"]);
        assert!(line.is_sorted_by_key(|(at, _)| *at) && line.contains(&(turns[0].at, 0.0)));
        assert_eq!(picture.returns.iter().map(|back| back.why.as_str()).collect::<Vec<_>>(), ["what 15 Oct spent left"]);
        assert_eq!(page.spenders.len(), 2, "what has left spends nothing of this window");
        assert!(picture.deploys.iter().all(|deploy| deploy.before_incident));
        // Both meet at zero now, and what each day spent is what is gone.
        let (_, even) = *picture.even.last().expect("it is a line");
        assert!(even.abs() < 0.01, "{even}");
        let daily = picture.daily.as_ref().expect("there are days");
        let spent: f64 = daily.days.iter().filter_map(|day| day.spent).sum();
        let gone = page.report.budget_minutes * page.report.tally.consumed_ratio.expect("it is known");
        assert!((spent - gone).abs() < 1e-6 * gone, "{spent} is not {gone}");
        let scene = burn_down::scene(&picture, 1_000.0);
        assert!(scene.labels.iter().any(|label| label.words == "Sat 28 Nov"));
        assert_eq!(note(&page, Zone::Utc), "last 30 days, 10 d ahead if INC-2 ended now · 100 % measured");
    }

    #[test]
    fn what_came_back_names_the_incident_that_left() {
        let (page, series) = overspent();
        let began = NOW_S - 36 * DAY;
        let named = |from: i64, to: i64| {
            let incidents =
                [an_incident(1, NOW_S - 22 * DAY, Some(NOW_S - 22 * DAY + HOUR)), an_incident(2, NOW_S - HOUR, None), an_incident(3, from, Some(to))];
            let page = a_page(&page.objective, &series, &incidents);
            (budget_left(&page, Zone::Utc).returns.into_iter().map(|back| back.why).collect::<Vec<_>>(), page.spenders.len())
        };
        assert_eq!(named(began, began + HOUR), (vec!["INC-3 of 15 Oct left".to_owned()], 2));
        assert_eq!(named(began - 3 * DAY, began - 2 * DAY), (vec!["what 15 Oct spent left".to_owned()], 2), "one of another day has nothing to do with it");
    }

    #[test]
    fn a_closer_look_has_the_readings_themselves() {
        let (page, series) = overspent();
        let view = View { from: frame::at(NOW_S - 22 * DAY - HOUR), until: frame::at(NOW_S - 22 * DAY + 2 * HOUR) };
        let near = closer(budget_left(&page, Zone::Utc), view, &page, Some(&series));
        assert_eq!((near.from, near.until), (view.from, view.until));
        let within = near.left.iter().filter(|(at, _)| (view.from..=view.until).contains(at)).count();
        assert!((36..=38).contains(&within), "three hours of five minutes: {within}");
        let alone = closer(budget_left(&page, Zone::Utc), view, &page, None);
        assert!(alone.left.iter().count() > 100, "before the readings are here, the whole line is looked at");
    }

    #[test]
    fn what_is_not_measured_has_no_forecast_and_says_why() {
        let objective = an_objective();
        let page = a_page(&objective, &a_series(&objective, &slices(NOW_S - DAY, NOW_S, |_| 0.0)), &[]);
        let picture = budget_left(&page, Zone::Utc);
        assert_eq!(picture.forecast, Forecast::Unknown { why: "too little is measured".to_owned() });
        assert!(note(&page, Zone::Utc).contains("no forecast: too little is measured"));
        let nothing = a_page(&objective, &a_series(&objective, &[]), &[]);
        assert!(budget_left(&nothing, Zone::Utc).last.is_none());
        assert!(burning(&nothing, &a_series(&objective, &[]), "Fast", &page.report.alerts[0], Wall::utc()).is_none());
    }

    #[test]
    fn a_fixed_period_is_spent_evenly_from_all_to_nothing() {
        let objective = with(|draft| draft.windows = vec![Window::calendar(Unit::Month, 1, "UTC")]);
        let page = a_page(&objective, &a_series(&objective, &slices(NOW_S - 60 * DAY, NOW_S, |_| 1.0)), &[]);
        let picture = budget_left(&page, Zone::Utc);
        assert_eq!((picture.even.clone(), picture.until), (vec![(page.report.window.from, 1.0), (page.report.window.to, 0.0)], page.report.window.to));
        assert!(picture.returns.is_empty());
    }

    #[test]
    fn burn_rates_rise_above_what_they_are_measured_by() {
        let (page, series) = overspent();
        let names: Vec<String> = (0..4).map(|place| pair_name(place, 4)).collect();
        assert_eq!(names, ["Fast", "Slow", "Steady", "Trickle"]);
        let alert = &page.report.alerts[0];
        let picture = burning(&page, &series, "Fast", alert, Wall::utc()).expect("it was measured");
        assert_eq!((picture.title.as_str(), rates(alert).as_str()), ("Fast: fires", "230× and 450×"));
        let silent = BurnAlert { firing: false, ..alert.clone() };
        assert_eq!(verdict(&silent, false), "above both, raises nothing: alerting is off");
        assert_eq!(verdict(&silent, true), "above both, raises nothing: too few are bad");
        let (_, highest) = picture.short.1.extremes(picture.from, picture.until).expect("it was measured");
        assert!((highest - 450.0).abs() < 1e-6, "900 of 2,000, against one in a thousand: {highest}");
        assert!(
            burn::scene(&picture, 700.0).marks.iter().any(|mark| mark.role == Role::Threshold && matches!(mark.shape, Shape::Line { .. } | Shape::Path(_)))
        );
    }
}
