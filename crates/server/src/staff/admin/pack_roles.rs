//! Roles of packs that no post holds: until somebody does, nobody can do what they are for. An administrator is led to the
//! form of accounts; in a demonstration one click makes a post with an account for each, along the path of places whose
//! people sign in by one click.

use super::accounts::posts_changed;
use super::owner;
use crate::error::Error;
use crate::packs::{Unheld, unheld};
use crate::public::sign_in::demo_home;
use crate::staff::appoints;
use crate::typed::Typed;
use crate::view::Look;
use crate::view::words::count;
use crate::web::Web;
use axum::extract::Path;
use axum::response::Response;
use ganglion_kernel::port::Account;
use ganglion_model::{AccountId, Level, PlaceCode, Post, PostId, Text};
use serde_json::{Value, json};

/// Roles in words: what they are called, at which levels, and where a post is made for them by who may give one.
#[must_use]
pub fn roles_view(web: &Web, look: &Look<'_>, roles: &[Unheld]) -> Vec<Value> {
    let gives = appoints(web).is_ok();
    let view = |one: &Unheld| {
        let levels: Vec<String> = one.levels.iter().map(|level| look.t(&format!("level-{}", level.as_str()))).collect();
        let args = [("role", look.text(&one.title).into()), ("levels", levels.join(&look.t("list-comma")).into())];
        json!({
            "text": look.say("role-at", &args),
            "name": one.role,
            "href": gives.then(|| format!("/admin/accounts?role={}", crate::page::encode(&one.role))),
        })
    };
    roles.iter().map(view).collect()
}

/// The roles of these packs that nobody holds now.
#[must_use]
pub fn unheld_now(web: &Web, names: &[String]) -> Vec<Unheld> {
    unheld(&web.world.model, &web.world.posts, (names, web.today()))
}

/// A place of `level` on the path of the demonstration.
fn on_path(web: &Web, home: PlaceCode, level: Level) -> Option<PlaceCode> {
    home.at(level).or_else(|| {
        let mut inside = web.world.places.tree.inside(home, web.today());
        inside.find(|place| place.code.level() == level).map(|place| place.code)
    })
}

/// `POST /admin/packs/install/{id}/posts`, by the id of an installation or the name of a pack: in demonstrations only.
pub async fn appoint(web: Web, Path(id): Path<String>, _typed: Typed) -> Result<Response, Error> {
    owner(&web)?;
    appoints(&web)?;
    if !web.app.settings.demo {
        return Err(Error::NotFound);
    }
    let under_way = web.app.installs.get(&id).map(|one| one.names.clone());
    let (names, back) = match under_way {
        Some(names) => (names, format!("/admin/packs/install/{id}")),
        None if web.world.model.packs.contains_key(&id) => (vec![id], "/admin/packs".to_owned()),
        None => return Err(Error::NotFound),
    };
    let words = web.words();
    let look = web.look(&words);
    let home = demo_home(&web).unwrap_or(web.world.places.root);
    let (mut accounts, mut posts) = (Vec::new(), Vec::new());
    for role in unheld_now(&web, &names) {
        for place in role.levels.iter().filter_map(|level| on_path(&web, home, *level)) {
            let id = format!("{}.{place}", role.role);
            if web.app.store.account(&AccountId(id.clone())).await?.is_some() {
                continue;
            }
            let account = AccountId(id.clone());
            let name = look.say("demo-person", &[("role", role.title.zh.clone().into())]);
            accounts.push(Account { id: account.clone(), name, password: None, active: true });
            posts.push(Post {
                id: PostId(id),
                role: role.role.clone(),
                place,
                title: role.title.clone(),
                unit: Text::default(),
                account: Some(account),
                valid_from: web.today(),
                valid_to: None,
            });
        }
    }
    web.app.store.accounts_put(&accounts).await?;
    web.app.store.posts_put(&posts).await?;
    posts_changed(&web).await?;
    let said = look.say("pack-roles-made", &[("count", count(posts.len() as u64).into())]);
    Ok(web.redirect_with(&back, "ok", &said))
}
