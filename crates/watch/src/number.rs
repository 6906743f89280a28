//! Whole-number logarithms and scattering, the same on every machine.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// log₂ of a number in thousandths, linear between powers of two (at most 0.086 below the true value); 0 for 0 and 1.
pub const fn log2_milli(x: u64) -> i32 {
    if x <= 1 {
        return 0;
    }
    let whole = 63 - x.leading_zeros();
    let part = ((x - (1 << whole)) as u128 * 1_000) >> whole;
    whole as i32 * 1_000 + part as i32
}

/// log₂ of `a / b` in thousandths; both are taken as at least 1.
pub const fn ratio_milli(a: u64, b: u64) -> i32 {
    log2_milli(if a == 0 { 1 } else { a }) - log2_milli(if b == 0 { 1 } else { b })
}

/// Scatters a number (the finaliser of SplitMix64).
pub const fn scatter(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Square root, floored.
pub fn root(x: u128) -> u64 {
    u64::try_from(x.isqrt()).unwrap_or(u64::MAX)
}

/// A table by scattered keys, without the system's randomness.
pub type Table<K, V> = HashMap<K, V, BuildHasherDefault<Scatter>>;

/// The hasher of [`Table`]: keys are ids and keyed hashes, which nobody outside can choose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scatter(u64);

impl Hasher for Scatter {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = scatter(self.0 ^ word);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_near_and_never_fall() {
        let mut before = 0;
        for x in (1..200_000_u64).chain([1 << 40, u64::MAX / 2, u64::MAX]) {
            let got = log2_milli(x);
            let truth = (x as f64).log2() * 1_000.0;
            assert!(f64::from(got) <= truth + 1.0 && f64::from(got) > truth - 88.0, "{x}: {got} {truth}");
            assert!(got >= before);
            before = got;
        }
        assert_eq!((ratio_milli(0, 0), ratio_milli(8, 2), ratio_milli(2, 8)), (0, 2_000, -2_000));
    }
}
