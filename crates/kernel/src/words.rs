//! What cases and rows of registers are searched by: their numbers, texts, kind and place as words, cut into tokens that any store
//! can index, and what is typed cut the same way. What of a text a search found is marked by [`crate::marked`].
//!
//! Chinese is written without spaces, so a run of it becomes its pairs of neighbouring characters (and its last character):
//! nothing is missed, two-character words are found, no dictionary has to know them. Everything else is a token up to the next
//! sign and found by its beginning. Sealed and confidential values are left out: what may not be read cannot be found.

use crate::seal::is_sealed;
use crate::world::World;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Field, FieldKind, Process, Register};
use ganglion_model::row::{Case, Record};
use serde_json::Value;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Most characters of a case that are searched.
const CHARS_MAX: usize = 3_000;
/// Most characters of a row that are searched: there are many more rows than cases, and they are short.
const ROW_CHARS_MAX: usize = 400;
/// Most tokens of a search.
const TOKENS_MAX: usize = 40;

/// One condition of a search; all of them have to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// These tokens stand one behind the other.
    Phrase(Vec<String>),
    /// A token begins like this.
    Beginning(String),
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3fffd}') && c.is_alphanumeric()
}

/// Runs of Chinese, and runs of other letters and digits, in lower case.
fn runs(text: &str) -> Vec<(bool, String)> {
    let mut all: Vec<(bool, String)> = Vec::new();
    let mut open = false;
    for c in text.chars().flat_map(char::to_lowercase) {
        if !c.is_alphanumeric() {
            open = false;
            continue;
        }
        let han = is_han(c);
        match all.last_mut().filter(|(kind, _)| open && *kind == han) {
            Some((_, run)) => run.push(c),
            None => all.push((han, c.to_string())),
        }
        open = true;
    }
    all
}

fn pairs(run: &str) -> Vec<String> {
    let chars: Vec<char> = run.chars().collect();
    chars.windows(2).map(|pair| pair.iter().collect()).collect()
}

/// The tokens of a text, separated by spaces.
#[must_use]
pub fn tokens(text: &str) -> String {
    let mut all: Vec<String> = Vec::new();
    for (han, run) in runs(text) {
        if !han {
            // The end of a number with leading zeros is what people remember of it.
            let short = run.trim_start_matches('0');
            all.extend((short != run && !short.is_empty()).then(|| short.to_owned()));
            all.push(run);
            continue;
        }
        all.extend(pairs(&run));
        all.extend(run.chars().last().map(String::from));
    }
    all.join(" ")
}

/// The tokens of a text that have two characters or more, as numbers: what texts are compared by, which needs no token back. Two
/// Chinese characters are the number they make side by side, anything else is hashed.
pub(crate) fn token_numbers(text: &str, into: &mut Vec<u64>) {
    for (han, run) in runs(text) {
        if han {
            let chars = run.chars().map(|c| u64::from(u32::from(c)));
            into.extend(chars.clone().zip(chars.skip(1)).map(|(a, b)| a << 32 | b));
            continue;
        }
        let short = run.trim_start_matches('0');
        let both = [Some(run.as_str()), Some(short).filter(|short| *short != run)];
        into.extend(both.into_iter().flatten().filter(|one| one.chars().nth(1).is_some()).map(hashed));
    }
}

/// A token as a number that two characters never make: their first is below its highest bit.
fn hashed(token: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    hasher.finish() | 1 << 63
}

/// What a search asks for; `None` when nothing in it can be looked for.
#[must_use]
pub fn terms(typed: &str) -> Option<Vec<Term>> {
    let mut all = Vec::new();
    let mut left = TOKENS_MAX;
    for (han, run) in runs(typed) {
        let mut phrase = if han { pairs(&run) } else { Vec::new() };
        phrase.truncate(left);
        left = left.saturating_sub(phrase.len().max(1));
        all.push(if phrase.is_empty() { Term::Beginning(run) } else { Term::Phrase(phrase) });
        if left == 0 {
            break;
        }
    }
    (!all.is_empty()).then_some(all)
}

/// The same with what was only begun taken for whole words and numbers: who types `W-1` means that before `W-10`. `None` where
/// nothing is only begun.
#[must_use]
pub fn whole(terms: &[Term]) -> Option<Vec<Term>> {
    let is_begun = |term: &Term| matches!(term, Term::Beginning(start) if !start.chars().all(is_han));
    let all = terms.iter().map(|term| match term {
        Term::Beginning(start) if is_begun(term) => Term::Phrase(vec![start.clone()]),
        other => other.clone(),
    });
    terms.iter().any(is_begun).then(|| all.collect())
}

/// The same with every run of Chinese taken for several words that may stand apart, written together as people type them: of each of
/// these one has to hold. Where a run is cut nobody knows, and nobody has to: words have two characters or more, so that of two
/// neighbouring pairs at most one lies across a cut, and the first and the last never do. Empty where no run is long enough.
#[must_use]
pub fn apart(terms: &[Term]) -> Vec<Vec<Term>> {
    let pair = |token: &String| Term::Phrase(vec![token.clone()]);
    let mut is_cut = false;
    let mut all = Vec::new();
    for term in terms {
        match term {
            Term::Phrase(pairs) if pairs.len() > 2 => {
                is_cut = true;
                all.extend([pairs.first(), pairs.last()].into_iter().flatten().map(|end| vec![pair(end)]));
                let within = pairs.get(1..pairs.len() - 1).unwrap_or_default();
                all.extend(within.windows(2).map(|two| two.iter().map(pair).collect()));
            }
            whole => all.push(vec![whole.clone()]),
        }
    }
    if is_cut { all } else { Vec::new() }
}

/// What is searched of a case.
#[must_use]
pub fn of_case(world: &World, case: &Case) -> String {
    cut(&parts_of_case(world, case).join("\n"), CHARS_MAX)
}

/// What is searched of a case, text by text: its numbers, the names of its places, its kind, its open texts.
#[must_use]
pub fn parts_of_case(world: &World, case: &Case) -> Vec<String> {
    let mut words: Vec<String> = vec![case.number.clone()];
    words.extend(case.numbers.values().filter(|number| **number != case.number).cloned());
    let path = world.places.path(case.place, local_date(case.opened_at));
    words.extend(path.into_iter().map(|place| place.name.clone()));
    if let Some(process) = world.model.processes.get(&case.process) {
        words.extend(kind(world, process, case));
        words.extend(texts_of_case(process, case));
    }
    words
}

/// The open texts of a case: what its opening form and its actions were told, neither personal nor confidential.
pub fn texts_of_case<'a>(process: &'a Process, case: &'a Case) -> impl Iterator<Item = String> + 'a {
    let open = process.form.iter().chain(&process.fields).filter(|field| is_open(field));
    open.filter_map(move |field| text(field, case.fields.get(&field.name)?))
}

/// The open texts a case was opened with.
pub fn opening_texts<'a>(process: &'a Process, case: &'a Case) -> impl Iterator<Item = String> + 'a {
    let open = process.form.iter().filter(|field| is_open(field));
    open.filter_map(move |field| text(field, case.fields.get(&field.name)?))
}

/// What is searched of a row; `None` for rows that are not searched by words: of no register that is installed, and of a series,
/// whose rows are numbers by the day and are found by what they belong to.
#[must_use]
pub fn of_row(world: &World, record: &Record) -> Option<String> {
    let register = world.model.registers.get(&record.register).filter(|register| register.series.is_none())?;
    Some(cut(&parts_of_row(world, register, record).join("\n"), ROW_CHARS_MAX))
}

/// What is searched of a row with these versions, in the order of their days: the last one counts. `None`: it is not searched, or gone.
#[must_use]
pub fn of_versions(world: &World, versions: &[Record]) -> Option<String> {
    of_row(world, versions.last()?)
}

/// What is searched of a row, text by text: its key, open texts and choices, and the name of its place.
#[must_use]
pub fn parts_of_row(world: &World, register: &Register, record: &Record) -> Vec<String> {
    let mut words: Vec<String> = vec![record.key.clone()];
    for field in register.fields.iter().filter(|field| is_open(field)) {
        let Some(value) = record.fields.get(&field.name) else { continue };
        match &field.kind {
            FieldKind::Choice { list } => words.extend(titles(world, list, value)),
            _ => words.extend(text(field, value).filter(|text| *text != record.key)),
        }
    }
    let day = local_date(record.updated_at);
    words.extend(record.place.and_then(|place| world.places.tree.known(place, day)).map(|place| place.name.clone()));
    words
}

/// Whether everything that is searched of a register may be seen by anyone: a search by somebody who reads only public fields
/// could otherwise find out the others by trying words.
#[must_use]
pub fn is_all_public(register: &Register) -> bool {
    let searched = |field: &&Field| is_open(field) && is_searched(&field.kind);
    register.fields.iter().filter(searched).all(|field| field.public)
}

/// Whether everybody who may read a row or a case sees the field in clear.
fn is_open(field: &Field) -> bool {
    !field.personal && field.see.is_empty()
}

fn is_searched(kind: &FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Text { .. } | FieldKind::LongText { .. } | FieldKind::Serial { .. } | FieldKind::Choice { .. }
    )
}

fn cut(text: &str, chars: usize) -> String {
    text.char_indices().nth(chars).map_or_else(|| text.to_owned(), |(at, _)| text[..at].to_owned())
}

/// The titles of a code, in both languages.
fn titles(world: &World, list: &str, value: &Value) -> Vec<String> {
    let code = value.as_str().and_then(|code| world.model.lists.get(list)?.code(code));
    code.map(|code| vec![code.title.zh.clone(), code.title.en.clone()]).unwrap_or_default()
}

fn text(field: &Field, value: &Value) -> Option<String> {
    let is_text = matches!(field.kind, FieldKind::Text { .. } | FieldKind::LongText { .. } | FieldKind::Serial { .. });
    value.as_str().filter(|text| is_text && !is_sealed(text)).map(str::to_owned)
}

/// The kind of a case in the words of its list or register, in both languages.
fn kind(world: &World, process: &Process, case: &Case) -> Vec<String> {
    let Some(field) = process.kind_field.as_deref().and_then(|name| process.field(name)) else { return Vec::new() };
    let Some(code) = case.fields.get(&field.name).and_then(Value::as_str) else { return Vec::new() };
    match &field.kind {
        FieldKind::Choice { list } => titles(world, list, &Value::from(code)),
        FieldKind::Ref { register } => {
            let label = world.model.registers.get(register).map(|register| register.label.as_str());
            let row = world.latest(register, code);
            let names = label.into_iter().flat_map(|label| [label.to_owned(), format!("{label}_en")]);
            names.filter_map(|name| Some(row?.fields.get(&name)?.as_str()?.to_owned())).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_is_cut_into_pairs_and_everything_else_at_its_signs() {
        assert_eq!(tokens("路面塌陷，SB-130903001-2022-000043"), "路面 面塌 塌陷 陷 sb 130903001 2022 43 000043");
        assert_eq!(tokens("坑"), "坑");
        assert_eq!(tokens("  \u{3000}—"), "");
    }

    #[test]
    fn what_is_typed_is_cut_the_same_way() {
        let pair = |text: &str| text.to_owned();
        assert_eq!(terms("塌陷"), Some(vec![Term::Phrase(vec![pair("塌陷")])]));
        assert_eq!(
            terms("路面塌 43"),
            Some(vec![Term::Phrase(vec![pair("路面"), pair("面塌")]), Term::Beginning(pair("43"))])
        );
        assert_eq!(terms("路"), Some(vec![Term::Beginning(pair("路"))]));
        assert_eq!(terms("Drain"), Some(vec![Term::Beginning(pair("drain"))]));
        assert_eq!(terms("\"*'()"), None);
        let phrase = |tokens: &[&str]| Term::Phrase(tokens.iter().map(|one| pair(one)).collect());
        let begun = terms("路 路面塌 43").unwrap();
        let wanted = vec![Term::Beginning(pair("路")), phrase(&["路面", "面塌"]), phrase(&["43"])];
        assert_eq!(whole(&begun), Some(wanted));
        assert_eq!(whole(&terms("路 路面塌").unwrap()), None, "Chinese is never only begun");
        let one = |token: &str| vec![phrase(&[token])];
        let cut = apart(&terms("污水井盖 43").unwrap());
        assert_eq!(cut, [one("污水"), one("井盖"), vec![Term::Beginning(pair("43"))]]);
        let five = vec![one("下水"), one("堵塞"), vec![phrase(&["水道"]), phrase(&["道堵"])]];
        assert_eq!(apart(&terms("下水道堵塞").unwrap()), five);
        assert_eq!(apart(&terms("下水道 43").unwrap()), Vec::<Vec<Term>>::new(), "three characters are one word");
        let Some([Term::Phrase(long)]) = terms(&"长".repeat(5000)).map(|all| <[Term; 1]>::try_from(all).unwrap())
        else {
            panic!("a phrase")
        };
        assert_eq!(long.len(), TOKENS_MAX, "a long text is looked for by its beginning");
    }
}
