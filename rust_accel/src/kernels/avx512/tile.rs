//! The register tile. Each step takes four bytes of a row of `a` (one f32, a pair of bf16, four bytes), in every lane,
//! and the same four bytes of 48 or 32 columns of `b`.

use super::super::element::{Bf16, Element, Packed};
use super::super::matrix::{Affine, ByteProduct, Product};
use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm512_add_ps, _mm512_castps_si512, _mm512_castsi512_ps, _mm512_cvtepi32_ps,
    _mm512_dpbf16_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_mul_ps, _mm512_set1_ps,
    _mm512_setzero_ps,
};

/// Runs `$body` for each number below `$count`, at most 8. Written out: LLVM would leave a loop of so long a body as it is,
/// and with it the sums in memory.
macro_rules! unrolled {
    ($count:ident, |$i:ident| $body:block) => {
        unrolled!(@ $count, $i, $body, 0 1 2 3 4 5 6 7)
    };
    (@ $count:ident, $i:ident, $body:block, $($number:literal)*) => {{
        $(if $number < $count {
            let $i = $number;
            $body
        })*
    }};
}

/// Numbers of the sums of a tile, with the parameters of each 16 columns.
macro_rules! valued {
    ($p:ident, $top:ident, $sums:ident, |$of:ident, $left:ident| $parameters:expr,
     |$whole:ident, $columns:ident, $from:ident, $row:ident| $value:expr) => {{
        let mut values = $sums;
        unrolled!(NV, |j| {
            let ($of, $left) = (&*$p, j * LANES);
            let $columns = $parameters;
            unrolled!(MR, |i| {
                let ($whole, $from, $row) = ($sums[i][j], &*$p, $top + i);
                values[i][j] = $value;
            })
        });
        values
    }};
}

/// Writes a tile whose columns `out` has all. `$result` is what becomes of a value for the place `$to` in row `$r`, of
/// the columns from `$first` on.
macro_rules! finish {
    ($p:ident, $top:ident, $values:expr, $store:ident,
     |$value:ident, $to:ident, $r:ident, $first:ident| $result:expr) => {{
        let values = $values;
        unrolled!(MR, |i| {
            let $r = $top + i;
            let out = $p.out.row_mut($r).as_mut_ptr();
            unrolled!(NV, |j| {
                let ($value, $first) = (values[i][j], j * LANES);
                // SAFETY: the row has `NV * LANES` values, and the function has the features of `$store`.
                unsafe {
                    let $to = out.add($first);
                    O::$store($to, $result);
                }
            })
        })
    }};
}

/// The tile of one product. `$step(sums, a, b)` adds the products of four bytes. `$parameters(p, left)` are those of 16
/// columns, with which `$value(sums, columns, p, row)` makes numbers of their sums, to which `$more(p, top, values)` may add;
/// `$store` is how results are written.
macro_rules! tile {
    ($module:ident, $features:literal, $store:ident, $product:ty, $element:ty,
     |$sums:ident, $a:ident, $b:ident| $step:expr,
     |$of:ident, $left:ident| $parameters:expr,
     |$whole:ident, $columns:ident, $from:ident, $row:ident| $value:expr,
     |$product_of:ident, $top:ident, $values:ident| $more:expr) => {
        pub(in super::super) mod $module {
            use super::super::super::matrix::Width;
            use super::super::super::{Finish, generic};
            use super::super::register::gelu;
            use super::*;
            use std::arch::x86_64::{_mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_ps};

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
                macro_rules! values {
                    () => {{
                        let values =
                            valued!(p, top, sums, |$of, $left| $parameters, |$whole, $columns, $from, $row| $value);
                        let ($product_of, $top, $values) = (&*p, top, values);
                        $more
                    }};
                }
                if p.out.columns() < NV * LANES {
                    return partly::<MR, NV, O>(p, top, values!());
                }
                let finish = p.finish;
                // Each kind makes its values itself: between the two, registers would be spilled.
                match finish {
                    Finish::Replace => finish!(p, top, values!(), $store, |value, _to, _row, _left| value),
                    Finish::Add => {
                        finish!(p, top, values!(), $store, |value, to, _row, _left| _mm512_add_ps(value, O::load(to)))
                    }
                    Finish::Gelu => {
                        finish!(p, top, values!(), $store, |value, _to, _row, _left| gelu::<O>(value))
                    }
                    Finish::Scale(factors) => finish!(p, top, values!(), $store, |value, _to, row, _left| {
                        _mm512_mul_ps(value, _mm512_set1_ps(factors[row]))
                    }),
                    Finish::Offset(table) => finish!(p, top, values!(), $store, |value, _to, row, left| {
                        _mm512_add_ps(value, at(table.row(row), left))
                    }),
                }
            }

            /// Finishes a tile of which `out` has only the first columns.
            #[target_feature(enable = $features)]
            #[cold]
            fn partly<const MR: usize, const NV: usize, O: Element>(
                p: &mut $product,
                top: usize,
                values: [[__m512; NV]; MR],
            ) {
                for (r, row) in (top..).zip(values) {
                    for (j, value) in row.into_iter().enumerate() {
                        let mut lanes = [0.0; LANES];
                        // SAFETY: the array is as long as the register.
                        unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), value) };
                        generic::put::<true, O>(lanes, &mut p.out, p.finish, [r, j * LANES]);
                    }
                }
            }

            #[target_feature(enable = $features)]
            #[inline]
            fn step($sums: __m512, $a: __m512i, $b: __m512i) -> __m512 {
                $step
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
fn scaled(whole: __m512, [scales, sums, bias]: [__m512; 3], Affine { scale, offset }: Affine) -> __m512 {
    let fixed = _mm512_fmadd_ps(_mm512_set1_ps(offset), sums, bias);
    let products = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_castps_si512(whole)), scales);
    _mm512_fmadd_ps(products, _mm512_set1_ps(scale), fixed)
}

/// `values` with the products of what are no bytes, in the rows from `top` on.
#[target_feature(enable = "avx512f")]
#[inline]
fn with_exact<const MR: usize, const NV: usize, O>(
    p: &ByteProduct<'_, '_, O>,
    top: usize,
    mut values: [[__m512; NV]; MR],
) -> [[__m512; NV]; MR] {
    let (left, right) = p.exact;
    for (t, columns) in right.data.chunks_exact(right.width.columns()).take(right.k).enumerate() {
        let mut b = [_mm512_setzero_ps(); NV];
        for (j, b) in b.iter_mut().enumerate() {
            *b = at(columns, 16 * j);
        }
        for (r, row) in values.iter_mut().enumerate() {
            let value = _mm512_set1_ps(left.row(top + r)[t]);
            for j in 0..NV {
                row[j] = _mm512_fmadd_ps(value, b[j], row[j]);
            }
        }
    }
    values
}

tile!(
    single,
    "avx512f,avx2,fma",
    store,
    Product<'_, '_, f32, O>,
    f32,
    |sums, a, b| _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sums),
    |p, left| at(p.bias, left),
    |sums, bias, _p, _row| _mm512_add_ps(sums, bias),
    |_p, _top, values| values
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
    |p, left| at(p.bias, left),
    |sums, bias, _p, _row| _mm512_add_ps(sums, bias),
    |_p, _top, values| values
);

tile!(
    quads,
    "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma",
    store,
    ByteProduct<'_, '_, O>,
    i8,
    |sums, a, b| _mm512_castsi512_ps(_mm512_dpbusd_epi32(_mm512_castps_si512(sums), a, b)),
    |p, left| [at(p.scales, left), at(p.sums, left), at(p.bias, left)],
    |sums, columns, p, row| scaled(sums, columns, p.rows[row]),
    |p, top, values| with_exact(p, top, values)
);

tile!(
    quads_bf16,
    "avx512f,avx512bw,avx512vl,avx512vnni,avx512bf16,avx2,fma",
    store_bf16,
    ByteProduct<'_, '_, O>,
    i8,
    |sums, a, b| _mm512_castsi512_ps(_mm512_dpbusd_epi32(_mm512_castps_si512(sums), a, b)),
    |p, left| [at(p.scales, left), at(p.sums, left), at(p.bias, left)],
    |sums, columns, p, row| scaled(sums, columns, p.rows[row]),
    |p, top, values| with_exact(p, top, values)
);
