//! Changing a register row: permission first, then whether it is still what the actor saw, the form, references, values that
//! may stand once, and where the version goes in time. Where two persons are needed, the same checks make a proposal.

use super::act::seal_values;
use super::form::{FormContext, read_form};
use super::row_span::{Span, ended, place};
use super::row_who::{may_edit_row, may_propose_row, may_read_row};
use super::rows::{KnownRows, Typing};
use super::{Decision, Given, State, derive, proposal, who};
use crate::world::World;
use ganglion_model::change::{Actor, Change, Command, FieldFinding, Refusal, RefusalCode};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Field, FieldKind, Process, Register, Scope};
use ganglion_model::proposal::{RowDeed, RowWish};
use ganglion_model::row::{Authority, Mark};
use ganglion_model::{Fields, PlaceCode, Post, Record, RowKey, row_id};
use jiff::civil::Date;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What every step about one row looks at.
pub struct Desk<'a> {
    /// The world.
    pub world: &'a World,
    /// Loaded rows.
    pub state: &'a State,
    /// The command.
    pub command: &'a Command,
    /// Time and ids.
    pub given: &'a Given,
    /// The register.
    pub register: &'a Register,
    /// The post that acts.
    pub post: Option<&'a Post>,
}

/// The row a wish is about.
pub struct Target {
    /// Natural key.
    pub key: String,
    /// Its versions, in order; empty for a new row.
    pub versions: Vec<Record>,
    /// The place it belongs to afterwards.
    pub place: Option<PlaceCode>,
}

impl Target {
    /// The number of the newest change; 0 for a new row.
    pub fn version(&self) -> u32 {
        self.versions.iter().map(|one| one.version).max().unwrap_or(0)
    }

    /// The version written last.
    pub fn newest(&self) -> Option<&Record> {
        self.versions.iter().max_by_key(|one| (one.version, one.valid_from))
    }
}

/// A refusal about one field.
pub fn wrong(field: &str, problem: &str) -> Refusal {
    let finding =
        FieldFinding { field: field.to_owned(), problem: problem.to_owned(), message: None, args: BTreeMap::new() };
    Refusal { fields: vec![finding], ..Refusal::new(RefusalCode::Form) }
}

/// What was typed, or all that is wrong at once: with the fields, and with the place.
fn all_or_findings(read: Result<Fields, Vec<FieldFinding>>, place: Result<(), Refusal>) -> Result<Fields, Refusal> {
    match (read, place) {
        (Ok(values), Ok(())) => Ok(values),
        (read, place) => {
            let misplaced = place.err().map(|refusal| refusal.fields).unwrap_or_default();
            let fields = read.err().into_iter().flatten().chain(misplaced).collect();
            Err(Refusal { fields, ..Refusal::new(RefusalCode::Form) })
        }
    }
}

/// Decides a wish about a row.
pub fn row(
    world: &World,
    state: &State,
    command: &Command,
    given: &Given,
    wish: &RowWish,
) -> Result<Decision, Refusal> {
    let desk = Desk::new(world, state, (command, given), &wish.register)?;
    let (wish, numbering) = desk.numbered(wish);
    let wish: &RowWish = &wish;
    let target = desk.target(wish)?;
    let alone = desk.permit(wish, &target)?;
    if wish.version.is_some_and(|seen| seen != target.version()) {
        return Err(Refusal::new(RefusalCode::Changed).with("key", &target.key));
    }
    let fields = match wish.deed {
        RowDeed::Put => desk.read(wish, &target)?,
        RowDeed::Retire => Fields::new(),
    };
    let mut decision = Decision { key: desk.new_key(&target, &fields), numbering, ..Decision::default() };
    if alone {
        let authority = desk.mark().map(|by| Authority { by, approved: None, why: wish.why.clone() });
        desk.carry_out(wish, &target, (fields, authority), &mut decision)?;
    } else {
        // Whatever would be refused on approval is refused now.
        desk.carry_out(wish, &target, (fields.clone(), None), &mut Decision::default())?;
        decision.changes.push(proposal::proposed(&desk, wish, &target, fields)?);
    }
    Ok(decision)
}

impl<'a> Desk<'a> {
    /// A desk for a register; one that does not exist is not found.
    pub fn new(
        world: &'a World,
        state: &'a State,
        (command, given): (&'a Command, &'a Given),
        register: &str,
    ) -> Result<Desk<'a>, Refusal> {
        let register = world.model.registers.get(register).ok_or_else(|| Refusal::new(RefusalCode::NotFound))?;
        let post = who::post_of(world, &command.actor, given.now);
        Ok(Desk { world, state, command, given, register, post })
    }

    /// Rows as they stand.
    pub fn rows(&self) -> KnownRows<'_> {
        KnownRows::new(self.world, self.state, self.command.shard)
    }

    /// Today.
    pub fn today(&self) -> Date {
        local_date(self.given.now)
    }

    /// The row `key` as it stands.
    pub fn row_key(&self, key: &str) -> RowKey {
        (self.command.shard, self.register.name.clone(), key.to_owned())
    }

    /// Who acts, as it is kept with the row; `None` for the system.
    pub fn mark(&self) -> Option<Mark> {
        let (post, account) = who::signature(self.world, &self.command.actor, self.given.now);
        account.is_some().then_some(Mark { post, account, at: self.given.now })
    }

    /// A new row with its numbers; those typed are none.
    fn numbered<'w>(&self, wish: &'w RowWish) -> (Cow<'w, RowWish>, Vec<(String, u64)>) {
        let is_number = |field: &&Field| matches!(field.kind, FieldKind::Serial { .. });
        let numbers: Vec<&Field> = self.register.fields.iter().filter(is_number).collect();
        if numbers.is_empty() || wish.key.is_some() || wish.deed != RowDeed::Put {
            return (Cow::Borrowed(wish), Vec::new());
        }
        let mut own = wish.clone();
        own.form.retain(|name, _| !numbers.iter().any(|field| field.name == *name));
        let place = self.place_typed(wish).or(wish.place).unwrap_or(self.world.places.root);
        let (owner, fields) = (self.register.name.as_str(), self.register.fields.as_slice());
        let mut numbering = Vec::new();
        let at = (self.command.shard, place);
        derive::number((self.state, self.given), (owner, fields), at, (&mut own.form, &mut numbering));
        (Cow::Owned(own), numbering)
    }

    fn target(&self, wish: &RowWish) -> Result<Target, Refusal> {
        let key = match &wish.key {
            Some(key) => key.clone(),
            None => self.register.key_of(&wish.form).ok_or_else(|| wrong(&self.register.key, "required"))?,
        };
        let versions = self.rows().versions(&self.register.name, &key);
        if wish.key.is_some() && versions.is_empty() {
            return Err(Refusal::new(RefusalCode::NotFound));
        }
        let target = Target { key, versions, place: None };
        let now = target.newest().and_then(|one| one.place);
        let place = match self.register.scope {
            Scope::Deployment => None,
            Scope::Place(_) => self.place_typed(wish).or(wish.place).or(now),
        };
        let shard = place.map_or(ganglion_model::Shard::DEPLOYMENT, PlaceCode::shard);
        if shard != self.command.shard && (place.is_some() || self.register.scope == Scope::Deployment) {
            return Err(Refusal::new(RefusalCode::WrongShard).with("shard", shard.to_string()));
        }
        Ok(Target { place, ..target })
    }

    /// The place typed in a field of the register's own called `place`.
    fn place_typed(&self, wish: &RowWish) -> Option<PlaceCode> {
        self.register.field("place")?;
        wish.form.get("place")?.as_str()?.trim().parse().ok()
    }

    /// Whether the actor may change the row alone (`true`) or propose it. A row that may not be read is not found.
    fn permit(&self, wish: &RowWish, target: &Target) -> Result<bool, Refusal> {
        let (register, actor, post) = (self.register, &self.command.actor, self.post);
        if target.newest().is_some_and(|one| !may_read_row(register, actor, post, one.place)) {
            return Err(Refusal::new(RefusalCode::NotFound));
        }
        let now = target.newest().map(|one| register.judged_at(one.place, &one.fields));
        let then = register.judged_at(target.place, &wish.form).or_else(|| now.flatten());
        let both = |may: fn(&Register, &Actor, Option<&Post>, Option<PlaceCode>) -> bool| {
            may(register, actor, post, then) && now.is_none_or(|place| may(register, actor, post, place))
        };
        // A new row without a place is judged by the post alone; the form then asks for the place.
        if both(may_edit_row) {
            Ok(true)
        } else if both(may_propose_row) {
            Ok(false)
        } else if may_read_row(register, actor, post, target.place) {
            Err(Refusal::new(RefusalCode::NotAllowed).with("register", &register.name))
        } else {
            Err(Refusal::new(RefusalCode::NotFound))
        }
    }

    fn check_place(&self, target: &Target) -> Result<(), Refusal> {
        let Scope::Place(level) = self.register.scope else { return Ok(()) };
        let place = target.place.ok_or_else(|| wrong("place", "required"))?;
        let places = &self.world.places;
        if places.tree.on(place, self.today()).is_none() {
            return Err(wrong("place", "not_a_place"));
        }
        if !places.root.holds(place) {
            return Err(wrong("place", "outside"));
        }
        if place.level() == level { Ok(()) } else { Err(wrong("place", "wrong_level")) }
    }

    /// What a partial wish does not name stays as the newest version has it; personal values are kept elsewhere, sealed.
    fn leave_as_before(&self, form: &mut Fields, before: Option<&Record>) {
        let own = |name: &str| self.register.field(name).is_some_and(|field| !field.personal && field.is_typed());
        for (name, value) in before.map(|one| &one.fields).into_iter().flatten().filter(|(name, _)| own(name)) {
            form.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    /// Reads the form of a row; personal values come back sealed, those left empty as they were.
    fn read(&self, wish: &RowWish, target: &Target) -> Result<Fields, Refusal> {
        let place = self.check_place(target);
        if wish.key.is_none() && !target.versions.is_empty() {
            return Err(Refusal::new(RefusalCode::Duplicate)
                .with("number", &target.key)
                .with("field", &self.register.key));
        }
        let before = target.newest();
        let mut form = wish.form.clone();
        if wish.partial {
            self.leave_as_before(&mut form, before);
        }
        let fixed = self.register.fields.iter().filter(|field| field.fixed).map(|field| field.name.as_str());
        for name in self.register.key_fields().chain(fixed.clone()) {
            if let Some(value) = before.and_then(|one| one.fields.get(name)) {
                form.entry(name.to_owned()).or_insert_with(|| value.clone());
            }
        }
        let is_blank = |name: &str| match form.get(name) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(_) => false,
        };
        // A number is given once: a new row has it from this command, any other keeps its own. What steps of cases set
        // stays as they set it.
        let numbers = self.register.fields.iter().filter(|field| field.is_kept()).filter_map(|field| {
            let from = before.map(|one| &one.fields).or((!field.by_cases).then_some(&wish.form))?;
            Some((field.name.clone(), from.get(&field.name)?.clone()))
        });
        let unseen = self.register.fields.iter().filter(|field| field.personal && is_blank(&field.name));
        let kept: Fields = unseen
            .filter_map(|field| Some((field.name.clone(), before?.fields.get(&field.name)?.clone())))
            .chain(numbers)
            .collect();
        form.retain(|name, _| !kept.contains_key(name));
        // Copied only where something is left out: most rows are asked all of it.
        let asked: Cow<'_, [Field]> = if kept.is_empty() {
            Cow::Borrowed(self.register.fields.as_slice())
        } else {
            self.register.fields.iter().filter(|field| !kept.contains_key(&field.name)).cloned().collect()
        };
        let (actor, process, rows) = (
            who::view(self.world, &self.command.actor, self.given.now),
            Process::default(),
            KnownRows { typed: Some(self.typing(wish, target)), ..self.rows() },
        );
        let context = FormContext {
            world: self.world,
            rows: &rows,
            process: &process,
            case: None,
            before: before.map(|one| &one.fields),
            actor: &actor,
            now: self.given.now,
        };
        let values = all_or_findings(read_form(&context, &asked, &form), place)?;
        let old = |name: &str| before.and_then(|one| one.fields.get(name));
        if let Some(changed) =
            fixed.into_iter().find(|name| old(name).is_some_and(|old| values.get(*name) != Some(old)))
        {
            return Err(wrong(changed, "fixed"));
        }
        let named: Fields = values.clone().into_iter().chain(kept.clone()).collect();
        if self.register.key_of(&named).as_deref() != Some(target.key.as_str()) {
            let (field, is_new) = (&self.register.key, before.is_none());
            return Err(if is_new { wrong(field, "pattern") } else { wrong(field, "key_fixed") });
        }
        let mut sealed = match self.key(target) {
            Some(key) => seal_values((self.state.cipher, &key), self.command.id, &asked, &values)?,
            None => values,
        };
        sealed.extend(kept);
        Ok(sealed)
    }

    /// The row that is being typed, and the day its version is to begin.
    fn typing<'k>(&'k self, wish: &RowWish, target: &'k Target) -> Typing<'k> {
        let from = self.register.dated.then(|| wish.from.unwrap_or_else(|| self.today()));
        Typing { register: &self.register.name, key: &target.key, from }
    }

    /// The key personal values of the row are sealed under: the one it has, or the fresh one of this command.
    fn key(&self, target: &Target) -> Option<crate::seal::Key> {
        let id = row_id(self.command.shard, &self.register.name, &target.key);
        let has = self.state.keys.get(&id).copied();
        self.register.has_personal().then(|| has.unwrap_or(self.given.key))
    }

    /// The fresh key, when the row gets one.
    fn new_key(&self, target: &Target, fields: &Fields) -> Option<(ganglion_model::CaseId, crate::seal::Key)> {
        let id = row_id(self.command.shard, &self.register.name, &target.key);
        let seals = self.register.fields.iter().any(|field| field.personal && fields.contains_key(&field.name));
        (seals && !self.state.keys.contains_key(&id)).then_some((id, self.given.key))
    }

    /// Notes the changes of a wish that was permitted and read.
    pub fn carry_out(
        &self,
        wish: &RowWish,
        target: &Target,
        (fields, authority): (Fields, Option<Authority>),
        decision: &mut Decision,
    ) -> Result<(), Refusal> {
        let authority = authority.map(Box::new);
        match wish.deed {
            RowDeed::Retire => self.retire(wish, target, authority, decision),
            RowDeed::Put => {
                super::row_unique::take(self, target, &fields, decision)?;
                self.put(wish, target, (fields, authority), decision)
            }
        }
    }

    fn put(
        &self,
        wish: &RowWish,
        target: &Target,
        (fields, authority): (Fields, Option<Box<Authority>>),
        decision: &mut Decision,
    ) -> Result<(), Refusal> {
        let span = if self.register.dated {
            place(&target.versions, wish.from.unwrap_or_else(|| self.today()), wish.until)?
        } else {
            let from = target.newest().and_then(|one| one.valid_from);
            Span { from, to: None, closes: None }
        };
        let version = target.version() + 1;
        let closed = span.closes.and_then(|(from, end)| {
            let earlier = target.versions.iter().find(|one| one.valid_from == from)?;
            Some(Record { version, valid_to: Some(end), updated_at: self.given.now, ..earlier.clone() })
        });
        let replaced = target.versions.iter().find(|one| one.valid_from == span.from);
        let mut record = Record {
            register: self.register.name.clone(),
            shard: self.command.shard,
            key: target.key.clone(),
            version,
            place: target.place,
            valid_from: span.from,
            valid_to: span.to,
            updated_at: self.given.now,
            fields,
            authority,
            documents: replaced.map(|one| one.documents.clone()).unwrap_or_default(),
        };
        derive::keep_numbers(self.register, target.newest(), &mut record);
        derive::finish(self.world, (self.state, self.given), &mut record, &mut decision.numbering);
        let follows = derive::following((self.world, self.state), self.register, (&record, false), self.given.now);
        decision.changes.push(Change::Record { record: Box::new(record) });
        decision.changes.extend(closed.map(|record| Change::Record { record: Box::new(record) }));
        decision.changes.extend(follows.map(|record| Change::Record { record: Box::new(record) }));
        Ok(())
    }

    fn retire(
        &self,
        wish: &RowWish,
        target: &Target,
        authority: Option<Box<Authority>>,
        decision: &mut Decision,
    ) -> Result<(), Refusal> {
        let day = wish.from.unwrap_or_else(|| self.today());
        let holds = ended(&target.versions, day)?;
        super::row_unique::unreferenced(self, &target.key)?;
        super::row_unique::give_back(self, target, decision);
        let record = Record {
            version: target.version() + 1,
            valid_to: Some(day),
            updated_at: self.given.now,
            authority,
            ..holds.clone()
        };
        let follows = derive::following((self.world, self.state), self.register, (&record, true), self.given.now);
        decision.changes.push(Change::Record { record: Box::new(record) });
        decision.changes.extend(follows.map(|record| Change::Record { record: Box::new(record) }));
        Ok(())
    }
}
