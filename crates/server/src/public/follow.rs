//! Asking how a report goes: number together with the last four digits of the phone that was left, or the query code of
//! the receipt. An unknown number and wrong digits get the same answer. Wrong tries are counted by address, and wrong digits by number as
//! well; the query code, which nobody guesses, opens it all the same.

use crate::error::Error;
use crate::sign;
use crate::staff::find::shards_of;
use crate::typed::Typed;
use crate::view::form::{FieldView, FormView};
use crate::view::problems::FormError;
use crate::web::Web;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::seal;
use ganglion_model::{Case, CaseId, Shard};
use serde_json::{Value, json};

/// Longest number looked for.
const NUMBER_MAX: usize = 64;

/// `GET /follow`.
pub async fn show(web: Web) -> Result<Response, Error> {
    page(&web, web.arg("number").unwrap_or_default(), None, StatusCode::OK)
}

/// `POST /follow`.
pub async fn ask(web: Web, typed: Typed) -> Result<Response, Error> {
    let number = typed.one("number").unwrap_or_default().trim().to_owned();
    let tail = typed.one("phone_tail").unwrap_or_default().trim().to_uppercase();
    let (key, rate) = (web.network(), &web.app.rates.follow);
    if let Some(seconds) = rate.wait(&key, web.now) {
        return Err(Error::TooMany { seconds });
    }
    let case = web.find_number(&number).await?;
    let named = case.as_ref().map_or(number.as_str(), |case| case.number.as_str()).to_owned();
    let digits = is_tail(&tail).then_some(&web.app.rates.tail);
    if let Some(seconds) = digits.and_then(|rate| rate.wait(&named, web.now)) {
        return Err(Error::TooMany { seconds });
    }
    let fits = match &case {
        Some(case) => proves(&web, case, &tail).await?,
        None => false,
    };
    match case.filter(|_| fits) {
        Some(case) => {
            web.add_proof(case.shard, case.id);
            Ok(web.redirect(&format!("/follow/{}", crate::page::encode(&case.number))))
        }
        None => {
            rate.count(&key, web.now);
            if let Some(rate) = digits {
                rate.count(&named, web.now);
            }
            page(&web, &number, Some("err-not-found"), StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

/// Whether these may be the last digits of a telephone.
fn is_tail(typed: &str) -> bool {
    typed.len() == 4 && typed.bytes().all(|b| b.is_ascii_digit())
}

/// Whether `tail` is the query code of the case or the end of the phone its reporter left with it.
async fn proves(web: &Web, case: &Case, tail: &str) -> Result<bool, Error> {
    if sign::same(tail, &sign::query_code(&web.app.master, &case.number)) {
        return Ok(true);
    }
    let Some(process) = web.world.model.processes.get(&case.process).filter(|_| is_tail(tail)) else {
        return Ok(false);
    };
    let own = crate::residents::reporters_phone(process);
    let Some(phone) = own.and_then(|field| case.fields.get(&field.name)?.as_str()) else {
        return Ok(false);
    };
    let wrapped = web.app.store.key(case.shard, case.id).await?;
    let Some(key) = wrapped.and_then(|wrapped| web.app.ring.unwrap(&wrapped)) else {
        return Ok(false);
    };
    let clear = match seal::is_sealed(phone) {
        true => seal::open(&key, phone),
        false => Some(phone.to_owned()),
    };
    Ok(clear.is_some_and(|phone| phone.len() > 4 && phone.ends_with(tail)))
}

fn page(web: &Web, number: &str, error: Option<&str>, status: StatusCode) -> Result<Response, Error> {
    let said = error.map(|key| web.t(key));
    let errors = said.iter().map(|message| FormError {
        field: "number".to_owned(),
        id: "f-number".to_owned(),
        label: String::new(),
        message: message.clone(),
    });
    let field = |name: &str, label: &str| FieldView {
        name: name.to_owned(),
        id: format!("f-{name}"),
        kind: "text",
        label: web.t(label),
        required: true,
        ..FieldView::default()
    };
    let form = FormView {
        action_href: "/follow".to_owned(),
        fields: vec![
            FieldView { value: Value::from(number), error: said.clone(), ..field("number", "label-number") },
            field("phone_tail", "label-phone-tail"),
        ],
        errors: errors.collect(),
        submit: web.t("submit-follow"),
        ..FormView::default()
    };
    web.render_status(status, "pages/follow.html", {
        let my_href = web.app.sms.is_some().then_some("/my");
        json!({ "page": web.page("title-follow"), "form": form, "my_href": my_href })
    })
}

impl Web {
    /// A case by its public number, whoever asks: the caller decides what may be shown.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find_number(&self, number: &str) -> Result<Option<Case>, Error> {
        if number.is_empty() || number.len() > NUMBER_MAX {
            return Ok(None);
        }
        for shard in shards_of(self, number) {
            if let Some(case) = self.app.store.case_by_number(shard, number).await? {
                return Ok(Some(case));
            }
        }
        Ok(None)
    }

    /// Shard and id of the case of a number: enough to send a command, which looks at the case itself.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find_id(&self, number: &str) -> Result<Option<(Shard, CaseId)>, Error> {
        if number.is_empty() || number.len() > NUMBER_MAX {
            return Ok(None);
        }
        if let Some(known) = self.app.numbers.get(number) {
            return Ok(Some(known));
        }
        for shard in shards_of(self, number) {
            if let Some(case) = self.app.store.case_id(shard, number).await? {
                self.app.numbers.put(number, (shard, case));
                return Ok(Some((shard, case)));
            }
        }
        Ok(None)
    }

    /// A case this browser has proven to be the reporter of, by the case itself or by its telephone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn own_case(&self, number: &str) -> Result<Option<Case>, Error> {
        for proof in self.proofs() {
            let case = self.app.store.case(proof.shard, proof.case).await?;
            if let Some(case) = case.filter(|case| case.number == number) {
                return Ok(Some(case));
            }
        }
        let Some(resident) = self.resident().await? else { return Ok(None) };
        let Some(case) = self.find_number(number).await? else { return Ok(None) };
        Ok(if self.is_of(&resident, &case).await? { Some(case) } else { None })
    }
}
