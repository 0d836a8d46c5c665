//! What the app asks for as a whole: the board of all objectives, and what what-if needs.

use super::{
    cost::Span,
    report::{Headline, ObjectiveRow},
    series::Packed,
};
use crate::domain::reading::{Readable, Reader};
use serde::{Deserialize, Serialize};

/// All objectives, the worst first, and the sentence above them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectivesBoard {
    pub headline: Headline,
    pub rows: Vec<ObjectiveRow>,
}

/// What what-if is computed from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ground {
    pub slices: Packed,
    /// The incidents that concern the objective.
    pub incidents: Vec<Span>,
}

impl Readable for ObjectivesBoard {
    fn read(from: Reader<'_>) -> Self {
        Self { headline: from.get("headline"), rows: from.get("rows") }
    }
}

impl Readable for Ground {
    fn read(from: Reader<'_>) -> Self {
        Self { slices: from.get("slices"), incidents: from.get("incidents") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::slo::{objective::Method, series::Series};

    #[test]
    fn what_the_app_asks_for_reads_back_as_it_was_written() {
        let headline = Headline { words: "All is well.".into(), worst: None, next: Some("soon".into()) };
        let board = ObjectivesBoard { headline, rows: vec![] };
        assert_eq!(crate::domain::reading::read(serde_json::to_string(&board).expect("it serialises").as_bytes()), Some(board));
        let ground = Ground { slices: Series::new(Method::Occurrences, 60).packed(0, 60), incidents: vec![] };
        assert_eq!(crate::domain::reading::read(serde_json::to_string(&ground).expect("it serialises").as_bytes()), Some(ground));
    }
}
