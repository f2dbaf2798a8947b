//! `GET /registers/{name}`: the rows of a register, with filters, order and day in the address.

use super::asked::{self, Control};
use super::open::ticked;
use super::opening::{self, OpenRow, OpenView};
use super::shown::{self, Cell, Column};
use super::{Readable, names, readable, rows};
use crate::error::Error;
use crate::limits::OPEN_ROWS_MAX;
use crate::staff::PAGE_ROWS;
use crate::staff::desk::{Pager, pager};
use crate::staff::query::Query;
use crate::view::Look;
use crate::view::form::FormView;
use crate::view::words::count;
use crate::web::Web;
use axum::extract::Path;
use axum::response::Response;
use ganglion_kernel::decide::row_who::{RowReach, may_edit_row, may_propose_row};
use ganglion_model::{PlaceCode, Record};
use serde::Serialize;
use serde_json::json;

#[derive(Serialize)]
struct ListContext {
    page: crate::page::Page,
    path: String,
    q: Option<String>,
    controls: Vec<Control>,
    sort: String,
    total: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    pager: Option<Pager>,
    clear_href: Option<String>,
    export_href: Option<String>,
    xlsx_href: Option<String>,
    import_href: Option<String>,
    new: Option<NewLink>,
    open: Option<OpenView>,
    papers: Option<FormView>,
    map: serde_json::Value,
    is_public: bool,
}

#[derive(Serialize)]
struct NewLink {
    href: String,
    label: String,
}

/// Whether the reader's post may add rows somewhere: alone, or by proposing.
pub fn may_add(web: &Web, readable: &Readable<'_>) -> Option<bool> {
    let post = web.post().ok()?;
    let actor = web.actor();
    // A post below the level of the rows reaches none of them; one above is judged by the place typed.
    let place = Some(post.place).filter(|_| readable.register.scope != ganglion_model::pack::Scope::Deployment);
    if may_edit_row(readable.register, &actor, Some(post), place) {
        Some(true)
    } else {
        may_propose_row(readable.register, &actor, Some(post), place).then_some(false)
    }
}

/// `GET /registers/{name}`.
pub async fn show(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    let words = web.words();
    let look = web.look(&words);
    let query = Query(web.query.clone()).without(&["lang", "elder", "theme"]);
    let asked = asked::read(&web, &readable, &query);
    let path = format!("/registers/{name}");
    let found =
        rows::page(&web, readable.register, (&asked.filter, &asked.order), asked.after.as_ref(), PAGE_ROWS).await?;
    names::of_rows(&web, readable.register, &found.rows).await?;
    let total = rows::count(&web, readable.register, &asked.filter).await?;
    let fields = shown::columns(&web, &readable);
    let base = query.without(&["after"]);
    let next = found.next.as_ref().and_then(|next| serde_json::to_string(next).ok());
    let signed_in = readable.reach != RowReach::Public;
    let new = may_add(&web, &readable).map(|alone| NewLink {
        href: format!("{path}/new"),
        label: look.t(if alone { "row-new" } else { "row-propose-new" }),
    });
    let context = ListContext {
        page: web.page_titled(look.text(&readable.register.title)),
        q: readable.sees_all(&web).then(|| query.get("q").unwrap_or_default().to_owned()),
        controls: asked.controls(&web, &look, &readable, &query),
        sort: query.get("sort").unwrap_or_default().to_owned(),
        total: count(total),
        columns: shown::heads(&look, &readable, &fields, (&asked.order, &base)),
        rows: found.rows.iter().map(|record| shown::cells(&look, &readable, &fields, record)).collect(),
        pager: pager(&look, &query, &path, (next, found.rows.len(), total)),
        clear_href: asked.is_narrow.then(|| path.clone()),
        xlsx_href: signed_in.then(|| base.on(&format!("{path}/export.xlsx"))),
        export_href: signed_in.then(|| base.on(&format!("{path}/export.csv"))),
        import_href: super::import::may_import(&web, &readable).then(|| format!("{path}/import")),
        papers: super::documents::of_list(&web, &look, &readable, &base).filter(|_| total > 0),
        map: map(
            &readable,
            (asked.filter.place.unwrap_or(web.world.places.root), total),
            &base.on(&format!("{path}/points")),
            &web,
        ),
        is_public: !signed_in,
        open: if signed_in { open(&web, &look, &readable, (&found.rows, total, &base)) } else { None },
        new,
        path,
    };
    web.render("pages/register.html", context)
}

/// What may be opened for rows of the page, or for all rows of the list where they are not too many.
fn open(
    web: &Web,
    look: &Look<'_>,
    readable: &Readable<'_>,
    (rows, total, base): (&[Record], u64, &Query),
) -> Option<OpenView> {
    let mut openings = opening::openings(web, readable);
    openings.retain(opening::Opening::is_for_many);
    let row = |record: &Record| OpenRow { value: ticked(record), label: shown::title(look, readable, web, record) };
    let few = usize::try_from(total).is_ok_and(|total| total > rows.len() && total <= OPEN_ROWS_MAX);
    let all = few.then(|| look.say("open-all", &[("count", count(total).into())]));
    let action_href = base.on(&format!("/registers/{}/open", readable.register.name));
    opening::view(look, &openings, (action_href, all), rows.iter().map(row).collect())
}

/// The map above the list, when rows say where they are.
fn map(readable: &Readable<'_>, (around, total): (PlaceCode, u64), points: &str, web: &Web) -> serde_json::Value {
    let drawn = readable.register.location.as_ref();
    let seen = drawn.is_some_and(|name| readable.fields(web).iter().any(|field| field.name == *name));
    if !seen || total == 0 {
        return serde_json::Value::Null;
    }
    json!({ "outlines_href": format!("/map/outlines?parent={around}"), "cases_href": points })
}
