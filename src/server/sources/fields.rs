//! JSON objects whose fields are read leniently: what is not there, or is something else than
//! expected, reads as nothing.

use super::{text, times};
use crate::domain::{alert::Labels, time::Timestamp};
use serde_json::{Map, Value};

/// An object, or what stands for one that is missing.
#[derive(Clone, Copy)]
pub struct Fields<'a>(pub &'a Map<String, Value>);

/// What stands for an object that is missing.
static NO_FIELDS: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);

impl<'a> Fields<'a> {
    pub fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Fields)
    }

    /// The object in a field; anything else reads as one without fields.
    pub fn fields(&self, name: &str) -> Fields<'a> {
        self.0.get(name).and_then(Fields::of).unwrap_or(Fields(&NO_FIELDS))
    }

    /// The objects of the list in a field.
    pub fn list(&self, name: &str) -> impl Iterator<Item = Fields<'a>> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Fields::of)
    }

    /// A field that holds text or a number, and not only blanks.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            value @ (Value::String(_) | Value::Number(_)) => text::of_value(value).filter(|text| !text.trim().is_empty()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The instant in a field, if it can be true at `received_at`.
    pub fn time(&self, name: &str, received_at: Timestamp) -> Option<Timestamp> {
        times::believed(self.0, name, received_at, &mut Labels::new())
    }

    /// Whether there is an object in a field.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(Value::is_object)
    }
}
