//! What is PromQL, and what of it can be counted. Texts are read by a parser, never pasted
//! together unread: labels are put in through the parsed tree, and whatever is written from a tree
//! is read back and compared.

mod text;

use promql_parser::{
    label::{METRIC_NAME, MatchOp, Matcher},
    parser::{self, Expr, VectorSelector, token, value::ValueType},
    util::{
        ExprVisitor, escape_string,
        visitor::{ExprVisitorMut, walk_expr, walk_expr_mut},
    },
};
use std::collections::{BTreeMap, BTreeSet};
use text::{code, with_window, without_raw_strings};

const LONGEST: usize = 4_000;
/// The tree is walked and dropped recursively: parentheses and signs of calculation make it deep.
const DEEPEST: usize = 200;
/// Stands for the window while an expression is read.
const SOME_WINDOW_SECS: i64 = 300;

/// Why a text cannot be used, in words for whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("there is no query")]
    Empty,
    #[error("the query is longer than {LONGEST} characters")]
    TooLong,
    #[error("the query is nested too deep")]
    TooDeep,
    #[error("this is not PromQL: {0}")]
    Unreadable(String),
    #[error("`{0}` already looks at a time range: give the counter itself, or write its window as [$window]")]
    AlreadyWrapped(String),
    #[error("leave the range [{0}] away: it is put in, or write it as [$window]")]
    HasRange(String),
    #[error("leave `offset` and `@` away: every reading stands for its own time")]
    MovedInTime,
    #[error("this is {0}: give a selector such as http_requests_total{{job=\"shop\"}}, or a whole expression with its window as [$window]")]
    NoSelector(&'static str),
    #[error("the selector names no metric")]
    NoMetric,
    #[error("the matcher `{0}` is set here, so it cannot be set again")]
    AlreadyMatched(String),
    #[error("`or` between matchers is not understood by every server: write one of them, or =~")]
    OrMatchers,
    #[error("`{0}` is not the name of a label")]
    BadLabel(String),
    #[error("the expression has no window: write it as [$window]")]
    NoWindow,
    #[error("this divides one series by another: a ratio has no number of events; give good and total on their own")]
    IsRatio,
    #[error("`rate` and other functions of the window are mixed, so nobody can say what is counted")]
    MixedFunctions,
    #[error("`{0}` counts nothing over the window: use increase or rate")]
    CountsNothing(String),
    #[error("this yields {0}, not numbers")]
    NoNumbers(&'static str),
}

/// A selector of one metric's series, without a range: `http_requests_total{job="shop"}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector(VectorSelector);

/// A whole expression whose window is left open: `sum(increase(x[$window]))`.
#[derive(Clone, Debug, PartialEq)]
pub struct Windowed {
    text: String,
    /// It yields events per second, which the window turns into events.
    pub is_rate: bool,
}

/// An expression at one instant, for values that are compared and not counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Instant {
    text: String,
    has_window: bool,
}

/// What a side of a ratio may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Counter {
    Selector(Selector),
    Windowed(Windowed),
}

impl Counter {
    /// A text with a window left open is an expression, any other a selector.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        if with_window(text, SOME_WINDOW_SECS).1 > 0 { Windowed::parse(text).map(Counter::Windowed) } else { Selector::parse(text).map(Counter::Selector) }
    }

    /// The events within the window that ends now, as one series without labels.
    pub fn increase(&self, window_secs: i64, only: &BTreeMap<String, String>) -> Result<String, Unfit> {
        match self {
            Counter::Selector(selector) => Ok(format!("sum(increase({}))", selector.with_all(only)?.over(window_secs))),
            Counter::Windowed(expr) => expr.count(window_secs, only),
        }
    }

    /// The series behind it, for a look at what there is.
    pub fn selectors(&self) -> Vec<String> {
        match self {
            Counter::Selector(selector) => vec![selector.text()],
            Counter::Windowed(expr) => selectors(&with_window(&expr.text, SOME_WINDOW_SECS).0),
        }
    }
}

impl Selector {
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let selector = match without_parens(read(text)?) {
            Expr::VectorSelector(selector) => selector,
            Expr::MatrixSelector(matrix) => return Err(Unfit::HasRange(duration(matrix.range.as_secs() as i64))),
            Expr::Call(call) if takes_range(&call.args.args) => return Err(Unfit::AlreadyWrapped(call.func.name.to_owned())),
            Expr::Subquery(_) => return Err(Unfit::NoSelector("a subquery")),
            Expr::Call(_) => return Err(Unfit::NoSelector("a function")),
            Expr::Aggregate(aggregate) => {
                return Err(match ranged_function(&aggregate.expr) {
                    Some(name) => Unfit::AlreadyWrapped(name),
                    None => Unfit::NoSelector("an aggregation"),
                });
            }
            Expr::Binary(_) | Expr::Unary(_) => return Err(Unfit::NoSelector("a calculation")),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) => return Err(Unfit::NoSelector("a constant")),
            Expr::Paren(_) | Expr::Extension(_) => return Err(Unfit::NoSelector("an expression")),
        };
        if selector.offset.is_some() || selector.at.is_some() {
            return Err(Unfit::MovedInTime);
        }
        if !selector.matchers.or_matchers.is_empty() {
            return Err(Unfit::OrMatchers);
        }
        if names_of(&selector).is_empty() {
            return Err(Unfit::NoMetric);
        }
        let selector = Self(sorted(selector));
        // What is written from the tree has to say the same.
        match read(&selector.text())? {
            Expr::VectorSelector(again) if sorted(again.clone()) == selector.0 => Ok(selector),
            _ => Err(Unfit::Unreadable("its name or its labels cannot be written again".to_owned())),
        }
    }

    /// It as text, with labels escaped.
    pub fn text(&self) -> String {
        self.0.to_string()
    }

    /// Its metric, where it names exactly one.
    pub fn metric(&self) -> Option<&str> {
        self.0.name.as_deref().or_else(|| {
            self.0.matchers.matchers.iter().find(|matcher| matcher.name == METRIC_NAME && matcher.op == MatchOp::Equal).map(|matcher| matcher.value.as_str())
        })
    }

    /// The same labels of another metric.
    pub fn of_metric(&self, metric: &str) -> Self {
        let mut selector = self.0.clone();
        selector.matchers.matchers.retain(|matcher| matcher.name != METRIC_NAME);
        selector.name = Some(metric.to_owned());
        Self(selector)
    }

    pub fn has_label(&self, label: &str) -> bool {
        self.0.matchers.matchers.iter().any(|matcher| matcher.name == label)
    }

    /// Narrowed to series whose `label` is `value`.
    pub fn with(&self, label: &str, value: &str) -> Result<Self, Unfit> {
        self.with_matcher(matcher(label, "=", value)?)
    }

    /// Narrowed to series whose `label` is one of `values`.
    pub fn with_any(&self, label: &str, values: &[String]) -> Result<Self, Unfit> {
        let [value] = values else {
            let pattern = values.iter().map(|value| literal(value)).collect::<Vec<_>>().join("|");
            return self.with_matcher(matcher(label, "=~", &pattern)?);
        };
        self.with(label, value)
    }

    pub fn with_all(&self, only: &BTreeMap<String, String>) -> Result<Self, Unfit> {
        only.iter().try_fold(self.clone(), |selector, (label, value)| selector.with(label, value))
    }

    /// With its range: `x{a="b"}[300s]`.
    pub fn over(&self, secs: i64) -> String {
        format!("{}[{secs}s]", self.text())
    }

    /// With its range, but for the millisecond at its beginning, where samples are counted: a range
    /// is closed on both sides in Prometheus 2, so that a sample between two slices would be in both.
    pub fn after_begin(&self, secs: i64) -> String {
        format!("{}[{}ms]", self.text(), secs.saturating_mul(1_000) - 1)
    }

    fn with_matcher(&self, matcher: Matcher) -> Result<Self, Unfit> {
        if self.has_label(&matcher.name) {
            return Err(Unfit::AlreadyMatched(matcher.name));
        }
        let mut selector = self.0.clone();
        selector.matchers.matchers.push(matcher);
        Ok(Self(sorted(selector)))
    }
}

impl Windowed {
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let (filled, windows) = with_window(text, SOME_WINDOW_SECS);
        let expr = read(&filled)?;
        if windows == 0 {
            return Err(Unfit::NoWindow);
        }
        if numbers(&expr)? == ValueType::Scalar {
            return Err(Unfit::NoNumbers("one constant"));
        }
        let mut look = Look::default();
        let _ = walk_expr(&mut look, &expr);
        if look.is_moved {
            return Err(Unfit::MovedInTime);
        }
        if look.divides {
            return Err(Unfit::IsRatio);
        }
        if let Some(name) = look.functions.iter().find(|name| !COUNTING.contains(&name.as_str())) {
            return Err(Unfit::CountsNothing(name.clone()));
        }
        let is_rate = look.functions.contains("rate");
        if is_rate && look.functions.len() > 1 {
            return Err(Unfit::MixedFunctions);
        }
        Ok(Self { text: text.trim().to_owned(), is_rate })
    }

    /// The events within the window that ends now, as one series without labels.
    fn count(&self, window_secs: i64, only: &BTreeMap<String, String>) -> Result<String, Unfit> {
        let filled = inject(&with_window(&self.text, window_secs).0, only)?;
        let times = if self.is_rate { format!(" * {window_secs}") } else { String::new() };
        // The line break ends a comment that the text may end with.
        Ok(format!("sum({filled}\n){times}"))
    }
}

impl Instant {
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let (filled, windows) = with_window(text, SOME_WINDOW_SECS);
        numbers(&read(&filled)?)?;
        Ok(Self { text: text.trim().to_owned(), has_window: windows > 0 })
    }

    pub fn at_end_of(&self, window_secs: i64, only: &BTreeMap<String, String>) -> Result<String, Unfit> {
        let filled = if self.has_window { with_window(&self.text, window_secs).0 } else { self.text.clone() };
        inject(&filled, only)
    }

    /// The series behind it, for a look at what there is.
    pub fn selectors(&self) -> Vec<String> {
        selectors(&with_window(&self.text, SOME_WINDOW_SECS).0)
    }
}

/// Functions whose result over a window is a number of events, or of events per second.
const COUNTING: [&str; 5] = ["increase", "rate", "sum_over_time", "count_over_time", "histogram_count"];

/// Checks any expression.
pub fn check(text: &str) -> Result<(), Unfit> {
    read(text).map(|_| ())
}

/// The metrics that an expression reads, as far as it names them.
pub fn metric_names(text: &str) -> Result<BTreeSet<String>, Unfit> {
    let expr = read(&with_window(text, SOME_WINDOW_SECS).0)?;
    let mut look = Look::default();
    let _ = walk_expr(&mut look, &expr);
    Ok(look.selectors.iter().flat_map(names_of).collect())
}

/// The expression with `only` put into every selector. Nothing to put in leaves it as it is written.
pub fn inject(text: &str, only: &BTreeMap<String, String>) -> Result<String, Unfit> {
    if only.is_empty() {
        return Ok(text.to_owned());
    }
    let matchers = only.iter().map(|(label, value)| matcher(label, "=", value)).collect::<Result<Vec<_>, _>>()?;
    let mut expr = read(text)?;
    let mut injection = Injection { matchers };
    walk_expr_mut(&mut injection, &mut expr)?;
    let written = expr.to_string();
    let mut again = read(&written)?;
    walk_expr_mut(&mut Injection { matchers: Vec::new() }, &mut again)?;
    if again == expr { Ok(written) } else { Err(Unfit::Unreadable("it cannot be written again with more labels".to_owned())) }
}

/// A span as PromQL writes it, in its largest whole unit.
pub fn duration(secs: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "m")];
    match UNITS.iter().find(|(unit, _)| secs > 0 && secs % unit == 0) {
        Some((unit, letter)) => format!("{}{letter}", secs / unit),
        None => format!("{secs}s"),
    }
}

/// The tree of a text.
fn read(text: &str) -> Result<Expr, Unfit> {
    if text.trim().is_empty() {
        return Err(Unfit::Empty);
    }
    if text.len() > LONGEST {
        return Err(Unfit::TooLong);
    }
    if code(text).filter(|(_, c)| "([{+-*/^%".contains(*c)).count() > DEEPEST {
        return Err(Unfit::TooDeep);
    }
    parser::parse(&without_raw_strings(text)).map_err(|words| Unfit::Unreadable(super::line::inert(&words)))
}

/// The kind of value, where it is one of numbers.
fn numbers(expr: &Expr) -> Result<ValueType, Unfit> {
    match expr.value_type() {
        kind @ (ValueType::Vector | ValueType::Scalar) => Ok(kind),
        ValueType::Matrix => Err(Unfit::NoNumbers("a range of time")),
        ValueType::String => Err(Unfit::NoNumbers("a text")),
    }
}

fn without_parens(expr: Expr) -> Expr {
    match expr {
        Expr::Paren(paren) => without_parens(*paren.expr),
        other => other,
    }
}

fn takes_range(args: &[Box<Expr>]) -> bool {
    args.iter().any(|arg| matches!(arg.as_ref(), Expr::MatrixSelector(_) | Expr::Subquery(_)))
}

fn ranged_function(expr: &Expr) -> Option<String> {
    let mut look = Look::default();
    let _ = walk_expr(&mut look, expr);
    look.functions.pop_first()
}

/// A matcher, made by the parser itself so that its regular expression is one of its own.
fn matcher(label: &str, op: &str, value: &str) -> Result<Matcher, Unfit> {
    let mut letters = label.chars();
    let is_label = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_label || label == METRIC_NAME {
        return Err(Unfit::BadLabel(super::line::inert(label)));
    }
    let parsed = read(&format!("any{{{label}{op}\"{}\"}}", escape_string(value)))?;
    let Expr::VectorSelector(mut selector) = parsed else { return Err(Unfit::BadLabel(label.to_owned())) };
    selector.matchers.matchers.pop().filter(|made| made.name == label && made.value == value).ok_or_else(|| Unfit::BadLabel(label.to_owned()))
}

/// A regular expression that means the text itself.
fn literal(text: &str) -> String {
    text.chars().fold(String::new(), |mut pattern, c| {
        if "\\.+*?()|[]{}^$".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
        pattern
    })
}

fn names_of(selector: &VectorSelector) -> Vec<String> {
    let by_label =
        selector.matchers.matchers.iter().filter(|matcher| matcher.name == METRIC_NAME && !matches!(matcher.op, MatchOp::NotEqual | MatchOp::NotRe(_)));
    selector.name.iter().cloned().chain(by_label.map(|matcher| matcher.value.clone())).filter(|name| !name.is_empty()).collect()
}

/// Matchers in the order in which they are written.
fn sorted(mut selector: VectorSelector) -> VectorSelector {
    selector.matchers.matchers.sort_by_key(ToString::to_string);
    selector
}

/// The selectors of an expression, without their ranges.
fn selectors(text: &str) -> Vec<String> {
    let mut look = Look::default();
    if let Ok(expr) = read(text) {
        let _ = walk_expr(&mut look, &expr);
    }
    look.selectors.iter().map(ToString::to_string).collect()
}

/// What an expression is made of.
#[derive(Default)]
struct Look {
    selectors: Vec<VectorSelector>,
    /// Functions that are given a range of time.
    functions: BTreeSet<String>,
    /// It reads another time than its own.
    is_moved: bool,
    /// One series is divided by another.
    divides: bool,
}

impl Look {
    fn select(&mut self, selector: &VectorSelector) {
        self.is_moved |= selector.offset.is_some() || selector.at.is_some();
        self.selectors.push(VectorSelector { offset: None, at: None, ..selector.clone() });
    }
}

impl ExprVisitor for Look {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
        match expr {
            Expr::VectorSelector(selector) => self.select(selector),
            Expr::MatrixSelector(matrix) => self.select(&matrix.vs),
            Expr::Call(call) if takes_range(&call.args.args) => _ = self.functions.insert(call.func.name.to_owned()),
            Expr::Subquery(subquery) => self.is_moved |= subquery.offset.is_some() || subquery.at.is_some(),
            Expr::Binary(binary) if binary.op.id() == token::T_DIV => self.divides |= has_series(&binary.lhs) && has_series(&binary.rhs),
            _ => {}
        }
        Ok(true)
    }
}

fn has_series(expr: &Expr) -> bool {
    let mut look = Look::default();
    let _ = walk_expr(&mut look, expr);
    !look.selectors.is_empty()
}

/// Puts matchers into every selector.
struct Injection {
    matchers: Vec<Matcher>,
}

impl Injection {
    fn put(&self, selector: &mut VectorSelector) -> Result<(), Unfit> {
        if !selector.matchers.or_matchers.is_empty() {
            return Err(Unfit::OrMatchers);
        }
        for matcher in &self.matchers {
            if selector.matchers.matchers.iter().any(|known| known.name == matcher.name && known != matcher) {
                return Err(Unfit::AlreadyMatched(matcher.name.clone()));
            }
            if !selector.matchers.matchers.contains(matcher) {
                selector.matchers.matchers.push(matcher.clone());
            }
        }
        *selector = sorted(std::mem::take(selector));
        Ok(())
    }
}

impl ExprVisitorMut for Injection {
    type Error = Unfit;

    fn pre_visit(&mut self, expr: &mut Expr) -> Result<bool, Self::Error> {
        match expr {
            Expr::VectorSelector(selector) => self.put(selector)?,
            Expr::MatrixSelector(matrix) => self.put(&mut matrix.vs)?,
            _ => {}
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
