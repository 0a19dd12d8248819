//! Numbers in registers of 16 f32.

use super::super::element::{Bf16, Element};
use super::super::generic::{COARSE_ERF, COARSE_ERF_LIMIT, ERF, ERF_LIMIT};
use std::arch::x86_64::{
    __m256bh, __m256i, __m512, _mm256_loadu_si256, _mm256_storeu_si256, _mm512_castsi512_ps, _mm512_cvtepu16_epi32,
    _mm512_cvtneps_pbh, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_set1_ps,
    _mm512_slli_epi32, _mm512_storeu_ps,
};

/// A number of which 16 go to and from a register of f32.
pub trait Register: Sized {
    /// # Safety
    /// AVX-512F; 16 values at `from` may be read.
    #[doc(hidden)]
    unsafe fn load(from: *const Self) -> __m512;

    /// # Safety
    /// AVX-512F; 16 values at `to` may be written.
    #[doc(hidden)]
    unsafe fn store(to: *mut Self, values: __m512);

    /// # Safety
    /// As `store`, and AVX-512 VL and BF16.
    #[doc(hidden)]
    unsafe fn store_bf16(to: *mut Self, values: __m512);
}

impl Register for f32 {
    #[target_feature(enable = "avx512f")]
    #[inline]
    unsafe fn load(from: *const Self) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    unsafe fn store(to: *mut Self, values: __m512) {
        // SAFETY: the caller's.
        unsafe { _mm512_storeu_ps(to, values) }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    unsafe fn store_bf16(to: *mut Self, values: __m512) {
        // SAFETY: the caller's.
        unsafe { _mm512_storeu_ps(to, values) }
    }
}

#[allow(clippy::cast_ptr_alignment, reason = "`loadu` and `storeu` take any address")]
impl Register for Bf16 {
    #[target_feature(enable = "avx512f")]
    #[inline]
    unsafe fn load(from: *const Self) -> __m512 {
        // SAFETY: the caller's: 16 values are 32 bytes.
        let halves = unsafe { _mm256_loadu_si256(from.cast::<__m256i>()) };
        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(halves)))
    }

    /// Without the instruction: rounded as `from_f32` does.
    #[target_feature(enable = "avx512f")]
    #[inline]
    unsafe fn store(to: *mut Self, values: __m512) {
        let mut lanes = [0.0; 16];
        // SAFETY: the array is as long as the register, and the caller's for `to`.
        unsafe {
            _mm512_storeu_ps(lanes.as_mut_ptr(), values);
            to.cast::<[Self; 16]>().write_unaligned(lanes.map(Self::from_f32));
        }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512bf16")]
    #[inline]
    unsafe fn store_bf16(to: *mut Self, values: __m512) {
        // SAFETY: both are 32 bytes of plain numbers; the caller's for `to`.
        unsafe {
            let halves = std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(values));
            _mm256_storeu_si256(to.cast::<__m256i>(), halves);
        }
    }
}

/// As `generic::gelu_lanes`, as finely as `O` can show.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn gelu<O: Element>(x: __m512) -> __m512 {
    if O::COARSE { polynomial(x, &COARSE_ERF, COARSE_ERF_LIMIT) } else { polynomial(x, &ERF, ERF_LIMIT) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn polynomial<const N: usize>(x: __m512, erf: &[f32; N], limit: f32) -> __m512 {
    let clipped = _mm512_max_ps(_mm512_min_ps(x, _mm512_set1_ps(limit)), _mm512_set1_ps(-limit));
    let scale = _mm512_set1_ps(2.0 / (limit * limit));
    let t = _mm512_fmadd_ps(_mm512_mul_ps(clipped, clipped), scale, _mm512_set1_ps(-1.0));
    let mut p = _mm512_set1_ps(erf[N - 1]);
    for c in erf[..N - 1].iter().rev() {
        p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(*c));
    }
    let half = _mm512_mul_ps(_mm512_set1_ps(0.5), x);
    _mm512_fmadd_ps(half, _mm512_mul_ps(p, clipped), half)
}
