//! A map of the host as a value of CEL: unlike the crate's own it has an order, so that what follows from it does not
//! differ from run to run.

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Iterator, Sizer};
use cel::common::types::{CelInt, CelString, MAP_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};

/// Values by name, in the order given.
#[derive(Debug)]
pub(super) struct Entries {
    pub(super) entries: Vec<(CelString<'static>, Box<dyn Val>)>,
    pub(super) form: Form,
    /// Names are looked up in any case, and `host` is `:authority`.
    pub(super) header_map: bool,
}

/// What the whole is as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A map.
    Map,
    /// No value, such as `request`. It has no size to speak of, and no names to go through.
    Object,
    /// A protobuf message, serialized.
    Message(Vec<u8>),
}

impl Entries {
    fn find(&self, key: &dyn Val) -> Option<usize> {
        let key = key.downcast_ref::<CelString<'_>>()?.inner();
        // As in every header map of a request.
        let key = if self.header_map && key.eq_ignore_ascii_case("host") { ":authority" } else { key };
        self.entries.iter().position(|(name, _)| {
            name.inner() == key || self.header_map && name.inner().eq_ignore_ascii_case(key)
        })
    }

    fn missing(key: &dyn Val) -> ExecutionError {
        match key.downcast_ref::<CelString<'_>>() {
            Some(name) => ExecutionError::no_such_key(name.inner()),
            None => ExecutionError::UnexpectedType {
                got: key.get_type().name().to_owned(),
                want: "string".to_owned(),
            },
        }
    }
}

impl StaticVal for Entries {}

impl Val for Entries {
    fn get_type(&self) -> &Type {
        Self::cel_type()
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn into_indexer<'v>(self: Box<Self>) -> Option<Box<dyn Indexer + 'v>>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        (self.form == Form::Map).then_some(self as &dyn Iterable)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        let Some(other) = other.downcast_ref::<Self>() else { return false };
        self.form == other.form
            && self.entries.len() == other.entries.len()
            && self
                .entries
                .iter()
                .all(|(name, value)| other.find(name).is_some_and(|at| value.equals(&*other.entries[at].1)))
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        let entries =
            self.entries.iter().map(|(name, value)| (name.clone(), value.clone_as_boxed())).collect();
        Box::new(Self { entries, form: self.form.clone(), header_map: self.header_map })
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}

impl Container for Entries {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(self.find(key).is_some())
    }
}

impl Indexer for Entries {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let at = self.find(key).ok_or_else(|| Self::missing(key))?;
        Ok(CowVal::Borrowed(&*self.entries[at].1))
    }

    fn steal<'v>(mut self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let at = self.find(key).ok_or_else(|| Self::missing(key))?;
        Ok(self.entries.swap_remove(at).1)
    }
}

impl Iterable for Entries {
    fn iter<'b, 'v>(&'b self) -> Box<dyn Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Names(self.entries.iter()))
    }
}

impl Sizer for Entries {
    fn size(&self) -> CelInt {
        let size = if self.form == Form::Map { self.entries.len() } else { 0 };
        CelInt::from(size as i64)
    }
}

/// The names, one after the other.
struct Names<'b>(std::slice::Iter<'b, (CelString<'static>, Box<dyn Val>)>);

impl<'b, 'v> Iterator<'b, 'v> for Names<'b> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.0.next().map(|(name, _)| name as &(dyn Val + 'v))
    }
}
