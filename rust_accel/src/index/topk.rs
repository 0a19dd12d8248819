//! The best k hits of a scan, ties included, in one order: score descending, then id ascending.

use crate::error::{Error, Result};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A row's id and its score.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hit {
    /// The inner product with the query; never NaN, never -0.
    pub score: f32,
    /// The row's id.
    pub id: u64,
}

impl Eq for Hit {}

/// The greater hit is the worse one, so that a heap has the worst on top and sorts the best first.
impl Ord for Hit {
    fn cmp(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// At most `k` hits.
pub(super) struct TopK {
    k: usize,
    heap: BinaryHeap<Hit>,
    /// A score below this one cannot enter.
    pub(super) floor: f32,
    refused: bool,
}

impl TopK {
    pub(super) fn new(k: usize) -> Self {
        Self {
            k,
            heap: BinaryHeap::new(),
            floor: if k == 0 { f32::INFINITY } else { f32::NEG_INFINITY },
            refused: false,
        }
    }

    pub(super) fn push(&mut self, id: u64, score: f32) {
        // Adding 0 turns -0 into 0: they are the same score.
        let hit = Hit { score: score + 0.0, id };
        if self.heap.len() < self.k {
            if self.has_room() {
                self.heap.push(hit);
            }
        } else if let Some(mut worst) = self.heap.peek_mut().filter(|worst| hit < **worst) {
            *worst = hit;
        }
        if self.heap.len() == self.k {
            self.floor = self.heap.peek().map_or(f32::INFINITY, |worst| worst.score);
        }
    }

    /// Makes room for a hit. As many as are wanted may be all rows, so there may be no memory for them.
    fn has_room(&mut self) -> bool {
        let len = self.heap.len();
        let fits = len < self.heap.capacity() || self.heap.try_reserve_exact(len.max(16).min(self.k - len)).is_ok();
        if !fits {
            self.refuse();
        }
        fits
    }

    /// There was no memory for a hit: the others are of no use, and none is wanted any more.
    pub(super) fn refuse(&mut self) {
        *self = Self { refused: true, ..Self::new(0) };
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        if other.refused {
            self.refuse();
        }
        for hit in other.heap {
            self.push(hit.id, hit.score);
        }
        self
    }

    /// # Errors
    /// `Error::Memory` when a hit found none.
    pub(super) fn into_sorted(self) -> Result<Vec<Hit>> {
        if self.refused {
            return Err(Error::Memory("no memory for the hits of a query".into()));
        }
        Ok(self.heap.into_sorted_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::TopK;

    #[test]
    fn the_best_are_kept_and_ties_go_to_the_lower_id() {
        let mut top = TopK::new(3);
        for (id, score) in [(9, 0.5), (1, -1.0), (4, 0.5), (7, 0.5), (2, 0.9), (3, 0.5)] {
            top.push(id, score);
        }
        let ids: Vec<u64> = top.into_sorted().unwrap().iter().map(|hit| hit.id).collect();
        assert_eq!(ids, [2, 3, 4]);
    }

    #[test]
    fn both_zeros_are_one_score() {
        let mut top = TopK::new(2);
        top.push(5, 0.0);
        top.push(4, -0.0);
        assert_eq!(top.into_sorted().unwrap().iter().map(|hit| hit.id).collect::<Vec<_>>(), [4, 5]);
    }

    #[test]
    fn nothing_is_kept_when_nothing_is_asked_for() {
        let mut top = TopK::new(0);
        top.push(1, 1.0);
        assert!(top.into_sorted().unwrap().is_empty());
    }

    #[test]
    fn a_hit_without_memory_makes_the_answer_an_error() {
        let mut top = TopK::new(2);
        top.push(1, 1.0);
        top.refuse();
        top.push(2, 2.0);
        let mut other = TopK::new(2);
        other.push(3, 3.0);
        assert!(other.merge(top).into_sorted().is_err());
    }
}
