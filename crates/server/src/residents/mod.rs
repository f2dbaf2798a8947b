//! Residents who sign in with a code sent to their telephone: what is sent and by what, codes, sessions of their own, and the page on
//! which they see every report left with that number. They hold no post, and their sessions are of another kind than those of staff:
//! nothing here opens a page of staff, and no cookie of staff opens a page here.
//!
//! Leaves out what a reporter may do with one report: the pages under `/follow` do that, for whoever proves that it is theirs.

pub mod code;
pub mod entry;
pub mod mine;
pub mod session;
pub mod sms;

use crate::error::Error;
use crate::sign::{self, Use};
use crate::staff::personal;
use crate::web::Web;
use ganglion_kernel::seal::Key;
use ganglion_kernel::seal_lookup::{LookupHash, is_looked_up};
use ganglion_model::pack::{Field, FieldKind, Model, Process, Who};
use ganglion_model::units::half_width;
use ganglion_model::{Case, CaseId, Shard};
use session::Resident;
use std::collections::BTreeSet;

/// Reports of one telephone that are shown: the newest.
const CASES_MAX: u32 = 200;

/// A mobile number as it is kept in reports: eleven digits; `None` for anything else, which no code can be sent to.
#[must_use]
pub fn mobile(typed: &str) -> Option<String> {
    let text = half_width(typed.trim());
    if text.chars().any(|c| !c.is_ascii_digit() && !" +-()".contains(c)) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(&digits);
    let is_mobile = digits.len() == 11 && digits.starts_with('1') && digits.as_bytes()[1] >= b'3';
    is_mobile.then(|| digits.to_owned())
}

/// A telephone as codes and sessions are kept under: a keyed hash.
#[must_use]
pub fn hashed(master: &Key, phone: &str) -> String {
    sign::hex(&sign::sign(master, Use::Resident, &[phone])[..16])
}

/// The telephone of whoever reports: the one the process names for other systems, else the first its form asks for. Further ones are
/// those of somebody else, such as the other side of a dispute, who is no reporter.
#[must_use]
pub fn reporters_phone(process: &Process) -> Option<&Field> {
    let named = process.open311.as_ref().and_then(|open| open.phone.as_ref());
    let mut phones = process.form.iter().filter(|field| matches!(field.kind, FieldKind::Phone));
    match named {
        Some(named) => phones.find(|field| field.name == *named),
        None => phones.next(),
    }
}

/// That field of what anybody may open, where its value is sealed.
fn own_field(process: &Process) -> Option<&Field> {
    reporters_phone(process).filter(|field| is_looked_up(field) && process.open_by.contains(&Who::Public))
}

/// What a telephone is kept as in each of those fields.
fn hashes(web: &Web, model: &Model, phone: &str) -> Vec<LookupHash> {
    let fields = model.processes.values().filter_map(|process| Some((process, own_field(process)?)));
    fields
        .flat_map(|(process, field)| web.app.ring.lookups(&format!("{}.{}", process.name, field.name), phone))
        .collect()
}

impl Web {
    /// The reports left with a resident's telephone, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn cases_of(&self, resident: &Resident) -> Result<Vec<Case>, Error> {
        let hashes = hashes(self, &self.world.model, &resident.phone);
        let found = self.app.store.lookup(&hashes, CASES_MAX).await?;
        let ids: BTreeSet<(Shard, CaseId)> = found.iter().map(|one| (one.shard, one.row)).collect();
        let mut cases = Vec::new();
        for (shard, id) in ids {
            cases.extend(self.app.store.case(shard, id).await?);
        }
        cases.sort_by_key(|case| std::cmp::Reverse((case.opened_at, case.id)));
        Ok(cases)
    }

    /// Whether a case was reported with a resident's telephone.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn is_of(&self, resident: &Resident, case: &Case) -> Result<bool, Error> {
        let Some(process) = self.world.model.processes.get(&case.process) else { return Ok(false) };
        let opened = personal::opened(self, case).await?;
        Ok(own_field(process).is_some_and(|field| opened.values.get(&field.name) == Some(&resident.phone)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::pack::Open311;

    #[test]
    fn only_mobile_numbers_get_codes_however_they_are_typed() {
        for typed in ["13912340016", " 139 1234 0016 ", "+86 139-1234-0016", "１３９１２３４００１６"] {
            assert_eq!(mobile(typed).as_deref(), Some("13912340016"), "{typed}");
        }
        for typed in ["", "0317-2345678", "12345", "1391234001", "139123400167", "12912340016", "13912340016x"] {
            assert_eq!(mobile(typed), None, "{typed}");
        }
    }

    #[test]
    fn of_several_telephones_only_that_of_the_reporter_counts() {
        let field = |name: &str, kind| Field { name: name.to_owned(), kind, personal: true, ..Field::default() };
        let form = vec![
            field("words", FieldKind::LongText { max: 100 }),
            field("applicant_phone", FieldKind::Phone),
            field("respondent_phone", FieldKind::Phone),
        ];
        let mut process = Process { form, open_by: vec![Who::Public], ..Process::default() };
        let own = |process: &Process| own_field(process).map(|field| field.name.clone());
        assert_eq!(own(&process).as_deref(), Some("applicant_phone"));
        process.open311 = Some(Open311 { phone: Some("respondent_phone".to_owned()), ..Open311::default() });
        assert_eq!(own(&process).as_deref(), Some("respondent_phone"), "the process says which it is");
        process.open_by = vec![Who::Staff];
        assert_eq!(own(&process), None, "what residents cannot report is not shown to them by a telephone");
    }

    #[test]
    fn a_telephone_is_kept_as_a_hash_only_this_installation_makes() {
        assert_eq!(hashed(&[7; 32], "13912340016").len(), 32);
        assert_ne!(hashed(&[7; 32], "13912340016"), hashed(&[8; 32], "13912340016"));
        assert_ne!(hashed(&[7; 32], "13912340016"), hashed(&[7; 32], "13912340017"));
    }
}
