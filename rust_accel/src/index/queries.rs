//! Queries in the form that a scan multiplies rows with, and how far its result can be from the score.

use super::chunk::Values;
use super::storage::{Config, Extent, Storage, largest, nearest, squares};
use crate::error::Result;
use crate::kernels::scan::{ByteQueries, ByteRows, COLUMNS, dot_halves};
use crate::kernels::{Bf16, Buffer, Element, Finish, Isa, MatrixMut, Panel, WIDE, Width, multiply, panel_place};

/// From this many queries a panel, padded or not, beats one product a query: its tile does 32 for the price of some.
/// Measured at 384 dimensions, on rows in memory: a second query finds its block in the cache.
pub(super) fn panel_from(isa: Isa, storage: Storage) -> usize {
    match storage {
        Storage::Bf16 if isa.has_bf16() => 8,
        Storage::Bf16 => 24,
        Storage::Int8 if ByteQueries::is_native(isa) => 4,
        Storage::F32 | Storage::Int8 => 12,
    }
}

/// Up to 32 queries for rows of one storage.
pub(super) struct Queries<'a> {
    isa: Isa,
    dimension: usize,
    pub(super) values: &'a [f32],
    pub(super) reaches: Vec<Reach>,
    form: Form,
}

enum Form {
    Full(Buffer),
    /// Padded to the stride, one after the other.
    Halves(Vec<f32>),
    HalfPanel(Buffer<Bf16>),
    /// A panel, or one query each.
    Bytes(Vec<ByteQueries>),
}

/// Turns what a kernel says of a row into the most that the row can score.
///
/// With `r` the row that scores come from and `r'` the one that is scanned, `q` and `q'` likewise,
/// `|r.q - r'.q'| <= |r - r'| |q| + |r'| |q - q'|` (Cauchy-Schwarz), and sums of n terms in floating point are off by
/// `n u |r| |q|` at most, u = 2^-24 (Higham, Accuracy and Stability, 3.1).
#[derive(Clone, Copy)]
pub(super) struct Reach {
    /// What the kernel leaves out of its result.
    scale: f64,
    length: f64,
    error: f64,
    rounding: f64,
    underflow: f64,
}

impl Reach {
    fn margin(&self, row: Extent) -> f64 {
        let (length, error) = (f64::from(row.length), f64::from(row.error));
        let scanned = length + error;
        let rounding = self.rounding * scanned * (self.length + self.error);
        // The factor covers this arithmetic.
        1.000_001 * (error * self.length + scanned * self.error + rounding)
            + self.underflow * (1.0 + self.length + scanned)
    }

    /// At least the score of a row.
    pub(super) fn bound(&self, result: f32, row: Extent) -> f32 {
        ((f64::from(result) * self.scale + self.margin(row)) as f32).next_up()
    }

    /// A result below this one means a score below `floor`, for every row within `rows`.
    pub(super) fn least(&self, floor: f32, rows: Extent) -> f32 {
        (((f64::from(floor) - self.margin(rows)) / self.scale) as f32).next_down()
    }
}

impl<'a> Queries<'a> {
    /// Of `values`, at most 32 whole queries.
    ///
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn new(isa: Isa, config: Config, values: &'a [f32]) -> Result<Self> {
        let Config { dimension, storage, .. } = config;
        let (count, stride) = (values.len() / dimension, config.stride());
        let queries = values.chunks_exact(dimension);
        let few = count < panel_from(isa, storage);
        let mut scales = vec![1.0; count];
        let mut errors = vec![0.0; count];
        let form = match storage {
            Storage::F32 => Form::Full(pack(queries, dimension)?),
            Storage::Bf16 if few => {
                let mut padded = vec![0.0; count * stride];
                for (to, query) in padded.chunks_exact_mut(stride).zip(queries) {
                    to[..dimension].copy_from_slice(query);
                }
                Form::Halves(padded)
            }
            Storage::Bf16 => {
                for (error, query) in errors.iter_mut().zip(queries.clone()) {
                    let missed = |i: usize| f64::from(query[i]) - f64::from(Bf16::from_f32(query[i]).to_f32());
                    *error = squares(dimension, missed).sqrt();
                }
                Form::HalfPanel(pack(queries, stride)?)
            }
            Storage::Int8 => {
                let mut codes = vec![0; count * stride];
                for (j, query) in queries.enumerate() {
                    (scales[j], errors[j]) = quantise(query, &mut codes[j * stride..]);
                }
                let together = if few { 1 } else { count };
                let queries = codes.chunks(together * stride).map(|codes| ByteQueries::new(isa, codes, stride));
                Form::Bytes(queries.collect::<Result<_>>()?)
            }
        };
        // The scan's longest sum and the score's; a whole sum of bytes is exact.
        let terms = if storage == Storage::Int8 { dimension / 16 + 64 } else { 2 * dimension + 64 };
        let reach = |(query, (scale, error)): (&[f32], (f64, f64))| Reach {
            scale,
            length: squares(dimension, |i| f64::from(query[i])).sqrt(),
            error,
            rounding: terms as f64 * 2f64.powi(-24),
            // Numbers below 2^-126 may be taken for zero, in the row, the query, and every step.
            underflow: dimension as f64 * 2f64.powi(-116),
        };
        let reaches = values.chunks_exact(dimension).zip(scales.into_iter().zip(errors)).map(reach).collect();
        Ok(Self { isa, dimension, values, reaches, form })
    }

    pub(super) fn count(&self) -> usize {
        self.reaches.len()
    }

    /// The f32 values of a query.
    pub(super) fn query(&self, j: usize) -> &'a [f32] {
        &self.values[j * self.dimension..(j + 1) * self.dimension]
    }

    /// Whether results come as rows of 32, one a query, rather than query by query.
    pub(super) fn is_panel(&self) -> bool {
        match &self.form {
            Form::Full(_) | Form::HalfPanel(_) => true,
            Form::Halves(_) => false,
            Form::Bytes(queries) => queries[0].columns() == COLUMNS,
        }
    }

    /// Multiplies some of `rows` with query `j`, which is not in a panel.
    pub(super) fn multiply_listed(&self, rows: ByteRows<'_>, listed: &[u16], j: usize, out: &mut [f32]) {
        match &self.form {
            Form::Bytes(queries) => queries[j].score_listed(rows, listed, out),
            _ => unreachable!("queries and rows come from one config"),
        }
    }

    /// Multiplies rows with query `j`, or with all of them in a panel.
    pub(super) fn multiply(&self, rows: Values<'_>, j: usize, out: &mut [f32]) {
        match (&self.form, rows) {
            (Form::Full(panel), Values::Full(rows)) => {
                let panel = Panel::new(panel, self.dimension, Width::Narrow);
                let out = MatrixMut::new(out, rows.rows(), COLUMNS, COLUMNS);
                multiply(self.isa, rows, panel, &[0.0; WIDE], out, Finish::Replace);
            }
            (Form::HalfPanel(panel), Values::Halves(rows)) => {
                let panel = Panel::new(panel, panel.len() / COLUMNS, Width::Narrow);
                let out = MatrixMut::new(out, rows.rows(), COLUMNS, COLUMNS);
                multiply(self.isa, rows, panel, &[0.0; WIDE], out, Finish::Replace);
            }
            (Form::Halves(padded), Values::Halves(rows)) => {
                let stride = padded.len() / self.count();
                dot_halves(self.isa, rows, &padded[j * stride..(j + 1) * stride], out);
            }
            (Form::Bytes(queries), Values::Bytes(rows)) => queries[j].score(rows, out),
            _ => unreachable!("queries and rows come from one config"),
        }
    }
}

/// A query as bytes: what their product is multiplied with, and the length of what they leave out.
fn quantise(query: &[f32], codes: &mut [i8]) -> (f64, f64) {
    let largest = largest(query);
    // In f64, the scale of the smallest f32 is not zero.
    let scale = if largest == 0.0 { 1.0 } else { f64::from(largest) / 127.0 };
    let steps = 1.0 / scale;
    for (code, value) in codes.iter_mut().zip(query) {
        // Any code is allowed: what it misses is measured below.
        *code = nearest((f64::from(*value) * steps) as f32) as i8;
    }
    let missed = |i: usize| f64::from(query[i]) - scale * f64::from(codes[i]);
    (scale, squares(query.len(), missed).sqrt())
}

/// Up to 32 vectors as the columns of a panel of `k` rows.
fn pack<'a, T: Element>(vectors: impl Iterator<Item = &'a [f32]>, k: usize) -> Result<Buffer<T>> {
    let mut panel = Buffer::zeros(k * COLUMNS)?;
    for (column, vector) in vectors.enumerate() {
        for (t, value) in vector.iter().enumerate() {
            panel[panel_place::<T>(t, column, COLUMNS)] = T::from_f32(*value);
        }
    }
    Ok(panel)
}
