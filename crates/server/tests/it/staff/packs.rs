//! Packs are tried, installed and taken out on a running server; rows in the way are named; two servers stay together.

use super::town::{Plain as _, Town};
use crate::support::{Browser, Part};
use ganglion_kernel::World;
use ganglion_kernel::commit::WallClock as _;
use ganglion_model::{Actor, Body, Command, CommandId, Fields, Record, Shard};
use ganglion_server::packs::{
    Content, Draft, InstallError, Installing, PackFiles, Sources, from_folder, install, installed,
};
use serde_json::{Value, json};
use std::path::Path;

const POND: &str = r#"
pack: ponds
version: "1"
title: {zh: 坑塘, en: Ponds}
yearly: {pond_check: 24}
roles:
  pond_keeper: {title: {zh: 管护员, en: Keeper}, levels: [village]}
lists:
  pond_state: {title: {zh: 水位, en: Level}, codes: {low: {zh: 低, en: Low}, high: {zh: 高, en: High}}}
"#;
const REGISTER: &str = r#"
register: pond
title: {zh: 坑塘, en: Ponds}
scope: deployment
key: code
label: name
fields:
  code:  {type: text, required: true, title: {zh: 编号, en: Number}}
  name:  {type: text, required: true, title: {zh: 名称, en: Name}}
  depth: {type: text, title: {zh: 深度, en: Depth}}
  level: {type: choice, of: pond_state, title: {zh: 水位, en: Level}}
"#;
const PROCESS: &str = r#"
process: pond_check
title: {zh: 坑塘巡查, en: Pond check}
heading: note
open: {by: [public, pond_keeper@village, village_secretary@village]}
numbers: {report: "B-{township}-{yyyy}-{seq:5}"}
read: [village_secretary@village]
form:
  place: {type: place, levels: [village], required: true, title: {zh: 村, en: Village}}
  note:  {type: text, required: true, title: {zh: 情况, en: Note}}
  water: {type: choice, of: pond_state, title: {zh: 水位, en: Level}}
  other: {type: place, levels: [village], title: {zh: 邻村, en: Next village}}
  pumps: {type: integer, fact: village_pumps, title: {zh: 水泵, en: Pumps}}
route: {place: place, handled_at: township}
clocks:
  settle: {title: {zh: 时限, en: Limit}, from: [open], until: [done], length: 3 wd}
states:
  open:
    title: {zh: 待处理, en: Open}
    actions:
      wait: {title: {zh: 等待, en: Wait}, by: [handler@township], to: waiting}
      close: {title: {zh: 办结, en: Close}, by: [handler@township], to: done}
  waiting:
    title: {zh: 等待, en: Waiting}
    actions:
      close: {title: {zh: 办结, en: Close}, by: [handler@township], to: done}
  done: {title: {zh: 办结, en: Done}, tone: done, final: true}
"#;
const INDICATORS: &str = r#"
measures:
  pond_checks: {of: pond_check, at: opened}
indicators:
  pond_checks:
    title: {zh: 巡查数, en: Checks}
    definition: {zh: 巡查次数, en: Checks}
    count: pond_checks
    levels: [city, county, township]
"#;

/// The pack with edits, each of which must apply once.
fn pond(edits: &[(&str, &str)]) -> PackFiles {
    let mut files = PackFiles::new();
    let header = POND.replace("roles:", "requires: [incidents]\nroles:");
    let all = [
        ("pack.yaml", header.as_str()),
        ("registers/pond.yaml", REGISTER),
        ("processes/pond_check.yaml", PROCESS),
        ("indicators.yaml", INDICATORS),
    ];
    let mut applied = 0;
    for (path, text) in all {
        let mut text = text.to_owned();
        for (old, new) in edits {
            applied += text.matches(old).count();
            text = text.replace(old, new);
        }
        files.insert(path.to_owned(), Content::Text(text));
    }
    assert_eq!(applied, edits.len(), "every edit applies once: {edits:?}");
    files
}

fn silent(_: u64, _: u64) {}

fn parts(town: &Town) -> Installing<'_> {
    Installing {
        store: town.store.as_ref(),
        world: &town.app.world,
        committer: Some(&town.app.committer),
        actor: Actor::System,
        by: None,
        command: CommandId(town.clock.id()),
        now: town.clock.now(),
        progress: &silent,
    }
}

/// A town in whose store the packs it works with are installed, as a start does it.
async fn town() -> Town {
    let town = Town::new().await;
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let old = town.app.world.load().model.clone();
    let put = old.packs.keys().map(|name| from_folder(&packs.join(name)).unwrap()).collect();
    let draft = Draft { shipped: true, ..Draft::new(&Sources::default(), &old, put, &[]) };
    assert_eq!(install(&parts(&town), &draft).await.unwrap().number, 1);
    town
}

async fn draft(town: &Town, put: Vec<PackFiles>, remove: &[&str]) -> Draft {
    let sources = installed(town.store.as_ref()).await.unwrap().unwrap().sources;
    let put = put.into_iter().map(|files| ("ponds".to_owned(), files)).collect();
    let remove: Vec<String> = remove.iter().map(|name| (*name).to_owned()).collect();
    let draft = Draft::new(&sources, &town.app.world.load().model, put, &remove);
    assert!(draft.model.is_some(), "{}", draft.findings);
    draft
}

async fn put(town: &Town, files: PackFiles) -> Result<u64, InstallError> {
    let draft = draft(town, vec![files], &[]).await;
    install(&parts(town), &draft).await.map(|set| set.number)
}

/// Codes, paths and counts of what is in the way.
async fn in_the_way(town: &Town, files: PackFiles) -> Vec<(String, String, u64)> {
    match put(town, files).await {
        Err(InstallError::Obstacles(all)) => {
            all.into_iter().map(|one| (one.code.to_owned(), one.path, one.count)).collect()
        }
        other => panic!("nothing was in the way: {:?}", other.map_err(|error| error.to_string())),
    }
}

async fn send(town: &Town, body: Body, shard: Shard) -> ganglion_model::Outcome {
    let id = CommandId(town.clock.id());
    town.app.committer.send(Command { id, shard, actor: Actor::System, body }).await.unwrap()
}

async fn open_check(town: &Town, note: &str) -> ganglion_model::Outcome {
    let form = Fields::from([
        ("place".to_owned(), "130903001201".into()),
        ("note".to_owned(), note.into()),
        ("water".to_owned(), "high".into()),
        ("other".to_owned(), "130903002201".into()),
        ("pumps".to_owned(), 3.into()),
    ]);
    let body =
        Body::Open { process: "pond_check".into(), form, channel: "online".into(), observed_at: None, from: None };
    let id = CommandId(town.clock.id());
    town.app.committer.send(Command { id, shard: Shard(130_903), actor: Actor::Public, body }).await.unwrap()
}

async fn put_pond(town: &Town, key: &str, depth: Option<&str>) {
    let mut fields = Fields::from([("code".to_owned(), key.into()), ("name".to_owned(), "P".into())]);
    fields.insert("level".to_owned(), "low".into());
    fields.extend(depth.map(|depth| ("depth".to_owned(), depth.into())));
    let record = Record {
        register: "pond".into(),
        shard: Shard::DEPLOYMENT,
        key: key.into(),
        version: 0,
        place: None,
        valid_from: None,
        valid_to: None,
        updated_at: town.clock.now(),
        fields,
        authority: None,
        documents: Vec::new(),
    };
    send(town, Body::Put { record }, Shard::DEPLOYMENT).await;
}

fn upload(files: &PackFiles) -> String {
    files
        .iter()
        .map(|(path, content)| match content {
            Content::Text(text) => format!("# file: {path}\n{text}\n"),
            Content::Bytes { .. } => panic!("text only"),
        })
        .collect()
}

async fn try_page(admin: &mut Browser, pasted: &str) -> crate::support::Answer {
    admin.post_parts("/admin/packs", &[Part::Text("pasted", pasted)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_is_tried_and_installed_in_the_browser_and_serves_at_once() {
    let town = town().await;
    let mut admin = town.as_("admin").await;
    let page = try_page(&mut admin, &upload(&pond(&[]))).await;
    assert_eq!(page.status, 200, "{}", page.text);
    for part in ["Process · Pond check", "Register · Ponds", "Roles nobody holds yet", "Keeper (", "pond_check"] {
        assert!(page.plain().contains(part), "{part}: {}", page.text);
    }
    assert!(page.plain().contains("Pond check: "), "the burden is told by title: {}", page.text);
    assert!(page.plain().contains("hours a year"), "what it asks of villages: {}", page.text);
    assert!(!town.app.world.load().model.processes.contains_key("pond_check"), "nothing changed yet");
    let id = page.typed("draft").unwrap();
    let begun = admin.post_form("/admin/packs/install", &[("draft", &id)]).await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    let mut shown = admin.get(begun.location()).await;
    while shown.plain().contains("You can leave this page") {
        tokio::task::yield_now().await;
        shown = admin.get(begun.location()).await;
    }
    assert!(shown.plain().contains("Installed as set 2"), "{}", shown.text);
    let make = "/admin/accounts?role=pond_keeper";
    assert!(shown.plain().contains("Roles nobody holds yet") && shown.plain().contains(make), "{}", shown.text);
    let form = admin.get(make).await;
    assert!(form.plain().contains("<option value=\"pond_keeper\" selected>"), "{}", form.text);
    let by_click = format!("{}/posts", begun.location());
    assert_eq!(admin.post_form(&by_click, &[]).await.status, 404, "only a demonstration makes up people");
    let keeper = [("account", "keeper"), ("name", "Keeper"), ("password", "Long enough 1"), ("role", "pond_keeper")];
    let keeper: Vec<(&str, &str)> = keeper.into_iter().chain([("place", "West Town · West Village")]).collect();
    assert_eq!(admin.post_form("/admin/accounts", &keeper).await.status, 303);
    assert!(!admin.get(begun.location()).await.plain().contains("Roles nobody holds yet"), "somebody holds it now");
    let again = admin.post_form("/admin/packs/install", &[("draft", &id)]).await;
    assert_eq!(again.status, 303, "the same draft is installed once");
    assert_eq!(town.app.world.load().model.number, 2);
    open_check(&town, "full").await;
    let list = admin.get("/admin/packs").await;
    assert!(list.plain().contains("Ponds") && list.plain().contains("Set 2"), "{}", list.text);
    let lines = town.store.entries_after(Shard::DEPLOYMENT, 0, 10).await.unwrap();
    assert_eq!(lines.len(), 2, "each installation is a line of the journal");
    assert!(matches!(&lines[1].actor, Actor::Post { .. }));
    let kept = installed(town.store.as_ref()).await.unwrap().unwrap();
    assert_eq!(kept.model().unwrap(), *town.app.world.load().model, "a restart has the same model");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_in_titles_with_the_names_beside() {
    let town = town().await;
    put(&town, pond(&[])).await.unwrap();
    let mut admin = town.as_("admin").await;
    let edits = [("title: {zh: 深度, en: Depth}", "required: true, title: {zh: 水深, en: Water depth}")];
    let page = try_page(&mut admin, &upload(&pond(&edits))).await;
    assert!(page.plain().contains("Field “Water depth” has another title: Depth → Water depth"), "{}", page.text);
    assert!(page.plain().contains("pond.depth") && page.plain().contains("Register · Ponds"), "{}", page.text);
    admin.get("/admin/packs?lang=zh").await;
    let page = try_page(&mut admin, &upload(&pond(&edits))).await;
    assert!(page.plain().contains("字段“水深”的标题：深度 → 水深"), "{}", page.text);
    let gone = try_page(&mut admin, &upload(&pond(&[("  waiting:\n    title: {zh: 等待, en: Waiting}\n    actions:\n      close: {title: {zh: 办结, en: Close}, by: [handler@township], to: done}\n", ""), ("      wait: {title: {zh: 等待, en: Wait}, by: [handler@township], to: waiting}\n", "")]))).await;
    assert!(gone.plain().contains("去掉状态“等待”"), "{}", gone.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_said_and_kept_and_errors_install_nothing() {
    let town = town().await;
    let mut admin = town.as_("admin").await;
    let nameless = try_page(&mut admin, "title: x").await;
    assert_eq!(nameless.status, 422);
    assert!(nameless.plain().contains("There is no pack.yaml") && nameless.plain().contains("title: x"));
    let archive = [Part::File("files", "a.zip", b"PK\x03\x04 not really")];
    assert_eq!(admin.post_parts("/admin/packs", &archive).await.status, 422);
    let wrong = try_page(&mut admin, &upload(&pond(&[("until: [done]", "until: [never]")]))).await;
    assert!(wrong.plain().contains("there is no state <code>never</code>"), "{}", wrong.text);
    assert!(wrong.typed("draft").is_none(), "nothing to install");
    admin.get("/admin/packs?lang=zh").await;
    let wrong = try_page(&mut admin, &upload(&pond(&[("until: [done]", "until: [never]")]))).await;
    assert!(
        wrong.plain().contains("没有状态 <code>never</code>"),
        "findings are in the reader's language: {}",
        wrong.text
    );
    admin.get("/admin/packs?lang=en").await;
    let grid = from_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/grid")).unwrap().1;
    let parts: Vec<Part<'_>> = grid
        .iter()
        .map(|(path, content)| match content {
            Content::Text(text) => Part::File("files", path, text.as_bytes()),
            Content::Bytes { .. } => panic!("text only"),
        })
        .collect();
    let same = admin.post_parts("/admin/packs", &parts).await;
    assert!(same.plain().contains("Nothing changes"), "{}", same.text);
    for account in ["countyadmin", "dispatch"] {
        let mut other = town.as_(account).await;
        assert_eq!(try_page(&mut other, "pack: x").await.status, 404, "{account}");
    }
    assert_eq!(town.app.world.load().model.number, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_in_the_way_are_counted_and_named() {
    let town = town().await;
    put(&town, pond(&[])).await.unwrap();
    let first = open_check(&town, "one").await;
    open_check(&town, "two").await;
    put_pond(&town, "P1", Some("3")).await;
    put_pond(&town, "P2", None).await;
    let one = |code: &str, path: &str, count: u64| vec![(code.to_owned(), path.to_owned(), count)];
    let waiting = "  open:\n    title: {zh: 待处理, en: Open}\n    actions:\n      wait: {title: {zh: 等待, en: Wait}, by: [handler@township], to: waiting}\n";
    assert_eq!(
        in_the_way(&town, pond(&[(waiting, "  start:\n    title: {zh: 待处理, en: Open}\n    actions:\n      wait: {title: {zh: 等待, en: Wait}, by: [handler@township], to: waiting}\n"), ("from: [open]", "from: [start]")])).await,
        one("state-in-use", "pond_check.open", 2)
    );
    assert_eq!(
        in_the_way(&town, pond(&[("depth: {type: text,", "depth: {type: integer, min: 5,")])).await,
        one("value-unfit", "pond.depth", 1)
    );
    assert_eq!(
        in_the_way(&town, pond(&[("depth: {type: text,", "depth: {type: text, required: true,")])).await,
        one("value-missing", "pond.depth", 1)
    );
    assert_eq!(
        in_the_way(
            &town,
            pond(&[("name:  {type: text, required: true,", "name:  {type: text, required: true, unique: true,")])
        )
        .await,
        one("value-twice", "pond.name", 1)
    );
    assert_eq!(
        in_the_way(&town, pond(&[(", high: {zh: 高, en: High}", "")])).await,
        one("code-in-use", "pond_state.high", 2)
    );
    assert_eq!(in_the_way(&town, pond(&[("key: code", "key: name")])).await, one("key-changed", "pond", 2));
    let gone = draft(&town, vec![], &["ponds"]).await;
    let Err(InstallError::Obstacles(all)) = install(&parts(&town), &gone).await else { panic!("taken out with rows") };
    let found: Vec<(&str, u64)> = all.iter().map(|one| (one.code, one.count)).collect();
    assert_eq!(found, [("process-in-use", 2), ("register-in-use", 2)]);
    assert!(all[0].first.contains(&first.number.unwrap()), "{:?}", all[0]);
    assert_eq!(all[0].href.as_deref(), Some("/cases?process=pond_check"));
    assert_eq!(town.app.world.load().model.number, 2, "nothing of this was installed");
    let wider = [("depth: {type: text,", "depth: {type: long_text,"), ("length: 3 wd", "length: 5 wd")];
    assert_eq!(put(&town, pond(&wider)).await.unwrap(), 3, "what every row fits is allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_follow_their_definitions() {
    let town = town().await;
    put(&town, pond(&[])).await.unwrap();
    open_check(&town, "one").await;
    let other = [("{of: pond_check, at: opened}", "{of: pond_check, at: opened, where: \"case.water == 'low'\"}")];
    put(&town, pond(&other)).await.unwrap();
    let shard = Shard(130_903);
    let sum = async || {
        let cells = town.store.cells_all(shard).await.unwrap();
        let world: std::sync::Arc<World> = town.app.world.load_full();
        let (_, rebuilt) = ganglion_store::rebuild::figures_of_rows(town.store.as_ref(), &world, shard).await.unwrap();
        assert_eq!(cells, rebuilt, "kept counters equal counted rows");
        cells.iter().filter(|(key, _)| key.measure == "pond_checks").map(|(_, cell)| cell.0).sum::<i64>()
    };
    assert_eq!(sum().await, 0, "the level is high");
    put(&town, pond(&[])).await.unwrap();
    assert!(sum().await > 0);
    open_check(&town, "two").await;
    sum().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_try_and_install() {
    let town = town().await;
    let mut client = town.visitor();
    let sign_in = json!({"account": "admin", "password": "admin"});
    let token = client.json("/api/v1/sign-in", None, &sign_in).await.json()["token"].as_str().unwrap().to_owned();
    let wish = |files: PackFiles, dry_run: bool, n: u32| json!({"id": format!("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d{n:04}"), "put": [files], "dry_run": dry_run});
    let tried = client.json("/api/packs", Some(&token), &wish(pond(&[]), true, 1)).await;
    assert_eq!((tried.status, &tried.json()["installed"]), (200, &Value::Null), "{}", tried.text);
    assert_eq!(tried.json()["burden"][0]["yearly"], 24);
    let done = client.json("/api/packs", Some(&token), &wish(pond(&[]), false, 2)).await;
    assert_eq!((done.status, &done.json()["installed"]), (200, &json!(2)), "{}", done.text);
    open_check(&town, "one").await;
    let later =
        client.json("/api/packs", Some(&token), &wish(pond(&[("length: 3 wd", "length: 1 wd")]), true, 3)).await;
    assert_eq!(later.json()["replay"]["earlier"], 1, "{}", later.text);
    let moved = [("route: {place: place,", "route: {place: other,")];
    let elsewhere = client.json("/api/packs", Some(&token), &wish(pond(&moved), true, 7)).await.json();
    let replay = (&elsewhere["replay"]["moved"], &elsewhere["replay"]["across_townships"]);
    assert_eq!(replay, (&json!(1), &json!(1)), "{elsewhere}");
    let codes =
        client.json("/api/packs", Some(&token), &wish(pond(&[(", high: {zh: 高, en: High}", "")]), false, 4)).await;
    assert_eq!((codes.status, codes.json()["obstacles"][0]["code"].as_str()), (409, Some("code-in-use")));
    let wrong =
        client.json("/api/packs", Some(&token), &wish(pond(&[("until: [done]", "until: [x]")]), false, 5)).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    let named_grid = wish(pond(&[("register: pond", "register: grid")]), false, 8);
    let taken = client.json("/api/packs", Some(&token), &named_grid).await;
    let both = "the packs grid and ponds both declare the register `grid`";
    assert!(taken.status == 422 && taken.text.contains(both), "{}", taken.text);
    let set = client.read("/api/packs", Some(&token)).await.json();
    assert_eq!((&set["number"], set["packs"]["ponds"]["version"].as_str()), (&json!(2), Some("1")));
    let leader = json!({"account": "leader", "password": "leader"});
    let token = client.json("/api/v1/sign-in", None, &leader).await.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(client.read("/api/packs", Some(&token)).await.status, 404);
    assert_eq!(client.json("/api/packs", Some(&token), &wish(pond(&[]), true, 6)).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_packs_are_old_writes_nothing_and_catches_up() {
    let town = town().await;
    let behind = arc_swap::ArcSwap::new(town.app.world.load_full());
    put(&town, pond(&[])).await.unwrap();
    let stale = Installing { world: &behind, committer: None, ..parts(&town) };
    let files = pond(&[("length: 3 wd", "length: 9 wd")]);
    let sources = installed(town.store.as_ref()).await.unwrap().unwrap().sources;
    let late = Draft::new(&sources, &behind.load().model, vec![("ponds".to_owned(), files)], &[]);
    assert!(matches!(install(&stale, &late).await, Err(InstallError::Outdated)));
    town.app.world.store(behind.load_full());
    ganglion_server::packs::follow(&town.app).await.unwrap();
    assert_eq!(town.app.world.load().model.number, 2);
    open_check(&town, "after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_is_filled_in_with_its_source() {
    let town = town().await;
    put(&town, pond(&[])).await.unwrap();
    let mut secretary = town.as_("secretary").await;
    let empty = secretary.get("/cases/new?process=pond_check").await;
    assert!(empty.status == 200 && !empty.plain().contains("Filled in from"), "{}", empty.text);
    let first = open_check(&town, "one").await.number.unwrap();
    let filled = secretary.get("/cases/new?process=pond_check").await;
    assert!(filled.plain().contains(&format!("Filled in from Pond check {first}")), "{}", filled.text);
    assert_eq!(filled.typed("pumps").as_deref(), Some("3"));
    assert_eq!(filled.typed("note").unwrap_or_default(), "", "only what is said to be a fact");
}

#[tokio::test]
async fn a_handbook_tells_what_the_pack_does_in_both_languages() {
    let town = Town::new().await;
    let model = town.app.world.load().model.clone();
    for (lang, words) in [
        (ganglion_model::Lang::En, ["stateDiagram-v2", "| Clock |", "| Step |", "Dispatcher"]),
        (ganglion_model::Lang::Zh, ["stateDiagram-v2", "| 时限 |", "| 动作 |", "派遣员"]),
    ] {
        let page = ganglion_server::handbook(&model, "incidents", lang).unwrap().unwrap();
        for word in words {
            assert!(page.contains(word), "{word}\n{page}");
        }
        assert!(!page.contains("handbook-"), "a text is missing:\n{page}");
    }
    assert!(ganglion_server::handbook(&model, "nothing", ganglion_model::Lang::En).unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_is_filled_in_for_those_who_may_read_where_it_stands() {
    let town = town().await;
    let read_by = |reader: &str, see: &str| {
        let scope = format!("scope: village\nread: [{reader}]");
        let pumps = format!(
            "  pumps: {{type: integer, fact: village_pumps{see}, title: {{zh: 水泵, en: Pumps}}}}\n  depth: {{type: text,"
        );
        pond(&[("scope: deployment", scope.as_str()), ("  depth: {type: text,", pumps.as_str())])
    };
    put(&town, read_by("handler@township", "")).await.unwrap();
    let record = Record {
        register: "pond".into(),
        shard: Shard(130_903),
        key: "P1".into(),
        version: 0,
        place: "130903001201".parse().ok(),
        valid_from: None,
        valid_to: None,
        updated_at: town.clock.now(),
        fields: [("code", json!("P1")), ("name", json!("P")), ("pumps", json!(5))]
            .map(|(k, v)| (k.to_owned(), v))
            .into(),
        authority: None,
        documents: Vec::new(),
    };
    send(&town, Body::Put { record }, Shard(130_903)).await;
    let form = async || town.as_("secretary").await.get("/cases/new?process=pond_check").await;
    let unread = form().await;
    assert!(unread.text.contains("name=\"pumps\"") && !unread.plain().contains("Filled in from"), "{}", unread.text);
    put(&town, read_by("village_secretary@village", ", see: [handler]")).await.unwrap();
    let confidential = form().await;
    assert!(!confidential.plain().contains("Filled in from"), "{}", confidential.text);
    put(&town, read_by("village_secretary@village", "")).await.unwrap();
    let of_row = form().await;
    assert_eq!(of_row.typed("pumps").as_deref(), Some("5"), "{}", of_row.text);
    assert!(of_row.plain().contains("Filled in from Ponds, "), "{}", of_row.text);
    town.wait(60);
    let opened = open_check(&town, "full").await;
    let newer = form().await;
    assert_eq!(newer.typed("pumps").as_deref(), Some("3"), "{}", newer.text);
    let source = format!("Filled in from Pond check {}, ", opened.number.unwrap());
    assert!(newer.plain().contains(&source), "{source}: {}", newer.text);
}
