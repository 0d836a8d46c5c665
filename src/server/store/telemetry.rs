//! Blocks of telemetry: appended, read by number, and forgotten. What is in them is the business
//! of `server/observed`.

use super::{Store, StoreError, query, rows};
use crate::domain::time::Timestamp;
use sqlx::any::AnyRow;

/// A block that is to be kept.
#[derive(Clone, Debug)]
pub struct NewBlock {
    pub received_at: Timestamp,
    pub from_at: Timestamp,
    pub to_at: Timestamp,
    pub raw_bytes: i64,
    pub body: String,
}

/// A block that was kept.
#[derive(Clone, Debug)]
pub struct Block {
    pub number: i64,
    pub received_at: Timestamp,
    pub body: String,
}

/// How much room blocks take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlocksHeld {
    pub blocks: i64,
    pub bytes: i64,
}

impl Store {
    /// Appends a block and answers its number. The row of the counter is the lock: numbers become
    /// visible in their order, however many servers write.
    pub async fn append_telemetry(&self, block: &NewBlock) -> Result<i64, StoreError> {
        const NUMBER: &str = "UPDATE counters SET value = value + 1 WHERE name = 'telemetry' RETURNING value";
        const INSERT: &str = "INSERT INTO telemetry_blocks (number, received_at, from_at, to_at, bytes, raw_bytes, body) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let mut write = self.begin().await?;
        let row = sqlx::query(NUMBER).fetch_one(&mut *write).await.map_err(query("number a block of telemetry"))?;
        let number: i64 = rows::get(&row, 0)?;
        sqlx::query(INSERT)
            .bind(number)
            .bind(block.received_at.micros())
            .bind(block.from_at.micros())
            .bind(block.to_at.micros())
            .bind(i64::try_from(block.body.len()).unwrap_or(i64::MAX))
            .bind(block.raw_bytes)
            .bind(block.body.as_str())
            .execute(&mut *write)
            .await
            .map_err(query("append a block of telemetry"))?;
        write.commit().await.map_err(query("append a block of telemetry"))?;
        Ok(number)
    }

    /// The number of the last block; 0: there was none.
    pub async fn last_telemetry(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT value FROM counters WHERE name = 'telemetry'")
            .fetch_one(&self.readers)
            .await
            .map_err(query("read the number of the last block of telemetry"))?;
        rows::get(&row, 0)
    }

    /// Blocks after a number, in order.
    pub async fn telemetry_after(&self, number: i64, limit: i64) -> Result<Vec<Block>, StoreError> {
        const SQL: &str = "SELECT number, received_at, body FROM telemetry_blocks WHERE number > $1 ORDER BY number LIMIT $2";
        let found = sqlx::query(SQL).bind(number).bind(limit).fetch_all(&self.readers).await.map_err(query("read blocks of telemetry"))?;
        found.iter().map(block).collect()
    }

    /// One block, if it is still there.
    pub async fn telemetry_block(&self, number: i64) -> Result<Option<Block>, StoreError> {
        const SQL: &str = "SELECT number, received_at, body FROM telemetry_blocks WHERE number = $1";
        let found = sqlx::query(SQL).bind(number).fetch_optional(&self.readers).await.map_err(query("read a block of telemetry"))?;
        found.as_ref().map(block).transpose()
    }

    /// Forgets blocks in which everything is older than this.
    pub async fn forget_telemetry_before(&self, before: Timestamp) -> Result<(), StoreError> {
        let _asker = self.begin_asking();
        sqlx::query("DELETE FROM telemetry_blocks WHERE to_at < $1")
            .bind(before.micros())
            .execute(&self.writers)
            .await
            .map(drop)
            .map_err(query("forget old blocks of telemetry"))
    }

    /// Forgets the oldest blocks until the rest takes at most so much room. Answers what is left.
    pub async fn forget_telemetry_over(&self, most_bytes: i64) -> Result<BlocksHeld, StoreError> {
        const HELD: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM telemetry_blocks";
        const OLDEST: &str = "SELECT number, bytes FROM telemetry_blocks ORDER BY number LIMIT 256";
        loop {
            let row = sqlx::query(HELD).fetch_one(&self.readers).await.map_err(query("measure the blocks of telemetry"))?;
            let held = BlocksHeld { blocks: rows::get(&row, 0)?, bytes: rows::get(&row, 1)? };
            if held.bytes <= most_bytes {
                return Ok(held);
            }
            let oldest = sqlx::query(OLDEST).fetch_all(&self.readers).await.map_err(query("find the oldest blocks of telemetry"))?;
            let (mut left, mut last) = (held.bytes, None);
            for row in &oldest {
                if left <= most_bytes {
                    break;
                }
                left -= rows::get::<i64>(row, 1)?;
                last = Some(rows::get::<i64>(row, 0)?);
            }
            let Some(last) = last else { return Ok(held) };
            let _asker = self.begin_asking();
            sqlx::query("DELETE FROM telemetry_blocks WHERE number <= $1")
                .bind(last)
                .execute(&self.writers)
                .await
                .map_err(query("forget blocks of telemetry"))?;
        }
    }
}

fn block(row: &AnyRow) -> Result<Block, StoreError> {
    Ok(Block { number: rows::get(row, 0)?, received_at: rows::time(row, 1)?, body: rows::get(row, 2)? })
}
