//! Views, and the replica they read. Compiled for the browser and natively alike.
