//! A ticket on a phone: where one stands, where one is called to, giving it up, rating. The square code on the slip leads
//! here; its address is the proof, so it works without an account and without a cookie.

use super::board;
use super::hall::Hall;
use super::number_of;
use crate::error::Error;
use crate::public::follow_case::{Attempt, forms};
use crate::queue::standing;
use crate::sign;
use crate::view::case::StateTag;
use crate::view::facts::Fact;
use crate::web::Web;
use axum::extract::Path;
use axum::response::Response;
use ganglion_kernel::queue::lane_of;
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
struct TicketContext {
    page: crate::page::Page,
    hall: String,
    hall_href: String,
    number: String,
    report: String,
    lane: String,
    state: StateTag,
    told: String,
    counter: Option<String>,
    counter_title: String,
    coming: bool,
    ahead: Option<String>,
    minutes: Option<String>,
    not_now: Option<String>,
    at: String,
    facts: Vec<Fact>,
    rating: Option<Value>,
    more_forms: Vec<Value>,
}

/// The address of a ticket: whoever has it may follow it.
#[must_use]
pub fn ticket_href(web: &Web, number: &str) -> String {
    format!("/t/{}/{}", crate::page::encode(number), sign::query_code(&web.app.master, number))
}

/// `GET /t/{number}/{code}`.
pub async fn show(web: Web, Path((number, code)): Path<(String, String)>) -> Result<Response, Error> {
    let (key, rate) = (web.network(), &web.app.rates.follow);
    if let Some(seconds) = rate.wait(&key, web.now) {
        return Err(Error::TooMany { seconds });
    }
    let fits = sign::same(&code.to_uppercase(), &sign::query_code(&web.app.master, &number));
    let case = if fits { web.find_number(&number).await? } else { None };
    let Some(case) = case else {
        rate.count(&key, web.now);
        return Err(Error::NotFound);
    };
    let process = web.world.model.processes.get(&case.process).ok_or(Error::NotFound)?;
    let place = process.queue.as_ref().map_or(case.place, |queue| queue.place_of(case.place));
    web.add_proof(case.shard, case.id);
    // A hall that is closed for good still leaves its tickets: they are then followed like any other case.
    let Some(hall) = Hall::at(&web.world, process, place, web.today()) else {
        return Ok(web.redirect(&format!("/follow/{}", crate::page::encode(&case.number))));
    };
    let words = web.words();
    let look = web.look(&words);
    let standing = standing(&web.app, &web.world, &case).await?;
    let not_now = match standing {
        Some(_) => board::not_now(&web, &look, &hall).await?,
        None => None,
    };
    // Being next means little while nobody is served.
    let in_front = standing.filter(|one| not_now.is_none() || one.ahead > 0);
    let called = hall.queue.calls.states.contains(&case.state);
    let first = process.action(&hall.queue.state, &hall.queue.take).and_then(|take| take.to.as_ref());
    let (rating, more_forms) = forms(&web, &look, (process, &case), &Attempt::default());
    let mut page = web.page("title-ticket");
    page.live_href = Some(format!("{}/calls", hall.href()));
    let state = process.states.get(&case.state);
    let context = TicketContext {
        hall: hall.name(&look),
        hall_href: hall.href(),
        number: number_of(hall.queue, &case),
        report: case.number.clone(),
        lane: hall.lane_label(&look, &lane_of(&web.world, process, &case)),
        state: look.state(process, &case.state),
        told: state.map(|state| look.text(&state.public)).unwrap_or_default(),
        counter: if called { hall.counter_label(&look, &case) } else { None },
        counter_title: hall.counter_title(&look),
        coming: first == Some(&case.state),
        ahead: in_front.map(|one| look.say("follow-ahead", &[("count", one.ahead.into())])),
        minutes: standing
            .filter(|_| not_now.is_none())
            .and_then(|one| one.minutes)
            .map(|minutes| look.say("follow-minutes", &[("minutes", minutes.into())])),
        not_now,
        at: look.when(case.opened_at),
        facts: hall.facts(&look),
        rating,
        more_forms,
        page,
    };
    web.render("pages/ticket.html", context)
}
