//! Spans of time as other tools write them.

use crate::domain::slo::{
    calendar::{Unit, Window},
    zone::LocalTime,
};

const DAY: i64 = 86_400;
/// Units from the longest on, as Prometheus writes them one behind the other: `1h30m`.
const PROMETHEUS: [(&str, f64); 7] = [("y", 365.0 * 86_400.0), ("w", 7.0 * 86_400.0), ("d", 86_400.0), ("h", 3_600.0), ("m", 60.0), ("s", 1.0), ("ms", 0.001)];

/// A span as Prometheus and Pyrra write it: `4w`, `1h30m`, `200ms`. In seconds.
pub fn prometheus_secs(text: &str) -> Option<f64> {
    let (mut rest, mut secs, mut next) = (text.trim(), 0.0, 0);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_lowercase).count();
        let number: f64 = rest[..digits].parse().ok()?;
        let unit = &rest[digits..digits + letters];
        let at = PROMETHEUS.iter().position(|(name, _)| *name == unit).filter(|at| *at >= next)?;
        secs += number * PROMETHEUS[at].1;
        next = at + 1;
        rest = &rest[digits + letters..];
    }
    secs.is_finite().then_some(secs)
}

/// A span of OpenSLO: one number and one letter. `m` is a minute and `M` a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shorthand {
    count: u32,
    unit: char,
}

impl Shorthand {
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let unit = text.chars().last().filter(|unit| "smhdwMQY".contains(*unit))?;
        let digits = &text[..text.len() - unit.len_utf8()];
        let count = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
        (count > 0).then_some(Self { count, unit })
    }

    /// Its seconds, where it has as many every time.
    pub fn secs(self) -> Option<i64> {
        let secs = match self.unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => DAY,
            'w' => 7 * DAY,
            _ => return None,
        };
        Some(i64::from(self.count) * secs)
    }

    /// Its seconds, a month taken for 30 days, a quarter for 90 and a year for 365.
    pub fn usual_secs(self) -> i64 {
        let days = match self.unit {
            'M' => 30,
            'Q' => 90,
            _ => 365,
        };
        self.secs().unwrap_or(i64::from(self.count) * days * DAY)
    }

    /// The window of the calendar, where there are such.
    pub fn calendar(self, anchor: Option<LocalTime>, zone: &str) -> Option<Window> {
        let unit = match self.unit {
            'd' => Unit::Day,
            'w' => Unit::Week,
            'M' => Unit::Month,
            'Q' => Unit::Quarter,
            'Y' => Unit::Year,
            _ => return None,
        };
        let usual = Window::calendar(unit, self.count, zone);
        match (anchor, usual) {
            (Some(anchor_local), Window::Calendar { unit, count, zone, .. }) => Some(Window::Calendar { unit, count, anchor_local, zone }),
            (_, usual) => Some(usual),
        }
    }
}

/// A span as OpenSLO writes it; `None` where OpenSLO has no word for it.
pub fn shorthand_of(window: &Window) -> String {
    match window {
        Window::Rolling { seconds } => shorthand(*seconds),
        Window::Calendar { unit, count, .. } => {
            let letter = match unit {
                Unit::Day => 'd',
                Unit::Week => 'w',
                Unit::Month => 'M',
                Unit::Quarter => 'Q',
                Unit::Year => 'Y',
            };
            format!("{count}{letter}")
        }
    }
}

/// Seconds as one number and the largest unit that fits.
pub fn shorthand(secs: i64) -> String {
    let (length, letter) = [(7 * DAY, "w"), (DAY, "d"), (3_600, "h"), (60, "m")].into_iter().find(|(length, _)| secs % length == 0).unwrap_or((1, "s"));
    format!("{}{letter}", secs / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_prometheus_are_added_up() {
        for (text, secs) in [("4w", 2_419_200.0), ("1h30m", 5_400.0), ("200ms", 0.2), ("1d12h", 129_600.0), ("1s500ms", 1.5)] {
            assert_eq!(prometheus_secs(text), Some(secs), "{text}");
        }
        for text in ["", "w", "4", "4x", "30m1h", "1h1h", "-1h", "4 w", "1.5h", "4M"] {
            assert_eq!(prometheus_secs(text), None, "{text}");
        }
    }

    #[test]
    fn a_minute_is_not_a_month() {
        let of = |text: &str| Shorthand::parse(text).expect("it is a span");
        assert_eq!((of("5m").secs(), of("5M").secs(), of("1M").usual_secs()), (Some(300), None, 30 * DAY));
        assert_eq!((of("2w").secs(), of("1Q").usual_secs(), of("1Y").usual_secs()), (Some(14 * DAY), 90 * DAY, 365 * DAY));
        assert_eq!(of("1M").calendar(None, "UTC"), Some(Window::calendar(Unit::Month, 1, "UTC")));
        assert_eq!(of("5m").calendar(None, "UTC"), None);
        for text in ["", "m", "0d", "1.5h", "-1d", "1 d", "1y", "1q", "d1", "99999999999d", "1ö"] {
            assert_eq!(Shorthand::parse(text), None, "{text}");
        }
    }

    #[test]
    fn spans_are_written_in_their_largest_unit() {
        for (secs, text) in [(14 * DAY, "2w"), (30 * DAY, "30d"), (3_600, "1h"), (300, "5m"), (90, "90s")] {
            assert_eq!(shorthand(secs), text);
        }
        assert_eq!(shorthand_of(&Window::calendar(Unit::Quarter, 1, "UTC")), "1Q");
    }
}
