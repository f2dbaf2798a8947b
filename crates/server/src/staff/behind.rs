//! The rows a figure was counted from, for the page and for other software: as many as the figure says, page by page. What may be
//! counted and not read is a line without words.

use super::PAGE_ROWS;
use super::figures::Asked;
use crate::error::Error;
use crate::web::Web;
use ganglion_indicators::Period;
use ganglion_indicators::fold::EVER;
use ganglion_kernel::Store;
use ganglion_kernel::decide::row_who::may_read_row;
use ganglion_kernel::decide::who;
use ganglion_kernel::figures::Reader;
use ganglion_kernel::figures::behind::{Behind, counted_from};
use ganglion_model::pack::{Measure, Source};
use ganglion_model::{Case, CaseId, Change, Record, Shard};
use jiff::civil::Date;

/// Most rows of one page.
const ROWS_MAX: u32 = 100;
const _: () = assert!(PAGE_ROWS <= ROWS_MAX);

/// What stands behind a figure.
pub struct Counted<'w> {
    /// The measure whose rows they are.
    pub measure: &'w Measure,
    behind: Behind,
    /// How many there are.
    pub total: i64,
}

/// Where a page begins: behind the row of this day and id.
pub type After = (i32, CaseId);

/// A row that was counted.
#[derive(Clone, Copy)]
pub struct At {
    day: i32,
    shard: Shard,
    row: CaseId,
}

impl At {
    /// The day it counts at; `None`: since ever.
    pub fn day(self) -> Option<Date> {
        (self.day > EVER).then(|| Period::date(self.day))
    }
}

/// What a counted row is for the caller.
pub enum Line {
    /// A case.
    Case(Box<Case>),
    /// A row of a register, in its newest version.
    Row(Box<Record>),
    /// Counted, and not to be read.
    Hidden,
}

/// Reads where a page begins.
pub fn after_of(text: &str) -> Option<After> {
    let (day, case) = text.split_once('_')?;
    Some((day.parse().ok()?, CaseId(case.parse().ok()?)))
}

/// Finds what stands behind a figure: of one of its measures, else of the one it says it was counted from.
///
/// # Errors
/// [`Error::NotFound`] for a figure without a measure, or without that one; storage.
pub async fn counted<'w>(web: &'w Web, asked: &Asked<'w>, measure: Option<&str>) -> Result<Counted<'w>, Error> {
    web.post()?;
    let indicator = asked.indicator;
    let name = match measure {
        Some(name) => indicator.formula.measures().into_iter().find(|one| *one == name),
        None => counted_from(indicator),
    };
    let measure = name.and_then(|name| web.world.model.measures.get(name)).ok_or(Error::NotFound)?;
    let store: &dyn Store = web.app.store.as_ref();
    let reader = Reader { tally: &store, world: &web.world, today: web.today() };
    let behind = reader.behind((indicator, measure), asked.place, asked.when.span()).await?;
    let total = reader.count_behind(&behind, measure, asked.place, asked.when.span()).await?;
    Ok(Counted { measure, behind, total })
}

impl Counted<'_> {
    /// A page, newest day first, and where the next one begins.
    ///
    /// # Errors
    /// Storage.
    pub async fn page(&self, web: &Web, after: Option<After>, limit: u32) -> Result<(Vec<At>, Option<String>), Error> {
        let limit = limit.min(ROWS_MAX);
        let mut rows: Vec<At> = match &self.behind {
            Behind::Facts(filter) => {
                let found = web.app.store.facts(filter, after, limit + 1).await?;
                found.into_iter().map(|(day, shard, row)| At { day, shard, row }).collect()
            }
            Behind::Latest(all) => {
                let is_behind =
                    |one: &At| after.is_none_or(|(day, row)| one.day < day || (one.day == day && one.row > row));
                let all = all.iter().map(|one| At { day: one.day, shard: one.shard, row: one.row });
                all.filter(is_behind).take(limit as usize + 1).collect()
            }
        };
        let is_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| is_more).map(|last| format!("{}_{}", last.day, last.row));
        Ok((rows, next))
    }

    /// A row of a page, as far as the caller's post reads it.
    ///
    /// # Errors
    /// Storage.
    pub async fn line(&self, web: &Web, at: At) -> Result<Line, Error> {
        let line = match &self.measure.of {
            Source::Process(_) => case(web, at).await?.map(|case| Line::Case(Box::new(case))),
            Source::Register(name) => row(web, name, at).await?.map(|row| Line::Row(Box::new(row))),
        };
        Ok(line.unwrap_or(Line::Hidden))
    }
}

async fn case(web: &Web, at: At) -> Result<Option<Case>, Error> {
    let case = web.app.store.case(at.shard, at.row).await?;
    Ok(case.filter(|case| who::may_read(&web.world, &web.actor(), web.post().ok(), case)))
}

/// A register row by the id it goes by in facts: rows of the deployment are in memory, others are named by the journal.
async fn row(web: &Web, name: &str, At { shard, row: id, .. }: At) -> Result<Option<Record>, Error> {
    let Some(register) = web.world.model.registers.get(name) else { return Ok(None) };
    let known = web.world.each_row(name).find_map(|versions| versions.last().filter(|one| one.id() == id).cloned());
    let newest = match known {
        Some(newest) => Some(newest),
        None => {
            let entries = web.app.store.entries_of_case(shard, id, 1).await?;
            let key = entries.into_iter().next().and_then(|entry| match entry.change {
                Change::Record { record } => Some(record.key),
                Change::RecordGone { key, .. } => Some(key),
                _ => None,
            });
            match key {
                Some(key) => web.app.store.row_versions(&(shard, name.to_owned(), key)).await?.pop(),
                None => None,
            }
        }
    };
    let may = |row: &Record| may_read_row(register, &web.actor(), web.post().ok(), row.place);
    Ok(newest.filter(may))
}
