//! What names may look like, and which names are refused because of what they would stand for.

use crate::sink::{At, Sink};

/// Longest name.
const LONGEST: usize = 60;

/// Words that may stand in no name: systems that sort, score or follow people are not built (security and privacy
/// chapter, section 7).
const REFUSED: [&str; 13] = [
    "key_person",
    "focus_group",
    "stability_control",
    "person_risk",
    "face_template",
    "face_recognition",
    "plate_track",
    "colour_code",
    "color_code",
    "automatic_denial",
    "resident_map",
    "message_interception",
    "location_track",
];

/// Names of the case itself that a field or counter would hide.
pub const OF_THE_CASE: [&str; 10] =
    ["state", "level", "channel", "number", "opened_at", "closed_at", "observed_at", "moved", "assignee", "opener"];

/// Checks a declared name; reports and returns `false` if it cannot be used.
pub fn check(sink: &Sink, at: At, name: &str) -> bool {
    if let Some(word) = REFUSED.iter().find(|word| name.contains(**word)) {
        let message = format!("`{name}` is refused: nothing that does what `{word}` says may be built");
        sink.error_help(at, "refused-name", message, "see the security and privacy chapter, section 7");
        return false;
    }
    let letters = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let good = letters && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= LONGEST;
    if !good {
        let remedy = "use lower-case letters, digits and _, starting with a letter";
        sink.error_help(at, "bad-name", format!("`{}` is not a name", short(name)), remedy);
    }
    good
}

/// Checks a code of a list: letters, digits and `_ - .`.
pub fn check_code(sink: &Sink, at: At, code: &str) -> bool {
    let good = !code.is_empty()
        && code.len() <= LONGEST
        && code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if !good {
        sink.error_help(at, "bad-name", format!("`{}` is not a code", short(code)), "use letters, digits and _ - .");
    } else if let Some(word) = REFUSED.iter().find(|word| code.contains(**word)) {
        sink.error(
            at,
            "refused-name",
            format!("`{code}` is refused: nothing that does what `{word}` says may be built"),
        );
    }
    good
}

/// The start of a text that may be long.
pub fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST).chain(['…']).collect() }
}
