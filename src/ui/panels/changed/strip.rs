//! The strip of time: what changed as marks, each kind on a lane of its own.

use super::Began;
use crate::{
    charts::{
        moments::{Band, Lane, Moment, Moments, moments},
        time_axis::TimeAxis,
    },
    domain::{
        telemetry::{
            changed::{Changed, ChangedKind, ChangedPage},
            panels::Range,
        },
        time::Timestamp,
        wording,
    },
    ui::{chart::measured::follow_width, components::severity, drawing::view, session::session},
};
use leptos::{html, prelude::*};
use std::sync::Arc;

/// The kinds that have a lane of their own, from the top.
const LANES: [ChangedKind; 3] = [ChangedKind::Objective, ChangedKind::Alert, ChangedKind::Definition];
/// Lanes are named where the axis leaves this much room at the left.
const ROOM_FOR_NAMES: f64 = 64.0;

#[component]
pub fn Strip(range: Signal<Range>, page: Arc<ChangedPage>, incidents: Memo<Vec<Began>>, insets: (f64, f64)) -> impl IntoView {
    let session = session();
    let place = NodeRef::<html::Div>::new();
    let width = RwSignal::new(0.0_f64);
    follow_width(place, width, |wide| wide);
    let sorted = Sorted::of(&page);
    let drawn = move || {
        let (width, range) = (width.get(), range.get());
        let (left, right) = insets;
        let axis = TimeAxis { from: range.from, until: range.to, left, right: (width - right).max(left + 1.0) };
        let began = incidents.get();
        let starts: Vec<Timestamp> = began.iter().map(|began| began.at).collect();
        let ats = |of: &[Changed]| of.iter().map(|item| item.at).collect::<Vec<_>>();
        let kinds: Vec<Vec<Timestamp>> = sorted.kinds.iter().map(|of| ats(of)).collect();
        let lasting: Vec<(Timestamp, Option<Timestamp>)> = sorted.lasting.iter().map(|item| (item.at, item.until)).collect();
        let made = moments(axis, &ats(&sorted.deploys), &starts, &kinds, &lasting, &session.zone.get().wall());
        (width > 0.0).then(|| picture(&made, &sorted, &began, axis, width))
    };
    view! { <div class="changed__place" node_ref=place>{drawn}</div> }
}

/// What changed, by where it stands.
struct Sorted {
    deploys: Vec<Changed>,
    /// In the order of [`LANES`].
    kinds: Vec<Vec<Changed>>,
    /// Maintenance, and time that is left out.
    lasting: Vec<Changed>,
}

impl Sorted {
    fn of(page: &ChangedPage) -> Self {
        let all = |wanted: &dyn Fn(ChangedKind) -> bool| page.items.iter().filter(|item| wanted(item.kind)).cloned().collect::<Vec<_>>();
        Self {
            deploys: all(&|kind| kind == ChangedKind::Deploy),
            kinds: LANES.iter().map(|lane| all(&|kind| kind == *lane)).collect(),
            lasting: all(&|kind| matches!(kind, ChangedKind::Maintenance | ChangedKind::Exclusion)),
        }
    }
}

fn picture(made: &Moments, sorted: &Sorted, began: &[Began], axis: TimeAxis, width: f64) -> AnyView {
    let count = |of: &[Moment]| of.iter().map(|moment| moment.members.len()).sum::<usize>();
    let others: usize = made.lanes.iter().map(|lane| count(&lane.marks)).sum::<usize>() + made.bands.len();
    let said = format!(
        "{}, {} and {} on the time axis",
        wording::count(count(&made.marks), "deploy", "deploys"),
        wording::count(others, "other change", "other changes"),
        wording::count(count(&made.lines), "incident", "incidents"),
    );
    let words = |moment: &Moment, of: &[Changed]| {
        let one = |item: &Changed| if item.words.is_empty() { item.title.clone() } else { format!("{}: {}", item.title, item.words) };
        moment.members.iter().filter_map(|at| of.get(*at)).map(one).collect::<Vec<_>>().join("; ")
    };
    let several = |moment: &Moment, y: f64| {
        let n = moment.members.len();
        (n > 1).then(|| view! { <text class="changed__several" x=format!("{:.1}", moment.x + 8.0) y=format!("{:.1}", y + 5.0)>{n.to_string()}</text> })
    };
    let mark = |moment: &Moment| {
        view! {
            <g>
                <title>{words(moment, &sorted.deploys)}</title>
                <path class="changed__deploy" d=format!("M{:.1} 6h12l-6 9z", moment.x - 6.0)></path>
                {several(moment, 11.0)}
            </g>
        }
    };
    let line = |moment: &Moment| {
        let first = moment.members.first().and_then(|at| began.get(*at));
        let words: Vec<String> = moment.members.iter().filter_map(|at| began.get(*at)).map(|began| format!("{}: {}", began.reference, began.title)).collect();
        let of = first.and_then(|first| first.severity);
        let moved = format!("translate({:.1} 11) scale(0.6) translate(-10 -10)", moment.x);
        view! {
            <g class="changed__incident" data-maintenance=first.is_some_and(|first| first.is_maintenance).then_some("")>
                <title>{words.join("; ")}</title>
                <line x1=format!("{:.1}", moment.x) y1="18" x2=format!("{:.1}", moment.x) y2=format!("{:.1}", made.base)></line>
                <path data-severity=severity::severity_slug(of) d=severity::shape(of) transform=moved></path>
            </g>
        }
    };
    let lane = |lane: &Lane| {
        let (Some(kind), Some(of)) = (LANES.get(lane.kind), sorted.kinds.get(lane.kind)) else { return ().into_any() };
        let mark = |moment: &Moment| {
            let is_worse = moment.members.iter().filter_map(|at| of.get(*at)).any(|item| item.is_worse);
            view! {
                <g class="changed__mark" data-kind=kind.slug() data-worse=is_worse.then_some("")>
                    <title>{words(moment, of)}</title>
                    <path d=shape(*kind, moment.x, lane.y)></path>
                    {several(moment, lane.y)}
                </g>
            }
        };
        let name = (axis.left >= ROOM_FOR_NAMES).then(|| name(kind.label(), axis.left, lane.y));
        view! { {name} {lane.marks.iter().map(mark).collect_view()} }.into_any()
    };
    let band = |band: &Band| {
        let item = sorted.lasting.get(band.member);
        let words = item.map_or_else(String::new, |item| format!("{}: {}", item.title, item.words));
        let kind = item.map_or(ChangedKind::Maintenance, |item| item.kind);
        view! {
            <g class="changed__band" data-kind=kind.slug()>
                <title>{words}</title>
                <rect x=format!("{:.1}", band.left) y=format!("{:.1}", made.bands_at - 4.0) width=format!("{:.1}", band.right - band.left) height="8" rx="2"></rect>
            </g>
        }
    };
    let bands_name = (!made.bands.is_empty() && axis.left >= ROOM_FOR_NAMES).then(|| name("Planned", axis.left, made.bands_at));
    let label = |label: &crate::charts::Label| {
        view! {
            <text class="changed__axis" x=format!("{:.1}", label.x) y=format!("{:.1}", label.y) text-anchor=label.anchor.slug()>
                {label.words.clone()}
            </text>
        }
    };
    view! {
        <svg class="changed__strip" role="img" aria-label=said width=format!("{width:.0}") height=format!("{:.0}", made.height)>
            <line class="changed__base" x1=format!("{:.1}", axis.left) y1=format!("{:.1}", made.base) x2=format!("{:.1}", axis.right) y2=format!("{:.1}", made.base)></line>
            {bands_name}
            {made.bands.iter().map(band).collect_view()}
            {made.lanes.iter().map(lane).collect_view()}
            {made.marks.iter().map(mark).collect_view()}
            {made.lines.iter().map(line).collect_view()}
            {made.labels.iter().map(label).collect_view()}
        </svg>
    }
}

fn name(words: &'static str, left: f64, y: f64) -> AnyView {
    view! {
        <text class="changed__axis" x=format!("{:.1}", left - 8.0) y=format!("{:.1}", y + 4.0) text-anchor="end">
            {words}
        </text>
    }
}

/// A diamond for objectives, a circle for alerts, a square for what was defined: each kind is known
/// by its shape, whatever its colour.
fn shape(kind: ChangedKind, x: f64, y: f64) -> String {
    match kind {
        ChangedKind::Objective => format!("M{x:.1} {:.1}l5.5 5.5-5.5 5.5-5.5-5.5z", y - 5.5),
        ChangedKind::Alert => format!("M{:.1} {y:.1}a4.5 4.5 0 1 1 9 0a4.5 4.5 0 1 1 -9 0z", x - 4.5),
        ChangedKind::Deploy | ChangedKind::Maintenance | ChangedKind::Exclusion | ChangedKind::Definition => {
            format!("M{:.1} {:.1}h8v8h-8z", x - 4.0, y - 4.0)
        }
    }
}
