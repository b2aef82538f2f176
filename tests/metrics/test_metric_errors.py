"""Settings and arrays that metrics refuse."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import metrics


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.Precision(1.5), "Precision: thresholds lie between 0 and 1, got 1.5"),
        (lambda: metrics.Recall([]), "thresholds is empty"),
        (lambda: metrics.Recall(top_k=0), "top_k must be an int of 1 or more, got 0"),
        (lambda: metrics.Precision(class_id=-1), "class_id must be an int of 0 or more"),
        (lambda: metrics.AUC(curve="ROCK"), "curve must be one of ROC, PR, PRGAIN"),
        (lambda: metrics.AUC(summation_method="sum"), "summation_method must be one of"),
        (lambda: metrics.AUC(1), "num_thresholds must be 2 or more"),
        (lambda: metrics.AUC(num_labels=3), "for multi_label=True only"),
        (lambda: metrics.F1Score("mean"), "average must be None, 'micro'"),
        (lambda: metrics.FBetaScore(beta=0), "beta must be a number above 0"),
        (lambda: metrics.F1Score(threshold=0.0), "threshold must be above 0"),
        (lambda: metrics.MeanIoU(0), "num_classes must be a positive int"),
        (lambda: metrics.IoU(3, [3]), "classes from 0 to 2, got"),
        (lambda: metrics.RecallAtPrecision(1.2), "precision must be between 0 and 1"),
        (lambda: metrics.SensitivityAtSpecificity(0.5, 0), "num_thresholds must be positive"),
        (lambda: metrics.ExpectedCalibrationError(0), "num_bins must be a positive int"),
        (lambda: metrics.R2Score("mean"), "class_aggregation must be one of"),
        (lambda: metrics.ConfusionMatrix(normalize="rows"), "normalize must be None, 'true'"),
        (lambda: metrics.confusion_matrix([0, 1], [0]), "must have one length, got 2, 1 and 2"),
        (lambda: metrics.confusion_matrix([0.5, 1], [0, 1]), "y_true has fractions"),
        (lambda: metrics.confusion_matrix([0], [0], labels=[1, 1]), "different class numbers"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.Precision(class_id=9)(np.ones((2, 3)), np.ones((2, 3))), "class_id=9"),
        (lambda: metrics.Precision()([1, 0], [1, 0], np.ones(3)), r"\(3,\) does not fit"),
        (lambda: metrics.F1Score()(np.ones(3), np.ones(3)), "outputs must be"),
        (lambda: metrics.R2Score()(np.ones(3), np.ones(3)), "must be"),
        (lambda: metrics.AUC(multi_label=True)(np.ones(3), np.ones(3)), "multi_label needs"),
        (
            lambda: metrics.AUC(label_weights=[1, 2])(np.ones((2, 3)), np.ones((2, 3))),
            "3 numbers, one for each class",
        ),
        (lambda: metrics.ConfusionMatrix()(np.ones((3, 2)), np.ones((3, 4))), "one class number"),
        (lambda: metrics.ExpectedCalibrationError()(np.ones(2), np.ones((3, 4))), "one class"),
        (lambda: metrics.ExpectedCalibrationError().bins(), "nothing was counted"),
    ],
)
def test_arrays_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()
