//! `GET /registers`: every register the reader may open.

use super::{Readable, proposals};
use crate::error::Error;
use crate::view::words::count;
use crate::web::Web;
use axum::response::Response;
use ganglion_kernel::decide::row_who::row_reach;
use ganglion_kernel::port_rows::RowFilter;
use serde::Serialize;

#[derive(Serialize)]
struct Entry {
    title: String,
    href: String,
    count: String,
    about: String,
    pack: String,
}

#[derive(Serialize)]
struct IndexContext {
    page: crate::page::Page,
    registers: Vec<Entry>,
    proposals: Option<proposals::Waiting>,
}

/// `GET /registers`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let post = web.session.as_ref().and_then(|session| session.post.as_ref());
    let mut registers = Vec::new();
    for register in web.world.model.registers.values() {
        let Some(reach) = row_reach(register, post) else { continue };
        let readable = Readable { register, reach };
        let filter = super::asked::read(&web, &readable, &crate::staff::query::Query::default()).filter;
        let rows = super::rows::count(&web, register, &RowFilter { word: None, ..filter }).await?;
        let pack = web.world.model.packs.get(&register.pack).map(|pack| look.text(&pack.title)).unwrap_or_default();
        registers.push(Entry {
            title: look.text(&register.title),
            href: format!("/registers/{}", register.name),
            count: count(rows),
            about: look.text(&register.purpose),
            pack,
        });
    }
    if registers.is_empty() && post.is_none() {
        return Err(if web.session.is_none() { Error::SignIn } else { Error::NotFound });
    }
    registers.sort_by(|a, b| (&a.pack, &a.title).cmp(&(&b.pack, &b.title)));
    let proposals = match post {
        Some(_) => proposals::waiting(&web).await?,
        None => None,
    };
    web.render("pages/registers.html", IndexContext { page: web.page("title-registers"), registers, proposals })
}
