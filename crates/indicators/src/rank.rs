//! Ranks among siblings. Places are ranked, never people.

use ganglion_model::exact::Frac;
use ganglion_model::pack::Indicator;

/// Ranks of exact values, best first: equal values share a rank and the next one is left out. No value, no rank.
#[must_use]
pub fn ranks(indicator: &Indicator, values: &[Option<Frac>]) -> Vec<Option<usize>> {
    let less_is_better = indicator.more_is_better == Some(false);
    let better = |a: Frac, b: Frac| if less_is_better { a < b } else { a > b };
    values
        .iter()
        .map(|value| {
            let value = (*value)?;
            Some(1 + values.iter().flatten().filter(|other| better(**other, value)).count())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::pack::Formula;

    #[test]
    fn equal_values_share_a_rank() {
        let of = |more| {
            let indicator =
                Indicator { more_is_better: Some(more), ..Indicator::reading("x", Formula::Count("a".into())) };
            let third = Frac::new(1, 3);
            ranks(&indicator, &[Frac::new(2, 3), third, None, Frac::new(4, 6), Frac::new(33, 100)])
        };
        assert_eq!(of(true), [Some(1), Some(3), None, Some(1), Some(4)]);
        assert_eq!(of(false), [Some(3), Some(2), None, Some(3), Some(1)]);
    }
}
