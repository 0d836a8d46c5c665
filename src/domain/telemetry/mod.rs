//! Telemetry: traces, logs and gauges, as the debug board speaks of them. Pure; who keeps what was
//! sent is the server's store.

pub mod panels;
