//! What a plan is asked for: its place, day and answers, read from an address or a form and written as one.

use super::found;
use crate::error::Error;
use crate::staff::query::Query;
use crate::typed::Typed;
use crate::view::Look;
use crate::view::field::FieldView;
use crate::view::form::{Asked as Around, Typed as Filled};
use crate::view::options::Choice;
use crate::view::problems::FormError;
use crate::web::Web;
use ganglion_kernel::decide::who;
use ganglion_kernel::plans::{Right, answers};
use ganglion_model::pack::{Field, Plan, Process};
use ganglion_model::{FieldFinding, Fields, PlaceCode};
use jiff::civil::Date;

/// What an answer is called in an address: names of the page's own stay apart from those of packs.
const ANSWER: &str = "f.";
/// The mark that questions were answered, be it with nothing.
pub const RUN: &str = "run";

/// A plan and what it is asked for.
pub struct Asked<'w> {
    /// The plan.
    pub plan: &'w Plan,
    /// What the post may do with it.
    pub right: Right,
    /// The place it is computed for.
    pub place: PlaceCode,
    /// The day.
    pub day: Date,
    /// The answers as typed.
    pub typed: Fields,
    /// The answers, or what is wrong with them.
    pub answers: Result<Fields, Vec<FieldFinding>>,
    /// Whether they were given at all.
    pub is_answered: bool,
    /// The answers as they stand in an address.
    pairs: Vec<(String, String)>,
}

/// Answers as they were given.
#[derive(Default)]
struct Given {
    typed: Fields,
    is_answered: bool,
    pairs: Vec<(String, String)>,
}

/// Reads what is asked for.
///
/// # Errors
/// [`Error::NotFound`] for a plan that is not there or a place outside the post's own; a day that is none.
pub fn asked<'w>(web: &'w Web, name: &str, pairs: &[(String, String)]) -> Result<Asked<'w>, Error> {
    let of = found(web, name)?;
    let value = |name: &str| {
        let found = pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
        found.filter(|value| !value.is_empty())
    };
    let place = value("place").map(|code| code.parse::<PlaceCode>().map_err(|_| Error::NotFound)).transpose()?;
    let day = value("date").map(|day| day.parse::<Date>().map_err(|_| Error::Unreadable("date"))).transpose()?;
    let is_answered = value(RUN).is_some();
    let given: Vec<(String, String)> =
        pairs.iter().filter_map(|(key, value)| Some((key.strip_prefix(ANSWER)?.to_owned(), value.clone()))).collect();
    // A box that is not ticked is not sent: before anything was answered it says nothing.
    let typed = if is_answered { Typed::of(given).fields(&of.0.form) } else { Fields::new() };
    let kept = |(key, _): &&(String, String)| key.starts_with(ANSWER) || key == RUN;
    let pairs = pairs.iter().filter(kept).cloned().collect();
    settled(web, of, (place, day), Given { typed, is_answered, pairs })
}

/// What other software asks for: values of the fields as they are; without any, those the plan has by itself.
///
/// # Errors
/// As of [`asked`].
pub fn asked_for<'w>(
    web: &'w Web,
    name: &str,
    at: (Option<PlaceCode>, Option<Date>),
    form: Option<Fields>,
) -> Result<Asked<'w>, Error> {
    let of = found(web, name)?;
    let given = Given { is_answered: form.is_some(), typed: form.unwrap_or_default(), pairs: Vec::new() };
    settled(web, of, at, given)
}

fn settled<'w>(
    web: &'w Web,
    (plan, right): (&'w Plan, Right),
    (place, day): (Option<PlaceCode>, Option<Date>),
    given: Given,
) -> Result<Asked<'w>, Error> {
    let own = web.post()?.place;
    let (place, day) = (place.unwrap_or(own), day.unwrap_or_else(|| web.today()));
    if !own.holds(place) || web.world.places.tree.known(place, day).is_none() {
        return Err(Error::NotFound);
    }
    let Given { typed, is_answered, pairs } = given;
    let actor = who::view(&web.world, &web.actor(), web.now);
    let answers = answers(&web.world, (plan, day), &actor, &typed);
    Ok(Asked { plan, right, place, day, typed, answers, is_answered, pairs })
}

impl Asked<'_> {
    /// Pairs of an address that ask for the same.
    pub fn query(&self) -> Query {
        let own = [("place".to_owned(), self.place.to_string()), ("date".to_owned(), self.day.to_string())];
        Query(own.into_iter().chain(self.pairs.iter().cloned()).collect())
    }

    /// The questions, with what was answered and what is wrong with it.
    pub fn fields(&self, web: &Web, look: &Look<'_>) -> (Vec<FieldView>, Vec<FormError>) {
        let (process, actor) = (Process::default(), who::view(&web.world, &web.actor(), web.now));
        let around =
            Around { process: &process, case: None, actor: &actor, place: self.place, suggested: &[], prefix: "" };
        let findings: &[FieldFinding] = match &self.answers {
            Err(findings) if self.is_answered => findings,
            _ => &[],
        };
        let values = self.answers.as_ref().ok().or(Some(&self.typed)).filter(|values| !values.is_empty());
        let given = Filled { values, findings, more: None };
        let mut fields = look.fields(&around, &self.plan.form, given);
        for field in &mut fields {
            field.name = format!("{ANSWER}{}", field.name);
        }
        let errors = look.problems(&self.plan.form, findings, &|name: &str| format!("f-{name}"));
        (fields, errors)
    }

    /// The answers in words, question by question.
    pub fn answered(&self, look: &Look<'_>) -> Vec<(String, String)> {
        let Ok(answers) = &self.answers else { return Vec::new() };
        let said = |field: &Field| {
            let value = look.value(field, answers.get(&field.name)?)?;
            Some((look.text(&field.title), value))
        };
        self.plan.form.iter().filter_map(said).collect()
    }

    /// Places it may be computed for: what lies between the post's own and this one, and the children.
    pub fn places(&self, look: &Look<'_>, own: PlaceCode) -> Vec<Choice> {
        let mut above: Vec<PlaceCode> = self.place.ancestors().filter(|code| own.holds(*code)).collect();
        above.reverse();
        above.push(self.place);
        let mut choices: Vec<Choice> = above
            .into_iter()
            .map(|code| Choice { selected: code == self.place, ..Choice::new(code.to_string(), look.place(code)) })
            .collect();
        let group = Some(look.place(self.place));
        let children = look.world.places.tree.children(self.place, self.day);
        choices.extend(
            children.map(|place| Choice {
                group: group.clone(),
                ..Choice::new(place.code.to_string(), place.name.clone())
            }),
        );
        choices
    }
}
