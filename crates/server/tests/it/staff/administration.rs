//! Administration: imports are tried first and written whole; accounts and posts.

use super::town::{Plain as _, Town, square};
use crate::support::{Browser, Part};

const HEAD: &str = "code,name,kind,valid_from,valid_to,predecessors\n";

async fn upload(browser: &mut Browser, kind: &str, bytes: &[u8]) -> crate::support::Answer {
    let parts = [Part::Text("kind", kind), Part::File("file", "places.csv", bytes)];
    browser.post_parts("/admin/import", &parts).await
}

#[tokio::test]
async fn a_bad_file_names_every_line_and_changes_nothing() {
    let town = Town::new().await;
    let before = town.store.places().await.unwrap();
    let mut admin = town.as_("admin").await;
    let file = format!(
        "{HEAD}130903003,North Town,town,2022-01-01,,\n13090300,Short,town,2022-01-01,,\n130903004,Castle,castle,2022-01-01,,\n\
         130999001,Orphan,town,2022-01-01,,\n140101,Elsewhere,district,2022-01-01,,\n"
    );
    let tried = upload(&mut admin, "places", file.as_bytes()).await;
    assert_eq!(tried.status, 200, "{}", tried.text);
    for (line, said) in
        [("3", "not a place code"), ("4", "no kind"), ("5", "does not exist"), ("6", "outside what you administer")]
    {
        assert!(tried.plain().contains(said), "line {line}: {}", tried.text);
    }
    assert!(!tried.plain().contains("/admin/import/confirm"), "nothing to confirm");
    assert_eq!(town.store.places().await.unwrap(), before);
}

#[tokio::test]
async fn a_clean_file_is_written_whole_after_it_was_confirmed() {
    let town = Town::new().await;
    let mut admin = town.as_("admin").await;
    let file = format!(
        "{HEAD}130903003,North Town,town,2022-01-01,,\n130903003201,North Village,village_committee,2022-01-01,,\n"
    );
    let tried = upload(&mut admin, "places", file.as_bytes()).await;
    assert!(tried.plain().contains("/admin/import/confirm"), "{}", tried.text);
    assert!(!admin.get("/admin/places?code=130903").await.plain().contains("North Town"), "not before it is confirmed");
    let job = tried.typed("job").unwrap();
    let form = [("job", job.as_str()), ("kind", "places"), ("name", "places.csv")];
    let done = admin.post_form("/admin/import/confirm", &form).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(admin.get("/admin/places?code=130903").await.plain().contains("North Town"));
    assert!(
        !admin.get("/admin/places?code=130903&on=2021-01-01").await.plain().contains("North Town"),
        "as of a day before"
    );
    assert_eq!(admin.post_form("/admin/import/confirm", &form).await.status, 404, "once only");
    let outline = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"code":"130903003"}},"geometry":{}}}]}}"#,
        square(116.88, 116.90)
    );
    let tried = upload(&mut admin, "outlines", outline.as_bytes()).await;
    let job = tried.typed("job").unwrap_or_else(|| panic!("{}", tried.text));
    let done = admin.post_form("/admin/import/confirm", &[("job", &job), ("kind", "outlines"), ("name", "o")]).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(town.store.outlines().await.unwrap().len(), 4);
}

#[tokio::test]
async fn any_bytes_are_answered_and_no_file_is_said() {
    let town = Town::new().await;
    let mut admin = town.as_("admin").await;
    for bytes in [&b""[..], b"\xff\xfe\x00\x01", b"{", b"code,name,kind,valid_from\n\"", b"PK\x03\x04"] {
        for kind in ["places", "outlines"] {
            let answer = upload(&mut admin, kind, bytes).await;
            assert!(answer.status < 500, "{kind} {bytes:?}: {}", answer.text);
            assert!(!answer.plain().contains("/admin/import/confirm"), "{kind} {bytes:?}");
        }
    }
    let none = admin.post_parts("/admin/import", &[Part::Text("kind", "places")]).await;
    for none in [none, upload(&mut admin, "places", b"").await] {
        assert_eq!(none.status, 422);
        assert!(none.plain().contains("Choose a file") && !none.plain().contains("is missing"), "{}", none.text);
    }
    let odd = admin.post_form("/admin/import/confirm", &[("job", "../../etc/passwd"), ("kind", "places")]).await;
    assert_eq!(odd.status, 404);
    let mut county = town.as_("countyadmin").await;
    let file = format!("{HEAD}130921,Elsewhere,county,2022-01-01,,\n");
    assert!(upload(&mut county, "places", file.as_bytes()).await.plain().contains("outside what you administer"));
}

#[tokio::test]
async fn accounts_are_made_with_a_post_and_switched_off() {
    let town = Town::new().await;
    let mut admin = town.as_("countyadmin").await;
    let form = |account: &'static str, place: &'static str| {
        [
            ("account", account),
            ("name", "New Person"),
            ("password", "Long enough 1"),
            ("role", "handler"),
            ("place", place),
        ]
    };
    let made = admin.post_form("/admin/accounts", &form("newhandler", "130903001")).await;
    assert_eq!(made.status, 303, "{}", made.text);
    for place in ["West Town", " County · West Town "] {
        let account: &'static str = if place == "West Town" { "byname" } else { "bypath" };
        assert_eq!(admin.post_form("/admin/accounts", &form(account, place)).await.status, 303, "{place}");
    }
    let unknown = admin.post_form("/admin/accounts", &form("nowhere", "No Such Town")).await;
    assert!(unknown.status == 422 && unknown.plain().contains("There is no such place"), "{}", unknown.text);
    let level = admin.post_form("/admin/accounts", &form("nowhere", "West Village")).await;
    assert!(level.status == 422 && level.plain().contains("no such post at that level"), "{}", level.text);
    let suggested = admin.get("/admin/accounts/places?q=West&role=handler").await;
    assert!(suggested.text.contains("West Town") && !suggested.text.contains("West Village"), "{}", suggested.text);
    assert!(!suggested.text.contains("East Town"), "{}", suggested.text);
    assert_eq!(town.as_("dispatch").await.get("/admin/accounts/places?q=West").await.status, 404);
    let list = admin.get("/admin/accounts").await;
    assert!(list.plain().contains("Administrator") && !list.plain().contains("· admin<"), "{}", list.text);
    let mut browser = town.visitor();
    let signed = browser.post_form("/sign-in", &[("account", "newhandler"), ("password", "Long enough 1")]).await;
    assert_eq!(signed.status, 303, "{}", signed.text);
    assert!(browser.get("/desk").await.location().starts_with("/sign-in"), "not before the password is their own");
    assert_eq!(browser.get("/sign-in").await.location(), "/account/password");
    let own = [("password", "Long enough 1"), ("new_password", "Harvest-2022"), ("again", "Harvest-2022")];
    let chosen = browser.post_form("/account/password", &own).await;
    assert_eq!((chosen.status, chosen.location()), (303, "/account"), "{}", chosen.text);
    assert_eq!(browser.get("/desk").await.status, 200);
    for (account, place, said) in [
        ("newhandler", "130903001", "such an account already"),
        ("bad name!", "130903001", "Letters, digits"),
        ("another", "130903001201", "no such post at that level"),
        ("another", "130921", "outside what you administer"),
    ] {
        let answer = admin.post_form("/admin/accounts", &form(account, place)).await;
        assert_eq!(answer.status, 422, "{account} at {place}");
        assert!(answer.plain().contains(said), "{account} at {place}: {}", answer.text);
        assert!(answer.plain().contains("New Person"), "what was typed is kept");
    }
    let short = admin
        .post_form(
            "/admin/accounts",
            &[("account", "x"), ("name", "X"), ("password", "short"), ("role", "king"), ("place", "130903001")],
        )
        .await;
    assert!(short.status == 422 && short.plain().contains("at least 10") | short.plain().contains("At least 10"));
    let off = admin.post_form("/admin/accounts/newhandler/active", &[]).await;
    assert_eq!(off.status, 303);
    assert_eq!(browser.get("/desk").await.status, 303, "the session ends at once");
    let own = admin.post_form("/admin/accounts/countyadmin/active", &[]).await;
    assert_eq!(own.status, 303);
    let overview = admin.get("/admin").await;
    assert_eq!(overview.status, 200, "nobody locks themselves out");
    assert!(!overview.text.contains("admin-card\" href=\"/cases\""), "no way to a list that stays empty");
    assert_eq!(admin.post_form("/admin/accounts/leader/active", &[]).await.status, 404, "above the county");
    let mut dispatch = town.as_("dispatch").await;
    assert_eq!(dispatch.post_form("/admin/accounts", &form("sneaky", "130903001")).await.status, 404);
}

#[tokio::test]
async fn jobs_show_the_root_of_each_chain() {
    let town = Town::new().await;
    town.report("130903001201", "bins").await;
    let mut admin = town.as_("admin").await;
    let page = admin.get("/admin/jobs").await;
    let head = town.store.shards().await.unwrap().into_iter().find(|(shard, _)| shard.0 == 130_903).unwrap().1;
    let root: String = head.frontier.root().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(page.plain().contains(&root), "{}", page.text);
}
