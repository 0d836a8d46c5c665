//! Service levels: what was promised, what was kept, and what is left of the budget for failing.
//!
//! Ratios are between 0 and 1 and spans are in seconds, as far as a name does not say otherwise;
//! percentages exist only where people read or write them. What was not measured is `None`, never
//! zero and never one. Nothing here reads a clock or knows the rules of time zones: whoever calls
//! hands in the instant and the [`zone::Zone`].

pub mod budget;
pub mod burn;
pub mod calendar;
pub mod composite;
pub mod elsewhere;
pub mod recurrence;
pub mod target;
pub mod zone;
