//! One line of a `then` block against the case last named.

use super::Finding;
use super::figure::{figure, rank, target};
use super::parse::Line;
use super::plans;
use super::rows;
use super::run::{Running, is_refusal, refused_as};
use super::then::{self, Read};
use super::value::{expected, shown};
use super::wish::action_name;
use super::{send, step};
use ganglion_kernel::decide::{guard_holds, who};
use ganglion_kernel::queue::{QueueWant, Waiting, waiting_of};
use ganglion_model::change::Actor;
use ganglion_model::pack::{Action, Who};
use ganglion_model::row::Case;
use ganglion_model::{AccountId, Issued};
use serde_json::Value;
use std::collections::BTreeSet;

/// What a line comes to: expected and found, equal when it holds.
pub type Pair = (String, String);

/// Checks a line; `None` when it holds.
pub fn check(running: &mut Running, line: &Line) -> Option<Finding> {
    let read = match then::read(&line.text) {
        Ok(read) => read,
        Err(known) => return Some(Finding::new(line.number, known, &line.text)),
    };
    match holds(running, &read) {
        Ok((expected, found)) if expected == found => None,
        Ok((_, found)) | Err(found) => Some(Finding::new(line.number, &line.text, found)),
    }
}

fn holds(running: &mut Running, read: &Read) -> Result<Pair, String> {
    match read {
        Read::On(name) => {
            let id = running.case(Some(name)).map(|case| case.id).ok_or("there is no such case")?;
            running.current = Some(id);
            return Ok((String::new(), String::new()));
        }
        Read::Opened(process, name) => {
            let parent = running.case(None).ok_or("no case was opened")?.id;
            let mut cases = running.at.memory.cases.values();
            let from = |case: &&Case| {
                case.process == *process
                    && case.links.iter().any(|link| link.kind == "opened_from" && link.case == parent)
            };
            let child = cases.rfind(from).map(|case| case.id).ok_or("no such case was opened")?;
            running.names.insert(name.clone(), child);
            running.current = Some(child);
            return Ok((String::new(), String::new()));
        }
        Read::Newest(process, place, name) => {
            let here = |case: &&Case| case.process == *process && case.place.to_string() == *place;
            let newest = running.at.memory.cases.values().rfind(here).map(|case| case.id);
            let newest = newest.ok_or_else(|| format!("no {process} was opened at {place}"))?;
            running.names.insert(name.clone(), newest);
            running.current = Some(newest);
            return Ok((String::new(), String::new()));
        }
        Read::Refused(said) => {
            let refusal = running.refusal.as_ref().ok_or("the last step was not refused")?;
            let found = refused_as(refusal);
            return if is_refusal(refusal, &step::refusal(said)) { Ok((found.clone(), found)) } else { Err(found) };
        }
        Read::Figure(asked) => return figure(running, asked),
        Read::Row(register, key, on, fields) => return rows::row(running, (register, key), *on, fields),
        Read::Violations(rule, place, said) => return rows::violations(running, (rule, place), said),
        Read::Proposal(register, key, said) => return Ok(rows::proposal(running, (register, key), said)),
        Read::SeesOf(who, field, row, said) => {
            return Ok((expected(said), rows::seen(running, who, field, (&row.0, &row.1))?));
        }
        Read::DocumentOf(name, (register, key), said) => {
            return document(running, name, &running.documents_of(register, key, name), said);
        }
        Read::Plan(line) => return plans::holds(running, line),
        Read::Rank(asked) => return rank(running, asked),
        Read::Target(name, place, said) => return target(running, (name, place), said),
        _ => {}
    }
    let case = running.case(None).ok_or("no case was opened")?;
    of_case(running, case, read)
}

fn of_case(running: &Running, case: &Case, read: &Read) -> Result<Pair, String> {
    let posts = |ids: &[ganglion_model::PostId]| list(ids.iter().map(|id| running.post_name(id)));
    Ok(match read {
        Read::Plain(what, said) => {
            let found = match what.as_str() {
                "state" => case.state.clone(),
                "level" => case.level.as_str().to_owned(),
                "place" => case.place.to_string(),
                "channel" => case.channel.clone(),
                "version" => case.version.to_string(),
                "moved" => case.route.moved_from.len().to_string(),
                "routed" => shown(serde_json::to_value(case.route.by).ok().as_ref()),
                "taken_at" => case.taken_at.map_or_else(|| "none".to_owned(), |place| place.to_string()),
                "rule" => case.route.rule.as_ref().map_or_else(|| "none".to_owned(), |rule| rule.key.clone()),
                "position" => position(running, case),
                "near" => list(case.route.near.iter().map(|(code, _)| code.to_string())),
                "told" => told(running, case),
                "assignee" => case.assignee.as_ref().map_or_else(|| "nobody".to_owned(), |id| running.post_name(id)),
                _ => posts(&case.assist),
            };
            (sorted(what, &expected(said)), sorted(what, &found))
        }
        Read::Number(name, said) => {
            let found = if name == "report" { Some(&case.number) } else { case.numbers.get(name) };
            (expected(said), found.cloned().unwrap_or_else(|| "none".to_owned()))
        }
        Read::Count(name, said) => (expected(said), case.count(name).to_string()),
        Read::Field(name, said) => {
            let process = running.at.setting.world.model.processes.get(&case.process);
            if process.and_then(|process| process.field(name)).is_none() {
                return Err(format!("{} has no field {name}", case.process));
            }
            let found = shown(clear(running, case, name).as_ref());
            (in_posts(running, &expected(said)), in_posts(running, &found))
        }
        Read::Mark(name, said) => {
            let found = case.marks.get(name).map_or_else(
                || "none".to_owned(),
                |mark| {
                    let account = mark.account.as_ref().map(|account| account.0.clone());
                    let post = mark.post.as_ref().map(|post| running.post_name(post));
                    if said.contains('@') { post } else { account }.unwrap_or_else(|| "system".to_owned())
                },
            );
            (expected(said), found)
        }
        Read::Link(kind, said) => {
            let found = list(case.links.iter().filter(|link| link.kind == *kind).map(|link| link.number.clone()));
            let numbers = said.split(',').map(str::trim).filter(|one| *one != "none");
            let said =
                numbers.map(|one| running.case(Some(one)).map_or_else(|| one.to_owned(), |case| case.number.clone()));
            (list(said), found)
        }
        Read::Sees(who, name, said) => (expected(said), seen(running, case, (who, name))?),
        Read::May(action, said) => (may_expected(said), may(running, case, action)?),
        Read::Clock(name, said) => return then::clock(running, case, name, said),
        Read::Document(name, said) => {
            let all: Vec<Issued> = case.documents.iter().filter(|one| one.document == *name).cloned().collect();
            return document(running, name, &all, said);
        }
        Read::Published(name, of, said) => (expected(said), published(case, name, of)),
        _ => return Err("a line about a case".to_owned()),
    })
}

/// The newest document of a kind against `number N, valid`: every part named must be so.
fn document(running: &Running, name: &str, all: &[Issued], said: &str) -> Result<Pair, String> {
    if !running.at.setting.world.model.documents.contains_key(name) {
        return Err(format!("there is no document {name}"));
    }
    let parts = match all.last() {
        None => vec!["none".to_owned()],
        Some(one) => vec![
            format!("number {}", one.number),
            one.standing.as_str().to_owned(),
            format!("issuer {}", one.issuer),
            format!("issued {}", all.len()),
        ],
    };
    let found = parts.join(", ");
    let holds = said.split(',').map(str::trim).all(|part| parts.iter().any(|one| one == part));
    if holds { Ok((found.clone(), found)) } else { Err(found) }
}

/// A figure as it was published with a notice, or with the newest document of a kind: `12 at 130903 in 2022-06`.
fn published(case: &Case, name: &str, of: &str) -> String {
    let noticed = case.notices.get(of).and_then(|notice| notice.figures.get(name));
    let printed = || case.documents.iter().rfind(|one| one.document == of).and_then(|one| one.figures.get(name));
    noticed.or_else(printed).map_or_else(
        || "none".to_owned(),
        |one| format!("{} at {} in {}", one.value.as_deref().unwrap_or("n/a"), one.place, one.period),
    )
}

fn list(items: impl Iterator<Item = String>) -> String {
    let set: BTreeSet<String> = items.collect();
    if set.is_empty() { "none".to_owned() } else { set.into_iter().collect::<Vec<_>>().join(", ") }
}

/// Lists are compared whatever their order.
fn sorted(what: &str, text: &str) -> String {
    match what {
        "near" | "told" | "assisting" => list(text.split(',').map(|one| one.trim().to_owned())),
        _ => text.to_owned(),
    }
}

/// Place in its queue, 1 for the next.
fn position(running: &Running, case: &Case) -> String {
    let world = &running.at.setting.world;
    let Some(waiting) = waiting_of(world, case) else { return "none".to_owned() };
    let Waiting { shard, process, place, lane, .. } = waiting;
    let want = QueueWant { shard, process, place, lanes: vec![lane], limit: u32::MAX };
    let place = running.at.memory.front(world, &want).iter().position(|one| one.id == case.id);
    place.map_or_else(|| "none".to_owned(), |place| (place + 1).to_string())
}

fn told(running: &Running, case: &Case) -> String {
    list(running.at.told.iter().filter(|(id, _)| *id == case.id).map(|(_, whom)| whom.clone()))
}

/// What somebody sees of a field: its value, `masked`, or `nothing` when the case is not theirs to read.
fn seen(running: &Running, case: &Case, (who, name): (&str, &str)) -> Result<String, String> {
    let world = &running.at.setting.world;
    let process = world.model.processes.get(&case.process).ok_or("there is no such process")?;
    let in_forms = process.states.values().flat_map(|state| &state.actions).flat_map(|action| &action.form);
    let mut fields = process.form.iter().chain(&process.fields).chain(in_forms);
    let field =
        fields.find(|field| field.name == *name).ok_or_else(|| format!("{} has no field {name}", case.process))?;
    let is_clear = |role: &str| {
        if who::sees(field, role) { shown(clear(running, case, name).as_ref()) } else { "masked".to_owned() }
    };
    if who == "reporter" {
        return Ok(is_clear("reporter"));
    }
    let posts = running.at.setting.people.get(who).ok_or_else(|| format!("there is no account {who}"))?;
    let mut best = "nothing".to_owned();
    for post in posts.iter().filter_map(|id| world.posts.get(id)) {
        let actor = Actor::Post { post: post.id.clone(), account: AccountId(who.to_owned()) };
        if who::may_read(world, &actor, Some(post), case) && matches!(best.as_str(), "nothing" | "masked") {
            best = is_clear(&post.role);
        }
    }
    Ok(best)
}

/// A field's value; personal ones opened with the case's key.
fn clear(running: &Running, case: &Case, name: &str) -> Option<Value> {
    let value = case.fields.get(name)?;
    let opened = value.as_str().filter(|text| ganglion_kernel::seal::is_sealed(text)).and_then(|sealed| {
        let key = ganglion_kernel::seal::unwrap(&send::MASTER, running.at.memory.key(case.id)?)?;
        ganglion_kernel::seal::open(&key, sealed)
    });
    Some(opened.map_or_else(|| value.clone(), Value::String))
}

/// Post ids as `role@code`, whatever else is in the text left alone.
fn in_posts(running: &Running, text: &str) -> String {
    let one = |part: &str| running.post_name(&ganglion_model::PostId(part.to_owned()));
    text.split(", ").map(one).collect::<Vec<_>>().join(", ")
}

fn may_expected(said: &str) -> String {
    let said = expected(said);
    let names =
        said.split(',').map(|one| one.trim().to_owned()).filter(|one| !matches!(one.as_str(), "nobody" | "none"));
    list(names)
}

/// Everybody who may take `action` now: posts as `role@code`, and `reporter`, `public`, `api`, `system`.
fn may(running: &Running, case: &Case, action: &str) -> Result<String, String> {
    let world = &running.at.setting.world;
    let process = world.model.processes.get(&case.process).ok_or("there is no such process")?;
    let name = action_name(process, action).ok_or_else(|| format!("{} has no action {action}", case.process))?;
    let Some(action) = process.action(&case.state, &name) else {
        return Ok("none".to_owned());
    };
    let allowed = |actor: &Actor, post: Option<&ganglion_model::Post>| {
        let view = who::view(world, actor, running.at.now);
        who::may_act(action, actor, post, case)
            && !who::is_same_person(action, actor, case)
            && guard_holds((world, process), action, case, &view, running.at.now)
    };
    let mut names: Vec<String> = others(action, case)
        .into_iter()
        .filter(|(_, actor)| allowed(actor, None))
        .map(|(name, _)| name.to_owned())
        .collect();
    // Whoever may act because anyone may is not listed post by post.
    if !action.by.contains(&Who::Public) {
        for post in world.posts.all() {
            let account = post.account.clone().unwrap_or_else(|| AccountId(String::new()));
            if allowed(&Actor::Post { post: post.id.clone(), account }, Some(post)) {
                names.push(running.post_name(&post.id));
            }
        }
    }
    Ok(list(names.into_iter()))
}

fn others(action: &Action, case: &Case) -> Vec<(&'static str, Actor)> {
    let all = [
        (Who::Reporter, "reporter", Actor::Reporter { case: case.id }),
        (Who::Public, "public", Actor::Public),
        (Who::Api, "api", Actor::Api { key: "scenario".to_owned() }),
        (Who::System, "system", Actor::System),
    ];
    all.into_iter().filter(|(who, _, _)| action.by.contains(who)).map(|(_, name, actor)| (name, actor)).collect()
}
