//! Forms judged before anything is sent, with the rows they look for: the row a reference leads to, the one before it in its
//! series. What a judgement misses is loaded, and it is made again; `decide` has the last word all the same.

use crate::error::Error;
use crate::staff::Offers;
use crate::view::Look;
use crate::view::form::{Asked, Live};
use crate::web::Web;
use ganglion_kernel::batch::NEEDS_MAX;
use ganglion_kernel::decide::{KnownRows, State, Typing};
use ganglion_kernel::port::Want;
use ganglion_model::pack::Field;
use ganglion_model::{Fields, Shard};

/// What `judge` makes of the rows of a shard; `typed` is the row that is being typed.
///
/// # Errors
/// Of the store.
pub async fn judged<T>(
    web: &Web,
    (shard, typed): (Shard, Option<Typing<'_>>),
    judge: impl Fn(&KnownRows<'_>) -> T,
) -> Result<T, Error> {
    let mut state = State::default();
    for _ in 0..NEEDS_MAX {
        let found = judge(&KnownRows { typed, ..KnownRows::new(&web.world, &state, shard) });
        let missing = state.notes.take();
        if missing.is_empty() {
            return Ok(found);
        }
        let want = Want {
            records: missing.rows.iter().cloned().collect(),
            beside: missing.beside.iter().cloned().collect(),
            matching: missing.matching.iter().cloned().collect(),
            ..Want::default()
        };
        let loaded = web.app.store.load(&want).await?;
        state.found(&missing, loaded);
    }
    Ok(judge(&KnownRows { typed, ..KnownRows::new(&web.world, &state, shard) }))
}

/// What changes while somebody types a form.
///
/// # Errors
/// Of the store.
pub async fn live(
    web: &Web,
    (look, asked): (&Look<'_>, &Asked<'_>),
    (declared, typed): (&[Field], &Fields),
    row: (Shard, Option<Typing<'_>>),
) -> Result<Live, Error> {
    let mut live = judged(web, row, |rows| look.live(asked, declared, typed, rows)).await?;
    live.rows = Offers::of(web, asked).live(declared, typed).await?;
    Ok(live)
}

/// The shard of the place typed in one of the place fields of a form, else that of the post's own county.
#[must_use]
pub fn shard_of(web: &Web, declared: &[Field], typed: &Fields) -> Shard {
    use ganglion_model::PlaceCode;
    use ganglion_model::pack::FieldKind;
    let places = declared.iter().filter(|field| matches!(field.kind, FieldKind::Place { .. }));
    let named = places.filter_map(|field| typed.get(&field.name)?.as_str()?.trim().parse::<PlaceCode>().ok()).next();
    let own = || web.post().map_or(web.world.places.root, |post| post.place);
    named.unwrap_or_else(own).shard()
}
