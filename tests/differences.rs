//! The differences on made-up systems: whoever is disturbed stands first, and nothing is named
//! where nothing is wrong.

#[allow(dead_code)] // The shop serves other tests as well.
mod shop;

use shop::{Fault, Ground, Habits, Kind, Said, System, plans};
use std::collections::BTreeMap;
use tocsin::domain::telemetry::{
    differences::{Difference, differences},
    facts::{Facts, GaugeKey, Name, Names},
    gather::{Gathering, LogView, SpanKind, SpanView},
    statements::{Record, Statement},
};

const MINUTE: i64 = 60_000_000;

/// The facts of what was said, minute by minute, as a store would gather them.
fn facts(said: &Said, secs: f64, names: &mut Names) -> Facts {
    struct Trace<'a> {
        minute: i64,
        spans: Vec<SpanView<'a>>,
        logs: Vec<LogView>,
    }
    let version = names.of("service.version");
    let versions: BTreeMap<&str, [(Name, Name); 1]> = ["1.7", "1.8"].map(|text| (text, [(version, names.of(text))])).into();
    let mut traces = BTreeMap::<u64, Trace<'_>>::new();
    for span in &said.spans {
        let minute = span.start_micros.div_euclid(MINUTE);
        let trace = traces.entry(span.trace).or_insert(Trace { minute, spans: vec![], logs: vec![] });
        trace.minute = trace.minute.min(minute);
        trace.spans.push(SpanView {
            id: span.id,
            parent: span.parent,
            service: names.of(&span.service),
            operation: names.of(&span.operation),
            instance: Some(names.of(&span.instance)),
            kind: match span.kind {
                Kind::Internal => SpanKind::Internal,
                Kind::Server => SpanKind::Server,
                Kind::Client => SpanKind::Client,
            },
            error: span.error,
            start_micros: span.start_micros,
            duration_micros: span.duration_micros,
            peer: None,
            attributes: &versions[span.version],
        });
    }
    let mut loose = Vec::new();
    for log in &said.logs {
        let statement = Statement::of(&Record { severity_number: log.severity, text: &log.text, ..Record::default() });
        let view =
            LogView { span: log.within.map(|within| within.1), service: names.of(&log.service), statement: names.of(&statement.text), error: statement.error };
        match log.within.and_then(|within| traces.get_mut(&within.0)) {
            Some(trace) => trace.logs.push(view),
            None => loose.push((log.at_micros.div_euclid(MINUTE), view)),
        }
    }
    let mut minutes = BTreeMap::<i64, Gathering>::new();
    for trace in traces.values() {
        minutes.entry(trace.minute).or_default().trace(&trace.spans, &trace.logs);
    }
    for (minute, log) in &loose {
        minutes.entry(*minute).or_default().log(log);
    }
    for reading in &said.readings {
        let key = GaugeKey { service: names.of(&reading.service), instance: names.of(&reading.instance), metric: names.of(reading.metric) };
        minutes.entry(reading.at_micros.div_euclid(MINUTE)).or_default().gauge(key, 1, reading.value);
    }
    let mut all = Facts::default();
    for gathering in minutes.into_values() {
        all.merge(&gathering.finish(60.0));
    }
    all.secs = secs;
    all
}

/// One comparison: what was wrong with whom, and what came of it.
struct Case {
    fault: Option<(Fault, &'static str)>,
    habits: Habits,
    minutes: (i64, i64),
    per_sec: f64,
    items: Vec<Difference>,
}

impl Case {
    /// Ranges are short, baselines are as long or several times longer, before or after; traffic
    /// is a little different.
    fn of(system: &'static System, fault: Option<(Fault, &'static str)>, seed: u64) -> Self {
        let mut random = shop::Random::new(seed);
        let habits = Habits::ALL[(random.bits() % 4) as usize];
        let range = [1, 2, 3, 5][(random.bits() % 4) as usize];
        let baseline = range * [1, 1, 2, 4][(random.bits() % 4) as usize];
        let from = if random.chance(0.7) { 600 } else { 580 - baseline } * MINUTE;
        let per_sec = 3.0 + 3.0 * random.unit();
        let said = |fault, seed, from_micros, minutes: i64, per_sec| {
            shop::said(&Ground { system, habits, fault, seed, fault_seed: random_of(seed), from_micros, secs: minutes as f64 * 60.0, per_sec })
        };
        let now = said(fault, seed * 2 + 1, from, range, per_sec * random.lognormal(1.0, 0.15));
        let before = said(None, seed * 2, 580 * MINUTE, baseline, per_sec);
        let mut names = Names::default();
        let (now, before) = (facts(&now, range as f64 * 60.0, &mut names), facts(&before, baseline as f64 * 60.0, &mut names));
        Self { fault, habits, minutes: (range, baseline), per_sec, items: differences(&now, &before, &names) }
    }

    /// The place of the first item about the disturbed service, from one.
    fn place(&self) -> Option<usize> {
        let (_, service) = self.fault?;
        self.items.iter().position(|item| item.service == service).map(|place| place + 1)
    }
}

fn random_of(seed: u64) -> u64 {
    shop::Random::new(seed).bits()
}
