//! The world of these tests, and a desk that sends commands one after the other.

use crate::pack::model;
use ganglion_geo::PlaceIndex;
use ganglion_geo::geojson::{ReadOptions, read};
use ganglion_kernel::World;
use ganglion_kernel::batch::Batch;
use ganglion_kernel::decide::{Given, State};
use ganglion_kernel::port::Loaded;
use ganglion_kernel::world::{Places, ReferenceRows};
use ganglion_model::change::{Actor, Body, Command, Refusal};
use ganglion_model::clocks::{Calendar, Office};
use ganglion_model::place::{Place, PlaceKind};
use ganglion_model::row::{Case, Record};
use ganglion_model::{
    AccountId, CaseId, CommandId, Fields, Level, Outcome, PlaceCode, PlaceTree, Post, PostId, Posts, Shard, Text,
};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

pub const MASTER: [u8; 32] = [9; 32];
pub static RING: std::sync::LazyLock<ganglion_kernel::seal::Keyring> = std::sync::LazyLock::new(|| MASTER.into());
pub const COUNTY: Shard = Shard(130903);
pub const PLACES: [&str; 13] = [
    "13",
    "1309",
    "130903",
    "130904",
    "130903001",
    "130903002",
    "130904001",
    "130903001001",
    "130903001002",
    "130903002001",
    "130904001001",
    "130903001001001",
    "130903001001002",
];
pub const ROLES: [&str; 5] = ["clerk", "handler", "director", "worker", "leader"];

pub fn code(text: &str) -> PlaceCode {
    text.parse().unwrap()
}

/// Local time of the tests.
pub fn at(text: &str) -> Timestamp {
    format!("{}:00+08:00", text.replace(' ', "T")).parse().unwrap()
}

pub fn fields(value: Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

fn place(code: &str, from: Date, to: Option<Date>, before: &[&str]) -> Place {
    Place {
        code: code.parse().unwrap(),
        name: code.to_owned(),
        kind: PlaceKind::Town,
        valid_from: from,
        valid_to: to,
        predecessors: before.iter().map(|one| one.parse().unwrap()).collect(),
        host: None,
        synthetic: true,
        official: None,
    }
}

/// Squares of about 1.7 km: the two villages of one township side by side, the next county's village east of them. The
/// county's outline reaches over into that village.
fn index() -> PlaceIndex {
    let square = |code: &str, west: f64, east: f64| {
        json!({"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates":
            [[[west, 38.30], [east, 38.30], [east, 38.32], [west, 38.32], [west, 38.30]]]}})
    };
    let features = [
        square("130903001001", 116.80, 116.82),
        square("130903001002", 116.82, 116.84),
        square("130904001001", 116.84, 116.86),
        square("130903", 116.80, 116.845),
        square("130904", 116.845, 116.86),
    ];
    let text = json!({"type": "FeatureCollection", "features": features}).to_string();
    let outlines = read(text.as_bytes(), &ReadOptions::default()).outlines;
    PlaceIndex::build(outlines.into_iter().map(|outline| {
        let code: PlaceCode = outline.code.parse().unwrap();
        (code.padded(), Places::layer(code.level()), outline.geometry)
    }))
    .unwrap()
}

fn row(key: &str, valid_to: Option<Date>, limit: Option<&str>) -> Record {
    let mut values = json!({"code": key});
    if let Some(limit) = limit {
        values["limit"] = json!(limit);
    }
    Record {
        register: "category".into(),
        shard: Shard::DEPLOYMENT,
        key: key.into(),
        version: 1,
        place: None,
        valid_from: None,
        valid_to,
        updated_at: Timestamp::UNIX_EPOCH,
        fields: fields(values),
        authority: None,
        documents: Vec::new(),
    }
}

pub fn post_id(role: &str, place: &str) -> PostId {
    PostId(format!("{role}.{place}"))
}

pub fn world() -> World {
    let start = date(2000, 1, 1);
    let mut places: Vec<Place> = PLACES.iter().map(|code| place(code, start, None, &[])).collect();
    places.push(place("130903003", start, Some(date(2022, 1, 1)), &[]));
    places.push(place("130903103", date(2022, 1, 1), None, &["130903003"]));
    let posts = ROLES.iter().flat_map(|role| {
        PLACES.iter().map(move |at| Post {
            id: post_id(role, at),
            role: (*role).to_owned(),
            place: code(at),
            title: Text::default(),
            unit: Text::default(),
            account: Some(AccountId(format!("{role}-{at}"))),
            valid_from: start,
            valid_to: None,
        })
    });
    let gone = Post {
        id: PostId("clerk.gone".into()),
        role: "clerk".into(),
        place: code("130903001"),
        title: Text::default(),
        unit: Text::default(),
        account: Some(AccountId("gone".into())),
        valid_from: start,
        valid_to: Some(date(2022, 1, 1)),
    };
    // A second post of the person who holds `handler.130903001`.
    let twin = Post {
        id: PostId("director.twin".into()),
        role: "director".into(),
        account: Some(AccountId("handler-130903001".into())),
        valid_to: None,
        ..gone.clone()
    };
    let calendar = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/calendar/cn-workdays.csv"));
    let mut reference = ReferenceRows::new();
    let rows =
        [row("road", None, Some("4 wh")), row("old", Some(date(2021, 1, 1)), Some("4 wh")), row("open", None, None)];
    for record in rows {
        reference.entry("category".into()).or_default().insert(record.key.clone(), Arc::new(vec![record]));
    }
    World {
        model: Arc::new(model()),
        places: Places {
            tree: Arc::new(PlaceTree::build(places).0),
            index: Arc::new(index()),
            edition: "test".into(),
            root: code("1309"),
        },
        office: Office {
            calendar: Arc::new(Calendar::parse(calendar).unwrap()),
            hours: "08:00-12:00,14:00-18:00".parse().unwrap(),
        },
        reference: Arc::new(reference),
        fresh: Arc::default(),
        areas: ganglion_kernel::areas::Areas::default(),
        posts: Arc::new(Posts::new(posts.chain([gone, twin]))),
    }
}

/// Somebody in a post: `clerk@130903001`.
pub fn actor(text: &str) -> Actor {
    match text.split_once('@') {
        Some((role, place)) => {
            Actor::Post { post: post_id(role, place), account: AccountId(format!("{role}-{place}")) }
        }
        None => match text {
            "public" => Actor::Public,
            "api" => Actor::Api { key: "key".into() },
            "system" => Actor::System,
            other => panic!("no actor {other}"),
        },
    }
}

/// Sends commands one after the other into one batch.
pub struct Desk<'a> {
    pub batch: Batch<'a>,
    pub now: Timestamp,
    ids: u128,
}

impl<'a> Desk<'a> {
    pub fn new(world: &'a World) -> Desk<'a> {
        let batch = Batch::new(world, &RING, Loaded::default());
        Desk { batch, now: at("2022-06-27 09:00"), ids: 0 }
    }

    pub fn given(&mut self) -> Given {
        self.ids += 1;
        Given { now: self.now, id: Uuid::from_u128(self.ids), key: [u8::try_from(self.ids % 250).unwrap(); 32] }
    }

    pub fn command(&mut self, shard: Shard, actor: Actor, body: Body) -> Command {
        self.ids += 1;
        Command { id: CommandId(Uuid::from_u128(self.ids)), shard, actor, body }
    }

    pub fn send(&mut self, command: &Command) -> Result<Outcome, Refusal> {
        let given = self.given();
        self.batch.run(command, &given)
    }

    pub fn try_open(&mut self, who: &str, form: Value) -> Result<Outcome, Refusal> {
        let form = fields(form);
        let shard = form.get("place").and_then(Value::as_str).map_or(COUNTY, |place| code(place).shard());
        let body = Body::Open { process: "matter".into(), form, channel: "web".into(), observed_at: None, from: None };
        let command = self.command(shard, actor(who), body);
        self.send(&command)
    }

    pub fn open(&mut self, form: Value) -> CaseId {
        self.try_open("public", form).unwrap().case.unwrap()
    }

    pub fn wish(&mut self, who: &str, case: CaseId, action: &str, form: Value) -> Command {
        let actor = if who == "reporter" { Actor::Reporter { case } } else { actor(who) };
        let shard = self.case(case).shard;
        let body = Body::Act { case, action: action.into(), form: fields(form), version: None };
        self.command(shard, actor, body)
    }

    pub fn try_act(&mut self, who: &str, case: CaseId, action: &str, form: Value) -> Result<Outcome, Refusal> {
        let command = self.wish(who, case, action, form);
        self.send(&command)
    }

    pub fn act(&mut self, who: &str, case: CaseId, action: &str, form: Value) {
        self.try_act(who, case, action, form).unwrap_or_else(|refusal| panic!("{action}: {refusal:?}"));
    }

    pub fn due(&mut self, case: CaseId, clock: &str) -> Result<Outcome, Refusal> {
        let shard = self.case(case).shard;
        let command = self.command(shard, Actor::System, Body::Due { case, clock: clock.into() });
        self.send(&command)
    }

    /// Sent to the handler of the township, with the clerk of the township.
    pub fn sent(&mut self) -> CaseId {
        let case = self.open(crate::pack::opening());
        self.act(CLERK, case, "send", json!({"duty": "handler.130903001"}));
        case
    }

    /// Accepted by that handler.
    pub fn doing(&mut self) -> CaseId {
        let case = self.sent();
        self.act(HANDLER, case, "accept", json!({}));
        case
    }

    pub fn case(&self, id: CaseId) -> &Case {
        &self.batch.state().cases[&id]
    }

    pub fn state(&self) -> &State {
        self.batch.state()
    }
}

pub const CLERK: &str = "clerk@130903001";
pub const HANDLER: &str = "handler@130903001";
pub const DIRECTOR: &str = "director@130903001";

pub fn level_of(place: &str) -> Level {
    code(place).level()
}
