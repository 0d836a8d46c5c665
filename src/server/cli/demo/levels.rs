//! The company's service levels: its objectives, a month of readings, and a new one every minute.
//! What was hurt by an incident has failed requests while it lasted, so that budgets and incidents
//! tell one story. Everything goes through the doors that any sender of readings uses.

use super::{
    client::CallError,
    dice::Dice,
    house::{DemoError, House, say},
};
use crate::domain::{ids::IncidentId, incident::Incident, severity::Severity, time::Timestamp};
use serde_json::{Value, json};
use std::f64::consts::TAU;

const DAY_S: i64 = 86_400;
/// How far the readings go back: a window, and a day more.
const PAST_S: i64 = 31 * DAY_S;
/// One reading stands for this long in the past.
const SLICE_S: i64 = 300;
/// How often a new one comes.
pub const EVERY_SECS: i64 = 60;
/// Most readings in one request.
const AT_ONCE: usize = 20_000;
/// Who was measured by nobody for some days, and when.
const UNMEASURED: (&str, i64, i64) = ("media-latency", 9 * DAY_S, 5 * DAY_S);

struct Level {
    name: &'static str,
    title: &'static str,
    service: &'static str,
    target: &'static str,
    /// Requests per second at noon.
    traffic: f64,
    /// How many of the requests fail on a quiet day, as a share of the budget.
    quiet: f64,
    /// How many fail while an incident hurts the service.
    hurt: f64,
}

const fn level(name: &'static str, title: &'static str, service: &'static str, target: &'static str, traffic: f64, quiet: f64, hurt: f64) -> Level {
    Level { name, title, service, target, traffic, quiet, hurt }
}

static LEVELS: [Level; 12] = [
    level("checkout-availability", "Checkout availability", "checkout", "99.9 %", 400.0, 0.12, 0.05),
    level("payments-availability", "Payments availability", "payments", "99.5 %", 220.0, 0.08, 0.05),
    level("payments-latency", "Payments within 1 s", "payments", "99 %", 220.0, 0.15, 0.04),
    level("gateway-latency", "Gateway within 300 ms", "gateway", "99 %", 1_900.0, 0.5, 0.06),
    level("search-freshness", "Search freshness", "search", "99.5 %", 90.0, 0.6, 0.12),
    level("identity-availability", "Sign-in availability", "identity", "99.9 %", 130.0, 0.05, 0.01),
    level("catalogue-availability", "Catalogue availability", "catalogue", "99.9 %", 800.0, 0.1, 0.01),
    level("media-latency", "Media within 500 ms", "media", "99 %", 600.0, 0.3, 0.05),
    level("notifications-delivery", "Notifications delivery", "notifications", "99.5 %", 45.0, 0.35, 0.04),
    level("billing-invoices", "Billing invoices", "billing", "99 %", 6.0, 0.2, 0.05),
    level("ledger-availability", "Ledger availability", "ledger", "99.95 %", 60.0, 0.1, 0.002),
    level("edge-availability", "Edge availability", "edge", "99.9 %", 2_400.0, 0.06, 0.008),
];

/// When a service was hurt, by which incident, and how much.
pub struct Hurt {
    pub incident: IncidentId,
    pub severity: Option<Severity>,
    pub service: String,
    pub from_s: i64,
    pub to_s: i64,
}

/// Makes the objectives that are missing, and sends the readings that are. Answers how many
/// objectives were made.
pub async fn set(house: &House) -> Result<usize, DemoError> {
    let known: Vec<String> = house.objectives().await?;
    let now_s = house.clock.now().epoch_secs();
    let hurts = hurts(&house.incidents_since(Timestamp::from_micros((now_s - PAST_S) * 1_000_000)).await?, now_s);
    let mut made = 0;
    let mut lines = Vec::new();
    for level in &LEVELS {
        if known.iter().any(|known| known == level.name) {
            continue;
        }
        house.make_objective(level.draft()).await?;
        made += 1;
        let from_s = (now_s - PAST_S).div_euclid(SLICE_S) * SLICE_S;
        lines.extend((from_s..now_s - SLICE_S).step_by(SLICE_S as usize).filter_map(|at_s| level.reading(house.seed, at_s, SLICE_S, now_s, &hurts)));
    }
    for part in lines.chunks(AT_ONCE) {
        house.send_readings(part).await?;
    }
    if made > 0 {
        say(&format!("Made {made} objectives with a month of readings ({} of them).", lines.len()));
    }
    Ok(made)
}

/// The readings of the minute that has just ended.
pub async fn measure(house: &House) -> Result<(), CallError> {
    let now_s = house.clock.now().epoch_secs();
    let at_s = now_s.div_euclid(EVERY_SECS) * EVERY_SECS - EVERY_SECS;
    let hurts = hurts(&house.open_incidents().await?, now_s);
    let lines: Vec<Value> = LEVELS.iter().filter_map(|level| level.reading(house.seed, at_s, EVERY_SECS, now_s, &hurts)).collect();
    house.send_readings(&lines).await
}

/// Whom these incidents hurt, and when.
pub fn hurts(incidents: &[Incident], now_s: i64) -> Vec<Hurt> {
    let of = |incident: &Incident| {
        let windows = incident.impact.iter().filter_map(|window| {
            let to_s = window.to.map_or(now_s, Timestamp::epoch_secs);
            Some(Hurt { incident: incident.id, severity: incident.shown_severity(), service: window.service.clone()?, from_s: window.from.epoch_secs(), to_s })
        });
        windows.collect::<Vec<_>>()
    };
    incidents.iter().flat_map(of).collect()
}

impl Level {
    fn draft(&self) -> Value {
        json!({
            "name": self.name,
            "title": self.title,
            "service": self.service,
            "target": self.target,
            "window": "30d",
            "slice_s": SLICE_S,
            "indicator": { "kind": "pushed" },
            "description": "Readings are made up: this is a demo.",
            // The company's own senders alert for what hurts these services.
            "alerting": { "enabled": false },
        })
    }

    /// What was counted from `at_s` on; nothing where nobody measured. The same instant always counts the same.
    fn reading(&self, seed: u64, at_s: i64, for_s: i64, now_s: i64, hurts: &[Hurt]) -> Option<Value> {
        let (unmeasured, from_ago, to_ago) = UNMEASURED;
        if self.name == unmeasured && (now_s - from_ago..now_s - to_ago).contains(&at_s) {
            return None;
        }
        let mut dice = Dice::new(seed ^ at_s.unsigned_abs(), self.name);
        // Most is sold in the evening and little at night.
        let daily = 1.0 + 0.7 * (TAU * ((at_s % DAY_S) as f64 / DAY_S as f64 - 0.3)).sin();
        let total = (self.traffic * for_s as f64 * daily * (0.95 + 0.1 * dice.unit())).round();
        let budget = self.budget();
        let overlap = |hurt: &Hurt| (hurt.to_s.min(at_s + for_s) - hurt.from_s.max(at_s)).clamp(0, for_s);
        let hurt_s = hurts.iter().filter(|hurt| hurt.service == self.service).map(overlap).max().unwrap_or_default();
        let share = budget * self.quiet * 2.0 * dice.unit() + self.hurt * (0.7 + 0.6 * dice.unit()) * hurt_s as f64 / for_s as f64;
        let good = total - (total * share.min(1.0)).round();
        Some(json!({ "objective": self.name, "at": at_s, "good": good, "total": total }))
    }

    fn budget(&self) -> f64 {
        1.0 - self.target.trim_end_matches(" %").parse::<f64>().unwrap_or(99.0) / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::slo::target::Target, server::cli::demo::company::service_of};

    #[test]
    fn every_objective_is_of_a_service_of_the_company_and_has_a_budget() {
        for level in &LEVELS {
            assert!(service_of(level.service).is_some(), "{}", level.name);
            assert!(Target::parse(level.target).is_ok(), "{}", level.name);
            assert!(level.budget() > 0.0 && level.quiet < 1.0, "{}", level.name);
        }
    }

    #[test]
    fn a_reading_is_the_same_each_time_and_worse_while_something_hurts() {
        let level = &LEVELS[0];
        let at_s = 1_786_449_600;
        let quiet = level.reading(7, at_s, 300, at_s, &[]).expect("it is measured");
        assert_eq!(level.reading(7, at_s, 300, at_s, &[]), Some(quiet.clone()));
        let hurt = [Hurt { incident: IncidentId(uuid::Uuid::nil()), severity: None, service: "checkout".into(), from_s: at_s - 600, to_s: at_s + 600 }];
        let worse = level.reading(7, at_s, 300, at_s, &hurt).expect("it is measured");
        assert!(worse["good"].as_f64() < quiet["good"].as_f64() && worse["total"] == quiet["total"]);
    }
}
