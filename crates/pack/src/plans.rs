//! What only the whole set shows of plans: whoever computes one can read what it looks at, whoever adopts one can change what
//! it writes, and values kept to some roles stay with them.

use crate::cx::Cx;
use crate::load::Loaded;
use crate::lower::indicator::unit_of;
use crate::sink::At;
use crate::yaml::{Kind, Node};
use ganglion_model::Model;
use ganglion_model::expr::{Expr, Path};
use ganglion_model::pack::{Amount, FieldKind, Plan, PlanKind, PlanRows, Register, Scope, Who};

/// Checks the plans of `pack` as wholes.
pub fn check(cx: Cx<'_>, pack: &Loaded, model: &Model) {
    let entries = pack.plans.as_ref().and_then(|node| node.get("plans")).map(Node::entries).unwrap_or_default();
    for (key, node) in entries {
        let Some(plan) = model.plans.get(&key.text).filter(|plan| plan.pack == pack.name) else { continue };
        let one = One { cx, node, model, plan };
        one.readers();
        one.adopters();
        one.confidential();
        one.figures();
    }
}

struct One<'a> {
    cx: Cx<'a>,
    node: &'a Node,
    model: &'a Model,
    plan: &'a Plan,
}

fn named(who: &Who) -> String {
    match who {
        Who::Role { role, level } => format!("{role}@{}", level.as_str()),
        _ => String::new(),
    }
}

/// Whether somebody reads whole rows of a register: the rule of `row_who` in the kernel, without a post.
fn reads(register: &Register, who: &Who) -> bool {
    let all = [&register.read, &register.edit, &register.propose, &register.approve];
    let is_common = register.scope == Scope::Deployment && !register.read.iter().any(|one| *one != Who::Public);
    is_common || all.into_iter().flatten().any(|one| one == who)
}

impl One<'_> {
    /// Where somebody is named, else where the plan begins.
    fn at(&self, who: &Who) -> At {
        let name = named(who);
        let items = ["by", "read"].into_iter().filter_map(|key| self.node.get(key)).flat_map(Node::items);
        items.into_iter().find(|item| item.text() == Some(name.as_str())).map_or(self.node.at, |item| item.at)
    }

    fn readers(&self) {
        for who in self.plan.by.iter().chain(&self.plan.read) {
            for name in self.plan.looks_at() {
                let Some(register) = self.model.registers.get(name) else { continue };
                if !reads(register, who) {
                    let message = format!("{} may not read the register `{name}`, which the plan shows", named(who));
                    let remedy = format!("add {} to `read` of the register, or remove it here", named(who));
                    self.cx.sink.error_help(self.at(who), "cannot-read", message, remedy);
                }
            }
        }
    }

    fn adopters(&self) {
        let Some(result) = &self.plan.result else { return };
        let Some(register) = self.model.registers.get(&result.register) else { return };
        let key_is_number = register
            .key_fields()
            .any(|name| matches!(register.field(name).map(|field| &field.kind), Some(FieldKind::Serial { .. })));
        if let (true, Some(at)) = (key_is_number, self.node.get("result").and_then(|one| one.get("register"))) {
            let message = format!("rows of `{}` are known by a number the system gives", register.name);
            let remedy = "write the result to a register whose key follows from the rows";
            self.cx.sink.error_help(at.at, "keyed-by-number", message, remedy);
        }
        for who in &self.plan.by {
            if !register.edit.contains(who) && !register.propose.contains(who) {
                let message =
                    format!("{} may not change the register `{}`, to which it writes", named(who), register.name);
                let remedy =
                    format!("add {} to `edit` or `propose` of the register, or move it to `read` here", named(who));
                self.cx.sink.error_help(self.at(who), "cannot-change", message, remedy);
            }
        }
    }

    /// A figure stands in the unit it is added up in.
    fn figures(&self) {
        let amounts: [Option<&Amount>; 3] = match &self.plan.kind {
            PlanKind::Allocation(def) => [Some(&def.supply_amount), Some(&def.demand_amount), def.capacity.as_ref()],
            PlanKind::Assignment(_) | PlanKind::Coverage(_) => [None, None, None],
        };
        for amount in amounts.into_iter().flatten() {
            let Amount::Figure(figure) = amount else { continue };
            let Some(indicator) = self.model.indicators.get(&figure.indicator) else { continue };
            let own = indicator.shown_in.as_deref().or_else(|| unit_of(self.model, indicator));
            if let (Some(own), Some(wanted)) = (own, self.plan.measured_in.as_deref())
                && own != wanted
            {
                let message = format!("`{}` is counted in {own}, the plan in {wanted}", figure.indicator);
                let remedy = format!("add `in: {wanted}` to the indicator, or write `unit: {own}` here");
                self.cx.sink.error_help(place_of(self.node, &figure.indicator), "unit-mismatch", message, remedy);
            }
        }
    }

    /// Fields with `see` are looked at only when everybody who sees the plan is in it.
    fn confidential(&self) {
        for (expr, roots) in expressions(self.plan) {
            let mut paths: Vec<&Path> = Vec::new();
            expr.paths(&mut paths);
            for path in paths {
                let register = path.first().and_then(|root| roots.iter().find(|(name, _)| name == root));
                if let Some((_, register)) = register {
                    self.follow(register, &path[1..]);
                }
            }
        }
    }

    fn follow(&self, register: &str, path: &[String]) {
        let field = self.model.registers.get(register).zip(path.first());
        let Some(field) = field.and_then(|(register, name)| register.field(name)) else { return };
        let roles = self.plan.by.iter().chain(&self.plan.read).filter_map(|who| match who {
            Who::Role { role, .. } => Some(role),
            _ => None,
        });
        if let Some(role) = roles.into_iter().find(|role| !field.see.is_empty() && !field.see.contains(role)) {
            let message = format!("`{}` of `{register}` is not for the eyes of {role}, who sees this plan", field.name);
            let remedy = "add the role to `see` of the field, or leave the field out";
            self.cx.sink.error_help(place_of(self.node, &field.name), "confidential-value", message, remedy);
        }
        if let FieldKind::Ref { register } | FieldKind::Refs { register, .. } = &field.kind {
            self.follow(register, &path[1..]);
        }
    }
}

/// The first value inside `node` that names a field or is the name of something.
fn place_of(node: &Node, field: &str) -> At {
    fn find(node: &Node, field: &str) -> Option<At> {
        match &node.kind {
            Kind::Scalar(scalar) => {
                (scalar.text == field || scalar.text.contains(&format!(".{field}"))).then_some(node.at)
            }
            Kind::Map(entries) => entries.iter().find_map(|(_, value)| find(value, field)),
            Kind::List(items) => items.iter().find_map(|item| find(item, field)),
            Kind::Null => None,
        }
    }
    find(node, field).unwrap_or(node.at)
}

/// Registers behind the names of an expression.
type Roots<'p> = Vec<(&'static str, &'p str)>;

/// Every expression over rows, with what its names stand for.
fn expressions(plan: &Plan) -> Vec<(&Expr, Roots<'_>)> {
    let mut all: Vec<(&Expr, Roots<'_>)> = Vec::new();
    for rows in plan.rows() {
        all.extend(rows.filter.iter().chain(&rows.place).map(|expr| (expr, row(rows))));
    }
    let roots: Roots<'_> = match &plan.kind {
        PlanKind::Allocation(def) => {
            let of_links = def.link_supply.values().chain(def.link_demand.values()).chain(&def.loss).chain(&def.cost);
            let of_links = of_links.chain(def.capacity.as_ref().and_then(worked_out));
            all.extend(of_links.map(|expr| (expr, row(&def.links))));
            all.extend(worked_out(&def.supply_amount).map(|expr| (expr, row(&def.supplies))));
            let of_demands = worked_out(&def.demand_amount).into_iter().chain(&def.demand_tier);
            all.extend(of_demands.map(|expr| (expr, row(&def.demands))));
            vec![
                ("supply", def.supplies.register.as_str()),
                ("demand", def.demands.register.as_str()),
                ("link", def.links.register.as_str()),
            ]
        }
        PlanKind::Assignment(def) => {
            all.extend(def.worker_capacity.iter().map(|expr| (expr, row(&def.workers))));
            all.extend(def.job_need.iter().chain(&def.job_tier).map(|expr| (expr, row(&def.jobs))));
            let both = vec![("worker", def.workers.register.as_str()), ("job", def.jobs.register.as_str())];
            all.extend(def.pair_when.iter().chain(&def.pair_cost).map(|expr| (expr, both.clone())));
            both
        }
        PlanKind::Coverage(def) => {
            let weight = def.weight.as_ref().and_then(worked_out).zip(def.places.rows());
            all.extend(weight.map(|(expr, rows)| (expr, row(rows))));
            let parts = [("place", def.places.rows()), ("facility", def.facilities.rows())];
            parts.into_iter().filter_map(|(name, rows)| Some((name, rows?.register.as_str()))).collect()
        }
    };
    if let Some(result) = &plan.result {
        all.extend(result.set.values().chain(&result.place).map(|expr| (expr, roots.clone())));
        all.extend(result.replaces.iter().map(|expr| (expr, vec![("row", result.register.as_str())])));
    }
    all
}

fn row(rows: &PlanRows) -> Roots<'_> {
    vec![("row", rows.register.as_str())]
}

/// The expression of an amount.
fn worked_out(amount: &Amount) -> Option<&Expr> {
    match amount {
        Amount::Value(expr) => Some(expr),
        Amount::Figure(figure) => figure.at.as_ref(),
    }
}
