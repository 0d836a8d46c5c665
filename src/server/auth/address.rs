//! Where a request comes from: the peer, or what a trusted proxy says about it.

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderName, request::Parts},
};
use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of whoever asks, for limits and logs. Never a proof of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

tokio::task_local! {
    /// From where the request comes that this task answers, for the audit log: what is noted lies
    /// several calls below the door, and only it wants to know.
    static ASKED_FROM: ClientAddress;
}

impl ClientAddress {
    /// Stands for every request whose door did not say; they share one limit.
    pub const UNKNOWN: ClientAddress = ClientAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

    /// The right-most hop that no trusted proxy of ours added. Hops to the left of it are the
    /// client's own words, and the header of an untrusted peer is ignored altogether.
    pub fn of(peer: Option<SocketAddr>, headers: &HeaderMap, trusted_proxies: &[IpAddr]) -> Self {
        let Some(peer) = peer else { return Self::UNKNOWN };
        let is_trusted = |address: IpAddr| trusted_proxies.iter().any(|proxy| proxy.to_canonical() == address);
        let mut client = peer.ip().to_canonical();
        let mut hops = headers.get_all(X_FORWARDED_FOR).iter().rev().flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        while is_trusted(client) {
            match hops.next().map(hop_address) {
                Some(Some(hop)) => client = hop,
                // A hop that cannot be read was written by nobody we trust.
                Some(None) | None => break,
            }
        }
        Self(client)
    }

    /// Answers a request that comes from here.
    pub async fn answering<T>(self, answer: impl Future<Output = T>) -> T {
        ASKED_FROM.scope(self, answer).await
    }

    /// From where the request comes that is being answered; unknown outside of any.
    pub fn of_request() -> Self {
        ASKED_FROM.try_with(|address| *address).unwrap_or(Self::UNKNOWN)
    }

    /// As the audit log keeps it.
    pub fn noted(self) -> Option<String> {
        (self != Self::UNKNOWN).then(|| self.0.to_string())
    }

    /// What limits count: the address, or the /64 that one IPv6 subscriber holds at least.
    pub fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        }
    }
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    bare.parse().or_else(|_| with_port()).ok().map(|address: IpAddr| address.to_canonical())
}

/// The peer of the connection, where the door was told.
pub(in crate::server) fn peer(extensions: &axum::http::Extensions) -> Option<SocketAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer)
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    /// What [`identify`](super::identify) found out.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or(Self::UNKNOWN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, value.parse().expect("a header"));
        }
        let trusted: Vec<IpAddr> = trusted.iter().map(|proxy| proxy.parse().expect("an address")).collect();
        ClientAddress::of(Some(SocketAddr::new(peer.parse().expect("an address"), 4711)), &headers, &trusted).0.to_string()
    }

    #[test]
    fn an_untrusted_peer_cannot_name_another_address() {
        assert_eq!(of("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(of("203.0.113.9", &["198.51.100.1"], &["10.0.0.1"]), "203.0.113.9");
    }

    #[test]
    fn behind_trusted_proxies_the_right_most_foreign_hop_counts() {
        assert_eq!(of("10.0.0.1", &["6.6.6.6, 203.0.113.9"], &["10.0.0.1"]), "203.0.113.9");
        assert_eq!(of("10.0.0.1", &["6.6.6.6", "203.0.113.9, 10.0.0.2"], &["10.0.0.1", "10.0.0.2"]), "203.0.113.9");
        assert_eq!(of("10.0.0.1", &["203.0.113.9:80"], &["10.0.0.1"]), "203.0.113.9");
        assert_eq!(of("::1", &["[2001:db8::7]:80"], &["::1"]), "2001:db8::7");
        assert_eq!(of("::ffff:10.0.0.1", &["::ffff:203.0.113.9"], &["10.0.0.1"]), "203.0.113.9");
    }

    #[test]
    fn a_hop_that_cannot_be_read_stops_the_search() {
        assert_eq!(of("10.0.0.1", &["203.0.113.9, nonsense"], &["10.0.0.1"]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &[], &["10.0.0.1"]), "10.0.0.1");
    }

    #[test]
    fn one_ipv6_subscriber_is_one_network() {
        let network = |address: &str| ClientAddress(address.parse().expect("an address")).network();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
