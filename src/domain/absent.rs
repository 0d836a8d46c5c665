//! What is not said. Many clients spell an absent value as `null`.

use serde::{Deserialize, Deserializer};

/// Reads `null` as what an absent value means.
pub fn null<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
