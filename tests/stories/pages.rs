//! Pages for people: what stands in them before the app does, and what their plain forms do.

use crate::{
    callers::{Answer, Caller, House, text},
    story,
};
use serde_json::json;
use tocsin::{
    domain::people::Role,
    server::{config::Config, usecases::people},
};

/// Somebody's browser on loopback, which says with every form where it comes from.
async fn a_browser(house: &House, name: &str, role: Role) -> Caller {
    house.browser(name, role).await.saying("host", "localhost:3000").saying("accept", "text/html")
}

fn from_here(caller: &Caller) -> Caller {
    caller.saying("origin", "http://localhost:3000").saying("sec-fetch-site", "same-origin")
}

/// The value of a hidden field.
#[track_caller]
fn hidden(page: &Answer, name: &str) -> String {
    let page = page.text();
    let (_, after) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no field {name} in {page}"));
    after.split('"').next().unwrap_or_default().to_owned()
}

/// Presses a button of a page.
async fn press(caller: &Caller, page: &Answer, path: &str, more: &[(&str, &str)]) -> Answer {
    let (command, token, back) = (hidden(page, "command"), hidden(page, "token"), hidden(page, "back"));
    let mut fields = vec![("command", command.as_str()), ("token", token.as_str()), ("back", back.as_str())];
    fields.extend(more);
    caller.form(path, &fields).await
}

/// The page a form leads back to, with what was said there.
async fn follow(caller: &Caller, answer: &Answer) -> Answer {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let said: Vec<&str> = answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok()?.split(';').next()).collect();
    let cookie = [caller.cookie(), said.join("; ")].join("; ");
    caller.saying("cookie", cookie.trim_matches([';', ' '])).get(answer.header("location")).await
}

story! {
    async fn the_board_and_an_incident_stand_in_the_page(fresh) {
        let house = House::of(&fresh);
        let maker = house.program(Role::Responder).await;
        let declared = maker.declared(json!({"title": "Checkout is slow", "severity": "SEV2", "services": ["checkout"]})).await;
        let reference = text(&declared["ref"]);
        maker.command(&reference, json!({"command": "note", "text": "The queue grows."})).await.is(200);
        for role in Role::ALL {
            let person = a_browser(&house, role.slug(), role).await;
            let board = person.get("/").await;
            assert_eq!((board.status, board.header("cache-control")), (200, "no-store, private"));
            assert!(board.header("content-type").starts_with("text/html"));
            let page = board.text();
            let screen = page.split("<script type=\"application/json\"").next().unwrap_or_default();
            for words in ["<title>(1) On-call · Tocsin</title>", "Checkout is slow", "SEV2", "Active incidents", "nobody has it"] {
                assert!(screen.contains(words), "{words}: {page}");
            }
            assert!(page.contains("id=\"first-screen\">{\"snapshot\":{\"seq\":"), "{page}");
            let incident = person.get(&format!("/incidents/{reference}")).await;
            assert_eq!(incident.status, 200);
            let page = incident.text();
            let screen = page.split("<script type=\"application/json\"").next().unwrap_or_default();
            for words in ["INC-1 Checkout is slow · Tocsin", "The queue grows.", "Chain verified", "SEV2", "Customers hurt for"] {
                assert!(screen.contains(words), "{words}: {page}");
            }
            // Who may not work is told so, and gets no button that could be pressed.
            assert_eq!(screen.contains("/acknowledge\""), role >= Role::Responder, "{role:?}");
        }
        // A browser's own list of encodings; the page is small on its way.
        let packed = a_browser(&house, "packed", Role::Viewer).await.saying("accept-encoding", "gzip, deflate, br, zstd").get("/").await;
        assert_eq!(packed.header("content-encoding"), "br");
        // A wall screen opens the pages with its token.
        assert!(house.program(Role::Viewer).await.get("/").await.text().contains("Checkout is slow"));
    }
}

/// What an answer makes of the cookie that lets the service worker show what it kept.
fn kept_cookie(answer: &Answer) -> Vec<&str> {
    let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    cookies.filter(|cookie| cookie.starts_with("tocsin-kept=")).collect()
}

const NOT_KEPT: [&str; 1] = ["tocsin-kept=; SameSite=Lax; Path=/; Max-Age=0"];

story! {
    async fn the_board_alone_may_be_kept_and_only_for_its_session(fresh) {
        let house = House::of(&fresh);
        let mara = a_browser(&house, "mara", Role::Responder).await;
        let board = mara.get("/").await;
        let mark = board.header("tocsin-keep").split(' ').next().unwrap_or_default().to_owned();
        assert!(mark.len() == 16 && !board.header("set-cookie").contains("HttpOnly"), "{mark}");
        assert_eq!(board.header("cache-control"), "no-store, private", "no other cache keeps it");
        assert!(!board.headers.contains_key("etag"));
        assert_eq!(kept_cookie(&board), [format!("tocsin-kept={mark}; SameSite=Lax; Path=/; Max-Age=7776000")]);
        let knows = |caller: &Caller, mark: &str| caller.saying("cookie", &format!("{}; tocsin-kept={mark}", caller.cookie()));
        let again = knows(&mara, &mark).get("/").await;
        assert!(again.header("tocsin-keep").starts_with(&mark) && kept_cookie(&again).is_empty(), "it has it already");
        let jonas = a_browser(&house, "jonas", Role::Responder).await;
        assert!(!jonas.get("/").await.header("tocsin-keep").starts_with(&mark), "another session, another mark");
        for path in ["/?show=nobody", "/incidents", "/executive", "/brief", "/api/v1/incidents", "/shell"] {
            assert!(!mara.get(path).await.headers.contains_key("tocsin-keep"), "{path}");
        }
        assert!(!house.program(Role::Viewer).await.get("/").await.headers.contains_key("tocsin-keep"), "a token has no session");
        assert!(!house.nobody().get("/").await.headers.contains_key("tocsin-keep"));

        // Whatever tells a browser that its session is over tells its worker, too.
        let over = house.nobody().saying("cookie", &format!("tocsin-kept={mark}"));
        assert_eq!(kept_cookie(&over.get("/").await), NOT_KEPT);
        let call = over.saying("x-tocsin", "1").saying("content-type", "application/json").post("/api/fn/board/snapshot", &json!({})).await;
        assert_eq!((call.status, kept_cookie(&call)), (401, NOT_KEPT.to_vec()));
        let mara = from_here(&knows(&mara, &mark));
        let out = press(&mara, &again, "/sign-out", &[]).await;
        assert_eq!((out.status, kept_cookie(&out)), (303, NOT_KEPT.to_vec()));
    }
}

story! {
    async fn what_a_form_led_to_is_said_once_and_not_kept(fresh) {
        let house = House::of(&fresh);
        house.program(Role::Responder).await.declared(json!({"title": "Checkout is slow"})).await;
        let person = a_browser(&house, "mara", Role::Responder).await;
        let board = person.get("/").await;
        let given = press(&from_here(&person), &board, "/incidents/INC-1/note", &[("text", "x")]).await;
        let after = follow(&person, &given).await;
        assert!(after.text().contains("INC-1: Noted.") && !after.headers.contains_key("tocsin-keep"), "{}", after.text());
    }
}

story! {
    async fn nobody_sees_a_sign_in_page_and_nothing_else(fresh) {
        let house = House::of(&fresh);
        house.program(Role::Responder).await.declared(json!({"title": "Checkout is slow"})).await;
        for path in ["/", "/incidents/INC-1", "/incidents/INC-99", "/declare", "/settings/people", "/sign-in", "/no/such/page"] {
            let answer = house.nobody().get(path).await;
            assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store, private"), "{path}");
            let page = answer.text();
            assert!(page.contains("action=\"/sign-in\"") && page.contains("\"snapshot\":null") && !page.contains("Checkout"), "{path}: {page}");
        }
        assert_eq!(hidden(&house.nobody().get("/incidents/INC-1?x=%22%3E").await, "back"), "/incidents/INC-1?x=%22%3E");
        assert_eq!(hidden(&house.nobody().get("/sign-in?next=/declare").await, "back"), "/declare");
        // The page without data is for everybody, and may be kept.
        let shell = house.nobody().get("/shell").await;
        assert!(shell.status == 200 && !shell.text().contains("first-screen\">"), "{}", shell.text());
    }
}

story! {
    async fn a_page_that_is_not_there_and_a_private_incident_are_the_same(fresh) {
        let house = House::of(&fresh);
        let owner = house.program_called("owner", Role::Responder).await;
        owner.declared(json!({"title": "Secret", "private": true})).await;
        let other = a_browser(&house, "other", Role::Commander).await;
        let (hidden, missing) = (other.get("/incidents/INC-1").await, other.get("/incidents/INC-9").await);
        assert_eq!((hidden.status, missing.status, other.get("/no/such/page").await.status), (404, 404, 404));
        assert!(!hidden.text().contains("Secret") && hidden.text().contains("There is no such incident."), "{}", hidden.text());
        assert!(!other.get("/").await.text().contains("Secret"));
        let board = other.get("/").await;
        let tried = press(&from_here(&other), &board, "/incidents/INC-1/note", &[("text", "x")]).await;
        assert!(follow(&other, &tried).await.text().contains("there is no such incident"));
        let admin = a_browser(&house, "root", Role::Admin).await;
        assert!(admin.get("/incidents/INC-1").await.text().contains("Secret"));
    }
}

story! {
    async fn an_incident_is_acknowledged_by_a_form_once(fresh) {
        let house = House::of(&fresh);
        let maker = house.program(Role::Responder).await;
        maker.declared(json!({"title": "Checkout is slow", "severity": "SEV2"})).await;
        let mara = a_browser(&house, "mara", Role::Responder).await;
        let ours = from_here(&mara);
        let page = mara.get("/incidents/INC-1").await;
        let pressed = press(&ours, &page, "/incidents/INC-1/acknowledge", &[("for_s", "3600")]).await;
        assert_eq!(pressed.header("location"), "/incidents/INC-1");
        let back = follow(&mara, &pressed).await;
        assert!(back.text().contains("INC-1: Acknowledged."), "{}", back.text());
        assert!(back.header("set-cookie").starts_with("tocsin-said=;"), "it is said once");
        // Sending the same again, as a reload or a second press would, changes nothing.
        assert_eq!(press(&ours, &page, "/incidents/INC-1/acknowledge", &[("for_s", "3600")]).await.status, 303);
        let timeline = maker.items("/api/v1/incidents/INC-1/timeline").await;
        assert_eq!(timeline.iter().filter(|entry| entry["kind"] == "acknowledged").count(), 1);
        let acknowledged = maker.get("/api/v1/incidents/INC-1").await.is(200)["acknowledged"].clone();
        assert_eq!((&acknowledged["by"], &acknowledged["until"]), (&json!("mara"), &json!("2026-08-11T13:00:00Z")));

        // What the rules refuse is said in their words; what they ask a reason for takes one.
        let page = mara.get("/incidents/INC-1").await;
        let noted = press(&ours, &page, "/incidents/INC-1/note", &[("text", "  ")]).await;
        assert!(follow(&mara, &noted).await.text().contains("Note: "));
        press(&ours, &page, "/incidents/INC-1/resolve", &[("reason", "The queue is empty.")]).await;
        assert_eq!(maker.get("/api/v1/incidents/INC-1").await.is(200)["state"], "resolved");
        let viewer = a_browser(&house, "noor", Role::Viewer).await;
        let page = viewer.get("/incidents/INC-1").await;
        let refused = press(&from_here(&viewer), &page, "/incidents/INC-1/close", &[]).await;
        assert!(follow(&viewer, &refused).await.text().contains("Close: "));
        assert_eq!(maker.get("/api/v1/incidents/INC-1").await.is(200)["state"], "resolved");
        assert_eq!(press(&ours, &page, "/incidents/INC-1/merge", &[]).await.status, 403, "another session's token");
        let page = mara.get("/incidents/INC-1").await;
        assert_eq!(press(&ours, &page, "/incidents/INC-1/merge", &[]).await.status, 404, "not a verb of forms");
    }
}

story! {
    /// Every form asks for the origin and the session's own token; a bearer token needs neither.
    async fn a_form_that_is_not_of_this_sessions_page_does_nothing(fresh) {
        let house = House::of(&fresh);
        let program = house.program(Role::Responder).await;
        program.declared(json!({"title": "Checkout is slow", "severity": "SEV2"})).await;
        let mara = a_browser(&house, "mara", Role::Responder).await;
        let ours = from_here(&mara);
        let page = mara.get("/incidents/INC-1").await;
        let others = a_browser(&house, "jonas", Role::Responder).await.get("/incidents/INC-1").await;
        for path in ["/incidents/INC-1/acknowledge", "/incidents/INC-1/note", "/incidents/INC-1/nothing", "/sign-in", "/sign-in/demo", "/setup", "/sign-out"] {
            for foreign in [mara.clone(), ours.saying("origin", "https://evil.example"), ours.saying("origin", "null"), ours.saying("sec-fetch-site", "cross-site"), ours.saying("sec-fetch-site", "same-site")] {
                assert_eq!(press(&foreign, &page, path, &[("text", "x")]).await.refused(403), "cross_site", "{path}");
            }
            assert_eq!(press(&ours, &others, path, &[("text", "x")]).await.refused(403), "cross_site", "{path}: somebody else's token");
            let command = hidden(&page, "command");
            for fields in [&[][..], &[("command", command.as_str())], &[("command", command.as_str()), ("token", "")], &[("command", "x"), ("token", hidden(&page, "token").as_str())]] {
                assert_eq!(ours.form(path, fields).await.refused(403), "cross_site", "{path} {fields:?}");
            }
            // Before a session there is no token, and the browser's own word decides.
            assert_eq!(house.nobody().form(path, &[]).await.refused(403), "cross_site", "{path} by nobody");
        }
        assert_eq!(program.get("/api/v1/incidents/INC-1").await.is(200)["version"], 1);
        assert_eq!(mara.get("/api/v1/me").await.status, 200, "she is still signed in");
        assert_eq!(program.form("/incidents/INC-1/note", &[("text", "by a program")]).await.status, 303);
        assert_eq!(program.get("/api/v1/incidents/INC-1").await.is(200)["version"], 2);
        // Nobody signed in is told so where the form leads.
        let nobody = from_here(&house.nobody().saying("host", "localhost:3000"));
        let sent = nobody.form("/incidents/INC-1/note", &[("text", "x"), ("back", "//evil.example/")]).await;
        assert_eq!((sent.status, sent.header("location")), (303, "/"));
        // A form's address is a page, too, where there is one; too large a form is refused.
        assert_eq!(mara.get("/incidents/INC-1/acknowledge").await.status, 404);
        assert_eq!(ours.form("/incidents/INC-1/note", &[("text", "x".repeat(70_000).as_str())]).await.status, 413);
    }
}

story! {
    async fn signing_in_and_out_works_without_script(fresh) {
        let house = House::of(&fresh);
        let password = people::create_from_cli(&fresh.store, "Mara", "mara", Role::Responder).await.expect("the store works");
        let nobody = from_here(&house.nobody().saying("host", "localhost:3000"));
        let page = nobody.get("/incidents/INC-1?x=1").await;
        let back = hidden(&page, "back");
        let wrong = nobody.form("/sign-in", &[("login", "mara"), ("password", "wrong"), ("back", &back)]).await;
        assert!(follow(&nobody, &wrong).await.text().contains("the login or the password is wrong"));
        let right = nobody.form("/sign-in", &[("login", "mara"), ("password", &password), ("back", &back)]).await;
        assert_eq!((right.status, right.header("location")), (303, "/incidents/INC-1?x=1"));
        let cookie = right.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        let mara = nobody.saying("cookie", &cookie);
        assert_eq!(mara.get("/api/v1/me").await.is(200)["name"], "Mara");
        assert_eq!(mara.get("/sign-in?next=/declare").await.header("location"), "/declare");
        let board = mara.get("/").await;
        let left = press(&mara, &board, "/sign-out", &[]).await;
        assert_eq!((left.status, left.header("location")), (303, "/sign-in"));
        assert_eq!(mara.get("/api/v1/me").await.status, 401);
        // Where the demo is off, nobody is ready-made.
        let demo = nobody.form("/sign-in/demo", &[("person", "0198e000-0000-7000-8000-000000000000")]).await;
        assert!(follow(&nobody, &demo).await.text().contains("there are no ready-made people here"));
    }
}

story! {
    async fn a_demo_person_signs_in_without_script(fresh) {
        let house = House::over(fresh.store.clone(), Config { demo: true, ..Config::default() });
        people::ensure_demo_people(&house.app).await.expect("the store works");
        let nobody = from_here(&house.nobody().saying("host", "localhost:3000"));
        let page = nobody.get("/").await;
        assert!(page.text().contains("This is a demo") && page.text().contains(">Mara<"), "{}", page.text());
        let person = hidden_person(&page);
        let signed_in = nobody.form("/sign-in/demo", &[("person", &person), ("back", "/")]).await;
        assert!(signed_in.status == 303 && signed_in.header("set-cookie").starts_with("tocsin="), "{}", signed_in.text());
    }
}

fn hidden_person(page: &Answer) -> String {
    hidden_of(&page.text(), "name=\"person\" value=\"")
}

fn hidden_of(page: &str, before: &str) -> String {
    page.split_once(before).and_then(|(_, after)| after.split('"').next()).unwrap_or_default().to_owned()
}

story! {
    async fn the_theme_that_was_chosen_is_there_from_the_start(fresh) {
        let house = House::of(&fresh);
        let mara = house.browser("mara", Role::Viewer).await;
        for (theme, root) in [("dark", "<html lang=\"en\" data-theme=\"dark\""), ("light", "<html lang=\"en\" data-theme=\"light\""), ("\"><script>", "<html lang=\"en\">")] {
            let page = mara.saying("cookie", &format!("{}; tocsin-theme={theme}", mara.cookie())).get("/").await.text();
            assert!(page.contains(root), "{theme}: {}", &page[..200]);
        }
    }
}

story! {
    async fn breaches_of_the_policy_are_counted(fresh) {
        let house = House::of(&fresh);
        tocsin::server::telemetry::metrics();
        let nobody = house.nobody();
        assert!(nobody.get("/").await.header("content-security-policy").ends_with("report-uri /csp-report"));
        let count = || async {
            let metrics = nobody.get("/metrics").await.text();
            metrics.lines().find_map(|line| line.strip_prefix("tocsin_csp_reports_total ")?.parse::<u64>().ok()).expect("it is counted from the start")
        };
        let before = count().await;
        let report = json!({"csp-report": {"document-uri": "http://localhost/\n", "effective-directive": "script-src", "blocked-uri": "inline\u{1b}[31m"}});
        assert_eq!(nobody.saying("content-type", "application/csp-report").send(axum::http::Method::POST, "/csp-report", report.to_string()).await.status, 204);
        for nonsense in [json!([]), json!({"csp-report": 1}), json!("x")] {
            assert_eq!(nobody.post("/csp-report", &nonsense).await.status, 400);
        }
        assert_eq!(nobody.post("/csp-report", &json!({"csp-report": {"x": "y".repeat(20_000)}})).await.status, 413);
        assert!(count().await > before);
    }
}

story! {
    async fn the_brief_says_when_the_next_update_of_a_major_is_due(fresh) {
        let house = House::of(&fresh);
        let maker = house.program(Role::Responder).await;
        maker.declared(json!({"title": "Cards fail", "severity": "SEV1"})).await;
        let reader = a_browser(&house, "lead", Role::Viewer).await;
        let page = reader.get("/brief").await.text();
        assert!(page.contains("next update in 15 min"), "{page}");
        // Twenty minutes without a word.
        fresh.at(20 * 60);
        let page = reader.get("/brief").await.text();
        assert!(page.contains("data-late=\"true\"") && page.contains("update 5 min late"), "{page}");
        maker.command("INC-1", json!({"command": "note", "text": "The provider works on it."})).await.is(200);
        assert!(reader.get("/brief").await.text().contains("next update in 15 min"));
    }
}

story! {
    async fn an_incident_that_is_only_written_down_says_how_many_alerts_it_leaves_out(fresh) {
        let house = House::of(&fresh);
        let (_, token) = house.integration(json!({"source": "generic", "name": "sender"})).await;
        let alert = |n: usize| json!({"title": format!("Host {n} is down"), "key": n.to_string(), "severity": "error", "labels": {"service": "pay"}});
        let send = async |from: usize, to: usize| {
            house.nobody().post(&format!("/hooks/generic/{token}"), &serde_json::Value::Array((from..to).map(alert).collect())).await.is(200);
        };
        let reader = a_browser(&house, "reader", Role::Viewer).await;
        send(0, 200).await;
        assert!(!reader.get("/incidents/INC-1").await.text().contains("not listed here"), "all of them are");
        send(200, 203).await;
        let page = reader.get("/incidents/INC-1").await.text();
        assert!(page.contains("3 older alerts are not listed here: this page holds the newest 200."), "{page}");
        assert!(page.contains("Host 202 is down") && !page.contains(">Host 2 is down<"));
        // What an alert says only once is told once.
        let (_, other) = house.integration(json!({"source": "generic", "name": "other"})).await;
        let said = json!([
            {"title": "Disk full", "key": "a", "severity": "error", "annotations": {"summary": "Disk full."}, "labels": {"service": "store"}},
            {"title": "Queue grows", "key": "b", "severity": "error", "annotations": {"summary": "The queue of mails grows"}, "labels": {"service": "store"}},
        ]);
        house.nobody().post(&format!("/hooks/generic/{other}"), &said).await.is(200);
        let page = reader.get("/incidents/INC-2").await.text();
        let screen = page.split("<script type=\"application/json\"").next().unwrap_or_default();
        assert_eq!(screen.matches("class=\"alert__described\"").count(), 1, "{screen}");
        assert!(screen.contains("The queue of mails grows") && screen.contains("href=\"/services/store\""), "{screen}");
    }
}
