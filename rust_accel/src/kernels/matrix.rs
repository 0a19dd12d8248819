//! Views of row-major matrices whose shape was checked once.

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
pub struct Matrix<'a> {
    pub(super) data: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) stride: usize,
}

impl<'a> Matrix<'a> {
    /// # Panics
    /// When `data` is too short for the shape.
    #[must_use]
    pub fn new(data: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
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
    pub(super) fn row(&self, r: usize) -> &'a [f32] {
        &self.data[r * self.stride..r * self.stride + self.columns]
    }
}

/// A [`Matrix`] that can be written.
pub struct MatrixMut<'a> {
    pub(super) data: &'a mut [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) stride: usize,
}

impl<'a> MatrixMut<'a> {
    /// # Panics
    /// When `data` is too short for the shape.
    #[must_use]
    pub fn new(data: &'a mut [f32], rows: usize, columns: usize, stride: usize) -> Self {
        check(data.len(), rows, columns, stride);
        Self { data, rows, columns, stride }
    }

    #[inline(always)]
    pub(super) fn row_mut(&mut self, r: usize) -> &mut [f32] {
        &mut self.data[r * self.stride..r * self.stride + self.columns]
    }
}

/// Up to `width` columns of `k` values, packed `[k][width]`; columns past the end are zero.
#[derive(Clone, Copy)]
pub struct Panel<'a> {
    pub(super) data: &'a [f32],
    pub(super) k: usize,
    pub(super) width: Width,
}

impl<'a> Panel<'a> {
    /// # Panics
    /// When `data` is shorter than `k * width`.
    #[must_use]
    pub fn new(data: &'a [f32], k: usize, width: Width) -> Self {
        check(data.len(), k, width.columns(), width.columns());
        Self { data, k, width }
    }
}

/// One multiplication whose shapes fit: what the unsafe kernels may rely on.
pub(super) struct Product<'a, 'b> {
    pub(super) a: Matrix<'a>,
    pub(super) b: Panel<'a>,
    pub(super) bias: &'a [f32],
    pub(super) out: MatrixMut<'b>,
    pub(super) add: bool,
}

impl<'a, 'b> Product<'a, 'b> {
    pub(super) fn new(a: Matrix<'a>, b: Panel<'a>, bias: &'a [f32], out: MatrixMut<'b>, add: bool) -> Self {
        assert_eq!(a.columns, b.k, "multiply: the inner sizes differ");
        assert_eq!((a.rows, b.width.columns()), (out.rows, out.columns), "multiply: the output has another shape");
        assert!(bias.len() >= b.width.columns(), "multiply: the bias is too short");
        Self { a, b, bias, out, add }
    }
}
