//! How one trouble goes, from its first alert to the closed incident: who does what after how
//! many seconds. Pure; the live part carries it out, faster or slower.

use super::{
    company::{Person, REGIONS, SERVICES, Sender},
    dice::Dice,
    troubles::{Rhythm, TROUBLES, Trouble},
};
use crate::domain::{
    alert::Labels,
    incident::{Command, Declare, Incident, IncidentRole, Origin},
    people::PersonRef,
    severity::{AlertSeverity, Severity},
};

/// The origin of what customers report by phone.
pub const SUPPORT: &str = "Support desk";

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// So many instances of a service alert, or alert again.
    Fire {
        service: &'static str,
        first: i64,
        count: i64,
    },
    /// Somebody opens the incident by hand.
    Declare {
        who: Person,
        draft: Box<Declare>,
    },
    Do {
        who: Person,
        command: Command,
    },
    /// Somebody writes down what everybody should see at once.
    Pinned {
        who: Person,
        command: Command,
    },
    /// Senders repeat what still alerts.
    Again,
    /// Whatever still alerts is well again.
    Quiet,
    Deploy {
        service: &'static str,
        version: String,
        who: &'static str,
        what: &'static str,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Since the plan began, at the usual speed.
    pub after_secs: i64,
    pub act: Act,
}

/// A trouble, where it is, and what happens.
pub struct Plan {
    pub trouble: &'static Trouble,
    pub sender: Sender,
    pub region: &'static str,
    pub steps: Vec<Step>,
}

/// What happens, in the order in which it is added.
struct Script(i64, Vec<Step>);

impl Script {
    /// After so many more seconds.
    fn then(&mut self, secs: i64, act: Act) {
        self.0 += secs;
        self.1.push(Step { after_secs: self.0, act });
    }

    fn told(&mut self, secs: i64, who: Person, command: Command) {
        self.then(secs, Act::Do { who, command });
    }
}

/// A trouble whose first service is not among `taken`; `None` when all are.
pub fn next(taken: &[String], dice: &mut Dice) -> Option<Plan> {
    let free: Vec<&'static Trouble> = TROUBLES.iter().filter(|trouble| !taken.iter().any(|taken| taken == trouble.service().name)).collect();
    if free.is_empty() {
        return None;
    }
    let trouble = *dice.weighted(&free, |trouble| f64::from(trouble.weight));
    let region = *dice.pick(&REGIONS);
    let steps = match dice.unit() {
        throw if throw < 0.18 => passes_by_itself(trouble, dice),
        throw if throw < 0.24 => false_alarm(trouble, dice),
        throw if throw < 0.34 => reported_by_phone(trouble, dice),
        _ => worked_on(trouble, dice),
    };
    Some(Plan { trouble, sender: trouble.sender, region, steps })
}

/// The whole life of an incident that people work on.
pub fn worked_on(trouble: &Trouble, dice: &mut Dice) -> Vec<Step> {
    let mut script = Script(0, vec![]);
    let is_deploy = trouble.rhythm == Rhythm::Office && trouble.sender == Sender::Metrics;
    if is_deploy {
        let service = trouble.service();
        let version = format!("{}.{}", service.version, dice.between(0, 40));
        let who = *dice.pick(&["Lin", "Priya", "Sam", "Aiko"]);
        let what = *dice.pick(&CHANGES);
        script.then(0, Act::Deploy { service: service.name, version, who, what });
        script.then(dice.between(90, 240), Act::Fire { service: service.name, first: 1, count: 1 });
    } else {
        script.then(0, Act::Fire { service: trouble.service().name, first: 1, count: 1 });
    }
    for (name, wave) in trouble.services.iter().zip(0..) {
        let (service, most) = (*name, SERVICES.iter().find(|service| service.name == *name).map_or(1, |service| i64::from(service.instances)));
        let count = if trouble.alert_severity == AlertSeverity::Warning { 1 } else { dice.between(1, most.max(1)) };
        script.then(dice.between(8, 30) + 10 * wave, Act::Fire { service, first: 1, count });
    }
    script.1.extend(work(trouble, trouble.looks, script.0, dice));
    script.1
}

/// From the acknowledgement to the end.
fn work(trouble: &Trouble, looks: &[&str], from_secs: i64, dice: &mut Dice) -> Vec<Step> {
    let mut script = Script(from_secs, vec![]);
    let is_grave = trouble.severity <= Severity::Sev2;
    let lead = *dice.pick(&Person::ON_CALL);
    let helper = if lead == Person::Tomas { Person::Jonas } else { Person::Tomas };
    // Who leads ends it; without a commander, whoever has it.
    let ends_it = if is_grave { Person::Mara } else { lead };
    script.told(dice.about(if is_grave { 55.0 } else { 140.0 }), lead, Command::Acknowledge { for_s: Some(1_800), happened_at: None });
    script.told(dice.between(20, 60), lead, Command::SetSeverity { severity: Some(trouble.severity), reason: Some(trouble.because.to_owned()), answers: None });
    script.told(dice.between(5, 15), lead, Command::Link { url: trouble.runbook(), text: Some(format!("Runbook: {}", trouble.cause.replace('-', " "))) });
    if is_grave {
        script.told(dice.between(10, 25), Person::Mara, role(IncidentRole::Commander, Person::Mara));
        if lead != Person::Mara {
            script.told(dice.between(8, 20), Person::Mara, role(IncidentRole::Operations, lead));
            script.told(dice.between(10, 40), lead, Command::AcceptRole { role: IncidentRole::Operations });
        }
        script.told(dice.between(8, 20), Person::Mara, role(IncidentRole::Communications, Person::Elif));
        script.told(dice.between(10, 40), Person::Elif, Command::AcceptRole { role: IncidentRole::Communications });
    }
    for (look, place) in looks.iter().zip(0..) {
        script.told(dice.between(35, 120), if place % 2 == 0 { lead } else { helper }, note(look));
        if place == 1 {
            script.then(10, Act::Again);
        }
    }
    let decision = Command::Decision { text: trouble.decision.to_owned(), happened_at: None };
    script.then(dice.between(20, 80), Act::Pinned { who: ends_it, command: decision });
    if is_grave {
        script.told(dice.between(20, 60), Person::Elif, note("Support and the status page have the first update."));
    }
    script.told(dice.about(120.0), lead, Command::Mitigate { reason: Some(trouble.mitigation.to_owned()), happened_at: None });
    script.then(dice.between(40, 160), Act::Quiet);
    script.told(dice.between(60, 240), ends_it, Command::Resolve { reason: Some(trouble.end.to_owned()), happened_at: None });
    script.told(dice.between(15, 60), lead, Command::Tag { labels: labels(trouble) });
    script.told(dice.between(240, 900), ends_it, Command::Close { reason: None });
    script.1
}

/// It is over before anybody looks.
fn passes_by_itself(trouble: &Trouble, dice: &mut Dice) -> Vec<Step> {
    let mut script = Script(0, vec![]);
    script.then(0, Act::Fire { service: trouble.service().name, first: 1, count: 1 });
    script.then(dice.about(90.0), Act::Quiet);
    script.1
}

fn false_alarm(trouble: &Trouble, dice: &mut Dice) -> Vec<Step> {
    let mut script = Script(0, vec![]);
    let who = *dice.pick(&Person::ON_CALL);
    script.then(0, Act::Fire { service: trouble.service().name, first: 1, count: 1 });
    script.told(dice.about(90.0), who, Command::Acknowledge { for_s: Some(1_800), happened_at: None });
    script.told(dice.between(40, 120), who, note("Graphs look as on any other day. The rule measures the load test as well."));
    script.told(dice.between(20, 60), who, Command::Cancel { reason: Some("the load test in staging reported as production".to_owned()) });
    script.then(20, Act::Quiet);
    script.1
}

/// No alert saw it: customers called.
fn reported_by_phone(trouble: &Trouble, dice: &mut Dice) -> Vec<Step> {
    let who = *dice.pick(&Person::ON_CALL);
    let draft = Declare {
        title: trouble.title.replace(" in {region}", "").replace("{region} ", ""),
        severity: Some(trouble.severity),
        reason: Some(trouble.because.to_owned()),
        services: trouble.services.iter().map(|name| (*name).to_owned()).collect(),
        origin: Some(Origin { name: SUPPORT.to_owned(), id: format!("T-{}", dice.between(100_000_000, 999_999_999)) }),
        ..Declare::default()
    };
    let mut script = Script(0, vec![Step { after_secs: 0, act: Act::Declare { who, draft: Box::new(draft) } }]);
    script.told(dice.between(10, 30), who, note("Three customers called within ten minutes, all with the same words. No alert so far."));
    script.1.extend(work(trouble, trouble.looks, script.0, dice));
    script.1
}

/// What is still to be done on an incident that an earlier run left open.
pub fn taken_up(trouble: &Trouble, incident: &Incident, dice: &mut Dice) -> Vec<Step> {
    let wait = dice.between(60, 900);
    let nobody_looked = incident.acknowledged_at.is_none();
    let looks = if nobody_looked { trouble.looks } else { &["Still on it, nothing new since the last note."] };
    let mut steps = work(trouble, looks, wait, dice);
    // What was said once is not said again.
    steps.retain(|step| match &step.act {
        Act::Do { command: Command::Link { .. }, .. } => nobody_looked,
        Act::Pinned { .. } => incident.mitigated_at.is_none(),
        _ => true,
    });
    steps
}

/// Announced work and rehearsals end as planned.
pub fn comes_to_its_end(dice: &mut Dice) -> Vec<Step> {
    let mut script = Script(0, vec![]);
    script.told(dice.between(900, 2_400), Person::Elif, note("Done as announced; watching it for a moment."));
    script.told(dice.between(120, 600), Person::Mara, Command::Resolve { reason: Some("everything went as planned".to_owned()), happened_at: None });
    script.1
}

/// The line of a region breaks: everything in it alerts at once, by one sender.
pub static STORM: Trouble = Trouble {
    cause: "region-link",
    title: "Gateway lost its link in {region}",
    services: &["gateway", "identity", "checkout", "payments", "search", "catalogue", "media", "notifications", "billing"],
    alert: "RegionLinkDown",
    detail: "Both links of {region} to the core drop packets; whatever crosses them times out.",
    alert_severity: AlertSeverity::Error,
    severity: Severity::Sev2,
    because: "a third of our customers sees errors on every other page, other regions are fine",
    provider: Some("carrier-2"),
    sender: Sender::Network,
    rhythm: Rhythm::Always,
    weight: 1,
    looks: &[
        "All probes of the region fail at the same hop; nothing else has in common.",
        "The carrier sees its line flap since a maintenance that nobody announced to us.",
        "Traffic moves to the other regions by itself, two of nine services need a push.",
    ],
    decision: "Drain the region by hand, do not wait for the carrier.",
    mitigation: "Region drained; errors under 0.2 % everywhere",
    end: "The carrier moved the line to its spare. Region takes traffic again since half an hour.",
};

/// Wave after wave, one service after the other.
pub fn storm(region: &'static str, dice: &mut Dice) -> Plan {
    let mut steps = vec![];
    for (service, place) in STORM.services.iter().zip(0..) {
        for wave in 0..3 {
            let after_secs = place * dice.between(6, 14) + wave * dice.between(25, 40);
            steps.push(Step { after_secs, act: Act::Fire { service, first: 1 + wave * 6, count: dice.between(2, 6) } });
        }
    }
    steps.sort_by_key(|step| step.after_secs);
    steps.extend(work(&STORM, STORM.looks, 60, dice));
    steps.sort_by_key(|step| step.after_secs);
    Plan { trouble: &STORM, sender: Sender::Network, region, steps }
}

/// What the pipeline says of an ordinary deploy.
pub const CHANGES: [&str; 8] = [
    "dependency updates",
    "smaller images",
    "new copy for the summer sale",
    "retries with jitter",
    "feature flag next-free-day",
    "log lines carry the trace id",
    "index for order history",
    "session writes at most once a minute",
];

/// A deploy after which nothing happens.
pub fn deploy(dice: &mut Dice) -> Act {
    let service = dice.pick(&SERVICES);
    let version = format!("{}.{}", service.version, dice.between(0, 40));
    let who = *dice.pick(&["Lin", "Priya", "Sam", "Aiko", "Jonas"]);
    let what = *dice.pick(&CHANGES);
    Act::Deploy { service: service.name, version, who, what }
}

pub fn note(text: &str) -> Command {
    Command::Note { text: text.to_owned(), happened_at: None }
}

pub fn role(role: IncidentRole, person: Person) -> Command {
    Command::AssignRole { role, person: PersonRef { id: None, name: person.login().to_owned() }, reason: None }
}

/// By these, repeats and teams are found later.
pub fn labels(trouble: &Trouble) -> Labels {
    let labels = [("cause", trouble.cause), ("team", trouble.service().team)];
    labels.into_iter().chain(trouble.provider.map(|provider| ("provider", provider))).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_plans_the_same() {
        let plans = |seed| {
            let mut dice = Dice::new(seed, "life");
            (0..20).filter_map(|_| next(&[], &mut dice)).map(|plan| (plan.trouble.cause, plan.region, plan.steps)).collect::<Vec<_>>()
        };
        assert_eq!(plans(3), plans(3));
        assert_ne!(plans(3), plans(4));
    }

    #[test]
    fn every_plan_goes_forward_and_ends_what_it_began() {
        let mut dice = Dice::new(1, "life");
        let plans = (0..300).filter_map(|_| next(&[], &mut dice)).map(|plan| plan.steps);
        let worked = TROUBLES.iter().map(|trouble| worked_on(trouble, &mut Dice::new(2, "life")));
        for steps in plans.chain(worked).chain([storm("eu-west", &mut Dice::new(1, "storm")).steps]) {
            assert!(steps.is_sorted_by_key(|step| step.after_secs), "{steps:?}");
            assert!(matches!(steps[0].act, Act::Fire { .. } | Act::Declare { .. } | Act::Deploy { .. }), "{steps:?}");
            assert!(steps.iter().any(|step| step.act == Act::Quiet), "{steps:?}");
            let last = steps.last().expect("there are steps");
            assert!(last.after_secs < 3_600, "an hour is enough for the demo: {}", last.after_secs);
        }
    }

    #[test]
    fn a_service_in_trouble_is_left_alone() {
        let mut dice = Dice::new(1, "life");
        let taken: Vec<String> = ["payments", "checkout", "gateway"].map(str::to_owned).into();
        for _ in 0..100 {
            let plan = next(&taken, &mut dice).expect("others are free");
            assert!(!taken.iter().any(|taken| taken == plan.trouble.service().name));
        }
        let all: Vec<String> = SERVICES.iter().map(|service| service.name.to_owned()).collect();
        assert!(next(&all, &mut dice).is_none());
    }

    #[test]
    fn a_storm_is_about_a_hundred_alerts_of_nine_services() {
        let plan = storm("eu-west", &mut Dice::new(1, "storm"));
        let count: i64 = plan.steps.iter().map(|step| if let Act::Fire { count, .. } = step.act { count } else { 0 }).sum();
        assert!((60..=170).contains(&count), "{count}");
    }
}
