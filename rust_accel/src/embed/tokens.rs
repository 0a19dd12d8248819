//! Text to token ids.

use super::ascii::Ascii;
use crate::error::{Error, Result, invalid};
use crate::memory::expect;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tokenizers::Tokenizer;

/// What the tokenizers library takes at most for each byte of a text: 479 were measured, of punctuation, 201 of Chinese.
const EACH_BYTE_OF_TEXT: usize = 500;
/// And of its own file: 30 were measured of `MPNet`'s, 44 of one of long added tokens.
const EACH_BYTE_OF_FILE: usize = 60;
/// Bytes of texts that are not worth a look at the memory.
const SHORT: usize = 1 << 14;

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
        expect(EACH_BYTE_OF_FILE * bytes.len(), "the tokenizer")?;
        let mut tokenizer =
            guarded(|| Tokenizer::from_bytes(&bytes)).map_err(|cause| Error::Invalid(format!("{place}: {cause}")))?;
        if let Some(id) = greatest(&tokenizer, &bytes, vocabulary).filter(|id| *id as usize >= vocabulary) {
            return invalid(format!("{place}: token id {id} is beyond the model's vocabulary of {vocabulary}"));
        }
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(unusable)?;
        // What surrounds a text shows around a letter.
        let tried =
            |special| encode(&tokenizer, "a", special).map_err(|cause| Error::Invalid(format!("{place}: {cause}")));
        let (whole, letter) = (tried(true)?, tried(false)?);
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

/// The greatest id of a tokenizer that was read from `bytes`; or one that is below `vocabulary`, as all of its ids are.
fn greatest(tokenizer: &Tokenizer, bytes: &[u8], vocabulary: usize) -> Option<u32> {
    let listed = serde_json::from_slice(bytes).ok().map(|File { model: Words { vocab: Greatest(id) } }| id);
    let added = tokenizer.get_added_tokens_decoder().into_keys().max();
    match listed.max(added.map(u64::from)) {
        Some(id) if listed.is_some() && (id as usize) < vocabulary => Some(id as u32),
        // The library's list is a copy of all words, which takes a twentieth of the time that a model takes to load.
        _ => tokenizer.get_vocab(true).into_values().max(),
    }
}

/// A tokenizer's file whose words are listed with their ids.
#[derive(Deserialize)]
struct File {
    model: Words,
}

#[derive(Deserialize)]
struct Words {
    vocab: Greatest,
}

/// The greatest number of a map, 0 of an empty one.
struct Greatest(u64);

impl<'de> Deserialize<'de> for Greatest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Values;

        impl<'de> Visitor<'de> for Values {
            type Value = Greatest;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("words with their ids")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Greatest, A::Error> {
                let mut greatest = 0;
                while let Some((_, id)) = map.next_entry::<IgnoredAny, u64>()? {
                    greatest = greatest.max(id);
                }
                Ok(Greatest(greatest))
            }
        }

        from.deserialize_map(Values)
    }
}

fn encode(tokenizer: &Tokenizer, text: &str, special: bool) -> Result<Vec<u32>> {
    if text.len() > SHORT {
        expect(EACH_BYTE_OF_TEXT * text.len(), "its tokens")?;
    }
    let encoding = guarded(|| tokenizer.encode_fast(text, special))
        .map_err(|cause| Error::Invalid(format!("it cannot be tokenized: {cause}")))?;
    Ok(encoding.get_ids().to_vec())
}

/// What the tokenizers library says. It panics where its own file misleads it.
fn guarded<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> std::result::Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|cause| cause.to_string()),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
            Err(format!("the tokenizer does not fit together: {words}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::greatest;
    use tokenizers::Tokenizer;

    #[test]
    fn the_greatest_id_is_found_however_the_words_are_listed() {
        let words = r#"{"type": "WordLevel", "unk_token": "a", "vocab": {"a": 0, "b": 7, "c": 3}}"#;
        let list = r#"{"type": "Unigram", "unk_id": 0, "vocab": [["a", 0.0], ["b", -1.0]]}"#;
        let added = r#"[{"id": 9, "content": "[X]", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true}]"#;
        for (model, added) in [(words, "[]"), (list, "[]"), (words, added), (list, added)] {
            let file = format!(r#"{{"version": "1.0", "added_tokens": {added}, "model": {model}}}"#);
            let tokenizer = Tokenizer::from_bytes(&file).unwrap();
            let expected = tokenizer.get_vocab(true).into_values().max();
            for vocabulary in [0, 3, 8, 100] {
                assert_eq!(greatest(&tokenizer, file.as_bytes(), vocabulary), expected, "{file}");
            }
        }
    }
}
