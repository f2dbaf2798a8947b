//! What the compiler has to say: findings with their place and remedy, and their text form.
//!
//! Left out: deciding what is a finding; that is in the modules that read and check.

use crate::said::said;
use ganglion_model::Lang;
use serde::Serialize;
use std::fmt::{self, Write};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The pack cannot be used.
    Error,
    /// The pack works, but probably not as meant.
    Warning,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One thing that is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// File as shown to the author, e.g. `packs/grid/pack.yaml`.
    pub file: String,
    /// Line from 1.
    pub line: u32,
    /// Column from 1, counted in characters.
    pub column: u32,
    /// How grave.
    pub severity: Severity,
    /// Stable kebab-case name of the kind of finding.
    pub code: &'static str,
    /// A plain sentence.
    pub message: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The line it is about; empty when there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// Longest piece of a source line that is shown, in characters.
const SHOWN: usize = 160;

impl Finding {
    /// The finding as text: one line, then the source line with a caret, then the remedy.
    #[must_use]
    pub fn render(&self) -> String {
        self.to_string()
    }

    /// The finding with its words in `lang`.
    #[must_use]
    pub fn told(&self, lang: Lang) -> Finding {
        let remedy = self.remedy.as_deref().map(|remedy| said(remedy, lang));
        Finding { message: said(&self.message, lang), remedy, ..self.clone() }
    }

    /// [`Finding::render`] in `lang`.
    #[must_use]
    pub fn render_in(&self, lang: Lang) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = self.told(lang).lines(&mut text, &said(self.severity.word(), lang));
        text
    }

    fn lines(&self, out: &mut impl Write, word: &str) -> fmt::Result {
        write!(out, "{}:{}:{}: {word}[{}]: {}", self.file, self.line, self.column, self.code, self.message)?;
        if !self.source.is_empty() {
            writeln!(out)?;
            self.caret(out)?;
        }
        if let Some(remedy) = &self.remedy {
            write!(out, "\n      = {remedy}")?;
        }
        Ok(())
    }

    fn caret(&self, out: &mut impl Write) -> fmt::Result {
        let before = self.column.saturating_sub(1) as usize;
        let skipped = before.saturating_sub(SHOWN / 2);
        let shown: String = self.source.chars().skip(skipped).take(SHOWN).collect();
        let pad: String = self.source.chars().skip(skipped).take(before - skipped).map(blank).collect();
        let dots = if skipped > 0 { "… " } else { "" };
        let gap = if skipped > 0 { "  " } else { "" };
        writeln!(out, "{:>5} | {dots}{shown}", self.line)?;
        write!(out, "      | {gap}{pad}^")
    }
}

/// Blanks as wide as `c` on a terminal, so that the caret stands under its character.
fn blank(c: char) -> &'static str {
    match c {
        '\t' => "\t",
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => "  ",
        '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{20000}'..='\u{3fffd}' => "  ",
        _ => " ",
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines(out, self.severity.word())
    }
}

/// All findings of a run, sorted by file, line and column. Displays as text, serialises as a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// How many of them are errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.0.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// How many of them are warnings.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.0.len() - self.errors()
    }

    /// All of them with their words in `lang`.
    #[must_use]
    pub fn told(&self, lang: Lang) -> Findings {
        Findings(self.0.iter().map(|finding| finding.told(lang)).collect())
    }

    /// All of them as text in `lang`, with how many there are.
    #[must_use]
    pub fn render_in(&self, lang: Lang) -> String {
        let mut text: String = self.0.iter().map(|finding| finding.render_in(lang) + "\n\n").collect();
        text.push_str(&said(&format!("{} errors, {} warnings", self.errors(), self.warnings()), lang));
        text.push('\n');
        text
    }
}

impl std::ops::Deref for Findings {
    type Target = [Finding];

    fn deref(&self) -> &[Finding] {
        &self.0
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|finding| writeln!(out, "{finding}\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_its_character_also_behind_wide_ones() {
        let finding = Finding {
            file: "a.yaml".into(),
            line: 3,
            column: 5,
            severity: Severity::Error,
            code: "x",
            message: "nobody knows".into(),
            remedy: Some("yes".into()),
            source: "a: 中文".into(),
        };
        assert_eq!(
            finding.render_in(Lang::Zh).lines().next(),
            Some("a.yaml:3:5: 错误[x]: nobody knows"),
            "the frame is in the reader's language, and what nobody put into Chinese stays"
        );
        assert_eq!(
            finding.render(),
            "a.yaml:3:5: error[x]: nobody knows\n    3 | a: 中文\n      |      ^\n      = yes"
        );
    }
}
