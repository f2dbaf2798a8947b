//! How places stand against a target: what is to be reached, what is done, what is expected by now, and whether the parts of a
//! place add up to its whole.

use super::Reader;
use crate::port::StoreError;
use crate::world::World;
use ganglion_indicators::{Figure, Span};
use ganglion_model::PlaceCode;
use ganglion_model::exact::{Frac, exact};
use ganglion_model::expr::Val;
use ganglion_model::pack::Target;
use ganglion_model::scope::RowNames;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Values of a target by place.
pub type Values = BTreeMap<PlaceCode, Frac>;

/// The parts of a place that do not add up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What the parts add up to.
    pub sum: Frac,
    /// By how much percent they pass (above nothing) or miss (below nothing) the whole.
    pub percent: Frac,
}

/// How a place stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The place.
    pub place: PlaceCode,
    /// What is to be reached, in the unit of the figure.
    pub target: Option<Frac>,
    /// What is done.
    pub done: Figure,
    /// Done over target, in percent; may pass 100.
    pub percent: Option<Frac>,
    /// Parts that do not add up, beyond the slack of the target.
    pub gap: Option<Gap>,
}

/// The values of `target` as its pack and its register have them on `day`; a row of the register wins.
#[must_use]
pub fn values(world: &World, target: &Target, day: Date) -> Values {
    let mut values = target.values.clone();
    let Some(rows) = &target.rows else { return values };
    for record in world.rows_on(&rows.register, day) {
        let names = RowNames::of(world, record);
        if rows.filter.as_ref().is_some_and(|filter| !filter.holds(&names)) {
            continue;
        }
        let place = match rows.place.eval(&names) {
            Val::Text(code) => code.parse::<PlaceCode>().ok(),
            _ => None,
        };
        values.extend(place.zip(exact(&rows.value, &names)));
    }
    values
}

/// The gap between a place and the parts of it that have values, where it is wider than the target allows.
#[must_use]
pub fn gap(target: &Target, values: &Values, place: PlaceCode) -> Option<Gap> {
    let whole = *values.get(&place)?;
    let parts = values.iter().filter(|(code, _)| code.parent() == Some(place)).map(|(_, value)| *value);
    let parts: Vec<Frac> = parts.collect();
    if parts.is_empty() {
        return None;
    }
    let sum = parts.into_iter().try_fold(Frac::ZERO, Frac::plus)?;
    let percent = sum.minus(whole)?.over(whole)?.times(Frac::whole(100))?;
    let allowed = if percent.is_negative() { target.slack.short } else { target.slack.over }?;
    let far = if percent.is_negative() { Frac::ZERO.minus(percent)? } else { percent };
    (far > Frac::whole(i64::from(allowed))).then_some(Gap { sum, percent })
}

impl Reader<'_> {
    /// How places stand against a target today.
    ///
    /// # Errors
    /// Storage.
    pub async fn standings(&self, target: &Target, places: &[PlaceCode]) -> Result<Vec<Standing>, StoreError> {
        let Some(indicator) = self.world.model.indicators.get(&target.of) else { return Ok(Vec::new()) };
        let values = values(self.world, target, self.today);
        let span = Span { from: target.days.0, to: target.days.1 };
        let read = self.read(indicator, places, &[span], false).await?;
        let standing = |(place, got): (&PlaceCode, Vec<super::Got>)| {
            let done = got.into_iter().next().unwrap_or_default().figure;
            let to_reach = values.get(place).copied();
            let percent = done.exact.zip(to_reach).and_then(|(done, whole)| done.over(whole)?.times(Frac::whole(100)));
            Standing { place: *place, target: to_reach, done, percent, gap: gap(target, &values, *place) }
        };
        Ok(places.iter().zip(read).map(standing).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::Text;
    use ganglion_model::pack::Slack;
    use jiff::civil::date;

    fn target(slack: Slack) -> Target {
        Target {
            name: "t".into(),
            pack: "p".into(),
            order: 0,
            title: Text::default(),
            of: "x".into(),
            period: "2022".into(),
            days: (date(2022, 1, 1), date(2023, 1, 1)),
            values: Values::new(),
            rows: None,
            slack,
            curve: vec![],
            lead: vec![],
        }
    }

    #[test]
    fn parts_may_pass_or_miss_the_whole_within_the_slack_only() {
        let of = |whole: &str, parts: &[&str]| {
            let mut values: Values = [("1309".parse().unwrap(), Frac::parse(whole).unwrap())].into();
            let codes = ["130921", "130922", "130923"].map(|code| code.parse().unwrap());
            values.extend(codes.into_iter().zip(parts.iter().map(|part| Frac::parse(part).unwrap())));
            values
        };
        let city = "1309".parse().unwrap();
        let five = target(Slack { over: Some(5), short: Some(0) });
        assert_eq!(gap(&five, &of("580", &["300", "309"]), city), None, "5 % over is allowed");
        let over = gap(&five, &of("580", &["300", "310"]), city).unwrap();
        assert_eq!(
            (over.sum, over.percent.rounded(1, Default::default()).unwrap().as_str()),
            (Frac::whole(610), "5.2")
        );
        let short = gap(&five, &of("580", &["300", "279.9"]), city).unwrap();
        assert!(short.percent.is_negative());
        assert_eq!(gap(&target(Slack::default()), &of("580", &["1"]), city), None, "any gap without a slack");
        assert_eq!(gap(&five, &of("580", &[]), city), None, "nothing is broken down");
    }
}
