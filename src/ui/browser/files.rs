//! A file that somebody chose or dropped.

use super::{Blob, Event};
use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The file itself stays with the browser; it is read piece by piece.
#[derive(Clone)]
pub struct Picked {
    blob: Blob,
    pub name: String,
    /// In bytes.
    pub size: f64,
}

impl Picked {
    /// The first file of a field that was just filled. The field is emptied: it tells only of
    /// changes, and the same file may be chosen again after it was mended.
    pub fn chosen(event: &Event) -> Option<Self> {
        let field = event.target()?;
        let chosen = Self::first(&field);
        let _ = Reflect::set(&field, &"value".into(), &"".into());
        chosen
    }

    /// The first file of what was dropped.
    pub fn dropped(event: &Event) -> Option<Self> {
        Self::first(&Reflect::get(event, &"dataTransfer".into()).ok()?)
    }

    fn first(holder: &JsValue) -> Option<Self> {
        let files = Reflect::get(holder, &"files".into()).ok()?;
        let file = Reflect::get_u32(&files, 0).ok()?;
        let blob = file.clone().dyn_into::<Blob>().ok()?;
        let name = Reflect::get(&file, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default();
        Some(Self { size: blob.size(), blob, name })
    }

    /// What stands between two places; `None` where it cannot be read any more.
    pub async fn piece(&self, from: f64, to: f64) -> Option<Vec<u8>> {
        let piece = self.blob.slice_with_f64_and_f64(from, to).ok()?;
        let bytes = JsFuture::from(piece.array_buffer()).await.ok()?;
        Some(js_sys::Uint8Array::new(&bytes).to_vec())
    }
}
