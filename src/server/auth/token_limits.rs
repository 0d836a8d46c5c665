//! How much each API token may ask. In memory and per process, like the limits of integrations.

use crate::{
    domain::{
        failure::{Failure, FailureKind},
        ids::TokenId,
        integration::Rate,
        time::Timestamp,
    },
    server::gauge::Gauge,
};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// One limit for every token, and what each of them asked.
pub struct TokenLimits {
    /// Requests per second; 0 switches it off.
    limit: u32,
    /// Those that were used since the server started: only tokens that exist come here.
    gauges: RwLock<HashMap<TokenId, Arc<Gauge>>>,
}

impl TokenLimits {
    pub fn new(limit: u32) -> Self {
        Self { limit, gauges: RwLock::default() }
    }

    /// A page asks for several things at once, and a script begins with a rush.
    fn burst(&self) -> u32 {
        self.limit.saturating_mul(2)
    }

    /// Counts a request; over the limit it says how long to wait.
    pub fn pass(&self, token: TokenId, now: Timestamp) -> Result<(), Duration> {
        let known = self.gauges.read().unwrap_or_else(PoisonError::into_inner).get(&token).cloned();
        let gauge = known.unwrap_or_else(|| {
            let mut gauges = self.gauges.write().unwrap_or_else(PoisonError::into_inner);
            gauges.entry(token).or_insert_with(|| Arc::new(Gauge::new(self.limit, self.burst()))).clone()
        });
        gauge.pass(now)
    }

    /// How it stands with a token now.
    pub fn read(&self, token: TokenId, now: Timestamp) -> Rate {
        let known = self.gauges.read().unwrap_or_else(PoisonError::into_inner).get(&token).cloned();
        known.map_or(Rate { limit: self.limit, burst: self.burst(), ..Rate::default() }, |gauge| gauge.read(now))
    }

    /// It was revoked: nothing of it is kept.
    pub fn forget(&self, token: TokenId) {
        self.gauges.write().unwrap_or_else(PoisonError::into_inner).remove(&token);
    }
}

/// What a program is told that has to wait.
pub fn refusal(wait: Duration) -> (Failure, u64) {
    let secs = wait.as_secs() + 1;
    let failure = Failure::new(FailureKind::Limited, "rate_limited", "this token asks for more than its limit allows");
    (failure.with_next(format!("Wait {secs} s, or spread the requests.")), secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::testing::NOON;
    use uuid::Uuid;

    #[test]
    fn each_token_has_a_limit_of_its_own() {
        let limits = TokenLimits::new(1);
        let (one, other) = (TokenId(Uuid::from_u128(1)), TokenId(Uuid::from_u128(2)));
        let passed = (0..10).filter(|_| limits.pass(one, NOON).is_ok()).count();
        assert_eq!((passed, limits.pass(other, NOON)), (2, Ok(())));
        assert_eq!(limits.read(one, NOON), Rate { limit: 1, burst: 2, last_minute: 10, limited: 8, limited_at: Some(NOON) });
        limits.forget(one);
        assert_eq!(limits.read(one, NOON), Rate { limit: 1, burst: 2, ..Rate::default() });
        let unlimited = TokenLimits::new(0);
        assert!((0..10_000).all(|_| unlimited.pass(one, NOON).is_ok()));
    }
}
