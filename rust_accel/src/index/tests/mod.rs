//! The index against sorts and models.

mod filters;
mod storages;

use super::{Config, Filter, Index, NO_ID, Pair, Rows, Storage, Table};
use std::cell::Cell;
use std::collections::BTreeMap;

fn unit(i: u64, dimension: usize) -> Vec<f32> {
    let mut state = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let raw: Vec<f32> = (0..dimension)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / 8_388_608.0 - 1.0
        })
        .collect();
    let norm = raw.iter().map(|v| v * v).sum::<f32>().sqrt();
    raw.iter().map(|v| v / norm).collect()
}

fn filled(dimension: usize, n: u64) -> Index {
    let mut index = Index::new(Config { columns: 1, ..Config::new(dimension) }).unwrap();
    let ids: Vec<u64> = (0..n).map(|i| i * 7).collect();
    let vectors: Vec<f32> = (0..n).flat_map(|i| unit(i % 5000, dimension)).collect();
    let codes: Vec<u32> = (0..n).map(|i| (i % 10) as u32).collect();
    index.add(Rows { ids: &ids, vectors: &vectors, codes: &codes }).unwrap();
    index
}

fn expected(index: &Index, query: &[f32], keep: impl Fn(u64) -> bool) -> Vec<(u64, f64)> {
    let mut all = vec![];
    for chunk in &index.chunks {
        for row in super::chunk::rows_of(&chunk.alive).filter(|row| keep(chunk.ids[*row])) {
            let score = chunk.kept(row).iter().zip(query).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            all.push((chunk.ids[row], score));
        }
    }
    all.sort_by(|a: &(u64, f64), b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all
}

#[test]
fn scans_gathers_batches_and_threads_find_the_same_rows_as_a_sort() {
    for (dimension, n) in [(3, 50), (17, 4100), (8, 70_000)] {
        let index = filled(dimension, n);
        for count in [1, 7, 8, 33] {
            let queries: Vec<f32> = (0..count).flat_map(|i| unit(i + 100_000, dimension)).collect();
            for codes in [None, Some(vec![3]), Some(vec![9, 1, 2, 4, 5, 6]), Some(vec![77])] {
                let columns: Vec<_> = codes.iter().map(|codes| (0, codes.clone())).collect();
                let hits = index.search(&queries, 5, Filter { allowed: None, columns: &columns }).unwrap();
                for (query, hits) in queries.chunks(dimension).zip(hits) {
                    let keep = |id: u64| codes.as_ref().is_none_or(|codes| codes.contains(&((id / 7 % 10) as u32)));
                    let want = expected(&index, query, keep);
                    assert_eq!(hits.len(), want.len().min(5));
                    for (hit, (_, score)) in hits.iter().zip(&want) {
                        assert!((f64::from(hit.score) - score).abs() < 1e-5, "{hit:?} {score}");
                    }
                    assert!(hits.windows(2).all(|w| (w[1].score, w[0].id) <= (w[0].score, w[1].id)), "{hits:?}");
                }
            }
        }
    }
}

#[test]
fn rows_can_be_replaced_removed_added_again_and_compacted() {
    let mut index = Index::new(Config { columns: 1, ..Config::new(2) }).unwrap();
    let mut model = BTreeMap::new();
    for step in 0..3000_u64 {
        let id = step * 31 % 257;
        if step % 3 == 2 {
            assert_eq!(index.remove(&[id, id, 100_000]).unwrap(), usize::from(model.remove(&id).is_some()));
        } else {
            let vector = unit(step, 2);
            index.add(Rows { ids: &[id], vectors: &vector, codes: &[step as u32] }).unwrap();
            model.insert(id, (vector, step as u32));
        }
        if step % 500 == 499 {
            index.compact();
            assert_eq!(index.dead(), 0);
        }
    }
    assert_eq!(index.len(), model.len());
    let all = index.search(&[1.0, 0.0], 1000, Filter::default()).unwrap().remove(0);
    assert_eq!(all.len(), model.len());
    for hit in all {
        let (vector, code) = &model[&hit.id];
        assert!((hit.score - vector[0]).abs() < 1e-6);
        let columns = [(0, vec![*code])];
        let found = index.search(vector, 9, Filter { allowed: Some(&[hit.id]), columns: &columns }).unwrap();
        assert_eq!(found[0][0].id, hit.id);
    }
}

#[test]
fn of_equal_ids_in_one_batch_the_last_stays() {
    let mut index = Index::new(Config::new(1)).unwrap();
    index.add(Rows { ids: &[5, 5], vectors: &[1.0, 2.0], codes: &[] }).unwrap();
    let hits = index.search(&[1.0], 5, Filter::default()).unwrap();
    assert_eq!((hits[0].len(), hits[0][0].score), (1, 2.0));
}

#[test]
fn a_batch_takes_the_memory_of_its_different_ids() {
    let mut index = Index::new(Config { columns: 1, ..Config::new(100) }).unwrap();
    let ids: Vec<u64> = (0..20_000).map(|i| i % 3).collect();
    let vectors: Vec<f32> = (0..20_000).flat_map(|i| [i as f32; 100]).collect();
    let codes: Vec<u32> = (0..20_000).collect();
    index.add(Rows { ids: &ids, vectors: &vectors, codes: &codes }).unwrap();
    assert_eq!((index.len(), index.dead()), (3, 0));
    assert!(index.size() < 10_000, "{}", index.size());
    for (id, last) in [(0, 19_998), (1, 19_999), (2, 19_997)] {
        let filter = Filter { allowed: None, columns: &[(0, vec![last])] };
        let hits = index.search(&[0.01; 100], 3, filter).unwrap().remove(0);
        assert_eq!(hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [id]);
        assert!((hits[0].score - last as f32).abs() < 0.1);
    }
    // Rows that are replaced need no room either.
    let (mut other, all) = (Index::new(Config::new(100)).unwrap(), (0..5000).rev().collect::<Vec<_>>());
    other.add(Rows { ids: &all, vectors: &vectors[..500_000], codes: &[] }).unwrap();
    let size = other.size();
    other.add(Rows { ids: &all, vectors: &vectors[500_000..1_000_000], codes: &[] }).unwrap();
    assert_eq!((other.len(), other.size()), (5000, size));
}

/// Rows of one value, which are infinite from the second time on that the last is read.
struct Changing {
    rows: usize,
    reads: Cell<usize>,
}

impl Table<f32> for Changing {
    fn row<'a>(&'a self, row: usize, room: &'a mut [f32]) -> &'a [f32] {
        self.reads.set(self.reads.get() + usize::from(row + 1 == self.rows));
        room.fill(if self.reads.get() > 1 { f32::INFINITY } else { 1.0 });
        room
    }
}

#[test]
fn what_changes_while_it_is_added_is_not_in_the_index() {
    for storage in Storage::ALL {
        for keep_f32 in [true, false] {
            let Ok(mut index) = Index::new(Config { storage, keep_f32, ..Config::new(3) }) else { continue };
            index.add(Rows { ids: &[1, 9], vectors: &[2.0; 6], codes: &[] }).unwrap();
            let changing = Changing { rows: 4, reads: Cell::new(0) };
            let error = index.add_from(&[5, 9, 6, 7], &changing, &Codeless).unwrap_err().to_string();
            assert!(error.contains("row 3 was changed"), "{error}");
            // None of the batch's ids is left, not even that of the row that was there before.
            let hits = index.search(&[1.0; 3], 9, Filter::default()).unwrap().remove(0);
            assert_eq!(hits.iter().map(|hit| (hit.id, hit.score)).collect::<Vec<_>>(), [(1, 6.0)]);
            assert_eq!((index.len(), index.dead()), (1, 4));
            index.add(Rows { ids: &[9, 3], vectors: &[4.0; 6], codes: &[] }).unwrap();
            assert_eq!(index.search(&[1.0; 3], 1, Filter::default()).unwrap()[0][0].id, 3);
        }
    }
}

/// What has no columns.
struct Codeless;

impl Table<u32> for Codeless {
    fn row<'a>(&'a self, _: usize, room: &'a mut [u32]) -> &'a [u32] {
        room
    }
}

#[test]
fn a_bad_row_leaves_the_index_as_it_was() {
    let mut index = filled(3, 10);
    for (bad, word) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::MAX, "too long")] {
        let vectors = [1.0, 0.0, 0.0, 0.0, bad, 0.0];
        let failure = index.add(Rows { ids: &[900, 901], vectors: &vectors, codes: &[1, 1] }).unwrap_err().to_string();
        assert!(failure.contains("row 1") && failure.contains(word), "{failure}");
        let failure = index.search(&vectors, 1, Filter::default()).unwrap_err().to_string();
        assert!(failure.contains("query 1") && failure.contains(word), "{failure}");
    }
    assert!(index.add(Rows { ids: &[NO_ID], vectors: &[0.0; 3], codes: &[0] }).is_err());
    assert!(index.add(Rows { ids: &[1], vectors: &[0.0; 4], codes: &[0] }).is_err());
    assert!(index.add(Rows { ids: &[1], vectors: &[0.0; 3], codes: &[] }).is_err());
    assert!(index.search(&[0.0; 4], 1, Filter::default()).is_err());
    assert!(index.search(&[0.0; 3], 1, Filter { allowed: None, columns: &[(1, vec![])] }).is_err());
    assert_eq!(index.len(), 10);
}

#[test]
fn pairs_are_all_those_at_or_above_the_threshold() {
    let mut index = filled(4, 300);
    index.remove(&[0, 7 * 40, 7 * 299]).unwrap();
    let living: Vec<u64> = (0..300).map(|i| i * 7).filter(|id| ![0, 280, 2093].contains(id)).collect();
    let mut want = vec![];
    for (i, a) in living.iter().enumerate() {
        for b in &living[i + 1..] {
            let score: f32 = unit(a / 7, 4).iter().zip(unit(b / 7, 4)).map(|(x, y)| x * y).sum();
            assert!((score - 0.9).abs() > 1e-6, "the threshold must not lie on a pair");
            if score >= 0.9 {
                want.push([*a, *b]);
            }
        }
    }
    let found: Vec<[u64; 2]> = index.pairs(0.9, 100_000).unwrap().iter().map(|pair| pair.ids).collect();
    assert!(!want.is_empty());
    assert_eq!(found, want);
    assert!(index.pairs(0.9, want.len()).is_ok());
    assert!(index.pairs(0.9, want.len() - 1).is_err());
    assert!(index.pairs(f64::NAN, 10).is_err());
    assert_eq!(filled(4, 1).pairs(-2.0, 10).unwrap(), Vec::<Pair>::new());
}

#[test]
fn no_pair_scores_less_than_the_threshold() {
    let mut index = Index::new(Config::new(1)).unwrap();
    index.add(Rows { ids: &[1, 2], vectors: &[1.0, 0.9], codes: &[] }).unwrap();
    let score = f64::from(0.9_f32);
    assert!(score < 0.9);
    for (threshold, count) in [(score, 1), (0.9, 0), (score - 1e-9, 1), (score + 1e-9, 0), (f64::MIN, 1), (1e300, 0)] {
        assert_eq!(index.pairs(threshold, 9).unwrap().len(), count, "{threshold}");
    }
    index.add(Rows { ids: &[1, 2], vectors: &[0.0, 1.0], codes: &[] }).unwrap();
    for (threshold, count) in [(0.0, 1), (-0.0, 1), (1e-300, 0), (-1e-300, 1), (f64::NEG_INFINITY, 1)] {
        assert_eq!(index.pairs(threshold, 9).unwrap().len(), count, "{threshold}");
    }
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    assert!(Index::new(Config::new(0)).is_err());
    assert!(Index::new(Config::new(65_537)).is_err());
    assert!(Index::new(Config { columns: 65, ..Config::new(8) }).is_err());
}
