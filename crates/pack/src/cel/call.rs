//! Functions: `size`, `days`, `hours`, `string`, and the member calls on texts. `has` is resolved as a path.

use super::check::{Check, Typed};
use super::ty::{Ty, Words};
use crate::near;
use cel::IdedExpr;
use cel::common::ast::{CallExpr, operators as op};
use ganglion_model::expr::{Expr, Func};

pub(super) const FUNCTIONS: [&str; 5] = ["size", "has", "days", "hours", "string"];
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
        if matches!(target.ty, Ty::List(_) | Ty::Numbers) {
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
        let args: Vec<Option<Typed>> = call.args.iter().map(|arg| self.walk(arg)).collect();
        let wanted = match name {
            "size" | "string" => 1,
            "days" | "hours" => 2,
            _ => {
                let remedy = near::remedy(name, FUNCTIONS.into_iter().chain(MEMBERS.map(|one| one.0)));
                let message = format!("there is no function `{name}`");
                self.cx.sink.error_maybe(self.source.at(offset), "unknown-function", message, remedy);
                return None;
            }
        };
        if args.len() != wanted {
            let message = format!("`{name}` takes {wanted} argument{}", if wanted == 1 { "" } else { "s" });
            let remedy = (wanted == 2).then_some("(later, earlier)");
            self.error(offset, "wrong-arguments", message, remedy);
            return None;
        }
        let args: Vec<Typed> = args.into_iter().collect::<Option<_>>()?;
        let (func, ty, fits): (Func, Ty, fn(&Ty) -> bool) = match name {
            "size" => (Func::Size, Ty::Int, |ty| matches!(ty, Ty::Text(_) | Ty::List(_) | Ty::Numbers)),
            "string" => (Func::Text, Ty::Text(Words::Free), |ty| {
                matches!(ty, Ty::Text(_) | Ty::Bool | Ty::Int | Ty::Number | Ty::Date)
            }),
            "days" => (Func::Days, Ty::Int, |ty| matches!(ty, Ty::Time | Ty::Date | Ty::Stamp)),
            _ => (Func::Hours, Ty::Int, |ty| matches!(ty, Ty::Time | Ty::Date | Ty::Stamp)),
        };
        let day = |ty: &Ty| func != Func::Size && func != Func::Text && self.is_day(ty);
        if let Some(bad) = args.iter().find(|arg| arg.ty != Ty::Unknown && !fits(&arg.ty) && !day(&arg.ty)) {
            self.error(offset, "wrong-type", format!("`{name}` does not take {}", bad.ty.words()), None);
            return None;
        }
        Some(Typed::new(Expr::Call(func, args.into_iter().map(|arg| arg.expr).collect()), ty))
    }

    /// A constant that stands for a day.
    fn is_day(&self, ty: &Ty) -> bool {
        let Ty::Text(Words::OneOf(given)) = ty else {
            return false;
        };
        given.iter().all(|(text, offset)| self.cx.date(self.source.at(*offset), text).is_some())
    }
}
