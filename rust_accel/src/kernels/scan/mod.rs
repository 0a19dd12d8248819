//! Scores of compact rows against one query or a panel of queries, and the memory that such rows lie in.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod bytes;
mod generic;
mod pages;

pub use bytes::{ByteQueries, ByteRows};
pub use pages::{Pages, Plain, prefetch};

use super::isa::Level;
use super::{Bf16, Isa, Matrix};

/// Columns of a panel of queries, and scores that one word of [`at_least`] speaks for.
pub const COLUMNS: usize = 32;

/// `out[i] = rows[i] . query`, the rows widened to f32. Equal rows give equal bits, whatever their place.
///
/// # Panics
/// When `query` is not `rows.columns` long or `out` not `rows.rows`.
pub fn dot_halves(isa: Isa, rows: Matrix<'_, Bf16>, query: &[f32], out: &mut [f32]) {
    assert_eq!((rows.columns, rows.rows), (query.len(), out.len()), "dot_halves: shapes differ");
    match isa.level() {
        Level::Scalar => generic::dot_halves::<false>(rows, query, out),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` of this level exists only where detection found AVX2 and FMA.
        Level::Avx2 => unsafe { avx2::dot_halves(rows, query, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` of these levels exists only where detection found AVX-512F, AVX2 and FMA.
        Level::Avx512 | Level::Avx512Vnni | Level::Avx512Bf16 => unsafe { avx512::dot_halves(rows, query, out) },
    }
}

/// Bit `i` of `masks[w]` says whether `scores[32 * w + i] >= floors[i]`.
///
/// # Panics
/// When there are not 32 scores a mask.
pub fn at_least(isa: Isa, scores: &[f32], floors: &[f32; COLUMNS], masks: &mut [u32]) {
    assert_eq!(scores.len(), masks.len() * COLUMNS, "at_least: lengths differ");
    let (scores, _) = scores.as_chunks::<COLUMNS>();
    match isa.level() {
        Level::Scalar => generic::at_least(scores, floors, masks),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` of this level exists only where detection found AVX2 and FMA.
        Level::Avx2 => unsafe { avx2::at_least(scores, floors, masks) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` of these levels exists only where detection found AVX-512F, AVX2 and FMA.
        Level::Avx512 | Level::Avx512Vnni | Level::Avx512Bf16 => unsafe { avx512::at_least(scores, floors, masks) },
    }
}

#[cfg(test)]
mod tests;
