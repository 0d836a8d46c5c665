//! Reading traces and figures for panels: from what was sent to this server, and from the systems
//! beside it that keep them. Whoever draws a panel asks one trait, and its figures come from the
//! same code whatever is behind it.
//!
//! | file | holds |
//! |---|---|
//! | [`held`] | the embedded store as a reader |
//! | [`jaeger`] | Jaeger: its queries, its JSON as spans |
//! | [`tempo`] | Tempo: its queries, its JSON and protobuf as spans |
//! | [`counted`] | Prometheus, where a collector counts calls into it |
//! | [`sampling`] | a range asked in parts, within a time |
//! | [`sources`] | which sources there are, what was read lately, who may read how much |
//!
//! It keeps nothing for longer than seconds, sends no data anywhere, and asks configured addresses
//! only. A system that keeps traces cannot be asked for all of them: figures are made from a
//! sample of bounded size, and every answer says so.

mod counted;
mod held;
mod jaeger;
mod sampling;
mod sources;
mod tempo;

#[cfg(test)]
mod tests;

pub use sources::{Read, Sources, Traced};

use super::{
    observed::{Snapshot, figures::Counted},
    prometheus::{PromError, backoff::Backoff},
    store::StoreError,
};
use crate::domain::telemetry::panels::{Attribute, Range};
use futures::future::BoxFuture;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use std::time::Duration;

/// The longest that one query of a source is waited for, and everything that one range takes.
pub const LONGEST: Duration = Duration::from_secs(10);
/// About so many traces of a range are looked at.
pub const MOST_TRACES: usize = 200;
/// Spans beyond this many are left out of a sample.
const MOST_SPANS: usize = 100_000;

/// What is asked of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    pub range: Range,
    pub service: Option<String>,
    pub operation: Option<String>,
    /// How wide the columns are that it is drawn in.
    pub step_s: i64,
    /// For a list of traces: what they are narrowed to. It finds what a sample would miss; figures
    /// are never made from it.
    pub narrow: Option<Narrow>,
}

/// Which traces of a range are looked for besides those of a sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Narrow {
    pub attributes: Vec<Attribute>,
    pub min_s: Option<f64>,
    pub errors: bool,
}

/// What calls of a range there were.
pub enum Calls {
    /// All that is kept, as it stands in the store.
    Held(Snapshot),
    /// Some of them, as spans.
    Sampled(Sample),
    /// All of them, counted elsewhere, and what was not answered, each in a sentence; without traces.
    Counted(Vec<Counted>, Vec<String>),
}

/// Spans of some traces.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    pub groups: Vec<ResourceSpans>,
    pub traces: usize,
    /// What was not answered, each in a sentence.
    pub gaps: Vec<String>,
}

/// One trace with all that is known of it.
#[derive(Debug)]
pub struct Whole {
    pub groups: Vec<ResourceSpans>,
    /// What the source says is missing.
    pub gap: Option<String>,
}

/// Whom panels and the trace page ask.
pub trait TraceReader: Send + Sync {
    /// The services of a range, by name; of all times where the source cannot tell.
    fn services(&self, range: Range) -> BoxFuture<'_, Result<Vec<String>, ReadError>>;

    /// What figures and lists of a range are made from.
    fn calls<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<Calls, ReadError>>;

    /// One trace; `None`: it is not known there.
    fn trace(&self, id: u128) -> BoxFuture<'_, Result<Option<Whole>, ReadError>>;

    /// How it has been doing.
    fn standing(&self) -> Backoff;
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{}", words(api, error))]
    Asked { api: &'static str, error: PromError },
    #[error("the store failed")]
    Kept(#[from] StoreError),
}

fn words(api: &str, error: &PromError) -> String {
    match error {
        PromError::NotPrometheus(why) => format!("what answers there is no {api} API: {why}"),
        error => error.to_string(),
    }
}
