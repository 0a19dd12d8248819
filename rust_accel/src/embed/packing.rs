//! Weights on their way into panels.

use crate::error::Result;
use crate::kernels::{Buffer, Packed, WIDE, words_mut};
use std::array;

/// Outputs that are packed at once: a group of four bytes of each is a cache line, which is written whole.
const COLUMNS: usize = 16;
const LINE: usize = 64;

/// Some outputs next to each other, on their way into panels of `depth` rows that are all zero.
pub(super) struct Stripe<'a, T: Packed> {
    panels: &'a mut [T],
    depth: usize,
    number: usize,
    /// Which of its outputs were asked for, a bit each.
    given: u16,
    /// A row an output. They are a line further apart than they are long, since lines a power of two apart share few places
    /// of a cache.
    rows: Buffer<T>,
}

impl<'a, T: Packed> Stripe<'a, T> {
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn new(panels: &'a mut [T], depth: usize) -> Result<Self> {
        Ok(Self { panels, depth, number: 0, given: 0, rows: Buffer::zeros(COLUMNS * Self::apart(depth))? })
    }

    fn apart(depth: usize) -> usize {
        depth + LINE / size_of::<T>()
    }

    /// Where the values of an output go, as many of each; what is more stays zero. Outputs come in their order.
    pub(super) fn row(&mut self, output: usize) -> &mut [T] {
        if output / COLUMNS != self.number {
            self.write();
            self.number = output / COLUMNS;
        }
        self.given |= 1 << (output % COLUMNS);
        &mut self.rows[output % COLUMNS * Self::apart(self.depth)..][..self.depth]
    }

    /// After the last output.
    pub(super) fn end(mut self) {
        self.write();
    }

    fn write(&mut self) {
        let (left, apart, length) = (self.number * COLUMNS, Self::apart(self.depth), self.depth / T::GROUP);
        let given = std::mem::take(&mut self.given);
        for column in (0..COLUMNS).filter(|column| given & 1 << column == 0) {
            // What an output of an earlier stripe left there.
            self.rows[column * apart..][..self.depth].fill(T::default());
        }
        let panel = words_mut(&mut self.panels[left / WIDE * WIDE * self.depth..][..WIDE * self.depth]);
        let lines = panel.as_chunks_mut::<COLUMNS>().0.iter_mut().skip(left % WIDE / COLUMNS).step_by(WIDE / COLUMNS);
        let groups = words_mut(&mut self.rows);
        let rows: [&[u32]; COLUMNS] = array::from_fn(|column| &groups[column * apart / T::GROUP..][..length]);
        for (k, line) in (0..length).zip(lines) {
            for (to, row) in line.iter_mut().zip(rows) {
                *to = row[k];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stripe;
    use crate::kernels::{Bf16, Element, Packed, WIDE, panel_place};

    fn packed<T: Packed + PartialEq + std::fmt::Debug>(outputs: &[usize], depth: usize, make: impl Fn(f32) -> T) {
        let panels = outputs.last().map_or(0, |last| (last + 1).next_multiple_of(WIDE)) * depth;
        let (mut found, mut wanted) = (vec![T::default(); panels], vec![T::default(); panels]);
        let mut stripe = Stripe::new(&mut found, depth).unwrap();
        for output in outputs {
            // The last value of each row is left out, as where inputs fill no whole group.
            for k in 0..depth - 1 {
                let value = make((output * depth + k) as f32 % 101.0 + 1.0);
                stripe.row(*output)[k] = value;
                wanted[output / WIDE * WIDE * depth + panel_place::<T>(k, output % WIDE, WIDE)] = value;
            }
        }
        stripe.end();
        assert_eq!(found, wanted);
    }

    #[test]
    fn every_value_gets_to_its_place_and_what_is_left_out_is_zero() {
        let gaps: Vec<usize> = (0..200).filter(|output| output % 7 < 5).collect();
        for outputs in [vec![0], vec![47], vec![48], (0..48).collect(), (0..109).collect(), vec![3, 90, 95], gaps] {
            for depth in [4, 8, 100] {
                packed(&outputs, depth, |value| value);
                packed(&outputs, depth, Bf16::from_f32);
                packed(&outputs, depth, |value| value as i8);
            }
        }
    }
}
