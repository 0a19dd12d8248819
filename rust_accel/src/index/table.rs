//! Tables that are read row by row, wherever and however they lie.

/// Rows of numbers, which their owner may change at any time: only what was copied stays as it was checked.
pub trait Table<T> {
    /// A row: where it lies in one piece, or else as a copy in `room`, which is as long.
    fn row<'a>(&'a self, row: usize, room: &'a mut [T]) -> &'a [T];
}

/// Rows of `columns` values, one after the other.
pub(super) struct Dense<'a, T> {
    pub(super) values: &'a [T],
    pub(super) columns: usize,
}

impl<T: Copy> Table<T> for Dense<'_, T> {
    fn row<'a>(&'a self, row: usize, _: &'a mut [T]) -> &'a [T] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }
}
