//! What is declared anywhere in the set of packs: names with just enough about each to resolve references and to type
//! expressions. Built before anything is lowered, so that order of files and packs does not matter.

use crate::cx::Cx;
use crate::kind;
use crate::load::Loaded;
use crate::lower::field::is_computed;
use crate::near;
use crate::sink::{At, Sink};
use crate::yaml::{Key, Node};
use ganglion_model::Level;
use ganglion_model::pack::{FieldKind, RULE_FIGURE};
use std::collections::{BTreeMap, BTreeSet};

/// A declared field.
pub struct FieldSymbol {
    /// Its type, if that could be read.
    pub kind: Option<FieldKind>,
    /// Sealed at rest.
    pub personal: bool,
    /// Kept to some roles.
    pub confidential: bool,
    /// Always demanded, without a condition.
    pub required: bool,
    /// Given by the system: computed, or a number.
    pub given: bool,
    /// Columns of a table that every row must fill in.
    pub needed: Vec<String>,
    /// Where it is declared.
    pub at: At,
}

/// Fields by name.
pub type FieldSymbols = BTreeMap<String, FieldSymbol>;

/// A role or a code list.
#[derive(Default)]
pub struct Shared {
    /// Packs that declare it.
    pub packs: Vec<String>,
    /// Levels of a role.
    pub levels: Vec<Level>,
    /// Codes of a list.
    pub codes: Vec<String>,
}

/// A register.
pub struct RegisterSymbol {
    /// The pack that declares it.
    pub packs: Vec<String>,
    /// Where.
    pub at: At,
    /// Whether its rows belong to the deployment and can be followed in expressions.
    pub deployment: bool,
    /// Whether a field says whose a row is.
    pub owned: bool,
    /// Whether its rows have a first and a last day.
    pub dated: bool,
    /// Whether its rows follow each other in series.
    pub series: bool,
    /// Whether its rows are areas on the map.
    pub areas: bool,
    /// Fields.
    pub fields: FieldSymbols,
}

/// A process.
#[derive(Default)]
pub struct ProcessSymbol {
    /// The pack that declares it.
    pub packs: Vec<String>,
    /// Where.
    pub at: At,
    /// Fields of the opening form.
    pub form: FieldSymbols,
    /// Fields filled later.
    pub fields: FieldSymbols,
    /// Fields that stand only in forms of actions.
    pub asked: BTreeSet<String>,
    /// Counters.
    pub counts: Vec<String>,
    /// States in the author's order.
    pub states: Vec<String>,
    /// Clocks.
    pub clocks: Vec<String>,
    /// Public notices.
    pub notices: Vec<String>,
    /// Marks made by some action.
    pub marks: BTreeSet<String>,
    /// Field the router takes the place from.
    pub place_fields: Vec<String>,
}

impl ProcessSymbol {
    /// A field of the case.
    pub fn field(&self, name: &str) -> Option<&FieldSymbol> {
        self.form.get(name).or_else(|| self.fields.get(name))
    }
}

/// A document.
pub struct DocumentSymbol {
    /// The pack that declares it.
    pub packs: Vec<String>,
    /// The process it is made from.
    pub of: String,
}

/// Everything declared.
#[derive(Default)]
pub struct Symbols {
    /// Packs with what they require.
    pub packs: BTreeMap<String, Vec<String>>,
    /// Roles.
    pub roles: BTreeMap<String, Shared>,
    /// Code lists.
    pub lists: BTreeMap<String, Shared>,
    /// Registers.
    pub registers: BTreeMap<String, RegisterSymbol>,
    /// Processes.
    pub processes: BTreeMap<String, ProcessSymbol>,
    /// Measures: where declared.
    pub measures: BTreeMap<String, At>,
    /// Indicators: where declared.
    pub indicators: BTreeMap<String, At>,
    /// Rules: where declared.
    pub rules: BTreeMap<String, At>,
    /// Indicators that come with rules, by name.
    pub rule_figures: BTreeSet<String>,
    /// Documents.
    pub documents: BTreeMap<String, DocumentSymbol>,
}

impl Symbols {
    /// Collects the declarations of all packs. Of what is declared twice the first counts; [`crate::claims`] reports it.
    pub fn collect(sink: &Sink, packs: &[Loaded]) -> Symbols {
        let mut symbols = Symbols::default();
        for pack in packs {
            symbols.header(sink, pack);
            for node in &pack.registers {
                symbols.register(&pack.name, node);
            }
            for node in &pack.processes {
                symbols.process(&pack.name, node);
            }
            symbols.figures(pack);
            symbols.rules(pack);
            symbols.documents(pack);
        }
        symbols
    }

    /// Whether what `owners` declare may be used in `pack`: the pack itself or one it requires, directly or through others.
    pub fn visible(&self, pack: &str, owners: &[String]) -> bool {
        let mut seen = BTreeSet::from([pack]);
        let mut open = vec![pack];
        while let Some(name) = open.pop() {
            if owners.iter().any(|owner| owner == name) {
                return true;
            }
            for next in self.packs.get(name).into_iter().flatten() {
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        false
    }

    fn header(&mut self, sink: &Sink, pack: &Loaded) {
        let Some(header) = &pack.header else { return };
        if self.packs.contains_key(&pack.name) {
            let at = header.get("pack").map_or(header.at, |name| name.at);
            sink.error(at, "duplicate-name", format!("there are two packs called `{}`", pack.name));
        }
        let requires = header.get("requires").map(Node::items).unwrap_or_default();
        let requires = requires.iter().filter_map(Node::text).map(str::to_owned).collect();
        self.packs.insert(pack.name.clone(), requires);
        let quiet = Sink::default();
        let none = Symbols::default();
        let cx = Cx { symbols: &none, sink: &quiet, pack: &pack.name };
        for (key, node) in header.get("roles").map(Node::entries).unwrap_or_default() {
            let role = self.roles.entry(key.text.clone()).or_default();
            role.packs.push(pack.name.clone());
            role.levels.extend(cx.levels(node, "levels"));
        }
        for (key, node) in header.get("lists").map(Node::entries).unwrap_or_default() {
            let list = self.lists.entry(key.text.clone()).or_default();
            list.packs.push(pack.name.clone());
            list.codes.extend(crate::lists::codes(cx, pack, node).into_iter().map(|code| code.code));
        }
    }

    fn register(&mut self, pack: &str, node: &Node) {
        let Some((name, at)) = declared(node, "register") else {
            return;
        };
        let text = |key| node.get(key).and_then(Node::text).unwrap_or_default();
        let symbol = RegisterSymbol {
            packs: vec![pack.to_owned()],
            at,
            deployment: Level::parse(text("scope")).is_none(),
            owned: node.get("owner").is_some(),
            dated: text("dated") == "true",
            series: node.get("series").is_some(),
            areas: false,
            fields: fields(node.get("fields")),
        };
        let areas = matches!(symbol.fields.get(text("location")).map(|one| &one.kind), Some(Some(FieldKind::Polygon)));
        self.registers.entry(name.to_owned()).or_insert(RegisterSymbol { areas, ..symbol });
    }

    fn process(&mut self, pack: &str, node: &Node) {
        let Some((name, at)) = declared(node, "process").filter(|(name, _)| !self.processes.contains_key(*name)) else {
            return;
        };
        let keys = |key| node.get(key).map(Node::entries).unwrap_or_default().iter().map(|(key, _)| key.text.clone());
        let mut symbol = ProcessSymbol {
            packs: vec![pack.to_owned()],
            at,
            form: fields(node.get("form")),
            fields: fields(node.get("fields")),
            counts: texts(node.get("counts")),
            states: keys("states").collect(),
            clocks: keys("clocks").collect(),
            notices: keys("notices").collect(),
            ..ProcessSymbol::default()
        };
        let route = node.get("route");
        symbol
            .place_fields
            .extend(["place", "point"].iter().filter_map(|key| Some(route?.get(key)?.text()?.to_owned())));
        for (_, action) in actions(node) {
            symbol.asked.extend(fields(action.get("form")).into_keys());
            let effects = action.get("do").map(Node::items).unwrap_or_default();
            symbol.marks.extend(effects.iter().filter_map(|effect| Some(effect.get("mark")?.text()?.to_owned())));
        }
        self.processes.insert(name.to_owned(), symbol);
    }

    fn rules(&mut self, pack: &Loaded) {
        let Some(node) = &pack.rules else { return };
        for (name, _) in node.get("rules").map(Node::entries).unwrap_or_default() {
            self.rule_figures.insert(format!("{RULE_FIGURE}{}", name.text));
            self.rules.entry(name.text.clone()).or_insert(name.at);
        }
    }

    fn documents(&mut self, pack: &Loaded) {
        let declared = pack.documents.as_ref().and_then(|node| node.get("documents"));
        for (name, node) in declared.map(Node::entries).unwrap_or_default() {
            let of = node.get("of").and_then(Node::text).unwrap_or_default().to_owned();
            let symbol = DocumentSymbol { packs: vec![pack.name.clone()], of };
            self.documents.entry(name.text.clone()).or_insert(symbol);
        }
    }

    /// Every indicator there is to name, those that come with rules included.
    pub fn figure_names(&self) -> impl Iterator<Item = &str> {
        self.indicators.keys().chain(&self.rule_figures).map(String::as_str)
    }

    fn figures(&mut self, pack: &Loaded) {
        let Some(node) = &pack.indicators else { return };
        for (key, into) in [("measures", &mut self.measures), ("indicators", &mut self.indicators)] {
            for (name, _) in node.get(key).map(Node::entries).unwrap_or_default() {
                into.entry(name.text.clone()).or_insert(name.at);
            }
        }
    }
}

/// All actions of a process node, with their names.
pub fn actions(process: &Node) -> impl Iterator<Item = &(Key, Node)> {
    let states = process.get("states").map(Node::entries).unwrap_or_default();
    states.iter().flat_map(|(_, state)| state.get("actions").map(Node::entries).unwrap_or_default())
}

/// Fields under a form node, quietly: findings come when they are lowered.
pub fn fields(node: Option<&Node>) -> FieldSymbols {
    let quiet = Sink::default();
    let none = Symbols::default();
    let cx = Cx { symbols: &none, sink: &quiet, pack: "" };
    let entries = node.map(Node::entries).unwrap_or_default().iter();
    entries
        .map(|(key, node)| {
            let kind = kind::read(cx, node);
            let given = is_computed(node) || matches!(kind, Some(FieldKind::Serial { .. }));
            let symbol = FieldSymbol {
                kind,
                given,
                personal: cx.flag(node, "personal", false),
                confidential: node.get("see").is_some(),
                required: cx.flag(node, "required", false) && node.get("when").is_none(),
                needed: needed(node.get("fields")),
                at: key.at,
            };
            (key.text.clone(), symbol)
        })
        .collect()
}

/// The columns that every row must fill in: always demanded, and with no value of their own.
fn needed(columns: Option<&Node>) -> Vec<String> {
    let all = columns.map(Node::entries).unwrap_or_default().iter();
    let is_demanded = |column: &Node| column.get("required").and_then(Node::text) == Some("true");
    let needed = all.filter(|(_, one)| is_demanded(one) && one.get("when").is_none() && one.get("default").is_none());
    needed.map(|(key, _)| key.text.clone()).collect()
}

fn texts(node: Option<&Node>) -> Vec<String> {
    let items = node.map(Node::items).unwrap_or_default();
    items.iter().filter_map(Node::text).map(str::to_owned).collect()
}

fn declared<'a>(node: &'a Node, key: &str) -> Option<(&'a str, At)> {
    let name = node.get(key)?;
    Some((name.text()?, name.at))
}

impl Cx<'_> {
    /// Reports `name` if nobody declares it, or if its pack is not required here.
    pub fn usable<'n>(
        &self,
        at: At,
        (what, code): (&str, &'static str),
        name: &str,
        known: impl Iterator<Item = (&'n String, &'n Vec<String>)> + Clone,
    ) -> bool {
        let Some((_, packs)) = known.clone().find(|(one, _)| *one == name) else {
            let message = format!("there is no {what} `{name}`");
            let names = known.map(|(name, _)| name.as_str());
            let remedy = near::remedy(name, names).unwrap_or_else(|| format!("declare the {what} first"));
            self.sink.error_help(at, code, message, remedy);
            return false;
        };
        if !self.symbols.visible(self.pack, packs) {
            let owner = packs.first().map(String::as_str).unwrap_or_default();
            let message = format!("the {what} `{name}` belongs to pack {owner}, which this pack does not require");
            self.sink.error_help(at, "not-required", message, format!("add {owner} to `requires` in pack.yaml"));
        }
        true
    }

    /// As [`Cx::usable`], for roles.
    pub fn usable_role(&self, at: At, role: &str) -> bool {
        let known = self.symbols.roles.iter().map(|(name, one)| (name, &one.packs));
        self.usable(at, ("role", "unknown-role"), role, known)
    }
}
