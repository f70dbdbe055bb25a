//! Bodies, whole or in the pieces in which they are sent.

use super::{Body, Chunk};
use crate::state::Duration;

impl Body {
    /// A body with a content-length. Without bytes it has no packet: the content-length of 0 ends the message.
    #[must_use]
    pub fn sized(data: impl Into<Vec<u8>>) -> Self {
        let chunk = Chunk::from(data.into());
        Self::Sized(if chunk.data.is_empty() { Vec::new() } else { vec![chunk] })
    }

    /// A body without a content-length.
    #[must_use]
    pub fn chunked(chunks: impl IntoIterator<Item = impl Into<Chunk>>) -> Self {
        Self::Chunked(chunks.into_iter().map(Into::into).collect())
    }

    /// A sized body in packets of at most `size` bytes, each of which follows the one before at once. Other
    /// bodies stay: their pieces are what the test wrote.
    ///
    /// # Panics
    /// When `size` is 0.
    #[must_use]
    pub fn split(self, size: usize) -> Self {
        assert!(size > 0, "a body cannot be split into pieces of 0 bytes");
        let Self::Sized(chunks) = self else { return self };
        let mut pieces = Vec::new();
        for chunk in chunks {
            let mut after = chunk.after;
            for data in chunk.data.chunks(size) {
                pieces.push(Chunk { data: data.to_vec(), after: std::mem::take(&mut after) });
            }
        }
        Self::Sized(pieces)
    }

    /// The pieces in which it is sent.
    #[must_use]
    pub fn pieces(&self) -> &[Chunk] {
        match self {
            Self::None => &[],
            Self::Sized(chunks) | Self::Chunked(chunks) => chunks,
        }
    }

    /// Number of bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.pieces().iter().map(|chunk| chunk.data.len()).sum()
    }
}

impl Chunk {
    /// Lets this much virtual time pass between the piece before and this one.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }
}

impl<T: Into<Vec<u8>>> From<T> for Chunk {
    fn from(data: T) -> Self {
        Self { data: data.into(), after: Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_pieces_they_are_sent_in() {
        assert_eq!(Body::default(), Body::None);
        assert_eq!(Body::sized(""), Body::Sized(Vec::new()));
        assert_eq!(Body::chunked([""; 0]), Body::Chunked(Vec::new()));
        let split = Body::sized("0123456789").split(4);
        assert_eq!(split, Body::Sized(vec!["0123".into(), "4567".into(), "89".into()]));
        assert_eq!(split.size(), 10);
        let chunked = Body::chunked(["abc", ""]);
        assert_eq!(chunked.clone().split(1), chunked);
        assert_eq!(Body::None.split(1), Body::None);
    }
}
