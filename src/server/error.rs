//! Everything that can go wrong in a use case, and how it is told to the outside.

use super::auth::limits::LONGEST_WAIT_SECS;
use crate::domain::{
    failure::{Failure, FailureKind},
    incident::Refusal,
};
use axum::http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The rules of incidents refuse it.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// Told to the outside as it is: bad input, missing rights, unknown things.
    #[error("{0}")]
    Failure(#[from] Failure),
    /// The store has trouble; the outside is told to try again.
    #[error("the store failed")]
    Store(#[from] super::store::StoreError),
}

impl ServerError {
    /// What the outside is told. Trouble of our own is logged here, once, with a reference.
    pub fn into_failure(self) -> Failure {
        let failure = self.in_words();
        answer_with_status(&failure);
        failure
    }

    fn in_words(self) -> Failure {
        match self {
            ServerError::Refused(refusal) => {
                let kind = if refusal.is_forbidden() { FailureKind::Forbidden } else { FailureKind::Refused };
                Failure::new(kind, refusal.code(), refusal.to_string())
            }
            ServerError::Failure(failure) => failure,
            ServerError::Store(error) => {
                let reference = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
                tracing::error!(reference, error = &error as &dyn std::error::Error, "the store failed");
                let mut failure = Failure::new(FailureKind::Unavailable, "store_unavailable", "the record cannot be reached right now")
                    .with_next("Nothing was changed. Try again.");
                failure.reference = Some(reference);
                failure
            }
        }
    }
}

/// A server function answers every failure with 500 unless the status is set beside it. Outside of
/// server functions, where the doors set it themselves, this changes nothing.
fn answer_with_status(failure: &Failure) {
    let (Some(options), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(failure.kind.status())) else { return };
    options.set_status(status);
    if failure.kind == FailureKind::Limited {
        options.insert_header(RETRY_AFTER, HeaderValue::from(LONGEST_WAIT_SECS));
    }
}
