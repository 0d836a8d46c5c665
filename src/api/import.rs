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
    let (status, answer) = wire::send(&path, Bytes::from(piece)).await.map_err(by_hand)?;
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

/// Other questions are asked again by themselves; a file is sent by somebody.
fn by_hand(failure: Failure) -> Failure {
    if failure.kind == FailureKind::Unreachable {
        return failure.with_next("Nothing is tried again by itself. Look again; importing twice changes nothing.");
    }
    failure
}

fn unreadable() -> Failure {
    Failure::new(FailureKind::Unavailable, "unreadable_answer", "the answer could not be read").with_next("Try again: importing twice changes nothing.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_did_not_arrive_is_sent_again_by_hand() {
        let failure = |kind| Failure::new(kind, "c", "words").with_next("It is tried again by itself.");
        let next = |kind| by_hand(failure(kind)).next.unwrap_or_default();
        assert_eq!(next(FailureKind::Unreachable), "Nothing is tried again by itself. Look again; importing twice changes nothing.");
        assert_eq!(by_hand(failure(FailureKind::Limited)), failure(FailureKind::Limited));
    }
}
