//! What a resident sees who is signed in: every report left with the telephone, how far each is, who read what is held, and a copy of
//! it to take along. Personal values are masked here too: telephone numbers are given to new owners, and a name or an identity number
//! must not go with them. Correction and erasure are asked for from the page of each report.

use super::session::Resident;
use crate::error::Error;
use crate::public::follow_data::{OwnData, attached, copy, table};
use crate::staff::names;
use crate::view::case::StateTag;
use crate::view::{Arg, Say as _, mask};
use crate::web::Web;
use axum::response::{IntoResponse as _, Response};
use ganglion_model::Case;
use ganglion_model::pack::FieldKind;
use serde::Serialize;

/// Looks at personal values that are shown, the newest of all reports.
const READS_SHOWN_MAX: usize = 50;
/// Of one report.
const READS_OF_ONE_MAX: u32 = 20;

#[derive(Serialize)]
struct Mine {
    number: String,
    href: String,
    data_href: String,
    title: String,
    place: String,
    opened: String,
    state: StateTag,
}

#[derive(Serialize)]
struct MyContext {
    page: crate::page::Page,
    lead: String,
    cases: Vec<Mine>,
    reads: Vec<[String; 4]>,
}

/// `GET /my`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let Some(resident) = asked(&web).await? else { return Ok(web.redirect("/my/sign-in")) };
    let cases = web.cases_of(&resident).await?;
    names::of_cases(&web, &cases).await?;
    let words = web.words();
    let look = web.look(&words);
    let mut looked = Vec::new();
    for case in &cases {
        let lines = web.app.store.accesses(case.shard, case.id, READS_OF_ONE_MAX).await?;
        looked.extend(lines.into_iter().map(|line| (line.at, line.post, line.purpose, case.number.clone())));
    }
    looked.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    let reads = looked.into_iter().take(READS_SHOWN_MAX);
    let mine = |case: &Case| {
        let process = web.world.model.processes.get(&case.process)?;
        let href = format!("/follow/{}", crate::page::encode(&case.number));
        Some(Mine {
            number: case.number.clone(),
            data_href: format!("{href}/data"),
            href,
            title: look.title(process, case),
            place: look.place_path(case.place),
            opened: look.when(case.opened_at),
            state: look.state(process, &case.state),
        })
    };
    let phone = mask::mask(&FieldKind::Phone, &resident.phone);
    let context = MyContext {
        page: web.page("title-my"),
        lead: words.say("my-lead", &[("phone", Arg::from(phone)), ("count", cases.len().into())]),
        cases: cases.iter().filter_map(mine).collect(),
        reads: reads
            .map(|(at, post, given, number)| {
                [look.when(at), look.post(&post), look.purpose(&given, "looked-purpose"), number]
            })
            .collect(),
    };
    web.render("pages/my.html", context)
}

/// The resident who is signed in.
async fn asked(web: &Web) -> Result<Option<Resident>, Error> {
    if web.app.sms.is_none() {
        return Err(Error::NotFound);
    }
    web.resident().await
}

/// What is held in every report of a resident.
async fn copies(web: &Web, resident: &Resident) -> Result<Vec<OwnData>, Error> {
    let mut all = Vec::new();
    for case in web.cases_of(resident).await? {
        all.push(copy(web, &case).await?);
    }
    Ok(all)
}

/// `GET /my/data.json`.
pub async fn json(web: Web) -> Result<Response, Error> {
    let Some(resident) = asked(&web).await? else { return Ok(web.redirect("/my/sign-in")) };
    let copies = copies(&web, &resident).await?;
    let text = serde_json::to_string_pretty(&copies).map_err(|error| Error::Internal(error.to_string()))?;
    Ok((attached("application/json", "my-data.json"), text).into_response())
}

/// `GET /my/data.csv`.
pub async fn csv(web: Web) -> Result<Response, Error> {
    let Some(resident) = asked(&web).await? else { return Ok(web.redirect("/my/sign-in")) };
    let bytes = table(&web, &copies(&web, &resident).await?)?;
    Ok((attached("text/csv; charset=utf-8", "my-data.csv"), bytes).into_response())
}
