//! The optional tables of a product file: spacing, settlement, grace, roll, prepayment, payout, conditions, seasons.

use basics::money::parse_minor;
use basics::{Date, Frequency, Roll, Span};

use super::Source;
use super::raw::{
    ConditionsTable, GraceTable, HarvestTable, PayoutTable, PrepaymentTable, RollTable, RowTable, SettlementTable,
    SpacingTable,
};
use crate::LoanError;
use crate::product::{Harvest, PlanRows, RollRule};
use crate::terms::{
    Conditions, EventRule, FeeAmount, FixedRow, Grace, GuaranteeForm, GuaranteeNeed, GuaranteeRule, PayoutMode,
    PayoutRule, PlanRow, PrepayStrategy, Prepaying, PrepaymentRule, Settlement, SettlementCycle, SpouseRule,
};

impl Source<'_> {
    pub(super) fn money(&self, field: &str, text: &str) -> Result<i64, LoanError> {
        let fen = parse_minor(text).map_err(|e| self.wrong_word(field, text, e.to_string()))?;
        if fen < 0 {
            return Err(self.wrong_word(field, text, "must not be less than 0.00".to_owned()));
        }
        Ok(fen)
    }

    pub(super) fn spacing(&self, raw: Option<&SpacingTable>) -> Result<Frequency, LoanError> {
        let Some(raw) = raw else { return Ok(Frequency::MONTHLY) };
        let span = self.choice(
            "spacing.unit",
            &raw.unit,
            &[("days", Span::Days), ("weeks", Span::Weeks), ("months", Span::Months), ("quarters", Span::Quarters)],
        )?;
        Frequency::new(raw.every, span).map_err(|e| self.wrong("spacing.every", e.to_string()))
    }

    pub(super) fn settlement(&self, raw: Option<&SettlementTable>) -> Result<Option<Settlement>, LoanError> {
        let Some(raw) = raw else { return Ok(None) };
        let cycle = self.choice(
            "settlement.every",
            &raw.every,
            &[("month", SettlementCycle::Month), ("quarter", SettlementCycle::Quarter)],
        )?;
        if !(1..=27).contains(&raw.day) {
            return Err(self.wrong("settlement.day", "must be a day from 1 to 27".to_owned()));
        }
        Ok(Some(Settlement { cycle, day: raw.day }))
    }

    pub(super) fn grace(&self, raw: Option<&GraceTable>) -> Grace {
        raw.map_or(Grace::default(), |raw| Grace { principal: raw.principal, interest: raw.interest })
    }

    pub(super) fn roll(&self, raw: Option<&RollTable>) -> Result<Option<RollRule>, LoanError> {
        let Some(raw) = raw else { return Ok(None) };
        let roll = self.choice(
            "roll.rule",
            &raw.rule,
            &[
                ("following", Roll::Following),
                ("modified-following", Roll::ModifiedFollowing),
                ("preceding", Roll::Preceding),
                ("unadjusted", Roll::Unadjusted),
            ],
        )?;
        let calendar = self.published.calendar(&raw.calendar);
        let holidays = calendar.map_err(|e| self.wrong("roll.calendar", e.to_string()))?.clone();
        Ok(Some(RollRule { roll, holidays }))
    }

    pub(super) fn prepayment(&self, raw: Option<&PrepaymentTable>) -> Result<Option<PrepaymentRule>, LoanError> {
        let Some(raw) = raw else { return Ok(None) };
        let allowed = self.choice(
            "prepayment.allowed",
            &raw.allowed,
            &[("no", Prepaying::No), ("whole", Prepaying::Whole), ("whole-or-part", Prepaying::WholeOrPart)],
        )?;
        let fee = match (&raw.fee_flat, &raw.fee_percent) {
            (None, None) => None,
            (Some(flat), None) => Some(FeeAmount::Flat(self.money("prepayment.fee_flat", flat)?)),
            (None, Some(percent)) => Some(FeeAmount::Ppm(self.rate("prepayment.fee_percent", percent)?.ppm())),
            (Some(_), Some(_)) => {
                let problem = "give either `fee_flat` or `fee_percent`".to_owned();
                return Err(self.wrong("prepayment.fee_flat", problem));
            }
        };
        const STRATEGIES: [(&str, PrepayStrategy); 4] = [
            ("reduce-instalment", PrepayStrategy::ReduceInstalment),
            ("reduce-term", PrepayStrategy::ReduceTerm),
            ("next-instalment", PrepayStrategy::NextInstalment),
            ("last-instalment", PrepayStrategy::LastInstalment),
        ];
        let strategies: Vec<PrepayStrategy> = raw
            .strategies
            .iter()
            .map(|word| self.choice("prepayment.strategies", word, &STRATEGIES))
            .collect::<Result<_, _>>()?;
        if allowed == Prepaying::WholeOrPart && strategies.is_empty() {
            let problem = "say what a part paid early does to the plan: name at least one".to_owned();
            return Err(self.wrong("prepayment.strategies", problem));
        }
        if allowed != Prepaying::WholeOrPart && !strategies.is_empty() {
            let problem = "no part may be paid early: leave them out".to_owned();
            return Err(self.wrong("prepayment.strategies", problem));
        }
        Ok(Some(PrepaymentRule { allowed, notice_days: raw.notice_days, fee, strategies }))
    }

    pub(super) fn payout(&self, raw: Option<&PayoutTable>) -> Result<Option<PayoutRule>, LoanError> {
        let Some(raw) = raw else { return Ok(None) };
        let mode = self.choice(
            "payout.mode",
            &raw.mode,
            &[("self", PayoutMode::SelfPay), ("entrusted", PayoutMode::Entrusted), ("by-amount", PayoutMode::ByAmount)],
        )?;
        let entrusted_from_fen = match (mode, raw.entrusted_from.as_deref()) {
            (PayoutMode::ByAmount, Some(text)) => self.money("payout.entrusted_from", text)?,
            (PayoutMode::ByAmount, None) => {
                let problem = "say from which amount on the payee is paid".to_owned();
                return Err(self.wrong("payout.entrusted_from", problem));
            }
            (_, None) => 0,
            (_, Some(_)) => {
                let problem = "belongs to the mode `by-amount`: leave it out".to_owned();
                return Err(self.wrong("payout.entrusted_from", problem));
            }
        };
        Ok(Some(PayoutRule { mode, entrusted_from_fen, evidence_days: raw.evidence_days }))
    }

    pub(super) fn conditions(&self, raw: Option<ConditionsTable>) -> Result<Option<Conditions>, LoanError> {
        let Some(raw) = raw else { return Ok(None) };
        let spouse = self.choice(
            "conditions.spouse",
            &raw.spouse,
            &[("not-asked", SpouseRule::NotAsked), ("consents", SpouseRule::Consents), ("signs", SpouseRule::Signs)],
        )?;
        let need = self.choice(
            "conditions.guarantee",
            raw.guarantee.as_deref().unwrap_or("none"),
            &[("none", None), ("optional", Some(GuaranteeNeed::Optional)), ("required", Some(GuaranteeNeed::Required))],
        )?;
        let guarantee = match (need, raw.guarantee_form.as_deref(), raw.guarantee_months) {
            (None, None, None) => None,
            (Some(need), Some(form), Some(period_months)) if period_months > 0 => {
                const FORMS: [(&str, GuaranteeForm); 2] =
                    [("general", GuaranteeForm::General), ("joint-and-several", GuaranteeForm::JointAndSeveral)];
                let form = self.choice("conditions.guarantee_form", form, &FORMS)?;
                Some(GuaranteeRule { need, form, period_months })
            }
            _ => {
                let problem =
                    "a guarantee has a `guarantee_form` and `guarantee_months`, and without one there are none";
                return Err(self.wrong("conditions.guarantee_form", problem.to_owned()));
            }
        };
        let on_event = self.choice(
            "conditions.on_event",
            raw.on_event.as_deref().unwrap_or("nothing"),
            &[("nothing", EventRule::Nothing), ("may-defer", EventRule::MayDefer)],
        )?;
        Ok(Some(Conditions {
            spouse,
            guarantee,
            evidence: raw.evidence,
            insurance: raw.insurance,
            on_event,
            misuse_rate: None,
        }))
    }

    pub(super) fn harvests(&self, raw: Vec<HarvestTable>) -> Result<Vec<Harvest>, LoanError> {
        let mut harvests = Vec::with_capacity(raw.len());
        for harvest in raw {
            if !(1..=12).contains(&harvest.month) {
                return Err(self.wrong("harvest.month", "must be a month from 1 to 12".to_owned()));
            }
            if !(1..=31).contains(&harvest.day) {
                return Err(self.wrong("harvest.day", "must be a day from 1 to 31".to_owned()));
            }
            let share_ppm = self.rate("harvest.share", &harvest.share)?.ppm();
            harvests.push(Harvest { month: harvest.month, day: harvest.day, share_ppm });
        }
        let sum: i64 = harvests.iter().map(|harvest| harvest.share_ppm).sum();
        if !harvests.is_empty() && sum != 1_000_000 {
            let problem = format!("the shares add up to {} %, not to 100 %", crate::cost::percent(sum));
            return Err(self.wrong("harvest.share", problem));
        }
        Ok(harvests)
    }

    pub(super) fn rows(&self, raw: &[RowTable]) -> Result<PlanRows, LoanError> {
        let (mut shares, mut amounts) = (Vec::new(), Vec::new());
        for row in raw {
            let due = Date::parse(&row.due).map_err(|e| self.wrong_word("row.due", &row.due, e.to_string()))?;
            match (&row.share, &row.amount) {
                (Some(share), None) => {
                    shares.push(PlanRow { due, principal_ppm: self.rate("row.share", share)?.ppm() });
                }
                (None, Some(amount)) => {
                    amounts.push(FixedRow { due, principal_fen: self.money("row.amount", amount)? });
                }
                _ => return Err(self.wrong_word("row.due", &row.due, "give either `share` or `amount`".to_owned())),
            }
        }
        match (shares.is_empty(), amounts.is_empty()) {
            (true, true) => Ok(PlanRows::OfProduct),
            (false, true) => Ok(PlanRows::Shares(shares)),
            (true, false) => Ok(PlanRows::Amounts(amounts)),
            (false, false) => Err(self.wrong("row.share", "give all rows a share, or all an amount".to_owned())),
        }
    }
}
