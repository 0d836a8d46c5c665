//! JSON values, one after the other, out of a stream of bytes: the elements of one array, or one
//! value a line. It never holds more than one value, and says nothing about what a value means.

/// Longer values are refused; what they hold is thrown away as it arrives.
pub const MAX_RECORD: usize = 8 * 1024 * 1024;

/// One value as it stands in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The line it stands on; in an array its place there. From 1.
    pub line: u64,
    pub text: Result<Vec<u8>, Unusable>,
}

/// Why a value could not be taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    TooLong,
    /// The array does not end.
    BrokenOff,
    /// Something stands behind the end of the array.
    Behind,
}

impl Unusable {
    pub fn code(self) -> &'static str {
        match self {
            Unusable::TooLong => "too_long",
            Unusable::BrokenOff => "broken_off",
            Unusable::Behind => "not_json",
        }
    }

    pub fn detail(self) -> String {
        match self {
            Unusable::TooLong => format!("longer than {} MiB", MAX_RECORD / 1024 / 1024),
            Unusable::BrokenOff => "the list ends before its closing bracket".to_owned(),
            Unusable::Behind => "something stands behind the end of the list".to_owned(),
        }
    }
}

/// Takes values out of the bytes that are pushed into it.
#[derive(Debug, Default)]
pub struct Records {
    shape: Shape,
    /// The value that has begun.
    text: Vec<u8>,
    too_long: bool,
    line: u64,
}

#[derive(Debug, Default)]
enum Shape {
    /// Nothing but white space so far.
    #[default]
    Unknown,
    Lines,
    Array(Inside),
    /// The array has ended.
    Ended,
    /// What stands behind its end was told once.
    Told,
}

/// Where in an array the next byte stands.
#[derive(Debug, Default)]
struct Inside {
    /// Open brackets and braces of the value that has begun.
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Records {
    /// Takes in the next bytes and hands out the values that end in them.
    pub fn push(&mut self, chunk: &[u8], mut out: impl FnMut(Record)) {
        for byte in chunk {
            match &mut self.shape {
                Shape::Unknown => match byte {
                    // A byte order mark says nothing in UTF-8.
                    b'\n' => self.line += 1,
                    b' ' | b'\t' | b'\r' | 0xEF | 0xBB | 0xBF => {}
                    b'[' => {
                        self.line = 1;
                        self.shape = Shape::Array(Inside::default());
                    }
                    byte => {
                        self.line += 1;
                        self.shape = Shape::Lines;
                        self.keep(*byte);
                    }
                },
                Shape::Lines if *byte == b'\n' => {
                    self.end_line(&mut out);
                    self.line += 1;
                }
                Shape::Lines => self.keep(*byte),
                Shape::Array(inside) => match inside.read(*byte) {
                    Seen::Part => self.keep(*byte),
                    Seen::Comma => self.end_element(true, &mut out),
                    Seen::End => {
                        self.end_element(false, &mut out);
                        self.shape = Shape::Ended;
                    }
                },
                Shape::Ended if byte.is_ascii_whitespace() => {}
                Shape::Ended => {
                    out(Record { line: self.line, text: Err(Unusable::Behind) });
                    self.shape = Shape::Told;
                }
                Shape::Told => {}
            }
        }
    }

    /// The stream has ended: what has begun and has no end of its own.
    pub fn finish(mut self, mut out: impl FnMut(Record)) {
        match self.shape {
            Shape::Lines => self.end_line(&mut out),
            Shape::Array(_) => out(Record { line: self.line, text: Err(Unusable::BrokenOff) }),
            Shape::Unknown | Shape::Ended | Shape::Told => {}
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.text.len() < MAX_RECORD {
            self.text.push(byte);
        } else {
            self.too_long = true;
        }
    }

    /// Blank lines are no values.
    fn end_line(&mut self, out: &mut impl FnMut(Record)) {
        if !self.text.iter().all(u8::is_ascii_whitespace) {
            self.hand_out(out);
        }
        self.text.clear();
    }

    /// Between two commas there must be a value; before the closing bracket there need not be one.
    fn end_element(&mut self, needed: bool, out: &mut impl FnMut(Record)) {
        if needed || !self.text.iter().all(u8::is_ascii_whitespace) {
            self.hand_out(out);
        }
        self.text.clear();
        self.line += 1;
    }

    fn hand_out(&mut self, out: &mut impl FnMut(Record)) {
        let text = std::mem::take(&mut self.text);
        let too_long = std::mem::take(&mut self.too_long);
        out(Record { line: self.line, text: if too_long { Err(Unusable::TooLong) } else { Ok(text) } });
    }
}

/// What one byte is inside an array.
enum Seen {
    Part,
    /// Between two values of the array.
    Comma,
    /// The array's own closing bracket.
    End,
}

impl Inside {
    fn read(&mut self, byte: u8) -> Seen {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Seen::Part;
        }
        match byte {
            b'"' => self.in_string = true,
            b'[' | b'{' => self.depth = self.depth.saturating_add(1),
            b']' | b'}' if self.depth > 0 => self.depth -= 1,
            b']' => return Seen::End,
            b',' if self.depth == 0 => return Seen::Comma,
            _ => {}
        }
        Seen::Part
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(chunks: &[&[u8]]) -> Vec<(u64, Result<String, Unusable>)> {
        let mut records = Records::default();
        let mut seen = vec![];
        let mut take = |record: Record| seen.push((record.line, record.text.map(|text| String::from_utf8_lossy(&text).trim().to_owned())));
        for chunk in chunks {
            records.push(chunk, &mut take);
        }
        records.finish(take);
        seen
    }

    fn ok(line: u64, text: &str) -> (u64, Result<String, Unusable>) {
        (line, Ok(text.to_owned()))
    }

    #[test]
    fn lines_keep_their_numbers_across_blank_ones() {
        assert_eq!(read(&[b"\n{\"a\":1}\n\n  \r\n{\"b\"", b":2}"]), [ok(2, "{\"a\":1}"), ok(5, "{\"b\":2}")]);
        assert_eq!(read(&[b"\xEF\xBB\xBF{}\r\n{}\n"]), [ok(1, "{}"), ok(2, "{}")]);
        assert_eq!(read(&[b" \n "]), []);
    }

    #[test]
    fn an_array_is_taken_apart_whatever_its_values_hold() {
        let array = br#" [ {"a": "],[\"}", "b": [1, {"c": 2}]} , 7,"x,y" ] "#;
        assert_eq!(read(&[array]), [ok(1, r#"{"a": "],[\"}", "b": [1, {"c": 2}]}"#), ok(2, "7"), ok(3, "\"x,y\"")]);
        assert_eq!(read(&[b"[]"]), []);
        assert_eq!(read(&[b"[1,,2]"]), [ok(1, "1"), ok(2, ""), ok(3, "2")]);
    }

    #[test]
    fn what_breaks_off_or_goes_on_too_long_is_told() {
        assert_eq!(read(&[b"[1, {\"a\":"]), [ok(1, "1"), (2, Err(Unusable::BrokenOff))]);
        assert_eq!(read(&[b"[1] x y"]), [ok(1, "1"), (2, Err(Unusable::Behind))]);
        let long = vec![b'x'; MAX_RECORD + 1];
        assert_eq!(read(&[&long, b"\n{}"]), [(1, Err(Unusable::TooLong)), ok(2, "{}")]);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_stream_is_cut(text in "[\\[\\]{}\",\\\\a\n ]{0,40}", cuts in prop::collection::vec(0..40_usize, 0..5)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut chunks = vec![];
            let mut from = 0;
            for cut in cuts {
                chunks.push(&bytes[from..cut]);
                from = cut;
            }
            chunks.push(&bytes[from..]);
            prop_assert_eq!(read(&chunks), read(&[bytes]));
        }

        #[test]
        fn values_come_out_as_they_went_in(values in prop::collection::vec("\\PC{0,8}", 0..6)) {
            let values: Vec<String> = values.into_iter().map(|value| serde_json::json!({ "text": [value] }).to_string()).collect();
            let out = |text: String| read(&[text.as_bytes()]).into_iter().map(|(_, text)| text.unwrap_or_default()).collect::<Vec<_>>();
            prop_assert_eq!(out(values.join("\n")), values.clone());
            prop_assert_eq!(out(format!("[{}]", values.join(","))), values);
        }
    }
}
