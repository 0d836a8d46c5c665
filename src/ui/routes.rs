//! The addresses of the pages: the one place that knows how they are written.

use crate::domain::{ids::IncidentRef, lists::encode};

/// A page of the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Whether the service levels hold.
    Executive,
    /// All of them.
    Objectives,
    /// By its name.
    Objective(String),
    NewObjective,
    /// By its name.
    EditObjective(String),
    Board,
    /// All of them.
    Incidents,
    /// By its reference, as people say it, or by its id.
    Incident(String),
    Declare,
    /// All of them.
    Alerts,
    Services,
    /// By its name.
    Service(String),
    Settings(Tab),
    /// Figures over a range of time.
    Trends,
    /// One integration, by its id.
    Integration(String),
    /// Deploys and other changes.
    Changes,
    /// What broke, and where.
    Debug,
    /// Traces of a range, and who calls whom in it.
    Traces,
    /// One trace, by its id.
    Trace(String),
    SignIn,
    /// The first admin makes their account.
    Setup,
}

/// The pages of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Integrations,
    Deliveries,
    Tester,
    DataSources,
    Import,
    People,
    Tokens,
    Audit,
    Profile,
}

impl Tab {
    pub const ALL: [Tab; 9] =
        [Tab::Integrations, Tab::Deliveries, Tab::Tester, Tab::DataSources, Tab::Import, Tab::People, Tab::Tokens, Tab::Audit, Tab::Profile];

    pub fn slug(self) -> &'static str {
        match self {
            Tab::Integrations => "integrations",
            Tab::Deliveries => "deliveries",
            Tab::Tester => "tester",
            Tab::DataSources => "data-sources",
            Tab::Import => "import",
            Tab::People => "people",
            Tab::Tokens => "tokens",
            Tab::Audit => "audit",
            Tab::Profile => "profile",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Tab::Integrations => "Integrations",
            Tab::Deliveries => "Deliveries",
            Tab::Tester => "Tester",
            Tab::DataSources => "Data sources",
            Tab::Import => "Import",
            Tab::People => "People",
            Tab::Tokens => "API tokens",
            Tab::Audit => "Audit log",
            Tab::Profile => "My profile",
        }
    }
}

impl Route {
    /// Reads the path of an address; `None` is a page that does not exist.
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let route = match (parts.next(), parts.next()) {
            (None, _) => Route::Board,
            (Some("executive"), None) => Route::Executive,
            (Some("objectives"), None) => Route::Objectives,
            (Some("objectives"), Some(name)) => Route::Objective(decode(name)),
            (Some("new-objective"), None) => Route::NewObjective,
            (Some("incidents"), None) => Route::Incidents,
            (Some("incidents"), Some(incident)) => Route::Incident(incident.to_owned()),
            (Some("declare"), None) => Route::Declare,
            (Some("alerts"), None) => Route::Alerts,
            (Some("services"), None) => Route::Services,
            (Some("services"), Some(name)) => Route::Service(decode(name)),
            (Some("settings"), None) => Route::Settings(Tab::Integrations),
            (Some("settings"), Some(slug)) => Route::Settings(Tab::ALL.into_iter().find(|tab| tab.slug() == slug)?),
            (Some("trends"), None) => Route::Trends,
            (Some("changes"), None) => Route::Changes,
            (Some("debug"), None) => Route::Debug,
            (Some("debug"), Some("traces")) => Route::Traces,
            (Some("sign-in"), None) => Route::SignIn,
            (Some("setup"), None) => Route::Setup,
            _ => return None,
        };
        match (route, parts.next(), parts.next()) {
            (route, None, _) => Some(route),
            (Route::Settings(Tab::Integrations), Some(id), None) => Some(Route::Integration(id.to_owned())),
            (Route::Traces, Some(id), None) => Some(Route::Trace(id.to_owned())),
            (Route::Objective(name), Some("edit"), None) => Some(Route::EditObjective(name)),
            _ => None,
        }
    }

    pub fn incident(reference: IncidentRef) -> Self {
        Route::Incident(reference.to_string())
    }

    /// The address.
    pub fn path(&self) -> String {
        match self {
            Route::Board => "/".to_owned(),
            Route::Executive => "/executive".to_owned(),
            Route::Objectives => "/objectives".to_owned(),
            // A slash of its own would be taken for the end of the name.
            Route::Objective(name) => Self::objective_path(name),
            Route::NewObjective => "/new-objective".to_owned(),
            Route::EditObjective(name) => format!("{}/edit", Self::objective_path(name)),
            Route::Incidents => "/incidents".to_owned(),
            Route::Alerts => "/alerts".to_owned(),
            Route::Services => "/services".to_owned(),
            Route::Service(name) => format!("/services/{}", encode(name)),
            Route::Incident(incident) => format!("/incidents/{incident}"),
            Route::Declare => "/declare".to_owned(),
            Route::Settings(tab) => format!("/settings/{}", tab.slug()),
            Route::Trends => "/trends".to_owned(),
            Route::Integration(id) => format!("/settings/integrations/{id}"),
            Route::Changes => "/changes".to_owned(),
            Route::Debug => "/debug".to_owned(),
            Route::Traces => "/debug/traces".to_owned(),
            Route::Trace(id) => format!("/debug/traces/{}", encode(id)),
            Route::SignIn => "/sign-in".to_owned(),
            Route::Setup => "/setup".to_owned(),
        }
    }

    /// The address of an objective's page, by its name.
    pub fn objective_path(name: &str) -> String {
        format!("/objectives/{}", encode(name))
    }

    /// Whether `other` lies in the same part of the app, for the navigation.
    pub fn is_beside(&self, other: &Route) -> bool {
        match (self, other) {
            (Route::Executive, Route::Executive | Route::Objectives | Route::Objective(_) | Route::NewObjective | Route::EditObjective(_)) => true,
            (Route::Incidents, Route::Incidents | Route::Incident(_)) => true,
            (Route::Debug, Route::Debug | Route::Traces | Route::Trace(_)) => true,
            (Route::Services, Route::Services | Route::Service(_)) => true,
            (Route::Settings(_), Route::Settings(_) | Route::Integration(_) | Route::Changes) => true,
            _ => self == other,
        }
    }
}

/// Undoes [`encode`]; what is not well encoded stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let code = more.get(..2).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match code.filter(|_| *first == b'%') {
            Some(code) => {
                bytes.push(code);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind.
    fn all() -> Vec<Route> {
        let mut routes = vec![
            Route::Board,
            Route::Executive,
            Route::Objectives,
            Route::Objective("shop/checkout:p95".to_owned()),
            Route::NewObjective,
            Route::EditObjective("shop/checkout".to_owned()),
            Route::Incidents,
            Route::Alerts,
            Route::Services,
            Route::Service("käse/2 100%".to_owned()),
            Route::incident(IncidentRef(12)),
            Route::Declare,
            Route::Trends,
            Route::Integration("0190".to_owned()),
            Route::Changes,
            Route::Debug,
            Route::Traces,
            Route::Trace("7f3a9c1e52d04b8fa61e0c93d7b2f418".to_owned()),
            Route::SignIn,
            Route::Setup,
        ];
        routes.extend(Tab::ALL.map(Route::Settings));
        routes
    }

    #[test]
    fn every_address_reads_back() {
        for route in all() {
            assert_eq!(Route::parse(&route.path()), Some(route));
        }
    }

    #[test]
    fn the_service_worker_answers_for_the_apps_pages_and_for_nothing_else() {
        let worker = include_str!("../../public/sw.js");
        let (_, listed) = worker.split_once("const PAGES = [").expect("it lists them");
        let (listed, _) = listed.split_once(']').expect("the list ends");
        let mut listed: Vec<&str> = listed.split(", ").map(|part| part.trim_matches('"')).collect();
        let routes = all();
        // The first admin's link is used once, and not without a network.
        let paths = routes.iter().filter(|route| **route != Route::Setup).map(Route::path).collect::<Vec<_>>();
        let mut first: Vec<&str> = paths.iter().map(|path| path.split('/').nth(1).unwrap_or_default()).collect();
        first.sort_unstable();
        first.dedup();
        listed.sort_unstable();
        assert_eq!(listed, first);
    }

    #[test]
    fn what_is_no_page_is_not_found() {
        for path in [
            "/executive/1",
            "/objectives/a/b",
            "/objectives/a/edit/b",
            "/new-objective/a",
            "/incidents/INC-1/x",
            "/settings/teams",
            "/settings/people/1",
            "/settings/integrations/1/x",
            "/alerts/1",
            "/changes/1",
            "/debug/traces/7f/1",
            "/services/a/b",
            "/declare/it",
        ] {
            assert_eq!(Route::parse(path), None, "{path}");
        }
    }
}
