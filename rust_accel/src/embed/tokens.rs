//! Text to token ids.

use super::ascii::Ascii;
use crate::error::{Error, Result, invalid};
use std::path::Path;
use tokenizers::Tokenizer;

/// A tokenizer whose texts are cut at the model's limit and never padded, whatever its file says.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    ascii: Option<Ascii>,
    /// What ends every text, also one that is cut, such as [SEP].
    after: Vec<u32>,
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
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(unusable)?;
        if let Some(id) = tokenizer.get_vocab(true).into_values().max().filter(|id| *id as usize >= vocabulary) {
            return invalid(format!("{place}: token id {id} is beyond the model's vocabulary of {vocabulary}"));
        }
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(unusable)?;
        // What surrounds a text shows around a letter.
        let (whole, letter) = (encode(&tokenizer, "a", true)?, encode(&tokenizer, "a", false)?);
        let Some(at) = whole.windows(letter.len().max(1)).position(|part| part == letter) else {
            return invalid(format!("{place}: it changes the tokens of a text when it adds its own to them"));
        };
        let (before, after) = (whole[..at].to_vec(), whole[at + letter.len()..].to_vec());
        if before.len() + after.len() >= max_tokens {
            return invalid(format!("{place}: its own tokens leave no room in {max_tokens}"));
        }
        let ascii = Ascii::of(&tokenizer, before);
        Ok(Self { tokenizer, ascii, after, limit: max_tokens, vocabulary })
    }

    /// The ids of `text` with its special tokens, at most the limit, each within the vocabulary.
    ///
    /// # Errors
    /// `Error::Invalid` when the tokenizer refuses the text or gives an id that the model has no row for.
    pub(super) fn ids(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = self.whole(text, self.limit)?;
        if ids.len() > self.limit {
            ids.truncate(self.limit - self.after.len());
            ids.extend(&self.after);
        }
        if ids.is_empty() {
            return invalid("the tokenizer gave no token at all, not even one of its own");
        }
        match ids.iter().find(|id| **id as usize >= self.vocabulary) {
            Some(id) => invalid(format!("token id {id} is beyond the model's vocabulary of {}", self.vocabulary)),
            None => Ok(ids),
        }
    }

    /// The number of tokens without truncation.
    ///
    /// # Errors
    /// `Error::Invalid` when the tokenizer refuses the text.
    pub(super) fn count(&self, text: &str) -> Result<i64> {
        Ok(self.whole(text, usize::MAX)?.len() as i64)
    }

    /// All ids of `text`, or, of more than `enough`, some more than these.
    fn whole(&self, text: &str, enough: usize) -> Result<Vec<u32>> {
        let plain = match &self.ascii {
            Some(ascii) => ascii.ids(&self.tokenizer, text, enough)?,
            None => None,
        };
        match plain {
            Some(mut ids) => {
                ids.extend(&self.after);
                Ok(ids)
            }
            None => encode(&self.tokenizer, text, true),
        }
    }
}

fn encode(tokenizer: &Tokenizer, text: &str, special: bool) -> Result<Vec<u32>> {
    let unusable = |cause| Error::Invalid(format!("the text cannot be tokenized: {cause}"));
    Ok(tokenizer.encode_fast(text, special).map_err(unusable)?.get_ids().to_vec())
}
