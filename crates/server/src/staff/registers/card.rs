//! The card of a row: facts, versions over time with who and on whose authority, what was proposed, what refers to it, where
//! it is, and who looked at personal values.

use super::list::may_add;
use super::proposals::{self, ProposalView};
use super::{Readable, names, opening, readable, row_href, shown};
use crate::error::Error;
use crate::staff::documents::DocumentsView;
use crate::typed::Typed;
use crate::view::facts::{Fact, Opened, may_see};
use crate::view::{LinkView, Look, People, mask};
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::decide::row_who::RowReach;
use ganglion_kernel::port::Access;
use ganglion_kernel::port_rows::ProposalFilter;
use ganglion_kernel::seal;
use ganglion_model::pack::{Field, Register};
use ganglion_model::row::Mark;
use ganglion_model::{Level, Post, Record, Shard, row_id};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Rows that refer to a row, shown.
const REFERERS_SHOWN_MAX: u32 = 50;
/// Proposals shown on a card.
const PROPOSALS_SHOWN_MAX: u32 = 20;
/// Lines of the access log shown.
const LOOKED_SHOWN_MAX: u32 = 20;

#[derive(Serialize)]
struct Version {
    span: String,
    current: bool,
    href: String,
    changed: String,
    by: String,
    approved: String,
    why: String,
}

#[derive(Serialize)]
struct Link {
    register: String,
    text: String,
    href: String,
}

#[derive(Serialize)]
struct Looked {
    at: String,
    who: String,
    post: String,
}

#[derive(Serialize)]
struct CardContext {
    page: crate::page::Page,
    back_href: String,
    back_label: String,
    key: String,
    span: String,
    place: String,
    ended: bool,
    facts: Vec<Fact>,
    versions: Vec<Version>,
    proposals: Vec<ProposalView>,
    referers: Vec<Link>,
    looked: Vec<Looked>,
    documents: DocumentsView,
    map: Value,
    edit: Option<Button>,
    retire: Option<Button>,
    opens: Vec<LinkView>,
    reveal_href: Option<String>,
}

#[derive(Serialize)]
struct Button {
    href: String,
    label: String,
}

/// `GET /registers/{name}/rows/{shard}/{key}`, with `?on=` for the version of a day.
pub async fn show(web: Web, Path((name, shard, key)): Path<(String, u32, String)>) -> Result<Response, Error> {
    render(&web, (&name, shard, &key), false).await
}

/// The version of the day asked for: the one that holds then, else the newest.
fn version_on<'r>(web: &Web, versions: &'r [Record]) -> Option<&'r Record> {
    let day = web.arg("on").and_then(|day| day.parse().ok()).unwrap_or_else(|| web.today());
    versions.iter().rev().find(|one| one.valid_on(day)).or(versions.last())
}

async fn render(web: &Web, (name, shard, key): (&str, u32, &str), in_clear: bool) -> Result<Response, Error> {
    let readable = readable(web, name)?;
    let versions = readable.row(web, shard, key).await?;
    let record = version_on(web, &versions).ok_or(Error::NotFound)?;
    names::of_rows(web, readable.register, std::slice::from_ref(record)).await?;
    let words = web.words();
    let look = web.look(&words);
    let public = readable.reach == RowReach::Public;
    let opened = if public { Opened::default() } else { Opened { in_clear, ..opened(web, record).await? } };
    let row = (Shard(shard), name.to_owned(), key.to_owned());
    let proposed = if public || !readable.register.needs_two() {
        Vec::new()
    } else {
        let filter = ProposalFilter {
            registers: vec![(name.to_owned(), None)],
            row: Some(row.clone()),
            ..ProposalFilter::default()
        };
        web.app.store.proposals(&filter, PROPOSALS_SHOWN_MAX).await?
    };
    let accesses = if public {
        Vec::new()
    } else {
        web.app.store.accesses(Shard(shard), row_id(Shard(shard), name, key), LOOKED_SHOWN_MAX).await?
    };
    let marks = versions.iter().flat_map(marks).chain(proposed.iter().flat_map(proposals::marks));
    let wanted = marks.filter_map(|mark| mark.account.clone()).chain(accesses.iter().map(|one| one.account.clone()));
    let people = proposals::people(web, wanted.collect::<BTreeSet<_>>()).await?;
    let role = web.post().map(|post| post.role.clone()).unwrap_or_default();
    let may = may_add(web, &readable).filter(|_| may_change(web, &readable, record));
    let ended = !record.valid_on(web.today());
    let button =
        |page: &str, key: &str| Button { href: row_href(page, record.shard, name, &record.key), label: look.t(key) };
    let context = CardContext {
        page: web.page_titled(shown::title(&look, &readable, web, record)),
        back_href: format!("/registers/{name}"),
        back_label: look.text(&readable.register.title),
        key: record.key.clone(),
        span: shown::span(&look, record),
        place: record.place.map(|place| look.place_path(place)).unwrap_or_default(),
        ended,
        facts: facts(&look, (&readable, web), record, (&role, &opened)),
        versions: if public { Vec::new() } else { timeline(&look, (&versions, record), &people) },
        proposals: proposed.iter().map(|one| proposals::view(web, &look, one, (&versions, &people))).collect(),
        referers: if public { Vec::new() } else { referers(web, &look, &row).await? },
        looked: accesses
            .iter()
            .map(|one| Looked {
                at: look.when(one.at),
                who: people.get(&one.account).map(|name| mask::name(name)).unwrap_or_default(),
                post: look.post(&one.post),
            })
            .collect(),
        documents: super::documents::of_row(web, &look, &readable, &versions)?,
        map: map(web, &readable, record),
        opens: if public { Vec::new() } else { opening::links(web, &look, &readable, record) },
        edit: may.map(|alone| button("edit", if alone { "row-edit" } else { "row-propose" })),
        retire: may
            .filter(|_| !ended)
            .map(|alone| button("retire", if alone { "row-retire" } else { "row-propose-retire" })),
        reveal_href: (!in_clear
            && !public
            && web.post().is_ok_and(|post| !revealable(&readable, (record, &versions), post).is_empty()))
        .then(|| row_href("reveal", record.shard, name, &record.key)),
    };
    web.render_status(StatusCode::OK, "pages/register_row.html", context)
}

/// Who put a version and who approved it.
pub fn marks(record: &Record) -> Vec<&Mark> {
    record.authority.iter().flat_map(|one| std::iter::once(&one.by).chain(&one.approved)).collect()
}

fn may_change(web: &Web, readable: &Readable<'_>, record: &Record) -> bool {
    use ganglion_kernel::decide::row_who::{may_edit_row, may_propose_row};
    let (actor, post) = (web.actor(), web.post().ok());
    let place = readable.register.judged_at(record.place, &record.fields);
    may_edit_row(readable.register, &actor, post, place) || may_propose_row(readable.register, &actor, post, place)
}

/// Personal values of a row, opened with its key.
async fn opened(web: &Web, record: &Record) -> Result<Opened, Error> {
    let sealed = |value: &Value| value.as_str().is_some_and(seal::is_sealed);
    if !record.fields.values().any(sealed) {
        return Ok(Opened::default());
    }
    let wrapped = web.app.store.key(record.shard, record.id()).await?;
    let erased = wrapped.is_none();
    let Some(key) = wrapped.and_then(|wrapped| web.app.ring.unwrap(&wrapped)) else {
        return Ok(Opened { erased, ..Opened::default() });
    };
    let clear = |(name, value): (&String, &Value)| Some((name.clone(), seal::open(&key, value.as_str()?)?));
    Ok(Opened { values: record.fields.iter().filter_map(clear).collect(), ..Opened::default() })
}

/// Whether what is personal in a row is a post's business: whose it is now lies in the place of the post.
pub fn is_theirs(register: &Register, versions: &[Record], post: &Post) -> bool {
    let owner = versions.last().and_then(|newest| register.judged_at(newest.place, &newest.fields));
    owner.is_none_or(|owner| post.place.holds(owner))
}

/// Personal fields that a post may see in clear. Rows of the deployment are read everywhere; what is personal in them is shown
/// only where whose they are is the post's business.
fn revealable<'r>(readable: &Readable<'r>, (record, versions): (&Record, &[Record]), post: &Post) -> Vec<&'r Field> {
    let is_theirs = is_theirs(readable.register, versions, post);
    let may = |field: &Field| is_theirs && field.personal && may_see(field, &post.role);
    let shown = |field: &&Field| may(field) && record.fields.contains_key(&field.name);
    readable.register.fields.iter().filter(shown).collect()
}

fn facts(
    look: &Look<'_>,
    (readable, web): (&Readable<'_>, &Web),
    record: &Record,
    (role, opened): (&str, &Opened),
) -> Vec<Fact> {
    let open = readable.fields(web);
    let fields = readable.register.fields.iter();
    let seen = fields.filter(|field| {
        (field.personal && readable.reach != RowReach::Public) || open.iter().any(|one| one.name == field.name)
    });
    seen.filter_map(|field| {
        let value = record.fields.get(&field.name)?;
        let label = look.text(&field.title);
        if field.personal {
            let clear = opened.values.get(&field.name);
            let value = match clear {
                Some(clear) if opened.in_clear && may_see(field, role) => clear.clone(),
                Some(clear) => mask::mask(&field.kind, clear),
                None if opened.erased => look.t("erased-value"),
                None => mask::hidden().to_owned(),
            };
            return Some(Fact { label, value, ..Fact::default() });
        }
        let href = look.row_href(field, value);
        Some(Fact { label, value: look.value(field, value)?, href, ..Fact::default() })
    })
    .collect()
}

/// A person and the post they acted in.
pub fn who(look: &Look<'_>, mark: &Mark, people: &People) -> String {
    let name = mark.account.as_ref().and_then(|account| people.get(account)).cloned().unwrap_or_default();
    let post = mark.post.as_ref().map(|post| look.post(post)).unwrap_or_default();
    [name, post].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn timeline(look: &Look<'_>, (versions, current): (&[Record], &Record), people: &People) -> Vec<Version> {
    let one = |record: &Record| {
        let authority = record.authority.as_ref();
        let approved = authority.and_then(|one| one.approved.as_ref());
        let day = record.valid_from.map(|day| format!("?on={day}")).unwrap_or_default();
        Version {
            span: shown::span(look, record),
            current: record.valid_from == current.valid_from,
            href: format!("{}{day}", row_href("rows", record.shard, &record.register, &record.key)),
            changed: if record.version == 0 { String::new() } else { look.when(record.updated_at) },
            by: authority
                .map(|one| who(look, &one.by, people))
                .filter(|by| !by.is_empty())
                .unwrap_or_else(|| look.t("row-by-system")),
            approved: approved
                .map(|mark| look.say("row-approved-by", &[("who", who(look, mark, people).into())]))
                .unwrap_or_default(),
            why: authority.map(|one| one.why.clone()).unwrap_or_default(),
        }
    };
    versions.iter().rev().map(one).collect()
}

/// Rows that refer to this one and that the reader may open.
async fn referers(web: &Web, look: &Look<'_>, row: &ganglion_model::RowKey) -> Result<Vec<Link>, Error> {
    let mut links = Vec::new();
    for one in web.app.store.referers(row, web.today(), REFERERS_SHOWN_MAX).await? {
        let Ok(readable) = readable(web, &one.register) else { continue };
        if readable.row(web, one.shard.0, &one.key).await.is_ok() {
            links.push(Link {
                register: look.text(&readable.register.title),
                href: row_href("rows", one.shard, &one.register, &one.key),
                text: one.key,
            });
        }
    }
    Ok(links)
}

fn map(web: &Web, readable: &Readable<'_>, record: &Record) -> Value {
    let field = readable.register.location.as_deref();
    let seen = field.filter(|name| readable.fields(web).iter().any(|field| field.name == **name));
    let Some(point) = seen.and_then(|name| super::map::stands_at(record.fields.get(name))) else { return Value::Null };
    let place = record.place.unwrap_or(web.world.places.root);
    let around = place.at(Level::Township).or_else(|| place.at(Level::County)).unwrap_or(place);
    let drawn =
        field.and_then(|name| readable.register.field(name)).zip(field.and_then(|name| record.fields.get(name)));
    let geometry = drawn.and_then(|(field, value)| super::map::geometry(field, value));
    json!({ "point": point, "geometry": geometry, "outlines_href": format!("/map/outlines?parent={around}") })
}

/// `POST /registers/{name}/reveal/{shard}/{key}`: the card with the personal values in clear that this role may see. Nothing
/// is shown before the line in the access log is kept.
pub async fn reveal(
    web: Web,
    Path((name, shard, key)): Path<(String, u32, String)>,
    _typed: Typed,
) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    let versions = readable.row(&web, shard, &key).await?;
    let record = version_on(&web, &versions).ok_or(Error::NotFound)?;
    let (session, post) = (web.signed_in()?, web.post()?);
    let fields: Vec<String> =
        revealable(&readable, (record, &versions), post).into_iter().map(|field| field.name.clone()).collect();
    if readable.reach == RowReach::Public || fields.is_empty() {
        return Err(Error::NotAllowed);
    }
    let access = Access {
        at: web.now,
        shard: record.shard,
        case: record.id(),
        post: post.id.clone(),
        account: session.account.clone(),
        fields,
        purpose: String::new(),
    };
    web.app.store.access_add(&access).await?;
    render(&web, (&name, shard, &key), true).await
}
