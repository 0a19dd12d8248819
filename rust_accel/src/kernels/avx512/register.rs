//! Numbers in registers of 16 f32.

use super::super::element::{Bf16, Element};
use super::super::generic::{ERF, ERF_LIMIT, ROUND};
use std::arch::x86_64::{
    __m256bh, __m256i, __m512, _mm256_loadu_si256, _mm256_storeu_si256, _mm512_abs_ps, _mm512_castps_si512,
    _mm512_castsi512_ps, _mm512_cvtepu16_epi32, _mm512_cvtneps_pbh, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps,
    _mm512_min_ps, _mm512_mul_ps, _mm512_permutexvar_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_slli_epi32,
    _mm512_storeu_ps,
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

/// `x / 2 + h(|x|)` is GELU for `h(u) = u erf(u / sqrt 2) / 2`. These are the coefficients of 1, u and u^2 on 16 pieces of
/// `PIECE` around 0, 1, 2 ... of it: interpolation at Chebyshev nodes, `h(0) = 0` in the first one, `u / 2` in the last.
/// The largest error is 9.2e-5.
const PIECES: [[f32; 16]; 3] = [
    [
        0.0,
        -0.000_991_795_4,
        -0.016_516_354,
        -0.070_371_26,
        -0.169_803_74,
        -0.290_786_3,
        -0.389_763_24,
        -0.430_580_85,
        -0.404_241_3,
        -0.328_934_37,
        -0.235_117_39,
        -0.149_043_96,
        -0.084_383_34,
        -0.042_897_534,
        -0.019_662_73,
        0.0,
    ],
    [
        0.000_122_835_58,
        0.011_008_451,
        0.082_043_804,
        0.233_551_32,
        0.434_843_8,
        0.626_067_5,
        0.754_541_4,
        0.799_860_3,
        0.775_499_7,
        0.712_962_5,
        0.643_041,
        0.584_923_9,
        0.545_031_96,
        0.521_474_06,
        0.509_253_5,
        0.5,
    ],
    [
        0.396_855_74,
        0.367_161_87,
        0.285_227_3,
        0.178_319_92,
        0.076_272_87,
        0.000_636_057_4,
        -0.041_079_585,
        -0.053_660_095,
        -0.048_027_743,
        -0.035_040_9,
        -0.022_009_848,
        -0.012_197_833_5,
        -0.006_044_140_6,
        -0.002_699_374,
        -0.001_092_333_8,
        0.0,
    ],
];
/// Above the last border between pieces, GELU is its argument, or 0, to 8.5e-5.
const PIECE: f32 = 4.1 / 14.5;

/// As `generic::gelu_lanes`, as finely as `O` can show.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn gelu<O: Element>(x: __m512) -> __m512 {
    if O::COARSE { pieces(x) } else { polynomial(x, &ERF, ERF_LIMIT) }
}

/// Half as many instructions as a polynomial of the same error.
#[target_feature(enable = "avx512f")]
#[inline]
fn pieces(x: __m512) -> __m512 {
    let u = _mm512_abs_ps(x);
    let near = _mm512_fmadd_ps(u, _mm512_set1_ps(1.0 / PIECE), _mm512_set1_ps(ROUND));
    // The number of the piece is in the lowest bits, of which the permutation reads four.
    let piece = _mm512_castps_si512(_mm512_min_ps(near, _mm512_set1_ps(ROUND + 15.0)));
    let mut coefficients = [_mm512_setzero_ps(); 3];
    for (coefficient, row) in coefficients.iter_mut().zip(&PIECES) {
        // SAFETY: a row is as long as the register.
        *coefficient = _mm512_permutexvar_ps(piece, unsafe { _mm512_loadu_ps(row.as_ptr()) });
    }
    let [one, first, second] = coefficients;
    let even = _mm512_fmadd_ps(_mm512_fmadd_ps(second, u, first), u, one);
    _mm512_fmadd_ps(_mm512_set1_ps(0.5), x, even)
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
