//! The root of the interface: where everything is.

use super::answer::{listed, only, plain};
use crate::error::Error;
use crate::web::Web;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

/// `GET /api`.
pub async fn root(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    only(&web, &[])?;
    let packs = &web.world.model.packs;
    let body = json!({
        "openapi": "/api/openapi.json",
        "docs": "/api/docs",
        "processes": "/api/processes",
        "registers": "/api/registers",
        "search": "/api/search",
        "plans": "/api/plans",
        "rules": "/api/rules",
        "figures": "/api/figures",
        "targets": "/api/targets",
        "centre": "/api/centre",
        "notices": "/api/notices",
        "tables": "/api/tables",
        "bulletins": "/api/bulletins",
        "places": "/api/places",
        "events": "/events",
        "open311": "/open311/v2/discovery.json",
        "ogc": "/ogc",
        "tiles": "/tiles",
        "packs": packs.values().map(|pack| json!({ "name": pack.name, "version": pack.version })).collect::<Vec<_>>(),
    });
    Ok(plain(&web, &headers, body))
}

/// `GET /api/processes`: what kinds of case there are.
pub async fn processes(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    only(&web, &[])?;
    let words = web.words();
    let look = web.look(&words);
    let one = |one: &ganglion_model::pack::Process| {
        json!({
            "process": one.name,
            "pack": one.pack,
            "title": look.text(&one.title),
            "states": one.state_order,
            "cases": format!("/api/processes/{}/cases", one.name),
        })
    };
    let items = web.world.model.processes.values().map(one).collect();
    Ok(listed(&web, &headers, items, None))
}

/// `GET /api/registers`: what registers there are.
pub async fn registers(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    only(&web, &[])?;
    let words = web.words();
    let look = web.look(&words);
    let one = |one: &ganglion_model::pack::Register| {
        json!({
            "register": one.name,
            "pack": one.pack,
            "title": look.text(&one.title),
            "key": one.key_fields().collect::<Vec<_>>(),
            "dated": one.dated,
            "public": one.is_public(),
            "rows": format!("/api/registers/{}/rows", one.name),
        })
    };
    let items = web.world.model.registers.values().map(one).collect();
    Ok(listed(&web, &headers, items, None))
}
