//! Registers from outside: lists, cards, forms, proposals, imports, exports and standing checks, by the posts of two townships.

use crate::support::{Answer, Browser, City, Part};
use ganglion_model::{Actor, Shard, row_id};

const WELL: [(&str, &str); 6] = [
    ("-place", "130903001"),
    ("code", "W1"),
    ("name", "East well"),
    ("depth_m", "80"),
    ("phone", "13912345678"),
    ("-why", "survey"),
];

pub async fn with_well(city: &City) -> Browser {
    let mut dan = city.signed_in("dispatch").await;
    let answer = dan.post_form("/registers/well/new", &WELL).await;
    assert_eq!((answer.status, answer.location()), (303, "/registers/well/rows/130903/W1"), "{}", answer.text);
    dan
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_row_lies_where_its_position_is_unless_it_is_put_elsewhere() {
    let city = City::new().await;
    let mut dan = city.signed_in("dispatch").await;
    let form = |code: &'static str, at: &'static str| {
        [
            ("code", code),
            ("name", code),
            ("depth_m", "80"),
            ("at", at),
            ("at_datum", "wgs84"),
            ("-place", ""),
            ("-why", "x"),
        ]
    };
    let put = dan.post_form("/registers/well/new", &form("W7", "116.84, 38.32")).await;
    assert_eq!((put.status, put.location()), (303, "/registers/well/rows/130903/W7"), "{}", put.text);
    assert!(dan.get("/registers/well/rows/130903/W7").await.text.contains("West Town"));
    let nowhere = dan.post_form("/registers/well/new", &form("W8", "")).await;
    assert_eq!(nowhere.status, 422, "neither a place nor a position");
    let elsewhere = dan.post_form("/registers/well/new", &form("W9", "116.87, 38.32")).await;
    assert_eq!(elsewhere.status, 422, "a position in somebody else's town names no place, and what was typed is kept");
    assert!(elsewhere.text.contains("116.87"), "{}", elsewhere.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_in_another_place_than_the_row_is_said_and_taken_all_the_same() {
    let city = City::new().await;
    let mut dan = city.signed_in("dispatch").await;
    let form = |code: &'static str, at: &'static str| {
        [("code", code), ("depth_m", "80"), ("at", at), ("at_datum", "wgs84"), ("-place", "130903001"), ("-why", "x")]
    };
    let ask = |code, at| [&form(code, at)[..], &[("_ask", "1")]].concat();
    let there = dan.post_form("/registers/well/new", &ask("W1", "116.87, 38.32")).await.json();
    assert!(there["hints"]["-place"].as_str().is_some_and(|hint| hint.contains("East Town")), "{there}");
    let here = dan.post_form("/registers/well/new", &ask("W1", "116.84, 38.32")).await.json();
    assert!(here["hints"].is_null(), "{here}");
    assert_eq!(dan.post_form("/registers/well/new", &form("W1", "116.87, 38.32")).await.status, 303);
    let card = dan.get("/registers/well/rows/130903/W1").await;
    assert!(card.text.contains("The position lies in") && card.text.contains("notice-warn"), "{}", card.text);
    assert!(!dan.get("/registers/well/rows/130903/W1").await.text.contains("The position lies in"), "said once");
    let table = "Code,Depth,Place,Point\nW2,60,West Town,\"116.87, 38.32\"\nW3,60,West Town,\"116.84, 38.32\"\n";
    let (path, page) = imported(&mut dan, table).await;
    assert!(page.text.contains("/confirm"), "it is no refusal: {}", page.text);
    assert!(page.text.contains("Please look again: 1") && page.text.contains("East Town"), "{}", page.text);
    assert_eq!(dan.post_form(&format!("{path}/confirm"), &[]).await.status, 303);
    assert!(settled(&mut dan, &path).await.text.contains("All rows are written"));
}

/// Comes back until an import is no longer busy.
pub async fn settled(browser: &mut Browser, path: &str) -> Answer {
    for _ in 0..10_000 {
        let answer = browser.get(path).await;
        if !answer.text.contains("http-equiv=\"refresh\"") {
            return answer;
        }
        tokio::task::yield_now().await;
    }
    panic!("the import never came to an end");
}

pub async fn imported(browser: &mut Browser, table: &str) -> (String, Answer) {
    let part = Part::File("file", "wells.csv", table.as_bytes());
    let answer = browser.post_parts("/registers/well/import", &[part]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let path = answer.location().to_owned();
    let page = settled(browser, &path).await;
    (path, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_added_shown_changed_and_ended_by_whoever_may() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    let card = dan.get("/registers/well/rows/130903/W1").await;
    assert!(card.text.contains("East well") && card.text.contains("survey"), "{}", card.text);
    assert!(!card.text.contains("13912345678"), "personal values are masked");
    let shown = dan.post_form("/registers/well/reveal/130903/W1", &[]).await;
    assert!(shown.text.contains("13912345678"));
    let form = dan.get("/registers/well/edit/130903/W1").await;
    assert!(!form.text.contains("13912345678") && form.text.contains("East well"));
    let changed = [("-place", "130903001"), ("name", "West well"), ("depth_m", "0"), ("version", "1")];
    let refused = dan.post_form("/registers/well/edit/130903/W1", &changed).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("West well"), "what was typed is kept");
    let good = [("-place", "130903001"), ("name", "West well"), ("depth_m", "90"), ("version", "1")];
    assert_eq!(dan.post_form("/registers/well/edit/130903/W1", &good).await.status, 303);
    assert_eq!(dan.post_form("/registers/well/edit/130903/W1", &good).await.status, 409, "somebody was faster");
    let still = dan.post_form("/registers/well/reveal/130903/W1", &[]).await;
    assert!(still.text.contains("13912345678"), "left empty, it stays");
    assert_eq!(dan.post_form("/registers/well/retire/130903/W1", &[]).await.status, 303);
    let list = dan.get("/registers/well").await;
    assert!(!list.text.contains("West well"), "a row that ended is in no list of today");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_only_asks_or_wants_more_rows_changes_nothing() {
    let city = City::new().await;
    let mut dan = city.signed_in("dispatch").await;
    let asked = dan.post_form("/registers/well/new", &[&WELL[..], &[("_ask", "1")]].concat()).await;
    assert_eq!((asked.status, asked.json()["off"].is_array()), (200, true), "{}", asked.text);
    let more = dan.post_form("/registers/well/new", &[&WELL[..], &[("_more", "rows:4")]].concat()).await;
    assert_eq!(more.status, 200);
    assert!(more.text.contains("East well"), "the form comes back with what was typed");
    assert!(!dan.get("/registers/well").await.text.contains("East well"), "nothing was saved");
    let mut dan = with_well(&city).await;
    let change = [("name", "West well"), ("depth_m", "90"), ("version", "1"), ("_ask", "1")];
    assert_eq!(dan.post_form("/registers/well/edit/130903/W1", &change).await.status, 200);
    assert!(dan.get("/registers/well").await.text.contains("East well"), "nothing was changed");
    // Whoever does not answer such a question takes it for no order either.
    let ended = dan.post_form("/proposals/130903/00000000-0000-0000-0000-000000000001", &[("_ask", "1")]).await;
    assert_eq!(ended.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_does_not_find_and_the_public_sees_public_fields_only() {
    let city = City::new().await;
    with_well(&city).await;
    let card = "/registers/well/rows/130903/W1";
    for account in ["other", "worker"] {
        let mut browser = city.signed_in(account).await;
        if account == "other" {
            assert_eq!(browser.get(card).await.status, 404, "{account}");
            assert_eq!(browser.get("/registers/well/edit/130903/W1").await.status, 404);
            assert!(!browser.get("/registers/well").await.text.contains("East well"));
        }
        assert_eq!(browser.get("/registers/nothing").await.status, 404);
    }
    let mut verifier = city.signed_in("verify").await;
    let read = verifier.get(card).await;
    assert_eq!(read.status, 200);
    assert!(!read.text.contains("/registers/well/edit/"), "who may only read is offered no change");
    let mut anyone = city.visitor();
    let open = anyone.get("/registers/well").await;
    assert!(open.text.contains("East well") && !open.text.contains("80 m"), "{}", open.text);
    let leak = anyone.get("/registers/well?f.depth_m.from=80&q=survey").await;
    assert!(leak.text.contains("East well"), "fields that are not public narrow nothing");
    assert_ne!(anyone.get("/registers/well/export.csv").await.status, 200);
    assert_ne!(anyone.get("/registers/quota").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_persons_change_a_quota() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    let quota = [("-place", "130903001"), ("well", "W1"), ("volume_m3", "900"), ("-from", "2022-01-01")];
    let answer = dan.post_form("/registers/quota/new", &quota).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let own = dan.get("/proposals").await;
    assert!(own.text.contains("value=\"withdraw\"") && !own.text.contains("value=\"approve\""));
    let mut verifier = city.signed_in("verify").await;
    assert!(verifier.get("/desk").await.text.contains("Changes to approve: 1"));
    let inbox = verifier.get("/proposals").await;
    let action = inbox.text.split("action=\"/proposals/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/proposals/{action}");
    assert_eq!(dan.post_form(&path, &[("verdict", "approve")]).await.status, 403);
    assert_eq!(verifier.post_form(&path, &[("verdict", "reject")]).await.status, 422, "a reason is needed");
    assert_eq!(verifier.post_form(&path, &[("verdict", "approve")]).await.status, 303);
    let card = verifier.get("/registers/quota/rows/130903/W1").await;
    assert!(card.text.contains("Person dispatch") && card.text.contains("approved by Person verify"), "{}", card.text);
    let well = dan.post_form("/registers/well/retire/130903/W1", &[]).await;
    assert_eq!(well.status, 409);
    assert!(well.text.contains("Quotas"), "the row in the way is named");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_filter_sort_and_export_exactly_their_rows() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    for (code, depth, of_use) in [("W2", "30", "farm"), ("W3", "60", "town")] {
        let form = [("-place", "130903001"), ("code", code), ("depth_m", depth), ("use", of_use)];
        assert_eq!(dan.post_form("/registers/well/new", &form).await.status, 303);
    }
    let list = dan.get("/registers/well?f.use=farm").await;
    assert!(list.text.contains(">W2<") && !list.text.contains(">W3<"), "{}", list.text);
    let deep = dan.get("/registers/well?f.depth_m.from=60&sort=-depth_m").await;
    let at = |key: &str| deep.text.find(&format!(">{key}<"));
    assert!(at("W1") < at("W3") && at("W2").is_none());
    let word = dan.get("/registers/well?q=east").await;
    assert!(word.text.contains(">W1<") && !word.text.contains(">W2<"));
    let export = dan.get("/registers/well/export.csv?f.use=town").await;
    assert!(export.text.contains("W3") && !export.text.contains("W1,"), "{}", export.text);
    assert_eq!(export.header("x-total-rows"), "1", "so that whoever fetches it can say how far it is");
    assert!(!dan.get("/registers/well/export.csv").await.text.contains("139"), "personal columns are absent");
    let checks = dan.get("/rules/deep_enough").await;
    assert!(checks.text.contains(">W2<") && !checks.text.contains(">W3<"));
    let mut other = city.signed_in("other").await;
    assert!(!other.get("/rules/deep_enough").await.text.contains(">W2<"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_lists_every_bad_cell_and_then_writes_all_or_nothing() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    let bad = "Code,Depth,Use,Place,colour\nW2,deep,Farming,West Town,\n";
    let (_, page) = imported(&mut dan, bad).await;
    assert!(page.text.contains("colour") && page.text.contains("Not clean"), "{}", page.text);
    assert!(page.text.contains("deep"), "a bad heading hides no bad cell: {}", page.text);
    let (path, page) = imported(&mut dan, "Code,Depth,Use\nW2,deep,Farming\nW3,30,fish\nW4,30,Farming\n").await;
    for part in ["Place", "deep", "fish"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let all = dan.get(&format!("{path}/findings.csv")).await;
    assert_eq!(all.text.lines().count(), 4, "the missing column is said once, not in every row: {}", all.text);
    let (_, page) = imported(&mut dan, "Code,Depth,Place name\nW9,30,East Town\n").await;
    assert!(
        page.text.contains("a short name that") || page.text.contains("short name only one place has"),
        "{}",
        page.text
    );
    let bad = "Code,Depth,Use,Place\nW2,deep,fish,West Town\nW3,30,Farming,East Town\nW4,30,Farming,West Town\nW4,31,,West Town\n";
    let (path, page) = imported(&mut dan, bad).await;
    for cell in ["deep", "fish", "data-label=\"Row\">3</td>", "data-label=\"Row\">5</td>"] {
        assert!(page.text.contains(cell), "{cell}: {}", page.text);
    }
    assert!(!page.text.contains("/confirm"));
    let all = dan.get(&format!("{path}/findings.csv")).await;
    assert_eq!(all.text.lines().count(), 5, "{}", all.text);
    let bad = "Code,Depth,Use,Place\nW2,deep,fish,Nowhere Town\nW3,deeper,Farming,West Town\n";
    let (path, _) = imported(&mut dan, bad).await;
    let all = dan.get(&format!("{path}/findings.csv")).await.text;
    let mut columns: Vec<&str> = all.lines().skip(1).map(|line| &line[..3]).collect();
    columns.sort_unstable();
    assert_eq!(columns, ["2,B", "2,C", "2,D", "3,B"], "a place nobody knows hides no other bad cell of its row: {all}");
    let good = "井号,井深,用途,地方,成井日期\nW1,80,,West Town,\nW2,30,农业,130903001,2022/6/1\nW3,60,Households,West Town,44713\n";
    let (path, page) = imported(&mut dan, good).await;
    assert!(page.text.contains("/confirm"), "{}", page.text);
    assert_eq!(dan.post_form(&format!("{path}/confirm"), &[]).await.status, 303);
    let done = settled(&mut dan, &path).await;
    assert!(done.text.contains("All rows are written"), "{}", done.text);
    let list = dan.get("/registers/well").await;
    assert!(list.text.contains(">W2<") && list.text.contains(">W3<"));
    assert!(dan.get("/registers/well/rows/130903/W3").await.text.contains("Jun"), "a serial number is a day");
    let mut other = city.signed_in("verify").await;
    assert_eq!(other.get(&path).await.status, 404, "an import is its owner's");
    assert_eq!(other.get("/registers/well/import").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_reference_is_named_by_its_key_its_name_or_what_stands_once_and_never_guessed() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    for (code, name, tag) in [("W2", "Twin", "T-2"), ("W3", "Twin", "T-3")] {
        let form = [("-place", "130903001"), ("code", code), ("name", name), ("depth_m", "60"), ("tag", tag)];
        assert_eq!(dan.post_form("/registers/well/new", &form).await.status, 303);
    }
    let head = "Code,Depth,Place,Neighbour\n";
    let bad = format!("{head}W5,60,West Town,Twin\nW6,60,West Town,North well\n");
    let (path, page) = imported(&mut dan, &bad).await;
    assert!(page.text.contains("2 rows are called") && page.text.contains("North well"), "{}", page.text);
    let all = dan.get(&format!("{path}/findings.csv")).await.text;
    assert!(all.lines().any(|line| line.starts_with("2,D,Neighbour,Twin,") && line.contains("W2")), "{all}");
    assert_eq!(all.lines().count(), 3, "{all}");
    let good = format!(
        "{head}W5,60,West Town,east  WELL\nW6,60,West Town,T-3\nW7,60,West Town,W2\nW8,60,West Town,W2 · Twin\n"
    );
    let (path, page) = imported(&mut dan, &good).await;
    assert!(page.text.contains("/confirm"), "{}", page.text);
    assert_eq!(dan.post_form(&format!("{path}/confirm"), &[]).await.status, 303);
    assert!(settled(&mut dan, &path).await.text.contains("All rows are written"));
    for (well, beside) in [("W5", "W1"), ("W6", "W3"), ("W7", "W2"), ("W8", "W2")] {
        let row = city.store.row_versions(&(Shard(130_903), "well".to_owned(), well.to_owned())).await.unwrap();
        assert_eq!(row[0].fields["beside"], beside, "{well}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_list_comes_back_as_it_is_points_and_references_too() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    let form = [
        ("-place", "130903001"),
        ("code", "W2"),
        ("depth_m", "60"),
        ("use", "farm"),
        ("built", "2020-05-01"),
        ("beside", "W1"),
        ("at", "116.8412345, 38.3212345"),
        ("at_datum", "wgs84"),
    ];
    assert_eq!(dan.post_form("/registers/well/new", &form).await.status, 303);
    let exported = dan.get("/registers/well/export.csv").await.text;
    assert!(exported.contains("116.8412345"), "{exported}");
    let (_, page) = imported(&mut dan, &exported).await;
    assert!(page.text.contains("there is nothing to write"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_many_parts_is_tried_as_one_and_each_row_has_a_line_of_its_own() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    let table = |more: &str| {
        let rows: String = (1_000..2_300).map(|n| format!("W{n},60,West Town,T-{n}\n")).collect();
        format!("Code,Depth,Place,Tag\n{rows}{more}")
    };
    // Rows 1302 and 1303 say again what stands a thousand rows before them.
    let (path, page) = imported(&mut dan, &table("W1001,61,West Town,T-1\nW9000,61,West Town,T-1002\n")).await;
    assert!(!page.text.contains("/confirm"), "{}", page.text);
    let all = dan.get(&format!("{path}/findings.csv")).await.text;
    let told: Vec<&str> = all.lines().skip(1).collect();
    assert!(told.len() == 2 && told[0].starts_with("1302,A,") && told[1].starts_with("1303,"), "{all}");
    let (path, page) = imported(&mut dan, &table("")).await;
    assert!(page.text.contains("/confirm"), "{}", page.text);
    assert_eq!(dan.post_form(&format!("{path}/confirm"), &[]).await.status, 303);
    assert!(settled(&mut dan, &path).await.text.contains("All rows are written"));
    let shard = Shard(130_903);
    for n in 1_000..2_300 {
        let key = format!("W{n}");
        let lines = city.store.entries_of_case(shard, row_id(shard, "well", &key), 9).await.unwrap();
        let by_person = lines.iter().all(|line| matches!(line.actor, Actor::Post { .. }));
        assert!(lines.len() == 1 && by_person, "{key}: {lines:?}");
    }
    // The same table once more says nothing new.
    let (_, page) = imported(&mut dan, &table("")).await;
    assert!(page.text.contains("there is nothing to write"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_overtaken_is_put_back_whole() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    let table = "Code,Depth,Place\nW1,81,West Town\nW2,30,West Town\nW3,60,West Town\n";
    let (path, _) = imported(&mut dan, table).await;
    // Meanwhile somebody adds one of the rows.
    let form = [("-place", "130903001"), ("code", "W3"), ("depth_m", "77")];
    assert_eq!(dan.post_form("/registers/well/new", &form).await.status, 303);
    dan.post_form(&format!("{path}/confirm"), &[]).await;
    let page = settled(&mut dan, &path).await;
    assert!(page.text.contains("every row is as it was"), "{}", page.text);
    let list = dan.get("/registers/well").await;
    assert!(list.text.contains("80 m") && list.text.contains("77 m"), "{}", list.text);
    assert!(!list.text.contains(">W2<") && !list.text.contains("81 m"));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_bytes_get_a_clear_answer() {
    let city = City::new().await;
    let mut dan = city.signed_in("dispatch").await;
    for bytes in [b"\x00\x01\xff".as_slice(), b"", b"PK\x03\x04rubbish", b"a,b\n1,2\n", &[0xff; 4096]] {
        let answer = dan.post_parts("/registers/well/import", &[Part::File("file", "x", bytes)]).await;
        assert_eq!(answer.status, 422, "{bytes:?}");
    }
    for path in [
        "/registers/well?after=rubbish&sort=--&place=zz&on=never&f.depth_m.from=x&f.use=%00",
        "/registers/well?sort=-no_such_field&place=999999",
        "/registers/well/points?bounds=1",
    ] {
        assert_eq!(dan.get(path).await.status, 200, "{path}");
    }
    for path in ["/registers/well/rows/0/W1", "/registers/well/rows/130903/%00/..", "/registers/well/import/../../x"] {
        assert_eq!(dan.get(path).await.status, 404, "{path}");
    }
    assert_eq!(dan.post_form("/proposals/1/nonsense", &[("verdict", "approve")]).await.status, 404);
}
