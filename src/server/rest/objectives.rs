//! Objectives for programs: made, changed, removed, and how they stand.

use super::{
    List, by_hand,
    problem::Problem,
    query::Asked,
    schema,
    sent::{Named, Sent, if_match},
    strict::unknown_fields,
};
use crate::{
    domain::{
        failure::FailureKind,
        slo::{
            explain::Derivation,
            objective::{Objective, ObjectiveDraft},
            report::{BudgetReport, Cost, Trouble},
            tried::{TriedIndicator, TryDraft},
        },
    },
    server::{
        auth::Principal,
        state::App,
        store::Revision,
        usecases::{
            budgets::{self, Slices},
            objectives, trying,
        },
    },
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// What is told of an objective, and what keeps it from being measured now.
#[derive(Serialize)]
pub struct Measured<T> {
    #[serde(flatten)]
    told: T,
    /// As far as this server knows, which asks the objective's source.
    trouble: Option<Trouble>,
}

/// Every objective, by name.
#[utoipa::path(get, path = "/api/v1/slos", tag = "objectives", operation_id = "listObjectives",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
        ("service" = Option<String>, Query, description = "Only those of this service"),
    ),
    responses((status = 200, description = "A page of objectives", body = schema::Objectives), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<List<Measured<Objective>>>, Problem> {
    let limit = usize::try_from(asked.limit()?).unwrap_or(usize::MAX);
    let after = asked.one("cursor", "the next_cursor of the page before", |text| text.strip_prefix("after:").map(str::to_owned))?;
    let service = asked.text("service");
    let mut items = objectives::list(&app, &principal.actor).await?;
    items.retain(|objective| {
        service.is_none_or(|service| objective.draft.service.as_deref() == Some(service)) && after.as_ref().is_none_or(|after| objective.draft.name > *after)
    });
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| format!("after:{}", last.draft.name));
    let items = items.into_iter().map(|objective| Measured { trouble: app.measure.trouble(objective.id), told: objective }).collect();
    Ok(Json(List { items, next_cursor }))
}

/// Makes an objective. Without an indicator its readings are sent to `POST /api/v1/sli`; `window`
/// stands for a single one of `windows`.
#[utoipa::path(post, path = "/api/v1/slos", tag = "objectives", operation_id = "createObjective",
    request_body = schema::ObjectiveDraft,
    responses((status = 201, description = "The objective", body = schema::Objective), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn create(State(app): State<Arc<App>>, principal: Principal, Sent(sent): Sent<Value>) -> Result<Response, Problem> {
    let made = objectives::create(&app, &principal.actor, draft(sent)?).await?;
    let location = format!("/api/v1/slos/{}", made.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location), (header::ETAG, etag(&made))], Json(made)).into_response())
}

/// One objective.
#[utoipa::path(get, path = "/api/v1/slos/{id}", tag = "objectives", operation_id = "readObjective",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, description = "The objective", body = schema::Objective), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn read(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Response, Problem> {
    Ok(tagged(objectives::read(&app, &principal.actor, &id).await?))
}

/// Describes an objective anew, whole. `If-Match` names the revision that was seen.
#[utoipa::path(put, path = "/api/v1/slos/{id}", tag = "objectives", operation_id = "describeObjective",
    params(("id" = String, Path, description = "Its id or name"), ("If-Match" = Option<String>, Header, description = "The revision that was seen")),
    request_body = schema::ObjectiveDraft,
    responses((status = 200, description = "The objective", body = schema::Objective), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn put(
    State(app): State<Arc<App>>,
    principal: Principal,
    Named(id): Named,
    headers: HeaderMap,
    Sent(sent): Sent<Value>,
) -> Result<Response, Problem> {
    let seen = if_match(&headers)?;
    let leaves_slice = sent.get("slice_s").is_none();
    let mut draft = draft(sent)?;
    if leaves_slice {
        draft = draft.in_slices_of(&objectives::read(&app, &principal.actor, &id).await?.draft);
    }
    Ok(tagged(objectives::change(&app, &principal.actor, &id, draft, seen).await?))
}

/// Changes an objective: fields that are absent stay.
#[utoipa::path(patch, path = "/api/v1/slos/{id}", tag = "objectives", operation_id = "changeObjective",
    params(("id" = String, Path, description = "Its id or name"), ("If-Match" = Option<String>, Header, description = "The revision that was seen")),
    request_body = schema::ObjectiveDraft,
    responses((status = 200, description = "The objective", body = schema::Objective), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn patch(
    State(app): State<Arc<App>>,
    principal: Principal,
    Named(id): Named,
    headers: HeaderMap,
    Sent(sent): Sent<Value>,
) -> Result<Response, Problem> {
    let seen = if_match(&headers)?;
    let Value::Object(changes) = by_hand::objective(sent)? else { return Err(unfit("it is an object of the fields to change")) };
    let before = objectives::read(&app, &principal.actor, &id).await?;
    let mut whole = serde_json::to_value(&before.draft).map_err(unfit)?;
    if let Some(fields) = whole.as_object_mut() {
        fields.extend(changes);
    }
    // Without a revision of its own, it changes what was just read and nothing newer.
    let seen = seen.or(Some(before.revision));
    Ok(tagged(objectives::change(&app, &principal.actor, &id, draft(whole)?, seen).await?))
}

/// Removes an objective with everything that was measured for it.
#[utoipa::path(delete, path = "/api/v1/slos/{id}", tag = "objectives", operation_id = "removeObjective",
    params(("id" = String, Path, description = "Its id or name"), ("If-Match" = Option<String>, Header, description = "The revision that was seen")),
    responses((status = 200, description = "The objective as it was", body = schema::Objective), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn remove(State(app): State<Arc<App>>, principal: Principal, Named(id): Named, headers: HeaderMap) -> Result<Json<Objective>, Problem> {
    let seen = if_match(&headers)?;
    Ok(Json(objectives::remove(&app, &principal.actor, &id, seen).await?))
}

/// How an objective stands: good, bad, what is left, burn rates, alerts, when it runs out, and what
/// keeps it from being measured. With `at` in the past, as it is known now of that instant: which
/// alerts fired is reckoned from the slices, and `trouble`, which is of now, is null.
#[utoipa::path(get, path = "/api/v1/slos/{id}/budget", tag = "objectives", operation_id = "readBudget",
    params(
        ("id" = String, Path, description = "Its id or name"),
        ("at" = Option<String>, Query, description = "RFC 3339; absent: now"),
        ("window" = Option<String>, Query, description = "One of its windows, such as 30d; absent: the first"),
    ),
    responses((status = 200, description = "The budget", body = schema::Budget), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn budget(State(app): State<Arc<App>>, principal: Principal, Named(id): Named, asked: Asked) -> Result<Json<Measured<BudgetReport>>, Problem> {
    let at = asked.time("at")?;
    let told = budgets::budget(&app, &principal.actor, &id, asked.text("window"), at).await?;
    let trouble = if at.is_some() { None } else { app.measure.trouble(told.objective.id) };
    Ok(Json(Measured { told, trouble }))
}

/// How the budget's figures come about, step by step.
#[utoipa::path(get, path = "/api/v1/slos/{id}/explain", tag = "objectives", operation_id = "explainBudget",
    params(
        ("id" = String, Path, description = "Its id or name"),
        ("at" = Option<String>, Query, description = "RFC 3339; absent: now"),
        ("window" = Option<String>, Query, description = "One of its windows, such as 30d; absent: the first"),
    ),
    responses((status = 200, description = "The derivation", body = schema::Derivation), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn explain(State(app): State<Arc<App>>, principal: Principal, Named(id): Named, asked: Asked) -> Result<Json<Derivation>, Problem> {
    Ok(Json(budgets::derivation(&app, &principal.actor, &id, asked.text("window"), asked.time("at")?).await?))
}

/// What was counted over a span, in even steps. Steps in which nothing was measured have no numbers.
#[utoipa::path(get, path = "/api/v1/slos/{id}/slices", tag = "objectives", operation_id = "readSlices",
    params(
        ("id" = String, Path, description = "Its id or name"),
        ("from" = Option<String>, Query, description = "RFC 3339; absent: one window before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339; absent: now"),
        ("step" = Option<i64>, Query, description = "Seconds; a multiple of the objective's slice"),
    ),
    responses((status = 200, description = "The steps, the oldest first", body = schema::Slices), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn slices(State(app): State<Arc<App>>, principal: Principal, Named(id): Named, asked: Asked) -> Result<Json<Slices>, Problem> {
    let step = asked.one("step", "a number of seconds", |text| text.trim_end_matches('s').parse::<i64>().ok().filter(|step| *step > 0))?;
    let range = (asked.time("from")?, asked.time("to")?);
    Ok(Json(budgets::slices(&app, &principal.actor, &id, range, step).await?))
}

/// How an objective was described, the newest first.
#[utoipa::path(get, path = "/api/v1/slos/{id}/revisions", tag = "objectives", operation_id = "listRevisions",
    params(
        ("id" = String, Path, description = "Its id or name"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
    ),
    responses((status = 200, description = "A page of revisions", body = schema::Revisions), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn revisions(State(app): State<Arc<App>>, principal: Principal, Named(id): Named, asked: Asked) -> Result<Json<List<Revision>>, Problem> {
    let items = objectives::revisions(&app, &principal.actor, &id).await?;
    Ok(Json(asked.cut(items, |revision| (-revision.revision, String::new()))?))
}

/// Tries an indicator on its source: what it finds and what it would have measured within the last
/// hour. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/slos/try", tag = "objectives", operation_id = "tryIndicator",
    request_body = schema::TryDraft,
    responses((status = 200, description = "What was found", body = schema::TriedIndicator), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn attempt(State(app): State<Arc<App>>, principal: Principal, Sent(draft): Sent<TryDraft>) -> Result<Json<TriedIndicator>, Problem> {
    Ok(Json(trying::attempt(&app, &principal.actor, draft).await?))
}

/// All objectives as rows, the worst first, and the sentence above them.
#[utoipa::path(get, path = "/api/v1/objectives/board", tag = "objectives", operation_id = "readObjectivesBoard",
    responses((status = 200, description = "The board", body = schema::ObjectivesBoard), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn board(State(app): State<Arc<App>>, principal: Principal) -> Result<Response, Problem> {
    let json = budgets::board(&app, &principal.actor).await?.json();
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response())
}

/// What an incident costs each objective that it concerns, the dearest first.
#[utoipa::path(get, path = "/api/v1/incidents/{id}/cost", tag = "incidents", operation_id = "readIncidentCost",
    params(
        ("id" = String, Path, description = "Its id, or its reference: INC-12"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
    ),
    responses((status = 200, description = "A page of costs", body = schema::Costs), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn cost(State(app): State<Arc<App>>, principal: Principal, Named(id): Named, asked: Asked) -> Result<Json<List<Cost>>, Problem> {
    // They are reckoned anew each time, so only their order says where one stands.
    let ranked: Vec<(i64, Cost)> = (0..).zip(budgets::costs(&app, &principal.actor, &id).await?).collect();
    let List { items, next_cursor } = asked.cut(ranked, |(rank, _)| (*rank, String::new()))?;
    Ok(Json(List { items: items.into_iter().map(|(_, cost)| cost).collect(), next_cursor }))
}

fn etag(objective: &Objective) -> String {
    format!("\"{}\"", objective.revision)
}

fn tagged(objective: Objective) -> Response {
    ([(header::ETAG, etag(&objective))], Json(objective)).into_response()
}

fn draft(sent: Value) -> Result<ObjectiveDraft, Problem> {
    let mut sent = by_hand::objective(sent)?;
    if let Some(fields) = sent.as_object_mut() {
        fields.entry("indicator").or_insert_with(|| json!({ "kind": "pushed" }));
    }
    let draft: ObjectiveDraft = serde_json::from_value(sent.clone()).map_err(unfit)?;
    match unknown_fields(&sent, &draft).as_slice() {
        [] => Ok(draft),
        [one] => Err(unfit(format!("there is no field “{one}” here"))),
        several => Err(unfit(format!("there are no fields “{}” here", several.join("”, “")))),
    }
}

pub(super) fn unfit(error: impl std::fmt::Display) -> Problem {
    Problem::new(FailureKind::Invalid, "invalid_objective", format!("the objective does not fit: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_by_hand_is_understood() {
        let sent = json!({"name": "pay", "target": "99.9 %", "window": "30d"});
        let read = draft(sent.clone()).expect("it fits");
        assert_eq!((read.windows.len(), read.indicator.slug()), (1, "pushed"));
        assert_eq!(draft(json!({"name": "pay", "target": 0.999, "windows": "30d", "indicator": "pushed"})).expect("it fits"), read);
        assert_eq!(draft(json!({"name": "pay", "target": "0.999", "windows": [{"type": "rolling", "seconds": 2_592_000}]})).expect("it fits"), read);
        assert!(draft(json!([])).is_err());
        for slip in [json!({"slice": 60}), json!({"indicator": {"kind": "pushed", "threshold_s": 1}}), json!({"alerting": {"minimum": 3}})] {
            let mut sent = sent.clone();
            sent.as_object_mut().expect("a mapping").extend(slip.as_object().expect("a mapping").clone());
            assert!(draft(sent).is_err(), "{slip}");
        }
        let told = serde_json::to_value(&read).expect("it has a form");
        assert_eq!(draft(told).expect("what is told can be said again"), read);
        assert!(draft(json!({"name": "pay", "target": 0.999})).is_err(), "a window is needed");
    }
}
