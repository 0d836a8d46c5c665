//! Burn alerts and dead-man alerts: what the readings say, told through the same pipeline as any
//! sender's alerts. What is too little measured keeps the level it had.
//!
//! An objective has one alert that pages and one ticket, whichever of its pairs of windows fires,
//! and one alert for readings that stay away, unless that of its source stands for it
//! ([`super::silence`]). The ticket is held back while the page fires.

use super::{One, silence::Sources};
use crate::{
    domain::{
        alert::{ABOUT_MONITORING, Labels, Link, Signal, SignalAction},
        audit::By,
        ids::IntegrationId,
        integration::{Grouping, Integration},
        severity::AlertSeverity,
        slo::{
            assess,
            burn::Pair,
            frame::{self, Frame, stale_after_s},
            objective::{Indicator, Urgency},
            raising::{Burns, Change},
            report::BurnAlert,
            severity::Suggestion,
            silence,
        },
        time::Timestamp,
    },
    server::{
        auth::secrets,
        state::App,
        store::{BurnLevel, Delivery, Sender, Store, StoreError},
    },
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, OnceLock},
};
use uuid::Uuid;

pub use crate::domain::slo::raising::SOURCE;

/// The integration to which these alerts belong; it is made when there is something to tell.
pub const INTEGRATION: IntegrationId = IntegrationId(Uuid::from_u128(0x7e57_0000_0000_7000_8000_0000_0000_0002));
/// So far back it is looked how often readings are sent.
const ARRIVALS_S: i64 = 2 * 86_400;
/// Under this key it is remembered whether the dead-man alert is open.
const STALE: &str = "stale";
pub(super) const URGENCIES: [Urgency; 2] = [Urgency::Page, Urgency::Ticket];

/// Which pair a level belongs to.
pub fn key_of(pair: &Pair) -> String {
    format!("{} {}/{}", pair.urgency.slug(), pair.long_s, pair.short_s)
}

/// Decides what changed since it was last decided, and tells of it. One at a time, so that an
/// alert that opens and resolves does so in this order.
#[derive(Default)]
pub struct Burning {
    /// Held while it decides, with what was found of those whose readings are late, by the objective's number.
    deciding: tokio::sync::Mutex<HashMap<i64, Pause>>,
    /// When it first looked: what was not measured before, while nothing ran here, is nobody's silence.
    began_at: OnceLock<Timestamp>,
}

impl Burning {
    /// Looks at every objective, and has the rows of boards ready for whoever asks next.
    pub async fn look(&self, app: &App) -> Result<(), StoreError> {
        self.decide(app, |_| true).await?;
        let held = app.levels.current(app).await?;
        let (levels, now) = (app.store.burn_levels().await?, app.clock().now());
        for one in held.all() {
            one.refresh_row(now, levels.get(&one.number()).map(Vec::as_slice).unwrap_or_default());
            // Others wait no longer than for one row.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Looks at the objectives with these numbers, whose readings have just changed, and at those
    /// that are made from others.
    pub async fn look_at(&self, app: &App, numbers: &BTreeSet<i64>) -> Result<(), StoreError> {
        self.decide(app, |one| numbers.contains(&one.number()) || one.is_composed()).await
    }

    async fn decide(&self, app: &App, wanted: impl Fn(&One) -> bool) -> Result<(), StoreError> {
        let mut paused = self.deciding.lock().await;
        let held = app.levels.current(app).await?;
        let levels = app.store.burn_levels().await?;
        let known = |one: &One| levels.get(&one.number()).map(Vec::as_slice).unwrap_or_default();
        let now = app.clock().now();
        let began_at = *self.began_at.get_or_init(|| now);
        let expected: BTreeSet<i64> = held.all().filter(|one| is_expected(one, known(one))).map(|one| one.number()).collect();
        let waiting = held.all().filter(|one| expected.contains(&one.number()) && !fires(known(one), STALE));
        let waiting: Vec<(Arc<One>, bool)> = waiting.map(|one| (one.clone(), is_awaited(known(one)))).collect();
        find_pauses(app, &waiting, &mut paused, now).await?;
        let pause_of = |one: &One| paused.get(&one.number()).map_or(Some(0), |pause| pause.pause_s);
        let waits = |one: &One| expected.contains(&one.number()) && pause_of(one).is_some();
        let missed = |one: &One, up_since: Option<Timestamp>| {
            let since = began_at.max(up_since.unwrap_or(began_at));
            !fires(known(one), STALE) && expected.contains(&one.number()) && pause_of(one).is_some_and(|pause_s| is_dead(one, since, pause_s, now))
        };
        let sources = Sources::look(app, &held, app.store.source_standings().await?, now, waits, missed);
        let mut told = Told::at(now);
        for one in held.all().filter(|one| wanted(one)) {
            let may_be_missed = !sources.stand_for(one) && missed(one, sources.up_since(one, now));
            told.look(app, one, known(one), may_be_missed);
        }
        told.signals.extend(sources.signals);
        told.sources = sources.changed;
        told.tell(app).await
    }

    /// Resolves what is open of an objective that was removed; `levels` are those it had.
    pub async fn quieten(&self, app: &App, one: &One, levels: &[BurnLevel]) -> Result<(), StoreError> {
        let _one_at_a_time = self.deciding.lock().await;
        let mut told = Told::at(app.clock().now());
        let is_open = |what: &str| levels.iter().any(|level| level.firing && level.pair.starts_with(what));
        for what in URGENCIES.map(Urgency::slug).into_iter().chain([STALE]).filter(|what| is_open(what)) {
            told.signals.push(resolved(one, what, "The objective was removed.".to_owned(), told.now));
        }
        told.tell(app).await
    }
}

/// What is to be told and remembered.
struct Told {
    now: Timestamp,
    signals: Vec<Signal>,
    levels: HashMap<i64, Vec<BurnLevel>>,
    /// Whose silence was told, or ended.
    sources: Vec<(String, Option<i64>)>,
}

impl Told {
    fn at(now: Timestamp) -> Self {
        Self { now, signals: vec![], levels: HashMap::new(), sources: vec![] }
    }

    /// `is_missed` says whether its readings stay away for so long that it is told of it alone.
    fn look(&mut self, app: &App, one: &One, known: &[BurnLevel], is_missed: bool) {
        let objective = one.objective();
        let frame = one.frame(one.series(), 0, self.now);
        let alerts = assess::pairs(objective, one.series(), &frame, &one.fired(known));
        let pairs = assess::pairs_of(objective);
        let fired_before = |key: &str| fires(known, key);
        let burned = Burns::of(URGENCIES.into_iter().filter(|urgency| known.iter().any(|level| level.firing && level.pair.starts_with(urgency.slug()))));
        let burns = Burns::of(alerts.iter().filter(|alert| alert.firing).map(|alert| alert.severity));
        let mut changed: Vec<BurnLevel> = vec![];
        for urgency in URGENCIES {
            let of: Vec<(&Pair, &BurnAlert)> = pairs.iter().zip(&alerts).filter(|(pair, _)| pair.urgency == urgency).collect();
            // A pair that the objective no longer has stopped firing with it.
            let gone =
                known.iter().filter(|level| level.firing && level.pair.starts_with(urgency.slug()) && !of.iter().any(|(pair, _)| key_of(pair) == level.pair));
            let gone: Vec<BurnLevel> = gone.map(|level| BurnLevel { pair: level.pair.clone(), firing: false, since: self.now }).collect();
            let worst = of.iter().map(|(_, alert)| *alert).filter(|alert| alert.firing).max_by(|a, b| a.factor.total_cmp(&b.factor));
            self.signals.extend(burns.change(burned, urgency).and_then(|change| signal_of(app, one, urgency, change, worst, &frame, self.now)));
            // Until one of its pairs can be decided, the level of those that are gone stands for them all,
            // and is written down under none of theirs: they never fired.
            if !gone.is_empty() && of.iter().all(|(_, alert)| alert.frozen) && of.iter().any(|(_, alert)| alert.firing) {
                continue;
            }
            let news = of.iter().filter(|(pair, alert)| alert.firing != fired_before(&key_of(pair)));
            changed.extend(news.map(|(pair, alert)| BurnLevel { pair: key_of(pair), firing: alert.firing, since: self.now }));
            changed.extend(gone);
        }
        // Once told it stays until readings come, also while an objective that was described anew has none.
        let is_stale = is_missed || (fired_before(STALE) && is_expected(one, known) && frame.stale);
        if is_stale != fired_before(STALE) {
            let words = if frame.stale { "Nobody waits for its readings any more." } else { "Readings come again." };
            self.signals.push(if is_stale { silent(app, one, &frame, self.now) } else { resolved(one, STALE, words.to_owned(), self.now) });
            changed.push(BurnLevel { pair: STALE.to_owned(), firing: is_stale, since: self.now });
        }
        if !changed.is_empty() {
            self.levels.insert(one.number(), changed);
        }
    }

    /// First the alerts, then what is remembered of them: told twice changes nothing, not told
    /// would.
    async fn tell(self, app: &App) -> Result<(), StoreError> {
        if !self.signals.is_empty() {
            let integration = integration(&app.store).await?;
            let delivery = Delivery {
                integration_id: integration.id,
                integration_name: integration.name,
                source: integration.source,
                grouping: integration.grouping,
                received_at: self.now,
                signals: self.signals,
            };
            app.store.intake(delivery).await?;
        }
        for (number, levels) in self.levels {
            app.store.save_burn_levels(number, &levels).await?;
        }
        for (source, silent_s) in self.sources {
            app.store.note_silence(&source, silent_s, self.now).await?;
        }
        Ok(())
    }
}

/// Whether the level of this key fired when it was last decided.
fn fires(known: &[BurnLevel], key: &str) -> bool {
    known.iter().any(|level| level.pair == key && level.firing)
}

/// Whether it is told when readings stay away. Whoever sends readings when there is something to
/// send is not expected to send any, unless an alert waits for what they say; and of what never
/// counted anything nobody misses it.
fn is_expected(one: &One, known: &[BurnLevel]) -> bool {
    let draft = &one.objective().draft;
    let is_sent = || is_awaited(known) || one.series().watermark(i64::MAX).is_some_and(|until_s| silence::kept_coming(one.series(), until_s));
    draft.alerting.enabled && !one.series().never_counted && !one.is_composed() && (draft.indicator.is_asked() || is_sent())
}

/// Whether an alert that burns waits for what the next readings say.
fn is_awaited(known: &[BurnLevel]) -> bool {
    known.iter().any(|level| level.firing && level.pair != STALE)
}

/// How long it may take after a reading until the next one comes.
struct Pause {
    /// Of which state of its slices, up to when, and whether an alert waits: while these are the same,
    /// so is the rest.
    of: (i64, i64, bool),
    /// Nothing where only the past was sent.
    pause_s: Option<i64>,
}

/// Finds the pauses of those whose readings are sent to us and late, by the objective's number. What is
/// known is not asked for again: it is decided whenever anybody sends readings.
async fn find_pauses(app: &App, expected: &[(Arc<One>, bool)], known: &mut HashMap<i64, Pause>, now: Timestamp) -> Result<(), StoreError> {
    let mut pauses = HashMap::new();
    for (one, is_awaited) in expected {
        let (draft, now_s) = (&one.objective().draft, now.epoch_secs());
        let Some(until_s) = one.series().watermark(now_s).filter(|until_s| now_s - until_s > stale_after_s(draft.slice_s)) else { continue };
        let of = (one.rev, until_s, *is_awaited);
        if let Some(pause) = known.remove(&one.number()).filter(|pause| pause.of == of) {
            pauses.insert(one.number(), pause);
            continue;
        }
        let pause_s = match draft.indicator {
            Indicator::Pushed => {
                let arrivals = app.store.arrivals(one.number(), frame::at(until_s - ARRIVALS_S)).await?;
                let arrived_s: Vec<i64> = arrivals.into_iter().map(Timestamp::epoch_secs).collect();
                silence::pause_of_sender_s(&arrived_s, until_s, stale_after_s(draft.slice_s), *is_awaited)
            }
            Indicator::Telemetry { .. } => Some(silence::longest_pause_s(one.series(), until_s)),
            // Who asks does so in time.
            Indicator::Ratio { .. } | Indicator::Latency { .. } | Indicator::Probe { .. } | Indicator::Threshold { .. } | Indicator::Composite { .. } => {
                continue;
            }
        };
        pauses.insert(one.number(), Pause { of, pause_s });
    }
    *known = pauses;
    Ok(())
}

/// Whether readings stay away for so long that a fast burn could have gone unseen. Before `since`
/// none could have come, and `pause_s` may pass from one to the next. Of what was counted before, and
/// is described anew, they are expected from then on: a query that finds nothing any more would leave
/// its alerts as they are for ever.
fn is_dead(one: &One, since: Timestamp, pause_s: i64, now: Timestamp) -> bool {
    let objective = one.objective();
    let now_s = now.epoch_secs();
    let watermark_s = one.series().watermark(now_s).unwrap_or_else(|| objective.generation_at.epoch_secs());
    let silent_for_s = now_s - watermark_s.max(since.epoch_secs());
    let budget = objective.draft.target.budget();
    let fastest =
        assess::pairs_of(objective).iter().filter(|pair| pair.urgency == Urgency::Page).map(|pair| pair.factor * budget * pair.long_s as f64).reduce(f64::min);
    silent_for_s > stale_after_s(objective.draft.slice_s) + pause_s && silent_for_s >= fastest.map_or(0, |secs| secs as i64)
}

fn dedupe_key(one: &One, what: &str) -> String {
    format!("slo/{}/{what}", one.objective().id)
}

/// What is said of a change; of one that is raised, with `worst`, the pair that says it loudest.
fn signal_of(app: &App, one: &One, urgency: Urgency, change: Change, worst: Option<&BurnAlert>, frame: &Frame, now: Timestamp) -> Option<Signal> {
    let ended = |words: &str| Some(resolved(one, urgency.slug(), words.to_owned(), now));
    match change {
        Change::Raised => Some(burning(app, one, worst?, frame, began_at(one, worst?, frame, now), now)),
        // What it burned before is the page's: it is not charged twice.
        Change::RaisedAfterPage => Some(burning(app, one, worst?, frame, now, now)),
        Change::Cleared => ended("It no longer burns faster than it may."),
        Change::Superseded => ended("It burns so fast by now that the alert that pages stands for it."),
    }
}

/// When what burns now began.
fn began_at(one: &One, alert: &BurnAlert, frame: &Frame, now: Timestamp) -> Timestamp {
    let began_s = |until_s| assess::burning_since(one.objective(), one.series(), until_s, alert.long_s, alert.short_s).unwrap_or(until_s);
    frame.watermark_s.map_or(now, |until_s| frame::at(began_s(until_s))).min(now)
}

fn burning(app: &App, one: &One, alert: &BurnAlert, frame: &Frame, began_at: Timestamp, now: Timestamp) -> Signal {
    let objective = one.objective();
    let governing = alert.governing_burn.unwrap_or_default();
    let description = format!(
        "It burns its budget {governing:.1} times as fast as it may, over {} and over {}; more than {} is told.",
        crate::domain::wording::span(alert.long_s),
        crate::domain::wording::span(alert.short_s),
        alert.factor,
    );
    let annotations = [
        ("description".to_owned(), description),
        ("governing_burn".to_owned(), format!("{governing:.2}")),
        ("factor".to_owned(), alert.factor.to_string()),
        ("long_window_s".to_owned(), alert.long_s.to_string()),
        ("short_window_s".to_owned(), alert.short_s.to_string()),
        ("target".to_owned(), objective.draft.target.percent_text()),
    ];
    // Whoever looks at it decides; how urgent it is does not say how bad.
    let suggestion = assess::suggestion(objective, one.series(), frame);
    let severity = match alert.severity {
        Urgency::Page => AlertSeverity::Critical,
        Urgency::Ticket => AlertSeverity::Warning,
    };
    Signal {
        severity: Some(severity),
        title: format!("{} burns its error budget", objective.title()),
        annotations: annotations.into_iter().chain(suggestion.iter().flat_map(Suggestion::annotations)).collect(),
        links: link(app, one),
        started_at: Some(began_at),
        ..signal(one, alert.severity.slug(), SignalAction::Fire, now)
    }
}

fn silent(app: &App, one: &One, frame: &Frame, now: Timestamp) -> Signal {
    let span = |from_s: i64| crate::domain::wording::span(now.epoch_secs() - from_s);
    let gave = match frame.watermark_s {
        Some(from_s) => format!("Its source gave no reading for {}", span(from_s)),
        None => format!("Its source gave no reading since it was described anew, {} ago", span(one.objective().generation_at.epoch_secs())),
    };
    let description = format!("{gave}. Burn alerts keep the level they had.");
    Signal {
        severity: Some(AlertSeverity::Error),
        title: format!("No readings for {}", one.objective().title()),
        annotations: [("description".to_owned(), description)].into(),
        links: link(app, one),
        ..signal(one, STALE, SignalAction::Fire, now)
    }
}

fn resolved(one: &One, what: &str, description: String, now: Timestamp) -> Signal {
    Signal { annotations: [("description".to_owned(), description)].into(), ..signal(one, what, SignalAction::Resolve, now) }
}

fn signal(one: &One, what: &str, action: SignalAction, now: Timestamp) -> Signal {
    let draft = &one.objective().draft;
    let mut labels: Labels = [("alertname".to_owned(), "BurnRate".to_owned()), ("objective".to_owned(), draft.name.clone())].into();
    if what == STALE {
        labels.insert("alertname".to_owned(), "NoReadings".to_owned());
        let (name, value) = ABOUT_MONITORING;
        labels.insert(name.to_owned(), value.to_owned());
    }
    if let Some(service) = &draft.service {
        labels.insert("service".to_owned(), service.clone());
    }
    Signal {
        action,
        dedupe_key: dedupe_key(one, what),
        severity: None,
        title: one.objective().title().to_owned(),
        labels,
        annotations: Labels::new(),
        links: vec![],
        group_labels: Labels::new(),
        started_at: Some(now),
        event_at: Some(now),
        expires_at: None,
        heartbeat: false,
    }
}

/// Links leave the house only with an address that others can reach.
fn link(app: &App, one: &One) -> Vec<Link> {
    let Some(public_url) = &app.config.public_url else { return vec![] };
    let href = format!("{}/objectives/{}", public_url.trim_end_matches('/'), one.objective().id);
    vec![Link { href, text: one.objective().title().to_owned() }]
}

/// The integration of these alerts, made at first need. Nobody learns its key: nothing is sent to it.
async fn integration(store: &Store) -> Result<Integration, StoreError> {
    if let Some(sender) = store.sender(INTEGRATION).await? {
        return Ok(sender.integration);
    }
    // An objective without a service is a group of its own.
    let grouping = Grouping { by: vec!["service".to_owned(), "objective".to_owned()], ..Grouping::default() };
    let made = Integration { grouping, ..Integration::new(INTEGRATION, SOURCE, "Service levels", store.clock().now()) };
    let token_hash = secrets::hash(&secrets::new_secret(secrets::INTEGRATION_TOKEN));
    let sender = Sender { integration: made, token_hash, signing_secrets: vec![], previous: None };
    store.create_integration(&sender, &By::system()).await?;
    Ok(store.sender(INTEGRATION).await?.unwrap_or(sender).integration)
}
