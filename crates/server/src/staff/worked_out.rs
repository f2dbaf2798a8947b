//! How a figure is worked out, in the titles of the packs: the formula over other figures, which rows a measure counts and
//! when, and the words of its parts. What cannot be said in a few words is left out, never shown as the pack writes it.

use crate::view::Look;
use ganglion_model::expr::{Arith, Cmp, Expr, Func};
use ganglion_model::pack::{Dim, Field, FieldKind, Measure, Moment, Process, Register, Source};
use ganglion_model::{Level, Model};
use serde_json::Value;

/// What a measure counts.
#[derive(Clone, Copy)]
struct Counted<'a> {
    model: &'a Model,
    process: Option<&'a Process>,
    register: Option<&'a Register>,
}

/// What a path names.
enum Named<'a> {
    Field(&'a Field),
    State,
    Level,
}

impl<'a> Counted<'a> {
    fn of(model: &'a Model, measure: &Measure) -> Counted<'a> {
        match &measure.of {
            Source::Process(name) => Counted { model, process: model.processes.get(name), register: None },
            Source::Register(name) => Counted { model, process: None, register: model.registers.get(name) },
        }
    }

    /// The fields a path leads along, the last being what it names.
    fn fields(&self, path: &[String]) -> Vec<&'a Field> {
        if !matches!(path.first().map(String::as_str), Some("case" | "row" | "")) {
            return Vec::new();
        }
        let mut names = path.iter().skip(1);
        let first = names.next();
        let own = |name: &String| match (self.process, self.register) {
            (Some(process), _) => process.form.iter().chain(&process.fields).find(|field| field.name == *name),
            (None, register) => register.and_then(|register| register.field(name)),
        };
        let mut all: Vec<&Field> = first.and_then(own).into_iter().collect();
        for name in names {
            let next = match all.last().map(|field| &field.kind) {
                Some(FieldKind::Ref { register } | FieldKind::Refs { register, .. }) => {
                    self.model.registers.get(register).and_then(|register| register.field(name))
                }
                _ => None,
            };
            match next {
                Some(field) => all.push(field),
                None => return Vec::new(),
            }
        }
        all
    }

    /// What an expression that only looks something up names, and what that is called.
    fn named(&self, look: &Look<'_>, expr: &Expr) -> Option<(Named<'a>, String)> {
        let Expr::Path(path) = expr else { return None };
        let fields = self.fields(path);
        if let Some(last) = fields.last().copied() {
            let titles: Vec<String> = fields.iter().map(|field| look.text(&field.title)).collect();
            return Some((Named::Field(last), titles.join(" · ")));
        }
        match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["case", "state"] => Some((Named::State, look.t("col-state"))),
            ["case", "level"] => Some((Named::Level, look.t("figure-level"))),
            _ => None,
        }
    }

    /// A value of what is named.
    fn value(&self, look: &Look<'_>, named: &Named<'_>, value: &Value) -> Option<String> {
        match (named, value.as_str()) {
            (Named::Field(field), _) => look.value(field, value),
            (Named::State, Some(name)) => self.process?.states.get(name).map(|state| look.text(&state.title)),
            (Named::Level, Some(name)) => Level::parse(name).map(|level| look.t(&format!("level-{}", level.as_str()))),
            _ => None,
        }
    }

    /// A condition in words; none when it has a part that has no title.
    fn condition(&self, look: &Look<'_>, expr: &Expr) -> Option<String> {
        let joined = |parts: &[Expr], key: &str| {
            let mut parts = parts.iter().map(|part| self.condition(look, part));
            let first = parts.next()??;
            parts.try_fold(first, |a, b| Some(look.say(key, &[("a", a.into()), ("b", b?.into())])))
        };
        match expr {
            Expr::And(all) => joined(all, "condition-and"),
            Expr::Or(any) => joined(any, "condition-or"),
            Expr::Not(inner) => Some(look.say("figure-not", &[("a", self.condition(look, inner)?.into())])),
            Expr::Call(Func::Has, args) => self.given(look, args.first()?),
            Expr::Cmp(op, a, b) => {
                let (named, title) = self.named(look, a)?;
                let Expr::Lit(value) = &**b else { return None };
                Some(format!("{title} {} {}", sign(*op), self.value(look, &named, value)?))
            }
            Expr::In(item, list) => {
                let (named, title) = self.named(look, item)?;
                let Expr::List(items) = &**list else { return None };
                let said = items.iter().map(|item| match item {
                    Expr::Lit(value) => self.value(look, &named, value),
                    _ => None,
                });
                let value = said.collect::<Option<Vec<String>>>()?.join(&look.t("list-comma"));
                Some(look.say("condition-is", &[("field", title.into()), ("value", value.into())]))
            }
            Expr::Path(path) => self.holds(look, path, expr),
            _ => None,
        }
    }

    /// That something has a value: a field, or the moment a case was in a state.
    fn given(&self, look: &Look<'_>, expr: &Expr) -> Option<String> {
        if let Expr::Path(path) = expr
            && let [root, name] = path.as_slice()
            && (root == "first" || root == "last")
        {
            let title = look.text(&self.process?.states.get(name)?.title);
            return Some(look.say("figure-been", &[("title", title.into())]));
        }
        let (_, title) = self.named(look, expr)?;
        Some(look.say("condition-given", &[("field", title.into())]))
    }

    /// A path that is itself true or false: a field to tick, or how a clock stands.
    fn holds(&self, look: &Look<'_>, path: &[String], expr: &Expr) -> Option<String> {
        if let [root, name, part] = path
            && root == "clock"
        {
            let clock = self.process?.clocks.get(name)?;
            let key = format!("figure-clock-{}", part.replace('_', "-"));
            return look.say.has(&key).then(|| look.say(&key, &[("clock", look.text(&clock.title).into())]));
        }
        match self.named(look, expr)? {
            (Named::Field(field), title) if field.kind == FieldKind::Boolean => {
                Some(look.say("condition-yes", &[("field", title.into())]))
            }
            _ => None,
        }
    }

    /// When a row counts.
    fn moment(&self, look: &Look<'_>, moment: &Moment) -> Option<String> {
        let state = |name: &String| self.process?.states.get(name).map(|state| look.text(&state.title));
        let clock = |name: &String| self.process?.clocks.get(name).map(|clock| look.text(&clock.title));
        let say = |key: &str, title: String| Some(look.say(key, &[("title", title.into())]));
        match moment {
            Moment::Opened => Some(look.t("figure-at-opened")),
            Moment::First(name) => say("figure-at-first", state(name)?),
            Moment::Last(name) => say("figure-at-last", state(name)?),
            Moment::ClockStopped(name) => say("figure-at-stopped", clock(name)?),
            Moment::ClockDue(name) => say("figure-at-due", clock(name)?),
            Moment::Field(name) => {
                let fields = self.fields(&[String::new(), name.clone()]);
                say("figure-at-field", look.text(&fields.last()?.title))
            }
            Moment::ValidFrom => Some(look.t("figure-at-from")),
            Moment::ValidTo => Some(look.t("figure-at-to")),
            Moment::Mark(_) | Moment::Always => None,
        }
    }
}

fn sign(op: Cmp) -> &'static str {
    match op {
        Cmp::Eq => "=",
        Cmp::Ne => "≠",
        Cmp::Lt => "<",
        Cmp::Le => "≤",
        Cmp::Gt => ">",
        Cmp::Ge => "≥",
    }
}

/// Which rows a measure counts and when, behind what it counts them of.
#[must_use]
pub fn measure_words(look: &Look<'_>, model: &Model, measure: &Measure) -> String {
    let counted = Counted::of(model, measure);
    let of = counted.process.map(|one| &one.title).or(counted.register.map(|one| &one.title));
    let of = of.map(|title| look.text(title)).unwrap_or_default();
    let at = counted.moment(look, &measure.at);
    let filter = measure.filter.as_ref();
    let filter = filter.map(|filter| counted.condition(look, filter).unwrap_or_else(|| look.t("figure-some-rows")));
    std::iter::once(of).chain(filter).chain(at).collect::<Vec<_>>().join(&look.t("figure-and"))
}

/// A formula over other figures, by their titles; none when it has a part without one.
#[must_use]
pub fn formula_words(look: &Look<'_>, model: &Model, expr: &Expr) -> Option<String> {
    match as_written(expr) {
        Expr::Lit(Value::Number(number)) => Some(number.to_string()),
        Expr::Lit(Value::String(number)) => Some(number.clone()),
        Expr::Path(path) => {
            let indicator = model.indicators.get(path.first()?)?;
            Some(look.say("figure-quoted", &[("title", look.figure_title(indicator).into())]))
        }
        Expr::Arith(op, a, b) => {
            let sign = match op {
                Arith::Add => "+",
                Arith::Sub => "−",
                Arith::Mul => "×",
                Arith::Div => "÷",
                Arith::Rem => return None,
            };
            let inner = |part: &Expr| {
                let words = formula_words(look, model, part)?;
                Some(if matches!(as_written(part), Expr::Arith(..)) { format!("({words})") } else { words })
            };
            Some(format!("{} {sign} {}", inner(a)?, inner(b)?))
        }
        _ => None,
    }
}

/// What the author wrote: the compiler takes nothing away from an operand to make a number of it.
fn as_written(expr: &Expr) -> &Expr {
    match expr {
        Expr::Arith(Arith::Sub, of, nothing) if **nothing == Expr::Lit(Value::from(0)) => as_written(of),
        other => other,
    }
}

/// The title of what a dimension is read from, if it has one.
#[must_use]
pub fn dim_title(look: &Look<'_>, model: &Model, (measure, dim): (&Measure, &Dim)) -> Option<String> {
    Counted::of(model, measure).named(look, &dim.of).map(|(_, title)| title)
}

/// The words of a part, by what the dimension is read from.
#[must_use]
pub fn part_words(look: &Look<'_>, model: &Model, (measure, dim): (&Measure, &Dim), value: &str) -> Option<String> {
    let counted = Counted::of(model, measure);
    let (named, _) = counted.named(look, &dim.of)?;
    let value = match (&named, value) {
        (Named::Field(field), "true" | "false") if field.kind == FieldKind::Boolean => Value::Bool(value == "true"),
        _ => Value::from(value),
    };
    counted.value(look, &named, &value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_compiler_adds_to_an_operand_is_not_said() {
        let path = || Expr::Path(vec!["rows".to_owned()]);
        let number = |of: Expr, less: i64| Expr::Arith(Arith::Sub, Box::new(of), Box::new(Expr::Lit(less.into())));
        assert_eq!(as_written(&number(number(path(), 0), 0)), &path());
        let less = number(path(), 1);
        assert_eq!(as_written(&less), &less, "what was written stays");
    }
}
