//! GitLab's webhooks: deployments, pipelines and jobs, as changes. They page nobody.
//!
//! Traps: GitLab switches a hook off after four failures in a row, and every 4xx counts as one, so
//! whatever is not read here is accepted; times are written `2021-04-28 21:50:00 +0200` or
//! `… UTC`; a pipeline that runs names no time of its own, only its jobs do; `X-Gitlab-Event-UUID`
//! is the same for all hooks that one event sets off, and so no name of a delivery.

use super::{
    Parsed, Rejected, Request, Source,
    fields::Fields,
    json,
    raw_change::{RawChange, delivery_id, short_ref},
    signature::Scheme,
    text,
};
use crate::domain::{change::ChangeStatus, time::Timestamp};

pub const SOURCE: Source = Source {
    setup: "# Project or group → Settings → Webhooks → Add new webhook\nURL:     {url}/hooks/gitlab/{token}\nSecret token or signing token: a signing secret of this integration, where it has one\nTrigger: Deployment events; Pipeline events and Job events where they deploy\n",
    docs: "https://docs.gitlab.com/user/project/integrations/webhook_events/",
    example: include_str!("../../../tests/fixtures/gitlab/deployment_success.json"),
    max_body: 4 * 1024 * 1024,
    signature: Scheme::GitLab,
    ..Source::new("gitlab", "GitLab", parse)
};

/// When things happened to a pipeline or to one of its jobs.
const PIPELINE_TIMES: [&str; 3] = ["finished_at", "started_at", "created_at"];
/// The same of a job that is told by itself.
const JOB_TIMES: [&str; 3] = ["build_finished_at", "build_started_at", "build_created_at"];

fn parse(request: &Request) -> Result<Parsed, Rejected> {
    let body = json::read(request.body)?;
    // GitLab itself never sends anything but an object.
    let event = Fields::of(&body).ok_or_else(|| Rejected::new("no_object", "the body is not an object"))?;
    let mut parsed = Parsed { delivery_id: delivery_id(request, &["webhook-id", "idempotency-key"]), ..Parsed::default() };
    let kind = event.text("object_kind");
    let change = match kind.as_deref() {
        Some("deployment") => deployment(&event, request),
        Some("pipeline") => pipeline(&event, request),
        Some("build") => job(&event, request),
        other => {
            let name = other.map_or_else(|| "this".to_owned(), |name| format!("“{}”", text::line(name, 60)));
            parsed.warn(format!("{name} is no event that is read here: deployments, pipelines and jobs are"));
            return Ok(parsed);
        }
    };
    match change {
        Some(change) => change.add_to(&mut parsed),
        None => parsed.warn("the event names no project or no id, so nothing was recorded"),
    }
    Ok(parsed)
}

fn deployment(event: &Fields, request: &Request) -> Option<RawChange> {
    let project = event.fields("project");
    let key = format!("{}|{}", project.text("id")?, event.text("deployment_id")?);
    let what = event.text("ref").or_else(|| event.text("short_sha")).map_or_else(|| "a revision".to_owned(), |name| short_ref(&name));
    let environment = event.text("environment");
    let title = environment.as_ref().map_or_else(|| format!("Deploy {what}"), |environment| format!("Deploy {what} to {environment}"));
    let mut change = RawChange::new(key, title, event.time("status_changed_at", request.received_at).unwrap_or(request.received_at));
    change.status = status_of(event.text("status"));
    change.service = service_of(&project);
    change.fact("environment", environment);
    change.fact("tier", event.text("environment_tier"));
    change.fact("ref", event.text("ref"));
    change.fact("sha", event.text("short_sha"));
    change.fact("state", event.text("status"));
    change.fact("description", event.text("commit_title"));
    change.fact("by", event.fields("user").text("username"));
    change.fact("project", project.text("path_with_namespace"));
    change.link(event.text("deployable_url"), "Job");
    change.link(event.text("environment_external_url"), "Environment");
    change.link(event.text("commit_url"), "Commit");
    Some(change)
}

fn pipeline(event: &Fields, request: &Request) -> Option<RawChange> {
    let (project, pipeline) = (event.fields("project"), event.fields("object_attributes"));
    let id = pipeline.text("id")?;
    let key = format!("{}|pipeline|{id}", project.text("id")?);
    // The last thing that is told of it is when it was told.
    let jobs = event.list("builds").flat_map(|job| latest(&job, &PIPELINE_TIMES, request));
    let told_at = jobs.chain(latest(&pipeline, &PIPELINE_TIMES, request)).max().unwrap_or(request.received_at);
    let mut title = format!("Pipeline {}", pipeline.text("name").unwrap_or_else(|| format!("#{id}")));
    title.extend(pipeline.text("ref").map(|name| format!(" on {}", short_ref(&name))));
    let mut change = RawChange::new(key, title, told_at);
    change.status = status_of(pipeline.text("status"));
    change.happened_at = pipeline.time("finished_at", request.received_at).unwrap_or(told_at);
    change.service = service_of(&project);
    change.fact("ref", pipeline.text("ref"));
    change.fact("sha", pipeline.text("sha"));
    change.fact("state", pipeline.text("status"));
    change.fact("event", pipeline.text("source"));
    change.fact("description", event.fields("commit").text("title").or_else(|| event.fields("commit").text("message")));
    change.fact("by", event.fields("user").text("username"));
    change.fact("project", project.text("path_with_namespace"));
    let page = || Some(format!("{}/-/pipelines/{id}", project.text("web_url")?));
    change.link(pipeline.text("url").or_else(page), "Pipeline");
    change.link(event.fields("commit").text("url"), "Commit");
    Some(change)
}

fn job(event: &Fields, request: &Request) -> Option<RawChange> {
    let project = event.fields("project");
    let (project_id, id) = (event.text("project_id").or_else(|| project.text("id"))?, event.text("build_id")?);
    let mut title = format!("Job {}", event.text("build_name").unwrap_or_else(|| format!("#{id}")));
    title.extend(event.text("ref").map(|name| format!(" on {}", short_ref(&name))));
    let mut change = RawChange::new(format!("{project_id}|job|{id}"), title, latest(event, &JOB_TIMES, request).unwrap_or(request.received_at));
    change.status = status_of(event.text("build_status"));
    let home = event.fields("repository").text("homepage");
    // Older versions name the project by the address of its page alone.
    change.service = service_of(&project).or_else(|| home.as_deref().and_then(last_part));
    change.fact("environment", event.fields("environment").text("name"));
    change.fact("stage", event.text("build_stage"));
    change.fact("ref", event.text("ref"));
    change.fact("sha", event.text("sha"));
    change.fact("state", event.text("build_status"));
    change.fact("reason", event.text("build_failure_reason"));
    change.fact("by", event.fields("user").text("username"));
    change.link(project.text("web_url").or(home).map(|page| format!("{page}/-/jobs/{id}")), "Job");
    Some(change)
}

/// The last of several times that are given and can be true.
fn latest(fields: &Fields, names: &[&str], request: &Request) -> Option<Timestamp> {
    names.iter().filter_map(|name| fields.time(name, request.received_at)).max()
}

/// A service is known by the last part of its project's path, which has no blanks as names have.
fn service_of(project: &Fields) -> Option<String> {
    project.text("path_with_namespace").as_deref().and_then(last_part).or_else(|| project.text("name"))
}

fn last_part(path: &str) -> Option<String> {
    path.trim_end_matches('/').rsplit('/').next().filter(|part| !part.is_empty()).map(str::to_owned)
}

fn status_of(word: Option<String>) -> Option<ChangeStatus> {
    match word?.as_str() {
        "created" | "pending" | "waiting" | "waiting_for_resource" | "waiting_for_callback" | "preparing" | "scheduled" | "manual" | "blocked" => {
            Some(ChangeStatus::Pending)
        }
        "running" | "canceling" => Some(ChangeStatus::Running),
        "success" => Some(ChangeStatus::Success),
        "failed" => Some(ChangeStatus::Failure),
        "canceled" | "cancelled" | "skipped" => Some(ChangeStatus::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{at, deliver, request},
        *,
    };
    use crate::domain::change::ChangeRecord;
    use serde_json::{Value, json};

    const DEPLOYMENT: &str = include_str!("../../../tests/fixtures/gitlab/deployment_success.json");
    const PIPELINE: &str = include_str!("../../../tests/fixtures/gitlab/pipeline_success.json");

    fn change(body: &Value) -> ChangeRecord {
        let mut parsed = deliver(&SOURCE, &body.to_string()).expect("it is read");
        assert_eq!((parsed.changes.len(), parsed.signals.len(), parsed.warnings.len()), (1, 0, 0), "{parsed:?}");
        parsed.changes.remove(0)
    }

    fn fixture(text: &str) -> Value {
        serde_json::from_str(text).expect("the fixture is JSON")
    }

    #[test]
    fn a_deployment_is_read_with_its_own_way_of_writing_time() {
        let read = change(&fixture(DEPLOYMENT));
        assert_eq!((read.key.as_str(), read.service.as_deref(), read.title.as_str()), ("30|15", Some("checkout"), "Deploy v2025.3.14 to production"));
        assert_eq!((read.status, read.happened_at), (Some(ChangeStatus::Success), at("2025-03-14T09:55:00Z")));
        assert_eq!(read.doc["links"][0], json!({"href": "https://gitlab.example.com/shop/checkout/-/jobs/796", "text": "Job"}));
        assert!(!read.doc.to_string().contains('@'), "nobody's mail address is kept");
    }

    #[test]
    fn every_word_for_a_status_is_known() {
        let words = [
            ("created", Some(ChangeStatus::Pending)),
            ("pending", Some(ChangeStatus::Pending)),
            ("waiting_for_resource", Some(ChangeStatus::Pending)),
            ("running", Some(ChangeStatus::Running)),
            ("failed", Some(ChangeStatus::Failure)),
            ("canceled", Some(ChangeStatus::Other)),
            ("skipped", Some(ChangeStatus::Other)),
            ("purple", None),
        ];
        for (word, expected) in words {
            let mut body = fixture(DEPLOYMENT);
            body["status"] = json!(word);
            assert_eq!(change(&body).status, expected, "{word}");
        }
    }

    #[test]
    fn a_pipeline_ends_when_it_finished_and_until_then_is_told_by_its_jobs() {
        let read = change(&fixture(PIPELINE));
        assert_eq!((read.key.as_str(), read.service.as_deref(), read.title.as_str()), ("1|pipeline|31", Some("gitlab-test"), "Pipeline #31 on master"));
        assert_eq!((read.status, read.happened_at), (Some(ChangeStatus::Success), at("2016-08-12T15:26:29Z")));
        assert!(read.told_at >= read.happened_at);
        let mut running = fixture(PIPELINE);
        running["object_attributes"]["status"] = json!("running");
        running["object_attributes"]["finished_at"] = Value::Null;
        running["builds"] = json!([{"created_at": "2016-08-12 15:23:28 UTC", "started_at": "2016-08-12 15:24:00 UTC"}, {"started_at": null}, 7]);
        let running = change(&running);
        assert_eq!((running.status, running.told_at), (Some(ChangeStatus::Running), at("2016-08-12T15:24:00Z")));
    }

    #[test]
    fn a_job_is_read_whether_its_project_is_told_or_only_its_page() {
        let old = json!({"object_kind": "build", "ref": "main", "project_id": 380, "build_id": 1977, "build_name": "deploy-prod", "build_stage": "deploy",
            "build_status": "failed", "build_started_at": "2021-02-23 02:41:37 UTC", "build_finished_at": "2021-02-23 02:43:00 UTC",
            "build_failure_reason": "script_failure", "repository": {"homepage": "https://gitlab.example.com/shop/checkout"}});
        let read = change(&old);
        assert_eq!((read.key.as_str(), read.service.as_deref(), read.title.as_str()), ("380|job|1977", Some("checkout"), "Job deploy-prod on main"));
        assert_eq!((read.status, read.happened_at), (Some(ChangeStatus::Failure), at("2021-02-23T02:43:00Z")));
        assert_eq!(read.doc["links"][0]["href"], "https://gitlab.example.com/shop/checkout/-/jobs/1977");
        let mut new = old;
        new["project"] = json!({"id": 380, "path_with_namespace": "shop/pay", "web_url": "https://gitlab.example.com/shop/pay"});
        assert_eq!(change(&new).service.as_deref(), Some("pay"));
    }

    #[test]
    fn what_is_not_read_is_accepted_and_said() {
        for body in ["{}", "{\"object_kind\": \"push\"}", "{\"object_kind\": \"deployment\"}", "{\"object_kind\": \"pipeline\", \"project\": {\"id\": 1}}"] {
            let parsed = deliver(&SOURCE, body).expect("it is accepted");
            assert_eq!((parsed.changes.len(), parsed.warnings.len()), (0, 1), "{body}");
        }
    }

    #[test]
    fn a_delivery_is_known_by_the_id_that_is_the_same_when_it_is_sent_again() {
        for name in ["webhook-id", "idempotency-key"] {
            let header = |asked: &str| (asked == name).then_some("f5e5f430-f57b-4e6e-9fac-d9128cd7232f");
            let parsed = parse(&Request { header: &header, ..request(DEPLOYMENT.as_bytes()) }).expect("it is read");
            assert_eq!(parsed.delivery_id.as_deref(), Some("f5e5f430-f57b-4e6e-9fac-d9128cd7232f"));
        }
        let header = |asked: &str| (asked == "x-gitlab-event-uuid").then_some("the same for many");
        assert_eq!(parse(&Request { header: &header, ..request(DEPLOYMENT.as_bytes()) }).expect("it is read").delivery_id, None);
    }
}
