//! Dense layers, packed for the kernels in the type that they multiply in.

use super::forward::Precision;
use super::weights::Dense;
use crate::error::{Result, invalid};
use crate::kernels::{
    Affine, Buffer, BytePanel, Bytes, Element, Finish, Isa, MOST_BYTES, Matrix, MatrixMut, Packed, Panel, WIDE, Width,
    multiply, multiply_bytes, panel_place, quantise,
};

/// Products of two numbers from which a second thread is worth its start: some 10 microseconds of one.
const SHARED_FROM: usize = 3_000_000;

/// A dense layer in panels of 48 outputs.
pub(super) struct Linear<T: Element> {
    weights: Weights<T>,
    bias: Vec<f32>,
    inputs: usize,
}

enum Weights<T: Element> {
    Floats(Buffer<T>),
    Bytes(ByteWeights),
}

/// Symmetric bytes, one scale an output (Jacob et al. 2018), and the sum of what they stand for.
struct ByteWeights {
    panels: Buffer<i8>,
    scales: Vec<f32>,
    sums: Vec<f32>,
}

/// What a layer reads: its input in the layer's type, made when the input is in another.
#[derive(Clone, Copy)]
pub(super) enum Operand<'a, T> {
    Floats(Matrix<'a, T>),
    Bytes(Bytes<'a>),
}

/// Room for an [`Operand`].
#[derive(Default)]
pub(super) struct Converted<T: Element> {
    floats: Buffer<T>,
    bytes: Buffer<u8>,
    rows: Vec<Affine>,
}

impl<T: Element> Linear<T> {
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn floats(dense: &Dense) -> Result<Self> {
        let mut panels = Buffer::zeros(dense.padded() * dense.inputs)?;
        for (output, row) in dense.weight.chunks_exact(dense.inputs).enumerate() {
            pack(&mut panels, output, row.iter().map(|value| T::from_f32(*value)));
        }
        Ok(Self::new(dense, Weights::Floats(panels)))
    }

    /// # Errors
    /// `Error::Memory`; `Error::Invalid` when the layer has so many inputs that a sum of bytes could overflow, or not
    /// whole groups of four.
    pub(super) fn bytes(dense: &Dense) -> Result<Self> {
        if dense.inputs > MOST_BYTES || !dense.inputs.is_multiple_of(i8::GROUP) {
            return invalid(format!("int8 needs layers of a multiple of 4 inputs, at most {MOST_BYTES}"));
        }
        let mut panels = Buffer::zeros(dense.padded() * dense.inputs)?;
        let (mut scales, mut sums) = (vec![0.0; dense.padded()], vec![0.0; dense.padded()]);
        for (output, row) in dense.weight.chunks_exact(dense.inputs).enumerate() {
            let scale = row.iter().fold(0.0_f32, |most, value| most.max(value.abs())) / 127.0;
            let steps = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            // Adding 1.5 * 2^23 leaves the nearest integer in the low bits.
            let byte = |value: &f32| (value * steps + 12_582_912.0).to_bits() as i8;
            pack(&mut panels, output, row.iter().map(byte));
            scales[output] = scale;
            sums[output] = scale * row.iter().map(|value| i32::from(byte(value))).sum::<i32>() as f32;
        }
        Ok(Self::new(dense, Weights::Bytes(ByteWeights { panels, scales, sums })))
    }

    fn new(dense: &Dense, weights: Weights<T>) -> Self {
        let mut bias = dense.bias.clone();
        bias.resize(dense.padded(), 0.0);
        Self { weights, bias, inputs: dense.inputs }
    }

    /// `values`, rows of the layer's inputs in its own type, as the layer reads them.
    ///
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn operand<'a>(&self, isa: Isa, values: &'a [T], room: &'a mut Converted<T>) -> Result<Operand<'a, T>> {
        match self.weights {
            Weights::Floats(_) => Ok(Operand::Floats(self.rows_of(values))),
            Weights::Bytes(_) => self.quantised(isa, values, room),
        }
    }

    /// As `operand`, of f32.
    ///
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn narrowed<'a>(&self, isa: Isa, values: &'a [f32], room: &'a mut Converted<T>) -> Result<Operand<'a, T>>
    where
        T: Precision,
    {
        match self.weights {
            Weights::Floats(_) => Ok(Operand::Floats(self.rows_of(T::narrowed(isa, values, &mut room.floats)?))),
            Weights::Bytes(_) => self.quantised(isa, values, room),
        }
    }

    fn rows_of<'a, S: Packed>(&self, values: &'a [S]) -> Matrix<'a, S> {
        Matrix::new(values, values.len() / self.inputs, self.inputs, self.inputs)
    }

    fn quantised<'a, S: Element>(&self, isa: Isa, values: &[S], room: &'a mut Converted<T>) -> Result<Operand<'a, T>> {
        let from = self.rows_of(values);
        room.bytes.grow(values.len())?;
        room.rows.resize(from.rows().max(room.rows.len()), Affine::default());
        quantise(isa, from, &mut room.bytes, &mut room.rows);
        Ok(Operand::Bytes(Bytes::new(self.rows_of(&room.bytes[..values.len()]), &room.rows)))
    }

    /// `out[rows, outputs] = input[rows, inputs] * weight + bias`, finished as asked while each stripe is in cache;
    /// over `threads` of the current pool.
    pub(super) fn apply<O: Element>(
        &self,
        isa: Isa,
        input: Operand<'_, T>,
        out: MatrixMut<'_, O>,
        finish: Finish<'_>,
        threads: usize,
    ) {
        let is_small = out.rows() * out.columns() * self.inputs < SHARED_FROM;
        self.stripes(isa, input, (0, out), finish, if is_small { 1 } else { threads });
    }

    /// The panels from number `first` on, as far as `out` has columns.
    fn stripes<O: Element>(
        &self,
        isa: Isa,
        input: Operand<'_, T>,
        (mut first, mut out): (usize, MatrixMut<'_, O>),
        finish: Finish<'_>,
        threads: usize,
    ) {
        let panels = out.columns().div_ceil(WIDE);
        if threads > 1 && panels > 1 {
            let half = panels / 2;
            let (left, right) = out.split_columns(half * WIDE);
            rayon::join(
                || self.stripes(isa, input, (first, left), finish, threads / 2),
                || self.stripes(isa, input, (first + half, right), finish, threads - threads / 2),
            );
            return;
        }
        while out.columns() > 0 {
            let columns = WIDE.min(out.columns());
            let (stripe, rest) = out.split_columns(columns);
            self.stripe(isa, input, first, stripe, finish);
            (first, out) = (first + 1, rest);
        }
    }

    fn stripe<O: Element>(
        &self,
        isa: Isa,
        input: Operand<'_, T>,
        panel: usize,
        out: MatrixMut<'_, O>,
        finish: Finish<'_>,
    ) {
        let (left, size) = (panel * WIDE, self.inputs * WIDE);
        let bias = &self.bias[left..];
        match (&self.weights, input) {
            (Weights::Floats(panels), Operand::Floats(input)) => {
                let panel = Panel::new(&panels[panel * size..], self.inputs, Width::Wide);
                multiply(isa, input, panel, bias, out, finish);
            }
            (Weights::Bytes(bytes), Operand::Bytes(input)) => {
                let panel = Panel::new(&bytes.panels[panel * size..], self.inputs, Width::Wide);
                let panel = BytePanel::new(panel, &bytes.scales[left..], &bytes.sums[left..]);
                multiply_bytes(isa, input, panel, bias, out, finish);
            }
            _ => unreachable!("an operand is made by its own layer"),
        }
    }
}

/// Writes the values of one output to its column.
fn pack<T: Packed>(panels: &mut [T], output: usize, values: impl ExactSizeIterator<Item = T>) {
    let panel = &mut panels[output / WIDE * WIDE * values.len()..];
    for (k, value) in values.enumerate() {
        panel[panel_place::<T>(k, output % WIDE, WIDE)] = value;
    }
}
