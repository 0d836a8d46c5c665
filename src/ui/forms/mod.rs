//! Forms: what is asked before something is sent. One dialog at a time, never one on another.

pub mod answers;
mod assign;
mod attach;
mod impact;
mod keys;
mod palette;
mod reason;
mod severity;
mod small;

use super::session::{Sheet, session};
use crate::ui::drawing::view;
use leptos::prelude::*;

/// Where the one open dialog stands.
#[component]
pub fn SheetHost() -> impl IntoView {
    let session = session();
    move || {
        session.sheet.get().map(|sheet| match sheet {
            Sheet::Reason { id, command, refusal } => view! { <reason::ReasonForm id command=*command refusal /> },
            Sheet::Severity(id) => view! { <severity::SeverityForm id /> },
            Sheet::Services(id) => view! { <small::ServicesForm id /> },
            Sheet::Impact(id) => view! { <impact::ImpactForm id /> },
            Sheet::Labels(id) => view! { <small::LabelsForm id /> },
            Sheet::Title(id) => view! { <small::TitleForm id /> },
            Sheet::Merge(id) => view! { <small::MergeForm id /> },
            Sheet::Attach { alert, title } => view! { <attach::AttachForm alert title /> },
            Sheet::Assign(id, role) => view! { <assign::AssignForm id role /> },
            Sheet::CorrectTime { id, seq, from } => view! { <small::CorrectTimeForm id seq from /> },
            Sheet::Palette => view! { <palette::Palette /> },
            Sheet::Keys => view! { <keys::Keys /> },
        })
    }
}
