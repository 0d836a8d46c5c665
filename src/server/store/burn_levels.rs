//! Whether burn alerts fire, as it was decided last: what is too little measured to decide anew
//! keeps its level, also over a restart.

use super::{Store, StoreError, query, rows, rows::ManyRows};
use crate::domain::time::Timestamp;
use std::collections::HashMap;

/// One alert of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct BurnLevel {
    /// Which of its alerts: the family of a pair of windows, or the dead-man alert.
    pub pair: String,
    pub firing: bool,
    pub since: Timestamp,
}

const SAVE: ManyRows = ManyRows {
    head: "INSERT INTO burn_levels (objective, pair, firing, since) VALUES",
    tail: "ON CONFLICT (objective, pair) DO UPDATE SET firing = excluded.firing, since = excluded.since",
    width: 4,
};

impl Store {
    /// Every level, by the objective's number.
    pub async fn burn_levels(&self) -> Result<HashMap<i64, Vec<BurnLevel>>, StoreError> {
        let found = sqlx::query("SELECT objective, pair, firing, since FROM burn_levels ORDER BY objective, pair")
            .fetch_all(&self.readers)
            .await
            .map_err(query("read the levels of burn alerts"))?;
        let mut levels: HashMap<i64, Vec<BurnLevel>> = HashMap::new();
        for row in &found {
            let level = BurnLevel { pair: rows::get(row, 1)?, firing: rows::get::<i64>(row, 2)? != 0, since: rows::time(row, 3)? };
            levels.entry(rows::get(row, 0)?).or_default().push(level);
        }
        Ok(levels)
    }

    /// Writes levels of one objective down.
    pub async fn save_burn_levels(&self, number: i64, levels: &[BurnLevel]) -> Result<(), StoreError> {
        const WHAT: &str = "write the levels of burn alerts";
        let mut write = self.begin().await?;
        SAVE.execute(&mut write, levels, WHAT, |statement, level| {
            statement.bind(number).bind(level.pair.clone()).bind(i64::from(level.firing)).bind(level.since.micros())
        })
        .await?;
        write.commit().await.map_err(query(WHAT))
    }
}
