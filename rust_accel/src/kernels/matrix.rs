//! Views of row-major matrices whose shape was checked once.

use super::Finish;
use super::element::Element;

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

impl<'a, T: Element> Matrix<'a, T> {
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

    pub(super) fn below(self, top: usize, rows: usize) -> Self {
        Self::new(&self.data[top * self.stride..], rows, self.columns, self.stride)
    }

    #[inline(always)]
    pub(super) fn row(&self, r: usize) -> &'a [T] {
        &self.data[r * self.stride..r * self.stride + self.columns]
    }
}

/// A [`Matrix`] that can be written.
pub struct MatrixMut<'a, T = f32> {
    pub(super) data: &'a mut [T],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) stride: usize,
}

impl<'a, T: Element> MatrixMut<'a, T> {
    /// # Panics
    /// When `data` is too short for the shape.
    #[must_use]
    pub fn new(data: &'a mut [T], rows: usize, columns: usize, stride: usize) -> Self {
        check(data.len(), rows, columns, stride);
        Self { data, rows, columns, stride }
    }

    #[inline(always)]
    pub(super) fn row_mut(&mut self, r: usize) -> &mut [T] {
        &mut self.data[r * self.stride..r * self.stride + self.columns]
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

impl<'a, T: Element> Panel<'a, T> {
    /// # Panics
    /// When `data` is shorter than `k * width`, or `k` is not a whole number of groups.
    #[must_use]
    pub fn new(data: &'a [T], k: usize, width: Width) -> Self {
        assert!(k.is_multiple_of(T::GROUP), "{k} values are not whole groups of {}", T::GROUP);
        check(data.len(), k, width.columns(), width.columns());
        Self { data, k, width }
    }
}

/// One multiplication whose shapes fit: what the unsafe kernels may rely on.
pub struct Product<'a, 'b, T, O> {
    pub(super) a: Matrix<'a, T>,
    pub(super) b: Panel<'a, T>,
    pub(super) bias: &'a [f32],
    pub(super) out: MatrixMut<'b, O>,
    pub(super) finish: Finish,
}

impl<'a, 'b, T: Element, O: Element> Product<'a, 'b, T, O> {
    pub(super) fn new(
        a: Matrix<'a, T>,
        b: Panel<'a, T>,
        bias: &'a [f32],
        out: MatrixMut<'b, O>,
        finish: Finish,
    ) -> Self {
        assert_eq!(a.columns, b.k, "multiply: the inner sizes differ");
        assert_eq!((a.rows, b.width.columns()), (out.rows, out.columns), "multiply: the output has another shape");
        assert!(bias.len() >= b.width.columns(), "multiply: the bias is too short");
        Self { a, b, bias, out, finish }
    }
}
