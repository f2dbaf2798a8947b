//! Documents of a case: issued with a number without gaps and a code nobody can guess, superseded by a newer one of the
//! same kind, withdrawn with a reason. What is printed is copied here; making the PDF is left to whoever asks for it.

use super::draft::Draft;
use super::number::next;
use super::shown::{self, About};
use super::{Decision, Given, State, who};
use crate::lookup::FigureAsked;
use crate::world::World;
use ganglion_model::change::{Actor, Change, Command, Op, Refusal, RefusalCode};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Document, NumberDef, NumberPart, Process};
use ganglion_model::published::Published;
use ganglion_model::row::Case;
use ganglion_model::scope::{ActorView, Names};
use ganglion_model::{Fields, Issued, Level, PlaceCode, Shard, Standing};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Characters of a code: no letters that look like a figure.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of a code: 100 bits.
const CODE_CHARS: usize = 20;
/// Longest reason in characters.
const REASON_CHARS_MAX: usize = 500;

/// What issuing looks at.
pub struct Issuing<'a> {
    /// The world.
    pub world: &'a World,
    /// Loaded rows.
    pub state: &'a State,
    /// Who.
    pub actor: &'a Actor,
    /// Time and chance.
    pub given: &'a Given,
}

/// The code of a document: from the fresh key that came with the command, which is never stored for this.
pub(super) fn code(given: &Given, document: &str, ordinal: usize) -> String {
    let hash = Sha256::new()
        .chain_update(b"document code\0")
        .chain_update(given.key)
        .chain_update(given.id.as_bytes())
        .chain_update(format!("{document}/{ordinal}"))
        .finalize();
    hash.iter().take(CODE_CHARS).map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

fn place_name(world: &World, place: PlaceCode, (level, now): (Level, Timestamp)) -> String {
    world.places.name(place.at(level).unwrap_or(place), local_date(now))
}

/// The office that issues `document` at `place`, as printed.
#[must_use]
pub fn issuer(world: &World, document: &Document, place: PlaceCode, now: Timestamp) -> String {
    let one = |part: &NumberPart| match part {
        NumberPart::Literal(text) => text.clone(),
        NumberPart::Name(level) => place_name(world, place, (*level, now)),
        _ => String::new(),
    };
    document.issuer.iter().map(one).collect()
}

/// Whether `document` may be issued by hand from `case` as it stands now.
///
/// # Errors
/// The refusal, with the words of the pack.
pub fn guard_holds(
    world: &World,
    document: &Document,
    actor: &Actor,
    (case, now): (&Case, Timestamp),
) -> Result<(), Refusal> {
    let process = world.model.processes.get(&case.process);
    let (Some(process), Some(guard)) = (process, &document.when) else {
        return Ok(());
    };
    let actor = who::view(world, actor, now);
    if guard.holds.holds(&names((world, process), case, &actor, now)) {
        return Ok(());
    }
    Err(Refusal { message: Some(guard.message.clone()), ..Refusal::new(RefusalCode::Guard) })
}

fn names<'a>(
    (world, process): (&'a World, &'a Process),
    case: &'a Case,
    actor: &'a ActorView,
    now: Timestamp,
) -> Names<'a> {
    Names { rows: world, process, case: Some(case), form: None, actor: Some(actor), now }
}

/// The figures `document` would print of `case` now, by name.
///
/// # Errors
/// A place or day that the case does not say.
pub fn figures_asked(
    world: &World,
    document: &Document,
    actor: &Actor,
    (case, now): (&Case, Timestamp),
) -> Result<Vec<(String, FigureAsked)>, Refusal> {
    let Some(process) = world.model.processes.get(&case.process) else { return Ok(Vec::new()) };
    let actor = who::view(world, actor, now);
    let names = names((world, process), case, &actor, now);
    shown::asked(&document.figures, About { place: case.place, names: &names, now })
}

impl Issuing<'_> {
    fn place_name(&self, place: PlaceCode, level: Level) -> String {
        place_name(self.world, place, (level, self.given.now))
    }

    /// The next number. A name of a place is spelled out in it; the sequence is kept by the place's code, so two places of
    /// one name do not share it.
    pub(super) fn number(
        &self,
        document: &Document,
        (shard, place): (Shard, PlaceCode),
        decision: &mut Decision,
    ) -> String {
        let mut sequence = format!("document.{}", document.name);
        let mut parts = Vec::with_capacity(document.number.len());
        for part in &document.number {
            if let NumberPart::Name(level) = part {
                sequence.push_str(&format!(":{}", place.at(*level).unwrap_or(place)));
                parts.push(NumberPart::Literal(self.place_name(place, *level)));
            } else {
                parts.push(part.clone());
            }
        }
        let def = NumberDef { on_state: None, parts, each: Vec::new() };
        let numbered = next((self.state, &decision.numbering), (&sequence, &def), (shard, place, None), self.given.now);
        decision.numbering.push((numbered.sequence, numbered.value));
        numbered.number
    }

    /// Issues `document` from the case as it stands in `draft`.
    ///
    /// # Errors
    /// A figure it prints that cannot be counted.
    pub fn issue(&self, document: &Document, draft: &mut Draft, decision: &mut Decision) -> Result<(), Refusal> {
        let case = &draft.case;
        let figures = self.figures(document, case)?;
        let number = self.number(document, (case.shard, case.place), decision);
        let printed = document.fields.iter().chain(&document.clear);
        let fields: Fields =
            printed.filter_map(|name| Some((name.clone(), Value::clone(case.fields.get(name)?)))).collect();
        let issued = Issued {
            document: document.name.clone(),
            number,
            code: code(self.given, &document.name, case.documents.len()),
            at: self.given.now,
            issuer: issuer(self.world, document, case.place, self.given.now),
            by: who::signature(self.world, self.actor, self.given.now).0,
            fields,
            figures,
            standing: Standing::Valid,
        };
        draft.op(Op::Issue { issued: Box::new(issued) });
        Ok(())
    }

    fn figures(&self, document: &Document, case: &Case) -> Result<BTreeMap<String, Published>, Refusal> {
        let actor = who::view(self.world, self.actor, self.given.now);
        match self.world.model.processes.get(&case.process) {
            Some(process) if !document.figures.is_empty() => {
                let names = names((self.world, process), case, &actor, self.given.now);
                let about = About { place: case.place, names: &names, now: self.given.now };
                shown::kept(self.state, &document.figures, about)
            }
            _ => Ok(BTreeMap::new()),
        }
    }
}

/// Withdraws every standing document called `name`.
pub fn withdraw_all(draft: &mut Draft, name: &str) {
    let standing = |one: &&Issued| one.document == name && one.standing == Standing::Valid;
    let codes: Vec<String> = draft.case.documents.iter().filter(standing).map(|one| one.code.clone()).collect();
    for code in codes {
        draft.op(Op::Withdraw { code, reason: String::new() });
    }
}

/// Whether `actor` may issue `document` from `case` by hand, and withdraw it.
#[must_use]
pub fn may_issue(world: &World, document: &Document, actor: &Actor, case: &Case, now: Timestamp) -> bool {
    let post = who::post_of(world, actor, now);
    document.of == case.process && document.by.iter().any(|one| who::matches(one, actor, post, case))
}

fn permitted<'a>(
    world: &'a World,
    command: &Command,
    case: &Case,
    (name, given): (&str, &Given),
) -> Result<&'a Document, Refusal> {
    let post = who::post_of(world, &command.actor, given.now);
    if !who::may_read(world, &command.actor, post, case) {
        return Err(Refusal::new(RefusalCode::NotFound));
    }
    let document = world.model.documents.get(name).filter(|document| document.of == case.process);
    let document = document.ok_or_else(|| Refusal::new(RefusalCode::Unknown).with("document", name))?;
    if !may_issue(world, document, &command.actor, case, given.now) {
        return Err(Refusal::new(RefusalCode::NotAllowed).with("document", name));
    }
    Ok(document)
}

fn change(draft: Draft, action: &str, mut decision: Decision) -> Decision {
    let (case, ops) = (draft.case.id, draft.ops);
    decision.changes.push(Change::Case { case, action: action.to_owned(), ops, input: Fields::new() });
    decision
}

fn empty() -> Decision {
    Decision::default()
}

/// Decides an issue by hand.
pub fn issue(
    world: &World,
    state: &State,
    command: &Command,
    given: &Given,
    (case, name): (&Case, &str),
) -> Result<Decision, Refusal> {
    let document = permitted(world, command, case, (name, given))?;
    guard_holds(world, document, &command.actor, (case, given.now))?;
    let mut draft = Draft::new(case.clone(), given.now);
    let mut decision = empty();
    let issuing = Issuing { world, state, actor: &command.actor, given };
    issuing.issue(document, &mut draft, &mut decision)?;
    Ok(change(draft, "document_issued", decision))
}

/// Why a document is withdrawn, as it is kept.
///
/// # Errors
/// No reason, or one that is too long.
pub(super) fn reason_of(reason: &str) -> Result<&str, Refusal> {
    let reason = reason.trim();
    match reason.chars().count() {
        0 => Err(super::effect::refuse("reason", "required")),
        n if n > REASON_CHARS_MAX => Err(super::effect::refuse("reason", "too_long")),
        _ => Ok(reason),
    }
}

/// Decides a withdrawal by hand: with a reason, of a document that stands.
pub fn withdraw(
    world: &World,
    command: &Command,
    given: &Given,
    (case, code, reason): (&Case, &str, &str),
) -> Result<Decision, Refusal> {
    let issued = case.documents.iter().find(|one| one.code == code);
    let name = issued.map_or("", |one| one.document.as_str());
    permitted(world, command, case, (name, given))?;
    if issued.is_none_or(|one| one.standing != Standing::Valid) {
        return Err(Refusal::new(RefusalCode::WrongState).with("document", name));
    }
    let reason = reason_of(reason)?;
    let mut draft = Draft::new(case.clone(), given.now);
    draft.op(Op::Withdraw { code: code.to_owned(), reason: reason.to_owned() });
    Ok(change(draft, "document_withdrawn", empty()))
}
