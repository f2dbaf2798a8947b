//! Reporting from end to end, with scripts off: by point, by name, near a border; nothing typed is lost; sent twice is
//! one case.

use crate::support::{Answer, Browser, City, HERE, Part, photo};

/// The fields of a good report at a point.
pub fn report<'a>(command: &'a str, lon: &'a str, lat: &'a str) -> Vec<Part<'a>> {
    vec![
        Part::Text("command_id", command),
        Part::Text("category", "refuse"),
        Part::Text("description", "rubbish at the east gate"),
        Part::Text("lon", lon),
        Part::Text("lat", lat),
        Part::Text("datum", "wgs84"),
        Part::Text("wants_reply", "true"),
    ]
}

/// Reports at the usual point; gives the number.
pub async fn reported(browser: &mut Browser, more: Vec<Part<'_>>) -> String {
    let command = browser.get("/report").await.input("command_id").unwrap();
    let (lon, lat) = (HERE.0.to_string(), HERE.1.to_string());
    let mut parts = report(&command, &lon, &lat);
    parts.extend(more);
    let answer = browser.post_parts("/report", &parts).await;
    number_of(&answer)
}

/// The number in the address of a receipt.
pub fn number_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.location().strip_prefix("/report/sent/").expect("a receipt").to_owned()
}

#[tokio::test]
async fn a_report_by_point_is_routed_and_has_a_receipt() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let number = reported(&mut browser, vec![Part::Text("reporter_phone", "13912340016")]).await;
    assert!(number.starts_with("SB-130903001-2022-"), "{number}");
    let receipt = browser.get(&format!("/report/sent/{number}")).await;
    assert_eq!(receipt.status, 200);
    assert!(receipt.text.contains(&number) && receipt.text.contains("West Grid"), "{}", receipt.text);
    assert!(!receipt.text.contains("13912340016"));
    assert_eq!(city.visitor().get(&format!("/report/sent/{number}")).await.status, 404);
}

#[tokio::test]
async fn the_same_form_sent_twice_is_one_case() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let command = browser.get("/report").await.input("command_id").unwrap();
    let first = number_of(&browser.post_parts("/report", &report(&command, "116.84", "38.32")).await);
    let second = number_of(&browser.post_parts("/report", &report(&command, "116.84", "38.32")).await);
    assert_eq!(first, second);
    let all = ganglion_kernel::port::CaseFilter::default();
    assert_eq!(ganglion_kernel::Store::case_count(&*city.store, &all).await.unwrap(), 1);
}

#[tokio::test]
async fn a_place_is_chosen_by_name_step_by_step_and_everything_typed_stays() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let typed = [("category", "refuse"), ("description", "ditch <b>blocked</b>"), ("county", "130903")];
    let mut form: Vec<(&str, &str)> = typed.to_vec();
    form.push(("choose", "township"));
    let page = browser.post_form("/report", &form).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("West Town") && page.text.contains("ditch &lt;b&gt;blocked"), "{}", page.text);
    form.pop();
    form.extend([("township", "130903001"), ("choose", "village")]);
    let page = browser.post_form("/report", &form).await;
    assert!(page.text.contains("West Village") && !page.text.contains("East Village"));
    form.pop();
    form.push(("village", "130903001201"));
    let number = number_of(&browser.post_form("/report", &form).await);
    assert!(number.starts_with("SB-130903001-"));
}

#[tokio::test]
async fn near_a_border_both_sides_are_shown_and_the_choice_counts() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let mut parts = report("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0a11", "116.84990", "38.32");
    parts.push(Part::Text("choose", "point"));
    let page = browser.post_parts("/report", &parts).await;
    assert!(page.text.contains("West Grid") && page.text.contains("East Grid"), "{}", page.text);
    parts.pop();
    parts.push(Part::Text("place", "130903002201001"));
    let number = number_of(&browser.post_parts("/report", &parts).await);
    assert!(number.starts_with("SB-130903002-"), "{number}");
}

#[tokio::test]
async fn photos_stay_with_the_form_until_it_is_right() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let picture = photo(7);
    let mut parts = report("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0a12", "116.84", "38.32");
    parts.retain(|part| !matches!(part, Part::Text("description", _)));
    parts.push(Part::File("photos", "site.jpg", &picture));
    let page = browser.post_parts("/report", &parts).await;
    assert_eq!(page.status, 422);
    let id = page.input("photo_ids").expect("the photo is kept");
    assert_eq!(browser.get(&format!("/files/{id}/thumb")).await.status, 200);
    parts.pop();
    parts.extend([Part::Text("description", "now with words"), Part::Text("photo_ids", &id)]);
    let number = number_of(&browser.post_parts("/report", &parts).await);
    let page = browser.get(&format!("/follow/{number}")).await;
    assert!(page.text.contains(&format!("/files/{id}")), "{}", page.text);
}

#[tokio::test]
async fn open_cases_of_the_same_kind_nearby_are_shown_without_what_is_not_public() {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![Part::Text("reporter_phone", "13912340016")]).await;
    let near = city.visitor().read("/report/near?lon=116.8403&lat=38.32&category=refuse", None).await.json();
    assert_eq!(near["cases"][0]["number"], number.as_str());
    assert_eq!(near["cases"][0]["title"], "Refuse");
    for other in ["lon=116.8420&lat=38.32&category=refuse", "lon=116.8403&lat=38.32&category=lamp"] {
        let near = city.visitor().read(&format!("/report/near?{other}"), None).await.json();
        assert_eq!(near["cases"].as_array().unwrap().len(), 0, "{other}");
    }
    city.wait(8 * 86_400);
    let old = city.visitor().read("/report/near?lon=116.8403&lat=38.32&category=refuse", None).await.json();
    assert_eq!(old["cases"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_retired_kind_is_not_offered() {
    let city = City::new().await;
    let page = city.visitor().get("/report").await;
    assert!(page.text.contains("Refuse") && !page.text.contains("Coal stove"));
}
