//! What instances measure of themselves: gauges as they are, counters as what they grow by.

use super::{
    minute::{MINUTE_NS, Readings},
    panels::Columns,
    snapshot::Snapshot,
    words::{Counting, Series, Words},
};
use crate::domain::telemetry::panels::{Attribute, GaugeMap, GaugeRow, Question};
use std::collections::BTreeMap;

/// Most series of one answer.
const MOST_ROWS: usize = 500;

/// What a series stands at in a minute: a gauge's mean, a counter's growth by the second.
/// `before` are its last readings before that minute. `None` where a counter begins or begins anew.
pub fn value<'a>(counting: Counting, readings: &Readings, before: impl FnOnce() -> Option<&'a Readings>) -> Option<f64> {
    match counting {
        Counting::Gauge => Some(readings.mean()),
        Counting::Delta => Some(readings.sum * 1e9 / MINUTE_NS as f64),
        Counting::Cumulative => {
            let before = before()?;
            let seconds = readings.last_ns.checked_sub(before.last_ns).filter(|ns| *ns > 0)? as f64 / 1e9;
            let grown = readings.last - before.last;
            (grown >= 0.0).then(|| grown / seconds)
        }
    }
}

/// Whether a series tells what is left of a processor or of memory. It falls as the others of its
/// metric rise (`system.cpu.utilization` by state), and a mean of all of them would never move.
pub fn is_of_rest(words: &Words, series: &Series) -> bool {
    series.attributes.iter().any(|pair| {
        let names_a_state = || words.text(pair.key).rsplit(['.', '_']).next().is_some_and(|last| matches!(last, "state" | "mode"));
        pair.value.name().is_some_and(|value| matches!(words.text(value), "idle" | "free" | "available")) && names_a_state()
    })
}

impl Snapshot {
    /// Gauges over time; of one service, where one is asked for.
    pub fn gauges(&self, question: &Question) -> GaugeMap {
        let wanted = question.service.as_deref().map(|service| self.words().known(service));
        let columns = Columns::of(question);
        let mut rows = BTreeMap::<u32, Vec<(f64, u32)>>::new();
        for (at, minute) in self.within(question.range) {
            let Some(place) = columns.place(at) else { continue };
            // For one minute at a time: whoever adds words waits for those who hold them.
            let words = self.words();
            for (number, readings) in &minute.readings {
                let Some(series) = words.series_of(*number) else { continue };
                // Histograms leave room for what is measured by itself.
                let most = if series.of_distribution { MOST_ROWS / 2 } else { MOST_ROWS };
                if wanted.is_some_and(|wanted| wanted != Some(series.service)) || rows.len() >= most && !rows.contains_key(number) {
                    continue;
                }
                let before = || (1..=5).find_map(|back| self.minute(at - back).and_then(|minute| minute.readings.get(number)));
                let Some(value) = value(series.counting, readings, before) else { continue };
                let cells = rows.entry(*number).or_insert_with(|| vec![(0.0, 0); columns.starts.len()]);
                if let Some((sum, n)) = cells.get_mut(place) {
                    *sum += value;
                    *n += 1;
                }
            }
        }
        let words = self.words();
        let mut shown: Vec<GaugeRow> = rows
            .into_iter()
            .filter_map(|(number, cells)| {
                let series = words.series_of(number)?;
                let values: Vec<Option<f64>> = cells.iter().map(|(sum, n)| (*n > 0).then(|| sum / f64::from(*n))).collect();
                let text = |name| words.text(name).to_owned();
                let attribute = |pair: &super::words::Pair| Attribute { name: text(pair.key), value: pair.value.name().map_or_else(String::new, text) };
                Some(GaugeRow {
                    service: text(series.service),
                    instance: series.instance.map(text),
                    metric: text(series.metric),
                    unit: text(series.unit),
                    attributes: series.attributes.iter().map(attribute).collect(),
                    suspect: suspect(&values),
                    values,
                })
            })
            .collect();
        shown.sort_by(|a, b| (&a.service, &a.metric, &a.instance, &a.attributes).cmp(&(&b.service, &b.metric, &b.instance, &b.attributes)));
        GaugeMap { step_s: u32::try_from(columns.step_s).unwrap_or(u32::MAX), columns: columns.starts, rows: shown }
    }
}

/// Why a series is not to be believed.
fn suspect(values: &[Option<f64>]) -> Option<String> {
    let measured: Vec<f64> = values.iter().flatten().copied().collect();
    if measured.len() >= 5 && measured.iter().all(|value| *value == 0.0) {
        return Some("constant zero".to_owned());
    }
    let silent = values.iter().rev().take_while(|value| value.is_none()).count();
    (silent >= 5 && !measured.is_empty()).then(|| "stopped".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_told_by_their_growth() {
        let (before, now) = (Readings::of(100.0, MINUTE_NS), Readings::of(160.0, 2 * MINUTE_NS));
        assert_eq!(value(Counting::Cumulative, &now, || Some(&before)), Some(1.0));
        assert_eq!(value(Counting::Cumulative, &before, || Some(&now)), None, "its clock went backwards");
        assert_eq!(value(Counting::Cumulative, &Readings::of(3.0, 2 * MINUTE_NS), || Some(&before)), None, "it began anew");
        assert_eq!(value(Counting::Cumulative, &now, || None), None);
        assert_eq!((value(Counting::Gauge, &now, || None), value(Counting::Delta, &now, || None)), (Some(160.0), Some(160.0 / 60.0)));
    }

    #[test]
    fn what_is_always_zero_or_has_stopped_is_suspect() {
        assert_eq!(suspect(&[Some(0.0); 5]).as_deref(), Some("constant zero"));
        assert_eq!(suspect(&[Some(1.0), None, None, None, None, None]).as_deref(), Some("stopped"));
        assert_eq!(suspect(&[Some(0.0), Some(1.0), None]), None);
    }
}
