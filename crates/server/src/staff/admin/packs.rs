//! Installed packs and what they bring.

use super::{admin, tabs};
use crate::error::Error;
use crate::view::LinkView;
use crate::view::case::StateTag;
use crate::web::Web;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
struct PackView {
    name: String,
    title: String,
    version: String,
    state: StateTag,
    registers: usize,
    processes: usize,
    indicators: usize,
    /// Empty: a pack with findings is not installed; the list is there for the page's shape.
    findings: Vec<Value>,
}

#[derive(Serialize)]
struct PacksContext {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    packs: Vec<PackView>,
}

/// `GET /admin/packs`.
pub async fn show(web: Web) -> Result<Response, Error> {
    admin(&web)?;
    let words = web.words();
    let look = web.look(&words);
    let model = &web.world.model;
    let packs = model
        .packs
        .values()
        .map(|pack| PackView {
            name: pack.name.clone(),
            title: look.text(&pack.title),
            version: pack.version.clone(),
            state: StateTag { name: "live".to_owned(), label: look.t("pack-live"), tone: "done" },
            registers: model.registers.values().filter(|one| one.pack == pack.name).count(),
            processes: model.processes.values().filter(|one| one.pack == pack.name).count(),
            indicators: model.indicators.values().filter(|one| one.pack == pack.name).count(),
            findings: Vec::new(),
        })
        .collect();
    web.render("pages/admin_packs.html", PacksContext { page: web.page("title-admin-packs"), tabs: tabs(&web), packs })
}
