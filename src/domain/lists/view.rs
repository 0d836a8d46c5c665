//! What is looked at and how: filter, order and columns. All of it is an address, so that it can
//! be shared, kept, and gone back to.

use super::filter::Filter;
use std::fmt::Write as _;

/// A column of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Severity,
    Id,
    Title,
    Services,
    Alerts,
    Age,
    Lead,
    State,
    Updated,
    Started,
    Kind,
    Labels,
    /// Of the error budgets. What it is, no row knows: it is asked for, and nothing is sorted by it.
    Cost,
}

impl Column {
    pub const ALL: [Column; 13] = [
        Column::Severity,
        Column::Id,
        Column::Title,
        Column::Services,
        Column::Alerts,
        Column::Age,
        Column::Lead,
        Column::State,
        Column::Updated,
        Column::Started,
        Column::Kind,
        Column::Labels,
        Column::Cost,
    ];
    /// Those shown when nobody says which.
    pub const SHOWN: [Column; 9] =
        [Column::Severity, Column::Id, Column::Title, Column::Services, Column::Alerts, Column::Age, Column::Lead, Column::State, Column::Updated];

    pub fn slug(self) -> &'static str {
        match self {
            Column::Severity => "severity",
            Column::Id => "id",
            Column::Title => "title",
            Column::Services => "services",
            Column::Alerts => "alerts",
            Column::Age => "age",
            Column::Lead => "lead",
            Column::State => "state",
            Column::Updated => "updated",
            Column::Started => "started",
            Column::Kind => "kind",
            Column::Labels => "labels",
            Column::Cost => "cost",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Column::Severity => "Severity",
            Column::Id => "Id",
            Column::Title => "What is happening",
            Column::Services => "Services",
            Column::Alerts => "Alerts",
            Column::Age => "Age",
            Column::Lead => "Who has it",
            Column::State => "State",
            Column::Updated => "Last update",
            Column::Started => "Started",
            Column::Kind => "Kind",
            Column::Labels => "Labels",
            Column::Cost => "Budget spent",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.slug() == text)
    }

    /// Whether rows can stand in its order.
    pub fn is_sortable(self) -> bool {
        self != Column::Cost
    }

    /// Figures stand at the right.
    pub fn is_number(self) -> bool {
        matches!(self, Column::Alerts | Column::Age | Column::Updated | Column::Cost)
    }
}

/// By which column, and whether from its end. Without a column: open first, then by severity, then the newest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    pub by: Option<Column>,
    pub reverse: bool,
}

impl Sort {
    /// How old something is, and who has it, depends on when one looks.
    pub fn depends_on_time(self) -> bool {
        matches!(self.by, Some(Column::Age | Column::Lead))
    }

    /// In words.
    pub fn words(self) -> String {
        match self.by {
            None => "Open first, then by severity, then the newest".to_owned(),
            Some(column) => format!("Sorted by {}{}", column.label().to_lowercase(), if self.reverse { ", from the end" } else { "" }),
        }
    }
}

/// Everything about how the list is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub filter: Filter,
    pub sort: Sort,
    pub columns: Vec<Column>,
}

impl Default for View {
    fn default() -> Self {
        Self { filter: Filter::default(), sort: Sort::default(), columns: Column::SHOWN.to_vec() }
    }
}

impl View {
    /// Reads the pairs of an address.
    pub fn read(pairs: &[(String, String)]) -> Self {
        let find = |name: &str| pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let sort = find("sort").map(|text| (text.strip_prefix('-').unwrap_or(text), text.starts_with('-')));
        let by = sort.and_then(|(slug, _)| Column::from_slug(slug)).filter(|column| column.is_sortable());
        let chosen: Vec<Column> = find("columns").map(|slugs| slugs.split(',').filter_map(Column::from_slug).collect()).unwrap_or_default();
        Self {
            filter: Filter::read(pairs),
            sort: Sort { by, reverse: by.is_some() && sort.is_some_and(|(_, reverse)| reverse) },
            // In their own order, whatever the address says; the title always stands.
            columns: if chosen.is_empty() {
                Column::SHOWN.to_vec()
            } else {
                Column::ALL.into_iter().filter(|column| *column == Column::Title || chosen.contains(column)).collect()
            },
        }
    }

    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = self.filter.pairs();
        if let Some(column) = self.sort.by {
            pairs.push(("sort".to_owned(), format!("{}{}", if self.sort.reverse { "-" } else { "" }, column.slug())));
        }
        if self.columns != Column::SHOWN {
            pairs.push(("columns".to_owned(), self.columns.iter().map(|column| column.slug()).collect::<Vec<_>>().join(",")));
        }
        pairs
    }

    /// Whether its rows or their order become others although no row changes.
    pub fn depends_on_time(&self) -> bool {
        self.filter.depends_on_time() || self.sort.depends_on_time()
    }

    /// What stands behind the `?` of its address.
    pub fn query(&self) -> String {
        self.pairs().iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect::<Vec<_>>().join("&")
    }
}

/// A text as it stands in an address.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~!,:@*".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn nothing_said_is_everything_in_its_usual_order() {
        assert_eq!(View::read(&[]), View::default());
        assert_eq!(View::default().query(), "");
        assert_eq!(View::read(&pairs(&[("sort", "-nonsense"), ("columns", "x,y")])), View::default());
        assert_eq!(View::read(&pairs(&[("sort", "cost")])), View::default(), "no row knows it");
    }

    #[test]
    fn a_view_is_its_address() {
        let asked = pairs(&[("severity", "!SEV5"), ("service", "a&b"), ("q", "née 1+1"), ("sort", "-age"), ("columns", "id,title,age")]);
        let view = View::read(&asked);
        assert_eq!(view.pairs(), asked);
        assert_eq!(view.query(), "severity=!SEV5&service=a%26b&q=n%C3%A9e%201%2B1&sort=-age&columns=id,title,age");
    }
}
