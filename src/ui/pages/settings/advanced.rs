//! The finer settings of an integration: grouping, limits, headers. Making and changing share them.

use crate::{
    domain::integration::{Grouping, Settings},
    ui::{components::field::TextField, drawing::view},
};
use leptos::prelude::*;

/// What is typed.
#[derive(Clone, Copy)]
pub struct Advanced {
    rate_limit: RwSignal<String>,
    header: RwSignal<String>,
    timestamp_header: RwSignal<String>,
    heartbeat_s: RwSignal<String>,
    by: RwSignal<String>,
    quiet_s: RwSignal<String>,
    storm_at: RwSignal<String>,
}

impl Advanced {
    pub fn of(settings: &Settings, grouping: &Grouping) -> Self {
        let number = |value: Option<u32>| RwSignal::new(value.map(|value| value.to_string()).unwrap_or_default());
        Self {
            rate_limit: number(settings.rate_limit),
            header: RwSignal::new(settings.header.clone().unwrap_or_default()),
            timestamp_header: RwSignal::new(settings.timestamp_header.clone().unwrap_or_default()),
            heartbeat_s: number(settings.heartbeat_s),
            by: RwSignal::new(grouping.by.join(", ")),
            quiet_s: number(Some(grouping.quiet_s)),
            storm_at: number(Some(grouping.storm_at)),
        }
    }

    /// What was typed, or the first thing that cannot be read.
    pub fn parse(self) -> Result<(Settings, Grouping), String> {
        let number = |field: RwSignal<String>, name: &str| match field.get_untracked().trim() {
            "" => Ok(None),
            text => text.parse::<u32>().map(Some).map_err(|_| format!("{name} is a whole number.")),
        };
        let text = |field: RwSignal<String>| Some(field.get_untracked().trim().to_owned()).filter(|text| !text.is_empty());
        let settings = Settings {
            rate_limit: number(self.rate_limit, "Requests per second")?,
            header: text(self.header),
            timestamp_header: text(self.timestamp_header),
            heartbeat_s: number(self.heartbeat_s, "Silence allowed")?,
        };
        let standard = Grouping::default();
        let by: Vec<String> = self.by.get_untracked().split(',').map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned).collect();
        let grouping = Grouping {
            by,
            quiet_s: number(self.quiet_s, "Quiet time")?.unwrap_or(standard.quiet_s),
            storm_at: number(self.storm_at, "Storm from")?.unwrap_or(standard.storm_at),
        };
        Ok((settings, grouping))
    }
}

#[component]
pub fn AdvancedFields(fields: Advanced) -> impl IntoView {
    view! {
        <div class="form__columns">
            <TextField id="group-by" label="One incident per" hint="Labels, with commas between them." value=fields.by />
            <TextField id="quiet" label="Quiet time, s" hint="Alerts join while they start within it." kind="number" value=fields.quiet_s />
            <TextField id="storm" label="Storm from" hint="So many groups at once become one incident." kind="number" value=fields.storm_at />
            <TextField id="rate" label="Requests per second" hint="1000 where empty; 0 is no limit." kind="number" value=fields.rate_limit />
            <TextField id="heartbeat" label="Silence allowed, s" hint="Longer without its watchdog, or without anything where it has none, opens an alert." kind="number" value=fields.heartbeat_s />
            <TextField id="header" label="Signature or key header" value=fields.header />
            <TextField id="timestamp-header" label="Signed-time header" value=fields.timestamp_header />
        </div>
    }
}
