//! What a search found in a text: the text in pieces, those that were looked for marked. The pieces are plain text; a page writes
//! them as it writes every other text, so that nothing in them can become markup.

use crate::words::Term;
use serde::Serialize;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Its characters.
    pub text: String,
    /// Whether the search asked for them.
    pub hit: bool,
}

/// A lower-case character of a text, with the place of the character it came from.
type Lower = (char, usize);

fn lower(text: &str) -> Vec<Lower> {
    text.chars().enumerate().flat_map(|(at, c)| c.to_lowercase().map(move |low| (low, at))).collect()
}

/// The characters of a term.
fn asked(term: &Term) -> Vec<char> {
    match term {
        Term::Beginning(start) => start.chars().collect(),
        // Each pair but the first repeats the last character of the one before.
        Term::Phrase(pairs) => {
            let first = pairs.first().into_iter().flat_map(|pair| pair.chars());
            first.chain(pairs.iter().skip(1).filter_map(|pair| pair.chars().last())).collect()
        }
    }
}

/// Whether a token may begin at a place: anywhere in Chinese, elsewhere where no letter or digit stands before. Zeros in front of a
/// number do not count.
fn begins(text: &[Lower], at: usize) -> bool {
    let before = |at: usize| at.checked_sub(1).and_then(|at| text.get(at)).map(|(c, _)| *c);
    let is_word = |c: char| c.is_alphanumeric() && c.is_ascii();
    if !text.get(at).is_some_and(|(c, _)| is_word(*c)) {
        return true;
    }
    let mut start = at;
    while before(start) == Some('0') {
        start -= 1;
    }
    !before(start).is_some_and(is_word)
}

/// Which characters of a text the terms ask for, one flag each.
fn flags(text: &str, terms: &[Term]) -> Vec<bool> {
    let low = lower(text);
    let mut flags = vec![false; text.chars().count()];
    for term in terms {
        let wanted = asked(term);
        if wanted.is_empty() {
            continue;
        }
        let is_beginning = matches!(term, Term::Beginning(_));
        for (at, window) in low.windows(wanted.len()).enumerate() {
            let same = window.iter().map(|(c, _)| c).eq(wanted.iter());
            if same && (!is_beginning || begins(&low, at)) {
                for (_, from) in window {
                    if let Some(flag) = flags.get_mut(*from) {
                        *flag = true;
                    }
                }
            }
        }
    }
    flags
}

fn joined(marked: impl Iterator<Item = (char, bool)>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (c, hit) in marked {
        match pieces.last_mut().filter(|piece| piece.hit == hit) {
            Some(piece) => piece.text.push(c),
            None => pieces.push(Piece { text: c.to_string(), hit }),
        }
    }
    pieces
}

/// Whether each of the terms is found in one of the texts: what an index would say.
#[must_use]
pub fn has_all(texts: &[String], terms: &[Term]) -> bool {
    let is_in = |text: &String, term: &Term| flags(text, std::slice::from_ref(term)).contains(&true);
    terms.iter().all(|term| texts.iter().any(|text| is_in(text, term)))
}

/// Whether one of each of the groups is found in one of the texts, see [`crate::words::apart`].
#[must_use]
pub fn has_apart(texts: &[String], groups: &[Vec<Term>]) -> bool {
    let is_there = |group: &Vec<Term>| group.iter().any(|term| has_all(texts, std::slice::from_ref(term)));
    !groups.is_empty() && groups.iter().all(is_there)
}

/// A whole text in pieces.
#[must_use]
pub fn pieces(text: &str, terms: &[Term]) -> Vec<Piece> {
    joined(text.chars().zip(flags(text, terms)))
}

/// Up to `chars` characters of a text around the first thing found in it; `None` when nothing of the search is in it.
#[must_use]
pub fn excerpt(text: &str, terms: &[Term], chars: usize) -> Option<Vec<Piece>> {
    let flags = flags(text, terms);
    let first = flags.iter().position(|hit| *hit)?;
    let all = flags.len();
    // A third of what is shown stands before what was found.
    let from = first.saturating_sub(chars / 3).min(all.saturating_sub(chars));
    let shown = text.chars().zip(flags).skip(from).take(chars).map(|(c, hit)| (if c == '\n' { ' ' } else { c }, hit));
    let dots = |at: bool| at.then_some(('…', false));
    let cut = (from > 0, from + chars < all);
    Some(joined(dots(cut.0).into_iter().chain(shown).chain(dots(cut.1))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{apart, terms};

    fn shown(text: &str, typed: &str) -> String {
        let marked = pieces(text, &terms(typed).unwrap());
        marked.iter().map(|piece| if piece.hit { format!("[{}]", piece.text) } else { piece.text.clone() }).collect()
    }

    #[test]
    fn what_was_asked_for_is_marked_where_the_index_finds_it() {
        assert_eq!(shown("解放路路面塌陷", "路面塌陷"), "解放路[路面塌陷]");
        assert_eq!(shown("路面，塌陷", "路面塌陷"), "路面，塌陷", "a sign stands between");
        assert_eq!(shown("路面塌陷", "塌陷 路面"), "[路面塌陷]");
        assert_eq!(shown("解放路", "路"), "解放[路]");
        assert_eq!(shown("SB-130903001-2022-000043", "43"), "SB-130903001-2022-0000[43]");
        assert_eq!(shown("143 and 43", "43"), "143 and [43]");
        assert_eq!(shown("Drain cover", "DRA"), "[Dra]in cover");
        assert_eq!(shown("<b>井盖</b>", "井盖"), "<b>[井盖]</b>", "signs stay what they are");
        assert_eq!(shown("", "井盖"), "");
    }

    #[test]
    fn words_typed_together_are_found_where_they_stand_apart() {
        let is_there = |text: &str, typed: &str| has_apart(&[text.to_owned()], &apart(&terms(typed).unwrap()));
        assert!(is_there("井盖没了，污水冒出来", "污水井盖"));
        assert!(is_there("堵塞的下水道", "下水道堵塞") && is_there("路灯井盖丢失", "丢失路灯井盖"));
        assert!(!is_there("污水横流", "污水井盖") && !is_there("下水堵塞", "下水道堵塞"));
        assert!(!is_there("井盖", "井盖"), "a single word cannot stand apart");
    }

    #[test]
    fn an_excerpt_shows_what_was_found_and_says_where_it_was_cut() {
        let long = format!("{}井盖丢失{}", "前".repeat(100), "后".repeat(100));
        let cut = excerpt(&long, &terms("井盖").unwrap(), 12).unwrap();
        let text: String = cut.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(text, "…前前前前井盖丢失后后后后…");
        assert_eq!(cut.iter().filter(|piece| piece.hit).count(), 1);
        assert_eq!(excerpt("路灯", &terms("井盖").unwrap(), 12), None);
        assert_eq!(excerpt("井盖", &terms("井盖").unwrap(), 12).unwrap().len(), 1);
    }
}
