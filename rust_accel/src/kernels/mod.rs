//! Arithmetic on `f32` slices, one implementation per instruction set behind safe functions that check every length.
//!
//! This is the only module that may contain `unsafe`. `generic` is the scalar twin of each kernel.
#![allow(unsafe_code, reason = "intrinsics, one aligned buffer and one file mapping; see each SAFETY line")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod buffer;
mod element;
mod generic;
mod isa;
mod mapped;
mod matrix;

pub use buffer::Buffer;
pub use element::{Bf16, Element};
pub use isa::{FORCE, Isa};
pub use mapped::map;
pub use matrix::{Matrix, MatrixMut, Panel, WIDE, Width};

use isa::Level;
use matrix::Product;

macro_rules! dispatch {
    ($isa:expr, $kernel:ident($($argument:expr),*)) => {
        match $isa.level() {
            Level::Scalar => generic::scalar::$kernel($($argument),*),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this level exists only where detection found AVX2 and FMA.
            Level::Avx2 => unsafe { avx2::$kernel($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of these levels exists only where detection found AVX-512F, AVX2 and FMA.
            Level::Avx512 | Level::Avx512Vnni | Level::Avx512Bf16 => unsafe { avx512::$kernel($($argument),*) },
        }
    };
}

/// What `multiply` does with a product and its bias.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finish {
    /// It overwrites `out`.
    Replace,
    /// It is added to what `out` holds.
    Add,
    /// `gelu` of it overwrites `out`.
    Gelu,
}

const ROWS: usize = 8;

/// `out = a * b + bias`, finished as asked, for the columns of one packed panel. Sums are f32.
///
/// # Panics
/// When the shapes do not fit: `a` is `[m, k]`, `b` `[k, columns]`, `bias` at least `columns.width()` long and `out`
/// `[m, columns]`. Callers derive all of them from one validated shape.
pub fn multiply<T: Element, O: Element>(
    isa: Isa,
    a: Matrix<'_, T>,
    b: Panel<'_, T>,
    bias: &[f32],
    out: MatrixMut<'_, O>,
    finish: Finish,
) {
    if out.columns == b.width.columns() {
        return T::multiply(isa, &mut Product::new(a, b, bias, out, finish));
    }
    let mut out = out;
    let mut tile = [0.0; ROWS * WIDE];
    let width = b.width.columns();
    for top in (0..a.rows).step_by(ROWS) {
        let rows = ROWS.min(a.rows - top);
        let plain = if finish == Finish::Gelu { Finish::Gelu } else { Finish::Replace };
        let target = MatrixMut::new(&mut tile, rows, width, width);
        T::multiply(isa, &mut Product::new(a.below(top, rows), b, bias, target, plain));
        for r in 0..rows {
            for (to, from) in out.row_mut(top + r).iter_mut().zip(&tile[r * width..]) {
                *to = O::from_f32(if finish == Finish::Add { to.to_f32() + from } else { *from });
            }
        }
    }
}

/// `to[i]` is the nearest value to `from[i]`.
///
/// # Panics
/// When the lengths differ.
pub fn narrow<T: Element>(isa: Isa, from: &[f32], to: &mut [T]) {
    assert_eq!(from.len(), to.len(), "narrow: lengths differ");
    dispatch!(isa, narrow(from, to));
}

/// `out[i] = rows[i] . query`. Equal rows give equal bits, whatever their place.
///
/// # Panics
/// When `query` is not `rows.columns` long or `out` not `rows.rows`.
pub fn dot_rows(isa: Isa, rows: Matrix<'_>, query: &[f32], out: &mut [f32]) {
    assert_eq!((rows.columns, rows.rows), (query.len(), out.len()), "dot_rows: shapes differ");
    dispatch!(isa, dot_rows(rows, query, out));
}

/// Softmax of each row, in place.
pub fn softmax(isa: Isa, scores: &mut MatrixMut<'_>) {
    dispatch!(isa, softmax(scores));
}

/// The parameters of a layer normalisation (Ba et al. 2016).
pub struct LayerNorm {
    /// Multiplied with the normalised value, one per column.
    pub gain: Vec<f32>,
    /// Added afterwards, one per column.
    pub bias: Vec<f32>,
    /// Added to the variance.
    pub epsilon: f32,
}

/// Normalises each row to mean 0 and variance 1, then scales and shifts it.
///
/// # Panics
/// When `gain` or `bias` is not `values.columns` long.
pub fn layer_norm(isa: Isa, values: &mut MatrixMut<'_>, norm: &LayerNorm) {
    assert_eq!((norm.gain.len(), norm.bias.len()), (values.columns, values.columns), "layer_norm: shapes differ");
    dispatch!(isa, layer_norm(values, norm));
}

#[cfg(test)]
mod tests;
