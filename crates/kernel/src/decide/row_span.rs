//! Where a version of a row goes in time: versions of one row never overlap. A later version that starts closes the
//! earlier one; anything else that would overlap is refused with the version in the way.

use ganglion_model::Record;
use ganglion_model::change::{FieldFinding, Refusal, RefusalCode};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Where a version goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// First day it holds.
    pub from: Option<Date>,
    /// First day it no longer holds.
    pub to: Option<Date>,
    /// The earlier version it closes, by its first day, with the day it now ends.
    pub closes: Option<(Option<Date>, Date)>,
}

fn overlap(with: &Record) -> Refusal {
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    Refusal::new(RefusalCode::Overlap)
        .with("key", &with.key)
        .with("from", day(with.valid_from))
        .with("to", day(with.valid_to))
}

fn wrong(field: &str, problem: &str) -> Refusal {
    let finding =
        FieldFinding { field: field.to_owned(), problem: problem.to_owned(), message: None, args: BTreeMap::new() };
    Refusal { fields: vec![finding], ..Refusal::new(RefusalCode::Form) }
}

/// Places a version that is to hold in `[from, until)` among `versions`, which are in order. One that begins on the day of
/// an existing version corrects that one.
pub fn place(versions: &[Record], from: Date, until: Option<Date>) -> Result<Span, Refusal> {
    if until.is_some_and(|until| until <= from) {
        return Err(wrong("valid_to", "not_after"));
    }
    let start = |record: &Record| record.valid_from.unwrap_or(Date::MIN);
    let end = |record: &Record| record.valid_to.unwrap_or(Date::MAX);
    let corrected = versions.iter().find(|one| one.valid_from == Some(from));
    let next = versions.iter().find(|one| start(one) > from && start(one) < end(one));
    let cut = versions.iter().find(|one| start(one) < from && from < end(one));
    let to = until.or_else(|| corrected.or(cut).and_then(|one| one.valid_to));
    if let Some(next) = next.filter(|next| to.is_none_or(|to| start(next) < to)) {
        return Err(overlap(next));
    }
    // Cutting a piece out of the middle of a version would lose its rest.
    if let (Some(cut), Some(to)) = (cut, to)
        && cut.valid_to.is_some_and(|end| to < end)
    {
        return Err(overlap(cut));
    }
    Ok(Span { from: Some(from), to, closes: cut.map(|cut| (cut.valid_from, from)) })
}

/// The version that is ended when a row no longer holds from `day` on: the one that holds then, or would go on after.
pub fn ended(versions: &[Record], day: Date) -> Result<&Record, Refusal> {
    let holds = versions.iter().rfind(|one| one.valid_to.is_none_or(|to| day < to));
    let holds = holds.ok_or_else(|| Refusal::new(RefusalCode::WrongState).with("state", "retired"))?;
    if holds.valid_from.is_some_and(|from| day < from) {
        return Err(overlap(holds));
    }
    Ok(holds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::Shard;
    use jiff::Timestamp;
    use jiff::civil::date;

    fn version(from: i16, to: Option<i16>) -> Record {
        Record {
            register: "limit".into(),
            shard: Shard(130_903),
            key: "k".into(),
            version: 1,
            place: None,
            valid_from: Some(date(from, 1, 1)),
            valid_to: to.map(|to| date(to, 1, 1)),
            updated_at: Timestamp::UNIX_EPOCH,
            fields: BTreeMap::new(),
            authority: None,
            documents: Vec::new(),
        }
    }

    fn placed(versions: &[Record], from: i16, until: Option<i16>) -> Result<(Option<i16>, Option<i16>), RefusalCode> {
        let span = place(versions, date(from, 1, 1), until.map(|to| date(to, 1, 1))).map_err(|refusal| refusal.code)?;
        Ok((span.to.map(Date::year), span.closes.map(|(_, end)| end.year())))
    }

    #[test]
    fn a_later_version_closes_the_earlier_one_and_nothing_else_may_overlap() {
        let open = [version(2020, None)];
        assert_eq!(placed(&[], 2020, None), Ok((None, None)));
        assert_eq!(placed(&open, 2022, None), Ok((None, Some(2022))));
        assert_eq!(placed(&open, 2022, Some(2023)), Ok((Some(2023), Some(2022))));
        assert_eq!(placed(&open, 2020, None), Ok((None, None)), "a correction");
        assert_eq!(placed(&open, 2018, None), Err(RefusalCode::Overlap));
        assert_eq!(placed(&open, 2018, Some(2020)), Ok((Some(2020), None)));
        assert_eq!(placed(&open, 2018, Some(2021)), Err(RefusalCode::Overlap));
        let ended = [version(2020, Some(2024)), version(2025, None)];
        assert_eq!(placed(&ended, 2022, None), Ok((Some(2024), Some(2022))), "the rest of the version it cuts");
        assert_eq!(placed(&ended, 2022, Some(2023)), Err(RefusalCode::Overlap));
        assert_eq!(placed(&ended, 2024, Some(2025)), Ok((Some(2025), None)));
        assert_eq!(placed(&ended, 2024, None), Err(RefusalCode::Overlap));
        assert_eq!(placed(&open, 2022, Some(2022)), Err(RefusalCode::Form));
    }

    #[test]
    fn a_row_ends_where_it_holds_and_not_before_a_version_to_come() {
        let rows = [version(2020, Some(2024)), version(2025, None)];
        assert_eq!(super::ended(&rows, date(2026, 1, 1)).unwrap().valid_from, Some(date(2025, 1, 1)));
        assert_eq!(super::ended(&rows, date(2022, 1, 1)).unwrap_err().code, RefusalCode::Overlap);
        assert_eq!(super::ended(&[], date(2022, 1, 1)).unwrap_err().code, RefusalCode::WrongState);
        let over = [version(2020, Some(2021))];
        assert_eq!(super::ended(&over, date(2022, 1, 1)).unwrap_err().code, RefusalCode::WrongState);
    }
}
