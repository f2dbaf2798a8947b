//! `GET /api/search`: cases and rows that hold words, as the caller's post reads them. A key finds only what its scopes let it read.

use super::answer::{case_href, in_scope, listed, only, row_href};
use super::{cases, rows};
use crate::api::read::{limit, read};
use crate::error::Error;
use crate::keys::Area;
use crate::staff::search;
use crate::web::Web;
use axum::http::HeaderMap;
use axum::response::Response;
use ganglion_kernel::port::CaseFilter;
use ganglion_model::PlaceCode;
use serde_json::{Value, json};

/// Parameters of a search.
pub const PARAMETERS: [&str; 9] = ["q", "in", "place", "pack", "state", "open", "order", "limit", "after"];

/// `GET /api/search?q=&in=cases|rows`.
pub async fn find(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    web.post()?;
    only(&web, &PARAMETERS)?;
    let words = search::typed(web.arg("q").unwrap_or_default());
    if words.is_empty() {
        return Err(Error::Unreadable("q"));
    }
    let limit = limit(&web)?;
    match web.arg("in") {
        None | Some("cases") => find_cases(&web, &headers, (words, limit)).await,
        Some("rows") => find_rows(&web, &headers, (words, limit)).await,
        Some(_) => Err(Error::Unreadable("in")),
    }
}

async fn find_cases(web: &Web, headers: &HeaderMap, (words, limit): (String, u32)) -> Result<Response, Error> {
    let newest = match web.arg("order") {
        None | Some("best") => false,
        Some("newest") => true,
        Some(_) => return Err(Error::Unreadable("order")),
    };
    let named: Vec<String> = match web.arg("pack") {
        Some(pack) => search::processes_of(web, pack),
        None => web.world.model.processes.keys().cloned().collect(),
    };
    let processes: Vec<String> = named.into_iter().filter(|name| in_scope(web, Area::Processes, name, false)).collect();
    if processes.is_empty() {
        return Ok(listed(web, headers, Vec::new(), None));
    }
    let asked = CaseFilter { words: Some(words), processes, ..crate::api::read::filter(web)? };
    let found = search::cases(web, (&asked, newest), web.arg("after"), limit).await?;
    let items = found.all.iter().map(|case| {
        let href = case_href(&case.process, &case.number);
        json!({ "kind": "case", "href": href, "case": cases::shown(web, case) })
    });
    Ok(listed(web, headers, items.collect(), found.next.as_deref()))
}

async fn find_rows(web: &Web, headers: &HeaderMap, (words, limit): (String, u32)) -> Result<Response, Error> {
    let mut registers = search::registers(web, web.arg("pack"));
    registers.retain(|one| in_scope(web, Area::Registers, &one.register.name, false));
    let place = read::<PlaceCode>(web, "place")?;
    let found = search::rows(web, (&words, place), &registers, web.arg("after"), limit).await?;
    let item = |record: &ganglion_model::Record| {
        let readable = registers.iter().find(|one| one.register.name == record.register)?;
        let href = row_href(&record.register, record.shard.0, &record.key);
        Some(json!({ "kind": "row", "href": href, "row": rows::shown(record, &readable.fields(web)) }))
    };
    let items: Vec<Value> = found.all.iter().filter_map(item).collect();
    Ok(listed(web, headers, items, found.next.as_deref()))
}
