//! Service levels: what was promised, what was kept, and what is left of the budget for failing.
//!
//! Ratios are between 0 and 1 and spans are in seconds, as far as a name does not say otherwise;
//! percentages exist only where people read or write them. What was not measured is `None`, never
//! zero and never one. Nothing here reads a clock or knows the rules of time zones: whoever calls
//! hands in the instant and the [`zone::Zone`].
//!
//! The map, from the bottom up:
//!
//! | what | where |
//! |---|---|
//! | the arithmetic: targets, budgets, burn rates, windows, repetition, made from several | [`target`], [`budget`], [`burn`], [`calendar`], [`zone`], [`recurrence`], [`rule`], [`composite`]; as other tools reckon: [`elsewhere`] |
//! | what people set: an objective, time that is left out | [`objective`], [`exclusion`] |
//! | readings over time, and how far apart they are | [`series`], [`rhythm`] |
//! | a window at an instant, and what was counted in it | [`frame`] |
//! | what is said: the shapes, and the rules that fill them | [`report`], [`assess`], [`raising`], [`silence`], [`page`] |
//! | the budget over time, and ahead | [`line`], [`forecast`] |
//! | what incidents spent of it, and how bad one seems | [`cost`], [`severity`] |
//! | may we release? | [`gate`] |
//! | what if? where does it come from? | [`whatif`], [`explain`] |
//! | the board's first sentence, its order, and every figure in words | [`headline`], [`words`] |

pub mod assess;
pub mod board;
pub mod budget;
pub mod burn;
pub mod calendar;
pub mod composite;
pub mod cost;
pub mod elsewhere;
pub mod exclusion;
pub mod explain;
pub mod forecast;
pub mod frame;
pub mod gate;
pub mod headline;
pub mod line;
pub mod objective;
pub mod page;
pub mod raising;
pub mod recurrence;
pub mod release;
pub mod report;
pub mod rhythm;
pub mod rule;
pub mod series;
pub mod severity;
pub mod silence;
pub mod standings;
pub mod target;
pub mod tried;
pub mod whatif;
pub mod words;
pub mod zone;

#[cfg(test)]
mod properties;
#[cfg(test)]
pub mod tests;
