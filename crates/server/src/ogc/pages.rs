//! The same answers as pages, complete without scripts: one template for all of them.

use super::answer::here;
use super::collection::{Collection, Property};
use super::feature::{Feature, Page as Features};
use crate::error::Error;
use crate::page::{Page, encode};
use crate::web::Web;
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use ganglion_geo::Geometry;
use ganglion_model::PlaceCode;
use serde::Serialize;
use serde_json::Value;

/// Columns of a list besides the name.
const COLUMNS_MAX: usize = 6;

/// A link.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LinkView {
    /// Words.
    pub label: String,
    /// Address.
    pub href: String,
    /// A word more.
    pub note: String,
}

/// A name and its value.
#[derive(Clone, Debug, Serialize)]
pub struct FactView {
    /// Name.
    pub label: String,
    /// Value.
    pub value: String,
}

/// A cell of a table.
#[derive(Clone, Debug, Serialize)]
pub struct CellView {
    /// Words.
    pub text: String,
    /// Where they lead.
    pub href: Option<String>,
}

/// A page.
#[derive(Serialize)]
pub struct Sheet {
    page: Page,
    about: String,
    crumbs: Vec<LinkView>,
    facts: Vec<FactView>,
    links: Vec<LinkView>,
    heads: Vec<String>,
    rows: Vec<Vec<CellView>>,
    /// Whether a list is shown, perhaps an empty one.
    listed: bool,
    next: Option<String>,
    json_href: String,
}

/// A link with words of ours.
#[must_use]
pub fn link(label: &str, href: &str) -> LinkView {
    LinkView { label: label.to_owned(), href: href.to_owned(), note: String::new() }
}

impl Sheet {
    /// A page with a title and a sentence.
    #[must_use]
    pub fn new(web: &Web, title: String, about: String) -> Sheet {
        Sheet {
            page: web.page_titled(title),
            about,
            crumbs: vec![link(&web.t("title-ogc"), "/ogc")],
            facts: Vec::new(),
            links: Vec::new(),
            heads: Vec::new(),
            rows: Vec::new(),
            listed: false,
            next: None,
            json_href: here(web, "f", "json"),
        }
    }

    /// With what leads here.
    #[must_use]
    pub fn under(mut self, crumbs: impl IntoIterator<Item = LinkView>) -> Sheet {
        self.crumbs.extend(crumbs);
        self
    }

    /// With where to go on.
    #[must_use]
    pub fn linked(self, links: Vec<LinkView>) -> Sheet {
        Sheet { links, ..self }
    }

    /// As an answer.
    ///
    /// # Errors
    /// When the template fails.
    pub fn show(&self, web: &Web) -> Result<Response, Error> {
        let mut response = web.render("pages/ogc.html", self)?;
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept, accept-language, cookie"));
        Ok(response)
    }
}

/// A value as people read it.
fn shown(web: &Web, property: Option<&Property>, value: &Value) -> String {
    let code = |text: &str| {
        if let (true, Ok(place)) = (property.is_some_and(|one| one.is_place), text.parse::<PlaceCode>()) {
            return web.world.places.name(place, web.today());
        }
        let mut codes = property.into_iter().flat_map(|property| &property.codes);
        codes.find(|(code, _)| code == text).map_or_else(|| text.to_owned(), |(_, title)| title.clone())
    };
    match value {
        Value::String(text) => code(text),
        Value::Bool(yes) => web.t(if *yes { "yes" } else { "no" }),
        Value::Array(items) => {
            let all: Vec<String> = items.iter().map(|item| shown(web, property, item)).collect();
            all.join(&web.t("list-comma"))
        }
        Value::Null | Value::Object(_) => String::new(),
        number @ Value::Number(_) => number.to_string(),
    }
}

/// The address of a feature.
#[must_use]
pub fn href(collection: &str, id: &str) -> String {
    let id: Vec<String> = id.split('/').map(encode).collect();
    format!("/ogc/collections/{collection}/items/{}", id.join("/"))
}

/// A list of features.
#[must_use]
pub fn list(web: &Web, collection: &Collection<'_>, found: &Features) -> Sheet {
    let columns: Vec<&Property> = collection.properties.iter().take(COLUMNS_MAX).collect();
    let row = |feature: &Feature| {
        let name = CellView { text: feature.title.clone(), href: Some(href(&collection.id, &feature.id)) };
        let cell = |property: &&Property| CellView {
            text: feature
                .properties
                .get(&property.name)
                .map(|value| shown(web, Some(property), value))
                .unwrap_or_default(),
            href: None,
        };
        std::iter::once(name).chain(columns.iter().map(cell)).collect()
    };
    let own = link(&collection.title, &format!("/ogc/collections/{}", collection.id));
    let mut sheet = Sheet::new(web, collection.title.clone(), collection.about.clone())
        .under([link(&web.t("ogc-collections"), "/ogc/collections"), own]);
    sheet.heads = std::iter::once(web.t("ogc-feature")).chain(columns.iter().map(|one| one.title.clone())).collect();
    sheet.rows = found.features.iter().map(row).collect();
    sheet.listed = true;
    sheet.next = found.next.as_ref().map(|after| here(web, "after", after));
    sheet
}

/// One feature.
#[must_use]
pub fn one(web: &Web, collection: &Collection<'_>, feature: &Feature) -> Sheet {
    let crumbs = [
        link(&web.t("ogc-collections"), "/ogc/collections"),
        link(&collection.title, &format!("/ogc/collections/{}", collection.id)),
        link(&web.t("ogc-items"), &format!("/ogc/collections/{}/items", collection.id)),
    ];
    let mut sheet = Sheet::new(web, feature.title.clone(), collection.title.clone()).under(crumbs);
    let fact = |property: &Property| {
        let value = shown(web, Some(property), feature.properties.get(&property.name)?);
        (!value.is_empty()).then(|| FactView { label: property.title.clone(), value })
    };
    sheet.facts = collection.properties.iter().filter_map(fact).collect();
    sheet.facts.extend(stands(feature.geometry.as_ref()).map(|value| FactView { label: web.t("ogc-geometry"), value }));
    sheet
}

/// Where a feature is, in numbers.
fn stands(geometry: Option<&Geometry>) -> Option<String> {
    let [west, south, east, north] = geometry?.bounds()?;
    Some(match geometry? {
        Geometry::Point(_) => format!("{west:.5}, {south:.5} (WGS-84)"),
        Geometry::Line(_) | Geometry::Area(_) => format!("{west:.5}, {south:.5} – {east:.5}, {north:.5} (WGS-84)"),
    })
}

impl Sheet {
    /// With the properties of a collection.
    #[must_use]
    pub fn described(mut self, web: &Web, collection: &Collection<'_>) -> Sheet {
        self.heads = vec![web.t("ogc-property"), web.t("ogc-called")];
        let cell = |text: &str| CellView { text: text.to_owned(), href: None };
        self.rows = collection.properties.iter().map(|one| vec![cell(&one.name), cell(&one.title)]).collect();
        self.listed = true;
        self
    }
}
