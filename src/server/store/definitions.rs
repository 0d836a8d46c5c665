//! Many definitions at once: all of them are written, or none.

use super::{KeptSource, ObjectiveDescribed, SourceKept, Store, StoreError, data_sources, exclusions, objectives, query, services};
use crate::domain::{
    audit::By,
    ids::{ExclusionId, ObjectiveId},
    services::ServiceDraft,
    slo::{exclusion::ExclusionDraft, objective::ObjectiveDraft},
};

/// One definition to write.
pub enum Change {
    Service {
        name: String,
        draft: ServiceDraft,
    },
    DataSource {
        source: Box<KeptSource>,
        is_new: bool,
    },
    /// With the objective it changes and the revision of it that was looked at.
    Objective {
        before: Option<(ObjectiveId, i64)>,
        draft: Box<ObjectiveDraft>,
    },
    /// With the one it takes the place of.
    Exclusion {
        before: Option<ExclusionId>,
        draft: Box<ExclusionDraft>,
    },
}

impl Store {
    /// Writes them in their order. `false`: somebody changed one of them meanwhile, and nothing
    /// was written.
    pub async fn apply(&self, changes: &[Change], by: &By) -> Result<bool, StoreError> {
        if changes.is_empty() {
            return Ok(true);
        }
        let now = self.clock.now();
        let mut write = self.begin().await?;
        // First, as everybody does who writes one: so they wait for each other here and nowhere else.
        objectives::mark_changed(&mut write).await?;
        for change in changes {
            let is_done = match change {
                Change::Service { name, draft } => services::describe(&mut write, name, draft, by, now).await.map(|()| true)?,
                Change::DataSource { source, is_new: true } => matches!(data_sources::create(&mut write, source, by).await?, SourceKept::Done),
                Change::DataSource { source, is_new: false } => matches!(data_sources::change(&mut write, source, by).await?, SourceKept::Done),
                Change::Objective { before: None, draft } => matches!(objectives::create(&mut write, draft, by, now).await?, ObjectiveDescribed::Done(_)),
                Change::Objective { before: Some((id, revision)), draft } => {
                    matches!(objectives::change(&mut write, *id, draft, Some(*revision), by, now).await?, ObjectiveDescribed::Done(_))
                }
                Change::Exclusion { before, draft } => {
                    let is_there = match before {
                        Some(id) => exclusions::remove(&mut write, *id, by, now).await?.is_some(),
                        None => true,
                    };
                    is_there && exclusions::create(&mut write, draft, by, now).await.map(|_| true)?
                }
            };
            if !is_done {
                return Ok(false);
            }
        }
        write.commit().await.map_err(query("write definitions"))?;
        Ok(true)
    }
}
