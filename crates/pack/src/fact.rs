//! Facts: fields that say which fact they ask for (`fact: name`). The same fact asked of a village by two packs is a burden
//! that a reference would spare; and where a fact is known already, a form can be filled in with it.

use crate::cx::Cx;
use crate::load::Loaded;
use crate::names;
use crate::sink::At;
use crate::symbols;
use crate::yaml::Node;
use ganglion_model::pack::{FactPlace, Field, FieldKind, Process, Who};
use ganglion_model::{Level, Model};
use std::collections::BTreeMap;

/// A place where something is asked of a village or grid.
struct Asked {
    pack: String,
    path: String,
    at: At,
}

/// What villages are asked, by fact, and what looks like one fact, by name, title and type.
#[derive(Default)]
struct All {
    facts: BTreeMap<String, Vec<Asked>>,
    alike: BTreeMap<String, Vec<Asked>>,
}

/// Gathers the facts of all packs into the model and reports those that villages are asked twice.
pub fn check(cx: Cx<'_>, packs: &[Loaded], model: &mut Model) {
    let mut all = All::default();
    let mut known: BTreeMap<String, Vec<FactPlace>> = BTreeMap::new();
    for pack in packs {
        for node in &pack.registers {
            let name = node.get("register").and_then(Node::text).unwrap_or_default();
            let Some(register) = model.registers.get(name).filter(|one| one.pack == pack.name) else { continue };
            for (field, fact, _) in stated(cx, node.get("fields"), &register.fields) {
                known.entry(fact).or_default().push(FactPlace { of: name.to_owned(), is_register: true, field });
            }
        }
        for node in &pack.processes {
            let name = node.get("process").and_then(Node::text).unwrap_or_default();
            let Some(process) = model.processes.get(name).filter(|one| one.pack == pack.name) else { continue };
            for (field, fact, _) in stated(cx, node.get("form"), &process.form) {
                known.entry(fact).or_default().push(FactPlace { of: name.to_owned(), is_register: false, field });
            }
            all.process(&pack.name, node, process);
        }
    }
    all.report(cx);
    model.facts = known;
}

/// Fields that state a fact: name, fact, place of the key.
fn stated(cx: Cx<'_>, node: Option<&Node>, fields: &[Field]) -> Vec<(String, String, At)> {
    let of = |field: &Field| {
        let fact = node?.get(&field.name)?.get("fact")?;
        let name = cx.scalar(fact, "a fact")?;
        names::check(cx.sink, fact.at, name).then(|| (field.name.clone(), name.to_owned(), fact.at))
    };
    fields.iter().filter_map(of).collect()
}

fn is_low(who: &Who) -> bool {
    matches!(who, Who::Role { level: Level::Village | Level::Grid, .. })
}

impl All {
    fn process(&mut self, pack: &str, node: &Node, process: &Process) {
        let mut forms: Vec<(Option<&Node>, &[Field])> = Vec::new();
        if process.open_by.iter().any(is_low) {
            forms.push((node.get("form"), &process.form));
        }
        for (key, content) in symbols::actions(node) {
            let mut declared = process.states.values().flat_map(|state| &state.actions);
            let found = declared.rfind(|action| action.name == key.text && action.by.iter().any(is_low));
            forms.extend(found.map(|action| (content.get("form"), action.form.as_slice())));
        }
        for (node, fields) in forms {
            for field in fields {
                let Some(own) = node.and_then(|node| node.get(&field.name)) else { continue };
                let asked = |at| Asked { pack: pack.to_owned(), path: format!("{}.{}", process.name, field.name), at };
                match own.get("fact").and_then(Node::text) {
                    Some(fact) => self.facts.entry(fact.to_owned()).or_default().push(asked(own.at)),
                    None if is_figure(&field.kind) => {
                        let looks =
                            format!("{}/{}/{:?}", field.name, field.title.zh, std::mem::discriminant(&field.kind));
                        self.alike.entry(looks).or_default().push(asked(own.at));
                    }
                    None => {}
                }
            }
        }
    }

    fn report(&self, cx: Cx<'_>) {
        for (fact, places) in &self.facts {
            twice(places, |one, other| {
                let message = format!(
                    "`{}` asks villages for the fact `{fact}`, as `{}` of pack {} does",
                    one.path, other.path, other.pack
                );
                let remedy = format!(
                    "require the pack {} and read its value, or keep the fact in a register both refer to",
                    other.pack
                );
                cx.sink.warn(one.at, "fact-asked-twice", message, remedy);
            });
        }
        for places in self.alike.values() {
            twice(places, |one, other| {
                let message = format!(
                    "`{}` looks like what `{}` of pack {} asks villages already",
                    one.path, other.path, other.pack
                );
                let remedy = "if it is the same fact, say so with `fact: name` in both, or refer to the other; if not, give it another title";
                cx.sink.warn(one.at, "fact-suspected", message, remedy);
            });
        }
    }
}

/// What is counted or dated of a place, and not told about a matter.
fn is_figure(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Integer { .. } | FieldKind::Decimal { .. } | FieldKind::Money)
}

fn twice(places: &[Asked], mut say: impl FnMut(&Asked, &Asked)) {
    for one in places {
        if let Some(other) = places.iter().find(|other| other.pack != one.pack) {
            say(one, other);
        }
    }
}
