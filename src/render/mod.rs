//! The first screen as HTML: the app's own views, drawn natively into the app's own page, with the
//! data they were drawn from beside them. It reads nothing and decides nothing: whoever asks hands
//! in what the screen shows.

mod brief;
mod page;

pub use crate::ui::needs;
pub use brief::brief;
pub use page::page;
