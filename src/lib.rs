//! Tocsin: alerts in, one verifiable incident record, a screen for everybody who works on it.
//!
//! This is the map of the house; `ARCHITECTURE.md` says why it stands like this.
//!
//! | room | holds | reaches for |
//! |---|---|---|
//! | [`domain`] | the vocabulary and the rules of incidents; no network, disk, clock or screen | nothing else |
//! | [`charts`] | numbers in, a scene out: positions, roles and words | `domain` |
//! | `api` | server functions: the wire of the app itself | `domain`; `server` inside bodies |
//! | `server` | store, alert sources, use cases, routes; native only | `domain` |
//! | `render` | the first screen as HTML, with the views of `ui`; native only | `ui`, `domain` |
//! | `ui` | pages → panels and forms → components; the browser's replica | `domain`, `charts`, `api` |
//!
//! The feature gates stand here and nowhere else: `ssr` builds the server, `csr` the browser
//! app, and with neither the pure rooms build alone.

#[cfg(feature = "ui")]
pub mod api;
pub mod charts;
pub mod domain;
#[cfg(feature = "ssr")]
pub mod render;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ui")]
pub mod ui;
