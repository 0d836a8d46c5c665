//! Where the app stands: built beside the page that came, it takes that one's place in one go.

use super::{Element, Event, HtmlElement, document, is_here, window};
use js_sys::Reflect;
use std::cell::Cell;
use wasm_bindgen::{JsCast, JsValue};

thread_local! {
    /// Whether the app is being built beside the page that came, which is what is seen and used.
    static IS_BEHIND: Cell<bool> = const { Cell::new(false) };
}

pub(super) fn is_behind() -> bool {
    IS_BEHIND.get()
}

/// Where the app is built before anybody sees it.
pub fn new_place() -> HtmlElement {
    IS_BEHIND.set(true);
    let place = document().create_element("div").expect("every document can make one");
    place.set_id(PLACE);
    place.unchecked_into()
}

/// How many rows of the page's tables are needed for what is on screen, and for a little below. While
/// something has the focus it is all of them: it may stand in any. So it is where they are a table, whose
/// columns are as wide as all of its rows ask for, and would move when more of them came.
pub fn rows_in_sight() -> usize {
    let (document, window) = (document(), window());
    let has_focus = document.active_element().is_some_and(|element| element.tag_name() != "BODY");
    let size = |value: Result<JsValue, JsValue>| value.ok().and_then(|value| value.as_f64());
    let (width, height) = (size(window.inner_width()), size(window.inner_height()));
    let is_table = width.is_some_and(|width| width >= 720.0);
    let (Some(height), false, Ok(rows)) = (height, has_focus || is_table, document.query_selector_all("[data-row]")) else { return usize::MAX };
    let top = |at: u32| rows.item(at).map(|row| row.unchecked_into::<Element>().get_bounding_client_rect().top());
    let below = (0..rows.length()).find(|at| top(*at).is_some_and(|top| top > height * 1.25));
    below.map_or(usize::MAX, |rows| rows as usize)
}

/// Puts the app where the page as it came stood, in one go: what was typed, opened, scrolled and
/// focused meanwhile stays so.
pub fn take_place(place: &HtmlElement) {
    IS_BEHIND.set(false);
    let document = document();
    if let Some(root) = document.document_element() {
        let _ = root.remove_attribute("data-still");
    }
    let Some(before) = document.get_element_by_id(PLACE) else {
        let _ = document.body().map(|body| body.append_child(place));
        return;
    };
    let focused = document.active_element().filter(|element| before.contains(Some(element))).and_then(|element| selector(&element));
    let (x, y) = (window().scroll_x().unwrap_or(0.0), window().scroll_y().unwrap_or(0.0));
    let _ = before.replace_with_with_node_1(place);
    each(&before, "[id]", |old| {
        let Some(new) = document.get_element_by_id(&old.id()) else { return };
        carry_over(old, &new);
    });
    if let Some(element) = focused.and_then(|selector| place.query_selector(&selector).ok().flatten()) {
        let _ = element.unchecked_into::<HtmlElement>().focus();
    }
    // Focusing scrolls; where somebody is now is where they stay.
    window().scroll_to_with_x_and_y(x, y);
}

/// The element that holds everything the app draws.
const PLACE: &str = "app";

fn each(within: &Element, selector: &str, mut call: impl FnMut(&Element)) {
    let Ok(found) = within.query_selector_all(selector) else { return };
    (0..found.length()).filter_map(|at| found.item(at)).for_each(|node| call(node.unchecked_ref()));
}

/// How the same element is found again in the app's own page.
fn selector(element: &Element) -> Option<String> {
    let by = |name: &str| element.get_attribute(name).map(|value| format!("[{name}={value:?}]"));
    by("id").or_else(|| by("data-row")).or_else(|| by("href"))
}

fn carry_over(old: &Element, new: &Element) {
    let text = |element: &Element, name: &str| Reflect::get(element, &name.into()).ok().and_then(|value| value.as_string());
    let typed = text(old, "value").filter(|value| text(old, "defaultValue").is_some_and(|default| default != *value));
    if let Some(typed) = typed {
        let _ = Reflect::set(new, &"value".into(), &typed.into());
        let _ = Event::new("input").map(|event| new.dispatch_event(&event));
    }
    if old.tag_name() == "DETAILS" && old.has_attribute("open") {
        let _ = new.set_attribute("open", "");
    }
    if old.scroll_top() != 0 {
        new.set_scroll_top(old.scroll_top());
    }
}

/// Unfolds something.
pub fn unfold(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        // It fails for names that are none, and this is one.
        let _ = element.set_attribute("open", "");
    }
}

/// Whether something stands unfolded in the page.
pub fn is_unfolded(id: &str) -> bool {
    is_here() && document().get_element_by_id(id).is_some_and(|element| element.has_attribute("open"))
}
