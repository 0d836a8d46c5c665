//! Forms: what is asked before something is sent. One dialog at a time, never one on another.

pub mod answers;
mod assign;
mod impact;
mod keys;
mod reason;
mod severity;
mod small;

use super::session::{Sheet, session};
use leptos::prelude::*;

/// Where the one open dialog stands.
#[component]
pub fn SheetHost() -> impl IntoView {
    let session = session();
    move || {
        session.sheet.get().map(|sheet| match sheet {
            Sheet::Reason { id, command, refusal } => view! { <reason::ReasonForm id command=*command refusal /> }.into_any(),
            Sheet::Severity(id) => view! { <severity::SeverityForm id /> }.into_any(),
            Sheet::Services(id) => view! { <small::ServicesForm id /> }.into_any(),
            Sheet::Impact(id) => view! { <impact::ImpactForm id /> }.into_any(),
            Sheet::Labels(id) => view! { <small::LabelsForm id /> }.into_any(),
            Sheet::Title(id) => view! { <small::TitleForm id /> }.into_any(),
            Sheet::Merge(id) => view! { <small::MergeForm id /> }.into_any(),
            Sheet::Assign(id, role) => view! { <assign::AssignForm id role /> }.into_any(),
            Sheet::CorrectTime { id, seq, from } => view! { <small::CorrectTimeForm id seq from /> }.into_any(),
            Sheet::Keys => view! { <keys::Keys /> }.into_any(),
        })
    }
}
