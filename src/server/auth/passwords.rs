//! Passwords: which are accepted, how they are kept (argon2id), and how new ones are made.

use crate::domain::failure::{Failure, FailureKind};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use rand::RngExt;
use tokio::sync::Semaphore;

/// Shorter ones are guessed too soon.
pub const MIN_LENGTH: usize = 10;
/// Longer ones cost us memory and nobody safety.
const MAX_LENGTH: usize = 1000;

/// Each hashing takes 19 MiB and a processor; a flood of sign-ins waits here instead of taking both.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Verified in place of a hash that does not exist, so that an unknown login takes as long as a
/// wrong password. Its parameters are those of [`Argon2::default`]; nobody knows its password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$vQSgIy4g6IFkn830YDFtqg$yLqGCG3jOBVwPC8W1+NzmPg99m3s6BA7X3EpMRBuQ14";

/// Why a new password is refused, if it is.
pub fn check(password: &str, login: &str, name: &str) -> Result<(), Failure> {
    let refused = |code: &str, words: &str| Err(Failure::new(FailureKind::Invalid, code, words).with_next("Choose another password."));
    let folded = password.trim().to_lowercase();
    match password.chars().count() {
        ..MIN_LENGTH => refused("password_too_short", "a password needs at least 10 characters"),
        MAX_LENGTH.. => refused("password_too_long", "a password has less than 1000 characters"),
        _ if folded == login.to_lowercase() || folded == name.trim().to_lowercase() => {
            refused("password_is_name", "a password must not be the name or the login")
        }
        _ => Ok(()),
    }
}

/// The hash to keep, as a PHC string.
pub async fn hash(password: &str) -> Result<String, Failure> {
    let password = password.to_owned();
    in_turn(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|_| busy())).await?
}

/// Whether `password` is the one behind `hash`. Without a hash the answer is no, and takes as long.
pub async fn verify(password: &str, hash: Option<&str>) -> Result<bool, Failure> {
    let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
    in_turn(move || {
        let kept = hash.as_deref().unwrap_or(NOBODY);
        let matches = PasswordHash::new(kept).is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok());
        matches && hash.is_some()
    })
    .await
}

/// A password to read out or copy once: four groups of four, 80 bits, no look-alikes.
pub fn generate() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = rand::rng();
    let mut group = || (0..4).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect::<String>();
    [group(), group(), group(), group()].join("-")
}

async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let _turn = TURNS.acquire().await.map_err(|_| busy())?;
    tokio::task::spawn_blocking(work).await.map_err(|_| busy())
}

fn busy() -> Failure {
    Failure::new(FailureKind::Unavailable, "sign_in_unavailable", "passwords cannot be checked right now").with_next("Nothing was changed. Try again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_kept_as_argon2id_and_only_itself_fits() {
        let kept = hash("correct horse battery").await.expect("it can be hashed");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(kept, hash("correct horse battery").await.expect("it can be hashed"), "each has its own salt");
        assert_eq!(verify("correct horse battery", Some(&kept)).await, Ok(true));
        assert_eq!(verify("correct horse batterY", Some(&kept)).await, Ok(false));
        assert_eq!(verify("correct horse battery", None).await, Ok(false));
        assert_eq!(verify("correct horse battery", Some("not a hash")).await, Ok(false));
    }

    #[test]
    fn the_stand_in_for_unknown_logins_costs_what_a_real_hash_costs() {
        let nobody = PasswordHash::new(NOBODY).expect("it is a PHC string");
        let real = Argon2::default().hash_password(b"correct horse battery").expect("it can be hashed");
        assert_eq!((&nobody.algorithm, nobody.version, &nobody.params), (&real.algorithm, real.version, &real.params));
        assert_eq!(nobody.salt.map(|salt| salt.as_ref().len()), real.salt.map(|salt| salt.as_ref().len()));
    }

    #[test]
    fn short_passwords_and_names_are_refused() {
        let code = |password| check(password, "mara.k", "Mara Klein-Berg").map_err(|failure| failure.code);
        assert_eq!(code("123456789"), Err("password_too_short".to_owned()));
        assert_eq!(code("äöüßäöüßäö"), Ok(()));
        assert_eq!(code(" mara klein-berg"), Err("password_is_name".to_owned()));
        assert_eq!(code(&"x".repeat(1000)), Err("password_too_long".to_owned()));
        assert_eq!(check("somebody@example.com", "Somebody@example.com", "S").map_err(|failure| failure.code), Err("password_is_name".to_owned()));
    }

    #[test]
    fn a_made_password_passes_its_own_rules_and_is_never_the_same_twice() {
        let made = generate();
        assert_eq!((made.len(), check(&made, "mara", "Mara")), (19, Ok(())), "{made}");
        assert_ne!(made, generate());
    }
}
