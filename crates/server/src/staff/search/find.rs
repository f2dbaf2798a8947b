//! Looking for words in everything a post reads: cases by the same union of filters as every list, rows of the registers it reads, as
//! far as it reads there. Pages and the interface for other software find the same.

use crate::error::Error;
use crate::staff::lists::Union;
use crate::staff::names;
use crate::staff::query::{after_of, after_text};
use crate::staff::registers::{Readable, readable};
use crate::web::Web;
use ganglion_kernel::decide::row_who::RowReach;
use ganglion_kernel::marked::{has_all, has_apart};
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_kernel::port_search::{Found, FoundAfter, FoundPage, RowSearch};
use ganglion_kernel::words::{self, Term, apart, terms};
use ganglion_model::pack::Scope;
use ganglion_model::{Case, PlaceCode, Record};
use std::cmp::Reverse;

/// Rows of the whole deployment on one page: they are few and stand before the others.
const DEPLOYED_MAX: usize = 8;
/// Rows of the whole deployment looked at.
const DEPLOYED_LOOKED_AT: usize = 20_000;

/// A page of what was found.
pub struct FoundHere<T> {
    /// What was found, in order.
    pub all: Vec<T>,
    /// Where the next page begins, as it stands in an address.
    pub next: Option<String>,
}

fn found_text(after: FoundAfter) -> String {
    format!("r{}.{}", after.score, after.doc)
}

fn found_of(text: &str) -> Option<FoundAfter> {
    let (score, doc) = text.strip_prefix('r')?.split_once('.')?;
    Some(FoundAfter { score: score.parse().ok()?, doc: doc.parse().ok()? })
}

/// Cases that hold the words of `filter`: those that say a word more than once first, or with `newest` the newest.
///
/// # Errors
/// Storage.
pub async fn cases(
    web: &Web,
    (filter, newest): (&CaseFilter, bool),
    after: Option<&str>,
    limit: u32,
) -> Result<FoundHere<Case>, Error> {
    let list = Union::reachable(web, web.post()?).narrowed(filter);
    let from = after.and_then(found_of);
    if (after.is_none() || from.is_some())
        && let Some(found) = indexed(web, (&list, newest), from, limit).await?
    {
        return Ok(found);
    }
    let page = list.page(web, CaseOrder::Opened, after_of(after).as_ref(), limit).await?;
    Ok(FoundHere { all: page.cases, next: page.next.as_ref().map(after_text) })
}

/// The first of every part of a union, merged; `None` where there is no index of words.
async fn indexed(
    web: &Web,
    (list, newest): (&Union, bool),
    after: Option<FoundAfter>,
    limit: u32,
) -> Result<Option<FoundHere<Case>>, Error> {
    let mut parts = Vec::with_capacity(list.0.len());
    for filter in &list.0 {
        let Some(page) = web.app.store.cases_found((filter, newest), after, limit).await? else { return Ok(None) };
        parts.push(page);
    }
    let FoundPage { found, next } = merged(parts, limit as usize);
    let all: Vec<Case> = found.into_iter().map(|one| one.what).collect();
    names::of_cases(web, &all).await?;
    Ok(Some(FoundHere { all, next: next.map(found_text) }))
}

/// The pages of several searches as one. No part was looked through behind where its next page begins, so nothing behind the first of
/// these is shown yet.
fn merged(parts: Vec<FoundPage<Case>>, limit: usize) -> FoundPage<Case> {
    let begins = parts.iter().filter_map(|part| part.next).max();
    let mut found: Vec<Found<Case>> = parts.into_iter().flat_map(|part| part.found).collect();
    found.retain(|one| begins.is_none_or(|begins| one.at >= begins));
    found.sort_by_key(|one| Reverse(one.at));
    found.dedup_by(|a, b| a.what.id == b.what.id);
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_more).map(|last| last.at).or(begins);
    FoundPage { found, next }
}

/// The registers a search looks into: those the reader reads, of a pack where one was chosen. Of a register only some of whose fields
/// the reader sees nothing is found: trying words would tell the others.
pub fn registers<'w>(web: &'w Web, pack: Option<&str>) -> Vec<Readable<'w>> {
    let all = web.world.model.registers.values();
    let of_pack = all.filter(|register| register.series.is_none() && pack.is_none_or(|pack| register.pack == pack));
    let read = of_pack.filter_map(|register| readable(web, &register.name).ok());
    read.filter(|one| one.reach != RowReach::Public || words::is_all_public(one.register)).collect()
}

/// The place whose rows are looked at: that asked for, as far as the reader reads. `None`: nothing there; `Some(None)`: everywhere.
fn within(reach: RowReach, asked: Option<PlaceCode>) -> Option<Option<PlaceCode>> {
    match (reach, asked) {
        (RowReach::All | RowReach::Public, asked) => Some(asked),
        (RowReach::Within(own), None) => Some(Some(own)),
        (RowReach::Within(own), Some(asked)) if own.holds(asked) => Some(Some(asked)),
        (RowReach::Within(own), Some(asked)) => asked.holds(own).then_some(Some(own)),
    }
}

/// Rows that hold the words.
///
/// # Errors
/// Storage.
pub async fn rows(
    web: &Web,
    (typed, place): (&str, Option<PlaceCode>),
    registers: &[Readable<'_>],
    after: Option<&str>,
    limit: u32,
) -> Result<FoundHere<Record>, Error> {
    let by_place = registers.iter().filter(|one| one.register.scope != Scope::Deployment);
    let looked_into = by_place.filter_map(|one| Some((one.register.name.clone(), within(one.reach, place)?)));
    let search = RowSearch { registers: looked_into.collect(), on: web.today(), words: typed.to_owned() };
    let from = after.and_then(found_of);
    let page = web.app.store.rows_found(&search, from, limit).await?;
    let mut all = if from.is_none() && place.is_none() { deployed(web, typed, registers) } else { Vec::new() };
    all.extend(page.found.into_iter().map(|one| one.what));
    for readable in registers {
        let own: Vec<Record> = all.iter().filter(|row| row.register == readable.register.name).cloned().collect();
        names::of_rows(web, readable.register, &own).await?;
    }
    Ok(FoundHere { all, next: page.next.map(found_text) })
}

/// How well a row of the whole deployment fits: its name was typed, its words, or its words apart.
fn fit((texts, label): (&[String], &str), terms: &[Term], groups: &[Vec<Term>]) -> Option<u8> {
    if has_all(texts, terms) {
        return Some(u8::from(!has_all(&[label.to_owned()], terms)));
    }
    has_apart(texts, groups).then_some(2)
}

/// Rows of the whole deployment, which are in memory: those whose name was typed first.
fn deployed(web: &Web, typed: &str, registers: &[Readable<'_>]) -> Vec<Record> {
    let Some(terms) = terms(typed) else { return Vec::new() };
    let today = web.today();
    let in_memory = registers.iter().filter(|one| one.register.scope == Scope::Deployment);
    let versions = in_memory.flat_map(|one| {
        let rows = web.world.each_row(&one.register.name).flatten().filter(move |row| row.valid_on(today));
        rows.map(move |row| (one.register, row))
    });
    let groups = apart(&terms);
    let mut found: Vec<(u8, &Record)> = versions
        .take(DEPLOYED_LOOKED_AT)
        .filter_map(|(register, row)| {
            let label = row.fields.get(&register.label).and_then(|label| label.as_str()).unwrap_or_default();
            let texts = words::parts_of_row(&web.world, register, row);
            Some((fit((&texts, label), &terms, &groups)?, row))
        })
        .collect();
    found.sort_by_key(|(fit, _)| *fit);
    found.into_iter().take(DEPLOYED_MAX).map(|(_, row)| row.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_reaches_no_further_than_its_reader() {
        let code = |text: &str| text.parse::<PlaceCode>().unwrap();
        let (county, town, other) = (code("130903"), code("130903001"), code("130921"));
        assert_eq!(within(RowReach::Within(county), Some(town)), Some(Some(town)));
        assert_eq!(within(RowReach::Within(town), Some(county)), Some(Some(town)));
        assert_eq!(within(RowReach::Within(town), Some(other)), None);
        assert_eq!(within(RowReach::Within(town), None), Some(Some(town)));
        assert_eq!(within(RowReach::All, None), Some(None));
    }

    #[test]
    fn parts_of_a_search_are_merged_as_far_as_each_was_looked_through() {
        let at = |score, doc| FoundAfter { score, doc };
        let found = |score, doc: i64| {
            let case = serde_json::json!({
                "id": format!("00000000-0000-0000-0000-{doc:012}"), "process": "p", "shard": 130_903, "number": doc.to_string(),
                "version": 1, "state": "filed", "place": "130903001", "level": "township", "channel": "app",
                "opened_at": "2022-06-27T01:00:00Z", "updated_at": "2022-06-27T01:00:00Z", "fields": {}, "entered": {},
                "route": {"by": "named", "place": "130903001"},
            });
            Found { at: at(score, doc), what: serde_json::from_value(case).unwrap() }
        };
        let part =
            |of: &[(i64, i64)], next| FoundPage { found: of.iter().map(|one| found(one.0, one.1)).collect(), next };
        let docs = |page: &FoundPage<Case>| page.found.iter().map(|one| one.at.doc).collect::<Vec<_>>();
        let all = merged(vec![part(&[(1, 3), (0, 9)], None), part(&[(0, 9), (0, 8)], None)], 9);
        assert_eq!((docs(&all), all.next), (vec![3, 9, 8], None));
        let full = merged(vec![part(&[(0, 9), (0, 7)], Some(at(0, 7))), part(&[(0, 8), (0, 5)], None)], 2);
        assert_eq!((docs(&full), full.next), (vec![9, 8], Some(at(0, 8))));
        let short = merged(vec![part(&[], Some(at(0, 6))), part(&[(0, 8), (0, 5)], None)], 2);
        assert_eq!((docs(&short), short.next), (vec![8], Some(at(0, 6))), "the first part may still have one before 5");
    }

    #[test]
    fn a_page_begins_where_the_last_one_ended() {
        let after = FoundAfter { score: -3, doc: 7 };
        assert_eq!(found_of(&found_text(after)), Some(after));
        assert_eq!(found_of("7_x"), None);
    }
}
