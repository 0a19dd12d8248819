//! AVX-512: a register tile of 8 rows by 48 or 32 columns. Each step takes four bytes of a row of `a`, one f32 or a pair
//! of bf16, and the same four bytes of 48 columns of `b`.

use super::element::{Bf16, Element};
use super::matrix::{Matrix, MatrixMut};
use super::{LayerNorm, generic};

/// The `generic` bodies, compiled for these instructions.
macro_rules! instantiate { ($($name:ident($($arg:ident: $type:ty),*);)*) => { $(
    #[target_feature(enable = "avx512f,avx2,fma")]
    pub(super) fn $name($($arg: $type),*) {
        generic::$name::<true>($($arg),*);
    }
)* } }

instantiate! {
    dot_rows(rows: Matrix<'_>, query: &[f32], out: &mut [f32]);
    softmax(scores: &mut MatrixMut<'_>);
    layer_norm(values: &mut MatrixMut<'_>, norm: &LayerNorm);
}

#[target_feature(enable = "avx512f,avx2,fma")]
pub(super) fn narrow<T: Element>(from: &[f32], to: &mut [T]) {
    generic::narrow(from, to);
}

/// The tile of one type: `$step(sums, a, b)` adds the products of four bytes of `a`, in every lane, and those of `b`.
macro_rules! tile {
    ($module:ident, $features:literal, $element:ty, |$sums:ident, $a:ident, $b:ident| $step:expr) => {
        pub(super) mod $module {
            use super::super::element::Element;
            use super::super::generic;
            use super::super::matrix::{Product, Width};
            use std::arch::x86_64::{
                __m512, __m512i, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_ps, _mm512_setzero_si512,
                _mm512_storeu_ps,
            };

            const ROWS: usize = 8;
            const LANES: usize = 16;
            const GROUP: usize = <$element>::GROUP;

            /// `out = a * b + bias` over a whole product.
            #[target_feature(enable = $features)]
            pub(in super::super) fn multiply<O: Element>(p: &mut Product<'_, '_, $element, O>) {
                match p.b.width {
                    Width::Wide => blocks::<3, O>(p),
                    Width::Narrow => blocks::<2, O>(p),
                }
            }

            /// Splits the rows into blocks of nearly equal height, at most `ROWS`.
            #[target_feature(enable = $features)]
            fn blocks<const NV: usize, O: Element>(p: &mut Product<'_, '_, $element, O>) {
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
            /// `top + MR <= a.rows` and `NV * LANES == b.width`. `Product` guarantees the rest: `a` has `k` columns, whole
            /// groups of four bytes, and `b` holds `k * width` values.
            #[target_feature(enable = $features)]
            unsafe fn tile<const MR: usize, const NV: usize, O: Element>(
                p: &mut Product<'_, '_, $element, O>,
                top: usize,
            ) {
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
                for (r, row) in sums.into_iter().enumerate() {
                    let out = p.out.row_mut(top + r);
                    for (j, sum) in row.into_iter().enumerate() {
                        let left = j * LANES;
                        generic::put::<true, O>(lanes(sum), &p.bias[left..], &mut out[left..], p.finish);
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
            fn lanes(sums: __m512) -> generic::Lanes {
                let mut lanes = [0.0; LANES];
                // SAFETY: the array is as long as the register.
                unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), sums) };
                lanes
            }
        }
    };
}

tile!(single, "avx512f,avx2,fma", f32, |sums, a, b| {
    use std::arch::x86_64::{_mm512_castsi512_ps, _mm512_fmadd_ps};
    _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sums)
});

tile!(paired, "avx512f,avx512bf16,avx2,fma", super::Bf16, |sums, a, b| {
    use std::arch::x86_64::{__m512bh, _mm512_dpbf16_ps};
    // SAFETY: both are 64 bytes of plain numbers.
    let (a, b) = unsafe { (std::mem::transmute::<__m512i, __m512bh>(a), std::mem::transmute::<__m512i, __m512bh>(b)) };
    _mm512_dpbf16_ps(sums, a, b)
});
