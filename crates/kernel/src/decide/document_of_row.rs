//! Documents of a register row: a certificate, a card with a square code. Made from the version that holds today, with what
//! is printed copied beside it; a newer one of the same kind supersedes the older, whatever version that came from. Issuing
//! is no change of the row: its version, its day and whoever changed it last stay as they are.

use super::document::{Issuing, code, issuer, reason_of};
use super::row_who::{may_make, may_read_row};
use super::shown::{self, About};
use super::{Decision, Given, KnownRows, State, who};
use crate::lookup::FigureAsked;
use crate::world::World;
use ganglion_model::change::{Actor, Change, Command, Refusal, RefusalCode};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Document, Process, Register};
use ganglion_model::row::Record;
use ganglion_model::scope::{InRow, Names};
use ganglion_model::{Fields, Issued, PlaceCode, Standing};
use jiff::Timestamp;
use serde_json::Value;

/// Where a row counts as standing: where it is kept, whose it is, or the place the installation serves.
#[must_use]
pub fn place_of(world: &World, register: &Register, record: &Record) -> PlaceCode {
    register.judged_at(record.place, &record.fields).unwrap_or(world.places.root)
}

/// Whether `actor` may make `document` from a row, and withdraw it.
#[must_use]
pub fn may_issue(
    world: &World,
    (register, document): (&Register, &Document),
    actor: &Actor,
    (record, now): (&Record, Timestamp),
) -> bool {
    let post = who::post_of(world, actor, now);
    let place = register.judged_at(record.place, &record.fields);
    document.row && document.of == register.name && may_make(&document.by, actor, post, place)
}

/// Does something with the names that conditions of a document have over a row.
fn with_names<T>(
    world: &World,
    (register, record): (&Register, &Record),
    (actor, now): (&Actor, Timestamp),
    each: impl FnOnce(&InRow<'_>) -> T,
) -> T {
    let (actor, process) = (who::view(world, actor, now), Process::default());
    let outer = Names { rows: world, process: &process, case: None, form: None, actor: Some(&actor), now };
    each(&InRow { outer: &outer, row: &record.fields, columns: &register.fields })
}

fn ended() -> Refusal {
    Refusal::new(RefusalCode::WrongState).with("reason", "row_ended")
}

/// Whether `document` may be made from a row as it stands now.
///
/// # Errors
/// The refusal, with the words of the pack.
pub fn guard_holds(
    world: &World,
    (register, document): (&Register, &Document),
    actor: &Actor,
    (record, now): (&Record, Timestamp),
) -> Result<(), Refusal> {
    if !record.valid_on(local_date(now)) {
        return Err(ended());
    }
    let Some(guard) = &document.when else { return Ok(()) };
    if with_names(world, (register, record), (actor, now), |names| guard.holds.holds(names)) {
        return Ok(());
    }
    Err(Refusal { message: Some(guard.message.clone()), ..Refusal::new(RefusalCode::Guard) })
}

/// The figures `document` would print of a row now, by name.
///
/// # Errors
/// A place or day that the row does not say.
pub fn figures_asked(
    world: &World,
    (register, document): (&Register, &Document),
    actor: &Actor,
    (record, now): (&Record, Timestamp),
) -> Result<Vec<(String, FigureAsked)>, Refusal> {
    let place = place_of(world, register, record);
    with_names(world, (register, record), (actor, now), |names| {
        shown::asked(&document.figures, About { place, names, now })
    })
}

/// A row as the actor may read it.
struct Found<'a> {
    register: &'a Register,
    versions: Vec<Record>,
}

impl<'a> Found<'a> {
    fn new(
        world: &'a World,
        state: &State,
        (command, given): (&Command, &Given),
        (register, key): (&str, &str),
    ) -> Result<Found<'a>, Refusal> {
        let not_found = || Refusal::new(RefusalCode::NotFound);
        let register = world.model.registers.get(register).ok_or_else(not_found)?;
        let rows = KnownRows::new(world, state, command.shard);
        if rows.row_key(&register.name, key).0 != command.shard {
            return Err(Refusal::new(RefusalCode::WrongShard));
        }
        let versions = rows.versions(&register.name, key);
        let newest = versions.iter().max_by_key(|one| (one.version, one.valid_from)).ok_or_else(not_found)?;
        let post = who::post_of(world, &command.actor, given.now);
        let place = register.judged_at(newest.place, &newest.fields);
        if !may_read_row(register, &command.actor, post, place) {
            return Err(not_found());
        }
        Ok(Found { register, versions })
    }

    /// The declared document, if the actor may make it from `record`.
    fn permitted(
        &self,
        world: &'a World,
        (command, given): (&Command, &Given),
        (record, name): (&Record, &str),
    ) -> Result<&'a Document, Refusal> {
        let document = world.model.documents.get(name).filter(|one| one.row && one.of == self.register.name);
        let document = document.ok_or_else(|| Refusal::new(RefusalCode::Unknown).with("document", name))?;
        if !may_issue(world, (self.register, document), &command.actor, (record, given.now)) {
            return Err(Refusal::new(RefusalCode::NotAllowed).with("document", name));
        }
        Ok(document)
    }
}

/// Rows that came with a pack are kept from then on as they are: the paper rests on them.
fn kept(record: Record) -> Change {
    Change::Record { record: Box::new(Record { version: record.version.max(1), ..record }) }
}

/// Decides an issue.
pub fn issue(
    world: &World,
    state: &State,
    (command, given): (&Command, &Given),
    (register, key, name): (&str, &str, &str),
) -> Result<Decision, Refusal> {
    let found = Found::new(world, state, (command, given), (register, key))?;
    let today = local_date(given.now);
    let holds = found.versions.iter().rfind(|one| one.valid_on(today));
    let holds = holds.ok_or_else(ended)?.clone();
    let document = found.permitted(world, (command, given), (&holds, name))?;
    guard_holds(world, (found.register, document), &command.actor, (&holds, given.now))?;
    let place = place_of(world, found.register, &holds);
    let figures = with_names(world, (found.register, &holds), (&command.actor, given.now), |names| {
        shown::kept(state, &document.figures, About { place, names, now: given.now })
    })?;
    let mut decision = Decision::default();
    let issuing = Issuing { world, state, actor: &command.actor, given };
    let number = issuing.number(document, (holds.shard, place), &mut decision);
    let printed = document.fields.iter().chain(&document.clear);
    let fields: Fields =
        printed.filter_map(|name| Some((name.clone(), Value::clone(holds.fields.get(name)?)))).collect();
    let ordinal = found.versions.iter().map(|one| one.documents.len()).sum();
    let issued = Issued {
        document: document.name.clone(),
        number,
        code: code(given, &document.name, ordinal),
        at: given.now,
        issuer: issuer(world, document, place, given.now),
        by: match &command.actor {
            Actor::Post { post, .. } => Some(post.clone()),
            _ => None,
        },
        fields,
        figures,
        standing: Standing::Valid,
    };
    for mut version in found.versions {
        let mut touched = supersede(&mut version, &issued);
        if version.valid_from == holds.valid_from {
            version.documents.push(issued.clone());
            touched = true;
        }
        if touched {
            decision.changes.push(kept(version));
        }
    }
    Ok(decision)
}

/// Older ones of the same kind no longer stand; whether there were any.
fn supersede(version: &mut Record, newer: &Issued) -> bool {
    let standing = |one: &&mut Issued| one.document == newer.document && one.standing == Standing::Valid;
    let mut any = false;
    for old in version.documents.iter_mut().filter(standing) {
        old.standing = Standing::Superseded { at: newer.at, by: newer.number.clone() };
        any = true;
    }
    any
}

/// Decides a withdrawal: with a reason, of a document that stands.
pub fn withdraw(
    world: &World,
    state: &State,
    (command, given): (&Command, &Given),
    (register, key): (&str, &str),
    (code, reason): (&str, &str),
) -> Result<Decision, Refusal> {
    let mut found = Found::new(world, state, (command, given), (register, key))?;
    let has = |version: &Record| version.documents.iter().any(|one| one.code == code);
    let at = found.versions.iter().position(has).ok_or_else(|| Refusal::new(RefusalCode::NotFound))?;
    let mut version = found.versions.swap_remove(at);
    let name = version.documents.iter().find(|one| one.code == code).map(|one| one.document.clone());
    let name = name.unwrap_or_default();
    found.permitted(world, (command, given), (&version, &name))?;
    let reason = reason_of(reason)?;
    let stands = |one: &&mut Issued| one.code == code && one.standing == Standing::Valid;
    let Some(issued) = version.documents.iter_mut().find(stands) else {
        return Err(Refusal::new(RefusalCode::WrongState).with("document", name));
    };
    issued.standing = Standing::Withdrawn { at: given.now, reason: reason.to_owned() };
    Ok(Decision::of(kept(version)))
}
