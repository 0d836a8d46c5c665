//! A file of incidents, sent as it is to the door of programs: a server function would hold it
//! whole, as text within text.

use super::wire;
use crate::domain::{
    failure::{Failure, FailureKind},
    import::{FileKind, IncidentReport},
    reading::{self, Readable, Reader},
};
use server_fn::Bytes;

/// Imports a piece of a file, or only asks what that would do.
pub async fn send(kind: FileKind, dry_run: bool, piece: Vec<u8>) -> Result<IncidentReport, Failure> {
    let path = format!("{}{}", kind.path(), if dry_run { "?dry_run=true" } else { "" });
    let (status, answer) = wire::send(&path, Bytes::from(piece)).await?;
    if status >= 400 {
        return Err(reading::read(&answer).map_or_else(unreadable, |Problem(failure)| failure));
    }
    reading::read(&answer).ok_or_else(unreadable)
}

/// A failure as that door tells it.
struct Problem(Failure);

impl Readable for Problem {
    fn read(from: Reader<'_>) -> Self {
        let (code, words): (String, String) = (from.get("code"), from.get("detail"));
        let status: i64 = from.get("status");
        let kind = FailureKind::from_status(u16::try_from(status).unwrap_or(0));
        let failure = Failure::new(kind, &code, words);
        let next: Option<String> = from.get("next");
        Self(Failure { next, reference: from.get("reference"), ..failure })
    }
}

fn unreadable() -> Failure {
    Failure::new(FailureKind::Unavailable, "unreadable_answer", "the answer could not be read").with_next("Try again: importing twice changes nothing.")
}
