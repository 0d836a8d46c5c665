//! Components: props in, markup out. They fetch nothing, know no context, and never call the browser.

pub mod choice;
pub mod copy_box;
pub mod dialog;
pub mod empty;
pub mod field;
pub mod icon;
pub mod loaded;
pub mod menu;
pub mod once;
pub mod outer_link;
pub mod relative_time;
pub mod rows;
pub mod severity;
pub mod state;
pub mod sure;
pub mod toast_list;
