//! `token create`, `user create`, `integration create`: what is made is shown once.

use super::{Done, Everywhere, open, operator, print_secret, told};
use crate::{
    domain::{
        integration::{Grouping, NewIntegration, Settings},
        people::Role,
    },
    server::{
        state::App,
        usecases::{integrations, people, tokens},
    },
};
use serde_json::json;
use std::{process::ExitCode, sync::Arc};

pub async fn create_token(everywhere: &Everywhere, name: &str, role: Role) -> Done {
    let (store, _) = open(everywhere).await?;
    let token = tokens::create_from_cli(&store, name, role).await.map_err(told)?;
    store.close().await;
    eprintln!("Made the API token “{name}” with the role {}. It is shown this once:", role.slug());
    print_secret(everywhere, &token, json!({ "name": name, "role": role, "token": token }));
    Ok(ExitCode::SUCCESS)
}

pub async fn create_user(everywhere: &Everywhere, name: &str, login: &str, role: Role) -> Done {
    let (store, _) = open(everywhere).await?;
    let password = people::create_from_cli(&store, name, login, role).await.map_err(told)?;
    store.close().await;
    eprintln!("Made the account {login} for {name} with the role {}. Its password is shown this once:", role.slug());
    print_secret(everywhere, &password, json!({ "name": name, "login": login, "role": role, "password": password }));
    Ok(ExitCode::SUCCESS)
}

pub async fn create_integration(everywhere: &Everywhere, source: String, name: String, token: Option<String>) -> Done {
    let (store, config) = open(everywhere).await?;
    let app: Arc<App> = App::new(store, config);
    let draft = NewIntegration { source, name, token, signing_secrets: vec![], settings: Settings::default(), grouping: Grouping::default() };
    let created = integrations::create(&app, &operator(), draft).await.map_err(told)?;
    app.store.close().await;
    eprintln!("Made the integration “{}” for {}. Its token is shown this once:", created.item.name, created.item.source);
    print_secret(everywhere, &created.token, serde_json::to_value(&created)?);
    Ok(ExitCode::SUCCESS)
}
