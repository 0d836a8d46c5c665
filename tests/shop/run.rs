//! People go through their journeys one after the other, services do what their plan says, and
//! whatever they would have sent is written down.

use super::{
    Fault, Habits, Kind, Log, Random, Said, Span, gauges,
    plans::{Act, Operation, System, Waits},
};
use std::{collections::HashMap, sync::Arc};

/// Where and when, and what is wrong.
#[derive(Clone, Copy)]
pub struct Ground {
    pub system: &'static System,
    pub habits: Habits,
    /// With whom; of several instances it is the first.
    pub fault: Option<(Fault, &'static str)>,
    pub seed: u64,
    /// Decides what a fault looks like; the same for ranges that belong together.
    pub fault_seed: u64,
    pub from_micros: i64,
    pub secs: f64,
    /// Journeys a second, while all is well: people wait for answers before they go on.
    pub per_sec: f64,
    /// As on machines that are shared: people come in waves, and services run into their limits,
    /// now more and now less.
    pub restless: bool,
}

/// How a fault looks this time.
pub(super) struct Trouble {
    pub fault: Fault,
    service: &'static str,
    /// The operation that it is in, and before which of its acts.
    operation: &'static str,
    act: usize,
    /// Times as long, or microseconds, by the fault.
    strength: f64,
    /// In this share of cases.
    share: f64,
}

impl Trouble {
    fn of(ground: &Ground) -> Option<Self> {
        let (fault, service) = ground.fault?;
        let mut random = Random::new(ground.fault_seed);
        let strength = match fault {
            Fault::ProcessorTaken => 3.0 + 7.0 * random.unit(),
            Fault::NetworkSlow => 50_000.0 + 250_000.0 * random.unit(),
            _ => random.unit(),
        };
        let share = if random.chance(0.7) { 1.0 } else { 0.5 };
        let wants_call = fault == Fault::SkipsCall;
        let has = |operation: &&Operation| {
            operation.service == service && (!wants_call || operation.acts.iter().any(|act| matches!(act, Act::Call(_, _, often) if *often >= 1.0)))
        };
        let operations: Vec<&'static Operation> = ground.system.operations.iter().filter(has).collect();
        let operation = *operations.get((random.unit() * operations.len() as f64) as usize)?;
        let places: Vec<usize> = (0..operation.acts.len())
            .filter(|place| match fault {
                Fault::SkipsCall => matches!(operation.acts[*place], Act::Call(_, _, often) if often >= 1.0),
                _ => *place > 0,
            })
            .collect();
        let act = places.get((random.unit() * places.len() as f64) as usize).copied().unwrap_or(0);
        Some(Self { fault, service, operation: operation.name, act, strength, share })
    }
}

/// Whether a service can have this wrong with it at all.
pub fn applies(system: &System, fault: Fault, service: &str) -> bool {
    match fault {
        Fault::ThrowsAtCallerOnly | Fault::Vanishes => !system.journeys.iter().any(|journey| journey.0 == service),
        Fault::SkipsCall => system
            .operations
            .iter()
            .any(|operation| operation.service == service && operation.acts.iter().any(|act| matches!(act, Act::Call(_, _, often) if *often >= 1.0))),
        // One act has no middle.
        _ => system.operations.iter().filter(|operation| operation.service == service).all(|operation| operation.acts.len() > 1),
    }
}

/// What would have been sent.
pub fn said(ground: &Ground) -> Said {
    let mut run = Run::of(ground);
    run.people();
    gauges::read(&mut run);
    run.said
}

pub(super) struct Run<'a> {
    pub ground: &'a Ground,
    trouble: Option<Trouble>,
    pub random: Random,
    pub said: Said,
    names: HashMap<String, Arc<str>>,
    /// How much slower or quicker each service happens to be this time.
    weather: HashMap<&'static str, f64>,
    next_id: u64,
    /// Journeys begun in each minute.
    pub journeys: Vec<u64>,
    /// How many times as many people as usual, by minute.
    waves: Vec<f64>,
    /// How many times as often as usual each service is held back this time.
    pressure: HashMap<&'static str, f64>,
}

struct Outcome {
    took: f64,
    failed: bool,
}

const THINK_SECS: f64 = 4.0;

/// The same for a text whatever the seed.
pub(super) fn mark(text: &str) -> f64 {
    Random::new(text.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))).unit()
}

impl<'a> Run<'a> {
    fn of(ground: &'a Ground) -> Self {
        let mut random = Random::new(ground.seed);
        let all = random.lognormal(1.0, 0.08);
        let weather = ground.system.services().into_iter().map(|service| (service, all * random.lognormal(1.0, 0.08))).collect();
        let minutes = (ground.secs / 60.0).ceil().max(1.0) as usize;
        let swing = if ground.restless { 0.2 } else { 0.0 };
        let waves = (0..minutes).map(|_| random.lognormal(1.0, swing)).collect();
        let pressure = ground.system.held_back.iter().map(|held| (held.0, random.lognormal(1.0, 0.25))).collect();
        let (said, names, journeys) = (Said::default(), HashMap::new(), vec![0; minutes]);
        Self { ground, trouble: Trouble::of(ground), random, said, names, weather, next_id: 1, journeys, waves, pressure }
    }

    pub fn name(&mut self, text: &str) -> Arc<str> {
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        let name: Arc<str> = Arc::from(text);
        self.names.insert(text.to_owned(), name.clone());
        name
    }

    fn people(&mut self) {
        let people = (self.ground.per_sec * THINK_SECS).ceil().max(1.0) as usize;
        let end = self.ground.secs * 1e6;
        let weights: f64 = self.ground.system.journeys.iter().map(|journey| journey.2).sum();
        for _ in 0..people {
            let mut at = self.random.exponential(THINK_SECS) * 1e6;
            while at < end {
                let mut pick = self.random.unit() * weights;
                let journey = self.ground.system.journeys.iter().find(|journey| {
                    pick -= journey.2;
                    pick < 0.0
                });
                let Some((service, operation, _)) = journey else { continue };
                let trace = self.random.bits();
                let minute = (at / 6e7) as usize;
                if let Some(journeys) = self.journeys.get_mut(minute) {
                    *journeys += 1;
                }
                let took = self.serve(trace, None, service, operation, at).took;
                let wave = self.waves.get(minute).copied().unwrap_or(1.0);
                at += took + self.random.exponential(THINK_SECS / wave) * 1e6;
            }
        }
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub fn instance(&mut self, service: &str, number: usize) -> Arc<str> {
        let name = format!("{service}-7c9d{:x}-{number}", (mark(service) * 4096.0) as u32);
        self.name(&name)
    }

    pub fn sick(&self, service: &str, number: usize) -> Option<&Trouble> {
        self.trouble.as_ref().filter(|trouble| trouble.service == service && (number == 0 || trouble.fault == Fault::Vanishes))
    }

    /// How long a service that is at its limit lets this call wait there.
    fn held_back(&mut self, service: &str, waits: Waits) -> f64 {
        let Some(held) = self.ground.system.held_back.iter().find(|held| held.0 == service && held.2 == waits).filter(|_| self.ground.restless) else {
            return 0.0;
        };
        let share = held.1 * self.pressure.get(held.0).copied().unwrap_or(1.0);
        if self.random.chance(share) { 30_000.0 + 60_000.0 * self.random.unit() } else { 0.0 }
    }

    /// How long work of this median takes there.
    fn work(&mut self, service: &'static str, number: usize, median: f64) -> f64 {
        let weather = self.weather.get(service).copied().unwrap_or(1.0);
        let took = self.random.took(median * weather);
        match self.sick(service, number).map(|trouble| (trouble.fault, trouble.strength)) {
            Some((Fault::ProcessorTaken, strength)) => took * (1.0 + (strength - 1.0) * 2.0 * self.random.unit()),
            _ => took,
        }
    }

    /// What the way between two takes, and whether the message arrives.
    fn way(&mut self, ends: [(&'static str, usize); 2]) -> (f64, bool) {
        let mut took = self.random.lognormal(900.0, 0.4) + if self.random.chance(0.04) { 40_000.0 } else { 0.0 };
        let mut arrives = true;
        for (service, number) in ends {
            match self.sick(service, number).map(|trouble| (trouble.fault, trouble.strength)) {
                Some((Fault::NetworkSlow, strength)) => took += self.random.lognormal(strength, 0.1),
                Some((Fault::NetworkLoses, _)) => {
                    let mut again = 200_000.0;
                    while self.random.chance(0.18) {
                        took += again;
                        again *= 2.0;
                    }
                    arrives &= !self.random.chance(0.01);
                }
                Some((Fault::ProcessorTaken, strength)) => took += self.random.took(500.0 * strength),
                _ => {}
            }
        }
        (took, arrives)
    }

    fn serve(&mut self, trace: u64, parent: Option<u64>, service: &'static str, name: &'static str, start: f64) -> Outcome {
        let Some(operation) = self.ground.system.operation(service, name) else { return Outcome { took: 0.0, failed: false } };
        let number = (self.random.unit() * self.ground.system.instances(service) as f64) as usize;
        let id = self.id();
        let broken = match self.sick(service, number) {
            Some(trouble) if trouble.operation == name && !matches!(trouble.fault, Fault::SkipsCall) => Some((trouble.fault, trouble.act, trouble.share)),
            _ => None,
        };
        let broken = broken.filter(|broken| self.random.chance(broken.2)).map(|broken| (broken.0, broken.1));
        let skipped = self.sick(service, number).filter(|trouble| trouble.fault == Fault::SkipsCall && trouble.operation == name).map(|trouble| trouble.act);
        let mut at = start + self.work(service, number, 150.0) + self.held_back(service, Waits::Within);
        // What is done is done within this span.
        let inner = if self.ground.habits.wrapped { self.id() } else { id };
        let began = at;
        let (mut failed, mut in_error) = (false, false);
        for (place, act) in operation.acts.iter().enumerate() {
            match broken {
                Some((fault @ (Fault::Throws | Fault::ThrowsIntoLogOnly | Fault::ThrowsAtCallerOnly), act)) if act == place => {
                    failed = true;
                    in_error = fault == Fault::Throws;
                    if fault != Fault::ThrowsAtCallerOnly {
                        self.log(at, (trace, id), service, number, 17, &format!("{name} failed: illegal state ~"));
                    }
                    break;
                }
                Some((Fault::ReturnsEarly, act)) if act == place => break,
                Some((Fault::Swallows, act)) if act == place => {
                    self.log(at, (trace, id), service, number, 13, &format!("{name} went on without an answer ~"));
                    break;
                }
                _ => {}
            }
            if skipped == Some(place) {
                continue;
            }
            match *act {
                Act::Work(what, median) => {
                    let took = self.work(service, number, median);
                    self.span(trace, Some(inner), service, number, what, Kind::Internal, false, at, took);
                    at += took + self.work(service, number, 40.0);
                }
                Act::Busy(median) => at += self.work(service, number, median),
                Act::Store(what, median) => {
                    // The store itself is well; the way to it may not be.
                    let slow = match self.sick(service, number).map(|trouble| trouble.fault) {
                        Some(Fault::NetworkSlow | Fault::NetworkLoses) => self.way([(service, number), ("", 0)]).0,
                        _ => 0.0,
                    };
                    let took = self.work(service, number, median) + slow;
                    self.span(trace, Some(inner), service, number, what, Kind::Client, false, at, took);
                    at += took;
                }
                Act::Log(text) => self.log(at, (trace, id), service, number, 9, text),
                Act::Call(callee, what, often) => {
                    let times = if often < 1.0 { usize::from(self.random.chance(often)) } else { often as usize };
                    for _ in 0..times {
                        let outcome = self.call(trace, inner, (service, number), callee, what, at);
                        at += outcome.took;
                        if outcome.failed {
                            if self.ground.habits.callers_log {
                                self.log(at, (trace, id), service, number, 17, &format!("call of {callee} failed ~"));
                            }
                            // Some go on without the answer.
                            failed = mark(callee) < 0.75;
                        }
                    }
                    in_error |= failed;
                    if failed {
                        break;
                    }
                }
            }
        }
        self.noise(at, trace, id, service, number);
        if inner != id {
            self.span_with(inner, trace, Some(id), service, number, &format!("{name} handler"), Kind::Internal, in_error, began, at - began);
        }
        let took = at - start + self.work(service, number, 60.0);
        self.span_with(id, trace, parent, service, number, name, Kind::Server, in_error, start, took);
        Outcome { took, failed }
    }

    fn call(&mut self, trace: u64, parent: u64, caller: (&'static str, usize), callee: &'static str, what: &'static str, start: f64) -> Outcome {
        let id = self.id();
        let name = if caller.0 == "web" || caller.0 == "checkout" || caller.0 == "advice" { format!("{callee}/{what}") } else { "HTTP GET".to_owned() };
        // Which instance answers is drawn there; the way is as bad as to the first one in its share.
        let there = (self.random.unit() * self.ground.system.instances(callee) as f64) as usize;
        let (way, arrives) = self.way([caller, (callee, there)]);
        let gone = self.sick(callee, there).is_some_and(|trouble| trouble.fault == Fault::Vanishes);
        let has_span = self.ground.habits.clients;
        if !arrives || gone {
            let took = if gone { way } else { 1_000_000.0 };
            if has_span {
                self.span_with(id, trace, Some(parent), caller.0, caller.1, &name, Kind::Client, true, start, took);
            }
            return Outcome { took, failed: true };
        }
        let waits = self.held_back(callee, Waits::Before);
        let outcome = self.serve(trace, Some(if has_span { id } else { parent }), callee, what, start + waits + way / 2.0);
        let took = outcome.took + way + waits;
        if has_span {
            self.span_with(id, trace, Some(parent), caller.0, caller.1, &name, Kind::Client, outcome.failed, start, took);
        }
        Outcome { took, failed: outcome.failed }
    }

    /// What is written down though nothing is wrong.
    fn noise(&mut self, at: f64, trace: u64, id: u64, service: &'static str, number: usize) {
        if self.random.chance(0.03) {
            let which = (self.random.unit() * 30.0) as u32;
            let word = ["cache", "pool", "lease", "buffer", "token", "index"][which as usize % 6];
            let deed = ["refreshed", "grown", "dropped", "resized", "renewed"][which as usize / 6];
            self.log(at, (trace, id), service, number, 9, &format!("{word} {deed} ~"));
        }
        if self.random.chance(0.004) {
            self.log(at, (trace, id), service, number, 17, "could not write metrics ~");
        }
        if service == "food" || service == "ads" && self.random.chance(0.2) {
            self.log(at, (trace, id), service, number, 17, "nothing found for ~");
        }
    }

    #[allow(clippy::too_many_arguments)] // They are a span.
    fn span(&mut self, trace: u64, parent: Option<u64>, service: &'static str, number: usize, name: &str, kind: Kind, error: bool, start: f64, took: f64) {
        let id = self.id();
        self.span_with(id, trace, parent, service, number, name, kind, error, start, took);
    }

    #[allow(clippy::too_many_arguments)]
    fn span_with(
        &mut self,
        id: u64,
        trace: u64,
        parent: Option<u64>,
        service: &'static str,
        number: usize,
        name: &str,
        kind: Kind,
        error: bool,
        start: f64,
        took: f64,
    ) {
        // A few never arrive.
        if parent.is_some() && self.random.chance(0.003) {
            return;
        }
        let skew = (mark(service) - 0.5) * 30_000.0;
        let span = Span {
            trace,
            id,
            parent,
            service: self.name(service),
            instance: self.instance(service, number),
            operation: self.name(name),
            kind: if self.ground.habits.kinds { kind } else { Kind::Internal },
            error: error && self.ground.habits.statuses,
            start_micros: self.ground.from_micros + (start + skew) as i64,
            duration_micros: took as i64,
            version: if self.random.chance(0.3) { "1.8" } else { "1.7" },
        };
        self.said.spans.push(span);
    }

    fn log(&mut self, at: f64, within: (u64, u64), service: &'static str, number: usize, severity: i32, text: &str) {
        let habits = self.ground.habits;
        let (line, said) = ((mark(text) * 400.0) as u32 + 1, text);
        let text = text.replace('~', &format!("{:x}7", self.random.bits() & 0xff_ffff));
        // Some name what they are about in words.
        let text = if said.contains('#') {
            let towns = ["Ada", "Bern", "Cork", "Dover", "Essen"];
            format!("{text} [from:{} to:{}]", towns[(self.random.bits() % 5) as usize], towns[(self.random.bits() % 5) as usize])
        } else {
            text
        };
        let text = if habits.severities {
            text
        } else {
            format!("12:0{}:11.{:03} {} {text}", severity % 9, (self.random.unit() * 999.0) as u32, if severity >= 17 { "ERROR" } else { "INFO" })
        };
        let log = Log {
            at_micros: self.ground.from_micros + at as i64,
            within: habits.logs_name_spans.then_some(within),
            service: self.name(service),
            instance: self.instance(service, number),
            severity: if habits.severities { severity } else { 0 },
            text,
            place: habits.lines.then(|| (format!("{service}.Handler"), line.to_string())),
        };
        self.said.logs.push(log);
    }
}
