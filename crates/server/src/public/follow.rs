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
use ganglion_model::units::half_width;
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
    let tail = tidied(typed.one("phone_tail").unwrap_or_default());
    let (key, rate) = (web.network(), &web.app.rates.follow);
    if let Some(seconds) = rate.wait(&key, web.now) {
        return Err(Error::TooMany { seconds });
    }
    let plain = tidied(&number);
    let case = match web.find_number(&number).await? {
        None if plain != number => web.find_number(&plain).await?,
        found => found,
    };
    let named = case.as_ref().map_or(plain, |case| case.number.clone());
    let code = case.as_ref().map(|case| sign::query_code(&web.app.master, &case.number));
    let is_code = code.is_some_and(|code| sign::same(&tail, &code));
    let four = if is_code { None } else { last_four(&tail) };
    let digits = four.as_ref().map(|_| &web.app.rates.tail);
    if let Some(seconds) = digits.and_then(|rate| rate.wait(&named, web.now)) {
        return Err(Error::TooMany { seconds });
    }
    let fits = match (&case, &four) {
        (Some(case), Some(four)) => ends_phone(&web, case, four).await?,
        _ => is_code,
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

/// A number or code as it is written, from what people type: letters of either size and width, any dash, blanks anywhere.
fn tidied(typed: &str) -> String {
    let plain = half_width(typed);
    let kept = plain.chars().filter(|c| !c.is_whitespace() && !c.is_control());
    let written = kept.map(|c| match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => '-',
        other => other,
    });
    written.collect::<String>().to_uppercase()
}

/// The last four digits of a telephone, from those four or the whole number.
fn last_four(tidied: &str) -> Option<String> {
    let digits: String = tidied.chars().filter(|c| !matches!(c, '-' | '+' | '(' | ')')).collect();
    let is_phone = digits.bytes().all(|b| b.is_ascii_digit()) && matches!(digits.len(), 4 | 7..=15);
    is_phone.then(|| digits[digits.len() - 4..].to_owned())
}

/// Whether these four digits end the phone the reporter of a case left with it.
async fn ends_phone(web: &Web, case: &Case, four: &str) -> Result<bool, Error> {
    let Some(process) = web.world.model.processes.get(&case.process) else {
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
    Ok(clear.is_some_and(|phone| phone.len() > 4 && phone.ends_with(four)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_type_them() {
        for typed in [" sb-130903001-2026-000001", "\u{ff33}\u{ff22}\u{ff0d}130903001 - 2026\u{2014}000001\u{3000}"] {
            assert_eq!(tidied(typed), "SB-130903001-2026-000001");
        }
    }

    #[test]
    fn the_last_four_digits_may_be_the_whole_telephone() {
        let four = |typed: &str| last_four(&tidied(typed));
        for typed in
            ["0016", "\u{ff10}\u{ff10}\u{ff11}\u{ff16}", "139 1234 0016", "+86 139-1234-0016", "(0317) 3010016"]
        {
            assert_eq!(four(typed).as_deref(), Some("0016"), "{typed}");
        }
        for typed in ["", "16", "00016", "ABCD2345", "1391234001600160016"] {
            assert_eq!(four(typed), None, "{typed}");
        }
    }
}
