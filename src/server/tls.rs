//! Which cryptography TLS uses when this server calls others: ring, for every client alike.

use rustls::crypto::{CryptoProvider, ring};

/// Makes ring the process's provider; calling it again changes nothing. A client of reqwest cannot
/// be made before.
pub fn install_crypto() {
    if CryptoProvider::get_default().is_none() {
        // Whoever was faster has installed the same one.
        let _ = ring::default_provider().install_default();
    }
}
