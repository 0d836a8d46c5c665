//! Accounts, sessions and tokens.

use crate::{databases::Fresh, story};
use tocsin::{
    domain::people::Role,
    server::{
        auth::{ClientAddress, Principal, secrets, sessions, still_valid},
        config::Config,
        state::App,
        usecases::{people, tokens},
    },
};

const PASSWORD: &str = "correct horse battery";

fn nobody_yet(fresh: &Fresh) -> std::sync::Arc<App> {
    App::new(fresh.store.clone(), Config::default())
}

story! {
    /// From the first start's link to the last session's end.
    async fn the_first_admin_manages_people_and_every_change_holds_at_once(fresh) {
        let app = nobody_yet(&fresh);
        let link = people::ensure_first_admin_link(&app).await.expect("the store works").expect("nobody has an account");
        let key = link.strip_prefix("/setup?key=").expect("it leads to the set-up");
        let from = ClientAddress::UNKNOWN;
        let mara = sessions::first_admin(&app, key, "Mara", "mara", PASSWORD, from).await.expect("the link works");
        assert!(sessions::first_admin(&app, key, "Eve", "eve", PASSWORD, from).await.is_err(), "it works once");
        let admin = mara.me.actor();

        let jonas = people::create(&app, &admin, "Jonas", "jonas", Role::Responder).await.expect("an admin may");
        assert!(people::create(&app, &admin, "Jonas", "Jonas", Role::Viewer).await.is_err(), "the login is taken");
        let signed_in = sessions::sign_in(&app, "jonas", &jonas.token, from, None).await.expect("the password is right");
        let hash = secrets::hash(&signed_in.secret);
        let open = sessions::find(&app, &hash).await.expect("the store works").expect("he is signed in");
        let stream = Principal::of_session(&open.person, hash.clone());
        assert!(still_valid(&app, &stream).await);

        fresh.at(3600);
        app.store.touch_session(&hash, jonas.item.id, app.clock().now()).await.expect("the store works");
        let listed = people::list(&app, &admin).await.expect("an admin may");
        assert_eq!(listed.iter().map(|person| (person.name.as_str(), person.seen_at)).collect::<Vec<_>>(), [("Jonas", Some(app.clock().now())), ("Mara", None)]);

        let renewed = sessions::change_password(&app, &stream, &jonas.token, PASSWORD, from).await.expect("the password is right");
        assert!(!still_valid(&app, &stream).await);
        let hash = secrets::hash(&renewed.secret);
        assert!(sessions::find(&app, &hash).await.expect("the store works").is_some());
        people::set_disabled(&app, &admin, jonas.item.id, true).await.expect("an admin may");
        assert_eq!(sessions::find(&app, &hash).await.expect("the store works"), None);
        assert!(sessions::sign_in(&app, "jonas", PASSWORD, from, None).await.is_err());

        people::set_disabled(&app, &admin, jonas.item.id, false).await.expect("an admin may");
        let reset = people::reset_password(&app, &admin, jonas.item.id).await.expect("an admin may");
        let again = sessions::sign_in(&app, "jonas", &reset.token, from, None).await.expect("the new password works");
        app.store.end_session(&secrets::hash(&again.secret), &tocsin::domain::audit::By::console()).await.expect("the store works");
        assert_eq!(people::rename(&app, &again.me, "Jonas K.").await.expect("it is his own").name, "Jonas K.");
        fresh.at(100 * 24 * 3600);
        let swept = app.store.delete_expired_sessions(app.clock().now(), app.clock().now().plus_secs(-3600)).await.expect("the store works");
        assert_eq!(swept, 1, "Mara's first session");
    }
}

story! {
    /// Two admins who demote each other at the same moment leave one of them.
    async fn one_admin_is_always_left(fresh) {
        let app = nobody_yet(&fresh);
        people::create_from_cli(&fresh.store, "Mara", "mara", Role::Admin).await.expect("the store works");
        people::create_from_cli(&fresh.store, "Elif", "elif", Role::Admin).await.expect("the store works");
        for _ in 0..10 {
            let admins = app.store.people().await.expect("the store works");
            let [a, b] = admins.as_slice() else { panic!("there are two: {admins:?}") };
            let admin = sessions::me_of(a).actor();
            let (one, other) = tokio::join!(people::set_role(&app, &admin, a.id, Role::Viewer), people::set_disabled(&app, &admin, b.id, true));
            assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
            for person in &admins {
                people::set_role(&app, &admin, person.id, Role::Admin).await.expect("there is an admin");
                people::set_disabled(&app, &admin, person.id, false).await.expect("there is an admin");
            }
        }
    }
}

story! {
    /// A token is worth something from when it is made until it is revoked.
    async fn tokens_are_made_used_and_revoked(fresh) {
        let app = nobody_yet(&fresh);
        let secret = tokens::create_from_cli(&fresh.store, "ci", Role::Responder).await.expect("the store works");
        let token = app.store.token_by_hash(&secrets::hash(&secret)).await.expect("the store works").expect("it was just made");
        assert_eq!((token.name.as_str(), token.last_used_at), ("ci", None));
        app.store.touch_token(token.id, app.clock().now()).await.expect("the store works");
        let principal = Principal::of_token(&token);
        assert!(still_valid(&app, &principal).await);
        assert_eq!(app.store.tokens().await.expect("the store works")[0].last_used_at, Some(app.clock().now()));
        assert!(app.store.revoke_token(token.id, app.clock().now(), &tocsin::domain::audit::By::console()).await.expect("the store works"));
        assert!(!app.store.revoke_token(token.id, app.clock().now(), &tocsin::domain::audit::By::console()).await.expect("the store works"), "there is nothing left to revoke");
        assert!(!still_valid(&app, &principal).await);
        assert_eq!(app.store.token_by_hash(&secrets::hash(&secret)).await.expect("the store works"), None);
    }
}
