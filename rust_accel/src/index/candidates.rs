//! The rows that may be among the best, until their scores are known.

use super::Index;
use super::topk::TopK;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// The best `k` rows so far, and others that a scan of compact rows could not rule out.
///
/// A scan says of each row at most which score it has. A row enters when that bound reaches the k-th best score known,
/// so no row of the true best can be missing; `settle` computes scores, the highest bound first, until no bound is left
/// that reaches the k-th best.
pub(super) struct Candidates {
    top: TopK,
    k: usize,
    pending: Vec<Bounded>,
}

/// A row and the most that it can score; the greatest bound comes first.
#[derive(PartialEq)]
struct Bounded {
    bound: f32,
    slot: u32,
}

impl Eq for Bounded {}

impl Ord for Bounded {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound.total_cmp(&other.bound).then(other.slot.cmp(&self.slot))
    }
}

impl PartialOrd for Bounded {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Candidates {
    /// Pending rows above which they are settled, beyond a few for each that is wanted.
    const ROOM: usize = 128;

    pub(super) fn new(k: usize) -> Self {
        Self { top: TopK::new(k), k, pending: vec![] }
    }

    /// A bound below this one cannot enter.
    pub(super) fn floor(&self) -> f32 {
        self.top.floor
    }

    /// A row that scores at most `bound`.
    pub(super) fn offer(&mut self, bound: f32, slot: u32) {
        if self.pending.try_reserve(1).is_ok() {
            self.pending.push(Bounded { bound, slot });
        } else {
            self.top.refuse();
        }
    }

    /// A row with its score. The id of one that is not among the best is not looked at: it is one more line of memory.
    pub(super) fn push(&mut self, index: &Index, slot: u32, score: f32) {
        if score >= self.top.floor {
            self.top.push(index.id(slot), score);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.pending.len() > Self::ROOM + self.k.saturating_mul(4)
    }

    /// Leaves nothing pending.
    pub(super) fn settle(&mut self, index: &Index, query: &[f32], row: &mut [f32]) {
        // A heap, since only the first few are taken from it.
        let mut pending = BinaryHeap::from(std::mem::take(&mut self.pending));
        while let Some(Bounded { bound, slot }) = pending.pop() {
            if bound < self.top.floor {
                break;
            }
            if let Some(next) = pending.peek() {
                index.prefetch(next.slot);
            }
            self.push(index, slot, index.score(slot, query, row));
        }
        self.pending = pending.into_vec();
        self.pending.clear();
    }

    /// Both have nothing pending.
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.top = self.top.merge(other.top);
        self
    }

    pub(super) fn into_top(self) -> TopK {
        self.top
    }
}
