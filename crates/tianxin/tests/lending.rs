//! A loan's whole life through the door, with its business noes, and its record replayed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends at the first surprise")]

mod support;

use std::sync::Arc;

use app::application::{Apply, DecideByHand};
use app::assess::{self, Judge, feature_names};
use app::close::CloseDay;
use app::command::{Command, Outcome};
use app::desk::{Desk, DeskError, EnrolRequest, NewMember};
use app::promote::{ModelPlace, PromoteModel, name_bytes};
use app::repay::Repay;
use app::scorer::{Scorer, ScorerError};
use app::sign::Draw;
use app::tables::{ApplicationStatus, MemberRole};
use app::vault::{Vault, VaultError};
use app::{Institution, Tianxin};
use basics::{Cell, Currency, Id, Money, Rate};
use door::{Actor, Backend, DoorError, Engine, EngineOptions, Order, Request, Role, audit};
use insight::{Channel, Event, EventKind, Safer, features_for, for_credit};
use ledger::Chart;
use policy::RuleSet;
use score::bundle::Bundle;
use score::frame::Target;
use score::{DataCard, ModelFile, Sample, TrainSpec, Trend, train};
use store::KeyStore;
use support::*;

struct Keys(KeyStore);

impl Vault for Keys {
    fn make_keys(&self, persons: &[Id]) -> Result<(), VaultError> {
        self.0.make_many(persons).map(|_| ()).map_err(|e| VaultError::Failed(e.to_string()))
    }
    fn seal(&self, person: Id, field: &str, command: Id, plain: &[u8]) -> Result<(Vec<u8>, [u8; 32]), VaultError> {
        let key = self.0.person_key(person).unwrap().ok_or(VaultError::Erased)?;
        let sealed = store::keys::seal(&key, field, command, plain).unwrap();
        Ok((sealed.ciphertext, sealed.commitment))
    }
    fn open(&self, person: Id, ciphertext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.0.person_key(person).unwrap().ok_or(VaultError::Erased)?;
        Ok(store::keys::open(&key, ciphertext).unwrap().0.to_vec())
    }
    fn destroy(&self, person: Id) -> Result<(), VaultError> {
        self.0.destroy(person).map_err(|e| VaultError::Failed(e.to_string()))
    }
    fn keyed_hash(&self, domain: &str, value: &[u8]) -> [u8; 32] {
        self.0.keyed_hash(domain, value)
    }
}

/// A month of a household's movements: income in, living out; the poor run dry.
fn events(household: Id, income_fen: i64, living_fen: i64) -> Vec<Event> {
    let mut balance = 20_000;
    let mut all = Vec::new();
    for n in 0..190i32 {
        let date = open_date().add_days(n - 190);
        let mut push = |kind, amount: i64| {
            balance += amount;
            all.push(Event {
                household,
                id: id(u128::from(n as u32) << 8 | u128::from(amount > 0)),
                date,
                kind,
                amount_minor: amount,
                balance_after_minor: Some(balance),
                counterparty: None,
                channel: Channel::OwnBusiness,
                consent: None,
                measure: None,
                source: None,
                known: None,
            });
        };
        if n % 15 == 3 {
            push(EventKind::PaymentIn, income_fen / 2);
        }
        if n % 3 == 1 {
            push(EventKind::PaymentOut, -(living_fen / 10).max(1));
        }
    }
    all
}

/// A scorecard trained on households that had money left, and on others that had not.
fn model() -> ModelFile {
    let mut rows = Vec::new();
    for n in 0..160i64 {
        let (income, living) = (300_000 + n * 1_000, if n % 4 == 0 { 330_000 + n * 1_000 } else { 180_000 });
        let mut profile = insight::Profile::default();
        for event in events(household(n as u64), income, living) {
            profile.fold(&event).unwrap();
        }
        let request = insight::Request { amount_minor: 1_000_000, instalment_minor: 90_000, term_months: 12 };
        rows.push((features_for(&profile, &request, open_date()), n % 4 == 0));
    }
    let trend = |safer| match safer {
        Safer::Higher => Trend::Falling,
        Safer::Lower => Trend::Rising,
        Safer::Either => Trend::Free,
    };
    let columns: Vec<(String, Trend)> = for_credit().map(|f| (f.name.to_owned(), trend(f.safer))).collect();
    let sample = Sample {
        columns: columns.iter().map(|(name, _)| rows.iter().map(|(v, _)| v.get(name)).collect()).collect(),
        bad: rows.iter().map(|(_, bad)| *bad).collect(),
    };
    train(&sample, DataCard::default(), &TrainSpec::usual(columns, 1)).unwrap()
}

struct House {
    desk: Desk,
    backend: Arc<dyn Backend>,
    tianxin: Arc<Tianxin>,
    _folder: tempfile::TempDir,
}

fn house(model: Option<ModelFile>) -> House {
    house_under(model, RuleSet::CN_RURAL)
}

fn house_under(model: Option<ModelFile>, rules: &str) -> House {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("books.db"));
    house_on(backend, folder, model, rules)
}

fn house_on(backend: Arc<dyn Backend>, folder: tempfile::TempDir, model: Option<ModelFile>, rules: &str) -> House {
    let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
    let products = vec![
        loan::product::shipped("short-working-capital").unwrap(),
        loan::product::shipped("season-bullet").unwrap(),
    ];
    let tianxin = Arc::new(Tianxin::new(Institution::rural_bank("Test"), chart).unwrap().lending(products));
    let mut n = 0u8;
    let entropy = Box::new(move |bytes: &mut [u8]| {
        for byte in bytes {
            n = n.wrapping_mul(31).wrapping_add(7);
            *byte = n;
        }
    });
    let keys = KeyStore::open(folder.path(), entropy).unwrap();
    let engine = Engine::start(tianxin.clone(), backend.clone(), EngineOptions::default()).unwrap();
    let rules = RuleSet::parse("cn-rural.toml", rules, &feature_names()).unwrap();
    let desk = Desk::new(Arc::new(engine), Arc::new(Keys(keys)), Judge::new(model, rules), 2);
    House { desk, backend, tianxin, _folder: folder }
}

impl House {
    fn enrol(&self, n: u64, resident_id: &str) -> Id {
        let id = household(n);
        self.desk.enrol(&new_household(id, resident_id), Actor::SYSTEM, morning()).unwrap();
        id
    }

    fn cell(&self, id: Id) -> Cell {
        self.desk.cell_of(id)
    }

    fn call(&self, n: u128, actor: Actor, command: Command) -> Result<Outcome, DoorError> {
        let request = Request::plain(id(0xD000_0000 + n), actor, morning(), Order::Do(command));
        Ok(self.desk.engine.call(request)?.outcome::<Tianxin>().unwrap())
    }

    fn apply(&self, n: u128, household: Id, application: Id, yuan: i64) -> Result<Outcome, DoorError> {
        let apply = Apply {
            cell: self.cell(household),
            household,
            application,
            product: "short-working-capital".into(),
            amount: Money::new(yuan * 100, Currency::CNY),
            term_months: 12,
            purpose: self.tianxin.product("short-working-capital").unwrap().uses[0].clone(),
            season: None,
        };
        self.call(n, farmer(household), Command::Apply(apply))
    }

    fn repay(&self, n: u128, household: Id, loan: Id, fen: i64) -> Outcome {
        let amount = Money::new(fen, Currency::CNY);
        let repay = Repay { cell: self.cell(household), household, loan, amount, value_date: None };
        self.call(n, farmer(household), Command::Repay(repay)).unwrap()
    }

    fn top_up(&self, n: u128, household: Id, yuan: i64) {
        let amount = Money::new(yuan * 100, Currency::CNY);
        let (cell, reference) = (self.cell(household), "slip".to_owned());
        let top_up = app::wallet::TopUp { cell, household, amount, value_date: None, reference };
        assert_eq!(self.call(n, Actor::SYSTEM, Command::TopUp(top_up)).unwrap(), Outcome::Done);
    }

    fn verify(&self) {
        self.desk.engine.settle();
        audit::verify(self.tianxin.as_ref(), self.backend.as_ref(), None).unwrap();
    }
}

fn new_household(id: Id, resident_id: &str) -> EnrolRequest {
    EnrolRequest {
        command_id: id.derive(resident_id),
        household: id,
        village: "柳树湾".into(),
        members: vec![NewMember {
            role: MemberRole::Head,
            name: "Test Farmer".into(),
            resident_id: resident_id.into(),
            phone: Some("13900000001".into()),
            extra_fields: Vec::new(),
        }],
        consents: vec![("platform".into(), "1".into())],
    }
}

/// Trees over one feature, as LightGBM writes them: who has little of it is risky.
fn trees(feature: &str, leaf: &str) -> Vec<u8> {
    let text = format!(
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=0\nobjective=binary sigmoid:1\n\
         feature_names={feature}\ntree_sizes=1\n\nTree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=1000\n\
         decision_type=2\nleft_child=-1\nright_child=-2\nleaf_value={leaf} -4.5\nleaf_count=10 90\nis_linear=0\n\
         shrinkage=1\n\nend of trees\n"
    );
    let target = Target { column: "bad".to_owned(), positive: "1".to_owned() };
    score::import(text.as_bytes()).unwrap().adopt(target).unwrap().to_bytes()
}

/// A house whose champion are trees: 1.1 % of turning bad with money in hand, 82 % without.
fn house_of_trees(rules: &str) -> House {
    let mut house = house_under(None, rules);
    let bytes = trees("cushion", "1.5");
    let name = Bundle::name_of(&bytes);
    house.desk = house.desk.promoting_from(Arc::new(move |_| Scorer::read(&bytes).ok().map(Arc::new)));
    house.promote(0, &name, ModelPlace::Champion).unwrap();
    house
}

impl House {
    /// Analyst and approver give a model a place.
    fn promote(&self, n: u128, name: &str, place: ModelPlace) -> Result<Outcome, DoorError> {
        let model = name_bytes(name).unwrap().into();
        let reason = "compared on last year's loans".to_owned();
        let promote = Command::PromoteModel(PromoteModel { model, place, kind: "portfolio".to_owned(), reason });
        let send = |id, actor, order| self.desk.engine.call(Request::plain(id, actor, morning(), order));
        let proposal = id(0xE000_0000 + n);
        send(proposal, staff(1, Role::Analyst), Order::Propose(promote))?;
        let approve = Order::Approve { cell: Cell::OFFICE, proposal };
        Ok(send(proposal.derive("second"), staff(2, Role::Approver), approve)?.outcome::<Tianxin>().unwrap())
    }

    fn decided(&self, n: u128, household: Id) -> assess::Assessment {
        assert_eq!(self.apply(n, household, id(0xA000 + n), 3_000).unwrap(), Outcome::Done);
        self.desk.decide(id(0xF000 + n), household, id(0xA000 + n), morning()).unwrap().assessment.unwrap()
    }
}

#[test]
fn two_people_promote_a_model_and_it_judges_until_another_does() {
    let card = model();
    judges_as_promoted(house(Some(card.clone())), Some(card));
}

#[test]
fn a_promoted_model_judges_and_its_records_replay_on_postgres() {
    let Some((database, _server)) = postgres("promote") else { return };
    let folder = tempfile::tempdir().unwrap();
    let backend = postgres_backend(&database.url(), "promote");
    // Without a card, people decide until there is a champion: training one takes most of the time of the other test.
    judges_as_promoted(house_on(backend, folder, None, RuleSet::CN_RURAL), None);
}

fn judges_as_promoted(mut house: House, card: Option<ModelFile>) {
    let files = tempfile::tempdir().unwrap();
    let keep = |bytes: &[u8]| {
        let name = Bundle::name_of(bytes);
        std::fs::write(files.path().join(&name), bytes).unwrap();
        name
    };
    let (champion, challenger) = (keep(&trees("cushion", "1.5")), keep(&trees("inflow_monthly", "0.5")));
    let folder = files.path().to_owned();
    let shelf = |folder: std::path::PathBuf| -> app::desk::Shelf {
        Arc::new(move |name| Scorer::load(&std::fs::read(folder.join(name)).ok()?, name).ok().map(Arc::new))
    };
    house.desk = house.desk.promoting_from(shelf(folder.clone()));
    let farmer_id = house.enrol(1, "510821198003078512");
    house.desk.observe(id(1), farmer_id, &events(farmer_id, 400_000, 180_000), Actor::SYSTEM, morning()).unwrap();
    let first = house.decided(1, farmer_id);
    let of_card = card.as_ref().map(ModelFile::hash).unwrap_or_default();
    assert_eq!((&first.model, first.shadow.as_ref()), (&of_card, None));

    // One person is not enough, whoever it is; the platform itself may not.
    let alone = PromoteModel {
        model: name_bytes(&champion).unwrap().into(),
        place: ModelPlace::Champion,
        kind: "portfolio".to_owned(),
        reason: "alone".to_owned(),
    };
    let actors = [staff(1, Role::Analyst), staff(2, Role::Approver), staff(3, Role::Officer), Actor::SYSTEM];
    for (n, actor) in (900..).zip(actors) {
        assert!(house.call(n, actor, Command::PromoteModel(alone.clone())).is_err());
    }
    assert_eq!(house.promote(1, &champion, ModelPlace::Champion).unwrap(), Outcome::Done);
    assert_eq!(house.promote(2, &challenger, ModelPlace::Challenger).unwrap(), Outcome::Done);
    let second = house.decided(2, farmer_id);
    assert_eq!(second.model, champion);
    let shadow = second.shadow.clone().unwrap();
    assert_eq!((shadow.model.as_str(), second.log_odds_micro), (challenger.as_str(), Some(-4_500_000)));
    assert!(shadow.log_odds_micro.is_some());
    // The same promotion twice is refused, so who judged before is not lost; the champion is not its own challenger.
    assert!(house.promote(3, &champion, ModelPlace::Champion).is_err());
    assert!(house.promote(4, &champion, ModelPlace::Challenger).is_err());

    // A champion whose file is cut short does not judge, and who judged before goes on.
    let broken = keep(&trees("balance_min", "2.5"));
    std::fs::write(files.path().join(&broken), &trees("balance_min", "2.5")[..90]).unwrap();
    assert_eq!(house.promote(5, &broken, ModelPlace::Champion).unwrap(), Outcome::Done);
    assert_eq!(house.decided(3, farmer_id).model, champion);
    // So it is after a restart: another desk on the same books goes back to the champion before.
    let again = Desk::new(
        house.desk.engine.clone(),
        house.desk.vault.clone(),
        Judge::new(card, house.desk.judge().unwrap().rules.as_ref().clone()),
        1,
    )
    .promoting_from(shelf(folder));
    assert_eq!(again.judge().unwrap().model_hash(), champion);
    let rows = again.models().unwrap();
    let broken_row = rows.iter().find(|row| row.name == broken).unwrap();
    assert_eq!((broken_row.place, broken_row.before.as_deref()), (ModelPlace::Champion, Some(champion.as_str())));

    // Records are computed again by the models that they name, whoever judges now.
    let product = house.tianxin.product("short-working-capital").unwrap();
    let judge_of_then = |record: &assess::Assessment| {
        let read = |name: &str| Arc::new(Scorer::read(&std::fs::read(files.path().join(name)).unwrap()).unwrap());
        let challenger = record.shadow.as_ref().map(|shadow| read(&shadow.model));
        Judge { model: Some(read(&record.model)), challenger, rules: again.judge().unwrap().rules.clone(), cells: None }
    };
    assert_eq!(assess::replay(&judge_of_then(&second), product, &second), Some(true));
    let mut altered = second.clone();
    altered.shadow.as_mut().unwrap().log_odds_micro = Some(1);
    assert_eq!(assess::replay(&judge_of_then(&second), product, &altered), Some(false));
    assert_eq!(assess::replay(&judge_of_then(&second), product, &first), None);
    house.verify();
}

#[test]
fn the_exploration_lane_stops_at_its_budget_and_logs_every_chance() {
    // Everybody is turned away by a rule that may be passed over; half are drawn, and a cell may lose 25.00 a year.
    let lane = "[exploration]\nshare_percent = \"50\"\namount_max = \"1000.00\"\nloss_budget_year = \"100.00\"\nseed = \"s\"\n\n\
                [words.explored]\nzh = \"试借 {limit} 元。\"\nen = \"We try it with {limit}.\"\n\n[words.approved]";
    let rules = RuleSet::CN_RURAL
        .replacen(
            "code = \"risk-high\"\nwhen = 'score.pd_ppm >= 300000'",
            "code = \"risk-high\"\nexplore = true\nwhen = 'score.pd_ppm >= 1'",
            1,
        )
        .replacen("[words.approved]", lane, 1);
    let house = house_of_trees(&rules);
    let mut taken: Vec<(Cell, i64)> = Vec::new();
    let (mut chances, mut closed) = (0, 0);
    for n in 1..=16u64 {
        let farmer_id = house.enrol(n, &format!("5108211980030785{:02}", 10 + n));
        house
            .desk
            .observe(id(u128::from(n)), farmer_id, &events(farmer_id, 400_000, 180_000), Actor::SYSTEM, morning())
            .unwrap();
        let record = house.decided(u128::from(n), farmer_id);
        let product = house.tianxin.product("short-working-capital").unwrap();
        assert_eq!(assess::replay(&house.desk.judge().unwrap(), product, &record), Some(true));
        // Tried under the same rules, the lane draws what it is given: the record's own draw, or another.
        let rules = house.desk.judge().unwrap().rules.clone();
        let tried = |draw_ppm, budget_left_minor| {
            let lane = Some(policy::LaneFacts { draw_ppm, budget_left_minor });
            assess::under(&rules, product, &record, lane).decision.explored.map(|explored| explored.taken)
        };
        assert_eq!((tried(0, 10_000), tried(999_999, 10_000), tried(0, 0)), (Some(true), Some(false), None));
        let then = record.facts.lane.unwrap();
        assert_eq!(assess::under(&rules, product, &record, Some(then)).decision, record.decision);
        match &record.decision.explored {
            None => closed += 1,
            Some(explored) if explored.taken => {
                assert_eq!((record.decision.outcome, record.decision.amount_minor), (policy::Outcome::Less, 100_000));
                taken.push((house.cell(farmer_id), explored.expected_loss_minor));
            }
            Some(explored) => {
                assert_eq!((explored.propensity_ppm, record.decision.outcome), (500_000, policy::Outcome::Decline));
                chances += 1;
            }
        }
    }
    assert!(!taken.is_empty() && chances > 0, "{taken:?}, {chances} not drawn, {closed} closed");
    for cell in 1..=CELLS {
        let lost: i64 = taken.iter().filter(|(of, _)| *of == Cell(cell)).map(|(_, loss)| loss).sum();
        assert!(lost <= 2_500, "cell {cell} lost {lost}");
        let rows: Vec<app::explore::ExplorationYear> = proof::records(house.backend.as_ref());
        let booked: i64 = rows.iter().filter(|row| row.cell == Cell(cell)).map(|row| row.expected_loss_minor).sum();
        assert_eq!(booked, lost);
    }
    house.verify();
}

#[test]
fn a_household_is_rated_anew_once_however_much_was_observed() {
    let house = house_of_trees(RuleSet::CN_RURAL);
    let farmer_id = house.enrol(1, "510821198003078512");
    let told = events(farmer_id, 400_000, 180_000);
    for (n, part) in (1..).zip(told.chunks(20)) {
        house.desk.observe(id(n), farmer_id, part, Actor::SYSTEM, morning()).unwrap();
    }
    assert!(house.desk.rating(farmer_id).unwrap().is_none());
    assert_eq!((house.desk.rate_touched(0, morning()).changed, house.desk.rate_touched(10, morning()).changed), (0, 1));
    let first = house.desk.rating(farmer_id).unwrap().unwrap();
    assert_eq!((first.changes, first.since), (1, open_date()));
    assert!(first.rating.is_some());
    // What is approved at this rating is a facility.
    let approved = house.decided(1, farmer_id).approved_minor();
    let granted = house.desk.facility(farmer_id).unwrap().unwrap().state.amount_fen;
    assert!(approved > 0 && granted > approved, "{approved} of {granted}");
    // Nothing was observed since, or nothing that moves it: nothing is booked.
    assert_eq!(house.desk.rate_touched(10, morning()).changed, 0);
    // Money that is drawn out day after day moves it, and the change says why.
    let mut spent = Vec::new();
    for n in 0..60u32 {
        spent.push(Event {
            household: farmer_id,
            id: id(0x9000 + u128::from(n)),
            date: open_date().add_days(n as i32),
            kind: EventKind::PaymentOut,
            amount_minor: -50_000,
            balance_after_minor: Some(-10_000 * i64::from(n)),
            counterparty: None,
            channel: Channel::OwnBusiness,
            consent: None,
            measure: None,
            source: None,
            known: None,
        });
    }
    house.desk.observe(id(0x77), farmer_id, &spent, Actor::SYSTEM, morning()).unwrap();
    let rated = house.desk.rate_touched(10, morning());
    assert_eq!((rated.changed, rated.moved, rated.failed), (1, 1, 0), "{rated:?}");
    // The facility follows, to what is promised under it, once.
    assert_eq!(house.desk.facility(farmer_id).unwrap().unwrap().state.amount_fen, approved);
    assert!(!house.desk.follow(farmer_id, morning()).unwrap());
    let moves = house.desk.facility_moves(farmer_id).unwrap();
    assert_eq!((moves.len(), moves[0].from_minor, moves[0].to_minor), (1, granted, approved), "{moves:?}");
    let changes = house.desk.rating_changes(farmer_id).unwrap();
    let last = changes.last().unwrap();
    assert_eq!((changes.len(), &last.before), (2, &first.rating));
    assert!(last.after > last.before && !last.worse.is_empty(), "{last:?}");
    house.verify();
}

#[test]
fn whoever_was_turned_away_may_ask_for_a_person() {
    let rules = RuleSet::CN_RURAL.replacen("when = 'score.pd_ppm >= 300000'", "when = 'score.pd_ppm >= 1'", 1);
    let house = house_of_trees(&rules);
    let farmer_id = house.enrol(1, "510821198003078512");
    house.desk.observe(id(1), farmer_id, &events(farmer_id, 400_000, 180_000), Actor::SYSTEM, morning()).unwrap();
    let record = house.decided(1, farmer_id);
    assert_eq!(record.decision.outcome, policy::Outcome::Decline);
    assert!(record.decision.reasons.iter().any(|reason| reason.help.is_some()), "{:?}", record.decision.reasons);
    let application = id(0xA001);
    let ask = |n, actor| {
        let (cell, household) = (house.cell(farmer_id), farmer_id);
        house.call(n, actor, Command::AskForPerson(app::review::AskForPerson { cell, household, application }))
    };
    assert!(ask(10, farmer(household(2))).is_err());
    assert_eq!(ask(11, farmer(farmer_id)).unwrap(), Outcome::Done);
    assert!(ask(12, farmer(farmer_id)).is_err(), "it is with the office already");
    let waits = house.desk.queue(ApplicationStatus::Referred, 10).unwrap();
    assert_eq!(
        waits.iter().map(|row| (row.id, row.review_asked_at)).collect::<Vec<_>>(),
        [(application, Some(morning()))]
    );
    let by_hand = DecideByHand {
        cell: house.cell(farmer_id),
        household: farmer_id,
        application,
        decision: id(0xDD),
        approved: yuan(2_000),
        rate: record.rate,
        reason: "harvest contract seen".to_owned(),
    };
    house.call(13, staff(1, Role::Officer), Command::DecideByHand(by_hand)).unwrap();
    assert!(ask(14, farmer(farmer_id)).is_err(), "a person has decided it");
    house.verify();
}

#[test]
fn a_file_that_may_not_judge_says_why() {
    let whole = trees("cushion", "1.5");
    let half = Scorer::read(&whole[..whole.len() / 2]).unwrap_err();
    assert!(matches!(half, ScorerError::File(score::ScoreError::NotAModel(_))), "{half}");
    assert_eq!(
        Scorer::read(&trees("household_religion", "1.5")).unwrap_err(),
        ScorerError::Feature("household_religion".into())
    );
    let other = Scorer::load(&whole, &"0".repeat(64)).unwrap_err();
    assert!(matches!(other, ScorerError::File(score::ScoreError::Hash { .. })), "{other}");
    let mut changed = whole.clone();
    changed[40] ^= 1;
    assert!(Scorer::read(&changed).is_err());
    let card = model();
    assert!(Scorer::read(&whole).is_ok() && Scorer::read(&card.to_bytes()).is_ok());
    // Many at once are told what each is told alone.
    let mut profile = insight::Profile::default();
    for event in events(household(1), 300_000, 250_000) {
        profile.fold(&event).unwrap();
    }
    let request = insight::Request { amount_minor: 1_000_000, instalment_minor: 90_000, term_months: 12 };
    let vectors = [features_for(&profile, &request, open_date()), insight::FeatureVector::default()];
    for scorer in [Scorer::read(&whole).unwrap(), Scorer::card(card)] {
        let alone = vectors.each_ref().map(|vector| scorer.say(vector).map(|said| (said.pd_ppm, said.log_odds_micro)));
        let together = scorer.say_many(&vectors);
        let together: Vec<_> =
            together.into_iter().map(|said| said.map(|said| (said.pd_ppm, said.log_odds_micro))).collect();
        assert_eq!(alone.to_vec(), together);
    }
}

#[test]
fn a_loan_lives_from_application_to_closed() {
    let house = house(Some(model()));
    let farmer_id = house.enrol(1, "510821198003078512");
    house.desk.observe(id(1), farmer_id, &events(farmer_id, 400_000, 180_000), Actor::SYSTEM, morning()).unwrap();
    let limits = house.desk.limits(farmer_id).unwrap();
    assert!(limits.iter().any(|view| view.available_minor >= 300_000), "{limits:?}");
    let application = id(0xA1);
    assert_eq!(house.apply(1, farmer_id, application, 3_000).unwrap(), Outcome::Done);
    let decided = house.desk.decide(id(2), farmer_id, application, morning()).unwrap();
    assert_eq!(decided.application.status, ApplicationStatus::Approved, "{:?}", decided.assessment);
    // The same decision asked again is the same answer; its record replays bit for bit.
    let again = house.desk.decide(id(2), farmer_id, application, morning()).unwrap();
    assert!(again.answer.replayed);
    let record = decided.assessment.unwrap();
    let product = house.tianxin.product("short-working-capital").unwrap();
    assert_eq!(assess::replay(&house.desk.judge().unwrap(), product, &record), Some(true));
    let mut altered = record.clone();
    altered.facts.exposure_minor += 19_900_000;
    assert_eq!(assess::replay(&house.desk.judge().unwrap(), product, &altered), Some(false));
    let offer = house.desk.offer(&decided.application).unwrap();
    let (contract, loan) = (id(0xC1), id(0xB1));
    let text = offer.schedule.to_string();
    house
        .desk
        .sign(id(3), farmer_id, application, contract, &text, "page, 12 s", farmer(farmer_id), morning())
        .unwrap();
    let draw = Command::Draw(Draw { cell: house.cell(farmer_id), household: farmer_id, contract, loan, amount: None });
    assert_eq!(house.call(4, farmer(farmer_id), draw.clone()).unwrap(), Outcome::Done);
    let twice = house.call(5, farmer(farmer_id), draw).unwrap_err();
    assert!(matches!(twice, DoorError::Refused(refusal) if refusal.code == "wrong_status"));
    let wallet = house.desk.household(farmer_id).unwrap().wallets[0].clone();
    assert_eq!(wallet.balance_minor, 300_000);
    // Nothing is due today: not more is taken than what closes the loan.
    let Outcome::MoreThanDue { due_minor, payoff_minor } = house.repay(6, farmer_id, loan, 300_001) else { panic!() };
    assert_eq!(due_minor, 0);
    assert!(payoff_minor >= 300_000);
    for month in 0..12u128 {
        close_until(&house, offer.schedule.rows[month as usize].due, 1_000 * (month + 1));
        let due = offer.schedule.rows[month as usize].total_fen;
        house.top_up(100 + month, farmer_id, 300);
        let Outcome::Repaid { allocation, closed, .. } = house.repay(200 + month, farmer_id, loan, due) else {
            panic!()
        };
        assert_eq!(allocation.principal_fen, offer.schedule.rows[month as usize].principal_fen);
        assert_eq!(closed, month == 11);
    }
    let (note, ..) = house.desk.loan(farmer_id, loan).unwrap();
    assert_eq!((note.outstanding_minor, Some(note.next_due)), (0, note.closed_on));
    let trial = house.desk.trial_balance().unwrap();
    let total: i64 = trial.iter().map(|line| line.debit_minor - line.credit_minor).sum();
    assert_eq!(total, 0);
    // The year ended on the way: its income stands in the profit that was carried on and the reserve set apart from it,
    // with what the allowance took.
    let credit = |name: &str| {
        trial.iter().filter(|line| line.en == name).map(|line| line.credit_minor - line.debit_minor).sum::<i64>()
    };
    let earned = credit("Interest income")
        + credit("Credit impairment loss")
        + credit("Profit of the year")
        + credit("Undistributed profit")
        + credit("General risk reserve");
    assert_eq!(earned, offer.schedule.interest_fen() - credit("Loan loss allowance"), "{trial:#?}");
    for name in ["Interest accrued, not due", "Interest receivable, due", "Loan payments received ahead"] {
        assert_eq!(credit(name), 0, "{name}");
    }
    house.verify();
}

fn close_until(house: &House, day: basics::Date, base: u128) {
    let mut n = base * 1_000;
    loop {
        let open = house.desk.open_date(Cell::OFFICE).unwrap();
        if open >= day {
            return;
        }
        n += 1;
        let at = basics::Instant(i64::from(open.days()) * 86_400_000_000);
        let close = Command::CloseDay(CloseDay { day: open });
        house.desk.engine.call(Request::plain(id(0xE000_0000 + n), Actor::SYSTEM, at, Order::Do(close))).unwrap();
        house.desk.engine.settle();
    }
}

#[test]
fn who_is_little_known_is_decided_by_people() {
    let house = house(None);
    let farmer_id = house.enrol(2, "510821198003078512");
    let application = id(0xA2);
    house.apply(1, farmer_id, application, 30_000).unwrap();
    let decided = house.desk.decide(id(2), farmer_id, application, morning()).unwrap();
    assert_eq!(decided.application.status, ApplicationStatus::Referred);
    let by_hand = |yuan_amount: i64| {
        Command::DecideByHand(DecideByHand {
            cell: house.cell(farmer_id),
            household: farmer_id,
            application,
            decision: id(0xDD),
            approved: yuan(yuan_amount),
            rate: rate_of(&house),
            reason: "visited: the farm is in order".into(),
        })
    };
    let officer = staff(4, Role::Officer);
    let alone = house.call(3, officer, by_hand(30_000)).unwrap_err();
    assert!(matches!(alone, DoorError::Refused(refusal) if refusal.code == "second_person_needed"));
    let order = |n: u128, actor, order| Request::plain(id(0xD100_0000 + n), actor, morning(), order);
    house.desk.engine.call(order(1, officer, Order::Propose(by_hand(30_000)))).unwrap();
    let approve = Order::Approve { cell: house.cell(farmer_id), proposal: id(0xD100_0001) };
    house.desk.engine.call(order(2, staff(5, Role::Approver), approve)).unwrap();
    let row = house.desk.application(farmer_id, application).unwrap();
    assert_eq!((row.status, row.approved_minor), (ApplicationStatus::Approved, 3_000_000));
    house.verify();
}

#[test]
fn a_decision_can_be_rebuilt_from_what_was_known_then() {
    let house = house(Some(model()));
    let farmer_id = house.enrol(1, "510821198003078512");
    let told = events(farmer_id, 400_000, 180_000);
    house.desk.observe(id(1), farmer_id, &told, Actor::SYSTEM, morning()).unwrap();
    house.apply(1, farmer_id, id(0xA1), 3_000).unwrap();
    let decided_at = morning().add_seconds(60);
    let record = house.desk.decide(id(2), farmer_id, id(0xA1), decided_at).unwrap().assessment.unwrap();

    // Afterwards it becomes known that there was more income and a debt, all dated before the decision.
    let late = |n: u128, days: i32, kind, amount_minor, measure| Event {
        id: id(0xBEEF00 + n),
        date: open_date().add_days(days),
        kind,
        amount_minor,
        measure,
        ..told[0].clone()
    };
    let late = [
        late(1, -40, EventKind::Salary, 900_000, None),
        late(2, -3, EventKind::PenaltyInterest, -200, None),
        late(3, -9, EventKind::DueLate, 0, Some(12)),
    ];
    house.desk.observe(id(3), farmer_id, &late, Actor::SYSTEM, decided_at.add_seconds(1)).unwrap();

    // The stored vector is what the record holds; rebuilt from events known then it has the same bits.
    let events = house.desk.events(farmer_id).unwrap();
    assert_eq!(events.len(), told.len() + late.len());
    assert!(events.iter().all(|event| event.known.is_some()));
    let rebuilt = app::desk::vector_as_known(&record, &events).unwrap().unwrap();
    assert_eq!(basics::cbor::to_bytes(&rebuilt), basics::cbor::to_bytes(&record.features));
    // The instant says the same as the version, and what is known today is something else.
    let seen = record.seen.unwrap();
    let by_instant = insight::rebuild::as_known(&events, insight::rebuild::Until::Instant(decided_at)).unwrap();
    assert_eq!(features_for(&by_instant, &seen.request, seen.on), record.features);
    let (today, version) = house.desk.profile(farmer_id).unwrap();
    assert_eq!(version as usize, events.len());
    assert_ne!(features_for(&today, &seen.request, seen.on), record.features);
    // The profile that late events were folded into is the one folded from all events in the order of their dates.
    let mut by_date = events.clone();
    by_date.sort_by_key(|event| (event.date, event.id));
    let mut again = insight::Profile::default();
    by_date.iter().for_each(|event| again.fold(event).unwrap());
    assert_eq!(basics::cbor::to_bytes(&again), basics::cbor::to_bytes(&today));
    // The same events sent again at another time are the same request.
    let answer = house.desk.observe(id(3), farmer_id, &late, Actor::SYSTEM, decided_at.add_seconds(90)).unwrap();
    assert!(answer.replayed);
    house.verify();
}

fn rate_of(house: &House) -> Rate {
    house.tianxin.product("short-working-capital").unwrap().pricing.rates()[0]
}

#[test]
fn one_resident_id_belongs_to_one_household() {
    let house = house(None);
    house.enrol(3, "510821198003078512");
    let again = house.desk.enrol(&new_household(household(3), "510821198003078512"), Actor::SYSTEM, morning()).unwrap();
    assert!(again.replayed, "the same enrolment sent again is the same answer");
    let other = house.desk.enrol(&new_household(household(4), "510821198003078512"), Actor::SYSTEM, morning());
    assert!(matches!(other, Err(DeskError::Enrol(door::directory::EnrolError::Known { .. }))), "{other:?}");
    assert_eq!(house.desk.by_phone("13900000001").unwrap().len(), 1);
    house.verify();
}

#[test]
fn what_is_erased_cannot_be_read_and_the_books_still_prove() {
    let house = house(None);
    let farmer_id = house.enrol(5, "510821198003078512");
    let head = house.desk.head(farmer_id).unwrap();
    assert_eq!(house.desk.field(farmer_id, head, "name").unwrap().as_deref(), Some("Test Farmer"));
    let erase = house.desk.erasure_of(farmer_id, head).unwrap();
    let order = |n: u128, actor, order| Request::plain(id(0xD200_0000 + n), actor, morning(), order);
    house.desk.erase(order(1, staff(1, Role::Admin), Order::Propose(erase)), head).unwrap();
    assert!(house.desk.field(farmer_id, head, "name").unwrap().is_some(), "a proposal erases nothing");
    let approve = Order::Approve { cell: house.cell(farmer_id), proposal: id(0xD200_0001) };
    house.desk.erase(order(2, staff(2, Role::Approver), approve), head).unwrap();
    assert_eq!(house.desk.field(farmer_id, head, "name").unwrap(), None);
    assert!(house.desk.by_phone("13900000001").unwrap().is_empty());
    // The old enrolment sent again a month later still gets its first answer, though the key is gone.
    house.verify();
}

#[test]
fn a_person_whose_money_moved_is_kept_until_the_term_is_over() {
    let house = house(None);
    let farmer_id = house.enrol(6, "510821198003078512");
    house.top_up(1, farmer_id, 50);
    let withdraw =
        app::wallet::Withdraw { cell: house.cell(farmer_id), household: farmer_id, amount: yuan(50), value_date: None };
    assert_eq!(house.call(2, farmer(farmer_id), Command::Withdraw(withdraw)).unwrap(), Outcome::Done);
    let head = house.desk.head(farmer_id).unwrap();
    let erase = house.desk.erasure_of(farmer_id, head).unwrap();
    let order = |n: u128, actor, order| Request::plain(id(0xD300_0000 + n), actor, morning(), order);
    house.desk.engine.call(order(1, staff(1, Role::Admin), Order::Propose(erase))).unwrap();
    let approve = Order::Approve { cell: house.cell(farmer_id), proposal: id(0xD300_0001) };
    let answer = house.desk.erase(order(2, staff(2, Role::Approver), approve), head).unwrap();
    let Outcome::Erased { retained_until: Some(until) } = answer.outcome::<Tianxin>().unwrap() else { panic!() };
    assert_eq!(until, open_date().add_months(120).unwrap());
    assert!(house.desk.field(farmer_id, head, "name").unwrap().is_some(), "identity is kept under the law");
    assert!(house.desk.by_phone("13900000001").unwrap().is_empty(), "but nobody is found by phone any more");
    house.verify();
}
