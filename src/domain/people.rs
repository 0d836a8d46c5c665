//! Who acts, and which role may do what.

use serde::{Deserialize, Serialize};

/// What a person or token may do in this installation. Each role includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Works on incidents.
    Responder,
    /// Leads any incident.
    Commander,
    /// Manages people, keys and integrations.
    Admin,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Responder, Role::Commander, Role::Admin];

    pub fn slug(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Responder => "responder",
            Role::Commander => "commander",
            Role::Admin => "admin",
        }
    }

    /// With its article, as refusals say it: "a responder".
    pub fn with_article(self) -> &'static str {
        match self {
            Role::Viewer => "a viewer",
            Role::Responder => "a responder",
            Role::Commander => "a commander",
            Role::Admin => "an admin",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.slug() == text)
    }

    /// Whether this role has `right`.
    pub fn may(self, right: Right) -> bool {
        self >= right.needs()
    }
}

/// Something a role allows, outside the rules of a single incident (those are
/// [`incident::allowed`](crate::domain::incident::allowed)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Read incidents, alerts, services, and one's own profile.
    Read,
    /// Declare incidents and work on them; send alerts by REST.
    Work,
    /// Say who owns a service, and what else is known of it.
    DescribeServices,
    /// Make, change and remove objectives, and leave time out of them.
    ManageObjectives,
    /// Say what the executive's figures are to be.
    SetTargets,
    /// Allow releases that the gate refuses.
    OverrideGate,
    /// See every private incident.
    SeePrivate,
    /// Read integrations, without their secrets.
    ReadIntegrations,
    /// Make, change and remove integrations.
    ManageIntegrations,
    /// Make and disable accounts, change roles.
    ManagePeople,
    /// Make and revoke API tokens.
    ManageTokens,
    /// Make, change and remove data sources.
    ManageDataSources,
    /// Read what everybody did here.
    ReadAudit,
}

impl Right {
    pub const ALL: [Right; 13] = [
        Right::Read,
        Right::Work,
        Right::DescribeServices,
        Right::ManageObjectives,
        Right::SetTargets,
        Right::OverrideGate,
        Right::SeePrivate,
        Right::ReadIntegrations,
        Right::ManageIntegrations,
        Right::ManagePeople,
        Right::ManageTokens,
        Right::ManageDataSources,
        Right::ReadAudit,
    ];

    /// The least role that has it. This is the table of rights.
    pub fn needs(self) -> Role {
        match self {
            Right::Read => Role::Viewer,
            Right::Work | Right::ReadIntegrations => Role::Responder,
            Right::DescribeServices | Right::ManageObjectives | Right::SetTargets | Right::OverrideGate => Role::Commander,
            Right::SeePrivate | Right::ManageIntegrations | Right::ManagePeople | Right::ManageTokens | Right::ManageDataSources | Right::ReadAudit => {
                Role::Admin
            }
        }
    }

    /// Why a role without it is refused.
    pub fn refusal(self) -> String {
        let what = match self {
            Right::Read => "read this",
            Right::Work => "work on incidents",
            Right::DescribeServices => "describe services",
            Right::ManageObjectives => "change objectives and what is left out of them",
            Right::SetTargets => "set targets",
            Right::OverrideGate => "override the release gate",
            Right::SeePrivate => "see every private incident",
            Right::ReadIntegrations => "see integrations",
            Right::ManageIntegrations => "change integrations",
            Right::ManagePeople => "manage people",
            Right::ManageTokens => "manage API tokens",
            Right::ManageDataSources => "change data sources",
            Right::ReadAudit => "read the audit log",
        };
        format!("{} role is needed to {what}", self.needs().with_article())
    }
}

/// What kind of thing acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    Person,
    Token,
    Integration,
    /// Tocsin itself: timers and rules.
    System,
    /// An importer, on behalf of whoever wrote the imported record.
    Import,
}

impl ActorKind {
    pub const ALL: [ActorKind; 5] = [ActorKind::Person, ActorKind::Token, ActorKind::Integration, ActorKind::System, ActorKind::Import];

    pub fn slug(self) -> &'static str {
        match self {
            ActorKind::Person => "person",
            ActorKind::Token => "token",
            ActorKind::Integration => "integration",
            ActorKind::System => "system",
            ActorKind::Import => "import",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == text)
    }
}

/// Who did something, as the record keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ActorRef {
    pub kind: ActorKind,
    /// The person's, token's or integration's id; `tocsin` for the system.
    pub id: String,
    /// The name as it was then.
    pub name: String,
}

impl ActorRef {
    pub fn system() -> Self {
        Self { kind: ActorKind::System, id: "tocsin".to_owned(), name: "Tocsin".to_owned() }
    }

    /// Whoever has the command line and with it the database.
    pub fn console() -> Self {
        Self { kind: ActorKind::System, id: "console".to_owned(), name: "Operator at the console".to_owned() }
    }
}

/// Who asks for something now: the record's reference plus what they may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    #[serde(flatten)]
    pub who: ActorRef,
    pub role: Role,
}

impl Actor {
    /// Whether `person` names this actor: by id where it has one, else by name.
    pub fn is(&self, person: &PersonRef) -> bool {
        match &person.id {
            Some(id) => *id == self.who.id,
            None => person.name == self.who.name,
        }
    }

    /// This actor as somebody who can hold a role.
    pub fn as_person(&self) -> PersonRef {
        PersonRef { id: Some(self.who.id.clone()), name: self.who.name.clone() }
    }
}

/// Somebody who can hold a role in an incident. People without an account (a vendor's engineer)
/// have a name and no id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct PersonRef {
    pub id: Option<String>,
    pub name: String,
}

impl<'de> Deserialize<'de> for PersonRef {
    /// Reads `{"id": …, "name": …}` or just a text, which the server looks up as an id, a login or a name.
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelling {
            Text(String),
            Full { id: Option<String>, name: Option<String> },
        }
        match Spelling::deserialize(from)? {
            Spelling::Text(name) => Ok(Self { id: None, name }),
            Spelling::Full { id, name: Some(name) } => Ok(Self { id, name }),
            // Whoever looks the id up learns the name; an id that nobody has must not become a name.
            Spelling::Full { id: Some(id), name: None } => Ok(Self { name: id.clone(), id: Some(id) }),
            Spelling::Full { id: None, name: None } => Err(serde::de::Error::custom("a person needs an id or a name")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_includes_the_ones_before_it() {
        for pair in Role::ALL.windows(2) {
            for right in Right::ALL {
                assert!(!pair[0].may(right) || pair[1].may(right), "{:?} lost {right:?}", pair[1]);
            }
        }
        assert!(!Role::Viewer.may(Right::Work));
        assert!(Role::Admin.may(Right::ManageTokens));
    }

    #[test]
    fn a_person_is_read_from_a_text_or_an_object() {
        let by_name: PersonRef = serde_json::from_str("\"Mara\"").expect("a text names a person");
        assert_eq!(by_name, PersonRef { id: None, name: "Mara".to_owned() });
        let full: PersonRef = serde_json::from_str(r#"{"id":"7","name":"Mara"}"#).expect("an object names a person");
        assert_eq!(full.id.as_deref(), Some("7"));
        let by_id: PersonRef = serde_json::from_str(r#"{"id":"7"}"#).expect("an id names a person");
        assert_eq!(by_id.id.as_deref(), Some("7"));
        assert!(serde_json::from_str::<PersonRef>("{}").is_err());
    }
}
