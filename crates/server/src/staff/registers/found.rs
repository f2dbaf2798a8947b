//! Rows of a register for a reference: those of the place that was chosen, as a list where they are few, searched by words
//! where they are many. What was typed is the key of a row, or words. Only rows the reader may read are found.

use super::{Readable, rows, shown};
use crate::error::Error;
use crate::view::Look;
use crate::view::field::RowsView;
use crate::view::options::Choice;
use crate::view::words::count;
use crate::web::Web;
use ganglion_kernel::decide::row_who::RowReach;
use ganglion_kernel::port_rows::{RowFilter, RowOrder};
use ganglion_model::pack::{Field, Scope};
use ganglion_model::{Level, PlaceCode, Record, RowKey, Shard};

/// Rows a list shows.
pub const LISTED_MAX: u32 = 300;
/// From this many rows on there is a box to search them by words.
const SEARCHED_FROM: usize = 20;
/// Rows shown of a longer list, or of what a search found.
const SHOWN_MAX: u32 = 50;
/// Pages read for a list of rows that fit: where nearly none do, words find them.
const PAGES_MAX: usize = 5;

/// Which rows are looked for.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// The place that was chosen, or that of the case.
    pub near: PlaceCode,
    /// Whether it was chosen: then its own rows are wanted first.
    pub chosen: bool,
    /// The reference they are for.
    pub field: &'a Field,
    /// Whether it says how far away a row may belong: until a place is chosen nobody knows.
    pub is_placed: bool,
    /// The key of a row, or words.
    pub typed: &'a str,
}

impl Search<'_> {
    /// Whether some rows cannot be named.
    fn narrows(&self) -> bool {
        !self.field.offered.is_empty() || self.place().is_some()
    }

    /// The place rows have to belong near, where the field says so and the place is known.
    fn place(&self) -> Option<PlaceCode> {
        self.field.within.filter(|_| self.is_placed).map(|_| self.near)
    }
}

/// Rows found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The rows and what came of the search.
    pub rows: RowsView,
    /// The words that were searched; empty when a row is chosen or nothing was typed.
    pub words: String,
    /// Whether there is a box for words.
    pub is_searched: bool,
}

impl Found {
    /// The row that is chosen.
    pub fn chosen(&self) -> Option<&str> {
        self.rows.options.iter().find(|row| row.selected).map(|row| row.value.as_str())
    }
}

/// Looks for rows.
///
/// # Errors
/// Storage.
pub async fn find(web: &Web, readable: &Readable<'_>, search: Search<'_>) -> Result<Found, Error> {
    let typed = search.typed.trim();
    let chosen = if typed.is_empty() { None } else { row(web, readable, (search.near, typed)).await? };
    match chosen {
        None if !typed.is_empty() => searched(web, readable, (search, typed)).await,
        chosen => listed(web, readable, (search, chosen)).await,
    }
}

/// The row with a key as it holds today, if it may be read.
async fn row(web: &Web, readable: &Readable<'_>, (near, key): (PlaceCode, &str)) -> Result<Option<Record>, Error> {
    let shard = if readable.register.scope == Scope::Deployment { Shard::DEPLOYMENT } else { near.shard() };
    let row: RowKey = (shard, readable.register.name.clone(), key.to_owned());
    let today = web.today();
    let holds = rows::versions(web, &row).await?.into_iter().rev().find(|one| one.valid_on(today));
    Ok(holds.filter(|one| readable.reach.lists(one.place)))
}

/// The place looked at and the county around it, as far as the reader reads there; the narrower first. Rows of the deployment
/// are looked for everywhere.
fn places(readable: &Readable<'_>, near: PlaceCode) -> Vec<Option<PlaceCode>> {
    let Scope::Place(level) = readable.register.scope else { return vec![None] };
    let here = near.at(level).unwrap_or(near);
    let county = here.at(Level::County).unwrap_or(here);
    let read = |place: PlaceCode| match readable.reach {
        RowReach::Within(own) if place.holds(own) => Some(own),
        RowReach::Within(own) => own.holds(place).then_some(place),
        RowReach::All | RowReach::Public => Some(place),
    };
    let mut all: Vec<Option<PlaceCode>> = [here, county].into_iter().filter_map(read).map(Some).collect();
    all.dedup();
    all
}

/// Without words: all rows where they are few, else the first of them.
async fn listed(
    web: &Web,
    readable: &Readable<'_>,
    (search, chosen): (Search<'_>, Option<Record>),
) -> Result<Found, Error> {
    let words = web.words();
    let look = web.look(&words);
    let mut places = places(readable, search.near);
    if search.chosen {
        places.truncate(1);
    } else {
        places.reverse();
    }
    let mut found = Found::default();
    for place in places {
        let filter = RowFilter { place, ..RowFilter::of(&readable.register.name, web.today()) };
        let (mut all, is_cut) = fitting((web, &look), readable, (&filter, search), LISTED_MAX).await?;
        let total = if is_cut && !search.narrows() {
            rows::count(web, readable.register, &filter).await?
        } else {
            all.len() as u64
        };
        if is_cut {
            all.truncate(SHOWN_MAX as usize);
        }
        // The row that was chosen stays on offer, unless another place was chosen since.
        let is_there = |one: &Record| all.iter().any(|other| other.key == one.key);
        let may_stay =
            |one: &Record| !search.chosen || place.is_none_or(|place| one.place.is_some_and(|own| place.holds(own)));
        if let Some(one) = chosen.as_ref().filter(|one| !is_there(one)).filter(|one| may_stay(one)) {
            all.insert(0, one.clone());
        }
        let key = chosen.as_ref().map(|one| one.key.as_str());
        let options = choices((web, &look), readable, (&all, place), key);
        let args = [("count", count(total).into()), ("shown", options.len().into())];
        let cut = if search.narrows() { "find-more" } else { "find-cut" };
        found = Found {
            is_searched: is_cut || options.len() >= SEARCHED_FROM,
            rows: RowsView { note: if is_cut { look.say(cut, &args) } else { String::new() }, options },
            words: String::new(),
        };
        if !is_cut {
            break;
        }
    }
    Ok(found)
}

/// With words: rows of the place chosen that hold them, else those of the county.
async fn searched(web: &Web, readable: &Readable<'_>, (search, typed): (Search<'_>, &str)) -> Result<Found, Error> {
    let words = web.words();
    let look = web.look(&words);
    let mut places = places(readable, search.near);
    if !search.chosen {
        places.drain(..places.len().saturating_sub(1));
    }
    let sees_all = readable.sees_all(web);
    for (nth, place) in places.into_iter().enumerate() {
        let filter =
            RowFilter { place, word: Some(typed.to_owned()), ..RowFilter::of(&readable.register.name, web.today()) };
        let (mut all, is_cut) = fitting((web, &look), readable, (&filter, search), SHOWN_MAX).await?;
        // Words of fields the reader may not see find nothing.
        let lower = typed.to_lowercase();
        all.retain(|one| {
            let shown = || format!("{}\n{}", one.key, shown::title(&look, readable, web, one)).to_lowercase();
            sees_all || shown().contains(&lower)
        });
        let mut options = choices((web, &look), readable, (&all, place), None);
        if options.is_empty() && !is_cut {
            continue;
        }
        let named = |one: &Choice| one.label == typed || one.value.eq_ignore_ascii_case(typed);
        if options.iter().filter(|one| named(one)).count() == 1 {
            options.iter_mut().for_each(|one| one.selected = named(one));
        }
        let args = [("count", options.len().into()), ("shown", SHOWN_MAX.into()), ("words", typed.into())];
        let key = match (is_cut, nth > 0) {
            (true, _) => "more",
            (false, true) => "elsewhere",
            (false, false) => "found",
        };
        let note = look.say(&format!("find-{key}"), &args);
        return Ok(Found { rows: RowsView { options, note }, words: typed.to_owned(), is_searched: true });
    }
    let note = look.say("find-none", &[("words", typed.into())]);
    Ok(Found { rows: RowsView { options: Vec::new(), note }, words: typed.to_owned(), is_searched: true })
}

/// The first `most` rows that may be named in the reference, and whether there may be more.
async fn fitting(
    (web, look): (&Web, &Look<'_>),
    readable: &Readable<'_>,
    (filter, search): (&RowFilter, Search<'_>),
    most: u32,
) -> Result<(Vec<Record>, bool), Error> {
    let order = RowOrder::default();
    let (mut all, mut after) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let page = rows::page(web, readable.register, (filter, &order), after.as_ref(), most).await?;
        let fits = |one: &Record| !search.narrows() || look.offers(search.field, search.place(), one);
        all.extend(page.rows.into_iter().filter(fits));
        after = page.next;
        if after.is_none() || all.len() >= most as usize {
            break;
        }
    }
    let is_cut = after.is_some() || all.len() > most as usize;
    all.truncate(most as usize);
    Ok((all, is_cut))
}

/// Rows as choices: those of the reader's own places first, under the names of their places where there are several.
fn choices(
    (web, look): (&Web, &Look<'_>),
    readable: &Readable<'_>,
    (rows, place): (&[Record], Option<PlaceCode>),
    key: Option<&str>,
) -> Vec<Choice> {
    let own = web.post().ok().map(|post| post.place);
    let grouped = match (readable.register.scope, place) {
        (Scope::Place(level), Some(place)) => place.level() < level,
        _ => false,
    };
    let mut rows: Vec<&Record> = rows.iter().collect();
    if grouped {
        let is_own = |one: &Record| own.zip(one.place).is_some_and(|(own, at)| own.holds(at) || at.holds(own));
        rows.sort_by_key(|one| (!is_own(one), one.place));
    }
    let choice = |one: &&Record| {
        let title = shown::title(look, readable, web, one);
        Choice {
            hint: (title != one.key).then(|| one.key.clone()),
            selected: key == Some(one.key.as_str()),
            group: one.place.filter(|_| grouped).map(|at| look.place_path(at)),
            ..Choice::new(one.key.clone(), title)
        }
    };
    rows.iter().map(choice).collect()
}
