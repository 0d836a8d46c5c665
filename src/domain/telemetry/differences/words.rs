//! How numbers read in a difference.

use crate::domain::wording::{grouped, took};

/// `34 of 410 calls (8.3 %)`.
pub(super) fn of_calls(part: f64, of: f64) -> String {
    format!("{} of {} calls ({})", grouped(part.round().max(0.0) as usize), grouped(of.max(0.0) as usize), percent(part / of.max(1.0)))
}

/// `8.3 %`, `12 %`, `0.04 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// Two or three digits: `0.0042`, `3.4`, `128`, `1.4 million`.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 0.1 => {
            let digits = (1.0 - size.log10().floor()).clamp(1.0, 9.0) as usize;
            format!("{value:.digits$}")
        }
        size if size < 10.0 => format!("{value:.1}"),
        size if size < 1e6 => format!("{}{}", if value < 0.0 { "-" } else { "" }, grouped(size.round() as usize)),
        size if size < 1e9 => format!("{:.1} million", value / 1e6),
        _ => format!("{:.1} thousand million", value / 1e9),
    }
}

/// `12 ms`.
pub(super) fn micros(micros: f64) -> String {
    took(micros as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_may_be() {
        let read: Vec<String> = [0.0, 0.0042, 0.5, 3.44, 12.0, 1234.0, 1.44e6, 5e9, -20.0].into_iter().map(number).collect();
        assert_eq!(read, ["0", "0.0042", "0.5", "3.4", "12", "1,234", "1.4 million", "5.0 thousand million", "-20"]);
        assert_eq!(of_calls(34.0, 410.0), "34 of 410 calls (8.3 %)");
    }
}
