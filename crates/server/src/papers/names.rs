//! What rows are called that a document of a batch refers to. A page learns it for its reader; a batch has no page, and reads it
//! as the post that ordered it may. A row that post may not read keeps its key.

use super::item::Subject;
use crate::app::App;
use crate::error::Error;
use crate::staff::names::{collect, in_force};
use crate::view::facts::may_see;
use crate::view::{Look, RowName, RowNames};
use ganglion_kernel::World;
use ganglion_kernel::decide::row_who::row_reach;
use ganglion_kernel::port::Want;
use ganglion_model::clocks::local_date;
use ganglion_model::{Issued, Lang, Post, Record, RowKey, Shard};
use std::collections::BTreeSet;

/// The rows that the values of a document name, by what they are called.
///
/// # Errors
/// Storage.
pub async fn of(
    app: &App,
    world: &World,
    (subject, issued): (Subject<'_>, &Issued),
    post: &Post,
) -> Result<RowNames, Error> {
    let names = RowNames::default();
    let mut wanted: BTreeSet<RowKey> = BTreeSet::new();
    for (name, value) in &issued.fields {
        if let Some(field) = subject.field(name) {
            collect(world, (subject.shard, field), Some(value), &mut wanted);
        }
    }
    let (deployed, by_place): (Vec<RowKey>, Vec<RowKey>) =
        wanted.into_iter().partition(|(shard, ..)| *shard == Shard::DEPLOYMENT);
    let words = app.words(Lang::Zh);
    let now = app.clock.now();
    let look = Look { world, say: &words, now };
    for (_, register, key) in &deployed {
        if let Some(record) = world.latest(register, key) {
            put(&look, &names, post, record);
        }
    }
    if !by_place.is_empty() {
        let loaded = app.store.load(&Want { records: by_place, ..Want::default() }).await?;
        in_force(&loaded.records, local_date(now)).for_each(|record| put(&look, &names, post, record));
    }
    Ok(names)
}

fn put(look: &Look<'_>, names: &RowNames, post: &Post, record: &Record) {
    let Some(register) = look.world.model.registers.get(&record.register) else { return };
    if row_reach(register, Some(post)).is_none_or(|reach| !reach.lists(record.place)) {
        return;
    }
    let field = register.field(&register.label).filter(|field| !field.personal && may_see(field, &post.role));
    let said = field.and_then(|field| look.value(field, record.fields.get(&field.name)?));
    let label = said.filter(|said| !said.is_empty()).unwrap_or_else(|| record.key.clone());
    names.put(record.row_key(), RowName { label, href: String::new() });
}
