//! The way of a case as its reporter sees it: states with their public words, the limit that was promised, and what came
//! of it. Nothing here names a person.

use crate::view::clock::ClockView;
use crate::view::value::photos;
use crate::view::{Look, Photo};
use ganglion_model::Case;
use ganglion_model::change::Entry;
use ganglion_model::pack::{FieldKind, Process, State, Tone};
use serde::Serialize;

/// A step of the way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Words.
    pub label: String,
    /// When it was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Passed?
    pub done: bool,
    /// Here now?
    pub current: bool,
}

/// What was promised, in words.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Promise {
    /// By when, or how it was kept.
    pub text: String,
    /// The limit.
    pub limit: Option<String>,
    /// Nothing is promised any more: it is settled.
    pub settled: bool,
    /// Its clock.
    #[serde(skip)]
    pub clock: ClockView,
}

/// What came of a case.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// Words.
    pub text: String,
    /// When.
    pub at: String,
    /// Who did it: the unit, never the person.
    pub unit: Option<String>,
    /// Pictures.
    pub photos: Vec<Photo>,
}

/// The states a case most likely still passes: from each the first action that leads on.
fn likely<'a>(process: &'a Process, from: &'a str) -> Vec<&'a str> {
    let mut way = Vec::new();
    let mut at = from;
    while let Some(next) = process.states.get(at).and_then(|state| leads_on(process, state, &way)) {
        way.push(next);
        at = next;
    }
    way.retain(|name| *name != from);
    way
}

fn leads_on<'a>(process: &'a Process, state: &'a State, passed: &[&str]) -> Option<&'a str> {
    // What comes after settling (rating, archive) is no step the reporter waits for.
    if state.is_settled() {
        return None;
    }
    let to = state.actions.iter().filter_map(|action| action.to.as_deref());
    to.filter(|to| *to != state.name && !passed.contains(to)).find(|to| process.states.contains_key(*to))
}

impl Look<'_> {
    /// Public words of a state; its title when it has none.
    fn public_words(&self, state: &State) -> String {
        let words = self.text(&state.public);
        if words.is_empty() { self.text(&state.title) } else { words }
    }

    /// Steps passed, the one it is at, and those that likely follow.
    #[must_use]
    pub fn steps(&self, process: &Process, case: &Case) -> Vec<Step> {
        let mut passed: Vec<_> = case.entered.iter().filter(|(name, _)| **name != case.state).collect();
        passed.sort_by_key(|(_, (first, _))| *first);
        let done = passed.into_iter().filter_map(|(name, (first, _))| {
            let label = self.public_words(process.states.get(name)?);
            Some(Step { label, at: Some(self.when(*first)), done: true, current: false })
        });
        let now = process.states.get(&case.state).map(|state| Step {
            label: self.public_words(state),
            at: case.entered.get(&case.state).map(|(_, last)| self.when(*last)),
            done: state.is_settled(),
            current: true,
        });
        let later = likely(process, &case.state).into_iter().filter(|name| !case.entered.contains_key(*name));
        // The words of a settled state speak of what came of it, which is not there yet.
        let ahead = |state: &State| if state.is_settled() { self.text(&state.title) } else { self.public_words(state) };
        let later = later.filter_map(|name| Some(Step { label: ahead(process.states.get(name)?), ..Step::default() }));
        let mut steps: Vec<Step> = done.chain(now).chain(later).collect();
        // Several states may carry the same public words; the reporter sees one step then.
        steps.dedup_by(|b, a| {
            let same = a.label == b.label;
            if same && b.current {
                (a.current, a.done) = (true, b.done);
            }
            same
        });
        steps
    }

    /// When it was settled and whether in the time that was promised for that; what runs on (an answer, a rating) is no promise to
    /// settle it. `None` while it is not settled.
    fn settled(&self, process: &Process, case: &Case) -> Option<Promise> {
        let state = process.states.get(&case.state).filter(|state| state.is_settled())?;
        let at = case.closed_at?;
        let is_ended = matches!(state.tone, Tone::Ended);
        let promised = process.clocks.values().filter(|def| def.promise && !is_ended);
        let promised = promised.filter_map(|def| Some((def, case.clocks.get(&def.name)?)));
        let kept = promised.filter(|(_, clock)| clock.stopped_at().is_some_and(|stopped| stopped <= at));
        let last = kept.max_by_key(|(_, clock)| clock.started_at());
        let clock = last.map(|(def, _)| self.clock(process, case, def)).unwrap_or_default();
        let key = if is_ended { "promise-ended" } else { "promise-settled" };
        let text = self.say(key, &[("at", self.when(at).into())]);
        Some(Promise { text, limit: clock.limit.clone(), settled: true, clock })
    }

    /// The limit that was promised: the one that runs, else the one that ended last. How it was kept, once the case is settled.
    #[must_use]
    pub fn promise(&self, process: &Process, case: &Case) -> Option<Promise> {
        if let Some(settled) = self.settled(process, case) {
            return Some(settled);
        }
        let promised = process.clocks.values().filter(|def| def.promise);
        let promised = promised.filter_map(|def| Some((def, case.clocks.get(&def.name)?)));
        let (def, clock) = promised.max_by_key(|(_, clock)| (clock.stopped_at().is_none(), clock.started_at()))?;
        let view = self.clock(process, case, def);
        let text = match &view.due {
            Some(due) if clock.stopped_at().is_none() => self.say("promise-finish-by", &[("at", due.as_str().into())]),
            _ => view.text.clone(),
        };
        Some(Promise { text, limit: view.limit.clone(), settled: false, clock: view })
    }

    /// What came of it: public fields filled while it was handled, as its journal (newest first) tells.
    #[must_use]
    pub fn found(&self, process: &Process, case: &Case, entries: &[Entry]) -> Option<Found> {
        let public = || process.fields.iter().filter(|field| field.public && !field.personal);
        let texts: Vec<String> = public()
            .filter(|field| !matches!(field.kind, FieldKind::Files { .. }))
            .filter_map(|field| {
                let shown = self.value(field, case.fields.get(&field.name)?)?;
                let long = matches!(field.kind, FieldKind::LongText { .. });
                Some(if long { shown } else { format!("{}{}{shown}", self.text(&field.title), self.t("colon")) })
            })
            .collect();
        let photos: Vec<Photo> =
            public().filter_map(|field| Some(photos(field, case.fields.get(&field.name)?))).flatten().collect();
        if texts.is_empty() && photos.is_empty() {
            return None;
        }
        let at = self.when(self.result_at(process, case, entries));
        Some(Found { text: texts.join("\n"), at, unit: self.unit_of(case), photos })
    }

    /// The unit that has a case; the title of the post when it belongs to none.
    #[must_use]
    pub fn unit_of(&self, case: &Case) -> Option<String> {
        let post = self.world.posts.get(case.assignee.as_ref()?)?;
        let unit = self.text(&post.unit);
        Some(format!("{} · {}", self.place(post.place), if unit.is_empty() { self.post_title(post) } else { unit }))
    }
}
