//! Which part of a long list is in the page: geometry, without a browser. All rows are equally
//! high, and one of them may be unfolded. Pixels are counted from the upper edge of the list.

/// Never more rows than this, however high the screen.
pub const MOST_ROWS: usize = 60;
/// Rows that are ready on either side of what is seen, once that stands.
pub const SPARE: usize = 8;
/// The rows move in steps, so that not every pixel of scrolling draws something.
const STEP: usize = 4;

/// The list's shape.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shape {
    pub rows: usize,
    pub row_height: f64,
    /// Which row is unfolded, and how high what it shows is.
    pub unfolded: Option<(usize, f64)>,
}

impl Shape {
    #[allow(clippy::cast_precision_loss)] // far fewer rows than an f64 can count
    pub fn top_of(&self, row: usize) -> f64 {
        let unfolded = self.unfolded.filter(|(at, _)| *at < row).map_or(0.0, |(_, height)| height);
        row as f64 * self.row_height + unfolded
    }

    pub fn height(&self) -> f64 {
        self.top_of(self.rows)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to the rows there are
    fn row_at(&self, y: f64) -> usize {
        // What is unfolded belongs to its row, from the row's upper edge to its own lower one.
        let y = self.unfolded.map_or(y, |(at, height)| (y - height).max(y.min(self.top_of(at))));
        ((y / self.row_height.max(1.0)).max(0.0) as usize).min(self.rows)
    }

    /// The rows that are in the page, from and up to, when `from` to `from + height` is seen.
    pub fn window(&self, from: f64, height: f64, spare: usize) -> (usize, usize) {
        let first = self.row_at(from);
        let last = (self.row_at(from + height.max(0.0)) + 1).min(self.rows);
        let spare = spare.min(MOST_ROWS.saturating_sub(last - first.min(last)) / 2);
        let first = first.saturating_sub(spare) / STEP * STEP;
        (first, (last + spare).div_ceil(STEP).saturating_mul(STEP).min(self.rows).min(first + MOST_ROWS))
    }

    /// How far to scroll so that a row lies between the edges of what is seen; `above` and `below`
    /// are covered by bars.
    pub fn reveal(&self, row: usize, from: f64, height: f64, above: f64, below: f64) -> f64 {
        let (top, bottom) = (self.top_of(row), self.top_of(row) + self.row_height);
        if top < from + above {
            top - from - above
        } else if bottom > from + height - below {
            bottom - from - height + below
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHAPE: Shape = Shape { rows: 10_000, row_height: 36.0, unfolded: None };

    #[test]
    fn only_what_is_seen_and_a_little_more_is_in_the_page() {
        assert_eq!(SHAPE.window(0.0, 900.0, SPARE), (0, 36));
        assert_eq!(SHAPE.window(7_200.0, 900.0, SPARE), (192, 236));
        assert_eq!(SHAPE.window(360_000.0, 900.0, SPARE), (9_992, 10_000));
        assert_eq!(Shape { rows: 3, ..SHAPE }.window(-200.0, 900.0, SPARE), (0, 3));
        assert_eq!(Shape::default().window(0.0, 900.0, SPARE), (0, 0));
    }

    #[test]
    fn what_is_unfolded_pushes_the_rows_behind_it() {
        let shape = Shape { unfolded: Some((2, 300.0)), ..SHAPE };
        assert_eq!((shape.top_of(2), shape.top_of(3)), (72.0, 408.0));
        assert_eq!(shape.height(), SHAPE.height() + 300.0);
        // Looking at the middle of what is unfolded, its row is in the page.
        let (first, last) = shape.window(200.0, 100.0, SPARE);
        assert!(first <= 2 && last > 2);
        // Likewise at the end of something that is forty rows high.
        let high = Shape { unfolded: Some((8_005, 1_400.0)), ..SHAPE };
        let (first, last) = high.window(high.top_of(8_006) - 30.0, 200.0, SPARE);
        assert!(first <= 8_005 && last > 8_005);
    }

    #[test]
    fn a_row_is_brought_between_the_bars() {
        assert_eq!(SHAPE.reveal(10, 0.0, 900.0, 48.0, 60.0), 0.0);
        assert_eq!(SHAPE.reveal(0, 100.0, 900.0, 48.0, 60.0), -148.0);
        assert_eq!(SHAPE.reveal(30, 0.0, 900.0, 48.0, 60.0), 276.0);
    }

    proptest! {
        #[test]
        fn every_row_that_is_seen_is_in_the_page(from in 0.0..350_000.0_f64, height in 200.0..2_000.0_f64, at in 0..10_000_usize, open in 0.0..900.0_f64) {
            let shape = Shape { unfolded: Some((at, open)), ..SHAPE };
            let (first, last) = shape.window(from, height, SPARE);
            prop_assert!(last - first <= MOST_ROWS && last <= shape.rows);
            prop_assert!(shape.top_of(first) <= from.max(0.0));
            if height <= 1_400.0 && last < shape.rows {
                prop_assert!(shape.top_of(last) >= from + height - 1.0, "{first} {last}");
            }
        }
    }
}
