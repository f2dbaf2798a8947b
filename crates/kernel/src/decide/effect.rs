//! What an action does to a case, effect by effect.

use super::clock::{Turn, length, put, turn};
use super::document::{Issuing, withdraw_all};
use super::draft::Draft;
use super::number::next;
use super::rows::KnownRows;
use super::shown::About;
use super::{Also, Decision, Given, State, table, tell, who};
use crate::route::workload;
use crate::seal::is_sealed;
use crate::world::World;
use ganglion_model::change::{Actor, Body, Change, Command, Op, Refusal, RefusalCode};
use ganglion_model::clocks::{Clock, Length, Rule, local_date};
use ganglion_model::expr::Expr;
use ganglion_model::pack::{Action, Assign, Effect, LengthFrom, Opening, Process, promised_of};
use ganglion_model::row::{Case, Down, Link, Mark, Notice, OPENED_FROM, Route, RouteBy};
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
    /// Rows it may refer to.
    pub rows: KnownRows<'a>,
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
    pub(super) fn names<'b>(&'b self, case: &'b Case) -> Names<'b> {
        Names {
            rows: &self.rows,
            process: self.process,
            case: Some(case),
            form: Some((self.form, &self.action.form)),
            actor: Some(self.actor),
            now: self.given.now,
        }
    }

    fn posts(&self, case: &Case, assign: &Assign) -> Vec<PostId> {
        let id = |value: &Value| value.as_str().map(|id| PostId(id.to_owned()));
        match assign {
            Assign::Form(field) => self.form.get(field).and_then(id).into_iter().collect(),
            Assign::FormMany(field) => {
                self.form.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(id).collect()
            }
            Assign::Actor => self.actor.post.clone().map(PostId).into_iter().collect(),
            Assign::Workload(by) => {
                let among = workload::posts(self.world, by, case.place, local_date(self.given.now));
                workload::choose(&self.state.loads, &among).map(|chosen| chosen.post).into_iter().collect()
            }
            Assign::Of(expr) => match expr.eval(&self.names(case)).to_json() {
                Value::Array(all) => all.iter().filter_map(id).collect(),
                one => id(&one).into_iter().collect(),
            },
            Assign::Nobody => Vec::new(),
        }
    }

    fn mark(&self) -> Mark {
        let (post, account) = who::signature(self.world, &self.command.actor, self.given.now);
        Mark { post, account, at: self.given.now }
    }

    /// The effects whose conditions hold on the case as it stands with what was typed: all are judged before the first is
    /// done, so that two with opposite conditions can never both happen, or neither.
    pub fn due<'e>(&self, case: &Case, effects: &'e [Effect]) -> Vec<&'e Effect> {
        let names = self.names(case);
        effects
            .iter()
            .filter(|effect| match effect {
                Effect::When { holds, .. } => holds.holds(&names),
                _ => true,
            })
            .collect()
    }

    /// Does one effect, whose condition was judged by [`Doing::due`].
    pub fn run(&self, draft: &mut Draft, effect: &Effect, decision: &mut Decision) -> Result<(), Refusal> {
        match effect.done() {
            Effect::Assign(assign) => {
                let post = self.posts(&draft.case, assign).into_iter().next();
                draft.op(Op::Assign { post });
            }
            Effect::Assist(assign) => {
                let posts = self.posts(&draft.case, assign);
                draft.op(Op::Assist { posts });
            }
            Effect::Set { field, value } => {
                let value = table::stored(value, (self.form, &draft.case), &self.names(&draft.case));
                let value = table::kept(value, self.process.field(field));
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
            Effect::Extend { clock, by, max } => self.extend(draft, clock, (by, *max))?,
            Effect::Restart { clock, length } => self.restart(draft, clock, length)?,
            Effect::Merge { into } => self.merge(draft, into, decision)?,
            Effect::Add { field, set } => {
                let case = draft.case.clone();
                let names = self.names(&case);
                table::add(draft, self.process.field(field), set, |value| value.eval(&names).to_json())?;
            }
            Effect::Open(opening) => {
                let rows = opening.each.as_ref().map(|field| table::rows(&draft.case, field));
                for row in rows.map_or_else(|| vec![None], |rows| rows.into_iter().map(Some).collect()) {
                    let command = Box::new(self.opening(draft, opening, row.as_ref()));
                    draft.op(Op::Spawn { command, link: opening.link.clone() });
                }
            }
            Effect::Convert(opening) => self.convert(draft, opening, decision)?,
            Effect::Record { register, key, set } => self.record(draft, (register, key), set, decision)?,
            Effect::End { register, key, on } => self.end(draft, (register, key), on.as_ref(), decision)?,
            Effect::Notify { to, text } => {
                for op in tell::ops(self.world, &draft.case, (to, text), self.given.now) {
                    draft.op(op);
                }
            }
            Effect::Document(name) => {
                let document = self.world.model.documents.get(name);
                let document = document.ok_or_else(|| Refusal::new(RefusalCode::Unknown).with("document", name))?;
                let (world, state, given) = (self.world, self.state, self.given);
                Issuing { world, state, actor: &self.command.actor, given }.issue(document, draft, decision)?;
            }
            Effect::Withdraw(name) => withdraw_all(draft, name),
            Effect::EraseCase(_) | Effect::EraseRow { .. } => self.erase(draft, effect.done())?,
            Effect::Publish(name) => self.publish(draft, name)?,
            Effect::Unpublish(name) => unpublish(draft, name)?,
            Effect::Start(clock) => self.turn(draft, clock, Turn::Start)?,
            Effect::Stop(clock) => self.turn(draft, clock, Turn::Stop)?,
            Effect::Pause(clock) => self.turn(draft, clock, Turn::Pause)?,
            Effect::Resume(clock) => self.turn(draft, clock, Turn::Resume)?,
            Effect::When { .. } => {}
        }
        Ok(())
    }

    /// Asks for the personal values of a case or row to be destroyed; a job sends the command.
    fn erase(&self, draft: &mut Draft, effect: &Effect) -> Result<(), Refusal> {
        let value = |expr: &Expr| expr.eval(&self.names(&draft.case)).to_json();
        let what = match effect {
            Effect::EraseCase(number) => super::erase::case(&value(number))?,
            Effect::EraseRow { register, key } => super::erase::row(register, &value(key))?,
            _ => return Ok(()),
        };
        super::erase::ask(self.command, draft, what);
        Ok(())
    }

    fn publish(&self, draft: &mut Draft, name: &str) -> Result<(), Refusal> {
        let def = self.process.notices.get(name).ok_or_else(|| Refusal::new(RefusalCode::Unknown))?;
        let clock = Clock::start(self.given.now, def.rule, &self.world.office);
        let until = clock.due_at().unwrap_or(self.given.now);
        let names = self.names(&draft.case);
        let about = About { place: draft.case.place, names: &names, now: self.given.now };
        let figures = super::shown::kept(self.state, &def.figures, about)?;
        let notice = Notice { from: self.given.now, until, down: None, figures };
        draft.op(Op::Notice { name: name.to_owned(), notice });
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

    /// An effect on a clock that cannot have it (one that does not run, say) is refused, and the step with it.
    fn turn(&self, draft: &mut Draft, name: &str, what: Turn) -> Result<(), Refusal> {
        let refusal = || Refusal::new(RefusalCode::Guard).with("clock", name).with("reason", "not_running");
        let def = self.process.clocks.get(name).ok_or_else(refusal)?;
        let current = draft.case.clocks.get(name).filter(|clock| clock.stopped_at().is_none());
        let fits = match (what, current) {
            (Turn::Start, current) => current.is_none(),
            (Turn::Stop, current) => current.is_some(),
            (Turn::Pause, current) => current.is_some_and(|clock| !clock.is_paused()),
            (Turn::Resume, current) => current.is_some_and(Clock::is_paused),
        };
        if !fits {
            return Err(refusal());
        }
        turn((self.world, self.process), draft, def, (what, self.given.now));
        if matches!(what, Turn::Pause | Turn::Resume) {
            draft.op(Op::Hold { clock: name.to_owned(), on: what == Turn::Pause });
        }
        Ok(())
    }

    fn extend(&self, draft: &mut Draft, name: &str, (by, max): (&LengthFrom, Option<Length>)) -> Result<(), Refusal> {
        let refusal = |what: &str| Refusal::new(RefusalCode::Guard).with("clock", name).with("reason", what);
        let def = self.process.clocks.get(name).ok_or_else(|| refusal("not_running"))?;
        let by = length(by, &self.names(&draft.case), &draft.case).ok_or_else(|| refusal("no_length"))?;
        let mut clock = draft.case.clocks.get(name).cloned().ok_or_else(|| refusal("not_running"))?;
        // Lengths in different units are compared by where they end.
        let office = &self.world.office;
        if max.is_some_and(|max| clock.end_with(by, office).at > clock.end_with(max, office).at) {
            return Err(refusal("too_long"));
        }
        clock.extend(by, self.given.now, &self.world.office).map_err(|error| {
            refusal(match error {
                ganglion_model::clocks::ClockError::Overdue => "overdue",
                _ => "not_running",
            })
        })?;
        put(self.world, draft, (def, name), clock);
        let promised = promised_of(name);
        if let Some(mut clock) = draft.case.clocks.get(&promised).cloned()
            && clock.extend(by, self.given.now, &self.world.office).is_ok()
        {
            put(self.world, draft, (def, &promised), clock);
        }
        Ok(())
    }

    fn restart(&self, draft: &mut Draft, name: &str, from: &LengthFrom) -> Result<(), Refusal> {
        let refusal = || Refusal::new(RefusalCode::Guard).with("clock", name).with("reason", "no_length");
        let def = self.process.clocks.get(name).ok_or_else(refusal)?;
        let length = length(from, &self.names(&draft.case), &draft.case).ok_or_else(refusal)?;
        let clock = Clock::start(self.given.now, Rule { length, ..def.rule }, &self.world.office);
        put(self.world, draft, (def, name), clock);
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
        let link = |kind: &str, case: &Case| Link { process: None, ..Link::to(case, kind) };
        draft.op(Op::Link { link: link("merged_into", parent) });
        decision.changes.push(Change::Case {
            case: parent.id,
            action: "merged_from".to_owned(),
            ops: vec![Op::Link { link: link("merged_from", &draft.case) }],
            input: BTreeMap::new(),
        });
        Ok(())
    }

    /// The command that opens another case. Opening elsewhere may cross shards: then it is noted, and a job sends it.
    fn opening(&self, draft: &Draft, opening: &Opening, row: Option<&Value>) -> Command {
        let no_row = Value::Null;
        let names = table::OfRow { names: self.names(&draft.case), row: row.unwrap_or(&no_row) };
        let target = self.world.model.processes.get(&opening.process);
        let declared = |name: &str| target.and_then(|process| process.form.iter().find(|field| field.name == name));
        let value = |field: &str, value: &Expr| {
            table::typed(table::stored(value, (self.form, &draft.case), &names), declared(field))
        };
        let mut form: Fields = opening
            .set
            .iter()
            .map(|(field, expr)| (field.clone(), value(field, expr)))
            // A value sealed under this row's key means nothing in another row.
            .filter(|(_, value)| !value.is_null() && !value.as_str().is_some_and(is_sealed))
            .collect();
        let place = opening.place.as_ref().and_then(|field| self.form.get(field)?.as_str()?.parse().ok());
        let route = target.map(|process| process.route.clone()).unwrap_or_default();
        // A place that is set is where it goes; without one it stays where this case is.
        let set = route.place.as_ref().and_then(|field| form.get(field)?.as_str()?.parse().ok());
        let place: PlaceCode = place.or(set).unwrap_or(draft.case.place);
        if let Some(field) = route.place {
            form.insert(field, Value::String(place.to_string()));
        }
        if let (Some(field), Some(point)) = (route.point, draft.case.point.filter(|_| place.holds(draft.case.place))) {
            form.insert(field, Value::from(point.to_vec()));
        }
        let from =
            Link { settled: false, seen: 0, marks: draft.case.marks.clone(), ..Link::to(&draft.case, OPENED_FROM) };
        let body = Body::Open {
            process: opening.process.clone(),
            form,
            channel: "cross_system".to_owned(),
            observed_at: Some(draft.case.observed_at.unwrap_or(draft.case.opened_at)),
            from: Some(from),
        };
        let id = derived(self.command.id, &format!("{}/{}", opening.link, draft.ops.len()));
        Command { id, shard: place.shard(), actor: Actor::System, body }
    }

    /// Opens the other case in this very decision, tied both ways, if it belongs to the same county.
    fn convert(&self, draft: &mut Draft, opening: &Opening, decision: &mut Decision) -> Result<(), Refusal> {
        let command = self.opening(draft, opening, None);
        if command.shard != draft.case.shard {
            draft.op(Op::Spawn { command: Box::new(command), link: opening.link.clone() });
            return Ok(());
        }
        let given = self.given.further(decision.also.len());
        let mut opened = super::open::open(self.world, self.state, &command, &given, &decision.numbering)?;
        let Some(Change::Opened { case }) = opened.changes.first() else {
            return Err(Refusal::new(RefusalCode::Unknown));
        };
        draft.op(Op::Link { link: Link { settled: false, ..Link::to(case, &opening.link) } });
        decision.also.push(Also { number: case.number.clone(), key: opened.key, unique: opened.unique });
        decision.numbering = opened.numbering;
        decision.changes.append(&mut opened.changes);
        Ok(())
    }
}

fn unpublish(draft: &mut Draft, name: &str) -> Result<(), Refusal> {
    let up = draft.case.notices.get(name).filter(|notice| notice.down.is_none()).cloned();
    let up = up.ok_or_else(|| Refusal::new(RefusalCode::Guard).with("reason", "no_notice"))?;
    let notice = Notice { down: Some(Down::Withdrawn), ..up };
    draft.op(Op::Notice { name: name.to_owned(), notice });
    Ok(())
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
            let kind = process.kind_field.as_ref().and_then(|field| draft.case.fields.get(field)?.as_str());
            let key = (draft.case.shard, draft.case.place, kind);
            let sequence = format!("{}.{name}", process.name);
            let numbered = next((state, &decision.numbering), (&sequence, def), key, given.now);
            decision.numbering.push((numbered.sequence, numbered.value));
            draft.op(Op::Number { name: name.clone(), number: numbered.number });
        }
    }
    super::clock::enter(world, process, draft, to, given.now);
}
