//! The loose values of OTLP's JSON: what may be written in more ways than one. `null` stands for
//! what is absent, 64-bit numbers are numbers or strings, doubles may be `"NaN"`, enums are
//! numbers (some senders write their names), ids are hexadecimal.

use super::ids;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, IgnoredAny, MapAccess, Unexpected, Visitor},
};
use std::{fmt, marker::PhantomData};

/// Reads `null` as the default.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A number that may be written as text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Number<T>(pub T);

/// What a [`Number`] can hold.
pub trait Numeric: Copy + DeserializeOwned {
    const EXPECTED: &'static str;
    fn of_signed(value: i64) -> Option<Self>;
    fn of_unsigned(value: u64) -> Option<Self>;
    fn of_float(value: f64) -> Option<Self>;
    fn of_text(text: &str) -> Option<Self>;
}

/// Whole numbers that some writers put as `1.0` or `1.8e18`: a time in nanoseconds that went through
/// a double is off by less than a microsecond.
fn whole(value: f64) -> Option<i128> {
    (value.fract() == 0.0 && value.abs() < 2e19).then_some(value as i128)
}

macro_rules! whole_numbers {
    ($($type:ty)+) => {$(
        impl Numeric for $type {
            const EXPECTED: &'static str = "a whole number, also as text";
            fn of_signed(value: i64) -> Option<Self> {
                value.try_into().ok()
            }
            fn of_unsigned(value: u64) -> Option<Self> {
                value.try_into().ok()
            }
            fn of_float(value: f64) -> Option<Self> {
                whole(value)?.try_into().ok()
            }
            fn of_text(text: &str) -> Option<Self> {
                let text = text.trim();
                text.parse().ok().or_else(|| text.parse::<f64>().ok().and_then(Self::of_float))
            }
        }
    )+};
}

whole_numbers! { i64 u64 u32 i32 }

impl Numeric for f64 {
    const EXPECTED: &'static str = "a number, \"NaN\", \"Infinity\" or \"-Infinity\"";
    fn of_signed(value: i64) -> Option<Self> {
        Some(value as f64)
    }
    fn of_unsigned(value: u64) -> Option<Self> {
        Some(value as f64)
    }
    fn of_float(value: f64) -> Option<Self> {
        Some(value)
    }
    fn of_text(text: &str) -> Option<Self> {
        match text.trim() {
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => text.parse().ok(),
        }
    }
}

impl<'de, T: Numeric> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reading<T>(PhantomData<T>);
        impl<T: Numeric> Visitor<'_> for Reading<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::EXPECTED)
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
                T::of_signed(value).ok_or_else(|| E::invalid_value(Unexpected::Signed(value), &self))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
                T::of_unsigned(value).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
                T::of_float(value).ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
                T::of_text(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        from.deserialize_any(Reading(PhantomData)).map(Number)
    }
}

/// Reads a [`Number`], `null` as zero.
pub fn number<'de, D: Deserializer<'de>, T: Numeric + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<Number<T>>::deserialize(from)?.map(|number| number.0).unwrap_or_default())
}

/// Reads hexadecimal digits, `null` as nothing.
pub fn hex<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = Option::<String>::deserialize(from)?.unwrap_or_default();
    ids::from_hex(&text).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &"hexadecimal digits"))
}

/// Reads the id of a parent. Recordings that were made into OTLP say of a root that it has none in
/// their own words, and one word is no reason to refuse a thousand spans.
pub fn parent<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = Option::<String>::deserialize(from)?.unwrap_or_default();
    let text = text.trim();
    if ["root", "none", "null", "nil", "nan", "-", "-1", "0"].iter().any(|none| text.eq_ignore_ascii_case(none)) {
        return Ok(vec![]);
    }
    ids::from_hex(text).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(text), &"hexadecimal digits"))
}

/// Reads an enum: its number, or the name that ends in one of `NAMES` at that number's place.
pub fn named<'de, D: Deserializer<'de>>(from: D, names: &[&str]) -> Result<i32, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(i32),
        Text(String),
        Nothing(()),
    }
    Ok(match Written::deserialize(from)? {
        Written::Number(number) => number,
        Written::Nothing(()) => 0,
        Written::Text(text) => {
            let place = names.iter().position(|name| text.rsplit('_').next().is_some_and(|last| last.eq_ignore_ascii_case(name)));
            // A value that is newer than this counts as unspecified.
            place.and_then(|place| i32::try_from(place).ok()).or_else(|| text.trim().parse().ok()).unwrap_or_default()
        }
    })
}

/// `AnyValue` as JSON writes it: an object with one member. Members nobody knows are passed over.
#[derive(Default)]
pub struct Any(pub AnyValue);

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = AnyValue;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object such as {\"stringValue\": \"…\"}")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<AnyValue, M::Error> {
                let mut value = None;
                while let Some(name) = map.next_key::<String>()? {
                    let read = match name.as_str() {
                        "stringValue" => map.next_value::<Option<String>>()?.map(Value::StringValue),
                        "boolValue" => map.next_value::<Option<bool>>()?.map(Value::BoolValue),
                        "intValue" => map.next_value::<Option<Number<i64>>>()?.map(|number| Value::IntValue(number.0)),
                        "doubleValue" => map.next_value::<Option<Number<f64>>>()?.map(|number| Value::DoubleValue(number.0)),
                        "arrayValue" => map
                            .next_value::<Option<Array>>()?
                            .map(|array| Value::ArrayValue(ArrayValue { values: array.values.into_iter().map(|any| any.0).collect() })),
                        "kvlistValue" => map.next_value::<Option<List>>()?.map(|list| Value::KvlistValue(KeyValueList { values: attributes(list.values) })),
                        "bytesValue" => map.next_value::<Option<String>>()?.map(|text| Value::BytesValue(bytes(&text))),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            None
                        }
                    };
                    value = read.or(value);
                }
                Ok(AnyValue { value })
            }
            fn visit_unit<E: Error>(self) -> Result<AnyValue, E> {
                Ok(AnyValue::default())
            }
        }
        from.deserialize_any(Reading).map(Any)
    }
}

/// Base64 in any of its alphabets; what is none reads as no bytes, because nothing hangs on it.
fn bytes(text: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose};
    let text = text.trim_end_matches('=');
    general_purpose::STANDARD_NO_PAD.decode(text).or_else(|_| general_purpose::URL_SAFE_NO_PAD.decode(text)).unwrap_or_default()
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Array {
    #[serde(deserialize_with = "or_default")]
    values: Vec<Any>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct List {
    #[serde(deserialize_with = "or_default")]
    values: Vec<Pair>,
}

/// One attribute.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Pair {
    #[serde(deserialize_with = "or_default")]
    key: String,
    value: Any,
}

pub fn attributes(pairs: Vec<Pair>) -> Vec<KeyValue> {
    pairs.into_iter().map(|pair| KeyValue { key: pair.key, value: Some(pair.value.0), ..KeyValue::default() }).collect()
}
