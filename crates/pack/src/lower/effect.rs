//! What actions do: one key an effect.

use crate::cel::{self, Scope, Want};
use crate::constant::{Known, fold};
use crate::cx::Cx;
use crate::lower::clock::{known_clock, known_count, length};
use crate::lower::{handed, who};
use crate::near;
use crate::sink::At;
use crate::symbols::{FieldSymbol, FieldSymbols, ProcessSymbol, RegisterSymbol};
use crate::yaml::{Key, Kind, Node};
use ganglion_model::expr::Expr;
use ganglion_model::pack::{Assign, Effect, FieldKind, Opening};
use std::collections::BTreeMap;

const EFFECTS: [&str; 25] = [
    "assign",
    "assist",
    "set",
    "count",
    "mark",
    "level",
    "move",
    "extend",
    "restart",
    "start",
    "stop",
    "pause",
    "resume",
    "merge",
    "open",
    "convert",
    "record",
    "end",
    "notify",
    "publish",
    "unpublish",
    "document",
    "withdraw",
    "add",
    "erase",
];

/// The condition beside an effect.
const WHEN: &str = "when";

/// What effects of an action may refer to.
#[derive(Clone, Copy)]
pub struct Doing<'a> {
    /// Shared.
    pub cx: Cx<'a>,
    /// The process.
    pub process: &'a ProcessSymbol,
    /// Its name.
    pub name: &'a str,
    /// The action's form.
    pub form: &'a FieldSymbols,
    /// What is certain where its conditions are judged.
    pub known: &'a Known<'a>,
}

impl<'a> Doing<'a> {
    /// All effects under `do`.
    pub fn all(&self, node: Option<&Node>) -> Vec<Effect> {
        let mut effects = Vec::new();
        for item in node.map(Node::items).unwrap_or_default() {
            self.cx.one_key(item, "an effect", (&EFFECTS, &[WHEN]));
            let named: Vec<&(Key, Node)> = item.entries().iter().filter(|(key, _)| key.text != WHEN).collect();
            let [(key, value)] = named.as_slice() else {
                let message = "an effect is a mapping with one key, and `when` beside it if it has a condition";
                let remedy = "write each effect as its own item: `- count: returns`";
                self.cx.sink.error_help(item.at, "wrong-shape", message, remedy);
                continue;
            };
            let holds = item.get(WHEN).and_then(|when| self.condition(when));
            let on_condition = |effect: Effect| match &holds {
                Some(holds) => Effect::When { holds: holds.clone(), then: Box::new(effect) },
                None => effect,
            };
            if key.text == "set" {
                let from = |name: &str| self.process.field(name);
                let known: Vec<&str> =
                    self.process.form.keys().chain(self.process.fields.keys()).map(String::as_str).collect();
                let values = self.values(value, ("the case", None), &known, from);
                let each = values.into_iter().map(|(field, value)| Effect::Set { field, value });
                effects.extend(each.map(on_condition));
            } else {
                effects.extend(self.one(key, value).map(on_condition));
            }
        }
        effects
    }

    /// The condition of an effect. What is personal cannot be asked: whoever sees what was done would know it.
    fn condition(&self, node: &Node) -> Option<Expr> {
        let holds = cel::compile(self.cx, &Scope::effect(self.process, self.form), node, &Want::Condition)?;
        match fold(&holds, self.known) {
            Some(false) => {
                let message = "this is never done: its condition never holds";
                self.cx.sink.warn(node.at, "dead-effect", message, "correct the condition, or remove the effect");
            }
            Some(true) => {
                let remedy = "remove it, or compare with something that changes";
                self.cx.sink.warn(node.at, "always-true", "this condition always holds", remedy);
            }
            None => {}
        }
        Some(holds)
    }

    fn one(&self, key: &Key, value: &Node) -> Option<Effect> {
        let cx = self.cx;
        match key.text.as_str() {
            "assign" => self.assign(value, false).map(Effect::Assign),
            "assist" => self.assign(value, true).map(Effect::Assist),
            "count" => {
                let count = cx.scalar(value, "a counter")?;
                known_count(cx, value.at, count, self.process).then(|| Effect::Count(count.to_owned()))
            }
            "mark" => {
                let mark = cx.scalar(value, "a mark")?;
                crate::names::check(cx.sink, value.at, mark).then(|| Effect::Mark(mark.to_owned()))
            }
            "level" => match cx.scalar(value, "level")? {
                "up" => Some(Effect::Level { up: true }),
                "down" => Some(Effect::Level { up: false }),
                other => {
                    cx.unknown((value.at, "unknown-word"), "`level` is up or down", other, ["up", "down"]);
                    None
                }
            },
            "move" => {
                let place = self.form_field(value, "a place", |kind| matches!(kind, FieldKind::Place { .. }))?;
                Some(Effect::Move { place })
            }
            "merge" => {
                let own = |kind: &FieldKind| matches!(kind, FieldKind::CaseRef { process } if *process == self.name);
                let into = self.form_field(value, &format!("a case_ref to {}", self.name), own)?;
                Some(Effect::Merge { into })
            }
            "extend" => {
                let (clock, by) = self.timed(value, "extend", "by")?;
                Some(Effect::Extend { clock, by, max: None })
            }
            "restart" => {
                let (clock, length) = self.timed(value, "restart", "length")?;
                Some(Effect::Restart { clock, length })
            }
            "publish" => self.notice(value).map(Effect::Publish),
            "unpublish" => self.notice(value).map(Effect::Unpublish),
            "start" => self.clock(value).map(Effect::Start),
            "stop" => self.clock(value).map(Effect::Stop),
            "pause" => self.clock(value).map(Effect::Pause),
            "resume" => self.clock(value).map(Effect::Resume),
            "add" => self.add(value),
            "erase" => self.erase(value),
            "open" => self.open(value, "open").map(Effect::Open),
            "convert" => self.open(value, "convert").map(Effect::Convert),
            "record" => self.record(value),
            "end" => self.end(value),
            "notify" => self.notify(key, value),
            "document" => self.document(value).map(Effect::Document),
            "withdraw" => self.document(value).map(Effect::Withdraw),
            other => {
                let remedy = near::remedy(other, EFFECTS);
                cx.sink.error_maybe(key.at, "unknown-effect", format!("there is no effect `{other}`"), remedy);
                None
            }
        }
    }

    /// `erase: {case: expression}` or `erase: {register: name, key: expression}`.
    fn erase(&self, node: &Node) -> Option<Effect> {
        let cx = self.cx;
        cx.mapping(node, "`erase`", &["case", "register", "key"]).then_some(())?;
        let Some(case) = node.get("case") else {
            let (name, _) = self.own_register(node, "`erase`")?;
            return Some(Effect::EraseRow { register: name.to_owned(), key: self.row_key(node, "`erase`")? });
        };
        if let Some(register) = node.get("register") {
            let message = "`erase` names a case or a row, not both";
            cx.sink.error_help(register.at, "wrong-shape", message, "write a second `erase` for the other");
        }
        let scope = Scope::effect(self.process, self.form);
        cel::compile(cx, &scope, case, &Want::Key).map(Effect::EraseCase)
    }

    /// A document of this process.
    fn document(&self, node: &Node) -> Option<String> {
        let cx = self.cx;
        let name = cx.scalar(node, "a document")?;
        let known = cx.symbols.documents.iter().map(|(name, one)| (name, &one.packs));
        cx.usable(node.at, ("document", "unknown-document"), name, known).then_some(())?;
        let of = cx.symbols.documents.get(name).map_or("", |one| one.of.as_str());
        if of != self.name {
            let message = format!("`{name}` is made from cases of `{of}`, not of `{}`", self.name);
            cx.sink.error_help(node.at, "unknown-document", message, "name a document of this process");
            return None;
        }
        Some(name.to_owned())
    }

    fn notice(&self, value: &Node) -> Option<String> {
        let name = self.cx.scalar(value, "a notice")?;
        if !self.process.notices.iter().any(|one| one == name) {
            let known = self.process.notices.iter().map(String::as_str);
            self.cx.unknown((value.at, "unknown-notice"), &format!("there is no notice `{name}`"), name, known);
            return None;
        }
        Some(name.to_owned())
    }

    fn clock(&self, value: &Node) -> Option<String> {
        let name = self.cx.scalar(value, "a clock")?;
        known_clock(self.cx, value.at, name, self.process).then(|| name.to_owned())
    }

    /// A list of who is told, or `{to: […], text: {zh: …, en: …}}`.
    fn notify(&self, key: &Key, value: &Node) -> Option<Effect> {
        let (to, text) = if value.get("to").is_some() {
            self.cx.mapping(value, "`notify`", &["to", "text"]);
            (who::told(self.cx, value, "to"), self.cx.text_or_empty(value, "text", "the notice"))
        } else {
            let whole = Node { at: value.at, kind: Kind::Map(vec![(key.clone(), value.clone())]) };
            (who::told(self.cx, &whole, "notify"), ganglion_model::Text::default())
        };
        (!to.is_empty()).then_some(Effect::Notify { to, text })
    }

    /// The name of a field of this action's form, written `form.name`, whose type fits.
    fn form_field(&self, node: &Node, wanted: &str, fits: impl Fn(&FieldKind) -> bool) -> Option<String> {
        let cx = self.cx;
        let text = cx.scalar(node, "a field of the form")?;
        let Some(name) = text.strip_prefix("form.") else {
            cx.sink.error_help(
                node.at,
                "not-a-form-field",
                format!("`{text}` is no field of the form"),
                "write form.<field>",
            );
            return None;
        };
        let Some(field) = self.form.get(name) else {
            let known = self.form.keys().map(String::as_str);
            cx.unknown((node.at, "unknown-field"), &format!("the form has no field `{name}`"), name, known);
            return None;
        };
        let kind = field.kind.as_ref()?;
        if !fits(kind) {
            let message = format!("`{text}` is not {wanted}");
            cx.sink.error_help(node.at, "wrong-type", message, format!("the field must be {wanted}"));
            return None;
        }
        Some(name.to_owned())
    }

    fn assign(&self, node: &Node, many: bool) -> Option<Assign> {
        if let Some(by) = node.get("workload") {
            self.cx.mapping(node, "whom", &["workload"]);
            return crate::lower::routing::workload(self.cx, by).map(Assign::Workload);
        }
        match self.cx.scalar(node, "whom")? {
            "actor" => return Some(Assign::Actor),
            "nobody" => return Some(Assign::Nobody),
            text if text.starts_with("case.") => {
                let (roles, within) = (Vec::new(), None);
                let post = if many { FieldKind::Posts { roles, within } } else { FieldKind::Post { roles, within } };
                let scope = Scope::effect(self.process, self.form);
                return cel::compile(self.cx, &scope, node, &Want::Field("assign", &post)).map(Assign::Of);
            }
            _ => {}
        }
        let post = |kind: &FieldKind| matches!(kind, FieldKind::Post { .. });
        let any = |kind: &FieldKind| matches!(kind, FieldKind::Post { .. } | FieldKind::Posts { .. });
        let name = if many {
            self.form_field(node, "a field of type post or posts, `actor` or `nobody`", any)?
        } else {
            self.form_field(node, "a field of type post, `actor` or `nobody`", post)?
        };
        let several = matches!(self.form.get(&name)?.kind, Some(FieldKind::Posts { .. }));
        Some(if several { Assign::FormMany(name) } else { Assign::Form(name) })
    }

    fn timed(&self, node: &Node, what: &str, key: &str) -> Option<(String, ganglion_model::pack::LengthFrom)> {
        let cx = self.cx;
        cx.mapping(node, &format!("`{what}`"), &["clock", key]).then_some(())?;
        let clock = cx.need(node, "clock", &format!("`{what}`"))?;
        let name = cx.scalar(clock, "a clock")?;
        let by = cx.need(node, key, &format!("`{what}`"))?;
        let length = length(cx, by, &Scope::action(self.process, self.form), self.process);
        known_clock(cx, clock.at, name, self.process).then_some(())?;
        Some((name.to_owned(), length?))
    }

    /// A table of the case, written `case.name`, with its columns.
    fn table(&self, at: At, text: &str) -> Option<(String, FieldSymbols)> {
        let cx = self.cx;
        let name = text.strip_prefix("case.").unwrap_or(text);
        let Some(field) = self.process.field(name) else {
            let known = self.process.form.keys().chain(self.process.fields.keys()).map(String::as_str);
            cx.unknown((at, "unknown-field"), &format!("the case has no field `{name}`"), name, known);
            return None;
        };
        let Some(FieldKind::Table { fields, .. }) = &field.kind else {
            cx.sink.error_help(at, "wrong-type", format!("`{name}` is not a table"), "name a field of type table");
            return None;
        };
        let column = |column: &ganglion_model::pack::Field| {
            let symbol = FieldSymbol {
                kind: Some(column.kind.clone()),
                personal: column.personal || field.personal,
                confidential: field.confidential,
                required: false,
                given: false,
                needed: Vec::new(),
                at,
            };
            (column.name.clone(), symbol)
        };
        Some((name.to_owned(), fields.iter().map(column).collect()))
    }

    /// `add: {table: {column: expression}}`.
    fn add(&self, node: &Node) -> Option<Effect> {
        let [(key, value)] = node.entries() else {
            let remedy = "write {table: {column: expression}}";
            self.cx.sink.error_help(node.at, "wrong-shape", "`add` names one table", remedy);
            return None;
        };
        let (field, columns) = self.table(key.at, &key.text)?;
        let known: Vec<&str> = columns.keys().map(String::as_str).collect();
        let set = self.values(value, (&format!("the table {field}"), None), &known, |name| columns.get(name));
        Some(Effect::Add { field, set })
    }

    fn open(&self, node: &Node, what: &str) -> Option<Opening> {
        let cx = self.cx;
        // A process and a rule have an `open` of their own.
        let what = if what == "open" { "`open` of an action".to_owned() } else { format!("`{what}`") };
        cx.mapping(node, &what, &["process", "place", "set", "link", "each"]).then_some(())?;
        let each = node.get("each").and_then(|each| self.table(each.at, cx.scalar(each, "a table of the case")?));
        if let (Some(each), "`convert`") = (node.get("each"), what.as_str()) {
            cx.sink.error_help(each.at, "wrong-shape", "a case is converted into one other", "use `open` for each row");
        }
        let process = cx.need(node, "process", &what)?;
        let name = cx.scalar(process, "a process")?;
        let known = cx.symbols.processes.iter().map(|(name, one)| (name, &one.packs));
        let link = cx.need(node, "link", &what).and_then(|link| cx.scalar(link, "a link"));
        cx.usable(process.at, ("process", "unknown-process"), name, known).then_some(())?;
        let target = cx.symbols.processes.get(name)?;
        let place = node
            .get("place")
            .and_then(|place| self.form_field(place, "a place", |kind| matches!(kind, FieldKind::Place { .. })));
        let names: Vec<&str> = target.form.keys().map(String::as_str).collect();
        let from = |field: &str| target.form.get(field);
        let set = node
            .get("set")
            .map(|set| {
                self.values(set, (&format!("the form of {name}"), each.as_ref().map(|(_, row)| row)), &names, from)
            })
            .unwrap_or_default();
        handed::check(cx, node.get("set"), (&set, &target.form), (self.process, self.form));
        for (field, symbol) in &target.form {
            if symbol.required && !set.contains_key(field) && !target.place_fields.contains(field) {
                let message = format!("{name} asks for `{field}`, which is not set here");
                cx.sink.error_help(node.at, "missing-value", message, format!("add `{field}: …` to `set`"));
            }
        }
        let each = each.map(|(field, _)| field);
        Some(Opening { process: name.to_owned(), place, set, link: link?.to_owned(), each })
    }

    fn record(&self, node: &Node) -> Option<Effect> {
        let cx = self.cx;
        cx.mapping(node, "`record`", &["register", "key", "set"]).then_some(())?;
        let (name, target) = self.own_register(node, "`record`")?;
        let key = self.row_key(node, "`record`");
        let names: Vec<&str> = target.fields.keys().map(String::as_str).collect();
        let from = |field: &str| target.fields.get(field);
        let set = node
            .get("set")
            .map(|set| self.values(set, (&format!("the register {name}"), None), &names, from))
            .unwrap_or_default();
        handed::check(cx, node.get("set"), (&set, &target.fields), (self.process, self.form));
        Some(Effect::Record { register: name.to_owned(), key: key?, set })
    }

    fn end(&self, node: &Node) -> Option<Effect> {
        self.cx.mapping(node, "`end`", &["register", "key", "on"]).then_some(())?;
        let (name, _) = self.own_register(node, "`end`")?;
        let key = self.row_key(node, "`end`");
        let on = node.get("on").and_then(|on| self.day(on));
        Some(Effect::End { register: name.to_owned(), key: key?, on })
    }

    /// The register an effect writes to: one kept by place.
    fn own_register<'n>(&self, node: &'n Node, what: &str) -> Option<(&'n str, &'a RegisterSymbol)> {
        let cx = self.cx;
        let register = cx.need(node, "register", what)?;
        let name = cx.scalar(register, "a register")?;
        let known = cx.symbols.registers.iter().map(|(name, one)| (name, &one.packs));
        cx.usable(register.at, ("register", "unknown-register"), name, known).then_some(())?;
        let target = cx.symbols.registers.get(name)?;
        if target.deployment {
            let message =
                format!("`{name}` holds for the whole deployment, and a case writes rows of its own county only");
            cx.sink.error_help(register.at, "not-followed", message, "declare the register with `scope:` a level");
        }
        Some((name, target))
    }

    fn row_key(&self, node: &Node, what: &str) -> Option<Expr> {
        let scope = Scope::effect(self.process, self.form);
        cel::compile(self.cx, &scope, self.cx.need(node, "key", what)?, &Want::Key)
    }

    fn day(&self, node: &Node) -> Option<Expr> {
        let scope = Scope::effect(self.process, self.form);
        cel::compile(self.cx, &scope, node, &Want::Field("day", &FieldKind::Date))
    }

    /// `field: expression` pairs for fields that `symbol` knows.
    fn values<'s>(
        &self,
        node: &Node,
        (what, row): (&str, Option<&FieldSymbols>),
        known: &[&str],
        symbol: impl Fn(&str) -> Option<&'s FieldSymbol>,
    ) -> BTreeMap<String, Expr> {
        let cx = self.cx;
        if !matches!(node.kind, Kind::Map(_)) {
            cx.sink.error_help(
                node.at,
                "wrong-shape",
                "`set` is a mapping of field to expression",
                "write {field: expression}",
            );
        }
        let scope = Scope { row, ..Scope::effect(self.process, self.form) };
        let mut values = BTreeMap::new();
        for (key, value) in node.entries() {
            if !known.contains(&key.text.as_str()) {
                let message = format!("{what} has no field `{}`", key.text);
                cx.unknown((key.at, "unknown-field"), &message, &key.text, known.iter().copied());
                continue;
            }
            let Some(symbol) = symbol(&key.text) else { continue };
            if symbol.given {
                let message = format!("`{}` is given by the system and cannot be set", key.text);
                cx.sink.error_help(key.at, "given-by-the-system", message, "set what it is computed from");
            }
            let Some(kind) = &symbol.kind else { continue };
            let value = cel::compile(cx, &scope, value, &Want::Field(&key.text, kind));
            values.extend(value.map(|value| (key.text.clone(), value)));
        }
        values
    }
}
