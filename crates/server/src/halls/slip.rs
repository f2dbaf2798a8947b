//! The slip a kiosk prints: the number, how many are in front, how long it may take, and a square code to follow it on a
//! phone. The screen goes back to the buttons by itself.

use super::board;
use super::hall::Hall;
use super::take::check_key;
use super::{number_of, ticket_href};
use crate::error::Error;
use crate::queue::standing;
use crate::web::Web;
use axum::extract::Path;
use axum::response::Response;
use ganglion_documents::qr_svg;
use ganglion_kernel::queue::lane_of;
use serde::Serialize;

/// How long a slip stands on the screen, seconds.
const SHOWN_SECONDS: u32 = 15;

#[derive(Serialize)]
struct SlipContext {
    page: crate::page::Page,
    hall: String,
    number: String,
    report: String,
    lane: String,
    ahead: Option<String>,
    minutes: Option<String>,
    not_now: Option<String>,
    at: String,
    qr: Option<String>,
    follow_href: String,
    back_href: String,
    seconds: u32,
}

/// `GET /halls/{process}/{place}/kiosk/{number}?key=…`.
pub async fn show(web: Web, Path((process, place, number)): Path<(String, String, String)>) -> Result<Response, Error> {
    let hall = Hall::find(&web, &process, &place)?;
    let key = web.arg("key").unwrap_or_default();
    check_key(&web, &hall, key)?;
    let case = web.find_number(&number).await?.filter(|case| hall.holds(case)).ok_or(Error::NotFound)?;
    let words = web.words();
    let look = web.look(&words);
    let standing = standing(&web.app, &web.world, &case).await?;
    let not_now = match standing {
        Some(_) => board::not_now(&web, &look, &hall).await?,
        None => None,
    };
    let in_front = standing.filter(|one| not_now.is_none() || one.ahead > 0);
    let follow = ticket_href(&web, &case.number);
    let context = SlipContext {
        page: web.page_titled(hall.name(&look)),
        hall: hall.name(&look),
        number: number_of(hall.queue, &case),
        report: case.number.clone(),
        lane: hall.lane_label(&look, &lane_of(&web.world, hall.process, &case)),
        ahead: in_front.map(|one| look.say("follow-ahead", &[("count", one.ahead.into())])),
        minutes: standing
            .filter(|_| not_now.is_none())
            .and_then(|one| one.minutes)
            .map(|minutes| look.say("follow-minutes", &[("minutes", minutes.into())])),
        not_now,
        at: look.date_time(case.opened_at),
        qr: qr_svg(&format!("{}{follow}", web.app.settings.public_url)).map(|svg| as_picture(&svg)),
        back_href: format!("{}/kiosk?key={key}", hall.href()),
        follow_href: follow,
        seconds: SHOWN_SECONDS,
    };
    web.render("pages/hall_slip.html", context)
}

/// A drawing as the address of a picture.
fn as_picture(svg: &str) -> String {
    format!("data:image/svg+xml,{}", crate::page::encode(svg))
}
