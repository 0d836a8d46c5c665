//! Who is calling: for scripts that check their token.

use super::schema;
use crate::{
    domain::people::{ActorKind, Right, Role},
    server::auth::Principal,
};
use axum::Json;
use serde::Serialize;

/// Whoever is behind a token or session.
#[derive(Serialize)]
pub struct Caller {
    kind: ActorKind,
    id: String,
    name: String,
    /// `None` for an API token.
    login: Option<String>,
    role: Role,
    /// What the role allows, beyond the rules of a single incident.
    rights: Vec<&'static str>,
}

/// Who is calling, and what they may do.
#[utoipa::path(get, path = "/api/v1/me", tag = "people", operation_id = "readMe",
    responses((status = 200, description = "The caller", body = schema::Caller), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn read(principal: Principal) -> Json<Caller> {
    let Principal { actor, me, .. } = principal;
    let rights = Right::ALL.into_iter().filter(|right| actor.role.may(*right)).map(slug).collect();
    Json(Caller { kind: actor.who.kind, id: actor.who.id, name: actor.who.name, login: (!me.is_token()).then_some(me.login), role: actor.role, rights })
}

fn slug(right: Right) -> &'static str {
    match right {
        Right::Read => "read",
        Right::Work => "work",
        Right::DescribeServices => "describe_services",
        Right::ManageObjectives => "manage_objectives",
        Right::OverrideGate => "override_gate",
        Right::SeePrivate => "see_private",
        Right::ReadIntegrations => "read_integrations",
        Right::ManageIntegrations => "manage_integrations",
        Right::ManagePeople => "manage_people",
        Right::ManageTokens => "manage_tokens",
        Right::ManageDataSources => "manage_data_sources",
        Right::ReadAudit => "read_audit",
        Right::SetTargets => "set_targets",
    }
}
