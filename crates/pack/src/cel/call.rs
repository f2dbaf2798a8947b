//! Functions over one or more values, and the member calls on texts. `has` is resolved as a path.

use super::check::{Check, Typed};
use super::ty::{Ty, Words, comparable};
use crate::near;
use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr as Ast, operators as op};
use ganglion_model::expr::{Expr, Func};
use ganglion_model::units;

/// Most decimals `round` keeps.
const MOST_DECIMALS: i64 = 12;

/// All functions, as the remedy of a misspelt one names them.
pub(super) const FUNCTIONS: [&str; 26] = [
    "size", "has", "days", "hours", "string", "sum", "min", "max", "round", "add_days", "years", "year", "month",
    "date", "time", "minutes", "amount", "distance", "length", "area", "inside", "area_at", "key", "count", "born",
    "sex",
];
pub(super) const MEMBERS: [(&str, Func); 3] =
    [("contains", Func::Contains), ("startsWith", Func::StartsWith), ("endsWith", Func::EndsWith)];

impl Check<'_> {
    /// `x.contains(y)` and its like.
    pub(super) fn member(&mut self, ast: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        let name = call.func_name.as_str();
        let offset = self.offset(ast.id);
        let Some((_, func)) = MEMBERS.into_iter().find(|(known, _)| *known == name) else {
            let as_function = FUNCTIONS.contains(&name).then(|| format!("write {name}(x)"));
            let remedy = as_function.or_else(|| near::remedy(name, MEMBERS.map(|one| one.0)));
            let message = format!("there is no function `.{name}()`");
            self.cx.sink.error_maybe(self.source.at(offset), "unknown-function", message, remedy);
            return None;
        };
        let target = call.target.as_deref().and_then(|target| self.walk(target));
        let args: Vec<Option<Typed>> = call.args.iter().map(|arg| self.walk(arg)).collect();
        let [arg] = args.as_slice() else {
            self.error(offset, "wrong-arguments", format!("`.{name}()` takes one text"), None);
            return None;
        };
        let (target, arg) = (target?, arg.clone()?);
        if matches!(target.ty, Ty::List(_) | Ty::Numbers | Ty::Many(_)) {
            self.error(
                offset,
                "wrong-type",
                format!("`.{name}()` is for texts, this is a list"),
                Some("write `y in x`"),
            );
            return None;
        }
        if !target.ty.is_text() || !arg.ty.is_text() {
            let other = if target.ty.is_text() { arg.ty } else { target.ty };
            let message = format!("`.{name}()` is for texts, this is {}", other.words());
            self.error(offset, "wrong-type", message, Some("use string(…)"));
            return None;
        }
        Some(Typed::new(Expr::Call(func, vec![target.expr, arg.expr]), Ty::Bool))
    }

    /// `size(x)` and its like.
    pub(super) fn function(&mut self, ast: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        let name = call.func_name.as_str();
        if [op::INDEX, op::OPT_INDEX, op::OPT_SELECT].contains(&name) {
            return self.unsupported(ast.id);
        }
        // The parser gives a call the place of its bracket.
        let offset = self.offset(ast.id).saturating_sub(name.len());
        match (name, call.args.as_slice()) {
            ("area_at", args) => return self.area_at(offset, args),
            ("key", args) => return self.key(offset, args),
            ("count", [list, value]) if is_value(list) && !matches!(value.expr, Ast::Map(_)) => {
                return self.tally(offset, list, value);
            }
            ("count", args) => return self.count(offset, args),
            ("sum", [of, matching]) => return self.sum_of_rows(offset, of, matching),
            _ => {}
        }
        let args: Vec<Option<Typed>> = call.args.iter().map(|arg| self.walk(arg)).collect();
        let wanted: (usize, usize, Option<&str>) = match name {
            "size" | "string" | "sum" | "year" | "month" | "date" | "time" | "length" | "area" | "born" | "sex" => {
                (1, 1, None)
            }
            "distance" => (2, 2, Some("(point, point)")),
            "inside" => (2, 2, Some("(point, area)")),
            "days" | "hours" | "minutes" | "years" => (2, 2, Some("(later, earlier)")),
            "add_days" => (2, 2, Some("(day, number of days)")),
            "amount" => (2, 2, Some("(quantity, 'unit')")),
            "round" => (1, 2, Some("(number) or (number, decimals)")),
            "min" | "max" => (1, 20, Some("a list, or two and more values")),
            _ => {
                let remedy = near::remedy(name, FUNCTIONS.into_iter().chain(MEMBERS.map(|one| one.0)));
                let message = format!("there is no function `{name}`");
                self.cx.sink.error_maybe(self.source.at(offset), "unknown-function", message, remedy);
                return None;
            }
        };
        if !(wanted.0..=wanted.1).contains(&args.len()) {
            let message = match wanted.0 {
                1 => format!("`{name}` takes 1 argument"),
                most => format!("`{name}` takes {most} arguments"),
            };
            self.error(offset, "wrong-arguments", message, wanted.2);
            return None;
        }
        let args: Vec<Typed> = args.into_iter().collect::<Option<_>>()?;
        if args.iter().any(|arg| arg.ty == Ty::Unknown) {
            return Some(Typed::new(Expr::Lit(serde_json::Value::Null), Ty::Unknown));
        }
        match name {
            "min" | "max" => self.extreme(offset, name, args),
            "amount" => self.amount(offset, args),
            "round" => self.rounded(offset, args),
            _ => self.plain(offset, name, args),
        }
    }

    /// The functions whose arguments each have a kind of their own.
    fn plain(&self, offset: usize, name: &str, args: Vec<Typed>) -> Option<Typed> {
        let day = |ty: &Ty| matches!(ty, Ty::Time | Ty::Date | Ty::Stamp) || self.is_day(ty);
        let (func, ty) = match name {
            "size" => (Func::Size, Ty::Int),
            "string" => (Func::Text, Ty::Text(Words::Free)),
            "days" => (Func::Days, Ty::Int),
            "hours" => (Func::Hours, Ty::Int),
            "minutes" => (Func::Minutes, Ty::Int),
            "years" => (Func::Years, Ty::Int),
            "year" => (Func::Year, Ty::Int),
            "month" => (Func::Month, Ty::Int),
            "date" => (Func::Date, Ty::Date),
            "time" => (Func::Clock, Ty::Clock),
            "add_days" => (Func::AddDays, Ty::Date),
            "distance" => (Func::Distance, measured("m")),
            "length" => (Func::Length, measured("m")),
            "area" => (Func::Area, measured("m2")),
            "inside" => (Func::Inside, Ty::Bool),
            "born" => (Func::Born, Ty::Date),
            "sex" => (Func::Sex, Ty::Text(Words::Sex)),
            _ => (Func::Sum, summed(args.first().map(|arg| &arg.ty))),
        };
        let fits = |n: usize, ty: &Ty| match func {
            Func::Size => matches!(ty, Ty::Text(_) | Ty::List(_) | Ty::Numbers | Ty::Many(_) | Ty::Rows),
            Func::Text => matches!(ty, Ty::Text(_) | Ty::Bool | Ty::Int | Ty::Number | Ty::Date | Ty::Clock),
            Func::Sum => summed(Some(ty)) != Ty::Unknown,
            Func::AddDays if n == 1 => *ty == Ty::Int,
            Func::Length => *ty == Ty::Line,
            Func::Area => *ty == Ty::Area,
            Func::Inside if n == 1 => *ty == Ty::Area,
            Func::Distance | Func::Inside => *ty == Ty::Point,
            Func::Born | Func::Sex => *ty == Ty::Text(Words::Citizen),
            Func::Clock => matches!(ty, Ty::Time | Ty::Stamp),
            _ => day(ty),
        };
        if let Some((_, bad)) = args.iter().enumerate().find(|(n, arg)| !fits(*n, &arg.ty)) {
            self.error(offset, "wrong-type", format!("`{name}` does not take {}", bad.ty.words()), None);
            return None;
        }
        Some(Typed::new(Expr::Call(func, args.into_iter().map(|arg| arg.expr).collect()), ty))
    }

    /// `min(list)`, `max(a, b, …)`.
    fn extreme(&self, offset: usize, name: &str, mut args: Vec<Typed>) -> Option<Typed> {
        let func = if name == "min" { Func::Min } else { Func::Max };
        let wrong = |ty: &Ty| {
            let message = format!("`{name}` does not take {}", ty.words());
            self.error(offset, "wrong-type", message, Some("it takes numbers, quantities, days and times of day"));
        };
        if args.len() == 1 {
            let list = args.remove(0);
            let each = match &list.ty {
                Ty::Numbers => Ty::Number,
                Ty::Many(each) if each.is_ordered() => (**each).clone(),
                other => {
                    wrong(other);
                    return None;
                }
            };
            return Some(Typed::new(Expr::Call(func, vec![list.expr]), each));
        }
        let first = args.remove(0);
        let mut ty = first.ty.clone();
        let mut items = vec![first.clone().operand()];
        for arg in args {
            let (_, arg) = self.balanced(offset, first.clone(), arg)?;
            let same = arg.ty == ty || ty.is_number() && arg.ty.is_number() || ty == Ty::Date && self.is_day(&arg.ty);
            if !same || !ty.is_ordered() || ty == Ty::Time {
                wrong(&arg.ty);
                return None;
            }
            ty = if ty == Ty::Int && arg.ty == Ty::Number { Ty::Number } else { ty };
            items.push(arg.operand());
        }
        Some(Typed::new(Expr::Call(func, vec![Expr::List(items)]), ty))
    }

    /// `count(list, value)`: how often a value stands in a list.
    fn tally(&mut self, offset: usize, list: &IdedExpr, value: &IdedExpr) -> Option<Typed> {
        let (list, value) = (self.walk(list), self.walk(value));
        let (list, value) = (list?, value?);
        let name = "count";
        let Some(each) = list.ty.each() else {
            let message = format!("`{name}` does not take {}", list.ty.words());
            let remedy = "name a column of a table and a value, or a register and what its rows must be";
            self.error(offset, "wrong-type", message, Some(remedy));
            return None;
        };
        if comparable(self, &value.ty, &each).is_err() {
            let message = format!("{} cannot be in a list of which each is {}", value.ty.words(), each.words());
            self.error(offset, "mixed-types", message, None);
            return None;
        }
        Some(Typed::new(Expr::Call(Func::Tally, vec![list.expr, value.operand()]), Ty::Int))
    }

    /// `round(x)` is a whole number, `round(x, n)` has n decimals.
    fn rounded(&self, offset: usize, args: Vec<Typed>) -> Option<Typed> {
        let whole = args.len() == 1;
        let mut args = args.into_iter();
        let value = args.next()?;
        let decimals = args.next();
        let digits = decimals.as_ref().map(|arg| &arg.expr);
        let in_bounds =
            |expr: &Expr| matches!(expr, Expr::Lit(n) if n.as_i64().is_some_and(|n| (0..=MOST_DECIMALS).contains(&n)));
        if digits.is_some_and(|digits| !in_bounds(digits)) {
            self.error(offset, "wrong-arguments", format!("`round` keeps from 0 to {MOST_DECIMALS} decimals"), None);
            return None;
        }
        let ty = match &value.ty {
            Ty::Int | Ty::Number if whole => Ty::Int,
            Ty::Int | Ty::Number => Ty::Number,
            Ty::Quantity(unit) if !whole => Ty::Quantity(unit),
            other => {
                let remedy = matches!(other, Ty::Quantity(_)).then_some("write round(x, 0)");
                self.error(offset, "wrong-type", format!("`round` does not take {}", other.words()), remedy);
                return None;
            }
        };
        let args = std::iter::once(value.operand()).chain(decimals.map(|arg| arg.expr)).collect();
        Some(Typed::new(Expr::Call(Func::Round, args), ty))
    }

    /// `amount(quantity, 'unit')`: the plain number of a quantity in a unit.
    fn amount(&self, offset: usize, args: Vec<Typed>) -> Option<Typed> {
        let [quantity, unit] = <[Typed; 2]>::try_from(args).ok()?;
        let (Ty::Quantity(from), Ty::Text(Words::OneOf(named))) = (&quantity.ty, &unit.ty) else {
            let message = format!("`amount` takes a quantity and a unit, this is {}", quantity.ty.words());
            self.error(offset, "wrong-type", message, Some("write amount(form.area, 'mu')"));
            return None;
        };
        let (code, at) = named.first()?;
        let Some(to) = units::unit(code) else {
            let known: Vec<&str> = units::all().map(|unit| unit.code.as_str()).collect();
            let at = self.source.at(*at);
            self.cx.unknown((at, "unknown-unit"), &format!("there is no unit `{code}`"), code, known);
            return None;
        };
        if to.dimension != from.dimension {
            let message = format!("{} is no {}", from.dimension, to.dimension);
            self.error(*at, "mixed-units", message, Some("only quantities of one dimension go together"));
            return None;
        }
        Some(Typed::new(self.converted(quantity, to).operand(), Ty::Number))
    }

    /// A constant that stands for a day.
    fn is_day(&self, ty: &Ty) -> bool {
        let Ty::Text(Words::OneOf(given)) = ty else {
            return false;
        };
        given.iter().all(|(text, offset)| self.cx.date(self.source.at(*offset), text).is_some())
    }
}

/// Whether something stands there that has a value: the name of a register is a bare word.
fn is_value(ast: &IdedExpr) -> bool {
    matches!(ast.expr, Ast::Select(_) | Ast::List(_))
}

/// A quantity in a unit of the table.
fn measured(unit: &str) -> Ty {
    units::unit(unit).map_or(Ty::Unknown, Ty::Quantity)
}

/// The type of a sum over a list; unknown when it cannot be summed.
fn summed(list: Option<&Ty>) -> Ty {
    match list {
        Some(Ty::Numbers) => Ty::Number,
        Some(Ty::Many(each)) if matches!(**each, Ty::Int | Ty::Number | Ty::Quantity(_)) => (**each).clone(),
        _ => Ty::Unknown,
    }
}
