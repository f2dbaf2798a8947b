//! Who may: every action of the pack against every post there is, by an oracle that knows only the declared words.

use crate::fixture::{COUNTY, Desk, PLACES, ROLES, actor, code, fields, level_of, post_id, world};
use ganglion_kernel::decide::{decide, who};
use ganglion_model::change::{Actor, Body, RefusalCode};
use ganglion_model::row::{Case, Mark};
use ganglion_model::{AccountId, CaseId, Level, Post};
use proptest::prelude::*;
use serde_json::json;

/// State, action and who may, as the pack of the tests declares them.
const DECLARED: [(&str, &str, &[&str]); 26] = [
    ("new", "send", &["clerk@township"]),
    ("new", "move", &["clerk@handling"]),
    ("new", "merge", &["clerk@township"]),
    ("new", "tell", &["reporter"]),
    ("new", "convert", &["clerk@township"]),
    ("new", "raise", &["clerk@handling"]),
    ("new", "lower", &["clerk@handling"]),
    ("new", "drop", &["reporter"]),
    ("new", "feed", &["api"]),
    ("sent", "accept", &["assignee"]),
    ("sent", "back", &["assignee"]),
    ("sent", "pick", &["assignee"]),
    ("doubt", "insist", &["director@handling"]),
    ("doubt", "uphold", &["director@handling"]),
    ("doing", "finish", &["assignee"]),
    ("doing", "stamp", &["assignee"]),
    ("doing", "note", &["assisting"]),
    ("doing", "longer", &["director@township"]),
    ("doing", "urge", &["director@county"]),
    ("done", "pass", &["director@township", "clerk@township"]),
    ("done", "fail", &["director@township", "clerk@township"]),
    ("done", "deem", &["system"]),
    ("redo", "finish", &["assignee"]),
    ("closed", "reopen", &["clerk@township"]),
    ("closed", "rate", &["reporter"]),
    ("ended", "nothing", &[]),
];

/// What the words mean, by the text of codes alone: nothing of the kernel is asked.
fn declared(words: &[&str], (role, at): (&str, &str), case: &Case) -> bool {
    let place = case.place.to_string();
    let me = format!("{role}.{at}");
    words.iter().any(|word| match *word {
        "assignee" => case.assignee.as_ref().is_some_and(|post| post.0 == me),
        "assisting" => {
            case.assignee.as_ref().is_some_and(|post| post.0 == me) || case.assist.iter().any(|post| post.0 == me)
        }
        "reporter" => case.opened_by.as_ref().is_some_and(|post| post.0 == me),
        "api" | "system" => false,
        word => {
            let (wanted, level) = word.split_once('@').unwrap();
            let level = if level == "handling" { case.level.as_str() } else { level };
            let digits = match level {
                "city" => 4,
                "county" => 6,
                "township" => 9,
                "village" => 12,
                _ => 15,
            };
            role == wanted && at.len() == digits && place.starts_with(at)
        }
    })
}

fn allowed(code: Result<(), RefusalCode>) -> bool {
    !matches!(code, Err(RefusalCode::NotAllowed | RefusalCode::NotFound | RefusalCode::SamePerson))
}

#[test]
fn the_table_above_names_every_action_of_the_pack() {
    let world = world();
    let process = &world.model.processes["matter"];
    let mut real: Vec<(String, String)> = Vec::new();
    for state in process.states.values() {
        real.extend(state.actions.iter().map(|action| (state.name.clone(), action.name.clone())));
    }
    let mut table: Vec<(String, String)> = DECLARED
        .iter()
        .filter(|(_, action, _)| *action != "nothing")
        .map(|(state, action, _)| ((*state).to_owned(), (*action).to_owned()))
        .collect();
    real.sort();
    table.sort();
    assert_eq!(real, table);
}

#[test]
fn exactly_the_declared_posts_may_act_wherever_the_case_lies_and_whoever_has_it() {
    let world = world();
    let mut desk = Desk::new(&world);
    let id = desk.open(json!({"category": "road", "text": "x", "place": "130903001001"}));
    let mut state = desk.state().clone();
    let given = desk.given();
    let mut seen = 0;
    for place in PLACES.iter().filter(|place| level_of(place) >= Level::County && place.starts_with("130903")) {
        for level in [Level::City, Level::County, Level::Township] {
            for (status, action, words) in DECLARED {
                let case = state.cases.get_mut(&id).unwrap();
                case.place = code(place);
                case.level = level;
                case.state = status.into();
                case.assignee = Some(post_id("handler", "130903002"));
                case.assist = vec![post_id("worker", "130903001001001")];
                case.opened_by = Some(post_id("worker", "130903001001002"));
                let case = case.clone();
                for (role, at) in ROLES.iter().flat_map(|role| PLACES.iter().map(move |at| (*role, *at))) {
                    let body = Body::Act { case: id, action: action.into(), form: fields(json!({})), version: None };
                    let command = desk.command(COUNTY, actor(&format!("{role}@{at}")), body);
                    let result = decide(&world, &state, &command, &given).map(|_| ()).map_err(|refusal| refusal.code);
                    let may = declared(words, (role, at), &case);
                    let exists = action != "nothing" || matches!(result, Err(RefusalCode::NotFound));
                    if exists {
                        assert_eq!(allowed(result), may, "{role}@{at} {action} in {status} at {place} level {level:?}");
                        seen += 1;
                    }
                }
            }
        }
    }
    assert!(seen > 20_000, "{seen}");
}

#[test]
fn only_the_reporter_the_interface_and_the_system_have_their_own_actions() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.open(json!({"category": "road", "text": "x", "place": "130903001001"}));
    let other = desk.open(json!({"category": "road", "text": "y", "place": "130903001001"}));
    let actors = [
        Actor::Reporter { case },
        Actor::Reporter { case: other },
        Actor::Public,
        Actor::Api { key: "k".into() },
        Actor::System,
    ];
    let expected = [("drop", [true, false, false, false, false]), ("feed", [false, false, false, true, false])];
    for (action, may) in expected {
        for (actor, may) in actors.iter().zip(may) {
            let body = Body::Act { case, action: action.into(), form: fields(json!({})), version: None };
            let command = desk.command(COUNTY, actor.clone(), body);
            let given = desk.given();
            let result = decide(&world, desk.state(), &command, &given).map(|_| ()).map_err(|refusal| refusal.code);
            assert_eq!(allowed(result), may, "{actor:?} {action}");
        }
    }
}

#[test]
fn a_post_that_ended_or_is_held_by_somebody_else_may_nothing() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.open(json!({"category": "road", "text": "x", "place": "130903001001"}));
    let gone = Actor::Post { post: ganglion_model::PostId("clerk.gone".into()), account: AccountId("gone".into()) };
    let thief = Actor::Post { post: post_id("clerk", "130903001"), account: AccountId("handler-130903001".into()) };
    for actor in [gone, thief] {
        let body = Body::Act { case, action: "raise".into(), form: fields(json!({})), version: None };
        let command = desk.command(COUNTY, actor.clone(), body);
        assert_eq!(desk.send(&command).unwrap_err().code, RefusalCode::NotFound, "{actor:?}");
    }
}

#[test]
fn one_person_in_two_posts_is_still_one_person() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.doing();
    desk.act(crate::fixture::HANDLER, case, "finish", json!({"result": "done"}));
    let twin = Actor::Post {
        post: ganglion_model::PostId("director.twin".into()),
        account: AccountId("handler-130903001".into()),
    };
    let body = Body::Act { case, action: "pass".into(), form: fields(json!({})), version: None };
    let command = desk.command(COUNTY, twin, body);
    assert_eq!(desk.send(&command).unwrap_err().code, RefusalCode::SamePerson);
    desk.act(crate::fixture::DIRECTOR, case, "pass", json!({}));
    assert_eq!(desk.case(case).state, "closed");
}

#[test]
fn opening_is_for_those_declared_at_the_place() {
    let world = world();
    let mut desk = Desk::new(&world);
    let form = || json!({"category": "road", "text": "x", "place": "130903001001001"});
    for who in ["public", "api", "worker@130903001001001", "clerk@130903001", "clerk@130903002"] {
        // Anyone may open what the public may, in whatever post.
        assert!(desk.try_open(who, form()).is_ok(), "{who}");
    }
    let mut closed = world.clone();
    let mut model = (*closed.model).clone();
    model.processes.get_mut("matter").unwrap().open_by.remove(0);
    closed.model = std::sync::Arc::new(model);
    let mut desk = Desk::new(&closed);
    for (who, may) in [
        ("public", false),
        ("api", true),
        ("worker@130903001001001", true),
        ("worker@130903001001002", false),
        ("clerk@130903001", true),
        ("clerk@130903002", false),
        ("clerk@130903", false),
        ("leader@130903", false),
    ] {
        let result = desk.try_open(who, form()).map(|_| ()).map_err(|refusal| refusal.code);
        assert_eq!(result, if may { Ok(()) } else { Err(RefusalCode::NotAllowed) }, "{who}");
    }
}

fn any_post() -> impl Strategy<Value = (&'static str, &'static str)> {
    (prop::sample::select(ROLES.to_vec()), prop::sample::select(PLACES.to_vec()))
}

proptest! {
    /// What is listed may be read; what may be read but is not listed is tied to the post; nothing else is read.
    #[test]
    fn lists_and_single_cases_agree(
        (role, at) in any_post(),
        place in prop::sample::select(PLACES[2..].to_vec()),
        level in prop::sample::select(vec![Level::City, Level::County, Level::Township]),
        assignee in prop::option::of(any_post()),
        opened_by in prop::option::of(any_post()),
        assist in prop::collection::vec(any_post(), 0..3),
        marked in prop::option::of(any_post()),
    ) {
        let world = world();
        let mut desk = Desk::new(&world);
        let id = desk.open(json!({"category": "road", "text": "x", "place": "130903001001"}));
        let mut case = desk.case(id).clone();
        let named = |post: (&str, &str)| post_id(post.0, post.1);
        case.place = code(place);
        case.level = level;
        case.assignee = assignee.map(named);
        case.opened_by = opened_by.map(named);
        case.assist = assist.into_iter().map(named).collect();
        if let Some(post) = marked {
            case.marks.insert("m".into(), Mark { post: Some(named(post)), account: None, at: desk.now });
        }
        let id = post_id(role, at);
        let post: &Post = world.posts.get(&id).unwrap();
        let listed = who::reach(&world.model.processes["matter"], post).lists(post, &case);
        let read = who::may_read(&world, &actor(&format!("{role}@{at}")), Some(post), &case);
        let tied = case.assignee.as_ref() == Some(&id) || case.opened_by.as_ref() == Some(&id)
            || case.assist.contains(&id) || case.marks.values().any(|mark| mark.post.as_ref() == Some(&id));
        prop_assert!(!listed || read, "listed but not readable");
        prop_assert!(!read || listed || tied, "readable, not listed, not tied");
        prop_assert!(!read || tied || place.starts_with(at), "read outside the subtree");
    }
}

#[test]
fn nobody_reads_a_case_through_another_ones_number() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.open(json!({"category": "road", "text": "x", "place": "130903001001"}));
    for who in ["clerk@130903002", "worker@130903002001", "public", "leader@130904", "handler@130903001"] {
        let refusal = desk.try_act(who, case, "send", json!({})).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::NotFound, "{who}");
        assert!(refusal.args.is_empty() && refusal.message.is_none(), "a refusal must not say anything of the case");
    }
    let unknown = CaseId(uuid::Uuid::from_u128(999));
    let body = Body::Act { case: unknown, action: "send".into(), form: fields(json!({})), version: None };
    let command = desk.command(COUNTY, actor("clerk@130903001"), body);
    let absent = desk.send(&command).unwrap_err();
    assert_eq!(
        desk.try_act("clerk@130903002", case, "send", json!({})).unwrap_err(),
        absent,
        "the same words for both"
    );
}

#[test]
fn a_key_acts_as_the_post_held_in_its_name_and_no_further() {
    let plain = world();
    let held = |key: &str, role: &str, place: &str| Post {
        id: ganglion_model::PostId(format!("key.{key}")),
        role: role.to_owned(),
        place: code(place),
        title: ganglion_model::Text::default(),
        unit: ganglion_model::Text::default(),
        account: Some(ganglion_model::service_account(key)),
        valid_from: jiff::civil::date(2000, 1, 1),
        valid_to: None,
    };
    let keys = [
        held("west", "clerk", "130903001"),
        held("next", "clerk", "130904001"),
        held("feeder", ganglion_model::SERVICE_ROLE, "130903"),
        held("far", ganglion_model::SERVICE_ROLE, "130904"),
    ];
    let posts = ganglion_model::Posts::new(plain.posts.all().cloned().chain(keys));
    let world = ganglion_kernel::World { posts: std::sync::Arc::new(posts), ..plain };
    let mut desk = Desk::new(&world);
    let case = desk.open(json!({"category": "road", "text": "x", "place": "130903001001"}));
    let mut may = |key: &str, action: &str| {
        let body = Body::Act { case, action: action.into(), form: fields(json!({})), version: None };
        let command = desk.command(COUNTY, Actor::Api { key: key.into() }, body);
        let given = desk.given();
        allowed(decide(&world, desk.state(), &command, &given).map(|_| ()).map_err(|refusal| refusal.code))
    };
    assert!(may("west", "raise"), "a clerk of the township raises");
    assert!(!may("next", "raise"), "a clerk of another county does not");
    assert!(!may("feeder", "raise"), "a key without an office of its own has no clerk's right");
    assert!(may("feeder", "feed") && !may("far", "feed"), "what is open to systems is so inside the key's place");
    let mut opens = |key: &str| {
        let form = fields(json!({"category": "road", "text": "x", "place": "130903001001"}));
        let body = Body::Open { process: "matter".into(), form, channel: "web".into(), observed_at: None, from: None };
        let command = desk.command(COUNTY, Actor::Api { key: key.into() }, body);
        let given = desk.given();
        decide(&world, desk.state(), &command, &given).map(|_| ()).map_err(|refusal| refusal.code)
    };
    assert_eq!(opens("west"), Ok(()), "what anybody may open");
    assert_eq!(opens("far"), Err(RefusalCode::NotAllowed), "but not beyond the key's place");
}
