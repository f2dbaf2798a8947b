//! What a draft changes, in titles: by what it is there for, then by process, register or list. What is new or gone as a
//! whole is one line that counts what is in it.

use crate::view::Look;
use crate::view::words::count;
use ganglion_pack::{Difference, How};
use serde::Serialize;

/// Lines shown of one subject; the command line shows all.
const LINES_MAX: usize = 60;
/// Subjects of this many lines or fewer stand open.
const OPEN_MAX: usize = 6;
/// Things that are told one by one, with what changes inside them.
const BY_NAME: [&str; 3] = ["process", "register", "list"];
/// What changes are there for, and the outermost things that are for it.
const SECTIONS: [(&str, &[&str]); 4] = [
    ("pack-for-process", &["process", "document"]),
    ("pack-for-register", &["register", "list"]),
    ("pack-for-figure", &["indicator", "measure", "rule", "target", "plan", "bulletin", "table"]),
    ("pack-for-role", &["role", "policy"]),
];

/// Changes that are there for one thing.
#[derive(Serialize)]
pub struct Section {
    title: String,
    subjects: Vec<Subject>,
}

/// One process, register or list with what changes in it, or all changes of another kind.
#[derive(Serialize)]
struct Subject {
    title: String,
    /// What the pack calls it.
    name: String,
    /// `new`, `gone`, or empty.
    how: &'static str,
    /// What a whole has inside.
    summary: String,
    care: bool,
    open: bool,
    lines: Vec<Line>,
    more: usize,
}

#[derive(Serialize)]
struct Line {
    text: String,
    /// What the pack calls it.
    name: String,
    care: bool,
}

/// Everything a draft changes.
#[must_use]
pub fn sections(look: &Look<'_>, all: &[Difference]) -> Vec<Section> {
    let of = |one: &Difference| {
        let at = SECTIONS.iter().position(|(_, roots)| roots.contains(&one.root.as_str()));
        at.unwrap_or(SECTIONS.len())
    };
    let titles = SECTIONS.iter().map(|(key, _)| *key).chain(["pack-for-other"]);
    let section = |(at, key): (usize, &str)| {
        let own: Vec<&Difference> = all.iter().filter(|one| of(one) == at).collect();
        (!own.is_empty()).then(|| Section { title: look.t(key), subjects: subjects(look, &own) })
    };
    titles.enumerate().filter_map(section).collect()
}

/// What something is called by a difference, as far as it has a title there.
#[must_use]
pub fn title(look: &Look<'_>, all: &[Difference], root: &str, name: &str) -> Option<String> {
    let is_it = |one: &&Difference| one.root == root && first(&one.path) == name;
    let title = all.iter().find(is_it)?.titles.first()?;
    (!title.is_empty()).then(|| look.text(title))
}

fn first(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

fn subjects(look: &Look<'_>, all: &[&Difference]) -> Vec<Subject> {
    let mut groups: Vec<((&str, &str), Vec<&Difference>)> = Vec::new();
    for one in all.iter().copied() {
        let name = if BY_NAME.contains(&one.root.as_str()) { first(&one.path) } else { "" };
        let key = (one.root.as_str(), name);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(one),
            None => groups.push((key, vec![one])),
        }
    }
    groups.into_iter().map(|((root, name), group)| subject(look, (root, name), &group)).collect()
}

fn subject(look: &Look<'_>, (root, name): (&str, &str), group: &[&Difference]) -> Subject {
    let by_name = !name.is_empty();
    let is_whole = |one: &&&Difference| by_name && one.what == one.root && one.how != How::Changed;
    let whole = group.iter().find(is_whole);
    let title = group.iter().find_map(|one| one.titles.first().filter(|title| !title.is_empty()));
    let title = match title {
        Some(title) if by_name => format!("{} · {}", thing(look, root), look.text(title)),
        _ => format!("{} {name}", thing(look, root)).trim_end().to_owned(),
    };
    let inside: Vec<&&Difference> = group.iter().filter(|one| !is_whole(one)).collect();
    let care = group.iter().any(|one| one.care);
    Subject {
        title,
        name: name.to_owned(),
        how: match whole.map(|one| one.how) {
            Some(How::Added) => "new",
            Some(How::Removed) => "gone",
            _ => "",
        },
        summary: if whole.is_some() { summary(look, &inside) } else { String::new() },
        care,
        open: whole.is_none() && (care || inside.len() <= OPEN_MAX),
        lines: inside.iter().take(LINES_MAX).map(|one| line(look, one, usize::from(by_name))).collect(),
        more: inside.len().saturating_sub(LINES_MAX),
    }
}

/// How many things of each kind a whole has inside.
fn summary(look: &Look<'_>, inside: &[&&Difference]) -> String {
    let mut kinds: Vec<(&str, u64)> = Vec::new();
    for one in inside {
        match kinds.iter_mut().find(|(kind, _)| *kind == one.what) {
            Some((_, number)) => *number += 1,
            None => kinds.push((one.what.as_str(), 1)),
        }
    }
    let said = kinds.into_iter().map(|(kind, number)| {
        look.say("pack-has", &[("what", thing(look, kind).into()), ("count", count(number).into())])
    });
    said.collect::<Vec<_>>().join(&look.t("list-comma"))
}

fn line(look: &Look<'_>, one: &Difference, skip: usize) -> Line {
    let key = match one.how {
        How::Added => "pack-diff-added",
        How::Removed => "pack-diff-removed",
        How::Changed if one.before.is_some() && one.after.is_some() => "pack-diff-from-to",
        How::Changed => "pack-diff-changed",
    };
    let titles = one.titles.iter().skip(skip.min(one.titles.len().saturating_sub(1)));
    let words: Vec<String> = titles.filter(|title| !title.is_empty()).map(|title| look.text(title)).collect();
    // A template is called by its file, and a file has its dot.
    let raw = one.path.rsplit(if one.what == "paper" { '/' } else { '.' }).next().unwrap_or(&one.path);
    let is_called = one.titles.last().is_some_and(|title| !title.is_empty()) && one.what != "row";
    let name = if is_called { words.join(" · ") } else { raw.to_owned() };
    let value = |value: &Option<ganglion_model::Text>| value.as_ref().map(|text| look.text(text)).unwrap_or_default();
    let args = [
        ("what", thing(look, &one.what).into()),
        ("name", name.into()),
        ("part", part(look, one.part.as_deref().unwrap_or_default()).into()),
        ("before", value(&one.before).into()),
        ("after", value(&one.after).into()),
    ];
    Line { text: look.say(key, &args), name: one.path.clone(), care: one.care }
}

/// A kind of thing in words.
fn thing(look: &Look<'_>, what: &str) -> String {
    let key = format!("pack-thing-{what}");
    if look.say.has(&key) { look.t(&key) } else { what.to_owned() }
}

/// A part of a thing in words.
fn part(look: &Look<'_>, part: &str) -> String {
    let key = format!("pack-part-{}", part.replace('_', "-"));
    if look.say.has(&key) { look.t(&key) } else { part.to_owned() }
}

/// A path of the packs that are installed in titles, such as those an obstacle is about.
#[must_use]
pub fn path_words(look: &Look<'_>, path: &str) -> String {
    let model = &look.world.model;
    let mut names = path.split('.');
    let head = names.next().unwrap_or(path);
    let (next, last) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    let mut titles = Vec::new();
    if let Some(process) = model.processes.get(head) {
        titles.push(&process.title);
        let state = process.states.get(next);
        titles.extend(state.map(|state| &state.title));
        titles.extend(process.field(next).filter(|_| state.is_none()).map(|field| &field.title));
        let action = state.and_then(|state| state.actions.iter().find(|action| action.name == last));
        titles.extend(action.map(|action| &action.title));
    } else if let Some(register) = model.registers.get(head) {
        titles.push(&register.title);
        titles.extend(register.field(next).map(|field| &field.title));
    } else if let Some(list) = model.lists.get(head) {
        titles.push(&list.title);
        titles.extend(list.code(next).map(|code| &code.title));
    } else if let Some((role, level)) = path.split_once('@') {
        return format!("{} · {}", look.role(role), look.t(&format!("level-{level}")));
    } else {
        return look.role(path);
    }
    titles.into_iter().map(|title| look.text(title)).collect::<Vec<_>>().join(" · ")
}
