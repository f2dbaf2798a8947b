//! Stored values as words: codes by their titles, references by their rows, places, posts, days and money.

use super::{Look, Photo};
use crate::demo_picture;
use ganglion_kernel::seal::is_sealed;
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::{PlaceCode, PostId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

impl Look<'_> {
    /// The title of a code, whether it is still in use or not.
    #[must_use]
    pub fn code(&self, list: &str, code: &str) -> String {
        self.world
            .model
            .lists
            .get(list)
            .and_then(|list| list.code(code))
            .map_or_else(|| code.to_owned(), |code| self.text(&code.title))
    }

    /// The name of a register row, in English if the row has one (`<label>_en`).
    #[must_use]
    pub fn row_label(&self, register: &str, key: &str) -> String {
        let label = || {
            let def = self.world.model.registers.get(register)?;
            let record = self.world.latest(register, key)?;
            self.label_of(def, record)
        };
        label().unwrap_or_else(|| key.to_owned())
    }

    /// The name of a row.
    #[must_use]
    pub fn label_of(&self, def: &ganglion_model::pack::Register, record: &ganglion_model::Record) -> Option<String> {
        let text = |name: &str| record.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let own = format!("{}_{}", def.label, self.say.lang().as_str());
        text(&own).or_else(|| text(&def.label)).map(str::to_owned)
    }

    /// The group of a register row, in words.
    #[must_use]
    pub fn row_group(&self, register: &str, key: &str) -> Option<String> {
        let def = self.world.model.registers.get(register)?;
        let record = self.world.latest(register, key)?;
        self.group_of(def, record)
    }

    /// The group of a row, in words.
    #[must_use]
    pub fn group_of(&self, def: &ganglion_model::pack::Register, record: &ganglion_model::Record) -> Option<String> {
        let name = def.group.as_deref()?;
        self.value(def.field(name)?, record.fields.get(name)?)
    }

    /// A value in words; `None` when there is nothing to show. Sealed values are never shown here.
    #[must_use]
    pub fn value(&self, field: &Field, value: &Value) -> Option<String> {
        let texts = |one: &dyn Fn(&str) -> String| match value {
            Value::Array(items) => {
                let all: Vec<String> = items.iter().filter_map(Value::as_str).map(one).collect();
                (!all.is_empty()).then(|| all.join(&self.t("list-comma")))
            }
            Value::String(text) if !text.is_empty() => Some(one(text)),
            Value::Number(number) => Some(one(&number.to_string())),
            _ => None,
        };
        if value.as_str().is_some_and(is_sealed) {
            return None;
        }
        let shown = match &field.kind {
            FieldKind::Choice { list } | FieldKind::Choices { list } => texts(&|code| self.code(list, code)),
            FieldKind::Ref { register } => texts(&|key| self.kind_label(register, key)),
            FieldKind::Place { .. } => {
                texts(&|code| code.parse().map_or_else(|_| code.to_owned(), |code: PlaceCode| self.place_path(code)))
            }
            FieldKind::Post { .. } | FieldKind::Posts { .. } => texts(&|id| self.post(&PostId(id.to_owned()))),
            FieldKind::Boolean => value.as_bool().map(|yes| self.t(if yes { "yes" } else { "no" })),
            FieldKind::Date => texts(&|day| day.parse::<Date>().map_or_else(|_| day.to_owned(), |day| self.day(day))),
            FieldKind::Datetime => {
                texts(&|at| at.parse::<Timestamp>().map_or_else(|_| at.to_owned(), |at| self.date_time(at)))
            }
            FieldKind::Money => value.as_i64().map(yuan),
            FieldKind::Duration => {
                texts(&|length| length.parse().map_or_else(|_| length.to_owned(), |length| self.amount(length)))
            }
            FieldKind::Point => {
                ganglion_kernel::route::point_of(Some(value)).map(|[lon, lat]| format!("{lon:.5}, {lat:.5} (WGS-84)"))
            }
            FieldKind::Files { .. } => None,
            _ => texts(&|text| text.to_owned()),
        };
        match &field.unit {
            Some(unit) => shown.map(|shown| format!("{shown} {}", self.text(unit))),
            None => shown,
        }
    }

    /// A reference as group and name: `street environment · exposed refuse`.
    #[must_use]
    pub fn kind_label(&self, register: &str, key: &str) -> String {
        let label = self.row_label(register, key);
        match self.row_group(register, key) {
            Some(group) if group != label => format!("{group} · {label}"),
            _ => label,
        }
    }
}

/// Pictures in a value of a files field.
#[must_use]
pub fn photos(field: &Field, value: &Value) -> Vec<Photo> {
    if !matches!(field.kind, FieldKind::Files { .. }) {
        return Vec::new();
    }
    // What is no id of an upload (records taken over without their pictures) is left out rather than shown broken; simulated
    // cases name drawn ones.
    let is_upload = |id: &str| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
    let is_id = |id: &&str| is_upload(id) || demo_picture::href(id).is_some();
    value.as_array().into_iter().flatten().filter_map(Value::as_str).filter(is_id).map(Photo::of).collect()
}

/// Fen as yuan with separators.
fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    let whole = super::words::count(fen / 100);
    format!("{sign}¥{whole}.{:02}", fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact() {
        assert_eq!(yuan(123_456), "¥1,234.56");
        assert_eq!(yuan(-5), "-¥0.05");
    }
}
