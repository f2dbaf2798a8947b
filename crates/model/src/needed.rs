//! Reading of a stored case only what is looked at. Counting figures anew looks at a fifth of what a row holds, and what is suggested comes
//! from a few fields of many cases; the rest is read past, which costs a fraction of building it.

use crate::clocks::Clock;
use crate::expr::Expr;
use crate::pack::{Measure, Moment, promised_of};
use crate::place::{Level, PlaceCode};
use crate::row::{Case, Link, Mark, Notice, Route, RouteBy};
use crate::{CaseId, Fields, Issued, PostId, Shard};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

/// What is looked at. Id, shard, process, state, place, level, counters, when a case was opened and when it last changed are always
/// read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needed {
    /// Fields, and whatever else `case.` leads to.
    case: BTreeSet<String>,
    clocks: BTreeSet<String>,
    marks: BTreeSet<String>,
    /// States of which it is asked when they were entered.
    states: BTreeSet<String>,
    notices: BTreeSet<String>,
    children: bool,
    documents: bool,
}

impl Needed {
    /// Adds what a measure looks at.
    pub fn add_measure(&mut self, measure: &Measure) {
        let moments = [Some(&measure.at), measure.until.as_ref(), measure.minutes_since.as_ref()];
        moments.into_iter().flatten().for_each(|moment| self.add_moment(moment));
        let values = [&measure.filter, &measure.value, &measure.place, &measure.member];
        let dims = measure.by.iter().map(|dim| &dim.of);
        values.into_iter().flatten().chain(dims).for_each(|value| self.add(value));
    }

    /// Adds a field, or whatever else `case.` leads to, by its name.
    pub fn add_case(&mut self, name: &str) {
        self.case.insert(name.to_owned());
    }

    /// Adds what an expression looks at.
    pub fn add(&mut self, value: &Expr) {
        let mut paths = Vec::new();
        value.paths(&mut paths);
        for path in paths {
            if let [root, name, ..] = path.as_slice() {
                self.add_name(root, name);
            }
        }
    }

    fn add_moment(&mut self, moment: &Moment) {
        match moment {
            Moment::Field(name) => self.add_name("case", name),
            Moment::First(state) | Moment::Last(state) => self.add_name("first", state),
            Moment::Mark(mark) => self.add_name("mark", mark),
            Moment::ClockStopped(clock) | Moment::ClockDue(clock) => self.add_name("clock", clock),
            Moment::Opened | Moment::ValidFrom | Moment::ValidTo | Moment::Always => {}
        }
    }

    fn add_name(&mut self, root: &str, name: &str) {
        let names = match root {
            "case" => &mut self.case,
            "mark" => &mut self.marks,
            "first" | "last" => &mut self.states,
            "notice" => &mut self.notices,
            "clock" => {
                // A clock and what was promised to the public beside it are named alike.
                self.clocks.insert(promised_of(name));
                &mut self.clocks
            }
            "children" => {
                self.children = true;
                return;
            }
            "document" => {
                self.documents = true;
                return;
            }
            _ => return,
        };
        names.insert(name.to_owned());
    }

    /// The case with what is needed of it; everything else is as in a case that has none of it.
    ///
    /// # Errors
    /// When the text is no stored case.
    pub fn read(&self, text: &str) -> Result<Case, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let case = reader.deserialize_map(CaseVisitor(self))?;
        reader.end()?;
        Ok(case)
    }
}

/// The parts of a stored case that may be needed.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Part {
    Id,
    Shard,
    Process,
    Number,
    State,
    Place,
    TakenAt,
    Level,
    Route,
    OpenedAt,
    ObservedAt,
    UpdatedAt,
    ClosedAt,
    OpenedBy,
    Channel,
    Assignee,
    Fields,
    Clocks,
    Counts,
    Marks,
    Entered,
    Notices,
    Links,
    Documents,
    #[serde(other)]
    Other,
}

/// What was read so far.
#[derive(Default)]
struct Parts {
    id: Option<CaseId>,
    shard: Option<Shard>,
    process: Option<String>,
    number: String,
    state: Option<String>,
    place: Option<PlaceCode>,
    taken_at: Option<PlaceCode>,
    level: Option<Level>,
    route: Option<Route>,
    opened_at: Option<Timestamp>,
    observed_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    opened_by: Option<PostId>,
    channel: String,
    assignee: Option<PostId>,
    fields: Fields,
    clocks: BTreeMap<String, Clock>,
    counts: BTreeMap<String, u32>,
    marks: BTreeMap<String, Mark>,
    entered: BTreeMap<String, (Timestamp, Timestamp)>,
    notices: BTreeMap<String, Notice>,
    links: Vec<Link>,
    documents: Vec<Issued>,
}

impl Parts {
    /// Reads one part, or past it.
    fn take<'de, M: MapAccess<'de>>(&mut self, needed: &Needed, part: &Part, map: &mut M) -> Result<(), M::Error> {
        let is_needed = |name: &str| needed.case.contains(name);
        match part {
            Part::Id => self.id = Some(map.next_value()?),
            Part::Shard => self.shard = Some(map.next_value()?),
            Part::Process => self.process = Some(map.next_value()?),
            Part::State => self.state = Some(map.next_value()?),
            Part::Place => self.place = Some(map.next_value()?),
            Part::Level => self.level = Some(map.next_value()?),
            Part::OpenedAt => self.opened_at = Some(map.next_value()?),
            Part::UpdatedAt => self.updated_at = Some(map.next_value()?),
            Part::Counts => self.counts = map.next_value()?,
            Part::Number if is_needed("number") => self.number = map.next_value()?,
            Part::TakenAt if is_needed("taken_at") => self.taken_at = map.next_value()?,
            Part::Route if is_needed("moved") => self.route = Some(map.next_value()?),
            Part::ObservedAt if is_needed("observed_at") => self.observed_at = map.next_value()?,
            Part::ClosedAt if is_needed("closed_at") => self.closed_at = map.next_value()?,
            Part::OpenedBy if is_needed("opener") => self.opened_by = map.next_value()?,
            Part::Channel if is_needed("channel") => self.channel = map.next_value()?,
            Part::Assignee if is_needed("assignee") => self.assignee = map.next_value()?,
            Part::Fields => self.fields = map.next_value_seed(Only::of(&needed.case))?,
            Part::Clocks => self.clocks = map.next_value_seed(Only::of(&needed.clocks))?,
            Part::Marks => self.marks = map.next_value_seed(Only::of(&needed.marks))?,
            Part::Entered => self.entered = map.next_value_seed(Only::of(&needed.states))?,
            Part::Notices => self.notices = map.next_value_seed(Only::of(&needed.notices))?,
            Part::Links if needed.children => self.links = map.next_value()?,
            Part::Documents if needed.documents => self.documents = map.next_value()?,
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn case<E: Error>(self) -> Result<Case, E> {
        let missing = E::missing_field;
        let place = self.place.ok_or_else(|| missing("place"))?;
        Ok(Case {
            id: self.id.ok_or_else(|| missing("id"))?,
            shard: self.shard.ok_or_else(|| missing("shard"))?,
            process: self.process.ok_or_else(|| missing("process"))?,
            version: 0,
            number: self.number,
            numbers: BTreeMap::new(),
            state: self.state.ok_or_else(|| missing("state"))?,
            place,
            taken_at: self.taken_at,
            level: self.level.ok_or_else(|| missing("level"))?,
            point: None,
            route: self.route.unwrap_or_else(|| Route::new(RouteBy::Named, place)),
            opened_at: self.opened_at.ok_or_else(|| missing("opened_at"))?,
            observed_at: self.observed_at,
            updated_at: self.updated_at.ok_or_else(|| missing("updated_at"))?,
            closed_at: self.closed_at,
            opened_by: self.opened_by,
            channel: self.channel,
            assignee: self.assignee,
            assist: Vec::new(),
            fields: self.fields,
            clocks: self.clocks,
            fired: Vec::new(),
            windows: Vec::new(),
            held: Vec::new(),
            soon: BTreeMap::new(),
            counts: self.counts,
            marks: self.marks,
            entered: self.entered,
            notices: self.notices,
            links: self.links,
            documents: self.documents,
        })
    }
}

struct CaseVisitor<'n>(&'n Needed);

impl<'de> Visitor<'de> for CaseVisitor<'_> {
    type Value = Case;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stored case")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Case, M::Error> {
        let mut parts = Parts::default();
        while let Some(part) = map.next_key::<Part>()? {
            parts.take(self.0, &part, &mut map)?;
        }
        parts.case()
    }
}

/// Reads of a map only these names.
struct Only<'n, T>(&'n BTreeSet<String>, PhantomData<T>);

impl<'n, T> Only<'n, T> {
    fn of(names: &'n BTreeSet<String>) -> Only<'n, T> {
        Only(names, PhantomData)
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Only<'_, T> {
    type Value = BTreeMap<String, T>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Only<'_, T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut out = BTreeMap::new();
        while let Some(name) = map.next_key_seed(NeededName(self.0))? {
            match name {
                Some(name) => {
                    out.insert(name.clone(), map.next_value()?);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(out)
    }
}

/// A key, if it is one of these.
struct NeededName<'n>(&'n BTreeSet<String>);

impl<'de, 'n> DeserializeSeed<'de> for NeededName<'n> {
    type Value = Option<&'n String>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for NeededName<'n> {
    type Value = Option<&'n String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn stored() -> Value {
        let at = "2026-04-01T00:05:12Z";
        let mark = json!({"post": "a.130902", "at": at});
        json!({
            "id": "01a21b0d-72eb-76d7-bf9e-800b5e0e9cdc", "shard": 130_902, "process": "p", "version": 8, "number": "N-1",
            "numbers": {"case": "C-1"}, "state": "done", "place": "130902004012004", "taken_at": "130902004",
            "level": "township", "point": [116.9, 38.3],
            "route": {"by": "point", "place": "130902004012004", "moved_from": [["130902004", at]]},
            "opened_at": at, "observed_at": at, "updated_at": at, "closed_at": at, "opened_by": "a.130902",
            "channel": "web", "assignee": "b.130902", "assist": ["c.130902"],
            "fields": {"a": "1", "b": {"c": [1, "x\\\"y", null]}}, "fired": ["k"], "windows": ["w"],
            "clocks": {"k": {"s": 5, "r": "1 WH", "d": 9}, "k.promised": {"s": 5, "r": "1 WH"}, "w": {"s": 1, "r": "1 WD"}},
            "counts": {"n": 2}, "marks": {"m": mark, "o": mark}, "entered": {"done": [at, at], "filed": [at, at]},
            "notices": {"n": {"from": at, "until": at}, "o": {"from": at, "until": at}},
            "links": [{"kind": "child", "number": "N-2", "case": "01a21b0d-72eb-76d7-bf9e-800b5e0e9cdd", "shard": 130_902}]
        })
    }

    fn path(dotted: &str) -> Expr {
        Expr::Path(dotted.split('.').map(str::to_owned).collect())
    }

    fn read(paths: &[&str]) -> Case {
        let mut needed = Needed::default();
        paths.iter().for_each(|one| needed.add(&path(one)));
        needed.read(&stored().to_string()).unwrap()
    }

    #[test]
    fn what_is_needed_is_as_it_is_stored() {
        let whole: Case = serde_json::from_value(stored()).unwrap();
        let all = [
            "case.number",
            "case.taken_at",
            "case.moved",
            "case.observed_at",
            "case.closed_at",
            "case.opener",
            "case.channel",
            "case.assignee",
            "case.a",
            "case.b.c",
            "clock.k.due",
            "clock.w.due",
            "mark.m",
            "mark.o",
            "first.done",
            "last.filed",
            "notice.n.up",
            "notice.o.up",
            "children.p.open",
            "document.d.valid",
        ];
        let never = Case {
            version: 0,
            numbers: BTreeMap::new(),
            point: None,
            assist: Vec::new(),
            fired: Vec::new(),
            windows: Vec::new(),
            ..whole.clone()
        };
        assert_eq!(read(&all), never);
        let few = read(&["case.a", "clock.k.on_time", "first.filed"]);
        assert_eq!(few.fields, Fields::from([("a".to_owned(), json!("1"))]));
        assert_eq!(few.clocks.keys().collect::<Vec<_>>(), ["k", "k.promised"]);
        assert_eq!(few.entered.keys().collect::<Vec<_>>(), ["filed"]);
        assert_eq!((few.marks.len(), few.links.len(), few.counts), (0, 0, whole.counts));
        assert_eq!((few.id, few.state, few.updated_at), (whole.id, whole.state, whole.updated_at));
    }

    #[test]
    fn what_is_no_stored_case_is_refused() {
        let refused = |text: &str| Needed::default().read(text).is_err();
        assert!(refused("{}") && refused("[]") && refused("") && refused(&stored().to_string()[1..]));
        assert!(refused(&format!("{} x", stored())), "something behind it");
        let mut nameless = stored();
        nameless.as_object_mut().unwrap().remove("state");
        assert!(refused(&nameless.to_string()));
    }
}
