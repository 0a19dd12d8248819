//! 4,096 rows of vectors with their ids, codes and a bitmap of the living ones.

use crate::error::{Error, Result};
use crate::kernels::{Buffer, Matrix};

/// Rows of a chunk.
pub(super) const ROWS: usize = 4096;
/// One bit a row.
pub(super) type Mask = [u64; ROWS / 64];

/// The bit of a row.
pub(super) fn has(mask: &Mask, row: usize) -> bool {
    mask[row / 64] >> (row % 64) & 1 == 1
}

/// The rows whose bit is set, ascending.
pub(super) fn rows_of(mask: &Mask) -> impl Iterator<Item = usize> {
    mask.iter().enumerate().flat_map(|(word, bits)| {
        let mut left = *bits;
        std::iter::from_fn(move || {
            (left != 0).then(|| {
                let row = word * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                row
            })
        })
    })
}

pub(super) struct Chunk {
    vectors: Buffer,
    stride: usize,
    dimension: usize,
    pub(super) ids: Vec<u64>,
    /// One list a column.
    pub(super) codes: Vec<Vec<u32>>,
    pub(super) alive: Mask,
}

impl Chunk {
    pub(super) fn new(dimension: usize, columns: usize) -> Self {
        Self {
            vectors: Buffer::default(),
            stride: dimension.next_multiple_of(16),
            dimension,
            ids: vec![],
            codes: vec![vec![]; columns],
            alive: [0; ROWS / 64],
        }
    }

    /// Rows in use, dead ones included.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Makes room for `rows` rows, doubling so that row-wise growth stays linear.
    ///
    /// # Errors
    /// `Error::Memory`; nothing changed then.
    pub(super) fn reserve(&mut self, rows: usize) -> Result<()> {
        let room = self.vectors.len() / self.stride;
        if rows > room {
            let target = rows.max(2 * room).min(ROWS);
            let full = |_| Error::Memory(format!("no memory for {target} rows of {} values", self.dimension));
            self.ids.try_reserve(target - self.ids.len()).map_err(full)?;
            for column in &mut self.codes {
                column.try_reserve(target - column.len()).map_err(full)?;
            }
            self.vectors.grow(target * self.stride)?;
        }
        Ok(())
    }

    /// Adds a dead, empty row; there is room for it.
    pub(super) fn push(&mut self) -> usize {
        self.ids.push(0);
        self.codes.iter_mut().for_each(|column| column.push(0));
        self.ids.len() - 1
    }

    pub(super) fn set(&mut self, row: usize, id: u64, vector: &[f32], codes: &[u32]) {
        self.ids[row] = id;
        self.vectors[row * self.stride..row * self.stride + self.dimension].copy_from_slice(vector);
        for (column, code) in self.codes.iter_mut().zip(codes) {
            column[row] = *code;
        }
        self.alive[row / 64] |= 1 << (row % 64);
    }

    pub(super) fn kill(&mut self, row: usize) {
        self.alive[row / 64] &= !(1 << (row % 64));
    }

    pub(super) fn vector(&self, row: usize) -> &[f32] {
        &self.vectors[row * self.stride..row * self.stride + self.dimension]
    }

    pub(super) fn matrix(&self, top: usize, rows: usize) -> Matrix<'_> {
        Matrix::new(&self.vectors[top * self.stride..], rows, self.dimension, self.stride)
    }
}
