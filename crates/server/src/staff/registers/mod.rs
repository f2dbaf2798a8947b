//! Pages of registers: what there is to read, a list with its filters, the card of a row, forms, proposals, exports.
//!
//! Rows of the deployment are read from memory, rows kept by place from the store; the pages do not know the difference. A
//! register or a row that a post may not read is not found.

pub(crate) mod asked;
pub(crate) mod card;
pub(crate) mod documents;
mod edit;
mod export;
mod found;
pub mod import;
mod index;
mod list;
mod map;
pub mod names;
mod offer;
mod open;
pub mod opening;
pub mod proposals;
pub mod rows;
pub mod shown;
mod together;

pub use export::as_xlsx;
pub use map::stands_at;

pub use offer::Offers;

use crate::app::AppState;
use crate::error::Error;
use crate::page::encode;
use crate::staff::query::Query;
use crate::web::Web;
use axum::Router;
use axum::routing::{get, post};
use ganglion_kernel::decide::row_who::{RowReach, may_read_row, row_reach};
use ganglion_kernel::port_rows::RowFilter;
use ganglion_model::pack::{Field, Register};
use ganglion_model::{Record, RowKey, Shard};

/// The routes of registers.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/registers", get(index::show))
        .route("/registers/{name}", get(list::show))
        .route("/registers/{name}/export.csv", get(export::csv))
        .route("/registers/{name}/export.xlsx", get(export::xlsx))
        .route("/registers/{name}/points", get(map::points))
        .route("/registers/{name}/open", post(open::open))
        .route("/registers/{name}/new", get(edit::new).post(edit::create))
        .route("/registers/{name}/rows/{shard}/{*key}", get(card::show))
        .route("/registers/{name}/edit/{shard}/{*key}", get(edit::show).post(edit::change))
        .route("/registers/{name}/retire/{shard}/{*key}", get(edit::ending).post(edit::retire))
        .route("/registers/{name}/reveal/{shard}/{*key}", post(card::reveal))
        .route("/registers/{name}/documents/{shard}/{*key}", get(documents::show).post(documents::change))
        .merge(import::routes())
        .route("/proposals", get(proposals::show))
        .route("/proposals/together", post(together::decide))
        .route("/proposals/{shard}/{id}", post(proposals::decide))
}

/// A register that may be read, and how far.
pub struct Readable<'w> {
    /// The register.
    pub register: &'w Register,
    /// How far.
    pub reach: RowReach,
}

/// The register called `name`, if it may be read.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::SignIn`] for visitors where signing in might help.
pub fn readable<'w>(web: &'w Web, name: &str) -> Result<Readable<'w>, Error> {
    let post = web.session.as_ref().and_then(|session| session.post.as_ref());
    let found = web.world.model.registers.get(name);
    match found.and_then(|register| Some(Readable { register, reach: row_reach(register, post)? })) {
        Some(readable) => Ok(readable),
        None if web.session.is_none() => Err(Error::SignIn),
        None => Err(Error::NotFound),
    }
}

impl<'w> Readable<'w> {
    /// The fields this reader may see in lists and on cards: never a personal one, no confidential one of other roles, only
    /// public ones for the public.
    pub fn fields(&self, web: &Web) -> Vec<&'w Field> {
        let role = web.session.as_ref().and_then(|session| session.post.as_ref()).map(|post| post.role.as_str());
        let open = |field: &&Field| match self.reach {
            RowReach::Public => field.public,
            _ => field.see.is_empty() || field.see.iter().any(|one| Some(one.as_str()) == role),
        };
        self.register.fields.iter().filter(|field| !field.personal).filter(open).collect()
    }

    /// Whether this reader sees every field that is searched.
    pub fn sees_all(&self, web: &Web) -> bool {
        self.fields(web).len() == self.register.fields.iter().filter(|field| !field.personal).count()
    }

    /// The versions of a row that may be read, in order of validity.
    ///
    /// # Errors
    /// [`Error::NotFound`]; storage.
    pub async fn row(&self, web: &Web, shard: u32, key: &str) -> Result<Vec<Record>, Error> {
        let row: RowKey = (Shard(shard), self.register.name.clone(), key.to_owned());
        let versions = rows::versions(web, &row).await?;
        let newest = versions.iter().max_by_key(|one| (one.version, one.valid_from)).ok_or(Error::NotFound)?;
        let post = web.session.as_ref().and_then(|session| session.post.as_ref());
        let may = self.reach == RowReach::Public || may_read_row(self.register, &web.actor(), post, newest.place);
        if may { Ok(versions) } else { Err(Error::NotFound) }
    }
}

/// The rows of a list as it is filtered by a query, for a post that reads whole rows of the register.
///
/// # Errors
/// [`Error::NotFound`].
pub fn filter_of(web: &Web, name: &str, query: Vec<(String, String)>) -> Result<RowFilter, Error> {
    let readable = readable(web, name)?;
    if readable.reach == RowReach::Public {
        return Err(Error::NotFound);
    }
    Ok(asked::read(web, &readable, &Query(query)).filter)
}

/// The address of a row's page: `rows`, `edit`, `retire`, `reveal` or `documents`.
pub fn row_href(page: &str, shard: Shard, register: &str, key: &str) -> String {
    let key: Vec<String> = key.split('/').map(encode).collect();
    format!("/registers/{register}/{page}/{shard}/{}", key.join("/"))
}
