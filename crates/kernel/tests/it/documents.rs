//! Documents: numbers without gaps, codes nobody can guess, what is copied, and what no longer stands.

use crate::fixture::{CLERK, COUNTY, DIRECTOR, Desk, HANDLER, actor, at, world};
use crate::pack::{opening, path, who};
use ganglion_kernel::World;
use ganglion_kernel::decide::decide;
use ganglion_kernel::seal::is_sealed;
use ganglion_model::change::{Actor, Body, Refusal, RefusalCode};
use ganglion_model::expr::{Cmp, Expr};
use ganglion_model::pack::{Document, Effect, Guard, NumberPart, Seal};
use ganglion_model::{CaseId, Issued, Level, Model, Standing, Text};
use serde_json::{Value, json};
use std::sync::Arc;

fn letter() -> Document {
    let literal = |text: &str| NumberPart::Literal(text.to_owned());
    Document {
        name: "letter".into(),
        pack: "tests".into(),
        title: Text::new("信", "Letter"),
        of: "matter".into(),
        row: false,
        template: "documents/letter.typ".into(),
        number: vec![
            NumberPart::Name(Level::Township),
            literal("〔"),
            NumberPart::Year,
            literal("〕"),
            NumberPart::Sequence(1),
            literal("号"),
        ],
        issuer: vec![NumberPart::Name(Level::County), literal("办公室")],
        by: vec![who("clerk@township")],
        when: Some(Guard {
            holds: Expr::Cmp(Cmp::Eq, Box::new(path("case.state")), Box::new(Expr::Lit(Value::from("sent")))),
            message: Text::new("先派遣", "send it first"),
        }),
        fields: vec!["text".into(), "result".into()],
        clear: vec!["phone".into()],
        figures: vec![],
        purpose: Text::new("告知", "to tell"),
        seal: Seal::Drawn,
        qr: true,
        copies: 1,
    }
}

/// The world of the tests with a letter that sending issues and returning withdraws.
fn with_letter() -> World {
    let mut world = world();
    let mut model = Model::clone(&world.model);
    model.documents.insert("letter".into(), letter());
    let process = model.processes.get_mut("matter").unwrap();
    for (state, action, effect) in
        [("new", "send", Effect::Document("letter".into())), ("sent", "back", Effect::Withdraw("letter".into()))]
    {
        let actions = &mut process.states.get_mut(state).unwrap().actions;
        actions.iter_mut().find(|one| one.name == action).unwrap().effects.push(effect);
    }
    world.model = Arc::new(model);
    world
}

fn issue(desk: &mut Desk<'_>, who: &str, case: CaseId) -> Result<(), Refusal> {
    let command = desk.command(COUNTY, actor(who), Body::Issue { case, document: "letter".into() });
    desk.send(&command).map(drop)
}

fn withdraw(desk: &mut Desk<'_>, who: &str, case: CaseId, reason: &str) -> Result<(), Refusal> {
    let code = desk.case(case).documents.last().map(|one| one.code.clone()).unwrap_or_default();
    let command = desk.command(COUNTY, actor(who), Body::Withdraw { case, code, reason: reason.into() });
    desk.send(&command).map(drop)
}

fn letters<'a>(desk: &'a Desk<'_>, case: CaseId) -> &'a [Issued] {
    &desk.case(case).documents
}

#[test]
fn an_action_issues_a_document_with_the_next_number_of_its_place_and_year() {
    let world = with_letter();
    let mut desk = Desk::new(&world);
    let cases: Vec<CaseId> = (0..3).map(|_| desk.sent()).collect();
    let numbers: Vec<&str> = cases.iter().map(|case| letters(&desk, *case)[0].number.as_str()).collect();
    assert_eq!(numbers, ["130903001〔2022〕1号", "130903001〔2022〕2号", "130903001〔2022〕3号"]);
    let first = &letters(&desk, cases[0])[0];
    assert_eq!((first.issuer.as_str(), &first.standing), ("130903办公室", &Standing::Valid));
    assert_eq!(first.fields["text"], json!("路面塌陷"));
    assert!(!first.fields.contains_key("result"));
    desk.now = at("2023-01-03 09:00");
    let next = desk.sent();
    assert_eq!(letters(&desk, next)[0].number, "130903001〔2023〕1号");
}

#[test]
fn codes_are_long_and_all_different() {
    let world = with_letter();
    let mut desk = Desk::new(&world);
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let case = desk.sent();
        let code = letters(&desk, case)[0].code.clone();
        assert_eq!(code.len(), 20);
        assert!(code.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase()), "{code}");
        codes.insert(code);
    }
    assert_eq!(codes.len(), 40);
}

#[test]
fn a_newer_one_supersedes_and_a_withdrawn_one_stays_withdrawn() {
    let world = with_letter();
    let mut desk = Desk::new(&world);
    let case = desk.sent();
    issue(&mut desk, CLERK, case).unwrap();
    let standing: Vec<&str> = letters(&desk, case).iter().map(|one| one.standing.as_str()).collect();
    assert_eq!(standing, ["superseded", "valid"]);
    desk.act(HANDLER, case, "back", json!({"reason": "a"}));
    let standing: Vec<&str> = letters(&desk, case).iter().map(|one| one.standing.as_str()).collect();
    assert_eq!(standing, ["superseded", "withdrawn"]);
    assert_eq!(withdraw(&mut desk, CLERK, case, "again").unwrap_err().code, RefusalCode::WrongState);
}

#[test]
fn by_hand_only_by_those_named_and_only_while_it_may_be() {
    let world = with_letter();
    let mut desk = Desk::new(&world);
    let case = desk.open(opening());
    assert_eq!(issue(&mut desk, CLERK, case).unwrap_err().code, RefusalCode::Guard);
    desk.act(CLERK, case, "send", json!({"duty": "handler.130903001"}));
    for (who, code) in [
        (DIRECTOR, RefusalCode::NotAllowed),
        ("clerk@130903002", RefusalCode::NotFound),
        ("public", RefusalCode::NotFound),
    ] {
        assert_eq!(issue(&mut desk, who, case).unwrap_err().code, code, "{who}");
        assert_eq!(withdraw(&mut desk, who, case, "x").unwrap_err().code, code, "{who}");
    }
    assert_eq!(withdraw(&mut desk, CLERK, case, "  ").unwrap_err().fields[0].problem, "required");
    assert_eq!(withdraw(&mut desk, CLERK, case, &"x".repeat(501)).unwrap_err().fields[0].problem, "too_long");
    withdraw(&mut desk, CLERK, case, "写错了").unwrap();
    let Standing::Withdrawn { reason, .. } = &letters(&desk, case)[0].standing else { panic!("stands") };
    assert_eq!(reason, "写错了");
    let unknown = desk.command(COUNTY, actor(CLERK), Body::Issue { case, document: "none".into() });
    assert_eq!(desk.send(&unknown).unwrap_err().code, RefusalCode::Unknown);
}

#[test]
fn personal_values_are_copied_sealed() {
    let world = with_letter();
    let mut desk = Desk::new(&world);
    let mut form = opening();
    form["phone"] = json!("13912340000");
    let case = desk.open(form);
    let command = desk.wish(CLERK, case, "send", json!({"duty": "handler.130903001"}));
    let given = desk.given();
    let decision = decide(&world, desk.state(), &command, &given).unwrap();
    let written = serde_json::to_string(&decision.changes).unwrap();
    assert!(!written.contains("13912340000"), "{written}");
    desk.send(&command).unwrap();
    assert!(letters(&desk, case)[0].fields["phone"].as_str().is_some_and(is_sealed));
}

#[test]
fn a_command_sent_twice_issues_once() {
    let world = with_letter();
    let mut desk = Desk::new(&world);
    let case = desk.sent();
    let command = desk.command(COUNTY, actor(CLERK), Body::Issue { case, document: "letter".into() });
    let first = desk.send(&command).unwrap();
    assert_eq!(desk.send(&command).unwrap(), first);
    assert_eq!(letters(&desk, case).len(), 2);
    let system = desk.command(COUNTY, Actor::System, Body::Issue { case, document: "letter".into() });
    assert!(desk.send(&system).is_err(), "the system issues through actions only");
}
