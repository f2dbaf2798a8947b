//! A small world for tests of views: one city with two counties and a zone, one process, posts, and the real words.

#![cfg(test)]

use super::{Arg, Look, Say};
use crate::assets::Ui;
use crate::texts::Texts;
use fluent_bundle::FluentValue;
use ganglion_geo::PlaceIndex;
use ganglion_kernel::World;
use ganglion_kernel::clocks::{Calendar, Office};
use ganglion_kernel::world::{Places, ReferenceRows};
use ganglion_model::expr::{Cmp, Expr};
use ganglion_model::pack::{
    Action, Assign, ClockDef, Effect, Field, FieldKind, LengthFrom, OnOverdue, Process, Required, RouteDef, State,
    Tone, Who,
};
use ganglion_model::row::{Route, RouteBy};
use ganglion_model::{
    AccountId, Case, CaseId, Lang, Level, Model, Place, PlaceCode, PlaceKind, PlaceTree, Post, PostId, Posts, Text,
};
use jiff::Timestamp;
use jiff::civil::date;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// The words of `ui/texts`.
pub struct Words(Texts, Lang);

impl Words {
    /// In one language.
    pub fn of(lang: Lang) -> Words {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui");
        Words(Texts::load(&Ui { folder: Some(folder) }).unwrap(), lang)
    }
}

impl Say for Words {
    fn say(&self, key: &str, args: &[(&str, Arg)]) -> String {
        assert!(self.has(key), "the text {key} is missing");
        let args: Vec<(&str, FluentValue<'_>)> = args
            .iter()
            .map(|(name, arg)| match arg {
                Arg::Text(text) => (*name, FluentValue::from(text.clone())),
                Arg::Number(number) => (*name, FluentValue::from(*number)),
            })
            .collect();
        self.0.get(self.1, key, &args)
    }

    fn has(&self, key: &str) -> bool {
        self.0.has(self.1, key)
    }

    fn lang(&self) -> Lang {
        self.1
    }
}

/// Monday 27 June 2022, 09:00 in Beijing.
pub fn now() -> Timestamp {
    "2022-06-27T01:00:00Z".parse().unwrap()
}

/// A look at `world` in Chinese.
pub fn look<'a>(world: &'a World, words: &'a Words) -> Look<'a> {
    Look { world, say: words, now: now() }
}

/// A path expression from dotted text.
pub fn path(dotted: &str) -> Expr {
    Expr::Path(dotted.split('.').map(str::to_owned).collect())
}

/// `path == text`.
pub fn equals(dotted: &str, text: &str) -> Expr {
    Expr::Cmp(Cmp::Eq, Box::new(path(dotted)), Box::new(Expr::Lit(text.into())))
}

/// A text with the same words in both languages.
pub fn text(words: &str) -> Text {
    Text::new(words, words)
}

/// A field that must be given.
pub fn field(name: &str, kind: FieldKind) -> Field {
    Field { name: name.to_owned(), kind, title: text(name), required: Required::Yes, ..Field::default() }
}

/// An action of `role` at townships.
pub fn action(name: &str, by: Who, to: Option<&str>, form: Vec<Field>) -> Action {
    Action {
        name: name.to_owned(),
        title: text(name),
        help: Text::default(),
        by: vec![by],
        not: Vec::new(),
        when: None,
        form,
        to: to.map(str::to_owned),
        effects: Vec::new(),
        bulk: false,
        basis: text("rule 12"),
        grave: false,
    }
}

fn state(name: &str, tone: Tone, actions: Vec<Action>) -> State {
    State { name: name.to_owned(), title: text(name), public: Text::default(), tone, is_final: false, actions }
}

fn clock(name: &str, length: &str, from: &str, until: &str, promise: bool) -> ClockDef {
    ClockDef {
        name: name.to_owned(),
        title: text(name),
        from: vec![from.to_owned()],
        until: vec![until.to_owned()],
        suspend_in: Vec::new(),
        length: LengthFrom::Fixed(length.parse().unwrap()),
        promised: None,
        from_date: None,
        soon: None,
        rule: length.parse().unwrap(),
        on_overdue: OnOverdue::Mark,
        promise,
        basis: text("standard"),
    }
}

fn process() -> Process {
    let note = Field { required: Required::No, ..field("note", FieldKind::LongText { max: 500 }) };
    let duty = field(
        "duty",
        FieldKind::Post { roles: vec!["handler".into(), "grid_worker".into()], within: Some(Level::Township) },
    );
    let dispatcher = || Who::Role { role: "dispatcher".into(), level: Level::Township };
    let dispatch = Action {
        effects: vec![Effect::Assign(Assign::Form("duty".into()))],
        ..action("dispatch", dispatcher(), Some("working"), vec![duty, note])
    };
    let phone = Field { personal: true, see: vec!["dispatcher".into()], ..field("phone", FieldKind::Phone) };
    let states = [
        state("open", Tone::Waiting, vec![dispatch]),
        state("working", Tone::Working, vec![action("finish", Who::Assignee, Some("done"), vec![])]),
        state("done", Tone::Done, vec![]),
    ];
    Process {
        name: "matter".into(),
        pack: "t".into(),
        title: text("matter"),
        open_by: vec![Who::Public],
        open_when: None,
        form: vec![
            field("description", FieldKind::LongText { max: 4000 }),
            field("kind", FieldKind::Text { max: 20, pattern: None }),
            phone,
        ],
        fields: Vec::new(),
        counts: Vec::new(),
        numbers: BTreeMap::new(),
        route: RouteDef::default(),
        any_office: false,
        queue: None,
        looks: false,
        children: BTreeMap::new(),
        notices: BTreeMap::new(),
        initial: "open".into(),
        state_order: states.iter().map(|state| state.name.clone()).collect(),
        states: states.into_iter().map(|state| (state.name.clone(), state)).collect(),
        clocks: [clock("dispatch", "1 wh", "open", "working", false), clock("handle", "2 wd", "open", "done", true)]
            .into_iter()
            .map(|clock| (clock.name.clone(), clock))
            .collect(),
        read: Vec::new(),
        heading: "description".into(),
        kind_field: None,
        channels: None,
        schedule: BTreeMap::new(),
        retention_days: None,
        purpose: Text::default(),
        basis: Text::default(),
        open311: None,
        intake: BTreeMap::new(),
    }
}

fn places() -> Vec<Place> {
    use PlaceKind as K;
    let place = |code: &str, name: &str, kind: PlaceKind| Place {
        code: code.parse().unwrap(),
        name: name.to_owned(),
        kind,
        valid_from: date(2020, 1, 1),
        valid_to: None,
        predecessors: Vec::new(),
        host: None,
        synthetic: code.len() == 15,
        official: None,
    };
    vec![
        place("1309", "沧州市", K::PrefectureCity),
        place("130903", "运河区", K::District),
        place("130921", "沧县", K::County),
        place("130971", "开发区", K::DevZone),
        place("130903100", "小王庄镇", K::Town),
        place("130903101", "南陈屯镇", K::Town),
        place("130921100", "旧州镇", K::Town),
        place("130903100201", "小王庄村", K::VillageCommittee),
        place("130903100202", "西花园村", K::VillageCommittee),
        place("130903101201", "大官厅村", K::VillageCommittee),
        place("130921100201", "东关村", K::VillageCommittee),
        place("130903100201001", "第一网格", K::BaseGrid),
        place("130903100201002", "第二网格", K::BaseGrid),
        place("130903101201001", "第一网格", K::BaseGrid),
    ]
}

/// A post of that role there, held by an account of the same name.
pub fn post(role: &str, place: &str) -> Post {
    let id = format!("{role}.{place}");
    Post {
        id: PostId(id.clone()),
        role: role.to_owned(),
        place: place.parse().unwrap(),
        title: text(role),
        unit: Text::default(),
        account: Some(AccountId(id)),
        valid_from: date(2020, 1, 1),
        valid_to: None,
    }
}

/// The world without figures.
pub fn bare_world() -> World {
    let process = process();
    let mut model = Model::default();
    model.processes.insert(process.name.clone(), process);
    let (tree, errors) = PlaceTree::build(places());
    assert_eq!(errors, []);
    let calendar = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/calendar/cn-workdays.csv"));
    let posts = [
        post("dispatcher", "130903100"),
        post("handler", "130903100"),
        post("grid_worker", "130903100201001"),
        post("grid_worker", "130903100201002"),
        post("handler", "130903101"),
    ];
    World {
        model: Arc::new(model),
        places: Places {
            tree: Arc::new(tree),
            index: Arc::new(PlaceIndex::build([]).unwrap()),
            edition: "2022".to_owned(),
            root: "1309".parse().unwrap(),
        },
        office: Office {
            calendar: Arc::new(Calendar::parse(calendar).unwrap()),
            hours: "08:00-12:00,14:00-18:00".parse().unwrap(),
        },
        reference: Arc::new(ReferenceRows::new()),
        fresh: Arc::default(),
        areas: ganglion_kernel::areas::Areas::default(),
        posts: Arc::new(Posts::new(posts)),
    }
}

/// A case at a place, opened at an instant and settled at another.
pub fn matter(place: &str, opened: Timestamp, done: Option<Timestamp>, kind: &str) -> Case {
    let place: PlaceCode = place.parse().unwrap();
    let entered = [("open", Some(opened)), ("done", done)];
    Case {
        id: CaseId(Uuid::from_u128(7)),
        shard: place.shard(),
        process: "matter".into(),
        version: 1,
        number: format!("M-{}-2022-000001", place.at(Level::Township).unwrap_or(place)),
        numbers: BTreeMap::new(),
        state: if done.is_some() { "done" } else { "open" }.into(),
        place,
        level: Level::Township,
        point: None,
        route: Route::new(RouteBy::Named, place),
        taken_at: None,
        opened_at: opened,
        observed_at: None,
        updated_at: opened,
        closed_at: done,
        opened_by: None,
        channel: "online".into(),
        assignee: None,
        assist: Vec::new(),
        fields: BTreeMap::from([
            ("kind".to_owned(), kind.into()),
            ("description".to_owned(), "路口积水\n已经两天了".into()),
        ]),
        clocks: BTreeMap::new(),
        fired: Vec::new(),
        windows: Vec::new(),
        held: Vec::new(),
        notices: BTreeMap::new(),
        soon: BTreeMap::new(),
        counts: BTreeMap::new(),
        marks: BTreeMap::new(),
        entered: entered.into_iter().filter_map(|(name, at)| Some((name.to_owned(), (at?, at?)))).collect(),
        links: Vec::new(),
        documents: Vec::new(),
    }
}
