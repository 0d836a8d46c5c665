//! Bringing a file of incidents over: first what that would do, then, when somebody says so, doing it.

use crate::{
    api,
    domain::{
        failure::{Failure, FailureKind},
        import::{FileKind, IncidentReport, RejectedLine},
        wording,
    },
    ui::{
        browser::{self, Picked},
        components::{
            choice::Lens,
            icon::{Glyph, Icon},
            toast_list::sentence,
        },
        drawing::view,
        routes::Route,
        session::{Session, session},
    },
};
use leptos::{prelude::*, task::spawn_local};

/// How much of a file of lines is sent at once: little enough that progress is seen to move.
const PIECE: f64 = 512.0 * 1024.0;
/// How much of a file tells what it is.
const BEGINNING: f64 = 4096.0;
/// What has to be sent whole is held whole here; a larger file goes by the command line.
const MOST_AT_ONCE: f64 = 256.0 * 1024.0 * 1024.0;
/// How many lines that were left out are named.
const NAMED: usize = 50;
/// Where it is said how far it has come, and where what became of it.
const STATUS: &str = "import-status";
const REPORT: &str = "import-report";

const TRYING: &str = "Looking what it would do";
const DOING: &str = "Importing";

/// How far it has come.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    Nothing,
    /// So much of the file is through, from 0 to 1; `None` where nobody can tell.
    Trying(Option<f64>),
    Tried(IncidentReport),
    Doing(Option<f64>),
    Done(IncidentReport),
    Failed(Failure),
}

#[derive(Clone, Copy)]
struct Import {
    session: Session,
    file: StoredValue<Option<Picked>, LocalStorage>,
    /// Its name and size.
    named: RwSignal<Option<(String, f64)>>,
    kind: RwSignal<FileKind>,
    stage: RwSignal<Stage>,
    /// Grows with everything that is begun, so that what was overtaken ends.
    turn: StoredValue<u32>,
}

#[component]
pub fn Import() -> impl IntoView {
    let import = Import {
        session: session(),
        file: StoredValue::new_local(None),
        named: RwSignal::new(None),
        kind: RwSignal::new(FileKind::default()),
        stage: RwSignal::new(Stage::Nothing),
        turn: StoredValue::new(0),
    };
    let over = RwSignal::new(false);
    let kinds = FileKind::ALL.map(|kind| Signal::stored(kind.label().to_owned())).to_vec();
    let chosen = Signal::derive(move || FileKind::ALL.into_iter().position(|kind| kind == import.kind.get()).unwrap_or(0));
    let choose = move |at: usize| {
        import.kind.set(FileKind::ALL.get(at).copied().unwrap_or_default());
        import.run(true);
    };
    let is_doing = move || matches!(import.stage.get(), Stage::Doing(_));
    let named = move || {
        import.named.get().map(|(name, size)| {
            view! {
                <div class="import__file">
                    <p><b>{name}</b> " " <span class="muted">{size_words(size)}</span></p>
                    <div inert=is_doing><Lens label="What the file holds" options=kinds.clone() chosen choose /></div>
                </div>
            }
        })
    };
    // One that stays, so that each of its words is spoken once.
    let status = Memo::new(move |_| import.stage.with(said));
    view! {
        <section class="import" aria-labelledby="import-title">
            <div class="settings__head">
                <h2 id="import-title">"Import"</h2>
            </div>
            <p class="muted">
                "Incidents that another tool recorded, with their timelines. Importing the same file again changes nothing, a longer one adds what is new, and what people did here since is never overruled."
            </p>
            <div
                class="import__drop"
                data-over=move || over.get().then_some("true")
                on:dragover=move |event| {
                    event.prevent_default();
                    over.set(true);
                }
                on:dragleave=move |_| over.set(false)
                on:drop=move |event| {
                    event.prevent_default();
                    over.set(false);
                    import.take(Picked::dropped(event.as_ref()));
                }
            >
                <label class="import__choose" for="import-file">"Choose a file"</label>
                <input
                    class="input"
                    id="import-file"
                    type="file"
                    accept=".json,.jsonl,.ndjson,application/json,application/x-ndjson"
                    disabled=is_doing
                    aria-describedby="import-hint"
                    on:change=move |event| import.take(Picked::chosen(&event))
                />
                <p class="muted" id="import-hint">"or drop it here: a JSON array, JSON lines, or a Statuspage’s incidents.json. Nothing is written before you have seen what it would do."</p>
            </div>
            {named}
            <p class="visually-hidden" id=STATUS role="status" tabindex="-1">{move || status.get()}</p>
            {move || import.shown()}
            <details class="fold panel">
                <summary class="panel__head"><h3>"What a line looks like"</h3></summary>
                <pre class="import__example"><code>{EXAMPLE}</code></pre>
            </details>
        </section>
    }
}

/// One line, as it has to stand in a file.
const EXAMPLE: &str = concat!(
    r#"{"origin": "our-old-tool", "id": "4711", "title": "Checkout fails in the EU", "severity": "SEV2", "#,
    r#""started_at": "2026-08-11T11:06:25Z", "resolved_at": "2026-08-11T12:10:00Z", "services": ["checkout"], "#,
    r#""timeline": [{"at": "2026-08-11T11:20:00Z", "text": "Rolled back."}]}"#
);

impl Import {
    fn take(self, file: Option<Picked>) {
        let Some(file) = file else { return };
        if matches!(self.stage.get_untracked(), Stage::Doing(_)) {
            return;
        }
        self.named.set(Some((file.name.clone(), file.size)));
        self.file.set_value(Some(file.clone()));
        let turn = self.next_turn();
        self.stage.set(Stage::Trying(Some(0.0)));
        spawn_local(async move {
            let beginning = file.piece(0.0, file.size.min(BEGINNING)).await.unwrap_or_default();
            if self.turn.try_get_value() == Some(turn) {
                self.kind.set(FileKind::guess(&beginning));
                self.run(true);
            }
        });
    }

    fn next_turn(self) -> u32 {
        self.turn.update_value(|turn| *turn += 1);
        self.turn.get_value()
    }

    /// [`Import::run`] from a button that goes with what it stood in: its focus would be lost.
    fn press(self, dry_run: bool) {
        browser::focus_quietly(STATUS);
        self.run(dry_run);
    }

    /// Sends the file, or only asks what that would do. What is imported goes on when somebody
    /// leaves the page, and says its end wherever they are then.
    fn run(self, dry_run: bool) {
        let Some(file) = self.file.get_value() else { return };
        let (turn, kind) = (self.next_turn(), self.kind.get_untracked());
        let stage = move |part: Option<f64>| if dry_run { Stage::Trying(part) } else { Stage::Doing(part) };
        self.stage.set(stage(Some(0.0)));
        let toasts = self.session.toasts;
        spawn_local(async move {
            let is_current = move || self.turn.try_get_value() == Some(turn);
            let progress = move |part| drop(is_current().then(|| self.stage.try_set(stage(part))));
            let answer = send(&file, kind, dry_run, move || !dry_run || is_current(), progress).await;
            if is_current() {
                let is_done = !dry_run && answer.is_ok();
                let _ = self.stage.try_set(match answer {
                    Ok(report) if dry_run => Stage::Tried(report),
                    Ok(report) => Stage::Done(report),
                    Err(failure) => Stage::Failed(failure),
                });
                if is_done {
                    browser::after_paint(|| browser::focus(REPORT));
                }
            } else if !dry_run {
                match answer {
                    Ok(report) => toasts.put(ended(&file.name, &report), None, false),
                    Err(failure) => toasts.refused(&format!("The import of {}", file.name), &failure),
                }
            }
        });
    }

    fn shown(self) -> AnyView {
        match self.stage.get() {
            Stage::Nothing => ().into_any(),
            Stage::Trying(part) => progress(TRYING, part),
            Stage::Doing(part) => progress(DOING, part),
            Stage::Tried(report) => self.tried(&report),
            Stage::Done(report) => done(&report),
            Stage::Failed(failure) => {
                let next = failure.next.clone();
                view! {
                    <div class="failed panel" role="alert">
                        <p class="failed__words">{sentence(&failure.words)}</p>
                        <p>{next}</p>
                        <button type="button" class="button" on:click=move |_| self.press(true)>"Look again"</button>
                    </div>
                }
            }
        }
    }

    fn tried(self, report: &IncidentReport) -> AnyView {
        let n = report.changes();
        let title = verdict(report);
        let words = format!("Import {}", incidents(n));
        view! {
            <section class="panel import__report" aria-labelledby="import-report">
                <h3 id=REPORT>{title}</h3>
                {counts(report, ["New", "Brought up to date", "Unchanged", "Left out"])}
                {rejected(report)}
                {(n > 0).then(|| view! { <button type="button" class="button" data-tone="accent" on:click=move |_| self.press(false)>{words}</button> })}
            </section>
        }
    }
}

fn incidents(n: u64) -> String {
    wording::count(usize::try_from(n).unwrap_or(0), "incident", "incidents")
}

/// What importing it would do.
fn verdict(report: &IncidentReport) -> String {
    match (report.changes(), report.unchanged, report.rejected.count()) {
        (0, 0, 0) => "There is no incident in this file.".to_owned(),
        (0, 0, _) => "Nothing in this file can be read as an incident.".to_owned(),
        (0, ..) => "Nothing would change: all of it is here already.".to_owned(),
        (n, ..) => format!("{} would be made or brought up to date.", incidents(n)),
    }
}

/// What is said of an import whose page was left before its end.
fn ended(name: &str, report: &IncidentReport) -> String {
    let rejected = report.rejected.count();
    let left_out = if rejected > 0 { format!(", {rejected} left out") } else { String::new() };
    format!("{name} is imported: {} made or brought up to date{left_out}.", incidents(report.changes()))
}

/// What is spoken of it: how far it has come in tenths, for nobody wants to hear each step.
fn said(stage: &Stage) -> String {
    let so_far = |words: &str, part: Option<f64>| match part {
        #[allow(clippy::cast_possible_truncation)] // a share
        Some(part) => format!("{words}: {} %", (part * 10.0).floor() as i64 * 10),
        None => format!("{words}…"),
    };
    match stage {
        Stage::Trying(part) => so_far(TRYING, *part),
        Stage::Doing(part) => so_far(DOING, *part),
        Stage::Tried(report) => verdict(report),
        Stage::Done(_) => "Imported.".to_owned(),
        // What failed speaks for itself.
        Stage::Nothing | Stage::Failed(_) => String::new(),
    }
}

fn done(report: &IncidentReport) -> AnyView {
    view! {
        <section class="panel import__report" aria-labelledby="import-report">
            <h3 id=REPORT tabindex="-1"><Icon glyph=Glyph::Check /> "Imported."</h3>
            {counts(report, ["Made", "Brought up to date", "Unchanged", "Left out"])}
            {rejected(report)}
            <p><a class="button" href=Route::Incidents.path()>"To the incidents"</a></p>
        </section>
    }
}

fn counts(report: &IncidentReport, names: [&'static str; 4]) -> AnyView {
    let numbers = [report.created, report.updated, report.unchanged, report.rejected.count()];
    let count = |(name, n): (&'static str, u64)| {
        view! { <div><dt>{name}</dt> <dd class="number">{wording::grouped(usize::try_from(n).unwrap_or(0))}</dd></div> }
    };
    view! { <dl class="import__counts">{names.into_iter().zip(numbers).map(count).collect_view()}</dl> }
}

/// What was left out, and why.
fn rejected(report: &IncidentReport) -> Option<AnyView> {
    let all = report.rejected.count();
    let named = report.rejected.rejected.iter().take(NAMED);
    let more = all.saturating_sub(named.len() as u64);
    let line = |line: &RejectedLine| {
        view! { <li><b class="number">{format!("Line {}", line.line)}</b> " " {sentence(&line.detail)} " " <code class="muted">{line.code.clone()}</code></li> }
    };
    (all > 0).then(|| {
        view! {
            <div>
                <h4>"Left out, and why"</h4>
                <ul class="import__rejected">{named.map(line).collect_view()}</ul>
                {(more > 0).then(|| view! { <p class="muted">{format!("and {} more", wording::grouped(usize::try_from(more).unwrap_or(0)))}</p> })}
            </div>
        }
    })
}

fn progress(words: &'static str, part: Option<f64>) -> AnyView {
    #[allow(clippy::cast_possible_truncation)] // a share
    let said = part.map_or_else(|| format!("{words}…"), |part| format!("{words}: {} %", (part * 100.0).round() as i64));
    view! {
        <div class="import__progress">
            <p>{said}</p>
            <progress max="1" value=part.map(|part| part.to_string()) aria-label=words></progress>
        </div>
    }
}

#[allow(clippy::cast_possible_truncation)] // a size
fn size_words(size: f64) -> String {
    wording::size(size as i64)
}

/// Sends a file: lines piece by piece, so that progress is seen, anything else whole.
async fn send(file: &Picked, kind: FileKind, dry_run: bool, is_current: impl Fn() -> bool, progress: impl Fn(Option<f64>)) -> Result<IncidentReport, Failure> {
    let gone =
        || Failure::new(FailureKind::Malformed, "unreadable_file", "this file cannot be read").with_next("It may have been moved or changed. Choose it again.");
    let beginning = file.piece(0.0, file.size.min(BEGINNING)).await.ok_or_else(gone)?;
    if kind == FileKind::Statuspage || is_array(&beginning) {
        if file.size > MOST_AT_ONCE {
            return Err(Failure::new(FailureKind::Malformed, "too_large", "this file is too large to be sent from a browser")
                .with_next("Import it with “tocsin import FILE” where the server runs, or as JSON lines, of which any number is read."));
        }
        progress(None);
        let whole = file.piece(0.0, file.size).await.ok_or_else(gone)?;
        return api::import::send(kind, dry_run, whole).await;
    }
    let mut report = IncidentReport::default();
    let (mut from, mut lines, mut length) = (0.0, 0_u64, PIECE);
    while from < file.size && is_current() {
        let mut piece = file.piece(from, (from + length).min(file.size)).await.ok_or_else(gone)?;
        #[allow(clippy::cast_precision_loss)] // bytes of a file
        let is_last = from + piece.len() as f64 >= file.size;
        if !is_last {
            // To the end of its last whole line; where there is none, more is needed.
            match whole_lines(&piece) {
                Some(end) => piece.truncate(end),
                None if length < MOST_AT_ONCE => {
                    length *= 4.0;
                    continue;
                }
                None => return Err(Failure::new(FailureKind::Malformed, "too_large", "a line of this file is too long to be sent from a browser")),
            }
        }
        length = PIECE;
        #[allow(clippy::naive_bytecount)] // half a megabyte
        let count = piece.iter().filter(|byte| **byte == b'\n').count() as u64;
        #[allow(clippy::cast_precision_loss)] // bytes of a file
        let through = piece.len() as f64;
        let next = api::import::send(kind, dry_run, piece).await.map_err(|failure| after(failure, &report, dry_run))?;
        report.append(next, lines);
        from += through;
        lines += count;
        progress(Some((from / file.size).min(1.0)));
    }
    Ok(report)
}

/// What was imported before it failed is there.
fn after(failure: Failure, report: &IncidentReport, dry_run: bool) -> Failure {
    if dry_run || report.changes() == 0 {
        return failure;
    }
    let words = format!("{} of its incidents are imported, then it broke off: {}", report.changes(), failure.words);
    Failure { words, ..failure }.with_next("Import the file again: nothing becomes double.")
}

fn is_array(beginning: &[u8]) -> bool {
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}

/// Where the last whole line ends.
fn whole_lines(piece: &[u8]) -> Option<usize> {
    piece.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{import, time::Timestamp};

    #[test]
    fn the_example_is_a_line_that_can_be_imported() {
        assert!(!EXAMPLE.contains('\n'));
        let line: serde_json::Value = serde_json::from_str(EXAMPLE).expect("it is JSON");
        assert!(import::parse(&line, Timestamp::MAX).is_ok());
    }

    #[test]
    fn what_is_spoken_says_how_far_it_is_and_what_came_of_it() {
        let report = IncidentReport { created: 1, ..IncidentReport::default() };
        assert_eq!(said(&Stage::Doing(Some(0.57))), "Importing: 50 %");
        assert_eq!(said(&Stage::Trying(None)), "Looking what it would do…");
        assert_eq!(said(&Stage::Tried(report.clone())), "1 incident would be made or brought up to date.");
        assert_eq!(said(&Stage::Nothing), "");
        assert_eq!(ended("past.jsonl", &report), "past.jsonl is imported: 1 incident made or brought up to date.");
    }

    #[test]
    fn a_piece_ends_with_a_whole_line() {
        assert_eq!(whole_lines(b"{}\n{}\n{\"a\""), Some(6));
        assert_eq!(whole_lines("ä".as_bytes()), None);
        assert!(is_array(b"\xef\xbb\xbf \n[1]") && !is_array(b"{}") && !is_array(b""));
    }

    #[test]
    fn what_broke_off_says_what_is_there() {
        let failure = || Failure::new(FailureKind::Unreachable, "unreachable", "the server cannot be reached");
        let report = IncidentReport { created: 3, ..IncidentReport::default() };
        assert_eq!(after(failure(), &report, false).words, "3 of its incidents are imported, then it broke off: the server cannot be reached");
        assert_eq!(after(failure(), &report, true), failure());
    }
}
