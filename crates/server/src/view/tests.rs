//! Views over the sample world, in both languages.

use super::facts::Opened;
use super::form::{Asked, Typed};
use super::sample::{self, Words, bare_world, look, matter, now};
use super::suggest::Likely;
use super::timeline::Story;
use super::{Look, People};
use ganglion_kernel::World;
use ganglion_kernel::clocks::Clock;
use ganglion_kernel::decide::problems::{PROBLEMS, REASONS, REFUSALS};
use ganglion_kernel::seal::seal;
use ganglion_kernel::similar::Chosen;
use ganglion_model::change::{Actor, Change, Entry, FieldFinding, Op, Refusal};
use ganglion_model::pack::Who;
use ganglion_model::row::{OPENED_FROM, RouteBy};
use ganglion_model::scope::ActorView;
use ganglion_model::{AccountId, Case, CommandId, Fields, Lang, Link, PostId, Shard};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use uuid::Uuid;

const BOTH: [Lang; 2] = [Lang::Zh, Lang::En];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn with_clock(world: &World, name: &str, started: Timestamp) -> Case {
    let mut case = matter("130903100201001", started, None, "k");
    let rule = world.model.processes["matter"].clocks[name].rule;
    case.clocks.insert(name.to_owned(), Clock::start(started, rule, &world.office));
    case
}

fn said(world: &World, case: &Case, now: Timestamp) -> (&'static str, String) {
    let words = Words::of(Lang::Zh);
    let look = Look { world, say: &words, now };
    let clock = look.main_clock(&world.model.processes["matter"], case);
    (clock.kind, clock.text)
}

#[test]
fn clocks_say_what_is_left_over_or_used() {
    let world = bare_world();
    let monday = at("2022-06-27T01:00:00Z");
    let case = with_clock(&world, "handle", monday);
    assert_eq!(said(&world, &case, monday).0, "plenty");
    let (kind, text) = said(&world, &case, at("2022-06-29T02:00:00Z"));
    assert_eq!((kind, text.contains('剩')), ("soon", true), "{text}");
    let (kind, text) = said(&world, &case, at("2022-07-01T02:00:00Z"));
    assert_eq!((kind, text.as_str()), ("overdue", "超 2 个工作日"));
    let mut paused = case.clone();
    paused.clocks.get_mut("handle").unwrap().pause(monday + SignedDuration::from_hours(2)).unwrap();
    assert_eq!(said(&world, &paused, at("2022-07-08T02:00:00Z")).0, "paused");
    let mut stopped = case.clone();
    stopped.clocks.get_mut("handle").unwrap().stop(at("2022-06-28T02:00:00Z")).unwrap();
    stopped.state = "done".to_owned();
    assert_eq!(said(&world, &stopped, at("2023-07-08T02:00:00Z")).0, "done");
    assert_eq!(said(&world, &matter("130903", monday, None, "k"), monday).0, "none");
    let hours = with_clock(&world, "dispatch", monday);
    assert_eq!(said(&world, &hours, monday + SignedDuration::from_mins(50)), ("soon", "剩 10 分钟".to_owned()));
}

#[test]
fn a_settled_case_shows_how_its_promise_was_kept_and_not_what_still_runs() {
    let world = bare_world();
    let monday = at("2022-06-27T01:00:00Z");
    let mut case = with_clock(&world, "handle", monday);
    case.clocks.extend(with_clock(&world, "dispatch", monday).clocks);
    assert_eq!(
        said(&world, &case, monday + SignedDuration::from_hours(30)).0,
        "overdue",
        "the hour to dispatch is over"
    );
    case.state = "done".to_owned();
    case.clocks.get_mut("handle").unwrap().stop(monday + SignedDuration::from_hours(3)).unwrap();
    assert_eq!(said(&world, &case, monday + SignedDuration::from_hours(30)).0, "done");
}

#[test]
fn every_refusal_and_problem_has_words_in_both_languages() {
    let world = bare_world();
    for lang in BOTH {
        let words = Words::of(lang);
        let look = look(&world, &words);
        for code in REFUSALS {
            let refusal = Refusal::new(code).with("state", "open").with("number", "M-1").with("from", "2022-06-27");
            let refusal = refusal.with("register", "pond").with("by", "P1").with("count", "2");
            let text = look.refusal(world.model.processes.get("matter"), &refusal);
            assert!(!text.contains("refusal-") && !text.contains("{$"), "{code:?}: {text}");
        }
        for reason in REASONS {
            let refusal =
                Refusal::new(ganglion_model::RefusalCode::Guard).with("reason", reason).with("clock", "handle");
            let text = look.refusal(world.model.processes.get("matter"), &refusal);
            assert_ne!(text, look.t("refusal-guard"), "{reason} has no words of its own");
        }
        for problem in PROBLEMS {
            let args = [("max", "9"), ("min", "1"), ("given", "12"), ("scale", "2"), ("unit", "mu"), ("more", "x")];
            let finding = FieldFinding {
                field: "kind".to_owned(),
                problem: problem.to_owned(),
                message: None,
                args: args.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            };
            let text = look.problem(None, &finding, "LABEL");
            assert_ne!(text, look.say("problem-other", &[("label", "LABEL".into())]), "{problem} has no words");
            assert!(!text.contains("{$"), "{problem}: {text}");
        }
    }
}

#[test]
fn every_routing_explains_itself() {
    let world = bare_world();
    let mut case = matter("130903100201001", now(), None, "k");
    case.route.edition = Some("2022".to_owned());
    let village = "130903100202".parse().unwrap();
    for lang in BOTH {
        let words = Words::of(lang);
        let look = look(&world, &words);
        for by in [RouteBy::Point, RouteBy::Border, RouteBy::Named, RouteBy::Inherited, RouteBy::Moved] {
            case.route.by = by;
            let text = look.routing_text(&case.route);
            assert!(text.contains("第一网格"), "{by:?}: {text}");
        }
        case.route.by = RouteBy::Point;
        assert!(look.routing_text(&case.route).contains(if lang == Lang::Zh { "合成" } else { "synthetic" }));
        case.route.near = vec![(village, 12)];
        case.route.host = Some("130921".parse().unwrap());
        let text = look.routing_text(&case.route);
        assert!(text.contains("西花园村") && text.contains("12") && text.contains("沧县"), "{text}");
        case.route.near.clear();
        case.route.host = None;
    }
    case.route.moved_from = vec![(village, now())];
    let words = Words::of(Lang::Zh);
    let moved = look(&world, &words).routing(&case);
    assert_eq!(moved.history.len(), 1);
    assert!(moved.history[0].from.contains("西花园村") && moved.history[0].to.contains("第一网格"));
}

#[test]
fn personal_values_are_masked_and_only_named_roles_are_offered_to_see_them() {
    let world = bare_world();
    let process = &world.model.processes["matter"];
    let mut case = matter("130903100201001", now(), None, "k");
    case.fields.insert("phone".to_owned(), seal(&[1; 32], "c/phone", "13912340000").unwrap().into());
    let words = Words::of(Lang::Zh);
    let look = look(&world, &words);
    let values = BTreeMap::from([("phone".to_owned(), "13912340000".to_owned())]);
    let phone = |role: &str, opened: &Opened| {
        let groups = look.fact_groups(process, &case, role, opened);
        groups.into_iter().flat_map(|group| group.items).find(|fact| fact.label == "phone").unwrap()
    };
    let closed = Opened { values: values.clone(), ..Opened::default() };
    let clear = Opened { values, in_clear: true, ..Opened::default() };
    assert_eq!(phone("dispatcher", &closed).value, "139****0000");
    assert!(phone("dispatcher", &closed).reveal_href.is_some());
    assert!(phone("handler", &closed).reveal_href.is_none());
    assert_eq!(phone("dispatcher", &clear).value, "13912340000");
    assert_eq!(phone("handler", &clear).value, "139****0000", "others never see it, whatever was opened");
    assert_eq!(phone("handler", &Opened::default()).value, "***", "without the key nothing is shown");
    let gone = Opened { erased: true, ..Opened::default() };
    assert_ne!(phone("handler", &gone).value, "***", "an erased value says that it was erased");
    assert_eq!(look.revealable(process, &case, "handler").len(), 0);
}

fn entry(actor: Actor, change: Change) -> Entry {
    Entry { shard: Shard(130_903), seq: 1, at: now(), actor, command: CommandId(Uuid::nil()), change }
}

#[test]
fn the_timeline_says_who_did_what_on_whose_authority_and_why() {
    let world = bare_world();
    let case = matter("130903100201001", now(), None, "k");
    let words = Words::of(Lang::Zh);
    let look = look(&world, &words);
    let account = AccountId("dispatcher.130903100".to_owned());
    let people = People::from([(account.clone(), "王秀兰".to_owned())]);
    let actor = Actor::Post { post: PostId("dispatcher.130903100".to_owned()), account };
    let duty = PostId("handler.130903100".to_owned());
    let ops = vec![
        Op::Assign { post: Some(duty.clone()) },
        Op::State { from: "open".to_owned(), to: "working".to_owned(), last: false },
    ];
    let input = Fields::from([("duty".to_owned(), duty.0.into()), ("note".to_owned(), "今天清掉".into())]);
    let overdue = vec![Op::Fired { clock: "handle".to_owned() }];
    let entries = [
        entry(
            Actor::System,
            Change::Case { case: case.id, action: "overdue".to_owned(), ops: overdue, input: Fields::new() },
        ),
        entry(actor, Change::Case { case: case.id, action: "dispatch".to_owned(), ops, input }),
        entry(Actor::Public, Change::Opened { case: Box::new(case.clone()) }),
    ];
    let story = Story { process: &world.model.processes["matter"], people: &people, role: "dispatcher" };
    let told = look.timeline(&story, &entries);
    assert!(told[0].verb.contains("handle") && told[0].tone == "bad" && told[0].post == "系统");
    let dispatched = &told[1];
    assert_eq!((dispatched.who.as_str(), dispatched.verb.as_str()), ("王*", "dispatch"));
    assert_eq!((dispatched.authority.as_str(), dispatched.reason.as_str()), ("rule 12", "今天清掉"));
    assert_eq!((dispatched.from_state.as_str(), dispatched.to_state.as_str()), ("open", "working"));
    assert_eq!(dispatched.details.len(), 1, "the duty post is told once: {:?}", dispatched.details);
    assert!(told[2].details[0].text.contains("按名称"), "{:?}", told[2].details);
}

#[test]
fn forms_keep_what_was_typed_and_name_what_is_wrong() {
    let world = bare_world();
    let process = &world.model.processes["matter"];
    let case = matter("130903100201001", now(), None, "k");
    let words = Words::of(Lang::Zh);
    let look = look(&world, &words);
    let actor = Actor::Post {
        post: PostId("dispatcher.130903100".to_owned()),
        account: AccountId("dispatcher.130903100".to_owned()),
    };
    let suggested = look.suggestions(process, &case, &actor, &[]);
    let view = ActorView::default();
    let asked = Asked {
        process,
        case: Some(&case),
        actor: &view,
        place: case.place,
        suggested: &suggested,
        prefix: "dispatch-",
    };
    let values = Fields::from([("note".to_owned(), "请今天清掉".into())]);
    let findings = [FieldFinding {
        field: "duty".to_owned(),
        problem: "required".to_owned(),
        message: None,
        args: BTreeMap::new(),
    }];
    let action = process.action("open", "dispatch").unwrap();
    let form =
        look.action_form(&asked, action, Vec::new(), Typed { values: Some(&values), findings: &findings, more: None });
    assert_eq!(form.fields[1].value, "请今天清掉");
    assert_eq!(form.errors[0].id, form.fields[0].id, "the summary leads to the field");
    assert!(form.fields[0].error.as_deref().is_some_and(|error| error.contains("duty")));
    let offered: Vec<&str> = form.fields[0].options.iter().map(|option| option.value.as_str()).collect();
    assert_eq!(offered[0], "grid_worker.130903100201001", "the post of the grid stands first");
    assert!(offered.contains(&"handler.130903100") && !offered.contains(&"handler.130903101"));
    assert!(form.fields[0].options[0].hint.as_deref().is_some_and(|hint| hint.contains("第一网格")));
}

#[test]
fn who_had_most_of_the_similar_cases_stands_first_with_the_count() {
    let world = bare_world();
    let case = matter("130903100201001", now(), None, "k");
    let words = Words::of(Lang::Zh);
    let look = look(&world, &words);
    let process = &world.model.processes["matter"];
    let by = "dispatcher.130903100".to_owned();
    let actor = Actor::Post { post: PostId(by.clone()), account: AccountId(by) };
    let chosen = |value: &str| vec![Chosen { value: value.to_owned(), count: 11, of: 14 }];
    let had = |post: &str| Likely {
        action: "dispatch".to_owned(),
        field: "duty".to_owned(),
        chosen: chosen(post),
        around: false,
    };
    let found = look.suggestions(process, &case, &actor, &[had("handler.130903100")]);
    assert_eq!(found[0].post.0, "handler.130903100");
    assert!(found[0].reasons[0].contains("14 件") && found[0].reasons[0].contains("11 件"), "{:?}", found[0].reasons);
    let around = Likely { around: true, ..had("handler.130903100") };
    let found = look.suggestions(process, &case, &actor, &[around]);
    let one = found.iter().find(|one| one.post.0 == "handler.130903100").unwrap();
    assert!(one.reasons[0].contains("新近办结") && one.reasons[0].contains("11 件"), "{:?}", one.reasons);
    let elsewhere = look.suggestions(process, &case, &actor, &[had("handler.130903101")]);
    assert!(
        elsewhere.iter().all(|one| one.post.0 != "handler.130903101"),
        "whom the form does not offer is not suggested"
    );
}

#[test]
fn suggestions_need_the_permission_to_dispatch() {
    let world = bare_world();
    let case = matter("130903100201001", now(), None, "k");
    let words = Words::of(Lang::En);
    let look = look(&world, &words);
    let process = &world.model.processes["matter"];
    let of = |post: &str| {
        let actor = Actor::Post { post: PostId(post.to_owned()), account: AccountId(post.to_owned()) };
        look.suggestions(process, &case, &actor, &[]).len()
    };
    assert_eq!(of("dispatcher.130903100"), 2);
    assert_eq!(of("handler.130903100"), 0);
}

#[test]
fn lines_of_lists_are_filled_for_cases_of_packs_that_are_gone() {
    let world = bare_world();
    let words = Words::of(Lang::Zh);
    let look = look(&world, &words);
    let mut case = matter("130903100201001", now(), None, "k");
    let row = look.case_row(&case, "/x".to_owned());
    assert_eq!((row.title.as_str(), row.place.as_str()), ("路口积水", "小王庄村 第一网格"));
    assert_eq!((row.state.tone, row.source.as_str()), ("new", "online"));
    case.process = "gone".to_owned();
    assert_eq!(look.case_row(&case, "/x".to_owned()).title, case.number);
    assert_eq!(sample::post("a", "1309").place, world.places.root);
}

#[test]
fn where_a_case_came_from_is_said_as_it_was() {
    let mut world = bare_world();
    let words = Words::of(Lang::En);
    let mut case = matter("130903100201001", now(), None, "k");
    let source = |world: &World, case: &Case| look(world, &words).source(case);
    case.channel = "window".to_owned();
    assert_eq!(source(&world, &case), "window", "residents report here: somebody came");
    let mut model = ganglion_model::Model::clone(&world.model);
    model.processes.get_mut("matter").unwrap().open_by = vec![Who::System];
    world.model = std::sync::Arc::new(model);
    assert_eq!(source(&world, &case), "Entered by staff");
    case.channel = "cross_system".to_owned();
    assert_eq!(source(&world, &case), "Opened by a standing rule or a schedule");
    let other = matter("130903100201002", now(), None, "k");
    case.links.push(Link::to(&other, OPENED_FROM));
    assert_eq!(source(&world, &case), "Opened out of another case");
}

#[test]
fn every_field_of_a_form_is_called_by_its_title_when_something_is_wrong() {
    let world = bare_world();
    let words = Words::of(Lang::Zh);
    let look = look(&world, &words);
    let form = &world.model.processes["matter"].form;
    assert!(form.len() > 1, "the second field is what could go wrong");
    for field in form {
        let finding = FieldFinding {
            field: field.name.clone(),
            problem: "required".to_owned(),
            message: None,
            args: BTreeMap::default(),
        };
        let errors = look.problems(form, &[finding], &str::to_owned);
        assert_eq!(errors[0].label, look.text(&field.title));
    }
}

#[test]
fn less_than_a_day_is_said_so_and_not_as_no_day() {
    for (lang, day, said) in [
        (Lang::Zh, 0, "不到 1 个工作日"),
        (Lang::Zh, 2, "2 个工作日"),
        (Lang::En, 0, "less than a working day"),
        (Lang::En, 1, "1 working day"),
    ] {
        let words = Words::of(lang);
        let world = bare_world();
        let length = ganglion_model::clocks::Length::new(day, ganglion_model::clocks::Unit::WorkingDay);
        assert_eq!(look(&world, &words).amount(length).replace(['\u{2068}', '\u{2069}'], ""), said);
    }
}
