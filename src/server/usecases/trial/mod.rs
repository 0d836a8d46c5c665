//! The tester: what a delivery would become, read and judged as a real one is, and nothing stored.

mod stage;

use super::{intake, people::needs};
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        integration::{Grouping, Settings},
        people::{Actor, Right},
        time::Timestamp,
        trial::{PredictedChange, Prediction, RejectedSignal, SignatureCheck, Trial, TrialRefusal, TriedWith},
    },
    server::{
        error::ServerError,
        sources::{self, Parsed, Rejected, Source, pagerduty_events},
        state::App,
        store::{Sender, Store},
    },
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use stage::Stage;

/// More alerts of one delivery are not told one by one.
const MOST_SIGNALS: usize = 500;
const MOST_HEADERS: usize = 100;

/// What would become of a delivery. For those who manage integrations: it tells of every alert
/// that is known, also of those in private incidents.
pub async fn predict(app: &App, actor: &Actor, trial: Trial) -> Result<Prediction, ServerError> {
    needs(actor, Right::ManageIntegrations)?;
    let Some(source) = sources::find(trial.source.trim()) else {
        let known: Vec<&str> = sources::ALL.iter().map(|source| source.slug).collect();
        return Err(invalid("unknown_source", format!("there is no source of that name; there are {}", known.join(", "))).into());
    };
    let (headers, now) = (headers_of(&trial)?, app.clock().now());
    let sender = whose(&app.store, source, &trial).await?;
    let signature = check_signature(source, sender.as_ref(), &headers, trial.body.as_bytes(), now);
    let mut prediction = Prediction {
        integration: sender.as_ref().map(|sender| TriedWith { id: sender.integration.id, name: sender.integration.name.clone() }),
        refused: turned_away(source, sender.as_ref(), &signature, &trial),
        signature,
        ..Prediction::default()
    };
    match read(source, &headers, &trial.body, now) {
        Ok((parsed, remark)) => {
            prediction.warnings.extend(remark);
            fill(app, sender.as_ref(), parsed, now, &mut prediction).await?;
        }
        Err(rejected) => {
            let said = TrialRefusal { code: rejected.code.to_owned(), words: rejected.words, errors: rejected.errors };
            // The door looks at the key and the signature first.
            prediction.refused = prediction.refused.or(Some(said));
        }
    }
    Ok(prediction)
}

async fn fill(app: &App, sender: Option<&Sender>, parsed: Parsed, now: Timestamp, prediction: &mut Prediction) -> Result<(), ServerError> {
    let Parsed { signals, changes, warnings, rejected, .. } = parsed;
    let grouping = sender.map_or_else(Grouping::default, |sender| sender.integration.grouping.clone());
    let mut stage = Stage::new(&app.store, sender.map(|sender| sender.integration.id), grouping, now);
    prediction.warnings.extend(warnings);
    if signals.len() > MOST_SIGNALS {
        prediction.warnings.push(format!("only the first {MOST_SIGNALS} of its {} alerts are told here", signals.len()));
    }
    for signal in signals.into_iter().take(MOST_SIGNALS) {
        prediction.signals.push(stage.play(signal).await?);
    }
    prediction.incidents_opened = stage.incidents_opened();
    prediction.changes = changes
        .into_iter()
        .map(|change| PredictedChange { key: change.key, service: change.service, title: change.title, status: change.status, happened_at: change.happened_at })
        .collect();
    let place = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
    prediction.rejected = rejected.into_iter().map(|alert| RejectedSignal { index: place(alert.index), words: alert.words }).collect();
    Ok(())
}

/// Reads it as its door does. What belongs to another door of the same source is read as well, and said.
fn read(source: &Source, headers: &HeaderMap, body: &str, now: Timestamp) -> Result<(Parsed, Option<String>), Rejected> {
    let first = intake::read(source.parse, headers, body.as_bytes(), now);
    if first.is_err()
        && source.slug == pagerduty_events::SOURCE.slug
        && let Ok(change) = intake::read(pagerduty_events::parse_change, headers, body.as_bytes(), now)
    {
        return Ok((change, Some("this is a change event: it is sent to /v2/change/enqueue".to_owned())));
    }
    first.map(|parsed| (parsed, None))
}

/// The integration that would receive it.
async fn whose(store: &Store, source: &Source, trial: &Trial) -> Result<Option<Sender>, ServerError> {
    if let Some(id) = trial.integration_id {
        let unknown = || Failure::new(FailureKind::NotFound, "unknown_integration", "there is no such integration");
        let sender = store.sender(id).await?.ok_or_else(unknown)?;
        if sender.integration.source != source.slug {
            let words = format!("the integration “{}” is for {}", sender.integration.name, sender.integration.source);
            return Err(invalid("other_source", words).into());
        }
        return Ok(Some(sender));
    }
    let mut of_source: Vec<Sender> = store.senders().await?.into_iter().filter(|sender| sender.integration.source == source.slug).collect();
    Ok(if of_source.len() == 1 { of_source.pop() } else { None })
}

fn headers_of(trial: &Trial) -> Result<HeaderMap, Failure> {
    let bad = |name: &str| invalid("bad_header", format!("headers: “{name}” is no header that can be sent"));
    if trial.headers.len() > MOST_HEADERS {
        return Err(invalid("bad_header", format!("headers: at most {MOST_HEADERS}")));
    }
    let header = |(name, value): (&String, &String)| {
        let value = HeaderValue::from_str(value.trim()).map_err(|_| bad(name))?;
        Ok((HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| bad(name))?, value))
    };
    trial.headers.iter().map(header).collect()
}

/// Checks what the door would check.
fn check_signature(source: &Source, sender: Option<&Sender>, headers: &HeaderMap, body: &[u8], now: Timestamp) -> SignatureCheck {
    let none = Settings::default();
    let settings = sender.map_or(&none, |sender| &sender.integration.settings);
    let secrets: Vec<String> = sender.map(|sender| sender.signing_secrets.iter().map(|known| known.secret.clone()).collect()).unwrap_or_default();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (required, given) = (!secrets.is_empty(), source.signature.is_given(settings, header));
    let mut check = SignatureCheck { required, header: source.signature.header(settings).to_owned(), given, holds: None, words: None };
    if required {
        let verdict = source.signature.verify(settings, &secrets, header, body, now);
        check.holds = given.then_some(verdict.is_ok());
        check.words = verdict.err().map(|bad| bad.to_string());
    } else if given {
        check.words = Some("the integration has no signing secret, so nothing is checked".to_owned());
    }
    check
}

/// Why the door would take nothing at all from this integration now.
fn turned_away(source: &Source, sender: Option<&Sender>, signature: &SignatureCheck, trial: &Trial) -> Option<TrialRefusal> {
    let refusal = |code: &str, words: String| Some(TrialRefusal { code: code.to_owned(), errors: vec![words.clone()], words });
    if trial.body.len() > source.max_body {
        return refusal("too_large", format!("the body is larger than {} bytes", source.max_body));
    }
    if sender.is_some_and(|sender| sender.integration.disabled) {
        return refusal("integration_disabled", "this integration is switched off".to_owned());
    }
    if signature.required && signature.holds != Some(true) {
        return refusal("bad_signature", signature.words.clone().unwrap_or_default());
    }
    None
}

fn invalid(code: &str, words: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Invalid, code, words)
}
