//! A range asked in parts: a source answers with the newest of what fits as a rule, so that one
//! query for an hour would show its last minute only.

use super::{LONGEST, MOST_SPANS, MOST_TRACES, ReadError, Sample};
use crate::{
    domain::{telemetry::panels::Range, wording},
    server::prometheus::{PromError, line::AT_ONCE},
};
use futures::{StreamExt, stream};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use std::{collections::HashSet, future::Future};
use tokio::time::{Instant, timeout_at};

/// Most parts of one range, and most queries of all of them.
const MOST_PARTS: usize = 10;
const MOST_QUERIES: usize = 40;
/// No part is shorter.
const SHORTEST_PART_S: i64 = 60;
/// No query asks for fewer traces.
const FEWEST: usize = 5;

/// How a range is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub parts: Vec<Range>,
    /// How many traces each query asks for.
    pub limit: usize,
}

impl Plan {
    /// `times` queries are made for every part.
    pub fn of(range: Range, times: usize) -> Self {
        let times = times.max(1);
        let secs = range.to.secs_since(range.from).max(1);
        let fitting = usize::try_from(secs / SHORTEST_PART_S).unwrap_or(MOST_PARTS);
        let n = (MOST_QUERIES / times).min(fitting).clamp(1, MOST_PARTS);
        let step_s = (secs / i64::try_from(n).unwrap_or(1)).max(1);
        let start = |at: usize| range.from.plus_secs(step_s * i64::try_from(at).unwrap_or(0));
        let parts = (0..n).map(|at| Range { from: start(at), to: if at + 1 == n { range.to } else { start(at + 1) } }).collect();
        Self { parts, limit: (MOST_TRACES / (n * times)).max(FEWEST) }
    }
}

/// What came of several queries.
pub struct Gathered<T> {
    pub done: Vec<T>,
    pub failed: Vec<PromError>,
    /// How many had not answered when the time was up.
    pub late: usize,
}

impl<T> Gathered<T> {
    /// What was not answered, in sentences; the failure itself where nothing was.
    pub fn gaps(&self, api: &'static str) -> Result<Vec<String>, ReadError> {
        let asked = self.done.len() + self.failed.len() + self.late;
        let error = self.failed.first().cloned().or_else(|| (self.late > 0).then_some(PromError::TimedOut { secs: LONGEST.as_secs() }));
        match error {
            None => Ok(vec![]),
            Some(error) if self.done.is_empty() => Err(ReadError::Asked { api, error }),
            Some(error) => {
                let error = ReadError::Asked { api, error };
                let missing = wording::count(self.failed.len() + self.late, "query", "queries");
                Ok(vec![format!("{missing} of {asked} had no answer: {error}.")])
            }
        }
    }
}

/// Runs queries a few at once, until all have answered or the time is up.
pub async fn gather<T, Q: Future<Output = Result<T, PromError>>>(queries: Vec<Q>, until: Instant) -> Gathered<T> {
    let mut gathered = Gathered { done: vec![], failed: vec![], late: queries.len() };
    let mut answers = stream::iter(queries).buffer_unordered(AT_ONCE);
    while let Ok(Some(answer)) = timeout_at(until, answers.next()).await {
        gathered.late -= 1;
        match answer {
            Ok(answer) => gathered.done.push(answer),
            Err(error) => gathered.failed.push(error),
        }
    }
    gathered
}

/// Traces, each once, as far as there is room.
#[derive(Default)]
pub struct Collected {
    seen: HashSet<u128>,
    spans: usize,
    sample: Sample,
    left_out: usize,
}

impl Collected {
    pub fn knows(&self, id: u128) -> bool {
        self.seen.contains(&id)
    }

    pub fn add(&mut self, id: u128, groups: Vec<ResourceSpans>) {
        if !self.seen.insert(id) {
            return;
        }
        let spans: usize = groups.iter().flat_map(|group| &group.scope_spans).map(|scope| scope.spans.len()).sum();
        if self.spans + spans > MOST_SPANS {
            self.left_out += 1;
            return;
        }
        self.spans += spans;
        self.sample.traces += 1;
        self.sample.groups.extend(groups);
    }

    pub fn into_sample(mut self, gaps: impl IntoIterator<Item = String>) -> Sample {
        if self.left_out > 0 {
            let traces = wording::count(self.left_out, "trace was", "traces were");
            self.sample.gaps.push(format!("{traces} left out for their size."));
        }
        self.sample.gaps.extend(gaps);
        self.sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::prometheus::testing::NOON;

    #[test]
    fn parts_lie_side_by_side_and_queries_are_few() {
        for (secs, times) in [(1, 1), (59, 1), (60, 1), (3_600, 1), (3_600, 2), (86_400 * 31, 1), (7_201, 24), (3_600, 400)] {
            let range = Range { from: NOON, to: NOON.plus_secs(secs) };
            let plan = Plan::of(range, times);
            assert_eq!((plan.parts.first().map(|part| part.from), plan.parts.last().map(|part| part.to)), (Some(range.from), Some(range.to)));
            assert!(plan.parts.windows(2).all(|two| two[0].to == two[1].from && two[0].from < two[0].to), "{secs} {times}");
            assert!(plan.parts.len() == 1 || plan.parts.len() * times <= MOST_QUERIES, "{secs} {times}");
            assert!(plan.parts.len() == 1 || secs / plan.parts.len() as i64 >= SHORTEST_PART_S, "{secs} {times}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_late_is_counted_and_what_came_is_kept() {
        let query = |n: u64| async move {
            tokio::time::sleep(std::time::Duration::from_secs(n)).await;
            if n == 2 { Err(PromError::Refused { status: 500 }) } else { Ok(n) }
        };
        let gathered = gather([1, 2, 60, 3, 4].map(query).into(), Instant::now() + LONGEST).await;
        assert_eq!((gathered.done.clone(), gathered.failed.len(), gathered.late), (vec![1, 3, 4], 1, 1));
        let gaps = gathered.gaps("Jaeger").expect("something came");
        assert_eq!(gaps, ["2 queries of 5 had no answer: it refuses with status 500."]);
        let none = gather([60].map(query).into(), Instant::now() + LONGEST).await;
        assert_eq!(none.gaps("Jaeger").map_err(|error| error.to_string()), Err("it did not answer within 10 s".to_owned()));
    }
}
