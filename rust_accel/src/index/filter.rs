//! Which rows a search may return, chunk by chunk: as bits where they are many, as a list where they are few.

use super::Index;
use super::chunk::{Chunk, ROWS, has, rows_of};
use crate::error::{Result, invalid};
use crate::memory::room;
use std::borrow::Cow;

/// Conditions that must all hold.
#[derive(Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Only these ids; unknown ones are passed over.
    pub allowed: Option<&'a [u64]>,
    /// A column and the codes of which its value must be one; no code matches nothing.
    pub columns: &'a [(usize, Vec<u32>)],
}

/// Rows that are less than one in four are gathered one by one.
pub(super) const SPARSE: usize = 4;
/// Of this many listed rows on, it pays to visit them in order.
const ORDERED_FROM: usize = ROWS / 64;

/// The rows of a chunk that pass.
pub(super) enum Part<'a> {
    /// A bit a row.
    Dense(Cow<'a, [u64]>),
    /// Each once.
    Sparse(Vec<u16>),
}

impl Part<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Dense(mask) => passing(mask),
            Self::Sparse(rows) => rows.len(),
        }
    }
}

/// How many bits are set.
pub(super) fn passing(words: &[u64]) -> usize {
    words.iter().map(|word| word.count_ones() as usize).sum()
}

impl Index {
    /// Each chunk of which rows pass, by number, and how many rows these are in all.
    ///
    /// # Errors
    /// `Error::Invalid` for a column that the index does not have; `Error::Memory`.
    pub(super) fn select(&self, filter: Filter<'_>) -> Result<(Vec<(usize, Part<'_>)>, usize)> {
        let mut columns = vec![];
        for (column, codes) in filter.columns {
            if *column >= self.config.columns {
                return invalid(format!("no column {column}: the index has {}", self.config.columns));
            }
            columns.push((*column, Codes::new(codes)?));
        }
        let mut parts = match filter.allowed {
            Some(ids) => self.of_ids(ids)?,
            None => {
                (0..self.chunks.len()).map(|at| (at, Part::Dense(Cow::Borrowed(&self.chunks[at].alive[..])))).collect()
            }
        };
        for (at, part) in &mut parts {
            self.chunks[*at].keep(part, &columns);
        }
        let mut total = 0;
        parts.retain(|(_, part)| {
            let rows = part.len();
            total += rows;
            rows > 0
        });
        Ok((parts, total))
    }

    /// The rows of some ids, each once.
    fn of_ids(&self, ids: &[u64]) -> Result<Vec<(usize, Part<'_>)>> {
        let mut slots: Vec<u32> = room(ids.len(), "ids")?;
        slots.extend(ids.iter().filter_map(|id| self.slots.get(id)));
        slots.sort_unstable();
        slots.dedup();
        let part = |slots: &[u32]| {
            let rows = slots.iter().map(|slot| (*slot as usize % ROWS) as u16);
            (slots[0] as usize / ROWS, Part::of(rows.collect(), self.chunks[slots[0] as usize / ROWS].len()))
        };
        Ok(slots.chunk_by(|a, b| *a as usize / ROWS == *b as usize / ROWS).map(part).collect())
    }
}

impl Part<'_> {
    /// Of different rows, among `all`.
    fn of(rows: Vec<u16>, all: usize) -> Self {
        if rows.len() * SPARSE < all { Self::Sparse(rows) } else { Self::Dense(Cow::Owned(mask_of(&rows))) }
    }
}

fn mask_of(rows: &[u16]) -> Vec<u64> {
    let mut mask = vec![0; ROWS / 64];
    for row in rows {
        mask[usize::from(*row) / 64] |= 1 << (row % 64);
    }
    mask
}

impl Chunk {
    /// Takes the rows out of `part` whose code in any of `columns` is another one.
    fn keep(&self, part: &mut Part<'_>, columns: &[(usize, Codes<'_>)]) {
        let mut done = None;
        if let Part::Dense(mask) = part {
            // The condition that leaves the fewest rows comes first, among those whose rows are known by code.
            let known = columns.iter().enumerate().filter_map(|(at, (column, codes))| {
                let sorted = self.codes[*column].sorted()?;
                Some((sorted.count(&codes.sorted), at, codes, sorted))
            });
            if let Some((count, at, codes, sorted)) = known.min_by_key(|(count, ..)| *count)
                && count * SPARSE < self.len()
            {
                done = Some(at);
                *part = Part::Sparse(both(mask, sorted.rows(&codes.sorted), count));
            }
        }
        // Another condition may be on the same column.
        for (_, (column, codes)) in columns.iter().enumerate().filter(|(at, _)| Some(*at) != done) {
            let values = self.codes[*column].codes();
            match part {
                Part::Dense(mask) => codes.clear_others(mask.to_mut(), values),
                Part::Sparse(rows) => rows.retain(|row| codes.has(values[usize::from(*row)])),
            }
        }
    }
}

/// Those of `count` listed rows whose bit is set, in order when they are many.
fn both(mask: &[u64], rows: impl Iterator<Item = u16>, count: usize) -> Vec<u16> {
    let mut left = Vec::with_capacity(count);
    left.extend(rows.filter(|row| has(mask, usize::from(*row))));
    if left.len() >= ORDERED_FROM {
        let ordered = mask_of(&left);
        left.clear();
        left.extend(rows_of(&ordered).map(|row| row as u16));
    }
    left
}

/// Codes that pass.
struct Codes<'a> {
    /// Each once, ascending.
    sorted: Cow<'a, [u32]>,
    /// A bit for each by its lowest 16 bits, where they are several.
    bits: Option<Box<[u64; 1024]>>,
}

impl<'a> Codes<'a> {
    fn new(codes: &'a [u32]) -> Result<Self> {
        let mut sorted = Cow::Borrowed(codes);
        if !codes.is_sorted_by(|a, b| a < b) {
            let mut own = room(codes.len(), "codes")?;
            own.extend_from_slice(codes);
            own.sort_unstable();
            own.dedup();
            sorted = Cow::Owned(own);
        }
        let bits = (sorted.len() > 1).then(|| {
            let mut bits = Box::new([0; 1024]);
            for code in sorted.iter() {
                bits[*code as usize / 64 % 1024] |= 1 << (code % 64);
            }
            bits
        });
        Ok(Self { sorted, bits })
    }

    fn has(&self, code: u32) -> bool {
        match &self.bits {
            None => self.sorted.first() == Some(&code),
            Some(bits) => marked(bits, code) && self.sorted.binary_search(&code).is_ok(),
        }
    }

    /// Whether no code has more than 16 bits: the bits tell all of one that has no more either.
    fn is_short(&self) -> bool {
        self.sorted.last().is_some_and(|last| *last <= 0xffff)
    }

    /// Clears the rows whose value is another one.
    fn clear_others(&self, mask: &mut [u64], values: &[u32]) {
        for (word, rows) in mask.iter_mut().zip(values.chunks(64)).filter(|(word, _)| **word != 0) {
            *word &= match &self.bits {
                None => word_of(rows, |value| self.sorted.first() == Some(&value)),
                Some(bits) if self.is_short() => word_of(rows, |value| value <= 0xffff && marked(bits, value)),
                Some(_) => word_of(rows, |value| self.has(value)),
            };
        }
    }
}

fn marked(bits: &[u64; 1024], code: u32) -> bool {
    bits[code as usize / 64 % 1024] >> (code % 64) & 1 == 1
}

fn word_of(rows: &[u32], passes: impl Fn(u32) -> bool) -> u64 {
    rows.iter().enumerate().fold(0, |word, (i, value)| word | u64::from(passes(*value)) << i)
}
