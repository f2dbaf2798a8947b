//! What fields of staff's forms offer beyond what the world knows: rows of registers kept by place, when there are few (more
//! of them are typed by key), and the names of those who hold posts that read alike. A page with several forms reads each
//! register once.

use super::{readable, rows, shown};
use crate::error::Error;
use crate::view::form::FieldView;
use crate::view::options::Choice;
use crate::web::Web;
use ganglion_kernel::port_rows::{RowFilter, RowOrder};
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::{AccountId, Level, PlaceCode, PostId};
use std::collections::{BTreeSet, HashMap};

/// Rows a field offers.
const CHOICES_MAX: u32 = 300;

/// Rows that were read for a page, by register: key and words.
pub struct Offers<'w> {
    web: &'w Web,
    near: PlaceCode,
    known: HashMap<String, Vec<(String, String)>>,
}

impl<'w> Offers<'w> {
    /// Offers of rows in the county of `place`; of `place` alone where the county has too many.
    pub fn new(web: &'w Web, place: PlaceCode) -> Offers<'w> {
        Offers { web, near: place, known: HashMap::new() }
    }

    /// Gives the fields of a form their choices.
    ///
    /// # Errors
    /// Storage.
    pub async fn give(&mut self, declared: &[Field], fields: &mut [FieldView]) -> Result<(), Error> {
        for view in fields.iter_mut() {
            let kind = declared.iter().find(|field| field.name == view.name).map(|field| &field.kind);
            if matches!(kind, Some(FieldKind::Post { .. } | FieldKind::Posts { .. } | FieldKind::Account { .. })) {
                self.tell_apart(&mut view.options).await?;
            }
        }
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

    /// Adds who holds it to posts that read alike.
    async fn tell_apart(&self, options: &mut [Choice]) -> Result<(), Error> {
        let mut alike: HashMap<&str, usize> = HashMap::new();
        for option in options.iter() {
            *alike.entry(&option.label).or_default() += 1;
        }
        let alike: BTreeSet<String> =
            alike.into_iter().filter(|(_, times)| *times > 1).map(|(label, _)| label.to_owned()).collect();
        for option in options.iter_mut().filter(|option| alike.contains(&option.label)) {
            let post = self.web.world.posts.get(&PostId(option.value.clone()));
            let held = post.map_or_else(|| Some(AccountId(option.value.clone())), |post| post.account.clone());
            let Some(held) = held else { continue };
            if let Some(account) = self.web.app.store.account(&held).await? {
                option.label = format!("{} · {}", option.label, account.name);
            }
        }
        Ok(())
    }

    /// The rows of a register; none when the reader may not see them, or there are too many.
    async fn read(&self, register: &str) -> Result<Vec<(String, String)>, Error> {
        let Ok(readable) = readable(self.web, register) else { return Ok(Vec::new()) };
        let county = self.near.at(Level::County).unwrap_or(self.near);
        let mut found = None;
        for within in BTreeSet::from([county, self.near]) {
            let filter = RowFilter { place: Some(within), ..RowFilter::of(register, self.web.today()) };
            let page = (&filter, &RowOrder::default());
            found = Some(rows::page(self.web, readable.register, page, None, CHOICES_MAX).await?)
                .filter(|page| page.next.is_none());
            if found.is_some() {
                break;
            }
        }
        let Some(found) = found else { return Ok(Vec::new()) };
        let words = self.web.words();
        let look = self.web.look(&words);
        let named = found.rows.iter().map(|row| {
            let title = shown::title(&look, &readable, self.web, row);
            (row.key.clone(), if title == row.key { title } else { format!("{} · {title}", row.key) })
        });
        Ok(named.collect())
    }
}
