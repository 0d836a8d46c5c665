//! Where the page stands in the browser's history, and moving on without a new load. What a path
//! means is [`Route`]'s; every link of the page to this server comes through here by itself.

use super::{browser, routes::Route};
use crate::domain::lists::encode;
use leptos::prelude::*;

/// The address of the page.
#[derive(Clone, Copy)]
pub struct Address {
    pub path: RwSignal<String>,
    pub query: RwSignal<Query>,
    /// What stands behind the `#`. It is told again whenever it is asked for again.
    pub place: RwSignal<String>,
}

/// What stands behind the `?`, in its order, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(pub Vec<(String, String)>);

impl Query {
    /// The last value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).last()
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The address of `path` with these behind the `?`; those without a value are left out.
pub fn address_of(path: &str, query: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(name);
        address.push('=');
        address.push_str(&encode(value));
    }
    address
}

impl Address {
    /// An address that is drawn once and never left.
    pub fn still(path: &str, query: Vec<(String, String)>) -> Self {
        Self { path: RwSignal::new(path.to_owned()), query: RwSignal::new(Query(query)), place: RwSignal::new(String::new()) }
    }

    /// Reads the address and follows it from now on.
    pub fn begin() -> Self {
        let address = Self { path: RwSignal::new(String::new()), query: RwSignal::new(Query::default()), place: RwSignal::new(String::new()) };
        address.read();
        browser::on_history(move || address.read());
        browser::on_inner_link(move |to| address.visit(&to, false));
        address
    }

    pub fn open(self, route: &Route) {
        self.visit(&route.path(), false);
    }

    /// The same page looked at otherwise, with a way back to how it was looked at before.
    pub fn go(self, to: &str) {
        self.visit(to, false);
    }

    /// Goes on to an address in place of this one: going back passes over it.
    pub fn replace(self, to: &str) {
        self.visit(to, true);
    }

    /// The same page looked at otherwise; where it is scrolled to stays.
    pub fn amend(self, to: &str) {
        browser::set_address(to, true);
        self.read();
    }

    fn visit(self, to: &str, replace: bool) {
        browser::set_address(to, replace);
        self.read();
        browser::scroll_to_place();
    }

    fn read(self) {
        let (path, query) = browser::address();
        self.query.set(Query(query));
        self.path.set(path);
        self.place.set(browser::place_named());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_name_is_said_and_all_can_be_asked_for() {
        let query = Query([("a", "1"), ("b", "2"), ("a", "3")].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
        assert_eq!((query.get("a"), query.get("b"), query.get("c")), (Some("3"), Some("2"), None));
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1", "3"]);
    }

    #[test]
    fn what_stands_behind_the_question_mark_cannot_leave_its_place() {
        assert_eq!(address_of("/changes", &[("range", ""), ("service", "a&b=ä #1"), ("x", "y")]), "/changes?service=a%26b%3D%C3%A4%20%231&x=y");
    }
}
