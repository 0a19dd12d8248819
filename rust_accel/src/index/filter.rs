//! Which rows a search may return, as one bitmap a chunk.

use super::Index;
use super::chunk::{Chunk, Mask, ROWS};
use crate::error::{Result, invalid};

/// Conditions that must all hold.
#[derive(Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Only these ids; unknown ones are passed over.
    pub allowed: Option<&'a [u64]>,
    /// A column and the codes of which its value must be one; no code matches nothing.
    pub columns: &'a [(usize, Vec<u32>)],
}

impl Index {
    /// # Errors
    /// `Error::Invalid` for a column that the index does not have.
    pub(super) fn masks(&self, filter: Filter<'_>) -> Result<Vec<Mask>> {
        let mut masks: Vec<Mask> = match filter.allowed {
            Some(ids) => self.masks_of(ids),
            None => self.chunks.iter().map(|chunk| chunk.alive).collect(),
        };
        for (column, codes) in filter.columns {
            if *column >= self.config.columns {
                return invalid(format!("no column {column}: the index has {}", self.config.columns));
            }
            let codes = Codes::new(codes);
            for (mask, chunk) in masks.iter_mut().zip(&self.chunks) {
                codes.keep(mask, chunk, *column);
            }
        }
        Ok(masks)
    }

    fn masks_of(&self, ids: &[u64]) -> Vec<Mask> {
        let mut masks = vec![[0; ROWS / 64]; self.chunks.len()];
        for slot in ids.iter().filter_map(|id| self.slots.get(id)) {
            let (chunk, row) = (*slot as usize / ROWS, *slot as usize % ROWS);
            masks[chunk][row / 64] |= 1 << (row % 64);
        }
        masks
    }
}

/// Codes that pass.
enum Codes {
    One(u32),
    /// A bit for each code by its lowest 16 bits, and the codes, sorted, where some have more.
    Many(Box<[u64; 1024]>, Vec<u32>),
}

impl Codes {
    fn new(codes: &[u32]) -> Self {
        if let [code] = codes {
            return Self::One(*code);
        }
        let mut bits = Box::new([0; 1024]);
        for code in codes {
            bits[*code as usize / 64 % 1024] |= 1 << (code % 64);
        }
        let mut sorted = if codes.iter().any(|code| *code > 0xffff) { codes.to_vec() } else { vec![] };
        sorted.sort_unstable();
        Self::Many(bits, sorted)
    }

    /// Clears the rows whose code in `column` is another one.
    fn keep(&self, mask: &mut Mask, chunk: &Chunk, column: usize) {
        for (word, rows) in mask.iter_mut().zip(chunk.codes[column].chunks(64)).filter(|(word, _)| **word != 0) {
            *word &= match self {
                Self::One(code) => word_of(rows, |value| value == *code),
                Self::Many(bits, sorted) if sorted.is_empty() => {
                    word_of(rows, |value| value < 0x1_0000 && marked(bits, value))
                }
                Self::Many(bits, sorted) => {
                    word_of(rows, |value| marked(bits, value) && sorted.binary_search(&value).is_ok())
                }
            };
        }
    }
}

fn marked(bits: &[u64; 1024], code: u32) -> bool {
    bits[code as usize / 64 % 1024] >> (code % 64) & 1 == 1
}

fn word_of(rows: &[u32], passes: impl Fn(u32) -> bool) -> u64 {
    rows.iter().enumerate().fold(0, |word, (i, value)| word | u64::from(passes(*value)) << i)
}
