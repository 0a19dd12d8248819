use crate::error::{Error, Result};
use crate::index::{Config, Filter, Index, Rows, Storage};
use crate::kernels::Isa;
use std::fs;

const KINDS: [(Storage, bool); 5] = [
    (Storage::F32, true),
    (Storage::Bf16, true),
    (Storage::Int8, true),
    (Storage::Bf16, false),
    (Storage::Int8, false),
];

fn noise(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn filled((storage, keep_f32): (Storage, bool), dimension: usize, rows: u64) -> Index {
    let mut index = Index::new(Config { dimension, columns: 2, storage, keep_f32 }).unwrap();
    let state = &mut 9;
    let ids: Vec<u64> = (0..rows).map(|i| i << 33 | i).collect();
    let vectors: Vec<f32> = (0..rows as usize * dimension).map(|_| noise(state) as f32 / 1e9 - 1.0).collect();
    let codes: Vec<u32> = (0..rows * 2).map(|i| (i * i) as u32 % 5).collect();
    index.add(Rows { ids: &ids, vectors: &vectors, codes: &codes }).unwrap();
    index.remove(&ids[..rows as usize / 5]).unwrap();
    index
}

fn bytes(index: &Index) -> Vec<u8> {
    let mut bytes = vec![];
    index.write(&mut bytes, &|cause| Error::Io(String::new(), cause)).unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Result<Index> {
    Index::read(&mut &bytes[..], bytes.len() as u64, Isa::choose().unwrap())
}

#[test]
fn what_is_saved_is_loaded_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("an index");
    for kind in KINDS {
        for (dimension, rows) in [(1, 0), (3, 40), (70, 20_000)] {
            let index = filled(kind, dimension, rows);
            index.save(&path).unwrap();
            let loaded = Index::load(&path).unwrap();
            assert_eq!((loaded.config(), loaded.len(), loaded.dead()), (index.config(), index.len(), 0));
            let query: Vec<f32> = (0..dimension).map(|i| (i as f32).cos()).collect();
            for codes in [vec![], vec![(1, vec![0, 4])]] {
                let filter = Filter { allowed: None, columns: &codes };
                assert_eq!(loaded.search(&query, 50, filter).unwrap(), index.search(&query, 50, filter).unwrap());
            }
            assert_eq!(bytes(&loaded), fs::read(&path).unwrap());
        }
    }
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["an index"]);
}

#[cfg(unix)]
#[test]
fn the_file_is_private_and_a_save_that_fails_leaves_the_old_one() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    filled(KINDS[2], 3, 10).save(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::create_dir_all(folder.path().join("full/x")).unwrap();
    assert!(filled(KINDS[2], 3, 10).save(&folder.path().join("full")).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    let missing = Index::load(&folder.path().join("none")).err().unwrap();
    assert!(matches!(missing, Error::Io(..)) && missing.to_string().contains("none"));
}

#[test]
fn every_cut_and_every_changed_byte_is_found() {
    for kind in KINDS {
        let good = bytes(&filled(kind, 3, 8));
        for length in 0..good.len() {
            assert!(read(&good[..length]).is_err(), "{kind:?} {length}");
        }
        assert!(read(&[&good[..], &[0]].concat()).is_err());
        for at in 0..good.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                assert!(read(&bad).is_err(), "{kind:?} {at} {flip}");
            }
        }
    }
}

/// The checksums made right again, as a hostile writer would.
fn sealed(mut file: Vec<u8>) -> Vec<u8> {
    let head = crc32fast::hash(&file[..60]);
    file[60..64].copy_from_slice(&head.to_le_bytes());
    let end = file.len() - 4;
    if end > 64 {
        let block = crc32fast::hash(&file[64..end]);
        file[end..].copy_from_slice(&block.to_le_bytes());
    }
    file
}

#[test]
fn contents_that_make_no_sense_are_refused_by_name() {
    let good = bytes(&filled(KINDS[4], 3, 8));
    for (at, value, words) in [
        (0, vec![b'X'], "not an index"),
        (8, vec![2], "version 2"),
        (12, vec![0], "dimension is 0"),
        (12, vec![0xff; 4], "dimension is 4294967295"),
        (16, vec![0xff; 4], "columns is 4294967295"),
        (20, vec![3], "storage is 3"),
        (21, vec![2], "storage is 2, 2"),
        (24, vec![0xff; 8], "18446744073709551615 rows"),
        (24, vec![0, 0, 0, 0, 0, 1], "rows that its header names"),
        (64, vec![0xff; 8], "no hit"),
        (72, good[64..72].to_vec(), "same id"),
        (good.len() - 4 - 7, vec![0, 0, 0xc0, 0x7f], "no usable length"),
        (good.len() - 4 - 7, vec![0, 0, 0x80, 0xbf], "no usable length"),
        (good.len() - 4 - 7, vec![0, 0, 0, 0x7f], "no usable length"),
    ] {
        let mut bad = good.clone();
        bad[at..at + value.len()].copy_from_slice(&value);
        let text = read(&sealed(bad)).err().unwrap().to_string();
        assert!(text.contains(words), "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    fs::write(&path, &good[..70]).unwrap();
    assert!(Index::load(&path).err().unwrap().to_string().contains("damaged"));
}

#[test]
fn random_changes_never_panic_and_what_loads_can_be_searched() {
    let state = &mut 77;
    let mut loaded = 0;
    for kind in KINDS {
        let good = bytes(&filled(kind, 5, 12));
        for _ in 0..4000 {
            let mut bad = good.clone();
            for _ in 0..=noise(state) % 4 {
                let at = noise(state) as usize % bad.len();
                match noise(state) % 4 {
                    0 => bad[at] = noise(state) as u8,
                    1 => bad.truncate(at.max(64)),
                    2 => bad.extend_from_slice(&good[at.min(good.len() - 1)..]),
                    _ => bad[at] ^= 1 << (noise(state) % 8),
                }
            }
            if !noise(state).is_multiple_of(4) && bad.len() >= 68 {
                bad = sealed(bad);
            }
            if let Ok(index) = read(&bad) {
                loaded += 1;
                let query = vec![1.0; index.config().dimension];
                let hits = index.search(&query, 50, Filter::default()).unwrap();
                assert!(hits[0].iter().all(|hit| hit.score.is_finite()));
            }
        }
    }
    assert!(loaded > 100, "{loaded}");
}

#[test]
fn a_bad_row_is_named_by_its_place_in_the_file() {
    let index = filled(KINDS[0], 3000, 500);
    let mut file = bytes(&index);
    let (rows, size) = (super::rows_per_block(index.config()), super::row_size(index.config()));
    assert!(rows < 370 && index.len() == 400, "row 370 is in the second of two blocks");
    let start = super::HEADER + rows * size + super::CHECKSUM;
    let value = start + (400 - rows) * 16 + (370 - rows) * 12_000;
    file[value..value + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    let end = file.len() - super::CHECKSUM;
    let checksum = crc32fast::hash(&file[start..end]);
    file[end..].copy_from_slice(&checksum.to_le_bytes());
    let error = read(&file).err().unwrap().to_string();
    assert!(error.contains("row 370 has NaN at position 0"), "{error}");
}

#[test]
fn the_longest_rows_are_loaded_as_well() {
    // As bf16, it is longer than what may be added.
    let longest = 7.74e18;
    for (storage, keep_f32) in KINDS {
        let mut index = Index::new(Config { dimension: 2, columns: 0, storage, keep_f32 }).unwrap();
        index.add(Rows { ids: &[1], vectors: &[longest, 1.0], codes: &[] }).unwrap();
        let loaded = read(&bytes(&index)).unwrap();
        assert_eq!(bytes(&loaded), bytes(&index));
        let hits = loaded.search(&[longest, 0.0], 1, Filter::default()).unwrap();
        assert!(hits[0][0].score.is_finite());
    }
}

#[cfg(unix)]
#[test]
fn only_a_regular_file_is_replaced_or_read() {
    let folder = tempfile::tempdir().unwrap();
    let (index, socket) = (filled(KINDS[2], 3, 10), folder.path().join("socket"));
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for path in [&*socket, "/dev/null".as_ref(), "a\0b".as_ref()] {
        for error in [index.save(path).err(), Index::load(path).err()] {
            let text = error.unwrap().to_string();
            assert!(text.contains("not a regular file") || text.contains("NUL"), "{text}");
        }
    }
    for error in [index.save(folder.path()).err(), Index::load(folder.path()).err()] {
        assert!(matches!(error, Some(Error::Io(_, cause)) if cause.raw_os_error() == Some(libc::EISDIR)));
    }
    // A link is replaced, not what it leads to; one that leads nowhere as well.
    let (link, file) = (folder.path().join("link"), folder.path().join("file"));
    for _ in 0..2 {
        std::os::unix::fs::symlink(&file, &link).unwrap();
        index.save(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
        fs::rename(&link, &file).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn an_error_of_the_system_keeps_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    for path in [missing.join("index"), missing.clone()] {
        let error = if path == missing { Index::load(&path).err() } else { filled(KINDS[0], 3, 2).save(&path).err() };
        let Some(Error::Io(place, cause)) = error else { panic!("{error:?}") };
        assert!(place == path.display().to_string() && cause.raw_os_error().is_some(), "{place} {cause:?}");
    }
}
