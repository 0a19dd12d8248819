//! An index as one file: written whole or not at all, and read only when every byte is as it was written.
//!
//! Little endian. A header of 64 bytes: magic, version, dimension, columns, storage, whether f32 values are kept, rows,
//! zeros, and the CRC-32 of all that. Then blocks of up to `rows_per_block` rows: their ids, their codes column by column,
//! their vectors, and the CRC-32 of the block. A vector is f32 values where they are kept, otherwise bf16 values, or an
//! f32 scale and one byte a value (plus 128). Compact rows of kept values are made again: that gives the same bits.

use super::chunk::{ROWS, Row, rows_of};
use super::storage::{Config, Storage, widen};
use super::{Index, LONGEST, Rows};
use crate::error::{Error, Result, invalid};
use crate::kernels::{Bf16, Element};
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::Path;

const MAGIC: [u8; 8] = *b"NXVECTOR";
const VERSION: u32 = 1;
const HEADER: usize = 64;
const CHECKSUM: usize = 4;
/// About the bytes of a block, so that reading needs little more memory than the index.
const BLOCK: usize = 4 << 20;

impl Index {
    /// Writes the living rows to `path`: to a new file beside it (mode 0600), flushed to the disk, then renamed.
    ///
    /// # Errors
    /// `Error::Io` with the path; what was at `path` is untouched then.
    pub fn save(&self, path: &Path) -> Result<()> {
        let failed = |cause| Error::Io(path.display().to_string(), cause);
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut file = tempfile::Builder::new().prefix(".index-").tempfile_in(folder).map_err(failed)?;
        self.write(&mut BufWriter::new(file.as_file_mut())).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(path).map_err(|failure| failed(failure.error))?;
        #[cfg(unix)]
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(())
    }

    fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        out.write_all(&header(self.config, self.len()))?;
        let living: Vec<u32> = self
            .chunks
            .iter()
            .enumerate()
            .flat_map(|(at, chunk)| rows_of(&chunk.alive).map(move |row| (at * ROWS + row) as u32))
            .collect();
        let mut block = vec![];
        for slots in living.chunks(rows_per_block(self.config)) {
            block.clear();
            self.encode(slots, &mut block);
            let checksum = crc32fast::hash(&block);
            out.write_all(&block)?;
            out.write_all(&checksum.to_le_bytes())?;
        }
        out.flush()
    }

    fn encode(&self, slots: &[u32], block: &mut Vec<u8>) {
        let place = |slot: &u32| (&self.chunks[*slot as usize / ROWS], *slot as usize % ROWS);
        for (chunk, row) in slots.iter().map(place) {
            block.extend(chunk.ids[row].to_le_bytes());
        }
        for column in 0..self.config.columns {
            for (chunk, row) in slots.iter().map(place) {
                block.extend(chunk.codes[column].codes()[row].to_le_bytes());
            }
        }
        let dimension = self.config.dimension;
        for (chunk, row) in slots.iter().map(place) {
            if self.config.keep_f32 {
                block.extend(chunk.kept(row).iter().flat_map(|value| value.to_le_bytes()));
                continue;
            }
            match chunk.scanned(row) {
                Row::Full(values) => block.extend(values.iter().flat_map(|value| value.to_le_bytes())),
                Row::Halves(values) => {
                    block.extend(values[..dimension].iter().flat_map(|half| upper(*half).to_le_bytes()));
                }
                Row::Bytes(codes, scale) => {
                    block.extend(scale.to_le_bytes());
                    block.extend_from_slice(&codes[..dimension]);
                }
            }
        }
    }

    /// Reads what `save` wrote.
    ///
    /// # Errors
    /// `Error::Invalid` with the path and what is wrong with the file: another kind or version, another length than its
    /// header says (found before anything is allocated), a block that is not as it was written, values that `add` would
    /// refuse. `Error::Io` when it cannot be read; `Error::Memory`.
    pub fn load(path: &Path) -> Result<Self> {
        let named = |error| match error {
            Error::Invalid(text) => Error::Invalid(format!("{}: {text}", path.display())),
            Error::Io(_, cause) if cause.kind() == ErrorKind::UnexpectedEof => {
                Error::Invalid(format!("{}: it became shorter while it was read", path.display()))
            }
            Error::Io(_, cause) => Error::Io(path.display().to_string(), cause),
            error @ Error::Memory(_) => error,
        };
        let failed = |cause| Error::Io(String::new(), cause);
        let file = File::open(path).map_err(failed).map_err(named)?;
        let length = file.metadata().map_err(failed).map_err(named)?.len();
        Self::read(&mut BufReader::new(file), length).map_err(named)
    }

    /// From a file of `length` bytes.
    fn read(file: &mut impl Read, length: u64) -> Result<Self> {
        let failed = |cause| Error::Io(String::new(), cause);
        if length < HEADER as u64 {
            return invalid(format!("{length} bytes are no index"));
        }
        let mut head = [0; HEADER];
        file.read_exact(&mut head).map_err(failed)?;
        let (config, rows) = parse(&head)?;
        if size_of_file(config, rows) != Some(length) {
            return invalid(format!("{length} bytes are not the {rows} rows that its header names"));
        }
        let mut index = Self::new(config)?;
        let mut block = vec![];
        let mut left = usize::try_from(rows).map_err(|_| Error::Memory(format!("no memory for {rows} rows")))?;
        while left > 0 {
            let count = left.min(rows_per_block(config));
            let at = rows as usize - left;
            block.resize(count * row_size(config) + CHECKSUM, 0);
            file.read_exact(&mut block).map_err(failed)?;
            let (content, checksum) = block.split_at(block.len() - CHECKSUM);
            if crc32fast::hash(content).to_le_bytes() != *checksum {
                return invalid(format!("rows {at} to {} are damaged: their checksum differs", at + count - 1));
            }
            index.decode(content, count)?;
            left -= count;
        }
        if index.len() as u64 != rows {
            return invalid("two rows have the same id");
        }
        Ok(index)
    }

    fn decode(&mut self, block: &[u8], count: usize) -> Result<()> {
        let Config { dimension, columns, storage, keep_f32 } = self.config;
        let (ids, rest) = block.split_at(8 * count);
        let (by_column, vectors) = rest.split_at(4 * count * columns);
        let ids: Vec<u64> = ids.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let by_column: Vec<u32> = by_column.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        let codes: Vec<u32> = (0..count)
            .flat_map(|row| (0..columns).map(move |column| column * count + row))
            .map(|at| by_column[at])
            .collect();
        if storage == Storage::Int8 && !keep_f32 {
            return self.add_bytes(&ids, vectors, &codes);
        }
        let vectors: Vec<f32> = if keep_f32 {
            vectors.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
        } else {
            vectors
                .as_chunks()
                .0
                .iter()
                .map(|bytes| f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16))
                .collect()
        };
        debug_assert_eq!(vectors.len(), count * dimension);
        self.add(Rows { ids: &ids, vectors: &vectors, codes: &codes })
    }

    /// As `add`, of rows of a scale and bytes.
    fn add_bytes(&mut self, ids: &[u64], rows: &[u8], codes: &[u32]) -> Result<()> {
        let Config { dimension, columns, .. } = self.config;
        Self::check_ids(ids)?;
        let parts = |row: usize| {
            let (scale, bytes) = rows[row * (4 + dimension)..][..4 + dimension].split_at(4);
            (bytes, f32::from_le_bytes([scale[0], scale[1], scale[2], scale[3]]))
        };
        for (row, id) in ids.iter().enumerate() {
            let (bytes, scale) = parts(row);
            let square: f64 = bytes.iter().map(|code| f64::from(widen(*code, scale)).powi(2)).sum();
            // What `add` takes becomes at most 2.01 times as long. NaN fails the comparison as well.
            if !(scale >= 0.0 && square <= LONGEST * 4.1) {
                return invalid(format!("the row of id {id} has no usable length"));
            }
        }
        self.reserve(ids)?;
        for (row, id) in ids.iter().enumerate() {
            let slot = self.slot_of(*id);
            self.chunks[slot / ROWS].set_bytes(
                slot % ROWS,
                *id,
                parts(row),
                &codes[row * columns..(row + 1) * columns],
            );
        }
        Ok(())
    }
}

fn upper(half: Bf16) -> u16 {
    (half.to_f32().to_bits() >> 16) as u16
}

fn header(config: Config, rows: usize) -> [u8; HEADER] {
    let mut head = vec![];
    head.extend(MAGIC);
    head.extend(VERSION.to_le_bytes());
    head.extend((config.dimension as u32).to_le_bytes());
    head.extend((config.columns as u32).to_le_bytes());
    head.push(Storage::ALL.iter().position(|storage| *storage == config.storage).unwrap_or(0) as u8);
    head.push(u8::from(config.keep_f32));
    head.extend([0; 2]);
    head.extend((rows as u64).to_le_bytes());
    head.resize(HEADER - CHECKSUM, 0);
    head.extend(crc32fast::hash(&head).to_le_bytes());
    std::array::from_fn(|i| head[i])
}

fn parse(head: &[u8; HEADER]) -> Result<(Config, u64)> {
    let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    if head[..8] != MAGIC {
        return invalid("it is not an index: its first bytes are others");
    }
    if crc32fast::hash(&head[..HEADER - CHECKSUM]) != number(HEADER - CHECKSUM) {
        return invalid("its header is damaged: the checksum differs");
    }
    if number(8) != VERSION {
        return invalid(format!("it has version {}; this program reads version {VERSION}", number(8)));
    }
    let (storage, keep_f32) = (Storage::ALL.get(usize::from(head[20])).copied(), head[21] == 1);
    let (Some(storage), true) = (storage, head[21] <= 1) else {
        return invalid(format!("its storage is {}, {}", head[20], head[21]));
    };
    let config = Config { dimension: number(12) as usize, columns: number(16) as usize, storage, keep_f32 };
    Ok((config.check()?, u64::from(number(24)) | u64::from(number(28)) << 32))
}

/// Bytes of a row.
fn row_size(config: Config) -> usize {
    let vector = match config.storage {
        Storage::Bf16 if !config.keep_f32 => 2 * config.dimension,
        Storage::Int8 if !config.keep_f32 => 4 + config.dimension,
        _ => 4 * config.dimension,
    };
    8 + 4 * config.columns + vector
}

fn rows_per_block(config: Config) -> usize {
    (BLOCK / row_size(config)).max(1)
}

fn size_of_file(config: Config, rows: u64) -> Option<u64> {
    let checksums = rows.div_ceil(rows_per_block(config) as u64).checked_mul(CHECKSUM as u64)?;
    rows.checked_mul(row_size(config) as u64)?.checked_add(checksums)?.checked_add(HEADER as u64)
}

#[cfg(test)]
mod tests;
