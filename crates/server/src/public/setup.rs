//! The page that makes the first administrator of an empty installation. Without a code that is good now there is no such page.

use crate::error::Error;
use crate::identity::lines::{Line, What};
use crate::identity::password::{self, CHARS_MIN, Fault};
use crate::own::password::password_errors;
use crate::public::sign_in::begin;
use crate::staff::ADMIN_ROLE;
use crate::staff::accounts::{NAME_CHARS_MAX, is_account_name, posts_changed};
use crate::typed::Typed;
use crate::view::Look;
use crate::view::form::{FieldView, FormView, Hidden, asked};
use crate::view::problems::FormError;
use crate::web::Web;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::port::Account;
use ganglion_model::{AccountId, Post, PostId, Text};
use serde_json::json;

/// What was typed.
#[derive(Clone, Debug, Default)]
struct Entry {
    account: String,
    name: String,
}

/// `GET /setup?code=`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let code = web.arg("code").unwrap_or_default().to_owned();
    if !web.app.setup_opens(&code).await? {
        return Err(Error::NotFound);
    }
    page(&web, (&code, &Entry::default()), Vec::new(), StatusCode::OK)
}

fn page(
    web: &Web,
    (code, entry): (&str, &Entry),
    errors: Vec<FormError>,
    status: StatusCode,
) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let field = |name: &str, label: &str, value: &str| asked((&look, &errors), (name, "text", label), value);
    let form = FormView {
        action_href: "/setup".to_owned(),
        hidden: vec![Hidden::new("code", code)],
        fields: vec![
            field("account", "label-account", &entry.account),
            field("name", "accounts-name", &entry.name),
            FieldView {
                help: Some(look.say("password-help", &[("min", CHARS_MIN.into())])),
                ..field("new_password", "label-password", "")
            },
            field("again", "label-password-again", ""),
        ],
        errors: errors.clone(),
        submit: look.t("submit-setup"),
        ..FormView::default()
    };
    let place = look.place(web.world.places.root);
    let lead = look.say("setup-lead", &[("place", place.into())]);
    web.render_status(
        status,
        "pages/setup.html",
        json!({ "page": web.page("title-setup"), "lead": lead, "form": form }),
    )
}

fn wrong(look: &Look<'_>, entry: &Entry, (chosen, again): (&str, &str)) -> Vec<FormError> {
    let error = |field: &str, key: &str| FormError {
        field: field.to_owned(),
        id: format!("f-{field}"),
        label: String::new(),
        message: look.t(key),
    };
    let mut errors = Vec::new();
    if !is_account_name(&entry.account) {
        errors.push(error("account", "account-name-bad"));
    }
    if entry.name.is_empty() || entry.name.chars().count() > NAME_CHARS_MAX {
        errors.push(error("name", "account-person-bad"));
    }
    let faults: Vec<Fault> = password::faults(chosen, &entry.account);
    errors.extend(password_errors(look, "new_password", &faults));
    if chosen != again {
        errors.push(error("again", "password-differs"));
    }
    errors
}

/// `POST /setup`: the first account, with the post that administers everything; whoever made it is signed in.
pub async fn make(web: Web, typed: Typed) -> Result<Response, Error> {
    let code = typed.one("code").unwrap_or_default().to_owned();
    if !web.app.setup_opens(&code).await? {
        return Err(Error::NotFound);
    }
    let text = |name: &str| typed.one(name).unwrap_or_default().trim().to_owned();
    let entry = Entry { account: text("account"), name: text("name") };
    let (chosen, again) = (typed.one("new_password").unwrap_or_default(), typed.one("again").unwrap_or_default());
    let words = web.words();
    let look = web.look(&words);
    let errors = wrong(&look, &entry, (chosen, again));
    if !errors.is_empty() {
        return page(&web, (&code, &entry), errors, StatusCode::UNPROCESSABLE_ENTITY);
    }
    if !web.app.setup_use(&code).await? {
        return Err(Error::NotFound);
    }
    let account = Account { id: AccountId(entry.account), name: entry.name, password: None, active: true };
    let root = web.world.places.root;
    let post = Post {
        id: PostId(format!("{ADMIN_ROLE}.{root}")),
        role: ADMIN_ROLE.to_owned(),
        place: root,
        title: Text::default(),
        unit: Text::default(),
        account: Some(account.id.clone()),
        valid_from: web.today(),
        valid_to: None,
    };
    web.app.password_put(&account, chosen, false).await?;
    web.app.store.posts_put(&[post]).await?;
    posts_changed(&web).await?;
    web.app.account_told(&[Line::own(&account.id, What::Created, web.origin())]).await?;
    begin(&web, &account, What::In, "/admin").await
}
