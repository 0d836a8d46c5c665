//! The target of an objective, kept exactly.
//!
//! `100.0 - 99.9` is `0.09999999999999432` in binary fractions, and some tools print
//! `0.0009999999999999432` into their rules. A target is therefore an integer count of billionths,
//! read from the digits that people wrote, and its budget is the exact complement.

use crate::domain::reading::{Readable, Reader};
use serde::{Deserialize, Serialize, de};
use std::{fmt, str::FromStr};

const BILLION: u64 = 1_000_000_000;
/// Decimals of a ratio that can be kept; a percentage has two fewer.
const DECIMALS: usize = 9;

/// The share of events (or of time) that has to be good: above 0, and below 1 but for
/// [`Target::imported`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    billionths: u64,
}

/// Why something is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetRefusal {
    #[error("a target is missing; write it like 99.9 % or 0.999")]
    Empty,
    #[error("“{0}” is not a number; write the target like 99.9 % or 0.999")]
    NotANumber(String),
    #[error("a target of 0 or less promises nothing, and every burn rate would stop at 1")]
    PromisesNothing,
    #[error("a target of 100 % leaves no budget: the first failure would break it, and no burn rate could be computed")]
    NoBudget,
    #[error("a target above 100 % cannot be met")]
    AboveAll,
    #[error("{0} is above 1; did you mean {0} %?")]
    MeantPercent(String),
    #[error("a target has at most {DECIMALS} decimals as a ratio and {} as a percentage", DECIMALS - 2)]
    TooManyDecimals,
}

impl Target {
    /// Reads `0.999`, `"0.999"`, `99.9%` and `99.9 %`.
    pub fn parse(text: &str) -> Result<Self, TargetRefusal> {
        Self::any(text)?.with_budget()
    }

    /// Reads a ratio: `0.999`.
    pub fn from_ratio_text(text: &str) -> Result<Self, TargetRefusal> {
        Self::ratio_of(text)?.with_budget()
    }

    /// Reads a percentage without its sign: `99.9`.
    pub fn from_percent_text(text: &str) -> Result<Self, TargetRefusal> {
        Self::percent_of(text)?.with_budget()
    }

    /// As [`Target::parse`], but 100 % is kept as zero tolerance, because other tools' files have
    /// it: its budget is 0, nothing is ever left of it, and one bad event breaks it.
    pub fn imported(text: &str) -> Result<Self, TargetRefusal> {
        Self::any(text)
    }

    /// As a share between 0 and 1.
    #[allow(clippy::cast_precision_loss)] // at most 10^9; the quotient is the nearest f64
    pub fn ratio(self) -> f64 {
        self.billionths as f64 / BILLION as f64
    }

    /// The share that may be bad: the exact complement, so that 99.9 % leaves 0.001.
    #[allow(clippy::cast_precision_loss)] // as in `ratio`
    pub fn budget(self) -> f64 {
        (BILLION - self.billionths) as f64 / BILLION as f64
    }

    /// Whether nothing at all may be bad.
    pub fn is_zero_tolerance(self) -> bool {
        self.billionths == BILLION
    }

    /// `99.9 %`, in as few digits as say it exactly.
    pub fn percent_text(self) -> String {
        format!("{} %", decimal(self.billionths, DECIMALS - 2))
    }

    /// `0.999`, in as few digits as say it exactly.
    pub fn ratio_text(self) -> String {
        decimal(self.billionths, DECIMALS)
    }

    fn any(text: &str) -> Result<Self, TargetRefusal> {
        let text = text.trim();
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim();
        match text.strip_suffix('%') {
            Some(percent) => Self::percent_of(percent),
            None => Self::ratio_of(text),
        }
    }

    fn ratio_of(text: &str) -> Result<Self, TargetRefusal> {
        match Self::of_digits(text, DECIMALS) {
            Err(TargetRefusal::AboveAll) => Err(TargetRefusal::MeantPercent(shown(text))),
            read => read,
        }
    }

    fn percent_of(text: &str) -> Result<Self, TargetRefusal> {
        Self::of_digits(text, DECIMALS - 2)
    }

    /// Reads a decimal number into billionths; the point is moved by `places`.
    fn of_digits(text: &str, places: usize) -> Result<Self, TargetRefusal> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TargetRefusal::Empty);
        }
        let no_number = || TargetRefusal::NotANumber(shown(text));
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok().filter(|exponent| exponent.abs() <= 40).ok_or_else(no_number)?),
            None => (digits, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !are_digits(whole) || !are_digits(fraction) {
            return Err(no_number());
        }
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0').trim_end_matches('0');
        if negative || significant.is_empty() {
            return Err(TargetRefusal::PromisesNothing);
        }
        // Its value is 0.d₁d₂d₃… × 10^point.
        let leading_zeros = all.len() - all.trim_start_matches('0').len();
        let point = i64::try_from(whole.len()).unwrap_or(i64::MAX) - i64::try_from(leading_zeros).unwrap_or(i64::MAX) + i64::from(exponent);
        let point = point + i64::try_from(places).unwrap_or(0);
        // Ten digits are a billion billionths.
        if point > 10 {
            return Err(TargetRefusal::AboveAll);
        }
        let decimals = i64::try_from(significant.len()).unwrap_or(i64::MAX) - point;
        if decimals > 0 {
            return Err(TargetRefusal::TooManyDecimals);
        }
        let zeros = usize::try_from(-decimals).unwrap_or(0);
        let billionths: u64 = format!("{significant}{}", "0".repeat(zeros)).parse().map_err(|_| no_number())?;
        if billionths > BILLION { Err(TargetRefusal::AboveAll) } else { Ok(Self { billionths }) }
    }

    fn with_budget(self) -> Result<Self, TargetRefusal> {
        if self.is_zero_tolerance() { Err(TargetRefusal::NoBudget) } else { Ok(self) }
    }
}

/// As little of a foreign text as says what is meant.
fn shown(text: &str) -> String {
    text.chars().take(30).collect()
}

/// Billionths as a decimal number, its point moved right so that `places` decimals are left.
fn decimal(billionths: u64, places: usize) -> String {
    let digits = format!("{billionths:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.percent_text())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Target {
    type Err = TargetRefusal;

    fn from_str(text: &str) -> Result<Self, TargetRefusal> {
        Self::parse(text)
    }
}

/// A JSON number: `0.999`.
impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.ratio())
    }
}

/// A ratio as a number, or any text of [`Target::imported`]. It reads back whatever was kept, so
/// also zero tolerance; whether a person may ask for that is for [`Target::parse`] to say.
impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Digits;

        impl de::Visitor<'_> for Digits {
            type Value = Target;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a target like 0.999 or \"99.9 %\"")
            }

            fn visit_f64<E: de::Error>(self, ratio: f64) -> Result<Target, E> {
                // The shortest digits that mean this number are those that were written.
                self.visit_str(&ratio.to_string())
            }

            fn visit_u64<E: de::Error>(self, ratio: u64) -> Result<Target, E> {
                self.visit_str(&ratio.to_string())
            }

            fn visit_i64<E: de::Error>(self, ratio: i64) -> Result<Target, E> {
                self.visit_str(&ratio.to_string())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Target, E> {
                Target::imported(text).map_err(E::custom)
            }
        }

        from.deserialize_any(Digits)
    }
}

impl Readable for Target {
    fn read(from: Reader<'_>) -> Self {
        let ratio = f64::read(from);
        Target::imported(&ratio.to_string()).unwrap_or_else(|_| from.fault(Target { billionths: BILLION }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::read;
    use proptest::prelude::*;

    fn target(text: &str) -> Target {
        Target::parse(text).expect("it is a target")
    }

    #[test]
    fn every_spelling_of_a_target_is_the_same_target() {
        for text in ["0.999", "\"0.999\"", ".999", "0.99900", "99.9%", "99.9 %", " 99.90 % ", "9.99e-1", "+0.999", "099.9 %"] {
            assert_eq!(target(text).billionths, 999_000_000, "{text}");
        }
        assert_eq!(Target::from_percent_text("99.9"), Target::from_ratio_text("0.999"));
        assert_eq!(target("99.9999999 %").billionths, 999_999_999);
        assert_eq!(target("1e-9").billionths, 1);
    }

    #[test]
    fn the_budget_is_the_exact_complement() {
        for (text, budget) in [("0.999", 0.001), ("99.9 %", 0.001), ("0.9995", 0.0005), ("0.97", 0.03), ("0.94", 0.06), ("0.35", 0.65), ("0.999999999", 1e-9)] {
            assert_eq!(target(text).budget().to_bits(), f64::to_bits(budget), "{text}");
        }
    }

    #[test]
    fn it_is_written_in_as_few_digits_as_say_it() {
        for (text, percent, ratio) in
            [("0.999", "99.9 %", "0.999"), ("0.9", "90 %", "0.9"), ("99.9999999%", "99.9999999 %", "0.999999999"), ("0.5 %", "0.5 %", "0.005")]
        {
            assert_eq!((target(text).percent_text(), target(text).ratio_text()), (percent.to_owned(), ratio.to_owned()));
        }
    }

    #[test]
    fn what_is_no_target_is_refused_with_the_reason() {
        use TargetRefusal::*;
        for (text, refusal) in [
            ("", Empty),
            (" % ", Empty),
            ("all", NotANumber("all".into())),
            ("0,999", NotANumber("0,999".into())),
            ("1e", NotANumber("1e".into())),
            ("1e999", NotANumber("1e999".into())),
            ("NaN", NotANumber("NaN".into())),
            (".", NotANumber(".".into())),
            ("0", PromisesNothing),
            ("0.000", PromisesNothing),
            ("-0.5", PromisesNothing),
            ("1", NoBudget),
            ("1.000", NoBudget),
            ("100 %", NoBudget),
            ("100.1 %", AboveAll),
            ("99.9", MeantPercent("99.9".into())),
            ("1.5", MeantPercent("1.5".into())),
            ("0.9999999999", TooManyDecimals),
            ("99.99999999 %", TooManyDecimals),
            ("1e-10", TooManyDecimals),
        ] {
            assert_eq!(Target::parse(text), Err(refusal), "{text}");
        }
        assert!(Target::parse("100%").expect_err("it leaves no budget").to_string().contains("leaves no budget"));
    }

    #[test]
    fn an_imported_hundred_percent_is_zero_tolerance() {
        let all = Target::imported("1.0").expect("imports may have it");
        assert!(all.is_zero_tolerance());
        assert_eq!((all.budget(), all.percent_text()), (0.0, "100 %".to_owned()));
        assert!(Target::imported("1.01").is_err() && Target::imported("0").is_err());
    }

    #[test]
    fn it_travels_as_a_number_and_is_read_from_text_too() {
        assert_eq!(serde_json::to_string(&target("99.95 %")).expect("it has a form"), "0.9995");
        for json in ["0.9995", "\"0.9995\"", "\"99.95 %\""] {
            assert_eq!(serde_json::from_str::<Target>(json).expect("it is a target"), target("0.9995"), "{json}");
        }
        assert!(serde_json::from_str::<Target>("1").expect("what was kept comes back").is_zero_tolerance());
        assert!(serde_json::from_str::<Target>("99.9").expect_err("it is above 1").to_string().contains("99.9 %"));
        assert_eq!(read::<Target>(b"0.999"), Some(target("0.999")));
        assert_eq!(read::<Target>(b"2"), None);
    }

    proptest! {
        #[test]
        fn every_target_survives_every_spelling(billionths in 1..BILLION) {
            let it = Target { billionths };
            prop_assert_eq!(Target::parse(&it.percent_text()), Ok(it));
            prop_assert_eq!(Target::parse(&it.ratio_text()), Ok(it));
            let json = serde_json::to_string(&it).expect("it has a form");
            prop_assert_eq!(serde_json::from_str::<Target>(&json).ok(), Some(it));
            prop_assert_eq!(read::<Target>(json.as_bytes()), Some(it));
        }

        #[test]
        fn foreign_text_is_read_or_refused(text in "\\PC{0,20}", digits in "[-+]?[0-9]{0,40}[.]?[0-9]{0,40}(e-?[0-9]{1,3})?%?") {
            for text in [text, digits] {
                if let Ok(it) = Target::parse(&text) {
                    prop_assert!(it.budget() > 0.0 && it.ratio() > 0.0);
                }
            }
        }
    }
}
