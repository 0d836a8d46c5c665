//! Stories across modules, each told on SQLite and on PostgreSQL.

mod accounts;
mod callers;
mod cli;
mod commands;
mod databases;
mod demo;
mod doors;
mod history;
mod http_alerts;
mod http_doors;
mod http_figures;
mod http_incidents;
mod http_intake;
mod http_integrations;
mod http_operations;
mod http_rights;
mod http_stream;
mod intake;
mod outage_log;
mod pages;
mod pages_inert;
mod people_at_work;
mod record;
mod stream;
mod tester;
