//! AVX2. Bytes are widened to 16 bits first: the instruction that multiplies bytes saturates.

use super::COLUMNS;
use super::bytes::{ByteQueries, ByteRows};
use crate::kernels::{Bf16, Matrix};
use std::arch::x86_64::{
    __m256, _CMP_GE_OQ, _MM_HINT_T0, _mm_loadu_si128, _mm_prefetch, _mm256_add_epi32, _mm256_add_ps,
    _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cvtepi32_ps, _mm256_cvtepu8_epi16, _mm256_cvtepu16_epi32,
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_movemask_ps, _mm256_mul_ps,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_slli_epi32, _mm256_storeu_ps,
    _mm256_storeu_si256, _mm256_sub_epi32,
};

const LANES: usize = 8;
/// Values of a row that are multiplied at a time.
const STEP: usize = 8 * LANES;
const ROWS: usize = 2;
/// How far ahead of a stream lines are asked for.
const AHEAD: usize = 4096;

/// Products of rows with one query, one row after the other; `$load` widens eight values to f32.
macro_rules! dot {
    ($name:ident, $type:ty, |$from:ident| $load:expr) => {
        #[target_feature(enable = "avx2,fma")]
        pub(super) fn $name(rows: Matrix<'_, $type>, query: &[f32], out: &mut [f32]) {
            #[target_feature(enable = "avx2,fma")]
            #[inline]
            fn step(sums: &mut [__m256; 8], row: &[$type; STEP], query: &[f32; STEP]) {
                for (i, sum) in sums.iter_mut().enumerate() {
                    let $from = row[i * LANES..].as_ptr();
                    // SAFETY: both arrays are eight times 8 values long; a prefetch reads nothing, so its address may
                    // be any.
                    *sum = unsafe {
                        _mm_prefetch::<_MM_HINT_T0>($from.cast::<i8>().wrapping_add(AHEAD));
                        _mm256_fmadd_ps($load, _mm256_loadu_ps(query.as_ptr().add(i * LANES)), *sum)
                    };
                }
            }
            let (full, rest) = query.as_chunks::<STEP>();
            let mut last = [0.0; STEP];
            last[..rest.len()].copy_from_slice(rest);
            for (r, score) in out.iter_mut().enumerate() {
                let (row, rest) = rows.row(r).as_chunks::<STEP>();
                let mut sums = [_mm256_setzero_ps(); 8];
                for (row, query) in row.iter().zip(full) {
                    step(&mut sums, row, query);
                }
                if !rest.is_empty() {
                    let mut padded = [<$type>::default(); STEP];
                    padded[..rest.len()].copy_from_slice(rest);
                    step(&mut sums, &padded, &last);
                }
                let mut lanes = [0.0; LANES];
                let [a, b, c, d, e, f, g, h] = sums;
                let low = _mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d));
                let high = _mm256_add_ps(_mm256_add_ps(e, f), _mm256_add_ps(g, h));
                // SAFETY: the array is one register long.
                unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), _mm256_add_ps(low, high)) };
                *score = lanes.iter().sum();
            }
        }
    };
}

dot!(dot_full, f32, |from| _mm256_loadu_ps(from));
dot!(dot_halves, Bf16, |from| {
    let halves = _mm_loadu_si128(from.cast());
    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(halves)))
});

#[target_feature(enable = "avx2,fma")]
pub(super) fn at_least(scores: &[[f32; COLUMNS]], floors: &[f32; COLUMNS], masks: &mut [u32]) {
    for (mask, scores) in masks.iter_mut().zip(scores) {
        *mask = 0;
        for at in (0..COLUMNS).step_by(LANES) {
            // SAFETY: both arrays are four registers long.
            let (scores, floors) =
                unsafe { (_mm256_loadu_ps(scores.as_ptr().add(at)), _mm256_loadu_ps(floors.as_ptr().add(at))) };
            *mask |= _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(scores, floors)).cast_unsigned() << at;
        }
    }
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn bytes(rows: ByteRows<'_>, queries: &ByteQueries, out: &mut [f32]) {
    match queries.count {
        1 => stream(rows, queries, out),
        2..=8 => panel::<1>(rows, queries, out),
        9..=16 => panel::<2>(rows, queries, out),
        _ => panel::<4>(rows, queries, out),
    }
}

#[target_feature(enable = "avx2,fma")]
fn stream(rows: ByteRows<'_>, queries: &ByteQueries, out: &mut [f32]) {
    let (query, _) = queries.words.as_chunks::<32>();
    for ((row, scale), score) in rows.codes.chunks_exact(rows.stride).zip(rows.scales).zip(out) {
        let mut sums = [_mm256_setzero_si256(); 2];
        for (a, b) in row.as_chunks::<32>().0.iter().zip(query) {
            for (half, sum) in sums.iter_mut().enumerate() {
                // SAFETY: `a` is 32 bytes long and `b` 32 words: two halves of 16. A prefetch reads nothing, so its
                // address may be any.
                let (a, b) = unsafe {
                    _mm_prefetch::<_MM_HINT_T0>(a.as_ptr().wrapping_add(AHEAD + 16 * half).cast());
                    let b = b.as_ptr().add(16 * half).cast();
                    (_mm_loadu_si128(a.as_ptr().add(16 * half).cast()), _mm256_loadu_si256(b))
                };
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(_mm256_cvtepu8_epi16(a), b));
            }
        }
        let mut lanes = [0_i32; LANES];
        // SAFETY: the array is one register long.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), _mm256_add_epi32(sums[0], sums[1])) };
        *score = (lanes.iter().sum::<i32>() - queries.offsets[0]) as f32 * scale;
    }
}

#[target_feature(enable = "avx2,fma")]
fn panel<const NV: usize>(rows: ByteRows<'_>, queries: &ByteQueries, out: &mut [f32]) {
    let whole = rows.scales.len() - rows.scales.len() % ROWS;
    for top in (0..whole).step_by(ROWS) {
        tile::<ROWS, NV>(rows, queries, top, out);
    }
    for top in whole..rows.scales.len() {
        tile::<1, NV>(rows, queries, top, out);
    }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn tile<const MR: usize, const NV: usize>(rows: ByteRows<'_>, queries: &ByteQueries, top: usize, out: &mut [f32]) {
    let codes = &rows.codes[top * rows.stride..(top + MR) * rows.stride];
    let groups = queries.words.as_chunks::<{ 2 * COLUMNS }>().0;
    assert_eq!(groups.len(), rows.stride / 2, "a panel has as many groups as a row");
    let mut sums = [[_mm256_setzero_si256(); NV]; MR];
    for (g, group) in groups.iter().enumerate() {
        let mut columns = [_mm256_setzero_si256(); NV];
        for (v, column) in columns.iter_mut().enumerate() {
            // SAFETY: a group is four registers long, and `NV <= 4`.
            *column = unsafe { _mm256_loadu_si256(group.as_ptr().add(16 * v).cast()) };
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `g < stride / 2` by the assertion, and `codes` is `MR` rows long.
            let pair = unsafe { codes.as_ptr().add(r * rows.stride + 2 * g).cast::<[u8; 2]>().read() };
            let pair = _mm256_set1_epi32(i32::from(pair[1]) << 16 | i32::from(pair[0]));
            for v in 0..NV {
                sums[v] = _mm256_add_epi32(sums[v], _mm256_madd_epi16(pair, columns[v]));
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        let scale = _mm256_set1_ps(rows.scales[top + r]);
        let (out, _) = out[(top + r) * COLUMNS..(top + r + 1) * COLUMNS].as_chunks_mut::<LANES>();
        for v in 0..NV {
            // SAFETY: the offsets and the scores of a row are four registers long, and `NV <= 4`.
            unsafe {
                let offsets = _mm256_loadu_si256(queries.offsets.as_ptr().add(v * LANES).cast());
                let score = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(sums[v], offsets)), scale);
                _mm256_storeu_ps(out[v].as_mut_ptr(), score);
            }
        }
    }
}
