//! The native half: the store, the doors, and the use cases between them.

pub mod auth;
mod body;
pub mod briefs;
pub mod cli;
pub mod clock;
pub mod config;
pub mod definitions;
pub mod embed;
mod encoding;
pub mod error;
mod gauge;
mod heartbeats;
mod hooks;
mod jobs;
pub mod levels;
mod live;
pub mod mail;
mod measure;
pub mod observed;
pub mod otlp;
pub mod pages;
pub mod prometheus;
mod records;
mod reports;
pub mod rest;
pub mod retention;
pub mod router;
mod serve;
pub mod sources;
pub mod state;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod usecases;
pub mod zones;

pub use serve::{ServeError, asked_to_stop, run, run_until};
