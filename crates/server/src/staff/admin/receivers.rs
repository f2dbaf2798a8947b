//! Receivers of events: where they are sent, what waits, what was given up; sending again, from a day on, switching off.
//! For those who administer the whole installation: what leaves it leaves it as a whole.

use super::{owner, tabs};
use crate::error::Error;
use crate::events::receiver::{self, DEAD, DELIVERY, RECEIVERS_MAX};
use crate::events::{Delivery, Position, Receiver, TYPES, pending, put, secret, target};
use crate::sign;
use crate::typed::Typed;
use crate::view::case::StateTag;
use crate::view::form::{FieldView, FormView, asked};
use crate::view::options::Choice;
use crate::view::problems::FormError;
use crate::view::{LinkView, Look};
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::seal;
use ganglion_model::clocks::midnight;
use jiff::civil::Date;
use serde::Serialize;

/// Longest words of what a receiver is for.
const TITLE_CHARS_MAX: usize = 80;
/// Events that wait or were given up, shown of each.
const SHOWN_MAX: u32 = 20;

#[derive(Serialize)]
struct Letter {
    event: String,
    attempts: u32,
    last: String,
}

#[derive(Serialize)]
struct Row {
    title: String,
    url: String,
    view: String,
    types: Vec<String>,
    state: StateTag,
    delivered: u64,
    last: String,
    waiting: Vec<Letter>,
    dead: Vec<Letter>,
    href: String,
    switch_label: String,
}

#[derive(Serialize)]
struct ReceiversContext {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    rows: Vec<Row>,
    form: FormView,
    secret: Option<String>,
}

/// What was typed for a new receiver.
#[derive(Clone, Debug, Default)]
struct Entry {
    title: String,
    url: String,
    key: String,
    types: Vec<String>,
}

/// `GET /admin/receivers`.
pub async fn show(web: Web) -> Result<Response, Error> {
    owner(&web)?;
    let form = new_form(&web, &Entry::default(), Vec::new()).await?;
    page(&web, form, None, StatusCode::OK).await
}

async fn page(web: &Web, form: FormView, secret: Option<String>, status: StatusCode) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let mut rows = Vec::new();
    for one in receiver::all(&web.app).await? {
        rows.push(row(web, &look, &one).await?);
    }
    let context = ReceiversContext { page: web.page("title-admin-receivers"), tabs: tabs(web), rows, form, secret };
    web.render_status(status, "pages/admin_receivers.html", context)
}

/// What became of a try, in words; what the network says is told as it is.
fn told(look: &Look<'_>, last: &str) -> String {
    let known = [
        ("the name cannot be resolved", "receiver-said-name"),
        ("the name has no address", "receiver-said-name"),
        ("the name leads to an address inside", "receiver-said-inside"),
        ("no certificates are trusted", "receiver-said-trust"),
    ];
    let key = known.iter().find(|(said, _)| last.starts_with(said)).map(|(_, key)| look.t(key));
    key.unwrap_or_else(|| last.to_owned())
}

async fn letters(web: &Web, look: &Look<'_>, kind: &str, id: &str) -> Result<Vec<Letter>, Error> {
    let letter = |delivery: Delivery| Letter {
        event: delivery.event["id"].as_str().unwrap_or_default().to_owned(),
        attempts: delivery.attempts,
        last: told(look, &delivery.last),
    };
    Ok(pending(&web.app, kind, id, SHOWN_MAX).await?.into_iter().map(letter).collect())
}

async fn row(web: &Web, look: &Look<'_>, one: &Receiver) -> Result<Row, Error> {
    let (waiting, dead) = (letters(web, look, DELIVERY, &one.id).await?, letters(web, look, DEAD, &one.id).await?);
    let state = |word: &str, tone| StateTag { name: word.to_owned(), label: look.t(word), tone };
    Ok(Row {
        title: one.title.clone(),
        url: one.url.clone(),
        view: one.key.clone().unwrap_or_else(|| look.t("receiver-public")),
        types: one.types.clone(),
        state: match (one.active, dead.is_empty()) {
            (false, _) => state("receiver-off", "neutral"),
            (true, true) => state("receiver-on", "done"),
            (true, false) => state("receiver-failing", "bad"),
        },
        delivered: one.delivered,
        last: one.last_at.map(|at| format!("{} · {}", look.date_time(at), told(look, &one.last))).unwrap_or_default(),
        waiting,
        dead,
        href: format!("/admin/receivers/{}", one.id),
        switch_label: look.t(if one.active { "receiver-switch-off" } else { "receiver-switch-on" }),
    })
}

async fn new_form(web: &Web, entry: &Entry, errors: Vec<FormError>) -> Result<FormView, Error> {
    let keys = web.app.service_keys().await?;
    let words = web.words();
    let look = web.look(&words);
    let live = keys.into_iter().filter(|key| key.is_live(web.now));
    let mut views = vec![Choice::new("-", look.t("receiver-public"))];
    views.extend(live.map(|key| Choice::new(&key.name, format!("{} · {}", key.name, key.title))));
    // Nothing but what anyone may know: there is nothing to choose.
    let is_only = views.len() == 1;
    views.iter_mut().for_each(|view| view.selected = is_only || view.value == entry.key);
    let types = TYPES.map(|kind| Choice::new(kind, look.t(&format!("event-{}", kind.replace('.', "-"))))).to_vec();
    let field = |name: &str, kind, label: &str, value: &str| asked((&look, &errors), (name, kind, label), value);
    Ok(FormView {
        action_href: "/admin/receivers".to_owned(),
        help: Some(look.t("receiver-form-help")),
        fields: vec![
            field("title", "text", "key-title", &entry.title),
            FieldView { help: Some(look.t("receiver-url-help")), ..field("url", "text", "receiver-url", &entry.url) },
            FieldView {
                help: Some(look.t("receiver-view-help")),
                options: views,
                ..field("key", "choice", "receiver-view", "")
            },
            FieldView {
                required: false,
                multiple: true,
                options: types,
                values: entry.types.clone(),
                help: Some(look.t("receiver-types-help")),
                ..field("types", "choices", "receiver-types", "")
            },
        ],
        errors,
        submit: look.t("submit-add"),
        ..FormView::default()
    })
}

/// What is wrong with an entry, by field and text.
async fn wrong(web: &Web, entry: &Entry) -> Result<Vec<(&'static str, &'static str)>, Error> {
    let mut wrong = Vec::new();
    if entry.title.is_empty() || entry.title.chars().count() > TITLE_CHARS_MAX {
        wrong.push(("title", "receiver-title-bad"));
    }
    if target(&entry.url, web.app.settings.receivers_inside).is_none() {
        wrong.push(("url", "receiver-url-bad"));
    }
    let keys = web.app.service_keys().await?;
    if entry.key != "-" && !keys.iter().any(|key| key.name == entry.key && key.is_live(web.now)) {
        wrong.push(("key", "receiver-view-bad"));
    }
    if entry.types.iter().any(|kind| !TYPES.contains(&kind.as_str())) {
        wrong.push(("types", "receiver-types-bad"));
    }
    if receiver::all(&web.app).await?.len() >= RECEIVERS_MAX as usize {
        wrong.push(("title", "receiver-too-many"));
    }
    Ok(wrong)
}

/// `POST /admin/receivers`: a receiver of what is written from now on; the answer shows its secret.
pub async fn create(web: Web, typed: Typed) -> Result<Response, Error> {
    owner(&web)?;
    let text = |name: &str| typed.one(name).unwrap_or_default().trim().to_owned();
    let entry = Entry {
        title: text("title"),
        url: text("url"),
        key: text("key"),
        types: typed.all("types").map(str::to_owned).collect(),
    };
    let wrong = wrong(&web, &entry).await?;
    if !wrong.is_empty() {
        let error = |(field, key): (&str, &str)| FormError {
            field: field.to_owned(),
            id: format!("f-{field}"),
            label: String::new(),
            message: web.t(key),
        };
        let form = new_form(&web, &entry, wrong.into_iter().map(error).collect()).await?;
        return page(&web, form, None, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let secret = secret(&web.app.clock.key());
    let id = sign::hex(&web.app.clock.key()[..8]);
    // One value under the master key and this name, ever.
    let sealed = seal::seal(&web.app.master, &format!("receiver/{id}/{}", web.now), &secret);
    let receiver = Receiver {
        secret: sealed.ok_or_else(|| Error::Internal("a secret could not be sealed".to_owned()))?,
        id,
        title: entry.title,
        url: entry.url,
        key: Some(entry.key).filter(|key| key != "-"),
        types: entry.types,
        position: Position::now(&web.app).await?,
        active: true,
        made_at: web.now,
        made_by: web.signed_in()?.account.clone(),
        delivered: 0,
        last_at: None,
        last: String::new(),
    };
    put(&web.app, &receiver).await?;
    let form = new_form(&web, &Entry::default(), Vec::new()).await?;
    page(&web, form, Some(secret), StatusCode::OK).await
}

async fn known(web: &Web, id: &str) -> Result<Receiver, Error> {
    owner(web)?;
    receiver::one(&web.app, id).await?.ok_or(Error::NotFound)
}

fn back(web: &Web, key: &str) -> Response {
    web.redirect_with("/admin/receivers", "ok", &web.t(key))
}

/// `POST /admin/receivers/{id}/active`: switches a receiver off, or on again where it stands.
pub async fn activate(web: Web, Path(id): Path<String>, _typed: Typed) -> Result<Response, Error> {
    let receiver = known(&web, &id).await?;
    let active = !receiver.active;
    put(&web.app, &Receiver { active, ..receiver }).await?;
    Ok(back(&web, if active { "receiver-on-done" } else { "receiver-off-done" }))
}

/// `POST /admin/receivers/{id}/remove`.
pub async fn remove(web: Web, Path(id): Path<String>, _typed: Typed) -> Result<Response, Error> {
    known(&web, &id).await?;
    receiver::remove(&web.app, &id).await?;
    Ok(back(&web, "receiver-removed"))
}

/// `POST /admin/receivers/{id}/again`: what was given up is sent again.
pub async fn again(web: Web, Path(id): Path<String>, _typed: Typed) -> Result<Response, Error> {
    known(&web, &id).await?;
    receiver::again(&web.app, &id).await?;
    Ok(back(&web, "receiver-again-done"))
}

/// `POST /admin/receivers/{id}/replay`: everything since the beginning of a day, or after a position of the journal (the id of an
/// event is one), is sent, also what was taken before; what waits is sent in that order.
pub async fn replay(web: Web, Path(id): Path<String>, typed: Typed) -> Result<Response, Error> {
    let receiver = known(&web, &id).await?;
    let after = typed.one("position").map(str::trim).filter(|text| !text.is_empty());
    let position = match after {
        Some(text) => Position::parse(text).ok_or(Error::Unreadable("position"))?.over(&receiver.position),
        None => {
            let day: Option<Date> = typed.one("from").and_then(|day| day.trim().parse().ok());
            before(&web, midnight(day.ok_or(Error::Unreadable("from"))?)).await?
        }
    };
    receiver::clear(&web.app, DELIVERY, &id).await?;
    put(&web.app, &Receiver { position, ..receiver }).await?;
    Ok(back(&web, "receiver-replay-done"))
}

/// Where the journal stood just before an instant, found by halving: lines of a shard come in the order of their time.
async fn before(web: &Web, at: jiff::Timestamp) -> Result<Position, Error> {
    let mut position = Position::beginning();
    for (shard, head) in web.app.store.positions().await? {
        // The last line before the instant lies in `low..=high`.
        let (mut low, mut high) = (0, head);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let line = web.app.store.entries_after(shard, middle - 1, 1).await?;
            if line.first().is_some_and(|line| line.at < at) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        position.seen(shard, low);
    }
    Ok(position)
}
