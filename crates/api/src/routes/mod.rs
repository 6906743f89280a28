//! The routes, one file a group, and the OpenAPI document made from them.

mod applications;
mod books;
mod cases;
mod changes;
mod codes;
mod decision;
mod disasters;
mod drawers;
mod early;
mod events;
mod facility;
mod guarantees;
mod household;
mod journal;
mod lines;
mod lists;
mod loan_acts;
mod loans;
mod models;
mod money;
mod notices;
mod office;
mod own_data;
mod papers;
mod payments;
mod periods;
mod policy;
pub(crate) mod portfolio;
mod proposals;
mod public;
mod rating;
mod renewals;
mod requests;
mod said;
mod service;
mod sign_in;
mod staff;
mod statements;
mod suspended;
mod suspicion;
mod tasks;
mod tie;
mod villages;
mod vouchers;

pub(crate) use public::FeeShown;

use axum::middleware::from_fn_with_state;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Shared;
use crate::problem::ProblemDocument;
use crate::session::COOKIE;

/// What the document says of all routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tianxin 田信",
        description = "Rural micro-lending. Amounts are decimal strings in major units, rates are percent, dates are \
            ISO 8601. Every write that is a command carries a header `Command-Id` (a UUID made by the caller; the same \
            one when it is sent again: it is done once and answered alike). Errors are problem documents (RFC 9457) \
            with stable codes, in the language of `Accept-Language` (zh, en).",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemDocument)),
    security(("session" = [], "csrf" = []), ("bearer" = [])),
)]
struct Document;

/// The routes behind the gate, and their document.
pub fn all(api: &Shared) -> (axum::Router<Shared>, utoipa::openapi::OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(public::health))
        .routes(routes!(public::send_code))
        .routes(routes!(public::products))
        .routes(routes!(public::quote))
        .routes(routes!(sign_in::enrol))
        .routes(routes!(sign_in::open, sign_in::close))
        .routes(routes!(sign_in::me))
        .routes(routes!(household::view))
        .routes(routes!(household::entries))
        .routes(routes!(statements::statement))
        .routes(routes!(household::limits))
        .routes(routes!(household::profile))
        .routes(routes!(rating::rating))
        .routes(routes!(rating::answer_raise))
        .routes(routes!(rating::latest))
        .routes(routes!(notices::list))
        .routes(routes!(notices::waiting))
        .routes(routes!(notices::outcome))
        .routes(routes!(events::observe))
        .routes(routes!(money::top_up))
        .routes(routes!(money::withdraw))
        .routes(routes!(money::transfer))
        .routes(routes!(payments::accounts, payments::bind))
        .routes(routes!(codes::make))
        .routes(routes!(codes::pay))
        .routes(routes!(codes::read))
        .routes(routes!(codes::own_merchants))
        .routes(routes!(codes::level, codes::set_level))
        .routes(routes!(payments::list, payments::ask))
        .routes(routes!(payments::decide))
        .routes(routes!(payments::take_credit))
        .routes(routes!(payments::queue))
        .routes(routes!(payments::settle))
        .routes(routes!(early::early))
        .routes(routes!(suspended::of_household))
        .routes(routes!(suspended::queue))
        .routes(routes!(suspended::about))
        .routes(routes!(suspended::decide))
        .routes(routes!(suspicion::document, suspicion::report))
        .routes(routes!(lists::load, lists::one))
        .routes(routes!(cases::list))
        .routes(routes!(cases::watch))
        .routes(routes!(cases::one))
        .routes(routes!(cases::work))
        .routes(routes!(facility::view))
        .routes(routes!(facility::change))
        .routes(routes!(applications::list, applications::apply))
        .routes(routes!(applications::one))
        .routes(routes!(applications::sign))
        .routes(routes!(applications::ask_for_person))
        .routes(routes!(applications::withdraw))
        .routes(routes!(decision::decision))
        .routes(routes!(lines::products))
        .routes(routes!(lines::list, lines::open))
        .routes(routes!(lines::offer))
        .routes(routes!(lines::one))
        .routes(routes!(lines::act))
        .routes(routes!(lines::correct))
        .routes(routes!(lines::standing))
        .routes(routes!(lines::all))
        .routes(routes!(lines::merchants, lines::register))
        .routes(routes!(lines::quote))
        .routes(routes!(papers::list, papers::add))
        .routes(routes!(guarantees::list))
        .routes(routes!(guarantees::answer))
        .routes(routes!(loans::draw))
        .routes(routes!(loans::list))
        .routes(routes!(loans::one))
        .routes(routes!(loans::repay))
        .routes(routes!(loans::correct))
        .routes(routes!(loans::release))
        .routes(routes!(service::standing))
        .routes(routes!(service::prepay))
        .routes(routes!(loan_acts::act))
        .routes(routes!(renewals::renew))
        .routes(routes!(renewals::undo))
        .routes(routes!(changes::list, changes::propose))
        .routes(routes!(changes::consent))
        .routes(routes!(changes::apply))
        .routes(routes!(changes::undo))
        .routes(routes!(disasters::list, disasters::declare))
        .routes(routes!(disasters::one))
        .routes(routes!(disasters::decide))
        .routes(routes!(disasters::run))
        .routes(routes!(changes::watch))
        .routes(routes!(villages::list, villages::open))
        .routes(routes!(villages::one))
        .routes(routes!(villages::work))
        .routes(routes!(villages::list_roll))
        .routes(routes!(villages::work_out))
        .routes(routes!(villages::offer))
        .routes(routes!(villages::preliminaries))
        .routes(routes!(villages::sign))
        .routes(routes!(villages::withdraw))
        .routes(routes!(office::referrals))
        .routes(routes!(office::decide))
        .routes(routes!(office::loans))
        .routes(routes!(tasks::tasks))
        .routes(routes!(policy::products))
        .routes(routes!(policy::rules))
        .routes(routes!(requests::list, requests::ask))
        .routes(routes!(requests::answer))
        .routes(routes!(early::ask_call))
        .routes(routes!(early::end_call))
        .routes(routes!(own_data::consents, own_data::say))
        .routes(routes!(own_data::looks))
        .routes(routes!(own_data::looks_of))
        .routes(routes!(own_data::erase))
        .routes(routes!(office::households))
        .routes(routes!(office::trial_balance))
        .routes(routes!(books::books))
        .routes(routes!(books::postings))
        .routes(routes!(vouchers::entry))
        .routes(routes!(vouchers::list))
        .routes(routes!(tie::tie))
        .routes(routes!(periods::list))
        .routes(routes!(periods::one))
        .routes(routes!(periods::close))
        .routes(routes!(periods::reopen))
        .routes(routes!(portfolio::portfolio))
        .routes(routes!(journal::search))
        .routes(routes!(office::fund))
        .routes(routes!(office::grant))
        .routes(routes!(office::close_day))
        .routes(routes!(office::day))
        .routes(routes!(office::day_report))
        .routes(routes!(office::reverse))
        .routes(routes!(drawers::list, drawers::set))
        .routes(routes!(drawers::one))
        .routes(routes!(drawers::step))
        .routes(routes!(drawers::cash))
        .routes(routes!(proposals::list))
        .routes(routes!(proposals::approve))
        .routes(routes!(proposals::reject))
        .routes(routes!(models::list, models::promote))
        .routes(routes!(staff::list, staff::set))
        .routes(routes!(staff::token))
        .split_for_parts();
    if let Some(components) = &mut document.components {
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE)));
        let csrf = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-CSRF-Token")));
        let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        components.add_security_scheme("session", cookie);
        components.add_security_scheme("csrf", csrf);
        components.add_security_scheme("bearer", bearer);
    }
    (router.route_layer(from_fn_with_state(api.clone(), crate::gate::pass)), document)
}
