//! What a log record is a record of: its statement (logger and line, also where only its text says
//! them, else its text with the values masked), and whether it says that something failed.

use super::levels;
use serde_json::Value;

/// OpenTelemetry's first number of severity ERROR.
const ERROR: i32 = 17;
/// What stands for a value.
const MASK: &str = "<*>";
/// Texts are told apart by so many characters.
const LONGEST: usize = 160;
/// Whatever stands behind so many bytes is cut off in the end, values masked or not.
const LONGEST_HEAD: usize = 1_000;
/// Where a place would stand, if it stands in the text.
const HEAD_WORDS: usize = 8;
/// How the names of source files end.
const SOURCES: [&str; 20] = ["c", "cc", "clj", "cpp", "cs", "ex", "fs", "go", "h", "java", "js", "jsx", "kt", "php", "py", "rb", "rs", "scala", "swift", "ts"];
/// Wrappers around a message (a container's line around a program's) that are opened.
const DEEPEST: usize = 3;
/// Fields in which loggers write what they say.
const MESSAGES: [&str; 12] = ["message", "msg", "log", "body", "event", "text", "@message", "Message", "MESSAGE", "@m", "@mt", "short_message"];

/// What a sender says of a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    /// OpenTelemetry's, 1 to 24; 0 where nothing is said.
    pub severity_number: i32,
    pub severity_text: &'a str,
    pub logger: Option<&'a str>,
    /// File and line, or a line alone.
    pub line: Option<&'a str>,
    pub text: &'a str,
}

/// A record's statement, and whether its severity is ERROR or above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub text: String,
    pub error: bool,
}

impl Statement {
    pub fn of(record: &Record<'_>) -> Self {
        let opened = Opened::of(record.text, DEEPEST);
        let level = || levels::of_field(record.severity_text).or(opened.level).or_else(|| levels::within(&opened.text));
        let error = if record.severity_number > 0 { record.severity_number >= ERROR } else { level().unwrap_or(false) };
        let text = match (record.logger, record.line) {
            (Some(logger), Some(line)) if !logger.is_empty() && !line.is_empty() => format!("{logger}:{line}"),
            _ => {
                // What stands below (a stack, a body) is of this record and not of its statement.
                let head = opened.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                let head = &head[..head.floor_char_boundary(LONGEST_HEAD)];
                place_in(head).map_or_else(|| mask(&without_ids(head)), ToOwned::to_owned)
            }
        };
        Self { text, error }
    }
}

/// A text without what is wrapped around it: JSON, or the pairs of a line in logfmt.
struct Opened {
    text: String,
    /// Whether the level found in the wrapper is an error.
    level: Option<bool>,
}

impl Opened {
    fn of(text: &str, deepest: usize) -> Self {
        let text = text.trim();
        let fields = if deepest > 0 && text.starts_with('{') { serde_json::from_str::<Value>(text).ok().filter(Value::is_object) } else { None };
        let Some(fields) = fields else {
            return message_in_pairs(text)
                .map_or_else(|| Self { text: text.to_owned(), level: None }, |message| Self { text: message, level: levels::within(text) });
        };
        let Some(message) = MESSAGES.iter().find_map(|name| fields.get(name)?.as_str()) else {
            // Without a message its fields are what it says.
            let names = fields.as_object().into_iter().flat_map(|fields| fields.keys()).map(|name| format!("{name}=?")).collect::<Vec<_>>();
            return Self { text: names.join(" "), level: levels::among(&fields) };
        };
        let inner = Self::of(message, deepest - 1);
        Self { level: inner.level.or_else(|| levels::among(&fields)), ..inner }
    }
}

/// The message of a line in logfmt (`time=… level=info msg="it began" id=7`).
fn message_in_pairs(text: &str) -> Option<String> {
    let (at, name) = ["msg=", "message="].iter().find_map(|name| Some((text.find(&format!(" {name}"))? + 1, name))).filter(|_| levels::is_logfmt(text))?;
    let value = &text[at + name.len()..];
    let Some(quoted) = value.strip_prefix('"') else { return value.split_whitespace().next().map(ToOwned::to_owned) };
    let mut is_escaped = false;
    let end = quoted.find(|letter: char| {
        let ends = letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        ends
    });
    Some(quoted[..end.unwrap_or(quoted.len())].replace("\\\"", "\""))
}

/// A text without the ids of traces and spans and their names: some of a statement's records have
/// them and some have not.
fn without_ids(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        if rest.starts_with(['t', 'T', 's', 'S'])
            && let Some(behind) = id_at(rest).filter(|_| !kept.ends_with(char::is_alphanumeric))
        {
            rest = behind.trim_start_matches([' ', ',', ';']);
            continue;
        }
        let next = rest.chars().next().map_or(0, char::len_utf8);
        kept.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    kept
}

/// What follows an id of a trace or a span with its name, where a text begins with one.
fn id_at(text: &str) -> Option<&str> {
    let name = ["trace", "span"].into_iter().find(|name| text.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)))?;
    let rest = text[name.len()..].trim_start_matches(['_', '-', ' ', '.']);
    let rest = rest.get(..2).filter(|id| id.eq_ignore_ascii_case("id")).map(|_| &rest[2..])?.trim_start_matches(['"', ' ']);
    let rest = rest.strip_prefix([':', '=']).unwrap_or(rest).trim_start_matches(['"', ' ']);
    let digits = rest.find(|letter: char| !(letter.is_ascii_hexdigit() || letter == '-')).unwrap_or(rest.len());
    let ends = !rest[digits..].starts_with(|letter: char| letter.is_alphanumeric());
    (digits >= 6 && ends).then(|| rest[digits..].trim_start_matches('"'))
}

/// A text with its values masked: what holds a digit, what stands in braces or in double quotes, a list that
/// follows a colon or an equals sign, and what follows an equals sign.
/// A file or class with its line (`OrderService#31`, `main.go:88`) is kept, since it names the statement.
fn mask(text: &str) -> String {
    let mut masked = String::new();
    let mut depth = 0_usize;
    let mut after_equals = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if masked.len() >= LONGEST {
            break;
        }
        let word = rest.find(|letter: char| !is_of_word(letter)).unwrap_or(rest.len());
        if word > 0 {
            let (token, after) = rest.split_at(word);
            rest = after;
            if depth == 0 {
                let place = names_a_place(token);
                let value = after_equals || !place && (token.chars().any(|letter| letter.is_ascii_digit()) || is_address(token) || is_hexadecimal(token));
                push(&mut masked, if value { MASK } else { token });
            }
            after_equals = false;
            continue;
        }
        rest = &rest[first.len_utf8()..];
        if let Some(behind) = behind_value(first, rest, &masked).filter(|_| depth == 0) {
            push(&mut masked, MASK);
            (rest, after_equals) = (behind, false);
            continue;
        }
        match first {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    push(&mut masked, MASK);
                }
            }
            _ if depth > 0 => {}
            '=' => {
                after_equals = true;
                masked.push('=');
            }
            _ if first.is_whitespace() => {
                if !masked.ends_with(' ') && !masked.is_empty() {
                    masked.push(' ');
                }
            }
            _ => {
                after_equals &= matches!(first, '"' | '\'');
                masked.push(first);
            }
        }
    }
    let masked = masked.trim_end();
    let end = masked.char_indices().map(|(at, letter)| at + letter.len_utf8()).take_while(|end| *end <= LONGEST).last().unwrap_or(0);
    masked[..end].to_owned()
}

/// What follows a value that begins with a quote, or with a bracket behind a colon or an equals sign.
fn behind_value<'a>(first: char, rest: &'a str, masked: &str) -> Option<&'a str> {
    let end = match first {
        '"' => '"',
        '[' if masked.trim_end().ends_with([':', '=']) => ']',
        _ => return None,
    };
    rest.split_once(end).map(|(_, behind)| behind)
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/' | '#' | ':' | '+' | '@' | '%')
}

/// Appends a token; masks that follow each other become one.
fn push(masked: &mut String, token: &str) {
    let before = masked.trim_end_matches([' ', ',', ';']);
    if token == MASK && before.ends_with(MASK) {
        masked.truncate(before.len());
    } else {
        masked.push_str(token);
    }
}

/// An id that happens to have no digit.
fn is_hexadecimal(token: &str) -> bool {
    token.len() >= 8 && token.bytes().all(|byte| matches!(byte, b'a'..=b'f' | b'A'..=b'F' | b'-'))
}

/// `ada@example.org`.
fn is_address(token: &str) -> bool {
    token.trim_end_matches(['.', ':']).split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

/// The class or file and the line that stand at a text's head: they name the statement whatever
/// else it says. `redis.shop:6379` is none: a colon counts behind a source file only.
fn place_in(text: &str) -> Option<&str> {
    let words = text.split(|letter: char| !is_of_word(letter)).filter(|word| !word.is_empty());
    words.take(HEAD_WORDS).map(|word| word.trim_end_matches(':')).find(|word| {
        let of_source = || word.rsplit_once(':').and_then(|(file, _)| file.rsplit_once('.')).is_some_and(|(_, ending)| SOURCES.contains(&ending));
        names_a_place(word) && (word.contains('#') || of_source())
    })
}

/// `t.s.TravelServiceImpl#532`, `main.go:88`.
fn names_a_place(token: &str) -> bool {
    let Some((file, line)) = token.trim_end_matches(':').rsplit_once(['#', ':']) else { return false };
    // Hosts have digits, and so have classes (`Travel2Impl`).
    let is_class = || token.contains('#') && file.rsplit('.').next().is_some_and(|class| class.starts_with(|letter: char| letter.is_ascii_uppercase()));
    let named = file.contains('.') && file.starts_with(char::is_alphabetic) && (is_class() || !file.contains(|letter: char| letter.is_ascii_digit()));
    named && (1..=5).contains(&line.len()) && line.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (String, bool) {
        let statement = Statement::of(&Record { text, ..Record::default() });
        (statement.text, statement.error)
    }

    #[test]
    fn two_records_of_one_statement_read_alike() {
        for (one, other) in [
            ("Order 42 placed for ada@example.org7", "Order 4711 placed for bob@example.org9"),
            ("TraceID: 04c87ec97bae SpanID: e4006dce Query product 0PUK6V6EV0", "TraceID: 11d87ec97bae SpanID: 1a006dce Query product 1YMWWN1N4O"),
            ("got {id 1 name Kit} back", "got {id 2 name Mug, {nested} twice} back"),
            ("start=Shanghai end=Suzhou", "start=Nanjing end=Beijing"),
            ("stations [1, 2, 3] read", "stations [4] read"),
            ("mail sent to \"ada@example.org\"", "mail sent to \"bob@example.com\""),
            ("10:00:01.2 INFO t.s.TravelImpl#53 [from:Shang Hai to:Su Zhou]", "10:00:07.9 INFO t.s.TravelImpl#53 [from:Nan Jing to:Bei Jing]"),
            ("I0129 08:50:11.1 main.go:88] ads for [hats]", "I0129 08:51:01.7 main.go:88] ads for [shoes]"),
            ("12:00:01.1 INFO t.s.Travel2Impl#53 [from:Shang Hai]", "12:00:07.9 INFO t.s.Travel2Impl#53 [from:Nan Jing]"),
            ("ads asked (context_words=[hats, shoes])", "ads asked (context_words=[mugs])"),
            ("order of \"Ada Lovelace\" begins", "order of \"Kit\" begins"),
            ("TraceID: 04c87ec97bae SpanID: e4006dce charge begins", "charge begins"),
            ("charge begins trace_id=04c87ec97baedeadbeef, span_id=deadbeefdeadbeef", "charge begins"),
            ("level=info ts=12 msg=\"charge begins\" id=abc", "charge begins"),
            ("no such user 7\n  at Users.find(users.js:10)", "no such user 8\n  at Pool.run(pool.js:3)"),
            (r#"{"level":30,"pid":7,"user":"ada"}"#, r#"{"level":30,"pid":9,"user":"kit"}"#),
            (r#"{"level":30,"time":1,"msg":"asked by 7"}"#, "asked by 9"),
            ("user deadbeef-dead-beef-dead-beefdeadbeef left", "user 1eadbeef-dead-beef-dead-beefdeadbeef left"),
        ] {
            assert_eq!(of(one).0, of(other).0);
        }
        assert_ne!(of("o.s.OrderServiceImpl#384 done").0, of("o.s.OrderServiceImpl#391 done").0);
        assert_ne!(of("Charge started").0, of("Charge successfully").0);
        assert_ne!(of("trace identity lost").0, of("lost").0);
        assert_ne!(of("tracing began").0, of("began").0);
        assert_ne!(of("level=info msg=\"charge began\"").0, of("level=info msg=\"charge ended\"").0);
        assert_ne!(of("cart.shop:7070 answered").0, of("cart.shop:7070 refused").0);
    }

    #[test]
    fn logger_and_line_name_a_statement_where_both_are_said() {
        let record = Record { logger: Some("pay.Charge"), line: Some("88"), text: "charged 12", ..Record::default() };
        assert_eq!(Statement::of(&record).text, "pay.Charge:88");
        assert_eq!(Statement::of(&Record { line: None, ..record }).text, "charged <*>");
    }

    #[test]
    fn a_severity_is_read_where_it_stands() {
        for text in [
            "16:48:42.468 ERROR f.s.FoodServiceImpl#302 request failed",
            "level=error msg=\"no such card\"",
            "severity: error, message: could not charge",
            r#"{"severity":"error","message":"failed to charge"}"#,
            r#"{"log":"{\"level\":\"fatal\",\"msg\":\"gone\"}\n","stream":"stdout"}"#,
            "[CRITICAL] disk gone",
            r#"{"level":50,"time":1,"msg":"no such card"}"#,
            r#"{"log":"{\"level\":60,\"msg\":\"gone\"}\n","stream":"stdout"}"#,
            r#"{"levelname":"ERROR","levelno":40,"message":"no such card"}"#,
        ] {
            assert!(of(text).1, "{text}");
        }
        for text in
            ["INFO no error was found", "level=info msg=\"error budget\"", "an error, perhaps", r#"{"level":"warn","msg":"ERROR like"}"#, "", "{", "é {"]
        {
            assert!(!of(text).1, "{text}");
        }
        // What a sender says in its own field comes first.
        assert!(!Statement::of(&Record { severity_number: 9, text: "ERROR", ..Record::default() }).error);
        assert!(Statement::of(&Record { severity_number: 17, text: "fine", ..Record::default() }).error);
        assert!(Statement::of(&Record { severity_text: "Error", text: "fine", ..Record::default() }).error);
    }

    #[test]
    fn a_wrapped_message_is_opened() {
        assert_eq!(of(r#"{"log":"{\"message\":\"Start charge card 12\",\"severity\":\"info\"}\n","stream":"stdout"}"#).0, "Start charge card <*>");
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_statement_of_bounded_length(text in "\\PC{0,400}") {
            proptest::prop_assert!(of(&text).0.len() <= LONGEST);
        }
    }
}
