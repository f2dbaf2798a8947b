//! The three kinds of plans.

use super::Offered;
use super::parts::{Reader, Rows};
use crate::cel::{Ty, Want};
use crate::yaml::Node;
use ganglion_model::expr::Expr;
use ganglion_model::pack::{AllocationDef, Amount, AssignmentDef, CoverageDef, PlanKind};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most further sites that are looked for.
const SITES_MAX: i64 = 20;
/// Furthest a worker is sent, kilometres.
const KM_MAX: i64 = 2000;

impl<'a> Reader<'a> {
    /// The type of an amount that was found.
    fn found(&self) -> Ty {
        self.unit.map_or(Ty::Number, Ty::Quantity)
    }

    fn needed_amount(&self, node: &Node, of: &Rows<'_>, what: &str) -> Option<Amount> {
        self.amount(self.cx.need(node, "amount", what)?, of.named("row"))
    }

    pub fn allocation(&self, node: &Node) -> Option<(PlanKind, Offered<'a>)> {
        self.cx.mapping(node, "an allocation", &["supplies", "demands", "links"]).then_some(())?;
        let part = |key: &str| self.cx.need(node, key, "an allocation");
        let (supply_node, demand_node, link_node) = (part("supplies"), part("demands"), part("links"));
        let (supply_node, demand_node, link_node) = (supply_node?, demand_node?, link_node?);
        let supplies = self.rows(supply_node, ("supplies of a plan", &["amount"]));
        let demands = self.rows(demand_node, ("demands of a plan", &["amount", "tier"]));
        let keys = ["supply", "demand", "same", "capacity", "loss", "cost"];
        let links = self.rows(link_node, ("links of a plan", &keys));
        let (supplies, demands, links) = (supplies?, demands?, links?);
        let supply_amount = self.needed_amount(supply_node, &supplies, "supplies of a plan");
        let demand_amount = self.needed_amount(demand_node, &demands, "demands of a plan");
        let demand_tier = self.number(demand_node, "tier", &demands);
        let link_supply = self.matching(link_node, "supply", (&supplies, &links));
        let link_demand = self.matching(link_node, "demand", (&demands, &links));
        let same = self.same(link_node, &supplies, &demands);
        let capacity =
            link_node.get("capacity").map_or(Some(None), |one| self.amount(one, links.named("row")).map(Some));
        let (loss, cost) = (self.number(link_node, "loss", &links), self.number(link_node, "cost", &links));
        let offered = Offered {
            parts: vec![supplies.named("supply"), demands.named("demand"), links.named("link")],
            found: vec![("taken", self.found()), ("arrives", self.found()), ("cost", Ty::Number)],
        };
        let def = AllocationDef {
            supply_amount: supply_amount?,
            demand_amount: demand_amount?,
            demand_tier: demand_tier?,
            link_supply: link_supply?,
            link_demand: link_demand?,
            same,
            capacity: capacity?,
            loss: loss?,
            cost: cost?,
            supplies: supplies.rows,
            demands: demands.rows,
            links: links.rows,
        };
        Some((PlanKind::Allocation(Box::new(def)), offered))
    }

    /// Columns of one end of a link, each with what it must equal.
    fn matching(&self, node: &Node, key: &str, (end, link): (&Rows<'_>, &Rows<'_>)) -> Option<BTreeMap<String, Expr>> {
        let mut found = BTreeMap::new();
        let mut good = true;
        for (column, value) in node.get(key).map(Node::entries).unwrap_or_default() {
            let Some(kind) = end.fields.get(&column.text).and_then(|field| field.kind.as_ref()) else {
                let known = end.fields.keys().map(String::as_str);
                let message = format!("{key} rows have no column `{}`", column.text);
                self.cx.unknown((column.at, "unknown-field"), &message, &column.text, known);
                good = false;
                continue;
            };
            let value = self.expr(Some(value), &[link.named("row")], &Want::Field(&column.text, kind));
            good &= value.is_some();
            found.extend(value.flatten().map(|value| (column.text.clone(), value)));
        }
        good.then_some(found)
    }

    /// Columns that both ends have and that are equal.
    fn same(&self, node: &Node, supply: &Rows<'_>, demand: &Rows<'_>) -> Vec<String> {
        let both: Vec<&str> =
            supply.fields.keys().filter(|name| demand.fields.contains_key(*name)).map(String::as_str).collect();
        let named = self.cx.known_words(node, "same", ("column of both supplies and demands", "unknown-field"), &both);
        let kind = |rows: &Rows<'_>, name: &str| rows.fields.get(name).and_then(|one| one.kind.as_ref()).map(Ty::of);
        for (at, name) in self.cx.words(node, "same") {
            if let (Some(a), Some(b)) = (kind(supply, name), kind(demand, name))
                && a != b
            {
                let message = format!("`{name}` is {} in supplies and {} in demands", a.words(), b.words());
                self.cx.sink.error_help(at, "mixed-types", message, "give both the same type");
            }
        }
        named
    }

    pub fn assignment(&self, node: &Node) -> Option<(PlanKind, Offered<'a>)> {
        self.cx.mapping(node, "an assignment", &["workers", "jobs", "pair"]).then_some(())?;
        let part = |key: &str| self.cx.need(node, key, "an assignment");
        let (worker_node, job_node) = (part("workers"), part("jobs"));
        let (worker_node, job_node) = (worker_node?, job_node?);
        let workers = self.rows(worker_node, ("workers of a plan", &["at", "capacity"]));
        let jobs = self.rows(job_node, ("jobs of a plan", &["at", "need", "tier"]));
        let (workers, jobs) = (workers?, jobs?);
        let both = [workers.named("worker"), jobs.named("job")];
        let pair = node.get("pair");
        if let Some(pair) = pair {
            self.cx.mapping(pair, "`pair`", &["when", "cost", "km"]).then_some(())?;
        }
        let of_pair = |key: &str| pair.and_then(|pair| pair.get(key));
        let def = AssignmentDef {
            worker_capacity: self.number(worker_node, "capacity", &workers)?,
            worker_at: self.point(worker_node, workers.fields)?,
            job_need: self.number(job_node, "need", &jobs)?,
            job_tier: self.number(job_node, "tier", &jobs)?,
            job_at: self.point(job_node, jobs.fields)?,
            pair_when: self.expr(of_pair("when"), &both, &Want::Condition)?,
            pair_cost: self.expr(of_pair("cost"), &both, &Want::Amount(None))?,
            km_max: pair.and_then(|pair| self.cx.number(pair, "km", (1, KM_MAX))).and_then(|n| u32::try_from(n).ok()),
            workers: workers.rows,
            jobs: jobs.rows,
        };
        let has_points = def.worker_at.is_some() && def.job_at.is_some();
        if let (Some(km), false) = (of_pair("km"), has_points) {
            let remedy = "name point fields with `at:` on both sides";
            self.cx.sink.error_help(km.at, "no-distance", "there are no points to measure between", remedy);
        } else if def.pair_cost.is_none() && !has_points {
            let remedy = "name point fields with `at:` on both sides, or write `pair: {cost: …}`";
            self.cx.sink.error_help(node.at, "no-distance", "nothing tells one pair from another", remedy);
        }
        let found = vec![("km", Ty::Number), ("cost", Ty::Number)];
        Some((PlanKind::Assignment(Box::new(def)), Offered { parts: both.to_vec(), found }))
    }

    pub fn coverage(&self, node: &Node) -> Option<(PlanKind, Offered<'a>)> {
        let known = ["places", "facilities", "candidates", "minutes", "speed_km_h", "detour", "sites"];
        self.cx.mapping(node, "a coverage", &known).then_some(())?;
        let part = |key: &str| self.cx.need(node, key, "a coverage");
        let (places, facilities, minutes) = (part("places"), part("facilities"), part("minutes"));
        let places = self.points(places?, "places of a plan");
        let facilities = self.points(facilities?, "facilities of a plan");
        let candidates =
            node.get("candidates").map_or(Some(None), |one| self.points(one, "candidates of a plan").map(Some));
        let (places, facilities, candidates) = (places?, facilities?, candidates?);
        for (key, points) in [("facilities", Some(&facilities)), ("candidates", candidates.as_ref())] {
            if let (true, Some(at)) = (points.is_some_and(|one| one.weight.is_some()), node.get(key)) {
                let message = "only places count for something";
                self.cx.sink.error_help(at.at, "unknown-key", message, "remove `weight` here");
            }
        }
        let minutes = self.travel(minutes, (1, 1440), "15");
        let speed_km_h = self.travel(node.get("speed_km_h"), (1, 300), "5");
        let detour = self.travel(node.get("detour"), (1, 5), "1.3");
        let sites = self.cx.number(node, "sites", (0, SITES_MAX)).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        let offered = Offered {
            parts: vec![places.named("place"), facilities.named("facility")],
            found: vec![("covered", Ty::Bool), ("minutes", Ty::Number)],
        };
        let def = CoverageDef {
            places: places.points,
            weight: places.weight,
            facilities: facilities.points,
            candidates: candidates.map(|one| one.points),
            minutes: minutes?,
            speed_km_h: speed_km_h?,
            detour: detour?,
            sites,
        };
        Some((PlanKind::Coverage(Box::new(def)), offered))
    }

    /// A number over the form; a constant is judged at once.
    fn travel(&self, node: Option<&Node>, (low, high): (i64, i64), otherwise: &str) -> Option<Expr> {
        let Some(node) = node else { return Some(Expr::Lit(Value::String(otherwise.to_owned()))) };
        let expr = self.expr(Some(node), &[], &Want::Amount(None))??;
        let constant = match &expr {
            Expr::Lit(Value::Number(number)) => number.as_f64(),
            _ => None,
        };
        #[expect(clippy::cast_precision_loss, reason = "bounds are small whole numbers")]
        if constant.is_some_and(|n| n < low as f64 || n > high as f64) {
            self.cx.sink.error(node.at, "bad-number", format!("this is a number from {low} to {high}"));
            return None;
        }
        Some(expr)
    }
}
