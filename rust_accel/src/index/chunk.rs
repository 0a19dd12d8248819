//! 16,384 rows of vectors with their ids, codes and a bitmap of the living ones.

use super::column::Column;
use super::storage::{Config, Extent, Storage, halve, measure, measure_bytes, quantise, squares, widen};
use crate::error::{Error, Result};
use crate::kernels::scan::ByteRows;
use crate::kernels::{Bf16, Element, Matrix, Packed, Pages};

/// Rows of a chunk: enough that compact rows fill whole huge pages.
pub(super) const ROWS: usize = 16_384;
/// Rows scored at a time: their values and scores stay in the second-level cache.
pub(super) const BLOCK: usize = 256;
/// A length whose square is below that of the longest row.
const SHORT: f32 = 7e18;
/// One bit a row.
pub(super) type Mask = [u64; ROWS / 64];

/// The bit of a row.
pub(super) fn has(mask: &[u64], row: usize) -> bool {
    mask[row / 64] >> (row % 64) & 1 == 1
}

/// The rows of some words whose bit is set, ascending; the first word's first bit is row 0.
pub(super) fn rows_of(mask: &[u64]) -> impl Iterator<Item = usize> {
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

/// Rows that a kernel scores.
#[derive(Clone, Copy)]
pub(super) enum Values<'a> {
    Full(Matrix<'a>),
    Halves(Matrix<'a, Bf16>),
    Bytes(ByteRows<'a>),
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) enum Row<'a> {
    Full(&'a [f32]),
    Halves(&'a [Bf16]),
    Bytes(&'a [u8], f32),
}

pub(super) struct Chunk {
    config: Config,
    /// The values that scores come from, where they are kept.
    full: Pages<f32>,
    halves: Pages<Bf16>,
    bytes: Pages<u8>,
    scales: Vec<f32>,
    extents: Vec<Extent>,
    /// The greatest extent of each block; rows that are gone may still count.
    greatest: [Extent; ROWS / BLOCK],
    pub(super) ids: Vec<u64>,
    /// One list a column.
    pub(super) codes: Vec<Column>,
    pub(super) alive: Mask,
    room: usize,
}

impl Chunk {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            full: Pages::default(),
            halves: Pages::default(),
            bytes: Pages::default(),
            scales: vec![],
            extents: vec![],
            greatest: [Extent::default(); ROWS / BLOCK],
            ids: vec![],
            codes: (0..config.columns).map(|_| Column::default()).collect(),
            alive: [0; ROWS / 64],
            room: 0,
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
        if rows > self.room { self.fit(rows.max(2 * self.room).min(ROWS)) } else { Ok(()) }
    }

    /// Holds the memory of `rows` rows, which are at least those in use.
    fn fit(&mut self, rows: usize) -> Result<()> {
        let config = self.config;
        let refused = |_| Error::Memory(format!("no memory for {rows} rows of {} values", config.dimension));
        let more = rows.saturating_sub(self.ids.len());
        self.ids.try_reserve_exact(more).map_err(refused)?;
        self.extents.try_reserve_exact(more).map_err(refused)?;
        for column in &mut self.codes {
            column.reserve(more).map_err(refused)?;
        }
        let full = if config.keep_f32 { self.full.resized(rows * config.f32_stride())? } else { Pages::default() };
        match config.storage {
            Storage::F32 => {}
            Storage::Bf16 => self.halves = self.halves.resized(rows * config.stride())?,
            Storage::Int8 => {
                self.scales.try_reserve_exact(more).map_err(refused)?;
                self.bytes = self.bytes.resized(rows * config.stride())?;
            }
        }
        self.full = full;
        self.room = rows;
        Ok(())
    }

    /// Adds a dead, empty row; there is room for it.
    pub(super) fn push(&mut self) -> usize {
        self.ids.push(0);
        self.extents.push(Extent::default());
        if self.config.storage == Storage::Int8 {
            self.scales.push(0.0);
        }
        self.codes.iter_mut().for_each(Column::push);
        self.ids.len() - 1
    }

    /// Whether the row is there now: `vector` may have changed since it was checked, so what it became is looked at.
    #[must_use]
    pub(super) fn set(&mut self, row: usize, id: u64, vector: &[f32], codes: &[u32]) -> bool {
        let Config { dimension, keep_f32, storage, .. } = self.config;
        let vector = if keep_f32 {
            let kept = &mut self.full[row * self.config.f32_stride()..][..dimension];
            kept.copy_from_slice(vector);
            kept
        } else {
            vector
        };
        let place = row * self.config.stride();
        let extent = match storage {
            Storage::F32 => measure(vector),
            Storage::Bf16 => halve(vector, keep_f32, &mut self.halves[place..place + dimension]),
            Storage::Int8 => {
                let (scale, extent) = quantise(vector, keep_f32, &mut self.bytes[place..place + dimension]);
                self.scales[row] = scale;
                extent
            }
        };
        // A row that is far from the longest is not measured again.
        let is_usable = extent.length < SHORT || self.is_usable(row);
        if is_usable {
            self.revive(row, id, extent, codes);
        }
        is_usable
    }

    /// Whether a row is finite and not too long.
    fn is_usable(&self, row: usize) -> bool {
        let mut room = vec![0.0; self.config.dimension];
        let vector = self.vector(row, &mut room);
        squares(vector.len(), |i| f64::from(vector[i])) <= self.config.longest()
    }

    /// As `set`, for bytes without f32 values.
    pub(super) fn set_bytes(&mut self, row: usize, id: u64, (bytes, scale): (&[u8], f32), codes: &[u32]) {
        self.bytes[row * self.config.stride()..][..bytes.len()].copy_from_slice(bytes);
        self.scales[row] = scale;
        self.revive(row, id, measure_bytes(None, bytes, scale), codes);
    }

    fn revive(&mut self, row: usize, id: u64, extent: Extent, codes: &[u32]) {
        self.ids[row] = id;
        for (column, code) in self.codes.iter_mut().zip(codes) {
            column.set(row, *code);
        }
        self.extents[row] = extent;
        self.greatest[row / BLOCK] = self.greatest[row / BLOCK].max(extent);
        self.alive[row / 64] |= 1 << (row % 64);
    }

    pub(super) fn kill(&mut self, row: usize) {
        self.alive[row / 64] &= !(1 << (row % 64));
    }

    /// Makes row `to` what row `from` of `source` is; of this chunk where there is no `source`.
    pub(super) fn copy(&mut self, to: usize, source: Option<&Self>, from: usize) {
        fn rows<T: Packed>(to: &mut Pages<T>, source: Option<&Pages<T>>, stride: usize, [row, from]: [usize; 2]) {
            let (row, from) = (row * stride, from * stride..(from + 1) * stride);
            match source {
                _ if to.is_empty() => {}
                Some(source) => to[row..row + stride].copy_from_slice(&source[from]),
                None => to.copy_within(from, row),
            }
        }
        let stride = self.config.stride();
        rows(&mut self.full, source.map(|chunk| &chunk.full), self.config.f32_stride(), [to, from]);
        rows(&mut self.halves, source.map(|chunk| &chunk.halves), stride, [to, from]);
        rows(&mut self.bytes, source.map(|chunk| &chunk.bytes), stride, [to, from]);
        let other = source.unwrap_or(self);
        let (id, extent, scale) = (other.ids[from], other.extents[from], other.scales.get(from).copied());
        let codes: Vec<u32> = other.codes.iter().map(|column| column.codes()[from]).collect();
        if let Some(scale) = scale {
            self.scales[to] = scale;
        }
        self.revive(to, id, extent, &codes);
    }

    /// The values that scores come from: borrowed where they are kept, written to `row` otherwise.
    pub(super) fn vector<'a>(&'a self, at: usize, row: &'a mut [f32]) -> &'a [f32] {
        let Config { dimension, keep_f32, storage, .. } = self.config;
        if keep_f32 {
            return self.kept(at);
        }
        let place = at * self.config.stride();
        match storage {
            Storage::Bf16 => {
                for (value, half) in row.iter_mut().zip(&self.halves[place..place + dimension]) {
                    *value = half.to_f32();
                }
            }
            Storage::F32 | Storage::Int8 => {
                for (value, code) in row.iter_mut().zip(&self.bytes[place..place + dimension]) {
                    *value = widen(*code, self.scales[at]);
                }
            }
        }
        &row[..dimension]
    }

    /// The f32 values of a row; none where they are not kept.
    pub(super) fn kept(&self, row: usize) -> &[f32] {
        let stride = if self.full.is_empty() { 0 } else { self.config.f32_stride() };
        &self.full[row * stride..][..stride.min(self.config.dimension)]
    }

    /// What a scan reads of a row; compact rows with their padding.
    pub(super) fn scanned(&self, row: usize) -> Row<'_> {
        let stride = self.config.stride();
        let place = row * stride..(row + 1) * stride;
        match self.config.storage {
            Storage::F32 => Row::Full(self.kept(row)),
            Storage::Bf16 => Row::Halves(&self.halves[place]),
            Storage::Int8 => Row::Bytes(&self.bytes[place], self.scales[row]),
        }
    }

    /// The f32 values of some rows, where they are kept.
    pub(super) fn full(&self, top: usize, rows: usize) -> Matrix<'_> {
        let stride = self.config.f32_stride();
        Matrix::new(&self.full[top * stride..], rows, self.config.dimension, stride)
    }

    /// What a scan reads of some rows. The values between dimension and stride are zero, except of bytes, where they
    /// are multiplied by zero.
    pub(super) fn values(&self, top: usize, rows: usize) -> Values<'_> {
        let stride = self.config.stride();
        let place = top * stride..(top + rows) * stride;
        match self.config.storage {
            Storage::F32 => Values::Full(self.full(top, rows)),
            Storage::Bf16 => Values::Halves(Matrix::new(&self.halves[place], rows, stride, stride)),
            Storage::Int8 => Values::Bytes(ByteRows::new(&self.bytes[place], &self.scales[top..top + rows], stride)),
        }
    }

    pub(super) fn extent(&self, row: usize) -> Extent {
        self.extents[row]
    }

    /// The greatest extent of the block that a row is in.
    pub(super) fn greatest(&self, row: usize) -> Extent {
        self.greatest[row / BLOCK]
    }

    /// The greatest extent of all rows.
    pub(super) fn greatest_of_all(&self) -> Extent {
        self.greatest.iter().fold(Extent::default(), |most, extent| most.max(*extent))
    }

    /// Forgets the rows from `rows` on and the memory beyond; the ones before are all alive.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.ids.truncate(rows);
        self.extents.truncate(rows);
        self.scales.truncate(rows);
        self.codes.iter_mut().for_each(|column| column.truncate(rows));
        for row in rows..ROWS {
            self.kill(row);
        }
        self.greatest = [Extent::default(); ROWS / BLOCK];
        for (row, extent) in self.extents.iter().enumerate() {
            self.greatest[row / BLOCK] = self.greatest[row / BLOCK].max(*extent);
        }
        // Keeping the memory is no failure.
        if rows < self.room && self.fit(rows).is_ok() {
            self.ids.shrink_to_fit();
            self.extents.shrink_to_fit();
            self.scales.shrink_to_fit();
            self.codes.iter_mut().for_each(Column::shrink);
        }
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>()
            + self.full.size()
            + self.halves.size()
            + self.bytes.size()
            + self.scales.capacity() * size_of::<f32>()
            + self.extents.capacity() * size_of::<Extent>()
            + self.ids.capacity() * size_of::<u64>()
            + self.codes.iter().map(Column::size).sum::<usize>()
    }
}
