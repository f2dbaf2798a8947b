//! Orders handed in as a table by somebody who may take cases in: read as over the interface, under the same numbers, so that it does no
//! harm to hand in a day twice. The page says what became of each.

use super::{declared, rows, taken};
use crate::error::Error;
use crate::limits::BULK_ITEMS_MAX;
use crate::staff::new::openable;
use crate::staff::registers::import::receive;
use crate::typed::Parts;
use crate::view::case::{StateTag, card_href};
use crate::view::{Arg, LinkView, Look};
use crate::web::Web;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_model::pack::{Intake, IntakeSource, Process, Who};
use ganglion_model::{Level, Post};
use serde::Serialize;
use serde_json::Value;

/// A column that is read.
#[derive(Serialize)]
struct ColumnView {
    name: String,
    title: String,
}

/// What became of an order.
#[derive(Serialize)]
struct Line {
    order: String,
    state: StateTag,
    number: String,
    href: Option<String>,
    message: String,
}

#[derive(Serialize)]
struct OrdersContext {
    page: crate::page::Page,
    back_href: &'static str,
    action_href: String,
    error: Option<String>,
    columns: Vec<ColumnView>,
    sentence: String,
    lines: Vec<Line>,
}

fn href(process: &Process, intake: &Intake) -> String {
    format!("/orders/{}/{}", process.name, intake.name)
}

/// Processes whose orders are the business of a post: it is named among those who open, and not only as anybody, and it is an office.
fn takes_in<'w>(web: &'w Web, post: &Post) -> Vec<&'w Process> {
    let is_named = |process: &&Process| {
        process.open_by.iter().any(|who| match who {
            Who::Role { role, .. } | Who::RoleHandling { role } => *role == post.role,
            _ => false,
        })
    };
    let open = openable(web, post).into_iter().filter(is_named);
    open.filter(|_| post.place.level() <= Level::Township).collect()
}

/// Where a post may hand in orders.
#[must_use]
pub fn offered(web: &Web, look: &Look<'_>, post: &Post) -> Vec<LinkView> {
    let intakes =
        takes_in(web, post).into_iter().flat_map(|process| process.intake.values().map(move |one| (process, one)));
    let link = |(process, intake): (&Process, &Intake)| LinkView {
        label: look.say("orders-take", &[("title", look.text(&intake.title).into())]),
        href: href(process, intake),
        current: false,
    };
    intakes.map(link).collect()
}

/// An intake of a process whose cases the reader may take in.
fn open<'w>(web: &'w Web, process: &str, name: &str) -> Result<(&'w Process, &'w Intake), Error> {
    let post = web.post()?;
    let at = declared(web, process, name)?;
    if takes_in(web, post).iter().any(|one| one.name == at.0.name) { Ok(at) } else { Err(Error::NotFound) }
}

/// `GET /orders/{process}/{intake}`.
pub async fn show(web: Web, Path((process, name)): Path<(String, String)>) -> Result<Response, Error> {
    page(&web, open(&web, &process, &name)?, None, Vec::new())
}

/// `POST /orders/{process}/{intake}`: takes in the orders of a table, one after the other.
pub async fn upload(
    web: Web,
    Path((process, name)): Path<(String, String)>,
    Parts(parts): Parts,
) -> Result<Response, Error> {
    let at = open(&web, &process, &name)?;
    let wrong = |key: &str| page(&web, at, Some(web.t(key)), Vec::new());
    let Some(upload) = receive(&web, parts).await? else { return wrong("import-file-needed") };
    let Ok(orders) = rows(&Bytes::from(upload.bytes)) else { return wrong("orders-no-table") };
    if orders.is_empty() {
        return wrong("orders-none");
    }
    if orders.len() > BULK_ITEMS_MAX {
        return wrong("orders-too-many");
    }
    let mut lines = Vec::with_capacity(orders.len());
    for order in &orders {
        let (number, status, body) = taken(&web, at, (order, "")).await;
        lines.push(line(&web, at.0, number.unwrap_or_default(), (status, &body)));
    }
    page(&web, at, None, lines)
}

/// What is wrong with a field, by its title: software is told by its name.
fn titled(web: &Web, process: &Process, detail: &str) -> String {
    let named = |name: &str| {
        detail.strip_prefix(name).filter(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    };
    let found = process.form.iter().find_map(|field| Some((field.title.get(web.lang), named(&field.name)?)));
    found.map_or_else(|| detail.to_owned(), |(title, rest)| format!("{title}{rest}"))
}

/// An order as the page tells it.
fn line(web: &Web, process: &Process, order: String, (status, body): (StatusCode, &Value)) -> Line {
    let (name, tone) = match status {
        StatusCode::CREATED => ("new", "done"),
        StatusCode::OK => ("same", "neutral"),
        StatusCode::CONFLICT => ("changed", "bad"),
        _ => ("refused", "bad"),
    };
    let number = body["number"].as_str().unwrap_or_default().to_owned();
    let said = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let errors = body["errors"].as_array().into_iter().flatten();
    let details: Vec<String> = errors.filter_map(|one| Some(titled(web, process, one["detail"].as_str()?))).collect();
    let message = match (status.is_success(), details.is_empty()) {
        (true, _) => String::new(),
        (false, true) => said("detail"),
        (false, false) => details.join(&web.t("list-comma")),
    };
    Line {
        order,
        state: StateTag { name: name.to_owned(), label: web.t(&format!("orders-{name}")), tone },
        href: (!number.is_empty()).then(|| card_href(&number)),
        number,
        message,
    }
}

/// The keys that are read, with what they are.
fn columns(look: &Look<'_>, process: &Process, intake: &Intake) -> Vec<ColumnView> {
    let column = |name: &str, title: String| ColumnView { name: name.to_owned(), title };
    let mut columns = vec![column(&intake.order, look.t("orders-order"))];
    columns.extend(intake.seen.iter().map(|key| column(key, look.t("orders-seen"))));
    for field in &intake.fields {
        let declared = process.form.iter().find(|one| one.name == field.field);
        let title = declared.map(|one| look.text(&one.title)).unwrap_or_default();
        match &field.source {
            IntakeSource::Key(key) => columns.push(column(key, title)),
            IntakeSource::Point { lon, lat, .. } => {
                columns.extend([(lon, "orders-lon"), (lat, "orders-lat")].map(|(key, text)| column(key, look.t(text))));
            }
            IntakeSource::Value(_) => {}
        }
    }
    columns
}

fn page(
    web: &Web,
    (process, intake): (&Process, &Intake),
    error: Option<String>,
    lines: Vec<Line>,
) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let count = |name: &str| -> Arg {
        let count = lines.iter().filter(|line| line.state.name == name).count();
        u32::try_from(count).unwrap_or(u32::MAX).into()
    };
    let sentence =
        [("new", count("new")), ("same", count("same")), ("changed", count("changed")), ("refused", count("refused"))];
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let context = OrdersContext {
        page: web.page_titled(look.say("orders-take", &[("title", look.text(&intake.title).into())])),
        back_href: "/cases",
        action_href: href(process, intake),
        error,
        columns: columns(&look, process, intake),
        sentence: look.say("orders-sentence", &sentence),
        lines,
    };
    web.render_status(status, "pages/orders.html", context)
}
