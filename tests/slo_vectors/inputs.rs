//! The inputs of a vector by name, in whichever unit and from whichever side they are given.

use serde_json::Value;
use tocsin::domain::slo::{
    budget::{Counts, Oddity},
    target::Target,
};

pub struct Inputs<'a>(pub &'a Value);

impl Inputs<'_> {
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub fn optional(&self, name: &str) -> Option<f64> {
        self.value(name)?.as_f64()
    }

    pub fn number(&self, name: &str) -> Result<f64, String> {
        self.optional(name).ok_or_else(|| format!("the input {name} is missing"))
    }

    pub fn text(&self, name: &str) -> Result<&str, String> {
        self.value(name).and_then(Value::as_str).ok_or_else(|| format!("the input {name} is missing"))
    }

    /// A ratio, or the same as a percentage under `…_pct`.
    pub fn optional_ratio(&self, name: &str) -> Option<f64> {
        self.optional(name).or_else(|| self.optional(&format!("{name}_pct")).map(|percent| percent / 100.0))
    }

    pub fn ratio(&self, name: &str) -> Result<f64, String> {
        self.optional_ratio(name).ok_or_else(|| format!("the input {name} is missing"))
    }

    /// Seconds, from `…_s`, `…_min`, `…_h` or `…_d`.
    pub fn optional_secs(&self, name: &str) -> Option<f64> {
        [("s", 1.0), ("min", 60.0), ("h", 3600.0), ("d", 86_400.0), ("days", 86_400.0)]
            .into_iter()
            .find_map(|(unit, secs)| self.optional(&format!("{name}_{unit}")).map(|number| number * secs))
    }

    pub fn secs(&self, name: &str) -> Result<f64, String> {
        self.optional_secs(name).ok_or_else(|| format!("the input {name} is missing in every unit"))
    }

    /// The first that is there of several names for one span.
    pub fn any_secs(&self, names: &[&str]) -> Result<f64, String> {
        names.iter().find_map(|name| self.optional_secs(name)).ok_or_else(|| format!("none of the inputs {names:?} is there"))
    }

    pub fn whole_secs(&self, name: &str) -> Result<i64, String> {
        self.secs(name).map(whole)
    }

    pub fn any_whole_secs(&self, names: &[&str]) -> Result<i64, String> {
        self.any_secs(names).map(whole)
    }

    pub fn optional_target(&self) -> Result<Option<Target>, String> {
        let read = |text: String| Target::imported(&text).map(Some).map_err(|refusal| refusal.to_string());
        for name in ["slo", "target", "objective"] {
            if let Some(ratio) = self.value(name) {
                return read(ratio.as_str().map_or_else(|| ratio.to_string(), str::to_owned));
            }
            if let Some(percent) = self.value(&format!("{name}_pct")) {
                return read(format!("{} %", percent.as_str().map_or_else(|| percent.to_string(), str::to_owned)));
            }
        }
        Ok(None)
    }

    pub fn target(&self) -> Result<Target, String> {
        self.optional_target()?.ok_or_else(|| "the input slo is missing".to_owned())
    }

    /// What was counted, from any two of good, bad, total and the ratio of them.
    pub fn optional_counts(&self) -> Result<Option<(Counts, Option<Oddity>)>, String> {
        let [good, bad, total, sli] = [self.optional("good"), self.optional("bad"), self.optional("total"), self.optional_ratio("sli")];
        let errors = self.optional_ratio("error_ratio");
        let counts = match (good, bad, total, sli.or(errors.map(|errors| 1.0 - errors))) {
            (Some(good), _, Some(total), _) => Counts::of_good(good, total),
            (None, Some(bad), Some(total), _) => Counts::of_bad(bad, total),
            (Some(good), Some(bad), None, _) => Counts::of_good(good, good + bad),
            (None, None, Some(total), Some(sli)) => Counts::of_good(total * sli, total),
            (Some(good), None, None, Some(sli)) if sli > 0.0 => Counts::of_good(good, good / sli),
            (None, Some(bad), None, Some(sli)) if sli < 1.0 => Counts::of_bad(bad, bad / (1.0 - sli)),
            (None, None, None, Some(sli)) => Counts::of_good(sli, 1.0),
            _ => return Ok(None),
        };
        counts.map(Some).ok_or_else(|| "what was counted is no count".to_owned())
    }

    pub fn counts(&self) -> Result<(Counts, Option<Oddity>), String> {
        self.optional_counts()?.ok_or_else(|| "good, bad, total or sli are missing".to_owned())
    }

    /// Given as itself, or as what was counted.
    pub fn error_ratio(&self) -> Result<f64, String> {
        if let Some(errors) = self.optional_ratio("error_ratio") {
            return Ok(errors);
        }
        self.counts()?.0.error_ratio().ok_or_else(|| "nothing was counted".to_owned())
    }

    /// A list of numbers, with `None` where there is `null`; a single number is a list of one.
    pub fn list(&self, name: &str) -> Option<Vec<Option<f64>>> {
        match self.value(name)? {
            Value::Array(items) => Some(items.iter().map(Value::as_f64).collect()),
            one => Some(vec![Some(one.as_f64()?)]),
        }
    }
}

pub fn whole(number: f64) -> i64 {
    number.round() as i64
}
