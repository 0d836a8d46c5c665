//! One screen, written into the page that loads the app.

use crate::{
    domain::screens::Asked,
    ui::{ISLAND, PAGE_ISLAND, Still, still},
};
use leptos::prelude::{Owner, RenderHtml};
use serde::Serialize;
use std::collections::BTreeMap;

/// Where the built page shows what it has until the app is there.
const BEGIN: &str = "<!--screen-->";
const END: &str = "<!--/screen-->";
/// Behind it, so that the screen is seen while the data still arrives.
const DATA: &str = "<!--data-->";
const TITLE: &str = "<title>Tocsin</title>";
const ROOT: &str = "<html lang=\"en\"";
/// Where the built page says which files each part of the app is made of.
const PARTS: &str = "<!--parts ";
const PARTS_END: &str = "-->";

/// More data than this does not travel with the page: the app asks for it by itself.
const MOST_DATA: usize = 1024 * 1024;

/// The page `shell` with the screen that is asked for.
pub fn page(shell: &str, asked: Asked) -> String {
    let mut data = data("first-screen", &asked.screen);
    data.push_str(&asked.screen.page.as_ref().map(|page| self::data(PAGE_ISLAND, page)).unwrap_or_default());
    data.push_str(&asked.executive.as_ref().map(|board| self::data(ISLAND, board)).unwrap_or_default());
    let theme = asked.theme;
    // Everything that is drawn lives under this owner and goes with it.
    let owner = Owner::new();
    let (title, screen, part, styled) = owner.with(|| {
        let Still { title, view, part, styled } = still(asked);
        (title, view.to_html(), part, styled)
    });
    owner.cleanup();

    let mut page = Filled { text: String::with_capacity(shell.len() + screen.len() + data.len() + 200), rest: shell };
    page.put(ROOT, &theme.map_or_else(|| ROOT.to_owned(), |theme| format!("{ROOT} data-theme=\"{}\"", theme.slug())));
    page.put(TITLE, &format!("<title>{}</title>", escaped(&title)));
    page.put_between(PARTS, PARTS_END, |parts| part.map(|part| preloads(parts, part, styled)).unwrap_or_default());
    page.put_between(BEGIN, END, |_| screen);
    page.put(DATA, &data);
    page.done()
}

/// A page on its way: what is written, and what of the shell is still to come.
struct Filled<'a> {
    text: String,
    rest: &'a str,
}

impl Filled<'_> {
    /// Puts a text in place of the next mark; without the mark nothing.
    fn put(&mut self, mark: &str, text: &str) {
        if let Some((before, after)) = self.rest.split_once(mark) {
            self.text.push_str(before);
            self.text.push_str(text);
            self.rest = after;
        }
    }

    /// Puts a text in place of two marks and of what stands between them.
    fn put_between(&mut self, begin: &str, end: &str, text: impl FnOnce(&str) -> String) {
        if let Some((before, within)) = self.rest.split_once(begin)
            && let Some((within, after)) = within.split_once(end)
        {
            self.text.push_str(before);
            self.text.push_str(&text(within));
            self.rest = after;
        }
    }

    fn done(mut self) -> String {
        self.text.push_str(self.rest);
        self.text
    }
}

/// Has the files of a part fetched beside the app, and not after it has started. `parts` is what
/// the build wrote down: the names of the files by the name of the part. `styled`: the screen that
/// the server has drawn is seen with its style.
fn preloads(parts: &str, part: &str, styled: bool) -> String {
    let files = serde_json::from_str::<BTreeMap<String, Vec<String>>>(parts).ok().and_then(|mut parts| parts.remove(part)).unwrap_or_default();
    let link = |file: &String| match file.ends_with(".css") {
        true if styled => format!("<link rel=\"stylesheet\" href=\"/{file}\">"),
        true => format!("<link rel=\"preload\" href=\"/{file}\" as=\"style\">"),
        false => format!("<link rel=\"preload\" href=\"/{file}\" crossorigin as=\"fetch\" type=\"application/wasm\">"),
    };
    files.iter().map(link).collect()
}

/// The data in the page. Nothing in it can end its element or begin another: every `<` is written
/// as JSON's escape of it, and the line separators that old scripts stumble over as theirs.
fn data(id: &str, screen: &impl Serialize) -> String {
    let Ok(json) = serde_json::to_string(screen) else { return String::new() };
    if json.len() > MOST_DATA {
        return String::new();
    }
    let json = json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    format!("<script type=\"application/json\" id=\"{id}\">{json}</script>")
}

/// Text inside an element.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        accounts::Doorstep,
        screens::{FirstScreen, FormKeys, Said, Theme},
    };

    const SHELL: &str = "<!doctype html><html lang=\"en\"><head><title>Tocsin</title></head><body><div id=\"app\"><!--screen-->loading<!--/screen--></div><!--data--></body></html>";
    const HOSTILE: &str = "</script><!--<script>alert(1)</script>--><!--/screen--><!--data-->\u{2028}&amp;\"'";

    fn asked(words: &str) -> Asked {
        let door = Doorstep { me: None, demo_people: vec![], needs_first_admin: false };
        let said = Said { words: words.to_owned(), next: None, refused: true };
        let keys = FormKeys { command: "c".to_owned(), token: String::new(), back: format!("/{words}") };
        let screen = FirstScreen { door: Some(door), said: Some(said), ..FirstScreen::default() };
        Asked { path: "/".to_owned(), theme: Some(Theme::Dark), keys: Some(keys), screen, ..Asked::default() }
    }

    #[test]
    fn the_screen_stands_in_the_page_with_its_title_and_theme() {
        let page = page(SHELL, asked("Hello"));
        assert!(page.starts_with("<!doctype html><html lang=\"en\" data-theme=\"dark\"><head><title>Sign in · Tocsin</title>"), "{page}");
        assert!(page.contains("action=\"/sign-in\"") && page.contains("Hello") && !page.contains("loading"), "{page}");
        assert!(page.ends_with("</script></body></html>"), "{page}");
    }

    #[test]
    fn a_page_asks_for_the_part_that_it_waits_for_and_for_no_other() {
        let shell = SHELL.replace("</head>", "<!--parts {\"door\":[\"part-door-1.wasm\",\"later-2.css\"],\"lists\":[\"part-lists-3.wasm\"]}--></head>");
        let page = page(&shell, asked("Hello"));
        let links = "<link rel=\"preload\" href=\"/part-door-1.wasm\" crossorigin as=\"fetch\" type=\"application/wasm\"><link rel=\"preload\" href=\"/later-2.css\" as=\"style\"></head>";
        assert!(page.contains(links) && !page.contains("lists"), "{page}");
        assert_eq!(preloads("{\"door\":[]}", "office", false), "");
        assert_eq!(preloads("not what the build writes", "office", true), "");
    }

    #[test]
    fn the_data_cannot_end_its_element_and_reads_back_as_it_was() {
        let asked = asked(HOSTILE);
        let screen = asked.screen.clone();
        let page = page(SHELL, asked);
        let (_, data) = page.split_once("id=\"first-screen\">").expect("the data is there");
        let (data, after) = data.split_once("</script>").expect("it ends");
        assert_eq!(after, "</body></html>", "the first end is its own");
        assert!(!data.contains('<') && !data.contains('\u{2028}'), "{data}");
        assert_eq!(serde_json::from_str::<FirstScreen>(data).ok(), Some(screen));
    }

    #[test]
    fn what_is_drawn_is_text() {
        let page = page(SHELL, asked(HOSTILE));
        let screen = page.split("<script type").next().unwrap_or_default();
        assert!(screen.contains("&lt;/script&gt;&lt;!--") && !screen.contains("<script") && !screen.contains("<!--/screen"), "{screen}");
    }

    #[test]
    fn more_data_than_a_phone_should_wait_for_does_not_travel_with_the_page() {
        let page = page(SHELL, asked(&"x".repeat(MOST_DATA)));
        assert!(!page.contains("first-screen"));
    }
}
