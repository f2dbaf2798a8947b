//! Stored values as words: codes by their titles, references by their rows, places, posts, days and money.

use super::{Look, Photo};
use crate::demo_picture;
use ganglion_geo::shape::{length_m, polygon_area_m2, read_line, read_polygon};
use ganglion_kernel::seal::is_sealed;
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::{AccountId, PlaceCode, PostId, units};
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

    /// Where a row that a value names has its page, if the reader may open it.
    #[must_use]
    pub fn row_href(&self, field: &Field, value: &Value) -> Option<String> {
        let FieldKind::Ref { register } = &field.kind else { return None };
        Some(self.say.row(register, value.as_str()?)?.href)
    }

    /// The name of a register row, in English if the row has one (`<label>_en`).
    #[must_use]
    pub fn row_label(&self, register: &str, key: &str) -> String {
        let label = || {
            let def = self.world.model.registers.get(register)?;
            let record = self.world.latest(register, key)?;
            self.label_of(def, record)
        };
        let by_place = || Some(self.say.row(register, key)?.label);
        label().or_else(by_place).unwrap_or_else(|| key.to_owned())
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
            FieldKind::Ref { register } | FieldKind::Refs { register, .. } => {
                texts(&|key| self.kind_label(register, key))
            }
            FieldKind::Account { .. } => texts(&|account| self.account(account)),
            FieldKind::Decimal { .. } | FieldKind::Quantity { .. } => texts(&super::words::separated),
            FieldKind::Line => read_line(value).ok().map(|line| self.length(length_m(&line))),
            FieldKind::Polygon => read_polygon(value).ok().map(|rings| self.area(polygon_area_m2(&rings))),
            FieldKind::Table { fields, .. } => self.table_text(fields, value),
            FieldKind::Place { .. } => {
                texts(&|code| code.parse().map_or_else(|_| code.to_owned(), |code: PlaceCode| self.place_path(code)))
            }
            FieldKind::Post { .. } | FieldKind::Posts { .. } => texts(&|id| self.post(&PostId(id.to_owned()))),
            FieldKind::Boolean => value.as_bool().map(|yes| self.t(if yes { "yes" } else { "no" })),
            FieldKind::Date => {
                texts(&|day| day.parse::<Date>().map_or_else(|_| day.to_owned(), |day| self.full_day(day)))
            }
            FieldKind::Datetime => {
                texts(&|at| at.parse::<Timestamp>().map_or_else(|_| at.to_owned(), |at| self.date_time(at)))
            }
            FieldKind::Money => value.as_i64().or_else(|| value.as_str()?.parse().ok()).map(yuan),
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

    /// A table in one line of words: its rows, cells by their column titles.
    fn table_text(&self, columns: &[Field], table: &Value) -> Option<String> {
        let comma = self.t("list-comma");
        let row = |row: &Value| {
            let cells = columns.iter().filter_map(|column| self.value(column, row.get(&column.name)?));
            cells.collect::<Vec<_>>().join(" ")
        };
        let rows: Vec<String> = table.as_array()?.iter().map(row).filter(|row| !row.is_empty()).collect();
        (!rows.is_empty()).then(|| rows.join(&comma))
    }

    /// Somebody by the post they hold.
    #[must_use]
    pub fn account(&self, id: &str) -> String {
        let today = self.today();
        let account = AccountId(id.to_owned());
        let post = self.world.posts.of(&account).find(|post| post.valid_on(today));
        post.map_or_else(|| id.to_owned(), |post| self.post(&post.id))
    }

    fn length(&self, metres: f64) -> String {
        let (amount, unit) =
            if metres < 1000.0 { (format!("{metres:.0}"), "m") } else { (format!("{:.2}", metres / 1000.0), "km") };
        self.say("shape-length", &[("amount", amount.into()), ("unit", self.unit_title(unit).into())])
    }

    fn area(&self, square_metres: f64) -> String {
        let (amount, unit) = if square_metres < 100_000.0 {
            (super::words::separated(&format!("{square_metres:.0}")), "m2")
        } else {
            (super::words::separated(&format!("{:.2}", square_metres / 10_000.0)), "ha")
        };
        self.say("shape-area", &[("amount", amount.into()), ("unit", self.unit_title(unit).into())])
    }

    /// What a unit is called.
    #[must_use]
    pub fn unit_title(&self, code: &str) -> String {
        units::unit(code).map_or_else(|| code.to_owned(), |unit| self.text(&unit.title))
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

/// Whether values of a kind are numbers, which lists set flush right so that they can be compared.
#[must_use]
pub fn is_number(kind: &FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Integer { .. } | FieldKind::Decimal { .. } | FieldKind::Money | FieldKind::Quantity { .. }
    )
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
