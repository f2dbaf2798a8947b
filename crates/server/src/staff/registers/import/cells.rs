//! One cell as the value a form would send: codes by code or title, days in the ways people write them
//! and as the serial numbers of spreadsheets, money in yuan. What cannot be read is handed on as it is and refused, with its own words, by the rules of
//! the form.

use super::named::{Meant, RowNames};
use crate::place_names::PlaceNames;
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::{Model, PlaceCode, Shard};
use jiff::civil::Date;
use serde_json::Value;

/// What stands between the key of a row and its words in a list that was exported.
pub const BEFORE_WORDS: &str = " · ";
/// What separates several codes in one cell.
pub const BETWEEN: [char; 5] = [';', '\u{ff1b}', '\u{3001}', ',', '\u{ff0c}'];
/// Serial numbers of spreadsheets that are days: from 1954 to 2119.
const SERIALS: std::ops::RangeInclusive<i64> = 20_000..=80_000;

/// What cells are read against.
pub struct Reader<'a> {
    /// Packs.
    pub model: &'a Model,
    /// Places by what people call them.
    pub places: &'a PlaceNames,
    /// Rows of other registers by what they are called.
    pub rows: &'a RowNames,
    /// Words for true and false, in both languages.
    pub yes_no: &'a (Vec<String>, Vec<String>),
}

impl Reader<'_> {
    /// The key or keys of the rows a reference names, for a row kept in `shard` at `near`; a name no row has stays as it is, to be
    /// refused by the rules of the form.
    ///
    /// # Errors
    /// A name that several rows have, with their keys.
    pub fn rows(
        &self,
        field: &Field,
        cell: &str,
        (shard, near): (Shard, Option<PlaceCode>),
    ) -> Result<Value, (String, Vec<String>)> {
        let one = |register: &str, cell: &str| match self.rows.find(register, cell, (shard, near)) {
            Meant::One(key) => Ok(Value::from(key)),
            Meant::Several(keys) => Err((cell.to_owned(), keys)),
            Meant::Nothing => Ok(Value::from(key(cell))),
        };
        match &field.kind {
            FieldKind::Ref { register } => one(register, cell.trim()),
            FieldKind::Refs { register, .. } => {
                let parts = cell.split(BETWEEN).map(str::trim).filter(|part| !part.is_empty());
                parts.map(|part| one(register, part)).collect::<Result<Vec<Value>, _>>().map(Value::from)
            }
            _ => Ok(self.value(field, cell)),
        }
    }

    /// The value of a cell. Places are found by [`PlaceNames`], which may find several, references by [`Reader::rows`].
    #[must_use]
    pub fn value(&self, field: &Field, cell: &str) -> Value {
        let cell = cell.trim();
        let as_typed = || Value::from(cell);
        match &field.kind {
            FieldKind::Choice { list } => self.code(list, cell),
            FieldKind::Choices { list } => {
                let parts = cell.split(BETWEEN).map(str::trim).filter(|part| !part.is_empty());
                Value::from(parts.map(|part| self.code(list, part)).collect::<Vec<_>>())
            }
            FieldKind::Boolean => self.flag(cell).map_or_else(as_typed, Value::Bool),
            FieldKind::Date => day(cell).map_or_else(as_typed, |day| Value::from(day.to_string())),
            FieldKind::Money => fen(cell).map_or_else(as_typed, Value::from),
            FieldKind::Integer { .. } | FieldKind::Decimal { .. } => {
                Value::from(plain_number(without_unit(field, cell)))
            }
            // A list that was exported says which datum its points have.
            FieldKind::Point => Value::from(cell.trim_end_matches("(WGS-84)").trim_end()),
            _ => as_typed(),
        }
    }

    fn code(&self, list: &str, cell: &str) -> Value {
        let codes = self.model.lists.get(list).map(|list| list.codes.as_slice()).unwrap_or_default();
        let by_code = codes.iter().find(|one| one.code == cell);
        let titled = || codes.iter().find(|one| one.title.zh == cell || one.title.en.eq_ignore_ascii_case(cell));
        Value::from(by_code.or_else(titled).map_or(cell, |one| one.code.as_str()))
    }

    fn flag(&self, cell: &str) -> Option<bool> {
        let is = |words: &[String]| words.iter().any(|word| word.eq_ignore_ascii_case(cell));
        match cell.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ if is(&self.yes_no.0) => Some(true),
            _ if is(&self.yes_no.1) => Some(false),
            _ => None,
        }
    }
}

/// A day as written: three groups of digits, year first, or eight digits, or a serial number.
#[must_use]
pub fn day(cell: &str) -> Option<Date> {
    let groups: Vec<&str> = cell.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let date = |year: &str, month: &str, of_month: &str| {
        Date::new(year.parse().ok()?, month.parse().ok()?, of_month.parse().ok()?).ok()
    };
    match groups.as_slice() {
        [year, month, of_month, ..] if year.len() == 4 => date(year, month, of_month),
        // As lists in English are exported: 27 June 2022.
        [of_month, year] if year.len() == 4 => date(year, &english_month(cell)?.to_string(), of_month),
        [all] if all.len() == 8 && cell.len() == 8 => date(&all[..4], &all[4..6], &all[6..]),
        [serial, ..] if cell.starts_with(serial) && serial.len() == 5 => {
            let serial: i64 = serial.parse().ok().filter(|serial| SERIALS.contains(serial))?;
            // Day 0 of spreadsheets is 1899-12-30.
            Date::new(1899, 12, 30).ok()?.checked_add(jiff::Span::new().days(serial)).ok()
        }
        _ => None,
    }
}

/// The number of the month a day in English names.
fn english_month(cell: &str) -> Option<usize> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let word = cell.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty())?.to_lowercase();
    MONTHS.iter().position(|month| word.starts_with(month)).map(|at| at + 1)
}

/// A number without the unit that an exported list writes behind it.
fn without_unit<'c>(field: &Field, cell: &'c str) -> &'c str {
    let mut units = field.unit.iter().flat_map(|unit| [unit.zh.as_str(), unit.en.as_str()]);
    units.find_map(|unit| cell.strip_suffix(unit).filter(|_| !unit.is_empty())).unwrap_or(cell).trim_end()
}

/// A number without separators of thousands.
fn plain_number(cell: &str) -> String {
    let plain: String = cell.chars().filter(|c| !matches!(c, ',' | '\u{ff0c}' | ' ')).collect();
    match plain.strip_suffix(".0") {
        Some(whole) if whole.bytes().all(|b| b.is_ascii_digit()) => whole.to_owned(),
        _ => plain,
    }
}

/// Yuan as fen.
fn fen(cell: &str) -> Option<i64> {
    let plain = plain_number(cell);
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if part.len() > 2 || !digits(part) || !digits(whole.strip_prefix('-').unwrap_or(whole)) {
        return None;
    }
    let whole = whole.parse::<i64>().ok()?.checked_mul(100)?;
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    if plain.starts_with('-') { whole.checked_sub(part) } else { whole.checked_add(part) }
}

/// The key of a row that a cell names, without the words an exported list says behind it.
pub fn key(cell: &str) -> &str {
    cell.split_once(BEFORE_WORDS).map_or(cell, |(key, _)| key).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_read_as_people_and_spreadsheets_write_them() {
        let expected = Some(date(2022, 6, 27));
        for text in [
            "2022-06-27",
            "2022/6/27",
            "2022.6.27",
            "20220627",
            "2022年6月27日",
            "27 June 2022",
            "44739",
            "2022-06-27 00:00",
        ] {
            assert_eq!(day(text), expected, "{text}");
        }
        for text in ["", "27/6/2022", "2022-13-01", "12", "1234567", "soon", "27 Brumaire 2022", "6 2022"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn a_reference_is_its_key_with_or_without_words() {
        assert_eq!(key("W1/2022-06-01"), "W1/2022-06-01");
        assert_eq!(key("0101 · 市容 · 路面塌陷"), "0101");
    }

    #[test]
    fn money_and_numbers_lose_their_separators_only() {
        assert_eq!(fen("1,234.5"), Some(123_450));
        assert_eq!(fen("-0.05"), Some(-5));
        assert_eq!(fen("1.234"), None);
        assert_eq!(plain_number("12.0"), "12");
        assert_eq!(plain_number("1,200.50"), "1200.50");
    }
}
