//! One bucket, in whole numbers: a token is `per` parts, and a nanosecond brings back `limit` of them.

use crate::config::Config;
use crate::defect::Defect;

#[derive(Clone, Copy)]
pub(crate) struct Bucket {
    parts: u128,
    /// When it held so many: nanoseconds since 1970.
    at: u64,
}

impl Bucket {
    pub(crate) fn full(config: &Config, now: u64) -> Self {
        Self { parts: u128::from(config.capacity) * u128::from(config.per), at: now }
    }

    /// The bucket at `now`. Where the clock has gone back no time has passed.
    pub(crate) fn at(self, config: &Config, now: u64) -> Self {
        let mut elapsed = now.saturating_sub(self.at);
        if config.defect == Some(Defect::ShortTime) {
            const MS: u64 = 1_000_000;
            let [then, now] = [self.at, now].map(|nanos| (nanos / MS) as u32);
            elapsed = u64::from(now.saturating_sub(then)) * MS;
        }
        let parts = self.parts + u128::from(elapsed) * u128::from(config.limit);
        Self { parts: parts.min(Self::full(config, now).parts), at: now }
    }

    pub(crate) fn is_later_than(self, now: u64) -> bool {
        self.at > now
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self, config: &Config) -> bool {
        let token = u128::from(config.per);
        let short = match config.defect {
            Some(Defect::MoreThanOne) => token >= self.parts,
            _ => token > self.parts,
        };
        if !short {
            self.parts -= token;
        }
        !short
    }

    pub(crate) fn bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..16].copy_from_slice(&self.parts.to_le_bytes());
        bytes[16..].copy_from_slice(&self.at.to_le_bytes());
        bytes
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (parts, at) = bytes.split_first_chunk()?;
        Some(Self { parts: u128::from_le_bytes(*parts), at: u64::from_le_bytes(at.try_into().ok()?) })
    }
}
