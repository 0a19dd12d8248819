//! AVX2 with FMA: a register tile of 6 rows by 16 columns.

use super::matrix::{Matrix, MatrixMut, Product};
use super::{LayerNorm, generic};
use std::arch::x86_64::{
    __m256, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
};

const ROWS: usize = 6;
const LANES: usize = 8;
const TILE: usize = 2 * LANES;

/// The `generic` bodies, compiled for these instructions.
macro_rules! instantiate { ($($name:ident($($arg:ident: $type:ty),*);)*) => { $(
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn $name($($arg: $type),*) {
        generic::$name::<true>($($arg),*);
    }
)* } }

instantiate! {
    dot_rows(rows: Matrix<'_>, query: &[f32], out: &mut [f32]);
    gelu(values: &mut MatrixMut<'_>);
    softmax(scores: &mut MatrixMut<'_>);
    layer_norm(values: &mut MatrixMut<'_>, norm: &LayerNorm);
}

/// `out = a * b + bias` over a whole product, in rows of nearly equal blocks, 16 columns at a time.
#[target_feature(enable = "avx2,fma")]
pub(super) fn multiply(p: &mut Product<'_, '_>) {
    let count = p.a.rows.div_ceil(ROWS);
    for left in (0..p.b.width.columns()).step_by(TILE) {
        let mut top = 0;
        for block in 1..=count {
            let end = p.a.rows * block / count;
            // SAFETY: `top + height <= a.rows`, and 32 and 48 are multiples of 16, so `left + 16 <= width`.
            unsafe {
                match end - top {
                    6 => tile::<6>(p, top, left),
                    5 => tile::<5>(p, top, left),
                    4 => tile::<4>(p, top, left),
                    3 => tile::<3>(p, top, left),
                    2 => tile::<2>(p, top, left),
                    _ => tile::<1>(p, top, left),
                }
            }
            top = end;
        }
    }
}

/// # Safety
/// `top + MR <= a.rows` and `left + 16 <= width`. `Product` guarantees the rest: `a` has `k` columns, `b` holds
/// `k * width` values, `bias` at least `width`, and `out` has `a.rows` rows of `width`.
#[target_feature(enable = "avx2,fma")]
unsafe fn tile<const MR: usize>(p: &mut Product<'_, '_>, top: usize, left: usize) {
    let mut sums = [[_mm256_setzero_ps(); 2]; MR];
    let width = p.b.width.columns();
    let a = p.a.data[top * p.a.stride..].as_ptr();
    let b = p.b.data.as_ptr();
    for k in 0..p.b.k {
        // SAFETY: `k < b.k` and `left + 16 <= width`, so both loads end inside `b.k * width` values.
        let columns = unsafe {
            let at = b.add(k * width + left);
            [_mm256_loadu_ps(at), _mm256_loadu_ps(at.add(LANES))]
        };
        for (r, row) in sums.iter_mut().enumerate() {
            // SAFETY: row `top + r` exists and has `b.k` columns.
            let value = _mm256_set1_ps(unsafe { *a.add(r * p.a.stride + k) });
            row[0] = _mm256_fmadd_ps(value, columns[0], row[0]);
            row[1] = _mm256_fmadd_ps(value, columns[1], row[1]);
        }
    }
    let out = p.out.data[top * p.out.stride..].as_mut_ptr();
    for (r, row) in sums.iter().enumerate() {
        for (j, sum) in row.iter().enumerate() {
            let column = left + j * LANES;
            // SAFETY: `bias` and row `top + r` of `out` hold `width >= column + 8` values.
            unsafe { store(*sum, p.bias.as_ptr().add(column), out.add(r * p.out.stride + column), p.add) };
        }
    }
}

/// # Safety
/// `bias` and `out` point at 8 floats.
#[target_feature(enable = "avx2,fma")]
unsafe fn store(sum: __m256, bias: *const f32, out: *mut f32, add: bool) {
    // SAFETY: the caller's.
    unsafe {
        let mut value = _mm256_add_ps(sum, _mm256_loadu_ps(bias));
        if add {
            value = _mm256_add_ps(value, _mm256_loadu_ps(out));
        }
        _mm256_storeu_ps(out, value);
    }
}
