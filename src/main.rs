//! Where the browser's half begins.

fn main() {
    console_error_panic_hook::set_once();
    tocsin::ui::mount();
}
