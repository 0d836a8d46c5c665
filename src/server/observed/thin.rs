//! Letting go: when memory is over its limit, whole traces leave by their value. Those with an
//! error stay, the slowest of each operation and minute, and a sample of the rest, chosen by the
//! trace's id, so that servers that hold the same choose the same. What is counted stays: the
//! figures of a minute are frozen before anything of it leaves.

use super::{
    Observed,
    figures::MinuteFigures,
    lock,
    minute::{Frozen, Log, Minute, mix},
    read,
    snapshot::{AFTER, Snapshot},
    start_of, write,
};
use crate::domain::telemetry::{
    facts::{Facts, Name},
    gather::Gathering,
    panels::Range,
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, MutexGuard},
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
    /// Lets go until memory is within its limit again, with some room left.
    pub(super) fn thin_if_needed(&self) {
        let changing = lock(&self.changing);
        let limit = self.keep.memory_bytes();
        // Words are not let go; they never take so much of the room that nothing else has any.
        let room = limit - read(&self.words).bytes().min(limit / 2);
        if self.held(Minute::bytes) <= room {
            return;
        }
        let target = room / 10 * 8;
        self.thin_readings(&changing, target / 2);
        for level in 1..=LAST_LEVEL {
            let all: Vec<i64> = read(&self.memory).minutes.keys().copied().collect();
            let settled = all.len().saturating_sub(YOUNG);
            // Old minutes give up more before young ones give up anything.
            for at in all.iter().take(if level <= 2 { settled } else { all.len() }) {
                if self.held(Minute::bytes) <= target {
                    break;
                }
                let is_thinner = |minute: &Arc<Minute>| minute.frozen.as_ref().is_some_and(|frozen| frozen.level >= level);
                if !read(&self.memory).minutes.get(at).is_none_or(is_thinner) {
                    self.thin(&changing, *at, level);
                }
            }
        }
        tracing::debug!(held = self.held(Minute::bytes), "telemetry was thinned");
    }

    fn held(&self, bytes: fn(&Minute) -> usize) -> usize {
        read(&self.memory).minutes.values().map(|minute| bytes(minute)).sum()
    }

    /// Readings never take more room than this: beyond it the oldest leave, before any trace does.
    fn thin_readings(&self, _changing: &MutexGuard<'_, ()>, most: usize) {
        let mut over = self.held(Minute::bytes_of_readings).saturating_sub(most);
        let mut memory = write(&self.memory);
        let mut gone = 0;
        for minute in memory.minutes.values_mut().filter(|minute| minute.points > 0) {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(minute.bytes_of_readings());
            gone += Arc::make_mut(minute).take_readings();
        }
        memory.counts.points_let_go += gone;
        drop(memory);
        metrics::counter!("tocsin_telemetry_items_total", "signal" => "metrics", "verdict" => "let_go").increment(gone);
    }

    /// Thins the traces that are rooted in one minute.
    fn thin(&self, _changing: &MutexGuard<'_, ()>, at: i64, level: u8) {
        let begins = super::snapshot::instant(start_of(at));
        let within =
            |before_s: i64, after_s: i64| Snapshot::of(&read(&self.memory), self.words.clone(), begins.plus_secs(-before_s), begins.plus_secs(after_s));
        let snapshot = within(0, 60);
        let Some(minute) = snapshot.minute(at).cloned() else { return };
        let (leaving, rooted) = choose(&snapshot, at, &minute, level);
        let loose: HashSet<u128> = minute.logs.iter().map(|log| log.trace).filter(|trace| *trace == 0 || !snapshot.has(at, *trace)).collect();
        // What leaves may have spans in the minutes beside it, whose figures are frozen as well; for
        // these, parents are looked for in the minutes beside them.
        let wider = within(AFTER * 60, 60 + AFTER * 60);
        let leaves_from = |near: i64, minute: &Minute| {
            near == at || minute.spans.iter().any(|span| leaving.contains(&span.trace)) || minute.logs.iter().any(|log| leaving.contains(&log.trace))
        };
        let mut frozen: HashMap<i64, Frozen> =
            snapshot.all().filter(|(near, minute)| leaves_from(*near, minute)).map(|(near, minute)| (near, freeze(&wider, near, minute))).collect();
        if let Some(frozen) = frozen.get_mut(&at) {
            frozen.level = level;
            frozen.facts.merge(&facts(&snapshot, at, &minute));
        }
        let is_new = |log: &Log| !log.gathered && rooted.contains(&log.trace);
        let changed: Vec<i64> =
            snapshot.all().filter(|(near, minute)| frozen.contains_key(near) || minute.logs.iter().any(is_new)).map(|(near, _)| near).collect();
        drop((minute, snapshot, wider));
        let (mut spans_gone, mut logs_gone, mut points_gone) = (0, 0, 0);
        let mut memory = write(&self.memory);
        for near in changed {
            let Some(minute) = memory.minutes.get_mut(&near).map(Arc::make_mut) else { continue };
            for log in &mut minute.logs {
                log.gathered |= rooted.contains(&log.trace) || near == at && loose.contains(&log.trace);
            }
            let Some(frozen) = frozen.remove(&near) else { continue };
            minute.frozen = Some(Arc::new(frozen));
            for span in &mut minute.spans {
                span.counted = true;
                span.gathered |= rooted.contains(&span.trace);
            }
            let (spans, logs) = (minute.spans.len(), minute.logs.len());
            let all_leave = level >= LAST_LEVEL && near == at;
            minute.retain(
                |span| !leaving.contains(&span.trace),
                |log| !all_leave && !leaving.contains(&log.trace) && (near != at || log.error || !loose.contains(&log.trace)),
            );
            spans_gone += (spans - minute.spans.len()) as u64;
            logs_gone += (logs - minute.logs.len()) as u64;
            if level >= ERRORS_LEVEL && near == at {
                points_gone += minute.take_readings();
            }
            memory.figures.renew(near);
        }
        memory.counts.spans_let_go += spans_gone;
        memory.counts.logs_let_go += logs_gone;
        memory.counts.points_let_go += points_gone;
        for (signal, gone) in [("traces", spans_gone), ("logs", logs_gone), ("metrics", points_gone)] {
            metrics::counter!("tocsin_telemetry_items_total", "signal" => signal, "verdict" => "let_go").increment(gone);
        }
    }
}

/// A minute's figures with all that is there now.
fn freeze(snapshot: &Snapshot, at: i64, minute: &Arc<Minute>) -> Frozen {
    let begins = super::snapshot::instant(start_of(at));
    let range = Range { from: begins, to: begins.plus_secs(60) };
    let figures: MinuteFigures = snapshot.figures(at, minute, range).as_ref().clone();
    let before = minute.frozen.as_deref().cloned().unwrap_or_default();
    Frozen { figures, ..before }
}

/// The facts of a minute that are not frozen yet.
fn facts(snapshot: &Snapshot, at: i64, minute: &Arc<Minute>) -> Facts {
    let mut gathering = Gathering::default();
    snapshot.gather(at, minute, &snapshot.logs_by_trace(), &mut gathering, |_| true);
    gathering.finish(0.0)
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
