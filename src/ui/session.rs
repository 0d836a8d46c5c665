//! What one open page works with: the replica, the outbox laid over it, the live stream, and what
//! is asked or said at this moment. Every view finds it with [`session`].

use super::{
    address::Address,
    app::THEME_KEY,
    browser, exchange,
    live::{Connection, Live},
    outbox::{Outbox, Predicted, What, predict},
    replica::Replica,
    routes::Route,
    times::Zone,
    toasts::Toasts,
};
use crate::{
    api,
    domain::{
        accounts::Doorstep,
        boards::{IncidentPage, Snapshot},
        failure::Failure,
        ids::{AlertId, CommandId, IncidentId},
        incident::{AlertRef, Command, Context, Declare, Incident, IncidentRole, MergeTarget, Refusal, Verb, allowed, decide},
        people::Actor,
        reading,
        screens::{Asked, FirstScreen, FormKeys, Said},
        time::Timestamp,
        timeline::Event,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

/// The themes: how one is kept, and its word.
pub const THEMES: [(&str, &str); 3] = [("", "System"), ("light", "Light"), ("dark", "Dark")];

/// The element in which the page brings an incident with its record, apart from the first screen:
/// what reads it is not needed on the board.
pub const PAGE_ISLAND: &str = "incident-page";

/// Where the choice of zone is kept.
const ZONE_KEY: &str = "tocsin.zone";

/// Whether the app can be shown at all.
#[derive(Clone, Debug, PartialEq)]
pub enum Gate {
    Starting,
    /// Nobody is signed in yet.
    SignedOut,
    /// The server has not answered once; it is asked again by itself.
    Unreachable(Failure),
    In,
}

/// How far the app is put together behind the page that came. A slow phone takes a tenth of a second
/// for all of it, so it is done in steps between which whoever reads that page can scroll and type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Built {
    /// The session has begun, nothing is drawn.
    Nothing,
    /// What surrounds every page.
    Frame,
    /// The page, but for the rows of its tables.
    Page,
    /// And so many rows of each.
    Rows(usize),
    Whole,
}

impl Built {
    /// How many rows of a table are drawn.
    pub fn rows(self) -> usize {
        match self {
            Built::Nothing | Built::Frame | Built::Page => 0,
            Built::Rows(rows) => rows,
            Built::Whole => usize::MAX,
        }
    }
}

/// The one thing that is asked now. There is never a second one on top.
#[derive(Clone, Debug, PartialEq)]
pub enum Sheet {
    /// A command that the rules refuse without a reason; `what` says which rule.
    Reason {
        id: IncidentId,
        command: Box<Command>,
        refusal: Refusal,
    },
    Severity(IncidentId),
    Services(IncidentId),
    Impact(IncidentId),
    Labels(IncidentId),
    Title(IncidentId),
    Merge(IncidentId),
    Assign(IncidentId, IncidentRole),
    /// Which incident an alert without one belongs to.
    Attach {
        alert: AlertId,
        title: String,
    },
    CorrectTime {
        id: IncidentId,
        seq: i64,
        from: Timestamp,
    },
    Keys,
    /// Jumping to anything.
    Palette,
}

/// Everything a view needs, by handle.
#[derive(Clone, Copy)]
pub struct Session {
    pub address: Address,
    pub gate: RwSignal<Gate>,
    pub replica: Replica,
    pub outbox: Outbox,
    pub live: Live,
    pub toasts: Toasts,
    pub sheet: RwSignal<Option<Sheet>>,
    pub zone: RwSignal<Zone>,
    /// How far the app is put together.
    pub built: RwSignal<Built>,
    /// The time that the composer is to give to its next entry, asked for by "insert here".
    pub insert_at: RwSignal<Option<Timestamp>>,
    /// What the sign-in page shows, where it came with the page.
    pub door: StoredValue<Option<Doorstep>>,
    /// This server's address, as the browser or the server itself knows it.
    pub origin: StoredValue<String>,
    /// What plain forms of such a page carry.
    pub keys: StoredValue<Option<FormKeys>>,
    /// Why the open incident's page could not be had.
    pub page_failure: RwSignal<Option<Failure>>,
    /// Which page was asked for last; a slower answer to an earlier question is dropped.
    wanted: StoredValue<String>,
}

/// The session of this page.
pub fn session() -> Session {
    expect_context()
}

impl Session {
    /// Made once, where the app begins; `came` is what the page brought with it.
    pub fn begin(mut came: Option<FirstScreen>, built: RwSignal<Built>) -> Self {
        let session = Self::at(Address::begin(), built);
        if browser::load(ZONE_KEY).as_deref() == Some(Zone::Local.slug()) {
            session.zone.set(Zone::Local);
        }
        session.live.start(session, came.as_mut());
        if let Some(came) = came {
            session.lay_out(came);
        }
        session
    }

    /// Whether this is drawn once, natively, for a page in which nothing runs yet or ever will.
    #[inline(always)]
    pub fn is_still(self) -> bool {
        !browser::is_here()
    }

    /// Made for one screen that is drawn natively.
    pub fn still(asked: Asked) -> Self {
        let Asked { path, query, origin, keys, mut screen, theme: _, executive: _ } = asked;
        let session = Self::at(Address::still(&path, query), RwSignal::new(Built::Whole));
        session.origin.set_value(origin);
        session.keys.set_value(keys);
        match screen.snapshot.take() {
            Some(snapshot) => {
                session.live.stand_at(snapshot.now);
                session.replica.adopt(snapshot);
                session.gate.set(Gate::In);
            }
            None => session.gate.set(Gate::SignedOut),
        }
        session.lay_out(screen);
        session
    }

    /// Takes what a screen brings besides the snapshot, which stands already.
    fn lay_out(self, screen: FirstScreen) {
        let FirstScreen { snapshot: _, page, failure, door, said } = screen;
        self.door.set_value(door);
        if let Some(Said { words, next, refused }) = said {
            self.toasts.put(words, next, refused);
        }
        if failure.is_some() || page.is_some() {
            // The address has been asked for already; its page need not ask again.
            if let Some(Route::Incident(incident)) = self.address.path.with_untracked(|path| Route::parse(path)) {
                self.wanted.set_value(incident);
            }
        }
        self.page_failure.set(failure);
        if let Some(page) = page {
            self.replica.adopt_page(page);
        }
    }

    fn at(address: Address, built: RwSignal<Built>) -> Self {
        let session = Self {
            address,
            gate: RwSignal::new(Gate::Starting),
            replica: Replica::default(),
            outbox: Outbox::default(),
            live: Live::default(),
            toasts: Toasts::default(),
            sheet: RwSignal::new(None),
            zone: RwSignal::new(Zone::Utc),
            built,
            insert_at: RwSignal::new(None),
            door: StoredValue::new(None),
            origin: StoredValue::new(browser::origin()),
            keys: StoredValue::new(None),
            page_failure: RwSignal::new(None),
            wanted: StoredValue::new(String::new()),
        };
        provide_context(session);
        session
    }

    pub fn choose_zone(self, zone: Zone) {
        self.zone.set(zone);
        browser::store(ZONE_KEY, zone.slug());
    }

    /// One of [`THEMES`], kept in this browser.
    pub fn choose_theme(self, slug: &str) {
        browser::set_theme((!slug.is_empty()).then_some(slug));
        if slug.is_empty() {
            browser::forget(THEME_KEY);
        } else if !browser::store(THEME_KEY, slug) {
            self.toasts.say("This browser keeps nothing: the theme lasts until the page is closed.");
        }
    }

    /// The snapshot that came with the page.
    pub fn begin_with(self, snapshot: Snapshot) {
        self.replica.adopt(snapshot);
        self.gate.set(Gate::In);
    }

    /// A snapshot has been fetched.
    pub fn adopt(self, snapshot: Snapshot) {
        let first = self.gate.get_untracked() != Gate::In;
        self.replica.adopt(snapshot);
        if first {
            self.gate.set(Gate::In);
        } else if let Some(page) = self.replica.page.get_untracked() {
            self.fetch(page.incident.id.to_string());
        } else if self.page_failure.with_untracked(|failure| failure.as_ref().is_some_and(Failure::is_worth_retrying)) {
            self.ask_for(self.wanted.get_value());
        }
    }

    /// The server does not know who asks. What is on screen stays, marked as no longer current.
    pub fn signed_out(self) {
        if self.gate.get_untracked() != Gate::In {
            self.gate.set(Gate::SignedOut);
        }
    }

    /// The server has not answered. What is on screen stays.
    pub fn unreachable(self, failure: Failure) {
        if self.gate.get_untracked() != Gate::In {
            self.gate.set(Gate::Unreachable(failure));
        }
    }

    /// Somebody has just signed in.
    pub fn enter(self) {
        self.live.connection.set(Connection::CatchingUp);
        self.live.resync(self);
    }

    pub fn leave(self) {
        exchange::soon(self, move |exchange| (exchange.leave)(self));
    }

    /// Ends the session here and on the server; a full load leaves nothing in memory.
    pub fn end(self) {
        spawn_local(async move {
            match api::session::sign_out().await {
                Ok(()) => browser::load_page(&Route::SignIn.path()),
                Err(failure) => self.toasts.refused("Sign out", &failure),
            }
        });
    }

    // ---- incidents, with what is unsent laid over them

    /// The incident as it will be when everything queued for it has arrived.
    pub fn incident(self, id: IncidentId) -> Option<Arc<Incident>> {
        self.replica.track();
        self.overlay(self.replica.confirmed(id)?)
    }

    /// A confirmed incident, with what is unsent.
    pub fn overlay(self, confirmed: Arc<Incident>) -> Option<Arc<Incident>> {
        if !self.outbox.queue.with_untracked(|queue| queue.iter().any(|queued| queued.is_for(confirmed.id))) {
            return Some(confirmed);
        }
        // Whoever queued something has fetched what says how it looks.
        exchange::here().and_then(|exchange| (exchange.predicted)(self, confirmed.id))
    }

    /// What the queue will do to an incident.
    pub fn predicted(self, id: IncidentId) -> Option<Predicted> {
        let (confirmed, actor) = (self.replica.confirmed(id)?, self.replica.actor()?);
        Some(self.outbox.queue.with_untracked(|queue| predict(&confirmed, queue, &actor, |command| self.context(command))))
    }

    /// Everything on the board, with what is unsent.
    pub fn board(self, now: Timestamp) -> Vec<Arc<Incident>> {
        self.replica.track();
        let confirmed = self.replica.on_board(now);
        if self.outbox.queue.with_untracked(Vec::is_empty) {
            return confirmed;
        }
        confirmed.into_iter().filter_map(|incident| self.overlay(incident)).collect()
    }

    /// The events of the open page: what is recorded, then what is about to be.
    pub fn events(self) -> Vec<Event> {
        self.replica.track();
        let Some(page) = self.replica.page.get() else { return vec![] };
        let id = page.incident.id;
        let mut events = page.events.clone();
        let mut last = events.last().map_or(0, |event| event.seq);
        let echo = self.replica.echo.get().into_iter().filter(|(incident, _)| *incident == id).map(|(_, event)| event);
        let queued = self.predicted(id).map(|predicted| predicted.events).unwrap_or_default();
        for event in echo.chain(queued) {
            if event.seq > last {
                last = event.seq;
                events.push(event);
            }
        }
        events
    }

    pub fn actor(self) -> Option<Actor> {
        self.replica.me().map(|me| me.actor())
    }

    /// Whether a verb is possible now, and if not, why.
    pub fn may(self, incident: &Incident, verb: Verb) -> Result<(), Refusal> {
        self.actor().map_or(Err(Refusal::NeedsResponder), |actor| allowed(incident, verb, &actor))
    }

    /// What the rules say to a command, without sending it.
    pub fn would(self, incident: &Incident, command: &Command) -> Result<(), Refusal> {
        let actor = self.replica.actor().ok_or(Refusal::NeedsResponder)?;
        decide(incident, command, &self.context(command), &actor, self.live.now()).map(drop)
    }

    /// What a command refers to outside its incident.
    fn context(self, command: &Command) -> Context {
        match command {
            Command::Merge { into, .. } => {
                let target = self.replica.confirmed(*into).map(|target| MergeTarget::of(&target));
                Context { target, alert: None }
            }
            Command::DetachAlert { alert, .. } => {
                let page = self.replica.page.get_untracked();
                let known = page.as_ref().and_then(|page| page.alerts.iter().find(|known| known.id == *alert));
                let named = known.map(|alert| {
                    let name = AlertRef {
                        id: alert.id,
                        title: alert.title.clone(),
                        service: alert.labels.get("service").cloned(),
                        severity: alert.severity,
                        started_at: alert.started_at,
                        resolved_at: alert.resolved_at,
                        about_monitoring: crate::domain::alert::is_about_monitoring(&alert.labels),
                    };
                    (name, alert.incident_id)
                });
                Context { target: None, alert: named }
            }
            _ => Context::default(),
        }
    }

    /// Decides a command here; allowed, it shows at once and is on its way.
    pub fn send(self, id: IncidentId, command: Command) -> Result<(), Refusal> {
        self.send_as(id, command).map(drop)
    }

    /// The same, and answers the command's id, by which its end can be recognised.
    pub fn send_as(self, id: IncidentId, command: Command) -> Result<CommandId, Refusal> {
        let (Some(incident), Some(actor)) = (untrack(|| self.incident(id)), self.replica.actor()) else {
            return Err(Refusal::NeedsResponder);
        };
        decide(&incident, &command, &self.context(&command), &actor, self.live.now())?;
        // What is refused here is refused; only what was allowed may come too late.
        let what = What::Command { incident: id, reference: incident.reference, command: Box::new(self.dated(command)) };
        let command = browser::command_id();
        self.outbox.put(self, command, what);
        Ok(command)
    }

    /// An acknowledgement that cannot leave yet says when it was meant: if the incident is over when
    /// it arrives, it is kept as a note instead of being refused.
    fn dated(self, command: Command) -> Command {
        match command {
            Command::Acknowledge { for_s, happened_at: None } if self.live.is_cut_off() => Command::Acknowledge { for_s, happened_at: Some(self.live.now()) },
            other => other,
        }
    }

    /// The same, for buttons: a missing reason is asked for, any other refusal is said.
    pub fn act(self, id: IncidentId, command: Command) {
        exchange::soon(self, move |exchange| (exchange.act)(self, id, command));
    }

    pub fn decide_and_send(self, id: IncidentId, command: Command) {
        match self.send(id, command.clone()) {
            Ok(()) => {}
            Err(refusal @ Refusal::ReasonNeeded { .. }) => self.sheet.set(Some(Sheet::Reason { id, command: Box::new(command), refusal })),
            Err(refusal) => self.toasts.say_refused(&refusal),
        }
    }

    /// Queues a declaration and answers its command's id, by which its end can be recognised.
    pub fn declare(self, draft: Declare) -> CommandId {
        let id = browser::command_id();
        self.outbox.put(self, id, What::Declare { draft: Box::new(draft) });
        id
    }

    // ---- the open incident

    /// Fetches an incident with its log.
    pub fn fetch(self, incident: String) {
        spawn_local(async move {
            match self.fetched(incident).await {
                // A missing or hidden incident needs no word here; its page, if open, has said so itself.
                Err(failure) if failure.is_worth_retrying() => self.live.again(self),
                Ok(()) | Err(_) => {}
            }
        });
    }

    /// The same, for whoever has to know whether it came.
    pub async fn fetched(self, incident: String) -> Result<(), Failure> {
        let page = api::incidents::page(incident).await?;
        let wanted = self.replica.page.with_untracked(|open| open.as_ref().is_some_and(|open| open.incident.id == page.incident.id));
        if wanted {
            self.replica.adopt_page(page)
        } else {
            self.replica.adopt_incident(page.incident)
        }
        Ok(())
    }

    /// Opens an incident's page, unless it came with this one.
    pub fn open(self, incident: String) {
        if self.wanted.with_value(|wanted| *wanted != incident) && !self.has_come(&incident) {
            self.ask_for(incident);
        }
    }

    /// Takes the incident that came with the page, if it is this one and nothing newer is known of it.
    fn has_come(self, incident: &str) -> bool {
        let came = browser::take_island(PAGE_ISLAND).and_then(|text| reading::read::<IncidentPage>(text.as_bytes()));
        let is_asked_for = |page: &IncidentPage| incident.parse() == Ok(page.incident.reference) || incident.parse() == Ok(page.incident.id);
        let is_current = |page: &IncidentPage| self.replica.confirmed(page.incident.id).is_none_or(|known| known.version <= page.incident.version);
        let Some(page) = came.filter(|page| is_asked_for(page) && is_current(page)) else { return false };
        self.wanted.set_value(incident.to_owned());
        self.replica.adopt_page(page);
        true
    }

    /// Asks for an incident's page, again if need be.
    pub fn ask_for(self, incident: String) {
        self.page_failure.set(None);
        self.wanted.set_value(incident.clone());
        spawn_local(async move {
            let answer = api::incidents::page(incident.clone()).await;
            if self.wanted.get_value() != incident {
                return;
            }
            match answer {
                Ok(page) => self.replica.adopt_page(page),
                Err(failure) => self.page_failure.set(Some(failure)),
            }
        });
    }

    /// Nobody looks at the page any more.
    pub fn close(self) {
        self.wanted.set_value(String::new());
        self.insert_at.set(None);
        self.replica.close_page();
    }

    /// The answer to a command names a newer version than the open page has; normally the stream
    /// brings the difference within a moment, otherwise it is fetched.
    pub fn catch_up_page(self, id: IncidentId, version: i64) {
        spawn_local(async move {
            browser::sleep(1500).await;
            let behind = self
                .replica
                .page
                .with_untracked(|page| page.as_ref().is_some_and(|page| page.incident.id == id && page.events.last().map_or(0, |event| event.seq) < version));
            if behind {
                self.fetch(id.to_string());
            }
        });
    }
}
