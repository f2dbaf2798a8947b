//! What stands on the board of a process and in the centre of a place, as data: the cases of a process by state, each state with its
//! count and its most urgent; what the centre counts, with what is open by lateness.

use super::answer::{case_href, in_scope, listed_with, only, plain};
use super::cases::{process, shown};
use crate::api::read::{after, limit, read};
use crate::error::Error;
use crate::keys::Area;
use crate::staff::board::{CARDS, Stack, stack};
use crate::staff::centre::{counts, open_in};
use crate::staff::lists::Union;
use crate::web::Web;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_model::pack::{Process, State};
use ganglion_model::{Case, PlaceCode};
use serde_json::{Map, Value, json};

/// Parameters of a board.
pub const BOARD: [&str; 1] = ["limit"];
/// Parameters of the centre.
pub const CENTRE: [&str; 3] = ["place", "limit", "after"];
/// Most cases of one state on a board.
pub const COLUMN_CASES_MAX: u32 = CARDS;

/// Where the list of a state goes on behind its page.
fn next_href(process: &Process, state: &State, stack: &Stack) -> Option<String> {
    let next = stack.page.next.as_ref()?;
    let order = if stack.order == CaseOrder::Due { "open=true&order=due" } else { "order=opened" };
    let after = format!("{}.{}", next.at, next.case);
    Some(format!("/api/processes/{}/cases?state={}&{order}&after={after}", process.name, state.name))
}

/// `GET /api/processes/{process}/board?limit=`.
pub async fn of_process(web: Web, headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Error> {
    web.post()?;
    let process = process(&web, &name)?;
    only(&web, &BOARD)?;
    let limit = read::<u32>(&web, "limit")?.unwrap_or(COLUMN_CASES_MAX);
    if !(1..=COLUMN_CASES_MAX).contains(&limit) {
        return Err(Error::Unreadable("limit"));
    }
    let words = web.words();
    let look = web.look(&words);
    let mut columns = Vec::new();
    for state in process.state_order.iter().filter_map(|name| process.states.get(name)) {
        let stack = stack(&web, (process, state), None, limit).await?;
        columns.push(json!({
            "state": state.name,
            "title": look.state(process, &state.name).label,
            "settled": state.is_settled(),
            "count": stack.total.counted(),
            "more": stack.total.is_open(),
            "items": stack.page.cases.iter().map(|case| shown(&web, case)).collect::<Vec<_>>(),
            "next": next_href(process, state, &stack),
        }));
    }
    Ok(plain(&web, &headers, json!({ "process": name, "columns": columns })))
}

/// The cases the caller's post lists, of the processes the scopes of its key read.
fn reachable(web: &Web) -> Result<Union, Error> {
    let all = Union::reachable(web, web.post()?);
    if web.key().is_none() {
        return Ok(all);
    }
    let names = web.world.model.processes.keys();
    let processes: Vec<String> = names.filter(|name| in_scope(web, Area::Processes, name, false)).cloned().collect();
    // A filter that names no process would leave every one.
    if processes.is_empty() {
        return Ok(Union::default());
    }
    Ok(all.narrowed(&CaseFilter { processes, ..CaseFilter::default() }))
}

/// `GET /api/centre?place=&limit=&after=`: counts of a place, and what is open there, the latest first.
pub async fn centre(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    let own = web.post()?.place;
    only(&web, &CENTRE)?;
    let place = read::<PlaceCode>(&web, "place")?.unwrap_or(own);
    if !own.holds(place) {
        return Err(Error::NotFound);
    }
    let (after, limit) = (after(&web)?, limit(&web)?);
    let reach = reachable(&web)?;
    let list = open_in(&reach, place);
    let page = list.page(&web, CaseOrder::Due, after.as_ref(), limit).await?;
    let words = web.words();
    let look = web.look(&words);
    let counters: Vec<Value> = counts(&web, &reach, place)
        .await?
        .into_iter()
        .map(|one| {
            let hours = (!one.hours.is_empty()).then_some(one.hours);
            json!({ "counter": one.name, "title": look.t(one.text), "value": one.total, "hours": hours })
        })
        .collect();
    let item = |case: &Case| {
        let href = case_href(&case.process, &case.number);
        json!({ "href": href, "late": case.due_at().is_some_and(|due| due < web.now), "case": shown(&web, case) })
    };
    let items = page.cases.iter().map(item).collect();
    let next = page.next.map(|next| format!("{}.{}", next.at, next.case));
    let more = Map::from_iter([
        ("place".to_owned(), json!(place)),
        ("name".to_owned(), json!(web.world.places.name(place, web.today()))),
        ("open".to_owned(), json!(list.count(&web).await?)),
        ("counters".to_owned(), json!(counters)),
    ]);
    Ok(listed_with(&web, &headers, (items, next.as_deref()), more))
}
