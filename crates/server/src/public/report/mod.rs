//! Reporting: one form that keeps everything typed, with or without scripts. Which process it opens, which fields it asks
//! and who may send it come from the packs.

mod nearby;
mod place;
mod send;
mod show;
mod slots;

pub use nearby::{near, same_as};
pub use place::place_at;
pub use send::send;

use crate::error::Error;
use crate::typed::Typed;
use crate::web::Web;
use axum::http::StatusCode;
use axum::response::Response;
pub use slots::{Slots, open_to_all};

/// `GET /report`: an empty form.
pub async fn show(web: Web) -> Result<Response, Error> {
    let slots = Slots::find(&web.world.model, web.arg("process")).ok_or(Error::NotFound)?;
    show::render(&web, &slots, &Typed::default(), &show::Outcome::default(), StatusCode::OK).await
}
