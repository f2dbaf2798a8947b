//! Plans in a scenario: `WHO adopts PLAN at CODE {form}`, and what a `plan` line says must come of one. Computed from the rows in
//! memory by the very code that serves people.

use super::check::Pair;
use super::figure;
use super::run::Running;
use super::send::Refused;
use super::step::{Who, split_form};
use super::value::{form, resolved, shown};
use ganglion_kernel::decide::who;
use ganglion_kernel::plans::{self, Right};
use ganglion_model::change::{Actor, Body, Command, Refusal, RefusalCode};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Plan, Rounding, Scope};
use ganglion_model::scope::ActorView;
use ganglion_model::{
    CommandId, Decimal, FieldFinding, Fields, Frac, Outcome, PlaceCode, ProposalState, Record, RowWish, Shard,
};
use ganglion_planning::PlanError;
use ganglion_planning::declared::{self, Draft, Input, Missing, PlacePoint};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

/// A plan asked for: its name, the place, the day (today without one) and the answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Plan.
    pub plan: String,
    /// Place code.
    pub place: String,
    /// Day.
    pub on: Option<Date>,
    /// Answers.
    pub form: Fields,
}

/// A `plan` line of a `then` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What is computed.
    pub asked: Asked,
    /// A row of the result rather than the whole.
    pub row: Option<String>,
    /// What is expected.
    pub said: String,
}

const FORM: &str = "plan NAME at CODE [on DATE] [{form}] [row KEY]: VALUE";

/// Words after the verb or the word `plan`, and the form, as what is asked for; the words that are left.
pub fn asked<'w>(words: &'w [&'w str], typed: Fields) -> Result<(Asked, &'w [&'w str]), String> {
    let [plan, "at", place, rest @ ..] = words else { return Err("PLAN at CODE [on DATE] [{form}]".to_owned()) };
    let (on, rest) = match rest {
        ["on", day, rest @ ..] => (Some(day.parse().map_err(|_| format!("{day} is no day"))?), rest),
        rest => (None, rest),
    };
    Ok((Asked { plan: (*plan).to_owned(), place: (*place).to_owned(), on, form: typed }, rest))
}

/// Reads a `plan` line.
///
/// # Errors
/// What such a line looks like.
pub fn read(text: &str) -> Result<Line, String> {
    let colon = text.find(':').ok_or(FORM)?;
    let with_form = text.find('{').is_some_and(|brace| brace < colon);
    let (head, typed, tail) = if with_form { split_form(text)? } else { (&text[..colon], None, &text[colon..]) };
    let (between, said) = tail.split_once(':').ok_or(FORM)?;
    let words: Vec<&str> = head.split_whitespace().skip(1).chain(between.split_whitespace()).collect();
    let typed = typed.map_or_else(|| Ok(Fields::new()), form)?;
    let (asked, rest) = asked(&words, typed)?;
    let row = match rest {
        [] => None,
        ["row", key] => Some(key.trim_matches('"').to_owned()),
        _ => return Err(FORM.to_owned()),
    };
    Ok(Line { asked, row, said: said.trim().to_owned() })
}

/// A computed plan, or why there is none.
enum Computed {
    Found(Box<Found>),
    Form(Vec<FieldFinding>),
    Error(PlanError),
}

struct Found {
    outcome: declared::Outcome,
    draft: Draft,
}

/// Computes what is asked for, as `actor` would.
fn compute(running: &Running, asked: &Asked, actor: &ActorView) -> Result<Computed, String> {
    let world = &running.at.setting.world;
    let plan = world.model.plans.get(&asked.plan).ok_or_else(|| format!("there is no plan {}", asked.plan))?;
    let place: PlaceCode = asked.place.parse().map_err(|_| format!("{} is no place code", asked.place))?;
    let day = asked.on.unwrap_or_else(|| local_date(running.at.now));
    let typed = resolved(&plan.form, &asked.form, running);
    let form = match plans::answers(world, (plan, day), actor, &typed) {
        Ok(form) => form,
        Err(findings) => return Ok(Computed::Form(findings)),
    };
    let (registers, levels) = declared::reading(plan);
    let there = |name: &str| -> Vec<Record> {
        let rows = figure::rows_of((&running.at.setting.world, &running.at.memory), name).into_iter();
        rows.filter_map(|versions| versions.iter().rev().find(|one| one.valid_on(day)).cloned()).collect()
    };
    let records: BTreeMap<String, Vec<Record>> =
        registers.into_iter().map(|name| (name.to_owned(), there(name))).collect();
    let places = plans::places(world, (place, day), &levels);
    let places: Vec<PlacePoint> =
        places.into_iter().map(|(code, name, point)| PlacePoint { code, name, point }).collect();
    let mut input = Input {
        model: &world.model,
        rows: world,
        form: &form,
        place,
        day,
        records: &records,
        places: &places,
        figures: &BTreeMap::new(),
    };
    let wanted = match declared::figures_wanted(plan, input) {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Computed::Error(error)),
    };
    let mut figures = BTreeMap::new();
    for key in wanted {
        let (indicator, place, period) = &key;
        let indicator = world.model.indicators.get(indicator).ok_or("an indicator of the plan")?;
        let got = figure::read(running, (indicator, None), &[*place], plans::span(*period, day))?;
        let exact = got.into_iter().next().and_then(|got| got.figure.exact);
        figures.insert(key, exact.and_then(declared::decimal));
    }
    input.figures = &figures;
    let outcome = match declared::compute(plan, input) {
        Ok(outcome) => outcome,
        Err(error) => return Ok(Computed::Error(error)),
    };
    let result: Vec<Record> = plan.result.as_ref().map(|result| there(&result.register)).unwrap_or_default();
    let within = |one: &Record| one.place.is_none_or(|at| place.holds(at));
    let result: Vec<Record> = result.into_iter().filter(within).collect();
    let draft = declared::draft(plan, input, &outcome, (&result, ""));
    Ok(Computed::Found(Box::new(Found { outcome, draft })))
}

/// What a `plan` line comes to.
pub fn holds(running: &Running, line: &Line) -> Result<Pair, String> {
    let found = match compute(running, &line.asked, &ActorView::default())? {
        Computed::Form(findings) => {
            let said = findings.iter().map(|one| format!("refused {} {}", one.field, one.problem));
            return compared(&line.said, &said.chain(["refused form".to_owned()]).collect::<Vec<_>>());
        }
        Computed::Error(error) => {
            return compared(&line.said, &[format!("refused {}", error.code()), error.to_string()]);
        }
        Computed::Found(found) => found,
    };
    match &line.row {
        None => compared(&line.said, &parts(&found.outcome)),
        Some(key) => row(&found.outcome, key, &line.said),
    }
}

/// Every part that is said must be among those there are.
fn compared(said: &str, parts: &[String]) -> Result<Pair, String> {
    let found = parts.join(", ");
    let all = said.split(',').map(str::trim).all(|part| parts.iter().any(|one| one == part));
    if all { Ok((found.clone(), found)) } else { Err(found) }
}

fn number(value: Decimal) -> String {
    value.normalize().to_string()
}

/// A computed plan in words.
fn parts(outcome: &declared::Outcome) -> Vec<String> {
    let mut parts = vec![format!("served {} of {}", number(outcome.served), number(outcome.asked))];
    let percent = ratio(outcome.served, outcome.asked).and_then(|share| share.rounded(1, Rounding::HalfUp));
    parts.extend(percent.map(|percent| format!("{percent} %")));
    for tier in &outcome.tiers {
        parts.push(format!("tier {} {} of {}", tier.tier, number(tier.served), number(tier.asked)));
    }
    parts.extend(outcome.cost.map(|cost| format!("cost {}", number(cost))));
    parts.push(format!("rows {}", outcome.rows.len()));
    for lack in &outcome.lacks {
        let said = format!("{} lacks {}", lack.subject.key, number(lack.lacking));
        parts.extend(lack.cause.map(|cause| format!("{said} by {}", cause.as_str())));
        parts.push(said);
    }
    for reached in &outcome.reached {
        parts.extend(reached.minutes.map(|minutes| format!("{} at {} minutes", reached.subject.key, number(minutes))));
    }
    for (at, site) in outcome.sites.iter().enumerate() {
        parts.push(format!("site {} {} gains {}", at + 1, site.subject.key, number(site.gained)));
    }
    parts.extend(outcome.helps.iter().map(|one| format!("more {} gains {}", one.subject.key, number(one.gain))));
    parts.extend(outcome.missing.iter().map(|(what, subject)| {
        let what = match what {
            Missing::Amount => "amount",
            Missing::Point => "point",
            Missing::Key => "key",
        };
        format!("no {what} {}", subject.key)
    }));
    parts
}

fn ratio(part: Decimal, whole: Decimal) -> Option<Frac> {
    let frac = |value: Decimal| Frac::parse(&value.to_string());
    frac(part)?.over(frac(whole)?)?.times(Frac::whole(100))
}

/// A row of the result: the fields named must have these values; `none` for one that must not be there.
fn row(outcome: &declared::Outcome, key: &str, said: &str) -> Result<Pair, String> {
    let found = outcome.rows.iter().find(|row| row.key == key);
    if said == "none" {
        return Ok(("none".to_owned(), found.map_or("none", |_| "a row").to_owned()));
    }
    let found = found.ok_or_else(|| {
        let keys: Vec<&str> = outcome.rows.iter().map(|row| row.key.as_str()).collect();
        format!("there is no such row; there are {}", keys.join(", "))
    })?;
    let wanted = form(said)?;
    let value = |name: &String| match (name.as_str(), found.place) {
        ("place", Some(place)) if !found.fields.contains_key(name) => place.to_string(),
        _ => shown(found.fields.get(name)),
    };
    let of = |value: String, name: &String| (name.clone(), Value::String(value));
    let found: serde_json::Map<String, Value> = wanted.keys().map(|name| of(value(name), name)).collect();
    let wanted: serde_json::Map<String, Value> =
        wanted.iter().map(|(name, value)| of(shown(Some(value)), name)).collect();
    Ok((Value::Object(wanted).to_string(), Value::Object(found).to_string()))
}

impl Running {
    /// Adopts a plan: every change of a row is a command of that person, and none is made if one would be refused.
    ///
    /// # Errors
    /// What the step names and does not exist, or why the plan cannot be computed.
    pub fn adopt(&mut self, who_: &Who, asked: &Asked) -> Result<Result<Outcome, Refused>, String> {
        let plan = self.at.setting.world.model.plans.get(&asked.plan);
        let plan = plan.cloned().ok_or_else(|| format!("there is no plan {}", asked.plan))?;
        let place: PlaceCode = asked.place.parse().map_err(|_| format!("{} is no place code", asked.place))?;
        let refused = |code| Ok(Err(Refused::Command(Refusal::new(code))));
        let actors = self.actors(who_, None)?;
        let may = |actor: &Actor| self.may(&plan, actor, place);
        let Some(actor) = actors.iter().find(|actor| may(actor) == Some(Right::Adopt)).cloned() else {
            let sees = actors.iter().any(|actor| may(actor).is_some());
            return refused(if sees { RefusalCode::NotAllowed } else { RefusalCode::NotFound });
        };
        if plan.result.is_none() {
            return Err(format!("{} has no result that could be adopted", plan.name));
        }
        let view = who::view(&self.at.setting.world, &actor, self.at.now);
        let found = match compute(self, asked, &view)? {
            Computed::Found(found) => found,
            Computed::Form(fields) => {
                return Ok(Err(Refused::Command(Refusal { fields, ..Refusal::new(RefusalCode::Form) })));
            }
            Computed::Error(error) => return Err(error.to_string()),
        };
        // What waits for a second person already is not proposed again.
        let waits = |wish: &RowWish| {
            let proposal = self.proposal(&wish.register, wish.key.as_deref().unwrap_or_default());
            proposal.is_some_and(|one| one.state == ProposalState::Open)
        };
        let wishes = found.draft.wishes.into_iter().filter(|(_, wish)| !waits(wish));
        let wishes = wishes.map(|(shard, wish)| self.settled(shard, wish));
        let wishes: Vec<(Shard, RowWish)> = wishes.collect();
        let commands: Vec<Command> = wishes
            .into_iter()
            .map(|(shard, wish)| {
                let (id, body) = (CommandId(self.at.id()), Body::Row { wish: Box::new(wish) });
                Command { id, shard, actor: actor.clone(), body }
            })
            .collect();
        for command in &commands {
            if let Err(refusal) = self.dry(command) {
                return Ok(Err(Refused::Command(refusal)));
            }
        }
        let mut outcome =
            Outcome { shard: Shard::DEPLOYMENT, seq: 0, case: None, number: None, state: None, version: 0 };
        for command in &commands {
            match self.at.send(command) {
                Ok(sent) => outcome = sent,
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(outcome))
    }

    fn may(&self, plan: &Plan, actor: &Actor, place: PlaceCode) -> Option<Right> {
        let Actor::Post { post, .. } = actor else { return None };
        plans::right_at(plan, self.at.setting.world.posts.get(post)?, place)
    }

    /// A wish names its row only if that is there, in whatever version.
    fn settled(&self, shard: Shard, wish: RowWish) -> (Shard, RowWish) {
        let key = wish.key.clone().unwrap_or_default();
        let is_known = !self.versions(&wish.register, &key).is_empty();
        let register = self.at.setting.world.model.registers.get(&wish.register);
        let is_common = register.is_some_and(|register| register.scope == Scope::Deployment);
        let shard = if is_common { Shard::DEPLOYMENT } else { shard };
        (shard, RowWish { key: wish.key.filter(|_| is_known), ..wish })
    }
}
