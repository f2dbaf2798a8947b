//! Register rows: who may read, change, propose and approve, for every post there is; versions; values that stand once;
//! references; sealed values.

use crate::fixture::{COUNTY, Desk, PLACES, ROLES, actor, code, fields, level_of, post_id, world};
use crate::pack::{field, model, who};
use ganglion_kernel::World;
use ganglion_kernel::batch::{Batch, want, want_more};
use ganglion_kernel::decide::row_who::{
    RowReach, may_approve_row, may_edit_row, may_propose_row, may_read_row, row_reach,
};
use ganglion_kernel::decide::{decide, unique_values_of_row};
use ganglion_kernel::port::Loaded;
use ganglion_kernel::seal;
use ganglion_model::change::{Body, Change, Refusal, RefusalCode};
use ganglion_model::pack::{Field, FieldKind, Register, Required, Scope, Within};
use ganglion_model::row::Record;
use ganglion_model::{Level, ProposalId, ProposalState, RowDeed, RowWish, Shard, Verdict, row_id};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use std::sync::Arc;

const CLERK: &str = "clerk@130903001";
const DIRECTOR: &str = "director@130903";

fn wish(register: &str, key: Option<&str>, place: &str, form: Value) -> RowWish {
    RowWish {
        register: register.into(),
        key: key.map(str::to_owned),
        place: Some(code(place)),
        deed: RowDeed::Put,
        from: None,
        until: None,
        form: fields(form),
        partial: false,
        why: "survey".into(),
        version: None,
    }
}

fn send(desk: &mut Desk<'_>, who: &str, wish: RowWish) -> Result<(), Refusal> {
    let shard = if wish.place.is_none() { Shard::DEPLOYMENT } else { COUNTY };
    let command = desk.command(shard, actor(who), Body::Row { wish: Box::new(wish) });
    desk.send(&command).map(|_| ())
}

fn decided(
    desk: &mut Desk<'_>,
    who: &str,
    proposal: ProposalId,
    verdict: Verdict,
    reason: &str,
) -> Result<(), Refusal> {
    let shard = desk.state().proposals.get(&proposal).map_or(COUNTY, |one| one.shard);
    let command = desk.command(shard, actor(who), Body::Decide { proposal, verdict, reason: reason.into() });
    desk.send(&command).map(|_| ())
}

fn code_of(result: Result<(), Refusal>) -> RefusalCode {
    result.unwrap_err().code
}

fn problem_of(result: Result<(), Refusal>) -> (String, String) {
    let finding = result.unwrap_err().fields.remove(0);
    (finding.field, finding.problem)
}

fn well(desk: &mut Desk<'_>, key: &str) {
    let form = json!({"code": key, "depth": "80", "tag": key});
    send(desk, CLERK, wish("well", None, "130903001", form)).unwrap();
}

/// The declared words, by the text of codes alone: nothing of the kernel is asked.
fn declared(words: &[&str], (role, at): (&str, &str), place: &str) -> bool {
    words.iter().any(|word| {
        let (wanted, level) = word.split_once('@').unwrap();
        role == wanted && level_of(at).as_str() == level && place.starts_with(at)
    })
}

#[test]
fn rows_are_read_and_changed_by_exactly_the_posts_declared_at_every_place() {
    let world = world();
    let edit: &[&str] = &["clerk@township", "director@county"];
    let read: &[&str] = &["clerk@township", "director@county", "leader@county"];
    for place in PLACES.iter().filter(|place| place.len() == 9) {
        for role in ROLES {
            for at in PLACES {
                let who = actor(&format!("{role}@{at}"));
                let post = world.posts.get(&post_id(role, at));
                let (well, place_code) = (&world.model.registers["well"], Some(code(place)));
                let hint = format!("{role}@{at} on {place}");
                let reads = declared(read, (role, at), place);
                assert_eq!(may_edit_row(well, &who, post, place_code), declared(edit, (role, at), place), "{hint}");
                assert_eq!(may_read_row(well, &who, post, place_code), reads, "{hint}");
                let listed = row_reach(well, post).is_some_and(|reach| reach.lists(place_code));
                assert_eq!(listed, reads, "a list shows what may be read: {hint}");
                let quota = &world.model.registers["quota"];
                let proposes = declared(&["clerk@township"], (role, at), place);
                assert_eq!(may_propose_row(quota, &who, post, place_code), proposes, "{hint}");
                let approves = declared(&["director@county", "clerk@township"], (role, at), place);
                assert_eq!(may_approve_row(quota, &who, post, place_code), approves, "{hint}");
            }
        }
    }
}

#[test]
fn what_may_not_be_read_is_not_found_and_what_may_only_be_read_is_not_allowed() {
    let world = world();
    let mut desk = Desk::new(&world);
    well(&mut desk, "W1");
    let change = || wish("well", Some("W1"), "130903001", json!({"depth": "90"}));
    for role in ROLES {
        for at in PLACES {
            let who = format!("{role}@{at}");
            let command = desk.command(COUNTY, actor(&who), Body::Row { wish: Box::new(change()) });
            let given = desk.given();
            let found = decide(&world, desk.state(), &command, &given).map(|_| ()).map_err(|refusal| refusal.code);
            let reads = declared(&["clerk@township", "director@county", "leader@county"], (role, at), "130903001");
            let edits = declared(&["clerk@township", "director@county"], (role, at), "130903001");
            let expected = match (reads, edits) {
                (false, _) => Err(RefusalCode::NotFound),
                (true, false) => Err(RefusalCode::NotAllowed),
                (true, true) => Ok(()),
            };
            assert_eq!(found, expected, "{who}");
        }
    }
    for who in ["public", "api"] {
        assert_eq!(code_of(send(&mut desk, who, change())), RefusalCode::NotFound, "{who}");
    }
    assert_eq!(code_of(send(&mut desk, CLERK, wish("nothing", None, "130903001", json!({})))), RefusalCode::NotFound);
    assert_eq!(
        code_of(send(&mut desk, CLERK, wish("well", Some("W9"), "130903001", json!({})))),
        RefusalCode::NotFound
    );
    // A row cannot be moved to a place out of reach, nor opened there.
    let moved = wish("well", Some("W1"), "130903002", json!({"depth": "90"}));
    assert_eq!(code_of(send(&mut desk, CLERK, moved)), RefusalCode::NotFound);
}

#[test]
fn a_form_of_a_row_is_judged_whole() {
    let world = world();
    let mut desk = Desk::new(&world);
    let bad = wish("well", None, "130903001", json!({"code": "W1", "depth": "deep", "colour": "red"}));
    let refusal = send(&mut desk, CLERK, bad).unwrap_err();
    let found: Vec<_> = refusal.fields.iter().map(|one| (one.field.as_str(), one.problem.as_str())).collect();
    assert_eq!(found, [("depth", "not_a_number"), ("colour", "unknown_field")]);
    well(&mut desk, "W1");
    let again = wish("well", None, "130903001", json!({"code": "W1", "depth": "1"}));
    assert_eq!(code_of(send(&mut desk, CLERK, again)), RefusalCode::Duplicate);
    let renamed = wish("well", Some("W1"), "130903001", json!({"code": "W2", "depth": "1"}));
    assert_eq!(problem_of(send(&mut desk, CLERK, renamed)), ("code".into(), "key_fixed".into()));
    let county = wish("well", None, "130903", json!({"code": "W3", "depth": "1"}));
    assert_eq!(problem_of(send(&mut desk, DIRECTOR, county)), ("place".into(), "wrong_level".into()));
    let both = wish("well", None, "130903", json!({"code": "W3", "depth": "deep"}));
    let refusal = send(&mut desk, DIRECTOR, both).unwrap_err();
    let found: Vec<_> = refusal.fields.iter().map(|one| (one.field.as_str(), one.problem.as_str())).collect();
    assert_eq!(found, [("depth", "not_a_number"), ("place", "wrong_level")], "the place and the fields at once");
    let stale = RowWish { version: Some(7), ..wish("well", Some("W1"), "130903001", json!({"depth": "1"})) };
    assert_eq!(code_of(send(&mut desk, CLERK, stale)), RefusalCode::Changed);
    let seen = RowWish { version: Some(1), ..wish("well", Some("W1"), "130903001", json!({"depth": "1"})) };
    send(&mut desk, CLERK, seen).unwrap();
    let row = (COUNTY, "well".to_owned(), "W1".to_owned());
    let record = desk.state().newest(&row).unwrap();
    assert_eq!((record.version, record.fields["depth"].as_str()), (2, Some("1")));
    assert_eq!(record.authority.as_ref().unwrap().by.account.as_ref().unwrap().0, "clerk-130903001");
}

#[test]
fn a_partial_form_changes_only_what_it_names() {
    let world = world();
    let mut desk = Desk::new(&world);
    well(&mut desk, "W1");
    let form = json!({"code": "W1", "depth": "90"});
    send(&mut desk, CLERK, RowWish { partial: true, ..wish("well", Some("W1"), "130903001", form) }).unwrap();
    let row = (COUNTY, "well".to_owned(), "W1".to_owned());
    let tag = |desk: &Desk<'_>| desk.state().newest(&row).unwrap().fields.get("tag").cloned();
    assert_eq!(tag(&desk), Some(json!("W1")));
    let form = json!({"code": "W1", "depth": "90", "tag": null});
    send(&mut desk, CLERK, RowWish { partial: true, ..wish("well", Some("W1"), "130903001", form) }).unwrap();
    assert_eq!(tag(&desk), None, "named and empty: it is cleared");
}

#[test]
fn values_that_stand_once_are_given_back_when_they_change() {
    let world = world();
    let mut desk = Desk::new(&world);
    well(&mut desk, "W1");
    let taken = wish("well", None, "130903001", json!({"code": "W2", "depth": "1", "tag": "W1"}));
    let refusal = send(&mut desk, CLERK, taken.clone()).unwrap_err();
    assert_eq!((refusal.code, refusal.args["number"].as_str()), (RefusalCode::Duplicate, "W1"));
    let other = wish("well", Some("W1"), "130903001", json!({"depth": "1", "tag": "X"}));
    send(&mut desk, CLERK, other).unwrap();
    send(&mut desk, CLERK, taken).unwrap();
    let writes = desk.batch.finish();
    let held: Vec<_> = writes[0].unique.iter().map(|(_, value, key)| (value.as_str(), key.as_str())).collect();
    assert_eq!(held, [("X", "W1"), ("W1", "W2")]);
    assert_eq!(writes[0].unique_gone, []);
    let register = &world.model.registers["well"];
    assert_eq!(unique_values_of_row(register, &fields(json!({"tag": null}))), []);
}

#[test]
fn personal_values_of_rows_are_sealed_kept_when_left_empty_and_never_in_the_journal() {
    let world = world();
    let mut desk = Desk::new(&world);
    let form = json!({"code": "W1", "depth": "80", "phone": "13912345678"});
    send(&mut desk, CLERK, wish("well", None, "130903001", form)).unwrap();
    let sealed = |desk: &Desk<'_>| {
        let record = desk.state().newest(&(COUNTY, "well".into(), "W1".into())).unwrap();
        record.fields["phone"].as_str().unwrap().to_owned()
    };
    let first = sealed(&desk);
    let key = desk.state().keys[&row_id(COUNTY, "well", "W1")];
    assert_eq!(seal::open(&key, &first).as_deref(), Some("13912345678"));
    send(&mut desk, CLERK, wish("well", Some("W1"), "130903001", json!({"depth": "81", "phone": ""}))).unwrap();
    assert_eq!(sealed(&desk), first, "left empty, it stays");
    let masked = wish("well", Some("W1"), "130903001", json!({"depth": "81", "phone": "139****5678"}));
    assert_eq!(problem_of(send(&mut desk, CLERK, masked)), ("phone".into(), "masked".into()));
    send(&mut desk, CLERK, wish("well", Some("W1"), "130903001", json!({"depth": "81", "phone": "13900000000"})))
        .unwrap();
    assert_eq!(seal::open(&key, &sealed(&desk)).as_deref(), Some("13900000000"));
    let written = format!("{:?}", desk.batch.finish());
    assert!(!written.contains("13912345678") && !written.contains("13900000000"));
}

fn quota(from: Option<Date>, volume: i64) -> RowWish {
    let form = json!({"well": "W1", "use": "farm", "volume": volume});
    RowWish { from, key: None, ..wish("quota", None, "130903001001", form) }
}

fn only_proposal(desk: &Desk<'_>, state: ProposalState) -> ProposalId {
    desk.state().proposals.values().find(|one| one.state == state).unwrap().id
}

#[test]
fn two_persons_change_a_row_and_both_stay_with_it() {
    let world = world();
    let mut desk = Desk::new(&world);
    well(&mut desk, "W1");
    send(&mut desk, CLERK, quota(Some(date(2022, 1, 1)), 100)).unwrap();
    let row = (COUNTY, "quota".to_owned(), "W1/farm".to_owned());
    assert!(desk.state().newest(&row).is_none(), "a proposal changes nothing");
    let id = only_proposal(&desk, ProposalState::Open);
    // The clerk may approve by role, but not what the same person proposed.
    assert_eq!(code_of(decided(&mut desk, CLERK, id, Verdict::Approve, "")), RefusalCode::SamePerson);
    assert_eq!(code_of(decided(&mut desk, "clerk@130903002", id, Verdict::Approve, "")), RefusalCode::NotFound);
    assert_eq!(
        problem_of(decided(&mut desk, DIRECTOR, id, Verdict::Reject, " ")),
        ("reason".into(), "required".into())
    );
    decided(&mut desk, DIRECTOR, id, Verdict::Approve, "checked").unwrap();
    let record = desk.state().newest(&row).unwrap().clone();
    let authority = record.authority.unwrap();
    assert_eq!(authority.by.post.unwrap().0, "clerk.130903001");
    assert_eq!(authority.approved.unwrap().post.unwrap().0, "director.130903");
    assert_eq!(code_of(decided(&mut desk, DIRECTOR, id, Verdict::Approve, "")), RefusalCode::WrongState);
    // Two proposals upon the same version: the second is overtaken by the first.
    let next = |volume| RowWish { key: Some("W1/farm".into()), ..quota(Some(date(2023, 1, 1)), volume) };
    send(&mut desk, CLERK, next(200)).unwrap();
    send(&mut desk, CLERK, next(300)).unwrap();
    let open: Vec<ProposalId> =
        desk.state().proposals.values().filter(|one| one.state == ProposalState::Open).map(|one| one.id).collect();
    decided(&mut desk, DIRECTOR, open[0], Verdict::Approve, "").unwrap();
    assert_eq!(code_of(decided(&mut desk, DIRECTOR, open[1], Verdict::Approve, "")), RefusalCode::Changed);
    assert_eq!(code_of(decided(&mut desk, DIRECTOR, open[1], Verdict::Withdraw, "")), RefusalCode::NotAllowed);
    decided(&mut desk, CLERK, open[1], Verdict::Withdraw, "").unwrap();
    let spans: Vec<_> = desk.state().records[&row].iter().map(|one| (one.valid_from, one.valid_to)).collect();
    let (first, second) = (Some(date(2022, 1, 1)), Some(date(2023, 1, 1)));
    assert_eq!(spans, [(first, second), (second, None)], "the later version closes the earlier one");
}

#[test]
fn a_row_that_is_referred_to_does_not_end_and_a_row_that_ended_is_not_referred_to() {
    let world = world();
    let mut desk = Desk::new(&world);
    assert_eq!(problem_of(send(&mut desk, CLERK, quota(None, 1))), ("well".into(), "not_found".into()));
    well(&mut desk, "W1");
    send(&mut desk, CLERK, quota(None, 1)).unwrap();
    let id = only_proposal(&desk, ProposalState::Open);
    decided(&mut desk, DIRECTOR, id, Verdict::Approve, "").unwrap();
    let end = |register: &str, key: &str| RowWish {
        deed: RowDeed::Retire,
        ..wish(register, Some(key), "130903001", json!({}))
    };
    let refusal = send(&mut desk, CLERK, end("well", "W1")).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.args["register"].as_str(), refusal.args["by"].as_str()),
        (RefusalCode::Referenced, "quota", "W1/farm")
    );
    let over = RowWish { from: Some(date(2022, 7, 1)), place: Some(code("130903001001")), ..end("quota", "W1/farm") };
    send(&mut desk, CLERK, over).unwrap();
    let id = only_proposal(&desk, ProposalState::Open);
    decided(&mut desk, DIRECTOR, id, Verdict::Approve, "").unwrap();
    desk.now = crate::fixture::at("2022-07-02 09:00");
    send(&mut desk, CLERK, end("well", "W1")).unwrap();
    assert_eq!(
        problem_of(send(&mut desk, CLERK, RowWish { key: Some("W1/farm".into()), ..quota(None, 2) })),
        ("well".into(), "retired".into())
    );
    assert_eq!(code_of(send(&mut desk, CLERK, end("well", "W1"))), RefusalCode::WrongState);
    let writes = desk.batch.finish();
    assert!(writes[0].lines.iter().any(|line| matches!(&line.entry.change, Change::Proposal { .. })));
    let to = &writes[0].references;
    assert!(to.iter().all(|one| one.register != "quota" || one.to.is_empty()), "{to:?}");
}

#[test]
fn a_register_of_the_deployment_is_read_by_every_post_unless_it_names_its_readers() {
    let world = world();
    let category = &world.model.registers["category"];
    let worker = world.posts.get(&post_id("worker", "130903001001001"));
    assert_eq!(row_reach(category, worker), Some(RowReach::All));
    assert_eq!(row_reach(category, None), None);
    let mut named = category.clone();
    named.read = world.model.registers["well"].read.clone();
    assert_eq!(row_reach(&named, worker), None);
}

#[test]
fn what_was_put_is_put_back_as_if_it_had_never_been() {
    let world = world();
    let mut desk = Desk::new(&world);
    well(&mut desk, "W1");
    let row = |key: &str| (COUNTY, "well".to_owned(), key.to_owned());
    let before = desk.state().records[&row("W1")].clone();
    send(&mut desk, CLERK, wish("well", Some("W1"), "130903001", json!({"depth": "90", "tag": "X"}))).unwrap();
    well(&mut desk, "W2");
    let mut restore = |who: &str, key: &str, versions: Vec<ganglion_model::Record>| {
        let body = Body::Restore { register: "well".into(), key: key.into(), versions };
        let command = desk.command(COUNTY, actor(who), body);
        desk.send(&command).map(|_| ())
    };
    assert_eq!(code_of(restore(CLERK, "W1", before.clone())), RefusalCode::NotAllowed);
    restore("system", "W1", before.clone()).unwrap();
    restore("system", "W2", Vec::new()).unwrap();
    assert_eq!(code_of(restore("system", "W2", Vec::new())), RefusalCode::WrongState, "nothing is left to put back");
    assert_eq!(desk.state().records[&row("W1")][0].fields, before[0].fields);
    assert_eq!(desk.state().records[&row("W2")], []);
    well(&mut desk, "W2");
    let writes = desk.batch.finish();
    let held: Vec<_> = writes[0].unique.iter().map(|(_, value, key)| (value.as_str(), key.as_str())).collect();
    assert_eq!(held, [("W1", "W1"), ("W2", "W2")]);
    assert_eq!(writes[0].records_gone, [], "it came back");
}

#[test]
fn what_a_row_refers_to_is_loaded_though_it_is_not_typed_again() {
    let world = world();
    let mut desk = Desk::new(&world);
    well(&mut desk, "W1");
    send(&mut desk, CLERK, quota(Some(date(2022, 1, 1)), 1)).unwrap();
    let id = only_proposal(&desk, ProposalState::Open);
    decided(&mut desk, DIRECTOR, id, Verdict::Approve, "").unwrap();
    let form = json!({"volume": 2});
    let wish = RowWish { key: Some("W1/farm".into()), ..wish("quota", None, "130903001001", form) };
    let command = desk.command(COUNTY, actor(CLERK), Body::Row { wish: Box::new(wish) });
    let given = desk.given();
    let stored = |wanted: &[ganglion_model::RowKey]| {
        let rows = wanted.iter().filter_map(|row| desk.state().records.get(row)).flatten();
        Loaded { records: rows.cloned().collect(), ..Loaded::default() }
    };
    let commands = [command];
    let first = want(&world, &commands, given.now);
    let mut batch = Batch::new(&world, &crate::fixture::RING, stored(&first.records));
    batch.asked(&first);
    let more = want_more(&world, batch.state(), &commands, given.now);
    batch.add(&more, stored(&more.records));
    batch.run(&commands[0], &given).unwrap();
}

/// Halls: rows of the deployment that belong to a place; the hall of a matter is one of its own village.
fn with_halls() -> World {
    let mut model = model();
    let of = field("of", FieldKind::Place { levels: vec![Level::Township, Level::Village] });
    let hall = Register {
        name: "hall".into(),
        scope: Scope::Deployment,
        key: "code".into(),
        label: "code".into(),
        owner: Some("of".into()),
        fields: vec![
            Field { required: Required::Yes, ..field("code", FieldKind::Text { max: 20, pattern: None }) },
            Field { required: Required::Yes, ..of },
        ],
        edit: vec![who("clerk@township")],
        propose: vec![who("handler@township")],
        approve: vec![who("director@county")],
        ..Register::default()
    };
    model.registers.insert("hall".into(), hall);
    let named = field("hall", FieldKind::Ref { register: "hall".into() });
    let matter = model.processes.get_mut("matter").unwrap();
    matter.form.push(Field { within: Some(Within::Level(Level::Township)), ..named });
    World { model: Arc::new(model), ..world() }
}

fn hall(key: Option<&str>, of: &str) -> RowWish {
    let form = if key.is_some() { json!({"of": of}) } else { json!({"code": "H1", "of": of}) };
    RowWish { place: None, partial: key.is_some(), ..wish("hall", key, "130903", form) }
}

#[test]
fn a_row_of_the_deployment_is_changed_by_those_of_the_place_it_belongs_to() {
    let world = with_halls();
    let mut desk = Desk::new(&world);
    let refused = send(&mut desk, CLERK, hall(None, "130903002"));
    assert_eq!(code_of(refused), RefusalCode::NotAllowed, "not for a neighbour");
    send(&mut desk, CLERK, hall(None, "130903001")).unwrap();
    for (who, to) in [("clerk@130903002", "130903002"), (CLERK, "130903002"), ("clerk@130903002", "130903001")] {
        let refused = send(&mut desk, who, hall(Some("H1"), to));
        assert_eq!(code_of(refused), RefusalCode::NotAllowed, "{who} to {to}: neither taken nor given away");
    }
    send(&mut desk, CLERK, hall(Some("H1"), "130903001001")).unwrap();
    let end = RowWish { deed: RowDeed::Retire, form: fields(json!({})), ..hall(Some("H1"), "130903001") };
    assert_eq!(code_of(send(&mut desk, "clerk@130903002", end.clone())), RefusalCode::NotAllowed);
    send(&mut desk, "handler@130903001", end).unwrap();
    let proposal = only_proposal(&desk, ProposalState::Open);
    let by_neighbour = decided(&mut desk, "director@130904", proposal, Verdict::Approve, "");
    assert_eq!(code_of(by_neighbour), RefusalCode::NotAllowed);
    decided(&mut desk, DIRECTOR, proposal, Verdict::Approve, "").unwrap();
}

#[test]
fn a_reference_names_only_rows_of_the_places_it_is_held_to() {
    let mut world = with_halls();
    let row = Record {
        register: "hall".into(),
        shard: Shard::DEPLOYMENT,
        key: "H1".into(),
        version: 1,
        place: None,
        valid_from: None,
        valid_to: None,
        updated_at: Timestamp::UNIX_EPOCH,
        fields: fields(json!({"code": "H1", "of": "130903001001"})),
        authority: None,
        documents: Vec::new(),
    };
    let mut reference = (*world.reference).clone();
    reference.entry("hall".into()).or_default().insert(row.key.clone(), Arc::new(vec![row]));
    world.reference = Arc::new(reference);
    let mut desk = Desk::new(&world);
    let form = |place: &str| json!({"category": "road", "text": "x", "place": place, "hall": "H1"});
    for inside in ["130903001001", "130903001002"] {
        let case = desk.open(form(inside));
        assert_eq!(desk.case(case).fields["hall"], "H1");
    }
    let finding = desk.try_open("public", form("130903002001")).unwrap_err().fields.remove(0);
    assert_eq!((finding.field.as_str(), finding.problem.as_str()), ("hall", "outside"));
}
