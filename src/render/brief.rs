//! `/brief`: the executive's answers as one page without script, small enough for a slow phone, a
//! preview in mail, or a screen on a wall.

use super::page::escaped;
use crate::{
    charts::bar::Bar,
    domain::{
        briefing::{Briefing, Major},
        slo::{
            report::{ObjectiveRow, Standing},
            words,
            zone::Utc,
        },
        wording,
    },
    ui::{BudgetBar, Glyph, Icon, SeverityMark},
};
use leptos::prelude::*;

/// How often an open page asks for itself again, in seconds.
const RELOAD_S: u32 = 60;
/// How many objectives and incidents are listed; what is worse stands first, and the full page has the rest.
/// So few objectives that on a phone both answers stand on one screen.
const MOST_OBJECTIVES: usize = 4;
const MOST_MAJORS: usize = 10;
/// The width of a bar, in pixels.
const BAR: f64 = 88.0;

/// Its sign stands in it, so that no browser asks for one.
const SIGN: &str = include_str!("../../public/favicon.svg");

/// The whole page; `style` stands in it, and its hash in the policy. `origin` stands before links
/// where the page is read away from this server, in mail.
pub fn brief(briefing: &Briefing, style: &str, origin: &str) -> String {
    // Everything that is drawn lives under this owner and goes with it.
    let owner = Owner::new();
    let body = owner.with(|| body(briefing, origin).to_html());
    owner.cleanup();
    // What is no letter of an address is written by its number: `#`, `<`, `"`.
    let sign: String = SIGN
        .trim()
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() || b"-_.=:;,()/ '".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let title = escaped(&briefing.headline.words);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><meta http-equiv=\"refresh\" content=\"{RELOAD_S}\"><title>{title} · Tocsin</title>\
         <link rel=\"icon\" href=\"data:image/svg+xml,{sign}\"><style>{style}</style></head><body>{body}</body></html>\n"
    )
}

fn body(briefing: &Briefing, origin: &str) -> AnyView {
    let to = |path: &str| format!("{origin}{path}");
    // Mail is read at leisure, and away from here: it keeps all of them.
    let most = if origin.is_empty() { MOST_OBJECTIVES } else { briefing.rows.len() };
    let attention: Vec<AnyView> =
        briefing.attention().take(most).map(|row| objective(row, &to(&format!("/objectives/{}", row.report.objective.name)))).collect();
    let more = |all: usize| (all > MOST_MAJORS).then(|| format!("{} more on the full page. ", all - MOST_MAJORS));
    let rest = match briefing.rest_words(most) {
        Some(words) => format!("{words}."),
        None if briefing.rows.is_empty() => "No objective is set. An admin or commander makes one under Objectives.".to_owned(),
        None => String::new(),
    };
    let range = briefing.range_words().map(|words| format!(" {words}."));
    let majors = match briefing.majors.as_slice() {
        [] => view! { <p class="note">"No SEV1 or SEV2 incident is open."</p> }.into_any(),
        majors => {
            let rows: Vec<AnyView> =
                majors.iter().take(MOST_MAJORS).map(|major| incident(major, briefing, &to(&format!("/incidents/{}", major.reference)))).collect();
            view! { <ul>{rows}</ul> {more(majors.len()).map(|words| view! { <p class="note">{words}</p> })} }.into_any()
        }
    };
    let levels = view! {
        <section aria-label="Are we within our objectives?">
            {(!briefing.majors.is_empty()).then(|| view! { <h2>"Are we within our objectives?"</h2> })}
            <ul>{attention}</ul>
            <p class="note">{rest}<span class="muted">{range}</span></p>
        </section>
    }
    .into_any();
    let majors = view! {
        <section>
            <h2>"Who has it?"</h2>
            {majors}
        </section>
    }
    .into_any();
    // What is broken now comes first, while anything is.
    let (first, second) = if briefing.majors.is_empty() { (levels, majors) } else { (majors, levels) };
    let open = wording::count(briefing.open, "open incident", "open incidents");
    view! {
        <header>
            <span><b>"Tocsin"</b>{format!(" · Brief of {}", briefing.at.date_minute())}" UTC"</span>
            {briefing.demo.then(|| view! { <span class="demo">"Demo: nothing here is real"</span> })}
            <a href=to("/brief")>"Reload"</a>
        </header>
        <main>
            <h1>
                {briefing.headline.words.clone()}
                {briefing.headline.worst.clone().map(|worst| view! { " " <span class="worst">{worst}</span> })}
                {briefing.headline.next.clone().map(|next| format!(" {next}"))}
            </h1>
            {first} {second}
        </main>
        <footer>
            <a href=to("/incidents")>{open}</a> " · " <a href=to("/executive")>"Full page"</a>
            <p>"This page needs no script. It reloads every minute; it prints as it is."</p>
        </footer>
    }
    .into_any()
}

fn objective(row: &ObjectiveRow, link: &str) -> AnyView {
    let report = &row.report;
    view! {
        <li data-state=report.state.slug()>
            <div class="name">
                <a href=link.to_owned()>{report.objective.title.clone()}</a>
                <span class="left">{words::left(report)}</span>
            </div>
            <div class="state">
                <b><Icon glyph=glyph(report.state) /> {report.state.words()}</b>
                <span>{words::outlook(report, report.at, &Utc)}</span>
                <BudgetBar id=format!("bar-{}", report.objective.name) bar=Bar::of(report) width=BAR />
            </div>
        </li>
    }
    .into_any()
}

fn glyph(standing: Standing) -> Glyph {
    match standing {
        Standing::Overspent => Glyph::Spent,
        Standing::Low => Glyph::Falling,
        Standing::Within => Glyph::Check,
        Standing::NotMeasured => Glyph::Unplugged,
    }
}

fn incident(major: &Major, briefing: &Briefing, link: &str) -> AnyView {
    let update = briefing.update_words(major).map(|(words, is_late)| view! { " · " <span class="update" data-late=is_late.then_some("true")>{words}</span> });
    let since = format!(" · {} · for {} · ", major.reference, wording::span(briefing.at.secs_since(major.since)));
    view! {
        <li class="major">
            <SeverityMark severity=Some(major.severity) />
            <a class="title" href=link.to_owned()>{major.title.clone()}</a>
            <span class="who"><b data-severity=major.severity.slug()>{major.severity.label()}</b>{since}<b>{major.holder_words()}</b>{update}</span>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        executive::UpdateDue,
        ids::IncidentRef,
        incident::State,
        severity::Severity,
        slo::{
            assess,
            headline::headline,
            tests::{DAY, NOW_S, an_objective, now, with_outage},
        },
    };

    const STYLE: &str = include_str!("../../style/brief.css");
    const HOSTILE: &str = "</style><script>alert(1)</script>";

    #[test]
    fn the_whole_page_is_small_and_runs_nothing() {
        let mut row = assess::row(&an_objective(), &with_outage(NOW_S - DAY, NOW_S, 3_000.0), now(), &Utc, &[]);
        assert_eq!(row.report.state, Standing::Overspent);
        row.report.objective.title = HOSTILE.to_owned();
        let rows = vec![row; 20];
        let major = Major {
            reference: IncidentRef(418),
            title: HOSTILE.to_owned(),
            severity: Severity::Sev1,
            state: State::Active,
            since: now().plus_secs(-600),
            holder: None,
        };
        let briefing = Briefing { at: now(), headline: headline(&rows, now(), &Utc), rows, majors: vec![major; 5], updates: vec![], open: 8, demo: true };
        let page = brief(&briefing, STYLE, "");
        assert!(page.len() <= 30_000, "{} bytes", page.len());
        assert!(!page.contains("<script") && page.matches("</style>").count() == 1, "{page}");
        assert!(!page.contains("class=\"update\""), "without a clock nothing is said of one: {page}");
        let due = |secs: i64| Briefing { updates: vec![UpdateDue { reference: IncidentRef(418), at: now().plus_secs(secs) }], ..briefing.clone() };
        let (late, soon) = (due(-240), due(720));
        assert!(brief(&late, STYLE, "").contains("update 4 min late") && late.text("").contains("nobody has it, update 4 min late"));
        assert!(brief(&soon, STYLE, "").contains("next update in 12 min") && soon.text("").contains(", next update in 12 min"));
        assert!(page.contains("nobody has it") && page.contains("8 open incidents") && page.contains("16 more: 16 overspent."), "{page}");
        let order = |page: &str| page.find("Who has it?").zip(page.find("class=\"left\"")).map(|(who, left)| who < left);
        assert_eq!(order(&page), Some(true), "what is broken now comes first: {page}");
        assert_eq!(page.matches("<h2").count(), 2, "the objectives do not stand beneath the question of who has it");
        assert_eq!(page.matches("class=\"left\"").count(), 4, "no more than find room on a phone");
        let mail = brief(&briefing, STYLE, "https://tocsin.example");
        assert_eq!((mail.matches("class=\"left\"").count(), briefing.text("").matches(": overspent, ").count()), (20, 20), "mail tells all of them");
        let calm = brief(&Briefing { majors: vec![], ..briefing.clone() }, STYLE, "");
        assert_eq!(order(&calm), Some(false), "with nothing broken the objectives do: {calm}");
    }
}
