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
mod table;
mod topk;

pub use filter::Filter;
pub use pairs::Pair;
pub use storage::{Config, Storage};
pub use table::Table;
pub use topk::Hit;

use crate::error::{Error, Result, invalid};
use crate::kernels::scan::dot_full;
use crate::kernels::{Isa, Matrix, prefetch};
use crate::memory::room;
use crate::threads::Threads;
use chunk::{Chunk, ROWS, has};
use std::collections::{HashMap, HashSet};
use storage::{LONGEST, squares};
use table::Dense;

/// The id that pads short result rows; no row may have it.
pub const NO_ID: u64 = u64::MAX;
/// What searches of large indexes and pairs share.
static THREADS: Threads = Threads::new("search", 0);

type Hashing = foldhash::fast::RandomState;

/// Rows of `dimension` values, each with a 64-bit id and `columns` codes to filter by.
pub struct Index {
    config: Config,
    isa: Isa,
    chunks: Vec<Chunk>,
    slots: HashMap<u64, u32, Hashing>,
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
        Self::with(config, Isa::choose()?)
    }

    fn with(config: Config, isa: Isa) -> Result<Self> {
        let config = config.check()?;
        Ok(Self { config, isa, chunks: vec![], slots: HashMap::default(), free: vec![] })
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
        let (n, Config { dimension, columns, .. }) = (rows.ids.len(), self.config);
        if Some(rows.vectors.len()) != n.checked_mul(dimension) {
            return invalid(format!("{} values are not {n} rows of dimension {dimension}", rows.vectors.len()));
        }
        if Some(rows.codes.len()) != n.checked_mul(columns) {
            return invalid(format!("{} codes are not {n} rows of {columns} columns", rows.codes.len()));
        }
        let vectors = Dense { values: rows.vectors, columns: dimension };
        self.add_from(rows.ids, &vectors, &Dense { values: rows.codes, columns })
    }

    /// As `add`, from tables that may change meanwhile. If they do, and a row that could be used no longer can, then no
    /// row has any of these ids afterwards.
    ///
    /// # Errors
    /// As `add`.
    ///
    /// # Panics
    /// When there are fewer vectors than ids, or fewer codes of an index with columns.
    pub fn add_from(&mut self, ids: &[u64], vectors: &impl Table<f32>, codes: &impl Table<u32>) -> Result<()> {
        self.add_checked(Limits { first: 0, longest: LONGEST }, ids, vectors, codes)
    }

    fn add_checked(
        &mut self,
        limits: Limits,
        ids: &[u64],
        vectors: &impl Table<f32>,
        codes: &impl Table<u32>,
    ) -> Result<()> {
        let mut vector = vec![0.0; self.config.dimension];
        let mut code = vec![0; self.config.columns];
        limits.check_ids(ids)?;
        for row in 0..ids.len() {
            limits.check("row", row, vectors.row(row, &mut vector))?;
        }
        let rows = last_of_each(ids)?;
        self.reserve(&rows, ids)?;
        for row in rows.iter() {
            let (vector, id) = (vectors.row(row, &mut vector), ids[row]);
            let codes = if code.is_empty() { &[] } else { codes.row(row, &mut code) };
            let slot = self.slot_of(id);
            if !self.chunks[slot / ROWS].set(slot % ROWS, id, vector, codes) {
                self.forget(ids);
                return invalid(format!("row {} was changed while it was added: it is not finite", limits.first + row));
            }
        }
        Ok(())
    }

    /// Room for every id that is new, so that `add` cannot fail half-way.
    fn reserve(&mut self, rows: &Distinct, ids: &[u64]) -> Result<()> {
        let new = rows.iter().filter(|row| !self.slots.contains_key(&ids[*row])).count();
        let full = |_| Error::Memory(format!("no memory for {new} more rows"));
        self.slots.try_reserve(new).map_err(full)?;
        let mut needed = new.saturating_sub(self.free.len());
        if self.chunks.len() * ROWS + needed >= u32::MAX as usize {
            return Err(Error::Memory("an index holds at most 2^32 rows".into()));
        }
        let mut at = self.first_with_room();
        self.chunks.try_reserve(needed.div_ceil(ROWS)).map_err(full)?;
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

    /// Removes rows; ids that are not there are passed over. Returns how many were. All or none.
    ///
    /// # Errors
    /// `Error::Memory`.
    pub fn remove(&mut self, ids: &[u64]) -> Result<usize> {
        let most = ids.len().min(self.slots.len());
        self.free.try_reserve(most).map_err(|_| Error::Memory(format!("no memory to remove {most} rows")))?;
        Ok(self.forget(ids))
    }

    fn forget(&mut self, ids: &[u64]) -> usize {
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
        self.shrink();
    }

    /// Gives back what the table of ids has too much. Keeping it is no failure.
    fn shrink(&mut self) {
        let mut table = HashMap::default();
        if self.slots.capacity() >= 2 * self.slots.len() && table.try_reserve(self.slots.len()).is_ok() {
            table.extend(self.slots.drain());
            self.slots = table;
        }
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

/// Rows of a batch, one for each id.
enum Distinct {
    All(usize),
    Some(Vec<usize>),
}

impl Distinct {
    fn iter(&self) -> impl Iterator<Item = usize> {
        let (all, some): (_, &[usize]) = match self {
            Self::All(rows) => (0..*rows, &[]),
            Self::Some(rows) => (0..0, rows),
        };
        all.chain(some.iter().copied())
    }
}

/// Of rows with the same id, the last one.
fn last_of_each(ids: &[u64]) -> Result<Distinct> {
    if ids.is_sorted_by(|a, b| a < b) {
        return Ok(Distinct::All(ids.len()));
    }
    let mut seen: HashSet<u64, Hashing> = HashSet::default();
    seen.try_reserve(ids.len()).map_err(|_| Error::Memory(format!("no memory for {} ids", ids.len())))?;
    let mut rows = room(ids.len(), "ids")?;
    rows.extend((0..ids.len()).rev().filter(|row| seen.insert(ids[*row])));
    rows.reverse();
    Ok(Distinct::Some(rows))
}

/// What is checked of a batch.
#[derive(Clone, Copy)]
struct Limits {
    /// The number that errors give its first row.
    first: usize,
    /// The most that the sum of a vector's squares may be.
    longest: f64,
}

impl Limits {
    fn check_ids(self, ids: &[u64]) -> Result<()> {
        match ids.iter().position(|id| *id == NO_ID) {
            Some(row) => invalid(format!("row {} has the id {NO_ID}, which marks 'no hit'", self.first + row)),
            None => Ok(()),
        }
    }

    /// Finite values that are not too long, so that no score can overflow. `what` they are, and which one of the batch.
    fn check(self, what: &str, row: usize, vector: &[f32]) -> Result<()> {
        // NaN and infinity fail the comparison as well.
        if squares(vector.len(), |i| f64::from(vector[i])) <= self.longest {
            return Ok(());
        }
        let (row, most) = (self.first + row, self.longest);
        match vector.iter().copied().enumerate().find(|(_, value)| !value.is_finite()) {
            Some((at, value)) => {
                invalid(format!("{what} {row} has {value} at position {at}; all values must be finite"))
            }
            None => invalid(format!("{what} {row} is too long: the sum of its squares is above {most:e}")),
        }
    }
}

#[cfg(test)]
mod tests;
