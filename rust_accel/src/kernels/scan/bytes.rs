//! Rows of one byte a value against queries of one byte a value. The sums are whole numbers, so every path gives the
//! same bits.

use super::{COLUMNS, generic};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::error::Result;
use crate::kernels::isa::Level;
use crate::kernels::{Isa, Pages, prefetch};

/// A whole number of these bytes is a row.
pub(super) const UNIT: usize = 64;
/// The longest row: 65,536 products of at most 255 * 127 stay below 2^31.
const LONGEST: usize = 65_536;
/// How many rows ahead a listed row is asked for.
pub(super) const AHEAD: usize = 12;
/// What is added to a value to store it as an unsigned byte.
pub(super) const BIAS: i32 = 128;

/// Rows of `stride` bytes, each a value of -127..=127 plus 128, and what a row's values are multiplied with.
#[derive(Clone, Copy)]
pub struct ByteRows<'a> {
    pub(super) codes: &'a [u8],
    pub(super) scales: &'a [f32],
    pub(super) stride: usize,
}

impl<'a> ByteRows<'a> {
    /// # Panics
    /// When `stride` is not a multiple of 64 up to 65,536 or there is not one scale a row.
    #[must_use]
    pub fn new(codes: &'a [u8], scales: &'a [f32], stride: usize) -> Self {
        assert!(stride.is_multiple_of(UNIT) && stride <= LONGEST && stride > 0, "rows of {stride} bytes");
        assert_eq!(Some(codes.len()), scales.len().checked_mul(stride), "one scale a row");
        Self { codes, scales, stride }
    }

    #[inline]
    pub(super) fn row(&self, row: u16) -> &'a [u8] {
        &self.codes[usize::from(row) * self.stride..][..self.stride]
    }

    fn one(&self, row: u16) -> Self {
        Self { codes: self.row(row), scales: &self.scales[usize::from(row)..][..1], stride: self.stride }
    }

    /// Says that a row is read soon.
    #[inline]
    pub(super) fn ask(&self, row: u16) {
        prefetch(self.row(row));
        prefetch(&self.scales[usize::from(row)..][..1]);
    }
}

/// Up to 32 queries of -127..=127, laid out for one instruction set.
pub struct ByteQueries {
    isa: Isa,
    pub(super) count: usize,
    stride: usize,
    /// For VNNI: one query as it is, several as `[stride / 4][32][4]`.
    pub(super) bytes: Pages<i8>,
    /// Elsewhere: one query as it is, several as `[stride / 2][32][2]`.
    pub(super) words: Pages<i16>,
    /// 128 times the sum of a query: what the bias of the rows adds to a product.
    pub(super) offsets: [i32; COLUMNS],
}

impl ByteQueries {
    /// From `codes`, `stride` values a query.
    ///
    /// # Errors
    /// `Error::Memory`.
    ///
    /// # Panics
    /// When there are not 1 to 32 whole queries, or `stride` is not a multiple of 64 up to 65,536.
    pub fn new(isa: Isa, codes: &[i8], stride: usize) -> Result<Self> {
        assert!(stride.is_multiple_of(UNIT) && stride <= LONGEST && stride > 0, "queries of {stride} bytes");
        let count = codes.len() / stride;
        assert!((1..=COLUMNS).contains(&count) && codes.len() == count * stride, "{count} queries");
        let columns = if count == 1 { 1 } else { COLUMNS };
        let vnni = Self::is_native(isa);
        let (mut bytes, mut words) = if vnni {
            (Pages::zeros(stride * columns)?, Pages::default())
        } else {
            (Pages::default(), Pages::zeros(stride * columns)?)
        };
        let mut offsets = [0; COLUMNS];
        for (j, query) in codes.chunks_exact(stride).enumerate() {
            offsets[j] = BIAS * query.iter().map(|code| i32::from(*code)).sum::<i32>();
            for (t, code) in query.iter().enumerate() {
                if vnni {
                    bytes[place(t, j, columns, 4)] = *code;
                } else {
                    words[place(t, j, columns, 2)] = i16::from(*code);
                }
            }
        }
        Ok(Self { isa, count, stride, bytes, words, offsets })
    }

    /// Whether the CPU multiplies bytes itself; elsewhere they are widened first.
    #[must_use]
    pub fn is_native(isa: Isa) -> bool {
        matches!(isa.name(), "avx512vnni" | "avx512bf16")
    }

    /// Scores of a row: 1, or 32 of which the last may mean nothing.
    #[must_use]
    pub fn columns(&self) -> usize {
        if self.count == 1 { 1 } else { COLUMNS }
    }

    /// `out[i * columns + j]` is the product of the values of row `i` and query `j`, times the scale of the row.
    ///
    /// # Panics
    /// When `out` is not one row of scores a row, or the strides differ.
    pub fn score(&self, rows: ByteRows<'_>, out: &mut [f32]) {
        assert_eq!(rows.stride, self.stride, "rows and queries differ in length");
        assert_eq!(out.len(), rows.scales.len() * self.columns(), "score: the output has another shape");
        match self.isa.level() {
            Level::Scalar => generic::bytes(rows, self, out),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of these levels exists only where detection found AVX2 and FMA.
            Level::Avx2 | Level::Avx512 => unsafe { avx2::bytes(rows, self, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of these levels exists only where detection found AVX-512 F, BW, VL and VNNI.
            Level::Avx512Vnni | Level::Avx512Bf16 => unsafe { avx512::bytes(rows, self, out) },
        }
    }
}

impl ByteQueries {
    /// As `score`, of the rows that are listed, in that order, against a single query.
    ///
    /// # Panics
    /// When there is no such row, not one score a listed row, more than one query, or the strides differ.
    pub fn score_listed(&self, rows: ByteRows<'_>, listed: &[u16], out: &mut [f32]) {
        assert_eq!(rows.stride, self.stride, "rows and queries differ in length");
        assert_eq!((listed.len(), 1), (out.len(), self.count), "score_listed: shapes differ");
        for row in listed.iter().take(AHEAD) {
            rows.ask(*row);
        }
        match self.isa.level() {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of these levels exists only where detection found AVX-512 F, BW, VL and VNNI.
            Level::Avx512Vnni | Level::Avx512Bf16 => unsafe { avx512::listed(rows, listed, self, out) },
            _ => {
                for (i, (row, score)) in listed.iter().zip(out).enumerate() {
                    if let Some(ahead) = listed.get(i + AHEAD) {
                        rows.ask(*ahead);
                    }
                    self.score(rows.one(*row), std::slice::from_mut(score));
                }
            }
        }
    }
}

/// Where value `t` of query `j` lies.
fn place(t: usize, j: usize, columns: usize, group: usize) -> usize {
    (t / group * columns + j) * group + t % group
}
