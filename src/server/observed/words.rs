//! Every text of telemetry once, by its number. What is kept is bounded: a sender that makes up
//! names without end fills one place for “others”, and values of an attribute that never repeat
//! are kept as a hash, which still finds them.

use super::minute::Mixed;
use crate::domain::telemetry::facts::{Name, Names};
use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
    sync::{Arc, OnceLock},
};

/// Most services, operations of one service, attributes, values of one attribute.
const MOST_SERVICES: usize = 2_000;
const MOST_OPERATIONS: usize = 2_000;
const MOST_KEYS: usize = 2_000;
const MOST_VALUES: usize = 1_000;
/// Most statements of one service, and how many more of records that tell of errors.
const MOST_STATEMENTS: usize = 5_000;
const MORE_OF_ERRORS: usize = 500;
/// Most sets of resource attributes, and most series of readings.
const MOST_RESOURCES: usize = 50_000;
const MOST_SERIES: usize = 100_000;
/// Most bytes of text in all.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Most texts that are looked up the quick way.
const MOST_QUICK: usize = 500_000;
/// Longest name, and longest value that is kept as text, in bytes.
const LONGEST_NAME: usize = 300;
const LONGEST_VALUE: usize = 500;

/// Stands for everything that came after there were too many.
pub const OTHERS: &str = "(others)";

/// A value of an attribute: a name, or where there are too many of them the hash of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Held(u32);

const HASHED: u32 = 1 << 31;

impl Held {
    /// The value's name, where it has one.
    pub fn name(self) -> Option<Name> {
        (self.0 & HASHED == 0).then_some(Name(self.0))
    }
}

/// An attribute with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pair {
    pub key: Name,
    pub value: Held,
}

/// What readings belong to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Series {
    pub service: Name,
    pub instance: Option<Name>,
    pub metric: Name,
    pub unit: Name,
    /// Apart from those of the resource.
    pub attributes: Vec<Pair>,
    pub counting: Counting,
    /// Made of a histogram or a summary.
    pub of_distribution: bool,
}

/// How readings of a series are to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counting {
    /// Each stands for itself.
    Gauge,
    /// Each is what was added since the one before.
    Delta,
    /// Each is what was added since the beginning.
    Cumulative,
}

/// Which names the kept minutes use.
#[derive(Default)]
pub struct Used {
    /// Operations and statements by their service.
    pub of_services: HashSet<(Name, Name)>,
    /// All of them, whatever they name.
    pub names: HashSet<Name>,
}

impl Used {
    pub fn note(&mut self, names: &[Name]) {
        self.names.extend(names);
    }

    pub fn note_of_service(&mut self, service: Name, name: Name) {
        self.of_services.insert((service, name));
        self.note(&[service, name]);
    }
}

/// All texts of the store.
#[derive(Default)]
pub struct Words {
    names: Names,
    bytes: usize,
    services: HashSet<Name>,
    operations: HashMap<Name, HashSet<Name>>,
    statements: HashMap<Name, HashSet<Name>>,
    values: HashMap<Name, HashSet<Name>>,
    /// Numbers of what was forgotten are not given again: whoever reads minutes as they stood finds
    /// nothing by them and never something else.
    resources: HashMap<u32, Arc<[Pair]>>,
    resource_numbers: HashMap<Arc<[Pair]>, u32>,
    next_resource: u32,
    series: HashMap<u32, Arc<Series>>,
    series_numbers: HashMap<Arc<Series>, u32>,
    next_series: u32,
    /// What was looked up before, by the mix of its texts: almost every text is one of few.
    quick_pairs: HashMap<u64, Pair, Mixed>,
    quick_operations: HashMap<u64, Name, Mixed>,
    /// Attributes that have as many named values as they may, by the mix of their text.
    full_keys: HashMap<u64, Name, Mixed>,
    hasher: RandomState,
    seed: OnceLock<u64>,
}

impl Words {
    pub fn names(&self) -> &Names {
        &self.names
    }

    pub fn text(&self, name: Name) -> &str {
        self.names.text(name)
    }

    /// The name of a text that was seen before.
    pub fn known(&self, text: &str) -> Option<Name> {
        self.names.known(cut(text, LONGEST_NAME))
    }

    pub fn service(&mut self, text: &str) -> Name {
        let text = cut(text, LONGEST_NAME);
        if let Some(name) = self.names.known(text).filter(|name| self.services.contains(name)) {
            return name;
        }
        let name = self.name(if self.services.len() < MOST_SERVICES { text } else { OTHERS });
        self.services.insert(name);
        name
    }

    pub fn operation(&mut self, service: Name, text: &str) -> Name {
        let quick = mix_texts(self.seed() ^ u64::from(service.0), text.as_bytes(), &[]);
        if let Some(name) = self.quick_operations.get(&quick) {
            return *name;
        }
        let name = self.slow_operation(service, text);
        if self.quick_operations.len() < MOST_QUICK {
            self.quick_operations.insert(quick, name);
        }
        name
    }

    fn slow_operation(&mut self, service: Name, text: &str) -> Name {
        Self::of_service(&mut self.names, &mut self.bytes, self.operations.entry(service).or_default(), cut(text, LONGEST_NAME), MOST_OPERATIONS)
    }

    /// The name of a statement. Where a service has too many already, those that tell of errors still find room.
    pub fn statement(&mut self, service: Name, text: &str, error: bool) -> Name {
        let most = if error { MOST_STATEMENTS + MORE_OF_ERRORS } else { MOST_STATEMENTS };
        Self::of_service(&mut self.names, &mut self.bytes, self.statements.entry(service).or_default(), cut(text, LONGEST_NAME), most)
    }

    fn of_service(names: &mut Names, bytes: &mut usize, known: &mut HashSet<Name>, text: &str, most: usize) -> Name {
        if let Some(name) = names.known(text).filter(|name| known.contains(name)) {
            return name;
        }
        let text = if known.len() < most && *bytes < MOST_BYTES { text } else { OTHERS };
        let name = kept(names, bytes, text);
        known.insert(name);
        name
    }

    /// An attribute; `None` where there are too many different ones already.
    pub fn pair(&mut self, key: &str, value: &str) -> Option<Pair> {
        let quick = mix_texts(self.seed(), key.as_bytes(), value.as_bytes());
        if let Some(pair) = self.quick_pairs.get(&quick) {
            return Some(*pair);
        }
        // What is named is found the quick way, so of these it is none: a number for everybody that never repeats.
        let quick_key = mix_texts(self.seed(), key.as_bytes(), &[]);
        let is_complete = self.quick_pairs.len() < MOST_QUICK && key.len() <= LONGEST_NAME;
        if let Some(key) = self.full_keys.get(&quick_key).filter(|_| is_complete) {
            return Some(Pair { key: *key, value: self.hashed(value) });
        }
        let pair = self.slow_pair(key, value)?;
        if self.values.get(&pair.key).is_some_and(|values| values.len() >= MOST_VALUES) {
            self.full_keys.insert(quick_key, pair.key);
        }
        // Values that never repeat would only take room.
        if pair.value.name().is_some() && self.quick_pairs.len() < MOST_QUICK {
            self.quick_pairs.insert(quick, pair);
        }
        Some(pair)
    }

    fn slow_pair(&mut self, key: &str, value: &str) -> Option<Pair> {
        let key_text = cut(key, LONGEST_NAME);
        let key = match self.names.known(key_text).filter(|key| self.values.contains_key(key)) {
            Some(key) => key,
            None if self.values.len() < MOST_KEYS => self.name(key_text),
            None => return None,
        };
        let values = self.values.entry(key).or_default();
        let short = value.len() <= LONGEST_VALUE;
        if short && let Some(name) = self.names.known(value).filter(|name| values.contains(name)) {
            return Some(Pair { key, value: Held(name.0) });
        }
        if !short || values.len() >= MOST_VALUES || self.bytes >= MOST_BYTES {
            return Some(Pair { key, value: self.hashed(value) });
        }
        let name = kept(&mut self.names, &mut self.bytes, value);
        values.insert(name);
        Some(Pair { key, value: Held(name.0) })
    }

    /// How an attribute with this value would be held; `None`: no span has the attribute.
    pub fn wanted(&self, key: &str, value: &str) -> Option<Pair> {
        let key = self.names.known(cut(key, LONGEST_NAME))?;
        let values = self.values.get(&key)?;
        let name = self.names.known(value).filter(|name| values.contains(name));
        Some(Pair { key, value: name.map_or_else(|| self.hashed(value), |name| Held(name.0)) })
    }

    /// The number of a set of resource attributes.
    pub fn resource(&mut self, mut pairs: Vec<Pair>) -> u32 {
        pairs.sort_unstable();
        if let Some(number) = self.resource_numbers.get(pairs.as_slice()) {
            return *number;
        }
        let number = self.next_resource;
        if self.resources.len() >= MOST_RESOURCES || number == u32::MAX {
            return u32::MAX;
        }
        self.next_resource += 1;
        let pairs = Arc::<[Pair]>::from(pairs);
        self.bytes += bytes_of_pairs(&pairs);
        self.resources.insert(number, pairs.clone());
        self.resource_numbers.insert(pairs, number);
        number
    }

    pub fn resource_pairs(&self, number: u32) -> &[Pair] {
        self.resources.get(&number).map_or(&[], |pairs| pairs)
    }

    /// The resources that have an attribute.
    pub fn resources_with(&self, wanted: &Pair) -> HashSet<u32> {
        self.resources.iter().filter(|(_, pairs)| pairs.binary_search(wanted).is_ok()).map(|(number, _)| *number).collect()
    }

    /// The number of a series; `None` where there are too many.
    pub fn series(&mut self, series: Series) -> Option<u32> {
        if let Some(number) = self.series_numbers.get(&series) {
            return Some(*number);
        }
        let number = self.next_series;
        if self.series.len() >= MOST_SERIES || number == u32::MAX {
            return None;
        }
        self.next_series += 1;
        let series = Arc::new(series);
        self.bytes += bytes_of_series(&series);
        self.series.insert(number, series.clone());
        self.series_numbers.insert(series, number);
        Some(number)
    }

    pub fn series_of(&self, number: u32) -> Option<&Arc<Series>> {
        self.series.get(&number)
    }

    /// Whether there will soon be no room for something new of any kind.
    pub fn is_crowded(&self) -> bool {
        let nearly = |held: usize, most: usize| held > most / 10 * 9;
        let any = |sets: &HashMap<Name, HashSet<Name>>, most| sets.values().any(|set| nearly(set.len(), most));
        nearly(self.series.len(), MOST_SERIES)
            || nearly(self.resources.len(), MOST_RESOURCES)
            || nearly(self.services.len(), MOST_SERVICES)
            || any(&self.operations, MOST_OPERATIONS)
            || any(&self.statements, MOST_STATEMENTS)
    }

    /// Makes room for new services, operations and statements: forgets those that no minute uses.
    /// Values of attributes stay: those beyond their bound are found by their hash.
    pub fn keep_names(&mut self, used: &Used) {
        let mut gone: Vec<Name> = self.services.extract_if(|service| !used.names.contains(service)).collect();
        for sets in [&mut self.operations, &mut self.statements] {
            sets.retain(|service, names| {
                gone.extend(names.extract_if(|name| !used.of_services.contains(&(*service, *name))));
                !names.is_empty()
            });
        }
        let of_series = self.series.values().flat_map(|series| [Some(series.service), series.instance, Some(series.metric), Some(series.unit)]).flatten();
        let of_values = self.values.iter().flat_map(|(key, values)| values.iter().chain([key])).copied();
        let elsewhere: HashSet<Name> = of_series.chain(of_values).chain(self.services.iter().copied()).collect();
        gone.sort_unstable();
        gone.dedup();
        for name in gone.into_iter().filter(|name| !used.names.contains(name) && !elsewhere.contains(name)) {
            self.bytes -= self.names.forget(name);
        }
        // They may say that a text is one of too many, or name what is gone.
        self.quick_operations.clear();
    }

    /// Forgets series and sets of resource attributes except these.
    pub fn keep_only(&mut self, series: &HashSet<u32>, resources: &HashSet<u32>) {
        let before: usize = self.series.values().map(|series| bytes_of_series(series)).sum();
        self.series.retain(|number, _| series.contains(number));
        self.series_numbers.retain(|_, number| series.contains(number));
        let after: usize = self.series.values().map(|series| bytes_of_series(series)).sum();
        let resources_before: usize = self.resources.values().map(|pairs| bytes_of_pairs(pairs)).sum();
        self.resources.retain(|number, _| resources.contains(number));
        self.resource_numbers.retain(|_, number| resources.contains(number));
        let resources_after: usize = self.resources.values().map(|pairs| bytes_of_pairs(pairs)).sum();
        self.bytes -= before - after + resources_before - resources_after;
    }

    /// A number for what was sent, as good as its bytes: not to be made to fit by others.
    pub fn mark(&self, of: u64, bytes: &[u8]) -> u64 {
        mix_texts(self.seed() ^ of, bytes, &[])
    }

    /// A name outside the bounded sets: units, metrics, instances.
    pub fn name(&mut self, text: &str) -> Name {
        let text = cut(text, LONGEST_NAME);
        if let Some(name) = self.names.known(text) {
            return name;
        }
        let text = if self.bytes < MOST_BYTES { text } else { OTHERS };
        kept(&mut self.names, &mut self.bytes, text)
    }

    /// How much room all of it takes, about.
    pub fn bytes(&self) -> usize {
        // A text stands in a list and in a map.
        self.bytes * 3 + (self.quick_pairs.len() + self.quick_operations.len()) * 24
    }

    /// Not to be guessed from outside, so that nobody can make texts that are taken for each other.
    fn seed(&self) -> u64 {
        *self.seed.get_or_init(|| self.hasher.hash_one(0))
    }

    fn hashed(&self, value: &str) -> Held {
        Held(HASHED | (mix_texts(self.seed(), value.as_bytes(), b"value") as u32))
    }
}

/// The name of a text, which takes room the first time only.
fn kept(names: &mut Names, bytes: &mut usize, text: &str) -> Name {
    names.known(text).unwrap_or_else(|| {
        *bytes += text.len();
        names.of(text)
    })
}

/// One number for two texts.
fn mix_texts(seed: u64, first: &[u8], second: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |hash: u64, word: u64| {
        let wide = u128::from(hash ^ word) * u128::from(FACTOR);
        (wide as u64) ^ ((wide >> 64) as u64)
    };
    let text = |hash: u64, text: &[u8]| {
        let mut chunks = text.chunks_exact(8);
        let hash = chunks.by_ref().fold(hash, |hash, chunk| step(hash, chunk.try_into().map_or(0, u64::from_le_bytes)));
        let rest = chunks.remainder().iter().fold(text.len() as u64, |rest, byte| rest << 8 | u64::from(*byte));
        step(hash, rest.wrapping_mul(FACTOR) | 1)
    };
    text(text(seed, first), second)
}

fn bytes_of_pairs(pairs: &[Pair]) -> usize {
    size_of_val(pairs)
}

fn bytes_of_series(series: &Series) -> usize {
    size_of::<Series>() + size_of_val(series.attributes.as_slice())
}

fn cut(text: &str, longest: usize) -> &str {
    text.get(..text.floor_char_boundary(longest)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_without_end_are_found_by_their_hash() {
        let mut words = Words::default();
        for value in 0..MOST_VALUES + 10 {
            words.pair("id", &value.to_string()).expect("the attribute is known");
        }
        let last = words.pair("id", "1009").expect("the attribute is known");
        assert_eq!(last.value.name(), None);
        assert_eq!(words.wanted("id", "1009"), Some(last));
        assert_ne!(words.wanted("id", "1008"), Some(last));
        let first = words.wanted("id", "7").expect("it is known");
        assert_eq!(first.value.name().map(|name| words.text(name).to_owned()).as_deref(), Some("7"));
        assert_eq!(words.wanted("other", "7"), None);
        let long = "x".repeat(LONGEST_VALUE + 1);
        assert_eq!(words.pair("text", &long), words.wanted("text", &long));
    }

    #[test]
    fn names_without_end_become_others() {
        let mut words = Words::default();
        for n in 0..MOST_SERVICES + 5 {
            words.service(&format!("service {n}"));
        }
        let name = words.service("one more");
        assert_eq!(words.text(name), OTHERS);
        let known = words.service("service 3");
        assert_eq!(words.text(known), "service 3");
        let set = vec![words.pair("b", "1").expect("there is room"), words.pair("a", "1").expect("there is room")];
        let number = words.resource(set.clone());
        assert_eq!(words.resource(set.into_iter().rev().collect()), number);
        assert_eq!(words.resource_pairs(number).len(), 2);
    }

    #[test]
    fn what_is_there_already_takes_no_more_room() {
        let mut words = Words::default();
        let service = words.service("pay");
        for n in 0..MOST_STATEMENTS {
            words.statement(service, &n.to_string(), false);
        }
        words.statement(service, "one more", false);
        let bytes = words.bytes;
        for n in 0..100 {
            assert_eq!(words.statement(service, &format!("more {n}"), false), words.names.of(OTHERS));
        }
        words.pair("id", "3").expect("there is room");
        assert_eq!(words.bytes, bytes + "id".len());
    }

    #[test]
    fn an_error_has_a_name_of_its_own_also_among_too_many() {
        let mut words = Words::default();
        let service = words.service("pay");
        for n in 0..=MOST_STATEMENTS {
            words.statement(service, &n.to_string(), false);
        }
        let name = words.statement(service, "no such card", true);
        assert_eq!(words.text(name), "no such card");
        assert_eq!(words.statement(service, "no such card", false), name);
    }

    #[test]
    fn names_that_nothing_uses_any_more_make_room() {
        let mut words = Words::default();
        let kept = words.service("pay");
        let charge = words.operation(kept, "charge");
        for n in 0..MOST_SERVICES {
            words.service(&format!("pod {n}"));
        }
        for n in 0..MOST_OPERATIONS {
            words.operation(kept, &format!("GET /orders/{n}"));
        }
        let others = words.service("new");
        assert_eq!((words.text(others), words.is_crowded()), (OTHERS, true));
        let crowded = words.operation(kept, "refund");
        assert_eq!(words.text(crowded), OTHERS);
        let mut used = Used::default();
        used.note_of_service(kept, charge);
        let bytes = words.bytes;
        words.keep_names(&used);
        assert!(words.bytes < bytes / 10, "{} of {bytes} bytes are left", words.bytes);
        let (new, refund) = (words.service("new"), words.operation(kept, "refund"));
        assert_eq!((words.text(new), words.text(refund), words.is_crowded()), ("new", "refund", false));
        assert_eq!((words.service("pay"), words.operation(kept, "charge")), (kept, charge));
    }

    #[test]
    fn series_that_are_gone_make_room_and_their_numbers_do_not_come_again() {
        let mut words = Words::default();
        let (service, metric) = (words.service("pay"), words.name("jobs"));
        let series = |number: u32| Series {
            service,
            instance: Some(Name(number)),
            metric,
            unit: metric,
            attributes: vec![],
            counting: Counting::Gauge,
            of_distribution: false,
        };
        let bytes = words.bytes;
        for number in 0..u32::try_from(MOST_SERIES).expect("it is small") {
            assert_eq!(words.series(series(number)), Some(number));
        }
        assert_eq!((words.series(series(u32::MAX)), words.is_crowded()), (None, true));
        words.keep_only(&HashSet::from([7]), &HashSet::new());
        assert_eq!((words.series(series(7)), words.series_of(8).is_none(), words.is_crowded()), (Some(7), true, false));
        assert_eq!(words.series(series(8)), Some(u32::try_from(MOST_SERIES).expect("it is small")));
        assert_eq!(words.bytes, bytes + 2 * size_of::<Series>());
    }
}
