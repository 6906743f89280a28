//! The crop calendar, and rows that follow the harvests.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, Money};
use loan::season::{CropCalendar, SeasonError, SeasonRule, Sure, household_year, parse_crops, rows};
use loan::{Product, Term, product};
use proptest::prelude::*;

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn shipped() -> CropCalendar {
    CropCalendar::shipped().unwrap()
}

fn plan(region: &str, crops: &str, start: &str, months: u16) -> Result<String, SeasonError> {
    let crops = parse_crops(crops)?;
    rows(&shipped(), region, &crops, date(start), months, &SeasonRule::default()).map(|plan| plan.to_string())
}

#[test]
fn every_crop_and_region_of_the_shipped_calendar_is_used_and_named() {
    let calendar = shipped();
    for region in &calendar.regions {
        assert!(calendar.seasons.iter().any(|season| season.region == region.code), "{}", region.code);
    }
    for crop in &calendar.crops {
        assert!(calendar.seasons.iter().any(|season| season.crop == crop.code), "{}", crop.code);
    }
    // A share over several months was read nowhere.
    for season in calendar.seasons.iter().filter(|season| season.sure != Sure::Memory) {
        assert!((1..=12).any(|month| season.income.of(month) == 1_000_000), "{} {}", season.region, season.crop);
    }
}

#[test]
fn rows_follow_the_harvests() {
    let table: Vec<String> = [
        ("huang-huai-hai", "wheat:4,maize:6", "2027-03-01", 8),
        ("山东", "小麦:4，玉米:6", "2027-03-01", 20),
        ("heilongjiang", "maize:50,soybean:30,rice:20", "2027-04-01", 12),
        ("湖南", "early-rice:5.5,late-rice:5.5,rapeseed:3", "2027-01-15", 12),
        ("loess", "apples", "2027-03-01", 12),
        ("yunnan", "dairy:1,maize:1", "2027-02-01", 6),
    ]
    .iter()
    .map(|(region, crops, start, months)| {
        format!("{region} {crops} {start} {months} months\n{}", plan(region, crops, start, *months).unwrap())
    })
    .collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    huang-huai-hai wheat:4,maize:6 2027-03-01 8 months
    2027-06-30  40.0000 %  wheat 40.0000
    2027-10-31  60.0000 %  maize 60.0000

    山东 小麦:4，玉米:6 2027-03-01 20 months
    2027-06-30  20.0000 %  wheat 20.0000
    2027-10-31  30.0000 %  maize 30.0000
    2028-06-30  20.0000 %  wheat 20.0000
    2028-10-31  30.0000 %  maize 30.0000

    heilongjiang maize:50,soybean:30,rice:20 2027-04-01 12 months
    2027-10-31  45.0000 %  maize 15.0000, rice 12.0000, soybean 18.0000
    2027-11-30  40.0000 %  maize 20.0000, rice 8.0000, soybean 12.0000
    2027-12-31  15.0000 %  maize 15.0000

    湖南 early-rice:5.5,late-rice:5.5,rapeseed:3 2027-01-15 12 months
    2027-05-31  10.7143 %  rapeseed 10.7143
    2027-06-30  10.7143 %  rapeseed 10.7143
    2027-07-31  39.2857 %  early-rice 39.2857
    2027-11-30  39.2857 %  late-rice 39.2857

    loess apples 2027-03-01 12 months
    2027-10-31  60.0000 %  apples 60.0000
    2027-11-30  30.0000 %  apples 30.0000
    2028-01-31  10.0000 %  apples 10.0000

    yunnan dairy:1,maize:1 2027-02-01 6 months
    2027-03-31  20.9302 %  dairy 20.9302
    2027-04-30  20.9302 %  dairy 20.9302
    2027-05-31  20.9302 %  dairy 20.9302
    2027-06-30  18.6047 %  dairy 18.6047
    2027-07-31  18.6047 %  dairy 18.6047
    ");
}

#[test]
fn small_rows_join_their_neighbours() {
    let crops = parse_crops("apples:1").unwrap();
    let rule = SeasonRule { least_share_ppm: 150_000, ..SeasonRule::default() };
    let joined = rows(&shipped(), "loess", &crops, date("2027-03-01"), 12, &rule).unwrap();
    insta::assert_snapshot!(joined, @r"
    2027-10-31  60.0000 %  apples 60.0000
    2027-11-30  40.0000 %  apples 40.0000
    ");
    let rule = SeasonRule { rows_max: 1, days_after_month_end: 15, ..SeasonRule::default() };
    let one = rows(&shipped(), "loess", &crops, date("2027-03-01"), 12, &rule).unwrap();
    insta::assert_snapshot!(one, @"2027-11-15  100.0000 %  apples 100.0000");
}

#[test]
fn a_crop_without_a_harvest_inside_the_term_is_named() {
    let crops = parse_crops("wheat:4,maize:6").unwrap();
    let plan = rows(&shipped(), "henan", &crops, date("2027-07-01"), 6, &SeasonRule::default()).unwrap();
    assert_eq!(plan.left_out, ["wheat"]);
    insta::assert_snapshot!(plan, @"2027-10-31  100.0000 %  maize 100.0000");
}

#[test]
fn the_year_of_a_household_blends_by_area() {
    let crops = parse_crops("wheat:4,maize:6").unwrap();
    let year = household_year(&shipped(), "hebei", &crops).unwrap();
    insta::assert_debug_snapshot!(year.income_ppm, @r"
    [
        0,
        0,
        0,
        0,
        0,
        400000,
        0,
        0,
        0,
        600000,
        0,
        0,
    ]
    ");
    insta::assert_debug_snapshot!(year.cost_ppm, @r"
    [
        0,
        0,
        100000,
        60000,
        0,
        390000,
        210000,
        0,
        0,
        240000,
        0,
        0,
    ]
    ");
}

#[test]
fn refusals_say_what_there_is() {
    let told = |result: Result<String, SeasonError>| result.unwrap_err().to_string();
    let refusals = [
        told(plan("atlantis", "wheat", "2027-03-01", 8)),
        told(plan("south", "wheat", "2027-03-01", 8)),
        told(plan("loess", "bananas:3", "2027-03-01", 8)),
        told(plan("loess", "wheat:4,maize", "2027-03-01", 8)),
        told(plan("loess", "wheat:0", "2027-03-01", 8)),
        told(plan("loess", "wheat:1,小麦:2", "2027-03-01", 8)),
        told(plan("loess", "", "2027-03-01", 8)),
        told(plan("loess", "maize", "2027-03-01", 6)),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r"
    the crop calendar has no region `atlantis`: choose one of northeast 东北, huang-huai-hai 黄淮海, loess 黄土高原, yangtze 长江中下游, southwest 西南, south 华南, northwest 西北灌区
    the crop calendar has no months for wheat in south: choose one of maize 玉米, early-rice 早稻, late-rice 晚稻, peanut 花生, potato 马铃薯, vegetables 蔬菜, citrus 柑橘, tea 茶叶, sugarcane 甘蔗, pigs 生猪, broilers 肉鸡, layers 蛋鸡, dairy 奶牛, or add the crop in a file of your own
    the crop calendar has no crop `bananas`: choose one of wheat 小麦, spring-wheat 春小麦, maize 玉米, rice 一季稻, early-rice 早稻, late-rice 晚稻, rapeseed 油菜, cotton 棉花, soybean 大豆, peanut 花生, potato 马铃薯, vegetables 蔬菜, apples 苹果, citrus 柑橘, tea 茶叶, sugarcane 甘蔗, tobacco 烤烟, pigs 生猪, broilers 肉鸡, layers 蛋鸡, sheep 肉羊, dairy 奶牛
    `wheat:4,maize` is not a list of crops: give each crop its area, such as wheat:4,maize:6
    `wheat:0` is not a list of crops: give each crop its area in mu, more than 0, at most 1,000,000, with at most three decimals, such as wheat:4,maize:6
    `wheat,小麦` is not a list of crops: name each crop once, such as wheat:4,maize:6
    `` is not a list of crops: name at least one crop, such as wheat:4,maize:6
    nothing grown brings money between 2027-03-31 and 2027-09-01: the first row could fall due on 2027-10-31, so ask for a term that reaches it
    ");
    let rule = SeasonRule { crops: vec!["maize".to_owned()], ..SeasonRule::default() };
    let crops = parse_crops("wheat").unwrap();
    let refusal = rows(&shipped(), "loess", &crops, date("2027-03-01"), 8, &rule).unwrap_err();
    insta::assert_snapshot!(refusal, @"this product does not lend on wheat: it lends on maize");
}

const SMALL: &str = "\
code = \"small\"
version = 1

[[region]]
code = \"valley\"
name_zh = \"河谷\"
name_en = \"Valley\"

[[crop]]
code = \"millet\"
name_zh = \"谷子\"
name_en = \"Millet\"

[[season]]
region = \"valley\"
crop = \"millet\"
cost = { 4 = 100 }
income = { 9 = 50, 10 = 50 }
harvest = [9]
source = \"field staff\"
sure = \"memory\"
";

#[test]
fn a_wrong_calendar_is_told_by_line_and_field() {
    assert!(CropCalendar::parse("small.toml", SMALL).is_ok());
    let wrong = [
        ("9 = 50", "9 = 40"),
        ("9 = 50", "13 = 50"),
        ("9 = 50", "9 = 150"),
        ("10 = 50", "09 = 50"),
        ("harvest = [9]", "harvest = [0]"),
        ("crop = \"millet\"", "crop = \"mille\""),
        ("region = \"valley\"", "region = \"hill\""),
        ("sure = \"memory\"", "sure = \"certain\""),
        ("source = \"field staff\"", "source = \" \""),
        ("code = \"valley\"", "code = \"The Valley\""),
        ("version = 1", "version = 0"),
        ("harvest = [9]\n", ""),
        ("harvest", "harvests"),
        ("name_zh = \"谷子\"", "name_zh = 3"),
    ]
    .map(|(from, to)| CropCalendar::parse("small.toml", &SMALL.replacen(from, to, 1)).unwrap_err().to_string());
    insta::assert_snapshot!(wrong.join("\n"), @r"
    small.toml, line 18, `season.income`: the shares sum to 90 and must sum to 100
    small.toml, line 18, `season.income`: `13` is no month: write 1 to 12
    small.toml, line 18, `season.income`: the share of month 9 must be whole percent from 1 to 100, once
    small.toml, line 18, `season.income`: the share of month 9 must be whole percent from 1 to 100, once
    small.toml, line 19, `season.harvest`: `0` is no month: write 1 to 12
    small.toml, line 16, `season.crop`: the crop calendar has no crop `mille`: choose one of millet 谷子
    small.toml, line 15, `season.region`: the crop calendar has no region `hill`: choose one of valley 河谷
    small.toml, line 21, `season.sure`: choose `text`, `copy` or `memory`
    small.toml, line 20, `season.source`: is empty: say it, an auditor will ask
    small.toml, line 5, `region.code`: use 1 to 40 small letters, digits and hyphens
    small.toml, line 2, `version`: versions begin at 1
    small.toml, line 14, `harvest`: missing field `harvest`
    small.toml, line 19, `harvests`: unknown field `harvests`, expected one of `region`, `crop`, `cost`, `income`, `harvest`, `source`, `sure`
    small.toml, line 11, `name_zh`: invalid type: integer `3`, expected a string
    ");
    let twice = format!("{SMALL}{}", &SMALL[SMALL.find("[[season]]").unwrap()..]);
    insta::assert_snapshot!(CropCalendar::parse("small.toml", &twice).unwrap_err(), @"small.toml, line 24, `season.crop`: this crop has two lines for this region in the file");
}

#[test]
fn an_own_file_corrects_a_line_and_adds_a_crop() {
    let own = SMALL.replace("small", "county");
    let calendar = shipped().corrected("county.toml", &own).unwrap();
    assert_eq!(calendar.season("valley", "谷子").unwrap().income.of(9), 500_000);
    assert_eq!(calendar.season("loess", "wheat").unwrap(), shipped().season("loess", "wheat").unwrap());
    assert_eq!(calendar.code, "county");
}

#[test]
fn a_product_says_how_it_follows_the_seasons() {
    let (file, text) = product::SHIPPED.iter().find(|(file, _)| *file == "seasonal-loan.toml").unwrap();
    let told = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Product::parse(file, &text.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let wrong = [
        told("due = \"month-end\"", "due = \"harvest\""),
        told("rows_max = 12", "rows_max = 0"),
        told("rows_max = 12", "rows_max = 12\ncrops = [\"小麦\"]"),
        told("least_share = \"5\"", "least_share = \"101\""),
        told("shortfall = \"30\"", "shortfall = \"some\""),
        told("replan_term_max = 36", "replan_term_max = 601"),
        told("replans_max = 2\n", ""),
        told("method = \"seasonal\"", "method = \"bullet\""),
        told("basis = \"daily\"", "basis = \"twelfth\""),
    ];
    insta::assert_snapshot!(wrong.join("\n"), @r"
    seasonal-loan.toml, line 29, `season.due`: write `month-end`, and `days_after` where rows fall due some days after it
    seasonal-loan.toml, line 33, `season.rows_max`: must be from 1 to 120
    seasonal-loan.toml, line 34, `season.crops`: `小麦` is no crop code: use small letters, digits and hyphens
    seasonal-loan.toml, line 32, `season.least_share`: must be at most 100
    seasonal-loan.toml, line 38, `season.shortfall`: `some` is not a rate: give percent with at most four decimals, from 0 to 1000
    seasonal-loan.toml, line 37, `season.replan_term_max`: must be from 1 to 600 months
    seasonal-loan.toml, line 27, `replans_max`: missing field `replans_max`
    seasonal-loan.toml, line 27, `season`: only the method `seasonal` has a table `[season]`
    seasonal-loan.toml, line 23, `interest.basis`: a seasonal loan needs `daily`
    ");

    let product = Product::parse(file, text).unwrap();
    let (calendar, crops) = (shipped(), parse_crops("wheat:4,maize:6").unwrap());
    let rate = product.price(None).unwrap();
    let amount = Money::parse("30000", Currency::CNY).unwrap();
    // Without crops of the household the product's own harvests do; one that has none asks for the crops.
    let general = product.terms(amount, Term::Months(8), date("2027-03-01"), rate).unwrap();
    assert_eq!(general.rows.len(), product.harvests.len());
    let bare = Product { harvests: Vec::new(), ..product.clone() };
    let plain = bare.terms(amount, Term::Months(8), date("2027-03-01"), rate).unwrap_err();
    insta::assert_snapshot!(plain, @"these terms cannot be scheduled: a seasonal plan needs rows: name the region and the crops, or list them");
    let bullet = product::shipped("season-bullet").unwrap();
    let refusal = bullet.for_household(&calendar, "henan", &crops).unwrap_err();
    insta::assert_snapshot!(refusal, @"these terms cannot be scheduled: season-bullet does not follow the seasons: leave out region and crops");
    let ours = product.for_household(&calendar, "henan", &crops).unwrap();
    let refusal = ours.terms(amount, Term::Months(25), date("2027-03-01"), rate).unwrap_err();
    insta::assert_snapshot!(refusal, @"seasonal-loan runs 3 to 24 months, not 25 months: ask for a term in that range");
}

#[test]
fn a_signed_season_is_read_back() {
    let product = product::shipped("seasonal-loan").unwrap();
    let (calendar, crops) = (shipped(), parse_crops("小麦:4,玉米:6").unwrap());
    let amount = Money::parse("30000", Currency::CNY).unwrap();
    let (start, rate) = (date("2027-03-01"), product.price(None).unwrap());
    let ours = product.for_household(&calendar, "河北", &crops).unwrap();
    let terms = ours.terms(amount, Term::Months(8), start, rate).unwrap();
    let plan = ours.grown.unwrap().plan(start, 8, &product.season.unwrap()).unwrap();
    let bytes = basics::cbor::to_bytes(&terms);
    assert_eq!(basics::cbor::from_bytes::<loan::LoanTerms>(&bytes).unwrap(), terms);
    assert_eq!((terms.season.unwrap(), terms.rows), (plan.terms(), plan.plan_rows()));
    assert_eq!(plan.grown.0, "huang-huai-hai");
}

proptest! {
    #[test]
    fn shares_sum_to_the_whole_and_rows_lie_inside(
        region in 0..7usize,
        picks in proptest::collection::btree_map(0..22usize, 1..5_000_000i64, 1..8),
        start in 20_000..22_000i32,
        months in 1..60u16,
        least_share_ppm in 0..400_000i64,
        rows_max in 1..30u16,
        days_after_month_end in 0..20u8,
    ) {
        let calendar = shipped();
        let region = &calendar.regions[region].code;
        let crops: Vec<_> = picks
            .iter()
            .map(|(index, weight_milli)| loan::season::Grown {
                crop: calendar.crops[*index].code.clone(),
                weight_milli: *weight_milli,
            })
            .filter(|grown| calendar.season(region, &grown.crop).is_ok())
            .collect();
        let start = Date::from_days(start).unwrap();
        let rule = SeasonRule { least_share_ppm, rows_max, days_after_month_end, ..SeasonRule::default() };
        let Ok(plan) = rows(&calendar, region, &crops, start, months, &rule) else { return Ok(()) };
        let maturity = start.add_months(i32::from(months)).unwrap();
        prop_assert_eq!(plan.rows.iter().map(|row| row.principal_ppm).sum::<i64>(), 1_000_000);
        prop_assert!(plan.rows.len() <= usize::from(rows_max));
        for row in &plan.rows {
            prop_assert!(start < row.due && row.due <= maturity);
            prop_assert_eq!(row.of.iter().map(|(_, ppm)| ppm).sum::<i64>(), row.principal_ppm);
            prop_assert!(plan.rows.len() == 1 || row.principal_ppm + 1 >= least_share_ppm);
        }
        prop_assert!(plan.rows.windows(2).all(|pair| pair[0].due < pair[1].due));
    }
}
