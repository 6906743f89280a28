//! Buying on credit in the village: who takes a line, what it buys by it, and how it pays.
//!
//! A line is for ordinary things when cash is short. What is bought by it is used up instead of what would have been paid
//! for by hand; the shopkeeper gets the money from the lender instead of over the counter.

use insight::EventKind;

use super::birth::YUAN;
use super::chance::{ONE, Purpose};
use super::day::{Today, round};
use super::duty::Will;
use super::folk::Folk;
use super::household::Household;
use super::purse::Trace;
use super::truth::{Truth, TruthRow};
use crate::deed::{Act, Deed, HouseholdNo};

/// How long who was not given a line waits before asking again, days.
const ASK_AGAIN_DAYS: i32 = 180;
/// Least that is worth a purchase by line, yuan.
const LEAST_YUAN: i64 = 30;
/// What a shopkeeper leaves in the wallet, yuan.
const LEFT_YUAN: i64 = 500;

/// What a household has to do with lines, as shopper or as shopkeeper.
#[derive(Clone, Debug, Default, minicbor::Encode, minicbor::Decode)]
pub(super) struct OnLine {
    /// Not before this day does it ask for a line, or to sell on lines.
    #[n(0)]
    pub asks_from: i32,
    /// The limit of its line; 0 while it has none.
    #[n(1)]
    pub limit_fen: i64,
    /// What it owes on it, as last told.
    #[n(2)]
    pub owed_fen: i64,
    /// What it bought by it and has not used up.
    #[n(3)]
    pub goods_fen: i64,
    /// Whether it sells on lines.
    #[n(4)]
    pub sells: bool,
    /// What it sold on lines and would otherwise have been paid for by hand.
    #[n(5)]
    pub sold_fen: i64,
}

impl Household {
    /// Uses up what was bought by line, as far as this goes.
    pub(super) fn use_goods(&mut self, fen: i64) -> i64 {
        let Some(on_line) = &mut self.on_line else { return 0 };
        let used = on_line.goods_fen.min(fen).max(0);
        on_line.goods_fen -= used;
        used
    }

    /// What of its takings a shop gets from the lender, as far as this goes.
    pub(super) fn use_sold(&mut self, fen: i64) -> i64 {
        let Some(on_line) = &mut self.on_line else { return 0 };
        let used = on_line.sold_fen.min(fen).max(0);
        on_line.sold_fen -= used;
        used
    }

    /// What it owes on its line, as last told.
    pub(super) fn owed_on_line(&self) -> i64 {
        self.on_line.as_ref().map_or(0, |on_line| on_line.owed_fen)
    }
}

impl Folk {
    /// The line or the sales of a household, made when first needed.
    fn on_line(&mut self, number: u32) -> Option<&mut OnLine> {
        self.get_mut(number).map(|h| &mut **h.on_line.get_or_insert_default())
    }

    /// A shopkeeper's or a shopper's day with lines; both do business by phone.
    pub(super) fn shop(&mut self, today: &Today<'_>, number: u32, deeds: &mut Vec<Deed>) {
        let Some(shopping) = &today.county.shopping else { return };
        let Some(h) = self.get(number).filter(|h| h.has_phone_page && h.scheme == 0) else { return };
        let none = OnLine::default();
        let on_line = h.on_line.as_deref().unwrap_or(&none);
        let may_ask = on_line.asks_from <= today.day;
        if h.takings_fen > 0 {
            if !on_line.sells && may_ask {
                self.asked(number, today.day);
                deeds.push(self.deed(today, number, 10, Act::SellOnLines { discount_bp: shopping.discount_bp }));
            } else if on_line.sells {
                self.take_home(today, number, deeds);
            }
            return;
        }
        let is_short = h.liquid() < h.spend_fen * shopping.short_days;
        if !is_short {
            self.pay_by_code(today, number, deeds);
            return;
        }
        let (limit_fen, owed_fen, has_borrowed) = (on_line.limit_fen, on_line.owed_fen, h.repaid > 0);
        if limit_fen == 0 {
            // Who has paid back before knows the lender, and is known.
            if has_borrowed && may_ask && h.asking.is_none() && self.shop_near(number).is_some() {
                let limit_fen = round((shopping.limit_yuan * YUAN).min(h.usual_fen), 10_000);
                self.asked(number, today.day);
                deeds.push(self.deed(today, number, 10, Act::OpenLine { limit_fen, months: shopping.months as u16 }));
            }
            return;
        }
        self.buy(today, number, limit_fen - owed_fen, deeds);
    }

    fn asked(&mut self, number: u32, day: i32) {
        if let Some(on_line) = self.on_line(number) {
            on_line.asks_from = day + ASK_AGAIN_DAYS;
        }
    }

    /// Some days' things, at a shop of the village that sells on lines.
    fn buy(&mut self, today: &Today<'_>, number: u32, headroom_fen: i64, deeds: &mut Vec<Deed>) {
        let Some(h) = self.get(number) else { return };
        let draw = today.draw(number, Purpose::Shopping);
        let days = i64::from((h.wake - today.day).clamp(1, 15));
        let wanted = round(h.spend_fen * days * draw.between(0, 30, 90) / 100, 100);
        let amount_fen = wanted.min(round(headroom_fen, 100));
        let is_stocked = h.on_line.as_ref().is_some_and(|on_line| on_line.goods_fen > h.spend_fen * days);
        if amount_fen < LEAST_YUAN * YUAN || is_stocked {
            return;
        }
        if let Some(shop) = self.shop_near(number) {
            deeds.push(self.deed(today, number, 10, Act::Buy { shop: HouseholdNo(shop), amount_fen }));
        }
    }

    /// Some days' things paid for by the code that a shop shows, out of the wallet; what that lacks is paid in before.
    fn pay_by_code(&mut self, today: &Today<'_>, number: u32, deeds: &mut Vec<Deed>) {
        let Some(codes) = &today.county.codes else { return };
        let Some(h) = self.get(number) else { return };
        let draw = today.draw(number, Purpose::Shopping);
        let days = i64::from((h.wake - today.day).clamp(1, 15));
        let amount_fen = round(h.spend_fen * days * draw.between(3, 20, 60) / 100, 10);
        if amount_fen < codes.least_yuan * YUAN || !draw.happens(2, codes.pay_percent * 10_000) {
            return;
        }
        let Some(shop) = self.shop_near(number) else { return };
        let lacks = amount_fen - self.get(number).map_or(0, |h| h.wallet + h.pending);
        if lacks > 0 {
            // One's own money goes to one's own wallet.
            let paid = self.with_purse(number, |purse| purse.pay(EventKind::TransferOut, lacks, 0, Trace::Account));
            if paid != Some(lacks) {
                return;
            }
            self.underway(number, lacks);
            deeds.push(self.deed(today, number, 10, Act::PayIn { amount_fen: lacks }));
        }
        deeds.push(self.deed(today, number, 11, Act::PayByCode { shop: HouseholdNo(shop), amount_fen }));
    }

    /// A purchase by code was booked: the goods are there, and the shop has been paid.
    pub(super) fn paid_by_code(&mut self, number: u32, shop: HouseholdNo, amount_fen: i64) {
        let unheard = self.unheard(number);
        if let Some(h) = self.get_mut(number) {
            h.wallet += h.pending - unheard - amount_fen;
            h.pending = unheard;
        }
        if let Some(on_line) = self.on_line(number) {
            on_line.goods_fen += amount_fen;
        }
        if let Some(on_line) = self.on_line(shop.0) {
            on_line.sold_fen += amount_fen;
        }
    }

    /// A shop in the village of a household that sells on lines.
    fn shop_near(&self, number: u32) -> Option<u32> {
        let village = self.get(number)?.village;
        let shops = self.shops.get(&village)?;
        let from = number as usize % shops.len().max(1);
        let in_turn = shops.iter().cycle().skip(from).take(shops.len());
        in_turn.copied().find(|shop| self.get(*shop).is_some_and(|h| h.on_line.as_ref().is_some_and(|l| l.sells)))
    }

    /// What was paid into a shopkeeper's wallet is taken out when it is worth the way.
    fn take_home(&mut self, today: &Today<'_>, number: u32, deeds: &mut Vec<Deed>) {
        let Some(h) = self.get(number).filter(|h| h.loans.is_empty()) else { return };
        let fen = round(h.wallet + h.pending.min(0) - LEFT_YUAN * YUAN, 10_000);
        if fen > 0 {
            self.fetch(today, number, fen, EventKind::PaymentIn, deeds);
        }
    }

    /// A line was opened.
    pub(super) fn line_open(&mut self, number: u32, limit_fen: i64) {
        if let Some(on_line) = self.on_line(number) {
            on_line.limit_fen = limit_fen;
        }
    }

    /// A shop may sell on lines.
    pub(super) fn sells(&mut self, number: u32) {
        if let Some(on_line) = self.on_line(number) {
            on_line.sells = true;
        }
    }

    /// Something was bought by line; now and then it is not what was wanted, and goes back.
    pub(super) fn bought(
        &mut self,
        today: &Today<'_>,
        number: u32,
        (shop, fen): (HouseholdNo, i64),
        deeds: &mut Vec<Deed>,
    ) {
        self.moved_by_line(number, shop, fen);
        let returned = today.county.shopping.as_ref().map_or(0, |shopping| shopping.returned_permille);
        if today.draw(number, Purpose::Shopping).happens(1, returned * ONE / 1_000) {
            deeds.push(self.deed(today, number, 11, Act::BringBack));
        }
    }

    /// Goods went to a household by its line (positive) or back to the shop.
    pub(super) fn moved_by_line(&mut self, number: u32, shop: HouseholdNo, fen: i64) {
        if let Some(on_line) = self.on_line(number) {
            on_line.owed_fen += fen;
            on_line.goods_fen = (on_line.goods_fen + fen).max(0);
        }
        if let Some(on_line) = self.on_line(shop.0) {
            on_line.sold_fen = (on_line.sold_fen + fen).max(0);
        }
    }

    /// A payment was booked.
    pub(super) fn line_paid(&mut self, number: u32, amount_fen: i64, owed_fen: i64) {
        let unheard = self.unheard(number);
        if let Some(h) = self.get_mut(number) {
            h.wallet += h.pending - unheard - amount_fen;
            h.pending = unheard;
        }
        if let Some(on_line) = self.on_line(number) {
            on_line.owed_fen = owed_fen;
        }
    }

    /// A statement: all of it is paid if that can be spared, else the minimum, and nothing if not even that can be, or if
    /// not paying is worth more.
    pub(super) fn billed(
        &mut self,
        today: &Today<'_>,
        number: u32,
        (minimum_fen, whole_fen): (i64, i64),
        late: i32,
        deeds: &mut Vec<Deed>,
    ) {
        if let Some(on_line) = self.on_line(number) {
            on_line.owed_fen = on_line.owed_fen.max(whole_fen);
        }
        let Some(h) = self.get(number) else { return };
        if let Will::WouldNot(..) = self.will(today, number, h) {
            return;
        }
        let reserve = h.needs_fen * if late > 0 { 5 } else { 12 };
        let spare = h.liquid() - reserve;
        let fen = if spare >= whole_fen { whole_fen } else { minimum_fen };
        if fen <= 0 {
            return;
        }
        if spare < fen {
            let (trouble, short_fen) = (h.felt(today.day), fen - spare.max(0));
            let truth = Truth::ShortOfMinimum { due_fen: fen, short_fen, trouble };
            self.truth.push(TruthRow { date: today.date, household: HouseholdNo(number), truth });
            return;
        }
        self.bring(today, number, fen, deeds);
        deeds.push(self.deed(today, number, 12, Act::PayLine { amount_fen: fen }));
    }
}
