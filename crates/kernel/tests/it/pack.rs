//! The pack of these tests: one process with every kind of effect, one with every kind of field.

use ganglion_model::clocks::{Length, Rule};
use ganglion_model::expr::{Arith, Cmp, Expr, Func};
use ganglion_model::pack::{
    Action, Assign, Check, ClockDef, Code, CodeList, Effect, Field, FieldKind, Guard, LengthFrom, Model, NumberDef,
    NumberPart, OnOverdue, Opening, Process, Register, Required, RouteDef, Scope, State, Tone, Who,
};
use ganglion_model::{Level, Text};
use jiff::civil::date;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub fn who(text: &str) -> Who {
    match text {
        "assignee" => Who::Assignee,
        "assisting" => Who::Assisting,
        "reporter" => Who::Reporter,
        "public" => Who::Public,
        "api" => Who::Api,
        "system" => Who::System,
        _ => match text.split_once('@').unwrap() {
            (role, "handling") => Who::RoleHandling { role: role.to_owned() },
            (role, level) => Who::Role { role: role.to_owned(), level: Level::parse(level).unwrap() },
        },
    }
}

pub fn path(text: &str) -> Expr {
    Expr::Path(text.split('.').map(str::to_owned).collect())
}

fn lit(value: impl Into<Value>) -> Expr {
    Expr::Lit(value.into())
}

pub fn field(name: &str, kind: FieldKind) -> Field {
    Field { name: name.to_owned(), kind, title: Text::new(name, name), ..Field::default() }
}

fn must(name: &str, kind: FieldKind) -> Field {
    Field { required: Required::Yes, ..field(name, kind) }
}

fn personal(name: &str, kind: FieldKind) -> Field {
    Field { personal: true, see: vec!["clerk".to_owned()], ..field(name, kind) }
}

fn text(max: u32) -> FieldKind {
    FieldKind::Text { max, pattern: None }
}

fn place_kind() -> FieldKind {
    FieldKind::Place { levels: vec![Level::Township, Level::Village, Level::Grid] }
}

fn handler(name: &str) -> Field {
    must(name, FieldKind::Post { roles: vec!["handler".to_owned()], within: Some(Level::Township) })
}

fn action(name: &str, by: &[&str], to: &str) -> Action {
    Action {
        name: name.to_owned(),
        title: Text::new(name, name),
        help: Text::default(),
        by: by.iter().map(|one| who(one)).collect(),
        not: Vec::new(),
        when: None,
        form: Vec::new(),
        to: Some(to.to_owned()).filter(|to| !to.is_empty()),
        effects: Vec::new(),
        bulk: false,
        basis: Text::default(),
        grave: false,
    }
}

impl Make for Action {}

/// Short spelling for the parts of an action.
trait Make: Sized + Into<Action> {
    fn form(self, form: Vec<Field>) -> Action {
        Action { form, ..self.into() }
    }
    fn does(self, effects: Vec<Effect>) -> Action {
        Action { effects, ..self.into() }
    }
    fn not(self, mark: &str) -> Action {
        Action { not: vec![mark.to_owned()], ..self.into() }
    }
    fn when(self, holds: Expr) -> Action {
        Action { when: Some(Guard { holds, message: Text::new("不行", "no") }), ..self.into() }
    }
}

fn state(name: &str, is_final: bool, actions: Vec<Action>) -> State {
    let tone = if is_final { Tone::Done } else { Tone::Working };
    let name = name.to_owned();
    State { title: Text::new(&name, &name), name, public: Text::default(), tone, is_final, actions }
}

fn clock(name: &str, (from, until): (&[&str], &[&str]), length: LengthFrom, on_overdue: OnOverdue) -> ClockDef {
    let all = |names: &[&str]| names.iter().map(|one| (*one).to_owned()).collect();
    ClockDef {
        name: name.to_owned(),
        title: Text::new(name, name),
        from: all(from),
        until: all(until),
        suspend_in: Vec::new(),
        length,
        promised: None,
        from_date: None,
        soon: None,
        rule: Rule::new("1 wd".parse::<Length>().unwrap()),
        on_overdue,
        promise: false,
        basis: Text::default(),
    }
}

fn fixed(length: &str) -> LengthFrom {
    LengthFrom::Fixed(length.parse().unwrap())
}

fn set(pairs: &[(&str, Expr)]) -> BTreeMap<String, Expr> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn duty(name: &str) -> Action {
    action(name, &["clerk@township"], "sent").form(vec![handler("duty"), field("helpers", helpers())]).does(vec![
        Effect::Assign(Assign::Form("duty".into())),
        Effect::Assist(Assign::FormMany("helpers".into())),
        Effect::Notify { to: vec![Who::Assignee], text: Text::default() },
    ])
}

fn helpers() -> FieldKind {
    FieldKind::Posts { roles: vec!["handler".to_owned(), "worker".to_owned()], within: Some(Level::Township) }
}

fn new_actions() -> Vec<Action> {
    let moved = vec![Effect::Move { place: "to".into() }, Effect::Mark("moved".into())];
    let elsewhere = Effect::Open(Opening {
        process: "matter".into(),
        place: Some("to".into()),
        set: set(&[("category", path("case.category")), ("text", path("case.text")), ("phone", path("case.phone"))]),
        link: "moved_to".into(),
        each: None,
    });
    let keep = Effect::Record {
        register: "ledger".into(),
        key: path("case.number"),
        set: set(&[("what", path("case.text")), ("phone", path("form.phone"))]),
    };
    vec![
        duty("send"),
        action("move", &["clerk@handling"], "").form(vec![must("to", place_kind())]).does(moved),
        action("merge", &["clerk@township"], "ended")
            .form(vec![must("into", FieldKind::CaseRef { process: "matter".into() })])
            .does(vec![Effect::Merge { into: "into".into() }]),
        action("tell", &["reporter"], "")
            .form(vec![must("more", FieldKind::LongText { max: 100 }), personal("phone", FieldKind::Phone)])
            .does(vec![Effect::Set { field: "result".into(), value: path("form.phone") }, keep]),
        action("convert", &["clerk@township"], "ended")
            .form(vec![must("to", FieldKind::Place { levels: vec![] })])
            .does(vec![elsewhere]),
        action("raise", &["clerk@handling"], "").does(vec![Effect::Level { up: true }]),
        action("lower", &["clerk@handling"], "").does(vec![Effect::Level { up: false }]),
        action("drop", &["reporter"], "ended"),
        action("feed", &["api"], ""),
    ]
}

fn doing_actions() -> Vec<Action> {
    let form = |name: &str| LengthFrom::Expr(path(&format!("form.{name}")));
    vec![
        action("finish", &["assignee"], "done")
            .form(vec![must("result", FieldKind::LongText { max: 4000 })])
            .does(vec![Effect::Mark("handled".into())]),
        action("stamp", &["assignee"], "").form(vec![must("card", text(40))]),
        action("note", &["assisting"], "").form(vec![field("note", text(200))]),
        action("longer", &["director@township"], "")
            .form(vec![must("by", FieldKind::Duration)])
            .does(vec![Effect::Extend { clock: "handle".into(), by: form("by"), max: None }]),
        action("urge", &["director@county"], "")
            .form(vec![must("limit", FieldKind::Duration)])
            .does(vec![Effect::Restart { clock: "handle".into(), length: form("limit") }]),
    ]
}

fn states() -> Vec<State> {
    let few = Expr::Cmp(Cmp::Lt, Box::new(path("case.returns")), Box::new(lit(2)));
    let typed = Expr::Cmp(Cmp::Eq, Box::new(path("form.reason")), Box::new(lit("a")));
    let reason = must("reason", FieldKind::Choice { list: "reason".into() });
    let verify = ["director@township", "clerk@township"];
    vec![
        state("new", false, new_actions()),
        state(
            "sent",
            false,
            vec![
                action("accept", &["assignee"], "doing").does(vec![Effect::Mark("taken".into())]),
                action("back", &["assignee"], "doubt")
                    .form(vec![reason.clone()])
                    .when(few)
                    .does(vec![Effect::Count("returns".into())]),
                action("pick", &["assignee"], "").form(vec![reason]).when(typed),
            ],
        ),
        state(
            "doubt",
            false,
            vec![
                action("insist", &["director@handling"], "sent"),
                action("uphold", &["director@handling"], "new").does(vec![Effect::Assign(Assign::Nobody)]),
            ],
        ),
        state("doing", false, doing_actions()),
        state(
            "done",
            false,
            vec![
                action("pass", &verify, "closed").not("handled"),
                action("fail", &verify, "redo").not("handled"),
                action("deem", &["system"], "closed"),
            ],
        ),
        state("redo", false, vec![action("finish", &["assignee"], "done").does(vec![Effect::Mark("handled".into())])]),
        state(
            "closed",
            true,
            vec![
                duty("reopen"),
                action("rate", &["reporter"], "")
                    .form(vec![must("stars", FieldKind::Integer { min: Some(1), max: Some(5) })]),
            ],
        ),
        state("ended", true, vec![]),
    ]
}

fn matter() -> Process {
    let mut handle = clock(
        "handle",
        (&["sent"], &["done"]),
        LengthFrom::Expr(path("case.category.limit")),
        OnOverdue::Count("late".into()),
    );
    handle.suspend_in = vec!["doubt".into()];
    let share = LengthFrom::Share { clock: "handle".into(), percent: 50 };
    // Alphabetically before the clock it is a share of, and started by the same entry.
    let accept = clock("accept", (&["sent"], &["doing", "doubt"]), share.clone(), OnOverdue::Mark);
    let redo = clock("redo", (&["redo"], &["done"]), share, OnOverdue::Mark);
    let answer = clock("answer", (&["done"], &["redo", "closed"]), fixed("1 wd"), OnOverdue::Act("deem".into()));
    let wait = clock("wait", (&["new"], &["sent"]), fixed("30 wm"), OnOverdue::Act("absent".into()));
    let window = clock("window", (&["sent"], &["done"]), fixed("1 wd"), OnOverdue::Nothing);
    let states = states();
    Process {
        name: "matter".into(),
        pack: "test".into(),
        title: Text::new("事", "matter"),
        open_by: ["public", "worker@grid", "clerk@township", "api"].map(who).to_vec(),
        open_when: None,
        form: vec![
            must("category", FieldKind::Ref { register: "category".into() }),
            must("text", FieldKind::LongText { max: 4000 }),
            field("point", FieldKind::Point),
            field("place", place_kind()),
            personal("phone", FieldKind::Phone),
            Field { unique: true, ..field("ext", text(40)) },
        ],
        fields: vec![
            field("result", FieldKind::LongText { max: 4000 }),
            personal("secret", text(100)),
            Field { unique: true, ..field("card", text(40)) },
        ],
        counts: vec!["returns".into(), "late".into()],
        numbers: BTreeMap::from([
            ("report".to_owned(), number(None, Level::Township, "SB", 6)),
            ("file".to_owned(), number(Some("sent"), Level::County, "AJ", 4)),
        ]),
        route: RouteDef {
            point: Some("point".into()),
            place: Some("place".into()),
            handled_at: Some(Level::Township),
            ..RouteDef::default()
        },
        any_office: false,
        queue: None,
        looks: false,
        children: BTreeMap::new(),
        notices: BTreeMap::new(),
        initial: "new".into(),
        state_order: states.iter().map(|state| state.name.clone()).collect(),
        states: states.into_iter().map(|state| (state.name.clone(), state)).collect(),
        clocks: [handle, accept, redo, answer, wait, window].into_iter().map(|def| (def.name.clone(), def)).collect(),
        read: vec![who("leader@county")],
        heading: "text".into(),
        kind_field: Some("category".into()),
        channels: None,
        schedule: [].into(),
        retention_days: None,
        purpose: Text::default(),
        basis: Text::default(),
        open311: None,
        intake: BTreeMap::new(),
    }
}

fn number(on: Option<&str>, level: Level, prefix: &str, digits: u8) -> NumberDef {
    let dash = || NumberPart::Literal("-".into());
    let parts = vec![
        NumberPart::Literal(format!("{prefix}-")),
        NumberPart::Place(level),
        dash(),
        NumberPart::Year,
        dash(),
        NumberPart::Sequence(digits),
    ];
    NumberDef { on_state: on.map(str::to_owned), parts, each: Vec::new() }
}

/// `sum(form.<table>.<column>)`.
fn sum_of(table: &str, column: &str) -> Expr {
    Expr::Call(Func::Sum, vec![path(&format!("form.{table}.{column}"))])
}

/// What, how many, at what price, and what it comes to.
fn table() -> FieldKind {
    let times = Expr::Arith(Arith::Mul, Box::new(path("row.count")), Box::new(path("row.price")));
    let positive = Expr::Cmp(Cmp::Gt, Box::new(path("row.price")), Box::new(lit(0)));
    let check = Check { holds: positive, message: Text::new("单价", "price") };
    FieldKind::Table {
        fields: vec![
            must("what", text(10)),
            field("count", FieldKind::Integer { min: Some(1), max: Some(99) }),
            Field { checks: vec![check], ..field("price", FieldKind::Money) },
            Field { computed: Some(times), ..field("cost", FieldKind::Money) },
        ],
        min_rows: 0,
        max_rows: 3,
    }
}

/// One field of every kind, named after the kind.
pub fn every_kind() -> Vec<Field> {
    use FieldKind as K;
    vec![
        field("text", K::Text { max: 10, pattern: None }),
        field("coded", K::Text { max: 10, pattern: Some("[A-Z]{2}[0-9]+".into()) }),
        field("long", K::LongText { max: 20 }),
        field("integer", K::Integer { min: Some(1), max: Some(9) }),
        field("money", K::Money),
        field("decimal", K::Decimal { precision: 5, scale: 2 }),
        field("date", K::Date),
        field("datetime", K::Datetime),
        field("boolean", K::Boolean),
        field("choice", K::Choice { list: "reason".into() }),
        field("choices", K::Choices { list: "reason".into() }),
        field("ref", K::Ref { register: "category".into() }),
        field("case", K::CaseRef { process: "matter".into() }),
        field("place", K::Place { levels: vec![Level::Village] }),
        field("post", K::Post { roles: vec!["handler".into()], within: None }),
        field("posts", K::Posts { roles: vec![], within: None }),
        field("point", K::Point),
        field("files", K::Files { images: true, max: 2 }),
        field("phone", K::Phone),
        field("citizen", K::CitizenId),
        field("duration", K::Duration),
        field("time", K::Time),
        field("area", K::Quantity { unit: "mu".into(), precision: 9, scale: 2 }),
        field("refs", K::Refs { register: "category".into(), max: 2 }),
        field("account", K::Account { roles: vec!["handler".into()], within: None }),
        field("line", K::Line),
        field("polygon", K::Polygon),
        field("credit", K::CreditCode),
        field("serial", K::Serial { number: number(None, Level::County, "X", 4) }),
        field("table", table()),
        Field { min: Some(lit("2022-06-27")), max: Some(lit("2022-07-27")), ..field("soon", K::Date) },
        Field { computed: Some(sum_of("table", "cost")), ..field("total", K::Money) },
        personal("name", text(20)),
        personal("story", K::LongText { max: 100 }),
        Field { required: Required::If(path("form.boolean")), ..field("why", text(20)) },
        Field { when: Some(path("form.boolean")), required: Required::Yes, ..field("only", text(20)) },
    ]
}

fn register(name: &str, fields: &[&str], scope: Scope) -> (String, Register) {
    let fields: Vec<Field> = fields.iter().map(|one| field(one, text(100))).collect();
    let (key, label) = (fields[0].name.clone(), fields[0].name.clone());
    let name = name.to_owned();
    let register = Register {
        name: name.clone(),
        pack: "test".into(),
        title: Text::new(&name, &name),
        scope,
        key,
        label,
        group: None,
        dated: true,
        fields,
        ..Register::default()
    };
    (name, register)
}

/// Wells of townships, changed by one person; quotas of villages, dated, changed by two; a holder's telephone is sealed.
fn kept() -> Vec<(String, Register)> {
    let whom = |words: &[&str]| words.iter().map(|word| who(word)).collect::<Vec<_>>();
    let well = Register {
        name: "well".into(),
        scope: Scope::Place(Level::Township),
        key: "code".into(),
        label: "code".into(),
        fields: vec![
            must("code", text(20)),
            must("depth", FieldKind::Decimal { precision: 6, scale: 1 }),
            Field { unique: true, ..field("tag", text(20)) },
            personal("phone", FieldKind::Phone),
        ],
        edit: whom(&["clerk@township", "director@county"]),
        read: whom(&["leader@county"]),
        ..Register::default()
    };
    let quota = Register {
        name: "quota".into(),
        scope: Scope::Place(Level::Village),
        key: "well".into(),
        also_key: vec!["use".into()],
        label: "well".into(),
        dated: true,
        fields: vec![
            must("well", FieldKind::Ref { register: "well".into() }),
            must("use", text(20)),
            must("volume", FieldKind::Integer { min: Some(0), max: None }),
        ],
        propose: whom(&["clerk@township"]),
        approve: whom(&["director@county", "clerk@township"]),
        ..Register::default()
    };
    [well, quota].map(|one| (one.name.clone(), one)).to_vec()
}

pub fn model() -> Model {
    let code =
        |code: &str, valid_to| Code { code: code.into(), title: Text::new(code, code), valid_from: None, valid_to };
    let reason = CodeList {
        name: "reason".into(),
        title: Text::new("原因", "reason"),
        codes: vec![code("a", None), code("b", Some(date(2021, 1, 1)))],
    };
    let every = Process { name: "every".into(), form: every_kind(), ..matter() };
    Model {
        lists: BTreeMap::from([("reason".to_owned(), reason)]),
        registers: [
            register("category", &["code", "limit"], Scope::Deployment),
            register("ledger", &["number", "what", "phone"], Scope::Place(Level::Township)),
        ]
        .into_iter()
        .chain(kept())
        .collect(),
        processes: BTreeMap::from([("matter".to_owned(), matter()), ("every".to_owned(), every)]),
        ..Model::default()
    }
}

/// A form good enough to open a matter at the village of the tests.
pub fn opening() -> Value {
    json!({"category": "road", "text": "路面塌陷", "place": "130903001001"})
}
