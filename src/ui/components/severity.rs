//! Severity as shape, word and colour, so nobody depends on one of them alone.

use crate::domain::severity::Severity;
use crate::ui::drawing::view;
use leptos::prelude::*;

/// The outline of each level in a box of 20; "not sure yet" is a dashed circle.
pub fn shape(severity: Option<Severity>) -> &'static str {
    match severity {
        Some(Severity::Sev1) => "M6.3 1h7.4L19 6.3v7.4L13.7 19H6.3L1 13.7V6.3z",
        Some(Severity::Sev2) => "M10 1.8L19.3 18H.7z",
        Some(Severity::Sev3) => "M10 1l9 9-9 9-9-9z",
        Some(Severity::Sev4) => "M2.5 2.5h15v15h-15z",
        Some(Severity::Sev5) | None => "M10 2a8 8 0 1 1 0 16 8 8 0 0 1 0-16z",
    }
}

/// `sev1` … `sev5`, or `unsure`.
pub fn severity_slug(severity: Option<Severity>) -> &'static str {
    severity.map_or("unsure", Severity::slug)
}

/// `SEV1` … `SEV5`, or `Not sure`.
pub fn severity_label(severity: Option<Severity>) -> &'static str {
    severity.map_or("Not sure", Severity::label)
}

/// The shape alone; a word always stands near it.
#[component]
pub fn SeverityMark(severity: Option<Severity>, #[prop(optional)] digit: bool) -> impl IntoView {
    let inside = match severity {
        Some(severity) if digit => Some(severity.level().to_string()),
        None => Some("?".to_owned()),
        Some(_) => None,
    };
    // The triangle's and the diamond's middle lie lower than the box's.
    let y = if severity == Some(Severity::Sev2) { "15.5" } else { "14" };
    view! {
        <svg class="severity-mark" data-severity=severity_slug(severity) viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path d=shape(severity) />
            {inside.map(|inside| view! { <text x="10" y=y text-anchor="middle">{inside}</text> })}
        </svg>
    }
}

/// Shape and word. A severity that is only proposed says so.
#[component]
pub fn SeverityBadge(severity: Option<Severity>, #[prop(optional)] proposed: bool, #[prop(optional)] digit: bool) -> impl IntoView {
    view! {
        <span class="severity-badge" data-severity=severity_slug(severity) data-proposed=proposed.then_some("true")>
            <SeverityMark severity=severity digit=digit />
            <span class="severity-badge__word">{severity_label(severity)}</span>
            {proposed.then(|| view! { <span class="severity-badge__note">"proposed"</span> })}
        </span>
    }
}
