//! Where labels stand so that none stands upon another. How wide words are is reckoned from their
//! letters, a little too wide rather than too narrow: asking the browser would make it lay out the page.

use super::{Anchor, Label, Tone};

/// How far two labels stay apart.
pub const APART: f64 = 4.0;
/// How much further away a label may stand when it then gets a line to what it names.
pub const FURTHER: f64 = 16.0;

/// A box in pixels; `bottom` is the larger number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    pub fn new(left: f64, top: f64, width: f64, height: f64) -> Self {
        Self { left, top, right: left + width, bottom: top + height }
    }

    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn grown(&self, by: f64) -> Self {
        Self { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    pub fn touches(&self, other: &Rect) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    pub fn holds(&self, inner: &Rect) -> bool {
        self.left <= inner.left && inner.right <= self.right && self.top <= inner.top && inner.bottom <= self.bottom
    }

    /// Moved by as little as brings it between these sides.
    pub fn between(self, left: f64, right: f64) -> Self {
        let shift = if self.left < left { left - self.left } else { (right - self.right).min(0.0) };
        Self { left: self.left + shift, right: self.right + shift, ..self }
    }

    /// Whether a line runs through.
    pub fn is_crossed(&self, (from, to): &((f64, f64), (f64, f64))) -> bool {
        // The part of the line that is within each pair of sides, as shares of its length.
        let within = |start: f64, step: f64, low: f64, high: f64| {
            if step.abs() < f64::EPSILON {
                return if start > low && start < high { (0.0, 1.0) } else { (1.0, 0.0) };
            }
            let (a, b) = ((low - start) / step, (high - start) / step);
            (a.min(b), a.max(b))
        };
        let across = within(from.0, to.0 - from.0, self.left, self.right);
        let down = within(from.1, to.1 - from.1, self.top, self.bottom);
        across.0.max(down.0).max(0.0) < across.1.min(down.1).min(1.0)
    }
}

/// The four places around a point, in the order they are tried: right above, left above, right
/// below, left below; then the same further away.
pub fn around((x, y): (f64, f64), width: f64, height: f64) -> [(Rect, Distance); 8] {
    let four = |away: f64| {
        let (right, left) = (x + APART + 2.0, x - APART - 2.0 - width);
        let (above, below) = (y - APART - 2.0 - away - height, y + APART + 2.0 + away);
        [(right, above), (left, above), (right, below), (left, below)].map(|(x, y)| Rect::new(x, y, width, height))
    };
    let [a, b, c, d] = four(0.0).map(|rect| (rect, Distance::Near));
    // Far enough to pass what took the near place.
    let [e, f, g, h] = four(FURTHER.max(height + APART + 0.5)).map(|rect| (rect, Distance::Far));
    [a, b, c, d, e, f, g, h]
}

/// Whether a label needs a line to what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    Near,
    Far,
}

/// What is taken already.
#[derive(Clone, Debug)]
pub struct Places {
    frame: Rect,
    taken: Vec<Rect>,
    lines: Vec<((f64, f64), (f64, f64))>,
}

impl Places {
    /// Nothing leaves `frame`.
    pub fn new(frame: Rect) -> Self {
        Self { frame, taken: vec![], lines: vec![] }
    }

    /// A line that labels stay off as long as there is any place beside it.
    pub fn avoid(&mut self, line: &[(f64, f64)]) {
        self.lines.extend(line.windows(2).map(|pair| (pair[0], pair[1])));
    }

    pub fn take(&mut self, rect: Rect) {
        self.taken.push(rect);
    }

    pub fn is_free(&self, rect: &Rect) -> bool {
        self.frame.holds(rect) && !self.taken.iter().any(|taken| taken.grown(APART).touches(rect))
    }

    /// Whether nothing that is taken lies in it.
    pub fn is_clear(&self, rect: &Rect) -> bool {
        !self.taken.iter().any(|taken| taken.touches(rect))
    }

    fn is_off_lines(&self, rect: &Rect) -> bool {
        !self.lines.iter().any(|line| rect.is_crossed(line))
    }

    /// Takes the first free place beside all lines, if there is one.
    pub fn put_beside<T>(&mut self, wanted: impl IntoIterator<Item = (Rect, T)>) -> Option<(Rect, T)> {
        let placed = wanted.into_iter().find(|(rect, _)| self.is_free(rect) && self.is_off_lines(rect))?;
        self.take(placed.0);
        Some(placed)
    }

    /// Takes the first free place beside all lines, else the first free one upon them.
    pub fn put<T>(&mut self, wanted: impl IntoIterator<Item = (Rect, T)>) -> Option<(Rect, T)> {
        let mut upon = None;
        let mut found = None;
        for (rect, how) in wanted {
            if !self.is_free(&rect) {
                continue;
            }
            if self.is_off_lines(&rect) {
                found = Some((rect, how));
                break;
            }
            upon = upon.or(Some((rect, how)));
        }
        let placed = found.or(upon)?;
        self.take(placed.0);
        Some(placed)
    }
}

/// Lines of words that are placed together.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub lines: Vec<(String, Tone)>,
}

impl Block {
    pub fn new(words: impl Into<String>, tone: Tone) -> Self {
        Self { lines: vec![(words.into(), tone)] }
    }

    pub fn and(mut self, words: impl Into<String>, tone: Tone) -> Self {
        self.lines.push((words.into(), tone));
        self
    }

    pub fn width(&self) -> f64 {
        self.lines.iter().map(|(words, tone)| width(words, *tone)).fold(0.0, f64::max)
    }

    pub fn height(&self) -> f64 {
        self.lines.iter().map(|(_, tone)| line_height(*tone)).sum()
    }

    /// The labels of a block that fills `rect`.
    pub fn labels(self, rect: Rect, anchor: Anchor) -> Vec<Label> {
        let x = match anchor {
            Anchor::Start => rect.left,
            Anchor::Middle => f64::midpoint(rect.left, rect.right),
            Anchor::End => rect.right,
        };
        let mut bottom = rect.top;
        let label = |(words, tone): (String, Tone)| {
            bottom += line_height(tone);
            Label { x, y: bottom - tone.size() * DEPTH - 1.0, anchor, words, tone }
        };
        self.lines.into_iter().map(label).collect()
    }
}

/// How far letters reach above and below their base line, in parts of their size.
const RISE: f64 = 0.78;
const DEPTH: f64 = 0.22;

fn line_height(tone: Tone) -> f64 {
    (tone.size() * (RISE + DEPTH)).ceil() + 2.0
}

/// How wide words are at most, in the widest of the fonts that pages come in.
pub fn width(words: &str, tone: Tone) -> f64 {
    let letter = |letter: char| match letter {
        'i' | 'j' | 'l' | 'f' | 't' | 'r' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | '·' | '(' | ')' => 0.37,
        'm' | 'w' | 'M' | 'W' | '%' | '—' => 0.95,
        '+' | '−' | '–' | '≤' | '≥' | '×' => 0.8,
        letter if letter.is_uppercase() => 0.72,
        letter if letter.is_ascii() => 0.615,
        // Letters of other scripts may be as wide as they are high.
        letter if letter > '\u{2e80}' => 1.0,
        _ => 0.65,
    };
    let bold = if tone.is_bold() { 1.07 } else { 1.0 };
    words.chars().map(letter).sum::<f64>() * tone.size() * bold
}

impl Label {
    /// The box that the words fill.
    pub fn rect(&self) -> Rect {
        let wide = width(&self.words, self.tone);
        let left = match self.anchor {
            Anchor::Start => self.x,
            Anchor::Middle => self.x - wide / 2.0,
            Anchor::End => self.x - wide,
        };
        let size = self.tone.size();
        Rect { left, top: self.y - size * RISE, right: left + wide, bottom: self.y + size * DEPTH }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_frame() -> Places {
        Places::new(Rect::new(0.0, 0.0, 200.0, 100.0))
    }

    #[test]
    fn a_label_takes_the_first_of_its_places_that_is_free() {
        let mut places = a_frame();
        let first = places.put(around((100.0, 50.0), 40.0, 14.0)).expect("there is room");
        let second = places.put(around((100.0, 50.0), 40.0, 14.0)).expect("there is room");
        assert_eq!((first.0.left > 100.0, first.0.bottom < 50.0), (true, true), "right above");
        assert_eq!((second.0.right < 100.0, second.0.bottom < 50.0), (true, true), "left above");
        let rest: Vec<Distance> = std::iter::from_fn(|| places.put(around((100.0, 50.0), 40.0, 14.0))).map(|(_, how)| how).collect();
        assert_eq!(rest, [Distance::Near, Distance::Near, Distance::Far, Distance::Far, Distance::Far, Distance::Far], "and then none");
    }

    #[test]
    fn a_label_stays_off_lines_while_it_can() {
        let mut places = a_frame();
        places.avoid(&[(90.0, 38.0), (200.0, 38.0)]);
        let (rect, _) = places.put(around((100.0, 50.0), 40.0, 14.0)).expect("there is room");
        assert!(rect.top > 50.0, "right above and left above lie on the line, {rect:?}");
        assert!(places.put([(Rect::new(120.0, 32.0, 40.0, 14.0), ())]).is_some(), "rather upon the line than not at all");
        assert!(places.put([(Rect::new(180.0, 60.0, 40.0, 14.0), ())]).is_none(), "but never outside");
    }

    #[test]
    fn a_steep_line_is_seen_between_its_ends() {
        let rect = Rect::new(10.0, 10.0, 10.0, 10.0);
        assert!(rect.is_crossed(&((15.0, 0.0), (15.0, 40.0))));
        assert!(rect.is_crossed(&((0.0, 0.0), (40.0, 40.0))));
        assert!(!rect.is_crossed(&((0.0, 15.0), (9.0, 15.0))));
        assert!(!rect.is_crossed(&((25.0, 0.0), (25.0, 40.0))));
    }
}
