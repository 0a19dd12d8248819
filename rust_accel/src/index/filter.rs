//! Which rows a search may return, as one bitmap a chunk.

use super::Index;
use super::chunk::{Chunk, Mask, ROWS, has, rows_of};
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
            if *column >= self.columns {
                return invalid(format!("no column {column}: the index has {}", self.columns));
            }
            let mut sorted = codes.clone();
            sorted.sort_unstable();
            for (mask, chunk) in masks.iter_mut().zip(&self.chunks) {
                keep(mask, chunk, *column, &sorted);
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

/// Clears the rows whose code in `column` is not in `codes`, which is sorted.
fn keep(mask: &mut Mask, chunk: &Chunk, column: usize, codes: &[u32]) {
    let values = &chunk.codes[column];
    let before = *mask;
    if let [code] = codes {
        for (bits, rows) in mask.iter_mut().zip(values.chunks(64)) {
            *bits &= rows.iter().enumerate().fold(0, |word, (i, value)| word | u64::from(value == code) << i);
        }
        return;
    }
    for row in rows_of(&before).filter(|row| codes.binary_search(&values[*row]).is_err()) {
        debug_assert!(has(mask, row));
        mask[row / 64] &= !(1 << (row % 64));
    }
}
