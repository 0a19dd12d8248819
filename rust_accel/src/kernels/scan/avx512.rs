//! AVX-512. One query reads the rows as one stream; a panel takes eight rows at a time, four bytes of a row in every
//! lane against the same four bytes of 16 or 32 queries, so that no sum crosses lanes.

use super::COLUMNS;
use super::bytes::{AHEAD as ROWS_AHEAD, ByteQueries, ByteRows, UNIT};
use crate::kernels::{Bf16, Matrix};
use std::arch::x86_64::{
    __m128i, __m512, __m512i, _CMP_GE_OQ, _MM_HINT_T0, _mm_add_epi32, _mm_cvtepi32_ps, _mm_loadu_ps, _mm_mul_ps,
    _mm_prefetch, _mm_set1_epi32, _mm_storeu_ps, _mm_sub_epi32, _mm256_add_epi32, _mm256_castsi256_si128,
    _mm256_extracti128_si256, _mm256_loadu_si256, _mm512_add_epi32, _mm512_add_ps, _mm512_castsi512_ps,
    _mm512_castsi512_si256, _mm512_cmp_ps_mask, _mm512_cvtepi32_ps, _mm512_cvtepu16_epi32, _mm512_dpbusd_epi32,
    _mm512_extracti64x4_epi64, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mul_ps,
    _mm512_reduce_add_epi32, _mm512_reduce_add_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_setzero_si512, _mm512_slli_epi32, _mm512_storeu_ps, _mm512_sub_epi32, _mm512_unpackhi_epi32,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

const LANES: usize = 16;
/// Values of a row that are multiplied at a time.
const STEP: usize = 4 * LANES;
const ROWS: usize = 8;
/// How far ahead of a stream lines are asked for.
const AHEAD: usize = 4096;

/// Products of rows with one query, one row after the other; `$load` widens 16 values to f32.
macro_rules! dot {
    ($name:ident, $type:ty, |$from:ident| $load:expr) => {
        #[target_feature(enable = "avx512f,avx2,fma")]
        pub(super) fn $name(rows: Matrix<'_, $type>, query: &[f32], out: &mut [f32]) {
            #[target_feature(enable = "avx512f,avx2,fma")]
            #[inline]
            fn step(sums: &mut [__m512; 4], row: &[$type; STEP], query: &[f32; STEP]) {
                for (i, sum) in sums.iter_mut().enumerate() {
                    let $from = row[i * LANES..].as_ptr();
                    // SAFETY: both arrays are four times 16 values long; a prefetch reads nothing, so its address may
                    // be any.
                    *sum = unsafe {
                        _mm_prefetch::<_MM_HINT_T0>($from.cast::<i8>().wrapping_add(AHEAD));
                        _mm512_fmadd_ps($load, _mm512_loadu_ps(query.as_ptr().add(i * LANES)), *sum)
                    };
                }
            }
            let (full, rest) = query.as_chunks::<STEP>();
            let mut last = [0.0; STEP];
            last[..rest.len()].copy_from_slice(rest);
            for (r, score) in out.iter_mut().enumerate() {
                let (row, rest) = rows.row(r).as_chunks::<STEP>();
                let mut sums = [_mm512_setzero_ps(); 4];
                for (row, query) in row.iter().zip(full) {
                    step(&mut sums, row, query);
                }
                if !rest.is_empty() {
                    let mut padded = [<$type>::default(); STEP];
                    padded[..rest.len()].copy_from_slice(rest);
                    step(&mut sums, &padded, &last);
                }
                let sum = _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]));
                *score = _mm512_reduce_add_ps(sum);
            }
        }
    };
}

dot!(dot_full, f32, |from| _mm512_loadu_ps(from));
dot!(dot_halves, Bf16, |from| {
    let halves = _mm256_loadu_si256(from.cast());
    _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(halves)))
});

#[target_feature(enable = "avx512f,avx2,fma")]
pub(super) fn at_least(scores: &[[f32; COLUMNS]], floors: &[f32; COLUMNS], masks: &mut [u32]) {
    for (mask, scores) in masks.iter_mut().zip(scores) {
        // SAFETY: both arrays are two registers long.
        let (low, high) = unsafe {
            let half = |at| {
                let (scores, floors) = (_mm512_loadu_ps(scores.as_ptr().add(at)), floors.as_ptr().add(at));
                _mm512_cmp_ps_mask::<_CMP_GE_OQ>(scores, _mm512_loadu_ps(floors))
            };
            (half(0), half(LANES))
        };
        *mask = u32::from(high) << LANES | u32::from(low);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn bytes(rows: ByteRows<'_>, queries: &ByteQueries, out: &mut [f32]) {
    match queries.count {
        1 => stream(rows, queries, out),
        2..=LANES => panel::<1>(rows, queries, out),
        _ => panel::<2>(rows, queries, out),
    }
}

/// Rows whose sums cross their lanes together.
const TOGETHER: usize = 4;

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn stream(rows: ByteRows<'_>, queries: &ByteQueries, out: &mut [f32]) {
    let (query, _) = queries.bytes.as_chunks::<UNIT>();
    let (fours, rest) = out.as_chunks_mut::<TOGETHER>();
    let (codes, last) = rows.codes.split_at(fours.len() * TOGETHER * rows.stride);
    let (scales, last_scales) = rows.scales.as_chunks::<TOGETHER>();
    for ((four, scales), out) in codes.chunks_exact(TOGETHER * rows.stride).zip(scales).zip(fours) {
        let mut sums = [_mm512_setzero_si512(); TOGETHER];
        for (sum, row) in sums.iter_mut().zip(four.chunks_exact(rows.stride)) {
            *sum = product(row, query);
        }
        *out = scaled(sums, queries, scales);
    }
    for ((row, scale), score) in last.chunks_exact(rows.stride).zip(last_scales).zip(rest) {
        *score = alone(row, query, queries, *scale);
    }
}

/// As `stream`, of rows here and there.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn listed(rows: ByteRows<'_>, listed: &[u16], queries: &ByteQueries, out: &mut [f32]) {
    let (query, _) = queries.bytes.as_chunks::<UNIT>();
    let (fours, rest) = out.as_chunks_mut::<TOGETHER>();
    let (picked, last) = listed.as_chunks::<TOGETHER>();
    for (i, (four, out)) in picked.iter().zip(fours).enumerate() {
        for ahead in listed.iter().skip(TOGETHER * i + ROWS_AHEAD).take(TOGETHER) {
            rows.ask(*ahead);
        }
        // Loops: a closure may be left uninlined, and then goes through memory.
        let (mut sums, mut scales) = ([_mm512_setzero_si512(); TOGETHER], [0.0; TOGETHER]);
        for ((sum, scale), row) in sums.iter_mut().zip(&mut scales).zip(four) {
            *sum = product(rows.row(*row), query);
            *scale = rows.scales[usize::from(*row)];
        }
        *out = scaled(sums, queries, &scales);
    }
    for (row, score) in last.iter().zip(rest) {
        *score = alone(rows.row(*row), query, queries, rows.scales[usize::from(*row)]);
    }
}

/// The scores of four rows.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn scaled(sums: [__m512i; TOGETHER], queries: &ByteQueries, scales: &[f32; TOGETHER]) -> [f32; TOGETHER] {
    let sums = _mm_sub_epi32(across(sums), _mm_set1_epi32(queries.offsets[0]));
    let mut scores = [0.0; TOGETHER];
    // SAFETY: both arrays are one register long.
    unsafe { _mm_storeu_ps(scores.as_mut_ptr(), _mm_mul_ps(_mm_cvtepi32_ps(sums), _mm_loadu_ps(scales.as_ptr()))) };
    scores
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn alone(row: &[u8], query: &[[i8; UNIT]], queries: &ByteQueries, scale: f32) -> f32 {
    (_mm512_reduce_add_epi32(product(row, query)) - queries.offsets[0]) as f32 * scale
}

/// Products of a row and a query, four a lane, summed over their length.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn product(row: &[u8], query: &[[i8; UNIT]]) -> __m512i {
    let mut sum = _mm512_setzero_si512();
    for (a, b) in row.as_chunks::<UNIT>().0.iter().zip(query) {
        // SAFETY: both arrays are one register long.
        let (a, b) = unsafe { (_mm512_loadu_si512(a.as_ptr().cast()), _mm512_loadu_si512(b.as_ptr().cast())) };
        sum = _mm512_dpbusd_epi32(sum, a, b);
    }
    sum
}

/// The sum of the lanes of each of four registers.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn across([a, b, c, d]: [__m512i; TOGETHER]) -> __m128i {
    let pairs = |a, b| _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (ab, cd) = (pairs(a, b), pairs(c, d));
    let fours = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    let halves = _mm256_add_epi32(_mm512_castsi512_si256(fours), _mm512_extracti64x4_epi64::<1>(fours));
    _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256::<1>(halves))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn panel<const NV: usize>(rows: ByteRows<'_>, queries: &ByteQueries, out: &mut [f32]) {
    let whole = rows.scales.len() - rows.scales.len() % ROWS;
    for top in (0..whole).step_by(ROWS) {
        tile::<ROWS, NV>(rows, queries, top, out);
    }
    for top in whole..rows.scales.len() {
        tile::<1, NV>(rows, queries, top, out);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn tile<const MR: usize, const NV: usize>(rows: ByteRows<'_>, queries: &ByteQueries, top: usize, out: &mut [f32]) {
    let codes = &rows.codes[top * rows.stride..(top + MR) * rows.stride];
    let groups = queries.bytes.as_chunks::<{ 4 * COLUMNS }>().0;
    assert_eq!(groups.len(), rows.stride / 4, "a panel has as many groups as a row");
    let mut sums = [[_mm512_setzero_si512(); NV]; MR];
    for (g, group) in groups.iter().enumerate() {
        let mut columns = [_mm512_setzero_si512(); NV];
        for (v, column) in columns.iter_mut().enumerate() {
            // SAFETY: a group is two registers long, and `NV <= 2`. A prefetch reads nothing, so its address may be any.
            *column = unsafe {
                if v == 0 && g % 2 == 0 {
                    // A tile has a line for every two groups. The rows after the next tile are asked for: eight streams
                    // of four bytes each are more than the hardware follows.
                    _mm_prefetch::<_MM_HINT_T0>(codes.as_ptr().wrapping_add(2 * codes.len() + 32 * g).cast());
                }
                _mm512_loadu_si512(group.as_ptr().add(64 * v).cast())
            };
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `g < stride / 4` by the assertion, and `codes` is `MR` rows long.
            let four = unsafe { codes.as_ptr().add(r * rows.stride + 4 * g).cast::<i32>().read_unaligned() };
            for v in 0..NV {
                sums[v] = _mm512_dpbusd_epi32(sums[v], _mm512_set1_epi32(four), columns[v]);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        let scale = _mm512_set1_ps(rows.scales[top + r]);
        let (out, _) = out[(top + r) * COLUMNS..(top + r + 1) * COLUMNS].as_chunks_mut::<LANES>();
        for v in 0..NV {
            // SAFETY: the offsets and the scores of a row are two registers long, and `NV <= 2`.
            unsafe {
                let offsets = _mm512_loadu_si512(queries.offsets.as_ptr().add(v * LANES).cast());
                let score = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(sums[v], offsets)), scale);
                _mm512_storeu_ps(out[v].as_mut_ptr(), score);
            }
        }
    }
}
