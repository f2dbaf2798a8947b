//! Rows behind figures for other software: as many as each figure says, page by page, for every figure of the packs that ship and for
//! one of every kind; a row that may be counted and not read has nothing on it.

use super::keys::{call, key};
use super::town::Town;
use crate::support::Answer;
use ganglion_model::pack::Formula;
use ganglion_model::{Actor, Body, Command, CommandId, Fields, Model, PlaceCode, Record};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Software of somebody who leads the city.
struct Reader<'t> {
    town: &'t Town,
    secret: String,
}

impl<'t> Reader<'t> {
    async fn of(town: &'t Town) -> Reader<'t> {
        let answer =
            town.visitor().json("/api/v1/sign-in", None, &json!({ "account": "leader", "password": "leader" })).await;
        let secret = answer.json()["token"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned();
        Reader { town, secret }
    }

    async fn get(&self, path: &str) -> Answer {
        call(self.town, "GET", path, &self.secret, None).await
    }

    /// Every row behind a figure, two a page; what was said of the whole on every page.
    async fn rows(&self, path: &str) -> (i64, Vec<Value>) {
        let (mut all, mut rows) = (Vec::new(), None);
        let mut next = format!("{path}&limit=2");
        loop {
            let page = self.get(&next).await;
            assert_eq!(page.status, 200, "{next}: {}", page.text);
            let page = page.json();
            all.extend(page["items"].as_array().unwrap().clone());
            let said = page["rows"].as_i64().unwrap();
            assert_eq!(*rows.get_or_insert(said), said, "{next}");
            match page["next"].as_str() {
                Some(more) => more.clone_into(&mut next),
                None => return (said, all),
            }
        }
    }

    /// That every figure of the town's packs opens as many rows as it says, at these places; gives how many had some.
    async fn every_figure_opens(&self, model: &Model, places: &[&str], periods: &[&str]) -> usize {
        let mut opened = 0;
        for indicator in model.indicators.values() {
            for place in places {
                let level = place.parse::<PlaceCode>().unwrap().level();
                for period in periods.iter().filter(|_| indicator.levels.contains(&level)) {
                    let figure = format!("/api/figures/{}?place={place}&period={period}", indicator.name);
                    let read = self.get(&figure).await;
                    assert_eq!(read.status, 200, "{figure}: {}", read.text);
                    let read = read.json();
                    let Some(href) = read["rows_href"].as_str() else {
                        assert!(indicator.formula.measures().is_empty(), "{figure} leads nowhere");
                        continue;
                    };
                    if let Formula::Broken(_) = indicator.formula {
                        continue;
                    }
                    let (said, rows) = self.rows(href).await;
                    assert_eq!(
                        (said, rows.len()),
                        (read["figure"]["rows"].as_i64().unwrap(), said as usize),
                        "{figure}"
                    );
                    opened += usize::from(said > 0);
                }
            }
        }
        opened
    }
}

#[tokio::test]
async fn every_figure_of_the_packs_that_ship_opens_as_many_rows_as_it_says() {
    let town = Town::new().await;
    for n in 0..3 {
        town.report("130903001201", &format!("west {n}")).await;
        town.wait(600);
    }
    town.report("130903002201", "east").await;
    let settled = town.report("130903001201", "settled").await;
    town.to_handler(&settled).await;
    town.settle(&settled).await;
    let reader = Reader::of(&town).await;
    let model = town.app.world.load_full().model.clone();
    let places = ["1309", "130903", "130903001", "130903001201"];
    let opened = reader.every_figure_opens(&model, &places, &["2022-06", "2022-06-20..2022-06-27"]).await;
    assert!(opened > 40, "{opened}");
    let rows = reader.rows("/api/figures/reports/rows?place=130903&period=2022-06").await.1;
    let numbers: BTreeSet<&str> = rows.iter().filter_map(|one| one["case"]["number"].as_str()).collect();
    assert!(numbers.len() == 5 && numbers.contains(settled.as_str()), "each once: {numbers:?}");
    assert!(rows.iter().all(|one| one["kind"] == "case" && one["counted_on"] == "2022-06-27"));
    let href = rows[0]["href"].as_str().unwrap();
    assert_eq!(reader.get(href).await.json()["number"], rows[0]["case"]["number"], "where the case is read");
}

fn row(register: &str, (key, place): (&str, &str), fields: Value) -> Body {
    let place: PlaceCode = place.parse().unwrap();
    let Value::Object(fields) = fields else { panic!("fields") };
    let mut fields: Fields = fields.into_iter().collect();
    fields.insert("code".to_owned(), json!(key));
    let record = Record {
        register: register.to_owned(),
        shard: place.shard(),
        key: key.to_owned(),
        version: 0,
        place: Some(place),
        valid_from: (register == "well").then(|| jiff::civil::date(2022, 1, 1)),
        valid_to: None,
        updated_at: "2022-06-01T00:00:00Z".parse().unwrap(),
        fields,
        authority: None,
        documents: Vec::new(),
    };
    Body::Put { record }
}

#[tokio::test]
async fn a_figure_of_every_kind_over_rows_opens_as_many_as_it_says() {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/tests/packs/figures");
    let (model, findings) = ganglion_pack::compile_folders(&[pack]).unwrap();
    let model = Arc::new(model.unwrap_or_else(|| panic!("{findings}")));
    let town = Town::of(&model, &[]).await;
    let county = "130903";
    let reading = |key, well: &str, day: &str, depth: &str| {
        let fields = json!({ "well": well, "read_on": day, "depth": depth, "weight": "2" });
        row("reading", (key, county), fields)
    };
    let progress = |key, place, unit: &str, day: &str| {
        row("progress", (key, place), json!({ "unit": unit, "as_of": day, "crop": "wheat", "area": "12.5" }))
    };
    let mut bodies: Vec<Body> =
        ["W1", "W2", "W3"].map(|key| row("well", (key, county), json!({ "depth": "80" }))).into();
    bodies.extend([
        reading("R1", "W1", "2022-06-01", "20"),
        reading("R2", "W1", "2022-06-10", "21"),
        reading("R3", "W2", "2022-06-05", "30"),
        reading("R4", "W1", "2021-06-05", "22"),
        reading("R5", "W3", "2021-06-05", "25"),
        progress("P1", "130903001", "A", "2022-06-02"),
        progress("P2", "130903001", "A", "2022-06-09"),
        progress("P3", "130903002", "B", "2022-06-03"),
    ]);
    for body in bodies {
        let Body::Put { record } = &body else { unreachable!() };
        let (id, shard) = (CommandId(town.app.clock.id()), record.shard);
        town.app.committer.send(Command { id, shard, actor: Actor::System, body }).await.unwrap();
    }
    let reader = Reader::of(&town).await;
    let opened = reader.every_figure_opens(&model, &["1309", county, "130903001"], &["2022-06", "2022"]).await;
    assert!(opened > 20, "{opened}");
    // Of the last readings only those of wells that were read in both years count.
    let (rows, items) = reader.rows("/api/figures/level_rise/rows?place=130903&period=2022-06").await;
    assert_eq!(rows, 1, "W1, and of it the last reading: {items:?}");
    assert_eq!(items[0]["counted_on"], "2022-06-10");
    // Nobody's role reads these rows: they are counted, and nothing is told of them.
    assert_eq!(items[0], json!({ "kind": "hidden", "counted_on": "2022-06-10" }));
    let (rows, _) = reader.rows("/api/figures/harvested/rows?place=130903&period=2022-06").await;
    assert_eq!(rows, 2, "the last report of each unit");
    // By what the rows differ in, and against what is to be reached.
    let parts = reader.get("/api/figures/reported?place=1309&period=2022-06&parts=true").await.json()["parts"].clone();
    let wheat = json!({ "value": "wheat", "name": "Wheat", "amount": "37.5" });
    assert_eq!(parts[0]["parts"], json!([wheat]), "{parts}");
    let plain = reader.get("/api/figures/reported?place=1309&period=2022-06").await.json();
    assert_eq!(plain["parts"], json!([]), "only when they are asked for");
    let targets = reader.get("/api/targets?place=1309").await.json();
    let [target] = targets["items"].as_array().unwrap().as_slice() else { panic!("{targets}") };
    let standing = json!({
        "place": "1309", "name": "City", "target": "30.0", "done": "25.0", "percent": "83.3",
        "gap": { "percent": "-15.0", "sum": "25.5" }, "lead": [],
    });
    assert_eq!((&target["target"], &target["standing"]), (&json!("harvest_2022"), &standing), "{target}");
    assert_eq!(target["expected"], "100.0");
    assert_eq!(reader.get("/api/targets?place=130903001").await.json()["items"], json!([]));
    assert_eq!(reader.get("/api/targets?place=13").await.status, 404);
    let page = town.as_("leader").await.get("/figures/rows?indicator=harvested&place=130903&period=2022-06").await;
    assert_eq!(page.text.matches("<tr data-case=").count(), 2, "the page opens the same rows: {}", page.text);
}

#[tokio::test]
async fn rows_are_told_as_far_as_post_and_scopes_read_and_refused_elsewhere() {
    let town = Town::new().await;
    town.report("130903001201", "west").await;
    town.report("130903002201", "east").await;
    let mut admin = town.as_("countyadmin").await;
    let mut made = async |name, scopes: &[&str]| key(&mut admin, (name, "dispatcher", "130903001"), scopes).await;
    let figures = made("figures", &["figures:read"]).await;
    let both = made("both", &["figures:read", "processes:incident:read"]).await;
    let cases = made("cases", &["processes:*:read"]).await;
    let path = "/api/figures/reports/rows?period=2022-06";
    let read = call(&town, "GET", path, &both, None).await;
    assert_eq!((read.status, read.json()["rows"].as_i64()), (200, Some(1)), "its own township: {}", read.text);
    assert_eq!(read.json()["items"][0]["kind"], "case");
    assert!(read.header("ratelimit").starts_with("\"key\";r="), "{}", read.text);
    let hidden = call(&town, "GET", path, &figures, None).await.json();
    assert_eq!((&hidden["rows"], &hidden["items"][0]["kind"]), (&json!(1), &json!("hidden")), "{hidden}");
    assert_eq!(call(&town, "GET", path, &cases, None).await.status, 403, "no scope of figures");
    assert_eq!(call(&town, "GET", "/api/figures/reports/rows?place=130903002", &both, None).await.status, 404);
    assert_eq!(town.visitor().read(path, None).await.status, 401, "the public sees no rows");
    for bad in ["colour=red", "period=x", "after=x", "limit=0", "limit=101", "measure=nothing"] {
        let answer =
            call(&town, "GET", &format!("{path}&{bad}").replace("period=2022-06&period", "period"), &both, None).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (422, Some("unreadable")),
            "{bad}: {}",
            answer.text
        );
        let (name, _) = bad.split_once('=').unwrap();
        assert_eq!(answer.json()["errors"][0]["parameter"], name, "{}", answer.text);
    }
}
