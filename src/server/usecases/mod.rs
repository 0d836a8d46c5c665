//! What the doors can ask for: each use case is a plain function that says who may, does one
//! thing, and fails in one way. Doors translate; nothing here knows about HTTP.

pub mod alerts;
pub mod audit;
pub mod boards;
pub mod briefing;
pub mod budgets;
pub mod changed;
pub mod changes;
pub mod data_sources;
pub mod debug_board;
pub mod definitions;
pub mod deliveries;
pub mod exclusions;
pub mod executive;
pub mod export;
pub mod figures;
pub mod import;
pub mod incidents;
pub mod intake;
pub mod integrations;
pub mod lists;
pub mod objectives;
pub mod people;
pub mod plain;
pub mod release_gate;
pub mod search;
pub mod services;
pub mod sli;
pub mod storms;
pub mod targets;
pub mod telemetry;
pub mod tokens;
pub mod traces;
pub mod trial;
pub mod trying;
