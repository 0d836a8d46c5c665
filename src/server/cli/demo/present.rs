//! What the board shows when the demo begins: a night at two, with something of everything. Each
//! scene is set once; a server that has it already is left as it is.

use super::{
    company::{Person, service_of},
    house::{DemoError, House, say},
    payloads::{Sighting, deploy, watchdog},
    plan::{STORM, SUPPORT, labels, note, role},
    troubles::{DRILLS, MAINTENANCE, STORY, TROUBLES, Trouble},
};
use crate::domain::{
    incident::{Command, Declare, Incident, IncidentRole, Kind, Origin},
    severity::Severity,
    time::Timestamp,
};
use Person::{Elif, Jonas, Mara, Tomas};

/// Where announced work comes from.
pub const CALENDAR: &str = "Change calendar";

const MINUTE: i64 = 60;

/// What stands open, and how far people have come.
struct Scene {
    trouble: &'static Trouble,
    region: &'static str,
    began_ago_secs: i64,
    /// How many instances of each service alert.
    instances: i64,
    /// What people did since.
    done: Vec<(Person, Command)>,
    /// Alerts ended so long ago.
    over_ago_secs: Option<i64>,
}

/// Sets the scenes that are missing, and answers how many those were.
pub async fn set(house: &House) -> Result<usize, DemoError> {
    let now = house.clock.now();
    let mut set = 0;
    for scene in scenes(now) {
        set += usize::from(play(house, &scene, now).await?);
    }
    for draft in declared(now) {
        set += usize::from(declare(house, &draft).await?);
    }
    if set > 0 {
        house.send(&watchdog(house.seed, now)).await?;
        for (service, version, who, what, ago_secs) in DEPLOYS {
            house.send(&deploy(house.seed, service, version, who, what, now.plus_secs(-ago_secs))).await?;
        }
        say(&format!("Set the present: {set} scenes, among them a storm, a drill and a sender that will fall silent within a minute."));
    }
    Ok(set)
}

const DEPLOYS: [(&str, &str, &str, &str, i64); 4] = [
    ("payments", "v2.41.0", "Lin", "provider client keeps connections", 19 * MINUTE),
    ("gateway", "v118.2", "Priya", "smaller images", 68 * MINUTE),
    ("search", "v77.2", "Aiko", "index for order history", 115 * MINUTE),
    ("checkout", "v511.3", "Sam", "new copy for the summer sale", 6 * 60 * MINUTE),
];

fn trouble(cause: &str) -> &'static Trouble {
    TROUBLES.iter().find(|trouble| trouble.cause == cause).unwrap_or(STORY)
}

fn scenes(now: Timestamp) -> Vec<Scene> {
    let ago = |secs: i64| Some(now.plus_secs(-secs));
    let acknowledged = |secs: i64| Command::Acknowledge { for_s: None, happened_at: ago(secs) };
    let severe = |trouble: &Trouble| Command::SetSeverity { severity: Some(trouble.severity), reason: Some(trouble.because.to_owned()), answers: None };
    let (index, mails, latency, deploy_gone_wrong) =
        (trouble("index-lag"), trouble("mail-provider-throttles"), trouble("gateway-latency"), trouble("bad-deploy"));
    vec![
        // Led by Mara: the story of every picture.
        Scene {
            trouble: STORY,
            region: "eu-central",
            began_ago_secs: 9 * MINUTE,
            instances: 6,
            over_ago_secs: None,
            done: vec![
                (Mara, Command::Acknowledge { for_s: Some(1_800), happened_at: None }),
                (Mara, role(IncidentRole::Commander, Mara)),
                (Mara, severe(STORY)),
                (Mara, role(IncidentRole::Operations, Tomas)),
                (Tomas, Command::AcceptRole { role: IncidentRole::Operations }),
                (Mara, role(IncidentRole::Communications, Elif)),
                (Elif, Command::AcceptRole { role: IncidentRole::Communications }),
                (Mara, role(IncidentRole::Expert, Jonas)),
                (Jonas, Command::Link { url: STORY.runbook(), text: Some("Runbook: payment errors".to_owned()) }),
                (Tomas, note(STORY.looks[0])),
                (Tomas, note(STORY.looks[1])),
                (Jonas, note(STORY.looks[2])),
                (Mara, Command::Decision { text: "Roll back payments. No failover yet.".to_owned(), happened_at: None }),
                (Jonas, Command::Note { text: STORY.looks[5].to_owned(), happened_at: ago(8 * MINUTE) }),
            ],
        },
        // Nobody has it yet.
        Scene { trouble: trouble("thumbnail-backlog"), region: "eu-central", began_ago_secs: 6 * MINUTE, instances: 1, over_ago_secs: None, done: vec![] },
        // Acknowledged, and being worked.
        Scene {
            trouble: mails,
            region: "eu-central",
            began_ago_secs: 47 * MINUTE,
            instances: 2,
            over_ago_secs: None,
            done: vec![(Jonas, acknowledged(41 * MINUTE)), (Jonas, severe(mails)), (Jonas, note(mails.looks[0])), (Tomas, note(mails.looks[1]))],
        },
        // Mitigated: waits for the signal.
        Scene {
            trouble: index,
            region: "eu-central",
            began_ago_secs: 112 * MINUTE,
            instances: 3,
            over_ago_secs: None,
            done: vec![
                (Tomas, acknowledged(104 * MINUTE)),
                (Tomas, severe(index)),
                (Tomas, note(index.looks[0])),
                (Tomas, Command::Decision { text: index.decision.to_owned(), happened_at: None }),
                (Tomas, Command::Mitigate { reason: Some(index.mitigation.to_owned()), happened_at: ago(3 * MINUTE) }),
                (Tomas, Command::Tag { labels: labels(index) }),
            ],
        },
        // Resolved an hour ago.
        Scene {
            trouble: deploy_gone_wrong,
            region: "eu-west",
            began_ago_secs: 108 * MINUTE,
            instances: 4,
            over_ago_secs: Some(66 * MINUTE),
            done: vec![
                (Jonas, acknowledged(104 * MINUTE)),
                (Jonas, severe(deploy_gone_wrong)),
                (Jonas, Command::Decision { text: deploy_gone_wrong.decision.to_owned(), happened_at: ago(90 * MINUTE) }),
                (Jonas, Command::Mitigate { reason: Some(deploy_gone_wrong.mitigation.to_owned()), happened_at: ago(80 * MINUTE) }),
                (Jonas, Command::Resolve { reason: Some(deploy_gone_wrong.end.to_owned()), happened_at: ago(60 * MINUTE) }),
                (Jonas, Command::Tag { labels: labels(deploy_gone_wrong) }),
            ],
        },
        // It passed by itself.
        Scene { trouble: latency, region: "us-east", began_ago_secs: 200 * MINUTE, instances: 2, over_ago_secs: Some(170 * MINUTE), done: vec![] },
        // A storm of nine services in one incident.
        Scene {
            trouble: &STORM,
            region: "eu-west",
            began_ago_secs: 7 * MINUTE,
            instances: 12,
            over_ago_secs: None,
            done: vec![(Elif, Command::Acknowledge { for_s: Some(3_600), happened_at: None }), (Elif, severe(&STORM)), (Elif, note(STORM.looks[0]))],
        },
    ]
}

/// What people opened by hand.
fn declared(now: Timestamp) -> Vec<(Person, Declare)> {
    let invoices = trouble("vat-ids");
    let names = |services: &[&str]| services.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    // A day of its own keeps the next demo on the same server from finding this one's.
    let day = now.to_utc().format("%Y-%m-%d");
    let from = |name: &str, id: &str| Some(Origin { name: name.to_owned(), id: format!("{id} of {day}") });
    let (work, work_services, _) = MAINTENANCE[0];
    let (drill, drill_services, _) = DRILLS[0];
    let open = |title: &str, services: &[&str], kind, origin, began_ago_secs: i64| Declare {
        title: title.to_owned(),
        // Announced work hurts nobody, as far as it goes as planned.
        severity: Some(Severity::Sev5),
        services: names(services),
        kind,
        origin,
        started_at: Some(now.plus_secs(-began_ago_secs)),
        ..Declare::default()
    };
    let reported = Declare {
        severity: Some(invoices.severity),
        reason: Some(invoices.because.to_owned()),
        labels: labels(invoices),
        ..open(invoices.title, invoices.services, Kind::Incident, from(SUPPORT, "T-48213"), 65 * MINUTE)
    };
    vec![
        (Elif, reported),
        (Tomas, open(work, work_services, Kind::Maintenance, from(CALENDAR, "ledger move"), 20 * MINUTE)),
        (Mara, open(drill, drill_services, Kind::Drill, from(CALENDAR, "region drill"), 12 * MINUTE)),
    ]
}

async fn play(house: &House, scene: &Scene, now: Timestamp) -> Result<bool, DemoError> {
    let Scene { trouble, region, began_ago_secs, instances, done, over_ago_secs } = scene;
    let (began_ago_secs, instances) = (*began_ago_secs, *instances);
    let began_at = now.plus_secs(-began_ago_secs);
    let services = trouble.services.iter().filter_map(|name| service_of(name));
    let sightings: Vec<Sighting> = services
        .zip(0..)
        .flat_map(|(service, place)| {
            // One after the other, and fewer the further away.
            let count = (instances - place).max(1);
            (1..=count).map(move |instance| {
                let at = began_at.plus_secs((place * 17 + instance * 5).min(began_ago_secs - 1));
                Sighting::of(trouble, service, region, instance, at)
            })
        })
        .collect();
    let Some(first) = sightings.first() else { return Ok(false) };
    if house.incident_of(trouble.sender, &first.key).await?.is_some() {
        return Ok(false);
    }
    house.sight(trouble.sender, &sightings).await?;
    let Some(incident) = house.incident_of(trouble.sender, &first.key).await? else { return Ok(false) };
    let (before_end, after_end): (Vec<_>, Vec<_>) = done.iter().partition(|(_, command)| !matches!(command, Command::Resolve { .. } | Command::Tag { .. }));
    for (who, command) in before_end {
        house.command(*who, &incident, command.clone()).await?;
    }
    if let Some(ago_secs) = over_ago_secs {
        let ended: Vec<Sighting> = sightings.iter().map(|one| Sighting { ended_at: Some(now.plus_secs(-ago_secs)), ..one.clone() }).collect();
        house.sight(trouble.sender, &ended).await?;
    }
    for (who, command) in after_end {
        house.command(*who, &incident, command.clone()).await?;
    }
    Ok(true)
}

async fn declare(house: &House, (who, draft): &(Person, Declare)) -> Result<bool, DemoError> {
    let Some(origin) = &draft.origin else { return Ok(false) };
    // Announced work that still stands open is not announced again.
    let is_it = |known: &Incident| known.origin.as_ref() == Some(origin) || (draft.kind != Kind::Incident && known.kind == draft.kind && known.state.is_open());
    if house.known_from(&origin.name).await?.iter().any(is_it) {
        return Ok(false);
    }
    let incident = house.declare(*who, draft).await?.id.to_string();
    let (writer, words) = match draft.kind {
        Kind::Incident => (Jonas, trouble("vat-ids").looks[0]),
        Kind::Maintenance => (*who, "Read-only since two minutes, rows are being compared."),
        Kind::Drill => (*who, "Nobody is paged. Observers: please write down what is missing in the runbook."),
    };
    house.command(*who, &incident, Command::Acknowledge { for_s: None, happened_at: None }).await?;
    house.command(writer, &incident, note(words)).await?;
    Ok(true)
}
