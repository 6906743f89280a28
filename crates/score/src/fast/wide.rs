//! The same paths with AVX-512: one comparison answers a question for all 64 rows of a block, or 64 questions for one row.
//!
//! Nothing here is unsafe but to be called on a machine that has not these instructions, see [`super::machine`].

use std::arch::x86_64::*;

use super::codes::{Codes, Cuts};
use super::levels::Levels;
use super::reach::{LEAVES_MAX, Reach};
use super::together::{Group, Questions, Together};
use super::{BLOCK, Bytes, Fast, Run, add, chase};

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi1,bmi2,popcnt")]
#[inline]
fn load(bytes: &Bytes) -> __m512i {
    let mut words = [0_i64; 8];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = i64::from_le_bytes(*bytes);
    }
    let [a, b, c, d, e, f, g, h] = words;
    _mm512_set_epi64(h, g, f, e, d, c, b, a)
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi1,bmi2,popcnt")]
#[inline]
fn store(value: __m512i) -> Bytes {
    let mut bytes = [0; BLOCK];
    let halves = [_mm512_extracti64x4_epi64::<0>(value), _mm512_extracti64x4_epi64::<1>(value)];
    for (half, bytes) in halves.into_iter().zip(bytes.as_chunks_mut::<32>().0) {
        let words = [
            _mm256_extract_epi64::<0>(half),
            _mm256_extract_epi64::<1>(half),
            _mm256_extract_epi64::<2>(half),
            _mm256_extract_epi64::<3>(half),
        ];
        for (word, bytes) in words.into_iter().zip(bytes.as_chunks_mut::<8>().0) {
            *bytes = word.to_le_bytes();
        }
    }
    bytes
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi1,bmi2,popcnt")]
#[inline]
fn above(value: __m512d, cuts: &[f64; 16]) -> u8 {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *cuts;
    let low = _mm512_set_pd(h, g, f, e, d, c, b, a);
    let high = _mm512_set_pd(p, o, n, m, l, k, j, i);
    let low = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(value, low);
    let high = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(value, high);
    (low.count_ones() + high.count_ones()) as u8
}

/// How many thresholds a value is above: first among every sixteenth, then among the sixteen there.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi1,bmi2,popcnt")]
#[inline]
fn rank(value: f64, cuts: &Cuts) -> u8 {
    let value = _mm512_set1_pd(value);
    let sixteen = above(value, &cuts.coarse) % 16;
    sixteen * 16 + above(value, &cuts.all.as_chunks::<16>().0[sixteen as usize])
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi1,bmi2,popcnt")]
#[inline]
fn leaf(tree: &Reach, codes: &[Bytes], masks: &mut [u64; LEAVES_MAX]) -> Bytes {
    masks[0] = u64::MAX;
    let mut leaf = _mm512_setzero_si512();
    for step in &tree.splits {
        let code = load(&codes[step.asked.code as usize]);
        let above = _mm512_cmpgt_epu8_mask(code, _mm512_set1_epi8(step.asked.most as i8));
        let here = masks[step.here as usize % LEAVES_MAX];
        let no = here & above;
        masks[step.here as usize % LEAVES_MAX] = here & !above;
        masks[step.no as usize % LEAVES_MAX] = no;
        leaf = _mm512_mask_add_epi8(leaf, no, leaf, _mm512_set1_epi8(step.passed as i8));
    }
    store(leaf)
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi1,bmi2,popcnt")]
fn reach<const SINGLE: bool>(trees: &[Reach], codes: &[Bytes], sums: &mut [f64; BLOCK]) {
    let mut masks = [0; LEAVES_MAX];
    for tree in trees {
        let leaf = leaf(tree, codes, &mut masks);
        for row in 0..BLOCK {
            sums[row] = add::<SINGLE>(sums[row], tree.leaves[leaf[row] as usize % LEAVES_MAX]);
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi1,bmi2,popcnt")]
fn levels<const SINGLE: bool>(trees: &[Levels], codes: &[Bytes], sums: &mut [f64; BLOCK]) {
    for tree in trees {
        if let Some(leaves) = tree.leaves.first_chunk::<64>().filter(|_| tree.asked.len() <= 6) {
            let mut leaf = _mm512_setzero_si512();
            let mut bit = _mm512_set1_epi8(1);
            for asked in &tree.asked {
                let code = load(&codes[asked.code as usize]);
                let above = _mm512_cmpgt_epu8_mask(code, _mm512_set1_epi8(asked.most as i8));
                leaf = _mm512_mask_add_epi8(leaf, above, leaf, bit);
                bit = _mm512_add_epi8(bit, bit);
            }
            let leaf = store(leaf);
            for row in 0..BLOCK {
                sums[row] = add::<SINGLE>(sums[row], leaves[leaf[row] as usize % 64]);
            }
        } else {
            super::levels::go::<SINGLE>(std::slice::from_ref(tree), codes, sums);
        }
    }
}

/// The sum of one row.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi1,bmi2,popcnt")]
pub(super) fn one<const SINGLE: bool>(together: &Together, fast: &Fast, row: &[f64]) -> f64 {
    let mut codes = [[0; BLOCK]; 2];
    fast.codes.row_wide(row, codes.as_flattened_mut());
    let (low, high) = (load(&codes[0]), load(&codes[1]));
    let mut sum = fast.sum.start;
    for group in &together.groups {
        match group {
            Group::Branching(bits) => {
                let mut left = _mm512_set1_epi64(-1);
                if bits.bytes == 4 {
                    for (questions, stay) in bits.questions.iter().zip(bits.stay.as_chunks::<4>().0) {
                        let mut no = answers(questions, low, high);
                        for stay in stay {
                            left = _mm512_mask_and_epi32(left, no as u16, left, load(&stay.0));
                            no >>= 16;
                        }
                    }
                    for (left, start) in store(left).as_chunks::<4>().0.iter().zip(&bits.starts) {
                        let leaf = u32::from_le_bytes(*left).trailing_zeros();
                        sum = add::<SINGLE>(sum, bits.leaves[(start + leaf) as usize]);
                    }
                } else {
                    for (questions, stay) in bits.questions.iter().zip(bits.stay.as_chunks::<8>().0) {
                        let mut no = answers(questions, low, high);
                        for stay in stay {
                            left = _mm512_mask_and_epi64(left, no as u8, left, load(&stay.0));
                            no >>= 8;
                        }
                    }
                    for (left, start) in store(left).as_chunks::<8>().0.iter().zip(&bits.starts) {
                        let leaf = u64::from_le_bytes(*left).trailing_zeros();
                        sum = add::<SINGLE>(sum, bits.leaves[(start + leaf) as usize]);
                    }
                }
            }
            Group::Oblivious(numbers) => {
                let mut no = answers(&numbers.questions, low, high);
                for leaves in &numbers.leaves {
                    sum = add::<SINGLE>(sum, leaves[no as usize % 64]);
                    no >>= 6;
                }
            }
        }
    }
    fast.link.of(fast.sum.close(sum))
}

/// A bit for each of 64 questions that is answered "no".
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi1,bmi2,popcnt")]
#[inline]
fn answers(questions: &Questions, low: __m512i, high: __m512i) -> u64 {
    let codes = _mm512_permutex2var_epi8(low, load(&questions.codes.0), high);
    _mm512_cmpgt_epu8_mask(codes, load(&questions.most.0))
}

/// The sums of a block of rows.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi1,bmi2,popcnt")]
pub(super) fn block<const SINGLE: bool>(fast: &Fast, rows: &[f64], codes: &mut [Bytes], sums: &mut [f64; BLOCK]) {
    fast.codes.block_wide(rows, fast.width, codes);
    for run in &fast.runs {
        match run {
            Run::Reach(trees) => reach::<SINGLE>(trees, codes, sums),
            Run::Levels(trees) => levels::<SINGLE>(trees, codes, sums),
            Run::Chase(trees) => chase::go::<SINGLE>(trees, codes, sums),
            Run::Plain(reading, trees) => super::plain(*reading, trees, rows, fast.width, fast.sum, sums),
        }
    }
    fast.close(sums);
}

impl Codes {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi1,bmi2,popcnt")]
    fn block_wide(&self, rows: &[f64], width: usize, codes: &mut [Bytes]) {
        self.fill(rows, width, codes, |values, cuts| {
            let mut ranks = [0; BLOCK];
            for (of, value) in ranks.iter_mut().zip(values) {
                *of = rank(*value, cuts);
            }
            ranks
        });
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi1,bmi2,popcnt")]
    fn row_wide(&self, row: &[f64], codes: &mut [u8]) {
        self.fill_row(row, codes, |value, cuts| rank(value, cuts));
    }
}
