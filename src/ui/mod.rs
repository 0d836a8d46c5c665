//! What people see: pages compose panels and forms, those compose components.
//!
//! | file or folder | holds |
//! |---|---|
//! | `app`, `routes`, `address` | where it begins, the addresses, and moving between them |
//! | `session` | what a view works with: replica, outbox, live stream |
//! | `replica`, `outbox`, `live` | the confirmed copy, what is unsent, what keeps it current |
//! | `exchange` | the part that these are in, as far as the first screen does without |
//! | `paged` | lists that come page by page |
//! | `listing`, `clocks`, `times` | sums and orders, ready before a view starts |
//! | `pages`, `panels`, `forms`, `components` | markup, from large to small |
//! | `chart` | paints what `charts` laid out |
//! | `drawing` | the macro that markup is written with |
//! | `still` | a screen drawn once, natively |
//! | `follow` | asking the server again for what it computes |
//! | `browser` | the only file that calls the browser |
//!
//! Nothing in here decides a rule of incidents: that is the domain's, and the screen asks it.

// A closure that is written where it is used shares its compiled shape with all others there; a
// named one brings a shape of its own, and the first screen pays for it.
#![allow(clippy::redundant_closure)]

mod address;
mod app;
mod browser;
mod chart;
mod clocks;
mod components;
mod drawing;
mod exchange;
mod follow;
mod forms;
mod listing;
mod live;
mod outbox;
mod paged;
mod pages;
mod panels;
mod replica;
mod routes;
mod session;
mod still;
mod times;
mod toasts;

pub use app::mount;
/// What pages without a script are drawn with as well.
pub use chart::{paint::picture, rows::BudgetBar, rows::Sparkline};
pub use components::{
    icon::{Glyph, Icon},
    severity::SeverityMark,
};
pub use pages::executive::ISLAND;
pub use session::PAGE_ISLAND;
pub use still::{Still, needs, still};
pub use times::Zone;
