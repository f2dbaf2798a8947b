//! Masking of personal values (handbook `16`, section 4): what is shown until somebody asks to see the value in clear.

use ganglion_model::pack::FieldKind;

/// The mask of a value of that kind.
#[must_use]
pub fn mask(kind: &FieldKind, clear: &str) -> String {
    match kind {
        FieldKind::Phone => phone(clear),
        FieldKind::CitizenId => ends(clear, 3, 4),
        FieldKind::Text { .. } => name(clear),
        // Longer texts, addresses, points and money of a person show nothing of themselves.
        _ => hidden().to_owned(),
    }
}

/// What stands for a value nothing is shown of.
#[must_use]
pub fn hidden() -> &'static str {
    "***"
}

/// A name: its first character; names in segments keep the first segment.
#[must_use]
pub fn name(clear: &str) -> String {
    let clear = clear.trim();
    if let Some((first, _)) = clear.split_once(['·', '•', ' ']) {
        return format!("{first}·*");
    }
    clear.chars().next().map_or_else(String::new, |first| format!("{first}*"))
}

fn phone(clear: &str) -> String {
    if clear.chars().count() >= 11 { ends(clear, 3, 4) } else { ends(clear, 0, 2) }
}

/// The first `head` and last `tail` characters with stars between; all stars when that would show everything.
fn ends(clear: &str, head: usize, tail: usize) -> String {
    let all: Vec<char> = clear.chars().collect();
    if all.len() <= head + tail {
        return "*".repeat(all.len());
    }
    let stars = "*".repeat(all.len() - head - tail);
    let (first, last): (String, String) = (all[..head].iter().collect(), all[all.len() - tail..].iter().collect());
    format!("{first}{stars}{last}")
}

/// Whether a text holds a mask, which no form may send back as a value.
#[must_use]
pub fn is_masked(text: &str) -> bool {
    text.contains('*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_those_of_the_handbook() {
        assert_eq!(mask(&FieldKind::Phone, "13912340000"), "139****0000");
        assert_eq!(mask(&FieldKind::CitizenId, "130903199001010016"), "130***********0016");
        assert_eq!(mask(&FieldKind::Text { max: 20, pattern: None }, "张三丰"), "张*");
        assert_eq!(name("李四"), "李*");
        assert_eq!(name("阿里木·买买提"), "阿里木·*");
        assert_eq!(mask(&FieldKind::LongText { max: 20 }, "运河区某路 1 号"), "***");
        assert_eq!(mask(&FieldKind::Phone, "1234567"), "*****67");
        assert!(is_masked("139****0000") && !is_masked("13912340000"));
    }
}
