//! Files that are damaged, cut short or ask for what is not known are refused by name.

use super::*;

const LIGHTGBM: &str = "tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=1
objective=binary sigmoid:1
feature_names=income crop
tree_sizes=1

Tree=0
num_leaves=3
num_cat=1
split_feature=0 1
threshold=12.5 0
decision_type=10 1
left_child=1 -1
right_child=-2 -3
leaf_value=0.5 -0.25 0.125
leaf_count=10 20 30
cat_boundaries=0 2
cat_threshold=5 1
is_linear=0
shrinkage=1

end of trees
";

const XGBOOST: &str = r#"{"learner": {
"feature_names": ["income", "crop"],
"gradient_booster": {"name": "gbtree", "model": {
  "gbtree_model_param": {"num_trees": "1", "num_parallel_tree": "1"},
  "iteration_indptr": [0, 1],
  "trees": [{"left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_conditions": [12.5, 0.5, -0.25],
    "split_indices": [0, 0, 0], "default_left": [1, 0, 0], "split_type": [0, 0, 0], "sum_hessian": [3, 1, 2]}]}},
"learner_model_param": {"base_score": "[5E-1]", "num_class": "0", "num_feature": "2", "num_target": "1"},
"objective": {"name": "binary:logistic"}}, "version": [3, 2, 0]}"#;

const CATBOOST: &str = r#"{"features_info": {"float_features": [
  {"feature_index": 0, "flat_feature_index": 0, "feature_id": "income", "nan_value_treatment": "AsTrue"},
  {"feature_index": 1, "flat_feature_index": 2, "feature_id": ""}],
 "categorical_features": [{"feature_index": 0, "flat_feature_index": 1, "feature_id": "crop"}]},
"model_info": {"params": {"loss_function": {"type": "Logloss"}}},
"oblivious_trees": [{"leaf_values": [0.5, -0.25], "leaf_weights": [1, 2],
  "splits": [{"split_type": "FloatFeature", "float_feature_index": 1, "border": 12.5}]}],
"scale_and_bias": [2, [0.125]]}"#;

#[test]
fn small_files_read_as_they_say() {
    let lightgbm = import(LIGHTGBM.as_bytes()).expect("sound");
    assert_eq!((lightgbm.source, lightgbm.ensemble.columns.join(",")), (Source::LightGbm, "income,crop".into()));
    for (row, raw) in [([1.0, 2.0], 0.5), ([1.0, 32.0], 0.5), ([1.0, 1.0], 0.125), ([13.0, 0.0], -0.25)] {
        assert_eq!(lightgbm.ensemble.raw(&row), raw, "{row:?}");
    }
    let xgboost = import(XGBOOST.as_bytes()).expect("sound").ensemble;
    for (row, raw) in [([12.4, 0.0], 0.5), ([12.5, 0.0], -0.25), ([f64::NAN, 0.0], 0.5)] {
        assert_eq!(xgboost.raw(&row), raw, "{row:?}");
    }
    let catboost = import(CATBOOST.as_bytes()).expect("sound").ensemble;
    assert_eq!(catboost.columns, ["income", "crop", "2"]);
    for (row, raw) in [([0.0, 0.0, 12.5], 1.125), ([0.0, 0.0, 12.6], -0.375), ([0.0, 0.0, f64::NAN], 1.125)] {
        assert_eq!(catboost.raw(&row), raw, "{row:?}");
    }
}

#[test]
fn whose_a_file_is_does_not_follow_from_what_its_columns_are_called() {
    let learner = CATBOOST.replace("\"feature_id\": \"income\"", "\"feature_id\": \"learner\"");
    assert_eq!(import(learner.as_bytes()).expect("sound").source, Source::CatBoost);
    let first = XGBOOST
        .replacen("{\"learner\"", "{\"version\": [3, 2, 0], \"learner\"", 1)
        .replace(", \"version\": [3, 2, 0]}", "}");
    assert_eq!(import(first.as_bytes()).expect("sound").source, Source::XgBoost);
}

fn adopted(text: &str) -> crate::bundle::Bundle {
    let target = crate::frame::Target { column: "bad".to_owned(), positive: "1".to_owned() };
    import(text.as_bytes()).expect("sound").adopt(target).expect("a probability")
}

#[test]
fn reasons_are_in_log_odds_whatever_the_steepness() {
    let frame = crate::frame::Frame { rows: 1, columns: vec![crate::frame::Values::Number(vec![1.0]); 2] };
    let told = |sigmoid: &str| adopted(&LIGHTGBM.replace("sigmoid:1", sigmoid)).explain(&frame, 0).columns;
    let (one, two) = (told("sigmoid:1"), told("sigmoid:2"));
    assert!(one[0].abs() > 0.05 && one.iter().zip(&two).all(|(one, two)| (2.0 * one - two).abs() < 1e-12));
    let bundle = adopted(&LIGHTGBM.replace("sigmoid:1", "sigmoid:2"));
    let log_odds = bundle.log_odds(&frame)[0];
    assert!((bundle.predict(&frame)[0] - crate::math::logistic(log_odds)).abs() < 1e-12);
}

#[test]
fn shares_that_are_not_told_are_not_made_up() {
    let tree = |weight: &str| {
        let leaf = "{\"value\": 0.5, \"weight\": 3}";
        let other = format!("{{\"value\": -0.25{weight}}}");
        let border = "{\"split_type\": \"FloatFeature\", \"float_feature_index\": 1, \"border\": 12.5}";
        let tree = format!("\"trees\": [{{\"split\": {border}, \"left\": {leaf}, \"right\": {other}}}]");
        let (before, rest) = CATBOOST.split_once("\"oblivious_trees\"").expect("there");
        let after = &rest[rest.find("\"scale_and_bias\"").expect("there")..];
        adopted(&format!("{before}{tree}, {after}"))
    };
    assert!(tree(", \"weight\": 1").check_explained().is_ok());
    assert_eq!(tree("").check_explained(), Err(crate::ScoreError::Unexplained));
}

#[test]
fn what_was_noted_stays_with_the_model() {
    let bundle = adopted(LIGHTGBM);
    let read = crate::bundle::Bundle::from_bytes(&bundle.to_bytes()).expect("whole");
    assert_eq!(read.making.source.as_deref(), Some("LightGBM"));
    assert_eq!(read.making.notes, ["categories are given as the whole numbers they had in training"]);
}

#[test]
fn only_the_rounds_up_to_the_best_are_taken() {
    let stopped = XGBOOST.replace("\"learner\": {", "\"learner\": {\"attributes\": {\"best_iteration\": \"0\"},");
    assert_eq!(import(stopped.as_bytes()), import(XGBOOST.as_bytes()));
    let more = stopped.replace("\"best_iteration\": \"0\"", "\"best_iteration\": \"1\"");
    let words = import(more.as_bytes()).expect_err("beyond").to_string();
    assert_eq!(words, "XGBoost model, best_iteration: 1 is beyond the last round; export it again from XGBoost");
}

#[test]
fn what_is_not_sound_is_refused_by_name() {
    let cases = [
        (
            LIGHTGBM,
            "end of trees\n",
            "",
            "LightGBM model, line 24: it ends after 1 trees, without `end of trees`; export it again from LightGBM",
        ),
        (
            LIGHTGBM,
            "tree_sizes=1",
            "tree_sizes=1 1",
            "LightGBM model, line 1: its header announces 2 trees, 1 are there; export it again from LightGBM",
        ),
        (
            LIGHTGBM,
            "left_child=1 -1",
            "left_child=7 -1",
            "LightGBM model: tree 0, split 0: its child is split 7, but there are 2 splits and 3 leaves",
        ),
        (
            LIGHTGBM,
            "left_child=1 -1",
            "left_child=0 -1",
            "LightGBM model: tree 0: split 0 is reached twice, so this is no tree",
        ),
        (
            LIGHTGBM,
            "left_child=1 -1",
            "left_child=1",
            "LightGBM model, line 16: left_child has 1 values, 2 are needed; export it again from LightGBM",
        ),
        (
            LIGHTGBM,
            "split_feature=0 1",
            "split_feature=0 2",
            "LightGBM model: tree 0 asks for column 2, but there are 2",
        ),
        (LIGHTGBM, "12.5", "nan", "LightGBM model: tree 0: a threshold is NaN"),
        (
            LIGHTGBM,
            "12.5",
            "twelve",
            "LightGBM model, line 14: `twelve` in threshold cannot be read as a number of its kind; export it again from LightGBM",
        ),
        (
            LIGHTGBM,
            "cat_boundaries=0 2",
            "cat_boundaries=0 9",
            "LightGBM model, line 20: split 1 asks for set 0 of categories, which is not there; export it again from LightGBM",
        ),
        (
            LIGHTGBM,
            "Tree=0",
            "Tree=1",
            "LightGBM model, line 10: tree 1 where tree 0 should be; export it again from LightGBM",
        ),
        (
            LIGHTGBM,
            "num_class=1",
            "num_class=3",
            "LightGBM model: num_class = 3 is not supported; train a model of one output, good or bad",
        ),
        (
            LIGHTGBM,
            "objective=binary",
            "objective=poisson",
            "LightGBM model: objective=poisson sigmoid:1 is not supported; train with binary, cross_entropy or regression",
        ),
        (
            XGBOOST,
            "[1, -1, -1]",
            "[9, -1, -1]",
            "XGBoost model, tree 0: node 9 cannot be, or is met again; export it again from XGBoost",
        ),
        (
            XGBOOST,
            "[1, -1, -1]",
            "[0, -1, -1]",
            "XGBoost model, tree 0: node 0 cannot be, or is met again; export it again from XGBoost",
        ),
        (
            XGBOOST,
            "\"split_indices\": [0, 0, 0]",
            "\"split_indices\": [0, 0]",
            "XGBoost model, tree 0: split_indices has 2 values for 3 nodes; export it again from XGBoost",
        ),
        (
            XGBOOST,
            "\"name\": \"gbtree\", \"model\"",
            "\"name\": \"gblinear\", \"model\"",
            "XGBoost model: the booster `gblinear` is not supported; train with gbtree or dart",
        ),
        (
            XGBOOST,
            "\"num_trees\": \"1\"",
            "\"num_trees\": \"2\"",
            "XGBoost model, the trees: 1 of 2 are there; export it again from XGBoost",
        ),
        (XGBOOST, "5E-1", "2", "XGBoost model, base_score: 2 is no probability; export it again from XGBoost"),
        (
            CATBOOST,
            "FloatFeature",
            "OnlineCtr",
            "CatBoost model: a split by OnlineCtr is not supported; train on numeric columns, with categories encoded beforehand",
        ),
        (
            CATBOOST,
            "[0.125]",
            "[0, 0, 0]",
            "CatBoost model: a model of 3 outputs is not supported; train a model of one output, good or bad",
        ),
        (CATBOOST, "[0.5, -0.25]", "[0.5]", "CatBoost model: tree 0 has 1 leaves, 2 are needed"),
        (
            CATBOOST,
            "\"float_feature_index\": 1",
            "\"float_feature_index\": 5",
            "CatBoost model, tree 0: a split names no column that is there, or no border; export it again from CatBoost",
        ),
        (
            LIGHTGBM,
            "tree\nversion",
            "CBM1",
            "this is no model that can be imported: a binary CatBoost file; save it with format=\"json\"",
        ),
    ];
    for (whole, from, to, words) in cases {
        assert!(whole.contains(from), "{from}");
        let error = import(whole.replacen(from, to, 1).as_bytes()).expect_err(words);
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for whole in [LIGHTGBM, XGBOOST, CATBOOST] {
        for end in (0..whole.trim_end().len()).filter(|end| whole.is_char_boundary(*end)) {
            assert!(import(&whole.as_bytes()[..end]).is_err(), "cut at {end}: {}", &whole[..end]);
        }
    }
}
