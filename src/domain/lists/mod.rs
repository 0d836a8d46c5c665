//! The list of all incidents: one plain row for each, which of them a filter holds, and in which
//! order they stand. What is looked at is one [`View`], and a view is an address. Beside it the
//! list of all alerts ([`alerts`]).

pub mod alerts;
mod filter;
mod order;
mod row;
mod view;

pub use filter::{Field, Filter, MAJOR, Term, Test};
pub use order::arrange;
pub use row::{IncidentRow, RowPage};
pub use view::{Column, Sort, View, encode};
