//! The executive's answers, gathered: objectives, open majors, and who has them.

use super::{budgets, executive, people::needs};
use crate::{
    domain::{
        briefing::{Briefing, majors},
        people::{Actor, Right},
    },
    server::{error::ServerError, state::App},
};

/// Everything `/brief` says, as far as `actor` may see it.
pub async fn gather(app: &App, actor: &Actor) -> Result<Briefing, ServerError> {
    needs(actor, Right::Read)?;
    let board = budgets::board(app, actor).await?.told().clone();
    let (_, incidents) = app.store.board(actor).await?;
    let now = app.clock().now();
    Ok(Briefing {
        at: now,
        headline: board.headline,
        rows: board.rows,
        majors: majors(&incidents, now),
        updates: executive::updates(app, actor, now).await?,
        open: incidents.iter().filter(|incident| incident.state.is_open()).count(),
        demo: app.config.demo,
    })
}
