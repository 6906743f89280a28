//! What a second person reads of a proposal beside its act and outcome: what exactly is decided, and on what grounds.
//!
//! In Chinese and English side by side, since it is one text of the proposal and not a page.

use app::change_books::LoanChange;
use app::command::Command;
use app::desk::Desk;
use app::disaster::DisasterVerdict;
use app::drawer::{Cleared, DrawerStep, Pieces, VAULT, WorkDrawer};
use app::level::WalletLevel;
use app::line::{LineAct, RegisterMerchant};
use app::paper::AddPaper;
use app::payment::DecidePayment;
use app::promote::ModelPlace;
use app::reconcile::SettleItem;
use basics::{Cell, Id, IdKind, Rate, cbor};
use loan::line::LineWaivable;
use loan::{Happening, LifeEvent, Paper, Waivable};

use crate::extract::public;
use crate::problem::{Problem, fault};
use crate::shown::{amount, percent};

/// What is decided by a command, and the reason or reference that was given; nothing where act and amount say it all.
pub(super) fn said(desk: &Desk, command: &Command) -> Result<Option<String>, Problem> {
    let dated = |date: basics::Date| format!("起息日 value date {date}");
    let based = |reference: &str| format!("依据 reference {reference}");
    let parts = match command {
        Command::DecideByHand(c) => vec![c.reason.clone()],
        Command::Reverse(c) => vec![c.reason.clone()],
        Command::ChangeFacility(c) => vec![c.reason.clone()],
        Command::ServiceLoan(c) => vec![c.reason.clone()],
        Command::Renew(c) => vec![c.reason.clone()],
        Command::UndoRenewal(c) => vec![c.reason.clone()],
        Command::ReleasePayout(c) => vec![c.reason.clone()],
        Command::Fund(c) => vec![c.reference.clone()],
        Command::Transfer(c) => vec![c.note.clone()],
        Command::WorkDrawer(c) => drawer(desk, c)?,
        Command::SetStaff(c) => vec![format!("{} {}", c.login, c.role.as_str())],
        Command::RegisterMerchant(c) => merchant(c),
        Command::PromoteModel(c) => {
            let place = match c.place {
                ModelPlace::Champion => "用于审批 judges as champion",
                ModelPlace::Challenger => "旁听，不参与审批 asked beside the champion, as challenger",
                ModelPlace::Retired => "停用 retired",
            };
            vec![format!("{} {}", c.kind, c.name()), place.to_owned(), c.reason.clone()]
        }
        Command::AddPaper(c) => paper(c),
        Command::DecidePayment(c) => payment(desk, c)?,
        Command::SettleItem(c) => item(desk, c)?,
        Command::ReportSuspicion(c) => vec![c.grounds.clone()],
        Command::EndSuspended(c) => vec![household(c.cell, c.household), c.reason.clone()],
        Command::SetLevel(c) => {
            let level = match c.level {
                WalletLevel::Basic => "三类 basic",
                WalletLevel::Checked => "二类 checked",
                WalletLevel::Full => "一类 full",
            };
            vec![household(c.cell, c.household), format!("账户等级 level {level}"), c.evidence.clone()]
        }
        Command::TakeCredit(c) => {
            vec![household(c.cell, c.household), format!("{} {}", c.rail, c.reference), dated(c.on)]
        }
        Command::MoveLine(c) => line_act(&c.act),
        Command::CorrectLine(c) => {
            [line_act(&c.act), vec![dated(c.value_date), based(&c.reference), c.reason.clone()]].concat()
        }
        Command::CorrectLoan(c) => {
            vec![happening(&c.what), dated(c.value_date), based(&c.reference), c.reason.clone()]
        }
        Command::DecideDisaster(c) => {
            let verdict = match c.verdict {
                DisasterVerdict::CarryOut => "执行 carry out",
                DisasterVerdict::TakeBack => "撤回 take back",
            };
            vec![desk.disaster(c.disaster)?.name, verdict.to_owned(), c.reason.clone()]
        }
        Command::ApplyChange(c) => change(desk, c.household, c.loan, c.change)?,
        Command::UndoChange(c) => [change(desk, c.household, c.loan, c.change)?, vec![c.reason.clone()]].concat(),
        _ => Vec::new(),
    };
    Ok((!parts.is_empty()).then(|| parts.join(" · ")))
}

/// What is done with a drawer, with what was counted.
fn drawer(desk: &Desk, work: &WorkDrawer) -> Result<Vec<String>, Problem> {
    let drawers = desk.drawers()?;
    let name = |id: Id| {
        let found = drawers.iter().find(|row| row.id == id).map(|row| row.name.clone());
        found.unwrap_or_else(|| {
            if id == VAULT { "库房 vault".to_owned() } else { public(IdKind::Drawer, Cell::OFFICE, id) }
        })
    };
    let count = |pieces: &[Pieces]| {
        let rows = pieces.iter().filter(|row| row.pieces > 0);
        let rows: Vec<String> = rows.map(|row| format!("{}×{}", amount(row.denomination_minor), row.pieces)).collect();
        format!("清点 counted {}", if rows.is_empty() { "0".to_owned() } else { rows.join(" ") })
    };
    let own = name(work.drawer);
    Ok(match &work.step {
        DrawerStep::Set { name, clerk, limit, retired } => {
            let login = desk.staff()?.into_iter().find(|row| row.id == *clerk).map(|row| row.login);
            let login = login.unwrap_or_else(|| public(IdKind::Staff, Cell::OFFICE, *clerk));
            let limit = limit.map(|limit| format!("限额 limit {}", amount(limit.minor())));
            let stops = retired.then(|| "停用 given up".to_owned());
            [Some(name.clone()), Some(format!("柜员 clerk {login}")), limit, stops].into_iter().flatten().collect()
        }
        DrawerStep::Open { pieces, from_vault } => {
            let handed = from_vault.map_or(0, |money| money.minor());
            vec![own, count(pieces), format!("库房交出 from the vault {}", amount(handed))]
        }
        DrawerStep::Close { pieces, to_vault } => {
            let handed = to_vault.map_or(0, |money| money.minor());
            vec![own, count(pieces), format!("交回库房 to the vault {}", amount(handed))]
        }
        DrawerStep::Check { pieces, close } => {
            let closes = close.then(|| "查后锁箱 closed with it".to_owned());
            [Some(own), Some(count(pieces)), closes].into_iter().flatten().collect()
        }
        DrawerStep::FromVault { .. } => vec![own, "从库房领 from the vault".to_owned()],
        DrawerStep::ToVault { .. } => vec![own, "交库房 to the vault".to_owned()],
        DrawerStep::Give { to, .. } => vec![format!("{own} → {}", name(*to))],
        DrawerStep::FromBank { reference, .. } => vec!["从银行提现 from the bank".to_owned(), reference.clone()],
        DrawerStep::ToBank { reference, .. } => vec!["缴存银行 to the bank".to_owned(), reference.clone()],
        DrawerStep::LeaveOpen { reason } => vec![own, reason.clone()],
        DrawerStep::Clear { difference, how, reason } => {
            let row = desk.cash_differences(true)?.into_iter().find(|row| row.id == *difference);
            let row = row.ok_or_else(|| Problem::new("unknown_difference"))?;
            let how = match how {
                Cleared::Cash => format!("现金补退 by cash, {own}"),
                Cleared::Profit => "转损益 income or loss".to_owned(),
            };
            vec![
                name(row.drawer),
                format!("{} 差额 difference {}", row.on_day, amount(row.amount_minor)),
                how,
                reason.clone(),
            ]
        }
    })
}

/// A payment in question: what was asked, what its rail says, and what is to be booked.
fn payment(desk: &Desk, told: &DecidePayment) -> Result<Vec<String>, Problem> {
    let rows = desk.payments_at(&[(told.cell, told.payment)])?;
    let unknown = || Problem::new("unknown_payment");
    let row = rows.into_iter().find(|row| row.household == told.household).ok_or_else(unknown)?;
    let moved = told
        .moved
        .map_or("没有划转 nothing moved".to_owned(), |moved| format!("实际划转 moved {}", amount(moved.minor())));
    Ok(vec![
        household(told.cell, told.household),
        format!("申请 asked {}", amount(row.amount_minor)),
        format!("{} 称 says {}", row.rail, amount(row.told_minor)),
        moved,
        told.reason.clone(),
    ])
}

/// An item of reconciliation, and the one it belongs together with.
fn item(desk: &Desk, told: &SettleItem) -> Result<Vec<String>, Problem> {
    let (items, _) = desk.recon_queue()?;
    let shown = |id: Id| {
        let row = items.iter().find(|row| row.id == id).ok_or_else(|| Problem::new("unknown_item"))?;
        let (bank, books) = (amount(row.bank_minor), amount(row.books_minor));
        let reference = row.reference.as_deref().unwrap_or("-");
        Ok::<_, Problem>(format!("{} {} {reference} 银行 bank {bank} 账面 books {books}", row.day, row.kind.as_str()))
    };
    let both = [Some(told.item), told.with].into_iter().flatten().map(shown).collect::<Result<Vec<_>, _>>()?;
    Ok([both, vec![told.reason.clone()]].concat())
}

fn household(cell: Cell, id: Id) -> String {
    public(IdKind::Household, cell, id)
}

fn merchant(told: &RegisterMerchant) -> Vec<String> {
    let settles = told.settles;
    vec![
        told.name.clone(),
        format!("类别 category {}", told.category),
        format!("收款户 paid to {}", household(settles.cell, settles.household)),
        format!("手续费 discount {} %", percent(settles.discount)),
        if told.active { "可以赊销 may sell on lines" } else { "停止赊销 sells no more" }.to_owned(),
    ]
}

fn paper(told: &AddPaper) -> Vec<String> {
    let what = match &told.paper {
        Paper::Payee { household: payee, cell } => format!("收款户 payee {}", household(*cell, *payee)),
        Paper::Guarantee { household: guarantor, cell, amount_fen, .. } => {
            format!("保证人 guarantor {} {}", household(*cell, *guarantor), amount(*amount_fen))
        }
        Paper::Document { code } => format!("材料 document {code}"),
        Paper::Spouse { .. } => "配偶签字 the spouse's word".to_owned(),
        Paper::NoSpouse { .. } => "无配偶 no spouse".to_owned(),
    };
    vec![what, told.evidence.clone()]
}

fn line_act(act: &LineAct) -> Vec<String> {
    let what = match act {
        LineAct::Buy { category, amount: bought, .. } => format!("消费 purchase {} {category}", amount(bought.minor())),
        LineAct::Refund { purchase, amount: back } => format!("退货 refund {} of {purchase}", amount(back.minor())),
        LineAct::Pay { amount: paid } => format!("还款 payment {}", amount(paid.minor())),
        LineAct::Waive { what, amount: off, .. } => {
            let of = match what {
                LineWaivable::Interest => "利息 interest",
                LineWaivable::Penalty => "罚息 penalty",
                LineWaivable::PlanFee => "分期手续费 plan fee",
                LineWaivable::LateFee => "违约金 late fee",
            };
            format!("减免 waive {of} {}", amount(off.minor()))
        }
        LineAct::Raise { to, .. } => format!("额度提到 limit to {}", amount(to.minor())),
        LineAct::Lower { to, .. } => format!("额度降到 limit to {}", amount(to.minor())),
        LineAct::JudgeWorse { class, .. } | LineAct::JudgeBetter { class, .. } => {
            format!("分类第 {0} 级 class {0}", class.0)
        }
        LineAct::Undo { event, .. } => format!("撤销 take back {event}"),
        LineAct::WriteOff { .. } => "核销 write off".to_owned(),
        LineAct::MarkMisuse { .. } => "挪用 misuse".to_owned(),
        LineAct::DrawCash { amount: drawn } => format!("取现 cash {}", amount(drawn.minor())),
        LineAct::ReturnCredit { amount: back } => format!("退还溢缴 return credit {}", amount(back.minor())),
        LineAct::Convert { instalments, .. } => format!("分 {instalments} 期 into {instalments} instalments"),
        LineAct::SettlePlan { .. } => "提前结清分期 settle a plan".to_owned(),
        LineAct::Freeze { .. } => "冻结 freeze".to_owned(),
        LineAct::Thaw => "解冻 thaw".to_owned(),
        LineAct::Close => "关闭 close".to_owned(),
    };
    [Some(what), act.reason().map(str::to_owned)].into_iter().flatten().collect()
}

fn happening(what: &Happening) -> String {
    let name = format!("{} {}", what.name_zh(), what.name_en());
    let rate = |rate: Rate| format!("{} %", percent(rate));
    match what {
        Happening::Reversed { target } => format!("{name} {target}"),
        Happening::Judged { class } => format!("{name} {}", class.0),
        Happening::Misused { penalty_rate } => format!("{name} {}", rate(*penalty_rate)),
        Happening::RateReset(rates) => {
            format!("{name} {}，逾期 overdue {}", rate(rates.rate), rate(rates.penalty_rate))
        }
        Happening::Waived { what, amount_fen } => {
            let of = match what {
                Waivable::Interest => "利息 interest",
                Waivable::Fee => "费用 fee",
                Waivable::Penalty => "罚息 penalty",
                Waivable::Compound => "复利 compound interest",
            };
            format!("{name} {of} {}", amount(*amount_fen))
        }
        Happening::Paid { amount_fen } | Happening::Refunded { amount_fen } => {
            format!("{name} {}", amount(*amount_fen))
        }
        _ => name,
    }
}

fn change(desk: &Desk, household: Id, loan: Id, id: Id) -> Result<Vec<String>, Problem> {
    let row: Option<LoanChange> = desk.changes(household, loan)?.into_iter().find(|row| row.id == id);
    let Some(row) = row else { return Ok(Vec::new()) };
    let event: LifeEvent = cbor::from_bytes(&row.event).map_err(|error| fault(&format!("change {id}: {error}")))?;
    Ok(vec![
        happening(&event.what),
        format!("从 from {}", event.value_date),
        format!("成本 cost {} → {}", amount(row.cost_before_minor), amount(row.cost_after_minor)),
        format!("推迟的本金 principal put off {}", amount(row.moved_minor)),
    ])
}
