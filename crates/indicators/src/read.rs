//! From sums to a figure: ratios as ratio of sums, medians from classes, rounding as declared.

use ganglion_model::pack::{Formula, Indicator, Rounding};
use std::collections::BTreeMap;

/// What was summed over the places and periods asked for, by measure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// Rows and sum of values.
    pub totals: BTreeMap<String, (i64, i64)>,
    /// Classes of minutes, for measures whose median is asked: lower edge to rows.
    pub classes: BTreeMap<String, BTreeMap<i64, i64>>,
}

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The value before rounding; `None` when there is nothing to divide by.
    pub value: Option<f64>,
    /// As shown, without unit; `None` is shown as "n/a".
    pub shown: Option<String>,
    /// Rows it was counted from.
    pub rows: i64,
}

/// The measures an indicator is read from; the first is the one whose rows it opens to.
#[must_use]
pub fn measures_of(indicator: &Indicator) -> Vec<&str> {
    match &indicator.formula {
        Formula::Count(a) | Formula::MedianHours(a) | Formula::MeanHours(a) => vec![a],
        Formula::Ratio(a, b) => vec![a, b],
    }
}

fn median_minutes(classes: &BTreeMap<i64, i64>) -> Option<f64> {
    let rows: i64 = classes.values().sum();
    let at = |rank: i64| {
        let mut seen = 0;
        classes.iter().find_map(|(edge, n)| {
            seen += n;
            (seen > rank).then_some(*edge)
        })
    };
    if rows <= 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "minutes of a case fit a float exactly")]
    let mean = (at((rows - 1) / 2)? as f64 + at(rows / 2)? as f64) / 2.0;
    Some(mean)
}

/// Rounds for display with `decimals` digits after the point.
#[must_use]
pub fn round(value: f64, decimals: u8, rounding: Rounding) -> String {
    let scale = 10_f64.powi(i32::from(decimals));
    // 1e-9 of the last digit absorbs binary noise, so that 2.675 rounds as it is written.
    let scaled = value * scale;
    let noise = 1e-9 * scaled.abs().max(1.0);
    let whole = match rounding {
        Rounding::Truncate => (scaled + noise.copysign(scaled)).trunc(),
        Rounding::HalfUp => (scaled.abs() + 0.5 + noise).floor().copysign(scaled),
        Rounding::HalfEven => {
            let floor = scaled.floor();
            let rest = scaled - floor;
            if (rest - 0.5).abs() <= noise {
                if floor % 2.0 == 0.0 { floor } else { floor + 1.0 }
            } else {
                scaled.round()
            }
        }
    };
    let out = format!("{:.*}", usize::from(decimals), whole / scale);
    if out.starts_with('-') && out.bytes().all(|b| matches!(b, b'-' | b'0' | b'.')) { out[1..].to_owned() } else { out }
}

/// Reads `indicator` from `sums`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
pub fn figure(indicator: &Indicator, sums: &Sums) -> Figure {
    let total = |name: &str| sums.totals.get(name).copied().unwrap_or((0, 0));
    let (value, rows) = match &indicator.formula {
        Formula::Count(a) => (Some(total(a).0 as f64), total(a).0),
        Formula::Ratio(a, b) => {
            let (top, below) = (total(a).0, total(b).0);
            ((below != 0).then(|| top as f64 / below as f64), below)
        }
        Formula::MedianHours(a) => {
            let classes = sums.classes.get(a);
            (classes.and_then(median_minutes).map(|minutes| minutes / 60.0), total(a).0)
        }
        Formula::MeanHours(a) => {
            let (rows, sum) = total(a);
            ((rows != 0).then(|| sum as f64 / rows as f64 / 60.0), rows)
        }
    };
    let shown = value.map(|value| {
        round(if indicator.percent { value * 100.0 } else { value }, indicator.decimals, indicator.rounding)
    });
    Figure { value, shown, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_explicit() {
        assert_eq!(round(92.688_679, 0, Rounding::Truncate), "92");
        assert_eq!(round(92.688_679, 0, Rounding::HalfUp), "93");
        assert_eq!(round(2.675, 2, Rounding::HalfUp), "2.68");
        assert_eq!(round(2.5, 0, Rounding::HalfEven), "2");
        assert_eq!(round(3.5, 0, Rounding::HalfEven), "4");
        assert_eq!(round(-0.04, 1, Rounding::HalfUp), "0.0");
        assert_eq!(round(104.6, 1, Rounding::Truncate), "104.6");
    }

    #[test]
    fn the_median_of_an_even_number_is_the_mean_of_the_middle_two() {
        let classes = |pairs: &[(i64, i64)]| pairs.iter().copied().collect();
        assert_eq!(median_minutes(&classes(&[(60, 1), (120, 1)])), Some(90.0));
        assert_eq!(median_minutes(&classes(&[(0, 1), (60, 3), (600, 1)])), Some(60.0));
        assert_eq!(median_minutes(&classes(&[])), None);
    }
}
