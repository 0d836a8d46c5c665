//! The demo goes on: troubles begin at a human pace and are carried out as planned, deploys go
//! by, a storm comes about every half hour, and the warehouse's line breaks now and then. However
//! long it runs, few incidents stand open.

use super::{
    client::CallError,
    company::{QUIET_SECS, REGIONS, Sender, WAREHOUSE_HEARTBEAT_SECS, service_of},
    dice::Dice,
    house::{House, say},
    levels,
    payloads::{self, Sighting, watchdog},
    plan::{self, Act, Plan, SUPPORT, Step},
    present::CALENDAR,
    traffic,
    troubles::{STORY, TROUBLES, Trouble},
};
use crate::domain::incident::{Command, Incident};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    time::Duration,
};
use tokio::time::Instant;

/// With so many open incidents nothing more begins: a sender that falls silent has room beside them,
/// and then there are eight.
const ENOUGH_OPEN: usize = 7;
/// A service is left alone for this long after its trouble, whatever the speed: within the quiet
/// time of its group a new alert would belong to the old incident.
const REST_FOR: Duration = Duration::from_secs(QUIET_SECS as u64 + 10);
/// Seconds between storms.
const STORM_EVERY_SECS: i64 = 30 * 60;
/// How the warehouse's line goes: so many watchdogs, so many seconds apart, then silence.
const HEARD_TIMES: u32 = 60;
const HEARD_EVERY_SECS: i64 = 25;
const SILENT_FOR_SECS: i64 = 10 * 60;
/// How often it says on standard error what happened.
const TOLD_EVERY_SECS: i64 = 10 * 60;
/// After so many failures in a row something is wrong that waiting does not mend.
const MOST_FAILURES: u32 = 20;

/// What is due.
enum Due {
    Step { case: usize, act: Act },
    Trouble,
    Storm,
    Deploy,
    Heard { left: u32 },
    Measured,
    Traced,
    Told,
}

/// One trouble that goes on.
struct Case {
    trouble: &'static Trouble,
    sender: Sender,
    region: &'static str,
    incident: Option<String>,
    /// Steps that are still to come.
    left: usize,
    /// When its last step was done.
    ended_at: Option<Instant>,
}

/// What happened since it was last told.
#[derive(Default)]
struct Count {
    begun: u32,
    alerts: i64,
    commands: u32,
    deploys: u32,
    storms: u32,
}

struct Life<'a> {
    house: &'a House,
    speed: f64,
    dice: Dice,
    cases: Vec<Case>,
    /// The next one first; at the same instant in the order of their making.
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    waiting: HashMap<u64, Due>,
    made: u64,
    storms: usize,
    count: Count,
}

/// Lives until it is stopped, or until nothing works any more.
pub async fn live(house: &House, speed: f64) -> Result<(), CallError> {
    // Seeded by when it begins: another evening is another evening.
    let dice = Dice::new(house.seed ^ house.clock.now().micros().unsigned_abs(), "life");
    let mut life = Life { house, speed, dice, cases: vec![], due: BinaryHeap::new(), waiting: HashMap::new(), made: 0, storms: 0, count: Count::default() };
    life.take_up().await?;
    life.plan(20, Due::Trouble);
    life.plan(40, Due::Deploy);
    life.plan(STORM_EVERY_SECS / 2, Due::Storm);
    life.fall_silent();
    life.plan(0, Due::Measured);
    life.plan(0, Due::Traced);
    life.plan(TOLD_EVERY_SECS, Due::Told);
    let mut failures = 0;
    loop {
        let Some(Reverse((at, id))) = life.due.pop() else { return Ok(()) };
        let Some(due) = life.waiting.remove(&id) else { continue };
        tokio::time::sleep_until(at).await;
        match life.happen(due).await {
            Ok(()) => failures = 0,
            Err(error) => {
                say(&format!("Not done: {error}."));
                failures += 1;
                if failures >= MOST_FAILURES {
                    return Err(error);
                }
            }
        }
    }
}

impl Life<'_> {
    fn plan(&mut self, after_secs: i64, due: Due) {
        let at = Instant::now() + Duration::from_secs_f64(after_secs as f64 / self.speed);
        self.made += 1;
        self.waiting.insert(self.made, due);
        self.due.push(Reverse((at, self.made)));
    }

    /// The warehouse is not heard for a while; for the server that is real time.
    fn fall_silent(&mut self) {
        let at_least = (f64::from(2 * WAREHOUSE_HEARTBEAT_SECS) * self.speed) as i64;
        self.plan(SILENT_FOR_SECS.max(at_least), Due::Heard { left: HEARD_TIMES });
    }

    fn begin(&mut self, plan: Plan, incident: Option<String>) {
        let Plan { trouble, sender, region, steps } = plan;
        // Places of cases that are long over are used again, so that weeks do not add up.
        let is_over = |case: &Case| case.left == 0 && case.ended_at.is_some_and(|at| at.elapsed() > REST_FOR);
        let case = Case { trouble, sender, region, incident, left: steps.len(), ended_at: None };
        let place = match self.cases.iter().position(is_over) {
            Some(place) => {
                self.cases[place] = case;
                place
            }
            None => {
                self.cases.push(case);
                self.cases.len() - 1
            }
        };
        for Step { after_secs, act } in steps {
            self.plan(after_secs, Due::Step { case: place, act });
        }
    }

    /// What an earlier run, the present, or a step that failed left open goes on.
    async fn take_up(&mut self) -> Result<(), CallError> {
        let mut taken = 0;
        for incident in self.house.open_incidents().await? {
            let id = incident.id.to_string();
            let is_reported = incident.origin.as_ref().is_some_and(|origin| origin.name == SUPPORT);
            if !self.goes_on(&id) && (is_reported || self.house.is_ours(&id).await?) {
                let trouble = trouble_of(&incident);
                let steps = plan::taken_up(trouble, &incident, &mut self.dice);
                self.begin(Plan { trouble, sender: trouble.sender, region: REGIONS[0], steps }, Some(id));
                taken += 1;
            }
        }
        for incident in self.house.known_from(CALENDAR).await? {
            let id = incident.id.to_string();
            if incident.state.is_open() && !self.goes_on(&id) {
                let steps = plan::comes_to_its_end(&mut self.dice);
                self.begin(Plan { trouble: STORY, sender: STORY.sender, region: REGIONS[0], steps }, Some(id));
            }
        }
        if taken > 0 {
            say(&format!("{taken} open incidents go on."));
        }
        Ok(())
    }

    fn goes_on(&self, incident: &str) -> bool {
        self.cases.iter().any(|case| case.left > 0 && case.incident.as_deref() == Some(incident))
    }

    async fn happen(&mut self, due: Due) -> Result<(), CallError> {
        match due {
            Due::Step { case, act } => {
                let done = self.act(case, act).await;
                let case = &mut self.cases[case];
                case.left = case.left.saturating_sub(1);
                case.ended_at = Some(Instant::now());
                done
            }
            Due::Trouble => {
                let wait = self.dice.between(50, 170);
                self.plan(wait, Due::Trouble);
                self.begin_trouble().await
            }
            Due::Storm => {
                self.plan(STORM_EVERY_SECS + self.storms as i64 % 3 * 120, Due::Storm);
                self.begin_storm().await
            }
            Due::Deploy => {
                let wait = self.dice.between(150, 500);
                self.plan(wait, Due::Deploy);
                let deploy = plan::deploy(&mut self.dice);
                self.deploy(&deploy).await
            }
            Due::Heard { left } => {
                match left.checked_sub(1) {
                    Some(left) => self.plan(HEARD_EVERY_SECS, Due::Heard { left }),
                    None => self.fall_silent(),
                }
                self.house.send(&watchdog(self.house.seed, self.house.clock.now())).await
            }
            Due::Measured => {
                self.plan(levels::EVERY_SECS, Due::Measured);
                levels::measure(self.house).await
            }
            Due::Traced => {
                self.plan(traffic::EVERY_SECS, Due::Traced);
                traffic::measure(self.house).await
            }
            Due::Told => {
                self.plan(TOLD_EVERY_SECS, Due::Told);
                let Count { begun, alerts, commands, deploys, storms } = std::mem::take(&mut self.count);
                let open = self.house.open_incidents().await?.len();
                say(&format!(
                    "Lately: {begun} troubles began, {storms} storms, {alerts} alerts, {commands} things people did, {deploys} deploys; {open} incidents are open."
                ));
                Ok(())
            }
        }
    }

    async fn begin_trouble(&mut self) -> Result<(), CallError> {
        let open = self.house.open_incidents().await?;
        if open.len() + self.coming() >= ENOUGH_OPEN {
            return Ok(());
        }
        if let Some(plan) = plan::next(&self.taken(&open), &mut self.dice) {
            self.count.begun += 1;
            self.begin(plan, None);
        }
        Ok(())
    }

    async fn begin_storm(&mut self) -> Result<(), CallError> {
        let open = self.house.open_incidents().await?;
        let is_one = |incident: &Incident| incident.services.len() >= plan::STORM.services.len();
        if open.len() + self.coming() >= ENOUGH_OPEN || open.iter().any(is_one) {
            return Ok(());
        }
        let region = REGIONS[(self.storms + 1) % REGIONS.len()];
        self.storms += 1;
        self.count.storms += 1;
        let plan = plan::storm(region, &mut self.dice);
        self.begin(plan, None);
        Ok(())
    }

    /// Troubles that began and have no incident yet.
    fn coming(&self) -> usize {
        self.cases.iter().filter(|case| case.left > 0 && case.incident.is_none()).count()
    }

    /// Systems that have trouble, or had it a moment ago.
    fn taken(&self, open: &[Incident]) -> Vec<String> {
        let is_near = |case: &&Case| case.left > 0 || case.ended_at.is_none_or(|at| at.elapsed() < REST_FOR);
        let near = self.cases.iter().filter(is_near).map(|case| case.trouble.service().name.to_owned());
        near.chain(open.iter().filter_map(|incident| incident.services.first().cloned())).collect()
    }

    async fn act(&mut self, place: usize, act: Act) -> Result<(), CallError> {
        match act {
            Act::Fire { service, first, count } => self.fire(place, service, first, count).await,
            Act::Declare { who, draft } => {
                self.cases[place].incident = Some(self.house.declare(who, &draft).await?.id.to_string());
                Ok(())
            }
            Act::Do { who, command } => {
                if let Some(incident) = self.incident(place).await? {
                    self.count.commands += u32::from(self.house.command(who, &incident, command).await?.is_some());
                }
                Ok(())
            }
            Act::Pinned { who, command } => {
                let Some(incident) = self.incident(place).await? else { return Ok(()) };
                if let Some(now) = self.house.command(who, &incident, command).await? {
                    self.count.commands += 1;
                    self.house.command(who, &incident, Command::Pin { seq: now.version }).await?;
                }
                Ok(())
            }
            Act::Again => match self.incident(place).await? {
                Some(incident) => self.house.repeat(&incident).await,
                None => Ok(()),
            },
            Act::Quiet => match self.incident(place).await? {
                Some(incident) => self.house.quiet(&incident).await,
                None => Ok(()),
            },
            Act::Deploy { .. } => self.deploy(&act).await,
        }
    }

    async fn fire(&mut self, place: usize, service: &str, first: i64, count: i64) -> Result<(), CallError> {
        let Case { trouble, sender, region, .. } = self.cases[place];
        let Some(service) = service_of(service) else { return Ok(()) };
        let now = self.house.clock.now();
        // A rule waits until it has lasted a little, and instances do not fail in the same instant.
        let sightings: Vec<Sighting> =
            (first..first + count).map(|instance| Sighting::of(trouble, service, region, instance, now.plus_secs(-20 + instance % 17))).collect();
        self.count.alerts += count;
        self.house.sight(sender, &sightings).await?;
        self.incident(place).await.map(drop)
    }

    /// The incident of a case: known, or that of its first alert.
    async fn incident(&mut self, place: usize) -> Result<Option<String>, CallError> {
        if self.cases[place].incident.is_none() {
            let Case { trouble, sender, region, .. } = self.cases[place];
            let first = Sighting::of(trouble, trouble.service(), region, 1, self.house.clock.now());
            self.cases[place].incident = self.house.incident_of(sender, &first.key).await?;
        }
        Ok(self.cases[place].incident.clone())
    }

    async fn deploy(&mut self, act: &Act) -> Result<(), CallError> {
        let Act::Deploy { service, version, who, what } = act else { return Ok(()) };
        self.count.deploys += 1;
        self.house.send(&payloads::deploy(self.house.seed, service, version, who, what, self.house.clock.now())).await
    }
}

/// What an incident is about, as far as its title or first service say.
fn trouble_of(incident: &Incident) -> &'static Trouble {
    let is_titled = |trouble: &&&Trouble| trouble.title.split("{region}").all(|part| incident.title.contains(part.trim()));
    let is_near = |trouble: &&&Trouble| incident.services.iter().any(|name| name == trouble.service().name);
    let all: Vec<&'static Trouble> = std::iter::once(&plan::STORM).chain(&TROUBLES).collect();
    all.iter().find(is_titled).or_else(|| all.iter().skip(1).find(is_near)).copied().unwrap_or(STORY)
}
