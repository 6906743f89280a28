"""Trains small models on made-up data, and asks each library what it says of rows on and beside every threshold.

    python3 make.py SEED TREES LEAVES [CASE...]

prints one JSON object a line: `case`, `library`, `model` (the file as text, without the settings of its training),
`rows` (numbers as text, read back to the bit), `leaves` (of each tree, by the library's own count, where it tells),
`answers`, `reasons` (of every seventh row: what each column adds to the sum, and the base; where the library tells). A library that is not installed is a line with `absent`. The files beside this one were made with

    python3 make.py 1 3 5
"""

import json
import math
import os
import sys
import tempfile

import numpy as np


def table(seed, rows=900):
    """Four columns by formula: a wide one, one with missing values and zeros, categories, a skewed one."""
    rng = np.random.default_rng(seed)
    income = rng.normal(30, 12, rows).round(2)
    balance = rng.normal(0, 5, rows).round(1)
    balance[rng.random(rows) < 0.15] = 0.0
    balance[rng.random(rows) < 0.1] = np.nan
    crop = rng.integers(0, 40, rows).astype(float)
    days = rng.exponential(20, rows).round(2)
    risk = 0.06 * (25 - income) - 0.2 * np.nan_to_num(balance, nan=-4) + 0.6 * (crop % 3 - 1) + 0.03 * days
    bad = (rng.random(rows) < 1 / (1 + np.exp(-risk))).astype(int)
    return np.column_stack([income, balance, crop, days]), bad


def probes(X, thresholds, single, categories, seed):
    """Rows with a value on each threshold and on its neighbours, and rows of odd values."""
    rng = np.random.default_rng(seed + 1)
    rows = []

    def put(column, value):
        row = X[rng.integers(len(X))].copy()
        row[column] = value
        rows.append(row)

    for column, threshold in sorted(set(thresholds)):
        around = {threshold, np.nextafter(threshold, -math.inf), np.nextafter(threshold, math.inf)}
        if single:
            t = np.float32(threshold)
            for step in (-math.inf, math.inf):
                side = float(np.nextafter(t, np.float32(step)))
                middle = (float(t) + side) / 2
                around |= {side, middle, np.nextafter(middle, -math.inf), np.nextafter(middle, math.inf)}
        for value in sorted(around):
            put(column, value)
    tiny = float(np.float32(1e-35))
    for column in range(X.shape[1]):
        for value in (math.nan, 0.0, -0.0, tiny, -tiny, np.nextafter(tiny, 1), np.nextafter(-tiny, -1), 1e30, -1e30):
            put(column, value)
    if categories:
        for value in (-1.0, -0.5, 0.5, 1.99, 39.0, 40.0, 63.0, 64.0, 1000.0, -7.0, 16777216.0, 3e9):
            put(2, value)
    return np.array(rows + list(X[:5]))


def lightgbm_cases(seed, trees, leaves):
    import lightgbm as lgb

    X, y = table(seed)
    base = dict(objective="binary", num_leaves=leaves, min_data_in_leaf=10, verbose=-1, num_threads=1, seed=seed,
                deterministic=True, learning_rate=0.2, min_data_per_group=20, cat_smooth=1, max_bin=63)
    rf = dict(boosting="rf", bagging_freq=1, bagging_fraction=0.6)
    for case, extra, categorical, data in [
        ("numeric", {}, [], X),
        ("nothing_missing", dict(use_missing=False), [], X),
        ("zero_missing", dict(zero_as_missing=True), [], X),
        ("categories", dict(sigmoid=0.7), [2], X),
        ("linear", dict(linear_tree=True), [], X),
        ("average", rf, [2], X),
        ("dart", dict(boosting="dart", drop_rate=0.5, skip_drop=0.0), [], X),
        ("one_leaf", dict(min_data_in_leaf=800), [], X),
    ]:
        model = lgb.train({**base, **extra}, lgb.Dataset(data, y, categorical_feature=categorical), trees)
        text = model.model_to_string()
        thresholds = []
        for block in text.split("Tree=")[1:]:
            values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            for f, t, d in zip(*(values.get(k, "").split() for k in ("split_feature", "threshold", "decision_type"))):
                if int(d) & 1 == 0:
                    thresholds.append((int(f), float(t)))
        rows = probes(data, thresholds, False, bool(categorical), seed)
        # Linear leaves are not explained; contributions to an average are not those to its trees.
        told = case not in ("linear", "average")
        yield dict(case="lightgbm_" + case, library="LightGBM " + lgb.__version__,
                   model=text.split("\nfeature_importances")[0] + "\n", rows=rows,
                   leaves=model.predict(rows, pred_leaf=True), answers=model.predict(rows),
                   reasons=model.predict(rows[::7], pred_contrib=True) if told else None)


def xgboost_cases(seed, trees, leaves):
    import xgboost as xgb

    X, y = table(seed)
    types = ["q", "q", "c", "q"]
    base = dict(objective="binary:logistic", max_leaves=leaves, grow_policy="lossguide", max_depth=0, nthread=1,
                seed=seed, learning_rate=0.3, tree_method="hist", max_bin=64)
    for case, extra, kinds in [
        ("numeric", {}, None),
        ("categories", dict(max_cat_to_onehot=1), types),
        ("one_hot", dict(max_cat_to_onehot=100), types),
        ("dart", dict(booster="dart", rate_drop=0.5, one_drop=1), None),
        ("squares", dict(objective="reg:squarederror"), None),
        ("parallel", dict(num_parallel_tree=2, subsample=0.6), None),
    ]:
        data = xgb.DMatrix(X, y, feature_types=kinds, enable_categorical=kinds is not None)
        model = xgb.train({**base, **extra}, data, trees)
        text = bytes(model.save_raw("json")).decode()
        thresholds = []
        booster = json.loads(text)["learner"]["gradient_booster"]
        for tree in (booster["gbtree"] if "gbtree" in booster else booster)["model"]["trees"]:
            for node, left in enumerate(tree["left_children"]):
                if left >= 0 and tree["split_type"][node] == 0:
                    thresholds.append((tree["split_indices"][node], float(np.float32(tree["split_conditions"][node]))))
        rows = probes(X, thresholds, True, kinds is not None, seed)
        asked = xgb.DMatrix(rows, feature_types=kinds, enable_categorical=kinds is not None)
        yield dict(case="xgboost_" + case, library="XGBoost " + xgb.__version__, model=text, rows=rows,
                   leaves=None, answers=model.predict(asked).astype(float))


def catboost_cases(seed, trees, leaves):
    import catboost as cb

    X, y = table(seed)
    base = dict(iterations=trees, verbose=0, thread_count=1, random_seed=seed, allow_writing_files=False,
                border_count=32, learning_rate=0.3)
    depth = max(2, min(6, leaves.bit_length() - 1))
    for case, extra, kind in [
        ("missing_low", dict(depth=depth, nan_mode="Min"), cb.CatBoostClassifier),
        ("missing_high", dict(depth=depth, nan_mode="Max"), cb.CatBoostClassifier),
        ("lossguide", dict(grow_policy="Lossguide", max_leaves=leaves), cb.CatBoostClassifier),
        ("squares", dict(depth=depth), cb.CatBoostRegressor),
    ]:
        model = kind(**{**base, **extra}).fit(X, y)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.json")
            model.save_model(path, format="json")
            with open(path) as file:
                content = json.load(file)
        params = content["model_info"]["params"]
        content["model_info"] = {"params": {"loss_function": params["loss_function"]}}
        index = {f["feature_index"]: f["flat_feature_index"] for f in content["features_info"]["float_features"]}
        thresholds = [(index[f["feature_index"]], float(np.float32(b)))
                      for f in content["features_info"]["float_features"] for b in f["borders"]]
        rows = probes(X, thresholds, True, False, seed)
        answers = model.predict_proba(rows)[:, 1] if kind is cb.CatBoostClassifier else model.predict(rows)
        yield dict(case="catboost_" + case, library="CatBoost " + cb.__version__, model=json.dumps(content),
                   rows=rows, leaves=None, answers=answers)


def main():
    seed, trees, leaves = map(int, sys.argv[1:4])
    wanted = sys.argv[4:]
    for name, cases in [("LightGBM", lightgbm_cases), ("XGBoost", xgboost_cases), ("CatBoost", catboost_cases)]:
        try:
            for found in cases(seed, trees, leaves):
                if wanted and found["case"] not in wanted:
                    continue
                found["rows"] = [" ".join(repr(float(v)) for v in row) for row in found["rows"]]
                found["answers"] = " ".join(repr(float(v)) for v in found["answers"])
                reasons = found.pop("reasons", None)
                if reasons is not None:
                    found["reasons"] = [" ".join(repr(float(v)) for v in row) for row in reasons]
                if found["leaves"] is not None:
                    leaves_of = np.atleast_2d(found["leaves"].astype(int))
                    found["leaves"] = [" ".join(map(str, row)) for row in leaves_of]
                print(json.dumps(found))
        except ModuleNotFoundError as error:
            print(json.dumps(dict(absent=f"{name}: {error}")))


if __name__ == "__main__":
    main()
