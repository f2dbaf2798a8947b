//! `plans.yaml`: allocations, assignments and coverage over rows of registers.

use crate::cel::{self, Named, Scope, Want};
use crate::cx::Cx;
use crate::lower::field::{self, Owner};
use crate::lower::who;
use crate::names;
use crate::symbols::{FieldSymbol, FieldSymbols, RegisterSymbol};
use crate::yaml::{Key, Kind, Node};
use ganglion_model::expr::Expr;
use ganglion_model::pack::{
    AllocationDef, AssignmentDef, CoverageDef, FieldKind, Plan, PlanKind, PlanPoints, PlanResult, PlanRows, Who,
};
use ganglion_model::{Level, Model};
use std::collections::BTreeMap;

const OF_PLAN: [&str; 10] =
    ["title", "about", "by", "form", "unit", "decimals", "allocation", "assignment", "coverage", "result"];
const KINDS: [&str; 3] = ["allocation", "assignment", "coverage"];
/// Most further sites that are looked for.
const MOST_SITES: i64 = 50;

/// Lowers `plans.yaml` into `model`.
pub fn lower(cx: Cx<'_>, node: &Node, model: &mut Model) {
    if !cx.mapping(node, "plans.yaml", &["plans"]) {
        return;
    }
    for (key, node) in node.get("plans").map(Node::entries).unwrap_or_default() {
        names::check(cx.sink, key.at, &key.text);
        if let Some(other) = model.plans.get(&key.text) {
            let message = format!("there is a plan `{}` in the pack `{}` already", key.text, other.pack);
            cx.sink.error_help(key.at, "duplicate-name", message, "choose another name");
            continue;
        }
        model.plans.extend(plan(cx, key, node).map(|one| (key.text.clone(), one)));
    }
}

fn plan(cx: Cx<'_>, key: &Key, node: &Node) -> Option<Plan> {
    let what = format!("the plan `{}`", key.text);
    cx.mapping(node, &what, &OF_PLAN).then_some(())?;
    let asked = crate::symbols::fields(cx.sink, node.get("form"));
    let form = field::all(cx, node.get("form"), &Scope::register(&asked), Owner::Register);
    let may: fn(&Who) -> bool = |who| matches!(who, Who::Role { .. });
    let by = who::list(cx, node, "by", (may, "a plan is computed by role@level"));
    if by.is_empty() {
        cx.sink.error_help(key.at, "nobody-may", format!("nobody may compute {what}"), "add `by: [role@level]`");
    }
    let given: Vec<&(Key, Node)> =
        node.entries().iter().filter(|(key, _)| KINDS.contains(&key.text.as_str())).collect();
    let [(kind_key, kind_node)] = given.as_slice() else {
        cx.sink.error(key.at, "no-plan", format!("{what} needs exactly one of {}", KINDS.join(", ")));
        return None;
    };
    let reader = Reader { cx, asked: &asked };
    let (kind, parts) = match kind_key.text.as_str() {
        "allocation" => reader.allocation(kind_node)?,
        "assignment" => reader.assignment(kind_node)?,
        _ => reader.coverage(kind_node)?,
    };
    let result = match node.get("result") {
        Some(result) => Some(reader.result(result, &parts)?),
        None => None,
    };
    Some(Plan {
        name: key.text.clone(),
        pack: cx.pack.to_owned(),
        title: cx.needed_text(node, "title", &what),
        about: cx.text_or_empty(node, "about", &what),
        by,
        form,
        unit: node.get("unit").map(|unit| field::unit(cx, unit)).unwrap_or_default(),
        decimals: cx.number(node, "decimals", (0, 6)).and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
        kind,
        result,
    })
}

/// What the rows of a result may name: rows by the part they play, and numbers.
struct Parts<'a> {
    named: Vec<(&'static str, &'a FieldSymbols)>,
    numbers: &'static [&'static str],
    /// The parts are places of a level, not rows.
    level: Vec<&'static str>,
}

struct Reader<'a> {
    cx: Cx<'a>,
    asked: &'a FieldSymbols,
}

impl<'a> Reader<'a> {
    fn scope<'b>(&'b self, named: &'b Named<'b>) -> Scope<'b> {
        Scope { form: Some(self.asked), now: true, named: Some(named), ..Scope::default() }
    }

    fn expr(&self, node: Option<&Node>, named: &[(&'static str, &FieldSymbols)], want: &Want<'_>) -> Option<Option<Expr>> {
        let Some(node) = node else { return Some(None) };
        let named = Named { rows: named, numbers: &[] };
        cel::compile(self.cx, &self.scope(&named), node, want).map(Some)
    }

    fn needed(&self, node: &Node, key: &str, fields: &FieldSymbols) -> Option<Expr> {
        let value = self.cx.need(node, key, "this part of a plan")?;
        self.expr(Some(value), &[("row", fields)], &Want::Amount)?
    }

    fn register(&self, node: &Node, key: &str) -> Option<&'a RegisterSymbol> {
        let from = self.cx.need(node, key, "rows of a plan")?;
        let name = self.cx.scalar(from, key)?;
        let known = self.cx.symbols.registers.iter().map(|(name, one)| (name, &one.packs));
        self.cx.usable(from.at, ("register", "unknown-register"), name, known).then_some(())?;
        self.cx.symbols.registers.get(name)
    }

    /// `from` and `where` of a part, whose other keys are `more`.
    fn rows(&self, node: &Node, more: &[&str]) -> Option<(PlanRows, &'a FieldSymbols)> {
        let known: Vec<&str> = ["from", "where"].iter().chain(more).copied().collect();
        self.cx.mapping(node, "rows of a plan", &known).then_some(())?;
        let register = self.register(node, "from")?;
        let name = node.get("from").and_then(Node::text).unwrap_or_default().to_owned();
        let filter = self.expr(node.get("where"), &[("row", &register.fields)], &Want::Condition)?;
        Some((PlanRows { register: name, filter }, &register.fields))
    }

    fn allocation(&self, node: &Node) -> Option<(PlanKind, Parts<'a>)> {
        self.cx.mapping(node, "an allocation", &["supplies", "demands", "links"]).then_some(())?;
        let part = |key: &str| self.cx.need(node, key, "an allocation");
        let (supplies_node, demands_node, links_node) = (part("supplies")?, part("demands")?, part("links")?);
        let (supplies, supply_fields) = self.rows(supplies_node, &["amount"])?;
        let (demands, demand_fields) = self.rows(demands_node, &["amount", "tier"])?;
        let (links, link_fields) =
            self.rows(links_node, &["supply", "demand", "same", "capacity", "loss", "cost"])?;
        let of_link = |key: &str| self.expr(links_node.get(key), &[("row", link_fields)], &Want::Amount);
        let same = self.same(links_node, supply_fields, demand_fields);
        let def = AllocationDef {
            supply_amount: self.needed(supplies_node, "amount", supply_fields)?,
            demand_amount: self.needed(demands_node, "amount", demand_fields)?,
            demand_tier: self.expr(demands_node.get("tier"), &[("row", demand_fields)], &Want::Amount)?,
            link_supply: self.matching(links_node, "supply", (supply_fields, link_fields))?,
            link_demand: self.matching(links_node, "demand", (demand_fields, link_fields))?,
            same,
            capacity: of_link("capacity")?,
            loss: of_link("loss")?,
            cost: of_link("cost")?,
            supplies,
            demands,
            links,
        };
        let parts = Parts {
            named: vec![("supply", supply_fields), ("demand", demand_fields), ("link", link_fields)],
            numbers: &["taken", "arrives"],
            level: Vec::new(),
        };
        Some((PlanKind::Allocation(def), parts))
    }

    /// Columns of one end of a link, each with what it must equal.
    fn matching(
        &self,
        links: &Node,
        key: &str,
        (columns, link): (&FieldSymbols, &FieldSymbols),
    ) -> Option<BTreeMap<String, Expr>> {
        let mut found = BTreeMap::new();
        for (column, value) in links.get(key).map(Node::entries).unwrap_or_default() {
            let Some(kind) = columns.get(&column.text).and_then(|field| field.kind.as_ref()) else {
                let known = columns.keys().map(String::as_str);
                let message = format!("{key} rows have no column `{}`", column.text);
                self.cx.unknown((column.at, "unknown-field"), &message, &column.text, known);
                return None;
            };
            let value = self.expr(Some(value), &[("row", link)], &Want::Field(&column.text, kind))??;
            found.insert(column.text.clone(), value);
        }
        Some(found)
    }

    fn same(&self, links: &Node, supply: &FieldSymbols, demand: &FieldSymbols) -> Vec<String> {
        let both: Vec<&str> = supply.keys().filter(|name| demand.contains_key(*name)).map(String::as_str).collect();
        self.cx.known_words(links, "same", ("column of both supplies and demands", "unknown-field"), &both)
    }

    fn assignment(&self, node: &Node) -> Option<(PlanKind, Parts<'a>)> {
        self.cx.mapping(node, "an assignment", &["workers", "jobs", "pair"]).then_some(())?;
        let part = |key: &str| self.cx.need(node, key, "an assignment");
        let (workers_node, jobs_node) = (part("workers")?, part("jobs")?);
        let (workers, worker_fields) = self.rows(workers_node, &["at", "capacity"])?;
        let (jobs, job_fields) = self.rows(jobs_node, &["at", "need", "tier"])?;
        let both = [("worker", worker_fields), ("job", job_fields)];
        let pair = node.get("pair");
        if let Some(pair) = pair {
            self.cx.mapping(pair, "`pair`", &["when", "cost", "km"]).then_some(())?;
        }
        let of_pair = |key: &str| pair.and_then(|pair| pair.get(key));
        let of_job = |key: &str| self.expr(jobs_node.get(key), &[("row", job_fields)], &Want::Amount);
        let def = AssignmentDef {
            worker_capacity: self.expr(workers_node.get("capacity"), &[("row", worker_fields)], &Want::Amount)?,
            worker_at: self.point(workers_node, worker_fields)?,
            job_need: of_job("need")?,
            job_tier: of_job("tier")?,
            job_at: self.point(jobs_node, job_fields)?,
            pair_when: self.expr(of_pair("when"), &both, &Want::Condition)?,
            pair_cost: self.expr(of_pair("cost"), &both, &Want::Amount)?,
            km_max: pair.and_then(|pair| self.cx.number(pair, "km", (1, 2000))).and_then(|n| u32::try_from(n).ok()),
            workers,
            jobs,
        };
        let without = def.pair_cost.is_none() && (def.worker_at.is_none() || def.job_at.is_none());
        if without {
            let remedy = "name point fields with `at:` on both sides, or write `pair: {cost: …}`";
            self.cx.sink.error_help(node.at, "no-cost", "nothing tells one pair from another", remedy);
        }
        Some((PlanKind::Assignment(def), Parts { named: both.to_vec(), numbers: &["cost"], level: Vec::new() }))
    }

    /// The point field named by `at`.
    fn point(&self, node: &Node, fields: &FieldSymbols) -> Option<Option<String>> {
        let Some(value) = node.get("at") else { return Some(None) };
        let name = self.cx.scalar(value, "at")?;
        let points: Vec<&str> = fields
            .iter()
            .filter(|(_, field)| matches!(field.kind, Some(FieldKind::Point)))
            .map(|(name, _)| name.as_str())
            .collect();
        if !points.contains(&name) {
            let message = format!("`{name}` is no field of type point");
            self.cx.unknown((value.at, "unknown-field"), &message, name, points);
            return None;
        }
        Some(Some(name.to_owned()))
    }

    fn coverage(&self, node: &Node) -> Option<(PlanKind, Parts<'a>)> {
        let known = ["places", "facilities", "candidates", "minutes", "speed_km_h", "detour", "sites"];
        self.cx.mapping(node, "a coverage", &known).then_some(())?;
        let part = |key: &str| self.cx.need(node, key, "a coverage");
        let (places, place_fields, weight) = self.points(part("places")?)?;
        let (facilities, facility_fields, _) = self.points(part("facilities")?)?;
        let candidates = match node.get("candidates") {
            Some(node) => Some(self.points(node)?.0),
            None => None,
        };
        let number = |key: &str, bounds: (i64, i64)| {
            self.cx.number(node, key, bounds).and_then(|n| u32::try_from(n).ok())
        };
        self.cx.need(node, "minutes", "a coverage");
        let def = CoverageDef {
            places,
            weight,
            facilities,
            candidates,
            minutes: number("minutes", (1, 1440)).unwrap_or(15),
            speed_km_h: number("speed_km_h", (1, 200)).unwrap_or(5),
            detour_percent: number("detour", (100, 300)).unwrap_or(130),
            sites: number("sites", (0, MOST_SITES)).unwrap_or(0),
        };
        let mut parts = Parts { named: Vec::new(), numbers: &["covered", "minutes"], level: Vec::new() };
        for (name, fields) in [("place", place_fields), ("facility", facility_fields)] {
            match fields {
                Some(fields) => parts.named.push((name, fields)),
                None => parts.level.push(name),
            }
        }
        Some((PlanKind::Coverage(def), parts))
    }

    /// A level, or rows with a point; with the fields of the rows and what each counts.
    fn points(&self, node: &Node) -> Option<(PlanPoints, Option<&'a FieldSymbols>, Option<Expr>)> {
        if matches!(node.kind, Kind::Scalar(_)) {
            return Some((PlanPoints::Level(self.cx.level(node)?), None, None));
        }
        let (rows, fields) = self.rows(node, &["at", "weight"])?;
        self.cx.need(node, "at", "rows with a point")?;
        let at = self.point(node, fields)??;
        let weight = self.expr(node.get("weight"), &[("row", fields)], &Want::Amount)?;
        Some((PlanPoints::Rows { rows, at }, Some(fields), weight))
    }

    fn result(&self, node: &Node, parts: &Parts<'_>) -> Option<PlanResult> {
        self.cx.mapping(node, "the result", &["register", "place", "set"]).then_some(())?;
        let register = self.register(node, "register")?;
        let of_level = of_level();
        let mut rows = parts.named.clone();
        rows.extend(parts.level.iter().map(|name| (*name, &of_level)));
        let named = Named { rows: &rows, numbers: parts.numbers };
        let scope = Scope { stores: true, ..self.scope(&named) };
        let mut set = BTreeMap::new();
        for (field, value) in node.get("set").map(Node::entries).unwrap_or_default() {
            let Some(kind) = register.fields.get(&field.text).and_then(|field| field.kind.as_ref()) else {
                let known = register.fields.keys().map(String::as_str);
                let message = format!("the register of the result has no field `{}`", field.text);
                self.cx.unknown((field.at, "unknown-field"), &message, &field.text, known);
                continue;
            };
            let want = Want::Field(&field.text, kind);
            set.extend(cel::compile(self.cx, &scope, value, &want).map(|expr| (field.text.clone(), expr)));
        }
        for (name, field) in register.fields.iter().filter(|(name, field)| field.required && !set.contains_key(*name)) {
            let message = format!("the result leaves the required field `{name}` (line {}) empty", field.at.line);
            self.cx.sink.error_help(node.at, "required-not-set", message, format!("add `{name}: …` under `set`"));
        }
        let place = node.get("place");
        if !register.deployment && place.is_none() {
            let message = "rows of the result belong to a place";
            self.cx.sink.error_help(node.at, "missing-key", message, "add `place:` with an expression");
        }
        let place = match place {
            Some(place) => Some(cel::compile(self.cx, &scope, place, &Want::Place)?),
            None => None,
        };
        Some(PlanResult { register: node.get("register").and_then(Node::text)?.to_owned(), place, set })
    }
}

/// What a place of a level offers.
fn of_level() -> FieldSymbols {
    let symbol = |kind| FieldSymbol {
        kind: Some(kind),
        personal: false,
        required: true,
        at: crate::sink::At::default(),
    };
    let levels = Level::ALL.to_vec();
    [
        ("code".to_owned(), symbol(FieldKind::Place { levels })),
        ("name".to_owned(), symbol(FieldKind::Text { max: 200, pattern: None })),
    ]
    .into_iter()
    .collect()
}
