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

    fn condition(&self, fields: &[Field], when: &Expr) -> Option<String> {
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

/// The field of the form that `expr` names, without going on into a row.
fn asked<'f>(fields: &'f [Field], expr: &Expr) -> Option<&'f Field> {
    match expr {
        Expr::Path(path) if path.len() == 2 && path[0] == "form" => fields.iter().find(|field| field.name == path[1]),
        _ => None,
    }
}
