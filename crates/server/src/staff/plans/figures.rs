//! Numbers of a plan as people read them.

use crate::view::words::separated;
use ganglion_model::{Decimal, HALF_UP};

/// An amount with separators and no zeros behind its last digit.
pub fn amount(value: Decimal) -> String {
    separated(&value.normalize().to_string())
}

/// A share in percent with one digit; `None` of nothing.
pub fn percent(part: Decimal, whole: Decimal) -> Option<String> {
    Some(format!("{} %", share(part, whole)?))
}

/// The width of a bar, percent of the whole.
pub fn width(part: Decimal, whole: Decimal) -> f64 {
    share(part, whole).and_then(|share| share.to_string().parse().ok()).unwrap_or(0.0)
}

fn share(part: Decimal, whole: Decimal) -> Option<Decimal> {
    let share = part.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(whole)?;
    Some(share.round_dp_with_strategy(1, HALF_UP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_separators_and_shares_one_digit() {
        assert_eq!(amount("18500.00".parse().unwrap()), "18,500");
        assert_eq!(amount("0.8334".parse().unwrap()), "0.8334");
        assert_eq!(percent(Decimal::from(18_500), Decimal::from(24_050)).unwrap(), "76.9 %");
        assert_eq!(percent(Decimal::ZERO, Decimal::ZERO), None);
        assert!(width(Decimal::ONE, Decimal::ZERO).abs() < f64::EPSILON);
    }
}
