//! Behaviour events become a household profile and a vector of features.
