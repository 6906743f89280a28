//! A seeded stream of numbers for folds and resampling: the same seed, the same stream, anywhere.

/// SplitMix64 (Steele, Lea and Flood, 2014). Never for secrets.
#[derive(Clone, Debug)]
pub struct Stream(u64);

impl Stream {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Stream {
        Stream(seed)
    }

    /// The next 64 bits.
    pub fn next_bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `below` − 1, or 0 if `below` is 0.
    pub fn below(&mut self, below: usize) -> usize {
        ((u128::from(self.next_bits()) * below as u128) >> 64) as usize
    }

    /// Puts things in a random order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_fixed() {
        let mut stream = Stream::new(1_234_567);
        assert_eq!(stream.next_bits(), 6_457_827_717_110_365_317);
        assert!((0..100).all(|_| stream.below(7) < 7));
        let mut deck: Vec<u8> = (0..50).collect();
        stream.shuffle(&mut deck);
        let mut sorted = deck.clone();
        sorted.sort_unstable();
        assert!(sorted == (0..50).collect::<Vec<_>>() && sorted != deck);
    }
}
