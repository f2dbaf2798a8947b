//! Figures in a scenario: facts of the rows in memory, summed over place and period, read as the pack declares.

use super::run::Running;
use super::then::Figure;
use super::value::expected;
use ganglion_indicators::fold::minutes_class;
use ganglion_indicators::{Fact, Period, Sums, facts_of_case, facts_of_record, figure as read, measures_of};
use ganglion_model::PlaceCode;
use ganglion_model::pack::Indicator;
use jiff::civil::Date;

/// Expected and found value of a figure, as shown on screens without unit; `n/a` when there is nothing to divide by.
///
/// # Errors
/// What the line names and does not exist.
pub fn figure(running: &Running, asked: &Figure) -> Result<(String, String), String> {
    let world = &running.at.setting.world;
    let indicator = world.model.indicators.get(&asked.indicator);
    let indicator = indicator.ok_or_else(|| format!("there is no indicator {}", asked.indicator))?;
    let place: PlaceCode = asked.place.parse().map_err(|_| format!("{} is no place code", asked.place))?;
    let days = match &asked.period {
        Some(period) => Some(span(period).ok_or_else(|| format!("{period} is no day, month or year"))?),
        None => None,
    };
    let (cases, records) =
        (running.at.memory.cases.values(), running.at.memory.records.values().filter_map(|versions| versions.last()));
    let facts = cases
        .flat_map(|case| facts_of_case(&world.model, world, case))
        .chain(records.flat_map(|record| facts_of_record(&world.model, world, record)))
        .filter(|fact| place.holds(fact.place))
        .filter(|fact| fact.day == 0 || days.is_none_or(|(from, to)| (from..to).contains(&fact.day)))
        .filter(|fact| asked.part.as_ref().is_none_or(|part| fact.dim == *part));
    let figure = read(indicator, &sums(indicator, facts));
    let found = figure.shown.unwrap_or_else(|| "n/a".to_owned());
    let said = expected(&asked.said);
    let said = said.trim_end_matches(['%', ' ']);
    Ok((said.to_owned(), found))
}

fn sums(indicator: &Indicator, facts: impl Iterator<Item = Fact>) -> Sums {
    let measures = measures_of(indicator);
    let mut sums = Sums::default();
    for fact in facts.filter(|fact| measures.contains(&fact.measure.as_str())) {
        *sums.classes.entry(fact.measure.clone()).or_default().entry(minutes_class(fact.value)).or_default() += 1;
        let total = sums.totals.entry(fact.measure).or_default();
        total.0 += 1;
        total.1 += fact.value;
    }
    sums
}

/// Days `[from, to)` of `2022`, `2022-06` or `2022-06-27`.
fn span(period: &str) -> Option<(i32, i32)> {
    let parts: Vec<i16> = period.split('-').map(str::parse).collect::<Result<_, _>>().ok()?;
    let small = |n: i16| i8::try_from(n).ok();
    let (from, length) = match parts.as_slice() {
        [year] => (Date::new(*year, 1, 1).ok()?, jiff::Span::new().years(1)),
        [year, month] => (Date::new(*year, small(*month)?, 1).ok()?, jiff::Span::new().months(1)),
        [year, month, day] => (Date::new(*year, small(*month)?, small(*day)?).ok()?, jiff::Span::new().days(1)),
        _ => return None,
    };
    Some((Period::day_number(from), Period::day_number(from.checked_add(length).ok()?)))
}
