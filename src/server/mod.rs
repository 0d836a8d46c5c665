//! The native half: the store, the doors, and the use cases between them.

pub mod auth;
pub mod clock;
pub mod config;
pub mod error;
pub mod sources;
pub mod state;
pub mod store;
pub mod usecases;
