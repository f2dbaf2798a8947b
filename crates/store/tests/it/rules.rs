//! Rows that break standing rules: noted while rows change, and found again from all rows.

use crate::support::Make;
use crate::support::rows::{SHARD, at, code, following, record};
use crate::support::world::world;
use ganglion_indicators::Span;
use ganglion_kernel::World;
use ganglion_kernel::figures::Reader;
use ganglion_kernel::port::{Head, ShardWrite, Store};
use ganglion_kernel::rules::{Violation, ViolationFilter};
use ganglion_model::clocks::midnight;
use ganglion_model::expr::{Cmp, Expr};
use ganglion_model::pack::{Formula, Indicator, Rule, Source};
use ganglion_model::{Record, Shard, Text, row_id};
use ganglion_store::judged::judge;
use ganglion_store::rebuild;
use jiff::civil::date;
use std::sync::Arc;

fn broken(key: &str, place: &str, since: i64) -> Violation {
    Violation {
        shard: SHARD,
        rule: "named".to_owned(),
        id: row_id(SHARD, "visit", key),
        place: code(place),
        subject: key.to_owned(),
        since: at(since),
        opened: None,
    }
}

fn of(place: Option<&str>) -> ViolationFilter {
    ViolationFilter { rule: "named".to_owned(), place: place.map(code) }
}

async fn listed(store: &dyn Store) -> Vec<(String, String, i64)> {
    let found = store.violations(&of(None), None, 100).await.unwrap();
    found.into_iter().map(|one| (one.subject, one.place.to_string(), one.since.as_second())).collect()
}

pub async fn violations_are_noted_once_moved_and_gone(make: Make) {
    let db = make();
    let store = &*db.store;
    let violations = vec![broken("a", "130922001", 2), broken("b", "130922002", 1), broken("c", "130922001", 3)];
    store.write(&[ShardWrite { violations, ..following(store, SHARD, vec![]).await }]).await.unwrap();
    let page = store.violations(&of(None), None, 2).await.unwrap();
    assert_eq!(page.iter().map(|one| one.subject.as_str()).collect::<Vec<_>>(), ["b", "a"], "longest first");
    let last = page.last().unwrap();
    let next = store.violations(&of(None), Some((last.since, last.id)), 2).await.unwrap();
    assert_eq!(next.len(), 1);
    assert_eq!(store.violation_count(&of(Some("130922001"))).await.unwrap(), 2);
    // Noted again it moves, and stays broken since then.
    let write = ShardWrite {
        violations: vec![broken("a", "130922002", 9)],
        violations_gone: vec![("named".to_owned(), broken("c", "130922001", 3).id)],
        ..following(store, SHARD, vec![]).await
    };
    store.write(&[write]).await.unwrap();
    assert_eq!(store.violation_count(&of(Some("130922002"))).await.unwrap(), 2);
    let since = at(2).as_second();
    assert!(listed(store).await.contains(&("a".to_owned(), "130922002".to_owned(), since)));
    let rules = ["named".to_owned()];
    assert_eq!(store.violations_unopened(&rules, 9).await.unwrap().len(), 2);
    store.violation_opened(&broken("a", "130922002", 2), "N-1").await.unwrap();
    let waiting = store.violations_unopened(&rules, 9).await.unwrap();
    assert_eq!(waiting.into_iter().map(|one| one.subject).collect::<Vec<_>>(), ["b"]);
}

pub async fn violations_found_again_keep_since_when(make: Make) {
    let db = make();
    let store = &*db.store;
    let violations = vec![broken("a", "130922001", 2), broken("b", "130922001", 1)];
    store.write(&[ShardWrite { violations, ..following(store, SHARD, vec![]).await }]).await.unwrap();
    store.violations_set("named", &[broken("a", "130922001", 50), broken("c", "130922001", 60)]).await.unwrap();
    let since: Vec<(String, i64)> = listed(store).await.into_iter().map(|(key, _, at)| (key, at)).collect();
    assert_eq!(since, [("a".to_owned(), at(2).as_second()), ("c".to_owned(), at(60).as_second())]);
}

fn path(text: &str) -> Expr {
    Expr::Path(text.split('.').map(str::to_owned).collect())
}

/// A world with one rule over visits.
fn ruled(holds: Expr, daily: bool) -> World {
    let mut world = world();
    let rule = Rule {
        name: "named".to_owned(),
        pack: "test".to_owned(),
        order: 0,
        title: Text::default(),
        over: Source::Register("visit".to_owned()),
        when: None,
        holds,
        daily,
        message: Text::default(),
        open: None,
    };
    let mut model = ganglion_model::Model::clone(&world.model);
    model.rules.insert("named".to_owned(), rule);
    world.model = Arc::new(model);
    world
}

/// How many rows the figure of the rule counts at a county.
async fn figure(store: &dyn Store, world: &World, place: &str) -> i64 {
    let indicator = Indicator::reading("rule_named", Formula::Broken("named".to_owned()));
    let today = date(2023, 11, 26);
    let span = Span { from: date(2023, 11, 1), to: date(2023, 12, 1) };
    let reader = Reader { tally: &store, world, today };
    let got = reader.read(&indicator, &[code(place)], &[span], false).await.unwrap();
    got[0][0].figure.rows
}

pub async fn a_rule_that_looks_at_today_is_judged_once_a_day_and_says_since_which(make: Make) {
    let db = make();
    let store = &*db.store;
    let world = ruled(Expr::Cmp(Cmp::Le, Box::new(path("today")), Box::new(path("row.until"))), true);
    let until =
        |key: &str, day: &str| Record { fields: [("until".to_owned(), day.into())].into(), ..record("visit", key, 1) };
    // Rows last changed on 15 November 2023.
    let records = vec![until("a", "2023-11-20"), until("b", "2024-01-01"), until("c", "2023-11-01")];
    store.write(&[ShardWrite { records, ..following(store, SHARD, vec![]).await }]).await.unwrap();
    rebuild::installed(store, &world).await.unwrap();
    assert_eq!(listed(store).await, [], "whoever installs knows no day");
    assert_eq!(judge(store, &world, date(2023, 11, 16)).await.unwrap(), Some(1));
    assert_eq!(judge(store, &world, date(2023, 11, 16)).await.unwrap(), None, "once a day");
    assert_eq!(judge(store, &world, date(2023, 11, 25)).await.unwrap(), Some(1));
    let since = |second: i64| at(second).as_second();
    let midnight = midnight(date(2023, 11, 21)).as_second();
    let found: Vec<(String, i64)> = listed(store).await.into_iter().map(|(key, _, at)| (key, at)).collect();
    assert_eq!(found, [("c".to_owned(), since(0)), ("a".to_owned(), midnight)], "since the change, since the day");
    assert_eq!(figure(store, &world, "130922").await, 2, "the list and nothing else");
    assert_eq!(figure(store, &world, "130925").await, 0);
    // Whatever happened to a row meanwhile, the next day finds it as it stands.
    let records = vec![Record { version: 2, ..until("a", "2024-06-30") }];
    store.write(&[ShardWrite { records, ..following(store, SHARD, vec![]).await }]).await.unwrap();
    assert_eq!(judge(store, &world, date(2023, 11, 26)).await.unwrap(), Some(1));
    assert_eq!(listed(store).await.into_iter().map(|one| one.0).collect::<Vec<_>>(), ["c"]);
    assert_eq!(figure(store, &world, "130922").await, 1);
    let head = |loaded: Vec<(Shard, Head)>| loaded.into_iter().find(|(shard, _)| *shard == SHARD).unwrap().1.seq;
    assert_eq!(head(store.shards().await.unwrap()), 0, "the day writes no line of the journal");
}

pub async fn a_rule_kept_while_rows_change_is_the_rule_found_again(make: Make) {
    let db = make();
    let store = &*db.store;
    let mut world = ruled(path("row.done"), false);
    let done =
        |key: &str, done: bool| Record { fields: [("done".to_owned(), done.into())].into(), ..record("visit", key, 1) };
    let records = vec![done("a", true), done("b", false), done("c", false)];
    store.write(&[ShardWrite { records, ..following(store, SHARD, vec![]).await }]).await.unwrap();
    assert_eq!(rebuild::installed(store, &world).await.unwrap(), ["named"]);
    assert_eq!(listed(store).await.into_iter().map(|one| one.0).collect::<Vec<_>>().len(), 2);
    assert_eq!(rebuild::installed(store, &world).await.unwrap(), Vec::<String>::new(), "nothing changed");
    let changed = |world: &World, change: fn(&mut Rule)| {
        let mut model = ganglion_model::Model::clone(&world.model);
        model.rules.values_mut().for_each(change);
        World { model: Arc::new(model), ..world.clone() }
    };
    world = changed(&world, |rule| rule.message = Text::new("未完成", "Not done"));
    assert_eq!(rebuild::installed(store, &world).await.unwrap(), Vec::<String>::new(), "other words");
    world = changed(&world, |rule| rule.when = Some(Expr::Lit(true.into())));
    assert_eq!(rebuild::installed(store, &world).await.unwrap(), ["named"], "other rows");
    let mut without = ganglion_model::Model::clone(&world.model);
    without.rules.clear();
    world.model = Arc::new(without);
    assert_eq!(rebuild::installed(store, &world).await.unwrap(), ["named"]);
    assert_eq!(listed(store).await, []);
}
