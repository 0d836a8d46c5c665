//! Where a figure comes from: formula, what was put in, what was left out, what was not measured
//! and which incidents stand behind it. The same for the derivation panel and the command line.

use super::{
    burn::{Pair, Urgency},
    exclusion::Exclusion,
    frame::at,
    objective::{Alerted, Indicator, Method, Objective},
    report::{Brief, BudgetReport, Gap, Spender, Standing},
    words,
    zone::Zone,
};
use crate::domain::metrics::{Range, words as figures};
use crate::domain::{
    reading::{Readable, Reader},
    time::Timestamp,
    wording,
};
use serde::{Deserialize, Serialize};

/// A figure with everything behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Derivation {
    pub objective: Brief,
    /// As known at.
    pub at: Timestamp,
    pub from: Timestamp,
    pub to: Timestamp,
    /// `−7 %`.
    pub figure: String,
    /// `3.1 min over`.
    pub left: String,
    pub formula: Vec<String>,
    pub inputs: Vec<Line>,
    /// What is counted, and what of it is good.
    pub population: Vec<String>,
    /// Which pairs of windows its slices are too long for, and what it alerts by instead.
    #[serde(default)]
    pub alerts: Vec<String>,
    pub left_out: Vec<Line>,
    /// A sentence; then every gap with its length, the longest first.
    pub not_measured: String,
    pub gaps: Vec<Line>,
    /// A sentence; then what spent most, by time.
    pub behind: String,
    pub incidents: Vec<Line>,
    /// The command that computes it anew from what is stored.
    pub check: String,
    /// Which wording of the objective it follows.
    pub revision: String,
}

/// A line of two columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub label: String,
    pub value: String,
}

/// So many gaps are named; of more the rest is counted.
const GAPS_NAMED: usize = 5;

/// How a report came about. `gaps` are those of [`super::line::gaps`], `exclusions` what is left
/// out of the window with the times at which it is ([`super::exclusion::ExclusionDraft::times`]), `spenders` those of [`super::cost::spenders`] with what was spent beside them.
pub fn explain(
    objective: &Objective,
    report: &BudgetReport,
    gaps: &[Gap],
    exclusions: &[(&Exclusion, Vec<(i64, i64)>)],
    spenders: (&[Spender], f64),
    zone: &dyn Zone,
) -> Derivation {
    let range = Range { from: report.window.from, to: report.window.to };
    Derivation {
        objective: report.objective.clone(),
        at: report.at,
        from: report.window.from,
        to: report.window.to,
        figure: report.tally.remaining_ratio.map_or_else(|| "—".to_owned(), words::percent),
        left: words::left(report),
        formula: formula(objective, report),
        inputs: inputs(objective, report),
        population: population(objective),
        alerts: lengthened(objective),
        left_out: left_out(objective, report, exclusions, &range, zone),
        not_measured: not_measured(report, gaps),
        gaps: gap_lines(report, gaps, zone),
        behind: behind(report, spenders),
        incidents: incident_lines(spenders),
        check: check(objective, report),
        revision: format!(
            "Revision {} of {} by {}, readings since {}",
            objective.revision, objective.updated_at, objective.updated_by, objective.generation_at
        ),
    }
}

/// The command that explains the same window. Names of windows hold spaces, and never a quote.
fn check(objective: &Objective, report: &BudgetReport) -> String {
    let name = &report.window.name;
    let window = if *name == objective.window().to_string() { String::new() } else { format!(" --window '{name}'") };
    format!("tocsin slo explain {}{window} --at {}", objective.draft.name, report.at)
}

fn line(label: impl Into<String>, value: impl Into<String>) -> Line {
    Line { label: label.into(), value: value.into() }
}

/// `18,524`; below a hundred with its decimals, because readings are estimates.
fn number(count: f64) -> String {
    if count.abs() < 100.0 && count.fract() != 0.0 {
        return figures::two_digits(count);
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts, and not below zero here
    let whole = wording::grouped(count.abs().round() as usize);
    if count < 0.0 && whole != "0" { format!("−{whole}") } else { whole }
}

fn is_expected(report: &BudgetReport, objective: &Objective) -> bool {
    let counted = objective.draft.target.budget() * report.tally.total;
    (report.tally.allowed_bad - counted).abs() > 1e-9 * counted.max(1.0)
}

fn formula(objective: &Objective, report: &BudgetReport) -> Vec<String> {
    let target = objective.draft.target.ratio_text();
    let base = if is_expected(report, objective) { "expected" } else { "total" };
    vec!["left = 1 − bad / allowed".to_owned(), format!("allowed = {base} × (1 − {target})")]
}

fn inputs(objective: &Objective, report: &BudgetReport) -> Vec<Line> {
    let tally = &report.tally;
    let unit = &report.unit;
    let mut lines = vec![line(format!("bad {unit}"), number(tally.bad)), line(format!("total {unit}"), number(tally.total))];
    if is_expected(report, objective) {
        let basis = if objective.draft.method.counts_time() { "expected: slices of the whole period" } else { "expected: as many as in the period before" };
        lines.push(line(basis, number(tally.allowed_bad / objective.draft.target.budget())));
    }
    lines.push(line("allowed", number(tally.allowed_bad)));
    if let Some(left) = tally.remaining_ratio {
        lines.push(line(format!("1 − {} / {}", number(tally.bad), number(tally.allowed_bad)), format!("{left:.3}").replace('-', "−")));
    }
    if let Some(minutes) = report.remaining_minutes {
        let budget = figures::duration(report.budget_minutes * 60.0);
        let label = if objective.draft.method.counts_time() {
            format!("of {budget}")
        } else if report.is_part() {
            format!("of {budget}, if everything failed, and with what is missing good")
        } else {
            format!("of {budget}, if everything failed")
        };
        lines.push(line(label, words::minutes_left(minutes)));
    }
    if let Some(sli) = tally.sli {
        lines.push(line(format!("good, for a target of {}", objective.draft.target.percent_text()), figures::availability(sli)));
    }
    lines
}

fn population(objective: &Objective) -> Vec<String> {
    let draft = &objective.draft;
    let mut said = Vec::new();
    if !draft.description.is_empty() {
        said.push(draft.description.clone());
    }
    let source = draft.source.as_deref().map(|source| format!(" in {source}")).unwrap_or_default();
    said.push(match &draft.indicator {
        Indicator::Ratio { good: Some(good), total, .. } => format!("Good: {good}; of all: {total}{source}."),
        Indicator::Ratio { bad, total, .. } => format!("Bad: {}; of all: {total}{source}.", bad.as_deref().unwrap_or("none")),
        Indicator::Latency { histogram, threshold_s, .. } => format!("Good: answered within {threshold_s} s, by {histogram}{source}."),
        Indicator::Probe { query, .. } => format!("Good: while {query} is 1{source}."),
        Indicator::Threshold { query, op, value, .. } => format!("Good: while {query} is {} {value}{source}.", op.words()),
        Indicator::Telemetry { service, operation, threshold_s } => {
            let of = operation.as_deref().map(|operation| format!(" ({operation})")).unwrap_or_default();
            let good = threshold_s.map_or_else(|| "without an error".to_owned(), |threshold_s| format!("that took at most {threshold_s} s"));
            format!("Good: calls of {service}{of} {good}, as its traces tell.")
        }
        Indicator::Pushed => "Readings are sent to us.".to_owned(),
        Indicator::Composite { of, .. } => {
            let names: Vec<&str> = of.iter().map(|part| part.objective.as_str()).collect();
            format!(
                "Made from {}: of each cell of time that they measured. It is a mean over time; how much each of them had to do does not count.",
                wording::list(&names)
            )
        }
    });
    if draft.indicator.absent_is_bad() {
        said.push(
            "A slice without a sample is bad where the source answers; what was before the objective was made, or measured anew, stays a gap.".to_owned(),
        );
    }
    let slice = wording::span(draft.slice_s);
    said.push(match (draft.method, draft.slice_target) {
        (Method::Occurrences, _) => format!("Every event counts once; it is read every {slice}."),
        (Method::Timeslices, Some(target)) => format!("A slice of {slice} is good when {} of it is; every slice counts once.", target.percent_text()),
        (Method::Timeslices, None) => format!("A slice of {slice} is good or bad as a whole; every slice counts once."),
        (Method::RatioTimeslices, _) => format!("The mean of each slice's ratio, every slice of {slice} counting once."),
    });
    said
}

/// The pairs of windows that its slices are too long for, and what they are instead.
fn lengthened(objective: &Objective) -> Vec<String> {
    let slice = wording::span(objective.draft.slice_s);
    let of = |pair: &Pair| format!("{} and {} above {}×", wording::span(pair.long_s), wording::span(pair.short_s), figures::two_digits(pair.factor));
    let said = |alerted: Alerted| {
        let verb = match alerted.pair.urgency {
            Urgency::Page => "pages",
            Urgency::Ticket => "opens a ticket",
        };
        let spent = words::percent(alerted.pair.share(objective.window().usual_secs()));
        Some(format!(
            "Slices of {slice} are too long to alert by {}: it {verb} by {}, when the same {spent} of the budget is spent.",
            of(&alerted.shorter?),
            of(&alerted.pair)
        ))
    };
    objective.draft.alerted().into_iter().filter_map(said).collect()
}

fn left_out(objective: &Objective, report: &BudgetReport, exclusions: &[(&Exclusion, Vec<(i64, i64)>)], range: &Range, zone: &dyn Zone) -> Vec<Line> {
    let service = objective.draft.service.as_deref();
    let mut lines: Vec<Line> = Vec::new();
    for (exclusion, times) in exclusions.iter().filter(|(exclusion, _)| exclusion.draft.covers(&objective.draft.name, service)) {
        let clipped = |(from, to): (i64, i64)| (to.min(range.to.epoch_secs()) - from.max(range.from.epoch_secs())).max(0);
        let lasted: i64 = times.iter().copied().map(clipped).sum();
        if let Some((first, _)) = times.first().filter(|_| lasted > 0) {
            let again = if times.len() > 1 { format!(", {} times", times.len()) } else { String::new() };
            lines.push(line(format!("{}, {}{again}", exclusion.draft.reason, words::short_day(at(*first), zone)), wording::span(lasted)));
        }
    }
    if report.raw != report.tally {
        let unit = &report.unit;
        lines.push(line(format!("with it: bad of total {unit}"), format!("{} of {}", number(report.raw.bad), number(report.raw.total))));
        if let Some(left) = report.raw.remaining_ratio {
            lines.push(line("with it: left", words::percent(left)));
        }
    }
    lines
}

fn not_measured(report: &BudgetReport, gaps: &[Gap]) -> String {
    if gaps.is_empty() && report.state != Standing::NotMeasured {
        return "Everything was measured.".to_owned();
    }
    if report.watermark.is_none() {
        return "Nothing was measured yet.".to_owned();
    }
    let missing: i64 = gaps.iter().map(|gap| gap.to.secs_since(gap.from)).sum();
    let counted = format!("{} of the window was measured; {} is missing and counts as nothing.", words::percent(report.coverage), wording::span(missing));
    match words::range(report) {
        Some(range) => format!("{counted} Had all of it been bad or good, {range} would be left."),
        None => counted,
    }
}

fn gap_lines(report: &BudgetReport, gaps: &[Gap], zone: &dyn Zone) -> Vec<Line> {
    let mut longest: Vec<&Gap> = gaps.iter().collect();
    longest.sort_by_key(|gap| std::cmp::Reverse(gap.to.secs_since(gap.from)));
    let name = |gap: &&Gap| line(format!("from {}", words::clock(gap.from, report.at, zone)), wording::span(gap.to.secs_since(gap.from)));
    let mut lines: Vec<Line> = longest.iter().take(GAPS_NAMED).map(name).collect();
    if let Some(rest) = longest.get(GAPS_NAMED..).filter(|rest| !rest.is_empty()) {
        lines.push(line(format!("{} shorter ones", rest.len()), wording::span(rest.iter().map(|gap| gap.to.secs_since(gap.from)).sum())));
    }
    lines
}

fn behind(report: &BudgetReport, (spenders, beside): (&[Spender], f64)) -> String {
    let named: f64 = spenders.iter().map(|spender| spender.bad).sum();
    let spent = report.tally.consumed_ratio.unwrap_or(0.0);
    if spenders.is_empty() {
        return if spent > 0.0 { format!("No incident: {} was spent beside them.", words::percent(beside)) } else { "Nothing was spent.".to_owned() };
    }
    let share = if report.tally.bad > 0.0 { format!(", {} of what was spent", words::percent(named / report.tally.bad)) } else { String::new() };
    format!("{} named{share}. Shares follow what was bad between the start and the end of impact, beyond what is usual then.", spenders.len())
}

fn incident_lines((spenders, beside): (&[Spender], f64)) -> Vec<Line> {
    let shared = |spender: &Spender| if spender.shared { ", shared" } else { "" };
    let mut lines: Vec<Line> =
        spenders.iter().map(|spender| line(format!("{} {}{}", spender.reference, spender.title, shared(spender)), words::percent(spender.ratio))).collect();
    if beside > 0.0 {
        lines.push(line("all else", words::percent(beside)));
    }
    lines
}

/// As text, for the command line.
pub fn text(derivation: &Derivation) -> String {
    let Derivation { objective, at, from, to, .. } = derivation;
    let mut text = format!("{} ({})\n{}  {} as of {at}\nWindow {from} to {to}\n", objective.title, objective.name, derivation.figure, derivation.left);
    let mut section = |title: &str, said: &[String], lines: &[Line]| {
        if said.is_empty() && lines.is_empty() {
            return;
        }
        text.push_str(&format!("\n{title}\n"));
        said.iter().for_each(|said| text.push_str(&format!("  {said}\n")));
        let width = lines.iter().map(|line| line.label.chars().count()).max().unwrap_or(0);
        lines.iter().for_each(|line| text.push_str(&format!("  {:width$}  {}\n", line.label, line.value)));
    };
    section("Formula", &derivation.formula, &[]);
    section("Put in", &[], &derivation.inputs);
    section("Population", &derivation.population, &[]);
    section("Alerts", &derivation.alerts, &[]);
    section("Left out", &[], &derivation.left_out);
    section("Not measured", std::slice::from_ref(&derivation.not_measured), &derivation.gaps);
    section("Incidents behind it", std::slice::from_ref(&derivation.behind), &derivation.incidents);
    section("Check it yourself", &[derivation.check.clone(), derivation.revision.clone()], &[]);
    text
}

impl Readable for Line {
    fn read(from: Reader<'_>) -> Self {
        Self { label: from.get("label"), value: from.get("value") }
    }
}

impl Readable for Derivation {
    fn read(from: Reader<'_>) -> Self {
        Self {
            objective: from.get("objective"),
            at: from.get("at"),
            from: from.get("from"),
            to: from.get("to"),
            figure: from.get("figure"),
            left: from.get("left"),
            formula: from.get("formula"),
            inputs: from.get("inputs"),
            population: from.get("population"),
            alerts: from.get("alerts"),
            left_out: from.get("left_out"),
            not_measured: from.get("not_measured"),
            gaps: from.get("gaps"),
            behind: from.get("behind"),
            incidents: from.get("incidents"),
            check: from.get("check"),
            revision: from.get("revision"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            assess,
            calendar::Window,
            cost,
            exclusion::ExclusionDraft,
            line,
            page::{Around, page},
            report::Deploy,
            tests::*,
            zone::Utc,
        },
        *,
    };
    use crate::domain::ids::ExclusionId;
    use uuid::Uuid;

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
                ends_at: None,
                reason: "maintenance".into(),
                category: "maintenance".into(),
            },
            author: "Mara".into(),
            created_at: now(),
        };
        let times = exclusion.draft.times(&crate::domain::metrics::Range { from: report.window.from, to: report.window.to }, &Utc);
        let derivation = explain(&objective, &report, &line::gaps(&series, &frame), &[(&exclusion, times)], (&spenders, beside), &Utc);
        let said = text(&derivation);
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
            assert!(said.contains(part), "{part} is not in\n{said}");
        }
        reads_back(&derivation);
        // Of another of its windows that one is explained.
        let month = Window::parse("month in Europe/Berlin").expect("it is a window");
        let several = with(|draft| draft.windows = vec![Window::rolling_days(30), Window::rolling_days(7), month]);
        let checks = [0, 1, 2].map(|window| {
            let report = assess::report(&several, &series, window, now(), &Utc, &[]);
            explain(&several, &report, &[], &[], (&[], 0.0), &Utc).check
        });
        let commands = ["", " --window '7d'", " --window 'calendar month in Europe/Berlin'"];
        assert_eq!(checks, commands.map(|window| format!("tocsin slo explain checkout{window} --at {}", now())));
        let around = Around {
            incidents: &[an_incident(418, from, Some(to))],
            deploys: vec![Deploy { at: now(), title: "v2".into() }],
            exclusions: vec![exclusion],
            gate: None,
            generations: vec![now()],
            backfilled: Some(0.5),
            trouble: None,
            previous: &[],
        };
        let page = page(&objective, &series, 0, around, now(), &Utc);
        assert_eq!((page.spenders.len(), page.days.len(), page.report.tally), (1, 31, report.tally));
        assert_eq!(page.forecast.first().and_then(|left| left.ratio), report.tally.remaining_ratio);
        assert!(page.left.len() < 1_700 && page.forecast.len() <= 242);
        reads_back(&page);
        reads_back(&report);
    }
}
