//! What the incidents on the screen spent of the error budgets. It is asked for when the column
//! stands there, for the rows that are seen and for no others; of open ones again every minute.

use super::List;
use crate::{
    api,
    domain::{
        ids::IncidentId,
        lists::{Column, IncidentRow},
        slo::{report::IncidentCosts, words},
    },
    ui::browser::{self, Words},
};
use leptos::{prelude::*, task::spawn_local};
use std::{collections::HashMap, sync::Arc};

/// Whoever scrolls is asked for nothing until they stop.
const PAUSE_MILLIS: i32 = 250;
const AGAIN_EVERY_SECS: i64 = 60;

/// What one incident costs, in words.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    figure: String,
    /// Of every objective that it concerns.
    whole: String,
    version: i64,
    asked_at_s: i64,
}

#[derive(Clone, Copy, Default)]
pub struct Costs {
    known: RwSignal<HashMap<IncidentId, Known>>,
    failed: RwSignal<bool>,
    turn: StoredValue<u32>,
}

impl Costs {
    /// Asks whenever other rows are seen.
    pub fn follow(self, list: List, seen: impl Fn() -> Vec<Arc<IncidentRow>> + Copy + Send + Sync + 'static, columns: Memo<Vec<Column>>) {
        let now = list.session.live.ticking();
        let minute = Memo::new(move |_| now.get().epoch_secs() / AGAIN_EVERY_SECS);
        Effect::new(move |_| {
            let is_asked = list.is_desk() && columns.with(|columns| columns.contains(&Column::Cost));
            minute.track();
            if !is_asked {
                return;
            }
            // Followed, so that scrolling asks for more.
            let _ = seen();
            self.turn.update_value(|turn| *turn += 1);
            let mine = self.turn.get_value();
            spawn_local(async move {
                browser::sleep(PAUSE_MILLIS).await;
                if self.turn.try_get_value() == Some(mine) && browser::is_visible() {
                    self.ask(list, &untrack(seen)).await;
                }
            });
        });
    }

    /// Follows what is known.
    pub fn track(self) {
        self.known.track();
        self.failed.track();
    }

    async fn ask(self, list: List, seen: &[Arc<IncidentRow>]) {
        let now_s = list.session.live.now().epoch_secs();
        let is_old = |row: &IncidentRow| {
            self.known.with_untracked(|known| {
                known.get(&row.id).is_none_or(|known| known.version != row.version || (row.state.is_open() && now_s - known.asked_at_s >= AGAIN_EVERY_SECS))
            })
        };
        let wanted: Vec<&Arc<IncidentRow>> = seen.iter().filter(|row| is_old(row)).collect();
        if wanted.is_empty() {
            return;
        }
        let versions: HashMap<IncidentId, i64> = wanted.iter().map(|row| (row.id, row.version)).collect();
        let answer = api::lists::costs(wanted.iter().map(|row| row.id).collect()).await;
        let _ = self.failed.try_set(answer.is_err());
        let Ok(found) = answer else { return };
        let _ = self.known.try_update(|known| {
            for costs in found {
                let (figure, whole) = said(&costs);
                let version = versions.get(&costs.id).copied().unwrap_or(0);
                known.insert(costs.id, Known { figure, whole, version, asked_at_s: now_s });
            }
        });
    }
}

/// The dearest in the row, all of them behind it.
fn said(costs: &IncidentCosts) -> (String, String) {
    let each = costs.costs.iter().map(|cost| {
        let shared = if cost.shared { ", shared with other incidents" } else { "" };
        format!("{} of {} over {}{shared}", words::percent(cost.ratio), cost.objective.title, cost.window)
    });
    let whole = each.collect::<Vec<_>>().join("; ");
    match costs.costs.first() {
        Some(dearest) => (words::percent(dearest.ratio), whole),
        None => ("–".to_owned(), "Nothing of any objective".to_owned()),
    }
}

/// The figure, and what it is made of.
pub fn words(list: List, id: IncidentId) -> Vec<Words> {
    let said = |figure: &str, title: Option<&str>, class: Option<&'static str>| {
        let attributes = vec![("title", title.map(str::to_owned)), ("class", class.map(str::to_owned))];
        Words { text: Some(figure.to_owned()), attributes, is_checked: None }
    };
    list.costs.known.with_untracked(|known| match known.get(&id) {
        Some(known) => vec![said(&known.figure, Some(&known.whole), None), Words::text(known.whole.clone())],
        None if list.costs.failed.get_untracked() => vec![said("?", Some("It could not be read; it is tried again."), Some("muted")), Words::text("")],
        None => vec![said("…", None, Some("muted")), Words::text("")],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::ObjectiveId,
        slo::report::{Brief, Cost},
    };
    use uuid::Uuid;

    #[test]
    fn the_dearest_stands_in_the_row_and_all_behind_it() {
        let objective = Brief {
            id: ObjectiveId(Uuid::from_u128(1)),
            name: "pay".into(),
            title: "Payments".into(),
            service: None,
            target: 0.99,
            method: "events".into(),
            generation: 1,
            revision: 1,
        };
        let cost = |ratio: f64, shared: bool| Cost {
            objective: objective.clone(),
            window: "30d".into(),
            bad: 1.0,
            ratio,
            minutes: 1.0,
            shared,
            points_per_hour: None,
        };
        let costs = IncidentCosts { id: IncidentId(Uuid::from_u128(2)), costs: vec![cost(0.312, true), cost(0.02, false)] };
        assert_eq!(said(&costs), ("31 %".to_owned(), "31 % of Payments over 30d, shared with other incidents; 2 % of Payments over 30d".to_owned()));
        assert_eq!(said(&IncidentCosts { costs: vec![], ..costs }).0, "–");
    }
}
