//! What the board knows at a moment: the question, the answers to it, and who asks for them anew.

use super::question::{Question, Spans, Time};
use crate::{
    api,
    charts::heat::{
        Frame, Happened, NARROWEST, NARROWEST_ON_PHONE, What,
        latency::{Drawn, LatencyHeat, draw},
        step_secs,
    },
    domain::{
        failure::Failure,
        ids::IncidentRef,
        incident::Incident,
        telemetry::{
            board::{BoardPage, BoardQuestion, Told},
            panels::{ErrorMap, Figures, Holdings, Latency, Question as Asked, Traffic},
            suspects::Suspect,
        },
        time::Timestamp,
    },
    ui::{
        browser,
        chart::heat::unmeasured,
        components::loaded::Load,
        session::{Session, session},
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

/// How often a board that goes on is asked for anew.
const REFRESH_SECS: i64 = 15;
/// Under this width of the page it is a phone's.
pub const PHONE: f64 = 720.0;

/// An answer with the question that it answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub page: BoardPage,
    /// Without what is only a matter of looking.
    pub question: Question,
    pub spans: Spans,
    pub step_s: i64,
}

/// Everything the panels share.
#[derive(Clone, Copy)]
pub struct Board {
    pub session: Session,
    pub question: Memo<Question>,
    pub spans: Memo<Option<Spans>>,
    pub incident: Memo<Option<Arc<Incident>>>,
    pub answer: RwSignal<Option<Arc<Answer>>>,
    pub told: RwSignal<Load<Arc<Told>>>,
    /// Callers in the selection, with the question they answer. They stay while others are asked for.
    pub selected: RwSignal<Option<(Asked, Arc<Vec<Traffic>>)>>,
    /// Why there are none of the selection that is chosen now.
    pub unselected: RwSignal<Option<Failure>>,
    /// Why the last question had no answer.
    pub failure: RwSignal<Option<Failure>>,
    /// What is not to be believed of what is shown.
    pub suspects: RwSignal<Arc<[Suspect]>>,
    /// It is drawn for a phone.
    pub phone: RwSignal<bool>,
    /// How wide the pictures over time are.
    pub width: RwSignal<f64>,
    /// Counts up whenever everything is to be asked for anew.
    pub again: RwSignal<u32>,
    turn: StoredValue<u32>,
}

impl Board {
    pub fn begin() -> Self {
        let session = session();
        let question = Memo::new(move |_| session.address.query.with(Question::read));
        let incident = Memo::new(move |_| match question.with(|question| question.time.clone()) {
            Time::Incident(reference) => {
                session.replica.track();
                let id = reference.parse::<IncidentRef>().ok().and_then(|reference| session.replica.id_of(reference)).or_else(|| reference.parse().ok())?;
                session.incident(id)
            }
            Time::Last(_) | Time::Between(..) => None,
        });
        let failure = RwSignal::new(None);
        // An incident that is not on the board any more is asked for; without it there is no time to look at.
        Effect::new(move |_| {
            if let Time::Incident(reference) = question.with(|question| question.time.clone())
                && incident.with_untracked(Option::is_none)
            {
                spawn_local(async move {
                    if let Err(refused) = session.fetched(reference).await {
                        let _ = failure.try_set(Some(refused));
                    }
                });
            }
        });
        let minute = {
            let ticking = session.live.ticking();
            Memo::new(move |_| ticking.get().epoch_secs().div_euclid(60))
        };
        let spans = Memo::new(move |_| {
            minute.track();
            incident.with(|incident| question.with(|question| question.spans(session.live.now(), incident.as_deref())))
        });
        let board = Self {
            session,
            question,
            spans,
            incident,
            answer: RwSignal::new(None),
            told: RwSignal::new(Load::Loading),
            selected: RwSignal::new(None),
            unselected: RwSignal::new(None),
            failure,
            suspects: RwSignal::new(Arc::from([])),
            phone: RwSignal::new(false),
            width: unmeasured(),
            again: RwSignal::new(0),
            turn: StoredValue::new(0),
        };
        board.keep_asking();
        board
    }

    /// Asks whenever the question changes, and again and again while the range goes on.
    fn keep_asking(self) {
        let asked = Memo::new(move |_| self.asked());
        let ticking = self.session.live.ticking();
        let beat = Memo::new(move |_| {
            let live = self.spans.with(|spans| spans.is_some_and(|spans| spans.live));
            live.then(|| ticking.get().epoch_secs().div_euclid(REFRESH_SECS))
        });
        Effect::new(move |before: Option<Option<i64>>| {
            let beat = beat.get();
            // A page that nobody looks at waits.
            if before.is_some_and(|before| before != beat) && browser::is_visible() {
                self.again.update(|again| *again += 1);
            }
            beat
        });
        Effect::new(move |_| {
            self.again.track();
            if let Some((question, spans)) = asked.get() {
                self.ask(question, spans);
            }
        });
        let selection = Memo::new(move |_| self.selection());
        Effect::new(move |_| {
            self.again.track();
            match selection.get() {
                Some(asked) => self.ask_selected(asked),
                None => self.selected.set(None),
            }
        });
    }

    fn asked(self) -> Option<(BoardQuestion, Spans)> {
        let (spans, width) = (self.spans.get()?, self.width.get());
        let narrowest = if browser::viewport().0 < PHONE { NARROWEST_ON_PHONE } else { NARROWEST };
        Some((self.question.with(|question| question.board(&spans, step_secs(spans.drawn, width, narrowest))), spans))
    }

    fn ask(self, question: BoardQuestion, spans: Spans) {
        self.turn.update_value(|turn| *turn = turn.wrapping_add(1));
        let turn = self.turn.get_value();
        let of = self.question.with_untracked(Question::to_the_point);
        spawn_local(async move {
            // The width is measured once everything stands; the question before that is not asked.
            browser::breathe().await;
            let waits = || self.turn.try_get_value() == Some(turn);
            if !waits() {
                return;
            }
            let step_s = i64::from(question.step_s);
            let answer = api::telemetry::board(question.clone()).await;
            if !waits() {
                return;
            }
            match answer {
                Ok(page) => {
                    self.failure.set(None);
                    // What was told of something else says nothing of this.
                    if self.answer.with_untracked(|before| before.as_ref().is_some_and(|before| before.question != of)) {
                        self.told.set(Load::Loading);
                        self.suspects.set(Arc::from([]));
                    }
                    self.answer.set(Some(Arc::new(Answer { page, question: of, spans, step_s })));
                }
                Err(failure) => self.failure.set(Some(failure)),
            }
            let doubted = Asked {
                range: question.range,
                baseline: None,
                service: question.service.clone(),
                operation: None,
                step_s: None,
                source: question.source.clone(),
            };
            // What is suspect stands above the pictures and is quickly known: it is not to come after
            // the sentence and move them.
            spawn_local(async move {
                let suspects = api::telemetry::suspects(doubted).await;
                if let (true, Ok(suspects)) = (self.turn.try_get_value() == Some(turn), suspects) {
                    self.suspects.set(suspects.into());
                }
            });
            let told = api::telemetry::differences(question).await;
            if waits() {
                match told {
                    Ok(told) => self.told.set(Load::Ready(Arc::new(told))),
                    // What was told stays while asking again fails.
                    Err(failure) if !matches!(self.told.get_untracked(), Load::Ready(_)) => self.told.set(Load::Failed(failure)),
                    Err(_) => {}
                }
            }
        });
    }

    /// What is asked about the selection.
    fn selection(self) -> Option<Asked> {
        let question = self.question.get();
        let range = question.brush?.range();
        let baseline = self.spans.with(|spans| spans.and_then(|spans| spans.baseline));
        Some(Asked { range, baseline, service: question.service, operation: question.operation, step_s: None, source: question.source })
    }

    fn ask_selected(self, asked: Asked) {
        self.unselected.set(None);
        spawn_local(async move {
            let answer = api::telemetry::callers(asked.clone()).await;
            let still = self.question.try_with_untracked(|_| ()).is_some() && untrack(|| self.selection()).as_ref() == Some(&asked);
            match answer {
                _ if !still => {}
                Ok(callers) => self.selected.set(Some((asked, Arc::new(callers)))),
                Err(failure) => self.unselected.set(Some(failure)),
            }
        });
    }

    /// Whether the callers of the selection are still being asked for.
    pub fn is_updating(self) -> bool {
        let wanted = self.selection();
        wanted.is_some() && self.unselected.with(Option::is_none) && self.selected.with(|selected| selected.as_ref().map(|(asked, _)| asked.clone())) != wanted
    }

    pub fn go(self, question: &Question) {
        self.session.address.amend(&question.address());
    }

    /// Looks closer at what is selected, with a way back.
    pub fn zoom(self) {
        let question = self.question.get_untracked().zoomed();
        self.session.address.go(&question.address());
    }

    pub fn change(self, change: impl FnOnce(&mut Question)) {
        let mut question = self.question.get_untracked();
        change(&mut question);
        self.go(&question);
    }

    /// What is drawn now: the last answer, or a frame without anything in it.
    pub fn drawn(self) -> Option<Arc<Answer>> {
        self.answer.get().or_else(|| {
            let spans = self.spans.get()?;
            let step_s = step_secs(spans.drawn, self.width.get(), NARROWEST);
            let question = self.question.with(Question::to_the_point);
            Some(Arc::new(Answer { page: blank(step_s, spans.drawn.from), question, spans, step_s }))
        })
    }

    pub fn frame(self, answer: &Answer) -> Frame {
        Frame::new(answer.spans.drawn, answer.step_s, self.width.get())
    }

    /// Deploys, and where it began to hurt.
    pub fn happened(self, answer: &Answer) -> Vec<Happened> {
        let of = |change: &crate::domain::change::ChangeCard| Happened { at: change.happened_at, what: What::Deploy, words: shortened(&change.title) };
        let impact = answer.spans.impact.map(|at| Happened { at, what: What::Impact, words: "impact starts".to_owned() });
        impact.into_iter().chain(answer.page.changes.iter().map(of)).collect()
    }

    /// The picture of latency, as the histogram beside it needs it too.
    pub fn latency(self, answer: &Answer) -> (LatencyHeat, Drawn) {
        let latency = answer.page.latency.clone();
        let n = crate::domain::wording::grouped(usize::try_from(latency.now.requests).unwrap_or(usize::MAX));
        let heat = LatencyHeat {
            title: format!("{n} calls by time and duration"),
            threshold_s: answer.page.objective.as_ref().map(|promise| promise.threshold_s),
            happened: self.happened(answer),
            lines: self.question.with(|question| question.lines),
            asked_at: answer.page.asked_at,
            wall: self.session.zone.get().wall(),
            latency,
        };
        let (frame, width) = (self.frame(answer), self.width.get());
        let drawn = draw(&heat, frame, width);
        (heat, drawn)
    }
}

impl Answer {
    /// The latency of the part that is compared: from where it began to hurt on.
    pub fn compared(&self) -> Latency {
        let latency = &self.page.latency;
        if self.spans.compared.from <= self.spans.drawn.from {
            return latency.clone();
        }
        // The column in which it began belongs to it; what is counted is counted from the very instant.
        let inside = |at: Timestamp| at.plus_secs(self.step_s) > self.spans.compared.from;
        let columns: Vec<_> = latency.columns.iter().filter(|column| inside(column.at)).cloned().collect();
        let mut counts = vec![0; latency.counts.len()];
        for column in &columns {
            counts.iter_mut().zip(&column.counts).for_each(|(to, from)| *to += from);
        }
        let now = self.page.compared.clone().unwrap_or_default();
        Latency { columns, counts, now, bounds_s: latency.bounds_s.clone(), step_s: latency.step_s, before: latency.before.clone() }
    }
}

/// Deploys are named in a few letters above the plot, in full where they are listed.
fn shortened(title: &str) -> String {
    const MOST: usize = 24;
    if title.chars().count() <= MOST { title.to_owned() } else { title.chars().take(MOST - 1).chain(['…']).collect() }
}

/// The usual rows, and nothing in them: nothing was asked before the range began, so nothing is missing.
fn blank(step_s: i64, asked_at: Timestamp) -> BoardPage {
    let bounds_s: Vec<f64> = (-16..=8).map(|eighth| 10_f64.powf(f64::from(eighth) / 8.0)).collect();
    let step_s = u32::try_from(step_s).unwrap_or(60);
    let counts = vec![0; bounds_s.len() + 1];
    let latency = Latency { bounds_s, step_s, columns: vec![], counts, now: Figures::default(), before: None };
    let errors = ErrorMap { step_s, columns: vec![], rows: vec![] };
    BoardPage {
        asked_at,
        holdings: Holdings::default(),
        services: vec![],
        latency,
        compared: None,
        errors,
        callers: vec![],
        changes: vec![],
        objective: None,
        sources: vec![],
        read_from: None,
    }
}
