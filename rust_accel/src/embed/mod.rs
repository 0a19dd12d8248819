//! Sentence embeddings: text to unit vectors, from the files of a sentence-transformers model, BERT or `MPNet`.

mod architecture;
mod ascii;
mod attention;
mod batch;
mod config;
mod forward;
mod linear;
mod relative;
mod tokens;
mod weights;

use crate::error::{Error, Result, invalid};
use crate::kernels::{Bf16, Isa};
use config::Config;
use forward::{Bytes, Model};
use rayon::prelude::*;
use std::path::Path;
use tokens::Tokens;

/// The precisions that exist: what the linear layers multiply. Attention is f32 in `f32`, bf16 in `bf16`, and in the
/// others bf16 where the CPU multiplies it, else f32; so are the layers of `int8-mixed` that are not of bytes.
pub const PRECISIONS: [&str; 4] = ["f32", "bf16", "int8", "int8-mixed"];

/// How an [`Embedder`] runs.
#[derive(Default)]
pub struct Options {
    /// One of [`PRECISIONS`]; none means `bf16` where the CPU multiplies it, else `f32`.
    pub precision: Option<String>,
    /// Threads of the embedder's own pool; none means one per core.
    pub threads: Option<usize>,
    /// Truncation in tokens, special ones such as `[CLS]` included; none means the model's own.
    pub max_tokens: Option<usize>,
}

enum Encoder {
    Single(Model<f32>),
    Half(Model<Bf16>),
}

impl Encoder {
    fn load(config: Config, isa: Isa, precision: &str) -> Result<Self> {
        let bytes = match precision {
            "int8" => Bytes::All,
            "int8-mixed" => Bytes::Robust,
            _ => Bytes::None,
        };
        if precision == "bf16" || precision != "f32" && isa.has_bf16() {
            return Model::load(config, isa, bytes).map(Self::Half);
        }
        Model::load(config, isa, bytes).map(Self::Single)
    }

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
    precision: &'static str,
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
        let asked = options.precision.as_deref().unwrap_or(if isa.has_bf16() { "bf16" } else { "f32" });
        let Some(precision) = PRECISIONS.into_iter().find(|known| *known == asked) else {
            return invalid(format!("no precision {asked:?}; known: {PRECISIONS:?}"));
        };
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
        let encoder = pool.install(|| Encoder::load(config, isa, precision))?;
        Ok(Self { tokens, encoder, precision, isa, pool })
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

    /// The number of tokens of each text, special ones included, before truncation.
    ///
    /// # Errors
    /// `Error::Invalid` when a text cannot be tokenized.
    pub fn count_tokens<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vec<i64>> {
        self.pool.install(|| texts.par_iter().map(|text| self.tokens.count(text.as_ref())).collect())
    }

    /// The token ids of each text, special ones included, after truncation.
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
        self.precision
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
