//! How PostgreSQL means to run what is hot, on tables that are empty and have never been looked at: the worst moment to plan,
//! and the one every installation begins with.

#![cfg(test)]

use super::case_query::{Way, count, page, searched};
use super::connect::PgStore;
use super::migrate::Layout;
use super::options::PgOptions;
use super::words::Search;
use super::{figures, load, lookup, matching, people, points, seal, waiting, write_cases};
use deadpool_postgres::Object;
use ganglion_cluster::{Database, fresh, is_there};
use ganglion_kernel::lookup::Matching;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_model::{CaseId, PostId, Shard};
use tokio_postgres::SimpleQueryMessage;
use uuid::Uuid;

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn database() -> Database {
    let prepare = |url: &str| {
        let url = url.to_owned();
        run(async move { PgStore::open(&url, PgOptions::default()).await.map(drop).unwrap() });
    };
    fresh(&Layout::Single.fingerprint(), prepare).unwrap()
}

/// Runs a test with a connection as the store makes them.
pub(super) fn with_connection(test: impl AsyncFnOnce(&Object)) {
    if is_there() {
        let database = database();
        run(async {
            let store = PgStore::open(&database.url(), PgOptions::default()).await.unwrap();
            let client = store.reader().await.unwrap();
            test(&client).await;
        });
    }
}

/// The plan of a statement, one line after the other.
async fn plan(client: &Object, sql: &str) -> String {
    let values = (1..100).take_while(|n| sql.contains(&format!("${n}"))).map(|_| "NULL").collect::<Vec<_>>();
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    let text = format!("DEALLOCATE ALL; PREPARE asked AS {sql}; EXPLAIN (COSTS OFF) EXECUTE asked{values}");
    let said = client.simple_query(&text).await.unwrap_or_else(|error| unreachable!("{sql}: {error:?}"));
    let lines = said.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::trim),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("; ")
}

fn inside(code: &str) -> CaseFilter {
    CaseFilter { place: Some(code.parse().unwrap()), ..CaseFilter::default() }
}

fn open(filter: CaseFilter) -> CaseFilter {
    CaseFilter { open: Some(true), ..filter }
}

fn of(post: &str) -> CaseFilter {
    CaseFilter { assignees: vec![PostId(post.to_owned())], ..CaseFilter::default() }
}

/// Lists that people look at all day, with the index that must drive each.
#[test]
fn hot_lists_are_read_in_order_from_their_index() {
    use CaseOrder::{Due, Opened};
    let lists = [
        (open(of("a")), Due, "case_due_assignee"),
        (of("a"), Opened, "case_opened_assignee"),
        (open(CaseFilter::default()), Due, "case_due"),
        (open(inside("1309")), Due, "case_due"),
        (open(inside("130922")), Due, "case_due_county"),
        (open(inside("130922001")), Due, "case_due_township"),
        (CaseFilter::default(), Opened, "case_opened"),
        (inside("1309"), Opened, "case_opened"),
        (inside("130922"), Opened, "case_opened_county"),
        (inside("130922001"), Opened, "case_opened_township"),
    ];
    with_connection(async |client| {
        let after = After { at: 5, case: CaseId(Uuid::from_u128(1)) };
        for (filter, order, index) in lists {
            for after in [None, Some(&after)] {
                let plan = plan(client, &page((&filter, &Search::None), order, after, 50).text).await;
                assert!(plan.contains(&format!("using {index} on ")), "{index} for {filter:?}: {plan}");
                assert!(!plan.contains("Seq Scan") && !plan.contains("Hash"), "{filter:?}: {plan}");
                let sorts = usize::from(!filter.assignees.is_empty()) * 2;
                assert!(plan.matches("Sort Key").count() <= sorts, "{filter:?}: {plan}");
            }
        }
    });
}

/// Rows of a batch are found one by one by their keys, however large or small the tables are.
#[test]
fn a_batch_finds_its_rows_by_their_keys() {
    let statements = [
        (load::ANSWERS, "answer_pkey"),
        (load::CASES, "case_row_pkey"),
        (load::NUMBERS, "case_number"),
        (load::KEYS, "seal_key_pkey"),
        (load::UNIQUE, "unique_value_pkey"),
        (load::SEQUENCES, "numbering_pkey"),
        (load::RECORDS, "record_"),
        (load::AFTER, "record_"),
        (load::BEFORE, "record_"),
        (load::PROPOSALS, "proposal_pkey"),
        (load::REFERERS, "row_reference_pkey"),
        (waiting::FRONT, "waiting_front"),
        (waiting::FRONT_OF_LANES, "waiting_lane"),
        (waiting::LOADS, "case_due_assignee"),
        (write_cases::UPDATE, "case_row_pkey"),
        (write_cases::CLOSED, "case_open_pkey"),
        (write_cases::ASSIST_GONE, "case_assist_pkey"),
        (figures::CELLS, "tally_pkey"),
        (figures::CELLS_TO, "tally_pkey"),
    ];
    with_connection(async |client| {
        for (sql, index) in statements {
            let plan = plan(client, sql).await;
            let of_index = [format!("using {index}"), format!("Bitmap Index Scan on {index}")];
            assert!(of_index.iter().any(|one| plan.contains(one)), "{index}: {plan}");
            assert!(!plan.contains("Seq Scan") && !plan.contains("Hash Join"), "{sql}: {plan}");
        }
    });
}

/// What lies in a box is counted and read by its points where few do; a list that is walked leaves them alone.
#[test]
fn a_box_is_read_by_its_points_and_a_walk_is_not() {
    with_connection(async |client| {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let after = After { at: 5, case: CaseId(Uuid::from_u128(1)) };
        let counted = plan(client, points::INSIDE).await;
        assert!(counted.contains("Index Only Scan using case_map on "), "{counted}");
        for opened in [None, Some((at, at))] {
            let bounds = Some([116.0, 38.0, 117.0, 39.0]);
            let filter = CaseFilter { bounds, opened, processes: vec!["p".to_owned()], ..CaseFilter::default() };
            for after in [None, Some(&after)] {
                let few = plan(client, &page((&filter, &Search::Inside), CaseOrder::Opened, after, 50).text).await;
                assert!(few.contains("using case_map on ") && !few.contains("case_opened"), "{few}");
                let many = plan(client, &page((&filter, &Search::None), CaseOrder::Opened, after, 50).text).await;
                assert!(many.contains("using case_opened on ") && !many.contains("case_map"), "{many}");
            }
        }
    });
}

/// Few cases with the words are read from the index of words, each then by its key; where many have them, the list is walked.
#[test]
fn words_are_looked_for_in_the_index_or_in_each_case_of_the_list() {
    with_connection(async |client| {
        let few = Search::Few("'a'".to_owned());
        for filter in [open(inside("130922")), CaseFilter::default(), of("a")] {
            let plan = plan(client, &page((&filter, &few), CaseOrder::Opened, None, 50).text).await;
            assert!(plan.contains("Bitmap Index Scan on case_words_tokens"), "{plan}");
            assert!(plan.contains("_pkey on case_"), "{plan}");
        }
        let many = Search::Many("'a'".to_owned());
        let plan = plan(client, &page((&inside("130922"), &many), CaseOrder::Opened, None, 50).text).await;
        assert!(plan.contains("using case_opened_county on ") && plan.contains("using case_words_pkey on "), "{plan}");
    });
}

/// What is searched for is gathered over the index of words, or the newest cases are gone through; every case by its key.
#[test]
fn a_search_is_gathered_over_the_index_of_words_or_walks_the_newest() {
    with_connection(async |client| {
        for filter in [open(inside("130922")), CaseFilter::default(), of("a")] {
            for (way, index) in
                [(Way::Index, "Bitmap Index Scan on case_words_tokens"), (Way::Walk, "case_words_newest")]
            {
                let plan = plan(client, &searched((&filter, "'a'"), way, (1, 9), 31).text).await;
                assert!(plan.contains(index), "{index}: {plan}");
                assert!(plan.contains("_pkey on case_") && !plan.contains("Seq Scan"), "{plan}");
                assert!(!plan.contains("Hash Join"), "{plan}");
            }
        }
    });
}

/// Rows are counted over the index of the field.
#[test]
fn rows_are_counted_over_the_index_of_the_field() {
    with_connection(async |client| {
        for (name, wanted) in [("holder", "a"), ("place", "130922001")] {
            let (index, sql) = matching::index_of("permit", name);
            client.batch_execute(&sql).await.unwrap();
            let wanted = [(name.to_owned(), wanted.into())].into();
            let asked = Matching::of(Shard(130_922), "permit", &wanted, jiff::civil::date(2022, 6, 27));
            let plan = plan(client, &matching::statement(&asked).0).await;
            assert!(plan.contains(&index), "{name}: {plan}");
            assert!(!plan.contains("Seq Scan") && !plan.contains("Hash Join"), "{name}: {plan}");
        }
    });
}

#[test]
fn counts_of_open_cases_look_at_open_cases_only() {
    with_connection(async |client| {
        for filter in [open(inside("130922")), open(inside("130922001")), open(of("a"))] {
            let plan = plan(client, &count((&filter, &Search::None), None).text).await;
            assert!(plan.contains("case_open") && !plan.contains("case_row"), "{filter:?}: {plan}");
        }
    });
}

/// What a post waits for is found among the open cases it opened, however many it ever did.
#[test]
fn what_a_post_waits_for_is_found_among_its_open_cases() {
    with_connection(async |client| {
        let filter = open(CaseFilter { opened_by: Some(PostId("a".to_owned())), ..CaseFilter::default() });
        let counted = plan(client, &count((&filter, &Search::None), None).text).await;
        assert!(counted.contains("case_waited_for") && !counted.contains("Seq Scan"), "{counted}");
        let listed = plan(client, &page((&filter, &Search::None), CaseOrder::Due, None, 50).text).await;
        assert!(listed.contains("case_waited_for") && !listed.contains("Seq Scan"), "{listed}");
    });
}

/// What is due, who looked and what is found by a number are read in order from their indexes: a page costs what it shows.
#[test]
fn pages_beside_the_lists_are_read_in_order_from_their_index() {
    let statements = [
        (seal::CASES_ENDED, "case_closed"),
        (people::ACCESSES, "access_pkey"),
        (people::ACCESSES_BEFORE, "access_at"),
        (lookup::NEWEST, "seal_lookup_newest"),
    ];
    with_connection(async |client| {
        for (sql, index) in statements {
            let plan = plan(client, sql).await;
            assert!(plan.contains(&format!("using {index} on ")), "{index}: {plan}");
            assert!(!plan.contains("Seq Scan") && !plan.contains("Sort Key"), "{sql}: {plan}");
        }
    });
}
