//! What fields of staff's forms offer beyond what the world knows: rows of registers kept by place, of the place that is
//! chosen in the form, and the names of those who hold posts that read alike. A page with several forms reads each register
//! once.

use super::found::{self, Found, LISTED_MAX, Search};
use super::readable;
use crate::error::Error;
use crate::typed::FIND;
use crate::view::field::{FindView, RowsView};
use crate::view::form::{Asked, FieldView};
use crate::view::options::Choice;
use crate::web::Web;
use ganglion_model::pack::{Field, FieldKind, Scope};
use ganglion_model::{AccountId, Fields, PlaceCode, PostId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What was looked for: register, place, whether it was chosen, which rows may be named, what was typed.
type Looked = (String, PlaceCode, bool, String, String);

/// Rows that were read for a page.
pub struct Offers<'w> {
    web: &'w Web,
    near: PlaceCode,
    /// Whether the form may choose another place.
    opening: bool,
    known: HashMap<Looked, Option<Found>>,
}

/// The register whose rows a field names.
fn register_of(kind: &FieldKind) -> Option<&str> {
    match kind {
        FieldKind::Ref { register } | FieldKind::Refs { register, .. } => Some(register),
        _ => None,
    }
}

impl<'w> Offers<'w> {
    /// For forms about what is at `place` already: rows of its county, of `place` alone where the county has too many.
    pub fn new(web: &'w Web, place: PlaceCode) -> Offers<'w> {
        Offers { web, near: place, opening: false, known: HashMap::new() }
    }

    /// For forms that may choose a place: rows of the place that is chosen, and as for any other form until one is.
    pub fn opening(web: &'w Web, place: PlaceCode) -> Offers<'w> {
        Offers { opening: true, ..Offers::new(web, place) }
    }

    /// For a form asked about a case, or to open one.
    pub fn of(web: &'w Web, asked: &Asked<'_>) -> Offers<'w> {
        Offers { opening: asked.case.is_none(), ..Offers::new(web, asked.place) }
    }

    /// Gives the fields of a form their choices.
    ///
    /// # Errors
    /// Storage.
    pub async fn give(&mut self, declared: &[Field], fields: &mut [FieldView]) -> Result<(), Error> {
        let places = fields.iter().filter(|view| view.kind == "place");
        let chosen = places.filter_map(|view| view.value.as_str()?.trim().parse::<PlaceCode>().ok()).next();
        for view in fields.iter_mut() {
            let Some(field) = declared.iter().find(|field| field.name == view.name) else { continue };
            if matches!(field.kind, FieldKind::Post { .. } | FieldKind::Posts { .. } | FieldKind::Account { .. }) {
                self.tell_apart(&mut view.options).await?;
            }
            self.offer(field, view, chosen).await?;
            let FieldKind::Table { fields: columns, .. } = &field.kind else { continue };
            for cells in view.rows.iter_mut().chain(std::iter::once(&mut view.blank)) {
                for (column, cell) in columns.iter().zip(cells.iter_mut()) {
                    self.offer(column, cell, chosen).await?;
                }
            }
        }
        Ok(())
    }

    /// What references offer while somebody types, by the names of their controls: rows of tables are counted without blank
    /// ones.
    ///
    /// # Errors
    /// Storage.
    pub async fn live(&mut self, declared: &[Field], typed: &Fields) -> Result<BTreeMap<String, RowsView>, Error> {
        let chosen = chosen_place(declared, typed);
        let mut all = BTreeMap::new();
        for field in declared {
            if matches!(field.kind, FieldKind::Ref { .. }) {
                let value = typed.get(&field.name).and_then(Value::as_str).unwrap_or_default();
                let found = self.found(field, value, chosen).await?;
                all.extend(found.map(|found| (field.name.clone(), found.rows)));
            }
            let FieldKind::Table { fields: columns, .. } = &field.kind else { continue };
            let rows = typed.get(&field.name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            for (number, row) in rows.iter().enumerate() {
                for column in columns.iter().filter(|column| matches!(column.kind, FieldKind::Ref { .. })) {
                    let value = row.get(&column.name).and_then(Value::as_str).unwrap_or_default();
                    let found = self.found(column, value, chosen).await?;
                    all.extend(found.map(|found| (format!("{}.{number}.{}", field.name, column.name), found.rows)));
                }
            }
        }
        Ok(all)
    }

    /// Puts keys in the place of words that name exactly one row: whoever types the whole name of a row has chosen it.
    ///
    /// # Errors
    /// Storage.
    pub async fn resolve(&mut self, declared: &[Field], typed: &mut Fields) -> Result<(), Error> {
        let chosen = chosen_place(declared, typed);
        for field in declared.iter().filter(|field| matches!(field.kind, FieldKind::Ref { .. })) {
            let Some(value) = typed.get(&field.name).and_then(Value::as_str).map(str::to_owned) else { continue };
            let found = self.found(field, &value, chosen).await?;
            let key = found.filter(|found| !found.words.is_empty()).and_then(|found| found.chosen().map(str::to_owned));
            typed.extend(key.map(|key| (field.name.clone(), Value::from(key))));
        }
        Ok(())
    }

    /// Whether rows of a register are looked up: those kept by place, and those that are too many for a list. Where a field
    /// narrows rows of the deployment to a place, few are left.
    fn is_looked_up(&self, field: &Field, register: &str) -> bool {
        let most = LISTED_MAX as usize;
        self.web.world.model.registers.get(register).is_some_and(|def| match def.scope {
            Scope::Place(_) => true,
            Scope::Deployment => {
                field.within.is_none() && self.web.world.each_row(register).take(most + 1).count() > most
            }
        })
    }

    /// Rows for what was typed in a field; `None` where they are not looked up, or not for this reader.
    async fn found(&mut self, field: &Field, typed: &str, chosen: Option<PlaceCode>) -> Result<Option<Found>, Error> {
        let Some(register) = register_of(&field.kind).filter(|register| self.is_looked_up(field, register)) else {
            return Ok(None);
        };
        let chosen = chosen.filter(|_| self.opening);
        let is_placed = chosen.is_some() || !self.opening;
        let near = chosen.unwrap_or(self.near);
        let narrowed = format!("{:?} {:?}", field.within.filter(|_| is_placed), field.offered);
        let looked = (register.to_owned(), near, chosen.is_some(), narrowed, typed.to_owned());
        if let Some(known) = self.known.get(&looked) {
            return Ok(known.clone());
        }
        let found = match readable(self.web, register) {
            Ok(readable) => {
                let search = Search { near, chosen: chosen.is_some(), field, is_placed, typed };
                Some(found::find(self.web, &readable, search).await?)
            }
            Err(_) => None,
        };
        self.known.insert(looked, found.clone());
        Ok(found)
    }

    async fn offer(&mut self, field: &Field, view: &mut FieldView, chosen: Option<PlaceCode>) -> Result<(), Error> {
        let Some(register) = register_of(&field.kind).filter(|register| self.is_looked_up(field, register)) else {
            return Ok(());
        };
        if view.kind == "given" {
            return Ok(());
        }
        let words = self.web.words();
        let look = self.web.look(&words);
        let several = matches!(field.kind, FieldKind::Refs { .. });
        let typed = if several { String::new() } else { view.value.as_str().unwrap_or_default().to_owned() };
        let Some(found) = self.found(field, &typed, chosen).await? else {
            // Rows that may be named and not be read are named by their key.
            if view.options.is_empty() && view.help.is_none() {
                let title = self.web.world.model.registers.get(register).map(|def| look.text(&def.title));
                view.help = Some(look.say("find-by-key", &[("register", title.unwrap_or_default().into())]));
            }
            return Ok(());
        };
        view.options = found.rows.options;
        if several {
            let missing: Vec<Choice> = view
                .values
                .iter()
                .filter(|value| view.options.iter().all(|option| option.value != **value))
                .map(|value| Choice::new(value.clone(), value.clone()))
                .collect();
            view.options.extend(missing);
            view.options.iter_mut().for_each(|option| option.selected = view.values.contains(&option.value));
            return Ok(());
        }
        view.follows = true;
        if view.error.is_some() && !found.words.is_empty() {
            let key = if view.options.is_empty() { "find-none" } else { "find-choose" };
            view.error = Some(look.say(key, &[("words", found.words.as_str().into())]));
        }
        view.find = found.is_searched.then(|| FindView {
            name: format!("{}{FIND}", view.name),
            words: found.words,
            note: found.rows.note,
        });
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
}

/// The place chosen in a form.
fn chosen_place(declared: &[Field], typed: &Fields) -> Option<PlaceCode> {
    let places = declared.iter().filter(|field| matches!(field.kind, FieldKind::Place { .. }));
    places.filter_map(|field| typed.get(&field.name)?.as_str()?.trim().parse::<PlaceCode>().ok()).next()
}
