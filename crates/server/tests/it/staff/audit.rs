//! Administrators kept apart: who watches reads what is told of accounts, looks and permissions and changes nothing; who administers
//! neither reads nor clears what is told of them, and does not take over who watches.

use super::guard::{at, routes, state};
use super::keys::key;
use super::town::{Plain as _, Town};
use ganglion_model::Model;
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// Who watches over the county.
const WATCHER: (&str, &str, &str) = ("shen", "audit_admin", "130903");
const PHONE: &str = "13912340000";

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let folders = ["grid", "mediation", "incidents", "conduct"].map(|name| packs.join(name));
    let (model, findings) = ganglion_pack::compile_folders(&folders).unwrap();
    Arc::new(model.unwrap_or_else(|| panic!("{findings}")))
});

/// A county in which somebody typed a wrong password and somebody looked at personal values; with the number of the case.
async fn watched() -> (Town, String) {
    let town = Town::of(&MODEL, &[WATCHER]).await;
    let number = town.report("130903001201", "bins overflowing").await;
    let shown = town.as_("call").await.post_form(&format!("/cases/{number}/reveal"), &[]).await;
    assert!(shown.plain().contains(PHONE), "{}", shown.text);
    town.visitor().post_form("/sign-in", &[("account", "worker"), ("password", "wrong")]).await;
    (town, number)
}

#[tokio::test]
async fn who_watches_reads_what_is_told_and_changes_nothing() {
    let (town, number) = watched().await;
    let before = state(&town).await;
    let mut shen = town.as_("shen").await;
    let log = shen.get("/audit").await;
    assert_eq!(log.status, 200, "{}", log.text);
    assert!(log.plain().contains("Wrong password") && log.plain().contains("worker"), "{}", log.text);
    assert!(!log.text.contains("href=\"/admin"), "nothing leads to pages of administration: {}", log.text);
    let looks = shen.get("/audit/looks").await;
    assert_eq!(looks.status, 200, "{}", looks.text);
    assert!(looks.plain().contains(&number) && looks.plain().contains("call person"), "{}", looks.text);
    assert!(!looks.plain().contains(PHONE), "what was seen is not shown again");
    let token = shen.cookies["session"].clone();
    let told = town.visitor().read("/api/admin/looks", Some(&token)).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let items = told.json()["items"].clone();
    assert!(items.as_array().unwrap().iter().any(|one| one["number"] == number && one["account"] == "call"), "{items}");
    assert!(!told.text.contains(PHONE), "never what was seen");
    let old = town.visitor().read("/api/admin/looks?after=2022-06-27T00:00:00Z", Some(&token)).await;
    assert!(old.status == 200 && !old.text.contains(&number), "{}", old.text);
    assert_eq!(town.visitor().read("/api/admin/looks?after=yesterday", Some(&token)).await.status, 422);
    let policy = town.visitor().read("/api/admin/policy", Some(&token)).await;
    assert!(policy.status == 200 && policy.text.contains("dispatcher@township"), "{}", policy.text);
    let earlier = shen.get("/audit/looks?before=2022-06-27T00:00:00Z").await;
    assert!(earlier.status == 200 && !earlier.plain().contains(&number), "{}", earlier.text);
    assert_eq!(shen.get("/audit/looks?before=yesterday").await.status, 422);
    let policy = shen.get("/audit/policy").await;
    assert_eq!(policy.status, 200, "{}", policy.text);
    assert!(policy.plain().contains("audit_admin@county") && policy.plain().contains("dispatcher@township"));
    // In words, with the names of packs beside them; in Chinese nothing but those names is in Latin letters.
    for said in
        ["<td>Dispatch to a unit <span class=\"meta mono\">dispatch</span></td>", "Dispatcher · ", "Process</span> "]
    {
        assert!(policy.plain().contains(said), "{said}: {}", policy.plain());
    }
    let chinese = shen.get("/audit/policy?lang=zh").await.plain();
    let body = chinese.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next()).unwrap();
    let words =
        body.split("<span class=\"meta mono\">").map(|part| part.split_once("</span>").map_or(part, |(_, rest)| rest));
    let shown: String =
        words.flat_map(|part| part.split('<').filter_map(|text| Some(text.split_once('>')?.1))).collect();
    let odd: Vec<&str> = shown.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 4).collect();
    assert!(odd.is_empty(), "raw names stand where words should: {odd:?}");
    let mut shen = town.anew("shen").await;
    assert_eq!(shen.get(&format!("/cases/{number}")).await.status, 404, "cases are none of theirs");
    let token = shen.token().await;
    for (address, _) in routes("post").filter(|(address, _)| address.starts_with("/admin")) {
        let answer = shen.post_raw(&at(address, &number), &[("csrf", &token)]).await;
        assert!(matches!(answer.status, 403 | 404), "{address}: {} {}", answer.status, answer.text);
    }
    for (address, _) in routes("get").filter(|(address, _)| address.starts_with("/admin")) {
        let answer = shen.get(&at(address, &number)).await;
        let expected = if address == "/admin/account-lines" { 200 } else { 404 };
        assert_eq!(answer.status, expected, "{address}: {}", answer.text);
    }
    assert_eq!(state(&town).await, before, "nothing of it did anything");
}

#[tokio::test]
async fn who_administers_neither_reads_what_is_told_of_them_nor_takes_over_who_watches() {
    let (town, number) = watched().await;
    let mut county = town.as_("countyadmin").await;
    for address in ["/admin/account-lines", "/audit", "/audit/looks", "/audit/policy"] {
        assert_eq!(county.get(address).await.status, 404, "{address}");
    }
    for address in ["/api/admin/looks", "/api/admin/policy"] {
        let token = county.cookies["session"].clone();
        assert_eq!(town.visitor().read(address, Some(&token)).await.status, 404, "{address}");
    }
    assert!(!county.get("/admin").await.text.contains("/admin/account-lines"));
    let worker = county.get("/admin/accounts/worker").await;
    assert!(worker.status == 200 && !worker.plain().contains("Wrong password"), "{}", worker.text);
    // Neither the county's administrator nor the city's changes the account of who watches.
    for account in ["countyadmin", "admin"] {
        let mut browser = town.as_(account).await;
        let token = browser.token().await;
        for (address, _) in routes("post").filter(|(address, _)| address.starts_with("/admin/accounts/{id}/")) {
            let address = address.replace("{id}", "shen").replace("{post}", "audit_admin.130903");
            let answer = browser.post_raw(&at(&address, &number), &[("csrf", &token)]).await;
            assert_eq!(answer.status, 404, "{address} as {account}: {}", answer.text);
        }
    }
    // Nobody is both, and no program watches.
    let post = [("role", "audit_admin"), ("place", "130903"), ("from", "2022-06-27")];
    let both = town.as_("admin").await.post_form("/admin/accounts/countyadmin/posts", &post).await;
    assert_eq!(both.status, 422, "{}", both.text);
    assert!(both.plain().contains("are three persons"), "{}", both.text);
    let form = [
        ("name", "watcher"),
        ("title", "Watcher"),
        ("role", "audit_admin"),
        ("place", "130903"),
        ("per_minute", "9"),
        ("scopes", "processes:*:read"),
    ];
    assert_eq!(county.post_form("/admin/keys", &form).await.status, 422);
    // What the administrator does is told, and stays.
    key(&mut county, ("county-app", "api", "130903"), &["places:read"]).await;
    assert_eq!(county.post_form("/admin/keys/county-app/revoke", &[]).await.status, 303);
    let log = town.as_("shen").await.get("/audit").await;
    assert!(log.plain().contains("Service key made") && log.plain().contains("Service key revoked"), "{}", log.text);
}
