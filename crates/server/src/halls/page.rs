//! The page of a hall for residents: where it is, how long one waits, and, where the pack allows it, a ticket taken from
//! afar.

use super::board;
use super::hall::Hall;
use super::take::{Refused, TicketForm, form, kiosk_href, serves, take};
use super::ticket_href;
use crate::error::Error;
use crate::typed::Typed;
use crate::view::facts::Fact;
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

/// How tickets of this page come in: a code of the list of channels.
const CHANNEL: &str = "app_remote";

#[derive(Serialize)]
struct HallContext {
    page: crate::page::Page,
    hall: String,
    process: String,
    place: String,
    facts: Vec<Fact>,
    called: Vec<board::Called>,
    counter_title: String,
    remote: bool,
    mine: Option<Mine>,
    action_href: String,
    form: TicketForm,
    message: Option<String>,
    display_href: String,
    kiosk_href: Option<String>,
    back_href: String,
}

/// A ticket this browser has here already.
#[derive(Serialize)]
struct Mine {
    number: String,
    href: String,
}

/// `GET /halls/{process}/{place}`.
pub async fn show(web: Web, Path((process, place)): Path<(String, String)>) -> Result<Response, Error> {
    let hall = Hall::find(&web, &process, &place)?;
    render(&web, &hall, &Typed::default(), None).await
}

/// `POST /halls/{process}/{place}`: a ticket for this browser; one at a time.
pub async fn give(web: Web, Path((process, place)): Path<(String, String)>, typed: Typed) -> Result<Response, Error> {
    let hall = Hall::find(&web, &process, &place)?;
    if !hall.queue.remote {
        return Err(Error::NotFound);
    }
    if let Some(mine) = mine(&web, &hall).await? {
        return Ok(web.redirect(&mine.href));
    }
    match take(&web, &hall, &typed, CHANNEL).await {
        Ok(outcome) => {
            let (Some(case), Some(number)) = (outcome.case, outcome.number) else {
                return Err(Error::Internal("an opened case has no number".to_owned()));
            };
            web.add_proof(outcome.shard, case);
            Ok(web.redirect(&ticket_href(&web, &number)))
        }
        Err(refused) => render(&web, &hall, &typed, Some(refused)).await,
    }
}

/// The ticket of this browser that still waits here.
async fn mine(web: &Web, hall: &Hall<'_>) -> Result<Option<Mine>, Error> {
    for proof in web.proofs() {
        let case = web.app.store.case(proof.shard, proof.case).await?;
        if let Some(case) = case.filter(|case| hall.holds(case) && case.state == hall.queue.state) {
            return Ok(Some(Mine {
                number: super::number_of(hall.queue, &case),
                href: ticket_href(web, &case.number),
            }));
        }
    }
    Ok(None)
}

async fn render(web: &Web, hall: &Hall<'_>, typed: &Typed, refused: Option<Refused>) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let mut page = web.page_titled(hall.name(&look));
    page.live_href = Some(format!("{}/calls", hall.href()));
    // A demonstration has no machine at the door: everybody may play it.
    let shows_kiosk = web.app.settings.demo || serves(web, hall);
    let context = HallContext {
        hall: hall.name(&look),
        process: look.text(&hall.process.title),
        place: look.place_path(hall.place),
        facts: hall.facts(&look),
        called: board::called(web, &look, hall).await?,
        counter_title: hall.counter_title(&look),
        remote: hall.queue.remote,
        mine: mine(web, hall).await?,
        action_href: hall.href(),
        form: form(web, &look, hall, (typed, refused.as_ref())).await?,
        message: refused.as_ref().map(|refused| refused.message.clone()),
        display_href: format!("{}/display", hall.href()),
        kiosk_href: shows_kiosk.then(|| kiosk_href(web, hall)),
        back_href: "/halls".to_owned(),
        page,
    };
    web.render_status(refused.map_or(StatusCode::OK, |refused| refused.status), "pages/hall.html", context)
}
