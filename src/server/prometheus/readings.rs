//! Answers, as good and total per slice.
//!
//! What is missing stays missing: a slice without a sample, or with one that is no number, has no
//! reading. A slice in which nothing happened has one of 0 of 0.

use super::{
    Client,
    answer::{Point, Series},
    asking::{AskError, Meaning, Plan},
};
use std::collections::{BTreeMap, BTreeSet};

/// What one closed slice `[start_s, start_s + width_s)` holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Seconds since 1970.
    pub start_s: i64,
    pub width_s: i64,
    /// From 0 to `total`.
    pub good: f64,
    pub total: f64,
    /// More good than there were, or less than none: cut to what can be.
    pub is_good_over_total: bool,
}

/// The readings of a range, oldest first, without the gaps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    pub readings: Vec<Reading>,
    /// How many slices were asked for.
    pub expected: usize,
    /// The source has been at zero for a day: it may never have counted anything, so that nothing
    /// good is no outage.
    pub is_suspect_zero: bool,
}

impl Measured {
    pub fn good(&self) -> f64 {
        self.readings.iter().map(|reading| reading.good).sum()
    }

    pub fn total(&self) -> f64 {
        self.readings.iter().map(|reading| reading.total).sum()
    }

    pub fn is_good_over_total(&self) -> bool {
        self.readings.iter().any(|reading| reading.is_good_over_total)
    }
}

/// Estimates of one and the same thing differ in their last digits; more than this is a difference.
const TOLERANCE: f64 = 1e-6;

/// Reads the whole slices between `from_s` and `to_s`; slices begin at multiples of their width.
pub async fn read(client: &Client, plan: &Plan, from_s: i64, to_s: i64) -> Result<Measured, AskError> {
    let width = plan.width_secs;
    let (from_s, to_s) = (from_s + (-from_s).rem_euclid(width), to_s - to_s.rem_euclid(width));
    if to_s <= from_s {
        return Ok(Measured::default());
    }
    let asked = |expr: String| async move { client.query_range(&expr, from_s + plan.step_secs, to_s, plan.step_secs).await };
    let (numerator, total) = match &plan.meaning {
        Meaning::Good { total } | Meaning::Bad { total } => {
            let (numerator, total) = tokio::try_join!(asked(plan.numerator.clone()), asked(total.clone()))?;
            (numerator, total)
        }
        Meaning::Compared { .. } => (asked(plan.numerator.clone()).await?, Vec::new()),
    };
    let mut measured = fold(plan, &numerator, &total, from_s, to_s)?;
    if let Some(absent_from_s) = plan.absent_from_s {
        let judged = if let Meaning::Compared { .. } = plan.meaning { &numerator } else { &total };
        let absent = absent(plan, &measured, judged, absent_from_s.max(from_s), (from_s, to_s));
        if !absent.is_empty() {
            let scraped = by_instant(&asked(scraped(width)).await?)?;
            let at_work = absent.into_iter().filter(|start_s| scraped.contains_key(&(start_s + width)));
            measured.readings.extend(at_work.map(|start_s| Reading { start_s, width_s: width, good: 0.0, total: 1.0, is_good_over_total: false }));
            measured.readings.sort_by_key(|reading| reading.start_s);
        }
    }
    if looks_dead(plan, &measured, &numerator) {
        let yielded = client.query(&plan.ever, to_s).await?;
        measured.is_suspect_zero = yielded.first().and_then(|sample| sample.point).is_some_and(|point| point.value == 0.0);
    }
    Ok(measured)
}

/// What a source has samples of in a slice in which it scrapes anything: without any it was not at
/// work, or has forgotten that time, and what is absent says nothing. Without a range its last samples
/// would stand for five minutes in which it was down itself.
fn scraped(width_secs: i64) -> String {
    format!("count(count_over_time(up[{width_secs}s]))")
}

/// The slices from `since_s` on for which the source answered and had no sample.
fn absent(plan: &Plan, measured: &Measured, judged: &[Series], since_s: i64, (from_s, to_s): (i64, i64)) -> Vec<i64> {
    let said: BTreeSet<i64> = judged.iter().flat_map(|series| &series.points).map(|point| point.at_ms.div_euclid(1_000)).collect();
    let known: BTreeSet<i64> = measured.readings.iter().map(|reading| reading.start_s).collect();
    let slices = (from_s..to_s).step_by(plan.width_secs.max(1) as usize);
    slices.filter(|start_s| *start_s >= since_s && !known.contains(start_s) && !said.contains(&(start_s + plan.width_secs))).collect()
}

/// Whether it is worth asking if the source ever counted.
fn looks_dead(plan: &Plan, measured: &Measured, numerator: &[Series]) -> bool {
    let has_no_good = !measured.readings.is_empty() && measured.readings.iter().all(|reading| reading.good == 0.0);
    match plan.meaning {
        Meaning::Good { .. } | Meaning::Bad { .. } => has_no_good,
        // A value of zero is suspect only where zero is bad.
        Meaning::Compared { .. } => has_no_good && numerator.iter().flat_map(|series| &series.points).all(|point| point.value == 0.0),
    }
}

/// Makes readings of the slices between `from_s` and `to_s` out of what was answered.
pub fn fold(plan: &Plan, numerator: &[Series], total: &[Series], from_s: i64, to_s: i64) -> Result<Measured, AskError> {
    let numerator = by_instant(numerator)?;
    let total = by_instant(total)?;
    let slices = (from_s..to_s).step_by(plan.width_secs.max(1) as usize);
    let expected = slices.clone().count();
    let readings = slices.filter_map(|start_s| {
        // The instants whose values make up this slice; several where a rule records shorter windows.
        let ends = (1..=plan.width_secs / plan.step_secs).map(|step| start_s + step * plan.step_secs);
        let reading = |good, total, is_good_over_total| Reading { start_s, width_s: plan.width_secs, good, total, is_good_over_total };
        match plan.meaning {
            Meaning::Compared { op, threshold } => {
                let value = *numerator.get(&(start_s + plan.width_secs))?;
                (!value.is_nan()).then(|| reading(if op.holds(value, threshold) { 1.0 } else { 0.0 }, 1.0, false))
            }
            Meaning::Good { .. } | Meaning::Bad { .. } => {
                let all = sum(&total, ends.clone())?;
                // Of nothing nothing is good, also where a fraction of nothing is no number.
                let part = if all == 0.0 { sum(&numerator, ends).unwrap_or(0.0) } else { sum(&numerator, ends)? };
                let good = if matches!(plan.meaning, Meaning::Bad { .. }) { all - part } else { part };
                let (kept_total, kept_good) = (all.max(0.0), good.clamp(0.0, all.max(0.0)));
                let is_over = all < 0.0 || (good - kept_good).abs() > TOLERANCE * kept_total.max(1.0);
                Some(reading(kept_good, kept_total, is_over))
            }
        }
    });
    Ok(Measured { readings: readings.collect(), expected, is_suspect_zero: false })
}

/// The sum over all instants; `None` when one is missing or cannot be counted.
fn sum(values: &BTreeMap<i64, f64>, ends: impl Iterator<Item = i64>) -> Option<f64> {
    ends.map(|end| values.get(&end).copied().filter(|value| value.is_finite())).sum()
}

/// The values of the one series there may be.
fn by_instant(series: &[Series]) -> Result<BTreeMap<i64, f64>, AskError> {
    match series {
        [] => Ok(BTreeMap::new()),
        [only] => Ok(only.points.iter().map(|Point { at_ms, value }| (at_ms.div_euclid(1_000), *value)).collect()),
        several => Err(AskError::ManySeries(several.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::prometheus::{
        answer::Labels,
        asking::{Ask, Comparison, Counted},
        testing::{Asked, Fake, field, vector},
    };

    const NAN: f64 = f64::NAN;

    fn plan(ask: Ask, width_secs: i64) -> Plan {
        ask.plan(&BTreeMap::new(), width_secs, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    fn ratio(numerator: Counted) -> Plan {
        plan(Ask::Ratio { numerator, total: "x_total".to_owned() }, 60)
    }

    fn good() -> Plan {
        ratio(Counted::Good("good_total".to_owned()))
    }

    /// One series whose values stand at 60, 120, …; `None` leaves one out.
    fn series(values: &[Option<f64>]) -> Vec<Series> {
        let point = |(n, value): (usize, &Option<f64>)| value.map(|value| Point { at_ms: (n as i64 + 1) * 60_000, value });
        vec![Series { labels: Labels::new(), points: values.iter().enumerate().filter_map(point).collect() }]
    }

    fn of(plan: &Plan, numerator: &[Option<f64>], total: &[Option<f64>]) -> Vec<(i64, f64, f64, bool)> {
        let to_s = total.len().max(numerator.len()) as i64 * 60;
        let measured = fold(plan, &series(numerator), &series(total), 0, to_s).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(measured.expected as i64, to_s / plan.width_secs);
        measured.readings.iter().map(|reading| (reading.start_s, reading.good, reading.total, reading.is_good_over_total)).collect()
    }

    #[test]
    fn a_value_stands_for_the_slice_that_ends_there() {
        assert_eq!(of(&good(), &[Some(9.0), Some(5.0)], &[Some(10.0), Some(5.0)]), [(0, 9.0, 10.0, false), (60, 5.0, 5.0, false)]);
    }

    #[test]
    fn what_is_missing_or_no_number_is_a_gap() {
        let total = [Some(10.0), None, Some(NAN), Some(10.0), Some(10.0), Some(f64::INFINITY)];
        let part = [Some(9.0), Some(9.0), Some(9.0), None, Some(NAN), Some(9.0)];
        assert_eq!(of(&good(), &part, &total), [(0, 9.0, 10.0, false)]);
        assert_eq!(fold(&good(), &[], &[], 0, 300), Ok(Measured { expected: 5, ..Measured::default() }));
    }

    #[test]
    fn nothing_happened_is_measured() {
        assert_eq!(of(&good(), &[Some(0.0), None, Some(NAN)], &[Some(0.0); 3]), [(0, 0.0, 0.0, false), (60, 0.0, 0.0, false), (120, 0.0, 0.0, false)]);
    }

    #[test]
    fn bad_events_are_taken_from_all() {
        let bad = ratio(Counted::Bad("bad_total".to_owned()));
        assert_eq!(of(&bad, &[Some(1.0), Some(0.0), None], &[Some(10.0); 3]), [(0, 9.0, 10.0, false), (60, 10.0, 10.0, false)]);
    }

    #[test]
    fn what_cannot_be_is_cut_and_flagged() {
        let part = [Some(12.0), Some(-1.0), Some(10.000_001), Some(1.0)];
        let total = [Some(10.0), Some(10.0), Some(10.0), Some(-1.0)];
        assert_eq!(of(&good(), &part, &total), [(0, 10.0, 10.0, true), (60, 0.0, 10.0, true), (120, 10.0, 10.0, false), (180, 0.0, 0.0, true)]);
    }

    #[test]
    fn a_slice_of_recorded_windows_is_whole_or_missing() {
        let numerator = Counted::Good("good:increase1m".to_owned());
        let recorded = plan(Ask::Recorded { numerator, total: "all:increase1m".to_owned(), window_secs: None }, 120);
        assert_eq!((recorded.step_secs, recorded.width_secs), (60, 120));
        let part = [Some(1.0), Some(2.0), Some(3.0), None];
        assert_eq!(of(&recorded, &part, &[Some(5.0); 4]), [(0, 3.0, 10.0, false)]);
    }

    #[test]
    fn a_value_is_compared_and_no_number_is_a_gap() {
        let value = plan(Ask::Value { expr: "lag_seconds".to_owned(), op: Comparison::AtMost, threshold: 30.0 }, 60);
        let values = [Some(30.0), Some(31.0), Some(NAN), None, Some(f64::INFINITY)];
        assert_eq!(of(&value, &values, &[]), [(0, 1.0, 1.0, false), (60, 0.0, 1.0, false), (240, 0.0, 1.0, false)]);
    }

    #[test]
    fn one_value_per_slice_is_needed() {
        let several = [series(&[Some(1.0)]), series(&[Some(2.0)])].concat();
        assert_eq!(fold(&good(), &several, &[], 0, 60), Err(AskError::ManySeries(2)));
    }

    /// A source whose good side yields zero, and whether it ever counted.
    async fn silent(ever: &'static str) -> Measured {
        let fake = Fake::start(move |asked: Asked| async move {
            let query = field(&asked.form, "query").unwrap();
            if query.starts_with("max(max_over_time(good_total[86400s]))") {
                return vector(ever);
            }
            let value = if query.contains("good_total") { 0 } else { 7 };
            format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[[60,"{value}"],[120,"{value}"]]}}]}}}}"#)
        })
        .await;
        // The slices that are not whole are left out.
        read(&fake.client(), &good(), -7, 179).await.unwrap_or_else(|error| panic!("{error}"))
    }

    #[tokio::test]
    async fn a_source_that_never_counted_is_told_from_an_outage() {
        let never = silent(r#"{"metric":{},"value":[120,"0"]}"#).await;
        assert_eq!((never.readings.len(), never.good(), never.total(), never.is_suspect_zero), (2, 0.0, 14.0, true));
        let outage = silent(r#"{"metric":{},"value":[120,"1234"]}"#).await;
        assert!(!outage.is_suspect_zero && outage.total() == 14.0);
        assert!(!silent("").await.is_suspect_zero);
    }

    /// A source that knows its probe at 60 s only, and scraped something until 240 s, if it says so at all.
    async fn with_a_silent_probe(absent_from_s: Option<i64>, is_whole: bool) -> Result<Vec<(i64, f64, f64)>, AskError> {
        let fake = Fake::start(move |asked: Asked| async move {
            let is_scraped = field(&asked.form, "query").is_some_and(|query| query == "count(count_over_time(up[60s]))");
            let values = if is_scraped { r#"[60,"3"],[120,"3"],[180,"2"],[240,"2"]"# } else { r#"[60,"1"]"# };
            let warnings = if is_scraped && !is_whole { r#","warnings":["a store is gone"]"# } else { "" };
            format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{values}]}}]}}{warnings}}}"#)
        })
        .await;
        let plan = Plan { absent_from_s, ..plan(Ask::Boolean { selector: "up{job=\"a\"}".to_owned() }, 60) };
        let measured = read(&fake.client(), &plan, 0, 300).await?;
        Ok(measured.readings.iter().map(|reading| (reading.start_s, reading.good, reading.total)).collect())
    }

    #[tokio::test]
    async fn what_is_absent_is_bad_only_where_it_is_asked_for_and_the_source_was_at_work() {
        assert_eq!(with_a_silent_probe(None, true).await, Ok(vec![(0, 1.0, 1.0)]));
        assert_eq!(with_a_silent_probe(Some(0), true).await, Ok(vec![(0, 1.0, 1.0), (60, 0.0, 1.0), (120, 0.0, 1.0), (180, 0.0, 1.0)]));
        assert_eq!(with_a_silent_probe(Some(120), true).await, Ok(vec![(0, 1.0, 1.0), (120, 0.0, 1.0), (180, 0.0, 1.0)]));
        assert!(with_a_silent_probe(Some(0), false).await.is_err(), "who does not answer wholly says nothing");
    }

    #[tokio::test]
    async fn a_failed_side_is_no_reading_at_all() {
        let fake = Fake::start(|asked: Asked| async move {
            let warnings = if asked.form.contains("good_total") { r#","warnings":["a store is gone"]"# } else { "" };
            format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[]}}{warnings}}}"#)
        })
        .await;
        let failed = read(&fake.client(), &good(), 0, 120).await;
        assert!(matches!(failed, Err(AskError::Prom(crate::server::prometheus::PromError::Partial(_)))), "{failed:?}");
    }
}
