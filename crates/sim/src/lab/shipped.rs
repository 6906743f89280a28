//! The experiments that come with the program.

/// Their files and texts, in the order of the claims.
pub const EXPERIMENTS: &[(&str, &str)] = &[
    ("experiments/channels.toml", include_str!("../../../../experiments/channels.toml")),
    ("experiments/seasonal.toml", include_str!("../../../../experiments/seasonal.toml")),
    ("experiments/layered.toml", include_str!("../../../../experiments/layered.toml")),
    ("experiments/scoring.toml", include_str!("../../../../experiments/scoring.toml")),
    ("experiments/monitoring.toml", include_str!("../../../../experiments/monitoring.toml")),
    ("experiments/training.toml", include_str!("../../../../experiments/training.toml")),
    ("experiments/referral.toml", include_str!("../../../../experiments/referral.toml")),
    ("experiments/regions.toml", include_str!("../../../../experiments/regions.toml")),
    ("experiments/drought.toml", include_str!("../../../../experiments/drought.toml")),
    ("experiments/outage.toml", include_str!("../../../../experiments/outage.toml")),
    ("experiments/cross-subsidy.toml", include_str!("../../../../experiments/cross-subsidy.toml")),
    ("experiments/reject-inference.toml", include_str!("../../../../experiments/reject-inference.toml")),
    ("experiments/exploration.toml", include_str!("../../../../experiments/exploration.toml")),
    ("experiments/label-delay.toml", include_str!("../../../../experiments/label-delay.toml")),
    ("experiments/limit-feedback.toml", include_str!("../../../../experiments/limit-feedback.toml")),
    ("experiments/threshold.toml", include_str!("../../../../experiments/threshold.toml")),
    ("experiments/recalibration.toml", include_str!("../../../../experiments/recalibration.toml")),
];

/// An experiment by its name.
pub fn find(wanted: &str) -> Option<&'static (&'static str, &'static str)> {
    EXPERIMENTS.iter().find(|(file, _)| name(file) == wanted)
}

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    EXPERIMENTS.iter().map(|(file, _)| name(file))
}

fn name(file: &'static str) -> &'static str {
    let file = file.rsplit('/').next().unwrap_or(file);
    file.strip_suffix(".toml").unwrap_or(file)
}
