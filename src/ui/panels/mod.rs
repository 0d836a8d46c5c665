//! Panels: each answers one question of a page.

pub mod acknowledge;
pub mod alerts;
pub mod changed;
pub mod changes;
pub mod composer;
pub mod costs;
pub mod counts;
pub mod dependencies;
pub mod facts;
pub mod incident_head;
pub mod incident_table;
pub mod level_rows;
pub mod plain;
pub mod record;
pub mod roles;
pub mod service_link;
pub mod shell;
pub mod standing;
pub mod storm;
pub mod strip;
pub mod timeline;
pub mod traces;
pub mod unsent;
pub mod verbs;
