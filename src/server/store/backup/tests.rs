//! What a backup holds and what is refused, on SQLite; `tests/` tells it on both databases.

use super::{dump::migrations, *};
use crate::{
    domain::incident::Declare,
    domain::people::{Actor, ActorRef, Role},
    server::store::{
        Store, query,
        testing::{NOON, empty_store},
    },
};
use sqlx::Row;
use std::{fs, path::Path};
use tempfile::TempDir;

async fn names(store: &Store, sql: &'static str) -> Vec<String> {
    let found = sqlx::query(sql).fetch_all(store.readers()).await.map_err(query("list tables")).expect("the store works");
    found.iter().map(|row| row.get::<String, _>(0)).collect()
}

async fn a_house() -> (Store, TempDir) {
    let (store, folder) = empty_store().await;
    let operator = Actor { who: ActorRef::system(), role: Role::Admin };
    for n in 0..70 {
        let draft = Declare { title: format!("Number {n} “ö”\n"), ..Declare::default() };
        store.declare(draft, &operator, &n.to_string()).await.expect("the store works");
    }
    (store, folder)
}

async fn backed_up(store: &Store, file: &Path) -> Counted {
    let (_, counted) = store.dump(fs::File::create(file).expect("it can be made"), |_| {}).await.expect("it can be backed up");
    counted
}

/// A new table stands in a list of `mod.rs`, or this fails.
#[tokio::test]
async fn every_table_is_backed_up_or_left_out_for_a_reason() {
    let (store, _folder) = empty_store().await;
    let mut real = names(&store, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'").await;
    let mut listed: Vec<String> = TABLES.into_iter().chain(LEFT_OUT.map(|(table, _)| table)).map(str::to_owned).collect();
    real.sort();
    listed.sort();
    assert_eq!(listed, real);
}

#[tokio::test]
async fn what_is_restored_is_what_was_backed_up_and_one_time_links_stay() {
    let (store, folder) = a_house().await;
    store.set_first_admin_key("hash-of-a-link", NOON).await.expect("the store works");
    let file = folder.path().join("backup");
    let counted = backed_up(&store, &file).await;
    assert_eq!((counted.tables["incidents"], counted.tables["events"]), (70, 70));
    let text = zstd::decode_all(fs::File::open(&file).expect("it is there")).expect("it is zstd");
    assert!(!String::from_utf8_lossy(&text).contains("hash-of-a-link"));
    let (empty, _other) = empty_store().await;
    assert_eq!(empty.restore(&file, false, |_| {}).await.expect("it is empty"), counted);
    let verified = empty.verify(true).await.expect("the store works");
    assert_eq!((verified.incidents, verified.faults), (70, vec![]));
    // Again, over what is there now: refused, unless everything is to be replaced.
    let refused = empty.restore(&file, false, |_| {}).await.expect_err("it is not empty any more");
    assert!(matches!(refused, BackupError::NotEmpty { .. }), "{refused}");
    empty.restore(&file, true, |_| {}).await.expect("it may be replaced");
    assert_eq!(empty.verify(true).await.expect("the store works").incidents, 70);
    // The next number was not given before, neither here nor to those who followed the old house.
    assert!(empty.latest_seq().await.expect("the store works") > store.latest_seq().await.expect("the store works") + 1_000_000);
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_changes_nothing() {
    let (store, folder) = a_house().await;
    let file = folder.path().join("backup");
    backed_up(&store, &file).await;
    let whole = fs::read(&file).expect("it is there");
    let lines = zstd::decode_all(whole.as_slice()).expect("it is zstd");
    let text = String::from_utf8(lines).expect("it is text");
    let squeezed = |text: &str| zstd::encode_all(text.as_bytes(), 1).expect("it can be compressed");
    let without_end: String = text.lines().filter(|line| !line.starts_with("{\"end\"")).map(|line| format!("{line}\n")).collect();
    let without_a_row: String = text.lines().enumerate().filter(|(at, _)| *at != 40).map(|(_, line)| format!("{line}\n")).collect();
    let damaged = [
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("cut between lines", squeezed(&without_end)),
        ("a row less", squeezed(&without_a_row)),
        ("a word changed", squeezed(&text.replace("Number 12", "Number 13"))),
        ("more behind it", squeezed(&format!("{text}[]\n"))),
        ("no backup", squeezed("{\"format\":\"tocsin/bundle/v1\"}\n")),
        ("no zstd", b"SQLite format 3".to_vec()),
        ("nothing", vec![]),
    ];
    let (empty, _other) = empty_store().await;
    for (what, bytes) in damaged {
        fs::write(&file, bytes).expect("it can be written");
        assert!(check(&file).is_err(), "{what}");
        assert!(empty.restore(&file, true, |_| {}).await.is_err(), "{what}");
        assert_eq!(empty.verify(true).await.expect("the store works").incidents, 0, "{what}");
    }
    assert!(check(Path::new("/no/such/file")).is_err());
}

#[tokio::test]
async fn a_backup_of_a_newer_version_is_refused() {
    let (store, folder) = a_house().await;
    let file = folder.path().join("backup");
    let mut read = store.begin().await.expect("the store works");
    let schema = newest_schema() + 1;
    store.dump_over(&mut read, fs::File::create(&file).expect("it can be made"), schema, |_| {}).await.expect("it can be backed up");
    drop(read);
    assert!(matches!(check(&file), Err(BackupError::Newer { .. })));
    assert!(matches!(store.restore(&file, true, |_| {}).await, Err(BackupError::Newer { .. })));
}

/// The data of every older version is brought up to this one.
#[tokio::test]
async fn a_backup_of_an_older_version_is_brought_up() {
    for schema in 2..newest_schema() {
        let (store, folder) = empty_store().await;
        let file = folder.path().join("backup");
        let mut write = store.begin().await.expect("the store works");
        for table in TABLES.into_iter().chain(LEFT_OUT.map(|(table, _)| table)) {
            sqlx::query(sqlx::AssertSqlSafe(format!("DROP TABLE {table}"))).execute(&mut *write).await.expect("it is there");
        }
        for sql in migrations(schema, false) {
            sqlx::raw_sql(sql).execute(&mut *write).await.expect("an old version's tables can be made");
        }
        sqlx::query("INSERT INTO services (name, created_at) VALUES ('old', 7)").execute(&mut *write).await.expect("it fits");
        store.dump_over(&mut write, fs::File::create(&file).expect("it can be made"), schema, |_| {}).await.expect("it can be backed up");
        drop(write);
        let (empty, _other) = empty_store().await;
        empty.restore(&file, false, |_| {}).await.expect("an older version is taken");
        let services = empty.described_services(None).await.expect("the store works");
        assert_eq!(services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), ["old"]);
        assert_eq!(empty.verify(true).await.expect("the store works").faults, vec![]);
        // Every table of this version is there.
        backed_up(&empty, &file).await;
        assert_eq!(check(&file).expect("it is whole").0.schema, newest_schema());
    }
}
