//! The rights of the person: who read my data, a copy, erasure that two persons decide, keeping no longer than stated; and a scan of
//! everything the server writes or answers for personal values in clear.

use super::town::{Plain as _, Town};
use crate::routes::{READS, filled};
use ganglion_kernel::Store;
use ganglion_kernel::port::{Kept, ShardWrite, Want};
use ganglion_kernel::seal::{Keyring, MASTER, wrapped_by};
use ganglion_kernel::seal_lookup::{ALL, Lookups, SETTING};
use ganglion_model::{Actor, Body, Case, Command, CommandId, Fields, Model, Shard};
use ganglion_server::jobs::{relook, retention, rewrap, spawn};
use ganglion_store::SqliteStore;
use ganglion_store::rebuild::figures_equal;
use ganglion_store::replay::replay;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

const COUNTY: Shard = Shard(130_903);
/// What the call-taker writes down for the reporter of these tests; nobody is called so or has that number.
const PHONE: &str = "13912340000";
const NAME: &str = "张三丰";
/// What somebody writes who asks for erasure.
const WORDS: &str = "请删除我的虚构信息四四二";
const OTHER_PHONE: &str = "13700009999";

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let folders = ["grid", "mediation", "incidents", "privacy"].map(|name| packs.join(name));
    let (model, findings) = ganglion_pack::compile_folders(&folders).unwrap();
    Arc::new(model.unwrap_or_else(|| panic!("{findings}")))
});

const OFFICERS: [(&str, &str, &str); 2] = [("dora", "data_officer", "130903"), ("sue", "data_supervisor", "130903")];

async fn town() -> Town {
    Town::of(&MODEL, &OFFICERS).await
}

async fn case(town: &Town, number: &str) -> Case {
    town.store.case_by_number(COUNTY, number).await.unwrap().unwrap()
}

/// A case that was worked on, with one look at its personal values, and settled.
async fn settled(town: &Town) -> String {
    let number = town.report("130903001201", "bins overflowing").await;
    let shown = town.as_("call").await.post_form(&format!("/cases/{number}/reveal"), &[]).await;
    assert!(shown.plain().contains(PHONE), "{}", shown.text);
    town.to_handler(&number).await;
    town.settle(&number).await;
    number
}

/// Asks for what a case holds to be erased; gives the number of the request.
async fn asked(town: &Town, about: &str) -> String {
    let form = Fields::from([
        ("data_right".to_owned(), "erase".into()),
        ("about_case".to_owned(), about.into()),
        ("place".to_owned(), "130903".into()),
        ("words".to_owned(), WORDS.into()),
        ("phone".to_owned(), OTHER_PHONE.into()),
    ]);
    let body =
        Body::Open { process: "data_request".into(), form, channel: "online".into(), observed_at: None, from: None };
    let id = CommandId(uuid::Uuid::from_u128(0x7777));
    let command = Command { id, shard: COUNTY, actor: Actor::Public, body };
    town.app.committer.send(command).await.unwrap().number.unwrap()
}

/// Two persons decide, and the system carries it out.
async fn erased(town: &Town, request: &str) {
    for (account, action, form) in [
        ("dora", "check_identity", ("identity_check", "in_person")),
        ("dora", "propose_erasure", ("why_erase", "the purpose is achieved")),
    ] {
        let answer = town.act(account, request, action, &[form]).await;
        assert_eq!(answer.status, 303, "{action}: {}", answer.text);
    }
    let sure = [("answer", "done"), ("-sure", "true")];
    let alone = town.act("dora", request, "confirm_erasure", &sure).await;
    assert_eq!(alone.status, 403, "nobody erases alone: {}", alone.text);
    let answer = town.act("sue", request, "confirm_erasure", &sure).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    spawn::run(&town.app).await.unwrap();
}

#[tokio::test]
async fn a_person_sees_who_read_what_and_takes_a_copy_and_others_do_not() {
    let town = town().await;
    let number = settled(&town).await;
    let mut person = town.visitor();
    let page = format!("/follow/{number}/data");
    assert_eq!(person.get(&page).await.status, 303, "not before the number and the tail are shown");
    assert_eq!(person.post_form("/follow", &[("number", &number), ("phone_tail", "0000")]).await.status, 303);
    let shown = person.get(&page).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let words = shown.plain();
    assert!(words.contains("139****0000") && words.contains("handling this report"), "{words}");
    assert!(!words.contains("call person"), "the name of an official stands nowhere");
    assert!(!words.contains(PHONE) && !words.contains(NAME), "a tail of four digits shows nothing in clear");
    let copy = person.get(&format!("{page}.json")).await;
    assert!(copy.header("content-disposition").starts_with("attachment"));
    let json = copy.json();
    assert_eq!(json["read_by"].as_array().unwrap().len(), 1, "{json}");
    assert_eq!(json["read_by"][0]["fields"].as_array().unwrap().len(), 2, "{json}");
    assert!(!json["basis"].as_str().unwrap().is_empty() && !copy.text.contains(PHONE));
    let form = person.get(&format!("/report?about={number}")).await;
    assert_eq!(form.status, 200, "{}", form.text);
    assert_eq!(form.typed("about_case").as_deref(), Some(number.as_str()));
    let mut stranger = town.visitor();
    assert_eq!(stranger.get(&page).await.status, 303);
    assert_eq!(stranger.get(&format!("{page}.json")).await.status, 404);
    assert_eq!(stranger.get(&format!("/report?about={number}")).await.status, 404);
}

#[tokio::test]
async fn erasure_is_decided_by_two_and_leaves_steps_figures_and_proofs() {
    let town = town().await;
    let number = settled(&town).await;
    let mut person = town.visitor();
    assert_eq!(person.post_form("/follow", &[("number", &number), ("phone_tail", "0000")]).await.status, 303);
    let before = case(&town, &number).await;
    let request = asked(&town, &number).await;
    assert!(town.store.key(COUNTY, before.id).await.unwrap().is_some());
    erased(&town, &request).await;

    assert_eq!(town.store.key(COUNTY, before.id).await.unwrap(), None);
    assert_eq!(case(&town, &number).await, before);
    let mut call = town.as_("call").await;
    let card = call.get(&format!("/cases/{number}")).await;
    assert!(card.plain().contains("erased") && card.plain().contains("Personal values erased"), "{}", card.plain());
    assert!(card.plain().contains(&request) && card.plain().contains("Pass and close"), "the steps stand");
    let again = call.post_form(&format!("/cases/{number}/reveal"), &[]).await;
    assert!(!again.plain().contains(PHONE) && !again.plain().contains(NAME));
    let data = person.get(&format!("/follow/{number}/data")).await;
    assert!(data.plain().contains("erased") && !data.plain().contains("139****0000"), "{}", data.plain());
    let late = town.visitor().post_form("/follow", &[("number", &number), ("phone_tail", "0000")]).await;
    assert_eq!(late.status, 422, "nothing is left to prove it by");

    let world = town.app.world.load_full();
    assert!(figures_equal(&*town.store, &world, COUNTY).await.unwrap());
    let replayed = SqliteStore::memory().unwrap();
    let roots = replay(&*town.store, &*replayed, &world).await.unwrap();
    let heads = town.store.shards().await.unwrap();
    for one in roots {
        let head = heads.iter().find(|(shard, _)| *shard == one.shard).unwrap();
        assert_eq!(head.1.frontier.root(), one.root);
    }
    // The job reads its lines again after a crash: nothing happens twice.
    let lines = heads.iter().find(|(shard, _)| *shard == COUNTY).unwrap().1.seq;
    town.store.cursors_set("spawn", &[(COUNTY, 0)]).await.unwrap();
    spawn::run(&town.app).await.unwrap();
    let after = town.store.shards().await.unwrap();
    assert_eq!(after.iter().find(|(shard, _)| *shard == COUNTY).unwrap().1.seq, lines);
}

/// What is over of incidents, as the last turn of the job found it.
async fn found(town: &Town) -> u64 {
    let world = town.app.world.load_full();
    let found = retention::found(&*town.store, &world.model).await.unwrap().unwrap();
    found.over.iter().find(|due| due.of == "incident").map_or(0, |due| due.count)
}

#[tokio::test]
async fn what_is_over_is_erased_once_somebody_turned_it_on() {
    let town = town().await;
    let number = settled(&town).await;
    let open = town.report("130903001201", "lamp broken").await;
    let (old, fresh) = (case(&town, &number).await.id, case(&town, &open).await.id);
    let over = async || {
        let world = town.app.world.load_full();
        let all = retention::due(&*town.store, &world.model, town.app.clock.now()).await.unwrap();
        all.iter().find(|due| due.of == "incident").unwrap().count
    };
    town.wait(1_095 * 86_400 - 60);
    assert_eq!(over().await, 0, "not a minute too early");
    town.wait(2 * 86_400);
    assert_eq!(over().await, 1);
    retention::run(&town.app).await.unwrap();
    assert!(town.store.key(COUNTY, old).await.unwrap().is_some(), "nothing is erased before it is turned on");
    let mut admin = town.anew("admin").await;
    let page = admin.get("/admin/retention").await;
    assert!(page.plain().contains("Erasing what is over: off") && page.plain().contains("Counted"), "{}", page.text);
    assert_eq!(found(&town).await, 1, "the page shows what the job counted");
    assert_eq!(admin.post_form("/admin/retention", &[("on", "yes")]).await.status, 303);
    assert_eq!(town.anew("countyadmin").await.post_form("/admin/retention", &[("on", "no")]).await.status, 404);
    retention::run(&town.app).await.unwrap();
    assert_eq!(town.store.key(COUNTY, old).await.unwrap(), None);
    assert!(town.store.key(COUNTY, fresh).await.unwrap().is_some(), "an open case keeps its values");
    assert_eq!((over().await, found(&town).await), (0, 0));
    let page = admin.get("/admin/retention").await;
    assert!(
        page.plain().contains("Erasing what is over: on") && page.plain().contains(": Incident, 1"),
        "{}",
        page.text
    );
}

/// A case that closed long ago comes with an import when all that is over was erased already: the walk begins anew within days.
#[tokio::test]
async fn what_was_erased_is_not_walked_again_and_what_comes_late_is_found() {
    let town = town().await;
    let number = settled(&town).await;
    let late = case(&town, &number).await;
    let keyed = async |id| town.store.key(COUNTY, id).await.unwrap();
    let key = keyed(late.id).await.unwrap();
    let shard = following(&*town.store, COUNTY).await;
    town.store.write(&[ShardWrite { keys_gone: vec![late.id], ..shard }]).await.unwrap();
    town.store.setting_put(retention::SETTING, retention::ON).await.unwrap();
    town.wait(1_100 * 86_400);
    retention::run(&town.app).await.unwrap();

    town.wait(2 * 86_400);
    let shard = following(&*town.store, COUNTY).await;
    town.store.write(&[ShardWrite { keys: vec![(late.id, key.clone())], ..shard }]).await.unwrap();
    retention::run(&town.app).await.unwrap();
    assert_eq!(keyed(late.id).await, Some(key), "it closed before what is walked");
    town.wait(7 * 86_400);
    retention::run(&town.app).await.unwrap();
    assert_eq!(keyed(late.id).await, None, "within days the walk begins at the beginning");
}

#[tokio::test]
async fn of_many_reports_of_erasing_the_newest_are_shown() {
    let town = town().await;
    let report = |day: i64| Kept {
        kind: retention::REPORT.to_owned(),
        id: (town.app.clock.now() + jiff::SignedDuration::from_hours(24 * day)).to_string(),
        due: None,
        body: format!("[{{\"of\":\"incident\",\"days\":1095,\"count\":{},\"since\":null}}]", 5_000 + day),
    };
    let reports: Vec<Kept> = (0..60).map(report).collect();
    town.store.kept_put(&reports).await.unwrap();
    let page = town.anew("admin").await.get("/admin/retention").await.plain();
    let at = |count: &str| page.find(&format!(": Incident, {count}"));
    assert!(at("5,059").is_some() && at("5,059") < at("5,058"), "{page}");
    assert!(at("5,010").is_some() && at("5,009").is_none(), "{page}");
}

#[tokio::test]
async fn row_keys_change_hands_while_the_old_key_still_opens() {
    let town = town().await;
    let number = settled(&town).await;
    let id = case(&town, &number).await.id;
    let ring = Keyring::of(vec![("y2".to_owned(), [5; 32]), (MASTER.to_owned(), town.app.master)]);
    let before = town.store.key(COUNTY, id).await.unwrap().unwrap();
    let key = ring.unwrap(&before);
    let done = rewrap::page(&*town.store, &ring, None).await.unwrap();
    assert!(done.wrapped >= 1 && done.closed == 0 && done.next.is_none());
    let after = town.store.key(COUNTY, id).await.unwrap().unwrap();
    assert_eq!((wrapped_by(&before), wrapped_by(&after)), (MASTER, "y2"));
    assert!(key.is_some() && ring.unwrap(&after) == key, "the same key, in another wrapping");
    assert_eq!(town.store.keys_by_name().await.unwrap(), [("y2".to_owned(), done.wrapped)]);
    let made = relook::page(&*town.store, &ring, None).await.unwrap();
    assert!(made.made >= 1 && made.left == 0 && made.next.is_none(), "{made:?}");
    let only = Keyring::of(vec![("y2".to_owned(), [5; 32])]);
    let found = town.store.lookup(&only.lookups("incident.reporter_phone", PHONE), 9).await.unwrap();
    assert_eq!(found.iter().map(|one| one.row).collect::<Vec<_>>(), [id], "the new key alone finds the case");
}

#[tokio::test]
async fn rows_from_before_are_found_once_the_job_has_run() {
    let town = town().await;
    let number = settled(&town).await;
    let case = case(&town, &number).await;
    let hashes = town.app.ring.lookups("incident.reporter_phone", PHONE);
    assert_eq!(town.store.lookup(&hashes, 9).await.unwrap().len(), 1);
    // As a database from before is: keys, and no hashes.
    let shard = following(&*town.store, case.shard).await;
    let none = Lookups { shard: case.shard, row: case.id, key: String::new(), entries: Vec::new() };
    town.store.write(&[ShardWrite { lookups: vec![none], ..shard }]).await.unwrap();
    assert_eq!(town.store.lookup(&hashes, 9).await.unwrap(), []);
    town.store.setting_put(SETTING, "").await.unwrap();
    relook::run(&town.app).await.unwrap();
    assert_eq!(town.store.lookup(&hashes, 9).await.unwrap().len(), 1);
    assert_eq!(town.store.setting(SETTING).await.unwrap().as_deref(), Some(ALL));
}

/// An empty write on top of what a shard holds.
async fn following(store: &dyn Store, shard: Shard) -> ShardWrite {
    let loaded = store.load(&Want { shards: vec![shard], ..Want::default() }).await.unwrap();
    let head = loaded.heads[&shard].clone();
    ShardWrite { shard, expected_seq: head.seq, head, ..ShardWrite::default() }
}

/// A place where log lines go.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn holds_none(bytes: &[u8], what: &str) {
    for value in [PHONE, NAME, WORDS, OTHER_PHONE] {
        assert!(!holds(bytes, value), "{what} holds {value}");
    }
}

#[tokio::test]
async fn no_personal_value_stands_in_clear_anywhere() {
    let log = Log::default();
    let to = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || to.clone()).finish();
    let _told = tracing::subscriber::set_default(subscriber);
    let town = Town::on_disk(&MODEL, &OFFICERS).await;
    let number = settled(&town).await;
    let request = asked(&town, &number).await;
    // A value that is refused, too, is written nowhere.
    let mut call = town.as_("call").await;
    let refused = call.post_form("/cases/new?process=incident", &[("reporter_phone", PHONE)]).await;
    assert_eq!(refused.status, 422);

    for (shard, _) in town.store.shards().await.unwrap() {
        for line in town.store.lines_after(shard, 0, 10_000).await.unwrap() {
            holds_none(line.canonical.as_bytes(), "a journal line");
        }
    }
    let mut leader = town.as_("leader").await;
    for path in ["/cases.csv", "/cases.csv?process=incident", "/figures.csv", "/centre", "/cases", "/figures"] {
        holds_none(leader.get(path).await.plain().as_bytes(), path);
    }
    for value in [PHONE, NAME, OTHER_PHONE] {
        let typed: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let found = call.get(&format!("/cases?q={typed}")).await;
        assert!(!found.plain().contains(&number), "{value} is in the index of words");
    }
    let mut stranger = town.visitor();
    for (address, _) in READS.iter().filter(|(address, _)| *address != "/live") {
        let at = filled(address, &number).replace("/nothing", "/incident");
        let answer = stranger.get(&at).await;
        holds_none(answer.plain().as_bytes(), &at);
        holds_none(stranger.read(&at, None).await.plain().as_bytes(), &at);
    }
    assert!(!request.is_empty());
    town.store.keys_settle().await.unwrap();
    let files = files_under(town.files.path());
    assert!(files.iter().any(|path| path.ends_with("ganglion.sqlite")), "{files:?}");
    let database = files.iter().find(|path| path.ends_with("ganglion.sqlite")).unwrap();
    // Nothing is packed yet, so bytes that are no longer in use are readable too; and should something be packed, the copy shows it.
    assert_eq!(ganglion_store::backup::contents(database).unwrap().rows("dictionary"), 0);
    let plain = tempfile::tempdir().unwrap();
    let copy = plain.path().join("plain.sqlite");
    ganglion_store::rewrite(database, &copy, ganglion_store::Form::Plain).unwrap();
    for path in files.iter().chain([&copy]) {
        holds_none(&std::fs::read(path).unwrap(), &path.display().to_string());
    }
    let lines = log.0.lock().unwrap();
    assert!(holds(&lines, "request"), "requests are logged: {}", String::from_utf8_lossy(&lines));
    holds_none(&lines, "the log");
}

/// Fails when any row of any table of a PostgreSQL holds the text, as it is or as bytes.
fn nowhere(text: &str) -> String {
    let bytes: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "DO $$ DECLARE t text; n bigint; BEGIN
         FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
           EXECUTE format('SELECT count(*) FROM %I x WHERE x::text LIKE $1 OR x::text LIKE $2', t)
             INTO n USING '%{text}%', '%{bytes}%';
           IF n > 0 THEN RAISE EXCEPTION 'the table % holds it', t; END IF;
         END LOOP; END $$"
    )
}

#[tokio::test]
async fn no_personal_value_stands_in_clear_in_any_table_of_a_postgresql() {
    let Some((town, url)) = Town::on_postgres(&MODEL, &OFFICERS).await else { return };
    let number = settled(&town).await;
    let request = asked(&town, &number).await;
    let scan = |text: &str| ganglion_cluster::run_sql(&url, &nowhere(text)).map_err(|error| error.to_string());
    for value in [PHONE, NAME, WORDS, OTHER_PHONE] {
        assert_eq!(scan(value).map(drop), Ok(()), "{value}");
    }
    let found = scan(&request).unwrap_err();
    assert!(found.contains("holds it"), "what is not personal is found, so the scan looks: {found}");
}
