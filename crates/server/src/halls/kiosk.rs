//! The kiosk at the door of a hall: big buttons, one for each kind of business, and a slip. Its address carries a key, so
//! that numbers are given in the hall and not from afar; staff who serve the hall find the address beside their queue.

use super::hall::Hall;
use super::take::{Refused, TicketForm, check_key, form, take};
use crate::error::Error;
use crate::page::encode;
use crate::typed::Typed;
use crate::view::facts::Fact;
use crate::view::form::Hidden;
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

/// How tickets of a kiosk come in: a code of the list of channels.
const CHANNEL: &str = "kiosk";

#[derive(Serialize)]
struct KioskContext {
    page: crate::page::Page,
    hall: String,
    process: String,
    facts: Vec<Fact>,
    action_href: String,
    form: TicketForm,
    message: Option<String>,
}

/// `GET /halls/{process}/{place}/kiosk?key=…`.
pub async fn show(web: Web, Path((process, place)): Path<(String, String)>) -> Result<Response, Error> {
    let hall = Hall::find(&web, &process, &place)?;
    check_key(&web, &hall, web.arg("key").unwrap_or_default())?;
    render(&web, &hall, &Typed::default(), None).await
}

/// `POST /halls/{process}/{place}/kiosk`.
pub async fn give(web: Web, Path((process, place)): Path<(String, String)>, typed: Typed) -> Result<Response, Error> {
    let hall = Hall::find(&web, &process, &place)?;
    let key = typed.one("key").unwrap_or_default().to_owned();
    check_key(&web, &hall, &key)?;
    match take(&web, &hall, &typed, CHANNEL).await {
        Ok(outcome) => {
            let number = outcome.number.ok_or_else(|| Error::Internal("an opened case has no number".to_owned()))?;
            Ok(web.redirect(&format!("{}/kiosk/{}?key={key}", hall.href(), encode(&number))))
        }
        Err(refused) => render(&web, &hall, &typed, Some(refused)).await,
    }
}

async fn render(web: &Web, hall: &Hall<'_>, typed: &Typed, refused: Option<Refused>) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let key = web.arg("key").or_else(|| typed.one("key")).unwrap_or_default();
    let mut form = form(web, &look, hall, (typed, refused.as_ref())).await?;
    form.hidden.push(Hidden::new("key", key));
    let mut page = web.page_titled(hall.name(&look));
    page.live_href = Some(format!("{}/calls", hall.href()));
    let context = KioskContext {
        hall: hall.name(&look),
        process: look.text(&hall.process.title),
        facts: hall.facts(&look),
        action_href: format!("{}/kiosk", hall.href()),
        message: refused.as_ref().map(|refused| refused.message.clone()),
        form,
        page,
    };
    web.render_status(refused.map_or(StatusCode::OK, |refused| refused.status), "pages/hall_kiosk.html", context)
}
