//! What the company's services say of themselves: spans of what customers do, an hour and a half of
//! the past and then minute by minute, by OTLP like any collector sends them. Whoever an incident
//! hurts fails and is slow for as long as it does.

use super::{
    client::CallError,
    company::{REGIONS, SERVICES, Service},
    dice::Dice,
    house::{House, say},
    levels::{Hurt, hurts},
};
use crate::domain::{services::ServiceDraft, severity::Severity};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// How far the spans go back.
const PAST_S: i64 = 90 * 60;
/// How often new ones are sent.
pub const EVERY_SECS: i64 = 60;
/// Minutes in one request.
const AT_ONCE: i64 = 10;
/// What customers do in a minute, all together.
const A_MINUTE: i64 = 60;
/// What fails on a quiet day.
const FAILS_ANYWAY: f64 = 0.002;

/// How much of what a sick service is asked fails, and how many times longer the rest takes.
fn pain(severity: Option<Severity>) -> (f64, f64) {
    match severity {
        Some(Severity::Sev1) => (0.34, 5.0),
        Some(Severity::Sev2) => (0.04, 2.0),
        Some(Severity::Sev3) => (0.01, 1.4),
        // Nobody's calls fail because a certificate ends in three days.
        Some(Severity::Sev4 | Severity::Sev5) | None => (0.0, 1.0),
    }
}

/// Whether it fails of itself. Who calls somebody that the same incident hurts suffers from that alone.
fn is_sick_itself(hurt: &Hurt, hurts: &[Hurt]) -> bool {
    let others: Vec<&str> =
        hurts.iter().filter(|other| other.incident == hurt.incident && other.service != hurt.service).map(|other| other.service.as_str()).collect();
    !FLOWS.iter().any(|(_, flow)| flow.leads(&hurt.service, &others))
}

/// A call and those it makes in turn, one after the other.
struct Call {
    service: &'static str,
    name: &'static str,
    /// What it takes itself, as a rule.
    own_ms: f64,
    calls: &'static [Call],
}

const fn call(service: &'static str, name: &'static str, own_ms: f64, calls: &'static [Call]) -> Call {
    Call { service, name, own_ms, calls }
}

impl Call {
    /// Whether `from`, here or further on, calls one of these, by others too.
    fn leads(&self, from: &str, to: &[&str]) -> bool {
        let is_below = self.service == from && self.calls.iter().any(|call| call.reaches(to));
        is_below || self.calls.iter().any(|call| call.leads(from, to))
    }

    /// Who calls whom here.
    fn pairs(&self) -> Vec<(&'static str, &'static str)> {
        self.calls.iter().flat_map(|call| [vec![(self.service, call.service)], call.pairs()].concat()).collect()
    }

    fn reaches(&self, any: &[&str]) -> bool {
        any.contains(&self.service) || self.calls.iter().any(|call| call.reaches(any))
    }
}

const LEDGER: Call = call("ledger", "POST /entries", 14.0, &[]);
const PAYMENTS: Call = call("payments", "POST /charge", 95.0, &[call("risk", "POST /score", 22.0, &[]), LEDGER]);
const MAIL: Call = call("notifications", "POST /messages", 9.0, &[call("mail", "POST /send", 60.0, &[])]);
const SIGN_IN: Call = call("identity", "POST /sessions", 34.0, &[]);

/// What customers do, and how often as against the rest.
static FLOWS: [(f64, Call); 6] = [
    (
        30.0,
        call(
            "edge",
            "GET /items",
            2.0,
            &[call("gateway", "GET /items", 4.0, &[call("catalogue", "GET /items", 18.0, &[call("media", "GET /images", 28.0, &[])])])],
        ),
    ),
    (
        20.0,
        call(
            "edge",
            "GET /search",
            2.0,
            &[call("gateway", "GET /search", 4.0, &[call("search", "GET /search", 55.0, &[call("catalogue", "GET /titles", 11.0, &[])])])],
        ),
    ),
    (18.0, call("edge", "POST /pay", 2.0, &[call("gateway", "POST /pay", 5.0, &[call("checkout", "POST /checkout", 30.0, &[PAYMENTS, MAIL])])])),
    (10.0, call("edge", "POST /login", 2.0, &[call("gateway", "POST /login", 4.0, &[SIGN_IN])])),
    (4.0, call("subscriptions", "renew", 12.0, &[PAYMENTS, MAIL])),
    (1.0, call("reports", "daily sales", 240.0, &[call("billing", "GET /invoices", 80.0, &[LEDGER])])),
];

/// Whom `payments` needs beside the company's own, which no span of its own shows.
const PROVIDERS: [&str; 2] = ["provider-a", "provider-b"];

/// What the company says of a service: it needs whom it calls.
fn described(service: &Service) -> ServiceDraft {
    let calls = FLOWS.iter().flat_map(|(_, flow)| flow.pairs()).filter(|(caller, _)| *caller == service.name).map(|(_, called)| called);
    let needs: BTreeSet<&str> = calls.chain(PROVIDERS.into_iter().filter(|_| service.name == "payments")).collect();
    ServiceDraft {
        owner: Some(service.team.to_owned()),
        tier: service.tier.parse().ok(),
        depends_on: needs.into_iter().map(str::to_owned).collect(),
        ..ServiceDraft::default()
    }
}

/// Lets the collector in, and says and sends the past where nothing was before.
pub async fn set(house: &House) -> Result<(), CallError> {
    if !house.let_collector_in(NAME, &token(house.seed)).await? {
        return Ok(());
    }
    for service in &SERVICES {
        house.describe_service(service.name, &described(service)).await?;
    }
    let now_s = house.clock.now().epoch_secs();
    let hurts = hurts(&house.open_incidents().await?, now_s);
    let (from, to) = ((now_s - PAST_S).div_euclid(60), now_s.div_euclid(60));
    let mut sent = 0;
    for first in (from..to).step_by(AT_ONCE as usize) {
        let minutes: Vec<i64> = (first..to.min(first + AT_ONCE)).collect();
        sent += send(house, &minutes, &hurts).await?;
    }
    say(&format!("Sent {sent} spans of the last {} minutes.", PAST_S / 60));
    Ok(())
}

/// The spans of the minute that has just ended.
pub async fn measure(house: &House) -> Result<(), CallError> {
    let now_s = house.clock.now().epoch_secs();
    let hurts = hurts(&house.open_incidents().await?, now_s);
    send(house, &[now_s.div_euclid(60) - 1], &hurts).await.map(drop)
}

const NAME: &str = "OpenTelemetry collector";

/// The collector's key, the same for the same seed.
fn token(seed: u64) -> String {
    let digest = Sha256::digest(format!("tocsin demo {seed}: {NAME}"));
    digest.iter().take(16).fold("demo".to_owned(), |token, byte| format!("{token}{byte:02x}"))
}

async fn send(house: &House, minutes: &[i64], hurts: &[Hurt]) -> Result<usize, CallError> {
    let mut made = Made::default();
    for minute in minutes {
        made.minute(house.seed, *minute, hurts);
    }
    let n = made.spans.values().map(Vec::len).sum();
    house.export(&token(house.seed), &made.export()).await?;
    Ok(n)
}

/// Spans by service and instance.
#[derive(Default)]
struct Made {
    spans: BTreeMap<(&'static str, u32), Vec<Value>>,
}

/// How a call went.
struct Went {
    took_ms: f64,
    failed: bool,
}

/// Where a call comes from.
struct From<'a> {
    trace: &'a str,
    parent: Option<String>,
    region: &'static str,
}

impl Made {
    /// The same minute is always the same, but for who is hurt in it.
    fn minute(&mut self, seed: u64, minute: i64, hurts: &[Hurt]) {
        let sick: Vec<&Hurt> = hurts.iter().filter(|hurt| is_sick_itself(hurt, hurts)).collect();
        let mut dice = Dice::new(seed ^ minute.unsigned_abs(), "traffic");
        // Some minutes see more of them than others.
        let customers = (A_MINUTE as f64 * (0.85 + 0.3 * dice.unit())) as i64;
        for _ in 0..customers {
            let at_ms = (minute * 60_000) as f64 + dice.unit() * 59_000.0;
            let flow = dice.weighted(&FLOWS, |(weight, _)| *weight);
            let trace = format!("{:016x}{:016x}", dice.bits(), dice.bits() | 1);
            let from = From { trace: &trace, parent: None, region: dice.pick::<&str>(&REGIONS) };
            self.call(&flow.1, &from, at_ms, &sick, &mut dice);
        }
    }

    /// A call as its own service sees it; what it calls is seen from both sides.
    fn call(&mut self, call: &'static Call, from: &From<'_>, at_ms: f64, sick: &[&Hurt], dice: &mut Dice) -> Went {
        let lasts = |hurt: &Hurt| ((hurt.from_s * 1000) as f64..=(hurt.to_s * 1000) as f64).contains(&at_ms);
        let hurting = sick.iter().filter(|hurt| hurt.service == call.service && lasts(hurt)).map(|hurt| pain(hurt.severity));
        let (fails, slower) = hurting.fold((0.0, 1.0), |(most, longest): (f64, f64), (fails, slower)| (most.max(fails), longest.max(slower)));
        let id = format!("{:016x}", dice.bits() | 1);
        let broke = dice.chance(fails.max(FAILS_ANYWAY));
        let spread = 0.6 + 0.5 * dice.unit() + if dice.chance(0.03) { 2.5 * dice.unit() } else { 0.0 };
        let mut took_ms = call.own_ms * spread * if broke { 1.0 } else { slower };
        // What breaks waits until it gives up.
        took_ms += if broke && fails > 0.0 { 2_000.0 } else { 0.0 };
        let mut failed = broke;
        for inner in call.calls {
            let asked = format!("{:016x}", dice.bits() | 1);
            let began_ms = at_ms + took_ms;
            let child = From { parent: Some(asked.clone()), ..*from };
            let went = self.call(inner, &child, began_ms + 0.6, sick, dice);
            let words = inner.name.split(' ').next().unwrap_or(inner.name);
            self.span(
                call.service,
                from,
                Span { id: &asked, parent: Some(&id), name: words, kind: 3, at_ms: began_ms, took_ms: went.took_ms + 1.2, failed: went.failed },
            );
            took_ms += went.took_ms + 1.2;
            failed |= went.failed;
            if went.failed {
                break;
            }
        }
        self.span(call.service, from, Span { id: &id, parent: from.parent.as_deref(), name: call.name, kind: 2, at_ms, took_ms, failed });
        Went { took_ms, failed }
    }

    fn span(&mut self, service: &'static str, from: &From<'_>, span: Span<'_>) {
        let Some(known) = SERVICES.iter().find(|known| known.name == service) else { return };
        // A trace stays on one instance of each service.
        let instance = from.trace.bytes().map(u32::from).sum::<u32>() % known.instances;
        let nanos = |ms: f64| format!("{}", (ms * 1e6) as i64);
        let status = if span.failed { json!({ "code": 2, "message": "time-out" }) } else { json!({ "code": 0 }) };
        let value = json!({
            "traceId": from.trace, "spanId": span.id, "parentSpanId": span.parent.unwrap_or_default(), "name": span.name, "kind": span.kind,
            "startTimeUnixNano": nanos(span.at_ms), "endTimeUnixNano": nanos(span.at_ms + span.took_ms), "status": status,
            "attributes": [{ "key": "cloud.region", "value": { "stringValue": from.region } }],
        });
        self.spans.entry((service, instance)).or_default().push(value);
    }

    fn export(self) -> Value {
        let text = |key: &str, value: String| json!({ "key": key, "value": { "stringValue": value } });
        let groups = self.spans.into_iter().map(|((service, instance), spans)| {
            let version = SERVICES.iter().find(|known| known.name == service).map_or("", |known| known.version);
            let attributes = [
                text("service.name", service.to_owned()),
                text("service.version", version.to_owned()),
                text("service.instance.id", format!("{service}-{instance}")),
            ];
            json!({ "resource": { "attributes": attributes }, "scopeSpans": [{ "spans": spans }] })
        });
        json!({ "resourceSpans": groups.collect::<Vec<_>>() })
    }
}

struct Span<'a> {
    id: &'a str,
    parent: Option<&'a str>,
    name: &'a str,
    /// As OTLP numbers them: 2 serves, 3 calls.
    kind: u8,
    at_ms: f64,
    took_ms: f64,
    failed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::IncidentId;

    fn minute(hurts: &[Hurt]) -> Vec<Value> {
        let mut made = Made::default();
        made.minute(7, 29_000_000, hurts);
        made.spans.into_values().flatten().collect()
    }

    fn hurt(severity: Severity, service: &str, from_s: i64) -> Hurt {
        Hurt { incident: IncidentId(uuid::Uuid::nil()), severity: Some(severity), service: service.to_owned(), from_s, to_s: from_s + 60 }
    }

    fn failed(spans: &[Value]) -> usize {
        spans.iter().filter(|span| span["status"]["code"] == 2).count()
    }

    #[test]
    fn a_minute_is_always_the_same_and_its_spans_hang_together() {
        let spans = minute(&[]);
        assert_eq!(spans, minute(&[]));
        let ids: std::collections::HashSet<&str> = spans.iter().filter_map(|span| span["spanId"].as_str()).collect();
        assert_eq!(ids.len(), spans.len());
        assert!(spans.iter().filter_map(|span| span["parentSpanId"].as_str()).all(|parent| parent.is_empty() || ids.contains(parent)));
        assert!(spans.len() > 200 && spans.len() < 1_000, "{}", spans.len());
    }

    #[test]
    fn what_is_said_of_a_service_is_what_the_server_takes() {
        let drafts: Vec<ServiceDraft> = SERVICES.iter().map(|service| described(service).parse(service.name).expect("it is right")).collect();
        assert!(drafts.iter().all(|draft| draft.owner.is_some() && draft.tier.is_some()));
        assert_eq!(drafts[0].depends_on, ["ledger", "provider-a", "provider-b", "risk"]);
    }

    #[test]
    fn every_service_of_the_company_speaks() {
        let mut made = Made::default();
        (0..30).for_each(|minute| made.minute(7, minute, &[]));
        let speak: std::collections::HashSet<&str> = made.spans.keys().map(|(service, _)| *service).collect();
        assert_eq!(speak.len(), SERVICES.len());
    }

    #[test]
    fn who_is_hurt_fails() {
        let from_s = 29_000_000 * 60;
        let hurt = |severity, service: &str| hurt(severity, service, from_s);
        assert!(failed(&minute(&[hurt(Severity::Sev1, "catalogue")])) > 5 * failed(&minute(&[])).max(1));
        assert_eq!(failed(&minute(&[hurt(Severity::Sev5, "catalogue")])), failed(&minute(&[])));
    }

    #[test]
    fn who_calls_the_sick_one_suffers_from_it_alone() {
        let hurts = ["checkout", "payments", "media"].map(|service| hurt(Severity::Sev1, service, 0));
        let sick: Vec<&str> = hurts.iter().filter(|hurt| is_sick_itself(hurt, &hurts)).map(|hurt| hurt.service.as_str()).collect();
        assert_eq!(sick, ["payments", "media"]);
    }
}
