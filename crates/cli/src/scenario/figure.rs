//! Figures in a scenario: facts of the rows in memory, read as pages read those of a store.

use super::memory::Memory as Kept;
use super::run::Running;
use super::then::Figure;
use super::value::expected;
use ganglion_indicators::fold::DIM_SEPARATOR;
use ganglion_indicators::{Fact, Span, When, facts_of_case, facts_of_row, ranks};
use ganglion_kernel::World;
use ganglion_kernel::figures::memory::Memory;
use ganglion_kernel::figures::publish::frozen;
use ganglion_kernel::figures::{Got, Reader};
use ganglion_kernel::lookup::FigureAsked;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Indicator, Measure, Rounding, Scope};
use ganglion_model::published::Published;
use ganglion_model::{CaseId, Frac, PlaceCode, Record};
use jiff::Timestamp;

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

/// Expected and found rank of a place among the children of the same parent: `2 of 16`, `none` without a value.
///
/// # Errors
/// What the line names and does not exist.
pub fn rank(running: &Running, asked: &Figure) -> Result<(String, String), String> {
    let world = &running.at.setting.world;
    let indicator = world.model.indicators.get(&asked.indicator);
    let indicator = indicator.ok_or_else(|| format!("there is no indicator {}", asked.indicator))?;
    let place: PlaceCode = asked.place.parse().map_err(|_| format!("{} is no place code", asked.place))?;
    let parent = place.parent().ok_or("a place with siblings")?;
    let siblings = world.places.tree.children(parent, local_date(running.at.now));
    let siblings: Vec<PlaceCode> = siblings.map(|one| one.code).collect();
    let got = read(running, (indicator, asked.part.as_deref()), &siblings, span(running, asked)?)?;
    let ranks = ranks(indicator, &got.iter().map(|got| got.figure.exact).collect::<Vec<_>>());
    let own = siblings.iter().position(|code| *code == place).and_then(|at| ranks[at]);
    let found = own.map_or_else(|| "none".to_owned(), |own| format!("{own} of {}", ranks.iter().flatten().count()));
    Ok((expected(&asked.said), found))
}

/// A target at a place against `606.7 of 580.0, 104.6 %, expected 60.0 %, parts over by 5.2 %`: every part named must be so.
///
/// # Errors
/// How the place stands, when a part is not so.
pub fn target(running: &Running, (name, place): (&str, &str), said: &str) -> Result<(String, String), String> {
    let world = &running.at.setting.world;
    let target = world.model.targets.get(name).ok_or_else(|| format!("there is no target {name}"))?;
    let indicator = world.model.indicators.get(&target.of).ok_or("an indicator of the target")?;
    let place: PlaceCode = place.parse().map_err(|_| format!("{place} is no place code"))?;
    let memory = counted((world, &running.at.memory), facts(world, &running.at.memory));
    let reader = Reader { tally: &memory, world, today: local_date(running.at.now) };
    let standing = block_on(reader.standings(target, &[place]))?.pop().ok_or("an indicator of the target")?;
    let percent = |value: Frac| format!("{} %", value.rounded(1, Rounding::HalfUp).unwrap_or_default());
    let whole = standing.target.and_then(|value| value.rounded(indicator.decimals, indicator.rounding));
    let done = standing.done.shown.as_deref().unwrap_or("n/a");
    let mut parts = vec![format!("{done} of {}", whole.as_deref().unwrap_or("none"))];
    parts.extend(standing.percent.map(percent));
    parts.extend(target.expected_on(reader.today).map(|value| format!("expected {}", percent(value))));
    parts.extend(standing.gap.map(|gap| match gap.percent.is_negative() {
        true => format!("parts short by {}", percent(Frac::ZERO.minus(gap.percent).unwrap_or(gap.percent))),
        false => format!("parts over by {}", percent(gap.percent)),
    }));
    let found = parts.join(", ");
    let all = said.split(',').map(str::trim).all(|part| parts.iter().any(|one| one == part));
    if all { Ok((found.clone(), found)) } else { Err(found) }
}

fn block_on<T, E: std::fmt::Display>(reading: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    runtime.block_on(reading).map_err(|error| error.to_string())
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
pub fn read(
    running: &Running,
    (indicator, part): (&Indicator, Option<&str>),
    places: &[PlaceCode],
    span: Span,
) -> Result<Vec<Got>, String> {
    let world = &running.at.setting.world;
    let mut facts = facts(world, &running.at.memory);
    if let Some(part) = part {
        facts.retain(|(_, fact)| world.model.measures.get(&fact.measure).is_some_and(|one| is_part(one, fact, part)));
    }
    let memory = counted((world, &running.at.memory), facts);
    let reader = Reader { tally: &memory, world, today: local_date(running.at.now) };
    let got = block_on(reader.read(indicator, places, &[span], false))?;
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

/// Figures to be published, counted from the rows as they stand: what the committer does for a server.
pub fn published(
    (world, kept): (&World, &Kept),
    asked: &[FigureAsked],
    at: Timestamp,
) -> Vec<(FigureAsked, Option<Published>)> {
    if asked.is_empty() {
        return Vec::new();
    }
    let memory = counted((world, kept), facts(world, kept));
    let reader = Reader { tally: &memory, world, today: local_date(at) };
    let journals = kept.journals();
    let one = |asked: &FigureAsked| {
        let indicator = world.model.indicators.get(&asked.indicator)?;
        let span = When::parse(&asked.period)?.span();
        let got = block_on(reader.read(indicator, &[asked.place], &[span], false)).ok()?;
        let figure = got.into_iter().flatten().next()?.figure;
        Some(frozen(world, (indicator, asked), figure, (&journals, at)))
    };
    asked.iter().map(|asked| (asked.clone(), one(asked))).collect()
}

/// Facts with their counters, and the lists of rules as they stand.
fn counted((world, kept): (&World, &Kept), facts: Vec<(CaseId, Fact)>) -> Memory {
    let broken = kept.violations.values().map(|one| (one.rule.clone(), one.place)).collect();
    Memory::of(&world.model, facts).with_broken(broken)
}

fn facts(world: &World, kept: &Kept) -> Vec<(CaseId, Fact)> {
    let mut facts = Vec::new();
    for case in kept.cases.values() {
        facts.extend(facts_of_case(&world.model, world, case).into_iter().map(|fact| (case.id, fact)));
    }
    for versions in world.model.registers.keys().flat_map(|register| rows_of((world, kept), register)) {
        let Some(last) = versions.last() else { continue };
        let id = last.id();
        facts.extend(facts_of_row(&world.model, world, versions).into_iter().map(|fact| (id, fact)));
    }
    facts
}

/// Every row of a register with its versions. Rows kept above counties stand in the world until they change; rows of the
/// deployment always do.
pub fn rows_of<'r>((world, kept): (&'r World, &'r Kept), register: &str) -> Vec<&'r Vec<Record>> {
    let memory = &kept.records;
    let is_common = world.model.registers.get(register).is_some_and(|one| one.scope == Scope::Deployment);
    let is_given = |row: &&Vec<Record>| is_common || row.last().is_some_and(|one| !memory.contains_key(&one.row_key()));
    let kept = memory.iter().filter(|((_, name, _), _)| !is_common && name == register).map(|(_, row)| row);
    world.each_row(register).filter(is_given).chain(kept).collect()
}
