"""What another library predicts for one fold: tuned by cross-validation inside the training rows, fitted with three seeds.

Called as: reference.py LIBRARY TRAIN.csv TEST.csv TARGET POSITIVE OUT.csv
"""

import sys

import numpy as np
import pandas as pd

library, train_file, test_file, target, positive, out = sys.argv[1:7]
train, test = pd.read_csv(train_file), pd.read_csv(test_file)


def outcomes(table):
    said = table[target].astype(str).str.strip()
    try:
        return (pd.to_numeric(said) == float(positive)).astype(int).values
    except ValueError:
        return (said == positive).astype(int).values


y = outcomes(train)
train, test = train.drop(columns=[target]), test.drop(columns=[target])
texts = [c for c in train.columns if not pd.api.types.is_numeric_dtype(train[c])]
for c in texts:
    levels = train[c].dropna().astype(str).value_counts().index
    for table in (train, test):
        table[c] = pd.Categorical(table[c].astype(str).where(table[c].notna()), categories=levels)

SEEDS = 3
ROUNDS = 1500
SIZES = [(4, 2), (8, 3), (16, 4), (31, 6)]


def lightgbm():
    import lightgbm as lgb

    def settings(size, seed):
        return dict(
            objective="binary", learning_rate=0.05, num_leaves=size[0], min_child_samples=20, feature_fraction=0.7,
            bagging_fraction=0.8, bagging_freq=1, lambda_l2=5, seed=seed, verbose=-1, deterministic=True, force_row_wise=True,
        )

    def tried(size):
        heard = lgb.cv(
            settings(size, 1), lgb.Dataset(train, y), ROUNDS, nfold=5, seed=3,
            callbacks=[lgb.early_stopping(50, verbose=False)],
        )["valid binary_logloss-mean"]
        return heard[-1], len(heard), size

    _, rounds, size = min(map(tried, SIZES))
    models = [lgb.train(settings(size, s), lgb.Dataset(train, y), int(rounds * 1.1)) for s in range(SEEDS)]
    return np.mean([m.predict(test, raw_score=True) for m in models], axis=0)


def xgboost():
    import xgboost as xgb

    def settings(size, seed):
        return dict(
            objective="binary:logistic", eval_metric="logloss", eta=0.05, max_depth=size[1], min_child_weight=3,
            colsample_bytree=0.7, subsample=0.8, reg_lambda=5, seed=seed, tree_method="hist",
        )

    data = xgb.DMatrix(train, y, enable_categorical=True)

    def tried(size):
        heard = xgb.cv(settings(size, 1), data, ROUNDS, nfold=5, stratified=True, seed=3, early_stopping_rounds=50)
        losses = heard["test-logloss-mean"]
        return losses.iloc[-1], len(losses), size

    _, rounds, size = min(map(tried, SIZES))
    models = [xgb.train(settings(size, s), data, int(rounds * 1.1)) for s in range(SEEDS)]
    rows = xgb.DMatrix(test, enable_categorical=True)
    return np.mean([m.predict(rows, output_margin=True) for m in models], axis=0)


def catboost():
    import catboost as cb

    def pool(table, labels=None):
        table = table.copy()
        for c in texts:
            table[c] = table[c].astype(object).where(table[c].notna(), "missing").astype(str)
        return cb.Pool(table, labels, cat_features=texts)

    def settings(depth, seed):
        return dict(
            loss_function="Logloss", learning_rate=0.06, depth=depth, l2_leaf_reg=5, random_seed=seed, verbose=False,
            allow_writing_files=False,
        )

    def tried(depth):
        heard = cb.cv(pool(train, y), settings(depth, 1), fold_count=5, stratified=True, seed=3, iterations=ROUNDS,
                      early_stopping_rounds=50, verbose=False)
        losses = heard["test-Logloss-mean"]
        return losses.min(), int(losses.idxmin()) + 1, depth

    _, rounds, depth = min(map(tried, (4, 6)))
    models = [cb.CatBoost(dict(settings(depth, s), iterations=int(rounds * 1.1))).fit(pool(train, y)) for s in range(SEEDS)]
    return np.mean([m.predict(pool(test)) for m in models], axis=0)


def optbinning():
    """A scorecard: optimal binning, weights of evidence, logistic regression whose penalty is tuned."""
    from optbinning import BinningProcess
    from sklearn.linear_model import LogisticRegressionCV

    def plain(table):
        table = table.copy()
        for c in texts:
            table[c] = table[c].astype(object).where(table[c].notna(), np.nan)
        return table

    names = list(train.columns)
    process = BinningProcess(names, categorical_variables=texts)
    inputs = process.fit_transform(plain(train), y, metric_missing="empirical", metric_special="empirical")
    model = LogisticRegressionCV(Cs=8, cv=5, scoring="neg_log_loss", max_iter=2000).fit(inputs, y)
    return model.decision_function(process.transform(plain(test), metric_missing="empirical", metric_special="empirical"))


known = {"lightgbm": lightgbm, "xgboost": xgboost, "catboost": catboost, "optbinning": optbinning}
log_odds = known[library]()
np.savetxt(out, 1 / (1 + np.exp(-log_odds)), header="probability", comments="", fmt="%.9g")
