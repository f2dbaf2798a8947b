//! The yearly bundle: what is in it, what it says of itself, and that nobody is in it.

use crate::ogc::Land;
use ganglion_server::open_data::{OpenData, OpenDataError, write};
use serde_json::Value;
use std::collections::BTreeMap;

async fn bundle(land: &Land, year: i16) -> Result<BTreeMap<String, String>, OpenDataError> {
    let out = tempfile::tempdir().unwrap();
    let world = land.town.app.world.load_full();
    let data = OpenData {
        store: land.town.store.as_ref(),
        world: &world,
        master: &land.town.app.master,
        now: land.town.app.clock.now(),
        public_url: "https://city.example",
        licence: Some("https://city.example/licence"),
    };
    write(&data, (year, out.path()), &|_| {}).await?;
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
    };
    Ok(std::fs::read_dir(out.path()).unwrap().map(read).collect())
}

/// A register whose position is public and which holds no telephone, so that it is about no persons.
async fn land() -> Land {
    let land = Land::of(|model| {
        let well = model.registers.get_mut("well").unwrap();
        well.fields.retain(|field| field.name != "phone");
    })
    .await;
    land.well_without("W1", 80, [116.84, 38.32]).await;
    land.report(&[]).await;
    land.town.wait(60);
    let form = [("result", "called 13912340016")];
    let answer = land.town.act("dispatch", "SB-130903001-2022-000001", "close", &form).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    land
}

#[tokio::test]
async fn a_bundle_holds_what_anyone_may_know_and_nobody() {
    let land = land().await;
    let files = bundle(&land, 2022).await.unwrap();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let wanted = ["README.md", "cases-incident.csv", "columns.csv", "dcat.jsonld", "figures.csv", "register-well.csv"];
    assert_eq!(names, wanted);
    for (name, text) in &files {
        for person in ["1391234", "三丰", "bags on the road", "called", "SB-130903001"] {
            assert!(!text.contains(person), "{person} stands in {name}");
        }
    }
    let wells: Vec<&str> = files["register-well.csv"].lines().collect();
    assert!(wells[0].ends_with("_place,_valid_from,_valid_to,code,name,at"), "{wells:?}");
    assert_eq!(wells[1], "130903001,,,W1,Well W1,\"[116.84,38.32]\"", "what is not public is left out");
    let cases: Vec<&str> = files["cases-incident.csv"].lines().collect();
    assert_eq!(cases.len(), 2, "{cases:?}");
    assert!(cases[1].contains(",38.3212,116.8412") && cases[1].contains("2022-06-27T09:01:00+08:00"), "{cases:?}");
    // One row stands behind the figure: it is not told.
    let figures = &files["figures.csv"];
    let of = |line: &&str| line.contains(",130903,") && line.contains(",2022-06,");
    let withheld: Vec<&str> = figures.lines().filter(of).filter(|line| line.ends_with(",,true")).collect();
    assert!(!withheld.is_empty(), "{figures}");
    let before = bundle(&land, 2021).await.unwrap();
    assert_eq!(before["cases-incident.csv"].lines().count(), 1);
    assert!(matches!(bundle(&land, 2023).await, Err(OpenDataError::Year(2023))));
}

#[tokio::test]
async fn the_catalogue_names_every_file_with_its_size_and_digest() {
    let land = land().await;
    let files = bundle(&land, 2022).await.unwrap();
    let catalogue: Value = serde_json::from_str(&files["dcat.jsonld"]).unwrap();
    assert_eq!(catalogue["@type"], "dcat:Catalog");
    let sets = catalogue["dcat:dataset"].as_array().unwrap();
    assert_eq!(sets.len(), 4);
    for set in sets {
        let given = &set["dcat:distribution"];
        let file = given["dcat:downloadURL"]["@id"].as_str().unwrap();
        let bytes = files[file].as_bytes();
        assert_eq!(given["dcat:byteSize"]["@value"], bytes.len().to_string(), "{file}");
        assert_eq!(given["spdx:checksum"]["spdx:checksumValue"]["@value"].as_str().unwrap().len(), 64);
        assert_eq!(given["dct:license"]["@id"], "https://city.example/licence");
        assert_eq!(set["dct:title"].as_array().unwrap().len(), 2, "in both languages");
        assert!(files["README.md"].contains(file));
    }
    let columns = &files["columns.csv"];
    for column in ["figures.csv,withheld,", "register-well.csv,code,井号,Code", "cases-incident.csv,agency,"] {
        assert!(columns.contains(column), "{column}: {columns}");
    }
}

#[tokio::test]
async fn a_register_about_persons_is_left_out_whole() {
    let land = Land::new(true).await;
    land.well("W1", 80, [116.84, 38.32]).await;
    let files = bundle(&land, 2022).await.unwrap();
    assert!(!files.contains_key("register-well.csv") && !files["dcat.jsonld"].contains("well"));
}
