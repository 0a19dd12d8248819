//! Kernels over single rows: `generic` ones compiled for these instructions, and those that gain from their own form.

use super::super::LayerNorm;
use super::super::element::Element;
use super::super::generic::{self, EXP2};
use super::super::matrix::{Affine, Matrix, MatrixMut};
use super::register::Register;
use std::arch::x86_64::{
    __m128i, __m512, __mmask16, _mm512_add_ps, _mm512_cvtps_epi32, _mm512_cvtusepi32_epi8, _mm512_fmadd_ps,
    _mm512_fmsub_ps, _mm512_mask_loadu_ps, _mm512_mask_storeu_ps, _mm512_maskz_mov_ps, _mm512_max_ps, _mm512_min_ps,
    _mm512_mul_ps, _mm512_reduce_add_ps, _mm512_reduce_max_ps, _mm512_reduce_min_ps, _mm512_roundscale_ps,
    _mm512_scalef_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_sub_ps,
};

const LANES: usize = 16;

/// `2^x` for x <= 0, to a relative 1.2e-7, or to 2.6e-6 for results of which 8 bits are kept.
#[target_feature(enable = "avx512f")]
#[inline]
fn exp2<T: Element>(x: __m512) -> __m512 {
    /// Weighted least squares at Chebyshev nodes, as `generic::ERF`.
    const COARSE: [f32; 5] = [0.999_999_3, 0.693_121_8, 0.240_247_44, 0.055_917_863, 0.009_570_1];
    let whole = _mm512_roundscale_ps::<0>(x);
    let rest = _mm512_sub_ps(x, whole);
    let terms: &[f32] = if T::COARSE { &COARSE } else { &EXP2 };
    let mut p = _mm512_set1_ps(terms[terms.len() - 1]);
    for c in terms[..terms.len() - 1].iter().rev() {
        p = _mm512_fmadd_ps(p, rest, _mm512_set1_ps(*c));
    }
    _mm512_scalef_ps(p, whole)
}

/// The lanes of 16 that a row of `columns` has from `left` on.
fn lanes(columns: usize, left: usize) -> __mmask16 {
    ((1_u32 << (columns - left).min(LANES)) - 1) as __mmask16
}

macro_rules! rows {
    ($module:ident, $features:literal, $store:ident) => {
        pub(in super::super) mod $module {
            use super::*;

            #[target_feature(enable = $features)]
            pub(in super::super::super) fn layer_norm(values: &mut MatrixMut<'_>, norm: &LayerNorm) {
                generic::layer_norm::<true>(values, norm);
            }

            #[target_feature(enable = $features)]
            pub(in super::super::super) fn quantise<T: Element>(
                values: Matrix<'_, T>,
                out: &mut [u8],
                rows: &mut [Affine],
            ) {
                if !values.columns().is_multiple_of(LANES) {
                    return generic::quantise(values, out, rows);
                }
                for (r, to) in (0..values.rows()).zip(out.chunks_exact_mut(values.columns())) {
                    rows[r] = steps(values.row(r), to);
                }
            }

            /// One row, of whole registers.
            #[target_feature(enable = $features)]
            #[inline]
            fn steps<T: Element>(row: &[T], out: &mut [u8]) -> Affine {
                let (row, _) = row.as_chunks::<LANES>();
                let (mut least, mut most) = (_mm512_set1_ps(f32::INFINITY), _mm512_set1_ps(f32::NEG_INFINITY));
                for x in row {
                    // SAFETY: `x` is 16 values.
                    let x = unsafe { T::load(x.as_ptr()) };
                    (least, most) = (_mm512_min_ps(least, x), _mm512_max_ps(most, x));
                }
                let affine = Affine::between(_mm512_reduce_min_ps(least), _mm512_reduce_max_ps(most));
                let (offset, steps) = (_mm512_set1_ps(affine.offset), _mm512_set1_ps(affine.steps()));
                for (x, to) in row.iter().zip(out.as_chunks_mut::<LANES>().0) {
                    // SAFETY: `x` is 16 values and `to` as many bytes.
                    unsafe {
                        let x = _mm512_mul_ps(_mm512_sub_ps(T::load(x.as_ptr()), offset), steps);
                        let bytes = _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(x));
                        to.as_mut_ptr().cast::<__m128i>().write_unaligned(bytes);
                    }
                }
                affine
            }

            #[target_feature(enable = $features)]
            pub(in super::super::super) fn narrow<T: Element>(from: &[f32], to: &mut [T]) {
                let (from, from_rest) = from.as_chunks::<LANES>();
                let (to, to_rest) = to.as_chunks_mut::<LANES>();
                for (from, to) in from.iter().zip(to) {
                    // SAFETY: both are 16 values.
                    unsafe { T::$store(to.as_mut_ptr(), f32::load(from.as_ptr())) };
                }
                generic::narrow(from_rest, to_rest);
            }

            #[target_feature(enable = $features)]
            pub(in super::super::super) fn softmax<T: Element>(
                scores: &mut MatrixMut<'_>,
                out: &mut MatrixMut<'_, T>,
                inverse: &mut [f32],
            ) {
                for r in 0..scores.rows {
                    inverse[r] = 1.0 / exponents(scores.row_mut(r), out.row_mut(r));
                }
            }

            /// `exp(score - maximum)` to `out`, whose other columns become 0; returns the sum.
            #[target_feature(enable = $features)]
            #[inline]
            fn exponents<T: Element>(scores: &mut [f32], out: &mut [T]) -> f32 {
                let columns = scores.len();
                let least = _mm512_set1_ps(f32::NEG_INFINITY);
                let mut most = least;
                for left in (0..columns).step_by(LANES) {
                    // SAFETY: the mask has only lanes that the row has.
                    let x = unsafe { _mm512_mask_loadu_ps(least, lanes(columns, left), scores.as_ptr().add(left)) };
                    most = _mm512_max_ps(most, x);
                }
                let most = _mm512_set1_ps(_mm512_reduce_max_ps(most));
                let base = _mm512_set1_ps(std::f32::consts::LOG2_E);
                let top = _mm512_mul_ps(most, base);
                let mut total = _mm512_setzero_ps();
                for left in (0..columns).step_by(LANES) {
                    let mask = lanes(columns, left);
                    // SAFETY: as above.
                    let x = unsafe { _mm512_mask_loadu_ps(most, mask, scores.as_ptr().add(left)) };
                    let e = exp2::<T>(_mm512_fmsub_ps(x, base, top));
                    let e = _mm512_maskz_mov_ps(mask, e);
                    total = _mm512_add_ps(total, e);
                    if let Some(whole) = out[left..].first_chunk_mut::<LANES>() {
                        // SAFETY: `whole` is 16 values.
                        unsafe { T::$store(whole.as_mut_ptr(), e) };
                    } else {
                        let mut values = [0.0; LANES];
                        // SAFETY: the array is as long as the register.
                        unsafe { _mm512_mask_storeu_ps(values.as_mut_ptr(), u16::MAX, e) };
                        generic::narrow(&values[..out.len() - left], &mut out[left..]);
                    }
                }
                if let Some(padding) = out.get_mut(columns.next_multiple_of(LANES)..) {
                    padding.fill(T::default());
                }
                _mm512_reduce_add_ps(total)
            }
        }
    };
}

rows!(plain, "avx512f,avx2,fma", store);
rows!(bf16, "avx512f,avx512bw,avx512vl,avx512bf16,avx2,fma", store_bf16);
