//! The word embeddings: read from the file when a word occurs first, then kept.

use super::source::Source;
use super::weights::floats;
use crate::error::Result;
use crate::memory::{room, zeros};
use std::sync::RwLock;

/// Words that are kept under one lock. A lock a word took a megabyte of `MiniLM`.
const SHELF: usize = 16;

/// Its words, or nothing before the first of them is kept.
type Shelf = Vec<Option<Box<[f32]>>>;

/// Rows of `columns` values in a file.
pub(super) struct Words {
    file: Source,
    /// Where the first row begins.
    at: u64,
    columns: usize,
    /// Nobody waits for a lock: a thread that held one at a fork does not give it back in the child.
    shelves: Vec<RwLock<Shelf>>,
}

impl Words {
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn new(file: Source, at: u64, [rows, columns]: [usize; 2]) -> Result<Self> {
        let count = rows.div_ceil(SHELF);
        let mut shelves = room(count, "words")?;
        shelves.resize_with(count, RwLock::default);
        Ok(Self { file, at, columns, shelves })
    }

    /// Adds `place` to the row of word `id`, to `out`. `bytes` is where a row is read to.
    ///
    /// # Errors
    /// `Error::Io`; `Error::State` when the file has changed.
    pub(super) fn add(&self, id: u32, place: &[f32], out: &mut [f32], bytes: &mut Vec<u8>) -> Result<()> {
        let (shelf, slot) = (&self.shelves[id as usize / SHELF], id as usize % SHELF);
        if let Ok(held) = shelf.try_read()
            && let Some(row) = held.get(slot).and_then(Option::as_ref)
        {
            add(row.iter().copied(), place, out);
            return Ok(());
        }
        bytes.resize(self.columns * size_of::<f32>(), 0);
        self.file.read(self.at + u64::from(id) * bytes.len() as u64, bytes)?;
        add(floats(bytes), place, out);
        // Where there is no memory for it, it is read again next time.
        if let (Ok(mut row), Ok(mut held)) = (zeros(self.columns, "values of a word"), shelf.try_write())
            && (!held.is_empty() || held.try_reserve_exact(SHELF).is_ok())
        {
            row.iter_mut().zip(floats(bytes)).for_each(|(to, value)| *to = value);
            held.resize(SHELF, None);
            held[slot] = Some(row.into_boxed_slice());
        }
        Ok(())
    }

    /// # Errors
    /// `Error::State` when the file has changed.
    pub(super) fn check(&self) -> Result<()> {
        self.file.check()
    }
}

fn add(row: impl Iterator<Item = f32>, place: &[f32], out: &mut [f32]) {
    for (out, (a, b)) in out.iter_mut().zip(row.zip(place)) {
        *out = a + b;
    }
}
