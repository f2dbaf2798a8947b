//! Which field of a declared process stands where on the report form. The form has a place for a kind, a description, a
//! point, a place by name, an address and photos; every other field follows in the order of the pack.

use ganglion_model::Model;
use ganglion_model::pack::{Field, FieldKind, Process, Who};

/// The fields of one process by their part on the form.
pub struct Slots<'a> {
    /// The process.
    pub process: &'a Process,
    /// What it is about.
    pub kind: Option<&'a Field>,
    /// What is said.
    pub description: Option<&'a Field>,
    /// Where, as a point.
    pub point: Option<&'a Field>,
    /// Where, by name.
    pub place: Option<&'a Field>,
    /// Where exactly, in words.
    pub address: Option<&'a Field>,
    /// Pictures.
    pub photos: Option<&'a Field>,
    /// All others.
    pub rest: Vec<Field>,
}

/// Name of the form's input for an address, and of the field it fills.
pub const ADDRESS: &str = "address";

/// Processes the public may open; those with a point come first, and of these the ones other programs report into (`open311`):
/// a campaign that asks for a point does not take the place of the report. Tickets of queues are taken on pages of their own.
#[must_use]
pub fn open_to_all(model: &Model) -> Vec<&Process> {
    let is_open = |process: &&Process| process.open_by.contains(&Who::Public) && !crate::halls::has_screens(process);
    let mut open: Vec<&Process> = model.processes.values().filter(is_open).collect();
    open.sort_by_key(|process| (process.route.point.is_none(), process.open311.is_none()));
    open
}

impl<'a> Slots<'a> {
    /// The process `name` if the public may open it, or the first one they may: those with a point come first.
    #[must_use]
    pub fn find(model: &'a Model, name: Option<&str>) -> Option<Slots<'a>> {
        let open = open_to_all(model);
        let process = match name {
            Some(name) => open.into_iter().find(|process| process.name == name)?,
            None => open.first().copied()?,
        };
        Some(Slots::of(process))
    }

    /// The fields of a process.
    #[must_use]
    pub fn of(process: &'a Process) -> Slots<'a> {
        let named = |name: Option<&String>| name.and_then(|name| process.form.iter().find(|field| field.name == *name));
        let kind = named(process.kind_field.as_ref());
        let description = crate::view::case::description_field(process);
        let point = named(process.route.point.as_ref());
        let place = named(process.route.place.as_ref());
        let address = process.form.iter().find(|f| f.name == ADDRESS && matches!(f.kind, FieldKind::Text { .. }));
        let is_picture =
            |field: &&Field| matches!(field.kind, FieldKind::Files { images: true, .. }) && !field.personal;
        let photos = process.form.iter().find(is_picture);
        let taken: Vec<&str> =
            [kind, description, point, place, address, photos].into_iter().flatten().map(|f| f.name.as_str()).collect();
        let rest = process.form.iter().filter(|field| !taken.contains(&field.name.as_str())).cloned().collect();
        Slots { process, kind, description, point, place, address, photos, rest }
    }

    /// The words for a report without a place: a name is asked for only where the process has a field it goes to.
    #[must_use]
    pub fn place_needed(&self) -> &'static str {
        if self.place.is_some() { "err-place-needed" } else { "err-point-needed" }
    }

    /// The id of the control a field is typed in.
    #[must_use]
    pub fn control(&self, field: &str) -> String {
        let is = |slot: Option<&Field>| slot.is_some_and(|slot| slot.name == field);
        let id = if is(self.kind) {
            "category"
        } else if is(self.description) {
            "description"
        } else if is(self.point) || is(self.place) {
            "place"
        } else if is(self.photos) {
            "photos"
        } else {
            field
        };
        format!("f-{id}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_asked_by_name_only_where_the_process_keeps_one() {
        let field = |name: &str, kind| Field { name: name.to_owned(), kind, ..Field::default() };
        let named = FieldKind::Place { levels: vec![ganglion_model::Level::Village] };
        let mut process =
            Process { form: vec![field("spot", FieldKind::Point), field("village", named)], ..Process::default() };
        process.route.point = Some("spot".to_owned());
        assert_eq!(Slots::of(&process).place_needed(), "err-point-needed");
        process.route.place = Some("village".to_owned());
        assert_eq!(Slots::of(&process).place_needed(), "err-place-needed");
        assert_eq!(Slots::of(&process).control("village"), "f-place");
    }
}
