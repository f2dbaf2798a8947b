//! What documents are made from: a case or a row of a register, alone and in lists. What a batch asks of one is asked here of
//! either.

use super::batch::{Among, Wish};
use crate::app::App;
use crate::error::Error;
use crate::limits::BATCH_CASES_AT_ONCE;
use crate::view::facts::may_see;
use ganglion_kernel::World;
use ganglion_kernel::decide::{document, document_of_row, row_who, who};
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_kernel::port_rows::{RowAfter, RowFilter, RowOrder, page_of};
use ganglion_model::change::{Actor, Body};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Document, Field, Process, Register, Scope};
use ganglion_model::{Case, CaseId, Issued, PlaceCode, Post, Record, Shard, Standing};
use jiff::Timestamp;

/// What a document is printed from, besides the values copied into it.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// Declared fields: of the opening form and those filled later, or of the register.
    pub fields: [&'a [Field]; 2],
    /// Where it stands.
    pub place: PlaceCode,
    /// Whose a row is; none of a case.
    pub owner: Option<PlaceCode>,
    /// Number of the case or key of the row.
    pub name: &'a str,
    /// Shard.
    pub shard: Shard,
    /// Id in the access log, and of the key that seals personal values.
    pub id: CaseId,
}

impl<'a> Subject<'a> {
    /// A case.
    pub fn case(process: &'a Process, case: &'a Case) -> Subject<'a> {
        let fields = [process.form.as_slice(), process.fields.as_slice()];
        Subject { fields, place: case.place, owner: None, name: &case.number, shard: case.shard, id: case.id }
    }

    /// A row.
    pub fn row(world: &World, register: &'a Register, record: &'a Record) -> Subject<'a> {
        let place = document_of_row::place_of(world, register, record);
        let fields = [register.fields.as_slice(), &[]];
        let owner = register.judged_at(record.place, &record.fields);
        Subject { fields, place, owner, name: &record.key, shard: record.shard, id: record.id() }
    }

    /// Whether a post may see everything a document prints of it: by its role, and in a row by whose that is.
    pub fn may_be_printed(&self, document: &Document, post: &Post) -> bool {
        let is_theirs = self.owner.is_none_or(|owner| post.place.holds(owner));
        let sees = |name: &String| self.field(name).is_none_or(|field| is_theirs && may_see(field, &post.role));
        document.clear.iter().all(sees)
    }

    /// A declared field.
    pub fn field(&self, name: &str) -> Option<&'a Field> {
        self.fields.into_iter().flatten().find(|field| field.name == *name)
    }
}

/// A case, or a row with all its versions, in order of validity.
pub enum Item {
    /// A case.
    Case(Box<Case>),
    /// A row.
    Row(Vec<Record>),
}

/// Where the next page of a list begins.
pub enum Next {
    /// Of cases.
    Case(After),
    /// Of rows.
    Row(RowAfter),
}

/// Whether rows of a register are in memory.
fn is_in_memory(world: &World, register: &str) -> bool {
    world.model.registers.get(register).is_some_and(|one| one.scope == Scope::Deployment)
}

/// Every version of a row.
async fn versions(app: &App, world: &World, record: &Record) -> Result<Vec<Record>, Error> {
    if record.shard == Shard::DEPLOYMENT {
        return Ok(world.versions(&record.register, &record.key).to_vec());
    }
    Ok(app.store.row_versions(&record.row_key()).await?)
}

fn of_cases(document: &Document, place: PlaceCode) -> CaseFilter {
    CaseFilter { place: Some(place), processes: vec![document.of.clone()], ..CaseFilter::default() }
}

/// How many cases or rows the list of a batch has.
///
/// # Errors
/// Storage.
pub async fn total(app: &App, world: &World, (document, wish): (&Document, &Wish)) -> Result<u64, Error> {
    Ok(match &wish.among {
        Among::Cases(place) => app.store.case_count(&of_cases(document, *place)).await?,
        Among::Rows(filter) if is_in_memory(world, &filter.register) => {
            world.each_row(&filter.register).flatten().filter(|record| filter.keeps(record)).count() as u64
        }
        Among::Rows(filter) => app.store.row_count(filter).await?,
    })
}

/// A page of the list of a batch, and where the next one begins; nothing behind the end.
///
/// # Errors
/// Storage.
pub async fn page(
    app: &App,
    world: &World,
    (document, wish): (&Document, &Wish),
    from: Option<&Next>,
) -> Result<(Vec<Item>, Option<Next>), Error> {
    match (&wish.among, from) {
        (Among::Cases(place), from) => {
            let after = from.and_then(|from| if let Next::Case(after) = from { Some(after) } else { None });
            let filter = of_cases(document, *place);
            let cases = app.store.cases(&filter, CaseOrder::Opened, after, BATCH_CASES_AT_ONCE).await?;
            let next = cases.last().map(|last| Next::Case(After::of(last, CaseOrder::Opened)));
            Ok((cases.into_iter().map(|case| Item::Case(Box::new(case))).collect(), next))
        }
        (Among::Rows(filter), from) => {
            let after = from.and_then(|from| if let Next::Row(after) = from { Some(after) } else { None });
            rows(app, world, filter, after).await
        }
    }
}

async fn rows(
    app: &App,
    world: &World,
    filter: &RowFilter,
    after: Option<&RowAfter>,
) -> Result<(Vec<Item>, Option<Next>), Error> {
    let order = RowOrder::default();
    let limit = BATCH_CASES_AT_ONCE;
    let found: Vec<Record> = if is_in_memory(world, &filter.register) {
        let all = world.each_row(&filter.register).flatten();
        page_of(all, (filter, &order), after, limit as usize).into_iter().cloned().collect()
    } else {
        app.store.rows(filter, &order, after, limit).await?
    };
    let next = found.last().map(|last| Next::Row(order.after(last)));
    let mut items = Vec::with_capacity(found.len());
    for record in &found {
        items.push(Item::Row(versions(app, world, record).await?));
    }
    Ok((items, next))
}

impl Item {
    /// The document of a kind that stands.
    pub fn standing(&self, name: &str) -> Option<&Issued> {
        let stands = |one: &&Issued| one.document == name && one.standing == Standing::Valid;
        match self {
            Item::Case(case) => case.documents.iter().rfind(stands),
            Item::Row(versions) => {
                versions.iter().flat_map(|one| &one.documents).filter(stands).max_by_key(|one| one.at)
            }
        }
    }

    /// The version of a row that holds on the day of `now`, else its last.
    fn row(versions: &[Record], now: Timestamp) -> Option<&Record> {
        let today = local_date(now);
        versions.iter().rfind(|one| one.valid_on(today)).or(versions.last())
    }

    /// What it is printed from.
    pub fn subject<'a>(&'a self, world: &'a World, (document, now): (&Document, Timestamp)) -> Option<Subject<'a>> {
        match self {
            Item::Case(case) => Some(Subject::case(world.model.processes.get(&document.of)?, case)),
            Item::Row(versions) => {
                let register = world.model.registers.get(&document.of)?;
                Some(Subject::row(world, register, Item::row(versions, now)?))
            }
        }
    }

    /// Whether `actor` may read it.
    pub fn is_readable(&self, world: &World, actor: &Actor, now: Timestamp) -> bool {
        let post = who::post_of(world, actor, now);
        match self {
            Item::Case(case) => who::may_read(world, actor, post, case),
            Item::Row(versions) => versions.last().is_some_and(|last| {
                let register = world.model.registers.get(&last.register);
                register.is_some_and(|register| {
                    row_who::may_read_row(register, actor, post, register.judged_at(last.place, &last.fields))
                })
            }),
        }
    }

    /// Whether `actor` may issue `document` from it as it stands.
    pub fn may_issue(&self, world: &World, document: &Document, actor: &Actor, now: Timestamp) -> bool {
        match self {
            Item::Case(case) => {
                document::may_issue(world, document, actor, case, now)
                    && document::guard_holds(world, document, actor, (case, now)).is_ok()
            }
            Item::Row(versions) => {
                let Some(register) = world.model.registers.get(&document.of) else { return false };
                let Some(record) = Item::row(versions, now) else { return false };
                document_of_row::may_issue(world, (register, document), actor, (record, now))
                    && document_of_row::guard_holds(world, (register, document), actor, (record, now)).is_ok()
            }
        }
    }

    /// Shard and body of the command that issues `document`, with an id that the batch's own follows from.
    pub fn issuing(&self, document: &Document) -> Option<(CaseId, Shard, Body)> {
        let name = document.name.clone();
        match self {
            Item::Case(case) => Some((case.id, case.shard, Body::Issue { case: case.id, document: name })),
            Item::Row(versions) => {
                let last = versions.last()?;
                let (register, key) = (last.register.clone(), last.key.clone());
                Some((last.id(), last.shard, Body::IssueRow { register, key, document: name }))
            }
        }
    }

    /// It as it stands now.
    ///
    /// # Errors
    /// Storage.
    pub async fn again(&self, app: &App) -> Result<Option<Item>, Error> {
        match self {
            Item::Case(case) => {
                let case = app.store.case(case.shard, case.id).await?;
                Ok(case.map(|case| Item::Case(Box::new(case))))
            }
            Item::Row(rows) => {
                let world = app.world.load_full();
                let Some(last) = rows.last() else { return Ok(None) };
                Ok(Some(Item::Row(versions(app, &world, last).await?)))
            }
        }
    }
}
