//! What goes on by itself: alerts run out, other processes' changes are handed on, old things are
//! forgotten. A job that fails says so and goes on.

use super::{
    briefs,
    heartbeats::Watch,
    retention,
    state::App,
    store::{Lease, StoreError},
};
use crate::domain::time::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio_util::task::TaskTracker;

/// How often this server says that it lives. Downtime is known as exactly as this.
const ALIVE_EVERY: Duration = Duration::from_secs(10);
/// How often this server renews its lease, which counts for several times as long.
const LEASE_EVERY: Duration = Duration::from_secs(5);
/// How often retention looks for what is old enough to leave; the first time when the server starts.
const RETENTION_EVERY: Duration = Duration::from_secs(86_400);
/// How often burn alerts are decided anew: several times a slice.
const BURNING_EVERY: Duration = Duration::from_secs(15);
/// How often it is looked whether a slice has closed that is to be measured.
const MEASURE_EVERY: Duration = Duration::from_secs(2);
/// How often it is looked whether other servers took telemetry; a question looks by itself.
const TELEMETRY_EVERY: Duration = Duration::from_secs(1);
/// How often old slices are merged.
const SLICES_EVERY: Duration = Duration::from_secs(3600);
/// A replayed command is answered as the first time for this long.
const COMMANDS_KEPT_FOR_SECS: i64 = 48 * 3600;
/// A delivery of changes that comes again is known for this long; GitHub lets people send again
/// what is up to three days old.
const CHANGE_DELIVERIES_KEPT_FOR_SECS: i64 = 96 * 3600;

/// How long no server was running before this one started, in seconds. What waited for a sender
/// meanwhile gets that much longer.
pub async fn after_downtime(app: &App) -> Result<i64, StoreError> {
    let now = app.clock().now();
    let down_secs = app.store.alive_at().await?.map_or(0, |alive_at| now.secs_since(alive_at).max(0));
    if down_secs > 0 {
        app.store.extend_expiries(down_secs).await?;
    }
    app.store.note_alive(now).await?;
    Ok(down_secs)
}

/// Starts every job; they end when the server closes.
pub fn start(app: &Arc<App>, down_secs: i64, lease: &Lease) -> TaskTracker {
    let tracker = TaskTracker::new();
    let watch = Arc::new(Watch::new(app.clock().now(), down_secs));
    every(&tracker, app, "expire_alerts", Duration::from_secs(1), |app| async move { app.store.expire_alerts().await.map(drop) });
    every(&tracker, app, "foreign_changes", Duration::from_millis(250), |app| async move { app.store.poll_foreign_changes().await });
    let (follower, closing) = (app.clone(), app.closing.clone());
    tracker.spawn(async move { closing.run_until_cancelled(follower.store.follow_other_servers()).await });
    every(&tracker, app, "foreign_integrations", Duration::from_millis(500), |app| async move { app.senders.refresh(&app.store).await });
    every(&tracker, app, "heard", Duration::from_secs(1), |app| async move { app.senders.write_heard(&app.store).await });
    every(&tracker, app, "deliveries", Duration::from_secs(2), |app| async move { app.notes.write(&app.store).await });
    every(&tracker, app, "alive", ALIVE_EVERY, |app| async move {
        app.store.note_alive(app.clock().now()).await?;
        app.mark.write(&app.store).await
    });
    let (lease, measuring) = (lease.clone(), lease.clone());
    every(&tracker, app, "lease", LEASE_EVERY, move |app| {
        let lease = lease.clone();
        async move { app.store.renew_lease(&lease).await }
    });
    every(&tracker, app, "heartbeats", Duration::from_secs(1), move |app| {
        let watch = watch.clone();
        async move { watch.look(&app).await }
    });
    every(&tracker, app, "burning", BURNING_EVERY, |app| async move { app.burning.look(&app).await });
    every(&tracker, app, "measure", MEASURE_EVERY, move |app| {
        let lease = measuring.clone();
        async move { app.measure.pass(&app, &lease).await }
    });
    // The first time it reads all that was kept.
    every(&tracker, app, "telemetry", TELEMETRY_EVERY, |app| async move {
        app.observed.load().await?;
        app.observed.gauge();
        Ok(())
    });
    every(&tracker, app, "telemetry_retention", Duration::from_secs(30), |app| async move { app.observed.forget().await });
    every(&tracker, app, "slices", SLICES_EVERY, |app| async move { merge_slices(&app).await });
    every(&tracker, app, "prune", Duration::from_secs(60), |app| async move { prune(&app).await });
    every(&tracker, app, "failed_sign_ins", Duration::from_secs(60), |app| async move { note_failures(&app, Some(app.clock().now())).await });
    every(&tracker, app, "brief", Duration::from_secs(30), |app| async move { briefs::mail_if_due(&app).await });
    every(&tracker, app, "retention", RETENTION_EVERY, |app| async move { retention::purge(&app).await });
    every(&tracker, app, "metrics", Duration::from_secs(5), |_| async {
        super::telemetry::metrics().run_upkeep();
        Ok(())
    });
    tracker.close();
    tracker
}

/// The last words before the server ends: what is still only in memory, when it last lived, and
/// that it is gone.
pub async fn finish(app: &App, lease: &Lease) {
    let last_words = [
        ("failed_sign_ins", note_failures(app, None).await),
        ("deliveries", app.notes.write(&app.store).await),
        ("heard", app.senders.write_heard(&app.store).await),
        ("alive", app.store.note_alive(app.clock().now()).await),
        ("lease", app.store.drop_lease(lease).await),
        ("mark", app.mark.write(&app.store).await),
    ];
    for (job, done) in last_words {
        if let Err(error) = done {
            failed(job, &error);
        }
    }
}

/// Writes down how many sign-ins failed in windows that are over at `now`, or in all.
async fn note_failures(app: &App, now: Option<Timestamp>) -> Result<(), StoreError> {
    for note in app.failures.due(now) {
        app.store.note(&note).await?;
    }
    Ok(())
}

async fn merge_slices(app: &App) -> Result<(), StoreError> {
    let held = app.levels.current(app).await?;
    for one in held.all() {
        app.store.compact_slices(one.kept(), &held.left_out_of(one, app.clock().now())).await?;
    }
    app.levels.pack(app).await
}

async fn prune(app: &App) -> Result<(), StoreError> {
    let now = app.clock().now();
    app.store.prune_changes(i64::from(app.config.stream_retention)).await?;
    app.store.prune_commands(now.plus_secs(-COMMANDS_KEPT_FOR_SECS)).await?;
    app.store.prune_change_deliveries(now.plus_secs(-CHANGE_DELIVERIES_KEPT_FOR_SECS)).await?;
    app.store.prune_told_ends(now).await?;
    app.store.prune_sessions(now).await?;
    Ok(())
}

fn every<F>(tracker: &TaskTracker, app: &Arc<App>, name: &'static str, period: Duration, job: impl Fn(Arc<App>) -> F + Send + 'static)
where
    F: Future<Output = Result<(), StoreError>> + Send,
{
    let app = app.clone();
    tracker.spawn(async move {
        let mut ticks = tokio::time::interval(period);
        // After a pause the job runs once, not once for every tick that was missed.
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while app.closing.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error) = job(app.clone()).await {
                failed(name, &error);
            }
        }
    });
}

fn failed(job: &'static str, error: &StoreError) {
    metrics::counter!("tocsin_job_failures_total", "job" => job).increment(1);
    tracing::error!(job, error = error as &dyn std::error::Error, "a background job failed and will try again");
}
