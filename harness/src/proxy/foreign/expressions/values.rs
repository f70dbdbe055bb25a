//! Values of properties as values of CEL, and the other way.

use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelNull, CelString, CelTimestamp,
    CelUInt,
};
use cel::common::value::Val;
use cel::objects::Key;
use chrono::{DateTime, TimeDelta};

use super::entries::{Entries, Form};
use crate::abi::Status;
use crate::state::{Duration, Message, PropertyValue};

/// What an expression sees under a name.
pub(crate) enum Shown {
    /// An object with attributes, which is no value itself.
    Object(Vec<(Vec<u8>, Shown)>),
    /// A header map: names in any case.
    Fields(PropertyValue),
    /// Bytes, where all else of the host is text.
    Bytes(Vec<u8>),
    /// A message: its fields, and itself.
    Message(PropertyValue, Vec<u8>),
    /// Anything else.
    Value(PropertyValue),
}

type Boxed = Box<dyn Val>;

impl Shown {
    pub(super) fn into_val(self) -> Boxed {
        match self {
            Self::Object(entries) => {
                let entries = entries.into_iter().map(|(name, shown)| (text(&name), shown.into_val()));
                Box::new(Entries { entries: entries.collect(), form: Form::Object, header_map: false })
            }
            Self::Fields(PropertyValue::Map(entries)) => Box::new(map(&entries, true)),
            Self::Message(PropertyValue::Map(fields), bytes) => {
                Box::new(Entries { form: Form::Message(bytes), ..map(&fields, false) })
            }
            Self::Bytes(bytes) => Box::new(CelBytes::from(bytes)),
            Self::Fields(value) | Self::Message(value, _) | Self::Value(value) => write(&value),
        }
    }
}

/// Text of the host; bytes that are no UTF-8 become U+FFFD, for CEL has no such text.
fn text(bytes: &[u8]) -> CelString<'static> {
    CelString::from(String::from_utf8_lossy(bytes).into_owned())
}

fn map(entries: &[(Vec<u8>, PropertyValue)], header_map: bool) -> Entries {
    let entries = entries.iter().map(|(name, value)| (text(name), write(value))).collect();
    Entries { entries, form: Form::Map, header_map }
}

fn message(message: &Message) -> Entries {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    let entries = message.fields().map(|(name, value)| (text(name.as_bytes()), write(value))).collect();
    Entries { entries, form: Form::Message(bytes), header_map: false }
}

fn write(value: &PropertyValue) -> Boxed {
    match value {
        PropertyValue::Bytes(bytes) => Box::new(text(bytes)),
        PropertyValue::Int(number) => Box::new(CelInt::from(*number)),
        PropertyValue::Uint(number) => Box::new(CelUInt::from(*number)),
        PropertyValue::Double(number) => Box::new(CelDouble::from(*number)),
        PropertyValue::Bool(truth) => Box::new(CelBool::from(*truth)),
        PropertyValue::Timestamp(nanos) => {
            let time = DateTime::from_timestamp_nanos(i64::try_from(*nanos).unwrap_or(i64::MAX));
            Box::new(CelTimestamp::from(time.fixed_offset()))
        }
        PropertyValue::Duration(span) => Box::new(CelDuration::from(delta(*span))),
        PropertyValue::Map(entries) => Box::new(map(entries, false)),
        PropertyValue::List(elements) => {
            Box::new(CelList::from(elements.iter().map(write).collect::<Vec<Boxed>>()))
        }
        PropertyValue::Message(of) => Box::new(message(of)),
        PropertyValue::Null => Box::new(CelNull),
    }
}

fn delta(span: Duration) -> TimeDelta {
    TimeDelta::nanoseconds(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX))
}

/// The value that an expression came to, as properties are encoded.
///
/// # Errors
///
/// [`Status::SerializationFailure`]: null, a type, or a whole object, at any depth.
pub(super) fn read(value: &dyn Val) -> Result<PropertyValue, Status> {
    if let Some(entries) = value.downcast_ref::<Entries>() {
        return match &entries.form {
            Form::Object => Err(Status::SerializationFailure),
            Form::Message(bytes) => Ok(PropertyValue::Bytes(bytes.clone())),
            Form::Map => {
                let entry = |(name, value): &(CelString<'static>, Boxed)| {
                    Ok((name.inner().as_bytes().to_vec(), read(&**value)?))
                };
                entries.entries.iter().map(entry).collect::<Result<_, _>>().map(PropertyValue::Map)
            }
        };
    }
    if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        let elements = list.inner().iter().map(|element| read(&**element));
        return elements.collect::<Result<_, _>>().map(PropertyValue::List);
    }
    if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        // The order of the map itself is none.
        let entries = map.inner().iter().map(|(key, value)| Ok((Key::from(key.clone()), read(&**value)?)));
        let mut entries: Vec<(Key, PropertyValue)> = entries.collect::<Result<_, Status>>()?;
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        let entries = entries.into_iter().map(|(key, value)| (key_bytes(&key), value));
        return Ok(PropertyValue::Map(entries.collect()));
    }
    scalar(value).ok_or(Status::SerializationFailure)
}

fn scalar(value: &dyn Val) -> Option<PropertyValue> {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        return Some(PropertyValue::Bytes(text.inner().as_bytes().to_vec()));
    }
    if let Some(bytes) = value.downcast_ref::<CelBytes<'_>>() {
        return Some(PropertyValue::Bytes(bytes.inner().to_vec()));
    }
    if let Some(number) = value.downcast_ref::<CelInt>() {
        return Some(PropertyValue::Int(*number.inner()));
    }
    if let Some(number) = value.downcast_ref::<CelUInt>() {
        return Some(PropertyValue::Uint(*number.inner()));
    }
    if let Some(number) = value.downcast_ref::<CelDouble>() {
        // As x86 makes it, on every machine.
        let number = *number.inner();
        let nan = f64::from_bits(0xfff8_0000_0000_0000);
        return Some(PropertyValue::Double(if number.is_nan() { nan } else { number }));
    }
    if let Some(truth) = value.downcast_ref::<CelBool>() {
        return Some(PropertyValue::Bool(*truth.inner()));
    }
    if let Some(span) = value.downcast_ref::<CelDuration>() {
        return span.inner().num_nanoseconds().map(PropertyValue::Int);
    }
    if let Some(time) = value.downcast_ref::<CelTimestamp>() {
        return time.inner().timestamp_nanos_opt().map(PropertyValue::Int);
    }
    None
}

fn key_bytes(key: &Key) -> Vec<u8> {
    match key {
        Key::Int(number) => number.to_le_bytes().to_vec(),
        Key::Uint(number) => number.to_le_bytes().to_vec(),
        Key::Bool(truth) => vec![u8::from(*truth)],
        Key::String(text) => text.as_bytes().to_vec(),
    }
}
