//! Rows of registers in scenarios: `WHO puts REGISTER KEY {fields}` and its like, and what `then` lines ask about rows.

use super::check::Pair;
use super::run::Running;
use super::send;
use super::value::{expected, form, resolved, shown};
use ganglion_kernel::decide::{row_who, who};
use ganglion_kernel::seal;
use ganglion_model::change::{Actor, Body};
use ganglion_model::pack::{Register, Scope};
use ganglion_model::{
    AccountId, Fields, Issued, PlaceCode, Proposal, ProposalState, Record, RowDeed, RowWish, Shard, Verdict, row_id,
};
use jiff::civil::Date;
use serde_json::Value;

/// What is done to a row.
pub const VERBS: [&str; 6] = ["puts", "proposes", "retires", "approves", "rejects", "withdraws"];

/// Takes a day called `name` out of a form, unless the register has a field of that name.
fn day(register: &Register, form: &mut Fields, name: &str) -> Result<Option<Date>, String> {
    if register.field(name).is_some() {
        return Ok(None);
    }
    match form.remove(name) {
        None => Ok(None),
        Some(value) => shown(Some(&value)).parse().map(Some).map_err(|_| format!("{name}: a date")),
    }
}

impl Running {
    /// Every version of a row.
    pub fn versions(&self, register: &str, key: &str) -> Vec<Record> {
        let rows = &self.at.memory.records;
        let kept = rows.iter().find(|((_, r, k), _)| r == register && k == key);
        let in_memory = || self.at.setting.world.versions(register, key).to_vec();
        kept.filter(|((shard, ..), _)| *shard != Shard::DEPLOYMENT).map_or_else(in_memory, |(_, all)| all.clone())
    }

    /// The newest proposal about a row: an open one before those decided.
    pub fn proposal(&self, register: &str, key: &str) -> Option<&Proposal> {
        let about = |one: &&Proposal| one.wish.register == register && one.key == key;
        let all: Vec<&Proposal> = self.at.memory.proposals.values().filter(about).collect();
        all.iter().rev().find(|one| one.state == ProposalState::Open).or(all.last()).copied()
    }

    /// Shard and body of a step about a row.
    ///
    /// # Errors
    /// What the step names and does not exist.
    pub fn on_row(&self, verb: &str, (name, key): (&str, &str), typed: &Fields) -> Result<(Shard, Body), String> {
        let register = self.at.setting.world.model.registers.get(name);
        let register = register.ok_or_else(|| format!("there is no register {name}"))?;
        match (verb, register.needs_two()) {
            ("puts", true) => return Err(format!("changes of {name} are proposed: write `proposes`")),
            ("proposes", false) => return Err(format!("changes of {name} need one person: write `puts`")),
            _ => {}
        }
        let verdict = match verb {
            "approves" => Some(Verdict::Approve),
            "rejects" => Some(Verdict::Reject),
            "withdraws" => Some(Verdict::Withdraw),
            _ => None,
        };
        if let Some(verdict) = verdict {
            let proposal = self.proposal(name, key).ok_or_else(|| format!("nothing is proposed for {name} {key}"))?;
            let reason = typed.get("reason").map(|value| shown(Some(value))).unwrap_or_default();
            return Ok((proposal.shard, Body::Decide { proposal: proposal.id, verdict, reason }));
        }
        let deed = if verb == "retires" { RowDeed::Retire } else { RowDeed::Put };
        self.wish(register, key, (deed, typed)).map(|(shard, wish)| (shard, Body::Row { wish: Box::new(wish) }))
    }

    /// Shard and body of a step about a document of a row.
    ///
    /// # Errors
    /// What the step names and does not exist.
    pub fn of_row(
        &self,
        (name, key): (&str, &str),
        (document, withdraw): (&str, bool),
        form: &Fields,
    ) -> Result<(Shard, Body), String> {
        let newest = self.versions(name, key).pop().ok_or_else(|| format!("there is no row {name} {key}"))?;
        let (register, key) = (name.to_owned(), key.to_owned());
        if !withdraw {
            return Ok((newest.shard, Body::IssueRow { register, key, document: document.to_owned() }));
        }
        let code = self.documents_of(&register, &key, document).last().map(|one| one.code.clone()).unwrap_or_default();
        let reason = form.get("reason").map(|value| shown(Some(value))).unwrap_or_default();
        Ok((newest.shard, Body::WithdrawRow { register, key, code, reason }))
    }

    /// Documents of a kind that were issued from a row, oldest first.
    pub fn documents_of(&self, register: &str, key: &str, document: &str) -> Vec<Issued> {
        let versions = self.versions(register, key);
        let mut all: Vec<Issued> = versions.into_iter().flat_map(|one| one.documents).collect();
        all.retain(|one| one.document == document);
        all.sort_by_key(|one| one.at);
        all
    }

    fn wish(
        &self,
        register: &Register,
        key: &str,
        (deed, typed): (RowDeed, &Fields),
    ) -> Result<(Shard, RowWish), String> {
        let mut form = resolved(&register.fields, typed, self);
        let known = self.versions(&register.name, key);
        let newest = known.iter().max_by_key(|one| one.version);
        let (from, until) = (day(register, &mut form, "valid_from")?, day(register, &mut form, "valid_to")?);
        let own_place = register.field("place").is_some();
        let named = if own_place { form.get("place").cloned() } else { form.remove("place") };
        let named = named.map(|code| shown(Some(&code)).parse::<PlaceCode>().map_err(|_| "place: a place code"));
        let place = named.transpose()?.or_else(|| newest?.place).filter(|_| register.scope != Scope::Deployment);
        let why = if register.field("why").is_some() { None } else { form.remove("why") };
        if deed == RowDeed::Put {
            let parts = if register.also_key.is_empty() { vec![key] } else { key.split('/').collect() };
            let typed = |name: &str| register.field(name).is_some_and(ganglion_model::pack::Field::is_typed);
            for (name, part) in register.key_fields().zip(parts).filter(|(name, _)| typed(name)) {
                form.entry(name.to_owned()).or_insert_with(|| Value::from(part));
            }
            // A scenario names what changes; a browser sends the whole form.
            for (name, value) in newest.map(|one| &one.fields).into_iter().flatten() {
                if register.field(name).is_some_and(|field| !field.personal && field.is_typed()) {
                    form.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        let shard = match register.scope {
            Scope::Deployment => Shard::DEPLOYMENT,
            Scope::Place(_) => place.map_or_else(|| self.some_shard(), PlaceCode::shard),
        };
        let wish = RowWish {
            register: register.name.clone(),
            key: (!known.is_empty()).then(|| key.to_owned()),
            place,
            deed,
            from,
            until,
            form,
            partial: false,
            why: why.map(|why| shown(Some(&why))).unwrap_or_default(),
            version: None,
        };
        Ok((shard, wish))
    }
}

/// A register row: the fields named must have these values on the day (the newest version without one); `none` for a row
/// that must not be there.
pub fn row(running: &Running, (register, key): (&str, &str), on: Option<Date>, said: &str) -> Result<Pair, String> {
    if !running.at.setting.world.model.registers.contains_key(register) {
        return Err(format!("there is no register {register}"));
    }
    let versions = running.versions(register, key);
    let record = match on {
        Some(day) => versions.iter().rev().find(|one| one.valid_on(day)),
        None => versions.last(),
    };
    if said == "none" {
        return Ok(("none".to_owned(), record.map_or("none", |_| "a row").to_owned()));
    }
    let record = record.ok_or("there is no such row")?;
    let wanted = form(said)?;
    let mut found = serde_json::Map::new();
    for name in wanted.keys() {
        let special = match name.as_str() {
            "place" => record.place.map(|place: PlaceCode| place.to_string()),
            "valid_from" => record.valid_from.map(|day| day.to_string()),
            "valid_to" => record.valid_to.map(|day| day.to_string()),
            _ => None,
        };
        found.insert(name.clone(), Value::String(special.unwrap_or_else(|| shown(record.fields.get(name)))));
    }
    let wanted = wanted.iter().map(|(name, value)| (name.clone(), Value::String(shown(Some(value)))));
    Ok((Value::Object(wanted.collect()).to_string(), Value::Object(found).to_string()))
}

/// How many rows inside a place break a rule.
pub fn violations(running: &Running, (rule, place): (&str, &str), said: &str) -> Result<Pair, String> {
    if !running.at.setting.world.model.rules.contains_key(rule) {
        return Err(format!("there is no rule {rule}"));
    }
    let place: PlaceCode = place.parse().map_err(|_| "a place code".to_owned())?;
    let broken = running.at.memory.violations.values().filter(|one| one.rule == rule && place.holds(one.place));
    Ok((expected(said), broken.count().to_string()))
}

/// Where the newest proposal about a row stands.
pub fn proposal(running: &Running, (register, key): (&str, &str), said: &str) -> Pair {
    let found = running.proposal(register, key).map_or("none", |one| one.state.as_str());
    (expected(said), found.to_owned())
}

/// What somebody sees of a field of a row: its value, `masked`, or `nothing` when the row is not theirs to read.
pub fn seen(running: &Running, who_: &str, field: &str, (name, key): (&str, &str)) -> Result<String, String> {
    let world = &running.at.setting.world;
    let register = world.model.registers.get(name).ok_or_else(|| format!("there is no register {name}"))?;
    let declared = register.field(field).ok_or_else(|| format!("{name} has no field {field}"))?;
    let record = running.versions(name, key).pop().ok_or("there is no such row")?;
    let value = clear(running, &record, field);
    if who_ == "public" {
        let open = register.is_public() && declared.public;
        return Ok(if open { shown(value.as_ref()) } else { "nothing".to_owned() });
    }
    let posts = running.at.setting.people.get(who_).ok_or_else(|| format!("there is no account {who_}"))?;
    let mut best = "nothing".to_owned();
    for post in posts.iter().filter_map(|id| world.posts.get(id)) {
        let actor = Actor::Post { post: post.id.clone(), account: AccountId(who_.to_owned()) };
        let reads = row_who::may_read_row(register, &actor, Some(post), record.place);
        if reads && matches!(best.as_str(), "nothing" | "masked") {
            let is_clear = who::sees(declared, &post.role);
            best = if is_clear { shown(value.as_ref()) } else { "masked".to_owned() };
        }
    }
    Ok(best)
}

fn clear(running: &Running, record: &Record, field: &str) -> Option<Value> {
    let value = record.fields.get(field)?;
    let opened = value.as_str().filter(|text| seal::is_sealed(text)).and_then(|sealed| {
        let id = row_id(record.shard, &record.register, &record.key);
        let key = seal::unwrap(&send::MASTER, running.at.memory.key(id)?)?;
        seal::open(&key, sealed)
    });
    Some(opened.map_or_else(|| value.clone(), Value::String))
}
