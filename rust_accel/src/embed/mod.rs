//! Sentence embeddings: text to unit vectors, from the files of a sentence-transformers BERT model.

mod batch;
mod config;
mod forward;
mod tokens;
mod weights;

use crate::error::{Error, Result, invalid};
use crate::kernels::{Bf16, Isa};
use config::Config;
use forward::{Model, Precision};
use rayon::prelude::*;
use std::path::Path;
use tokens::Tokens;

/// The precisions that exist.
pub const PRECISIONS: [&str; 2] = [f32::NAME, Bf16::NAME];

/// How an [`Embedder`] runs.
#[derive(Default)]
pub struct Options {
    /// One of [`PRECISIONS`]; none means `bf16` where the CPU multiplies it, else `f32`.
    pub precision: Option<String>,
    /// Threads of the embedder's own pool; none means one per core.
    pub threads: Option<usize>,
    /// Truncation in tokens, `[CLS]` and `[SEP]` included; none means the model's own.
    pub max_tokens: Option<usize>,
}

enum Encoder {
    Single(Model<f32>),
    Half(Model<Bf16>),
}

impl Encoder {
    fn config(&self) -> &Config {
        match self {
            Self::Single(model) => &model.config,
            Self::Half(model) => &model.config,
        }
    }
}

/// A loaded model with its tokenizer and its own threads. Calls may run at the same time.
pub struct Embedder {
    tokens: Tokens,
    encoder: Encoder,
    isa: Isa,
    pool: rayon::ThreadPool,
}

impl Embedder {
    /// Reads `config.json`, `modules.json`, the pooling's `config.json`, `tokenizer.json` and `model.safetensors`.
    ///
    /// # Errors
    /// `Error::Io` for a missing file, `Error::Invalid` naming the file, field or tensor that cannot be used.
    pub fn load(folder: &Path, options: &Options) -> Result<Self> {
        let isa = Isa::choose()?;
        let precision = options.precision.as_deref().unwrap_or(if isa.has_bf16() { Bf16::NAME } else { f32::NAME });
        if !PRECISIONS.contains(&precision) {
            return invalid(format!("no precision {precision:?}; known: {PRECISIONS:?}"));
        }
        if options.threads == Some(0) {
            return invalid("threads must be at least 1, got 0");
        }
        let config = Config::read(folder, options.max_tokens)?;
        let tokens = Tokens::read(&folder.join("tokenizer.json"), config.max_tokens, config.vocabulary)?;
        let threads = match options.threads {
            Some(n) => n,
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("embed-{i}"))
            .build()
            .map_err(|cause| Error::Memory(format!("cannot start {threads} threads: {cause}")))?;
        let encoder = pool.install(|| match precision {
            Bf16::NAME => Model::load(config, isa).map(Encoder::Half),
            _ => Model::load(config, isa).map(Encoder::Single),
        })?;
        Ok(Self { tokens, encoder, isa, pool })
    }

    /// Unit vectors of `texts`, `dimension` values each, in input order.
    ///
    /// # Errors
    /// `Error::Invalid` when a text cannot be tokenized or the model's output is not finite.
    pub fn embed<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vec<f32>> {
        self.pool.install(|| {
            let ids = texts.par_iter().map(|text| self.tokens.ids(text.as_ref())).collect::<Result<Vec<_>>>()?;
            match &self.encoder {
                Encoder::Single(model) => batch::embed(model, &ids, self.threads()),
                Encoder::Half(model) => batch::embed(model, &ids, self.threads()),
            }
        })
    }

    /// The number of tokens of each text, `[CLS]` and `[SEP]` included, before truncation.
    ///
    /// # Errors
    /// `Error::Invalid` when a text cannot be tokenized.
    pub fn count_tokens<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vec<i64>> {
        self.pool.install(|| texts.par_iter().map(|text| self.tokens.count(text.as_ref())).collect())
    }

    /// The token ids of each text, `[CLS]` and `[SEP]` included, after truncation.
    ///
    /// # Errors
    /// `Error::Invalid` when a text cannot be tokenized.
    pub fn token_ids<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vec<Vec<u32>>> {
        self.pool.install(|| texts.par_iter().map(|text| self.tokens.ids(text.as_ref())).collect())
    }

    /// The length of a vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.encoder.config().hidden
    }

    /// The longest input in tokens.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.encoder.config().max_tokens
    }

    /// One of [`PRECISIONS`].
    #[must_use]
    pub fn precision(&self) -> &'static str {
        match self.encoder {
            Encoder::Single(_) => f32::NAME,
            Encoder::Half(_) => Bf16::NAME,
        }
    }

    /// The instruction set in use.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The size of the thread pool.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }
}
