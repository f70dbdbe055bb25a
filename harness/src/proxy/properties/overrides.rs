//! Properties that a test gives, in place of the host's or beside them. They hold in every callback.

use crate::state::PropertyValue;

/// Values by path, its parts joined with NUL. The last one given for a path counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides(Vec<(Vec<u8>, PropertyValue)>);

impl Overrides {
    /// Gives the property at `parts` this value.
    pub(crate) fn give<'a>(&mut self, parts: impl IntoIterator<Item = &'a [u8]>, value: PropertyValue) {
        let parts: Vec<&[u8]> = parts.into_iter().collect();
        let path = parts.join(&0);
        match self.0.iter_mut().find(|(known, _)| *known == path) {
            Some((_, known)) => *known = value,
            None => self.0.push((path, value)),
        }
    }

    /// The value given for `path` or for the nearest place above it, and the parts that lead down from there.
    pub(super) fn holding<'a>(
        &'a self,
        path: &'a [u8],
    ) -> Option<(&'a PropertyValue, impl Iterator<Item = &'a [u8]>)> {
        let above =
            self.0.iter().filter_map(|(known, value)| Some((value, below(known, path)?, known.len())));
        let (value, rest, _) = above.max_by_key(|(_, _, len)| *len)?;
        Some((value, rest.into_iter().flat_map(|rest| rest.split(|byte| *byte == 0))))
    }

    /// What was given below `path`: the way down, and the value.
    pub(super) fn below<'a>(&'a self, path: &[u8]) -> impl Iterator<Item = (&'a [u8], &'a PropertyValue)> {
        self.0.iter().filter_map(move |(known, value)| Some((below(path, known)??, value)))
    }
}

/// How one gets from `above` down to `path`: no parts when they are one place; `None` when it is not above.
fn below<'a>(above: &[u8], path: &'a [u8]) -> Option<Option<&'a [u8]>> {
    match path.strip_prefix(above)?.split_first() {
        None => Some(None),
        Some((0, rest)) => Some(Some(rest)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> PropertyValue {
        PropertyValue::Bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn the_nearest_place_above_counts() {
        let mut given = Overrides::default();
        given.give([&b"a"[..]], text("a"));
        given.give([&b"a"[..], b"b"], text("old"));
        given.give([&b"a"[..], b"b"], text("ab"));
        let at = |path: &[u8]| {
            given.holding(path).map(|(value, rest)| (value.clone(), rest.map(<[u8]>::to_vec).collect()))
        };
        assert_eq!(at(b"a"), Some((text("a"), vec![])));
        assert_eq!(at(b"a\0b"), Some((text("ab"), vec![])));
        assert_eq!(at(b"a\0b\0c"), Some((text("ab"), vec![b"c".to_vec()])));
        assert_eq!(at(b"a\0bc"), Some((text("a"), vec![b"bc".to_vec()])));
        assert_eq!(at(b"ab"), None::<(PropertyValue, Vec<Vec<u8>>)>);
    }

    #[test]
    fn what_is_below_a_place() {
        let mut given = Overrides::default();
        given.give([&b"a"[..], b"b", b"c"], text("1"));
        given.give([&b"a"[..], b"d"], text("2"));
        given.give([&b"ab"[..]], text("3"));
        let below: Vec<_> = given.below(b"a").collect();
        assert_eq!(below, [(&b"b\0c"[..], &text("1")), (b"d", &text("2"))]);
        assert_eq!(given.below(b"a\0d").count(), 0);
    }
}
