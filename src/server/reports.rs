//! What browsers report of pages that broke their own content security policy: a fault of ours,
//! or somebody's try. Whoever reaches the port may send one, so each costs little and is inert.

use super::{body, state::App};
use axum::{body::Body, extract::State, http::HeaderMap, http::StatusCode};
use serde_json::Value;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Where the policy sends them.
pub const PATH: &str = "/csp-report";

/// Reports are small.
const MAX_REPORT: usize = 16 * 1024;
/// All are counted; the log names one in so many seconds.
const LOGGED_EVERY_SECS: i64 = 10;
/// No address that says something is longer.
const LONGEST: usize = 200;

/// One report.
pub async fn take(State(app): State<Arc<App>>, headers: HeaderMap, sent: Body) -> StatusCode {
    let Ok(bytes) = body::read(&headers, sent, MAX_REPORT).await else { return StatusCode::PAYLOAD_TOO_LARGE };
    let report = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
    let report = &report["csp-report"];
    if !report.is_object() {
        return StatusCode::BAD_REQUEST;
    }
    metrics::counter!("tocsin_csp_reports_total").increment(1);
    static LOGGED_AT: AtomicI64 = AtomicI64::new(i64::MIN);
    let (now, before) = (app.clock().now().epoch_secs(), LOGGED_AT.load(Ordering::Relaxed));
    if now.saturating_sub(before) >= LOGGED_EVERY_SECS && LOGGED_AT.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        let said = |name: &str| report[name].as_str().unwrap_or_default().chars().take(LONGEST).collect::<String>();
        // As quoted text: whatever stands in it stays on its line.
        tracing::warn!(directive = ?said("effective-directive"), blocked = ?said("blocked-uri"), page = ?said("document-uri"), "a browser reports a breach of the policy");
    }
    StatusCode::NO_CONTENT
}
