//! Letting go: when memory is over its limit, whole traces leave by their value. Those with an
//! error stay, the slowest of each operation and minute, and a sample of the rest, chosen by the
//! trace's id, so that servers that hold the same choose the same. What is counted stays: the
//! figures of a minute are frozen before anything of it leaves.

use super::{
    Memory, Observed,
    figures::MinuteFigures,
    minute::{Frozen, Minute, mix},
    read,
    snapshot::Snapshot,
    start_of, write,
};
use crate::domain::telemetry::{facts::Name, gather::Gathering, panels::Range};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Of traces without an error that are not the slowest, one in so many stays, level by level.
const ONE_IN: [u64; 4] = [4, 16, 64, 1_024];
/// At this level errors, too, stay in samples of this size.
const ERRORS_LEVEL: u8 = 5;
const ERRORS_ONE_IN: u64 = 16;
/// From this level on nothing of a minute stays but its figures.
const LAST_LEVEL: u8 = 6;
/// The youngest minutes are thinned last: their traces may not be whole.
const YOUNG: usize = 3;

impl Observed {
    fn over(&self, memory: &Memory) -> bool {
        let held: usize = memory.minutes.values().map(|minute| minute.bytes()).sum();
        held + read(&self.words).bytes().min(self.keep.memory_bytes() / 2) > self.keep.memory_bytes()
    }

    /// Lets go until memory is within its limit again, with some room left.
    pub(super) fn thin_if_needed(&self) {
        let mut memory = write(&self.memory);
        if !self.over(&memory) {
            return;
        }
        let target = self.keep.memory_bytes() / 10 * 8;
        let mut held: usize = memory.minutes.values().map(|minute| minute.bytes()).sum();
        for level in 1..=LAST_LEVEL {
            let all: Vec<i64> = memory.minutes.keys().copied().collect();
            let settled = all.len().saturating_sub(YOUNG);
            // Old minutes give up more before young ones give up anything.
            for at in all.iter().take(if level <= 2 { settled } else { all.len() }) {
                if held <= target {
                    break;
                }
                let is_thinner = memory.minutes.get(at).is_none_or(|minute| minute.frozen.as_ref().is_some_and(|frozen| frozen.level >= level));
                if !is_thinner {
                    self.thin(&mut memory, *at, level);
                    held = memory.minutes.values().map(|minute| minute.bytes()).sum();
                }
            }
        }
        tracing::debug!(held, "telemetry was thinned");
    }

    /// Thins the traces that are rooted in one minute.
    fn thin(&self, memory: &mut Memory, at: i64, level: u8) {
        let begins = super::snapshot::instant(start_of(at));
        let snapshot = Snapshot::of(&memory.minutes, self.words.clone(), begins, begins.plus_secs(60));
        let Some(minute) = snapshot.minute(at).cloned() else { return };
        // What leaves may have spans in the minutes beside it, whose figures are frozen as well.
        let mut frozen: Vec<(i64, Frozen)> = snapshot.all().map(|(near, minute)| (near, self.freeze(&snapshot, near, minute, near == at))).collect();
        let (leaving, rooted) = choose(&snapshot, at, &minute, level);
        drop((minute, snapshot));
        let (mut spans_gone, mut logs_gone) = (0, 0);
        for (near, mut frozen) in frozen.drain(..) {
            let Some(minute) = memory.minutes.get_mut(&near) else { continue };
            let minute = Arc::make_mut(minute);
            frozen.level = if near == at { level } else { frozen.level };
            minute.frozen = Some(Arc::new(frozen));
            let (spans, logs) = (minute.spans.len(), minute.logs.len());
            for span in &mut minute.spans {
                span.counted = true;
                span.gathered |= rooted.contains(&span.trace);
            }
            for log in &mut minute.logs {
                log.gathered |= rooted.contains(&log.trace) || near == at && log.trace == 0;
            }
            let all_leave = level >= LAST_LEVEL && near == at;
            minute.retain(
                |span| !leaving.contains(&span.trace),
                |log| !all_leave && !leaving.contains(&log.trace) && (near != at || log.trace != 0 || log.error),
            );
            spans_gone += spans - minute.spans.len();
            logs_gone += logs - minute.logs.len();
        }
        memory.counts.spans_let_go += spans_gone as u64;
        memory.counts.logs_let_go += logs_gone as u64;
        metrics::counter!("tocsin_telemetry_items_total", "signal" => "traces", "verdict" => "let_go").increment(spans_gone as u64);
        metrics::counter!("tocsin_telemetry_items_total", "signal" => "logs", "verdict" => "let_go").increment(logs_gone as u64);
    }

    /// A minute's figures with all that is there now, and, where asked for, its facts.
    fn freeze(&self, snapshot: &Snapshot, at: i64, minute: &Arc<Minute>, with_facts: bool) -> Frozen {
        let begins = super::snapshot::instant(start_of(at));
        let range = Range { from: begins, to: begins.plus_secs(60) };
        let figures: MinuteFigures = snapshot.figures(at, minute, range).as_ref().clone();
        let before = minute.frozen.as_deref();
        let mut facts = before.map(|frozen| frozen.facts.clone()).unwrap_or_default();
        if with_facts {
            let mut gathering = Gathering::default();
            snapshot.gather(at, minute, &snapshot.logs_by_trace(), &mut gathering, |_| true);
            facts.merge(&gathering.finish(0.0));
        }
        Frozen { figures, facts, level: before.map_or(0, |frozen| frozen.level) }
    }
}

/// Which traces rooted in a minute leave, and all that are rooted there.
fn choose(snapshot: &Snapshot, at: i64, minute: &Arc<Minute>, level: u8) -> (HashSet<u128>, HashSet<u128>) {
    let mut slowest: HashMap<(Name, Name), (u64, u128)> = HashMap::new();
    let mut traces: HashMap<u128, bool> = HashMap::new();
    let failed: HashSet<u128> = snapshot.all().flat_map(|(_, minute)| &minute.logs).filter(|log| log.error).map(|log| log.trace).collect();
    for trace in snapshot.rooted(at, minute) {
        let errs = failed.contains(&trace.trace) || trace.spans.iter().any(|(_, span)| span.error);
        traces.insert(trace.trace, errs);
        for (_, span) in &trace.spans {
            let best = slowest.entry((span.service, span.operation)).or_default();
            *best = (*best).max((span.duration_ns, trace.trace));
        }
    }
    let slowest: HashSet<u128> = slowest.into_values().map(|(_, trace)| trace).collect();
    let one_in = |n: u64, trace: u128| mix(trace, 0).is_multiple_of(n);
    let stays = |trace: u128, errs: bool| match level {
        LAST_LEVEL.. => false,
        ERRORS_LEVEL => slowest.contains(&trace) || errs && one_in(ERRORS_ONE_IN, trace),
        _ => errs || slowest.contains(&trace) || ONE_IN.get(usize::from(level.saturating_sub(1))).is_some_and(|n| one_in(*n, trace)),
    };
    let leaving = traces.iter().filter(|(trace, errs)| !stays(**trace, **errs)).map(|(trace, _)| *trace).collect();
    (leaving, traces.into_keys().collect())
}
