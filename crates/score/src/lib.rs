//! Binning and scorecards: training, inference, explanation and the metrics that judge them.
