//! The nearest known name, for "did you mean".

/// Longest name worth comparing.
const LONGEST: usize = 64;
/// The wide comma and the one between the parts of a list: Chinese typewriting gives them where names are listed.
const WIDE_COMMAS: [char; 2] = ['\u{ff0c}', '\u{3001}'];

/// The candidate that differs least from `name`, if it is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given: Vec<char> = name.chars().take(LONGEST).collect();
    let most = (given.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (distance(&given, candidate), candidate))
        .filter(|(far, _)| *far <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// "Did you mean …?" or the list of what is known, if it is short.
pub fn remedy<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if name.contains(WIDE_COMMAS) {
        return Some("separate names by a plain comma and a blank, in square brackets".to_owned());
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    if let Some(near) = nearest(name, all.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    match all.len() {
        0 => None,
        1..=16 => Some(format!("known here: {}", all.join(", "))),
        _ => None,
    }
}

/// Edits (insert, delete, replace, swap neighbours) from one to the other.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().take(LONGEST).collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["category", "description", "place"];
        assert_eq!(nearest("catgeory", known), Some("category"));
        assert_eq!(nearest("plcae", known), Some("place"));
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(remedy("zebra", known).as_deref(), Some("known here: category, description, place"));
    }
}
