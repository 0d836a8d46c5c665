//! Objectives: all of them in a list, one with its budget over time and everything behind it, the
//! form that makes one.

mod alerts;
mod exclusions;
mod explain;
mod fields;
mod form;
mod gate;
mod head;
mod list;
mod one;
mod outcome;
mod pictures;
mod spent;
mod what_if;

pub use form::ObjectiveForm;
pub use list::Objectives;
pub use one::ObjectivePage;
