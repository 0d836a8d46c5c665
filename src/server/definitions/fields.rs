//! The fields of a mapping, read one by one. Whatever nobody asked for is remarked upon when the
//! reader is done, so that nothing is dropped in silence.

use super::note::Notes;
use serde_json::{Map, Value};
use std::{cell::RefCell, collections::BTreeSet};

pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: String,
    notes: &'a Notes<'a>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Fields<'a> {
    /// The fields of a value that has to be a mapping.
    pub fn of(value: &'a Value, path: impl Into<String>, notes: &'a Notes<'a>) -> Option<Self> {
        let path = path.into();
        let Value::Object(map) = value else {
            notes.fault(&path, format!("a mapping of fields is expected here, not {}", what(value)));
            return None;
        };
        Some(Self { map, path, notes, asked: RefCell::default() })
    }

    /// The path of a field, or of the mapping itself where the name is empty.
    pub fn path(&self, name: &str) -> String {
        match (self.path.as_str(), name) {
            ("", name) => name.to_owned(),
            (path, "") => path.to_owned(),
            (path, name) => format!("{path}.{name}"),
        }
    }

    pub fn notes(&self) -> &'a Notes<'a> {
        self.notes
    }

    pub fn fault(&self, name: &str, words: impl AsRef<str>) {
        self.notes.fault(&self.path(name), words);
    }

    pub fn remark(&self, name: &str, words: impl AsRef<str>) {
        self.notes.remark(&self.path(name), words);
    }

    /// The value of a field; one that is empty is not there.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.map.get(name).filter(|value| !value.is_null())
    }

    pub fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// A text, or a number or a word that a text may be.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        let text = plain(value);
        if text.is_none() {
            self.fault(name, format!("a text is expected here, not {}", what(value)));
        }
        text
    }

    pub fn needed_text(&self, name: &str) -> Option<String> {
        match self.text(name) {
            Some(text) if !text.trim().is_empty() => Some(text),
            found => {
                if found.is_some() || !self.has(name) {
                    self.fault(name, "it is missing");
                }
                None
            }
        }
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        let value = self.value(name)?;
        let flag = match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(word) => word.parse().ok(),
            _ => None,
        };
        if flag.is_none() {
            self.fault(name, format!("true or false is expected here, not {}", what(value)));
        }
        flag
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        let value = self.value(name)?;
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| number.is_finite());
        if number.is_none() {
            self.fault(name, format!("a number is expected here, not {}", what(value)));
        }
        number
    }

    pub fn fields(&self, name: &str) -> Option<Fields<'a>> {
        Fields::of(self.value(name)?, self.path(name), self.notes)
    }

    /// The items of a list with their paths.
    pub fn items(&self, name: &str) -> Vec<(String, &'a Value)> {
        match self.value(name) {
            None => vec![],
            Some(Value::Array(items)) => items.iter().enumerate().map(|(at, item)| (format!("{}[{at}]", self.path(name)), item)).collect(),
            Some(other) => {
                self.fault(name, format!("a list is expected here, not {}", what(other)));
                vec![]
            }
        }
    }

    /// The items of a list of mappings.
    pub fn list(&self, name: &str) -> Vec<Fields<'a>> {
        self.items(name).into_iter().filter_map(|(path, item)| Fields::of(item, path, self.notes)).collect()
    }

    /// A field that means nothing here; if it is given, that is said.
    pub fn is_left_out(&self, name: &str, words: &str) {
        if self.value(name).is_some_and(|value| !is_empty(value)) {
            self.remark(name, words);
        }
    }

    /// Fields that say nothing that could be lost.
    pub fn may_have(&self, names: &[&str]) {
        self.asked.borrow_mut().extend(names.iter().map(|name| (*name).to_owned()));
    }

    /// Everything in it, where the whole is kept as it is.
    pub fn all(&self) -> &'a Map<String, Value> {
        self.asked.borrow_mut().extend(self.map.keys().cloned());
        self.map
    }
}

impl Drop for Fields<'_> {
    fn drop(&mut self) {
        let asked = self.asked.borrow();
        for name in self.map.keys().filter(|name| !asked.contains(*name)) {
            self.remark(name, "Tocsin does not know this field; it was left out");
        }
    }
}

/// A scalar as its text.
pub fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(word) => Some(word.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
