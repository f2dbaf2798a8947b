//! Who may, in the packs that ship: every action of every process against a post of every role at every level, near the case and
//! elsewhere, by an oracle that knows only the words of the pack and the digits of codes. What `decide` decides is what the
//! explanation says: tests of the kernel hold both against each other.

use crate::policy::shipped;
use ganglion_geo::PlaceIndex;
use ganglion_kernel::World;
use ganglion_kernel::areas::Areas;
use ganglion_kernel::permissions::{Step, explain, written};
use ganglion_kernel::world::{Places, ReferenceRows};
use ganglion_model::change::Actor;
use ganglion_model::clocks::{Calendar, Office};
use ganglion_model::place::{Place, PlaceKind};
use ganglion_model::row::Case;
use ganglion_model::{AccountId, Level, PlaceCode, PlaceTree, Post, PostId, Posts, Text};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde_json::json;
use std::sync::Arc;

/// The city, two of its counties, and what lies in them.
const PLACES: [&str; 10] = [
    "1309",
    "130903",
    "130904",
    "130903001",
    "130903002",
    "130904001",
    "130903001001",
    "130903001002",
    "130903001001001",
    "130904001001",
];
/// Where the case lies, by level.
const OF_CASE: [&str; 4] = ["130903", "130903001", "130903001001", "130903001001001"];
const START: Date = date(2000, 1, 1);

fn code(text: &str) -> PlaceCode {
    text.parse().unwrap()
}

fn post(role: &str, at: &str) -> Post {
    Post {
        id: PostId(format!("{role}.{at}")),
        role: role.to_owned(),
        place: code(at),
        title: Text::default(),
        unit: Text::default(),
        account: Some(AccountId(format!("{role}-{at}"))),
        valid_from: START,
        valid_to: None,
    }
}

pub fn world() -> World {
    let model = shipped();
    let place = |at: &&str| Place {
        code: code(at),
        name: (*at).to_owned(),
        kind: PlaceKind::Town,
        valid_from: START,
        valid_to: None,
        predecessors: Vec::new(),
        host: None,
        synthetic: true,
        official: None,
    };
    let posts: Vec<Post> = model.roles.keys().flat_map(|role| PLACES.iter().map(move |at| post(role, at))).collect();
    let calendar = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/calendar/cn-workdays.csv"));
    World {
        model: Arc::new(model),
        places: Places {
            tree: Arc::new(PlaceTree::build(PLACES.iter().map(place).collect()).0),
            index: Arc::new(PlaceIndex::build([]).unwrap()),
            edition: "test".into(),
            root: code("1309"),
        },
        office: Office {
            calendar: Arc::new(Calendar::parse(calendar).unwrap()),
            hours: "08:00-12:00,14:00-18:00".parse().unwrap(),
        },
        reference: Arc::new(ReferenceRows::new()),
        fresh: Arc::default(),
        areas: Areas::default(),
        posts: Arc::new(Posts::new(posts)),
    }
}

/// A case that nobody has had to do with yet but the office that took it in.
fn case(process: &str, at: &str, now: Timestamp) -> Case {
    serde_json::from_value(json!({
        "id": "00000000-0000-0000-0000-000000000001", "shard": 130_903, "process": process, "version": 1, "number": "N-1",
        "state": "", "place": at, "taken_at": "130903001", "level": "township", "route": { "by": "named", "place": at },
        "opened_at": now, "updated_at": now, "channel": "web", "fields": {}, "entered": {},
    }))
    .unwrap()
}

/// What a word of a pack means, by the text of codes alone.
fn means(word: &str, (role, at): (&str, &str), case: &Case) -> bool {
    let Some((wanted, level)) = word.split_once('@') else { return false };
    let place = case.place.to_string();
    let level = if level == "handling" { case.level.as_str() } else { level };
    let digits = match level {
        "taken" => return role == wanted && case.taken_at.is_some_and(|taken| taken.to_string() == at),
        "city" => 4,
        "county" => 6,
        "township" => 9,
        "village" => 12,
        _ => 15,
    };
    role == wanted && at.len() == digits && place.starts_with(at)
}

/// Records of interference are hidden from all but these, whatever else a pack says.
fn is_hidden(process: &str, role: &str) -> bool {
    process == "interference" && role != "conduct_supervisor" && role != "audit_admin"
}

/// Steps about permission; a condition on what was typed is none.
fn is_permitted(steps: &[Step]) -> bool {
    steps.iter().all(|step| step.passes || step.asked == "when")
}

#[test]
fn exactly_the_declared_posts_may_take_every_action_of_every_shipped_pack() {
    let now: Timestamp = "2022-06-27T01:00:00Z".parse().unwrap();
    let world = world();
    let posts: Vec<(&str, &str)> =
        world.model.roles.keys().flat_map(|role| PLACES.iter().map(move |at| (role.as_str(), *at))).collect();
    let (mut allowed, mut refused) = (0, 0);
    for process in world.model.processes.values() {
        for (at, level) in OF_CASE.iter().flat_map(|at| [Level::Township, Level::County].map(|level| (at, level))) {
            let mut case = case(&process.name, at, now);
            case.level = level;
            for (state, action) in
                process.states.values().flat_map(|state| state.actions.iter().map(move |action| (state, action)))
            {
                case.state.clone_from(&state.name);
                let words: Vec<String> = action.by.iter().map(written).collect();
                for &(role, at) in &posts {
                    let meant =
                        words.iter().any(|word| means(word, (role, at), &case)) && !is_hidden(&process.name, role);
                    let actor = Actor::Post {
                        post: PostId(format!("{role}.{at}")),
                        account: AccountId(format!("{role}-{at}")),
                    };
                    let may = is_permitted(&explain(&world, &actor, &case, &action.name, now));
                    let of =
                        format!("{}.{}.{} by {role}@{at} on {}", process.name, state.name, action.name, case.place);
                    assert_eq!(may, meant, "{of}, declared {words:?}");
                    allowed += usize::from(may);
                    refused += usize::from(!may);
                }
            }
        }
    }
    assert!(allowed > 500 && refused > 100_000, "{allowed} allowed, {refused} refused");
}
