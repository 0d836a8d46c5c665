//! Settings: who sends alerts, who is asked for readings, what other tools recorded, who works here, which programs may read and write,
//! what everybody did, and oneself.

mod advanced;
mod audit;
mod data_sources;
mod deliveries;
mod delivery;
mod import;
mod integration;
mod integrations;
mod keys;
mod people;
mod prediction;
mod profile;
mod rate;
mod tester;
mod tokens;

use crate::{
    domain::people::Right,
    ui::{
        browser,
        components::toast_list::sentence,
        drawing::view,
        routes::{Route, Tab},
        session::{Session, session},
    },
};
use leptos::{prelude::*, task::spawn_local};

#[component]
pub fn Settings(
    tab: Tab,
    /// The one integration that is looked at, by its id.
    #[prop(into, optional)]
    integration: Option<String>,
) -> impl IntoView {
    let session = session();
    browser::set_title(&format!("{} · Settings · Tocsin", tab.label()));
    let right = match tab {
        Tab::Integrations | Tab::Deliveries => Right::ReadIntegrations,
        Tab::Tester => Right::ManageIntegrations,
        Tab::DataSources => Right::ManageDataSources,
        Tab::Import => Right::Work,
        Tab::People => Right::ManagePeople,
        Tab::Tokens => Right::ManageTokens,
        Tab::Audit => Right::ReadAudit,
        Tab::Profile => Right::Read,
    };
    let refusal = Memo::new(move |_| session.replica.me().filter(|me| !me.role.may(right)).map(|_| sentence(&right.refusal())));
    let here = if integration.is_some() { "true" } else { "page" };
    let page = move || match (refusal.get(), tab) {
        (Some(refusal), _) => view! { <p class="panel panel__empty">{refusal}</p> },
        (None, Tab::Integrations) => match integration.clone() {
            Some(id) => view! { <integration::IntegrationPage id /> },
            None => view! { <integrations::Integrations /> },
        },
        (None, Tab::Deliveries) => view! { <deliveries::Deliveries /> },
        (None, Tab::Tester) => view! { <tester::Tester /> },
        (None, Tab::DataSources) => view! { <data_sources::DataSources /> },
        (None, Tab::Import) => view! { <import::Import /> },
        (None, Tab::People) => view! { <people::People /> },
        (None, Tab::Tokens) => view! { <tokens::Tokens /> },
        (None, Tab::Audit) => view! { <audit::Audit /> },
        (None, Tab::Profile) => view! { <profile::Profile /> },
    };
    let link = move |to: Tab| {
        view! {
            <li>
                <a class="tabs__tab" href=Route::Settings(to).path() aria-current=(to == tab).then_some(here)>{to.label()}</a>
            </li>
        }
    };
    view! {
        <div class="page settings">
            <h1 class="page__title">"Settings"</h1>
            <nav class="tabs" aria-label="Settings">
                <ul>{Tab::ALL.map(link).collect_view()}</ul>
            </nav>
            {move || page()}
        </div>
    }
}

/// Copies and says whether it worked.
fn copier(session: Session) -> Callback<String> {
    Callback::new(move |text: String| {
        spawn_local(async move {
            let copied = browser::copy(text).await;
            session.toasts.say(if copied { "Copied." } else { "This browser does not allow copying; select the text instead." });
        });
    })
}
