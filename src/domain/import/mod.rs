//! Imported incidents: the record of another tool, brought over as often as one likes.
//!
//! A line is parsed to a [`Draft`] with all its flaws at once ([`parse`]); [`open`] and [`update`]
//! decide what it adds. Importing the same again adds nothing, importing a longer version adds
//! what is new. What people did here since is never overruled, and nothing is guessed: a time that
//! the origin does not say stays unknown.

mod draft;
mod plan;
mod report;
pub mod statuspage;

pub use draft::{Draft, Entry, Flaw, parse, time};
pub use plan::{actor, open, update};
pub use report::{FileKind, IncidentReport, RejectedLine, RejectedLines};

#[cfg(test)]
mod tests;
