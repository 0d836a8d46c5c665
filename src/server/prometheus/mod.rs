//! Reading from what speaks Prometheus' HTTP API: Prometheus, Thanos, Mimir, VictoriaMetrics.
//!
//! | file | holds |
//! |---|---|
//! | [`endpoint`] | how one is reached, checked in words |
//! | [`line`] | one request over the network, within its bounds; also for what is not Prometheus |
//! | [`client`] | one query, typed answers and typed failures |
//! | [`backoff`] | how long a failing endpoint is left alone |
//! | [`promql`] | what is PromQL and what can be counted |
//! | [`asking`] | what an indicator asks, as queries per slice |
//! | [`readings`] | answers, as good and total per slice |
//! | [`trying`] | an indicator tried before it is saved |
//!
//! It stores nothing, draws nothing and starts no task: who measures when is decided elsewhere.

pub mod answer;
pub mod asking;
pub mod backoff;
pub mod client;
pub mod endpoint;
mod failure;
pub mod line;
pub mod promql;
pub mod readings;
#[cfg(test)]
pub(in crate::server) mod testing;
pub mod trying;

pub use client::Client;
pub use endpoint::{Auth, Endpoint, Secret};
pub use failure::PromError;
