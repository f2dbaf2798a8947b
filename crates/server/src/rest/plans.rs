//! Plans: which there are, one computed, and adopting it. The same rights, rows and commands as the pages: nothing is kept, and what
//! is adopted is what the caller saw, or nothing.

use super::answer::{command_id, in_scope, json_of, listed, only, plain, vouched};
use crate::api::read::read;
use crate::error::Error;
use crate::keys::Area;
use crate::staff::plans::{
    Adopted, Asked, Computed, Waiting, asked_for, carried_out, compute, digest, kind_name, title, why_not,
};
use crate::typed::Typed;
use crate::view::Look;
use crate::web::Web;
use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::plans::{Right, right};
use ganglion_model::change::{Refusal, RefusalCode};
use ganglion_model::pack::Plan;
use ganglion_model::{Decimal, FieldFinding, Fields, PlaceCode, Text};
use ganglion_planning::Cause;
use ganglion_planning::declared::{Flow, Lack, Missing, Subject, Use};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

/// Parameters of a plan; `f.` with the name of a field answers what it asks.
pub const PARAMETERS: [&str; 3] = ["f.", "place", "date"];

/// `GET /api/plans`: those the caller may compute.
pub async fn list(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    let post = web.post()?;
    only(&web, &[])?;
    let words = web.words();
    let look = web.look(&words);
    let all = web.world.model.plans.values().filter(|plan| in_scope(&web, Area::Plans, &plan.name, false));
    let mut plans: Vec<(&Plan, Right)> = all.filter_map(|plan| Some((plan, right(plan, post)?))).collect();
    plans.sort_by(|(a, _), (b, _)| (&a.pack, a.order).cmp(&(&b.pack, b.order)));
    let item = |(plan, right): &(&Plan, Right)| {
        json!({
            "plan": plan.name,
            "pack": plan.pack,
            "title": look.text(&plan.title),
            "about": look.text(&plan.about),
            "kind": kind_name(plan),
            "unit": look.text(&plan.unit),
            "asks": plan.form.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(),
            "adopts": *right == Right::Adopt && plan.result.is_some(),
            "href": format!("/api/plans/{}", plan.name),
        })
    };
    let items = plans.iter().map(item).collect();
    Ok(listed(&web, &headers, items, None))
}

/// A refusal with words of its own, in the language of the caller.
fn refused(code: RefusalCode, said: String) -> Error {
    let message = Some(Text { zh: said.clone(), en: said });
    Error::Refused(Box::new(Refusal { message, ..Refusal::new(code) }))
}

/// The answers a query gives; a field the plan does not ask for is refused.
fn answers_of(web: &Web, plan: &Plan) -> Result<Option<Fields>, Error> {
    let given: Vec<(String, String)> = web
        .query
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("f.")?.to_owned(), value.clone())))
        .collect();
    if let Some((name, _)) = given.iter().find(|(name, _)| plan.form.iter().all(|field| field.name != *name)) {
        return Err(Error::parameter(&format!("f.{name}")));
    }
    let named: Vec<String> = given.iter().map(|(name, _)| name.clone()).collect();
    let mut fields = Typed::of(given).fields(&plan.form);
    // What is not named was not answered, also where a form would take it as a box that is not ticked.
    fields.retain(|name, _| named.contains(name));
    Ok((!named.is_empty()).then_some(fields))
}

/// Computes what is asked for, or says why not.
async fn computed(web: &Web, asked: &Asked<'_>) -> Result<Computed, Error> {
    let wrong = |findings: &Vec<FieldFinding>| {
        Error::Refused(Box::new(Refusal { fields: findings.clone(), ..Refusal::new(RefusalCode::Form) }))
    };
    let form = asked.answers.as_ref().map_err(wrong)?;
    compute(web, asked, form).await?.map_err(|error| {
        let words = web.words();
        refused(RefusalCode::Guard, why_not(&web.look(&words), &error).text)
    })
}

/// `GET /api/plans/{plan}?place=&date=&f.FIELD=`: computed for a place and a day, the caller's own and today unless said.
pub async fn one(web: Web, headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Error> {
    web.post()?;
    only(&web, &PARAMETERS)?;
    let at = (read::<PlaceCode>(&web, "place")?, read::<Date>(&web, "date")?);
    let plan = web.world.model.plans.get(&name).ok_or(Error::NotFound)?;
    let asked = asked_for(&web, &name, at, answers_of(&web, plan)?)?;
    let computed = computed(&web, &asked).await?;
    let waiting = Waiting::of(&web, &asked, &computed.draft).await?;
    let words = web.words();
    let shown = Shown { web: &web, look: &web.look(&words), computed: &computed }.whole(&asked, &waiting);
    Ok(plain(&web, &headers, shown))
}

/// What is adopted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdoptBody {
    #[serde(default)]
    place: Option<PlaceCode>,
    #[serde(default)]
    date: Option<Date>,
    #[serde(default)]
    form: Option<Fields>,
    /// What stands for everything that was shown.
    digest: String,
}

/// `POST /api/plans/{plan}/adopt`: what the plan found becomes rows of its register, or proposals where two persons are needed. A
/// key needs the scope of the register, too.
pub async fn adopt(web: Web, headers: HeaderMap, Path(name): Path<String>, bytes: Bytes) -> Result<Response, Error> {
    vouched(&web)?;
    let plan = web.world.model.plans.get(&name).ok_or(Error::NotFound)?;
    right(plan, web.post()?).ok_or(Error::NotFound)?;
    let body: AdoptBody = json_of(&bytes)?;
    let asked = asked_for(&web, &name, (body.place, body.date), body.form)?;
    let result = asked.plan.result.as_ref().ok_or(Error::NotFound)?;
    if asked.right != Right::Adopt || !in_scope(&web, Area::Registers, &result.register, true) {
        return Err(Error::NotAllowed);
    }
    let computed = computed(&web, &asked).await?;
    let given = (Some(body.digest.as_str()), command_id(&web, &headers)?);
    let (changes, failed, proposed) = match carried_out(&web, &asked, computed, given).await? {
        Adopted::Nothing => (0, 0, false),
        Adopted::Sent { total, failed, proposed } => (total - failed, failed, proposed),
        Adopted::Changed(_) => return Err(refused(RefusalCode::Changed, web.t("plan-changed"))),
        Adopted::Refused(_, first, said) => return Err(refused(first.code, said)),
    };
    let status = if proposed { StatusCode::ACCEPTED } else { StatusCode::OK };
    let body = json!({ "changes": changes, "failed": failed, "proposed": proposed });
    Ok((status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// An exact number as text, so that nothing is rounded on the way.
fn exact(value: Decimal) -> Value {
    json!(value.normalize().to_string())
}

fn exact_or_null(value: Option<Decimal>) -> Value {
    value.map_or(Value::Null, exact)
}

/// Makes what is told of a computed plan.
struct Shown<'a> {
    web: &'a Web,
    look: &'a Look<'a>,
    computed: &'a Computed,
}

impl Shown<'_> {
    /// A row by register, shard and key, or a place by its code; with what it is called.
    fn subject(&self, subject: &Subject) -> Value {
        let (called, _) = title(self.web, self.look, &self.computed.material, subject);
        if subject.register.is_empty() {
            return json!({ "place": subject.key, "title": called });
        }
        json!({ "register": subject.register, "shard": subject.shard, "key": subject.key, "title": called })
    }

    fn flow(&self, one: &Flow) -> Value {
        json!({
            "from": self.subject(&one.from),
            "to": self.subject(&one.to),
            "over": one.over.as_ref().map(|over| self.subject(over)),
            "tier": one.tier,
            "amount": exact(one.amount),
            "arrives": exact(one.arrives),
            "cost": exact_or_null(one.cost),
            "km": exact_or_null(one.km),
        })
    }

    fn lack(&self, one: &Lack) -> Value {
        json!({
            "subject": self.subject(&one.subject),
            "tier": one.tier,
            "asked": exact(one.asked),
            "lacking": exact(one.lacking),
            "minutes": exact_or_null(one.minutes),
            "cause": one.cause.map(Cause::as_str),
        })
    }

    fn uses(&self, all: &[Use]) -> Vec<Value> {
        let one = |one: &Use| json!({ "subject": self.subject(&one.subject), "there": exact_or_null(one.there), "used": exact(one.used) });
        all.iter().map(one).collect()
    }

    fn whole(&self, asked: &Asked<'_>, waiting: &Waiting) -> Value {
        let (outcome, plan) = (&self.computed.outcome, asked.plan);
        let missing = |(kind, subject): &(Missing, Subject)| {
            let what = match kind {
                Missing::Amount => "amount",
                Missing::Point => "point",
                Missing::Key => "key",
            };
            json!({ "what": what, "subject": self.subject(subject) })
        };
        let mut whole = json!({
            "plan": plan.name,
            "title": self.look.text(&plan.title),
            "kind": kind_name(plan),
            "place": asked.place,
            "date": asked.day,
            "form": asked.answers.as_ref().ok(),
            "unit": self.look.text(&plan.unit),
            "asked": exact(outcome.asked),
            "served": exact(outcome.served),
            "cost": exact_or_null(outcome.cost),
            "flows": outcome.flows.iter().map(|one| self.flow(one)).collect::<Vec<_>>(),
            "lacks": outcome.lacks.iter().map(|one| self.lack(one)).collect::<Vec<_>>(),
            "uses": self.uses(&outcome.uses),
            "capacities": self.uses(&outcome.capacities),
            "missing": outcome.missing.iter().map(missing).collect::<Vec<_>>(),
            "adopt": self.adopting(asked, waiting),
        });
        if let (Some(whole), Value::Object(more)) = (whole.as_object_mut(), self.more()) {
            whole.extend(more);
        }
        whole
    }

    /// What only some kinds of plans find.
    fn more(&self) -> Value {
        let outcome = &self.computed.outcome;
        let reached = outcome.reached.iter().map(|one| {
            json!({
                "subject": self.subject(&one.subject),
                "point": one.point,
                "weight": exact(one.weight),
                "covered": one.is_covered,
                "minutes": exact_or_null(one.minutes),
                "nearest": one.facility.as_ref().map(|one| self.subject(one)),
            })
        });
        let sites = outcome.sites.iter().map(|one| {
            json!({ "subject": self.subject(&one.subject), "point": one.point, "gained": exact(one.gained), "places": one.places })
        });
        let helps = outcome.helps.iter().map(|one| {
            let what = if one.is_capacity { "capacity" } else { "supply" };
            json!({ "subject": self.subject(&one.subject), "what": what, "of": one.of, "tier": one.tier, "gain": exact(one.gain) })
        });
        let sum = |asked: Decimal, served: Decimal| (exact(asked), exact(served));
        let tiers = outcome.tiers.iter().map(|one| {
            let (asked, served) = sum(one.asked, one.served);
            json!({ "tier": one.tier, "asked": asked, "served": served })
        });
        let areas = outcome.areas.iter().map(|one| {
            let (asked, served) = sum(one.asked, one.served);
            json!({ "place": one.place, "asked": asked, "served": served })
        });
        json!({
            "reached": reached.collect::<Vec<_>>(),
            "sites": sites.collect::<Vec<_>>(),
            "helps": helps.collect::<Vec<_>>(),
            "tiers": tiers.collect::<Vec<_>>(),
            "areas": areas.collect::<Vec<_>>(),
        })
    }

    /// What adopting it would change; nothing where a plan is only shown.
    fn adopting(&self, asked: &Asked<'_>, waiting: &Waiting) -> Value {
        let model = &self.web.world.model;
        let register = asked.plan.result.as_ref().and_then(|result| model.registers.get(&result.register));
        let Some(register) = register else { return Value::Null };
        let draft = &self.computed.draft;
        json!({
            "register": register.name,
            "new": draft.new,
            "changed": draft.changed,
            "same": draft.same,
            "ended": draft.ended,
            "waiting": waiting.count,
            "needs_two": register.needs_two(),
            "may": asked.right == Right::Adopt && in_scope(self.web, Area::Registers, &register.name, true),
            "digest": digest(self.computed),
        })
    }
}
