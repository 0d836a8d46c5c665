//! GitHub's webhooks: deployments, their statuses, and workflow runs, as changes. They page nobody.
//!
//! Traps: a webhook of content type `application/x-www-form-urlencoded` carries its JSON in the
//! field `payload` and signs the form; GitHub never sends again by itself, and what people send
//! again there keeps its id; a `deployment` event may carry the workflow run that made it;
//! `deployment.payload` is an object or a text; `inactive` arrives with the next deployment, so
//! its time is not that of the one it is about.

use super::{
    Parsed, Rejected, Request, Source,
    fields::Fields,
    json,
    raw_change::{RawChange, delivery_id, short_ref},
    signature::Scheme,
    text,
};
use crate::domain::change::ChangeStatus;
use serde_json::Value;
use std::borrow::Cow;

pub const SOURCE: Source = Source {
    setup: "# Repository or organisation → Settings → Webhooks → Add webhook\nPayload URL:  {url}/hooks/github/{token}\nContent type: application/json\nSecret:       a signing secret of this integration, where it has one\nEvents:       Deployments, Deployment statuses; Workflow runs where they deploy\n# A service is known by `service` in the deployment's payload, else by the repository's name.\n",
    docs: "https://docs.github.com/en/webhooks/webhook-events-and-payloads",
    example: include_str!("../../../tests/fixtures/github/deployment_status.json"),
    max_body: 4 * 1024 * 1024,
    signature: Scheme::Hmac { header: "x-hub-signature-256" },
    ..Source::new("github", "GitHub", parse)
};

/// What is read; everything else is accepted and passed over.
#[derive(Clone, Copy)]
enum Event {
    Ping,
    Deployment,
    DeploymentStatus,
    WorkflowRun,
}

impl Event {
    fn of(request: &Request, body: &Fields) -> Result<Self, String> {
        match (request.header)("x-github-event").map(str::trim) {
            Some("ping") => Ok(Event::Ping),
            Some("deployment") => Ok(Event::Deployment),
            Some("deployment_status") => Ok(Event::DeploymentStatus),
            Some("workflow_run") => Ok(Event::WorkflowRun),
            Some(other) => Err(format!("“{}”", text::line(other, 60))),
            // Somebody tries a payload without its headers; the order tells those apart that hold one another.
            None if body.has("deployment_status") => Ok(Event::DeploymentStatus),
            None if body.has("deployment") => Ok(Event::Deployment),
            None if body.has("workflow_run") => Ok(Event::WorkflowRun),
            None if body.text("zen").is_some() => Ok(Event::Ping),
            None => Err("this".to_owned()),
        }
    }
}

fn parse(request: &Request) -> Result<Parsed, Rejected> {
    let body = json::read(&payload(request.body))?;
    let event = Fields::of(&body).ok_or_else(|| Rejected::new("no_object", "the body is not an object"))?;
    let mut parsed = Parsed { delivery_id: delivery_id(request, &["x-github-delivery"]), ..Parsed::default() };
    let change = match Event::of(request, &event) {
        Ok(Event::Ping) => return Ok(parsed),
        Ok(Event::Deployment) => deployment(&event, None, request),
        Ok(Event::DeploymentStatus) => deployment(&event, Some(event.fields("deployment_status")), request),
        Ok(Event::WorkflowRun) => workflow_run(&event, request),
        Err(name) => {
            parsed.warn(format!("{name} is no event that is read here: deployments, their statuses and workflow runs are"));
            return Ok(parsed);
        }
    };
    match change {
        Some(change) => change.add_to(&mut parsed),
        None => parsed.warn("the event names no repository or no id, so nothing was recorded"),
    }
    Ok(parsed)
}

/// The JSON of a body: all of it, or of a form the field `payload`. The content type is not asked;
/// no JSON that is read here begins like a form.
fn payload(body: &[u8]) -> Cow<'_, [u8]> {
    if matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return Cow::Borrowed(body);
    }
    let field = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    field.map_or(Cow::Borrowed(body), |(_, json)| Cow::Owned(json.into_owned().into_bytes()))
}

/// A deployment, or what became of it.
fn deployment(event: &Fields, status: Option<Fields>, request: &Request) -> Option<RawChange> {
    let (deployment, repository) = (event.fields("deployment"), event.fields("repository"));
    let key = format!("{}|{}", repository.text("full_name")?, deployment.text("id")?);
    let began_at = deployment.time("created_at", request.received_at);
    let state = status.as_ref().and_then(|status| status.text("state"));
    let told_at = match &status {
        Some(status) => status.time("updated_at", request.received_at).or_else(|| status.time("created_at", request.received_at)),
        None => began_at,
    };
    let told_at = told_at.unwrap_or(request.received_at);
    let name = |field: &str| status.as_ref().and_then(|status| status.text(field)).or_else(|| deployment.text(field));
    let what = deployment.text("ref").map_or_else(|| "a revision".to_owned(), |name| short_ref(&name));
    let verb = match deployment.text("task").as_deref() {
        None | Some("deploy") => "Deploy".to_owned(),
        Some(task) => task.to_owned(),
    };
    let environment = name("environment");
    let title = environment.as_ref().map_or_else(|| format!("{verb} {what}"), |environment| format!("{verb} {what} to {environment}"));

    let mut change = RawChange::new(key, title, told_at);
    change.status = state_of(status.is_some(), state.as_deref());
    if change.status == Some(ChangeStatus::Superseded) {
        change.happened_at = began_at.unwrap_or(told_at);
    }
    change.service = service_of(deployment.0.get("payload")).or_else(|| repository.text("name"));
    change.fact("environment", environment);
    change.fact("ref", deployment.text("ref"));
    change.fact("sha", deployment.text("sha"));
    change.fact("state", state);
    change.fact("description", name("description"));
    change.fact("by", deployment.fields("creator").text("login"));
    change.fact("repository", repository.text("full_name"));
    change.link(name("log_url").or_else(|| name("target_url")), "Log");
    change.link(name("environment_url"), "Environment");
    change.link(commit(&repository, deployment.text("sha")), "Commit");
    Some(change)
}

/// What a state means; a deployment without one was only just made.
fn state_of(is_status: bool, state: Option<&str>) -> Option<ChangeStatus> {
    match state {
        None => (!is_status).then_some(ChangeStatus::Pending),
        Some("pending" | "queued" | "waiting") => Some(ChangeStatus::Pending),
        Some("in_progress") => Some(ChangeStatus::Running),
        Some("success") => Some(ChangeStatus::Success),
        Some("failure" | "error") => Some(ChangeStatus::Failure),
        Some("inactive") => Some(ChangeStatus::Superseded),
        Some(_) => None,
    }
}

fn workflow_run(event: &Fields, request: &Request) -> Option<RawChange> {
    let (run, repository) = (event.fields("workflow_run"), event.fields("repository"));
    let key = format!("{}|run|{}", repository.text("full_name")?, run.text("id")?);
    let times = ["updated_at", "run_started_at", "created_at"];
    let told_at = times.iter().find_map(|name| run.time(name, request.received_at)).unwrap_or(request.received_at);
    let name = run.text("name").or_else(|| event.fields("workflow").text("name")).or_else(|| run.text("path"));
    let mut title = name.unwrap_or_else(|| "Workflow".to_owned());
    title.extend(run.text("run_number").map(|number| format!(" #{number}")));
    title.extend(run.text("head_branch").map(|branch| format!(" on {}", short_ref(&branch))));

    let mut change = RawChange::new(key, title, told_at);
    let conclusion = run.text("conclusion");
    change.status = match (conclusion.as_deref(), run.text("status").as_deref()) {
        (Some("success"), _) => Some(ChangeStatus::Success),
        (Some("failure" | "timed_out" | "startup_failure"), _) => Some(ChangeStatus::Failure),
        (Some(_), _) => Some(ChangeStatus::Other),
        (None, Some("in_progress")) => Some(ChangeStatus::Running),
        (None, Some("requested" | "queued" | "waiting" | "pending")) => Some(ChangeStatus::Pending),
        (None, _) => None,
    };
    change.service = repository.text("name");
    change.fact("conclusion", conclusion);
    change.fact("event", run.text("event"));
    change.fact("description", run.text("display_title"));
    change.fact("ref", run.text("head_branch"));
    change.fact("sha", run.text("head_sha"));
    change.fact("attempt", run.text("run_attempt"));
    change.fact("by", run.fields("actor").text("login"));
    change.fact("repository", repository.text("full_name"));
    change.link(run.text("html_url"), "Run");
    change.link(commit(&repository, run.text("head_sha")), "Commit");
    Some(change)
}

/// The service that a deployment's payload names, be it an object or a text that holds one.
fn service_of(payload: Option<&Value>) -> Option<String> {
    match payload? {
        Value::Object(fields) => Fields(fields).text("service"),
        Value::String(text) => serde_json::from_str::<Value>(text).ok().as_ref().and_then(Fields::of)?.text("service"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

fn commit(repository: &Fields, sha: Option<String>) -> Option<String> {
    let sha = sha.filter(|sha| !sha.is_empty() && sha.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some(format!("{}/commit/{sha}", repository.text("html_url")?))
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{RECEIVED_AT, at},
        *,
    };
    use crate::domain::change::ChangeRecord;
    use serde_json::json;

    const DEPLOYMENT: &str = include_str!("../../../tests/fixtures/github/deployment.json");
    const STATUS: &str = include_str!("../../../tests/fixtures/github/deployment_status.json");
    const RUN: &str = include_str!("../../../tests/fixtures/github/workflow_run_completed.json");
    const PING: &str = include_str!("../../../tests/fixtures/github/ping.json");

    fn deliver(event: Option<&str>, body: &[u8]) -> Result<Parsed, Rejected> {
        let header = |name: &str| match name {
            "x-github-event" => event,
            "x-github-delivery" => Some("72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            _ => None,
        };
        parse(&Request { body, header: &header, received_at: RECEIVED_AT, new_key: &|| "new".to_owned() })
    }

    fn change(event: Option<&str>, body: &str) -> ChangeRecord {
        let mut parsed = deliver(event, body.as_bytes()).expect("it is read");
        assert_eq!((parsed.changes.len(), parsed.signals.len(), parsed.warnings.len()), (1, 0, 0), "{parsed:?}");
        parsed.changes.remove(0)
    }

    fn with(body: &str, pointer: &str, value: Value) -> String {
        let mut body: Value = serde_json::from_str(body).expect("the fixture is JSON");
        *body.pointer_mut(pointer).expect("the fixture has this field") = value;
        body.to_string()
    }

    #[test]
    fn a_deployment_is_pending_and_known_by_repository_and_id() {
        let deployment = change(Some("deployment"), DEPLOYMENT);
        assert_eq!(deployment.key, "Codertocat/Hello-World|145988746");
        assert_eq!((deployment.title.as_str(), deployment.service.as_deref()), ("Deploy master to production", Some("Hello-World")));
        assert_eq!((deployment.status, deployment.happened_at), (Some(ChangeStatus::Pending), at("2019-05-15T15:20:53Z")));
        assert_eq!(deployment.doc["links"][0]["href"], "https://github.com/Codertocat/Hello-World/commit/f95f852bd8fca8fcc58a9a2d6c842781e32a215e");
        assert_eq!(deployment.doc["by"], "Codertocat");
    }

    #[test]
    fn a_status_says_how_far_the_same_deployment_has_come() {
        let status = change(Some("deployment_status"), STATUS);
        assert_eq!((status.key.as_str(), status.status), ("Codertocat/Hello-World|145988746", Some(ChangeStatus::Success)));
        assert_eq!((status.happened_at, status.told_at), (at("2019-05-15T15:20:55Z"), at("2019-05-15T15:20:55Z")));
        let cases = [
            ("pending", Some(ChangeStatus::Pending)),
            ("queued", Some(ChangeStatus::Pending)),
            ("waiting", Some(ChangeStatus::Pending)),
            ("in_progress", Some(ChangeStatus::Running)),
            ("failure", Some(ChangeStatus::Failure)),
            ("error", Some(ChangeStatus::Failure)),
            ("inactive", Some(ChangeStatus::Superseded)),
            ("purple", None),
        ];
        for (state, expected) in cases {
            assert_eq!(change(Some("deployment_status"), &with(STATUS, "/deployment_status/state", json!(state))).status, expected, "{state}");
        }
    }

    #[test]
    fn what_was_superseded_stays_where_it_happened() {
        let status = change(Some("deployment_status"), &with(STATUS, "/deployment_status/state", json!("inactive")));
        assert_eq!((status.happened_at, status.told_at), (at("2019-05-15T15:20:53Z"), at("2019-05-15T15:20:55Z")));
    }

    #[test]
    fn a_workflow_run_ends_in_its_conclusion() {
        let run = change(Some("workflow_run"), RUN);
        assert_eq!((run.key.as_str(), run.status), ("octo-org/octo-repo|run|289782451", Some(ChangeStatus::Success)));
        assert_eq!((run.title.as_str(), run.service.as_deref()), ("test #163 on master", Some("octo-repo")));
        assert_eq!(run.happened_at, at("2020-10-05T16:33:49Z"));
        for (conclusion, expected) in [
            (json!("failure"), Some(ChangeStatus::Failure)),
            (json!("timed_out"), Some(ChangeStatus::Failure)),
            (json!("startup_failure"), Some(ChangeStatus::Failure)),
            (json!("cancelled"), Some(ChangeStatus::Other)),
            (json!("skipped"), Some(ChangeStatus::Other)),
            (json!("neutral"), Some(ChangeStatus::Other)),
            (json!("action_required"), Some(ChangeStatus::Other)),
            (json!("stale"), Some(ChangeStatus::Other)),
        ] {
            assert_eq!(change(Some("workflow_run"), &with(RUN, "/workflow_run/conclusion", conclusion.clone())).status, expected, "{conclusion}");
        }
        let open = with(RUN, "/workflow_run/conclusion", Value::Null);
        for (status, expected) in [("queued", Some(ChangeStatus::Pending)), ("in_progress", Some(ChangeStatus::Running)), ("completed", None)] {
            assert_eq!(change(Some("workflow_run"), &with(&open, "/workflow_run/status", json!(status))).status, expected, "{status}");
        }
    }

    #[test]
    fn a_deployment_made_by_a_workflow_is_a_deployment() {
        let by_workflow = with(DEPLOYMENT, "/workflow_run", json!({"id": 7, "name": "deploy"}));
        assert_eq!(change(None, &by_workflow).key, "Codertocat/Hello-World|145988746");
        assert_eq!(change(None, STATUS).status, Some(ChangeStatus::Success));
        assert_eq!(change(None, RUN).key, "octo-org/octo-repo|run|289782451");
    }

    #[test]
    fn a_payload_may_name_the_service_as_an_object_or_as_text() {
        for payload in [json!({"service": "pay"}), json!("{\"service\": \"pay\"}")] {
            assert_eq!(change(Some("deployment"), &with(DEPLOYMENT, "/deployment/payload", payload)).service.as_deref(), Some("pay"));
        }
        for payload in [json!("v2"), json!(""), json!(null), json!([1])] {
            assert_eq!(change(Some("deployment"), &with(DEPLOYMENT, "/deployment/payload", payload)).service.as_deref(), Some("Hello-World"));
        }
    }

    #[test]
    fn a_form_carries_the_same_in_its_payload() {
        let form: String = form_urlencoded::Serializer::new(String::new()).append_pair("x", "y").append_pair("payload", STATUS).finish();
        let read = |body: &str| deliver(Some("deployment_status"), body.as_bytes());
        assert_eq!(read(&form), read(STATUS));
        assert_eq!(read("payload=%7B").expect_err("it is cut off").code, "not_json");
        assert_eq!(read("payload=").expect_err("it is empty").code, "empty_body");
    }

    #[test]
    fn a_ping_and_what_is_not_read_change_nothing_and_are_accepted() {
        for event in [Some("ping"), None] {
            let ping = deliver(event, PING.as_bytes()).expect("it is read");
            assert!(ping.changes.is_empty() && ping.warnings.is_empty());
        }
        let push = deliver(Some("push\u{0}"), b"{}").expect("it is accepted");
        assert_eq!((push.changes.len(), push.warnings.len()), (0, 1));
        let bare = deliver(Some("deployment"), b"{\"deployment\": {\"id\": 1}}").expect("it is accepted");
        assert_eq!((bare.changes.len(), bare.warnings.len()), (0, 1));
        assert_eq!(deliver(Some("deployment"), b"[]").expect_err("it is a list").code, "no_object");
    }

    #[test]
    fn a_delivery_is_known_by_its_id_and_an_odd_time_is_when_it_came() {
        assert_eq!(deliver(Some("ping"), b"{}").expect("it is read").delivery_id.as_deref(), Some("72d3162e-cc78-11e3-81ab-4c9367dc0958"));
        let odd = with(&with(STATUS, "/deployment_status/updated_at", json!("soon")), "/deployment_status/created_at", json!("0001-01-01T00:00:00Z"));
        assert_eq!(change(Some("deployment_status"), &odd).told_at, RECEIVED_AT);
        assert!(change(Some("deployment"), &with(DEPLOYMENT, "/deployment/id", json!(u64::MAX))).key.ends_with("|18446744073709551615"));
    }
}
