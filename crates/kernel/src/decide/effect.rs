//! What an action does to a case, effect by effect.

use super::clock::{length, put};
use super::document::{Issuing, withdraw_all};
use super::draft::Draft;
use super::number::next;
use super::{Decision, Given, State, derive, who};
use crate::seal::is_sealed;
use crate::world::World;
use ganglion_model::change::{Actor, Body, Change, Command, Op, Refusal, RefusalCode};
use ganglion_model::clocks::Rule;
use ganglion_model::expr::Val;
use ganglion_model::pack::{Action, Assign, Effect, LengthFrom, Process, Who};
use ganglion_model::row::{Case, Link, Mark, Record, Route, RouteBy};
use ganglion_model::scope::{ActorView, Names};
use ganglion_model::{CommandId, FieldFinding, Fields, PlaceCode, PostId};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Everything an effect may look at.
pub struct Doing<'a> {
    /// The world.
    pub world: &'a World,
    /// Loaded rows.
    pub state: &'a State,
    /// The command.
    pub command: &'a Command,
    /// Time and ids.
    pub given: &'a Given,
    /// The process.
    pub process: &'a Process,
    /// The action.
    pub action: &'a Action,
    /// What was typed, read; personal values sealed, so that no effect can carry one in clear.
    pub form: &'a Fields,
    /// Who acts.
    pub actor: &'a ActorView,
}

/// A command id that follows from another, so that a job that runs twice sends the same command.
#[must_use]
pub fn derived(from: CommandId, what: &str) -> CommandId {
    let hash = Sha256::new().chain_update(from.0.as_bytes()).chain_update(what.as_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    CommandId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// A refusal over one field.
pub(super) fn refuse(field: &str, problem: &str) -> Refusal {
    let finding =
        FieldFinding { field: field.to_owned(), problem: problem.to_owned(), message: None, args: BTreeMap::new() };
    Refusal { fields: vec![finding], ..Refusal::new(RefusalCode::Form) }
}

impl Doing<'_> {
    fn names<'b>(&'b self, case: &'b Case) -> Names<'b> {
        Names {
            rows: self.world,
            process: self.process,
            case: Some(case),
            form: Some((self.form, &self.action.form)),
            actor: Some(self.actor),
            now: self.given.now,
        }
    }

    fn posts(&self, assign: &Assign) -> Vec<PostId> {
        let id = |value: &Value| value.as_str().map(|id| PostId(id.to_owned()));
        match assign {
            Assign::Form(field) => self.form.get(field).and_then(id).into_iter().collect(),
            Assign::FormMany(field) => {
                self.form.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(id).collect()
            }
            Assign::Actor => self.actor.post.clone().map(PostId).into_iter().collect(),
            Assign::Nobody => Vec::new(),
        }
    }

    fn mark(&self) -> Mark {
        let (post, account) = match &self.command.actor {
            Actor::Post { post, account } => (Some(post.clone()), Some(account.clone())),
            _ => (None, None),
        };
        Mark { post, account, at: self.given.now }
    }

    /// Does one effect.
    pub fn run(&self, draft: &mut Draft, effect: &Effect, decision: &mut Decision) -> Result<(), Refusal> {
        match effect {
            Effect::Assign(assign) => draft.op(Op::Assign { post: self.posts(assign).into_iter().next() }),
            Effect::Assist(assign) => draft.op(Op::Assist { posts: self.posts(assign) }),
            Effect::Set { field, value } => {
                let value = value.eval(&self.names(&draft.case)).to_json();
                draft.op(Op::Set { field: field.clone(), value });
            }
            Effect::Count(name) => draft.op(Op::Count { name: name.clone() }),
            Effect::Mark(name) => draft.op(Op::Mark { name: name.clone(), mark: self.mark() }),
            Effect::Level { up } => {
                let level = if *up { draft.case.level.up() } else { draft.case.level.down() };
                let within = self.world.places.root.level()..=draft.case.place.level();
                let level = level.filter(|level| within.contains(level));
                let refusal = || Refusal::new(RefusalCode::Guard).with("reason", "no_level");
                draft.op(Op::Level { level: level.ok_or_else(refusal)? });
            }
            Effect::Move { place } => self.relocate(draft, place)?,
            Effect::Extend { clock, by } => self.extend(draft, clock, by)?,
            Effect::Restart { clock, length } => self.restart(draft, clock, length)?,
            Effect::Merge { into } => self.merge(draft, into, decision)?,
            Effect::Open { process, place, set, link } => self.open(draft, (process, place.as_deref()), set, link),
            Effect::Record { register, key, set } => self.record(draft, (register, key), set, decision)?,
            Effect::Notify(whom) => {
                for who in whom {
                    let whom = if *who == Who::Assignee { "assignee" } else { "reporter" };
                    draft.op(Op::Notify { whom: whom.to_owned() });
                }
            }
            Effect::Document(name) => {
                let document = self.world.model.documents.get(name);
                let document = document.ok_or_else(|| Refusal::new(RefusalCode::Unknown).with("document", name))?;
                let (world, state, given) = (self.world, self.state, self.given);
                Issuing { world, state, actor: &self.command.actor, given }.issue(document, draft, decision);
            }
            Effect::Withdraw(name) => withdraw_all(draft, name),
        }
        Ok(())
    }

    fn relocate(&self, draft: &mut Draft, field: &str) -> Result<(), Refusal> {
        let to: Option<PlaceCode> = self.form.get(field).and_then(Value::as_str).and_then(|code| code.parse().ok());
        let to = to.ok_or_else(|| refuse(field, "required"))?;
        if to.shard() != draft.case.shard {
            return Err(refuse(field, "other_county"));
        }
        if to == draft.case.place {
            return Err(refuse(field, "same_place"));
        }
        let mut route: Route = draft.case.route.clone();
        route.moved_from.push((draft.case.place, self.given.now));
        route.place = to;
        route.by = RouteBy::Moved;
        draft.op(Op::Place { route });
        // A case cannot be handled below the place it belongs to.
        if draft.case.level > to.level() {
            draft.op(Op::Level { level: to.level() });
        }
        Ok(())
    }

    fn extend(&self, draft: &mut Draft, name: &str, by: &LengthFrom) -> Result<(), Refusal> {
        let refusal = |what: &str| Refusal::new(RefusalCode::Guard).with("clock", name).with("reason", what);
        let def = self.process.clocks.get(name).ok_or_else(|| refusal("not_running"))?;
        let by = length(by, &self.names(&draft.case), &draft.case).ok_or_else(|| refusal("no_length"))?;
        let mut clock = draft.case.clocks.get(name).cloned().ok_or_else(|| refusal("not_running"))?;
        clock.extend(by, self.given.now, &self.world.office).map_err(|error| {
            refusal(match error {
                ganglion_model::clocks::ClockError::Overdue => "overdue",
                ganglion_model::clocks::ClockError::OtherUnit => "other_unit",
                _ => "not_running",
            })
        })?;
        put(draft, def, clock);
        Ok(())
    }

    fn restart(&self, draft: &mut Draft, name: &str, from: &LengthFrom) -> Result<(), Refusal> {
        let refusal = || Refusal::new(RefusalCode::Guard).with("clock", name).with("reason", "no_length");
        let def = self.process.clocks.get(name).ok_or_else(refusal)?;
        let length = length(from, &self.names(&draft.case), &draft.case).ok_or_else(refusal)?;
        let clock =
            ganglion_model::clocks::Clock::start(self.given.now, Rule { length, ..def.rule }, &self.world.office);
        put(draft, def, clock);
        Ok(())
    }

    /// Ties the case under a parent that stands in the same shard and is no child itself, so chains cannot form.
    fn merge(&self, draft: &mut Draft, field: &str, decision: &mut Decision) -> Result<(), Refusal> {
        let number = self.form.get(field).and_then(Value::as_str).unwrap_or_default();
        let parent = self.state.by_number.get(number).and_then(|id| self.state.cases.get(id));
        // A batch may hold cases of other shards too; no change crosses shards.
        let parent = parent.filter(|parent| parent.shard == draft.case.shard);
        let parent = parent.ok_or_else(|| refuse(field, "not_found"))?;
        let post = who::post_of(self.world, &self.command.actor, self.given.now);
        if !who::may_read(self.world, &self.command.actor, post, parent) || parent.process != draft.case.process {
            return Err(refuse(field, "not_found"));
        }
        if parent.id == draft.case.id {
            return Err(refuse(field, "itself"));
        }
        if parent.links.iter().any(|link| link.kind == "merged_into") {
            return Err(refuse(field, "is_a_child"));
        }
        if draft.case.links.iter().any(|link| link.kind == "merged_from") {
            return Err(refuse(field, "has_children"));
        }
        let link = |kind: &str, case: &Case| Link {
            kind: kind.to_owned(),
            number: case.number.clone(),
            case: case.id,
            shard: case.shard,
        };
        draft.op(Op::Link { link: link("merged_into", parent) });
        decision.changes.push(Change::Case {
            case: parent.id,
            action: "merged_from".to_owned(),
            ops: vec![Op::Link { link: link("merged_from", &draft.case) }],
            input: BTreeMap::new(),
        });
        Ok(())
    }

    /// Opening elsewhere may cross shards, so it is noted here and done by a job that reads the journal.
    fn open(
        &self,
        draft: &mut Draft,
        (process, place): (&str, Option<&str>),
        set: &BTreeMap<String, ganglion_model::expr::Expr>,
        link: &str,
    ) {
        let names = self.names(&draft.case);
        let mut form: Fields = set
            .iter()
            .map(|(field, value)| (field.clone(), value.eval(&names).to_json()))
            // A value sealed under this row's key means nothing in another row.
            .filter(|(_, value)| !value.is_null() && !value.as_str().is_some_and(is_sealed))
            .collect();
        let place = place.and_then(|field| self.form.get(field)?.as_str()?.parse().ok()).unwrap_or(draft.case.place);
        let route = self.world.model.processes.get(process).map(|process| process.route.clone()).unwrap_or_default();
        if let Some(field) = route.place {
            form.insert(field, Value::String(place.to_string()));
        }
        if let (Some(field), Some(point)) = (route.point, draft.case.point.filter(|_| place == draft.case.place)) {
            form.insert(field, Value::from(point.to_vec()));
        }
        let from = Link {
            kind: "opened_from".to_owned(),
            number: draft.case.number.clone(),
            case: draft.case.id,
            shard: draft.case.shard,
        };
        let body = Body::Open {
            process: process.to_owned(),
            form,
            channel: "cross_system".to_owned(),
            observed_at: Some(draft.case.observed_at.unwrap_or(draft.case.opened_at)),
            from: Some(from),
        };
        let id = derived(self.command.id, &format!("{link}/{}", draft.ops.len()));
        let command = Box::new(Command { id, shard: place.shard(), actor: Actor::System, body });
        draft.op(Op::Spawn { command, link: link.to_owned() });
    }

    fn record(
        &self,
        draft: &Draft,
        (register, key): (&str, &ganglion_model::expr::Expr),
        set: &BTreeMap<String, ganglion_model::expr::Expr>,
        decision: &mut Decision,
    ) -> Result<(), Refusal> {
        let names = self.names(&draft.case);
        let Val::Text(key) = key.eval(&names) else {
            return Err(Refusal::new(RefusalCode::Guard).with("register", register));
        };
        let shard = draft.case.shard;
        let before = self.state.newest(&(shard, register.to_owned(), key.to_string()));
        let mut fields = before.map(|record| record.fields.clone()).unwrap_or_default();
        for (field, value) in set {
            fields.insert(field.clone(), value.eval(&names).to_json());
        }
        fields.retain(|_, value| !value.is_null() && !value.as_str().is_some_and(is_sealed));
        let mut row = Record {
            register: register.to_owned(),
            shard,
            key: key.into_owned(),
            version: before.map_or(1, |record| record.version + 1),
            place: Some(draft.case.place),
            valid_from: before.and_then(|record| record.valid_from),
            valid_to: None,
            updated_at: self.given.now,
            fields,
            authority: None,
        };
        derive::finish(self.world, (self.state, self.given), &mut row, &mut decision.numbering);
        decision.changes.push(Change::Record { record: Box::new(row) });
        Ok(())
    }
}

/// Moves `draft` into `state`: numbers that are due, then clocks.
pub fn enter(
    (world, state): (&World, &State),
    process: &Process,
    draft: &mut Draft,
    to: &str,
    (given, decision): (&Given, &mut Decision),
) {
    let from = draft.case.state.clone();
    let last = process.states.get(to).is_some_and(ganglion_model::pack::State::is_settled);
    draft.op(Op::State { from, to: to.to_owned(), last });
    for (name, def) in &process.numbers {
        if def.on_state.as_deref() == Some(to) && !draft.case.numbers.contains_key(name) {
            let key = (draft.case.shard, draft.case.place);
            let sequence = format!("{}.{name}", process.name);
            let numbered = next((state, &decision.numbering), (&sequence, def), key, given.now);
            decision.numbering.push((numbered.sequence, numbered.value));
            draft.op(Op::Number { name: name.clone(), number: numbered.number });
        }
    }
    super::clock::enter(world, process, draft, to, given.now);
}
