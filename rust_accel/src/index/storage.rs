//! How rows are kept, and what keeping them so costs in accuracy.

use crate::error::{Result, invalid};
use crate::kernels::{Bf16, Element, ROUND};

/// The longest vector, squared. No product of two can overflow an f32, whatever they are rounded to: as bytes, a row is
/// at most 2.01 times as long.
pub(super) const LONGEST: f64 = 6e37;

/// The numbers that a scan reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    /// Four bytes a value.
    F32,
    /// Two bytes a value: 8 bits of precision.
    Bf16,
    /// One byte a value, -127..=127, and one scale a row.
    Int8,
}

impl Storage {
    /// Every storage, the largest first.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::Int8];

    /// `f32`, `bf16` or `int8`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }

    /// # Errors
    /// `Error::Invalid` for another name.
    pub fn named(name: &str) -> Result<Self> {
        match Self::ALL.into_iter().find(|storage| storage.name() == name) {
            Some(storage) => Ok(storage),
            None => invalid(format!("no storage {name:?}; known: {:?}", Self::ALL.map(Self::name))),
        }
    }
}

/// What an index is made with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// Values of a vector.
    pub dimension: usize,
    /// Codes of a row.
    pub columns: usize,
    /// What a scan reads.
    pub storage: Storage,
    /// Whether the f32 values are kept beside a compact storage, for exact scores.
    pub keep_f32: bool,
}

impl Config {
    /// f32 rows without codes.
    #[must_use]
    pub fn new(dimension: usize) -> Self {
        Self { dimension, columns: 0, storage: Storage::F32, keep_f32: true }
    }

    /// # Errors
    /// `Error::Invalid` for a dimension of 0 or above 65,536, more than 64 columns, or f32 rows that are not kept.
    pub(super) fn check(self) -> Result<Self> {
        if !(1..=65_536).contains(&self.dimension) {
            return invalid(format!("dimension is {}, not in 1..=65536", self.dimension));
        }
        if self.columns > 64 {
            return invalid(format!("columns is {}, more than 64", self.columns));
        }
        if self.storage == Storage::F32 && !self.keep_f32 {
            return invalid("keep_f32=False needs a storage other than \"f32\"");
        }
        Ok(self)
    }

    /// The longest row, squared, as it is kept.
    pub(super) fn longest(self) -> f64 {
        if self.keep_f32 { LONGEST } else { LONGEST * 4.1 }
    }

    /// Values from one f32 row to the next: whole cache lines.
    pub(super) fn f32_stride(self) -> usize {
        self.dimension.next_multiple_of(16)
    }

    /// Values from one compact row to the next: whole cache lines.
    pub(super) fn stride(self) -> usize {
        match self.storage {
            Storage::F32 => self.f32_stride(),
            Storage::Bf16 => self.dimension.next_multiple_of(32),
            Storage::Int8 => self.dimension.next_multiple_of(64),
        }
    }
}

/// At least the length of a row, and at least that of what its compact form leaves out.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(super) struct Extent {
    pub(super) length: f32,
    pub(super) error: f32,
}

impl Extent {
    /// Of a row of `n` values that scores are computed from, and of the one that is scanned: `pair(i)` is a value of both.
    fn of(n: usize, pair: impl Fn(usize) -> (f64, f64)) -> Self {
        let length = squares(n, |i| pair(i).0);
        let error = squares(n, |i| pair(i).0 - pair(i).1);
        Self { length: above(length), error: above(error) }
    }

    pub(super) fn max(self, other: Self) -> Self {
        Self { length: self.length.max(other.length), error: self.error.max(other.error) }
    }
}

/// The sum of the squares of `n` values, in eight sums: in one, each addition would wait for the one before.
#[inline]
pub(super) fn squares(n: usize, value: impl Fn(usize) -> f64) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    for left in (0..n).step_by(LANES) {
        for i in 0..LANES.min(n - left) {
            sums[i] += value(left + i) * value(left + i);
        }
    }
    sums.iter().sum()
}

/// At least the root. The sum has an error of 2^-36 at most, a step of an f32 is 2^-24; an exact zero stays one.
fn above(square: f64) -> f32 {
    if square == 0.0 { 0.0 } else { (square.sqrt() as f32).next_up().next_up() }
}

/// The extent of an f32 row that is scanned as it is.
pub(super) fn measure(vector: &[f32]) -> Extent {
    Extent::of(vector.len(), |i| (f64::from(vector[i]), f64::from(vector[i])))
}

/// Writes a row as bf16. With `kept`, scores come from `vector`, otherwise from what is written.
pub(super) fn halve(vector: &[f32], kept: bool, out: &mut [Bf16]) -> Extent {
    for (out, value) in out.iter_mut().zip(vector) {
        *out = Bf16::from_f32(*value);
    }
    Extent::of(vector.len(), |i| {
        let half = f64::from(out[i].to_f32());
        (if kept { f64::from(vector[i]) } else { half }, half)
    })
}

/// Writes a row as bytes; returns their scale and the row's extent.
pub(super) fn quantise(vector: &[f32], kept: bool, out: &mut [u8]) -> (f32, Extent) {
    let scale = largest(vector) / 127.0;
    for (out, value) in out.iter_mut().zip(vector) {
        // Any code is allowed: what it misses is measured below.
        let code = if scale > 0.0 { nearest(*value / scale) } else { 0 };
        *out = (code + 128).cast_unsigned() as u8;
    }
    (scale, measure_bytes(kept.then_some(vector), out, scale))
}

/// The extent of a row of bytes; `vector` is what its scores come from, where that is kept.
pub(super) fn measure_bytes(vector: Option<&[f32]>, codes: &[u8], scale: f32) -> Extent {
    let near = |code: u8| f64::from(scale) * f64::from(i16::from(code) - 128);
    match vector {
        Some(vector) => Extent::of(codes.len(), |i| (f64::from(vector[i]), near(codes[i]))),
        None => Extent::of(codes.len(), |i| (f64::from(widen(codes[i], scale)), near(codes[i]))),
    }
}

/// The value of a byte.
pub(super) fn widen(code: u8, scale: f32) -> f32 {
    f32::from(i16::from(code) - 128) * scale
}

/// The largest absolute value.
pub(super) fn largest(vector: &[f32]) -> f32 {
    vector.iter().fold(0.0, |most, value| if value.abs() > most { value.abs() } else { most })
}

/// The nearest whole number within -127..=127, ties to even.
pub(super) fn nearest(value: f32) -> i32 {
    ((value.clamp(-127.0, 127.0) + ROUND) - ROUND) as i32
}

#[cfg(test)]
mod tests {
    use super::{Extent, halve, nearest, quantise, widen};
    use crate::kernels::{Bf16, Element};

    fn rows() -> Vec<Vec<f32>> {
        let smallest = f32::from_bits(1);
        vec![
            vec![0.0; 5],
            vec![-0.0, 1.0, -1.0],
            vec![smallest; 3],
            vec![smallest * 190.0, smallest * 3.0],
            vec![1e-38, 1e18, -3e17],
            vec![1e18; 9],
            (0..1000).map(|i| (i as f32 * 0.7).sin()).collect(),
        ]
    }

    fn length(values: impl Iterator<Item = f64>) -> f64 {
        values.map(|v| v * v).sum::<f64>().sqrt()
    }

    #[test]
    fn extents_are_never_below_what_they_bound() {
        for row in rows() {
            for kept in [true, false] {
                let check = |extent: Extent, near: Vec<f64>, stored: Vec<f64>| {
                    let exact: Vec<f64> = if kept { row.iter().map(|v| f64::from(*v)).collect() } else { stored };
                    let error = length(exact.iter().zip(&near).map(|(a, b)| a - b));
                    assert!(f64::from(extent.length) >= length(exact.into_iter()), "{row:?}");
                    assert!(f64::from(extent.error) >= error && f64::from(extent.error) <= error * 1.000_001 + 1e-44);
                };
                let mut halves = vec![Bf16::default(); row.len()];
                let extent = halve(&row, kept, &mut halves);
                let near: Vec<f64> = halves.iter().map(|v| f64::from(v.to_f32())).collect();
                check(extent, near.clone(), near);
                let mut codes = vec![0; row.len()];
                let (scale, extent) = quantise(&row, kept, &mut codes);
                let near = codes.iter().map(|c| f64::from(scale) * (f64::from(*c) - 128.0)).collect();
                check(extent, near, codes.iter().map(|c| f64::from(widen(*c, scale))).collect());
            }
        }
    }

    #[test]
    fn bytes_miss_at_most_half_a_step() {
        let row = rows().pop().unwrap();
        let mut codes = vec![0; row.len()];
        let (scale, _) = quantise(&row, true, &mut codes);
        for (value, code) in row.iter().zip(&codes) {
            assert!((value - widen(*code, scale)).abs() <= scale * 0.500_01);
        }
        assert_eq!([-1e9, -0.5, 0.5, 1.5, 1e9].map(nearest), [-127, 0, 0, 2, 127]);
    }
}
