//! Counties on two clusters of PostgreSQL, and one database that reads the figures of both: as partitions that live elsewhere.

use crate::support::history::{History, Step, steps, works};
use crate::support::rows::{SHARD, case, put};
use crate::support::{elsewhere, is_there, pg_open, run, small};
use ganglion_cluster::{Care, Cluster, run_sql};
use ganglion_kernel::Store;
use ganglion_model::Shard;
use ganglion_store::{GATHERED, GatherError, Gathered, Layout, PgStore, SqliteOptions, SqliteStore, move_into};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::sync::Arc;

const EAST: Shard = Shard(130_925);

/// Two clusters, each with a county, and what SQLite has of both.
struct Ground {
    sqlite: Arc<SqliteStore>,
    west: Cluster,
    east: Cluster,
    _folder: tempfile::TempDir,
}

fn same_steps() -> Vec<(Step, u16)> {
    let mut runner = TestRunner::deterministic();
    let mut all = Vec::new();
    while all.len() < 120 {
        all.extend(steps(80).new_tree(&mut runner).unwrap().current());
    }
    all
}

/// Opens a database in a layout, as a server of the county would.
fn opened(url: &str, layout: Layout) -> Arc<PgStore> {
    let url = url.to_owned();
    elsewhere(async move { PgStore::open_as(&url, small(), Some(layout)).await.unwrap() })
}

async fn ground() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ganglion.sqlite");
    let sqlite = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let world = crate::support::world::world();
    let places: Vec<_> = world.places.tree.versions().cloned().collect();
    sqlite.places_set(&places).await.unwrap();
    History::default().go_on(&works(sqlite.clone()), &same_steps()).await;
    let (west, east) = (Cluster::start(Care::Hasty).unwrap(), Cluster::start(Care::Hasty).unwrap());
    for (cluster, layout, own) in [(&west, Layout::Single, SHARD), (&east, Layout::Partitioned, EAST)] {
        run_sql(&cluster.url("postgres"), "CREATE DATABASE city").unwrap();
        let url = cluster.url("city");
        move_into(&path, &opened(&url, layout), |_| ()).await.unwrap();
        for table in ["tally", "fact", "shard_head"] {
            run_sql(&url, &format!("DELETE FROM {table} WHERE shard NOT IN (0, {})", own.0)).unwrap();
        }
    }
    run_sql(&west.url("postgres"), "CREATE DATABASE province").unwrap();
    Ground { sqlite, west, east, _folder: folder }
}

fn sorted(facts: Vec<impl std::fmt::Debug>) -> Vec<String> {
    let mut said: Vec<String> = facts.iter().map(|fact| format!("{fact:?}")).collect();
    said.sort_unstable();
    said
}

#[test]
fn figures_are_sums_over_counties_on_two_clusters() {
    if !is_there("postgres") {
        return;
    }
    run(async {
        let ground = ground().await;
        let province = ground.west.url("province");
        let of = |name: &str, cluster: &Cluster| (name.to_owned(), cluster.url("city"));
        let both = [of("west", &ground.west), of("east", &ground.east)];
        let gathered = opened(&province, Layout::Single).gather(&both).await.unwrap();
        let expected = [("west", SHARD), ("east", EAST)];
        let expected = expected.map(|(name, shard)| Gathered { name: name.to_owned(), shards: vec![shard] });
        assert_eq!(gathered, expected);

        let store = pg_open(&format!("{province}?options=-csearch_path%3D{GATHERED}%2Cpublic"));
        let (mut rows, mut sums) = (0, 0);
        for shard in [SHARD, EAST] {
            let there = ground.sqlite.cells_all(shard).await.unwrap();
            assert!(!there.is_empty(), "too little to show anything");
            rows += there.values().map(|cell| cell.0).sum::<i64>();
            sums += there.values().map(|cell| cell.1).sum::<i64>();
            assert_eq!(store.cells_all(shard).await.unwrap(), there);
            let facts = ground.sqlite.facts_all(shard).await.unwrap();
            assert_eq!(sorted(store.facts_all(shard).await.unwrap()), sorted(facts));
        }
        let all = run_sql(&province, "SELECT sum(rows), sum(sum) FROM gathered.tally").unwrap();
        assert_eq!(all, format!("{rows}|{sums}"));
        let heads = ground.sqlite.shards().await.unwrap();
        let heads: Vec<_> = heads.into_iter().filter(|(shard, _)| [SHARD, EAST].contains(shard)).collect();
        assert_eq!(store.shards().await.unwrap(), heads);

        // A county's figures are asked of its own cluster alone.
        let plan = "EXPLAIN (VERBOSE, COSTS OFF) SELECT sum(rows) FROM gathered.tally WHERE shard = 130925";
        let plan = run_sql(&province, plan).unwrap();
        assert!(plan.contains("ganglion_east") && !plan.contains("ganglion_west"), "{plan}");

        // Nothing is written through it.
        put(&*store, [case(1, "130922001")]).await.unwrap_err();
        let written = run_sql(&province, "DELETE FROM gathered.fact").unwrap_err().to_string();
        assert!(written.contains("does not allow deletes"), "{written}");
        assert_eq!(store.shards().await.unwrap(), heads);

        // What would be counted twice is refused, and what was readable stays so.
        let twice = [of("west", &ground.west), of("again", &ground.west)];
        let refused = opened(&province, Layout::Single).gather(&twice).await.unwrap_err();
        assert!(matches!(refused, GatherError::Twice { shard: SHARD, .. }), "{refused}");
        assert_eq!(store.shards().await.unwrap(), heads);
    });
}
