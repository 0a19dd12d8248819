//! The register tile. Each step takes four bytes of a row of `a` (one f32, a pair of bf16, four bytes), in every lane,
//! and the same four bytes of 48 or 32 columns of `b`.

use super::super::element::{Bf16, Element, Packed};
use super::super::matrix::{Affine, ByteProduct, Product};
use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm512_add_ps, _mm512_castps_si512, _mm512_castsi512_ps, _mm512_cvtepi32_ps,
    _mm512_dpbf16_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_mul_ps, _mm512_set1_ps,
};

/// Writes a tile whose columns `out` has all. `$result` is what becomes of a value for the place `$to` in row `$r`.
macro_rules! finish {
    ($p:ident, $top:ident, $sums:ident, $store:ident, |$value:ident, $to:ident, $r:ident| $result:expr) => {
        for ($r, row) in ($top..).zip($sums) {
            let out = $p.out.row_mut($r).as_mut_ptr();
            for (j, sum) in row.into_iter().enumerate() {
                let $value = value::<O>(sum, $p, $r, j * LANES);
                // SAFETY: the row has `NV * LANES` values, and the function has the features of `$store`.
                unsafe {
                    let $to = out.add(j * LANES);
                    O::$store($to, $result);
                }
            }
        }
    };
}

/// The tile of one product. `$step(sums, a, b)` adds the products of four bytes; `$value(sums, p, row, left)` gives the
/// sums of 16 columns their scale and bias; `$store` is how results are written.
macro_rules! tile {
    ($module:ident, $features:literal, $store:ident, $product:ty, $element:ty,
     |$sums:ident, $a:ident, $b:ident| $step:expr,
     |$whole:ident, $p:ident, $row:ident, $left:ident| $value:expr) => {
        pub(in super::super) mod $module {
            use super::super::super::matrix::Width;
            use super::super::super::{Finish, generic};
            use super::super::register::gelu;
            use super::*;
            use std::arch::x86_64::{
                _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_storeu_ps,
            };

            const ROWS: usize = 8;
            const LANES: usize = 16;
            const GROUP: usize = <$element as Packed>::GROUP;

            /// `out = a * b + bias` over a whole product.
            #[target_feature(enable = $features)]
            pub(in super::super::super) fn multiply<O: Element>(p: &mut $product) {
                match p.b.width {
                    Width::Wide => blocks::<3, O>(p),
                    Width::Narrow => blocks::<2, O>(p),
                }
            }

            /// Splits the rows into blocks of nearly equal height, at most `ROWS`.
            #[target_feature(enable = $features)]
            fn blocks<const NV: usize, O: Element>(p: &mut $product) {
                let count = p.a.rows.div_ceil(ROWS);
                let mut top = 0;
                for block in 1..=count {
                    let end = p.a.rows * block / count;
                    // SAFETY: `top + height <= a.rows`, and `NV * LANES` is the panel's width, as `tile` asks.
                    unsafe {
                        match end - top {
                            8 => tile::<8, NV, O>(p, top),
                            7 => tile::<7, NV, O>(p, top),
                            6 => tile::<6, NV, O>(p, top),
                            5 => tile::<5, NV, O>(p, top),
                            4 => tile::<4, NV, O>(p, top),
                            3 => tile::<3, NV, O>(p, top),
                            2 => tile::<2, NV, O>(p, top),
                            _ => tile::<1, NV, O>(p, top),
                        }
                    }
                    top = end;
                }
            }

            /// # Safety
            /// `top + MR <= a.rows` and `NV * LANES == b.width`. The product guarantees the rest: `a` has `k` columns,
            /// whole groups of four bytes, and `b` holds `k * width` values.
            #[target_feature(enable = $features)]
            unsafe fn tile<const MR: usize, const NV: usize, O: Element>(p: &mut $product, top: usize) {
                let mut sums = [[_mm512_setzero_ps(); NV]; MR];
                let a = p.a.data[top * p.a.stride..].as_ptr();
                #[allow(clippy::cast_ptr_alignment, reason = "`loadu` takes any address")]
                let b = p.b.data.as_ptr().cast::<__m512i>();
                for group in 0..p.b.k / GROUP {
                    let mut columns = [_mm512_setzero_si512(); NV];
                    for (j, column) in columns.iter_mut().enumerate() {
                        // SAFETY: `group < k / GROUP`, so `(group * NV + j + 1) * 64` bytes are in `k * width` values.
                        *column = unsafe { _mm512_loadu_si512(b.add(group * NV + j)) };
                    }
                    for (r, row) in sums.iter_mut().enumerate() {
                        // SAFETY: row `top + r` exists and has `k` columns: four bytes at its group `group`.
                        #[allow(clippy::cast_ptr_alignment, reason = "read unaligned")]
                        let four = unsafe { a.add(r * p.a.stride + group * GROUP).cast::<i32>().read_unaligned() };
                        let value = _mm512_set1_epi32(four);
                        for j in 0..NV {
                            row[j] = step(row[j], value, columns[j]);
                        }
                    }
                }
                if p.out.columns() < NV * LANES {
                    return partly::<MR, NV, O>(p, top, sums);
                }
                let finish = p.finish;
                // One loop a kind, so that the sums never leave their registers.
                match finish {
                    Finish::Replace => finish!(p, top, sums, $store, |value, _to, _row| value),
                    Finish::Add => finish!(p, top, sums, $store, |value, to, _row| _mm512_add_ps(value, O::load(to))),
                    Finish::Gelu => finish!(p, top, sums, $store, |value, _to, _row| gelu::<O>(value)),
                    Finish::Scale(factors) => finish!(p, top, sums, $store, |value, _to, row| {
                        _mm512_mul_ps(value, _mm512_set1_ps(factors[row]))
                    }),
                }
            }

            /// Finishes a tile of which `out` has only the first columns.
            #[target_feature(enable = $features)]
            #[cold]
            fn partly<const MR: usize, const NV: usize, O: Element>(
                p: &mut $product,
                top: usize,
                sums: [[__m512; NV]; MR],
            ) {
                for (r, row) in (top..).zip(sums) {
                    for (j, sum) in row.into_iter().enumerate() {
                        let mut lanes = [0.0; LANES];
                        let sum = value::<O>(sum, p, r, j * LANES);
                        // SAFETY: the array is as long as the register.
                        unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), sum) };
                        let finish = p.finish;
                        generic::put::<true, O>(lanes, generic::columns(&mut p.out, r, j * LANES), finish, r);
                    }
                }
            }

            #[target_feature(enable = $features)]
            #[inline]
            fn step($sums: __m512, $a: __m512i, $b: __m512i) -> __m512 {
                $step
            }

            #[target_feature(enable = $features)]
            #[inline]
            fn value<O: Element>($whole: __m512, $p: &$product, $row: usize, $left: usize) -> __m512 {
                $value
            }
        }
    };
}

/// 16 of the values at `left`.
#[target_feature(enable = "avx512f")]
#[inline]
fn at(values: &[f32], left: usize) -> __m512 {
    let values: &[f32; 16] = values[left..].first_chunk().expect("one value for each column of the panel");
    // SAFETY: the array is as long as the register.
    unsafe { _mm512_loadu_ps(values.as_ptr()) }
}

/// Sums of bytes as f32, with their scales and offsets.
#[target_feature(enable = "avx512f")]
#[inline]
fn scaled<O: Element>(sums: __m512, p: &ByteProduct<'_, '_, O>, row: usize, left: usize) -> __m512 {
    let Affine { scale, offset } = p.rows[row];
    let fixed = _mm512_fmadd_ps(_mm512_set1_ps(offset), at(p.sums, left), at(p.bias, left));
    let sums = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_castps_si512(sums)), at(p.scales, left));
    _mm512_fmadd_ps(sums, _mm512_set1_ps(scale), fixed)
}

tile!(
    single,
    "avx512f,avx2,fma",
    store,
    Product<'_, '_, f32, O>,
    f32,
    |sums, a, b| _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sums),
    |sums, p, _row, left| _mm512_add_ps(sums, at(p.bias, left))
);

tile!(
    paired,
    "avx512f,avx512bw,avx512vl,avx512bf16,avx2,fma",
    store_bf16,
    Product<'_, '_, Bf16, O>,
    Bf16,
    |sums, a, b| {
        // SAFETY: both are 64 bytes of plain numbers.
        let [a, b] = unsafe { [a, b].map(|v| std::mem::transmute::<__m512i, __m512bh>(v)) };
        _mm512_dpbf16_ps(sums, a, b)
    },
    |sums, p, _row, left| _mm512_add_ps(sums, at(p.bias, left))
);

tile!(
    quads,
    "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma",
    store,
    ByteProduct<'_, '_, O>,
    i8,
    |sums, a, b| _mm512_castsi512_ps(_mm512_dpbusd_epi32(_mm512_castps_si512(sums), a, b)),
    |sums, p, row, left| scaled(sums, p, row, left)
);

tile!(
    quads_bf16,
    "avx512f,avx512bw,avx512vl,avx512vnni,avx512bf16,avx2,fma",
    store_bf16,
    ByteProduct<'_, '_, O>,
    i8,
    |sums, a, b| _mm512_castsi512_ps(_mm512_dpbusd_epi32(_mm512_castps_si512(sums), a, b)),
    |sums, p, row, left| scaled(sums, p, row, left)
);
