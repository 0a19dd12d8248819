//! Text to token ids.

use super::ascii::Ascii;
use crate::error::{Error, Result, invalid};
use std::path::Path;
use tokenizers::{Tokenizer, TruncationParams};

/// A tokenizer that truncates at the model's limit and never pads, whatever its file says.
pub(super) struct Tokens {
    truncating: Tokenizer,
    whole: Tokenizer,
    ascii: Option<Ascii>,
    limit: usize,
    vocabulary: usize,
}

impl Tokens {
    /// # Errors
    /// `Error::Io` for a missing file; `Error::Invalid` for a damaged one or one with more tokens than the model.
    pub(super) fn read(path: &Path, max_tokens: usize, vocabulary: usize) -> Result<Self> {
        let place = path.display();
        let bytes = std::fs::read(path).map_err(|cause| Error::Io(place.to_string(), cause))?;
        let unusable = |cause: tokenizers::Error| Error::Invalid(format!("{place}: {cause}"));
        let mut whole = Tokenizer::from_bytes(bytes).map_err(unusable)?;
        if let Some(id) = whole.get_vocab(true).into_values().max().filter(|id| *id as usize >= vocabulary) {
            return invalid(format!("{place}: token id {id} is beyond the model's vocabulary of {vocabulary}"));
        }
        whole.with_padding(None);
        whole.with_truncation(None).map_err(unusable)?;
        let mut truncating = whole.clone();
        let limit = TruncationParams { max_length: max_tokens, ..TruncationParams::default() };
        truncating.with_truncation(Some(limit)).map_err(unusable)?;
        let ascii = Ascii::of(&whole);
        Ok(Self { truncating, whole, ascii, limit: max_tokens, vocabulary })
    }

    /// The ids of `text` with its special tokens, at most the limit, each within the vocabulary.
    ///
    /// # Errors
    /// `Error::Invalid` when the tokenizer refuses the text or gives an id that the model has no row for.
    pub(super) fn ids(&self, text: &str) -> Result<Vec<u32>> {
        let ids = match self.plain(text, self.limit)? {
            Some(ids) => ids,
            None => encode(&self.truncating, text)?.get_ids().to_vec(),
        };
        if ids.is_empty() {
            return invalid("the tokenizer gave no token at all, not even [CLS]");
        }
        match ids.iter().find(|id| **id as usize >= self.vocabulary) {
            Some(id) => invalid(format!("token id {id} is beyond the model's vocabulary of {}", self.vocabulary)),
            None => Ok(ids),
        }
    }

    /// The ids of plain text, by the short way where there is one.
    fn plain(&self, text: &str, limit: usize) -> Result<Option<Vec<u32>>> {
        self.ascii.as_ref().map_or(Ok(None), |ascii| ascii.ids(&self.whole, text, limit))
    }

    /// The number of tokens without truncation.
    ///
    /// # Errors
    /// `Error::Invalid` when the tokenizer refuses the text.
    pub(super) fn count(&self, text: &str) -> Result<i64> {
        let count = match self.plain(text, usize::MAX)? {
            Some(ids) => ids.len(),
            None => encode(&self.whole, text)?.len(),
        };
        Ok(count as i64)
    }
}

fn encode(tokenizer: &Tokenizer, text: &str) -> Result<tokenizers::Encoding> {
    tokenizer.encode_fast(text, true).map_err(|cause| Error::Invalid(format!("the text cannot be tokenized: {cause}")))
}
