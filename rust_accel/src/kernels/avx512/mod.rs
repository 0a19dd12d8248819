//! AVX-512: register tiles of 8 rows by 48 or 32 columns, and the kernels that work on one row at a time.

mod register;
mod rows;
mod tile;

pub use register::Register;
pub(super) use rows::{bf16, plain};
pub(super) use tile::{paired, quads, quads_bf16, single};
