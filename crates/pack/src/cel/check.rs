//! Walks a parsed expression: types every part, reports what does not fit, and lowers what does.

use super::call::FUNCTIONS;
use super::scope::Scope;
use super::ty::{Ty, Words, comparable};
use super::{Source, path};
use crate::cx::Cx;
use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr as Ast, LiteralValue, SourceInfo, operators as op};
use ganglion_model::expr::{Arith, Cmp, Expr};
use ganglion_model::units::{self, Unit};
use serde_json::Value;

/// A checked part.
#[derive(Clone)]
pub struct Typed {
    /// Lowered.
    pub expr: Expr,
    /// Its type.
    pub ty: Ty,
}

impl Typed {
    /// A part with its type.
    pub fn new(expr: Expr, ty: Ty) -> Typed {
        Typed { expr, ty }
    }

    /// As an operand of arithmetic and comparison: decimals are stored as text, and `- 0` makes a number of them.
    pub fn operand(self) -> Expr {
        match (&self.ty, self.expr) {
            (Ty::Number | Ty::Quantity(_), expr @ (Expr::Path(_) | Expr::Lit(Value::String(_)))) => {
                Expr::Arith(Arith::Sub, Box::new(expr), Box::new(Expr::Lit(0.into())))
            }
            (_, expr) => expr,
        }
    }
}

/// The walk.
pub struct Check<'a> {
    /// Symbols and findings.
    pub cx: Cx<'a>,
    /// Names available.
    pub scope: &'a Scope<'a>,
    /// The text.
    pub source: &'a Source<'a>,
    /// Offsets of parts.
    pub offsets: &'a SourceInfo,
}

const CMP: [(&str, Cmp, &str); 6] = [
    (op::EQUALS, Cmp::Eq, "=="),
    (op::NOT_EQUALS, Cmp::Ne, "!="),
    (op::LESS, Cmp::Lt, "<"),
    (op::LESS_EQUALS, Cmp::Le, "<="),
    (op::GREATER, Cmp::Gt, ">"),
    (op::GREATER_EQUALS, Cmp::Ge, ">="),
];

const ARITH: [(&str, Arith, &str); 5] = [
    (op::ADD, Arith::Add, "+"),
    (op::SUBSTRACT, Arith::Sub, "-"),
    (op::MULTIPLY, Arith::Mul, "*"),
    (op::DIVIDE, Arith::Div, "/"),
    (op::MODULO, Arith::Rem, "%"),
];

impl Check<'_> {
    /// Byte offset of a part in the text.
    pub fn offset(&self, id: u64) -> usize {
        self.offsets.offset_for(id).map_or(0, |(start, _)| start as usize)
    }

    /// Where the leftmost part below `ast` starts.
    pub fn start(&self, ast: &IdedExpr) -> usize {
        let own = self.offset(ast.id);
        match &ast.expr {
            Ast::Select(select) => self.start(&select.operand).min(own),
            Ast::Call(call) => {
                let target = call.target.as_deref().or_else(|| call.args.first());
                target.map_or(own, |first| self.start(first).min(own))
            }
            _ => own,
        }
    }

    /// Reports at the byte `offset`.
    pub fn error(&self, offset: usize, code: &'static str, message: impl Into<String>, remedy: Option<&str>) {
        self.cx.sink.error_maybe(self.source.at(offset), code, message, remedy.map(str::to_owned));
    }

    /// Types and lowers `ast`; `None` after a finding.
    pub fn walk(&mut self, ast: &IdedExpr) -> Option<Typed> {
        match &ast.expr {
            Ast::Literal(literal) => self.literal(ast.id, literal),
            Ast::Ident(_) => path::resolve(self, ast, false),
            Ast::Select(select) if select.test => path::resolve(self, ast, true),
            Ast::Select(_) => path::resolve(self, ast, false),
            Ast::List(list) => self.list(ast.id, &list.elements),
            Ast::Call(call) => self.call(ast, call),
            _ => self.unsupported(ast.id),
        }
    }

    pub(super) fn unsupported(&self, id: u64) -> Option<Typed> {
        let functions = FUNCTIONS.join(", ");
        let remedy = format!(
            "there are == != < <= > >= && || ! in + - * / % ?: and {functions}, contains, startsWith, endsWith"
        );
        self.error(self.offset(id), "not-in-the-language", "this is no part of the pack language", Some(&remedy));
        None
    }

    fn literal(&self, id: u64, literal: &LiteralValue) -> Option<Typed> {
        let offset = self.offset(id);
        Some(match literal {
            LiteralValue::Boolean(b) => Typed::new(Expr::Lit(Value::from(*b.inner())), Ty::Bool),
            LiteralValue::Int(n) => Typed::new(Expr::Lit(Value::from(*n.inner())), Ty::Int),
            LiteralValue::UInt(n) => Typed::new(Expr::Lit(Value::from(*n.inner())), Ty::Int),
            LiteralValue::Double(n) => Typed::new(Expr::Lit(Value::from(*n.inner())), Ty::Number),
            LiteralValue::String(s) => {
                let text = s.inner().to_owned();
                let ty = Ty::Text(Words::OneOf(vec![(text.clone(), offset)]));
                Typed::new(Expr::Lit(Value::String(text)), ty)
            }
            LiteralValue::Null => {
                self.error(offset, "not-in-the-language", "there is no null", Some("ask has(…) or !has(…)"));
                return None;
            }
            LiteralValue::Bytes(_) => return self.unsupported(id),
        })
    }

    fn list(&mut self, id: u64, elements: &[IdedExpr]) -> Option<Typed> {
        let items: Vec<Option<Typed>> = elements.iter().map(|item| self.walk(item)).collect();
        let items: Vec<Typed> = items.into_iter().collect::<Option<_>>()?;
        let mut words = Words::OneOf(Vec::new());
        let mut numbers = 0;
        for item in &items {
            match &item.ty {
                Ty::Text(one) => words = words.either(one.clone()),
                Ty::Int | Ty::Number => numbers += 1,
                _ => {
                    self.error(self.offset(id), "wrong-type", "a list holds texts or numbers", None);
                    return None;
                }
            }
        }
        if numbers != 0 && numbers != items.len() {
            self.error(self.offset(id), "wrong-type", "a list holds either texts or numbers, not both", None);
            return None;
        }
        let ty = if numbers > 0 { Ty::Numbers } else { Ty::List(words) };
        Some(Typed::new(Expr::List(items.into_iter().map(Typed::operand).collect()), ty))
    }

    fn call(&mut self, ast: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        let name = call.func_name.as_str();
        if call.target.is_some() {
            return self.member(ast, call);
        }
        match (name, call.args.as_slice()) {
            (op::LOGICAL_AND | op::LOGICAL_OR, [a, b]) => self.logic(name == op::LOGICAL_AND, a, b),
            (op::LOGICAL_NOT, [a]) => {
                let inner = self.condition(a)?;
                Some(Typed::new(Expr::Not(Box::new(inner)), Ty::Bool))
            }
            (op::NEGATE, [a]) => {
                let inner = self.walk(a)?;
                if !inner.ty.is_number() && !matches!(inner.ty, Ty::Quantity(_)) {
                    self.error(
                        self.start(a),
                        "wrong-type",
                        format!("`-` takes a number, not {}", inner.ty.words()),
                        None,
                    );
                    return None;
                }
                let ty = inner.ty.clone();
                Some(Typed::new(Expr::Arith(Arith::Sub, Box::new(Expr::Lit(0.into())), Box::new(inner.operand())), ty))
            }
            (op::CONDITIONAL, [test, yes, no]) => self.conditional(ast.id, test, yes, no),
            (op::IN, [item, list]) => self.membership(ast.id, item, list),
            (_, [a, b]) if CMP.iter().any(|one| one.0 == name) => self.compare(ast.id, name, a, b),
            (_, [a, b]) if ARITH.iter().any(|one| one.0 == name) => self.arithmetic(ast.id, name, a, b),
            _ => self.function(ast, call),
        }
    }

    fn condition(&mut self, ast: &IdedExpr) -> Option<Expr> {
        let typed = self.walk(ast)?;
        match typed.ty {
            Ty::Bool => Some(typed.expr),
            Ty::Unknown => None,
            other => {
                let message = format!("true or false is wanted here, this gives {}", other.words());
                self.error(self.start(ast), "wrong-type", message, Some("compare it, or ask has(…)"));
                None
            }
        }
    }

    fn logic(&mut self, and: bool, a: &IdedExpr, b: &IdedExpr) -> Option<Typed> {
        let (a, b) = (self.condition(a), self.condition(b));
        let mut all = Vec::new();
        for side in [a?, b?] {
            match (and, side) {
                (true, Expr::And(more)) | (false, Expr::Or(more)) => all.extend(more),
                (_, one) => all.push(one),
            }
        }
        Some(Typed::new(if and { Expr::And(all) } else { Expr::Or(all) }, Ty::Bool))
    }

    fn compare(&mut self, id: u64, name: &str, a: &IdedExpr, b: &IdedExpr) -> Option<Typed> {
        let (a, b) = (self.walk(a), self.walk(b));
        let (a, b) = self.balanced(self.offset(id), a?, b?)?;
        let (_, cmp, sign) = CMP.into_iter().find(|one| one.0 == name)?;
        if comparable(self, &a.ty, &b.ty).is_err() {
            let message = format!("`{sign}` cannot compare {} with {}", a.ty.words(), b.ty.words());
            self.error(self.offset(id), "mixed-types", message, remedy_for(&a.ty, &b.ty));
            return None;
        }
        if !matches!(cmp, Cmp::Eq | Cmp::Ne) && !a.ty.is_ordered() && !b.ty.is_ordered() {
            let message = format!("`{sign}` orders numbers, moments and days, not {}", a.ty.words());
            self.error(self.offset(id), "mixed-types", message, Some("compare with == or !="));
            return None;
        }
        Some(Typed::new(Expr::Cmp(cmp, Box::new(a.operand()), Box::new(b.operand())), Ty::Bool))
    }

    fn arithmetic(&mut self, id: u64, name: &str, a: &IdedExpr, b: &IdedExpr) -> Option<Typed> {
        let (a, b) = (self.walk(a), self.walk(b));
        let (_, arith, sign) = ARITH.into_iter().find(|one| one.0 == name)?;
        let (a, b) = (a?, b?);
        let together = matches!(arith, Arith::Add | Arith::Sub | Arith::Div | Arith::Rem);
        let (a, b) = if together { self.balanced(self.offset(id), a, b)? } else { (a, b) };
        let ty = match (&a.ty, &b.ty) {
            (Ty::Unknown, _) | (_, Ty::Unknown) => Ty::Unknown,
            (Ty::Int, Ty::Int) => Ty::Int,
            (a, b) if a.is_number() && b.is_number() => Ty::Number,
            (Ty::Text(_), Ty::Text(_)) if arith == Arith::Add => Ty::Text(Words::Free),
            (Ty::Quantity(unit), Ty::Quantity(_)) if matches!(arith, Arith::Add | Arith::Sub) => Ty::Quantity(unit),
            (Ty::Quantity(_), Ty::Quantity(_)) if arith == Arith::Div => Ty::Number,
            (Ty::Quantity(unit), number) if number.is_number() && matches!(arith, Arith::Mul | Arith::Div) => {
                Ty::Quantity(unit)
            }
            (number, Ty::Quantity(unit)) if number.is_number() && arith == Arith::Mul => Ty::Quantity(unit),
            (a, b) => {
                let message = format!("`{sign}` cannot take {} and {}", a.words(), b.words());
                self.error(self.offset(id), "mixed-types", message, remedy_for(a, b));
                return None;
            }
        };
        Some(Typed::new(Expr::Arith(arith, Box::new(a.operand()), Box::new(b.operand())), ty))
    }

    /// Both sides in one unit: the second is converted to the first's, a constant such as `'12 mu'` is read.
    pub(super) fn balanced(&self, offset: usize, a: Typed, b: Typed) -> Option<(Typed, Typed)> {
        match (a.ty.clone(), b.ty.clone()) {
            (Ty::Quantity(to), Ty::Quantity(from)) if to.dimension == from.dimension => {
                Some((a, self.converted(b, to)))
            }
            (Ty::Quantity(to), Ty::Quantity(from)) => {
                let message = format!("{} is no {} and cannot stand beside it", from.dimension, to.dimension);
                self.error(offset, "mixed-units", message, Some("only quantities of one dimension go together"));
                None
            }
            (Ty::Quantity(unit), Ty::Text(Words::OneOf(_))) => Some((a, self.measured(b, unit)?)),
            (Ty::Text(Words::OneOf(_)), Ty::Quantity(unit)) => Some((self.measured(a, unit)?, b)),
            _ => Some((a, b)),
        }
    }

    /// A quantity in another unit of its dimension.
    pub(super) fn converted(&self, typed: Typed, to: &'static Unit) -> Typed {
        let Ty::Quantity(from) = typed.ty else { return typed };
        let factor = if from.code == to.code { None } else { from.factor(to) };
        let Some((num, den)) = factor else { return Typed { ty: Ty::Quantity(to), ..typed } };
        let lit = |n: ganglion_model::Decimal| Box::new(Expr::Lit(Value::String(n.normalize().to_string())));
        let times = Expr::Arith(Arith::Mul, Box::new(typed.operand()), lit(num));
        Typed::new(Expr::Arith(Arith::Div, Box::new(times), lit(den)), Ty::Quantity(to))
    }

    /// A constant such as `'12 mu'` as an amount of `unit`.
    pub(super) fn measured(&self, typed: Typed, unit: &'static Unit) -> Option<Typed> {
        let Ty::Text(Words::OneOf(given)) = &typed.ty else { return Some(typed) };
        let [(text, offset)] = given.as_slice() else { return Some(typed) };
        match units::read(text, unit) {
            Ok(read) => {
                Some(Typed::new(Expr::Lit(Value::String(read.amount.normalize().to_string())), Ty::Quantity(unit)))
            }
            Err(units::Misread::OtherDimension(other)) => {
                let message = format!("`{text}` is {}, not {}", other.dimension, unit.dimension);
                self.error(*offset, "mixed-units", message, Some("only quantities of one dimension go together"));
                None
            }
            Err(_) => {
                let remedy = format!("write it as '12 {}'", unit.code);
                self.error(*offset, "bad-value", format!("`{text}` is not an amount"), Some(&remedy));
                None
            }
        }
    }

    fn conditional(&mut self, id: u64, test: &IdedExpr, yes: &IdedExpr, no: &IdedExpr) -> Option<Typed> {
        let (test, yes, no) = (self.condition(test), self.walk(yes), self.walk(no));
        let (test, yes, no) = (test?, yes?, no?);
        let (yes, no) = self.balanced(self.offset(id), yes, no)?;
        let ty = match (&yes.ty, &no.ty) {
            (a, b) if a == b => a.clone(),
            (a, b) if a.is_number() && b.is_number() => Ty::Number,
            (Ty::Text(a), Ty::Text(b)) => {
                let _ = comparable(self, &yes.ty, &no.ty);
                Ty::Text(a.clone().either(b.clone()))
            }
            (Ty::List(a), Ty::List(b)) => Ty::List(a.clone().either(b.clone())),
            (a, b) => {
                let message = format!("the two outcomes differ: {} and {}", a.words(), b.words());
                self.error(self.offset(id), "mixed-types", message, None);
                return None;
            }
        };
        let number = matches!(ty, Ty::Number | Ty::Quantity(_));
        let part = |one: Typed| Box::new(if number { one.operand() } else { one.expr });
        Some(Typed::new(Expr::Cond(Box::new(test), part(yes), part(no)), ty))
    }

    fn membership(&mut self, id: u64, item: &IdedExpr, list: &IdedExpr) -> Option<Typed> {
        let (item, list) = (self.walk(item), self.walk(list));
        let (item, list) = (item?, list?);
        let Some(element) = list.ty.each() else {
            let message = format!("`in` looks into a list, this is {}", list.ty.words());
            self.error(self.offset(id), "mixed-types", message, Some("write [a, b], or x.contains(y) for texts"));
            return None;
        };
        if comparable(self, &item.ty, &element).is_err() {
            let message = format!("{} cannot be in a list of which each is {}", item.ty.words(), element.words());
            self.error(self.offset(id), "mixed-types", message, None);
            return None;
        }
        Some(Typed::new(Expr::In(Box::new(item.operand()), Box::new(list.expr)), Ty::Bool))
    }
}

fn remedy_for(a: &Ty, b: &Ty) -> Option<&'static str> {
    match (a, b) {
        (Ty::Time | Ty::Stamp, Ty::Date | Ty::Time | Ty::Stamp) | (Ty::Date, Ty::Time | Ty::Stamp) => {
            Some("use days(later, earlier) or hours(later, earlier)")
        }
        (Ty::Text(Words::Length), _) | (_, Ty::Text(Words::Length)) => {
            Some("lengths of time differ by their calendar and are not compared; ask clock.<name>.overdue")
        }
        (Ty::Int | Ty::Number, Ty::Text(_)) => Some("use string(…), or leave out the quotes"),
        (Ty::Text(_), Ty::Int | Ty::Number) => Some("put the constant in quotes"),
        (Ty::Quantity(_), Ty::Int | Ty::Number) | (Ty::Int | Ty::Number, Ty::Quantity(_)) => {
            Some("give the number a unit, such as '12 mu', or write amount(x, 'mu') for the other")
        }
        (Ty::Stamp, _) | (_, Ty::Stamp) => Some("use date(…)"),
        (Ty::Bool, Ty::Text(_)) | (Ty::Text(_), Ty::Bool) => Some("write true or false without quotes"),
        _ => None,
    }
}
