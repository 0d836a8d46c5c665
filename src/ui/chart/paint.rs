//! Turns a [`Scene`] into elements: the one place that knows how marks are drawn. Colours, widths
//! and dashes are the style sheet's, by role; only where hatches lie is said here, because a
//! pattern is found by its address.
//!
//! Nothing here moves or listens: the server draws the same for pages that run nothing.

use crate::{
    charts::{Label, Mark, Role, Scene, Shape, Standing},
    ui::{components::severity, drawing::view},
};
use leptos::prelude::*;
use std::fmt::Write;

/// A picture with its title and its description. `id` is unique on the page.
pub fn picture(id: &str, scene: &Scene) -> AnyView {
    framed(id, scene, "chart__picture")
}

/// The same, to lie upon a canvas.
pub fn over(id: &str, scene: &Scene) -> AnyView {
    framed(id, scene, "chart__picture chart__picture--over")
}

fn framed(id: &str, scene: &Scene, class: &'static str) -> AnyView {
    let (title_id, desc_id) = (format!("{id}-title"), format!("{id}-desc"));
    let (titled, described) = (title_id.clone(), desc_id.clone());
    view! {
        <svg
            id=picture_id(id)
            class=class
            role="img"
            aria-labelledby=titled
            aria-describedby=described
            width=number(scene.width)
            height=number(scene.height)
            viewBox=format!("0 0 {} {}", number(scene.width), number(scene.height))
        >
            <title id=title_id>{scene.title.clone()}</title>
            <desc id=desc_id>{scene.desc.clone()}</desc>
            {hatches(id, scene)}
            <g>{scene.marks.iter().map(|each| mark(id, each)).collect_view()}</g>
            <g>{scene.labels.iter().map(label).collect_view()}</g>
        </svg>
    }
}

/// A picture in a row, with its title as its name. It takes no focus: the row does.
pub fn small_picture(id: &str, scene: &Scene) -> AnyView {
    view! {
        <svg
            class="chart__picture chart__picture--small"
            role="img"
            aria-label=scene.title.clone()
            focusable="false"
            // There are no words in it: a narrow row may make it narrower.
            preserveAspectRatio="none"
            width=number(scene.width)
            height=number(scene.height)
            viewBox=format!("0 0 {} {}", number(scene.width), number(scene.height))
        >
            {hatches(id, scene)}
            {scene.marks.iter().map(|each| mark(id, each)).collect_view()}
        </svg>
    }
}

/// How the drawing of a chart is found, to be saved.
pub fn picture_id(id: &str) -> String {
    format!("{id}-picture")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hatch {
    Over,
    Gap,
    Few,
}

impl Hatch {
    fn of(role: Role) -> Option<Self> {
        match role {
            Role::Fill(Standing::Overspent) => Some(Hatch::Over),
            Role::Gap => Some(Hatch::Gap),
            Role::Few => Some(Hatch::Few),
            _ => None,
        }
    }

    fn slug(self) -> &'static str {
        match self {
            Hatch::Over => "over",
            Hatch::Gap => "gap",
            Hatch::Few => "few",
        }
    }
}

fn hatch_id(id: &str, hatch: Hatch) -> String {
    format!("{id}-hatch-{}", hatch.slug())
}

/// The patterns that the picture uses.
fn hatches(id: &str, scene: &Scene) -> AnyView {
    let used = |hatch: &Hatch| scene.marks.iter().any(|mark| Hatch::of(mark.role) == Some(*hatch));
    let pattern = |hatch: Hatch| {
        // Overspent leans to the right and is dense, not measured leans to the left and is wide:
        // told apart in grey as well.
        let (apart, turn) = match hatch {
            Hatch::Over => ("4.5", "rotate(45)"),
            Hatch::Gap => ("6", "rotate(-45)"),
            Hatch::Few => ("3.5", "rotate(45)"),
        };
        view! {
            <pattern id=hatch_id(id, hatch) width=apart height=apart patternUnits="userSpaceOnUse" patternTransform=turn>
                <line data-hatch=hatch.slug() x1="1" y1="0" x2="1" y2=apart></line>
            </pattern>
        }
    };
    view! { <defs>{[Hatch::Over, Hatch::Gap, Hatch::Few].into_iter().filter(used).map(pattern).collect_view()}</defs> }
}

/// One decimal at most.
fn number(value: f64) -> String {
    let mut text = String::new();
    push_number(&mut text, value);
    text
}

/// The same at the end of a text. By whole tenths: a line has thousands of numbers, and to write
/// one as a fraction takes ten times as long.
fn push_number(text: &mut String, value: f64) {
    #[allow(clippy::cast_possible_truncation)] // tenths of pixels
    let tenths = (value * 10.0).round() as i64;
    let (whole, tenth) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    // A text takes whatever is written into it.
    let _ = write!(text, "{}{whole}", if tenths < 0 { "-" } else { "" });
    if tenth > 0 {
        let _ = write!(text, ".{tenth}");
    }
}

fn through(points: &[(f64, f64)]) -> String {
    let mut text = String::with_capacity(points.len() * 12);
    for (at, (x, y)) in points.iter().enumerate() {
        text.push(if at == 0 { 'M' } else { 'L' });
        push_number(&mut text, *x);
        text.push(' ');
        push_number(&mut text, *y);
    }
    text
}

fn mark(id: &str, mark: &Mark) -> AnyView {
    let role = mark.role.slug();
    let severity = if let Role::Severity(severity) = mark.role { Some(severity::severity_slug(severity)) } else { None };
    let standing = mark.role.standing().map(Standing::slug);
    let hatch = Hatch::of(mark.role).map(|hatch| format!("url(#{})", hatch_id(id, hatch)));
    match &mark.shape {
        Shape::Bar { x, y, width, height } => {
            view! {
                <rect
                    data-role=role
                    data-severity=severity
                    data-standing=standing
                    fill=hatch
                    x=number(*x)
                    y=number(*y)
                    width=number(*width)
                    height=number(*height)
                ></rect>
            }
        }
        Shape::Line { from, to } => {
            view! { <line data-role=role x1=number(from.0) y1=number(from.1) x2=number(to.0) y2=number(to.1)></line> }
        }
        Shape::Path(points) => view! { <path data-role=role data-standing=standing fill="none" d=through(points)></path> },
        Shape::Area(points) => view! { <path data-role=role data-standing=standing fill=hatch d=through(points) + "Z"></path> },
        Shape::Dot { x, y } => view! { <circle data-role=role data-standing=standing cx=number(*x) cy=number(*y) r=radius(mark.role)></circle> },
        Shape::Sign { x, y } => {
            let of = if let Role::Severity(severity) = mark.role { severity } else { None };
            let moved = format!("translate({x:.1} {y:.1}) scale(0.55) translate(-10 -10)");
            view! { <path data-role="sign" data-severity=severity d=severity::shape(of) transform=moved></path> }
        }
    }
}

fn radius(role: Role) -> &'static str {
    if matches!(role, Role::Budget(_)) { "3.5" } else { "4.5" }
}

fn label(label: &Label) -> AnyView {
    view! {
        <text data-tone=label.tone.slug() x=number(label.x) y=number(label.y) text-anchor=label.anchor.slug()>
            {label.words.clone()}
        </text>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_one_decimal_at_most() {
        assert_eq!([0.0, -0.04, 12.0, 12.34, 12.96, -7.25, 1_440.05].map(number), ["0", "0", "12", "12.3", "13", "-7.3", "1440.1"]);
        assert_eq!(through(&[(0.0, 1.5), (10.04, -2.0)]), "M0 1.5L10 -2");
    }
}
