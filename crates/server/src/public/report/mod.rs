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
use ganglion_model::Level;
pub use slots::{Slots, open_to_all};

/// `GET /report`: an empty form.
pub async fn show(web: Web) -> Result<Response, Error> {
    if let Some(number) = web.arg("about") {
        return about(&web, number).await;
    }
    let slots = Slots::find(&web.world.model, web.arg("process")).ok_or(Error::NotFound)?;
    show::render(&web, &slots, &Typed::default(), &show::Outcome::default(), StatusCode::OK).await
}

/// The form in which a reporter asks about what is held in a case of theirs, filled in with its number and county.
async fn about(web: &Web, number: &str) -> Result<Response, Error> {
    let (process, field) = super::follow_data::asks(&web.world.model).ok_or(Error::NotFound)?;
    let case = web.own_case(number).await?.ok_or(Error::NotFound)?;
    let county = case.place.at(Level::County).unwrap_or(case.place);
    let typed = Typed::of(vec![(field.to_owned(), case.number), ("county".to_owned(), county.to_string())]);
    show::render(web, &Slots::of(process), &typed, &show::Outcome::default(), StatusCode::OK).await
}
