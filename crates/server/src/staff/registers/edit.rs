//! Forms of rows: a new row, a correction or the next version, the end of a row. Where two persons are needed the same form
//! makes a proposal. What was refused comes back with everything that was typed.

use super::list::may_add;
use super::offer::Offers;
use super::{Readable, readable, row_href, shown};
use crate::error::{Error, refusal_status};
use crate::looked;
use crate::staff::act::{command_id, upload_findings};
use crate::staff::position::{FRAME, Pair, saved};
use crate::typed::{Asking, Step, Typed};
use crate::view::Look;
use crate::view::form::{Asked, FormView, Hidden, Typed as Entered};
use crate::view::problems::RefusalView;
use crate::web::Web;
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::{Typing, who};
use ganglion_kernel::route::{locate, point_of};
use ganglion_model::change::{Body, Command, FieldFinding, Outcome, Refusal};
use ganglion_model::pack::{Field, FieldKind, Process, Register, Required, Scope};
use ganglion_model::{Fields, PlaceCode, Record, RefusalCode, RowDeed, RowWish, Shard, Text};
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
struct EditContext {
    page: crate::page::Page,
    back_href: String,
    form: FormView,
    refusal: Option<RefusalView>,
    two: bool,
}

/// What a form is about.
struct Subject<'a> {
    readable: &'a Readable<'a>,
    /// The row as it is; `None` for a new one.
    record: Option<&'a Record>,
    deed: RowDeed,
}

impl Subject<'_> {
    fn register(&self) -> &Register {
        self.readable.register
    }

    fn href(&self) -> String {
        let name = &self.register().name;
        match (self.record, self.deed) {
            (None, _) => format!("/registers/{name}/new"),
            (Some(row), RowDeed::Put) => row_href("edit", row.shard, name, &row.key),
            (Some(row), RowDeed::Retire) => row_href("retire", row.shard, name, &row.key),
        }
    }

    fn back(&self) -> String {
        let name = &self.register().name;
        self.record.map_or_else(|| format!("/registers/{name}"), |row| row_href("rows", row.shard, name, &row.key))
    }

    /// The fields asked: those of the register (the key of a row that is there is fixed), then where, from when and why.
    fn fields(&self, look: &Look<'_>) -> (Vec<Field>, Vec<Field>) {
        let register = self.register();
        let mut own: Vec<Field> = register.fields.iter().filter(|field| self.is_asked(field)).cloned().collect();
        if self.deed == RowDeed::Retire {
            own.clear();
        }
        if self.record.is_some() {
            for field in own.iter_mut().filter(|field| field.personal) {
                let kept = look.t("row-personal-kept");
                field.help = Text::new(kept.clone(), kept);
                field.required = Required::No;
            }
        }
        (own, self.frame(look))
    }

    /// Whether the form shows a field: what the system works out is shown while one types, what is fixed stays as it is.
    fn is_asked(&self, field: &Field) -> bool {
        let kept = |record: &Record| {
            self.register().key_fields().any(|name| name == field.name)
                || field.fixed && record.fields.contains_key(&field.name)
        };
        if field.computed.is_some() { !field.personal } else { field.is_typed() && !self.record.is_some_and(kept) }
    }

    fn frame(&self, look: &Look<'_>) -> Vec<Field> {
        let register = self.register();
        let said = |key: &str| Text::new(look.t(key), look.t(key));
        // Whatever else a field may have is as the first one has it; what matters here is set.
        let Some(like) = register.fields.first() else { return Vec::new() };
        let field = |name: &str, kind: FieldKind, title: &str, required: bool| Field {
            name: name.to_owned(),
            kind,
            title: said(title),
            help: Text::default(),
            required: if required { Required::Yes } else { Required::No },
            when: None,
            checks: Vec::new(),
            warns: Vec::new(),
            suggest: Vec::new(),
            personal: false,
            see: Vec::new(),
            default: None,
            unit: None,
            unique: false,
            ..like.clone()
        };
        let mut frame = Vec::new();
        if let (Scope::Place(level), None, RowDeed::Put) = (register.scope, register.field("place"), self.deed) {
            // The place of a new row follows from its position where it has one.
            let follows = self.record.is_none() && position_field(register).is_some();
            let place = field(FRAME, FieldKind::Place { levels: vec![level] }, "col-place", !follows);
            frame.push(Field { help: if follows { said("row-place-help") } else { Text::default() }, ..place });
        }
        if self.deed == RowDeed::Retire {
            frame.push(Field { help: said("row-ends-help"), ..field("-from", FieldKind::Date, "row-ends", false) });
        } else if register.dated {
            frame.push(Field { help: said("row-from-help"), ..field("-from", FieldKind::Date, "row-from", false) });
            frame.push(field("-until", FieldKind::Date, "row-until", false));
        }
        frame.push(field("-why", FieldKind::Text { max: 200, pattern: None }, "row-why", false));
        frame
    }

    /// What the form shows before anything is typed: the row as it is, or, of a new one, the post's own place where rows are
    /// kept at its level.
    fn values(&self, own: ganglion_model::PlaceCode) -> Fields {
        let Some(record) = self.record.filter(|_| self.deed == RowDeed::Put) else {
            let here = self.record.is_none() && self.register().scope == Scope::Place(own.level());
            return here.then(|| ("-place".to_owned(), Value::from(own.to_string()))).into_iter().collect();
        };
        let shown = |name: &String| self.register().field(name).is_some_and(|field| !field.personal);
        let mut values: Fields =
            record.fields.iter().filter(|(name, _)| shown(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
        values.extend(record.place.map(|place| ("-place".to_owned(), Value::from(place.to_string()))));
        values.extend(record.valid_from.map(|day| ("-from".to_owned(), Value::from(day.to_string()))));
        values.extend(record.valid_to.map(|day| ("-until".to_owned(), Value::from(day.to_string()))));
        values
    }
}

/// What was typed, and what came of it.
#[derive(Default)]
struct Attempt {
    values: Option<Fields>,
    findings: Vec<FieldFinding>,
    refusal: Option<String>,
    command: Option<String>,
    version: Option<String>,
    /// A table that gets more blank rows.
    more: Option<String>,
}

async fn page(web: &Web, subject: &Subject<'_>, attempt: Attempt, status: StatusCode) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let alone = may_add(web, subject.readable).ok_or(Error::NotFound)?;
    let post = web.post()?;
    let (own, frame) = subject.fields(&look);
    let all: Vec<Field> = own.into_iter().chain(frame).collect();
    let values = attempt.values.unwrap_or_else(|| subject.values(post.place));
    let findings: Vec<FieldFinding> = attempt.findings.into_iter().map(|one| framed(subject.register(), one)).collect();
    let actor = who::view(&web.world, &web.actor(), web.now);
    let process = Process::default();
    let place = subject.record.and_then(|row| row.place).unwrap_or(post.place);
    let asked = Asked { process: &process, case: None, actor: &actor, place, suggested: &[], prefix: "" };
    let mut fields = look.fields(
        &asked,
        &all,
        Entered { values: Some(&values), findings: &findings, more: attempt.more.as_deref() },
    );
    Offers::opening(web, place).give(&all, &mut fields).await?;
    if let Some(pair) = Pair::of_register(subject.register()) {
        pair.mark(&look, &mut fields, &values);
    }
    let version = subject.record.map_or(0, |row| row.version).to_string();
    let title = match (subject.record, subject.deed) {
        (None, _) => look.t(if alone { "row-new" } else { "row-propose-new" }),
        (Some(row), RowDeed::Retire) => {
            look.say("row-retire-title", &[("title", shown::title(&look, subject.readable, web, row).into())])
        }
        (Some(row), RowDeed::Put) => shown::title(&look, subject.readable, web, row),
    };
    let form = FormView {
        action_href: subject.href(),
        help: (!alone).then(|| look.t("row-two-help")),
        hidden: vec![
            Hidden::new("command_id", attempt.command.unwrap_or_else(|| web.app.clock.id().to_string())),
            Hidden::new("version", attempt.version.unwrap_or(version)),
        ],
        errors: look.problems(&all, &findings, &|name| format!("f-{name}")),
        fields,
        submit: look.t(match (alone, subject.deed) {
            (true, RowDeed::Put) => "row-save",
            (true, RowDeed::Retire) => "row-retire",
            (false, _) => "row-send-proposal",
        }),
        cancel_href: Some(subject.back()),
        later: false,
        title: None,
    };
    let refusal = attempt.refusal.map(|text| RefusalView { title: look.t("refusal-title"), text, kept: Vec::new() });
    let context = EditContext { page: web.page_titled(title), back_href: subject.back(), form, refusal, two: !alone };
    web.render_status(status, "pages/register_edit.html", context)
}

/// What changes while somebody types: fields that do not apply, and what the system works out.
async fn live(web: &Web, subject: &Subject<'_>, typed: &Typed) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    may_add(web, subject.readable).ok_or(Error::NotFound)?;
    let (own, frame) = subject.fields(&look);
    let register = subject.register();
    let (mut form, frame) = (typed.fields(&own), typed.fields(&frame));
    for (name, value) in subject.record.map(|row| &row.fields).into_iter().flatten() {
        let asked = own.iter().any(|field| field.name == *name);
        let open = register.field(name).is_some_and(|field| !field.personal && field.computed.is_none());
        if !asked && open {
            form.insert(name.clone(), value.clone());
        }
    }
    let day = frame.get("-from").and_then(Value::as_str).and_then(|day| day.trim().parse().ok());
    let key = subject.record.map(|row| row.key.clone()).or_else(|| register.key_of(&form)).unwrap_or_default();
    let named = frame.get("-place").or_else(|| form.get("place")).and_then(Value::as_str);
    let shard = shard_of(web, subject, named.and_then(|code| code.trim().parse().ok()));
    let from = register.dated.then(|| day.unwrap_or_else(|| web.today()));
    let typing = Typing { register: &register.name, key: &key, from };
    let actor = who::view(&web.world, &web.actor(), web.now);
    let (process, place) = (Process::default(), web.post()?.place);
    let asked = Asked { process: &process, case: None, actor: &actor, place, suggested: &[], prefix: "" };
    let mut live = looked::live(web, (&look, &asked), (&register.fields, &form), (shard, Some(typing))).await?;
    if let Some(pair) = Pair::of_register(register) {
        pair.hint(&look, &mut live.hints, &form.into_iter().chain(frame).collect());
    }
    Ok(Json(live).into_response())
}

/// Findings of the kernel about where and when stand beside the fields that ask for it.
fn framed(register: &Register, finding: FieldFinding) -> FieldFinding {
    let field = match finding.field.as_str() {
        "place" if register.field("place").is_none() => "-place",
        "valid_to" => "-until",
        other => other,
    };
    FieldFinding { field: field.to_owned(), ..finding }
}

/// Sends what was typed; what was refused comes back filled in. A form that only asks changes nothing.
async fn send(web: &Web, subject: &Subject<'_>, asking: &Asking) -> Result<Response, Error> {
    let typed = &asking.0;
    let words = web.words();
    let look = web.look(&words);
    let alone = may_add(web, subject.readable).ok_or(Error::NotFound)?;
    let (own, frame) = subject.fields(&look);
    let mut form = typed.fields(&own);
    let frame = typed.fields(&frame);
    if asking.step() == Step::Send {
        Offers::opening(web, web.post()?.place).resolve(&own, &mut form).await?;
    }
    let kept: Fields = form.clone().into_iter().chain(frame.clone()).collect();
    let again = |findings: Vec<FieldFinding>, refusal: String| Attempt {
        values: Some(kept.clone()),
        findings,
        refusal: Some(refusal),
        command: typed.one("command_id").map(str::to_owned),
        version: typed.one("version").map(str::to_owned),
        more: None,
    };
    match asking.step() {
        Step::Send => {}
        Step::Ask => return live(web, subject, typed).await,
        Step::More(more) => {
            let more = Some(more.to_owned());
            let attempt = Attempt { more, refusal: None, ..again(Vec::new(), String::new()) };
            return page(web, subject, attempt, StatusCode::OK).await;
        }
    }
    let uploads = upload_findings(web, typed);
    let text = |name: &str| frame.get(name).and_then(Value::as_str).map(|text| text.trim().to_owned());
    let bad_day = |name: &str| text(name).is_some_and(|day| day.parse::<jiff::civil::Date>().is_err());
    let mut findings = uploads;
    findings.extend(["-from", "-until"].iter().filter(|name| bad_day(name)).map(|name| finding(name, "not_a_date")));
    if !findings.is_empty() {
        let attempt = again(findings, look.t("refusal-form"));
        return page(web, subject, attempt, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let (wish, shard) = wish(web, subject, typed, (form, &frame));
    let body = Body::Row { wish: Box::new(wish) };
    let command = Command { id: command_id(web, typed), shard, actor: web.actor(), body };
    match web.app.committer.send(command).await {
        Ok(outcome) => Ok(done(web, &look, subject, (alone, &outcome, &kept))),
        Err(CommitError::Refused(refusal)) => {
            let status = refusal_status(refusal.code);
            if status == StatusCode::NOT_FOUND {
                return Err(Error::NotFound);
            }
            let said = match (refusal.code, subject.record) {
                (RefusalCode::Changed, None) => taken(&look, subject.register(), &kept),
                _ => refused(&look, subject.register(), &refusal),
            };
            page(web, subject, again(refusal.fields, said), status).await
        }
        Err(error) => {
            let error = Error::from(error);
            error.log();
            page(web, subject, again(Vec::new(), look.t("refusal-busy")), error.status()).await
        }
    }
}

/// What a form that can be read wishes for, and the shard it goes to.
fn wish(web: &Web, subject: &Subject<'_>, typed: &Typed, (mut form, frame): (Fields, &Fields)) -> (RowWish, Shard) {
    let text = |name: &str| frame.get(name).and_then(Value::as_str).map(|text| text.trim().to_owned());
    // A box that does not apply was not shown.
    let boxes =
        subject.register().fields.iter().filter(|field| field.when.is_some() && field.kind == FieldKind::Boolean);
    for field in boxes {
        if form.get(&field.name) == Some(&Value::Bool(false)) {
            form.remove(&field.name);
        }
    }
    let day = |name: &str| text(name).and_then(|day| day.parse().ok());
    let named = text("-place").or_else(|| form.get("place").and_then(Value::as_str).map(str::to_owned));
    let place = named
        .and_then(|code| code.parse().ok())
        .or_else(|| subject.record.map_or_else(|| place_at(web, subject.register(), &form), |row| row.place));
    let shard = shard_of(web, subject, place);
    let by_place = subject.register().scope != Scope::Deployment;
    let wish = RowWish {
        register: subject.register().name.clone(),
        key: subject.record.map(|row| row.key.clone()),
        place: place.filter(|_| by_place),
        deed: subject.deed,
        from: day("-from"),
        until: day("-until"),
        form,
        partial: false,
        why: text("-why").unwrap_or_default(),
        version: typed.one("version").and_then(|version| version.parse().ok()),
    };
    (wish, shard)
}

/// The field that says where a row is, if that is a point.
fn position_field(register: &Register) -> Option<&Field> {
    register.location.as_deref().and_then(|name| register.field(name)).filter(|field| field.kind == FieldKind::Point)
}

/// The place of the register's level in which the position of a new row lies, if it is the post's to put rows there.
fn place_at(web: &Web, register: &Register, form: &Fields) -> Option<PlaceCode> {
    let Scope::Place(level) = register.scope else { return None };
    let point = point_of(form.get(&position_field(register)?.name))?;
    let own = web.post().ok()?.place;
    locate(&web.world.places, point).here?.at(level).filter(|place| own.holds(*place))
}

/// Where a row lies: a new one where it is put.
fn shard_of(web: &Web, subject: &Subject<'_>, place: Option<PlaceCode>) -> Shard {
    match subject.record {
        Some(row) => row.shard,
        None if subject.register().scope == Scope::Deployment => Shard::DEPLOYMENT,
        None => place.map_or_else(|| own_shard(web), PlaceCode::shard),
    }
}

fn own_shard(web: &Web) -> Shard {
    let place = web.post().map_or(web.world.places.root, |post| post.place);
    crate::staff::find::counties(web, place).first().copied().unwrap_or(Shard::DEPLOYMENT)
}

fn finding(field: &str, problem: &str) -> FieldFinding {
    FieldFinding {
        field: field.to_owned(),
        problem: problem.to_owned(),
        message: None,
        args: std::collections::BTreeMap::new(),
    }
}

/// What is said when the key of a new row is the key of one that is there.
fn taken(look: &Look<'_>, register: &Register, form: &Fields) -> String {
    let label = register.field(&register.key).map(|field| look.text(&field.title)).unwrap_or_default();
    let key = form.get(&register.key).and_then(Value::as_str).unwrap_or_default();
    look.say("row-refusal-duplicate", &[("label", label.into()), ("key", key.into())])
}

/// A refusal about a row in words: some are said differently than about a case.
pub(super) fn refused(look: &Look<'_>, register: &Register, refusal: &Refusal) -> String {
    let number = refusal.args.get("number").cloned().unwrap_or_default();
    match refusal.code {
        RefusalCode::Changed => look.t("row-refusal-changed"),
        RefusalCode::NotAllowed => look.t("row-refusal-not-allowed"),
        RefusalCode::WrongState => look.t("row-refusal-ended"),
        RefusalCode::Duplicate => {
            let field = refusal.args.get("field").map(String::as_str).unwrap_or_default();
            let name = field.rsplit('.').next().unwrap_or_default();
            let label = register.field(name).map(|field| look.text(&field.title)).unwrap_or_default();
            look.say("row-refusal-duplicate", &[("label", label.into()), ("key", number.into())])
        }
        RefusalCode::Referenced => {
            let name = refusal.args.get("register").map(String::as_str).unwrap_or_default();
            let title = look.world.model.registers.get(name).map(|register| look.text(&register.title));
            let by = refusal.args.get("by").cloned().unwrap_or_default();
            let count = refusal.args.get("count").cloned().unwrap_or_default();
            let args = [("register", title.unwrap_or_default().into()), ("by", by.into()), ("count", count.into())];
            look.say("refusal-referenced", &args)
        }
        _ => look.refusal(None, refusal),
    }
}

fn done(
    web: &Web,
    look: &Look<'_>,
    subject: &Subject<'_>,
    (alone, outcome, kept): (bool, &Outcome, &Fields),
) -> Response {
    let key = outcome.number.clone().unwrap_or_default();
    let said = match (alone, subject.deed) {
        (false, _) => "flash-proposed",
        (true, RowDeed::Put) => "flash-row-saved",
        (true, RowDeed::Retire) => "flash-row-retired",
    };
    let said = look.say(said, &[("key", key.as_str().into())]);
    let to = if alone || subject.record.is_some() {
        row_href("rows", outcome.shard, &subject.register().name, &key)
    } else {
        format!("/registers/{}", subject.register().name)
    };
    let unusual = Pair::of_register(subject.register()).and_then(|pair| pair.said(look, kept));
    let (tone, said) = saved(said, unusual);
    web.redirect_with(&to, tone, &said)
}

/// `GET /registers/{name}/new`.
pub async fn new(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    let subject = Subject { readable: &readable, record: None, deed: RowDeed::Put };
    page(&web, &subject, Attempt::default(), StatusCode::OK).await
}

/// `POST /registers/{name}/new`.
pub async fn create(web: Web, Path(name): Path<String>, asking: Asking) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    let subject = Subject { readable: &readable, record: None, deed: RowDeed::Put };
    send(&web, &subject, &asking).await
}

type RowPath = Path<(String, u32, String)>;

/// The newest version of a row that may be read.
async fn newest(web: &Web, readable: &Readable<'_>, (shard, key): (u32, &str)) -> Result<Record, Error> {
    web.post()?;
    let versions = readable.row(web, shard, key).await?;
    versions.into_iter().max_by_key(|one| (one.version, one.valid_from)).ok_or(Error::NotFound)
}

/// `GET /registers/{name}/edit/{shard}/{key}`.
pub async fn show(web: Web, Path((name, shard, key)): RowPath) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    let record = newest(&web, &readable, (shard, &key)).await?;
    let subject = Subject { readable: &readable, record: Some(&record), deed: RowDeed::Put };
    page(&web, &subject, Attempt::default(), StatusCode::OK).await
}

/// `POST /registers/{name}/edit/{shard}/{key}`.
pub async fn change(web: Web, Path((name, shard, key)): RowPath, asking: Asking) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    let record = newest(&web, &readable, (shard, &key)).await?;
    send(&web, &Subject { readable: &readable, record: Some(&record), deed: RowDeed::Put }, &asking).await
}

/// `GET /registers/{name}/retire/{shard}/{key}`.
pub async fn ending(web: Web, Path((name, shard, key)): RowPath) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    let record = newest(&web, &readable, (shard, &key)).await?;
    let subject = Subject { readable: &readable, record: Some(&record), deed: RowDeed::Retire };
    page(&web, &subject, Attempt::default(), StatusCode::OK).await
}

/// `POST /registers/{name}/retire/{shard}/{key}`.
pub async fn retire(web: Web, Path((name, shard, key)): RowPath, asking: Asking) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    let record = newest(&web, &readable, (shard, &key)).await?;
    send(&web, &Subject { readable: &readable, record: Some(&record), deed: RowDeed::Retire }, &asking).await
}
