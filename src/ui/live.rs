//! The live stream: one connection, opened again whenever it breaks, and the ticking time.
//!
//! An `EventSource` gives up for good on any HTTP error and cannot say which one, so it is made
//! anew here, with growing, spread-out waits; from the second try on a snapshot is asked for
//! first, which also tells "signed out" from "unreachable".

use super::{
    browser::{self, Frame, Stream},
    exchange::{self, Exchange},
    replica::Applied,
    session::{Gate, Session},
};
use crate::{
    api,
    domain::{
        boards::Happening,
        failure::{Failure, FailureKind},
        reading,
        screens::FirstScreen,
        time::Timestamp,
    },
};
use leptos::{prelude::*, task::spawn_local};

/// The server says something at least every 15 s; silence for this long means that nobody is there.
const SILENCE_SECS: i64 = 40;
/// After this long nobody knows whether the server hears: one beat was missed.
const UNEASY_SECS: i64 = 16;
/// A page that comes back into view after this much silence asks at once.
const DOUBT_SECS: i64 = 20;
/// The longest wait between two tries.
const LONGEST_WAIT_SECS: i32 = 20;

/// How current the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Only what came with the page: there is no stream yet, or never will be.
    Still,
    CatchingUp,
    Live,
    Offline,
    SignedOut,
}

/// The connection and the time.
#[derive(Clone, Copy)]
pub struct Live {
    pub connection: RwSignal<Connection>,
    /// When something was last heard.
    pub heard_at: RwSignal<Timestamp>,
    ticking: RwSignal<Timestamp>,
    /// What to add to the browser's clock to get the server's.
    offset_micros: StoredValue<i64>,
    stream: StoredValue<Option<Stream>, LocalStorage>,
    /// Grows with every connection, so that a late callback of an older one is told apart.
    turn: StoredValue<u32>,
    tries: StoredValue<u32>,
}

impl Default for Live {
    fn default() -> Self {
        let now = browser::clock();
        Self {
            connection: RwSignal::new(Connection::CatchingUp),
            heard_at: RwSignal::new(now),
            ticking: RwSignal::new(now),
            offset_micros: StoredValue::new(0),
            stream: StoredValue::new_local(None),
            turn: StoredValue::new(0),
            tries: StoredValue::new(0),
        }
    }
}

impl Live {
    /// The server's time, ticking every second; whoever reads it in a view follows it.
    pub fn ticking(self) -> Signal<Timestamp> {
        self.ticking.into()
    }

    /// The server's time at this moment.
    pub fn now(self) -> Timestamp {
        Timestamp::from_micros(browser::clock().micros() + self.offset_micros.get_value())
    }

    /// Whether what is sent now may arrive a good while later.
    pub fn is_cut_off(self) -> bool {
        let is_silent = self.now().secs_since(self.heard_at.get_untracked()) > UNEASY_SECS;
        is_silent || matches!(self.connection.get_untracked(), Connection::CatchingUp | Connection::Offline | Connection::SignedOut)
    }

    /// The time of a page that is drawn once.
    pub fn stand_at(self, now: Timestamp) {
        self.set_clock(now, browser::clock(), browser::clock());
        self.heard_at.set(now);
        self.connection.set(Connection::Still);
    }

    /// Begins: the clock, the watchdog, and the first snapshot, which came with the page or is asked for.
    pub fn start(self, session: Session, came: Option<&mut FirstScreen>) {
        browser::every_second(move || self.tick(session));
        browser::on_visible(move || {
            if self.now().secs_since(self.heard_at.get_untracked()) > DOUBT_SECS {
                self.again(session);
            }
        });
        browser::on_online(move || self.again(session));
        browser::on_offline(move || self.lost(session));
        match came.map(|came| came.snapshot.take()) {
            Some(Some(snapshot)) => {
                let kept = browser::kept_times();
                let (asked_at, answered_at) = kept.unwrap_or_else(browser::page_times);
                if kept.is_none() {
                    self.connection.set(Connection::Still);
                } else if !browser::is_online() {
                    self.tries.set_value(1);
                }
                self.stand(snapshot.now, asked_at, answered_at);
                session.begin_with(snapshot);
            }
            Some(None) => self.sign_out(session),
            None => self.resync(session),
        }
    }

    /// The first screen stands: goes on from what came with the page, unless something did so already.
    /// A page that was kept may be hours old, and not all of it is in the stream: who there is, what
    /// they may do, the server's clock. So all of that is asked for anew.
    pub fn go_on(self, session: Session) {
        match self.connection.get_untracked() {
            _ if self.turn.get_value() > 0 => {}
            Connection::Still => self.connect(session),
            _ => self.resync(session),
        }
    }

    /// Tries at once, from the start of the waits.
    pub fn again(self, session: Session) {
        if session.gate.get_untracked() != Gate::SignedOut && self.connection.get_untracked() != Connection::SignedOut {
            self.tries.set_value(0);
            self.resync(session);
        }
    }

    /// The browser says that there is no network: said at once, without waiting for the stream's silence.
    fn lost(self, session: Session) {
        if matches!(self.connection.get_untracked(), Connection::Still | Connection::Live | Connection::CatchingUp) {
            self.tries.set_value(1);
            self.retry(session);
        }
    }

    /// Takes a snapshot, then listens from there on.
    pub fn resync(self, session: Session) {
        self.reach(session, |exchange| exchange.resync);
    }

    fn connect(self, session: Session) {
        self.reach(session, |exchange| exchange.listen);
    }

    /// Goes on in the exchange, which may still have to be fetched: where it cannot be, nor can the server.
    fn reach(self, session: Session, what: fn(Exchange) -> fn(Session)) {
        if let Some(exchange) = exchange::here() {
            return what(exchange)(session);
        }
        let turn = self.next_turn();
        spawn_local(async move {
            let came = exchange::fetch().await;
            if self.turn.get_value() != turn {
                return;
            }
            match came {
                Some(exchange) => what(exchange)(session),
                None => self.fail(session, Failure::new(FailureKind::Unreachable, "unreachable", "the server cannot be reached")),
            }
        });
    }

    // ---- in the exchange

    pub fn ask(self, session: Session) {
        // On a page that was kept, what is unsent is seen before there is a network.
        session.outbox.restore(session);
        let turn = self.next_turn();
        spawn_local(async move {
            let asked_at = browser::clock();
            let answer = api::board::snapshot().await;
            if self.turn.get_value() != turn {
                return;
            }
            match answer {
                Ok(snapshot) => {
                    self.stand(snapshot.now, asked_at, browser::clock());
                    session.adopt(snapshot);
                    self.listen(session);
                }
                Err(failure) => self.fail(session, failure),
            }
        });
    }

    /// A snapshot of `now` has come.
    fn stand(self, now: Timestamp, asked_at: Timestamp, answered_at: Timestamp) {
        self.set_clock(now, asked_at, answered_at);
        self.heard_at.set(now);
    }

    /// It was `now` on the server in the middle between asking and answer.
    fn set_clock(self, now: Timestamp, asked_at: Timestamp, answered_at: Timestamp) {
        let middle = asked_at.micros() + answered_at.micros_since(asked_at) / 2;
        self.offset_micros.set_value(now.micros() - middle);
        self.ticking.set(self.now());
    }

    fn sign_out(self, session: Session) {
        // A kept board alone is nothing to stay with: the server shows its door.
        if session.replica.generation() == 1 && browser::kept_times().is_some() {
            return browser::reload();
        }
        self.next_turn();
        self.connection.set(Connection::SignedOut);
        session.signed_out();
    }

    fn fail(self, session: Session, failure: Failure) {
        if failure.kind == FailureKind::Unauthenticated {
            self.sign_out(session);
        } else {
            session.unreachable(failure);
            self.retry(session);
        }
    }

    /// Takes up what an earlier page left unsent, and listens to the stream from the last change on.
    pub fn listen(self, session: Session) {
        session.outbox.restore(session);
        let turn = self.next_turn();
        let heard = move |frame| {
            if self.turn.get_value() == turn {
                self.hear(session, frame);
            }
        };
        let stream = Stream::open(&format!("/api/v1/stream?after={}", session.replica.seq()), heard);
        self.stream.update_value(|kept| *kept = stream);
    }

    fn hear(self, session: Session, frame: Frame) {
        match frame {
            Frame::Opened => self.heard(session),
            Frame::Said { topic: "reset", .. } => self.resync(session),
            Frame::Said { id, data, .. } => {
                self.heard(session);
                if let (Ok(seq), Some(happening)) = (id.parse(), reading::read(data.as_bytes())) {
                    self.take(session, seq, happening);
                }
            }
            Frame::Broken => self.retry(session),
        }
    }

    fn heard(self, session: Session) {
        self.tries.set_value(0);
        self.heard_at.set(self.now());
        if self.connection.get_untracked() != Connection::Live {
            self.connection.set(Connection::Live);
            session.outbox.wake(session);
        }
    }

    fn take(self, session: Session, seq: i64, happening: Happening) {
        let mine = match &happening {
            Happening::Incident { event, .. } => event.command,
            Happening::Alert { .. } => None,
        };
        let applied = session.replica.apply(seq, happening);
        // The stream may bring an event before the answer to the command that caused it.
        if let Some(command) = mine.filter(|command| session.outbox.queue.with_untracked(|queue| queue.iter().any(|queued| queued.id == *command))) {
            session.outbox.heard_of(session, command);
        }
        if let Applied::Missing(id) = applied {
            session.fetch(id.to_string());
        }
    }

    fn retry(self, session: Session) {
        let turn = self.next_turn();
        let tries = self.tries.get_value();
        self.tries.set_value(tries + 1);
        self.connection.set(if tries == 0 { Connection::CatchingUp } else { Connection::Offline });
        let longest = (1_i32 << tries.min(5)).min(LONGEST_WAIT_SECS);
        #[allow(clippy::cast_possible_truncation)] // at most 20,000
        let millis = (f64::from(longest) * 1000.0 * (0.3 + 0.7 * browser::jitter())) as i32;
        spawn_local(async move {
            browser::sleep(millis).await;
            if self.turn.get_value() != turn {
                return;
            }
            if tries == 0 && session.gate.get_untracked() == Gate::In {
                self.connect(session);
            } else {
                self.resync(session);
            }
        });
    }

    fn tick(self, session: Session) {
        self.ticking.set(self.now());
        let silent = self.now().secs_since(self.heard_at.get_untracked()) > SILENCE_SECS;
        if silent && self.connection.get_untracked() == Connection::Live {
            self.connection.set(Connection::CatchingUp);
            self.resync(session);
        }
    }

    /// Ends whatever went on before.
    fn next_turn(self) -> u32 {
        self.stream.update_value(|stream| *stream = None);
        self.turn.update_value(|turn| *turn = turn.wrapping_add(1));
        self.turn.get_value()
    }
}
