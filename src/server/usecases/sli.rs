//! Readings that are sent to us: read as they stream in, kept by their exact instant. Sending one
//! again changes nothing.

use super::{import::Reader, people::needs};
use crate::{
    domain::{
        audit::By,
        import::{Flaw, RejectedLines},
        people::{Actor, Right},
        slo::{
            objective::{FINE_FOR_S, FINE_S, Indicator, ObjectiveDraft},
            rhythm::rhythm_s,
            series::MOST_COUNTED,
        },
        time::Timestamp,
    },
    server::{
        error::ServerError,
        levels::{Held, One},
        state::App,
        store::{KEPT_FOR_S, ObjectiveDescribed, Reading, Sent},
    },
};
use axum::body::Bytes;
use futures::Stream;
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Most readings in one commit.
const BATCH: usize = 5_000;
/// While an objective has fewer slices than this, its readings still tell how long one is: a sender
/// of one reading a request tells it only after some of them.
const YOUNG: usize = 12;
/// How far ahead of ours a sender's clock may be.
const AHEAD_S: i64 = 600;

/// What became of readings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SliReport {
    /// New ones, and those that say something else than before.
    pub accepted: u64,
    pub unchanged: u64,
    #[serde(flatten)]
    pub rejected: RejectedLines,
}

/// Takes readings in from a JSON array, JSON lines or one object.
pub async fn push<E>(app: &App, actor: &Actor, bytes: impl Stream<Item = Result<Bytes, E>>) -> Result<SliReport, ServerError> {
    needs(actor, Right::Work)?;
    let held = app.levels.current(app).await?;
    let mut report = SliReport::default();
    let mut waiting = Waiting::default();
    let mut reader = Reader::new(bytes).or_one_value();
    while let Some(lines) = reader.next().await? {
        for (line, value) in lines {
            match read(&held, value, app.clock().now()) {
                Ok((one, reading)) => waiting.add(one, line, reading),
                Err(flaws) => report.rejected.add_flaws(line, &flaws),
            }
            if waiting.count >= BATCH {
                waiting.write(app, &mut report).await?;
            }
        }
    }
    waiting.write(app, &mut report).await?;
    report.rejected.rejected.sort_by_key(|rejected| rejected.line);
    if !waiting.changed.is_empty() {
        app.burning.look_at(app, &waiting.changed).await?;
    }
    Ok(report)
}

/// Readings on their way into the store, by the objective's number.
#[derive(Default)]
struct Waiting {
    of: BTreeMap<i64, Lines>,
    count: usize,
    /// The objectives of which something changed.
    changed: BTreeSet<i64>,
    /// Those whose first readings said how long a slice is, as they are since.
    in_rhythm: BTreeMap<i64, Arc<One>>,
}

/// The readings of one objective and the lines they stood on.
struct Lines {
    one: Arc<One>,
    lines: Vec<u64>,
    readings: Vec<Reading>,
}

impl Waiting {
    fn add(&mut self, one: Arc<One>, line: u64, reading: Reading) {
        let of = self.of.entry(one.number()).or_insert_with(|| {
            let one = self.in_rhythm.get(&one.number()).cloned().unwrap_or(one);
            Lines { one, lines: vec![], readings: vec![] }
        });
        of.lines.push(line);
        of.readings.push(reading);
        self.count += 1;
    }

    async fn write(&mut self, app: &App, report: &mut SliReport) -> Result<(), ServerError> {
        self.count = 0;
        let mut waiting = std::mem::take(&mut self.of);
        if waiting.is_empty() {
            return Ok(());
        }
        for (number, of) in &mut waiting {
            if let Some(one) = in_rhythm(app, of).await? {
                self.in_rhythm.insert(*number, one.clone());
                of.one = one;
            }
        }
        let now = app.clock().now();
        let mut left_out = Vec::with_capacity(waiting.len());
        for of in waiting.values() {
            // Only what is old is in merged slices, which stop at the edges of what is left out.
            let is_old = of.readings.iter().any(|reading| now.secs_since(reading.at) >= FINE_FOR_S);
            left_out.push(if is_old { app.levels.current(app).await?.left_out_of(&of.one, now) } else { vec![] });
        }
        let sent = waiting.values().zip(&left_out).map(|(of, left_out)| Sent { kept: of.one.kept(), readings: &of.readings, left_out });
        let sent: Vec<Sent<'_>> = sent.collect();
        let pushed = app.store.push_readings(&sent).await?;
        for (of, pushed) in waiting.values().zip(pushed) {
            report.accepted += pushed.accepted;
            report.unchanged += pushed.unchanged;
            if pushed.accepted > 0 {
                self.changed.insert(of.one.number());
            }
            for place in pushed.sealed {
                let detail = "the readings of this day were added up for good; they can no longer be changed";
                report.rejected.add(of.lines.get(place).copied().unwrap_or(0), "sealed", detail);
            }
        }
        Ok(())
    }
}

/// The objective in slices as long as what one of its readings stands for, where its first readings
/// say so and nobody chose another length than the usual one.
async fn in_rhythm(app: &App, of: &Lines) -> Result<Option<Arc<One>>, ServerError> {
    let objective = of.one.objective();
    if objective.draft.slice_s != FINE_S || of.one.series().len() >= YOUNG {
        return Ok(None);
    }
    let mut instants: BTreeSet<i64> = of.readings.iter().map(|reading| reading.at.epoch_secs()).collect();
    if !of.one.series().is_empty() {
        instants.extend(app.store.first_readings(of.one.number(), YOUNG).await?.iter().map(|at| at.epoch_secs()));
    }
    let Some(slice_s) = rhythm_s(&Vec::from_iter(instants)).filter(|slice_s| *slice_s != FINE_S) else { return Ok(None) };
    // Pairs of somebody's own are lengthened with the slices, as far as they can work in them.
    let Ok(draft) = (ObjectiveDraft { slice_s, ..objective.draft.clone() }).parse() else { return Ok(None) };
    if let ObjectiveDescribed::Done(_) = app.store.change_objective(objective.id, &draft, Some(objective.revision), &By::system()).await? {
        tracing::info!(objective = objective.draft.name, slice_s, "took the slice from the first readings");
    }
    // If somebody else changed it meanwhile, it is as they said.
    Ok(app.levels.current(app).await?.by_id(objective.id).cloned())
}

/// One line: whose reading it is, and what it says.
fn read(held: &Held, line: Result<Value, Vec<Flaw>>, now: Timestamp) -> Result<(Arc<One>, Reading), Vec<Flaw>> {
    let line = line?;
    let mut flaws = vec![];
    let mut flaw = |code, detail: &str| flaws.push(Flaw::new(code, detail));
    let one = match line.get("objective").and_then(Value::as_str) {
        None => {
            flaw("no_objective", "objective names the objective: its name or id");
            None
        }
        Some(name) => match held.find(name) {
            None => {
                flaw("unknown_objective", &format!("there is no objective “{}”", name.chars().take(100).collect::<String>()));
                None
            }
            Some(one) if one.objective().draft.indicator != Indicator::Pushed => {
                flaw("not_pushed", "the readings of this objective are not sent: its indicator is not “pushed”");
                None
            }
            Some(one) => Some(one.clone()),
        },
    };
    let at = line.get("at").and_then(instant);
    match at {
        None => flaw("bad_time", "at is RFC 3339, like 2026-08-11T11:06:25Z, or seconds since 1970"),
        Some(at) if at > now.plus_secs(AHEAD_S) => flaw("in_the_future", "at is more than ten minutes ahead of the server's clock"),
        Some(at) if at < now.plus_secs(-KEPT_FOR_S) => flaw("too_old", "at is more than thirteen months ago"),
        Some(_) => {}
    }
    let counts = counts(&line);
    if let Err(words) = &counts {
        flaw("bad_counts", words);
    }
    match (one, at, counts) {
        (Some(one), Some(at), Ok((good, total))) if flaws.is_empty() => Ok((one, Reading { at, good, total })),
        _ => Err(flaws),
    }
}

/// Good and all, of any two of good, bad and total. More good than all stays so, and so does more bad,
/// as less good than none: both are told of.
fn counts(line: &Value) -> Result<(f64, f64), String> {
    let number = |name: &str| match line.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64().filter(|number| number.is_finite() && *number >= 0.0) {
            None => Err(format!("{name} is a number, 0 or more")),
            Some(number) if number > MOST_COUNTED => Err(format!("{name} is at most {MOST_COUNTED}: more is no count of one reading")),
            Some(number) => Ok(Some(number)),
        },
    };
    match (number("good")?, number("bad")?, number("total")?) {
        (Some(good), None, Some(total)) => Ok((good, total)),
        (None, Some(bad), Some(total)) => Ok((total - bad, total)),
        (Some(good), Some(bad), None) => Ok((good, good + bad)),
        (Some(good), Some(bad), Some(total)) if (good + bad - total).abs() <= 1e-9 * total.max(1.0) => Ok((good, total)),
        (Some(_), Some(_), Some(_)) => Err("good and bad do not add up to total".to_owned()),
        _ => Err("two of good, bad and total are needed".to_owned()),
    }
}

fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => Timestamp::parse(text),
        Value::Number(secs) => {
            let secs = secs.as_f64().filter(|secs| (0.0..4e9).contains(secs))?;
            #[allow(clippy::cast_possible_truncation)] // four thousand million seconds fit
            Some(Timestamp::from_micros((secs * 1e6).round() as i64))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn any_two_of_good_bad_and_total_are_enough() {
        assert_eq!(counts(&json!({"good": 9, "total": 10})), Ok((9.0, 10.0)));
        assert_eq!(counts(&json!({"bad": 1, "total": 10})), Ok((9.0, 10.0)));
        assert_eq!(counts(&json!({"bad": 1, "good": 9})), Ok((9.0, 10.0)));
        assert_eq!(counts(&json!({"bad": 1, "good": 9, "total": 10})), Ok((9.0, 10.0)));
        assert_eq!(counts(&json!({"bad": 11, "total": 10})), Ok((-1.0, 10.0)), "so is this");
        assert_eq!(counts(&json!({"good": 11, "total": 10})), Ok((11.0, 10.0)), "it is told of, not hidden");
        for bad in [json!({}), json!({"total": 1}), json!({"good": -1, "total": 1}), json!({"good": "1", "total": 1}), json!({"good": 1, "bad": 1, "total": 3})]
        {
            assert!(counts(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wild_number_is_refused_in_words() {
        assert_eq!(counts(&json!({"good": 1, "total": 1e12})), Ok((1.0, 1e12)));
        for wild in [json!({"good": 1, "total": 1e17}), json!({"bad": 1, "total": 1e308}), json!({"good": 1e13, "total": 1}), json!({"good": 1, "bad": 1e308})]
        {
            let words = counts(&wild).expect_err("it is no count");
            assert!(words.contains("at most 1000000000000"), "{wild}: {words}");
        }
    }

    #[test]
    fn an_instant_is_a_text_or_seconds() {
        let at = Timestamp::from_micros(1_786_449_600_000_000);
        assert_eq!(instant(&json!("2026-08-11T12:00:00Z")), Some(at));
        assert_eq!(instant(&json!(1_786_449_600)), Some(at));
        assert_eq!(instant(&json!("yesterday")), None);
        assert_eq!(instant(&json!(-1)), None);
    }
}
