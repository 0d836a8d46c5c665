//! Accounts: who has one, in which role, and how the first ones come to be.

use crate::{
    domain::{
        accounts::{Me, Person, ShownOnce},
        audit::By,
        failure::{Failure, FailureKind},
        ids::PersonId,
        people::{Actor, Right, Role},
        time::Timestamp,
    },
    server::{
        auth::{self, passwords, secrets},
        config::Config,
        error::ServerError,
        state::App,
        store::{Changed, Store},
    },
};
use uuid::Uuid;

/// The link to the first admin ends after a day; a restart prints a new one.
const LINK_LIVES_FOR_SECS: i64 = 24 * 3600;

/// Longer names and logins do not fit on any screen.
const LONGEST_NAME: usize = 100;

/// The demo's ready-made people: login, name, role.
const DEMO_PEOPLE: [(&str, &str, Role); 5] = [
    ("mara", "Mara", Role::Commander),
    ("jonas", "Jonas", Role::Responder),
    ("tomas", "Tomas", Role::Responder),
    ("elif", "Elif", Role::Admin),
    ("noor", "Noor", Role::Viewer),
];

/// Whether ready-made people can sign in: only for whoever sits at this machine.
pub fn demo_is_on(config: &Config) -> bool {
    config.demo && config.listen.ip().is_loopback()
}

/// What the sign-in page shows: the ready-made people, and whether the first admin is missing.
pub async fn doorstep(app: &App) -> Result<(Vec<Person>, bool), ServerError> {
    if !demo_is_on(&app.config) {
        return Ok((vec![], !app.store.has_admin(false).await?));
    }
    let people = app.store.people().await?;
    Ok((people.into_iter().filter(|person| person.demo && !person.disabled).collect(), false))
}

/// Everybody with an account, by name.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Person>, ServerError> {
    needs(actor, Right::ManagePeople)?;
    Ok(app.store.people().await?)
}

/// Makes an account; its password is shown this once.
pub async fn create(app: &App, actor: &Actor, name: &str, login: &str, role: Role) -> Result<ShownOnce<Person>, ServerError> {
    needs(actor, Right::ManagePeople)?;
    let created = create_account(&app.store, name, login, role, &auth::by(&actor.who)).await?;
    tracing::info!(person = %created.item.id, role = role.slug(), by = actor.who.id, "made an account");
    Ok(created)
}

/// Changes one's own name.
pub async fn rename(app: &App, me: &Me, name: &str) -> Result<Me, ServerError> {
    let renamed = app.store.rename_person(me.id, &a_name(name)?, &auth::by(&me.actor().who)).await?;
    renamed.map(|person| Me { name: person.name, ..me.clone() }).ok_or_else(|| unknown_person().into())
}

/// Gives somebody a new password, shown this once; their sessions end.
pub async fn reset_password(app: &App, actor: &Actor, person: PersonId) -> Result<ShownOnce<Person>, ServerError> {
    needs(actor, Right::ManagePeople)?;
    let password = passwords::generate();
    let hash = passwords::hash(&password).await?;
    let Some(item) = app.store.reset_password(person, &hash, &auth::by(&actor.who)).await? else { return Err(unknown_person().into()) };
    tracing::info!(person = %person, by = actor.who.id, "reset a password");
    Ok(ShownOnce { item, token: password })
}

/// Changes somebody's role; it holds from their next request.
pub async fn set_role(app: &App, actor: &Actor, person: PersonId, role: Role) -> Result<Person, ServerError> {
    needs(actor, Right::ManagePeople)?;
    let changed = app.store.set_role(person, role, demo_is_on(&app.config), &auth::by(&actor.who)).await?;
    tracing::info!(person = %person, role = role.slug(), by = actor.who.id, done = matches!(changed, Changed::Done(_)), "changed a role");
    told(changed)
}

/// Disables or enables an account; disabling ends its sessions at once.
pub async fn set_disabled(app: &App, actor: &Actor, person: PersonId, disabled: bool) -> Result<Person, ServerError> {
    needs(actor, Right::ManagePeople)?;
    let changed = app.store.set_disabled(person, disabled, demo_is_on(&app.config), &auth::by(&actor.who)).await?;
    tracing::info!(person = %person, disabled, by = actor.who.id, done = matches!(changed, Changed::Done(_)), "disabled or enabled an account");
    told(changed)
}

/// Makes an account for whoever has the command line; answers its password.
pub async fn create_from_cli(store: &Store, name: &str, login: &str, role: Role) -> Result<String, ServerError> {
    create_account(store, name, login, role, &By::console()).await.map(|created| created.token)
}

/// The path of a new one-time link to the first admin, while there is none. Links made before end.
pub async fn ensure_first_admin_link(app: &App) -> Result<Option<String>, ServerError> {
    if demo_is_on(&app.config) || app.store.has_admin(false).await? {
        return Ok(None);
    }
    let key = secrets::new_secret("");
    app.store.set_first_admin_key(&secrets::hash(&key), app.clock().now().plus_secs(LINK_LIVES_FOR_SECS)).await?;
    Ok(Some(format!("/setup?key={key}")))
}

/// Makes the ready-made people that are missing, where the demo is on.
pub async fn ensure_demo_people(app: &App) -> Result<(), ServerError> {
    if !demo_is_on(&app.config) {
        return Ok(());
    }
    for (login, name, role) in DEMO_PEOPLE {
        let person = Person { demo: true, ..new_person(name, login, role, app.clock().now())? };
        app.store.create_person(&person, None, &By::system()).await?;
    }
    Ok(())
}

/// A person who begins now, as typed: names are trimmed, logins kept in lower case.
pub fn new_person(name: &str, login: &str, role: Role, now: Timestamp) -> Result<Person, Failure> {
    let (name, login) = (a_name(name)?, a_login(login)?);
    Ok(Person { id: PersonId(Uuid::now_v7()), login, name, role, disabled: false, demo: false, created_at: now, seen_at: None })
}

/// The login belongs to somebody else.
pub fn login_taken() -> Failure {
    Failure::new(FailureKind::Refused, "login_taken", "somebody else has this login").with_next("Choose another one.")
}

/// Refuses whoever lacks a right, in its words.
pub fn needs(actor: &Actor, right: Right) -> Result<(), Failure> {
    if actor.role.may(right) { Ok(()) } else { Err(Failure::new(FailureKind::Forbidden, "forbidden", right.refusal())) }
}

/// A name as it is shown, of a person or a token.
pub fn a_name(typed: &str) -> Result<String, Failure> {
    let name = typed.trim();
    match name.chars().count() {
        0 => Err(Failure::new(FailureKind::Invalid, "name_missing", "a name is missing")),
        1..=LONGEST_NAME if !name.chars().any(char::is_control) => Ok(name.to_owned()),
        1..=LONGEST_NAME => Err(Failure::new(FailureKind::Invalid, "name_unreadable", "a name is one line of text")),
        _ => Err(Failure::new(FailureKind::Invalid, "name_too_long", "a name has at most 100 characters")),
    }
}

async fn create_account(store: &Store, name: &str, login: &str, role: Role, by: &By) -> Result<ShownOnce<Person>, ServerError> {
    let item = new_person(name, login, role, store.clock().now())?;
    let password = passwords::generate();
    let hash = passwords::hash(&password).await?;
    if !store.create_person(&item, Some(&hash), by).await? {
        return Err(login_taken().into());
    }
    Ok(ShownOnce { item, token: password })
}

fn a_login(typed: &str) -> Result<String, Failure> {
    let login = typed.trim().to_lowercase();
    let is_plain = |letter: char| letter.is_alphanumeric() || "._-+@".contains(letter);
    match login.chars().count() {
        0 => Err(Failure::new(FailureKind::Invalid, "login_missing", "a login is missing")),
        1..=LONGEST_NAME if login.chars().all(is_plain) => Ok(login),
        1..=LONGEST_NAME => Err(Failure::new(FailureKind::Invalid, "login_unreadable", "a login holds letters, digits and . _ - + @ only")),
        _ => Err(Failure::new(FailureKind::Invalid, "login_too_long", "a login has at most 100 characters")),
    }
}

fn told(changed: Changed) -> Result<Person, ServerError> {
    match changed {
        Changed::Done(person) => Ok(person),
        Changed::Unknown => Err(unknown_person().into()),
        Changed::LastAdmin => Err(Failure::new(FailureKind::Refused, "last_admin", "this is the last admin: nobody could manage people any more")
            .with_next("Make somebody else an admin first.")
            .into()),
    }
}

fn unknown_person() -> Failure {
    Failure::new(FailureKind::NotFound, "unknown_person", "there is no such account")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::people::{ActorKind, ActorRef},
        server::{auth::testing::an_app, usecases::tokens},
    };

    fn an_actor(role: Role) -> Actor {
        Actor { who: ActorRef { kind: ActorKind::Person, id: "1".to_owned(), name: "Somebody".to_owned() }, role }
    }

    fn code<T>(outcome: Result<T, ServerError>) -> String {
        outcome.map_or_else(|error| error.into_failure().code, |_| "done".to_owned())
    }

    #[tokio::test]
    async fn the_last_admin_can_neither_be_demoted_nor_disabled() {
        let (app, _folder) = an_app(Config::default()).await;
        let admin = an_actor(Role::Admin);
        let mara = create(&app, &admin, "Mara", "mara", Role::Admin).await.expect("an admin may").item;
        assert_eq!(code(set_role(&app, &admin, mara.id, Role::Commander).await), "last_admin");
        assert_eq!(code(set_disabled(&app, &admin, mara.id, true).await), "last_admin");
        assert_eq!(app.store.person(mara.id).await.expect("the store works"), Some(mara.clone()), "nothing was changed");

        let elif = create(&app, &admin, "Elif", "elif", Role::Admin).await.expect("an admin may").item;
        assert!(set_disabled(&app, &admin, elif.id, true).await.expect("there is another admin").disabled);
        assert_eq!(code(set_role(&app, &admin, mara.id, Role::Viewer).await), "last_admin", "a disabled admin is none");
        set_disabled(&app, &admin, elif.id, false).await.expect("an admin may");
        assert_eq!(set_role(&app, &admin, mara.id, Role::Viewer).await.expect("there is another admin").role, Role::Viewer);
    }

    #[tokio::test]
    async fn only_admins_manage_people_and_tokens() {
        let (app, _folder) = an_app(Config::default()).await;
        let nobody = PersonId(Uuid::nil());
        for role in Role::ALL {
            let actor = an_actor(role);
            let (allowed, unknown) = if role == Role::Admin { ("done", "unknown_person") } else { ("forbidden", "forbidden") };
            assert_eq!(code(list(&app, &actor).await), allowed);
            assert_eq!(code(create(&app, &actor, "Mara", role.slug(), Role::Viewer).await), allowed);
            assert_eq!(code(reset_password(&app, &actor, nobody).await), unknown);
            assert_eq!(code(set_role(&app, &actor, nobody, Role::Admin).await), unknown);
            assert_eq!(code(set_disabled(&app, &actor, nobody, true).await), unknown);
            assert_eq!(code(tokens::list(&app, &actor).await), allowed);
            assert_eq!(code(tokens::create(&app, &actor, "ci", Role::Viewer).await), allowed);
            let token = crate::domain::ids::TokenId(Uuid::nil());
            assert_eq!(code(tokens::revoke(&app, &actor, token).await), if role == Role::Admin { "unknown_token" } else { "forbidden" });
        }
    }

    #[tokio::test]
    async fn logins_are_one_whatever_their_case_and_names_are_one_line() {
        let (app, _folder) = an_app(Config::default()).await;
        let admin = an_actor(Role::Admin);
        assert_eq!(create(&app, &admin, " Mara K. ", " Mara@Example.com ", Role::Viewer).await.expect("an admin may").item.login, "mara@example.com");
        assert_eq!(code(create(&app, &admin, "Mara", "MARA@example.com", Role::Viewer).await), "login_taken");
        for (name, login, refused) in [
            ("", "a", "name_missing"),
            ("a\nb", "a", "name_unreadable"),
            ("Mara", " ", "login_missing"),
            ("Mara", "a b", "login_unreadable"),
            ("Mara", "a\0", "login_unreadable"),
        ] {
            assert_eq!(code(create(&app, &admin, name, login, Role::Viewer).await), refused);
        }
        assert_eq!(code(create(&app, &admin, &"x".repeat(101), "x", Role::Viewer).await), "name_too_long");
        assert_eq!(code(create(&app, &admin, "x", &"x".repeat(101), Role::Viewer).await), "login_too_long");
    }

    #[tokio::test]
    async fn people_rename_themselves_and_tokens_cannot() {
        let (app, _folder) = an_app(Config::default()).await;
        let mara = create(&app, &an_actor(Role::Admin), "Mara", "mara", Role::Viewer).await.expect("an admin may").item;
        let me = crate::server::auth::sessions::me_of(&mara);
        assert_eq!(rename(&app, &me, " Mara K. ").await.expect("it is her own").name, "Mara K.");
        let token = Me { id: PersonId(Uuid::nil()), login: String::new(), ..me };
        assert_eq!(code(rename(&app, &token, "Mara").await), "unknown_person");
    }
}
