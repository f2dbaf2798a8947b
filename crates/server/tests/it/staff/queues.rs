//! Queues and boards in pages and for programs: calling, waiting, being told, and who finds nothing here.

use super::town::{Plain as _, Town};
use ganglion_model::{Actor, Body, Command, CommandId, Fields, Model, Shard};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

const WINDOWS: [(&str, &str, &str); 2] = [("wei", "window", "130903001"), ("xin", "window", "130903002")];

pub async fn hall() -> Town {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/tests/packs/flows");
    let (model, findings) = ganglion_pack::compile_folders(&[pack]).unwrap();
    let model: Arc<Model> = Arc::new(model.unwrap_or_else(|| panic!("{findings}")));
    Town::of(&model, &WINDOWS).await
}

async fn ticket(town: &Town, counter: &str) -> String {
    let form: Fields = serde_json::from_value(json!({"hall": "130903001", "counter": counter})).unwrap();
    let body = Body::Open { process: "ticket".into(), form, channel: "kiosk".into(), observed_at: None, from: None };
    let command = Command { id: CommandId(town.app.clock.id()), shard: Shard(130_903), actor: Actor::Public, body };
    town.app.committer.send(command).await.unwrap().number.unwrap()
}

#[tokio::test]
async fn a_window_calls_the_next_and_sees_it_beside_the_queue() {
    let town = hall().await;
    let first = ticket(&town, "general").await;
    town.wait(60);
    let second = ticket(&town, "tax").await;
    let mut wei = town.as_("wei").await;
    let desk = wei.get("/desk").await;
    assert!(desk.plain().contains("/queue/ticket"), "the desk leads to the queue");
    let page = wei.get("/queue/ticket").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.plain().contains(&first) && page.plain().contains(&second) && page.plain().contains("2 waiting"));
    let called = wei.post_form("/queue/ticket/next", &[("window", "3")]).await;
    assert_eq!(called.status, 303, "{}", called.text);
    assert!(called.location().contains(&first), "{}", called.location());
    let beside = wei.get(called.location()).await;
    assert!(beside.plain().contains("Serve") && beside.plain().contains("1 waiting"), "{}", beside.plain());
    let tax = wei.post_form("/queue/ticket/next", &[("lane", "tax")]).await;
    assert!(tax.location().contains(&second));
    let nobody = wei.post_form("/queue/ticket/next", &[("window", "4")]).await;
    assert_eq!(nobody.status, 409);
    assert!(
        nobody.plain().contains("Nobody is waiting") && nobody.plain().contains("value=\"4\""),
        "{}",
        nobody.plain()
    );
}

#[tokio::test]
async fn a_queue_is_there_for_those_who_serve_it() {
    let town = hall().await;
    let mine = ticket(&town, "general").await;
    let mut xin = town.as_("xin").await;
    assert!(!xin.get("/queue/ticket").await.plain().contains(&mine), "another hall");
    let mut call = town.as_("call").await;
    assert_eq!(call.get("/queue/ticket").await.status, 404);
    assert_eq!(call.post_form("/queue/ticket/next", &[]).await.status, 404);
    assert_eq!(xin.get("/queue/complaint").await.status, 404, "a process without a queue");
    assert_eq!(xin.get("/queue/nothing").await.status, 404);
}

#[tokio::test]
async fn a_board_has_a_column_for_each_state() {
    let town = hall().await;
    let number = ticket(&town, "general").await;
    let mut wei = town.as_("wei").await;
    let board = wei.get("/cases/board?process=ticket").await;
    assert_eq!(board.status, 200, "{}", board.text);
    for word in [number.as_str(), "Waiting", "Called", "Served", "Gone", "Nothing in this state"] {
        assert!(board.plain().contains(word), "the board does not say {word}");
    }
    let begun = wei.get("/cases/board").await;
    assert_eq!((begun.status, begun.location()), (303, "/cases/board?process=ticket"), "where most is open");
    assert_eq!(wei.get("/cases/board?process=nothing").await.status, 404);
    let bad = wei.get("/cases/board?process=ticket&after.waiting=x_y").await;
    assert_eq!(bad.status, 200, "what cannot be read begins at the top");
}
