//! Rows of registers kept by place, offered as choices by the fields that refer to them, when there are few; more of them are
//! typed by key. A page with several forms reads each register once.

use super::{readable, rows, shown};
use crate::error::Error;
use crate::view::form::FieldView;
use crate::view::options::Choice;
use crate::web::Web;
use ganglion_kernel::port_rows::{RowFilter, RowOrder};
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::{Level, PlaceCode};
use std::collections::HashMap;

/// Rows a field offers.
const CHOICES_MAX: u32 = 300;

/// Rows that were read for a page, by register: key and words.
pub struct Offers<'w> {
    web: &'w Web,
    within: PlaceCode,
    known: HashMap<String, Vec<(String, String)>>,
}

impl<'w> Offers<'w> {
    /// Offers of rows in the county of `place`.
    pub fn new(web: &'w Web, place: PlaceCode) -> Offers<'w> {
        Offers { web, within: place.at(Level::County).unwrap_or(place), known: HashMap::new() }
    }

    /// Gives the fields of a form their choices.
    ///
    /// # Errors
    /// Storage.
    pub async fn give(&mut self, declared: &[Field], fields: &mut [FieldView]) -> Result<(), Error> {
        for view in fields.iter_mut().filter(|view| matches!(view.kind, "ref" | "choices") && view.options.is_empty()) {
            let kind = declared.iter().find(|field| field.name == view.name).map(|field| &field.kind);
            let Some(FieldKind::Ref { register } | FieldKind::Refs { register, .. }) = kind else { continue };
            if !self.known.contains_key(register) {
                let read = self.read(register).await?;
                self.known.insert(register.clone(), read);
            }
            let one = view.value.as_str().unwrap_or_default();
            let chosen = |key: &str| key == one || view.values.iter().any(|value| value == key);
            let rows = self.known.get(register).into_iter().flatten();
            view.options =
                rows.map(|(key, label)| Choice { selected: chosen(key), ..Choice::new(key, label.clone()) }).collect();
        }
        Ok(())
    }

    /// The rows of a register; none when the reader may not see them, or there are too many.
    async fn read(&self, register: &str) -> Result<Vec<(String, String)>, Error> {
        let Ok(readable) = readable(self.web, register) else { return Ok(Vec::new()) };
        let filter = RowFilter { place: Some(self.within), ..RowFilter::of(register, self.web.today()) };
        let found = rows::page(self.web, readable.register, (&filter, &RowOrder::default()), None, CHOICES_MAX).await?;
        if found.next.is_some() {
            return Ok(Vec::new());
        }
        let words = self.web.words();
        let look = self.web.look(&words);
        let named = found.rows.iter().map(|row| {
            let title = shown::title(&look, &readable, self.web, row);
            (row.key.clone(), if title == row.key { title } else { format!("{} · {title}", row.key) })
        });
        Ok(named.collect())
    }
}
