//! The rows that may be among the best, until their scores are known.

use super::Index;
use super::topk::TopK;

/// The best `k` rows so far, and others that a scan of compact rows could not rule out.
///
/// A scan says of each row at most which score it has. A row enters when that bound reaches the k-th best score known,
/// so no row of the true best can be missing; `settle` computes scores, the highest bound first, until no bound is left
/// that reaches the k-th best.
pub(super) struct Candidates {
    top: TopK,
    k: usize,
    pending: Vec<(f32, u32)>,
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
        self.pending.push((bound, slot));
    }

    /// A row with its score.
    pub(super) fn push(&mut self, id: u64, score: f32) {
        self.top.push(id, score);
    }

    pub(super) fn is_full(&self) -> bool {
        self.pending.len() > Self::ROOM + self.k.saturating_mul(4)
    }

    /// Leaves nothing pending.
    pub(super) fn settle(&mut self, index: &Index, query: &[f32], row: &mut [f32]) {
        self.pending.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (i, (bound, slot)) in self.pending.iter().enumerate() {
            if *bound < self.top.floor {
                break;
            }
            if let Some((_, ahead)) = self.pending.get(i + 2) {
                index.prefetch(*ahead);
            }
            let (id, score) = index.score(*slot, query, row);
            self.top.push(id, score);
        }
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
