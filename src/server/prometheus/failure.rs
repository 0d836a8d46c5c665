//! Why a query has no answer. Every kind is a gap for whoever measures, never data.

/// What went wrong, in words that hold no secret. Only [`PromError::BadQuery`] is the asker's doing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PromError {
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("it did not answer within {secs} s")]
    TimedOut { secs: u64 },
    #[error("{}", refused(*.status))]
    Refused { status: u16 },
    /// Redirects are not followed: they would carry the credentials to wherever it likes.
    #[error("it redirects to {to}; give that address if it is meant")]
    Redirected { to: String },
    #[error("it refuses the query: {0}")]
    BadQuery(String),
    #[error("it is too busy (status {status})")]
    TooBusy { status: u16, retry_after_secs: Option<u64> },
    /// The answer came with warnings: parts of the data may be missing.
    #[error("its answer is incomplete: {}", .0.join("; "))]
    Partial(Vec<String>),
    #[error("what answers there is no Prometheus API: {0}")]
    NotPrometheus(String),
    #[error("its answer is larger than {} MiB", .limit_bytes / (1024 * 1024))]
    TooLarge { limit_bytes: usize },
}

impl PromError {
    /// Whether the endpoint itself has trouble, so that other queries would fare no better.
    pub fn is_of_endpoint(&self) -> bool {
        match self {
            PromError::Unreachable(_)
            | PromError::TimedOut { .. }
            | PromError::Refused { .. }
            | PromError::Redirected { .. }
            | PromError::TooBusy { .. }
            | PromError::NotPrometheus(_) => true,
            PromError::BadQuery(_) | PromError::Partial(_) | PromError::TooLarge { .. } => false,
        }
    }

    /// How long it asks to be left alone.
    pub fn retry_after_secs(&self) -> Option<u64> {
        match self {
            PromError::TooBusy { retry_after_secs, .. } => *retry_after_secs,
            _ => None,
        }
    }
}

fn refused(status: u16) -> String {
    match status {
        401 => "it does not know us (status 401): check the credentials".to_owned(),
        403 => "it does not let us read (status 403): check the rights of the credentials and the tenant".to_owned(),
        _ => format!("it refuses with status {status}"),
    }
}
