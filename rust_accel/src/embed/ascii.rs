//! A short way to the token ids of ASCII text under BERT's rules, where the general one spends most of its time on
//! keeping track of how normalised characters map to the original ones.
//!
//! Only the splitting is done here: text of other characters, other rules and words that are not in the vocabulary go
//! to the tokenizer itself.

use crate::error::{Error, Result};
use tokenizers::models::ModelWrapper;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::{Model, Tokenizer};

/// How the tokenizer reads words, and what it puts before them.
pub(super) struct Ascii {
    before: Vec<u32>,
    lowercase: bool,
    longest: usize,
    /// Words such as "[SEP]" that are tokens wherever they stand.
    reserved: Vec<String>,
}

impl Ascii {
    /// The rules of `tokenizer`, which neither cuts nor pads; none when they are not BERT's.
    pub(super) fn of(tokenizer: &Tokenizer, before: Vec<u32>) -> Option<Self> {
        let (
            Some(NormalizerWrapper::BertNormalizer(normalizer)),
            Some(PreTokenizerWrapper::BertPreTokenizer(_)),
            ModelWrapper::WordPiece(model),
        ) = (tokenizer.get_normalizer(), tokenizer.get_pre_tokenizer(), tokenizer.get_model())
        else {
            return None;
        };
        let added = tokenizer.get_added_tokens_decoder();
        if !normalizer.clean_text || added.values().any(|token| token.normalized || token.content.is_empty()) {
            return None;
        }
        Some(Self {
            before,
            lowercase: normalizer.lowercase,
            longest: model.max_input_chars_per_word,
            reserved: added.into_values().map(|token| token.content).collect(),
        })
    }

    /// The ids of `text` up to its end or at least one more than `enough`; none for text that is not plain.
    ///
    /// # Errors
    /// `Error::Invalid` when the tokenizer refuses a word.
    pub(super) fn ids(&self, tokenizer: &Tokenizer, text: &str, enough: usize) -> Result<Option<Vec<u32>>> {
        if !text.is_ascii() || self.reserved.iter().any(|word| text.contains(word)) {
            return Ok(None);
        }
        let mut ids = self.before.clone();
        let mut word = String::new();
        for byte in text.bytes() {
            match byte {
                b'\t' | b'\n' | b'\r' | b' ' => self.take(tokenizer, &mut word, &mut ids)?,
                // Other control characters vanish, and what they stood between is one word.
                0..b' ' | 0x7f => {}
                _ if byte.is_ascii_punctuation() => {
                    self.take(tokenizer, &mut word, &mut ids)?;
                    word.push(char::from(byte));
                    self.take(tokenizer, &mut word, &mut ids)?;
                }
                _ => word.push(char::from(if self.lowercase { byte.to_ascii_lowercase() } else { byte })),
            }
            if ids.len() > enough {
                break;
            }
        }
        self.take(tokenizer, &mut word, &mut ids)?;
        Ok(Some(ids))
    }

    /// Adds the ids of the word, which is empty then.
    fn take(&self, tokenizer: &Tokenizer, word: &mut String, ids: &mut Vec<u32>) -> Result<()> {
        let model = tokenizer.get_model();
        if word.is_empty() {
            return Ok(());
        }
        // The longest piece is taken first: a word of the vocabulary is one piece.
        if let Some(id) = model.token_to_id(word).filter(|_| word.len() <= self.longest) {
            ids.push(id);
        } else {
            let refused = |cause| Error::Invalid(format!("the word {word:?} cannot be tokenized: {cause}"));
            ids.extend(model.tokenize(word).map_err(refused)?.iter().map(|piece| piece.id));
        }
        word.clear();
        Ok(())
    }
}
