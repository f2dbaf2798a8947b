//! What follows from figures: change, classes of a map.

use super::super::Look;
use ganglion_indicators::Figure;
use ganglion_model::pack::Indicator;

/// Classes of a choropleth.
const CLASSES: usize = 5;

/// A change as shown, with whether it is for the better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// With its sign; points of a percentage for shares. In words: [`Look::change_text`].
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

impl Look<'_> {
    /// A change in words: the difference of two percentages is so many points, and no percentage itself.
    #[must_use]
    pub fn change_text(&self, indicator: &Indicator, change: &Change) -> String {
        if indicator.percent {
            return self.say("figure-change-points", &[("change", change.text.as_str().into())]);
        }
        change.text.clone()
    }
}

/// The class of each value, and the bounds of each class that is not empty: class, lowest, highest.
pub type Classes = (Vec<Option<usize>>, Vec<(usize, f64, f64)>);

/// The class of each value among five of equal size by rank (`0` to `4`, highest values last), and the bounds of each
/// class that is not empty. Equal values are in one class; where all are equal that is the middle one, which is neither little
/// nor much.
#[must_use]
pub fn classes(values: &[Option<f64>]) -> Classes {
    let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let all_equal = sorted.first().zip(sorted.last()).is_some_and(|(low, high)| low.total_cmp(high).is_eq());
    let class = |value: f64| {
        if all_equal {
            return CLASSES / 2;
        }
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
    use crate::view::sample;
    use ganglion_model::pack::Formula;
    use ganglion_model::{Frac, Lang};

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
        let (of, bounds) = classes(&[Some(100.0), None, Some(100.0)]);
        assert_eq!((of, bounds), (vec![Some(2), None, Some(2)], vec![(2, 100.0, 100.0)]), "not the palest");
    }

    #[test]
    fn a_change_of_a_percentage_is_said_in_points() {
        let (world, words) = (sample::bare_world(), sample::Words::of(Lang::Zh));
        let look = sample::look(&world, &words);
        let fell = Change { text: "-12.4".into(), tone: "bad" };
        assert_eq!(look.change_text(&share(None), &fell), "-12.4 个百分点");
        let count = Indicator::reading("x", Formula::Count("a".into()));
        assert_eq!(look.change_text(&count, &fell), "-12.4");
    }
}
