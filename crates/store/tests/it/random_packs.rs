//! Rebuild equals incremental for random packs and random histories: measures over cases and over dated and undated registers,
//! kept by place and for the deployment, with values, dimensions, members and stocks; rows that get new versions, are
//! corrected and moved, and cases that are.

use crate::support::dump::dump;
use crate::support::history::{History, Step, steps, works, world_of};
use crate::support::rows::{at, by_key, case_id, command_id};
use crate::support::world::{TOWNSHIPS, field};
use crate::support::{Make, is_there, memory, postgres, run};
use ganglion_indicators::{CellKey, Cells, Fact, Period};
use ganglion_kernel::World;
use ganglion_kernel::commit::{Works, commit_at};
use ganglion_kernel::port::Store;
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::expr::{Arith, Cmp, Expr};
use ganglion_model::pack::{Dim, FieldKind, Measure, Moment, Register, Scope, Source};
use ganglion_model::row::Record;
use ganglion_model::{CaseId, Level, Model, PlaceCode, Shard, Text};
use ganglion_store::rebuild::{figures_equal, figures_of_rows, recount, recount_if_changed};
use ganglion_store::replay::replay;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A measure in the making: which rows, when, and a handful of choices.
pub type Drawn = (usize, usize, [bool; 6]);

fn path(dotted: &str) -> Expr {
    Expr::Path(dotted.split('.').map(str::to_owned).collect())
}

fn dim(dotted: &str) -> Dim {
    Dim { name: dotted.to_owned(), of: path(dotted) }
}

const REGISTERS: [(&str, Scope, bool); 4] = [
    ("well", Scope::Place(Level::Township), true),
    ("reading", Scope::Place(Level::Township), false),
    ("task", Scope::Deployment, true),
    ("item", Scope::Deployment, false),
];

fn register((name, scope, dated): (&str, Scope, bool)) -> Register {
    let fields = vec![
        field("code", FieldKind::Text { max: 20, pattern: None }),
        field("kind", FieldKind::Text { max: 20, pattern: None }),
        field("day", FieldKind::Date),
        field("area", FieldKind::Decimal { precision: 10, scale: 2 }),
        field("town", FieldKind::Place { levels: vec![Level::Township] }),
    ];
    Register {
        name: name.to_owned(),
        pack: "test".to_owned(),
        title: Text::default(),
        scope,
        key: "code".to_owned(),
        also_key: vec![],
        label: "code".to_owned(),
        group: None,
        owner: None,
        dated,
        fields,
        read: vec![],
        edit: vec![],
        propose: vec![],
        approve: vec![],
        columns: vec![],
        location: None,
        purpose: Text::default(),
        basis: Text::default(),
        retention_days: None,
        series: None,
        looks: false,
        readings: None,
    }
}

/// A measure over register `of` drawn at random.
fn of_register(n: usize, (of, when, choice): Drawn) -> Measure {
    let (name, scope, dated) = REGISTERS[of % REGISTERS.len()];
    let [value, filter, by, member, classes, place] = choice;
    let always = if dated { (Moment::ValidFrom, Some(Moment::ValidTo)) } else { (Moment::Always, None) };
    let (at, until) = match when % 3 {
        0 => always,
        1 => (Moment::Field("day".to_owned()), None),
        _ if dated => (Moment::ValidFrom, None),
        _ => (Moment::Field("day".to_owned()), None),
    };
    let double = Expr::Arith(Arith::Mul, Box::new(path("row.area")), Box::new(Expr::Lit(json!(2))));
    let big = Expr::Cmp(Cmp::Gt, Box::new(path("row.area")), Box::new(Expr::Lit(json!(3))));
    Measure {
        until,
        value: value.then_some(double),
        digits: 1,
        filter: filter.then_some(big),
        by: if by { vec![dim("row.kind"), dim("row.town")] } else { Vec::new() },
        member: member.then(|| path("row.kind")),
        classes,
        place: (place && scope == Scope::Deployment).then(|| path("row.town")),
        ..Measure::counting(&format!("r{n}"), Source::Register(name.to_owned()), at)
    }
}

/// A measure over cases drawn at random.
fn of_cases(n: usize, (_, when, choice): Drawn) -> Measure {
    let [value, filter, by, member, classes, stock] = choice;
    let moments = [Moment::Opened, Moment::First("done".to_owned()), Moment::Last("filed".to_owned())];
    let returned = Expr::Cmp(Cmp::Ge, Box::new(path("case.returned")), Box::new(Expr::Lit(json!(1))));
    Measure {
        until: stock.then(|| Moment::First("done".to_owned())),
        value: value.then(|| path("case.returned")),
        filter: filter.then_some(returned),
        by: if by { vec![dim("case.category"), dim("case.state")] } else { Vec::new() },
        member: member.then(|| path("case.category")),
        classes,
        ..Measure::counting(&format!("c{n}"), Source::Process("report".to_owned()), moments[when % 3].clone())
    }
}

/// The world with a pack of these measures.
pub fn with_pack(world: &World, registers: &[Drawn], cases: &[Drawn]) -> World {
    let mut model = Model::clone(&world.model);
    model.registers.extend(REGISTERS.map(|one| (one.0.to_owned(), register(one))));
    let over_rows = registers.iter().enumerate().map(|(n, drawn)| of_register(n, *drawn));
    let over_cases = cases.iter().enumerate().map(|(n, drawn)| of_cases(n, *drawn));
    model.measures.extend(over_rows.chain(over_cases).map(|one| (one.name.clone(), one)));
    World { model: Arc::new(model), ..world.clone() }
}

/// A row put: register, key, township, first day, last day, kind, area.
pub type Put = (usize, u8, usize, u8, Option<u8>, u8, Option<u16>);

fn day(n: u8) -> Date {
    date(2022, 1, 1).checked_add(jiff::Span::new().days(i32::from(n))).unwrap()
}

fn put(n: usize, (register, key, town, from, length, kind, area): Put) -> Command {
    let (name, scope, dated) = REGISTERS[register % REGISTERS.len()];
    let town = TOWNSHIPS[town % TOWNSHIPS.len()];
    // A row that is put again under its key in the same county moves to another township of it.
    let place = (scope != Scope::Deployment).then(|| town.parse::<PlaceCode>().unwrap());
    let mut fields: ganglion_model::Fields = [
        ("kind".to_owned(), json!(format!("k{}", kind % 3))),
        ("day".to_owned(), json!(day(from).to_string())),
        ("town".to_owned(), json!(town)),
    ]
    .into();
    fields.extend(area.map(|area| ("area".to_owned(), json!(format!("{}.{:02}", area / 100, area % 100)))));
    let record = Record {
        register: name.to_owned(),
        shard: place.map_or(Shard::DEPLOYMENT, PlaceCode::shard),
        key: format!("K{}", key % 4),
        version: 0,
        place,
        valid_from: dated.then(|| day(from)),
        valid_to: length.filter(|_| dated).map(|length| day(from.saturating_add(length % 40 + 1))),
        updated_at: at(0),
        fields,
        authority: None,
        documents: Vec::new(),
    };
    let shard = record.shard;
    Command { id: command_id(5_000_000 + n as u128), shard, actor: Actor::System, body: Body::Put { record } }
}

/// Puts rows in batches of `size`, between the steps of a history of cases.
pub async fn live(works: &Works, steps: &[(Step, u16)], puts: &[Put], size: usize) {
    let mut history = History::default();
    let half = steps.len() / 2;
    history.go_on(works, &steps[..half]).await;
    let commands: Vec<Command> = puts.iter().enumerate().map(|(n, one)| put(n, *one)).collect();
    for batch in commands.chunks(size) {
        let (answers, _) = commit_at(works, batch, &vec![at(1); batch.len()]).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    }
    history.go_on(works, &steps[half..]).await;
}

type Sorted = BTreeMap<CellKey, (i64, i64)>;

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    prop::collection::vec((0..4_usize, 0..3_usize, any::<[bool; 6]>()), 1..5)
}

/// Rows put: register, key, township, first day, last day, kind, area.
fn puts() -> impl Strategy<Value = Vec<Put>> {
    let put = (
        0..4_usize,
        any::<u8>(),
        0..4_usize,
        0..90_u8,
        prop::option::of(any::<u8>()),
        any::<u8>(),
        prop::option::of(0..900_u16),
    );
    prop::collection::vec(put, 0..40)
}

/// A pack and its history: measures over rows and cases, steps of cases, rows put, and in batches of which size.
pub type Tale = (Vec<Drawn>, Vec<Drawn>, Vec<(Step, u16)>, Vec<Put>, usize);

/// Packs and histories drawn at random.
pub fn tale() -> impl Strategy<Value = Tale> {
    (drawn(), drawn(), steps(25), puts(), 1..8_usize)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn figures_of_any_pack_rebuilt_from_rows_equal_those_kept(tale in tale()) {
        run(rebuilt_equals_kept(memory, tale))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn figures_of_any_pack_rebuilt_from_rows_equal_those_kept_by_postgres(tale in tale()) {
        if is_there("postgres") {
            run(rebuilt_equals_kept(postgres, tale))?;
        }
    }
}

/// What is wrong with the figures of a shard.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spoiled {
    Nothing,
    Some,
    All,
}

/// Makes figures wrong: all of them gone, or a value another, a fact and a counter that belong to nothing, a counter off by some.
async fn spoil(store: &dyn Store, shard: Shard, (how, kept): (Spoiled, &[(CaseId, Fact)])) {
    match how {
        Spoiled::Nothing => {}
        Spoiled::All => store.figures_clear(shard).await.unwrap(),
        Spoiled::Some => {
            let place: PlaceCode = TOWNSHIPS[0].parse().unwrap();
            let stray = Fact { day: 40, ..Fact::now("stray", place) };
            let mut facts = vec![(case_id(77), stray)];
            facts.extend(kept.first().map(|(case, fact)| (*case, Fact { value: fact.value + 1, ..fact.clone() })));
            let key = |measure: &str| CellKey {
                shard,
                measure: measure.to_owned(),
                place,
                period: Period::Day(40),
                dim: String::new(),
            };
            let measure = kept.last().map_or("stray", |(_, fact)| &fact.measure);
            let cells = Cells::from([(key("gone"), (3, 3)), (key(measure), (1, -4))]);
            store.figures_add(shard, &facts, &cells).await.unwrap();
        }
    }
}

async fn rebuilt_equals_kept(make: Make, tale: Tale) -> Result<(), TestCaseError> {
    let (over_rows, over_cases, steps, puts, size) = tale;
    let (db, again) = (make(), make());
    let works = works(db.store.clone());
    works.world.store(Arc::new(with_pack(&world_of(&works), &over_rows, &over_cases)));
    live(&works, &steps, &puts, size).await;
    let world = world_of(&works);
    for (shard, _) in works.store.shards().await.unwrap() {
        let (mut facts, cells) = figures_of_rows(&*works.store, &world, shard).await.unwrap();
        let mut kept = works.store.facts_all(shard).await.unwrap();
        by_key(&mut facts);
        by_key(&mut kept);
        prop_assert_eq!(&kept, &facts);
        let kept_cells: Sorted = works.store.cells_all(shard).await.unwrap().into_iter().collect();
        prop_assert_eq!(&kept_cells, &cells.into_iter().collect::<Sorted>());
        for spoiled in [Spoiled::Nothing, Spoiled::Some, Spoiled::All] {
            spoil(&*works.store, shard, (spoiled, &kept)).await;
            let is_right = figures_equal(&*works.store, &world, shard).await.unwrap();
            prop_assert_eq!(is_right, spoiled == Spoiled::Nothing || kept.is_empty() && spoiled == Spoiled::All);
            prop_assert_eq!(recount(&*works.store, &world, shard).await.unwrap(), kept.len() as u64);
            let mut counted = works.store.facts_all(shard).await.unwrap();
            by_key(&mut counted);
            prop_assert_eq!(&counted, &kept);
            let cells: Sorted = works.store.cells_all(shard).await.unwrap().into_iter().collect();
            prop_assert_eq!(&cells, &kept_cells);
        }
    }
    replay(&*works.store, &*again.store, &world).await.unwrap();
    prop_assert_eq!(dump(&*works.store).await, dump(&*again.store).await);
    Ok(())
}

pub async fn figures_are_counted_anew_only_when_something_else_is_measured(make: Make) {
    let db = make();
    let works = works(db.store.clone());
    let store = &*works.store;
    let first = with_pack(&world_of(&works), &[], &[]);
    works.world.store(Arc::new(first.clone()));
    assert_eq!(recount_if_changed(&works.store, &first).await.unwrap(), Some(0));
    live(&works, &[], &[(1, 0, 0, 5, None, 1, Some(250))], 1).await;
    assert_eq!(recount_if_changed(&works.store, &first).await.unwrap(), None);
    let wider = with_pack(&first, &[(1, 1, [true, false, true, true, false, false])], &[]);
    works.world.store(Arc::new(wider));
    let again = (1, 0, 0, 5, None, 1, Some(250));
    live(&works, &[], &[again, (1, 1, 0, 5, None, 1, Some(250))], 1).await;
    let shard = TOWNSHIPS[0].parse::<PlaceCode>().unwrap().shard();
    assert_eq!(store.facts_all(shard).await.unwrap().len(), 1);
    assert_eq!(recount_if_changed(&works.store, &world_of(&works)).await.unwrap(), Some(2));
    assert_eq!(store.facts_all(shard).await.unwrap().len(), 2, "and the row that came before it was measured");
}
