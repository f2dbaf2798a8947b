//! From sums to a figure: ratios as ratio of sums, medians from classes, changes over common members, rounding as declared.
//! Everything is a fraction until it is shown.

use crate::fold::DIM_SEPARATOR;
use ganglion_model::Model;
use ganglion_model::exact::Frac;
use ganglion_model::expr::{Arith, Expr, Val};
use ganglion_model::pack::{Formula, Indicator, Measure};
use std::collections::{BTreeMap, BTreeSet};

/// What was summed over the places and one period asked for, by measure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// Rows and sum of values.
    pub totals: BTreeMap<String, (i64, i64)>,
    /// Classes of values, for measures whose median is asked: edge to rows.
    pub classes: BTreeMap<String, BTreeMap<i64, i64>>,
    /// Rows and sum of values by dimension.
    pub parts: BTreeMap<String, BTreeMap<String, (i64, i64)>>,
    /// The latest value of each member, for measures of which only that counts.
    pub members: BTreeMap<String, BTreeMap<String, i64>>,
}

/// A figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// The value as it was calculated; `None` when there is nothing to divide by.
    pub raw: Option<Frac>,
    /// The value in the unit it is shown in, before rounding.
    pub exact: Option<Frac>,
    /// The same for drawing and for ranks.
    pub value: Option<f64>,
    /// As shown, without unit; `None` is shown as "n/a".
    pub shown: Option<String>,
    /// Rows it was counted from.
    pub rows: i64,
}

impl Sums {
    /// Adds one sum: the total, a class of values (`#`), or a part (`=`); `sign` is -1 for what a stock loses.
    pub fn add(&mut self, measure: &str, dim: &str, (rows, sum): (i64, i64), sign: i64) {
        let (rows, sum) = (rows * sign, sum.saturating_mul(sign));
        let into = if dim.is_empty() {
            self.totals.entry(measure.to_owned()).or_default()
        } else if let Some(edge) = dim.strip_prefix('#') {
            let Ok(edge) = edge.parse::<i64>() else { return };
            *self.classes.entry(measure.to_owned()).or_default().entry(edge).or_default() += rows;
            return;
        } else {
            let part = dim.strip_prefix('=').unwrap_or(dim).to_owned();
            self.parts.entry(measure.to_owned()).or_default().entry(part).or_default()
        };
        into.0 += rows;
        into.1 = into.1.saturating_add(sum);
    }

    /// Rows and sum by the value of dimension number `at`, over all values of the others.
    #[must_use]
    pub fn by(&self, measure: &str, at: usize) -> BTreeMap<String, (i64, i64)> {
        let mut by: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for (part, (rows, sum)) in self.parts.get(measure).into_iter().flatten() {
            let value = part.split(DIM_SEPARATOR).nth(at).unwrap_or_default();
            let into = by.entry(value.to_owned()).or_default();
            into.0 += rows;
            into.1 = into.1.saturating_add(*sum);
        }
        by.retain(|value, sums| !value.is_empty() && *sums != (0, 0));
        by
    }
}

/// The value in the middle of classes.
fn median(classes: &BTreeMap<i64, i64>, digits: u8) -> Option<Frac> {
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
    let sum = Frac::scaled(at((rows - 1) / 2)?, digits).plus(Frac::scaled(at(rows / 2)?, digits))?;
    sum.over(Frac::whole(2))
}

/// The smallest value that so many percent of the rows stay within.
fn percentile(classes: &BTreeMap<i64, i64>, digits: u8, percent: u8) -> Option<Frac> {
    let rows: i64 = classes.values().sum();
    let wanted = rows.checked_mul(i64::from(percent))?;
    let mut seen = 0_i64;
    let edge = classes.iter().find_map(|(edge, n)| {
        seen = seen.saturating_add(*n);
        (seen.saturating_mul(100) >= wanted && rows > 0).then_some(*edge)
    });
    Some(Frac::scaled(edge?, digits))
}

/// Sums of one period as a formula sees them.
struct View<'a> {
    model: &'a Model,
    indicator: &'a Indicator,
    sums: &'a Sums,
    /// Only these members count.
    only: Option<&'a BTreeSet<&'a str>>,
}

impl View<'_> {
    fn measure(&self, name: &str) -> Option<&Measure> {
        self.model.measures.get(name)
    }

    /// Rows and sum of a measure.
    fn total(&self, name: &str) -> (i64, i64) {
        if self.indicator.latest_days.is_none() {
            return self.sums.totals.get(name).copied().unwrap_or_default();
        }
        let members = self.sums.members.get(name).into_iter().flatten();
        let counted = members.filter(|(member, _)| self.only.is_none_or(|only| only.contains(member.as_str())));
        counted.fold((0, 0), |(rows, sum), (_, value)| (rows + 1, sum.saturating_add(*value)))
    }

    fn sum(&self, name: &str) -> Frac {
        Frac::scaled(self.total(name).1, self.measure(name).map_or(0, |measure| measure.digits))
    }

    /// The sum of its values, or the number of its rows when it has none.
    fn amount(&self, name: &str, (rows, sum): (i64, i64)) -> Frac {
        match self.measure(name).filter(|measure| measure.has_value()) {
            Some(measure) => Frac::scaled(sum, measure.digits),
            None => Frac::whole(rows),
        }
    }

    fn value(&self) -> Option<Frac> {
        let mean = |name: &str| self.sum(name).over(Frac::whole(self.total(name).0));
        let middle =
            |name: &str| median(self.sums.classes.get(name)?, self.measure(name).map_or(0, |measure| measure.digits));
        match &self.indicator.formula {
            Formula::Count(a) => Some(Frac::whole(self.total(a).0)),
            Formula::Sum(a) => Some(self.sum(a)),
            Formula::Mean(a) => mean(a),
            Formula::MeanHours(a) => mean(a)?.over(Frac::whole(60)),
            Formula::Median(a) => middle(a),
            Formula::Percentile { of, percent } => {
                let digits = self.measure(of).map_or(0, |measure| measure.digits);
                percentile(self.sums.classes.get(of)?, digits, *percent)
            }
            Formula::MedianHours(a) => middle(a)?.over(Frac::whole(60)),
            Formula::Ratio(a, b) => self.amount(a, self.total(a)).over(self.amount(b, self.total(b))),
            Formula::Share { of, parts } => {
                let by = self.sums.by(of, 0);
                let chosen = parts.iter().filter_map(|part| by.get(part));
                let chosen = chosen.fold((0, 0), |all: (i64, i64), one| (all.0 + one.0, all.1.saturating_add(one.1)));
                self.amount(of, chosen).over(self.amount(of, self.total(of)))
            }
            Formula::Distinct(a) => Some(Frac::whole(
                self.sums.members.get(a).map_or(0, |members| i64::try_from(members.len()).unwrap_or(i64::MAX)),
            )),
            Formula::Of(_) | Formula::Places { .. } | Formula::Broken(_) => None,
        }
    }

    /// Rows it was counted from: of a ratio those below the line.
    fn rows(&self) -> i64 {
        match &self.indicator.formula {
            Formula::Ratio(_, b) => self.total(b).0,
            formula => formula.measures().first().map_or(0, |one| self.total(one).0),
        }
    }
}

/// Members that have a value of every measure in both periods.
fn common<'a>(indicator: &Indicator, now: &'a Sums, before: &'a Sums) -> BTreeSet<&'a str> {
    let mut all = indicator.formula.measures().into_iter().flat_map(|name| [now, before].map(|sums| (name, sums)));
    let of = |(name, sums): (&str, &'a Sums)| -> BTreeSet<&'a str> {
        sums.members.get(name).into_iter().flatten().map(|(member, _)| member.as_str()).collect()
    };
    let first = all.next().map(of).unwrap_or_default();
    all.fold(first, |kept, next| &kept & &of(next))
}

/// Reads `indicator` from the sums of its period, and of the period it is compared with when it is a change. Arithmetic over
/// other indicators is [`calculated`].
#[must_use]
pub fn figure(model: &Model, indicator: &Indicator, now: &Sums, before: &Sums) -> Figure {
    let members = common(indicator, now, before);
    let only = (indicator.compared.is_some() && indicator.latest_days.is_some()).then_some(&members);
    let view = |sums| View { model, indicator, sums, only };
    let (now, before) = (view(now), view(before));
    let value = match indicator.compared {
        None => now.value(),
        // Nothing in common is no change of nothing.
        Some(_) if only.is_some() && members.is_empty() => None,
        Some(compared) => change(now.value(), before.value(), compared.relative),
    };
    shown(indicator, value, now.rows())
}

fn change(now: Option<Frac>, before: Option<Frac>, relative: bool) -> Option<Frac> {
    let (now, before) = (now?, before?);
    let difference = now.minus(before)?;
    if relative { difference.over(before) } else { Some(difference) }
}

/// An indicator that calculates with others; `of` gives their values before they are put into their units.
#[must_use]
pub fn calculated(indicator: &Indicator, rows: i64, of: &dyn Fn(&str) -> Option<Frac>) -> Figure {
    let value = match &indicator.formula {
        Formula::Of(expr) => arithmetic(expr, of),
        _ => None,
    };
    shown(indicator, value, rows)
}

/// An indicator that counts something no measure knows.
#[must_use]
pub fn counted(indicator: &Indicator, number: i64) -> Figure {
    shown(indicator, Some(Frac::whole(number)), number)
}

fn arithmetic(expr: &Expr, of: &dyn Fn(&str) -> Option<Frac>) -> Option<Frac> {
    match expr {
        Expr::Lit(value) => Frac::of(&Val::from_json(value)),
        Expr::Path(path) => of(path.first()?),
        Expr::Arith(op, a, b) => {
            let (a, b) = (arithmetic(a, of)?, arithmetic(b, of)?);
            match op {
                Arith::Add => a.plus(b),
                Arith::Sub => a.minus(b),
                Arith::Mul => a.times(b),
                Arith::Div => a.over(b),
                Arith::Rem => None,
            }
        }
        _ => None,
    }
}

/// A value in the unit and with the digits its indicator is shown in.
fn shown(indicator: &Indicator, raw: Option<Frac>, rows: i64) -> Figure {
    let percent = if indicator.percent { Frac::whole(100) } else { Frac::whole(1) };
    let exact = raw.and_then(|value| value.times(percent)?.times(indicator.factor.unwrap_or(Frac::whole(1))));
    let shown = exact.and_then(|value| value.rounded(indicator.decimals, indicator.rounding));
    Figure { raw, exact, value: exact.map(Frac::to_f64), shown, rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::pack::{Against, Compared, Moment, Rounding, Source};

    fn model() -> Model {
        let rows = || Source::Register("reading".to_owned());
        let mut model = Model::default();
        for (name, digits) in [("cut", 2), ("base", 2), ("level", 3)] {
            let value = Some(Expr::Path(vec!["row".to_owned(), "v".to_owned()]));
            let measure = Measure { value, digits, ..Measure::counting(name, rows(), Moment::Always) };
            model.measures.insert(name.to_owned(), measure);
        }
        model.measures.insert("rows".to_owned(), Measure::counting("rows", rows(), Moment::Always));
        model
    }

    fn totals(pairs: &[(&str, i64, i64)]) -> Sums {
        let totals = pairs.iter().map(|(name, rows, sum)| ((*name).to_owned(), (*rows, *sum))).collect();
        Sums { totals, ..Sums::default() }
    }

    fn read(indicator: &Indicator, now: &Sums, before: &Sums) -> String {
        figure(&model(), indicator, now, before).shown.unwrap_or_else(|| "n/a".to_owned())
    }

    #[test]
    fn the_share_of_the_newspaper_is_cut_off_and_not_rounded() {
        let sums = totals(&[("cut", 2, 786), ("base", 1, 848)]);
        let share = Indicator {
            percent: true,
            decimals: 0,
            ..Indicator::reading("s", Formula::Ratio("cut".into(), "base".into()))
        };
        assert_eq!(read(&share, &sums, &Sums::default()), "93");
        let cut_off = Indicator { rounding: Rounding::Truncate, ..share };
        assert_eq!(read(&cut_off, &sums, &Sums::default()), "92");
        assert_eq!(read(&cut_off, &Sums::default(), &Sums::default()), "n/a");
    }

    #[test]
    fn sums_means_and_counts_of_the_same_rows() {
        let sums = totals(&[("cut", 4, 1000)]);
        let of =
            |formula| read(&Indicator { decimals: 2, ..Indicator::reading("x", formula) }, &sums, &Sums::default());
        assert_eq!(of(Formula::Count("cut".into())), "4.00");
        assert_eq!(of(Formula::Sum("cut".into())), "10.00");
        assert_eq!(of(Formula::Mean("cut".into())), "2.50");
        assert_eq!(of(Formula::Mean("base".into())), "n/a");
        let wan = Indicator {
            factor: Frac::new(1, 10_000),
            decimals: 3,
            ..Indicator::reading("x", Formula::Sum("cut".into()))
        };
        assert_eq!(read(&wan, &sums, &Sums::default()), "0.001");
    }

    #[test]
    fn a_percentile_is_the_value_that_so_many_stay_within() {
        let waits = BTreeMap::from([(5, 5), (10, 4), (40, 1)]);
        assert_eq!(percentile(&waits, 0, 90), Some(Frac::whole(10)), "nine of ten waited ten minutes at most");
        assert_eq!(percentile(&waits, 0, 91), Some(Frac::whole(40)));
        assert_eq!(percentile(&waits, 0, 50), Some(Frac::whole(5)));
        assert_eq!(percentile(&BTreeMap::new(), 0, 90), None);
    }

    #[test]
    fn the_median_of_an_even_number_is_the_mean_of_the_middle_two() {
        let classes = |pairs: &[(i64, i64)]| pairs.iter().copied().collect();
        assert_eq!(median(&classes(&[(60, 1), (120, 1)]), 0), Some(Frac::whole(90)));
        assert_eq!(median(&classes(&[(0, 1), (60, 3), (600, 1)]), 1), Some(Frac::whole(6)));
        assert_eq!(median(&classes(&[]), 0), None);
    }

    #[test]
    fn a_level_is_compared_over_wells_measured_in_both_years() {
        let members = |pairs: &[(&str, i64)]| Sums {
            members: [("level".to_owned(), pairs.iter().map(|(well, v)| ((*well).to_owned(), *v)).collect())].into(),
            ..Sums::default()
        };
        let rise = Indicator {
            latest_days: Some(0),
            compared: Some(Compared { against: Against::LastYear, relative: false }),
            decimals: 2,
            ..Indicator::reading("rise", Formula::Mean("level".into()))
        };
        let now = members(&[("a", -50_000), ("b", -60_000), ("new", -1_000)]);
        let before = members(&[("a", -55_000), ("b", -66_000), ("gone", -90_000)]);
        assert_eq!(read(&rise, &now, &before), "5.50");
        assert_eq!(read(&rise, &now, &members(&[("gone", 1)])), "n/a");
        let latest = Indicator { compared: None, ..rise };
        assert_eq!(read(&latest, &now, &before), "-37.00");
    }

    #[test]
    fn parts_and_arithmetic() {
        let mut sums = Sums::default();
        sums.add("rows", "", (3, 3), 1);
        sums.add("rows", "=x\u{1f}a", (1, 1), 1);
        sums.add("rows", "=x\u{1f}b", (1, 1), 1);
        sums.add("rows", "=y\u{1f}b", (1, 1), 1);
        assert_eq!(sums.by("rows", 1)["b"], (2, 2));
        let share = Formula::Share { of: "rows".into(), parts: vec!["x".into()] };
        let share = Indicator { percent: true, ..Indicator::reading("share", share) };
        assert_eq!(read(&share, &sums, &Sums::default()), "66.7");
        let path = |name: &str| Box::new(Expr::Path(vec![name.to_owned()]));
        let gap = Formula::Of(Expr::Arith(Arith::Sub, path("base"), path("cut")));
        let gap = Indicator { decimals: 2, ..Indicator::reading("gap", gap) };
        let of = |name: &str| Frac::parse(if name == "base" { "8.48" } else { "7.86" });
        assert_eq!(calculated(&gap, 1, &of).shown.as_deref(), Some("0.62"));
        assert_eq!(calculated(&gap, 1, &|_| None).shown, None);
    }
}
