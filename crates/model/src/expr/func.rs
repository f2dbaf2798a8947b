//! Arithmetic and the functions of the language. Whatever cannot be worked out (overflow, division by zero, a missing
//! operand) gives no value; nothing here fails.

use super::{Arith, Expr, Func, Scope, Val, shape};
use crate::HALF_UP;
use crate::checks;
use crate::clocks::{local_clock, local_date};
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Most decimals `round` keeps.
const MOST_DECIMALS: u32 = 12;

pub(super) fn arith<'a>(op: Arith, a: Val<'a>, b: Val<'a>) -> Val<'a> {
    match (op, &a, &b) {
        (Arith::Add, Val::Text(x), Val::Text(y)) => Val::Text(Cow::Owned(format!("{x}{y}"))),
        (Arith::Add, Val::Int(x), Val::Int(y)) => x.checked_add(*y).map_or(Val::Null, Val::Int),
        (Arith::Sub, Val::Int(x), Val::Int(y)) => x.checked_sub(*y).map_or(Val::Null, Val::Int),
        (Arith::Mul, Val::Int(x), Val::Int(y)) => x.checked_mul(*y).map_or(Val::Null, Val::Int),
        (Arith::Div, Val::Int(x), Val::Int(y)) => x.checked_div(*y).map_or(Val::Null, Val::Int),
        (Arith::Rem, Val::Int(x), Val::Int(y)) => x.checked_rem(*y).map_or(Val::Null, Val::Int),
        _ => match (a.number(), b.number()) {
            (Some(x), Some(y)) => {
                let n = match op {
                    Arith::Add => x.checked_add(y),
                    Arith::Sub => x.checked_sub(y),
                    Arith::Mul => x.checked_mul(y),
                    Arith::Div => x.checked_div(y),
                    Arith::Rem => x.checked_rem(y),
                };
                n.map_or(Val::Null, Val::Num)
            }
            _ => Val::Null,
        },
    }
}

pub(super) fn call<'a>(func: Func, args: &'a [Expr], scope: &'a dyn Scope) -> Val<'a> {
    let arg = |n: usize| args.get(n).map_or(Val::Null, |e| e.eval(scope));
    match func {
        Func::Size => Val::Int(match arg(0) {
            Val::Text(s) => i64::try_from(s.chars().count()).unwrap_or(i64::MAX),
            Val::List(items) => i64::try_from(items.len()).unwrap_or(i64::MAX),
            _ => 0,
        }),
        Func::Has => Val::Bool(match arg(0) {
            Val::Null => false,
            Val::Text(s) => !s.is_empty(),
            _ => true,
        }),
        Func::Contains | Func::StartsWith | Func::EndsWith => Val::Bool(match (arg(0), arg(1)) {
            (Val::Text(a), Val::Text(b)) => match func {
                Func::Contains => a.contains(b.as_ref()),
                Func::StartsWith => a.starts_with(b.as_ref()),
                _ => a.ends_with(b.as_ref()),
            },
            _ => false,
        }),
        Func::Days => between(&arg(0), &arg(1), 86_400_000_000),
        Func::Hours => between(&arg(0), &arg(1), 3_600_000_000),
        Func::Minutes => between(&arg(0), &arg(1), 60_000_000),
        Func::Text => match arg(0) {
            Val::Int(n) => Val::Text(Cow::Owned(n.to_string())),
            Val::Num(n) => Val::Text(Cow::Owned(n.normalize().to_string())),
            Val::Bool(b) => Val::Text(Cow::Borrowed(if b { "true" } else { "false" })),
            Val::Text(s) => Val::Text(s),
            _ => Val::Null,
        },
        Func::Sum => sum(arg(0)),
        Func::Tally => {
            let (Val::List(items), value) = (arg(0), arg(1)) else { return Val::Int(0) };
            let found = items.iter().filter(|item| value.compare(item) == Some(Ordering::Equal)).count();
            Val::Int(i64::try_from(found).unwrap_or(i64::MAX))
        }
        Func::Min => extreme(arg(0), Ordering::Less),
        Func::Max => extreme(arg(0), Ordering::Greater),
        Func::Round => round(&arg(0), args.get(1).map(|e| e.eval(scope))),
        Func::AddDays => match (day(&arg(0)), arg(1)) {
            (Some(day), Val::Int(n)) => {
                let span = Span::new().try_days(n).ok();
                span.and_then(|span| day.checked_add(span).ok()).map_or(Val::Null, of_day)
            }
            _ => Val::Null,
        },
        Func::Years => day(&arg(0)).zip(day(&arg(1))).map_or(Val::Null, |(later, earlier)| years(later, earlier)),
        Func::Year => day(&arg(0)).map_or(Val::Null, |day| Val::Int(i64::from(day.year()))),
        Func::Month => day(&arg(0)).map_or(Val::Null, |day| Val::Int(i64::from(day.month()))),
        Func::Date => day(&arg(0)).map_or(Val::Null, of_day),
        Func::Distance => shape::distance(&arg(0), &arg(1)),
        Func::Length => shape::length(&arg(0)),
        Func::Area => shape::area(&arg(0)),
        Func::Inside => shape::inside(&arg(0), &arg(1)),
        Func::AreaAt => match (shape::corner(&arg(0)), args.get(1)) {
            (Some(point), Some(Expr::Lit(serde_json::Value::String(register)))) => scope.area_at(register, point),
            _ => Val::Null,
        },
        Func::Clock => moment(&arg(0)).map_or(Val::Null, |at| Val::Text(Cow::Owned(local_clock(at)))),
        Func::Born => person(&arg(0)).map_or(Val::Null, |(born, _)| of_day(born)),
        Func::Sex => person(&arg(0)).map_or(Val::Null, |(_, sex)| Val::Text(Cow::Borrowed(sex))),
    }
}

/// Day of birth and sex in an identity number that is well formed.
fn person(value: &Val<'_>) -> Option<(Date, &'static str)> {
    let Val::Text(id) = value else { return None };
    let born = checks::citizen_id(id).ok()?;
    let order = id.as_bytes().get(16)?;
    Some((born, if order % 2 == 1 { "male" } else { "female" }))
}

fn of_day<'a>(day: Date) -> Val<'a> {
    Val::Text(Cow::Owned(day.to_string()))
}

/// A moment, also as it stands in a field of type `datetime`.
fn moment(value: &Val<'_>) -> Option<Timestamp> {
    match value {
        Val::Time(micros) => Timestamp::from_microsecond(*micros).ok(),
        Val::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// The civil day of a day or of a moment here.
fn day(value: &Val<'_>) -> Option<Date> {
    match value {
        Val::Time(micros) => Timestamp::from_microsecond(*micros).ok().map(local_date),
        Val::Text(text) if text.len() == 10 => text.parse().ok(),
        Val::Text(text) => text.parse::<Timestamp>().ok().map(local_date),
        _ => None,
    }
}

/// Whole years: on 28 February somebody born on 29 February is not yet a year older.
fn years<'a>(later: Date, earlier: Date) -> Val<'a> {
    let passed = (later.month(), later.day()) >= (earlier.month(), earlier.day());
    Val::Int(i64::from(later.year()) - i64::from(earlier.year()) - i64::from(!passed))
}

/// The sum of a list of numbers; of nothing it is 0.
pub(crate) fn sum<'a>(list: Val<'a>) -> Val<'a> {
    let Val::List(items) = list else { return Val::Int(0) };
    items.into_iter().filter(|item| *item != Val::Null).fold(Val::Int(0), |sum, item| arith(Arith::Add, sum, item))
}

/// The first of a list in the direction `wanted`: decimals by their value, days and times of day by their text.
fn extreme<'a>(list: Val<'a>, wanted: Ordering) -> Val<'a> {
    let Val::List(items) = list else { return Val::Null };
    let number = |item: Val<'a>| match (&item, item.number()) {
        (Val::Text(_), Some(n)) => Val::Num(n),
        _ => item,
    };
    let items = items.into_iter().filter(|item| *item != Val::Null).map(number);
    items.reduce(|best, item| if item.compare(&best) == Some(wanted) { item } else { best }).unwrap_or(Val::Null)
}

fn round<'a>(value: &Val<'a>, decimals: Option<Val<'a>>) -> Val<'a> {
    let Some(number) = value.number() else { return Val::Null };
    match decimals {
        None => {
            let whole = number.round_dp_with_strategy(0, HALF_UP);
            i64::try_from(whole.mantissa()).map_or(Val::Null, Val::Int)
        }
        Some(Val::Int(n)) => match u32::try_from(n) {
            Ok(n) if n <= MOST_DECIMALS => Val::Num(number.round_dp_with_strategy(n, HALF_UP)),
            _ => Val::Null,
        },
        Some(_) => Val::Null,
    }
}

fn between<'a>(later: &Val<'_>, earlier: &Val<'_>, unit_micros: i64) -> Val<'a> {
    fn micros(value: &Val<'_>) -> Option<i64> {
        match value {
            Val::Time(at) => Some(*at),
            Val::Text(text) => text
                .parse::<Timestamp>()
                .map(Timestamp::as_microsecond)
                .or_else(|_| {
                    text.parse::<Date>()
                        .map(|day| i64::from((day - Date::constant(1970, 1, 1)).get_days()) * 86_400_000_000)
                })
                .ok(),
            _ => None,
        }
    }
    match (micros(later), micros(earlier)) {
        (Some(a), Some(b)) => Val::Int((a - b).div_euclid(unit_micros)),
        _ => Val::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    struct Nothing;
    impl Scope for Nothing {
        fn get<'a>(&'a self, _: &[String]) -> Val<'a> {
            Val::Null
        }
    }

    fn of(func: Func, args: Value) -> Value {
        let args: Vec<Expr> = args
            .as_array()
            .unwrap()
            .iter()
            .map(|arg| match arg {
                Value::Array(items) => Expr::List(items.iter().cloned().map(Expr::Lit).collect()),
                other => Expr::Lit(other.clone()),
            })
            .collect();
        Expr::Call(func, args).eval(&Nothing).to_json()
    }

    #[test]
    fn lists_are_summed_exactly_and_empty_cells_do_not_count() {
        assert_eq!(of(Func::Sum, json!([["0.1", "0.2", null]])), json!("0.3"));
        assert_eq!(of(Func::Sum, json!([[1, 2]])), json!(3));
        assert_eq!(of(Func::Sum, json!([[]])), json!(0));
        assert_eq!(of(Func::Sum, json!([null])), json!(0));
        assert_eq!(of(Func::Sum, json!([[i64::MAX, 1]])), Value::Null, "too much is no value, not a wrong one");
        assert_eq!(of(Func::Tally, json!([[true, false, null, true], true])), json!(2));
        assert_eq!(of(Func::Tally, json!([["1.50", "2"], 1.5])), json!(1), "by its value");
        assert_eq!(of(Func::Tally, json!([null, true])), json!(0));
        assert_eq!(of(Func::Min, json!([["9.5", "10.2"]])), json!("9.5"));
        assert_eq!(of(Func::Max, json!([["2022-06-27", "2022-07-01", null]])), json!("2022-07-01"));
        assert_eq!(of(Func::Max, json!([[]])), Value::Null);
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        for (number, decimals, wanted) in
            [("2.345", 2, "2.35"), ("-2.345", 2, "-2.35"), ("2.344999", 2, "2.34"), ("5", 2, "5")]
        {
            assert_eq!(of(Func::Round, json!([number, decimals])), json!(wanted), "{number}");
        }
        assert_eq!(of(Func::Round, json!(["2.5"])), json!(3));
        assert_eq!(of(Func::Round, json!(["-2.5"])), json!(-3));
        assert_eq!(of(Func::Round, json!(["99999999999999999999"])), Value::Null);
        assert_eq!(of(Func::Round, json!(["1", 99])), Value::Null);
        assert_eq!(of(Func::Round, json!([null])), Value::Null);
    }

    #[test]
    fn an_identity_number_says_day_of_birth_and_sex() {
        assert_eq!(of(Func::Born, json!(["139999201006150034"])), json!("2010-06-15"));
        assert_eq!(of(Func::Sex, json!(["139999201006150034"])), json!("male"));
        assert_eq!(of(Func::Sex, json!(["139999199001010024"])), json!("female"));
        for other in [json!(["139999201006150035"]), json!(["sealed"]), json!([null]), json!([5])] {
            assert_eq!(of(Func::Born, other.clone()), Value::Null, "{other}");
            assert_eq!(of(Func::Sex, other.clone()), Value::Null, "{other}");
        }
    }

    #[test]
    fn days_and_years_follow_the_calendar() {
        assert_eq!(of(Func::Years, json!(["2022-02-28", "2000-02-29"])), json!(21));
        assert_eq!(of(Func::Years, json!(["2022-03-01", "2000-02-29"])), json!(22));
        assert_eq!(of(Func::AddDays, json!(["2024-02-28", 2])), json!("2024-03-01"));
        assert_eq!(of(Func::AddDays, json!(["2024-02-28", i64::MAX])), Value::Null);
        assert_eq!(
            of(Func::Date, json!(["2022-06-27T17:00:00Z"])),
            json!("2022-06-28"),
            "in Beijing it is the next day"
        );
        assert_eq!(of(Func::Year, json!(["soon"])), Value::Null);
        assert_eq!(of(Func::Month, json!(["2022-06-27"])), json!(6));
        assert_eq!(of(Func::Clock, json!(["2022-06-27T01:05:59Z"])), json!("09:05"), "in Beijing");
        assert_eq!(of(Func::Clock, json!(["2022-06-27"])), Value::Null, "a day has no time");
    }

    #[test]
    fn decimals_are_exact_and_their_limits_give_no_value() {
        let arith = |op, a: &str, b: &str| {
            let lit = |text: &str| {
                Box::new(Expr::Arith(Arith::Sub, Box::new(Expr::Lit(json!(text))), Box::new(Expr::Lit(json!(0)))))
            };
            Expr::Arith(op, lit(a), lit(b)).eval(&Nothing).to_json()
        };
        assert_eq!(arith(Arith::Add, "0.1", "0.2"), json!("0.3"));
        assert_eq!(arith(Arith::Div, "7.86", "8.48"), json!("0.926886792452830188679245283"));
        assert_eq!(arith(Arith::Div, "1", "0"), Value::Null);
        assert_eq!(arith(Arith::Mul, "79228162514264337593543950335", "10"), Value::Null);
    }
}
