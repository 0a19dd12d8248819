//! AVX2 with FMA: a register tile of 6 rows by 16 columns. Bf16 is widened to f32 as it is read.

use super::element::{Bf16, Element};
use super::generic::{ERF, ERF_LIMIT};
use super::matrix::{Affine, ByteProduct, Matrix, MatrixMut};
use super::{LayerNorm, generic};
use std::arch::x86_64::{
    __m256, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps,
    _mm256_set1_ps, _mm256_storeu_ps,
};

const LANES: usize = 8;

#[target_feature(enable = "avx2,fma")]
pub(super) fn narrow<T: Element>(from: &[f32], to: &mut [T]) {
    generic::narrow(from, to);
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn softmax<T: Element>(scores: &mut MatrixMut<'_>, out: &mut MatrixMut<'_, T>, inverse: &mut [f32]) {
    generic::softmax::<true, T>(scores, out, inverse);
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn layer_norm(values: &mut MatrixMut<'_>, norm: &LayerNorm) {
    generic::layer_norm::<true>(values, norm);
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn quantise<T: Element>(values: Matrix<'_, T>, out: &mut [u8], rows: &mut [Affine]) {
    generic::quantise(values, out, rows);
}

/// Without an integer dot product, bytes have no advantage over f32: this is for equal results, not for speed.
#[target_feature(enable = "avx2,fma")]
pub(super) fn multiply_bytes<O: Element>(product: &mut ByteProduct<'_, '_, O>) {
    generic::multiply_bytes::<true, O>(product);
}

/// Writes a tile whose columns `out` has all. `$result` is what becomes of a value for the place `$to` in row `$r`, of the
/// columns from `$first` on.
macro_rules! finish {
    ($p:ident, $top:ident, $left:ident, $sums:ident, |$value:ident, $to:ident, $r:ident, $first:ident| $result:expr) => {{
        let bias = [at($p.bias, $left), at($p.bias, $left + LANES)];
        for ($r, row) in ($top..).zip($sums) {
            let (out, _) = $p.out.row_mut($r)[$left..$left + COLUMNS].as_chunks_mut::<LANES>();
            let places = out.iter_mut().zip(($left..).step_by(LANES));
            for (($to, $first), (sum, bias)) in places.zip(row.into_iter().zip(bias)) {
                let $value = _mm256_add_ps(sum, bias);
                store($to, $result);
            }
        }
    }};
}

/// 8 of the values at `left`.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn at(values: &[f32], left: usize) -> __m256 {
    let values: &[f32; LANES] = values[left..].first_chunk().expect("one value for each column of the panel");
    // SAFETY: the array is as long as the register.
    unsafe { _mm256_loadu_ps(values.as_ptr()) }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn load<O: Element>(from: &[O; LANES]) -> __m256 {
    let values: [f32; LANES] = std::array::from_fn(|i| from[i].to_f32());
    // SAFETY: the array is as long as the register.
    unsafe { _mm256_loadu_ps(values.as_ptr()) }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn store<O: Element>(to: &mut [O; LANES], values: __m256) {
    let mut lanes = [0.0; LANES];
    // SAFETY: the array is as long as the register.
    unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), values) };
    for i in 0..LANES {
        to[i] = O::from_f32(lanes[i]);
    }
}

/// As `generic::gelu_lanes`.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn gelu(x: __m256) -> __m256 {
    let limit = ERF_LIMIT;
    let clipped = _mm256_max_ps(_mm256_min_ps(x, _mm256_set1_ps(limit)), _mm256_set1_ps(-limit));
    let scale = _mm256_set1_ps(2.0 / (limit * limit));
    let t = _mm256_fmadd_ps(_mm256_mul_ps(clipped, clipped), scale, _mm256_set1_ps(-1.0));
    let mut p = _mm256_set1_ps(ERF[ERF.len() - 1]);
    for c in ERF[..ERF.len() - 1].iter().rev() {
        p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(*c));
    }
    let half = _mm256_mul_ps(_mm256_set1_ps(0.5), x);
    _mm256_fmadd_ps(half, _mm256_mul_ps(p, clipped), half)
}

/// The tile of one type. `$step` adds to `$sums`, 16 columns of one row, the products of the group at `$a` and the 16
/// groups at `$b`; both may be read for that many values.
macro_rules! tile {
    ($module:ident, $element:ty, |$sums:ident, $a:ident, $b:ident| $step:expr) => {
        pub(super) mod $module {
            use super::super::element::{Element, Packed};
            use super::super::matrix::Product;
            use super::super::{Finish, generic};
            use super::*;
            use std::arch::x86_64::_mm256_setzero_ps;

            const ROWS: usize = 6;
            const COLUMNS: usize = 2 * LANES;
            const GROUP: usize = <$element as Packed>::GROUP;

            /// `out = a * b + bias` over a whole product, in rows of nearly equal blocks, 16 columns at a time.
            #[target_feature(enable = "avx2,fma")]
            pub(in super::super) fn multiply<O: Element>(p: &mut Product<'_, '_, $element, O>) {
                let count = p.a.rows.div_ceil(ROWS);
                for left in (0..p.b.width.columns()).step_by(COLUMNS) {
                    let mut top = 0;
                    for block in 1..=count {
                        let end = p.a.rows * block / count;
                        // SAFETY: `top + height <= a.rows`; 32 and 48 are multiples of 16, so `left + 16 <= width`.
                        unsafe {
                            match end - top {
                                6 => tile::<6, O>(p, top, left),
                                5 => tile::<5, O>(p, top, left),
                                4 => tile::<4, O>(p, top, left),
                                3 => tile::<3, O>(p, top, left),
                                2 => tile::<2, O>(p, top, left),
                                _ => tile::<1, O>(p, top, left),
                            }
                        }
                        top = end;
                    }
                }
            }

            /// # Safety
            /// `top + MR <= a.rows` and `left + 16 <= width`. `Product` guarantees the rest: `a` has `k` columns, whole
            /// groups, and `b` holds `k * width` values.
            #[target_feature(enable = "avx2,fma")]
            unsafe fn tile<const MR: usize, O: Element>(p: &mut Product<'_, '_, $element, O>, top: usize, left: usize) {
                let mut sums = [[_mm256_setzero_ps(); 2]; MR];
                let width = p.b.width.columns();
                let a = p.a.data[top * p.a.stride..].as_ptr();
                let b = p.b.data.as_ptr();
                for group in 0..p.b.k / GROUP {
                    for (r, row) in sums.iter_mut().enumerate() {
                        // SAFETY: row `top + r` exists and has `k` columns, so its group `group` can be read; so can the
                        // groups of 16 columns of `b`, since `group < k / GROUP` and `left + 16 <= width`.
                        unsafe {
                            step(row, a.add(r * p.a.stride + group * GROUP), b.add((group * width + left) * GROUP));
                        }
                    }
                }
                if p.out.columns() < left + COLUMNS {
                    return partly::<MR, O>(p, top, left, sums);
                }
                let finish = p.finish;
                // One loop a kind, so that the sums never leave their registers.
                match finish {
                    Finish::Replace => finish!(p, top, left, sums, |value, _to, _row, _left| value),
                    Finish::Add => {
                        finish!(p, top, left, sums, |value, to, _row, _left| _mm256_add_ps(value, load(to)))
                    }
                    Finish::Gelu => finish!(p, top, left, sums, |value, _to, _row, _left| gelu(value)),
                    Finish::Scale(factors) => finish!(p, top, left, sums, |value, _to, row, _left| {
                        _mm256_mul_ps(value, _mm256_set1_ps(factors[row]))
                    }),
                    Finish::Offset(table) => finish!(p, top, left, sums, |value, _to, row, left| {
                        _mm256_add_ps(value, at(table.row(row), left))
                    }),
                }
            }

            /// Finishes a tile of which `out` has only the first columns.
            #[target_feature(enable = "avx2,fma")]
            #[cold]
            fn partly<const MR: usize, O: Element>(
                p: &mut Product<'_, '_, $element, O>,
                top: usize,
                left: usize,
                sums: [[__m256; 2]; MR],
            ) {
                for (r, [low, high]) in (top..).zip(sums) {
                    let mut lanes = [0.0; COLUMNS];
                    // SAFETY: the array holds two registers.
                    unsafe {
                        _mm256_storeu_ps(lanes.as_mut_ptr(), low);
                        _mm256_storeu_ps(lanes.as_mut_ptr().add(LANES), high);
                    }
                    let values = generic::biased(lanes, &p.bias[left..]);
                    generic::put::<true, O>(values, &mut p.out, p.finish, [r, left]);
                }
            }

            /// # Safety
            /// `a` points at a group and `b` at 16 of them.
            #[target_feature(enable = "avx2,fma")]
            #[inline]
            unsafe fn step($sums: &mut [__m256; 2], $a: *const $element, $b: *const $element) {
                $step
            }
        }
    };
}

tile!(single, f32, |sums, a, b| {
    // SAFETY: the caller's: one value and 16.
    let (value, columns) = unsafe { (_mm256_set1_ps(*a), [_mm256_loadu_ps(b), _mm256_loadu_ps(b.add(LANES))]) };
    for (sum, column) in sums.iter_mut().zip(columns) {
        *sum = _mm256_fmadd_ps(value, column, *sum);
    }
});

tile!(paired, super::Bf16, |sums, a, b| {
    use std::arch::x86_64::{
        __m256i, _mm256_and_si256, _mm256_castsi256_ps, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_slli_epi32,
    };
    #[allow(clippy::cast_ptr_alignment, reason = "`loadu` takes any address")]
    let pairs = b.cast::<__m256i>();
    // SAFETY: the caller's: two values and 32, which are two registers.
    let (first, second, columns) = unsafe {
        let (first, second) = ((*a).to_f32(), (*a.add(1)).to_f32());
        (first, second, [_mm256_loadu_si256(pairs), _mm256_loadu_si256(pairs.add(1))])
    };
    let upper = _mm256_set1_epi32(0xffff_0000_u32 as i32);
    for (sum, pair) in sums.iter_mut().zip(columns) {
        let even = _mm256_castsi256_ps(_mm256_slli_epi32::<16>(pair));
        let odd = _mm256_castsi256_ps(_mm256_and_si256(pair, upper));
        *sum = _mm256_fmadd_ps(_mm256_set1_ps(first), even, *sum);
        *sum = _mm256_fmadd_ps(_mm256_set1_ps(second), odd, *sum);
    }
});
