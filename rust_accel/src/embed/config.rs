//! What the model's JSON files say about its shape.

use crate::error::{Error, Result, invalid};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// How token vectors become one vector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pooling {
    Mean,
    Cls,
}

/// The validated shape of a BERT encoder.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) weights: PathBuf,
    pub(super) hidden: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    pub(super) intermediate: usize,
    pub(super) vocabulary: usize,
    pub(super) positions: usize,
    pub(super) token_types: usize,
    pub(super) epsilon: f32,
    pub(super) pooling: Pooling,
    pub(super) max_tokens: usize,
}

#[derive(Deserialize)]
struct BertFile {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f32,
    hidden_act: String,
    model_type: String,
    #[serde(default = "absolute")]
    position_embedding_type: String,
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

#[derive(Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "the file's own fields")]
struct PoolingFile {
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
    #[serde(default)]
    pooling_mode_max_tokens: bool,
    #[serde(default)]
    pooling_mode_mean_sqrt_len_tokens: bool,
}

#[derive(Deserialize)]
struct SentenceFile {
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read(path).map_err(|cause| Error::Io(path.display().to_string(), cause))?;
    serde_json::from_slice(&text).map_err(|cause| Error::Invalid(format!("{}: {cause}", path.display())))
}

/// Sizes above this are a damaged file, not a sentence encoder; it keeps every product far from overflow.
const LARGEST: usize = 1 << 20;

impl Config {
    /// # Errors
    /// `Error::Io` for a missing file; `Error::Invalid` for a field, module or activation that cannot be used.
    pub(super) fn read(folder: &Path, max_tokens: Option<usize>) -> Result<Self> {
        let (transformer, pooling) = modules(folder)?;
        let path = transformer.join("config.json");
        let bert: BertFile = read(&path)?;
        let place = path.display();
        for (field, got, known) in [
            ("model_type", &bert.model_type, "bert"),
            ("hidden_act", &bert.hidden_act, "gelu"),
            ("position_embedding_type", &bert.position_embedding_type, "absolute"),
        ] {
            if got != known {
                return invalid(format!("{place}: {field} is {got:?}; only {known:?} is implemented"));
            }
        }
        for (field, got) in [
            ("hidden_size", bert.hidden_size),
            ("num_hidden_layers", bert.num_hidden_layers),
            ("num_attention_heads", bert.num_attention_heads),
            ("intermediate_size", bert.intermediate_size),
            ("vocab_size", bert.vocab_size),
            ("max_position_embeddings", bert.max_position_embeddings),
            ("type_vocab_size", bert.type_vocab_size),
        ] {
            if !(1..=LARGEST).contains(&got) {
                return invalid(format!("{place}: {field} is {got}, not in 1..={LARGEST}"));
            }
        }
        if !bert.hidden_size.is_multiple_of(bert.num_attention_heads) {
            let (hidden, heads) = (bert.hidden_size, bert.num_attention_heads);
            return invalid(format!("{place}: hidden_size {hidden} cannot be split over {heads} heads"));
        }
        if !(bert.layer_norm_eps > 0.0 && bert.layer_norm_eps < 1.0) {
            return invalid(format!("{place}: layer_norm_eps is {}, not in 0..1", bert.layer_norm_eps));
        }
        Ok(Self {
            weights: transformer.join("model.safetensors"),
            hidden: bert.hidden_size,
            layers: bert.num_hidden_layers,
            heads: bert.num_attention_heads,
            intermediate: bert.intermediate_size,
            vocabulary: bert.vocab_size,
            positions: bert.max_position_embeddings,
            token_types: bert.type_vocab_size,
            epsilon: bert.layer_norm_eps,
            pooling,
            max_tokens: token_limit(&transformer, bert.max_position_embeddings, max_tokens)?,
        })
    }
}

/// The transformer's folder and the pooling, from `modules.json`.
fn modules(folder: &Path) -> Result<(PathBuf, Pooling)> {
    let path = folder.join("modules.json");
    let (mut transformer, mut pooling) = (None, None);
    for module in read::<Vec<Module>>(&path)? {
        let at = folder.join(&module.path);
        match module.kind.rsplit('.').next().unwrap_or_default() {
            "Transformer" => transformer = Some(at),
            "Pooling" => pooling = Some(read_pooling(&at.join("config.json"))?),
            "Normalize" => {}
            _ => {
                return invalid(format!("{}: the module {:?} is not implemented", path.display(), module.kind));
            }
        }
    }
    match (transformer, pooling) {
        (Some(transformer), Some(pooling)) => Ok((transformer, pooling)),
        _ => invalid(format!("{}: it must name a Transformer and a Pooling", path.display())),
    }
}

fn read_pooling(path: &Path) -> Result<Pooling> {
    let file: PoolingFile = read(path)?;
    let others = file.pooling_mode_max_tokens || file.pooling_mode_mean_sqrt_len_tokens;
    match (file.pooling_mode_mean_tokens, file.pooling_mode_cls_token, others) {
        (true, false, false) => Ok(Pooling::Mean),
        (false, true, false) => Ok(Pooling::Cls),
        _ => invalid(format!("{}: only mean or CLS pooling alone is implemented", path.display())),
    }
}

fn token_limit(transformer: &Path, positions: usize, asked: Option<usize>) -> Result<usize> {
    let path = transformer.join("sentence_bert_config.json");
    let own = if path.exists() {
        let file: SentenceFile = read(&path)?;
        if file.do_lower_case {
            return invalid(format!("{}: do_lower_case is not implemented; the tokenizer does it", path.display()));
        }
        file.max_seq_length.unwrap_or(positions)
    } else {
        positions
    };
    let limit = asked.unwrap_or(own);
    if !(3..=positions).contains(&limit) {
        return invalid(format!("max_tokens is {limit}, not in 3..={positions} (the model's positions)"));
    }
    Ok(limit)
}
