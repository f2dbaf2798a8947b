//! The report form as a page, empty or with everything that was typed and what is wrong with it.

use super::nearby;
use super::place::{self, Recognised};
use super::slots::{ADDRESS, Slots};
use crate::error::Error;
use crate::files::problem_text;
use crate::limits::PICTURE_MEGABYTES_MAX;
use crate::typed::Typed;
use crate::view::Look;
use crate::view::form::{Asked, Hidden, KeptFile, Typed as Filled};
use crate::view::options::Choice;
use crate::view::problems::FormError;
use crate::web::Web;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_geo::Datum;
use ganglion_kernel::decide::row_who::row_reach;
use ganglion_kernel::decide::who;
use ganglion_kernel::route::point_of;
use ganglion_kernel::world::Places;
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::scope::Names;
use ganglion_model::{FieldFinding, Fields, Level};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What came of sending.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What is wrong with which field.
    pub findings: Vec<FieldFinding>,
    /// What is wrong with the whole.
    pub message: Option<String>,
}

const DESCRIPTION_MAX: u32 = 4_000;
const PHOTOS_MAX: u32 = 9;

/// Renders the form.
///
/// # Errors
/// When the store or the template fails.
pub async fn render(
    web: &Web,
    slots: &Slots<'_>,
    typed: &Typed,
    outcome: &Outcome,
    status: StatusCode,
) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let point = place::typed_point(typed).and_then(|value| point_of(Some(&value)));
    let kind = typed.one("category");
    let nearby = match (point, kind) {
        (Some(point), Some(kind)) => nearby::shown(web, slots, point, kind).await?,
        _ => Vec::new(),
    };
    let errors = errors(&look, slots, typed, outcome);
    let error_in = |ids: &[&str]| errors.iter().find(|error| ids.contains(&error.id.as_str()));
    let error_at = |id: &str| error_in(&[id]).map(|error| error.message.clone());
    let needed = needed(web, &look, slots, typed);
    // The page's own words fit the process that is asked for first; any other says what its pack calls things.
    let own = Slots::find(&web.world.model, None).is_some_and(|first| first.process.name == slots.process.name);
    let label = |field: Option<&Field>| field.filter(|_| !own).map(|field| look.text(&field.title));
    let context = json!({
        "page": if own { web.page("title-report") } else { web.page_titled(look.text(&slots.process.title)) },
        "at": typed.one("choose").map(|_| "where"),
        "needed": needed,
        "action_href": "/report",
        "heading": (!own).then(|| look.text(&slots.process.title)),
        "hidden": hidden(web, slots, typed),
        "errors": errors,
        "category": slots.kind.map(|_| json!({
            "label": label(slots.kind),
            "error": error_at("f-category"),
            "groups": categories(web, &look, slots, kind),
        })),
        "description": slots.description.map(|field| json!({
            "label": label(slots.description),
            "help": (!own).then(|| look.text(&field.help)),
            "value": typed.one("description"),
            "error": error_at("f-description"),
            "max": longest(field),
        })),
        "place": place_part(&look, (slots, typed), point, error_in(&["f-place", "f-lon", "f-lat"])),
        "nearby": nearby,
        "photos": slots.photos.map(|_| photos(&look, slots, typed, error_at("f-photos"))),
        "others": if own { others(web, &look) } else { Vec::new() },
        "contact": contact(web, &look, slots, typed, &outcome.findings),
    });
    web.render_status(status, "pages/report.html", context)
}

/// What the parts of the form that have a place of their own say of whether they must be filled in, and what is said where one was
/// not: the browser asks before it goes on to the next part.
fn needed(web: &Web, look: &Look<'_>, slots: &Slots<'_>, typed: &Typed) -> Value {
    let actor = who::view(&web.world, &web.actor(), web.now);
    let (values, declared) = (super::send::form(web, slots, typed), slots.process.form.as_slice());
    let form = Some((&values, declared));
    let (rows, process, actor, now) = (&*web.world, slots.process, Some(&actor), web.now);
    let names = Names { rows, process, case: None, form, actor, now };
    let part = |field: Option<&Field>| {
        let field = field?;
        let (required, needs) = look.need(declared, &names, field);
        let (name, problem) = (field.name.clone(), "required".to_owned());
        let empty = FieldFinding { field: name.clone(), problem, message: None, args: BTreeMap::new() };
        let text = look.problem(Some(field), &empty, &look.text(&field.title));
        Some(json!({ "name": name, "required": required, "needs": needs, "text": text }))
    };
    json!({ "category": part(slots.kind), "description": part(slots.description), "photos": part(slots.photos) })
}

/// Other matters that everybody may report, for whoever came to the first one by the main menu.
fn others(web: &Web, look: &Look<'_>) -> Vec<Value> {
    let open = super::slots::open_to_all(&web.world.model).into_iter().skip(1);
    open.map(|process| {
        let href = format!("/report?process={}", crate::page::encode(&process.name));
        json!({ "title": look.text(&process.title), "href": href })
    })
    .collect()
}

fn longest(field: &Field) -> u32 {
    match field.kind {
        FieldKind::LongText { max } | FieldKind::Text { max, .. } => max,
        _ => DESCRIPTION_MAX,
    }
}

/// The id of the command is made with the form, so that sending it twice opens one case.
fn hidden(web: &Web, slots: &Slots<'_>, typed: &Typed) -> Vec<Hidden> {
    let id = typed.one("command_id").map_or_else(|| web.app.clock.id().to_string(), str::to_owned);
    vec![Hidden::new("command_id", id), Hidden::new("process", slots.process.name.as_str())]
}

/// Kinds in their groups; those a check of the pack forbids this reporter are left out.
fn categories(web: &Web, look: &Look<'_>, slots: &Slots<'_>, chosen: Option<&str>) -> Vec<Value> {
    let Some(field) = slots.kind else { return Vec::new() };
    let actor = who::view(&web.world, &web.actor(), web.now);
    let allowed = |choice: &Choice| {
        let form = Fields::from([(field.name.clone(), Value::String(choice.value.clone()))]);
        let names = Names {
            rows: &*web.world,
            process: slots.process,
            case: None,
            form: Some((&form, &slots.process.form)),
            actor: Some(&actor),
            now: web.now,
        };
        field.checks.iter().all(|check| check.holds.holds(&names))
    };
    let mut groups: Vec<(Option<String>, Vec<Value>)> = Vec::new();
    for choice in look.choices_offered(field).into_iter().filter(allowed) {
        let option = json!({
            "value": choice.value,
            "label": choice.label,
            "hint": choice.hint,
            "selected": chosen == Some(choice.value.as_str()),
        });
        match groups.iter_mut().find(|(group, _)| *group == choice.group) {
            Some((_, options)) => options.push(option),
            None => groups.push((choice.group, vec![option])),
        }
    }
    let label = |group: Option<String>| group.unwrap_or_else(|| look.text(&field.title));
    groups.into_iter().map(|(group, options)| json!({ "label": label(group), "options": options })).collect()
}

fn place_part(
    look: &Look<'_>,
    (slots, typed): (&Slots<'_>, &Typed),
    point: Option<[f64; 2]>,
    error: Option<&FormError>,
) -> Value {
    let declared = typed.one("datum").and_then(Datum::parse).unwrap_or(Datum::Wgs84);
    let raw = place::raw_point(typed.one("lon"), typed.one("lat"));
    let chosen = typed.one("place").and_then(|code| code.parse().ok());
    let recognised: Option<Recognised> = match point {
        Some(point) => Some(place::recognise(look, point, (raw, declared), chosen)),
        None => {
            place::named(typed).map(|code| Recognised { path: Some(look.place_path(code)), ..Recognised::default() })
        }
    };
    let outside = recognised.as_ref().is_some_and(|recognised| recognised.outside);
    let in_boxes = error.filter(|error| error.id != "f-place");
    let root = look.world.places.root;
    let bounds = look.world.places.index.bounds(Places::layer(Level::County));
    json!({
        "by_point": slots.point.is_some(),
        // A name has nowhere to go where the process asks for a point alone.
        "by_name": slots.place.is_some(),
        "needed": look.t(slots.place_needed()),
        "by_address": slots.address.is_some(),
        "lon": typed.one("lon"),
        "lat": typed.one("lat"),
        "datum": declared.as_str(),
        "address": typed.one(ADDRESS),
        "error": error.map(|error| &error.message),
        "faulty": in_boxes.map(|error| &error.id),
        "recognised": recognised,
        "open_coordinates": outside || in_boxes.is_some() || typed.one("choose") == Some("point"),
        "picker": place::picker(look, typed),
        "map": {
            "outlines_href": format!("/map/outlines?parent={root}"),
            "bounds": bounds.map(|b| [b.min().x, b.min().y, b.max().x, b.max().y]),
            "point": point,
            "synthetic": look.world.places.tree.children(root, look.today()).any(|place| place.synthetic),
        },
    })
}

fn photos(look: &Look<'_>, slots: &Slots<'_>, typed: &Typed, error: Option<String>) -> Value {
    let max = match slots.photos.map(|field| &field.kind) {
        Some(FieldKind::Files { max, .. }) => *max,
        _ => PHOTOS_MAX,
    };
    let name = |id: &str| {
        let taken = typed.taken.iter().find(|taken| taken.id == id);
        taken.map_or_else(|| id.chars().take(8).collect(), |taken| crate::files::shown_name(&taken.name))
    };
    let files: Vec<KeptFile> = typed
        .files("photos", "photo_ids")
        .into_iter()
        .map(|id| KeptFile { name: name(&id), thumb_href: format!("/files/{id}/thumb"), id })
        .collect();
    let refused: Vec<Value> = typed
        .problems
        .iter()
        .map(|p| json!({ "name": crate::files::shown_name(&p.name), "message": problem_text(look, p) }))
        .collect();
    json!({
        "max": max,
        "max_mb": PICTURE_MEGABYTES_MAX,
        "files": files,
        "file_errors": refused,
        "error": error,
    })
}

fn contact(
    web: &Web,
    look: &Look<'_>,
    slots: &Slots<'_>,
    typed: &Typed,
    findings: &[FieldFinding],
) -> Vec<crate::view::form::FieldView> {
    let actor = who::view(&web.world, &web.actor(), web.now);
    let asked = Asked {
        process: slots.process,
        case: None,
        actor: &actor,
        place: web.world.places.root,
        suggested: &[],
        prefix: "",
    };
    // Only what was typed counts: an empty form shows the pack's own values instead.
    let sent = typed.pairs().next().is_some();
    let values = if sent { typed.fields(&slots.rest) } else { Fields::new() };
    let filled = Filled { values: Some(&values), findings, more: typed.one("_more") };
    let mut fields = look.fields(&asked, &slots.rest, filled);
    for view in fields.iter_mut().filter(|view| view.options.is_empty() && view.help.is_none()) {
        let declared = slots.rest.iter().find(|field| field.name == view.name);
        if let Some(FieldKind::Ref { register }) = declared.map(|field| &field.kind) {
            view.help = Some(by_key(look, register));
        }
    }
    fields
}

/// Rows kept by place are not offered to the public: one is named by its key, which stands in the public register if there is one.
fn by_key(look: &Look<'_>, register: &str) -> String {
    let known = look.world.model.registers.get(register).filter(|one| row_reach(one, None).is_some());
    match known {
        Some(one) => look.say("report-key-public", &[("register", look.text(&one.title).into())]),
        None => look.t("report-key"),
    }
}

fn errors(look: &Look<'_>, slots: &Slots<'_>, typed: &Typed, outcome: &Outcome) -> Vec<FormError> {
    let mut errors: Vec<FormError> = Vec::new();
    if let Some(message) = &outcome.message {
        errors.push(FormError {
            field: String::new(),
            id: "report".to_owned(),
            label: String::new(),
            message: message.clone(),
        });
    }
    let control = |field: &str| slots.control(field);
    for mut error in look.problems(&slots.process.form, &outcome.findings, &control) {
        let finding = outcome.findings.iter().find(|finding| finding.field == error.field);
        if error.id == "f-place" && finding.is_some_and(|finding| finding.problem == "required") {
            error.message = look.t(slots.place_needed());
        }
        if error.id == "f-place"
            && let Some(id) = place::box_of(typed)
        {
            error.id = id.to_owned();
        }
        errors.push(error);
    }
    if !typed.problems.is_empty() {
        errors.push(FormError {
            field: "photos".to_owned(),
            id: "f-photos".to_owned(),
            label: look.t("label-photos"),
            message: look.say("err-files-not-taken", &[("count", typed.problems.len().into())]),
        });
    }
    errors
}
