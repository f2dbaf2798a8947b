//! Letters: what a template sees, what it cannot reach, and where its errors are.

use ganglion_documents::{Datum, Fonts, Print, RenderError, Template, check, check_within, pdf, qr_svg};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static FONTS: LazyLock<Fonts> = LazyLock::new(Fonts::of_system);

fn template(text: &str) -> Template {
    let files = BTreeMap::from([("documents/x.typ".to_owned(), text.to_owned())]);
    Template::new(&files, "documents/x.typ").unwrap()
}

fn data() -> Datum {
    Datum::table([
        ("name", Datum::text("王五")),
        ("from", Datum::Day(2022, 7, 1)),
        ("duties", Datum::List(vec![Datum::text("宣讲"), Datum::text("巡逻")])),
        ("note", Datum::Empty),
    ])
}

fn doc() -> Datum {
    Datum::table([
        ("number", Datum::text("沧网聘〔2022〕0001号")),
        ("seal", Datum::table([("name", Datum::text("沧州市新华区网格办公室")), ("note", Datum::text("演示"))])),
        ("qr", qr_svg("http://127.0.0.1:8080/v/abcdefghij").map_or(Datum::Empty, Datum::Picture)),
    ])
}

fn printed(text: &str) -> Result<Vec<u8>, RenderError> {
    pdf(&template(text), &FONTS, Print { data: &data(), doc: &doc(), day: (2022, 6, 15), ident: "x" })
}

fn problems(text: &str) -> Vec<(u32, u32, String)> {
    let print = Print { data: &data(), doc: &doc(), day: (2022, 6, 15), ident: "x" };
    check(&template(text), print).into_iter().map(|one| (one.line, one.column, one.message)).collect()
}

const LETTER: &str = r#"#import "/ganglion.typ": *
#set text(font: song, lang: "zh")
#doc.number #data.name #data.from.display("[year]年[month padding:none]月") #data.duties.join("、")
#seal(doc.seal) #code(doc.qr)"#;

#[test]
fn a_letter_made_again_is_the_same_to_the_byte() {
    let first = printed(LETTER).unwrap();
    assert!(first.starts_with(b"%PDF-") && first.len() < 400_000, "{} bytes", first.len());
    assert!(first == printed(LETTER).unwrap(), "two makings differ");
    assert_eq!(problems(LETTER), []);
}

#[test]
fn a_misspelt_field_is_found_at_its_place() {
    let found = problems("行一\n#data.nmae");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0, found[0].1), (2, 7));
    assert!(found[0].2.contains("nmae"), "{}", found[0].2);
    assert_eq!(problems("#data.note.len()").len(), 1, "an empty field is none");
}

#[test]
fn a_template_reaches_nothing_outside_its_pack() {
    for text in [
        "#read(\"/etc/passwd\")",
        "#read(\"../../pack.yaml\")",
        "#import \"@preview/cetz:0.3.4\"",
        "#include \"/documents/other.typ\"",
        "#image(\"https://example.org/x.svg\")",
    ] {
        assert_eq!(problems(text).len(), 1, "{text}");
    }
}

#[test]
fn today_is_the_day_of_the_document() {
    assert_eq!(problems("#assert(datetime.today().year() == 2022)"), []);
    assert_eq!(problems("#assert(datetime.today().month() == 6)"), []);
}

#[test]
fn a_loop_without_end_ends() {
    assert_eq!(problems("#while true {}").len(), 1);
    assert_eq!(problems("#let f(x) = f(x)\n#f(1)").len(), 1);
}

#[test]
fn an_error_in_a_helper_is_shown_where_it_was_called() {
    let found = problems("#import \"/ganglion.typ\": *\n\n#seal((name: 1, note: \"\"))");
    assert_eq!(found.first().map(|one| one.0), Some(3), "{found:?}");
}

#[test]
fn a_template_that_takes_too_long_is_given_up_on() {
    let slow = "#let n = 0\n#for a in range(9000) { for b in range(9000) { for c in range(9000) { n += 1 } } }";
    let print = Print { data: &data(), doc: &doc(), day: (2022, 6, 15), ident: "x" };
    let found = check_within(&template(slow), print, std::time::Duration::ZERO);
    assert!(found.len() == 1 && found[0].message.contains("seconds"), "{found:?}");
}
