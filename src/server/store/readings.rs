//! Readings as they were sent to us, by their exact instant: sending one again changes nothing. A
//! slice is the sum of the readings in it.

use super::{
    Store, StoreError,
    objectives::Kept,
    query, rows,
    rows::ManyRows,
    slices::{self, COARSE_FOR_S, Merged},
};
use crate::domain::{
    slo::{
        objective::ObjectiveDraft,
        series::{Slice, to_slice},
        target::Target,
    },
    time::Timestamp,
};
use sqlx::{AnyConnection, any::AnyRow};
use std::collections::BTreeMap;

/// One reading that was sent: what was counted in the slice in which `at` lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub at: Timestamp,
    pub good: f64,
    pub total: f64,
}

/// What became of the readings of one objective.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pushed {
    /// New ones, and those that say something else than before.
    pub accepted: u64,
    pub unchanged: u64,
    /// Places, in what was sent, of readings of a time whose readings were merged for good.
    pub sealed: Vec<usize>,
}

/// Readings that may still arrive late are not sealed: this long after the last one arrived.
const SEALED_AFTER_S: i64 = 86_400;

const UPSERT: ManyRows = ManyRows {
    head: "INSERT INTO readings (objective, at, good, total, received_at) VALUES",
    tail: "ON CONFLICT (objective, at) DO UPDATE SET good = excluded.good, total = excluded.total, received_at = excluded.received_at",
    width: 5,
};
const BETWEEN: &str = "SELECT at, good, total FROM readings WHERE objective = $1 AND at >= $2 AND at < $3 ORDER BY at";

/// Readings of one objective on their way in.
pub struct Sent<'a> {
    pub kept: &'a Kept,
    pub readings: &'a [Reading],
    /// What does not count, as seconds since 1970, as far back as there are readings.
    pub left_out: &'a [(i64, i64)],
}

impl Store {
    /// When the first readings of an objective were taken, in order.
    pub async fn first_readings(&self, number: i64, most: usize) -> Result<Vec<Timestamp>, StoreError> {
        let asked = sqlx::query("SELECT at FROM readings WHERE objective = $1 ORDER BY at LIMIT $2").bind(number).bind(most as i64);
        let found = asked.fetch_all(&self.readers).await.map_err(query("read the first readings"))?;
        found.iter().map(|row| rows::time(row, 0)).collect()
    }

    /// When readings of an objective arrived, in order, of those that were taken since an instant.
    pub async fn arrivals(&self, number: i64, since: Timestamp) -> Result<Vec<Timestamp>, StoreError> {
        const SQL: &str = "SELECT DISTINCT received_at FROM readings WHERE objective = $1 AND at >= $2 ORDER BY received_at";
        let found = sqlx::query(SQL).bind(number).bind(since.micros()).fetch_all(&self.readers).await.map_err(query("read when readings arrived"))?;
        found.iter().map(|row| rows::time(row, 0)).collect()
    }

    /// Writes down readings of objectives, and the slices they lie in, all in one transaction. Of
    /// two with the same instant the last counts. Answers in the order of `sent`, which is that of
    /// the objectives' numbers, so that no two servers wait for each other.
    pub async fn push_readings(&self, sent: &[Sent<'_>]) -> Result<Vec<Pushed>, StoreError> {
        let mut write = self.begin().await?;
        let mut all = Vec::with_capacity(sent.len());
        for sent in sent {
            all.push(push(&mut write, sent, self.clock.now()).await?);
        }
        if all.iter().any(|pushed| pushed.accepted > 0) {
            write.commit().await.map_err(query("write readings"))?;
        }
        Ok(all)
    }
}

async fn push(write: &mut AnyConnection, sent: &Sent<'_>, now: Timestamp) -> Result<Pushed, StoreError> {
    const WHAT: &str = "write readings";
    const LOCK: &str = "UPDATE objective_pulse SET rev = rev WHERE objective = $1 RETURNING sealed_s, coarse_s, hourly_s";
    let Sent { kept, readings, left_out } = sent;
    let mut pushed = Pushed::default();
    let row = sqlx::query(LOCK).bind(kept.number).fetch_optional(&mut *write).await.map_err(query(WHAT))?;
    // It was removed meanwhile.
    let Some(row) = row else { return Ok(pushed) };
    let sealed = Timestamp::from_micros(rows::get::<i64>(&row, 0)?.saturating_mul(1_000_000));
    let merged = Merged { coarse_s: rows::get(&row, 1)?, hourly_s: rows::get(&row, 2)? };
    let mut news: BTreeMap<Timestamp, Reading> = BTreeMap::new();
    for (place, reading) in readings.iter().enumerate() {
        if reading.at < sealed {
            pushed.sealed.push(place);
        } else {
            news.insert(reading.at, *reading);
        }
    }
    let open = (readings.len() - pushed.sealed.len()) as u64;
    for known in known(write, kept.number, &news).await? {
        if news.get(&known.at) == Some(&known) {
            news.remove(&known.at);
        }
    }
    pushed.accepted = news.len() as u64;
    pushed.unchanged = open - pushed.accepted;
    if news.is_empty() {
        return Ok(pushed);
    }
    let news: Vec<Reading> = news.into_values().collect();
    UPSERT
        .execute(write, &news, WHAT, |statement, reading| {
            statement.bind(kept.number).bind(reading.at.micros()).bind(reading.good).bind(reading.total).bind(now.micros())
        })
        .await?;
    cut(write, kept, &news, merged, left_out).await?;
    Ok(pushed)
}

/// Those of the instants of `news` that are known already. They are read in spans, because
/// readings arrive in order.
async fn known(write: &mut AnyConnection, number: i64, news: &BTreeMap<Timestamp, Reading>) -> Result<Vec<Reading>, StoreError> {
    let (Some(first), Some(last)) = (news.keys().next(), news.keys().next_back()) else { return Ok(vec![]) };
    let mut known = between(write, number, first.micros(), last.micros() + 1).await?;
    known.retain(|reading| news.contains_key(&reading.at));
    Ok(known)
}

async fn between(write: &mut AnyConnection, number: i64, from: i64, to: i64) -> Result<Vec<Reading>, StoreError> {
    let found = sqlx::query(BETWEEN).bind(number).bind(from).bind(to).fetch_all(write).await.map_err(query("read readings"))?;
    found.iter().map(reading).collect()
}

/// Makes the slices anew in which these readings, which are in order, lie.
async fn cut(write: &mut AnyConnection, kept: &Kept, changed: &[Reading], merged: Merged, left_out: &[(i64, i64)]) -> Result<(), StoreError> {
    let draft = &kept.objective.draft;
    let mut spans: Vec<(i64, i64)> = Vec::new();
    for reading in changed {
        let at_s = reading.at.epoch_secs();
        let width_s = merged.width_at(draft, at_s);
        let from_s = at_s.div_euclid(width_s) * width_s;
        match spans.last_mut() {
            Some((_, to_s)) if from_s < *to_s => {}
            // What lies side by side is written in one go, as long as it is no longer than a day.
            Some((first_s, to_s)) if from_s == *to_s && from_s - *first_s < 86_400 => *to_s += width_s,
            _ => spans.push((from_s, from_s + width_s)),
        }
    }
    for (from_s, to_s) in spans {
        let readings = between(write, kept.number, from_s * 1_000_000, to_s * 1_000_000).await?;
        let fine = sliced(draft, &readings);
        let mut slices: Vec<Slice> = Vec::with_capacity(fine.len());
        for of_width in fine.chunk_by(|a, b| merged.width_at(draft, a.start_s) == merged.width_at(draft, b.start_s)) {
            let width_s = of_width.first().map_or(draft.slice_s, |slice| merged.width_at(draft, slice.start_s));
            slices.extend(slices::merged(of_width, width_s, left_out));
        }
        slices::replace(write, kept.number, kept.objective.generation, (from_s, to_s), &slices).await?;
    }
    Ok(())
}

/// Readings, in order, as slices of their objective: first added up, then judged.
fn sliced(draft: &ObjectiveDraft, readings: &[Reading]) -> Vec<Slice> {
    let start_of = |reading: &Reading| reading.at.epoch_secs().div_euclid(draft.slice_s) * draft.slice_s;
    let target = draft.slice_target.map(Target::ratio);
    let slice = |inside: &[Reading]| {
        let start_s = inside.first().map(start_of)?;
        let (good, total) = inside.iter().fold((0.0, 0.0), |(good, total), reading| (good + reading.good, total + reading.total));
        to_slice(draft.method, target, Slice { start_s, width_s: draft.slice_s, good, total })
    };
    readings.chunk_by(|a, b| start_of(a) == start_of(b)).filter_map(slice).collect()
}

/// Cuts everything that was sent into the slices of a new generation.
pub(super) async fn cut_anew(write: &mut AnyConnection, kept: &Kept) -> Result<(), StoreError> {
    /// How much is read at once.
    const DAY_S: i64 = 86_400;
    let bounds = sqlx::query("SELECT MIN(at), MAX(at) FROM readings WHERE objective = $1")
        .bind(kept.number)
        .fetch_one(&mut *write)
        .await
        .map_err(query("read readings"))?;
    let (Some(first), Some(last)) = (rows::get::<Option<i64>>(&bounds, 0)?, rows::get::<Option<i64>>(&bounds, 1)?) else { return Ok(()) };
    let mut day_s = first.div_euclid(1_000_000).div_euclid(DAY_S) * DAY_S;
    while day_s * 1_000_000 <= last {
        let readings = between(write, kept.number, day_s * 1_000_000, (day_s + DAY_S) * 1_000_000).await?;
        slices::upsert(write, kept.number, kept.objective.generation, &sliced(&kept.objective.draft, &readings)).await?;
        day_s += DAY_S;
    }
    Ok(())
}

/// Removes what was sent: the objective asks a source now.
pub(super) async fn forget(write: &mut AnyConnection, number: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM readings WHERE objective = $1").bind(number).execute(write).await.map(drop).map_err(query("forget readings"))
}

/// Removes readings whose slices are merged to hours, once no more of them arrive.
pub(super) async fn seal(write: &mut AnyConnection, number: i64, now: Timestamp) -> Result<(), StoreError> {
    const WHAT: &str = "remove old readings";
    let until_s = (now.epoch_secs() - COARSE_FOR_S).div_euclid(86_400) * 86_400;
    let arrived = sqlx::query("SELECT MAX(received_at) FROM readings WHERE objective = $1 AND at < $2")
        .bind(number)
        .bind(until_s * 1_000_000)
        .fetch_one(&mut *write)
        .await
        .map_err(query(WHAT))?;
    let Some(arrived) = rows::get::<Option<i64>>(&arrived, 0)? else { return Ok(()) };
    if now.secs_since(Timestamp::from_micros(arrived)) < SEALED_AFTER_S {
        return Ok(());
    }
    sqlx::query("DELETE FROM readings WHERE objective = $1 AND at < $2")
        .bind(number)
        .bind(until_s * 1_000_000)
        .execute(&mut *write)
        .await
        .map_err(query(WHAT))?;
    sqlx::query("UPDATE objective_pulse SET sealed_s = $2 WHERE objective = $1 AND sealed_s < $2")
        .bind(number)
        .bind(until_s)
        .execute(write)
        .await
        .map(drop)
        .map_err(query(WHAT))
}

fn reading(row: &AnyRow) -> Result<Reading, StoreError> {
    Ok(Reading { at: rows::time(row, 0)?, good: rows::get(row, 1)?, total: rows::get(row, 2)? })
}
