"""What other libraries reach on the machine: trained on made-up data, timed on one thread, one JSON object a line.

    python3 reference.py FOLDER TREES ROWS

writes `rows.f64` (rows of 30 columns, 8 bytes a number, as this machine stores them), `bad.u8` (their outcomes) and a model file
for each library into FOLDER. What is not installed is a line with `absent`.
"""

import ctypes
import json
import os
import sys
import time

FOLDER, TREES, ROWS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
WIDTH = 30
PASS = 1000


def say(**found):
    print(json.dumps(found), flush=True)


def best(run):
    """Rows a second of the best of many passes over a thousand rows each, for at least two seconds."""
    run(0)
    passes, at, until = [], 0, time.perf_counter() + 2.0
    while len(passes) < 5 or time.perf_counter() < until:
        begun = time.perf_counter()
        run(at)
        passes.append(time.perf_counter() - begun)
        at = (at + PASS) % (ROWS - PASS + 1)
    return PASS / min(passes)


def middle(times):
    times = sorted(times)
    return times[len(times) // 2] * 1e6


def table(np):
    """Thirty columns by formula, some of few values, five in a hundred cells missing."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(ROWS, WIDTH)) * np.exp(rng.normal(size=WIDTH))
    X[:, 5] = rng.integers(18, 75, ROWS)
    X[:, 6] = rng.integers(0, 12, ROWS)
    X[:, 7] = X[:, 7].round(1)
    Z = X / X.std(axis=0)
    risk = Z[:, 0] + 0.7 * Z[:, 1] * Z[:, 2] + 0.5 * np.sin(3 * Z[:, 3]) + 0.3 * Z[:, 8:14].sum(axis=1) - 1.5
    X[rng.random((ROWS, WIDTH)) < 0.05] = np.nan
    return np.ascontiguousarray(X), (rng.random(ROWS) < 1 / (1 + np.exp(-risk))).astype(int)


def lightgbm(np, X, y):
    import lightgbm as lgb

    options = dict(objective="binary", num_leaves=31, learning_rate=0.05, verbose=-1, num_threads=1, seed=1)
    path = os.path.join(FOLDER, "lightgbm.txt")
    took = []
    for _ in range(3 if TREES == 100 else 1):
        begun = time.perf_counter()
        model = lgb.train(options, lgb.Dataset(X, y), TREES)
        took.append(time.perf_counter() - begun)
    model.save_model(path)
    lib = ctypes.cdll.LoadLibrary(lgb.basic._LIB._name)
    handle, out_len = model._handle, ctypes.c_int64(0)
    answers = (ctypes.c_double * PASS)()
    parameter = b"num_threads=1"

    base = X.ctypes.data

    def some_rows(at):
        lib.LGBM_BoosterPredictForMat(
            handle, ctypes.c_void_p(base + at * WIDTH * 8), 1, ctypes.c_int32(PASS), ctypes.c_int32(WIDTH), 1, 0, 0,
            TREES, parameter, ctypes.byref(out_len), answers)

    rate = best(some_rows)
    config = ctypes.c_void_p()
    lib.LGBM_BoosterPredictForMatSingleRowFastInit(
        handle, 0, 0, TREES, 1, ctypes.c_int32(WIDTH), parameter, ctypes.byref(config))
    one, times = (ctypes.c_double * 1)(), []
    length = ctypes.byref(out_len)
    for row in np.random.default_rng(1).permutation(ROWS)[:10000]:
        pointer = ctypes.c_void_p(base + int(row) * WIDTH * 8)
        begun = time.perf_counter()
        lib.LGBM_BoosterPredictForMatSingleRowFast(config, pointer, length, one)
        times.append(time.perf_counter() - begun)
    say(kind="leafwise", library="lightgbm " + lgb.__version__, rate=rate, one_us=middle(times), file=path)
    say(kind="training", library="lightgbm " + lgb.__version__, rate=ROWS * TREES / min(took))
    return model


def compiled(np, X, model):
    import tl2cgen
    import treelite

    path = os.path.join(FOLDER, "compiled.so")
    trees = treelite.frontend.from_lightgbm(model)
    tl2cgen.export_lib(trees, toolchain="gcc", libpath=path, params={"parallel_comp": 8})
    predictor = tl2cgen.Predictor(path, nthread=1)
    parts = {at: tl2cgen.DMatrix(X[at:at + PASS]) for at in range(0, ROWS - PASS + 1, PASS)}
    rate = best(lambda at: predictor.predict(parts[at // PASS * PASS]))
    say(kind="leafwise", library="tl2cgen " + tl2cgen.__version__, rate=rate)


def catboost(np, X, y):
    import catboost as cb

    path = os.path.join(FOLDER, "catboost.json")
    model = cb.CatBoostClassifier(iterations=TREES, depth=6, learning_rate=0.05, verbose=0, thread_count=1,
                                  random_seed=1, allow_writing_files=False).fit(X, y)
    model.save_model(path, format="json")
    single = X.astype(np.float32)
    parts = {at: np.asfortranarray(single[at:at + PASS]) for at in range(0, ROWS - PASS + 1, PASS)}
    rate = best(lambda at: model.predict(parts[at // PASS * PASS], prediction_type="Probability", thread_count=1))
    say(kind="oblivious", library="catboost " + cb.__version__, rate=rate, file=path)


def card(np, X):
    rng = np.random.default_rng(2)
    edges = [np.sort(np.nanquantile(X[:, column], rng.random(7))) for column in range(15)]
    points = [rng.normal(size=8) for _ in range(15)]

    columns = np.asfortranarray(X)

    def some_rows(at):
        total = np.zeros(PASS)
        for column in range(15):
            total += points[column][np.searchsorted(edges[column], columns[at:at + PASS, column])]
        return 1 / (1 + np.exp(-total))

    say(kind="card", library="numpy " + np.__version__, rate=best(some_rows))


def main():
    try:
        import numpy as np
    except ModuleNotFoundError as error:
        say(absent=f"numpy, lightgbm, tl2cgen and catboost: {error}")
        return
    X, y = table(np)
    X.tofile(os.path.join(FOLDER, "rows.f64"))
    y.astype(np.uint8).tofile(os.path.join(FOLDER, "bad.u8"))
    card(np, X)
    model = None
    try:
        model = lightgbm(np, X, y)
    except ModuleNotFoundError as error:
        say(absent=f"lightgbm: {error}")
    if model is not None:
        try:
            compiled(np, X, model)
        except Exception as error:
            say(absent=f"tl2cgen: {error}")
    try:
        catboost(np, X, y)
    except ModuleNotFoundError as error:
        say(absent=f"catboost: {error}")


main()
