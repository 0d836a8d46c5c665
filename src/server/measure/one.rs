//! Measuring one objective: what is due of it, and what is asked for that.

use crate::{
    domain::{
        audit::By,
        ids::ObjectiveId,
        slo::{
            objective::{COARSE_S, COVERAGE_FLOOR, FINE_FOR_S, FINE_S, Method, Objective, ObjectiveDraft},
            series::{ODD, Slice, to_slice},
            target::Target,
        },
        time::Timestamp,
    },
    server::{
        levels::One,
        prometheus::{
            Client,
            asking::{AskError, Plan},
            readings::{self, Reading},
        },
        state::App,
        store::{KEPT_FOR_S, ObjectiveDescribed, StoreError},
        usecases::trying::ask_of,
    },
};
use std::collections::BTreeMap;

const DAY_S: i64 = 86_400;
/// A slice is asked for this long after it has closed: scrapes of its last seconds take a while.
const SETTLED_AFTER_S: i64 = 10;
/// So that not all objectives ask in the same second, each waits up to this much longer.
const SPREAD_S: i64 = 10;
/// How many closed slices are read again each time.
const READ_AGAIN: i64 = 3;
/// What is further back than this is filled in day by day.
const CATCH_UP_S: i64 = DAY_S;
/// When sums of whole days are compared: their last scrapes are in, and few people work.
const NIGHT_S: i64 = 3 * 3_600;
/// Sums that differ by more than this share are said to differ.
const DRIFT: f64 = 0.01;

/// How far measuring an objective has come since the server started.
#[derive(Default)]
pub struct Progress {
    /// Of which generation and revision the rest is.
    of: (i64, i64),
    /// The queries of a slice, by its width; asking for the edges of a histogram is not free.
    plans: BTreeMap<i64, Plan>,
    /// Slices until here were answered.
    until_s: Option<i64>,
    /// Slices from here on were asked for; the past before is not filled in.
    filled_from_s: Option<i64>,
    /// When the last day was read once more, in hours; and when days were compared, in days.
    read_again_h: Option<i64>,
    /// Of what is counted from our own store: how far it was.
    counted_until_s: Option<i64>,
    compared_d: Option<i64>,
    /// Where the next day ends that is read again slice by slice, while that goes on at night.
    judged_until_s: Option<i64>,
    /// Whether one of the days before differed for good.
    judged_apart: bool,
}

impl Progress {
    /// That of what is counted from our own store.
    pub fn counted(of: (i64, i64), until_s: Option<i64>) -> Self {
        Self { of, counted_until_s: until_s, ..Self::default() }
    }

    /// How far that of this generation and revision has come; an objective that was changed begins anew.
    pub fn counted_until_s(&self, of: (i64, i64)) -> Option<i64> {
        self.counted_until_s.filter(|_| self.of == of)
    }
}

/// Why it did not go on.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error(transparent)]
    Asked(#[from] AskError),
    #[error(transparent)]
    Kept(#[from] StoreError),
}

/// Does what is due. Answers whether anything was learnt, also where it did not go on to the end.
pub async fn measure(app: &App, client: &Client, one: &One, progress: &mut Progress, now: Timestamp) -> (bool, Result<(), MeasureError>) {
    let objective = one.objective();
    if progress.of != (objective.generation, objective.revision) {
        *progress = Progress { of: (objective.generation, objective.revision), ..Progress::default() };
    }
    let mut asking = Asking { app, client, one, progress, now_s: now.epoch_secs() };
    let closed_s = closed(objective, asking.now_s);
    let mut changed = false;
    let outcome = asking.due(closed_s, &mut changed).await;
    (changed, outcome)
}

/// Where the last slice ended that is asked for by now.
fn closed(objective: &Objective, now_s: i64) -> i64 {
    let width = objective.draft.slice_s;
    let settled = now_s - SETTLED_AFTER_S - spread(objective.id);
    settled - settled.rem_euclid(width)
}

/// The same for the same objective, and different for others.
fn spread(id: ObjectiveId) -> i64 {
    i64::try_from(id.0.as_u128() % SPREAD_S as u128).unwrap_or_default()
}

struct Asking<'a> {
    app: &'a App,
    client: &'a Client,
    one: &'a One,
    progress: &'a mut Progress,
    now_s: i64,
}

impl Asking<'_> {
    /// Everything that is due, one after the other; what was learnt is `changed`.
    async fn due(&mut self, closed_s: i64, changed: &mut bool) -> Result<(), MeasureError> {
        *changed |= self.recent(closed_s).await?;
        *changed |= self.past(closed_s).await?;
        *changed |= self.last_day(closed_s).await?;
        *changed |= self.days().await?;
        *changed |= self.judged_day().await?;
        Ok(())
    }

    /// The slices that have closed since the last answer.
    async fn recent(&mut self, closed_s: i64) -> Result<bool, MeasureError> {
        let width = self.one.objective().draft.slice_s;
        let known = self.progress.until_s.or_else(|| self.one.series().watermark(self.now_s));
        if known.is_some_and(|known| known >= closed_s) {
            return Ok(false);
        }
        let earliest = closed_s - CATCH_UP_S;
        let from_s = known.map_or(closed_s - 3_600, |known| (known - READ_AGAIN * width).max(earliest));
        let changed = self.read(width, from_s, closed_s).await?;
        // Of what says nothing yet it is asked again, in case what it counts is younger than it.
        let may_widen = known.is_none() || (self.one.series().is_empty() && closed_s % COARSE_S == 0);
        if may_widen && self.is_widened(from_s.min(closed_s - 3_600), closed_s).await? {
            return Ok(false);
        }
        if known.is_none_or(|known| known < earliest) {
            // Nothing is known of what lies before: it is filled in.
            self.progress.filled_from_s = Some(from_s);
            self.app.store.note_backfill(self.one.number(), Some(0.0)).await?;
        }
        self.progress.until_s = Some(closed_s);
        Ok(changed)
    }

    /// A source that is scraped once a minute can say nothing of a single minute: two values are
    /// needed. Where nobody chose how long a slice is and longer ones hold what short ones do not,
    /// the objective is measured in those from now on.
    async fn is_widened(&mut self, from_s: i64, closed_s: i64) -> Result<bool, MeasureError> {
        let objective = self.one.objective();
        if objective.draft.slice_s != FINE_S {
            return Ok(false);
        }
        // Pairs of somebody's own are lengthened with the slices, as far as they can work in them.
        let Ok(draft) = (ObjectiveDraft { slice_s: COARSE_S, ..objective.draft.clone() }).parse() else { return Ok(false) };
        let held = self.app.levels.current(self.app).await?;
        let fine = held.by_id(objective.id).map_or(0.0, |one| one.series().coverage(from_s, closed_s));
        if fine >= COVERAGE_FLOOR {
            return Ok(false);
        }
        let coarse = match self.plan(COARSE_S).await {
            Ok(Some(plan)) => readings::read(self.client, &plan, from_s, closed_s).await,
            Ok(None) => return Ok(false),
            Err(MeasureError::Asked(error)) => Err(error),
            Err(error) => return Err(error),
        };
        let coarse = match coarse {
            Ok(coarse) => coarse,
            // The short slices it answers; whether long ones hold more is found out another time.
            Err(error) => {
                tracing::debug!(objective = objective.draft.name, %error, "cannot tell whether longer slices hold more");
                return Ok(false);
            }
        };
        let coarse = coarse.readings.len() as f64 / coarse.expected.max(1) as f64;
        // A source that is young has gaps of its own at either length.
        let is_better = if fine == 0.0 { coarse > 0.0 } else { coarse >= 0.5 && fine < coarse * 0.75 };
        if !is_better {
            return Ok(false);
        }
        let changed = self.app.store.change_objective(objective.id, &draft, Some(objective.revision), &By::system()).await?;
        if let ObjectiveDescribed::Done(_) = changed {
            tracing::info!(objective = objective.draft.name, slice_s = COARSE_S, "its source says too little of shorter slices");
        }
        Ok(true)
    }

    /// One day of the past that is not filled in yet, the newest first.
    async fn past(&mut self, closed_s: i64) -> Result<bool, MeasureError> {
        let is_filling = self.progress.filled_from_s.is_some() || self.one.backfilled().is_some();
        if !is_filling {
            return Ok(false);
        }
        let until_s = self.progress.filled_from_s.or_else(|| self.one.series().first_s()).unwrap_or(closed_s);
        let goal_s = self.goal(closed_s);
        if until_s <= goal_s {
            self.progress.filled_from_s = None;
            self.app.store.note_backfill(self.one.number(), None).await?;
            return Ok(false);
        }
        // Whole days, so that slices of every width end where one day does.
        let from_s = ((until_s - 1).div_euclid(DAY_S) * DAY_S).max(goal_s);
        let changed = self.read(self.width_at(from_s), from_s, until_s).await?;
        self.progress.filled_from_s = Some(from_s);
        let whole = (closed_s - goal_s).max(1) as f64;
        self.app.store.note_backfill(self.one.number(), Some(((closed_s - from_s) as f64 / whole).clamp(0.0, 1.0))).await?;
        Ok(changed)
    }

    /// The last day once more, every hour: what came late is found.
    async fn last_day(&mut self, closed_s: i64) -> Result<bool, MeasureError> {
        let hour = self.now_s.div_euclid(3_600);
        match self.progress.read_again_h.replace(hour) {
            // What was just read for the first time need not be read again.
            None => Ok(false),
            Some(before) if before == hour => Ok(false),
            Some(_) => self.read(self.one.objective().draft.slice_s, closed_s - DAY_S, closed_s).await,
        }
    }

    /// Every day of the window as one sum, every night; where the source counts otherwise, its
    /// slices are read again, and where that does not help, it is said.
    async fn days(&mut self) -> Result<bool, MeasureError> {
        let today = (self.now_s - NIGHT_S).div_euclid(DAY_S);
        if self.progress.compared_d.replace(today).is_none_or(|before| before == today) {
            return Ok(false);
        }
        if self.one.objective().draft.method != Method::Occurrences {
            (self.progress.judged_until_s, self.progress.judged_apart) = (Some(today * DAY_S), false);
            return Ok(false);
        }
        let (from_s, until_s) = (self.goal(self.now_s), today * DAY_S);
        let Some(plan) = self.plan(DAY_S).await? else { return Ok(false) };
        let sums = readings::read(self.client, &plan, from_s, until_s).await?.readings;
        let mut changed = false;
        let mut drifts = false;
        for day in sums {
            if is_whole(self.one, &day) && !differs(self.one, &day) {
                continue;
            }
            changed |= self.read(self.width_at(day.start_s), day.start_s, day.start_s + DAY_S).await?;
            let held = self.app.levels.current(self.app).await?;
            drifts |= held.by_id(self.one.objective().id).is_some_and(|one| is_whole(one, &day) && differs(one, &day));
        }
        self.app.store.note_drift(self.one.number(), drifts).await?;
        Ok(changed)
    }

    /// The same where slices are judged one by one, of which no sum of a day tells: its slices are
    /// read again, one day after the other, the newest first.
    async fn judged_day(&mut self) -> Result<bool, MeasureError> {
        let Some(until_s) = self.progress.judged_until_s else { return Ok(false) };
        let from_s = until_s - DAY_S;
        if from_s < self.goal(self.now_s) {
            self.progress.judged_until_s = None;
            self.app.store.note_drift(self.one.number(), self.progress.judged_apart).await?;
            return Ok(false);
        }
        // A day that cannot be read, because there is too much of it or it is refused, is left to the
        // next night: asked for again and again it would keep the others from their turn.
        self.progress.judged_until_s = Some(from_s);
        let (objective, width_s) = (self.one.objective(), self.width_at(from_s));
        let Some(plan) = self.plan(width_s).await? else { return Ok(false) };
        let read: Vec<Slice> = match readings::read(self.client, &plan, from_s, until_s).await {
            Ok(measured) => measured.readings.iter().map(slice).collect(),
            Err(error) => {
                tracing::debug!(objective = objective.draft.name, %error, "a day cannot be read again");
                return Ok(false);
            }
        };
        let target = objective.draft.slice_target.map(Target::ratio);
        let day = read.iter().filter_map(|reading| to_slice(objective.draft.method, target, *reading));
        let (good, total) = day.fold((0.0, 0.0), |(good, total), slice| (good + slice.good.min(slice.total).max(0.0), total + slice.total));
        let day = Reading { start_s: from_s, width_s: DAY_S, good, total, is_good_over_total: false };
        // A source that has forgotten the day, or most of it, says nothing about it.
        if total < self.one.series().sum(from_s, until_s).total_raw * (1.0 - DRIFT) || !differs(self.one, &day) {
            return Ok(false);
        }
        let changed = self.app.levels.record(self.app, objective.id, objective.generation, &read).await?;
        let held = self.app.levels.current(self.app).await?;
        self.progress.judged_apart |= held.by_id(objective.id).is_some_and(|one| differs(one, &day));
        Ok(changed)
    }

    /// How far back the past is asked for: as far as the windows reach.
    fn goal(&self, closed_s: i64) -> i64 {
        let longest = self.one.objective().draft.reaches_back_s();
        (closed_s - longest.min(KEPT_FOR_S)).div_euclid(DAY_S) * DAY_S
    }

    /// How wide slices of a day are asked for: those that are merged by now as they are kept, where
    /// that says the same. Nothing is merged across the edge of what is left out.
    fn width_at(&self, from_s: i64) -> i64 {
        let draft = &self.one.objective().draft;
        let day = from_s.div_euclid(DAY_S);
        let cuts = |edge: &i64| edge.div_euclid(DAY_S) == day && edge.rem_euclid(COARSE_S) != 0;
        let is_cut = self.one.series().exclusions().iter().any(|(from, to)| cuts(from) || cuts(to));
        let is_old = from_s < self.now_s - FINE_FOR_S && !is_cut;
        if is_old && draft.method == Method::Occurrences { draft.slice_s.max(COARSE_S) } else { draft.slice_s }
    }

    async fn plan(&mut self, width_s: i64) -> Result<Option<Plan>, MeasureError> {
        if let Some(plan) = self.progress.plans.get(&width_s) {
            return Ok(Some(plan.clone()));
        }
        let Some(ask) = ask_of(&self.one.objective().draft.indicator) else { return Ok(None) };
        let mut plan = ask.prepare(self.client, &BTreeMap::new(), width_s, self.now_s).await?;
        let objective = self.one.objective();
        // What it asks for now may be younger than the objective, and was then absent to nobody.
        plan.absent_from_s = objective.draft.indicator.absent_is_bad().then(|| objective.generation_at.epoch_secs());
        self.progress.plans.insert(width_s, plan.clone());
        Ok(Some(plan))
    }

    async fn read(&mut self, width_s: i64, from_s: i64, to_s: i64) -> Result<bool, MeasureError> {
        let Some(plan) = self.plan(width_s).await? else { return Ok(false) };
        let measured = readings::read(self.client, &plan, from_s, to_s).await?;
        let slices: Vec<Slice> = measured.readings.iter().map(slice).collect();
        let objective = self.one.objective();
        Ok(self.app.levels.record(self.app, objective.id, objective.generation, &slices).await?)
    }
}

/// Whether all of a day was measured: only then its slices add up to it.
fn is_whole(one: &One, day: &Reading) -> bool {
    one.series().gaps(day.start_s, day.start_s + day.width_s).is_empty()
}

/// Whether a day's sum is another than that of its slices.
fn differs(one: &One, day: &Reading) -> bool {
    let kept = one.series().sum(day.start_s, day.start_s + day.width_s);
    let apart = |a: f64, b: f64| (a - b).abs() > DRIFT * a.abs().max(b.abs()).max(1.0);
    apart(kept.total_raw, day.total) || apart(kept.good_raw(), day.good)
}

fn slice(reading: &Reading) -> Slice {
    // A series tells by more good than all, or less than none, that its source counts oddly; what is
    // more does not count.
    let more = 2.0 * ODD * reading.total.max(1.0);
    let good = match reading.is_good_over_total {
        false => reading.good,
        true if reading.good < reading.total => -more,
        true => reading.total + more,
    };
    Slice { start_s: reading.start_s, width_s: reading.width_s, good, total: reading.total }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::slo::{
            objective::{Indicator, Op},
            series::Series,
        },
        server::{
            config::Config,
            prometheus::testing::{Asked, Fake, NOON, field},
            store::testing::empty_store,
        },
    };
    use serde_json::json;
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    };
    use tempfile::TempDir;
    use uuid::Uuid;

    /// Answers every step with one value: 0.5 in the second hour of a day while it `knows` of an
    /// outage, else 1.
    async fn source(knows: Arc<AtomicBool>) -> Fake {
        Fake::start(move |asked: Asked| {
            let knows = knows.load(SeqCst);
            async move {
                let number = |name: &str| field(&asked.form, name).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default() as i64;
                let (start, end, step) = (number("start"), number("end"), number("step").max(60));
                let bad = |at: i64| knows && ((at - 60).rem_euclid(DAY_S)).div_euclid(3_600) == 1;
                let values: Vec<String> = (start..=end).step_by(step as usize).map(|at| format!(r#"[{at},"{}"]"#, if bad(at) { 0.5 } else { 1.0 })).collect();
                format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{}]}}]}}}}"#, values.join(","))
            }
        })
        .await
    }

    /// A server with one objective of three days' time slices, which is measured by a source.
    struct House {
        app: Arc<App>,
        client: Client,
        progress: Progress,
        _folder: TempDir,
    }

    impl House {
        async fn new(source: &Fake) -> Self {
            Self::of(source, json!({"kind": "threshold", "query": "up", "op": "gte", "value": 0.9})).await
        }

        async fn of(source: &Fake, indicator: serde_json::Value) -> Self {
            let (store, _folder) = empty_store().await;
            store.clock().set(NOON);
            let app = App::new(store, Config::default());
            let draft = json!({"name": "up", "target": 0.9, "windows": [{"type": "rolling", "seconds": 3 * DAY_S}], "method": "timeslices", "source": "prod", "indicator": indicator});
            let draft = serde_json::from_value::<ObjectiveDraft>(draft).expect("it is a draft").parse().expect("it is right");
            app.store.create_objective(&draft, &By::console()).await.expect("it is written");
            Self { app, client: source.client(), progress: Progress::default(), _folder }
        }

        /// Measures so often that everything has had its turn. What was learnt is not lost with what failed.
        async fn works_at(&mut self, now: Timestamp) {
            self.app.clock().set(now);
            for _ in 0..8 {
                let held = self.app.levels.current(&self.app).await.expect("the store answers");
                let (_, outcome) = measure(&self.app, &self.client, held.find("up").expect("it is there"), &mut self.progress, now).await;
                outcome.expect("it answers");
            }
        }

        async fn up(&self) -> Arc<One> {
            self.app.levels.current(&self.app).await.expect("the store answers").find("up").expect("it is there").clone()
        }
    }

    #[tokio::test]
    async fn slices_that_were_judged_are_judged_again_at_night() {
        let knows = Arc::new(AtomicBool::new(false));
        let fake = source(knows.clone()).await;
        let mut house = House::new(&fake).await;
        let mut works_at = async |now: Timestamp| {
            house.works_at(now).await;
            let held = house.app.levels.current(&house.app).await.expect("the store answers");
            let until_s = NOON.epoch_secs().div_euclid(DAY_S) * DAY_S;
            held.find("up").expect("it is there").series().sum(until_s - 2 * DAY_S, until_s).bad_raw
        };
        assert_eq!(works_at(NOON).await, 0.0);
        // What the source says of the past by now is another thing.
        knows.store(true, SeqCst);
        assert_eq!(works_at(NOON.plus_secs(600)).await, 0.0, "nobody asks for it by day");
        assert_eq!(works_at(NOON.plus_secs(DAY_S)).await, 120.0, "an hour of each of two days");
    }

    #[tokio::test]
    async fn the_past_of_a_longer_second_window_is_filled_in() {
        let fake = source(Arc::new(AtomicBool::new(false))).await;
        let mut house = House::new(&fake).await;
        house.works_at(NOON).await;
        let before = house.up().await;
        assert_eq!(before.backfilled(), None, "three days are there");
        let mut draft = before.objective().draft.clone();
        draft.windows.push(crate::domain::slo::calendar::Window::rolling_days(7));
        house.app.store.change_objective(before.objective().id, &draft, None, &By::console()).await.expect("it is written");
        let changed = house.up().await;
        assert_eq!((changed.objective().generation, changed.backfilled()), (1, Some(0.0)), "it says that it is under way");
        house.works_at(NOON.plus_secs(60)).await;
        let filled = house.up().await;
        let until_s = NOON.epoch_secs() - 600;
        assert_eq!((filled.backfilled(), filled.series().coverage(until_s - 7 * DAY_S + 3_600, until_s)), (None, 1.0));
        // A shorter one asks for nothing.
        draft.windows.truncate(1);
        house.app.store.change_objective(before.objective().id, &draft, None, &By::console()).await.expect("it is written");
        assert_eq!(house.up().await.backfilled(), None);
    }

    #[tokio::test]
    async fn silence_is_bad_where_it_is_asked_for_since_the_objective_is_measured_so() {
        // It scrapes something all the time, and knows nothing of what is asked for.
        let fake = Fake::start(|asked: Asked| async move {
            let number = |name: &str| field(&asked.form, name).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default() as i64;
            let (start, end, step) = (number("start"), number("end"), number("step").max(60));
            let is_scraped = field(&asked.form, "query").is_some_and(|query| query.starts_with("count(count_over_time(up["));
            let values: Vec<String> = (start..=end).step_by(step as usize).map(|at| format!(r#"[{at},"3"]"#)).collect();
            let series = if is_scraped { format!(r#"{{"metric":{{}},"values":[{}]}}"#, values.join(",")) } else { String::new() };
            let kind = if asked.uri.ends_with("_range") { "matrix" } else { "vector" };
            format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":[{series}]}}}}"#)
        })
        .await;
        for (absent_is_bad, wanted) in [(true, 60.0), (false, 0.0)] {
            let indicator = json!({"kind": "threshold", "query": "up", "op": "gte", "value": 0.9, "absent_is_bad": absent_is_bad});
            let mut house = House::of(&fake, indicator).await;
            house.works_at(NOON.plus_secs(3_650)).await;
            let held = house.app.levels.current(&house.app).await.expect("the store answers");
            let noon_s = NOON.epoch_secs();
            let sum = held.find("up").expect("it is there").series().sum(noon_s - 3 * DAY_S, noon_s + 3_600);
            assert_eq!((sum.bad_raw, sum.total_raw), (wanted, wanted), "{absent_is_bad}");
            // Something else is asked for from then on: of the hour before nobody knows whether it was there.
            let objective = house.up().await.objective().clone();
            let mut draft = objective.draft;
            let absent_is_bad = draft.indicator.absent_is_bad();
            draft.indicator = Indicator::Threshold { query: "younger".into(), op: Op::Gte, value: 0.9, absent_is_bad };
            house.app.store.change_objective(objective.id, &draft, None, &By::console()).await.expect("it is written");
            house.works_at(NOON.plus_secs(3_650 + 1_800)).await;
            let sum = house.up().await.series().sum(noon_s - 3 * DAY_S, noon_s + 3_650 + 1_800);
            assert!(sum.bad_raw <= wanted / 2.0 && (sum.bad_raw > 0.0) == absent_is_bad, "{absent_is_bad}: {sum:?}");
        }
    }

    #[tokio::test]
    async fn a_day_that_cannot_be_read_again_is_left_to_the_next_night() {
        let fake = Fake::start(|asked: Asked| async move {
            let number = |name: &str| field(&asked.form, name).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default() as i64;
            let (start, end, step) = (number("start"), number("end"), number("step").max(60));
            // What is behind it was too much for it once it had grown.
            if start < NOON.epoch_secs() && end > NOON.epoch_secs() {
                return r#"{"status":"error","errorType":"execution","error":"too many samples"}"#.to_owned();
            }
            let values: Vec<String> = (start..=end).step_by(step as usize).map(|at| format!(r#"[{at},"1"]"#)).collect();
            format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{}]}}]}}}}"#, values.join(","))
        })
        .await;
        let mut house = House::new(&fake).await;
        let mut works_at = async |now: Timestamp| {
            house.works_at(now).await;
            let refused = |asked: &Asked| {
                let number = |name: &str| field(&asked.form, name).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default() as i64;
                number("start") < NOON.epoch_secs() && number("end") > NOON.epoch_secs()
            };
            fake.asked().iter().filter(|asked| refused(asked)).count()
        };
        assert_eq!(works_at(NOON).await, 0);
        assert_eq!(works_at(NOON.plus_secs(DAY_S)).await, 1, "and the days before it had their turn");
    }

    #[test]
    fn objectives_ask_at_different_seconds_and_each_always_at_the_same() {
        let spreads: std::collections::BTreeSet<i64> = (0..50).map(|n| spread(ObjectiveId(Uuid::from_u128(n)))).collect();
        assert_eq!(spreads.len(), 10);
        assert!(spreads.iter().all(|wait| (0..SPREAD_S).contains(wait)));
    }

    #[test]
    fn an_odd_reading_stays_odd_in_its_slice() {
        let reading = Reading { start_s: 0, width_s: 60, good: 9.0, total: 9.0, is_good_over_total: true };
        let odd = |reading: &Reading| {
            let mut series = Series::new(Method::Occurrences, 60);
            series.upsert(&[slice(reading)]);
            let sum = series.sum(0, 60);
            (sum.bad, sum.total, sum.odd)
        };
        assert_eq!(odd(&reading), (0.0, 9.0, 1));
        assert_eq!(odd(&Reading { is_good_over_total: false, ..reading }), (0.0, 9.0, 0));
        // More errors than there was at all are no reason to call all of it good.
        assert_eq!(odd(&Reading { good: 0.0, ..reading }), (9.0, 9.0, 1));
    }
}
