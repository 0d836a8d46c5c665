//! People, tokens and integrations as the settings screens see them.

use super::{
    ids::{PersonId, TokenId},
    integration::Rate,
    people::{Actor, ActorKind, ActorRef, Role},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The person who is signed in, or the API token that opens the page on a wall screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Me {
    pub id: PersonId,
    /// Empty for an API token: tokens have no login, people always have one.
    pub login: String,
    pub name: String,
    pub role: Role,
    /// Signed in as one of the demo's ready-made people.
    pub demo: bool,
}

impl Me {
    /// Whether it is an API token instead of a person.
    pub fn is_token(&self) -> bool {
        self.login.is_empty()
    }

    /// As somebody who acts.
    pub fn actor(&self) -> Actor {
        let kind = if self.is_token() { ActorKind::Token } else { ActorKind::Person };
        Actor { who: ActorRef { kind, id: self.id.to_string(), name: self.name.clone() }, role: self.role }
    }
}

/// What the sign-in page needs to know before anybody is signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Doorstep {
    /// Who is signed in, if anybody.
    pub me: Option<Me>,
    /// Ready-made people to sign in as with one click; only in the demo.
    pub demo_people: Vec<Person>,
    /// Nobody has an account yet: the one-time link from the server's start makes the first.
    pub needs_first_admin: bool,
}

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub login: String,
    pub name: String,
    pub role: Role,
    pub disabled: bool,
    pub demo: bool,
    pub created_at: Timestamp,
    /// When they last used a session.
    pub seen_at: Option<Timestamp>,
}

/// An API token, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    pub id: TokenId,
    pub name: String,
    pub role: Role,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    /// How much it may ask, and how much it asked.
    #[serde(default)]
    pub rate: Rate,
}

/// Something whose secret is shown this once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownOnce<T> {
    #[serde(flatten)]
    pub item: T,
    /// The secret. It is stored as a hash and cannot be shown again.
    pub token: String,
}

/// One alert source that an integration can be made for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceCard {
    pub slug: String,
    pub title: String,
    /// How to point the sender here; `{url}` and `{token}` stand for this server and the key.
    pub setup: String,
    /// A delivery as this sender sends it, to try out.
    pub example: String,
}
