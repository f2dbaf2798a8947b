//! Bad files are named line by line; clean ones say what they would change.

use super::*;

fn root() -> PlaceCode {
    "1309".parse().unwrap()
}

fn known() -> Vec<Place> {
    let plan = places(
        "code,name,kind,valid_from\n1309,C,prefecture_city,2020-01-01\n130903,Y,district,2020-01-01\n\
         130903100,T,town,2020-01-01\n",
        &[],
        root(),
    );
    assert!(plan.is_clean(), "{:?}", plan.findings);
    plan.places
}

fn problems(text: &str) -> Vec<(u64, &'static str)> {
    let text = format!("code,name,kind,valid_from,valid_to,predecessors,parent\n{text}");
    places(&text, &known(), root()).findings.iter().map(|one| (one.line, one.problem.name())).collect()
}

#[test]
fn every_bad_line_is_named() {
    let text = "130903100201,V,village_committee,2022-01-01,,,\n\
        13090310020,V,village_committee,2022-01-01,,,\n\
        140903,V,district,2022-01-01,,,\n\
        130903100202,V,castle,2022-01-01,,,\n\
        130903100203,V,district,2022-01-01,,,\n\
        130903100204,,village_committee,2022-13-01,,,\n\
        130903100205,V,village_committee,2022-01-01,2021-01-01,12x,\n\
        130903100201,V,village_committee,2022-01-01,,,\n\
        130903999201,V,village_committee,2022-01-01,,,\n\
        130903100206,V,village_committee,2022-01-01,,,130903101\n\
        130903100,T,town,2022-01-01,,,\n";
    assert_eq!(
        problems(text),
        [
            (3, "not-a-code"),
            (4, "outside"),
            (5, "unknown-kind"),
            (6, "wrong-kind"),
            (7, "bad-name"),
            (7, "bad-date"),
            (8, "ends-before"),
            (8, "bad-predecessor"),
            (9, "duplicate"),
            (10, "orphan"),
            (11, "not-prefixed"),
            (12, "overlap"),
        ]
    );
}

#[test]
fn columns_that_are_missing_are_named_and_any_bytes_are_read() {
    let plan = places("code,name\n1,2\n", &[], root());
    let missing: Vec<String> = plan.findings.iter().map(|one| one.problem.value()).collect();
    assert_eq!(missing, ["kind", "valid_from"]);
    for odd in ["", "\u{feff}", "\"", "code,name,kind,valid_from\n\"unclosed", "\0\0\0"] {
        let plan = places(odd, &[], root());
        assert!(!plan.is_clean(), "{odd:?}");
    }
}

#[test]
fn what_is_known_is_told_from_what_is_new() {
    let text = "\u{feff}code,name,kind,valid_from,valid_to,predecessors\n\
        130903100,T,town,2020-01-01,,\n130903,Yunhe,district,2020-01-01,,\n\
        130903101,N,street,2022-01-01,,130903100\n";
    let plan = places(text, &known(), root());
    assert_eq!((plan.new, plan.changed, plan.same), (1, 1, 1));
    assert!(plan.is_clean());
    assert_eq!(plan.places.len(), 4);
    let (_, errors) = PlaceTree::build(plan.places);
    assert_eq!(errors, []);
}

#[test]
fn outlines_need_a_place_and_a_sound_shape() {
    let (tree, _) = PlaceTree::build(known());
    let square = |code: &str, ring: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"code":"{code}"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#
        )
    };
    let good = "[[116,38],[116.1,38],[116.1,38.1],[116,38.1],[116,38]]";
    let file = format!(
        r#"{{"type":"FeatureCollection","features":[{},{},{}]}}"#,
        square("130903", good),
        square("130904", good),
        square("130903100", "[[116,38],[116.1,38.1],[116.1,38],[116,38.1],[116,38]]")
    );
    let plan = outlines(file.as_bytes(), &tree, root(), &HashSet::new());
    let found: Vec<(u64, &str)> = plan.findings.iter().map(|one| (one.line, one.problem.name())).collect();
    assert_eq!(found, [(3, "outline"), (2, "unknown-place")]);
    assert_eq!(plan.outlines.len(), 1);
    assert!(plan.outlines[0].1.starts_with("{\"coordinates\":[[[["), "{}", plan.outlines[0].1);
}
