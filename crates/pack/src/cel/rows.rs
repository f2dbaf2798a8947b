//! Functions over the rows of a register, which is named and not computed: `area_at(point, register)`,
//! `key(register, text)`, `count(register, {field: value})`, `sum(register.field, {field: value})`.

use super::check::{Check, Typed};
use super::ty::{Ty, Words, comparable};
use crate::symbols::RegisterSymbol;
use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr as Ast};
use ganglion_model::expr::{Expr, Func, RowsOf};
use ganglion_model::pack::FieldKind;
use serde_json::Value;

impl Check<'_> {
    /// `area_at(point, register)`: the row whose area holds the point.
    pub(super) fn area_at(&mut self, offset: usize, args: &[IdedExpr]) -> Option<Typed> {
        let [point, register] = args else {
            self.error(offset, "wrong-arguments", "`area_at` takes 2 arguments", Some("(point, register)"));
            return None;
        };
        let (name, at) = self.named(register)?;
        let point = self.walk(point)?;
        if !matches!(point.ty, Ty::Point | Ty::Unknown) {
            self.error(offset, "wrong-type", format!("`area_at` does not take {}", point.ty.words()), None);
            return None;
        }
        let symbol = self.cx.symbols.registers.get(name)?;
        if !symbol.deployment || !symbol.areas {
            let message = format!("`{name}` keeps no areas for the whole deployment");
            let remedy = "the register needs `scope: deployment`, and `location:` a field of type polygon";
            self.error(at, "no-areas", message, Some(remedy));
            return None;
        }
        self.typed_here(offset, "area_at")?;
        let args = vec![point.expr, Expr::Lit(Value::String(name.to_owned()))];
        Some(Typed::new(Expr::Call(Func::AreaAt, args), Ty::Text(Words::Key(name.to_owned()))))
    }

    /// `count(register, {field: value})`: how many rows match.
    pub(super) fn count(&mut self, offset: usize, args: &[IdedExpr]) -> Option<Typed> {
        let [register, matching] = args else {
            self.error(offset, "wrong-arguments", "`count` takes 2 arguments", Some("(register, {field: value})"));
            return None;
        };
        let (name, _) = self.named(register)?;
        let matching = self.matching(name, matching)?;
        self.counted_here(offset, "count")?;
        let of = RowsOf { register: name.to_owned(), sum: None, matching };
        Some(Typed::new(Expr::Rows(Box::new(of)), Ty::Int))
    }

    /// `sum(register.field, {field: value})`: the sum of a field over the rows that match.
    pub(super) fn sum_of_rows(&mut self, offset: usize, of: &IdedExpr, matching: &IdedExpr) -> Option<Typed> {
        let Ast::Select(select) = &of.expr else {
            let remedy = "(register.field, {field: value})";
            self.error(self.offset(of.id), "wrong-arguments", "this is to be a field of a register", Some(remedy));
            return None;
        };
        let (name, at) = self.named(&select.operand)?;
        let symbol = self.cx.symbols.registers.get(name)?;
        let ty = self.column(symbol, (name, select.field.as_str()), at)?;
        if !matches!(ty, Ty::Int | Ty::Number | Ty::Quantity(_)) {
            self.error(at, "wrong-type", format!("`sum` does not take {}", ty.words()), Some("name a number"));
            return None;
        }
        let matching = self.matching(name, matching)?;
        self.counted_here(offset, "sum")?;
        let of = RowsOf { register: name.to_owned(), sum: Some(select.field.clone()), matching };
        Some(Typed::new(Expr::Rows(Box::new(of)), ty))
    }

    /// What the rows of `register` must be: `{field: value}`.
    fn matching(&mut self, register: &str, ast: &IdedExpr) -> Option<Vec<(String, Expr)>> {
        let entries = match &ast.expr {
            Ast::Map(map) if !map.entries.is_empty() => map.entries.as_slice(),
            _ => {
                let message = "what the rows must be is said as {field: value}";
                self.error(self.offset(ast.id), "wrong-arguments", message, Some("such as {holder: form.holder}"));
                return None;
            }
        };
        let symbol = self.cx.symbols.registers.get(register)?;
        let mut matching = Vec::new();
        for entry in entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else { return self.unsupported(ast.id).map(|_| matching) };
            let at = self.offset(entry.key.id);
            let Ast::Ident(field) = &entry.key.expr else {
                self.error(at, "wrong-arguments", "this is to be the name of a field", None);
                return None;
            };
            let wanted = match symbol.fields.contains_key(field) {
                false if field == "place" && !symbol.deployment => Ty::Text(Words::Place),
                _ => self.column(symbol, (register, field.as_str()), at)?,
            };
            let given = self.walk(&entry.value)?;
            let is_exact = matches!(wanted, Ty::Bool | Ty::Int | Ty::Date | Ty::Text(_) | Ty::Unknown);
            if !is_exact {
                let message = format!("rows are not found by {}", wanted.words());
                self.error(at, "wrong-type", message, Some("name a text, a code, a whole number, a day or a place"));
                return None;
            }
            if comparable(self, &wanted, &given.ty).is_err() || given.ty == Ty::Number {
                let message = format!("`{field}` is {}, this is {}", wanted.words(), given.ty.words());
                self.error(at, "mixed-types", message, None);
                return None;
            }
            matching.push((field.clone(), given.expr));
        }
        Some(matching)
    }

    /// The type of a field of a register that others may look at.
    fn column(&self, symbol: &RegisterSymbol, (register, field): (&str, &str), at: usize) -> Option<Ty> {
        let Some(found) = symbol.fields.get(field) else {
            let known = symbol.fields.keys().map(String::as_str);
            let message = format!("the register `{register}` has no field `{field}`");
            self.cx.unknown((self.source.at(at), "unknown-field"), &message, field, known);
            return None;
        };
        if found.personal {
            let message = format!("`{field}` is personal: it is sealed, and rows cannot be found by it");
            self.error(at, "personal-value", message, Some("name a field that is not personal"));
            return None;
        }
        Some(found.kind.as_ref().map_or(Ty::Unknown, |kind: &FieldKind| Ty::of(kind)))
    }

    /// Rows are counted where something is decided; what is computed would be wrong as soon as another row changed.
    fn counted_here(&self, offset: usize, function: &str) -> Option<()> {
        if self.scope.counts {
            return Some(());
        }
        let message = format!("`{function}` over rows is for conditions and effects, when something is decided");
        self.error(
            offset,
            "not-available-here",
            message,
            Some("use it in `check`, `when` or an effect, or make it a figure"),
        );
        None
    }

    /// `key(register, text)`: a text that is the key of a row, so that a reference takes it.
    pub(super) fn key(&mut self, offset: usize, args: &[IdedExpr]) -> Option<Typed> {
        let [register, text] = args else {
            self.error(offset, "wrong-arguments", "`key` takes 2 arguments", Some("(register, text)"));
            return None;
        };
        let (name, _) = self.named(register)?;
        let text = self.walk(text)?;
        if !text.ty.is_text() {
            self.error(offset, "wrong-type", format!("`key` does not take {}", text.ty.words()), Some("use string(…)"));
            return None;
        }
        Some(Typed::new(text.expr, Ty::Text(Words::Key(name.to_owned()))))
    }

    /// The register an argument names, and where.
    fn named<'n>(&self, arg: &'n IdedExpr) -> Option<(&'n str, usize)> {
        let at = self.offset(arg.id);
        let Ast::Ident(name) = &arg.expr else {
            self.error(at, "wrong-arguments", "this is to be the name of a register", None);
            return None;
        };
        let name = name.as_str();
        let known = self.cx.symbols.registers.iter().map(|(name, one)| (name, &one.packs));
        self.cx.usable(self.source.at(at), ("register", "unknown-register"), name, known).then_some((name, at))
    }

    /// Rows are looked up where somebody types; everything else must come out the same whenever it is worked out.
    fn typed_here(&self, offset: usize, function: &str) -> Option<()> {
        if self.scope.form.is_some() {
            return Some(());
        }
        let message =
            format!("`{function}` looks at rows where something is typed: in forms, effects and fields of registers");
        self.error(offset, "not-available-here", message, Some("keep the answer in a field"));
        None
    }
}
