//! The debug board: the panels of one question, put together from the use cases that programs ask
//! one by one.

use super::{changes, objectives, telemetry};
use crate::{
    domain::{
        people::Actor,
        slo::objective::Indicator,
        telemetry::{
            board::{BoardPage, BoardQuestion, Promise, Told},
            differences::Difference,
            panels::Question,
        },
    },
    server::{error::ServerError, observed::panels::By, state::App, store::ChangeFilter},
};

/// More deploys than this are no marks any more but a wall.
const MOST_CHANGES: i64 = 40;

/// All that is drawn for a question.
pub async fn board(app: &App, actor: &Actor, question: BoardQuestion) -> Result<BoardPage, ServerError> {
    let BoardQuestion { range, compared, baseline, service, operation, step_s, source } = question;
    let drawn = Question { range, baseline, service: service.clone(), operation: operation.clone(), step_s: Some(step_s), source: source.clone() };
    let of_compared = Question { range: compared, step_s: None, ..drawn.clone() };
    let filter = ChangeFilter { from: Some(range.from), to: Some(range.to), service: None };
    let of_part = if compared == range { None } else { Some(telemetry::latency(app, actor, of_compared.clone()).await?.now) };
    Ok(BoardPage {
        asked_at: app.clock().now(),
        holdings: telemetry::holdings(app, actor).await?,
        services: telemetry::services(app, actor, compared, source.as_deref()).await?,
        latency: telemetry::latency(app, actor, drawn.clone()).await?,
        compared: of_part,
        errors: telemetry::errors(app, actor, Question { operation: None, baseline: None, ..drawn.clone() }).await?,
        callers: telemetry::traffic(app, actor, of_compared, By::Caller).await?,
        changes: changes::list(&app.store, actor, &filter, None, MOST_CHANGES).await?.items,
        objective: promise(app, actor, service.as_deref()).await?,
        sources: telemetry::sources(app, actor).await?,
        read_from: telemetry::origin(app, actor, &drawn).await?,
    })
}

/// What sets the compared part apart from its baseline; without a baseline nothing does.
pub async fn told(app: &App, actor: &Actor, question: BoardQuestion) -> Result<Told, ServerError> {
    let BoardQuestion { compared, baseline, service, source, .. } = question;
    if baseline.is_none() {
        telemetry::holdings(app, actor).await?;
        return Ok(Told::default());
    }
    // Whoever looks at one service is told of it first, and of what it may only suffer from too.
    let question = Question { range: compared, baseline, service: None, operation: None, step_s: None, source };
    let found = telemetry::differences(app, actor, question).await?;
    let concerns = |item: &Difference| service.as_ref().is_none_or(|wanted| *wanted == item.service || item.peer.as_ref() == Some(wanted));
    let (mut items, others): (Vec<Difference>, Vec<Difference>) = found.items.into_iter().partition(concerns);
    items.extend(others);
    Ok(Told { items, nearest: found.nearest })
}

/// The latency that is promised for a service; the strictest where there are several.
async fn promise(app: &App, actor: &Actor, service: Option<&str>) -> Result<Option<Promise>, ServerError> {
    let Some(service) = service else { return Ok(None) };
    let promises =
        objectives::list(app, actor).await?.into_iter().filter(|objective| objective.draft.service.as_deref() == Some(service)).filter_map(|objective| {
            let (Indicator::Latency { threshold_s, .. } | Indicator::Telemetry { threshold_s: Some(threshold_s), .. }) = objective.draft.indicator else {
                return None;
            };
            Some(Promise { objective: objective.draft.title.unwrap_or(objective.draft.name), threshold_s })
        });
    Ok(promises.min_by(|a, b| a.threshold_s.total_cmp(&b.threshold_s)))
}
