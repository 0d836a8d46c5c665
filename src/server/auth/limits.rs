//! How often somebody may try to sign in. In memory and per process: a restart forgives.
//!
//! Three buckets, each for another attack:
//! - an account from one network: ten quick tries, then one in six seconds (guessing one password);
//! - a network: sixty quick tries, then one in two seconds (one password for many accounts);
//! - an account from everywhere: a hundred tries, then one in two seconds (guessing from many
//!   networks). Networks from which the account has signed in before are exempt from this one, so
//!   that an attack cannot lock its owner out.

use super::ClientAddress;
use governor::{
    NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Whoever is refused waits at most this long for the next try.
pub const LONGEST_WAIT_SECS: i64 = 6;

/// After so many tries the buckets that are full again are thrown away.
const SWEPT_EVERY: u32 = 256;
/// More pairs of account and network are not remembered; then memory begins anew.
const MOST_FAMILIAR: usize = 10_000;
/// Nobody's login is longer; more of it is not kept as a key.
const LONGEST_LOGIN: usize = 100;

type Limiter<K, C> = RateLimiter<K, DefaultKeyedStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// An account as it was typed, from one network.
type Pair = (String, IpAddr);

pub struct SignInLimits<C: Clock = DefaultClock> {
    /// The number counts the pair's successes: a success begins a new bucket, so that people who
    /// sign in often are not taken for an attack.
    by_pair: Limiter<(Pair, u32), C>,
    by_network: Limiter<IpAddr, C>,
    by_account: Limiter<String, C>,
    familiar: Mutex<HashMap<Pair, u32>>,
    tries: AtomicU32,
    clock: C,
}

impl Default for SignInLimits {
    fn default() -> Self {
        Self::new(DefaultClock::default())
    }
}

impl<C: Clock + Clone> SignInLimits<C> {
    pub fn new(clock: C) -> Self {
        Self {
            by_pair: limiter(10, Duration::from_secs(LONGEST_WAIT_SECS.unsigned_abs()), &clock),
            by_network: limiter(60, Duration::from_secs(2), &clock),
            by_account: limiter(100, Duration::from_secs(2), &clock),
            familiar: Mutex::default(),
            tries: AtomicU32::new(0),
            clock,
        }
    }

    /// Counts a try to sign in as `login`; refused, it says how many seconds to wait.
    pub fn try_account(&self, login: &str, address: ClientAddress) -> Result<(), i64> {
        self.try_address(address)?;
        let pair = pair(login, address);
        let successes = self.familiar().get(&pair).copied();
        if successes.is_none() {
            self.check(&self.by_account, &pair.0)?;
        }
        self.check(&self.by_pair, &(pair, successes.unwrap_or(0)))
    }

    /// Counts a try that names no account.
    pub fn try_address(&self, address: ClientAddress) -> Result<(), i64> {
        if self.tries.fetch_add(1, Ordering::Relaxed) % SWEPT_EVERY == SWEPT_EVERY - 1 {
            self.by_pair.retain_recent();
            self.by_network.retain_recent();
            self.by_account.retain_recent();
        }
        self.check(&self.by_network, &address.network())
    }

    /// The try was the account's owner.
    pub fn succeeded(&self, login: &str, address: ClientAddress) {
        let mut familiar = self.familiar();
        if familiar.len() >= MOST_FAMILIAR {
            familiar.clear();
        }
        let successes = familiar.entry(pair(login, address)).or_insert(0);
        *successes = successes.wrapping_add(1);
    }

    fn check<K: Clone + Eq + Hash>(&self, limiter: &Limiter<K, C>, key: &K) -> Result<(), i64> {
        limiter.check_key(key).map_err(|not_until: NotUntil<C::Instant>| {
            let wait = not_until.wait_time_from(self.clock.now());
            i64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(i64::MAX).max(1)
        })
    }

    fn familiar(&self) -> MutexGuard<'_, HashMap<Pair, u32>> {
        self.familiar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pair(login: &str, address: ClientAddress) -> Pair {
    (login.chars().take(LONGEST_LOGIN).collect(), address.network())
}

fn limiter<K: Clone + Eq + Hash, C: Clock + Clone>(burst: u32, one_per: Duration, clock: &C) -> Limiter<K, C> {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(one_per).unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(burst);
    RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;
    use std::net::Ipv4Addr;

    fn from(last: u8) -> ClientAddress {
        ClientAddress(IpAddr::V4(Ipv4Addr::new(203, 0, 113, last)))
    }

    #[test]
    fn a_thousand_guesses_from_one_address_are_ten_and_its_owner_still_gets_in_from_another() {
        let limits = SignInLimits::new(FakeRelativeClock::default());
        let let_through = (0..1000).filter(|_| limits.try_account("mara", from(1)).is_ok()).count();
        assert_eq!(let_through, 10);
        assert_eq!(limits.try_account("mara", from(2)), Ok(()));
    }

    #[test]
    fn waiting_as_long_as_it_says_is_enough() {
        let clock = FakeRelativeClock::default();
        let limits = SignInLimits::new(clock.clone());
        let refused = (0..11).find_map(|_| limits.try_account("mara", from(1)).err());
        assert_eq!(refused, Some(6));
        clock.advance(Duration::from_secs(6));
        assert_eq!(limits.try_account("mara", from(1)), Ok(()));
        assert_eq!(limits.try_account("mara", from(1)), Err(6));
    }

    #[test]
    fn one_password_tried_on_many_accounts_is_limited_by_address() {
        let limits = SignInLimits::new(FakeRelativeClock::default());
        let let_through = (0..1000).filter(|n| limits.try_account(&format!("person{n}"), from(1)).is_ok()).count();
        assert_eq!(let_through, 60);
    }

    #[test]
    fn guessing_from_everywhere_is_limited_but_does_not_lock_out_where_its_owner_signs_in() {
        let limits = SignInLimits::new(FakeRelativeClock::default());
        limits.succeeded("mara", from(250));
        let let_through = (0..2000).filter(|n| limits.try_account("mara", from((n % 200) as u8)).is_ok()).count();
        assert_eq!(let_through, 100);
        assert_eq!(limits.try_account("mara", from(250)), Ok(()));
        assert!(limits.try_account("mara", from(251)).is_err());
    }

    #[test]
    fn people_who_get_in_are_not_taken_for_an_attack() {
        let limits = SignInLimits::new(FakeRelativeClock::default());
        for _ in 0..50 {
            assert_eq!(limits.try_account("mara", from(1)), Ok(()));
            limits.succeeded("mara", from(1));
        }
    }

    #[test]
    fn full_buckets_are_thrown_away() {
        let clock = FakeRelativeClock::default();
        let limits = SignInLimits::new(clock.clone());
        for n in 0..200 {
            let _ = limits.try_account(&format!("person{n}"), from(n));
        }
        clock.advance(Duration::from_secs(3600));
        for _ in 0..SWEPT_EVERY {
            let _ = limits.try_address(from(1));
        }
        assert_eq!((limits.by_account.len(), limits.by_pair.len(), limits.by_network.len()), (0, 0, 1));
    }
}
