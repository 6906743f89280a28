//! The posting table of the statement line: what a change of its state books. Balanced by the identity of its effects.
//!
//! | what | debit | credit |
//! | --- | --- | --- |
//! | purchase | line principal | payable to the merchant |
//! | refund by a merchant | payable to the merchant | line principal, charges, or credit balance |
//! | payment | wallet | charges, line principal, or credit balance |
//! | interest, penalty, fees billed or charged | charges receivable | income |
//! | waiver | income | charges receivable |
//! | credit balance spent | credit balance | charges, line principal |
//! | credit balance returned | credit balance | wallet |
//! | conversion into instalments | – | – (principal changes its name, not its place) |

use basics::Id;
use door::app::Refusal;
use ledger::{Chart, Line, SubAccount, SubjectCode};
use loan::line::{LineComponent, LineEffects, LineParts};

use crate::books::wallet_account;

/// Sub-account book of the principal of lines.
pub const BOOK_LINE: u16 = 20;
/// Sub-account book of interest and fees of lines.
pub const BOOK_LINE_CHARGES: u16 = 21;
/// Sub-account book of the credit balances of lines.
pub const BOOK_LINE_CREDIT: u16 = 22;
/// Sub-account book of what merchants are owed for purchases.
pub const BOOK_MERCHANT: u16 = 23;

/// The subjects that lines are booked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineSubjects {
    /// Principal of lines 消费额度本金.
    pub principal: SubjectCode,
    /// Interest and fees receivable 应收消费额度息费.
    pub charges: SubjectCode,
    /// Credit balances 消费额度溢缴款.
    pub credit: SubjectCode,
    /// Payable to merchants 应付商户款.
    pub merchants: SubjectCode,
    /// Interest income.
    pub interest_income: SubjectCode,
    /// Penalty income.
    pub penalty_income: SubjectCode,
    /// Fee income.
    pub fee_income: SubjectCode,
}

impl LineSubjects {
    /// Finds them in the chart. Refuses where a chart has no place for lines.
    pub fn of(chart: &Chart) -> Result<LineSubjects, Refusal> {
        let code = |role: &str| {
            let found = chart.role(role).map(|subject| subject.code);
            found.map_err(|error| Refusal::new("no_lines_here", format!("this institution books no lines: {error}")))
        };
        Ok(LineSubjects {
            principal: code("line_principal")?,
            charges: code("line_charges")?,
            credit: code("line_credit")?,
            merchants: code("merchant_payable")?,
            interest_income: code("interest_income")?,
            penalty_income: code("penalty_income")?,
            fee_income: code("fee_income")?,
        })
    }

    /// All of them.
    pub const fn all(&self) -> [SubjectCode; 7] {
        [
            self.principal,
            self.charges,
            self.credit,
            self.merchants,
            self.interest_income,
            self.penalty_income,
            self.fee_income,
        ]
    }

    /// The lines of an entry for a change of a line. `merchant` is who sold or took back, where one did.
    pub fn lines(
        &self,
        wallet: SubjectCode,
        household: Id,
        line: Id,
        merchant: Option<Id>,
        change: &LineEffects,
    ) -> Vec<Line> {
        let of_line = |book| Some(SubAccount { book, owner: household, id: line });
        let of_merchant = merchant.map(|id| SubAccount { book: BOOK_MERCHANT, owner: id, id });
        let earned = |component| change.charged.get(component) - change.waived.get(component);
        let charges = |parts: &LineParts| -> i64 {
            LineComponent::ALL.iter().filter(|c| !c.is_principal()).map(|c| parts.get(*c)).sum()
        };
        let fees = earned(LineComponent::PlanFee) + earned(LineComponent::LateFee);
        let principal = change.charged.purchase_fen - change.settled.purchase_fen - change.settled.instalment_fen;
        let table = [
            (self.principal, of_line(BOOK_LINE), principal),
            (
                self.charges,
                of_line(BOOK_LINE_CHARGES),
                charges(&change.charged) - charges(&change.settled) - charges(&change.waived),
            ),
            (self.merchants, of_merchant, change.refunded_fen - change.charged.purchase_fen),
            (wallet, wallet_account(household), change.received_fen - change.returned_fen),
            (self.credit, of_line(BOOK_LINE_CREDIT), -change.credit_fen),
            (self.interest_income, None, -earned(LineComponent::Interest)),
            (self.penalty_income, None, -earned(LineComponent::Penalty)),
            (self.fee_income, None, -fees),
        ];
        let moves = table.into_iter().filter(|(.., debit)| *debit != 0);
        moves
            .map(
                |(subject, sub, debit)| {
                    if debit > 0 { Line::debit(subject, sub, debit) } else { Line::credit(subject, sub, -debit) }
                },
            )
            .collect()
    }
}
