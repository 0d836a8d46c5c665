//! The company of the demo: a shop that sells all over Europe. Its services, the people who keep
//! them running, and what watches over them.

use crate::{
    domain::integration::{Grouping, NewIntegration, Settings},
    server::sources::{alertmanager, generic, pagerduty_events},
};
use sha2::{Digest, Sha256};

/// Something that runs, and who answers for it.
pub struct Service {
    pub name: &'static str,
    /// 1 is what customers notice at once.
    pub tier: &'static str,
    pub team: &'static str,
    /// What its versions are called: `v2.41.0`, `v511`.
    pub version: &'static str,
    /// Runs in more places than one; alerts say how these are called.
    pub instances: u32,
}

const fn service(name: &'static str, tier: &'static str, team: &'static str, version: &'static str, instances: u32) -> Service {
    Service { name, tier, team, version, instances }
}

pub static SERVICES: [Service; 15] = [
    service("payments", "1", "payments", "v2.41", 6),
    service("checkout", "1", "checkout", "v511", 8),
    service("gateway", "1", "platform", "v118", 6),
    service("identity", "1", "identity", "v96", 4),
    service("search", "1", "search", "v77", 5),
    service("ledger", "1", "payments", "v41", 3),
    service("edge", "1", "platform", "v301", 9),
    service("risk", "2", "payments", "v22", 3),
    service("billing", "2", "payments", "v14", 2),
    service("subscriptions", "2", "checkout", "v63", 2),
    service("catalogue", "2", "catalogue", "v209", 4),
    service("media", "2", "catalogue", "v58", 4),
    service("notifications", "2", "messaging", "v33", 3),
    service("mail", "3", "messaging", "v7", 2),
    service("reports", "3", "data", "v18", 1),
];

/// The service of this name, if the company has it.
pub fn service_of(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.name == name)
}

pub const REGIONS: [&str; 3] = ["eu-central", "eu-west", "us-east"];

/// Who works in the record of the years before, also those who have no account here.
pub const COLLEAGUES: [&str; 8] = ["Mara", "Jonas", "Tomas", "Elif", "Aiko", "Priya", "Sam", "Lin"];

/// The ready-made people of the demo's server who work on incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Person {
    Mara,
    Jonas,
    Tomas,
    Elif,
}

impl Person {
    pub const ALL: [Person; 4] = [Person::Mara, Person::Jonas, Person::Tomas, Person::Elif];
    /// Those who take what comes.
    pub const ON_CALL: [Person; 4] = [Person::Jonas, Person::Tomas, Person::Jonas, Person::Mara];

    pub fn login(self) -> &'static str {
        match self {
            Person::Mara => "mara",
            Person::Jonas => "jonas",
            Person::Tomas => "tomas",
            Person::Elif => "elif",
        }
    }
}

/// What sends to Tocsin. Each has an integration of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// Prometheus' alerts of the main clusters, by way of Alertmanager.
    Metrics,
    /// Probes of the network, grouped by region: what makes a storm.
    Network,
    /// Robots that shop every minute.
    Synthetics,
    /// Queues, cron jobs and exports.
    Jobs,
    /// The pipeline that deploys. It reports changes and no alerts.
    Pipeline,
    /// A cluster in a warehouse behind a bad line: its watchdog goes silent now and then.
    Warehouse,
}

impl Sender {
    pub const ALL: [Sender; 6] = [Sender::Metrics, Sender::Network, Sender::Synthetics, Sender::Jobs, Sender::Pipeline, Sender::Warehouse];

    pub fn name(self) -> &'static str {
        match self {
            Sender::Metrics => "Alertmanager, all clusters",
            Sender::Network => "Network probes",
            Sender::Synthetics => "Shop robots",
            Sender::Jobs => "Queues and jobs",
            Sender::Pipeline => "Deploy pipeline",
            Sender::Warehouse => "Warehouse cluster",
        }
    }

    pub fn source(self) -> &'static str {
        match self {
            Sender::Metrics | Sender::Network | Sender::Warehouse => alertmanager::SOURCE.slug,
            Sender::Synthetics | Sender::Pipeline => pagerduty_events::SOURCE.slug,
            Sender::Jobs => generic::SOURCE.slug,
        }
    }

    /// Always the same for the same seed, so that the next run finds its own doors again. It opens
    /// nothing but a demo.
    pub fn token(self, seed: u64) -> String {
        let digest = Sha256::digest(format!("tocsin demo {seed}: {}", self.name()));
        digest.iter().take(16).fold("demo".to_owned(), |token, byte| format!("{token}{byte:02x}"))
    }

    pub fn integration(self, seed: u64) -> NewIntegration {
        let grouping = match self {
            Sender::Network => Grouping { by: vec!["region".to_owned()], ..Grouping::default() },
            // What suffers from the same system is one incident. PagerDuty's senders say `group` for it.
            Sender::Metrics | Sender::Synthetics | Sender::Jobs => {
                Grouping { by: vec!["system".to_owned(), "group".to_owned()], quiet_s: QUIET_SECS, ..Grouping::default() }
            }
            Sender::Pipeline | Sender::Warehouse => Grouping::default(),
        };
        let settings = Settings { heartbeat_s: (self == Sender::Warehouse).then_some(WAREHOUSE_HEARTBEAT_SECS), ..Settings::default() };
        let (source, name) = (self.source().to_owned(), self.name().to_owned());
        NewIntegration { source, name, token: Some(self.token(seed)), signing_secrets: vec![], settings, grouping }
    }
}

/// After this long without news a system's next alert is another incident.
pub const QUIET_SECS: u32 = 120;

/// After this long without its watchdog, the warehouse counts as silent.
pub const WAREHOUSE_HEARTBEAT_SECS: u32 = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::integration::MIN_SECRET_CHARS;
    use std::collections::HashSet;

    #[test]
    fn there_are_fifteen_services_with_names_of_their_own_an_owner_and_a_tier() {
        let names: HashSet<&str> = SERVICES.iter().map(|service| service.name).collect();
        assert_eq!(names.len(), 15);
        assert!(SERVICES.iter().all(|service| !service.team.is_empty() && ["1", "2", "3"].contains(&service.tier) && service.instances > 0));
    }

    #[test]
    fn each_sender_has_a_key_of_its_own_that_stays_the_same() {
        let keys: HashSet<String> = Sender::ALL.iter().map(|sender| sender.token(1)).collect();
        assert_eq!(keys.len(), Sender::ALL.len());
        assert!(keys.iter().all(|key| key.len() >= MIN_SECRET_CHARS));
        assert_eq!(Sender::Jobs.token(1), Sender::Jobs.token(1));
        assert_ne!(Sender::Jobs.token(1), Sender::Jobs.token(2));
    }
}
