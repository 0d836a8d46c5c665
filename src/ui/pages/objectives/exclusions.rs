//! Time that is left out of an objective, why, and what the budget is with and without it.

use crate::{
    api,
    domain::{
        people::Right,
        slo::{
            exclusion::{Exclusion, ExclusionDraft},
            recurrence::Recurrence,
            report::{BudgetReport, ObjectivePage},
            rule::Rule,
            words,
            zone::LocalTime,
        },
        wording,
    },
    ui::{
        components::{
            dialog::Dialog,
            field::{FormError, SelectField, TextArea, TextField},
            icon::{Glyph, Icon},
            sure::Sure,
            toast_list::sentence,
        },
        drawing::view,
        session::session,
        times::Zone,
    },
};
use leptos::{prelude::*, task::spawn_local};

const CATEGORIES: [&str; 5] = ["maintenance", "outside cause", "out of scope", "miscounted", "other"];
const REPEATS: [(&str, &str); 4] =
    [("", "Once"), ("FREQ=DAILY", "Every day"), ("FREQ=WEEKLY", "Every week, on this day"), ("FREQ=MONTHLY", "Every month, on this day")];

pub fn panel(page: Memo<Option<ObjectivePage>>, again: Callback<()>) -> AnyView {
    let session = session();
    let exclusions = Memo::new(move |_| page.with(|page| page.as_ref().map(|page| page.exclusions.clone()).unwrap_or_default()));
    let both = Memo::new(move |_| page.with(|page| page.as_ref().and_then(|page| with_and_without(&page.report))));
    let may = move || session.actor().is_some_and(|actor| actor.role.may(Right::ManageObjectives));
    let adding = RwSignal::new(false);
    let none = Memo::new(move |_| exclusions.with(Vec::is_empty));
    let list = move || exclusions.get().into_iter().map(|exclusion| row(exclusion, may(), again)).collect_view();
    let form = move || adding.get().then(|| page.with_untracked(|page| page.as_ref().map(|page| form(page, adding, again))));
    view! {
        <section class="panel" aria-labelledby="exclusions-title">
            <div class="panel__head">
                <h2 id="exclusions-title">"Left out"</h2>
                <span class="panel__note">"counts for nothing, and stays visible"</span>
                <button
                    type="button"
                    class="button panel__verb"
                    data-size="small"
                    disabled=move || !may()
                    title=move || (!may()).then(|| Right::ManageObjectives.refusal())
                    on:click=move |_| adding.set(true)
                >
                    <Icon glyph=Glyph::Plus />
                    "Leave time out"
                </button>
            </div>
            {move || both.get().map(|(without, with)| view! {
                <dl class="exclusions__both">
                    <div><dt>"Adjusted, what counts"</dt> <dd class="number"><b>{without}</b></dd></div>
                    <div><dt>"Raw, with everything"</dt> <dd class="number">{with}</dd></div>
                </dl>
            })}
            <ul class="exclusions">{list}</ul>
            {move || none.get().then(|| view! { <p class="panel__empty">"Nothing is left out."</p> })}
            {move || (!may()).then(|| view! { <p class="panel__empty">{format!("{}.", Right::ManageObjectives.refusal())}</p> })}
        </section>
        {form}
    }
}

/// What is left without what is left out, and with it.
fn with_and_without(report: &BudgetReport) -> Option<(String, String)> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts, never below zero
    let count = |count: f64| wording::grouped(count.max(0.0).round() as usize);
    let said = |left: Option<f64>, bad: f64, total: f64| {
        let left = match left {
            None => "nothing known".to_owned(),
            Some(left) if left < 0.0 => format!("{} over", words::percent(-left)),
            Some(left) => format!("{} left", words::percent(left)),
        };
        format!("{left}, {} bad of {} {}", count(bad), count(total), report.unit)
    };
    let (tally, raw) = (&report.tally, &report.raw);
    (raw.total > 0.0).then(|| (said(tally.remaining_ratio, tally.bad, tally.total), said(raw.remaining_ratio, raw.bad, raw.total)))
}

/// When it is: `Fri 20 Nov 02:00 to 04:00`, `every week from …`.
fn when(draft: &ExclusionDraft, zone: Zone, now: crate::domain::time::Timestamp) -> String {
    let lasts = wording::span(draft.to.secs_since(draft.from));
    match &draft.recurrence {
        Some(recurrence) => {
            let rule = recurrence.rule.to_string();
            let words = REPEATS.iter().find(|(known, _)| *known == rule).map_or(rule.as_str(), |(_, words)| *words);
            let ends = draft.ends_at.map(|at| format!(", until {} {}", zone.clock(at, now), zone.name())).unwrap_or_default();
            format!("{words}, for {}, since {} ({}){ends}", wording::span(recurrence.duration_s), zone.clock(draft.from, now), recurrence.zone)
        }
        None => format!("{} to {} {}, {lasts}", zone.clock(draft.from, now), zone.clock(draft.to, now), zone.name()),
    }
}

fn row(exclusion: Exclusion, may: bool, again: Callback<()>) -> AnyView {
    let session = session();
    let when = when(&exclusion.draft, session.zone.get(), session.live.now());
    let scope = match (&exclusion.draft.objective, &exclusion.draft.service) {
        (Some(_), _) => "this objective".to_owned(),
        (None, Some(service)) => format!("all of {service}"),
        (None, None) => "every objective".to_owned(),
    };
    let category = (!exclusion.draft.category.is_empty()).then(|| format!("{} · ", exclusion.draft.category));
    let id = exclusion.id;
    let remove = move |()| {
        spawn_local(async move {
            match api::objectives::remove_exclusion(id).await {
                Ok(_) => again.run(()),
                Err(failure) => session.toasts.refused("Left out", &failure),
            }
        });
    };
    // What has not begun is taken away whole.
    let now = session.live.now();
    let runs = exclusion.draft.from <= now && exclusion.draft.end().is_none_or(|end| end > now);
    let end = move |()| {
        spawn_local(async move {
            match api::objectives::end_exclusion(id, session.live.now()).await {
                Ok(_) => again.run(()),
                Err(failure) => session.toasts.refused("Left out", &failure),
            }
        });
    };
    view! {
        <li class="exclusion">
            <div>
                <b>{exclusion.draft.reason}</b>
                <p class="muted">{when}</p>
                <p class="muted">{category} {scope} " · by " {exclusion.author}</p>
            </div>
            {runs.then(|| view! { <Sure words="End now" asks="From now on time counts again; what was left out until now stays so." yes="Really end it" disabled=!may act=end /> })}
            <Sure words="Count it again" asks="This time counts again from now on, also in the past." yes="Really count it" disabled=!may act=remove />
        </li>
    }
}

fn form(page: &ObjectivePage, adding: RwSignal<bool>, again: Callback<()>) -> AnyView {
    let session = session();
    let zone = session.zone.get_untracked();
    let now = session.live.now();
    let hour = now.plus_secs(-now.epoch_secs().rem_euclid(3_600));
    let from = RwSignal::new(zone.field(hour.plus_secs(-3_600)));
    let to = RwSignal::new(zone.field(hour));
    let reason = RwSignal::new(String::new());
    let category = RwSignal::new(CATEGORIES[0].to_owned());
    let repeat = RwSignal::new(String::new());
    let scope = RwSignal::new("objective".to_owned());
    let refused = RwSignal::new(None::<String>);
    let name = StoredValue::new(page.objective.draft.name.clone());
    let service = StoredValue::new(page.objective.draft.service.clone());
    let mut scopes = vec![("objective".to_owned(), format!("Only {}", page.objective.title()))];
    scopes.extend(page.objective.draft.service.iter().map(|service| ("service".to_owned(), format!("Every objective of {service}"))));
    scopes.push(("all".to_owned(), "Every objective there is".to_owned()));
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (Some(begins), Some(ends)) = (zone.read(&from.get_untracked()), zone.read(&to.get_untracked())) else {
            return refused.set(Some("Say when it begins and when it ends.".to_owned()));
        };
        let start = LocalTime::parse(&from.get_untracked());
        let rule = Rule::parse(&repeat.get_untracked()).ok();
        let recurrence = rule.zip(start).map(|(rule, start)| Recurrence { rule, start, zone: zone.id(), duration_s: ends.secs_since(begins) });
        let scope = scope.get_untracked();
        let draft = ExclusionDraft {
            objective: (scope == "objective").then(|| name.get_value()),
            service: service.get_value().filter(|_| scope == "service"),
            from: begins,
            to: ends,
            recurrence,
            ends_at: None,
            reason: reason.get_untracked(),
            category: category.get_untracked(),
        };
        match draft.parse() {
            Err(faults) => refused.set(Some(sentence(&faults.join("; ")))),
            Ok(draft) => spawn_local(async move {
                match api::objectives::exclude(draft).await {
                    Ok(_) => {
                        adding.set(false);
                        again.run(());
                    }
                    Err(failure) => drop(refused.try_set(Some(sentence(&failure.words)))),
                }
            }),
        }
    };
    let words = |(value, words): (&str, &str)| (value.to_owned(), words.to_owned());
    view! {
        <Dialog title="Leave time out" on_close=move |()| adding.set(false)>
            <form class="form" on:submit=send>
                <div class="form__columns">
                    <TextField id="exclusion-from" label=format!("From, {}", zone.name()) kind="datetime-local" value=from required=true />
                    <TextField id="exclusion-to" label=format!("To, {}", zone.name()) kind="datetime-local" value=to required=true />
                </div>
                <TextArea id="exclusion-reason" label="Why" hint="It is shown wherever the number is explained." value=reason rows=2 />
                <div class="form__columns">
                    <SelectField id="exclusion-repeat" label="How often" options=REPEATS.map(words).to_vec() value=repeat />
                    <SelectField id="exclusion-category" label="What kind" options=CATEGORIES.map(|kind| words((kind, kind))).to_vec() value=category />
                </div>
                <SelectField id="exclusion-scope" label="For" options=scopes value=scope />
                <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| adding.set(false)>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent">"Leave it out"</button>
                </div>
            </form>
        </Dialog>
    }
}
