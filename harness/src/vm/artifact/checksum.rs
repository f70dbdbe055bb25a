//! The checksum of artifact files: against accidents, not against malice.

/// A checksum against accidents, at memory speed: four lanes of eight bytes. Each step is reversible, so damage
/// within one word always shows; wider damage goes unseen once in 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checksum([u64; 4]);

impl Checksum {
    /// Of nothing yet.
    pub(super) fn new() -> Self {
        Self([0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x27d4_eb2f_1656_67c5])
    }

    /// Of these bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut sum = Self::new();
        sum.add(bytes);
        sum
    }

    /// Adds bytes. All parts but the last must be multiples of 32 bytes, or the sum depends on where it was cut.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let mut blocks = bytes.chunks_exact(32);
        for block in &mut blocks {
            self.block(block);
        }
        let rest = blocks.remainder();
        if !rest.is_empty() {
            let mut block = [0; 32];
            block[..rest.len()].copy_from_slice(rest);
            self.block(&block);
        }
    }

    /// The sum itself.
    pub(super) fn lanes(self) -> [u64; 4] {
        self.0
    }

    /// Adds one block of 32 bytes.
    fn block(&mut self, block: &[u8]) {
        for (lane, word) in self.0.iter_mut().zip(block.as_chunks::<8>().0) {
            let mixed = (*lane ^ u64::from_le_bytes(*word)).wrapping_mul(0x9fb2_1c65_1e98_df25);
            *lane = mixed.rotate_left(29) ^ (mixed >> 37 << 8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_does_not_depend_on_how_the_bytes_were_cut() {
        let bytes: Vec<u8> = (0..1000u32).map(|n| (n * 7) as u8).collect();
        let mut parts = Checksum::new();
        parts.add(&bytes[..640]);
        parts.add(&bytes[640..]);
        assert_eq!(parts, Checksum::of(&bytes));
    }
}
