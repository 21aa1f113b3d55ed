"""Writes scikit.json: scores of drawn examples by scikit-learn 1.2.1 (BSD-3-Clause). Run as `python3 scikit.py`."""

import json
import pathlib

import numpy as np
from sklearn import metrics as sk

rng = np.random.default_rng(20261128)
n, classes = 60, 4
labels = np.concatenate([np.arange(classes), rng.choice(classes, n - classes, p=[0.55, 0.25, 0.15, 0.05])])
# Quarters, so that scores are tied, and are the same in f32.
scores = np.round(4 * (rng.normal(size=(n, classes)) + 1.2 * np.eye(classes)[labels])) / 4
apart = scores + 1e-3 * np.arange(classes)  # no ties within a row
predicted = apart.argmax(1)
positive = (labels == 0).astype(int)
logits = scores[:, 0]
figures = np.round(64 * rng.normal(size=(n, 2)) + [100, -3]) / 16
guesses = figures + np.round(64 * rng.normal(size=(n, 2))) / 16
shares = np.exp(apart) / np.exp(apart).sum(1, keepdims=True)

scored = {
    f"{name} {average}": of(labels, predicted, average=average)
    for name, of in {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score, "iou": sk.jaccard_score}.items()
    for average in ["macro", "micro", "weighted"]
}
scored |= {
    "accuracy": sk.accuracy_score(labels, predicted),
    "top2": sk.top_k_accuracy_score(labels, apart, k=2),
    "mrr": sk.label_ranking_average_precision_score(np.eye(classes)[labels], apart),
    "rocAuc": sk.roc_auc_score(positive, logits),
    "averagePrecision": sk.average_precision_score(positive, logits),
    "mae": sk.mean_absolute_error(figures, guesses),
    "mse": sk.mean_squared_error(figures, guesses),
    "rmse": np.sqrt(sk.mean_squared_error(figures, guesses)),
    "mape": sk.mean_absolute_percentage_error(figures, guesses),
    "r2": sk.r2_score(figures, guesses),
    "perplexity": np.exp(sk.log_loss(labels, shares)),
}
fpr, tpr, thresholds = sk.roc_curve(positive, logits, drop_intermediate=False)
data = {
    "labels": labels.tolist(),
    "scores": scores.tolist(),
    "positive": positive.tolist(),
    "figures": figures.tolist(),
    "guesses": guesses.tolist(),
    "loss": sk.log_loss(labels, shares),
    "scored": scored,
    "curve": {"falsePositiveRate": fpr.tolist(), "truePositiveRate": tpr.tolist(), "thresholds": thresholds[1:].tolist()},
}
pathlib.Path(__file__).with_name("scikit.json").write_text(json.dumps(data) + "\n")
