# Average precision of others on the same rows and features: one JSON object a line.
import csv, gzip, json, os, sys

folder, seeds = sys.argv[1], int(sys.argv[2])
os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score

try:
    from pyod.models.ecod import ECOD
    from pyod.models.hbos import HBOS
except Exception as error:
    ECOD = HBOS = None
    print(json.dumps({"absent": "pyod ECOD and HBOS: " + str(error)}))

for name in sorted(os.listdir(folder)):
    if not name.endswith(".csv.gz"):
        continue
    with gzip.open(os.path.join(folder, name), "rt") as file:
        rows = list(csv.reader(file))
    at = rows[0].index("label")
    x = np.array([[float(v) for i, v in enumerate(r) if i != at] for r in rows[1:]])
    y = np.array([int(float(r[at])) for r in rows[1:]])
    tell = lambda library, ap: print(json.dumps({"set": name[:-7], "library": library, "ap": float(ap)}), flush=True)
    forests = (IsolationForest(random_state=s).fit(x) for s in range(seeds))
    tell("scikit-learn IsolationForest", np.mean([average_precision_score(y, -f.score_samples(x)) for f in forests]))
    if ECOD is not None:
        for library, model in (("pyod ECOD", ECOD()), ("pyod HBOS", HBOS())):
            model.fit(x)
            tell(library, average_precision_score(y, model.decision_scores_))
