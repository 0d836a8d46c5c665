//! How wide columns are, and which of them have room.

use crate::domain::lists::Column;

/// Least width in letters' sizes, and how much of what is left over it takes.
fn width(column: Column) -> (f64, u8) {
    match column {
        Column::Severity => (7.25, 0),
        Column::Id => (5.0, 0),
        // Enough of a sentence to tell one incident from another; the last columns give way to it.
        Column::Title => (20.0, 6),
        Column::Services => (8.0, 2),
        Column::Alerts => (4.0, 0),
        Column::Age => (5.5, 0),
        Column::Lead => (6.0, 1),
        Column::State => (6.75, 0),
        Column::Updated => (6.5, 0),
        Column::Started => (7.0, 0),
        Column::Kind => (6.0, 0),
        Column::Labels => (8.0, 2),
        Column::Cost => (6.5, 0),
    }
}

/// Which columns give way first on a narrow screen.
const GIVE_WAY: [Column; 10] =
    [Column::Labels, Column::Kind, Column::Started, Column::Updated, Column::Services, Column::Alerts, Column::State, Column::Id, Column::Age, Column::Cost];

/// The tick, the arrow and the space at the edges.
const AROUND_REM: f64 = 5.5;
const GAP_REM: f64 = 0.75;
/// How narrow a title becomes where even without the others there is no room.
const LEAST_TITLE_REM: f64 = 13.0;

/// Those of the chosen columns that have room in so many letters' sizes.
pub fn fitting(chosen: &[Column], room_rem: f64) -> Vec<Column> {
    let mut columns = chosen.to_vec();
    let wanted = |columns: &[Column]| AROUND_REM + columns.iter().map(|column| width(*column).0 + GAP_REM).sum::<f64>();
    for column in GIVE_WAY {
        if wanted(&columns) <= room_rem {
            break;
        }
        columns.retain(|kept| *kept != column);
    }
    columns
}

/// The tracks of the grid, in CSS.
pub fn tracks(columns: &[Column]) -> String {
    let track = |column: &Column| match width(*column) {
        (least, 0) => format!("{least}rem"),
        (_, share) if *column == Column::Title => format!("minmax({LEAST_TITLE_REM}rem,{share}fr)"),
        (least, share) => format!("minmax({least}rem,{share}fr)"),
    };
    format!("1.25rem 1.25rem {}", columns.iter().map(track).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_give_way_where_there_is_no_room() {
        assert_eq!(fitting(&Column::SHOWN, 82.0), Column::SHOWN);
        assert_eq!(fitting(&Column::SHOWN, 74.5), Column::SHOWN[..8], "on a desk of 1440 pixels");
        let narrow = fitting(&Column::SHOWN, 50.0);
        assert!(narrow.contains(&Column::Title) && narrow.contains(&Column::Lead) && !narrow.contains(&Column::Services));
        assert_eq!(fitting(&Column::SHOWN, 1.0), [Column::Severity, Column::Title, Column::Lead]);
    }

    #[test]
    fn tracks_stand_in_the_order_of_the_columns() {
        assert_eq!(tracks(&[Column::Id, Column::Title]), "1.25rem 1.25rem 5rem minmax(13rem,6fr)", "on the narrowest screen with a table all tracks are on it");
    }
}
