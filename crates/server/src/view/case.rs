//! A case as a line of a list and as the head of its card.

use super::clock::ClockView;
use super::{Look, Photo, value};
use ganglion_model::pack::{FieldKind, Process, Tone, Who};
use ganglion_model::row::{Case, OPENED_FROM};
use ganglion_model::{Level, PlaceCode};
use serde::Serialize;
use serde_json::Value;

/// The list of channels that processes share.
pub const CHANNELS: &str = "channel";

/// The way of a case taken in by somebody whose role is no way of its own and who names none.
pub const AT_THE_WINDOW: &str = "window";

/// The way of a case that was not opened by a person.
pub const FROM_ELSEWHERE: &str = "cross_system";

/// Longest heading of a case in characters: one line of a list.
const TITLE_CHARS: usize = 60;

/// A state in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StateTag {
    /// Name.
    pub name: String,
    /// Title.
    pub label: String,
    /// `neutral`, `new`, `active`, `waiting`, `done` or `bad`.
    pub tone: &'static str,
}

/// One line of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CaseRow {
    /// Public number.
    pub number: String,
    /// Where the line leads.
    pub href: String,
    /// Heading.
    pub title: String,
    /// Kind.
    pub category: String,
    /// Title of its process.
    pub process: String,
    /// The deepest place and the one above it.
    pub place: String,
    /// From the county down.
    pub place_path: String,
    /// Way it came in.
    pub source: String,
    /// State.
    pub state: StateTag,
    /// Main clock.
    pub clock: ClockView,
    /// Last change.
    pub updated: String,
    /// Post that has it.
    pub assignee: String,
    /// Is it the one shown beside the list?
    pub selected: bool,
    /// Does the reader have it and no step on it now: somebody else has to take one first?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
}

/// A step of the path of places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Crumb {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Where it leads, if anywhere.
    pub href: Option<String>,
}

/// The tone of a state for the page.
#[must_use]
pub fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Waiting => "new",
        Tone::Working => "active",
        Tone::Paused => "waiting",
        Tone::Done => "done",
        Tone::Ended => "neutral",
    }
}

/// The first line of a text, cut at a length that fits a list.
#[must_use]
pub fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if line.chars().count() <= TITLE_CHARS {
        return line.to_owned();
    }
    line.chars().take(TITLE_CHARS - 1).chain(['…']).collect()
}

/// The card of a case.
#[must_use]
pub fn card_href(number: &str) -> String {
    format!("/cases/{number}")
}

impl Look<'_> {
    /// A state of a process in words.
    #[must_use]
    pub fn state(&self, process: &Process, name: &str) -> StateTag {
        process.states.get(name).map_or_else(
            || StateTag { name: name.to_owned(), label: name.to_owned(), tone: "neutral" },
            |state| StateTag { name: name.to_owned(), label: self.text(&state.title), tone: tone(state.tone) },
        )
    }

    /// The heading of a case: its heading field, else its kind, else the title of the process.
    #[must_use]
    pub fn title(&self, process: &Process, case: &Case) -> String {
        let heading = process
            .field(&process.heading)
            .filter(|field| !field.personal)
            .and_then(|field| self.value(field, case.fields.get(&field.name)?))
            .map(|text| first_line(&text))
            .filter(|text| !text.is_empty());
        heading.unwrap_or_else(|| self.kind_or_process(process, case))
    }

    /// The kind of a case in words.
    #[must_use]
    pub fn category(&self, process: &Process, case: &Case) -> Option<String> {
        let field = process.field(process.kind_field.as_deref()?)?;
        self.value(field, case.fields.get(&field.name)?)
    }

    /// The kind of a case in words; of a process without kinds, what it is about.
    #[must_use]
    pub fn kind_or_process(&self, process: &Process, case: &Case) -> String {
        self.category(process, case).unwrap_or_else(|| self.text(&process.title))
    }

    /// What matter a case is for those who work on several: the process, and its kind where the heading does not say it.
    #[must_use]
    pub fn matter(&self, process: &Process, case: &Case) -> String {
        let kind = self.category(process, case).filter(|kind| *kind != self.title(process, case));
        let process = self.text(&process.title);
        kind.map_or_else(|| process.clone(), |kind| format!("{process} · {kind}"))
    }

    /// The kind without its group, for lists.
    #[must_use]
    pub fn category_short(&self, process: &Process, case: &Case) -> String {
        let short = || {
            let field = process.field(process.kind_field.as_deref()?)?;
            let value = case.fields.get(&field.name)?;
            match &field.kind {
                FieldKind::Ref { register } => Some(self.row_label(register, value.as_str()?)),
                _ => self.value(field, value),
            }
        };
        short().unwrap_or_default()
    }

    /// The way a case came in: a code of the list of channels of its process, or of the shared one. What this
    /// installation opened itself came from no other system, and where residents cannot report nobody came to a window.
    #[must_use]
    pub fn source(&self, case: &Case) -> String {
        let process = self.world.model.processes.get(&case.process);
        let opens = |who: &Who| process.is_some_and(|process| process.open_by.contains(who));
        match case.channel.as_str() {
            FROM_ELSEWHERE if case.links.iter().any(|link| link.kind == OPENED_FROM) => return self.t("source-case"),
            FROM_ELSEWHERE if process.is_some() && !opens(&Who::Api) && opens(&Who::System) => {
                return self.t("source-check");
            }
            AT_THE_WINDOW if process.is_some() && !opens(&Who::Public) => return self.t("source-staff"),
            _ => {}
        }
        let own = process.and_then(|process| process.channels.as_deref());
        self.code(own.unwrap_or(CHANNELS), &case.channel)
    }

    /// The deepest place and the one above it, unless its name begins with that one's.
    #[must_use]
    pub fn place_short(&self, code: PlaceCode) -> String {
        let own = self.place(code);
        let above = code.parent().filter(|parent| parent.level() >= Level::Township).map(|parent| self.place(parent));
        match above.filter(|above| !own.starts_with(above.as_str())) {
            Some(above) => format!("{above} {own}"),
            None => own,
        }
    }

    /// The line of a case.
    #[must_use]
    pub fn case_row(&self, case: &Case, href: String) -> CaseRow {
        let Some(process) = self.world.model.processes.get(&case.process) else {
            return CaseRow { number: case.number.clone(), href, title: case.number.clone(), ..CaseRow::default() };
        };
        CaseRow {
            number: case.number.clone(),
            href,
            title: self.title(process, case),
            category: self.category_short(process, case),
            process: self.text(&process.title),
            place: self.place_short(case.place),
            place_path: self.place_path(case.place),
            source: self.source(case),
            state: self.state(process, &case.state),
            clock: self.main_clock(process, case),
            updated: self.when(case.updated_at),
            assignee: case.assignee.as_ref().map(|post| self.post(post)).unwrap_or_default(),
            selected: false,
            waits: false,
        }
    }

    /// The path of places from the installation's own down, each leading to `href(code)` if the reader may go there.
    #[must_use]
    pub fn crumbs(&self, code: PlaceCode, href: &dyn Fn(PlaceCode) -> Option<String>) -> Vec<Crumb> {
        let mut codes: Vec<PlaceCode> =
            std::iter::once(code).chain(code.ancestors()).filter(|code| self.world.places.root.holds(*code)).collect();
        codes.reverse();
        codes
            .into_iter()
            .map(|code| Crumb { code: code.to_string(), name: self.place(code), href: href(code) })
            .collect()
    }

    /// The long text of a case: the first text of several lines in its opening form.
    #[must_use]
    pub fn description(&self, process: &Process, case: &Case) -> String {
        description_field(process)
            .and_then(|field| case.fields.get(&field.name))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// Pictures that came with the opening form.
    #[must_use]
    pub fn opening_photos(&self, process: &Process, case: &Case) -> Vec<Photo> {
        process
            .form
            .iter()
            .filter(|field| !field.personal)
            .filter_map(|field| Some(value::photos(field, case.fields.get(&field.name)?)))
            .flatten()
            .collect()
    }
}

/// The field shown as the long text of a case.
#[must_use]
pub fn description_field(process: &Process) -> Option<&ganglion_model::pack::Field> {
    process.form.iter().find(|field| matches!(field.kind, FieldKind::LongText { .. }) && !field.personal)
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn headings_fit_a_line() {
        assert_eq!(first_line("\n  bins  \nmore"), "bins");
        assert_eq!(first_line(&"x".repeat(61)).chars().count(), 60);
        assert_eq!(first_line(""), "");
    }
}
