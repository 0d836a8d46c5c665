//! Everything that only a browser can do. The one file that names `web_sys`: whoever reads the
//! rest of `ui` reads plain Rust.
//!
//! Views are also drawn natively, once, for the first screen. What they call while they are drawn
//! is inert there: it answers plainly and changes nothing. The rest is reached by effects and
//! handlers alone, which never run there.

use crate::domain::{ids::CommandId, time::Timestamp};
use js_sys::{Array, Date, Object, Reflect};
use leptos::prelude::{StoredValue, WithValue, on_cleanup, window_event_listener};
use std::future::Future;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, Event, EventSource, HtmlAnchorElement, HtmlElement, HtmlInputElement, KeyboardEvent, MessageEvent, MouseEvent, Node, UrlSearchParams, VisibilityState,
};

mod copies;
mod files;
mod kept;
mod place;

pub use copies::{Piece, Words, children, drawn, focus_within, put_in_order};
pub use files::Picked;
pub use kept::{kept_times, reached_at};
pub use place::{is_unfolded, new_place, rows_in_sight, take_place, unfold};
pub use web_sys::Element;

fn window() -> web_sys::Window {
    web_sys::window().expect("a browser's page has a window")
}

/// Whether there is a browser at all. It is known when this is compiled: what is only drawn where
/// there is none is not in what a phone fetches.
#[inline(always)]
pub fn is_here() -> bool {
    const HERE: bool = matches!(std::env::consts::ARCH.as_bytes(), b"wasm32");
    HERE
}

fn document() -> web_sys::Document {
    window().document().expect("a window has a document")
}

// ---- time

/// The browser's own clock; what people see is corrected by the server's in `live`. Natively it
/// stands at zero, and the correction is the whole time.
pub fn clock() -> Timestamp {
    if !is_here() {
        return Timestamp::from_micros(0);
    }
    #[allow(clippy::cast_possible_truncation)] // milliseconds since 1970 fit an i64 with room to spare
    Timestamp::from_micros((Date::now() * 1000.0) as i64)
}

#[allow(clippy::cast_precision_loss)] // whole milliseconds of any date are exact in an f64
fn date(at: Timestamp) -> Date {
    Date::new(&JsValue::from_f64((at.micros() / 1000) as f64))
}

/// Day of the month, month from 0, hour and minute where the viewer is.
pub fn local_parts(at: Timestamp) -> (u32, u32, u32, u32) {
    let date = date(at);
    (date.get_date(), date.get_month(), date.get_hours(), date.get_minutes())
}

/// How far the viewer's clock is ahead of UTC at an instant.
pub fn offset_secs(at: Timestamp) -> i64 {
    if !is_here() {
        return 0;
    }
    #[allow(clippy::cast_possible_truncation)] // minutes of a day
    let behind = date(at).get_timezone_offset() as i64;
    -behind * 60
}

/// What a `datetime-local` field says, read where the viewer is: `2026-11-20T02:04`.
pub fn parse_local(text: &str) -> Option<Timestamp> {
    let millis = Date::parse(text);
    #[allow(clippy::cast_possible_truncation)] // as in `clock`
    millis.is_finite().then(|| Timestamp::from_micros((millis * 1000.0) as i64))
}

/// What a `datetime-local` field shows for an instant, where the viewer is.
pub fn local_field(at: Timestamp) -> String {
    let date = date(at);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}", date.get_full_year(), date.get_month() + 1, date.get_date(), date.get_hours(), date.get_minutes())
}

/// The viewer's zone in short: `CET`, `GMT+1`.
pub fn zone_name() -> String {
    if !is_here() {
        return "UTC".to_owned();
    }
    let options = Object::new();
    let set = |name: &str, value: &str| Reflect::set(&options, &name.into(), &value.into());
    if set("timeZoneName", "short").and(set("hour", "numeric")).is_err() {
        return "local".to_owned();
    }
    let text = String::from(Date::new_0().to_locale_string("en-GB", &options));
    text.rsplit(' ').next().unwrap_or("local").to_owned()
}

/// The viewer's zone as the IANA database names it: `Europe/Berlin`.
pub fn zone_id() -> String {
    if !is_here() {
        return "UTC".to_owned();
    }
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &Object::new());
    let name = Reflect::get(&format.resolved_options(), &"timeZone".into()).ok();
    name.and_then(|name| name.as_string()).unwrap_or_else(|| "UTC".to_owned())
}

/// Calls `tick` every second for as long as the page lives.
pub fn every_second(tick: impl Fn() + 'static) {
    let tick = Closure::<dyn Fn()>::new(tick);
    // It can only fail for a string of code, which this is not.
    let _ = window().set_interval_with_callback_and_timeout_and_arguments_0(tick.as_ref().unchecked_ref(), 1000);
    tick.forget();
}

/// Waits.
pub async fn sleep(millis: i32) {
    let promise = js_sys::Promise::new(&mut |done, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&done, millis);
    });
    let _ = JsFuture::from(promise).await;
}

/// Lets the browser do whatever else waits, and goes on.
pub async fn breathe() {
    sleep(0).await;
}

/// A number from 0 to 1, for spreading retries of many browsers over time.
pub fn jitter() -> f64 {
    js_sys::Math::random()
}

/// A fresh id for a command. Drawn from `getRandomValues`, because `randomUUID` does not exist on
/// pages served without TLS.
pub fn command_id() -> CommandId {
    let mut bytes = [0_u8; 16];
    let drawn = window().crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    drawn.expect("every browser that runs wasm can draw random bytes");
    CommandId(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

// ---- what the browser keeps

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

pub fn load(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Whether it is kept; private windows and full disks say no.
pub fn store(key: &str, value: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(key, value).is_ok())
}

pub fn forget(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
}

/// The keys that begin with `prefix`.
pub fn keys(prefix: &str) -> Vec<String> {
    let Some(storage) = storage() else { return vec![] };
    let count = storage.length().unwrap_or(0);
    (0..count).filter_map(|at| storage.key(at).ok().flatten()).filter(|key| key.starts_with(prefix)).collect()
}

// ---- the page

pub fn set_title(title: &str) {
    if is_here() {
        document().set_title(title);
    }
}

/// `light`, `dark`, or `None` for what the system says. A cookie tells the server, whose first
/// screen then has the right colours from the start.
pub fn set_theme(theme: Option<&str>) {
    let Some(root) = document().document_element() else { return };
    // Where the page came with the right colours, the server knows.
    if root.get_attribute("data-theme").as_deref() == theme {
        return;
    }
    let _ = match theme {
        Some(theme) => root.set_attribute("data-theme", theme),
        None => root.remove_attribute("data-theme"),
    };
    let (theme, lasts) = theme.map_or(("", 0), |theme| (theme, 400 * 86_400));
    let cookie = format!("tocsin-theme={theme}; Path=/; SameSite=Lax; Max-Age={lasts}");
    // It fails where the browser keeps no cookies; then the colours come with the app.
    let _ = Reflect::set(&document(), &"cookie".into(), &cookie.into());
}

// ---- taking over from the page as it came

/// The data of the first screen, as it stands in the page.
pub fn first_screen() -> Option<String> {
    document().get_element_by_id("first-screen")?.text_content()
}

/// Data that stands in the page for one of its parts; it is read once.
pub fn take_island(id: &str) -> Option<String> {
    if !is_here() {
        return None;
    }
    let element = document().get_element_by_id(id)?;
    element.remove();
    element.text_content()
}

/// When the page was asked for and when it was answered, by the browser's clock.
pub fn page_times() -> (Timestamp, Timestamp) {
    let timing = Reflect::get(&window(), &"performance".into()).and_then(|performance| Reflect::get(&performance, &"timing".into()));
    #[allow(clippy::cast_possible_truncation)] // as in `clock`
    let at = |name: &str| {
        let millis = timing.as_ref().ok().and_then(|timing| Reflect::get(timing, &name.into()).ok()).and_then(|at| at.as_f64());
        millis.filter(|millis| *millis > 0.0).map_or_else(clock, |millis| Timestamp::from_micros((millis * 1000.0) as i64))
    };
    (at("requestStart"), at("responseStart"))
}

/// Whether there may be a network; the browser knows for certain only when there is none.
pub fn is_online() -> bool {
    window().navigator().on_line()
}

/// Goes on with something beside everything else, also before the app begins.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(future);
}

/// The app cannot take over: the page stays as it came, and says so.
pub fn stay_still() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-still", "");
    }
}

/// Leaves for an address with a full load, so that nothing of this page stays in memory.
pub fn load_page(address: &str) {
    let _ = window().location().assign(address);
}

/// Asks the server for this page, not what was kept of it.
pub fn reload() {
    let _ = window().location().reload();
}

/// This server's address as the browser sees it.
pub fn origin() -> String {
    if !is_here() {
        return String::new();
    }
    window().location().origin().unwrap_or_default()
}

/// Copies; false where the browser does not allow it.
pub fn copy(text: String) -> impl Future<Output = bool> {
    let clipboard = window().navigator().clipboard();
    // Absent on pages served without TLS, whatever the binding's type says.
    let absent = clipboard.is_undefined();
    async move { !absent && JsFuture::from(clipboard.write_text(&text)).await.is_ok() }
}

pub fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Moves the focus and leaves everything where it is scrolled to.
pub fn focus_quietly(id: &str) {
    let y = scroll_y();
    focus(id);
    scroll_to(y);
}

/// Leaves this instant for whoever looks at the page's timing.
pub fn mark(name: &str) {
    let _ = window().performance().map(|performance| performance.mark(name));
}

/// Does something and leaves how long it took, the last time, for whoever looks at the page's timing.
pub fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let Some(performance) = window().performance() else { return work() };
    let _ = performance.mark(name);
    let done = work();
    performance.clear_measures_with_measure_name(name);
    let _ = performance.measure_with_start_mark(name, name);
    performance.clear_marks_with_mark_name(name);
    done
}

/// Scrolls something that begins at its end to there: the newest entry of a timeline.
pub fn scroll_to_end(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        element.set_scroll_top(0);
    }
}

/// Whether something that begins at its end is still there, or nearly. Further up is below zero.
pub fn is_near_end(id: &str) -> bool {
    document().get_element_by_id(id).is_some_and(|element| element.scroll_top() > -80)
}

/// Calls once what was just changed is laid out.
pub fn after_paint(call: impl FnOnce() + 'static) {
    let call = Closure::once_into_js(call);
    let _ = window().request_animation_frame(call.unchecked_ref());
}

/// Scrolls to something and moves the focus there.
pub fn show(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        element.scroll_into_view();
    }
    focus(id);
}

/// The width and height of what is seen of the page, and the size of its letters, in pixels.
pub fn viewport() -> (f64, f64, f64) {
    let size = |value: Result<JsValue, JsValue>| value.ok().and_then(|value| value.as_f64()).unwrap_or(0.0);
    let letters = document().document_element().and_then(|root| window().get_computed_style(&root).ok().flatten());
    let rem = letters.and_then(|style| style.get_property_value("font-size").ok()).and_then(|size| size.trim_end_matches("px").parse().ok());
    (size(window().inner_width()), size(window().inner_height()), rem.unwrap_or(16.0))
}

/// How far something's upper edge lies above the upper edge of what is seen.
pub fn scrolled_past(id: &str) -> f64 {
    document().get_element_by_id(id).map_or(0.0, |element| -element.get_bounding_client_rect().top())
}

/// How high something is.
pub fn height_of(id: &str) -> f64 {
    document().get_element_by_id(id).map_or(0.0, |element| element.get_bounding_client_rect().height())
}

#[wasm_bindgen]
extern "C" {
    /// Tells when an element's box has changed.
    type ResizeObserver;
    #[wasm_bindgen(constructor)]
    fn new(call: &js_sys::Function) -> ResizeObserver;
    #[wasm_bindgen(method)]
    fn observe(this: &ResizeObserver, element: &Element);
    #[wasm_bindgen(method)]
    fn disconnect(this: &ResizeObserver);
}

/// Calls with the inner width of something in pixels: now, and whenever it has become another, for
/// as long as the view stands.
pub fn on_width(element: &Element, call: impl Fn(f64) + 'static) {
    let measured = element.clone();
    let call = Closure::<dyn Fn()>::new(move || call(f64::from(measured.client_width())));
    // It reports once by itself as soon as it observes.
    let observer = ResizeObserver::new(call.as_ref().unchecked_ref());
    observer.observe(element);
    let kept = StoredValue::new_local((observer, call));
    on_cleanup(move || {
        let _ = kept.try_with_value(|(observer, _)| observer.disconnect());
    });
}

pub fn scroll_by(pixels: f64) {
    window().scroll_by_with_x_and_y(0.0, pixels);
}

pub fn scroll_y() -> f64 {
    window().scroll_y().unwrap_or(0.0)
}

pub fn scroll_to(y: f64) {
    window().scroll_to_with_x_and_y(0.0, y);
}

/// What is around the place where somebody clicked, if it is such a thing.
pub fn around(event: &MouseEvent, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok()?
}

/// Whether the focus lies in something that keeps the key Enter for itself.
pub fn is_on_control() -> bool {
    document().active_element().is_some_and(|element| matches!(element.tag_name().as_str(), "A" | "BUTTON" | "SUMMARY"))
}

/// Selects all that stands in a field, so that typing replaces it.
pub fn select_field(id: &str) {
    if let Some(field) = document().get_element_by_id(id).and_then(|element| element.dyn_into::<web_sys::HtmlInputElement>().ok()) {
        let _ = field.focus();
        field.select();
    }
}

/// Moves the focus up or down the rows of the page's list.
pub fn step_rows(down: bool) {
    let Ok(rows) = document().query_selector_all("[data-row]") else { return };
    let active = document().active_element();
    let at = (0..rows.length()).find(|at| rows.item(*at).is_some_and(|row| active.as_ref().is_some_and(|active| row.is_same_node(Some(active)))));
    let next = match (at, down) {
        (None, _) => 0,
        (Some(at), true) => (at + 1).min(rows.length().saturating_sub(1)),
        (Some(at), false) => at.saturating_sub(1),
    };
    if let Some(row) = rows.item(next).and_then(|row| row.dyn_into::<HtmlElement>().ok()) {
        let _ = row.focus();
    }
}

/// Which row of the page's list has the focus.
pub fn focused_row() -> Option<String> {
    document().active_element()?.get_attribute("data-row")
}

/// The key that was pressed, unless somebody is typing, holds a modifier, or has a dialog open.
pub fn plain_key(event: &KeyboardEvent) -> Option<String> {
    let takes_text = |element: &Element| match element.tag_name().as_str() {
        "INPUT" => !matches!(element.get_attribute("type").as_deref(), Some("checkbox" | "radio")),
        tag => matches!(tag, "TEXTAREA" | "SELECT"),
    };
    let typing = |element: Element| takes_text(&element) || element.closest("dialog").ok().flatten().is_some();
    let busy = event.target().and_then(|target| target.dyn_into().ok()).is_some_and(typing);
    let dialog = document().query_selector("dialog[open]").ok().flatten().is_some();
    (!busy && !dialog && !event.ctrl_key() && !event.meta_key() && !event.alt_key()).then(|| event.key())
}

/// Whether `Ctrl-K` or `⌘K` was pressed, and no dialog is in the way.
pub fn is_jump(event: &KeyboardEvent) -> bool {
    let dialog = document().query_selector("dialog[open]").ok().flatten().is_some();
    (event.ctrl_key() || event.meta_key()) && !event.alt_key() && event.key() == "k" && !dialog
}

/// Scrolls the list around something until it is seen.
pub fn keep_in_view(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Calls back with every key that is pressed, for as long as the view stands.
pub fn on_key(call: impl Fn(KeyboardEvent) + 'static) {
    if is_here() {
        // Until the app stands, the page that came has its own links and fields.
        let listener = window_event_listener(leptos::ev::keydown, move |event| {
            if !place::is_behind() {
                call(event);
            }
        });
        on_cleanup(move || listener.remove());
    }
}

/// Whether Enter was pressed to send, and not to begin a new line or to choose a word in an input method.
pub fn is_send(event: &KeyboardEvent) -> bool {
    event.key() == "Enter" && !event.shift_key() && !event.is_composing()
}

pub fn is_visible() -> bool {
    document().visibility_state() == VisibilityState::Visible
}

/// Calls back when the page comes back into view.
pub fn on_visible(call: impl Fn() + 'static) {
    let call = Closure::<dyn Fn()>::new(move || {
        if is_visible() {
            call();
        }
    });
    let _ = document().add_event_listener_with_callback("visibilitychange", call.as_ref().unchecked_ref());
    call.forget();
}

/// Calls back when the network comes back.
pub fn on_online(call: impl Fn() + 'static) {
    on_window("online", call);
}

/// Calls back when the browser knows that there is no network.
pub fn on_offline(call: impl Fn() + 'static) {
    on_window("offline", call);
}

fn on_window(event: &str, call: impl Fn() + 'static) {
    let call = Closure::<dyn Fn()>::new(call);
    let _ = window().add_event_listener_with_callback(event, call.as_ref().unchecked_ref());
    call.forget();
}

// ---- what is saved as a file

/// Saves text under a name.
pub fn save(name: &str, text: &str) {
    if let Ok(blob) = Blob::new_with_str_sequence(&Array::of1(&text.into())) {
        save_blob(name, &blob);
    }
}

/// Saves what an address answers, under the name that the server gives it. Where the server refuses,
/// the page stays.
pub fn download(address: &str) {
    if let Ok(link) = document().create_element("a").map(JsCast::unchecked_into::<HtmlAnchorElement>) {
        link.set_href(address);
        link.set_download("");
        link.click();
    }
}

fn save_blob(name: &str, blob: &Blob) {
    let Ok(address) = web_sys::Url::create_object_url_with_blob(blob) else { return };
    if let Ok(link) = document().create_element("a").map(JsCast::unchecked_into::<HtmlAnchorElement>) {
        link.set_href(&address);
        link.set_download(name);
        link.click();
    }
    // The browser has taken what it saves by the time the next task runs.
    let forget = Closure::once_into_js(move || {
        let _ = web_sys::Url::revoke_object_url(&address);
    });
    let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(forget.unchecked_ref(), 10_000);
}

/// Saves a drawing as it looks now.
pub fn save_svg(id: &str, name: &str) {
    if let Some((text, ..)) = alone(id) {
        save(name, &text);
    }
}

/// Saves a drawing as it looks now, in twice as many pixels.
pub fn save_png(id: &str, name: &str) {
    const TIMES: f64 = 2.0;
    let (Some((text, width, height)), Ok(image)) = (alone(id), web_sys::HtmlImageElement::new()) else { return };
    let Ok(canvas) = document().create_element("canvas").map(JsCast::unchecked_into::<web_sys::HtmlCanvasElement>) else { return };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // pixels of a screen
    let pixels = |length: f64| (length * TIMES) as u32;
    canvas.set_width(pixels(width));
    canvas.set_height(pixels(height));
    let (drawn, name) = (image.clone(), name.to_owned());
    let paint = Closure::once_into_js(move || {
        let Some(context) = canvas.get_context("2d").ok().flatten() else { return };
        let size = |pixels: u32| JsValue::from_f64(f64::from(pixels));
        let arguments = Array::of5(&drawn, &size(0), &size(0), &size(canvas.width()), &size(canvas.height()));
        let Ok(draw) = Reflect::get(&context, &"drawImage".into()).and_then(|draw| draw.dyn_into::<js_sys::Function>()) else { return };
        if draw.apply(&context, &arguments).is_err() {
            return;
        }
        let keep = Closure::once_into_js(move |blob: JsValue| {
            if let Ok(blob) = blob.dyn_into::<Blob>() {
                save_blob(&name, &blob);
            }
        });
        let _ = canvas.to_blob(keep.unchecked_ref());
    });
    let _ = image.add_event_listener_with_callback("load", paint.unchecked_ref());
    // Pages of this server may show pictures of their own data, and no others.
    image.set_src(&format!("data:image/svg+xml,{}", String::from(js_sys::encode_uri_component(&text))));
}

/// A drawing that stands alone, with its size: what the style sheet says is written into it.
fn alone(id: &str) -> Option<(String, f64, f64)> {
    const SAID: [&str; 12] = [
        "fill",
        "fill-opacity",
        "stroke",
        "stroke-width",
        "stroke-dasharray",
        "stroke-linejoin",
        "stroke-opacity",
        "opacity",
        "paint-order",
        "font-family",
        "font-size",
        "font-weight",
    ];
    const SVG: &str = "http://www.w3.org/2000/svg";
    let drawing = document().get_element_by_id(id)?;
    let copy = drawing.clone_node_with_deep(true).ok()?.unchecked_into::<Element>();
    let style = |element: &Element| window().get_computed_style(element).ok().flatten();
    let (here, there) = (drawing.query_selector_all("*").ok()?, copy.query_selector_all("*").ok()?);
    let pair = |at: u32| Some((here.item(at)?.unchecked_into::<Element>(), there.item(at)?.unchecked_into::<Element>()));
    for (element, copied) in (0..here.length()).filter_map(pair) {
        let Some(style) = style(&element) else { continue };
        for name in SAID {
            let value = style.get_property_value(name).unwrap_or_default();
            if !value.is_empty() {
                let _ = copied.set_attribute(name, &value);
            }
        }
    }
    // It had the colour of the card behind it.
    let ground = style(&drawing).and_then(|style| style.get_property_value("background-color").ok()).unwrap_or_else(|| "white".to_owned());
    let _ = copy.set_attribute("xmlns", SVG);
    let size = |name: &str| drawing.get_attribute(name).and_then(|size| size.parse::<f64>().ok());
    let (width, height) = size("width").zip(size("height"))?;
    let behind = document().create_element_ns(Some(SVG), "rect").ok()?;
    for (name, value) in [("width", "100%"), ("height", "100%"), ("fill", ground.as_str())] {
        let _ = behind.set_attribute(name, value);
    }
    let _ = copy.insert_before(&behind, copy.first_child().as_ref());
    // A page may write this space by its name; a file of its own knows only the number.
    Some((copy.outer_html().replace("&nbsp;", "&#160;"), width, height))
}

// ---- what is painted

/// Fills paths on a canvas of this size in CSS pixels, each with a colour that the style sheet
/// names (`--calls-1`). What was there before is gone.
pub fn fill_paths(canvas: &web_sys::HtmlCanvasElement, (width, height): (f64, f64), paths: &[(String, String)]) {
    let dots = window().device_pixel_ratio().max(1.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // pixels of a screen
    let pixels = |length: f64| (length * dots).ceil() as u32;
    canvas.set_width(pixels(width));
    canvas.set_height(pixels(height));
    let style = canvas.style();
    let set = |name: &str, value: &str| style.set_property(name, value);
    // They fail for what is no name or no value of CSS, and these are.
    let _ = set("width", &format!("{width}px")).and(set("height", &format!("{height}px")));
    let Some(context) = canvas.get_context("2d").ok().flatten() else { return };
    let function = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).and_then(|function| function.dyn_into::<js_sys::Function>());
    let (Ok(scale), Ok(fill), Ok(path_of)) = (function(&context, "scale"), function(&context, "fill"), function(&window(), "Path2D")) else { return };
    let _ = scale.call2(&context, &dots.into(), &dots.into());
    for (variable, path) in paths {
        // A variable may hold a choice between two themes; only a real property says which.
        let _ = set("color", &format!("var({variable})"));
        let colour = window().get_computed_style(canvas).ok().flatten().and_then(|style| style.get_property_value("color").ok());
        let Ok(path) = Reflect::construct(&path_of, &Array::of1(&path.into())) else { continue };
        let _ = Reflect::set(&context, &"fillStyle".into(), &colour.unwrap_or_default().into());
        let _ = fill.call1(&context, &path);
    }
    let _ = style.remove_property("color");
}

/// Calls back when the system changes between light and dark, for as long as the view stands.
pub fn on_scheme(call: impl Fn() + 'static) {
    let Some(list) = is_here().then(|| window().match_media("(prefers-color-scheme: dark)").ok().flatten()).flatten() else { return };
    let call = Closure::<dyn Fn()>::new(call);
    let _ = list.add_event_listener_with_callback("change", call.as_ref().unchecked_ref());
    let kept = StoredValue::new_local((list, call));
    on_cleanup(move || {
        kept.with_value(|(list, call)| {
            let _ = list.remove_event_listener_with_callback("change", call.as_ref().unchecked_ref());
        });
    });
}

// ---- the address

/// The path, and the query decoded.
pub fn address() -> (String, Vec<(String, String)>) {
    let location = window().location();
    let query = location.search().and_then(|query| UrlSearchParams::new_with_str(&query));
    let text = |pair: &Array, at| pair.get(at).as_string().unwrap_or_default();
    let pairs = query.map(|query| Array::from(&query)).unwrap_or_default();
    let pairs = pairs.iter().map(|pair| Array::from(&pair)).map(|pair| (text(&pair, 0), text(&pair, 1))).collect();
    (location.pathname().unwrap_or_default(), pairs)
}

/// Writes the address without a load; `replace` leaves no way back to the one before.
pub fn set_address(address: &str, replace: bool) {
    let Ok(history) = window().history() else { return };
    // It fails for addresses of other servers, which nobody hands in, and when far too many are set.
    let _ = if replace {
        history.replace_state_with_url(&JsValue::NULL, "", Some(address))
    } else if address != here() {
        history.push_state_with_url(&JsValue::NULL, "", Some(address))
    } else {
        Ok(())
    };
}

fn here() -> String {
    let location = window().location();
    [location.pathname(), location.search(), location.hash()].into_iter().map(Result::unwrap_or_default).collect()
}

/// What the address names behind its `#`.
pub fn place_named() -> String {
    window().location().hash().unwrap_or_default().trim_start_matches('#').to_owned()
}

/// Scrolls to what the address names behind its `#`, else to the top.
pub fn scroll_to_place() {
    let hash = window().location().hash().unwrap_or_default();
    match hash.strip_prefix('#').and_then(|id| document().get_element_by_id(id)) {
        Some(element) => element.scroll_into_view(),
        None => window().scroll_to_with_x_and_y(0.0, 0.0),
    }
}

/// Calls back when somebody went back or forward.
pub fn on_history(call: impl Fn() + 'static) {
    on_window("popstate", call);
}

/// Calls back with the address when a link to this server is followed in this window.
pub fn on_inner_link(call: impl Fn(String) + 'static) {
    let call = Closure::<dyn Fn(MouseEvent)>::new(move |event: MouseEvent| {
        if !place::is_behind()
            && let Some(to) = inner_link(&event)
        {
            event.prevent_default();
            call(to);
        }
    });
    let _ = window().add_event_listener_with_callback("click", call.as_ref().unchecked_ref());
    call.forget();
}

fn inner_link(event: &MouseEvent) -> Option<String> {
    let modified = event.meta_key() || event.ctrl_key() || event.alt_key() || event.shift_key();
    if event.default_prevented() || event.button() != 0 || modified {
        return None;
    }
    let link = event.target()?.dyn_into::<Element>().ok()?.closest("a[href]").ok()??.dyn_into::<HtmlAnchorElement>().ok()?;
    let leaves = !link.target().is_empty() || link.has_attribute("download") || link.origin() != origin();
    (!leaves).then(|| link.pathname() + &link.search() + &link.hash())
}

// ---- the live stream

/// What comes out of the stream.
pub enum Frame {
    Opened,
    /// A frame with its topic, number (empty for those without one) and text.
    Said {
        topic: &'static str,
        id: String,
        data: String,
    },
    /// It ended or never began; an `EventSource` does not say why.
    Broken,
}

/// The topics that the server sends. Comments are invisible to an `EventSource`, so its heartbeat is a topic.
const TOPICS: [&str; 5] = ["incident", "alert", "hello", "reset", "beat"];

/// An open event stream; dropping it closes it.
pub struct Stream {
    source: EventSource,
    listeners: Vec<Closure<dyn Fn(Event)>>,
}

impl Stream {
    /// `None` when the browser refuses the address.
    pub fn open(address: &str, heard: impl Fn(Frame) + Clone + 'static) -> Option<Self> {
        let source = EventSource::new(address).ok()?;
        let mut stream = Self { source, listeners: vec![] };
        let opened = heard.clone();
        stream.listen("open", move |_| opened(Frame::Opened));
        let broken = heard.clone();
        stream.listen("error", move |_| broken(Frame::Broken));
        for topic in TOPICS {
            let heard = heard.clone();
            stream.listen(topic, move |event| {
                let Ok(message) = event.dyn_into::<MessageEvent>() else { return };
                heard(Frame::Said { topic, id: message.last_event_id(), data: message.data().as_string().unwrap_or_default() });
            });
        }
        Some(stream)
    }

    fn listen(&mut self, name: &str, call: impl Fn(Event) + 'static) {
        let call = Closure::<dyn Fn(Event)>::new(call);
        let _ = self.source.add_event_listener_with_callback(name, call.as_ref().unchecked_ref());
        self.listeners.push(call);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}
