//! Randomness that follows from the scenario's seed.
//!
//! Each consumer has a stream of its own, told apart by a label, so that one more draw by a plugin does
//! not change the `x-request-id` of the next request.
//! Serves: WASI `random_get`. The generator is xoshiro256++ 1.0, its state filled by SplitMix64 (D. Blackman
//! and S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47, 2021; G. Steele, D. Lea
//! and C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). Not for secrets.

/// A stream of bytes that seed and label determine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entropy {
    state: [u64; 4],
}

impl Entropy {
    /// The stream called `label` of `seed`.
    #[must_use]
    pub fn new(seed: u64, label: &str) -> Self {
        Self::labelled(seed, fnv1a(label.as_bytes()))
    }

    /// The stream of the VM at `index` called `label` of `seed`.
    #[must_use]
    pub fn of_vm(seed: u64, label: &str, index: usize) -> Self {
        Self::labelled(seed, fnv1a(label.as_bytes()) ^ SplitMix64(index as u64).next())
    }

    fn labelled(seed: u64, label: u64) -> Self {
        // The seed is mixed before the label comes in: else two seeds that differ in the bits in which
        // two labels differ would share a stream.
        let mut mixer = SplitMix64(SplitMix64(seed).next() ^ label);
        Self { state: [mixer.next(), mixer.next(), mixer.next(), mixer.next()] }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// Fills `out`: 8 bytes of each draw, least significant first. What a last draw has too many is dropped,
    /// so the next call starts with a draw of its own.
    pub fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
    }

    /// A random UUID (RFC 9562, version 4) as text in lower case: the form of Envoy's `x-request-id`.
    pub fn uuid_v4(&mut self) -> [u8; 36] {
        /// Where each byte stands in the text.
        const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut text = [b'-'; 36];
        for (byte, place) in bytes.into_iter().zip(PLACES) {
            text[place..place + 2].copy_from_slice(&HEX[usize::from(byte)]);
        }
        text
    }
}

/// Each byte in two digits.
const HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        hex[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    hex
};

struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The 64-bit FNV-1a hash: a number for a label that no release of a standard library can change.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generators_give_their_published_sequences() {
        let mut mixer = SplitMix64(1_234_567);
        let got = [mixer.next(), mixer.next(), mixer.next()];
        assert_eq!(got, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);

        let mut entropy = Entropy { state: [1, 2, 3, 4] };
        let got = [(); 5].map(|()| entropy.next_u64());
        let want =
            [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386, 9_228_616_714_210_784_205];
        assert_eq!(got, want);

        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn streams_of_other_labels_or_seeds_are_others() {
        let first = |seed, label| Entropy::new(seed, label).next_u64();
        let all = [first(0, "guest"), first(0, "request-id"), first(1, "guest"), first(1, "request-id")];
        for (position, one) in all.iter().enumerate() {
            assert!(!all[..position].contains(one));
        }
        assert_eq!(first(0, "guest"), first(0, "guest"));
    }

    #[test]
    fn the_streams_stay_what_they_are() {
        // Transcripts in snapshots hold these values: a change here changes them all.
        assert_eq!(Entropy::new(0, "guest").next_u64(), 0x5e9e_a281_a5e0_7103);
        assert_eq!(&Entropy::new(0, "request-id").uuid_v4(), b"962360b6-d830-4138-b3f8-80f1e08ca961");
    }

    #[test]
    fn fill_cuts_the_last_draw() {
        let (mut long, mut short) = ([0; 16], [0; 11]);
        Entropy::new(7, "guest").fill(&mut long);
        Entropy::new(7, "guest").fill(&mut short);
        assert_eq!(long[..11], short);
        let mut entropy = Entropy::new(7, "guest");
        entropy.fill(&mut []);
        assert_eq!(entropy, Entropy::new(7, "guest"));
    }

    #[test]
    fn uuid_has_the_form_of_version_4() {
        let mut entropy = Entropy::new(3, "request-id");
        for _ in 0..100 {
            let text = entropy.uuid_v4();
            for (at, byte) in text.into_iter().enumerate() {
                match at {
                    8 | 13 | 18 | 23 => assert_eq!(byte, b'-'),
                    14 => assert_eq!(byte, b'4'),
                    19 => assert!(b"89ab".contains(&byte)),
                    _ => assert!(matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
                }
            }
        }
    }
}
