//! The word embeddings: read from the file when a word occurs first, then kept.

use super::source::Source;
use super::weights::floats;
use crate::error::Result;
use crate::memory::{room, zeros};
use std::sync::RwLock;

/// Rows of `columns` values in a file.
pub(super) struct Words {
    file: Source,
    /// Where the first row begins.
    at: u64,
    columns: usize,
    /// Nobody waits for a lock: a thread that held one at a fork does not give it back in the child.
    kept: Vec<RwLock<Option<Box<[f32]>>>>,
}

impl Words {
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn new(file: Source, at: u64, [rows, columns]: [usize; 2]) -> Result<Self> {
        let mut kept = room(rows, "words")?;
        kept.resize_with(rows, RwLock::default);
        Ok(Self { file, at, columns, kept })
    }

    /// Adds `place` to the row of word `id`, to `out`. `bytes` is where a row is read to.
    ///
    /// # Errors
    /// `Error::Io`; `Error::State` when the file has changed.
    pub(super) fn add(&self, id: u32, place: &[f32], out: &mut [f32], bytes: &mut Vec<u8>) -> Result<()> {
        let slot = &self.kept[id as usize];
        if let Ok(held) = slot.try_read()
            && let Some(row) = held.as_ref()
        {
            add(row.iter().copied(), place, out);
            return Ok(());
        }
        bytes.resize(self.columns * size_of::<f32>(), 0);
        self.file.read(self.at + u64::from(id) * bytes.len() as u64, bytes)?;
        add(floats(bytes), place, out);
        // Where there is no memory for it, it is read again next time.
        if let (Ok(mut row), Ok(mut held)) = (zeros(self.columns, "values of a word"), slot.try_write()) {
            row.iter_mut().zip(floats(bytes)).for_each(|(to, value)| *to = value);
            *held = Some(row.into_boxed_slice());
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
