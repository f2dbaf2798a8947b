//! Exact numbers: fractions of whole numbers, for sums of money and area, ratios and their rounding. A sum of decimals is
//! never a float on its way to a figure. Left out on purpose: roots, powers and anything else that is not a fraction.

use crate::expr::{Arith, Expr, Scope, Val};
use crate::pack::Rounding;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Most digits behind the point that are read; what is finer is no value people wrote.
const DIGITS_MAX: usize = 18;

/// A fraction in lowest terms with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Frac {
    num: i128,
    den: i128,
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).unwrap_or(1).max(1)
}

fn power(digits: usize) -> i128 {
    10_i128.pow(u32::try_from(digits.min(2 * DIGITS_MAX)).unwrap_or(0))
}

impl Frac {
    /// Nothing.
    pub const ZERO: Frac = Frac { num: 0, den: 1 };

    /// `num / den`; `None` when `den` is nothing.
    #[must_use]
    pub fn new(num: i128, den: i128) -> Option<Frac> {
        let by = gcd(num, den);
        let sign = den.signum();
        let (num, den) = ((num / by).checked_mul(sign)?, (den / by).checked_mul(sign)?);
        (den != 0).then_some(Frac { num, den })
    }

    /// A whole number.
    #[must_use]
    pub fn whole(n: i64) -> Frac {
        Frac { num: i128::from(n), den: 1 }
    }

    /// A whole number of units of `digits` digits behind the point: 1250 with 2 is 12.50.
    #[must_use]
    pub fn scaled(n: i64, digits: u8) -> Frac {
        Frac::new(i128::from(n), power(usize::from(digits))).unwrap_or(Frac::ZERO)
    }

    /// Reads `-12.50`, `3` or `1e-3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Frac> {
        let text = text.trim();
        let (text, exponent) = match text.split_once(['e', 'E']) {
            Some((text, exponent)) => (text, exponent.parse::<i32>().ok().filter(|e| e.unsigned_abs() < 19)?),
            None => (text, 0),
        };
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{part}");
        let good = !all.is_empty() && all.len() <= 2 * DIGITS_MAX && part.len() <= DIGITS_MAX;
        if !good || !all.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number: i128 = all.parse().ok()?;
        let number = Frac::new(if negative { -number } else { number }, power(part.len()))?;
        let shift = Frac::new(power(exponent.unsigned_abs() as usize), 1)?;
        if exponent < 0 { number.over(shift) } else { number.times(shift) }
    }

    /// The number a value stands for: decimals are kept as text.
    #[must_use]
    pub fn of(value: &Val<'_>) -> Option<Frac> {
        match value {
            Val::Int(n) => Some(Frac::whole(*n)),
            Val::Num(n) => Frac::parse(&n.to_string()),
            Val::Text(text) => Frac::parse(text),
            _ => None,
        }
    }

    /// Sum; `None` past all bounds.
    #[must_use]
    pub fn plus(self, other: Frac) -> Option<Frac> {
        let by = gcd(self.den, other.den);
        let (left, right) = (other.den / by, self.den / by);
        let num = self.num.checked_mul(left)?.checked_add(other.num.checked_mul(right)?)?;
        Frac::new(num, self.den.checked_mul(left)?)
    }

    /// Difference; `None` past all bounds.
    #[must_use]
    pub fn minus(self, other: Frac) -> Option<Frac> {
        self.plus(Frac { num: other.num.checked_neg()?, den: other.den })
    }

    /// Product; `None` past all bounds.
    #[must_use]
    pub fn times(self, other: Frac) -> Option<Frac> {
        let (a, b) = (gcd(self.num, other.den), gcd(other.num, self.den));
        let num = (self.num / a).checked_mul(other.num / b)?;
        Frac::new(num, (self.den / b).checked_mul(other.den / a)?)
    }

    /// Quotient; `None` when there is nothing to divide by.
    #[must_use]
    pub fn over(self, other: Frac) -> Option<Frac> {
        self.times(Frac::new(other.den, other.num)?)
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.num < 0
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.num == 0
    }

    /// For drawing only.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a chart needs no more than a float has")]
    pub fn to_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }

    /// Whole units of `digits` digits behind the point, rounded; `None` when they do not fit.
    #[must_use]
    pub fn units(self, digits: u8, rounding: Rounding) -> Option<i64> {
        let scaled = self.times(Frac { num: power(usize::from(digits)), den: 1 })?;
        let (num, den) = (scaled.num.unsigned_abs(), scaled.den.unsigned_abs());
        let (whole, rest) = (num / den, num % den);
        let half = rest.cmp(&(den - rest));
        let up = match rounding {
            Rounding::Truncate => false,
            Rounding::HalfUp => half != Ordering::Less,
            Rounding::HalfEven => half == Ordering::Greater || (half == Ordering::Equal && whole % 2 == 1),
        };
        let units = i64::try_from(whole + u128::from(up)).ok()?;
        Some(if scaled.num < 0 { -units } else { units })
    }

    /// As people read it, with `decimals` digits behind the point.
    #[must_use]
    pub fn rounded(self, decimals: u8, rounding: Rounding) -> Option<String> {
        let units = self.units(decimals, rounding)?;
        let (sign, width) = (if units < 0 { "-" } else { "" }, usize::from(decimals));
        let digits = format!("{:0>1$}", units.unsigned_abs(), width + 1);
        let (whole, part) = digits.split_at(digits.len() - width);
        Some(if width == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") })
    }
}

impl From<Frac> for String {
    fn from(frac: Frac) -> String {
        if frac.den == 1 { frac.num.to_string() } else { format!("{}/{}", frac.num, frac.den) }
    }
}

/// Text that is no fraction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no whole number or fraction")]
pub struct NotAFraction(pub String);

impl TryFrom<String> for Frac {
    type Error = NotAFraction;

    fn try_from(text: String) -> Result<Frac, NotAFraction> {
        let (num, den) = text.split_once('/').unwrap_or((&text, "1"));
        let frac = num.parse().ok().zip(den.parse().ok()).and_then(|(num, den)| Frac::new(num, den));
        frac.ok_or(NotAFraction(text))
    }
}

impl PartialOrd for Frac {
    fn partial_cmp(&self, other: &Frac) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Frac {
    fn cmp(&self, other: &Frac) -> Ordering {
        match (self.num.checked_mul(other.den), other.num.checked_mul(self.den)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => self.to_f64().total_cmp(&other.to_f64()),
        }
    }
}

/// The exact value of `expr`; what is no arithmetic is evaluated as usual and its number taken.
#[must_use]
pub fn exact(expr: &Expr, scope: &dyn Scope) -> Option<Frac> {
    match expr {
        Expr::Arith(op, a, b) => {
            let (a, b) = (exact(a, scope)?, exact(b, scope)?);
            match op {
                Arith::Add => a.plus(b),
                Arith::Sub => a.minus(b),
                Arith::Mul => a.times(b),
                Arith::Div => a.over(b),
                Arith::Rem => None,
            }
        }
        Expr::Cond(test, yes, no) => exact(if test.holds(scope) { yes } else { no }, scope),
        other => Frac::of(&other.eval(scope)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frac(text: &str) -> Frac {
        Frac::parse(text).unwrap()
    }

    #[test]
    fn decimals_are_read_as_they_are_written() {
        assert_eq!(frac("12.50"), Frac::new(25, 2).unwrap());
        assert_eq!(frac("-0.1").plus(frac("0.3")), Some(frac("0.2")));
        assert_eq!(frac("1e-3"), frac("0.001"));
        assert_eq!(Frac::of(&Val::Num("0.1".parse().unwrap())), Some(frac("0.1")));
        for bad in ["", "-", "1.2.3", "abc", "1e99", "１"] {
            assert_eq!(Frac::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn rounding_is_explicit() {
        let shown = |text: &str, decimals, rounding| frac(text).rounded(decimals, rounding).unwrap();
        let share = frac("7.86").over(frac("8.48")).unwrap().times(Frac::whole(100)).unwrap();
        assert_eq!(share.rounded(0, Rounding::Truncate).unwrap(), "92");
        assert_eq!(share.rounded(0, Rounding::HalfUp).unwrap(), "93");
        assert_eq!(share.rounded(2, Rounding::HalfUp).unwrap(), "92.69");
        assert_eq!(shown("2.675", 2, Rounding::HalfUp), "2.68");
        assert_eq!(shown("-2.675", 2, Rounding::HalfUp), "-2.68");
        assert_eq!(shown("2.5", 0, Rounding::HalfEven), "2");
        assert_eq!(shown("3.5", 0, Rounding::HalfEven), "4");
        assert_eq!(shown("-0.04", 1, Rounding::HalfUp), "0.0");
        assert_eq!(shown("104.6", 1, Rounding::Truncate), "104.6");
        assert_eq!(shown("0.05", 2, Rounding::Truncate), "0.05");
    }

    #[test]
    fn fractions_are_kept_as_text() {
        for (frac, text) in [(frac("0.125"), "\"1/8\""), (Frac::whole(-3), "\"-3\"")] {
            assert_eq!(serde_json::to_string(&frac).unwrap(), text);
            assert_eq!(serde_json::from_str::<Frac>(text).unwrap(), frac);
        }
        assert!(serde_json::from_str::<Frac>("\"1/0\"").is_err());
    }

    #[test]
    fn nothing_to_divide_by_and_too_much_have_no_value() {
        assert_eq!(Frac::whole(1).over(Frac::ZERO), None);
        let huge = Frac::new(i128::MAX, 1).unwrap();
        assert_eq!(huge.plus(Frac::whole(1)), None);
        assert_eq!(huge.units(0, Rounding::HalfUp), None);
    }

    proptest! {
        #[test]
        fn adding_decimals_in_any_order_gives_the_same(mut all in prop::collection::vec(-1_000_000_i64..1_000_000, 0..40)) {
            let sum = |all: &[i64]| all.iter().try_fold(Frac::ZERO, |sum, n| sum.plus(Frac::scaled(*n, 3))).unwrap();
            let forward = sum(&all);
            all.reverse();
            prop_assert_eq!(forward, sum(&all));
            prop_assert_eq!(forward, Frac::scaled(all.iter().sum(), 3));
        }
    }
}
