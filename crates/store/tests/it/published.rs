//! Published values come out the same however much has happened since, and whoever meddles is found out.

use crate::support::history::{History, Step, send, works, world_of};
use crate::support::rows::{at, command_id};
use crate::support::world::clerk_of;
use crate::support::{memory, run};
use ganglion_kernel::commit::Works;
use ganglion_kernel::{CommitError, World};
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::expr::{Cmp, Expr};
use ganglion_model::pack::{Effect, FigurePeriod, Formula, Indicator, NoticeDef, Rule, ShownFigure, Source};
use ganglion_model::{CaseId, Fields, Level, Model, Shard, Text};
use ganglion_store::judged::judge;
use ganglion_store::published::{PublishError, Published, Verdict, publish, verify};
use std::sync::Arc;

fn open() -> (Step, u16) {
    (Step::Open { township: 0, category: 1, reference: None, phone: false }, 5)
}

fn with_indicator(world: &World, decimals: u8) -> World {
    let mut model = Model::clone(&world.model);
    let reports = Indicator { decimals, ..Indicator::reading("reports", Formula::Count("opened".to_owned())) };
    model.indicators.insert("reports".to_owned(), reports);
    World { model: Arc::new(model), ..world.clone() }
}

#[test]
fn a_published_value_is_worked_out_again_to_the_digit_and_meddling_is_seen() {
    run(async {
        let works = works(memory().store);
        let world = with_indicator(&world_of(&works), 0);
        let store = &*works.store;
        let mut history = History::default();
        history.go_on(&works, &[open(), open()]).await;
        let year = ganglion_kernel::clocks::local_date(at(0)).year().to_string();
        let published = publish(store, &world, ("reports", "130922".parse().unwrap(), &year), at(3600)).await.unwrap();
        assert_eq!((published.value.as_deref(), published.rows), (Some("2"), 2));
        history.go_on(&works, &[open()]).await;
        assert_eq!(verify(store, &world, &published).await.unwrap(), Verdict::Same);
        let again: Published = serde_json::from_str(&serde_json::to_string(&published).unwrap()).unwrap();
        assert_eq!(again, published);
        let forged = Published { value: Some("3".to_owned()), ..published.clone() };
        assert_eq!(verify(store, &world, &forged).await.unwrap(), Verdict::Differs(Some("2".to_owned())));
        let other = with_indicator(&world, 1);
        assert_eq!(verify(store, &other, &published).await.unwrap(), Verdict::DefinitionChanged);
        let mut journals = published.journals.clone();
        journals.values_mut().for_each(|(_, root)| *root = "00".to_owned());
        let rewritten = Published { journals, ..published };
        assert!(matches!(verify(store, &world, &rewritten).await.unwrap(), Verdict::JournalChanged(_)));
    });
}

/// A rule that no report may be a week old, and the figure that counts those that are.
fn with_rule(world: &World) -> World {
    let mut model = Model::clone(&world.model);
    let path = |text: &str| Expr::Path(text.split('.').map(str::to_owned).collect());
    let rule = Rule {
        name: "young".to_owned(),
        pack: "test".to_owned(),
        order: 0,
        title: Text::default(),
        over: Source::Process("report".to_owned()),
        when: None,
        holds: Expr::Cmp(Cmp::Lt, Box::new(path("today")), Box::new(Expr::Lit("2023-11-21".into()))),
        daily: true,
        message: Text::default(),
        open: None,
    };
    model.rules.insert("young".to_owned(), rule);
    let old = Indicator { decimals: 0, ..Indicator::reading("old", Formula::Broken("young".to_owned())) };
    model.indicators.insert("old".to_owned(), old);
    World { model: Arc::new(model), ..world.clone() }
}

#[test]
fn what_the_day_alone_broke_is_published_once_it_was_judged_and_worked_out_again() {
    run(async {
        let works = works(memory().store);
        let world = with_rule(&world_of(&works));
        let store = &*works.store;
        let mut history = History::default();
        history.go_on(&works, &[open(), open()]).await;
        let later = at(10 * 86_400);
        let day = ganglion_kernel::clocks::local_date(later);
        let asked = ("old", "130922".parse().unwrap(), "2023-11");
        let early = publish(store, &world, asked, later).await;
        assert!(matches!(early, Err(PublishError::NotJudged(one)) if one == day), "{early:?}");
        assert_eq!(judge(store, &world, day).await.unwrap(), Some(2));
        let published = publish(store, &world, asked, later).await.unwrap();
        assert_eq!((published.value.as_deref(), published.rows), (Some("2"), 2));
        history.go_on(&works, &[open()]).await;
        assert_eq!(verify(store, &world, &published).await.unwrap(), Verdict::Same);
        let forged = Published { value: Some("3".to_owned()), ..published.clone() };
        assert_eq!(verify(store, &world, &forged).await.unwrap(), Verdict::Differs(Some("2".to_owned())));
        let mut model = Model::clone(&world.model);
        model.rules.get_mut("young").unwrap().when = Some(Expr::Lit(true.into()));
        let other = World { model: Arc::new(model), ..world.clone() };
        assert_eq!(verify(store, &other, &published).await.unwrap(), Verdict::DefinitionChanged);
    });
}

/// The action `give` puts up a notice that shows how many reports the county had in the year.
fn with_notice(world: &World, indicator: &str) -> World {
    let mut model = Model::clone(&world.model);
    let process = model.processes.get_mut("report").unwrap();
    let figure = ShownFigure {
        name: "year".to_owned(),
        indicator: indicator.to_owned(),
        at: None,
        level: Some(Level::County),
        period: FigurePeriod::Year,
        before: false,
        on: None,
    };
    let notice = NoticeDef {
        name: "result".to_owned(),
        title: Text::default(),
        text: Text::default(),
        fields: vec![],
        figures: vec![figure],
        rule: "7 CD".parse().unwrap(),
        objection: None,
        then: None,
        basis: Text::default(),
    };
    process.notices.insert("result".to_owned(), notice);
    let actions = &mut process.states.get_mut("filed").unwrap().actions;
    let give = actions.iter_mut().find(|action| action.name == "give").unwrap();
    give.effects = vec![Effect::Publish("result".to_owned())];
    World { model: Arc::new(model), ..world.clone() }
}

fn give(n: u128, case: CaseId) -> Command {
    let (post, account) = clerk_of("130922");
    let body = Body::Act { case, action: "give".to_owned(), form: Fields::new(), version: None };
    Command { id: command_id(n), shard: Shard(130_922), actor: Actor::Post { post, account }, body }
}

async fn opened(works: &Works, history: &mut History) -> CaseId {
    history.go_on(works, &[open()]).await;
    history.answers.last().unwrap().as_ref().unwrap().case.unwrap()
}

#[test]
fn a_figure_of_a_notice_is_counted_as_it_is_put_up_kept_and_worked_out_again() {
    run(async {
        let works = works(memory().store);
        let world = with_notice(&with_indicator(&world_of(&works), 0), "reports");
        works.world.store(Arc::new(world.clone()));
        let mut history = History::default();
        let first = opened(&works, &mut history).await;
        let second = opened(&works, &mut history).await;
        let put_up = send(&works, &[(give(1, first), at(3600)), (give(2, second), at(3600))], 2).await;
        assert!(put_up.iter().all(Result::is_ok), "{put_up:?}");
        opened(&works, &mut history).await;
        let case = works.store.case(Shard(130_922), first).await.unwrap().unwrap();
        let published = case.published();
        let [figure] = published.as_slice() else { panic!("{published:?}") };
        let year = ganglion_kernel::clocks::local_date(at(3600)).year().to_string();
        assert_eq!((figure.value.as_deref(), figure.rows, figure.period.as_str()), (Some("2"), 2, year.as_str()));
        assert_eq!(figure.place.to_string(), "130922");
        assert_eq!(verify(&*works.store, &world, figure).await.unwrap(), Verdict::Same);
        let now = publish(&*works.store, &world, ("reports", figure.place, &year), at(3600)).await.unwrap();
        assert_eq!(now.value.as_deref(), Some("3"), "what is shown stays, what is counted goes on");
    });
}

#[test]
fn a_figure_that_cannot_be_counted_refuses_its_own_step_and_no_other() {
    run(async {
        let works = works(memory().store);
        let world = with_notice(&with_indicator(&world_of(&works), 0), "gone");
        works.world.store(Arc::new(world));
        let mut history = History::default();
        let case = opened(&works, &mut history).await;
        let (post, account) = clerk_of("130922");
        let body = Body::Act { case, action: "move".to_owned(), form: Fields::new(), version: None };
        let other = Command { id: command_id(9), shard: Shard(130_922), actor: Actor::Post { post, account }, body };
        let answers = send(&works, &[(give(1, case), at(3600)), (other, at(3600))], 2).await;
        let reason = |n: usize| match &answers[n] {
            Err(CommitError::Refused(refusal)) => refusal.args.get("reason").cloned().unwrap_or_default(),
            other => panic!("{other:?}"),
        };
        assert_eq!(reason(0), "no_figure");
        assert_eq!(reason(1), "", "judged by itself: it lacks a place");
        let kept = works.store.case(Shard(130_922), case).await.unwrap().unwrap();
        assert!(kept.notices.is_empty() && kept.state == "filed");
    });
}
