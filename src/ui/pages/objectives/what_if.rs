//! “What if”: the same budget with shorter incidents, another target or window, time left out, or
//! an outage that goes on. It is computed here from slices that are there already, while somebody
//! drags; nothing is asked of the server and nothing is saved. The setting stands in the address.

use super::{one::Basis, outcome};
use crate::{
    domain::{
        ids::IncidentRef,
        slo::{calendar::Window, report::Gap, target::Target, whatif::WhatIf},
        time::Timestamp,
        wording,
    },
    ui::{
        address::{Query, address_of},
        browser,
        components::choice::Lens,
        drawing::view,
        session::session,
    },
};
use leptos::prelude::*;

/// What targets are compared with.
const LADDER: [&str; 8] = ["90", "95", "99", "99.5", "99.9", "99.95", "99.99", "99.999"];
/// Rolling windows that are compared with, in days.
const DAYS: [u16; 5] = [7, 14, 28, 30, 90];
/// Most incidents that can be taken away one by one.
const MOST: usize = 12;
const DAY: i64 = 86_400;

/// Reads the setting from the address.
fn read(query: &Query) -> WhatIf {
    let minutes = |name: &str| query.get(name).and_then(|text| text.parse::<i64>().ok()).filter(|minutes| (1..=10_000).contains(minutes)).unwrap_or(0) * 60;
    let gap = |text: &str| {
        let (from, to) = text.split_once("..")?;
        Some(Gap { from: Timestamp::parse(from)?, to: Timestamp::parse(to)? }).filter(|gap| gap.from < gap.to)
    };
    WhatIf {
        target: query.get("target").and_then(|text| Target::from_percent_text(text).ok()),
        window: query.get("over").and_then(|text| Window::parse(text).ok()).filter(|window| matches!(window, Window::Rolling { .. })),
        detected_earlier_s: minutes("detected"),
        mitigated_earlier_s: minutes("mitigated"),
        without: query.get("without").map(|text| text.split(',').filter_map(|text| text.parse().ok()).collect()).unwrap_or_default(),
        exclusion: query.get("out").and_then(gap),
        lasts_longer_s: minutes("longer"),
    }
}

/// The address of a setting; what else stands in it, the window that is looked at, stays.
fn write(path: &str, query: &Query, asked: &WhatIf) -> String {
    let minutes = |secs: i64| if secs > 0 { (secs / 60).to_string() } else { String::new() };
    let target = asked.target.map(|target| target.percent_text().trim_end_matches(" %").to_owned()).unwrap_or_default();
    let over = asked.window.as_ref().map(ToString::to_string).unwrap_or_default();
    let without = asked.without.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let out = asked.exclusion.map(|gap| format!("{}..{}", gap.from, gap.to)).unwrap_or_default();
    let (detected, mitigated, longer) = (minutes(asked.detected_earlier_s), minutes(asked.mitigated_earlier_s), minutes(asked.lasts_longer_s));
    address_of(
        path,
        &[
            ("window", query.get("window").unwrap_or_default()),
            ("detected", &detected),
            ("mitigated", &mitigated),
            ("target", &target),
            ("over", &over),
            ("without", &without),
            ("out", &out),
            ("longer", &longer),
        ],
    )
}

#[derive(Clone, Copy)]
struct Asking {
    asked: RwSignal<WhatIf>,
    /// Writes the setting into the address, once somebody lets go.
    keep: Callback<()>,
}

impl Asking {
    fn change(self, change: impl FnOnce(&mut WhatIf)) {
        self.asked.update(change);
    }

    fn set(self, change: impl FnOnce(&mut WhatIf)) {
        self.change(change);
        self.keep.run(());
    }
}

#[component]
pub fn WhatIfPanel(basis: RwSignal<Option<Basis>>) -> impl IntoView {
    let session = session();
    let address = session.address;
    let asked = RwSignal::new(address.query.with_untracked(read));
    // Going back in the browser's history changes the setting, too.
    Effect::new(move |_| {
        let stands = address.query.with(read);
        if asked.with_untracked(|asked| *asked != stands) {
            asked.set(stands);
        }
    });
    let keep = Callback::new(move |()| {
        let to = asked.with_untracked(|asked| address.query.with_untracked(|query| write(&address.path.get_untracked(), query, asked)));
        address.amend(&to);
    });
    let asking = Asking { asked, keep };
    let answer = Memo::new(move |_| {
        let basis = basis.get()?;
        let zone = session.zone.get();
        Some(asked.with(|asked| browser::timed("what-if.answer", || basis.answer(asked, &zone))))
    });
    let there = Memo::new(move |_| basis.with(Option::is_some));
    let outcomes = move || answer.with(|answer| answer.as_ref().map(|answer| outcome::rows(answer, session.zone.get())));
    let changed = move || asked.with(|asked| *asked != WhatIf::default());
    view! {
        <section class="panel what-if" aria-labelledby="what-if-title">
            <div class="panel__head">
                <h2 id="what-if-title">"What if"</h2>
                <span class="panel__note">"computed here, nothing is saved"</span>
                <button type="button" class="panel__save panel__verb" disabled=move || !changed() on:click=move |_| asking.set(|asked| *asked = WhatIf::default())>
                    "Reset"
                </button>
            </div>
            {move || if there.get() { controls(basis, asking) } else { view! { <p class="panel__empty" role="status">"Loading the slices…"</p> } }}
            {outcomes}
        </section>
    }
}

fn controls(basis: RwSignal<Option<Basis>>, asking: Asking) -> AnyView {
    let Some(known) = basis.get_untracked() else { return ().into_any() };
    let asked = asking.asked;
    let own = known.objective().draft.target;
    let targets = targets(own);
    let target_words = targets.iter().map(|target| Signal::stored(target.percent_text())).collect();
    let known_targets = targets.clone();
    let target = Signal::derive(move || {
        let wanted = asked.with(|asked| asked.target).unwrap_or(own);
        known_targets.iter().position(|target| *target == wanted).unwrap_or(usize::MAX)
    });
    let choose_target = move |at: usize| asking.set(|asked| asked.target = targets.get(at).copied().filter(|target| *target != own));
    let windows = windows(&known);
    let several = windows.len() > 1;
    let window_words = windows.iter().map(|window| Signal::stored(window.as_ref().map_or_else(|| "As it is".to_owned(), ToString::to_string))).collect();
    let known_windows = windows.clone();
    let window = Signal::derive(move || asked.with(|asked| known_windows.iter().position(|window| *window == asked.window)).unwrap_or(usize::MAX));
    let choose_window = move |at: usize| asking.set(|asked| asked.window = windows.get(at).cloned().flatten());
    let goes_on = known.incidents().iter().any(|span| span.to.is_none());
    view! {
        <div class="what-if__controls">
            {slider("detected", "Each incident detected earlier by", 60, asking, |asked| &mut asked.detected_earlier_s)}
            {slider("mitigated", "Each incident mitigated earlier by", 120, asking, |asked| &mut asked.mitigated_earlier_s)}
            <div class="what-if__choice"><span>"Objective"</span> <Lens label="Target" options=target_words chosen=target choose=choose_target /></div>
            {several.then(|| view! { <div class="what-if__choice"><span>"Over"</span> <Lens label="Window" options=window_words chosen=window choose=choose_window /></div> })}
            <details class="more">
                <summary>"More: it goes on, without an incident, time left out"</summary>
                {slider("longer", if goes_on { "It goes on like now for" } else { "The last minutes go on for" }, 240, asking, |asked| &mut asked.lasts_longer_s)}
                {without(&known, asking)}
                {leave_out(asking)}
            </details>
        </div>
    }
}

/// The own target with its neighbours on the ladder.
fn targets(own: Target) -> Vec<Target> {
    let mut all: Vec<Target> = LADDER.iter().filter_map(|text| Target::from_percent_text(text).ok()).collect();
    all.push(own);
    all.sort_unstable();
    all.dedup();
    let place = all.iter().position(|target| *target == own).unwrap_or(0);
    let first = place.saturating_sub(1).min(all.len().saturating_sub(3));
    all.into_iter().skip(first).take(3).collect()
}

/// What can be looked at instead with the slices that are there; nothing stands for the own window.
fn windows(basis: &Basis) -> Vec<Option<Window>> {
    let longest = basis.objective().draft.windows.iter().map(Window::usual_secs).max().unwrap_or(0);
    let here = basis.report().window.length_s;
    let fits = |days: &u16| i64::from(*days) * DAY <= longest && i64::from(*days) * DAY != here;
    std::iter::once(None).chain(DAYS.into_iter().filter(fits).map(|days| Some(Window::rolling_days(days)))).collect()
}

/// A slider in minutes with a field beside it that says the same.
fn slider(name: &'static str, label: &'static str, most: i64, asking: Asking, part: fn(&mut WhatIf) -> &mut i64) -> AnyView {
    let minutes = move || asking.asked.with(|asked| *part(&mut asked.clone()) / 60);
    let change = move |text: String, most: i64| {
        let minutes = text.trim().parse::<i64>().unwrap_or(0).clamp(0, most);
        asking.change(|asked| *part(asked) = minutes * 60);
    };
    let (range_id, field_label) = (format!("what-if-{name}"), format!("{label}, minutes"));
    let words = move || format!("{} min", minutes());
    view! {
        <div class="what-if__slider">
            <label for=range_id.clone()>{label}</label>
            <span class="what-if__field">
                <input
                    class="input"
                    data-size="small"
                    type="number"
                    inputmode="numeric"
                    min="0"
                    max="10000"
                    aria-label=field_label
                    prop:value=move || minutes().to_string()
                    on:input=move |event| change(event_target_value(&event), 10_000)
                    on:change=move |_| asking.keep.run(())
                />
                "min"
            </span>
            <input
                id=range_id
                type="range"
                min="0"
                max=most.to_string()
                step="1"
                aria-valuetext=words
                prop:value=move || minutes().min(most).to_string()
                on:input=move |event| change(event_target_value(&event), most)
                on:change=move |_| asking.keep.run(())
            />
        </div>
    }
}

fn without(basis: &Basis, asking: Asking) -> AnyView {
    let (from, to) = (basis.report().window.from, basis.report().at);
    let mut within: Vec<_> = basis.incidents().iter().filter(|span| span.to.is_none_or(|ended| ended > from) && span.from < to).cloned().collect();
    within.sort_by_key(|span| std::cmp::Reverse(span.to.unwrap_or(to).secs_since(span.from)));
    let more = within.len().saturating_sub(MOST);
    let check = |span: crate::domain::slo::cost::Span| {
        let reference: IncidentRef = span.reference;
        let lasted = wording::span(span.to.unwrap_or(to).secs_since(span.from));
        let flip = move |event| {
            let checked = event_target_checked(&event);
            asking.set(|asked| {
                asked.without.retain(|known| *known != reference);
                asked.without.extend(checked.then_some(reference));
            });
        };
        view! {
            <label class="check">
                <input type="checkbox" prop:checked=move || asking.asked.with(|asked| asked.without.contains(&reference)) on:change=flip />
                <span>{format!("{reference} {}, {lasted}", span.title)}</span>
            </label>
        }
    };
    let none = within.is_empty();
    view! {
        <fieldset class="what-if__without">
            <legend>"Without"</legend>
            {within.into_iter().take(MOST).map(check).collect_view()}
            {none.then(|| view! { <p class="muted">"No incident lies in this window."</p> })}
            {(more > 0).then(|| view! { <p class="muted">{format!("{more} shorter ones are not listed.")}</p> })}
        </fieldset>
    }
}

fn leave_out(asking: Asking) -> AnyView {
    let session = session();
    let zone = session.zone.get_untracked();
    let stands = asking.asked.with_untracked(|asked| asked.exclusion);
    let text = |at: Option<Timestamp>| RwSignal::new(at.map(|at| zone.field(at)).unwrap_or_default());
    let (from, to) = (text(stands.map(|gap| gap.from)), text(stands.map(|gap| gap.to)));
    let take = move || {
        let gap = zone.read(&from.get_untracked()).zip(zone.read(&to.get_untracked())).map(|(from, to)| Gap { from, to });
        asking.set(|asked| asked.exclusion = gap.filter(|gap| gap.from < gap.to));
    };
    let field = move |label: &'static str, value: RwSignal<String>| {
        view! {
            <label class="field">
                <span>{format!("{label}, {}", zone.name())}</span>
                <input
                    class="input"
                    data-size="small"
                    type="datetime-local"
                    prop:value=move || value.get()
                    on:input=move |event| value.set(event_target_value(&event))
                    on:change=move |_| take()
                />
            </label>
        }
    };
    let said = move || asking.asked.with(|asked| asked.exclusion.map(|gap| format!("{} are left out.", wording::span(gap.to.secs_since(gap.from)))));
    view! {
        <fieldset class="what-if__without">
            <legend>"Left out"</legend>
            <div class="form__columns">{field("From", from)} {field("To", to)}</div>
            <p class="muted">{said}</p>
        </fieldset>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &[(&str, &str)]) -> Query {
        Query(text.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_setting_reads_back_from_the_address() {
        let asked = WhatIf {
            target: Target::from_percent_text("99.95").ok(),
            window: Some(Window::rolling_days(7)),
            detected_earlier_s: 300,
            mitigated_earlier_s: 0,
            without: vec![IncidentRef(4), IncidentRef(12)],
            exclusion: Timestamp::parse("2026-11-20T02:00:00Z").map(|from| Gap { from, to: from.plus_secs(3_600) }),
            lasts_longer_s: 2_400,
        };
        let address = write("/objectives/checkout", &query(&[("window", "30d"), ("detected", "9")]), &asked);
        assert!(address.starts_with("/objectives/checkout?window=30d&detected=5&target=99.95&over=7d"), "{address}");
        let out = format!("{}..{}", asked.exclusion.unwrap().from, asked.exclusion.unwrap().to);
        let stands = query(&[("detected", "5"), ("target", "99.95"), ("over", "7d"), ("without", "INC-4,INC-12"), ("out", &out), ("longer", "40")]);
        assert_eq!(read(&stands), asked);
    }

    #[test]
    fn what_is_no_setting_changes_nothing() {
        let odd = query(&[("detected", "-4"), ("target", "100"), ("over", "calendar month"), ("without", "x,,"), ("out", "a..b"), ("longer", "soon")]);
        assert_eq!(read(&odd), WhatIf::default());
        assert_eq!(write("/objectives/x", &Query::default(), &WhatIf::default()), "/objectives/x");
    }

    #[test]
    fn a_target_stands_among_its_neighbours() {
        let around = |text: &str| targets(Target::from_percent_text(text).unwrap()).iter().map(|target| target.percent_text()).collect::<Vec<_>>();
        assert_eq!(around("99.9"), ["99.5 %", "99.9 %", "99.95 %"]);
        assert_eq!(around("99.97"), ["99.95 %", "99.97 %", "99.99 %"]);
        assert_eq!(
            (around("90"), around("99.9999")),
            (vec!["90 %".into(), "95 %".into(), "99 %".into()], vec!["99.99 %".into(), "99.999 %".into(), "99.9999 %".into()])
        );
    }
}
