//! What the executive board says first, and in which order objectives stand.

use super::{
    report::{Headline, ObjectiveRow, Standing},
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
}
