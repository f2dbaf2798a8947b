//! The map below our own outlines, where a deployment wants one: none unless it is said. Tiles come to the browser from where the
//! deployment says, so the policy of every page names that place and no other. Leaves out fetching tiles ourselves, and BD-09,
//! whose tiles are cut otherwise.

use crate::app::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganglion_geo::Datum;
use serde_json::json;

/// Servers of the national map (Tianditu); a browser spreads over them.
const TIANDITU_SERVERS: std::ops::RangeInclusive<u8> = 0..=7;
/// Its layers: the map, and the names on it.
const TIANDITU_LAYERS: [&str; 2] = ["vec", "cva"];
/// Deepest level of the tiles; beyond it they are enlarged.
const ZOOM_MAX: u8 = 18;
/// Longest address of tiles, bytes.
const ADDRESS_BYTES_MAX: usize = 1_000;

/// Why a base map cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseMapError {
    /// The address of tiles.
    #[error("the address of its tiles has to begin with https://, http:// or / and name {{z}}, {{x}} and {{y}}")]
    Address,
    /// The key.
    #[error("its key has to be letters and digits")]
    Key,
    /// The datum.
    #[error("its datum has to be wgs84, cgcs2000 or gcj02: tiles in BD-09 are cut otherwise")]
    Datum,
}

/// A base map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseMap {
    layers: Vec<Vec<String>>,
    origins: Vec<String>,
    attribution: String,
    datum: Datum,
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
    /// Tiles by an address with `{z}`, `{x}` and `{y}`.
    ///
    /// # Errors
    /// See [`BaseMapError`].
    pub fn xyz(address: &str, datum: Datum, attribution: &str) -> Result<BaseMap, BaseMapError> {
        let address = address.trim();
        let is_whole = ["{z}", "{x}", "{y}"].iter().all(|part| address.contains(part))
            && address.len() <= ADDRESS_BYTES_MAX
            && !address.chars().any(|c| c.is_whitespace() || c.is_control());
        if !is_whole {
            return Err(BaseMapError::Address);
        }
        if datum == Datum::Bd09 {
            return Err(BaseMapError::Datum);
        }
        let origins = Some(origin(address)?).into_iter().filter(|origin| !origin.is_empty()).collect();
        let layers = vec![vec![address.to_owned()]];
        Ok(BaseMap { layers, origins, attribution: attribution.trim().to_owned(), datum })
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
        })
    }

    /// Its layers, each as addresses of the same tiles, where its datum is that of everything else; none for one that is moved.
    #[must_use]
    pub fn layers_in_place(&self) -> &[Vec<String>] {
        if self.datum == Datum::Gcj02 { &[] } else { &self.layers }
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
        "max_zoom": ZOOM_MAX,
    });
    (keep, Json(body)).into_response()
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
