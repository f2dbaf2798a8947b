//! Importing people and their posts from a spreadsheet.

use super::town::{Plain as _, Town};
use crate::support::{Answer, Browser, Part};
use ganglion_documents::xlsx::{Cell, Column, Table, write};

fn sheet(rows: &[[&str; 6]]) -> Vec<u8> {
    let columns = ["Account", "Name", "Role", "Place of the post", "From", "Until"].map(Column::text);
    let table = Table { title: "People", notes: &[], columns: &columns, total: "" };
    let rows = rows.iter().map(|row| row.iter().map(|cell| Cell::Text((*cell).to_owned())).collect());
    let mut bytes = Vec::new();
    write(&table, rows, &mut bytes).unwrap();
    bytes
}

async fn upload(browser: &mut Browser, name: &str, bytes: &[u8]) -> Answer {
    browser.post_parts("/admin/import/accounts", &[Part::File("file", name, bytes)]).await
}

#[tokio::test]
async fn people_come_from_a_spreadsheet_that_is_tried_first() {
    let town = Town::new().await;
    let mut admin = town.as_("countyadmin").await;
    let before = town.store.accounts().await.unwrap().len();
    let bytes = sheet(&[
        ["li.na", "李娜", "dispatcher", "West Town", "", ""],
        ["li.na", "李娜", "handler", "130903002", "2022-07-01", "2022-07-31"],
        ["handler", "", "verifier", "East Town", "", ""],
        ["worker", "", "grid_worker", "130903001201001", "", ""],
    ]);
    let tried = upload(&mut admin, "people.xlsx", &bytes).await;
    assert_eq!(tried.status, 200, "{}", tried.text);
    assert!(tried.plain().contains("/admin/import/accounts/confirm"), "{}", tried.text);
    assert_eq!(town.store.accounts().await.unwrap().len(), before, "nothing yet");
    let job = tried.typed("job").unwrap();
    let form = [("job", job.as_str()), ("name", "people.xlsx")];
    assert_eq!(town.as_("dispatch").await.post_form("/admin/import/accounts/confirm", &form).await.status, 404);
    let done = admin.post_form("/admin/import/accounts/confirm", &form).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(town.store.accounts().await.unwrap().len(), before + 1);
    assert_eq!(admin.post_form("/admin/import/accounts/confirm", &form).await.status, 404, "once only");
    let page = done.plain();
    let first = page.split("<td class=\"mono secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let mut browser = town.visitor();
    let signed = browser.post_form("/sign-in", &[("account", "li.na"), ("password", &first)]).await;
    assert_eq!(signed.status, 303, "{}", signed.text);
    assert_eq!(browser.get("/sign-in").await.location(), "/account/password", "theirs before anything else");
    let world = town.app.world.load_full();
    let posts: Vec<&str> =
        world.posts.of(&ganglion_model::AccountId("li.na".to_owned())).map(|post| post.id.0.as_str()).collect();
    assert_eq!(posts, ["dispatcher.130903001-2", "handler.130903002-2"]);
    assert_eq!(world.posts.of(&ganglion_model::AccountId("handler".to_owned())).count(), 2);
    assert_eq!(world.posts.of(&ganglion_model::AccountId("worker".to_owned())).count(), 1, "held already");
}

#[tokio::test]
async fn a_bad_table_is_named_by_line_and_writes_nothing() {
    let town = Town::new().await;
    let mut admin = town.as_("countyadmin").await;
    let before = (town.store.accounts().await.unwrap(), town.store.posts().await.unwrap());
    let bytes = b"account,name,role,place\nbad name,X,handler,West Town\nleader,X,handler,West Town\n\
        new,New,king,West Town\nnew,New,handler,130921001\nnew,New,handler,West Village\n";
    let tried = upload(&mut admin, "people.csv", bytes).await;
    assert_eq!(tried.status, 200, "{}", tried.text);
    for said in ["cannot be the name of an account", "outside what you administer", "no role", "There is no place"] {
        assert!(tried.plain().contains(said), "{said}: {}", tried.text);
    }
    assert!(!tried.plain().contains("/confirm"), "nothing to confirm");
    for bytes in [&b""[..], b"\xff\xfe\x00\x01", b"PK\x03\x04", b"account\n", b"a,b\n1,2\n"] {
        let answer = upload(&mut admin, "people.xlsx", bytes).await;
        assert!(answer.status < 500 && !answer.plain().contains("/confirm"), "{bytes:?}: {}", answer.text);
    }
    let odd = [("job", "../../etc/passwd"), ("name", "x")];
    assert_eq!(admin.post_form("/admin/import/accounts/confirm", &odd).await.status, 404);
    assert_eq!((town.store.accounts().await.unwrap(), town.store.posts().await.unwrap()), before);
    let template = admin.get("/admin/import/accounts/template.xlsx").await;
    let limits = ganglion_documents::xlsx::ReadLimits::default();
    let rows = ganglion_documents::xlsx::read(&template.bytes, limits).unwrap();
    assert!(rows.iter().any(|row| row.first().is_some_and(|cell| cell == "Account")), "{rows:?}");
    let empty = upload(&mut admin, "template.xlsx", &template.bytes).await;
    assert!(empty.status == 200 && !empty.plain().contains("/confirm"), "{}", empty.text);
}
