//! What follows from figures: change, classes of a map.

use ganglion_indicators::Figure;
use ganglion_model::pack::Indicator;

/// Classes of a choropleth.
const CLASSES: usize = 5;

/// A change as shown, with whether it is for the better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// With its sign; points of a percentage for shares.
    pub text: String,
    /// `ok`, `bad` or `neutral`.
    pub tone: &'static str,
}

/// The change from `before` to `now`; `None` when one of them has no value.
#[must_use]
pub fn change(indicator: &Indicator, now: &Figure, before: &Figure) -> Option<Change> {
    let difference = now.exact?.minus(before.exact?)?;
    let text = difference.rounded(indicator.decimals, indicator.rounding)?;
    let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    let is_more = !difference.is_negative();
    let tone = match (is_zero, indicator.more_is_better) {
        (true, _) | (_, None) => "neutral",
        (false, Some(more)) if more == is_more => "ok",
        _ => "bad",
    };
    let sign = if !is_zero && is_more { "+" } else { "" };
    Some(Change { text: format!("{sign}{text}"), tone })
}

/// The class of each value, and the bounds of each class that is not empty: class, lowest, highest.
pub type Classes = (Vec<Option<usize>>, Vec<(usize, f64, f64)>);

/// The class of each value among five of equal size by rank (`0` to `4`, highest values last), and the bounds of each
/// class that is not empty. Equal values are in one class.
#[must_use]
pub fn classes(values: &[Option<f64>]) -> Classes {
    let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let class = |value: f64| {
        let below = sorted.iter().filter(|other| **other < value).count();
        below * CLASSES / sorted.len().max(1)
    };
    let of: Vec<Option<usize>> = values.iter().map(|value| value.map(class)).collect();
    let bounds = (0..CLASSES)
        .filter_map(|n| {
            let inside: Vec<f64> = sorted.iter().copied().filter(|value| class(*value) == n).collect();
            Some((n, *inside.first()?, *inside.last()?))
        })
        .collect();
    (of, bounds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::Frac;
    use ganglion_model::pack::Formula;

    fn share(more_is_better: Option<bool>) -> Indicator {
        Indicator { percent: true, more_is_better, ..Indicator::reading("x", Formula::Ratio("a".into(), "b".into())) }
    }

    fn figure(value: Option<&str>) -> Figure {
        let exact = value.and_then(Frac::parse);
        Figure { exact, value: exact.map(Frac::to_f64), ..Figure::default() }
    }

    #[test]
    fn changes_of_shares_are_points() {
        let of = |more, now, before| change(&share(more), &figure(now), &figure(before));
        let up = of(Some(true), Some("96.4"), Some("95.2")).unwrap();
        assert_eq!((up.text.as_str(), up.tone), ("+1.2", "ok"));
        assert_eq!(of(Some(false), Some("2"), Some("1")).unwrap().tone, "bad");
        assert_eq!(of(Some(true), Some("50"), Some("50")).unwrap(), Change { text: "0.0".into(), tone: "neutral" });
        assert_eq!(of(Some(true), Some("50"), None), None);
    }

    #[test]
    fn equal_values_are_in_one_class() {
        let (of, bounds) = classes(&[Some(1.0), Some(1.0), Some(1.0), Some(4.0), Some(5.0), None]);
        assert_eq!(of[0], of[2]);
        assert_eq!(of[5], None);
        assert!(bounds.iter().all(|(_, low, high)| low <= high));
        assert_eq!(classes(&[]).1, vec![]);
    }
}
