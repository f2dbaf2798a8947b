//! Targets: a figure broken down the place tree, with what is expected on the way.

use crate::exact::Frac;
use crate::expr::Expr;
use crate::place::{Level, PlaceCode};
use crate::text::Text;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A declared target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// Its place in the author's order.
    pub order: u32,
    /// Title.
    pub title: Text,
    /// The indicator whose figure is to reach it.
    pub of: String,
    /// The period, as it stands in an address.
    pub period: String,
    /// Its first day, and the first day after.
    pub days: (Date, Date),
    /// Values by place, in the unit the indicator is shown in.
    #[serde(default)]
    pub values: BTreeMap<PlaceCode, Frac>,
    /// Where further values stand.
    #[serde(default)]
    pub rows: Option<TargetRows>,
    /// How far the parts of a place may be from the whole.
    #[serde(default)]
    pub slack: Slack,
    /// What share is expected by which day, in order of days; between them in proportion.
    #[serde(default)]
    pub curve: Vec<(Date, Frac)>,
    /// Posts that lead it at a place: role and level.
    #[serde(default)]
    pub lead: Vec<(String, Level)>,
}

/// Values in a register of the deployment: a row a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetRows {
    /// The register.
    pub register: String,
    /// Which rows.
    #[serde(default)]
    pub filter: Option<Expr>,
    /// Their place.
    pub place: Expr,
    /// Their value.
    pub value: Expr,
}

/// Percent by which the values of the parts together may pass or miss the value of the whole; `None`: by any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slack {
    /// More than the whole.
    pub over: Option<u32>,
    /// Less than the whole.
    pub short: Option<u32>,
}

impl Target {
    /// The share expected at the end of `day`; `None` without a curve.
    #[must_use]
    pub fn expected_on(&self, day: Date) -> Option<Frac> {
        let after = self.curve.partition_point(|(one, _)| *one <= day);
        let Some((to, high)) = self.curve.get(after) else {
            return self.curve.last().map(|(_, share)| *share);
        };
        let Some((from, low)) = after.checked_sub(1).and_then(|before| self.curve.get(before)) else {
            return Some(Frac::ZERO);
        };
        let (gone, all) = ((day - *from).get_days(), (*to - *from).get_days());
        high.minus(*low)?.times(Frac::new(i128::from(gone), i128::from(all))?)?.plus(*low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn what_is_expected_lies_on_the_curve() {
        let whole = |n| Frac::whole(n);
        let target = Target {
            name: "t".into(),
            pack: "p".into(),
            order: 0,
            title: Text::default(),
            of: "x".into(),
            period: "2022".into(),
            days: (date(2022, 1, 1), date(2023, 1, 1)),
            values: BTreeMap::new(),
            rows: None,
            slack: Slack::default(),
            curve: vec![(date(2022, 6, 5), whole(0)), (date(2022, 6, 15), whole(60)), (date(2022, 6, 25), whole(100))],
            lead: vec![],
        };
        let on = |month, day| target.expected_on(date(2022, month, day)).unwrap();
        assert_eq!([on(1, 1), on(6, 5), on(6, 10), on(6, 15), on(6, 20), on(9, 1)], [0, 0, 30, 60, 80, 100].map(whole));
        assert_eq!(Target { curve: vec![], ..target }.expected_on(date(2022, 6, 1)), None);
    }
}
