//! When a field applies, in words: "only if kind is X". What cannot be said in a short sentence is left to the system.

use super::Look;
use ganglion_model::expr::{Cmp, Expr, Func};
use ganglion_model::pack::{Field, FieldKind};
use serde_json::Value;

impl Look<'_> {
    /// The sentence beside a field that applies only if `when` holds.
    #[must_use]
    pub fn only_if(&self, fields: &[Field], when: &Expr) -> String {
        match self.condition(fields, when) {
            Some(condition) => self.say("only-if", &[("condition", condition.into())]),
            None => self.t("only-if-other"),
        }
    }

    /// A condition in words, where a short sentence can say it.
    pub(super) fn condition(&self, fields: &[Field], when: &Expr) -> Option<String> {
        match when {
            Expr::And(all) => self.joined(fields, all, "condition-and"),
            Expr::Or(any) => self.joined(fields, any, "condition-or"),
            Expr::Path(_) => self.yes_or_no("condition-yes", asked(fields, when)?),
            Expr::Not(inner) => self.yes_or_no("condition-no", asked(fields, inner)?),
            Expr::Call(Func::Has, args) => self.yes_or_no("condition-given", asked(fields, args.first()?)?),
            Expr::Cmp(Cmp::Eq, a, b) => {
                let (field, value) = match (&**a, &**b) {
                    (path @ Expr::Path(_), Expr::Lit(value)) | (Expr::Lit(value), path @ Expr::Path(_)) => {
                        (asked(fields, path)?, value)
                    }
                    _ => return None,
                };
                self.equal(field, std::slice::from_ref(value))
            }
            Expr::Cmp(cmp @ (Cmp::Lt | Cmp::Le | Cmp::Gt | Cmp::Ge), a, b) => self.bound(fields, *cmp, (&**a, &**b)),
            Expr::In(item, list) => {
                let Expr::List(items) = &**list else { return None };
                let literals = items.iter().map(|item| match item {
                    Expr::Lit(value) => Some(value.clone()),
                    _ => None,
                });
                self.equal(asked(fields, item)?, &literals.collect::<Option<Vec<Value>>>()?)
            }
            _ => None,
        }
    }

    /// `form.score <= 2`, and `2 >= form.score`, which says the same.
    fn bound(&self, fields: &[Field], cmp: Cmp, (a, b): (&Expr, &Expr)) -> Option<String> {
        let (path, value, cmp) = match (a, b) {
            (path @ Expr::Path(_), Expr::Lit(value)) => (path, value, cmp),
            (Expr::Lit(value), path @ Expr::Path(_)) => (path, value, turned(cmp)),
            _ => return None,
        };
        let key = match cmp {
            Cmp::Le => "condition-at-most",
            Cmp::Lt => "condition-below",
            Cmp::Ge => "condition-at-least",
            Cmp::Gt => "condition-above",
            Cmp::Eq | Cmp::Ne => return None,
        };
        let field = asked(fields, path)?;
        let args = [("field", self.text(&field.title).into()), ("value", self.value(field, value)?.into())];
        Some(self.say(key, &args))
    }

    fn joined(&self, fields: &[Field], parts: &[Expr], key: &str) -> Option<String> {
        let mut parts = parts.iter().map(|part| self.condition(fields, part));
        let first = parts.next()??;
        parts.try_fold(first, |a, b| Some(self.say(key, &[("a", a.into()), ("b", b?.into())])))
    }

    fn yes_or_no(&self, key: &str, field: &Field) -> Option<String> {
        (key == "condition-given" || field.kind == FieldKind::Boolean)
            .then(|| self.say(key, &[("field", self.text(&field.title).into())]))
    }

    fn equal(&self, field: &Field, values: &[Value]) -> Option<String> {
        let words: Vec<String> = values.iter().map(|value| self.value(field, value)).collect::<Option<_>>()?;
        let value = words.join(&self.t("list-comma"));
        Some(self.say("condition-is", &[("field", self.text(&field.title).into()), ("value", value.into())]))
    }
}

/// The comparison with its sides exchanged.
fn turned(cmp: Cmp) -> Cmp {
    match cmp {
        Cmp::Lt => Cmp::Gt,
        Cmp::Le => Cmp::Ge,
        Cmp::Gt => Cmp::Lt,
        Cmp::Ge => Cmp::Le,
        same => same,
    }
}

/// The field of the form that `expr` names, without going on into a row.
fn asked<'f>(fields: &'f [Field], expr: &Expr) -> Option<&'f Field> {
    match expr {
        Expr::Path(path) if path.len() == 2 && path[0] == "form" => fields.iter().find(|field| field.name == path[1]),
        _ => None,
    }
}
