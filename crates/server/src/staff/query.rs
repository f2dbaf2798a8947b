//! Addresses of lists: filters in the query, kept from link to link.

use crate::page::{encode, is_own};
use ganglion_kernel::port::After;
use ganglion_model::CaseId;

/// A query that is changed name by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(pub Vec<(String, String)>);

impl Query {
    /// A value; an empty one counts as none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// With a value put, or removed when it is empty.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Query {
        let mut pairs: Vec<(String, String)> = self.0.iter().filter(|(key, _)| key != name).cloned().collect();
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        Query(pairs)
    }

    /// Without these names.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Query {
        Query(self.0.iter().filter(|(key, _)| !names.contains(&key.as_str())).cloned().collect())
    }

    /// The address of `path` with this query.
    pub fn on(&self, path: &str) -> String {
        let mut address = path.to_owned();
        for (at, (name, value)) in self.0.iter().filter(|(_, value)| !value.is_empty()).enumerate() {
            address.push(if at == 0 { '?' } else { '&' });
            address.push_str(&encode(name));
            address.push('=');
            address.push_str(&encode(value));
        }
        address
    }
}

/// Where a page begins, as it stands in an address.
pub fn after_text(after: &After) -> String {
    format!("{}_{}", after.at, after.case)
}

/// Reads where a page begins; what cannot be read begins at the top.
pub fn after_of(text: Option<&str>) -> Option<After> {
    let (at, case) = text?.split_once('_')?;
    Some(After { at: at.parse().ok()?, case: CaseId(case.parse().ok()?) })
}

/// An address of our own, or `else_to`: a form can send people nowhere else.
pub fn own_address(asked: Option<&str>, else_to: String) -> String {
    match asked {
        Some(path) if is_own(path) => path.to_owned(),
        _ => else_to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_change_name_by_name() {
        let query = Query(vec![("tab".into(), "team".into()), ("after".into(), "1_x".into())]);
        assert_eq!(query.with("tab", "").without(&["after"]).on("/desk"), "/desk");
        assert_eq!(query.without(&["after"]).with("q", "a b").on("/desk"), "/desk?tab=team&q=a%20b");
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        let other =
            ["https://x.example", "//x.example", "/\\x.example", "", "/\t/x.example", "/\n/x.example", "\t//x.example"];
        for bad in other.map(Some).into_iter().chain([None]) {
            assert_eq!(own_address(bad, "/desk".into()), "/desk");
        }
        assert_eq!(own_address(Some("/desk?tab=team"), "/".into()), "/desk?tab=team");
    }

    #[test]
    fn a_page_begins_where_the_last_one_ended() {
        let after = After { at: i64::MAX, case: CaseId("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0a11".parse().unwrap()) };
        assert_eq!(after_of(Some(&after_text(&after))), Some(after));
        assert_eq!(after_of(Some("nonsense")), None);
    }
}
