//! The native half: the store, the doors, and the use cases between them.

pub mod clock;
pub mod error;
pub mod sources;
pub mod store;
