//! Which stylesheet a rule stands in. `style/components` comes with the page and has to be small;
//! `style/later` comes with the app's later parts, so nothing that is seen before may need it.
//!
//! Read off the sources as text; it names no crate, so it also runs compiled alone.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What only the app draws, in parts that are fetched later (`src/ui/pages/later.rs`).
const DRAWN_LATER: [&str; 23] = [
    "src/ui/chart/",
    "src/ui/components/dialog.rs",
    "src/ui/components/once.rs",
    "src/ui/components/sure.rs",
    "src/ui/forms/",
    "src/ui/pages/alerts.rs",
    "src/ui/pages/changes.rs",
    "src/ui/pages/debug/",
    "src/ui/pages/declare.rs",
    "src/ui/pages/executive/",
    "src/ui/pages/objectives/",
    "src/ui/panels/costs.rs",
    "src/ui/panels/level_rows.rs",
    "src/ui/panels/standing.rs",
    "src/ui/pages/incidents/",
    "src/ui/pages/services/",
    "src/ui/pages/settings/",
    "src/ui/pages/trace/",
    "src/ui/pages/trends/",
    "src/ui/panels/changed.rs",
    "src/ui/panels/changed/",
    "src/ui/panels/dependencies.rs",
    "src/ui/panels/traces.rs",
];

/// Classes of a component that stands later although its file also holds one of the first screen.
const STANDS_LATER: [&str; 8] = ["choice", "choice__legend", "choice__hint", "choice__chips", "chip", "chip__input", "pick", "pick__label"];

#[test]
fn what_is_seen_first_needs_no_later_stylesheet() {
    let early = BTreeSet::from(["panel__head", "input"].map(str::to_owned));
    for bad in [".panel__head > a { color: red; }", "@media (min-width: 1px) { .trends, .panel__head:is(a, b) { } }", "a { }", "[hidden] { }"] {
        assert!(!unowned(bad, &early).is_empty(), "the rule overlooks {bad}");
    }
    for good in [".trends .panel__head { }", "/* .input */ @layer components { .trends .input:is(a, b) { color: red; } #trial { } }"] {
        assert_eq!(unowned(good, &early), Vec::<String>::new());
    }

    let early = named_early();
    assert!(early.contains("topbar") && early.contains("incident-row") && !early.contains("trends"), "the sources were not found");
    let faults: Vec<String> = files_below("style/later")
        .iter()
        .flat_map(|path| unowned(&read(path), &early).into_iter().map(move |selector| format!("{path}: {selector}")))
        .collect();
    assert!(faults.is_empty(), "these also fit what the first screen draws; narrow them, or move them to style/components:\n{}", faults.join("\n"));
}

#[test]
fn every_component_has_its_layer() {
    for path in files_below("style/components").into_iter().chain(files_below("style/later")) {
        let text = without_comments(&read(&path));
        assert!(text.trim_start().starts_with("@layer components {"), "{path} stands outside the layers");
    }
}

/// The selectors of a stylesheet that name nothing but what is drawn early.
fn unowned(css: &str, early: &BTreeSet<String>) -> Vec<String> {
    let css = without_comments(css);
    let heads = css.split('{').filter_map(|before| before.rsplit(['}', ';']).next()).map(str::trim);
    let selectors = heads.filter(|head| !head.is_empty() && !head.starts_with('@')).flat_map(at_commas);
    selectors.filter(|selector| !names(selector).iter().any(|name| !early.contains(name))).collect()
}

/// The classes and ids of a selector.
fn names(selector: &str) -> Vec<String> {
    let begins = selector.match_indices(['.', '#']).map(|(at, _)| &selector[at + 1..]);
    let word = |rest: &str| rest.chars().take_while(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect::<String>();
    begins.map(word).filter(|name| name.starts_with(char::is_alphabetic)).collect()
}

/// The selectors of a list; commas in brackets separate something else.
fn at_commas(list: &str) -> Vec<String> {
    let (mut depth, mut all) = (0, vec![String::new()]);
    for letter in list.chars() {
        match letter {
            ',' if depth == 0 => all.push(String::new()),
            _ => {
                depth += i32::from("([".contains(letter)) - i32::from(")]".contains(letter));
                all.last_mut().expect("there is always one").push(letter);
            }
        }
    }
    all.iter().map(|selector| selector.trim().to_owned()).collect()
}

/// The classes and ids that are given to what may be seen before the later stylesheet is there.
fn named_early() -> BTreeSet<String> {
    let early = files_below("src/ui").into_iter().filter(|path| path.ends_with(".rs") && !DRAWN_LATER.iter().any(|later| path.starts_with(later)));
    let mut named = BTreeSet::new();
    for text in early.map(|path| read(&path)) {
        for attribute in ["class=", "id="] {
            let lines = text.match_indices(attribute).filter_map(|(at, _)| text[at..].lines().next());
            let values = lines.filter_map(|line| line.split('"').nth(1));
            named.extend(values.flat_map(str::split_whitespace).map(str::to_owned));
        }
    }
    named.retain(|name| !STANDS_LATER.contains(&name.as_str()));
    named
}

fn without_comments(css: &str) -> String {
    let mut pieces = css.split("/*");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.filter_map(|piece| piece.split_once("*/")).fold(first, |text, (_, after)| text + after)
}

fn root() -> PathBuf {
    option_env!("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// The files of a folder and of those in it, as paths from the top with `/`.
fn files_below(folder: &str) -> Vec<String> {
    let mut found = vec![];
    for entry in fs::read_dir(root().join(folder)).into_iter().flatten().flatten() {
        let path = Path::new(folder).join(entry.file_name()).to_string_lossy().replace('\\', "/");
        if entry.path().is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
