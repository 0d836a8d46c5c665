//! The text of a file as trees, one for each of its documents.
//!
//! What comes in is foreign. A file is capped in bytes, in documents and in what it holds once its
//! aliases are followed, so that a few lines that stand for billions are refused before they are
//! built. JSON is read as what it is.

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::{cell::Cell, fmt};

/// The largest file.
pub const MAX_BYTES: usize = 1024 * 1024;
const MAX_DOCUMENTS: usize = 2_000;
/// What a file may hold, counting everything an alias stands for anew.
const MAX_VALUES: usize = 200_000;
const MAX_TEXT: usize = 4 * MAX_BYTES;
/// The YAML parser looks at every open bracket again for every word, so that a file of nothing but
/// brackets keeps it busy for minutes.
const MAX_BRACKETS: usize = 20_000;
/// How a key that takes over the fields of another mapping is written.
const MERGE: &str = "<<";

/// One document of a file.
#[derive(Debug)]
pub struct Document<'a> {
    /// Counted from 1, as far as a document holds anything.
    pub number: usize,
    /// Where it begins.
    pub line: usize,
    pub tree: Value,
    text: &'a str,
}

/// Why a file is no definitions at all.
#[derive(Debug, PartialEq)]
pub struct Broken {
    pub document: usize,
    pub line: usize,
    pub words: String,
}

impl Document<'_> {
    /// The line on which a path is given, or the nearest one above it of which only one can be
    /// meant; in the end that on which the document begins.
    pub fn line_of(&self, path: &str) -> usize {
        let keys = path.rsplit('.').map(|key| key.split('[').next().unwrap_or(key));
        keys.filter(|key| !key.is_empty()).find_map(|key| self.only_line_of(key)).unwrap_or(self.line)
    }

    fn only_line_of(&self, key: &str) -> Option<usize> {
        let is_it = |line: &str| {
            let line = line.trim_start().trim_start_matches("- ").trim_start();
            line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'))
        };
        let mut found = self.text.lines().enumerate().filter(|(_, line)| is_it(line));
        match (found.next(), found.next()) {
            (Some((at, _)), None) => Some(self.line + at),
            _ => None,
        }
    }
}

/// Every document of a file that holds anything.
pub fn documents(text: &str) -> Result<Vec<Document<'_>>, Broken> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let broken = |document: usize, line: usize, words: String| Broken { document, line, words };
    if text.len() > MAX_BYTES {
        return Err(broken(1, 1, format!("the file is larger than {MAX_BYTES} bytes; split it")));
    }
    let left = Left { values: Cell::new(MAX_VALUES), text: Cell::new(MAX_TEXT) };
    if text.trim_start().starts_with(['{', '[']) {
        let mut json = serde_json::Deserializer::from_str(text);
        if let Ok(tree) = (Tree { left: &left }).deserialize(&mut json)
            && json.end().is_ok()
        {
            return Ok(together(tree).into_iter().enumerate().map(|(at, tree)| Document { number: at + 1, line: 1, tree, text }).collect());
        }
    }
    let mut documents = Vec::new();
    for (line, part) in parts(text) {
        let number = documents.len() + 1;
        if number > MAX_DOCUMENTS {
            return Err(broken(number, line, format!("the file has more than {MAX_DOCUMENTS} documents; split it")));
        }
        if part.bytes().filter(|byte| b"[{".contains(byte)).count() > MAX_BRACKETS {
            return Err(broken(number, line, format!("the document has more than {MAX_BRACKETS} brackets; split it, or write them as lists of lines")));
        }
        let read = Tree { left: &left }.deserialize(yaml_serde::Deserializer::from_str(part));
        let tree = read.map_err(|error| {
            let line = error.location().map_or(line, |at| line + at.line().saturating_sub(1));
            broken(number, line, in_one_line(&error.to_string()))
        })?;
        if tree.is_null() {
            continue;
        }
        for (nth, tree) in together(merged(tree).map_err(|words| broken(number, line, words))?).into_iter().enumerate() {
            documents.push(Document { number: number + nth, line, tree, text: part });
        }
    }
    Ok(documents)
}

/// The parts between `---` and `...` with the line on which each begins. Nothing in a document can
/// look like these markers: they end it even within a text of several lines.
fn parts(text: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let (mut from, mut from_line, mut holds, mut at) = (0, 1, false, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let is_mark = |mark: &str| line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        let (begins, ends) = (is_mark("---"), is_mark("..."));
        if begins || ends {
            if holds {
                parts.push((from_line, &text[from..at]));
            }
            // Directives belong to the document behind them.
            let keeps = begins && !holds && text[from..at].lines().any(|line| line.starts_with('%'));
            if !keeps {
                from = if ends { at + line.len() } else { at };
                from_line = if ends { index + 2 } else { index + 1 };
            }
            holds = begins && !line[3..].trim().is_empty() && !line[3..].trim_start().starts_with('#');
        } else if !line.trim().is_empty() && !line.trim_start().starts_with('#') && !line.starts_with('%') {
            holds = true;
        }
        at += line.len();
    }
    if holds {
        parts.push((from_line, &text[from..]));
    }
    parts
}

/// A document is one definition or a list of them.
fn together(tree: Value) -> Vec<Value> {
    match tree {
        Value::Array(items) => items,
        tree => vec![tree],
    }
}

/// A mapping with the fields that `<<` brings; its own win.
fn merged(tree: Value) -> Result<Value, String> {
    Ok(match tree {
        Value::Array(items) => Value::Array(items.into_iter().map(merged).collect::<Result<_, _>>()?),
        Value::Object(mut fields) => {
            let brought = match fields.remove(MERGE) {
                None => vec![],
                Some(Value::Object(one)) => vec![one],
                Some(Value::Array(several)) => {
                    several.into_iter().map(|one| one.as_object().cloned().ok_or("“<<” takes mappings only")).collect::<Result<_, _>>()?
                }
                Some(_) => return Err("“<<” takes mappings only".to_owned()),
            };
            for (name, value) in brought.into_iter().flatten() {
                fields.entry(name).or_insert(value);
            }
            Value::Object(fields.into_iter().map(|(name, value)| Ok((name, merged(value)?))).collect::<Result<_, String>>()?)
        }
        other => other,
    })
}

/// A parser's words without the place, which stands in front, and without what would move a
/// terminal's cursor.
fn in_one_line(words: &str) -> String {
    let words = words.split(" at line ").next().unwrap_or(words);
    words.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(300).collect()
}

/// How much more a file may hold.
struct Left {
    values: Cell<usize>,
    text: Cell<usize>,
}

impl Left {
    fn take<E: de::Error>(&self, text: usize) -> Result<(), E> {
        let too_much = || E::custom("with its aliases followed, the file holds too much; write what is meant, or split it");
        self.values.set(self.values.get().checked_sub(1).ok_or_else(too_much)?);
        self.text.set(self.text.get().checked_sub(text).ok_or_else(too_much)?);
        Ok(())
    }
}

/// Builds a tree and counts what it holds while it grows.
#[derive(Clone, Copy)]
struct Tree<'a> {
    left: &'a Left,
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping, a list, a text, a number, true, false or null, without a tag of its own")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        self.left.take(0).map(|()| Value::Null)
    }

    fn visit_bool<E: de::Error>(self, is_so: bool) -> Result<Value, E> {
        self.left.take(0).map(|()| Value::Bool(is_so))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        self.left.take(0).map(|()| number.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        self.left.take(0).map(|()| number.into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        self.left.take(0)?;
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("a number is finite"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        self.left.take(text.len())?;
        // No database keeps it.
        if text.contains('\0') { Err(E::custom("a text holds a character that cannot be kept (NUL)")) } else { Ok(Value::String(text.to_owned())) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        self.left.take(0)?;
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        self.left.take(0)?;
        let mut fields = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            self.left.take(name.len())?;
            let value = from.next_value_seed(self)?;
            if fields.contains_key(&name) {
                let name: String = name.chars().take(60).collect();
                return Err(de::Error::custom(format!("“{name}” is given twice")));
            }
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use std::time::{Duration, Instant};

    fn trees(text: &str) -> Vec<Value> {
        documents(text).expect("it can be read").into_iter().map(|document| document.tree).collect()
    }

    #[test]
    fn documents_are_told_apart_and_know_their_lines() {
        let text = "# a remark\n---\na: 1\n--- # more\n\nb: |\n  --- not a mark\n...\n# nothing\n---\n...\n%YAML 1.2\n---\nc: [x]\n";
        let read = documents(text).expect("it can be read");
        let found: Vec<(usize, usize, Value)> = read.into_iter().map(|document| (document.number, document.line, document.tree)).collect();
        assert_eq!(found, [(1, 2, json!({"a": 1})), (2, 4, json!({"b": "--- not a mark\n"})), (3, 12, json!({"c": ["x"]}))]);
        assert!(trees("").is_empty() && trees("# nothing\n---\n").is_empty() && trees("null").is_empty());
        assert_eq!(trees("\u{feff}a: 1\r\n---\r\nb: 2\r\n"), [json!({"a": 1}), json!({"b": 2})]);
    }

    #[test]
    fn plain_words_keep_their_spelling_and_numbers_their_digits() {
        let read = trees("on: yes\nno: off\nat: 2020-01-21 12:30:00\ntarget: 99.90\nversion: '1'\n1: x\n");
        assert_eq!(read, [json!({"on": "yes", "no": "off", "at": "2020-01-21 12:30:00", "target": 99.9, "version": "1", "1": "x"})]);
    }

    #[test]
    fn what_is_broken_is_found_on_its_line() {
        let fault = |text: &str| documents(text).expect_err("it is broken");
        let broken = fault("a: 1\n---\nb: 2\nc: [\n");
        assert_eq!((broken.document, broken.line >= 4), (2, true), "{broken:?}");
        assert!(fault("a: 1\na: 2\n").words.contains("given twice"));
        assert!(fault("a: !secret x\n").words.contains("tag"), "{:?}", fault("a: !secret x\n"));
        assert!(fault("a: .nan\n").words.contains("finite"));
        assert!(fault("a: \"x\\0y\"\n").words.contains("NUL"));
        assert!(fault("a: *b\n").words.contains("unknown anchor"));
        assert!(!fault("a: \"\\e[31m\u{1b}\n").words.contains('\u{1b}'));
    }

    #[test]
    fn json_is_one_definition_or_a_list() {
        assert_eq!(trees("{\"a\": [1, null]}"), [json!({"a": [1, null]})]);
        assert_eq!(trees("[{\"a\": 1}, {\"b\": 2}]").len(), 2);
        assert_eq!(trees("{a: 1, b: x}"), [json!({"a": 1, "b": "x"})]);
    }

    #[test]
    fn merge_keys_bring_fields_and_own_ones_win() {
        let read = trees("base: &base {a: 1, b: 2}\none: {<<: *base, b: 3}\ntwo: {<<: [*base, {c: 4}]}\n");
        assert_eq!(read[0]["one"], json!({"a": 1, "b": 3}));
        assert_eq!(read[0]["two"], json!({"a": 1, "b": 2, "c": 4}));
        assert!(documents("a: {<<: 3}\n").is_err());
    }

    #[test]
    fn aliases_that_stand_for_billions_are_refused_at_once() {
        let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
        for n in 1..30 {
            laughs.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
        }
        // Few aliases, each of something large, stay below a limit that counts jumps only.
        let wide = format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(100_000), "*a,".repeat(50_000));
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), "*a,".repeat(100_000));
        let itself = "a: &a [*a]\n".to_owned();
        let deep = "[".repeat(300_000);
        let less_deep = "[".repeat(MAX_BRACKETS);
        let deep_pairs = "a: ".repeat(100_000);
        let (deep_lists, deep_keys) = ("- ".repeat(400_000), "? ".repeat(400_000));
        let stairs: String = (0..1_400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        for bomb in [laughs, wide, long, itself, deep, less_deep, deep_pairs, deep_lists, deep_keys, stairs] {
            let began = Instant::now();
            assert!(documents(&bomb).is_err(), "{}", &bomb[..40]);
            assert!(began.elapsed() < Duration::from_secs(5), "{} took {:?}", &bomb[..40], began.elapsed());
        }
    }

    #[test]
    fn a_file_of_more_than_a_mebibyte_or_of_too_many_documents_is_refused() {
        assert!(documents(&"a: 1\n".repeat(MAX_BYTES)).expect_err("it is too large").words.contains("larger than"));
        assert!(documents(&"--- a\n".repeat(MAX_DOCUMENTS + 1)).expect_err("they are too many").words.contains("documents"));
    }

    #[test]
    fn a_field_is_found_where_only_one_can_be_meant() {
        let read = documents("---\nspec:\n  target: 2\n  list:\n    - name: x\n    - name: y\n").expect("it can be read");
        assert_eq!((read[0].line_of("spec.target"), read[0].line_of("spec.list[1].name"), read[0].line_of("absent")), (3, 4, 1));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "[-a:\\[\\]{}&*!|>'\"#% \n\t\\.<~0-9]{0,120}", any in "\\PC{0,60}") {
            for text in [text, any] {
                let _ = documents(&text);
            }
        }
    }
}
