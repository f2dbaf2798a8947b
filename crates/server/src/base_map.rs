//! The map below our own outlines, where a deployment wants one: none unless it is said. Tiles come to the browser from where the
//! deployment says, so the policy of every page names that place and no other; a map packed in one file (PMTiles) may also lie beside
//! the server, for networks without a way out. Leaves out fetching tiles ourselves, and BD-09, whose tiles are cut otherwise.

use crate::app::AppState;
use crate::error::Error;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganglion_geo::Datum;
use serde_json::json;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// Servers of the national map (Tianditu); a browser spreads over them.
const TIANDITU_SERVERS: std::ops::RangeInclusive<u8> = 0..=7;
/// Its layers: the map, and the names on it.
const TIANDITU_LAYERS: [&str; 2] = ["vec", "cva"];
/// Deepest level of the tiles; beyond it they are enlarged.
const ZOOM_MAX: u8 = 18;
/// Longest address of tiles, bytes.
const ADDRESS_BYTES_MAX: usize = 1_000;
/// How the address of a map packed in one file ends.
const PACKED: &str = ".pmtiles";
/// Where one that lies beside the server is read.
const PACKED_HERE: &str = "/map/base.pmtiles";
/// Bytes of it in one answer: many times the largest tile.
const STRETCH_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Why a base map cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseMapError {
    /// The address of tiles.
    #[error(
        "the address of its tiles has to begin with https://, http:// or / and name {{z}}, {{x}} and {{y}}, or end with .pmtiles"
    )]
    Address,
    /// The key.
    #[error("its key has to be letters and digits")]
    Key,
    /// The datum.
    #[error("its datum has to be wgs84, cgcs2000 or gcj02: tiles in BD-09 are cut otherwise")]
    Datum,
    /// The datum of a packed map.
    #[error("a map packed in one file has to be in wgs84 or cgcs2000: its tiles are not moved")]
    PackedDatum,
    /// The file.
    #[error("there is no such file")]
    File,
}

/// A base map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseMap {
    layers: Vec<Vec<String>>,
    origins: Vec<String>,
    attribution: String,
    datum: Datum,
    packed: bool,
    file: Option<PathBuf>,
}

/// The origin of an absolute address, as a policy names it; empty for one of our own.
fn origin(address: &str) -> Result<String, BaseMapError> {
    if address.starts_with('/') && !address.starts_with("//") {
        return Ok(String::new());
    }
    let (scheme, rest) = address.split_once("://").ok_or(BaseMapError::Address)?;
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let is_host = !host.is_empty()
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'))
        && host.starts_with(|c: char| c.is_ascii_alphanumeric());
    if matches!(scheme, "https" | "http") && is_host {
        Ok(format!("{scheme}://{host}"))
    } else {
        Err(BaseMapError::Address)
    }
}

impl BaseMap {
    /// Tiles by an address with `{z}`, `{x}` and `{y}`, or all of them packed in one file whose address ends with `.pmtiles`.
    ///
    /// # Errors
    /// See [`BaseMapError`].
    pub fn xyz(address: &str, datum: Datum, attribution: &str) -> Result<BaseMap, BaseMapError> {
        let address = address.trim();
        let packed = address.split('?').next().is_some_and(|path| path.ends_with(PACKED));
        let is_whole = (packed || ["{z}", "{x}", "{y}"].iter().all(|part| address.contains(part)))
            && address.len() <= ADDRESS_BYTES_MAX
            && !address.chars().any(|c| c.is_whitespace() || c.is_control());
        if !is_whole {
            return Err(BaseMapError::Address);
        }
        if datum == Datum::Bd09 {
            return Err(BaseMapError::Datum);
        }
        if packed && datum == Datum::Gcj02 {
            return Err(BaseMapError::PackedDatum);
        }
        let origins = Some(origin(address)?).into_iter().filter(|origin| !origin.is_empty()).collect();
        let layers = vec![vec![address.to_owned()]];
        Ok(BaseMap { layers, origins, attribution: attribution.trim().to_owned(), datum, packed, file: None })
    }

    /// A map packed in one file beside the server (PMTiles 3), which browsers read in stretches.
    ///
    /// # Errors
    /// See [`BaseMapError`].
    pub fn file(path: &Path, datum: Datum, attribution: &str) -> Result<BaseMap, BaseMapError> {
        if !path.is_file() {
            return Err(BaseMapError::File);
        }
        let base = BaseMap::xyz(PACKED_HERE, datum, attribution)?;
        Ok(BaseMap { file: Some(path.to_owned()), ..base })
    }

    /// The national map by its WMTS, in CGCS2000, with a key for browsers.
    ///
    /// # Errors
    /// [`BaseMapError::Key`].
    pub fn tianditu(key: &str, attribution: &str) -> Result<BaseMap, BaseMapError> {
        let key = key.trim();
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(BaseMapError::Key);
        }
        let server = |number: u8| format!("https://t{number}.tianditu.gov.cn");
        let layer = |layer: &str| {
            let of = |number: u8| {
                format!(
                    "{}/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default\
                     &TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}",
                    server(number)
                )
            };
            TIANDITU_SERVERS.map(of).collect()
        };
        Ok(BaseMap {
            layers: TIANDITU_LAYERS.into_iter().map(layer).collect(),
            origins: TIANDITU_SERVERS.map(server).collect(),
            attribution: attribution.trim().to_owned(),
            datum: Datum::Cgcs2000,
            packed: false,
            file: None,
        })
    }

    /// Its layers, each as addresses of the same tiles, where its datum is that of everything else; none for one that is moved or
    /// packed, which whoever reads a style may not know how to do.
    #[must_use]
    pub fn layers_in_place(&self) -> &[Vec<String>] {
        if self.datum == Datum::Gcj02 || self.packed { &[] } else { &self.layers }
    }

    /// Whose it is, in words.
    #[must_use]
    pub fn attribution(&self) -> &str {
        &self.attribution
    }
}

/// Scripts, styles and requests only from here and, with a base map, tiles from where it is; pictures also from memory (photos
/// before they are sent, map symbols); no frame may hold a page.
#[must_use]
pub fn policy(base: Option<&BaseMap>) -> String {
    let more: String = base.iter().flat_map(|base| &base.origins).map(|origin| format!(" {origin}")).collect();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{more}; font-src 'self'; \
         connect-src 'self'{more}; worker-src 'self' blob:; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

/// `GET /map/base`: the base map, if there is one.
pub async fn show(State(app): State<AppState>) -> Response {
    let keep = [(header::CACHE_CONTROL, "private, max-age=300")];
    let Some(base) = &app.settings.base_map else { return (StatusCode::NO_CONTENT, keep).into_response() };
    let body = json!({
        "layers": base.layers,
        "attribution": base.attribution,
        "datum": base.datum.as_str(),
        "packed": base.packed,
        "max_zoom": ZOOM_MAX,
    });
    (keep, Json(body)).into_response()
}

/// The first and last byte a `Range` asks for; `None` for what is no single stretch of the file.
fn stretch(range: &str, bytes: u64) -> Option<(u64, u64)> {
    let (from, to) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let from: u64 = from.parse().ok()?;
    let end = bytes.checked_sub(1)?;
    let to = if to.is_empty() { end } else { to.parse::<u64>().ok()?.min(end) };
    let to = to.min(from.saturating_add(STRETCH_BYTES_MAX - 1));
    (from <= to).then_some((from, to))
}

/// Bytes of a file, with where in it they begin.
type Stretch = (u64, Vec<u8>);

/// A stretch of a file, if the file has it, and how long the file is.
fn read(path: &Path, range: &str) -> std::io::Result<(u64, Option<Stretch>)> {
    let mut file = std::fs::File::open(path)?;
    let bytes = file.metadata()?.len();
    let Some((from, to)) = stretch(range, bytes) else { return Ok((bytes, None)) };
    let mut piece = vec![0; usize::try_from(to - from + 1).unwrap_or_default()];
    file.seek(SeekFrom::Start(from))?;
    file.read_exact(&mut piece)?;
    Ok((bytes, Some((from, piece))))
}

/// `GET /map/base.pmtiles`: a stretch of the packed map beside the server. Only stretches: the whole may have gigabytes.
///
/// # Errors
/// [`Error::NotFound`] without one; a file that cannot be read.
pub async fn packed(State(app): State<AppState>, headers: HeaderMap) -> Result<Response, Error> {
    let path = app.settings.base_map.as_ref().and_then(|base| base.file.clone()).ok_or(Error::NotFound)?;
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let read = tokio::task::spawn_blocking(move || read(&path, &range)).await;
    let read = read.map_err(|error| Error::Internal(error.to_string()))?;
    let (bytes, piece) = read.map_err(|error| Error::Internal(format!("the base map cannot be read: {error}")))?;
    let Some((from, piece)) = piece else {
        let said = [(header::CONTENT_RANGE, format!("bytes */{bytes}"))];
        return Ok((StatusCode::RANGE_NOT_SATISFIABLE, said).into_response());
    };
    let to = from + (piece.len() as u64).saturating_sub(1);
    let said = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_RANGE, format!("bytes {from}-{to}/{bytes}")),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CACHE_CONTROL, "public, max-age=3600".to_owned()),
    ];
    Ok((StatusCode::PARTIAL_CONTENT, said, piece).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_where_tiles_come_from_and_nothing_else() {
        assert!(
            policy(None).contains("img-src 'self' data: blob:; font-src")
                && policy(None).contains("connect-src 'self';")
        );
        let base = BaseMap::xyz("https://tiles.example:8443/a/{z}/{x}/{y}.png?k=1", Datum::Wgs84, "Example").unwrap();
        let said = policy(Some(&base));
        assert!(
            said.contains("blob: https://tiles.example:8443; ") && said.contains("'self' https://tiles.example:8443; ")
        );
        let own = BaseMap::xyz("/tiles/base/{z}/{x}/{y}.png", Datum::Cgcs2000, "").unwrap();
        assert_eq!(policy(Some(&own)), policy(None));
    }

    #[test]
    fn the_national_map_has_two_layers_on_eight_servers() {
        let base = BaseMap::tianditu(" 0123abcd ", "天地图").unwrap();
        assert_eq!((base.layers.len(), base.layers[0].len(), base.datum), (2, 8, Datum::Cgcs2000));
        assert!(base.layers[1][7].starts_with("https://t7.tianditu.gov.cn/cva_w/wmts?SERVICE=WMTS"));
        assert!(base.layers[0][0].ends_with("TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=0123abcd"));
        assert_eq!(base.layers_in_place().len(), 2);
        for bad in ["", "a b", "a;script-src *"] {
            assert_eq!(BaseMap::tianditu(bad, ""), Err(BaseMapError::Key));
        }
    }

    #[test]
    fn a_packed_map_is_read_in_stretches() {
        let away = BaseMap::xyz("https://tiles.example/city.pmtiles?k=1", Datum::Wgs84, "").unwrap();
        assert!(away.packed && away.layers_in_place().is_empty());
        assert!(policy(Some(&away)).contains("connect-src 'self' https://tiles.example; "));
        assert_eq!(
            BaseMap::xyz("https://tiles.example/city.pmtiles", Datum::Gcj02, ""),
            Err(BaseMapError::PackedDatum)
        );
        assert_eq!(BaseMap::file(Path::new("/nowhere/city.pmtiles"), Datum::Wgs84, ""), Err(BaseMapError::File));
        assert_eq!(stretch("bytes=0-9", 100), Some((0, 9)));
        assert_eq!(stretch("bytes=90-200", 100), Some((90, 99)));
        assert_eq!(stretch("bytes=5-", 10), Some((5, 9)));
        assert_eq!(stretch("bytes=0-", u64::MAX), Some((0, STRETCH_BYTES_MAX - 1)));
        for bad in ["", "bytes=", "bytes=-5", "bytes=9-5", "bytes=100-", "lines=0-1", "bytes=0-1,3-4"] {
            assert_eq!(stretch(bad, 100), None, "{bad}");
        }
        assert_eq!(stretch("bytes=0-", 0), None);
    }

    #[test]
    fn what_could_open_a_policy_or_is_cut_otherwise_is_refused() {
        for bad in [
            "",
            "https://a.example/{z}/{x}.png",
            "ftp://a.example/{z}/{x}/{y}",
            "//a.example/{z}/{x}/{y}",
            "https://a.example;script-src/{z}/{x}/{y}",
            "https:// *.example/{z}/{x}/{y}",
            "https://*/{z}/{x}/{y}",
            "javascript:alert({z}{x}{y})",
        ] {
            assert_eq!(BaseMap::xyz(bad, Datum::Wgs84, ""), Err(BaseMapError::Address), "{bad}");
        }
        assert_eq!(BaseMap::xyz("https://a.example/{z}/{x}/{y}", Datum::Bd09, ""), Err(BaseMapError::Datum));
        let moved = BaseMap::xyz("https://a.example/{z}/{x}/{y}", Datum::Gcj02, "").unwrap();
        assert!(moved.layers_in_place().is_empty(), "others would see it half a kilometre away");
    }
}
