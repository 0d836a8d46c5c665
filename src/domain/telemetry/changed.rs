//! What changed in a range, of whatever kind, as one list in the order of time: deploys, the states
//! of objectives, alerts, maintenance, time that is left out, and definitions.
//!
//! It says what changed and when. That one of it is the reason for another is nobody's claim here.

use crate::domain::{
    change::ChangeCard,
    reading::{Readable, Reader},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Of what kind a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedKind {
    /// Something was deployed, or changed otherwise, as its sender reports it.
    Deploy,
    /// How an objective stands changed, or a burn alert of it fired or cleared.
    Objective,
    /// An alert was opened or resolved.
    Alert,
    /// Maintenance began.
    Maintenance,
    /// Time began that objectives leave out.
    Exclusion,
    /// Somebody changed what is defined here.
    Definition,
}

impl ChangedKind {
    pub const ALL: [ChangedKind; 6] =
        [ChangedKind::Deploy, ChangedKind::Objective, ChangedKind::Alert, ChangedKind::Maintenance, ChangedKind::Exclusion, ChangedKind::Definition];

    pub fn slug(self) -> &'static str {
        match self {
            ChangedKind::Deploy => "deploy",
            ChangedKind::Objective => "objective",
            ChangedKind::Alert => "alert",
            ChangedKind::Maintenance => "maintenance",
            ChangedKind::Exclusion => "exclusion",
            ChangedKind::Definition => "definition",
        }
    }

    /// What one is called where kinds stand beside each other.
    pub fn label(self) -> &'static str {
        match self {
            ChangedKind::Deploy => "Deploys",
            ChangedKind::Objective => "Objectives",
            ChangedKind::Alert => "Alerts",
            ChangedKind::Maintenance => "Maintenance",
            ChangedKind::Exclusion => "Left out",
            ChangedKind::Definition => "Definitions",
        }
    }
}

/// Where one can be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadsTo {
    pub page: LeadsToPage,
    /// The reference or id of an incident, else a name.
    pub name: String,
}

/// The kinds of pages that changes lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadsToPage {
    Incident,
    Objective,
    Service,
}

impl LeadsToPage {
    pub fn named(self, name: impl ToString) -> LeadsTo {
        LeadsTo { page: self, name: name.to_string() }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    pub at: Timestamp,
    /// When it ended, or will, of what lasts.
    pub until: Option<Timestamp>,
    pub kind: ChangedKind,
    /// What it is about.
    pub title: String,
    /// What happened to it: `opened, critical`, `within → overspent`.
    pub words: String,
    pub service: Option<String>,
    /// Something got worse by it: it opened, fired, failed or was overspent.
    pub is_worse: bool,
    pub leads_to: Option<LeadsTo>,
    /// Of a deploy: all that is known of it.
    pub change: Option<ChangeCard>,
}

/// All that changed in a range, the last first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangedPage {
    pub items: Vec<Changed>,
    /// The kinds of which there were more than are listed.
    pub cut: Vec<ChangedKind>,
}

impl ChangedPage {
    /// Puts everything in the order of time, the last first; what happened at once, by kind.
    pub fn order(&mut self) {
        crate::domain::sorting::sort_by_key(&mut self.items, |item| (std::cmp::Reverse(item.at), item.kind, item.title.clone()));
    }
}

impl Readable for ChangedKind {
    fn read(from: Reader<'_>) -> Self {
        from.word(&ChangedKind::ALL.map(|kind| (kind.slug(), kind)))
    }
}

impl Readable for LeadsToPage {
    fn read(from: Reader<'_>) -> Self {
        from.word(&[("incident", LeadsToPage::Incident), ("objective", LeadsToPage::Objective), ("service", LeadsToPage::Service)])
    }
}

impl Readable for LeadsTo {
    fn read(from: Reader<'_>) -> Self {
        Self { page: from.get("page"), name: from.get("name") }
    }
}

impl Readable for Changed {
    fn read(from: Reader<'_>) -> Self {
        Self {
            at: from.get("at"),
            until: from.get("until"),
            kind: from.get("kind"),
            title: from.get("title"),
            words: from.get("words"),
            service: from.get("service"),
            is_worse: from.get("is_worse"),
            leads_to: from.get("leads_to"),
            change: from.get("change"),
        }
    }
}

impl Readable for ChangedPage {
    fn read(from: Reader<'_>) -> Self {
        Self { items: from.get("items"), cut: from.get("cut") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(at: i64, kind: ChangedKind, leads_to: Option<LeadsTo>) -> Changed {
        let at = Timestamp::from_micros(at * 1_000_000);
        Changed {
            at,
            until: Some(at.plus_secs(60)),
            kind,
            title: "t".into(),
            words: "opened".into(),
            service: Some("pay".into()),
            is_worse: true,
            leads_to,
            change: None,
        }
    }

    #[test]
    fn everything_reads_back_as_it_was_written() {
        let leads = [None, Some(LeadsToPage::Incident.named("INC-3")), Some(LeadsToPage::Objective.named("pay/a")), Some(LeadsToPage::Service.named("pay"))];
        let items = ChangedKind::ALL.into_iter().zip(leads.into_iter().cycle()).enumerate().map(|(n, (kind, leads))| one(n as i64, kind, leads));
        let page = ChangedPage { items: items.collect(), cut: ChangedKind::ALL.to_vec() };
        assert_eq!(crate::domain::reading::read(serde_json::to_string(&page).expect("it serialises").as_bytes()), Some(page));
        for kind in ChangedKind::ALL {
            assert_eq!(serde_json::to_value(kind).ok(), Some(serde_json::Value::from(kind.slug())));
        }
    }

    #[test]
    fn the_last_stands_first_whatever_its_kind() {
        let mut page = ChangedPage {
            items: vec![one(1, ChangedKind::Alert, None), one(3, ChangedKind::Definition, None), one(3, ChangedKind::Deploy, None)],
            cut: vec![],
        };
        page.order();
        let order: Vec<ChangedKind> = page.items.iter().map(|item| item.kind).collect();
        assert_eq!(order, [ChangedKind::Deploy, ChangedKind::Definition, ChangedKind::Alert]);
    }
}
