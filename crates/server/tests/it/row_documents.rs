//! Documents of register rows from outside: made, opened, checked by their code, replaced and withdrawn; by whom; and for every
//! row of a list as it was filtered.

use crate::documents::finished;
use crate::registers::with_well;
use crate::support::City;
use ganglion_kernel::seal::is_sealed;
use ganglion_model::{Issued, Shard, Standing, row_id};

const COUNTY: Shard = Shard(130_903);
const CARD: &[(&str, &str)] = &[("document", "well_card")];
const ROW: &str = "/registers/well/rows/130903/W1";
const PAPERS: &str = "/registers/well/documents/130903/W1";

async fn papers(city: &City, key: &str) -> Vec<Issued> {
    let row = (COUNTY, "well".to_owned(), key.to_owned());
    city.store.row_versions(&row).await.unwrap().into_iter().flat_map(|version| version.documents).collect()
}

#[tokio::test]
async fn a_card_is_made_from_a_row_opened_replaced_and_withdrawn() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    assert!(dan.get(ROW).await.text.contains("Well card"));
    assert_eq!(dan.get(&format!("{PAPERS}?preview=well_card")).await.status, 200);
    assert!(papers(&city, "W1").await.is_empty(), "a preview issues nothing");
    let made = dan.post_form(PAPERS, CARD).await;
    assert_eq!((made.status, made.location()), (303, ROW), "{}", made.text);
    let [first]: [Issued; 1] = papers(&city, "W1").await.try_into().unwrap();
    assert_eq!(first.number, "West Town井〔2022〕1号");
    assert!(first.fields["phone"].as_str().is_some_and(is_sealed), "personal values are copied sealed");
    assert_eq!(first.figures["taken_in"].value.as_deref(), Some("0"));
    let pdf = dan.get(&format!("{PAPERS}?code={}", first.code)).await;
    assert_eq!((pdf.status, pdf.header("content-type")), (200, "application/pdf"), "{}", pdf.text);
    let looked = city.store.accesses(COUNTY, row_id(COUNTY, "well", "W1"), 9).await.unwrap();
    assert_eq!(looked.iter().filter(|one| one.fields == ["phone"]).count(), 2, "preview and card");
    // Issuing is no change of the row: whoever looked at it before may still change it, and the card stays.
    let good = [("-place", "130903001"), ("name", "West well"), ("depth_m", "90"), ("version", "1")];
    assert_eq!(dan.post_form("/registers/well/edit/130903/W1", &good).await.status, 303);
    dan.post_form(PAPERS, CARD).await;
    let all = papers(&city, "W1").await;
    assert_eq!(all.len(), 2);
    assert!(matches!(&all[0].standing, Standing::Superseded { by, .. } if *by == all[1].number));
    let mut anyone = city.visitor();
    let page = anyone.get(&format!("/v/{}", all[1].code)).await;
    assert!(page.text.contains("Valid") && page.text.contains("West Town井〔2022〕2号"), "{}", page.text);
    assert!(!page.text.contains("West well"), "never what is printed");
    assert!(anyone.get(&format!("/v/{}", first.code)).await.text.contains("Replaced"));
    let code = all[1].code.as_str();
    dan.post_form(PAPERS, &[("code", code), ("reason", "")]).await;
    assert_eq!(papers(&city, "W1").await[1].standing, Standing::Valid, "a reason is needed");
    dan.post_form(PAPERS, &[("code", code), ("reason", "typed wrongly")]).await;
    assert!(anyone.get(&format!("/v/{code}")).await.text.contains("Withdrawn"));
    assert!(dan.get(ROW).await.text.contains("typed wrongly"));
}

#[tokio::test]
async fn a_card_is_made_by_those_named_and_opened_by_those_who_see_what_it_prints() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    dan.post_form(PAPERS, CARD).await;
    let code = papers(&city, "W1").await[0].code.clone();
    let opened = format!("{PAPERS}?code={code}");
    for mut nobody in [city.signed_in("other").await, city.visitor()] {
        for path in [opened.clone(), format!("{PAPERS}?preview=well_card"), format!("{PAPERS}?code=x")] {
            assert_eq!(nobody.get(&path).await.status, 404, "{path}");
        }
        assert_eq!(nobody.post_form(PAPERS, CARD).await.status, 404);
    }
    let mut verifier = city.signed_in("verify").await;
    let card = verifier.get(ROW).await;
    assert!(card.text.contains("West Town井〔2022〕1号") && !card.text.contains("name=\"document\""), "{}", card.text);
    assert_eq!(verifier.get(&opened).await.status, 403, "the telephone is not for them");
    assert_eq!(verifier.get(&format!("{PAPERS}?preview=well_card")).await.status, 404);
    verifier.post_form(PAPERS, CARD).await;
    verifier.post_form(PAPERS, &[("code", &code), ("reason", "x")]).await;
    assert_eq!(dan.post_raw(PAPERS, CARD).await.status, 403, "no token, no document");
    assert_eq!(dan.post_form(PAPERS, &[("document", "receipt")]).await.status, 404, "of cases, not of wells");
    let all = papers(&city, "W1").await;
    assert!(all.len() == 1 && all[0].standing == Standing::Valid, "{all:?}");
    let deep = [("-place", "130903001"), ("code", "W9"), ("name", "Deep"), ("depth_m", "1500"), ("-why", "x")];
    assert_eq!(dan.post_form("/registers/well/new", &deep).await.status, 303);
    assert!(dan.get("/registers/well/rows/130903/W9").await.text.contains("No card for so deep a well"));
    dan.post_form("/registers/well/documents/130903/W9", CARD).await;
    assert!(papers(&city, "W9").await.is_empty());
}

#[tokio::test]
async fn a_batch_makes_a_card_for_every_row_of_the_list_as_it_is_filtered() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    for (code, depth) in [("W2", "90"), ("W3", "1500")] {
        let well = [("-place", "130903001"), ("code", code), ("name", code), ("depth_m", depth), ("-why", "x")];
        assert_eq!(dan.post_form("/registers/well/new", &well).await.status, 303);
    }
    assert!(dan.get("/registers/well?f.depth_m.from=85").await.text.contains("Make documents for these rows"));
    let mut verifier = city.signed_in("verify").await;
    assert!(!verifier.get("/registers/well").await.text.contains("Make documents for these rows"));
    let wish = |query| [("document", "well_card"), ("make", "true"), ("query", query)];
    let started = dan.post_form("/documents/batches", &wish(r#"[["f.depth_m.from","85"]]"#)).await;
    assert_eq!(started.status, 303, "{}", started.text);
    let done = finished(&mut dan, started.location()).await;
    assert!(done.contains("1 printed, 1 issued, 1 left out"), "the deep one gets none: {done}");
    assert!(papers(&city, "W1").await.is_empty(), "not of the list");
    assert_eq!(papers(&city, "W2").await[0].number, "West Town井〔2022〕1号");
    let again = dan.post_form("/documents/batches", &wish("[]")).await;
    let done = finished(&mut dan, again.location()).await;
    assert!(done.contains("2 printed, 1 issued, 1 left out"), "what stands is not issued again: {done}");
    assert_eq!(papers(&city, "W1").await[0].number, "West Town井〔2022〕2号");
    let refused = verifier.post_form("/documents/batches", &wish("[]")).await;
    assert_eq!((refused.status, refused.location()), (303, "/documents"));
}
