//! The wire of the app itself: server functions, one file per resource, each saying who is
//! asking, which use case, and one way to fail. Programs use the REST door instead.

pub mod alerts;
pub mod audit;
pub mod board;
pub mod changes;
pub mod deliveries;
pub mod executive;
pub mod figures;
pub mod import;
pub mod incidents;
pub mod integrations;
pub mod lists;
pub mod objectives;
pub mod people;
pub mod services;
pub mod session;
pub mod telemetry;
pub mod tokens;
pub mod traces;
pub mod wire;
