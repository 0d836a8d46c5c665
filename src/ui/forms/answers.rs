//! The triage questions, as chips, and what the answers come to.

use crate::{
    domain::{
        severity::Severity,
        triage::{self, Answers, Broken, HowMany, Proposal, Risk, Who, Workaround},
        wording,
    },
    ui::{
        components::{
            choice::Choice,
            severity::{SeverityBadge, SeverityMark, severity_label, severity_slug},
            toast_list::sentence,
        },
        drawing::view,
    },
};
use leptos::prelude::*;

/// One question: its name in an address, its words, and its answers with their names in an address.
struct Question {
    name: &'static str,
    words: &'static str,
    hint: &'static str,
    slugs: &'static [&'static str],
    label: fn(usize) -> &'static str,
}

fn label_of<T: Copy>(all: &[T], at: usize, label: fn(T) -> &'static str) -> &'static str {
    all.get(at).copied().map_or("", label)
}

/// The question that is asked only where another answer gives cause to.
const BREACH: &str = "security";

const QUESTIONS: [Question; 6] = [
    Question {
        name: "broken",
        words: "How broken is it?",
        hint: "for those who are hurt",
        slugs: &["down", "degraded"],
        label: |at| label_of(Broken::ALL, at, Broken::label),
    },
    Question {
        name: "who",
        words: "Who is hurt?",
        hint: "",
        slugs: &["customers", "partners", "staff", "nobody"],
        label: |at| label_of(Who::ALL, at, Who::label),
    },
    Question { name: "how_many", words: "How many?", hint: "", slugs: &["all", "many", "some", "few"], label: |at| label_of(HowMany::ALL, at, HowMany::label) },
    Question {
        name: "workaround",
        words: "Is there a workaround?",
        hint: "something they can do now, without us",
        slugs: &["none", "clumsy", "good"],
        label: |at| label_of(Workaround::ALL, at, Workaround::label),
    },
    Question {
        name: "data",
        words: "Is data at risk?",
        hint: "lost, wrong, or seen by the wrong person",
        slugs: &["yes", "perhaps", "no"],
        label: |at| label_of(Risk::ALL, at, Risk::label),
    },
    Question {
        name: BREACH,
        words: "Did somebody break in?",
        hint: "or may have",
        slugs: &["yes", "perhaps", "no"],
        label: |at| label_of(Risk::ALL, at, Risk::label),
    },
];

/// What has been answered so far: per question the answer's place, where the last one is "not sure".
#[derive(Clone, Copy)]
pub struct AnswersDraft {
    chosen: [RwSignal<Option<usize>>; 6],
}

impl AnswersDraft {
    /// Begins with what is known; nothing else is preselected.
    pub fn of(answers: &Answers) -> Self {
        let place = |at: usize| RwSignal::new(at_of(answers, at));
        Self { chosen: [0, 1, 2, 3, 4, 5].map(place) }
    }

    /// Begins with what an address says: `who=customers`.
    pub fn from_address(value: impl Fn(&str) -> Option<String>) -> Self {
        let read = |question: &Question| {
            let said = value(question.name)?;
            question.slugs.iter().position(|slug| *slug == said).or((said == "unsure").then_some(question.slugs.len()))
        };
        Self { chosen: QUESTIONS.each_ref().map(|question| RwSignal::new(read(question))) }
    }

    /// The answers; an open question and "not sure" are the same to the rubric.
    pub fn answers(self) -> Answers {
        let [broken, who, how_many, workaround, data, security] = self.chosen.map(|chosen| chosen.get().unwrap_or(usize::MAX));
        Answers {
            broken: Broken::ALL.get(broken).copied(),
            who: Who::ALL.get(who).copied(),
            how_many: HowMany::ALL.get(how_many).copied(),
            workaround: Workaround::ALL.get(workaround).copied(),
            data: Risk::ALL.get(data).copied(),
            security: Risk::ALL.get(security).copied(),
        }
    }

    /// Whether it is asked if somebody broke in: unless somebody says that no data is at risk, or where
    /// that was answered already. Not asked is not answered, which decides as “no” does.
    fn asks_for_a_breach(self) -> bool {
        let [.., data, security] = self.chosen;
        let is_safe = data.get().and_then(|at| Risk::ALL.get(at)).is_some_and(|risk| *risk == Risk::No);
        !is_safe || security.with(Option::is_some)
    }

    /// Whether anything was answered at all.
    pub fn is_answered(self) -> bool {
        self.chosen.iter().any(|chosen| chosen.with(Option::is_some))
    }
}

fn at_of(answers: &Answers, question: usize) -> Option<usize> {
    fn place<T: PartialEq>(all: &[T], answer: Option<&T>) -> Option<usize> {
        all.iter().position(|known| Some(known) == answer)
    }
    match question {
        0 => place(Broken::ALL, answers.broken.as_ref()),
        1 => place(Who::ALL, answers.who.as_ref()),
        2 => place(HowMany::ALL, answers.how_many.as_ref()),
        3 => place(Workaround::ALL, answers.workaround.as_ref()),
        4 => place(Risk::ALL, answers.data.as_ref()),
        _ => place(Risk::ALL, answers.security.as_ref()),
    }
}

/// The questions.
#[component]
pub fn Questions(draft: AnswersDraft) -> impl IntoView {
    let ask = |(question, chosen): (&'static Question, RwSignal<Option<usize>>)| {
        let mut answers: Vec<String> = (0..question.slugs.len()).map(|at| (question.label)(at).to_owned()).collect();
        answers.push("Not sure".to_owned());
        if question.name != BREACH {
            return view! { <Choice name=question.name legend=question.words hint=question.hint answers unsure=true chosen /> };
        }
        let asked = Memo::new(move |_| draft.asks_for_a_breach());
        let ask = move || {
            asked.get().then(|| view! { <Choice name=question.name legend=question.words hint=question.hint answers=answers.clone() unsure=true chosen /> })
        };
        ask.into_any()
    };
    view! { <div class="questions">{QUESTIONS.iter().zip(draft.chosen).map(ask).collect_view()}</div> }
}

/// What the answers come to, recomputed with each of them.
#[component]
pub fn ProposalView(#[prop(into)] proposal: Signal<Proposal>) -> impl IntoView {
    let head = move || {
        let severity = proposal.with(|proposal| proposal.severity);
        let word = severity.map_or("start triage", Severity::word);
        view! {
            <p class="proposal__severity" data-severity=severity_slug(severity)>
                <SeverityMark severity digit=true />
                <b>{severity_label(severity)}</b>
                " "
                <span>{word}</span>
            </p>
        }
    };
    let because = move || {
        let proposal = proposal.get();
        if proposal.severity.is_some() {
            view! { <b>"Because "</b> {proposal.because} "." }
        } else {
            sentence(&proposal.because).into_any()
        }
    };
    let lower = move || {
        let alternatives = proposal.with(|proposal| proposal.alternatives.clone());
        (!alternatives.is_empty()).then(|| {
            let other = |other: triage::Alternative| {
                view! {
                    <li>
                        {sentence(other.with).trim_end_matches('.').to_owned()} ": " <SeverityBadge severity=Some(other.severity) />
                    </li>
                }
            };
            view! {
                <div class="proposal__lower">
                    <b>"Unsure between two, so the higher one."</b>
                    <ul>{alternatives.into_iter().map(other).collect_view()}</ul>
                </div>
            }
        })
    };
    view! {
        <div class="proposal" aria-live="polite">
            <p class="proposal__lead">"With these answers"</p>
            {move || head()}
            <p class="proposal__because">{move || because()}</p>
            {move || lower()}
        </div>
    }
}

/// What a severity asks of people, in words.
#[component]
pub fn TriggersView(#[prop(into)] severity: Signal<Option<Severity>>) -> impl IntoView {
    let rows = move || {
        let triggers = triage::triggers(severity.get());
        let every = |secs: Option<i64>| secs.map_or("not asked for".to_owned(), |secs| format!("every {}", wording::span(secs)));
        [
            ("Respond within", wording::span(triggers.respond_within_secs)),
            ("Inside update", every(triggers.inside_update_every_secs)),
            ("Public update", every(triggers.public_update_every_secs)),
        ]
        .map(|(what, when)| view! { <div class="triggers__row"><dt>{what}</dt> <dd>{when}</dd></div> })
        .collect_view()
    };
    view! { <dl class="triggers">{move || rows()}</dl> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_fills_in_the_answers() {
        let owner = Owner::new();
        owner.with(|| {
            let draft = AnswersDraft::from_address(|name| match name {
                "who" => Some("customers".to_owned()),
                "how_many" => Some("few".to_owned()),
                "workaround" => Some("unsure".to_owned()),
                "data" => Some("nonsense".to_owned()),
                _ => None,
            });
            let answers = draft.answers();
            assert_eq!((answers.who, answers.how_many, answers.workaround, answers.data), (Some(Who::Customers), Some(HowMany::Few), None, None));
            assert!(draft.is_answered());
            assert_eq!(AnswersDraft::of(&answers).answers(), answers);
        });
    }

    #[test]
    fn whether_somebody_broke_in_is_asked_unless_no_data_is_at_risk_and_not_asked_decides_as_no() {
        let owner = Owner::new();
        owner.with(|| {
            let of = |said: &'static [(&'static str, &'static str)]| {
                AnswersDraft::from_address(|name| said.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
            };
            assert!(of(&[("data", "yes")]).asks_for_a_breach() && of(&[("data", "perhaps")]).asks_for_a_breach());
            assert!(of(&[]).asks_for_a_breach() && of(&[("data", "unsure")]).asks_for_a_breach() && !of(&[("data", "no")]).asks_for_a_breach());
            assert!(of(&[("security", "no")]).asks_for_a_breach(), "what was answered stays on the screen");
            let people: &[(&str, &str)] = &[("who", "customers"), ("how_many", "some"), ("data", "no")];
            let no: &[(&str, &str)] = &[("who", "customers"), ("how_many", "some"), ("data", "no"), ("security", "no")];
            let severity = |draft: AnswersDraft| triage::propose(&draft.answers()).severity;
            assert_eq!(severity(of(people)), severity(of(no)));
        });
    }

    #[test]
    fn every_answer_has_a_name_in_an_address() {
        let counts = [Broken::ALL.len(), Who::ALL.len(), HowMany::ALL.len(), Workaround::ALL.len(), Risk::ALL.len(), Risk::ALL.len()];
        for (question, count) in QUESTIONS.iter().zip(counts) {
            assert_eq!(question.slugs.len(), count, "{}", question.name);
        }
    }
}
