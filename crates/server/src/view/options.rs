//! What may be chosen in a field today: codes, rows of registers, places and posts.

use super::Look;
use super::suggest::Suggestion;
use ganglion_model::pack::{Field, FieldKind, Register};
use ganglion_model::scope::{RowNames, Rows as _};
use ganglion_model::{Level, PlaceCode, Post, Record};
use serde::Serialize;
use std::collections::BTreeSet;

/// More choices than this are no help; the field then takes a code.
const PLACES_MAX: usize = 1500;

/// One choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Stored value.
    pub value: String,
    /// Words.
    pub label: String,
    /// A word more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Is it chosen?
    pub selected: bool,
    /// Under which heading it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How many it stands for, in filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<String>,
}

impl Choice {
    /// A choice without more.
    #[must_use]
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Choice {
        Choice { value: value.into(), label: label.into(), ..Choice::default() }
    }
}

/// The level of the places under whose names places of these levels stand: the village where there are only grids, else the township;
/// none where nothing lies below a township.
fn heading_level(levels: &BTreeSet<Level>) -> Option<Level> {
    let (highest, deepest) = (levels.first()?, levels.last()?);
    match (highest, deepest) {
        (Level::Grid, _) => Some(Level::Village),
        (_, Level::Village | Level::Grid) => Some(Level::Township),
        _ => None,
    }
}

impl Look<'_> {
    /// What may be chosen; empty when the field takes free input. `place`: the case's place, or the scope of whoever
    /// opens a case. `suggested` posts come first, with their reasons.
    #[must_use]
    pub fn choices(&self, kind: &FieldKind, place: PlaceCode, suggested: &[Suggestion]) -> Vec<Choice> {
        match kind {
            FieldKind::Choice { list } | FieldKind::Choices { list } => self.codes(list),
            FieldKind::Ref { register } | FieldKind::Refs { register, .. } => self.rows(register),
            FieldKind::Place { levels } => self.places(levels, place),
            FieldKind::Post { roles, within } | FieldKind::Posts { roles, within } => {
                let scope = within.and_then(|level| place.at(level)).unwrap_or(self.world.places.root);
                self.posts(roles, scope, suggested)
            }
            FieldKind::Account { roles, within } => {
                let scope = within.and_then(|level| place.at(level)).unwrap_or(self.world.places.root);
                self.accounts(roles, scope)
            }
            _ => Vec::new(),
        }
    }

    /// What may be chosen in a field: rows of a reference that belong too far away are left out.
    #[must_use]
    pub fn choices_of(&self, field: &Field, place: PlaceCode, suggested: &[Suggestion]) -> Vec<Choice> {
        let mut choices = self.choices(&field.kind, place, suggested);
        let (FieldKind::Ref { register } | FieldKind::Refs { register, .. }) = &field.kind else { return choices };
        if field.within.is_some() || !field.offered.is_empty() {
            let row = |key: &str| self.world.row(register, key, self.today());
            choices.retain(|choice| row(&choice.value).is_none_or(|row| self.offers(field, Some(place), row)));
        }
        choices
    }

    /// What may be chosen in a field of a form that no place is chosen for yet.
    #[must_use]
    pub fn choices_offered(&self, field: &Field) -> Vec<Choice> {
        self.choices_where(field, self.choices(&field.kind, self.world.places.root, &[]))
    }

    /// Those of some choices whose rows may be named, wherever they belong.
    #[must_use]
    pub fn choices_where(&self, field: &Field, mut choices: Vec<Choice>) -> Vec<Choice> {
        if let FieldKind::Ref { register } | FieldKind::Refs { register, .. } = &field.kind {
            let row = |key: &str| self.world.row(register, key, self.today());
            choices.retain(|choice| row(&choice.value).is_none_or(|row| self.offers(field, None, row)));
        }
        choices
    }

    /// Whether a row may be named in a reference: it belongs near enough to `place`, and is what the field asks for.
    #[must_use]
    pub fn offers(&self, field: &Field, place: Option<PlaceCode>, row: &Record) -> bool {
        let register = self.world.model.registers.get(&row.register);
        let owner = register.and_then(|register| register.judged_at(row.place, &row.fields));
        let names = RowNames { today: Some(self.today()), ..RowNames::of(self.world, row) };
        let near = field.within.zip(place).zip(owner);
        let is_near = near.is_none_or(|((within, place), owner)| within.holds(place, owner));
        is_near && field.offered.iter().all(|check| check.holds.holds(&names))
    }

    /// Everybody who holds a fitting post, each once.
    fn accounts(&self, roles: &[String], scope: PlaceCode) -> Vec<Choice> {
        let mut choices: Vec<Choice> = Vec::new();
        for post in self.posts_inside(roles, scope) {
            let Some(account) = &post.account else { continue };
            if !choices.iter().any(|choice| choice.value == account.0) {
                choices.push(Choice::new(&account.0, self.account(&account.0)));
            }
        }
        choices.sort_by(|a, b| a.label.cmp(&b.label));
        choices
    }

    fn codes(&self, list: &str) -> Vec<Choice> {
        let today = self.today();
        let codes = self.world.model.lists.get(list).into_iter().flat_map(|list| &list.codes);
        codes.filter(|code| code.valid_on(today)).map(|code| Choice::new(&code.code, self.text(&code.title))).collect()
    }

    fn rows(&self, register: &str) -> Vec<Choice> {
        let Some(def) = self.world.model.registers.get(register) else {
            return Vec::new();
        };
        let mut choices: Vec<Choice> =
            self.world.rows_on(register, self.today()).into_iter().map(|record| self.row_choice(def, record)).collect();
        // Headings must not repeat; within one the order of keys stays.
        let mut order: Vec<Option<String>> = Vec::new();
        for choice in &choices {
            if !order.contains(&choice.group) {
                order.push(choice.group.clone());
            }
        }
        choices.sort_by_key(|choice| order.iter().position(|group| *group == choice.group));
        choices
    }

    fn row_choice(&self, def: &Register, record: &Record) -> Choice {
        Choice {
            group: self.group_of(def, record),
            ..Choice::new(&record.key, self.label_of(def, record).unwrap_or_else(|| record.key.clone()))
        }
    }

    /// Rows that are named already and not offered any more: what stands is not asked for anew.
    #[must_use]
    pub fn standing(&self, field: &Field, named: &[&str], options: &[Choice]) -> Vec<Choice> {
        let (FieldKind::Ref { register } | FieldKind::Refs { register, .. }) = &field.kind else { return Vec::new() };
        let Some(def) = self.world.model.registers.get(register).filter(|_| !field.offered.is_empty()) else {
            return Vec::new();
        };
        let missing = named.iter().filter(|key| options.iter().all(|option| option.value != **key));
        missing.filter_map(|key| Some(self.row_choice(def, self.world.row(register, key, self.today())?))).collect()
    }

    /// Places of the levels inside the county of `near`, or inside `near` itself when it is no deeper; under the name of
    /// the place above those that are highest, so that no heading stands twice.
    fn places(&self, levels: &[Level], near: PlaceCode) -> Vec<Choice> {
        self.places_in(levels, near.at(Level::County).unwrap_or(near))
    }

    fn places_in(&self, levels: &[Level], scope: PlaceCode) -> Vec<Choice> {
        let today = self.today();
        let wanted = |place: &&ganglion_model::Place| levels.is_empty() || levels.contains(&place.code.level());
        let own = self.world.places.tree.on(scope, today).into_iter();
        let found: Vec<&ganglion_model::Place> =
            own.chain(self.world.places.tree.inside(scope, today)).filter(wanted).take(PLACES_MAX + 1).collect();
        if found.len() > PLACES_MAX {
            return Vec::new();
        }
        let heading = heading_level(&found.iter().map(|place| place.code.level()).collect());
        let mut last: Option<(PlaceCode, String)> = None;
        let mut group = |code: PlaceCode| {
            let above = code.at(heading?)?;
            if last.as_ref().is_none_or(|(known, _)| *known != above) {
                last = Some((above, self.place_path(above)));
            }
            last.as_ref().map(|(_, path)| path.clone())
        };
        let label = |place: &ganglion_model::Place| {
            let above = place.code.parent().filter(|above| heading.is_some_and(|heading| above.level() > heading));
            let above = above.map(|above| self.place(above)).filter(|above| !place.name.starts_with(above));
            above.map_or_else(|| place.name.clone(), |above| format!("{above} · {}", place.name))
        };
        found
            .into_iter()
            .map(|place| Choice { group: group(place.code), ..Choice::new(place.code.to_string(), label(place)) })
            .collect()
    }

    /// A person's own places before all others: those inside the place of the post, and those it lies in. Where there are too
    /// many to offer, only its own are.
    #[must_use]
    pub fn own_places_first(&self, choices: Vec<Choice>, (levels, own): (&[Level], PlaceCode)) -> Vec<Choice> {
        if choices.is_empty() {
            return self.places_in(levels, own);
        }
        let is_own =
            |choice: &Choice| choice.value.parse::<PlaceCode>().is_ok_and(|code| own.holds(code) || code.holds(own));
        let (mut mine, others): (Vec<Choice>, Vec<Choice>) = choices.into_iter().partition(is_own);
        // A heading must not stand twice: what is shared with others goes under one of its own.
        if mine.iter().any(|one| others.iter().any(|other| other.group == one.group)) {
            let group = self.t("places-own");
            mine.iter_mut().for_each(|one| one.group = Some(group.clone()));
        }
        mine.extend(others);
        mine
    }

    /// Posts of the roles inside `scope`, suggested ones first.
    fn posts(&self, roles: &[String], scope: PlaceCode, suggested: &[Suggestion]) -> Vec<Choice> {
        let rank = |post: &Post| suggested.iter().position(|one| one.post == post.id).unwrap_or(usize::MAX);
        let mut posts: Vec<&Post> = self.posts_inside(roles, scope).collect();
        posts.sort_by(|a, b| (rank(a), a.place, &a.id).cmp(&(rank(b), b.place, &b.id)));
        posts
            .into_iter()
            .map(|post| Choice {
                hint: suggested.get(rank(post)).map(|one| one.hint(self)),
                ..Choice::new(&post.id.0, self.post(&post.id))
            })
            .collect()
    }

    /// Posts of the roles inside `scope` that exist today and that somebody holds.
    pub fn posts_inside<'b>(&'b self, roles: &'b [String], scope: PlaceCode) -> impl Iterator<Item = &'b Post> {
        let today = self.today();
        self.world.posts.inside(scope).filter(move |post| {
            post.valid_on(today) && post.account.is_some() && (roles.is_empty() || roles.contains(&post.role))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stand_under_what_holds_the_highest_of_them() {
        use Level::{City, County, Grid, Township, Village};
        let level = |levels: &[Level]| heading_level(&levels.iter().copied().collect());
        assert_eq!(level(&[Grid]), Some(Village));
        assert_eq!(level(&[Village]), Some(Township));
        assert_eq!([level(&[Village, Grid]), level(&[County, Township, Grid])], [Some(Township); 2]);
        assert_eq!([level(&[]), level(&[Township]), level(&[City, County, Township])], [None; 3]);
    }
}
