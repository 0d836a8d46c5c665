//! Reading the audit log, and the files in which it leaves the house.

use super::{people::needs, plain::plain_text};
use crate::{
    domain::{
        audit::{AuditEntry, AuditPage, AuditState, csv},
        people::{Actor, Right},
    },
    server::{
        error::ServerError,
        state::App,
        store::{AuditFilter, Page, Store, StoreError},
    },
};
use axum::body::Bytes;
use futures::{Stream, stream};
use serde_json::json;
use std::sync::Arc;

/// How many entries a file is written from at once.
const AT_ONCE: i64 = 500;

/// The forms in which the log is exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Csv,
    Json,
}

impl Form {
    pub fn from_slug(text: &str) -> Option<Self> {
        match text {
            "csv" => Some(Form::Csv),
            "json" => Some(Form::Json),
            _ => None,
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Form::Csv => "text/csv; charset=utf-8",
            Form::Json => "application/json",
        }
    }

    pub fn file_name(self) -> &'static str {
        match self {
            Form::Csv => "tocsin-audit.csv",
            Form::Json => "tocsin-audit.json",
        }
    }
}

/// A page of the log, the newest first.
pub async fn list(app: &App, actor: &Actor, filter: AuditFilter, cursor: Option<&str>, limit: i64) -> Result<Page<AuditEntry>, ServerError> {
    needs(actor, Right::ReadAudit)?;
    Ok(app.store.audit(&plain(filter), cursor, limit).await?)
}

/// The same with everybody whom the log names, for the screen.
pub async fn page(app: &App, actor: &Actor, filter: AuditFilter, cursor: Option<&str>, limit: i64) -> Result<AuditPage, ServerError> {
    let Page { items, next_cursor } = list(app, actor, filter, cursor, limit).await?;
    Ok(AuditPage { items, next_cursor, actors: app.store.audit_actors().await? })
}

/// Whether the log holds: it is followed from its first entry.
pub async fn state(app: &App, actor: &Actor) -> Result<AuditState, ServerError> {
    needs(actor, Right::ReadAudit)?;
    Ok(app.store.audit_state().await?)
}

/// The log as a file, written while it is read. The JSON begins with whether the whole log holds;
/// what a filter leaves out cannot be told from what is missing by its entries alone.
pub async fn export(
    app: &Arc<App>,
    actor: &Actor,
    filter: AuditFilter,
    form: Form,
) -> Result<impl Stream<Item = Result<Bytes, StoreError>> + Send + use<>, ServerError> {
    let head = match form {
        Form::Csv => {
            needs(actor, Right::ReadAudit)?;
            csv::HEADER.to_owned()
        }
        Form::Json => {
            let state = state(app, actor).await?;
            format!("{{\"exported_at\":{},\"verification\":{},\"entries\":[", json!(app.clock().now()), json!(state))
        }
    };
    let file = File { store: app.store.clone(), filter: plain(filter), form, step: Step::Head(head) };
    Ok(stream::try_unfold(file, File::next))
}

/// A file on its way out.
struct File {
    store: Store,
    filter: AuditFilter,
    form: Form,
    step: Step,
}

/// What is written next.
enum Step {
    Head(String),
    Entries { after: Option<String>, first: bool },
    Foot,
    Done,
}

impl File {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let text = match self.step {
            Step::Head(head) => {
                self.step = Step::Entries { after: None, first: true };
                head
            }
            Step::Entries { after, first } => {
                let page = self.store.audit(&self.filter, after.as_deref(), AT_ONCE).await?;
                let text = match self.form {
                    Form::Csv => page.items.iter().map(csv::row).collect(),
                    Form::Json => {
                        let entries = page.items.iter().map(|entry| json!(entry).to_string()).collect::<Vec<_>>().join(",\n");
                        if first || entries.is_empty() { entries } else { format!(",\n{entries}") }
                    }
                };
                self.step = page.next_cursor.map_or(Step::Foot, |after| Step::Entries { after: Some(after), first: false });
                text
            }
            Step::Foot => {
                self.step = Step::Done;
                if self.form == Form::Json { "]}\n".to_owned() } else { String::new() }
            }
            Step::Done => return Ok(None),
        };
        Ok(Some((Bytes::from(text), self)))
    }
}

/// PostgreSQL refuses to be asked for what no text that is kept holds.
fn plain(filter: AuditFilter) -> AuditFilter {
    AuditFilter { actor: filter.actor.as_deref().map(plain_text), action: filter.action.as_deref().map(plain_text), ..filter }
}
