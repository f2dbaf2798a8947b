//! Figures in a scenario: facts of the rows in memory, read as pages read those of a store.

use super::run::Running;
use super::then::Figure;
use super::value::expected;
use ganglion_indicators::When;
use ganglion_indicators::fold::DIM_SEPARATOR;
use ganglion_indicators::{Fact, Span, facts_of_case, facts_of_row};
use ganglion_kernel::figures::memory::Memory;
use ganglion_kernel::figures::{Got, Reader};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Indicator, Measure};
use ganglion_model::{CaseId, PlaceCode, Record};
use std::collections::BTreeMap;

/// Expected and found value of a figure, as shown on screens without unit; `n/a` when there is nothing to divide by.
///
/// # Errors
/// What the line names and does not exist.
pub fn figure(running: &Running, asked: &Figure) -> Result<(String, String), String> {
    let world = &running.at.setting.world;
    let indicator = world.model.indicators.get(&asked.indicator);
    let indicator = indicator.ok_or_else(|| format!("there is no indicator {}", asked.indicator))?;
    let place: PlaceCode = asked.place.parse().map_err(|_| format!("{} is no place code", asked.place))?;
    let span = span(running, asked)?;
    let got = read(running, (indicator, asked.part.as_deref()), &[place], span)?;
    let found = got.into_iter().next().and_then(|got| got.figure.shown).unwrap_or_else(|| "n/a".to_owned());
    let said = expected(&asked.said);
    let said = said.trim_end_matches(['%', ' ']);
    Ok((said.to_owned(), found))
}

/// The period asked for; everything so far without one.
fn span(running: &Running, asked: &Figure) -> Result<Span, String> {
    let Some(period) = &asked.period else {
        let (from, to) = (jiff::civil::date(1970, 1, 1), local_date(running.at.now).tomorrow());
        return Ok(Span { from, to: to.map_err(|error| error.to_string())? });
    };
    let when = When::parse(period);
    Ok(when.ok_or_else(|| format!("{period} is no day, month, quarter, year or span of days"))?.span())
}

/// One indicator at places over a period, only over rows of a part when one is named.
fn read(
    running: &Running,
    (indicator, part): (&Indicator, Option<&str>),
    places: &[PlaceCode],
    span: Span,
) -> Result<Vec<Got>, String> {
    let world = &running.at.setting.world;
    let mut facts = facts(running);
    if let Some(part) = part {
        facts.retain(|(_, fact)| world.model.measures.get(&fact.measure).is_some_and(|one| is_part(one, fact, part)));
    }
    let memory = Memory::of(&world.model, facts);
    let reader = Reader { tally: &memory, world, today: local_date(running.at.now) };
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    let got = runtime.block_on(reader.read(indicator, places, &[span], false)).map_err(|error| error.to_string())?;
    Ok(got.into_iter().flatten().collect())
}

/// `code` of any dimension, or `dimension=code`; several parts joined by `,` must all hold.
fn is_part(measure: &Measure, fact: &Fact, part: &str) -> bool {
    let values: Vec<&str> = fact.dim.split(DIM_SEPARATOR).collect();
    part.split(',').all(|part| match part.split_once('=') {
        None => values.contains(&part),
        Some((name, code)) => {
            let at = measure.by.iter().position(|dim| dim.name == name);
            at.is_some_and(|at| values.get(at) == Some(&code))
        }
    })
}

fn facts(running: &Running) -> Vec<(CaseId, Fact)> {
    let world = &running.at.setting.world;
    let mut facts = Vec::new();
    for case in running.at.memory.cases.values() {
        facts.extend(facts_of_case(&world.model, world, case).into_iter().map(|fact| (case.id, fact)));
    }
    let mut rows: BTreeMap<(u32, &str, &str), Vec<Record>> = BTreeMap::new();
    let deployed = world.reference.values().flat_map(|rows| rows.values()).flatten();
    for record in deployed.chain(running.at.memory.records.values()) {
        let versions = rows.entry((record.shard.0, &record.register, &record.key)).or_default();
        versions.retain(|old| old.valid_from != record.valid_from);
        versions.push(record.clone());
    }
    for (n, (_, mut versions)) in rows.into_iter().enumerate() {
        versions.sort_by_key(|record| record.valid_from);
        let id = CaseId(uuid::Uuid::from_u128(u128::MAX - n as u128));
        facts.extend(facts_of_row(&world.model, world, &versions).into_iter().map(|fact| (id, fact)));
    }
    facts
}
