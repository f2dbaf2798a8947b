//! Open311 GeoReport v2: discovery, services, requests and tokens, in XML and JSON, exactly as the frozen specification has
//! them. What is offered is what packs say (`open311:` of a process); a request becomes the ordinary command that opens a
//! case, sent by a key.

mod id;
mod jurisdiction;
mod located;
mod out;
mod requests;
mod scrub;
mod send;
mod services;

pub(crate) use located::named;

use crate::error::Error;
use crate::view::Look;
use crate::view::words::iso;
use crate::web::Web;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ganglion_kernel::seal::Key;
use ganglion_model::{Case, CaseId, Shard};
use out::{Body, Fault, Format, Part, Record, answer, named as format_of};
use serde_json::{Map, Value};

/// The id a case has for anyone, if anyone may see it.
#[must_use]
pub fn public_id(look: &Look<'_>, master: &Key, case: &Case) -> Option<String> {
    let service = services::offered(look, case)?;
    let public = requests::is_public(look.now, &service, case);
    public.then(|| id::of(master, id::Kind::Request, (case.shard, case.id)))
}

/// The case of an id a request has for anyone, whether anyone may see it or not.
#[must_use]
pub fn case_of(master: &Key, text: &str) -> Option<(Shard, CaseId)> {
    id::read(master, id::Kind::Request, text)
}

/// What is offered today, for telling of many cases.
pub struct Services<'w>(Vec<services::Service<'w>>);

impl<'w> Services<'w> {
    /// Every service.
    #[must_use]
    pub fn of(look: &Look<'w>) -> Services<'w> {
        Services(services::all(look))
    }

    /// What anyone is told of a case, as a request in JSON; `None` when nobody is.
    #[must_use]
    pub fn told(
        &self,
        (look, master, base): (&Look<'_>, &Key, Option<&str>),
        case: &Case,
    ) -> Option<Map<String, Value>> {
        let service =
            services::of_case(&self.0, case).filter(|service| requests::is_public(look.now, service, case))?;
        match out::object(&requests::record((look, master, base), service, case)) {
            Value::Object(told) => Some(told),
            _ => None,
        }
    }
}

/// Whether anyone may see a file of a case: it is the picture shown of one that anyone may see.
#[must_use]
pub fn shows(look: &Look<'_>, case: &Case, file: &str) -> bool {
    services::offered(look, case).is_some_and(|service| {
        requests::is_public(look.now, &service, case) && requests::picture(&service, case) == Some(file)
    })
}

/// What a reader gets, or what was wrong with the question.
type Asked = Result<Body, Fault>;

fn told(format: Format, asked: Asked) -> Response {
    match asked {
        Ok(body) => answer(format, StatusCode::OK, &body),
        Err(fault) => fault.answer(format),
    }
}

/// `GET /open311/v2/discovery|services|requests.{xml|json}`.
pub async fn root(web: Web, Path(file): Path<String>) -> Result<Response, Error> {
    let (name, format) = format_of(&file).ok_or(Error::NotFound)?;
    let asked = match name {
        "discovery" => discovery(&web).await,
        "services" => list(&web),
        "requests" => requests::list(&web).await,
        _ => return Err(Error::NotFound),
    };
    Ok(told(format, asked))
}

/// `POST /open311/v2/requests.{xml|json}`.
pub async fn send(web: Web, headers: HeaderMap, Path(file): Path<String>, bytes: Bytes) -> Result<Response, Error> {
    let (name, format) = format_of(&file).ok_or(Error::NotFound)?;
    if name != "requests" {
        return Err(Error::NotFound);
    }
    let mut counted = None;
    let mut response = told(format, send::send(web, &headers, &bytes, &mut counted).await);
    if let Some(allowance) = counted {
        allowance.tell(&mut response);
    }
    Ok(response)
}

/// That there were too many calls, as the specification tells faults; `None` where nothing of it is asked for.
#[must_use]
pub fn too_many(web: &Web) -> Option<Response> {
    let (_, format) = format_of(web.path.strip_prefix("/open311/v2/")?)?;
    Some(Fault::new(StatusCode::TOO_MANY_REQUESTS, web.t("open311-too-many")).answer(format))
}

/// `GET /open311/v2/services/{service_code}.{xml|json}`: its attributes.
pub async fn definition(web: Web, Path(file): Path<String>) -> Result<Response, Error> {
    let (code, format) = format_of(&file).ok_or(Error::NotFound)?;
    let define = || -> Asked {
        jurisdiction::of(&web, web.arg("jurisdiction_id"))?;
        let words = web.words();
        let look = web.look(&words);
        let all = services::all(&look);
        let service = all.iter().find(|service| service.code == code);
        let service = service.ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, web.t("open311-no-service")))?;
        Ok(Body::One("service_definition", service.definition(&look)))
    };
    Ok(told(format, define()))
}

/// `GET /open311/v2/requests/{service_request_id}.{xml|json}`.
pub async fn request(web: Web, Path(file): Path<String>) -> Result<Response, Error> {
    let (id, format) = format_of(&file).ok_or(Error::NotFound)?;
    Ok(told(format, requests::one(&web, id).await))
}

/// `GET /open311/v2/tokens/{token}.{xml|json}`: the id of a request once somebody has looked at it.
pub async fn token(web: Web, Path(file): Path<String>) -> Result<Response, Error> {
    let (token, format) = format_of(&file).ok_or(Error::NotFound)?;
    Ok(told(format, requests::of_token(&web, token).await))
}

/// Where this service is and whom to ask for a key.
async fn discovery(web: &Web) -> Asked {
    let set = crate::packs::installed_set(web.app.store.as_ref()).await.map_err(Error::from)?;
    let changed = set.map_or(web.world.model.number.to_string(), |set| iso(set.at));
    let base = web.app.settings.public_url.trim_end_matches('/');
    let endpoint: Record = vec![
        ("specification", Part::Text("http://wiki.open311.org/GeoReport_v2".to_owned())),
        ("url", Part::Text(format!("{base}/open311/v2"))),
        ("changeset", Part::Text(changed.clone())),
        ("type", Part::Text(if web.app.settings.demo { "test" } else { "production" }.to_owned())),
        ("formats", Part::Texts("format", vec!["text/xml".to_owned(), "application/json".to_owned()])),
    ];
    Ok(Body::One(
        "discovery",
        vec![
            ("changeset", Part::Text(changed)),
            ("contact", Part::Text(web.t("open311-contact"))),
            ("key_service", Part::Text(web.t("open311-key-service"))),
            ("endpoints", Part::List("endpoint", vec![endpoint])),
        ],
    ))
}

fn list(web: &Web) -> Asked {
    jurisdiction::of(web, web.arg("jurisdiction_id"))?;
    let words = web.words();
    let records = services::all(&web.look(&words)).iter().map(services::Service::record).collect();
    Ok(Body::List("services", "service", records))
}
