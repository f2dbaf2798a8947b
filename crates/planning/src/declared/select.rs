//! Which rows a plan looks at, where they are, and how much each of them is.

use super::names::{PlanNames, place_row, point};
use super::{FigureAt, Input, Missing, Outcome, Subject};
use crate::allocation::PlanError;
use ganglion_model::pack::{Amount, Plan, PlanFigure, PlanKind, PlanPoints, PlanRows};
use ganglion_model::row::Record;
use ganglion_model::{Decimal, Level, PlaceCode};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Most rows of one part of a plan.
pub const ROWS_MAX: usize = 20_000;
/// Largest amount: below it a float still tells whole units apart.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

/// What a plan reads: registers, and levels of places.
#[must_use]
pub fn reading(plan: &Plan) -> (Vec<&str>, Vec<Level>) {
    (plan.looks_at(), plan.levels())
}

/// Reads parts of a plan.
#[derive(Clone, Copy)]
pub struct Select<'a> {
    pub plan: &'a Plan,
    pub input: Input<'a>,
}

/// A row with a point.
pub type Standing<'a> = (Cow<'a, Record>, [f64; 2]);

impl<'a> Select<'a> {
    /// Names without any row.
    pub fn names(&self) -> PlanNames<'a> {
        PlanNames::new(self.input, &self.plan.form)
    }

    /// The rows of a part, in key order.
    pub fn rows(&self, part: &PlanRows) -> Result<Vec<&'a Record>, PlanError> {
        let all = self.input.records.get(&part.register).into_iter().flatten();
        let mut found: Vec<&Record> = all.filter(|record| self.takes(part, record)).collect();
        if found.len() > ROWS_MAX {
            return Err(PlanError::TooLarge { what: "rows", given: found.len(), max: ROWS_MAX });
        }
        found.sort_by(|a, b| (a.shard, &a.key).cmp(&(b.shard, &b.key)));
        Ok(found)
    }

    fn takes(&self, part: &PlanRows, record: &'a Record) -> bool {
        let names = self.names().with("row", record);
        let inside = |place: &_| {
            let code = names.text(place).and_then(|code| code.parse::<PlaceCode>().ok());
            code.is_some_and(|code| self.input.place.holds(code))
        };
        record.valid_on(self.input.day)
            && record.place.is_none_or(|place| self.input.place.holds(place))
            && part.place.as_ref().is_none_or(inside)
            && part.filter.as_ref().is_none_or(|filter| filter.holds(&names))
    }

    /// Rows or places with a point; those without are noted.
    pub fn points(&self, points: &PlanPoints, outcome: &mut Outcome) -> Result<Vec<Standing<'a>>, PlanError> {
        let all: Vec<(Cow<'a, Record>, Option<[f64; 2]>)> = match points {
            PlanPoints::Level(level) => self.of_level(*level),
            PlanPoints::Rows { rows, at } => {
                self.rows(rows)?.into_iter().map(|record| (Cow::Borrowed(record), point(record, at))).collect()
            }
        };
        let mut standing = Vec::with_capacity(all.len());
        for (record, point) in all {
            match point {
                Some(point) => standing.push((record, point)),
                None => {
                    outcome.missing.insert((Missing::Point, Subject::of(&record)));
                }
            }
        }
        Ok(standing)
    }

    fn of_level(&self, level: Level) -> Vec<(Cow<'a, Record>, Option<[f64; 2]>)> {
        let inside = |code: PlaceCode| code.level() == level && self.input.place.holds(code);
        let mut places: Vec<_> = self.input.places.iter().filter(|place| inside(place.code)).collect();
        places.sort_by_key(|place| place.code);
        places.into_iter().map(|place| (Cow::Owned(place_row(place)), place.point)).collect()
    }

    /// An amount of a row, at least nothing; one that is not said counts as nothing and is noted.
    pub fn amount(
        &self,
        amount: &Amount,
        (record, what): (&Record, &'static str),
        outcome: &mut Outcome,
    ) -> Result<Decimal, PlanError> {
        let found = self.stated(amount, (record, what))?;
        if found.is_none() {
            outcome.missing.insert((Missing::Amount, Subject::of(record)));
        }
        Ok(found.unwrap_or_default())
    }

    /// An amount of a row, if it is said.
    pub fn stated(
        &self,
        amount: &Amount,
        (record, what): (&Record, &'static str),
    ) -> Result<Option<Decimal>, PlanError> {
        let found = match amount {
            Amount::Value(expr) => PlanNames::new(self.input, &self.plan.form).with("row", record).number(expr),
            Amount::Figure(figure) => {
                let place = self.place_of(figure, record);
                let key = place.map(|place| (figure.indicator.clone(), place, figure.period));
                key.and_then(|key| self.input.figures.get(&key).copied().flatten())
            }
        };
        found.map(|found| good(found, &record.key, what)).transpose()
    }

    fn place_of(&self, figure: &PlanFigure, record: &Record) -> Option<PlaceCode> {
        match &figure.at {
            Some(at) => {
                let names = PlanNames::new(self.input, &self.plan.form).with("row", record);
                names.text(at).and_then(|code| code.parse().ok())
            }
            None => record.place,
        }
    }
}

/// A number a problem can be made of: not below nothing, not beyond all measure.
pub fn good(value: Decimal, key: &str, what: &'static str) -> Result<Decimal, PlanError> {
    if value.is_sign_negative() && !value.is_zero() || value > Decimal::from(AMOUNT_MAX) {
        return Err(PlanError::Number { what, key: key.to_owned(), value: float(value) });
    }
    Ok(value)
}

/// For the solver.
pub fn float(value: Decimal) -> f64 {
    value.to_string().parse().unwrap_or(f64::NAN)
}

/// The figures a plan asks for, each once.
///
/// # Errors
/// See [`PlanError`].
pub fn figures_wanted(plan: &Plan, input: Input<'_>) -> Result<Vec<FigureAt>, PlanError> {
    let select = Select { plan, input };
    let mut wanted: BTreeSet<FigureAt> = BTreeSet::new();
    let mut want = |amount: Option<&Amount>, rows: Vec<Cow<'_, Record>>| {
        let Some(Amount::Figure(figure)) = amount else { return };
        let places = rows.iter().filter_map(|record| select.place_of(figure, record));
        wanted.extend(places.map(|place| (figure.indicator.clone(), place, figure.period)));
    };
    let borrowed = |rows: Vec<_>| rows.into_iter().map(Cow::Borrowed).collect();
    match &plan.kind {
        PlanKind::Allocation(def) => {
            want(Some(&def.supply_amount), borrowed(select.rows(&def.supplies)?));
            want(Some(&def.demand_amount), borrowed(select.rows(&def.demands)?));
            want(def.capacity.as_ref(), borrowed(select.rows(&def.links)?));
        }
        PlanKind::Assignment(_) => {}
        PlanKind::Coverage(def) => {
            let places = select.points(&def.places, &mut Outcome::default())?;
            want(def.weight.as_ref(), places.into_iter().map(|(record, _)| record).collect());
        }
    }
    Ok(wanted.into_iter().collect())
}
