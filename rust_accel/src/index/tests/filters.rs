//! Filters against a look at every row, before and after the rows of a chunk are sorted by code.

use super::unit;
use crate::index::{Config, Filter, Hit, Index, Rows, Storage};
use std::collections::BTreeMap;

const DIMENSION: usize = 5;
/// More than the searches after which rows are sorted by code.
const ASKED: usize = 40;

/// What the index holds: the codes of each id. A vector is that of its id.
type Model = BTreeMap<u64, [u32; 2]>;

fn codes_of(step: u64) -> [u32; 2] {
    // Short and long codes, rare and common ones.
    [(step * step % 1009) as u32, if step.is_multiple_of(7) { 0x5_0007 } else { (step % 3) as u32 }]
}

fn add(index: &mut Index, model: &mut Model, steps: impl Iterator<Item = (u64, u64)>) {
    for (id, step) in steps {
        let codes = codes_of(step);
        index.add(Rows { ids: &[id], vectors: &unit(id, DIMENSION), codes: &codes }).unwrap();
        model.insert(id, codes);
    }
}

fn ids(hits: &[Hit]) -> Vec<u64> {
    let mut ids: Vec<u64> = hits.iter().map(|hit| hit.id).collect();
    ids.sort_unstable();
    ids
}

/// All rows that pass are found, those of the model, however few or many they are.
fn check(index: &Index, model: &Model, allowed: Option<&[u64]>, columns: &[(usize, Vec<u32>)]) {
    let want: Vec<u64> = model
        .iter()
        .filter(|(id, _)| allowed.is_none_or(|ids| ids.contains(id)))
        .filter(|(_, codes)| columns.iter().all(|(column, wanted)| wanted.contains(&codes[*column])))
        .map(|(id, _)| *id)
        .collect();
    let query = unit(77, DIMENSION);
    let all = index.search(&query, model.len(), Filter { allowed, columns }).unwrap().remove(0);
    assert_eq!(ids(&all), want, "{columns:?}");
    let first = index.search(&query, 3, Filter { allowed, columns }).unwrap().remove(0);
    assert_eq!(first[..], all[..3.min(all.len())]);
}

fn check_all(index: &Index, model: &Model) {
    let some: Vec<u64> = (0..40_000).step_by(701).chain([3, 3, 1 << 50]).collect();
    let most: Vec<u64> = (0..40_000).collect();
    let common: Vec<u32> = (0..900).rev().chain([4, 4]).collect();
    for columns in [
        vec![],
        vec![(0, vec![4])],
        vec![(0, vec![])],
        vec![(1, vec![0x5_0007])],
        vec![(1, vec![7])],
        vec![(0, common.clone())],
        vec![(1, vec![2, 0x5_0007]), (0, vec![9, 1, 4, 400, 2_000_000])],
        vec![(0, common.clone()), (1, vec![1])],
        // Several on one column must all hold.
        vec![(0, vec![4]), (0, vec![9])],
        vec![(0, vec![4]), (0, vec![])],
        vec![(0, vec![]), (0, vec![4])],
        vec![(0, vec![4, 9, 4]), (0, vec![9, 9, 1])],
        vec![(1, vec![0x5_0007]), (0, common), (1, vec![1, 0x5_0007]), (0, vec![4, 9])],
    ] {
        for allowed in [None, Some(&some[..]), Some(&most[..])] {
            check(index, model, allowed, &columns);
        }
    }
}

#[test]
fn filters_find_the_same_rows_however_often_they_were_asked_and_after_every_change() {
    for storage in Storage::ALL {
        let (mut index, mut model) =
            (Index::new(Config { columns: 2, storage, ..Config::new(DIMENSION) }).unwrap(), Model::new());
        // Two chunks, the second of them partly full.
        add(&mut index, &mut model, (0..20_000).map(|i| (i * 2, i)));
        check_all(&index, &model);
        for _ in 0..ASKED {
            for column in [0, 1] {
                index.search(&[1.0; DIMENSION], 1, Filter { allowed: None, columns: &[(column, vec![1])] }).unwrap();
            }
        }
        assert!(index.chunks.iter().all(|chunk| chunk.codes.iter().all(|column| column.sorted().is_some())));
        check_all(&index, &model);
        let gone: Vec<u64> = (0..9000).map(|i| i * 4).collect();
        index.remove(&gone).unwrap();
        model.retain(|id, _| !gone.contains(id));
        check_all(&index, &model);
        // Other codes for old rows, and new rows in the places of removed ones.
        add(&mut index, &mut model, (0..300).map(|i| (i * 4 + 2, i + 5)).chain((0..300).map(|i| (i * 4 + 1, i))));
        check_all(&index, &model);
        index.compact();
        check_all(&index, &model);
    }
}
