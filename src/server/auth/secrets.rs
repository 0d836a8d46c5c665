//! Random secrets and the hashes that are kept of them.
//!
//! A secret carries 256 bits, so a plain SHA-256 of it cannot be turned back by guessing;
//! passwords, which can be guessed, are [`passwords`](super::passwords)' business.

use crate::domain::timeline::hex;
use rand::distr::{Alphanumeric, SampleString};
use sha2::{Digest, Sha256};

/// Begins every API token, so that people and secret scanners recognise one.
pub const API_TOKEN: &str = "toc_";
/// Begins every integration's token.
pub const INTEGRATION_TOKEN: &str = "toi_";

/// Begins every signing secret that is made here.
pub const SIGNING_SECRET: &str = "tos_";

/// 43 letters and digits carry 43 × log2(62) = 256.03 bits.
const LENGTH: usize = 43;

/// A new secret that is safe in addresses, headers and shells: `prefix`, then letters and digits.
pub fn new_secret(prefix: &str) -> String {
    format!("{prefix}{}", Alphanumeric.sample_string(&mut rand::rng(), LENGTH))
}

/// What is kept of a secret: its SHA-256 in hex.
pub fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Tells the secrets of one owner apart without showing them: eight hexadecimal digits. Another
/// owner's equal secret has another one.
pub fn fingerprint(owner: &str, secret: &str) -> String {
    let mut whole = hash(&format!("{owner}:{secret}"));
    whole.truncate(8);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_recognisable_long_and_never_the_same_twice() {
        let secret = new_secret(API_TOKEN);
        assert!(secret.starts_with("toc_") && secret.len() == 47 && secret[4..].bytes().all(|byte| byte.is_ascii_alphanumeric()), "{secret}");
        assert_ne!(secret, new_secret(API_TOKEN));
    }

    #[test]
    fn the_hash_is_the_sha_256_in_hex() {
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
