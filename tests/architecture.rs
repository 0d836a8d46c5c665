//! The rules of the house that the compiler does not hold, read off the sources as text:
//! which room reaches which, and what stands in one place only (`ARCHITECTURE.md`).
//!
//! Every rule is a function from one file to its faults, and every test first shows that its rule
//! can fail. It names no crate, so it also runs compiled alone.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const ROOMS: [&str; 6] = ["domain", "charts", "api", "server", "render", "ui"];

/// Where a file stands, which rooms it may name.
const MAY_REACH: [(&str, &[&str]); 8] = [
    // The narrower place comes first.
    ("src/server/sources/", &["domain"]),
    ("src/ui/components/", &["domain", "ui"]),
    ("src/domain/", &["domain"]),
    ("src/charts/", &["charts", "domain"]),
    ("src/api/", &["api", "domain", "server"]),
    ("src/server/", &["server", "domain", "charts"]),
    ("src/render/", &["render", "ui", "charts", "domain"]),
    ("src/ui/", &["ui", "domain", "charts", "api"]),
];

/// What the rules themselves are built from.
const CRATES_OF_DOMAIN: [&str; 6] = ["serde", "serde_json", "chrono", "uuid", "sha2", "thiserror"];

/// Above this a file wants to be two.
const LONGEST_FILE_LINES: usize = 800;

/// Files that may be longer, and why.
const LONGER_FOR_A_REASON: [(&str, &str); 0] = [];

/// What stands at the top; dotfiles are free.
const TOP: [&str; 16] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "Trunk.toml",
    "benches",
    "dev",
    "index.html",
    "migrations",
    "public",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "src",
    "style",
];

// ---------------------------------------------------------------- the rules

#[test]
fn a_room_reaches_only_the_rooms_it_may() {
    holds(
        reaches_only_allowed_rooms,
        &[
            ("src/domain/alert.rs", "use crate::server::clock::Clock;"),
            ("src/domain/alert.rs", "use crate::{\n    domain::ids,\n    server::{clock, store},\n};"),
            ("src/domain/alert.rs", "use super::super::server::clock;"),
            ("src/charts/scale.rs", "fn f() { crate::ui::live::now() }"),
            ("src/server/live.rs", "use crate::api::board;"),
            ("src/server/sources/generic.rs", "use crate::server::store::Store;"),
            ("src/render/brief.rs", "use crate::server::store::Store;"),
            ("src/ui/pages/board.rs", "use crate::server::state;"),
            ("src/ui/components/badge.rs", "use crate::api::incidents;"),
        ],
        &[
            ("src/domain/alert.rs", "use crate::domain::ids; // crate::server knows"),
            ("src/domain/incident/fold.rs", "use super::super::time::Timestamp;"),
            ("src/server/live.rs", "use crate::domain::boards::Happening;"),
            ("src/ui/pages/board.rs", "use crate::{api::incidents, domain::ids};"),
        ],
    );
}

#[test]
fn server_functions_reach_the_server_only_inside_their_bodies() {
    holds(
        api_names_the_server_only_in_bodies,
        &[("src/api/board.rs", "use crate::server::state;"), ("src/api/board.rs", "pub use crate::{domain::ids, server::state};")],
        &[("src/api/board.rs", "pub async fn snapshot() {\n    use crate::server::state;\n}"), ("src/server/live.rs", "use crate::server::state;")],
    );
}

#[test]
fn the_address_of_a_server_function_is_written_by_hand() {
    holds(
        server_functions_have_an_address,
        &[("src/api/board.rs", "#[server(name = SnapshotCall, prefix = \"/api/fn\")]"), ("src/api/board.rs", "#[server]")],
        &[("src/api/board.rs", "#[server(prefix = \"/api/fn\", endpoint = \"board/snapshot\")]")],
    );
}

#[test]
fn conditions_stand_only_on_the_mod_lines_of_the_crate() {
    holds(
        conditions_stand_on_mod_lines,
        &[
            ("src/server/live.rs", "#[cfg(feature = \"ssr\")]\nfn f() {}"),
            ("src/ui/live.rs", "if cfg!(target_arch = \"wasm32\") {}"),
            ("src/ui/live.rs", "#[cfg_attr(feature = \"ssr\", derive(Debug))]"),
            ("src/lib.rs", "#[cfg(feature = \"ssr\")]\nfn f() {}"),
        ],
        &[("src/lib.rs", "#[cfg(feature = \"ssr\")]\npub mod server;"), ("src/domain/ids.rs", "#[cfg(test)]\nmod tests {}")],
    );
}

#[test]
fn only_one_file_talks_to_the_browser() {
    holds(
        only_in("web_sys", &["src/ui/browser.rs"]),
        &[("src/ui/live.rs", "use web_sys::window;"), ("src/main.rs", "leptos::web_sys::window()")],
        &[("src/ui/browser.rs", "use web_sys::window;"), ("src/ui/live.rs", "// web_sys is browser.rs's")],
    );
}

#[test]
fn only_one_file_asks_what_time_it_is() {
    let bad = [("src/server/live.rs", "let at = chrono::Utc::now();"), ("src/ui/live.rs", "SystemTime::now()"), ("src/ui/live.rs", "js_sys::Date::now()")];
    for (needle, files, bad) in [
        ("Utc::now", ["src/server/clock.rs"], bad[0]),
        ("SystemTime::now", ["src/server/clock.rs"], bad[1]),
        ("Local::now", ["src/server/clock.rs"], ("src/server/live.rs", "chrono::Local::now()")),
        // In the browser the clock is one of the browser's things.
        ("Date::now", ["src/ui/browser.rs"], bad[2]),
    ] {
        holds(only_in(needle, &files), &[bad], &[(files[0], bad.1)]);
    }
}

#[test]
fn sql_is_spoken_only_in_the_store() {
    holds(
        sql_stands_in_the_store,
        &[
            ("src/server/usecases/people.rs", "sqlx::query(\"SELECT 1\")"),
            ("src/server/rest/mod.rs", "use sqlx::AnyPool;"),
            ("src/bin/tocsin.rs", "query_as::<_, Row>(SQL)"),
        ],
        &[("src/server/store/people.rs", "use sqlx::{query, Row};"), ("src/server/error.rs", "Database(#[from] sqlx::Error)")],
    );
}

#[test]
fn foreign_text_never_becomes_markup() {
    holds(
        only_in("inner_html", &[]),
        &[("src/ui/pages/incident.rs", "view! { <p inner_html=text/> }")],
        &[("src/ui/pages/incident.rs", "view! { <p>{text}</p> }")],
    );
    holds(only_in("insert_adjacent_html", &[]), &[("src/ui/browser.rs", "element.insert_adjacent_html(\"x\", text)")], &[]);
    holds(only_in("set_outer_html", &[]), &[("src/ui/browser.rs", "element.set_outer_html(text)")], &[]);
}

#[test]
fn the_rules_of_incidents_reach_for_nothing_but_their_few_crates() {
    holds(
        domain_names_only_its_crates,
        &[
            ("src/domain/alert.rs", "use tokio::sync::mpsc;"),
            ("src/domain/alert.rs", "fn f() { leptos::logging::log!(\"x\") }"),
            ("src/domain/alert.rs", "use std::fs;"),
            ("src/domain/alert.rs", "use std::{collections::BTreeMap, env};"),
            ("src/domain/alert.rs", "let at = std::time::Instant::now();"),
            ("src/domain/ids.rs", "Uuid::now_v7()"),
        ],
        &[("src/domain/alert.rs", "use std::{collections::BTreeMap, fmt::Write};\nuse serde_json::Value;"), ("src/server/live.rs", "use std::fs;")],
    );
}

#[test]
fn a_source_turns_bytes_into_alerts_and_knows_nothing_else() {
    holds(
        sources_know_only_bytes,
        &[("src/server/sources/generic.rs", "use axum::http::HeaderMap;"), ("src/server/sources/generic.rs", "use super::super::clock::Clock;")],
        &[("src/server/sources/generic.rs", "use serde_json::Value;"), ("src/server/rest/mod.rs", "use axum::Router;")],
    );
}

#[test]
fn a_component_turns_its_props_into_markup_and_fetches_nothing() {
    holds(
        components_fetch_nothing,
        &[("src/ui/components/badge.rs", "let app = expect_context::<App>();"), ("src/ui/components/badge.rs", "use crate::ui::browser;")],
        &[("src/ui/components/badge.rs", "pub fn Badge(severity: Severity) -> impl IntoView {"), ("src/ui/panels/counts.rs", "use_context::<App>()")],
    );
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    for left in ["todo!(", "unimplemented!(", "dbg!("] {
        let bad = format!("fn f() {{ {left}) }}");
        holds(only_in(left, &[]), &[("src/server/live.rs", &bad)], &[]);
    }
}

#[test]
fn a_file_that_grew_too_long_says_why() {
    let long = "//\n".repeat(LONGEST_FILE_LINES + 1);
    holds(is_short_enough, &[("src/server/live.rs", &long)], &[("src/server/live.rs", "//\n")]);
    for (path, reason) in LONGER_FOR_A_REASON {
        assert!(!reason.is_empty() && root().join(path).is_file(), "{path} is listed as long but is not there, or has no reason");
    }
}

#[test]
fn the_top_folder_holds_what_the_plan_names() {
    let unknown =
        |names: &[String]| names.iter().filter(|name| !name.starts_with('.') && *name != "tests" && !TOP.contains(&name.as_str())).cloned().collect::<Vec<_>>();
    assert_eq!(unknown(&["utils".to_owned(), "src".to_owned(), ".ci".to_owned()]), ["utils"]);

    let entries = fs::read_dir(root()).expect("the package's folder is readable");
    let names: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(|name| !is_made(name)).collect();
    assert_eq!(unknown(&names), Vec::<String>::new(), "the top folder stays a table of contents");
    for name in TOP {
        assert!(names.iter().any(|there| there == name), "{name} is missing");
    }
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let home = format!("path = \"{}\"", machine_paths()[0]);
    let host = format!("\"resolved\": \"https://{}.org/x.tgz\"", registry_hosts()[0]);
    let bad = [("README.md", home.as_str()), ("tests/e2e/package-lock.json", host.as_str())];
    let good = [("README.md", "GET /api/v1/homework/1"), ("Cargo.lock", "registry+https://github.com/rust-lang/crates.io-index")];
    for (path, text) in bad {
        assert!(!knows_no_machine(path, text).is_empty(), "the rule overlooks: {text}");
    }
    for (path, text) in good {
        assert!(knows_no_machine(path, text).is_empty(), "the rule refuses what is right: {text}");
    }
    assert_none(files_below("").iter().flat_map(|path| knows_no_machine(path, &read(path))));
}

// ---------------------------------------------------------------- how each is read off a file

fn reaches_only_allowed_rooms(path: &str, text: &str) -> Vec<String> {
    let Some((place, allowed)) = MAY_REACH.iter().find(|(place, _)| path.starts_with(place)) else { return vec![] };
    rooms_named(path, text).into_iter().filter(|room| !allowed.contains(&room.as_str())).map(|room| format!("{path}: {place} may not reach `{room}`")).collect()
}

/// The rooms that a file names by `crate::room`, `crate::{room, …}` or enough `super::`.
fn rooms_named(path: &str, text: &str) -> BTreeSet<String> {
    let code = code_of(text);
    // `src/server/clock.rs` and `src/server/store/mod.rs` are both two modules deep.
    let depth = path.split('/').skip(1).filter(|part| *part != "mod.rs").count();
    let to_root = "super::".repeat(depth);
    let mut rooms = BTreeSet::new();
    for prefix in ["crate::", "tocsin::", to_root.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':') {
                continue;
            }
            let rest = &code[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(group) => rooms.extend(heads_of_group(group)),
                None => rooms.extend([head(rest)]),
            }
        }
    }
    rooms.retain(|room| ROOMS.contains(&room.as_str()));
    rooms
}

/// `domain::ids, server::{clock, store}}` → `domain`, `server`.
fn heads_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut starts, mut heads) = (0, true, vec![]);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts = true,
            _ if starts && !letter.is_whitespace() => {
                heads.push(head(&group[at..]));
                starts = false;
            }
            _ => {}
        }
    }
    heads
}

fn head(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

fn api_names_the_server_only_in_bodies(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("src/api/") {
        return vec![];
    }
    let statements = lines(text).filter(|(_, line)| !line.starts_with(' '));
    statements
        .filter(|(_, line)| rooms_named(path, line).contains("server"))
        .map(|(number, _)| format!("{path}:{number}: the server is reached outside a body"))
        .collect()
}

fn server_functions_have_an_address(path: &str, text: &str) -> Vec<String> {
    let wrong = |line: &str| line.contains("#[server(") && !line.contains("endpoint = \"") || line.contains("#[server]");
    lines(text).filter(|(_, line)| wrong(line)).map(|(number, _)| format!("{path}:{number}: a server function without `endpoint`")).collect()
}

fn conditions_stand_on_mod_lines(path: &str, text: &str) -> Vec<String> {
    let all: Vec<(usize, String)> = lines(text).collect();
    let is_condition = |line: &str| ["#[cfg(", "#![cfg(", "cfg!(", "cfg_attr("].iter().any(|form| line.contains(form));
    let is_for_tests = |line: &str| line.contains("cfg(test)") || line.contains("cfg(doc)");
    let gates_a_module =
        |index: usize| path == "src/lib.rs" && all.get(index + 1).is_some_and(|(_, next)| next.starts_with("pub mod ") || next.starts_with("mod "));
    all.iter()
        .enumerate()
        .filter(|(index, (_, line))| is_condition(line) && !is_for_tests(line) && !gates_a_module(*index))
        .map(|(_, (number, line))| format!("{path}:{number}: a condition outside the mod lines of src/lib.rs: {}", line.trim()))
        .collect()
}

/// A rule: `needle` stands in no file but these.
fn only_in(needle: &str, files: &[&str]) -> impl Fn(&str, &str) -> Vec<String> {
    move |path, text| {
        if files.contains(&path) {
            return vec![];
        }
        lines(text).filter(|(_, line)| line.contains(needle)).map(|(number, _)| format!("{path}:{number}: `{needle}` belongs into {files:?}")).collect()
    }
}

fn sql_stands_in_the_store(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("src/server/store/") {
        return vec![];
    }
    // An error may be named where errors are told apart.
    let wrong = |line: &str| line.replace("sqlx::Error", "").contains("sqlx::") || line.contains("query_as") || line.contains("query_scalar");
    lines(text).filter(|(_, line)| wrong(line)).map(|(number, _)| format!("{path}:{number}: SQL outside src/server/store")).collect()
}

fn domain_names_only_its_crates(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("src/domain/") {
        return vec![];
    }
    let foreign: Vec<String> = dependencies().into_iter().filter(|name| !CRATES_OF_DOMAIN.contains(&name.as_str())).collect();
    let code = code_of(text);
    let mut faults: Vec<String> =
        foreign.iter().filter(|name| names_path(&code, &format!("{name}::"))).map(|name| format!("{path}: the domain may not use `{name}`")).collect();
    let std_parts = ["fs", "env", "net", "process", "thread", "time"];
    for part in std_parts {
        let in_group = code.match_indices("std::{").any(|(at, opening)| heads_of_group(&code[at + opening.len()..]).iter().any(|head| head == part));
        if in_group || names_path(&code, &format!("std::{part}")) {
            faults.push(format!("{path}: the domain may not use `std::{part}`"));
        }
    }
    for made in ["Uuid::new_v4", "Uuid::now_v7"] {
        if code.contains(made) {
            faults.push(format!("{path}: whoever calls the domain hands ids in; `{made}` makes one"));
        }
    }
    faults
}

/// Whether `code` has `path` at the beginning of a path and as whole words.
fn names_path(code: &str, path: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(path).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(|letter| is_word(letter) || letter == ':');
        let after = !path.ends_with(':') && code[at + path.len()..].chars().next().is_some_and(is_word);
        !before && !after
    })
}

fn sources_know_only_bytes(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("src/server/sources/") {
        return vec![];
    }
    let code = code_of(text);
    let crates = ["axum::", "sqlx::", "tokio::", "reqwest::"].into_iter().filter(|name| names_path(&code, name));
    let rooms = ["store::", "clock::", "state::", "auth::"].into_iter().filter(|room| code.contains(&format!("super::super::{room}")));
    crates.chain(rooms).map(|name| format!("{path}: a source may not use `{name}`")).collect()
}

fn components_fetch_nothing(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("src/ui/components/") {
        return vec![];
    }
    let forbidden = ["use_context", "expect_context", "crate::api", "ui::browser", "super::browser", "Resource::new"];
    lines(text)
        .filter(|(_, line)| forbidden.iter().any(|name| line.contains(name)))
        .map(|(number, line)| format!("{path}:{number}: a component takes props: {}", line.trim()))
        .collect()
}

fn is_short_enough(path: &str, text: &str) -> Vec<String> {
    let count = text.lines().count();
    let excused = LONGER_FOR_A_REASON.iter().any(|(listed, _)| *listed == path);
    if count <= LONGEST_FILE_LINES || excused { vec![] } else { vec![format!("{path} has {count} lines")] }
}

fn knows_no_machine(path: &str, text: &str) -> Vec<String> {
    let names_folder = |line: &str, folder: &str| {
        line.match_indices(folder).any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || "}/._-*".contains(before)))
    };
    let names_host = |line: &str, host: &str| path != "Cargo.lock" && line.contains(host);
    let mut faults = vec![];
    for (number, line) in text.lines().enumerate() {
        let folders = machine_paths().into_iter().filter(|folder| names_folder(line, folder));
        let hosts = registry_hosts().into_iter().filter(|host| names_host(line, host));
        faults.extend(folders.chain(hosts).map(|found| format!("{path}:{}: {found}", number + 1)));
    }
    faults
}

/// Put together here, so that this file does not hold what it looks for.
fn machine_paths() -> [String; 4] {
    ["root", "home", "work", "Users"].map(|folder| format!("/{folder}/"))
}

fn registry_hosts() -> [String; 5] {
    [("registry", "npmjs"), ("registry", "yarnpkg"), ("static", "crates"), ("index", "crates"), ("files", "pythonhosted")]
        .map(|(host, domain)| format!("{host}.{domain}"))
}

// ---------------------------------------------------------------- reading the tree

type Example<'a> = (&'a str, &'a str);

/// Shows that the rule finds what is bad and leaves what is good alone, then holds it against every source file.
fn holds(rule: impl Fn(&str, &str) -> Vec<String>, bad: &[Example], good: &[Example]) {
    for (path, text) in bad {
        assert!(!rule(path, text).is_empty(), "the rule overlooks, in {path}: {text}");
    }
    for (path, text) in good {
        assert_eq!(rule(path, text), Vec::<String>::new(), "the rule refuses what is right: {text}");
    }
    let sources: Vec<String> = files_below("src").into_iter().filter(|path| path.ends_with(".rs")).collect();
    assert!(sources.len() > 20, "the sources were not found");
    assert_none(sources.iter().flat_map(|path| rule(path, &read(path))));
}

fn assert_none(faults: impl Iterator<Item = String>) {
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn root() -> PathBuf {
    option_env!("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// Text files of the project, as paths from its top with `/`.
fn files_below(folder: &str) -> Vec<String> {
    let mut found = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_made(&name) {
                continue;
            }
            let path = Path::new(&folder).join(&name).to_string_lossy().replace('\\', "/");
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(_) if fs::read_to_string(entry.path()).is_ok() => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// What builds and tests leave behind, as in `.gitignore`.
fn is_made(name: &str) -> bool {
    ["target", "dist", "out", "node_modules", "test-results", "playwright-report", ".git"].contains(&name) || name.contains(".sqlite")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the crates in `Cargo.toml`, as code writes them; those of the tests are another matter.
fn dependencies() -> Vec<String> {
    let manifest = read("Cargo.toml");
    let mut within = false;
    let mut names = vec![];
    for line in manifest.lines() {
        if line.starts_with('[') {
            within = line.trim_end() == "[dependencies]";
        } else if within && !line.starts_with('#') && line.contains('=') && !line.starts_with(' ') {
            names.push(head(&line.replace('-', "_")));
        }
    }
    assert!(names.iter().any(|name| name == "leptos"), "the dependencies were not found in Cargo.toml");
    names
}

/// The numbered lines of a file without their comments.
fn lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, without_comment(line).to_owned()))
}

fn code_of(text: &str) -> String {
    text.lines().map(without_comment).collect::<Vec<_>>().join("\n")
}

/// A comment begins with `//` at the beginning of the line or after a space; an address in a text does not.
fn without_comment(line: &str) -> &str {
    let begins = line.match_indices("//").find(|(at, _)| line[..*at].is_empty() || line[..*at].ends_with(char::is_whitespace));
    begins.map_or(line, |(at, _)| &line[..at])
}
