//! One screen, written into the page that loads the app.

use crate::{
    domain::screens::{Asked, FirstScreen},
    ui::{Still, still},
};
use leptos::prelude::{Owner, RenderHtml};

/// Where the built page shows what it has until the app is there.
const BEGIN: &str = "<!--screen-->";
const END: &str = "<!--/screen-->";
/// Behind it, so that the screen is seen while the data still arrives.
const DATA: &str = "<!--data-->";
const TITLE: &str = "<title>Tocsin</title>";
const ROOT: &str = "<html lang=\"en\"";

/// More data than this does not travel with the page: the app asks for it by itself.
const MOST_DATA: usize = 1024 * 1024;

/// The page `shell` with the screen that is asked for.
pub fn page(shell: &str, asked: Asked) -> String {
    let data = data(&asked.screen);
    let theme = asked.theme;
    // Everything that is drawn lives under this owner and goes with it.
    let owner = Owner::new();
    let (title, screen) = owner.with(|| {
        let Still { title, view } = still(asked);
        (title, view.to_html())
    });
    owner.cleanup();

    let mut page = String::with_capacity(shell.len() + screen.len() + data.len() + 200);
    let mut rest = shell;
    let mut put = |mark: &str, text: &str| {
        if let Some((before, after)) = rest.split_once(mark) {
            page.push_str(before);
            page.push_str(text);
            rest = after;
        }
    };
    put(ROOT, &theme.map_or_else(|| ROOT.to_owned(), |theme| format!("{ROOT} data-theme=\"{}\"", theme.slug())));
    put(TITLE, &format!("<title>{}</title>", escaped(&title)));
    put(BEGIN, &screen);
    if let Some((_, after)) = rest.split_once(END) {
        rest = after;
    }
    if let Some((before, after)) = rest.split_once(DATA) {
        page.push_str(before);
        page.push_str(&data);
        rest = after;
    }
    page.push_str(rest);
    page
}

/// The data in the page. Nothing in it can end its element or begin another: every `<` is written
/// as JSON's escape of it, and the line separators that old scripts stumble over as theirs.
fn data(screen: &FirstScreen) -> String {
    let Ok(json) = serde_json::to_string(screen) else { return String::new() };
    if json.len() > MOST_DATA {
        return String::new();
    }
    let json = json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    format!("<script type=\"application/json\" id=\"first-screen\">{json}</script>")
}

/// Text inside an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
