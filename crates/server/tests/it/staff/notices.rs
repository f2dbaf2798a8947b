//! A public notice: only what the pack allows, only while it stands.

use super::queues::hall;
use super::town::{Plain as _, act};
use ganglion_model::{Actor, Body, Command, CommandId, Fields, Shard};
use serde_json::json;

const NAME: &str = "张三丰";
const IDENTITY: &str = "139999199001010016";

#[tokio::test]
async fn a_notice_shows_its_fields_and_is_gone_after_its_time() {
    let town = hall().await;
    let form: Fields = serde_json::from_value(
        json!({"about": "私事", "where": "130903001201", "name": NAME, "identity": IDENTITY, "people": 3}),
    )
    .unwrap();
    let body = Body::Open { process: "grant".into(), form, channel: "online".into(), observed_at: None, from: None };
    let command = Command { id: CommandId(town.app.clock.id()), shard: Shard(130_903), actor: Actor::Public, body };
    let opened = town.app.committer.send(command).await.unwrap();
    let (number, case) = (opened.number.unwrap(), opened.case.unwrap());
    let mut visitor = town.visitor();
    assert!(visitor.get("/notices").await.plain().contains("No notice stands here"));
    let mut handler = town.as_("handler").await;
    assert_eq!(act(&mut handler, &number, "publish", &[]).await.status, 303);
    let one = format!("/notices/{case}/grant");
    for path in ["/notices", "/notices?place=130903001", one.as_str()] {
        let page = visitor.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        assert!(page.plain().contains("张*") && page.plain().contains("Notice of a grant"), "{path}");
        for hidden in [NAME, IDENTITY, "私事", "139999"] {
            assert!(!page.plain().contains(hidden), "{path} shows {hidden}");
        }
    }
    let told = visitor.read("/api/notices?place=130903001", None).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let notice = &told.json()["items"][0];
    assert_eq!(
        (&notice["notice"], &notice["place"], &notice["page"]),
        (&json!("grant"), &json!("130903001201"), &json!(one))
    );
    assert!(notice["facts"].as_array().unwrap().iter().any(|fact| fact["value"] == "3"), "{notice}");
    for hidden in [NAME, IDENTITY, "张", "私事", "139999"] {
        assert!(!told.text.contains(hidden), "other software is told {hidden}");
    }
    assert_eq!(visitor.read("/api/notices?place=130903002", None).await.json()["items"], json!([]));
    for (bad, status) in [("place=12", 404), ("place=nothing", 422), ("after=x", 422), ("colour=red", 422)] {
        assert_eq!(visitor.read(&format!("/api/notices?{bad}"), None).await.status, status, "{bad}");
    }
    assert!(visitor.get("/notices?place=130903002").await.plain().contains("No notice stands here"));
    assert_eq!(visitor.get("/notices?place=nothing").await.status, 404);
    let page = visitor.get(&one).await.plain();
    assert!(
        page.contains("<option value=\"130903001201\" selected"),
        "an objection belongs where the notice stands: {page}"
    );
    let bad = visitor.post_form(&format!("{one}/object"), &[("about", "不实")]).await;
    assert_eq!(bad.status, 422, "{}", bad.text);
    assert!(bad.plain().contains("不实"), "what was typed is kept");
    let form = [("about", "不实"), ("topic", "road"), ("where", "130903001201")];
    let objected = visitor.post_form(&format!("{one}/object"), &form).await;
    assert_eq!(objected.status, 303, "{}", objected.text);
    // Eight days later, before any job has run.
    town.wait(8 * 86_400);
    for path in ["/notices", "/notices?place=130903001"] {
        assert!(visitor.get(path).await.plain().contains("No notice stands here"), "{path}");
    }
    assert_eq!(visitor.read("/api/notices", None).await.json()["items"], json!([]));
    assert_eq!(visitor.get(&one).await.status, 404);
    assert_eq!(visitor.post_form(&format!("{one}/object"), &form).await.status, 404);
}
