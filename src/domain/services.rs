//! Services: who owns them, how much hangs on them, and how they fare.

use super::{
    alert::{Alert, Link},
    ids::IncidentRef,
    reading::{Readable, Reader},
    severity::Severity,
    slo::{
        report::{ObjectiveRow, Standing},
        words,
    },
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Tiers go from 1, what hurts most when it is gone, to this.
pub const MAX_TIER: i64 = 5;
const MAX_NAME: usize = 200;
const MAX_OWNER: usize = 100;
const MAX_DESCRIPTION: usize = 2_000;
const MAX_LINKS: usize = 20;
const MAX_DEPENDENCIES: usize = 100;
const MAX_HREF: usize = 2_000;

/// What people say of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceDraft {
    /// The team that owns it.
    #[serde(default)]
    pub owner: Option<String>,
    #[serde(default)]
    pub tier: Option<i64>,
    #[serde(default)]
    pub description: String,
    /// Runbook, dashboard, repository, chat.
    #[serde(default)]
    pub links: Vec<Link>,
    /// The services that it needs, by name, whatever calls show. A name may be of a service that
    /// nobody has described yet: definitions are written in any order, and what is called may
    /// belong to somebody else.
    #[serde(default)]
    pub depends_on: Vec<String>,
}

impl ServiceDraft {
    /// What may be kept of the service `name`, or everything that is wrong with it.
    pub fn parse(self, name: &str) -> Result<Self, Vec<String>> {
        let text = |text: &str| text.trim().to_owned();
        let draft = Self {
            owner: self.owner.as_deref().map(text).filter(|owner| !owner.is_empty()),
            tier: self.tier,
            description: text(&self.description),
            links: self.links.into_iter().map(|link| Link { href: text(&link.href), text: text(&link.text) }).filter(|link| !link.href.is_empty()).collect(),
            depends_on: named_once(self.depends_on),
        };
        let mut faults = Vec::new();
        let control = |text: &str| text.chars().any(|letter| letter.is_control() && letter != '\n');
        if draft.owner.as_deref().is_some_and(|owner| owner.chars().count() > MAX_OWNER || control(owner)) {
            faults.push(format!("the owner has at most {MAX_OWNER} characters"));
        }
        if draft.tier.is_some_and(|tier| !(1..=MAX_TIER).contains(&tier)) {
            faults.push(format!("the tier is 1 to {MAX_TIER}"));
        }
        if draft.description.chars().count() > MAX_DESCRIPTION || control(&draft.description) {
            faults.push(format!("the description has at most {MAX_DESCRIPTION} characters"));
        }
        if draft.links.len() > MAX_LINKS {
            faults.push(format!("there are at most {MAX_LINKS} links"));
        }
        for link in &draft.links {
            if !Link::is_safe(&link.href) || link.href.len() > MAX_HREF || control(&link.href) || control(&link.text) {
                faults.push(format!("“{}” is no link to http, https or mailto", link.href.chars().take(60).collect::<String>()));
            }
        }
        if draft.depends_on.len() > MAX_DEPENDENCIES {
            faults.push(format!("it depends on at most {MAX_DEPENDENCIES} services"));
        }
        for needed in &draft.depends_on {
            if !is_name(needed) {
                faults.push(format!("“{}” is no name of a service", needed.chars().filter(|letter| !letter.is_control()).take(60).collect::<String>()));
            }
        }
        if draft.depends_on.iter().any(|needed| needed == name) {
            faults.push("a service does not depend on itself".to_owned());
        }
        if faults.is_empty() { Ok(draft) } else { Err(faults) }
    }

    /// The names of the fields in which it differs from what was said before.
    pub fn changed_since(&self, before: &Self) -> Vec<&'static str> {
        let fields = [
            ("owner", self.owner != before.owner),
            ("tier", self.tier != before.tier),
            ("description", self.description != before.description),
            ("links", self.links != before.links),
            ("depends_on", self.depends_on != before.depends_on),
        ];
        fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// Names without blanks around them, each once, in the order in which they were given.
fn named_once(names: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        if !kept.iter().any(|known| known == name) {
            kept.push(name.to_owned());
        }
    }
    kept
}

/// Whether something can be a service's name.
pub fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.trim() == name && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control)
}

/// An open incident of a service, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenIncident {
    #[serde(rename = "ref")]
    pub reference: IncidentRef,
    pub title: String,
    pub severity: Option<Severity>,
}

/// A change of a service, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceChange {
    pub title: String,
    pub status: Option<String>,
    pub at: Timestamp,
}

/// The objective of a service that stands worst, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorstObjective {
    pub name: String,
    pub title: String,
    pub state: Standing,
    /// What is left of its budget; below zero when more than all of it is spent, absent where nothing was measured.
    pub remaining_ratio: Option<f64>,
}

impl WorstObjective {
    /// The first of a service in what stands in the order of the board, the worst first.
    pub fn of(rows: &[ObjectiveRow], service: &str) -> Option<Self> {
        let report = &rows.iter().find(|row| row.report.objective.service.as_deref() == Some(service))?.report;
        let (name, title) = (report.objective.name.clone(), report.objective.title.clone());
        Some(Self { name, title, state: report.state, remaining_ratio: report.tally.remaining_ratio })
    }

    /// `18 % left`, `7 % over`, `no data`.
    pub fn words(&self) -> String {
        match (self.state, self.remaining_ratio) {
            (Standing::NotMeasured, _) => "no data".to_owned(),
            (_, Some(ratio)) if ratio < 0.0 => format!("{} over", words::percent(-ratio)),
            (_, Some(ratio)) => format!("{} left", words::percent(ratio)),
            // Without a budget there is nothing of which a share could be left.
            (state, None) => state.words().to_lowercase(),
        }
    }
}

/// A service and how it fares, as far as the asker may see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    pub name: String,
    pub owner: Option<String>,
    pub tier: Option<i64>,
    pub description: String,
    pub links: Vec<Link>,
    /// The services that somebody said it needs.
    pub depends_on: Vec<String>,
    /// Those of them that nobody has described here.
    pub unknown_dependencies: Vec<String>,
    /// Its open incidents, the worst first.
    pub open: Vec<OpenIncident>,
    /// How many of its alerts are open.
    pub alerts: i64,
    pub last_incident_at: Option<Timestamp>,
    pub last_change: Option<ServiceChange>,
    /// The share of the last thirty days in which nobody was hurt by it.
    pub availability: f64,
    /// Which of its objectives stands worst; `None` where none is set.
    #[serde(default)]
    pub worst_objective: Option<WorstObjective>,
}

impl Service {
    /// The worst severity that is open; "not sure yet" stands behind SEV3.
    pub fn urgency(&self) -> u8 {
        self.open.iter().map(|open| open.severity.map_or(7, |severity| severity.level() * 2)).min().unwrap_or(u8::MAX)
    }
}

/// A service beside another: what calls show of the two, and what somebody said. Where they
/// disagree both stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    pub service: String,
    /// Calls between the two in the last hour; `None` where none was seen.
    pub calls: Option<Calls>,
    /// Somebody said that the one needs the other.
    pub declared: bool,
    /// Whether anything is said of what the one that calls needs: where nothing is, that this is
    /// not said means nothing.
    pub declares: bool,
    /// Somebody has described it here.
    pub known: bool,
}

/// Calls of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calls {
    pub requests: u64,
    pub errors: u64,
}

impl Neighbour {
    /// Where the two disagree, in words.
    pub fn disagreement(&self) -> Option<&'static str> {
        match (self.calls.is_some(), self.declared) {
            (false, true) => Some("declared, no calls seen"),
            (true, false) if self.declares => Some("calls show it, nobody declared it"),
            (true, _) | (false, false) => None,
        }
    }
}

/// A service with what its page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServicePage {
    pub service: Service,
    /// Its open alerts, the newest first, at most fifty.
    pub alerts: Vec<Alert>,
    /// Its last changes, the newest first.
    pub changes: Vec<ServiceChange>,
    /// Its objectives as the executive board shows them, the worst first.
    pub objectives: Vec<ObjectiveRow>,
    /// What it calls, or is said to need, those first that fail.
    pub needs: Vec<Neighbour>,
    /// What calls it, or is said to need it.
    pub used_by: Vec<Neighbour>,
}

impl Readable for OpenIncident {
    fn read(from: Reader<'_>) -> Self {
        Self { reference: from.get("ref"), title: from.get("title"), severity: from.get("severity") }
    }
}

impl Readable for ServiceChange {
    fn read(from: Reader<'_>) -> Self {
        Self { title: from.get("title"), status: from.get("status"), at: from.get("at") }
    }
}

impl Readable for Service {
    fn read(from: Reader<'_>) -> Self {
        Self {
            name: from.get("name"),
            owner: from.get("owner"),
            tier: from.get("tier"),
            description: from.get("description"),
            links: from.get("links"),
            depends_on: from.get("depends_on"),
            unknown_dependencies: from.get("unknown_dependencies"),
            open: from.get("open"),
            alerts: from.get("alerts"),
            last_incident_at: from.get("last_incident_at"),
            last_change: from.get("last_change"),
            availability: from.get("availability"),
            worst_objective: from.get("worst_objective"),
        }
    }
}

impl Readable for WorstObjective {
    fn read(from: Reader<'_>) -> Self {
        Self { name: from.get("name"), title: from.get("title"), state: from.get("state"), remaining_ratio: from.get("remaining_ratio") }
    }
}

impl Readable for ServicePage {
    fn read(from: Reader<'_>) -> Self {
        Self {
            service: from.get("service"),
            alerts: from.get("alerts"),
            changes: from.get("changes"),
            objectives: from.get("objectives"),
            needs: from.get("needs"),
            used_by: from.get("used_by"),
        }
    }
}

impl Readable for Neighbour {
    fn read(from: Reader<'_>) -> Self {
        Self {
            service: from.get("service"),
            calls: from.get("calls"),
            declared: from.get("declared"),
            declares: from.get("declares"),
            known: from.get("known"),
        }
    }
}

impl Readable for Calls {
    fn read(from: Reader<'_>) -> Self {
        Self { requests: from.get("requests"), errors: from.get("errors") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_names_everything_that_is_wrong_with_it() {
        let link = |href: &str| Link { href: href.to_owned(), text: "Runbook".to_owned() };
        let wrong = ServiceDraft { owner: Some("x".repeat(101)), tier: Some(0), links: vec![link("javascript:alert(1)")], ..ServiceDraft::default() };
        assert_eq!(wrong.parse("pay").expect_err("it is wrong").len(), 3);
        let right = ServiceDraft { owner: Some("  ".to_owned()), tier: Some(1), links: vec![link("https://a"), link("")], ..ServiceDraft::default() };
        let right = right.parse("pay").expect("it is right");
        assert_eq!((right.owner, right.links.len()), (None, 1));
    }

    #[test]
    fn the_worst_objective_says_what_is_left_of_it() {
        let said = |state, remaining_ratio| WorstObjective { name: "a".to_owned(), title: "A".to_owned(), state, remaining_ratio }.words();
        assert_eq!(said(Standing::Low, Some(0.18)), "18 % left");
        assert_eq!(said(Standing::Overspent, Some(-0.07)), "7 % over");
        assert_eq!((said(Standing::NotMeasured, Some(0.5)), said(Standing::Within, None)), ("no data".to_owned(), "within".to_owned()));
    }

    #[test]
    fn dependencies_are_named_once_and_never_the_service_itself() {
        let draft = |names: &[&str]| ServiceDraft { depends_on: names.iter().map(|name| (*name).to_owned()).collect(), ..ServiceDraft::default() };
        let right = draft(&[" ledger ", "", "provider-a", "ledger", "not known yet"]).parse("pay").expect("it is right");
        assert_eq!(right.depends_on, ["ledger", "provider-a", "not known yet"]);
        assert_eq!(draft(&["pay"]).parse("pay").expect_err("it is itself"), ["a service does not depend on itself"]);
        assert_eq!(draft(&["a\nb", &"x".repeat(201)]).parse("pay").expect_err("they are no names").len(), 2);
        let many: Vec<String> = (0..101).map(|n| format!("s{n}")).collect();
        assert_eq!(ServiceDraft { depends_on: many, ..ServiceDraft::default() }.parse("pay").expect_err("they are many").len(), 1);
        assert_eq!(right.changed_since(&draft(&[])), ["depends_on"]);
    }

    #[test]
    fn calls_and_what_was_said_may_disagree_and_both_stand() {
        let calls = Some(Calls { requests: 10, errors: 0 });
        let said = |calls, declared, declares| Neighbour { service: "a".into(), calls, declared, declares, known: true }.disagreement();
        assert_eq!(said(None, true, true), Some("declared, no calls seen"));
        assert_eq!(said(calls, false, true), Some("calls show it, nobody declared it"));
        assert_eq!((said(calls, false, false), said(calls, true, true)), (None, None));
    }

    #[test]
    fn a_service_reads_back_as_it_was_written() {
        let at = Timestamp::from_micros(1_786_450_000_000_000);
        let service = Service {
            name: "pay".into(),
            owner: Some("Payments".into()),
            tier: Some(1),
            description: String::new(),
            links: vec![Link { href: "https://a".into(), text: "Runbook".into() }],
            depends_on: vec!["ledger".into()],
            unknown_dependencies: vec!["ledger".into()],
            open: vec![OpenIncident { reference: IncidentRef(3), title: "t".into(), severity: None }],
            alerts: 2,
            last_incident_at: Some(at),
            last_change: Some(ServiceChange { title: "v2".into(), status: None, at }),
            availability: 0.998,
            worst_objective: None,
        };
        assert_eq!(service.urgency(), 7);
        let neighbour = Neighbour { service: "ledger".into(), calls: Some(Calls { requests: 3, errors: 1 }), declared: true, declares: true, known: false };
        let page = ServicePage {
            service,
            alerts: vec![],
            changes: vec![],
            objectives: vec![],
            needs: vec![neighbour.clone()],
            used_by: vec![Neighbour { calls: None, ..neighbour }],
        };
        assert_eq!(crate::domain::reading::read(serde_json::to_string(&page).expect("it serialises").as_bytes()), Some(page));
        assert!(is_name("pay") && !is_name(" pay") && !is_name("") && !is_name("a\nb"));
    }
}
