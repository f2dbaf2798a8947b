//! Standing rules: how many rows break each inside the post's place, and which. Rules over what a post may not read are not
//! there for it.

use super::query::Query;
use super::registers::row_href;
use crate::app::AppState;
use crate::error::Error;
use crate::staff::PAGE_ROWS;
use crate::staff::desk::{Pager, pager};
use crate::view::Look;
use crate::view::case::card_href;
use crate::view::words::count;
use crate::web::Web;
use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use ganglion_kernel::decide::policy;
use ganglion_kernel::decide::row_who::{RowReach, row_reach};
use ganglion_kernel::decide::who::{Reach, reach, view_of};
use ganglion_kernel::rules::{Violation, ViolationFilter};
use ganglion_model::clocks::{local_date, midnight};
use ganglion_model::pack::{Rule, Scope, Source};
use ganglion_model::{CaseId, PlaceCode, Post};
use jiff::Timestamp;
use serde::Serialize;

/// The routes of rules.
pub fn routes() -> Router<AppState> {
    Router::new().route("/rules", get(index)).route("/rules/{name}", get(show))
}

#[derive(Serialize)]
struct Entry {
    title: String,
    over: String,
    count: String,
    unit: String,
    broken: bool,
    href: String,
}

#[derive(Serialize)]
struct IndexContext {
    page: crate::page::Page,
    rules: Vec<Entry>,
}

#[derive(Serialize)]
struct Row {
    subject: String,
    href: String,
    place: String,
    since: String,
    case: String,
    case_href: String,
}

#[derive(Serialize)]
struct RuleContext {
    page: crate::page::Page,
    message: String,
    over: String,
    total: String,
    unit: String,
    rows: Vec<Row>,
    pager: Option<Pager>,
    opens: bool,
    daily: bool,
}

/// The place inside which the post sees rows that break a rule; `None`: the rule is not there for it.
pub(crate) fn within(web: &Web, rule: &Rule, post: &Post) -> Option<Option<PlaceCode>> {
    match &rule.over {
        Source::Process(name) => {
            let process = web.world.model.processes.get(name)?;
            // Whom the deployment shows some states only cannot be told which of its rows break a rule.
            let is_whole = policy::listed((&web.world, process), &view_of(post)).is_none();
            match reach(process, post) {
                Reach::Subtree(place) if is_whole => Some(Some(place)),
                _ => None,
            }
        }
        Source::Register(name) => match row_reach(web.world.model.registers.get(name)?, Some(post))? {
            RowReach::All => Some(None),
            RowReach::Within(place) => Some(Some(place)),
            RowReach::Public => None,
        },
    }
}

fn over(web: &Web, rule: &Rule) -> String {
    let words = web.words();
    let look = web.look(&words);
    let model = &web.world.model;
    let title = match &rule.over {
        Source::Process(name) => model.processes.get(name).map(|one| &one.title),
        Source::Register(name) => model.registers.get(name).map(|one| &one.title),
    };
    title.map(|title| look.text(title)).unwrap_or_default()
}

/// `GET /rules`.
async fn index(web: Web) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let words = web.words();
    let look = web.look(&words);
    let mut rules: Vec<&Rule> = web.world.model.rules.values().collect();
    rules.sort_by(|a, b| (&a.pack, a.order).cmp(&(&b.pack, b.order)));
    let mut entries = Vec::new();
    for rule in rules {
        let Some(place) = within(&web, rule, &post) else { continue };
        let broken = web.app.store.violation_count(&ViolationFilter { rule: rule.name.clone(), place }).await?;
        entries.push(Entry {
            title: look.text(&rule.title),
            over: over(&web, rule),
            count: count(broken),
            unit: look.rule_unit(rule),
            broken: broken > 0,
            href: format!("/rules/{}", rule.name),
        });
    }
    web.render("pages/rules.html", IndexContext { page: web.page("title-rules"), rules: entries })
}

/// Where a page goes on.
pub(crate) fn after_of(text: Option<&str>) -> Option<(Timestamp, CaseId)> {
    let (at, id) = text?.split_once('_')?;
    Some((Timestamp::from_microsecond(at.parse().ok()?).ok()?, CaseId(id.parse().ok()?)))
}

/// The same as a text.
pub(crate) fn after_text(last: &Violation) -> String {
    format!("{}_{}", last.since.as_microsecond(), last.id)
}

/// What a row that breaks a rule is called: cases by their number, rows by their name, also those kept by place, which are
/// not in memory.
async fn subject(web: &Web, look: &Look<'_>, rule: &Rule, one: &Violation) -> Result<String, Error> {
    let Source::Register(register) = &rule.over else { return Ok(one.subject.clone()) };
    let Some(def) = web.world.model.registers.get(register) else { return Ok(one.subject.clone()) };
    if def.scope == Scope::Deployment {
        return Ok(look.row_label(register, &one.subject));
    }
    let versions = web.app.store.row_versions(&(one.shard, register.clone(), one.subject.clone())).await?;
    let newest = versions.iter().max_by_key(|record| record.version);
    Ok(newest.and_then(|record| look.label_of(def, record)).unwrap_or_else(|| one.subject.clone()))
}

/// Since when: a day, where it was broken by the day alone.
fn since(look: &Look<'_>, at: Timestamp) -> String {
    let day = local_date(at);
    if midnight(day) == at { look.day(day) } else { look.when(at) }
}

/// `GET /rules/{name}`: the rows that break a rule, longest first.
async fn show(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let rule = web.world.model.rules.get(&name).ok_or(Error::NotFound)?;
    let place = within(&web, rule, &post).ok_or(Error::NotFound)?;
    let words = web.words();
    let look = web.look(&words);
    let query = Query(web.query.clone()).without(&["lang", "elder", "theme"]);
    let asked = query.get("place").and_then(|code| code.parse::<PlaceCode>().ok());
    let asked = asked.filter(|asked| place.is_none_or(|own| own.holds(*asked)));
    let filter = ViolationFilter { rule: name.clone(), place: asked.or(place) };
    let mut found = web.app.store.violations(&filter, after_of(query.get("after")), PAGE_ROWS + 1).await?;
    let total = web.app.store.violation_count(&filter).await?;
    let more = found.len() > PAGE_ROWS as usize;
    found.truncate(PAGE_ROWS as usize);
    let next = found.last().filter(|_| more).map(after_text);
    let row = |one: &Violation, subject: String| Row {
        subject,
        href: match &rule.over {
            Source::Process(_) => card_href(&one.subject),
            Source::Register(register) => row_href("rows", one.shard, register, &one.subject),
        },
        place: look.place_path(one.place),
        since: since(&look, one.since),
        case: one.opened.clone().unwrap_or_default(),
        case_href: one.opened.as_deref().filter(|number| *number != "-").map(card_href).unwrap_or_default(),
    };
    let mut rows = Vec::new();
    for one in &found {
        rows.push(row(one, subject(&web, &look, rule, one).await?));
    }
    let path = format!("/rules/{name}");
    let context = RuleContext {
        page: web.page_titled(look.text(&rule.title)),
        message: look.text(&rule.message),
        over: over(&web, rule),
        total: count(total),
        unit: look.rule_unit(rule),
        rows,
        pager: pager(&look, &query, &path, (next, found.len(), total)),
        opens: rule.open.is_some(),
        daily: rule.daily,
    };
    web.render("pages/rule.html", context)
}
