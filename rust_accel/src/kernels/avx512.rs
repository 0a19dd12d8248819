//! AVX-512F: a register tile of 8 rows by 48 or 32 columns.

use super::matrix::{Matrix, MatrixMut, Product, Width};
use super::{LayerNorm, generic};
use std::arch::x86_64::{
    __m512, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
};

const ROWS: usize = 8;
const LANES: usize = 16;

/// The `generic` bodies, compiled for these instructions.
macro_rules! instantiate { ($($name:ident($($arg:ident: $type:ty),*);)*) => { $(
    #[target_feature(enable = "avx512f,avx2,fma")]
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

/// `out = a * b + bias` over a whole product.
#[target_feature(enable = "avx512f,avx2,fma")]
pub(super) fn multiply(p: &mut Product<'_, '_>) {
    match p.b.width {
        Width::Wide => blocks::<3>(p),
        Width::Narrow => blocks::<2>(p),
    }
}

/// Splits the rows into blocks of nearly equal height, at most `ROWS`.
#[target_feature(enable = "avx512f,avx2,fma")]
fn blocks<const NV: usize>(p: &mut Product<'_, '_>) {
    let count = p.a.rows.div_ceil(ROWS);
    let mut top = 0;
    for block in 1..=count {
        let end = p.a.rows * block / count;
        // SAFETY: `top + height <= a.rows`, and `NV * LANES` is the panel's width, as `tile` asks.
        unsafe {
            match end - top {
                8 => tile::<8, NV>(p, top),
                7 => tile::<7, NV>(p, top),
                6 => tile::<6, NV>(p, top),
                5 => tile::<5, NV>(p, top),
                4 => tile::<4, NV>(p, top),
                3 => tile::<3, NV>(p, top),
                2 => tile::<2, NV>(p, top),
                _ => tile::<1, NV>(p, top),
            }
        }
        top = end;
    }
}

/// # Safety
/// `top + MR <= a.rows` and `NV * LANES == b.width`. `Product` guarantees the rest: `a` has `k` columns, `b` holds
/// `k * width` values, `bias` at least `width`, and `out` has `a.rows` rows of `width`.
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn tile<const MR: usize, const NV: usize>(p: &mut Product<'_, '_>, top: usize) {
    let mut sums = [[_mm512_setzero_ps(); NV]; MR];
    let a = p.a.data[top * p.a.stride..].as_ptr();
    let b = p.b.data.as_ptr();
    for k in 0..p.b.k {
        let mut columns = [_mm512_setzero_ps(); NV];
        for (j, column) in columns.iter_mut().enumerate() {
            // SAFETY: `k < b.k`, so `(k * NV + j + 1) * LANES <= b.k * width`.
            *column = unsafe { _mm512_loadu_ps(b.add((k * NV + j) * LANES)) };
        }
        for (r, row) in sums.iter_mut().enumerate() {
            // SAFETY: row `top + r` exists and has `b.k` columns.
            let value = _mm512_set1_ps(unsafe { *a.add(r * p.a.stride + k) });
            for j in 0..NV {
                row[j] = _mm512_fmadd_ps(value, columns[j], row[j]);
            }
        }
    }
    let out = p.out.data[top * p.out.stride..].as_mut_ptr();
    for (r, row) in sums.iter().enumerate() {
        for (j, sum) in row.iter().enumerate() {
            // SAFETY: `bias` and row `top + r` of `out` hold `NV * LANES` values.
            unsafe { store(*sum, p.bias.as_ptr().add(j * LANES), out.add(r * p.out.stride + j * LANES), p.add) };
        }
    }
}

/// # Safety
/// `bias` and `out` point at 16 floats.
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn store(sum: __m512, bias: *const f32, out: *mut f32, add: bool) {
    // SAFETY: the caller's.
    unsafe {
        let mut value = _mm512_add_ps(sum, _mm512_loadu_ps(bias));
        if add {
            value = _mm512_add_ps(value, _mm512_loadu_ps(out));
        }
        _mm512_storeu_ps(out, value);
    }
}
