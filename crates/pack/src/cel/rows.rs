//! Functions over the rows of a register, which is named and not computed: `area_at(point, register)`,
//! `key(register, text)`.

use super::check::{Check, Typed};
use super::ty::{Ty, Words};
use cel::IdedExpr;
use cel::common::ast::Expr as Ast;
use ganglion_model::expr::{Expr, Func};
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
