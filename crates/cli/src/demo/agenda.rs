//! What simulated people mean to do and when: one step ahead for each case they look after. Pure; sending and reading are in
//! `live`.

use super::actors::Actors;
use ganglion_model::row::{Case, OPENED_FROM};
use ganglion_model::{CaseId, Shard};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Cases simulated people look after at once; older ones are left to the visitor.
const CASES_MAX: usize = 5_000;

/// Something that is to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something comes in.
    Open,
    /// Something comes in at a place that is at work: behaviour, and which of its places.
    Busy(usize, usize),
    /// A step on a case, meant for this state.
    Step {
        /// Shard.
        shard: Shard,
        /// Case.
        case: CaseId,
        /// Index of the step among those of the state.
        step: usize,
        /// State.
        state: String,
    },
    /// A look at what became of a case and what was opened out of it.
    Look {
        /// Shard.
        shard: Shard,
        /// Case.
        case: CaseId,
    },
}

/// Events in order of time, and whose cases they are.
#[derive(Debug, Default)]
pub struct Agenda {
    events: BTreeMap<(Timestamp, u64), Event>,
    count: u64,
    /// Cases with a step ahead.
    waiting: BTreeSet<CaseId>,
    /// Every case that was planned for.
    own: BTreeSet<CaseId>,
}

impl Agenda {
    /// Adds an event.
    pub fn push(&mut self, at: Timestamp, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    /// Takes the earliest event.
    pub fn pop(&mut self) -> Option<(Timestamp, Event)> {
        let ((at, _), event) = self.events.pop_first()?;
        if let Event::Step { case, .. } = &event {
            self.waiting.remove(case);
        }
        Some((at, event))
    }

    /// Whether another case can be looked after.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < CASES_MAX
    }

    /// Plans the next step of a case, unless one is planned.
    pub fn plan(&mut self, actors: &mut Actors, case: &Case, now: Timestamp, speed: f64) {
        self.own.insert(case.id);
        if self.waiting.contains(&case.id) || !self.has_room() {
            return;
        }
        if let Some(next) = actors.next(case, now, speed) {
            self.waiting.insert(case.id);
            let (shard, state) = (case.shard, case.state.clone());
            self.push(next.at, Event::Step { shard, case: case.id, step: next.step, state });
        }
    }

    /// Cases that were opened out of `case` and that nobody looks after yet.
    pub fn children_of(&self, case: &Case) -> Vec<(Shard, CaseId)> {
        let links = case.links.iter().filter(|link| link.process.is_some() && link.kind != OPENED_FROM);
        links.filter(|link| !self.own.contains(&link.case)).map(|link| (link.shard, link.case)).collect()
    }

    /// The case `case` was opened out of, if simulated people look after it.
    pub fn parent_of(&self, case: &Case) -> Option<(Shard, CaseId)> {
        let link = case.links.iter().find(|link| link.kind == OPENED_FROM)?;
        self.own.contains(&link.case).then_some((link.shard, link.case))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::behaviour::Behaviour;
    use ganglion_geo::PlaceIndex;
    use ganglion_kernel::World;
    use ganglion_kernel::clocks::{Calendar, Office};
    use ganglion_kernel::world::Places;
    use ganglion_model::{PlaceTree, Posts};
    use jiff::civil::date;
    use serde_json::json;
    use std::sync::Arc;

    fn id(n: u128) -> CaseId {
        CaseId(uuid::Uuid::from_u128(n))
    }

    fn case(n: u128, process: &str, state: &str, links: serde_json::Value) -> Case {
        serde_json::from_value(json!({
            "id": id(n), "process": process, "shard": 130_902, "number": n.to_string(), "version": 1, "state": state,
            "place": "130902001001", "level": "village", "channel": "app", "opened_at": "2022-06-27T01:00:00Z",
            "updated_at": "2022-06-27T01:00:00Z", "links": links, "fields": {}, "entered": {},
            "route": {"by": "named", "place": "130902001001"},
        }))
        .unwrap()
    }

    fn actors() -> Actors {
        let behaviour = |text: &str| -> Behaviour { serde_saphyr::from_str(text).unwrap() };
        let all = vec![
            behaviour(
                "{process: dispute, share: 1, open: [], matters: [], states: {talking: [{weight: 1, do: meet, by: assignee}]}}",
            ),
            behaviour("{process: session, share: 0, states: {planned: [{weight: 1, do: hold, by: assignee}]}}"),
        ];
        Actors::new(all, Arc::new(nowhere()), &[], (date(2022, 6, 27), 1))
    }

    /// A world without packs, places and posts: what people mean to do needs none.
    fn nowhere() -> World {
        let calendar = include_str!("../../../../data/calendar/cn-workdays.csv");
        let places = Places {
            tree: Arc::new(PlaceTree::build(Vec::new()).0),
            index: Arc::new(PlaceIndex::build(Vec::new()).unwrap()),
            edition: String::new(),
            root: "1309".parse().unwrap(),
        };
        let calendar = Arc::new(Calendar::parse(calendar).unwrap());
        let office = Office { calendar, hours: "08:00-12:00,14:00-18:00".parse().unwrap() };
        let posts = Arc::new(Posts::new(Vec::new()));
        World {
            model: Arc::default(),
            places,
            office,
            reference: Arc::default(),
            fresh: Arc::default(),
            posts,
            areas: ganglion_kernel::areas::Areas::default(),
        }
    }

    #[test]
    fn what_was_opened_out_of_a_case_is_looked_after_too() {
        let (mut agenda, mut actors) = (Agenda::default(), actors());
        let now: Timestamp = "2022-06-27T02:00:00Z".parse().unwrap();
        let link = json!([{"kind": "session", "number": "2", "case": id(2), "shard": 130_902, "process": "session"}]);
        let parent = case(1, "dispute", "talking", link);
        agenda.plan(&mut actors, &parent, now, 30.0);
        assert_eq!(agenda.children_of(&parent), [(Shard(130_902), id(2))]);
        let back = json!([{"kind": OPENED_FROM, "number": "1", "case": id(1), "shard": 130_902, "process": "dispute"}]);
        let child = case(2, "session", "planned", back);
        agenda.plan(&mut actors, &child, now, 30.0);
        assert_eq!(agenda.children_of(&parent), [], "looked after from now on");
        assert_eq!(agenda.parent_of(&child), Some((Shard(130_902), id(1))));
        let stranger = case(3, "session", "planned", json!([]));
        assert_eq!(agenda.parent_of(&stranger), None);
        let steps: Vec<CaseId> = std::iter::from_fn(|| agenda.pop())
            .filter_map(|(_, event)| if let Event::Step { case, .. } = event { Some(case) } else { None })
            .collect();
        assert_eq!(steps.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from([id(1), id(2)]));
    }

    #[test]
    fn one_step_is_planned_at_a_time() {
        let (mut agenda, mut actors) = (Agenda::default(), actors());
        let now: Timestamp = "2022-06-27T02:00:00Z".parse().unwrap();
        let one = case(1, "dispute", "talking", json!([]));
        agenda.plan(&mut actors, &one, now, 30.0);
        agenda.plan(&mut actors, &one, now, 30.0);
        assert!(agenda.pop().is_some() && agenda.pop().is_none());
        agenda.plan(&mut actors, &one, now, 30.0);
        assert!(matches!(agenda.pop(), Some((_, Event::Step { state, .. })) if state == "talking"));
        agenda.plan(&mut actors, &case(1, "dispute", "over", json!([])), now, 30.0);
        assert!(agenda.pop().is_none(), "nothing is left to do");
    }

    /// Somebody at a window.
    fn at_window(n: u128, state: &str, window: &str) -> Case {
        let mut case = case(n, "ticket", state, json!([]));
        case.fields.insert("window".to_owned(), json!(window));
        case
    }

    fn hall() -> Actors {
        let text = "{process: ticket, share: 1, desk: {field: window, in: [serving], left: [w1]}, \
            states: {serving: [{weight: 1, do: finish, by: assignee}]}}";
        let behaviour: Behaviour = serde_saphyr::from_str(text).unwrap();
        Actors::new(vec![behaviour], Arc::new(nowhere()), &[], (date(2022, 6, 27), 1))
    }

    #[test]
    fn what_a_visitor_serves_is_left_to_the_visitor() {
        let now: Timestamp = "2022-06-27T02:00:00Z".parse().unwrap();
        let goes_on = |mut actors: Actors, window: &str| {
            let mut agenda = Agenda::default();
            agenda.plan(&mut actors, &at_window(1, "serving", window), now, 30.0);
            agenda.pop().is_some()
        };
        assert!(!goes_on(hall().among_visitors(), "w1"));
        assert!(goes_on(hall().among_visitors(), "w2"));
        assert!(goes_on(hall(), "w1"), "history has no visitors");
    }

    #[test]
    fn nobody_is_sent_to_a_window_where_somebody_stands() {
        let mut actors = hall().among_visitors();
        let next = at_window(2, "waiting", "");
        actors.seat(&at_window(1, "serving", "w2"));
        assert!(!actors.free("w2", &next) && !actors.free("w1", &next) && actors.free("w3", &next));
        actors.seat(&at_window(1, "done", "w2"));
        assert!(actors.free("w2", &next));
    }
}
