//! Whether a delivery was signed with one of an integration's secrets: HMAC-SHA256 over the raw
//! body, before anybody parses it. GitLab, unlike all others, may send the secret itself.

mod gitlab;

use crate::domain::{integration::Settings, time::Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A signed time may be this far from ours, in either direction.
const WINDOW_SECS: i64 = 300;

/// How a sender proves that a delivery is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// The digest of the body in hex, in this header unless the settings name another.
    Hmac { header: &'static str },
    /// The secret itself in `X-Gitlab-Token`, or a signature as Standard Webhooks has it.
    GitLab,
}

impl Scheme {
    /// That of senders that have none of their own.
    pub const OURS: Scheme = Scheme::Hmac { header: "X-Tocsin-Signature" };

    /// The header that holds the proof, or the first that may.
    pub fn header<'a>(&'a self, settings: &'a Settings) -> &'a str {
        settings.header.as_deref().unwrap_or(match self {
            Scheme::Hmac { header } => header,
            Scheme::GitLab => gitlab::TOKEN_HEADER,
        })
    }

    /// Whether there is any proof to look at.
    pub fn is_given<'a>(&self, settings: &Settings, header: impl Fn(&str) -> Option<&'a str>) -> bool {
        header(self.header(settings)).is_some() || (*self == Scheme::GitLab && header(gitlab::SIGNATURE_HEADER).is_some())
    }

    /// Checks the proof of `body` against every secret that is valid now. Without a secret nothing
    /// matches: whether an integration asks for a proof at all is the caller's question.
    pub fn verify<'a>(
        &self,
        settings: &Settings,
        secrets: &[String],
        header: impl Fn(&str) -> Option<&'a str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), BadSignature> {
        match self {
            Scheme::Hmac { .. } => verify(self.header(settings), settings.timestamp_header.as_deref(), secrets, header, body, now),
            Scheme::GitLab => gitlab::verify(self.header(settings), secrets, header, body, now),
        }
    }
}

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    #[error("the signature header is missing")]
    Missing,
    #[error("the signature is not 64 hexadecimal digits")]
    Malformed,
    #[error("the header with the signed time is missing or is not Unix seconds")]
    NoTime,
    #[error("the signed time is more than 300 seconds away from now")]
    Stale,
    #[error("the signature matches no secret")]
    Wrong,
    #[error("neither the secret token nor a signature came with it")]
    NoProof,
    #[error("the secret token is not one of this integration's secrets")]
    WrongToken,
}

/// Checks the signature in `signature_header`: the digest in hex, with or without `sha256=`. With a
/// header for the time, what was signed is `<that header>:<body>`.
fn verify<'a>(
    signature_header: &str,
    timestamp_header: Option<&str>,
    secrets: &[String],
    header: impl Fn(&str) -> Option<&'a str>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), BadSignature> {
    let sent = header(signature_header).ok_or(BadSignature::Missing)?.trim();
    let digest = from_hex(sent.strip_prefix("sha256=").unwrap_or(sent)).ok_or(BadSignature::Malformed)?;
    let signed_at = match timestamp_header {
        Some(name) => Some(header(name).ok_or(BadSignature::NoTime)?),
        None => None,
    };
    // Every secret is tried, so that the time it takes does not tell which one matched; the
    // comparison itself takes the same time for every digest.
    let matches = secrets.iter().filter(|secret| !secret.is_empty()).fold(false, |matched, secret| matched | is_signed_with(secret, signed_at, body, &digest));
    if !matches {
        return Err(BadSignature::Wrong);
    }
    signed_at.map_or(Ok(()), |signed_at| is_recent(signed_at, now))
}

/// Whether a signed time, in Unix seconds, is near enough to ours.
fn is_recent(signed_at: &str, now: Timestamp) -> Result<(), BadSignature> {
    let signed_at: i64 = signed_at.trim().parse().map_err(|_| BadSignature::NoTime)?;
    if signed_at.abs_diff(now.epoch_secs()) > WINDOW_SECS.unsigned_abs() { Err(BadSignature::Stale) } else { Ok(()) }
}

fn is_signed_with(secret: &str, signed_at: Option<&str>, body: &[u8], digest: &[u8; 32]) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    if let Some(signed_at) = signed_at {
        mac.update(signed_at.as_bytes());
        mac.update(b":");
    }
    mac.update(body);
    mac.verify_slice(digest).is_ok()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut bytes = [0; 32];
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const BODY: &[u8] = include_bytes!("../../../tests/fixtures/grafana/firing.json");
    const SIGNED_AT: Timestamp = Timestamp::from_micros(1_741_946_400_000_000);

    fn vector(name: &str, field: &str) -> String {
        let vectors: Value = serde_json::from_str(include_str!("../../../tests/fixtures/signatures/vectors.json")).expect("the vectors are JSON");
        vectors[name][field].as_str().expect("the vector has this field").to_owned()
    }

    fn secrets(list: &[&str]) -> Vec<String> {
        list.iter().map(|secret| (*secret).to_owned()).collect()
    }

    /// Verifies with Grafana's header names.
    fn verify_grafana(secrets: &[String], headers: &[(&str, &str)], with_time: bool, body: &[u8], now: Timestamp) -> Result<(), BadSignature> {
        let settings = Settings {
            header: Some("X-Grafana-Alerting-Signature".to_owned()),
            timestamp_header: with_time.then(|| "X-Grafana-Alerting-Timestamp".to_owned()),
            ..Settings::default()
        };
        let header = |name: &str| headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        Scheme::OURS.verify(&settings, secrets, header, body, now)
    }

    #[test]
    fn a_signed_body_is_accepted_and_a_changed_one_is_not() {
        let value = vector("grafana_plain", "value");
        let secret = secrets(&[&vector("grafana_plain", "secret")]);
        let headers = [("x-grafana-alerting-signature", value.as_str())];
        assert_eq!(verify_grafana(&secret, &headers, false, BODY, SIGNED_AT), Ok(()));
        let mut changed = BODY.to_vec();
        changed.push(b'\n');
        assert_eq!(verify_grafana(&secret, &headers, false, &changed, SIGNED_AT), Err(BadSignature::Wrong));
    }

    #[test]
    fn a_signed_time_holds_for_300_seconds_both_ways() {
        let (value, time) = (vector("grafana_with_timestamp", "value"), vector("grafana_with_timestamp", "timestamp"));
        let secret = secrets(&[&vector("grafana_with_timestamp", "secret")]);
        let headers = [("X-Grafana-Alerting-Signature", value.as_str()), ("X-Grafana-Alerting-Timestamp", time.as_str())];
        for (late_secs, verdict) in [(0, Ok(())), (300, Ok(())), (-300, Ok(())), (301, Err(BadSignature::Stale)), (-301, Err(BadSignature::Stale))] {
            assert_eq!(verify_grafana(&secret, &headers, true, BODY, SIGNED_AT.plus_secs(late_secs)), verdict, "{late_secs}");
        }
        assert_eq!(verify_grafana(&secret, &headers[..1], true, BODY, SIGNED_AT), Err(BadSignature::NoTime));
        let moved = [headers[0], ("X-Grafana-Alerting-Timestamp", "1741946401")];
        assert_eq!(verify_grafana(&secret, &moved, true, BODY, SIGNED_AT), Err(BadSignature::Wrong));
    }

    #[test]
    fn a_plain_signature_does_not_stand_in_for_one_with_a_time() {
        let value = vector("grafana_plain", "value");
        let headers = [("X-Grafana-Alerting-Signature", value.as_str()), ("X-Grafana-Alerting-Timestamp", "1741946400")];
        assert_eq!(verify_grafana(&secrets(&["test-only-grafana"]), &headers, true, BODY, SIGNED_AT), Err(BadSignature::Wrong));
    }

    #[test]
    fn any_of_several_secrets_is_enough() {
        let value = vector("grafana_plain", "value");
        let headers = [("X-Grafana-Alerting-Signature", value.as_str())];
        for list in [["test-only-grafana", "another"], ["another", "test-only-grafana"]] {
            assert_eq!(verify_grafana(&secrets(&list), &headers, false, BODY, SIGNED_AT), Ok(()));
        }
        assert_eq!(verify_grafana(&secrets(&["another", "third"]), &headers, false, BODY, SIGNED_AT), Err(BadSignature::Wrong));
    }

    #[test]
    fn nothing_matches_without_a_header_or_a_secret() {
        let value = vector("grafana_plain", "value");
        let headers = [("X-Grafana-Alerting-Signature", value.as_str())];
        assert_eq!(verify_grafana(&secrets(&["test-only-grafana"]), &[], false, BODY, SIGNED_AT), Err(BadSignature::Missing));
        assert_eq!(verify_grafana(&[], &headers, false, BODY, SIGNED_AT), Err(BadSignature::Wrong));
        // HMAC with the empty key over the empty body: an empty secret would accept it.
        let empty = [("X-Grafana-Alerting-Signature", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")];
        assert_eq!(verify_grafana(&secrets(&[""]), &empty, false, b"", SIGNED_AT), Err(BadSignature::Wrong));
    }

    #[test]
    fn the_prefix_is_optional_and_the_default_header_ours() {
        let (value, secret) = (vector("github_docs", "value"), secrets(&[&vector("github_docs", "secret")]));
        let upper = value.strip_prefix("sha256=").expect("the vector has the prefix").to_uppercase();
        for value in [value.as_str(), upper.as_str()] {
            let header = |name: &str| (name == "X-Tocsin-Signature").then_some(value);
            assert_eq!(Scheme::OURS.verify(&Settings::default(), &secret, header, b"Hello, World!", SIGNED_AT), Ok(()));
        }
    }

    #[test]
    fn github_signs_what_it_sends() {
        let (value, secret) = (vector("github_file", "value"), secrets(&[&vector("github_file", "secret")]));
        let body = include_bytes!("../../../tests/fixtures/github/deployment_status.json");
        let header = |name: &str| name.eq_ignore_ascii_case("X-Hub-Signature-256").then_some(value.as_str());
        let scheme = super::super::github::SOURCE.signature;
        assert_eq!(scheme.verify(&Settings::default(), &secret, header, body, SIGNED_AT), Ok(()));
        assert_eq!(scheme.verify(&Settings::default(), &secret, header, &body[1..], SIGNED_AT), Err(BadSignature::Wrong));
        // The older header with SHA-1 is no proof.
        let sha1 = |name: &str| name.eq_ignore_ascii_case("X-Hub-Signature").then_some("sha1=b613679a0814d9ec772f95d778c35fc5ff1697c4");
        assert_eq!(scheme.verify(&Settings::default(), &secret, sha1, body, SIGNED_AT), Err(BadSignature::Missing));
    }

    #[test]
    fn what_is_no_digest_is_malformed() {
        let long = "a".repeat(66);
        for value in ["", "sha256=", "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709", "zz", &long[..63], &long, &"é".repeat(32), &"-1".repeat(32)] {
            let headers = [("X-Grafana-Alerting-Signature", value)];
            assert_eq!(verify_grafana(&secrets(&["s"]), &headers, false, BODY, SIGNED_AT), Err(BadSignature::Malformed), "{value}");
        }
    }
}
