//! Views of row-major matrices whose shape was checked once.

use super::Finish;
use super::element::{Element, Packed};
use std::marker::PhantomData;

/// Columns of a wide panel: three AVX-512 registers.
pub const WIDE: usize = 48;

/// How many columns are packed side by side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    /// 32 columns: attention heads, search batches.
    Narrow,
    /// 48 columns: linear layers.
    Wide,
}

impl Width {
    /// 32 or 48.
    #[must_use]
    pub const fn columns(self) -> usize {
        match self {
            Self::Narrow => 32,
            Self::Wide => WIDE,
        }
    }
}

fn check(len: usize, rows: usize, columns: usize, stride: usize) {
    assert!(stride >= columns, "a stride of {stride} cannot hold {columns} columns");
    let needed = if rows == 0 { Some(0) } else { (rows - 1).checked_mul(stride).and_then(|n| n.checked_add(columns)) };
    assert!(needed.is_some_and(|n| n <= len), "{len} values are too few for {rows} rows of {stride}");
}

/// `rows` rows of `columns` values, `stride` apart.
#[derive(Clone, Copy)]
pub struct Matrix<'a, T = f32> {
    pub(super) data: &'a [T],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) stride: usize,
}

impl<'a, T: Packed> Matrix<'a, T> {
    /// # Panics
    /// When `data` is too short for the shape.
    #[must_use]
    pub fn new(data: &'a [T], rows: usize, columns: usize, stride: usize) -> Self {
        check(data.len(), rows, columns, stride);
        Self { data, rows, columns, stride }
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The values of row `r`.
    ///
    /// # Panics
    /// When there is no such row.
    #[inline(always)]
    #[must_use]
    pub fn row(&self, r: usize) -> &'a [T] {
        assert!(r < self.rows, "no row {r} of {}", self.rows);
        &self.data[r * self.stride..r * self.stride + self.columns]
    }
}

/// A [`Matrix`] that can be written, and split for several threads.
pub struct MatrixMut<'a, T = f32> {
    data: *mut T,
    pub(super) rows: usize,
    pub(super) columns: usize,
    stride: usize,
    borrow: PhantomData<&'a mut [T]>,
}

// SAFETY: it stands for an exclusive borrow of its own values, as `&mut [T]` does, and numbers may go to any thread.
unsafe impl<T: Packed> Send for MatrixMut<'_, T> {}

impl<'a, T: Packed> MatrixMut<'a, T> {
    /// # Panics
    /// When `data` is too short for the shape.
    #[must_use]
    pub fn new(data: &'a mut [T], rows: usize, columns: usize, stride: usize) -> Self {
        check(data.len(), rows, columns, stride);
        Self { data: data.as_mut_ptr(), rows, columns, stride, borrow: PhantomData }
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The first `at` columns, and the others.
    ///
    /// # Panics
    /// When there are fewer columns.
    #[must_use]
    pub fn split_columns(self, at: usize) -> (Self, Self) {
        assert!(at <= self.columns, "cannot split {} columns at {at}", self.columns);
        // The columns past the end of the last row may be outside of the data: nothing points there.
        let right = if at < self.columns { self.data.wrapping_add(at) } else { self.data };
        (Self { columns: at, ..self }, Self { data: right, columns: self.columns - at, ..self })
    }

    /// The rows `top..top + rows`.
    ///
    /// # Panics
    /// When there are fewer rows.
    #[must_use]
    pub fn below(&mut self, top: usize, rows: usize) -> MatrixMut<'_, T> {
        assert!(top + rows <= self.rows, "no rows {top}..{} of {}", top + rows, self.rows);
        let data = if rows == 0 { self.data } else { self.data.wrapping_add(top * self.stride) };
        MatrixMut { data, rows, columns: self.columns, stride: self.stride, borrow: PhantomData }
    }

    /// The values of row `r`.
    ///
    /// # Panics
    /// When there is no such row.
    #[inline(always)]
    pub fn row_mut(&mut self, r: usize) -> &mut [T] {
        assert!(r < self.rows, "no row {r} of {}", self.rows);
        // SAFETY: `check` found room for every row; the parts of a split share no column, so no two of them give out
        // the same value, and `self` is borrowed for as long as the row.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(r * self.stride), self.columns) }
    }
}

/// Up to `width` columns of `k` values, packed `[k / group][width][group]` with the element's group; columns past the
/// end are zero.
#[derive(Clone, Copy)]
pub struct Panel<'a, T = f32> {
    pub(super) data: &'a [T],
    pub(super) k: usize,
    pub(super) width: Width,
}

impl<'a, T: Packed> Panel<'a, T> {
    /// # Panics
    /// When `data` is shorter than `k * width`, or `k` is not a whole number of groups.
    #[must_use]
    pub fn new(data: &'a [T], k: usize, width: Width) -> Self {
        assert!(k.is_multiple_of(T::GROUP), "{k} values are not whole groups of {}", T::GROUP);
        check(data.len(), k, width.columns(), width.columns());
        Self { data, k, width }
    }
}

/// Where value `k` of a column lies in a panel of `width` columns.
#[must_use]
pub fn panel_place<T: Packed>(k: usize, column: usize, width: usize) -> usize {
    (k / T::GROUP * width + column) * T::GROUP + k % T::GROUP
}

/// One multiplication whose shapes fit: what the unsafe kernels may rely on.
pub struct Product<'a, 'b, T, O> {
    pub(super) a: Matrix<'a, T>,
    pub(super) b: Panel<'a, T>,
    pub(super) bias: &'a [f32],
    pub(super) out: MatrixMut<'b, O>,
    pub(super) finish: Finish<'a>,
}

impl<'a, 'b, T: Element, O: Element> Product<'a, 'b, T, O> {
    pub(super) fn new(
        a: Matrix<'a, T>,
        b: Panel<'a, T>,
        bias: &'a [f32],
        out: MatrixMut<'b, O>,
        finish: Finish<'a>,
    ) -> Self {
        check_product([a.rows, a.columns], [b.k, b.width.columns()], bias, &out, finish);
        Self { a, b, bias, out, finish }
    }
}

fn check_product<O>(a: [usize; 2], b: [usize; 2], bias: &[f32], out: &MatrixMut<'_, O>, finish: Finish<'_>) {
    assert_eq!(a[1], b[0], "multiply: the inner sizes differ");
    assert!(a[0] == out.rows && out.columns <= b[1], "multiply: the output has another shape");
    assert!(bias.len() >= b[1], "multiply: the bias is too short");
    match finish {
        Finish::Replace | Finish::Add | Finish::Gelu => {}
        Finish::Scale(rows) => assert!(rows.len() >= out.rows, "multiply: a factor is missing"),
        Finish::Offset(table) => {
            let fits = table.rows == out.rows && table.values.len() + 1 >= out.rows + out.columns;
            assert!(fits, "multiply: the offsets have another shape");
        }
    }
}

/// A matrix that is constant along its diagonals, by one row of values: each row of it begins one value earlier than the
/// one above.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Toeplitz<'a> {
    values: &'a [f32],
    rows: usize,
}

impl<'a> Toeplitz<'a> {
    /// Column `c` of row `r` is `values[rows - 1 - r + c]`.
    #[must_use]
    pub fn new(values: &'a [f32], rows: usize) -> Self {
        Self { values, rows }
    }

    /// The values of row `r`, and what follows them.
    ///
    /// # Panics
    /// When there is no such row.
    #[inline(always)]
    #[must_use]
    pub fn row(&self, r: usize) -> &'a [f32] {
        &self.values[self.rows - 1 - r..]
    }
}

/// A row of bytes `q` stands for the values `scale * q + offset`.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Affine {
    /// What one step is worth.
    pub scale: f32,
    /// What zero stands for.
    pub offset: f32,
}

impl Affine {
    /// 256 equal steps from `least` to `most`.
    pub(super) fn between(least: f32, most: f32) -> Self {
        Self { scale: (most - least) / 255.0, offset: least }
    }

    /// Steps in one; 0 when all values are one.
    pub(super) fn steps(self) -> f32 {
        if self.scale > 0.0 { 1.0 / self.scale } else { 0.0 }
    }
}

/// Rows of bytes, each with its own scale and offset, and more values of each row that are no bytes.
#[derive(Clone, Copy)]
pub struct Bytes<'a> {
    pub(super) values: Matrix<'a, u8>,
    pub(super) rows: &'a [Affine],
    pub(super) exact: Matrix<'a>,
}

impl<'a> Bytes<'a> {
    /// # Panics
    /// When `rows` has fewer entries than `values` has rows, or `exact` another number of them.
    #[must_use]
    pub fn new(values: Matrix<'a, u8>, rows: &'a [Affine], exact: Matrix<'a>) -> Self {
        assert!(rows.len() >= values.rows && exact.rows == values.rows, "a row has no scale");
        Self { values, rows, exact }
    }
}

/// A panel of bytes whose column `j` stands for `scales[j] * q`; `sums[j]` is the sum of those values. `exact` continues the
/// columns.
#[derive(Clone, Copy)]
pub struct BytePanel<'a> {
    pub(super) panel: Panel<'a, i8>,
    pub(super) scales: &'a [f32],
    pub(super) sums: &'a [f32],
    pub(super) exact: Panel<'a>,
}

/// The largest `k` of a product of bytes: its sum of `255 * 127` stays below 2^31.
pub const MOST_BYTES: usize = 66_000;

impl<'a> BytePanel<'a> {
    /// # Panics
    /// When a column has no scale or sum, `k` is above [`MOST_BYTES`], or `exact` has another width.
    #[must_use]
    pub fn new(panel: Panel<'a, i8>, scales: &'a [f32], sums: &'a [f32], exact: Panel<'a>) -> Self {
        assert!(scales.len().min(sums.len()) >= panel.width.columns(), "a column has no scale");
        assert!(panel.k <= MOST_BYTES, "{} products of bytes could overflow their sum", panel.k);
        assert_eq!(exact.width, panel.width, "a panel continues in another width");
        Self { panel, scales, sums, exact }
    }
}

/// As [`Product`], of bytes.
pub struct ByteProduct<'a, 'b, O> {
    pub(super) a: Matrix<'a, u8>,
    pub(super) rows: &'a [Affine],
    pub(super) b: Panel<'a, i8>,
    pub(super) scales: &'a [f32],
    pub(super) sums: &'a [f32],
    pub(super) exact: (Matrix<'a>, Panel<'a>),
    pub(super) bias: &'a [f32],
    pub(super) out: MatrixMut<'b, O>,
    pub(super) finish: Finish<'a>,
}

impl<'a, 'b, O: Element> ByteProduct<'a, 'b, O> {
    pub(super) fn new(
        a: Bytes<'a>,
        b: BytePanel<'a>,
        bias: &'a [f32],
        out: MatrixMut<'b, O>,
        finish: Finish<'a>,
    ) -> Self {
        let Bytes { values, rows, exact: left } = a;
        let BytePanel { panel, scales, sums, exact: right } = b;
        assert_eq!(left.columns, right.k, "multiply: the inner sizes of the exact parts differ");
        check_product([values.rows, values.columns], [panel.k, panel.width.columns()], bias, &out, finish);
        Self { a: values, rows, b: panel, scales, sums, exact: (left, right), bias, out, finish }
    }
}
