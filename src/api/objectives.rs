//! Objectives: how they stand, what they are, what is left out of them, and who may release.

use super::wire::{AppClient, Wire};
use crate::domain::{
    data_source::{DataSource, DataSourceDraft, SourceTried},
    failure::Failure,
    ids::{DataSourceId, ExclusionId, ObjectiveId, OverrideId},
    slo::{
        board::{Ground, ObjectivesBoard},
        exclusion::{Exclusion, ExclusionDraft},
        explain::Derivation,
        gate::{Gate, OverrideDraft},
        objective::{Objective, ObjectiveDraft},
        release::GateOverride,
        report::{Cost, ObjectivePage},
        tried::{TriedIndicator, TryDraft},
    },
    time::Timestamp,
};
use leptos::prelude::*;

/// The rows of all objectives and the sentence above them.
#[server(name = ObjectivesBoardCall, prefix = "/api/fn", endpoint = "objectives/board", protocol = Wire, client = AppClient)]
pub async fn board() -> Result<ObjectivesBoard, Failure> {
    use crate::server::{auth, state, usecases::budgets};
    let (app, me) = (state::app()?, auth::me().await?);
    budgets::board(&app, &me.actor()).await.map(|board| board.told().clone()).map_err(|error| error.into_failure())
}

/// What an objective's page is drawn from, for one of its windows.
#[server(name = ObjectivePageCall, prefix = "/api/fn", endpoint = "objectives/page", protocol = Wire, client = AppClient)]
pub async fn page(objective: String, window: Option<String>) -> Result<ObjectivePage, Failure> {
    use crate::server::{auth, state, usecases::budgets};
    let (app, me) = (state::app()?, auth::me().await?);
    budgets::page(&app, &me.actor(), &objective, window.as_deref()).await.map_err(|error| error.into_failure())
}

/// How a budget's figures come about.
#[server(name = DerivationCall, prefix = "/api/fn", endpoint = "objectives/derivation", protocol = Wire, client = AppClient)]
pub async fn derivation(objective: String, window: Option<String>, at: Option<Timestamp>) -> Result<Derivation, Failure> {
    use crate::server::{auth, state, usecases::budgets};
    let (app, me) = (state::app()?, auth::me().await?);
    budgets::derivation(&app, &me.actor(), &objective, window.as_deref(), at).await.map_err(|error| error.into_failure())
}

/// What what-if is computed from.
#[server(name = GroundCall, prefix = "/api/fn", endpoint = "objectives/ground", protocol = Wire, client = AppClient)]
pub async fn ground(objective: String) -> Result<Ground, Failure> {
    use crate::server::{auth, state, usecases::budgets};
    let (app, me) = (state::app()?, auth::me().await?);
    budgets::ground(&app, &me.actor(), &objective).await.map_err(|error| error.into_failure())
}

/// What an incident costs each objective that it concerns.
#[server(name = CostsCall, prefix = "/api/fn", endpoint = "objectives/costs", protocol = Wire, client = AppClient)]
pub async fn costs(incident: String) -> Result<Vec<Cost>, Failure> {
    use crate::server::{auth, state, usecases::budgets};
    let (app, me) = (state::app()?, auth::me().await?);
    budgets::costs(&app, &me.actor(), &incident).await.map_err(|error| error.into_failure())
}

/// Makes an objective, or describes the one with this id anew; `revision` is the one that was seen.
#[server(name = SaveObjectiveCall, prefix = "/api/fn", endpoint = "objectives/save", protocol = Wire, client = AppClient)]
pub async fn save(id: Option<ObjectiveId>, draft: ObjectiveDraft, revision: Option<i64>) -> Result<Objective, Failure> {
    use crate::server::{auth, state, usecases::objectives};
    let (app, me) = (state::app()?, auth::me().await?);
    let saved = match id {
        None => objectives::create(&app, &me.actor(), draft).await,
        Some(id) => objectives::change(&app, &me.actor(), &id.to_string(), draft, revision).await,
    };
    saved.map_err(|error| error.into_failure())
}

#[server(name = RemoveObjectiveCall, prefix = "/api/fn", endpoint = "objectives/remove", protocol = Wire, client = AppClient)]
pub async fn remove(id: ObjectiveId, revision: Option<i64>) -> Result<Objective, Failure> {
    use crate::server::{auth, state, usecases::objectives};
    let (app, me) = (state::app()?, auth::me().await?);
    objectives::remove(&app, &me.actor(), &id.to_string(), revision).await.map_err(|error| error.into_failure())
}

/// Tries an indicator on its source; nothing is kept.
#[server(name = TryIndicatorCall, prefix = "/api/fn", endpoint = "objectives/try", protocol = Wire, client = AppClient)]
pub async fn attempt(draft: TryDraft) -> Result<TriedIndicator, Failure> {
    use crate::server::{auth, state, usecases::trying};
    let (app, me) = (state::app()?, auth::me().await?);
    trying::attempt(&app, &me.actor(), draft).await.map_err(|error| error.into_failure())
}

#[server(name = ExclusionsCall, prefix = "/api/fn", endpoint = "exclusions/list", protocol = Wire, client = AppClient)]
pub async fn exclusions(objective: Option<String>) -> Result<Vec<Exclusion>, Failure> {
    use crate::server::{auth, state, usecases::exclusions};
    let (app, me) = (state::app()?, auth::me().await?);
    exclusions::list(&app, &me.actor(), objective.as_deref()).await.map_err(|error| error.into_failure())
}

#[server(name = ExcludeCall, prefix = "/api/fn", endpoint = "exclusions/create", protocol = Wire, client = AppClient)]
pub async fn exclude(draft: ExclusionDraft) -> Result<Exclusion, Failure> {
    use crate::server::{auth, state, usecases::exclusions};
    let (app, me) = (state::app()?, auth::me().await?);
    exclusions::create(&app, &me.actor(), draft).await.map_err(|error| error.into_failure())
}

#[server(name = EndExclusionCall, prefix = "/api/fn", endpoint = "exclusions/end", protocol = Wire, client = AppClient)]
pub async fn end_exclusion(id: ExclusionId, ends_at: Timestamp) -> Result<Exclusion, Failure> {
    use crate::server::{auth, state, usecases::exclusions};
    let (app, me) = (state::app()?, auth::me().await?);
    exclusions::end(&app, &me.actor(), id, ends_at).await.map_err(|error| error.into_failure())
}

#[server(name = RemoveExclusionCall, prefix = "/api/fn", endpoint = "exclusions/remove", protocol = Wire, client = AppClient)]
pub async fn remove_exclusion(id: ExclusionId) -> Result<Exclusion, Failure> {
    use crate::server::{auth, state, usecases::exclusions};
    let (app, me) = (state::app()?, auth::me().await?);
    exclusions::remove(&app, &me.actor(), id).await.map_err(|error| error.into_failure())
}

#[server(name = DataSourcesCall, prefix = "/api/fn", endpoint = "data-sources/list", protocol = Wire, client = AppClient)]
pub async fn data_sources() -> Result<Vec<DataSource>, Failure> {
    use crate::server::{auth, state, usecases::data_sources};
    let (app, me) = (state::app()?, auth::me().await?);
    data_sources::list(&app, &me.actor()).await.map_err(|error| error.into_failure())
}

/// Makes a data source, or changes what the draft names of the one with this id.
#[server(name = SaveDataSourceCall, prefix = "/api/fn", endpoint = "data-sources/save", protocol = Wire, client = AppClient)]
pub async fn save_data_source(id: Option<DataSourceId>, draft: DataSourceDraft) -> Result<DataSource, Failure> {
    use crate::server::{auth, state, usecases::data_sources};
    let (app, me) = (state::app()?, auth::me().await?);
    let saved = match id {
        None => data_sources::create(&app, &me.actor(), draft).await,
        Some(id) => data_sources::change(&app, &me.actor(), &id.to_string(), draft).await,
    };
    saved.map_err(|error| error.into_failure())
}

#[server(name = RemoveDataSourceCall, prefix = "/api/fn", endpoint = "data-sources/remove", protocol = Wire, client = AppClient)]
pub async fn remove_data_source(id: DataSourceId) -> Result<(), Failure> {
    use crate::server::{auth, state, usecases::data_sources};
    let (app, me) = (state::app()?, auth::me().await?);
    data_sources::remove(&app, &me.actor(), &id.to_string()).await.map_err(|error| error.into_failure())
}

#[server(name = TestDataSourceCall, prefix = "/api/fn", endpoint = "data-sources/test", protocol = Wire, client = AppClient)]
pub async fn test_data_source(id: DataSourceId) -> Result<SourceTried, Failure> {
    use crate::server::{auth, state, usecases::data_sources};
    let (app, me) = (state::app()?, auth::me().await?);
    data_sources::test(&app, &me.actor(), &id.to_string()).await.map_err(|error| error.into_failure())
}

/// Whether a service may release; without one, everything.
#[server(name = GateCall, prefix = "/api/fn", endpoint = "release-gate/read", protocol = Wire, client = AppClient)]
pub async fn gate(service: Option<String>) -> Result<Gate, Failure> {
    use crate::server::{auth, state, usecases::release_gate};
    let (app, me) = (state::app()?, auth::me().await?);
    release_gate::read(&app, &me.actor(), service.as_deref()).await.map_err(|error| error.into_failure())
}

/// The overrides that count now.
#[server(name = OverridesCall, prefix = "/api/fn", endpoint = "release-gate/overrides", protocol = Wire, client = AppClient)]
pub async fn overrides(service: Option<String>) -> Result<Vec<GateOverride>, Failure> {
    use crate::server::{auth, state, usecases::release_gate};
    let (app, me) = (state::app()?, auth::me().await?);
    release_gate::overrides(&app, &me.actor(), service.as_deref()).await.map_err(|error| error.into_failure())
}

#[server(name = OverrideCall, prefix = "/api/fn", endpoint = "release-gate/override", protocol = Wire, client = AppClient)]
pub async fn override_gate(service: String, draft: OverrideDraft) -> Result<GateOverride, Failure> {
    use crate::server::{auth, state, usecases::release_gate};
    let (app, me) = (state::app()?, auth::me().await?);
    release_gate::override_gate(&app, &me.actor(), &service, draft).await.map_err(|error| error.into_failure())
}

#[server(name = EndOverrideCall, prefix = "/api/fn", endpoint = "release-gate/end-override", protocol = Wire, client = AppClient)]
pub async fn end_override(id: OverrideId) -> Result<GateOverride, Failure> {
    use crate::server::{auth, state, usecases::release_gate};
    let (app, me) = (state::app()?, auth::me().await?);
    release_gate::end_override(&app, &me.actor(), id).await.map_err(|error| error.into_failure())
}
