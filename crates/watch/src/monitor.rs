//! The monitor: takes inputs one after the other, asks every detector, and says what it comes to.
//!
//! Detectors read states as they stood before the input; then the states take it in. Chances are out of sample: a strength is held against
//! what was met before it. Everything is a function of the inputs and their order, so that a monitor rebuilt from the journal says
//! next what the one that was killed would have said.

use basics::{Date, Id};
use insight::EventKind;

use crate::config::{Config, REMEMBERED_FROM};
use crate::detect::habit::{Amount, Hour, PartyNews};
use crate::detect::loans::{Bridge, DebtElsewhere, Missed, PassThrough};
use crate::detect::pace::{Structuring, Velocity};
use crate::detect::season::{IncomeGap, LOOK_ON, VillageShock};
use crate::detect::together::{CardAgent, ClerkRepays, ManyBorrowers, SharedDevice};
use crate::detect::{Context, Detector, Settings};
use crate::field::COLUMNS;
use crate::habits::{Habits, Usual, month_of, short};
use crate::input::{Input, Label, Sight, Tick};
use crate::learned::{LearnSettings, Learned};
use crate::number::{Table, log2_milli, ratio_milli};
use crate::places::{County, Payee, Stir, Tied, Village};
use crate::signal::{Entity, EntityKind, Grade, KINDS, Kind, Reading, Signal};
use crate::tail::{Tail, surprise_milli};
use crate::ties::{Graph, ring_reading};
use crate::unusual::{MEMBERS, Score, Unusual, ppm};
use crate::vector::{WIDTH, vector};

/// Days after which an event that comes late is not looked at: its habits are gone.
pub const LATE_DAYS_MAX: i32 = 400;

/// What came of one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Why the event was not looked at, if so.
    pub left_out: Option<LeftOut>,
    /// What was unusual enough for its detector's threshold.
    pub signals: Vec<Signal>,
    /// The typology with the highest score against its own threshold for alerts: its place in the configuration.
    pub typology: usize,
    /// That score in thousandths of the threshold: 1,000 and more is an alert.
    pub rules_milli: i32,
    /// What the typologies ask for; in shadow too.
    pub grade: Option<Grade>,
    /// The unsupervised score; default where the input is no payment.
    pub unusual: Score,
    /// Log odds by the model that learns from labels, thousandths; none before it was fitted.
    pub learned_milli: Option<i32>,
}

/// Why an event is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// It was seen a moment ago.
    Duplicate,
    /// Its day lies after the moment it was told.
    FromTheFuture,
    /// Its day lies more than [`LATE_DAYS_MAX`] days before that.
    TooLate,
}

/// All detectors with all states.
pub struct Monitor {
    config: Config,
    households: Table<Id, Box<Habits>>,
    payees: Table<u64, Box<Payee>>,
    villages: Table<u64, Box<Village>>,
    devices: Tied,
    agents: Tied,
    staff: Tied,
    county: County,
    transfers: Graph,
    guarantees: Graph,
    tails: [Tail; KINDS],
    unusual: Unusual,
    learned: Learned,
    /// The day that is under way, by the moments at which events became known.
    day: Option<i32>,
}

/// Readings of one input, by kind.
#[derive(Default)]
struct Readings(Vec<(Kind, Entity, Reading)>);

impl Readings {
    fn put(&mut self, kind: Kind, entity: Entity, reading: Option<Reading>) {
        if let Some(reading) = reading {
            self.0.push((kind, entity, reading));
        }
    }

    fn strength(&self, kind: Kind) -> i32 {
        self.0.iter().filter(|one| one.0 == kind).map(|one| one.2.strength_milli).max().unwrap_or(0)
    }
}

impl Monitor {
    /// A monitor that has seen nothing.
    pub fn new(config: Config, learn: LearnSettings) -> Monitor {
        Monitor {
            config,
            households: Table::default(),
            payees: Table::default(),
            villages: Table::default(),
            devices: Tied::default(),
            agents: Tied::default(),
            staff: Tied::default(),
            county: County::default(),
            transfers: Graph::default(),
            guarantees: Graph::default(),
            tails: Default::default(),
            unusual: Unusual::default(),
            learned: Learned::new(learn),
            day: None,
        }
    }

    /// Ends the days before `day` for every household that was met: the time to see what did not happen. What that comes to, for those of whom a typology
    /// asks for something, with the day that was over.
    ///
    /// Of several days at once only the last one is looked at, and those of a month on which income is. Called before each event with the day on
    /// which it became known, it is a function of the events and their order as all else is.
    pub fn pass_to(&mut self, day: i32) -> Vec<(Id, Date, Seen)> {
        let before = self.day.replace(self.day.map_or(day, |known| known.max(day)));
        let Some(before) = before.filter(|before| *before < day) else { return Vec::new() };
        let mut households: Vec<(Id, Option<u64>)> =
            self.households.iter().map(|(household, state)| (*household, state.village)).collect();
        households.sort_unstable_by_key(|(household, _)| *household);
        let over = (before..day).filter_map(|over| Date::from_days(over).ok());
        let looked_at = over.filter(|over| over.day() == LOOK_ON || over.days() == day - 1);
        let mut told = Vec::new();
        for over in looked_at.collect::<Vec<_>>() {
            for (household, village) in &households {
                let tick = Tick { household: *household, day: over, village: *village, owed: None };
                let seen = self.tick(&tick);
                if seen.grade.is_some() {
                    told.push((*household, over, seen));
                }
            }
        }
        told
    }

    /// What it goes by.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Households met so far.
    pub fn households(&self) -> usize {
        self.households.len()
    }

    /// How often the model that learns from labels was fitted.
    pub fn fits(&self) -> u32 {
        self.learned.fits()
    }

    /// Takes an input in, and says what it comes to.
    pub fn step(&mut self, input: &Input<'_>) -> Seen {
        match input {
            Input::Event(sight) => self.event(sight),
            Input::Tick(tick) => self.tick(tick),
            Input::Label(label) => {
                self.label(label);
                Seen::default()
            }
        }
    }

    /// Fits the model that learns from labels anew, where it is time on this day.
    pub fn refit(&mut self, day: i32) {
        self.learned.refit(day);
    }

    fn event(&mut self, sight: &Sight<'_>) -> Seen {
        let (day, told) = (sight.day(), sight.at.date_at_offset(0).days());
        let household = sight.event.household;
        let state = self.households.entry(household).or_default();
        let left_out = match () {
            () if day > told + 1 => Some(LeftOut::FromTheFuture),
            () if told - day > LATE_DAYS_MAX => Some(LeftOut::TooLate),
            () if state.knows(sight.event.id.0.as_u128()) => Some(LeftOut::Duplicate),
            () => None,
        };
        if left_out.is_some() {
            return Seen { left_out, ..Seen::default() };
        }
        state.village = sight.village.or(state.village);
        let settings = &self.config.detectors;
        let of = |kind: Kind| &settings[kind as usize];
        let month = month_of(sight.event.date);
        let usual = state.usual(month, self.county.mean_out());
        let village = sight.village.and_then(|key| self.villages.get(&key)).map(|village| &**village);
        let mut ctx = Context::quiet(usual, &self.county, village);
        if sight.is_out() {
            ctx.spans = state.spans(day);
            ctx.stir = village.map_or_else(Stir::default, |village| village.stir(day));
        }
        let ctx = ctx;
        let input = Input::Event(*sight);
        let own = Entity::Household(household);
        let mut readings = Readings::default();
        let mut ask = |kind: Kind, reading: &mut dyn FnMut() -> Option<Reading>| {
            if of(kind).is_on {
                readings.put(kind, own, reading());
            }
        };
        ask(Kind::Velocity, &mut || Velocity.step(state, &ctx, &input));
        ask(Kind::Amount, &mut || Amount.step(state, &ctx, &input));
        ask(Kind::Hour, &mut || Hour.step(state, &ctx, &input));
        ask(Kind::Party, &mut || PartyNews.step(state, &ctx, &input));
        ask(Kind::Structuring, &mut || Structuring(*of(Kind::Structuring)).step(state, &ctx, &input));
        ask(Kind::PassThrough, &mut || PassThrough(*of(Kind::PassThrough)).step(state, &ctx, &input));
        ask(Kind::DebtElsewhere, &mut || DebtElsewhere(*of(Kind::DebtElsewhere)).step(state, &ctx, &input));
        ask(Kind::Missed, &mut || Missed(*of(Kind::Missed)).step(state, &ctx, &input));
        ask(Kind::Bridge, &mut || Bridge(*of(Kind::Bridge)).step(state, &ctx, &input));

        // Other sides, devices, clerks: across cells.
        let key = sight.event.counterparty.filter(|key| *key != 0);
        let is_loan_fresh =
            state.loan.left > 0 && (0..=of(Kind::Diversion).span.max(1)).contains(&(day - state.loan.received.0));
        let repaid_by = state.follow_loan(sight.event, of(Kind::Bridge).span.max(3));
        let mut payee = key.filter(|_| sight.is_out()).map(|key| &mut **self.payees.entry(key).or_default());
        let parties = (of(Kind::ManyBorrowers), self.config.staff.as_slice());
        if let (Some(key), true) = (key, is_loan_fresh && sight.is_out()) {
            let entity = Entity::Key(EntityKind::Counterparty, key);
            if parties.0.is_on && sight.event.kind == EventKind::TransferOut {
                let taken = payee.as_mut().and_then(|payee| ManyBorrowers(*parties.0).step(payee, &ctx, &input));
                readings.put(Kind::ManyBorrowers, entity, taken);
            }
            if of(Kind::Staff).is_on {
                let is_staff = parties.1.binary_search(&key).is_ok();
                readings.put(Kind::Staff, entity, Some(plain(is_staff, 10_000, sight, key)));
            }
        }
        if let Some(by) = repaid_by {
            let is_staff = parties.1.binary_search(&by).is_ok();
            if of(Kind::ClerkRepays).is_on && is_staff {
                let ties = self.staff.entry(by).or_default();
                let entity = Entity::Key(EntityKind::Clerk, by);
                readings.put(Kind::ClerkRepays, entity, ClerkRepays(*of(Kind::ClerkRepays)).step(ties, &ctx, &input));
            } else if parties.0.is_on {
                let ties = self.payees.entry(by).or_default();
                let entity = Entity::Key(EntityKind::Counterparty, by);
                readings.put(Kind::ManyBorrowers, entity, ManyBorrowers(*parties.0).step(ties, &ctx, &input));
            }
        }
        let payee = key.filter(|_| sight.is_out()).and_then(|key| self.payees.get(&key)).map(|payee| &**payee);
        if let Some(device) = sight.device {
            let entity = Entity::Key(EntityKind::Device, device);
            if of(Kind::SharedDevice).is_on {
                let ties = self.devices.entry(device).or_default();
                let reading = SharedDevice(*of(Kind::SharedDevice)).step(ties, &ctx, &input);
                readings.put(Kind::SharedDevice, entity, reading);
            }
            if of(Kind::CardAgent).is_on && sight.event.kind == EventKind::CashWithdrawal {
                let ties = self.agents.entry(device).or_default();
                readings.put(Kind::CardAgent, entity, CardAgent(*of(Kind::CardAgent)).step(ties, &ctx, &input));
            }
        }
        if let (Some(from), Some(to)) = (sight.own_key, key) {
            let graphs = (&mut self.transfers, &mut self.guarantees);
            edges(graphs, sight, (from, to), settings, &self.config.forbidden, &mut readings);
        }
        if let (Some(from), EventKind::LoanReceived) = (sight.own_key, sight.event.kind) {
            self.transfers.lend(from, day, sight.amount());
        }

        let mut seen = Seen::default();
        if sight.is_out() && sight.amount() > 0 {
            let (strengths, point) = members(sight, state, payee, &ctx, &readings);
            seen.unusual = self.unusual.meet(strengths, &point);
            let row = vector(sight, state, &ctx.spans, payee, usual, &seen.unusual);
            seen.learned_milli = self.learned.score(&row);
            self.learned.wait(sight.event.id, row);
        }
        judge(&mut seen, &readings, state, &mut self.tails, &self.config, day);

        // What states take in.
        let is_news = sight.is_out() && key.is_some_and(|key| !state.knows_party(key));
        let is_new_day = sight.is_out() && ctx.spans.today.out_count == 0;
        let has_income = state.months.iter().any(|m| m.month == month && m.income > 0);
        state.take(sight, month, usual);
        if sight.is_out() {
            self.county.pay(sight.amount(), sight.hour(), is_news);
            self.county.pace.0 += 1;
            self.county.pace.1 += u64::from(is_new_day);
        }
        if let Some(key) = sight.village {
            let village = self.villages.entry(key).or_default();
            if sight.is_out() {
                village.pay(day, ratio_milli(sight.amount(), usual.mean));
            }
            if sight.is_income() {
                village.earn(month, sight.amount(), !has_income);
            }
            if matches!(sight.event.kind, EventKind::DueMet | EventKind::DueLate) {
                village.due(day, sight.event.kind == EventKind::DueLate);
            }
        }
        if let Some(payee) = key.filter(|_| sight.is_out()).and_then(|key| self.payees.get_mut(&key)) {
            payee.pay(day, log2_milli(sight.amount()));
        }
        seen
    }

    fn tick(&mut self, tick: &Tick) -> Seen {
        let mut seen = Seen::default();
        let settings = &self.config.detectors;
        let of = |kind: Kind| &settings[kind as usize];
        let Some(state) = self.households.get_mut(&tick.household) else { return seen };
        let day = tick.day.days();
        let mut readings = Readings::default();
        let input = Input::Tick(*tick);
        let usual = Usual { count: 0, mean: 1, deviation: 1 };
        // The village first: what befalls all of it is told of the village, and not of each household.
        if let Some(key) = tick.village
            && of(Kind::VillageShock).is_on
            && let Some(village) = self.villages.get_mut(&key)
        {
            let ctx = Context::quiet(usual, &self.county, None);
            let reading = VillageShock(*of(Kind::VillageShock)).step(village, &ctx, &input);
            readings.put(Kind::VillageShock, Entity::Key(EntityKind::Village, key), reading);
        }
        let village = tick.village.and_then(|key| self.villages.get(&key)).map(|village| &**village);
        let ctx = Context::quiet(usual, &self.county, village);
        let own = Entity::Household(tick.household);
        if of(Kind::Missed).is_on {
            readings.put(Kind::Missed, own, Missed(*of(Kind::Missed)).step(state, &ctx, &input));
        }
        if of(Kind::IncomeGap).is_on {
            readings.put(Kind::IncomeGap, own, IncomeGap(*of(Kind::IncomeGap)).step(state, &ctx, &input));
        }
        judge(&mut seen, &readings, state, &mut self.tails, &self.config, day);
        seen
    }

    fn label(&mut self, label: &Label) {
        let mut is_quiet = true;
        if let Some(state) = self.households.get_mut(&label.household)
            && label.is_true
        {
            let usual = state.usual(month_of(label.day), self.county.mean_out());
            is_quiet = label.amount_minor <= usual.mean.saturating_add(usual.deviation.saturating_mul(2));
            let at = usize::from(state.frauds_at) % state.frauds.len();
            state.frauds[at] = (label.day.days(), !is_quiet);
            state.frauds_at = (state.frauds_at + 1) % state.frauds.len() as u8;
        }
        if let Some(payee) = label.counterparty.and_then(|key| self.payees.get_mut(&key)) {
            payee.learn(label.day.days(), label.is_true, is_quiet);
        }
        self.learned.learn(label);
    }
}

/// A reading of something that is or is not so.
fn plain(is_so: bool, strength_milli: i32, sight: &Sight<'_>, key: u64) -> Reading {
    Reading {
        strength_milli: if is_so { strength_milli } else { 0 },
        observed: i64::from(is_so),
        evidence: [sight.event.id.0.as_u128(), u128::from(key), 0, 0],
        ..Reading::QUIET
    }
}

/// What an edge of money or of a promise says.
fn edges(
    (transfers, guarantees): (&mut Graph, &mut Graph),
    sight: &Sight<'_>,
    (from, to): (u64, u64),
    settings: &[Settings; KINDS],
    forbidden: &[u64],
    readings: &mut Readings,
) {
    let of = |kind: Kind| &settings[kind as usize];
    let (day, event) = (sight.day(), sight.event.id.0.as_u128());
    let entity = Entity::Key(EntityKind::Account, from);
    let rung = |path: Option<Vec<u64>>| path.map_or(Reading::QUIET, |path| ring_reading(&path, event));
    match sight.event.kind {
        EventKind::GuaranteeGiven if of(Kind::GuaranteeRing).is_on => {
            let path = guarantees.add(from, to, day, 0, of(Kind::GuaranteeRing).span);
            readings.put(Kind::GuaranteeRing, entity, Some(rung(path)));
        }
        EventKind::GuaranteeReleased => guarantees.remove(from, to),
        _ if sight.is_out() => {
            if of(Kind::TransferRing).is_on && sight.event.kind == EventKind::TransferOut {
                let path = transfers.add(from, to, day, sight.amount(), of(Kind::TransferRing).span);
                readings.put(Kind::TransferRing, entity, Some(rung(path)));
            }
            if of(Kind::Diversion).is_on
                && let Some(moved) = transfers.pass(from, to, day, sight.amount(), of(Kind::Diversion).span)
            {
                let reached = forbidden.binary_search(&to).is_ok();
                let mut reading = plain(reached, 14_000, sight, to);
                reading.evidence[2] = u128::from(moved.origin);
                reading.observed = i64::from(moved.hops);
                readings.put(Kind::Diversion, Entity::Key(EntityKind::Counterparty, to), Some(reading));
            }
        }
        _ => {}
    }
}

/// Strengths of the unsupervised members, and the point that the field is asked about.
fn members(
    sight: &Sight<'_>,
    state: &Habits,
    payee: Option<&Payee>,
    ctx: &Context<'_>,
    readings: &Readings,
) -> ([i32; MEMBERS - 1], [u16; COLUMNS]) {
    let amount = sight.amount();
    let day = sight.day();
    let payee_gap = payee
        .filter(|payee| payee.seen.0 >= 3)
        .map_or(0, |payee| log2_milli(amount) - i32::try_from(payee.seen.1 / i64::from(payee.seen.0)).unwrap_or(0));
    let (today, month) = (ctx.spans.today.out_sum.saturating_add(amount), ctx.spans.month_before.out_sum);
    let days = state.days_known(day - 1).min(30);
    let daily = (month + 3 * ctx.usual.mean) / (days + 3);
    let day_gap = ratio_milli(today, daily);
    let strengths = [
        readings.strength(Kind::Amount),
        ctx.county.amount_milli(amount),
        payee_gap.max(0) * 3,
        day_gap.max(0) * 3,
        readings.strength(Kind::Velocity),
        readings.strength(Kind::Hour),
        readings.strength(Kind::Party),
    ];
    let part = |value: i32, low: i32, high: i32| {
        ((i64::from(value.clamp(low, high) - low) * 65_535) / i64::from(high - low)) as u16
    };
    let point = [
        part(ratio_milli(amount, ctx.usual.mean), -6_000, 6_000),
        part(log2_milli(amount), 4_000, 30_000),
        part(payee_gap, -6_000, 6_000),
        part(day_gap, -6_000, 6_000),
        part(readings.strength(Kind::Velocity), 0, 10_000),
        part(readings.strength(Kind::Hour), 0, 6_000),
        part(readings.strength(Kind::Party), 0, 6_000),
    ];
    (strengths, point)
}

/// Chances, signals and typologies of one input.
fn judge(
    seen: &mut Seen,
    readings: &Readings,
    state: &mut Habits,
    tails: &mut [Tail; KINDS],
    config: &Config,
    day: i32,
) {
    let mut surprises = [0_i32; KINDS];
    for (kind, entity, reading) in &readings.0 {
        let place = *kind as usize;
        let chance = tails[place].chance(reading.strength_milli);
        tails[place].count(reading.strength_milli);
        let surprise = if reading.strength_milli > 0 { surprise_milli(chance) } else { 0 };
        surprises[place] = surprises[place].max(surprise);
        let p_ppm = ppm(chance);
        if reading.strength_milli > 0 && p_ppm <= config.detectors[place].signal_ppm {
            seen.signals.push(Signal {
                kind: *kind,
                entity: *entity,
                p_ppm,
                surprise_milli: surprise,
                reading: *reading,
            });
        }
    }
    for (place, typology) in config.typologies.iter().enumerate() {
        // Something has to be new today; what was seen lately then joins it.
        let is_new = typology
            .weights
            .iter()
            .any(|(kind, weight)| *weight > 0 && seen.signals.iter().any(|signal| signal.kind == *kind));
        let score = typology.score(|kind| {
            let now = surprises[kind as usize];
            let before = if is_new { state.surprise_within(kind as usize, day, config.memory_days) } else { 0 };
            now.max(before)
        });
        let against = (i64::from(score) * 1_000 / i64::from(typology.alert.max(1))) as i32;
        if against > seen.rules_milli {
            seen.rules_milli = against;
            seen.typology = place;
        }
        // Nobody is called by what no detector signals.
        if is_new {
            seen.grade = seen.grade.max(typology.grade(score));
        }
    }
    for (place, surprise) in surprises.iter().enumerate().filter(|(_, surprise)| **surprise >= REMEMBERED_FROM) {
        state.surprises[place] = (*surprise, day);
    }
}

/// Bytes of state of a household, all detectors together.
pub const fn household_bytes() -> usize {
    size_of::<Habits>()
}

/// The key by which a household is known among ties.
pub const fn key_of(household: Id) -> u64 {
    short(household.0.as_u128())
}

/// Width of the vectors that the learning score reads.
pub const VECTOR_WIDTH: usize = WIDTH;

mod weigh;

pub use weigh::Weighed;

#[cfg(test)]
mod tests;
