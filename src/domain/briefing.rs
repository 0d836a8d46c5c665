//! The executive's answers in one place: are we within our objectives, what is broken, who has it.
//! Board, `/brief` and mail say the same, because they are made from this.

use super::{
    executive::{UpdateDue, words::more},
    ids::IncidentRef,
    incident::{Incident, State},
    reading::{Readable, Reader},
    severity::Severity,
    slo::{
        report::{Headline, ObjectiveRow, Standing},
        words,
    },
    sorting,
    time::Timestamp,
    updates, wording,
};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Everything `/brief` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Briefing {
    pub at: Timestamp,
    pub headline: Headline,
    /// The worst first.
    pub rows: Vec<ObjectiveRow>,
    /// Open incidents of SEV1 and SEV2, the worst first.
    pub majors: Vec<Major>,
    /// When something is next to be said of them.
    pub updates: Vec<UpdateDue>,
    /// How many incidents are open altogether, of those that the reader may see.
    pub open: usize,
    /// The server holds demo data.
    pub demo: bool,
}

/// An open major incident in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Major {
    #[serde(rename = "ref")]
    pub reference: IncidentRef,
    pub title: String,
    pub severity: Severity,
    pub state: State,
    pub since: Timestamp,
    /// Who has it, by name.
    pub holder: Option<String>,
}

/// The open incidents of SEV1 and SEV2, the worst and then the oldest first. What is only proposed
/// counts, because nobody has looked yet; what is mitigated hurts no more and does not.
pub fn majors<'a>(incidents: impl IntoIterator<Item = &'a Incident>, now: Timestamp) -> Vec<Major> {
    let major = |incident: &Incident| {
        let severity = incident.shown_severity().filter(|severity| severity.is_major())?;
        let hurts = matches!(incident.state, State::Triage | State::Active);
        hurts.then(|| Major {
            reference: incident.reference,
            title: incident.title.clone(),
            severity,
            state: incident.state,
            since: incident.impact_started_at(),
            holder: incident.who_has_it(now).map(str::to_owned),
        })
    };
    let mut majors: Vec<Major> = incidents.into_iter().filter_map(major).collect();
    sorting::sort_by_key(&mut majors, |major| (major.severity, major.since, major.reference));
    majors
}

impl Briefing {
    /// Those objectives that somebody has to look at, then those that were not measured.
    pub fn attention(&self) -> impl Iterator<Item = &ObjectiveRow> {
        self.rows.iter().filter(|row| row.report.state != Standing::Within)
    }

    /// “13 within budget, 41 to 96 % left.”; `None` where there is none.
    pub fn within_words(&self) -> Option<String> {
        let left: Vec<f64> = self.rows.iter().filter(|row| row.report.state == Standing::Within).filter_map(|row| row.report.tally.remaining_ratio).collect();
        let (least, most) = (left.iter().copied().reduce(f64::min)?, left.iter().copied().reduce(f64::max)?);
        let (least, most) = (words::percent(least), words::percent(most));
        let range = if least == most { most } else { format!("{} to {most}", least.trim_end_matches(" %")) };
        Some(format!("{} within budget, {range} left", left.len()))
    }

    /// How those stand that a short list does not name, after the first `shown` of those that somebody has to
    /// look at: “8 more: 2 low, 6 within”, or as above where all of those were named.
    pub fn rest_words(&self, shown: usize) -> Option<String> {
        let mut rest: Vec<Standing> = self.attention().skip(shown).map(|row| row.report.state).collect();
        if rest.is_empty() {
            return self.within_words();
        }
        rest.extend(self.rows.iter().map(|row| row.report.state).filter(|state| *state == Standing::Within));
        Some(more(&rest))
    }

    /// “Last 30 days, 98.6 % measured.”
    pub fn range_words(&self) -> Option<String> {
        let first = self.rows.first()?;
        let same = self.rows.iter().all(|row| row.report.window.name == first.report.window.name);
        let window = if same { sentence_case(&words::window(&first.report.window)) } else { "Each over its own window".to_owned() };
        let coverage = self.rows.iter().map(|row| row.report.coverage).sum::<f64>() / self.rows.len() as f64;
        Some(format!("{window}, {} measured", words::percent(coverage)))
    }

    /// The whole as plain text, for mail and terminals; `origin` is the server's address for people.
    pub fn text(&self, origin: &str) -> String {
        let mut text = format!("{}\n", self.headline_words());
        let mut line = |words: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{words}");
        };
        if self.demo {
            line("This is a demo: nothing here is real.".to_owned());
        }
        line(format!("As of {} UTC.{}", self.at.date_minute(), self.range_words().map(|words| format!(" {words}.")).unwrap_or_default()));
        line(String::new());
        line("Are we within our objectives?".to_owned());
        for row in self.attention() {
            let report = &row.report;
            line(format!("  {}: {}, {}", report.objective.title, report.state.words().to_lowercase(), words::left(report)));
        }
        match self.within_words() {
            Some(words) => line(format!("  {words}.")),
            None if self.rows.is_empty() => line("  No objective is set.".to_owned()),
            None => {}
        }
        line(String::new());
        line("Who has it?".to_owned());
        if self.majors.is_empty() {
            line("  No SEV1 or SEV2 incident is open.".to_owned());
        }
        for major in &self.majors {
            let update = self.update_words(major).map(|(words, _)| format!(", {words}")).unwrap_or_default();
            line(format!(
                "  {} {} {}, for {}, {}{update}",
                major.severity.label(),
                major.reference,
                major.title,
                wording::span(self.at.secs_since(major.since)),
                major.holder_words()
            ));
        }
        line(String::new());
        line(format!("{} open. {origin}/brief", wording::count(self.open, "incident", "incidents")));
        text
    }

    /// “next update in 12 min”, “update 4 min late”, and whether it is late; `None` where none is due.
    pub fn update_words(&self, major: &Major) -> Option<(String, bool)> {
        let due = self.updates.iter().find(|due| due.reference == major.reference)?;
        Some(updates::words(due.at, self.at))
    }

    /// The headline as one line.
    pub fn headline_words(&self) -> String {
        let parts = [Some(self.headline.words.as_str()), self.headline.worst.as_deref(), self.headline.next.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

fn sentence_case(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl Major {
    /// “Mara has it”, “nobody has it”.
    pub fn holder_words(&self) -> String {
        self.holder.as_ref().map_or_else(|| "nobody has it".to_owned(), |name| format!("{name} has it"))
    }
}

impl Readable for Briefing {
    fn read(from: Reader<'_>) -> Self {
        Self {
            at: from.get("at"),
            headline: from.get("headline"),
            rows: from.get("rows"),
            majors: from.get("majors"),
            updates: from.get("updates"),
            open: from.get::<u32>("open") as usize,
            demo: from.get("demo"),
        }
    }
}

impl Readable for Major {
    fn read(from: Reader<'_>) -> Self {
        Self {
            reference: from.get("ref"),
            title: from.get("title"),
            severity: from.get("severity"),
            state: from.get("state"),
            since: from.get("since"),
            holder: from.get("holder"),
        }
    }
}
