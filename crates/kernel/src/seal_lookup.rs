//! Finding a row by the exact value of a sealed field: HMAC-SHA-256 of the value under a key that follows from a key of the
//! installation and the field, kept beside the row in its transaction. Whoever has the database and not the keys learns nothing, not
//! even that two fields hold the same. Only telephones and identity numbers are found so: what is typed exactly or not at all.
//!
//! Leaves out who may ask: that is decided where it is asked.

use crate::seal::{self, Key, Keyring, is_sealed};
use ganglion_model::pack::{Field, FieldKind, Model};
use ganglion_model::{Case, CaseId, Record, Shard, row_id};
use ring::hmac;
use serde_json::Value;
use std::collections::BTreeSet;

/// The keyed hash of a value.
pub type LookupHash = [u8; 32];

/// The setting that says that rows from before are found as well.
pub const SETTING: &str = "seal_lookup";
/// What it then says.
pub const ALL: &str = "all";

/// Values of one row that it is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookups {
    /// Shard.
    pub shard: Shard,
    /// The case, or the id a row goes by.
    pub row: CaseId,
    /// Natural key of a register row; empty for a case.
    pub key: String,
    /// All of them.
    pub entries: Vec<Lookup>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lookup {
    /// `process.field` or `register.field`.
    pub field: String,
    /// Name of the key of the installation it was made with.
    pub by: String,
    /// The hash.
    pub hash: LookupHash,
}

/// A row that was found, and by what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LookedUp {
    /// Shard.
    pub shard: Shard,
    /// The case, or the id a row goes by.
    pub row: CaseId,
    /// `process.field` or `register.field`.
    pub field: String,
    /// The hash, as it is kept.
    pub hash: LookupHash,
    /// Natural key of a register row; empty for a case.
    pub key: String,
    /// Name of the key of the installation it was made with.
    pub by: String,
}

impl LookedUp {
    /// Process or register, and the field in it.
    #[must_use]
    pub fn names(&self) -> (&str, &str) {
        self.field.split_once('.').unwrap_or((&self.field, ""))
    }
}

/// A hash made anew, where the one that was read still stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relooked {
    /// As it was read.
    pub from: LookedUp,
    /// Name of the key it is made with now.
    pub by: String,
    /// What it is now.
    pub hash: LookupHash,
}

fn hmac_of(key: &[u8], parts: &[&str]) -> LookupHash {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part.as_bytes());
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.sign().as_ref());
    bytes
}

/// The hash of a value in a field under a key of the installation.
fn hash(key: &Key, field: &str, value: &str) -> LookupHash {
    hmac_of(&hmac_of(key, &["ganglion lookup/", field]), &[value])
}

impl Keyring {
    /// What a value in a field is kept as, under the key that wraps.
    #[must_use]
    pub fn lookup(&self, field: &str, value: &str) -> Option<Lookup> {
        let (by, key) = self.named().into_iter().next()?;
        let hash = hash(&key, field, value);
        Some(Lookup { field: field.to_owned(), by, hash })
    }

    /// What a value in a field may be kept as: under every key of the ring.
    #[must_use]
    pub fn lookups(&self, field: &str, value: &str) -> Vec<LookupHash> {
        self.named().iter().map(|(_, key)| hash(key, field, value)).collect()
    }

    /// What a value in a field is kept as under the key of that name.
    fn lookup_by(&self, by: &str, field: &str, value: &str) -> Option<LookupHash> {
        self.named().iter().find(|(name, _)| name == by).map(|(_, key)| hash(key, field, value))
    }
}

/// Whether rows are found by a field.
#[must_use]
pub fn is_looked_up(field: &Field) -> bool {
    field.personal && matches!(field.kind, FieldKind::Phone | FieldKind::CitizenId)
}

/// A sealed value that a row is found by: field with its process or register, and the sealed text.
type Sealed = BTreeSet<(String, String)>;

fn sealed_text(value: Option<&Value>) -> Option<String> {
    value?.as_str().filter(|text| is_sealed(text)).map(str::to_owned)
}

/// The sealed values a case is found by.
#[must_use]
pub fn of_case(model: &Model, case: &Case) -> Sealed {
    let Some(process) = model.processes.get(&case.process) else { return Sealed::new() };
    let fields = process.form.iter().chain(&process.fields).filter(|field| is_looked_up(field));
    fields
        .filter_map(|field| {
            Some((format!("{}.{}", process.name, field.name), sealed_text(case.fields.get(&field.name))?))
        })
        .collect()
}

/// The sealed values a register row is found by: those of every version.
#[must_use]
pub fn of_versions(model: &Model, versions: &[Record]) -> Sealed {
    let Some(register) = versions.first().and_then(|one| model.registers.get(&one.register)) else {
        return Sealed::new();
    };
    let fields: Vec<&Field> = register.fields.iter().filter(|field| is_looked_up(field)).collect();
    let of = |one: &Record| {
        let text = |field: &&Field| {
            Some((format!("{}.{}", register.name, field.name), sealed_text(one.fields.get(&field.name))?))
        };
        fields.iter().filter_map(text).collect::<Vec<_>>()
    };
    versions.iter().flat_map(of).collect()
}

/// The hashes of sealed values; one that the row's key does not open is left out.
#[must_use]
pub fn entries(ring: &Keyring, key: &Key, sealed: &Sealed) -> Vec<Lookup> {
    let open = |(field, text): &(String, String)| ring.lookup(field, &seal::open(key, text)?);
    let all: BTreeSet<Lookup> = sealed.iter().filter_map(open).collect();
    all.into_iter().collect()
}

/// What is to be written of a row whose sealed values changed; nothing when they did not, or when its key is not at hand.
#[must_use]
pub fn changed(
    ring: &Keyring,
    key: Option<&Key>,
    (shard, row, name): (Shard, CaseId, &str),
    (before, now): (&Sealed, &Sealed),
) -> Option<Lookups> {
    if before == now {
        return None;
    }
    let entries = match key {
        Some(key) => entries(ring, key, now),
        None if now.is_empty() => Vec::new(),
        None => return None,
    };
    Some(Lookups { shard, row, key: name.to_owned(), entries })
}

/// As [`changed`], of the versions of a register row.
#[must_use]
pub fn changed_row(
    (ring, model): (&Keyring, &Model),
    keys: &std::collections::HashMap<CaseId, Key>,
    (shard, register, name): (Shard, &str, &str),
    (before, now): (&[Record], &[Record]),
) -> Option<Lookups> {
    let row = row_id(shard, register, name);
    let (before, now) = (of_versions(model, before), of_versions(model, now));
    changed(ring, keys.get(&row), (shard, row, name), (&before, &now))
}

/// A hash made anew under the key that wraps now, from the clear values the row may have been found by.
#[must_use]
pub fn again(ring: &Keyring, from: LookedUp, clear: &[String]) -> Option<Relooked> {
    let fits = |value: &&String| ring.lookup_by(&from.by, &from.field, value) == Some(from.hash);
    let now = ring.lookup(&from.field, clear.iter().find(fits)?)?;
    Some(Relooked { from, by: now.by, hash: now.hash })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::MASTER;
    use uuid::Uuid;

    fn ring(names: &[(&str, u8)]) -> Keyring {
        Keyring::of(names.iter().map(|(name, byte)| ((*name).to_owned(), [*byte; 32])).collect())
    }

    #[test]
    fn a_hash_is_of_one_value_in_one_field_under_one_key() {
        let one = ring(&[(MASTER, 9)]);
        let made = one.lookup("report.phone", "13912340000").unwrap();
        assert_eq!((made.by.as_str(), one.lookups("report.phone", "13912340000")), (MASTER, vec![made.hash]));
        for (other, field, value) in [
            (&one, "report.phone", "13912340001"),
            (&one, "report.mobile", "13912340000"),
            (&ring(&[(MASTER, 8)]), "report.phone", "13912340000"),
        ] {
            assert_ne!(other.lookup(field, value).unwrap().hash, made.hash, "{field} {value}");
        }
    }

    #[test]
    fn after_a_rotation_both_keys_find_and_a_hash_is_made_anew_only_from_its_own_value() {
        let (old, new) = (ring(&[(MASTER, 9)]), ring(&[("y2026", 8), (MASTER, 9)]));
        let kept = old.lookup("report.phone", "13912340000").unwrap();
        let hashes = new.lookups("report.phone", "13912340000");
        assert!(hashes.len() == 2 && hashes.contains(&kept.hash));
        let (shard, row) = (Shard(130_903), CaseId(Uuid::nil()));
        let from = LookedUp {
            shard,
            row,
            field: kept.field.clone(),
            hash: kept.hash,
            key: String::new(),
            by: kept.by.clone(),
        };
        assert_eq!(again(&new, from.clone(), &["13900000000".to_owned()]), None);
        let values = ["13900000000".to_owned(), "13912340000".to_owned()];
        let made = again(&new, from, &values).unwrap();
        assert_eq!((made.by.as_str(), made.hash), ("y2026", new.lookup("report.phone", "13912340000").unwrap().hash));
        assert_eq!(ring(&[("y2026", 8)]).lookups("report.phone", "13912340000"), [made.hash]);
    }
}
