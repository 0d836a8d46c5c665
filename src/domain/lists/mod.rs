//! The list of all incidents: one plain row for each, which of them a filter holds, and in which
//! order they stand. What is looked at is one [`View`], and a view is an address. Beside it the
//! list of all alerts ([`alerts`]).

pub mod alerts;
mod arranged;
mod filter;
mod order;
mod row;
mod view;

pub use arranged::{Arranged, News};
pub use filter::{Field, Filter, MAJOR, Term, Test};
pub use order::arrange;
pub use row::{IncidentRow, RowPage};
pub use view::{Column, Sort, View, encode};
