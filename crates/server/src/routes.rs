//! Every address of the server, in one place; staff pages list theirs in `staff`.

use crate::app::AppState;
use crate::error::Error;
use crate::limits::{BULK_BYTES_MAX, IMPORT_BYTES_MAX, JSON_BYTES_MAX};
use crate::own::{absence, passkeys, password, second};
use crate::public::{
    follow, follow_case, follow_data, home, notices, openid, passkey, report, second_step, sent, setup, sign_in, verify,
};
use crate::{
    api, assets, base_map, context, demo_picture, events, files, halls, intake, live, log, map, monitor, ogc, open311,
    own, residents, rest, samples, staff, tiles,
};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use std::any::Any;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

/// The whole server.
pub fn router(app: AppState) -> Router {
    Router::new()
        .merge(shared())
        .merge(public(app.settings.demo))
        .merge(own_account())
        .merge(of_residents())
        .merge(for_programs())
        .merge(for_systems())
        .merge(for_readers())
        .merge(for_batches())
        .merge(for_maps())
        .merge(staff::routes())
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), context::context))
        .layer(CompressionLayer::new())
        .with_state(app)
}

/// Pages anybody may open.
fn public(demo: bool) -> Router<AppState> {
    let router = Router::new()
        .route("/", get(home::show))
        .route("/report", get(report::show).post(report::send))
        .route("/report/near", get(report::near))
        .route("/report/sent/{number}", get(sent::show))
        .route("/follow", get(follow::show).post(follow::ask))
        .route("/follow/{number}", get(follow_case::show))
        .route("/follow/{number}/data", get(follow_data::show))
        .route("/follow/{number}/data.json", get(follow_data::json))
        .route("/follow/{number}/data.csv", get(follow_data::csv))
        .route("/follow/{number}/{action}", post(follow_case::act))
        .route("/v", get(verify::ask))
        .route("/v/{code}", get(verify::show))
        .route("/notices", get(notices::show))
        .route("/notices/{id}/{name}", get(notices::one))
        .route("/notices/{id}/{name}/object", post(notices::object))
        .route("/log", get(log::show))
        .route("/log/{shard}/key", get(log::key))
        .route("/log/{shard}/checkpoint", get(log::checkpoint))
        .route("/log/{shard}/cosigned", get(log::cosigned).post(log::cosign))
        .route("/log/{shard}/tile/{*path}", get(log::tile))
        .route("/styleguide", get(samples::show))
        .route("/halls", get(halls::index::show))
        .route("/halls/{process}/{place}", get(halls::page::show).post(halls::page::give))
        .route("/halls/{process}/{place}/kiosk", get(halls::kiosk::show).post(halls::kiosk::give))
        .route("/halls/{process}/{place}/kiosk/{number}", get(halls::slip::show))
        .route("/halls/{process}/{place}/display", get(halls::display::show))
        .route("/halls/{process}/{place}/calls", get(halls::calls::live))
        .route("/t/{number}/{code}", get(halls::ticket::show))
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/sign-in/code", get(second_step::show).post(second_step::enter))
        .route("/sign-in/passkey", post(passkey::enter))
        .route("/sign-in/passkey/options", post(passkey::options))
        .route("/sign-in/openid", get(openid::go))
        .route("/sign-in/openid/back", get(openid::back))
        .route("/setup", get(setup::show).post(setup::make))
        .route("/sign-out", post(sign_in::leave))
        .route("/post", get(sign_in::switch));
    if !demo {
        return router;
    }
    router.route("/sign-in/demo", post(sign_in::enter_demo)).route("/demo/pictures/{kind}", get(demo_picture::show))
}

/// One's own account, also for those who have to do something there first.
fn own_account() -> Router<AppState> {
    Router::new()
        .route("/account", get(own::show))
        .route("/account/absence", get(absence::show).post(absence::name))
        .route("/account/absence/end", post(absence::end))
        .route("/account/openid", post(own::openid::go))
        .route("/account/openid/off", post(own::openid::off))
        .route("/account/passkeys", get(passkeys::show).post(passkeys::add))
        .route("/account/passkeys/options", post(passkeys::options))
        .route("/account/passkeys/{id}/remove", post(passkeys::remove))
        .route("/account/password", get(password::show).post(password::change))
        .route("/account/second", get(second::show).post(second::set_up))
        .route("/account/second/codes", post(second::renew))
        .route("/account/second/off", post(second::off))
        .route("/account/sessions/end", post(own::end_all))
        .route("/account/sessions/{id}/end", post(own::end))
}

/// Pages of residents who signed in with a code sent to their telephone.
fn of_residents() -> Router<AppState> {
    Router::new()
        .route("/my", get(residents::mine::show))
        .route("/my/sign-in", get(residents::entry::show).post(residents::entry::ask))
        .route("/my/code", post(residents::entry::enter))
        .route("/my/sign-out", post(residents::entry::leave))
        .route("/my/data.json", get(residents::mine::json))
        .route("/my/data.csv", get(residents::mine::csv))
}

/// The JSON interface.
fn for_programs() -> Router<AppState> {
    Router::new()
        .route("/api/v1/sign-in", post(api::sign_in))
        .route("/api/v1/cases", get(api::list).post(api::open))
        .route("/api/packs", post(api::put_packs).get(api::packs).layer(DefaultBodyLimit::max(api::PACK_BYTES_MAX)))
        .route("/api/v1/cases/{number}", get(api::one))
        .route("/api/v1/cases/{number}/actions/{action}", post(api::act))
        .route("/api/v1/queues/{process}", get(api::waiting))
        .route("/api/v1/queues/{process}/next", post(api::next))
}

/// The interface for other software, made from the installed packs.
fn for_systems() -> Router<AppState> {
    let many = || DefaultBodyLimit::max(BULK_BYTES_MAX);
    Router::new()
        .route("/api", get(rest::index::root))
        .route("/api/openapi.json", get(rest::docs::openapi))
        .route("/api/docs", get(rest::docs::show))
        .route("/api/processes", get(rest::index::processes))
        .route("/api/processes/{process}/cases", get(rest::cases::list).post(rest::cases::open))
        .route("/api/processes/{process}/cases/{number}", get(rest::cases::one))
        .route("/api/processes/{process}/cases/{number}/{action}", post(rest::cases::act))
        .route("/api/processes/{process}/history/{number}", get(rest::history::of_case))
        .route(
            "/api/processes/{process}/documents/{number}",
            get(rest::papers::of_case).post(rest::papers::change_of_case),
        )
        .route("/api/processes/{process}/suggestions/{number}", get(rest::suggestions::of_case))
        .route("/api/processes/{process}/duplicates/{number}", get(rest::suggestions::duplicates))
        .route("/api/processes/{process}/board", get(rest::board::of_process))
        .route("/api/processes/{process}/next", post(rest::cases::next))
        .route("/api/processes/{process}/bulk", post(rest::bulk::cases).layer(many()))
        .route("/api/processes/{process}/orders/{intake}", post(intake::take).layer(many()))
        .route("/api/processes/{process}/orders/{intake}/{order}", get(intake::one))
        .route("/api/registers", get(rest::index::registers))
        .route("/api/registers/{name}/rows", get(rest::rows::list).post(rest::rows::create))
        .route(
            "/api/registers/{name}/rows/{shard}/{*key}",
            get(rest::rows::one).put(rest::rows::put).delete(rest::rows::end),
        )
        .route("/api/registers/{name}/bulk", post(rest::bulk::registers).layer(many()))
        .route(
            "/api/registers/{name}/documents/{shard}/{*key}",
            get(rest::papers::of_row).post(rest::papers::change_of_row),
        )
        .route("/api/registers/{name}/history/{shard}/{*key}", get(rest::history::of_row))
        .route("/api/registers/{name}/proposals", get(rest::proposals::list))
        .route("/api/registers/{name}/proposals/{shard}/{id}/{verdict}", post(rest::proposals::decide))
}

/// What is put together from cases, rows and figures, for other software.
fn for_readers() -> Router<AppState> {
    Router::new()
        .route("/api/search", get(rest::search::find))
        .route("/api/plans", get(rest::plans::list))
        .route("/api/plans/{plan}", get(rest::plans::one))
        .route("/api/plans/{plan}/adopt", post(rest::plans::adopt))
        .route("/api/rules", get(rest::rules::list))
        .route("/api/rules/{rule}", get(rest::rules::one))
        .route("/api/admin/accounts", get(rest::admin::accounts))
        .route("/api/admin/posts", get(rest::admin::posts))
        .route("/api/admin/account-lines", get(rest::admin::account_lines))
        .route("/api/admin/looks", get(rest::admin::looks))
        .route("/api/admin/policy", get(rest::admin::policy))
        .route("/api/admin/import/accounts", post(rest::admin::import).layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX)))
        .route("/api/figures", get(rest::figures::list))
        .route("/api/figures/{indicator}", get(rest::figures::one))
        .route("/api/figures/{indicator}/rows", get(rest::figure_rows::list))
        .route("/api/targets", get(rest::targets::list))
        .route("/api/centre", get(rest::board::centre))
        .route("/api/tables", get(rest::tables::list))
        .route("/api/tables/{table}", get(rest::tables::one))
        .route("/api/notices", get(rest::open::notices))
        .route("/api/documents/{code}", get(rest::open::document))
        .route("/api/bulletins", get(rest::tables::bulletins))
        .route("/api/bulletins/{bulletin}", get(rest::tables::bulletin))
        .route("/api/places", get(rest::places::list))
        .route("/api/places/at", get(rest::places::at))
        .route("/api/places/{code}", get(rest::places::one))
        .route("/events", get(events::events))
        .route("/open311/v2/{file}", get(open311::root).post(open311::send))
        .route("/open311/v2/services/{file}", get(open311::definition))
        .route("/open311/v2/requests/{file}", get(open311::request))
        .route("/open311/v2/tokens/{file}", get(open311::token))
}

/// Documents in batches, for other software.
fn for_batches() -> Router<AppState> {
    Router::new()
        .route(
            "/api/processes/{process}/batches",
            get(rest::batches::list_of_cases).post(rest::batches::start_of_cases),
        )
        .route(
            "/api/processes/{process}/batches/{id}",
            get(rest::batches::one_of_cases).delete(rest::batches::stop_of_cases),
        )
        .route("/api/processes/{process}/batches/{id}/zip", get(rest::batches::zip_of_cases))
        .route("/api/registers/{name}/batches", get(rest::batches::list_of_rows).post(rest::batches::start_of_rows))
        .route(
            "/api/registers/{name}/batches/{id}",
            get(rest::batches::one_of_rows).delete(rest::batches::stop_of_rows),
        )
        .route("/api/registers/{name}/batches/{id}/zip", get(rest::batches::zip_of_rows))
}

/// Features and tiles, for maps and other software.
fn for_maps() -> Router<AppState> {
    Router::new()
        .route("/ogc", get(ogc::landing))
        .route("/ogc/", get(ogc::landing))
        .route("/ogc/conformance", get(ogc::conformance))
        .route("/ogc/api", get(ogc::api))
        .route("/ogc/collections", get(ogc::collections))
        .route("/ogc/collections/{collection}", get(ogc::one_collection))
        .route("/ogc/collections/{collection}/queryables", get(ogc::queryables))
        .route("/ogc/collections/{collection}/items", get(ogc::items))
        .route("/ogc/collections/{collection}/items/{*id}", get(ogc::item))
        .route("/tiles", get(tiles::list))
        .route("/tiles/{file}", get(tiles::described))
        .route("/tiles/{collection}/{z}/{x}/{file}", get(tiles::tile))
}

/// Files, map and live news, for everybody's pages; what each caller may see is decided inside.
fn shared() -> Router<AppState> {
    Router::new()
        .route("/assets/{*path}", get(assets::asset))
        .route("/sw.js", get(assets::worker))
        .route("/files", post(files::upload))
        .route("/files/{id}", get(files::full))
        .route("/files/{id}/thumb", get(files::thumb))
        .route("/map/outlines", get(map::outlines))
        .route("/map/base", get(base_map::show))
        .route("/map/base.pmtiles", get(base_map::packed))
        .route("/map/place-at", get(report::place_at))
        .route("/map/cases", get(map::cases))
        .route("/live", get(live::live))
        .route("/health/live", get(monitor::live))
        .route("/health/ready", get(monitor::ready))
        .route("/metrics", get(monitor::figures))
}

/// A bug: said once in the log, without what was sent.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::Internal(format!("panic: {}", said.unwrap_or("without words"))).into_response()
}
