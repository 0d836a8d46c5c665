//! How GitLab proves that a delivery is its own: with the secret itself, or with a signature after
//! the Standard Webhooks specification, which is HMAC-SHA256 over `<id>.<time>.<body>` in base64.
//!
//! Which of the two a secret is for shows in the secret: signing tokens begin with `whsec_`, and
//! are never sent.

use super::{BadSignature, is_recent};
use crate::domain::time::Timestamp;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub const TOKEN_HEADER: &str = "X-Gitlab-Token";
pub const SIGNATURE_HEADER: &str = "webhook-signature";
const ID_HEADER: &str = "webhook-id";
const TIME_HEADER: &str = "webhook-timestamp";
const SIGNING: &str = "whsec_";

/// Checks a delivery against every secret. A hook may have a token and a signing token while one
/// takes over from the other, so either is enough.
pub fn verify<'a>(token_header: &str, secrets: &[String], header: impl Fn(&str) -> Option<&'a str>, body: &[u8], now: Timestamp) -> Result<(), BadSignature> {
    let token = header(token_header);
    if token.is_some_and(|token| is_token(token, secrets)) {
        return Ok(());
    }
    match header(SIGNATURE_HEADER) {
        Some(signatures) => verify_signature(signatures, secrets, header, body, now),
        None if token.is_some() => Err(BadSignature::WrongToken),
        None => Err(BadSignature::NoProof),
    }
}

fn is_token(sent: &str, secrets: &[String]) -> bool {
    let sent = Sha256::digest(sent.as_bytes());
    let may_be_sent = |secret: &&String| !secret.is_empty() && !secret.starts_with(SIGNING);
    // Every secret is tried, by digests of one length, so that the time it takes tells nothing.
    secrets.iter().filter(may_be_sent).fold(false, |matched, secret| matched | bool::from(sent[..].ct_eq(&Sha256::digest(secret.as_bytes())[..])))
}

fn verify_signature<'a>(
    signatures: &str,
    secrets: &[String],
    header: impl Fn(&str) -> Option<&'a str>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), BadSignature> {
    let id = header(ID_HEADER).ok_or(BadSignature::Missing)?;
    let signed_at = header(TIME_HEADER).ok_or(BadSignature::NoTime)?;
    // A sender that changes its key signs with both, and lists the signatures.
    let digests: Vec<Vec<u8>> =
        signatures.split_ascii_whitespace().filter_map(|signature| BASE64_STANDARD.decode(signature.strip_prefix("v1,")?).ok()).collect();
    if digests.is_empty() {
        return Err(BadSignature::Wrong);
    }
    let matches = secrets.iter().filter(|secret| !secret.is_empty()).flat_map(keys).fold(false, |matched, key| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
        for part in [id.as_bytes(), b".", signed_at.as_bytes(), b".", body] {
            mac.update(part);
        }
        matched | digests.iter().any(|digest| mac.clone().verify_slice(digest).is_ok())
    });
    if matches { is_recent(signed_at, now) } else { Err(BadSignature::Wrong) }
}

/// The keys that a secret may stand for: what is encoded in it, and, because not everybody keeps to
/// the specification, its own letters.
fn keys(secret: &String) -> impl Iterator<Item = Vec<u8>> {
    let decoded = BASE64_STANDARD.decode(secret.strip_prefix(SIGNING).unwrap_or(secret)).ok().filter(|key| !key.is_empty());
    decoded.into_iter().chain([secret.as_bytes().to_vec()])
}

#[cfg(test)]
mod tests {
    use super::{super::Scheme, *};
    use crate::domain::integration::Settings;

    const BODY: &[u8] = include_bytes!("../../../../tests/fixtures/gitlab/deployment_success.json");
    const NOW: Timestamp = Timestamp::from_micros(1_741_946_400_000_000);
    const SIGNING_TOKEN: &str = "whsec_dGVzdC1vbmx5LWdpdGxhYi1zaWduaW5nLWtleQ==";

    fn check(secrets: &[&str], headers: &[(&str, &str)]) -> Result<(), BadSignature> {
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        let header = |name: &str| headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        Scheme::GitLab.verify(&Settings::default(), &secrets, header, BODY, NOW)
    }

    fn signed(key: &[u8], id: &str, at: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{at}.").as_bytes());
        mac.update(BODY);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }

    #[test]
    fn the_token_has_to_be_one_of_the_secrets() {
        assert_eq!(check(&["test-only-gitlab"], &[("X-Gitlab-Token", "test-only-gitlab")]), Ok(()));
        assert_eq!(check(&["another-secret-01", "test-only-gitlab"], &[("x-gitlab-token", "test-only-gitlab")]), Ok(()));
        for wrong in ["test-only-gitla", "test-only-gitlab ", "", "TEST-ONLY-GITLAB"] {
            assert_eq!(check(&["test-only-gitlab"], &[("X-Gitlab-Token", wrong)]), Err(BadSignature::WrongToken), "{wrong}");
        }
        assert_eq!(check(&["test-only-gitlab"], &[]), Err(BadSignature::NoProof));
        assert_eq!(check(&[""], &[("X-Gitlab-Token", "")]), Err(BadSignature::WrongToken));
        assert_eq!(check(&[SIGNING_TOKEN], &[("X-Gitlab-Token", SIGNING_TOKEN)]), Err(BadSignature::WrongToken), "a signing token is never sent");
    }

    #[test]
    fn a_signature_holds_for_300_seconds_over_id_time_and_body() {
        let key = b"test-only-gitlab-signing-key";
        let good = signed(key, "f5e5f430", "1741946400");
        let with =
            |signature: &str, id: &str, at: &str| check(&[SIGNING_TOKEN], &[("webhook-signature", signature), ("webhook-id", id), ("webhook-timestamp", at)]);
        assert_eq!(with(&good, "f5e5f430", "1741946400"), Ok(()));
        assert_eq!(with(&format!("v1,AAAA v2,x {good}"), "f5e5f430", "1741946400"), Ok(()), "while keys change there are several");
        assert_eq!(with(&good, "another", "1741946400"), Err(BadSignature::Wrong));
        assert_eq!(with(&good, "f5e5f430", "1741946401"), Err(BadSignature::Wrong));
        for (at, verdict) in
            [("1741946100", Ok(())), ("1741946099", Err(BadSignature::Stale)), ("1741946701", Err(BadSignature::Stale)), ("soon", Err(BadSignature::NoTime))]
        {
            assert_eq!(with(&signed(key, "i", at), "i", at), verdict, "{at}");
        }
        for odd in ["", "v1,", "v1,!!!", "v1a,AAAA", &good[3..]] {
            assert_eq!(with(odd, "f5e5f430", "1741946400"), Err(BadSignature::Wrong), "{odd}");
        }
        assert_eq!(check(&[SIGNING_TOKEN], &[("webhook-signature", &good), ("webhook-id", "f5e5f430")]), Err(BadSignature::NoTime));
        assert_eq!(check(&[SIGNING_TOKEN], &[("webhook-signature", &good), ("webhook-timestamp", "1741946400")]), Err(BadSignature::Missing));
    }

    #[test]
    fn a_secret_that_is_no_base64_signs_with_its_letters() {
        let good = signed(b"test-only-gitlab", "i", "1741946400");
        assert_eq!(check(&["test-only-gitlab"], &[("webhook-signature", &good), ("webhook-id", "i"), ("webhook-timestamp", "1741946400")]), Ok(()));
    }
}
