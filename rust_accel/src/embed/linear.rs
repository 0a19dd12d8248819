//! Dense layers, packed for the kernels in the type that they multiply in.

use super::forward::Precision;
use super::weights::Dense;
use crate::error::{Result, invalid};
use crate::kernels::{
    Affine, Buffer, BytePanel, Bytes, Element, Finish, Isa, MOST_BYTES, Matrix, MatrixMut, Packed, Pages, Panel, ROUND,
    WIDE, Width, multiply, multiply_bytes, panel_place, quantise,
};
use std::iter::Sum;

/// Products of two numbers from which a second thread is worth its start: some 10 microseconds of one.
const SHARED_FROM: usize = 3_000_000;

/// What the weights of a layer become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Floats,
    /// So many inputs stay f32: those of the largest weights, which would cost all others their accuracy (Dettmers et al.
    /// 2022 keep the largest activations; the inputs are mostly the same ones).
    Bytes {
        exact: usize,
    },
}

/// How many values of panels something has.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    floats: usize,
    bytes: usize,
}

impl Size {
    /// Of the panels of a layer.
    pub(super) fn of(dense: &Dense<'_>, form: Form) -> Self {
        let size = dense.bias.len().next_multiple_of(WIDE) * dense.inputs;
        match form {
            Form::Floats => Self { floats: size, bytes: 0 },
            Form::Bytes { .. } => Self { floats: 0, bytes: size },
        }
    }
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), |a, b| Self { floats: a.floats + b.floats, bytes: a.bytes + b.bytes })
    }
}

/// The panels of equal blocks of layers, all in a row: huge pages, since a lone text reads each once, from memory.
pub(super) struct Panels<T: Packed> {
    floats: Pages<T>,
    bytes: Pages<i8>,
    block: Size,
}

impl<T: Packed> Panels<T> {
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn zeros(block: Size, blocks: usize) -> Result<Self> {
        let (floats, bytes) = (Pages::zeros(block.floats * blocks)?, Pages::zeros(block.bytes * blocks)?);
        Ok(Self { floats, bytes, block })
    }

    /// The panels of block `number`.
    pub(super) fn block(&self, number: usize) -> Block<'_, T> {
        let Size { floats, bytes } = self.block;
        Block { floats: &self.floats[number * floats..][..floats], bytes: &self.bytes[number * bytes..][..bytes] }
    }

    /// Every block, empty.
    pub(super) fn rooms(&mut self) -> Vec<Room<'_, T>> {
        let (mut floats, mut bytes) = (
            self.floats.chunks_exact_mut(self.block.floats.max(1)),
            self.bytes.chunks_exact_mut(self.block.bytes.max(1)),
        );
        std::iter::from_fn(|| match (floats.next(), bytes.next()) {
            (None, None) => None,
            (floats, bytes) => Some(Room {
                floats: floats.unwrap_or_default(),
                bytes: bytes.unwrap_or_default(),
                taken: Size::default(),
            }),
        })
        .collect()
    }
}

/// One block's panels.
#[derive(Clone, Copy)]
pub(super) struct Block<'a, T> {
    floats: &'a [T],
    bytes: &'a [i8],
}

/// One block's panels while its layers are packed into it, one after the other.
pub(super) struct Room<'a, T> {
    floats: &'a mut [T],
    bytes: &'a mut [i8],
    taken: Size,
}

/// A dense layer in panels of 48 outputs, which lie in a [`Block`].
pub(super) struct Linear {
    weights: Weights,
    at: usize,
    bias: Vec<f32>,
    inputs: usize,
}

enum Weights {
    Floats,
    /// Symmetric bytes, one scale an output (Jacob et al. 2018), and the sum of what they stand for.
    Bytes {
        scales: Vec<f32>,
        sums: Vec<f32>,
        exact: Exact,
    },
}

/// The inputs of a layer of bytes that stay f32, whose weights as bytes are zero, and their own weights in panels.
struct Exact {
    inputs: Vec<usize>,
    weights: Buffer,
}

/// What a layer reads: its input in the layer's type, made when the input is in another.
#[derive(Clone, Copy)]
pub(super) enum Operand<'a, T> {
    Floats(Matrix<'a, T>),
    Bytes(Bytes<'a>),
}

/// How a layer is applied: with which instructions, to which panels, and what becomes of the product.
#[derive(Clone, Copy)]
pub(super) struct How<'a, T> {
    pub(super) isa: Isa,
    pub(super) panels: Block<'a, T>,
    pub(super) finish: Finish<'a>,
}

/// Room for an [`Operand`].
#[derive(Default)]
pub(super) struct Converted<T: Element> {
    floats: Buffer<T>,
    bytes: Buffer<u8>,
    rows: Vec<Affine>,
    exact: Buffer,
}

impl Linear {
    /// Packs a layer into the next part of `room`.
    ///
    /// # Errors
    /// As bytes, `Error::Invalid` when the layer has so many inputs that a sum of bytes could overflow, or not whole
    /// groups of four.
    pub(super) fn pack<T: Element>(dense: &Dense<'_>, form: Form, room: &mut Room<'_, T>) -> Result<Self> {
        let size = Size::of(dense, form);
        let taken = room.taken;
        room.taken = [taken, size].into_iter().sum();
        let mut bias = dense.bias.clone();
        bias.resize(bias.len().next_multiple_of(WIDE), 0.0);
        let (weights, at) = match form {
            Form::Bytes { exact } => {
                let panels = &mut room.bytes[taken.bytes..][..size.bytes];
                (Weights::bytes(dense, bias.len(), panels, Exact::choose(dense, exact)?)?, taken.bytes)
            }
            Form::Floats => {
                let panels = &mut room.floats[taken.floats..][..size.floats];
                for (output, row) in dense.rows().enumerate() {
                    pack(panels, output, row.map(T::from_f32));
                }
                (Weights::Floats, taken.floats)
            }
        };
        Ok(Self { weights, at, bias, inputs: dense.inputs })
    }

    /// `values`, rows of the layer's inputs in its own type, as the layer reads them. They are changed and restored.
    ///
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn operand<'a, T: Element>(
        &self,
        isa: Isa,
        values: &'a mut [T],
        room: &'a mut Converted<T>,
    ) -> Result<Operand<'a, T>> {
        match &self.weights {
            Weights::Floats => Ok(Operand::Floats(self.rows_of(values))),
            Weights::Bytes { exact, .. } => self.quantised(isa, values, exact, room),
        }
    }

    /// As `operand`, of f32.
    ///
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn narrowed<'a, T: Precision>(
        &self,
        isa: Isa,
        values: &'a mut [f32],
        room: &'a mut Converted<T>,
    ) -> Result<Operand<'a, T>> {
        match &self.weights {
            Weights::Floats => Ok(Operand::Floats(self.rows_of(T::narrowed(isa, values, &mut room.floats)?))),
            Weights::Bytes { exact, .. } => self.quantised(isa, values, exact, room),
        }
    }

    fn rows_of<'a, S: Packed>(&self, values: &'a [S]) -> Matrix<'a, S> {
        Matrix::new(values, values.len() / self.inputs, self.inputs, self.inputs)
    }

    fn quantised<'a, S: Element, T: Element>(
        &self,
        isa: Isa,
        values: &mut [S],
        exact: &Exact,
        room: &'a mut Converted<T>,
    ) -> Result<Operand<'a, T>> {
        let (rows, kept) = (values.len() / self.inputs, exact.inputs.len());
        room.bytes.grow(values.len())?;
        room.rows.resize(rows.max(room.rows.len()), Affine::default());
        room.exact.grow(rows * kept)?;
        exact.take(values, self.inputs, &mut room.exact);
        quantise(isa, self.rows_of(values), &mut room.bytes, &mut room.rows);
        exact.put_back(values, self.inputs, &room.exact);
        let bytes = self.rows_of(&room.bytes[..values.len()]);
        Ok(Operand::Bytes(Bytes::new(bytes, &room.rows, Matrix::new(&room.exact, rows, kept, kept))))
    }

    /// `out[rows, outputs] = input[rows, inputs] * weight + bias`, finished while each stripe is in cache; over `threads`
    /// of the current pool.
    pub(super) fn apply<T: Element, O: Element>(
        &self,
        how: How<'_, T>,
        input: Operand<'_, T>,
        out: MatrixMut<'_, O>,
        threads: usize,
    ) {
        let is_small = out.rows() * out.columns() * self.inputs < SHARED_FROM;
        self.stripes(how, input, (0, out), if is_small { 1 } else { threads });
    }

    /// The panels from number `first` on, as far as `out` has columns.
    fn stripes<T: Element, O: Element>(
        &self,
        how: How<'_, T>,
        input: Operand<'_, T>,
        (mut first, mut out): (usize, MatrixMut<'_, O>),
        threads: usize,
    ) {
        let panels = out.columns().div_ceil(WIDE);
        if threads > 1 && panels > 1 {
            let half = panels / 2;
            let (left, right) = out.split_columns(half * WIDE);
            rayon::join(
                || self.stripes(how, input, (first, left), threads / 2),
                || self.stripes(how, input, (first + half, right), threads - threads / 2),
            );
            return;
        }
        while out.columns() > 0 {
            let columns = WIDE.min(out.columns());
            let (stripe, rest) = out.split_columns(columns);
            self.stripe(how, input, first, stripe);
            (first, out) = (first + 1, rest);
        }
    }

    fn stripe<T: Element, O: Element>(
        &self,
        How { isa, panels, finish }: How<'_, T>,
        input: Operand<'_, T>,
        panel: usize,
        out: MatrixMut<'_, O>,
    ) {
        let (left, at) = (panel * WIDE, self.at + panel * self.inputs * WIDE);
        let bias = &self.bias[left..];
        match (&self.weights, input) {
            (Weights::Floats, Operand::Floats(input)) => {
                let panel = Panel::new(&panels.floats[at..], self.inputs, Width::Wide);
                multiply(isa, input, panel, bias, out, finish);
            }
            (Weights::Bytes { scales, sums, exact }, Operand::Bytes(input)) => {
                let bytes = Panel::new(&panels.bytes[at..], self.inputs, Width::Wide);
                let panel = BytePanel::new(bytes, &scales[left..], &sums[left..], exact.panel(panel));
                multiply_bytes(isa, input, panel, bias, out, finish);
            }
            _ => unreachable!("an operand is made by its own layer"),
        }
    }
}

impl Weights {
    /// Packs a layer of `outputs`, those that fill the last panel included, as bytes.
    fn bytes(dense: &Dense<'_>, outputs: usize, panels: &mut [i8], mut exact: Exact) -> Result<Self> {
        if dense.inputs > MOST_BYTES || !dense.inputs.is_multiple_of(i8::GROUP) {
            return invalid(format!("int8 needs layers of a multiple of 4 inputs, at most {MOST_BYTES}"));
        }
        let (mut scales, mut sums) = (vec![0.0; outputs], vec![0.0; outputs]);
        let mut values = Vec::with_capacity(dense.inputs);
        for (output, row) in dense.rows().enumerate() {
            values.clear();
            values.extend(row);
            exact.take_weights(output, &mut values);
            let scale = values.iter().fold(0.0_f32, |most, value| most.max(value.abs())) / 127.0;
            let steps = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            let bytes = values.iter().map(|value| (value * steps + ROUND).to_bits() as i8);
            sums[output] = scale * bytes.clone().map(i32::from).sum::<i32>() as f32;
            pack(panels, output, bytes);
            scales[output] = scale;
        }
        Ok(Self::Bytes { scales, sums, exact })
    }
}

impl Exact {
    /// The `count` inputs of the largest weights, each measured by all weights of its output.
    ///
    /// # Errors
    /// `Error::Memory`.
    fn choose(dense: &Dense<'_>, count: usize) -> Result<Self> {
        if count == 0 {
            return Ok(Self { inputs: vec![], weights: Buffer::default() });
        }
        let mut largest = vec![0.0_f32; dense.inputs];
        for row in dense.rows() {
            let size = row.clone().map(|value| value * value).sum::<f32>().sqrt();
            let share = if size > 0.0 { 1.0 / size } else { 0.0 };
            for (most, value) in largest.iter_mut().zip(row) {
                *most = most.max(value.abs() * share);
            }
        }
        let mut inputs: Vec<usize> = (0..dense.inputs).collect();
        inputs.sort_by(|a, b| largest[*b].total_cmp(&largest[*a]));
        inputs.truncate(count);
        let weights = Buffer::zeros(dense.bias.len().next_multiple_of(WIDE) * inputs.len())?;
        Ok(Self { inputs, weights })
    }

    /// Moves the weights of one output that stay f32; zeros are left in their places.
    fn take_weights(&mut self, output: usize, values: &mut [f32]) {
        let panel = &mut self.weights[output / WIDE * WIDE * self.inputs.len()..];
        for (place, input) in panel.iter_mut().skip(output % WIDE).step_by(WIDE).zip(&self.inputs) {
            *place = std::mem::take(&mut values[*input]);
        }
    }

    fn panel(&self, number: usize) -> Panel<'_> {
        let count = self.inputs.len();
        Panel::new(&self.weights[number * count * WIDE..], count, Width::Wide)
    }

    /// Moves the inputs of rows of `width` values to `taken`; zeros are left in their places.
    fn take<S: Element>(&self, rows: &mut [S], width: usize, taken: &mut [f32]) {
        let mut taken = taken.iter_mut();
        for row in rows.chunks_exact_mut(width) {
            for (input, taken) in self.inputs.iter().zip(&mut taken) {
                *taken = std::mem::take(&mut row[*input]).to_f32();
            }
        }
    }

    /// Moves them back.
    fn put_back<S: Element>(&self, rows: &mut [S], width: usize, taken: &[f32]) {
        let mut taken = taken.iter();
        for row in rows.chunks_exact_mut(width) {
            for (input, taken) in self.inputs.iter().zip(&mut taken) {
                row[*input] = S::from_f32(*taken);
            }
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
