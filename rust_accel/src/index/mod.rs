//! Exact vector search: ids, vectors and filter codes in memory, every answer from a full scan. The scan reads compact
//! rows where there are any, and the scores of all rows that it cannot rule out are computed.

mod candidates;
mod chunk;
mod column;
mod file;
mod filter;
mod pairs;
mod queries;
mod scan;
mod search;
mod storage;
mod topk;

pub use filter::Filter;
pub use pairs::Pair;
pub use storage::{Config, Storage};
pub use topk::Hit;

use crate::error::{Error, Result, invalid};
use crate::kernels::scan::dot_full;
use crate::kernels::{Isa, Matrix, prefetch};
use chunk::{Chunk, ROWS, has};
use std::collections::HashMap;
use storage::squares;

/// The id that pads short result rows; no row may have it.
pub const NO_ID: u64 = u64::MAX;
/// The longest vector, squared. No product of two can overflow an f32, whatever they are rounded to: as bytes, a row is
/// at most 2.01 times as long.
const LONGEST: f64 = 6e37;

/// Rows of `dimension` values, each with a 64-bit id and `columns` codes to filter by.
pub struct Index {
    config: Config,
    isa: Isa,
    chunks: Vec<Chunk>,
    slots: HashMap<u64, u32, foldhash::fast::RandomState>,
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
    /// `Error::Invalid` for a dimension of 0 or above 65,536, more than 64 columns, f32 storage that is not kept, or a
    /// forced instruction set that this CPU lacks.
    pub fn new(config: Config) -> Result<Self> {
        let config = config.check()?;
        Ok(Self { config, isa: Isa::choose()?, chunks: vec![], slots: HashMap::default(), free: vec![] })
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

    /// What it was made with.
    #[must_use]
    pub fn config(&self) -> Config {
        self.config
    }

    /// Bytes held for rows and ids.
    #[must_use]
    pub fn size(&self) -> usize {
        // A place of the table is a key, a slot and a byte of control; an eighth of them stays empty.
        let table = self.slots.capacity() * 8 / 7 * (size_of::<(u64, u32)>() + 1);
        let free = self.free.capacity() * size_of::<u32>();
        self.chunks.iter().map(Chunk::size).sum::<usize>() + table + free
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
            let slot = self.slot_of(*id);
            let vector = &rows.vectors[i * self.config.dimension..(i + 1) * self.config.dimension];
            let codes = &rows.codes[i * self.config.columns..(i + 1) * self.config.columns];
            self.chunks[slot / ROWS].set(slot % ROWS, *id, vector, codes);
        }
        Ok(())
    }

    fn check(&self, rows: Rows<'_>) -> Result<()> {
        let n = rows.ids.len();
        if Some(rows.vectors.len()) != n.checked_mul(self.config.dimension) {
            return invalid(format!(
                "{} values are not {n} rows of dimension {}",
                rows.vectors.len(),
                self.config.dimension
            ));
        }
        if Some(rows.codes.len()) != n.checked_mul(self.config.columns) {
            return invalid(format!("{} codes are not {n} rows of {} columns", rows.codes.len(), self.config.columns));
        }
        Self::check_ids(rows.ids)?;
        self.check_vectors(rows.vectors)
    }

    fn check_ids(ids: &[u64]) -> Result<()> {
        match ids.iter().position(|id| *id == NO_ID) {
            Some(row) => invalid(format!("row {row} has the id {NO_ID}, which marks 'no hit'")),
            None => Ok(()),
        }
    }

    /// Finite values that are not too long, so that no score can overflow.
    fn check_vectors(&self, vectors: &[f32]) -> Result<()> {
        for (row, vector) in vectors.chunks_exact(self.config.dimension).enumerate() {
            // NaN and infinity fail the comparison as well.
            if squares(vector.len(), |i| f64::from(vector[i])) <= LONGEST {
                continue;
            }
            return match vector.iter().position(|v| !v.is_finite()) {
                Some(at) => {
                    invalid(format!("row {row} has {} at position {at}; all values must be finite", vector[at]))
                }
                None => invalid(format!("row {row} is too long: the sum of its squares is above {LONGEST:e}")),
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
                self.chunks.push(Chunk::new(self.config));
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

    /// The place of an id: its own, a freed one, or the next one, for which `reserve` made room.
    fn slot_of(&mut self, id: u64) -> usize {
        if let Some(slot) = self.slots.get(&id) {
            return *slot as usize;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            let at = self.first_with_room();
            (at * ROWS + self.chunks[at].push()) as u32
        });
        self.slots.insert(id, slot);
        slot as usize
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

    /// Moves rows from the end into the places of removed ones and gives the rest of the memory back.
    pub fn compact(&mut self) {
        let living = self.slots.len();
        let mut tail = self.chunks.iter().map(Chunk::len).sum::<usize>();
        for hole in std::mem::take(&mut self.free) {
            if hole as usize >= living {
                continue;
            }
            tail -= 1;
            while !has(&self.chunks[tail / ROWS].alive, tail % ROWS) {
                tail -= 1;
            }
            self.relocate(tail, hole as usize);
            self.slots.insert(self.chunks[tail / ROWS].ids[tail % ROWS], hole);
        }
        self.chunks.truncate(living.div_ceil(ROWS));
        self.chunks.shrink_to_fit();
        for (at, chunk) in self.chunks.iter_mut().enumerate() {
            chunk.truncate(ROWS.min(living - at * ROWS));
        }
        self.slots.shrink_to_fit();
    }

    fn relocate(&mut self, from: usize, to: usize) {
        match self.chunks.get_disjoint_mut([from / ROWS, to / ROWS]) {
            Ok([source, target]) => target.copy(to % ROWS, Some(source), from % ROWS),
            Err(_) => self.chunks[to / ROWS].copy(to % ROWS, None, from % ROWS),
        }
    }

    /// The id of a place.
    fn id(&self, slot: u32) -> u64 {
        self.chunks[slot as usize / ROWS].ids[slot as usize % ROWS]
    }

    /// The score of a place; `row` has room for a vector.
    fn score(&self, slot: u32, query: &[f32], row: &mut [f32]) -> f32 {
        let vector = self.chunks[slot as usize / ROWS].vector(slot as usize % ROWS, row);
        let mut score = [0.0];
        dot_full(self.isa, Matrix::new(vector, 1, vector.len(), vector.len()), query, &mut score);
        score[0]
    }

    /// Says that `score` will be asked for a place soon.
    fn prefetch(&self, slot: u32) {
        let chunk = &self.chunks[slot as usize / ROWS];
        prefetch(chunk.kept(slot as usize % ROWS));
    }
}

#[cfg(test)]
mod tests;
