//! Opening a case for each of many rows: those ticked in a list, or all the list holds. A page asks once what the rows do not
//! say and says how many will be opened; each case is a command of its own with an id made from the form's and the row's, so
//! that sending the form again opens nothing twice; the last page says what came of each.

use super::opening::{Opening, openings};
use super::{Offers, Readable, asked, readable, row_href, rows, shown};
use crate::error::Error;
use crate::limits::{OPEN_AT_ONCE, OPEN_ROWS_MAX};
use crate::looked;
use crate::staff::act::command_id;
use crate::staff::new::{channel, check};
use crate::staff::query::{Query, own_address};
use crate::staff::registers::import::sent;
use crate::typed::{Asking, Step, Typed};
use crate::view::Look;
use crate::view::case::card_href;
use crate::view::form::{Asked, FormView, Hidden, Typed as Entered};
use crate::web::Web;
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use futures_util::future::join_all;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::{derived, who};
use ganglion_kernel::port::Want;
use ganglion_kernel::port_rows::RowAfter;
use ganglion_kernel::route::shard_for;
use ganglion_model::change::{Body, Command, Outcome};
use ganglion_model::pack::Field;
use ganglion_model::{CommandId, FieldFinding, Fields, Record, RowKey, Shard};
use serde::Serialize;
use std::collections::BTreeMap;

/// Rows read at a time.
const ROWS_AT_ONCE: u32 = 200;
/// Names shown before a list is opened.
const NAMES_SHOWN_MAX: usize = 50;

/// What came of one row.
#[derive(Serialize)]
struct Line {
    label: String,
    href: String,
    number: String,
    done: bool,
    text: String,
}

#[derive(Serialize)]
struct OpenContext {
    page: crate::page::Page,
    back_href: String,
    form: Option<FormView>,
    names: Vec<String>,
    more: usize,
    lines: Vec<Line>,
    done: usize,
    refused: usize,
}

/// Rows to open cases for, with what each says.
struct Chosen<'w> {
    opening: Opening<'w>,
    rows: Vec<Record>,
    said: Vec<Fields>,
    asked: Vec<Field>,
    back: String,
}

/// What came of one command; a finding where there was none to send.
type Answer = Result<Result<Outcome, CommitError>, FieldFinding>;

/// The form of one row: what was typed for all, and what the row says.
fn merged(said: &Fields, typed: &Fields) -> Fields {
    let mut form = typed.clone();
    form.extend(said.iter().map(|(name, value)| (name.clone(), value.clone())));
    form
}

/// As a row is ticked.
pub fn ticked(record: &Record) -> String {
    format!("{}/{}", record.shard, record.key)
}

/// `POST /registers/{name}/open?…`: with ticked rows, or with `all` for what the list of the address holds.
pub async fn open(web: Web, Path(name): Path<String>, asking: Asking) -> Result<Response, Error> {
    let typed = &asking.0;
    web.post()?;
    let readable = readable(&web, &name)?;
    let process = typed.one("process").ok_or(Error::Unreadable("process"))?;
    let opening = openings(&web, &readable).into_iter().find(|one| one.process.name == process && one.is_for_many());
    let opening = opening.ok_or(Error::NotFound)?;
    let words = web.words();
    let look = web.look(&words);
    let list = format!("/registers/{name}");
    let back = own_address(typed.one("back"), Query(web.query.clone()).without(&["after"]).on(&list));
    let found = if typed.one("all").is_some() {
        whole_list(&web, &readable).await?
    } else {
        of_keys(&web, &readable, typed).await?
    };
    if found.is_empty() || found.len() > OPEN_ROWS_MAX {
        let key = if found.is_empty() { "open-none" } else { "open-too-many" };
        return Ok(web.redirect_with(&back, "warn", &look.say(key, &[("max", OPEN_ROWS_MAX.into())])));
    }
    let said: Vec<Fields> = found.iter().map(|record| opening.said(record)).collect();
    let chosen = Chosen { asked: opening.asked(&said), opening, rows: found, said, back };
    let form = typed.fields(&chosen.asked);
    let entered = Entered { values: Some(&form), ..Entered::default() };
    match asking.step() {
        Step::Ask => return live(&web, &look, &chosen, &form).await,
        Step::More(more) => {
            return ask(&web, &look, &chosen, (&readable, typed, Entered { more: Some(more), ..entered })).await;
        }
        Step::Send => {}
    }
    if typed.one("confirmed").is_none() {
        return ask(&web, &look, &chosen, (&readable, typed, Entered::default())).await;
    }
    let findings = first_findings(&web, &chosen, &form).await?;
    if !findings.is_empty() {
        return ask(&web, &look, &chosen, (&readable, typed, Entered { findings: &findings, ..entered })).await;
    }
    let lines = open_all(&web, &look, &chosen, (&readable, command_id(&web, typed), &form)).await?;
    page(&web, &look, (&chosen, &readable), (None, lines), StatusCode::OK)
}

/// Rows of the list with the filters of the address, one more than are taken at most.
async fn whole_list(web: &Web, readable: &Readable<'_>) -> Result<Vec<Record>, Error> {
    let asked = asked::read(web, readable, &Query(web.query.clone()).without(&["after"]));
    let (mut found, mut after): (Vec<Record>, Option<RowAfter>) = (Vec::new(), None);
    while found.len() <= OPEN_ROWS_MAX {
        let order = (&asked.filter, &asked.order);
        let page = rows::page(web, readable.register, order, after.as_ref(), ROWS_AT_ONCE).await?;
        found.extend(page.rows);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(found)
}

/// The rows that were ticked, as they hold today, as far as the reader may read them.
async fn of_keys(web: &Web, readable: &Readable<'_>, typed: &Typed) -> Result<Vec<Record>, Error> {
    let key = |text: &str| -> Option<RowKey> {
        let (shard, key) = text.split_once('/')?;
        Some((Shard(shard.parse().ok()?), readable.register.name.clone(), key.to_owned()))
    };
    let mut wanted: Vec<RowKey> = Vec::new();
    for row in typed.all("row").filter_map(key).take(OPEN_ROWS_MAX + 1) {
        if !wanted.contains(&row) {
            wanted.push(row);
        }
    }
    let mut known: BTreeMap<RowKey, Record> = BTreeMap::new();
    let today = web.today();
    let kept: Vec<RowKey> = wanted.iter().filter(|(shard, ..)| *shard != Shard::DEPLOYMENT).cloned().collect();
    let loaded = if kept.is_empty() {
        Vec::new()
    } else {
        web.app.store.load(&Want { records: kept, ..Want::default() }).await?.records
    };
    let deployed = wanted.iter().filter(|(shard, ..)| *shard == Shard::DEPLOYMENT);
    let deployed = deployed.flat_map(|(_, register, key)| web.world.versions(register, key).iter().cloned());
    for record in loaded.into_iter().chain(deployed) {
        if record.valid_on(today) && readable.reach.lists(record.place) {
            known.insert((record.shard, record.register.clone(), record.key.clone()), record);
        }
    }
    Ok(wanted.iter().filter_map(|row| known.remove(row)).collect())
}

/// What applies while somebody types, judged for the first row.
async fn live(web: &Web, look: &Look<'_>, chosen: &Chosen<'_>, typed: &Fields) -> Result<Response, Error> {
    let Some(said) = chosen.said.first() else { return Err(Error::NotFound) };
    let form = merged(said, typed);
    let actor = who::view(&web.world, &web.actor(), web.now);
    let (process, place) = (chosen.opening.process, web.post()?.place);
    let asked = Asked { process, case: None, actor: &actor, place, suggested: &[], prefix: "" };
    let shard = looked::shard_of(web, &process.form, &form);
    let live = looked::live(web, (look, &asked), (&process.form, &form), (shard, None)).await?;
    Ok(Json(live).into_response())
}

/// What is wrong with what was typed, as far as the first row can tell: then nothing is opened yet.
async fn first_findings(web: &Web, chosen: &Chosen<'_>, typed: &Fields) -> Result<Vec<FieldFinding>, Error> {
    let Some(said) = chosen.said.first() else { return Ok(Vec::new()) };
    let form = merged(said, typed);
    let mut findings = check(web, chosen.opening.process, &form).await?.err().unwrap_or_default();
    findings.retain(|finding| {
        let name = finding.field.split('.').next().unwrap_or_default();
        !said.contains_key(name) && chosen.asked.iter().any(|field| field.name == name)
    });
    Ok(findings)
}

/// The page that asks.
async fn ask(
    web: &Web,
    look: &Look<'_>,
    chosen: &Chosen<'_>,
    (readable, typed, entered): (&Readable<'_>, &Typed, Entered<'_>),
) -> Result<Response, Error> {
    let actor = who::view(&web.world, &web.actor(), web.now);
    let (process, place) = (chosen.opening.process, web.post()?.place);
    let asked = Asked { process, case: None, actor: &actor, place, suggested: &[], prefix: "" };
    let mut fields = look.fields(&asked, &chosen.asked, entered);
    Offers::opening(web, place).give(&chosen.asked, &mut fields).await?;
    let id = typed.one("command_id").map_or_else(|| web.app.clock.id().to_string(), str::to_owned);
    let mut hidden = vec![
        Hidden::new("command_id", id),
        Hidden::new("process", &process.name),
        Hidden::new("confirmed", "1"),
        Hidden::new("back", &chosen.back),
    ];
    hidden.extend(chosen.rows.iter().map(|record| Hidden::new("row", ticked(record))));
    let given = chosen.opening.said_titles(look, &chosen.said).join(&look.t("list-comma"));
    let args =
        [("count", chosen.rows.len().into()), ("title", look.text(&process.title).into()), ("given", given.into())];
    let form = FormView {
        action_href: format!("/registers/{}/open", readable.register.name),
        help: Some(look.say("open-help", &args)),
        hidden,
        errors: look.problems(&chosen.asked, entered.findings, &|name| format!("f-{name}")),
        fields,
        submit: look.say("open-submit", &args),
        cancel_href: Some(chosen.back.clone()),
        ..FormView::default()
    };
    let status = if entered.findings.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page(web, look, (chosen, readable), (Some(form), Vec::new()), status)
}

/// Opens a case for each row; the work goes on when whoever asked for it is gone.
async fn open_all(
    web: &Web,
    look: &Look<'_>,
    chosen: &Chosen<'_>,
    (readable, base, typed): (&Readable<'_>, CommandId, &Fields),
) -> Result<Vec<Line>, Error> {
    let process = chosen.opening.process;
    let post = web.post()?;
    let command = |(record, said): (&Record, &Fields)| -> Result<Command, FieldFinding> {
        let form = merged(said, typed);
        let shard = shard_for(&web.world, process, &form, web.today())?;
        let body = Body::Open {
            process: process.name.clone(),
            channel: channel(web, process, &form, post),
            form,
            observed_at: None,
            from: None,
        };
        Ok(Command { id: derived(base, &format!("open/{}", ticked(record))), shard, actor: web.actor(), body })
    };
    let commands: Vec<Result<Command, FieldFinding>> = chosen.rows.iter().zip(&chosen.said).map(command).collect();
    let app = web.app.clone();
    let opened = tokio::spawn(async move {
        let mut answers: Vec<Answer> = Vec::new();
        for chunk in commands.chunks(OPEN_AT_ONCE) {
            let one = |command: Result<Command, FieldFinding>| {
                let app = app.clone();
                async move {
                    match command {
                        Ok(command) => Ok(sent(&app, command).await),
                        Err(finding) => Err(finding),
                    }
                }
            };
            answers.extend(join_all(chunk.iter().cloned().map(one)).await);
        }
        answers
    });
    let answers = opened.await.map_err(|error| Error::Internal(format!("opening cases for rows: {error}")))?;
    let said = |findings: &[FieldFinding]| -> Option<String> {
        let problems = look.problems(&process.form, findings, &|name| format!("f-{name}"));
        let texts: Vec<String> = problems.into_iter().map(|one| one.message).collect();
        (!texts.is_empty()).then(|| texts.join(&look.t("list-comma")))
    };
    let line = |(record, answer): (&Record, Answer)| {
        let (number, text) = match answer {
            Ok(Ok(outcome)) => {
                let state = outcome.state.unwrap_or_else(|| process.initial.clone());
                (outcome.number, look.state(process, &state).label)
            }
            Ok(Err(CommitError::Refused(refusal))) => {
                (None, said(&refusal.fields).unwrap_or_else(|| look.refusal(Some(process), &refusal)))
            }
            Ok(Err(error)) => {
                Error::from(error).log();
                (None, look.t("refusal-busy"))
            }
            Err(finding) => (None, said(std::slice::from_ref(&finding)).unwrap_or_default()),
        };
        let row = || row_href("rows", record.shard, &record.register, &record.key);
        Line {
            label: shown::title(look, readable, web, record),
            href: number.as_deref().map_or_else(row, card_href),
            done: number.is_some(),
            number: number.unwrap_or_default(),
            text,
        }
    };
    Ok(chosen.rows.iter().zip(answers).map(line).collect())
}

fn page(
    web: &Web,
    look: &Look<'_>,
    (chosen, readable): (&Chosen<'_>, &Readable<'_>),
    (form, lines): (Option<FormView>, Vec<Line>),
    status: StatusCode,
) -> Result<Response, Error> {
    let title = look.say("open-title", &[("title", look.text(&chosen.opening.process.title).into())]);
    let done = lines.iter().filter(|line| line.done).count();
    let names = chosen.rows.iter().take(NAMES_SHOWN_MAX).map(|record| shown::title(look, readable, web, record));
    let context = OpenContext {
        page: web.page_titled(title),
        back_href: chosen.back.clone(),
        form,
        names: names.collect(),
        more: chosen.rows.len().saturating_sub(NAMES_SHOWN_MAX),
        refused: lines.len() - done,
        done,
        lines,
    };
    web.render_status(status, "pages/register_open.html", context)
}
