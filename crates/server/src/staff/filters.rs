//! What a list of cases is narrowed to: read from the address, written as conditions for the store, said in words, offered
//! as selects.

use super::desk::FilterView;
use super::query::Query;
use crate::view::Look;
use crate::view::options::Choice;
use crate::web::Web;
use ganglion_indicators::When;
use ganglion_kernel::clocks::midnight;
use ganglion_kernel::decide::who::{self, Reach};
use ganglion_kernel::port::CaseFilter;
use ganglion_model::pack::{Field, FieldKind, Process, Who};
use ganglion_model::{PlaceCode, Post};

/// Months offered as periods.
const MONTHS_OFFERED: usize = 13;

/// What a list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    place: Option<PlaceCode>,
    process: Option<String>,
    state: Option<String>,
    category: Option<String>,
    clock: Option<String>,
    open: Option<bool>,
    assignee: Option<String>,
    when: Option<When>,
    own_place: Option<PlaceCode>,
    /// Processes the post has to do with; what it never meets would only lengthen every select.
    met: Vec<String>,
}

/// Names of the processes of which `post` may list, open or be given cases.
fn met(web: &Web, post: &Post) -> Vec<String> {
    let gives = |field: &Field| match &field.kind {
        FieldKind::Post { roles, .. } | FieldKind::Posts { roles, .. } => {
            roles.is_empty() || roles.contains(&post.role)
        }
        _ => false,
    };
    let opens = |who: &Who| matches!(who, Who::Role { role, .. } if *role == post.role);
    let meets = |process: &&Process| {
        let actions = process.states.values().flat_map(|state| &state.actions);
        matches!(who::reach(process, post), Reach::Subtree(_))
            || process.open_by.iter().any(opens)
            || process.form.iter().chain(&process.fields).chain(actions.flat_map(|action| &action.form)).any(gives)
    };
    web.world.model.processes.values().filter(meets).map(|process| process.name.clone()).collect()
}

impl Filters {
    /// Reads filters from a query; what makes no sense is left out.
    pub fn read(web: &Web, query: &Query) -> Filters {
        let text = |name: &str| query.get(name).map(str::to_owned);
        let known = |name: &String| web.world.model.processes.contains_key(name);
        let open = query.get("open").and_then(|open| match open {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        });
        Filters {
            place: query.get("place").and_then(|code| code.parse().ok()),
            process: text("process").filter(known),
            state: text("state"),
            category: text("category"),
            clock: text("clock").filter(|clock| matches!(clock.as_str(), "overdue" | "soon")),
            open,
            assignee: text("assignee").filter(|one| one == "none"),
            when: query.get("period").and_then(When::parse),
            own_place: web.post().ok().map(|post| post.place),
            met: web.post().map(|post| met(web, post)).unwrap_or_default(),
        }
    }

    /// Whether anything was asked for.
    pub fn is_narrow(&self) -> bool {
        let texts = [&self.process, &self.state, &self.category, &self.clock, &self.assignee];
        texts.iter().any(|text| text.is_some())
            || self.open.is_some()
            || self.when.is_some()
            || self.place.is_some_and(|place| Some(place) != self.own_place)
    }

    /// Whether only cases by their clock were asked for.
    pub fn is_by_clock(&self) -> bool {
        self.clock.is_some()
    }

    /// As the store reads it.
    pub fn filter(&self, web: &Web) -> CaseFilter {
        let is_due = |clock: &str| match clock {
            "overdue" => web.now,
            // "Soon" in a list is the coming day: exact shares of a limit are each case's own.
            _ => web.now + jiff::SignedDuration::from_hours(24),
        };
        let span = self.when.map(When::span);
        CaseFilter {
            place: self.place,
            processes: self.process.clone().into_iter().collect(),
            states: self.state.clone().into_iter().collect(),
            open: if self.clock.is_some() { Some(true) } else { self.open },
            unassigned: self.assignee.is_some(),
            kind: self.category.clone(),
            due_before: self.clock.as_deref().map(is_due),
            opened: span.map(|span| (midnight(span.from), midnight(span.to))),
            ..CaseFilter::default()
        }
    }

    /// Every value that was asked for, by its name in the address.
    pub fn values(&self) -> [(&'static str, Option<String>); 8] {
        [
            ("place", self.place.map(|place| place.to_string())),
            ("process", self.process.clone()),
            ("state", self.state.clone()),
            ("category", self.category.clone()),
            ("clock", self.clock.clone()),
            ("assignee", self.assignee.clone()),
            ("open", self.open.map(|open| if open { "1" } else { "0" }.to_owned())),
            ("period", self.when.map(|when| when.to_string())),
        ]
    }

    /// One of those values in words.
    pub fn words(&self, look: &Look<'_>, name: &str, value: &str) -> String {
        match name {
            "place" => value.parse().map_or_else(|_| value.to_owned(), |code: PlaceCode| look.place(code)),
            "period" => When::parse(value).map_or_else(|| value.to_owned(), |when| look.period(when)),
            "process" => {
                look.world.model.processes.get(value).map_or_else(|| value.to_owned(), |one| look.text(&one.title))
            }
            "state" => self.state_words(look, value),
            "category" => self.category_words(look, value),
            "assignee" => look.t("filter-unassigned"),
            "open" => look.t(if value == "1" { "filter-open" } else { "filter-settled" }),
            // Named only after `read` let it through.
            _ => look.t(&format!("filter-{value}")),
        }
    }

    fn state_words(&self, look: &Look<'_>, value: &str) -> String {
        let of = |process: &ganglion_model::pack::Process| Some(look.text(&process.states.get(value)?.title));
        let mut processes = look.world.model.processes.values();
        processes.find_map(of).unwrap_or_else(|| value.to_owned())
    }

    fn category_words(&self, look: &Look<'_>, value: &str) -> String {
        self.categories(look)
            .into_iter()
            .find(|one| one.value == value)
            .map_or_else(|| value.to_owned(), |one| one.label)
    }

    /// What was asked for, in words.
    pub fn applied(&self, look: &Look<'_>) -> Vec<String> {
        let some = self.values().into_iter().filter_map(|(name, value)| Some((name, value?)));
        some.map(|(name, value)| self.words(look, name, &value)).collect()
    }

    /// The selects of these names.
    pub fn views(&self, look: &Look<'_>, names: &[&'static str]) -> Vec<FilterView> {
        names
            .iter()
            .map(|name| {
                let value = self.values().into_iter().find(|(one, _)| one == name).and_then(|(_, value)| value);
                let mut options = self.choices(look, name);
                if *name != "place" {
                    options.insert(0, Choice::new("", look.t("filter-all")));
                }
                for option in &mut options {
                    option.selected = value.as_deref().unwrap_or_default() == option.value;
                }
                FilterView { name, label: look.t(&format!("filter-{name}")), options }
            })
            .collect()
    }

    fn choices(&self, look: &Look<'_>, name: &str) -> Vec<Choice> {
        let own = |value: &str| Choice::new(value, self.words(look, name, value));
        match name {
            "place" => self.places(look),
            "process" => self.processes(look).map(|one| Choice::new(&one.name, look.text(&one.title))).collect(),
            "state" => self.states(look),
            "category" => self.categories(look),
            "clock" => vec![own("overdue"), own("soon")],
            "open" => vec![own("1"), own("0")],
            "period" => When::month_of(look.today())
                .trend()
                .into_iter()
                .rev()
                .take(MONTHS_OFFERED)
                .map(|when| Choice::new(when.to_string(), look.period(when)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The place shown, what lies above it inside the post's own, and its children.
    fn places(&self, look: &Look<'_>) -> Vec<Choice> {
        let Some(own) = self.own_place else { return Vec::new() };
        let here = self.place.filter(|place| own.holds(*place)).unwrap_or(own);
        let mut codes: Vec<PlaceCode> = here.ancestors().filter(|code| own.holds(*code)).collect();
        codes.reverse();
        codes.push(here);
        let mut choices: Vec<Choice> =
            codes.into_iter().map(|code| Choice::new(code.to_string(), look.place(code))).collect();
        let children = look.world.places.tree.children(here, look.today());
        let group = Some(look.place(here));
        choices.extend(
            children.map(|place| Choice {
                group: group.clone(),
                ..Choice::new(place.code.to_string(), place.name.clone())
            }),
        );
        choices
    }

    fn processes<'a>(&'a self, look: &Look<'a>) -> impl Iterator<Item = &'a Process> {
        look.world.model.processes.values().filter(|process| self.met.contains(&process.name))
    }

    fn states(&self, look: &Look<'_>) -> Vec<Choice> {
        let chosen = self.processes(look);
        let chosen = chosen.filter(|process| self.process.as_ref().is_none_or(|name| *name == process.name));
        let mut choices: Vec<Choice> = Vec::new();
        for process in chosen {
            for name in &process.state_order {
                if choices.iter().all(|choice| choice.value != *name) {
                    let group = self.process.is_none().then(|| look.text(&process.title));
                    choices.push(Choice { group, ..Choice::new(name, look.state(process, name).label) });
                }
            }
        }
        choices
    }

    fn categories(&self, look: &Look<'_>) -> Vec<Choice> {
        let Some(own) = self.own_place else { return Vec::new() };
        let mut choices: Vec<Choice> = Vec::new();
        for process in self.processes(look) {
            if self.process.as_ref().is_some_and(|name| *name != process.name) {
                continue;
            }
            let field = process.kind_field.as_deref().and_then(|name| process.field(name));
            let offered = field.map(|field| look.choices(&field.kind, own, &[])).unwrap_or_default();
            let is_short = field.is_some_and(|field| matches!(field.kind, FieldKind::Choice { .. }));
            choices.extend(offered.into_iter().map(|choice| Choice {
                group: if is_short { Some(look.text(&process.title)) } else { choice.group.clone() },
                ..choice
            }));
        }
        choices
    }
}
