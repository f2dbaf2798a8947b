//! What was chosen in settled cases that resemble the one in hand: how often each value was, of how many. Pure counting over cases
//! somebody else read; nothing is ever chosen by it.

use crate::words::{opening_texts, token_numbers};
use ganglion_model::Posts;
use ganglion_model::needed::Needed;
use ganglion_model::pack::{Action, Assign, Effect, Field, FieldKind, Process, SAME_WORDS};
use ganglion_model::row::Case;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// The newest settled cases that are looked at for one field, at most.
pub const LOOKED_AT: u32 = 200;
/// Of those that agree in fields, or stand for all around: the newest so many count.
pub const AGREEING_MAX: u32 = 50;
/// Of those whose words are alike: the nearest so many count.
const NEAREST_MAX: usize = 15;
/// How alike words must be: the share of what is said by both in what is said by either, rare words weighing more.
const ALIKE_MIN: f64 = 0.12;
/// A value has to have been chosen so often before it is suggested.
const CHOSEN_MIN: u32 = 2;
/// Values suggested for one field.
pub const SUGGESTED_MAX: usize = 3;

/// A value that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The value: a code, a key, the id of a post.
    pub value: String,
    /// How many similar cases have it.
    pub count: u32,
    /// How many similar cases there are.
    pub of: u32,
}

/// The form field in which an action names the post that gets the case.
#[must_use]
pub fn names_post(action: &Action) -> Option<&str> {
    action.effects.iter().find_map(|effect| match effect.done() {
        Effect::Assign(Assign::Form(field)) => Some(field.as_str()),
        _ => None,
    })
}

/// What a settled case says was chosen in a field of an action.
#[must_use]
pub fn value_of<'c>(process: &Process, (action, field): (&Action, &Field), case: &'c Case) -> Option<&'c str> {
    if process.field(&field.name).is_some() {
        return case.fields.get(&field.name)?.as_str();
    }
    let is_post = matches!(field.kind, FieldKind::Post { .. }) && names_post(action) == Some(field.name.as_str());
    case.assignee.as_ref().filter(|_| is_post).map(|post| post.0.as_str())
}

/// Whether what became of a settled case could have been chosen in the field: of a post, one with a role the field takes. Who got a
/// case by another way says nothing of this one.
#[must_use]
pub fn could_be_chosen(posts: &Posts, field: &Field, case: &Case) -> bool {
    let FieldKind::Post { roles, .. } = &field.kind else { return true };
    let had = case.assignee.as_ref().and_then(|id| posts.get(id));
    had.is_some_and(|post| roles.is_empty() || roles.contains(&post.role))
}

/// What [`chosen`] and [`chosen_here`] look at in settled cases for some fields.
#[must_use]
pub fn needed<'f>(process: &Process, fields: impl Iterator<Item = &'f Field>) -> Needed {
    let mut needed = Needed::default();
    needed.add_case("assignee");
    for field in fields {
        needed.add_case(&field.name);
        field.suggest.iter().filter(|name| *name != SAME_WORDS).for_each(|name| needed.add_case(name));
        if field.suggest.iter().any(|name| name == SAME_WORDS) {
            process.form.iter().for_each(|said| needed.add_case(&said.name));
        }
    }
    needed
}

/// Whether the cases a field's suggestions come from are of one kind: storage finds them by it.
#[must_use]
pub fn is_by_kind(process: &Process, field: &Field) -> bool {
    process.kind_field.as_ref().is_some_and(|kind| field.suggest.contains(kind))
}

/// What was chosen in a field in those of `settled`, newest first, that resemble the case; what was chosen most often first.
#[must_use]
pub fn chosen<'c>(
    process: &Process,
    asked: (&Action, &Field),
    case: &Case,
    settled: impl Iterator<Item = &'c Case>,
) -> Vec<Chosen> {
    let (_, field) = asked;
    let agrees = |other: &&Case| {
        let mut named = field.suggest.iter().filter(|name| *name != SAME_WORDS);
        other.id != case.id && named.all(|name| is_same(case.fields.get(name), other.fields.get(name)))
    };
    let known = settled.filter(agrees).filter_map(|other| Some((other, value_of(process, asked, other)?)));
    let values: Vec<&str> = if field.suggest.iter().any(|name| name == SAME_WORDS) {
        nearest(process, case, &known.collect::<Vec<_>>())
    } else {
        known.take(AGREEING_MAX as usize).map(|(_, value)| value).collect()
    };
    counted(&values)
}

/// What was chosen in a field in the newest of `settled`, whether they resemble the case or not: what is left to say of a field
/// suggested from fields when no case that agrees in them says anything. From words that are unlike nothing follows.
#[must_use]
pub fn chosen_here<'c>(
    process: &Process,
    asked: (&Action, &Field),
    case: &Case,
    settled: impl Iterator<Item = &'c Case>,
) -> Vec<Chosen> {
    if asked.1.suggest.iter().any(|name| name == SAME_WORDS) {
        return Vec::new();
    }
    let others = settled.filter(|other| other.id != case.id);
    let values = others.filter_map(|other| value_of(process, asked, other)).take(AGREEING_MAX as usize);
    counted(&values.collect::<Vec<_>>())
}

/// How many of the settled cases that storage finds for a field are worth reading: all it looks at, or, where nothing more than the
/// kind has to agree and storage sees to that, those that count.
#[must_use]
pub fn worth_reading(process: &Process, field: &Field) -> u32 {
    if is_by_kind(process, field) && field.suggest.len() == 1 { AGREEING_MAX } else { LOOKED_AT }
}

fn is_same(a: Option<&Value>, b: Option<&Value>) -> bool {
    a.is_some() && a == b
}

/// The values most often met, most often first.
fn counted(values: &[&str]) -> Vec<Chosen> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for value in values {
        *counts.entry(*value).or_default() += 1;
    }
    let of = u32::try_from(values.len()).unwrap_or(u32::MAX);
    let mut all: Vec<Chosen> = counts
        .into_iter()
        .filter(|(_, count)| *count >= CHOSEN_MIN)
        .map(|(value, count)| Chosen { value: value.to_owned(), count, of })
        .collect();
    all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    all.truncate(SUGGESTED_MAX);
    all
}

/// The words of a text, each once: pairs of characters, and what is not Chinese as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said(Vec<u64>);

impl Said {
    fn of(texts: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let mut all = Vec::new();
        texts.for_each(|text| token_numbers(text.as_ref(), &mut all));
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    /// The words that both say.
    fn both<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u64> + 'a {
        self.0.iter().filter(|word| other.0.binary_search(word).is_ok()).copied()
    }

    /// How alike two texts are, from 0 to 1: the share of what is said by both in what is said by either; `weight` says what a word
    /// counts.
    #[must_use]
    pub fn alike(&self, other: &Self, weight: &dyn Fn(u64) -> f64) -> f64 {
        let sum = |words: &Self| words.0.iter().map(|word| weight(*word)).sum::<f64>();
        let both: f64 = self.both(other).map(weight).sum();
        let either = sum(self) + sum(other) - both;
        if either > 0.0 { both / either } else { 0.0 }
    }
}

/// The words a case was opened with.
#[must_use]
pub fn said(process: &Process, case: &Case) -> Said {
    Said::of(opening_texts(process, case))
}

/// The values of the cases whose words are most like those of the case.
fn nearest<'c>(process: &Process, case: &Case, known: &[(&'c Case, &'c str)]) -> Vec<&'c str> {
    let own = said(process, case);
    let others: Vec<Said> = known.iter().map(|(other, _)| said(process, other)).collect();
    let mut met: HashMap<u64, u32> = HashMap::new();
    for word in others.iter().flat_map(|said| &said.0) {
        *met.entry(*word).or_default() += 1;
    }
    let all = f64::from(u32::try_from(others.len()).unwrap_or(u32::MAX));
    let weight = |word: u64| (1.0 + all / (1.0 + f64::from(met.get(&word).copied().unwrap_or_default()))).ln();
    let scored = others.iter().zip(known).map(|(words, (_, value))| (own.alike(words, &weight), *value));
    let mut scored: Vec<(f64, &str)> = scored.filter(|(score, _)| *score >= ALIKE_MIN).collect();
    // Of those equally alike the newest stay in front.
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(NEAREST_MAX).map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tokens;

    #[test]
    fn what_was_chosen_once_is_no_suggestion() {
        let chosen = |value: &str, count| Chosen { value: value.to_owned(), count, of: 7 };
        assert_eq!(counted(&["b", "a", "b", "c", "a", "b", "d"]), [chosen("b", 3), chosen("a", 2)]);
        assert_eq!(counted(&["a"]), []);
        assert_eq!(counted(&[]), []);
    }

    #[test]
    fn rare_words_make_texts_more_alike_than_common_ones() {
        let words = |text: &str| Said::of([text].into_iter());
        let common = words("路口 堵塞");
        let weight = |word: u64| if common.0.contains(&word) { 0.1 } else { 2.0 };
        let own = words("下水 水道 堵塞 路口");
        assert!(own.alike(&words("下水 水道 西街"), &weight) > own.alike(&words("路口 堵塞 西街"), &weight));
        assert!((own.alike(&own, &weight) - 1.0).abs() < 1e-9);
        assert!(words("").alike(&words(""), &weight).abs() < 1e-9, "nothing is like nothing");
    }

    #[test]
    fn texts_are_compared_by_the_tokens_they_are_searched_by() {
        for text in ["东街下水道堵塞", "TEL 0317 号井 x7", "一", "", "a 路 0000 7", "Ab ab，AB"] {
            let tokens = tokens(text);
            let of_two: std::collections::BTreeSet<&str> =
                tokens.split(' ').filter(|token| token.chars().nth(1).is_some()).collect();
            assert_eq!(Said::of([text].into_iter()).0.len(), of_two.len(), "{text}");
            assert_eq!(Said::of(of_two.into_iter()), Said::of([text].into_iter()), "{text}");
        }
    }
}
