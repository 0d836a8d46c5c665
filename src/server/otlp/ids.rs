//! Ids of traces and spans: bytes on the wire, numbers here, hexadecimal digits for people.

/// A trace's id. What is shorter than 16 bytes is taken as if zeros stood in front, which is how
/// senders of 64-bit ids mean it; zero is none.
pub fn trace(bytes: &[u8]) -> u128 {
    let mut id = [0; 16];
    let Some(end) = id.len().checked_sub(bytes.len()).and_then(|zeros| id.get_mut(zeros..)) else { return 0 };
    end.copy_from_slice(bytes);
    u128::from_be_bytes(id)
}

/// A span's id; zero is none.
pub fn span(bytes: &[u8]) -> u64 {
    let mut id = [0; 8];
    let Some(end) = id.len().checked_sub(bytes.len()).and_then(|zeros| id.get_mut(zeros..)) else { return 0 };
    end.copy_from_slice(bytes);
    u64::from_be_bytes(id)
}

/// A trace's id as people write it: up to 32 hexadecimal digits in any case.
pub fn parse_trace(text: &str) -> Option<u128> {
    let fits = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten().filter(|id| *id != 0)
}

/// A span's id as people write it: up to 16 hexadecimal digits in any case.
pub fn parse_span(text: &str) -> Option<u64> {
    let fits = (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| u64::from_str_radix(text, 16).ok()).flatten().filter(|id| *id != 0)
}

pub fn trace_text(id: u128) -> String {
    format!("{id:032x}")
}

pub fn span_text(id: u64) -> String {
    format!("{id:016x}")
}

/// The bytes that hexadecimal digits in any case stand for.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

pub fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_in_any_case_and_written_in_one() {
        let id = parse_trace("5B8EFFF798038103D269B633813FC60C").expect("it is one");
        assert_eq!(trace_text(id), "5b8efff798038103d269b633813fc60c");
        assert_eq!(trace(&from_hex("5b8eFFF798038103d269b633813fc60c").expect("it is hex")), id);
        assert_eq!(span_text(parse_span("EEE19B7EC3C1B174").expect("it is one")), "eee19b7ec3c1b174");
        for none in ["", "0", "xyz", "+1", "5B8EFFF798038103D269B633813FC60C0"] {
            assert_eq!(parse_trace(none), None, "{none}");
        }
        assert_eq!((from_hex("abc"), from_hex("0g"), from_hex("")), (None, None, Some(vec![])));
        assert_eq!((trace(&[0; 17]), span(&[1; 9]), span(&[0, 7])), (0, 0, 7));
        assert_eq!(to_hex(&[0, 255, 16]), "00ff10");
    }
}
