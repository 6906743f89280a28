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

/// A whole tree in memory, to give paths out of it: 64 bytes a leaf.
///
/// ```
/// use basics::merkle::{Tree, leaf_hash, proves};
/// let leaves: Vec<_> = [b"a", b"b", b"c"].iter().map(|bytes| leaf_hash(&bytes[..])).collect();
/// let tree = Tree::of(leaves.clone());
/// let path = tree.path(1).unwrap();
/// assert!(proves(&leaves[1], 1, 3, &path, &tree.root()));
/// assert!(!proves(&leaves[0], 1, 3, &path, &tree.root()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// From the leaves up to the root; a node without a neighbour goes up as it is.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// The tree over these leaves.
    pub fn of(leaves: Vec<Hash>) -> Tree {
        let mut levels = vec![leaves];
        while let Some(last) = levels.last().filter(|last| last.len() > 1) {
            let above = last
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => node_hash(left, right),
                    [alone, ..] => *alone,
                    [] => Hash::default(),
                })
                .collect();
            levels.push(above);
        }
        Tree { levels }
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The root; SHA-256 of nothing for the empty tree.
    pub fn root(&self) -> Hash {
        let top = self.levels.last().and_then(|level| level.first());
        top.copied().unwrap_or_else(|| Sha256::digest([]).into())
    }

    /// The audit path of a leaf, from its neighbour up (RFC 6962 §2.1.1); none if there is no such leaf.
    pub fn path(&self, index: u64) -> Option<Vec<Hash>> {
        let mut place = usize::try_from(index).ok().filter(|_| index < self.size())?;
        let mut path = Vec::new();
        for level in &self.levels {
            if level.len() == 1 {
                break;
            }
            path.extend(level.get(place ^ 1));
            place >>= 1;
        }
        Some(path)
    }
}

/// The root that a leaf and its audit path lead to in a tree of `size` leaves (RFC 9162 §2.1.3.2); none if the path is too long or too
/// short, or there is no such leaf.
pub fn root_of_path(leaf: &Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    let mut last = size.checked_sub(1)?;
    if index > last {
        return None;
    }
    let (mut place, mut node) = (index, *leaf);
    for neighbour in path {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            node = node_hash(neighbour, &node);
            // A node without a neighbour went up as it was.
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            node = node_hash(&node, neighbour);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    (last == 0).then_some(node)
}

/// Whether an audit path proves that a leaf stands at a place of the tree with this size and root.
pub fn proves(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    root_of_path(leaf, index, size, path).as_ref() == Some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> Hash {
        let mut hash = Hash::default();
        for (place, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).unwrap();
        }
        hash
    }

    /// The eight entries with which implementations of RFC 6962 are compared, and the roots over the first one to all of them.
    #[test]
    fn known_entries_have_the_known_roots_and_paths() {
        let entries: [&[u8]; 8] = [
            &[],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        for (place, root) in roots.iter().enumerate() {
            assert_eq!(Tree::of(leaves[..=place].to_vec()).root(), hash(root), "size {}", place + 1);
        }
        let tree = Tree::of(leaves);
        let first = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ];
        assert_eq!(tree.path(0).unwrap(), first.map(hash));
        assert_eq!(tree.path(5).unwrap()[2], hash(roots[3]), "the left half of eight");
    }

    #[test]
    fn every_leaf_of_every_tree_is_proven_and_nothing_else_is() {
        let leaves: Vec<Hash> = (0u8..70).map(|n| leaf_hash(&[n])).collect();
        for size in 1..=leaves.len() {
            let tree = Tree::of(leaves[..size].to_vec());
            assert_eq!(tree.root(), reference_root(&leaves[..size]));
            let (size, root) = (size as u64, tree.root());
            for index in 0..size {
                let path = tree.path(index).unwrap();
                let leaf = leaves[index as usize];
                assert!(proves(&leaf, index, size, &path, &root), "{index} of {size}");
                assert!(!proves(&leaf_hash(b"other"), index, size, &path, &root));
                if size > 1 {
                    assert!(!proves(&leaf, (index + 1) % size, size, &path, &root), "another place, {index} of {size}");
                    let mut short = path.clone();
                    let cut = short.pop().unwrap();
                    assert!(!proves(&leaf, index, size, &short, &root));
                    assert!(!proves(&leaf, index, size, &[path.clone(), vec![cut]].concat(), &root));
                    let mut altered = path.clone();
                    altered[0][0] ^= 1;
                    assert!(!proves(&leaf, index, size, &altered, &root));
                }
            }
            assert_eq!(tree.path(size), None);
            assert_eq!(root_of_path(&leaves[0], size, size, &[]), None);
        }
        assert_eq!(Tree::of(Vec::new()).root(), CompactRange::default().root());
        assert_eq!(root_of_path(&leaves[0], 0, 0, &[]), None);
    }

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
