//! A form that is asked once for several cases. What the form of one case shows as known stands empty here: each case keeps what
//! it has, unless something is chosen for all.

use super::Look;
use super::form::{Asked, FormView, Hidden, Typed, known};
use ganglion_model::pack::{Action, Field, Process, Required};
use ganglion_model::{Case, Fields};
use serde_json::Value;

/// What a case has itself of what was left empty, where the step cannot do without: it demands it, would put something else in its
/// place, or looks at it. The rest is not sent, and so stays as it is.
#[must_use]
pub fn own(asked: &Asked<'_>, action: &Action, typed: &Fields) -> Fields {
    let is_needed = |field: &&Field| {
        field.required != Required::No
            || field.default.is_some()
            || field.default_from.is_some()
            || action.reads_typed(&field.name)
    };
    let empty = action.form.iter().filter(|field| !typed.contains_key(&field.name));
    empty.filter(is_needed).filter_map(|field| Some((field.name.clone(), known(asked, field)?.clone()))).collect()
}

/// Whether a case has what `field` asks, so that its own form would show it.
fn has(asked: &Asked<'_>, (case, process): (&Case, &Process), field: &Field) -> bool {
    let of_case = Asked {
        process,
        case: Some(case),
        actor: asked.actor,
        place: case.place,
        suggested: asked.suggested,
        prefix: asked.prefix,
    };
    known(&of_case, field).is_some()
}

impl Look<'_> {
    /// The form of an action for several cases at once. `asked` is one of them, `cases` are all.
    #[must_use]
    pub fn form_of_many(
        &self,
        asked: &Asked<'_>,
        (action, cases): (&Action, &[(&Case, &Process)]),
        hidden: Vec<Hidden>,
        typed: Typed<'_>,
    ) -> FormView {
        let mut values = typed.values.cloned().unwrap_or_default();
        let kept: Vec<&Field> =
            action.form.iter().filter(|field| cases.iter().any(|one| has(asked, *one, field))).collect();
        let empty: Vec<&str> =
            kept.iter().map(|field| field.name.as_str()).filter(|name| !values.contains_key(*name)).collect();
        // Said to be nothing, a field shows neither what the one case has nor its default.
        values.extend(empty.iter().map(|name| ((*name).to_owned(), Value::Null)));
        let typed = Typed { values: Some(&values), findings: typed.findings, more: typed.more };
        let mut view = self.action_form(asked, action, hidden, typed);
        for shown in &mut view.fields {
            let Some(field) = kept.iter().find(|field| field.name == shown.name) else { continue };
            shown.keeps = true;
            if cases.iter().all(|one| has(asked, *one, field)) {
                shown.required = false;
                shown.needs = None;
            }
            if empty.contains(&shown.name.as_str()) {
                shown.hint = None;
            }
            let said = self.t("field-keeps");
            shown.help = Some(shown.help.take().map_or_else(|| said.clone(), |help| format!("{help} {said}")));
        }
        view
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::{self, Words, action, bare_world, field, look, matter, now};
    use ganglion_model::Lang;
    use ganglion_model::pack::{Effect, FieldKind, Who};
    use ganglion_model::scope::ActorView;

    fn sort(required: Required, effects: Vec<Effect>) -> Action {
        let kind = Field { required, ..field("kind", FieldKind::Text { max: 20, pattern: None }) };
        let note = Field { required: Required::No, ..field("note", FieldKind::LongText { max: 500 }) };
        Action { effects, ..action("sort", Who::Assignee, None, vec![kind, note]) }
    }

    #[test]
    fn each_case_keeps_what_it_has_and_sends_it_only_where_it_is_needed() {
        let world = bare_world();
        let process = &world.model.processes["matter"];
        let case = matter("130903100201001", now(), None, "k");
        let actor = ActorView::default();
        let asked = Asked { process, case: Some(&case), actor: &actor, place: case.place, suggested: &[], prefix: "" };
        let typed = |value: &str| Fields::from([("kind".to_owned(), value.into())]);
        let set = || Effect::Set { field: "note".to_owned(), value: sample::path("form.kind") };
        assert_eq!(own(&asked, &sort(Required::No, Vec::new()), &Fields::new()), Fields::new());
        assert_eq!(own(&asked, &sort(Required::Yes, Vec::new()), &Fields::new()), typed("k"));
        assert_eq!(own(&asked, &sort(Required::No, vec![set()]), &Fields::new()), typed("k"));
        assert_eq!(own(&asked, &sort(Required::Yes, vec![set()]), &typed("z")), Fields::new(), "what was chosen goes");
    }

    #[test]
    fn a_form_for_many_shows_nothing_of_one_of_them() {
        let world = bare_world();
        let process = &world.model.processes["matter"];
        let (one, other) = (
            matter("130903100201001", now(), None, "k"),
            Case { fields: Fields::new(), ..matter("130903100201002", now(), None, "m") },
        );
        let words = Words::of(Lang::En);
        let look = look(&world, &words);
        let actor = ActorView::default();
        let asked = Asked { process, case: Some(&one), actor: &actor, place: one.place, suggested: &[], prefix: "" };
        let step = sort(Required::Yes, Vec::new());
        let shown = |cases: &[(&Case, &Process)], values: Option<&Fields>| {
            let typed = Typed { values, ..Typed::default() };
            look.form_of_many(&asked, (&step, cases), Vec::new(), typed).fields
        };
        let all = shown(&[(&one, process)], None);
        assert_eq!((all[0].keeps, all[0].required, &all[0].value), (true, false, &Value::Null));
        assert!(!all[1].keeps, "a text about what is done now is asked as ever");
        assert!(shown(&[(&one, process), (&other, process)], None)[0].required, "one of them has none yet");
        let typed = Fields::from([("kind".to_owned(), "z".into())]);
        assert_eq!(shown(&[(&one, process)], Some(&typed))[0].value, "z");
    }
}
