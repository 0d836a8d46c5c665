//! The first screen of an address: what it is drawn from, before the app has loaded and where it
//! cannot run. The server gathers it, `render` draws it, and the app starts from the same data.

use super::{
    accounts::Doorstep,
    boards::{IncidentPage, Snapshot},
    executive::Executive,
    failure::Failure,
    incident::Command,
};
use serde::{Deserialize, Serialize};

/// What a screen shows. It also stands in the page as data, so that the app goes on where the
/// picture ends and asks nothing twice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FirstScreen {
    /// Everything the board needs; `None` where nobody is signed in.
    pub snapshot: Option<Snapshot>,
    /// The incident that was asked for, with its record. It stands in the page in an element of its
    /// own, so that what reads it comes with the part of the app that shows it.
    #[serde(skip)]
    pub page: Option<IncidentPage>,
    /// Why there is no such incident, or none that the asker may know of.
    pub failure: Option<Failure>,
    /// Where nobody is signed in: what the sign-in page shows.
    pub door: Option<Doorstep>,
    /// What became of the form that led here.
    pub said: Option<Said>,
}

/// What became of a plain form, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub words: String,
    /// What the reader can do, where there is something.
    pub next: Option<String>,
    pub refused: bool,
}

/// What has to be gathered for the screen of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needs {
    /// There is no such page.
    Unknown,
    /// What stands on every screen.
    Board,
    /// The same, and this incident, by reference or id.
    Incident(String),
    /// The same, and the executive board.
    Executive,
}

/// What a plain form carries, so that it is known to come from one of our own pages and is done once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormKeys {
    /// The id of the command that it would give.
    pub command: String,
    /// Proves that this session's page was given that id.
    pub token: String,
    /// The page that it leads back to.
    pub back: String,
}

/// One screen that is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    pub path: String,
    /// What stands behind the `?`, decoded.
    pub query: Vec<(String, String)>,
    /// The theme that was chosen in this browser; without one the system's.
    pub theme: Option<Theme>,
    /// This server's address as people know it.
    pub origin: String,
    pub keys: Option<FormKeys>,
    pub screen: FirstScreen,
    /// The executive board, where it was asked for. It stands in the page apart from the rest, so
    /// that what reads it comes with its own part of the app.
    pub executive: Option<Executive>,
}

/// A theme that somebody chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub fn slug(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        [Theme::Light, Theme::Dark].into_iter().find(|theme| theme.slug() == text)
    }
}

/// What a plain form can do to an incident; its address names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainVerb {
    Acknowledge,
    Activate,
    Mitigate,
    Resolve,
    Close,
    Reopen,
    Note,
}

/// What somebody filled into a plain form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlainFields {
    /// How long an acknowledgement holds; `None` is until further notice.
    pub for_s: Option<i64>,
    pub reason: Option<String>,
    /// Of a reopening: whether it was well between the resolve and now.
    pub recovered: Option<bool>,
    pub text: String,
}

impl PlainVerb {
    pub const ALL: [PlainVerb; 7] = {
        use PlainVerb::{Acknowledge, Activate, Close, Mitigate, Note, Reopen, Resolve};
        [Acknowledge, Activate, Mitigate, Resolve, Close, Reopen, Note]
    };

    pub fn slug(self) -> &'static str {
        match self {
            PlainVerb::Acknowledge => "acknowledge",
            PlainVerb::Activate => "activate",
            PlainVerb::Mitigate => "mitigate",
            PlainVerb::Resolve => "resolve",
            PlainVerb::Close => "close",
            PlainVerb::Reopen => "reopen",
            PlainVerb::Note => "note",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.slug() == text)
    }

    /// The verb by which a plain form gives this command, where one does.
    pub fn of(command: &Command) -> Option<Self> {
        match command {
            Command::Acknowledge { .. } => Some(PlainVerb::Acknowledge),
            Command::Activate { .. } => Some(PlainVerb::Activate),
            Command::Mitigate { .. } => Some(PlainVerb::Mitigate),
            Command::Resolve { .. } => Some(PlainVerb::Resolve),
            Command::Close { .. } => Some(PlainVerb::Close),
            Command::Reopen { .. } => Some(PlainVerb::Reopen),
            Command::Note { .. } => Some(PlainVerb::Note),
            _ => None,
        }
    }

    pub fn command(self, PlainFields { for_s, reason, recovered, text }: PlainFields) -> Command {
        match self {
            PlainVerb::Acknowledge => Command::Acknowledge { for_s, happened_at: None },
            PlainVerb::Activate => Command::Activate { reason },
            PlainVerb::Mitigate => Command::Mitigate { reason, happened_at: None },
            PlainVerb::Resolve => Command::Resolve { reason, happened_at: None },
            PlainVerb::Close => Command::Close { reason },
            PlainVerb::Reopen => Command::Reopen { reason, recovered },
            PlainVerb::Note => Command::Note { text, happened_at: None },
        }
    }

    /// What it came to, in a word for people.
    pub fn done(self) -> &'static str {
        match self {
            PlainVerb::Acknowledge => "Acknowledged",
            PlainVerb::Activate => "Active again",
            PlainVerb::Mitigate => "Mitigated",
            PlainVerb::Resolve => "Resolved",
            PlainVerb::Close => "Closed",
            PlainVerb::Reopen => "Reopened",
            PlainVerb::Note => "Noted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_form_and_its_command_name_each_other() {
        for verb in PlainVerb::ALL {
            assert_eq!(PlainVerb::from_slug(verb.slug()), Some(verb));
            assert_eq!(PlainVerb::of(&verb.command(PlainFields::default())), Some(verb));
        }
        assert_eq!(PlainVerb::from_slug("merge"), None);
        let never = PlainFields { recovered: Some(false), ..PlainFields::default() };
        assert_eq!(PlainVerb::Reopen.command(never), Command::Reopen { reason: None, recovered: Some(false) });
    }
}
