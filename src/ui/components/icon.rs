//! Line icons, drawn here so that none is fetched. They are decoration: a word stands beside each.

use crate::ui::drawing::view;
use leptos::prelude::*;

/// What an icon shows: its line. Each is a value of its own, so that a part of the app brings only
/// those that it draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Glyph(&'static str);

#[allow(non_upper_case_globals)] // a closed set of names, written like any other
impl Glyph {
    pub const Bell: Self =
        Self("M8 2.2a3.8 3.8 0 0 1 3.8 3.8c0 3.2 1.2 4.4 1.7 4.9h-11c.5-.5 1.7-1.7 1.7-4.9A3.8 3.8 0 0 1 8 2.2zM6.7 13.2a1.5 1.5 0 0 0 2.6 0");
    pub const Megaphone: Self = Self("M2.5 6.5v3l8 3v-9zM10.5 6.2a2 2 0 0 1 0 3.6M4.2 10.2l.9 3h1.6l-.7-2.4");
    pub const Sliders: Self = Self("M2 4.5h5M10.5 4.5H14M2 8h2M7.5 8H14M2 11.5h6.5M12 11.5h2M8.8 3v3M5.8 6.5v3M10.3 10v3");
    pub const Check: Self = Self("M3 8.5l3.2 3L13 4.5");
    pub const Cross: Self = Self("M4 4l8 8M12 4l-8 8");
    pub const ChevronDown: Self = Self("M4 6l4 4 4-4");
    pub const Clock: Self = Self("M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 4.7V8l2.3 1.5");
    pub const Device: Self = Self("M5 1.8h6a1 1 0 0 1 1 1v10.4a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V2.8a1 1 0 0 1 1-1zM7 12h2");
    pub const Person: Self = Self("M8 2.5a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4zM3 13.7c.4-2.6 2.4-4 5-4s4.6 1.4 5 4");
    pub const Pin: Self = Self("M6 2h4l-.5 4.5 2 2.2v1h-7v-1l2-2.2zM8 9.7V14");
    pub const Pencil: Self = Self("M3 13l.7-3L10.9 2.8l2.3 2.3L6 12.3zM9.4 4.3l2.3 2.3");
    pub const Gavel: Self = Self("M9.2 2.5l4.3 4.3M7 4.7L11.3 9M8.1 3.6l4.3 4.3M9 6.9l-6 6M2.5 14h6");
    pub const Link: Self = Self("M6.7 9.3a2.6 2.6 0 0 0 3.9.2l2-2a2.6 2.6 0 0 0-3.7-3.7l-1 1M9.3 6.7a2.6 2.6 0 0 0-3.9-.2l-2 2a2.6 2.6 0 0 0 3.7 3.7l1-1");
    pub const Flag: Self = Self("M4 14V2.5M4 3h8l-1.7 2.7L12 8.5H4");
    pub const Merge: Self = Self("M4 2v3.5C4 8 6 8.5 8 8.5h4M9.5 6L12 8.5 9.5 11M4 14v-3");
    pub const Tag: Self = Self("M2.5 2.5h5l6 6-5 5-6-6zM5.3 5.3h.01");
    pub const Lock: Self = Self("M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5");
    pub const Undo: Self = Self("M3 6h6.5a3.5 3.5 0 0 1 0 7H6M3 6l3-3M3 6l3 3");
    pub const Shield: Self = Self("M8 1.8l5 1.8v4.2c0 3-2 5.2-5 6.4-3-1.2-5-3.4-5-6.4V3.6zM5.7 8l1.7 1.6 3-3.1");
    pub const ShieldBroken: Self = Self("M8 1.8l5 1.8v4.2c0 3-2 5.2-5 6.4-3-1.2-5-3.4-5-6.4V3.6zM8 5v3.5M8 10.7v.01");
    pub const Plus: Self = Self("M8 3v10M3 8h10");
    pub const More: Self = Self("M3 8a.5.5 0 1 1 1 0 .5.5 0 1 1-1 0zM7.5 8a.5.5 0 1 1 1 0 .5.5 0 1 1-1 0zM12 8a.5.5 0 1 1 1 0 .5.5 0 1 1-1 0z");
    pub const Late: Self = Self("M3 3.5v3h3M3.3 6.3A5.3 5.3 0 1 1 2.7 8.5M8 5.5V8.3l2 1.2");
    pub const Copy: Self = Self("M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3");
    pub const Search: Self = Self("M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3L14 14");
    pub const Alarm: Self = Self("M5.6 1.8h4.8l3.8 3.8v4.8l-3.8 3.8H5.6l-3.8-3.8V5.6zM8 4.8v3.7M8 10.9v.01");
    /// What somebody sends.
    pub const Signal: Self = Self(
        "M8 7.5a.5.5 0 1 1 0 1 .5.5 0 0 1 0-1zM5.5 10.5a3.5 3.5 0 0 1 0-5M10.5 5.5a3.5 3.5 0 0 1 0 5M3.4 12.6a6.5 6.5 0 0 1 0-9.2M12.6 3.4a6.5 6.5 0 0 1 0 9.2",
    );
    pub const Boxes: Self = Self("M8 1.8l2.8 1.6v3.2L8 8.2 5.2 6.6V3.4zM4.6 7.8l2.8 1.6v3.2l-2.8 1.6-2.8-1.6V9.4zM11.4 7.8l2.8 1.6v3.2l-2.8 1.6-2.8-1.6V9.4z");
    pub const Trend: Self = Self("M2 12l4-4.5 3 2.5 5-6M10.2 4H14v3.8");
    pub const Bars: Self = Self("M3 13.5V8M8 13.5V2.5M13 13.5V6");
    /// What a monitor of the heart shows.
    pub const Pulse: Self = Self("M1.5 8.5H4l2-6 4 11 2-5h2.5");
    /// Nothing is left.
    pub const Spent: Self = Self("M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM5.5 10.5l5-5");
    /// It goes down.
    pub const Falling: Self = Self("M2 4l4 4.5 3-2.5 5 6M14 8.2V12h-3.8");
    /// Nothing is measured.
    pub const Unplugged: Self = Self("M9.5 3.5l3 3M11 2l3 3M12.8 3.2L10 6M6 10l-2.8 2.8M6.5 5.5l4 4-1.5 1.5a2.8 2.8 0 0 1-4-4z");
    /// A call that failed.
    pub const Failed: Self = Self("M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4");
}

#[component]
pub fn Icon(glyph: Glyph) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d=glyph.0 />
        </svg>
    }
}
