//! The inputs of a layer of bytes that are multiplied as f32.

use super::weights::Layout;
use crate::error::Result;
use crate::kernels::{Buffer, Element, Panel, WIDE, Width};

/// The inputs of a layer of bytes that stay f32, whose weights as bytes are zero, and their own weights in panels.
pub(super) struct Exact {
    inputs: Vec<usize>,
    weights: Buffer,
}

impl Exact {
    /// How many they are.
    pub(super) fn count(&self) -> usize {
        self.inputs.len()
    }

    /// The `count` inputs of the largest weights, each measured by all weights of its output.
    ///
    /// # Errors
    /// As `Layout::rows`.
    pub(super) fn choose(layout: &Layout<'_>, count: usize, bytes: &mut Vec<u8>) -> Result<Self> {
        if count == 0 {
            return Ok(Self { inputs: vec![], weights: Buffer::default() });
        }
        let (mut largest, mut values) = (vec![0.0_f32; layout.inputs], vec![0.0_f32; layout.inputs]);
        layout.rows(bytes, |_, row| {
            // Sums side by side, since each addition waits for the one before.
            let mut sums = [0.0_f32; 16];
            values.iter_mut().zip(row.values()).for_each(|(to, value)| *to = value);
            for part in values.chunks(sums.len()) {
                sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += value * value);
            }
            let size = sums.iter().sum::<f32>().sqrt();
            let share = if size > 0.0 { 1.0 / size } else { 0.0 };
            for (most, value) in largest.iter_mut().zip(&values) {
                *most = most.max(value.abs() * share);
            }
        })?;
        let mut inputs: Vec<usize> = (0..layout.inputs).collect();
        inputs.sort_by(|a, b| largest[*b].total_cmp(&largest[*a]));
        inputs.truncate(count);
        let weights = Buffer::zeros(layout.outputs().next_multiple_of(WIDE) * inputs.len())?;
        Ok(Self { inputs, weights })
    }

    /// Moves the weights of one output that stay f32; zeros are left in their places.
    pub(super) fn take_weights(&mut self, output: usize, values: &mut [f32]) {
        let panel = &mut self.weights[output / WIDE * WIDE * self.inputs.len()..];
        for (place, input) in panel.iter_mut().skip(output % WIDE).step_by(WIDE).zip(&self.inputs) {
            *place = std::mem::take(&mut values[*input]);
        }
    }

    /// Their weights for panel `number` of the layer.
    pub(super) fn panel(&self, number: usize) -> Panel<'_> {
        let count = self.inputs.len();
        Panel::new(&self.weights[number * count * WIDE..], count, Width::Wide)
    }

    /// Moves the inputs of rows of `width` values to `taken`; zeros are left in their places.
    pub(super) fn take<S: Element>(&self, rows: &mut [S], width: usize, taken: &mut [f32]) {
        let mut taken = taken.iter_mut();
        for row in rows.chunks_exact_mut(width) {
            for (input, taken) in self.inputs.iter().zip(&mut taken) {
                *taken = std::mem::take(&mut row[*input]).to_f32();
            }
        }
    }

    /// Moves them back.
    pub(super) fn put_back<S: Element>(&self, rows: &mut [S], width: usize, taken: &[f32]) {
        let mut taken = taken.iter();
        for row in rows.chunks_exact_mut(width) {
            for (input, taken) in self.inputs.iter().zip(&mut taken) {
                row[*input] = S::from_f32(*taken);
            }
        }
    }
}
