//! All incidents: a list that is looked at through its address, worked with the keyboard, and
//! acted on by the many. Only what is seen is in the page; the rest are plain values.

mod bar;
mod bulk;
mod cells;
mod columns;
mod costs;
mod filters;
mod lines;
mod roll;
mod selection;
mod table;
mod window;

use self::{
    roll::{Progress, Roll},
    selection::Selection,
    window::{SPARE, Shape},
};
use crate::{
    domain::{
        ids::IncidentId,
        lists::{Arranged, IncidentRow, News, Sort, View},
        wording::grouped,
    },
    ui::{
        browser,
        components::loaded::Failed,
        drawing::view,
        routes::Route,
        session::{Session, session},
    },
};
use leptos::prelude::*;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// From this width on rows are a table, below it they are cards.
const DESK_PX: f64 = 720.0;
/// How high a row is, in letters' sizes: a table's, a card's. The stylesheet says the same.
const ROW_REM: (f64, f64) = (2.25, 4.25);
/// What the strip above and the bar below may cover, in pixels.
const COVERED_PX: (f64, f64) = (92.0, 88.0);

/// For how long changes are gathered before somebody is told of them.
const GATHERING_NEWS: Duration = Duration::from_millis(250);

/// Where somebody was when the page was left: the view, how far it was scrolled, the row in focus.
static LEFT: Mutex<Option<(String, f64, Option<IncidentId>)>> = Mutex::new(None);

/// What the id of a row's element begins with.
const ROW: &str = "row-";

fn row_id(id: IncidentId) -> String {
    format!("{ROW}{id}")
}

/// The page's state, by handle.
#[derive(Clone, Copy)]
struct List {
    session: Session,
    roll: Roll,
    view: Memo<View>,
    /// The rows as they stand on screen, by their places in the roll. It changes when somebody
    /// asks for it, never by itself.
    shown: RwSignal<Arc<Arranged>>,
    /// What has changed since then.
    news: RwSignal<News>,
    selection: RwSignal<Selection>,
    /// The row that the keys act on.
    focus: RwSignal<Option<IncidentId>>,
    unfolded: RwSignal<Option<IncidentId>>,
    unfolded_height: RwSignal<f64>,
    /// Width and height of what is seen, and the size of letters.
    size: RwSignal<(f64, f64, f64)>,
    /// How far the list's upper edge lies above what is seen.
    scrolled: RwSignal<f64>,
    /// How many rows are drawn on either side of what is seen: none before that is painted once.
    spare: RwSignal<usize>,
    /// On a phone: taps tick rows instead of opening them.
    picking: RwSignal<bool>,
    /// What the incidents on the screen cost, where that is asked for.
    costs: costs::Costs,
    /// Whether the form for another filter is open.
    filtering: RwSignal<bool>,
    /// What is about to be done to the many.
    asking: RwSignal<Option<bulk::Bulk>>,
    /// What became of what was done last.
    report: RwSignal<Vec<bulk::Sent>>,
}

#[component]
pub fn Incidents() -> impl IntoView {
    let list = List::begin();
    list.follow();
    list.listen();
    bulk::follow(list);
    let count = move || {
        let (shown, all) = (list.shown.with(|shown| shown.len()), list.roll.len());
        list.roll.revision.track();
        if shown == all { grouped(all) } else { format!("{} of {}", grouped(shown), grouped(all)) }
    };
    // What stands at the foot is drawn when the rows do.
    let stands = Memo::new(move |_| list.spare.get() > 0);
    let progress = move || match list.roll.progress.get() {
        Progress::Whole => None,
        Progress::Reading => Some(view! { <span class="list-progress" role="status">"Reading the rest…"</span> }),
        Progress::Failed(failure) => Some(view! { <Failed failure again=move |()| list.roll.read(list.session) /> }),
    };
    view! {
        <div class="page incident-list" data-chosen=move || list.selection.with(|selection| !selection.all().is_empty()).then_some("true")>
            <div class="list-head">
                <h1 class="page__title">"Incidents"</h1>
                <span class="list-head__count" aria-live="polite">{move || count()}</span>
                {move || progress()}
                {filters::search(list)}
                {filters::columns_menu(list)}
                {filters::sort_menu(list)}
                <button type="button" class="button phone-only list-select" aria-pressed=move || list.picking.get().to_string() on:click=move |_| list.pick(!list.picking.get_untracked())>
                    "Select"
                </button>
            </div>
            {filters::views(list)}
            {filters::chips(list)}
            {move || news(list)}
            {table::table(list)}
            {move || stands.get().then(|| bar::hints(list))}
        </div>
        {bar::bar(list)}
        {filters::dialog(list)}
        {bulk::dialog(list)}
    }
}

/// What is new waits in a bar and is never pushed under the cursor.
fn news(list: List) -> AnyView {
    let news = list.news.get();
    let mut words = Vec::new();
    if news.more > 0 {
        words.push(format!("{} new", news.more));
    }
    if news.fewer > 0 {
        words.push(format!("{} no longer among these", news.fewer));
    }
    if words.is_empty() && news.moved {
        words.push("The order has changed".to_owned());
    }
    let words = words.join(", ");
    let any = !words.is_empty();
    view! {
        <div class="list-news" role="status" data-any=any.then_some("true")>
            {any
                .then(|| {
                    view! {
                        <span>{words}</span>
                        <button type="button" class="link-button" on:click=move |_| list.arrange()>"Show"</button>
                    }
                })}
        </div>
    }
}

impl List {
    fn begin() -> Self {
        let session = session();
        let query = session.address.query;
        let roll = Roll::begin(session);
        let view = Memo::new(move |_| query.with(|query| View::read(&query.0)));
        let shown = roll.is_whole().then(|| view.with_untracked(|view| roll.arrange(session, view)));
        Self {
            session,
            roll,
            view,
            shown: RwSignal::new(shown.unwrap_or_default()),
            news: RwSignal::default(),
            selection: RwSignal::default(),
            focus: RwSignal::new(None),
            unfolded: RwSignal::new(None),
            unfolded_height: RwSignal::new(0.0),
            size: RwSignal::new(browser::viewport()),
            scrolled: RwSignal::new(0.0),
            spare: RwSignal::new(0),
            picking: RwSignal::new(false),
            costs: costs::Costs::default(),
            filtering: RwSignal::new(false),
            asking: RwSignal::new(None),
            report: RwSignal::default(),
        }
    }

    /// Puts the rows in order whenever somebody looks otherwise or more have been read.
    fn follow(self) {
        let left = LEFT.lock().unwrap_or_else(PoisonError::into_inner).take().filter(|(query, ..)| *query == self.view.with_untracked(View::query));
        let place = StoredValue::new(left);
        Effect::new(move |before: Option<()>| {
            self.view.track();
            self.roll.pages.track();
            // What was kept from the last visit is in order since the page began.
            if before.is_some() || !self.roll.is_whole() {
                self.arrange();
            }
            if let Some((_, y, focus)) = place.try_update_value(Option::take).flatten() {
                self.focus.set(focus);
                browser::after_paint(move || browser::scroll_to(y));
            }
        });
        // Looked for once for all changes that come together.
        let waiting = StoredValue::new(false);
        Effect::new(move |_| {
            self.roll.revision.track();
            if waiting.get_value() {
                return;
            }
            waiting.set_value(true);
            set_timeout(
                move || {
                    if waiting.try_set_value(false).is_none() {
                        let news = self.view.with_untracked(|view| self.shown.with_untracked(|shown| self.roll.news(self.session, view, shown)));
                        if self.news.get_untracked() != news {
                            self.news.set(news);
                        }
                    }
                },
                GATHERING_NEWS,
            );
        });
        on_cleanup(move || {
            let left = (self.view.with_untracked(View::query), browser::scroll_y(), self.focus.get_untracked());
            *LEFT.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        });
    }

    fn listen(self) {
        let measure = move || {
            // The page may have been left within the frame that this waited for.
            let _ = self.size.try_set(browser::viewport());
            let _ = self.scrolled.try_set(browser::scrolled_past("incident-rows"));
            let ready = move || {
                if self.spare.try_set(SPARE).is_none() {
                    browser::set_title("Incidents · Tocsin");
                }
            };
            set_timeout(ready, Duration::ZERO);
        };
        let scroll = window_event_listener_untyped("scroll", move |_| self.scrolled.set(browser::scrolled_past("incident-rows")));
        let resize = window_event_listener_untyped("resize", move |_| measure());
        let keys = window_event_listener(leptos::ev::keydown, move |event| {
            let Some(key) = browser::plain_key(&event) else { return };
            if self.press(&key, event.shift_key()) {
                event.prevent_default();
            }
        });
        on_cleanup(move || {
            scroll.remove();
            resize.remove();
            keys.remove();
        });
        browser::after_paint(measure);
    }

    /// Puts the rows in the order of the view, now.
    fn arrange(self) {
        let arranged = browser::timed("list.arrange", || self.view.with_untracked(|view| self.roll.arrange(self.session, view)));
        self.shown.set(arranged);
        self.news.set(News::default());
        browser::after_paint(move || {
            let _ = self.scrolled.try_set(browser::scrolled_past("incident-rows"));
        });
    }

    /// Looks at it otherwise; going back returns.
    fn open(self, view: &View) {
        let query = view.query();
        let path = Route::Incidents.path();
        self.session.address.go(&if query.is_empty() { path } else { format!("{path}?{query}") });
    }

    /// The same without a way back, for what is typed.
    fn amend(self, view: &View) {
        let query = view.query();
        let path = Route::Incidents.path();
        self.session.address.amend(&if query.is_empty() { path } else { format!("{path}?{query}") });
    }

    fn change(self, change: impl FnOnce(&mut View)) {
        let mut view = self.view.get_untracked();
        change(&mut view);
        self.open(&view);
    }

    /// By this column, then from its end, then as usual.
    fn sort(self, by: crate::domain::lists::Column) {
        self.change(|view| {
            view.sort = match view.sort {
                Sort { by: Some(now), reverse: false } if now == by => Sort { by: Some(by), reverse: true },
                Sort { by: Some(now), reverse: true } if now == by => Sort::default(),
                _ => Sort { by: Some(by), reverse: false },
            };
        });
    }

    fn is_desk(self) -> bool {
        self.size.get().0 >= DESK_PX
    }

    fn shape(self) -> Shape {
        let (width, _, rem) = self.size.get();
        let unfolded = self.unfolded.get().and_then(|id| self.position(id)).map(|at| (at, self.unfolded_height.get()));
        Shape { rows: self.shown.with(|shown| shown.len()), row_height: if width >= DESK_PX { ROW_REM.0 * rem } else { ROW_REM.1 * rem }, unfolded }
    }

    fn at(self, position: usize) -> Option<Arc<IncidentRow>> {
        let place = self.shown.with_untracked(|shown| shown.places().get(position).copied())?;
        self.roll.row(place)
    }

    fn position(self, id: IncidentId) -> Option<usize> {
        let place = self.roll.place(id)?;
        self.shown.with_untracked(|shown| shown.position(place))
    }

    fn ids(self) -> Vec<IncidentId> {
        self.shown
            .with_untracked(|shown| self.roll.with(|rows| shown.places().iter().filter_map(|place| rows.get(*place as usize)).map(|row| row.id).collect()))
    }

    fn pick(self, picking: bool) {
        self.picking.set(picking);
        if !picking {
            self.selection.update(Selection::clear);
            self.report.set(vec![]);
        }
    }

    /// A tick, or with shift a range of them.
    fn tick(self, id: IncidentId, range: bool) {
        self.focus.set(Some(id));
        if range {
            let ids = self.ids();
            self.selection.update(|selection| selection.extend(&ids, id));
        } else {
            self.selection.update(|selection| selection.toggle(id));
        }
    }

    fn fold(self, id: IncidentId, open: bool) {
        self.unfolded_height.set(0.0);
        self.unfolded.set(open.then_some(id));
    }

    /// Moves the focus by rows; with `range` everything on the way is ticked.
    fn step(self, by: isize, range: bool) {
        let rows = self.shown.with_untracked(|shown| shown.len());
        if rows == 0 {
            return;
        }
        let at = self.focus.get_untracked().and_then(|id| self.position(id));
        let first_seen = untrack(|| self.shape()).window(self.scrolled.get_untracked() + COVERED_PX.0, 1.0, SPARE).0;
        let to = match at {
            Some(at) => at.saturating_add_signed(by).min(rows - 1),
            None => first_seen.min(rows - 1),
        };
        let Some(row) = self.at(to) else { return };
        if range {
            if let Some(from) =
                at.and_then(|at| self.at(at)).filter(|from| self.selection.with_untracked(|selection| selection.all().is_empty() && from.id != row.id))
            {
                self.tick(from.id, false);
            }
            self.tick(row.id, true);
        }
        self.focus.set(Some(row.id));
        self.reveal(to);
    }

    fn reveal(self, position: usize) {
        let (_, height, _) = self.size.get_untracked();
        let from = browser::scrolled_past("incident-rows");
        let by = untrack(|| self.shape()).reveal(position, from, height, COVERED_PX.0, COVERED_PX.1);
        if by != 0.0 {
            browser::scroll_by(by);
        }
    }

    /// A key that nobody else wanted; whether it meant something here.
    fn press(self, key: &str, shift: bool) -> bool {
        let focused = self.focus.get_untracked();
        match key {
            "j" | "J" | "ArrowDown" => self.step(1, shift),
            "k" | "K" | "ArrowUp" => self.step(-1, shift),
            "x" => match focused {
                Some(id) => self.tick(id, false),
                None => self.step(0, false),
            },
            "Enter" => {
                let Some(row) = focused.filter(|_| !browser::is_on_control()).and_then(|id| self.roll.find(id)) else { return false };
                self.session.address.open(&Route::incident(row.reference));
            }
            "ArrowRight" | "ArrowLeft" => {
                let Some(id) = focused else { return false };
                self.fold(id, key == "ArrowRight");
            }
            "a" => {
                let chosen = self.selection.with_untracked(|selection| selection.all().to_vec());
                let ids = if chosen.is_empty() { focused.into_iter().collect() } else { chosen };
                bulk::Bulk::Acknowledge.start(self, ids);
            }
            "f" => self.filtering.set(true),
            "/" => browser::select_field("list-search"),
            "Escape" if self.selection.with_untracked(|selection| !selection.all().is_empty()) => self.pick(false),
            "Escape" if self.unfolded.get_untracked().is_some() => self.unfolded.set(None),
            _ => return false,
        }
        true
    }
}
