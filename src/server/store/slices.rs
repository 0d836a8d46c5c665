//! What was measured: good and total of every slice. A number goes up with every write, so that
//! whoever holds slices in memory reads only what changed.

use super::{Store, StoreError, objectives::Kept, query, rows, rows::ManyRows};
use crate::domain::slo::{
    objective::{COARSE_S, FINE_FOR_S, ObjectiveDraft},
    series::Slice,
};
use sqlx::{AnyConnection, any::AnyRow};
use std::collections::BTreeMap;

/// What slices are merged to when they are older than [`COARSE_FOR_S`].
const HOURLY_S: i64 = 3_600;
/// How long slices of five minutes are kept, and readings as they were sent.
pub const COARSE_FOR_S: i64 = 90 * 86_400;
/// How long slices are kept at all: thirteen months.
pub const KEPT_FOR_S: i64 = 396 * 86_400;
/// How many changes are remembered for those who hold slices in memory; whoever missed more reads anew.
const CHANGES_KEPT: i64 = 1_000;

/// How an objective's slices stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pulse {
    pub number: i64,
    /// Goes up with every write of its slices.
    pub rev: i64,
    /// How far filling in the past has come, 0 to 1; `None`: done, or nothing to fill in.
    pub backfilled: Option<f64>,
    /// Whether sums over days differ from the source's own.
    pub drifts: bool,
    /// Whether anything was counted since the objective was made.
    pub counted: bool,
}

/// What changed since a rev.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Since {
    /// Only within these seconds.
    Within { from_s: i64, to_s: i64 },
    /// It is not remembered.
    Anything,
}

const BETWEEN: &str =
    "SELECT start_s, width_s, good, total FROM slices WHERE objective = $1 AND generation = $2 AND start_s >= $3 AND start_s < $4 ORDER BY start_s";
const UPSERT: ManyRows = ManyRows {
    head: "INSERT INTO slices (objective, generation, start_s, width_s, good, total, rev) VALUES",
    tail: "ON CONFLICT (objective, generation, start_s) DO UPDATE SET width_s = excluded.width_s, good = excluded.good, \
           total = excluded.total, rev = excluded.rev",
    width: 7,
};

impl Store {
    /// How the slices of every objective stand.
    pub async fn pulses(&self) -> Result<Vec<Pulse>, StoreError> {
        let found = sqlx::query("SELECT objective, rev, backfilled, drifts, counted FROM objective_pulse ORDER BY objective")
            .fetch_all(&self.readers)
            .await
            .map_err(query("read how slices stand"))?;
        let pulse = |row: &AnyRow| {
            let is = |place: usize| Ok::<_, StoreError>(rows::get::<i64>(row, place)? != 0);
            Ok(Pulse { number: rows::get(row, 0)?, rev: rows::get(row, 1)?, backfilled: rows::get(row, 2)?, drifts: is(3)?, counted: is(4)? })
        };
        found.iter().map(pulse).collect()
    }

    /// The slices of one generation that begin in `[from_s, to_s)`, the oldest first.
    pub async fn slices(&self, number: i64, generation: i64, from_s: i64, to_s: i64) -> Result<Vec<Slice>, StoreError> {
        let asked = sqlx::query(BETWEEN).bind(number).bind(generation).bind(from_s).bind(to_s);
        let found = asked.fetch_all(&self.readers).await.map_err(query("read slices"))?;
        found.iter().map(slice).collect()
    }

    /// What changed after `rev`.
    pub async fn slices_changed_since(&self, number: i64, rev: i64) -> Result<Since, StoreError> {
        let row = sqlx::query("SELECT MIN(rev), MIN(from_s), MAX(to_s) FROM slice_changes WHERE objective = $1 AND rev > $2")
            .bind(number)
            .bind(rev)
            .fetch_one(&self.readers)
            .await
            .map_err(query("read which slices changed"))?;
        let first: Option<i64> = rows::get(&row, 0)?;
        Ok(match (first, rows::get::<Option<i64>>(&row, 1)?, rows::get::<Option<i64>>(&row, 2)?) {
            (Some(first), Some(from_s), Some(to_s)) if first == rev + 1 => Since::Within { from_s, to_s },
            _ => Since::Anything,
        })
    }

    /// Writes down what was measured for one generation of an objective; what is there already is
    /// replaced. Answers whether anything changed: measuring the same again changes nothing.
    pub async fn record_slices(&self, number: i64, generation: i64, measured: &[Slice]) -> Result<bool, StoreError> {
        let mut write = self.begin().await?;
        let changed = upsert(&mut write, number, generation, measured).await?;
        if changed {
            write.commit().await.map_err(query("write slices"))?;
        }
        Ok(changed)
    }

    /// Says how far filling in the past has come; `None`: it is done.
    pub async fn note_backfill(&self, number: i64, done: Option<f64>) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        sqlx::query("UPDATE objective_pulse SET backfilled = $2 WHERE objective = $1")
            .bind(number)
            .bind(done)
            .execute(&mut *write)
            .await
            .map_err(query("note how far the past is filled in"))?;
        write.commit().await.map_err(query("note how far the past is filled in"))
    }

    /// Says whether sums over days differ from the source's own.
    pub async fn note_drift(&self, number: i64, drifts: bool) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        sqlx::query("UPDATE objective_pulse SET drifts = $2 WHERE objective = $1")
            .bind(number)
            .bind(i64::from(drifts))
            .execute(&mut *write)
            .await
            .map_err(query("note that sums differ"))?;
        write.commit().await.map_err(query("note that sums differ"))
    }

    /// Merges what has become old, and removes what is too old, of one objective, of which
    /// `left_out` does not count, as seconds since 1970: across the edge of such a span nothing is
    /// merged. Answers whether anything did.
    pub async fn compact_slices(&self, kept: &Kept, left_out: &[(i64, i64)]) -> Result<bool, StoreError> {
        const WHAT: &str = "merge old slices";
        let now = self.clock.now();
        let gone_s = (now.epoch_secs() - KEPT_FOR_S).div_euclid(86_400) * 86_400;
        let mut changed = false;
        for step in [Step::HOURLY, Step::COARSE] {
            let until_s = (now.epoch_secs() - step.older_than_s).div_euclid(HOURLY_S) * HOURLY_S;
            while step.is_for(&kept.objective.draft) && self.merge_a_day(kept, left_out, &step, until_s).await? {
                changed = true;
            }
        }
        let mut write = self.begin().await?;
        let removed = sqlx::query("DELETE FROM slices WHERE objective = $1 AND start_s < $2").bind(kept.number).bind(gone_s);
        if removed.execute(&mut *write).await.map_err(query(WHAT))?.rows_affected() > 0 {
            let rev = next_rev(&mut write, kept.number).await?;
            note_change(&mut write, kept.number, rev, 0, gone_s).await?;
            changed = true;
        }
        sqlx::query("DELETE FROM slice_changes WHERE objective = $1 AND rev < (SELECT rev FROM objective_pulse WHERE objective = $1) - $2")
            .bind(kept.number)
            .bind(CHANGES_KEPT)
            .execute(&mut *write)
            .await
            .map_err(query(WHAT))?;
        super::readings::seal(&mut write, kept.number, now).await?;
        write.commit().await.map_err(query(WHAT))?;
        Ok(changed)
    }

    /// Merges the first day before `until_s` that was not merged yet; `false`: there is none.
    async fn merge_a_day(&self, kept: &Kept, left_out: &[(i64, i64)], step: &Step, until_s: i64) -> Result<bool, StoreError> {
        const WHAT: &str = "merge old slices";
        let (number, generation) = (kept.number, kept.objective.generation);
        let mut write = self.begin().await?;
        lock(&mut write, number).await?;
        let first = sqlx::query(step.first).bind(number).bind(generation).bind(until_s).fetch_one(&mut *write).await.map_err(query(WHAT))?;
        let Some(first) = rows::get::<Option<i64>>(&first, 0)? else { return Ok(false) };
        let rev = next_rev(&mut write, number).await?;
        let from_s = first.div_euclid(step.width_s) * step.width_s;
        let to_s = (from_s.div_euclid(86_400) * 86_400 + 86_400).min(until_s);
        let fine = within(&mut write, number, generation, from_s, to_s).await?;
        sqlx::query("DELETE FROM slices WHERE objective = $1 AND generation = $2 AND start_s >= $3 AND start_s < $4")
            .bind(number)
            .bind(generation)
            .bind(from_s)
            .bind(to_s)
            .execute(&mut *write)
            .await
            .map_err(query(WHAT))?;
        insert(&mut write, number, generation, rev, &merged(&fine, step.width_s, left_out)).await?;
        note_change(&mut write, number, rev, from_s, to_s).await?;
        sqlx::query(step.done).bind(number).bind(to_s).execute(&mut *write).await.map_err(query(WHAT))?;
        write.commit().await.map_err(query(WHAT))?;
        Ok(true)
    }
}

/// One step of getting coarser.
struct Step {
    older_than_s: i64,
    width_s: i64,
    /// Finds the first slice that this step has not seen.
    first: &'static str,
    done: &'static str,
}

impl Step {
    const COARSE: Step = Step {
        older_than_s: FINE_FOR_S,
        width_s: COARSE_S,
        first: "SELECT MIN(start_s) FROM slices WHERE objective = $1 AND generation = $2 AND start_s < $3 \
                AND start_s >= (SELECT coarse_s FROM objective_pulse WHERE objective = $1)",
        done: "UPDATE objective_pulse SET coarse_s = $2 WHERE objective = $1",
    };
    const HOURLY: Step = Step {
        older_than_s: COARSE_FOR_S,
        width_s: HOURLY_S,
        first: "SELECT MIN(start_s) FROM slices WHERE objective = $1 AND generation = $2 AND start_s < $3 \
                AND start_s >= (SELECT hourly_s FROM objective_pulse WHERE objective = $1)",
        done: "UPDATE objective_pulse SET hourly_s = $2 WHERE objective = $1",
    };

    fn is_for(&self, draft: &ObjectiveDraft) -> bool {
        draft.slice_s < self.width_s && self.width_s % draft.slice_s == 0
    }
}

/// Since when slices are as they were measured, and before when they were merged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Merged {
    pub coarse_s: i64,
    pub hourly_s: i64,
}

impl Merged {
    /// How wide slices are at this second.
    pub fn width_at(self, draft: &ObjectiveDraft, at_s: i64) -> i64 {
        let steps = [(self.hourly_s, Step::HOURLY), (self.coarse_s, Step::COARSE)];
        steps.iter().find(|(until_s, step)| at_s < *until_s && step.is_for(draft)).map_or(draft.slice_s, |(_, step)| step.width_s)
    }
}

/// Slices as wide as `width_s`. Where a part was not measured, only what lies side by side is
/// merged, so that the gap stays. Where a part is left out and the rest is not, nothing is merged:
/// one slice of both would count as if its errors had been spread evenly.
pub(super) fn merged(fine: &[Slice], width_s: i64, left_out: &[(i64, i64)]) -> Vec<Slice> {
    let group = |slice: &Slice| slice.start_s.div_euclid(width_s);
    let is_cut = |group: i64| {
        let inside = |edge: i64| group * width_s < edge && edge < (group + 1) * width_s;
        left_out.iter().any(|(from_s, to_s)| inside(*from_s) || inside(*to_s))
    };
    let mut merged: Vec<Slice> = Vec::new();
    for inside in fine.chunk_by(|a, b| group(a) == group(b)) {
        if inside.first().is_some_and(|first| is_cut(group(first))) {
            merged.extend_from_slice(inside);
            continue;
        }
        let begun = merged.len();
        for slice in inside {
            match merged[begun..].last_mut() {
                Some(last) if end_s(last) == slice.start_s => {
                    last.width_s += slice.width_s;
                    last.good = possible(last) + possible(slice);
                    last.total += slice.total;
                }
                _ => merged.push(*slice),
            }
        }
    }
    merged
}

/// The good of a slice as it counts: of more than all, all; of less than none, none.
fn possible(slice: &Slice) -> f64 {
    slice.good.min(slice.total).max(0.0)
}

/// Writes slices into a transaction; answers whether anything changed.
///
/// What was merged meanwhile is only replaced by slices that cover all of it: a slice that covers
/// a part of an older, wider one is left out.
pub(super) async fn upsert(write: &mut AnyConnection, number: i64, generation: i64, measured: &[Slice]) -> Result<bool, StoreError> {
    let (Some(from_s), Some(to_s)) = (measured.iter().map(|slice| slice.start_s).min(), measured.iter().map(end_s).max()) else { return Ok(false) };
    lock(write, number).await?;
    let known = within(write, number, generation, from_s - HOURLY_S, to_s).await?;
    let Replaced { new, gone } = replaced(&known, measured);
    if new.is_empty() && gone.is_empty() {
        return Ok(false);
    }
    let rev = next_rev(write, number).await?;
    remove(write, number, generation, &gone).await?;
    insert(write, number, generation, rev, &new).await?;
    note_change(write, number, rev, from_s - HOURLY_S, to_s).await?;
    // What was measured late is merged anew.
    sqlx::query(
        "UPDATE objective_pulse SET coarse_s = CASE WHEN coarse_s > $2 THEN $2 ELSE coarse_s END, \
                 hourly_s = CASE WHEN hourly_s > $2 THEN $2 ELSE hourly_s END WHERE objective = $1",
    )
    .bind(number)
    .bind(from_s)
    .execute(write)
    .await
    .map_err(query("write slices"))?;
    Ok(true)
}

/// Puts `slices` in the place of everything in `[from_s, to_s)`, inside a transaction that holds
/// the lock.
pub(super) async fn replace(write: &mut AnyConnection, number: i64, generation: i64, (from_s, to_s): (i64, i64), slices: &[Slice]) -> Result<(), StoreError> {
    let known = within(write, number, generation, from_s, to_s).await?;
    let gone: Vec<Slice> = known.iter().filter(|old| !slices.contains(old)).copied().collect();
    let new: Vec<Slice> = slices.iter().filter(|slice| !known.contains(slice)).copied().collect();
    if gone.is_empty() && new.is_empty() {
        return Ok(());
    }
    let rev = next_rev(write, number).await?;
    remove(write, number, generation, &gone).await?;
    insert(write, number, generation, rev, &new).await?;
    note_change(write, number, rev, from_s, to_s).await
}

/// What has to be written and what has to go, so that `measured` stands beside what is known.
struct Replaced {
    new: Vec<Slice>,
    gone: Vec<Slice>,
}

fn replaced(known: &[Slice], measured: &[Slice]) -> Replaced {
    let mut new: BTreeMap<i64, Slice> = measured.iter().map(|slice| (slice.start_s, *slice)).collect();
    let mut gone = Vec::new();
    for old in known {
        let over: Vec<Slice> = new.range(old.start_s - HOURLY_S..end_s(old)).map(|(_, slice)| *slice).filter(|slice| end_s(slice) > old.start_s).collect();
        let covered: i64 = over.iter().map(|slice| end_s(slice).min(end_s(old)) - slice.start_s.max(old.start_s)).sum();
        match over.as_slice() {
            [] => {}
            [one] if one == old => _ = new.remove(&old.start_s),
            [one] if one.start_s == old.start_s && one.width_s == old.width_s => {}
            _ if covered == old.width_s => gone.push(*old),
            _ => over.iter().for_each(|slice| _ = new.remove(&slice.start_s)),
        }
    }
    Replaced { new: new.into_values().collect(), gone }
}

/// Until the transaction ends, whoever else writes slices of this objective waits. Answers whether
/// there is such an objective.
pub(super) async fn lock(write: &mut AnyConnection, number: i64) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE objective_pulse SET rev = rev WHERE objective = $1";
    let done = sqlx::query(SQL).bind(number).execute(write).await.map_err(query("wait for a turn at slices"))?;
    Ok(done.rows_affected() > 0)
}

/// Takes the next number of an objective's slices, for a write that changes some.
async fn next_rev(write: &mut AnyConnection, number: i64) -> Result<i64, StoreError> {
    const SQL: &str = "UPDATE objective_pulse SET rev = rev + 1 WHERE objective = $1 RETURNING rev";
    let row = sqlx::query(SQL).bind(number).fetch_optional(write).await.map_err(query("count a write of slices"))?;
    // An objective that was removed meanwhile has no slices any more.
    row.map_or(Ok(0), |row| rows::get(&row, 0))
}

/// The slices that begin in `[from_s, to_s)`, inside a transaction.
async fn within(write: &mut AnyConnection, number: i64, generation: i64, from_s: i64, to_s: i64) -> Result<Vec<Slice>, StoreError> {
    let found = sqlx::query(BETWEEN).bind(number).bind(generation).bind(from_s).bind(to_s).fetch_all(write).await.map_err(query("read slices"))?;
    found.iter().map(slice).collect()
}

async fn insert(write: &mut AnyConnection, number: i64, generation: i64, rev: i64, slices: &[Slice]) -> Result<(), StoreError> {
    UPSERT
        .execute(write, slices, "write slices", |statement, slice| {
            let statement = statement.bind(number).bind(generation).bind(slice.start_s).bind(slice.width_s);
            statement.bind(slice.good).bind(slice.total).bind(rev)
        })
        .await?;
    if slices.iter().all(|slice| slice.total <= 0.0) {
        return Ok(());
    }
    // Silence is an alarm from now on, whatever leaves these tables.
    const SQL: &str = "UPDATE objective_pulse SET counted = 1 WHERE objective = $1 AND counted = 0";
    sqlx::query(SQL).bind(number).execute(write).await.map(drop).map_err(query("note that something was counted"))
}

async fn remove(write: &mut AnyConnection, number: i64, generation: i64, slices: &[Slice]) -> Result<(), StoreError> {
    for slice in slices {
        sqlx::query("DELETE FROM slices WHERE objective = $1 AND generation = $2 AND start_s = $3")
            .bind(number)
            .bind(generation)
            .bind(slice.start_s)
            .execute(&mut *write)
            .await
            .map_err(query("replace slices"))?;
    }
    Ok(())
}

async fn note_change(write: &mut AnyConnection, number: i64, rev: i64, from_s: i64, to_s: i64) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO slice_changes (objective, rev, from_s, to_s) VALUES ($1, $2, $3, $4)")
        .bind(number)
        .bind(rev)
        .bind(from_s)
        .bind(to_s)
        .execute(write)
        .await
        .map(drop)
        .map_err(query("note which slices changed"))
}

fn end_s(slice: &Slice) -> i64 {
    slice.start_s + slice.width_s
}

fn slice(row: &AnyRow) -> Result<Slice, StoreError> {
    Ok(Slice { start_s: rows::get(row, 0)?, width_s: rows::get(row, 1)?, good: rows::get(row, 2)?, total: rows::get(row, 3)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_slice(start_s: i64, width_s: i64, good: f64, total: f64) -> Slice {
        Slice { start_s, width_s, good, total }
    }

    #[test]
    fn slices_side_by_side_are_merged_and_a_gap_stays() {
        let fine: Vec<Slice> = [0, 60, 120, 240, 300, 360].map(|start_s| a_slice(start_s, 60, 1.0, 2.0)).into();
        assert_eq!(merged(&fine, 300, &[]), [a_slice(0, 180, 3.0, 6.0), a_slice(240, 60, 1.0, 2.0), a_slice(300, 120, 2.0, 4.0)]);
        assert_eq!(merged(&[], 300, &[]), []);
    }

    #[test]
    fn nothing_is_merged_across_the_edge_of_what_is_left_out() {
        let fine: Vec<Slice> = (0..15).map(|n| a_slice(n * 60, 60, 1.0, 2.0)).collect();
        // From the middle of the first group to the edge between the second and the third.
        let cut = merged(&fine, 300, &[(120, 600)]);
        assert_eq!(cut[..5], fine[..5]);
        assert_eq!(cut[5..], [a_slice(300, 300, 5.0, 10.0), a_slice(600, 300, 5.0, 10.0)]);
        // Within one slice the rest of its group stays apart, too.
        assert_eq!(merged(&fine, 300, &[(630, 640)]).len(), 7);
        assert_eq!(merged(&fine, 300, &[(-600, 3_600)]).len(), 3, "all of it is left out");
    }

    #[test]
    fn what_is_known_is_not_written_again() {
        let known = [a_slice(0, 60, 1.0, 2.0), a_slice(60, 60, 1.0, 2.0)];
        let Replaced { new, gone } = replaced(&known, &[known[0], a_slice(60, 60, 2.0, 2.0), a_slice(120, 60, 1.0, 1.0)]);
        assert_eq!((new, gone), (vec![a_slice(60, 60, 2.0, 2.0), a_slice(120, 60, 1.0, 1.0)], vec![]));
    }

    #[test]
    fn a_wider_slice_is_replaced_only_as_a_whole() {
        let known = [a_slice(0, 300, 5.0, 5.0)];
        let part = [a_slice(60, 60, 1.0, 1.0), a_slice(300, 60, 1.0, 1.0)];
        let Replaced { new, gone } = replaced(&known, &part);
        assert_eq!((new, gone), (vec![part[1]], vec![]));
        let whole: Vec<Slice> = (0..5).map(|n| a_slice(n * 60, 60, 1.0, 1.0)).collect();
        let Replaced { new, gone } = replaced(&known, &whole);
        assert_eq!((new, gone), (whole.clone(), known.to_vec()));
        // And the other way round: five minutes take the place of five slices of one.
        let Replaced { new, gone } = replaced(&whole, &known);
        assert_eq!((new, gone), (known.to_vec(), whole));
    }
}
