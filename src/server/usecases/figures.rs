//! Figures over incidents, as somebody may see them.

use super::people::needs;
use crate::{
    domain::{
        metrics::{Facts, Filter, Group, GroupBy, LOOK_BACK_SECS, Range, availability::Availability, figures},
        people::{Actor, Right},
        time::Timestamp,
    },
    server::{error::ServerError, store::Store},
};
use serde::Serialize;

/// Figures with the range they are for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    pub from: Timestamp,
    pub to: Timestamp,
    pub groups: Vec<Group>,
}

/// Every incident metric over `range`.
pub async fn incidents(store: &Store, who: &Actor, range: Range, filter: Filter, by: GroupBy) -> Result<Figures, ServerError> {
    needs(who, Right::Read)?;
    let touched = Range { from: range.from.plus_secs(-LOOK_BACK_SECS), to: range.to };
    let facts = store.facts(&touched, who).await?;
    let groups = figures(&facts, &range, &filter, by, store.clock().now());
    Ok(Figures { from: range.from, to: range.to, groups })
}

/// Which part of `range` nobody was hurt in.
pub async fn availability(store: &Store, who: &Actor, range: Range, filter: Filter) -> Result<Availability, ServerError> {
    needs(who, Right::Read)?;
    let facts = store.facts(&range, who).await?;
    // Whether a service was hurt is what its windows say, whatever services an incident names now.
    let Filter { service, .. } = &filter;
    let of_any_service = Filter { service: None, ..filter.clone() };
    let counted: Vec<&Facts> = facts.iter().filter(|facts| of_any_service.matches(facts)).collect();
    Ok(Availability::of(&counted, &range, service.as_deref(), store.clock().now()))
}
