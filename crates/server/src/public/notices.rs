//! Public notices: the board of a place, one notice, and objecting to it. Only notices that stand at this moment are read, and
//! of their cases only the fields the pack allows, personal ones as their mask.

use crate::error::{Error, refusal_status};
use crate::looked;
use crate::page::encode;
use crate::staff::{names, personal};
use crate::typed::{Asking, Step};
use crate::view::facts::Fact;
use crate::view::form::{Asked, FormView, Hidden, Typed as Filled};
use crate::view::{Look, mask};
use crate::web::Web;
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::who;
use ganglion_kernel::notice::Standing;
use ganglion_kernel::route::shard_for;
use ganglion_model::change::{Body, Command, FieldFinding};
use ganglion_model::pack::{FieldKind, NoticeDef, Process};
use ganglion_model::{Actor, Case, CaseId, CommandId, Fields, Link, PlaceCode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// Notices of one page.
const PAGE: u32 = 20;
/// Kind of the tie of an objection to the case it is about.
const OBJECTS_TO: &str = "objects_to";

/// A notice as everybody sees it.
#[derive(Serialize)]
pub(crate) struct NoticeView {
    title: String,
    text: String,
    place: String,
    from: String,
    until: String,
    basis: String,
    facts: Vec<Fact>,
    href: String,
    #[serde(skip)]
    standing: Standing,
    #[serde(skip)]
    process: String,
    /// Facts without a personal value: a mask is for readers of the page.
    #[serde(skip)]
    told: Vec<serde_json::Value>,
}

impl NoticeView {
    /// The notice for other software.
    pub(crate) fn told(&self) -> serde_json::Value {
        json!({
            "notice": self.standing.name,
            "process": self.process,
            "title": self.title,
            "text": self.text,
            "place": self.standing.place,
            "from": self.standing.from,
            "until": self.standing.until,
            "basis": self.basis,
            "facts": self.told,
            "page": self.href,
        })
    }
}

/// Where a page of notices begins: behind that of this moment and case.
pub(crate) fn after_of(text: &str) -> Option<(Timestamp, CaseId)> {
    let (at, case) = text.split_once('_')?;
    Some((Timestamp::from_microsecond(at.parse().ok()?).ok()?, CaseId(case.parse().ok()?)))
}

/// The notices that stand in a place, those that began last first, and where the next page begins.
///
/// # Errors
/// Storage.
pub(crate) async fn standing(
    web: &Web,
    place: PlaceCode,
    after: Option<(Timestamp, CaseId)>,
    limit: u32,
) -> Result<(Vec<NoticeView>, Option<String>), Error> {
    let words = web.words();
    let look = web.look(&words);
    let mut page = web.app.store.notices((place, web.now), after, limit + 1).await?;
    let is_more = page.len() > limit as usize;
    page.truncate(limit as usize);
    let last = page.last().filter(|_| is_more);
    let next = last.map(|last| format!("{}_{}", last.from.as_microsecond(), last.case));
    let mut found = Vec::new();
    for standing in &page {
        if let Some((case, process, def)) = read(web, standing).await? {
            found.push(view(web, &look, standing, (&case, process, def)).await?);
        }
    }
    Ok((found, next))
}

fn place_of(web: &Web) -> Result<PlaceCode, Error> {
    let root = web.world.places.root;
    match web.arg("place") {
        Some(code) => code.parse().ok().filter(|code| root.holds(*code)).ok_or(Error::NotFound),
        None => Ok(root),
    }
}

/// `GET /notices?place=CODE&after=…`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let place = place_of(&web)?;
    let (rows, next) = standing(&web, place, web.arg("after").and_then(after_of), PAGE).await?;
    let next = next.map(|after| format!("/notices?place={place}&after={after}"));
    let words = web.words();
    let look = web.look(&words);
    let below: Vec<_> = web
        .world
        .places
        .tree
        .children(place, web.today())
        .map(|place| json!({ "label": place.name, "href": format!("/notices?place={}", place.code) }))
        .collect();
    let context = json!({
        "page": web.page("title-notices"),
        "place": look.place_path(place),
        "notices": rows,
        "next_href": next,
        "below": below,
    });
    web.render("pages/notices.html", context)
}

/// The case a standing notice is about, with what the pack declares.
async fn read<'w>(web: &'w Web, standing: &Standing) -> Result<Option<(Case, &'w Process, &'w NoticeDef)>, Error> {
    let Some(case) = web.app.store.case(standing.shard, standing.case).await? else { return Ok(None) };
    let process = web.world.model.processes.get(&case.process);
    let def = process.and_then(|process| Some((process, process.notices.get(&standing.name)?)));
    Ok(def.map(|(process, def)| (case, process, def)))
}

async fn view(
    web: &Web,
    look: &Look<'_>,
    standing: &Standing,
    (case, process, def): (&Case, &Process, &NoticeDef),
) -> Result<NoticeView, Error> {
    let opened = personal::opened(web, case).await?;
    names::of_cases(web, std::slice::from_ref(case)).await?;
    let fact = |shown: &ganglion_model::pack::NoticeField| {
        let field = process.field(&shown.name)?;
        let value = if shown.masked {
            mask::mask(&field.kind, opened.values.get(&shown.name)?)
        } else {
            look.value(field, case.fields.get(&shown.name).filter(|_| !field.personal)?)?
        };
        Some((shown.masked, Fact { label: look.text(&field.title), value, ..Fact::default() }))
    };
    let kept = case.notices.get(&standing.name);
    let figures = def.figures.iter().filter_map(|shown| Some(look.published_fact(kept?.figures.get(&shown.name)?)));
    let facts = def.fields.iter().filter_map(fact).chain(figures.map(|figure| (false, figure)));
    let facts: Vec<(bool, Fact)> = facts.collect();
    let told = facts.iter().filter(|(is_masked, _)| !is_masked);
    Ok(NoticeView {
        told: told.map(|(_, fact)| json!({ "label": fact.label, "value": fact.value })).collect(),
        title: look.text(&def.title),
        text: look.text(&def.text),
        place: look.place_path(standing.place),
        from: look.when(standing.from),
        until: look.when(standing.until),
        basis: look.text(&def.basis),
        facts: facts.into_iter().map(|(_, fact)| fact).collect(),
        href: format!("/notices/{}/{}", standing.case, encode(&standing.name)),
        standing: standing.clone(),
        process: process.name.clone(),
    })
}

/// The notice of an address, if it stands now: afterwards it is not found.
async fn found(web: &Web, id: &str, name: &str) -> Result<Standing, Error> {
    let case = CaseId(id.parse().map_err(|_| Error::NotFound)?);
    web.app.store.notice(case, name, web.now).await?.ok_or(Error::NotFound)
}

/// `GET /notices/{id}/{name}`.
pub async fn one(web: Web, Path((id, name)): Path<(String, String)>) -> Result<Response, Error> {
    render(&web, (&id, &name), (Filled::default(), None), StatusCode::OK).await
}

async fn render(
    web: &Web,
    (id, name): (&str, &str),
    (filled, said): (Filled<'_>, Option<String>),
    status: StatusCode,
) -> Result<Response, Error> {
    let standing = found(web, id, name).await?;
    let (case, process, def) = read(web, &standing).await?.ok_or(Error::NotFound)?;
    let words = web.words();
    let look = web.look(&words);
    let shown = view(web, &look, &standing, (&case, process, def)).await?;
    let objection = def.objection.as_ref().and_then(|name| web.world.model.processes.get(name));
    let actor = who::view(&web.world, &Actor::Public, web.now);
    let place = objection.map(|process| where_it_stands(process, standing.place)).unwrap_or_default();
    let is_new = filled.values.is_none() && filled.findings.is_empty();
    let filled = if is_new { Filled { values: Some(&place), ..filled } } else { filled };
    let form = objection.filter(|process| may(process)).map(|process| {
        let asked = Asked { process, case: None, actor: &actor, place: standing.place, suggested: &[], prefix: "" };
        FormView {
            action_href: format!("{}/object", shown.href),
            title: Some(look.t("notice-object")),
            help: Some(look.text(&process.purpose)).filter(|help| !help.is_empty()),
            hidden: vec![Hidden::new("command_id", web.app.clock.id().to_string())],
            errors: look.problems(&process.form, filled.findings, &|name: &str| format!("f-{name}")),
            fields: look.fields(&asked, &process.form, filled),
            submit: look.t("submit"),
            cancel_href: None,
            later: false,
        }
    });
    let mut page = web.page_titled(shown.title.clone());
    // What an objection that came in is answered with is there already: only a refusal takes its place.
    if let Some(text) = said {
        page.flash = Some(crate::page::Flash { tone: "bad".to_owned(), text });
    }
    web.render_status(status, "pages/notice.html", json!({ "page": page, "posted": shown, "form": form }))
}

/// Where an objection belongs unless somebody says otherwise: where the notice stands.
fn where_it_stands(process: &Process, standing: PlaceCode) -> Fields {
    let field = process.route.place.as_ref().and_then(|name| process.form.iter().find(|field| field.name == *name));
    let place = field.and_then(|field| match &field.kind {
        FieldKind::Place { levels } if levels.contains(&standing.level()) => Some((field.name.clone(), standing)),
        _ => None,
    });
    place.map(|(name, code)| (name, Value::from(code.to_string()))).into_iter().collect()
}

/// An objection is for everybody.
fn may(process: &Process) -> bool {
    process.open_by.contains(&ganglion_model::pack::Who::Public)
}

/// `POST /notices/{id}/{name}/object`: opens a case of the process the notice names, tied to the case it is about.
pub async fn object(web: Web, Path((id, name)): Path<(String, String)>, asking: Asking) -> Result<Response, Error> {
    let typed = &asking.0;
    let standing = found(&web, &id, &name).await?;
    let (case, _, def) = read(&web, &standing).await?.ok_or(Error::NotFound)?;
    let process = def.objection.as_ref().and_then(|name| web.world.model.processes.get(name));
    let process = process.filter(|process| may(process)).ok_or(Error::NotFound)?;
    let form = typed.fields(&process.form);
    let words = web.words();
    let look = web.look(&words);
    let again = async |findings: &[FieldFinding], said: String, status| {
        let filled = Filled { values: Some(&form), findings, more: None };
        render(&web, (&id, &name), (filled, Some(said)), status).await
    };
    match asking.step() {
        Step::Send => {}
        Step::Ask => {
            let actor = who::view(&web.world, &Actor::Public, web.now);
            let place = standing.place;
            let asked = Asked { process, case: None, actor: &actor, place, suggested: &[], prefix: "" };
            let live = looked::live(&web, (&look, &asked), (&process.form, &form), (place.shard(), None)).await?;
            return Ok(Json(live).into_response());
        }
        Step::More(more) => {
            let filled = Filled { values: Some(&form), more: Some(more), ..Filled::default() };
            return render(&web, (&id, &name), (filled, None), StatusCode::OK).await;
        }
    }
    let shard = match shard_for(&web.world, process, &form, web.today()) {
        Ok(shard) => shard,
        Err(finding) => return again(&[finding], look.t("refusal-form"), StatusCode::UNPROCESSABLE_ENTITY).await,
    };
    let link = Link { process: None, ..Link::to(&case, OBJECTS_TO) };
    let body = Body::Open {
        process: process.name.clone(),
        form: form.clone(),
        channel: "online".to_owned(),
        observed_at: None,
        from: Some(link),
    };
    let sent = typed.one("command_id").and_then(|id| id.parse().ok());
    let command_id = CommandId(sent.unwrap_or_else(|| web.app.clock.id()));
    match web.app.committer.send(Command { id: command_id, shard, actor: Actor::Public, body }).await {
        Ok(outcome) => {
            let number = outcome.number.unwrap_or_default();
            let said = look.say("notice-objected", &[("number", number.as_str().into())]);
            Ok(web.redirect_with(&format!("/notices/{id}/{}", encode(&name)), "ok", &said))
        }
        Err(CommitError::Refused(refusal)) => {
            let said = look.refusal(Some(process), &refusal);
            again(&refusal.fields, said, refusal_status(refusal.code)).await
        }
        Err(error) => {
            let error = Error::from(error);
            error.log();
            again(&[], look.t("refusal-busy"), error.status()).await
        }
    }
}
