//! What all kinds of plans are read from: rows of registers, amounts, points.

use crate::cel::{self, Part, Scope, Ty, Want};
use crate::cx::Cx;
use crate::symbols::{FieldSymbols, RegisterSymbol};
use crate::yaml::{Kind, Node};
use ganglion_model::Level;
use ganglion_model::expr::Expr;
use ganglion_model::pack::{Amount, FieldKind, FigurePeriod, PlanFigure, PlanPoints, PlanRows};
use ganglion_model::units::Unit;

/// Reads the parts of one plan.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub cx: Cx<'a>,
    /// Fields of its form.
    pub asked: &'a FieldSymbols,
    /// The unit of its amounts.
    pub unit: Option<&'static Unit>,
    /// What a place of a level offers.
    pub of_level: &'a FieldSymbols,
}

/// Rows that were read, with what expressions see of them.
pub struct Rows<'a> {
    pub rows: PlanRows,
    pub register: &'a str,
    pub fields: &'a FieldSymbols,
    pub kept: bool,
}

impl<'a> Rows<'a> {
    /// As the part `name`.
    pub fn named(&self, name: &'static str) -> Part<'a> {
        Part { name, register: Some(self.register), fields: self.fields, kept: self.kept }
    }
}

/// Points that were read.
pub struct Points<'a> {
    pub points: PlanPoints,
    pub register: Option<&'a str>,
    pub fields: &'a FieldSymbols,
    pub kept: bool,
    /// What each counts.
    pub weight: Option<Amount>,
}

impl<'a> Points<'a> {
    /// As the part `name`.
    pub fn named(&self, name: &'static str) -> Part<'a> {
        Part { name, register: self.register, fields: self.fields, kept: self.kept }
    }
}

impl<'a> Reader<'a> {
    fn scope<'b>(&'b self, parts: &'b [Part<'b>]) -> Scope<'b> {
        Scope { form: Some(self.asked), today: true, parts, ..Scope::default() }
    }

    /// The names of a result.
    pub fn result_scope<'b>(&'b self, parts: &'b [Part<'b>], found: &'b [(&'static str, Ty)]) -> Scope<'b> {
        Scope { found, stores: true, ..self.scope(parts) }
    }

    /// An expression that may be left out: the outer `None` after a finding.
    pub fn expr(&self, node: Option<&Node>, parts: &[Part<'_>], want: &Want<'_>) -> Option<Option<Expr>> {
        let Some(node) = node else { return Some(None) };
        cel::compile(self.cx, &self.scope(parts), node, want).map(Some)
    }

    /// A plain number worked out from one row, which may be left out.
    pub fn number(&self, node: &Node, key: &str, of: &Rows<'_>) -> Option<Option<Expr>> {
        self.expr(node.get(key), &[of.named("row")], &Want::Amount(None))
    }

    /// A register named under `key`.
    pub fn register(&self, node: &Node, key: &str) -> Option<(&'a str, &'a RegisterSymbol)> {
        let from = self.cx.need(node, key, "rows of a plan")?;
        let name = self.cx.scalar(from, key)?;
        let known = self.cx.symbols.registers.iter().map(|(name, one)| (name, &one.packs));
        self.cx.usable(from.at, ("register", "unknown-register"), name, known).then_some(())?;
        self.cx.symbols.registers.get_key_value(name).map(|(name, symbol)| (name.as_str(), symbol))
    }

    /// `from`, `where` and `place` of a part called `what`, whose other keys are `more`.
    pub fn rows(&self, node: &Node, (what, more): (&str, &[&str])) -> Option<Rows<'a>> {
        let known: Vec<&str> = ["from", "where", "place"].iter().chain(more).copied().collect();
        self.cx.mapping(node, what, &known).then_some(())?;
        let (register, symbol) = self.register(node, "from")?;
        let kept = !symbol.deployment;
        let row = [Part { name: "row", register: Some(register), fields: &symbol.fields, kept }];
        let filter = self.expr(node.get("where"), &row, &Want::Condition);
        if let (Some(place), true) = (node.get("place"), kept) {
            let message =
                format!("rows of `{register}` are kept by place: those outside the plan's place are left out");
            self.cx.sink.error_help(place.at, "place-not-needed", message, "remove `place` here");
            return None;
        }
        let place = self.expr(node.get("place"), &row, &Want::Place);
        let rows = PlanRows { register: register.to_owned(), filter: filter?, place: place? };
        Some(Rows { rows, register, fields: &symbol.fields, kept })
    }

    /// An amount of a row: an expression, or `{figure: …}`.
    pub fn amount(&self, node: &Node, of: Part<'_>) -> Option<Amount> {
        let of = Part { name: "row", ..of };
        if !matches!(node.kind, Kind::Map(_)) {
            return cel::compile(self.cx, &self.scope(&[of]), node, &Want::Amount(self.unit)).map(Amount::Value);
        }
        self.cx.mapping(node, "a figure of a plan", &["figure", "at", "period"]).then_some(())?;
        let figure = self.cx.need(node, "figure", "a figure of a plan")?;
        let indicator = self.cx.scalar(figure, "an indicator")?;
        if !self.cx.symbols.figure_names().any(|one| one == indicator) {
            let known = self.cx.symbols.figure_names();
            let message = format!("there is no indicator `{indicator}`");
            self.cx.unknown((figure.at, "unknown-indicator"), &message, indicator, known);
            return None;
        }
        let at = self.expr(node.get("at"), &[of], &Want::Place)?;
        if at.is_none() && !of.kept {
            let message = "these rows are not kept by place, so it is open where the figure is read";
            self.cx.sink.error_help(node.at, "missing-key", message, "add `at: row.<a place field>`");
        }
        let words = [
            ("day", FigurePeriod::Day),
            ("month", FigurePeriod::Month),
            ("quarter", FigurePeriod::Quarter),
            ("year", FigurePeriod::Year),
        ];
        let period = self.cx.one_of(node, "period", &words).unwrap_or_default();
        Some(Amount::Figure(PlanFigure { indicator: indicator.to_owned(), at, period }))
    }

    /// The point field named by `at`, which may be left out.
    pub fn point(&self, node: &Node, fields: &FieldSymbols) -> Option<Option<String>> {
        let Some(value) = node.get("at") else { return Some(None) };
        let name = self.cx.scalar(value, "at")?;
        let points = fields.iter().filter(|(_, field)| matches!(field.kind, Some(FieldKind::Point)));
        let points: Vec<&str> = points.map(|(name, _)| name.as_str()).collect();
        if !points.contains(&name) {
            let message = format!("`{name}` is no field of type point");
            self.cx.unknown((value.at, "unknown-field"), &message, name, points);
            return None;
        }
        if fields.get(name).is_some_and(|field| field.personal) {
            let message = format!("`{name}` is personal: it is sealed and cannot be read here");
            self.cx.sink.error_help(value.at, "personal-value", message, "name a point that is not personal");
            return None;
        }
        Some(Some(name.to_owned()))
    }

    /// `village`, `{level: village, weight: …}` or `{from: REGISTER, at: POINT, …}`.
    pub fn points(&self, node: &Node, what: &str) -> Option<Points<'a>> {
        if matches!(node.kind, Kind::Scalar(_)) {
            return Some(self.of_level(self.cx.level(node)?, None));
        }
        if let Some(level) = node.get("level") {
            self.cx.mapping(node, "places of a level", &["level", "weight"]).then_some(())?;
            let level = self.cx.level(level)?;
            let part = Part { name: "row", register: None, fields: self.of_level, kept: true };
            let weight = node.get("weight").map_or(Some(None), |weight| self.amount(weight, part).map(Some))?;
            return Some(self.of_level(level, weight));
        }
        let rows = self.rows(node, (what, &["at", "weight"]))?;
        self.cx.need(node, "at", what)?;
        let at = self.point(node, rows.fields)??;
        let weight = node.get("weight").map_or(Some(None), |one| self.amount(one, rows.named("row")).map(Some))?;
        Some(Points {
            points: PlanPoints::Rows { rows: rows.rows, at },
            register: Some(rows.register),
            fields: rows.fields,
            kept: rows.kept,
            weight,
        })
    }

    fn of_level(&self, level: Level, weight: Option<Amount>) -> Points<'a> {
        Points { points: PlanPoints::Level(level), register: None, fields: self.of_level, kept: true, weight }
    }
}
