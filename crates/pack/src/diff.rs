//! What changes between two versions of a model, thing by thing, in the words of the language; and which changes need care.
//!
//! Works on the compiled form as data, so a key that the language gains is compared without being named here. Left out:
//! whether rows stand in the way; that is asked of a store when a version is installed.

use crate::said::said;
use ganglion_model::{Lang, Model, Text};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// Longest value shown, in characters.
const SHOWN_CHARS_MAX: usize = 60;

/// What happened to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// A part of it is different.
    Changed,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// `pack`, `role`, `list`, `code`, `register`, `process`, `field`, `state`, `action`, `asked` (a field of an action's
    /// form), `clock`, `number`, `measure`, `indicator`, `row` (one a register starts with) or another part of the model.
    pub what: String,
    /// Names from the outside in, e.g. `incident.registered.file`.
    pub path: String,
    /// What the outermost thing of the path is; a row is of its register.
    pub root: String,
    /// What the things of the path are called, from the outside in; empty where they have no title.
    pub titles: Vec<Text>,
    /// What happened.
    pub how: How,
    /// The part that changed, as the model calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Its value before, when it is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Text>,
    /// Its value after, when it is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Text>,
    /// Rows, cases or people may be affected.
    pub care: bool,
}

impl Difference {
    /// One line in `lang`: what it is called first, what the pack calls it behind; `!` marks what needs care.
    #[must_use]
    pub fn told(&self, lang: Lang) -> String {
        let mark = if self.care { "!" } else { " " };
        let titles: Vec<&str> =
            self.titles.iter().map(|title| title.get(lang)).filter(|title| !title.is_empty()).collect();
        let name = match titles.as_slice() {
            [] => format!("`{}`", self.path),
            titles => format!("\u{201c}{}\u{201d} `{}`", titles.join(" · "), self.path),
        };
        let (what, part) = (&self.what, self.part.as_deref().unwrap_or("content"));
        let text = match (self.how, &self.before, &self.after) {
            (How::Added, ..) => format!("{what} {name} is new"),
            (How::Removed, ..) => format!("{what} {name} is gone"),
            (How::Changed, Some(before), Some(after)) => {
                format!("{what} {name} has another {part}: {} → {}", before.get(lang), after.get(lang))
            }
            (How::Changed, ..) => format!("{what} {name} has another {part}"),
        };
        format!("{mark} {}", said(&text, lang))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.told(Lang::En))
    }
}

/// Order of its kind, kind and path.
type Key = (usize, String, String);
type Things = BTreeMap<Key, Thing>;

/// A part of the model without the things inside it.
struct Thing {
    parts: Map<String, Value>,
    of: Above,
}

/// What stands above a thing, itself included.
#[derive(Clone, Default)]
struct Above {
    root: String,
    titles: Vec<Text>,
}

impl Above {
    /// One further down: a thing of this kind with these parts.
    fn with(&self, what: &str, parts: &Map<String, Value>) -> Above {
        let root = if self.titles.is_empty() { what } else { self.root.as_str() };
        let title = parts.get("title").and_then(|title| serde_json::from_value(title.clone()).ok());
        let titles = self.titles.iter().cloned().chain([title.unwrap_or_default()]).collect();
        Above { root: root.to_owned(), titles }
    }
}

/// Order in which kinds of things are told, from what people notice first.
const ORDER: [&str; 15] = [
    "pack",
    "process",
    "state",
    "action",
    "field",
    "asked",
    "clock",
    "number",
    "register",
    "role",
    "list",
    "code",
    "indicator",
    "measure",
    "row",
];

/// Every difference from `old` to `new`.
#[must_use]
pub fn diff(old: &Model, new: &Model) -> Vec<Difference> {
    let (before, after) = (things(old), things(new));
    let mut all = Vec::new();
    for (key, one) in &before {
        match after.get(key) {
            None => all.push((key, whole(key, one, How::Removed))),
            Some(other) => all.extend(parts(key, one, other).into_iter().map(|found| (key, found))),
        }
    }
    let added = after.iter().filter(|(key, _)| !before.contains_key(*key));
    all.extend(added.map(|(key, one)| (key, whole(key, one, How::Added))));
    all.sort_by_key(|(key, _)| *key);
    all.into_iter().map(|(_, found)| found).collect()
}

fn whole((_, what, path): &Key, thing: &Thing, how: How) -> Difference {
    // A new required question changes what people must answer; what is gone may be in use.
    // A rule of the deployment gives or takes something wherever it stands.
    let care = (how == How::Removed && !["number", "row"].contains(&what.as_str())) || what == "policy";
    let Above { root, titles } = thing.of.clone();
    Difference {
        what: what.clone(),
        path: path.clone(),
        root,
        titles,
        how,
        part: None,
        before: None,
        after: None,
        care,
    }
}

fn parts((_, what, path): &Key, old: &Thing, new: &Thing) -> Vec<Difference> {
    let Above { root, titles } = &new.of;
    let (old, new) = (&old.parts, &new.parts);
    let keys: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differs = |key: &&&String| old.get(**key) != new.get(**key);
    let found = |key: &String| {
        let value = |side: &Map<String, Value>| {
            let value = side.get(key).unwrap_or(&Value::Null);
            Some(Text::new(short(value, Lang::Zh)?, short(value, Lang::En)?))
        };
        Difference {
            what: what.clone(),
            path: path.clone(),
            root: root.clone(),
            titles: titles.clone(),
            how: How::Changed,
            part: Some(key.clone()),
            before: value(old),
            after: value(new),
            care: needs_care(what, key),
        }
    };
    keys.iter().filter(differs).map(|key| found(key)).collect()
}

/// Parts whose change may meet rows, cases or people.
fn needs_care(what: &str, part: &str) -> bool {
    match what {
        "field" => ["kind", "required", "unique", "personal", "public", "see"].contains(&part),
        "register" => ["key", "scope", "dated"].contains(&part),
        "process" => ["route", "initial", "open_by", "read", "retention_days"].contains(&part),
        "action" => ["by", "not", "to", "when"].contains(&part),
        "role" => part == "levels",
        "clock" => !["title", "basis", "promise"].contains(&part),
        "state" => part == "is_final",
        "policy" => part != "title",
        "measure" => true,
        "indicator" => !["title", "definition", "order"].contains(&part),
        _ => false,
    }
}

/// A value in a few words; nothing for what has no short form.
fn short(value: &Value, lang: Lang) -> Option<String> {
    let text = match value {
        Value::Null => said("nothing", lang),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text == "yes" || text == "no" => said(text, lang),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => said("nothing", lang),
        Value::Array(items) => items.iter().map(|item| short(item, lang)).collect::<Option<Vec<String>>>()?.join(", "),
        Value::Object(parts) => object(parts, lang)?,
    };
    (text.chars().count() <= SHOWN_CHARS_MAX).then_some(text)
}

fn object(parts: &Map<String, Value>, lang: Lang) -> Option<String> {
    let text = |key: &str| parts.get(key).and_then(Value::as_str);
    if let Some(zh) = text("zh") {
        return Some(Text::new(zh, text("en").unwrap_or_default()).get(lang).to_owned());
    }
    if let (Some(role), Some(level)) = (text("role"), text("level")) {
        return Some(format!("{role}@{level}"));
    }
    if let Some(name) = text("type") {
        let rest = parts.iter().filter(|(key, _)| *key != "type").map(|(_, value)| short(value, lang));
        let rest: Vec<String> = rest.collect::<Option<_>>()?;
        return Some(format!("{name} {}", rest.join(" ")).trim_end().to_owned());
    }
    let mut entries = parts.iter();
    let (key, value) = entries.next()?;
    let simple = entries.next().is_none() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if !simple {
        return None;
    }
    match (key.as_str(), value) {
        ("role" | "fixed", value) => short(value, lang),
        (key, Value::Object(inner)) if inner.values().all(|one| !one.is_object()) => {
            let inner: Vec<String> = inner.values().map(|one| short(one, lang)).collect::<Option<_>>()?;
            Some(format!("{key} {}", inner.join(" ")).trim_end().to_owned())
        }
        (key, value) => Some(format!("{key} {}", short(value, lang)?)),
    }
}

/// The model as things by kind and path.
fn things(model: &Model) -> Things {
    let mut all = Things::new();
    let registers: BTreeMap<&str, Above> = model
        .registers
        .values()
        .map(|one| (one.name.as_str(), Above { root: "register".to_owned(), titles: vec![one.title.clone()] }))
        .collect();
    let Ok(Value::Object(model)) = serde_json::to_value(model) else { return all };
    for (section, content) in model {
        let what = section
            .strip_suffix("sses")
            .map_or_else(|| section.strip_suffix('s').unwrap_or(&section).to_owned(), |stem| format!("{stem}ss"));
        let entries = match content {
            Value::Object(entries) => entries,
            Value::Array(rules) if what == "policy" => {
                rules.into_iter().for_each(|rule| policy(&mut all, rule));
                continue;
            }
            _ => continue,
        };
        for (name, value) in entries {
            match (what.as_str(), value) {
                ("seed", Value::Array(rows)) => {
                    let of = registers.get(name.as_str()).cloned().unwrap_or_default();
                    rows.into_iter().for_each(|row| seed(&mut all, &name, row, &of));
                }
                ("paper", Value::Object(parts)) => papers(&mut all, &name, parts),
                (what, Value::Object(parts)) => take(&mut all, (what, &name), parts, &Above::default()),
                (what, other) => {
                    let parts = Map::from_iter([("content".to_owned(), other)]);
                    let of = Above::default().with(what, &parts);
                    put(&mut all, (what, &name), Thing { parts, of });
                }
            }
        }
    }
    all
}

/// A rule of the deployment, by its name and what it is about.
fn policy(all: &mut Things, rule: Value) {
    let Value::Object(mut parts) = rule else { return };
    let name = parts.remove("name").unwrap_or_default();
    let over = parts.get("over").and_then(Value::as_object).and_then(|over| over.values().next()?.as_str());
    let path = format!("{}.{}", name.as_str().unwrap_or_default(), over.unwrap_or_default());
    let of = Above::default().with("policy", &parts);
    put(all, ("policy", &path), Thing { parts, of });
}

/// The templates of a pack, one thing each. The folder an author has them in is no part of the pack.
fn papers(all: &mut Things, pack: &str, mut parts: Map<String, Value>) {
    let Some(Value::Object(files)) = parts.remove("files") else { return };
    for (file, text) in files {
        let parts = Map::from_iter([("content".to_owned(), text)]);
        let of = Above::default().with("paper", &parts);
        put(all, ("paper", &format!("{pack}/{file}")), Thing { parts, of });
    }
}

fn seed(all: &mut Things, register: &str, row: Value, of: &Above) {
    let Value::Object(mut parts) = row else { return };
    let key = parts.remove("key").unwrap_or_default();
    let from = parts.get("valid_from").and_then(Value::as_str).map(|day| format!(" from {day}")).unwrap_or_default();
    let path = format!("{register}.{}{from}", key.as_str().unwrap_or_default());
    put(all, ("row", &path), Thing { parts, of: of.clone() });
}

/// Takes a thing apart into the things inside it.
fn take(all: &mut Things, (what, path): (&str, &str), mut parts: Map<String, Value>, above: &Above) {
    parts.remove("name");
    let of = above.with(what, &parts);
    let inside: &[(&str, &str)] = match what {
        "process" => {
            &[("form", "field"), ("fields", "field"), ("states", "state"), ("clocks", "clock"), ("numbers", "number")]
        }
        "register" => &[("fields", "field")],
        "state" => &[("actions", "action")],
        "action" => &[("form", "asked")],
        "list" => &[("codes", "code")],
        _ => &[],
    };
    for (part, kind) in inside {
        match parts.remove(*part) {
            Some(Value::Array(items)) => items.into_iter().for_each(|item| {
                let Value::Object(item) = item else { return };
                let name = item.get("name").or_else(|| item.get("code")).and_then(Value::as_str).unwrap_or_default();
                take(all, (kind, &format!("{path}.{name}")), item.clone(), &of);
            }),
            Some(Value::Object(items)) => items.into_iter().for_each(|(name, item)| {
                let Value::Object(item) = item else { return };
                take(all, (kind, &format!("{path}.{name}")), item, &of);
            }),
            _ => {}
        }
    }
    put(all, (what, path), Thing { parts, of });
}

fn put(all: &mut Things, (what, path): (&str, &str), thing: Thing) {
    let order = ORDER.iter().position(|one| *one == what).unwrap_or(ORDER.len());
    all.insert((order, what.to_owned(), path.to_owned()), thing);
}
