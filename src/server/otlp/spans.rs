//! Spans read where they lie: a request in the usual shape is looked through without making a
//! message of every span, which costs more than all that is done with them afterwards. Whatever is
//! unusual about a request, prost reads it whole and decides whether it is one at all.

use super::{ids, values};
use axum::body::Bytes;
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{Span, span},
};
use prost::Message;
use std::borrow::Cow;

/// Deeper lists in lists are left to prost, which has a bound for a whole request.
const MAX_DEPTH: u8 = 16;

/// What the value of an attribute says.
#[derive(Clone, Debug, PartialEq)]
pub enum Told<'a> {
    Nothing,
    Text(&'a str),
    Int(i64),
    Other(Cow<'a, AnyValue>),
}

impl<'a> Told<'a> {
    fn of(value: Option<&'a AnyValue>) -> Self {
        match value.map(|any| (any, any.value.as_ref())) {
            None | Some((_, None)) => Told::Nothing,
            Some((_, Some(Value::StringValue(text)))) => Told::Text(text),
            Some((_, Some(Value::IntValue(number)))) => Told::Int(*number),
            Some((any, Some(_))) => Told::Other(Cow::Borrowed(any)),
        }
    }

    /// As text, as [`values::text`] has it.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Told::Nothing => Cow::Borrowed(""),
            Told::Text(text) => values::plain(text),
            Told::Int(number) => Cow::Owned(number.to_string()),
            Told::Other(value) => values::text(Some(value)),
        }
    }
}

/// What the store takes of a span, whichever way it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen<'a> {
    pub trace: u128,
    pub id: u64,
    pub parent: u64,
    pub name: &'a str,
    pub kind: i32,
    pub start_ns: u64,
    pub end_ns: u64,
    pub status: i32,
    pub attributes: Vec<(&'a str, Told<'a>)>,
}

impl<'a> Seen<'a> {
    pub fn of(span: &'a Span) -> Self {
        let mut seen = Self::default();
        seen.see(span);
        seen
    }

    /// Another span, in the place of the one before.
    pub fn see(&mut self, span: &'a Span) {
        let mut attributes = std::mem::take(&mut self.attributes);
        attributes.clear();
        attributes.extend(span.attributes.iter().map(|one| (one.key.as_str(), Told::of(one.value.as_ref()))));
        *self = Self {
            trace: ids::trace(&span.trace_id),
            id: ids::span(&span.span_id),
            parent: ids::span(&span.parent_span_id),
            name: &span.name,
            kind: span.kind,
            start_ns: span.start_time_unix_nano,
            end_ns: span.end_time_unix_nano,
            status: span.status.as_ref().map_or(0, |status| status.code),
            attributes,
        };
    }

    /// The text of one attribute; `None` where it says nothing.
    pub fn find(&self, key: &str) -> Option<Cow<'_, str>> {
        self.attributes.iter().find(|(name, _)| *name == key).map(|(_, told)| told.text()).filter(|text| !text.is_empty())
    }
}

/// A request of spans in the usual shape, as it was sent.
#[derive(Clone, Debug)]
pub struct RawSpans {
    body: Bytes,
    /// How many spans it has, and how many of them have no id.
    pub spans: u64,
    pub nameless: u64,
    /// When the first and the last of them began.
    pub first_ns: u64,
    pub last_ns: u64,
}

/// The spans of one resource.
pub struct RawGroup<'a> {
    pub resource: Option<Resource>,
    scopes: Vec<&'a [u8]>,
}

impl RawSpans {
    /// Looks a request through. `None`: it is unusual, or no request.
    pub fn of(body: &Bytes) -> Option<Self> {
        let mut all = Self { body: body.clone(), spans: 0, nameless: 0, first_ns: u64::MAX, last_ns: 0 };
        let mut seen = Seen::default();
        for group in groups(body) {
            for scope in group?.scopes {
                let mut has_scope = false;
                for field in Fields(scope) {
                    match field? {
                        (1, Field::Bytes(scope)) if !has_scope => {
                            has_scope = true;
                            are_shallow(&InstrumentationScope::decode(scope).ok()?.attributes).then_some(())?;
                        }
                        (2, Field::Bytes(span)) => {
                            seen.read(span, true)?;
                            all.spans += 1;
                            all.nameless += u64::from(seen.trace == 0 || seen.id == 0);
                            (all.first_ns, all.last_ns) = (all.first_ns.min(seen.start_ns), all.last_ns.max(seen.start_ns));
                        }
                        (3, Field::Bytes(url)) => _ = text(url)?,
                        _ => return None,
                    }
                }
            }
        }
        Some(all)
    }

    pub fn body(&self) -> &Bytes {
        &self.body
    }

    pub fn groups(&self) -> impl Iterator<Item = RawGroup<'_>> {
        groups(&self.body).map_while(|group| group)
    }
}

impl<'a> RawGroup<'a> {
    /// One span after the other.
    pub fn each(&self, mut look: impl FnMut(&Seen<'a>)) {
        let mut seen = Seen::default();
        let fields = self.scopes.iter().copied().flat_map(Fields).flatten();
        for span in fields.filter_map(|field| if let (2, Field::Bytes(span)) = field { Some(span) } else { None }) {
            if seen.read(span, false).is_some() {
                look(&seen);
            }
        }
    }
}

fn groups(body: &[u8]) -> impl Iterator<Item = Option<RawGroup<'_>>> {
    Fields(body).map(|field| match field? {
        (1, Field::Bytes(group)) => group_of(group),
        _ => None,
    })
}

fn group_of(body: &[u8]) -> Option<RawGroup<'_>> {
    let mut group = RawGroup { resource: None, scopes: vec![] };
    for field in Fields(body) {
        match field? {
            (1, Field::Bytes(resource)) if group.resource.is_none() => {
                group.resource = Some(Resource::decode(resource).ok().filter(|resource| are_shallow(&resource.attributes))?);
            }
            (2, Field::Bytes(scope)) => group.scopes.push(scope),
            (3, Field::Bytes(url)) => _ = text(url)?,
            _ => return None,
        }
    }
    Some(group)
}

impl<'a> Seen<'a> {
    /// Reads a span. What the store does not take of it is looked at only where it `checks`.
    fn read(&mut self, body: &'a [u8], checks: bool) -> Option<()> {
        let mut attributes = std::mem::take(&mut self.attributes);
        attributes.clear();
        *self = Self { attributes, ..Self::default() };
        let mut has_status = false;
        for field in Fields(body) {
            match field? {
                (1, Field::Bytes(id)) => self.trace = ids::trace(id),
                (2, Field::Bytes(id)) => self.id = ids::span(id),
                (4, Field::Bytes(id)) => self.parent = ids::span(id),
                (5, Field::Bytes(name)) => self.name = text(name)?,
                (6, Field::Varint(kind)) => self.kind = kind as i32,
                (7, Field::Fixed64(ns)) => self.start_ns = ns,
                (8, Field::Fixed64(ns)) => self.end_ns = ns,
                (9, Field::Bytes(attribute)) => self.attributes.push(pair(attribute)?),
                (15, Field::Bytes(status)) if !has_status => {
                    has_status = true;
                    self.status = code(status)?;
                }
                (3, Field::Bytes(state)) if checks => _ = text(state)?,
                (11, Field::Bytes(event)) if checks => are_shallow(&span::Event::decode(event).ok()?.attributes).then_some(())?,
                (13, Field::Bytes(link)) if checks => are_shallow(&span::Link::decode(link).ok()?.attributes).then_some(())?,
                (3 | 11 | 13, Field::Bytes(_)) | (10 | 12 | 14, Field::Varint(_)) | (16, Field::Fixed32) => {}
                _ => return None,
            }
        }
        Some(())
    }
}

/// An attribute with its value.
fn pair(body: &[u8]) -> Option<(&str, Told<'_>)> {
    let (mut key, mut value) = ("", None);
    for field in Fields(body) {
        match field? {
            (1, Field::Bytes(name)) => key = text(name)?,
            (2, Field::Bytes(any)) if value.is_none() => value = Some(told(any)?),
            _ => return None,
        }
    }
    Some((key, value.unwrap_or(Told::Nothing)))
}

fn told(body: &[u8]) -> Option<Told<'_>> {
    let mut fields = Fields(body);
    let told = match fields.next() {
        None => return Some(Told::Nothing),
        Some(field) => match field? {
            (1, Field::Bytes(said)) => Told::Text(text(said)?),
            (3, Field::Varint(number)) => Told::Int(number as i64),
            _ => Told::Other(Cow::Owned(AnyValue::decode(body).ok().filter(|any| is_shallow(any, 0))?)),
        },
    };
    // Of several the last one counts, which is for prost to say.
    let is_one = matches!(told, Told::Other(_)) || fields.next().is_none();
    is_one.then_some(told)
}

/// The code of a status.
fn code(body: &[u8]) -> Option<i32> {
    let mut code = 0;
    for field in Fields(body) {
        match field? {
            (2, Field::Bytes(message)) => _ = text(message)?,
            (3, Field::Varint(number)) => code = number as i32,
            _ => return None,
        }
    }
    Some(code)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn are_shallow(attributes: &[KeyValue]) -> bool {
    attributes.iter().all(|one| one.value.as_ref().is_none_or(|value| is_shallow(value, 0)))
}

fn is_shallow(value: &AnyValue, depth: u8) -> bool {
    depth < MAX_DEPTH
        && match &value.value {
            Some(Value::ArrayValue(array)) => array.values.iter().all(|value| is_shallow(value, depth + 1)),
            Some(Value::KvlistValue(list)) => list.values.iter().all(|one| one.value.as_ref().is_none_or(|value| is_shallow(value, depth + 1))),
            _ => true,
        }
}

/// The fields of a message, one after the other; `None` ends them where they cannot be read.
struct Fields<'a>(&'a [u8]);

#[derive(Clone, Copy)]
enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u32, Field<'a>)>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    #[inline]
    fn field(&mut self) -> Option<(u32, Field<'a>)> {
        let key = u32::try_from(self.varint()?).ok()?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Field::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Field::Fixed32
            }
            _ => return None,
        };
        Some((key >> 3, field))
    }

    #[inline]
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    #[inline]
    fn varint(&mut self) -> Option<u64> {
        let (first, rest) = self.0.split_first()?;
        if *first < 0x80 {
            self.0 = rest;
            return Some(u64::from(*first));
        }
        let mut number = 0;
        for (place, byte) in self.0.iter().enumerate().take(10) {
            // The tenth byte has room for one bit.
            if place == 9 && *byte > 1 {
                return None;
            }
            number |= u64::from(byte & 0x7f) << (7 * place);
            if *byte < 0x80 {
                self.0 = self.0.get(place + 1..)?;
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::otlp::{Sent, Signal};
    use opentelemetry_proto::tonic::{
        collector::trace::v1::ExportTraceServiceRequest,
        common::v1::ArrayValue,
        trace::v1::{ResourceSpans, ScopeSpans, Status},
    };
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Option<AnyValue>> {
        let value = prop_oneof![
            "[a-zé\u{0}\n]{0,12}".prop_map(|text| Some(Value::StringValue(text))),
            any::<i64>().prop_map(|number| Some(Value::IntValue(number))),
            any::<bool>().prop_map(|is| Some(Value::BoolValue(is))),
            (-1e9..1e9_f64).prop_map(|number| Some(Value::DoubleValue(number))),
            prop::collection::vec(any::<u8>(), 0..5).prop_map(|bytes| Some(Value::BytesValue(bytes))),
            any::<i64>().prop_map(|number| Some(Value::ArrayValue(ArrayValue { values: vec![AnyValue { value: Some(Value::IntValue(number)) }] }))),
            Just(None),
        ];
        prop::option::of(value.prop_map(|value| AnyValue { value }))
    }

    fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
        let one = (prop::sample::select(vec!["error", "http.status_code", "peer.service", "é", ""]), any_value());
        prop::collection::vec(one.prop_map(|(key, value)| KeyValue { key: key.to_owned(), value, ..KeyValue::default() }), 0..5)
    }

    fn spans() -> impl Strategy<Value = Vec<Span>> {
        let id = || prop::collection::vec(any::<u8>(), 0..18);
        let status = prop::option::of((-1..4_i32, "[a-z]{0,3}").prop_map(|(code, message)| Status { code, message }));
        let event =
            || prop::collection::vec(attributes().prop_map(|attributes| span::Event { attributes, name: "e".to_owned(), ..span::Event::default() }), 0..2);
        let span = (id(), id(), id(), "[a-zü]{0,6}", any::<i32>(), any::<u64>(), any::<u64>(), attributes(), status, event());
        let span = span.prop_map(|(trace_id, span_id, parent_span_id, name, kind, start, end, attributes, status, events)| Span {
            trace_id,
            span_id,
            parent_span_id,
            name,
            kind,
            start_time_unix_nano: start,
            end_time_unix_nano: end,
            attributes,
            status,
            events,
            trace_state: "a=b".to_owned(),
            flags: 257,
            dropped_links_count: 3,
            ..Span::default()
        });
        prop::collection::vec(span, 0..4)
    }

    fn a_request() -> impl Strategy<Value = ExportTraceServiceRequest> {
        let group = (prop::option::of(attributes()), prop::collection::vec(spans(), 0..3)).prop_map(|(resource, scopes)| ResourceSpans {
            resource: resource.map(|attributes| Resource { attributes, ..Resource::default() }),
            scope_spans: scopes.into_iter().map(|spans| ScopeSpans { spans, schema_url: "u".to_owned(), ..ScopeSpans::default() }).collect(),
            schema_url: String::new(),
        });
        prop::collection::vec(group, 0..3).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
    }

    /// Every group as prost has it is seen as it lies.
    fn is_the_same(raw: &RawSpans, groups: &[ResourceSpans]) {
        let read: Vec<RawGroup<'_>> = raw.groups().collect();
        assert_eq!(read.len(), groups.len());
        for (raw, group) in read.iter().zip(groups) {
            assert_eq!(raw.resource, group.resource);
            let mut wanted = group.scope_spans.iter().flat_map(|scope| &scope.spans);
            raw.each(|seen| {
                let wanted = Seen::of(wanted.next().expect("there are as many"));
                let texts = |seen: &Seen<'_>| seen.attributes.iter().map(|(key, told)| ((*key).to_owned(), told.text().into_owned())).collect::<Vec<_>>();
                assert_eq!(texts(seen), texts(&wanted));
                assert_eq!(Seen { attributes: vec![], ..seen.clone() }, Seen { attributes: vec![], ..wanted });
            });
            assert!(wanted.next().is_none());
        }
    }

    proptest! {
        #[test]
        fn a_request_is_seen_as_prost_reads_it(request in a_request()) {
            let body = Bytes::from(request.encode_to_vec());
            let raw = RawSpans::of(&body).expect("it is of the usual shape");
            is_the_same(&raw, &request.resource_spans);
            let all: Vec<&Span> = request.resource_spans.iter().flat_map(|group| &group.scope_spans).flat_map(|scope| &scope.spans).collect();
            prop_assert_eq!(raw.spans, all.len() as u64);
            prop_assert_eq!(raw.nameless, all.iter().filter(|span| ids::trace(&span.trace_id) == 0 || ids::span(&span.span_id) == 0).count() as u64);
            let starts = || all.iter().map(|span| span.start_time_unix_nano);
            prop_assert_eq!((raw.first_ns, raw.last_ns), (starts().min().unwrap_or(u64::MAX), starts().max().unwrap_or(0)));
        }

        #[test]
        fn what_is_taken_as_usual_prost_takes_too_and_reads_alike(request in a_request(), harms in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
            let mut bytes = request.encode_to_vec();
            for (place, byte) in harms {
                if !bytes.is_empty() {
                    let place = place.index(bytes.len());
                    bytes[place] = byte;
                }
            }
            let body = Bytes::from(bytes);
            if let Some(raw) = RawSpans::of(&body) {
                let Ok(Sent::Traces(groups)) = Sent::decode(Signal::Traces, &body) else { panic!("prost does not take it") };
                is_the_same(&raw, &groups);
            }
        }
    }

    #[test]
    fn what_is_unusual_is_left_to_prost() {
        let span = |attribute: &[u8]| {
            let wrapped = |tag: u8, inner: &[u8]| [&[tag, u8::try_from(inner.len()).expect("it is short")], inner].concat();
            Bytes::from(wrapped(0x0a, &wrapped(0x12, &wrapped(0x12, &wrapped(0x4a, attribute)))))
        };
        // A key, and its value as a text.
        assert!(RawSpans::of(&span(&[0x0a, 1, b'k', 0x12, 3, 0x0a, 1, b'v'])).is_some_and(|raw| raw.spans == 1 && raw.nameless == 1));
        for odd in [
            // Two values, of which the last one counts; one within the other; a field that nobody knows; a group; what breaks off.
            &[0x12, 3, 0x0a, 1, b'v', 0x12, 2, 0x18, 7][..],
            &[0x12, 5, 0x0a, 1, b'v', 0x18, 7],
            &[0x0a, 1, b'k', 0x78, 1],
            &[0x0b, 0x0c],
            &[0x0a, 9, b'k'],
            &[0x0a, 1, 0xff],
        ] {
            assert!(RawSpans::of(&span(odd)).is_none(), "{odd:?}");
        }
        let deep = (0..40)
            .fold(AnyValue { value: Some(Value::IntValue(1)) }, |inner, _| AnyValue { value: Some(Value::ArrayValue(ArrayValue { values: vec![inner] })) });
        let attribute = KeyValue { key: "k".to_owned(), value: Some(deep), ..KeyValue::default() };
        let scope_spans = vec![ScopeSpans { spans: vec![Span { attributes: vec![attribute], ..Span::default() }], ..ScopeSpans::default() }];
        let request = ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }] };
        assert!(RawSpans::of(&Bytes::from(request.encode_to_vec())).is_none());
    }
}
