//! Accounts of people. A password's hash leaves this file only inside [`Account`], for signing in.

use super::{Store, StoreError, audit, query, sessions::NewSession};
use crate::domain::{
    accounts::Person,
    audit::{Action, By, Note, Subject},
    ids::PersonId,
    people::Role,
    time::Timestamp,
};
use sqlx::{Any, Row, Transaction, any::AnyRow};

/// An account with what signing in needs.
#[derive(Clone, PartialEq)]
pub struct Account {
    pub person: Person,
    /// `None` where nobody can sign in with a password.
    pub password_hash: Option<String>,
}

/// What became of a change to an account.
#[derive(Clone, Debug, PartialEq)]
pub enum Changed {
    Done(Person),
    Unknown,
    /// It would leave nobody who can manage people.
    LastAdmin,
}

impl Store {
    /// Adds an account; `false` when its login is taken.
    pub async fn create_person(&self, person: &Person, password_hash: Option<&str>, by: &By) -> Result<bool, StoreError> {
        let mut write = self.begin().await?;
        let created = insert(&mut write, person, password_hash).await?;
        if created {
            let note = by.did(Action::PersonCreated, subject(person)).with("login", &person.login).with("role", person.role.slug());
            audit::append(&mut write, person.created_at, &note).await?;
        }
        write.commit().await.map_err(query("make an account"))?;
        Ok(created)
    }

    pub async fn person(&self, id: PersonId) -> Result<Option<Person>, StoreError> {
        const SQL: &str = "SELECT id, login, name, role, disabled, demo, created_at, seen_at FROM people WHERE id = $1";
        let row = sqlx::query(SQL).bind(id.to_string()).fetch_optional(self.readers()).await.map_err(query("read an account"))?;
        row.map(|row| person(&row)).transpose().map_err(query("read an account"))
    }

    /// The account of a login, which is compared as it is: callers hand it in lower case.
    pub async fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        const SQL: &str = "SELECT id, login, name, role, disabled, demo, created_at, seen_at, password_hash FROM people WHERE login = $1";
        let row = sqlx::query(SQL).bind(login).fetch_optional(self.readers()).await.map_err(query("read an account"))?;
        let read = |row: AnyRow| Ok(Account { person: person(&row)?, password_hash: row.try_get("password_hash")? });
        row.map(read).transpose().map_err(query("read an account"))
    }

    /// Everybody with an account, by name.
    pub async fn people(&self) -> Result<Vec<Person>, StoreError> {
        const SQL: &str = "SELECT id, login, name, role, disabled, demo, created_at, seen_at FROM people ORDER BY name, login";
        let rows = sqlx::query(SQL).fetch_all(self.readers()).await.map_err(query("list people"))?;
        rows.iter().map(person).collect::<Result<_, _>>().map_err(query("list people"))
    }

    /// Whether somebody can manage people. Ready-made people count only where they can sign in.
    pub async fn has_admin(&self, demo_counts: bool) -> Result<bool, StoreError> {
        let count = sqlx::query(COUNT_ADMINS).bind(i64::from(demo_counts)).fetch_one(self.readers()).await.and_then(|row| row.try_get::<i64, _>(0));
        Ok(count.map_err(query("count admins"))? > 0)
    }

    pub async fn rename_person(&self, id: PersonId, name: &str, by: &By) -> Result<Option<Person>, StoreError> {
        const SQL: &str = "UPDATE people SET name = $2 WHERE id = $1";
        let mut write = self.begin().await?;
        let before = read_within(&mut write, id).await?;
        sqlx::query(SQL).bind(id.to_string()).bind(name).execute(&mut *write).await.map_err(query("rename a person"))?;
        let renamed = read_within(&mut write, id).await?;
        if let (Some(before), Some(renamed)) = (before, &renamed)
            && before.name != renamed.name
        {
            let note = by.did(Action::PersonRenamed, subject(renamed)).with("from", &before.name).with("to", &renamed.name);
            audit::append(&mut write, self.clock.now(), &note).await?;
        }
        write.commit().await.map_err(query("rename a person"))?;
        Ok(renamed)
    }

    pub async fn set_role(&self, id: PersonId, role: Role, demo_counts: bool, by: &By) -> Result<Changed, StoreError> {
        const SQL: &str = "UPDATE people SET role = $2 WHERE id = $1";
        let mut write = self.begin().await?;
        let admins = lock_and_count_admins(&mut write, demo_counts).await?;
        let before = read_within(&mut write, id).await?;
        sqlx::query(SQL).bind(id.to_string()).bind(role.slug()).execute(&mut *write).await.map_err(query("change a role"))?;
        let note = before
            .filter(|before| before.role != role)
            .map(|before| by.did(Action::RoleChanged, subject(&before)).with("from", before.role.slug()).with("to", role.slug()));
        self.commit_unless_last_admin(write, id, admins, demo_counts, note).await
    }

    /// Disabling ends all sessions of the person in the same transaction.
    pub async fn set_disabled(&self, id: PersonId, disabled: bool, demo_counts: bool, by: &By) -> Result<Changed, StoreError> {
        const SQL: &str = "UPDATE people SET disabled = $2 WHERE id = $1";
        let mut write = self.begin().await?;
        let admins = lock_and_count_admins(&mut write, demo_counts).await?;
        let before = read_within(&mut write, id).await?;
        sqlx::query(SQL).bind(id.to_string()).bind(i64::from(disabled)).execute(&mut *write).await.map_err(query("disable an account"))?;
        if disabled {
            super::sessions::delete_of(&mut write, id).await?;
        }
        let action = if disabled { Action::PersonDisabled } else { Action::PersonEnabled };
        let note = before.filter(|before| before.disabled != disabled).map(|before| by.did(action, subject(&before)));
        self.commit_unless_last_admin(write, id, admins, demo_counts, note).await
    }

    /// Sets a password that somebody else made; all sessions of the person end with it.
    pub async fn reset_password(&self, id: PersonId, password_hash: &str, by: &By) -> Result<Option<Person>, StoreError> {
        const SQL: &str = "UPDATE people SET password_hash = $2 WHERE id = $1 AND demo = 0";
        let mut write = self.begin().await?;
        let set = sqlx::query(SQL).bind(id.to_string()).bind(password_hash).execute(&mut *write).await.map_err(query("reset a password"))?;
        if set.rows_affected() == 0 {
            return Ok(None);
        }
        super::sessions::delete_of(&mut write, id).await?;
        let changed = read_within(&mut write, id).await?;
        if let Some(person) = &changed {
            audit::append(&mut write, self.clock.now(), &by.did(Action::PasswordReset, subject(person))).await?;
        }
        write.commit().await.map_err(query("reset a password"))?;
        Ok(changed)
    }

    /// Replaces a password that was just proved by its owner: every session ends and `session` is
    /// the only one left. `false` when the password was replaced by somebody else meanwhile.
    pub async fn change_password(&self, old_hash: &str, new_hash: &str, session: &NewSession, by: &By) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE people SET password_hash = $2 WHERE id = $1 AND password_hash = $3";
        let mut write = self.begin().await?;
        let id = session.person_id.to_string();
        let set = sqlx::query(SQL).bind(id).bind(new_hash).bind(old_hash).execute(&mut *write).await.map_err(query("change a password"))?;
        if set.rows_affected() == 0 {
            return Ok(false);
        }
        super::sessions::delete_of(&mut write, session.person_id).await?;
        let opened = super::sessions::insert(&mut write, session, Some(new_hash)).await?;
        audit::append(&mut write, session.created_at, &by.did(Action::PasswordChanged, None)).await?;
        write.commit().await.map_err(query("change a password"))?;
        Ok(opened)
    }

    async fn commit_unless_last_admin(
        &self,
        mut write: Transaction<'static, Any>,
        id: PersonId,
        admins_before: i64,
        demo_counts: bool,
        note: Option<Note>,
    ) -> Result<Changed, StoreError> {
        if admins_before > 0 && count_admins(&mut write, demo_counts).await? == 0 {
            write.rollback().await.map_err(query("take back a change to an account"))?;
            return Ok(Changed::LastAdmin);
        }
        let changed = read_within(&mut write, id).await?;
        if let Some(note) = note {
            audit::append(&mut write, self.clock.now(), &note).await?;
        }
        write.commit().await.map_err(query("change an account"))?;
        Ok(changed.map_or(Changed::Unknown, Changed::Done))
    }
}

/// A person as the audit log names them.
pub(super) fn subject(person: &Person) -> Subject {
    Subject::new("person", person.id, &person.name)
}

const COUNT_ADMINS: &str = "SELECT COUNT(*) FROM people WHERE role = 'admin' AND disabled = 0 AND demo <= $1";

pub(super) async fn insert(write: &mut Transaction<'static, Any>, person: &Person, password_hash: Option<&str>) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO people (id, login, name, role, password_hash, disabled, demo, created_at) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (login) DO NOTHING";
    let inserted = sqlx::query(SQL)
        .bind(person.id.to_string())
        .bind(&person.login)
        .bind(&person.name)
        .bind(person.role.slug())
        .bind(password_hash)
        .bind(i64::from(person.disabled))
        .bind(i64::from(person.demo))
        .bind(person.created_at.micros())
        .execute(&mut **write)
        .await
        .map_err(query("make an account"))?;
    Ok(inserted.rows_affected() == 1)
}

/// How many can manage people, within a write.
pub(super) async fn count_admins(write: &mut Transaction<'static, Any>, demo_counts: bool) -> Result<i64, StoreError> {
    let row = sqlx::query(COUNT_ADMINS).bind(i64::from(demo_counts)).fetch_one(&mut **write).await;
    row.and_then(|row| row.try_get(0)).map_err(query("count admins"))
}

/// Two admins who demote each other at the same moment on PostgreSQL would both count the other
/// one; writing the admins' rows first makes the second of them wait and then see the truth.
async fn lock_and_count_admins(write: &mut Transaction<'static, Any>, demo_counts: bool) -> Result<i64, StoreError> {
    const LOCK: &str = "UPDATE people SET role = role WHERE role = 'admin'";
    sqlx::query(LOCK).execute(&mut **write).await.map_err(query("lock the admins"))?;
    count_admins(write, demo_counts).await
}

async fn read_within(write: &mut Transaction<'static, Any>, id: PersonId) -> Result<Option<Person>, StoreError> {
    const SQL: &str = "SELECT id, login, name, role, disabled, demo, created_at, seen_at FROM people WHERE id = $1";
    let row = sqlx::query(SQL).bind(id.to_string()).fetch_optional(&mut **write).await.map_err(query("read an account"))?;
    row.map(|row| person(&row)).transpose().map_err(query("read an account"))
}

/// Reads the eight columns of a person.
pub(super) fn person(row: &AnyRow) -> Result<Person, sqlx::Error> {
    Ok(Person {
        id: row.try_get::<String, _>("id")?.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        login: row.try_get("login")?,
        name: row.try_get("name")?,
        role: role(row)?,
        disabled: row.try_get::<i64, _>("disabled")? != 0,
        demo: row.try_get::<i64, _>("demo")? != 0,
        created_at: Timestamp::from_micros(row.try_get("created_at")?),
        seen_at: row.try_get::<Option<i64>, _>("seen_at")?.map(Timestamp::from_micros),
    })
}

pub(super) fn role(row: &AnyRow) -> Result<Role, sqlx::Error> {
    let slug: String = row.try_get("role")?;
    Role::from_slug(&slug).ok_or_else(|| sqlx::Error::Decode(format!("there is no role {slug:?}").into()))
}
