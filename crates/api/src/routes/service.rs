//! What is done to a running loan beside paying it, and what it is under the rules: class, provision, its own sheets.

use app::command::{Command, Outcome};
use app::service::{LoanAct, LoanShown, ServiceLoan};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::IdKind;
use loan::sheet::{AccountLine, DayLine, account_sheet, interest_days};
use loan::terms::PrepayStrategy;
use loan::{Component, LoanClass, Parts, fold};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Taken, unexpected};
use crate::extract::{Body, CommandId};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument, fault};
use crate::shown::amount;

use super::loan_acts::bad;

/// A loan under the rules of today.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoanStandingShown {
    as_of: String,
    days_past_due: u32,
    /// Code of its class, and its names.
    class: ClassShown,
    /// What makes it worse than the best class, the worst first.
    grounds: Vec<GroundShown>,
    /// Since when it is watched after a restructuring, and until when if nothing falls past due.
    observed_since: Option<String>,
    observed_until: Option<String>,
    /// Stage of expected loss, 1 to 3.
    stage: u8,
    /// Since when its interest is not income.
    not_accruing_since: Option<String>,
    on_balance: PartsShown,
    off_balance: PartsShown,
    /// Floor on every loan, floor by class, expected loss, and the larger that has to stand in the books.
    provision_general: String,
    provision_specific: String,
    provision_expected: String,
    provision_needed: String,
    account_sheet: Vec<AccountLineShown>,
    interest_days: Vec<DayLineShown>,
}

/// A class by its names.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClassShown {
    /// Place on the ladder; 0 is the best.
    place: u8,
    code: String,
    zh: String,
    en: String,
}

/// One ground of a class.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroundShown {
    /// `days_past_due`, `misused`, `new_for_old`, `renewed`, `restructured`, `observed_no_rise` or `judged`.
    ground: &'static str,
    class: ClassShown,
}

/// Amounts by component.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartsShown {
    principal: String,
    interest: String,
    fee: String,
    penalty: String,
    compound: String,
    /// Interest that runs and is not due.
    accrued: String,
}

/// A line of the account sheet 分户账.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountLineShown {
    date: String,
    zh: &'static str,
    en: &'static str,
    debit: String,
    credit: String,
    balance: String,
    principal: String,
    interest: String,
    fee: String,
    penalty: String,
    compound: String,
    ahead: String,
}

/// A line of the interest-day sheet 积数表.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayLineShown {
    /// `interest`, `penalty` or `compound`.
    what: &'static str,
    instalment: u16,
    from: String,
    to: String,
    days: i64,
    balance: String,
    /// Balance × days.
    product: String,
    /// Percent a year.
    rate: String,
    /// What came of it, rounded down to a hundredth of a minor unit.
    interest: String,
}

fn parts(parts: &Parts, accrued_fen: i64) -> PartsShown {
    PartsShown {
        principal: amount(parts.principal_fen),
        interest: amount(parts.interest_fen),
        fee: amount(parts.fee_fen),
        penalty: amount(parts.penalty_fen),
        compound: amount(parts.compound_fen),
        accrued: amount(accrued_fen),
    }
}

fn account_line(line: &AccountLine) -> Result<AccountLineShown, loan::LoanError> {
    Ok(AccountLineShown {
        date: line.date.to_string(),
        zh: line.kind.name_zh(),
        en: line.kind.name_en(),
        debit: amount(line.debit_fen),
        credit: amount(line.credit_fen),
        balance: amount(line.balance_fen()?),
        principal: amount(line.owed.principal_fen),
        interest: amount(line.owed.interest_fen),
        fee: amount(line.owed.fee_fen),
        penalty: amount(line.owed.penalty_fen),
        compound: amount(line.owed.compound_fen),
        ahead: amount(line.ahead_fen),
    })
}

fn day_line(line: &DayLine) -> DayLineShown {
    let hundredths = line.grown.numerator.saturating_mul(100).div_euclid(line.grown.denominator.max(1));
    DayLineShown {
        what: match line.what {
            Component::Penalty => "penalty",
            Component::Compound => "compound",
            _ => "interest",
        },
        instalment: line.instalment,
        from: line.from.to_string(),
        to: line.to.to_string(),
        days: line.days,
        balance: amount(line.balance_fen),
        product: amount(i64::try_from(line.product()).unwrap_or(i64::MAX)),
        rate: line.rate.to_string(),
        interest: format!("{}.{:04}", hundredths.div_euclid(10_000), hundredths.rem_euclid(10_000)),
    }
}

/// A loan under the rules of today: class, provision, what is off balance, its account sheet and interest-day sheet.
#[utoipa::path(get, path = "/api/v1/households/{hh}/loans/{ln}/standing", tag = "loans",
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan, `ln-…`")),
    responses((status = 200, body = LoanStandingShown), (status = "default", body = ProblemDocument)))]
pub async fn standing(
    State(api): State<Shared>,
    Path((hh, ln)): Path<(String, String)>,
) -> Result<Json<LoanStandingShown>, Problem> {
    let household = api.household(&hh)?;
    let id = api.thing(&ln, IdKind::Loan, household)?;
    api.blocking(move |desk| {
        let (note, terms, life) = desk.loan(household, id)?;
        let today = desk.open_date(note.cell)?;
        let broken = |error: loan::LoanError| fault(&format!("loan {id}: {error}"));
        let rules = desk.house().dated.on(today).map_err(broken)?;
        let state = fold(&terms, &life, today).map_err(broken)?;
        let under = state.standing(rules).map_err(broken)?;
        let class = |class: LoanClass| {
            let rung = rules.classes.get(usize::from(class.0));
            let text = |pick: fn(&loan::rules::ClassRung) -> &String| rung.map(pick).cloned().unwrap_or_default();
            ClassShown { place: class.0, code: text(|r| &r.code), zh: text(|r| &r.name_zh), en: text(|r| &r.name_en) }
        };
        let account = account_sheet(&terms, &life, today).map_err(broken)?;
        let days = interest_days(&terms, &life, today).map_err(broken)?;
        let exposed_fen = under.on_balance.principal_fen;
        Ok(Json(LoanStandingShown {
            as_of: today.to_string(),
            days_past_due: state.days_past_due,
            class: class(under.class.class),
            grounds: under
                .class
                .grounds
                .iter()
                .map(|(reason, worst)| GroundShown { ground: reason.as_str(), class: class(*worst) })
                .collect(),
            observed_since: under.class.observed.map(|seen| seen.restructured_on.to_string()),
            observed_until: under.class.observed.and_then(|seen| seen.ends_on).map(|day| day.to_string()),
            stage: under.stage.number(),
            not_accruing_since: under.non_accrual_since.map(|day| day.to_string()),
            on_balance: parts(&under.on_balance, under.accrued.floor_fen().map_err(broken)?),
            off_balance: parts(&under.suspended, under.suspended_accrued.floor_fen().map_err(broken)?),
            provision_general: amount(under.provision.general_fen),
            provision_specific: amount(under.provision.specific_fen),
            provision_expected: amount(under.provision.expected_fen),
            provision_needed: amount(under.provision.needed_fen(exposed_fen)),
            account_sheet: account.lines.iter().map(account_line).collect::<Result<_, _>>().map_err(broken)?,
            interest_days: days.lines.iter().map(day_line).collect(),
        }))
    })
    .await
}

/// Principal is paid before it is due.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrepaymentTold {
    /// How much: what is due is paid first.
    #[schema(example = "2000.00")]
    amount: String,
    /// `reduce_instalment`, `reduce_term`, `next_instalment` or `last_instalment`.
    #[schema(example = "reduce_instalment")]
    strategy: String,
}

/// What a prepayment paid.
#[derive(Debug, Serialize, ToSchema)]
pub struct Prepaid {
    /// Principal that it paid, due and ahead.
    principal: String,
    /// Interest, fees and penalty that it paid.
    beside: String,
    /// Principal not yet paid.
    outstanding: String,
    /// Whether nothing is owed any more.
    closed: bool,
}

/// Pays principal from the wallet before it is due.
#[utoipa::path(post, path = "/api/v1/households/{hh}/loans/{ln}/prepayments", tag = "loans",
    request_body = PrepaymentTold,
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan, `ln-…`"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Prepaid), (status = "default", body = ProblemDocument)))]
pub async fn prepay(
    State(api): State<Shared>,
    Path((hh, ln)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<PrepaymentTold>,
) -> Result<(StatusCode, Json<Prepaid>), Problem> {
    let household = api.household(&hh)?;
    let loan = api.thing(&ln, IdKind::Loan, household)?;
    let cell = api.desk.cell_of(household);
    let strategy = match told.strategy.as_str() {
        "reduce_instalment" => PrepayStrategy::ReduceInstalment,
        "reduce_term" => PrepayStrategy::ReduceTerm,
        "next_instalment" => PrepayStrategy::NextInstalment,
        "last_instalment" => PrepayStrategy::LastInstalment,
        _ => return Err(bad("choose reduce_instalment, reduce_term, next_instalment or last_instalment")),
    };
    let what = LoanAct::Prepay { amount: api.amount(&told.amount)?, strategy };
    let service = ServiceLoan { cell, household, loan, what, reason: "prepayment".to_owned() };
    match api.act(caller.actor, command, Command::ServiceLoan(service)).await? {
        Taken::Done(Outcome::Repaid { allocation, outstanding_minor, closed }) => {
            let beside = [allocation.interest_fen, allocation.fee_fen, allocation.penalty_fen, allocation.compound_fen];
            let paid = Prepaid {
                principal: amount(allocation.principal_fen),
                beside: amount(beside.into_iter().fold(0, i64::saturating_add)),
                outstanding: amount(outstanding_minor),
                closed,
            };
            Ok((StatusCode::CREATED, Json(paid)))
        }
        Taken::Done(other) => Err(unexpected(&other)),
        Taken::Proposed(_) => Err(Problem::new("not_permitted")),
    }
}

/// What a second person is shown: from where to where.
pub(crate) fn change_shown(before: &LoanShown, after: &LoanShown) -> String {
    let one = |shown: &LoanShown| {
        let ends = shown.ends_on.map_or("-".to_owned(), |day| day.to_string());
        let (cost, principal) = (amount(shown.cost_minor), amount(shown.principal_minor));
        format!("本金 principal {principal}, 成本 cost {cost}, 到期 ends {ends}, 分类 class {}", shown.class)
    };
    format!("{} → {}", one(before), one(after))
}
