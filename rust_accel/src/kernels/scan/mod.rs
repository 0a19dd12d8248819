//! Scores of compact rows against one query or a panel of queries, and the memory that such rows lie in.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod bytes;
mod generic;

pub use bytes::{ByteQueries, ByteRows};

use super::isa::Level;
use super::{Bf16, Isa, Matrix};

/// Columns of a panel of queries, and scores that one word of [`at_least`] speaks for.
pub const COLUMNS: usize = 32;

macro_rules! dot {
    ($name:ident, $type:ty) => {
        /// `out[i] = rows[i] . query`, summed in f32 in an order that depends on the length alone: equal rows give equal
        /// bits, whatever their place.
        ///
        /// # Panics
        /// When `query` is not `rows.columns` long or `out` not `rows.rows`.
        pub fn $name(isa: Isa, rows: Matrix<'_, $type>, query: &[f32], out: &mut [f32]) {
            assert_eq!((rows.columns, rows.rows), (query.len(), out.len()), "dot: shapes differ");
            match isa.level() {
                Level::Scalar => generic::dot(rows, query, out),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: an `Isa` of this level exists only where detection found AVX2 and FMA.
                Level::Avx2 => unsafe { avx2::$name(rows, query, out) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: an `Isa` of these levels exists only where detection found AVX-512F, AVX2 and FMA.
                Level::Avx512 | Level::Avx512Vnni | Level::Avx512Bf16 => unsafe { avx512::$name(rows, query, out) },
            }
        }
    };
}

dot!(dot_full, f32);
dot!(dot_halves, Bf16);

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
