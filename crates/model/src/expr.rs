//! Typed expressions: what a CEL text of a pack becomes after checking.
//!
//! The pack compiler parses CEL, checks types against the declared fields and lowers to this form; here it is only
//! evaluated. It has no loops beyond those over lists, and cannot fail: a missing value is `Null`, and `Null` compares equal
//! only to `Null` and is false where a condition is wanted. Numbers are exact decimals (decision 0012).

pub(crate) mod func;
mod shape;
mod val;

pub use val::Val;

use func::{arith, call};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Static types, used by the checker and kept for the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// true or false.
    Bool,
    /// Whole number.
    Int,
    /// Decimal number, exact.
    Number,
    /// Text, codes and references included.
    Text,
    /// Instant, microseconds since 1970-01-01T00:00Z.
    Time,
    /// Civil day (`yyyy-mm-dd`); ordered as text.
    Date,
    /// List of the inner type.
    List(Box<Type>),
    /// Present or absent only.
    Any,
}

/// An operand that is looked up when the expression is evaluated: `case.category.time_limit` is
/// `["case", "category", "time_limit"]`.
pub type Path = Vec<String>;

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the usual six")]
pub enum Cmp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the usual five")]
pub enum Arith {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

/// Functions of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Func {
    /// Length of a text or list; 0 for a missing value.
    Size,
    /// Whether the operand has a value.
    Has,
    /// Text contains text.
    Contains,
    /// Text starts with text.
    StartsWith,
    /// Text ends with text.
    EndsWith,
    /// Whole days between two times or dates (`days(later, earlier)`).
    Days,
    /// Hours between two times, rounded down (`hours(later, earlier)`).
    Hours,
    /// Minutes between two times, rounded down (`minutes(later, earlier)`).
    Minutes,
    /// The operand as text.
    Text,
    /// Sum of a list of numbers; of nothing it is 0.
    Sum,
    /// Smallest of a list of numbers, days or times of day.
    Min,
    /// Largest of them.
    Max,
    /// Rounded half up: to a whole number, or to the decimals the second operand names.
    Round,
    /// The day some days later.
    AddDays,
    /// Whole years between two days (`years(later, earlier)`).
    Years,
    /// The year of a day or moment.
    Year,
    /// The month of a day or moment, 1 to 12.
    Month,
    /// The day a moment falls on here.
    Date,
    /// Metres between two points.
    Distance,
    /// Metres along a line.
    Length,
    /// Square metres of an area.
    Area,
    /// Whether a point lies in an area (`inside(point, area)`).
    Inside,
    /// The row of a register whose area holds a point (`area_at(point, register)`).
    AreaAt,
    /// The time of day of a moment here, `09:30`.
    Clock,
    /// How often a value stands in a list (`count(list, value)`).
    Tally,
    /// The day of birth in an identity number.
    Born,
    /// `female` or `male`, as an identity number says.
    Sex,
}

/// A checked expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Expr {
    /// A constant.
    Lit(Value),
    /// A value looked up.
    Path(Path),
    /// Negation.
    Not(Box<Expr>),
    /// All hold (evaluated left to right, stopping early).
    And(Vec<Expr>),
    /// Any holds.
    Or(Vec<Expr>),
    /// Comparison.
    Cmp(Cmp, Box<Expr>, Box<Expr>),
    /// Membership in a list.
    In(Box<Expr>, Box<Expr>),
    /// Arithmetic on numbers; `+` also joins texts.
    Arith(Arith, Box<Expr>, Box<Expr>),
    /// `condition ? a : b`.
    Cond(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A function call.
    Call(Func, Vec<Expr>),
    /// A list of values.
    List(Vec<Expr>),
    /// The rows of a register that match.
    Rows(Box<RowsOf>),
}

/// Rows of a register: how many match, or the sum of one of their fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowsOf {
    /// The register.
    pub register: String,
    /// The field that is summed; without one the rows are counted.
    pub sum: Option<String>,
    /// What fields must be; `place` is where the row is kept.
    pub matching: Vec<(String, Expr)>,
}

/// Where operands come from.
pub trait Scope {
    /// The value at `path`, `Val::Null` when there is none.
    fn get<'a>(&'a self, path: &[String]) -> Val<'a>;
    /// The key of the row of `register` whose area holds the point at this longitude and latitude.
    fn area_at<'a>(&'a self, _register: &str, _point: [f64; 2]) -> Val<'a> {
        Val::Null
    }
    /// How many rows match, or the sum of their field; no value where that is not known.
    fn rows<'a>(&'a self, _of: &RowsOf, _wanted: &BTreeMap<String, Value>) -> Val<'a> {
        Val::Null
    }
    /// The table at `path` with its rows, of which an expression sees no more than columns.
    fn table(&self, _path: &[String]) -> Option<&Value> {
        None
    }
}

impl Expr {
    /// The value in `scope`.
    pub fn eval<'a>(&'a self, scope: &'a dyn Scope) -> Val<'a> {
        match self {
            Expr::Lit(value) => Val::from_json(value),
            Expr::Path(path) => scope.get(path),
            Expr::Not(inner) => Val::Bool(!inner.eval(scope).truth()),
            Expr::And(all) => Val::Bool(all.iter().all(|e| e.eval(scope).truth())),
            Expr::Or(any) => Val::Bool(any.iter().any(|e| e.eval(scope).truth())),
            Expr::Cmp(op, a, b) => Val::Bool(holds(*op, a.eval(scope).compare(&b.eval(scope)))),
            Expr::In(item, list) => Val::Bool(match list.eval(scope) {
                Val::List(items) => {
                    let item = item.eval(scope);
                    items.iter().any(|one| item.compare(one) == Some(Ordering::Equal))
                }
                _ => false,
            }),
            Expr::Arith(op, a, b) => arith(*op, a.eval(scope), b.eval(scope)),
            Expr::Cond(test, yes, no) => {
                if test.eval(scope).truth() {
                    yes.eval(scope)
                } else {
                    no.eval(scope)
                }
            }
            Expr::Call(func, args) => call(*func, args, scope),
            Expr::List(items) => Val::List(items.iter().map(|e| e.eval(scope)).collect()),
            Expr::Rows(of) => {
                let wanted = of.matching.iter().map(|(field, value)| (field.clone(), value.eval(scope).to_json()));
                scope.rows(of, &wanted.collect())
            }
        }
    }

    /// Whether the condition holds in `scope`.
    #[must_use]
    pub fn holds(&self, scope: &dyn Scope) -> bool {
        self.eval(scope).truth()
    }

    /// Every path the expression looks up, for checks and for planning what to load.
    pub fn paths<'a>(&'a self, into: &mut Vec<&'a Path>) {
        match self {
            Expr::Path(path) => into.push(path),
            other => other.parts(&mut |part| part.paths(into)),
        }
    }

    /// The rows the expression counts or sums up.
    pub fn rows<'a>(&'a self, into: &mut Vec<&'a RowsOf>) {
        if let Expr::Rows(of) = self {
            into.push(of);
        }
        self.parts(&mut |part| part.rows(into));
    }

    /// Everything the expression is put together from.
    pub(crate) fn parts<'a>(&'a self, each: &mut dyn FnMut(&'a Expr)) {
        match self {
            Expr::Lit(_) | Expr::Path(_) => {}
            Expr::Not(inner) => each(inner),
            Expr::And(all) | Expr::Or(all) | Expr::List(all) | Expr::Call(_, all) => all.iter().for_each(each),
            Expr::Cmp(_, a, b) | Expr::In(a, b) | Expr::Arith(_, a, b) => {
                each(a);
                each(b);
            }
            Expr::Cond(a, b, c) => [a, b, c].into_iter().for_each(|part| each(part)),
            Expr::Rows(of) => of.matching.iter().for_each(|(_, value)| each(value)),
        }
    }
}

fn holds(op: Cmp, order: Option<Ordering>) -> bool {
    match (op, order) {
        (Cmp::Eq, order) => order == Some(Ordering::Equal),
        (Cmp::Ne, order) => order != Some(Ordering::Equal),
        (_, None) => false,
        (Cmp::Lt, Some(order)) => order.is_lt(),
        (Cmp::Le, Some(order)) => order.is_le(),
        (Cmp::Gt, Some(order)) => order.is_gt(),
        (Cmp::Ge, Some(order)) => order.is_ge(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct One(Value);
    impl Scope for One {
        fn get<'a>(&'a self, path: &[String]) -> Val<'a> {
            path.iter().try_fold(&self.0, |v, key| v.get(key)).map_or(Val::Null, Val::from_json)
        }
    }
    fn path(text: &str) -> Box<Expr> {
        Box::new(Expr::Path(text.split('.').map(str::to_owned).collect()))
    }
    fn lit(value: Value) -> Box<Expr> {
        Box::new(Expr::Lit(value))
    }

    #[test]
    fn missing_values_are_never_true_and_never_compare() {
        let scope = One(json!({"case": {"returns": 1}}));
        assert!(Expr::Cmp(Cmp::Lt, path("case.returns"), lit(json!(2))).holds(&scope));
        assert!(!Expr::Cmp(Cmp::Lt, path("case.gone"), lit(json!(2))).holds(&scope));
        assert!(Expr::Cmp(Cmp::Ne, path("case.gone"), lit(json!(2))).holds(&scope));
        assert!(Expr::Not(path("case.gone")).holds(&scope));
    }

    #[test]
    fn decimals_kept_as_text_compare_as_numbers() {
        let scope = One(json!({"a": "12.50"}));
        assert!(Expr::Cmp(Cmp::Gt, path("a"), lit(json!(9))).holds(&scope));
    }

    #[test]
    fn overflow_and_division_by_zero_give_no_value() {
        let scope = One(json!({}));
        assert_eq!(Expr::Arith(Arith::Mul, lit(json!(i64::MAX)), lit(json!(2))).eval(&scope), Val::Null);
        assert_eq!(Expr::Arith(Arith::Div, lit(json!(1)), lit(json!(0))).eval(&scope), Val::Null);
    }
}
