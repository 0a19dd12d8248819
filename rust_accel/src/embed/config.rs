//! What the model's JSON files say about its shape.

use super::architecture::Architecture;
use crate::error::{Error, Result, invalid};
use crate::kernels::Packed;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// How token vectors become one vector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pooling {
    Mean,
    Cls,
}

/// The validated shape of an encoder.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) weights: PathBuf,
    pub(super) architecture: Architecture,
    pub(super) hidden: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    pub(super) intermediate: usize,
    pub(super) vocabulary: usize,
    pub(super) positions: usize,
    pub(super) epsilon: f32,
    pub(super) pooling: Pooling,
    pub(super) max_tokens: usize,
}

#[derive(Deserialize)]
struct EncoderFile {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    layer_norm_eps: f32,
    hidden_act: String,
    model_type: String,
    #[serde(default = "absolute")]
    position_embedding_type: String,
    #[serde(default)]
    is_decoder: bool,
}

fn absolute() -> String {
    "absolute".into()
}

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

/// `config_sentence_transformers.json`.
#[derive(Default, Deserialize)]
struct PromptsFile {
    #[serde(default)]
    prompts: HashMap<String, Option<String>>,
    default_prompt_name: Option<String>,
}

#[derive(Default, Deserialize)]
struct SentenceFile {
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

#[derive(Default, Deserialize)]
struct TokenizerFile {
    model_max_length: Option<Number>,
}

pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read(path).map_err(|cause| Error::Io(path.display().to_string(), cause))?;
    serde_json::from_slice(&text).map_err(|cause| Error::Invalid(format!("{}: {cause}", path.display())))
}

/// As `read`; none when there is no such file.
fn read_present<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    if path.exists() { read(path).map(Some) } else { Ok(None) }
}

/// Sizes above this are a damaged file, not a sentence encoder; it keeps every product far from overflow.
const LARGEST: usize = 1 << 20;

impl EncoderFile {
    /// # Errors
    /// `Error::Invalid` for a field that cannot be used.
    fn check(&self, path: &Path) -> Result<()> {
        let place = path.display();
        for (field, got, known) in [
            ("hidden_act", &self.hidden_act, "gelu"),
            ("position_embedding_type", &self.position_embedding_type, "absolute"),
        ] {
            if got != known {
                return invalid(format!("{place}: {field} is {got:?}; only {known:?} is implemented"));
            }
        }
        if self.is_decoder {
            return invalid(format!("{place}: is_decoder is true; only encoders are implemented"));
        }
        for (field, got) in [
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("vocab_size", self.vocab_size),
            ("max_position_embeddings", self.max_position_embeddings),
        ] {
            check_size(path, field, got)?;
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let (hidden, heads) = (self.hidden_size, self.num_attention_heads);
            return invalid(format!("{place}: hidden_size {hidden} cannot be split over {heads} heads"));
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            return invalid(format!("{place}: layer_norm_eps is {}, not in 0..1", self.layer_norm_eps));
        }
        Ok(())
    }
}

/// # Errors
/// `Error::Invalid` naming a field that is none or too large.
pub(super) fn check_size(path: &Path, field: &str, got: usize) -> Result<()> {
    if (1..=LARGEST).contains(&got) {
        return Ok(());
    }
    invalid(format!("{}: {field} is {got}, not in 1..={LARGEST}", path.display()))
}

impl Config {
    /// Columns of a head where `T` is multiplied: in whole groups.
    pub(super) fn head_room<T: Packed>(&self) -> usize {
        (self.hidden / self.heads).next_multiple_of(T::GROUP)
    }

    /// # Errors
    /// `Error::Io` for a missing file; `Error::Invalid` for a field, module or activation that cannot be used.
    pub(super) fn read(folder: &Path, max_tokens: Option<usize>) -> Result<Self> {
        let (transformer, pooling) = modules(folder)?;
        check_prompts(folder)?;
        let path = transformer.join("config.json");
        let file: EncoderFile = read(&path)?;
        let architecture = Architecture::read(&file.model_type, &path)?;
        file.check(&path)?;
        let positions = file.max_position_embeddings.saturating_sub(architecture.first_position());
        Ok(Self {
            weights: transformer.join("model.safetensors"),
            architecture,
            hidden: file.hidden_size,
            layers: file.num_hidden_layers,
            heads: file.num_attention_heads,
            intermediate: file.intermediate_size,
            vocabulary: file.vocab_size,
            positions: file.max_position_embeddings,
            epsilon: file.layer_norm_eps,
            pooling,
            max_tokens: token_limit(&transformer, positions, max_tokens)?,
        })
    }
}

/// The transformer's folder and the pooling, from `modules.json`. Vectors have unit length with a `Normalize` or without.
fn modules(folder: &Path) -> Result<(PathBuf, Pooling)> {
    let path = folder.join("modules.json");
    let modules: Vec<Module> = read(&path)?;
    let known = |module: &Module| {
        let name = module.kind.strip_prefix("sentence_transformers.").and_then(|name| name.rsplit('.').next());
        ["Transformer", "Pooling", "Normalize"].into_iter().find(|known| name == Some(known))
    };
    if let Some(module) = modules.iter().find(|module| known(module).is_none()) {
        return invalid(format!("{}: the module {:?} is not implemented", path.display(), module.kind));
    }
    let kinds: Vec<&str> = modules.iter().filter_map(known).collect();
    match (&modules[..], &kinds[..]) {
        ([transformer, pooling, ..], ["Transformer", "Pooling"] | ["Transformer", "Pooling", "Normalize"]) => {
            let pooling = read_pooling(&folder.join(&pooling.path).join("config.json"))?;
            Ok((folder.join(&transformer.path), pooling))
        }
        _ => invalid(format!(
            "{}: the modules are {kinds:?}; only a Transformer, a Pooling and perhaps a Normalize are implemented",
            path.display()
        )),
    }
}

fn read_pooling(path: &Path) -> Result<Pooling> {
    let place = path.display();
    let fields: HashMap<String, Value> = read(path)?;
    let mut modes = vec![];
    for (field, value) in fields.iter().filter(|(field, _)| field.starts_with("pooling_mode")) {
        match value {
            Value::Bool(true) => modes.push(field.as_str()),
            Value::Bool(false) => {}
            _ => return invalid(format!("{place}: {field} is {value}; only true and false are implemented")),
        }
    }
    modes.sort_unstable();
    match modes[..] {
        ["pooling_mode_mean_tokens"] => Ok(Pooling::Mean),
        ["pooling_mode_cls_token"] => Ok(Pooling::Cls),
        _ => invalid(format!("{place}: true are {modes:?}; only mean or CLS pooling alone is implemented")),
    }
}

/// # Errors
/// `Error::Invalid` when texts would get a prompt unasked.
fn check_prompts(folder: &Path) -> Result<()> {
    let path = folder.join("config_sentence_transformers.json");
    let file: PromptsFile = read_present(&path)?.unwrap_or_default();
    match file.default_prompt_name {
        Some(name) if file.prompts.get(&name).is_none_or(|prompt| prompt.as_deref() != Some("")) => invalid(format!(
            "{}: default_prompt_name is {name:?}; prompts are not implemented: put it before each text, and null here",
            path.display()
        )),
        _ => Ok(()),
    }
}

/// What was asked for, or else what `sentence_bert_config.json` says, or else the tokenizer's limit, if the model has so
/// many positions.
fn token_limit(transformer: &Path, positions: usize, asked: Option<usize>) -> Result<usize> {
    let path = transformer.join("sentence_bert_config.json");
    let file: SentenceFile = read_present(&path)?.unwrap_or_default();
    if file.do_lower_case {
        return invalid(format!("{}: do_lower_case is not implemented; the tokenizer does it", path.display()));
    }
    let tokenizer: TokenizerFile = read_present(&transformer.join("tokenizer_config.json"))?.unwrap_or_default();
    // Without a limit it is written as 10^30, which is no `u64`.
    let written = tokenizer.model_max_length.as_ref().and_then(Number::as_u64);
    let whole = written.map_or(positions, |limit| usize::try_from(limit).unwrap_or(positions).min(positions));
    let limit = asked.or(file.max_seq_length).unwrap_or(whole);
    if !(3..=positions).contains(&limit) {
        return invalid(format!("max_tokens is {limit}, not in 3..={positions} (the model's positions)"));
    }
    Ok(limit)
}
