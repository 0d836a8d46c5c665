//! A trace in words: where its time went, its facts, and what is strange about it.

use super::{Ending, Item, Oddities, TraceSpan, Waterfall, What};
use crate::domain::wording;
use std::collections::{BTreeMap, BTreeSet};

const NUMBERS: [&str; 10] = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];

/// A figure with what it means beneath it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    pub figure: String,
    pub words: String,
    /// Drawn as trouble.
    pub failed: bool,
}

/// How long something took, as it is read at a glance: `640 ns`, `88 µs`, `4.2 ms`, `4.31 s`, `2 min 05 s`.
pub fn took(ns: i64) -> String {
    let of = unit(ns);
    format!("{}{}", number(ns, of), of.words())
}

/// The same without its unit, where `whole` says it behind: `4.00` of `4.31 s`.
pub fn took_beside(ns: i64, whole: i64) -> String {
    let (mine, of) = (unit(ns), unit(whole));
    if mine == of { number(ns, of) } else { took(ns) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Nanos,
    Micros,
    Millis,
    Secs,
    Minutes,
}

impl Unit {
    fn words(self) -> &'static str {
        match self {
            Unit::Nanos => " ns",
            Unit::Micros => " µs",
            Unit::Millis => " ms",
            Unit::Secs => " s",
            Unit::Minutes => "",
        }
    }
}

fn unit(ns: i64) -> Unit {
    match ns.max(0) {
        0 => Unit::Millis,
        1..1_000 => Unit::Nanos,
        1_000..999_500 => Unit::Micros,
        999_500..999_500_000 => Unit::Millis,
        999_500_000..100_000_000_000 => Unit::Secs,
        _ => Unit::Minutes,
    }
}

#[allow(clippy::cast_precision_loss)] // read at a glance
fn number(ns: i64, of: Unit) -> String {
    let ns = ns.max(0);
    let scaled = |by: f64| match ns as f64 / by {
        value if value < 9.95 => format!("{value:.1}").trim_end_matches(".0").to_owned(),
        value => format!("{value:.0}"),
    };
    match of {
        Unit::Nanos => ns.to_string(),
        Unit::Micros => scaled(1e3),
        Unit::Millis => scaled(1e6),
        Unit::Secs if ns < 9_995_000_000 => format!("{:.2}", ns as f64 / 1e9),
        Unit::Secs => format!("{:.1}", ns as f64 / 1e9),
        Unit::Minutes => {
            let secs = (ns + 500_000_000) / 1_000_000_000;
            if secs >= 3600 { wording::span(secs) } else { format!("{} min {:02} s", secs / 60, secs % 60) }
        }
    }
}

/// Time on the critical path that several spans of one kind have in common.
#[derive(Default)]
struct Share {
    own_ns: i64,
    rows: Vec<usize>,
}

impl Waterfall {
    /// Where the time went, in one sentence.
    pub fn sentence(&self, spans: &[TraceSpan]) -> String {
        let Some(main) = self.main.and_then(|main| self.items.get(main)) else { return "No span of this trace is here.".to_owned() };
        let whole = self.duration_ns();
        let (Some(start), true) = (main.start_ns, whole > 0) else {
            return format!("{} has no duration: where its time went cannot be said.", self.name(main, spans));
        };
        debug_assert!(start <= self.until_ns);
        let mut shares: Vec<Share> = self.shares(spans).into_values().collect();
        shares.sort_by_key(|share| (std::cmp::Reverse(share.own_ns), share.rows.first().copied()));
        let Some(first) = shares.first() else { return format!("{} takes {}.", self.name(main, spans), took(whole)) };
        if first.own_ns.saturating_mul(2) < whole && shares.len() > 1 {
            let parts: Vec<String> = shares.iter().take(3).map(|share| format!("{} {}", self.named(share, spans), took(share.own_ns))).collect();
            return format!("No single call takes half of {}: {}.{}", took(whole), wording::list(&parts), self.errors_apart(&[], spans));
        }
        let of = format!("{} of {}", took_beside(first.own_ns, whole), took(whole));
        let failing: Vec<&TraceSpan> = first.rows.iter().filter_map(|row| spans.get(self.items[*row].span()?)).filter(|span| span.error).collect();
        let late = !failing.is_empty() && failing.iter().all(|span| span.is_timed_out());
        let ends = match (failing.len(), first.rows.len(), late) {
            (0, ..) => String::new(),
            (1, 1, true) => "; it times out".to_owned(),
            (1, 1, false) => "; it fails".to_owned(),
            (2, 2, true) => "; both time out".to_owned(),
            (2, 2, false) => "; both fail".to_owned(),
            (n, all, true) if n == all => "; all time out".to_owned(),
            (n, all, false) if n == all => "; all fail".to_owned(),
            (1, _, true) => "; one times out".to_owned(),
            (1, _, false) => "; one fails".to_owned(),
            (n, _, true) => format!("; {n} time out"),
            (n, _, false) => format!("; {n} fail"),
        };
        let take = if first.rows.len() == 1 { "takes" } else { "take" };
        format!("{} {take} {of}{ends}.{}", self.subject(first, spans), self.errors_apart(&first.rows, spans))
    }

    /// What the end waited for, by who did it: a peer by its name, a service by what it did.
    fn shares<'a>(&self, spans: &'a [TraceSpan]) -> BTreeMap<(&'a str, &'a str, bool), Share> {
        let mut shares: BTreeMap<(&str, &str, bool), Share> = BTreeMap::new();
        for (row, item) in self.items.iter().enumerate() {
            let key = match item.what {
                What::Span(at) => (spans[at].service.as_str(), spans[at].operation.as_str(), false),
                What::Peer(at) => (spans[at].peer().unwrap_or_default(), "", true),
                What::Group(_) | What::Missing => continue,
            };
            if item.critical.is_some() && item.critical_self_ns > 0 {
                let share = shares.entry(key).or_default();
                share.own_ns += item.critical_self_ns;
                share.rows.push(row);
            }
        }
        shares
    }

    /// Who takes the time: `Two tries at provider-b`, `12 calls of catalogue GET /prices`, `payments POST /charge itself`.
    fn subject(&self, share: &Share, spans: &[TraceSpan]) -> String {
        let Some(first) = share.rows.first().and_then(|row| self.items.get(*row)) else { return String::new() };
        let n = share.rows.len();
        let how_many = NUMBERS.get(n).map_or_else(|| n.to_string(), |word| (*word).to_owned());
        let has_own = matches!(first.what, What::Span(_)) && first.end > share.rows[0] + 1;
        match (first.what, n) {
            (What::Peer(at), 1) => format!("The call to {}", spans[at].peer().unwrap_or_default()),
            (What::Peer(at), _) => {
                let what = if self.is_tried_again(share, spans) { "tries at" } else { "calls to" };
                format!("{how_many} {what} {}", spans[at].peer().unwrap_or_default())
            }
            (_, 1) if has_own => format!("{} itself", self.name(first, spans)),
            (_, 1) => self.name(first, spans),
            _ => format!("{how_many} times {}", self.name(first, spans)),
        }
    }

    /// Whether each but the last of them failed, one after the other, for the same caller.
    fn is_tried_again(&self, share: &Share, spans: &[TraceSpan]) -> bool {
        let caller = |row: &usize| self.items[*row].parent.and_then(|call| self.items[call].parent);
        let failed = |row: &usize| self.items[*row].span().is_some_and(|span| spans[span].error);
        let one_after_another = share.rows.windows(2).all(|pair| self.items[pair[0]].end_ns() <= self.items[pair[1]].start_ns);
        let one_caller = share.rows.windows(2).all(|pair| caller(&pair[0]) == caller(&pair[1]));
        one_after_another && one_caller && share.rows.split_last().is_some_and(|(_, before)| before.iter().all(failed))
    }

    /// As the share is named in a list.
    fn named(&self, share: &Share, spans: &[TraceSpan]) -> String {
        let name = share.rows.first().and_then(|row| self.items.get(*row)).map(|item| self.name(item, spans)).unwrap_or_default();
        if share.rows.len() > 1 { format!("{name} ({} times)", share.rows.len()) } else { name }
    }

    /// `payments POST /charge`, `provider-b`.
    pub fn name(&self, item: &Item, spans: &[TraceSpan]) -> String {
        match item.what {
            What::Span(at) | What::Group(at) => format!("{} {}", spans[at].service, spans[at].operation),
            What::Peer(at) => spans[at].peer().unwrap_or_default().to_owned(),
            What::Missing => "parent missing".to_owned(),
        }
    }

    /// Where it fails, when that is not where the time goes.
    fn errors_apart(&self, told: &[usize], spans: &[TraceSpan]) -> String {
        let is_told = told.iter().any(|row| self.items[*row].span().is_some_and(|span| spans[span].error));
        // What a later try made good did not fail in the end.
        let Some(item) = self.origin(spans).filter(|_| !is_told && !self.ending.is_retried()) else { return String::new() };
        let said = item.span().map(|span| spans[span].outcome()).unwrap_or_default();
        let how = if said == "failed" { String::new() } else { format!(": {}", shortened(&said, 80)) };
        format!(" It fails at {}{how}.", self.name(item, spans))
    }

    /// The span that failed with nothing failing beneath it; of several the one that failed first.
    fn origin(&self, spans: &[TraceSpan]) -> Option<&Item> {
        let failed = self.items.iter().filter(|item| matches!(item.what, What::Span(at) if spans[at].error) && item.errors == 1);
        failed.min_by_key(|item| item.end_ns().unwrap_or(i64::MAX))
    }

    /// Root, duration, spans, services, errors.
    pub fn facts(&self, spans: &[TraceSpan], usual_ns: Option<i64>) -> Vec<Fact> {
        let Some(main) = self.main.and_then(|main| self.items.get(main)) else { return vec![] };
        let fact = |figure: String, words: String| Fact { figure, words, failed: false };
        let root = main.span().map(|at| &spans[at]);
        let standing = if self.oddities.roots == 0 { "its parent is missing" } else { "root" };
        let answered = root.map_or_else(String::new, |span| format!("{standing}, {}", shortened(&span.outcome(), 40)));
        let usual = usual_ns.map_or_else(|| "root".to_owned(), |usual| format!("root, usual {}", took(usual)));
        let mut services: BTreeSet<&str> = BTreeSet::new();
        let mut outside: BTreeSet<&str> = BTreeSet::new();
        for item in &self.items {
            match item.what {
                What::Span(at) => _ = services.insert(&spans[at].service),
                What::Peer(at) => _ = spans[at].peer().map(|peer| outside.insert(peer)),
                What::Group(_) | What::Missing => {}
            }
        }
        outside.retain(|peer| !services.contains(peer));
        let deepest = self.deepest();
        let from_outside = if outside.is_empty() { "all seen from inside".to_owned() } else { format!("{} from outside", outside.len()) };
        let duration = main.duration_ns.map_or_else(|| "no end".to_owned(), took);
        let n = wording::grouped(self.spans);
        vec![
            fact(root.map_or_else(String::new, |span| format!("{} · {}", span.service, span.operation)), answered),
            fact(duration, usual),
            fact(if self.spans == 1 { "1 span".to_owned() } else { format!("{n} spans") }, format!("deepest {deepest}")),
            fact(wording::count(services.len() + outside.len(), "service", "services"), from_outside),
            self.errors_fact(spans),
        ]
    }

    /// How many calls lie within one another at most.
    fn deepest(&self) -> usize {
        let mut levels: Vec<usize> = Vec::with_capacity(self.items.len());
        for item in &self.items {
            let above = item.parent.map_or(0, |parent| levels[parent]);
            levels.push(above + usize::from(matches!(item.what, What::Span(_) | What::Peer(_))));
        }
        levels.into_iter().max().unwrap_or(0)
    }

    fn errors_fact(&self, spans: &[TraceSpan]) -> Fact {
        let errors: usize = self.items.iter().filter(|item| item.parent.is_none()).map(|item| item.errors).sum();
        if errors == 0 {
            return Fact { figure: "no errors".to_owned(), words: "as its spans say".to_owned(), failed: false };
        }
        if let Ending::Retried { failed } = self.ending {
            let words =
                if failed == 1 { "1 failed call succeeded when tried again".to_owned() } else { format!("{failed} failed calls succeeded when tried again") };
            return Fact { figure: "ok, retried".to_owned(), words, failed: false };
        }
        let origins = self.items.iter().filter(|item| matches!(item.what, What::Span(at) if spans[at].error) && item.errors == 1);
        let origins: BTreeSet<&str> = origins.filter_map(|item| item.span()).map(|at| spans[at].peer().unwrap_or(&spans[at].service)).collect();
        let origins: Vec<&str> = origins.into_iter().collect();
        let words = match origins.as_slice() {
            [one] if errors > 1 => format!("all at or above {one}"),
            some => format!("at {}", wording::list(some)),
        };
        Fact { figure: wording::count(errors, "error", "errors"), words, failed: true }
    }
}

impl Oddities {
    /// What has to be known to read the trace, each in a sentence.
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![];
        let mut say = |n: usize, one: &str, many: &str| {
            if n > 0 {
                words.push(if n == 1 { one.to_owned() } else { format!("{} {many}", wording::grouped(n)) });
            }
        };
        say(self.orphans, "1 span hangs under a parent that is missing.", "spans hang under parents that are missing.");
        say(if self.roots > 1 { self.roots } else { 0 }, "", "spans have no parent: the trace has several roots.");
        say(self.circles, "1 circle of parents was cut; its row says where.", "circles of parents were cut; their rows say where.");
        say(self.repeats, "1 span came twice and is shown once.", "spans came again and are shown once.");
        say(self.shared_ids, "1 id is carried by two spans.", "ids are carried by more than one span.");
        say(self.untimed, "1 span has no start or no end, and no bar.", "spans have no start or no end, and no bar.");
        say(self.skewed, "1 clock is off; its bar is drawn as it was received.", "clocks are off; their bars are drawn as they were received.");
        words
    }
}

/// At most so many letters.
fn shortened(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let cut: String = text.chars().take(letters.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}
