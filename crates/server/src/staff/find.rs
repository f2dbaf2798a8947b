//! Finding a case by its number, a place by its name, and the people a page names.

use super::registers::names;
use crate::error::Error;
use crate::place_names::PlaceNames;
use crate::view::People;
use crate::web::Web;
use ganglion_kernel::decide::who;
use ganglion_model::change::{Actor, Change, Entry};
use ganglion_model::pack::{BREAK_GLASS, Process};
use ganglion_model::{AccountId, Case, Lang, Level, PlaceCode, Shard};
use std::collections::BTreeSet;

/// Shards a number may lie in: the county whose code it carries, else every county of the installation.
pub fn shards_of(web: &Web, number: &str) -> Vec<Shard> {
    let named = number
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| matches!(part.len(), 6 | 9 | 12 | 15))
        .filter_map(|part| part.parse::<PlaceCode>().ok())
        .filter(|code| web.world.places.root.holds(*code))
        .find_map(|code| code.at(Level::County));
    match named {
        Some(county) => vec![county.shard()],
        None => counties(web, web.world.places.root),
    }
}

/// Shards of the counties inside a place, or of the county it lies in.
pub fn counties(web: &Web, place: PlaceCode) -> Vec<Shard> {
    if let Some(county) = place.at(Level::County) {
        return vec![county.shard()];
    }
    let codes: BTreeSet<Shard> = web
        .world
        .places
        .tree
        .versions()
        .filter(|version| version.code.level() == Level::County && place.holds(version.code))
        .map(|version| version.code.shard())
        .collect();
    codes.into_iter().collect()
}

/// A case that the signed-in post may read, with its process.
///
/// # Errors
/// [`Error::NotFound`] for what does not exist or may not be seen.
pub async fn case<'w>(web: &'w Web, number: &str) -> Result<(Case, &'w Process), Error> {
    let post = web.post()?;
    let number = number.trim();
    // Longer than any number: not worth a look into the store.
    if number.len() > 64 {
        return Err(Error::NotFound);
    }
    for shard in shards_of(web, number) {
        let Some(case) = web.app.store.case_by_number(shard, number).await? else {
            continue;
        };
        let process = web.world.model.processes.get(&case.process).ok_or(Error::NotFound)?;
        let may = who::may_read(&web.world, &web.actor(), Some(post), &case);
        if !may {
            return Err(Error::NotFound);
        }
        names::of_cases(web, std::slice::from_ref(&case)).await?;
        return Ok((case, process));
    }
    Err(Error::NotFound)
}

/// A case the signed-in post may break the glass of, with its process; `None` for every other, there or not.
///
/// # Errors
/// Storage.
pub async fn behind_glass<'w>(web: &'w Web, number: &str) -> Result<Option<(Case, &'w Process)>, Error> {
    let post = web.post()?;
    let number = number.trim();
    if number.is_empty() || number.len() > 64 {
        return Ok(None);
    }
    for shard in shards_of(web, number) {
        let Some(case) = web.app.store.case_by_number(shard, number).await? else { continue };
        let process = web.world.model.processes.get(&case.process);
        let asked = |process: &&Process| who::may_break_glass((process, BREAK_GLASS), &web.actor(), Some(post), &case);
        return Ok(process.filter(asked).map(|process| (case.clone(), process)));
    }
    Ok(None)
}

/// Names of the people behind entries and of others besides.
///
/// # Errors
/// Storage.
pub async fn people(web: &Web, entries: &[Entry], others: impl Iterator<Item = AccountId>) -> Result<People, Error> {
    let acted = entries
        .iter()
        .filter(|entry| {
            !matches!(entry.change, Change::Record { .. } | Change::RecordGone { .. } | Change::Proposal { .. })
        })
        .filter_map(|entry| match &entry.actor {
            Actor::Post { account, .. } => Some(account.clone()),
            _ => None,
        });
    let wanted: BTreeSet<AccountId> = acted.chain(others).collect();
    let mut people = People::new();
    for id in wanted {
        if let Some(account) = web.app.store.account(&id).await? {
            people.insert(id, account.name);
        }
    }
    Ok(people)
}

/// The names of the places of `root` and inside it, today.
pub fn place_names(web: &Web, root: PlaceCode) -> PlaceNames {
    let said = [Lang::Zh, Lang::En].map(|lang| web.said_in(lang, "place-endings"));
    let endings: Vec<String> = said.iter().flat_map(|words| words.split_whitespace()).map(str::to_owned).collect();
    PlaceNames::new(&web.world.places.tree, (root, web.today()), &endings)
}
