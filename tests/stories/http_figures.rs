//! What stands behind the figures: the lists and the figures agree, nothing private is in either,
//! and tables do no harm to whoever opens them.

use crate::{
    callers::{Caller, House, text},
    databases::NOON,
    story,
};
use serde_json::{Value, json};
use tocsin::domain::people::Role;

const METRICS: [&str; 8] = ["mttd", "mtta", "mttm", "mttr", "resolution", "mtbf", "frequency", "repeats"];

/// RFC 3339, so many hours from noon.
fn at(hours: i64) -> String {
    NOON.plus_secs(hours * 3600).to_string()
}

fn over(from: i64, to: i64) -> String {
    format!("from={}&to={}", at(from), at(to))
}

/// Forty incidents of ten weeks: some are undetected, some were detected too early, some are
/// open, some have no service, some no severity, and every tenth is a drill.
async fn history(house: &House) -> Caller {
    let lines: Vec<Value> = (0..40)
        .map(|n| {
            let started = -24 * 70 + n * 40;
            let services = &["checkout", "search"][..usize::try_from(n % 3).unwrap_or(0)];
            let mut line = json!({
                "origin": "past", "id": n.to_string(), "title": format!("Outage {}", n % 7), "severity": format!("SEV{}", n % 4 + 1),
                "services": services, "kind": if n % 10 == 9 { "drill" } else { "incident" },
                "started_at": at(started), "detected_at": NOON.plus_secs(started * 3600 + 60 * (n + 1)).to_string(), "resolved_at": at(started + 1 + n % 5),
            });
            match n % 8 {
                3 => line["detected_at"] = Value::Null,
                5 => line["detected_at"] = json!(at(started - 1)),
                7 => line["resolved_at"] = Value::Null,
                _ => {}
            }
            if n % 13 == 0 {
                line["severity"] = Value::Null;
            }
            line
        })
        .collect();
    let admin = house.program(Role::Admin).await;
    let report = admin.post("/api/v1/import/incidents", &json!(lines)).await.is(200);
    assert_eq!((&report["created"], &report["rejected"]), (&json!(40), &json!([])));
    admin
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is a number"))
}

/// The group's key as a parameter.
fn keyed(key: &Value) -> String {
    key.as_str().map(|key| format!("&key={key}")).unwrap_or_default()
}

async fn behind(caller: &Caller, query: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (vec![], String::new());
    loop {
        let page = caller.get(&format!("/api/v1/metrics/incidents/behind?limit=7&{query}{cursor}")).await.is(200);
        all.extend(page["items"].as_array().expect("a page has items").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

story! {
    async fn behind_every_figure_stand_exactly_its_incidents(fresh) {
        let house = House::of(&fresh);
        let admin = history(&house).await;
        let range = over(-24 * 60, -24);
        for by in ["none", "severity", "service", "month"] {
            let figures = admin.get(&format!("/api/v1/metrics/incidents?{range}&group_by={by}")).await.is(200);
            for group in figures["groups"].as_array().expect("there are groups") {
                for metric in METRICS {
                    let (summary, of) = (&group["metrics"][metric], format!("{range}&group_by={by}{}&metric={metric}", keyed(&group["key"])));
                    let all = behind(&admin, &of).await;
                    assert_eq!(all.len() as u64, number(&group["incidents"]), "{of}");
                    let (left_out, counted): (Vec<_>, Vec<_>) = all.iter().partition(|item| !item["excluded"].is_null());
                    assert_eq!(counted.len() as u64, number(&summary["n"]), "{of}");
                    for excluded in summary["excluded"].as_array().expect("a list") {
                        let listed = left_out.iter().filter(|item| item["excluded"] == excluded["reason"]).count() as u64;
                        assert_eq!(listed, number(&excluded["n"]), "{of}: {excluded}");
                    }
                    if !summary["median"].is_null() {
                        let values: Vec<f64> = counted.iter().map(|item| item["value_s"].as_f64().expect("it has a value")).collect();
                        let mean = values.iter().sum::<f64>() / values.len() as f64;
                        assert!((mean - summary["mean"].as_f64().expect("there are values")).abs() < 1e-6, "{of}");
                    }
                    if metric == "repeats" {
                        let again = counted.iter().filter(|item| item["counts"] == json!(true)).count() as f64;
                        assert_eq!(summary["mean"].as_f64(), Some(again / counted.len() as f64), "{of}");
                    }
                    assert!(all.is_sorted_by(|a, b| text(&a["started_at"]) >= text(&b["started_at"])), "the newest first");
                    let both = [behind(&admin, &format!("{of}&which=counted")).await.len(), behind(&admin, &format!("{of}&which=excluded")).await.len()];
                    assert_eq!(both, [counted.len(), left_out.len()]);
                }
            }
        }
        // What is open is not without a time: it is at least as long as it has lasted.
        let open = behind(&admin, &format!("{range}&metric=mttr&which=excluded")).await;
        assert!(!open.is_empty() && open.iter().all(|item| item["excluded"] == json!("still open") && item["at_least_s"].as_f64() > Some(24.0 * 3600.0)));
        // Availability lists whom it counts, and a group that does not exist holds nobody.
        let seen = admin.get(&format!("/api/v1/availability?{range}&service=search")).await.is(200);
        assert_eq!(behind(&admin, &format!("{range}&metric=availability&group_by=service&key=search")).await.len() as u64, number(&seen["incidents"]));
        assert_eq!(behind(&admin, &format!("{range}&metric=mtta&group_by=service&key=nowhere")).await.len(), 0);
    }
}

story! {
    async fn the_screen_shows_the_figures_that_programs_read(fresh) {
        let house = House::of(&fresh);
        let admin = history(&house).await;
        let figures = admin.get(&format!("/api/v1/metrics/incidents?{}&group_by=severity", over(-24 * 60, -24))).await.is(200);
        let asked = json!({"from": at(-24 * 60), "to": at(-24), "filter": {}, "by": "severity"});
        let screen = admin.saying("x-tocsin", "1").post("/api/fn/figures/incidents", &asked).await.is(200);
        let mut sum = 0;
        for (shown, known) in screen["groups"].as_array().expect("groups").iter().zip(figures["groups"].as_array().expect("groups")) {
            assert_eq!((&shown["key"], &shown["incidents"]), (&known["key"], &known["incidents"]));
            for figure in shown["figures"].as_array().expect("figures") {
                let summary = &known["metrics"][text(&figure["metric"])];
                assert_eq!((&figure["n"], &figure["excluded"]), (&summary["n"], &summary["excluded"]));
                let enough = number(&figure["n"]) >= 5 || summary.get("median").is_none();
                assert_eq!(figure["value"], if !enough { Value::Null } else { summary.get("median").unwrap_or(&summary["mean"]).clone() });
                assert_eq!(figure["values"].as_array().map(Vec::len), Some(if enough { 0 } else { usize::try_from(number(&figure["n"])).expect("a few") }));
            }
            sum += number(&shown["incidents"]);
        }
        assert_eq!(number(&screen["all"]["incidents"]), sum);
        let series = admin.get(&format!("/api/v1/metrics/incidents/series?{}", over(-24 * 60, -24))).await.is(200);
        assert_eq!((&series["step"], &series["items"]), (&json!("week"), &screen["series"]));
        let in_steps: u64 = series["items"].as_array().expect("steps").iter().flat_map(|step| step["by_severity"].as_array().expect("counts")).map(number).sum();
        assert_eq!(in_steps, sum);
        let whole = admin.get(&format!("/api/v1/availability?{}", over(-24 * 60, -24))).await.is(200);
        assert_eq!(screen["all"]["availability"], whole);
        for service in screen["services"].as_array().expect("services") {
            let own = admin.get(&format!("/api/v1/availability?{}&service={}", over(-24 * 60, -24), text(&service["service"]))).await.is(200);
            assert_eq!(service["availability"], own);
        }
    }
}

story! {
    async fn nothing_private_stands_behind_a_figure_for_others(fresh) {
        let house = House::of(&fresh);
        let (owner, viewer) = (house.program_called("owner", Role::Responder).await, house.program(Role::Viewer).await);
        owner.declared(json!({"title": "Secret", "severity": "SEV1", "private": true, "services": ["hidden"]})).await;
        owner.declared(json!({"title": "Known", "severity": "SEV2", "services": ["checkout"]})).await;
        let range = over(-1, 1);
        let asked = json!({"from": at(-1), "to": at(1), "filter": {}, "by": "service"});
        let call = json!({"metric": "frequency", "key": null, "which": "all", "from": at(-1), "to": at(1), "filter": {}, "by": "none", "cursor": null});
        for (caller, sees) in [(&owner, true), (&viewer, false)] {
            let mut said = vec![];
            for metric in METRICS.into_iter().chain(["availability"]) {
                for format in ["json", "csv"] {
                    said.push(caller.get(&format!("/api/v1/metrics/incidents/behind?{range}&metric={metric}&format={format}")).await.text());
                }
            }
            said.push(caller.saying("x-tocsin", "1").post("/api/fn/figures/behind", &call).await.is(200).to_string());
            let count = said.iter().filter(|text| text.contains("Secret")).count();
            assert_eq!(count > 0, sees, "{said:?}");
            assert!(said.iter().any(|text| text.contains("Known")));
            let screen = caller.saying("x-tocsin", "1").post("/api/fn/figures/incidents", &asked).await.is(200);
            assert_eq!((screen.to_string().contains("hidden"), number(&screen["all"]["incidents"])), (sees, 1 + u64::from(sees)));
            let series = caller.get(&format!("/api/v1/metrics/incidents/series?{range}")).await.is(200).to_string();
            assert_eq!(series.contains("[1,1,0,0,0,0]"), sees, "{series}");
        }
    }
}

story! {
    async fn tables_are_harmless_and_bad_questions_are_named(fresh) {
        let house = House::of(&fresh);
        let admin = house.program(Role::Admin).await;
        admin.declared(json!({"title": "=HYPERLINK(\"http://evil.example\",\"a, b\")", "severity": "SEV2"})).await;
        let range = over(-1, 1);
        let table = admin.get(&format!("/api/v1/metrics/incidents/behind?{range}&metric=mtta&format=csv")).await;
        assert_eq!((table.status, table.header("content-type")), (200, "text/csv; charset=utf-8"));
        assert!(table.header("content-disposition").starts_with("attachment"));
        let text = table.text();
        assert!(text.starts_with("incident_id,ref,title,severity,started_at,value_s,at_least_s,counts,excluded\r\n"), "{text}");
        assert!(text.contains("\"'=HYPERLINK(\"\"http://evil.example\"\",\"\"a, b\"\")\",SEV2,") && text.ends_with("not acknowledged\r\n"), "{text}");
        let series = admin.get(&format!("/api/v1/metrics/incidents/series?{range}&format=csv&step=day")).await.text();
        assert_eq!(series.lines().count(), 2, "{series}");
        for bad in ["", "metric=mood", "metric=mtta&which=none", "metric=mtta&format=xls", "metric=mtta&cursor=x", "metric=mtta&limit=0", "metric=mtta&group_by=mood"] {
            let answer = admin.get(&format!("/api/v1/metrics/incidents/behind?{bad}")).await;
            assert_eq!(answer.refused(400), "bad_parameter", "{bad}");
        }
        for bad in ["step=hour", "step=day&from=2000-01-01T00:00:00Z", "format=xls"] {
            assert_eq!(admin.get(&format!("/api/v1/metrics/incidents/series?{bad}")).await.refused(400), "bad_parameter", "{bad}");
        }
        let empty = json!({"from": at(1), "to": at(-1), "filter": {}, "by": "none"});
        assert_eq!(admin.saying("x-tocsin", "1").post("/api/fn/figures/incidents", &empty).await.status, 422);
    }
}
