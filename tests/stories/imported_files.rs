//! Files of other tools, brought over through the door that the app's own page uses: first tried,
//! then imported.

use crate::{
    callers::{House, text},
    story,
};
use axum::http::Method;
use serde_json::json;
use tocsin::domain::people::Role;

story! {
    async fn a_file_is_tried_before_it_is_imported_and_nothing_is_written(fresh) {
        let house = House::of(&fresh);
        let worker = house.program(Role::Responder).await;
        let incident = |id: &str, title: &str| json!({"origin": "old", "id": id, "title": title, "started_at": "2026-01-01T00:00:00Z", "resolved_at": "2026-01-01T01:00:00Z"}).to_string();
        let lines = format!("{}\n{}\nnot json\n{}\n{}\n", incident("1", "a"), incident("2", "b"), incident("2", "b"), json!({"origin": "old", "id": "3"}));
        let send = async |path: &str, body: &str| worker.send(Method::POST, path, body.to_owned()).await.is(200);
        let tried = send("/api/v1/import/incidents?dry_run=true", &lines).await;
        assert_eq!((&tried["created"], &tried["updated"], &tried["unchanged"]), (&json!(2), &json!(0), &json!(1)), "one stands in it twice");
        let rejected: Vec<(u64, String)> =
            tried["rejected"].as_array().expect("it names them").iter().map(|line| (line["line"].as_u64().unwrap_or(0), text(&line["code"]))).collect();
        assert_eq!((rejected.len(), rejected[0].clone()), (2, (3, "not_json".to_owned())));
        assert!(worker.items("/api/v1/incidents").await.is_empty());
        let admin = house.program(Role::Admin).await;
        assert!(admin.items("/api/v1/audit?action=import.finished").await.is_empty(), "what was only tried was not done");
        // What it says is what is done.
        let done = send("/api/v1/import/incidents", &lines).await;
        assert_eq!(done, tried);
        assert_eq!(worker.items("/api/v1/incidents").await.len(), 2);
        let longer = json!({"origin": "old", "id": "1", "title": "a", "started_at": "2026-01-01T00:00:00Z", "resolved_at": "2026-01-01T01:00:00Z",
            "timeline": [{"at": "2026-01-01T00:10:00Z", "text": "looked at it"}]}).to_string();
        for (expected, path) in [(1, "?dry_run=true"), (1, ""), (0, "?dry_run=true"), (0, "")] {
            let report = send(&format!("/api/v1/import/incidents{path}"), &format!("{longer}\n{}", incident("2", "b"))).await;
            assert_eq!((&report["created"], &report["updated"]), (&json!(0), &json!(expected)), "{path}");
        }
        let page = json!({"page": {"id": "p"}, "incidents": [
            {"id": "x", "name": "Down", "impact": "major", "created_at": "2026-02-01T00:00:00Z", "resolved_at": "2026-02-01T01:00:00Z"}, {"id": "y"}]}).to_string();
        for (path, here) in [("?dry_run=true", 2), ("", 3), ("?dry_run=true", 3)] {
            let report = send(&format!("/api/v1/import/statuspage{path}"), &page).await;
            assert_eq!(report["rejected"].as_array().map(Vec::len), Some(1), "{report}");
            assert_eq!(worker.items("/api/v1/incidents").await.len(), here);
        }
        assert_eq!(worker.send(Method::POST, "/api/v1/import/statuspage", "[]").await.refused(422), "not_statuspage");
        assert_eq!(worker.send(Method::POST, "/api/v1/import/incidents?dry_run=perhaps", "[]").await.status, 400);
    }
}
