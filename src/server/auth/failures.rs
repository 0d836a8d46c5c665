//! Failed sign-ins on their way into the audit log. The first of somebody is noted at once; those
//! alike that follow are counted and noted together, so that no attack fills the disk with them.
//!
//! What is counted is in memory: a crash forgets at most the counts of one window, never that
//! there were failures.

use super::ClientAddress;
use crate::domain::{
    accounts::Person,
    audit::{Action, By, Note, Subject},
    ids::PersonId,
    time::Timestamp,
};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How long failures alike are counted together.
const WINDOW_SECS: i64 = 15 * 60;
/// Further ones are counted as one: 66 entries in a quarter of an hour at the very most.
const MOST_WINDOWS: usize = 32;

/// Which failures are alike: on one account from one network. `None` is all the others.
type Alike = Option<(Option<PersonId>, IpAddr)>;

struct Window {
    began: Timestamp,
    /// How many came after the first.
    more: u64,
    /// What is noted of them.
    note: Note,
}

#[derive(Default)]
pub struct Failures(Mutex<HashMap<Alike, Window>>);

impl Failures {
    /// Counts a failure; answers what is to be noted now. Of a login that nobody has, nothing is
    /// kept: people type passwords there by mistake.
    pub fn count(&self, person: Option<&Person>, address: ClientAddress, now: Timestamp) -> Option<Note> {
        let mut windows = self.windows();
        let alike = Some((person.map(|person| person.id), address.network()));
        let alike = if windows.contains_key(&alike) || windows.len() < MOST_WINDOWS { alike } else { None };
        if let Some(window) = windows.get_mut(&alike) {
            window.more += 1;
            return None;
        }
        let subject = person.filter(|_| alike.is_some()).map(|person| Subject::new("person", person.id, &person.name));
        let address = address.noted().filter(|_| alike.is_some());
        let note = By::nobody(address).did(Action::SignInFailed, subject);
        windows.insert(alike, Window { began: now, more: 0, note: note.clone() });
        Some(note)
    }

    /// What is to be noted of windows that are over at `now`, or of all at the end.
    pub fn due(&self, now: Option<Timestamp>) -> Vec<Note> {
        let mut due = vec![];
        self.windows().retain(|_, window| {
            let over = now.is_none_or(|now| now.secs_since(window.began) >= WINDOW_SECS);
            if over && window.more > 0 {
                due.push(window.note.clone().with("more", window.more).with("since", window.began));
            }
            !over
        });
        due
    }

    fn windows(&self) -> MutexGuard<'_, HashMap<Alike, Window>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::testing::NOON;
    use std::net::Ipv4Addr;

    fn from(n: u16) -> ClientAddress {
        let [high, low] = n.to_be_bytes();
        ClientAddress(Ipv4Addr::new(203, 0, high, low).into())
    }

    #[test]
    fn the_first_is_noted_at_once_and_the_rest_together() {
        let failures = Failures::default();
        assert!(failures.count(None, from(1), NOON).is_some());
        for secs in 1..100 {
            assert_eq!(failures.count(None, from(1), NOON.plus_secs(secs)), None);
        }
        assert!(failures.count(None, from(2), NOON).is_some(), "another network is another story");
        assert_eq!(failures.due(Some(NOON.plus_secs(WINDOW_SECS - 1))), []);
        let due = failures.due(Some(NOON.plus_secs(WINDOW_SECS)));
        assert_eq!(due.iter().map(|note| note.data["more"].as_str()).collect::<Vec<_>>(), ["99"], "one alone needs no second entry");
        assert!(failures.count(None, from(1), NOON.plus_secs(WINDOW_SECS)).is_some(), "a new window begins");
    }

    #[test]
    fn an_attack_from_everywhere_is_a_few_entries() {
        let failures = Failures::default();
        let noted = (0..10_000).filter(|n| failures.count(None, from(*n), NOON).is_some()).count();
        assert_eq!(noted, MOST_WINDOWS + 1);
        let due = failures.due(None);
        assert_eq!(due.iter().map(|note| (note.by.address.clone(), note.data["more"].clone())).collect::<Vec<_>>(), [(None, "9967".to_owned())]);
    }
}
