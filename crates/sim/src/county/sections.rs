//! The sections of a county file: each field with its unit and the range in which it can be.

use serde::Deserialize;

use super::CountyError;
use super::lines::Lines;

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident $low:literal to $high:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: i64,)* }

        impl $name {
            pub(super) fn check(&self, lines: &Lines, section: &str) -> Result<(), CountyError> {
                $(lines.within((section, 0, stringify!($field)), self.$field, ($low, $high))?;)*
                Ok(())
            }
        }
    };
}

section! {
    /// Where villages lie, and how they are reached.
    Place {
        /// Townships.
        townships 1 to 200,
        /// Households a village, on average.
        households_per_village 5 to 2_000,
        /// Side of the square in which townships lie, km.
        county_km 10 to 400,
        /// Farthest a village lies from its township, km.
        village_km 1 to 60,
        /// Villages with a signal good enough for a phone page, percent.
        signal_percent 0 to 100,
        /// Days on which a village's window goes out of order, permille.
        outage_permille 0 to 200,
        /// Longest such outage, days.
        outage_days 1 to 30,
        /// A market is held every so many days 赶集.
        market_days 2 to 10,
    }
}

section! {
    /// Rain and disasters.
    Weather {
        /// Share of the variance of rain that the whole county has in common, percent.
        county_percent 0 to 100,
        /// Share that a township has in common, percent; the rest is the village's own.
        township_percent 0 to 100,
        /// How much of a month's anomaly is left in the next, percent.
        persistence_percent 0 to 95,
        /// How far one deviation of rain in the growing months moves a yield without irrigation, percent.
        rain_percent 0 to 60,
        /// Deviation of a household's own yield beside the village's, percent.
        own_percent 0 to 80,
        /// Years with a drought somewhere in the county, permille.
        drought_permille 0 to 1_000,
        /// What a drought takes of a crop that feels it in full, at its centre, percent.
        drought_loss_percent 0 to 100,
        /// How far a drought reaches, km.
        drought_km 1 to 500,
        /// Years with a flood in a township, permille.
        flood_permille 0 to 1_000,
        /// What a flood takes of a low-lying crop that feels it in full, percent.
        flood_loss_percent 0 to 100,
        /// Years with a pest of one crop in a township, permille.
        pest_permille 0 to 1_000,
        /// What a pest takes, percent.
        pest_loss_percent 0 to 100,
    }
}

section! {
    /// Prices.
    Price {
        /// Monthly deviation of crop prices, percent.
        crop_percent 0 to 40,
        /// How much of a price's distance from its usual level is left a month later, percent.
        persistence_percent 0 to 99,
        /// Length of the cycle of animal prices, months.
        cycle_months 6 to 120,
        /// Height of that cycle, percent.
        cycle_percent 0 to 80,
        /// Deviation between prices that buyers offer on one day, percent.
        offered_percent 0 to 40,
    }
}

section! {
    /// Members of households, and their work away from the farm.
    People {
        /// Households of old people alone, percent.
        alone_percent 0 to 100,
        /// Households of three generations, percent; the rest is parents with or without children.
        three_generations_percent 0 to 100,
        /// Couples of an age to have children at home that have one or more, percent.
        children_percent 0 to 100,
        /// Households with a member who works away, percent.
        migrant_percent 0 to 100,
        /// Monthly wage away, yuan.
        migrant_wage_yuan 300 to 50_000,
        /// Deviation of the logarithm of wages, percent.
        wage_sigma_percent 0 to 150,
        /// Share of a wage that is sent home, percent.
        remit_percent 0 to 100,
        /// Months in which work away stands still, permille.
        lost_work_permille 0 to 500,
        /// Households with a member in regular work nearby, percent.
        local_percent 0 to 100,
        /// Monthly wage nearby, yuan.
        local_wage_yuan 300 to 50_000,
        /// Households that take day labour, percent.
        casual_percent 0 to 100,
        /// Wage of a day's labour, yuan.
        casual_wage_yuan 10 to 2_000,
        /// Monthly pension of an old person, yuan.
        pension_yuan 0 to 10_000,
        /// What grown children send to old people alone, a month, yuan.
        support_yuan 0 to 20_000,
        /// How far wages of the best and the worst placed village lie from the usual, percent.
        village_percent 0 to 90,
        /// Years of schooling of a head of forty-five.
        schooling_years 0 to 20,
    }
}

section! {
    /// Land.
    Land {
        /// Land of a farming household, median, mu.
        mu_median 1 to 1_000,
        /// Deviation of the logarithm of land, percent.
        mu_sigma_percent 0 to 150,
        /// Households that farm no land, percent.
        landless_percent 0 to 95,
        /// Villages whose fields are watered, percent.
        irrigated_percent 0 to 100,
        /// Deviation of soil between villages, percent.
        soil_percent 0 to 60,
        /// Rent of a mu a year, yuan.
        rent_yuan 0 to 10_000,
        /// Subsidy of a mu a year, yuan.
        subsidy_yuan 0 to 5_000,
    }
}

section! {
    /// Village shops.
    Shop {
        /// Households that keep a shop, permille.
        permille 0 to 500,
        /// Takings a month, median, yuan.
        takings_yuan 500 to 1_000_000,
        /// Deviation of the logarithm of takings, percent.
        sigma_percent 0 to 150,
        /// What is left of takings after the goods, percent.
        margin_percent 1 to 90,
        /// How much more is sold before the Spring Festival, percent.
        festival_percent 0 to 500,
    }
}

section! {
    /// Spending and saving.
    Living {
        /// What a grown person needs a day, yuan.
        subsistence_yuan 1 to 500,
        /// What the state tops the usual income of a household up to, a person and month, yuan.
        relief_yuan 0 to 5_000,
        /// Share of its usual income that a household spends, percent.
        spent_percent 20 to 120,
        /// Deviation of that share between households, percent.
        spent_sigma_percent 0 to 60,
        /// Share of food in spending, percent.
        food_percent 1 to 90,
        /// Share of household goods, percent.
        household_percent 0 to 80,
        /// Share of transport, percent; the rest is anything else.
        transport_percent 0 to 80,
        /// Share of spending that leaves a trace, for a household at home with its phone, percent.
        traced_percent 5 to 100,
        /// What is put by at the beginning, median, in days of usual spending.
        savings_days 0 to 2_000,
        /// Deviation of the logarithm of savings, percent.
        savings_sigma_percent 0 to 250,
        /// Households that owe someone at the beginning, percent.
        indebted_percent 0 to 100,
        /// Power, water and gas a month, yuan.
        utility_yuan 0 to 5_000,
        /// Phone and network a month, yuan.
        phone_yuan 0 to 2_000,
    }
}

section! {
    /// What happens in a life.
    Life {
        /// Months in which a grown person falls ill in earnest, permille; old people three times as often.
        illness_permille 0 to 200,
        /// What such an illness costs the household after insurance, median, yuan.
        illness_yuan 0 to 1_000_000,
        /// Deviation of the logarithm of that cost, percent.
        illness_sigma_percent 0 to 250,
        /// What a wedding costs the groom's household, yuan.
        wedding_yuan 0 to 2_000_000,
        /// Grown sons who marry in a year, permille.
        wedding_permille 0 to 1_000,
        /// Other feasts of a household in a year, permille.
        feast_permille 0 to 1_000,
        /// A usual gift at a feast, yuan.
        gift_yuan 0 to 10_000,
        /// A term at school, yuan.
        school_yuan 0 to 50_000,
        /// A term at a college, yuan.
        college_yuan 0 to 100_000,
        /// How much more is spent in the month of the Spring Festival, percent.
        festival_percent 0 to 400,
        /// A machine, yuan.
        machine_yuan 1_000 to 1_000_000,
    }
}

section! {
    /// Ways to money.
    Credit {
        /// Days over which staff carry the offer from village to village.
        campaign_days 1 to 2_000,
        /// Households that enrol when staff come, percent; others hear of it from people they know.
        campaign_percent 0 to 100,
        /// Least that is worth an application, yuan.
        least_yuan 100 to 100_000,
        /// Share of their spare money that kin lend, percent.
        kin_percent 0 to 100,
        /// Households that another lender would lend to, percent.
        other_percent 0 to 100,
        /// What another lender lends at most, in months of a household's income.
        other_months 0 to 60,
        /// Yearly rate of another lender, percent.
        other_rate_percent 0 to 200,
        /// Days of spending that a household keeps in hand when it can.
        buffer_days 0 to 365,
        /// Loans with this lender that a household runs at once.
        loans_max 1 to 10,
    }
}

section! {
    /// Buying on a statement line at village shops. Where a county file has no such section, nobody does.
    Shopping {
        /// A line as people ask for it, yuan.
        limit_yuan 500 to 20_000,
        /// For how many months.
        months 1 to 24,
        /// What is kept of each sale, hundredths of a percent.
        discount_bp 0 to 1_000,
        /// Days of a household's spending below which it buys on its line rather than for cash.
        short_days 0 to 365,
        /// Purchases that go back to the shop, permille.
        returned_permille 0 to 500,
    }
}

section! {
    /// Payment by the codes of shops, by households that do business by phone and are not short of cash. Where a county file has
    /// no such section, nobody does, nor where it has no `[shopping]`: only shops that sell on lines are registered.
    Codes {
        /// Ways to the shop on which they pay so, percent.
        pay_percent 0 to 100,
        /// Least that is paid so, yuan.
        least_yuan 1 to 1_000,
    }
}

section! {
    /// Papers that people keep and bring. Where a county file has no such section, receipts and slips are brought by nobody.
    Papers {
        /// Spouses who will not sign a contract or consent to it, percent.
        spouse_refuses_percent 0 to 100,
        /// Households that keep the receipts of what a loan was spent on, percent.
        receipts_percent 0 to 100,
        /// Households that show the slips of their harvest, percent.
        slips_percent 0 to 100,
    }
}

section! {
    /// Lessons that the institution gives in the villages. Where a county file has no such section, there are none. A policy of
    /// the laboratory gives its own.
    Lessons {
        /// In each village, a year.
        a_year 0 to 12,
        /// Of its households that come, percent.
        come_percent 0 to 100,
        /// By how much who came trusts its phone more, points of a hundred.
        trust_points 0 to 50,
    }
}

section! {
    /// What keeps people to their word. Weights are in days of a household's spending.
    Will {
        /// Worth of credit in the years to come, to a patient household that lives by seasons, days.
        future_days 0 to 3_000,
        /// Worth of a good name among those it knows, days.
        name_days 0 to 3_000,
        /// Worth of one's own word, median, days.
        word_days 0 to 3_000,
        /// Deviation of the logarithm of that worth, percent.
        word_sigma_percent 0 to 250,
        /// By how much the good name weighs less when everybody one knows is behind, percent.
        contagion_percent 0 to 100,
        /// By how much a reminder in earnest adds, days.
        pressure_days 0 to 1_000,
    }
}

section! {
    /// How much fraud there is: schemes begun a year in a county of ten thousand households, by kind.
    Fraud {
        /// Names lent to an agent who uses the money 借名贷款.
        borrowed_names 0 to 500,
        /// Loans in the name of people who know nothing of it 冒名贷款.
        stolen_names 0 to 500,
        /// Rings that guarantee each other and stop together 互保圈.
        rings 0 to 500,
        /// Households that borrow from everyone in the same weeks 多头借贷.
        stacking 0 to 1_000,
        /// Loans used for what they may not be used for 挪用.
        diversion 0 to 1_000,
        /// Clerks who pay for borrowers and take it back with more 内外勾结.
        insiders 0 to 200,
        /// Wallets through which strangers' money runs 跑分.
        mules 0 to 500,
        /// One user behind many large loans 垒大户.
        big_users 0 to 200,
        /// Households in such a scheme, at most.
        members_max 2 to 40,
    }
}

/// A crop.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crop {
    /// Its code, as in the platform's crop calendar.
    pub code: String,
    /// Share of the county's land under it, percent; for a second crop of the year, the share of the land of the first.
    pub land_percent: i64,
    /// The crop after which it is sown in the same year.
    pub after: Option<String>,
    /// Yield of a mu, kg.
    pub yield_kg: i64,
    /// Usual price of a kg, fen.
    pub price_fen: i64,
    /// Cost of a mu, yuan.
    pub cost_yuan: i64,
    /// Share of the cost by month, January first, percent.
    pub cost: [i64; 12],
    /// Share of the yield that is sold by month, January first, percent.
    pub income: [i64; 12],
    /// How much of a drought it feels, percent.
    pub drought_percent: i64,
    /// How much of a flood it feels, percent.
    pub flood_percent: i64,
    /// The month in which the yield is known, 1 to 12.
    pub ripe_month: i64,
}

impl Crop {
    pub(super) fn check(&self, lines: &Lines, nth: usize) -> Result<(), CountyError> {
        for (field, found, range) in [
            ("land_percent", self.land_percent, (0, 100)),
            ("yield_kg", self.yield_kg, (1, 20_000)),
            ("price_fen", self.price_fen, (1, 100_000)),
            ("cost_yuan", self.cost_yuan, (0, 50_000)),
            ("drought_percent", self.drought_percent, (0, 100)),
            ("flood_percent", self.flood_percent, (0, 100)),
            ("ripe_month", self.ripe_month, (1, 12)),
        ] {
            lines.within(("crop", nth, field), found, range)?;
        }
        for (field, months) in [("cost", &self.cost), ("income", &self.income)] {
            for share in months {
                lines.within(("crop", nth, field), *share, (0, 100))?;
            }
        }
        if self.income.iter().all(|share| *share == 0) {
            return Err(lines.no_harvest(nth, &self.code));
        }
        for (field, months) in [("cost", &self.cost), ("income", &self.income)] {
            let sum: i64 = months.iter().sum();
            if sum != 100 {
                return Err(lines.shares(("crop", nth, field), sum, 100));
            }
        }
        Ok(())
    }
}

/// A kind of animal that is raised for sale.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Herd {
    /// Its code, as in the platform's crop calendar.
    pub code: String,
    /// Households that keep it, percent.
    pub households_percent: i64,
    /// Heads, median.
    pub heads_median: i64,
    /// A young one, yuan.
    pub young_yuan: i64,
    /// A grown one sold, yuan.
    pub sale_yuan: i64,
    /// Feed of one a month, yuan.
    pub feed_yuan: i64,
    /// Months from young to sold.
    pub months: i64,
    /// Batches that a disease takes half of, permille.
    pub disease_permille: i64,
}

impl Herd {
    pub(super) fn check(&self, lines: &Lines, nth: usize) -> Result<(), CountyError> {
        for (field, found, range) in [
            ("households_percent", self.households_percent, (0, 100)),
            ("heads_median", self.heads_median, (1, 50_000)),
            ("young_yuan", self.young_yuan, (1, 100_000)),
            ("sale_yuan", self.sale_yuan, (1, 200_000)),
            ("feed_yuan", self.feed_yuan, (0, 20_000)),
            ("months", self.months, (1, 60)),
            ("disease_permille", self.disease_permille, (0, 1_000)),
        ] {
            lines.within(("herd", nth, field), found, range)?;
        }
        Ok(())
    }
}

/// Which product a household asks for when it has a reason to borrow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The reason: a code of [`Reason`].
    pub reason: String,
    /// The product's code with the lender.
    pub product: String,
    /// What the household says the money is for, in the lender's words.
    pub purpose: String,
    /// For how many months.
    pub months: i64,
}

impl Offer {
    pub(super) fn check(&self, lines: &Lines, nth: usize) -> Result<(), CountyError> {
        let known: Vec<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        if !known.contains(&self.reason.as_str()) {
            return Err(lines.unknown("offer", nth, "reason", &self.reason, &known));
        }
        lines.within(("offer", nth, "months"), self.months, (1, 120))
    }
}

/// Why a household needs money that it has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, minicbor::Encode, minicbor::Decode)]
pub enum Reason {
    /// Seed, fertiliser, feed before the season.
    #[n(0)]
    Inputs,
    /// Young animals.
    #[n(1)]
    Livestock,
    /// Goods for the shop.
    #[n(2)]
    Stock,
    /// A machine.
    #[n(3)]
    Machine,
    /// School or college.
    #[n(4)]
    School,
    /// An illness.
    #[n(5)]
    Illness,
    /// A wedding.
    #[n(6)]
    Wedding,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 7] = [
        Reason::Inputs,
        Reason::Livestock,
        Reason::Stock,
        Reason::Machine,
        Reason::School,
        Reason::Illness,
        Reason::Wedding,
    ];

    /// Its code in a county file.
    pub const fn code(self) -> &'static str {
        match self {
            Reason::Inputs => "inputs",
            Reason::Livestock => "livestock",
            Reason::Stock => "stock",
            Reason::Machine => "machine",
            Reason::School => "school",
            Reason::Illness => "illness",
            Reason::Wedding => "wedding",
        }
    }
}
