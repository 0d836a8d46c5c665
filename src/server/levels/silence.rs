//! The silence of data sources: one alert for each, hence one incident, however many objectives
//! wait for its readings.
//!
//! It has no service and so is nobody's downtime: it puts nothing into impact and is charged to no
//! objective. Readings that are sent to us, and those that are counted from what is sent to us, have
//! a source of their own here: all who send them together.

use super::{Held, One};
use crate::{
    domain::{
        alert::{Labels, Link, Signal, SignalAction},
        severity::AlertSeverity,
        slo::{
            frame::stale_after_s,
            objective::Indicator,
            silence::{Silence, Waiting},
        },
        time::Timestamp,
        wording,
    },
    server::{state::App, store::SourceStanding},
};
use std::{collections::HashMap, sync::Arc};

/// So many of the objectives that wait are named.
const MOST_NAMED: usize = 10;

/// What is sent to us comes from here; no data source is called so.
const READINGS: &str = "POST /api/v1/sli";
const TRACES: &str = "POST /v1/traces";

/// How the sources stand that objectives ask, and what is to be told of them.
pub(super) struct Sources {
    standings: HashMap<String, SourceStanding>,
    told: HashMap<String, Silence>,
    pub signals: Vec<Signal>,
    /// What is to be remembered: where the last slice ended, or that the silence is over.
    pub changed: Vec<(String, Option<i64>)>,
}

impl Sources {
    /// `missed` says whether readings of an objective stay away for so long that it is told, given
    /// since when its source has answered; one that is told of alone is not missed again. Of what is
    /// sent to us only those wait who are `expected` to be sent more.
    pub fn look(
        app: &App,
        held: &Held,
        standings: HashMap<String, SourceStanding>,
        now: Timestamp,
        expected: impl Fn(&One) -> bool,
        missed: impl Fn(&One, Option<Timestamp>) -> bool,
    ) -> Self {
        let mut asking: HashMap<&str, Vec<&Arc<One>>> = standings.keys().map(|source| (source.as_str(), vec![])).collect();
        for one in held.all() {
            let waits = one.objective().draft.indicator.is_asked() || expected(one);
            if let Some(source) = source_of(one).filter(|_| waits) {
                asking.entry(source).or_default().push(one);
            }
        }
        let mut sources = Self { standings: HashMap::new(), told: HashMap::new(), signals: vec![], changed: vec![] };
        let now_s = now.epoch_secs();
        for (source, all) in asking {
            let standing = standings.get(source).cloned().unwrap_or_default();
            let waiting = |one: &&Arc<One>| {
                let watermark_s = one.series().watermark(now_s)?;
                let slice_s = one.objective().draft.slice_s;
                let is_stale = now_s - watermark_s > stale_after_s(slice_s);
                Some(Waiting { watermark_s, slice_s, is_stale, is_dead: missed(one, standing.up_since) })
            };
            let waiting: Vec<Waiting> = all.iter().filter_map(waiting).collect();
            let silence = Silence::of(standing.down_since.is_some(), standing.silent_s, !all.is_empty(), &waiting, now_s);
            match silence {
                Silence::Begins { last_s } => {
                    sources.signals.push(silent(app, source, &standing, &all, last_s, now));
                    sources.changed.push((source.to_owned(), Some(last_s)));
                }
                Silence::Ends => {
                    let description = if all.is_empty() { "No objective waits for it any more." } else { "Readings come again." };
                    let ended = [("description".to_owned(), description.to_owned())].into();
                    sources.signals.push(Signal { annotations: ended, ..signal(source, SignalAction::Resolve, now) });
                    sources.changed.push((source.to_owned(), None));
                }
                Silence::None | Silence::Nears | Silence::GoesOn => {}
            }
            sources.told.insert(source.to_owned(), silence);
        }
        sources.standings = standings;
        sources
    }

    /// Whether the alert of its source stands for an objective's silence, or soon may.
    pub fn stand_for(&self, one: &One) -> bool {
        source_of(one).and_then(|source| self.told.get(source)).is_some_and(|silence| silence.stands_for_all())
    }

    /// Since when the source of an objective has answered again, after it did not. One whose silence
    /// ends now has to give its objectives the time to catch up.
    pub fn up_since(&self, one: &One, now: Timestamp) -> Option<Timestamp> {
        let source = source_of(one)?;
        match self.told.get(source) {
            Some(Silence::Ends) => Some(now),
            _ => self.standings.get(source)?.up_since,
        }
    }
}

/// The source that an objective asks, or by which it is sent what it is made of.
fn source_of(one: &One) -> Option<&str> {
    let draft = &one.objective().draft;
    match &draft.indicator {
        Indicator::Pushed => Some(READINGS),
        Indicator::Telemetry { .. } => Some(TRACES),
        Indicator::Composite { .. } => None,
        Indicator::Ratio { .. } | Indicator::Latency { .. } | Indicator::Probe { .. } | Indicator::Threshold { .. } => draft.source.as_deref(),
    }
}

fn silent(app: &App, source: &str, standing: &SourceStanding, all: &[&Arc<One>], last_s: i64, now: Timestamp) -> Signal {
    let count = wording::count(all.len(), "objective waits", "objectives wait");
    let why = match &standing.down_since {
        Some(_) if standing.words.is_empty() => "It does not answer.".to_owned(),
        Some(_) => format!("It does not answer: {}.", standing.words),
        None if [READINGS, TRACES].contains(&source) => "Nobody sends any, who kept sending them until then.".to_owned(),
        None => "It answers, and gives none of its objectives a reading.".to_owned(),
    };
    let description = format!(
        "{why} {count} for readings from it, the last of which is {} old. Burn alerts keep the level they had.",
        wording::span(now.epoch_secs() - last_s)
    );
    let mut names: Vec<&str> = all.iter().map(|one| one.objective().title()).collect();
    names.sort_unstable();
    let rest = names.split_off(names.len().min(MOST_NAMED)).len();
    let names = names.join(", ") + &if rest > 0 { format!(" and {rest} more") } else { String::new() };
    let href = app.config.public_url.as_ref().map(|url| format!("{}/objectives", url.trim_end_matches('/')));
    Signal {
        severity: Some(AlertSeverity::Error),
        title: format!("No readings from {source}: {count}"),
        annotations: [("description".to_owned(), description), ("objectives".to_owned(), names)].into(),
        links: href.map(|href| Link { href, text: "Objectives".to_owned() }).into_iter().collect(),
        ..signal(source, SignalAction::Fire, now)
    }
}

/// Neither a service nor an objective is in its labels: it is a group of its own, and no impact.
fn signal(source: &str, action: SignalAction, now: Timestamp) -> Signal {
    let of = ("data_source".to_owned(), source.to_owned());
    Signal {
        action,
        // `store/figures` knows these incidents by it.
        dedupe_key: format!("slo/source/{source}"),
        severity: None,
        title: format!("No readings from {source}"),
        labels: [("alertname".to_owned(), "NoReadings".to_owned()), of.clone()].into(),
        annotations: Labels::new(),
        links: vec![],
        group_labels: [of].into(),
        started_at: Some(now),
        event_at: Some(now),
        expires_at: None,
        heartbeat: false,
    }
}
