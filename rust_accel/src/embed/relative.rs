//! Attention's biases by the distance from a query to a key (Raffel et al. 2020, section 2.1).

use super::architecture::FURTHEST;
use crate::error::Result;
use crate::kernels::{Toeplitz, Width};
use crate::memory::room;

/// For each head the bias of every distance that occurs, the most negative one first.
pub(super) struct Biases {
    values: Vec<f32>,
    /// Distances of a head.
    distances: usize,
    /// The place of distance 0 among them.
    zero: usize,
}

impl Biases {
    /// From `weight[buckets, heads]`, for texts of up to `longest` tokens.
    ///
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn new(weight: &[f32], [buckets, heads]: [usize; 2], longest: usize) -> Result<Self> {
        // Scores are computed for whole panels of keys, also for those past the end of a text.
        let (zero, keys) = (longest - 1, longest.next_multiple_of(Width::Narrow.columns()));
        let distances = zero + keys;
        let rows: Vec<usize> = (0..distances).map(|at| bucket(at as isize - zero as isize, buckets)).collect();
        let mut values = room(distances * heads, "biases")?;
        values.extend((0..heads).flat_map(|head| rows.iter().map(move |row| weight[row * heads + head])));
        Ok(Self { values, distances, zero })
    }

    /// Those of `head` for `rows` queries from number `query` on, and the keys from number `key` on.
    pub(super) fn block(&self, head: usize, [query, key]: [usize; 2], rows: usize) -> Toeplitz<'_> {
        let own = &self.values[head * self.distances..(head + 1) * self.distances];
        Toeplitz::new(&own[self.zero + key + 1 - query - rows..], rows)
    }
}

/// The row of the weights for a distance: half of them are for keys behind the query. In each half, half are for one
/// distance each, and the others grow by a constant factor up to `FURTHEST`.
#[allow(clippy::cast_sign_loss, reason = "no logarithm of what is at least 1 is negative")]
fn bucket(distance: isize, buckets: usize) -> usize {
    let (half, n) = (buckets / 2, distance.unsigned_abs());
    let side = if distance > 0 { half } else { 0 };
    let single = half / 2;
    if n < single {
        return side + n;
    }
    let part = |n: usize| (n as f64 / single as f64).ln();
    let step = (part(n) / part(FURTHEST) * (half - single) as f64) as usize;
    side + (single + step).min(half - 1)
}

#[cfg(test)]
mod tests {
    use super::{Biases, bucket};

    /// `(128 / 8)^(step / 8) <= n / 8` in whole numbers: no logarithm decides at a border.
    fn exactly(n: u128) -> usize {
        if n < 8 {
            return n as usize;
        }
        let steps = (1..8_u32).take_while(|step| 128_u128.pow(*step) * 8_u128.pow(8 - step) <= n.pow(8)).count();
        8 + steps
    }

    #[test]
    fn every_distance_is_in_its_bucket() {
        for n in 0..2000 {
            assert_eq!(bucket(-n, 32), exactly(n.unsigned_abs() as u128), "{n}");
            assert_eq!(bucket(n, 32), exactly(n.unsigned_abs() as u128) + if n > 0 { 16 } else { 0 }, "{n}");
        }
        assert_eq!([15, 16, 31, 32, 63, 64, 90, 91].map(|n| bucket(-n, 32)), [9, 10, 11, 12, 13, 14, 14, 15]);
    }

    #[test]
    fn the_fewest_and_the_most_buckets_hold_every_distance() {
        for buckets in [4, 5, 7, 511] {
            let found: Vec<usize> = (-500..=500).map(|distance| bucket(distance, buckets)).collect();
            assert!(found.iter().all(|row| *row < buckets));
            assert_eq!((found[0], found[1000]), (buckets / 2 - 1, buckets / 2 * 2 - 1));
        }
    }

    #[test]
    fn a_block_has_the_bias_of_each_query_and_key() {
        let weight: Vec<f32> = (0..32 * 3).map(|i| i as f32).collect();
        let biases = Biases::new(&weight, [32, 3], 70).unwrap();
        for (head, query, key, rows) in [(0, 0, 0, 1), (1, 0, 64, 32), (2, 64, 0, 6), (2, 69, 64, 1), (1, 32, 32, 32)] {
            let block = biases.block(head, [query, key], rows);
            for (r, c) in (0..rows).flat_map(|r| (0..32).map(move |c| (r, c))) {
                let row = bucket((key + c) as isize - (query + r) as isize, 32);
                assert!((block.row(r)[c] - weight[row * 3 + head]).abs() < 0.1, "{head} {query} {key} {r} {c}");
            }
        }
    }
}
