//! Whether a feature satisfies a condition. What is missing or of another kind is neither true nor false, as in SQL.

use super::{Compare, Expr, Literal, Side};
use ganglion_geo::Geometry;
use ganglion_kernel::port_rows::as_number;
use ganglion_model::clocks::local_date;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// What a condition is asked of.
#[derive(Clone, Copy)]
struct Of<'f> {
    properties: &'f Map<String, Value>,
    geometry: Option<&'f Geometry>,
}

impl Expr {
    /// Whether a feature satisfies it.
    #[must_use]
    pub fn holds(&self, properties: &Map<String, Value>, geometry: Option<&Geometry>) -> bool {
        judged(self, Of { properties, geometry }) == Some(true)
    }
}

/// True, false, or neither.
fn judged(expr: &Expr, of: Of<'_>) -> Option<bool> {
    match expr {
        Expr::Truth(truth) => Some(*truth),
        Expr::Not(inner) => judged(inner, of).map(|held| !held),
        Expr::And(all) => among(all, of, false),
        Expr::Or(all) => among(all, of, true),
        Expr::Compare(a, compare, b) => compared(value(a, of)?, value(b, of)?).map(|order| fits(*compare, order)),
        Expr::In(name, values) => {
            let own = found(of, name)?;
            let orders: Vec<Option<Ordering>> = values.iter().map(|one| compared(own.clone(), one.clone())).collect();
            match orders.contains(&Some(Ordering::Equal)) {
                true => Some(true),
                false => (!orders.contains(&None)).then_some(false),
            }
        }
        Expr::Between(name, low, high) => {
            let own = found(of, name)?;
            Some(compared(own.clone(), low.clone())?.is_ge() && compared(own, high.clone())?.is_le())
        }
        Expr::Like(name, pattern) => match found(of, name)? {
            Literal::Text(text) => Some(looks(&text, pattern)),
            _ => None,
        },
        Expr::IsNull(name) => Some(of.properties.get(name).is_none_or(Value::is_null)),
        Expr::Touches(bounds) => Some(of.geometry?.touches(*bounds)),
    }
}

/// `wanted` as soon as one of them is so, neither when that cannot be known.
fn among(all: &[Expr], of: Of<'_>, wanted: bool) -> Option<bool> {
    let mut is_known = true;
    for one in all {
        match judged(one, of) {
            Some(held) if held == wanted => return Some(wanted),
            Some(_) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(!wanted)
}

fn found(of: Of<'_>, name: &str) -> Option<Literal> {
    Some(match of.properties.get(name)? {
        Value::String(text) => Literal::Text(text.clone()),
        Value::Number(number) => Literal::Number(number.as_f64()?),
        Value::Bool(truth) => Literal::Truth(*truth),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    })
}

fn value(side: &Side, of: Of<'_>) -> Option<Literal> {
    match side {
        Side::Property(name) => found(of, name),
        Side::Literal(literal) => Some(literal.clone()),
    }
}

/// The day a value is: a text that is one, or the day of an instant in Beijing.
fn day(literal: &Literal) -> Option<Date> {
    match literal {
        Literal::Day(day) => Some(*day),
        Literal::Text(text) => text.parse().ok().or_else(|| text.parse::<Timestamp>().ok().map(local_date)),
        _ => None,
    }
}

fn instant(literal: &Literal) -> Option<Timestamp> {
    match literal {
        Literal::Instant(at) => Some(*at),
        Literal::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn number(literal: &Literal) -> Option<f64> {
    match literal {
        Literal::Number(number) => Some(*number),
        Literal::Text(text) => as_number(text),
        _ => None,
    }
}

/// How two values follow each other; `None` for values that cannot be compared.
fn compared(a: Literal, b: Literal) -> Option<Ordering> {
    match (&a, &b) {
        (Literal::Text(a), Literal::Text(b)) => Some(a.cmp(b)),
        (Literal::Truth(a), Literal::Truth(b)) => Some(a.cmp(b)),
        (Literal::Number(_), _) | (_, Literal::Number(_)) => number(&a)?.partial_cmp(&number(&b)?),
        (Literal::Instant(_), Literal::Text(_) | Literal::Instant(_)) | (Literal::Text(_), Literal::Instant(_)) => {
            Some(instant(&a)?.cmp(&instant(&b)?))
        }
        (Literal::Day(_), Literal::Text(_) | Literal::Day(_)) | (Literal::Text(_), Literal::Day(_)) => {
            Some(day(&a)?.cmp(&day(&b)?))
        }
        _ => None,
    }
}

fn fits(compare: Compare, order: Ordering) -> bool {
    match compare {
        Compare::Equal => order.is_eq(),
        Compare::Unequal => order.is_ne(),
        Compare::Less => order.is_lt(),
        Compare::Greater => order.is_gt(),
        Compare::AtMost => order.is_le(),
        Compare::AtLeast => order.is_ge(),
    }
}

/// Whether a text looks like a pattern, in steps bounded by the product of their lengths.
fn looks(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut reached: Vec<bool> = (0..=text.len()).map(|at| at == 0).collect();
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        let (any, literal) = match sign {
            '%' => (true, None),
            '_' => (false, None),
            '\\' => (false, signs.next()),
            other => (false, Some(other)),
        };
        let mut next = vec![false; text.len() + 1];
        let mut before = false;
        for (at, here) in reached.iter().enumerate() {
            if any {
                before |= *here;
                next[at] = before;
            } else if *here && text.get(at).is_some_and(|c| literal.is_none_or(|wanted| wanted == *c)) {
                next[at + 1] = true;
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use crate::ogc::cql::parse;
    use crate::ogc::crs::Crs;
    use ganglion_geo::Geometry;
    use serde_json::json;

    const NAMES: [&str; 7] = ["kind", "depth", "deep", "open", "built", "at", "none"];

    fn holds(filter: &str) -> bool {
        let properties = json!({
            "kind": "farm", "depth": 100, "deep": "100.50", "open": true, "built": "2022-06-27",
            "at": "2022-06-27T01:00:00Z", "none": null,
        });
        let expr = parse(filter, &NAMES, Crs::Crs84).unwrap_or_else(|wrong| panic!("{filter}: {wrong:?}"));
        expr.holds(properties.as_object().unwrap(), Some(&Geometry::Point([116.84, 38.32])))
    }

    #[test]
    fn what_is_so_holds_and_its_contrary_does_not() {
        for filter in [
            "kind = 'farm'",
            "'farm' = kind",
            "depth > 99.5",
            "deep > 100 AND deep <= 100.5",
            "open = TRUE",
            "built < DATE('2022-06-28')",
            "at = TIMESTAMP('2022-06-27T09:00:00+08:00')",
            "at >= DATE('2022-06-27')",
            "kind IN ('town', 'farm')",
            "depth BETWEEN 100 AND 200",
            "kind LIKE 'f%m'",
            "kind LIKE '_arm'",
            "kind LIKE '%'",
            "none IS NULL",
            "S_INTERSECTS(geometry, BBOX(116,38,117,39))",
            "kind <> 'town' OR none = 1",
        ] {
            assert!(holds(filter), "{filter}");
            assert!(!holds(&format!("NOT ({filter})")), "NOT {filter}");
        }
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_neither() {
        for filter in
            ["none = 'x'", "none <> 'x'", "none LIKE '%'", "kind > 5", "open = 1", "none IN ('a')", "kind IN (1)"]
        {
            assert!(!holds(filter), "{filter}");
            assert!(!holds(&format!("NOT ({filter})")), "NOT {filter}");
        }
        assert!(!holds("none = 1 AND kind = 'farm'"));
        assert!(!holds("kind LIKE 'f\\%'") && !holds("kind LIKE 'far'"));
        assert!(!holds("S_INTERSECTS(geometry, POINT(116.85 38.32))"));
    }
}
