//! What the executive board says first, and in which order objectives stand.

use super::{
    report::{BudgetReport, Headline, ObjectiveRow, Standing},
    words,
    zone::Zone,
};
use crate::domain::time::Timestamp;
use std::cmp::Ordering;

/// The worst first: what is overspent by how far, what is low by when it runs out, then by what is
/// left; of the rest, what is not known at all comes before what is.
pub fn order(rows: &mut [ObjectiveRow]) {
    rows.sort_by(|a, b| {
        let by_standing = rank(a).cmp(&rank(b));
        by_standing.then_with(|| by_date(a, b)).then_with(|| left(a).total_cmp(&left(b))).then_with(|| a.report.objective.name.cmp(&b.report.objective.name))
    });
}

fn rank(row: &ObjectiveRow) -> u8 {
    match row.report.state {
        Standing::Overspent => 0,
        Standing::Low => 1,
        Standing::NotMeasured | Standing::Within => 2,
    }
}

fn by_date(a: &ObjectiveRow, b: &ObjectiveRow) -> Ordering {
    let date = |row: &ObjectiveRow| row.report.exhaustion.forecast_at.filter(|_| row.report.state == Standing::Low);
    match (date(a), date(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn left(row: &ObjectiveRow) -> f64 {
    row.report.tally.remaining_ratio.unwrap_or(f64::NEG_INFINITY)
}

/// The sentence that answers “are we within our objectives?”. The rows stand in [`order`].
pub fn headline(rows: &[ObjectiveRow], now: Timestamp, zone: &dyn Zone) -> Headline {
    let of = |state: Standing| rows.iter().filter(move |row| row.report.state == state);
    let needy = of(Standing::Overspent).count() + of(Standing::Low).count();
    let unmeasured = of(Standing::NotMeasured).count();
    let over: Vec<&ObjectiveRow> = of(Standing::Overspent).collect();
    let worst = match over.as_slice() {
        [] => None,
        [one] => Some(format!("{} is over budget.", one.report.objective.title)),
        [one, rest @ ..] => Some(format!("{} and {} more are over budget.", one.report.objective.title, rest.len())),
    };
    let next = of(Standing::Low).filter_map(|row| Some((row.report.exhaustion.forecast_at?, row))).min_by_key(|(at, _)| *at);
    Headline {
        words: words_of(rows.len(), needy, unmeasured),
        worst,
        next: next.map(|(at, row)| format!("{} runs out {}.", row.report.objective.title, words::when(at, now, zone))),
    }
}

fn words_of(all: usize, needy: usize, unmeasured: usize) -> String {
    let measured = all - unmeasured;
    match (all, needy) {
        (0, _) => "No objective is set yet. Set one for a service, or apply a file of them, and this says whether it is kept.".to_owned(),
        (1, 0) if measured == 1 => "The only objective is within budget.".to_owned(),
        (1, 0) => "The only objective is not measured.".to_owned(),
        (_, 0) if measured == 0 => format!("None of the {all} objectives is measured."),
        (_, 0) if unmeasured > 0 => format!("All {measured} measured objectives are within budget; {} not measured.", are(unmeasured)),
        (_, 0) => format!("All {all} objectives are within budget."),
        (1, _) => "The only objective needs attention.".to_owned(),
        (_, 1) => format!("1 of {all} objectives needs attention."),
        _ => format!("{needy} of {all} objectives need attention."),
    }
}

fn are(n: usize) -> String {
    if n == 1 { "1 is".to_owned() } else { format!("{n} are") }
}

/// One line for all that are within budget: `13 within budget, 41 to 96 % left`.
pub fn within(rows: &[ObjectiveRow]) -> Option<String> {
    let within: Vec<&ObjectiveRow> = rows.iter().filter(|row| row.report.state == Standing::Within).collect();
    let left = || within.iter().filter_map(|row| row.report.tally.remaining_ratio);
    let (lowest, highest) = (left().reduce(f64::min)?, left().reduce(f64::max)?);
    let (low, high) = (words::percent(lowest), words::percent(highest));
    let range = if low == high { high } else { format!("{} to {high}", low.trim_end_matches(" %")) };
    Some(format!("{} within budget, {range} left", within.len()))
}

/// What an objective's page says first, in three parts: the middle one is the figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// `Checkout is `.
    pub before: String,
    /// `3.1 min over budget`.
    pub figure: String,
    /// `. Back above zero on Friday.`
    pub after: String,
}

impl Said {
    pub fn whole(&self) -> String {
        format!("{}{}{}", self.before, self.figure, self.after)
    }
}

/// “Checkout is 3.1 min over budget. Back above zero on Friday.”
pub fn one(report: &BudgetReport, now: Timestamp, zone: &dyn Zone) -> Said {
    let title = &report.objective.title;
    let left = words::left(report);
    let ahead = &report.exhaustion;
    let is_over = report.state == Standing::Overspent && report.tally.remaining_ratio.is_some();
    let (before, figure) = match report.state {
        Standing::NotMeasured if report.tally.remaining_ratio.is_none() => (format!("{title} is "), "not measured".to_owned()),
        Standing::NotMeasured => (format!("Too little is measured of {title}: "), format!("{left}{}", if left.ends_with("left") { "" } else { " left" })),
        Standing::Overspent if is_over => (format!("{title} is "), format!("{left} budget")),
        _ if report.tally.remaining_ratio.is_none() => (format!("{title}: "), left),
        _ => (format!("{title} has "), left),
    };
    let after = match (report.state, ahead.recovers_at, ahead.forecast_at, ahead.projected_end_ratio) {
        (Standing::NotMeasured, ..) => format!(". {}", report.words),
        (Standing::Overspent, Some(at), ..) => format!(". Back above zero {}.", words::when(at, now, zone)),
        (Standing::Overspent, None, ..) => ".".to_owned(),
        (_, _, Some(at), _) => format!(". It runs out {}.", words::when(at, now, zone)),
        (_, _, None, Some(end)) if end < 0.0 => format!(". At this pace it ends {} over.", words::percent(-end)),
        (Standing::Within, ..) if report.tally.remaining_ratio.is_some() => ". It lasts at this pace.".to_owned(),
        (Standing::Low | Standing::Within, ..) => ".".to_owned(),
    };
    Said { before, figure, after }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{frame::at, tests::*, zone::Utc},
        *,
    };

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
        order(&mut rows);
        let names: Vec<&str> = rows.iter().map(|row| row.report.objective.title.as_str()).collect();
        assert_eq!(names, ["Checkout", "Search", "Gateway", "Mail", "Pay", "Media", "Billing"]);
        let said = headline(&rows, now(), &Utc);
        assert_eq!(said.words, "4 of 7 objectives need attention.");
        assert_eq!(said.worst.as_deref(), Some("Checkout is over budget."));
        assert_eq!(said.next.as_deref(), Some("Search runs out on Thursday."));
        assert_eq!(within(&rows).as_deref(), Some("2 within budget, 41 to 90 % left"));
        let well = [row("Pay", Standing::Within, 0.4, None), row("Billing", Standing::Within, 0.9, None)];
        assert_eq!(headline(&well, now(), &Utc), Headline { words: "All 2 objectives are within budget.".into(), worst: None, next: None });
        let mut some = well.to_vec();
        some.push(row("Media", Standing::NotMeasured, 0.5, None));
        assert_eq!(headline(&some, now(), &Utc).words, "All 2 measured objectives are within budget; 1 is not measured.");
        assert!(headline(&[], now(), &Utc).words.starts_with("No objective is set yet."));
        reads_back(&said);
        rows.iter().for_each(reads_back);
    }

    #[test]
    fn one_objective_says_its_figure_first_and_then_what_comes() {
        let mut report = report_of(&an_objective(), &with_outage(0, 0, 0.0));
        report.objective.title = "Checkout".into();
        let mut said = |state, left: Option<f64>, minutes, recovers: Option<i64>, out: Option<i64>| {
            report.state = state;
            report.tally.remaining_ratio = left;
            report.remaining_minutes = minutes;
            report.exhaustion.recovers_at = recovers.map(at);
            report.exhaustion.forecast_at = out.map(at);
            one(&report, now(), &Utc).whole()
        };
        assert_eq!(
            said(Standing::Overspent, Some(-0.07), Some(-3.1), Some(NOW_S + 5 * DAY), None),
            "Checkout is 3.1 min over budget. Back above zero on Wednesday."
        );
        assert_eq!(said(Standing::Low, Some(0.1), Some(4.3), None, Some(NOW_S + 6 * DAY)), "Checkout has 4.3 min left. It runs out on Thursday.");
        assert_eq!(said(Standing::Within, Some(0.9), Some(39.0), None, None), "Checkout has 39 min left. It lasts at this pace.");
        assert!(said(Standing::NotMeasured, None, None, None, None).starts_with("Checkout is not measured. "));
    }
}
