//! Blocks: several requests in one row, packed. Each request stands as a letter for what it is,
//! its length, and its protobuf.

use crate::server::otlp::{Encoding, MAX_BODY, Received, Sent, Signal, Undecodable};
use axum::body::Bytes;
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};

/// Fast, and already a tenth of the protobuf.
const LEVEL: i32 = 1;
/// What a block may unpack to: a block is closed when it is larger than a request may be.
const MOST_BYTES: usize = 3 * MAX_BODY;

/// What stands before a request: its letter and its length.
const HEAD: usize = 5;

/// Why a block cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Damaged {
    #[error("it is not base64")]
    Base64(#[from] base64::DecodeError),
    #[error("it cannot be unpacked")]
    Packing(#[from] std::io::Error),
    #[error("it breaks off")]
    Short,
    #[error("it holds what is not known")]
    Unknown,
    #[error("it holds what cannot be read")]
    Request(#[from] Undecodable),
}

/// Packs requests. Answers the text and how long it was before.
pub fn pack<'a>(payloads: impl Iterator<Item = (Signal, &'a [u8])>) -> std::io::Result<(String, usize)> {
    let mut raw = vec![];
    for (signal, payload) in payloads {
        raw.push(match signal {
            Signal::Traces => b't',
            Signal::Metrics => b'm',
            Signal::Logs => b'l',
        });
        raw.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
        raw.extend_from_slice(payload);
    }
    let packed = zstd::bulk::compress(&raw, LEVEL)?;
    Ok((BASE64_STANDARD_NO_PAD.encode(packed), raw.len()))
}

/// Unpacks a block into its requests; of one signal where only that is wanted.
pub fn unpack(body: &str, wanted: Option<Signal>) -> Result<Vec<Sent>, Damaged> {
    let payloads = payloads(body)?.into_iter().filter(|(signal, _)| wanted.is_none_or(|wanted| wanted == *signal));
    payloads.map(|(signal, payload)| Ok(Sent::decode(signal, &payload)?)).collect()
}

/// Unpacks a block into its requests, to be put into memory.
pub fn requests(body: &str) -> Result<Vec<Received>, Damaged> {
    payloads(body)?.into_iter().map(|(signal, payload)| Ok(Received::read(signal, Encoding::Protobuf, payload)?)).collect()
}

fn payloads(body: &str) -> Result<Vec<(Signal, Bytes)>, Damaged> {
    let packed = BASE64_STANDARD_NO_PAD.decode(body)?;
    let raw = zstd::bulk::decompress(
        &packed,
        zstd::zstd_safe::get_frame_content_size(&packed).ok().flatten().map_or(MOST_BYTES, |size| MOST_BYTES.min(size as usize)),
    )?;
    let mut rest = Bytes::from(raw);
    let mut payloads = vec![];
    while let Some((letter, after)) = rest.split_first() {
        let (length, after) = after.split_at_checked(4).ok_or(Damaged::Short)?;
        let length = length.try_into().map_or(0, u32::from_le_bytes) as usize;
        if length > after.len() {
            return Err(Damaged::Short);
        }
        let signal = match letter {
            b't' => Signal::Traces,
            b'm' => Signal::Metrics,
            b'l' => Signal::Logs,
            _ => return Err(Damaged::Unknown),
        };
        payloads.push((signal, rest.slice(HEAD..HEAD + length)));
        rest = rest.slice(HEAD + length..);
    }
    Ok(payloads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_gives_back_what_was_put_in() {
        let trace =
            Sent::read(Signal::Traces, crate::server::otlp::Encoding::Json, include_bytes!("../../../tests/fixtures/otlp/trace.json")).expect("it is one");
        let (trace, bytes) = trace.encoded();
        let empty = vec![];
        let (body, raw) = pack([(Signal::Traces, bytes.as_slice()), (Signal::Logs, &empty)].into_iter()).expect("it packs");
        assert_eq!(raw, bytes.len() + 10);
        assert_eq!(unpack(&body, None).expect("it is whole"), vec![trace, Sent::Logs(vec![])]);
        assert_eq!(unpack(&body, Some(Signal::Logs)).expect("it is whole"), vec![Sent::Logs(vec![])]);
        assert!(unpack("!", None).is_err() && unpack("AAAA", None).is_err());
    }
}
