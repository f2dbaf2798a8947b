//! The SQL as it is built, and how SQLite means to run it.

#![cfg(test)]

use super::*;
use crate::sqlite::found::version;
use crate::sqlite::migrate::migrate;
use crate::sqlite::packed;
use crate::sqlite::points;
use ganglion_kernel::port_search::RowSearch;
use ganglion_model::CaseId;
use jiff::Timestamp;
use rusqlite::{Connection, params_from_iter};
use uuid::Uuid;

fn inside(code: &str) -> CaseFilter {
    CaseFilter { place: Some(code.parse().unwrap()), ..CaseFilter::default() }
}

fn open(filter: CaseFilter) -> CaseFilter {
    CaseFilter { open: Some(true), ..filter }
}

fn of(posts: &[&str]) -> CaseFilter {
    let assignees = posts.iter().map(|post| PostId((*post).to_owned())).collect();
    CaseFilter { assignees, ..CaseFilter::default() }
}

fn opened_by(post: &str) -> CaseFilter {
    CaseFilter { opened_by: Some(PostId(post.to_owned())), ..CaseFilter::default() }
}

#[test]
fn few_cases_with_the_words_are_read_from_the_index_and_many_are_looked_up() {
    let few = Search::Few("\"塌陷\"".to_owned());
    let arms = page((&of(&["a"]), &few), CaseOrder::Opened, None, 50);
    assert!(
        arms.iter().all(|sql| sql.text.contains("FROM case_words w CROSS JOIN") && !sql.text.contains("INDEXED BY"))
    );
    assert!(arms[1].text.contains("EXISTS (SELECT 1 FROM case_assist"));
    let many = page((&inside("130922001"), &Search::Many("\"路\" *".to_owned())), CaseOrder::Opened, None, 50);
    assert!(
        many[0].text.contains("INDEXED BY case_opened_township WHERE EXISTS (SELECT 1 FROM case_doc"),
        "{}",
        many[0].text
    );
    let more = page((&inside("130922001"), &Search::More("\"路\" *".to_owned())), CaseOrder::Opened, None, 50);
    assert!(more[0].text.contains("IN (SELECT rowid FROM case_words"), "{}", more[0].text);
    for sql in arms.iter().chain(&many).chain(&more) {
        assert_eq!(sql.values.len(), sql.text.matches('?').count(), "{}", sql.text);
    }
    assert_eq!(page((&open(of(&[])), &Search::Nothing), CaseOrder::Due, None, 50), [], "nothing that could be found");
    let connection = database();
    for sql in arms.iter().chain(&many).chain(&more) {
        let mut statement = connection.prepare(&sql.text).unwrap();
        assert!(statement.query(params_from_iter(&sql.values)).unwrap().next().unwrap().is_none());
    }
}

fn after() -> After {
    After { at: 5, case: CaseId(Uuid::from_u128(1)) }
}

#[test]
fn the_text_of_lists() {
    let texts = |filter: &CaseFilter, order, after: Option<&After>| -> Vec<String> {
        page((filter, &Search::None), order, after, 50).into_iter().map(|sql| sql.text).collect()
    };
    assert_eq!(
        texts(&open(inside("130922001")), CaseOrder::Due, Some(&after())),
        [
            "SELECT case_text(c.body, c.packed, c.id, c.number), c.due, c.id FROM case_row c INDEXED BY case_due_township WHERE c.township = ? AND c.is_open = 1 \
         AND (c.due, c.id) > (?, ?) ORDER BY c.due, c.id LIMIT 50"
        ]
    );
    assert_eq!(
        texts(&inside("1309"), CaseOrder::Opened, Some(&after())),
        [
            "SELECT case_text(c.body, c.packed, c.id, c.number), c.opened_at, c.id FROM case_row c INDEXED BY case_opened WHERE c.place >= ? AND c.place < ? AND \
         (c.opened_at, c.id) < (?, ?) ORDER BY c.opened_at DESC, c.id DESC LIMIT 50"
        ]
    );
    assert_eq!(
        texts(&open(of(&["a"])), CaseOrder::Due, None),
        [
            "SELECT case_text(c.body, c.packed, c.id, c.number), c.due, c.id FROM case_row c INDEXED BY case_due_assignee WHERE c.assignee = ? AND c.is_open = 1 \
         ORDER BY c.due, c.id LIMIT 50",
            "SELECT case_text(r.body, r.packed, r.id, r.number), page.due, page.id FROM (SELECT c.rowid AS at, c.due, c.id FROM \
         case_assist a CROSS JOIN case_row c ON c.shard = a.shard AND c.id = a.id WHERE a.post = ? AND c.is_open = 1 \
         ORDER BY c.due, c.id LIMIT 50) page CROSS JOIN case_row r ON r.rowid = page.at ORDER BY page.due, page.id"
        ]
    );
}

#[test]
fn every_condition_has_its_value_in_place() {
    let at = Timestamp::from_microsecond(7).unwrap();
    let filter = CaseFilter {
        processes: vec!["p".to_owned(), "q".to_owned()],
        states: vec!["s".to_owned()],
        kind: Some("k".to_owned()),
        due_before: Some(at),
        opened: Some((at, at)),
        level: Some(Level::County),
        bounds: Some([1.0, 2.0, 3.0, 4.0]),
        unassigned: true,
        ..open(inside("130922"))
    };
    let sql = count((&filter, &Search::None), None);
    assert_eq!(
        sql.text,
        "SELECT count(*) FROM case_row c INDEXED BY case_due_shard WHERE c.shard = ? AND c.is_open = 1 AND c.process IN (?, ?) AND c.state IN (?) \
         AND c.assignee IS NULL AND c.kind = ? AND c.due < ? AND c.opened_at >= ? AND c.opened_at < ? AND c.level = ? \
         AND c.lon BETWEEN ? AND ? AND c.lat BETWEEN ? AND ?"
    );
    assert_eq!(sql.values.len(), sql.text.matches('?').count());
    let [number, real] =
        [Value::Integer, |n| Value::Real(f64::from(i32::try_from(n).unwrap()))] as [fn(i64) -> Value; 2];
    let mut wanted = vec![number(130_922)];
    wanted.extend(["p", "q", "s", "k"].map(text));
    wanted.extend([7, 7, 7, 6].map(number));
    wanted.extend([1, 3, 2, 4].map(real));
    assert_eq!(sql.values, wanted);
}

fn plan(connection: &Connection, sql: &Sql) -> String {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.text)).unwrap();
    let rows = statement.query_map(params_from_iter(&sql.values), |row| row.get::<_, String>(3)).unwrap();
    rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
}

fn database() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    packed::functions(&connection, &packed::Packing::reading(None)).unwrap();
    migrate(&mut connection).unwrap();
    connection
}

/// Lists that people look at all day, with the index that must drive each.
#[test]
fn hot_lists_are_read_in_order_from_their_index() {
    use CaseOrder::{Due, Opened};
    let lists = [
        (open(of(&["a"])), Due, "SEARCH c USING INDEX case_due_assignee (assignee=?"),
        (of(&["a"]), Opened, "SEARCH c USING INDEX case_opened_assignee (assignee=?"),
        (open(CaseFilter::default()), Due, "SCAN c USING INDEX case_due"),
        (open(inside("1309")), Due, "SCAN c USING INDEX case_due"),
        (open(inside("130922")), Due, "SEARCH c USING INDEX case_due_shard (shard=?"),
        (open(inside("130922001")), Due, "SEARCH c USING INDEX case_due_township (township=?"),
        (CaseFilter::default(), Opened, "SCAN c USING INDEX case_opened"),
        (inside("130922"), Opened, "SEARCH c USING INDEX case_opened_shard (shard=?"),
        (inside("130922001"), Opened, "SEARCH c USING INDEX case_opened_township (township=?"),
        (opened_by("a"), Opened, "SEARCH c USING INDEX case_opened_by (opened_by=?"),
        (
            CaseFilter { open: Some(false), kind: Some("k".to_owned()), ..inside("130922") },
            Opened,
            "SEARCH c USING INDEX case_settled_kind (shard=? AND kind=?",
        ),
    ];
    let connection = database();
    for (filter, order, wanted) in lists {
        for after in [None, Some(after())] {
            let plan = plan(&connection, &page((&filter, &Search::None), order, after.as_ref(), 50)[0]);
            let wanted = if after.is_some() { wanted.replace("SCAN", "SEARCH") } else { wanted.to_owned() };
            assert!(plan.starts_with(&wanted), "{plan} for {filter:?}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan} for {filter:?}");
        }
    }
}

/// Where the order costs a sort, it is a sort of few rows: those of one village, or those one post assists.
#[test]
fn other_lists_are_sorted_within_an_index() {
    let connection = database();
    let village = plan(&connection, &page((&open(inside("130922001001")), &Search::None), CaseOrder::Due, None, 50)[0]);
    assert!(village.contains("SEARCH c USING COVERING INDEX case_due_place (place>? AND place<?)"), "{village}");
    assert!(village.ends_with("SCAN page; SEARCH r USING INTEGER PRIMARY KEY (rowid=?)"), "sorted once: {village}");
    let assisting = plan(&connection, &page((&open(of(&["a"])), &Search::None), CaseOrder::Due, None, 50)[1]);
    assert!(assisting.contains("SEARCH a USING COVERING INDEX case_assist_post (post=?)"), "{assisting}");
    assert!(assisting.contains("SEARCH c USING INDEX"), "{assisting}");
    for (filter, order) in [(opened_by("a"), CaseOrder::Due), (opened_by("a"), CaseOrder::Opened)] {
        for after in [None, Some(after())] {
            let sql = page((&open(filter.clone()), &Search::None), order, after.as_ref(), 50);
            assert_eq!(sql[0].values.len(), sql[0].text.matches('?').count(), "{}", sql[0].text);
            let waited_for = plan(&connection, &sql[0]);
            assert!(waited_for.contains("SEARCH c USING INDEX case_waited_for (opened_by=?"), "{waited_for}");
            // By deadline it is in order already.
            let is_sorted = waited_for.ends_with("SCAN page; SEARCH r USING INTEGER PRIMARY KEY (rowid=?)");
            assert_eq!(is_sorted, order == CaseOrder::Opened, "{waited_for}");
            assert_eq!(waited_for.contains("TEMP B-TREE"), is_sorted, "{waited_for}");
        }
    }
}

/// Few in a box are read by their points, and few open ones of a kind among the open ones; both are sorted, page by page.
#[test]
fn few_are_read_from_an_index_that_holds_few_others() {
    let connection = database();
    let bounds = Some([116.0, 38.0, 117.0, 39.0]);
    let processes = vec!["p".to_owned()];
    let boxed = CaseFilter { bounds, processes: processes.clone(), ..inside("1309") };
    let kind = Some("k".to_owned());
    let of_kind = CaseFilter { kind, processes, ..open(inside("1309")) };
    let little = open(inside("130922001"));
    let near = CaseFilter { bounds, ..little.clone() };
    assert_eq!(points::few(&connection, &little, CaseOrder::Due).unwrap(), None, "their index gives them in order");
    let lists = [
        (&little, "case_row c INDEXED BY case_due_township", "INDEX case_due_township (township=?)"),
        (&boxed, points::POINTS, "SEARCH c USING INDEX case_map (<expr>=? AND lon>? AND lon<?)"),
        (&near, points::POINTS, "SEARCH c USING INDEX case_map (<expr>=? AND lon>? AND lon<?)"),
        (&of_kind, "case_row c INDEXED BY case_due", "SCAN c USING INDEX case_due"),
    ];
    for (filter, table, wanted) in lists {
        let few = points::few(&connection, filter, CaseOrder::Opened).unwrap().unwrap();
        assert_eq!(few.table, table, "there are none");
        for after in [None, Some(after())] {
            let sql = page((filter, &Search::Sorted(few.clone())), CaseOrder::Opened, after.as_ref(), 50);
            assert_eq!(sql[0].values.len(), sql[0].text.matches('?').count(), "{}", sql[0].text);
            let plan = plan(&connection, &sql[0]);
            assert!(plan.contains(wanted) && plan.contains("TEMP B-TREE FOR ORDER BY"), "{plan}");
        }
        let count = plan(&connection, &count((filter, &Search::Sorted(few)), None));
        assert!(count.contains(wanted), "{count}");
    }
    let short = [
        CaseFilter { bounds, ..inside("130922001001") },
        CaseFilter { bounds, ..of(&["a"]) },
        CaseFilter { bounds, ..opened_by("a") },
        open(CaseFilter::default()),
    ];
    for filter in short {
        assert_eq!(points::few(&connection, &filter, CaseOrder::Opened).unwrap(), None, "{filter:?}");
    }
}

#[test]
fn counts_are_searches() {
    let connection = database();
    let states = CaseFilter {
        processes: vec!["p".to_owned()],
        states: vec!["s".to_owned()],
        place: Some("130922001".parse().unwrap()),
        ..CaseFilter::default()
    };
    let of_kind = CaseFilter { open: Some(false), kind: Some("k".to_owned()), ..inside("130922001") };
    for filter in [open(inside("130922")), open(inside("130922001")), of(&["a", "b"]), states, of_kind] {
        let plan = plan(&connection, &count((&filter, &Search::None), None));
        assert!(plan.starts_with("SEARCH c"), "{plan} for {filter:?}");
    }
}

/// What is counted on every page of an inbox must not follow how much history there is.
#[test]
fn open_cases_are_counted_over_the_indexes_that_hold_no_others() {
    let connection = database();
    let of_processes =
        |filter: CaseFilter| CaseFilter { processes: vec!["p".to_owned(), "q".to_owned()], ..open(filter) };
    let places = [("1309", "case_due "), ("130922", "case_due_shard"), ("130922001", "case_due_township")];
    for (place, index) in places {
        let plan = plan(&connection, &count((&of_processes(inside(place)), &Search::None), None));
        assert!(format!("{plan} ").contains(&format!("USING INDEX {index}")), "{plan}");
    }
    let in_state = CaseFilter { states: vec!["s".to_owned()], ..of_processes(inside("130922001")) };
    let plan_of_state = plan(&connection, &count((&in_state, &Search::None), None));
    assert!(plan_of_state.contains("case_due_township"), "not all that stand so in the city: {plan_of_state}");
    let had = plan(&connection, &count((&of_processes(of(&["a"])), &Search::None), None));
    assert!(had.contains("case_due_assignee") && !had.contains("case_opened_assignee"), "{had}");
    let own = open_of_posts(&open(of(&["a", "b"]))).unwrap();
    assert_eq!(own.values.len(), own.text.matches('?').count(), "{}", own.text);
    let own = plan(&connection, &own);
    assert!(own.contains("SEARCH case_row USING COVERING INDEX case_due_assignee (assignee=?)"), "{own}");
    let more = [of(&["a"]), open(CaseFilter::default()), of_processes(of(&["a"]))];
    assert!(more.iter().all(|filter| open_of_posts(filter).is_none()), "others ask for more than it says");
    let there = CaseFilter { states: vec!["s".to_owned()], place: Some("130922001".parse().unwrap()), ..of(&["a"]) };
    let had_there = plan(&connection, &count((&of_processes(there), &Search::None), None));
    assert!(had_there.starts_with("SEARCH c USING INTEGER PRIMARY KEY (rowid=?)"), "{had_there}");
    let waited_for = plan(&connection, &count((&open(opened_by("a")), &Search::None), None));
    assert!(waited_for.contains("COVERING INDEX case_waited_for (opened_by=?"), "{waited_for}");
    let narrowed = plan(&connection, &count((&of_processes(opened_by("a")), &Search::None), None));
    assert!(narrowed.contains("INDEX case_waited_for (opened_by=?"), "{narrowed}");
    let some = count((&inside("130922001"), &Search::None), Some(1_000));
    assert!(
        some.text.starts_with("SELECT count(*) FROM (SELECT 1 FROM case_row c INDEXED BY case_opened_township"),
        "{}",
        some.text
    );
    assert!(some.text.ends_with(" LIMIT 1000)"), "{}", some.text);
}

/// Every case that a search finds is read by its number, and what a post has over its own indexes.
#[test]
fn a_case_found_is_read_by_its_number() {
    let connection = database();
    for filter in [open(inside("130922001")), of(&["a", "b"]), opened_by("a")] {
        let sql = numbered(&filter);
        assert_eq!(sql.values.len(), sql.text.matches('?').count(), "{}", sql.text);
        let plan = plan(&connection, &sql);
        let wanted = "SEARCH d USING INTEGER PRIMARY KEY (rowid=?); SEARCH c USING INDEX sqlite_autoindex_case_row_1";
        assert!(plan.starts_with(wanted), "{plan}");
    }
    let plan = plan(&connection, &numbers_of(&[PostId("a".to_owned()), PostId("b".to_owned())]));
    assert!(plan.contains("SEARCH r USING INDEX case_opened_assignee") && !plan.contains("SCAN "), "{plan}");
}

/// FTS5 says itself that it gives its rows in the order asked for, so that nothing is gathered and sorted first.
#[test]
fn the_index_of_words_is_read_from_its_end() {
    let text = "SELECT rowid FROM case_words WHERE case_words MATCH ? AND rowid < ? AND rowid >= ? ORDER BY rowid DESC"
        .to_owned();
    let values = vec![self::text("\"塌陷\""), Value::Integer(9), Value::Integer(1)];
    let plan = plan(&database(), &Sql { text, values });
    assert!(plan.contains("VIRTUAL TABLE INDEX") && !plan.contains("TEMP B-TREE"), "{plan}");
}

/// Every row that a search finds is read by its number, and its versions by its key.
#[test]
fn a_row_found_is_read_by_its_number() {
    let search = RowSearch {
        registers: vec![("well".to_owned(), Some("130922001".parse().unwrap())), ("shop".to_owned(), None)],
        on: jiff::civil::date(2022, 6, 27),
        words: "机井".to_owned(),
    };
    let sql = version(&search);
    assert_eq!(sql.values.len(), sql.text.matches('?').count(), "{}", sql.text);
    let plan = plan(&database(), &sql);
    assert!(plan.starts_with("SEARCH d USING INTEGER PRIMARY KEY (rowid=?); SEARCH r USING "), "{plan}");
    assert!(plan.contains("shard=? AND register=? AND key=?"), "{plan}");
}
