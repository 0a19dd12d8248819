//! A short way to the token ids of ASCII text under BERT's rules, where the general one spends most of its time on
//! keeping track of how normalised characters map to the original ones.
//!
//! Only the splitting is done here: text of other characters, other rules and words that are not in the vocabulary go
//! to the tokenizer itself.

use crate::error::{Error, Result};
use crate::memory::room;
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
    /// Those that are so in the text without control characters and, where it is lowered, in lower case.
    reserved_plain: Vec<String>,
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
        let lowercase = normalizer.lowercase;
        let added = tokenizer.get_added_tokens_decoder().into_values();
        let (plain, exact): (Vec<_>, Vec<_>) = added.partition(|token| token.normalized);
        let reserved: Vec<String> = exact.into_iter().map(|token| token.content).collect();
        let is_ascii = plain.iter().all(|token| token.content.is_ascii());
        let reserved_plain: Vec<String> = plain
            .iter()
            .map(|token| token.content.bytes().filter_map(|byte| plainly(byte, lowercase)).collect())
            .collect();
        if !normalizer.clean_text || !is_ascii || reserved.iter().chain(&reserved_plain).any(String::is_empty) {
            return None;
        }
        let longest = model.max_input_chars_per_word;
        Some(Self { before, lowercase, longest, reserved, reserved_plain })
    }

    /// Whether a word of ASCII text is a token by itself.
    ///
    /// # Errors
    /// `Error::Memory`.
    fn has_reserved(&self, text: &str) -> Result<bool> {
        let plain = || text.bytes().filter_map(|byte| plainly(byte, self.lowercase));
        let starts = |word: &String| plain().any(|character| word.starts_with(character));
        if self.reserved.iter().any(|word| text.contains(word)) {
            return Ok(true);
        }
        if !self.reserved_plain.iter().any(starts) {
            return Ok(false);
        }
        let mut bytes = room(text.len(), "bytes of a text")?;
        bytes.extend(plain().map(|character| character as u8));
        let text = String::from_utf8_lossy(&bytes);
        Ok(self.reserved_plain.iter().any(|word| text.contains(word)))
    }

    /// The ids of `text` up to its end or at least one more than `enough`; none for text that is not plain.
    ///
    /// # Errors
    /// `Error::Invalid` when the tokenizer refuses a word; `Error::Memory`.
    pub(super) fn ids(&self, tokenizer: &Tokenizer, text: &str, enough: usize) -> Result<Option<Vec<u32>>> {
        if !text.is_ascii() || self.has_reserved(text)? {
            return Ok(None);
        }
        // A token has a byte at least.
        let most = text.len().min(enough.saturating_add(self.longest));
        let mut ids = room(self.before.len().saturating_add(most).saturating_add(1), "tokens")?;
        ids.extend(&self.before);
        let mut word = String::new();
        for character in text.bytes().filter_map(|byte| plainly(byte, self.lowercase)) {
            match character {
                ' ' => self.take(tokenizer, &mut word, &mut ids)?,
                _ if character.is_ascii_punctuation() => {
                    self.take(tokenizer, &mut word, &mut ids)?;
                    word.push(character);
                    self.take(tokenizer, &mut word, &mut ids)?;
                }
                // A longer word is unknown, however it goes on.
                _ if word.len() <= self.longest => word.push(character),
                _ => {}
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

/// The byte as the normaliser leaves it. Control characters vanish, and what they stood between is one word.
fn plainly(byte: u8, lowercase: bool) -> Option<char> {
    match byte {
        b'\t' | b'\n' | b'\r' => Some(' '),
        0..b' ' | 0x7f => None,
        _ => Some(char::from(if lowercase { byte.to_ascii_lowercase() } else { byte })),
    }
}
