//! What is kept and not to be believed: clocks that contradict each other, services and gauges that
//! have stopped, processors and memory at a constant zero.

use super::{
    AROUND,
    gauges::value,
    minute::{Span, minute_of},
    snapshot::{Snapshot, nanos},
};
use crate::domain::{
    telemetry::{
        facts::Name,
        gather::SpanKind,
        panels::Range,
        suspects::{Coming, Doubt, Suspect, is_never_zero},
    },
    time::Timestamp,
};
use std::collections::BTreeMap;

/// Most that is told: what comes after is of the same making.
const MOST: usize = 30;
/// Pairs of calling and called spans that are held against each other, the newest first.
const MOST_PAIRS: usize = 20_000;
/// Fewer pairs, or a smaller share of them, may be chance.
const FEWEST_PAIRS: u64 = 20;
/// Nearer than that, clocks of two machines agree well.
const AGREE_NS: u64 = 1_000_000;
/// Readings of nothing but zero, at least.
const FEWEST_ZEROS: u64 = 5;

/// What is known of the readings of one series.
struct Told {
    coming: Coming,
    readings: u64,
    is_zero: bool,
}

impl Snapshot {
    /// What is not to be believed in a range, as far as `service` is concerned where one is named.
    pub fn suspects(&self, range: Range, service: Option<&str>) -> Vec<Suspect> {
        // The last minute of the range that could be over.
        let end = minute_of(nanos(range.to).saturating_sub(1));
        let mut suspects = self.clocks(range);
        suspects.extend(self.silent(range, end));
        suspects.extend(self.gauges_in_doubt(range, end));
        suspects.retain(|suspect| service.is_none_or(|service| suspect.service == service || suspect.peer.as_deref() == Some(service)));
        suspects.sort_by(|a, b| a.doubt.cmp(&b.doubt).then_with(|| (&a.service, &a.instance, &a.metric).cmp(&(&b.service, &b.instance, &b.metric))));
        suspects.truncate(MOST);
        suspects
    }

    /// Pairs of services of which most calls contradict each other.
    fn clocks(&self, range: Range) -> Vec<Suspect> {
        let mut edges = BTreeMap::<(Name, Name), (u64, Vec<u64>)>::new();
        let mut left = MOST_PAIRS;
        'minutes: for (at, minute) in self.within(range).rev() {
            for span in minute.spans.iter().filter(|span| matches!(span.kind, SpanKind::Server | SpanKind::Consumer) && span.parent != 0) {
                let caller = AROUND.iter().find_map(|near| self.minute(at + near)?.find(span.trace, span.parent));
                let Some(caller) = caller.filter(|caller| (caller.service, caller.instance) != (span.service, span.instance)) else { continue };
                let (n, off) = edges.entry((caller.service, span.service)).or_default();
                *n += 1;
                off.extend(Some(apart_ns(caller, span)).filter(|ns| *ns >= AGREE_NS));
                left -= 1;
                if left == 0 {
                    break 'minutes;
                }
            }
        }
        let words = self.words();
        let suspect = |((caller, called), (n, mut off)): ((Name, Name), (u64, Vec<u64>))| {
            off.sort_unstable();
            let middle = off.get(off.len() / 2).copied().filter(|_| n >= FEWEST_PAIRS && off.len() as u64 * 2 > n)?;
            Some(Suspect {
                doubt: Doubt::ClockOff,
                service: words.text(called).to_owned(),
                peer: Some(words.text(caller).to_owned()),
                off_s: Some(middle as f64 / 1e9),
                n: off.len() as u64,
                ..nothing()
            })
        };
        edges.into_iter().filter_map(suspect).collect()
    }

    /// Services that sent spans and then no more.
    fn silent(&self, range: Range, end: i64) -> Vec<Suspect> {
        let mut services = BTreeMap::<Name, Coming>::new();
        for (at, minute) in self.within(range) {
            for (service, _) in self.figures(at, minute, range).spans.keys() {
                services.entry(*service).and_modify(|coming| coming.again(at)).or_insert_with(|| Coming::at(at));
            }
        }
        let words = self.words();
        let stopped = services.into_iter().filter(|(_, coming)| coming.has_stopped(end));
        let suspect = |(service, coming): (Name, Coming)| Suspect {
            doubt: Doubt::Silent,
            service: words.text(service).to_owned(),
            since: Some(after(coming.last)),
            n: coming.minutes.unsigned_abs(),
            ..nothing()
        };
        stopped.map(suspect).collect()
    }

    /// Gauges that stopped, an instance at once where all of its gauges did, and those at zero.
    fn gauges_in_doubt(&self, range: Range, end: i64) -> Vec<Suspect> {
        let words = self.words();
        let mut series = BTreeMap::<u32, Told>::new();
        for (at, minute) in self.within(range) {
            for (number, readings) in &minute.readings {
                // Of requests that do not come nothing is counted, which says nothing of who counts.
                let Some(known) = words.series_of(*number).filter(|series| !series.of_distribution) else { continue };
                let told = series.entry(*number).or_insert_with(|| Told { coming: Coming::at(at), readings: 0, is_zero: true });
                told.coming.again(at);
                let before = || (1..=5).find_map(|back| self.minute(at - back).and_then(|minute| minute.readings.get(number)));
                if let Some(value) = value(known.counting, readings, before) {
                    told.readings += u64::from(readings.n);
                    told.is_zero &= value == 0.0;
                }
            }
        }
        let mut instances = BTreeMap::<(Name, Option<Name>), Vec<(Name, Told)>>::new();
        for (number, told) in series {
            if let Some(known) = words.series_of(number) {
                instances.entry((known.service, known.instance)).or_default().push((known.metric, told));
            }
        }
        let mut suspects = vec![];
        for ((service, instance), told) in instances {
            let of = || Suspect { service: words.text(service).to_owned(), instance: instance.map(|name| words.text(name).to_owned()), ..nothing() };
            let metric = |name: Name| Some(words.text(name).to_owned());
            let stopped: Vec<&(Name, Told)> = told.iter().filter(|(_, told)| told.coming.has_stopped(end)).collect();
            if let Some(last) = stopped.iter().map(|(_, told)| told.coming.last).max().filter(|_| stopped.len() == told.len()) {
                suspects.push(Suspect { doubt: Doubt::Stopped, since: Some(after(last)), n: told.len() as u64, ..of() });
                continue;
            }
            // Several series of one metric, told apart by attributes, stop and stand at zero together.
            let mut by_metric = BTreeMap::<Name, Vec<&Told>>::new();
            told.iter().for_each(|(name, told)| by_metric.entry(*name).or_default().push(told));
            for (name, told) in by_metric {
                let last = told.iter().map(|told| told.coming.last).max().filter(|_| told.iter().all(|told| told.coming.has_stopped(end)));
                let readings: u64 = told.iter().map(|told| told.readings).sum();
                if let Some(last) = last {
                    suspects.push(Suspect { doubt: Doubt::Stopped, metric: metric(name), since: Some(after(last)), n: told.len() as u64, ..of() });
                } else if readings >= FEWEST_ZEROS && told.iter().all(|told| told.is_zero) && is_never_zero(words.text(name)) {
                    suspects.push(Suspect { doubt: Doubt::ConstantZero, metric: metric(name), n: readings, ..of() });
                }
            }
        }
        suspects
    }
}

fn nothing() -> Suspect {
    Suspect { doubt: Doubt::Stopped, service: String::new(), instance: None, metric: None, peer: None, since: None, off_s: None, n: 0 }
}

/// When a minute was over.
fn after(minute: i64) -> Timestamp {
    Timestamp::from_micros((minute + 1).saturating_mul(60_000_000))
}

/// By how much the clocks of two ends of a call differ at least: nobody answers before being called,
/// and whoever waited for the answer cannot have had it before it was given.
fn apart_ns(caller: &Span, called: &Span) -> u64 {
    let early = caller.start_ns.saturating_sub(called.start_ns);
    let waited = caller.kind == SpanKind::Client && called.kind == SpanKind::Server && !caller.error && called.duration_ns <= caller.duration_ns;
    if waited { early.max(called.end_ns().saturating_sub(caller.end_ns())) } else { early }
}
