//! `GET /plans/{name}`: a plan computed for a place and a day. The page of an adoption that was refused is the same page.

use super::adopt::Waiting;
use super::asked::{Asked, RUN, asked};
use super::figures::{amount, percent, width};
use super::index::kind_key;
use super::map::{self, Kind};
use super::read::{Computed, compute};
use super::tables::{Section, Tables, title};
use crate::error::Error;
use crate::staff::query::Query;
use crate::staff::registers::readable;
use crate::view::Look;
use crate::view::field::FieldView;
use crate::view::form::Hidden;
use crate::view::options::Choice;
use crate::view::problems::{FormError, RefusalView};
use crate::view::words::{count, thousands};
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::plans::Right;
use ganglion_model::pack::{Plan, PlanKind};
use ganglion_planning::PlanError;
use ganglion_planning::declared::{Missing, Outcome, Subject};
use serde::Serialize;
use serde_json::{Value, json};

/// Rows named in a line about what is missing.
const NAMED_MAX: usize = 20;

/// What the page is about, whatever came of it.
#[derive(Serialize)]
struct Head {
    about: String,
    kind: String,
    /// Where the questions are sent.
    path: String,
    places: Vec<Choice>,
    date: String,
    fields: Vec<FieldView>,
    errors: Vec<FormError>,
    /// The questions must be answered first.
    waits: bool,
}

/// A computed plan.
#[derive(Serialize)]
struct ResultView {
    /// In one sentence.
    sentence: String,
    served: String,
    asked: String,
    unit: String,
    percent: Option<String>,
    width: f64,
    /// Nothing is lacking.
    full: bool,
    /// What it takes in all, in one sentence.
    cost: Option<String>,
    lacks: Section,
    result: Section,
    others: Vec<Section>,
    missing: Vec<String>,
    inputs: Vec<InputView>,
    map: Value,
    legend: Vec<LegendView>,
    xlsx_href: String,
    lacks_href: Option<String>,
    adopt: Option<AdoptView>,
}

/// A register the plan was computed from.
#[derive(Serialize)]
struct InputView {
    title: String,
    href: String,
    count: String,
}

/// A colour of the map in words.
#[derive(Serialize)]
struct LegendView {
    kind: &'static str,
    label: String,
    count: String,
}

/// What adopting would do.
#[derive(Serialize)]
struct AdoptView {
    action: String,
    hidden: Vec<Hidden>,
    register: String,
    register_href: String,
    new: String,
    changed: String,
    same: String,
    ended: String,
    waiting: String,
    /// Changes need a second person.
    two: bool,
    /// The post may adopt it.
    may: bool,
    /// There is nothing to change.
    done: bool,
}

#[derive(Serialize)]
struct PlanContext {
    page: crate::page::Page,
    plan: Head,
    refusal: Option<RefusalView>,
    result: Option<ResultView>,
}

/// `GET /plans/{name}`.
pub async fn show(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let asked = asked(&web, &name, &web.query.clone())?;
    let computed = match &asked.answers {
        Ok(form) => Some(compute(&web, &asked, form).await?),
        Err(_) => None,
    };
    let status = match (&asked.answers, &computed) {
        (Err(_), _) if asked.is_answered => StatusCode::UNPROCESSABLE_ENTITY,
        (_, Some(Err(_))) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    render(&web, &asked, (computed, None), status).await
}

/// The page with what was computed, or with why nothing was; `refusal`: why nothing was adopted.
pub async fn render(
    web: &Web,
    asked: &Asked<'_>,
    (computed, refusal): (Option<Result<Computed, PlanError>>, Option<RefusalView>),
    status: StatusCode,
) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let (computed, failed) = match computed {
        Some(Ok(computed)) => (Some(computed), None),
        Some(Err(error)) => (None, Some(why_not(&look, &error))),
        None => (None, None),
    };
    let result = match &computed {
        Some(computed) => {
            let waiting = Waiting::of(web, asked, &computed.draft).await?;
            Some(result(web, &look, (asked, computed), &waiting))
        }
        None => None,
    };
    let (fields, errors) = asked.fields(web, &look);
    let plan = Head {
        about: look.text(&asked.plan.about),
        kind: look.t(&kind_key(asked.plan)),
        path: format!("/plans/{}", asked.plan.name),
        places: asked.places(&look, web.post()?.place),
        date: asked.day.to_string(),
        fields,
        errors,
        waits: asked.answers.is_err() && !asked.is_answered,
    };
    let page = web.page_titled(look.text(&asked.plan.title));
    web.render_status(status, "pages/plan.html", PlanContext { page, plan, refusal: refusal.or(failed), result })
}

/// Why there is no plan, and what to do.
pub fn why_not(look: &Look<'_>, error: &PlanError) -> RefusalView {
    let text = match error {
        PlanError::Number { what, key, value } => look.say(
            "plan-error-number",
            &[
                ("what", look.t(&format!("plan-number-{}", what.replace('_', "-"))).into()),
                ("key", key.as_str().into()),
                ("value", value.to_string().into()),
            ],
        ),
        PlanError::TooLarge { what, given, max } => look.say(
            "plan-error-too-large",
            &[
                ("what", look.t(&format!("plan-many-{what}")).into()),
                ("given", thousands(i64::try_from(*given).unwrap_or(i64::MAX)).into()),
                ("max", thousands(i64::try_from(*max).unwrap_or(i64::MAX)).into()),
            ],
        ),
        PlanError::TooLong(seconds) => look.say("plan-error-too-long", &[("seconds", (*seconds).into())]),
        PlanError::Twice(key) => look.say("plan-error-twice", &[("key", key.as_str().into())]),
        PlanError::Dangling(_) | PlanError::Solver(_) | PlanError::Unsound(_) => {
            tracing::error!(%error, "a plan could not be solved");
            look.t("plan-error-solver")
        }
    };
    RefusalView { title: look.t("plan-error"), text, kept: Vec::new() }
}

/// What the plan takes in all: kilometres where an assignment has no cost of its own.
fn in_all(look: &Look<'_>, plan: &Plan, amount: String) -> String {
    match &plan.kind {
        PlanKind::Assignment(def) if def.pair_cost.is_none() => look.say("plan-km-in-all", &[("km", amount.into())]),
        _ => look.say("plan-cost-in-all", &[("cost", amount.into())]),
    }
}

fn result(web: &Web, look: &Look<'_>, (asked, computed): (&Asked<'_>, &Computed), waiting: &Waiting) -> ResultView {
    let outcome = &computed.outcome;
    let path = format!("/plans/{}", asked.plan.name);
    let query = asked.query();
    let narrower = |place: ganglion_model::PlaceCode| query.with("place", &place.to_string()).on(&path);
    let tables = Tables { web, look, plan: asked.plan, computed, narrower: &narrower };
    let lacks = tables.lacks();
    let points = map::all(web, computed);
    let map = if points.is_empty() {
        Value::Null
    } else {
        json!({
            "outlines_href": format!("/map/outlines?parent={}", asked.place),
            "cases_href": query.on(&format!("{path}/points")),
        })
    };
    let legend = Kind::ALL.into_iter().filter_map(|kind| {
        let many = points.iter().filter(|point| point.kind == kind).count();
        let label = look.t(&format!("plan-point-{}", kind.name()));
        (many > 0).then(|| LegendView { kind: kind.clock(), label, count: count(many as u64) })
    });
    let export = format!("{path}/export.xlsx");
    ResultView {
        sentence: sentence(look, asked, outcome),
        served: amount(outcome.served),
        asked: amount(outcome.asked),
        unit: look.text(&asked.plan.unit),
        percent: percent(outcome.served, outcome.asked),
        width: width(outcome.served, outcome.asked),
        full: outcome.lacks.is_empty(),
        cost: outcome.cost.filter(|cost| !cost.is_zero()).map(|cost| in_all(look, asked.plan, amount(cost))),
        lacks_href: (lacks.len() > 0).then(|| query.with("part", "lacks").on(&export)),
        lacks: lacks.section(look),
        result: tables.result().section(look),
        others: tables.others().into_iter().map(|sheet| sheet.section(look)).collect(),
        missing: missing(web, look, computed),
        inputs: inputs(web, look, asked, computed),
        map,
        legend: legend.collect(),
        xlsx_href: query.on(&export),
        adopt: adopt(web, look, (asked, computed), waiting),
    }
}

fn sentence(look: &Look<'_>, asked: &Asked<'_>, outcome: &Outcome) -> String {
    let key = match asked.plan.kind {
        PlanKind::Allocation(_) => "plan-sentence-allocation",
        PlanKind::Assignment(_) => "plan-sentence-assignment",
        PlanKind::Coverage(_) => "plan-sentence-coverage",
    };
    let unit = look.text(&asked.plan.unit);
    let unit = if unit.is_empty() { unit } else { format!(" {unit}") };
    let lacks = outcome.lacks.len();
    look.say(
        key,
        &[
            ("place", look.place(asked.place).into()),
            ("day", asked.day.to_string().into()),
            ("served", amount(outcome.served).into()),
            ("asked", amount(outcome.asked).into()),
            ("unit", unit.into()),
            ("lacks", lacks.into()),
            ("lacking", count(lacks as u64).into()),
        ],
    )
}

/// What rows do not say, one line a kind.
fn missing(web: &Web, look: &Look<'_>, computed: &Computed) -> Vec<String> {
    let line = |(kind, key): (Missing, &str)| {
        let of: Vec<&Subject> =
            computed.outcome.missing.iter().filter(|(one, _)| *one == kind).map(|(_, subject)| subject).collect();
        let named = of.iter().take(NAMED_MAX).map(|subject| title(web, look, &computed.material, subject).0);
        let named = named.collect::<Vec<_>>().join(&look.t("list-comma"));
        (!of.is_empty()).then(|| look.say(key, &[("count", of.len().into()), ("rows", named.into())]))
    };
    [
        (Missing::Amount, "plan-missing-amount"),
        (Missing::Point, "plan-missing-point"),
        (Missing::Key, "plan-missing-key"),
    ]
    .into_iter()
    .filter_map(line)
    .collect()
}

fn inputs(web: &Web, look: &Look<'_>, asked: &Asked<'_>, computed: &Computed) -> Vec<InputView> {
    let view = |name: &str| {
        let register = readable(web, name).ok()?.register;
        let query =
            Query(vec![("on".to_owned(), asked.day.to_string()), ("place".to_owned(), asked.place.to_string())]);
        let is_common = register.scope == ganglion_model::pack::Scope::Deployment;
        let query = if is_common { query.without(&["place"]) } else { query };
        Some(InputView {
            title: look.text(&register.title),
            href: query.on(&format!("/registers/{name}")),
            count: count(computed.material.records.get(name).map_or(0, Vec::len) as u64),
        })
    };
    asked.plan.looks_at().into_iter().filter_map(view).collect()
}

fn adopt(
    web: &Web,
    look: &Look<'_>,
    (asked, computed): (&Asked<'_>, &Computed),
    waiting: &Waiting,
) -> Option<AdoptView> {
    let register = web.world.model.registers.get(&asked.plan.result.as_ref()?.register)?;
    let draft = &computed.draft;
    let mut hidden = vec![
        Hidden::new("place", asked.place.to_string()),
        Hidden::new("date", asked.day.to_string()),
        Hidden::new(RUN, "1"),
        Hidden::new("digest", super::adopt::digest(computed)),
        Hidden::new("command_id", web.app.clock.id().to_string()),
    ];
    hidden.extend(asked.query().0.into_iter().filter(|(key, _)| key.starts_with("f.")).map(|(k, v)| Hidden::new(k, v)));
    let readable = readable(web, &register.name).is_ok();
    Some(AdoptView {
        action: format!("/plans/{}/adopt", asked.plan.name),
        hidden,
        register: look.text(&register.title),
        register_href: if readable { format!("/registers/{}", register.name) } else { String::new() },
        new: count(draft.new as u64),
        changed: count(draft.changed as u64),
        same: count(draft.same as u64),
        ended: count(draft.ended as u64),
        waiting: count(waiting.count as u64),
        two: register.needs_two(),
        may: asked.right == Right::Adopt,
        done: draft.wishes.len() == waiting.count,
    })
}
