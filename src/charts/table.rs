//! The same as a picture, in rows: what the table shows and what the CSV holds.

use crate::domain::csv;

/// A column's title, and whether it holds figures.
pub type Column = (&'static str, bool);

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What the rows are about, for those who cannot see them.
    pub caption: String,
    pub columns: Vec<Column>,
    /// As many cells as there are columns.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// For spreadsheets, with a line of titles.
    pub fn csv(&self) -> String {
        let titles: Vec<&str> = self.columns.iter().map(|(title, _)| *title).collect();
        std::iter::once(csv::row(&titles)).chain(self.rows.iter().map(|row| csv::row(row))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_stand_on_the_first_line() {
        let rows = vec![vec!["6 Nov".to_owned(), "21".to_owned()], vec!["7 Nov".to_owned(), "not measured".to_owned()]];
        let table = Table { caption: "Budget left".to_owned(), columns: vec![("Day", false), ("Left, %", true)], rows };
        assert_eq!(table.csv(), "Day,\"Left, %\"\r\n6 Nov,21\r\n7 Nov,not measured\r\n");
    }
}
