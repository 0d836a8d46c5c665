//! A mark beside the SQLite file that says how far it was written. A database that was copied or
//! put back without its `-wal` is an older one, and SQLite takes it for the whole: the mark knows
//! better. PostgreSQL looks after its own log, so there is none.
//!
//! It is written after what it counts was committed, every few seconds and at the end, so it is never
//! ahead of a database that lost nothing. A restore takes it away: what is restored is older on purpose.

use super::store::{Store, StoreError};
use crate::domain::{time::Timestamp, wording};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, io, path::PathBuf, sync::OnceLock};

/// The mark of one database.
pub struct Mark {
    file: Option<PathBuf>,
    behind: OnceLock<Behind>,
}

/// That a database is behind what was written to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behind {
    /// It had been written until then, or a few seconds longer.
    written_until: Timestamp,
    /// So much of it is not there.
    writes: i64,
}

/// What stands in the file.
#[derive(Serialize, Deserialize)]
struct Written {
    at: Timestamp,
    counters: BTreeMap<String, i64>,
    /// It was found behind, and nobody has said yet that this is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    behind: Option<Behind>,
}

impl Behind {
    /// For everybody who works with it.
    pub fn words(&self) -> String {
        format!(
            "This database has gone back in time: {} of those until {} UTC are missing, as when its -wal file was lost.",
            wording::count(usize::try_from(self.writes).unwrap_or(0), "write", "writes"),
            self.written_until.date_minute()
        )
    }
}

impl Mark {
    /// The mark of this database.
    pub fn of(store: &Store) -> Self {
        let file = store.own_file().map(|file| {
            let mut name = file.into_os_string();
            name.push(".mark");
            PathBuf::from(name)
        });
        Self { file, behind: OnceLock::new() }
    }

    /// That the database was found behind.
    pub fn behind(&self) -> Option<&Behind> {
        self.behind.get()
    }

    /// The same for whoever runs it, with what can be done.
    pub fn advice(&self) -> Option<String> {
        let (behind, file) = (self.behind.get()?, self.file.as_ref()?);
        Some(format!("{} Put the missing files or a backup back; or, where this is known, remove {}", behind.words(), file.display()))
    }

    /// Looks whether the database is behind its mark, or was when a server found it so.
    pub async fn look(&self, store: &Store) -> Result<(), StoreError> {
        let Some(written) = self.read() else { return Ok(()) };
        // Read after the mark: beside a running server it may only be further.
        let now = store.counted().await?;
        let missing = |(name, count): (&String, &i64)| count.saturating_sub(now.get(name).copied().unwrap_or(0)).max(0);
        let writes: i64 = written.counters.iter().map(missing).sum();
        let found = (writes > 0).then_some(Behind { written_until: written.at, writes });
        if let Some(behind) = found.or(written.behind) {
            self.behind.get_or_init(|| behind);
        }
        Ok(())
    }

    /// Writes down how far the database is. It goes on without a mark where there can be none.
    pub async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Ok(()) };
        let written = Written { at: store.clock().now(), counters: store.counted().await?, behind: self.behind.get().cloned() };
        let (new, text) = (file.with_extension("mark.new"), serde_json::to_vec(&written).unwrap_or_default());
        if let Err(error) = fs::write(&new, text).and_then(|()| fs::rename(&new, file)) {
            tracing::warn!(error = &error as &dyn std::error::Error, file = %file.display(), "could not mark how far the database was written");
        }
        Ok(())
    }

    /// Takes the mark away, because the database is meant to be as it is.
    pub fn forget(&self) -> io::Result<()> {
        match self.file.as_ref().map(fs::remove_file) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// One that cannot be read says nothing.
    fn read(&self) -> Option<Written> {
        serde_json::from_slice(&fs::read(self.file.as_ref()?).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            incident::Declare,
            people::{Actor, ActorRef, Role},
        },
        server::{clock::Clock, store::testing::NOON},
    };

    async fn looked(store: &Store) -> Option<Behind> {
        let mark = Mark::of(store);
        mark.look(store).await.expect("the store works");
        mark.behind().cloned()
    }

    #[tokio::test]
    async fn a_database_without_its_wal_is_found_behind_until_somebody_says_that_it_is_known() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
        let store = Store::open(&url("a.sqlite"), Clock::fixed(NOON)).await.expect("it opens");
        let actor = Actor { who: ActorRef::console(), role: Role::Admin };
        assert_eq!(looked(&store).await, None, "a new one has no mark");
        for key in ["one", "two"] {
            let draft = Declare { title: "t".to_owned(), ..Declare::default() };
            store.declare(draft, &actor, key).await.expect("an admin may");
            Mark::of(&store).write(&store).await.expect("the store works");
            assert_eq!(looked(&store).await, None, "it is as far as its mark");
            if key == "one" {
                store.checkpoint().await;
            }
        }
        // What a careless copy takes along: the file and its mark, and not the log beside it.
        for name in ["a.sqlite", "a.sqlite.mark"] {
            fs::copy(folder.path().join(name), folder.path().join(name.replacen('a', "b", 1))).expect("it can be copied");
        }
        let copy = Store::open(&url("b.sqlite"), Clock::fixed(NOON)).await.expect("it opens");
        let behind = looked(&copy).await.expect("it is behind");
        assert!(behind.writes > 0 && behind.words().contains("are missing, as when its -wal file was lost"), "{behind:?}");
        // A server goes on with it, and the next one still says so, until the mark is taken away.
        let mark = Mark::of(&copy);
        mark.look(&copy).await.expect("the store works");
        mark.write(&copy).await.expect("the store works");
        assert_eq!(looked(&copy).await, Some(behind));
        mark.forget().expect("it is there");
        mark.forget().expect("that it is gone is fine");
        assert_eq!(looked(&copy).await, None);
        assert!(mark.advice().is_some_and(|words| words.contains("b.sqlite.mark")));
    }
}
