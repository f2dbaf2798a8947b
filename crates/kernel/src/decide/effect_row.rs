//! What an action does to rows of registers: writes one, or ends one. Rows belong to the county of the case.

use super::draft::Draft;
use super::effect::Doing;
use super::row_span::{self, Span};
use super::{Decision, derive, row_unique, who};
use crate::seal::is_sealed;
use ganglion_model::change::{Change, Refusal, RefusalCode};
use ganglion_model::clocks::local_date;
use ganglion_model::expr::{Expr, Val};
use ganglion_model::pack::Scope;
use ganglion_model::row::{Authority, Mark, Record};
use ganglion_model::{Issued, PlaceCode, Shard};
use jiff::civil::Date;
use std::borrow::Cow;
use std::collections::BTreeMap;

impl Doing<'_> {
    pub(super) fn record(
        &self,
        draft: &Draft,
        (register, key): (&str, &Expr),
        set: &BTreeMap<String, Expr>,
        decision: &mut Decision,
    ) -> Result<(), Refusal> {
        let names = self.names(&draft.case);
        let Some(key) = key_of(key.eval(&names)) else {
            return Err(Refusal::new(RefusalCode::Guard).with("register", register).with("reason", "no_key"));
        };
        let shard = draft.case.shard;
        let newest = self.state.newest(&(shard, register.to_owned(), key.to_string()));
        // What the same step wrote into the row already stays.
        let written = written(decision, (shard, register, &*key)).cloned();
        let before = written.as_ref().or(newest);
        let mut fields = before.map(|record| record.fields.clone()).unwrap_or_default();
        for (field, value) in set {
            let value = super::table::stored(value, (self.form, &draft.case), &names);
            // What is sealed for the case is not opened for a row; the row keeps what it has.
            if !value.as_str().is_some_and(is_sealed) {
                fields.insert(field.clone(), value);
            }
        }
        fields.retain(|_, value| !value.is_null());
        let span = self.recorded(register, &key, before)?;
        let version = before.map_or(1, |record| record.version + 1);
        let closed = span.closes.and_then(|(from, end)| {
            let versions = self.state.records.get(&(shard, register.to_owned(), key.to_string()))?;
            let earlier = versions.iter().find(|one| one.valid_from == from)?;
            Some(Record { version, valid_to: Some(end), updated_at: self.given.now, ..earlier.clone() })
        });
        let mut row = Record {
            register: register.to_owned(),
            shard,
            key: key.to_string(),
            version,
            place: before.and_then(|record| record.place).or_else(|| self.row_place(register, draft.case.place)),
            valid_from: span.from,
            valid_to: span.to,
            updated_at: self.given.now,
            fields,
            authority: self.authority(draft),
            documents: self.documents((shard, register, &*key), span.from),
        };
        derive::finish(self.world, (self.state, self.given), &mut row, &mut decision.numbering);
        let declared = self.world.model.registers.get(register);
        let now = self.given.now;
        let follows = declared.and_then(|one| derive::following((self.world, self.state), one, (&row, false), now));
        decision.changes.push(Change::Record { record: Box::new(row) });
        let more = closed.into_iter().chain(follows);
        decision.changes.extend(more.map(|record| Change::Record { record: Box::new(record) }));
        Ok(())
    }

    /// Ends a row. Whoever refers to it goes on naming a row that has ended.
    pub(super) fn end(
        &self,
        draft: &Draft,
        (register, key): (&str, &Expr),
        on: Option<&Expr>,
        decision: &mut Decision,
    ) -> Result<(), Refusal> {
        let names = self.names(&draft.case);
        let refusal = || Refusal::new(RefusalCode::Guard).with("register", register);
        let declared = self.world.model.registers.get(register).ok_or_else(refusal)?;
        let key = key_of(key.eval(&names)).ok_or_else(|| refusal().with("reason", "no_key"))?;
        let day = match on {
            Some(expr) => day_of(expr.eval(&names)).ok_or_else(refusal)?,
            None => local_date(self.given.now),
        };
        let row = self.rows.row_key(register, &key);
        let row_shard = row.0;
        if !self.state.records.contains_key(&row) {
            self.state.notes.row(row);
        }
        let versions = self.rows.versions(register, &key);
        let newest = versions.iter().map(|one| one.version).max();
        let newest = newest.ok_or_else(|| refusal().with("reason", "no_row"))?;
        let holds = row_span::ended(&versions, day)?;
        // What the same step wrote into this version ends with it.
        let written = written(decision, (row_shard, register, &*key)).filter(|one| one.valid_from == holds.valid_from);
        let (holds, newest) = written.map_or((holds, newest), |one| (one, one.version.max(newest)));
        let holds = holds.clone();
        decision.unique_gone.extend(row_unique::values(declared, &holds.fields));
        let ended = Record {
            version: newest + 1,
            valid_to: Some(day),
            updated_at: self.given.now,
            authority: self.authority(draft),
            ..holds
        };
        let follows = derive::following((self.world, self.state), declared, (&ended, true), self.given.now);
        let all = std::iter::once(ended).chain(follows);
        decision.changes.extend(all.map(|record| Change::Record { record: Box::new(record) }));
        Ok(())
    }

    /// Documents that were issued from the version a row replaces.
    fn documents(&self, (shard, register, key): (Shard, &str, &str), from: Option<Date>) -> Vec<Issued> {
        let versions = self.state.records.get(&(shard, register.to_owned(), key.to_owned()));
        let replaced = versions.and_then(|versions| versions.iter().find(|one| one.valid_from == from));
        replaced.map(|one| one.documents.clone()).unwrap_or_default()
    }

    /// On whose step a row changes; the reason is the case.
    fn authority(&self, draft: &Draft) -> Option<Box<Authority>> {
        let (post, account) = who::signature(self.world, &self.command.actor, self.given.now);
        let by = Mark { post, account, at: self.given.now };
        Some(Box::new(Authority { by, approved: None, why: draft.case.number.clone() }))
    }

    /// From when on a row holds that a case writes: in a dated register from today, which closes the version of yesterday.
    fn recorded(&self, register: &str, key: &str, before: Option<&Record>) -> Result<Span, Refusal> {
        let dated = self.world.model.registers.get(register).is_some_and(|register| register.dated);
        if !dated {
            return Ok(Span { from: before.and_then(|record| record.valid_from), to: None, closes: None });
        }
        let shard = self.command.shard;
        let versions = self.state.records.get(&(shard, register.to_owned(), key.to_owned()));
        row_span::place(versions.map(Vec::as_slice).unwrap_or_default(), local_date(self.given.now), None)
    }

    /// Where a row stands that a case at `place` writes.
    fn row_place(&self, register: &str, place: PlaceCode) -> Option<PlaceCode> {
        match self.world.model.registers.get(register)?.scope {
            Scope::Deployment => None,
            Scope::Place(level) => place.at(level).or(Some(place)),
        }
    }
}

/// The newest version of a row that this decision has written so far.
fn written<'d>(decision: &'d Decision, (shard, register, key): (Shard, &str, &str)) -> Option<&'d Record> {
    let records = decision.changes.iter().filter_map(|change| match change {
        Change::Record { record } => Some(&**record),
        _ => None,
    });
    records
        .filter(|one| one.shard == shard && one.register == register && one.key == key)
        .max_by_key(|one| one.valid_from)
}

/// A key as expressions give it: without one there is no row to write.
fn key_of(value: Val<'_>) -> Option<Cow<'_, str>> {
    match value {
        Val::Text(key) if !key.trim().is_empty() => Some(key),
        _ => None,
    }
}

/// A day as expressions give it.
fn day_of(value: Val<'_>) -> Option<Date> {
    match value {
        Val::Text(text) => text.parse().ok(),
        _ => None,
    }
}
