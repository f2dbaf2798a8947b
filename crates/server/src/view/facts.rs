//! The facts of a case in groups: what was told, and what came of it. Personal values are masked, confidential ones are
//! left out for those who may not see them.

use super::case::description_field;
use super::{Look, mask, value};
use ganglion_kernel::seal::is_sealed;
use ganglion_model::pack::{Field, FieldKind, Process};
use ganglion_model::row::Case;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// One fact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Label.
    pub label: String,
    /// Value in words.
    pub value: String,
    /// Where it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// Where a masked value can be asked for in clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reveal_href: Option<String>,
    /// Headings, when the value is a table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub head: Vec<String>,
    /// Rows of a table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Vec<String>>,
    /// Which of its columns hold numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub num: Vec<bool>,
}

/// Facts under a heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FactGroup {
    /// Heading.
    pub title: String,
    /// Facts.
    pub items: Vec<Fact>,
}

/// Personal values of a case opened for masking or for showing, by field.
#[derive(Clone, Debug, Default)]
pub struct Opened {
    /// Clear values.
    pub values: BTreeMap<String, String>,
    /// Whether they are shown as they are.
    pub in_clear: bool,
    /// Whether the key was destroyed, and the values with it.
    pub erased: bool,
}

/// Whether a role may see a field that is personal or confidential in clear.
#[must_use]
pub fn may_see(field: &Field, role: &str) -> bool {
    field.see.is_empty() || field.see.iter().any(|one| one == role)
}

fn plain(label: String, value: String) -> Fact {
    Fact { label, value, ..Fact::default() }
}

/// What was sealed as JSON, for kinds that are no texts.
fn parsed(field: &Field, clear: &str) -> Value {
    let is_json = matches!(
        field.kind,
        FieldKind::Table { .. }
            | FieldKind::Integer { .. }
            | FieldKind::Money
            | FieldKind::Boolean
            | FieldKind::Choices { .. }
            | FieldKind::Refs { .. }
            | FieldKind::Posts { .. }
            | FieldKind::Point
            | FieldKind::Line
            | FieldKind::Polygon
    );
    let read = if is_json { serde_json::from_str(clear).ok() } else { None };
    read.unwrap_or_else(|| Value::from(clear))
}

/// A personal value as it is shown at first. A table shows its rows with every cell masked.
fn masked(field: &Field, clear: &str) -> String {
    let FieldKind::Table { fields, .. } = &field.kind else {
        return mask::mask(&field.kind, clear);
    };
    let rows = parsed(field, clear);
    let row = |row: &Value| {
        let cell = |column: &Field| {
            let text = row.get(&column.name)?;
            Some(mask::mask(&column.kind, text.as_str().unwrap_or_default()))
        };
        fields.iter().filter_map(cell).collect::<Vec<_>>().join(" ")
    };
    rows.as_array().into_iter().flatten().map(row).collect::<Vec<_>>().join("; ")
}

impl Look<'_> {
    fn in_words(&self, field: &Field, clear: &str) -> String {
        self.value(field, &parsed(field, clear)).unwrap_or_else(|| clear.to_owned())
    }

    fn field_fact(&self, field: &Field, case: &Case, role: &str, opened: &Opened) -> Option<Fact> {
        let value = case.fields.get(&field.name)?;
        let label = self.text(&field.title);
        let sealed = value.as_str().is_some_and(is_sealed);
        if field.personal || sealed {
            let clear = opened.values.get(&field.name);
            let may = may_see(field, role);
            let value = match clear {
                Some(clear) if opened.in_clear && may => self.in_words(field, clear),
                Some(clear) => masked(field, clear),
                None if opened.erased => self.t("erased-value"),
                None => mask::hidden().to_owned(),
            };
            let reveal = may && clear.is_some() && !opened.in_clear;
            let reveal_href = reveal.then(|| "#reveal".to_owned());
            let table = match clear {
                Some(clear) if opened.in_clear && may => self.table_of(field, &parsed(field, clear)),
                _ => Fact::default(),
            };
            return Some(Fact { label, value, reveal_href, ..table });
        }
        // Roles that may see a field are named when it is confidential; the others do not learn that it is there.
        if !may_see(field, role) {
            return None;
        }
        let (value, href) = (self.value(field, value)?, self.row_href(field, value));
        Some(Fact { label, value, href, ..self.table_of(field, case.fields.get(&field.name)?) })
    }

    /// Headings and rows of a table; nothing for other kinds.
    fn table_of(&self, field: &Field, value: &Value) -> Fact {
        let FieldKind::Table { fields, .. } = &field.kind else { return Fact::default() };
        let cell = |row: &Value, column: &Field| {
            row.get(&column.name).and_then(|value| self.value(column, value)).unwrap_or_default()
        };
        let rows = value.as_array().into_iter().flatten();
        let rows = rows.map(|row| fields.iter().map(|column| cell(row, column)).collect()).collect();
        Fact {
            head: fields.iter().map(|column| self.text(&column.title)).collect(),
            num: fields.iter().map(|column| value::is_number(&column.kind)).collect(),
            rows,
            ..Fact::default()
        }
    }

    /// The groups of the card.
    #[must_use]
    pub fn fact_groups(&self, process: &Process, case: &Case, role: &str, opened: &Opened) -> Vec<FactGroup> {
        let skipped = |field: &Field| {
            description_field(process).is_some_and(|one| one.name == field.name)
                // What sorts cases stands above; where it is the heading too, this is where a reference leads to its row.
                || (process.kind_field.as_deref() == Some(&field.name) && process.heading != field.name)
                || matches!(field.kind, FieldKind::Files { .. })
        };
        let of = |fields: &[Field]| -> Vec<Fact> {
            fields
                .iter()
                .filter(|field| !skipped(field))
                .filter_map(|field| self.field_fact(field, case, role, opened))
                .collect()
        };
        let mut told = vec![plain(self.t("fact-received"), self.date_time(case.opened_at))];
        if let Some(seen) = case.observed_at {
            told.push(plain(self.t("fact-observed"), self.date_time(seen)));
        }
        told.push(plain(self.t("fact-number"), case.number.clone()));
        told.extend(case.numbers.values().map(|number| plain(self.t("fact-case-number"), number.clone())));
        if let Some(post) = &case.opened_by {
            told.push(plain(self.t("fact-opened-by"), self.post(post)));
        }
        told.extend(of(&process.form));
        let mut handled = Vec::new();
        let level = format!("level-{}", case.level.as_str());
        handled.push(plain(self.t("fact-level"), self.t(&level)));
        if let Some(post) = &case.assignee {
            handled.push(plain(self.t("fact-assignee"), self.post(post)));
        }
        if !case.assist.is_empty() {
            let posts: Vec<String> = case.assist.iter().map(|post| self.post(post)).collect();
            handled.push(plain(self.t("fact-assist"), posts.join(&self.t("list-comma"))));
        }
        handled.extend(of(&process.fields));
        vec![
            FactGroup { title: self.t("facts-told"), items: told },
            FactGroup { title: self.t("facts-handled"), items: handled },
        ]
    }

    /// Labels of the personal fields a role may see in clear and that hold a value.
    #[must_use]
    pub fn revealable<'p>(&self, process: &'p Process, case: &Case, role: &str) -> Vec<&'p Field> {
        process
            .form
            .iter()
            .chain(&process.fields)
            .filter(|field| field.personal && may_see(field, role) && case.fields.contains_key(&field.name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_table_shows_masked_rows() {
        let column = |name: &str, kind| Field { name: name.to_owned(), kind, ..Field::default() };
        let fields = vec![
            column("name", FieldKind::default()),
            column("phone", FieldKind::Phone),
            column("share", FieldKind::Money),
        ];
        let table = column("parties", FieldKind::Table { fields, min_rows: 0, max_rows: 9 });
        let clear = r#"[{"name": "\u5f20\u4e09", "phone": "13912340000", "share": 5}, {"name": "\u674e\u56db"}]"#;
        assert_eq!(masked(&table, clear), "\u{5f20}* 139****0000 ***; \u{674e}*");
        assert_eq!(parsed(&column("n", FieldKind::Money), "500"), Value::from(500));
        assert_eq!(parsed(&column("t", FieldKind::default()), "500"), Value::from("500"));
    }
}
