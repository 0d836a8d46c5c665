//! A delivery on its way into the record: read by its source, then stored. What this answers is
//! committed.

use crate::{
    domain::{
        audit::By,
        delivery::Counts,
        failure::{Failure, FailureKind},
        ids::{AlertId, IntegrationId},
        integration::Integration,
        people::{Actor, Right},
        time::Timestamp,
    },
    server::{
        auth::secrets,
        error::ServerError,
        hooks::senders::Entrant,
        sources::{self, Parsed, Rejected, Source},
        state::App,
        store::{Delivery, Receipt, Sender, StoreError, ToldChanges},
        telemetry::{count_signals, timed},
        usecases::people::needs,
    },
};
use axum::http::HeaderMap;
use serde::Serialize;
use uuid::Uuid;

/// Alerts sent by REST belong to this integration; it is made when the first one arrives.
const REST: IntegrationId = IntegrationId(Uuid::from_u128(0x7e57_0000_0000_7000_8000_0000_0000_0001));

/// What became of a delivery, in the shape that senders and programs are answered with.
#[derive(Debug, Serialize)]
pub struct Accepted {
    status: &'static str,
    opened: u32,
    repeated: u32,
    acknowledged: u32,
    resolved: u32,
    ignored: u32,
    incidents_opened: u32,
    incidents_resolved: u32,
    alerts: Vec<AlertId>,
    changes: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<RejectedItem>,
    /// All of the rejected alerts in one line; empty when there are none.
    #[serde(skip)]
    pub rejected_words: String,
    /// The key to answer the sender with, where it expects one.
    #[serde(skip)]
    pub dedup_key: Option<String>,
}

impl Accepted {
    /// What was accepted but is not whole.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub fn counts(&self) -> Counts {
        let whole = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Counts {
            opened: self.opened,
            repeated: self.repeated,
            acknowledged: self.acknowledged,
            resolved: self.resolved,
            ignored: self.ignored,
            rejected: whole(self.rejected.len()),
            changes: whole(self.changes),
            incidents_opened: self.incidents_opened,
            incidents_resolved: self.incidents_resolved,
        }
    }
}

/// One alert of a list that was not understood; the others were stored.
#[derive(Debug, Serialize)]
struct RejectedItem {
    index: usize,
    detail: String,
}

/// Why a delivery was not accepted.
#[derive(Debug)]
pub enum Turned {
    /// It cannot be understood.
    Rejected(Rejected),
    Store(StoreError),
}

/// How a source reads one of its shapes.
pub type Parse = fn(&sources::Request) -> Result<Parsed, Rejected>;

/// Reads a delivery of an integration that has shown its key, and stores it.
pub async fn deliver(app: &App, entrant: &Entrant, source: &Source, parse: Parse, headers: &HeaderMap, body: &[u8]) -> Result<Accepted, Turned> {
    let received_at = app.clock().now();
    let parsed = read(parse, headers, body, received_at).map_err(Turned::Rejected)?;
    store(app, entrant, source, received_at, parsed).await.map_err(Turned::Store)
}

/// Reads a delivery, and stores nothing.
pub fn read(parse: Parse, headers: &HeaderMap, body: &[u8], received_at: Timestamp) -> Result<Parsed, Rejected> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let new_key = || Uuid::new_v4().to_string();
    parse(&sources::Request { body, header: &header, received_at, new_key: &new_key })
}

async fn store(app: &App, entrant: &Entrant, source: &Source, received_at: Timestamp, parsed: Parsed) -> Result<Accepted, StoreError> {
    let rejected_words = parsed.rejected_words();
    let Parsed { signals, changes, mut warnings, rejected, dedup_key, delivery_id } = parsed;
    let integration = entrant.integration();
    let is_heartbeat = signals.iter().any(|signal| signal.heartbeat);
    let mut recorded = changes.len();
    if !changes.is_empty() {
        let told = ToldChanges { integration: integration.id, source: source.slug, received_at, delivery_id: delivery_id.as_deref(), changes: &changes };
        if !timed("changes", app.store.record_changes(told)).await? {
            recorded = 0;
            warnings.push("this delivery was recorded before: it changed nothing".to_owned());
        }
    }
    let receipt = if signals.is_empty() {
        Receipt::default()
    } else {
        let delivery = Delivery {
            integration_id: integration.id,
            integration_name: integration.name.clone(),
            source: source.slug.to_owned(),
            grouping: integration.grouping.clone(),
            received_at,
            signals,
        };
        timed("intake", app.store.intake(delivery)).await?
    };
    app.senders.note(integration.id, received_at, is_heartbeat);
    count(source, &receipt, rejected.len());
    warnings.extend(receipt.ignored_because.iter().map(|(why, count)| format!("{count} ignored: {}", why.words())));
    Ok(Accepted {
        status: "ok",
        opened: receipt.opened,
        repeated: receipt.repeated,
        acknowledged: receipt.acknowledged,
        resolved: receipt.resolved,
        ignored: receipt.ignored,
        incidents_opened: receipt.incidents_opened,
        incidents_resolved: receipt.incidents_resolved,
        alerts: receipt.alerts,
        changes: recorded,
        warnings,
        rejected: rejected.into_iter().map(|alert| RejectedItem { index: alert.index, detail: alert.words }).collect(),
        rejected_words,
        dedup_key,
    })
}

fn count(source: &Source, receipt: &Receipt, rejected: usize) {
    let done = [
        ("opened", receipt.opened),
        ("repeated", receipt.repeated),
        ("acknowledged", receipt.acknowledged),
        ("resolved", receipt.resolved),
        ("ignored", receipt.ignored),
        ("rejected", u32::try_from(rejected).unwrap_or(u32::MAX)),
    ];
    for (verdict, count) in done.into_iter().filter(|(_, count)| *count > 0) {
        count_signals(source.slug, verdict, count);
    }
}

/// Stores alerts that an API token sent, in the shape of the generic source. All of them must be
/// understood: a program, unlike most senders, reads the answer.
pub async fn by_rest(app: &App, actor: &Actor, body: &[u8]) -> Result<Accepted, ServerError> {
    needs(actor, Right::Work)?;
    let source = &sources::generic::SOURCE;
    let received_at = app.clock().now();
    let invalid = |code: &str, words: String| Failure::new(FailureKind::Invalid, code, words);
    let parsed = read(source.parse, &HeaderMap::new(), body, received_at).map_err(|rejected| invalid(rejected.code, rejected.words))?;
    if !parsed.rejected.is_empty() {
        return Err(invalid("invalid_alert", parsed.rejected_words()).with_next("Nothing was stored. Correct it and send all of them again.").into());
    }
    let entrant = Entrant::new(rest_integration(app).await?);
    Ok(store(app, &entrant, source, received_at, parsed).await?)
}

async fn rest_integration(app: &App) -> Result<Sender, StoreError> {
    if let Some(sender) = app.store.sender(REST).await? {
        return Ok(sender);
    }
    let integration = Integration::new(REST, sources::generic::SOURCE.slug, "REST", app.clock().now());
    // Nobody learns this key: alerts come to it by API token only.
    let sender = Sender { integration, token_hash: secrets::hash(&secrets::new_secret(secrets::INTEGRATION_TOKEN)), signing_secrets: vec![], previous: None };
    app.store.create_integration(&sender, &By::system()).await?;
    Ok(app.store.sender(REST).await?.unwrap_or(sender))
}
