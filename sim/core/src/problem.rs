//! What is wrong with a file: one sentence, the place underlined, and what to
//! do about it.

use std::ops::Range;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// A file that cannot be used.
#[derive(Debug, Error, Diagnostic)]
#[error("{}", .fault.message)]
pub struct Problem {
    fault: Fault,
    #[source_code]
    source_code: NamedSource<String>,
    #[label("{}", .fault.label)]
    place: SourceSpan,
    #[help]
    help: Option<String>,
}

/// What is wrong, and where in the text, before it is known what text it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, in a sentence.
    pub message: String,
    /// The place, in bytes of the text.
    pub place: Range<usize>,
    /// What stands at that place.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    /// Something is wrong at this place.
    pub fn new(place: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place,
            label: label.into(),
            help: None,
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A word that names nothing, with the nearest word that does.
    pub fn unknown<'a>(
        what: &str,
        word: &str,
        place: Range<usize>,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let fault = Self::new(
            place,
            format!("unknown {what} `{word}`"),
            format!("no such {what}"),
        );
        match nearest(word, &known) {
            Some(word) => fault.with_help(format!("did you mean `{word}`?")),
            None if known.is_empty() => fault.with_help(format!("there is no {what} at all")),
            None => fault.with_help(format!("there are: {}", known.join(", "))),
        }
    }

    /// Names the file that the text came from.
    #[must_use]
    pub fn within(self, name: &str, text: &str) -> Problem {
        let end = self.place.end.min(text.len());
        let start = self.place.start.min(end);
        let help = self.help.clone();
        let source_code = NamedSource::new(name, text.to_owned()).with_language("TOML");
        Problem {
            fault: self,
            source_code,
            place: (start..end).into(),
            help,
        }
    }
}

impl Problem {
    /// What is wrong and where.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }
}

/// The known word that a person most likely meant, if any is near enough:
/// one that begins and goes on much alike, or differs in a letter or two.
#[must_use]
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let alike = known.iter().map(|it| {
        (
            strsim::jaro_winkler(&word.to_lowercase(), &it.to_lowercase()),
            *it,
        )
    });
    if let Some((likeness, best)) = alike.max_by(|a, b| a.0.total_cmp(&b.0))
        && likeness > 0.75
    {
        return Some(best);
    }
    let slips = known.iter().map(|it| {
        (
            strsim::damerau_levenshtein(&word.to_lowercase(), &it.to_lowercase()),
            *it,
        )
    });
    let (slips, best) = slips.min_by_key(|(slips, _)| *slips)?;
    (slips <= (word.len() / 3).max(1)).then_some(best)
}

/// What the TOML reader has to say. Where it met a word that it does not
/// know, it lists those it does, and the nearest of them is suggested.
impl From<toml::de::Error> for Fault {
    fn from(error: toml::de::Error) -> Self {
        let place = error.span().unwrap_or(0..0);
        let message = error.message().to_owned();
        let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        if let Some(what) = ["variant", "field"]
            .iter()
            .find(|it| message.starts_with(&format!("unknown {it} ")))
            && let [word, known @ ..] = quoted.as_slice()
        {
            let what = if *what == "variant" { "word" } else { "field" };
            return Fault::unknown(what, word, place, known.iter().copied());
        }
        let label = match message.split_once(", expected ") {
            Some((_, expected)) => format!("expected {expected}"),
            None => "here".to_owned(),
        };
        Fault::new(place, message, label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_is_answered_with_the_nearest() {
        assert_eq!(
            nearest("restor", &["send", "restore", "restart"]),
            Some("restore")
        );
        assert_eq!(nearest("A1", &["A05", "A01"]), Some("A01"));
        assert_eq!(nearest("a01", &["D01", "A01"]), Some("A01"));
        assert_eq!(nearest("xyz", &["send", "restore"]), None);
        let fault = Fault::unknown("device", "bbo", 3..6, ["alice", "bob"]);
        assert_eq!(fault.help.as_deref(), Some("did you mean `bob`?"));
        assert_eq!(fault.message, "unknown device `bbo`");
    }
}
