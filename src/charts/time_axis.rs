//! Time along the x axis: where an instant stands, and which are named beneath.

use super::{Anchor, Label, MOST_LABELS, Tone, place, wall::Wall};
use crate::domain::time::Timestamp;

const DAY_SECS: i64 = 86_400;
/// How far two names stand apart.
const BETWEEN: f64 = 12.0;

/// Even time between two edges: no hour is wider than another, whatever the clocks did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeAxis {
    pub from: Timestamp,
    pub until: Timestamp,
    pub left: f64,
    pub right: f64,
}

impl TimeAxis {
    #[allow(clippy::cast_precision_loss)] // an f64 tells microseconds of centuries apart
    pub fn x(&self, at: Timestamp) -> f64 {
        let long = self.until.micros_since(self.from).max(1) as f64;
        let share = (at.micros_since(self.from) as f64 / long).clamp(0.0, 1.0);
        self.left + (self.right - self.left) * share
    }

    pub fn holds(&self, at: Timestamp) -> bool {
        (self.from..=self.until).contains(&at)
    }

    /// How many columns of pixels there are.
    pub fn columns(&self) -> usize {
        self.columns_of(self.from, self.until)
    }

    /// How many there are from one instant to another.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small positive number
    pub fn columns_of(&self, from: Timestamp, to: Timestamp) -> usize {
        (self.x(to) - self.x(from)).ceil().max(1.0) as usize
    }

    /// At most six names with their base line at `y`: the first at the left edge, the last at the
    /// right edge with the zone, `now` between them, and round steps where there is room.
    pub fn labels(&self, wall: &Wall, now: Option<Timestamp>, y: f64) -> Vec<Label> {
        let secs = self.until.secs_since(self.from);
        let by_hour = secs <= 2 * DAY_SECS;
        let name = |at: Timestamp| if by_hour { wall.hour_minute(at) } else { wall.day(at) };
        let label = |at: Timestamp, anchor, words: String, tone| Label { x: self.x(at), y, anchor, words, tone };
        let now = now.filter(|now| self.holds(*now));
        let at_end = now.is_some_and(|now| self.right - self.x(now) < 1.0);
        let named_now = |at: Timestamp| format!("now, {}", if by_hour { wall.short(at) } else { wall.day(at) });
        let last = if at_end { named_now(self.until) } else { name(self.until) };
        let tone = if at_end { Tone::Strong } else { Tone::Axis };
        let mut kept = vec![label(self.until, Anchor::End, format!("{last} {}", wall.zone), tone)];
        let first = if by_hour { wall.short(self.from) } else { wall.day(self.from) };
        let mut rest = vec![label(self.from, Anchor::Start, first, Tone::Axis)];
        if let Some(now) = now.filter(|_| !at_end) {
            let mut label = label(now, Anchor::Middle, named_now(now), Tone::Strong);
            // Words in the middle of an edge would stick out of the plot, and on a phone the last
            // date stands close: then they end where their line is, or before that date.
            let (rect, last) = (label.rect(), kept[0].rect().left - BETWEEN - 0.5);
            let inside = rect.between(self.left, self.right.min(last));
            label.x += inside.left - rect.left;
            rest.insert(0, label);
        }
        for label in rest {
            if fits(&kept, &label) {
                kept.push(label);
            }
        }
        // The closest steps that leave room for all; of the widest, as many as there is room for.
        let strides = if by_hour { [1, 2, 3, 6, 12, 24, 48] } else { [1, 2, 5, 10, 15, 30, 90] };
        for (at, stride) in strides.into_iter().enumerate() {
            let ticks = if by_hour { hours(self, wall, stride) } else { days(self, wall, stride) };
            let named = ticks.into_iter().map(|tick| label(tick, Anchor::Middle, name(tick), Tone::Axis));
            let inside = |label: &Label| label.rect().left >= self.left && label.rect().right <= self.right;
            let ticks: Vec<Label> = named.filter(|label| inside(label) && fits(&kept, label)).collect();
            // Steps of which some were left out would look like steps of another length.
            let apart = ticks.windows(2).all(|pair| fits(&pair[..1], &pair[1]));
            if apart && kept.len() + ticks.len() <= MOST_LABELS {
                kept.extend(ticks);
                break;
            }
            if at + 1 == strides.len() {
                for label in ticks {
                    if kept.len() < MOST_LABELS && fits(&kept, &label) {
                        kept.push(label);
                    }
                }
            }
        }
        kept.sort_by(|a, b| a.x.total_cmp(&b.x));
        kept
    }
}

fn fits(kept: &[Label], label: &Label) -> bool {
    let rect = place::Rect { left: label.rect().left - BETWEEN, right: label.rect().right + BETWEEN, ..label.rect() };
    !kept.iter().any(|other| other.rect().touches(&rect))
}

/// More steps than this are not looked at: they would not all fit on any screen.
const MOST_STEPS: i64 = 100;

/// Beginnings of days, every `stride` of them, counted from the first day that is shown.
fn days(axis: &TimeAxis, wall: &Wall, stride: i64) -> Vec<Timestamp> {
    (1..=MOST_STEPS).map(|at| wall.day_after(axis.from, at * stride)).take_while(|at| *at < axis.until).collect()
}

fn hours(axis: &TimeAxis, wall: &Wall, stride: i64) -> Vec<Timestamp> {
    let first = wall.day_start(axis.from);
    let steps = axis.from.secs_since(first) / (stride * 3600) + 1;
    (steps..steps + MOST_STEPS).map(|at| first.plus_secs(at * stride * 3600)).take_while(|at| *at < axis.until).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::wall::tests::{at, berlin},
        *,
    };

    fn words(from: &str, until: &str, now: Option<&str>, right: f64) -> Vec<String> {
        let axis = TimeAxis { from: at(from), until: at(until), left: 40.0, right };
        axis.labels(&berlin(), now.map(at), 0.0).into_iter().map(|label| label.words).collect()
    }

    #[test]
    fn at_most_six_are_named_and_the_zone_once() {
        let month = ("2026-10-21T02:31:00Z", "2026-11-30T02:31:00Z");
        assert_eq!(words(month.0, month.1, Some("2026-11-20T02:31:00Z"), 740.0), ["21 Oct", "31 Oct", "10 Nov", "now, 20 Nov", "30 Nov CET"]);
        assert_eq!(words(month.0, month.1, None, 200.0), ["21 Oct", "30 Nov CET"]);
        assert!(words(month.0, month.1, Some("2026-11-20T02:31:00Z"), 290.0).contains(&"now, 20 Nov".to_owned()), "now is named on the narrowest phone");
        assert_eq!(words("2026-11-06T08:00:00Z", "2026-11-06T14:00:00Z", None, 740.0), ["6 Nov 09:00", "10:00", "12:00", "14:00", "15:00 CET"]);
        for (from, until) in [("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"), ("1990-01-01T00:00:00Z", "2026-12-31T00:00:00Z"), month] {
            for right in [41.0, 90.0, 300.0, 700.0, 1400.0] {
                let labels = words(from, until, Some("2026-11-20T02:31:00Z"), right);
                assert!((1..=6).contains(&labels.len()), "{labels:?}");
                assert_eq!(labels.iter().filter(|words| words.contains("CET")).count(), 1, "{labels:?}");
            }
        }
    }

    #[test]
    fn where_now_is_the_edge_it_is_named_there() {
        assert_eq!(words("2026-10-21T02:31:00Z", "2026-11-20T02:31:00Z", Some("2026-11-20T02:31:00Z"), 740.0).last().expect("one"), "now, 20 Nov CET");
    }

    #[test]
    fn a_day_of_25_hours_is_wider_than_one_of_24() {
        let axis = TimeAxis { from: at("2026-10-23T22:00:00Z"), until: at("2026-10-26T23:00:00Z"), left: 0.0, right: 730.0 };
        let wall = berlin();
        let starts: Vec<f64> = (0..4).map(|day| axis.x(wall.day_after(axis.from, day))).collect();
        assert_eq!(starts.windows(2).map(|pair| (pair[1] - pair[0]).round()).collect::<Vec<_>>(), [240.0, 250.0, 240.0]);
    }
}
