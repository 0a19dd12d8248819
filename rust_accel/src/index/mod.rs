//! Exact vector search: ids, vectors and filter codes in memory, every answer from a full scan.

mod chunk;
mod filter;
mod pairs;
mod search;
mod topk;

pub use filter::Filter;
pub use pairs::Pair;
pub use topk::Hit;

use crate::error::{Error, Result, invalid};
use crate::kernels::Isa;
use chunk::{Chunk, ROWS, rows_of};
use std::collections::HashMap;

/// The storages that exist.
pub const STORAGES: [&str; 1] = ["f32"];
/// The id that pads short result rows; no row may have it.
pub const NO_ID: u64 = u64::MAX;

/// Rows of `dimension` values, each with a 64-bit id and `columns` codes to filter by.
pub struct Index {
    dimension: usize,
    columns: usize,
    isa: Isa,
    chunks: Vec<Chunk>,
    slots: HashMap<u64, u32>,
    free: Vec<u32>,
}

/// Rows to add: `ids.len()` vectors in a row, and as many times `columns` codes.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// One a row; of equal ones the last stays.
    pub ids: &'a [u64],
    /// `ids.len() * dimension` values.
    pub vectors: &'a [f32],
    /// `ids.len() * columns` values.
    pub codes: &'a [u32],
}

impl Index {
    /// # Errors
    /// `Error::Invalid` for a dimension of 0 or above 65,536, or a forced instruction set that this CPU lacks.
    pub fn new(dimension: usize, columns: usize) -> Result<Self> {
        if !(1..=65_536).contains(&dimension) {
            return invalid(format!("dimension is {dimension}, not in 1..=65536"));
        }
        if columns > 64 {
            return invalid(format!("columns is {columns}, more than 64"));
        }
        let isa = Isa::choose()?;
        Ok(Self { dimension, columns, isa, chunks: vec![], slots: HashMap::new(), free: vec![] })
    }

    /// Living rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no living row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Removed rows whose place is not used again yet.
    #[must_use]
    pub fn dead(&self) -> usize {
        self.free.len()
    }

    /// Values of a vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Codes of a row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The instruction set in use.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Adds rows, replacing those of equal id. All or none.
    ///
    /// # Errors
    /// `Error::Invalid` naming the row whose value, length or id cannot be used; `Error::Memory`.
    pub fn add(&mut self, rows: Rows<'_>) -> Result<()> {
        self.check(rows)?;
        self.reserve(rows.ids)?;
        for (i, id) in rows.ids.iter().enumerate() {
            let slot = match self.slots.get(id) {
                Some(slot) => *slot,
                None => self.take_slot(),
            };
            self.slots.insert(*id, slot);
            let vector = &rows.vectors[i * self.dimension..(i + 1) * self.dimension];
            let codes = &rows.codes[i * self.columns..(i + 1) * self.columns];
            self.chunks[slot as usize / ROWS].set(slot as usize % ROWS, *id, vector, codes);
        }
        Ok(())
    }

    fn check(&self, rows: Rows<'_>) -> Result<()> {
        let n = rows.ids.len();
        if Some(rows.vectors.len()) != n.checked_mul(self.dimension) {
            return invalid(format!("{} values are not {n} rows of dimension {}", rows.vectors.len(), self.dimension));
        }
        if Some(rows.codes.len()) != n.checked_mul(self.columns) {
            return invalid(format!("{} codes are not {n} rows of {} columns", rows.codes.len(), self.columns));
        }
        if let Some(row) = rows.ids.iter().position(|id| *id == NO_ID) {
            return invalid(format!("row {row} has the id {NO_ID}, which marks 'no hit'"));
        }
        self.check_vectors(rows.vectors)
    }

    /// Finite values whose squares sum to a finite number, so that no score can overflow.
    fn check_vectors(&self, vectors: &[f32]) -> Result<()> {
        for (row, vector) in vectors.chunks_exact(self.dimension).enumerate() {
            if vector.iter().map(|v| v * v).sum::<f32>().is_finite() {
                continue;
            }
            return match vector.iter().position(|v| !v.is_finite()) {
                Some(at) => {
                    invalid(format!("row {row} has {} at position {at}; all values must be finite", vector[at]))
                }
                None => invalid(format!("row {row} is too long: the sum of its squares is not finite in f32")),
            };
        }
        Ok(())
    }

    /// Room for every id that is new, so that `add` cannot fail half-way.
    fn reserve(&mut self, ids: &[u64]) -> Result<()> {
        let full = |_| Error::Memory(format!("no memory for {} more rows", ids.len()));
        self.slots.try_reserve(ids.len()).map_err(full)?;
        let new = ids.iter().filter(|id| !self.slots.contains_key(id)).count();
        let mut needed = new.saturating_sub(self.free.len());
        if self.chunks.len() * ROWS + needed >= u32::MAX as usize {
            return Err(Error::Memory("an index holds at most 2^32 rows".into()));
        }
        let mut at = self.first_with_room();
        while needed > 0 {
            if at == self.chunks.len() {
                self.chunks.push(Chunk::new(self.dimension, self.columns));
            }
            let chunk = &mut self.chunks[at];
            let more = needed.min(ROWS - chunk.len());
            chunk.reserve(chunk.len() + more)?;
            needed -= more;
            at += 1;
        }
        Ok(())
    }

    /// Chunks fill in order, so those before this one are full.
    fn first_with_room(&self) -> usize {
        self.chunks.partition_point(|chunk| chunk.len() == ROWS)
    }

    /// A freed place, or the next one; `reserve` made room.
    fn take_slot(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            let at = self.first_with_room();
            (at * ROWS + self.chunks[at].push()) as u32
        })
    }

    /// Removes rows; ids that are not there are passed over. Returns how many were.
    pub fn remove(&mut self, ids: &[u64]) -> usize {
        let before = self.slots.len();
        for id in ids {
            if let Some(slot) = self.slots.remove(id) {
                self.chunks[slot as usize / ROWS].kill(slot as usize % ROWS);
                self.free.push(slot);
            }
        }
        before - self.slots.len()
    }

    /// Rewrites the living rows without gaps and gives the rest of the memory back, a chunk at a time.
    ///
    /// # Errors
    /// `Error::Memory`; the index is unchanged then.
    pub fn compact(&mut self) -> Result<()> {
        let mut dense = Self { chunks: vec![], slots: HashMap::new(), free: vec![], ..*self };
        for chunk in &self.chunks {
            let living: Vec<usize> = rows_of(&chunk.alive).collect();
            let ids: Vec<u64> = living.iter().map(|row| chunk.ids[*row]).collect();
            let vectors: Vec<f32> = living.iter().flat_map(|row| chunk.vector(*row)).copied().collect();
            let codes: Vec<u32> =
                living.iter().flat_map(|row| chunk.codes.iter().map(move |column| column[*row])).collect();
            dense.add(Rows { ids: &ids, vectors: &vectors, codes: &codes })?;
        }
        *self = dense;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
