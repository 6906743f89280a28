//! All runs of an experiment: which there are, what each needs, and what they come to together.
//!
//! A study is a list of runs that do not know each other; whoever runs them, on however many threads, hands the results
//! back in the order of the list.

use super::experiment::{Experiment, Setting};
use super::indicators::Indicators;
use super::infer::{Effect, Verdict, corrected, effect};
use super::lender::Rooms;
use super::policy::Scoring;
use super::run::{RunError, Size, live, past, scorer};
use super::scorer::Scorer;
use crate::world::World;

/// Which setting a run is made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The comparison.
    Main,
    /// The county in which the mechanism is off.
    Null,
    /// The county in which it harms.
    Harm,
    /// An assumption by its place, at its low (0) or its high value (1).
    Varied(usize, usize),
}

/// A run to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Task {
    /// Where.
    pub place: Place,
    /// The county's place there.
    pub county: usize,
    /// The arm.
    pub arm: usize,
    /// The seed.
    pub seed: u64,
}

/// Scorers of a setting, by county and arm.
type Scorers = Vec<Vec<Option<Scorer>>>;

/// What the lenders of the settings have learnt.
#[derive(Debug)]
pub struct Learnt {
    main: Scorers,
    null: Scorers,
    harm: Scorers,
}

/// A study: an experiment with its size.
#[derive(Debug)]
pub struct Study<'a> {
    rooms: &'a Rooms,
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Size of its runs.
    pub size: Size,
    /// Seeds of the comparison, from 1.
    pub seeds: u64,
}

/// Seeds at each value of an assumption: enough for the sign.
const VARIED_SEEDS: u64 = 2;

impl<'a> Study<'a> {
    /// A study of an experiment.
    pub fn new(rooms: &'a Rooms, experiment: &'a Experiment, size: Size, seeds: u64) -> Study<'a> {
        Study { rooms, experiment, size, seeds }
    }

    fn setting(&self, place: Place) -> Option<&Setting> {
        let experiment = self.experiment;
        match place {
            Place::Main => Some(&experiment.main),
            Place::Null => Some(&experiment.null),
            Place::Harm => Some(&experiment.harm),
            Place::Varied(at, which) => experiment.varied.get(at)?.get(which),
        }
    }

    /// Seeds of a place.
    pub fn seeds_of(&self, place: Place) -> u64 {
        match place {
            Place::Main => self.seeds,
            // One county in the place of several, where a sign is looked for and no small difference.
            Place::Null | Place::Harm => self.seeds.div_ceil(2).max(2),
            Place::Varied(..) => self.seeds.min(VARIED_SEEDS),
        }
    }

    /// The places of the study.
    pub fn places(&self) -> Vec<Place> {
        let varied = (0..self.experiment.varied.len()).flat_map(|at| [Place::Varied(at, 0), Place::Varied(at, 1)]);
        [Place::Main, Place::Null, Place::Harm].into_iter().chain(varied).collect()
    }

    /// Every run, in the order in which results are handed back.
    pub fn tasks(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        for place in self.places() {
            let counties = self.setting(place).map_or(0, |setting| setting.counties.len());
            for county in 0..counties {
                for seed in 1..=self.seeds_of(place) {
                    tasks.extend((0..self.experiment.arms.len()).map(|arm| Task { place, county, arm, seed }));
                }
            }
        }
        tasks
    }

    /// The settings and counties in which something has to be learnt, for [`Study::learn`].
    pub fn pasts(&self) -> Vec<(Place, usize)> {
        let scores = |place: &Place| {
            let setting = self.setting(*place);
            setting.is_some_and(|setting| setting.policies.iter().any(|policy| policy.scoring != Scoring::None))
        };
        let counties =
            |place: Place| (0..self.setting(place).map_or(0, |s| s.counties.len())).map(move |at| (place, at));
        [Place::Main, Place::Null, Place::Harm].into_iter().filter(scores).flat_map(counties).collect()
    }

    /// What a lender learns in a county, by arm.
    pub fn learn(&self, (place, county): (Place, usize)) -> Result<Vec<Option<Scorer>>, RunError> {
        let Some(setting) = self.setting(place) else { return Ok(Vec::new()) };
        let Some((_, county)) = setting.counties.get(county) else { return Ok(Vec::new()) };
        let loans = past(self.rooms, county, &setting.assumed, (&setting.policies, self.size))?;
        setting.policies.iter().map(|policy| scorer(county, &loans, policy)).collect()
    }

    /// Puts together what was learnt, in the order of [`Study::pasts`].
    pub fn learnt(&self, scorers: Vec<Vec<Option<Scorer>>>) -> Learnt {
        let mut learnt = Learnt { main: Vec::new(), null: Vec::new(), harm: Vec::new() };
        for ((place, _), of_county) in self.pasts().into_iter().zip(scorers) {
            match place {
                Place::Null => learnt.null.push(of_county),
                Place::Harm => learnt.harm.push(of_county),
                Place::Main | Place::Varied(..) => learnt.main.push(of_county),
            }
        }
        learnt
    }

    /// Makes the runs of all arms of one county and seed, a chunk of [`Study::tasks`]: they begin on the same morning. Under
    /// varied assumptions lenders know what they have learnt in the county as it is.
    pub fn run(&self, arms: &[Task], learnt: &Learnt) -> Result<Vec<Indicators>, RunError> {
        let none = || RunError::Learning { county: String::new(), why: "there is no such run".to_owned() };
        let Some(first) = arms.first() else { return Ok(Vec::new()) };
        let setting = self.setting(first.place).ok_or_else(none)?;
        let (_, county) = setting.counties.get(first.county).ok_or_else(none)?;
        let scorers = match first.place {
            Place::Null => &learnt.null,
            Place::Harm => &learnt.harm,
            Place::Main | Place::Varied(..) => &learnt.main,
        };
        let morning = World::new(county, first.seed, self.size.households, self.size.first);
        let one = |task: &Task| {
            let policy = setting.policies.get(task.arm).ok_or_else(none)?;
            let scorer = scorers.get(task.county).and_then(|arms| arms.get(task.arm)).and_then(Option::as_ref);
            live(self.rooms, county, (policy, &setting.assumed, scorer), self.size, morning.clone())
        };
        arms.iter().map(one).collect()
    }
}

/// What a study came to.
#[derive(Debug)]
pub struct Found<'a> {
    /// The study.
    pub study: &'a Study<'a>,
    /// Its runs and their indicators.
    pub runs: Vec<(Task, Indicators)>,
    /// What its lenders had learnt.
    pub learnt: Learnt,
}

/// A question answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// In the comparison.
    pub effect: Option<Effect>,
    /// The probability, corrected for all questions of the run.
    pub corrected_p: f64,
    /// What it comes to.
    pub verdict: Verdict,
    /// Where the mechanism is off.
    pub null: Option<Effect>,
    /// Where it harms.
    pub harm: Option<Effect>,
    /// For each assumption the mean difference at its low and its high value.
    pub varied: Vec<[Option<f64>; 2]>,
}

impl Answered {
    /// Whether the county without the mechanism shows an effect: then something else is at work.
    pub fn is_null_broken(&self) -> bool {
        self.null.as_ref().is_some_and(|effect| !effect.includes_nothing())
    }
}

impl Found<'_> {
    /// Paired differences of a question at a place, by county.
    fn pairs(&self, question: usize, place: Place) -> Vec<Vec<f64>> {
        let experiment = self.study.experiment;
        let Some(question) = experiment.questions.get(question) else { return Vec::new() };
        let counties = self.study.setting(place).map_or(0, |setting| setting.counties.len());
        let mut pairs = vec![Vec::new(); counties];
        // Arms of one county and seed stand together in the list.
        let arms = experiment.arms.len().max(1);
        for runs in self.runs.chunks(arms) {
            let Some((task, _)) = runs.first().filter(|(task, _)| task.place == place) else { continue };
            let value = |arm: usize| runs.get(arm).and_then(|(_, found)| found.get(&question.indicator));
            if let (Some(with), Some(without)) = (value(question.arm), value(question.against))
                && let Some(county) = pairs.get_mut(task.county)
            {
                county.push(with - without);
            }
        }
        pairs
    }

    /// The effect of a question at a place.
    pub fn effect(&self, question: usize, place: Place) -> Option<Effect> {
        effect(&self.pairs(question, place))
    }

    fn mean(&self, question: usize, place: Place) -> Option<f64> {
        let pairs: Vec<f64> = self.pairs(question, place).into_iter().flatten().collect();
        (!pairs.is_empty()).then(|| pairs.iter().sum::<f64>() / pairs.len() as f64)
    }

    /// Mean of an indicator over the runs of an arm in the comparison.
    pub fn level(&self, arm: usize, indicator: &str) -> Option<f64> {
        let of_arm = self.runs.iter().filter(|(task, _)| task.place == Place::Main && task.arm == arm);
        let values: Vec<f64> = of_arm.filter_map(|(_, found)| found.get(indicator)).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    /// How well lenders told the bad loans of their past in the comparison, by arm: mean AUC over counties.
    pub fn auc(&self, arm: usize) -> Option<f64> {
        let scorers = self.learnt.main.iter().filter_map(|arms| arms.get(arm)?.as_ref());
        let auc: Vec<f64> = scorers.map(|scorer| scorer.auc_ppm() as f64 / 1e6).collect();
        (!auc.is_empty()).then(|| auc.iter().sum::<f64>() / auc.len() as f64)
    }
}

/// Answers the questions of several studies of one run together: false discoveries are counted over all of them.
pub fn answer(found: &[Found<'_>]) -> Vec<Vec<Answered>> {
    let questions = |found: &Found<'_>| 0..found.study.experiment.questions.len();
    let effects: Vec<Vec<Option<Effect>>> = found
        .iter()
        .map(|found| questions(found).map(|question| found.effect(question, Place::Main)).collect())
        .collect();
    let p: Vec<f64> = effects.iter().flatten().map(|effect| effect.as_ref().map_or(1.0, |effect| effect.p)).collect();
    let mut corrected = corrected(&p).into_iter();
    let mut answered = Vec::new();
    for (found, effects) in found.iter().zip(effects) {
        let experiment = found.study.experiment;
        let mut of_study = Vec::new();
        for (at, effect) in effects.into_iter().enumerate() {
            let corrected_p = corrected.next().unwrap_or(1.0);
            let expect = experiment.questions.get(at).map(|question| question.expect);
            let verdict = expect.map_or(Verdict::Undecided, |expect| Verdict::of(effect.as_ref(), corrected_p, expect));
            let varied = (0..experiment.varied.len())
                .map(|nth| [0, 1].map(|which| found.mean(at, Place::Varied(nth, which))))
                .collect();
            let (null, harm) = (found.effect(at, Place::Null), found.effect(at, Place::Harm));
            of_study.push(Answered { effect, corrected_p, verdict, null, harm, varied });
        }
        answered.push(of_study);
    }
    answered
}
