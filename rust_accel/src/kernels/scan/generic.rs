//! The scalar twins, and the bodies that the x86 modules compile for their instructions.

use super::COLUMNS;
use super::bytes::{ByteQueries, ByteRows};
use crate::kernels::element::Element;
use crate::kernels::{Bf16, Matrix};

const LANES: usize = 16;
const UNROLL: usize = 4;

#[inline(always)]
fn madd<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
pub(super) fn dot_halves<const FMA: bool>(rows: Matrix<'_, Bf16>, query: &[f32], out: &mut [f32]) {
    for (r, score) in out.iter_mut().enumerate() {
        *score = dot_half::<FMA>(rows.row(r), query);
    }
}

#[inline(always)]
fn dot_half<const FMA: bool>(row: &[Bf16], query: &[f32]) -> f32 {
    let mut sums = [[0.0; LANES]; UNROLL];
    let (row_full, row_rest) = row.as_chunks::<{ LANES * UNROLL }>();
    let (query_full, query_rest) = query.as_chunks::<{ LANES * UNROLL }>();
    for (x, y) in row_full.iter().zip(query_full) {
        for u in 0..UNROLL {
            for i in 0..LANES {
                sums[u][i] = madd::<FMA>(x[u * LANES + i].to_f32(), y[u * LANES + i], sums[u][i]);
            }
        }
    }
    let mut total = [0.0; LANES];
    for (i, (x, y)) in row_rest.iter().zip(query_rest).enumerate() {
        total[i % LANES] = madd::<FMA>(x.to_f32(), *y, total[i % LANES]);
    }
    for i in 0..LANES {
        total[i] += (sums[0][i] + sums[1][i]) + (sums[2][i] + sums[3][i]);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            total[i] += total[i + width];
        }
        width /= 2;
    }
    total[0]
}

pub(super) fn at_least(scores: &[[f32; COLUMNS]], floors: &[f32; COLUMNS], masks: &mut [u32]) {
    for (mask, scores) in masks.iter_mut().zip(scores) {
        *mask = 0;
        for i in 0..COLUMNS {
            *mask |= u32::from(scores[i] >= floors[i]) << i;
        }
    }
}

pub(super) fn bytes(rows: ByteRows<'_>, queries: &ByteQueries, out: &mut [f32]) {
    let columns = queries.columns();
    for ((row, scale), out) in rows.codes.chunks_exact(rows.stride).zip(rows.scales).zip(out.chunks_exact_mut(columns))
    {
        let mut sums = [0_i32; COLUMNS];
        let sums = &mut sums[..columns];
        for (pair, words) in row.as_chunks::<2>().0.iter().zip(queries.words.chunks_exact(2 * columns)) {
            let (first, second) = (i32::from(pair[0]), i32::from(pair[1]));
            if columns == 1 {
                sums[0] += first * i32::from(words[0]) + second * i32::from(words[1]);
                continue;
            }
            for (sum, word) in sums.iter_mut().zip(words.as_chunks::<2>().0) {
                *sum += first * i32::from(word[0]) + second * i32::from(word[1]);
            }
        }
        for ((out, sum), offset) in out.iter_mut().zip(sums).zip(&queries.offsets) {
            *out = (*sum - offset) as f32 * scale;
        }
    }
}
