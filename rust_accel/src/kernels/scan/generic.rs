//! The scalar twins, and the bodies that the x86 modules compile for their instructions.

use super::COLUMNS;
use super::bytes::{ByteQueries, ByteRows};
use crate::kernels::Matrix;
use crate::kernels::element::Element;

const LANES: usize = 16;

pub(super) fn dot<T: Element>(rows: Matrix<'_, T>, query: &[f32], out: &mut [f32]) {
    for (r, score) in out.iter_mut().enumerate() {
        let (row, row_rest) = rows.row(r).as_chunks::<LANES>();
        let (full, rest) = query.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for (x, y) in row.iter().zip(full) {
            for i in 0..LANES {
                sums[i] += x[i].to_f32() * y[i];
            }
        }
        for (i, (x, y)) in row_rest.iter().zip(rest).enumerate() {
            sums[i] += x.to_f32() * y;
        }
        *score = sums.iter().sum();
    }
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
