//! Counting many facts: the measures of each process at hand, and counters summed under small keys. What a fact adds to the place it
//! counts at is noted once; parts, classes and the places above are worked out at the end, from sums.

use crate::fold::{CellKey, Cells, Fact, OPEN, class_of, fact_of_case};
use crate::period::Period;
use ganglion_model::needed::Needed;
use ganglion_model::pack::{Measure, Process, Source};
use ganglion_model::scope::{Names, Rows};
use ganglion_model::{Case, Level, Model, PlaceCode, Shard};
use std::collections::HashMap;

/// The measures of a model, by number in the order of their names, and by process.
pub struct Measured<'m> {
    measures: Vec<&'m Measure>,
    processes: HashMap<&'m str, (&'m Process, Vec<usize>)>,
    needed: Needed,
}

impl<'m> Measured<'m> {
    /// Those of `model`.
    #[must_use]
    pub fn of(model: &'m Model) -> Measured<'m> {
        Self::chosen(model, |_| true)
    }

    /// Those of `model` whose name is `wanted`.
    #[must_use]
    pub fn chosen(model: &'m Model, wanted: impl Fn(&str) -> bool) -> Measured<'m> {
        let measures: Vec<&Measure> = model.measures.values().filter(|measure| wanted(&measure.name)).collect();
        let (mut processes, mut needed) = (HashMap::new(), Needed::default());
        for (number, measure) in measures.iter().enumerate() {
            let Source::Process(name) = &measure.of else { continue };
            let Some(process) = model.processes.get(name) else { continue };
            needed.add_measure(measure);
            processes.entry(name.as_str()).or_insert_with(|| (process, Vec::new())).1.push(number);
        }
        Measured { measures, processes, needed }
    }

    /// What measures look at in cases.
    #[must_use]
    pub fn needed(&self) -> &Needed {
        &self.needed
    }

    /// The processes they are about.
    pub fn processes(&self) -> impl Iterator<Item = &'m str> {
        self.processes.keys().copied()
    }

    /// The measure of a number.
    #[must_use]
    pub fn measure(&self, number: usize) -> Option<&'m Measure> {
        self.measures.get(number).copied()
    }

    /// The number of a measure.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<usize> {
        self.measures.binary_search_by(|measure| measure.name.as_str().cmp(name)).ok()
    }

    /// Everything a case contributes, each with the number of its measure: see [`crate::facts_of_case`].
    pub fn facts_of_case(&self, rows: &dyn Rows, case: &Case, mut each: impl FnMut(usize, Fact)) {
        let Some((process, numbers)) = self.processes.get(case.process.as_str()) else { return };
        let names = Names { rows, process, case: Some(case), form: None, actor: None, now: case.updated_at };
        for number in numbers {
            if let Some(fact) = self.measure(*number).and_then(|measure| fact_of_case(measure, case, (rows, &names))) {
                each(*number, fact);
            }
        }
    }
}

/// What is summed up by month, or for now: measure, place (a township, or above), period, whether it is what a stock loses, part, class.
type MonthKey = (usize, PlaceCode, Period, bool, u32, Option<i64>);
/// What is summed up by day: measure, place, day, whether it is what a stock loses.
type DayKey = (usize, PlaceCode, i32, bool);

/// Counters that are being summed up.
#[derive(Default)]
pub struct Tallied {
    dims: HashMap<String, u32>,
    months_of_days: HashMap<i32, Period>,
    months: HashMap<MonthKey, (i64, i64)>,
    days: HashMap<DayKey, (i64, i64)>,
}

fn add_to(cell: &mut (i64, i64), (rows, sum): (i64, i64)) {
    cell.0 += rows;
    cell.1 += sum;
}

impl Tallied {
    /// Adds a fact of the measure of this number.
    pub fn add(&mut self, number: usize, measure: &Measure, fact: &Fact) {
        let class = measure.classes.then(|| class_of(measure, fact.value));
        let dim = self.dim(&fact.dim);
        let place = fact.place.at(Level::Township).unwrap_or(fact.place);
        if fact.day == 0 {
            let key = (number, place, Period::Now, false, dim, class);
            return add_to(self.months.entry(key).or_default(), (1, fact.value));
        }
        let ends = (fact.until != 0 && fact.until != OPEN).then_some((fact.until, true));
        for (day, is_lost) in [Some((fact.day, false)), ends].into_iter().flatten() {
            let month = *self.months_of_days.entry(day).or_insert_with(|| Period::Month(Period::month_of(day)));
            let key = (number, place, month, is_lost, dim, class);
            add_to(self.months.entry(key).or_default(), (1, fact.value));
            // Townships have no days of their own.
            let place = place.at(Level::County).unwrap_or(place);
            add_to(self.days.entry((number, place, day, is_lost)).or_default(), (1, fact.value));
        }
    }

    /// The number of a part; 0 for none.
    fn dim(&mut self, dim: &str) -> u32 {
        if dim.is_empty() {
            return 0;
        }
        if let Some(number) = self.dims.get(dim) {
            return *number;
        }
        let number = u32::try_from(self.dims.len() + 1).unwrap_or(u32::MAX);
        self.dims.insert(dim.to_owned(), number);
        number
    }

    /// Adds the counters of a shard that all of it comes to; as [`crate::fold::add_cells`] would, fact by fact.
    pub fn add_to(&self, cells: &mut Cells, shard: Shard, measured: &Measured<'_>) {
        let mut dims: Vec<&str> = vec![""; self.dims.len() + 1];
        for (dim, number) in &self.dims {
            if let Some(place) = usize::try_from(*number).ok().and_then(|number| dims.get_mut(number)) {
                *place = dim;
            }
        }
        let mut add = |(number, place, period, dim): (usize, PlaceCode, Period, String), cell| {
            let Some(measure) = measured.measure(number) else { return };
            let key = CellKey { shard, measure: measure.name.clone(), place, period, dim };
            add_to(cells.entry(key).or_default(), cell);
        };
        for ((number, own, period, is_lost, dim, class), cell) in &self.months {
            let side = if *is_lost { "-" } else { "" };
            let dim = usize::try_from(*dim).ok().and_then(|number| dims.get(number)).copied().unwrap_or_default();
            for place in places(*own) {
                add((*number, place, *period, side.to_owned()), *cell);
                if !dim.is_empty() {
                    add((*number, place, *period, format!("{side}={dim}")), *cell);
                }
                if let Some(class) = class {
                    add((*number, place, *period, format!("{side}#{class}")), *cell);
                }
            }
        }
        for ((number, own, day, is_lost), cell) in &self.days {
            let side = if *is_lost { "-" } else { "" };
            for place in places(*own).filter(|place| place.level() <= Level::County) {
                add((*number, place, Period::Day(*day), side.to_owned()), *cell);
            }
        }
    }
}

/// The places a fact counts at, whose counters are kept: itself above counties, otherwise its county and its township.
pub(crate) fn places(own: PlaceCode) -> impl Iterator<Item = PlaceCode> {
    let above = (own.level() < Level::County).then_some(own);
    [above, own.at(Level::County), own.at(Level::Township)].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::add_cells;
    use ganglion_model::pack::Moment;
    use proptest::prelude::*;

    const PLACES: [&str; 6] = ["13", "1309", "130922", "130922001", "130922002", "130922001001001"];

    fn model() -> Model {
        let mut model = Model::default();
        for name in ["a", "b"] {
            let of = Source::Register("well".to_owned());
            let measure = Measure { classes: name == "b", ..Measure::counting(name, of, Moment::Always) };
            model.measures.insert(name.to_owned(), measure);
        }
        model
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn summed_up_is_as_one_by_one(
            drawn in prop::collection::vec((0..2_usize, 0..6_usize, 0..70_i32, 0..4_i32, 0..3_usize, -20_000..20_000_i64), 0..60),
        ) {
            let model = model();
            let measured = Measured::of(&model);
            let (mut tallied, mut one_by_one) = (Tallied::default(), Cells::new());
            for (measure, place, day, length, dim, value) in drawn {
                let until = match length { 0 => 0, 3 => OPEN, days => day + days * 20 };
                let (name, place) = (["a", "b"][measure], PLACES[place].parse().unwrap());
                let dim = ["", "x", "y"][dim].to_owned();
                let fact = Fact { day, until: if day == 0 { 0 } else { until }, dim, value, ..Fact::now(name, place) };
                let of = &model.measures[name];
                prop_assert_eq!(measured.number(name), Some(measure));
                tallied.add(measure, of, &fact);
                add_cells(&mut one_by_one, Shard(130_922), &fact, 1, of.classes.then(|| class_of(of, value)));
            }
            let mut cells = Cells::new();
            tallied.add_to(&mut cells, Shard(130_922), &measured);
            prop_assert_eq!(cells, one_by_one);
        }
    }
}
