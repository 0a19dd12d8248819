//! Dense layers, packed for the kernels in the type that they multiply in.

use super::exact::Exact;
use super::forward::Precision;
use super::packing::Stripe;
use super::weights::Layout;
use crate::error::{Error, Result, invalid};
use crate::kernels::{
    Affine, Buffer, BytePanel, Bytes, Element, Finish, Isa, MOST_BYTES, Matrix, MatrixMut, Packed, Pages, Panel, ROUND,
    WIDE, Width, multiply, multiply_bytes, narrow, quantise,
};
use crate::memory::zeros;
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

impl Form {
    /// The inputs of a layer with those that fill its last group, whose weights are zero.
    fn depth<T: Packed>(self, inputs: usize) -> usize {
        inputs.next_multiple_of(if self == Self::Floats { T::GROUP } else { i8::GROUP })
    }
}

/// How many values of panels something has.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    floats: usize,
    bytes: usize,
}

impl Size {
    /// Of the panels of a layer.
    pub(super) fn of<T: Packed>(layer: &Layout<'_>, form: Form) -> Self {
        Self::of_panels::<T>([layer.outputs(), layer.inputs], form)
    }

    fn of_panels<T: Packed>([outputs, inputs]: [usize; 2], form: Form) -> Self {
        let size = outputs.next_multiple_of(WIDE) * form.depth::<T>(inputs);
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
    /// As many as fill whole groups.
    depth: usize,
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
    /// Packs a layer into the next part of `room`. `bytes` is where its weights are read to.
    ///
    /// # Errors
    /// As `Layout::rows`; as bytes, `Error::Invalid` when the layer has so many inputs that a sum of bytes could overflow.
    pub(super) fn pack<T: Element>(
        mut layout: Layout<'_>,
        form: Form,
        room: &mut Room<'_, T>,
        bytes: &mut Vec<u8>,
    ) -> Result<Self> {
        let size = Size::of::<T>(&layout, form);
        let (inputs, depth) = (layout.inputs, form.depth::<T>(layout.inputs));
        let taken = room.taken;
        room.taken = [taken, size].into_iter().sum();
        let (weights, at) = match form {
            Form::Bytes { exact } => {
                let panels = &mut room.bytes[taken.bytes..][..size.bytes];
                (Weights::bytes(&layout, Stripe::new(panels, depth)?, exact, bytes)?, taken.bytes)
            }
            Form::Floats => {
                let mut stripe = Stripe::new(&mut room.floats[taken.floats..][..size.floats], depth)?;
                layout.rows(bytes, |output, row| {
                    for (to, value) in stripe.row(output).iter_mut().zip(row.values()) {
                        *to = T::from_f32(value);
                    }
                })?;
                stripe.end();
                (Weights::Floats, taken.floats)
            }
        };
        let mut bias = std::mem::take(&mut layout.bias);
        bias.resize(bias.len().next_multiple_of(WIDE), 0.0);
        Ok(Self { weights, at, bias, inputs, depth })
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
            Weights::Floats if self.depth == self.inputs => Ok(Operand::Floats(self.rows_of(values))),
            Weights::Floats => self.spread(values.len(), room, |to| to.copy_from_slice(values)),
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
            Weights::Floats if self.depth == self.inputs => {
                Ok(Operand::Floats(self.rows_of(T::narrowed(isa, values, &mut room.floats)?)))
            }
            Weights::Floats => self.spread(values.len(), room, |to| narrow(isa, values, to)),
            Weights::Bytes { exact, .. } => self.quantised(isa, values, exact, room),
        }
    }

    fn rows_of<'a, S: Packed>(&self, values: &'a [S]) -> Matrix<'a, S> {
        Matrix::new(values, values.len() / self.inputs, self.inputs, self.inputs)
    }

    /// As many values as `put` writes, with zeros between the rows that make their groups whole.
    fn spread<'a, T: Element>(
        &self,
        len: usize,
        room: &'a mut Converted<T>,
        put: impl FnOnce(&mut [T]),
    ) -> Result<Operand<'a, T>> {
        let rows = len / self.inputs;
        room.floats.grow(rows * self.depth)?;
        put(&mut room.floats[..len]);
        spread(&mut room.floats, rows, [self.inputs, self.depth]);
        Ok(Operand::Floats(Matrix::new(&room.floats, rows, self.depth, self.depth)))
    }

    fn quantised<'a, S: Element, T: Element>(
        &self,
        isa: Isa,
        values: &mut [S],
        exact: &Exact,
        room: &'a mut Converted<T>,
    ) -> Result<Operand<'a, T>> {
        let (rows, kept) = (values.len() / self.inputs, exact.count());
        room.bytes.grow(rows * self.depth)?;
        let more = rows.saturating_sub(room.rows.len());
        room.rows.try_reserve(more).map_err(|_| Error::Memory(format!("no memory for {rows} rows")))?;
        room.rows.resize(rows.max(room.rows.len()), Affine::default());
        room.exact.grow(rows * kept)?;
        exact.take(values, self.inputs, &mut room.exact);
        quantise(isa, self.rows_of(values), &mut room.bytes, &mut room.rows);
        exact.put_back(values, self.inputs, &room.exact);
        if self.depth != self.inputs {
            spread(&mut room.bytes, rows, [self.inputs, self.depth]);
        }
        let bytes = Matrix::new(&room.bytes, rows, self.depth, self.depth);
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
        let (left, at) = (panel * WIDE, self.at + panel * self.depth * WIDE);
        let bias = &self.bias[left..];
        match (&self.weights, input) {
            (Weights::Floats, Operand::Floats(input)) => {
                let panel = Panel::new(&panels.floats[at..], self.depth, Width::Wide);
                multiply(isa, input, panel, bias, out, finish);
            }
            (Weights::Bytes { scales, sums, exact }, Operand::Bytes(input)) => {
                let bytes = Panel::new(&panels.bytes[at..], self.depth, Width::Wide);
                let panel = BytePanel::new(bytes, &scales[left..], &sums[left..], exact.panel(panel));
                multiply_bytes(isa, input, panel, bias, out, finish);
            }
            _ => unreachable!("an operand is made by its own layer"),
        }
    }
}

impl Weights {
    fn bytes(layout: &Layout<'_>, mut stripe: Stripe<'_, i8>, exact: usize, bytes: &mut Vec<u8>) -> Result<Self> {
        if layout.inputs > MOST_BYTES {
            let (name, inputs) = (layout.name(), layout.inputs);
            return invalid(format!("int8 takes layers of at most {MOST_BYTES} inputs; {name:?} has {inputs}"));
        }
        let mut exact = Exact::choose(layout, exact, bytes)?;
        let outputs = layout.outputs().next_multiple_of(WIDE);
        let (mut scales, mut sums) = (vec![0.0; outputs], vec![0.0; outputs]);
        let mut values = zeros(layout.inputs, "weights of an output")?;
        layout.rows(bytes, |output, row| {
            values.iter_mut().zip(row.values()).for_each(|(to, value)| *to = value);
            exact.take_weights(output, &mut values);
            // The bits of finite values without their signs are in the order of these.
            let most = values.iter().fold(0, |most, value: &f32| most.max(value.abs().to_bits() as i32));
            let scale = f32::from_bits(most.cast_unsigned()) / 127.0;
            let steps = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            let mut sum = 0_i32;
            for (to, value) in stripe.row(output).iter_mut().zip(&values) {
                *to = (value * steps + ROUND).to_bits() as i8;
                sum += i32::from(*to);
            }
            (scales[output], sums[output]) = (scale, scale * sum as f32);
        })?;
        stripe.end();
        Ok(Self::Bytes { scales, sums, exact })
    }
}

/// Makes rows of `from` values ones of `to`, the new ones zero.
fn spread<T: Packed>(values: &mut [T], rows: usize, [from, to]: [usize; 2]) {
    for row in (0..rows).rev() {
        values.copy_within(row * from..(row + 1) * from, row * to);
        values[row * to + from..(row + 1) * to].fill(T::default());
    }
}
