//! Header maps as Envoy keeps them: ordered lists of fields, pseudo headers first.
//!
//! Any bytes are accepted as name and value; what a bad name does on the wire is decided where the
//! message is sent. Which map is open in which callback is decided in `proxy/`.
//! Serves: Proxy-Wasm ABI v0.2.1, "HTTP fields". The rules are those of Envoy 1.40, observed.

mod arena;
mod inline;
pub(crate) mod names;
mod pool;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;

pub use inline::FieldsKind;
use names::Known;
use pool::Pooled;

/// A header map.
///
/// - Names are kept in lower case and found in any case. On requests `host` is `:authority`.
/// - Names that start with a colon form a block at the front.
/// - Adding to one of Envoy's inline fields (`accept`, `content-type`, `via`, ...; the list depends on
///   [`FieldsKind`]) joins the values with a comma; any other field is kept once for each time it is added.
#[derive(Clone)]
pub struct Fields {
    kind: FieldsKind,
    arena: Pooled,
    /// Number of entries in the block of pseudo headers.
    pseudo: usize,
}

impl Fields {
    /// An empty map for the headers of a request.
    #[must_use]
    pub fn request() -> Self {
        Self::new(FieldsKind::Request)
    }

    /// An empty map for the headers of a response.
    #[must_use]
    pub fn response() -> Self {
        Self::new(FieldsKind::Response)
    }

    /// An empty map for trailers.
    #[must_use]
    pub fn trailers() -> Self {
        Self::new(FieldsKind::Trailers)
    }

    /// An empty map of the given kind.
    #[must_use]
    pub fn new(kind: FieldsKind) -> Self {
        Self { kind, arena: Pooled::new(), pseudo: 0 }
    }

    /// What the map belongs to.
    #[must_use]
    pub fn kind(&self) -> FieldsKind {
        self.kind
    }

    /// Number of entries: pseudo headers and each repetition count.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arena.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sum of the lengths of all names and values: what `proxy_get_header_map_size` answers in Envoy.
    #[must_use]
    pub fn byte_size(&self) -> usize {
        self.arena.text_len()
    }

    /// The first value of `name`.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.position(self.kind.canonical(name)).map(|at| self.arena.value(at))
    }

    /// As [`Self::get`], of a name that the proxy knows.
    #[inline]
    pub(crate) fn get_known(&self, name: Known) -> Option<&[u8]> {
        self.arena.position_of(name).map(|at| self.arena.value(at))
    }

    /// Whether there is a field of this name.
    #[inline]
    pub(crate) fn has(&self, name: Known) -> bool {
        self.arena.position_of(name).is_some()
    }

    /// Every value of `name`, in order.
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let name = self.kind.canonical(name);
        self.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Adds a field: at the end (a pseudo header: at the end of their block), or joined to the value
    /// that an inline field has. An empty value adds nothing to that, and to an empty value nothing is
    /// prepended.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        let name = self.kind.canonical(name);
        match self.position(name) {
            Some(at) if self.kind.is_inline(self.arena.name(at)) => {
                let comma: &[u8] = if self.arena.value(at).is_empty() { b"" } else { b"," };
                if !value.is_empty() {
                    self.arena.edit().append_value(at, [comma, value]);
                }
            }
            _ => self.append(name, value),
        }
    }

    /// As [`Self::add`], of a name that the proxy knows and a value that it has made.
    pub(crate) fn add_known(&mut self, name: Known, value: &[u8]) {
        if self.has(name) { self.add(name.text, value) } else { self.append_known(name, value) }
    }

    /// Removes every entry of `name`, then adds one. The old position is not kept.
    pub fn replace(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.append(self.kind.canonical(name), value);
    }

    /// Gives the first entry of `name` another value in its place, or adds one. No hostcall does this:
    /// it is how Envoy writes fields of its own, such as `server`.
    pub fn overwrite(&mut self, name: &[u8], value: &[u8]) {
        let name = self.kind.canonical(name);
        match self.position(name) {
            Some(at) => self.arena.edit().set_value(at, value),
            None => self.append(name, value),
        }
    }

    /// As [`Self::overwrite`], of a name that the proxy knows and a value that it has made.
    pub(crate) fn overwrite_known(&mut self, name: Known, value: &[u8]) {
        match self.arena.position_of(name) {
            Some(at) => self.arena.edit().set_value(at, value),
            None => self.append_known(name, value),
        }
    }

    /// Removes every entry of `name` and returns how many there were.
    pub fn remove(&mut self, name: &[u8]) -> usize {
        let name = self.kind.canonical(name);
        let removed = if self.arena.position(name).is_some() { self.arena.edit().remove(name) } else { 0 };
        if is_pseudo(name) {
            self.pseudo -= removed;
        }
        removed
    }

    /// As [`Self::remove`], of a name that the proxy knows.
    #[inline]
    pub(crate) fn remove_known(&mut self, name: Known) {
        if self.has(name) {
            self.remove(name.text);
        }
    }

    /// Empties the map, then adds `pairs` in order.
    pub fn set_pairs<'a>(&mut self, pairs: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) {
        self.clear();
        for (name, value) in pairs {
            self.add(name, value);
        }
    }

    /// Removes every entry.
    pub fn clear(&mut self) {
        if !self.is_empty() {
            self.arena.edit().clear();
        }
        self.pseudo = 0;
    }

    /// Names and values in wire order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &[u8])> + ExactSizeIterator + Clone {
        self.arena.iter()
    }

    /// Whether every name and value can be written on the wire. False means: perhaps not, look.
    pub(crate) fn fits_the_wire(&self) -> bool {
        self.arena.fits_the_wire()
    }

    /// Bytes that [`Self::serialize_into`] writes.
    #[must_use]
    pub fn serialized_len(&self) -> usize {
        self.arena.serialized_len()
    }

    /// Writes the map as the ABI serializes it (see [`crate::abi::pairs`]) to the start of `out`.
    /// Does not allocate. An empty map gives the four bytes of an empty list; that Envoy hands out no
    /// bytes at all for it is the hostcall's business.
    ///
    /// # Panics
    /// If `out` is shorter than [`Self::serialized_len`].
    pub fn serialize_into(&self, out: &mut [u8]) {
        self.arena.serialize_into(out);
    }

    /// Place of the first entry of `name`, which is canonical.
    fn position(&self, name: &[u8]) -> Option<usize> {
        self.arena.position(name)
    }

    fn append_known(&mut self, name: Known, value: &[u8]) {
        let (pseudo, arena) = (is_pseudo(name.text), self.arena.edit());
        arena.insert_known(if pseudo { self.pseudo } else { arena.len() }, name, value);
        self.pseudo += usize::from(pseudo);
    }

    fn append(&mut self, name: &[u8], value: &[u8]) {
        if is_pseudo(name) {
            self.arena.edit().insert(self.pseudo, name, value);
            self.pseudo += 1;
        } else {
            let arena = self.arena.edit();
            arena.insert(arena.len(), name, value);
        }
    }
}

fn is_pseudo(name: &[u8]) -> bool {
    name.starts_with(b":")
}

/// Equal when kind and entries are, in order.
impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.iter().eq(other.iter())
    }
}

impl Eq for Fields {}

/// Shown as `[:path=/][accept=a,b]`, bytes that are no text escaped.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.iter() {
            write!(f, "[{}={}]", name.escape_ascii(), value.escape_ascii())?;
        }
        Ok(())
    }
}
