//! Softmax(Q K^T + B) V of one text (Vaswani et al. 2017), head by head, a block of queries at a time, so that the scores
//! stay in the first-level cache.

use super::forward::Precision;
use super::relative::Biases;
use crate::error::Result;
use crate::kernels::{Buffer, Element, Finish, Isa, Matrix, MatrixMut, Panel, WIDE, Width, multiply, softmax};

/// Columns of the panels that are packed here: one head of 32 is one panel.
const NARROW: usize = Width::Narrow.columns();
/// Tokens from which the heads of a text are worth a second thread.
const SHARED_FROM: usize = 48;
/// Queries of a block.
const BLOCK: usize = 32;
const ZEROS: [f32; WIDE] = [0.0; WIDE];

/// One thread's buffers.
#[derive(Default)]
pub(super) struct Scratch<T: Element> {
    keys: Buffer<T>,
    values: Buffer<T>,
    scores: Buffer,
    weights: Buffer<T>,
}

/// The queries, keys and values of one text, side by side in each row; the queries carry the softmax's temperature.
#[derive(Clone, Copy)]
pub(super) struct Attention<'a, T> {
    pub(super) qkv: &'a [T],
    pub(super) len: usize,
    pub(super) heads: usize,
    /// Columns of a head.
    pub(super) head: usize,
    /// Columns of a head of `qkv`, in whole groups; those that are more are zero.
    pub(super) room: usize,
    /// Added to the scores, where the encoder has any.
    pub(super) biases: Option<&'a Biases>,
}

impl<T: Precision> Attention<'_, T> {
    /// Writes the heads from number `first` on, as far as `out` has columns; over `threads` of the current pool.
    ///
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn apply(self, isa: Isa, first: usize, out: MatrixMut<'_, T>, threads: usize) -> Result<()> {
        let own = out.columns() / self.head;
        if threads > 1 && own > 1 && self.len >= SHARED_FROM {
            let half = own / 2;
            let (left, right) = out.split_columns(half * self.head);
            let (left, right) = rayon::join(
                || self.apply(isa, first, left, threads / 2),
                || self.apply(isa, first + half, right, threads - threads / 2),
            );
            return left.and(right);
        }
        let mut scratch = T::kept().with(|kept| kept.attention.take());
        let mut rest = out;
        for head in first..first + own {
            let (own, others) = rest.split_columns(self.head);
            self.one_head(isa, head, own, &mut scratch)?;
            rest = others;
        }
        T::kept().with(|kept| kept.attention.set(scratch));
        Ok(())
    }

    fn part(&self, which: usize, head: usize) -> &[T] {
        &self.qkv[(which * self.heads + head) * self.room..]
    }

    fn one_head(self, isa: Isa, head: usize, mut out: MatrixMut<'_, T>, scratch: &mut Scratch<T>) -> Result<()> {
        let Self { len, heads, head: size, room, biases, .. } = self;
        let stride = 3 * heads * room;
        let padded = len.next_multiple_of(NARROW);
        // Whole groups of positions; one that a text lacks has a weight and a value of zero.
        let grouped = len.next_multiple_of(T::GROUP);
        scratch.keys.grow(padded * room)?;
        scratch.values.grow(grouped * size.next_multiple_of(NARROW))?;
        scratch.scores.grow(BLOCK * padded)?;
        scratch.weights.grow(BLOCK * padded)?;
        let Scratch { keys, values, scores, weights } = scratch;
        pack_columns(Matrix::new(self.part(1, head), len, room, stride), keys);
        pack_rows(Matrix::new(self.part(2, head), len, size, stride), values);
        let mut inverse = [0.0; BLOCK];
        for top in (0..len).step_by(BLOCK) {
            let rows = BLOCK.min(len - top);
            let queries = Matrix::new(&self.part(0, head)[top * stride..], rows, room, stride);
            for left in (0..padded).step_by(NARROW) {
                let panel = Panel::new(&keys[left * room..], room, Width::Narrow);
                let out = MatrixMut::new(&mut scores[left..], rows, NARROW, padded);
                let finish = biases.map_or(Finish::Replace, |all| Finish::Offset(all.block(head, [top, left], rows)));
                multiply(isa, queries, panel, &ZEROS, out, finish);
            }
            let mut own = MatrixMut::new(scores, rows, len, padded);
            softmax(isa, &mut own, &mut MatrixMut::new(weights, rows, grouped, padded), &mut inverse);
            let weights = Matrix::new(weights, rows, grouped, padded);
            let mut rest = out.below(top, rows);
            for left in (0..size).step_by(NARROW) {
                let (stripe, others) = rest.split_columns(NARROW.min(size - left));
                let panel = Panel::new(&values[left * grouped..], grouped, Width::Narrow);
                multiply(isa, weights, panel, &ZEROS, stripe, Finish::Scale(&inverse));
                rest = others;
            }
        }
        Ok(())
    }
}

/// Rows as the columns of panels, 32 a panel; what is missing in the last one is zero.
fn pack_columns<T: Element>(source: Matrix<'_, T>, panels: &mut [T]) {
    let (rows, columns) = (source.rows(), source.columns());
    panels[rows / NARROW * NARROW * columns..rows.next_multiple_of(NARROW) * columns].fill(T::default());
    for r in 0..rows {
        let panel = &mut panels[r / NARROW * NARROW * columns..][..NARROW * columns];
        let groups = panel.chunks_exact_mut(NARROW * T::GROUP);
        for (group, from) in groups.zip(source.row(r).chunks_exact(T::GROUP)) {
            group[r % NARROW * T::GROUP..][..T::GROUP].copy_from_slice(from);
        }
    }
}

/// Rows as the rows of panels of 32 columns each; columns and rows that are missing are zero.
fn pack_rows<T: Element>(source: Matrix<'_, T>, panels: &mut [T]) {
    let (rows, columns) = (source.rows(), source.columns());
    let grouped = rows.next_multiple_of(T::GROUP);
    for (number, panel) in panels.chunks_exact_mut(grouped * NARROW).take(columns.div_ceil(NARROW)).enumerate() {
        let left = number * NARROW;
        for (r, group) in (0..rows).step_by(T::GROUP).zip(panel.chunks_exact_mut(NARROW * T::GROUP)) {
            if T::GROUP == 1 {
                group.copy_from_slice(&part(source, r, left));
            } else {
                interleave(&part(source, r, left), &part(source, r + 1, left), group);
            }
        }
    }
}

/// Up to 32 values of a row from `left` on; those that are missing are zero, also of a row that there is not.
#[inline]
fn part<T: Element>(source: Matrix<'_, T>, row: usize, left: usize) -> [T; NARROW] {
    let values = if row < source.rows() { &source.row(row)[left..] } else { &[] };
    values.first_chunk().copied().unwrap_or_else(|| {
        let mut padded = [T::default(); NARROW];
        padded[..values.len()].copy_from_slice(values);
        padded
    })
}

/// Values of two rows in turn.
#[inline]
fn interleave<T: Element>(first: &[T; NARROW], second: &[T; NARROW], to: &mut [T]) {
    for (to, (a, b)) in to.as_chunks_mut::<2>().0.iter_mut().zip(first.iter().zip(second)) {
        *to = [*a, *b];
    }
}
