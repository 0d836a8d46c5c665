//! Bringing what is held up to date: only what changed is read.

use super::{
    Stamp, composed, exclusions_of,
    held::{Held, LAID_OUT_FOR_S, One},
    packs,
    reports::times_of,
};
use crate::{
    domain::{
        metrics::Range,
        slo::{
            exclusion::Exclusion,
            objective::{Indicator, Objective, Part},
            series::Series,
        },
        time::Timestamp,
    },
    server::store::{KEPT_FOR_S, Kept, PackHead, Pulse, Since, Store, StoreError},
};
use futures::{StreamExt, TryStreamExt, stream};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// How many objectives are read at once: one does not wait for another's decoding.
const AT_ONCE: usize = 4;
/// What forecasts and usual error rates look back on, even with short windows.
const LEAST_HELD_S: i64 = 37 * 86_400;
/// Held slices may be older than needed by this much before they are read anew without those.
const SPARE_S: i64 = 30 * 86_400;
/// What is left out of all that is kept is laid out in parts as long as this.
const PART_S: i64 = 90 * 86_400;

pub async fn refreshed(store: &Store, before: &Held, stamp: Stamp, now: Timestamp) -> Result<Held, StoreError> {
    let is_first = before.laid_out_at.is_none();
    let defined = is_first || before.stamp.version != stamp.version;
    let lays_out = defined || !before.is_as(&before.stamp, now);
    let kept = if defined { store.objectives().await? } else { before.all().map(|one| one.kept().clone()).collect() };
    let exclusions = if defined { Arc::new(store.exclusions().await?) } else { before.exclusions.clone() };
    let pulses: HashMap<i64, Pulse> = stamp.pulses.iter().map(|pulse| (pulse.number, *pulse)).collect();
    let mut held = Held { stamp, exclusions, laid_out_at: if lays_out { Some(now) } else { before.laid_out_at }, ..Held::default() };
    // What was made after the pulses were read is found by the next question.
    let there = kept.iter().filter_map(|kept| Some((kept, pulses.get(&kept.number)?)));
    let (composed, own): (Vec<_>, Vec<_>) = there.partition(|(kept, _)| matches!(kept.objective.draft.indicator, Indicator::Composite { .. }));
    // Who holds nothing yet begins with what is packed.
    let packs = if is_first { store.slice_packs().await? } else { HashMap::new() };
    let (exclusions, packs) = (&held.exclusions, &packs);
    let reads = own.into_iter().map(|(kept, pulse)| async move {
        let one = match before.by_id(kept.objective.id) {
            Some(known) if !lays_out && known.is_as(kept, pulse) => known.clone(),
            known => Arc::new(self::read(store, begin(store, known, packs, kept, now).await?, kept.clone(), pulse, (exclusions, lays_out), now).await?),
        };
        Ok::<_, StoreError>((kept.objective.draft.name.clone(), one))
    });
    let reads: Vec<_> = reads.collect();
    let mut read: HashMap<String, Arc<One>> = stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
    let composed = composed.into_iter().map(|(kept, pulse)| (kept.clone(), pulse)).collect();
    compose(&mut read, composed, before, (&held.exclusions, lays_out), now);
    // By name, as they were read.
    for one in kept.iter().filter_map(|kept| read.remove(&kept.objective.draft.name)) {
        held.by_id.insert(one.objective().id, held.all.len());
        held.by_name.insert(one.objective().draft.name.clone(), held.all.len());
        held.all.push(one);
    }
    Ok(held)
}

/// Makes the objectives that are made from others, parts first.
fn compose(
    read: &mut HashMap<String, Arc<One>>,
    mut waiting: Vec<(Kept, &Pulse)>,
    before: &Held,
    (exclusions, lays_out): (&[Exclusion], bool),
    now: Timestamp,
) {
    while !waiting.is_empty() {
        let names: Vec<String> = waiting.iter().map(|(kept, _)| kept.objective.draft.name.clone()).collect();
        let is_ready = |kept: &Kept| parts_of(kept).iter().all(|part| !names.contains(&part.objective));
        let (ready, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(kept, _)| is_ready(kept));
        // Made from each other: they were refused when they were made, so nothing is lost here.
        let (ready, later) = if ready.is_empty() { (later, vec![]) } else { (ready, later) };
        for (kept, pulse) in ready {
            let parts: Vec<(f64, Arc<One>)> = parts_of(&kept).iter().filter_map(|part| Some((part.weight, read.get(&part.objective)?.clone()))).collect();
            let known = before.by_id(kept.objective.id).filter(|known| !lays_out && known.is_as(&kept, pulse) && known.is_made_from(&parts));
            let one = match known {
                Some(known) => known.clone(),
                None => Arc::new(composed_one(kept, pulse, parts, exclusions, now)),
            };
            read.insert(one.objective().draft.name.clone(), one);
        }
        waiting = later;
    }
}

fn parts_of(kept: &Kept) -> &[Part] {
    match &kept.objective.draft.indicator {
        Indicator::Composite { of, .. } => of,
        _ => &[],
    }
}

fn composed_one(kept: Kept, pulse: &Pulse, parts: Vec<(f64, Arc<One>)>, exclusions: &[Exclusion], now: Timestamp) -> One {
    let draft = &kept.objective.draft;
    let from_s = now.epoch_secs() - held_for_s(&kept.objective);
    let mut series = Series::new(draft.method, draft.slice_s);
    let left_out = spans(exclusions, &kept.objective, from_s, now);
    // One of its parts is gone: nothing is known of the whole.
    if let Indicator::Composite { how, of } = &draft.indicator
        && of.len() == parts.len()
    {
        series.upsert(&composed::slices(draft, *how, &parts, &left_out, from_s, now.epoch_secs()));
    }
    series.exclude(&left_out);
    let parts: Vec<Arc<One>> = parts.into_iter().map(|(_, part)| part).collect();
    series.never_counted = !parts.is_empty() && parts.iter().all(|part| part.series.never_counted);
    One { rev: pulse.rev, backfilled: pulse.backfilled, series, from_s, kept, parts, row: Mutex::default() }
}

impl One {
    fn is_made_from(&self, parts: &[(f64, Arc<One>)]) -> bool {
        self.parts.len() == parts.len() && self.parts.iter().zip(parts).all(|(known, (_, part))| Arc::ptr_eq(known, part))
    }

    fn is_as(&self, kept: &Kept, pulse: &Pulse) -> bool {
        let is_counted = self.is_composed() || self.series.never_counted != pulse.counted;
        self.rev == pulse.rev && self.kept == *kept && self.backfilled == pulse.backfilled && self.series.drifts == pulse.drifts && is_counted
    }
}

/// A series as it stood at a rev, from which reading goes on.
pub(super) struct Begun {
    pub series: Series,
    pub rev: i64,
    /// Slices that begin before are not in it.
    pub from_s: i64,
    /// Whether it is said of it what is left out.
    pub is_laid_out: bool,
}

/// What is known of an objective's slices: what is held, else what is packed. Nothing where that is
/// of another generation, or reaches back too little or much too far.
async fn begin(store: &Store, known: Option<&Arc<One>>, packs: &HashMap<i64, PackHead>, kept: &Kept, now: Timestamp) -> Result<Option<Begun>, StoreError> {
    let needed_s = now.epoch_secs() - held_for_s(&kept.objective);
    let fits = |generation: i64, from_s: i64| generation == kept.objective.generation && from_s <= needed_s && needed_s - from_s < SPARE_S;
    if let Some(known) = known {
        let begun = || Begun { series: known.series.clone(), rev: known.rev, from_s: known.from_s, is_laid_out: true };
        return Ok(fits(known.objective().generation, known.from_s).then(begun));
    }
    match packs.get(&kept.number).filter(|head| fits(head.generation, head.from_s)) {
        Some(head) => packs::begun(store, kept, head).await,
        None => Ok(None),
    }
}

async fn read(
    store: &Store,
    begun: Option<Begun>,
    kept: Kept,
    pulse: &Pulse,
    (exclusions, lays_out): (&[Exclusion], bool),
    now: Timestamp,
) -> Result<One, StoreError> {
    let continued = match begun {
        Some(begun) => continued(store, begun, &kept, pulse).await?,
        None => None,
    };
    let is_laid_out = !lays_out && continued.as_ref().is_some_and(|begun| begun.is_laid_out);
    let (mut series, from_s) = match continued {
        Some(begun) => (begun.series, begun.from_s),
        None => {
            let needed_s = now.epoch_secs() - held_for_s(&kept.objective);
            (whole(store, &kept, needed_s, i64::MAX).await?, needed_s)
        }
    };
    if !is_laid_out {
        series.exclude(&spans(exclusions, &kept.objective, from_s, now));
    }
    series.drifts = pulse.drifts;
    series.never_counted = !pulse.counted;
    Ok(One { rev: pulse.rev, backfilled: pulse.backfilled, series, from_s, kept, parts: vec![], row: Mutex::default() })
}

/// The known series with what changed since; `None`: it has to be read whole.
async fn continued(store: &Store, begun: Begun, kept: &Kept, pulse: &Pulse) -> Result<Option<Begun>, StoreError> {
    if begun.rev == pulse.rev {
        return Ok(Some(begun));
    }
    let Since::Within { from_s, to_s } = store.slices_changed_since(kept.number, begun.rev).await? else { return Ok(None) };
    let from_s = from_s.max(begun.from_s);
    let slices = store.slices(kept.number, kept.objective.generation, from_s, to_s).await?;
    let mut series = begun.series;
    series.upsert(&slices);
    // What was taken away cannot be put in: then there are more than were read.
    let is_whole = series.pieces(from_s, to_s).count() == slices.len();
    Ok(is_whole.then_some(Begun { series, ..begun }))
}

/// The slices of an objective's present generation that begin in `[from_s, to_s)`.
async fn whole(store: &Store, kept: &Kept, from_s: i64, to_s: i64) -> Result<Series, StoreError> {
    let draft = &kept.objective.draft;
    let mut series = Series::new(draft.method, draft.slice_s);
    series.upsert(&store.slices(kept.number, kept.objective.generation, from_s, to_s).await?);
    Ok(series)
}

/// The series of an objective as far back as a question about the past needs it.
pub async fn in_the_past(store: &Store, one: &One, held: &Held, at: Timestamp, now: Timestamp) -> Result<Option<Series>, StoreError> {
    let from_s = at.epoch_secs() - held_for_s(one.objective());
    // What is made from others is as old as what is held of them.
    if from_s >= one.from_s || one.is_composed() {
        return Ok(None);
    }
    let mut series = whole(store, one.kept(), from_s, i64::MAX).await?;
    series.exclude(&spans(&held.exclusions, one.objective(), from_s, now));
    series.drifts = one.series.drifts;
    series.never_counted = one.series.never_counted;
    Ok(Some(series))
}

/// How far back figures of an objective reach: the window before the longest one, too.
fn held_for_s(objective: &Objective) -> i64 {
    let longest = objective.draft.windows.iter().map(crate::domain::slo::calendar::Window::usual_secs).max().unwrap_or(0);
    (2 * longest + 7 * 86_400).clamp(LEAST_HELD_S, KEPT_FOR_S)
}

/// What is left out of an objective, from `from_s` on, as seconds since 1970.
fn spans(exclusions: &[Exclusion], objective: &Objective, from_s: i64, now: Timestamp) -> Vec<(i64, i64)> {
    spans_between(exclusions, objective, from_s, now.epoch_secs() + LAID_OUT_FOR_S)
}

/// The same of all the time of which slices are kept. Laid out in parts: of what comes often only
/// so many times are, from the beginning of what is asked for.
pub(super) fn spans_kept(exclusions: &[Exclusion], objective: &Objective, now: Timestamp) -> Vec<(i64, i64)> {
    let from_s = now.epoch_secs() - KEPT_FOR_S;
    let part = |n: i64| spans_between(exclusions, objective, from_s + n * PART_S, from_s + (n + 1) * PART_S);
    (0..=KEPT_FOR_S / PART_S).flat_map(part).collect()
}

fn spans_between(exclusions: &[Exclusion], objective: &Objective, from_s: i64, to_s: i64) -> Vec<(i64, i64)> {
    let at = |secs: i64| Timestamp::from_micros(secs.saturating_mul(1_000_000));
    let range = Range { from: at(from_s), to: at(to_s) };
    let draft = &objective.draft;
    exclusions_of(exclusions, &draft.name, draft.service.as_deref()).flat_map(|exclusion| times_of(exclusion, &range)).collect()
}
