//! Sentence embeddings: text to unit vectors, from the files of a sentence-transformers model, BERT or `MPNet`.

mod architecture;
mod ascii;
mod attention;
mod batch;
mod config;
mod exact;
mod forward;
mod linear;
mod packing;
mod relative;
mod source;
mod stop;
mod tokens;
mod weights;
mod words;

use crate::error::{Error, Result, invalid};
use crate::kernels::{Bf16, Isa};
use crate::memory::room;
use crate::threads::Threads;
use config::Config;
use forward::{Bytes, Model};
use rayon::prelude::*;
use std::path::Path;
use stop::{Stop, run};
use tokens::Tokens;

/// The precisions that exist: what the linear layers multiply. Attention is f32 in `f32`, bf16 in `bf16`, and in the
/// others bf16 where the CPU multiplies it, else f32; so are the layers of `int8-mixed` that are not of bytes.
pub const PRECISIONS: [&str; 4] = ["f32", "bf16", "int8", "int8-mixed"];

/// More threads than this are a mistake.
pub const MOST_THREADS: usize = 1024;

/// How an [`Embedder`] runs.
#[derive(Default)]
pub struct Options {
    /// One of [`PRECISIONS`]; none means `bf16` where the CPU multiplies it, else `f32`.
    pub precision: Option<String>,
    /// Threads of the embedder's own pool, at most [`MOST_THREADS`]; none means one per core.
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

/// A loaded model with its tokenizer and its own threads. Calls may run at the same time, also in forked processes, which
/// start threads of their own.
pub struct Embedder {
    tokens: Tokens,
    encoder: Encoder,
    precision: &'static str,
    isa: Isa,
    pool: Threads,
    threads: usize,
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
        if let Some(threads) = options.threads.filter(|n| !(1..=MOST_THREADS).contains(n)) {
            return invalid(format!("threads must be at least 1 and at most {MOST_THREADS}, not {threads}"));
        }
        let config = Config::read(folder, options.max_tokens)?;
        let tokens = Tokens::read(&folder.join("tokenizer.json"), config.max_tokens, config.vocabulary)?;
        let threads = match options.threads {
            Some(n) => n,
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let pool = Threads::new("embed", threads);
        let encoder = pool.pool()?.install(|| Encoder::load(config, isa, precision))?;
        Ok(Self { tokens, encoder, precision, isa, pool, threads })
    }

    /// Unit vectors of `texts`, `dimension` values each, in input order. `go_on` is asked some ten times a second; once it
    /// says no, the call ends.
    ///
    /// # Errors
    /// `Error::Invalid` when a text cannot be tokenized or the model's output is not finite; `Error::Memory`;
    /// `Error::State` when the file of the weights was changed, or the caller has ended the call.
    pub fn embed<T: AsRef<str> + Sync>(&self, texts: &[T], go_on: &mut dyn FnMut() -> bool) -> Result<Vec<f32>> {
        let work = |stop: &Stop| {
            let ids = each(texts, stop, |text| self.tokens.ids(text))?;
            match &self.encoder {
                Encoder::Single(model) => batch::embed(model, &ids, self.threads, stop),
                Encoder::Half(model) => batch::embed(model, &ids, self.threads, stop),
            }
        };
        run(&*self.pool.pool()?, go_on, work, is_short(texts))
    }

    /// The number of tokens of each text, special ones included, before truncation.
    ///
    /// # Errors
    /// As `embed`.
    pub fn count_tokens<T: AsRef<str> + Sync>(&self, texts: &[T], go_on: &mut dyn FnMut() -> bool) -> Result<Vec<i64>> {
        run(&*self.pool.pool()?, go_on, |stop| each(texts, stop, |text| self.tokens.count(text)), is_short(texts))
    }

    /// The token ids of each text, special ones included, after truncation.
    ///
    /// # Errors
    /// As `embed`.
    pub fn token_ids<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<Vec<u32>>> {
        run(&*self.pool.pool()?, go_on, |stop| each(texts, stop, |text| self.tokens.ids(text)), is_short(texts))
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
        self.threads
    }
}

/// Whether a call takes a few hundredths of a second at most.
fn is_short<T: AsRef<str>>(texts: &[T]) -> bool {
    texts.len() <= 16 && texts.iter().map(|text| text.as_ref().len()).sum::<usize>() < 1 << 12
}

/// What `work` makes of each text, over the threads of the current pool. Its errors get the text's number.
fn each<T: AsRef<str> + Sync, R: Default + Send>(
    texts: &[T],
    stop: &Stop,
    work: impl Fn(&str) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let mut made = room(texts.len(), "texts")?;
    made.resize_with(texts.len(), R::default);
    made.par_iter_mut().zip(texts).enumerate().try_for_each(|(number, (to, text))| {
        stop.check()?;
        *to = work(text.as_ref()).map_err(|error| match error {
            Error::Invalid(why) => Error::Invalid(format!("text {number}: {why}")),
            Error::Memory(why) => Error::Memory(format!("text {number}: {why}")),
            other => other,
        })?;
        Ok(())
    })?;
    Ok(made)
}
