//! Installed packs and what they bring; trying a new version of one. Nothing changes before it is confirmed; that and the
//! progress are in `pack_install`.

use super::pack_review::review_view;
use super::pack_roles::{roles_view, unheld_now};
use super::{admin, owner, tabs};
use crate::error::Error;
use crate::packs::{
    Content, Draft, Installing, PackFiles, Sources, SourcesError, from_pasted, installed, named, read_archive, review,
};
use crate::staff::appoints;
use crate::typed::Parts;
use crate::view::LinkView;
use crate::view::case::StateTag;
use crate::web::Web;
use axum::extract::Multipart;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::packs::PackSet;
use ganglion_model::CommandId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

/// Bytes of an upload.
pub const UPLOAD_BYTES_MAX: usize = 24 << 20;

#[derive(Serialize)]
struct PackView {
    name: String,
    title: String,
    about: String,
    version: String,
    state: StateTag,
    registers: usize,
    processes: usize,
    indicators: usize,
    /// Empty: a pack with findings is not installed; the list is there for the page's shape.
    findings: Vec<Value>,
    /// It follows the packs that ship.
    shipped: bool,
    /// Roles nobody holds.
    roles: Vec<Value>,
    /// Where a demonstration makes posts for them.
    appoint_href: Option<String>,
}

#[derive(Serialize)]
struct PacksContext {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    packs: Vec<PackView>,
    /// Who may install sees the form.
    may_install: bool,
    /// Number, time and author of the newest set.
    set: Option<Value>,
    error: Option<String>,
    /// What was pasted, kept when it could not be read.
    pasted: String,
}

/// `GET /admin/packs`.
pub async fn show(web: Web) -> Result<Response, Error> {
    admin(&web)?;
    list(&web, (None, String::new()), StatusCode::OK).await
}

async fn list(web: &Web, (error, pasted): (Option<String>, String), status: StatusCode) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let model = &web.world.model;
    let may_install = owner(web).is_ok();
    // Who left the page of an installation finds here what is left to do.
    let unheld = |name: &String| {
        let names = std::slice::from_ref(name);
        if may_install { roles_view(web, &look, &unheld_now(web, names)) } else { Vec::new() }
    };
    let appoint = |name: &str| {
        (web.app.settings.demo && appoints(web).is_ok()).then(|| format!("/admin/packs/install/{name}/posts"))
    };
    let set = crate::packs::installed_set(web.app.store.as_ref()).await?;
    let shipped = |name: &str| set.as_ref().and_then(|set| set.packs.get(name)).is_some_and(|pack| pack.shipped);
    let packs = model
        .packs
        .values()
        .map(|pack| (pack, unheld(&pack.name)))
        .map(|(pack, roles)| PackView {
            appoint_href: appoint(&pack.name).filter(|_| !roles.is_empty()),
            roles,
            name: pack.name.clone(),
            title: look.text(&pack.title),
            about: look.text(&pack.about),
            version: pack.version.clone(),
            state: StateTag { name: "live".to_owned(), label: look.t("pack-live"), tone: "done" },
            registers: model.registers.values().filter(|one| one.pack == pack.name).count(),
            processes: model.processes.values().filter(|one| one.pack == pack.name).count(),
            indicators: model.indicators.values().filter(|one| one.pack == pack.name).count(),
            findings: Vec::new(),
            shipped: shipped(&pack.name),
        })
        .collect();
    let set = set.map(|set: PackSet| {
        let by = set.by.unwrap_or_else(|| look.t("who-system"));
        serde_json::json!({"number": set.number, "at": look.date_time(set.at), "by": by})
    });
    let page = web.page("title-admin-packs");
    web.render_status(
        status,
        "pages/admin_packs.html",
        PacksContext { page, tabs: tabs(web), packs, may_install, set, error, pasted },
    )
}

/// What was uploaded.
#[derive(Default)]
struct Upload {
    files: PackFiles,
    pasted: String,
    /// An archive that cannot be read.
    bad: Option<String>,
}

async fn receive(web: &Web, mut parts: Multipart) -> Result<Upload, Error> {
    let (mut upload, mut vouched) = (Upload::default(), false);
    while let Some(part) = parts.next_field().await.map_err(|_| Error::Unreadable("multipart"))? {
        let name = part.name().unwrap_or_default().to_owned();
        let path = part.file_name().map(str::to_owned);
        let bytes = part.bytes().await.map_err(|_| Error::TooLarge { megabytes: 24 })?;
        match (name.as_str(), path) {
            ("csrf", _) => vouched = std::str::from_utf8(&bytes).is_ok_and(|token| web.csrf_fits(token)),
            ("pasted", _) => upload.pasted = String::from_utf8_lossy(&bytes).into_owned(),
            ("files", Some(path)) if !path.is_empty() => {
                if bytes.starts_with(b"PK\x03\x04") {
                    match read_archive(&bytes) {
                        Ok(files) => upload.files.extend(files),
                        Err(error) => upload.bad = Some(error.to_string()),
                    }
                } else if upload.files.len() <= ganglion_pack::MAX_FILES {
                    upload.files.insert(path, Content::of(bytes.to_vec()));
                }
            }
            _ => {}
        }
    }
    if vouched { Ok(upload) } else { Err(Error::Csrf) }
}

/// A draft between the two steps, in the data folder.
#[derive(Serialize, Deserialize)]
pub struct Kept {
    /// Packs to put.
    pub put: Vec<(String, PackFiles)>,
    /// Packs to take out.
    pub remove: Vec<String>,
}

/// The file of a draft.
pub fn kept_path(web: &Web, id: &str) -> Result<PathBuf, Error> {
    let is_id = id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if is_id {
        Ok(web.app.settings.data_dir.join("imports").join(format!("pack-{id}.json")))
    } else {
        Err(Error::NotFound)
    }
}

/// The sources that are installed; those compiled into a world that was never installed are not known.
pub async fn sources(web: &Web) -> Result<Sources, Error> {
    let found = installed(web.app.store.as_ref()).await.map_err(|error| Error::Internal(error.to_string()))?;
    Ok(found.map(|one| one.sources).unwrap_or_default())
}

/// Who and where, for looking at a draft.
pub fn parts<'a>(web: &'a Web, progress: &'a (dyn Fn(u64, u64) + Sync)) -> Installing<'a> {
    Installing {
        store: web.app.store.as_ref(),
        world: &web.app.world,
        committer: Some(&web.app.committer),
        actor: web.actor(),
        by: web.session.as_ref().map(|session| session.account.to_string()),
        command: CommandId(web.app.clock.id()),
        now: web.now,
        progress,
    }
}

/// `POST /admin/packs`: tries an upload; nothing is changed.
pub async fn check(web: Web, Parts(upload): Parts) -> Result<Response, Error> {
    owner(&web)?;
    let upload = receive(&web, upload).await?;
    let words = web.words();
    let look = web.look(&words);
    let files = if upload.files.is_empty() { from_pasted(&upload.pasted) } else { upload.files };
    let again = |key: &str| (Some(look.t(key)), upload.pasted.clone());
    if upload.bad.is_some() {
        return list(&web, again("packs-bad-archive"), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    match named(files) {
        Ok(pack) => try_out(&web, Kept { put: vec![pack], remove: Vec::new() }).await,
        Err(error) => {
            let key = match error {
                SourcesError::TooLarge => "packs-too-large",
                SourcesError::Path(_) => "packs-bad-path",
                _ => "packs-no-name",
            };
            list(&web, again(key), StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

/// `POST /admin/packs/{name}/remove`: tries taking a pack out.
pub async fn remove(
    web: Web,
    axum::extract::Path(name): axum::extract::Path<String>,
    _form: crate::typed::Typed,
) -> Result<Response, Error> {
    owner(&web)?;
    if !web.world.model.packs.contains_key(&name) {
        return Err(Error::NotFound);
    }
    try_out(&web, Kept { put: Vec::new(), remove: vec![name] }).await
}

async fn try_out(web: &Web, kept: Kept) -> Result<Response, Error> {
    let installed = sources(web).await?;
    let old = web.world.model.clone();
    let (put, remove) = (kept.put.clone(), kept.remove.clone());
    let draft = tokio::task::spawn_blocking(move || Draft::new(&installed, &old, put, &remove))
        .await
        .map_err(|error| Error::Internal(error.to_string()))?;
    let silent = |_: u64, _: u64| {};
    let found = review(&parts(web, &silent), &draft).await?;
    let id = web.app.clock.id().to_string();
    if found.installable {
        let path = kept_path(web, &id)?;
        let failed = |error: std::io::Error| Error::Internal(format!("keeping a draft: {error}"));
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(failed)?;
        }
        let text = serde_json::to_string(&kept).map_err(|error| Error::Internal(error.to_string()))?;
        tokio::fs::write(&path, text).await.map_err(failed)?;
    }
    let names = kept.put.into_iter().map(|(name, _)| name).chain(kept.remove).collect();
    review_view(web, &found, (names, id))
}
