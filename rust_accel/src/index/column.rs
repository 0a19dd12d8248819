//! The codes of a chunk's rows in one column, and the rows by code where searches ask for them often.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Searches that look at every code of a chunk before its rows are sorted by code. Measured at a million rows: 16 looks for
/// one code take 9 ms, for a hundred 42, sorting 14.
const SORTED_AFTER: usize = 16;

/// One code a row.
#[derive(Default)]
pub(super) struct Column {
    codes: Vec<u32>,
    /// Searches since the last change.
    asked: AtomicUsize,
    sorted: OnceLock<Sorted>,
}

impl Column {
    /// Every row's code.
    pub(super) fn codes(&self) -> &[u32] {
        &self.codes
    }

    pub(super) fn reserve(&mut self, more: usize) -> Result<(), std::collections::TryReserveError> {
        self.codes.try_reserve_exact(more)
    }

    /// Adds a row of code 0.
    pub(super) fn push(&mut self) {
        self.codes.push(0);
        self.changed();
    }

    pub(super) fn set(&mut self, row: usize, code: u32) {
        if self.codes[row] != code {
            self.codes[row] = code;
            self.changed();
        }
    }

    /// Forgets the rows from `rows` on.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.codes.truncate(rows);
        self.changed();
    }

    pub(super) fn shrink(&mut self) {
        self.codes.shrink_to_fit();
    }

    fn changed(&mut self) {
        *self.asked.get_mut() = 0;
        self.sorted.take();
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        self.codes.capacity() * size_of::<u32>() + self.sorted.get().map_or(0, Sorted::size)
    }

    /// The rows by code, once enough searches have asked since the last change.
    pub(super) fn sorted(&self) -> Option<&Sorted> {
        if let Some(sorted) = self.sorted.get() {
            return Some(sorted);
        }
        let before = self.asked.fetch_add(1, Ordering::Relaxed);
        (before >= SORTED_AFTER).then(|| self.sorted.get_or_init(|| Sorted::of(&self.codes)))
    }
}

/// The rows of each code, dead ones included.
pub(super) struct Sorted {
    /// Each once, ascending.
    codes: Vec<u32>,
    /// Where the rows of each code begin in `rows`, and where the last ones end.
    starts: Vec<u32>,
    rows: Vec<u16>,
}

impl Sorted {
    fn of(codes: &[u32]) -> Self {
        let mut pairs: Vec<u64> = (0..).zip(codes).map(|(row, code)| u64::from(*code) << 16 | row).collect();
        pairs.sort_unstable();
        let mut sorted = Self { codes: vec![], starts: vec![], rows: Vec::with_capacity(pairs.len()) };
        for pair in pairs {
            let (code, row) = ((pair >> 16) as u32, pair as u16);
            if sorted.codes.last() != Some(&code) {
                sorted.codes.push(code);
                sorted.starts.push(sorted.rows.len() as u32);
            }
            sorted.rows.push(row);
        }
        sorted.starts.push(sorted.rows.len() as u32);
        sorted.codes.shrink_to_fit();
        sorted.starts.shrink_to_fit();
        sorted
    }

    fn size(&self) -> usize {
        (self.codes.capacity() + self.starts.capacity()) * size_of::<u32>() + self.rows.capacity() * size_of::<u16>()
    }

    /// Rows whose code is one of `wanted`, which is sorted and has each code once.
    pub(super) fn count(&self, wanted: &[u32]) -> usize {
        self.ranges(wanted).map(|range| range.len()).sum()
    }

    /// These rows, ascending for each code.
    pub(super) fn rows(&self, wanted: &[u32]) -> impl Iterator<Item = u16> {
        self.ranges(wanted).flat_map(|range| self.rows[range].iter().copied())
    }

    fn ranges(&self, wanted: &[u32]) -> impl Iterator<Item = Range<usize>> {
        let mut from = 0;
        wanted.iter().filter_map(move |code| {
            // Steps that double until the code is passed, then a search between the last two: cheap for a few codes
            // among many and for most of them.
            let rest = &self.codes[from..];
            let mut step = 1;
            while rest.get(step).is_some_and(|next| next < code) {
                step *= 2;
            }
            let left = step / 2;
            from += left + rest[left..rest.len().min(step + 1)].partition_point(|other| other < code);
            let found = self.codes.get(from).is_some_and(|other| other == code);
            found.then(|| self.starts[from] as usize..self.starts[from + 1] as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, SORTED_AFTER, Sorted};

    #[test]
    fn the_rows_of_some_codes_are_those_that_a_look_at_every_code_finds() {
        let codes: Vec<u32> =
            (0..5000_u32).map(|i| i.wrapping_mul(2_654_435_761) >> 20 & 0x3ff | (i % 7) << 29).collect();
        let sorted = Sorted::of(&codes);
        let mut all = codes.clone();
        all.sort_unstable();
        all.dedup();
        let some: Vec<u32> = all.iter().copied().filter(|code| code % 97 == 3).chain([u32::MAX]).collect();
        for wanted in [vec![], vec![0], vec![5, 6, 7], all[all.len() - 1..].to_vec(), some, all] {
            let mut rows: Vec<u16> = sorted.rows(&wanted).collect();
            rows.sort_unstable();
            let expected: Vec<u16> =
                (0..).zip(&codes).filter(|(_, code)| wanted.contains(code)).map(|(row, _)| row).collect();
            assert_eq!(rows, expected);
            assert_eq!(sorted.count(&wanted), expected.len());
        }
        assert_eq!(Sorted::of(&[]).count(&[1]), 0);
    }

    #[test]
    fn rows_are_sorted_once_enough_have_asked_and_anew_after_a_change() {
        let mut column = Column::default();
        column.push();
        column.push();
        column.set(1, 9);
        for _ in 0..SORTED_AFTER {
            assert!(column.sorted().is_none());
        }
        let before = column.size();
        assert_eq!(column.sorted().unwrap().rows(&[9]).collect::<Vec<_>>(), [1]);
        assert!(column.size() > before);
        column.set(1, 9);
        assert!(column.sorted().is_some());
        column.set(0, 9);
        assert!(column.sorted().is_none());
        for _ in 0..SORTED_AFTER {
            column.sorted();
        }
        assert_eq!(column.sorted().unwrap().rows(&[9]).collect::<Vec<_>>(), [0, 1]);
    }
}
