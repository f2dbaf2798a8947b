//! Public registers as they stand at the end of the year: the fields that are public. Registers about persons are left out whole,
//! whatever of them is public on the pages: a file goes where nobody can call it back.

use super::table::{Dataset, Table, both};
use super::{Making, OpenDataError};
use crate::staff::registers::rows;
use crate::view::Look;
use ganglion_kernel::port_rows::{RowFilter, RowOrder};
use ganglion_kernel::seal::is_sealed;
use ganglion_model::pack::{Field, FieldKind, Register};
use ganglion_model::{Record, Text};
use serde_json::Value;

/// Rows read at a time.
const READ_AT_ONCE: u32 = 500;

/// Whether a register is in the bundle: public, about no persons, and its keys may be told.
#[must_use]
pub fn is_open(register: &Register) -> bool {
    let names_somebody = |field: &Field| {
        let is_person = matches!(
            field.kind,
            FieldKind::CitizenId | FieldKind::Account { .. } | FieldKind::Post { .. } | FieldKind::Posts { .. }
        );
        field.personal || is_person
    };
    let is_told = |name: &str| register.field(name).is_some_and(|field| field.public);
    register.is_public() && !register.fields.iter().any(names_somebody) && register.key_fields().all(is_told)
}

/// Fields that are told: public ones that are no table, no file and no telephone.
fn fields(register: &Register) -> Vec<&Field> {
    let is_told = |field: &&Field| {
        field.public && !matches!(field.kind, FieldKind::Table { .. } | FieldKind::Files { .. } | FieldKind::Phone)
    };
    register.fields.iter().filter(is_told).collect()
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) if is_sealed(text) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn line(fields: &[&Field], record: &Record) -> Vec<String> {
    let place = record.place.map(|place| place.to_string()).unwrap_or_default();
    let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let own = [place, day(record.valid_from), day(record.valid_to)];
    own.into_iter().chain(fields.iter().map(|field| text(record.fields.get(&field.name)))).collect()
}

/// Writes `register-<name>.csv`.
///
/// # Errors
/// Storage, or the file.
pub async fn write(making: &Making<'_>, register: &Register, said: &dyn Fn(&str)) -> Result<Dataset, OpenDataError> {
    let file = format!("register-{}.csv", register.name);
    said(&file);
    let title = |look: &Look<'_>| format!("{} · {}", look.t("open-data-register"), look.text(&register.title));
    let about = (Text::new(title(&making.zh), title(&making.en)), both(making, "open-data-register-about"));
    let fields = fields(register);
    let own = [("_place", "ogc-row-place"), ("_valid_from", "ogc-row-valid-from"), ("_valid_to", "ogc-row-valid-to")];
    let mut columns: Vec<(String, Text)> =
        own.iter().map(|(name, key)| ((*name).to_owned(), both(making, key))).collect();
    columns.extend(fields.iter().map(|field| (field.name.clone(), field.title.clone())));
    let mut table = Table::new(making, &file, about, columns)?;
    let (filter, order) = (RowFilter::of(&register.name, making.last_day()), RowOrder::default());
    let from = (making.data.store, making.data.world);
    let mut after = None;
    loop {
        let page = rows::page_in(from, register, (&filter, &order), (after.as_ref(), READ_AT_ONCE)).await?;
        for record in &page.rows {
            table.line(&line(&fields, record))?;
        }
        after = page.next;
        if after.is_none() {
            return table.finish();
        }
    }
}
