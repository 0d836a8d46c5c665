//! Objectives that are counted from the traces sent to us: every closed slice once, and those of
//! the last minutes again, because spans come late. What is written down is never replaced by a
//! count of less: nothing is counted of times of which not all is there.

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
    let at = |second: i64| Timestamp::from_micros(second.saturating_mul(1_000_000));
    let kept_s = now.epoch_secs() - app.observed.keep().retention_s();
    // After a start it goes on where the slices end; the first time of all it takes whatever is kept.
    let known_s = until_s.or_else(|| one.series().watermark(closed_s));
    let wanted_s = known_s.map_or(kept_s, |known_s| (known_s - LATE_S).max(kept_s));
    let wanted_s = wanted_s - wanted_s.rem_euclid(width_s);
    let Some(snapshot) = app.observed.whole_snapshot(at(wanted_s), at(closed_s)).await? else { return Ok(false) };
    let whole_s = app.observed.whole_since().map_or(kept_s, |since| since.epoch_secs().saturating_add(1).max(kept_s));
    let from_s = wanted_s.max(whole_s + (-whole_s).rem_euclid(width_s));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{audit::By, slo::objective::ObjectiveDraft},
        server::{
            config::Config,
            otlp::{Encoding, Sent, Signal},
            store::testing::{NOON, empty_store},
        },
    };
    use serde_json::json;

    /// One call of pay by nobody, so many milliseconds after noon.
    fn call(n: i64, from_ms: i64, took_ms: i64, error: bool) -> serde_json::Value {
        let ns = |ms: i64| ((NOON.micros() + ms * 1_000) * 1_000).to_string();
        json!({"traceId": format!("{n:032x}"), "spanId": format!("{n:016x}"), "name": "POST /pay", "kind": 2, "startTimeUnixNano": ns(from_ms),
               "endTimeUnixNano": ns(from_ms + took_ms), "status": {"code": if error { 2 } else { 0 }}})
    }

    async fn send(app: &App, spans: &[serde_json::Value]) {
        let resource = json!({"attributes": [{"key": "service.name", "value": {"stringValue": "pay"}}]});
        let export = json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}).to_string();
        app.observed.take(Sent::read(Signal::Traces, Encoding::Json, export.as_bytes()).expect("it is one"), None).await.expect("it is kept");
    }

    #[tokio::test]
    async fn good_calls_are_counted_one_by_one_and_what_nobody_told_of_is_a_gap() {
        let (store, _folder) = empty_store().await;
        let clock = store.clock().clone();
        let app = App::new(store, Config::default());
        let objective = |name: &str, indicator: serde_json::Value| {
            let draft = json!({"name": name, "target": 0.9, "windows": [{"type": "rolling", "seconds": 604_800}], "indicator": indicator});
            serde_json::from_value::<ObjectiveDraft>(draft).expect("it is a draft").parse().expect("it is right")
        };
        for draft in [
            objective("errors", json!({"kind": "telemetry", "service": "pay"})),
            objective("slow", json!({"kind": "telemetry", "service": "pay", "operation": "POST /pay", "threshold_s": 0.25})),
            objective("other", json!({"kind": "telemetry", "service": "nobody"})),
        ] {
            app.store.create_objective(&draft, &By::console()).await.expect("it is written");
        }
        let spans = [call(1, 1_000, 250, false), call(2, 2_000, 251, false), call(3, 59_000, 10, true), call(4, 120_000, 10, false)];
        clock.set(NOON.plus_secs(300));
        send(&app, &spans).await;
        let held = app.levels.current(&app).await.expect("the store answers");
        for one in held.all() {
            let mut until_s = None;
            assert!(measure(&app, one, &mut until_s, clock.now()).await.expect("the store works"));
            assert_eq!(until_s, Some(NOON.epoch_secs() + 240));
            assert!(!measure(&app, one, &mut until_s, clock.now()).await.expect("the store works"), "nothing more has closed");
        }
        let held = app.levels.current(&app).await.expect("the store answers");
        let sums = |name: &str| {
            let series = held.find(name).expect("it is there").series();
            let minute = |n: i64| {
                let sum = series.sum(NOON.epoch_secs() + n * 60, NOON.epoch_secs() + n * 60 + 60);
                (sum.good_raw(), sum.total_raw)
            };
            (minute(0), minute(2), series.gaps(NOON.epoch_secs(), NOON.epoch_secs() + 180).len())
        };
        assert_eq!(sums("errors"), ((2.0, 3.0), (1.0, 1.0), 1));
        assert_eq!(sums("slow"), ((2.0, 3.0), (1.0, 1.0), 1));
        assert_eq!(sums("other"), ((0.0, 0.0), (0.0, 0.0), 1));
    }

    #[tokio::test]
    async fn what_is_written_down_is_never_replaced_by_a_count_of_what_is_left() {
        let (store, _folder) = empty_store().await;
        let clock = store.clock().clone();
        let app = App::new(store.clone(), Config::default());
        let draft = json!({"name": "errors", "target": 0.9, "windows": [{"type": "rolling", "seconds": 604_800}], "indicator": {"kind": "telemetry", "service": "pay"}});
        let draft = serde_json::from_value::<ObjectiveDraft>(draft).expect("it is a draft").parse().expect("it is right");
        app.store.create_objective(&draft, &By::console()).await.expect("it is written");
        clock.set(NOON.plus_secs(3_000));
        send(&app, &[call(1, 1_000, 10, false), call(2, 2_000, 10, false), call(3, 2_900_000, 10, false), call(6, 2_900_500, 10, false)]).await;
        let total = async |app: &App, from_s: i64| {
            let held = app.levels.current(app).await.expect("the store answers");
            held.find("errors").expect("it is there").series().sum(NOON.epoch_secs() + from_s, NOON.epoch_secs() + from_s + 60).total_raw
        };
        let count = async |app: &App| {
            let held = app.levels.current(app).await.expect("the store answers");
            measure(app, held.find("errors").expect("it is there"), &mut None, clock.now()).await.expect("the store works")
        };
        assert!(count(&app).await);
        assert_eq!((total(&app, 0).await, total(&app, 2_880).await), (2.0, 2.0));
        // Blocks leave for their size; what comes late to the same times is less than there was.
        store.forget_telemetry_over(0).await.expect("the store works");
        clock.set(NOON.plus_secs(3_100));
        send(&app, &[call(4, 3_000, 10, false), call(5, 2_901_000, 10, false)]).await;
        let again = App::new(store, Config::default());
        assert!(
            again
                .observed
                .snapshot(NOON, NOON.plus_secs(60))
                .await
                .expect("the store answers")
                .good(Range { from: NOON, to: NOON.plus_secs(60) }, "pay", None, None)
                .is_some_and(|(_, total)| total == 1.0)
        );
        count(&again).await;
        assert_eq!((total(&again, 0).await, total(&again, 2_880).await), (2.0, 2.0));
        // The server that has seen everything goes on.
        count(&app).await;
        assert_eq!((total(&app, 0).await, total(&app, 2_880).await), (2.0, 3.0));
    }
}
