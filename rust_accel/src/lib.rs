//! Sentence embeddings and exact vector search on the CPU.
#![warn(missing_docs)]

pub mod embed;
pub mod error;
pub mod index;
pub mod kernels;
pub mod memory;
#[cfg(feature = "python")]
mod python;
pub mod shared;
pub mod threads;
