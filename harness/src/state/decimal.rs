//! Whole numbers as text, without memory from the heap: what the proxy writes into every message, and reads in it.

/// A number in decimal digits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal {
    digits: [u8; 39],
    start: usize,
}

impl Decimal {
    /// The digits of `number`, without leading zeros.
    pub(crate) fn of(mut number: u128) -> Self {
        let mut digits = [b'0'; 39];
        let mut start = digits.len();
        // Division of the wide type is many times slower.
        while number > u128::from(u64::MAX) {
            start -= 1;
            digits[start] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        let mut number = number as u64;
        loop {
            start -= 1;
            digits[start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return Self { digits, start };
            }
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}

/// The number that `text` says in decimal digits, perhaps with a plus in front; nothing else, and nothing beyond 64 bits.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::{Decimal, number};

    #[test]
    fn numbers_are_read_as_the_standard_library_does() {
        for text in [
            "",
            "+",
            "0",
            "007",
            "+5",
            "-5",
            "++5",
            "5 ",
            "0x1",
            "18446744073709551615",
            "18446744073709551616",
        ] {
            assert_eq!(number(text.as_bytes()), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn numbers_are_written_as_the_standard_library_does() {
        for number in [0, 7, 10, 15_000, u128::from(u64::MAX), u128::MAX] {
            assert_eq!(Decimal::of(number).as_bytes(), number.to_string().as_bytes());
        }
    }
}
