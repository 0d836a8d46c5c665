//! Objectives: all of them in a list, one with its budget over time and everything behind it, the
//! form that makes one.

mod pictures;
