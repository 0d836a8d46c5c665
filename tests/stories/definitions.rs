//! Definitions as code: `tocsin apply` and `tocsin export`, and the same over REST.

use crate::{
    cli::{Running, err, out, run, tocsin, token},
    story,
};
use serde_json::{Value, json};
use std::{path::PathBuf, process::Output};

const HOUSE: &str = include_str!("../fixtures/definitions/house.yaml");

/// Files in a folder of their own, and the command run on them.
struct Files {
    folder: tempfile::TempDir,
    database: String,
}

impl Files {
    fn beside(database: &str) -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder can be made"), database: database.to_owned() }
    }

    fn put(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("it can be made");
        std::fs::write(&path, text).expect("it can be written");
        path.to_str().expect("it is text").to_owned()
    }

    async fn apply(&self, arguments: &[&str]) -> Output {
        run(&[&["apply", "--json", "--database-url", &self.database], arguments].concat()).await
    }

    async fn export(&self, more: &[&str]) -> String {
        let exported = run(&[&["export", "--database-url", &self.database], more].concat()).await;
        assert!(exported.status.success(), "{}", err(&exported));
        out(&exported)
    }
}

fn fixture(path: &str) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path);
    file.to_str().expect("it is text").to_owned()
}

fn report(applied: &Output) -> Value {
    serde_json::from_str(&out(applied)).unwrap_or_else(|error| panic!("{error}: {} {}", out(applied), err(applied)))
}

/// How many were created, changed and unchanged.
fn counts(applied: &Output) -> [i64; 3] {
    assert!(applied.status.success(), "{}", err(applied));
    let report = report(applied);
    ["created", "changed", "unchanged"].map(|name| report[name].as_i64().expect("it is a number"))
}

story! {
    async fn files_are_applied_once_and_again_without_effect(fresh) {
        let files = Files::beside(&fresh.url);
        let house = files.put("house.yaml", HOUSE);
        let planned = files.apply(&["--dry-run", &house]).await;
        assert_eq!(counts(&planned), [4, 0, 0]);
        assert!(err(&planned).contains("Nothing was written: 4 to create"), "{}", err(&planned));
        assert_eq!(files.export(&[]).await, "", "a dry run writes nothing");
        let applied = files.apply(&[&house]).await;
        assert_eq!(counts(&applied), [4, 0, 0]);
        // Its data source is missing, and that is a warning.
        let warnings = report(&applied)["warnings"].clone();
        assert!(warnings[0]["words"].as_str().is_some_and(|words| words.contains("no data source “main”")), "{warnings}");
        assert!(err(&applied).contains("warning: ") && err(&applied).contains("created Objective “checkout-availability”"), "{}", err(&applied));
        assert_eq!(counts(&files.apply(&[&house]).await), [0, 0, 4]);
        // One field changes one definition.
        let changed = files.put("house.yaml", &HOUSE.replace("target: 99.9 %", "target: 99.5 %").replace("The database moves.", "The databases move."));
        let applied = files.apply(&[&changed]).await;
        assert_eq!(counts(&applied), [0, 2, 2]);
        let objects = report(&applied)["objects"].as_array().expect("it is a list").clone();
        let objective = objects.iter().find(|object| object["name"] == "checkout-availability").expect("it is there");
        assert_eq!((&objective["outcome"], &objective["fields"]), (&json!("changed"), &json!(["target"])));
    }
}

story! {
    async fn what_is_exported_and_applied_again_changes_nothing(fresh) {
        let files = Files::beside(&fresh.url);
        let applied = files.apply(&[&fixture("definitions"), &fixture("openslo"), &fixture("pyrra/checkout.yaml")]).await;
        assert!(applied.status.success(), "{}", err(&applied));
        let exported = files.export(&[]).await;
        assert!(!exported.contains("null") && !exported.contains("{}\n---\napiVersion: tocsin/v1\nkind: Objective\nmetadata: {}"), "{exported}");
        let again = files.put("all.yaml", &exported);
        let report = files.apply(&[&again]).await;
        let [created, changed, unchanged] = counts(&report);
        assert_eq!((created, changed), (0, 0), "{}", err(&report));
        assert!(unchanged > 10);
        assert_eq!(files.export(&[]).await, exported, "its order is stable");
        let openslo = files.export(&["--format", "openslo"]).await;
        assert!(openslo.contains("kind: SLO\n") && openslo.contains("# “checkout-jobs” is not here"), "{openslo}");
        assert!(files.apply(&["--dry-run", &files.put("slo.yaml", &openslo)]).await.status.success());
        // In another house it makes the same.
        let elsewhere = Files::beside(&format!("sqlite://{}", files.folder.path().join("other.db").display()));
        let applied = elsewhere.apply(&[&again]).await;
        assert_eq!(counts(&applied), [unchanged, 0, 0], "{}", err(&applied));
        assert_eq!(elsewhere.export(&[]).await, exported);
    }
}

story! {
    async fn one_broken_file_keeps_all_files_from_being_written(fresh) {
        let files = Files::beside(&fresh.url);
        let house = files.put("a/house.yaml", HOUSE);
        for (name, text, words) in [
            ("b/broken.yaml", "apiVersion: tocsin/v1\nkind: [\n", "broken.yaml:"),
            ("b/broken.yaml", "apiVersion: tocsin/v1\nkind: Objective\nmetadata: {name: x}\nspec:\n  target: 99.9\n  windows: [28d]\n  indicator: {kind: pushed}\n", "broken.yaml:5, Objective “x”, spec.target: 99.9 is above 1; did you mean 99.9 %?"),
            ("b/broken.yaml", "apiVersion: tocsin/v1\nkind: Objective\nmetadata: {name: x}\nspec:\n  target: 0.9\n  windows: [calendar month in Europe/Nowhere]\n  indicator: {kind: pushed}\n", "there is no time zone"),
            ("b/broken.yaml", "apiVersion: tocsin/v1\nkind: Objective\nmetadata: {name: x}\nspec:\n  target: 0.9\n  windows: [28d]\n  indicator: {kind: composite, how: series, of: [{objective: y}]}\n", "there is no objective “y”"),
            ("b/broken.yaml", "apiVersion: tocsin/v1\nkind: Exclusion\nspec: {objective: z, from: \"2026-01-01T00:00:00Z\", to: \"2026-01-01T01:00:00Z\", reason: x}\n", "there is no objective “z”"),
            ("b/broken.yaml", "apiVersion: tocsin/v1\nkind: DataSource\nmetadata: {name: x}\nspec: {url: \"http://localhost:9\", bearer_token_env: NOT_SET_ANYWHERE}\n", "NOT_SET_ANYWHERE is not set"),
        ] {
            let broken = files.put(name, text);
            let applied = files.apply(&[&house, &broken]).await;
            assert_eq!(applied.status.code(), Some(1), "{text}");
            assert!(err(&applied).contains(words) && err(&applied).contains("Nothing was written"), "{words}: {}", err(&applied));
            assert!(report(&applied)["errors"][0]["file"].as_str().is_some_and(|file| file.ends_with("broken.yaml")));
        }
        assert_eq!(files.export(&[]).await, "");
        let large = files.put("large.yaml", &"# x\n".repeat(400_000));
        assert!(err(&files.apply(&[&large]).await).contains("larger than 1048576 bytes"));
        assert!(err(&files.apply(&["/nowhere.yaml"]).await).contains("could not read /nowhere.yaml"));
    }
}

story! {
    async fn other_tools_files_are_applied_with_what_could_not_be_kept(fresh) {
        let files = Files::beside(&fresh.url);
        let applied = files.apply(&[&fixture("openslo/occurences-slo.yaml"), &fixture("openslo/ratio-timeslices.yaml")]).await;
        // Their service is made, and their data source is missing.
        assert_eq!(counts(&applied), [3, 0, 0]);
        assert!(err(&applied).contains("there is no data source “any” yet"), "{}", err(&applied));
        let applied = files.apply(&[&fixture("sloth/checkout.yaml")]).await;
        assert_eq!(counts(&applied), [4, 0, 0]);
        assert!(err(&applied).contains("no number of events"), "{}", err(&applied));
        assert!(files.export(&[]).await.contains("source: prometheus"), "nothing says which source is asked");
        // With one source it is that one, for what leaves it open.
        let source = files.put("source.yaml", "apiVersion: tocsin/v1\nkind: DataSource\nmetadata: {name: main}\nspec: {url: \"http://localhost:9\"}\n");
        assert_eq!(counts(&files.apply(&[&source, &fixture("sloth/checkout.yaml")]).await), [1, 3, 1]);
        assert_eq!(counts(&files.apply(&[&fixture("sloth/checkout.yaml")]).await), [0, 0, 4]);
    }
}

story! {
    /// The token is read from the environment, and never told again.
    async fn secrets_stand_in_variables_and_are_not_exported(fresh) {
        let files = Files::beside(&fresh.url);
        let source = files.put("source.yaml", "apiVersion: tocsin/v1\nkind: DataSource\nmetadata: {name: main}\nspec: {url: \"https://m.example.com\", bearer_token_env: M_TOKEN, tenant: shop}\n");
        let apply = async |path: &str, token: &str| {
            let output = tocsin(&["apply", "--json", "--database-url", &fresh.url, path]).env("M_TOKEN", token).output().await.expect("it starts");
            assert!(!err(&output).contains("s3cret") && !out(&output).contains("s3cret"));
            output
        };
        assert_eq!(counts(&apply(&source, "s3cret-1").await), [1, 0, 0]);
        assert_eq!(counts(&apply(&source, "s3cret-1").await), [0, 0, 1]);
        assert_eq!(counts(&apply(&source, "s3cret-2").await), [0, 1, 0]);
        let exported = files.export(&[]).await;
        assert!(exported.contains("auth: bearer") && !exported.contains("s3cret"), "{exported}");
        assert_eq!(counts(&files.apply(&[&files.put("again.yaml", &exported)]).await), [0, 0, 1], "its token stays");
        let elsewhere = files.put("elsewhere.yaml", &exported.replace("m.example.com", "evil.example.com"));
        let refused = files.apply(&[&elsewhere]).await;
        assert!(!refused.status.success() && err(&refused).contains("the secrets have to be given again"), "{}", err(&refused));
    }
}

story! {
    async fn a_running_server_takes_and_gives_definitions(fresh) {
        let server = Running::on(&fresh.url).await;
        let (commander, admin, responder) = (token(&fresh.url, "commander").await, token(&fresh.url, "admin").await, token(&fresh.url, "responder").await);
        assert_eq!(server.post("/api/v1/definitions", &responder, HOUSE).await.status(), 403);
        let planned: Value = server.post("/api/v1/definitions?dry_run=true", &commander, HOUSE).await.json().await.expect("it is JSON");
        assert_eq!((&planned["dry_run"], &planned["created"]), (&json!(true), &json!(4)));
        let applied: Value = server.post("/api/v1/definitions", &commander, HOUSE).await.json().await.expect("it is JSON");
        assert_eq!((&applied["created"], &applied["objects"][0]["file"]), (&json!(4), &json!("body")), "{applied}");
        // The same as JSON, and beside it the command line on the same database.
        let one = json!({"apiVersion": "tocsin/v1", "kind": "Objective", "metadata": {"name": "more"}, "spec": {"target": 0.9, "windows": ["7d"], "indicator": {"kind": "pushed"}}});
        assert_eq!(server.post("/api/v1/definitions", &commander, &one.to_string()).await.status(), 200);
        let files = Files::beside(&fresh.url);
        assert_eq!(counts(&files.apply(&[&files.put("house.yaml", HOUSE)]).await), [0, 0, 4]);
        let told = server.get("/api/v1/definitions", &commander).await;
        assert!(told.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("application/yaml")));
        assert_eq!(told.text().await.expect("it is text"), files.export(&[]).await);
        let slo = server.get("/api/v1/slos/more", &commander).await;
        assert_eq!(slo.status(), 200);
        // What is wrong is said; the server's own environment is nobody's business.
        let refused = server.post("/api/v1/definitions", &commander, &HOUSE.replace("99.9 %", "much")).await;
        assert_eq!(refused.status(), 422);
        let problem: Value = refused.json().await.expect("it is JSON");
        assert!(problem["code"] == "invalid_definitions" && problem["detail"].as_str().is_some_and(|words| words.contains("spec.target")), "{problem}");
        let source = |more: &str| format!("apiVersion: tocsin/v1\nkind: DataSource\nmetadata: {{name: main}}\nspec: {{url: \"https://m.example.com\"{more}}}\n");
        let asked = server.post("/api/v1/definitions", &admin, &source(", bearer_token_env: PATH")).await;
        assert_eq!(asked.status(), 422);
        assert_eq!(server.post("/api/v1/definitions", &commander, &source("")).await.status(), 403, "data sources are for admins");
        assert_eq!(server.post("/api/v1/definitions", &admin, &source("")).await.status(), 200);
        assert_eq!(server.post("/api/v1/definitions", &admin, &"#".repeat(1_100_000)).await.status(), 413);
        server.stop().await;
    }
}
