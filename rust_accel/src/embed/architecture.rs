//! What sets the known encoders apart. The rest is the same in all: post-norm blocks of attention and GELU.

use super::config::{check_size, read};
use crate::error::{Result, invalid};
use serde::Deserialize;
use std::path::Path;

/// An encoder's own names and numbers.
#[derive(Clone, Debug)]
pub(super) struct Architecture {
    pub(super) names: &'static Names,
    /// Rows of the token types, of which a single text has the first; none where there are no types.
    pub(super) token_types: Option<usize>,
    /// The id whose tokens all stand at the position of that number; the others are counted from the next one on.
    pub(super) padding: Option<u32>,
    /// Kinds of distance between two tokens that attention has biases for.
    pub(super) buckets: Option<usize>,
    /// Inputs of a layer of bytes that stay f32.
    pub(super) exact_inputs: usize,
}

/// What the tensors of a layer are called where the encoders differ.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) query: &'static str,
    pub(super) key: &'static str,
    pub(super) value: &'static str,
    pub(super) attended: &'static str,
    pub(super) attention_norm: &'static str,
}

type Read = fn(&Path) -> Result<Architecture>;

/// `model_type` in `config.json`, and what else is read there.
const KNOWN: [(&str, Read); 2] = [("bert", bert), ("mpnet", mpnet)];

/// Distances from this one on are of one kind. No file says it: it is a constant of the original implementation.
pub(super) const FURTHEST: usize = 128;

impl Architecture {
    /// The architecture called `kind`, with what the file at `path` says of it.
    ///
    /// # Errors
    /// `Error::Invalid` for an unknown kind, or naming the field that is missing or cannot be used.
    pub(super) fn read(kind: &str, path: &Path) -> Result<Self> {
        if let Some((_, read)) = KNOWN.into_iter().find(|(name, _)| *name == kind) {
            return read(path);
        }
        let names = KNOWN.map(|(name, _)| name);
        invalid(format!("{}: model_type is {kind:?}; known: {names:?}", path.display()))
    }

    /// The position from which the tokens of a text are counted.
    pub(super) fn first_position(&self) -> usize {
        self.padding.map_or(0, |id| id as usize + 1)
    }

    /// The position of each token.
    pub(super) fn positions(&self, ids: &[u32]) -> impl Iterator<Item = usize> {
        let mut next = self.first_position();
        ids.iter().map(move |id| {
            // Only a text that spells the word has such a token.
            if Some(*id) == self.padding {
                return *id as usize;
            }
            next += 1;
            next - 1
        })
    }
}

/// Devlin et al. 2019.
fn bert(path: &Path) -> Result<Architecture> {
    static NAMES: Names = Names {
        query: "attention.self.query",
        key: "attention.self.key",
        value: "attention.self.value",
        attended: "attention.output.dense",
        attention_norm: "attention.output.LayerNorm",
    };
    #[derive(Deserialize)]
    struct File {
        type_vocab_size: usize,
    }
    let File { type_vocab_size } = read(path)?;
    check_size(path, "type_vocab_size", type_vocab_size)?;
    Ok(Architecture {
        names: &NAMES,
        token_types: Some(type_vocab_size),
        padding: None,
        buckets: None,
        exact_inputs: 0,
    })
}

/// Song et al. 2020, with the relative positions of Raffel et al. 2020.
fn mpnet(path: &Path) -> Result<Architecture> {
    static NAMES: Names = Names {
        query: "attention.attn.q",
        key: "attention.attn.k",
        value: "attention.attn.v",
        attended: "attention.attn.o",
        attention_norm: "attention.LayerNorm",
    };
    // Its own implementation counts positions from 2, whatever this field says.
    const PADDING: u32 = 1;
    #[derive(Deserialize)]
    struct File {
        pad_token_id: u32,
        relative_attention_num_buckets: usize,
    }
    let File { pad_token_id, relative_attention_num_buckets: buckets } = read(path)?;
    let place = path.display();
    if pad_token_id != PADDING {
        return invalid(format!("{place}: pad_token_id is {pad_token_id}; only {PADDING} is implemented"));
    }
    if !(4..4 * FURTHEST).contains(&buckets) {
        let most = 4 * FURTHEST - 1;
        return invalid(format!("{place}: relative_attention_num_buckets is {buckets}, not in 4..={most}"));
    }
    Ok(Architecture {
        names: &NAMES,
        token_types: None,
        padding: Some(PADDING),
        buckets: Some(buckets),
        // Of all-mpnet-base-v2, some carry values 100 times as large as most: without this, cosines fall to .73.
        exact_inputs: 16,
    })
}
