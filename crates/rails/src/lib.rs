//! The outside world behind ports: identity, messages, payments.
