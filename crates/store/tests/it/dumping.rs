//! Dumps of PostgreSQL, which backups are made of: everything comes back into an empty database of any layout, and what was changed on the
//! way is not kept.

use crate::support::dump::dump as rows_of;
use crate::support::history::{History, Step, steps, works};
use crate::support::rows::{SHARD, at, case, case_id, put};
use crate::support::{elsewhere, is_there, pg_database, pg_open, run};
use ganglion_kernel::Store;
use ganglion_kernel::port::FileRow;
use ganglion_store::backup::Contents;
use ganglion_store::dump::{Sink, Source, bring_back, dump};
use ganglion_store::{Layout, PgStore};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::io::{Error, Read};

/// A dump in memory: the rows of each table.
#[derive(Clone, Default)]
struct Kept {
    tables: BTreeMap<&'static str, Vec<u8>>,
    at: &'static str,
}

impl Sink for Kept {
    fn table(&mut self, name: &'static str) -> std::io::Result<()> {
        self.at = name;
        self.tables.insert(name, Vec::new());
        Ok(())
    }

    fn rows(&mut self, lines: &[u8]) -> std::io::Result<()> {
        self.tables.get_mut(self.at).unwrap().extend_from_slice(lines);
        Ok(())
    }
}

impl Source for Kept {
    fn table<'a>(&'a mut self, name: &'static str) -> std::io::Result<Box<dyn Read + 'a>> {
        let rows = self.tables.get(name).ok_or_else(|| Error::other("it is not there"))?;
        Ok(Box::new(rows.as_slice()))
    }
}

fn same_steps() -> Vec<(Step, u16)> {
    let mut runner = TestRunner::deterministic();
    let mut all = Vec::new();
    while all.len() < 120 {
        all.extend(steps(80).new_tree(&mut runner).unwrap().current());
    }
    all
}

async fn filled(store: &std::sync::Arc<PgStore>) {
    let world = crate::support::world::world();
    let places: Vec<_> = world.places.tree.versions().cloned().collect();
    store.places_set(&places).await.unwrap();
    History::default().go_on(&works(store.clone()), &same_steps()).await;
    let (name, media_type) = ("桥.jpg".to_owned(), "image/jpeg".to_owned());
    let of = Some((SHARD, case_id(1)));
    let id = "00112233445566778899aabbccddeeff".to_owned();
    let file = FileRow { id, name, media_type, bytes: 1, at: at(5), case: of, sent: true, fingerprint: None };
    store.file_put(&file).await.unwrap();
}

async fn dumped(store: &PgStore) -> (Kept, Contents) {
    let mut kept = Kept::default();
    let dumped = dump(store, &mut kept).await.unwrap();
    (kept, dumped.contents)
}

fn comes_back(from: Layout, into: Layout) {
    if !is_there("postgres") {
        return;
    }
    run(async {
        let (from, into) = (pg_database(from), pg_database(into));
        let (from, into) = (pg_open(&from.url()), pg_open(&into.url()));
        filled(&from).await;
        let (mut kept, contents) = dumped(&from).await;
        assert!(contents.rows("case_row") > 3 && contents.rows("tally") > 0, "too little to show anything");
        bring_back(&into, &mut kept, &contents).await.unwrap();
        assert_eq!(rows_of(&*into).await, rows_of(&*from).await);
        assert_eq!(dumped(&into).await.1, contents);
        let again = bring_back(&into, &mut kept, &contents).await.unwrap_err().to_string();
        assert!(again.contains("already"), "{again}");
    });
}

#[test]
fn everything_comes_back() {
    comes_back(Layout::Single, Layout::Single);
}

#[test]
fn everything_comes_back_into_partitions() {
    comes_back(Layout::Single, Layout::Partitioned);
}

#[test]
fn what_was_changed_or_lost_is_not_kept() {
    if !is_there("postgres") {
        return;
    }
    run(async {
        let (from, into) = (pg_database(Layout::Single), pg_database(Layout::Single));
        let (from, into) = (pg_open(&from.url()), pg_open(&into.url()));
        filled(&from).await;
        let (kept, contents) = dumped(&from).await;
        for (table, said) in [("tally", "table tally"), ("journal", "journal"), ("file", "table file")] {
            let mut lost = kept.clone();
            let rows = lost.tables.get_mut(table).unwrap();
            let first = rows.iter().position(|byte| *byte == b'\n').unwrap() + 1;
            rows.drain(..first);
            let refused = bring_back(&into, &mut lost, &contents).await.unwrap_err().to_string();
            assert!(refused.contains(said), "{table}: {refused}");
            assert_eq!(into.shards().await.unwrap(), []);
        }
        let other = Contents { version: contents.version + 1, ..contents.clone() };
        let refused = bring_back(&into, &mut kept.clone(), &other).await.unwrap_err().to_string();
        assert!(refused.contains("schema version"), "{refused}");
    });
}

#[test]
fn a_dump_is_of_one_moment_whatever_is_written_meanwhile() {
    /// Writes a case when the journal, which comes last, is reached.
    struct Busy(Kept, std::sync::Arc<PgStore>);

    impl Sink for Busy {
        fn table(&mut self, name: &'static str) -> std::io::Result<()> {
            if name == "journal" {
                let store = self.1.clone();
                elsewhere(async move { put(&*store, [case(2, "130922001")]).await.unwrap() });
            }
            Sink::table(&mut self.0, name)
        }

        fn rows(&mut self, lines: &[u8]) -> std::io::Result<()> {
            self.0.rows(lines)
        }
    }

    if !is_there("postgres") {
        return;
    }
    run(async {
        let database = pg_database(Layout::Single);
        let store = pg_open(&database.url());
        put(&*store, [case(1, "130922001")]).await.unwrap();
        let mut busy = Busy(Kept::default(), store.clone());
        let dumped = dump(&store, &mut busy).await.unwrap();
        assert_eq!((dumped.contents.rows("case_row"), dumped.contents.lines()), (1, 1));
        assert_eq!(store.case_count(&Default::default()).await.unwrap(), 2);
    });
}
