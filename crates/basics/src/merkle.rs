//! RFC 6962 Merkle trees, kept as a compact range so that an append costs O(log n) and no reads.

use sha2::{Digest, Sha256};

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// The hash of a leaf: SHA-256(0x00 ‖ bytes), RFC 6962 §2.1.
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(bytes);
    hash.finalize().into()
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// The roots of the full subtrees that make up a tree of `size` leaves, largest first.
///
/// A tree of 6 leaves (binary 110) is kept as the roots of a tree of 4 and a tree of 2.
///
/// ```
/// use basics::merkle::{CompactRange, leaf_hash, node_hash};
/// let mut log = CompactRange::default();
/// log.append(leaf_hash(b"a"));
/// log.append(leaf_hash(b"b"));
/// assert_eq!(log.root(), node_hash(&leaf_hash(b"a"), &leaf_hash(b"b")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    peaks: Vec<Hash>,
}

impl CompactRange {
    /// How many leaves have been appended.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds one leaf.
    pub fn append(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root over all leaves; SHA-256 of nothing for the empty tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => Sha256::digest([]).into(),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }

    /// Bytes to store: the size (8 bytes, big-endian), then the peaks.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        for peak in &self.peaks {
            bytes.extend_from_slice(peak);
        }
        bytes
    }

    /// Reads what [`CompactRange::to_bytes`] wrote; `None` if the number of peaks does not fit the size.
    pub fn from_bytes(bytes: &[u8]) -> Option<CompactRange> {
        let (size, rest) = bytes.split_first_chunk::<8>()?;
        let size = u64::from_be_bytes(*size);
        let (peaks, left_over) = rest.as_chunks::<32>();
        if !left_over.is_empty() || peaks.len() != size.count_ones() as usize {
            return None;
        }
        Some(CompactRange { size, peaks: peaks.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962 §2.1 as written: split at the largest power of two below the size.
    fn reference_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => *one,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node_hash(&reference_root(&leaves[..split]), &reference_root(&leaves[split..]))
            }
        }
    }

    #[test]
    fn the_root_is_that_of_the_rfc_at_every_size() {
        let leaves: Vec<Hash> = (0u8..130).map(|n| leaf_hash(&[n])).collect();
        let mut log = CompactRange::default();
        assert_eq!(log.root(), reference_root(&[]));
        for (index, leaf) in leaves.iter().enumerate() {
            log.append(*leaf);
            assert_eq!(log.root(), reference_root(&leaves[..=index]), "size {}", index + 1);
            assert_eq!(CompactRange::from_bytes(&log.to_bytes()).as_ref(), Some(&log));
        }
    }

    #[test]
    fn bytes_that_do_not_fit_are_refused() {
        assert!(CompactRange::from_bytes(&[]).is_none());
        assert!(CompactRange::from_bytes(&3u64.to_be_bytes()).is_none());
    }
}
