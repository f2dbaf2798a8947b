//! Where the user interface comes from: embedded in the binary, or, in development, a folder that is read again for every
//! page. Serves the built scripts and styles under hashed names that never change.

use crate::app::AppState;
use crate::error::Error;
use axum::extract::{Path as UrlPath, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

macro_rules! embedded {
    ($name:ident, $folder:literal) => {
        #[derive(RustEmbed)]
        #[folder = $folder]
        #[allow_missing = true]
        struct $name;
    };
}

embedded!(Pages, "../../ui/pages");
embedded!(Layouts, "../../ui/layouts");
embedded!(Components, "../../ui/components");
embedded!(TextFiles, "../../ui/texts");
embedded!(Dist, "../../ui/dist");

/// The user interface.
#[derive(Clone, Debug, Default)]
pub struct Ui {
    /// Read from here instead of from the binary.
    pub folder: Option<PathBuf>,
}

impl Ui {
    /// The bytes of a file, by its path below `ui/`.
    #[must_use]
    pub fn bytes(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        let safe = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..") && !path.contains('\\');
        if !safe {
            return None;
        }
        if let Some(folder) = &self.folder {
            return std::fs::read(folder.join(path)).ok().map(Cow::Owned);
        }
        let (room, rest) = path.split_once('/')?;
        let file = match room {
            "pages" => Pages::get(rest),
            "layouts" => Layouts::get(rest),
            "components" => Components::get(rest),
            "texts" => TextFiles::get(rest),
            "dist" => Dist::get(rest),
            _ => None,
        };
        file.map(|file| file.data)
    }

    /// A file as text.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<String> {
        String::from_utf8(self.bytes(path)?.into_owned()).ok()
    }

    /// Message files of a language, in order.
    #[must_use]
    pub fn texts(&self, language: &str) -> Vec<String> {
        let mut files: Vec<String> = match &self.folder {
            Some(folder) => std::fs::read_dir(folder.join("texts").join(language))
                .into_iter()
                .flatten()
                .flatten()
                .filter_map(|entry| entry.file_name().into_string().ok())
                .map(|name| format!("texts/{language}/{name}"))
                .collect(),
            None => TextFiles::iter()
                .filter(|path| path.split('/').next() == Some(language))
                .map(|path| format!("texts/{path}"))
                .collect(),
        };
        files.retain(|file| file.rsplit_once('.').is_some_and(|(_, end)| end == "ftl"));
        files.sort();
        files
    }

    /// When the newest file of the folder changed; `None` for what is embedded, which never does.
    #[must_use]
    pub fn stamp(&self) -> Option<SystemTime> {
        let folder = self.folder.as_ref()?;
        ["pages", "layouts", "components", "texts", "dist/.vite"]
            .iter()
            .filter_map(|room| newest(&folder.join(room)))
            .max()
    }

    /// Addresses of built files by their source, from the bundler's manifest; empty when nothing was built.
    #[must_use]
    pub fn manifest(&self) -> HashMap<String, String> {
        let Some(text) = self.text("dist/.vite/manifest.json") else {
            return HashMap::new();
        };
        let Ok(serde_json::Value::Object(entries)) = serde_json::from_str(&text) else {
            return HashMap::new();
        };
        entries
            .into_iter()
            .filter_map(|(source, entry)| Some((source, format!("/{}", entry.get("file")?.as_str()?))))
            .collect()
    }
}

/// When the newest file below a path changed, as far as it can be read.
fn newest(path: &Path) -> Option<SystemTime> {
    let meta = std::fs::metadata(path).ok()?;
    let own = meta.modified().ok();
    if !meta.is_dir() {
        return own;
    }
    std::fs::read_dir(path).ok()?.flatten().filter_map(|entry| newest(&entry.path())).chain(own).max()
}

/// The media type of a built file by the end of its name.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, end)| end) {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "pbf" => "application/x-protobuf",
        _ => "application/octet-stream",
    }
}

/// `GET /assets/{*path}`: a built file. Its name carries a hash, so it may be kept for ever.
pub async fn asset(State(app): State<AppState>, UrlPath(path): UrlPath<String>) -> Result<Response, Error> {
    let bytes = app.ui.bytes(&format!("dist/assets/{path}")).ok_or(Error::NotFound)?;
    let headers =
        [(header::CONTENT_TYPE, media_type(&path)), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, bytes.into_owned()).into_response())
}

/// `GET /sw.js`: the worker of the phone page. It must lie at the root to see the pages, and is asked for anew each time.
pub async fn worker(State(app): State<AppState>) -> Result<Response, Error> {
    let bytes = app.ui.bytes("dist/sw.js").ok_or(Error::NotFound)?;
    let headers = [(header::CONTENT_TYPE, media_type("sw.js")), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, bytes.into_owned()).into_response())
}
