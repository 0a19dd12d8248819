//! An index as one file: written whole or not at all, and read only when every byte is as it was written.
//!
//! Little endian. A header of 64 bytes: magic, version, dimension, columns, storage, whether f32 values are kept, rows,
//! zeros, and the CRC-32 of all that. Then blocks of up to `rows_per_block` rows: their ids, their codes column by column,
//! their vectors, and the CRC-32 of the block. A vector is f32 values where they are kept, otherwise bf16 values, or an
//! f32 scale and one byte a value (plus 128). Compact rows of kept values are made again: that gives the same bits.

use super::chunk::{ROWS, Row, rows_of};
use super::storage::{Config, Storage, widen};
use super::{Index, Limits, Table, last_of_each};
use crate::error::{Error, Result, invalid};
use crate::kernels::{Bf16, Element, Isa};
use crate::memory::{room, zeros};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::Path;

const MAGIC: [u8; 8] = *b"NXVECTOR";
const VERSION: u32 = 1;
const HEADER: usize = 64;
const CHECKSUM: usize = 4;
/// About the bytes of a block, so that reading needs little more memory than the index.
const BLOCK: usize = 4 << 20;

impl Index {
    /// Writes the living rows to `path`: to a new file beside it (mode 0600), flushed to the disk, then renamed. The folder
    /// is flushed where that can be done.
    ///
    /// # Errors
    /// `Error::Io` with the path, `Error::Invalid` for one that no regular file can be at, `Error::Memory`. What was at
    /// `path` is untouched then.
    pub fn save(&self, path: &Path) -> Result<()> {
        let failed = |cause| Error::Io(path.display().to_string(), cause);
        check_path(path)?;
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // Before the rename, since nothing may fail after it. A folder may be written to by those who may not read it.
        #[cfg(unix)]
        let synced = File::open(folder);
        // Not `tempfile_in`, whose errors have lost the number of the system's.
        let new = tempfile::Builder::new().prefix(".index-").make_in(folder, create_private);
        let (mut file, mut temporary) = new.map_err(failed)?.into_parts();
        self.write(&mut BufWriter::new(&mut file), &failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&temporary, path).map_err(failed)?;
        temporary.disable_cleanup(true);
        #[cfg(unix)]
        let _ = synced.and_then(|folder| folder.sync_all());
        Ok(())
    }

    fn write(&self, out: &mut impl Write, failed: &impl Fn(io::Error) -> Error) -> Result<()> {
        out.write_all(&header(self.config, self.len())).map_err(failed)?;
        let chunks = self.chunks.iter().enumerate();
        let mut living = chunks.flat_map(|(at, chunk)| rows_of(&chunk.alive).map(move |row| (at * ROWS + row) as u32));
        let rows = rows_per_block(self.config).min(self.len());
        let mut slots = room(rows, "rows")?;
        let mut block = room(rows * row_size(self.config), "bytes")?;
        loop {
            slots.clear();
            slots.extend(living.by_ref().take(rows));
            if slots.is_empty() {
                return out.flush().map_err(failed);
            }
            block.clear();
            self.encode(&slots, &mut block);
            let checksum = crc32fast::hash(&block);
            out.write_all(&block).and_then(|()| out.write_all(&checksum.to_le_bytes())).map_err(failed)?;
        }
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
    /// refuse. `Error::Io` when it cannot be read; `Error::Memory`. `Error::Invalid` for a forced instruction set that
    /// this CPU lacks.
    pub fn load(path: &Path) -> Result<Self> {
        let isa = Isa::choose()?;
        let named = |error| match error {
            Error::Invalid(text) => Error::Invalid(format!("{}: {text}", path.display())),
            Error::Io(_, cause) if cause.kind() == ErrorKind::UnexpectedEof => {
                Error::Invalid(format!("{}: it became shorter while it was read", path.display()))
            }
            Error::Io(_, cause) => Error::Io(path.display().to_string(), cause),
            error @ (Error::Memory(_) | Error::State(_)) => error,
        };
        let failed = |cause| Error::Io(path.display().to_string(), cause);
        // Before it is opened, which would wait for somebody to write to a pipe.
        check_path(path)?;
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        Self::read(&mut BufReader::new(file), length, isa).map_err(named)
    }

    /// From a file of `length` bytes.
    fn read(file: &mut impl Read, length: u64, isa: Isa) -> Result<Self> {
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
        let mut index = Self::with(config, isa)?;
        let rows = usize::try_from(rows).map_err(|_| Error::Memory(format!("no memory for {rows} rows")))?;
        let most = rows_per_block(config);
        let mut block = zeros(rows.min(most) * row_size(config) + CHECKSUM, "bytes")?;
        for first in (0..rows).step_by(most) {
            let count = most.min(rows - first);
            block.truncate(count * row_size(config) + CHECKSUM);
            file.read_exact(&mut block).map_err(failed)?;
            let (content, checksum) = block.split_at(block.len() - CHECKSUM);
            if crc32fast::hash(content).to_le_bytes() != *checksum {
                return invalid(format!("rows {first} to {} are damaged: their checksum differs", first + count - 1));
            }
            index.decode(first, content, count)?;
        }
        if index.len() != rows {
            return invalid("two rows have the same id");
        }
        Ok(index)
    }

    /// Adds the rows of a block, of which the first is row `first` of the file.
    fn decode(&mut self, first: usize, block: &[u8], count: usize) -> Result<()> {
        let Config { dimension, columns, storage, keep_f32 } = self.config;
        let (numbers, rest) = block.split_at(8 * count);
        let (codes, vectors) = rest.split_at(4 * count * columns);
        let mut ids = room(count, "ids")?;
        ids.extend(numbers.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)));
        let codes = Codes { bytes: codes.as_chunks().0, rows: count };
        let limits = Limits { first, longest: self.config.longest() };
        match (keep_f32, storage) {
            (false, Storage::Int8) => self.add_bytes(limits, &ids, vectors, &codes),
            (false, _) => self.add_checked(limits, &ids, &Halves(vectors.as_chunks().0, dimension), &codes),
            (true, _) => self.add_checked(limits, &ids, &Singles(vectors.as_chunks().0, dimension), &codes),
        }
    }

    /// As `add_checked`, of rows of a scale and bytes.
    fn add_bytes(&mut self, limits: Limits, ids: &[u64], rows: &[u8], codes: &Codes<'_>) -> Result<()> {
        let Config { dimension, columns, .. } = self.config;
        let parts = |row: usize| {
            let (scale, bytes) = rows[row * (4 + dimension)..][..4 + dimension].split_at(4);
            (bytes, f32::from_le_bytes([scale[0], scale[1], scale[2], scale[3]]))
        };
        limits.check_ids(ids)?;
        for row in 0..ids.len() {
            let (bytes, scale) = parts(row);
            let square: f64 = bytes.iter().map(|code| f64::from(widen(*code, scale)).powi(2)).sum();
            // NaN fails the comparison as well.
            if !(scale >= 0.0 && square <= limits.longest) {
                return invalid(format!("row {} has no usable length", limits.first + row));
            }
        }
        let distinct = last_of_each(ids)?;
        self.reserve(&distinct, ids)?;
        let mut code = vec![0; columns];
        for row in distinct.iter() {
            let (id, code) = (ids[row], codes.row(row, &mut code));
            let slot = self.slot_of(id);
            self.chunks[slot / ROWS].set_bytes(slot % ROWS, id, parts(row), code);
        }
        Ok(())
    }
}

/// The codes of a block, column by column.
struct Codes<'a> {
    bytes: &'a [[u8; 4]],
    rows: usize,
}

impl Table<u32> for Codes<'_> {
    fn row<'a>(&'a self, row: usize, room: &'a mut [u32]) -> &'a [u32] {
        for (column, code) in room.iter_mut().enumerate() {
            *code = u32::from_le_bytes(self.bytes[column * self.rows + row]);
        }
        room
    }
}

/// f32 values, and how many are a row.
struct Singles<'a>(&'a [[u8; 4]], usize);

impl Table<f32> for Singles<'_> {
    fn row<'a>(&'a self, row: usize, room: &'a mut [f32]) -> &'a [f32] {
        for (value, bytes) in room.iter_mut().zip(&self.0[row * self.1..]) {
            *value = f32::from_le_bytes(*bytes);
        }
        room
    }
}

/// bf16 values, and how many are a row.
struct Halves<'a>(&'a [[u8; 2]], usize);

impl Table<f32> for Halves<'_> {
    fn row<'a>(&'a self, row: usize, room: &'a mut [f32]) -> &'a [f32] {
        for (value, bytes) in room.iter_mut().zip(&self.0[row * self.1..]) {
            *value = f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
        }
        room
    }
}

/// That a regular file is at a path, or nothing yet.
fn check_path(path: &Path) -> Result<()> {
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return invalid(format!("the path {:?} has a NUL byte", path.to_string_lossy()));
    }
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(Error::Io(path.display().to_string(), is_a_directory())),
        Ok(found) if !found.is_file() => invalid(format!("{}: it is not a regular file", path.display())),
        _ => Ok(()),
    }
}

fn is_a_directory() -> io::Error {
    #[cfg(unix)]
    return io::Error::from_raw_os_error(libc::EISDIR);
    #[cfg(not(unix))]
    return ErrorKind::IsADirectory.into();
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
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
