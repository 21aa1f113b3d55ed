"""What scikit-learn 1.2.1 makes of some numbers and texts: /usr/bin/python3 test/data/fitted.py > test/data/fitted.json"""

import json

import numpy as np
import sklearn
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, QuantileTransformer, RobustScaler, StandardScaler

rng = np.random.default_rng(7)
x = np.round(np.stack([rng.standard_normal(40) * 3 + 1, rng.exponential(2, 40), rng.integers(0, 4, 40)], 1), 3)
x[:, 1] += 0.5 * x[:, 0]
new = np.array([[0.5, 1.25, 2], [-100, 100, 0], [2, 2, 3]])
holes = np.array([[1, np.nan, 2], [np.nan, 4, 2], [3, 4, np.nan], [7, 1, 5.0]])
texts = ["The cat sat on the mat", "A dog and a cat", "dogs, dogs and dogs!", ""]
kinds = np.array([["b"], ["a"], ["c"], ["b"]])
pattern = r"(?u)\b\w+\b"


def vectors(kind):
    made = kind(token_pattern=pattern)
    values = made.fit_transform(texts).toarray()
    return {"words": made.get_feature_names_out().tolist(), "values": values.tolist()}


pca = PCA(whiten=True).fit(x)
centered = new - x.mean(0)
values, v = np.linalg.eigh(np.cov(x.T))
print(json.dumps({
    "made with": f"scikit-learn {sklearn.__version__}",
    "x": x.tolist(),
    "new": new.tolist(),
    "standard": StandardScaler().fit(x).transform(new).tolist(),
    "minMax": MinMaxScaler().fit(x).transform(new).tolist(),
    "robust": RobustScaler().fit(x).transform(new).tolist(),
    "uniform": QuantileTransformer(n_quantiles=11).fit(x).transform(new).tolist(),
    "normal": QuantileTransformer(n_quantiles=40, output_distribution="normal").fit(x).transform(new).tolist(),
    "pca": np.abs(pca.transform(new)).tolist(),
    "zca": (centered @ v @ np.diag(values**-0.5) @ v.T).tolist(),
    "holes": [[None if np.isnan(a) else a for a in row] for row in holes.tolist()],
    "imputed": {by: SimpleImputer(strategy=by).fit(holes).transform(holes).tolist() for by in ("mean", "median", "most_frequent")},
    "texts": texts,
    "counts": vectors(CountVectorizer),
    "tfidf": vectors(TfidfVectorizer),
    "one-hot": OneHotEncoder(sparse_output=False).fit(kinds).transform(kinds).tolist(),
}))
