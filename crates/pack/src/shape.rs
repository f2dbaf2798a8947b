//! The shape of pack files, gathered from what readers noted over samples: kinds of mappings with their keys, and what may
//! stand under each key. What no sample reaches is left open, so the shape never refuses what the compiler takes.

use crate::cx::Cx;
use crate::kind;
use crate::load::Loaded;
use crate::sink::{At, Sink};
use crate::source::PackSource;
use crate::symbols::Symbols;
use crate::told::{FIELD, OF_TYPE};
use crate::trace::{Form, Keys, Trace};
use crate::yaml::{Key, Kind, Node, Scalar, Style};
use std::collections::{BTreeMap, BTreeSet};

/// What may stand in one place. Everything empty: anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// Single values.
    pub forms: BTreeSet<Form>,
    /// Mappings with known keys, by name.
    pub kinds: BTreeSet<String>,
    /// Items of a list.
    pub items: Option<Box<Shape>>,
    /// Values of a mapping whose keys are names the author chooses.
    pub entries: Option<Box<Shape>>,
    /// Said by the reader of the key, not only seen in samples: nothing else may stand there.
    pub told: bool,
}

impl Shape {
    /// Whether nothing is known.
    pub fn is_open(&self) -> bool {
        *self == Shape::default()
    }

    /// What may stand here as it may there.
    pub fn join(&mut self, other: Shape) {
        self.forms.extend(other.forms);
        self.kinds.extend(other.kinds);
        self.told |= other.told;
        join(&mut self.items, other.items);
        join(&mut self.entries, other.entries);
    }
}

fn join(into: &mut Option<Box<Shape>>, other: Option<Box<Shape>>) {
    match (into.as_mut(), other) {
        (Some(one), Some(other)) => one.join(*other),
        (None, other) => *into = other,
        (Some(_), None) => {}
    }
}

/// A kind of mapping.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// Keys in the reader's order.
    pub known: Vec<String>,
    /// Exactly one key stands in it,
    pub one: bool,
    /// and beside it, if anything, these.
    pub beside: Vec<String>,
    /// Keys that must be there.
    pub needed: BTreeSet<String>,
    /// What stands under the keys.
    pub values: BTreeMap<String, Shape>,
    /// For mappings whose keys depend on `type`: the kind for each type.
    pub types: BTreeMap<String, String>,
}

/// All kinds of mappings, and the files they make.
#[derive(Debug, Default)]
pub struct Shapes {
    /// By name.
    pub kinds: BTreeMap<String, Mapping>,
    /// What a file holds: `pack`, `registers`, `processes`, `indicators`, …
    pub files: BTreeMap<String, Shape>,
}

/// Gathers the shapes from packs, each read with those it requires.
pub fn gather(packs: &[PackSource]) -> Shapes {
    let mut shapes = Shapes::default();
    let sink = Sink::tracing();
    let probes = probes(&sink);
    let trace = sink.into_trace();
    for probe in probes {
        shapes.node(&trace, &probe);
    }
    for set in sets(packs) {
        let sink = Sink::tracing();
        crate::read(&sink, &set);
        let mut trace = sink.into_trace();
        for (shown, node) in std::mem::take(&mut trace.roots) {
            let shape = shapes.node(&trace, &node);
            shapes.files.entry(file_kind(&set, &shown)).or_default().join(shape);
        }
    }
    shapes
}

/// Each pack behind those it requires. Samples that have nothing to do with each other may call two things the same, and
/// of two declarations of a name the second is not read.
fn sets(packs: &[PackSource]) -> Vec<Vec<PackSource>> {
    let headers: Vec<(String, Vec<String>)> = packs.iter().map(header).collect();
    let set = |first: usize| {
        let mut wanted = vec![first];
        let mut next = 0;
        while let Some((_, requires)) = wanted.get(next).and_then(|pack| headers.get(*pack)) {
            next += 1;
            let found = requires.iter().filter_map(|name| headers.iter().position(|(known, _)| known == name));
            let more: Vec<usize> = found.filter(|found| !wanted.contains(found)).collect();
            wanted.extend(more);
        }
        wanted.into_iter().rev().filter_map(|pack| packs.get(pack).cloned()).collect()
    };
    (0..packs.len()).map(set).collect()
}

/// Name of a pack, and the names of those it requires.
fn header(pack: &PackSource) -> (String, Vec<String>) {
    let loaded = Loaded::load(&Sink::default(), pack);
    let requires = loaded.header.as_ref().and_then(|header| header.get("requires")).map(Node::items);
    let names = requires.unwrap_or_default().iter().filter_map(|name| Some(name.text()?.to_owned()));
    (loaded.name.clone(), names.collect())
}

/// `registers` for `packs/grid/registers/grid.yaml`, `pack` for `packs/grid/pack.yaml`.
fn file_kind(packs: &[PackSource], shown: &str) -> String {
    let below = packs.iter().find_map(|pack| shown.strip_prefix(&pack.shown).filter(|rest| rest.starts_with('/')));
    let path = below.unwrap_or(shown).trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    first.strip_suffix(".yaml").unwrap_or(first).to_owned()
}

/// One field of every type, read, so that no type is missing whatever the samples hold.
fn probes(sink: &Sink) -> Vec<Node> {
    let symbols = Symbols::default();
    let file = sink.file("", "");
    let cx = Cx { symbols: &symbols, sink, pack: "" };
    let words = || kind::TYPES.iter().map(|one| one.0);
    // What is computed says as what; for others `as` is one key too many, which nobody hears of.
    let all = words().map(|word| (word, "text")).chain(words().map(|word| ("computed", word)));
    let mut probes = Vec::new();
    for (n, (word, computed)) in all.enumerate() {
        let line = u32::try_from(n).unwrap_or(0) + 1;
        let at = |column| At { file, line, column };
        let entry = |key: &str, value: &str, column| {
            let scalar = Scalar { text: value.to_owned(), style: Style::Plain, inset: None };
            (Key { at: at(column), text: key.to_owned() }, Node { at: at(column + 1), kind: Kind::Scalar(scalar) })
        };
        let node = Node { at: at(1), kind: Kind::Map(vec![entry("type", word, 2), entry("as", computed, 4)]) };
        kind::read(cx, &node);
        probes.push(node);
    }
    probes
}

impl Shapes {
    fn node(&mut self, trace: &Trace, node: &Node) -> Shape {
        let seen = trace.nodes.get(&node.at);
        let mut shape = Shape { forms: seen.map(|seen| seen.forms.clone()).unwrap_or_default(), ..Shape::default() };
        if shape.forms.contains(&Form::Text) {
            return shape;
        }
        match &node.kind {
            Kind::Null => {}
            Kind::Scalar(_) if shape.forms.is_empty() => {
                shape.forms.insert(Form::Scalar);
            }
            Kind::Scalar(_) => {}
            Kind::List(items) => {
                let mut of = Shape::default();
                items.iter().for_each(|item| of.join(self.node(trace, item)));
                shape.forms.clear();
                shape.items = Some(Box::new(of));
            }
            Kind::Map(entries) => match seen.and_then(|seen| seen.keys.as_ref()) {
                Some(keys) => {
                    let name = self.mapping(trace, node, keys);
                    shape.kinds.insert(name);
                }
                None => {
                    let mut of = Shape::default();
                    entries.iter().for_each(|(_, value)| of.join(self.node(trace, value)));
                    shape.entries = Some(Box::new(of));
                }
            },
        }
        shape
    }

    /// Takes a mapping into its kind; the name of the kind.
    fn mapping(&mut self, trace: &Trace, node: &Node, keys: &Keys) -> String {
        let type_name = node.get("type").and_then(Node::text).filter(|_| keys.known.iter().any(|key| key == "type"));
        let name = type_name.map_or_else(|| self.name(keys), |word| format!("{OF_TYPE}{word}"));
        let values: Vec<(String, Shape)> = node
            .entries()
            .iter()
            .filter(|(key, _)| keys.known.contains(&key.text))
            .map(|(key, value)| (key.text.clone(), self.node(trace, value)))
            .collect();
        let seen = trace.nodes.get(&node.at).cloned().unwrap_or_default();
        let kind = self.kinds.entry(name.clone()).or_default();
        if kind.known.is_empty() {
            kind.one = keys.one;
            kind.beside.clone_from(&keys.beside);
            kind.needed.clone_from(&seen.needed);
        } else {
            kind.needed.retain(|key| seen.needed.contains(key));
        }
        // What a computed field takes depends on what is computed: all of it is one kind.
        let more: Vec<String> = keys.known.iter().filter(|key| !kind.known.contains(key)).cloned().collect();
        kind.known.extend(more);
        for (key, shape) in values.into_iter().filter(|(key, _)| !seen.values.contains_key(key)) {
            kind.values.entry(key).or_default().join(shape);
        }
        for (key, forms) in seen.values.into_iter().filter(|(key, _)| keys.known.contains(key)) {
            let value = kind.values.entry(key).or_default();
            value.forms.extend(forms);
            value.told = true;
        }
        let Some(type_name) = type_name else { return name };
        self.kinds.entry(FIELD.to_owned()).or_default().types.insert(type_name.to_owned(), name);
        FIELD.to_owned()
    }

    /// Mappings with other keys are other kinds, even if they are called the same.
    fn name(&self, keys: &Keys) -> String {
        let what = plain(&keys.what);
        let fits = |name: &String| self.kinds.get(name).is_none_or(|kind| kind.known == keys.known);
        let numbered = (2..).map(|n| format!("{what} {n}"));
        std::iter::once(what.clone()).chain(numbered).find(fits).unwrap_or(what)
    }
}

/// `the action` for ``the action `file` ``: the name of one thing says nothing about its kind.
pub fn plain(what: &str) -> String {
    let quoted: Vec<&str> = what.split('`').collect();
    match quoted.as_slice() {
        ["", name, rest] => format!("{name}{rest}"),
        [before, _, ..] if !before.trim().is_empty() => before.trim().to_owned(),
        _ => what.to_owned(),
    }
}
