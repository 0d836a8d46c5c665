//! The readings of one objective over time, held so that the sum over any span is two searches.
//!
//! A slice is the shortest time that is told apart. Time without a slice is a gap: it is nowhere
//! taken for zero, good or bad. Exclusions are kept beside the readings, never instead of them,
//! so what was measured and what counts can both be said.
//!
//! A server holds a hundred objectives of 13,000 slices each: about 27 bytes a slice.

mod packed;
mod stored;

pub use packed::{Packed, Run};

use super::objective::Method;

/// What was counted in one slice of time, in the unit of its objective's method: events; or
/// slices, of which one that was merged from five holds five.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slice {
    /// Seconds since 1970 UTC.
    pub start_s: i64,
    pub width_s: i64,
    pub good: f64,
    /// Zero where nothing happened although it was looked at.
    pub total: f64,
}

/// More than this is no count of what happened in one reading but a wild number, and no reading.
/// Sums over a year are differences of what was added up: one number of 10¹⁷ among them would take
/// the last digits of all others away.
pub const MOST_COUNTED: f64 = 1e12;

/// What a source's reading of events is for an objective's method. `None` is a gap: what is no
/// count, and for methods that count time a slice in which nothing happened.
///
/// More good than all stays more than all, so that the series can tell of it, and less than none
/// (more bad than all) stays less; they count as all and as none.
pub fn to_slice(method: Method, slice_target: Option<f64>, reading: Slice) -> Option<Slice> {
    let Slice { good, total, .. } = reading;
    if !(0.0..=MOST_COUNTED).contains(&total) || !(-MOST_COUNTED..=MOST_COUNTED).contains(&good) {
        return None;
    }
    if method == Method::Occurrences {
        return Some(reading);
    }
    if total == 0.0 {
        return None;
    }
    let ratio = good / total;
    let good = match method {
        Method::RatioTimeslices => ratio,
        _ if !(-ODD..=1.0 + ODD).contains(&ratio) => ratio,
        // Without a target of its own a slice is good when all of it is.
        _ => f64::from(u8::from(ratio >= slice_target.unwrap_or(1.0) - ODD)),
    };
    Some(Slice { good, total: 1.0, ..reading })
}

/// Two estimates of one number differ in their last digits, by up to this share of it; that is not odd.
pub const ODD: f64 = 1e-9;

/// What time that is left out does to what was counted in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeftOut {
    /// It is taken out of good and all: events.
    Removed,
    /// It counts as good, which keeps the budget: removal would make every other minute dearer.
    Good,
}

/// What was counted over a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    /// With exclusions applied.
    pub bad: f64,
    pub total: f64,
    /// As measured.
    pub bad_raw: f64,
    pub total_raw: f64,
    /// How much time the slices cover, whether left out or not.
    pub measured_s: i64,
    /// How much of that is left out.
    pub excluded_s: i64,
    /// In how many slices there was more good than all, or more bad.
    pub odd: u32,
}

impl Sum {
    pub fn good(&self) -> f64 {
        self.total - self.bad
    }

    pub fn good_raw(&self) -> f64 {
        self.total_raw - self.bad_raw
    }

    /// Bad of all; `None` where nothing was counted.
    pub fn error_ratio(&self) -> Option<f64> {
        (self.total > 0.0).then(|| self.bad / self.total)
    }

    pub fn minus(self, earlier: Sum) -> Sum {
        Sum {
            bad: self.bad - earlier.bad,
            total: self.total - earlier.total,
            bad_raw: self.bad_raw - earlier.bad_raw,
            total_raw: self.total_raw - earlier.total_raw,
            measured_s: self.measured_s - earlier.measured_s,
            excluded_s: self.excluded_s - earlier.excluded_s,
            odd: self.odd - earlier.odd,
        }
    }
}

/// One slice as it counts: exclusions are applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    pub start_s: i64,
    pub width_s: i64,
    pub bad: f64,
    pub total: f64,
}

impl Piece {
    pub fn end_s(&self) -> i64 {
        self.start_s + self.width_s
    }
}

/// The readings of one generation of an objective, ascending, without overlaps.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    method: Method,
    slice_s: i64,
    entries: Vec<Entry>,
    /// What was counted before every [`STRIDE`]th entry.
    marks: Vec<Sum>,
    /// Ascending, apart from each other.
    exclusions: Vec<(i64, i64)>,
    /// A sum over days differs from the source's own by more than a hundredth.
    pub drifts: bool,
    /// Nothing was ever counted since the objective was made, also before what is held here.
    pub never_counted: bool,
}

/// 24 bytes: the time of a slice fits 32 bits until 2106, its length 15.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Entry {
    start_s: u32,
    /// The length, and in the highest bit whether more was good than all, or less than none.
    width_s: u16,
    excluded_s: u16,
    bad: f64,
    total: f64,
}

const STRIDE: usize = 16;
const MINUTE_S: f64 = 60.0;
const ODD_BIT: u16 = 1 << 15;

impl Entry {
    /// `None` for what is no slice: not finite, negative, wild, before 1970, or without a length.
    fn of(slice: &Slice) -> Option<Self> {
        let start_s = u32::try_from(slice.start_s).ok()?;
        let width_s = u16::try_from(slice.width_s).ok().filter(|width| (1..ODD_BIT).contains(width))?;
        // A slice that was merged from many holds as many readings.
        let most = MOST_COUNTED * (f64::from(width_s) / MINUTE_S).max(1.0);
        if !slice.good.is_finite() || !(0.0..=most).contains(&slice.total) {
            return None;
        }
        let good = slice.good.clamp(0.0, slice.total);
        let odd = (slice.good - good).abs() > ODD * slice.total.max(1.0);
        Some(Self { start_s, width_s: if odd { width_s | ODD_BIT } else { width_s }, excluded_s: 0, bad: slice.total - good, total: slice.total })
    }

    fn start(&self) -> i64 {
        i64::from(self.start_s)
    }

    fn width(&self) -> i64 {
        i64::from(self.width_s & !ODD_BIT)
    }

    fn end(&self) -> i64 {
        self.start() + self.width()
    }

    #[inline]
    fn counted(&self, left_out: LeftOut) -> (f64, f64) {
        if self.excluded_s == 0 {
            return (self.bad, self.total);
        }
        #[allow(clippy::cast_precision_loss)] // at most an hour
        let kept = 1.0 - f64::from(self.excluded_s) / self.width() as f64;
        match left_out {
            LeftOut::Removed => (self.bad * kept, self.total * kept),
            LeftOut::Good => (self.bad * kept, self.total),
        }
    }

    #[inline]
    fn add_to(&self, sum: &mut Sum, left_out: LeftOut) {
        let (bad, total) = self.counted(left_out);
        sum.bad += bad;
        sum.total += total;
        sum.bad_raw += self.bad;
        sum.total_raw += self.total;
        sum.measured_s += self.width();
        sum.excluded_s += i64::from(self.excluded_s);
        sum.odd += u32::from(self.width_s >> 15);
    }
}

impl Series {
    /// `slice_s` is how long one reading of the objective covers.
    pub fn new(method: Method, slice_s: i64) -> Self {
        Self { method, slice_s, entries: vec![], marks: vec![], exclusions: vec![], drifts: false, never_counted: false }
    }

    pub fn method(&self) -> Method {
        self.method
    }

    pub fn slice_s(&self) -> i64 {
        self.slice_s
    }

    fn left_out(&self) -> LeftOut {
        if self.method.counts_time() { LeftOut::Good } else { LeftOut::Removed }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where the first slice begins.
    pub fn first_s(&self) -> Option<i64> {
        self.entries.first().map(Entry::start)
    }

    /// Where the last slice ends that had ended by then.
    pub fn watermark(&self, now_s: i64) -> Option<i64> {
        let ended = self.entries.partition_point(|entry| entry.end() <= now_s);
        self.entries[..ended].last().map(Entry::end)
    }

    /// Puts slices in, in any order. A slice takes the place of all that it overlaps; of two that
    /// overlap here the later one counts. What is no count is left away.
    pub fn upsert(&mut self, slices: &[Slice]) {
        let mut fresh: Vec<Entry> = Vec::with_capacity(slices.len());
        for entry in slices.iter().filter_map(Entry::of) {
            let follows = fresh.last().is_none_or(|last| last.end() <= entry.start());
            if follows {
                fresh.push(entry);
            } else {
                let from = fresh.partition_point(|known| known.end() <= entry.start());
                let to = fresh.partition_point(|known| known.start() < entry.end());
                fresh.splice(from..to.max(from), [entry]);
            }
        }
        let Some(first) = fresh.first() else { return };
        let from = self.entries.partition_point(|known| known.end() <= first.start());
        let mut old = self.entries.split_off(from).into_iter().peekable();
        for mut entry in fresh {
            while let Some(known) = old.next_if(|known| known.end() <= entry.start()) {
                self.entries.push(known);
            }
            while old.next_if(|known| known.start() < entry.end()).is_some() {}
            entry.excluded_s = self.excluded_of(&entry);
            self.entries.push(entry);
        }
        self.entries.extend(old);
        self.mark_from(from);
    }

    /// Says which spans are left out, in place of those that were.
    pub fn exclude(&mut self, spans: &[(i64, i64)]) {
        let mut spans: Vec<(i64, i64)> = spans.iter().copied().filter(|(from, to)| from < to).collect();
        spans.sort_unstable();
        self.exclusions.clear();
        for (from, to) in spans {
            match self.exclusions.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => self.exclusions.push((from, to)),
            }
        }
        for at in 0..self.entries.len() {
            self.entries[at].excluded_s = self.excluded_of(&self.entries[at]);
        }
        self.mark_from(0);
    }

    /// What is left out, ascending and apart from each other.
    pub fn exclusions(&self) -> &[(i64, i64)] {
        &self.exclusions
    }

    fn excluded_of(&self, entry: &Entry) -> u16 {
        u16::try_from(self.excluded_s(entry.start(), entry.end())).unwrap_or(0)
    }

    /// How much of a span is left out, measured or not.
    pub fn excluded_s(&self, from_s: i64, to_s: i64) -> i64 {
        let first = self.exclusions.partition_point(|(_, to)| *to <= from_s);
        self.exclusions[first..].iter().take_while(|(from, _)| *from < to_s).map(|(from, to)| to_s.min(*to) - from_s.max(*from)).sum()
    }

    /// Sums anew from the entry at this place on.
    fn mark_from(&mut self, place: usize) {
        let left_out = self.left_out();
        let whole = place / STRIDE;
        self.marks.truncate(whole + 1);
        let mut sum = self.marks.pop().unwrap_or_default();
        let begun = self.marks.len();
        for strip in self.entries[begun * STRIDE..].chunks(STRIDE) {
            self.marks.push(sum);
            strip.iter().for_each(|entry| entry.add_to(&mut sum, left_out));
        }
        self.marks.push(sum);
    }

    /// What the first `n` entries hold.
    fn before(&self, n: usize) -> Sum {
        let left_out = self.left_out();
        let mut sum = self.marks.get(n / STRIDE).copied().unwrap_or_default();
        self.entries[n / STRIDE * STRIDE..n].iter().for_each(|entry| entry.add_to(&mut sum, left_out));
        sum
    }

    /// What was counted in the slices that begin before an instant.
    pub fn until(&self, at_s: i64) -> Sum {
        self.before(self.place(at_s))
    }

    /// Sums up to one instant after the other.
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor { series: self, place: 0, sum: Sum::default() }
    }

    fn place(&self, at_s: i64) -> usize {
        self.entries.partition_point(|entry| entry.start() < at_s)
    }

    /// What was counted in the slices that begin within `[from, to)`: every slice is in exactly
    /// one part of a span, however it is split.
    pub fn sum(&self, from_s: i64, to_s: i64) -> Sum {
        let (from, to) = (self.place(from_s), self.place(to_s));
        if to <= from { Sum::default() } else { self.before(to).minus(self.before(from)) }
    }

    /// The slices that begin within `[from, to)`, as they count.
    pub fn pieces(&self, from_s: i64, to_s: i64) -> impl Iterator<Item = Piece> + '_ {
        let (from, to) = (self.place(from_s), self.place(to_s));
        self.pieces_at(from, to.max(from))
    }

    /// The slices of which any part lies within `[from, to)`, as they count.
    pub fn touching(&self, from_s: i64, to_s: i64) -> impl Iterator<Item = Piece> + '_ {
        let from = self.entries.partition_point(|entry| entry.end() <= from_s);
        self.pieces_at(from, self.place(to_s).max(from))
    }

    fn pieces_at(&self, from: usize, to: usize) -> impl Iterator<Item = Piece> + '_ {
        let left_out = self.left_out();
        self.entries[from..to].iter().map(move |entry| {
            let (bad, total) = entry.counted(left_out);
            Piece { start_s: entry.start(), width_s: entry.width(), bad, total }
        })
    }

    /// The measured share of a span's time, without what is left out; 1 where all of it is.
    #[allow(clippy::cast_precision_loss)] // seconds of some years
    pub fn coverage(&self, from_s: i64, to_s: i64) -> f64 {
        if to_s <= from_s {
            return 0.0;
        }
        let expected = to_s - from_s - self.excluded_s(from_s, to_s);
        if expected <= 0 {
            return 1.0;
        }
        let sum = self.sum(from_s, to_s);
        ((sum.measured_s - sum.excluded_s) as f64 / expected as f64).clamp(0.0, 1.0)
    }

    /// Where nothing was measured within `[from, to)`, ascending.
    pub fn gaps(&self, from_s: i64, to_s: i64) -> Vec<(i64, i64)> {
        let mut gaps = Vec::new();
        let mut known_until = from_s;
        for piece in self.touching(from_s, to_s) {
            if piece.start_s > known_until {
                gaps.push((known_until, piece.start_s));
            }
            known_until = known_until.max(piece.end_s());
        }
        if known_until < to_s {
            gaps.push((known_until, to_s));
        }
        gaps
    }
}

/// Sums up to instants that follow each other closely: it goes on from what was added up before,
/// and says to the last bit what [`Series::until`] says.
pub struct Cursor<'a> {
    series: &'a Series,
    place: usize,
    sum: Sum,
}

/// Further ahead than so many slices it is quicker to search.
const NEAR: usize = 2 * STRIDE;

impl Cursor<'_> {
    pub fn until(&mut self, at_s: i64) -> Sum {
        let entries = self.series.entries.as_slice();
        let is_behind = self.place.checked_sub(1).and_then(|last| entries.get(last)).is_some_and(|last| last.start() >= at_s);
        let is_far = entries.get(self.place + NEAR).is_some_and(|entry| entry.start() < at_s);
        if is_behind || is_far {
            self.place = self.series.place(at_s);
            self.sum = self.series.before(self.place);
            return self.sum;
        }
        let left_out = self.series.left_out();
        while let Some(entry) = entries.get(self.place).filter(|entry| entry.start() < at_s) {
            entry.add_to(&mut self.sum, left_out);
            self.place += 1;
        }
        self.sum
    }

    /// What was counted in the slices that begin within `[from, to)`, as [`Series::sum`] says it.
    pub fn sum(&mut self, from_s: i64, to_s: i64) -> Sum {
        let before = self.until(from_s);
        self.until(to_s.max(from_s)).minus(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(start_s: i64, width_s: i64, good: f64, total: f64) -> Slice {
        Slice { start_s, width_s, good, total }
    }

    #[test]
    fn a_reading_becomes_what_its_method_counts() {
        let counted = |method, target, good, total| to_slice(method, target, slice(0, 60, good, total)).map(|slice| (slice.good, slice.total));
        use Method::{Occurrences, RatioTimeslices, Timeslices};
        for (method, target, good, total, wanted) in [
            (Occurrences, None, 90.0, 100.0, Some((90.0, 100.0))),
            // Nothing happened although it was looked at: measured as events, a gap as time.
            (Occurrences, None, 0.0, 0.0, Some((0.0, 0.0))),
            (Timeslices, Some(0.9), 0.0, 0.0, None),
            (RatioTimeslices, None, 0.0, 0.0, None),
            (Timeslices, Some(0.9), 90.0, 100.0, Some((1.0, 1.0))),
            (Timeslices, Some(0.9), 89.9, 100.0, Some((0.0, 1.0))),
            (Timeslices, None, 60.0, 60.0, Some((1.0, 1.0))),
            (Timeslices, None, 59.0, 60.0, Some((0.0, 1.0))),
            (RatioTimeslices, None, 89.0, 100.0, Some((0.89, 1.0))),
            // More good than all is still seen afterwards.
            (RatioTimeslices, None, 120.0, 100.0, Some((1.2, 1.0))),
            (Timeslices, Some(0.9), 120.0, 100.0, Some((1.2, 1.0))),
            // So is more bad than all.
            (Occurrences, None, -10.0, 100.0, Some((-10.0, 100.0))),
            (Timeslices, Some(0.9), -10.0, 100.0, Some((-0.1, 1.0))),
            // A wild number is no reading.
            (Occurrences, None, 1.0, 1e12, Some((1.0, 1e12))),
            (Occurrences, None, 1.0, 1e17, None),
            (Timeslices, Some(0.9), 1e308, 1.0, None),
            (Occurrences, None, f64::NAN, 100.0, None),
            (Occurrences, None, 1.0, f64::INFINITY, None),
            (Occurrences, None, 1.0, -1.0, None),
        ] {
            assert_eq!(counted(method, target, good, total), wanted, "{method:?} {target:?} {good} {total}");
        }
    }

    #[test]
    fn a_slice_takes_the_place_of_what_it_overlaps() {
        let mut series = Series::new(Method::Occurrences, 60);
        series.upsert(&[slice(600, 60, 1.0, 1.0), slice(0, 300, 5.0, 10.0), slice(660, 60, 1.0, 1.0)]);
        assert_eq!((series.len(), series.first_s(), series.sum(0, 900).total), (3, Some(0), 12.0));
        series.upsert(&[slice(60, 60, 2.0, 2.0)]);
        assert_eq!((series.len(), series.sum(0, 900).total), (3, 4.0));
        series.upsert(&[slice(600, 300, 9.0, 9.0)]);
        assert_eq!((series.len(), series.sum(0, 900).total), (2, 11.0));
        // The later of two for the same time counts; what is no count, or no time, is left away.
        series.upsert(&[slice(60, 60, 1.0, 7.0), slice(60, 60, 1.0, 3.0), slice(-60, 60, 1.0, 1.0), slice(0, 0, 1.0, 1.0), slice(0, 60, f64::NAN, 1.0)]);
        assert_eq!((series.len(), series.sum(0, 900).total), (2, 12.0));
        assert_eq!((series.watermark(899), series.watermark(900), series.watermark(59)), (Some(120), Some(900), None));
    }

    #[test]
    fn one_wild_slice_takes_nothing_from_the_others() {
        let mut series = Series::new(Method::Occurrences, 60);
        for wild in [1e17, 1e308] {
            // As it may have been kept before it was refused.
            series.upsert(&[slice(0, 60, wild, wild)]);
            series.upsert(&(1..=60).map(|n| slice(n * 60, 60, 99.0, 100.0)).collect::<Vec<_>>());
            let sum = series.sum(60, 3_660);
            assert_eq!((sum.total, sum.bad, series.len()), (6_000.0, 60.0, 60), "{wild}");
            assert_eq!(series.sum(0, 3_660).total, 6_000.0, "{wild}");
        }
        // An hour of the most there may be is one.
        series.upsert(&[slice(7_200, 3_600, 6e13, 6e13)]);
        assert_eq!(series.sum(7_200, 10_800).total, 6e13);
    }

    #[test]
    fn more_than_all_is_told_on_either_side() {
        for (good, bad) in [(11.0, 0.0), (-1.0, 10.0)] {
            let mut series = Series::new(Method::Occurrences, 60);
            series.upsert(&[slice(0, 60, good, 10.0)]);
            let sum = series.sum(0, 60);
            assert_eq!((sum.bad, sum.total, sum.odd), (bad, 10.0, 1), "{good}");
        }
    }

    #[test]
    fn events_are_taken_out_and_time_counts_as_good() {
        // Half of the first slice is left out, twice over.
        for (method, bad, total) in [(Method::Occurrences, 4.0, 15.0), (Method::Timeslices, 4.0, 20.0)] {
            let mut series = Series::new(method, 60);
            series.upsert(&[slice(0, 60, 6.0, 10.0), slice(60, 60, 8.0, 10.0)]);
            series.exclude(&[(0, 20), (10, 30), (-100, 0), (500, 400)]);
            let sum = series.sum(0, 120);
            assert_eq!((sum.bad, sum.total, sum.bad_raw, sum.total_raw, sum.excluded_s), (bad, total, 6.0, 20.0, 30), "{method:?}");
            assert_eq!((series.excluded_s(-50, 120), series.coverage(0, 180), series.coverage(0, 30)), (80, 90.0 / 150.0, 1.0));
            series.exclude(&[]);
            assert_eq!((series.sum(0, 120).bad, series.sum(0, 120).total), (6.0, 20.0));
        }
    }

    #[test]
    fn a_cursor_says_what_a_search_says() {
        let mut series = Series::new(Method::Occurrences, 60);
        series.upsert(&(0..500_i32).filter(|n| n % 37 != 0).map(|n| slice(i64::from(n) * 60, 60, 0.1 * f64::from(n), 0.3 * f64::from(n))).collect::<Vec<_>>());
        series.exclude(&[(1_000, 1_330), (9_000, 12_000)]);
        let mut cursor = series.cursor();
        // Step by step, far ahead, back, and beyond both ends.
        let near = (0..200).map(|n| n * 45);
        for at_s in near.chain([29_000, 29_030, 0, -60, 400, 100_000, 100_060, 12_345]) {
            assert_eq!(cursor.until(at_s), series.until(at_s), "{at_s}");
        }
        for (from_s, to_s) in [(0, 3_600), (3_600, 7_200), (1_000, 900), (29_000, 50_000)] {
            assert_eq!(cursor.sum(from_s, to_s), series.sum(from_s, to_s), "{from_s}");
        }
    }

    #[test]
    fn it_is_small_in_memory() {
        assert_eq!(size_of::<Entry>(), 24);
        assert!(size_of::<Sum>() / STRIDE <= 4);
    }
}
