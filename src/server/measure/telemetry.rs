//! Objectives that are counted from the traces sent to us: every closed slice once, and those of
//! the last minutes again, because spans come late.

use crate::{
    domain::{
        slo::{objective::Indicator, series::Slice},
        telemetry::panels::Range,
        time::Timestamp,
    },
    server::{levels::One, state::App, store::StoreError},
};

/// A slice is counted this long after it has closed: exporters send every few seconds.
const SETTLED_AFTER_S: i64 = 15;
/// So much of the past is counted again each time.
const LATE_S: i64 = 600;

/// Counts what is due. Answers whether anything changed.
pub async fn measure(app: &App, one: &One, until_s: &mut Option<i64>, now: Timestamp) -> Result<bool, StoreError> {
    let objective = one.objective();
    let Indicator::Telemetry { service, operation, threshold_s } = &objective.draft.indicator else { return Ok(false) };
    let width_s = objective.draft.slice_s;
    let settled_s = now.epoch_secs() - SETTLED_AFTER_S;
    let closed_s = settled_s - settled_s.rem_euclid(width_s);
    if until_s.is_some_and(|until_s| until_s >= closed_s) {
        return Ok(false);
    }
    // The first time, all that is kept: whatever came while no server ran is there.
    let earliest_s = now.epoch_secs() - app.observed.keep().retention_s();
    let from_s = until_s.map_or(earliest_s, |until_s| (until_s - LATE_S).max(earliest_s));
    let from_s = from_s - from_s.rem_euclid(width_s) + if until_s.is_none() { width_s } else { 0 };
    let at = |second: i64| Timestamp::from_micros(second.saturating_mul(1_000_000));
    let snapshot = app.observed.snapshot(at(from_s), at(closed_s)).await?;
    let (service, operation, threshold_s) = (service.clone(), operation.clone(), *threshold_s);
    let counted = tokio::task::spawn_blocking(move || {
        let starts = (0..).map(|n| from_s + n * width_s).take_while(|start_s| *start_s < closed_s);
        let slice = |start_s: i64| {
            let range = Range { from: at(start_s), to: at(start_s + width_s) };
            let (good, total) = snapshot.good(range, &service, operation.as_deref(), threshold_s)?;
            Some(Slice { start_s, width_s, good, total })
        };
        starts.filter_map(slice).collect::<Vec<Slice>>()
    });
    let Ok(slices) = counted.await else { return Ok(false) };
    let changed = app.levels.record(app, objective.id, objective.generation, &slices).await?;
    *until_s = Some(closed_s);
    Ok(changed)
}
