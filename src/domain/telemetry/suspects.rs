//! What is sent and not to be believed: a gauge that stands at zero though nothing that runs does, a
//! source that has stopped, clocks that cannot both be right. Said where it would be read, and never
//! taken for a measurement.

use crate::domain::{
    reading::{Readable, Reader},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Something that is not to be believed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    pub doubt: Doubt,
    pub service: String,
    pub instance: Option<String>,
    /// Of a gauge; `None` where it is about all that the instance reports, or about spans.
    pub metric: Option<String>,
    /// Of a clock: who called.
    pub peer: Option<String>,
    /// When the last came.
    pub since: Option<Timestamp>,
    /// By how much the clocks differ at least.
    pub off_s: Option<f64>,
    /// Readings, gauges or calls that say so.
    pub n: u64,
}

/// Why it is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// A called side began before it was called, or ended after its caller had the answer.
    ClockOff,
    /// No spans any more.
    Silent,
    /// A gauge, or all gauges of an instance, are not reported any more.
    Stopped,
    /// Only zeros from what cannot be zero while it runs.
    ConstantZero,
}

/// How often something came within a range, in minutes since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coming {
    pub first: i64,
    pub last: i64,
    /// Minutes in which it came.
    pub minutes: i64,
}

/// Fewer minutes say nothing of how often something comes.
const FEWEST_MINUTES: i64 = 5;
/// Nothing is missed before so many minutes.
const PATIENCE_MINUTES: i64 = 5;
/// Nor before so many of its usual gaps.
const PATIENCE_GAPS: i64 = 4;

impl Coming {
    pub fn at(minute: i64) -> Self {
        Self { first: minute, last: minute, minutes: 1 }
    }

    /// Once more; minutes come in their order.
    pub fn again(&mut self, minute: i64) {
        if minute > self.last {
            (self.last, self.minutes) = (minute, self.minutes + 1);
        }
    }

    /// Whether it has stopped before `end`, the minute up to which it should have come: what comes
    /// seldom is waited for longer.
    pub fn has_stopped(&self, end: i64) -> bool {
        let gap = (self.last - self.first) / (self.minutes - 1).max(1);
        self.minutes >= FEWEST_MINUTES && end - self.last > PATIENCE_MINUTES.max(PATIENCE_GAPS * gap)
    }
}

/// Whether a gauge is about a processor, by its name in lower case.
pub fn is_of_processor(name: &str) -> bool {
    ["cpu", "processor"].iter().any(|word| name.contains(word))
}

/// Whether a gauge is about memory, by its name in lower case. Many are called `mem` and little
/// more; words that only begin alike (`members`, `memcached`) are about something else.
pub fn is_of_memory(name: &str) -> bool {
    const BEHIND: [&str; 8] = ["", "usage", "used", "util", "bytes", "percent", "rate", "stats"];
    let is_short = |word: &str| word.strip_prefix("mem").is_some_and(|rest| BEHIND.contains(&rest));
    ["memory", "heap", "rss", "working_set"].iter().any(|word| name.contains(word)) || name.split(|letter: char| !letter.is_ascii_alphanumeric()).any(is_short)
}

/// Whether a gauge of this name is above zero whenever its process runs: processor and memory.
pub fn is_never_zero(metric: &str) -> bool {
    // Shares of a limit, pauses and waits are zero on a quiet day.
    const MAY_BE_ZERO: [&str; 9] = ["throttl", "limit", "steal", "wait", "swap", "pressure", "fail", "nice", "lookups"];
    let name = metric.to_ascii_lowercase();
    (is_of_processor(&name) || is_of_memory(&name)) && !MAY_BE_ZERO.iter().any(|word| name.contains(word))
}

impl Readable for Suspect {
    fn read(from: Reader<'_>) -> Self {
        Self {
            doubt: from.get("doubt"),
            service: from.get("service"),
            instance: from.get("instance"),
            metric: from.get("metric"),
            peer: from.get("peer"),
            since: from.get("since"),
            off_s: from.get("off_s"),
            n: from.get("n"),
        }
    }
}

impl Readable for Doubt {
    fn read(from: Reader<'_>) -> Self {
        from.word(&[("clock_off", Doubt::ClockOff), ("silent", Doubt::Silent), ("stopped", Doubt::Stopped), ("constant_zero", Doubt::ConstantZero)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::read;

    fn every(gap: i64, times: i64) -> Coming {
        let mut coming = Coming::at(0);
        (1..times).for_each(|n| coming.again(n * gap));
        coming
    }

    #[test]
    fn what_comes_seldom_is_waited_for_longer() {
        let often = every(1, 30);
        assert!(!often.has_stopped(29) && !often.has_stopped(34) && often.has_stopped(35));
        let seldom = every(10, 6);
        assert!(!seldom.has_stopped(50 + 40) && seldom.has_stopped(50 + 41));
        assert!(!every(1, 4).has_stopped(500), "too few to say how often it comes");
        let mut twice = Coming::at(3);
        twice.again(3);
        assert_eq!(twice, Coming::at(3));
    }

    #[test]
    fn only_what_a_running_process_uses_is_never_zero() {
        assert!(
            ["container.cpu.usage", "process_resident_memory_bytes", "jvm.memory.used", "node_memory_Active_bytes", "mem", "pod_mem_bytes", "MemUsage(Mi)"]
                .into_iter()
                .all(is_never_zero)
        );
        assert!(
            !["queue.depth", "container.cpu.throttled", "system.memory.swap", "http.errors", "memcached.items", "team_members"].into_iter().any(is_never_zero)
        );
    }

    #[test]
    fn the_browser_reads_it_as_serde_wrote_it() {
        let suspect = |doubt| Suspect {
            doubt,
            service: "mail".to_owned(),
            instance: Some("mail-1".to_owned()),
            metric: None,
            peer: Some("checkout".to_owned()),
            since: Some(Timestamp::from_micros(7_000_000)),
            off_s: Some(0.014),
            n: 340,
        };
        let known = [Doubt::ClockOff, Doubt::Silent, Doubt::Stopped, Doubt::ConstantZero].map(suspect).to_vec();
        assert_eq!(read(serde_json::to_string(&known).expect("it serialises").as_bytes()), Some(known));
    }
}
