//! Arithmetic on `f32` slices, one implementation per instruction set behind safe functions that check every length.
//!
//! This is the only module that may contain `unsafe`. `generic` is the scalar twin of each kernel.
#![allow(unsafe_code, reason = "intrinsics, aligned buffers and pages; see each SAFETY line")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod buffer;
mod element;
mod generic;
mod isa;
mod matrix;
mod pages;
pub mod scan;

pub use buffer::Buffer;
pub use element::{Bf16, Element, Packed, words_mut};
pub use generic::ROUND;
pub use isa::{FORCE, Isa};
pub use matrix::{Affine, BytePanel, Bytes, MOST_BYTES, Matrix, MatrixMut, Panel, Toeplitz, WIDE, Width, panel_place};
pub use pages::{Pages, prefetch};

use isa::Level;
use matrix::{ByteProduct, Product};

macro_rules! dispatch {
    ($isa:expr, $kernel:ident($($argument:expr),*)) => {
        match $isa.level() {
            Level::Scalar => generic::scalar::$kernel($($argument),*),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this level exists only where detection found AVX2 and FMA.
            Level::Avx2 => unsafe { avx2::$kernel($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of these levels exists only where detection found AVX-512F, AVX2 and FMA.
            Level::Avx512 | Level::Avx512Vnni => unsafe { avx512::plain::$kernel($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this level exists only where detection found these and AVX-512 BW, VL and BF16.
            Level::Avx512Bf16 => unsafe { avx512::bf16::$kernel($($argument),*) },
        }
    };
}

/// What `multiply` does with a product and its bias.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Finish<'a> {
    /// It overwrites `out`.
    Replace,
    /// It is added to what `out` holds.
    Add,
    /// `gelu` of it overwrites `out`.
    Gelu,
    /// Multiplied with one factor a row, it overwrites `out`.
    Scale(&'a [f32]),
    /// A value for each distance between column and row is added to it; it overwrites `out`.
    Offset(Toeplitz<'a>),
}

/// `out = a * b + bias`, finished as asked, for the columns of one packed panel. Sums are f32.
///
/// # Panics
/// When the shapes do not fit: `a` is `[m, k]`, `b` `[k, width]`, `bias` at least `width` long and `out` `[m, columns]`
/// with at most `width` columns. Callers derive all of them from one validated shape.
pub fn multiply<T: Element, O: Element>(
    isa: Isa,
    a: Matrix<'_, T>,
    b: Panel<'_, T>,
    bias: &[f32],
    out: MatrixMut<'_, O>,
    finish: Finish<'_>,
) {
    T::multiply(isa, &mut Product::new(a, b, bias, out, finish));
}

/// As [`multiply`], of bytes: whole sums are exact, and their scales and offsets are applied in f32.
///
/// # Panics
/// As `multiply`.
pub fn multiply_bytes<O: Element>(
    isa: Isa,
    a: Bytes<'_>,
    b: BytePanel<'_>,
    bias: &[f32],
    out: MatrixMut<'_, O>,
    finish: Finish<'_>,
) {
    let product = &mut ByteProduct::new(a, b, bias, out, finish);
    match isa.level() {
        Level::Scalar => generic::scalar::multiply_bytes(product),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` of these levels exists only where detection found AVX2 and FMA.
        Level::Avx2 | Level::Avx512 => unsafe { avx2::multiply_bytes(product) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` of this level exists only where detection found AVX-512 with BW, VL and VNNI as well.
        Level::Avx512Vnni => unsafe { avx512::quads::multiply(product) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above, and BF16.
        Level::Avx512Bf16 => unsafe { avx512::quads_bf16::multiply(product) },
    }
}

/// Each row of `values` in 256 equal steps from its least to its greatest value, to `out`, row after row, and the
/// steps to `rows`. The same bytes on every level.
///
/// # Panics
/// When `out` or `rows` is too short.
pub fn quantise<T: Element>(isa: Isa, values: Matrix<'_, T>, out: &mut [u8], rows: &mut [Affine]) {
    assert!(out.len() >= values.rows * values.columns && rows.len() >= values.rows, "quantise: too little room");
    dispatch!(isa, quantise(values, out, rows));
}

/// `to[i]` is the nearest value to `from[i]`.
///
/// # Panics
/// When the lengths differ.
pub fn narrow<T: Element>(isa: Isa, from: &[f32], to: &mut [T]) {
    assert_eq!(from.len(), to.len(), "narrow: lengths differ");
    dispatch!(isa, narrow(from, to));
}

/// `exp(score - row maximum)` of each row to `out`, and 1 / its sum to `inverse`: their product is the softmax. Columns
/// that `out` has more are zero. `scores` is overwritten.
///
/// # Panics
/// When the shapes do not fit.
pub fn softmax<T: Element>(isa: Isa, scores: &mut MatrixMut<'_>, out: &mut MatrixMut<'_, T>, inverse: &mut [f32]) {
    let fits = scores.rows == out.rows && scores.columns <= out.columns && inverse.len() >= scores.rows;
    assert!(fits, "softmax: shapes differ");
    dispatch!(isa, softmax(scores, out, inverse));
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
