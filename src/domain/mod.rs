//! The vocabulary and the rules of incidents.
//!
//! Nothing here reads a clock, the network, a disk or the environment: whoever calls hands in
//! `now`, and the same input always gives the same answer, in the browser as on the server.

pub mod absent;
pub mod accounts;
pub mod alert;
pub mod alerts_told;
pub mod audit;
pub mod boards;
pub mod briefing;
pub mod canonical;
pub mod change;
pub mod csv;
pub mod data_source;
pub mod delivery;
pub mod executive;
pub mod export;
pub mod failure;
pub mod flapping;
pub mod grouping;
pub mod ids;
pub mod import;
pub mod incident;
pub mod integration;
pub mod lists;
pub mod metrics;
pub mod people;
pub mod reading;
pub mod screens;
pub mod search;
pub mod services;
pub mod severity;
pub mod slo;
pub mod sorting;
pub mod storms;
pub mod telemetry;
pub mod time;
pub mod timeline;
pub mod triage;
pub mod trial;
pub mod updates;
pub mod verification;
pub mod views;
pub mod wording;
