//! Importing people and their posts from a table: tried first, every bad line named; what is clean and confirmed is written as a
//! whole. Every new account gets a password to begin with, shown once and changed at the first sign-in.

use super::accounts::{ADMIN_LEVELS, free_posts, governs, posts_changed};
use super::people::{Column, Given, Known, Plan, Problem, read};
use super::tabs;
use super::upload::{file_of, keep, kept};
use crate::error::Error;
use crate::identity::credential;
use crate::identity::lines::{Line, What};
use crate::identity::password;
use crate::limits::IMPORT_BYTES_MAX;
use crate::session::hash_password;
use crate::staff::find::place_names;
use crate::staff::registers::as_xlsx;
use crate::staff::registers::import::table::{self, TableError};
use crate::staff::{ADMIN_ROLE, AUDIT_ROLE, SECURITY_ROLE, appoints};
use crate::typed::{Parts, Typed};
use crate::view::Look;
use crate::view::form::{FieldView, FormView, Hidden};
use crate::view::words::count;
use crate::web::Web;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use ganglion_documents::xlsx;
use ganglion_kernel::port::Account;
use ganglion_model::pack::Role;
use ganglion_model::{AccountId, Lang, Level, PlaceCode, Post, Text};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The routes.
pub fn routes() -> Router<crate::app::AppState> {
    let upload = post(dry_run).get(show).layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX));
    Router::new()
        .route("/admin/import/accounts", upload)
        .route("/admin/import/accounts/confirm", post(confirm))
        .route("/admin/import/accounts/template.xlsx", get(template))
}

/// `GET /admin/import/accounts`.
pub async fn show(web: Web) -> Result<Response, Error> {
    appoints(&web)?;
    let shown = Shown { form: Some(upload_form(&web, None)), ..Shown::default() };
    page(&web, ("upload", ""), shown, StatusCode::OK)
}

fn upload_form(web: &Web, error: Option<String>) -> FormView {
    let columns: Vec<String> = Column::ALL.iter().map(|column| web.t(column.text())).collect();
    let words = web.words();
    let look = web.look(&words);
    FormView {
        action_href: "/admin/import/accounts".to_owned(),
        fields: vec![FieldView {
            name: "file".to_owned(),
            id: "f-file".to_owned(),
            kind: "files",
            label: web.t("import-file"),
            help: Some(look.say("people-file-help", &[("columns", columns.join(&web.t("list-comma")).into())])),
            error,
            required: true,
            accept: Some(".xlsx,.csv"),
            max: Some(1),
            ..FieldView::default()
        }],
        submit: web.t("submit-dry-run"),
        ..FormView::default()
    }
}

/// `GET /admin/import/accounts/template.xlsx`: the empty table to fill in.
pub async fn template(web: Web) -> Result<Response, Error> {
    appoints(&web)?;
    let title = web.t("title-admin-import-accounts");
    let notes = [web.t("people-lead")];
    let columns = Column::ALL.map(|column| xlsx::Column::text(web.t(column.text())));
    let table = xlsx::Table { title: &title, notes: &notes, columns: &columns, total: "" };
    let failed = |error: xlsx::WriteError| Error::Internal(error.to_string());
    let mut bytes = std::io::Cursor::new(Vec::new());
    xlsx::TableWriter::new(&table).and_then(|writer| writer.finish(&mut bytes)).map_err(failed)?;
    Ok(as_xlsx("accounts-template", bytes.into_inner()))
}

/// What the page shows.
#[derive(Default)]
struct Shown {
    plan: Plan,
    form: Option<FormView>,
    /// Passwords to begin with: account, person, password.
    first: Vec<(AccountId, String, String)>,
}

fn page(web: &Web, (step, file): (&str, &str), shown: Shown, status: StatusCode) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let plan = &shown.plan;
    let number = |n: usize| count(n as u64);
    let first = |(account, name, password): &(AccountId, String, String)| json!({ "account": account, "name": name, "password": password });
    let context = json!({
        "page": web.page("title-admin-import-accounts"),
        "tabs": tabs(web),
        "step": step,
        "file_name": file,
        "lead": web.t("people-lead"),
        "counts": {
            "new": number(plan.accounts.len()),
            "changed": number(plan.posts.len()),
            "same": number(plan.same),
            "bad": number(plan.findings.len()),
        },
        "people": true,
        "findings": plan.findings.iter().map(|one| finding(&look, one)).collect::<Vec<_>>(),
        "form": shown.form,
        "first": shown.first.iter().map(first).collect::<Vec<_>>(),
    });
    web.render_status(status, "pages/admin_import.html", context)
}

/// What is wrong with a line, for other software: where in the table it stands, which kind it is, and in words.
pub(crate) fn finding_of(web: &Web, (line, column, problem): &(u64, Option<Column>, Problem)) -> Value {
    let words = web.words();
    let look = web.look(&words);
    let args = [("value", problem.value().into())];
    let column = column.map(Column::name);
    json!({
        "line": line,
        "parameter": column,
        "code": problem.name(),
        "detail": look.say(&format!("people-{}", problem.name()), &args),
    })
}

fn finding(look: &Look<'_>, (line, column, problem): &(u64, Option<Column>, Problem)) -> Value {
    let args = [("value", problem.value().into())];
    let name = problem.name();
    json!({
        "line": line,
        "field": column.map(|column| look.t(column.text())),
        "message": look.say(&format!("people-{name}"), &args),
        "remedy": look.say(&format!("people-{name}-remedy"), &args),
        "severity": "error",
    })
}

/// Roles by name and by title in both languages.
fn roles(web: &Web) -> BTreeMap<String, (String, Vec<Level>)> {
    let mut all = BTreeMap::new();
    // Whoever watches or gives out posts is appointed one by one: a table could give the post to somebody who administers.
    let is_given = |role: &&Role| ![AUDIT_ROLE, SECURITY_ROLE].contains(&role.name.as_str());
    for role in web.world.model.roles.values().filter(is_given) {
        let known = (role.name.clone(), role.levels.clone());
        for said in [&role.name, &role.title.zh, &role.title.en] {
            all.entry(said.to_lowercase()).or_insert_with(|| known.clone());
        }
    }
    for said in [ADMIN_ROLE.to_owned(), web.said_in(Lang::Zh, "role-admin"), web.said_in(Lang::En, "role-admin")] {
        all.insert(said.to_lowercase(), (ADMIN_ROLE.to_owned(), ADMIN_LEVELS.to_vec()));
    }
    all
}

/// Headings in both languages, and the names of the columns for programs.
fn headings(web: &Web) -> BTreeMap<String, Column> {
    let mut all = BTreeMap::new();
    for column in Column::ALL {
        all.insert(column.name().to_owned(), column);
        for lang in [Lang::Zh, Lang::En] {
            all.insert(web.said_in(lang, column.text()).to_lowercase(), column);
        }
    }
    all
}

/// What a table would do.
///
/// # Errors
/// Storage; an inner error for what is no table.
pub(crate) async fn plan(web: &Web, bytes: &[u8]) -> Result<Result<Plan, TableError>, Error> {
    let own = appoints(web)?.clone();
    let sheet = match table::read(bytes) {
        Ok(sheet) => sheet,
        Err(error) => return Ok(Err(error)),
    };
    let accounts = web.app.store.accounts().await?.into_iter().map(|account| account.id).collect();
    let names = place_names(web, own.place);
    let today = web.today();
    let is_there = |code: PlaceCode| own.place.holds(code) && web.world.places.tree.on(code, today).is_some();
    let known = Known {
        headings: headings(web),
        roles: roles(web),
        places: &names,
        is_there: &is_there,
        accounts,
        governs: &|account| governs(web, &own, account),
        posts_of: &|account| web.world.posts.of(account).cloned().collect(),
        today,
    };
    Ok(Ok(read(&sheet.rows, &known)))
}

/// `POST /admin/import/accounts`: tries a file; nothing is changed.
pub async fn dry_run(web: Web, Parts(parts): Parts) -> Result<Response, Error> {
    appoints(&web)?;
    let again = |error: String| {
        let shown = Shown { form: Some(upload_form(&web, Some(error))), ..Shown::default() };
        page(&web, ("upload", ""), shown, StatusCode::UNPROCESSABLE_ENTITY)
    };
    let Some((name, bytes)) = file_of(&web, parts).await? else { return again(web.t("import-file-needed")) };
    let plan = match plan(&web, &bytes).await? {
        Ok(plan) => plan,
        Err(error) => return again(web.t(&format!("table-{}", error.name()))),
    };
    let form = if plan.is_clean() {
        let id = web.app.clock.id().to_string();
        keep(&kept(&web, &id)?, &bytes).await?;
        FormView {
            action_href: "/admin/import/accounts/confirm".to_owned(),
            hidden: vec![Hidden::new("job", id), Hidden::new("name", &name)],
            submit: web.t("submit-import"),
            cancel_href: Some("/admin/import/accounts".to_owned()),
            ..FormView::default()
        }
    } else {
        upload_form(&web, None)
    };
    page(&web, ("findings", &name), Shown { plan, form: Some(form), ..Shown::default() }, StatusCode::OK)
}

/// `POST /admin/import/accounts/confirm`: reads the kept file again, since accounts may have changed meanwhile.
pub async fn confirm(web: Web, typed: Typed) -> Result<Response, Error> {
    appoints(&web)?;
    let path = kept(&web, typed.one("job").ok_or(Error::NotFound)?)?;
    let name = crate::files::shown_name(typed.one("name").unwrap_or_default());
    let bytes = tokio::fs::read(&path).await.map_err(|_| Error::NotFound)?;
    // What is confirmed twice is not done twice: the file goes first.
    tokio::fs::remove_file(&path).await.map_err(|_| Error::NotFound)?;
    let plan = plan(&web, &bytes).await?.map_err(|_| Error::Unreadable("file"))?;
    if !plan.is_clean() {
        let form = Some(upload_form(&web, None));
        return page(&web, ("findings", &name), Shown { plan, form, ..Shown::default() }, StatusCode::CONFLICT);
    }
    let first = carried_out(&web, &plan).await?;
    page(&web, ("done", &name), Shown { plan, form: None, first }, StatusCode::OK)
}

/// Makes accounts and posts; gives the passwords to begin with: account, person, password.
///
/// # Errors
/// Storage.
pub(crate) async fn carried_out(web: &Web, plan: &Plan) -> Result<Vec<(AccountId, String, String)>, Error> {
    let store = web.app.store.as_ref();
    let with: Vec<(AccountId, String, String)> = plan
        .accounts
        .iter()
        .map(|(id, name)| (id.clone(), name.clone(), password::first(&web.app.clock.key())))
        .collect();
    let salted: Vec<(String, [u8; 16])> = with
        .iter()
        .map(|(_, _, password)| {
            let mut salt = [0; 16];
            salt.copy_from_slice(&web.app.clock.key()[..16]);
            (password.clone(), salt)
        })
        .collect();
    let hashing = move || salted.iter().map(|(password, salt)| hash_password(password, salt)).collect();
    let hashes: Result<Vec<String>, String> =
        tokio::task::spawn_blocking(hashing).await.map_err(|error| Error::Internal(error.to_string()))?;
    let hashes = hashes.map_err(Error::Internal)?;
    let accounts: Vec<Account> = with
        .iter()
        .zip(hashes)
        .map(|((id, name, _), hash)| Account { id: id.clone(), name: name.clone(), password: Some(hash), active: true })
        .collect();
    // A credential that has to be changed comes before the account it belongs to.
    for (id, ..) in &with {
        credential::change(store, id, |known| known.password_replaced(None, web.now, true)).await?;
    }
    store.accounts_put(&accounts).await?;
    let posts = posts(web, &plan.posts);
    store.posts_put(&posts).await?;
    posts_changed(web).await?;
    let by = &web.signed_in()?.account;
    let line = |account: &AccountId, what| Line::own(account, what, web.origin()).by(by);
    let mut lines: Vec<Line> = with.iter().map(|(id, ..)| line(id, What::Created)).collect();
    lines.extend(posts.iter().filter_map(|post| Some(line(post.account.as_ref()?, What::PostGiven).about(&post.id.0))));
    web.app.account_told(&lines).await?;
    Ok(with)
}

fn posts(web: &Web, given: &[Given]) -> Vec<Post> {
    let wanted: Vec<(String, PlaceCode)> = given.iter().map(|one| (one.role.clone(), one.place)).collect();
    let ids = free_posts(web, &wanted);
    let title = |role: &str| web.world.model.roles.get(role).map(|role| role.title.clone()).unwrap_or_default();
    let post = |(one, id): (&Given, _)| Post {
        id,
        role: one.role.clone(),
        place: one.place,
        title: title(&one.role),
        unit: Text::default(),
        account: Some(one.account.clone()),
        valid_from: one.from,
        valid_to: one.to,
    };
    given.iter().zip(ids).map(post).collect()
}
