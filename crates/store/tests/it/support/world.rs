//! A small pack in Rust, with what the invariants are about: two counties, clocks, moves, merges, register rows,
//! personal and unique values, stocks, minutes and dimensions.

use super::rows::code;
use ganglion_geo::PlaceIndex;
use ganglion_kernel::World;
use ganglion_kernel::world::Places;
use ganglion_model::clocks::{Calendar, Office, Rule};
use ganglion_model::expr::{Expr, Func};
use ganglion_model::pack::{
    Action, Assign, ClockDef, Dim, Effect, Field, FieldKind, LengthFrom, Measure, Moment, NumberDef, NumberPart,
    OnOverdue, Process, QueueDef, Register, RouteDef, Scope, Source, State, Tone, Who,
};
use ganglion_model::{AccountId, Level, Model, Place, PlaceKind, PlaceTree, Post, PostId, Posts, Text};
use jiff::civil::date;
use std::collections::BTreeMap;
use std::sync::Arc;

pub const COUNTIES: [&str; 2] = ["130922", "130925"];
pub const TOWNSHIPS: [&str; 4] = ["130922001", "130922002", "130925001", "130925002"];

pub fn field(name: &str, kind: FieldKind) -> Field {
    Field { name: name.to_owned(), kind, title: Text::default(), ..Field::default() }
}

fn text(name: &str) -> Field {
    field(name, FieldKind::Text { max: 100, pattern: None })
}

fn path(dotted: &str) -> Expr {
    Expr::Path(dotted.split('.').map(str::to_owned).collect())
}

fn clerk() -> Who {
    Who::Role { role: "clerk".to_owned(), level: Level::County }
}

fn action(name: &str, to: Option<&str>, form: Vec<Field>, effects: Vec<Effect>) -> Action {
    Action {
        name: name.to_owned(),
        title: Text::default(),
        help: Text::default(),
        by: vec![clerk(), Who::System],
        not: vec![],
        when: None,
        form,
        to: to.map(str::to_owned),
        effects,
        bulk: false,
        basis: Text::default(),
        grave: false,
    }
}

fn state(name: &str, is_final: bool, actions: Vec<Action>) -> (String, State) {
    let (title, public) = (Text::default(), Text::default());
    let tone = if is_final { Tone::Done } else { Tone::Waiting };
    (name.to_owned(), State { name: name.to_owned(), title, public, tone, is_final, actions })
}

fn filed() -> Vec<Action> {
    let give =
        vec![Effect::Assign(Assign::Form("post".to_owned())), Effect::Assist(Assign::FormMany("helpers".to_owned()))];
    let posts = FieldKind::Posts { roles: vec![], within: None };
    let post = FieldKind::Post { roles: vec![], within: None };
    let into = field("into", FieldKind::CaseRef { process: "report".to_owned() });
    let place = field("to", FieldKind::Place { levels: vec![Level::Township] });
    vec![
        action("give", Some("given"), vec![field("post", post), field("helpers", posts)], give),
        action("merge", Some("ended"), vec![into], vec![Effect::Merge { into: "into".to_owned() }]),
        action("move", None, vec![place], vec![Effect::Move { place: "to".to_owned() }]),
    ]
}

fn given() -> Vec<Action> {
    let visit = Effect::Record {
        register: "visit".to_owned(),
        key: path("case.place"),
        set: [("last".to_owned(), path("case.number"))].into(),
    };
    let phone = Field { personal: true, ..text("caller") };
    vec![
        action("finish", Some("done"), vec![text("result")], vec![Effect::Mark("finished".to_owned())]),
        action(
            "back",
            Some("filed"),
            vec![],
            vec![Effect::Assign(Assign::Nobody), Effect::Count("returned".to_owned())],
        ),
        action("visit", None, vec![], vec![visit]),
        action("called", None, vec![phone], vec![]),
    ]
}

fn clock() -> ClockDef {
    let rule: Rule = "8 CH".parse().unwrap();
    ClockDef {
        name: "handle".to_owned(),
        title: Text::default(),
        from: vec!["filed".to_owned()],
        until: vec!["done".to_owned(), "ended".to_owned()],
        suspend_in: vec![],
        length: LengthFrom::Fixed(rule.length),
        promised: None,
        from_date: None,
        soon: None,
        rule,
        on_overdue: OnOverdue::Count("late".to_owned()),
        promise: false,
        basis: Text::default(),
    }
}

fn process() -> Process {
    let unique = Field { unique: true, ..text("reference") };
    let phone = Field { personal: true, kind: FieldKind::Phone, ..text("phone") };
    let place = field("place", FieldKind::Place { levels: vec![Level::Township] });
    let parts = vec![NumberPart::Place(Level::Township), NumberPart::Literal("-".to_owned()), NumberPart::Sequence(4)];
    let reopen = action("reopen", Some("filed"), vec![], vec![Effect::Count("reopened".to_owned())]);
    Process {
        name: "report".to_owned(),
        pack: "test".to_owned(),
        title: Text::default(),
        looks: false,
        open_by: vec![Who::Public, Who::System],
        open_when: None,
        form: vec![place, text("category"), unique, phone],
        fields: vec![text("result"), Field { personal: true, ..text("caller") }],
        counts: vec!["returned".to_owned(), "reopened".to_owned(), "late".to_owned()],
        numbers: [("report".to_owned(), NumberDef { on_state: None, parts, each: Vec::new() })].into(),
        route: RouteDef { place: Some("place".to_owned()), ..RouteDef::default() },
        any_office: false,
        queue: Some(QueueDef {
            by: vec![clerk()],
            levels: vec![Level::County],
            state: "filed".to_owned(),
            take: "give".to_owned(),
            lane: Some(path("case.category")),
            order: Some(path("case.reopened")),
            ..QueueDef::default()
        }),
        initial: "filed".to_owned(),
        states: [
            state("filed", false, filed()),
            state("given", false, given()),
            state("done", true, vec![reopen]),
            state("ended", true, vec![]),
        ]
        .into(),
        state_order: vec![],
        clocks: [("handle".to_owned(), clock())].into(),
        read: vec![],
        heading: "category".to_owned(),
        kind_field: Some("category".to_owned()),
        channels: None,
        schedule: BTreeMap::new(),
        retention_days: None,
        purpose: Text::default(),
        basis: Text::default(),
        open311: None,
        intake: BTreeMap::new(),
        children: BTreeMap::new(),
        notices: BTreeMap::new(),
    }
}

fn measure(name: &str, at: Moment, filter: Option<Expr>, by: Option<&str>) -> (String, Measure) {
    let of = Source::Process("report".to_owned());
    let by = by.map(|by| Dim { name: by.to_owned(), of: path(by) });
    let measure = Measure { filter, by: by.into_iter().collect(), ..Measure::counting(name, of, at) };
    (name.to_owned(), measure)
}

fn model() -> Model {
    let is_open = Expr::Not(Box::new(Expr::Call(Func::Has, vec![path("case.closed_at")])));
    let mut handling = measure("handling", Moment::Last("done".to_owned()), None, None);
    handling.1.minutes_since = Some(Moment::Opened);
    handling.1.classes = true;
    let visit = Register {
        name: "visit".to_owned(),
        pack: "test".to_owned(),
        title: Text::default(),
        scope: Scope::Place(Level::Township),
        key: "place".to_owned(),
        label: "place".to_owned(),
        group: None,
        dated: false,
        fields: vec![text("last")],
        ..Register::default()
    };
    Model {
        processes: [("report".to_owned(), process())].into(),
        registers: [("visit".to_owned(), visit)].into(),
        measures: [
            measure("opened", Moment::Opened, None, Some("case.category")),
            measure("open", Moment::Always, Some(is_open), Some("case.state")),
            measure("finished", Moment::Mark("finished".to_owned()), None, None),
            handling,
        ]
        .into(),
        ..Model::default()
    }
}

fn places() -> Places {
    let all = ["13", "1309"].iter().chain(&COUNTIES).chain(&TOWNSHIPS);
    let place = |text: &&str| Place {
        code: code(text),
        name: (*text).to_owned(),
        kind: PlaceKind::Town,
        valid_from: date(2000, 1, 1),
        valid_to: None,
        predecessors: vec![],
        host: None,
        synthetic: false,
        official: None,
    };
    let (tree, errors) = PlaceTree::build(all.map(place).collect());
    assert_eq!(errors, vec![]);
    let index = PlaceIndex::build([]).unwrap();
    Places { tree: Arc::new(tree), index: Arc::new(index), edition: "none".to_owned(), root: code("1309") }
}

/// The clerk of a county.
pub fn clerk_of(county: &str) -> (PostId, AccountId) {
    (PostId(format!("clerk.{county}")), AccountId(format!("account.{county}")))
}

fn posts() -> Posts {
    Posts::new(COUNTIES.iter().map(|county| {
        let (id, account) = clerk_of(county);
        Post {
            id,
            role: "clerk".to_owned(),
            place: code(county),
            title: Text::default(),
            unit: Text::default(),
            account: Some(account),
            valid_from: date(2000, 1, 1),
            valid_to: None,
        }
    }))
}

/// The world of the suite.
pub fn world() -> World {
    let calendar = Calendar::parse("date,kind,name\n2023-01-01,holiday,New Year\n").unwrap();
    World {
        model: Arc::new(model()),
        places: places(),
        office: Office { calendar: Arc::new(calendar), hours: "08:00-12:00,14:00-18:00".parse().unwrap() },
        reference: Arc::default(),
        fresh: Arc::default(),
        areas: ganglion_kernel::areas::Areas::default(),
        posts: Arc::new(posts()),
    }
}
