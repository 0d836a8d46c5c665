//! What systems say of themselves: spans, logs and readings, what a range of them held, and what
//! sets one range apart from another.
//!
//! Everything here is counting: whoever calls hands in what it kept, and the same input always
//! gives the same answer. Nothing is decoded, stored or asked here.

pub mod alike;
pub mod board;
pub mod changed;
pub mod declared;
pub mod differences;
pub mod evidence;
pub mod facts;
pub mod gather;
pub mod levels;
pub mod origin;
pub mod panels;
pub mod retries;
pub mod sketch;
pub mod statements;
pub mod suspects;
pub mod waterfall;
