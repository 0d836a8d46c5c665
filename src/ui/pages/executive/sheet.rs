//! What stands behind a figure: what it means, whom it is made from, who was left out and why, how
//! the values lie, and how its target came to be.

use super::targets::TargetsForm;
use crate::{
    domain::{
        executive::{Executive, Line, Measure, Member, Question, measure, words as said},
        lists::encode,
        metrics::{Filter, GroupBy},
        severity::Severity,
    },
    ui::{
        components::{rows::rows, toast_list::sentence},
        drawing::view,
        pages::trends::{
            behind::Behind,
            cards::Told,
            question::{self, Question as Asked, Shown as Number},
        },
        routes::Route,
    },
};
use leptos::prelude::*;

/// What is open beside the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    Line { measure: Measure, severity: Option<Severity> },
    Targets,
}

impl Shown {
    /// Reads `M4`, `M4.SEV1`, `targets`.
    pub fn read(text: &str) -> Option<Self> {
        if text == "targets" {
            return Some(Shown::Targets);
        }
        let (measure, severity) = text.split_once('.').map_or((text, None), |(measure, severity)| (measure, Some(severity)));
        let severity = severity.map(|severity| Severity::from_slug(severity).ok_or(())).transpose().ok()?;
        Some(Shown::Line { measure: Measure::from_slug(measure)?, severity })
    }

    fn slug(&self) -> String {
        match self {
            Shown::Targets => "targets".to_owned(),
            Shown::Line { measure, severity: None } => measure.slug().to_owned(),
            Shown::Line { measure, severity: Some(severity) } => format!("{}.{}", measure.slug(), severity.label()),
        }
    }

    /// The board's address with this open.
    pub fn address(&self, question: &Question) -> String {
        let board = question.address(&Route::Executive.path());
        let joint = if board.contains('?') { '&' } else { '?' };
        format!("{board}{joint}show={}", encode(&self.slug()))
    }

    pub fn title(&self) -> String {
        match self {
            Shown::Targets => "Targets".to_owned(),
            Shown::Line { measure, severity: None } => format!("{} {}", measure.slug(), measure.title()),
            Shown::Line { measure, severity: Some(severity) } => format!("{} {}, {}", measure.slug(), measure.title(), severity.label()),
        }
    }
}

pub fn body(shown: Shown, board: RwSignal<Option<Executive>>, question: Memo<Question>, changed: Callback<()>, open: Callback<Shown>) -> AnyView {
    let (measure, severity) = match shown {
        Shown::Targets => return view! { <TargetsForm changed /> },
        Shown::Line { measure, severity } => (measure, severity),
    };
    let found = board.with_untracked(|board| {
        let board = board.as_ref()?;
        let line = board.lines.iter().find(|line| (line.measure, line.severity) == (measure, severity))?.clone();
        Some((line, board.range(), board.of.clone()))
    });
    let Some((line, range, of)) = found else {
        return view! { <p>"There is no such figure on this board."</p> };
    };
    let judgement = said::judgement(&line);
    let set = view! {
        <p class="executive__judgement">
            {judgement.unwrap_or_else(|| "No target is set.".to_owned())} " "
            <button type="button" class="link-button" on:click=move |_| open.run(Shown::Targets)>"Targets"</button>
        </p>
    };
    match measure.from() {
        measure::From::Incidents(metric) => {
            let filter = Filter { service: question.get_untracked().service, services: of, ..Filter::default() };
            let question = Asked { span: question::Span::Days(range.micros() / 86_400_000_000), filter, by: GroupBy::None };
            let (by, key) = severity.map_or((GroupBy::None, None), |severity| (GroupBy::Severity, Some(severity.label().to_owned())));
            let shown = Number { metric: metric.id.to_owned(), by, key };
            let told = Told {
                metric: metric.id.to_owned(),
                title: metric.title,
                value: values(&line),
                beneath: beneath(&line),
                left_out: crate::domain::metrics::words::left_out(&line.excluded),
                change: said::change(&line),
            };
            view! {
                {set}
                <Behind question shown range told=Some(told) />
            }
        }
        measure::From::Services | measure::From::Objectives => members(line, set),
        measure::From::Nothing(why) => view! {
            {set}
            <div class="behind">
                <p class="behind__value"><b>{sentence(why)}</b></p>
                {meaning(measure)}
            </div>
        },
    }
}

/// What a figure answers, what it is made from, and how.
fn meaning(measure: Measure) -> AnyView {
    view! {
        <h3>{measure.question()}</h3>
        <p>{sentence(measure.definition())}</p>
        <p class="behind__formula"><code>{measure.formula()}</code></p>
    }
}

/// A figure of services or objectives, with each of them.
fn members(line: Line, set: AnyView) -> AnyView {
    let measure = line.measure;
    let (value, beneath) = (values(&line), beneath(&line));
    let of_services = matches!(measure.from(), measure::From::Services);
    let what = if of_services { "Services behind it" } else { "Objectives behind it" };
    let none = line.members.is_empty();
    let members = StoredValue::new(line.members);
    let row = move |member: Member| {
        let path = if of_services { Route::Service(member.name.clone()).path() } else { Route::objective_path(&member.name) };
        let (value, beneath) = (said::of_member(measure, &member), said::beneath_member(measure, &member));
        view! {
            <li class="executive__member">
                <a href=path>{member.title}</a>
                <span class="number">{value}</span>
                <span class="muted">{beneath}</span>
            </li>
        }
    };
    view! {
        {set}
        <div class="behind">
            <p class="behind__value"><b>{value}</b> <span class="muted">{beneath}</span></p>
            {meaning(measure)}
            <section aria-labelledby="members-title">
                <h3 id="members-title">{what}</h3>
                <ul class="behind__list">{rows(move || members.get_value(), |member| member.name.clone(), row)}</ul>
                {none.then(|| view! { <p class="muted">"None."</p> })}
            </section>
        </div>
    }
}

fn values(line: &Line) -> String {
    let values: Vec<String> = said::middle(line).into_iter().map(|(words, _)| words).collect();
    if values.is_empty() { "no value".to_owned() } else { values.join(", ") }
}

fn beneath(line: &Line) -> String {
    let n = said::many(line.n);
    match (line.value, line.p90) {
        (Some(_), Some(p90)) => format!("median, n = {n} · p90 {}", said::value(line.measure, p90)),
        (Some(_), None) if line.measure.is_pooled() => format!("of {n} events"),
        (Some(_), None) => format!("median, n = {n}"),
        (None, _) if line.n == 0 => "n = 0".to_owned(),
        (None, _) if line.measure == Measure::Slowest => format!("each objective's bound, n = {n}"),
        (None, _) => format!("each value: n = {n} is too few for a median"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_reads_back_from_the_address() {
        for shown in [
            Shown::Targets,
            Shown::Line { measure: Measure::Detect, severity: None },
            Shown::Line { measure: Measure::Acknowledge, severity: Some(Severity::Sev1) },
        ] {
            assert_eq!(Shown::read(&shown.slug()), Some(shown));
        }
        for text in ["", "M13", "M4.SEV9", "M4."] {
            assert_eq!(Shown::read(text), None, "{text}");
        }
        let narrowed = Question { service: Some("pay".to_owned()), ..Question::default() };
        assert_eq!(Shown::Targets.address(&narrowed), "/executive?service=pay&show=targets");
        assert_eq!(Shown::Line { measure: Measure::Detect, severity: Some(Severity::Sev1) }.address(&Question::default()), "/executive?show=M4.SEV1");
    }
}
