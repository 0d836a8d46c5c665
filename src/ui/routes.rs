//! The addresses of the pages: the one place that knows how they are written.

use crate::domain::ids::IncidentRef;

/// A page of the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    Board,
    /// By its reference, as people say it, or by its id.
    Incident(String),
    Declare,
    Settings(Tab),
    /// Figures over a range of time.
    Trends,
    SignIn,
    /// The first admin makes their account.
    Setup,
}

/// The pages of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Integrations,
    People,
    Tokens,
    Profile,
}

impl Tab {
    pub const ALL: [Tab; 4] = [Tab::Integrations, Tab::People, Tab::Tokens, Tab::Profile];

    pub fn slug(self) -> &'static str {
        match self {
            Tab::Integrations => "integrations",
            Tab::People => "people",
            Tab::Tokens => "tokens",
            Tab::Profile => "profile",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Tab::Integrations => "Integrations",
            Tab::People => "People",
            Tab::Tokens => "API tokens",
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
            (Some("incidents"), Some(incident)) => Route::Incident(incident.to_owned()),
            (Some("declare"), None) => Route::Declare,
            (Some("settings"), None) => Route::Settings(Tab::Integrations),
            (Some("settings"), Some(slug)) => Route::Settings(Tab::ALL.into_iter().find(|tab| tab.slug() == slug)?),
            (Some("trends"), None) => Route::Trends,
            (Some("sign-in"), None) => Route::SignIn,
            (Some("setup"), None) => Route::Setup,
            _ => return None,
        };
        parts.next().is_none().then_some(route)
    }

    pub fn incident(reference: IncidentRef) -> Self {
        Route::Incident(reference.to_string())
    }

    /// The address.
    pub fn path(&self) -> String {
        match self {
            Route::Board => "/".to_owned(),
            Route::Incident(incident) => format!("/incidents/{incident}"),
            Route::Declare => "/declare".to_owned(),
            Route::Settings(tab) => format!("/settings/{}", tab.slug()),
            Route::Trends => "/trends".to_owned(),
            Route::SignIn => "/sign-in".to_owned(),
            Route::Setup => "/setup".to_owned(),
        }
    }

    /// Whether `other` lies in the same part of the app, for the navigation.
    pub fn is_beside(&self, other: &Route) -> bool {
        match (self, other) {
            (Route::Board, Route::Board | Route::Incident(_)) => true,
            (Route::Settings(_), Route::Settings(_)) => true,
            _ => self == other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_reads_back() {
        let mut routes = vec![Route::Board, Route::incident(IncidentRef(12)), Route::Declare, Route::Trends, Route::SignIn, Route::Setup];
        routes.extend(Tab::ALL.map(Route::Settings));
        for route in routes {
            assert_eq!(Route::parse(&route.path()), Some(route));
        }
    }

    #[test]
    fn what_is_no_page_is_not_found() {
        for path in ["/executive", "/incidents", "/incidents/INC-1/x", "/settings/teams", "/declare/it"] {
            assert_eq!(Route::parse(path), None, "{path}");
        }
    }
}
