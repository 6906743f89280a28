//! Loans at the door: asked for, decided, signed, drawn, paid, and let go.

use app::application::{Apply, SeasonAsked};
use app::command::Command;
use app::correct::CorrectLoan;
use app::desk::{DeskError, Known};
use app::repay::Repay;
use app::review::AskForPerson;
use app::sign::{Draw, Sign};
use app::tables::ApplicationStatus;
use app::withdrawn::WithdrawApplication;
use basics::merkle::leaf_hash;
use basics::{Cell, Date, Id};
use door::{Order, Request};
use loan::season::Grown;
use loan::{Happening, fold};

use super::answer::After;
use super::errand::{Made, Making, Step, dues, of_deal, send};
use super::paper::wanted;
use super::reminder::owed_fen;
use crate::deed::{Act, Mine, Pay, Told, Way};

impl Making<'_> {
    pub(super) fn let_go(&self, mine: Mine) -> Made {
        let (cell, household, application) = self.application_of(mine);
        let withdraw = Command::WithdrawApplication(WithdrawApplication { cell, household, application });
        self.by_its_way("let go", withdraw, After::LetGo(mine))
    }

    pub(super) fn to_a_person(&self, mine: Mine) -> Made {
        let (cell, household, application) = self.application_of(mine);
        let ask = Command::AskForPerson(AskForPerson { cell, household, application });
        self.by_its_way("ask for a person", ask, After::PersonAsked(mine))
    }

    fn application_of(&self, mine: Mine) -> (Cell, Id, Id) {
        (self.home.cell, self.home.id, of_deal(self.home.id, "application", mine))
    }

    pub(super) fn application(&self) -> Made {
        let Act::Apply { mine, product, amount_fen, months, purpose, region, crops } = &self.errand.deed.act else {
            return Made::Tell(Vec::new());
        };
        if self.home.deals.contains_key(mine) {
            return Made::Tell(vec![self.errand.no("application_exists")]);
        }
        let grown = crops.iter().map(|(crop, area)| Grown { crop: crop.clone(), weight_milli: i64::from(*area) });
        let follows_seasons = self.around.platform.house.product(product).is_ok_and(|product| product.season.is_some());
        let season = SeasonAsked { region: region.clone(), crops: grown.collect() };
        let apply = Command::Apply(Apply {
            cell: self.home.cell,
            household: self.home.id,
            application: of_deal(self.home.id, "application", *mine),
            product: product.clone(),
            amount: self.money(*amount_fen),
            term_months: *months,
            purpose: purpose.clone(),
            // Only a product that follows the seasons is asked for with region and crops.
            season: follows_seasons.then_some(season),
        });
        self.by_its_way("apply", apply, After::Applied)
    }

    pub(super) fn decision(&self, mine: Mine, known: &Known) -> Result<Made, DeskError> {
        let platform = self.around.platform;
        let application = of_deal(self.home.id, "application", mine);
        let (house, vault) = (&platform.house, platform.vault.as_ref());
        let decision = known.decision(house, &platform.judge, vault, self.id("decide"), application, self.at())?;
        let offer = match decision.application.status {
            ApplicationStatus::Approved => {
                let quote = known.offer(house, &decision.application)?;
                Some(Told::Offered {
                    mine,
                    approved_fen: decision.application.approved_minor,
                    rate_ppm: decision.application.rate_ppm,
                    cost_ppm: quote.cost.annualised_ppm,
                    dues: dues(&quote.schedule),
                })
            }
            _ => None,
        };
        let reasons = decision.assessment.decision.reasons.iter().map(|reason| reason.code.clone()).collect();
        Ok(send(decision.request, After::Decided(offer, reasons)))
    }

    /// Signing on the text that was shown, then drawing.
    pub(super) fn acceptance(&self, mine: Mine, known: &Known) -> Result<Made, DeskError> {
        let (cell, id) = (self.home.cell, self.home.id);
        let contract = of_deal(id, "contract", mine);
        if self.errand.step == Step::Draw {
            return self.drawing(mine, known);
        }
        let application = known.application(of_deal(id, "application", mine))?;
        let quote = known.offer(&self.around.platform.house, &application)?;
        let text_hash = leaf_hash(quote.schedule.to_string().as_bytes());
        let sign = Command::Sign(Sign {
            cell,
            household: id,
            application: application.id,
            contract,
            text_hash: text_hash.to_vec().into(),
            evidence: match self.errand.deed.way {
                Way::Phone => "read and confirmed on the phone",
                Way::Window => "read and signed at the window",
            }
            .to_owned(),
        });
        let request = Request::plain(self.id("sign"), self.own(), self.at(), Order::Do(sign));
        Ok(send(request, After::Signed(text_hash, wanted(&quote.terms))))
    }

    /// The drawing of all that was signed.
    pub(super) fn drawing(&self, mine: Mine, known: &Known) -> Result<Made, DeskError> {
        let (cell, id) = (self.home.cell, self.home.id);
        let contract = of_deal(id, "contract", mine);
        let (principal_fen, dues) = known.signed(contract)?;
        let draw = Command::Draw(Draw { cell, household: id, contract, loan: of_deal(id, "loan", mine), amount: None });
        let request = Request::plain(self.id("draw"), self.own(), self.at(), Order::Do(draw));
        Ok(send(request, After::Drawn(principal_fen, dues, known.use_by(contract)?)))
    }

    pub(super) fn repayment(&self, mine: Mine, pay: Pay, known: &Known) -> Result<Made, DeskError> {
        let loan = of_deal(self.home.id, "loan", mine);
        let Some((_, terms, events)) = known.loan(loan)? else {
            return Ok(Made::Tell(vec![self.errand.no("unknown_loan")]));
        };
        let day = self.errand.kept_on().unwrap_or(self.around.day);
        let amount_fen = match pay {
            Pay::Fen(fen) => fen,
            Pay::Due => owed_fen(&fold(&terms, &events, day)?, day)?,
            Pay::Off => fold(&terms, &events, day)?.payoff_fen,
        };
        if amount_fen <= 0 {
            return Ok(Made::Tell(vec![self.errand.no("nothing_due")]));
        }
        if self.errand.kept_on().is_some() {
            return Ok(self.dated_back(loan, day, amount_fen));
        }
        let repay = Command::Repay(Repay {
            cell: self.home.cell,
            household: self.home.id,
            loan,
            amount: self.money(amount_fen),
            value_date: None,
        });
        Ok(self.by_its_way("repay", repay, After::Repaid(amount_fen)))
    }

    /// A payment that was brought on a day that is closed: a correction, proposed by the accountant.
    fn dated_back(&self, loan: Id, value_date: Date, amount_fen: i64) -> Made {
        let correct = Command::CorrectLoan(CorrectLoan {
            cell: self.home.cell,
            household: self.home.id,
            loan,
            value_date,
            what: Happening::Paid { amount_fen },
            reference: format!("window slip of {value_date}"),
            reason: "the window was out of order".to_owned(),
        });
        let (id, order) = (self.id("repay"), Order::Propose(correct));
        send(Request::plain(id, self.around.staff.accountant, self.at(), order), After::Proposed(id))
    }
}
