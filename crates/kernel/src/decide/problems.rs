//! Every word a refusal can carry, in one place: screens must have a text for each, and a test compares.
//!
//! A problem is added here first; the unit test below reads the sources beside this file and fails on one that is missing.

use ganglion_model::RefusalCode;

/// Every kind of refusal.
pub const REFUSALS: [RefusalCode; 14] = [
    RefusalCode::NotFound,
    RefusalCode::NotAllowed,
    RefusalCode::SamePerson,
    RefusalCode::WrongState,
    RefusalCode::Changed,
    RefusalCode::Guard,
    RefusalCode::Form,
    RefusalCode::Outside,
    RefusalCode::Duplicate,
    RefusalCode::WrongShard,
    RefusalCode::Unknown,
    RefusalCode::Overlap,
    RefusalCode::Referenced,
    RefusalCode::NothingWaiting,
];

/// Every value of `FieldFinding::problem`, in alphabetical order.
pub const PROBLEMS: [&str; 50] = [
    "check",
    "credit_code_check",
    "fixed",
    "has_children",
    "id_birth",
    "id_check",
    "id_first_generation",
    "is_a_child",
    "itself",
    "key_fixed",
    "masked",
    "not_a_choice",
    "not_a_credit_code",
    "not_a_date",
    "not_a_duration",
    "not_a_number",
    "not_a_phone",
    "not_a_place",
    "not_a_point",
    "not_a_shape",
    "not_a_table",
    "not_a_time",
    "not_after",
    "not_an_id",
    "not_found",
    "not_money",
    "not_near",
    "not_text",
    "not_typed",
    "other_county",
    "other_dimension",
    "out_of_range",
    "outside",
    "pattern",
    "required",
    "retired",
    "same_place",
    "shape_crossing",
    "shape_too_few",
    "shape_too_many",
    "shape_too_small",
    "too_few_rows",
    "too_large",
    "too_long",
    "too_many",
    "too_many_rows",
    "unit_unclear",
    "unknown_field",
    "unknown_unit",
    "wrong_level",
];

/// Every value of the argument `reason` of a refusal without field findings, in alphabetical order.
pub const REASONS: [&str; 13] = [
    "erased",
    "no_figure",
    "no_key",
    "no_length",
    "no_level",
    "no_notice",
    "no_row",
    "not_running",
    "overdue",
    "row_ended",
    "table_full",
    "too_long",
    "unchanged",
];

#[cfg(test)]
mod tests {
    use super::{PROBLEMS, REASONS, REFUSALS};
    use ganglion_model::RefusalCode;
    use std::collections::BTreeSet;

    const SOURCES: [&str; 21] = [
        include_str!("act.rs"),
        include_str!("effect.rs"),
        include_str!("effect_row.rs"),
        include_str!("form.rs"),
        include_str!("form/amount.rs"),
        include_str!("form/bounds.rs"),
        include_str!("form/identity.rs"),
        include_str!("form/shape.rs"),
        include_str!("form/table.rs"),
        include_str!("form/value.rs"),
        include_str!("open.rs"),
        include_str!("proposal.rs"),
        include_str!("put.rs"),
        include_str!("row.rs"),
        include_str!("row_span.rs"),
        include_str!("mod.rs"),
        include_str!("../route.rs"),
        include_str!("recompute.rs"),
        include_str!("document_of_row.rs"),
        include_str!("shown.rs"),
        include_str!("table.rs"),
    ];

    /// The literals that follow `before` (up to `skip` further arguments later) anywhere in the kernel.
    fn literals(before: &[&str]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for source in SOURCES {
            for start in before {
                for (at, _) in source.match_indices(start) {
                    let rest = &source[at + start.len()..];
                    let end = rest.find(')').unwrap_or(rest.len());
                    let call = &rest[..end];
                    found.extend(call.split('"').skip(1).step_by(2).map(str::to_owned));
                }
            }
        }
        found
    }

    #[test]
    fn every_problem_in_the_sources_is_listed_and_every_listed_one_is_used() {
        let calls =
            ["finding(field, ", "with(field, ", "parse(field, given, ", "refuse(field, ", "problem: ", "wrong("];
        let mut used = literals(&calls);
        // Second and later literals of a call are argument names and values, not problems.
        let arguments = ["max", "min", "given", "scale", "unit", "place", "valid_to", "reason"];
        used.retain(|word| !arguments.contains(&word.as_str()));
        let listed: BTreeSet<String> = PROBLEMS.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(used, listed);
    }

    #[test]
    fn every_reason_in_the_sources_is_listed_and_every_listed_one_is_used() {
        let effects = SOURCES[1];
        let extend = &effects[effects.find("fn extend").unwrap()..effects.find("fn restart").unwrap()];
        let places = [(extend, "=> \""), (extend, "refusal(\"")];
        let reasons = SOURCES.into_iter().map(|source| (source, ".with(\"reason\", \""));
        let mut used = BTreeSet::new();
        for (source, start) in places.into_iter().chain(reasons) {
            let words = source.split(start).skip(1).filter_map(|rest| rest.split('"').next());
            used.extend(words.map(str::to_owned));
        }
        let listed: BTreeSet<String> = REASONS.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(used, listed);
    }

    #[test]
    fn every_refusal_is_listed() {
        let number = |code: &RefusalCode| match code {
            RefusalCode::NotFound => 0,
            RefusalCode::NotAllowed => 1,
            RefusalCode::SamePerson => 2,
            RefusalCode::WrongState => 3,
            RefusalCode::Changed => 4,
            RefusalCode::Guard => 5,
            RefusalCode::Form => 6,
            RefusalCode::Outside => 7,
            RefusalCode::Duplicate => 8,
            RefusalCode::WrongShard => 9,
            RefusalCode::Unknown => 10,
            RefusalCode::Overlap => 11,
            RefusalCode::Referenced => 12,
            RefusalCode::NothingWaiting => 13,
        };
        let listed: BTreeSet<i32> = REFUSALS.iter().map(number).collect();
        assert_eq!(listed, (0..14).collect());
    }
}
